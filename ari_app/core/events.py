"""What can happen to a call: the vocabulary the shell tells the core in.

Every event carries ``at``: the engine's clock in milliseconds since the Unix epoch (it never runs backwards).
Channel ids are Asterisk's ``uniqueid`` strings. Causes are Q.850 numbers as Asterisk reports them, or ``None``
where nobody knows (a channel that was found gone after a lost connection).

Must not: know JSON, ARI's wire format or who is connected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ari_app.core.call import Leg
from ari_app.core.commands import Command
from models.values.reasons import CallReason
from models.values.routing import AgentRoute, Outside
from models.values.story import Skipped


class Refusal(StrEnum):
    """How an agent's leg said no, from the ``dialstatus`` of ARI's Dial event."""

    BUSY = "BUSY"
    NO_ANSWER = "NOANSWER"
    CANCELLED = "CANCEL"
    CONGESTION = "CONGESTION"
    UNREACHABLE = "CHANUNAVAIL"
    DECLINED = "DONTCALL"


@dataclass(frozen=True, slots=True)
class CallerArrived:
    """A caller's channel entered the application (StasisStart with ``inbound``)."""

    at: int
    channel: str
    called_number: str
    calling_number: str | None
    caller_name: str | None


@dataclass(frozen=True, slots=True)
class CallerKnown:
    """The look-up of the caller ended: a card for the pop, and the contact's id (None: withheld number)."""

    at: int
    contact_id: int | None
    card: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AgentsOffered:
    """The roster gives these agents to this call; each is held for it until released."""

    at: int
    agents: tuple[AgentRoute, ...]
    call_center: int | None = None
    """Whose agents they are."""
    skipped: Skipped = ()
    """The others of the call center, each with why not."""


@dataclass(frozen=True, slots=True)
class NobodyCanCome:
    """The roster knows that no agent of this call center is logged in at all."""

    at: int
    call_center: int | None = None
    skipped: Skipped = ()


@dataclass(frozen=True, slots=True)
class LegReady:
    """A leg's channel, made by ``CreateLeg``, entered the application: it may be dialled."""

    at: int
    channel: str


@dataclass(frozen=True, slots=True)
class PopShown:
    """A browser of this agent acknowledged that the pop is on its screen."""

    at: int
    agent: int


@dataclass(frozen=True, slots=True)
class LegRinging:
    """The agent's phone said 180 (Dial event, ``dialstatus=RINGING`` or PROGRESS)."""

    at: int
    channel: str


@dataclass(frozen=True, slots=True)
class LegAnswered:
    """The agent's phone answered (Dial event, ``dialstatus=ANSWER``)."""

    at: int
    channel: str


@dataclass(frozen=True, slots=True)
class LegRefused:
    """The agent's phone will not take the call. The channel's end follows as ``ChannelGone``."""

    at: int
    channel: str
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class FarHalfArrived:
    """The far half of a virtual phone entered the application; answering it answers the leg."""

    at: int
    leg: str
    channel: str


@dataclass(frozen=True, slots=True)
class AnswerRequested:
    """The agent pressed *Contestar* on the desk."""

    at: int
    agent: int


@dataclass(frozen=True, slots=True)
class HangupRequested:
    """The agent (or an administrator: ``agent=None``) asked to end the call, or to decline it while it rings."""

    at: int
    agent: int | None


@dataclass(frozen=True, slots=True)
class ChannelLeft:
    """A channel left the application or asked for its own end; it is as good as gone."""

    at: int
    channel: str
    cause: int | None = None


@dataclass(frozen=True, slots=True)
class ChannelGone:
    """A channel does not exist any more (ChannelDestroyed, a 404, or not listed after a gap)."""

    at: int
    channel: str
    cause: int | None = None
    with_switch: bool = False
    """The switch itself died, or was started anew: nobody hung up."""


@dataclass(frozen=True, slots=True)
class PlaybackFinished:
    """An announcement came to its end, or failed."""

    at: int
    playback: str


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer set by ``SetTimer`` ran out."""

    at: int
    name: str


@dataclass(frozen=True, slots=True)
class CommandFailed:
    """A command did not succeed. ``timed_out``: nobody knows whether it was carried out."""

    at: int
    command: Command
    status: int | None
    reason: str
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class CommandDone:
    """A command succeeded. Told of ``AddToBridge``: from then on two people can hear each other; and of
    ``RemoveFromBridge``: from then on something may be played to who was in it."""

    at: int
    command: Command


# ---------------------------------------------------------------- families
# A phase that has nothing to say to a whole family answers it in one line; what belongs to a family is beside what
# works with it.
@dataclass(frozen=True, slots=True)
class MediaNews:
    """Something that was heard, held or recorded on one of the call's channels."""

    at: int


@dataclass(frozen=True, slots=True)
class DtmfReceived(MediaNews):
    """A key was pressed on this channel (ChannelDtmfReceived): ``0``-``9``, ``*``, ``#``, ``A``-``D``."""

    channel: str
    digit: str


@dataclass(frozen=True, slots=True)
class RecordingFinished(MediaNews):
    """The file of this recording is whole; ``seconds`` as Asterisk says."""

    recording: str
    seconds: int


