"""What the core wants done: the vocabulary the shell carries out, in the order given.

Every command is safe to repeat: the ids in it were chosen by us and are derived from the call's
(``<call>.agent.2``, ``<call>.bridge``). Its families: to the switch (ARI), to the agents' screens, to the
roster and the agents' other calls, to the records and timers.

Must not: hold anything that only the shell understands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ari_app.core.call import Leg
from models.values.call import LegOutcome
from models.values.cdr import CallRecord, LegRecord
from models.values.recording import Cut
from models.values.routing import CallCenterRoute


# ---------------------------------------------------------------- to the switch
@dataclass(frozen=True, slots=True)
class Ring:
    """``POST /channels/{id}/ring``: the caller hears ringing (180)."""

    channel: str


@dataclass(frozen=True, slots=True)
class StopRinging:
    """``DELETE /channels/{id}/ring``: the ringing tone on a channel that was answered."""

    channel: str


@dataclass(frozen=True, slots=True)
class Answer:
    """``POST /channels/{id}/answer``."""

    channel: str


@dataclass(frozen=True, slots=True)
class CreateLeg:
    """``POST /channels/create`` for a phone: no INVITE yet.

    ``endpoint``: an agent's number, or ``<number>@<trunk>``. ``agent`` is for the shell's notes only; None: outside.
    ``originator``: the channel it is made for, None when there is none yet. ``variables`` are set on the channel.
    """

    channel: str
    agent: int | None
    endpoint: str
    originator: str | None
    caller_number: str | None
    caller_name: str | None
    virtual: bool = False
    variables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DialLeg:
    """``POST /channels/{id}/dial``: now the phone rings. ``seconds``: Asterisk's own limit, a net under ours."""

    channel: str
    caller: str | None
    seconds: int


@dataclass(frozen=True, slots=True)
class Hangup:
    """``DELETE /channels/{id}``; a 404 is success and comes back as ``ChannelGone``."""

    channel: str
    cause: int = 16


@dataclass(frozen=True, slots=True)
class CreateBridge:
    """``POST /bridges/{id}`` of type mixing."""

    bridge: str
    name: str


@dataclass(frozen=True, slots=True)
class AddToBridge:
    """``POST /bridges/{id}/addChannel`` with all these channels, at once but for those that are ``absorbing``."""

    bridge: str
    channels: tuple[str, ...]
    absorbing: tuple[str, ...] = ()
    """Those of them whose keys do not reach the others (``absorbDTMF``): we listen to them for codes."""


@dataclass(frozen=True, slots=True)
class RemoveFromBridge:
    """``POST /bridges/{id}/removeChannel``: these wait outside it, still in the application."""

    bridge: str
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DestroyBridge:
    """``DELETE /bridges/{id}``; a 404 is success."""

    bridge: str


@dataclass(frozen=True, slots=True)
class Play:
    """``POST /channels/{id}/play/{playbackId}`` of one or several ``sound:`` media."""

    channel: str
    playback: str
    media: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StopPlayback:
    """``DELETE /playbacks/{id}``; a 404 is success."""

    playback: str


@dataclass(frozen=True, slots=True)
class StartMusic:
    """``POST /channels/{id}/moh``. ``music``: a class of musiconhold.conf, None for its default."""

    channel: str
    music: str | None = None


@dataclass(frozen=True, slots=True)
class StopMusic:
    """``DELETE /channels/{id}/moh``."""

    channel: str


@dataclass(frozen=True, slots=True)
class Mute:
    """``POST /channels/{id}/mute``: ``in``: what this party says is not heard."""

    channel: str
    direction: str = "in"


@dataclass(frozen=True, slots=True)
class Unmute:
    """``DELETE /channels/{id}/mute``."""

    channel: str
    direction: str = "in"


@dataclass(frozen=True, slots=True)
class SendDtmf:
    """``POST /channels/{id}/dtmf``: these keys are pressed towards this channel (RFC 4733)."""

    channel: str
    digits: str


@dataclass(frozen=True, slots=True)
class Record:
    """``POST /channels/{id}/record`` or ``/bridges/{id}/record``: whichever of the two ids is given.

    ``seconds``: the longest it may become, ``silence``: of quiet that end it; 0: no limit. The end is told by
    ``RecordingFinished`` or ``RecordingFailed``. ``once``: a file of this name is never written over.
    """

    recording: str
    file_format: str
    channel: str | None = None
    bridge: str | None = None
    seconds: int = 0
    silence: int = 0
    beep: bool = False
    ended_by: str = "none"
    once: bool = False


