"""What callers leave: voicemails and requests to be called back, written and worked off.

Owns: the SQL of both tables as the engine uses it. Must not: know recordings or calls.

Every write is safe to repeat: a voicemail by the name of its recording, a request by the call in which it was made.
"""

from dataclasses import dataclass
from typing import Any, Final

from peewee import Database

from models.db import execute, placeholder
from models.tables.callers import CallbackState


@dataclass(frozen=True, slots=True)
class VoicemailRow:
    """`key`: the recording's name."""

    key: str
    call_id: str
    call_center_id: int | None
    calling_number: str
    called_number: str
    recorded_at: int
    seconds: int
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class CallbackRow:
    """A request as it is made."""

    call_id: str
    number: str
    call_center_id: int
    requested_at: int
    kept_since: int
    priority: int = 0


@dataclass(frozen=True, slots=True)
class PendingCallback:
    id: int
    number: str
    call_center_id: int
    kept_since: int
    attempts: int


_VOICEMAIL: Final = (
    "key", "call_id", "call_center_id", "calling_number", "called_number", "recorded_at", "seconds", "sha256", "size",
)  # fmt: skip


def keep_voicemail(database: Database, row: VoicemailRow) -> bool:
    """False: it is there already."""
    mark = placeholder(database)
    marks = ", ".join(mark for _ in _VOICEMAIL)
    sql = f"INSERT INTO voicemails ({', '.join(_VOICEMAIL)}) VALUES ({marks}) ON CONFLICT (key) DO NOTHING"  # noqa: S608
    cursor: Any = execute(database, sql, tuple(getattr(row, name) for name in _VOICEMAIL))
    return bool(cursor.rowcount)


def voicemail_email(database: Database, center_id: int | None) -> tuple[str, str]:
    """Where this call center's voicemails are sent (empty: nowhere), and its name."""
    sql = f"SELECT voicemail_email, name FROM call_centers WHERE id = {placeholder(database)}"  # noqa: S608
    found = execute(database, sql, (center_id or 0,)).fetchone()
    return (str(found[0]), str(found[1])) if found else ("", "")


def keep_callback(database: Database, row: CallbackRow) -> None:
    mark = placeholder(database)
    values = (row.number, row.call_center_id, row.requested_at, row.kept_since, row.priority, row.call_id)
    sql = (
        "INSERT INTO callback_requests "  # noqa: S608
        "(number, call_center_id, requested_at, kept_since, priority, call_id, state, attempts, reason) "
        f"SELECT {', '.join([mark] * len(values))}, '{CallbackState.PENDING}', 0, '' "
        f"WHERE NOT EXISTS (SELECT 1 FROM callback_requests WHERE call_id = {mark})"
    )
    execute(database, sql, (*values, row.call_id))


def pending_callbacks(database: Database, at: int, limit: int = 100) -> list[PendingCallback]:
    """Who is to be called back now, in their order."""
    mark = placeholder(database)
    sql = (
        "SELECT id, number, call_center_id, kept_since, attempts FROM callback_requests "  # noqa: S608
        f"WHERE state = {mark} AND call_center_id IS NOT NULL AND (next_at IS NULL OR next_at <= {mark}) "
        f"ORDER BY priority, kept_since, id LIMIT {mark}"
    )
    return [
        PendingCallback(*row) for row in execute(database, sql, (CallbackState.PENDING.value, at, limit)).fetchall()
    ]


def callback_tried(
    database: Database, key: int, *, state: CallbackState, at: int, next_at: int | None, reason: str = ""
) -> None:
    """One try is over: done, failed for good, or pending until `next_at`."""
    mark = placeholder(database)
    ended = None if state is CallbackState.PENDING else at
    sql = (
        f"UPDATE callback_requests SET state = {mark}, attempts = attempts + 1, next_at = {mark}, ended_at = {mark}, "  # noqa: S608
        f"reason = {mark} WHERE id = {mark}"
    )
    execute(database, sql, (state.value, next_at, ended, reason, key))


def callback_begun(database: Database, key: int, next_at: int) -> None:
    """It is being worked off, or no agent came to the phone: not before `next_at`. No try is counted."""
    mark = placeholder(database)
    execute(database, f"UPDATE callback_requests SET next_at = {mark} WHERE id = {mark}", (next_at, key))  # noqa: S608
