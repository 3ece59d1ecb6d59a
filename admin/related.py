"""What a list shows of related rows, read once each.

Owns: putting them at the rows that point to them. Must not: find the rows.

A join brings a related row's columns again with every row, and peewee makes an object of each: of fifty calls two
hundred. There are a dozen agents and two call centers among them.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from peewee import Field


def attach(rows: Iterable[Any], *columns: Any, only: Sequence[Field] = ()) -> None:
    """The rows to which each of the foreign keys `columns` points, at all `rows` at once. `only`: their columns."""
    rows = list(rows)
    for column in columns:
        table = column.rel_model
        keys = {row.__data__.get(column.name) for row in rows} - {None}
        found = {}
        if keys:
            found = {row.get_id(): row for row in table.select(*only).where(table._meta.primary_key.in_(keys))}
        for row in rows:
            row.__rel__[column.name] = found.get(row.__data__.get(column.name))
