"""A call that one of our agents makes: the phases Preparing and Reaching, and the way into the others.

Owns: Click2Dial (``click``), a number dialled on a phone (``dial``), calls between agents. Must not: judge whether it
may be made (``permit``), or do any of it.

The calling side is the agent's channel: on a dialled call their phone's own, on a Click2Dial one that we make and that
is answered before anybody else is called.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from ari_app.core import agents, calling, cdr, gate, joining, legs, marks, talking
from ari_app.core.call import Clearing, Facts, Leg, Legs, LegState, Policy, Preparing, Reaching, Talking, ring_timer
from ari_app.core.caller import caller_known, caller_left
from ari_app.core.commands import (
    AskAllowance,
    CancelTimer,
    Command,
    CreateLeg,
    DialLeg,
    LookUpCaller,
    ReleaseAgent,
    Ring,
    SetTimer,
    WriteRecord,
)
from ari_app.core.ending import BUDGET, OWN_RING, Step, announce, clear
from ari_app.core.events import (
    AgentDials,
    AgentsOffered,
    AllowanceGranted,
    AnswerRequested,
    CallerArrived,
    CallerKnown,
    ChannelGone,
    ChannelLeft,
    CommandDone,
    CommandFailed,
    Event,
    FarHalfArrived,
    HangupRequested,
    LegAnswered,
    LegReady,
    LegRefused,
    LegRinging,
    LineAsked,
    MediaNews,
    NobodyCanCome,
    OutboundNews,
    PlaybackFinished,
    PopShown,
    QueueNews,
    TalkRequest,
    TimerFired,
)
from ari_app.core.permit import Permit, Refused
from models.values.call import Direction, LegOutcome, Outcome, PhoneKind
from models.values.cdr import CallRecord
from models.values.reasons import CallReason, LegReason
from models.values.routing import AgentRoute, CallCenterRoute, Outside

# Phones that know one of the two pick up by themselves: Call-Info (Snom, Yealink, Grandstream …: RFC 3261 section 20.9
# with the parameter of draft-ietf-sip-answermode) and Alert-Info (Polycom, Cisco …).
AUTO_ANSWER = (
    ("PJSIP_HEADER(add,Call-Info)", "<sip:centralita>;answer-after=0"),
    ("PJSIP_HEADER(add,Alert-Info)", "<http://centralita>;info=alert-autoanswer;delay=0"),
)

_UNREACHED = {
    LegOutcome.BUSY: (Outcome.BUSY, CallReason.PARTY_BUSY, 17),
    LegOutcome.NO_ANSWER: (Outcome.NO_ANSWER, CallReason.PARTY_DID_NOT_ANSWER, 19),
    LegOutcome.REFUSED: (Outcome.BUSY, CallReason.PARTY_REFUSED, 21),
}


@dataclass(frozen=True, slots=True)
class ClickToDial:
    """A Click2Dial that may be made. ``call_id`` was chosen with ``ids.click2dial``."""

    at: int
    call_id: str
    agent: AgentRoute
    route: CallCenterRoute | None


def dial(
    event: AgentDials,
    agent: AgentRoute | None,
    route: CallCenterRoute | None,
    verdict: Permit | Refused,
    policy: Policy,
) -> Step:
    """A number was dialled on this agent's phone (None: the phone is nobody's)."""
    facts = _facts(event.at, event.channel, agent, route, verdict, policy)
    if agent is None:
        facts = replace(facts, calling_number=event.endpoint)
    opened: list[Command] = [WriteRecord(cdr.opening(facts)), *calling.hold(facts, talking=True)]
    if isinstance(verdict, Refused):
        call, more = announce(
            facts, Legs(), verdict.outcome, verdict.reason, cause=21, media=_spoken(facts, verdict.reason)
        )
        return call, opened + more
    facts, shown = calling.show(facts, "calling")
    call, more = reach(facts, event.at)
    return call, [*opened, *shown, *_look_up(facts), *more]


def click(request: ClickToDial, permit: Permit, policy: Policy) -> Step:
    """Click2Dial: the customer's card on the agent's screen, then the agent's phone, then the customer."""
    facts = _facts(request.at, request.call_id, request.agent, request.route, permit, policy)
    own = Leg(ordinal=1, agent=request.agent, channel=facts.caller_channel, offered_at=request.at)
    if request.agent.phone_kind.answers_in_desk:
        own = replace(own, answer_wanted=True)  # they asked for it
    facts, shown = calling.show(replace(facts, own=own, ordinals_from=1), "offered")
    commands: list[Command] = [
        WriteRecord(cdr.opening(facts)),
        *calling.hold(facts, talking=False),
        *calling.hold_callee(facts),
        *shown,
        CreateLeg(
            channel=own.channel,
            agent=request.agent.id,
            endpoint=request.agent.endpoint or "",
            originator=None,
            caller_number=None,
            caller_name=None,
            virtual=request.agent.phone_kind is PhoneKind.VIRTUAL,
            variables=(
                (marks.VARIABLE, marks.of_click(facts)),
                # What the phone shows of who is calling: whom it will be connected to.
                *legs.shown(facts.called_number),
                *legs.headers(facts, request.agent),
                *(AUTO_ANSWER if request.agent.phone_kind is PhoneKind.SIP else ()),
            ),
        ),
        SetTimer(legs.pop_timer(own), policy.pop_ack),
        SetTimer(OWN_RING, policy.own_ring),
        *_look_up(facts),
    ]
    return Preparing(facts, Legs()), commands


