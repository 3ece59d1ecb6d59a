"""Recordings of conversations: when a call center records, and what is known of each file.

Owns: the values, as the core, the writer and the admin share them. Must not: know where a file lies
(`models.recordings`) or decide when one is begun (`ari_app.core.tape`).
"""

from dataclasses import dataclass
from enum import StrEnum


class RecordingMode(StrEnum):
    """A call center's *Grabar*."""

    OFF = "off"
    ALWAYS = "always"
    """From the beginning of every conversation; its agents may pause it, but not end it."""
    AGENT = "agent"
    """An agent who takes part begins it and ends it."""


class RecordingState(StrEnum):
    """Of one file. Each value is what is stored."""

    PENDING = "pending"
    """Still on the switch, on its way to us."""
    KEPT = "kept"
    LOST = "lost"
    """The switch had no such file when it was asked for."""
    FAILED = "failed"
    """There is a file, and it is none that could be heard: `RecordingProblem`."""
    DELETED = "deleted"
    """By retention or by an administrator: the row remains."""


class RecordingProblem(StrEnum):
    """Why a recording failed. Each value is what is stored."""

    EMPTY = "empty"
    """The switch wrote nothing into it: it was killed at once, or its disk was full."""
    NOT_WAV = "not_wav"
    UNREADABLE = "unreadable"
    """The switch can't read its own file."""


class CutWhy(StrEnum):
    """Why a stretch of the conversation is not in the file."""

    AGENT = "agent"
    """The agent paused it: a card number was told, say."""
    HOLD = "hold"
    """Nobody talked to anybody: somebody was on hold, or a third was called or consulted."""


@dataclass(frozen=True, slots=True)
class Cut:
    """`at_ms`: where in the file; `lasted_ms`: how much of the conversation is missing there."""

    at_ms: int
    lasted_ms: int
    why: CutWhy


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """One part of a call's recording, when it is over. `name`: the recording's own, chosen by the core."""

    name: str
    call_id: str
    part: int
    began_at: int
    ended_at: int
    call_center_id: int | None = None
    cuts: tuple[Cut, ...] = ()