@dataclass(frozen=True, slots=True)
class StopRecording:
    """``POST /recordings/live/{name}/stop``: it is kept. A 404 is success."""

    recording: str


@dataclass(frozen=True, slots=True)
class PauseRecording:
    """``POST /recordings/live/{name}/pause``."""

    recording: str


@dataclass(frozen=True, slots=True)
class ResumeRecording:
    """``DELETE /recordings/live/{name}/pause``."""

    recording: str


@dataclass(frozen=True, slots=True)
class SetVariable:
    """``POST /channels/{id}/variable``."""

    channel: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Continue:
    """``POST /channels/{id}/continue``: the channel leaves us for the dialplan; its ``ChannelLeft`` follows."""

    channel: str
    context: str
    extension: str


@dataclass(frozen=True, slots=True)
class TellTransfer:
    """``POST /channels/{id}/transfer_progress``: what became of the transfer that this phone asked for (its NOTIFY)."""

    channel: str
    state: str


TRANSFER_ANSWERED = "channel_answered"
TRANSFER_DECLINED = "channel_declined"
"""Nobody was called."""
TRANSFER_UNAVAILABLE = "channel_unavailable"
"""The target did not come."""


# ---------------------------------------------------------------- to the screens
@dataclass(frozen=True, slots=True)
class ShowPop:
    """Put this call on the agent's screen; the first acknowledgement comes back as ``PopShown``."""

    agent: int
    call_id: str
    pop: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UpdatePop:
    """Change what the pop shows (a delta: only the keys named)."""

    agent: int
    call_id: str
    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ClosePop:
    """Take the call off the agent's screen: it went to somebody else, or was never taken."""

    agent: int
    call_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReportProblem:
    """What this agent asked for could not be done; the page has the words for ``code``."""

    agent: int
    call_id: str
    code: str


# ---------------------------------------------------------------- to the roster
@dataclass(frozen=True, slots=True)
class SeekAgents:
    """Ask the roster for agents; the answer is ``AgentsOffered`` (now or later), ``NobodyCanCome`` or ``QueueFull``.

    ``since``: the call's place in the queue, by arrival. ``kept``: it is in the queue already, full or not.
    """

    call_id: str
    route: CallCenterRoute
    since: int
    kept: bool = False


@dataclass(frozen=True, slots=True)
class AskPlace:
    """Ask the roster for the call's place in its queue; the answer is ``PlaceTold``, or none if it waits no more."""

    call_id: str


@dataclass(frozen=True, slots=True)
class StopSeeking:
    """The call does not look for agents any more."""

    call_id: str


@dataclass(frozen=True, slots=True)
class FindTarget:
    """Who has this number, pressed or dialled by the agent? The transfer or consultation follows, or a problem's code.

    It comes back as ``TransferRequested`` (``blind``) or ``ConsultRequested``, as if asked for on the desk.
    """

    agent: int
    call_id: str
    number: str
    blind: bool


@dataclass(frozen=True, slots=True)
class AskLine:
    """Ask the call that has the channel ``other``: the same agent's second line. ``LineAsked`` there says the rest.

    Who gives its party answers with ``HandOver``; else ``LineRefused`` comes back.
    """

    call_id: str
    by: str
    other: str
    agent: int
    since: int
    number: str
    give: bool = False


@dataclass(frozen=True, slots=True)
class RefuseLine:
    """The answer to the call ``to`` which asked: ``LineRefused``."""

    to: str
    by: str
    code: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """From now on this leg's channel belongs to the call ``to``, and so does its agent: ``PartyGiven`` tells it.

    If that call is over by now, the leg is hung up: there is nobody to talk to.
    """

    call_id: str
    to: str
    by: str
    leg: Leg
    waits: bool


@dataclass(frozen=True, slots=True)
class ClaimAgent:
    """Ask the roster for this very agent: ``AgentsOffered``, or ``AgentDenied``.

    ``back``: a call that this agent transferred comes back to them; their work after it does not stand against it.
    """

    agent: int
    call_id: str
    back: bool = False


@dataclass(frozen=True, slots=True)
class AskPhone:
    """Is the phone in this agent's browser on the line? ``PhoneBack`` now or when it is; ``AgentDenied``: never."""

    agent: int
    call_id: str


@dataclass(frozen=True, slots=True)
class EngageAgent:
    """This agent talks on this call."""

    agent: int
    call_id: str


