"""What a call means to the agent who makes it: their screen and their seat, from the first ring to the end.

Owns: the commands for the calling side when it is one of ours. Must not: change a phase. For a caller from outside
every function gives no commands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ari_app.core import agents
from ari_app.core.call import Facts, Leg, LegState
from ari_app.core.commands import Command, HoldAgent, ReleaseAgent, SettleSpending, ShowPop
from ari_app.core.pops import pop_of
from models.values.call import LegOutcome
from models.values.reasons import LegReason
from models.values.routing import AgentRoute


def side(facts: Facts) -> Leg | None:
    """The calling agent as a leg, for the screens: Click2Dial has one; on a dialled call it is made up."""
    if facts.own is not None or facts.caller_agent is None:
        return facts.own
    return Leg(
        ordinal=0,
        agent=facts.caller_agent,
        channel=facts.caller_channel,
        offered_at=facts.offered_at,
        state=LegState.ANSWERED,
    )


def show(facts: Facts, phase: str) -> tuple[Facts, list[Command]]:
    """The call on the calling agent's screen, before anything rings."""
    leg = side(facts)
    if leg is None or leg.agent is None:
        return facts, []
    return replace(facts, popped=True), [ShowPop(leg.agent.id, facts.id, pop_of(facts, leg) | {"phase": phase})]


def update(facts: Facts, changes: Mapping[str, Any]) -> list[Command]:
    leg = side(facts)
    return agents.update(facts, leg, changes) if leg is not None and facts.popped else []


def hold(facts: Facts, *, talking: bool) -> list[Command]:
    return [HoldAgent(facts.caller_agent.id, facts.id, talking)] if facts.caller_agent else []


def hold_callee(facts: Facts) -> list[Command]:
    """The colleague who is, or will be, rung: no other call may come between."""
    return [HoldAgent(facts.target.id, facts.id, talking=False)] if isinstance(facts.target, AgentRoute) else []


def give_up_callee(facts: Facts) -> list[Command]:
    """They were never rung."""
    if not isinstance(facts.target, AgentRoute):
        return []
    return [ReleaseAgent(facts.target.id, facts.id, LegOutcome.CALLER_GONE)]


def over(facts: Facts, at: int) -> tuple[Facts, list[Command]]:
    """The call ends: the pop stays for the work after it, unless the agent never came to the phone."""
    own = facts.own
    commands: list[Command] = []
    if own is not None and own.ended_at is None:
        answered = own.answered_at is not None
        outcome = LegOutcome.ANSWERED if answered else own.outcome or LegOutcome.FAILED
        own = replace(own, ended_at=max(at, own.answered_at or own.offered_at), outcome=outcome)
        facts = replace(facts, own=own)
    if facts.popped and own is not None and own.answered_at is None:
        commands += agents.close(facts, own, "no_answer" if own.outcome is LegOutcome.NO_ANSWER else "failed")
        facts = replace(facts, popped=False)
    elif facts.popped:
        commands += update(facts, {"phase": "ended", "ended_at": at})
    return facts, commands


def engage(facts: Facts, leg: Leg) -> list[Command]:
    """The colleague who was called is on the line (after a restart)."""
    if leg.agent is None:
        return []
    shown = ShowPop(leg.agent.id, facts.id, pop_of(facts, leg) | {"phase": "talking", "answered_at": leg.answered_at})
    return [*agents.engage(facts, leg), shown]


def leave(facts: Facts, at: int) -> tuple[Facts, list[Command]]:
    """The calling agent leaves a conversation that goes on: their pop stays for the work after it, they are free."""
    if facts.caller_agent is None:
        return facts, []
    wrap_up = facts.route.wrap_up_seconds if facts.route else 0
    commands = update(facts, {"phase": "ended", "ended_at": at})
    commands.append(ReleaseAgent(facts.caller_agent.id, facts.id, LegOutcome.ANSWERED, wrap_up))
    own = replace(facts.own, ended_at=at, outcome=LegOutcome.ANSWERED) if facts.own else None
    return replace(facts, popped=False, handed_on=True, own=own), commands


def release(facts: Facts, *, talk_ms: int, talked: bool) -> list[Command]:
    """Nothing of the call is left: the agent is free, the breaker knows how long it was."""
    if facts.caller_agent is None:
        return []
    # What goes on in another call is settled by that one.
    settled = [] if facts.joined_elsewhere else [SettleSpending(facts.id, talk_ms)]
    if facts.handed_on:
        return list(settled)
    own = facts.own
    if talked:
        wrap_up = facts.route.wrap_up_seconds if facts.route else 0
        return [*settled, ReleaseAgent(facts.caller_agent.id, facts.id, LegOutcome.ANSWERED, wrap_up)]
    missed = own is not None and own.answered_at is None
    outcome = own.outcome if missed and own is not None and own.outcome else LegOutcome.CALLER_GONE
    return [*settled, ReleaseAgent(facts.caller_agent.id, facts.id, outcome)]


def unanswered(facts: Facts, outcome: LegOutcome, reason: LegReason, cause: int | None, at: int) -> Facts:
    """The agent's own phone was not picked up."""
    if facts.own is None:
        return facts
    own = replace(facts.own, outcome=outcome, reason=reason or facts.own.reason, cause=cause, ended_at=at)
    return replace(facts, own=own)