def refused(request: ClickToDial, verdict: Refused, policy: Policy) -> CallRecord:
    """The record of a Click2Dial that may not be made: nothing rings, and the history says why."""
    facts = _facts(request.at, request.call_id, request.agent, request.route, verdict, policy)
    return cdr.closing(Clearing(facts, Legs(), verdict.outcome, verdict.reason, ended_at=request.at))


def _facts(
    at: int,
    call_id: str,
    agent: AgentRoute | None,
    route: CallCenterRoute | None,
    verdict: Permit | Refused,
    policy: Policy,
) -> Facts:
    inside = isinstance(verdict, Permit) and isinstance(verdict.target, AgentRoute)
    inside = inside or (isinstance(verdict, Refused) and verdict.reason in _INSIDE)
    return Facts(
        id=call_id,
        direction=Direction.INTERNAL if inside else Direction.OUTBOUND,
        caller_channel=call_id,
        called_number=verdict.number,
        calling_number=agent.endpoint if agent else None,
        caller_name=agent.name if agent else None,
        # Nobody is billed for a call between agents.
        route=None if inside else route,
        policy=policy,
        offered_at=at,
        caller_agent=agent,
        target=verdict.target if isinstance(verdict, Permit) else None,
        allowance=verdict.allowance if isinstance(verdict, Permit) else None,
    )


_INSIDE = (CallReason.PARTY_ON_ANOTHER_CALL, CallReason.PARTY_NOT_ALLOWED)


def _look_up(facts: Facts) -> list[Command]:
    """The card of whom we call; a colleague has none."""
    return [LookUpCaller(facts.id, facts.called_number)] if facts.direction is Direction.OUTBOUND else []


def _spoken(facts: Facts, reason: CallReason) -> tuple[str, ...]:
    return facts.policy.refusal_media.get(reason, facts.policy.unknown_number_media)


# ------------------------------------------------------------------------------------------------ the agent's own phone


