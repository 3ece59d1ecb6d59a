"""After a gap: what the switch lists against what we believe, with a switch that only lists."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ari_app.core import adoption, ids, inbound
from ari_app.core.adoption import FoundCall
from ari_app.core.call import Call, Ended, Policy, Talking, Waiting
from ari_app.core.commands import AddToBridge, Hangup, Ring, SeekAgents, ShowPop, WriteRecord
from ari_app.core.events import (
    AgentsOffered,
    CallerArrived,
    ChannelGone,
    CommandDone,
    Event,
    LegAnswered,
    LegReady,
    PopShown,
)
from ari_app.ledger import Ledger
from ari_app.registry import Registry
from ari_app.resync import Resync
from models.values.call import CostUnit, Direction, Outcome
from models.values.cdr import CallRecord
from models.values.money import Rate
from models.values.pattern import NumberClaim, NumberTable
from models.values.reasons import CallReason
from models.values.routing import Account, AgentRoute, CallCenterRoute, RoutingSnapshot
from models.values.story import ReapReason

ANA = AgentRoute(3, "Ana", "8330101")
ROUTE = CallCenterRoute(7, "Pizza", "#aa0000", Rate(Decimal(30), "CRC", CostUnit.MINUTE), agents=(3,))
SNAPSHOT = RoutingSnapshot(
    1, Account("Demo"), {7: ROUTE}, {3: ANA}, NumberTable.of([NumberClaim("40001000", 7, "Pizza")])
)
CALL = "centralita-1795476676.0"
LEG = ids.leg(CALL, 1)
BRIDGE = ids.bridge(CALL)


def listed(
    channel: str, *, name: str = "PJSIP/trunk-0000001a", state: str = "Up", args: str = "inbound,40001000"
) -> Any:
    return {
        "id": channel,
        "name": name,
        "state": state,
        "caller": {"number": "88887777", "name": "José"},
        "creationtime": "2026-11-23T23:51:16.000+0000",
        "dialplan": {"app_name": "Stasis", "app_data": f"centralita,{args}", "exten": "40001000"},
    }


def a_leg(channel: str = LEG, state: str = "Up") -> Any:
    return listed(channel, name="PJSIP/8330101-0000001b", state=state, args="")


class Runner:
    """Stands for a call at work: holds its state, writes down what it is told."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.call_id = call.facts.id
        self.told: list[Event] = []

    def post(self, event: Event) -> None:
        self.told.append(event)


@dataclass
class World:
    channels: list[Any] = field(default_factory=list)
    bridges: list[Any] = field(default_factory=list)
    records: dict[str, CallRecord] = field(default_factory=dict)
    why: dict[str, ReapReason] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)
    adopted: list[FoundCall] = field(default_factory=list)
    breaths: int = 0
    started: str = "1969-12-31T00:00:00.000+0000"

    async def ask(self, operation: str, **params: Any) -> Any:
        match operation:
            case "channels.list":
                return self.channels
            case "bridges.list":
                return self.bridges
            case "asterisk.getInfo":
                return {"status": {"startup_time": self.started}}
            case "asterisk.ping":
                self.breaths += 1
                return await asyncio.sleep(0)
            case _:
                self.ended += params.values()
                return None

    async def reap(self, thing_id: str, why: ReapReason, *, is_bridge: bool) -> None:
        self.ended.append(thing_id)
        self.why[thing_id] = why

    async def told(self, call_ids: list[str]) -> dict[str, int]:
        return {}

    async def open_records(self, call_ids: list[str]) -> dict[str, CallRecord]:
        return {call: record for call, record in self.records.items() if call in call_ids}

    async def read_ledger(self) -> None:
        self.ledger.read()

    def __post_init__(self) -> None:
        self.registry = Registry()

    def compare(self, tmp_path: Path, *, after_gap: bool = True, times: int = 1) -> Any:
        self.ledger = Ledger(tmp_path / "cel.csv")
        resync = Resync(
            ask=self.ask,
            registry=self.registry,
            ledger=self.ledger,
            snapshot=lambda: SNAPSHOT,
            open_records=self.open_records,
            told=self.told,
            adopt=self.adopt,
            read_ledger=self.read_ledger,
            reap=self.reap,
        )

        async def work() -> Any:
            for _ in range(times):
                found = await resync.run(after_gap=after_gap, lost_at=1000 if after_gap else None)
            return found

        return asyncio.run(work())

    def adopt(self, found: FoundCall) -> None:
        self.adopted.append(found)
        self.live(adoption.adopt(found, SNAPSHOT, Policy(), 60_000)[0])

    def live(self, call: Call) -> Runner:
        runner = Runner(call)
        self.registry.add(runner)  # type: ignore[arg-type]
        return runner


