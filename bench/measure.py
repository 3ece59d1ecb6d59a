"""One run: steps of load against each of the three, and what came of every call.

Owns: the order of the steps, joining SIPp's, the desks' and the database's records by the caller's number. Must not:
start parts (`stage`) or word a report (`report`).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench.load import TALK_MS, Callers, Calls, Rung
from bench.machine import Meter, Use, percentile
from bench.stage import BARE_NUMBER, ENGINE_NUMBER, OTHER_ADDRESS, QUEUE_NUMBER, TRUNK_ADDRESS, Stage

QUEUE, BARE, ENGINE = "Queue()", "bare Stasis", "Centralita"
NUMBERS = {
    QUEUE: (OTHER_ADDRESS, QUEUE_NUMBER),
    BARE: (OTHER_ADDRESS, BARE_NUMBER),
    ENGINE: (TRUNK_ADDRESS, ENGINE_NUMBER),
}
"""Where the callers come from and what they dial."""
PROCESS = {QUEUE: None, BARE: "bare", ENGINE: "engine"}
WARM_UP_RATE, WARM_UP_SECONDS = 20, 2


@dataclass(frozen=True)
class Plan:
    """One step of load. `number` counts the steps from 1 and is part of every caller's number."""

    number: int
    who: str
    rate: int
    calls: int
    warm_up: bool = False
    talk_ms: int = TALK_MS


def plan(rates: list[int], seconds: int, who: list[str]) -> list[Plan]:
    """A short warm-up of each, then every rate with each of them in turn, so that a mood of the machine meets all."""
    steps = [(one, WARM_UP_RATE, WARM_UP_SECONDS, True) for one in who]
    steps += [(one, rate, seconds, False) for rate in rates for one in who]
    return [Plan(n, one, rate, rate * long, warm) for n, (one, rate, long, warm) in enumerate(steps, 1)]


@dataclass
class Step:
    """What came of one step. Times in ms; None: does not apply, or nothing was measured."""

    plan: Plan
    calls: Calls
    use: Use
    load: float
    """The machine's one-minute load average when it began."""
    strays: int
    """Channels and bridges left on the switch."""
    cdrs: int | None = None
    wrong_cdrs: dict[str, int] = field(default_factory=dict)
    """Closed CDRs that do not say `answered` by an agent, by what they say."""
    unacknowledged: int | None = None
    pop_ms: list[float] = field(default_factory=list)
    unpopped: int = 0
    """Callers whose pop reached no desk."""
    rung: int = 0
    late_pops: int = 0
    """Phones whose INVITE came before the pop was at that agent's desk."""
    handed_ms: list[float] = field(default_factory=list)
    """From an agent's BYE to their next INVITE, whose caller was waiting at that BYE already."""

    def setup(self, share: float) -> float | None:
        return percentile(self.calls.setup_ms, share)

    def pop(self, share: float) -> float | None:
        return percentile(self.pop_ms, share)

    def cpu_ms(self, process: str | None) -> float | None:
        """CPU time of a process for each call."""
        return None if process is None else self.use.by_name[process] * 1000 / self.calls.placed

    @property
    def app_cpu_ms(self) -> float | None:
        return self.cpu_ms(PROCESS[self.plan.who])


def run(stage: Stage, plans: list[Plan], tell: Callable[[str], None]) -> list[Step]:
    """Every step, one after the other; then the parts that write at their end are ended and their tale is joined."""
    steps = []
    for one in plans:
        steps.append(_step(stage, one))
        tell(_said(steps[-1]))
    seen = stage.finish()
    rung = stage.phones.rung()
    for step in steps:
        step.handed_ms = handed_over(step.calls.invited, rung)
        if step.plan.who == ENGINE:
            _join(step, seen["pops"], rung, stage.agents.by_endpoint)
    for closed in seen["closed"]:
        tell(f"a desk was closed: {closed}")
    return steps


def _step(stage: Stage, one: Plan) -> Step:
    load = os.getloadavg()[0]
    address, number = NUMBERS[one.who]
    callers = Callers(
        stage.folder / "callers",
        stage.switch.sip,
        number,
        address=address,
        step=one.number,
        calls=one.calls,
        rate=one.rate,
        talk_ms=one.talk_ms,
    )
    meter = Meter(stage.processes())
    calls = callers.run()
    cdrs = stage.wait_cdrs(one.number, one.calls) if one.who == ENGINE else []
    use = meter.read()
    step = Step(one, calls, use, load, _strays(stage))
    if one.who == ENGINE:
        step.cdrs = len(cdrs)
        said = Counter(
            outcome if outcome != "answered" or agent else "answered by nobody" for _, outcome, agent in cdrs
        )
        del said["answered"]
        step.wrong_cdrs = dict(said)
        step.unacknowledged = stage.unacknowledged(one.number)
    return step


def _strays(stage: Stage) -> int:
    try:
        stage.switch.wait_quiet(10)
    except AssertionError:
        left = len(stage.switch.channels()) + len(stage.switch.bridges())
        stage.switch.hang_up_everything()
        return left
    return 0


def handed_over(invited: dict[str, float], rung: list[Rung]) -> list[float]:
    """Milliseconds from the end of an agent's call to the next INVITE at that agent's phone, where somebody waited."""
    found = []
    last: dict[str, Rung] = {}
    for one in rung:
        before = last.get(one.endpoint)
        last[one.endpoint] = one
        came = invited.get(one.caller)
        if before is not None and before.over is not None and came is not None and came < before.over <= one.at:
            found.append((one.at - before.over) * 1000)
    return found


def waiting_at_most(calls: Calls) -> int:
    """The most callers who had sent their INVITE and were not answered, at any one moment."""
    steps = [(at, 1) for at in calls.invited.values()] + [(at, -1) for at in calls.answered.values()]
    most = now = 0
    for _, change in sorted(steps):
        now += change
        most = max(most, now)
    return most


def _join(step: Step, pops: list[list[Any]], rung: list[Rung], agents: dict[str, int]) -> None:
    """Each pop to its caller's INVITE, each phone's INVITE to the pop at the same agent's desk."""
    invited = step.calls.invited
    at_desk: dict[tuple[str, int], float] = {}
    first: dict[str, float] = {}
    for at, agent, number, _ in pops:
        if number in invited:
            at_desk.setdefault((number, agent), at)
            first.setdefault(number, at)
    step.pop_ms = [(at - invited[number]) * 1000 for number, at in first.items()]
    step.unpopped = len(invited.keys() - first.keys())
    for one in rung:
        if one.caller in invited:
            step.rung += 1
            shown = at_desk.get((one.caller, agents.get(one.endpoint, 0)))
            step.late_pops += shown is None or shown > one.at


def _said(step: Step) -> str:
    setup = ", ".join(_ms(step.setup(share)) for share in (0.5, 0.95, 0.99))
    cpu = "" if step.app_cpu_ms is None else f", {step.app_cpu_ms:.2f} ms CPU a call"
    kind = "warm-up, " if step.plan.warm_up else ""
    words = (
        f"{kind}{step.plan.who} at {step.plan.rate}/s: {step.calls.placed} calls, {step.calls.failed} failed, set-up "
        f"p50, p95, p99 {setup} ms{cpu}; others use {step.use.others_share:.0%} of the machine"
    )
    return words + (f"\n{step.calls.errors}" if step.calls.failed else "")


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
