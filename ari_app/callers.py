"""Who is calling: the contact's card, asked of the database in a few threads while the event loop goes on.

Owns: the threads and their connections, the bound on how many look-ups wait and for how long. Must not: hold up a
call: a look-up that fails, or comes too late, is a pop without a card. The SQL is `models.callers`.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from peewee import Database

from ari_app.connections import opener
from models.callers import caller_card
from models.values.phone import normalise

log = structlog.get_logger(__name__)

THREADS: Final = 4
MOST_WAITING: Final = 1_000
SECONDS: Final = 2.0
LIMIT_MS: Final = 1500

Found = tuple[int | None, Mapping[str, Any]]


def callers_connection(url: str) -> Callable[[], Database]:
    """Opens a connection for a look-up. The function raises models.db.DatabaseError."""
    return opener(url, lock_ms=LIMIT_MS, statement_ms=LIMIT_MS)


@dataclass(slots=True)
class _Job:
    call_id: str
    key: str
    number: str
    deadline: float
    found: asyncio.Future[Found | None]


class CallerLookUp:
    """`look_up` on the event loop; `close` at the end. `region`: the account's country now, ISO 3166."""

    def __init__(
        self,
        open_connection: Callable[[], Database],
        *,
        region: Callable[[], str],
        threads: int = THREADS,
        most_waiting: int = MOST_WAITING,
        seconds: float = SECONDS,
    ) -> None:
        self._open = open_connection
        self._region = region
        self._most = most_waiting
        self._seconds = seconds
        # Threads of our own on a queue: a look-up is made for every call, and an executor's costs twice as much.
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._mine = threading.local()
        self._connections: list[Any] = []
        self._waiting = 0
        self._closed = False
        self._threads = [threading.Thread(target=self._work, name=f"callers-{n}", daemon=True) for n in range(threads)]
        for thread in self._threads:
            thread.start()
        self.counts: Final = {"found": 0, "withheld": 0, "too_late": 0, "too_many": 0, "failed": 0}

    async def look_up(self, call_id: str, number: str | None) -> Found | None:
        """The contact's id and card; of an unknown number, those of the contact made for it.

        None: the number is withheld, or the card can't be had now (counted). Never raises, never takes longer than
        `seconds`.
        """
        key = normalise(number, self._region())
        if key is None or number is None:
            self.counts["withheld"] += 1
            return None
        if self._closed:
            return None
        if self._waiting >= self._most:
            self.counts["too_many"] += 1
            return None
        self._waiting += 1
        loop = asyncio.get_running_loop()
        job = _Job(call_id, key, number, time.monotonic() + self._seconds, loop.create_future())
        self._jobs.put(job)
        timer = loop.call_later(self._seconds, self._settle, job, None, None)
        try:
            found = await job.found
        except Exception as error:
            self.counts["failed"] += 1
            log.warning("caller_look_up_failed", call=call_id, error=str(error)[:300])
            return None
        finally:
            timer.cancel()
        self.counts["found" if found is not None else "too_late"] += 1
        return found

    def close(self) -> None:
        """End the threads and their connections; look-ups that have not begun are dropped. Blocks for a running one."""
        self._closed = True
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()
        for connection in self._connections:
            with contextlib.suppress(Exception):
                connection.close()

    def _settle(self, job: _Job, found: Found | None, error: Exception | None) -> None:
        if job.found.done():
            return  # it was too late, or nobody waits for it any more
        if error is None:
            job.found.set_result(found)
        else:
            job.found.set_exception(error)

    def _done(self, job: _Job, found: Found | None, error: Exception | None) -> None:
        self._waiting -= 1
        self._settle(job, found, error)

    # ------------------------------------------------------------ in a thread
    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            found, failed = None, None
            try:
                if not self._closed:
                    found = self._read(job.call_id, job.key, job.number, job.deadline)
            except Exception as error:
                failed = error
            # The loop may have ended meanwhile: nobody waits.
            with contextlib.suppress(RuntimeError):
                job.found.get_loop().call_soon_threadsafe(self._done, job, found, failed)

    def _read(self, call_id: str, key: str, number: str, deadline: float) -> Found | None:
        if time.monotonic() > deadline:
            return None  # it stood in the queue too long: nobody waits for it any more
        database: Any = getattr(self._mine, "database", None)
        try:
            if database is None:
                database = self._mine.database = self._open()
                self._mine.connection = database.connection()
                self._connections.append(self._mine.connection)  # peewee closes in its own thread only
            card = caller_card(database, key, number, call_id=call_id)
        except Exception:
            # Whatever state the connection is in, the next look-up begins with a new one.
            if database is not None:
                self._mine.database = None
                with contextlib.suppress(Exception):
                    self._connections.remove(self._mine.connection)
                    database.close()
            raise
        return None if card is None else (card.contact_id, card.as_message())
