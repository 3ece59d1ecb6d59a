"""Click2Dial from end to end: the agent's phone first, then the customer over the trunk, on the real switch."""

from __future__ import annotations

import sqlite3
import time

import pytest
from switch.outbound_stage import Carriers, Phones
from switch.running_engine import Desk, RunningEngine
from switch.waiting import wait_until

from models.values.call import PhoneKind

pytestmark = pytest.mark.asterisk

CUSTOMER = "88887777"


def start(engine: RunningEngine, **options: object) -> tuple[int, int, Desk]:
    """Ana, her call center, her desk."""
    ana = engine.account.agent("Ana", "8330101", click2dial=True, **options)  # type: ignore[arg-type]
    center = engine.account.call_center("Pizza Tica", ["40001000"], [ana])
    engine.start()
    return ana, center, engine.desk(ana)


def test_an_answered_click2dial(out_engine: RunningEngine, out_phone: Phones, carrier: Carriers) -> None:
    ana, center, desk = start(out_engine)
    handset = out_phone("8330101")
    outside = carrier(talk_ms=1_000)

    status, told = out_engine.control("POST", "/click2dial", {"agent": ana, "number": CUSTOMER, "call_center": center})

    assert status == 202
    pop = desk.wait("pop")["pop"]
    assert (pop["call_id"], pop["direction"], pop["called_number"]) == (told["call_id"], "outbound", "+50688887777")
    [call] = out_engine.closed(1, 15)
    assert (call["outcome"], call["reason"], call["direction"]) == ("answered", "called_party_hung_up", "outbound")
    assert (call["called_number"], call["calling_number"]) == ("+50688887777", "8330101")
    assert (call["agent_id"], call["call_center_id"]) == (ana, center)
    assert 800 <= call["talk_ms"] <= 1600
    assert call["cost"] == 30_000_000
    assert call["contact_id"] == desk.pop["card"]["contact_id"]
    own, party = out_engine.legs()
    assert (own["agent_id"], own["kind"], own["outcome"]) == (ana, "agent", "answered")
    assert (party["agent_id"], party["kind"], party["number"], party["outcome"]) == (
        None, "outside", "+50688887777", "answered",
    )  # fmt: skip
    # The screen first, then the agent's phone (which picks up by itself), then the customer.
    ringing = handset.saw("INVITE", sent=False)[0]
    assert desk.of("pop")[0].epoch < ringing.at
    own_invite = handset.full_messages()
    assert "Call-Info: <sip:centralita>;answer-after=0" in own_invite
    assert "info=alert-autoanswer" in own_invite
    assert outside.saw("INVITE", sent=False)[0].at > handset.saw("SIP/2.0 200", sent=True)[0].at
    [invite] = outside.invites()
    assert invite.startswith("INVITE sip:+50688887777@")
    assert "40001000" in invite.split("From:")[1].splitlines()[0], "the call center's number is shown"
    states = [one.message["state"] for one in desk.of("state")]
    assert states == ["ringing", "talking", "available"]
    assert desk.pop["phase"] == "ended"


def test_the_agent_does_not_answer(out_engine: RunningEngine, out_phone: Phones, carrier: Carriers) -> None:
    ana, _, desk = start(out_engine)
    out_phone("8330101", behaviour="refuse", refusal=486)
    outside = carrier()

    assert out_engine.control("POST", "/click2dial", {"agent": ana, "number": CUSTOMER})[0] == 202

    [call] = out_engine.closed(1)
    assert (call["outcome"], call["reason"], call["talk_ms"]) == ("no_answer", "agent_did_not_answer", 0)
    assert [(leg["kind"], leg["outcome"]) for leg in out_engine.legs()] == [("agent", "busy")]
    assert outside.saw("INVITE", sent=False) == [], "nobody is called"
    wait_until(lambda: desk.state == "available")
    assert desk.pops == {}


def test_the_customer_is_busy(out_engine: RunningEngine, out_phone: Phones, carrier: Carriers) -> None:
    ana, _, desk = start(out_engine)
    handset = out_phone("8330101")
    carrier(behaviour="refuse", refusal=486)

    assert out_engine.control("POST", "/click2dial", {"agent": ana, "number": CUSTOMER})[0] == 202

    [call] = out_engine.closed(1, 15)
    assert (call["outcome"], call["reason"], call["cost"]) == ("busy", "party_busy", None)
    assert [(leg["kind"], leg["outcome"]) for leg in out_engine.legs()] == [("agent", "answered"), ("outside", "busy")]
    assert handset.saw("BYE", sent=False), "the agent is told, then let go"
    assert desk.pop["phase"] == "ended", "what came of it can be saved"
    wait_until(lambda: desk.state == "available")


