"""What an agent may ask of a conversation, and why it may not be had now.

Owns: the requests, and ``refusal``: the one place that says what is allowed when. Must not: carry anything out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from ari_app.core import tape
from ari_app.core.arrangement import Calling, Consulting, Holding, Returning, Target, Together
from ari_app.core.call import Call, Facts, Talking
from ari_app.core.events import TalkRequest
from ari_app.core.parties import agent_id_on, channel_of, parties
from models.values.recording import RecordingMode
from models.values.routing import AgentRoute


class Refused(StrEnum):
    """Why not. The screens have words for each."""

    NOT_TALKING = "not_talking"
    NOT_YOURS = "not_yours"
    """The agent does not take part in this call."""
    ON_HOLD = "on_hold"
    NOT_ON_HOLD = "not_on_hold"
    CONSULTING = "consulting"
    """A third is being called or consulted: complete or cancel that first."""
    NOT_CONSULTING = "not_consulting"
    NOT_ANSWERED = "not_answered"
    """The third has not answered yet."""
    CONFERENCE = "conference"
    """There are three already."""
    TARGET_IS_HERE = "target_is_here"
    ASKED_ALREADY = "asked_already"
    NEVER_RECORDED = "never_recorded"
    """The call center does not record."""
    ALWAYS_RECORDED = "always_recorded"
    """The call center records all: it may be paused, not ended."""
    RECORDED_ALREADY = "recorded_already"
    NOT_RECORDED = "not_recorded"
    PAUSED_ALREADY = "paused_already"
    NOT_PAUSED = "not_paused"
    REFER_UNKNOWN = "refer_unknown"
    """The phone wants to join this call with a line that is none of ours, or is over."""
    REFER_OTHER = "refer_other"
    """The other line is another agent's, or there are not just two who talk on it."""
    REFER_RINGS = "refer_rings"
    """Whom the agent called on the other line is not being rung yet."""


@dataclass(frozen=True, slots=True)
class HoldRequested(TalkRequest):
    """The others hear music, the agent nothing."""


@dataclass(frozen=True, slots=True)
class UnholdRequested(TalkRequest):
    pass


@dataclass(frozen=True, slots=True)
class MuteRequested(TalkRequest):
    """What the agent says is not heard."""


@dataclass(frozen=True, slots=True)
class UnmuteRequested(TalkRequest):
    pass


@dataclass(frozen=True, slots=True)
class DtmfRequested(TalkRequest):
    """These keys are pressed towards the others."""

    digits: str


@dataclass(frozen=True, slots=True)
class TransferRequested(TalkRequest):
    """Blind: the agent leaves, the others are connected with the target."""

    target: Target


@dataclass(frozen=True, slots=True)
class ConsultRequested(TalkRequest):
    """Attended: the others hold while the agent talks to the target."""

    target: Target


@dataclass(frozen=True, slots=True)
class TargetUnknown(TalkRequest):
    """The answer to ``FindTarget``: nobody has that number, or none that could be called."""

    code: str


@dataclass(frozen=True, slots=True)
class CompleteRequested(TalkRequest):
    """The agent leaves, the others go on with the target (which may still ring)."""


@dataclass(frozen=True, slots=True)
class CancelRequested(TalkRequest):
    """The target leaves, the agent goes on with the others."""


@dataclass(frozen=True, slots=True)
class SwapRequested(TalkRequest):
    """Talk with those who hold, and let the target hold, or the other way round."""


@dataclass(frozen=True, slots=True)
class ConferenceRequested(TalkRequest):
    """All of them together."""


@dataclass(frozen=True, slots=True)
class RecordRequested(TalkRequest):
    """The conversation is recorded from now on."""


@dataclass(frozen=True, slots=True)
class StopRecordRequested(TalkRequest):
    pass


@dataclass(frozen=True, slots=True)
class PauseRecordRequested(TalkRequest):
    """Something will be said that must not be in a recording."""


@dataclass(frozen=True, slots=True)
class ResumeRecordRequested(TalkRequest):
    pass


RecordingRequest = RecordRequested | StopRecordRequested | PauseRecordRequested | ResumeRecordRequested


def refusal(call: Call, request: TalkRequest) -> Refused | None:
    """Why this can't be had now; None: it can."""
    if not isinstance(call, Talking) or not call.joined:
        return Refused.NOT_TALKING
    by = channel_of(call, request.agent)
    if by is None:
        return Refused.NOT_YOURS
    match request:
        case MuteRequested() | UnmuteRequested() | DtmfRequested():
            return None
        case RecordRequested() | StopRecordRequested() | PauseRecordRequested() | ResumeRecordRequested():
            return _of_recording(call.facts, request)
        case TransferRequested(target=target) | ConsultRequested(target=target) if isinstance(target, AgentRoute):
            if target.id in {agent_id_on(call, channel) for channel in parties(call)}:
                return Refused.TARGET_IS_HERE
    return Refused.ASKED_ALREADY if call.asked is not None else _in_arrangement(call, request, by)


def _of_recording(facts: Facts, request: RecordingRequest) -> Refused | None:
    kind, on, held = tape.mode(facts), tape.is_on(facts), facts.tape.held_back
    if kind is RecordingMode.OFF:
        return Refused.NEVER_RECORDED
    match request:
        case RecordRequested():
            return Refused.RECORDED_ALREADY if on and not held and facts.tape.stopped is None else None
        case StopRecordRequested():
            if not on:
                return Refused.NOT_RECORDED
            return Refused.ALWAYS_RECORDED if kind is RecordingMode.ALWAYS else None
        case PauseRecordRequested():
            return Refused.NOT_RECORDED if not on else Refused.PAUSED_ALREADY if held else None
        case ResumeRecordRequested():
            return None if on and held else Refused.NOT_PAUSED
        case _:
            assert_never(request)


def _in_arrangement(call: Talking, request: TalkRequest, by: str) -> Refused | None:
    now = call.arrangement
    match now:
        case Together():
            match request:
                case HoldRequested() | TransferRequested() | ConsultRequested():
                    return Refused.CONFERENCE if len(parties(call)) > 2 else None
                case UnholdRequested():
                    return Refused.NOT_ON_HOLD
                case _:
                    return _needs_a_third(request)
        case Holding(by=holder):
            match request:
                case UnholdRequested():
                    return None if by == holder else Refused.NOT_YOURS
                case TransferRequested() | ConsultRequested():
                    return None if by == holder else Refused.ON_HOLD
                case HoldRequested():
                    return Refused.ON_HOLD
                case _:
                    return _needs_a_third(request)
        case Returning():
            return Refused.NOT_TALKING
        case Calling(by=who) | Consulting(by=who):
            match request:
                case CompleteRequested() | CancelRequested():
                    return None if by == who else Refused.NOT_YOURS
                case SwapRequested() | ConferenceRequested():
                    if by != who:
                        return Refused.NOT_YOURS
                    return None if isinstance(now, Consulting) else Refused.NOT_ANSWERED
                case HoldRequested() | UnholdRequested() | TransferRequested() | ConsultRequested():
                    return Refused.CONSULTING
                case _:
                    return None
        case _:
            assert_never(now)


def _needs_a_third(request: TalkRequest) -> Refused | None:
    match request:
        case CompleteRequested() | CancelRequested() | SwapRequested() | ConferenceRequested():
            return Refused.NOT_CONSULTING
        case _:
            return None
