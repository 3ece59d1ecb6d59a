"""More callers than agents, on the real switch: 500 agents, 120 calls/s, 200 callers waiting, beside Queue().

Owns: the two steps that make a queue, and their words. Must not: judge the time a caller waits (that is the load's
doing): only how soon a free agent has the next caller, and that nobody is lost.

Talk is 6 s: after 4.2 s all 500 agents talk, until 6 s nobody is free and some 210 callers wait; from then on 120
agents a second are free, and as many callers come. At the end the line is worked off.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bench.machine import percentile
from bench.measure import ENGINE, QUEUE, WARM_UP_RATE, Plan, Step, run, waiting_at_most
from bench.stage import Stage, all_callers

AGENTS, RATE, SECONDS, TALK_MS = 500, 120, 10, 6_000


def plans() -> list[Plan]:
    warm = [Plan(n, who, WARM_UP_RATE, WARM_UP_RATE, warm_up=True) for n, who in enumerate((QUEUE, ENGINE), 1)]
    return [*warm, *(Plan(n, who, RATE, RATE * SECONDS, talk_ms=TALK_MS) for n, who in enumerate((QUEUE, ENGINE), 3))]


def measure(folder: Path, tell: Callable[[str], None]) -> list[Step]:
    """Both steps, on a stage of their own."""
    steps = plans()
    callers = all_callers(len(steps), [one.calls for one in steps])
    with Stage(folder, agents=AGENTS, callers=callers, seconds=240) as stage:
        return [step for step in run(stage, steps, tell) if not step.plan.warm_up]


def met(steps: list[Step]) -> bool:
    ours = [step for step in steps if step.plan.who == ENGINE]
    return bool(ours) and all(
        not step.calls.failed and step.cdrs == step.calls.placed and not step.wrong_cdrs and not step.strays
        for step in ours
    )


def text(steps: list[Step]) -> str:
    """A Markdown table and the verdict."""
    lines = [
        f"Queueing: {AGENTS} agents, {RATE} calls/s for {SECONDS} s, {TALK_MS / 1000:g} s of talk; recording off. "
        "Hand-over: from an agent's BYE to their next INVITE, while somebody waited. Times in ms.",
        "",
        "| who answers | calls | failed | waiting at most | handed over | hand-over p50 | p95 | p99 | CPU a call | "
        "CDRs | others' CPU |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for step in steps:
        shares = [percentile(step.handed_ms, share) for share in (0.5, 0.95, 0.99)]
        hand_over = " | ".join("" if one is None else f"{one:.1f}" for one in shares)
        cpu = "" if step.app_cpu_ms is None else f"{step.app_cpu_ms:.2f}"
        lines.append(
            f"| {step.plan.who} | {step.calls.placed} | {step.calls.failed} | {waiting_at_most(step.calls)} | "
            f"{len(step.handed_ms)} | {hand_over} | {cpu} | {'' if step.cdrs is None else step.cdrs} | "
            f"{step.use.others_share:.0%} |"
        )
    failed = sum(step.calls.failed for step in steps if step.plan.who == ENGINE)
    verdict = "met" if met(steps) else "**missed**"
    return "\n".join([*lines, "", f"- {verdict}: no failed call at {RATE}/s with queueing ({failed} failed)", ""])
