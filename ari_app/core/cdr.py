"""A call as its records: the CDR and its legs.

Owns: what is written of a call, and its cost. Must not: know tables or when records are stored.
"""

from __future__ import annotations

from fractions import Fraction

from ari_app.core.arrangement import Stretch
from ari_app.core.call import Call, Clearing, Facts, Leg, Legs, Talking
from models.values.call import LegKind, LegOutcome
from models.values.cdr import CallRecord, LegRecord
from models.values.money import cost
from models.values.replacing import replace


def opening(facts: Facts) -> CallRecord:
    """The record of a call that has just been offered."""
    rate = facts.route.rate if facts.route else None
    record = CallRecord(
        id=facts.id,
        direction=facts.direction,
        called_number=facts.called_number,
        calling_number=facts.calling_number or "",
        caller_name=facts.caller_name or "",
        offered_at=facts.offered_at,
        contact_id=facts.contact_id,
        call_center_id=facts.route.id if facts.route else None,
        call_center_name=facts.route.name if facts.route else "",
        agent_id=facts.caller_agent.id if facts.caller_agent else None,
    )
    if rate is None:
        return record
    return replace(record, rate_price=rate.price, rate_currency=rate.currency, rate_unit=rate.unit)


def answered(call: Talking) -> CallRecord:
    """The still open record of a call that is being talked on."""
    facts = call.facts
    answered_at = call.answered_at if facts.talked_from is None else facts.talked_from
    return replace(
        opening(facts),
        agent_id=facts.talked_agent
        or _agent(facts, call.legs, call.winner if facts.talked_with is None else facts.talked_with),
        answered_at=answered_at,
        wait_ms=max(0, answered_at - facts.offered_at),
    )


def closing(call: Clearing) -> CallRecord:
    """The closed record. Talk time is from the agent's answer to the first side's end."""
    facts = call.facts
    talk_ms = max(0, call.ended_at - call.answered_at) if call.answered_at is not None else 0
    waited_until = call.answered_at if call.answered_at is not None else call.ended_at
    return replace(
        opening(facts),
        agent_id=facts.talked_agent or _agent(facts, call.legs, call.winner),
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        outcome=call.outcome,
        reason=call.reason,
        wait_ms=max(0, waited_until - facts.offered_at),
        talk_ms=talk_ms,
        cause=facts.caller_cause,
        cost=cost(facts.route.rate, Fraction(talk_ms, 1000)) if facts.route else None,
    )


def legs(call: Call) -> tuple[LegRecord, ...]:
    """The legs' records, each with an outcome, whatever was left open; after them the stretches of the conversation."""
    ended_at = call.ended_at if isinstance(call, Clearing) else None
    own = (call.facts.own,) if call.facts.own else ()
    made = tuple(_leg(call.facts, leg, ended_at) for leg in (*own, *call.legs))
    first = max((leg.ordinal for leg in made), default=call.facts.ordinals_from) + 1
    return made + tuple(
        _stretch(call.facts, stretch, first + place, ended_at) for place, stretch in enumerate(call.facts.stretches)
    )


def _stretch(facts: Facts, stretch: Stretch, ordinal: int, ended_at: int | None) -> LegRecord:
    until = stretch.until if stretch.until is not None else ended_at
    refused = stretch.kind is LegKind.OUTSIDE  # what was called is a leg; this one may not be
    return LegRecord(
        call_id=facts.id,
        ordinal=ordinal,
        agent_id=stretch.agent_id,
        endpoint="",
        kind=stretch.kind,
        number=stretch.number,
        channel_id="",
        offered_at=stretch.since,
        answered_at=None if refused else stretch.since,
        ended_at=None if until is None else max(until, stretch.since),
        outcome=LegOutcome.REFUSED if refused else LegOutcome.ANSWERED,
        ordered_by=stretch.agent_id if refused else None,
        reason=stretch.reason,
    )


def _leg(facts: Facts, leg: Leg, ended_at: int | None) -> LegRecord:
    ringing_at = leg.ringing_at
    if ringing_at is not None and leg.answered_at is not None:
        # An answer that was missed in a gap is told later, with its true time.
        ringing_at = min(ringing_at, leg.answered_at)
    return LegRecord(
        call_id=facts.id,
        ordinal=leg.ordinal,
        agent_id=leg.agent_id,
        endpoint=(leg.agent.endpoint or "") if leg.agent else "",
        kind=leg.kind,
        number=leg.number,
        channel_id=leg.channel,
        offered_at=leg.offered_at,
        ringing_at=ringing_at,
        answered_at=leg.answered_at,
        ended_at=leg.ended_at if leg.ended_at is not None else ended_at,
        outcome=leg.outcome or LegOutcome.FAILED,
        cause=leg.cause,
        reason=leg.reason,
        ordered_by=leg.let_out.agent if leg.let_out else None,
    )


def _agent(facts: Facts, legs: Legs, winner: int | None) -> int | None:
    """Whose call it is: the agent's who made it, else of the one who took it."""
    if facts.caller_agent is not None:
        return facts.caller_agent.id
    return next((leg.agent_id for leg in legs if leg.ordinal == winner), None)
