"""The ring strategies: which of the agents who could be rung are rung.

Owns: the choice. Must not: judge who could be (``roster.why_not``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from models.values.call import Strategy

if TYPE_CHECKING:
    from ari_app.core.roster import Roster, Seeker


def choose(roster: Roster, seeker: Seeker, candidates: Sequence[int]) -> tuple[int, ...]:
    """All ``candidates`` (free agents of the call center in its order, at least one), or the one whose turn it is."""
    match seeker.route.strategy:
        case Strategy.ALL:
            return tuple(candidates)
        case Strategy.ROUND_ROBIN_MEMORY:
            return (_next_after(roster.last_rung.get(seeker.route.id), seeker.route.agents, candidates),)
        case Strategy.LONGEST_IDLE:
            return (min(candidates, key=lambda agent: roster.seats[agent].idle_since),)
        case Strategy.FEWEST_CALLS:
            return (min(candidates, key=lambda agent: roster.seats[agent].taken),)
        case Strategy.PRIORITY:
            return (candidates[0],)
        case Strategy.RANDOM:
            # Spread evenly without a random number: the pure core draws none. The call's id is as good as a die.
            return (candidates[sum(seeker.call_id.encode()) * 2_654_435_761 % 2**32 % len(candidates)],)


def _next_after(last: int | None, order: Sequence[int], candidates: Sequence[int]) -> int:
    if last is None or last not in order:
        return candidates[0]
    start = order.index(last) + 1
    free = set(candidates)
    return next(agent for agent in (*order[start:], *order[:start]) if agent in free)
