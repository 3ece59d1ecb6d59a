"""The doctor finds what is wrong with each part, says how to mend it, and changes nothing by looking."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from command_process import environment
from played_server import PlayedServer

from centralita import checks_live, checks_machine, doctor
from centralita.findings import Finding, Verdict
from centralita.first_account import LOGINS_NAME
from centralita.messages import Words
from centralita.running import only_one
from models.db import migrate, open_database
from models.secrets import Secrets
from models.settings import Settings
from models.tables import Account, CallCenter, CallCenterNumber

WORDS = Words("en")
HEALTHY = {
    "engine": "ok",
    "switch": {"connected": True, "version": "22.10.1", "since": 1},
    "database": {"ok": True, "journal": 0},
    "breaker": [],
    "calls": 0,
    "desks": 1,
    "snapshot": {"generation": 1, "at": 1},
    "version": "0.1.0",
}


def found(findings: Iterator[Finding] | list[Finding]) -> dict[str, Finding]:
    return {finding.check: finding for finding in findings}


def command(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-c", "from centralita.cli import main; main()", *arguments]
    return subprocess.run(line, env=env, capture_output=True, text=True, timeout=60, check=False)


# ------------------------------------------------------------ the whole command
def test_a_machine_on_which_it_never_ran(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings()
    done = command(environment(settings, CENTRALITA_LANGUAGE="en"), "doctor", "--json")
    assert done.returncode == doctor.PROBLEMS
    report = json.loads(done.stdout)
    assert report["ok"] is False
    verdicts = {check["check"]: check["verdict"] for check in report["checks"]}
    assert verdicts["python"] == verdicts["settings"] == verdicts["disk"] == "ok"
    assert verdicts["data_dir"] == verdicts["database"] == verdicts["up"] == "problem"
    assert {verdicts[name] for name in checks_live.LIVE} == {"skipped"}
    assert all(check["mend"] for check in report["checks"] if check["verdict"] == "problem")
    assert not settings.data_dir.exists(), "looking makes nothing"


def test_wrong_settings_are_named(settings: Settings) -> None:
    done = command(environment(settings, CENTRALITA_LANGUAGE="en", CENTRALITA_WEB_PRT="1"), "doctor")
    assert done.returncode == doctor.WRONG_SETTINGS
    assert "✘ Settings" in done.stdout
    assert "CENTRALITA_WEB_PRT: unknown setting; did you mean CENTRALITA_WEB_PORT?" in done.stdout


# ------------------------------------------------------------ what lies there
@pytest.mark.parametrize("name", ["secrets.json", LOGINS_NAME])
def test_a_secret_that_others_can_read(settings: Settings, name: str) -> None:
    path = settings.data_dir / name
    path.touch()
    path.chmod(0o644)
    finding = checks_machine.data_dir_check(settings, WORDS)
    assert finding.verdict == Verdict.PROBLEM
    assert finding.mend == f"chmod 600 {path}"
    path.chmod(0o600)
    assert checks_machine.data_dir_check(settings, WORDS).verdict == Verdict.OK


def test_too_little_disk(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks_machine, "LEAST_MB", 10**9)
    assert checks_machine.disk_check(settings, WORDS).verdict == Verdict.PROBLEM


def test_too_little_disk_for_recordings(make_settings: Callable[..., Settings]) -> None:
    bad = checks_machine.recordings_check(make_settings(recording_min_free_mb=10_000_000), WORDS)
    assert bad.verdict == Verdict.PROBLEM
    assert "no conversation is recorded" in bad.text
    assert checks_machine.recordings_check(make_settings(recording_min_free_mb=0), WORDS).verdict == Verdict.OK


def test_a_database_that_is_current(settings: Settings) -> None:
    database = open_database(settings)
    migrate(database)
    Account.create(id=1, name="x")
    database.close()
    findings = found(checks_machine.database_checks(settings, WORDS))
    assert findings["database"].text == "SQLite, schema current"
    assert findings["routing"].verdict == Verdict.OK


def test_a_database_without_its_tables(settings: Settings) -> None:
    open_database(settings).close()
    findings = found(checks_machine.database_checks(settings, WORDS))
    assert findings["database"].verdict == Verdict.PROBLEM
    assert "migrations are missing" in findings["database"].text
    assert findings["routing"].verdict == Verdict.SKIPPED


def test_a_database_that_is_no_database(settings: Settings) -> None:
    (settings.data_dir / "centralita.db").write_text("this is no database, but long enough to be taken for one" * 50)
    findings = found(checks_machine.database_checks(settings, WORDS))
    assert findings["database"].verdict == Verdict.PROBLEM


def test_a_server_that_is_away_and_its_password_is_not_shown(make_settings: Callable[..., Settings]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    settings = make_settings(database_url=f"postgresql://ana:s3cret@127.0.0.1:{port}/x")
    finding = found(checks_machine.database_checks(settings, WORDS))["database"]
    assert finding.verdict == Verdict.PROBLEM
    assert "s3cret" not in finding.text


def test_two_call_centers_that_claim_one_number(settings: Settings) -> None:
    database = open_database(settings)
    migrate(database)
    Account.create(id=1, name="x")
    for name, pattern in (("Ventas", "40004000"), ("Soporte", "+50640004000")):
        center = CallCenter.create(name=name, name_key=name.lower())
        CallCenterNumber.create(call_center=center, pattern=pattern, canonical=f"{name}{pattern}")
    database.close()
    finding = found(checks_machine.database_checks(settings, WORDS))["routing"]
    assert finding.verdict == Verdict.PROBLEM
    assert "Ventas" in finding.text


def test_no_asterisk(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks_machine.shutil, "which", lambda *_, **__: None)
    findings = found(checks_machine.asterisk_checks(settings, WORDS))
    assert findings["asterisk"].text == "not fetched yet"
    assert findings["prompts"].verdict == Verdict.SKIPPED


@pytest.mark.parametrize(("version", "verdict"), [("22.10.1", Verdict.OK), ("18.9.0", Verdict.PROBLEM)])
def test_a_given_asterisk(
    make_settings: Callable[..., Settings], tmp_path: Path, version: str, verdict: Verdict
) -> None:
    program = tmp_path / "asterisk"
    program.write_text(f"#!/bin/sh\necho Asterisk {version}\n")
    program.chmod(0o755)
    settings = make_settings(asterisk=str(program))
    assert found(checks_machine.asterisk_checks(settings, WORDS))["asterisk"].verdict == verdict


def test_the_prompts_that_are_missing_are_named(settings: Settings) -> None:
    sounds = settings.data_dir / "asterisk/data/sounds/es"
    sounds.mkdir(parents=True)
    for name in checks_machine.prompts.ALL:
        (sounds / f"{name}.wav").parent.mkdir(exist_ok=True)
        (sounds / f"{name}.wav").touch()
    assert checks_machine.prompts_check(settings, WORDS).verdict == Verdict.OK
    (sounds / "vm-goodbye.wav").unlink()
    assert checks_machine.prompts_check(settings, WORDS).text == "missing: vm-goodbye"


@pytest.mark.parametrize(("kernel", "verdict"), [(True, Verdict.OK), (None, Verdict.OK), (False, Verdict.WARNING)])
def test_the_clock(monkeypatch: pytest.MonkeyPatch, kernel: bool | None, verdict: Verdict) -> None:
    monkeypatch.setattr(checks_machine, "_kernel_says_synchronised", lambda: kernel)
    assert checks_machine.clock_check(WORDS).verdict == verdict


# ------------------------------------------------------------ what runs
@pytest.fixture
def house(settings: Settings, play: Callable[[int], PlayedServer]) -> Iterator[dict[str, PlayedServer]]:
    """Every part answers as it should, but SIP."""
    served = {name: play(getattr(settings, f"{name}_port")) for name in ("control", "ari", "web", "desk")}
    served["control"].routes["GET /health"] = lambda _: (200, HEALTHY)
    served["ari"].routes["GET /ari/asterisk/ping"] = lambda _: (200, {"ping": "pong"})
    for endpoint in ("trunk", "demo-trunk"):
        served["ari"].routes[f"GET /ari/endpoints/PJSIP/{endpoint}"] = lambda _: (200, {})
    served["web"].routes["GET /login"] = lambda _: (200, {})
    with only_one(settings.data_dir), closing_at_once(settings.agi_port):
        yield served


@contextmanager
def closing_at_once(port: int) -> Iterator[None]:
    """FastAGI, asked for an entry that there is none of."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                asked, _ = server.accept()
                asked.recv(100)
                asked.close()

    with socket.create_server(("127.0.0.1", port)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def live(settings: Settings) -> dict[str, Finding]:
    return found(checks_live.live_checks(settings, WORDS))


def test_all_that_runs_is_well(settings: Settings, house: dict[str, PlayedServer]) -> None:
    findings = live(settings)
    assert findings["up"].text == f"process {os.getpid()}"
    assert {name for name, finding in findings.items() if finding.verdict != Verdict.OK} == {"sip"}
    assert "Basic " in house["ari"].requests[0][2]


def test_every_part_silent(settings: Settings) -> None:
    with only_one(settings.data_dir):
        findings = live(settings)
    for name in ("ari", "sip", "engine", "agi", "web", "desk"):
        assert findings[name].verdict == Verdict.PROBLEM, name
        assert findings[name].mend, name
    assert findings["trunk"].verdict == Verdict.SKIPPED


def test_another_asterisk_on_the_port(settings: Settings, house: dict[str, PlayedServer]) -> None:
    house["ari"].routes["GET /ari/asterisk/ping"] = lambda _: (401, {"message": "Authentication required"})
    finding = live(settings)["ari"]
    assert finding.text == "refuses the password (status 401)"
    assert "CENTRALITA_ARI_PORT" in finding.mend


def test_a_switch_without_our_trunk(settings: Settings, house: dict[str, PlayedServer]) -> None:
    house["ari"].routes["GET /ari/endpoints/PJSIP/trunk"] = lambda _: (404, {})
    assert live(settings)["trunk"].text == "Asterisk does not know trunk"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"switch": {"connected": False}}, "runs, without a connection to Asterisk"),
        ({"database": {"ok": False, "journal": 7}}, "runs; 7 records wait for the database"),
        ({"snapshot": None}, "runs, without a routing snapshot"),
    ],
)
def test_an_engine_that_lacks_something(
    settings: Settings, house: dict[str, PlayedServer], change: dict[str, object], text: str
) -> None:
    house["control"].routes["GET /health"] = lambda _: (503, {**HEALTHY, **change})
    finding = live(settings)["engine"]
    assert (finding.verdict, finding.text) == (Verdict.PROBLEM, text)


