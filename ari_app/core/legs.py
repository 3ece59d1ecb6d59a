"""An agent's leg, step by step: created, its pop shown, dialled, ended.

Owns: the changes of one leg and the commands they need. Must not: know the call's phase.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ari_app.core import agents, gate, ids
from ari_app.core.call import Facts, Leg, Legs, LegState, LetOut
from ari_app.core.commands import (
    Answer,
    CancelTimer,
    Command,
    CreateLeg,
    DialLeg,
    Hangup,
    SetTimer,
)
from ari_app.core.events import ChannelGone, CommandFailed, LegAnswered, LegReady, Refusal
from models.values.call import LegKind, LegOutcome, PhoneKind
from models.values.reasons import LegReason
from models.values.replacing import replace
from models.values.routing import AgentRoute, Outside

# Asterisk's own limit under our ring timer, in seconds: if we were killed meanwhile, the phone stops by itself.
DIAL_NET = 15

CALL_HEADER = "PJSIP_HEADER(add,X-Centralita-Call)"
"""Setting this variable of a channel puts the header (``dialplan.names.HEADER_CALL``) into its INVITE."""

LEFTOVERS = "leftovers"
"""The timer of a call that goes on while the end of one of its legs could not be ordered."""

Change = Callable[[Leg], tuple[Leg, list[Command]]]

_POP_REASON = {
    LegOutcome.LOST_RACE: "answered_elsewhere",
    LegOutcome.CALLER_GONE: "caller_gone",
    LegOutcome.NO_ANSWER: "no_answer",
    LegOutcome.REFUSED: "declined",
    LegOutcome.BUSY: "declined",
}

_REFUSALS = {
    Refusal.BUSY: LegOutcome.BUSY,
    Refusal.NO_ANSWER: LegOutcome.NO_ANSWER,
    Refusal.CANCELLED: LegOutcome.NO_ANSWER,
    Refusal.DECLINED: LegOutcome.REFUSED,
    Refusal.CONGESTION: LegOutcome.UNREACHABLE,
    Refusal.UNREACHABLE: LegOutcome.UNREACHABLE,
}

# Q.850: 17 user busy, 18 no user responding, 19 no answer, 21 call rejected, 3/20/27/38 no way to the phone.
_CAUSES = {
    17: LegOutcome.BUSY,
    18: LegOutcome.NO_ANSWER,
    19: LegOutcome.NO_ANSWER,
    21: LegOutcome.REFUSED,
    3: LegOutcome.UNREACHABLE,
    20: LegOutcome.UNREACHABLE,
    27: LegOutcome.UNREACHABLE,
    38: LegOutcome.UNREACHABLE,
}


def outcome_of_refusal(refusal: Refusal) -> LegOutcome:
    return _REFUSALS[refusal]


def outcome_of_cause(cause: int | None) -> LegOutcome:
    """What a leg's end by this Q.850 cause means when nothing else said why."""
    return _CAUSES.get(cause or 0, LegOutcome.FAILED)


def reason_of(outcome: LegOutcome) -> LegReason:
    """The words for a leg that ended by itself, told only by its channel's end."""
    if outcome in (LegOutcome.BUSY, LegOutcome.REFUSED):
        return LegReason.REFUSED_BY_PHONE
    return LegReason.NOT_REACHED if outcome is LegOutcome.UNREACHABLE else LegReason.NONE


def pop_timer(leg: Leg) -> str:
    return f"pop.{leg.ordinal}"


def offer(facts: Facts, legs: Legs, chosen: Iterable[AgentRoute], at: int) -> tuple[Legs, list[Command]]:
    """New legs for these agents: the pop goes out first, then the channel is made; nothing rings yet."""
    commands: list[Command] = []
    new: list[Leg] = []
    for agent in chosen:
        ordinal = facts.ordinals_from + len(legs) + len(new) + 1
        leg = Leg(ordinal=ordinal, agent=agent, channel=ids.leg(facts.id, ordinal), offered_at=at)
        new.append(leg)
        commands += [
            *agents.show(facts, leg),
            _made(facts, leg, agent),
            SetTimer(pop_timer(leg), facts.policy.pop_ack),
        ]
    return legs.add(new), commands


def ring_again(facts: Facts, legs: Legs, agent: AgentRoute, at: int) -> tuple[Legs, list[Command]]:
    """A new leg for an agent whose pop is on the screen all the time: nothing is shown, nothing waited for."""
    ordinal = facts.ordinals_from + len(legs) + 1
    leg = Leg(
        ordinal=ordinal,
        agent=agent,
        channel=ids.leg(facts.id, ordinal),
        offered_at=at,
        pop_settled=True,
        answer_wanted=True,
        returns=True,
    )
    return legs.add((leg,)), [_made(facts, leg, agent)]


