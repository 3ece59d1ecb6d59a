"""The caller's wait on the real switch: what is heard, who is served first, hours, overflow, voicemail, keys.

After each test: no channel, no bridge (the `switch` fixture), and exactly the CDRs that the test expects.
"""

from __future__ import annotations

import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from switch.hearing import Heard
from switch.real_switch import RealSwitch
from switch.running_engine import RunningEngine, secret_of
from switch.sipp import SippCaller, SippPhone
from switch.waiting import wait_until

from models import files
from models.values.call import Strategy
from models.values.queue import OverflowTo

pytestmark = pytest.mark.asterisk

Callers = Callable[..., SippCaller]
Phones = Callable[..., SippPhone]


@pytest.fixture
def engine(switch: RealSwitch, tmp_path: Path) -> Iterator[RunningEngine]:
    """Not started: the test makes its account first."""
    engine = RunningEngine(switch, tmp_path / "data")
    yield engine
    engine.stop()
    for endpoint in ("8330101", "8330102"):
        switch.remove_phone(endpoint)


@pytest.fixture
def phone(switch: RealSwitch, sipp_phone: Phones) -> Callable[..., SippPhone]:
    def make(*endpoints: str, **options: object) -> SippPhone:
        return sipp_phone(switch, {endpoint: secret_of(endpoint) for endpoint in endpoints}, **options).online()

    return make


def paused(engine: RunningEngine, agent: int) -> Any:
    """At work, and not to be rung."""
    desk = engine.desk(agent)
    desk.send({"type": "state", "state": "paused", "reason": "Almuerzo"})
    wait_until(lambda: desk.state == "paused")
    return desk


def available(desk: Any) -> None:
    desk.send({"type": "state", "state": "available"})


def waiting(engine: RunningEngine, count: int = 1) -> None:
    wait_until(
        lambda: [call["phase"] for call in engine.control("GET", "/calls")[1]] == ["waiting"] * count,
        10,
        f"{count} wait",
    )


def ended(engine: RunningEngine) -> tuple[str, str]:
    [call] = engine.closed(1)
    return call["outcome"], call["reason"]


# ------------------------------------------------------------------------------------------------ what is heard
def test_music_a_welcome_and_the_place_in_the_queue(
    engine: RunningEngine, switch: RealSwitch, sipp_caller: Callers, phone: Callable[..., SippPhone]
) -> None:
    ana = engine.account.agent("Ana", "8330101")
    engine.account.call_center(
        "Pizza", ["40001000"], [ana], music="default", welcome="stock:vm-goodbye", announce_seconds=10
    )
    engine.start()
    desk = paused(engine, ana)
    phone("8330101")
    with Heard(switch) as heard:
        caller = sipp_caller(switch, "40001000", talk_ms=16_000).start()
        wait_until(lambda: "queue-youarenext" in heard.all, 15, "the place is told")
        wait_until(lambda: heard.all[-1] == "music", 15, "music again")
        available(desk)
        wait_until(lambda: desk.state == "talking", 10, "they talk")
        assert caller.wait().successful == 1
        played = heard.all
    assert played[0] == "vm-goodbye"
    assert played[1] == "music"
    assert played[played.index("queue-youarenext") - 1] == "music stops"
    assert played[-1] == "music stops", "nothing is played into the talk"
    [call] = engine.closed(1)
    assert (call["outcome"], call["reason"]) == ("answered", "caller_hung_up")
    assert call["wait_ms"] + call["talk_ms"] >= 15_000


def test_an_agent_who_is_added_to_help_serves_who_waits(
    engine: RunningEngine, sipp_caller: Callers, switch: RealSwitch, phone: Callable[..., SippPhone]
) -> None:
    ana, beto = engine.account.agent("Ana", "8330101"), engine.account.agent("Beto", "8330102")
    center = engine.account.call_center("Pizza", ["40001000"], [ana])
    engine.start()
    paused(engine, ana)
    helper = engine.desk(beto)
    phone("8330102")
    caller = sipp_caller(switch, "40001000", talk_ms=500).start()
    waiting(engine)
    engine.account.add(center, beto)
    assert engine.control("POST", "/reload")[0] == 200
    wait_until(lambda: helper.state == "talking", 10, "they talk")
    assert caller.wait().successful == 1
    assert ended(engine) == ("answered", "caller_hung_up")