def test_a_tripped_breaker(settings: Settings, house: dict[str, PlayedServer]) -> None:
    trip = {"agent": 7, "limit": "spend", "at": 1}
    house["control"].routes["GET /health"] = lambda _: (200, {**HEALTHY, "breaker": [trip, {**trip, "limit": "calls"}]})
    finding = live(settings)["breaker"]
    assert (finding.verdict, finding.text) == (
        Verdict.WARNING, "stopped agents' outgoing calls: 1; emergency calls pass"
    )  # fmt: skip
    assert "Destinos" in finding.mend
    house["control"].routes["GET /health"] = lambda _: (200, {**HEALTHY, "breaker": [{**trip, "agent": None}]})
    assert "whole account" in live(settings)["breaker"].text


def test_another_program_on_the_engines_port(settings: Settings, house: dict[str, PlayedServer]) -> None:
    del house["control"].routes["GET /health"]
    assert "another program" in live(settings)["engine"].text


def test_a_web_that_fails(settings: Settings, house: dict[str, PlayedServer]) -> None:
    house["web"].routes["GET /login"] = lambda _: (500, {})
    assert live(settings)["web"].text == "answers with status 500"


def test_sip_is_asked_with_options(settings: Settings, secrets: Secrets) -> None:
    """Any SIP answer is a sign of life; something else on the port is none."""
    for reply, well in ((b"SIP/2.0 401 Unauthorized\r\n\r\n", True), (b"hello", False)):
        with socket.socket(type=socket.SOCK_DGRAM) as phone:
            phone.bind(("127.0.0.1", settings.sip_port))
            phone.settimeout(5)
            asked: list[bytes] = []

            def serve(phone: socket.socket = phone, reply: bytes = reply, asked: list[bytes] = asked) -> None:
                request, peer = phone.recvfrom(4096)
                asked.append(request)
                phone.sendto(reply, peer)

            thread = threading.Thread(target=serve)
            thread.start()
            finding = checks_live.sip_check(settings, secrets, WORDS)
            thread.join()
        assert asked[0].startswith(f"OPTIONS sip:127.0.0.1:{settings.sip_port} SIP/2.0\r\n".encode())
        assert (finding.verdict == Verdict.OK) is well
