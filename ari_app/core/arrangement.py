"""Who of a conversation is where: together, on hold, or one of them aside with a third.

Owns: the arrangements, one type each with only what it needs, and the stretches of a conversation that its CDR tells.
Must not: know legs, channels' states or commands (``parties``).

    Together ◄──► Holding
       │ ▲
       ▼ │ target refused, cancelled        target answered
    Calling ───────────────────────► Consulting ──► Together (completed: two, or joined: three)
    Together, Holding ──► Returning (an agent's page lost its phone) ──► Together (it rang again), or the queue
       by nobody (blind): answered ──► Together; else the one who transferred, else the call center's queue
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models.values.call import LegKind
from models.values.reasons import LegReason
from models.values.routing import AgentRoute, CallCenterRoute, Outside

Target = AgentRoute | CallCenterRoute | Outside
"""Whom a call is transferred to, or who is consulted."""


class Room(StrEnum):
    """Where a party is."""

    TALK = "talk"
    """In the call's bridge."""
    CONSULT = "consult"
    """In the second bridge."""
    HOLD = "hold"
    """In none, with music."""
    ASIDE = "aside"
    """In none, hearing how the target rings."""


@dataclass(frozen=True, slots=True)
class Together:
    """All are in the call's bridge: two, or more in a conference."""


TOGETHER = Together()


@dataclass(frozen=True, slots=True)
class Holding:
    """``by`` (a channel) holds the line: the others hear music."""

    by: str


@dataclass(frozen=True, slots=True)
class Calling:
    """A target is called. ``by``: who will consult it; None: a blind transfer, the others hear music."""

    by: str | None
    to: Target
    ringing: tuple[int, ...] = ()
    """The legs to it; none yet while the roster is asked."""
    back_to: AgentRoute | None = None
    """Blind: who is rung when the target does not come."""
    last: bool = False
    """Nobody else is tried after this target."""
    leaving: bool = False
    """Only a caller is left: they wait in this call center's queue as soon as they are known to be in no bridge."""


@dataclass(frozen=True, slots=True)
class Consulting:
    """``by`` talks to the target's leg, the others hold; ``swapped``: the other way round."""

    by: str
    target: int
    swapped: bool = False


@dataclass(frozen=True, slots=True)
class Returning:
    """The page that was this agent's phone went away; the phone is rung again as soon as it is back.

    One who is left alone hears music meanwhile; two go on talking.
    """

    agent: AgentRoute
    since: int
    ringing: int | None = None
    """The leg that rings; None: the phone is waited for."""


Arrangement = Together | Holding | Calling | Consulting | Returning


@dataclass(frozen=True, slots=True)
class Asked:
    """Leave was asked for this target, on behalf of ``by`` (a channel): of the roster, or of the gate outside."""

    by: str
    target: AgentRoute | Outside
    blind: bool
    pass_id: str = ""
    """The gate's question."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the conversation, as the CDR's legs tell it. ``until`` None: it lasts."""

    kind: LegKind
    since: int
    agent_id: int | None
    """Who held, transferred, consulted."""
    number: str = ""
    """To whom: a number outside, an agent's endpoint, a call center's name."""
    reason: LegReason = LegReason.NONE
    until: int | None = None
    channel: str = ""
    """Whose stretch it is, where several of a kind may last at once."""


def number_of(target: Target) -> str:
    match target:
        case AgentRoute():
            return target.endpoint or target.name
        case CallCenterRoute():
            return target.name
        case Outside():
            return target.number


def begin(stretches: tuple[Stretch, ...], new: Stretch) -> tuple[Stretch, ...]:
    return (*stretches, new)


def end(
    stretches: tuple[Stretch, ...],
    kind: LegKind,
    at: int,
    reason: LegReason | None = None,
    channel: str | None = None,
) -> tuple[Stretch, ...]:
    """Every stretch of this kind that lasts (on that channel) is over."""
    return tuple(
        Stretch(one.kind, one.since, one.agent_id, one.number, reason or one.reason, max(at, one.since), one.channel)
        if one.kind is kind and one.until is None and channel in (None, one.channel)
        else one
        for one in stretches
    )
