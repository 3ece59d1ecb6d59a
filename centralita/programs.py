"""The programs of an installation: how each is run, and when it is ready.

Owns: command lines, log files, readiness. Must not: start them (`centralita.supervisor`) or configure the switch
(`centralita.asterisk_conf`).
"""

import asyncio
import os
import re
import socket
import sys
import time
from pathlib import Path

from centralita import http_calls
from centralita.asterisk_conf import SwitchConfig
from centralita.asterisk_process import AsteriskProcess
from centralita.embedded import AsteriskDist
from centralita.http_calls import Control, NoAnswer
from centralita.supervisor import Probe, Program
from models.secrets import Secrets
from models.settings import Settings, environment_name, load

PACKAGES = Path(__file__).resolve().parent.parent
# -P: a folder `admin` or `models` where we happen to be started is not ours.
PYTHON = (sys.executable, "-P")


def load_settings() -> Settings:
    """The settings with the data folder's absolute path: programs run in folders of their own. Raises SettingsError."""
    settings = load()
    return settings.model_copy(update={"data_dir": settings.data_dir.absolute()})


def log_dir(settings: Settings) -> Path:
    return settings.data_dir / "log"


def log_of(settings: Settings, program: str) -> Path:
    """The file to look into when `program` does not do as it should."""
    if program == "asterisk":
        return settings.asterisk_log_dir / "messages.log"
    return log_dir(settings) / f"{program}.log"


def trunk_secret(settings: Settings) -> str:
    """The carrier's password. Raises OSError, ValueError when it can't stand in a configuration file."""
    if settings.trunk_secret_file is None:
        return ""
    secret = settings.trunk_secret_file.read_text("utf-8").strip()
    if re.search(r"[;\x00-\x1f\x7f]", secret):
        raise ValueError(
            f"{settings.trunk_secret_file}: a semicolon or a control character can't stand in the password"
        )
    return secret


def switch_config(settings: Settings, secrets: Secrets) -> SwitchConfig:
    return SwitchConfig(
        root=settings.data_dir / "asterisk",
        log_dir=settings.asterisk_log_dir,
        ari_password=secrets.ari_password,
        ari_port=settings.ari_port,
        agi_port=settings.agi_port,
        sip_address=settings.sip_address,
        sip_port=settings.sip_port,
        rtp_start=settings.rtp_start,
        rtp_end=settings.rtp_end,
        trunk_addresses=settings.trunk_addresses,
        trunk_host=settings.trunk_host,
        trunk_user=settings.trunk_user,
        trunk_secret=trunk_secret(settings),
        demo=settings.demo,
        messages=settings.trunk_messages,
        watch_port=settings.control_port,
        public_address=settings.public_address,
        stun_server=settings.stun_server,
    )


def environment(settings: Settings) -> dict[str, str]:
    """What our Python programs read their settings from: ours, with the data folder's path as we have it."""
    inherited = {name: value for name, value in os.environ.items() if name != "GUNICORN_CMD_ARGS"}
    return {
        **inherited,
        environment_name("data_dir"): str(settings.data_dir),
        "PYTHONUNBUFFERED": "1",
    }


def programs(settings: Settings, secrets: Secrets, dist: AsteriskDist) -> list[Program]:
    """In the order of starting; they are stopped in the opposite one."""
    config = switch_config(settings, secrets)
    return [
        Program(
            "asterisk",
            AsteriskProcess(dist, config).command(),
            log_dir(settings) / "asterisk.log",
            switch_ready(dist, config, settings, secrets),
            env={**os.environ, "LC_ALL": "C.UTF-8", **dist.env},
            cwd=config.root,
            ready_seconds=30,
            stop_seconds=10,
        ),
        Program(
            "engine",
            [*PYTHON, "-m", "ari_app"],
            log_of(settings, "engine"),
            engine_ready(Control(settings, secrets)),
            env=environment(settings),
            ready_seconds=30,
            stop_seconds=8,
        ),
        Program(
            "agi",
            [*PYTHON, "-m", "agi_scripts"],
            log_of(settings, "agi"),
            agi_ready(settings),
            env=environment(settings),
            ready_seconds=30,
            stop_seconds=2,
        ),
        Program(
            "web",
            web_command(settings),
            log_of(settings, "web"),
            web_ready(settings),
            env=environment(settings),
            ready_seconds=30,
            stop_seconds=5,
        ),
        Program(
            "jobs",
            [*PYTHON, "-m", "admin.bulk.worker"],
            log_of(settings, "jobs"),
            jobs_ready(settings),
            env=environment(settings),
            ready_seconds=30,
            stop_seconds=2,
        ),
    ]


