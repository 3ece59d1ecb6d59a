"""What happened to a call, entry by entry: the codes that are stored and that the screens have sentences for.

Owns: the vocabulary of *Explicar esta llamada*, why an agent was not rung, and one entry. Must not: hold the words
(`admin.explaining`), or decide what is told (`ari_app.core.story`).
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class StoryCode(StrEnum):
    ARRIVED = "arrived"
    ADOPTED = "adopted"
    """An engine that started found it on the switch."""
    SEEKING = "seeking"
    """Agents of a call center are looked for."""
    PASSED_OVER = "passed_over"
    """Who was not rung at this offer, and why: ``agents`` is a list of [agent, `SkipReason`]."""
    NOBODY_FREE = "nobody_free"
    """Nobody could be rung now, and why, in the same way; the caller waits."""
    NOBODY_CAN_COME = "nobody_can_come"
    """Nobody is at work, and why, in the same way."""
    LEG_MADE = "leg_made"
    LEG_POP_SHOWN = "leg_pop_shown"
    LEG_POP_NOT_SHOWN = "leg_pop_not_shown"
    LEG_DIALLED = "leg_dialled"
    LEG_RINGING = "leg_ringing"
    LEG_ANSWERED = "leg_answered"
    LEG_NOT_TAKEN = "leg_not_taken"
    LEG_OVER = "leg_over"
    """A leg that was answered ended."""
    STRETCH_BEGAN = "stretch_began"
    """A stretch of the call (its ``kind`` is a `LegKind`): a queue, a voicemail, a hold, a transfer …"""
    STRETCH_OVER = "stretch_over"
    PHASE = "phase"
    JOINED = "joined"
    CALLER_KNOWN = "caller_known"
    CALLER_LEFT = "caller_left"
    CENTER_CHANGED = "center_changed"
    TIMER = "timer"
    HAPPENED = "happened"
    """Somebody asked for something, or something was heard: ``what`` is the event's name."""
    TOLD_NOT_POSSIBLE = "told_not_possible"
    """What the agent asked for could not be done; ``why`` is the desk's code for it."""
    ORDERED = "ordered"
    """The switch was told to do something that is heard: ``what`` is the command's name."""
    NOT_DONE = "not_done"
    """The switch did not do what it was told: ``what`` is the command's name."""
    ENDING = "ending"
    CLOSED = "closed"
    LEFT_BEHIND = "left_behind"
    FROM_LOG = "from_log"
    """The engine was not there; Asterisk's event log tells."""
    DEFECT = "defect"
    CUT_SHORT = "cut_short"
    """More happened than is kept."""


class SkipReason(StrEnum):
    """Why an agent of the call center was not rung."""

    NOT_ACTIVE = "not_active"
    NOT_LOGGED_IN = "not_logged_in"
    NO_PHONE = "no_phone"
    ADDRESS_NOT_ALLOWED = "address_not_allowed"
    DESK_CUT_OFF = "desk_cut_off"
    PHONE_OFF = "phone_off"
    """The phone in their browser is not on the line, or has no microphone."""
    ON_ANOTHER_CALL = "on_another_call"
    ON_THIS_CALL = "on_this_call"
    PAUSED = "paused"
    WRAP_UP = "wrap_up"
    OFFLINE = "offline"
    RINGING = "ringing"
    TALKING = "talking"
    RESTING = "resting"
    """Has just not taken a call, and is left alone for some seconds."""
    NOT_THEIR_TURN = "not_their_turn"
    """Was free, but the ring strategy chose another."""
    EARLIER_CALL_FIRST = "earlier_call_first"
    """Was free, but a call that came before this one took the turn."""


Skipped = tuple[tuple[int, SkipReason], ...]
"""Agents by id, each with the reason."""


@dataclass(frozen=True, slots=True)
class CallEvent:
    """One entry. `ordinal` counts from 1 within the call, on and on whatever engine tells it."""

    call_id: str
    ordinal: int
    at: int
    code: StoryCode
    agent_id: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)


AFTERWARDS = 10_000
"""Entries told when all was over, from Asterisk's log, are numbered from here."""


class ReapReason(StrEnum):
    """Why the reaper ended something."""

    NO_CALL_CLAIMS_IT = "no_call_claims_it"
    """It carries our prefix, and no live call has it."""
    ITS_CALL_IS_CLOSED = "its_call_is_closed"
    """Its call could not see it end, and said so when it was closed."""
    HELD_BY_NO_CALL = "held_by_no_call"
    """An agent's seat, held by a call that is not there."""


@dataclass(frozen=True, slots=True)
class ReapedThing:
    """The proof of one thing that was ended. `kind`: channel, bridge or seat."""

    at: int
    thing: str
    kind: str
    call_id: str
    why: ReapReason
