"""Numbers dialled on an agent's phone, on the real switch: outside, between agents, refused, for help, unseen."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
from switch.outbound_stage import Carriers, Diallers, Phones
from switch.running_engine import Desk, RunningEngine
from switch.waiting import wait_until

from models.tables import AgentCallCenter, BreakerLimits, DestinationPrice, DestinationRule

pytestmark = pytest.mark.asterisk


def start(engine: RunningEngine) -> tuple[int, int, Desk]:
    """Ana with a call center for her calls, and her desk."""
    ana = engine.account.agent("Ana", "8330101", click2dial=True)
    center = engine.account.call_center("Pizza Tica", ["40001000"], [ana])
    with engine.database.bind_ctx([AgentCallCenter]):
        AgentCallCenter.create(agent=ana, call_center=center)
    engine.start()
    return ana, center, engine.desk(ana)


def test_a_number_outside(out_engine: RunningEngine, dialler: Diallers, carrier: Carriers) -> None:
    ana, center, desk = start(out_engine)
    outside = carrier(ring_ms=300)

    caller = dialler("8330101", "88887777", talk_ms=900)

    desk.wait_phase("talking", 10)
    assert desk.state == "talking"
    assert caller.wait().successful == 1
    [call] = out_engine.closed(1)
    assert (call["direction"], call["outcome"], call["reason"]) == ("outbound", "answered", "agent_hung_up")
    assert (call["called_number"], call["agent_id"], call["call_center_id"]) == ("+50688887777", ana, center)
    assert call["cost"] == 30_000_000, "the rate of the agent's own call center"
    assert 700 <= call["talk_ms"] <= 1500
    [leg] = out_engine.legs()
    assert (leg["kind"], leg["number"], leg["outcome"]) == ("outside", "+50688887777", "answered")
    assert "40001000" in outside.invites()[0].split("From:")[1].splitlines()[0]
    assert caller.saw("SIP/2.0 180", sent=False), "the agent hears it ring"
    wait_until(lambda: desk.state == "available")


def test_a_colleague(out_engine: RunningEngine, dialler: Diallers, out_phone: Phones) -> None:
    ana, _, desk = start(out_engine)
    beto = out_engine.account.agent("Beto", "8330102")
    assert out_engine.control("POST", "/reload", {})[0] == 200
    theirs = out_engine.desk(beto)
    out_phone("8330102", ring_ms=300)

    caller = dialler("8330101", "8330102", talk_ms=700)

    wait_until(lambda: (desk.state, theirs.state) == ("talking", "talking"), 10)
    assert theirs.pop["direction"] == "internal"
    assert theirs.pop["calling_number"] == "8330101"
    assert caller.wait().successful == 1
    [call] = out_engine.closed(1)
    assert (call["direction"], call["outcome"], call["agent_id"]) == ("internal", "answered", ana)
    assert (call["call_center_id"], call["cost"]) == (None, None)
    assert [(leg["agent_id"], leg["outcome"]) for leg in out_engine.legs()] == [(beto, "answered")]
    wait_until(lambda: (desk.state, theirs.state) == ("available", "available"))


def test_a_busy_number_gets_a_message(out_engine: RunningEngine, dialler: Diallers, carrier: Carriers) -> None:
    start(out_engine)
    carrier(behaviour="refuse", refusal=486)

    caller = dialler("8330101", "88887777", talk_ms=20_000)

    assert caller.wait().successful == 1
    [call] = out_engine.closed(1)
    assert (call["outcome"], call["reason"]) == ("busy", "party_busy")
    answered, bye = caller.saw("SIP/2.0 200", sent=False)[0], caller.saw("BYE", sent=False)[0]
    assert bye.at - answered.at > 1, "it was spoken to its end"


def test_a_rule_refuses_and_another_allows(out_engine: RunningEngine, dialler: Diallers, carrier: Carriers) -> None:
    ana, _, desk = start(out_engine)
    with out_engine.database.bind_ctx([DestinationRule]):
        DestinationRule.create(pattern="8888*", canonical="8888*", allowed=False)
        DestinationRule.create(pattern="+1*", canonical="+1*", allowed=True, agent=ana)
    assert out_engine.control("POST", "/reload", {})[0] == 200
    outside = carrier(talk_ms=300)

    refused = dialler("8330101", "88887777", talk_ms=20_000)
    assert refused.wait().successful == 1, "a message is spoken, then the switch hangs up"
    assert refused.saw("BYE", sent=False)
    wait_until(lambda: desk.state == "available")
    assert dialler("8330101", "0012025550123", talk_ms=20_000).wait().successful == 1

    first, second = out_engine.closed(2)
    assert (first["outcome"], first["reason"], first["agent_id"]) == ("refused", "destination_not_allowed", ana)
    assert (second["outcome"], second["called_number"]) == ("answered", "+12025550123")
    assert len(outside.invites()) == 1


def test_help_is_always_called(out_engine: RunningEngine, dialler: Diallers, carrier: Carriers) -> None:
    ana, _, desk = start(out_engine)
    with out_engine.database.bind_ctx([DestinationRule, BreakerLimits]):
        DestinationRule.create(pattern="9*", canonical="9*", allowed=False)
        BreakerLimits.update(calls_per_hour=0).execute()
    assert out_engine.control("POST", "/reload", {})[0] == 200
    desk.send({"type": "state", "state": "paused", "reason": "Almuerzo"})
    outside = carrier(talk_ms=300)

    assert dialler("8330101", "911", talk_ms=20_000).wait().successful == 1

    [call] = out_engine.closed(1)
    assert (call["outcome"], call["called_number"], call["agent_id"]) == ("answered", "911", ana)
    assert outside.invites()[0].startswith("INVITE sip:911@")
    wait_until(lambda: desk.state == "paused", what="the pause goes on after the call")


def test_the_breaker_trips_until_it_is_released(
    out_engine: RunningEngine, dialler: Diallers, carrier: Carriers
) -> None:
    ana, _, _ = start(out_engine)
    with out_engine.database.bind_ctx([DestinationPrice, BreakerLimits]):
        DestinationPrice.create(prefix="506", price=Decimal(10))
        BreakerLimits.update(spend_per_day=Decimal(15)).where(BreakerLimits.scope == "agent").execute()
    assert out_engine.control("POST", "/reload", {})[0] == 200
    outside = carrier(talk_ms=300)
    assert dialler("8330101", "88887777", talk_ms=20_000).wait().successful == 1
    out_engine.closed(1)

    assert dialler("8330101", "88887777", talk_ms=20_000).wait().successful == 1
    calls = out_engine.closed(2)
    assert (calls[1]["outcome"], calls[1]["reason"]) == ("refused", "agent_spend_limit")
    trip = {"agent": ana, "limit": "spend"}
    [told] = out_engine.control("GET", "/health")[1]["breaker"]
    assert trip.items() <= told.items()
    assert out_engine.log("breaker_tripped")

    out_engine.stop_process()
    out_engine.start()
    [told] = out_engine.control("GET", "/health")[1]["breaker"]
    assert trip.items() <= told.items(), "rebuilt from the CDRs"
    status, body = out_engine.control("POST", "/breaker/release", {"agent": ana, "by": ana})
    assert status == 204, body
    assert out_engine.control("GET", "/health")[1]["breaker"] == []
    assert dialler("8330101", "88887777", talk_ms=20_000).wait().successful == 1
    assert out_engine.closed(3)[2]["outcome"] == "answered"
    assert len(outside.invites()) == 2


def test_killing_the_engine_ends_no_call_of_ours(
    out_engine: RunningEngine, dialler: Diallers, carrier: Carriers, out_phone: Phones
) -> None:
    """A dialled and a Click2Dial call talk on; one ends while nobody looks, the other afterwards."""
    ana, center, desk = start(out_engine)
    beto = out_engine.account.agent("Beto", "8330102", click2dial=True)
    assert out_engine.control("POST", "/reload", {})[0] == 200
    theirs = out_engine.desk(beto)
    out_phone("8330102")
    carrier(talk_ms=600_000)
    caller = dialler("8330101", "88887777", talk_ms=3_000)
    desk.wait_phase("talking", 10)
    clicked = out_engine.control("POST", "/click2dial", {"agent": beto, "number": "88886666", "call_center": center})
    theirs.wait_phase("talking", 10)
    wait_until(lambda: [bool(call["answered_at"]) for call in out_engine.calls()] == [True] * 2, 5, "both are written")

    out_engine.kill()
    assert caller.wait().successful == 1, "nobody was cut off"
    out_engine.start()

    back = out_engine.desk(beto)
    back.wait_phase("talking", 10)
    assert back.state == "talking"
    back.send({"type": "hangup", "call_id": clicked[1]["call_id"]})
    first, second = out_engine.closed(2, 15)
    assert (first["direction"], first["outcome"], first["agent_id"]) == ("outbound", "answered", ana)
    assert first["reason"] == "ended_while_the_engine_was_away"
    assert 2_500 <= first["talk_ms"] <= 3_700
    assert (second["id"], second["outcome"], second["reason"]) == (clicked[1]["call_id"], "answered", "agent_hung_up")
    assert second["call_center_id"] == center
    kinds = [(leg["call_id"] == first["id"], leg["kind"], leg["outcome"]) for leg in out_engine.legs()]
    assert sorted(kinds) == [
        (False, "agent", "answered"), (False, "outside", "answered"), (True, "outside", "answered"),
    ]  # fmt: skip
    wait_until(lambda: back.state == "available")


def test_an_engine_that_comes_back_while_it_rings(
    out_engine: RunningEngine, dialler: Diallers, carrier: Carriers
) -> None:
    ana, _, _ = start(out_engine)
    outside = carrier(ring_ms=4_000, talk_ms=300)
    caller = dialler("8330101", "88887777", talk_ms=20_000)
    wait_until(lambda: outside.saw("SIP/2.0 180", sent=True), 10, "it rings")

    out_engine.kill()
    out_engine.start()

    assert caller.wait().successful == 1
    [call] = out_engine.closed(1, 15)
    assert (call["outcome"], call["agent_id"]) == ("answered", ana)
    assert len(outside.invites()) == 1, "it rings on; nobody is dialled twice"


def test_without_an_engine_the_phone_speaks(out_engine: RunningEngine, dialler: Diallers) -> None:
    ana, _, _ = start(out_engine)
    out_engine.kill()

    unseen = dialler("8330101", "88887777", talk_ms=20_000)
    assert unseen.wait().successful == 1
    assert unseen.saw("BYE", sent=False)
    out_engine.start()

    [call] = out_engine.closed(1, 15)
    assert (call["direction"], call["outcome"], call["agent_id"]) == ("outbound", "engine_away", ana)
    assert (call["called_number"], call["calling_number"]) == ("+50688887777", "8330101")


def test_a_code_of_the_phone_is_no_call(out_engine: RunningEngine, dialler: Diallers) -> None:
    start(out_engine)

    assert dialler("8330101", "*99", talk_ms=20_000).wait().successful == 1

    time.sleep(0.5)
    assert out_engine.calls() == []