def waiting() -> Call:
    call, _ = inbound.arrive(CallerArrived(0, CALL, "40001000", "88887777", None), SNAPSHOT, Policy())
    return call


def after(call: Call, *events: Event) -> Call:
    for event in events:
        call, _ = inbound.step(call, event)
    return call


def talking(*, joined: bool = True) -> Call:
    call = after(waiting(), AgentsOffered(10, (ANA,)), LegReady(20, LEG), PopShown(21, 3), LegAnswered(500, LEG))
    assert isinstance(call, Talking)
    return after(call, CommandDone(510, AddToBridge(BRIDGE, (CALL, LEG)))) if joined else call


@pytest.fixture
def world() -> World:
    return World()


def test_known_but_gone_has_ended_at_the_moment_the_connection_was_lost(world: World, tmp_path: Path) -> None:
    runner = world.live(talking())

    findings = world.compare(tmp_path)

    assert runner.told == [ChannelGone(1000, CALL), ChannelGone(1000, LEG)]
    assert findings.ended == 2


def test_what_went_with_the_switch_was_hung_up_by_nobody(world: World, tmp_path: Path) -> None:
    """The switch was started after the connection to it was lost, and its log has no end of them."""
    world.started = "2026-11-23T23:51:16.000+0000"
    runner = world.live(talking())

    world.compare(tmp_path)

    assert runner.told == [
        ChannelGone(1000, CALL, 41, with_switch=True),
        ChannelGone(1000, LEG, 41, with_switch=True),
    ]
    ended = after(talking(), *runner.told)
    assert isinstance(ended, Ended)
    assert (ended.facts.switch_died, ended.facts.caller_cause) == (True, 41)


@pytest.mark.parametrize(("call", "outcome"), [(waiting(), Outcome.FAILED), (talking(), Outcome.ANSWERED)])
def test_who_was_cut_off_by_the_switch_did_not_give_up(call: Call, outcome: Outcome) -> None:
    _, commands = inbound.step(call, ChannelGone(1_000, CALL, 41, with_switch=True))
    call = after(call, ChannelGone(1_000, CALL, 41, with_switch=True))
    written = [one.record for one in commands if isinstance(one, WriteRecord)]
    told = (written[-1].outcome, written[-1].reason) if written else (call.outcome, call.reason)  # type: ignore[union-attr]
    assert told == (outcome, CallReason.SWITCH_DIED)


def test_known_but_gone_has_its_true_end_when_the_log_tells_it(world: World, tmp_path: Path) -> None:
    runner = world.live(talking())
    world.channels = [a_leg()]
    (tmp_path / "cel.csv").write_text(
        f'"CHAN_START","1795476676.0","PJSIP/trunk-0","{CALL}","{CALL}","","","","40001000","from-trunk","","","",""\n'
        f'"HANGUP","1795476690.250000","PJSIP/trunk-0","{CALL}","{CALL}","","","","","","","","","{{""hangupcause"":16}}"\n'
    )

    world.compare(tmp_path)

    assert runner.told == [ChannelGone(1795476690250, CALL, 16)]


@pytest.mark.parametrize(
    ("state", "events", "expected"),
    [
        ("Down", [], LegReady),
        ("Up", [LegReady(20, LEG), PopShown(21, 3)], LegAnswered),
        ("Ringing", [LegReady(20, LEG), PopShown(21, 3)], None),
    ],
)
def test_what_a_leg_did_meanwhile_is_told(
    world: World, tmp_path: Path, state: str, events: list[Event], expected: type | None
) -> None:
    runner = world.live(after(waiting(), AgentsOffered(10, (ANA,)), *events))
    world.channels = [listed(CALL, state="Ring"), a_leg(state=state)]

    world.compare(tmp_path)

    assert [type(event) for event in runner.told] == ([expected] if expected else [])


def test_two_who_were_joined_meanwhile_are(world: World, tmp_path: Path) -> None:
    runner = world.live(talking(joined=False))
    world.channels = [listed(CALL), a_leg()]
    world.bridges = [{"id": BRIDGE, "channels": [CALL, LEG]}]

    world.compare(tmp_path)

    assert [type(event) for event in runner.told] == [CommandDone]


