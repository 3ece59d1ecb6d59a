"""A call of ours that an engine before us made, found on the switch: taken over as it stands, in every phase.

Owns: what such a call becomes. Must not: look for it (``resync`` does). ``adoption`` has the callers from outside.

Two who talk go on talking; a phone that rings rings on; what was not begun is not begun now, unless somebody holds the
line and waits for it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ari_app.core import agents, calling, cdr, ids, marks, outbound
from ari_app.core.arrangement import TOGETHER, Arrangement, Consulting, Stretch
from ari_app.core.call import (
    Announcing,
    Call,
    Facts,
    Leg,
    Legs,
    LegState,
    Policy,
    Preparing,
    Reaching,
    Talking,
    ring_timer,
)
from ari_app.core.commands import AskAllowance, Command, Hangup, LookUpCaller, SetTimer, StopRinging, WriteRecord
from ari_app.core.ending import OWN_RING, Step, clear
from ari_app.core.legs import dial_again, ring_ms
from ari_app.core.parties import move_again
from ari_app.core.talking import join
from models.values.call import Direction, LegKind, LegOutcome, Outcome
from models.values.cdr import CallRecord
from models.values.destination import read_destination
from models.values.money import Rate
from models.values.reasons import CallReason
from models.values.routing import AgentRoute, CallCenterRoute, Outside, RoutingSnapshot

if TYPE_CHECKING:
    from ari_app.core.adoption import FoundCall, FoundLeg


def take_over(found: FoundCall, snapshot: RoutingSnapshot, policy: Policy, at: int) -> Step:
    """The call as it goes on, and what to do at once."""
    facts = _facts(found, snapshot, policy)
    first: list[Command] = [] if found.record else [WriteRecord(cdr.opening(facts))]
    answered = [leg for leg in found.legs if leg.up]
    ringing = [leg for leg in found.legs if not leg.up]
    talker = next((leg for leg in answered if leg.channel in found.bridged), answered[0] if answered else None)
    kept = talker or (ringing[0] if ringing else None)
    staying = [leg for leg in answered if leg is talker or _takes_part(found, leg, talker)]
    first += [Hangup(leg.channel) for leg in found.legs if leg is not kept and leg not in staying]
    if kept is None and (found.up or (facts.own is not None and facts.target is None)):
        # An announcement was played, or the other side had just gone: there is nothing to go on with.
        if found.talked_from is not None:
            over, reason = Outcome.ANSWERED, CallReason.ENDED_WHILE_THE_ENGINE_WAS_AWAY
            at = max(found.talked_from, found.left_at or at)
        else:
            over, reason = Outcome.FAILED, CallReason.ENGINE_RESTARTED
        ended, rest = clear(Announcing(facts, Legs(), over, reason, cause=16), over, reason, at)
        return ended, first + rest
    facts, shown = calling.show(facts, "talking" if talker else "calling" if found.up or kept else "ringing")
    on_the_line = facts.own is None or found.up
    first += [*calling.hold(facts, talking=on_the_line), *shown]
    if facts.direction is Direction.OUTBOUND:
        first.append(LookUpCaller(facts.id, facts.called_number))
    more: list[Command]
    call: Call
    if talker is not None:
        call, more = _talk_on(found, facts, talker, staying, at)
    elif kept is not None:
        call, more = _ring_on(facts, kept)
    elif facts.own is not None:
        more = [*calling.hold_callee(facts), *dial_again(facts, facts.own), SetTimer(OWN_RING, policy.own_ring)]
        call = Preparing(facts, Legs())
    else:
        call, more = outbound.reach(facts, at)
    return call, first + more


def _facts(found: FoundCall, snapshot: RoutingSnapshot, policy: Policy) -> Facts:
    record = found.record
    agent = found.caller_agent
    if agent is None and record is not None and record.agent_id is not None:
        agent = snapshot.agents.get(record.agent_id)
    told = marks.read_click(found.mark) or marks.ClickMark(
        (agent.call_center if agent else None) or 0, found.since, found.called_number
    )
    number = record.called_number if record else told.number
    route = _route(record, told, snapshot)
    target = _target(number, snapshot, policy, route)
    inside = record.direction is Direction.INTERNAL if record else isinstance(target, AgentRoute)
    own = None
    if ids.is_click2dial(found.channel):
        own = Leg(
            ordinal=1,
            agent=agent,
            channel=found.channel,
            offered_at=record.offered_at if record else told.offered_at,
            state=LegState.ANSWERED if found.up else LegState.DIALLED,
            pop_settled=True,
            answered_at=(found.caller_answered_at or found.since) if found.up else None,
            outcome=LegOutcome.ANSWERED if found.up else None,
        )
    return Facts(
        id=found.channel,
        direction=Direction.INTERNAL if inside else Direction.OUTBOUND,
        caller_channel=found.channel,
        called_number=number,
        calling_number=record.calling_number if record else (agent.endpoint if agent else None),
        caller_name=agent.name if agent else None,
        route=None if inside else route,
        policy=policy,
        offered_at=record.offered_at if record else told.offered_at,
        caller_agent=agent,
        own=own,
        target=target,
        # More is asked for as soon as they talk.
        allowance=None if inside else 1,
        caller_up=found.up,
        contact_id=record.contact_id if record else None,
        bridged=found.has_bridge,
        talked_from=found.talked_from,
        offers=1,
        ordinals_from=max((leg.ordinal for leg in found.legs), default=1 if own else 0),
    )


def _route(record: CallRecord | None, told: marks.ClickMark, snapshot: RoutingSnapshot) -> CallCenterRoute | None:
    """The call center as recorded, at the price of then; of a call without a record, the one it was made for."""
    center = record.call_center_id if record else told.call_center
    route = snapshot.call_centers.get(center) if center is not None else None
    if route is None or record is None or not record.rate_currency:
        return route
    return replace(route, rate=Rate(record.rate_price, record.rate_currency, record.rate_unit))


def _target(
    number: str, snapshot: RoutingSnapshot, policy: Policy, route: CallCenterRoute | None
) -> AgentRoute | Outside | None:
    callee = snapshot.agent_at(number)
    if callee is not None:
        return callee
    region = snapshot.account.region
    destination = read_destination(number, region)
    if destination is None or policy.plan is None:
        return None
    return policy.plan.outside(destination, region, route.caller_id if route else None)


def _leg(facts: Facts, found: FoundLeg, state: LegState) -> Leg:
    return Leg(
        ordinal=found.ordinal,
        agent=found.agent if not found.outside else None,
        channel=found.channel,
        offered_at=max(found.since, facts.offered_at),
        number=(found.number or facts.called_number) if found.outside else "",
        kind=LegKind.OUTSIDE if found.outside else LegKind.AGENT,
        state=state,
        pop_settled=True,
    )


def _takes_part(found: FoundCall, leg: FoundLeg, talker: FoundLeg | None) -> bool:
    """In one of the bridges; or on hold while the calling agent talks with another."""
    if leg.channel in found.bridged | found.consulting:
        return True
    return talker is not None and found.channel in found.bridged | found.consulting


def _arrangement(found: FoundCall, talker: FoundLeg, staying: list[FoundLeg]) -> Arrangement:
    """Of a calling agent and more than one other: who consults whom, or all together."""
    main = [leg for leg in staying if leg.channel in found.bridged]
    aside = [leg for leg in staying if leg.channel in found.consulting]
    waiting = [leg for leg in staying if leg not in main and leg not in aside]
    if found.channel in found.consulting and len(aside) == 1:
        return Consulting(found.channel, aside[0].ordinal)
    if found.channel in found.bridged and len(main) == len(waiting) == 1:
        return Consulting(found.channel, waiting[0].ordinal, swapped=True)
    if len(aside) == 2:
        by = min(aside, key=lambda leg: (leg.agent is None, leg.ordinal))
        target = next(leg for leg in aside if leg is not by)
        return Consulting(by.channel, target.ordinal)
    return TOGETHER


def _talk_on(found: FoundCall, facts: Facts, talker: FoundLeg, staying: list[FoundLeg], at: int) -> Step:
    if len(staying) > 1:
        return _several_talk_on(found, facts, talker, staying, at)
    answered_at = (found.record.answered_at if found.record else None) or found.answered_at or talker.since
    answered_at = max(answered_at, facts.offered_at)
    leg = _leg(facts, talker, LegState.ANSWERED)
    # After a transfer they talk with somebody else than whom they talked with first.
    picked_up = max(talker.answered_at or answered_at, answered_at, leg.offered_at)
    leg = replace(leg, answered_at=picked_up, outcome=LegOutcome.ANSWERED, engaged=leg.agent is not None)
    facts = replace(facts, bridged=True)
    joined = {found.channel, talker.channel} <= found.bridged
    if joined:
        facts = replace(facts, talked_from=facts.talked_from or answered_at, talked_with=leg.ordinal)
    call = Talking(facts, Legs((leg,)), winner=leg.ordinal, answered_at=answered_at, joined=joined)
    commands: list[Command] = [] if joined else [StopRinging(facts.caller_channel), *join(facts, leg)]
    commands += calling.engage(facts, leg)
    commands += calling.update(facts, {"answered_at": answered_at})
    commands.append(WriteRecord(cdr.answered(call)))
    if facts.allowance is not None:
        commands.append(AskAllowance(facts.id))
    return call, commands


def _several_talk_on(found: FoundCall, facts: Facts, talker: FoundLeg, staying: list[FoundLeg], at: int) -> Step:
    """A consultation or a conference: everybody stays where they are."""
    answered_at = facts.talked_from or found.answered_at or talker.since
    now = _arrangement(found, talker, staying)
    kind = LegKind.CONSULT if isinstance(now, Consulting) else LegKind.CONFERENCE
    by = facts.caller_agent.id if facts.caller_agent else None
    facts = replace(
        facts,
        bridged=True,
        consulted=found.has_consult,
        talked_from=answered_at,
        talked_with=talker.ordinal,
        stretches=(Stretch(kind, at, by),),
    )
    taking_part = []
    for one in staying:
        leg = _leg(facts, one, LegState.ANSWERED)
        picked_up = max(one.answered_at or answered_at, leg.offered_at)
        taking_part.append(
            replace(leg, answered_at=picked_up, outcome=LegOutcome.ANSWERED, engaged=leg.agent is not None)
        )
    call = Talking(
        facts,
        Legs(tuple(taking_part)),
        winner=talker.ordinal,
        answered_at=answered_at,
        joined=True,
        arrangement=now,
    )
    commands: list[Command] = []
    if now == TOGETHER and not {found.channel, *(leg.channel for leg in staying)} <= found.bridged:
        commands += move_again(call)
    for leg in taking_part:
        commands += calling.engage(facts, leg)
    commands += calling.update(facts, {"answered_at": answered_at})
    commands.append(WriteRecord(cdr.answered(call)))
    if facts.allowance is not None:
        commands.append(AskAllowance(facts.id))
    return call, commands


def _ring_on(facts: Facts, kept: FoundLeg) -> Step:
    leg = _leg(facts, kept, LegState.DIALLED)
    facts = replace(facts, hears=replace(facts.hears, ringing=facts.caller_up))
    commands: list[Command] = [
        *calling.hold_callee(facts),
        *agents.show(facts, leg),
        *dial_again(facts, leg),
        SetTimer(ring_timer(facts), ring_ms(facts, leg)),
    ]
    return Reaching(facts, Legs((leg,))), commands