def _made(facts: Facts, leg: Leg, agent: AgentRoute) -> CreateLeg:
    return CreateLeg(
        channel=leg.channel,
        agent=agent.id,
        endpoint=agent.endpoint or "",
        originator=facts.line,
        caller_number=facts.calling_number,
        caller_name=facts.caller_name,
        virtual=agent.phone_kind is PhoneKind.VIRTUAL,
        variables=headers(facts, agent),
    )


def call_outside(
    facts: Facts, legs: Legs, to: Outside, at: int, let_out: LetOut | None = None
) -> tuple[Legs, list[Command]]:
    """A new leg to a number outside: no screen is waited for, it is dialled as soon as its channel is there."""
    ordinal = facts.ordinals_from + len(legs) + 1
    leg = Leg(
        ordinal=ordinal,
        agent=None,
        channel=ids.outside_leg(facts.id, ordinal),
        offered_at=at,
        number=to.number,
        caller_id=to.caller_id,
        kind=LegKind.OUTSIDE,
        pop_settled=True,
        let_out=let_out,
    )
    return legs.add((leg,)), [
        CreateLeg(
            channel=leg.channel,
            agent=None,
            endpoint=to.endpoint,
            originator=facts.line,
            caller_number=to.caller_id or facts.calling_number,
            caller_name=None,
            variables=shown(to.caller_id) if to.caller_id else (),
        )
    ]


def headers(facts: Facts, agent: AgentRoute) -> tuple[tuple[str, str], ...]:
    """Variables of a new channel: which call its phone rings for, where that is a page that shows the call's pop."""
    return ((CALL_HEADER, facts.id),) if agent.phone_kind is PhoneKind.BROWSER else ()


def shown(number: str, name: str = "") -> tuple[tuple[str, str], ...]:
    """Variables of a new channel: who is calling, as its phone will see it (From, P-Asserted-Identity)."""
    return (("CONNECTEDLINE(num,i)", number), ("CONNECTEDLINE(name,i)", name))


def ready(facts: Facts, leg: Leg) -> tuple[Leg, list[Command]]:
    """The channel entered the application."""
    if not leg.live:
        # Late: its end was ordered before it was there, so that order may have found nothing.
        return replace(leg, state=LegState.ENDING), [Hangup(leg.channel)]
    if leg.state is not LegState.CREATING:
        return leg, []
    leg = replace(leg, state=LegState.READY)
    return _dial_if_due(facts, leg)


def pop_settled(facts: Facts, leg: Leg, *, shown: bool) -> tuple[Leg, list[Command]]:
    """The pop was acknowledged, or the wait for it is over."""
    if leg.pop_settled or not leg.live:
        return leg, []
    leg = replace(leg, pop_settled=True, reason=leg.reason if shown else LegReason.POP_NOT_ACKNOWLEDGED)
    commands: list[Command] = [CancelTimer(pop_timer(leg))] if shown else []
    leg, dial = _dial_if_due(facts, leg)
    return leg, commands + dial


def _dial_if_due(facts: Facts, leg: Leg) -> tuple[Leg, list[Command]]:
    if leg.state is not LegState.READY or not leg.pop_settled:
        return leg, []
    return replace(leg, state=LegState.DIALLED), dial_again(facts, leg)


def dial_again(facts: Facts, leg: Leg) -> list[Command]:
    """Dial it; one that was dialled already says 409 and rings on."""
    seconds = ring_ms(facts, leg) // 1000 + DIAL_NET
    # An agent's own phone (Click2Dial) rings for nobody who is there yet.
    # Nor is the caller's own number to be shown where another one is.
    caller = None if leg.channel == facts.caller_channel or leg.caller_id else facts.line
    return [DialLeg(leg.channel, caller, seconds)]


def ring_ms(facts: Facts, leg: Leg) -> int:
    """How long this leg may ring: a call center says it for its agents, the policy for everybody else."""
    if leg.channel == facts.caller_channel:
        return facts.policy.own_ring
    if leg.agent is None:
        return facts.policy.outside_ring
    if facts.caller_agent is not None:
        return facts.policy.internal_ring
    return facts.route.ring_seconds * 1000 if facts.route else facts.policy.transfer_ring


def far_half(leg: Leg, channel: str) -> tuple[Leg, list[Command]]:
    """A virtual phone's far half is there: answer it now if the agent already asked to."""
    leg = replace(leg, far_half=channel)
    return leg, [Answer(channel)] if leg.answer_wanted and leg.live else []


