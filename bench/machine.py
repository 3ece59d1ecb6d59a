"""What the machine is and how busy: processes' CPU time, everybody else's, and the facts for a report.

Owns: reading /proc. Must not: know what is measured.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process with all its threads, ended ones too, in steps of 10 ms; 0 when it is gone."""
    try:
        # The name in parentheses may hold anything: fields are counted from behind it (proc_pid_stat(5)).
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


def busy_seconds() -> tuple[float, float]:
    """The whole machine's CPU seconds since it started: busy, and stolen by its host."""
    user, nice, system, _idle, _wait, irq, soft, steal = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    )
    return (user + nice + system + irq + soft + steal) / TICK, steal / TICK


@dataclass(frozen=True)
class Use:
    """CPU time over a stretch. Seconds; `others` is what processes that we do not know used, hosts' theft included."""

    wall: float
    by_name: dict[str, float]
    others: float

    @property
    def others_share(self) -> float:
        """Their part of the whole machine, 0..1."""
        return self.others / (self.wall * (os.cpu_count() or 1))


class Meter:
    """CPU time from its making to `read()`, of processes by name."""

    def __init__(self, processes: dict[str, int]) -> None:
        self._pids = processes
        self._began = time.monotonic()
        self._busy = busy_seconds()[0]
        self._ours = os.times()
        self._cpu = {name: cpu_seconds(pid) for name, pid in processes.items()}

    def read(self) -> Use:
        used = {name: cpu_seconds(pid) - self._cpu[name] for name, pid in self._pids.items()}
        now = os.times()
        # Ourselves and the children that have ended meanwhile: SIPp's callers.
        used["callers"] = (
            now.children_user + now.children_system - self._ours.children_user - self._ours.children_system
        )
        own = now.user + now.system - self._ours.user - self._ours.system
        others = busy_seconds()[0] - self._busy - sum(used.values()) - own
        return Use(time.monotonic() - self._began, used, max(0.0, others))


def percentile(values: Iterable[float], share: float) -> float | None:
    """The smallest value that at least `share` (0..1) of all do not exceed (nearest rank); None of none."""
    ordered = sorted(values)
    if not ordered:
        return None
    rank = max(1, -(-len(ordered) * share // 1))
    return ordered[min(len(ordered), int(rank)) - 1]


def facts() -> dict[str, str]:
    """Processor, cores, memory, system: what a reader needs to compare."""
    info = Path("/proc/cpuinfo").read_text()
    models = [line.partition(":")[2].strip() for line in info.splitlines() if line.startswith("model name")]
    memory = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": str(os.cpu_count()),
        "memory": f"{int(memory.split()[1]) / 1024**2:.1f} GiB",
        "system": f"{_distribution()}, Linux {platform.release()}",
        "Python": platform.python_version(),
    }


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()
