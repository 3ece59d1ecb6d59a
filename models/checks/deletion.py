"""May a row be deleted? Only when nothing that matters points to it."""

from typing import Any

from models.tables import Row
from models.values.errors import InvalidValue


def uses_of(row: Row) -> dict[str, int]:
    """How many rows of each table hold on to this one. Rows that would go with it (join rows) do not count."""
    meta: Any = row
    uses: dict[str, int] = {}
    for field, table in meta._meta.backrefs.items():
        if field.on_delete == "CASCADE":
            continue
        count = table.select().where(field == row.id).count()
        if count:
            name = str(table._meta.table_name)
            uses[name] = uses.get(name, 0) + count
    return uses


def check_delete(row: Row) -> InvalidValue | None:
    """The reason why `row` cannot be deleted, or None. The database refuses too (RESTRICT), but not in words."""
    uses = sum(uses_of(row).values())
    return InvalidValue("in_use", uses=uses) if uses else None
