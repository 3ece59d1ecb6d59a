"""The end of a call: the announcement, the clearing, and after.

Owns: the phases Announcing, Clearing and Ended. Must not: leave anything: whatever the call holds (channels, bridge,
agents, timers, an open record) is given back here, or named to the reaper.
"""

from __future__ import annotations

from typing import assert_never

from ari_app.core import calling, cdr, hearing, ids, legs
from ari_app.core.arrangement import Calling, Returning
from ari_app.core.call import (
    LONGEST_WAIT,
    Alerting,
    Announcing,
    Call,
    Clearing,
    Ended,
    Facts,
    LeavingMessage,
    Legs,
    LegState,
    Preparing,
    Reaching,
    Talking,
    Waiting,
    ring_timer,
)
from ari_app.core.caller import caller_known, caller_left
from ari_app.core.commands import (
    Answer,
    CancelTimer,
    Command,
    Continue,
    CreateLeg,
    DestroyBridge,
    Forget,
    Hangup,
    Play,
    ReleaseAgent,
    SetTimer,
    StopSeeking,
    UpdatePop,
    WriteRecord,
)
from ari_app.core.events import (
    AgentsOffered,
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
    MediaNews,
    NobodyCanCome,
    OutboundNews,
    PlaybackFinished,
    PopShown,
    QueueNews,
    TalkRequest,
    TimerFired,
)
from models.values.call import LegOutcome, Outcome
from models.values.reasons import CallReason
from models.values.replacing import replace
from models.values.routing import CallCenterRoute

Step = tuple[Call, list[Command]]

ANNOUNCEMENT = "announcement"
APART = "apart"
"""The timer of ``Talking`` while the two could not be joined."""
CLEARING = "clearing"
RECORDING = "recording"
"""The timer of a caller's message: longer than Asterisk's own limit."""
TRANSFER = "transfer"
"""The timer of a transfer into a call center's queue that goes on inside the conversation."""
OWN_RING = "own_ring"
"""The timer of a calling agent's own phone (Click2Dial)."""
RETURN = "return"
"""The timer of a conversation that waits for an agent's phone."""
RETURN_AGAIN = "return_again"
"""The timer after which such a phone is tried again."""
BUDGET = "budget"
"""The timer of what a call of ours may talk before it asks for more."""


# ------------------------------------------------------------------------------------------------ announcing


def announce(
    facts: Facts,
    all_legs: Legs,
    outcome: Outcome,
    reason: CallReason,
    cause: int,
    *,
    media: tuple[str, ...] | None = None,
) -> Step:
    """Tell the caller why nobody comes; what follows is the end, with this Q.850 ``cause``."""
    if media is None:
        media = facts.policy.unknown_number_media if facts.route is None else facts.policy.nobody_media
    facts, quiet = hearing.hush(facts)
    facts = replace(facts, caller_up=True, hears=replace(facts.hears, playbacks=facts.hears.playbacks + 1))
    commands: list[Command] = [
        StopSeeking(facts.id),
        CancelTimer(LONGEST_WAIT),
        Answer(facts.caller_channel),
        *quiet,
        Play(facts.caller_channel, hearing.playback(facts), hearing.spoken(facts, media)),
        SetTimer(ANNOUNCEMENT, facts.policy.announcement),
    ]
    return Announcing(facts, all_legs, outcome, reason, cause), commands