def test_without_music_the_call_is_not_answered_before_an_agent_is_there(
    engine: RunningEngine, switch: RealSwitch, sipp_caller: Callers
) -> None:
    ana = engine.account.agent("Ana", "8330101")
    engine.account.call_center("Pizza", ["40001000"], [ana])
    engine.start()
    paused(engine, ana)
    caller = sipp_caller(switch, "40001000", behaviour="cancel_ringing", ring_ms=1500).call()
    assert caller.successful == 1
    assert ended(engine) == ("abandoned", "caller_gave_up")


# ------------------------------------------------------------------------------------------------ who is served
def test_the_more_urgent_call_center_then_who_came_first(
    engine: RunningEngine, switch: RealSwitch, sipp_caller: Callers, phone: Callable[..., SippPhone]
) -> None:
    ana = engine.account.agent("Ana", "8330101")
    engine.account.call_center("Ventas", ["40001000"], [ana], strategy=Strategy.PRIORITY)
    engine.account.call_center("Urgencias", ["40002000"], [ana], strategy=Strategy.PRIORITY, queue_priority=1)
    engine.start()
    desk = paused(engine, ana)
    phone("8330101", talk_ms=400)
    callers = []
    for place, number in enumerate(("40001000", "40001000", "40002000"), 1):
        callers.append(sipp_caller(switch, number, caller=f"2222000{place}", talk_ms=20_000).start())
        waiting(engine, place)
    available(desk)
    assert [caller.wait().successful for caller in callers] == [1, 1, 1]
    calls = sorted(engine.closed(3), key=lambda call: int(call["answered_at"]))
    assert [call["calling_number"] for call in calls] == ["22220003", "22220001", "22220002"]


def test_a_phone_that_is_not_answered_keeps_the_caller_s_place_and_pauses_the_agent(
    engine: RunningEngine, switch: RealSwitch, sipp_caller: Callers, phone: Callable[..., SippPhone]
) -> None:
    ana, beto = engine.account.agent("Ana", "8330101"), engine.account.agent("Beto", "8330102")
    engine.account.call_center(
        "Pizza", ["40001000"], [ana, beto], strategy=Strategy.PRIORITY, ring_seconds=2, pause_after_misses=1
    )
    engine.start()
    absent, present = engine.desk(ana), paused(engine, beto)
    phone("8330101", behaviour="no_answer")
    phone("8330102", talk_ms=300)
    first = sipp_caller(switch, "40001000", caller="22220001", talk_ms=20_000).start()
    wait_until(lambda: absent.state == "ringing")
    second = sipp_caller(switch, "40001000", caller="22220002", talk_ms=20_000).start()
    wait_until(lambda: absent.state == "paused", 10, "Ana is set to paused")
    waiting(engine, 2)
    state = [one for one in absent.of("state") if one.message["state"] == "paused"][-1].message
    assert state["reason"] == "missed_calls"
    assert {seat["id"]: seat["reason"] for seat in engine.control("GET", "/agents")[1]}[ana] == "missed_calls"
    available(present)
    assert (first.wait().successful, second.wait().successful) == (1, 1)
    calls = sorted(engine.closed(2), key=lambda call: int(call["answered_at"]))
    assert [call["calling_number"] for call in calls] == ["22220001", "22220002"]


def test_wrap_up_grows_on_wish_and_saving_ends_it(
    engine: RunningEngine, switch: RealSwitch, sipp_caller: Callers, phone: Callable[..., SippPhone]
) -> None:
    ana = engine.account.agent("Ana", "8330101")
    engine.account.call_center("Pizza", ["40001000"], [ana], wrap_up_seconds=2)
    engine.start()
    desk = engine.desk(ana)
    phone("8330101")
    sipp_caller(switch, "40001000", talk_ms=300).call()
    wait_until(lambda: desk.state == "wrap_up", 5, "wrap-up")
    desk.send({"type": "state", "state": "wrap_up"})
    [call] = engine.closed(1)
    wait_until(lambda: len([one for one in desk.of("state") if one.message["state"] == "wrap_up"]) == 2, 5, "longer")
    desk.send({"type": "done", "call_id": call["id"]})
    wait_until(lambda: desk.state == "available", 5, "saving ends it")


