"""The way outside for a leg of a call that goes on: a transfer, a consultation, a queue's overflow.

Owns: the question, what becomes of a no, and the budget of the leg while it is talked on. Must not: judge (``permit``
does, asked through the shell), or know who is transferred where.

Nobody reaches a number outside past this: a leg is made of what the gate gives (``OutsideAllowed.to``), never of what
was typed.
"""

from __future__ import annotations

from ari_app.core import arrangement
from ari_app.core.arrangement import Stretch
from ari_app.core.call import Facts, Leg, LetOut
from ari_app.core.commands import AskOutside, CancelTimer, Command, SetTimer, SettleSpending
from ari_app.core.events import OutsideAllowed, OutsideRefused
from models.values.call import LegKind
from models.values.reasons import CallReason, LegReason
from models.values.replacing import replace

BUDGET = "budget."
"""The timers of what each such leg may talk before it asks for more."""

LEG_REASONS = {
    CallReason.NOT_A_NUMBER: LegReason.NOT_A_NUMBER,
    CallReason.NO_TRUNK: LegReason.NO_TRUNK,
    CallReason.ADDRESS_NOT_ALLOWED: LegReason.ADDRESS_NOT_ALLOWED,
    CallReason.DESTINATION_NOT_ALLOWED: LegReason.DESTINATION_NOT_ALLOWED,
    CallReason.AGENT_SPEND_LIMIT: LegReason.AGENT_SPEND_LIMIT,
    CallReason.AGENT_CALLS_LIMIT: LegReason.AGENT_CALLS_LIMIT,
    CallReason.AGENT_COUNTRIES_LIMIT: LegReason.AGENT_COUNTRIES_LIMIT,
    CallReason.ACCOUNT_SPEND_LIMIT: LegReason.ACCOUNT_SPEND_LIMIT,
    CallReason.ACCOUNT_CALLS_LIMIT: LegReason.ACCOUNT_CALLS_LIMIT,
    CallReason.ACCOUNT_COUNTRIES_LIMIT: LegReason.ACCOUNT_COUNTRIES_LIMIT,
}
"""A refused try stands among the call's legs by the reason that a refused call would have."""


def ask(facts: Facts, agent: int | None, number: str) -> tuple[Facts, list[Command]]:
    """``agent``: who wants it; None: nobody (an overflow), so the account alone answers for it."""
    facts = replace(facts, passes=facts.passes + 1)
    return facts, [
        AskOutside(
            call_id=facts.id,
            pass_id=pass_id(facts),
            agent=agent,
            number=number,
            route=facts.route,
            # On behalf of a caller the carrier is told the caller's number, unless it wants to be told ours.
            as_ours=facts.caller_agent is not None,
        )
    ]


def pass_id(facts: Facts) -> str:
    """Of the last question."""
    return f"{facts.id}.pass.{facts.passes}"


def let_out(event: OutsideAllowed) -> LetOut:
    return LetOut(event.pass_id, event.allowance, event.agent)


def refused(facts: Facts, event: OutsideRefused) -> Facts:
    """The try stands among the call's legs, with the reason why it was none."""
    why = LEG_REASONS.get(event.reason, LegReason.NOT_REACHED)
    tried = Stretch(LegKind.OUTSIDE, event.at, event.agent, event.number, why, until=event.at)
    return replace(facts, stretches=arrangement.begin(facts.stretches, tried))


def unused(event: OutsideAllowed) -> list[Command]:
    """It came too late: nothing will be called, nothing is spent."""
    return [SettleSpending(event.pass_id, 0)]


def timer(leg: Leg) -> str:
    return f"budget.{leg.ordinal}"


def talks(leg: Leg) -> list[Command]:
    """It answered: from now on it uses up what was set aside."""
    if leg.let_out is None or leg.let_out.allowance is None:
        return []
    return [SetTimer(timer(leg), leg.let_out.allowance)]


def over(leg: Leg, at: int) -> list[Command]:
    """It ended: what was not used is given back."""
    if leg.let_out is None:
        return []
    talked = leg.let_out.before + (0 if leg.answered_at is None else max(0, at - leg.answered_at))
    timers: list[Command] = [] if leg.let_out.allowance is None else [CancelTimer(timer(leg))]
    return [*timers, SettleSpending(leg.let_out.pass_id, talked)]
