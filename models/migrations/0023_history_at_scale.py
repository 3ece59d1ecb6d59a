# mypy: ignore-errors
"""The indexes by which millions of calls are searched, in place of those that knew one column each; and one by which
PostgreSQL sorts contacts by phone."""

from peewee import Database
from playhouse.migrate import SchemaMigrator

_COVERED = ("direction", "outcome", "call_center_id", "agent_id", "disposition_id", "contact_id")
_OPTIONAL = ("agent_id", "disposition_id", "contact_id")
_BEFORE = {
    "calls_offered_at": "offered_at",
    "calls_call_center_id_offered_at": "call_center_id, offered_at",
    "calls_agent_id_offered_at": "agent_id, offered_at",
    "calls_contact_id_offered_at": "contact_id, offered_at",
    "calls_disposition_id_offered_at": "disposition_id, offered_at",
    "calls_outcome_offered_at": "outcome, offered_at",
    "calls_direction_offered_at": "direction, offered_at",
    "calls_calling_number": "calling_number",
    "calls_called_number": "called_number",
}


def _name(column: str) -> str:
    return f"calls_by_{column.removesuffix('_id')}" if column else "calls_by_time"


def _statements(on_postgresql: bool) -> list[str]:
    made = []
    for column in ("", *_COVERED):
        rest = [name for name in _COVERED if name != column]
        led = [column, "offered_at"] if column else ["offered_at"]
        keys = [*led, "id"] if on_postgresql else [*led, *rest]
        held = f" INCLUDE ({', '.join(rest)})" if on_postgresql else ""
        where = f" WHERE {column} IS NOT NULL" if column in _OPTIONAL else ""
        made.append(f"CREATE INDEX {_name(column)} ON calls ({', '.join(keys)}){held}{where}")
    kind = " text_pattern_ops" if on_postgresql else ""
    for name in ("calling_number", "called_number"):
        made.append(f"CREATE INDEX calls_by_{name} ON calls ({name}{kind}, offered_at)")
    if on_postgresql:
        made.append("CREATE INDEX contacts_phone_order ON contacts (phone_key NULLS FIRST, id)")
        made.append("ALTER TABLE calls SET (autovacuum_vacuum_insert_scale_factor = 0.02)")
    return made


def up(migrator: SchemaMigrator, db: Database) -> None:
    for name in _BEFORE:
        db.execute_sql(f"DROP INDEX {name}")
    for sql in _statements("Postgres" in type(db).__name__):
        db.execute_sql(sql)


def down(migrator: SchemaMigrator, db: Database) -> None:
    for column in ("", *_COVERED, "calling_number", "called_number"):
        db.execute_sql(f"DROP INDEX {_name(column)}")
    if "Postgres" in type(db).__name__:
        db.execute_sql("DROP INDEX contacts_phone_order")
        db.execute_sql("ALTER TABLE calls RESET (autovacuum_vacuum_insert_scale_factor)")
    for name, columns in _BEFORE.items():
        db.execute_sql(f"CREATE INDEX {name} ON calls ({columns})")
