"""A histogram of short times, kept in memory: how long a pop took to be acknowledged by a browser.

Owns: the counting and the quantiles. Must not: know what was timed, or a clock.
"""

from __future__ import annotations

import math
from typing import Any, Final

_FIRST: Final = 0.00005
_GROWTH: Final = 1.1
_BUCKETS: Final = 140  # up to 30 s


class AckTimes:
    """Logarithmic buckets, each 10 % wider than the last, from 50 microseconds: a quantile is right within 10 %."""

    def __init__(self) -> None:
        self._counts = [0] * (_BUCKETS + 1)
        self._sum = 0.0
        self._max = 0.0
        self.count = 0

    def add(self, seconds: float) -> None:
        """Count one time; a negative one counts as zero, one over 30 s in the last bucket."""
        seconds = max(0.0, seconds)
        index = 0 if seconds <= _FIRST else math.ceil(math.log(seconds / _FIRST, _GROWTH))
        self._counts[min(index, _BUCKETS)] += 1
        self.count += 1
        self._sum += seconds
        self._max = max(self._max, seconds)

    def quantile(self, q: float) -> float | None:
        """The time in seconds below which the fraction `q` lies (upper edge of its bucket); None: nothing counted."""
        if not self.count:
            return None
        wanted = max(1, math.ceil(q * self.count))
        seen = 0
        for index, count in enumerate(self._counts):
            seen += count
            if seen >= wanted:
                return min(self._max, _FIRST * _GROWTH**index)
        return self._max

    def summary(self) -> dict[str, Any]:
        """Count, mean, p50, p95, p99 and maximum; times in ms, None when nothing counted."""

        def ms(seconds: float | None) -> float | None:
            return None if seconds is None else round(seconds * 1000, 3)

        mean = self._sum / self.count if self.count else None
        return {
            "count": self.count,
            "mean": ms(mean),
            "p50": ms(self.quantile(0.5)),
            "p95": ms(self.quantile(0.95)),
            "p99": ms(self.quantile(0.99)),
            "max": ms(self._max if self.count else None),
        }
