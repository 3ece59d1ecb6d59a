"""An inbound call from its arrival to an agent's answer: the phases Waiting and Alerting, and the way into the others.

Owns: ``arrive`` and ``step``. Must not: do any of it; it says what is to be done.

Every phase answers every event, in writing: the outer ``match`` is on the phase, the inner on the event, and both
end in ``assert_never``, so mypy finds the one that was forgotten.
"""

from __future__ import annotations

from typing import assert_never

from ari_app.core import agents, cdr, gate, joining, legs, outbound, queueing, refer, talking, tape, voicemail
from ari_app.core.call import (
    LONGEST_WAIT,
    Alerting,
    Announcing,
    Call,
    Clearing,
    Ended,
    Facts,
    LeavingMessage,
    Leg,
    Legs,
    LegState,
    Policy,
    Preparing,
    Reaching,
    Talking,
    Waiting,
    ring_timer,
)
from ari_app.core.caller import caller_known, caller_left
from ari_app.core.commands import (
    CancelTimer,
    Command,
    CreateLeg,
    DialLeg,
    LookUpCaller,
    SeekAgents,
    SetTimer,
    StopSeeking,
    WriteRecord,
)
from ari_app.core.ending import Step, announce, announcing, clear, clearing, ended, give_back
from ari_app.core.events import (
    AgentsOffered,
    AllowanceGranted,
    AnswerRequested,
    CallerArrived,
    CallerKnown,
    ChannelGone,
    ChannelLeft,
    CommandDone,
    CommandFailed,
    DtmfReceived,
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
    OutsideAllowed,
    OutsideRefused,
    PartyGiven,
    PhoneTransfers,
    PlaceTold,
    PlaybackFinished,
    PopShown,
    QueueFull,
    QueueNews,
    TalkRequest,
    TimerFired,
)
from models.values.call import Direction, LegOutcome, Outcome
from models.values.reasons import CallReason, LegReason
from models.values.replacing import replace
from models.values.routing import RoutingSnapshot


def arrive(event: CallerArrived, snapshot: RoutingSnapshot, policy: Policy) -> Step:
    """A caller entered the application: the new call and what to do first. The call's id is the channel's."""
    route = snapshot.resolve(event.called_number)
    facts = Facts(
        id=event.channel,
        direction=Direction.INBOUND,
        caller_channel=event.channel,
        called_number=event.called_number,
        calling_number=event.calling_number,
        caller_name=event.caller_name,
        route=route,
        policy=policy,
        offered_at=event.at,
        centers=snapshot.call_centers,
    )
    commands: list[Command] = [WriteRecord(cdr.opening(facts))]
    if route is None:
        call, more = announce(facts, Legs(), Outcome.UNKNOWN_NUMBER, CallReason.UNKNOWN_NUMBER, cause=1)
        return call, commands + more
    call, more = queueing.seek(facts, Legs(), route, event.at)
    return call, [*commands, *more, LookUpCaller(facts.id, facts.calling_number)]


def step(call: Call, event: Event) -> Step:
    """The one transition function: what the call is after this event, and what is to be done for it."""
    if isinstance(event, ChannelGone) and event.with_switch:
        call = replace(call, facts=replace(call.facts, switch_died=True))
    if isinstance(event, OutsideAllowed) and not isinstance(call, Waiting | Talking):
        return call, gate.unused(event)
    if isinstance(event, PhoneTransfers) and not isinstance(call, Talking):
        return refer.no(call, event)
    if isinstance(event, LineAsked) and not isinstance(call, Talking | Reaching):
        return joining.asked(call, event)
    if isinstance(event, PartyGiven) and not isinstance(call, Talking):
        return call, joining.unwanted(call, event)
    match call:
        case Waiting():
            return _waiting(call, event)
        case Alerting():
            return _alerting(call, event)
        case Preparing():
            return outbound.preparing(call, event)
        case Reaching():
            return outbound.reaching(call, event)
        case Talking():
            if isinstance(event, AllowanceGranted) or outbound.runs_out(event):
                return tape.follow(outbound.budget(call, event), event.at)
            return talking.step(call, event)
        case Announcing():
            return announcing(call, event)
        case LeavingMessage():
            return voicemail.step(call, event)
        case Clearing():
            return clearing(call, event)
        case Ended():
            return ended(call, event)
        case _:
            assert_never(call)


