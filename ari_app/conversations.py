"""Recorded conversations: from the switch's spool into our folder, and away again when their time is over.

Owns: the one task that moves files, its retries, the retention, the watch over the disk. Must not: decide what is
recorded (``core.tape``), or make any call wait.

A part that was made is kept whatever dies meanwhile: it stays on the switch until its file lies here whole and its row
says so, and what an engine before us left there is found after every connect, and now and then.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import structlog

from ari_app import wav_stream
from ari_app.clock import now_ms
from ari_app.core import ids
from ari_app.disk_watch import DiskWatch
from ari_app.recordings import NotThere, StoredRecordings, Unreadable
from models import cdr, recordings
from models.recordings import KeptFile
from models.values.cdr import CallRecord
from models.values.recording import RecordingProblem, RecordingRow, RecordingState

log = structlog.get_logger(__name__)

LOOK_SECONDS = 5.0
RETRY_SECONDS = 0.5
"""Before the second try; twice as long before each that follows."""
RETRY_MOST_SECONDS = 60.0
FIND_SECONDS = 600.0
RETENTION_SECONDS = 3600.0
LOST_AFTER_MS = 3_600_000
"""A part without a file that ended so long ago will have none."""
FILE_TRIES = 6
"""Of a file that is not there, or is not what it should be: a quarter of a minute. All else is tried for ever."""

InDatabase = Callable[..., Awaitable[Any]]
"""``in_database(function, *arguments)``: ``function(database, *arguments)`` in a thread."""


class LiveCalls(Protocol):
    def __contains__(self, call_id: object, /) -> bool: ...


class Conversations:
    def __init__(self, stored: StoredRecordings, data_dir: Path, calls: LiveCalls, disk: DiskWatch) -> None:
        self._stored = stored
        self._data_dir = data_dir
        self._incoming = data_dir / recordings.FOLDER / ".incoming"
        self._calls = calls
        self.disk = disk
        self.in_database: InDatabase
        self.connected: Callable[[], bool] = lambda: True
        self._queue: asyncio.Queue[RecordingRow] = asyncio.Queue()
        self._waiting: set[str] = set()
        """Names in the queue, in the mover's hands, or set aside for another try."""
        self._again: dict[str, tuple[asyncio.TimerHandle, RecordingRow]] = {}
        self._tries: dict[str, int] = {}
        self._unsure: set[str] = set()
        """Calls found going on: what is there of them may be their present part, or one that was left."""
        self._tasks: list[asyncio.Task[None]] = []
        self.moved = 0
        self.failed = 0

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def start(self) -> None:
        self.disk.look()
        for half in self._incoming.glob("*"):  # an engine before us was killed while it fetched them
            half.unlink(missing_ok=True)
        loop = asyncio.get_running_loop()
        for work, name in ((self._move_for_ever(), "recordings"), (self._watch_for_ever(), "recordings' disk")):
            self._tasks.append(loop.create_task(work, name=name))

    async def close(self) -> None:
        for handle, _ in self._again.values():
            handle.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def keep(self, row: RecordingRow) -> None:
        """Fetch its file, behind those that came before."""
        if row.name not in self._waiting:
            self._waiting.add(row.name)
            self._queue.put_nowait(row)

    def hurry(self) -> None:
        """Something is there again that was away: what is set aside is tried now."""
        for handle, row in self._again.values():
            handle.cancel()
            self._queue.put_nowait(row)
        self._again.clear()

    # ------------------------------------------------------------ what was left
    async def find_left(self) -> None:
        """After a connect: what an engine before us left; of calls that go on as soon as they are over."""
        self.hurry()
        self._unsure = await self._find(failed=True)

    async def _find(self, *, failed: bool = False) -> set[str]:
        """Keep what was recorded and not kept yet, note rows whose file is nowhere; the calls that go on.

        ``failed``: try those too that were given up; somebody may have seen to them.
        """
        names = [name for name in await self._stored.names() if ids.is_conversation(name)]
        states = await self.in_database(recordings.states, names)
        live = {call for name in names if (call := ids.call_of(name) or "") in self._calls}
        for name in names:
            state = states.get(name)
            # A row is written when its part is over.
            over = ids.call_of(name) not in live or state is RecordingState.PENDING
            if over and (failed or state is not RecordingState.FAILED) and name not in self._waiting:
                await self._found(name)
        pending = await self.in_database(recordings.pending, now_ms() - LOST_AFTER_MS)
        gone = [name for name in pending if name not in names and name not in self._waiting]
        if gone:
            log.warning("recordings_lost", recordings=gone[:20], count=len(gone))
            await self.in_database(recordings.lost, gone)
        return live

    async def _found(self, name: str) -> None:
        call_id = ids.call_of(name) or ""
        found: dict[str, CallRecord] = await self.in_database(cdr.calls_by_id, [call_id])
        record = found.get(call_id)
        began = (record.answered_at or record.offered_at) if record else now_ms()
        ended = max(began, (record.ended_at or began) if record else began)
        center = record.call_center_id if record else None
        row = RecordingRow(name, call_id, ids.part_of(name), began, ended, center)
        await self.in_database(recordings.write_new, row)
        log.info("recording_found", recording=name)
        self.keep(row)

    # ------------------------------------------------------------ the mover
    async def _move_for_ever(self) -> None:
        while True:
            row = await self._queue.get()
            try:
                await self._move(row)
                self.moved += 1
            except Exception as error:
                tries = self._tries[row.name] = self._tries.get(row.name, 0) + 1
                self.failed += not isinstance(error, NotThere)
                if tries < FILE_TRIES or not isinstance(error, NotThere | Unreadable | wav_stream.NotWav):
                    # The switch or the database is away, or the disk is full: it waits where it is.
                    log.warning("recording_not_moved_yet", recording=row.name, tries=tries, error=_words(error))
                    self._later(row, tries)
                    continue
                await self._give_up(row, error)
            self._tries.pop(row.name, None)
            self._waiting.discard(row.name)

    def _later(self, row: RecordingRow, tries: int) -> None:
        wait = min(RETRY_SECONDS * 2 ** min(tries - 1, 16), RETRY_MOST_SECONDS)

        def again() -> None:
            self._again.pop(row.name, None)
            self._queue.put_nowait(row)

        self._again[row.name] = asyncio.get_running_loop().call_later(wait, again), row

    async def _give_up(self, row: RecordingRow, error: Exception) -> None:
        """The file will never be right. Where there is something in it, it stays on the switch for a person to see."""
        log.error("recording_given_up", recording=row.name, error=_words(error))
        with contextlib.suppress(Exception):
            match error:
                case NotThere():
                    await self.in_database(recordings.lost, [row.name])
                case wav_stream.Empty():
                    await self.in_database(recordings.failed, row.name, RecordingProblem.EMPTY)
                    await self._stored.delete(row.name)
                case wav_stream.NotWav():
                    await self.in_database(recordings.failed, row.name, RecordingProblem.NOT_WAV)
                case _:
                    await self.in_database(recordings.failed, row.name, RecordingProblem.UNREADABLE)

    async def _move(self, row: RecordingRow) -> None:
        """Whole or not at all; safe to repeat at any step."""
        await self._stored.end(row.name)
        await self.in_database(recordings.write_new, row)
        path = recordings.path_of(self._data_dir, row.name)
        kept = await self._download(row.name, path)
        if not await self.in_database(recordings.kept, row.name, kept, now_ms()):
            await asyncio.to_thread(path.unlink, missing_ok=True)
        await self._stored.delete(row.name)
        log.info("recording_kept", recording=row.name, size=kept.size, ms=kept.duration_ms)

    async def _download(self, name: str, target: Path) -> KeptFile:
        """Into a file on the same disk; then it takes its place. Nothing half is ever there."""
        fresh = self._incoming / f"{name}.{secrets.token_hex(4)}"
        for folder in (target.parent, self._incoming):
            await asyncio.to_thread(_make_folder, folder)
        try:
            sha256, size, length = await self._write(name, fresh)
            await asyncio.to_thread(_finish, fresh, target)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
        return KeptFile(sha256, size, length)

    async def _write(self, name: str, fresh: Path) -> tuple[str, int, int]:
        samples = 0
        first = b""
        handle = await asyncio.to_thread(os.open, fresh, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        with os.fdopen(handle, "w+b") as file:
            async for piece in self._stored.download(name):
                if samples == 0 and len(first) < wav_stream.HEADER:
                    first += piece
                    if len(first) < wav_stream.HEADER:
                        continue
                    wav_stream.check(first)
                    piece = wav_stream.header(0) + first[wav_stream.HEADER :]
                    samples -= wav_stream.HEADER
                samples += len(piece)
                await asyncio.to_thread(file.write, piece)
            wav_stream.check(first)
            sha256 = await asyncio.to_thread(_seal, file, samples)
        return sha256, samples + wav_stream.HEADER, wav_stream.duration_ms(samples)

    # ------------------------------------------------------------ the watch
    async def _watch_for_ever(self) -> None:
        """The disk every few seconds; what was left and what has expired now and then."""
        loop = asyncio.get_running_loop()
        find_at, retain_at = loop.time() + FIND_SECONDS, loop.time()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                self.disk.look()
                if loop.time() >= retain_at:
                    retain_at = loop.time() + RETENTION_SECONDS
                    await self.delete_expired()
                over = {call for call in self._unsure if call not in self._calls}
                if (over or loop.time() >= find_at) and self.connected():
                    find_at = loop.time() + FIND_SECONDS
                    await self._find()
                    self._unsure -= over
            except Exception as error:
                log.warning("recordings_not_looked_after", error=str(error))

    async def delete_expired(self) -> int:
        """What is older than its call center wants it kept. The file first: a row that says deleted is true."""
        count = 0
        while due := await self.in_database(recordings.expired, now_ms()):
            for name in due:
                path = recordings.path_of(self._data_dir, name)
                await asyncio.to_thread(path.unlink, missing_ok=True)
                await self.in_database(recordings.deleted, name, now_ms())
                log.info("recording_deleted", recording=name, why="retention")
                count += 1
        return count


def _words(error: Exception) -> str:
    """A time-out has none of its own."""
    return f"{type(error).__name__}: {error}"


def _make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def _seal(file: Any, samples: int) -> str:
    """The true header, the disk's word that it is there, and the hash of the whole."""
    file.seek(0)
    file.write(wav_stream.header(samples))
    file.flush()
    os.fsync(file.fileno())
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()


def _finish(fresh: Path, target: Path) -> None:
    fresh.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
