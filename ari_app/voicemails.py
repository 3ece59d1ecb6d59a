"""Callers' messages: from the switch's recordings into our files and the table, and out by mail.

Owns: that a message that was spoken is kept, whatever dies meanwhile: a recording stays on the switch until its row is
written, and what an engine before us left there is found at the next connect. Must not: decide whether there is a
message (``core.voicemail``).
"""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import structlog

from ari_app.clock import now_ms
from ari_app.core import ids
from ari_app.core.commands import KeepVoicemail
from ari_app.mailing import Mailer
from ari_app.recordings import NotThere, StoredRecordings
from models import cdr, files
from models.callers_left import VoicemailRow, keep_voicemail, voicemail_email
from models.values.cdr import CallRecord

log = structlog.get_logger(__name__)

TRIES = 12
RETRY_SECONDS = 5.0
SHORTEST_SECONDS = 1.0

InDatabase = Callable[..., Awaitable[Any]]
"""``in_database(function, *arguments)``: ``function(database, *arguments)`` in a thread."""


class LiveCalls(Protocol):
    def __contains__(self, call_id: object, /) -> bool: ...


class Voicemails:
    def __init__(self, recordings: StoredRecordings, data_dir: Path, mailer: Mailer, calls: LiveCalls) -> None:
        self._recordings = recordings
        self._data_dir = data_dir
        self._mailer = mailer
        self._calls = calls
        self.in_database: InDatabase
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def keep(self, command: KeepVoicemail) -> None:
        name = command.recording
        self._begin(name, lambda: self._row(name, command.call_center, command.calling_number or "", "", command.at))

    def drop(self, recording: str) -> None:
        """Nothing was said into it."""
        self._spawn(recording, self._drop(recording))

    async def find_left(self) -> None:
        """What was recorded by calls that are over, and not kept yet."""
        for name in await self._recordings.names():
            call_id = ids.call_of(name)
            if call_id is None or not ids.is_voicemail(name) or call_id in self._calls or name in self._tasks:
                continue
            found: dict[str, CallRecord] = await self.in_database(cdr.calls_by_id, [call_id])
            record = found.get(call_id)
            center = record.call_center_id if record else None
            calling, called = (record.calling_number, record.called_number) if record else ("", "")
            at = record.offered_at if record else now_ms()
            log.info("voicemail_found", recording=name)
            self._begin(name, lambda name=name, center=center, calling=calling, called=called, at=at: self._row(  # type: ignore[misc]
                name, center, calling, called, at
            ))  # fmt: skip

    async def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    # ------------------------------------------------------------ inside
    def _begin(self, name: str, keep: Callable[[], Awaitable[None]]) -> None:
        self._spawn(name, self._until_kept(name, keep))

    def _spawn(self, name: str, work: Any) -> None:
        if name in self._tasks:
            work.close()
            return
        task = asyncio.get_running_loop().create_task(work, name=f"voicemail {name}")
        self._tasks[name] = task
        task.add_done_callback(lambda _: self._tasks.pop(name, None))

    async def _until_kept(self, name: str, keep: Callable[[], Awaitable[None]]) -> None:
        for _ in range(TRIES):
            try:
                await keep()
                return
            except NotThere:
                log.warning("voicemail_not_there", recording=name)
                return
            except Exception as error:
                # The switch or the database is away: the recording waits where it is.
                log.warning("voicemail_not_kept_yet", recording=name, error=str(error))
                await asyncio.sleep(RETRY_SECONDS)
        log.error("voicemail_left_on_the_switch", recording=name)

    async def _row(self, name: str, center: int | None, calling: str, called: str, at: int) -> None:
        content = await self._recordings.fetch(name)
        seconds = length(content)
        if seconds < SHORTEST_SECONDS:
            await self._recordings.delete(name)
            return
        call_id = ids.call_of(name) or name
        if not called:
            found: dict[str, CallRecord] = await self.in_database(cdr.calls_by_id, [call_id])
            called = found[call_id].called_number if call_id in found else ""
        sha256 = await asyncio.to_thread(files.store, self._data_dir, content)
        row = VoicemailRow(name, call_id, center, calling, called, at, round(seconds), sha256, len(content))
        new = await self.in_database(keep_voicemail, row)
        await self._recordings.delete(name)
        log.info("voicemail_kept", recording=name, seconds=round(seconds))
        if new:
            address, center_name = await self.in_database(voicemail_email, center)
            await self._mailer.send_voicemail(address, center_name, row, content)

    async def _drop(self, name: str) -> None:
        try:
            await self._recordings.fetch(name)
            await self._recordings.delete(name)
        except Exception as error:
            log.info("voicemail_not_dropped", recording=name, error=str(error))


def length(content: bytes) -> float:
    """Seconds of a WAV; 0 for anything else."""
    try:
        with wave.open(io.BytesIO(content)) as sound:
            return sound.getnframes() / sound.getframerate()
    except (wave.Error, EOFError, ZeroDivisionError):
        return 0.0
