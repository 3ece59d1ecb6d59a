"""The engine's clock: milliseconds since the Unix epoch that never run backwards.

Owns: the one place where the engine reads the time. Must not: be read by the core (time is an argument there).

The monotonic clock carries it, so a wall clock that is set back does not make a call end before it began. One that is
ahead of it by more than a second (set forward, or the machine slept) is followed, so that CDRs keep the true date.
"""

from __future__ import annotations

import time
from collections.abc import Callable

FOLLOW_SECONDS = 1.0


class Clock:
    """`clock()` is now in whole milliseconds. The sources of time can be given, for tests."""

    def __init__(self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._offset = wall() - monotonic()

    def __call__(self) -> int:
        monotonic = self._monotonic()
        ahead = self._wall() - monotonic - self._offset
        if ahead > FOLLOW_SECONDS:
            self._offset += ahead
        return int((monotonic + self._offset) * 1000)


now_ms = Clock()
