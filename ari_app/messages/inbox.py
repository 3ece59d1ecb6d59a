"""Messages that came in, from the switch's files into the database.

Owns: reading each file, and removing it once its message is stored. Must not: lose one: a file goes only after the
commit, so whatever dies or is away meanwhile, it is read again; a message that is stored already is not stored twice.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import structlog

from dialplan.messages import InboxMessage, parse
from models import messages
from models.messages import Incoming, Received
from models.values.sms import FailureReason, Way

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 0.25
AWAY_SECONDS: Final = 2.0
WHOLE_SECONDS: Final = 10.0
"""A file that is not whole after this time will never be."""
AT_ONCE: Final = 200

InDatabase = Callable[..., Awaitable[Any]]


class Inbox:
    """`folder`: where the dialplan writes (`dialplan.messages`). What can't be read goes into `refused` below it."""

    def __init__(self, folder: Path, *, in_database: InDatabase, received: Callable[[Received], None]) -> None:
        self._folder = folder
        self._in_database = in_database
        self._received = received
        self._task: asyncio.Task[None] | None = None
        self.counts: Final = {"received": 0, "refused": 0}
        self.waiting = 0

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._look_for_ever(), name="inbox")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _look_for_ever(self) -> None:
        away = False
        while True:
            try:
                await self._look()
                away = False
            except Exception as error:
                if not away:
                    log.error("messages_not_stored_yet", waiting=self.waiting, error=str(error)[:300])
                away = True
            await asyncio.sleep(AWAY_SECONDS if away else LOOK_SECONDS)

    async def _look(self) -> None:
        found = await asyncio.to_thread(_files, self._folder)
        self.waiting = len(found)
        for path in found[:AT_ONCE]:
            told = await asyncio.to_thread(_read, path)
            if isinstance(told, Incoming):
                stored: Received | None = await self._in_database(messages.receive, told)
                await asyncio.to_thread(path.unlink, missing_ok=True)
                if stored is not None:
                    self.counts["received"] += 1
                    self._received(stored)
                self.waiting -= 1
            elif told:
                log.error("message_refused", file=path.name)
                self.counts["refused"] += 1
                await asyncio.to_thread(_set_aside, path)


def _files(folder: Path) -> list[Path]:
    """The oldest first."""
    try:
        with os.scandir(folder) as entries:
            found = [
                (entry.stat().st_mtime_ns, entry.path) for entry in entries if entry.is_file(follow_symlinks=False)
            ]
    except FileNotFoundError:
        return []
    return [Path(path) for _, path in sorted(found)]


def _read(path: Path) -> Incoming | bool:
    """The message; True: it never will be one; False: it is being written."""
    told = path.stat()
    message = parse(path.read_bytes())
    if message is None:
        return time.time() - told.st_mtime > WHOLE_SECONDS
    return _incoming(message, told.st_mtime_ns // 1_000_000)


def _incoming(message: InboxMessage, at: int) -> Incoming:
    return Incoming(
        key=message.key,
        our_number=message.called,
        number=message.caller,
        text=message.text,
        at=at,
        way=Way.SIP,
        remote_id=message.call_id,
        reason=FailureReason.TOO_LARGE if message.cut else "",
    )


def _set_aside(path: Path) -> None:
    folder = path.parent / "refused"
    folder.mkdir(mode=0o700, exist_ok=True)
    path.rename(folder / path.name)
