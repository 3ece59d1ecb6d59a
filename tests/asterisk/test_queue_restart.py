"""The engine is killed while somebody waits or speaks a message: place, music and message are there afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from switch.hearing import Heard
from switch.real_switch import RealSwitch
from switch.running_engine import RunningEngine, secret_of
from switch.sipp import SippCaller, SippPhone
from switch.waiting import wait_until

from models.values.queue import OverflowTo

pytestmark = pytest.mark.asterisk

Callers = Callable[..., SippCaller]
Phones = Callable[..., SippPhone]


@pytest.fixture
def engine(switch: RealSwitch, tmp_path: Path) -> Iterator[RunningEngine]:
    engine = RunningEngine(switch, tmp_path / "data")
    yield engine
    engine.stop()
    switch.remove_phone("8330101")


def live(engine: RunningEngine) -> list[tuple[str, Any]]:
    return [(call["phase"], call["call_center"]) for call in engine.control("GET", "/calls")[1]]


def test_who_waits_keeps_place_and_music(
    engine: RunningEngine, switch: RealSwitch, sipp_caller: Callers, sipp_phone: Phones
) -> None:
    ana = engine.account.agent("Ana", "8330101")
    other = engine.account.call_center("Ventas", ["40002000"], [ana], music="default", announce_seconds=10)
    # Nobody works for the first one, so its callers wait in the second one's queue: the mark tells which.
    engine.account.call_center(
        "Pizza", ["40001000"], [], music="default", nobody_to=OverflowTo.CALL_CENTER, nobody_target=str(other)
    )
    engine.start()
    desk = engine.desk(ana)
    desk.send({"type": "state", "state": "paused", "reason": "Almuerzo"})
    wait_until(lambda: desk.state == "paused")
    callers = []
    for place, number in enumerate(("40001000", "40002000"), 1):
        callers.append(sipp_caller(switch, number, caller=f"2222000{place}", talk_ms=60_000, seconds=90).start())
        wait_until(lambda place=place: live(engine) == [("waiting", "Ventas")] * place, 10, "they wait")  # type: ignore[misc]
    with Heard(switch) as heard:
        engine.kill()
        engine.start()
        wait_until(lambda: live(engine) == [("waiting", "Ventas")] * 2, 10, "they wait again")
        wait_until(lambda: heard.all.count("music") >= 2, 10, "both hear music again")
    again = engine.desk(ana)
    sipp_phone(switch, {"8330101": secret_of("8330101")}, talk_ms=400).online()
    again.send({"type": "state", "state": "available"})
    wait_until(lambda: sum(bool(call["answered_at"]) for call in engine.calls()) == 2, 30, "both are served")
    for caller in callers:
        assert caller.wait(30).successful == 1
    calls = sorted(engine.closed(2), key=lambda call: int(call["answered_at"]))
    assert [call["calling_number"] for call in calls] == ["22220001", "22220002"]
    assert {call["call_center_name"] for call in calls} == {"Ventas"}


def test_a_message_that_is_being_spoken_is_kept(
    engine: RunningEngine, switch: RealSwitch, sipp_caller: Callers
) -> None:
    ana = engine.account.agent("Ana", "8330101")
    engine.account.call_center("Pizza", ["40001000"], [ana], nobody_to=OverflowTo.VOICEMAIL)
    engine.start()
    with Heard(switch) as heard:
        caller = sipp_caller(switch, "40001000", behaviour="key", digit="9", talk_ms=60_000, seconds=90).start()
        wait_until(lambda: "beep" in heard.all, 30, "the beep")
        beep = time.monotonic()
        wait_until(lambda: time.monotonic() - beep > 4, 6, "more is said than what is too short to be kept")
        engine.kill()
        engine.start()
        wait_until(lambda: "vm-msgsaved" in heard.all, 15, "thanks")
    assert caller.wait(30).successful == 1
    [call] = engine.closed(1)
    assert (call["outcome"], call["reason"]) == ("voicemail", "left_a_voicemail")
    [(key, seconds)] = wait_until(lambda: engine.rows("SELECT call_id, seconds FROM voicemails"), 15, "the row")
    assert key == call["id"]
    assert seconds >= 1


def test_a_message_whose_engine_died_as_the_caller_hung_up_is_found(
    engine: RunningEngine, switch: RealSwitch, sipp_caller: Callers
) -> None:
    ana = engine.account.agent("Ana", "8330101")
    engine.account.call_center("Pizza", ["40001000"], [ana], nobody_to=OverflowTo.VOICEMAIL)
    engine.start()
    with Heard(switch) as heard:
        caller = sipp_caller(switch, "40001000", behaviour="key", digit="9", talk_ms=14_000, seconds=90).start()
        wait_until(lambda: "beep" in heard.all, 30, "the beep")
        wait_until(lambda: switch.ari("GET", "recordings/live/x")[0] == 404, 5)
    engine.kill()
    assert caller.wait(60).successful == 1
    engine.start()
    [(seconds, calling)] = wait_until(
        lambda: engine.rows("SELECT seconds, calling_number FROM voicemails"), 20, "the row"
    )
    assert seconds >= 2
    assert calling == "22223333"
    assert len(engine.closed(1)) == 1