def preparing(call: Preparing, event: Event) -> Step:
    facts = call.facts
    own = facts.own
    assert own is not None
    match event:
        case LegReady(channel=channel) if channel == own.channel:
            return _own(call, legs.ready(facts, own))
        case PopShown(agent=agent) if agent == own.agent_id:
            return _own(call, legs.pop_settled(facts, own, shown=True))
        case LegRinging(channel=channel, at=at) if channel == own.channel:
            if own.ringing_at is not None:
                return call, []
            ringing = replace(own, state=LegState.RINGING, ringing_at=at)
            return _own(call, (ringing, calling.update(facts, {"phase": "ringing"})))
        case LegAnswered(channel=channel, at=at) if channel == own.channel:
            return _own_answered(call, own, at)
        case FarHalfArrived(leg=channel, channel=far) if channel == own.channel:
            return _own(call, legs.far_half(own, far))
        case AnswerRequested(agent=agent) if agent == own.agent_id:
            return _own(call, legs.answer_wanted(facts, own))
        case LegRefused(channel=channel, refusal=refusal, at=at) if channel == own.channel:
            return _own_missed(call, legs.outcome_of_refusal(refusal), LegReason.REFUSED_BY_PHONE, None, at)
        case ChannelLeft(channel=channel) if channel == own.channel:
            return call, []  # its ChannelGone has the cause
        case ChannelGone(channel=channel, cause=cause, at=at) if channel == own.channel:
            outcome = legs.outcome_of_cause(cause)
            return _own_missed(caller_left(call, event), outcome, legs.reason_of(outcome), cause, at)
        case TimerFired(name=name, at=at):
            if name == legs.pop_timer(own):
                return _own(call, legs.pop_settled(facts, own, shown=False))
            if name == OWN_RING:
                return _own_missed(call, LegOutcome.NO_ANSWER, LegReason.RING_TIME_OVER, None, at)
            return call, []
        case HangupRequested(agent=agent, at=at) if agent in (None, own.agent_id):
            missed = calling.unanswered(facts, LegOutcome.REFUSED, LegReason.DECLINED_ON_DESK, None, at)
            reason = CallReason.AGENT_GAVE_UP if agent is not None else CallReason.ENDED_BY_ADMINISTRATOR
            return clear(replace(call, facts=missed), Outcome.ABANDONED, reason, at)
        case CommandFailed(command=CreateLeg(channel=channel) | DialLeg(channel=channel), at=at):
            if event.status == 409 or channel != own.channel:
                return call, []
            unmade = isinstance(event.command, CreateLeg) and not event.timed_out
            gone = replace(call, facts=replace(facts, caller_here=not unmade))
            return _own_missed(gone, LegOutcome.UNREACHABLE, LegReason.NOT_REACHED, None, at)
        case CallerKnown():
            return caller_known(call, event, ())
        case AgentsOffered():
            return call, [ReleaseAgent(agent.id, facts.id, LegOutcome.CALLER_GONE) for agent in event.agents]
        case (
            LegReady()
            | PopShown()
            | LegRinging()
            | LegAnswered()
            | FarHalfArrived()
            | AnswerRequested()
            | LegRefused()
            | ChannelLeft()
            | ChannelGone()
            | HangupRequested()
            | CommandFailed()
            | NobodyCanCome()
            | PlaybackFinished()
            | CommandDone()
            | CallerArrived()
            | MediaNews()
            | TalkRequest()
            | QueueNews()
            | OutboundNews()
        ):
            return call, []
        case _:
            assert_never(event)


def _own(call: Preparing, changed: tuple[Leg, list[Command]]) -> Step:
    own, commands = changed
    return replace(call, facts=replace(call.facts, own=own)), commands


def _own_answered(call: Preparing, own: Leg, at: int) -> Step:
    own = replace(own, state=LegState.ANSWERED, answered_at=at, outcome=LegOutcome.ANSWERED)
    facts = replace(call.facts, own=own, caller_up=True)
    reached, commands = reach(facts, at)
    return reached, [
        CancelTimer(OWN_RING),
        CancelTimer(legs.pop_timer(own)),
        *calling.hold(facts, talking=True),
        *calling.update(facts, {"phase": "calling"}),
        *commands,
    ]


def _own_missed(call: Preparing, outcome: LegOutcome, reason: LegReason, cause: int | None, at: int) -> Step:
    """The agent did not come to the phone: nobody is called."""
    facts = calling.unanswered(call.facts, outcome, reason, cause, at)
    unreached = outcome in (LegOutcome.UNREACHABLE, LegOutcome.FAILED)
    why = CallReason.AGENT_PHONE_NOT_REACHED if unreached else CallReason.AGENT_DID_NOT_ANSWER
    ended = Outcome.FAILED if unreached else Outcome.NO_ANSWER
    return clear(replace(call, facts=facts), ended, why, at)


# ------------------------------------------------------------------------------------------------ whom they call


