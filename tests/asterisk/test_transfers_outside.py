"""From a call to a number outside, on the real switch: through the same rules and breaker as any call of ours."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from switch.outbound_stage import Carriers, Phones
from switch.real_switch import RealSwitch
from switch.running_engine import Desk, RunningEngine
from switch.sipp import SippCaller
from switch.waiting import wait_until

from models.tables import BreakerLimits, DestinationPrice, DestinationRule
from models.values.queue import OverflowTo

pytestmark = pytest.mark.asterisk
Callers = Callable[..., SippCaller]


class Talk:
    """A caller talks with Ana, who may call home, but not 8888…; a started minute there costs 10, and she has 15."""

    def __init__(
        self, engine: RunningEngine, switch: RealSwitch, phone: Phones, callers: Callers, talk_ms: int = 60_000
    ) -> None:
        self.engine = engine
        self._switch = switch
        self.ana = engine.account.agent("Ana", "8330101")
        engine.account.call_center("Pizza", ["40001000"], [self.ana], ring_seconds=5)
        engine.account.call_center("Taxi", ["40002000"], [], nobody_to=OverflowTo.OUTSIDE, nobody_target="22990000")
        with engine.database.bind_ctx([DestinationRule, DestinationPrice, BreakerLimits]):
            DestinationRule.create(pattern="8888*", canonical="8888*", allowed=False, agent=self.ana)
            for pattern in ("9*", "2299*"):
                DestinationRule.create(pattern=pattern, canonical=pattern, allowed=False)
            DestinationPrice.create(prefix="506", price=Decimal(10))
            BreakerLimits.update(spend_per_day=Decimal(15)).where(BreakerLimits.scope == "agent").execute()
        engine.start(seconds=60)
        self.desk: Desk = engine.desk(self.ana)
        phone("8330101")
        self.caller = callers(switch, "40001000", talk_ms=talk_ms, seconds=90).start()
        self.desk.wait_phase("talking")
        wait_until(lambda: self.rooms() == [2], what="the two are joined")
        self.call_id = str(self.desk.pop["call_id"])

    def rooms(self) -> list[int]:
        return sorted(len(bridge["channels"]) for bridge in self._switch.bridges())

    def ask(self, what: str, **body: Any) -> None:
        status, told = self.engine.control("POST", f"/calls/{self.call_id}/{what}", {"agent": self.ana, **body})
        assert status == 202, told

    def problems(self) -> list[str]:
        return [str(one.message["code"]) for one in self.desk.of("problem")]


def test_to_numbers_outside(
    out_engine: RunningEngine, out_switch: RealSwitch, out_phone: Phones, carrier: Carriers, sipp_caller: Callers
) -> None:
    """A forbidden number leaves the talk as it was; an allowed one is consulted, and paid for; then nothing is left."""
    talk = Talk(out_engine, out_switch, out_phone, sipp_caller)
    outside = carrier(talk_ms=60_000)

    talk.ask("transfer", to={"number": "88887777"})
    wait_until(lambda: talk.problems() == ["destination_not_allowed"], what="Ana is told why not")
    assert talk.rooms() == [2]
    assert not outside.invites()

    talk.ask("consult", to={"number": "22334455"})
    wait_until(lambda: talk.rooms() == [0, 2], what="she talks with them")
    [invite] = outside.invites()
    assert invite.startswith("INVITE sip:+50622334455@"), "as the trunk's plan writes it"
    talk.ask("cancel")
    wait_until(lambda: talk.rooms() == [2], what="she is back with the caller")

    talk.ask("transfer", to={"number": "22334456"})
    wait_until(lambda: talk.problems()[1:] == ["agent_spend_limit"], what="the breaker holds for transfers too")
    [trip] = out_engine.control("GET", "/health")[1]["breaker"]
    assert (trip["agent"], trip["limit"]) == (talk.ana, "spend")

    talk.ask("transfer", to={"number": "911"})
    wait_until(lambda: len(outside.invites()) == 2, what="help is always called")
    wait_until(lambda: talk.rooms() == [2], what="the caller talks with them")
    assert out_engine.control("POST", f"/calls/{talk.call_id}/hangup", {"agent": None})[0] == 202
    out_engine.closed(1)
    tried = [leg for leg in out_engine.legs() if leg["kind"] == "outside"]
    assert [(leg["number"], leg["outcome"], leg["reason"], leg["ordered_by_id"]) for leg in tried] == [
        ("+50622334455", "answered", "", talk.ana),
        ("911", "answered", "", talk.ana),
        ("+50688887777", "refused", "destination_not_allowed", talk.ana),
        ("+50622334456", "refused", "agent_spend_limit", talk.ana),
    ]

    assert sipp_caller(out_switch, "40002000", talk_ms=20_000, seconds=60).call().successful == 1
    call = next(call for call in out_engine.closed(2) if call["called_number"] == "40002000")
    assert (call["outcome"], call["reason"]) == ("no_agents", "nobody_is_logged_in"), "an overflow asks, too"
    tried = [leg for leg in out_engine.legs() if leg["call_id"] == call["id"] and leg["kind"] == "outside"]
    assert [(leg["number"], leg["reason"], leg["ordered_by_id"]) for leg in tried] == [
        ("+50622990000", "destination_not_allowed", None)
    ]

    out_engine.stop_process()
    out_engine.start(seconds=60)
    [trip] = out_engine.control("GET", "/health")[1]["breaker"]
    assert (trip["agent"], trip["limit"]) == (talk.ana, "spend"), "an engine that comes back knows it"