def announcing(call: Announcing, event: Event) -> Step:
    facts = call.facts
    match event:
        case PlaybackFinished(playback=playback) if playback == hearing.playback(facts):
            return clear(call, call.outcome, call.reason, event.at)
        case TimerFired(name=name):
            if name == legs.LEFTOVERS:
                return call, legs.end_leftovers(call.legs)
            return clear(call, call.outcome, call.reason, event.at) if name == ANNOUNCEMENT else (call, [])
        case CommandFailed(command=Answer(channel=facts.caller_channel) | Play()):
            return clear(call, call.outcome, call.reason, event.at)
        case ChannelLeft(channel=channel) | ChannelGone(channel=channel) if channel == facts.caller_channel:
            return clear(caller_left(call, event), call.outcome, call.reason, event.at)
        case HangupRequested(agent=agent) if agent in (None, facts.caller_agent and facts.caller_agent.id):
            return clear(call, call.outcome, call.reason, event.at)
        case CallerKnown():
            return caller_known(call, event, ())
        case AgentsOffered():
            return call, give_back(call, event)
        case LegReady() | LegAnswered() | ChannelGone():
            return late(call, event)
        case CommandFailed(command=CreateLeg(channel=channel), timed_out=False):
            return late(call, ChannelGone(event.at, channel))
        case CommandFailed():
            return call, legs.unended(facts, call.legs, event)
        case (
            NobodyCanCome()
            | PopShown()
            | LegRinging()
            | LegRefused()
            | FarHalfArrived()
            | AnswerRequested()
            | HangupRequested()
            | ChannelLeft()
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


# ------------------------------------------------------------------------------------------------ clearing


def clear(
    call: Waiting | Alerting | Preparing | Reaching | Talking | Announcing | LeavingMessage,
    outcome: Outcome,
    reason: CallReason,
    at: int,
) -> Step:
    """Order the end of everything this call holds. ``at`` may lie in the past: an end that was missed in a gap."""
    facts, all_legs = call.facts, call.legs
    winner = answered_at = None
    at = max(at, facts.offered_at)
    if facts.switch_died and not isinstance(call, Announcing | LeavingMessage):
        reason = CallReason.SWITCH_DIED
        outcome = outcome if outcome is Outcome.ANSWERED else Outcome.FAILED
    commands: list[Command] = [CancelTimer(legs.LEFTOVERS)]
    match call:
        case Waiting() | Alerting():
            commands += [StopSeeking(facts.id), CancelTimer(LONGEST_WAIT), CancelTimer(ring_timer(facts))]
            commands += [CancelTimer(hearing.NEWS), CancelTimer(hearing.SAYING)]
        case Talking():
            winner, answered_at = call.winner, call.answered_at if call.joined else None
            at = max(at, call.answered_at)
            commands += [CancelTimer(APART), *leave_talk(call), *(CancelTimer(f"keys.{one}") for one in call.keys)]
            commands += wait_no_more(call, at)
        case Announcing():
            commands.append(CancelTimer(ANNOUNCEMENT))
        case LeavingMessage():
            commands += [CancelTimer(hearing.SAYING), CancelTimer(RECORDING)]
        case Preparing() | Reaching():
            own_timers = (legs.pop_timer(facts.own),) if facts.own else ()
            commands += [CancelTimer(name) for name in (ring_timer(facts), OWN_RING, *own_timers)]
            if isinstance(call, Preparing):
                commands += calling.give_up_callee(facts)
        case _:
            assert_never(call)
    if facts.allowance is not None:
        commands.append(CancelTimer(BUDGET))
    facts, shown = calling.over(facts, at)
    commands += shown
    if facts.caller_here and reason is CallReason.AGENT_HUNG_UP and _rates(facts):
        # Of a channel that came through the dialplan to leave us is to be gone (ChannelGone).
        commands.append(Continue(facts.caller_channel, facts.policy.survey_context, "s"))
    elif facts.caller_here:
        commands.append(Hangup(facts.caller_channel, call.cause if isinstance(call, Announcing) else 16))
    for leg in all_legs:
        if leg.state is LegState.ANSWERED or (leg.answered_at is not None and leg.ended_at is None):
            changed, ending = legs.hung_up(facts, leg, at)
        else:
            changed, ending = legs.end(facts, leg, LegOutcome.CALLER_GONE, at)
        commands += ending
        all_legs = all_legs.put(changed)
    if facts.bridged:
        commands.append(DestroyBridge(ids.bridge(facts.id)))
    if facts.consulted:
        commands.append(DestroyBridge(ids.consult(facts.id)))
    commands.append(SetTimer(CLEARING, facts.policy.clearing))
    if facts.talked_from is not None:
        # Whatever came of a transfer: this call was a conversation.
        winner, answered_at, outcome = facts.talked_with, facts.talked_from, Outcome.ANSWERED
    cleared = Clearing(facts, all_legs, outcome, reason, ended_at=at, winner=winner, answered_at=answered_at)
    return _finish_if_clear(cleared, commands)


def _rates(facts: Facts) -> bool:
    """The caller, unless one of ours, is asked to rate the call once the agent has hung up."""
    wanted = facts.route is not None and facts.route.survey
    return wanted and facts.caller_agent is None and bool(facts.policy.survey_context)


def clearing(call: Clearing, event: Event) -> Step:
    facts = call.facts
    match event:
        case ChannelLeft(channel=channel) | ChannelGone(channel=channel) if channel == facts.caller_channel:
            return _finish_if_clear(caller_left(call, event), [])
        case CommandFailed(command=Continue(channel=channel)):
            return call, [Hangup(channel)]
        case ChannelGone():
            return _gone(call, event)
        case CommandFailed(command=CreateLeg(channel=channel), timed_out=False) if event.status != 409:
            return _gone(call, ChannelGone(event.at, channel))
        case CommandFailed(command=DestroyBridge()):
            return replace(call, bridge_stuck=True), []
        case LegReady() | LegAnswered():
            return late(call, event)
        case TimerFired(name=name):
            return _again(call) if name == CLEARING else (call, [])
        case CallerKnown():
            return caller_known(call, event, (leg for leg in call.legs if leg.ordinal == call.winner))
        case AgentsOffered():
            return call, give_back(call, event)
        case (
            NobodyCanCome()
            | PopShown()
            | LegRinging()
            | LegRefused()
            | FarHalfArrived()
            | AnswerRequested()
            | HangupRequested()
            | ChannelLeft()
            | PlaybackFinished()
            | CommandFailed()
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


def _gone(call: Clearing, event: ChannelGone) -> Step:
    leg = call.legs.on(event.channel)
    if leg is None:
        return call, []
    changed, commands = legs.late(call.facts, leg, event)
    return _finish_if_clear(replace(call, legs=call.legs.put(changed)), commands)


def _again(call: Clearing) -> Step:
    """Something has not ended in time: order its end again, and at last leave it to the reaper."""
    facts = call.facts
    left = [leg.channel for leg in call.legs.existing]
    if facts.caller_here:
        left.append(facts.caller_channel)
    if call.tries >= facts.policy.clearing_tries:
        commands: list[Command] = []
        for leg in call.legs.existing:
            commands += legs.freed(facts, replace(leg, state=LegState.GONE))[1]
        return _finish(call, commands, tuple(left))
    again: list[Command] = [Hangup(channel) for channel in left]
    if call.bridge_stuck:
        again += [DestroyBridge(bridge) for bridge in _bridges(facts)]
    again.append(SetTimer(CLEARING, facts.policy.clearing))
    return replace(call, tries=call.tries + 1), again


def _finish_if_clear(call: Clearing, commands: list[Command]) -> Step:
    if call.facts.caller_here or call.legs.existing:
        return call, commands
    return _finish(call, commands, ())


def _finish(call: Clearing, commands: list[Command], strays: tuple[str, ...]) -> Step:
    facts = call.facts
    if call.bridge_stuck:
        strays = (*strays, *_bridges(facts))
    record = cdr.closing(call)
    return Ended(facts, call.legs), [
        *commands,
        CancelTimer(CLEARING),
        *calling.release(facts, talk_ms=record.talk_ms, talked=record.answered_at is not None),
        WriteRecord(record, cdr.legs(call)),
        Forget(facts.id, strays),
    ]


# ------------------------------------------------------------------------------------------------ after


def ended(call: Ended, event: Event) -> Step:
    """Nothing may come to life any more; an agent given late is given back."""
    match event:
        case LegReady(channel=channel) | LegAnswered(channel=channel) | FarHalfArrived(channel=channel):
            return call, [Hangup(channel)]
        case CommandFailed(command=CreateLeg(channel=channel), timed_out=True):
            return call, [Hangup(channel)]
        case AgentsOffered():
            return call, give_back(call, event)
        case (
            NobodyCanCome()
            | PopShown()
            | LegRinging()
            | LegRefused()
            | AnswerRequested()
            | HangupRequested()
            | ChannelLeft()
            | ChannelGone()
            | PlaybackFinished()
            | CommandFailed()
            | CommandDone()
            | CallerArrived()
            | CallerKnown()
            | TimerFired()
            | MediaNews()
            | TalkRequest()
            | QueueNews()
            | OutboundNews()
        ):
            return call, []
        case _:
            assert_never(event)


def _bridges(facts: Facts) -> tuple[str, ...]:
    return (ids.bridge(facts.id), ids.consult(facts.id)) if facts.consulted else (ids.bridge(facts.id),)


def leave_talk(call: Talking) -> list[Command]:
    """What only a conversation has: the timers of a target that rings, the search for agents to transfer to."""
    match call.arrangement:
        case Calling(to=to):
            seeking: list[Command] = [StopSeeking(call.facts.id)] if isinstance(to, CallCenterRoute) else []
            return [*seeking, CancelTimer(ring_timer(call.facts)), CancelTimer(TRANSFER)]
        case _:
            return []


def wait_no_more(call: Talking, at: int) -> list[Command]:
    """The agent whose phone was waited for is out of the conversation: time to write down what was said."""
    now = call.arrangement
    if not isinstance(now, Returning):
        return []
    wrap_up = call.facts.route.wrap_up_seconds if call.facts.route else 0
    return [
        CancelTimer(RETURN),
        CancelTimer(RETURN_AGAIN),
        UpdatePop(now.agent.id, call.facts.id, {"phase": "ended", "ended_at": at, "returning": False}),
        ReleaseAgent(now.agent.id, call.facts.id, LegOutcome.ANSWERED, wrap_up),
    ]


def give_back(call: Call, event: AgentsOffered) -> list[Command]:
    """Nobody is looked for any more: these agents are free for others."""
    return [ReleaseAgent(agent.id, call.facts.id, LegOutcome.CALLER_GONE) for agent in event.agents]


def late(call: Announcing | LeavingMessage | Clearing, event: LegReady | LegAnswered | ChannelGone) -> Step:
    """Something of a leg whose end was ordered."""
    leg = call.legs.on(event.channel)
    if leg is None:
        return call, []
    changed, commands = legs.late(call.facts, leg, event)
    return replace(call, legs=call.legs.put(changed)), commands
