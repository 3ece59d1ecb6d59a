"""The engine's one writer: call records, states, log-ins and marks, from the event loop to the database.

Owns: the queue, the writer thread and its connection, what happens when the database is away (the journal) or refuses
a record (set aside). Must not: decide what a record says, or make anybody wait: putting a record in is a queue's put.

The order of one call's records is kept always: while the journal holds anything, newer records go behind it. Every
write is an upsert, so a replay after a crash, or a second one, changes nothing.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import structlog
from peewee import Database

from ari_app.journal import Journal
from ari_app.presence import LoginRow, PresenceRow
from ari_app.storing import (
    CallbackEntry,
    CallEntry,
    Entry,
    LoginEntry,
    MarkEntry,
    PresenceEntry,
    ReapedEntry,
    RecordingEntry,
    Refused,
    StoryEntry,
    from_json,
    store,
    to_json,
)
from models.callers_left import CallbackRow
from models.db import execute
from models.values.cdr import CallRecord, LegRecord
from models.values.recording import RecordingRow
from models.values.story import CallEvent, ReapedThing

log = structlog.get_logger(__name__)

BATCH_ROWS: Final = 500
BATCH_SECONDS: Final = 0.05
RETRY_SECONDS: Final = 0.2
RETRY_MOST_SECONDS: Final = 5.0
PROBE_SECONDS: Final = 5.0
MOST_IN_MEMORY: Final = 200_000


_WAKE: Final = MarkEntry("", "")  # ends a wait for records; is none


class RecordWriter:
    """`start` it, put records in, `close` it. `open_database` makes the writer's own connection, in its thread.

    Raises (at once) JournalBusy or OSError when the journal's folder cannot be used.
    """

    def __init__(self, open_database: Callable[[], Database], journal_folder: Path) -> None:
        self._open_database = open_database
        self._journal = Journal(journal_folder)
        self._queue: queue.SimpleQueue[Entry] = queue.SimpleQueue()
        self._pending: list[Entry] = []
        """Taken from the queue, and neither stored nor on disk. Only the writer thread touches it."""
        self._database: Database | None = None
        self._thread = threading.Thread(target=self._run, name="records", daemon=True)
        self._wake = threading.Event()
        self._closing = False
        self._close_by = 0.0
        self._idle = threading.Condition()
        self._put_count = 0
        self._settled = 0
        self._away_since: float | None = None
        self._retry_at = 0.0
        self._retry_wait = RETRY_SECONDS
        self._counts = {"written": 0, "journaled": 0, "replayed": 0, "refused": 0, "lost": 0, "batches": 0}
        self._journal_failed = False

    # ------------------------------------------------------------ for the event loop
    def start(self) -> None:
        self._thread.start()

    def write_call(self, record: CallRecord, legs: tuple[LegRecord, ...] = ()) -> None:
        self._put(CallEntry(record, legs))

    def write_story(self, events: tuple[CallEvent, ...]) -> None:
        self._put(StoryEntry(events))

    def write_reaped(self, thing: ReapedThing) -> None:
        self._put(ReapedEntry(thing))

    def write_presence(self, row: PresenceRow) -> None:
        self._put(PresenceEntry(row))

    def write_login(self, row: LoginRow) -> None:
        self._put(LoginEntry(row))

    def write_callback(self, row: CallbackRow) -> None:
        self._put(CallbackEntry(row))

    def write_recording(self, row: RecordingRow) -> None:
        self._put(RecordingEntry(row))

    def write_mark(self, key: str, value: str) -> None:
        """The engine's mark, stored after, or together with, everything put in before it."""
        self._put(MarkEntry(key, value))

    def _put(self, entry: Entry) -> None:
        if self._queue.qsize() >= MOST_IN_MEMORY:
            # Neither database nor disk for hours: what is lost is counted, and the engine lives.
            self._counts["lost"] += 1
            return
        self._put_count += 1
        self._queue.put(entry)

    @property
    def database_ok(self) -> bool:
        return self._away_since is None

    @property
    def alarm(self) -> str | None:
        """What an operator must see to: `journal_failed`, `database_away`, `refused`; None when all is well."""
        if self._journal_failed:
            return "journal_failed"
        if self._away_since is not None:
            return "database_away"
        return "refused" if self._counts["refused"] or self._counts["lost"] else None

    def stats(self) -> dict[str, Any]:
        """Counters since the start, for the control API. `journal`: records on disk that wait for the database."""
        away = self._away_since
        return {
            **self._counts,
            "waiting": self._put_count - self._settled,
            "journal": self._journal.waiting,
            "torn": self._journal.torn,
            "damaged": self._journal.damaged,
            "away_seconds": None if away is None else round(time.monotonic() - away, 1),
            "alarm": self.alarm,
        }

    def wait_settled(self, seconds: float) -> bool:
        """Until everything put in so far is in the database, in the journal, or set aside. For threads; blocks."""
        wanted = self._put_count
        with self._idle:
            return self._idle.wait_for(lambda: self._settled >= wanted, seconds)

    def wait_stored(self, seconds: float) -> bool:
        """Until that, and the journal is empty too. At start: before presence and open calls are read. Blocks."""
        wanted = self._put_count
        with self._idle:
            return self._idle.wait_for(
                lambda: self._settled >= wanted and self._journal.is_empty and self._away_since is None, seconds
            )

    def close(self, seconds: float = 10.0) -> bool:
        """Store what is left, or put it in the journal, in at most `seconds`; True when nothing is left. Blocks."""
        self._close_by = time.monotonic() + seconds
        self._closing = True
        self._wake.set()
        self._queue.put(_WAKE)
        if self._thread.ident is None:
            self._journal.close()
        else:
            self._thread.join(seconds + 1.0)
        return not self._thread.is_alive() and self._settled >= self._put_count

    # ------------------------------------------------------------ the thread
    def _run(self) -> None:
        while True:
            try:
                self._take()
                self._work()
            except Exception:
                # A defect here must not end the writer: what is pending stays pending.
                log.exception("record_writer_failed")
                self._wake.wait(RETRY_SECONDS)
            if self._too_late or (self._closing and self._queue.empty() and not self._pending):
                break
            if self._closing and self._pending:
                time.sleep(RETRY_SECONDS)
        self._close_database()
        self._journal.close()

    def _take(self) -> None:
        """Wait for a record, then as long as a batch may gather, then take up to a batch's rows."""
        if not self._pending and self._queue.empty() and not self._closing:
            wait = PROBE_SECONDS
            if not self._journal.is_empty or self._away_since is not None:
                wait = max(0.0, self._retry_at - time.monotonic())
            try:
                self._keep(self._queue.get(timeout=wait) if wait else self._queue.get_nowait())
            except queue.Empty:
                return
        if not self._closing:
            self._wake.wait(BATCH_SECONDS)
        rows = sum(entry.rows for entry in self._pending)
        while rows < BATCH_ROWS:
            try:
                entry = self._queue.get_nowait()
            except queue.Empty:
                return
            rows += self._keep(entry)

    def _keep(self, entry: Entry) -> int:
        if entry is _WAKE:
            return 0
        self._pending.append(entry)
        return entry.rows

    def _work(self) -> None:
        if self._journal.is_empty and self._away_since is None:
            self._store_pending()
        else:
            self._journal_pending()
            if time.monotonic() >= self._retry_at:
                self._replay()

    def _store_pending(self) -> None:
        try:
            if not self._pending:
                execute(self._connection(), "SELECT 1")
                return
            refused = store(self._connection(), self._pending)
        except Exception as error:
            self._went_away(error)
            self._journal_pending()
        else:
            self._journal_failed = False
            self._counts["batches"] += 1
            self._counts["written"] += len(self._pending) - len(refused)
            self._set_aside(refused)
            self._settle_pending()

    def _journal_pending(self) -> None:
        lines, unfit = [], []
        for entry in self._pending:
            try:
                lines.append(to_json(entry))
            except (TypeError, ValueError, OverflowError) as error:
                unfit.append(Refused(entry, error))
        try:
            self._journal.append(lines)
        except OSError as error:
            if not self._journal_failed:
                log.error("journal_failed", error=str(error))
            self._journal_failed = True
            self._retry_at = min(self._retry_at, time.monotonic() + RETRY_SECONDS)
            self._wake.wait(RETRY_SECONDS)
            return
        self._journal_failed = False
        self._counts["journaled"] += len(lines)
        self._set_aside(unfit)
        self._settle_pending()

    def _replay(self) -> None:
        """The journal into the database, oldest first; new records go behind it meanwhile."""
        try:
            execute(self._connection(), "SELECT 1")
            while (segment := self._journal.oldest()) is not None:
                entries: list[Entry] = []
                for line in self._journal.read(segment):
                    try:
                        entries.append(from_json(line))
                    except ValueError as error:
                        self._set_aside([Refused(line.decode("utf-8", "replace"), error)])
                    if len(entries) >= BATCH_ROWS:
                        self._replay_batch(entries)
                        entries = []
                    if self._too_late:
                        return  # replayed from the segment's beginning next time
                self._replay_batch(entries)
                self._journal.done(segment)
        except Exception as error:
            self._went_away(error)
        else:
            self._came_back()

    def _replay_batch(self, entries: list[Entry]) -> None:
        if entries:
            refused = store(self._connection(), entries)
            self._counts["replayed"] += len(entries) - len(refused)
            self._set_aside(refused)
        if self._journal_failed:
            return  # no disk: what is pending waits in memory for the end of the replay
        while not self._queue.empty() and len(self._pending) < BATCH_ROWS:
            self._keep(self._queue.get_nowait())
        if self._pending:
            self._journal_pending()

    # ------------------------------------------------------------ inside
    def _connection(self) -> Database:
        if self._database is None:
            self._database = self._open_database()
        return self._database

    def _close_database(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            try:
                database.close()
            except Exception:
                log.debug("database_close_failed", exc_info=True)

    def _went_away(self, why: Exception) -> None:
        now = time.monotonic()
        if self._away_since is None:
            log.error("database_away", error=str(why)[:500])
            self._away_since = now
            self._retry_wait = RETRY_SECONDS
        self._retry_at = now + self._retry_wait
        self._retry_wait = min(2 * self._retry_wait, RETRY_MOST_SECONDS)
        self._close_database()

    def _came_back(self) -> None:
        if self._away_since is not None:
            log.info("database_back", replayed=self._counts["replayed"])
        self._away_since = None
        self._retry_wait = RETRY_SECONDS
        with self._idle:
            self._idle.notify_all()

    def _set_aside(self, refused: list[Refused]) -> None:
        for each in refused:
            self._counts["refused"] += 1
            kept = self._journal.refuse(each.readable(), each.reason)
            log.error("record_refused", reason=each.reason, kept=kept)

    def _settle_pending(self) -> None:
        """What was pending is in the database, on disk or set aside."""
        settled = len(self._pending)
        self._pending.clear()
        with self._idle:
            self._settled += settled
            self._idle.notify_all()

    @property
    def _too_late(self) -> bool:
        return self._closing and time.monotonic() > self._close_by
