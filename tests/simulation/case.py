"""One simulated call, seen from outside the engine: what is true of it, beside what the core believes.

Owns: the notes. Must not: decide anything.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from ari_app.core.call import Call
from ari_app.core.events import Event
from models.values.cdr import CallRecord, LegRecord


class Violation(AssertionError):
    """Something that must never happen did."""


@dataclass(slots=True)
class CallerPlan:
    """What the caller will do. ``patience``: ms until giving up (None: never). ``talk``: ms of talk."""

    called: str
    number: str | None
    patience: float | None
    talk: float
    ender: str
    """Who ends the talk: caller, agent, both, desk or administrator."""
    message: float = 0.0
    """How long they speak at the beep, ms."""
    by: str = ""
    """How an agent makes this call: ``dialled`` on their phone, or ``click``; empty: a caller from outside."""
    agent: int = 0
    """Who makes it."""
    keys: tuple[tuple[float, str], ...] = ()
    """When they press which key, ms after their arrival."""


@dataclass(slots=True, eq=False)
class Case:
    id: str
    plan: CallerPlan
    call: Call | None = None
    """The core's model; None before its arrival was told, and while no engine is there."""
    life: int = 0
    """Grows when the engine is killed: what was started before it is void."""
    over: bool = False
    steps: int = 0
    mailbox: deque[Event] = field(default_factory=deque)
    awake: bool = False
    """The call's task is about to look into its mailbox."""
    timers: dict[str, int] = field(default_factory=dict)
    in_flight: int = 0
    """Orders, answers and events on their way, and channels that are just being born or buried."""
    settled: set[str] = field(default_factory=set)
    """Legs whose pop was acknowledged, or waited for long enough."""
    shown_at: dict[int, float] = field(default_factory=dict)
    acked: set[int] = field(default_factory=set)
    last: CallRecord | None = None
    """The record as the database has it."""
    opened_at: float = 0.0
    """When it was first written."""
    answered_at: int | None = None
    """The answer as first written."""
    closed: tuple[CallRecord, tuple[LegRecord, ...]] | None = None
    joined_at: float | None = None
    """When the switch first said that the two are in the bridge."""
    talked: bool = False
    """They heard each other."""
    answered: dict[str, float] = field(default_factory=dict)
    """Leg -> when its phone was picked up."""
    passes: list[str] = field(default_factory=list)
    """Numbers outside that the gate let out and that were not called yet, as they are dialled."""
    kept: str | None = None
    """The message or the number that the core told to keep."""
    # What went wrong, and so what is forgiven:
    doubt: bool = False
    """News was lost: model and switch may disagree until a timer or the next comparison."""
    missed: bool = False
    """It lived through a gap: an end may be told late, with its true time."""
    unended: bool = False
    """The order to end something was not carried out or not answered: a stray may be named to the reaper."""
    late: bool = False
    """An order was carried out long after its time-out, or a call was adopted: the reaper may find more."""
    restarted: bool = False
    unrecorded: bool = False
    """It ended while no engine was there: its record comes from Asterisk's own log (``core.cel``)."""