def _waiting(call: Waiting, event: Event) -> Step:
    facts = call.facts
    match event:
        case AgentsOffered():
            return _offer(call, event)
        case NobodyCanCome(call_center=center):
            return (call, []) if queueing.is_stale(facts, center) else queueing.nobody_there(call, event.at)
        case QueueFull(call_center=center):
            return (call, []) if queueing.is_stale(facts, center) else queueing.full(call, event.at)
        case PlaceTold():
            return queueing.place_told(call, event)
        case OutsideAllowed():
            return queueing.outside_allowed(call, event)
        case OutsideRefused():
            return queueing.outside_refused(call, event)
        case DtmfReceived():
            return queueing.key(call, event)
        case PlaybackFinished():
            return queueing.said(call, event)
        case CallerKnown():
            return caller_known(call, event, call.legs.live)
        case TimerFired(name=name):
            if name == legs.LEFTOVERS:
                return call, legs.end_leftovers(call.legs)
            return queueing.longest_wait_over(call, event.at) if name == LONGEST_WAIT else queueing.timer(call, name)
        case ChannelLeft(channel=channel) | ChannelGone(channel=channel) if channel == facts.caller_channel:
            return _caller_gone(call, event)
        case HangupRequested(agent=None):
            return clear(call, Outcome.FAILED, CallReason.ENDED_BY_ADMINISTRATOR, event.at)
        case LegReady() | LegAnswered() | ChannelGone():
            return _late(call, event)
        case CommandFailed(command=CreateLeg(channel=channel), timed_out=False):
            return _late(call, ChannelGone(event.at, channel))
        case CommandFailed():
            return call, legs.unended(facts, call.legs, event)
        case (
            PopShown()
            | LegRinging()
            | LegRefused()
            | FarHalfArrived()
            | AnswerRequested()
            | HangupRequested()
            | ChannelLeft()
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


def _alerting(call: Alerting, event: Event) -> Step:
    facts = call.facts
    match event:
        case AgentsOffered():
            return _offer(call, event)
        case LegReady(channel=channel):
            return _on_leg(call, channel, lambda leg: legs.ready(facts, leg), event.at)
        case PopShown(agent=agent):
            leg = call.legs.of(agent)
            return _on(call, leg, lambda leg: legs.pop_settled(facts, leg, shown=True), event.at)
        case LegRinging(channel=channel, at=at):
            return _ringing(call, channel, at)
        case LegAnswered(channel=channel, at=at):
            leg = call.legs.on(channel)
            if leg is None or not leg.live:
                return _late(call, event)
            return talking.enter(call, leg, at)
        case LegRefused(channel=channel, refusal=refusal, at=at):
            outcome = legs.outcome_of_refusal(refusal)
            refused = LegReason.REFUSED_BY_PHONE
            return _on_leg(call, channel, lambda leg: legs.end(facts, leg, outcome, at, reason=refused), at)
        case FarHalfArrived(leg=channel, channel=far):
            return _on_leg(call, channel, lambda leg: legs.far_half(leg, far), event.at)
        case AnswerRequested(agent=agent):
            return _on(call, call.legs.of(agent), lambda leg: legs.answer_wanted(call.facts, leg), event.at)
        case HangupRequested(agent=None, at=at):
            return clear(call, Outcome.FAILED, CallReason.ENDED_BY_ADMINISTRATOR, at)
        case HangupRequested(agent=int(agent), at=at):
            leg = call.legs.of(agent)
            declined = LegReason.DECLINED_ON_DESK
            return _on(call, leg, lambda leg: legs.end(facts, leg, LegOutcome.REFUSED, at, reason=declined), at)
        case ChannelLeft(channel=channel) | ChannelGone(channel=channel) if channel == facts.caller_channel:
            return _caller_gone(call, event)
        case ChannelGone(channel=channel, cause=cause, at=at):
            leg = call.legs.on(channel)
            if leg is not None and channel == leg.far_half:
                return call, []  # its near half tells
            outcome = legs.outcome_of_cause(cause)
            why = legs.reason_of(outcome)
            return _on(call, leg, lambda leg: legs.end(facts, leg, outcome, at, cause=cause, reason=why, gone=True), at)
        case ChannelLeft():
            return call, []  # an agent's channel: its ChannelGone has the cause
        case TimerFired(name=name, at=at):
            return _timer(call, name, at)
        case CallerKnown():
            return caller_known(call, event, call.legs.live)
        case PlaceTold():
            return queueing.place_told(call, event)
        case DtmfReceived():
            return queueing.key(call, event)
        case PlaybackFinished():
            return queueing.said(call, event)
        case CommandFailed():
            return _failed(call, event)
        case NobodyCanCome() | CallerArrived() | CommandDone():
            return call, []
        case MediaNews() | TalkRequest() | QueueNews() | OutboundNews():
            return call, []
        case HangupRequested():
            return call, []
        case _:
            assert_never(event)


# ------------------------------------------------------------------------------------------------ the ways


def _offer(call: Waiting | Alerting, event: AgentsOffered) -> Step:
    facts = call.facts
    if facts.overflow is not None or queueing.is_stale(facts, event.call_center):
        return call, give_back(call, event)
    commands: list[Command] = []
    if isinstance(call, Waiting):
        facts = replace(facts, offers=facts.offers + 1)
        ring_ms = (facts.route.ring_seconds if facts.route else 0) * 1000
        commands.append(SetTimer(ring_timer(facts), ring_ms))
    all_legs, made = legs.offer(facts, call.legs, event.agents, event.at)
    return Alerting(facts, all_legs), made + commands


def _on_leg(call: Alerting, channel: str, change: legs.Change, at: int) -> Step:
    return _on(call, call.legs.on(channel), change, at)


def _on(call: Alerting, leg: Leg | None, change: legs.Change, at: int) -> Step:
    """Change one leg; when no live one is left, look for agents again."""
    if leg is None:
        return call, []
    changed, commands = change(leg)
    return _settle(replace(call, legs=call.legs.put(changed)), commands, at)


def _settle(call: Alerting, commands: list[Command], at: int) -> Step:
    if call.legs.live:
        return call, commands
    facts = call.facts
    commands = [*commands, CancelTimer(ring_timer(facts))]
    waiting = Waiting(facts, call.legs)
    if facts.overdue or facts.route is None:
        after, more = queueing.nobody_came(waiting, at)
        return after, commands + more
    return waiting, [*commands, SeekAgents(facts.id, facts.route, facts.queued_at, kept=True)]


def _ringing(call: Alerting, channel: str, at: int) -> Step:
    leg = call.legs.on(channel)
    if leg is None or not leg.live or leg.ringing_at is not None:
        return call, []
    leg = replace(leg, state=LegState.RINGING, ringing_at=at)
    return replace(call, legs=call.legs.put(leg)), agents.update(call.facts, leg, {"phase": "ringing"})


def _timer(call: Alerting, name: str, at: int) -> Step:
    facts = call.facts
    if name == LONGEST_WAIT:
        # The phones that ring may ring on to the end of this offer; then nobody else is looked for.
        commands: list[Command] = [StopSeeking(facts.id)]
        return replace(call, facts=replace(facts, overdue=True)), commands
    if name == legs.LEFTOVERS:
        return call, legs.end_leftovers(call.legs)
    if name == ring_timer(facts):
        remaining, ending = legs.end_all(facts, call.legs, LegOutcome.NO_ANSWER, at, reason=LegReason.RING_TIME_OVER)
        return _settle(replace(call, legs=remaining), ending, at)
    for leg in call.legs.live:
        if name == legs.pop_timer(leg):
            return _on(call, leg, lambda leg: legs.pop_settled(facts, leg, shown=False), at)
    return queueing.timer(call, name)


def _failed(call: Alerting, event: CommandFailed) -> Step:
    facts, at = call.facts, event.at
    match event.command:
        case CreateLeg(channel=channel) if event.status == 409:
            return call, []  # the same id twice: the channel is there already
        case CreateLeg(channel=channel) | DialLeg(channel=channel):
            # Refused at once: it does not exist. Timed out: it may, so it is hung up.
            unmade = isinstance(event.command, CreateLeg) and not event.timed_out
            return _on_leg(
                call,
                channel,
                lambda leg: legs.end(facts, leg, LegOutcome.UNREACHABLE, at, reason=LegReason.NOT_REACHED, gone=unmade),
                at,
            )
        case _:
            return call, legs.unended(facts, call.legs, event)


def _caller_gone(call: Waiting | Alerting, event: ChannelLeft | ChannelGone) -> Step:
    gone = caller_left(call, event)
    return clear(gone, Outcome.ABANDONED, CallReason.CALLER_GAVE_UP, event.at)


def _late(call: Waiting | Alerting, event: LegReady | LegAnswered | ChannelGone) -> Step:
    """Something of a leg whose end was ordered: see that it ends."""
    leg = call.legs.on(event.channel)
    if leg is None:
        return call, []
    changed, commands = legs.late(call.facts, leg, event)
    return replace(call, legs=call.legs.put(changed)), commands