# ------------------------------------------------------------------------------------------------ where else
def test_closed_now_is_said_and_the_history_says_why(
    engine: RunningEngine, switch: RealSwitch, sipp_caller: Callers
) -> None:
    ana = engine.account.agent("Ana", "8330101")
    center = engine.account.call_center(
        "Pizza", ["40001000"], [ana], closed_now=True, closed_message="stock:queue-thankyou"
    )
    engine.start()
    desk = engine.desk(ana)
    with Heard(switch) as heard:
        sipp_caller(switch, "40001000", talk_ms=20_000).call()
        assert heard.all == ["queue-thankyou"]
    assert ended(engine) == ("closed", "closed_by_switch")
    assert desk.of("pop") == []
    engine.account.change(center, closed_now=False, opening_hours="|".join([""] * 6 + ["00:00-00:01"]))
    assert engine.control("POST", "/reload")[0] == 200


def test_a_full_queue_sends_on_and_never_in_circles(
    engine: RunningEngine, switch: RealSwitch, sipp_caller: Callers, phone: Callable[..., SippPhone]
) -> None:
    ana, beto = engine.account.agent("Ana", "8330101"), engine.account.agent("Beto", "8330102")
    other = engine.account.call_center("Ventas", ["40002000"], [beto], max_wait_seconds=2)
    first = engine.account.call_center(
        "Pizza", ["40001000"], [ana], max_waiting=1, full_to=OverflowTo.CALL_CENTER, full_target=str(other)
    )
    engine.account.change(other, waited_to=OverflowTo.CALL_CENTER, waited_target=str(first))
    engine.start()
    paused(engine, ana)
    taker = paused(engine, beto)
    sipp_caller(switch, "40001000", caller="22220001", behaviour="cancel_ringing", ring_ms=60_000).start()
    waiting(engine)
    # Full, so to Ventas; nobody takes it there in time, and it does not go back to where it came from.
    sipp_caller(switch, "40001000", caller="22220002", talk_ms=20_000).call()
    phone("8330102", talk_ms=300)
    available(taker)
    sipp_caller(switch, "40001000", caller="22220003", talk_ms=20_000).call()
    [waits] = engine.control("GET", "/calls")[1]
    engine.control("POST", f"/calls/{waits['call_id']}/hangup", {})
    calls = {call["calling_number"]: call for call in engine.closed(3)}
    assert (calls["22220001"]["outcome"], calls["22220001"]["call_center_id"]) == ("failed", first)
    assert (calls["22220002"]["outcome"], calls["22220002"]["reason"]) == ("no_agents", "no_agent_could_be_rung")
    assert (calls["22220003"]["outcome"], calls["22220003"]["call_center_id"]) == ("answered", other)
    stretches = [(leg["call_id"], leg["number"], leg["reason"]) for leg in engine.legs() if leg["kind"] == "queue"]
    assert sorted(stretches) == sorted(
        (calls[number]["id"], "Pizza", "queue_was_full") for number in ("22220002", "22220003")
    )


def test_nobody_there_rings_a_number_outside(engine: RunningEngine, switch: RealSwitch, sipp_caller: Callers) -> None:
    """The demonstration has somebody outside who answers; an engine's end does not end their conversation."""
    ana = engine.account.agent("Ana", "8330101")
    engine.account.call_center("Pizza", ["40001000"], [ana], nobody_to=OverflowTo.OUTSIDE, nobody_target="88001122")
    engine.start()
    caller = sipp_caller(switch, "40001000", talk_ms=9_000).start()
    wait_until(lambda: [one["phase"] for one in engine.control("GET", "/calls")[1]] == ["talking"], 15, "they talk")
    engine.kill()
    engine.start()
    wait_until(lambda: [one["phase"] for one in engine.control("GET", "/calls")[1]] == ["talking"], 10, "they go on")
    assert caller.wait().successful == 1
    [call] = engine.closed(1)
    assert (call["outcome"], call["reason"], call["agent_id"]) == ("answered", "caller_hung_up", None)
    assert call["talk_ms"] > 6_000
    assert [(leg["kind"], leg["number"], leg["outcome"]) for leg in engine.legs()] == [
        ("outside", "88001122", "answered")
    ]


