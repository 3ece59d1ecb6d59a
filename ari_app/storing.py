"""One batch of records into the database: all in one transaction, or each that can be.

Owns: the kinds of entries and their JSON, the batch's order of writing, telling a database that is away from a record
that it will never take. Must not: know the queue, the journal's files, or retry.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import peewee
from peewee import Database

from ari_app.clock import now_ms
from ari_app.connections import opener
from ari_app.json_text import encode
from ari_app.presence import LoginRow, PresenceRow, write_logins, write_presence
from models import recordings, webhooks
from models.callers_left import CallbackRow, keep_callback
from models.cdr import close_calls, open_calls, set_engine_mark
from models.db import transaction
from models.stories import write_events, write_reaped
from models.values.cdr import CallRecord, LegRecord
from models.values.recording import RecordingRow
from models.values.story import CallEvent, ReapedThing

BUSY_MS: Final = 300
STATEMENT_MS: Final = 5000
PROBE_MARK: Final = "writer.probe"


def writers_connection(url: str) -> Callable[[], Database]:
    """Opens a connection for the writer: one that gives up soon, for there is a journal."""
    return opener(url, lock_ms=BUSY_MS, statement_ms=STATEMENT_MS)


class CallEntry(msgspec.Struct, frozen=True, tag="call"):
    record: CallRecord
    legs: tuple[LegRecord, ...] = ()

    @property
    def rows(self) -> int:
        return 1 + len(self.legs)


class PresenceEntry(msgspec.Struct, frozen=True, tag="presence"):
    row: PresenceRow

    @property
    def rows(self) -> int:
        return 1


class LoginEntry(msgspec.Struct, frozen=True, tag="login"):
    row: LoginRow

    @property
    def rows(self) -> int:
        return 1


class StoryEntry(msgspec.Struct, frozen=True, tag="story"):
    events: tuple[CallEvent, ...]

    @property
    def rows(self) -> int:
        return len(self.events)


class ReapedEntry(msgspec.Struct, frozen=True, tag="reaped"):
    thing: ReapedThing

    @property
    def rows(self) -> int:
        return 1


class MarkEntry(msgspec.Struct, frozen=True, tag="mark"):
    key: str
    value: str

    @property
    def rows(self) -> int:
        return 1


class CallbackEntry(msgspec.Struct, frozen=True, tag="callback"):
    row: CallbackRow

    @property
    def rows(self) -> int:
        return 1


class RecordingEntry(msgspec.Struct, frozen=True, tag="recording"):
    row: RecordingRow

    @property
    def rows(self) -> int:
        return 1


Entry = CallEntry | PresenceEntry | LoginEntry | StoryEntry | ReapedEntry | MarkEntry | CallbackEntry | RecordingEntry
_decoder: Final[msgspec.json.Decoder[Entry]] = msgspec.json.Decoder(Entry)


def to_json(entry: Entry) -> bytes:
    """One line of JSON. Raises TypeError or OverflowError for what is no record at all."""
    return encode(entry)


def from_json(line: bytes) -> Entry:
    """Raises ValueError for a line that is no entry of this version."""
    try:
        return _decoder.decode(line)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(str(error)) from error


class Away(Exception):
    """The database cannot be written now; the records are as they were."""


class Refused:
    """A record that the database will never take. `record` may be a line that could not be read."""

    def __init__(self, record: Entry | str, error: BaseException) -> None:
        self.record = record
        self.reason = f"{type(error).__name__}: {error}"

    def readable(self) -> Any:
        """For the file of refused records: JSON where possible, else its Python text."""
        try:
            return msgspec.Raw(to_json(self.record)) if not isinstance(self.record, str) else self.record
        except (TypeError, ValueError, OverflowError):
            return repr(self.record)


# The record itself is at fault: its values break a constraint, or do not fit a column.
_ITS_OWN_FAULT: Final = (peewee.IntegrityError, peewee.DataError, ValueError, TypeError, OverflowError)


def store(database: Database, entries: Sequence[Entry]) -> list[Refused]:
    """Write a batch; the records that can never be written are returned. Raises Away, and then all may be tried again.

    One transaction. When a record spoils it, the batch is halved until that record stands alone: the rest is stored.
    An error that tells neither (a lock, a full disk and a missing column come as the same class) is the database's
    when a probe cannot be written either, or when nothing at all of the batch could be.
    """
    refused: list[Refused] = []
    doubtful: list[Refused] = []
    stored = _store_part(database, entries, refused, doubtful)
    if doubtful and not stored:
        raise Away(doubtful[0].reason)
    return refused + doubtful


def _store_part(database: Database, entries: Sequence[Entry], refused: list[Refused], doubtful: list[Refused]) -> int:
    """How many were stored."""
    try:
        with transaction(database):
            _write(database, entries)
        return len(entries)
    except _ITS_OWN_FAULT as error:
        if len(entries) == 1:
            refused.append(Refused(entries[0], error))
            return 0
    except Exception as error:
        if not _is_well(database):
            raise Away(f"{type(error).__name__}: {error}") from error
        if len(entries) == 1:
            doubtful.append(Refused(entries[0], error))
            return 0
    middle = len(entries) // 2
    first = _store_part(database, entries[:middle], refused, doubtful)
    return first + _store_part(database, entries[middle:], refused, doubtful)


def _is_well(database: Database) -> bool:
    """Can anything be written at all?"""
    try:
        with transaction(database):
            set_engine_mark(database, PROBE_MARK, str(time.time_ns()))
    except Exception:
        return False
    return True


def _write(database: Database, entries: Sequence[Entry]) -> None:
    """Calls that are open before calls that are closed: a close is final in whatever order they came."""
    calls = [entry for entry in entries if isinstance(entry, CallEntry)]
    closed = [entry for entry in calls if entry.record.is_closed]
    # Of what is overwritten in the same batch, the last is enough.
    opened = {entry.record.id: entry.record for entry in calls if not entry.record.is_closed}
    presence = {entry.row.agent: entry.row for entry in entries if isinstance(entry, PresenceEntry)}
    logins = [entry.row for entry in entries if isinstance(entry, LoginEntry)]
    if opened:
        open_calls(database, opened.values())
    if closed:
        close_calls(database, [entry.record for entry in closed], [leg for entry in closed for leg in entry.legs])
    # What webhooks are told stands or falls with the calls themselves.
    webhooks.tell(database, [*opened.values(), *(entry.record for entry in closed)], now_ms())
    told = [event for entry in entries if isinstance(entry, StoryEntry) for event in entry.events]
    reaped = [entry.thing for entry in entries if isinstance(entry, ReapedEntry)]
    if told:
        write_events(database, told)
    if reaped:
        write_reaped(database, reaped)
    if presence:
        write_presence(database, presence.values())
    if logins:
        write_logins(database, logins)
    recorded = [entry.row for entry in entries if isinstance(entry, RecordingEntry)]
    if recorded:
        recordings.write(database, recorded)
    for entry in entries:
        if isinstance(entry, CallbackEntry):
            keep_callback(database, entry.row)
        if isinstance(entry, MarkEntry):
            set_engine_mark(database, entry.key, entry.value)
