"""Virtual time: what happens when, in one thread and without a clock.

Owns: the order of things. Must not: know what they are.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

EPOCH = 1_700_000_000_000.0
"""Where a world's time begins, milliseconds since 1970."""


class Agenda:
    """``now`` is in milliseconds and has fractions, so that any two things can happen in either order."""

    __slots__ = ("_entries", "_number", "now")

    def __init__(self) -> None:
        self.now = EPOCH
        self._entries: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._number = 0

    def after(self, delay: float, what: Callable[..., None], *args: Any) -> None:
        self._number += 1
        heappush(self._entries, (self.now + delay, self._number, what, args))

    def at(self, when: float, what: Callable[..., None], *args: Any) -> None:
        self._number += 1
        heappush(self._entries, (when, self._number, what, args))

    def run(self, until: float, happenings: int) -> bool:
        """Let everything happen; False: there is no end to it before ``until``, or within so many happenings."""
        entries = self._entries
        last = self._number + happenings
        while entries:
            self.now, _, what, args = heappop(entries)
            if self.now > until or self._number > last:
                return False
            what(*args)
        return True
