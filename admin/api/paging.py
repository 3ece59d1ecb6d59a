"""Pages by cursor: what was made, changed or deleted meanwhile moves no row from one page to another.

Owns: the cursor's text, the condition by which the next page begins. Must not: know a resource.

Every order ends with the row's key, so no two rows are equal; what has no value comes last, in either direction.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from peewee import ModelSelect

from admin.api.problems import field_error, invalid
from models.values.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class By:
    """An order: a column, ascending or not. `nullable`: a row may have no value in it."""

    column: Any
    descending: bool = False
    nullable: bool = False


def page(query: ModelSelect, key: Any, orders: Mapping[str, By], wanted: Any) -> tuple[list[Any], str | None]:
    """The rows of a page and the cursor of the next. `wanted` is the list's query; its `sort` names the order."""
    by = orders[wanted.sort]
    if wanted.cursor is not None:
        query = query.where(_after(by, key, _read(wanted.cursor, wanted.sort, by, key)))
    column = by.column
    if column is key:
        ordered = [key.desc() if by.descending else key]
    elif by.nullable:
        ordered = [column.desc(nulls="LAST"), key.desc()] if by.descending else [column.asc(nulls="LAST"), key]
    else:
        ordered = [column.desc(), key.desc()] if by.descending else [column, key]
    rows = list(query.order_by(*ordered).limit(wanted.limit + 1))
    if len(rows) <= wanted.limit:
        return rows, None
    last = rows[wanted.limit - 1]
    value = None if column is key else column.db_value(getattr(last, column.name))
    return rows[: wanted.limit], _text([wanted.sort, value, last.get_id()])


def _after(by: By, key: Any, place: tuple[Any, Any]) -> Any:
    value, last = place
    further = key < last if by.descending else key > last
    if by.column is key:
        return further
    if value is None:
        return by.column.is_null() & further
    beyond = by.column < value if by.descending else by.column > value
    found = beyond | ((by.column == value) & further)
    return found | by.column.is_null() if by.nullable else found


def _text(place: list[Any]) -> str:
    written = json.dumps(place, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(written).decode().rstrip("=")


def _read(cursor: str, sort: str, by: By, key: Any) -> tuple[Any, Any]:
    """Whatever is in it becomes a parameter of a statement; it must only be of the column's kind."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        place = json.loads(text)
        order, value, last = place
        key_kind = str if key.field_type in ("VARCHAR", "TEXT") else int
        kind = str if by.column.field_type in ("VARCHAR", "TEXT") else int
        fits = value is None if by.column is key else isinstance(value, kind) or (value is None and by.nullable)
        small = all(not isinstance(one, int) or abs(one) < 2**63 for one in (value, last))
        clean = all(not isinstance(one, str) or ("\x00" not in one and one.isprintable()) for one in (value, last))
        if order != sort or not isinstance(last, key_kind) or not fits or not small or not clean:
            raise ValueError
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise invalid(field_error("cursor", InvalidValue("cursor_invalid"))) from None
    # Columns read what they store: an instant passes as the number that it is.
    return value, last
