"""SMS over the trunk, put together: the inbox, the outbox, the watch, and news to the desks.

Owns: their order of life. Must not: know what is in a message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Any

import structlog

from ari_app.ari.port import AriPort
from ari_app.messages.inbox import Inbox
from ari_app.messages.outbox import Outbox, Trunk
from ari_app.messages.watch import Watch
from models import message_sight
from models.messages import Received

log = structlog.get_logger(__name__)

InDatabase = Callable[..., Awaitable[Any]]


class Messages:
    """`news(agents, thread)`: their desks are told that this thread changed."""

    def __init__(
        self,
        port: AriPort,
        trunk: Trunk,
        folder: Path,
        *,
        watch_port: int,
        watch_password: str,
        in_database: InDatabase,
        connected: Callable[[], bool],
        region: Callable[[], str],
        news: Callable[[Collection[int], int], None],
    ) -> None:
        self._watch_at = (watch_port, watch_password)
        self._in_database = in_database
        self._news = news
        self._tasks: set[asyncio.Task[None]] = set()
        self._watch: asyncio.DatagramTransport | None = None
        self.outbox = Outbox(
            port, trunk, in_database=in_database, connected=connected, region=region, changed=self._changed
        )
        self.inbox = Inbox(folder, in_database=in_database, received=self._received)

    async def start(self) -> None:
        """Raises OSError when the watch's port is taken."""
        self._watch = await Watch.open(*self._watch_at, self.outbox.seen)
        self.inbox.start()
        self.outbox.start()

    async def stop(self) -> None:
        await self.inbox.stop()
        await self.outbox.stop()
        if self._watch is not None:
            self._watch.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def wake(self) -> None:
        self.outbox.wake()

    def health(self) -> dict[str, int]:
        return {
            **self.inbox.counts,
            "inbox": self.inbox.waiting,
            **self.outbox.counts,
            "under_way": self.outbox.under_way,
        }

    def _received(self, received: Received) -> None:
        log.info("message_received", message=received.message, thread=received.thread, wish=received.wish)
        self._changed(received.thread)
        if received.answered:
            self.wake()

    def _changed(self, thread: int) -> None:
        task = asyncio.get_running_loop().create_task(self._tell(thread), name="message news")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, thread: int) -> None:
        """Best effort: a desk that is not told reads anew when it connects or looks."""
        try:
            self._news(await self._in_database(message_sight.who_sees, thread), thread)
        except Exception as error:
            log.warning("message_news_not_told", thread=thread, error=str(error)[:300])
