"""The watch on a loop that stands still for a known reason, and what it says of it."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator

import pytest

from ari_app import loop_watch
from ari_app.loop_watch import LoopWatch


def hog(seconds: float) -> None:
    time.sleep(seconds)


async def pulses(watch: LoopWatch, count: int = 3) -> None:
    for _ in range(count):
        await asyncio.sleep(loop_watch.PULSE_SECONDS)


@pytest.fixture
def usual_collector() -> Iterator[None]:
    """The garbage collector as it was."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def test_a_blocked_loop_is_counted_and_what_blocked_it_is_named() -> None:
    async def scene() -> dict[str, object]:
        watch = LoopWatch()
        watch.start()
        await pulses(watch)
        hog(1.0)
        await pulses(watch)
        watch.stop()
        return watch.report()

    told = asyncio.run(scene())
    assert told["stalls"] >= 1  # type: ignore[operator]
    assert 900 < told["worst_ms"] < 5000  # type: ignore[operator]
    assert "engine/test_loop_watch.py" in str(told["worst_during"])
    assert str(told["worst_during"]).endswith(" hog")
    assert abs(int(str(told["worst_at"])) - time.time() * 1000) < 60_000


def test_a_stall_within_the_limit_is_none() -> None:
    async def scene() -> dict[str, object]:
        watch = LoopWatch(limit=60)
        watch.start()
        hog(0.2)
        await pulses(watch)
        watch.stop()
        return watch.report()

    told = asyncio.run(scene())
    assert (told["stalls"], told["worst_ms"], told["worst_at"], told["worst_during"]) == (0, 0, None, "")


def test_a_long_garbage_collection_is_told_as_such(usual_collector) -> None:
    async def scene() -> dict[str, object]:
        watch = LoopWatch()
        watch.start()
        gc.disable()
        keep: list[object] = [[number] for number in range(3_000_000)]
        await pulses(watch)
        watch.worst = 0.0
        gc.collect()
        gc.enable()
        await pulses(watch)
        watch.stop()
        keep.clear()
        return watch.report()

    told = asyncio.run(scene())
    assert told["collections"] >= 1  # type: ignore[operator]
    assert told["worst_collection_ms"] > 50  # type: ignore[operator]
    assert str(told["worst_during"]).startswith("garbage collection (")


def test_settled_memory_is_looked_at_no_more(usual_collector) -> None:
    loop_watch.settle()
    assert gc.get_freeze_count() > 1000
    assert gc.get_threshold()[0] >= 10_000


def test_a_watch_that_never_began_can_be_stopped() -> None:
    LoopWatch().stop()
