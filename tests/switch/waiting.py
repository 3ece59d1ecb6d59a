"""Waiting by asking: a condition, a deadline, and words for when it does not come true."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(condition: Callable[[], T], seconds: float = 5.0, what: str = "", every: float = 0.02) -> T:
    """The first truthy answer of `condition`; AssertionError, with its last answer, when none comes in time."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what or condition}; last answer: {answer!r}")
        time.sleep(every)
