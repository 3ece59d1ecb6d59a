"""Keeps programs running: starts them, asks whether they are ready, starts again what dies, stops them in order.

Owns: the rules of restart and readiness. Must not: know what the programs are (`centralita.programs`), speak to the
operator (it reports Notices; `centralita.console` words them) or do anything of a call.

The rules. What dies is started again: the first time at once (an engine killed must pop again within 3 s), then after
0.5, 1, 2 s. A program that lived `early_seconds` begins anew. One that dies early `give_up_after` times in a row is
given up: while starting, `start` fails; later it is tried once a minute and the others go on, so that people keep
talking while the web is broken.
"""

import asyncio
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from centralita.child import Child, birth_of

Probe = Callable[[], Awaitable[str | None]]
"""None: it is ready. Otherwise what it is waiting for, in a word or a short sentence."""


@dataclass(frozen=True)
class Program:
    """What to run. Times are in seconds."""

    name: str
    command: Sequence[str]
    log: Path
    ready: Probe
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    cwd: Path | None = None
    ready_seconds: float = 30.0
    stop_seconds: float = 5.0
    stop_signal: signal.Signals = signal.SIGTERM


@dataclass(frozen=True)
class Rules:
    """Times are in seconds."""

    early_seconds: float = 10.0
    give_up_after: int = 5
    delays: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0)
    retry_seconds: float = 60.0
    probe_seconds: float = 2.0
    first_probe_interval: float = 0.05
    probe_interval: float = 5.0


@dataclass(frozen=True)
class Started:
    name: str
    pid: int


@dataclass(frozen=True)
class Ready:
    name: str
    seconds: float


@dataclass(frozen=True)
class NotReady:
    """It runs but does not answer as it should."""

    name: str
    waiting_for: str


@dataclass(frozen=True)
class Died:
    """`code` negative: the signal's number. None: it could not even be started, `why` says why.

    `next_in`: after how many seconds it is started again; None: it is not.
    """

    name: str
    code: int | None
    lived: float
    next_in: float | None
    why: str = ""


@dataclass(frozen=True)
class GaveUp:
    name: str
    deaths: int
    retry_seconds: float | None


@dataclass(frozen=True)
class Stopped:
    name: str
    killed: bool


Notice = Started | Ready | NotReady | Died | GaveUp | Stopped


class StartFailed(Exception):
    """A program did not get ready. `waiting_for` is None when it died instead."""

    def __init__(self, program: Program, waiting_for: str | None) -> None:
        self.program = program
        self.waiting_for = waiting_for
        super().__init__(f"{program.name}: {waiting_for or 'it dies'}")


