"""One child process: in a session of its own, ended with its whole group, never outliving us.

Owns: spawning, waiting, ending in bounded time. Must not: decide whether to start it again (`centralita.supervisor`).

**Why it dies with us.** The kernel is asked (PR_SET_PDEATHSIG, prctl(2)) to send the child SIGTERM when this process
dies, however it dies: a switch and an engine that nobody watches would hold the ports, and callers would reach a house
without a keeper. So a conversation outlives the engine and the web, but not `centralita up` (docs/operate.md).
"""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
# Loaded here: between fork and exec nothing may be imported or looked up.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with(parent: int) -> Callable[[], None] | None:
    """For `preexec_fn`: SIGTERM when the thread that forks ends. None where the kernel can't."""
    if _LIBC is None:
        return None
    prctl, term, getppid, leave = _LIBC.prctl, int(signal.SIGTERM), os.getppid, os._exit

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, term, 0, 0, 0)
        if getppid() != parent:  # it died before we asked
            leave(1)

    return ask


def birth_of(pid: int) -> str:
    """What tells a process from a later one of the same number: its start time, proc(5) field 22. Empty: none such."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


class Child:
    """A running process. Spawn with `start`; each must be given to `end`, or be seen to exit by `wait`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid

    @classmethod
    async def start(cls, command: Sequence[str], env: Mapping[str, str], log: Path, cwd: Path | None = None) -> "Child":
        """Raises OSError when the program or the log can't be opened. Output goes straight to the file: no pipe that
        could fill up and stop the child when we are slow or stopped."""
        log.parent.mkdir(parents=True, exist_ok=True)
        output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(env),
                cwd=cwd,
                start_new_session=True,
                preexec_fn=die_with(os.getpid()),
            )
        finally:
            os.close(output)
        return cls(process)

    async def wait(self) -> int:
        """The exit status (negative: the signal's number). What its group left behind is killed."""
        code = await self._process.wait()
        self._signal_group(signal.SIGKILL)
        return code

    async def end(self, seconds: float, gentle: signal.Signals = signal.SIGTERM) -> bool:
        """Ends it: `gentle` to the process, after `seconds` SIGKILL to the group. False if it had to be killed."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, gentle)
        try:
            async with asyncio.timeout(seconds):
                await self.wait()
        except TimeoutError:
            self._signal_group(signal.SIGKILL)
            await self.wait()
            return False
        return True

    def _signal_group(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)  # the group's number is its first process's