def test_an_unknown_conversation_is_adopted_with_what_the_record_knows(world: World, tmp_path: Path) -> None:
    world.channels = [listed(CALL), a_leg()]
    world.bridges = [{"id": BRIDGE, "channels": [CALL, LEG]}]
    world.records[CALL] = CallRecord(
        CALL, Direction.INBOUND, "40001000", "88887777", 5_000, agent_id=3, answered_at=9_000,
        rate_price=Decimal(10), rate_currency="CRC",
    )  # fmt: skip

    world.compare(tmp_path)

    [found] = world.adopted
    call, commands = adoption.adopt(found, SNAPSHOT, Policy(), 60_000)
    assert isinstance(call, Talking)
    assert (call.joined, call.answered_at, call.facts.offered_at) == (True, 9_000, 5_000)
    assert call.facts.route is not None
    assert call.facts.route.rate.price == 10, "the price it was offered at"
    assert [type(command) for command in commands if isinstance(command, ShowPop | Hangup | Ring)] == [ShowPop]
    assert world.ended == [], "nothing of a conversation is ended"


def test_an_unknown_caller_who_waited_goes_on_waiting(world: World, tmp_path: Path) -> None:
    world.channels = [listed(CALL, state="Ring"), a_leg(state="Ringing")]

    world.compare(tmp_path)

    call, commands = adoption.adopt(world.adopted[0], SNAPSHOT, Policy(), 1795477876000 + 60_000)
    assert isinstance(call, Waiting)
    assert Hangup(LEG) in commands, "its phone falls silent; whoever is free now is rung anew"
    assert any(isinstance(command, SeekAgents) for command in commands)
    assert call.facts.ordinals_from == 1, "a new leg never takes the name of one that may still ring"


def test_an_agent_who_answered_just_then_is_joined(world: World, tmp_path: Path) -> None:
    world.channels = [listed(CALL), a_leg()]

    world.compare(tmp_path)

    call, commands = adoption.adopt(world.adopted[0], SNAPSHOT, Policy(), 60_000)
    assert isinstance(call, Talking)
    assert not call.joined
    assert AddToBridge(BRIDGE, (CALL, LEG)) in commands


def test_what_no_call_claims_is_reaped(world: World, tmp_path: Path) -> None:
    world.channels = [a_leg(), listed("demo-1", args="")]
    world.bridges = [{"id": BRIDGE, "channels": [LEG]}, {"id": "somebody-elses", "channels": []}]

    findings = world.compare(tmp_path)

    assert world.why == dict.fromkeys([LEG, BRIDGE], ReapReason.NO_CALL_CLAIMS_IT)
    assert sorted(findings.reaped) == sorted([LEG, BRIDGE])


def test_the_sweep_ends_only_what_it_saw_twice(world: World, tmp_path: Path) -> None:
    world.channels = [a_leg()]
    world.compare(tmp_path, after_gap=False)
    assert world.ended == []
    world.compare(tmp_path, after_gap=False, times=2)
    assert world.ended == [LEG]


def test_a_leg_that_its_live_call_has_done_with_is_ended_when_it_was_seen_twice(world: World, tmp_path: Path) -> None:
    """Made long after its time-out, and nobody heard of it: the call goes on for an hour, and so would the leg."""
    world.live(after(talking(), AgentsOffered(600, (ANA,))))
    late = ids.leg(CALL, 9)
    world.channels = [listed(CALL), a_leg(), a_leg(late, state="Down")]

    world.compare(tmp_path)
    assert world.ended == [], "nor at once after a gap"
    world.compare(tmp_path, after_gap=False, times=2)

    assert world.why == {late: ReapReason.NO_CALL_CLAIMS_IT}


def test_hundreds_are_taken_up_in_the_order_in_which_they_came_and_not_all_at_once(
    world: World, tmp_path: Path
) -> None:
    """Whoever is free already is given to the first that is taken up. The list is in no order."""
    calls = [f"centralita-17954766{place:02}.{place}" for place in range(60)]
    for place, call in reversed(list(enumerate(calls))):
        world.channels.append(listed(call, state="Ring") | {"creationtime": f"2026-11-23T23:51:{place:02}.000+0000"})
    talks = calls[30]
    world.channels.append(a_leg(ids.leg(talks, 1)))

    world.compare(tmp_path)

    assert [found.channel for found in world.adopted] == [talks, *(call for call in calls if call != talks)]
    assert world.breaths == 2


def test_a_caller_whose_record_is_closed_is_not_adopted_again(world: World, tmp_path: Path) -> None:
    world.channels = [listed(CALL)]
    world.records[CALL] = CallRecord(
        CALL, Direction.INBOUND, "40001000", "", 5_000, ended_at=6_000, outcome=Outcome.ABANDONED
    )

    world.compare(tmp_path)

    assert world.adopted == []
    assert world.why == {CALL: ReapReason.ITS_CALL_IS_CLOSED}