class Supervisor:
    """Runs `programs`; the first is the last to be stopped. `start`, wait for what ends the run, then `stop`."""

    def __init__(
        self,
        programs: Sequence[Program],
        report: Callable[[Notice], None],
        *,
        pid_file: Path | None = None,
        rules: Rules | None = None,
    ) -> None:
        self._programs = programs
        self._report = report
        self._pid_file = pid_file
        self._rules = rules or Rules()
        self._children: dict[str, Child] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._ready: dict[str, asyncio.Future[None]] = {}
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()

    def pid(self, name: str) -> int | None:
        child = self._children.get(name)
        return child.pid if child else None

    async def start(self) -> None:
        """Starts all and waits until each is ready. Raises StartFailed; `stop` must be called then too."""
        loop = asyncio.get_running_loop()
        for program in self._programs:
            self._ready[program.name] = loop.create_future()
        self._keepers = [
            asyncio.create_task(self._keep(program), name=f"keep {program.name}") for program in self._programs
        ]
        try:
            await asyncio.gather(*self._ready.values())
        finally:
            for future in self._ready.values():
                future.cancel()
                with suppress(asyncio.CancelledError, StartFailed):
                    future.exception()

    async def stop(self) -> None:
        """Stops all, last first, in bounded time: each has its `stop_seconds`, after `hurry` none."""
        self._stopping.set()
        for program in reversed(self._programs):
            child = self._children.get(program.name)
            if child is not None:
                gentle = await self._end(child, program)
                self._report(Stopped(program.name, killed=not gentle))
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for child in list(self._children.values()):  # one that was being spawned when we were told to stop
            await child.end(0)
        self._children.clear()
        if self._pid_file:
            self._pid_file.unlink(missing_ok=True)

    def hurry(self) -> None:
        """No more patience: what still runs is killed."""
        self._hurry.set()

    async def _end(self, child: Child, program: Program) -> bool:
        ending = asyncio.ensure_future(child.end(program.stop_seconds, program.stop_signal))
        hurry = asyncio.ensure_future(self._hurry.wait())
        await asyncio.wait({ending, hurry}, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        if ending.done():
            return ending.result()
        await child.end(0, signal.SIGKILL)
        await ending
        return False

    async def _keep(self, program: Program) -> None:
        deaths = 0
        while not self._stopping.is_set():
            born = time.monotonic()
            code, why = await self._live_once(program)
            lived = time.monotonic() - born
            if self._stopping.is_set():
                return
            deaths = deaths + 1 if lived < self._rules.early_seconds else 1
            if deaths >= self._rules.give_up_after:
                starting = not self._ready[program.name].done()
                retry = None if starting else self._rules.retry_seconds
                self._report(Died(program.name, code, lived, next_in=retry, why=why))
                self._report(GaveUp(program.name, deaths, retry))
                if retry is None:
                    self._ready[program.name].set_exception(StartFailed(program, None))
                    return
                deaths = 0
                delay = retry
            else:
                delay = self._rules.delays[min(deaths, len(self._rules.delays)) - 1]
                self._report(Died(program.name, code, lived, next_in=delay, why=why))
            with suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._stopping.wait()

    async def _live_once(self, program: Program) -> tuple[int | None, str]:
        try:
            child = await Child.start(program.command, program.env, program.log, program.cwd)
        except OSError as error:
            return None, str(error)
        self._children[program.name] = child
        self._note_pids()
        self._report(Started(program.name, child.pid))
        watcher = asyncio.create_task(self._watch(program), name=f"watch {program.name}")
        try:
            return await child.wait(), ""
        finally:
            watcher.cancel()
            with suppress(asyncio.CancelledError):
                await watcher
            if self._children.get(program.name) is child and not self._stopping.is_set():
                del self._children[program.name]
                self._note_pids()

    async def _watch(self, program: Program) -> None:
        """Tells when it gets ready, when it takes too long, and when it stops answering."""
        born = time.monotonic()
        settled = False  # it was ready once, or was reported late
        told_ready = False
        silent_since: float | None = born
        while True:
            waiting_for = await self._ask(program)
            if waiting_for is None:
                if not told_ready:
                    self._report(Ready(program.name, time.monotonic() - born))
                    if not self._ready[program.name].done():
                        self._ready[program.name].set_result(None)
                settled = told_ready = True
                silent_since = None
            elif silent_since is None:
                silent_since = time.monotonic()
            elif time.monotonic() - silent_since > program.ready_seconds and (told_ready or not settled):
                self._report(NotReady(program.name, waiting_for))
                settled, told_ready = True, False
                if not self._ready[program.name].done():
                    self._ready[program.name].set_exception(StartFailed(program, waiting_for))
            await asyncio.sleep(self._rules.probe_interval if settled else self._rules.first_probe_interval)

    async def _ask(self, program: Program) -> str | None:
        try:
            # Not wait_for: in Python 3.11 it may swallow the cancellation that ends the watch.
            async with asyncio.timeout(self._rules.probe_seconds):
                return await program.ready()
        except TimeoutError:
            return "no answer"
        except OSError as error:
            return str(error)

    def _note_pids(self) -> None:
        """So that the next start finds what a killed one may have left (`centralita.running`)."""
        if self._pid_file:
            births = {name: [child.pid, birth_of(child.pid)] for name, child in self._children.items()}
            self._pid_file.write_text(json.dumps(births), encoding="utf-8")
