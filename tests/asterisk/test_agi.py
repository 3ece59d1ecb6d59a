"""The FastAGI entries in the real dialplan: agents on their phones, callers without an engine, blocked numbers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from switch.real_switch import RealSwitch, free_port
from switch.running_engine import REPOSITORY, RunningEngine, secret_of
from switch.sipp import SippCaller, SippPhone
from switch.speaking import SpeakingCaller
from switch.waiting import wait_until

from dialplan import prompts
from models import files, pins

pytestmark = pytest.mark.asterisk

ANA, NUMBER, PIN = "8330101", "40001000", "2846"
KEYS = tuple((1500 if place == 0 else 150, key) for place, key in enumerate(PIN + "#"))


class RunningAgi:
    """`python -m agi_scripts` beside an engine."""

    def __init__(self, engine: RunningEngine) -> None:
        settings = engine.settings
        values = {
            name: str(getattr(settings, name)) for name in ("data_dir", "control_port", "database_url", "log_level")
        }
        values["agi_port"] = str(engine.switch.config.agi_port)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("CENTRALITA_")}
        self.log_file = engine.folder / "agi.log"
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "agi_scripts"],
                cwd=REPOSITORY,
                env={**clean, **{f"CENTRALITA_{name.upper()}": value for name, value in values.items()}},
                stdout=log,
                stderr=log,
            )
        wait_until(lambda: "agi_ready" in self.log_file.read_text() or self.process.poll() is not None, 20)
        assert self.process.poll() is None, self.log_file.read_text()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(10) == 0, self.log_file.read_text()


@pytest.fixture
def switch_of_ours(new_switch: Callable[..., RealSwitch]) -> Iterator[RealSwitch]:
    switch = new_switch(agi_port=free_port())
    yield switch
    switch.wait_quiet()


@pytest.fixture
def engine(switch_of_ours: RealSwitch, tmp_path: Path) -> Iterator[RunningEngine]:
    engine = RunningEngine(switch_of_ours, tmp_path / "data")
    yield engine
    engine.stop()


@pytest.fixture
def agi(engine: RunningEngine) -> Iterator[RunningAgi]:
    agi = RunningAgi(engine)
    yield agi
    agi.stop()


@pytest.fixture
def dial(switch_of_ours: RealSwitch, tmp_path: Path) -> Iterator[Callable[..., SpeakingCaller]]:
    made: list[SpeakingCaller] = []

    def make(number: str, **options: Any) -> SpeakingCaller:
        made.append(SpeakingCaller(tmp_path / "sipp", switch_of_ours.sip, number, **options))
        return made[-1]

    yield make
    for one in made:
        if one.process is not None:
            one.stop()


def with_pin(engine: RunningEngine) -> int:
    agent = engine.account.agent("Ana Solís", ANA)
    engine.database.execute_sql("UPDATE agents SET pin_hash = ? WHERE id = ?", (pins.hash_pin(PIN), agent))
    return agent


def seats(engine: RunningEngine) -> dict[int, tuple[str, bool, bool]]:
    return {
        seat["id"]: (seat["state"], seat["connected"], seat["phone"]) for seat in engine.control("GET", "/agents")[1]
    }


def test_an_agent_works_a_day_on_the_phone_alone(
    engine: RunningEngine,
    agi: RunningAgi,
    dial: Callable[..., SpeakingCaller],
    sipp_phone: Callable[..., SippPhone],
    sipp_caller: Callable[..., SippCaller],
) -> None:
    agent = with_pin(engine)
    engine.account.call_center("Pizza", [NUMBER], [agent])
    engine.start()
    phone = sipp_phone(engine.switch, {ANA: secret_of(ANA)}).online()
    assert phone.running

    def press(code: str) -> None:
        dial(code, caller=ANA, secret=secret_of(ANA), keys=KEYS).call()

    press("*70")
    assert seats(engine) == {agent: ("available", False, True)}
    press("*72")
    assert seats(engine) == {agent: ("paused", False, True)}
    press("*73")
    # Rung without a screen.
    talked = sipp_caller(engine.switch, NUMBER, caller="88887777", talk_ms=500).call()
    assert talked.successful == 1
    (call,) = engine.closed(1)
    assert (call["outcome"], call["agent_id"]) == ("answered", agent)
    press("*71")
    assert seats(engine) == {}
    wait_until(lambda: engine.rows("SELECT logout_at FROM agent_logins")[0][0] is not None, 5)
    rows = engine.rows("SELECT agent_id, cause, address, device FROM agent_logins")
    assert rows == [(agent, "user", "127.0.0.1", f"Tel. {ANA}")]


def test_a_wrong_pin_changes_nothing(
    engine: RunningEngine, agi: RunningAgi, dial: Callable[..., SpeakingCaller]
) -> None:
    with_pin(engine)
    engine.start()
    wrong = tuple((pause, "9" if key == "6" else key) for pause, key in KEYS)
    dial("*70", caller=ANA, secret=secret_of(ANA), keys=wrong, talk_ms=2_000).call()
    assert seats(engine) == {}
    assert engine.rows("SELECT pin_failures FROM agents") == [(1,)]
    engine.switch.wait_quiet(10)


def test_without_an_engine_a_caller_leaves_a_message_and_is_called_back(
    engine: RunningEngine, request: pytest.FixtureRequest, dial: Callable[..., SpeakingCaller]
) -> None:
    center = engine.account.call_center("Pizza", [NUMBER], [])
    request.getfixturevalue("agi")  # it reads how numbers are answered at its start, and again some seconds later
    dial(NUMBER, caller="88887777", talk_ms=17_000).call()
    (row,) = wait_until(
        lambda: engine.rows(
            "SELECT call_center_id, calling_number, called_number, seconds, sha256, size, call_id FROM voicemails"
        ),
        10,
    )
    assert row[:3] == (center, "88887777", NUMBER)
    assert 1 <= row[3] <= 16
    assert files.path_of(engine.settings.data_dir, row[4]).stat().st_size == row[5]
    assert row[6].startswith("centralita-")
    asked = engine.rows("SELECT number, state, call_center_id, call_id FROM callback_requests")
    assert asked == [("+50688887777", "pending", center, row[6])]
    engine.switch.wait_quiet(10)


def test_a_blocked_number_is_refused_and_in_the_history_and_others_are_not(
    engine: RunningEngine, agi: RunningAgi, sipp_caller: Callable[..., SippCaller]
) -> None:
    engine.account.call_center("Pizza", [NUMBER], [])
    engine.database.execute_sql(
        "INSERT INTO blocked_numbers (pattern, canonical, note, created_at, refused) VALUES (?, ?, '', 0, 0)",
        ("8888*", "8888*"),
    )
    engine.start()
    wait_until(
        lambda: engine.switch.ari("GET", "asterisk/variable", variable="CENTRALITA_BLOCKLIST")[1]["value"] == "1", 5
    )
    sipp_caller(engine.switch, NUMBER, caller="88887777", behaviour="refused", refusal=403).call()
    sipp_caller(engine.switch, NUMBER, caller="87776666", talk_ms=30_000, seconds=40).call()
    calls = engine.closed(2, 50)
    assert [(call["calling_number"], call["outcome"], call["reason"]) for call in calls] == [
        ("88887777", "failed", "number_blocked"),
        ("87776666", "no_agents", "nobody_is_logged_in"),
    ]
    assert engine.rows("SELECT refused FROM blocked_numbers") == [(1,)]
    # Nobody is blocked any more: no call asks.
    engine.database.execute_sql("DELETE FROM blocked_numbers")
    assert engine.control("POST", "/reload")[0] == 200
    assert engine.switch.ari("GET", "asterisk/variable", variable="CENTRALITA_BLOCKLIST")[1]["value"] == "0"


def test_without_engine_and_agi_the_dialplan_still_speaks(
    engine: RunningEngine, sipp_caller: Callable[..., SippCaller]
) -> None:
    caller = sipp_caller(engine.switch, NUMBER, caller="88887777", talk_ms=25_000, seconds=40)
    assert caller.call().successful == 1
    assert "Q.850;cause=41" in caller.full_messages()


def test_what_the_entries_play_is_spanish_and_there(switch_of_ours: RealSwitch) -> None:
    _, sounds = switch_of_ours.ari("GET", "sounds", lang="es")
    assert set(prompts.AGI) <= {sound["id"] for sound in sounds}


@pytest.mark.parametrize("asked", [True, False])
def test_who_was_left_by_the_agent_rates_the_call_where_it_is_asked(
    engine: RunningEngine,
    agi: RunningAgi,
    dial: Callable[..., SpeakingCaller],
    sipp_phone: Callable[..., SippPhone],
    asked: bool,
) -> None:
    agent = with_pin(engine)
    engine.account.call_center("Pizza", [NUMBER], [agent])
    engine.database.execute_sql("UPDATE call_centers SET survey_enabled = ?", (asked,))
    engine.start()
    desk = engine.desk(agent)
    sipp_phone(engine.switch, {ANA: secret_of(ANA)}, talk_ms=1_000).online()
    caller = dial(NUMBER, caller="88887777", keys=((5_000, "4"),) if asked else ())
    caller.call()
    (call,) = engine.closed(1)
    assert (call["outcome"], call["reason"], call["agent_id"]) == ("answered", "agent_hung_up", agent)
    assert call["talk_ms"] < 4_000, "the rating is no part of the conversation"
    assert call["rating"] == (4 if asked else None)
    assert desk.state == "available"
    assert caller.saw("BYE", sent=False), "the switch ends it"
