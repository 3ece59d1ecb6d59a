"""Writing call detail records: in batches, each as often as you like.

Owns: the SQL of the engine's one CDR writer, of its marks and of what it must know again after a restart.
Must not: decide what a record says (`ari_app.core.cdr`) or keep a journal (`ari_app`).

Every write is an upsert keyed by call id, so repeating one changes nothing. An open record never changes a closed one.
A record is never refused for what it points to: an id whose row is gone is written as none, text is cut to its column.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from peewee import Database

from models.db import execute, execute_many, placeholder, transaction
from models.values.call import CostUnit, Direction, LegKind, LegOutcome, Outcome
from models.values.cdr import CallRecord, LegRecord
from models.values.money import from_millionths, to_millionths

_REFERENCES: Final = {
    "call_center_id": "call_centers",
    "contact_id": "contacts",
    "agent_id": "agents",
    "ordered_by_id": "agents",
}
_CALL_COLUMNS: Final = (
    "id", "direction", "call_center_id", "call_center_name", "called_number", "calling_number", "caller_name",
    "contact_id", "agent_id", "offered_at", "answered_at", "ended_at", "wait_ms", "talk_ms", "cause", "outcome",
    "reason", "rate_price", "rate_currency", "rate_unit", "cost",
)  # fmt: skip
_LEG_COLUMNS: Final = (
    "call_id", "ordinal", "agent_id", "channel_id", "endpoint", "offered_at", "ringing_at", "answered_at", "ended_at",
    "outcome", "cause", "reason", "kind", "number", "ordered_by_id",
)  # fmt: skip
# What is once known is not forgotten because a later record does not say it.
_KEPT: Final = frozenset({"contact_id", "call_center_id", "agent_id", "answered_at"})
# An agent may have said meanwhile which of several contacts it is: the engine's guess of the beginning gives way.
_FIRST: Final = frozenset({"contact_id"})


def _change(table: str, name: str, kept: frozenset[str]) -> str:
    if name not in kept:
        return f"{name} = excluded.{name}"
    if name in _FIRST:
        return f"{name} = coalesce({table}.{name}, excluded.{name})"
    return f"{name} = coalesce(excluded.{name}, {table}.{name})"


def _upsert(table: str, columns: tuple[str, ...], key: tuple[str, ...], kept: frozenset[str], only_open: bool) -> str:
    values = ", ".join(
        f"(SELECT id FROM {_REFERENCES[name]} WHERE id = ?)" if name in _REFERENCES else "?"  # noqa: S608
        for name in columns
    )
    changes = ", ".join(_change(table, name, kept) for name in columns if name not in key)
    guard = f" WHERE {table}.outcome = '{Outcome.IN_PROGRESS}'" if only_open else ""
    # The names are constants of this module: nothing from outside enters the text.
    return (
        f"INSERT INTO {table} ({', '.join(columns)}"  # noqa: S608
        + (", comment" if table == "calls" else "")
        + f") VALUES ({values}"
        + (", ''" if table == "calls" else "")
        + f") ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}{guard}"
    )


_OPEN: Final = _upsert("calls", _CALL_COLUMNS, ("id",), _KEPT, only_open=True)
_CLOSE: Final = _upsert("calls", _CALL_COLUMNS, ("id",), _KEPT, only_open=False)
_LEG: Final = _upsert("call_legs", _LEG_COLUMNS, ("call_id", "ordinal"), frozenset(), only_open=False)
_ACTIVITY: Final = (
    "UPDATE contacts SET last_activity_at = ? WHERE id = (SELECT contact_id FROM calls WHERE id = ?) "
    "AND (last_activity_at IS NULL OR last_activity_at < ?)"
)


def text(value: str, limit: int) -> str:
    """What a column can hold: no NUL, no lone surrogates (both refused by PostgreSQL), at most `limit` characters."""
    clean = value.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
    return clean[:limit]


def _call_row(record: CallRecord) -> tuple[object, ...]:
    return (
        record.id,
        record.direction.value,
        record.call_center_id,
        text(record.call_center_name, 100),
        text(record.called_number, 64),
        text(record.calling_number, 64),
        text(record.caller_name, 120),
        record.contact_id,
        record.agent_id,
        record.offered_at,
        record.answered_at,
        record.ended_at,
        record.wait_ms,
        record.talk_ms,
        record.cause,
        record.outcome.value,
        text(record.reason, 64),
        to_millionths(record.rate_price),
        record.rate_currency,
        record.rate_unit.value,
        None if record.cost is None else to_millionths(record.cost),
    )


def _leg_row(leg: LegRecord) -> tuple[object, ...]:
    return (
        leg.call_id,
        leg.ordinal,
        leg.agent_id,
        text(leg.channel_id, 80),
        text(leg.endpoint, 80),
        leg.offered_at,
        leg.ringing_at,
        leg.answered_at,
        leg.ended_at,
        leg.outcome.value,
        leg.cause,
        text(leg.reason, 64),
        leg.kind.value,
        text(leg.number, 64),
        leg.ordered_by,
    )


def open_calls(database: Database, records: Iterable[CallRecord]) -> None:
    """Writes calls that were offered. One that is closed already stays as it is."""
    rows = [_call_row(record) for record in records]
    with transaction(database):
        execute_many(database, _marked(database, _OPEN), rows)


def close_calls(database: Database, records: Iterable[CallRecord], legs: Iterable[LegRecord] = ()) -> None:
    """Writes calls that ended, with their legs, whether or not they were opened; tells the contacts' last activity."""
    known = list(records)
    activity = [
        (at, record.id, at)
        for record in known
        if record.contact_id is not None and (at := record.ended_at or record.offered_at)
    ]
    with transaction(database):
        execute_many(database, _marked(database, _CLOSE), [_call_row(record) for record in known])
        execute_many(database, _marked(database, _LEG), [_leg_row(leg) for leg in legs])
        execute_many(database, _marked(database, _ACTIVITY), activity)


