"""The phone's own attended transfer on the real switch: two lines, one REFER with Replaces (RFC 3891)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from switch import refers
from switch.acting import ActingPhone
from switch.outbound_stage import Carriers, Diallers, Phones
from switch.outside import SippDialler
from switch.real_switch import RealSwitch
from switch.running_engine import Desk, RunningEngine, secret_of
from switch.sipp import SippCaller
from switch.waiting import wait_until

pytestmark = pytest.mark.asterisk
SLOW = 30.0


class Lines:
    """Ana talks with a customer on the first line of her phone, holds it there, and dials on the second."""

    def __init__(
        self, engine: RunningEngine, caller: Callable[..., SippCaller], dialler: Diallers, folder: Path
    ) -> None:
        self.engine, self.switch = engine, engine.switch
        self.ana = engine.account.agent("Ana", "8330101")
        self.beto = engine.account.agent("Beto", "8330102")
        engine.account.call_center("Pizza", ["40001000"], [self.ana], ring_seconds=5)
        engine.start(seconds=60)
        self.desk: Desk = engine.desk(self.ana)
        self.theirs: Desk = engine.desk(self.beto)
        self.phone = ActingPhone(
            folder, self.switch.sip, {"8330101": secret_of("8330101")}, [("media", 300, "sendonly")]
        )
        self.phone.online()
        self.customer = caller(self.switch, "40001000", talk_ms=90_000, seconds=110).start()
        self.desk.wait_phase("talking", SLOW)
        self.call_id = str(self.desk.pop["call_id"])
        wait_until(lambda: (self.desk.pop.get("talk") or {}).get("phone_holds"), SLOW, "held by the phone")
        self._dialler = dialler
        self._lines: list[refers.Line] = []
        self.second: SippDialler

    def dial(self, number: str) -> None:
        self.second = self._dialler("8330101", number, talk_ms=90_000, seconds=110)

    def first_line(self) -> refers.Dialog:
        return refers.taken(self.phone.full_messages())

    def second_line(self, status: int = 200) -> refers.Dialog:
        return refers.made(self.second.full_messages(), status)

    def refer(self, on: refers.Dialog, to: str, replaces: str) -> refers.Line:
        line = refers.Line(self.switch.sip, on)
        self._lines.append(line)
        line.refer(to, replaces)
        wait_until(lambda: line.told, SLOW, "an answer")
        assert line.told[0] == "SIP/2.0 202 Accepted"
        return line

    def close(self) -> None:
        self.phone.stop()
        for line in self._lines:
            line.close()

    def bridged(self) -> list[int]:
        return sorted(len(bridge["channels"]) for bridge in self.switch.bridges())

    def record(self, call_id: str) -> dict[str, Any]:
        return next(one for one in self.engine.calls() if one["id"] == call_id)

    def legs_of(self, call_id: str) -> list[tuple[Any, ...]]:
        found = [leg for leg in self.engine.legs() if leg["call_id"] == call_id]
        return [(leg["kind"], leg["agent_id"], leg["number"], leg["reason"]) for leg in found]

    def hang_up(self) -> None:
        self.engine.control("POST", f"/calls/{self.call_id}/hangup", {"agent": None})


@pytest.fixture
def lines(
    out_switch: RealSwitch,
    trunk_port: int,
    tmp_path: Path,
    sipp_caller: Callable[..., SippCaller],
    dialler: Diallers,
) -> Iterator[Lines]:
    engine = RunningEngine(
        out_switch, tmp_path / "data", trunk_host=f"127.0.0.1:{trunk_port}", trunk_caller_id="22220000", sip_refer=True
    )
    made = Lines(engine, sipp_caller, dialler, tmp_path / "acting")
    yield made
    made.close()
    engine.stop()
    for endpoint in ("8330101", "8330102"):
        out_switch.remove_phone(endpoint)


@pytest.mark.parametrize("on_the_second", [False, True], ids=["asked on the first", "asked on the second"])
def test_a_colleague(lines: Lines, out_phone: Phones, on_the_second: bool) -> None:
    """Ana consults Beto on her second line and joins the two: the customer goes on with him."""
    out_phone("8330102", ring_ms=200, talk_ms=90_000)
    lines.dial("8330102")
    lines.theirs.wait_phase("talking", SLOW)
    wait_until(lambda: lines.bridged() == [2, 2], SLOW, "two conversations")
    other = str(lines.theirs.pop["call_id"])

    first, second = lines.first_line(), lines.second_line()
    on, with_ = (second, first) if on_the_second else (first, second)
    asking = lines.refer(on, "8330102", with_.replaces)

    wait_until(lambda: lines.theirs.pop.get("call_id") == lines.call_id, SLOW, "Beto sees the customer's call")
    assert lines.theirs.pop["calling_number"] == lines.record(lines.call_id)["calling_number"]
    wait_until(lambda: lines.bridged() == [2], SLOW, "one conversation")
    wait_until(lambda: asking.hung_up, SLOW, "the line on which Ana asked is hung up")
    other_line = lines.phone if on_the_second else lines.second
    wait_until(lambda: other_line.saw("BYE", sent=False), SLOW, "and the other one")
    assert asking.told[1:] == ["SIP/2.0 100 Trying", "SIP/2.0 200 OK"]
    wait_until(lambda: lines.desk.state == "available", SLOW, "Ana is free")
    assert lines.theirs.state == "talking"
    assert not lines.desk.of("problem")
    wait_until(lambda: lines.record(other)["ended_at"], SLOW)
    assert (lines.record(other)["outcome"], lines.record(other)["reason"]) == ("answered", "joined_to_another_call")
    assert lines.record(lines.call_id)["ended_at"] is None

    lines.hang_up()
    wait_until(lambda: lines.engine.closed(2), SLOW)
    wait_until(lambda: lines.theirs.state == "available", SLOW, "Beto is free")
    caller = str(lines.record(lines.call_id)["calling_number"])
    assert lines.legs_of(other) == [
        ("agent", lines.beto, "", "went_on_elsewhere"), ("transfer", lines.ana, caller, "attended_transfer")
    ]  # fmt: skip
    assert lines.legs_of(lines.call_id) == [
        ("agent", lines.ana, "", ""),
        ("agent", lines.beto, "", "came_from_another_call"),
        ("hold", lines.ana, "", "held_by_phone"),
        ("transfer", lines.ana, "8330102", "attended_transfer"),
    ]
    told = lines.engine.rows("SELECT code, detail FROM call_events WHERE call_id = '" + lines.call_id + "'")
    assert any(code == "happened" and "PartyGiven" in str(detail) for code, detail in told)


def test_a_number_outside_and_an_engine_that_dies(lines: Lines, carrier: Carriers) -> None:
    """The customer talks with who came from the other call: no engine's death ends that, and the next one has it."""
    outside = carrier(ring_ms=200, talk_ms=90_000)
    lines.dial("88887777")
    wait_until(lambda: lines.bridged() == [2, 2], SLOW, "two conversations")
    asking = lines.refer(lines.first_line(), "88887777", lines.second_line().replaces)
    wait_until(lambda: asking.hung_up and lines.second.saw("BYE", sent=False), SLOW)
    wait_until(lambda: lines.bridged() == [2] and len(lines.switch.channels()) == 2, SLOW, "one conversation")
    wait_until(lambda: sum(bool(call["ended_at"]) for call in lines.engine.calls()) == 1, SLOW)

    lines.engine.kill()
    lines.engine.start(60)

    wait_until(lambda: [one["call_id"] for one in lines.engine.control("GET", "/calls")[1]] == [lines.call_id], SLOW)
    assert lines.bridged() == [2]
    assert len(lines.switch.channels()) == 2
    assert not lines.customer.saw("BYE", sent=False)
    assert not outside.saw("BYE", sent=False)
    assert not lines.engine.log("event=reaped")
    lines.hang_up()
    wait_until(lambda: lines.engine.closed(2), SLOW)
    wait_until(lambda: outside.saw("BYE", sent=False), SLOW, "whom she called is hung up with the call")
    found = [leg for leg in lines.engine.legs() if leg["call_id"] == lines.call_id and leg["kind"] == "outside"]
    assert [(leg["number"], leg["outcome"]) for leg in found] == [("+50688887777", "answered")]


