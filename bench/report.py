"""The run in words: one table, the aims and whether they were met, the machine. The same text for screen and page.

Owns: wording. Must not: measure, or round an aim's verdict in anybody's favour.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

from bench.machine import facts
from bench.measure import ENGINE, QUEUE, Plan, Step

BEGIN, END = "<!-- measured: begin (python -m bench --markdown) -->", "<!-- measured: end -->"

SETUP_RATIO, POP_MS, CPU_MS, TOP_RATE = 1.5, 50.0, 3.0, 120


@dataclass(frozen=True)
class Verdict:
    """One aim of the project against what was measured."""

    aim: str
    measured: str
    met: bool


def table(steps: list[Step]) -> str:
    """A Markdown table, aligned so that it reads well on a screen too."""
    head = [
        "calls/s", "who answers", "calls", "failed", "set-up p50", "p95", "p99", "p99 ÷ Queue()", "INVITE to pop p50",
        "p99", "pop after phone's INVITE", "CPU a call", "Asterisk's", "CDRs", "others' CPU",
    ]  # fmt: skip
    measured = [step for step in steps if not step.plan.warm_up]
    rows = [_row(step, _queue_of(step, measured)) for step in measured]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [_line(head, widths), _line(["-" * width for width in widths], widths)]
    return "\n".join([*lines, *(_line(row, widths) for row in rows)])


def _line(cells: list[str], widths: list[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"


def _queue_of(step: Step, steps: list[Step]) -> Step | None:
    return next((other for other in steps if other.plan.who == QUEUE and other.plan.rate == step.plan.rate), None)


def _row(step: Step, queue: Step | None) -> list[str]:
    ours = step.plan.who == ENGINE
    ratio = setup_ratio(step, queue)
    return [
        str(step.plan.rate),
        step.plan.who,
        str(step.calls.placed),
        str(step.calls.failed),
        *(_number(step.setup(share)) for share in (0.5, 0.95, 0.99)),
        _number(ratio, 2),
        *(_number(step.pop(share)) if ours else "" for share in (0.5, 0.99)),
        f"{step.late_pops} of {step.rung}" if ours else "",
        _number(step.app_cpu_ms, 2),
        _number(step.cpu_ms("asterisk"), 2),
        str(step.cdrs) if ours else "",
        f"{step.use.others_share:.0%}",
    ]


def _number(value: float | None, digits: int = 1) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def setup_ratio(step: Step, queue: Step | None) -> float | None:
    """This step's p99 of the set-up to that of Queue() at the same rate."""
    mine, theirs = step.setup(0.99), queue.setup(0.99) if queue else None
    return mine / theirs if mine and theirs else None