def web_command(settings: Settings) -> list[str]:
    """One worker with threads: the limiter's counters and the caches are in its memory."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    options = {
        "worker-class": "gthread",
        "workers": "1",
        "threads": "16",
        "bind": f"{host}:{settings.web_port}",
        "graceful-timeout": "3",
        "timeout": "60",
        "keep-alive": "5",
        "name": "centralita-web",
        "pythonpath": str(PACKAGES),  # before the folder we were started in, which gunicorn puts first
    }
    if settings.certificate_files is not None:
        # Read for each connection: a renewed one needs no restart.
        options["certfile"], options["keyfile"] = map(str, settings.certificate_files)
    flags = [part for name, value in options.items() for part in (f"--{name}", value)]
    return [*PYTHON, "-m", "gunicorn", "--no-control-socket", *flags, "admin.wsgi:app"]


def switch_ready(dist: AsteriskDist, config: SwitchConfig, settings: Settings, secrets: Secrets) -> Probe:
    """Ready: ARI answers, and after each start every module is loaded (ARI answers while SIP still loads)."""
    process = AsteriskProcess(dist, config)
    pid_file = config.run_dir / "asterisk.pid"
    booted: list[str] = []

    def look() -> str | None:
        try:
            answer = http_calls.ari(settings, secrets, "/asterisk/ping")
        except NoAnswer as error:
            return f"ARI: {error}"
        if answer.status != 200:
            return f"ARI: {answer.status}"
        run = pid_file.read_text("ascii") if pid_file.exists() else ""
        if booted != [run]:
            if "fully booted" not in process.rx("core waitfullybooted", seconds=1.5):
                return "core waitfullybooted"
            booted[:] = [run]
        return None

    return lambda: asyncio.to_thread(look)


def engine_ready(control: Control) -> Probe:
    def look() -> str | None:
        try:
            answer = control.health()
        except NoAnswer as error:
            return f"/health: {error}"
        if answer.status == 200:
            return None
        told = answer.json()
        if isinstance(told, dict):
            missing = [
                part for part, key in (("switch", "connected"), ("database", "ok")) if not _flag(told, part, key)
            ]
            return f"/health: {answer.status} {' '.join(missing)}".strip()
        return f"/health: {answer.status}"

    return lambda: asyncio.to_thread(look)


def _flag(told: dict[str, object], part: str, key: str) -> bool:
    inner = told.get(part)
    return bool(inner.get(key)) if isinstance(inner, dict) else False


def agi_ready(settings: Settings) -> Probe:
    """Ready: it takes connections. One that says nothing is closed."""

    def look() -> str | None:
        try:
            with socket.create_connection((http_calls.LOOPBACK, settings.agi_port), timeout=2.0):
                return None
        except OSError as error:
            return f"FastAGI: {error}"

    return lambda: asyncio.to_thread(look)


def jobs_ready(settings: Settings) -> Probe:
    """Ready: it has shown itself a moment ago."""
    life = settings.data_dir / "jobs.alive"

    def look() -> str | None:
        try:
            age = time.time() - life.stat().st_mtime
        except OSError as error:
            return str(error)
        return None if age < 10 else f"{life.name}: {age:.0f} s"

    return lambda: asyncio.to_thread(look)


def web_ready(settings: Settings) -> Probe:
    def look() -> str | None:
        try:
            answer = http_calls.of_ours(settings, settings.web_port, "/login")
        except NoAnswer as error:
            return f"/login: {error}"
        return None if answer.status == 200 else f"/login: {answer.status}"

    return lambda: asyncio.to_thread(look)
