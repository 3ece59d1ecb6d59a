"""How calls are found among millions: the indexes of the history, on either database.

Owns: the indexes of `calls`. Must not: ask questions of them (the admin's list does), or be used by a migration, which
has its own copy.

Each leads with one column that people search by, goes on in the order of time, and holds the other columns that they
search by: whatever filters are combined, the rows of one index answer without a look at the table. SQLite names a row
by its rowid, which an index holds anyway; PostgreSQL by the call's id.
"""

from typing import Final

from peewee import Database

from models.db import execute, is_postgresql

AT: Final = "offered_at"
COVERED: Final = ("direction", "outcome", "call_center_id", "agent_id", "disposition_id", "contact_id")
# Those that most calls have none of keep no entry for it.
_OPTIONAL: Final = frozenset({"agent_id", "disposition_id", "contact_id"})


def index_of(column: str = "") -> str:
    """The index led by `column`; by time alone without one."""
    return f"calls_by_{column.removesuffix('_id')}" if column else "calls_by_time"


def _led_by(column: str, on_postgresql: bool) -> str:
    rest = [name for name in COVERED if name != column]
    led = [column, AT] if column else [AT]
    keys = [*led, "id"] if on_postgresql else [*led, *rest]
    held = f" INCLUDE ({', '.join(rest)})" if on_postgresql else ""
    where = f" WHERE {column} IS NOT NULL" if column in _OPTIONAL else ""
    return f"CREATE INDEX IF NOT EXISTS {index_of(column)} ON calls ({', '.join(keys)}){held}{where}"


def statements(on_postgresql: bool) -> tuple[str, ...]:
    kind = " text_pattern_ops" if on_postgresql else ""  # for LIKE 'x%' whatever the locale
    made = [_led_by(column, on_postgresql) for column in ("", *COVERED)]
    made += [
        f"CREATE INDEX IF NOT EXISTS calls_by_{name} ON calls ({name}{kind}, {AT})"
        for name in ("calling_number", "called_number")
    ]
    if on_postgresql:
        # An index alone answers for the pages that a vacuum has seen: let it come more often than after a fifth.
        made.append("ALTER TABLE calls SET (autovacuum_vacuum_insert_scale_factor = 0.02)")
    return tuple(made)


def create_for_calls(database: Database) -> None:
    """Beside a new table `calls`."""
    for sql in statements(is_postgresql(database)):
        execute(database, sql)
