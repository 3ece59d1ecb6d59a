"""What becomes of a call that an engine finds when it comes back: nobody who talks is cut off, and what was is told."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from ari_app.core import adoption, ids, inbound, left_behind, marks, outbound
from ari_app.core import commands as c
from ari_app.core import events as e
from ari_app.core.adoption import FoundCall, FoundLeg
from ari_app.core.arrangement import Consulting, Holding, Together
from ari_app.core.call import Call, Clearing, Policy, Talking, Waiting
from ari_app.core.parties import parties
from ari_app.core.permit import Permit
from models.values.call import CostUnit, Direction, Outcome
from models.values.cdr import CallRecord
from models.values.money import Rate
from models.values.pattern import NumberClaim, NumberTable
from models.values.reasons import CallReason
from models.values.routing import Account, AgentRoute, CallCenterRoute, Outside, RoutingSnapshot

CALL = "centralita-1795476676.0"
BRIDGE = ids.bridge(CALL)
ANA, BETO = AgentRoute(1, "Ana", "8330101"), AgentRoute(2, "Beto", "8330102")
CENTER = CallCenterRoute(7, "Pizza", "#336699", Rate(Decimal(30), "CRC", CostUnit.MINUTE), agents=(1, 2))
SNAPSHOT = RoutingSnapshot(
    1, Account("Prueba"), {7: CENTER}, {1: ANA, 2: BETO}, NumberTable.of([NumberClaim("40001000", 7)])
)
LEG1, LEG2 = ids.leg(CALL, 1), ids.leg(CALL, 2)
RECORD = CallRecord(
    CALL, Direction.INBOUND, "40001000", "88887777", 1_000, agent_id=1, answered_at=5_000, call_center_id=7
)
FOUND = FoundCall(CALL, "40001000", "88887777", None, up=True, since=1_000, record=RECORD)
AT = 60_000


def of(number: int, agent: AgentRoute, *, up: bool = True, since: int = 1_500) -> FoundLeg:
    return FoundLeg(ids.leg(CALL, number), number, agent, up, since, answered_at=since + 500 if up else None)


def adopted(found: FoundCall) -> tuple[Call, list[c.Command]]:
    return adoption.adopt(found, SNAPSHOT, Policy(), AT)


def closed(commands: list[c.Command]) -> CallRecord:
    [record] = [one.record for one in commands if isinstance(one, c.WriteRecord) and one.record.is_closed]
    return record


# ------------------------------------------------------------------------------------------------ the caller is gone
def two_agents(**changes: object) -> FoundCall:
    left = replace(FOUND, gone=True, legs=(of(1, ANA), of(2, BETO, since=20_000)), bridged=frozenset({LEG1, LEG2}))
    return replace(left, **changes)  # type: ignore[arg-type]


def test_two_go_on_whose_caller_has_left() -> None:
    call, commands = adopted(two_agents())

    assert isinstance(call, Talking)
    assert (parties(call), call.arrangement, call.joined) == ((LEG1, LEG2), Together(), True)
    assert not [one for one in commands if isinstance(one, c.Hangup | c.AddToBridge)], "nobody notices"
    assert {one.agent for one in commands if isinstance(one, c.ShowPop)} == {1, 2}

    call, commands = inbound.step(call, e.ChannelGone(AT + 1_000, LEG2, 16))
    assert isinstance(call, Clearing)
    assert c.Hangup(LEG1) in commands
    call, commands = inbound.step(call, e.ChannelGone(AT + 1_100, LEG1, 16))
    record = closed(commands)
    assert (record.outcome, record.answered_at, record.ended_at, record.agent_id) == (
        Outcome.ANSWERED,
        5_000,
        AT + 1_000,
        1,
    )


def test_one_of_them_holds_the_line() -> None:
    call, commands = adopted(two_agents(bridged=frozenset({LEG1}), has_bridge=True))
    assert isinstance(call, Talking)
    assert call.arrangement == Holding(LEG1)
    assert not [one for one in commands if isinstance(one, c.Hangup | c.AddToBridge)]


def test_two_who_were_about_to_be_brought_together_are() -> None:
    both = frozenset({LEG1, LEG2})
    _, commands = adopted(two_agents(bridged=frozenset(), consulting=both, has_consult=True))
    assert c.AddToBridge(BRIDGE, (LEG1, LEG2)) in commands


def test_an_agent_who_was_put_out_meanwhile_talks_on() -> None:
    """Nobody knows any more whose phone it is: no reason to hang up on two who talk."""
    call, commands = adopted(two_agents(legs=(of(1, ANA), replace(of(2, BETO, since=20_000), agent=None))))
    assert isinstance(call, Talking)
    assert parties(call) == (LEG1, LEG2)
    call, commands = adopted(replace(FOUND, legs=(replace(of(1, ANA), agent=None),), bridged=frozenset({CALL, LEG1})))
    assert isinstance(call, Talking)
    assert (parties(call), call.joined) == ((CALL, LEG1), True)
    assert not [one for one in commands if isinstance(one, c.Hangup)]


def test_of_one_alone_or_a_closed_call_there_is_nothing_to_take_up() -> None:
    assert left_behind.goes_on(two_agents())
    assert not left_behind.goes_on(two_agents(legs=(of(1, ANA), of(2, BETO, up=False))))
    assert not left_behind.goes_on(two_agents(record=None))
    assert not left_behind.goes_on(two_agents(record=replace(RECORD, ended_at=9_000, outcome=Outcome.ANSWERED)))


# ------------------------------------------------------------------------------------------------ the agent is gone
def test_an_agent_who_hung_up_while_no_engine_was_there_has_ended_a_conversation() -> None:
    alone = replace(FOUND, bridged=frozenset({CALL}), has_bridge=True, left_at=42_000)
    call, commands = adopted(alone)

    assert isinstance(call, Clearing)
    assert c.Hangup(CALL) in commands
    _, commands = inbound.step(call, e.ChannelGone(AT + 10, CALL, 16))
    record = closed(commands)
    assert (record.outcome, record.reason) == (Outcome.ANSWERED, CallReason.ENDED_WHILE_THE_ENGINE_WAS_AWAY)
    assert (record.answered_at, record.ended_at, record.talk_ms, record.agent_id) == (5_000, 42_000, 37_000, 1)


def test_an_answer_alone_proves_no_conversation() -> None:
    call, commands = adopted(FOUND)
    assert isinstance(call, Clearing)
    _, commands = inbound.step(call, e.ChannelGone(AT + 10, CALL, 16))
    assert (closed(commands).outcome, closed(commands).reason) == (Outcome.FAILED, CallReason.ENGINE_RESTARTED)


def test_an_agent_who_has_just_answered_is_joined_with_the_caller() -> None:
    """The engine died before the caller's own answer: they still hear it ring, and nobody is to be rung again."""
    call, commands = adopted(replace(FOUND, up=False, legs=(of(1, ANA),)))
    assert isinstance(call, Talking)
    assert (call.joined, call.winner) == (False, 1)
    assert commands.index(c.Answer(CALL)) < commands.index(c.AddToBridge(BRIDGE, (CALL, LEG1)))
    assert c.Hangup(LEG1) not in commands


