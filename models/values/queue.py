"""A call center's queue: who waits how, what they hear, and where a call goes that is not taken.

Owns: the settings as a call needs them. Must not: know the columns they are kept in, or what a call does with them.

Media are texts: `sound:<name>` of Asterisk's own, or `prompt:<sha256>` of an uploaded one.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from models.values.hours import Hours

PROMPT: Final = "prompt:"
"""An uploaded message, by the hash of its content."""


class OverflowCause(StrEnum):
    """Why a call center does not take a call."""

    CLOSED = "closed"
    FULL = "full"
    WAITED = "waited"
    NOBODY = "nobody"


class OverflowTo(StrEnum):
    """Where it goes then."""

    MESSAGE = "message"
    VOICEMAIL = "voicemail"
    CALL_CENTER = "call_center"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Overflow:
    """`media` is heard first; empty: what is usual for the cause."""

    to: OverflowTo = OverflowTo.MESSAGE
    media: tuple[str, ...] = ()
    call_center: int | None = None
    number: str = ""


@dataclass(frozen=True, slots=True)
class Queue:
    """The caller is answered at once if there is anything to hear: music, a welcome, announcements or a key."""

    hours: Hours = field(default_factory=Hours)
    priority: int = 5
    """Lower is served first by the agents that call centers share, whatever the time of arrival."""
    max_waiting: int = 0
    """How many may wait at once; 0: any number."""
    music: str | None = None
    """A class of music on hold; None: the ringing tone."""
    welcome: tuple[str, ...] = ()
    announce_seconds: int = 0
    """Between two announcements; 0: none."""
    announce_position: bool = True
    announce_wait: bool = True
    callback_key: str = ""
    voicemail_key: str = ""
    pause_after_misses: int = 0
    """An agent who does not take so many calls in a row is set to paused; 0: never."""
    overflows: tuple[tuple[OverflowCause, Overflow], ...] = ()

    def overflow(self, cause: OverflowCause) -> Overflow:
        return dict(self.overflows).get(cause) or Overflow()

    @property
    def is_heard(self) -> bool:
        """There is more to hear than the ringing tone, so the caller is answered while waiting."""
        keys = self.callback_key or self.voicemail_key
        return bool(self.music is not None or self.welcome or self.announce_seconds or keys)
