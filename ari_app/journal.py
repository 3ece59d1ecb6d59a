"""Records that the database would not take, on disk, in order, until it does.

Owns: the segment files of one folder: appending with fsync, reading back what is whole, removing what is done; and the
file of what can never be stored. Must not: know what a record means, or the database.

A line is `<crc32 of the rest, 8 hex digits> <JSON>`. A segment is only appended to by the process that made it, so the
only line that can be torn is a segment's last. One process uses a folder at a time (`flock`).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from ari_app.json_text import encode

SEGMENT_BYTES: Final = 4 * 1024 * 1024
REFUSED_BYTES: Final = 64 * 1024 * 1024
_PATTERN: Final = "journal-*.jsonl"


class JournalBusy(OSError):
    """Another process uses this folder."""


class Journal:
    """Append-only segments `journal-<n>.jsonl` in `folder`, which is made when missing.

    Raises JournalBusy, or OSError when the folder cannot be used. Not for use by two threads at once.
    """

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._lock = os.open(folder / "journal.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise JournalBusy(f"another engine uses {folder}") from error
        self._handle: int | None = None
        self._current: Path | None = None
        self._good = 0
        self._lines = {path: sum(1 for _ in self._whole(path, [])) for path in self._segments()}
        self.torn = 0
        self.damaged = 0

    # ------------------------------------------------------------ what is there
    @property
    def waiting(self) -> int:
        """Records on disk that are not done."""
        return sum(tuple(self._lines.values()))  # a copy: it is read by other threads

    @property
    def is_empty(self) -> bool:
        """No segment at all, not even one whose every line is damaged."""
        return not self._lines

    def _segments(self) -> list[Path]:
        return sorted(self._folder.glob(_PATTERN), key=_number)

    # ------------------------------------------------------------ writing
    def append(self, records: Iterable[bytes]) -> None:
        """Put these on disk, all or none: on return they outlive a power cut. Raises OSError."""
        lines = [b"%08x %s\n" % (zlib.crc32(record), record) for record in records]
        if not lines:
            return
        if self._handle is None or self._good >= self._segment_bytes:
            self._begin_segment()
        assert self._handle is not None
        assert self._current is not None
        block = b"".join(lines)
        try:
            written = 0
            while written < len(block):
                written += os.write(self._handle, block[written:])
            os.fsync(self._handle)
        except OSError:
            # A half line would damage the next one: cut it off, or never write to this segment again.
            try:
                os.ftruncate(self._handle, self._good)
            except OSError:
                self._end_segment()
            raise
        self._good += len(block)
        self._lines[self._current] += len(lines)

    def _begin_segment(self) -> None:
        self._end_segment()
        last = max((_number(path) for path in self._segments()), default=0)
        path = self._folder / f"journal-{last + 1:08d}.jsonl"
        self._handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o600)
        self._current, self._good = path, 0
        self._lines[path] = 0
        self._sync_folder()

    def _end_segment(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
        self._handle = self._current = None

    def _sync_folder(self) -> None:
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    # ------------------------------------------------------------ reading back
    def oldest(self) -> Path | None:
        """The segment to replay next; from now on nothing is appended to it."""
        found = next(iter(self._segments()), None)
        if found is not None and found == self._current:
            self._end_segment()
        return found

    def read(self, segment: Path) -> Iterator[bytes]:
        """The records of a segment, in order. A torn last line is counted; a damaged one before it is set aside."""
        damaged: list[tuple[bytes, bool]] = []
        yield from self._whole(segment, damaged)
        for line, is_last in damaged:
            if is_last:
                self.torn += 1
            else:
                self.damaged += 1
                self.refuse(line.decode("utf-8", "replace"), "damaged in the journal")

    def done(self, segment: Path) -> None:
        """Every record of it is stored: remove it, for good."""
        segment.unlink(missing_ok=True)
        self._lines.pop(segment, None)
        self._sync_folder()

    def _whole(self, segment: Path, damaged: list[tuple[bytes, bool]]) -> Iterator[bytes]:
        with segment.open("rb") as file:
            for line in file:
                record = _checked(line)
                if record is not None:
                    yield record
                elif line.strip():
                    damaged.append((line, not line.endswith(b"\n")))

    # ------------------------------------------------------------ what can never be stored
    def refuse(self, record: Any, reason: str) -> bool:
        """Set a record aside in `refused.jsonl` with the reason. False when even that failed, or the file is full."""
        line = encode({"at": int(time.time() * 1000), "reason": reason[:500], "record": record}) + b"\n"
        path = self._folder / "refused.jsonl"
        try:
            handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
            try:
                if os.fstat(handle).st_size + len(line) > REFUSED_BYTES:
                    return False
                os.write(handle, line)
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError:
            return False
        return True

    def close(self) -> None:
        self._end_segment()
        with contextlib.suppress(OSError):
            os.close(self._lock)


def _number(path: Path) -> int:
    digits = path.stem.removeprefix("journal-")
    return int(digits) if digits.isdigit() else 0


def _checked(line: bytes) -> bytes | None:
    """The record of a whole line, else None."""
    if len(line) < 10 or line[8:9] != b" " or not line.endswith(b"\n"):
        return None
    try:
        checksum = int(line[:8], 16)
    except ValueError:
        return None
    record = line[9:-1]
    return record if zlib.crc32(record) == checksum else None
