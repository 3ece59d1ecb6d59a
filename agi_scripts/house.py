"""What the entries may use: the settings, the engine, the database, and work with a time limit.

Owns: the threads of work that must not hold up a call. Must not: decide anything.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

from peewee import Database

from agi_scripts.engine import Engine
from models.db import transaction
from models.settings import Settings
from models.snapshot import build
from models.values.routing import RoutingSnapshot

WORKERS: Final = 8
MOST_WAITING: Final = 64
SNAPSHOT_SECONDS: Final = 15.0

_Result = TypeVar("_Result")


class TooLate(Exception):
    """It was not done within its time limit, or too many wait."""


class House:
    """`database` is bound to the tables (`models.db.open_database`)."""

    def __init__(self, settings: Settings, database: Database, engine: Engine) -> None:
        self.settings = settings
        self.engine = engine
        self._database = database
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="agi-work")
        self._waiting = 0
        self._snapshot: tuple[float, RoutingSnapshot] | None = None

    @property
    def voicemail_folder(self) -> Path:
        """Where Asterisk records before a message is kept."""
        return self.settings.data_dir.absolute() / "asterisk" / "spool" / "voicemail"

    def now(self) -> datetime:
        return datetime.now(UTC)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Database]:
        """The tables, on a connection of this thread's."""
        with self._database.connection_context():
            yield self._database

    @contextlib.contextmanager
    def writing(self) -> Iterator[Database]:
        """The tables, in a transaction."""
        with self._database.connection_context(), transaction(self._database):
            yield self._database

    def within(self, seconds: float, work: Callable[[], _Result]) -> _Result:
        """`work`'s result. Raises TooLate when it takes longer (it ends by itself, unheeded), or what `work` raises."""
        if self._waiting >= MOST_WAITING:
            raise TooLate
        self._waiting += 1
        job = self._pool.submit(work)
        job.add_done_callback(self._done)
        try:
            return job.result(seconds)
        except TimeoutError:
            job.cancel()
            raise TooLate from None

    def routing(self) -> RoutingSnapshot:
        """How numbers are answered, at most some seconds old. Raises SnapshotError, peewee's errors."""
        known = self._snapshot
        if known is not None and time.monotonic() < known[0]:
            return known[1]
        with self.reading() as database:
            built = build(database, 1)
        self._snapshot = (time.monotonic() + SNAPSHOT_SECONDS, built)
        return built

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _done(self, _: object) -> None:
        self._waiting -= 1