def test_the_customer_does_not_answer(out_engine: RunningEngine, out_phone: Phones, carrier: Carriers) -> None:
    ana, _, desk = start(out_engine)
    out_phone("8330101")
    carrier(behaviour="refuse", refusal=480)

    assert out_engine.control("POST", "/click2dial", {"agent": ana, "number": CUSTOMER})[0] == 202

    [call] = out_engine.closed(1, 15)
    assert (call["outcome"], call["reason"]) == ("no_answer", "party_did_not_answer"), call
    wait_until(lambda: desk.state == "available")


def test_the_agent_hangs_up_while_it_rings(out_engine: RunningEngine, out_phone: Phones, carrier: Carriers) -> None:
    ana, _, desk = start(out_engine)
    out_phone("8330101")
    outside = carrier(behaviour="no_answer")
    call_id = out_engine.control("POST", "/click2dial", {"agent": ana, "number": CUSTOMER})[1]["call_id"]
    wait_until(lambda: outside.saw("SIP/2.0 180", sent=True), 10, "the customer's phone rings")

    desk.send({"type": "hangup", "call_id": call_id})

    [call] = out_engine.closed(1)
    assert (call["outcome"], call["reason"], call["talk_ms"]) == ("abandoned", "agent_gave_up", 0)
    wait_until(lambda: outside.saw("CANCEL", sent=False), 3, "the customer's phone falls silent")
    wait_until(lambda: desk.state == "available")


def test_from_the_desk_with_a_virtual_phone(out_engine: RunningEngine, carrier: Carriers) -> None:
    _ana, center, desk = start(out_engine, kind=PhoneKind.VIRTUAL)
    carrier(talk_ms=3_000)

    desk.send({"type": "dial", "number": "8888-7777", "call_center": center})

    desk.wait_phase("talking", 10)
    [call] = out_engine.closed(1, 15)
    assert (call["outcome"], call["called_number"]) == ("answered", "+50688887777")
    wait_until(lambda: desk.state == "available")


def test_what_can_not_be_dialled_is_refused_in_words(out_engine: RunningEngine, out_phone: Phones) -> None:
    ana, _, desk = start(out_engine)
    beto = out_engine.account.agent("Beto", "8330102")
    carla = out_engine.account.agent("Carla", "8330103", click2dial=True)
    assert out_engine.control("POST", "/reload", {})[0] == 200
    handset = out_phone("8330101")

    def refusal(agent: int, number: str = CUSTOMER) -> tuple[int, str]:
        status, body = out_engine.control("POST", "/click2dial", {"agent": agent, "number": number})
        assert body["message"].endswith(".")
        return status, body["error"]

    assert refusal(beto) == (403, "click2dial_not_allowed")
    assert refusal(carla) == (409, "not_logged_in")
    assert refusal(999) == (404, "no_such_agent")
    assert refusal(ana, "hola") == (422, "not_a_number")
    assert refusal(ana, "+44 20 7946 0000") == (403, "destination_not_allowed")
    desk.send({"type": "dial", "number": "+442079460000"})
    assert desk.wait("problem")["code"] == "destination_not_allowed"
    time.sleep(0.5)
    assert handset.saw("INVITE", sent=False) == [], "nothing rings, now or later"
    calls = out_engine.closed(3)
    assert [(call["outcome"], call["reason"]) for call in calls] == [
        ("refused", "not_a_number"),
        ("refused", "destination_not_allowed"),
        ("refused", "destination_not_allowed"),
    ]


def test_an_engine_that_dies_before_its_record_is_stored(
    out_engine: RunningEngine, out_phone: Phones, carrier: Carriers
) -> None:
    """Killed at once after its answer: the next one calls the same number, for the call center that was chosen."""
    ana, _, _ = start(out_engine)
    other = out_engine.account.call_center("Otra", ["40002000"], [])
    assert out_engine.control("POST", "/reload", {})[0] == 200
    out_phone("8330101")
    carrier(talk_ms=1_000)
    order = {"agent": ana, "number": CUSTOMER, "call_center": other}
    wait_until(lambda: any(seat["state"] == "available" for seat in out_engine.control("GET", "/agents")[1]))

    # A writer that can't write: what it would have stored is only in the journal, which is taken away.
    holder = sqlite3.connect(out_engine.settings.data_dir / "centralita.db", isolation_level=None, timeout=10)
    holder.execute("BEGIN IMMEDIATE")
    call_id = out_engine.control("POST", "/click2dial", order)[1]["call_id"]
    # Ordered, and come to Asterisk: what is still on its way there when the engine dies stands in the journal alone.
    wait_until(lambda: call_id in [channel["id"] for channel in out_engine.switch.channels()])
    out_engine.kill()
    holder.execute("ROLLBACK")
    holder.close()
    for segment in (out_engine.settings.data_dir / "journal").glob("journal-*.jsonl"):
        segment.unlink()
    assert out_engine.calls() == []
    out_engine.start()

    [call] = out_engine.closed(1, 20)
    assert (call["id"], call["called_number"], call["call_center_id"]) == (call_id, "+50688887777", other)
    assert call["outcome"] == "answered"
