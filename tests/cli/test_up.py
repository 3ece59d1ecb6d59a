"""`centralita up` as a process of its own, over small programs in the place of the real three.

The real ones are started in tests/asterisk/test_up_real.py.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from command_process import CommandProcess, alive, environment
from switch.waiting import wait_until

from centralita import programs
from centralita.running import PIDS_NAME
from models.settings import Settings

# Runs `centralita up` with other programs. argv: the folder of marks, what the engine does.
HARNESS = '''
import asyncio, sys
from contextlib import suppress
from pathlib import Path
from centralita import cli, preparation, programs, supervisor
from centralita.embedded import AsteriskDist
marks, engine = Path(sys.argv.pop(1)), sys.argv.pop(1)
BODY = """
import os, sys, time
mark, mode = sys.argv[1:]
if mode == "dies":
    print("2026-01-01 00:00:00 ERROR no such table", flush=True)
    sys.exit(3)
open(mark, "a").write(f"{os.getpid()}\\\\n")
print("2026-01-01 00:00:00 WARNING [x] careful", flush=True)
time.sleep(300)
"""
def made(settings, secrets, dist):
    def one(name, mode):
        mark = marks / name
        async def ready():
            return None if mark.exists() else "its mark"
        command = [sys.executable, "-c", BODY, str(mark), mode]
        return supervisor.Program(name, command, programs.log_of(settings, name), ready, ready_seconds=3)
    return [one("asterisk", "stays"), one("engine", engine), one("web", "stays")]
programs.programs = made
dist = AsteriskDist(["asterisk"], "22.10.1", Path(), Path(), {}, None, "embedded")
preparation.find_or_fetch = lambda folder, given, progress: (progress("Downloading", 0.5), dist)[1]
preparation.asterisk_conf.write = lambda config, dist: None
cli.main()
'''


class Up(CommandProcess):
    """A running `centralita up` over the small programs."""

    def __init__(self, folder: Path, env: dict[str, str], engine: str = "stays") -> None:
        self.marks = folder / "marks"
        self.marks.mkdir()
        super().__init__(folder / "output", [sys.executable, "-c", HARNESS, str(self.marks), engine, "up"], env)

    def ready(self) -> Up:
        self.wait_for("Ctrl-C")
        return self

    def pids(self, name: str) -> list[int]:
        mark = self.marks / name
        return [int(line) for line in mark.read_text().split()] if mark.exists() else []

    def everybody(self) -> list[int]:
        return [pid for name in ("asterisk", "engine", "web") for pid in self.pids(name)]


@pytest.fixture
def env(make_settings: Callable[..., Settings]) -> dict[str, str]:
    return environment(make_settings())


@pytest.fixture
def up(tmp_path: Path, env: dict[str, str]) -> Iterator[Callable[..., Up]]:
    started: list[Up] = []

    def start(engine: str = "stays", **changes: str) -> Up:
        folder = tmp_path / f"run-{len(started)}"
        folder.mkdir()
        started.append(Up(folder, {**env, **changes}, engine))
        return started[-1]

    yield start
    for command in started:
        command.kill()


def data(env: dict[str, str]) -> Path:
    return Path(env["CENTRALITA_DATA_DIR"])


def test_a_first_start_tells_what_a_newcomer_needs(up: Callable[..., Up], env: dict[str, str]) -> None:
    command = up().ready()
    told = command.told
    logins = json.loads((data(env) / "demo-logins.json").read_text())
    assert len(logins) == 3
    for login in logins:
        assert login["email"] in told
        assert login["password"] in told
    assert f"http://127.0.0.1:{env['CENTRALITA_WEB_PORT']}" in told
    assert "centralita demo-call" in told
    assert "Descargando Asterisk" in told
    wait_until(lambda: "careful" in command.told, what="a warning of the logs is on the console")
    assert (data(env) / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_in_english(up: Callable[..., Up]) -> None:
    assert "To stop: Ctrl-C" in up(CENTRALITA_LANGUAGE="en").ready().told


def test_without_the_demonstration(up: Callable[..., Up], env: dict[str, str]) -> None:
    told = up(CENTRALITA_DEMO="false").ready().told
    assert f"http://127.0.0.1:{env['CENTRALITA_WEB_PORT']}/" in told
    assert "Primer administrador" in told
    assert not (data(env) / "demo-logins.json").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_in_order(up: Callable[..., Up], env: dict[str, str], number: int) -> None:
    command = up().ready()
    children = command.everybody()
    began = time.monotonic()
    command.process.send_signal(number)
    assert command.process.wait(10) == 0
    assert time.monotonic() - began < 5
    assert not any(alive(pid) for pid in children)
    assert command.told.rstrip().endswith("Centralita se detuvo")
    assert not (data(env) / PIDS_NAME).exists()


def test_a_second_up_is_refused_in_words(up: Callable[..., Up]) -> None:
    first = up().ready()
    second = up()
    assert second.process.wait(20) == 3
    assert "ya está en marcha" in second.told
    assert f"kill {first.process.pid}" in second.told
    assert second.everybody() == []
    assert first.process.poll() is None


def test_after_kill_9_no_child_lingers_and_the_next_start_works(up: Callable[..., Up]) -> None:
    first = up().ready()
    children = first.everybody()
    assert len(children) == 3
    first.process.kill()
    first.process.wait()
    wait_until(lambda: not any(alive(pid) for pid in children), 5)
    up().ready()


def test_the_engine_is_back_after_kill_9(up: Callable[..., Up]) -> None:
    command = up().ready()
    os.kill(command.pids("engine")[0], signal.SIGKILL)
    wait_until(lambda: len(command.pids("engine")) == 2, 3)
    wait_until(lambda: "señal SIGKILL" in command.told and "lista de nuevo" in command.told)
    assert len(command.pids("asterisk")) == len(command.pids("web")) == 1


def test_a_taken_port_names_the_setting_and_starts_nothing(up: Callable[..., Up], env: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", int(env["CENTRALITA_DESK_PORT"]))):
        command = up()
        assert command.process.wait(20) == 1
    assert "CENTRALITA_DESK_PORT" in command.told
    assert command.everybody() == []
    assert "Traceback" not in command.told


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"CENTRALITA_SIP_PORT": "99999"}, "CENTRALITA_SIP_PORT"),
        ({"CENTRALITA_SIP_PROT": "5060"}, "CENTRALITA_SIP_PROT"),
        ({"CENTRALITA_CONFIG": "/nonexistent/file"}, "CENTRALITA_CONFIG"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(
    up: Callable[..., Up], env: dict[str, str], change: dict[str, str], word: str
) -> None:
    command = up(**change)
    assert command.process.wait(20) == 2
    assert word in command.told
    assert not data(env).exists(), "nothing was made"


def test_a_data_folder_that_cannot_be_made(up: Callable[..., Up], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    command = up(CENTRALITA_DATA_DIR=str(tmp_path / "file" / "data"))
    assert command.process.wait(20) == 1
    assert "CENTRALITA_DATA_DIR" in command.told
    assert "Traceback" not in command.told


def test_an_engine_that_cannot_start_is_given_up_in_words(up: Callable[..., Up], env: dict[str, str]) -> None:
    command = up(engine="dies")
    assert command.process.wait(40) == 1
    assert "no arranca, terminó 5 veces seguidas" in command.told
    assert "ERROR no such table" in command.told
    assert "centralita doctor" in command.told
    assert not any(alive(pid) for pid in command.everybody())


def test_spoiled_secrets_are_told_and_never_replaced(up: Callable[..., Up], env: dict[str, str]) -> None:
    data(env).mkdir()
    (data(env) / "secrets.json").write_text("{broken")
    command = up()
    assert command.process.wait(20) == 1
    assert "secrets.json" in command.told
    assert (data(env) / "secrets.json").read_text() == "{broken"


def test_a_terminal_that_is_stopped_stops_nothing(env: dict[str, str], tmp_path: Path) -> None:
    """Nobody reads the console's pipe any more and it is full: the engine is started again, and the stop is a stop."""
    marks = tmp_path / "marks"
    marks.mkdir()
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", HARNESS, str(marks), "stays", "up"],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=writing,
        start_new_session=True,
    )
    try:
        told = b""
        while b"Ctrl-C" not in told:
            told += os.read(reading, 4096)
        full = os.dup(writing)
        os.set_blocking(full, False)  # the flag is shared with the command, so it is put back at once
        with suppress(BlockingIOError):
            while True:
                os.write(full, b"x")
        os.set_blocking(full, True)
        engine = marks / "engine"
        os.kill(int(engine.read_text()), signal.SIGKILL)
        wait_until(lambda: len(engine.read_text().split()) == 2, 5)
        process.terminate()
        assert process.wait(10) == 0
        assert not any(alive(int(pid)) for mark in marks.iterdir() for pid in mark.read_text().split())
    finally:
        process.kill()
        process.wait()
        os.close(reading)
        os.close(writing)


def test_a_relative_data_folder(env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the default is: what runs in a folder of its own (apt, Asterisk, the engine) finds it all the same."""
    monkeypatch.chdir(tmp_path)
    for name, value in {**env, "CENTRALITA_DATA_DIR": "var"}.items():
        monkeypatch.setenv(name, value)
    settings = programs.load_settings()
    assert settings.data_dir == tmp_path / "var"
    assert settings.database == f"sqlite:///{tmp_path}/var/centralita.db"
    assert programs.environment(settings)["CENTRALITA_DATA_DIR"] == str(tmp_path / "var")
