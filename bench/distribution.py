"""How long the roster takes to decide who is rung: 500 agents, 200 waiting callers, in this process alone.

    python -m bench.distribution [--agents 500] [--waiting 200] [--rounds 2000] [--json]

Owns: the roster's public functions under load, each decision timed. The aim is a p99 under 1 ms, judged by this
thread's CPU time so that a busy neighbour does not decide; exit status 1 when it is missed. What app_queue takes for
the same cannot be timed by itself; what a caller of either waits is the other bench's.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from ari_app.core import roster as roster_of
from ari_app.core.roster import Offer, Roster
from bench.machine import percentile
from models.values.call import AgentState, CostUnit, LegOutcome, Strategy
from models.values.money import Rate
from models.values.routing import Account, AgentRoute, CallCenterRoute, RoutingSnapshot

AIM_MS = 1.0
AGENTS, WAITING, ROUNDS, STRATEGY = 500, 200, 2_000, Strategy.ROUND_ROBIN_MEMORY


@dataclass(frozen=True)
class Timed:
    """One kind of decision: milliseconds of CPU of each."""

    what: str
    ms: list[float]

    def at(self, share: float) -> float:
        return percentile(self.ms, share) or 0.0


def account(agents: int, strategy: Strategy) -> RoutingSnapshot:
    """Two call centers with as many agents each; those of the second (id 2) do not come."""
    rate = Rate(Decimal(0), "CRC", CostUnit.MINUTE)
    routes = {n: AgentRoute(n, f"Agente {n}", str(8_330_000 + n)) for n in range(1, 2 * agents + 1)}
    centers = {
        number: CallCenterRoute(number, name, "#123456", rate, agents=members, strategy=strategy)
        for number, name, members in (
            (1, "Ventas", tuple(range(1, agents + 1))),
            (2, "Otros", tuple(range(agents + 1, 2 * agents + 1))),
        )
    }
    return RoutingSnapshot(1, Account("Bench"), call_centers=centers, agents=routes)


def all_at_work(snapshot: RoutingSnapshot, agents: int) -> Roster:
    """Everybody's desk on the line, all free; those of the other call center are paused."""
    roster = Roster(snapshot)
    for agent in range(1, 2 * agents + 1):
        roster, _ = roster_of.connect(roster, agent, f"s{agent}", "127.0.0.1", agent)
        if agent > agents:
            roster, _ = roster_of.wish(roster, agent, AgentState.PAUSED, None, agent)
    return roster


def seek(roster: Roster, call: str, route: CallCenterRoute, at: int) -> roster_of.Result:
    """A call begins to look for agents."""
    return roster_of.seek(roster, call, route, at, at)


def answered(roster: Roster, decisions: list[roster_of.Decision], at: int) -> tuple[Roster, list[tuple[int, str]]]:
    """Whoever was offered answers: the agents who talk now, each with the call."""
    talk = [(one.agents[0].id, one.call_id) for one in decisions if isinstance(one, Offer)]
    for agent, call in talk:
        roster, _ = roster_of.engage(roster, agent, call, at)
        roster = roster_of.stop_seeking(roster, call)
    return roster, talk


def timed(action: Callable[[], roster_of.Result], into: list[float]) -> roster_of.Result:
    began = time.thread_time_ns()
    result = action()
    into.append((time.thread_time_ns() - began) / 1_000_000)
    return result


def measure(agents: int, waiting: int, rounds: int, strategy: Strategy) -> list[Timed]:
    """An arrival with everybody free; a release with `waiting` callers in line; an arrival that must wait; and the
    worst there is: `waiting` callers whom nobody of the free agents may take."""
    snapshot = account(agents, strategy)
    ours, others = snapshot.call_centers[1], snapshot.call_centers[2]
    free, handed, queued, barren = [], [], [], []  # type: ignore[var-annotated]
    idle = all_at_work(snapshot, agents)
    at = 1_000_000
    for number in range(rounds):
        at += 10
        idle, decisions = timed(lambda r=idle, n=number, t=at: seek(r, f"f{n}", ours, t), free)
        idle, [(rung, call)] = answered(idle, decisions, at)
        idle, _ = roster_of.release(idle, rung, call, LegOutcome.ANSWERED, 0, at)
    busy = all_at_work(snapshot, agents)
    line: list[tuple[int, str]] = []
    for number in range(agents + waiting):
        busy, talk = answered(*seek(busy, f"c{number}", ours, at), at)
        line += talk
    assert len(busy.seekers) == waiting
    for number in range(rounds):
        at += 10
        agent, call = line.pop(0)
        busy, decisions = timed(
            lambda r=busy, a=agent, c=call, t=at: roster_of.release(r, a, c, LegOutcome.ANSWERED, 0, t), handed
        )
        busy, talk = answered(busy, decisions, at)
        line += talk
        busy, _ = timed(lambda r=busy, n=number, t=at: seek(r, f"w{n}", ours, t), queued)
        assert len(busy.seekers) == waiting
        assert len(line) == agents
    starved = idle
    for number in range(waiting):
        starved, _ = seek(starved, f"o{number}", others, at)
    assert len(starved.seekers) == waiting
    for number in range(rounds // 4):
        at += 10
        agent = number % agents + 1
        starved, _ = roster_of.engage(starved, agent, f"x{number}", at)
        starved, _ = timed(
            lambda r=starved, a=agent, n=number, t=at: roster_of.release(r, a, f"x{n}", LegOutcome.ANSWERED, 0, t),
            barren,
        )
    return [
        Timed("a caller comes, all agents free", free),
        Timed("an agent is free, callers wait", handed),
        Timed("a caller comes, all agents busy", queued),
        Timed("an agent is free, whom no waiting caller may have", barren),
    ]


def met(found: list[Timed]) -> bool:
    return max(one.at(0.99) for one in found) < AIM_MS


def as_data(found: list[Timed]) -> dict[str, dict[str, float]]:
    return {one.what: {"p50": one.at(0.5), "p99": one.at(0.99), "max": max(one.ms)} for one in found}


def text(found: list[Timed], agents: int, waiting: int) -> str:
    """A Markdown table and the verdict."""
    worst = max(one.at(0.99) for one in found)
    rows = [f"| {one.what} | {one.at(0.5):.3f} | {one.at(0.99):.3f} | {max(one.ms):.3f} |" for one in found]
    verdict = "met" if met(found) else "**missed**"
    return (
        f"The roster's decision, {agents} agents, {waiting} waiting callers, round robin with memory; ms of CPU:\n\n"
        "| decision | p50 | p99 | worst |\n| --- | --- | --- | --- |\n" + "\n".join(rows) + "\n\n"
        f"- {verdict}: a distribution decision under {AIM_MS:g} ms (p99 {worst:.3f} ms)\n"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=AGENTS)
    parser.add_argument("--waiting", type=int, default=WAITING)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.agents, options.waiting, options.rounds, STRATEGY)
    if options.json:
        print(json.dumps(as_data(found)))
    else:
        print(text(found, options.agents, options.waiting))
    return int(not met(found))


if __name__ == "__main__":
    sys.exit(main())
