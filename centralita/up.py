"""`centralita up`: prepares, starts, says where everything is, watches, and stops in order.

Owns: the course of one run, and its exit status. Must not: know how a step is done (`centralita.preparation`,
`centralita.supervisor`).
"""

import asyncio
import os
import resource
import signal
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

from centralita import certificate, http_calls, preparation, programs
from centralita.console import Lines, Reporter, plain
from centralita.embedded import AsteriskDist
from centralita.first_account import LOGINS_NAME, FirstAccount
from centralita.log_files import LogFile, follow, last_lines
from centralita.messages import Words
from centralita.preparation import CannotStart
from centralita.running import PIDS_NAME, AlreadyRunning, only_one
from centralita.supervisor import Program, StartFailed, Supervisor
from models.settings import Settings

OK, FAILED, WRONG_SETTINGS, BUSY = 0, 1, 2, 3
_LOG_SECONDS = 0.5
_DAY_SECONDS = 24 * 3600


class Interrupted(Exception):
    """A signal came before anything was started."""


def run(settings: Settings, console: Console) -> int:
    """Runs until a signal comes. The exit status: 0 stopped as asked, 1 could not start, 3 another one runs."""
    began = time.monotonic()
    words = Words(settings.language)
    os.umask(0o077)
    allow_many_files()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)

    def say(text: str) -> None:
        console.print(f"[green]✔[/] {plain(text)}")

    try:
        preparation.make_data_dir(settings, words)
        with only_one(settings.data_dir):
            preparation.clear_leftovers(settings, words, say)
            preparation.check_ports(settings, words)
            secrets = preparation.make_secrets(settings, words)
            authority = preparation.make_certificate(settings, words, say)
            dist = _asterisk(settings, words, console)
            preparation.configure_asterisk(settings, secrets, dist, words)
            account = preparation.make_database(settings, words, say)
            house = programs.programs(settings, secrets, dist)
            return asyncio.run(_Run(settings, words, console, house, account, authority, began).live())
    except AlreadyRunning as error:
        console.print(f"[red]✘[/] {plain(words('already_running', path=settings.data_dir, pid=error.pid))}")
        return BUSY
    except CannotStart as error:
        for line in str(error).splitlines():
            console.print(f"[red]✘[/] {plain(line)}")
        return FAILED
    except (Interrupted, KeyboardInterrupt):
        console.print(plain(words("stopped")))
        return OK