def reach(facts: Facts, at: int) -> Step:
    """The agent is on the line: call whom they want."""
    facts = replace(facts, offers=1)
    # Not a playback of a tone: an agent whose phone sends no media would never be joined with whom they called
    # (docs/asterisk-notes.md).
    commands: list[Command] = [Ring(facts.caller_channel)]
    facts = replace(facts, hears=replace(facts.hears, ringing=facts.caller_up))
    match facts.target:
        case AgentRoute() as callee:
            commands += calling.hold_callee(facts)
            all_legs, made = legs.offer(facts, Legs(), (callee,), at)
        case Outside() as to:
            all_legs, made = legs.call_outside(facts, Legs(), to, at)
        case None:
            return clear(Reaching(facts, Legs()), Outcome.FAILED, CallReason.ENGINE_RESTARTED, at)
        case _:
            assert_never(facts.target)
    leg = all_legs.all[-1]
    commands += [*made, SetTimer(ring_timer(facts), legs.ring_ms(facts, leg))]
    return Reaching(facts, all_legs), commands


def reaching(call: Reaching, event: Event) -> Step:
    facts = call.facts
    match event:
        case ChannelLeft(channel=channel) | ChannelGone(channel=channel) if channel == facts.caller_channel:
            return clear(caller_left(call, event), Outcome.ABANDONED, CallReason.AGENT_GAVE_UP, event.at)
        case LegReady(channel=channel):
            return _on(call, call.legs.on(channel), lambda leg: legs.ready(facts, leg))
        case PopShown(agent=agent):
            return _on(call, call.legs.of(agent), lambda leg: legs.pop_settled(facts, leg, shown=True))
        case LegRinging(channel=channel, at=at):
            return _ringing(call, channel, at)
        case LegAnswered(channel=channel, at=at):
            leg = call.legs.on(channel)
            if leg is None or not leg.live:
                return _late(call, event)
            return _answered(call, leg, at)
        case LegRefused(channel=channel, refusal=refusal, at=at):
            outcome = legs.outcome_of_refusal(refusal)
            return _unreached(call, call.legs.on(channel), outcome, at, reason=LegReason.REFUSED_BY_PHONE)
        case ChannelGone(channel=channel, cause=cause, at=at):
            leg = call.legs.on(channel)
            if leg is None or channel == leg.far_half:
                return call, []
            outcome = legs.outcome_of_cause(cause)
            return _unreached(call, leg, outcome, at, cause=cause, reason=legs.reason_of(outcome), gone=True)
        case FarHalfArrived(leg=channel, channel=far):
            return _on(call, call.legs.on(channel), lambda leg: legs.far_half(leg, far))
        case AnswerRequested(agent=agent):
            return _on(call, call.legs.of(agent), lambda leg: legs.answer_wanted(facts, leg))
        case HangupRequested(agent=None, at=at):
            return clear(call, Outcome.FAILED, CallReason.ENDED_BY_ADMINISTRATOR, at)
        case HangupRequested(agent=agent, at=at):
            if facts.caller_agent is not None and agent == facts.caller_agent.id:
                return clear(call, Outcome.ABANDONED, CallReason.AGENT_GAVE_UP, at)
            leg = call.legs.of(agent) if agent is not None else None
            return _unreached(call, leg, LegOutcome.REFUSED, at, reason=LegReason.DECLINED_ON_DESK)
        case LineAsked():
            return joining.asked(call, event)
        case TimerFired(name=name, at=at):
            return _timer(call, name, at)
        case CommandFailed(command=CreateLeg(channel=channel) | DialLeg(channel=channel), at=at):
            if event.status == 409:
                return call, []
            unmade = isinstance(event.command, CreateLeg) and not event.timed_out
            leg = call.legs.on(channel)
            return _unreached(call, leg, LegOutcome.UNREACHABLE, at, reason=LegReason.NOT_REACHED, gone=unmade)
        case CommandFailed():
            return call, legs.unended(facts, call.legs, event)
        case CallerKnown():
            return caller_known(call, event, call.legs.live)
        case AgentsOffered():
            return call, [ReleaseAgent(agent.id, facts.id, LegOutcome.CALLER_GONE) for agent in event.agents]
        case (
            ChannelLeft()
            | NobodyCanCome()
            | PlaybackFinished()
            | CommandDone()
            | CallerArrived()
            | MediaNews()
            | TalkRequest()
            | QueueNews()
            | OutboundNews()
        ):
            return call, []
        case _:
            assert_never(event)


def _on(call: Reaching, leg: Leg | None, change: legs.Change) -> Step:
    if leg is None:
        return call, []
    changed, commands = change(leg)
    return replace(call, legs=call.legs.put(changed)), commands


