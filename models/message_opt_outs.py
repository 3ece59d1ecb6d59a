"""Who wants no messages: opting out and in, by word or by hand.

Owns: the SQL of that. Must not: answer (`models.messages`), or know which word means what (`models.values.sms_words`).
"""

from typing import Any

from peewee import Database

from models.db import execute, placeholder
from models.values.sms import FailureReason, MessageState


def opted_out(database: Database, number: str) -> bool:
    return _run(database, "SELECT 1 FROM sms_opt_outs WHERE active_key = ?", number).fetchone() is not None


def opt_out(database: Database, number: str, at: int, *, word: str = "", by: int | None = None, note: str = "") -> bool:
    """From now on nobody writes to this number, and what waits is not sent. False: it was so already."""
    made = _run(
        database,
        "INSERT INTO sms_opt_outs (number, active_key, word, at, by_id, note, lifted_word) "
        "VALUES (?, ?, ?, ?, ?, ?, '') ON CONFLICT (active_key) DO NOTHING RETURNING id",
        number, number, word, at, by, note[:200],
    ).fetchall()  # fmt: skip
    if made:
        drop_waiting(database, number, at)
    return bool(made)


def drop_waiting(database: Database, number: str, at: int) -> None:
    """What waits to go to this number does not go any more."""
    _run(
        database,
        "UPDATE sms_messages SET state = ?, reason = ?, settled_at = ? WHERE state = ? AND NOT automatic "
        "AND thread_id IN (SELECT id FROM sms_threads WHERE number = ?)",
        MessageState.FAILED.value, FailureReason.OPTED_OUT.value, at, MessageState.QUEUED.value, number,
    )  # fmt: skip


def opt_in(database: Database, number: str, at: int, *, word: str = "", by: int | None = None) -> bool:
    """False: it wanted messages already."""
    cursor = _run(
        database,
        "UPDATE sms_opt_outs SET active_key = NULL, lifted_at = ?, lifted_by_id = ?, lifted_word = ? "
        "WHERE active_key = ?",
        at, by, word, number,
    )  # fmt: skip
    return bool(cursor.rowcount)


def _run(database: Database, sql: str, *parameters: object) -> Any:
    return execute(database, sql.replace("?", placeholder(database)), parameters)