def test_whom_she_called_still_rings(lines: Lines, out_phone: Phones) -> None:
    """As phones do that transfer before the answer: hers waits until Beto takes it."""
    out_phone("8330102", ring_ms=5_000, talk_ms=90_000)
    lines.dial("8330102")
    lines.theirs.wait_phase("ringing", SLOW)
    wait_until(lambda: lines.second.saw("SIP/2.0 180", sent=False), SLOW)
    asking = lines.refer(lines.first_line(), "8330102", lines.second_line(180).replaces)
    assert asking.told[1:] in ([], ["SIP/2.0 100 Trying"])

    wait_until(
        lambda: (lines.theirs.pop.get("call_id"), lines.theirs.pop.get("phase")) == (lines.call_id, "talking"), SLOW
    )
    wait_until(lambda: asking.hung_up, SLOW, "Ana's phone is hung up")
    wait_until(lambda: lines.bridged() == [2], SLOW, "one conversation")
    assert asking.told[1:] == ["SIP/2.0 100 Trying", "SIP/2.0 200 OK"]
    lines.hang_up()
    wait_until(lambda: lines.engine.closed(2), SLOW)


def test_what_can_not_be_joined(lines: Lines, out_phone: Phones) -> None:
    """A line that nobody knows: the phone is told no, the agent why, and the talk goes on."""
    out_phone("8330102", talk_ms=90_000)
    asking = lines.refer(lines.first_line(), "8330102", "other%3Bto-tag%3D1%3Bfrom-tag%3D2")
    wait_until(lambda: asking.told[1:] == ["SIP/2.0 100 Trying", "SIP/2.0 603 Decline"], SLOW)
    wait_until(lambda: [one.message["code"] for one in lines.desk.of("problem")] == ["refer_unknown"], SLOW)
    assert lines.bridged() == [2]
    assert lines.desk.pop["phase"] == "talking"
    lines.hang_up()
    wait_until(lambda: lines.engine.closed(1), SLOW)


def test_asked_for_over_and_over(lines: Lines) -> None:
    """Asterisk dies when it is told how a REFER went before it has finished with the REFER: one in some 200."""
    line = lines.refer(lines.first_line(), "8330102", "other%3Bto-tag%3D1%3Bfrom-tag%3D2")
    for _ in range(60):
        wait_until(lambda: line.told[-1:] == ["SIP/2.0 603 Decline"], SLOW)
        line.refer("8330102", "other%3Bto-tag%3D1%3Bfrom-tag%3D2")
    wait_until(lambda: line.told[-1:] == ["SIP/2.0 603 Decline"], SLOW)
    assert lines.switch.process.process is not None
    assert lines.switch.process.process.poll() is None
    lines.hang_up()
    wait_until(lambda: lines.engine.closed(1), SLOW)