@dataclass(frozen=True, slots=True)
class HoldAgent:
    """This agent makes this call: nobody rings them. ``talking``: they are on the line (else their phone rings)."""

    agent: int
    call_id: str
    talking: bool


@dataclass(frozen=True, slots=True)
class ReleaseAgent:
    """This call does not hold the agent any more; ``outcome`` says how the leg ended."""

    agent: int
    call_id: str
    outcome: LegOutcome
    wrap_up_seconds: int = 0
    pause_after: int = 0
    """Set to paused after so many calls in a row that were not taken; 0: never."""


# ---------------------------------------------------------------- records and timers
@dataclass(frozen=True, slots=True)
class LookUpCaller:
    """Read (or make) the contact with this number; the answer is ``CallerKnown``."""

    call_id: str
    calling_number: str | None


@dataclass(frozen=True, slots=True)
class KeepVoicemail:
    """The message in this recording is whole, or as whole as it gets: keep it."""

    call_id: str
    recording: str
    call_center: int | None
    calling_number: str | None
    contact_id: int | None
    at: int


@dataclass(frozen=True, slots=True)
class DropVoicemail:
    """Nothing was said into this recording."""

    recording: str


@dataclass(frozen=True, slots=True)
class KeepRecording:
    """This part of the call's recording is over: see that it is, and keep it. ``cuts``: what is missing in it."""

    call_id: str
    recording: str
    part: int
    began: int
    ended: int
    call_center: int | None
    cuts: tuple[Cut, ...] = ()


@dataclass(frozen=True, slots=True)
class KeepCallback:
    """The caller wants to be called back, and keeps the place in the queue: that of one who came ``since``."""

    call_id: str
    call_center: int
    number: str
    contact_id: int | None
    since: int


@dataclass(frozen=True, slots=True)
class WriteRecord:
    """Remember the call as it stands; the last one has ``ended_at`` and its legs."""

    record: CallRecord
    legs: tuple[LegRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class AskAllowance:
    """A call of ours wants to talk on; the answer is ``AllowanceGranted``. ``call_id``: its own, or a leg's pass."""

    call_id: str


@dataclass(frozen=True, slots=True)
class AskOutside:
    """May this number be called from a call that goes on? ``OutsideAllowed`` or ``OutsideRefused``.

    ``pass_id`` names it in the ledger; ``agent`` None: nobody's wish, the account's. ``as_ours``: our number is shown.
    """

    call_id: str
    pass_id: str
    agent: int | None
    number: str
    route: CallCenterRoute | None
    as_ours: bool


@dataclass(frozen=True, slots=True)
class SettleSpending:
    """A call of ours is over and was talked on for so long. ``call_id``: its own, or the pass of one of its legs."""

    call_id: str
    talk_ms: int


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Fire ``TimerFired(name)`` after so many milliseconds; the same name again replaces it."""

    name: str
    milliseconds: int


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Forget that timer; one that is not set is no error."""

    name: str


@dataclass(frozen=True, slots=True)
class Forget:
    """The call is over and holds nothing: drop it from the registry, its timers with it."""

    call_id: str
    strays: tuple[str, ...] = field(default=())


LineCommand = (
    Ring
    | StopRinging
    | Answer
    | CreateLeg
    | DialLeg
    | Hangup
    | CreateBridge
    | AddToBridge
    | RemoveFromBridge
    | DestroyBridge
)
MediaCommand = (
    Play
    | StopPlayback
    | StartMusic
    | StopMusic
    | Mute
    | Unmute
    | SendDtmf
    | Record
    | StopRecording
    | PauseRecording
    | ResumeRecording
    | SetVariable
    | Continue
    | TellTransfer
)
SwitchCommand = LineCommand | MediaCommand
ScreenCommand = ShowPop | UpdatePop | ClosePop | ReportProblem
RosterCommand = (
    SeekAgents | AskPlace | StopSeeking | FindTarget | ClaimAgent | AskPhone | EngageAgent | HoldAgent | ReleaseAgent
)
SecondLineCommand = AskLine | RefuseLine | HandOver
KeepCommand = KeepVoicemail | DropVoicemail | KeepRecording | KeepCallback | WriteRecord
OwnCommand = LookUpCaller | KeepCommand | AskAllowance | AskOutside | SettleSpending | SetTimer | CancelTimer | Forget
Command = SwitchCommand | ScreenCommand | RosterCommand | SecondLineCommand | OwnCommand