def test_a_number_outside_that_is_not_reached(switch: RealSwitch, sipp_caller: Callers, tmp_path: Path) -> None:
    # The switch of these tests has no trunk at that address, so there is no way out.
    engine = RunningEngine(switch, tmp_path / "trunk", trunk_host="127.0.0.1:9")
    engine.account.call_center("Pizza", ["40001000"], [], nobody_to=OverflowTo.OUTSIDE, nobody_target="88001122")
    engine.start()
    sipp_caller(switch, "40001000", talk_ms=20_000).call()
    [call] = engine.closed(1)
    assert (call["outcome"], call["reason"]) == ("no_answer", "outside_did_not_answer")
    legs = [(leg["kind"], leg["number"], leg["outcome"]) for leg in engine.legs()]
    assert legs == [("queue", "Pizza", "no_answer"), ("outside", "+50688001122", "unreachable")]
    engine.stop()


def test_the_last_agent_who_leaves_sends_the_waiting_on(
    engine: RunningEngine, switch: RealSwitch, sipp_caller: Callers
) -> None:
    ana = engine.account.agent("Ana", "8330101")
    engine.account.call_center("Pizza", ["40001000"], [ana], music="default")
    engine.start()
    desk = paused(engine, ana)
    caller = sipp_caller(switch, "40001000", talk_ms=20_000).start()
    waiting(engine)
    desk.send({"type": "bye"})
    assert caller.wait().successful == 1
    assert ended(engine) == ("no_agents", "nobody_is_logged_in")


# ------------------------------------------------------------------------------------------------ voicemail and keys
def voicemails(engine: RunningEngine) -> list[tuple[Any, ...]]:
    return engine.rows("SELECT call_id, calling_number, called_number, seconds, sha256 FROM voicemails")


def test_a_key_leads_to_voicemail_and_the_message_is_kept(
    engine: RunningEngine, switch: RealSwitch, sipp_caller: Callers
) -> None:
    ana = engine.account.agent("Ana", "8330101")
    engine.account.call_center("Pizza", ["40001000"], [ana], music="default", voicemail_key="2")
    engine.start()
    paused(engine, ana)
    with Heard(switch) as heard:
        caller = sipp_caller(switch, "40001000", behaviour="key", digit="2", talk_ms=14_000, caller="88887777").start()
        assert caller.wait(40).successful == 1
        assert "vm-intro" in heard.all
        assert heard.all[-1] == "beep"
    [call] = engine.closed(1)
    assert (call["outcome"], call["reason"]) == ("voicemail", "left_a_voicemail")
    assert [(leg["kind"], leg["outcome"], leg["reason"]) for leg in engine.legs()] == [
        ("queue", "no_answer", "caller_chose_another_way"),
        ("voicemail", "answered", "message_kept"),
    ]
    [(call_id, calling, called, seconds, sha256)] = wait_until(lambda: voicemails(engine), 15, "the row")
    assert (call_id, calling, called) == (call["id"], "88887777", "40001000")
    with wave.open(str(files.path_of(engine.settings.data_dir, sha256))) as sound:
        assert (sound.getframerate(), sound.getnchannels()) == (8000, 1)
        assert abs(sound.getnframes() / 8000 - seconds) <= 1
        loud = max(abs(int.from_bytes(sound.readframes(1), "little", signed=True)) for _ in range(8000))
    assert loud > 5_000, "what was said is in it"
    wait_until(lambda: switch.ari("GET", "recordings/stored")[1] == [], 10, "none is left on the switch")


def test_one_who_hangs_up_at_the_beep_left_no_message(
    engine: RunningEngine, switch: RealSwitch, sipp_caller: Callers
) -> None:
    ana = engine.account.agent("Ana", "8330101")
    engine.account.call_center(
        "Pizza", ["40001000"], [ana], nobody_to=OverflowTo.VOICEMAIL, nobody_message="stock:vm-goodbye"
    )
    engine.start()
    with Heard(switch) as heard:
        caller = sipp_caller(switch, "40001000", talk_ms=20_000).start()
        wait_until(lambda: "beep" in heard.all, 15, "the beep")
        switch.hang_up_everything()
        caller.wait()
        assert heard.all[0] == "vm-goodbye"
    assert ended(engine) == ("abandoned", "caller_gave_up_at_voicemail")
    assert voicemails(engine) == []
    wait_until(lambda: switch.ari("GET", "recordings/stored")[1] == [], 10, "none is left on the switch")