def answer_wanted(facts: Facts, leg: Leg) -> tuple[Leg, list[Command]]:
    """*Contestar* was pressed. A SIP phone is answered on the phone: nothing to do."""
    if leg.agent is None or not leg.agent.phone_kind.answers_in_desk:
        return leg, []
    in_the_browser = leg.agent.phone_kind is PhoneKind.BROWSER
    leg = replace(leg, answer_wanted=True)
    if in_the_browser:
        # The page that has the phone takes the call; it may be another than the one with the button.
        return leg, agents.update(facts, leg, {"answer": True})
    return leg, [Answer(leg.far_half)] if leg.far_half else []


def end(
    facts: Facts,
    leg: Leg,
    outcome: LegOutcome,
    at: int,
    *,
    cause: int | None = None,
    reason: LegReason = LegReason.NONE,
    gone: bool = False,
) -> tuple[Leg, list[Command]]:
    """A leg that was never talked on ends: phone, pop, hold on the agent. ``gone``: its channel is known to be away."""
    if not leg.live:
        return freed(facts, replace(leg, state=LegState.GONE, cause=leg.cause or cause)) if gone else (leg, [])
    commands: list[Command] = [] if gone else [Hangup(leg.channel)]
    commands.append(CancelTimer(pop_timer(leg)))
    if not leg.returns:
        commands += agents.close(facts, leg, _POP_REASON.get(outcome, "failed"))
        commands += agents.release(facts, leg, outcome)
    commands += gate.over(leg, at)
    return (
        replace(
            leg,
            state=LegState.GONE if gone else LegState.ENDING,
            outcome=outcome,
            # An end that was missed in a gap is told with the time when the gap began.
            ended_at=max(at, leg.ringing_at or leg.offered_at),
            cause=cause if cause is not None else leg.cause,
            reason=reason or leg.reason,
        ),
        commands,
    )


def end_all(
    facts: Facts,
    legs: Legs,
    outcome: LegOutcome,
    at: int,
    *,
    but: int | None = None,
    reason: LegReason = LegReason.NONE,
) -> tuple[Legs, list[Command]]:
    """End every live leg (but the winner's)."""
    commands: list[Command] = []
    for leg in legs.live:
        if leg.ordinal != but:
            changed, more = end(facts, leg, outcome, at, reason=reason)
            legs = legs.put(changed)
            commands += more
    return legs, commands


def late(facts: Facts, leg: Leg, event: LegReady | LegAnswered | ChannelGone) -> tuple[Leg, list[Command]]:
    """News of a leg that was told to end: gone is gone; anything else is told again."""
    if isinstance(event, ChannelGone):
        if event.channel == leg.far_half:
            return leg, []
        cause = leg.cause if leg.cause is not None else event.cause
        return freed(facts, replace(leg, state=LegState.GONE, cause=cause))
    return replace(leg, state=LegState.ENDING), [Hangup(leg.channel)]


def freed(facts: Facts, leg: Leg) -> tuple[Leg, list[Command]]:
    """A leg that was talked on: its agent is free when the phone is, and has the time to write down what was said."""
    if not leg.engaged or leg.exists:
        return leg, []
    wrap_up = facts.route.wrap_up_seconds if facts.route else 0
    return replace(leg, engaged=False), agents.release(facts, leg, LegOutcome.ANSWERED, wrap_up)


def hung_up(facts: Facts, leg: Leg, at: int) -> tuple[Leg, list[Command]]:
    """A leg that is talked on leaves: its pop stays on the screen for the work after the call."""
    commands: list[Command] = agents.update(facts, leg, {"phase": "ended", "ended_at": at})
    if leg.exists:
        commands.append(Hangup(leg.channel))
        leg = replace(leg, state=LegState.ENDING)
    leg = replace(leg, ended_at=max(at, leg.answered_at or at), outcome=LegOutcome.ANSWERED)
    commands += gate.over(leg, at)
    leg, more = freed(facts, leg)
    return leg, commands + more


def unended(facts: Facts, legs: Legs, event: CommandFailed) -> list[Command]:
    """The order to end a leg failed, or nobody knows: its phone must not ring on while the call does."""
    if not isinstance(event.command, Hangup):
        return []
    leg = legs.on(event.command.channel)
    return [SetTimer(LEFTOVERS, facts.policy.clearing)] if leg and leg.exists and not leg.live else []


def end_leftovers(legs: Legs) -> list[Command]:
    """Order the end of every leg again that was told to end and may still be there."""
    return [Hangup(leg.channel) for leg in legs.existing if not leg.live]
