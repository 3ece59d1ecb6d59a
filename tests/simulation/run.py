"""Simulate as many calls as wanted, in parallel processes: ``make sim``.

    .venv/bin/python tests/simulation/run.py --calls 1000000 --jobs 2 --seconds 600
    .venv/bin/python tests/simulation/run.py --seed 4711 --trace        one world, every step of it

Exit status 1 and the failing seeds when something went wrong. Must not: decide what is wrong (``checks`` does).
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from simulation.world import Failure, Tally, World

WORLDS_AT_ONCE = 200


def simulate(seeds: range, calls: int, failures_wanted: int = 1) -> tuple[Tally, list[str]]:
    """Worlds of these seeds until so many calls were simulated: the tally, and what failed."""
    tally, failures = Tally(), []
    for seed in seeds:
        if tally.calls >= calls:
            break
        try:
            tally.add(World(seed).run())
        except Failure as failure:
            failures.append(str(failure))
            if len(failures) >= failures_wanted:
                break
    return tally, failures


def _batch(first: int) -> tuple[Tally, list[str]]:
    return simulate(range(first, first + WORLDS_AT_ONCE), 10**9, failures_wanted=3)


def _batches(first: int, calls: int, seconds: float, jobs: int) -> Iterator[tuple[Tally, list[str]]]:
    deadline = time.monotonic() + seconds
    with multiprocessing.Pool(jobs) as pool:
        done = 0
        starts = iter(range(first, 2**62, WORLDS_AT_ONCE))
        waiting = [pool.apply_async(_batch, (next(starts),)) for _ in range(jobs * 2)]
        while waiting:
            tally, failures = waiting.pop(0).get()
            yield tally, failures
            done += tally.calls
            if done < calls and time.monotonic() < deadline and not failures:
                waiting.append(pool.apply_async(_batch, (next(starts),)))


def main() -> int:
    parser = argparse.ArgumentParser(description="Random calls against a switch that delays, reorders, fails and lies.")
    parser.add_argument("--calls", type=int, default=1_000_000, help="how many calls (default: a million)")
    parser.add_argument("--seconds", type=float, default=1800, help="stop after so many seconds (default: 1800)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")
    parser.add_argument("--seed", type=int, help="one world only: this one")
    parser.add_argument("--from", type=int, dest="first", help="the first seed (default: from the clock)")
    parser.add_argument("--trace", action="store_true", help="with --seed: print every step")
    options = parser.parse_args()
    if options.seed is not None:
        return _one(options.seed, options.trace)
    first = options.first if options.first is not None else time.time_ns() // 1_000_000_000 * 100_000
    print(f"seeds from {first}, {options.jobs} processes")
    total, failed, began = Tally(), [], time.monotonic()
    shown = began
    for tally, failures in _batches(first, options.calls, options.seconds, options.jobs):
        total.add(tally)
        failed += failures
        if time.monotonic() - shown > 10:
            shown = time.monotonic()
            print(f"{total.calls:,} calls, {total.calls / (shown - began):,.0f}/s", flush=True)
    took = time.monotonic() - began
    print(f"{total.calls:,} calls in {total.worlds:,} worlds, {total.quiet:,} comparisons, {took:.0f} s,", end=" ")
    print(f"{total.calls / took:,.0f} calls/s")
    print("ended:", ", ".join(f"{name} {count:,}" for name, count in sorted(total.outcomes.items())))
    print("weather:", ", ".join(f"{name} {count:,}" for name, count in sorted(total.weathers.items())))
    for failure in failed:
        print(failure, file=sys.stderr)
    return 1 if failed else 0


def _one(seed: int, trace: bool) -> int:
    world = World(seed, trace=trace)
    try:
        tally = world.run()
    except Failure as failure:
        print("\n".join(world.trace or []))
        print(failure, file=sys.stderr)
        return 1
    print("\n".join(world.trace or []))
    print(f"world {seed} ({world.weather.kind}): {tally.calls} calls, {tally.outcomes}: nothing wrong")
    return 0


if __name__ == "__main__":
    sys.exit(main())
