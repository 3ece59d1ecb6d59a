"""A conversation found on the switch whose calling side has left it: the others go on.

Owns: what such a call becomes. Must not: look for it (``resync`` does). ``adoption`` and ``takeover`` have the calls
whose calling side is there.

It comes of a transfer by the agent who made the call, or of a caller who hung up while two agents consulted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ari_app.core.arrangement import TOGETHER, Holding, Stretch
from ari_app.core.call import Facts, Leg, Legs, LegState, Policy, Talking
from ari_app.core.commands import AskAllowance, Command, EngageAgent, Hangup, ShowPop, WriteRecord
from ari_app.core.ending import Step
from ari_app.core.parties import move_again
from ari_app.core.pops import current_pop
from models.values.call import Direction, LegKind, LegOutcome
from models.values.money import Rate
from models.values.reasons import LegReason
from models.values.replacing import replace
from models.values.routing import CallCenterRoute, RoutingSnapshot

if TYPE_CHECKING:
    from ari_app.core.adoption import FoundCall, FoundLeg


def goes_on(found: FoundCall) -> bool:
    """Two who have answered, and a record to go on with: else there is nothing to take up."""
    record = found.record
    if record is None or record.is_closed or record.answered_at is None:
        return False
    # Whose phone it is may not be known any more: an agent who was put out meanwhile.
    return sum(leg.up for leg in found.legs) > 1


def carry_on(found: FoundCall, snapshot: RoutingSnapshot, policy: Policy, at: int) -> Step:
    """The conversation of those who are left, and what to do at once."""
    record = found.record
    assert record is not None
    assert record.answered_at is not None
    ours = snapshot.agents.get(record.agent_id or 0) if record.direction is not Direction.INBOUND else None
    staying = [leg for leg in found.legs if leg.up]
    facts = Facts(
        id=found.channel,
        direction=record.direction,
        caller_channel=found.channel,
        called_number=record.called_number,
        calling_number=record.calling_number or None,
        caller_name=record.caller_name or None,
        route=_route(found, snapshot),
        policy=policy,
        offered_at=record.offered_at,
        caller_agent=ours,
        handed_on=ours is not None,
        # More is asked for at once.
        allowance=1 if record.direction is Direction.OUTBOUND else None,
        caller_here=False,
        caller_up=True,
        centers=snapshot.call_centers,
        contact_id=record.contact_id,
        bridged=True,
        consulted=found.has_consult,
        ordinals_from=max(leg.ordinal for leg in found.legs),
        stand_in=staying[0].channel,
        talked_from=record.answered_at,
        talked_with=staying[0].ordinal,
        talked_agent=record.agent_id,
    )
    all_legs = Legs(tuple(_talks(facts, leg) for leg in staying))
    together = [leg for leg in staying if leg.channel in found.bridged]
    call = Talking(
        facts,
        all_legs,
        winner=staying[0].ordinal,
        answered_at=record.answered_at,
        joined=True,
        arrangement=TOGETHER,
        without_caller=True,
    )
    if len(together) == 1 and len(staying) == 2:
        by = together[0]
        hold = Stretch(LegKind.HOLD, at, by.agent.id if by.agent else None, channel=by.channel)
        call = replace(call, facts=replace(facts, stretches=(hold,)), arrangement=Holding(by.channel))
    commands: list[Command] = [Hangup(leg.channel) for leg in found.legs if leg not in staying]
    if len(together) == 0:
        commands += move_again(call)  # they were about to be brought together
    for leg in all_legs:
        if leg.agent is not None:
            commands += [EngageAgent(leg.agent.id, facts.id), ShowPop(leg.agent.id, facts.id, current_pop(call, leg))]
    if facts.allowance is not None:
        commands.append(AskAllowance(facts.id))
    return call, [*commands, WriteRecord(record)]


def _talks(facts: Facts, found: FoundLeg) -> Leg:
    return Leg(
        ordinal=found.ordinal,
        agent=found.agent if not found.outside else None,
        channel=found.channel,
        offered_at=max(found.since, facts.offered_at),
        number=found.number
        or (facts.called_number if found.outside and facts.direction is not Direction.INBOUND else ""),
        kind=LegKind.OUTSIDE if found.outside else LegKind.AGENT,
        state=LegState.ANSWERED,
        pop_settled=True,
        engaged=found.agent is not None and not found.outside,
        answered_at=max(found.answered_at or found.since, found.since, facts.offered_at),
        outcome=LegOutcome.ANSWERED,
        reason=LegReason.NONE,
    )


def _route(found: FoundCall, snapshot: RoutingSnapshot) -> CallCenterRoute | None:
    """The call center as recorded, at the price of then."""
    record = found.record
    route = snapshot.call_centers.get(record.call_center_id or 0) if record else None
    if route is None or record is None or not record.rate_currency:
        return route
    return replace(route, rate=Rate(record.rate_price, record.rate_currency, record.rate_unit))