def verdicts(steps: list[Step]) -> list[Verdict]:
    """The aims, judged by the worst of our steps; those at the highest aimed rate by that step alone."""
    measured = [step for step in steps if not step.plan.warm_up]
    ours = [step for step in measured if step.plan.who == ENGINE]
    if not ours:
        return []
    found = []
    top = [step for step in ours if step.plan.rate == TOP_RATE]
    if top:
        failed = sum(step.calls.failed for step in top)
        found.append(Verdict(f"no failed call at {TOP_RATE}/s", f"{failed} failed", failed == 0))
    ratios = [(ratio, step) for step in ours if (ratio := setup_ratio(step, _queue_of(step, measured))) is not None]
    if ratios:
        words = ", ".join(f"{ratio:.2f} at {step.plan.rate}/s" for ratio, step in ratios)
        met = all(ratio <= SETUP_RATIO for ratio, _ in ratios)
        found.append(Verdict(f"set-up p99 within {SETUP_RATIO} × Queue()", words, met))
    pops = [(p99, step) for step in ours if (p99 := step.pop(0.99)) is not None]
    if pops:
        words = ", ".join(f"{p99:.1f} ms at {step.plan.rate}/s" for p99, step in pops)
        found.append(Verdict(f"INVITE to pop p99 under {POP_MS:.0f} ms", words, all(p99 < POP_MS for p99, _ in pops)))
    late, rung = sum(step.late_pops for step in ours), sum(step.rung for step in ours)
    missing = sum(step.unpopped for step in ours)
    unheard = sum(step.unacknowledged or 0 for step in ours)
    found.append(
        Verdict(
            "every pop at its desk before the phone's INVITE",
            f"{late} of {rung} after it, {missing} callers without a pop, {unheard} rung without acknowledgement",
            late == missing == unheard == 0 and rung > 0,
        )
    )
    cpu = [(step.app_cpu_ms or 0.0, step) for step in ours]
    words = ", ".join(f"{ms:.2f} ms at {step.plan.rate}/s" for ms, step in cpu)
    found.append(Verdict(f"engine CPU under {CPU_MS:.0f} ms a call", words, all(ms < CPU_MS for ms, _ in cpu)))
    calls, cdrs = sum(step.calls.placed for step in ours), sum(step.cdrs or 0 for step in ours)
    wrong = sum(sum(step.wrong_cdrs.values()) for step in ours)
    words = f"{cdrs} CDRs of {calls} calls, {wrong} with a wrong outcome"
    found.append(Verdict("a right CDR for every call", words, calls == cdrs and not wrong))
    strays = sum(step.strays for step in measured)
    found.append(Verdict("no channel or bridge left behind", f"{strays} left", strays == 0))
    return found


def text(steps: list[Step], *, began: datetime.datetime, seconds: float, agents: int) -> str:
    """The whole report as Markdown."""
    measured = [step for step in steps if not step.plan.warm_up]
    machine = facts()
    loads = [step.load for step in steps]
    aims = "\n".join(f"- {'met' if one.met else '**missed**'}: {one.aim} ({one.measured})" for one in verdicts(steps))
    about = (
        f"{began:%Y-%m-%d %H:%M} UTC, {seconds:.0f} s in all; {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory']}, {machine['system']}, Python {machine['Python']}, SQLite. {agents} agents. Load average "
        f"{loads[0]:.1f} before, {min(loads):.1f} to {max(loads):.1f} at the beginnings of the steps; other programs "
        f"used {min(step.use.others_share for step in measured):.0%} to "
        f"{max(step.use.others_share for step in measured):.0%} of the machine."
    )
    return f"{about}\n\n{table(steps)}\n\nTimes in ms. Aims:\n\n{aims}\n"


def as_data(steps: list[Step]) -> list[dict[str, object]]:
    """Every figure, for a program."""
    return [_data(step) for step in steps]


def _data(step: Step) -> dict[str, object]:
    one: Plan = step.plan
    return {
        "who": one.who,
        "rate": one.rate,
        "warm_up": one.warm_up,
        "calls": step.calls.placed,
        "failed": step.calls.failed,
        "retransmitted": step.calls.retransmitted,
        "setup_ms": {name: step.setup(share) for name, share in SHARES.items()},
        "sipp_max_ms": max(step.calls.sipp_ms, default=None),
        "pop_ms": {name: step.pop(share) for name, share in SHARES.items()},
        "unpopped": step.unpopped,
        "rung": step.rung,
        "late_pops": step.late_pops,
        "unacknowledged": step.unacknowledged,
        "cdrs": step.cdrs,
        "wrong_cdrs": step.wrong_cdrs,
        "strays": step.strays,
        "cpu_ms_a_call": {name: step.cpu_ms(name) for name in step.use.by_name},
        "others_share": step.use.others_share,
        "load": step.load,
    }


SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}


def into_page(path: Path, report: str) -> None:
    """Replaces what stands between the marks of a page. Raises ValueError when the marks are not there."""
    page = path.read_text(encoding="utf-8")
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path} has no place for the figures: {BEGIN} … {END}")
    path.write_text(f"{before}{BEGIN}\n{report}{END}{after}", encoding="utf-8")
