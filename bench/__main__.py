"""`make bench`: what a call costs and how long it takes, beside app_queue and a bare Stasis application.

    python -m bench [--rates 40,80,120] [--seconds 10] [--agents 100] [--only engine,queue,bare]
                    [--markdown docs/performance.md] [--json FILE] [--keep] [--strict]

Owns: the options. How to read what it prints: bench/README.md.
"""

from __future__ import annotations

import argparse
import datetime
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

# The real switch, SIPp and the engine as a process are the tests' own harness.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from bench import measure, report
from bench.stage import Stage, all_callers

TALK_SECONDS = 0.5
WHO = {"queue": measure.QUEUE, "bare": measure.BARE, "engine": measure.ENGINE}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", default="40,80,120", help="calls a second, one step for each")
    parser.add_argument("--seconds", type=int, default=10, help="length of a step")
    parser.add_argument("--agents", type=int, default=100)
    parser.add_argument("--only", default="queue,bare,engine", help="whom to measure")
    parser.add_argument("--markdown", type=Path, help="a page whose figures are replaced")
    parser.add_argument("--json", type=Path, help="a file for every figure")
    parser.add_argument("--keep", action="store_true", help="keep the logs and traces")
    parser.add_argument("--strict", action="store_true", help="exit status 1 when an aim is missed")
    options = parser.parse_args()
    if not shutil.which("sipp"):
        print("SIPp is missing: install the package sip-tester", file=sys.stderr)
        return 2
    plans = measure.plan(
        [int(rate) for rate in options.rates.split(",")],
        options.seconds,
        [WHO[name] for name in options.only.split(",")],
    )
    busiest = max(one.rate for one in plans) * TALK_SECONDS * 1.5
    if options.agents < busiest:
        print(f"{options.agents} agents are too few: some {busiest:.0f} would talk at once", file=sys.stderr)
        return 2
    began, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="centralita-bench-"))
    # What the phones may live: every step with its slack, and the parts' start.
    longest = 60 + sum(one.calls // one.rate + 45 for one in plans)
    callers = all_callers(len(plans), [one.calls for one in plans])
    try:
        with Stage(folder, agents=options.agents, callers=callers, seconds=longest) as stage:
            steps = measure.run(stage, plans, lambda line: print(line, flush=True))
            written = stage.engine.log_file.read_text(errors="replace")
    finally:
        if options.keep:
            print(f"logs and traces: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    for line in [line for line in written.splitlines() if "level=error" in line or "level=warning" in line][:20]:
        print("engine:", line)
    text = report.text(steps, began=began, seconds=time.monotonic() - clock, agents=options.agents)
    print("\n" + text)
    if options.markdown:
        report.into_page(options.markdown, text)
    if options.json:
        options.json.write_text(json.dumps(report.as_data(steps), indent=1) + "\n")
    return int(options.strict and not all(one.met for one in report.verdicts(steps)))


if __name__ == "__main__":
    sys.exit(main())
