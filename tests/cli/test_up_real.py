"""`centralita up` with the real Asterisk, engine and web: started, examined, wounded, stopped.

Free ports, a data folder of its own, the checkout's embedded Asterisk.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import sqlite3
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from command_process import CommandProcess, alive, environment
from switch.fixtures import REPOSITORY
from switch.waiting import wait_until

from centralita import http_calls, ports, running
from centralita.embedded import AsteriskDist
from centralita.http_calls import Control, NoAnswer
from models.secrets import load_or_create
from models.settings import Settings

pytestmark = [pytest.mark.asterisk, pytest.mark.quiet]

COMMAND = [sys.executable, "-P", "-c", "from centralita.cli import main; main()"]
SECOND_START_SECONDS = 5.0
ENGINE_BACK_SECONDS = 3.0


class House:
    def __init__(self, settings: Settings, folder: Path, **changes: str) -> None:
        self.settings = settings
        self._folder = folder
        self._env = environment(settings, CENTRALITA_RTP_START="40000", CENTRALITA_RTP_END="40998", **changes)
        self.runs: list[CommandProcess] = []

    def up(self) -> CommandProcess:
        run = CommandProcess(
            self._folder / f"output-{len(self.runs)}", [*COMMAND, "up"], self._env, cwd=self._elsewhere()
        )
        self.runs.append(run)
        run.wait_for("Ctrl-C", 60)
        return run

    def _elsewhere(self) -> Path:
        """A folder with packages of the same names as ours, which must not be taken for them."""
        folder = self._folder / "elsewhere"
        for name in ("admin", "models", "ari_app"):
            (folder / name).mkdir(parents=True, exist_ok=True)
            (folder / name / "__init__.py").write_text("raise SystemExit('the wrong package')")
        return folder

    def command(self, *arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments], env=self._env, capture_output=True, text=True, timeout=seconds, check=False
        )

    def pid(self, name: str) -> int:
        return running.children(self.settings.data_dir)[name]

    def healthy(self) -> bool:
        try:
            return Control(self.settings, load_or_create(self.settings.secrets_file)).health().status == 200
        except NoAnswer:
            return False

    def web_answers(self) -> bool:
        try:
            return http_calls.ask("127.0.0.1", self.settings.web_port, "/login").status == 200
        except NoAnswer:
            return False


def stored_calls(settings: Settings) -> list[tuple[str, str, int]]:
    """Direction, outcome, and whether it is closed, of the last minute: the demonstration's calls are older."""
    with closing(sqlite3.connect(settings.data_dir / "centralita.db")) as database:
        return database.execute(
            "SELECT direction, outcome, ended_at IS NOT NULL FROM calls WHERE offered_at > ?",
            (int((time.time() - 60) * 1000),),
        ).fetchall()


@pytest.fixture
def house(make_settings: Callable[..., Settings], tmp_path: Path, asterisk_dist: AsteriskDist) -> Iterator[House]:
    settings = make_settings()
    settings.data_dir.mkdir(mode=0o700)
    dist = Path(os.environ.get("ASTERISK_TEST_DIST") or REPOSITORY / "var" / "asterisk-dist")
    (settings.data_dir / "asterisk-dist").symlink_to(dist.resolve())
    made = House(settings, tmp_path)
    yield made
    for run in made.runs:
        run.kill()