# ------------------------------------------------------------------------------------------------ after a transfer
def test_who_was_transferred_to_somebody_that_still_rings_waits_in_the_queue() -> None:
    call, commands = adopted(replace(FOUND, was_bridged=True, legs=(of(2, BETO, up=False, since=20_000),)))
    assert isinstance(call, Waiting)
    assert call.facts.talked_from == 5_000
    assert c.Hangup(LEG2) in commands
    assert [one for one in commands if isinstance(one, c.SeekAgents)]


def test_the_first_answer_is_kept_when_the_second_is_not_joined_any_more() -> None:
    """Transferred to a queue; the engine dies as the next agent answers, and the caller hangs up right then."""
    call, _ = adopted(replace(FOUND, was_bridged=True, legs=(of(2, BETO, since=20_000),)))
    assert isinstance(call, Talking)
    assert (call.joined, call.answered_at) == (False, 20_500)

    call, _ = inbound.step(call, e.ChannelGone(AT + 10, CALL, 16))
    _, commands = inbound.step(call, e.ChannelGone(AT + 20, LEG2, 16))
    record = closed(commands)
    assert (record.outcome, record.answered_at, record.agent_id) == (Outcome.ANSWERED, 5_000, 1)


# ------------------------------------------------------------------------------------------------ calls of ours
def ours(**changes: object) -> FoundCall:
    """Ana called a number outside, and consults, or talks with, Beto."""
    outside = FoundLeg(ids.outside_leg(CALL, 1), 1, None, up=True, since=1_500, outside=True, answered_at=5_000)
    record = replace(RECORD, direction=Direction.OUTBOUND, called_number="+50688887777", calling_number="8330101")
    found = replace(
        FOUND,
        outbound=True,
        caller_agent=ANA,
        record=record,
        called_number="88887777",
        legs=(outside, of(2, BETO, since=20_000)),
        was_bridged=True,
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def test_a_calling_agent_goes_on_consulting() -> None:
    call, commands = adopted(ours(consulting=frozenset({CALL, LEG2}), has_bridge=True, has_consult=True))

    assert isinstance(call, Talking)
    assert call.arrangement == Consulting(CALL, 2)
    assert parties(call) == (CALL, ids.outside_leg(CALL, 1), LEG2)
    assert not [one for one in commands if isinstance(one, c.Hangup | c.AddToBridge)], "nobody notices"
    assert call.facts.talked_from == 5_000


def test_a_calling_agent_talks_while_the_other_holds() -> None:
    call, commands = adopted(ours(bridged=frozenset({CALL, ids.outside_leg(CALL, 1)}), has_bridge=True))
    assert isinstance(call, Talking)
    assert call.arrangement == Consulting(CALL, 2, swapped=True)
    assert not [one for one in commands if isinstance(one, c.Hangup)]


def test_a_conference_that_an_agent_called_goes_on() -> None:
    everybody = frozenset({CALL, ids.outside_leg(CALL, 1), LEG2})
    call, commands = adopted(ours(bridged=everybody, has_bridge=True))
    assert isinstance(call, Talking)
    assert (call.arrangement, len(parties(call))) == (Together(), 3)
    assert not [one for one in commands if isinstance(one, c.Hangup | c.AddToBridge)]


# -------------------------------------------------------------------------------------- before its record is there
def test_a_click2dial_whose_record_was_not_stored_yet_knows_what_it_was_made_for() -> None:
    """The engine died within the moment that the writer takes: number, call center and time stand on the channel."""
    other = replace(CENTER, id=8, name="Otra")
    ana = replace(ANA, call_center=7)
    snapshot = RoutingSnapshot(1, Account("Prueba"), {7: CENTER, 8: other}, {1: ana, 2: BETO}, NumberTable.of([]))
    call_id = ids.click2dial(1_000, "a" * 12)
    permit = Permit(Outside("+50688887777", "+50688887777@trunk"), "+50688887777")
    _, commands = outbound.click(outbound.ClickToDial(1_000, call_id, ana, other), permit, Policy())
    [made] = [one for one in commands if isinstance(one, c.CreateLeg)]
    found = FoundCall(
        call_id, "s", None, None, up=False, since=1_100, outbound=True, caller_agent=ana,
        mark=dict(made.variables)[marks.VARIABLE],
    )  # fmt: skip

    call, _ = adoption.adopt(found, snapshot, Policy(), AT)

    assert call.facts.route == other
    assert (call.facts.called_number, call.facts.offered_at) == ("+50688887777", 1_000)
    assert not isinstance(call, Clearing)
