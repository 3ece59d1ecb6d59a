"""`make bench`: what a call costs and how long it takes, beside app_queue and a bare Stasis application.

    python -m bench [--parts calls,decisions,queueing,memory,painted] [--rates 40,80,120] [--seconds 10] [--agents 100]
                    [--only engine,queue,bare] [--memory-calls 50000] [--memory-rate 100]
                    [--markdown docs/performance.md] [--json FILE] [--keep] [--strict]

Owns: the options and the parts' order. How to read what it prints: docs/performance.md.
"""

from __future__ import annotations

import argparse
import datetime
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# The real switch, SIPp and the engine as a process are the tests' own harness.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from bench import distribution, measure, memory, painted, queueing, report
from bench.stage import Stage, all_callers

TALK_SECONDS = 0.5
WHO = {"queue": measure.QUEUE, "bare": measure.BARE, "engine": measure.ENGINE}


@dataclass(frozen=True)
class Part:
    """What a part found: Markdown, whether every aim was met, and its figures for a program."""

    text: str
    met: bool
    data: object = None


def say(line: str) -> None:
    print(line, flush=True)


@contextmanager
def working_folder(options: argparse.Namespace) -> Iterator[Path]:
    """A folder for logs and traces, gone afterwards unless they are wanted."""
    folder = Path(tempfile.mkdtemp(prefix="centralita-bench-"))
    try:
        yield folder
    finally:
        if options.keep:
            say(f"logs and traces: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def calls(options: argparse.Namespace) -> Part:
    """Calls that find an agent free: set-up, pop, CPU, beside Queue() and the bare application."""
    plans = measure.plan(
        [int(rate) for rate in options.rates.split(",")],
        options.seconds,
        [WHO[name] for name in options.only.split(",")],
    )
    busiest = max(one.rate for one in plans) * TALK_SECONDS * 1.5
    if options.agents < busiest:
        raise SystemExit(f"{options.agents} agents are too few: some {busiest:.0f} would talk at once")
    began, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    # What the phones may live: every step with its slack, and the parts' start.
    longest = 60 + sum(one.calls // one.rate + 45 for one in plans)
    callers = all_callers(len(plans), [one.calls for one in plans])
    with (
        working_folder(options) as folder,
        Stage(folder, agents=options.agents, callers=callers, seconds=longest) as stage,
    ):
        steps = measure.run(stage, plans, say)
        written = stage.engine.log_file.read_text(errors="replace")
    for line in [line for line in written.splitlines() if "level=error" in line or "level=warning" in line][:20]:
        say(f"engine: {line}")
    text = report.text(steps, began=began, seconds=time.monotonic() - clock, agents=options.agents)
    return Part(text, all(one.met for one in report.verdicts(steps)), report.as_data(steps))


def decisions(_: argparse.Namespace) -> Part:
    """The roster's decisions, in this process."""
    given = (distribution.AGENTS, distribution.WAITING, distribution.ROUNDS, distribution.STRATEGY)
    found = distribution.measure(*given)
    return Part(distribution.text(found, *given[:2]), distribution.met(found), distribution.as_data(found))


def queue(options: argparse.Namespace) -> Part:
    """More callers than agents."""
    with working_folder(options) as folder:
        steps = queueing.measure(folder, say)
    return Part(queueing.text(steps), queueing.met(steps), report.as_data(steps))


def memory_flat(options: argparse.Namespace) -> Part:
    """What many calls leave behind."""
    found = memory.run(options.memory_calls, options.memory_rate, options.agents, say)
    return Part(memory.text(found, options.memory_rate, options.agents), found.met, memory.as_data(found))


def painted_pop(options: argparse.Namespace) -> Part:
    """From INVITE to the pop painted in a real page."""
    with working_folder(options) as folder:
        found = painted.measure(folder, options.painted_seconds, say)
    return Part(painted.text(found), painted.met(found), painted.as_data(found))


PARTS: dict[str, Callable[[argparse.Namespace], Part]] = {
    "calls": calls,
    "decisions": decisions,
    "queueing": queue,
    "memory": memory_flat,
    "painted": painted_pop,
}
ON_THE_SWITCH = {"calls", "queueing", "painted"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default=",".join(PARTS), help="what to measure")
    parser.add_argument("--rates", default="40,80,120", help="calls a second, one step for each")
    parser.add_argument("--seconds", type=int, default=10, help="length of a step")
    parser.add_argument("--agents", type=int, default=100)
    parser.add_argument("--only", default="queue,bare,engine", help="whom to measure")
    parser.add_argument("--memory-calls", type=int, default=50_000)
    parser.add_argument("--memory-rate", type=float, default=100.0, help="calls a second of the memory's part")
    parser.add_argument("--painted-seconds", type=int, default=60, help="length of the painted pop's part")
    parser.add_argument("--markdown", type=Path, help="a page whose figures are replaced")
    parser.add_argument("--json", type=Path, help="a file for every figure")
    parser.add_argument("--keep", action="store_true", help="keep the logs and traces")
    parser.add_argument("--strict", action="store_true", help="exit status 1 when an aim is missed")
    options = parser.parse_args()
    names = options.parts.split(",")
    if unknown := [name for name in names if name not in PARTS]:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    if ON_THE_SWITCH & set(names) and not shutil.which("sipp"):
        print("SIPp is missing: install the package sip-tester", file=sys.stderr)
        return 2
    found: dict[str, Part] = {}
    try:
        for name in names:
            found[name] = PARTS[name](options)
    finally:
        # A later part that fails does not take with it what the others measured.
        publish(options, found)
    return int(options.strict and not all(part.met for part in found.values()))


def publish(options: argparse.Namespace, found: Mapping[str, Part]) -> None:
    """What was measured, wherever it is wanted."""
    text = "\n".join(part.text for part in found.values())
    say("\n" + text)
    if options.markdown and found:
        report.into_page(options.markdown, text)
    if options.json:
        options.json.write_text(json.dumps({name: part.data for name, part in found.items()}, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
