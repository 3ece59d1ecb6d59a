"""Random calls against a switch that delays, reorders, fails and lies; every world from a fixed seed.

``make sim`` runs millions, from seeds that nobody has seen before.
"""

from __future__ import annotations

import pytest
from simulation.run import simulate
from simulation.world import World

from models.values.call import Outcome

CALLS = 5_000
STRETCH = 1_000
"""More worlds than so many calls need."""


@pytest.mark.parametrize("first", [0, STRETCH, 2 * STRETCH, 3 * STRETCH])
def test_thousands_of_random_calls(first: int) -> None:
    tally, failures = simulate(range(first, first + STRETCH), CALLS)

    assert not failures, "\n".join(failures)
    assert tally.calls >= CALLS, "the worlds ran out before the calls did"
    # It would prove nothing if nothing had happened:
    assert set(tally.weathers) == {"calm", "rough", "stormy", "gap", "restart"}
    wanted = {outcome.value for outcome in Outcome} - {
        Outcome.IN_PROGRESS.value,
        Outcome.ENGINE_AWAY.value,
    }
    assert wanted <= set(tally.outcomes)
    assert tally.outcomes["answered"] > CALLS / 6
    assert tally.quiet > 2 * CALLS, "model and switch were hardly ever compared"


@pytest.mark.parametrize("seed", [9009596, 3007213, 130510, 20000087, 30001586, 179593349707015])
def test_worlds_that_were_wrong_once(seed: int) -> None:
    """An agent who had just answered was rung again, and a call just refused was made, after a restart; roster and desk
    disagreed on who is paused after a call."""
    World(seed).run()


def test_a_seed_gives_the_same_world_again() -> None:
    """What failed can be looked at step by step."""
    first, second = World(4711, trace=True), World(4711, trace=True)
    first.run()
    second.run()

    assert first.trace == second.trace
    assert len(first.trace or []) > 100