def test_it_starts_is_well_stops_and_starts_quickly(house: House, record_property: Callable[..., None]) -> None:
    first = house.up()
    examined = house.command("doctor", "--json")
    report = json.loads(examined.stdout)
    wrong = [check for check in report["checks"] if check["verdict"] not in ("ok", "warning")]
    assert wrong == []
    assert examined.returncode == 0
    children = list(running.children(house.settings.data_dir).values())
    assert len(children) == 5

    first.process.send_signal(signal.SIGINT)
    assert first.process.wait(30) == 0
    assert not any(alive(pid) for pid in children)
    assert ports.all_taken(house.settings) == []

    took: list[float] = []
    while not took or (took[-1] > SECOND_START_SECONDS and len(took) < 3):  # the other tests may hold the processors
        began = time.monotonic()
        second = house.up()
        took.append(round(time.monotonic() - began, 2))
        second.process.terminate()
        assert second.process.wait(30) == 0
    record_property("second_start_seconds", took)
    print(f"second start: {took} s")
    assert took[-1] < SECOND_START_SECONDS
    assert "Base de datos creada" in first.told
    assert "Base de datos creada" not in second.told
    for login in json.loads((house.settings.data_dir / "demo-logins.json").read_text()):
        assert login["password"] in first.told
        assert login["password"] in second.told, "the same logins"


def test_each_program_killed_is_back(house: House, record_property: Callable[..., None]) -> None:
    house.up()
    for name, well in (("engine", house.healthy), ("web", house.web_answers), ("asterisk", house.healthy)):
        pid = house.pid(name)
        began = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda pid=pid: not alive(pid), 5)  # type: ignore[misc]
        # Asterisk's death is known to the engine, which is asked, a moment later.
        wait_until(lambda name=name, pid=pid: running.children(house.settings.data_dir).get(name, pid) != pid, 10)  # type: ignore[misc]
        wait_until(well, 30, f"{name} is back")
        took = time.monotonic() - began
        record_property(f"{name}_back_seconds", round(took, 2))
        print(f"{name} back: {took:.2f} s")
        if name == "engine":
            assert took < ENGINE_BACK_SECONDS


def test_kill_9_of_up_leaves_nobody_and_the_next_one_starts(house: House) -> None:
    run = house.up()
    children = list(running.children(house.settings.data_dir).values())
    run.process.kill()
    run.process.wait()
    wait_until(lambda: not any(alive(pid) for pid in children), 15)
    house.up()


def test_a_demo_call_without_an_agent_is_told_and_recorded(house: House) -> None:
    house.up()
    refused = house.command("demo-call")
    assert refused.returncode == 4
    assert re.search(r"agente@\S+ / [a-z0-9-]{14}", refused.stdout)
    called = house.command("demo-call", "40004000", "--anyway", seconds=100)
    assert called.returncode == 0, called.stdout
    assert "Llamando de" in called.stdout
    told = re.search(r"Historial de llamadas: http://127\.0\.0\.1:(\d+)(/\S+)", called.stdout)
    assert told is not None, called.stdout
    answer = http_calls.ask("127.0.0.1", int(told[1]), told[2])
    assert answer.status in (302, 303), "there is such a page, for who has logged in"
    calls = wait_until(lambda: stored_calls(house.settings), 5)
    assert calls == [("inbound", "no_agents", 1)], "one closed record of it"


def test_over_tls_with_its_own_certificate(
    make_settings: Callable[..., Settings], tmp_path: Path, asterisk_dist: AsteriskDist
) -> None:
    settings = make_settings(tls="own")
    settings.data_dir.mkdir(mode=0o700)
    dist = Path(os.environ.get("ASTERISK_TEST_DIST") or REPOSITORY / "var" / "asterisk-dist")
    (settings.data_dir / "asterisk-dist").symlink_to(dist.resolve())
    house = House(settings, tmp_path, CENTRALITA_TLS="own")
    try:
        house.up()
        report = json.loads(house.command("doctor", "--json").stdout)
        assert [check for check in report["checks"] if check["verdict"] not in ("ok", "warning")] == []
        # Whoever has the authority asks web and websocket without a complaint.
        believer = ssl.create_default_context(cafile=str(settings.data_dir / "tls" / "authority.pem"))
        for port, status in ((settings.web_port, 200), (settings.desk_port, 404)):
            connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=believer)
            connection.request("GET", "/login")
            assert connection.getresponse().status == status
            connection.close()
    finally:
        for run in house.runs:
            run.kill()
