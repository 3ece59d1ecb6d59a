"""The caller leaves a message: asked for it, a beep, the recording, thanks.

Owns: the phase LeavingMessage. Must not: know where messages are kept (``KeepVoicemail`` is carried out by the shell).

Whatever ends the recording (the key #, quiet, the longest time, the caller's hanging up), what was said is kept,
unless it is too short to be anything.
"""

from __future__ import annotations

from typing import assert_never

from ari_app.core import ending, hearing, ids, legs, marks
from ari_app.core.call import Facts, LeavingMessage, Leg, Legs, LegState
from ari_app.core.caller import caller_known, caller_left
from ari_app.core.commands import (
    Answer,
    CancelTimer,
    Command,
    CreateLeg,
    DropVoicemail,
    KeepVoicemail,
    Play,
    Record,
    SetTimer,
    StopRecording,
)
from ari_app.core.ending import RECORDING, Step, announce, clear, give_back, late
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
    RecordingFailed,
    RecordingFinished,
    TalkRequest,
    TimerFired,
)
from ari_app.core.marks import VoicemailMark
from models.values.call import LegKind, LegOutcome, Outcome
from models.values.reasons import CallReason, LegReason
from models.values.replacing import replace

FILE_FORMAT = "wav"
_NET = 10_000


def begin(facts: Facts, all_legs: Legs, media: tuple[str, ...], at: int) -> Step:
    """The caller hears ``media`` (else what is usual), then the beep."""
    facts, quiet = hearing.hush(facts)
    ordinal = facts.ordinals_from + len(all_legs) + 1
    recording = ids.voicemail(facts.id, ordinal)
    stretch = Leg(ordinal, None, "", at, kind=LegKind.VOICEMAIL, state=LegState.GONE)
    commands: list[Command] = quiet if facts.caller_up else [*quiet, Answer(facts.caller_channel)]
    facts, marked = hearing.mark(replace(facts, caller_up=True), marks.of_voicemail(facts, recording, 0))
    facts, asking = hearing.say(facts, media or facts.policy.spoken.leave_message)
    return LeavingMessage(facts, all_legs.add((stretch,)), recording, ordinal), [*commands, *marked, *asking]


def taken_up(facts: Facts, told: VoicemailMark, at: int) -> Step:
    """A caller found here after an engine's restart: asked again, or what was said so far is kept, with thanks."""
    if not told.began:
        return begin(facts, Legs(), (), at)
    ordinal = facts.ordinals_from + 1
    stretch = Leg(ordinal, None, "", told.began, kind=LegKind.VOICEMAIL, state=LegState.GONE)
    return _spoken(LeavingMessage(facts, Legs((stretch,)), told.recording, ordinal, began=told.began), at)


def step(call: LeavingMessage, event: Event) -> Step:
    facts = call.facts
    match event:
        case PlaybackFinished(playback=playback) if call.began is None and playback == hearing.playback(facts):
            return _record(call, event.at)
        case TimerFired(name=hearing.SAYING) | CommandFailed(command=Play()) if call.began is None:
            return _record(call, event.at)
        case RecordingFinished(recording=call.recording) | TimerFired(name=ending.RECORDING):
            return _spoken(call, event.at)
        case RecordingFailed(recording=call.recording):
            return _not_recorded(call, event.at)
        case CommandFailed(command=Record(), timed_out=False):
            return _not_recorded(call, event.at)
        case ChannelLeft(channel=channel) | ChannelGone(channel=channel) if channel == facts.caller_channel:
            return _hung_up(caller_left(call, event), CallReason.CALLER_GAVE_UP_AT_VOICEMAIL, event.at)
        case HangupRequested(agent=None):
            return _hung_up(call, CallReason.ENDED_BY_ADMINISTRATOR, event.at)
        case TimerFired(name=legs.LEFTOVERS):
            return call, legs.end_leftovers(call.legs)
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
            | TimerFired()
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


def _record(call: LeavingMessage, at: int) -> Step:
    facts, policy = call.facts, call.facts.policy
    facts = replace(facts, hears=replace(facts.hears, playing=False))
    facts, marked = hearing.mark(facts, marks.of_voicemail(facts, call.recording, at))
    return replace(call, facts=facts, began=at), [
        CancelTimer(hearing.SAYING),
        *marked,
        Record(
            call.recording,
            FILE_FORMAT,
            channel=facts.caller_channel,
            seconds=policy.voicemail_longest // 1000,
            silence=policy.voicemail_silence // 1000,
            beep=True,
            ended_by="#",
        ),
        SetTimer(RECORDING, policy.voicemail_longest + _NET),
    ]


def _spoken(call: LeavingMessage, at: int) -> Step:
    """The recording is over, and the caller still there."""
    after, kept, commands = _keep(call, at)
    commands = [CancelTimer(RECORDING), *commands]
    facts = after.facts
    if not kept:
        outcome, reason, media = Outcome.ABANDONED, CallReason.CALLER_GAVE_UP_AT_VOICEMAIL, facts.policy.nobody_media
    else:
        outcome, reason, media = Outcome.VOICEMAIL, CallReason.LEFT_A_VOICEMAIL, facts.policy.spoken.message_kept
    call_after, more = announce(facts, after.legs, outcome, reason, cause=16, media=media)
    return call_after, commands + more


def _not_recorded(call: LeavingMessage, at: int) -> Step:
    after = _stretch(call, LegOutcome.FAILED, LegReason.NOT_RECORDED, at)
    reason = CallReason.VOICEMAIL_NOT_RECORDED
    call_after, more = announce(after.facts, after.legs, Outcome.FAILED, reason, cause=41)
    return call_after, [CancelTimer(RECORDING), *more]


def _hung_up(call: LeavingMessage, otherwise: CallReason, at: int) -> Step:
    after, kept, commands = _keep(call, at)
    if kept:
        ended, more = clear(after, Outcome.VOICEMAIL, CallReason.LEFT_A_VOICEMAIL, at)
    else:
        gone = otherwise is CallReason.CALLER_GAVE_UP_AT_VOICEMAIL
        ended, more = clear(after, Outcome.ABANDONED if gone else Outcome.FAILED, otherwise, at)
    return ended, commands + more


def _keep(call: LeavingMessage, at: int) -> tuple[LeavingMessage, bool, list[Command]]:
    """What was said so far is kept, if it is anything."""
    facts = call.facts
    if call.began is None:
        return _stretch(call, LegOutcome.CALLER_GONE, LegReason.MESSAGE_TOO_SHORT, at), False, []
    stop: list[Command] = [StopRecording(call.recording)]
    if at - call.began < facts.policy.voicemail_shortest:
        after = _stretch(call, LegOutcome.CALLER_GONE, LegReason.MESSAGE_TOO_SHORT, at)
        return after, False, [*stop, DropVoicemail(call.recording)]
    after = _stretch(call, LegOutcome.ANSWERED, LegReason.MESSAGE_KEPT, at)
    center = facts.route.id if facts.route else None
    keep = KeepVoicemail(facts.id, call.recording, center, facts.calling_number, facts.contact_id, call.began)
    return after, True, [*stop, keep]


def _stretch(call: LeavingMessage, outcome: LegOutcome, reason: LegReason, at: int) -> LeavingMessage:
    """The voicemail's own line among the call's legs comes to its end."""
    leg = next(leg for leg in call.legs if leg.ordinal == call.stretch)
    answered_at = call.began if outcome is LegOutcome.ANSWERED else None
    ended = replace(leg, outcome=outcome, reason=reason, answered_at=answered_at, ended_at=max(at, leg.offered_at))
    return replace(call, legs=call.legs.put(ended))
