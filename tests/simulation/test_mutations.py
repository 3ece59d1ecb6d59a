"""A check that never fails checks nothing: each deliberate bug in the core must be noticed, and by the right check."""

from __future__ import annotations

import re

import pytest
import simulation.mutations_joining
import simulation.mutations_outbound  # noqa: F401
from simulation.case import Violation
from simulation.mutations import ALL, Mutation
from simulation.world import Failure, World

CALLS = 10_000


def test_there_are_enough_of_them() -> None:
    assert len({mutation.name for mutation in ALL}) == len(ALL) >= 40


def first_failure(calls: int) -> Failure | None:
    """Of the worlds that run without a fault in ``test_simulation``."""
    seed = done = 0
    while done < calls:
        try:
            done += World(seed).run().calls
        except Failure as failure:
            return failure
        seed += 1
    return None


@pytest.mark.parametrize("mutation", ALL, ids=str)
def test_a_seeded_fault_is_caught(mutation: Mutation, monkeypatch: pytest.MonkeyPatch) -> None:
    mutation.seed_into(monkeypatch.setattr)

    failure = first_failure(CALLS)

    assert failure is not None, f"{CALLS} calls, and nobody noticed"
    assert isinstance(failure.__cause__, Violation), f"it crashed instead: {failure}"
    assert re.search(mutation.says, str(failure)), f"caught, but by another check: {failure}"
