"""The programs' log files: rotated by size, and read along for what the operator should see at once.

Owns: <data_dir>/log/*.log and their older parts (.1 newest). Must not: stand between a program and its file: programs
write straight into it (append mode), so neither a stopped terminal nor a busy supervisor can ever hold up a call.

Rotation copies and truncates, because a program keeps its file open. What is written between the last read and the
truncation, some microseconds, would be lost; the copy is therefore read to its very end first.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 10 * 1024 * 1024
KEPT = 5
_READ_AT_ONCE = 256 * 1024
_LEVEL = re.compile(r"\b(WARNING|ERROR|CRITICAL|FATAL)\b")
_COLOR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_STAMP = re.compile(r"^\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z| ?[+-]\d\d:?\d\d)?\]?\s*")


@dataclass(frozen=True)
class Problem:
    """A line of WARNING or worse. `level` is WARNING or ERROR."""

    program: str
    level: str
    text: str


def problem_in(program: str, line: str) -> Problem | None:
    """The line as a problem, or None. Reads JSON lines (structlog) and plain ones with the level in capitals."""
    line = _COLOR.sub("", line).strip()
    if line.startswith("{"):
        try:
            entry = json.loads(line)
        except ValueError:
            entry = None
        if isinstance(entry, dict):
            level = str(entry.get("level", "")).upper()
            if level not in ("WARNING", "WARN", "ERROR", "CRITICAL", "EXCEPTION"):
                return None
            hidden = ("level", "event", "timestamp", "logger", "exception")
            rest = " ".join(f"{name}={value}" for name, value in entry.items() if name not in hidden)
            text = f"{entry.get('event', '')} {rest}".strip()
            return Problem(program, "WARNING" if level.startswith("WARN") else "ERROR", text)
    found = _LEVEL.search(line[:160])
    if found is None:
        return None
    return Problem(program, "WARNING" if found[1] == "WARNING" else "ERROR", _STAMP.sub("", line))


class LogFile:
    """One program's file: where we have read to, and its rotation."""

    def __init__(self, program: str, path: Path, *, max_bytes: int = MAX_BYTES, kept: int = KEPT) -> None:
        self.program = program
        self.path = path
        self._max_bytes = max_bytes
        self._kept = kept
        self._offset = path.stat().st_size if path.exists() else 0  # what an earlier run wrote is not told again
        self._rest = b""

    def problems(self) -> Iterator[Problem]:
        """What was written since the last call. Of a flood only the end is read: the file has it all."""
        try:
            size = self.path.stat().st_size
        except FileNotFoundError:
            return
        if size < self._offset:
            self._offset, self._rest = 0, b""
        if size == self._offset:
            return
        if size - self._offset > _READ_AT_ONCE:
            self._offset, self._rest = size - _READ_AT_ONCE, b""
        with self.path.open("rb") as file:
            file.seek(self._offset)
            new = file.read(_READ_AT_ONCE)
        self._offset += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        for line in lines:
            problem = problem_in(self.program, line.decode("utf-8", "replace"))
            if problem:
                yield problem

    def rotate(self) -> bool:
        """Moves the content away when the file has grown over its limit. True if it did. Raises OSError (disk full)."""
        if not self.path.exists() or self.path.stat().st_size <= self._max_bytes:
            return False
        for number in range(self._kept - 1, 0, -1):
            older = self._older(number)
            if older.exists():
                older.replace(self._older(number + 1))
        with self.path.open("r+b") as file, self._older(1).open("wb") as copy:
            while block := file.read(1024 * 1024):
                copy.write(block)
            os.ftruncate(file.fileno(), 0)
        self._offset, self._rest = 0, b""
        return True

    def _older(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


def last_lines(path: Path, count: int = 12) -> list[str]:
    """The end of a log, for a message that says why something did not start."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 16 * 1024))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [_COLOR.sub("", line).rstrip() for line in text.splitlines() if line.strip()][-count:]


def follow(files: list[LogFile], tell: Callable[[Problem], None]) -> None:
    """One round over all files: tells what is new, rotates what is too large."""
    for file in files:
        for problem in file.problems():
            tell(problem)
        file.rotate()
