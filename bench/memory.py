"""What tens of thousands of calls leave behind in the engine's memory, and the CPU time they take of it alone.

    python -m bench --parts memory [--memory-calls 50000] [--memory-rate 100]

Owns: the run against a played switch (`played_switch`: ARI's messages, no telephone), the engine as the product starts
it, 100 agents with their desks, SQLite. Must not: claim anything about Asterisk: set-up times are the other bench's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from switch.real_switch import RealSwitch, free_port
from switch.running_engine import RunningEngine
from switch.waiting import wait_until

from bench.machine import cpu_seconds
from bench.stage import ENGINE_NUMBER, Agents, Companion, make_account, open_desks
from dialplan import names

PARTS = 10
TALK_SECONDS = 0.2
CALLERS = 1_000
"""Each calls ten times before all has settled: a card tells the last five calls, and every agent's desk keeps the pops
of the last twenty, so the cards grow with the callers' history until then (with 5,000 callers they did so for 25,000
calls, which looked like a leak of 500 bytes a call)."""
SETTLED_CALLS = 10_000
"""By then caches, pools and every agent's kept pops are what they will be."""
AIM_BYTES = 100.0
"""What a call may leave behind. A single forgotten event is more than that."""


@dataclass(frozen=True)
class Reading:
    """After so many calls in all. `cpu_ms`: for each call of the part before."""

    calls: int
    resident_mb: float
    cpu_ms: float


@dataclass(frozen=True)
class Memory:
    """A whole run."""

    readings: list[Reading]
    answered: int
    left: int
    cdrs: int
    stalls: int
    worst_stall_ms: float

    @property
    def calls(self) -> int:
        return self.readings[-1].calls

    @property
    def settled(self) -> Reading:
        return next((one for one in self.readings if one.calls >= SETTLED_CALLS), self.readings[-1])

    @property
    def growth_bytes(self) -> float | None:
        """Per call, from when all has settled to the end; None: the run was too short to tell."""
        first, last = self.settled, self.readings[-1]
        if last.calls < 2 * first.calls:
            return None
        return (last.resident_mb - first.resident_mb) * 1024**2 / (last.calls - first.calls)

    @property
    def met(self) -> bool:
        growth = self.growth_bytes
        return growth is not None and growth < AIM_BYTES and self.answered == self.cdrs == self.calls and not self.left


def resident_mb(pid: int) -> float:
    """What a process has in memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def _counted_by_itself(_seconds: float = 0.0) -> None:
    """The played switch says what is left after every order."""


@contextmanager
def engine_on_a_played_switch(folder: Path, agents: int, talk: float) -> Iterator[tuple[RunningEngine, Companion]]:
    """The engine with its agents' desks, and the switch to give orders to."""
    logs = folder / "asterisk"
    (logs / Path(names.CEL_FILE).parent).mkdir(parents=True)
    (logs / names.CEL_FILE).touch()
    config = SimpleNamespace(ari_port=free_port(), sip_port=free_port(), ari_password="played", log_dir=logs)
    with ExitStack() as stack:
        callers = [f"8{number:07d}" for number in range(CALLERS)]
        switch = Companion(
            "bench.played_switch",
            folder,
            {
                "port": config.ari_port,
                "app": names.STASIS_APP,
                "number": ENGINE_NUMBER,
                "callers": callers,
                "talk": talk,
            },
        )
        stack.callback(switch.stop)
        engine = RunningEngine(
            cast(RealSwitch, SimpleNamespace(config=config, wait_quiet=_counted_by_itself)),
            folder / "data",
            log_level="INFO",
            pop_ack_ms=150,
        )
        stack.callback(engine.stop)
        made: Agents = make_account(engine, agents, callers)
        engine.start(30)
        stack.callback(open_desks(engine, made, folder).stop)
        wait_until(lambda: engine.control("GET", "/health")[1]["desks"] == agents, 20, "every desk is there")
        yield engine, switch


def run(calls: int, rate: float, agents: int, tell: Callable[[str], None]) -> Memory:
    """`calls` calls in equal parts, the memory read after each."""
    readings: list[Reading] = []
    answered = left = 0
    with tempfile.TemporaryDirectory(prefix="centralita-bench-") as name:
        folder = Path(name)
        with engine_on_a_played_switch(folder, agents, TALK_SECONDS) as (engine, switch):
            assert engine.process is not None
            pid = engine.process.pid
            part = calls // PARTS
            for number in range(1, PARTS + 1):
                before = cpu_seconds(pid)
                came = switch.ask({"calls": part, "rate": rate})
                answered += came["answered"]
                left += came["left"]
                wait_until(lambda wanted=number * part: _closed(engine) >= wanted, 20, "the CDRs are closed")
                cpu = (cpu_seconds(pid) - before) * 1000 / part
                readings.append(Reading(number * part, resident_mb(pid), cpu))
                tell(f"{number * part} calls: {readings[-1].resident_mb:.1f} MiB, {cpu:.2f} ms CPU a call")
            loop: dict[str, Any] = engine.control("GET", "/health")[1]["loop"]
            cdrs = int(engine.rows("SELECT count(*) FROM calls WHERE outcome = 'answered' AND agent_id > 0")[0][0])
    return Memory(readings, answered, left, cdrs, loop["stalls"], loop["worst_ms"])


def _closed(engine: RunningEngine) -> int:
    return int(engine.rows("SELECT count(*) FROM calls WHERE ended_at IS NOT NULL")[0][0])


def as_data(memory: Memory) -> dict[str, Any]:
    return asdict(memory)


def text(memory: Memory, rate: float, agents: int) -> str:
    """The run in words."""
    first, last, growth = memory.settled, memory.readings[-1], memory.growth_bytes
    cpu = sorted(reading.cpu_ms for reading in memory.readings)[len(memory.readings) // 2]
    left = "too few to judge" if growth is None else f"{growth:.0f} bytes a call"
    verdict = "met" if memory.met else "**missed**"
    return (
        f"Memory: {memory.calls} calls at {rate:g}/s on a played switch (ARI's messages, no telephone), {agents} "
        f"agents with desks: {first.resident_mb:.1f} MiB after {first.calls} calls, {last.resident_mb:.1f} MiB after "
        f"{last.calls}, {left}; {cpu:.2f} ms CPU a call; {memory.answered} answered, {memory.cdrs} right CDRs, "
        f"{memory.left} channels or bridges left; the event loop stood still {memory.stalls} times for more than "
        f"50 ms, {memory.worst_stall_ms:.0f} ms at worst.\n\n"
        f"- {verdict}: engine memory flat (under {AIM_BYTES:.0f} bytes a call)\n"
    )
