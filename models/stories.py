"""Writing and reading what happened to calls, and what the reaper ended.

Owns: their SQL. Must not: decide what is told (`ari_app.core.story`) or put it into words (`admin.explaining`).

Every write is safe to repeat: an entry that is there stays as it is.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Final

from peewee import Database

from models.cdr import text
from models.db import execute, execute_many, placeholder
from models.values.story import AFTERWARDS, CallEvent, ReapedThing

DETAIL_MOST: Final = 4000
_EVENT: Final = (
    "INSERT INTO call_events (call_id, ordinal, at, code, agent_id, detail) "
    "VALUES (?, ?, ?, ?, (SELECT id FROM agents WHERE id = ?), ?) ON CONFLICT (call_id, ordinal) DO NOTHING"
)
_REAPED: Final = (
    "INSERT INTO reaped (at, thing, kind, call_id, why) VALUES (?, ?, ?, ?, ?) ON CONFLICT (at, thing) DO NOTHING"
)


def write_events(database: Database, events: Iterable[CallEvent]) -> None:
    """Inside the caller's transaction, after the calls themselves."""
    rows = [
        (event.call_id, event.ordinal, event.at, event.code.value, event.agent_id, _detail(event)) for event in events
    ]
    execute_many(database, _marked(database, _EVENT), rows)


def _detail(event: CallEvent) -> str:
    written = json.dumps(event.detail, ensure_ascii=False, separators=(",", ":"))
    # What is too long is not said at all rather than half: half an object is none.
    return text(written, DETAIL_MOST) if len(written) <= DETAIL_MOST else '{"too_long":true}'


def write_reaped(database: Database, things: Iterable[ReapedThing]) -> None:
    rows = [(one.at, text(one.thing, 120), one.kind, text(one.call_id, 64), one.why.value) for one in things]
    execute_many(database, _marked(database, _REAPED), rows)


def last_ordinals(database: Database, call_ids: Sequence[str]) -> dict[str, int]:
    """Of each of these calls that has a story, the last entry that an engine told while the call went on."""
    found: dict[str, int] = {}
    for start in range(0, len(call_ids), 500):
        part = call_ids[start : start + 500]
        marks = ", ".join("?" * len(part))
        sql = (
            f"SELECT call_id, max(ordinal) FROM call_events WHERE call_id IN ({marks}) AND ordinal < {AFTERWARDS} "  # noqa: S608
            "GROUP BY call_id"
        )
        found |= {str(call): int(last) for call, last in execute(database, _marked(database, sql), part).fetchall()}
    return found


def _marked(database: Database, sql: str) -> str:
    return sql.replace("?", placeholder(database))