def _ringing(call: Reaching, channel: str, at: int) -> Step:
    leg = call.legs.on(channel)
    if leg is None or not leg.live or leg.ringing_at is not None:
        return call, []
    leg = replace(leg, state=LegState.RINGING, ringing_at=at)
    shown = agents.update(call.facts, leg, {"phase": "ringing"}) + calling.update(call.facts, {"party_ringing": True})
    return replace(call, legs=call.legs.put(leg)), shown


def _answered(call: Reaching, leg: Leg, at: int) -> Step:
    facts = call.facts
    after: list[Command] = calling.update(facts, {"phase": "talking", "answered_at": at})
    if facts.allowance is not None:
        after.append(SetTimer(BUDGET, facts.allowance))
    talk, commands = talking.enter(call, leg, at)
    return talk, commands + after


def _unreached(
    call: Reaching,
    leg: Leg | None,
    outcome: LegOutcome,
    at: int,
    *,
    cause: int | None = None,
    reason: LegReason = LegReason.NONE,
    gone: bool = False,
) -> Step:
    """The one leg ended: the agent is told why. On a dialled call the phone has its own tones for it."""
    if leg is None:
        return call, []
    facts = call.facts
    was_live = leg.live
    changed, commands = legs.end(facts, leg, outcome, at, cause=cause, reason=reason, gone=gone)
    call = replace(call, legs=call.legs.put(changed))
    if not was_live:
        return call, commands
    ended, why, q850 = _UNREACHED.get(outcome, (Outcome.FAILED, CallReason.PARTY_NOT_REACHED, 20))
    commands.append(CancelTimer(ring_timer(facts)))
    after, more = announce(facts, call.legs, ended, why, cause=q850, media=_spoken(facts, why))
    return after, commands + more


def _timer(call: Reaching, name: str, at: int) -> Step:
    facts = call.facts
    if name == legs.LEFTOVERS:
        return call, legs.end_leftovers(call.legs)
    for leg in call.legs.live:
        if name == legs.pop_timer(leg):
            return _on(call, leg, lambda leg: legs.pop_settled(facts, leg, shown=False))
        if name == ring_timer(facts):
            return _unreached(call, leg, LegOutcome.NO_ANSWER, at, reason=LegReason.RING_TIME_OVER)
    return call, []


def _late(call: Reaching, event: LegReady | LegAnswered | ChannelGone) -> Step:
    leg = call.legs.on(event.channel)
    if leg is None:
        return call, []
    changed, commands = legs.late(call.facts, leg, event)
    return replace(call, legs=call.legs.put(changed)), commands


# ------------------------------------------------------------------------------------------------ what it may cost


def budget(call: Talking, event: Event) -> Step:
    """What was set aside for the conversation, or for one leg of it, is used up, or more was (not) given."""
    match event:
        case AllowanceGranted(reason=None, milliseconds=None):
            return call, []
        case AllowanceGranted() if event.of not in ("", call.facts.id):
            return _leg_budget(call, event)
        case AllowanceGranted(reason=None, milliseconds=int(more)):
            return call, [SetTimer(BUDGET, more)]
        case AllowanceGranted(reason=CallReason() as reason):
            if call.joined:
                return clear(call, Outcome.ANSWERED, reason, event.at)
            return clear(call, Outcome.FAILED, reason, event.at)
        case TimerFired(name=name) if name != BUDGET:
            asks = [leg.let_out.pass_id for leg in call.legs.live if leg.let_out and name == gate.timer(leg)]
            return call, [AskAllowance(pass_id) for pass_id in asks]
        case _:
            return call, [AskAllowance(call.facts.id)]


def _leg_budget(call: Talking, event: AllowanceGranted) -> Step:
    leg = next((leg for leg in call.legs.live if leg.let_out and leg.let_out.pass_id == event.of), None)
    if leg is None:
        return call, []
    if event.reason is not None:
        return talking.budget_over(call, leg, event.reason, event.at)
    return call, [SetTimer(gate.timer(leg), event.milliseconds or 0)]


def runs_out(event: Event) -> bool:
    """A timer of a budget, of the call or of one of its legs."""
    return isinstance(event, TimerFired) and (event.name == BUDGET or event.name.startswith(gate.BUDGET))
