"""The distribution's bench, small: what it measures are the decisions that it says, and they stay cheap."""

from __future__ import annotations

import statistics

from bench import distribution
from models.values.call import Strategy


def test_the_bench_measures_the_rosters_decisions_and_says_so() -> None:
    found = distribution.measure(60, 25, 200, Strategy.ROUND_ROBIN_MEMORY)
    assert [len(one.ms) for one in found] == [200, 200, 200, 50]
    said = distribution.text(found, 60, 25)
    assert "60 agents, 25 waiting callers" in said
    assert said.count("\n| ") == 6


def test_many_callers_who_wait_for_others_cost_one_look_and_not_one_each() -> None:
    few = distribution.measure(300, 5, 200, Strategy.LONGEST_IDLE)[-1]
    many = distribution.measure(300, 300, 200, Strategy.LONGEST_IDLE)[-1]
    # Sixty times as many: a look for each would show as such.
    assert statistics.median(many.ms) < 10 * statistics.median(few.ms)
