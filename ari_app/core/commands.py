"""What the core wants done: the vocabulary the shell carries out, in the order given.

Every command is safe to repeat: the ids in it were chosen by us and are derived from the call's
(``<call>.agent.2``, ``<call>.bridge``). Four families: to the switch (ARI), to the agents' screens, to the
roster, to the records and timers.

Must not: hold anything that only the shell understands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.values.call import LegOutcome
from models.values.cdr import CallRecord, LegRecord
from models.values.routing import CallCenterRoute


# ---------------------------------------------------------------- to the switch
@dataclass(frozen=True, slots=True)
class Ring:
    """``POST /channels/{id}/ring``: the caller hears ringing (180)."""

    channel: str


@dataclass(frozen=True, slots=True)
class Answer:
    """``POST /channels/{id}/answer``."""

    channel: str


@dataclass(frozen=True, slots=True)
class CreateLeg:
    """``POST /channels/create`` for an agent's phone: no INVITE yet. ``agent`` is for the shell's notes only."""

    channel: str
    agent: int
    endpoint: str
    originator: str
    caller_number: str | None
    caller_name: str | None
    virtual: bool = False


@dataclass(frozen=True, slots=True)
class DialLeg:
    """``POST /channels/{id}/dial``: now the phone rings. ``seconds``: Asterisk's own limit, a net under ours."""

    channel: str
    caller: str
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
    """``POST /bridges/{id}/addChannel`` with all these channels at once."""

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


# ---------------------------------------------------------------- to the roster
@dataclass(frozen=True, slots=True)
class SeekAgents:
    """Ask the roster for agents; the answer is ``AgentsOffered`` (now or later) or ``NobodyCanCome``."""

    call_id: str
    route: CallCenterRoute


@dataclass(frozen=True, slots=True)
class StopSeeking:
    """The call does not look for agents any more."""

    call_id: str


@dataclass(frozen=True, slots=True)
class EngageAgent:
    """This agent talks on this call."""

    agent: int
    call_id: str


@dataclass(frozen=True, slots=True)
class ReleaseAgent:
    """This call does not hold the agent any more; ``outcome`` says how the leg ended."""

    agent: int
    call_id: str
    outcome: LegOutcome
    wrap_up_seconds: int = 0


# ---------------------------------------------------------------- records and timers
@dataclass(frozen=True, slots=True)
class LookUpCaller:
    """Read (or make) the contact with this number; the answer is ``CallerKnown``."""

    call_id: str
    calling_number: str | None


@dataclass(frozen=True, slots=True)
class WriteRecord:
    """Remember the call as it stands; the last one has ``ended_at`` and its legs."""

    record: CallRecord
    legs: tuple[LegRecord, ...] = ()


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


SwitchCommand = Ring | Answer | CreateLeg | DialLeg | Hangup | CreateBridge | AddToBridge | DestroyBridge | Play
ScreenCommand = ShowPop | UpdatePop | ClosePop
RosterCommand = SeekAgents | StopSeeking | EngageAgent | ReleaseAgent
OwnCommand = LookUpCaller | WriteRecord | SetTimer | CancelTimer | Forget
Command = SwitchCommand | ScreenCommand | RosterCommand | OwnCommand