@dataclass(frozen=True, slots=True)
class RecordingFailed(MediaNews):
    recording: str
    why: str


@dataclass(frozen=True, slots=True)
class DiskFull(MediaNews):
    """There is too little space left for recordings of conversations."""


@dataclass(frozen=True, slots=True)
class DiskFree(MediaNews):
    """There is enough again."""


@dataclass(frozen=True, slots=True)
class PhoneHeld(MediaNews):
    """The phone put the other side on hold (re-INVITE, RFC 3264 section 8.4)."""

    channel: str


@dataclass(frozen=True, slots=True)
class PhoneUnheld(MediaNews):
    channel: str


@dataclass(frozen=True, slots=True)
class PhoneTransfers(MediaNews):
    """A phone asks to be transferred (REFER). ``attended``: with somebody whom it talks to on another line.

    ``other``: the channel of that line (its Replaces); None: the switch does not know such a line.
    """

    channel: str
    number: str
    attended: bool = False
    other: str | None = None


@dataclass(frozen=True, slots=True)
class TalkRequest:
    """An agent (None: an administrator) wants something of the conversation: hold, transfer, record …"""

    at: int
    agent: int | None


@dataclass(frozen=True, slots=True)
class QueueNews:
    """Something about a caller's place in the queue."""

    at: int


@dataclass(frozen=True, slots=True)
class QueueFull(QueueNews):
    """As many wait already as this call center lets wait; the call is not in the queue."""

    call_center: int | None = None


@dataclass(frozen=True, slots=True)
class PlaceTold(QueueNews):
    """The answer to ``AskPlace``: from 1; ``wait_ms``: how long it may take yet, None where nobody can say."""

    place: int
    wait_ms: int | None


@dataclass(frozen=True, slots=True)
class AgentDenied(QueueNews):
    """The roster can't give the agent asked for with ``ClaimAgent``; ``why`` as ``roster.why_not`` says it."""

    agent: int
    why: str


@dataclass(frozen=True, slots=True)
class PhoneBack(QueueNews):
    """The phone in this agent's browser is on the line, and its page has no media of this call."""

    agent: int


@dataclass(frozen=True, slots=True)
class NobodyFree(QueueNews):
    """Nobody of the call center can be rung just now, each for a reason: the call waits. For its story only."""

    skipped: Skipped = ()


@dataclass(frozen=True, slots=True)
class OutboundNews:
    """Something about a call that one of our agents makes."""

    at: int


@dataclass(frozen=True, slots=True)
class AllowanceGranted(OutboundNews):
    """The answer to ``AskAllowance``: the call may go on for so long; ``reason``: why it may not.

    ``of``: what was asked for, the call itself or the pass of one of its legs.
    """

    milliseconds: int | None
    reason: CallReason | None = None
    of: str = ""


@dataclass(frozen=True, slots=True)
class OutsideAllowed(OutboundNews):
    """The answer to ``AskOutside``: this may be called. ``allowance``: ms it may talk; None: no limit."""

    pass_id: str
    agent: int | None
    to: Outside
    allowance: int | None = None


@dataclass(frozen=True, slots=True)
class OutsideRefused(OutboundNews):
    """The answer to ``AskOutside``: it may not."""

    pass_id: str
    agent: int | None
    number: str
    reason: CallReason


@dataclass(frozen=True, slots=True)
class LineAsked(OutboundNews):
    """Another call (``call_id``) and this one are lines of one phone, and its agent wants them joined (``joining``).

    ``by``: the agent's channel there; ``channel``: here. ``since``: its beginning; ``number``: who is there.
    """

    call_id: str
    by: str
    channel: str
    agent: int
    since: int
    number: str
    give: bool = False
    """The other call is the elder: this one gives its party, and asks nothing more."""


@dataclass(frozen=True, slots=True)
class LineRefused(OutboundNews):
    """The answer to ``AskLine`` when it can't be; ``code``: why, in a word that the desk has a sentence for."""

    by: str
    code: str


@dataclass(frozen=True, slots=True)
class PartyGiven(OutboundNews):
    """The agent on ``by`` leaves this call, and ``leg`` comes from their other call in their place.

    ``waits``: that agent's phone waits here to be told (its REFER came on this line).
    """

    by: str
    leg: Leg
    waits: bool

    @property
    def agent(self) -> int | None:
        """Who comes."""
        return self.leg.agent_id

    @property
    def number(self) -> str:
        return self.leg.number


@dataclass(frozen=True, slots=True)
class AgentDials:
    """A number was dialled on a phone of ours (StasisStart with ``outbound``). ``address``: where the phone sits.

    It begins a call, so it is told to none.
    """

    at: int
    channel: str
    endpoint: str
    called_number: str
    address: str | None


Event = (
    CallerArrived
    | CallerKnown
    | AgentsOffered
    | NobodyCanCome
    | LegReady
    | PopShown
    | LegRinging
    | LegAnswered
    | LegRefused
    | FarHalfArrived
    | AnswerRequested
    | HangupRequested
    | ChannelLeft
    | ChannelGone
    | PlaybackFinished
    | TimerFired
    | CommandFailed
    | CommandDone
    | MediaNews
    | TalkRequest
    | QueueNews
    | OutboundNews
)