def in_progress(database: Database) -> list[CallRecord]:
    """The open calls: what an engine that starts must find again, oldest first."""
    return _read(database, f"outcome = '{Outcome.IN_PROGRESS}' ORDER BY offered_at, id", ())


def calls_by_id(database: Database, ids: Sequence[str]) -> dict[str, CallRecord]:
    """The known ones of `ids`."""
    found: dict[str, CallRecord] = {}
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        for record in _read(database, f"id IN ({', '.join('?' * len(part))})", part):
            found[record.id] = record
    return found


def _read(database: Database, where: str, parameters: Sequence[object]) -> list[CallRecord]:
    sql = f"SELECT {', '.join(_CALL_COLUMNS)} FROM calls WHERE {where}"  # noqa: S608
    return [_record(row) for row in execute(database, _marked(database, sql), parameters).fetchall()]


def _record(row: Sequence[Any]) -> CallRecord:
    named = dict(zip(_CALL_COLUMNS, row, strict=True))
    charged = named["cost"]
    return CallRecord(
        **named
        | {
            "direction": Direction(named["direction"]),
            "outcome": Outcome(named["outcome"]),
            "rate_unit": CostUnit(named["rate_unit"]),
            "rate_price": from_millionths(named["rate_price"]),
            "cost": None if charged is None else from_millionths(charged),
        }
    )


def legs_of(database: Database, call_id: str) -> list[LegRecord]:
    """The legs of a closed call, in order."""
    sql = f"SELECT {', '.join(_LEG_COLUMNS)} FROM call_legs WHERE call_id = ? ORDER BY ordinal"  # noqa: S608
    legs: list[LegRecord] = []
    for row in execute(database, _marked(database, sql), (call_id,)).fetchall():
        named = dict(zip(_LEG_COLUMNS, row, strict=True))
        named["ordered_by"] = named.pop("ordered_by_id")
        legs.append(LegRecord(**named | {"outcome": LegOutcome(named["outcome"]), "kind": LegKind(named["kind"])}))
    return legs


def engine_mark(database: Database, key: str) -> str | None:
    """What the engine noted under `key`, such as how far it read the CEL."""
    row = execute(database, _marked(database, "SELECT value FROM engine_marks WHERE key = ?"), (key,)).fetchone()
    return None if row is None else str(row[0])


def set_engine_mark(database: Database, key: str, value: str) -> None:
    """Notes `value`; inside `transaction` it is true together with what else is written there."""
    sql = "INSERT INTO engine_marks (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
    execute(database, _marked(database, sql), (key, value))


def _marked(database: Database, sql: str) -> str:
    return sql.replace("?", placeholder(database))