def allow_many_files() -> None:
    """A call and a desk need file descriptors each, and the usual soft limit is 1024. The programs inherit ours."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65536 if hard == resource.RLIM_INFINITY else min(hard, 65536)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise Interrupted


def _asterisk(settings: Settings, words: Words, console: Console) -> AsteriskDist:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    if not console.is_terminal:
        told: list[str] = []

        def tell(text: str, fraction: float | None) -> None:
            if text not in told:
                told.append(text)
                console.print(plain(text), style="dim")

        dist = preparation.get_asterisk(settings, words, tell)
    else:
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task(words("asterisk_search"), total=None)

            def show(text: str, fraction: float | None) -> None:
                total = None if fraction is None else 1.0
                progress.update(task, description=plain(text), total=total, completed=fraction or 0.0)

            dist = preparation.get_asterisk(settings, words, show)
    origin = words(f"origin_{dist.origin}")
    console.print(f"[green]✔[/] {plain(words('asterisk_found', version=dist.version, origin=origin))}")
    return dist


class _Run:
    """The part with programs running."""

    def __init__(
        self,
        settings: Settings,
        words: Words,
        console: Console,
        house: list[Program],
        account: FirstAccount,
        authority: Path | None,
        began: float,
    ) -> None:
        self._settings, self._words, self._console = settings, words, console
        self._account, self._authority, self._began = account, authority, began
        self._lines = Lines(console, words)
        logs = {program.name: programs.log_of(settings, program.name) for program in house}
        self._reporter = Reporter(self._lines, words, logs)
        self._supervisor = Supervisor(house, self._reporter.notice, pid_file=settings.data_dir / PIDS_NAME)
        self._files = [LogFile(program.name, program.log) for program in house]
        self._files += [LogFile(name, path) for name, path in logs.items() if path not in {f.path for f in self._files}]

    async def live(self) -> int:
        loop = asyncio.get_running_loop()
        asked = asyncio.Event()

        def ask_to_stop() -> None:
            if asked.is_set():
                self._supervisor.hurry()
            asked.set()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, ask_to_stop)
        following = [asyncio.create_task(work) for work in (self._follow(), self._renew())]
        status = OK
        try:
            starting = asyncio.create_task(self._supervisor.start())
            stop = asyncio.create_task(asked.wait())
            await asyncio.wait({starting, stop}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                await starting
                self._welcome()
                self._reporter.started = True
            await stop
        except StartFailed as failure:
            self._tell_failure(failure)
            status = FAILED
        finally:
            if status == OK:
                self._lines.put(Text(self._words("stopping"), style="dim"))
            await self._supervisor.stop()
            starting.cancel()
            for task in following:
                task.cancel()
            with suppress(asyncio.CancelledError, StartFailed):
                await starting
            self._lines.put(Text(self._words("stopped" if status == OK else "start_failed")))
            if not await asyncio.to_thread(self._lines.close):
                os._exit(status)
        return status

    async def _follow(self) -> None:
        complained = False
        while True:
            try:
                follow(self._files, self._reporter.problem)
                complained = False
            except OSError as error:
                if not complained:
                    self._lines.put(Text(self._words("log_failed", why=error), style="red"))
                complained = True
            await asyncio.sleep(_LOG_SECONDS)

    async def _renew(self) -> None:
        """The own certificate, long before its end; whoever serves with it reads it anew."""
        while self._authority is not None:
            await asyncio.sleep(_DAY_SECONDS)
            try:
                found = await asyncio.to_thread(certificate.ensure, self._settings)
            except (certificate.CertificateUnusable, OSError) as error:
                self._lines.put(Text(self._words("certificate_bad", why=error), style="red"))
                continue
            if found is not None and found.made:
                self._lines.put(Text(self._words("certificate_renewed", day=f"{found.until:%Y-%m-%d}")))

    def _tell_failure(self, failure: StartFailed) -> None:
        program = failure.program
        key = "start_died" if failure.waiting_for is None else "start_late"
        text = self._words(
            key,
            name=self._reporter.name(program.name),
            deaths=5,
            seconds=f"{program.ready_seconds:g}",
            waiting_for=failure.waiting_for,
            log=program.log,
        )
        self._lines.put(Text(f"✘ {text}", style="red"))
        for line in last_lines(program.log):
            self._lines.put(Text(f"  {line}", style="dim"))

    def _welcome(self) -> None:
        words, settings = self._words, self._settings
        seconds = f"{time.monotonic() - self._began:.1f}"
        self._lines.put(Text(f"✔ {words('ready_in', seconds=seconds)}", style="bold green"))
        web = http_calls.web_address(settings)
        where = Table(show_header=False, box=None, pad_edge=False, padding=(0, 2, 0, 0))
        where.add_row(words("address_web"), f"[link={web}]{web}[/]")
        where.add_row(words("address_desk"), f"[link={web}/desk]{web}/desk[/]")
        where.add_row(words("address_sip"), plain(f"{settings.sip_address}:{settings.sip_port}"))
        if self._authority is not None:
            where.add_row(words("address_authority"), plain(self._authority))
        where.add_row(words("address_logs"), plain(programs.log_dir(settings)))
        self._lines.put(where)
        if self._account.logins:
            logins = Table(title=words("logins"), title_justify="left", title_style="bold")
            for key in ("login_role", "login_email", "login_password"):
                logins.add_column(words(key), overflow="fold")
            for login in self._account.logins:
                logins.add_row(words(f"role_{login.role}"), plain(login.email), plain(login.password))
            self._lines.put(logins)
            self._lines.put(Text(words("logins_kept", path=settings.data_dir / LOGINS_NAME), style="dim"))
            self._lines.put(words("next_demo", address=f"{web}/desk", command="centralita demo-call"))
        else:
            if self._account.invitation:
                self._lines.put(words("invitation", address=f"{web}/invitation/{self._account.invitation}"))
            self._lines.put(words("next_real"))
        self._lines.put(Text(words("how_to_stop"), style="dim"))
