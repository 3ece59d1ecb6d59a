"""Whether the event loop stood still, for how long, and what it was at: every call waits as long.

Owns: the loop's pulse, the thread that looks at it, what both saw; how often this process collects garbage. Must not:
know calls, or cost anything worth measuring.

A pulse every 25 ms is told how late it comes: that is how long the loop stood still, up to one pulse more. While one is
overdue the thread reads off what the loop runs. It sees nothing when the whole process stands still (garbage
collection, an overloaded machine): the first is timed by itself, of the second only the length is told.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import Any, Final

import structlog

log = structlog.get_logger(__name__)

PULSE_SECONDS: Final = 0.025
LIMIT_SECONDS: Final = 0.05
LOG_SECONDS: Final = 1.0
_FRAMES: Final = 6
_NOTHING: Final = "no Python code: the machine, or a thread, had the processor"

# Calls and their events are freed by their last reference, so collections are for the rare cycle. Python's own 700 new
# objects would look for one several times a second.
_THRESHOLDS: Final = (20_000, 20, 50)
# How long a thread may keep the interpreter when the loop wants it. Python's 5 ms is longer than a call's set-up takes.
_SWITCH_SECONDS: Final = 0.0005


def settle() -> None:
    """Everything is built and will stay: no collection need look at it again. Threads give way to the loop sooner."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    sys.setswitchinterval(_SWITCH_SECONDS)


class LoopWatch:
    """`start()` it in the loop it is to watch; `stop()` at the end."""

    def __init__(self, limit: float = LIMIT_SECONDS) -> None:
        self._limit = limit
        self._due = 0.0
        self._pulse: asyncio.TimerHandle | None = None
        self._watched = 0
        self._seen = ""
        """What the loop ran when its pulse was overdue."""
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look_for_ever, name="loop-watch", daemon=True)
        self._collecting_since = 0.0
        self._collected = 0.0
        """Seconds of garbage collection since the last pulse."""
        self._logged_at = 0.0
        self.stalls = 0
        self.worst = 0.0
        self.worst_at: int | None = None
        self.worst_during = ""
        self.collections = 0
        self.worst_collection = 0.0

    def start(self) -> None:
        self._watched = threading.get_ident()
        gc.callbacks.append(self._collection)
        self._next()
        self._thread.start()

    def stop(self) -> None:
        if self._pulse is not None:
            self._pulse.cancel()
        if self._collection in gc.callbacks:
            gc.callbacks.remove(self._collection)
        self._end.set()
        if self._thread.ident is not None:
            self._thread.join(1.0)

    def report(self) -> dict[str, Any]:
        """For the control API. Times in ms, `worst_at` ms since the epoch."""
        return {
            "stalls": self.stalls,
            "limit_ms": round(self._limit * 1000),
            "worst_ms": round(self.worst * 1000, 1),
            "worst_at": self.worst_at,
            "worst_during": self.worst_during,
            "collections": self.collections,
            "worst_collection_ms": round(self.worst_collection * 1000, 1),
        }

    # ------------------------------------------------------------ in the loop
    def _next(self) -> None:
        self._due = time.monotonic() + PULSE_SECONDS
        self._pulse = asyncio.get_running_loop().call_later(PULSE_SECONDS, self._beat)

    def _beat(self) -> None:
        late = time.monotonic() - self._due
        if late > self._limit:
            self._stood_still(late)
        self._seen = ""
        self._collected = 0.0
        self._next()

    def _stood_still(self, seconds: float) -> None:
        during = self._seen or _NOTHING
        if self._collected > seconds / 2:
            during = f"garbage collection ({self._collected * 1000:.0f} ms)"
        self.stalls += 1
        if seconds > self.worst:
            self.worst, self.worst_during, self.worst_at = seconds, during, time.time_ns() // 1_000_000
        if time.monotonic() - self._logged_at >= LOG_SECONDS:
            self._logged_at = time.monotonic()
            log.warning("loop_stood_still", ms=round(seconds * 1000), during=during, stalls=self.stalls)

    def _collection(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._collecting_since = time.monotonic()
            return
        took = time.monotonic() - self._collecting_since
        self.collections += 1
        self.worst_collection = max(self.worst_collection, took)
        self._collected += took

    # ------------------------------------------------------------ in the thread
    def _look_for_ever(self) -> None:
        while not self._end.wait(self._limit):
            if not self._seen and time.monotonic() - self._due > self._limit / 2:
                frame = sys._current_frames().get(self._watched)
                # Its pulse may have come meanwhile; then this is forgotten with the next.
                self._seen = what_runs(frame) if frame is not None else ""


def what_runs(frame: FrameType) -> str:
    """The innermost calls of a stack, outermost first; empty when it is only the loop itself, waiting."""
    stack = traceback.StackSummary.extract(traceback.walk_stack(frame), limit=_FRAMES, lookup_lines=False)
    if Path(stack[0].filename).name == "runners.py":
        return ""
    return " > ".join(f"{_where(one.filename)}:{one.lineno} {one.name}" for one in reversed(stack))


def _where(filename: str) -> str:
    return "/".join(Path(filename).parts[-2:])
