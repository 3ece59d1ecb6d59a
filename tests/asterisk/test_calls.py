"""Inbound calls from end to end: SIPp calls, the real switch, the engine as a process, desks, SIPp phones, the CDR.

After each test: no channel, no bridge (the `switch` fixture), and exactly the CDRs that the test expects.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from switch.real_switch import RealSwitch
from switch.running_engine import RunningEngine, secret_of
from switch.sipp import SippCaller, SippPhone
from switch.waiting import wait_until

from models.values.call import PhoneKind, Strategy

pytestmark = pytest.mark.asterisk

Callers = Callable[..., SippCaller]
Phones = Callable[..., SippPhone]


@pytest.fixture
def engine(switch: RealSwitch, tmp_path: Path) -> Iterator[RunningEngine]:
    """Not started: the test makes its account first."""
    engine = RunningEngine(switch, tmp_path / "data")
    yield engine
    engine.stop()
    for endpoint in ("8330101", "8330102", "8330103"):
        switch.remove_phone(endpoint)


@pytest.fixture
def phone(switch: RealSwitch, sipp_phone: Phones) -> Callable[..., SippPhone]:
    def make(*endpoints: str, **options: object) -> SippPhone:
        return sipp_phone(switch, {endpoint: secret_of(endpoint) for endpoint in endpoints}, **options).online()

    return make


def test_an_answered_call(
    engine: RunningEngine, switch: RealSwitch, sipp_caller: Callers, phone: Callable[..., SippPhone]
) -> None:
    ana = engine.account.agent("Ana Ñandú", "8330101")
    engine.account.call_center(
        "Pizza Tica", ["40001000"], [ana], color="#b42318", pop_up_url="https://crm.example/?n={caller}&c={contact_id}"
    )
    engine.start()
    desk = engine.desk(ana)
    handset = phone("8330101", ring_ms=200)

    result = sipp_caller(switch, "40001000", caller="88887777", display="José Peña", talk_ms=1500).call()

    assert result.successful == 1
    [call] = engine.closed(1)
    assert (call["outcome"], call["reason"]) == ("answered", "caller_hung_up")
    assert (call["called_number"], call["calling_number"]) == ("40001000", "88887777")
    assert call["call_center_name"] == "Pizza Tica"
    assert call["agent_id"] == ana
    assert 1400 <= call["talk_ms"] <= 1900
    assert 180 <= call["wait_ms"] <= 1500
    assert call["cost"] == 30_000_000  # millionths: one started minute
    assert call["cause"] == 16
    [leg] = engine.legs()
    assert (leg["agent_id"], leg["endpoint"], leg["outcome"]) == (ana, "8330101", "answered")
    assert leg["ringing_at"] is not None

    # The pop was on the screen before the phone's INVITE, and told the whole story.
    pop = desk.wait("pop")["pop"]
    invite = handset.saw("INVITE", sent=False)[0]
    assert desk.of("pop")[0].epoch < invite.at
    assert pop["call_center"]["name"] == "Pizza Tica"
    assert pop["call_center"]["color"] == "#b42318"
    assert (pop["called_number"], pop["calling_number"]) == ("40001000", "88887777")
    assert desk.pop["phase"] == "ended"
    contact = desk.pop["card"]["contact_id"]
    assert call["contact_id"] == contact
    assert desk.pop["pop_up_url"] == f"https://crm.example/?n=88887777&c={contact}"
    states = [one.message["state"] for one in desk.of("state")]
    assert states == ["ringing", "talking", "available"]


def test_the_caller_gives_up_before_anything_rings(
    engine: RunningEngine, switch: RealSwitch, sipp_caller: Callers
) -> None:
    ana = engine.account.agent("Ana", "8330101")
    engine.account.call_center("Pizza", ["40001000"], [ana])
    engine.start()
    desk = engine.desk(ana)
    desk.send({"type": "state", "state": "paused", "reason": "Almuerzo"})
    wait_until(lambda: desk.state == "paused")

    # Not at once: a CANCEL that overtakes the dialplan is told by CEL alone, half a minute later.
    sipp_caller(switch, "40001000", behaviour="cancel_ringing", ring_ms=1).call()

    [call] = engine.closed(1)
    assert (call["outcome"], call["reason"]) == ("abandoned", "caller_gave_up")
    assert (call["talk_ms"], call["cost"]) == (0, 0)
    assert engine.legs() == []
    assert desk.of("pop") == []


def test_the_caller_gives_up_while_the_phone_rings(
    engine: RunningEngine, switch: RealSwitch, sipp_caller: Callers, phone: Callable[..., SippPhone]
) -> None:
    ana = engine.account.agent("Ana", "8330101")
    engine.account.call_center("Pizza", ["40001000"], [ana])
    engine.start()
    desk = engine.desk(ana)
    handset = phone("8330101", behaviour="no_answer")

    sipp_caller(switch, "40001000", behaviour="cancel_ringing", ring_ms=600).call()

    [call] = engine.closed(1)
    assert (call["outcome"], call["reason"]) == ("abandoned", "caller_gave_up")
    assert 500 <= call["wait_ms"] <= 2000
    [leg] = engine.legs()
    assert leg["outcome"] == "caller_gone"
    assert desk.wait("pop.close")["reason"] == "caller_gone"
    wait_until(lambda: handset.saw("CANCEL", sent=False), 3, "the phone is told")
    wait_until(lambda: desk.state == "available")


def test_the_agent_hangs_up(
    engine: RunningEngine, switch: RealSwitch, sipp_caller: Callers, phone: Callable[..., SippPhone]
) -> None:
    ana = engine.account.agent("Ana", "8330101")
    engine.account.call_center("Pizza", ["40001000"], [ana])
    engine.start()
    desk = engine.desk(ana)
    phone("8330101", talk_ms=800)

    sipp_caller(switch, "40001000", talk_ms=20_000).call()

    [call] = engine.closed(1)
    assert (call["outcome"], call["reason"]) == ("answered", "agent_hung_up")
    assert 700 <= call["talk_ms"] <= 1300
    wait_until(lambda: desk.state == "available")


def test_a_busy_phone_gives_the_call_to_the_next_agent(
    engine: RunningEngine, switch: RealSwitch, sipp_caller: Callers, phone: Callable[..., SippPhone]
) -> None:
    ana, beto = engine.account.agent("Ana", "8330101"), engine.account.agent("Beto", "8330102")
    engine.account.call_center("Pizza", ["40001000"], [ana, beto], strategy=Strategy.ROUND_ROBIN_MEMORY)
    engine.start()
    desk, _ = engine.desk(ana), engine.desk(beto)
    phone("8330101", behaviour="refuse", refusal=486)
    phone("8330102")

    sipp_caller(switch, "40001000", talk_ms=400).call()

    [call] = engine.closed(1)
    assert (call["outcome"], call["agent_id"]) == ("answered", beto)
    assert [(leg["agent_id"], leg["outcome"]) for leg in engine.legs()] == [(ana, "busy"), (beto, "answered")]
    assert desk.wait("pop.close")["reason"] == "declined"


def test_nobody_answers_and_the_caller_is_told(
    engine: RunningEngine, switch: RealSwitch, sipp_caller: Callers, phone: Callable[..., SippPhone]
) -> None:
    ana = engine.account.agent("Ana", "8330101")
    engine.account.call_center("Pizza", ["40001000"], [ana], ring_seconds=2, max_wait_seconds=1)
    engine.start()
    desk = engine.desk(ana)
    phone("8330101", behaviour="no_answer")

    caller = sipp_caller(switch, "40001000", talk_ms=20_000)
    caller.call()

    [call] = engine.closed(1)
    assert (call["outcome"], call["reason"]) == ("no_answer", "no_agent_answered")
    assert call["talk_ms"] == 0
    assert caller.saw("BYE", sent=False), "the switch speaks, then hangs up"
    [leg] = engine.legs()
    assert leg["outcome"] == "no_answer"
    assert desk.wait("pop.close")["reason"] == "no_answer"


def test_two_agents_answer_together(
    engine: RunningEngine, switch: RealSwitch, sipp_caller: Callers, phone: Callable[..., SippPhone]
) -> None:
    ana, beto = engine.account.agent("Ana", "8330101"), engine.account.agent("Beto", "8330102")
    engine.account.call_center("Pizza", ["40001000"], [ana, beto], strategy=Strategy.ALL)
    engine.start()
    desks = [engine.desk(ana), engine.desk(beto)]
    phone("8330101", ring_ms=300)
    phone("8330102", ring_ms=300)

    sipp_caller(switch, "40001000", talk_ms=800).call()

    [call] = engine.closed(1)
    assert call["outcome"] == "answered"
    outcomes = sorted(leg["outcome"] for leg in engine.legs())
    assert outcomes == ["answered", "lost_race"]
    loser = desks[1] if call["agent_id"] == ana else desks[0]
    assert loser.wait("pop.close")["reason"] == "answered_elsewhere"
    wait_until(lambda: [desk.state for desk in desks] == ["available", "available"])


def test_an_unknown_number_is_answered_with_a_message_and_logged(
    engine: RunningEngine, switch: RealSwitch, sipp_caller: Callers
) -> None:
    engine.start()

    caller = sipp_caller(switch, "29999999", talk_ms=20_000)
    caller.call()

    [call] = engine.closed(1)
    assert (call["outcome"], call["called_number"]) == ("unknown_number", "29999999")
    assert call["cost"] is None
    answered = caller.saw("SIP/2.0 200", sent=False)[0]
    bye = caller.saw("BYE", sent=False)[0]
    assert bye.at - answered.at > 2, "the message was played to its end"


def test_an_address_that_is_not_allowed_is_not_rung(
    engine: RunningEngine, switch: RealSwitch, sipp_caller: Callers, phone: Callable[..., SippPhone]
) -> None:
    ana = engine.account.agent("Ana", "8330101")
    engine.account.call_center("Pizza", ["40001000"], [ana], max_wait_seconds=2)
    engine.start()
    desk = engine.desk(ana)
    handset = phone("8330101")
    engine.account.allow_only("10.9.8.0", "255.255.255.0")
    assert engine.control("POST", "/reload", {})[0] == 200

    wait_until(lambda: desk.closed_with == 4003, what="the open desk is closed at once")
    sipp_caller(switch, "40001000", talk_ms=20_000).call()

    [call] = engine.closed(1)
    assert (call["outcome"], call["reason"]) == ("no_agents", "nobody_is_logged_in")
    assert handset.saw("INVITE", sent=False) == []
    with pytest.raises(AssertionError):
        phone("8330101")  # nor may the phone register from here


def test_a_virtual_phone_is_answered_on_the_desk(
    engine: RunningEngine, switch: RealSwitch, sipp_caller: Callers
) -> None:
    ana = engine.account.agent("Ana", "8330101", kind=PhoneKind.VIRTUAL)
    engine.account.call_center("Pizza", ["40001000"], [ana])
    engine.start()
    desk = engine.desk(ana)

    caller = sipp_caller(switch, "40001000", talk_ms=20_000).start()
    pop = desk.wait("pop")["pop"]
    assert pop["can_answer"] is True
    desk.wait_phase("ringing")
    desk.send({"type": "answer", "call_id": pop["call_id"]})
    desk.wait_phase("talking")
    time.sleep(0.5)  # they talk
    desk.send({"type": "hangup", "call_id": pop["call_id"]})

    assert caller.wait().successful == 1
    [call] = engine.closed(1)
    assert (call["outcome"], call["reason"]) == ("answered", "agent_hung_up")
    assert 400 <= call["talk_ms"] <= 1200


def test_a_desk_that_does_not_acknowledge_is_rung_all_the_same(
    engine: RunningEngine, switch: RealSwitch, sipp_caller: Callers, phone: Callable[..., SippPhone]
) -> None:
    ana = engine.account.agent("Ana", "8330101")
    engine.account.call_center("Pizza", ["40001000"], [ana])
    engine.start()
    engine.desk(ana, acknowledges=False)
    phone("8330101")

    sipp_caller(switch, "40001000", talk_ms=300).call()

    [call] = engine.closed(1)
    assert call["outcome"] == "answered"
    assert call["wait_ms"] >= 1000, "the wait for the screen, no longer"
    assert [leg["reason"] for leg in engine.legs()] == ["pop_not_acknowledged"]


def test_a_demo_call_goes_through_the_real_switch(engine: RunningEngine, switch: RealSwitch) -> None:
    ana = engine.account.agent("Ana", "8330101", kind=PhoneKind.VIRTUAL)
    engine.account.call_center("Pizza", ["40001000"], [ana])
    engine.start()
    desk = engine.desk(ana)

    status, told = engine.control("POST", "/demo-call", {})
    assert (status, told["number"]) == (202, "40001000")
    pop = desk.wait("pop")["pop"]
    assert pop["calling_number"] == told["caller"]
    desk.send({"type": "answer", "call_id": pop["call_id"]})
    desk.wait_phase("talking")
    desk.send({"type": "hangup", "call_id": pop["call_id"]})

    [call] = engine.closed(1)
    assert call["outcome"] == "answered"


def test_an_answered_call_with_postgresql(
    switch: RealSwitch, sipp_caller: Callers, phone: Callable[..., SippPhone], tmp_path: Path, postgres_url: str
) -> None:
    engine = RunningEngine(switch, tmp_path / "data", database_url=postgres_url)
    try:
        ana = engine.account.agent("Ana Ñandú", "8330103")
        engine.account.call_center("Pizza Tica", ["40001000"], [ana])
        engine.start()
        desk = engine.desk(ana)
        phone("8330103")

        assert sipp_caller(switch, "40001000", caller="88887777", talk_ms=400).call().successful == 1

        [call] = engine.closed(1)
        assert (call["outcome"], call["agent_id"], call["cost"]) == ("answered", ana, 30_000_000)
        assert desk.pop["card"]["contact_id"] == call["contact_id"]
        assert [leg["outcome"] for leg in engine.legs()] == ["answered"]
    finally:
        engine.stop()
        switch.remove_phone("8330103")
