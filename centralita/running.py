"""One `centralita up` for each data folder: the lock, and the clearing away of what a killed one left.

Owns: <data_dir>/up.lock (flock(2), so it ends with its holder, however that dies) and <data_dir>/run/processes.json.
Must not: touch a process that this data folder's own `up` did not start.
"""

import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from centralita.child import birth_of

LOCK_NAME = "up.lock"
PIDS_NAME = "run/processes.json"


class AlreadyRunning(Exception):
    """Another `up` holds the data folder. `pid` is its number, 0 when it has not written it yet."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        super().__init__(f"process {pid}")


@contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Holds the lock. Raises AlreadyRunning."""
    handle = os.open(data_dir / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o640)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(_number(os.pread(handle, 32, 0))) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def holder(data_dir: Path) -> int | None:
    """The pid of the running `up`, or None. It does not wait and leaves the lock as it was."""
    try:
        with (data_dir / LOCK_NAME).open("r+b") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return _number(file.read(32))
    except OSError:
        return None
    return None


def children(data_dir: Path) -> dict[str, int]:
    """The programs noted by the last `up` that still live, by name."""
    try:
        noted = json.loads((data_dir / PIDS_NAME).read_text("utf-8"))
        known = {str(name): (int(pid), str(birth)) for name, (pid, birth) in noted.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
    return {name: pid for name, (pid, birth) in known.items() if birth and birth_of(pid) == birth}


def clear_leftovers(data_dir: Path, seconds: float = 5.0) -> list[str]:
    """Ends what a killed `up` left: SIGTERM, then SIGKILL to the groups. The names of what was found.

    Call it under the lock only.
    """
    left = children(data_dir)
    for pid in left.values():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while children(data_dir) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in left.values():
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
    return list(left)


def _number(text: bytes) -> int:
    with suppress(ValueError):
        return int(text)
    return 0
