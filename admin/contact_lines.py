"""Contacts as lines of a file: what *Descargar* writes.

Owns: the columns, and reading them some at a time. Must not: know formats (`csv_stream`, `xlsx_stream`).

Only the ids are read at once, in the order of the list, into a file; so no cursor stays open, and a row that comes or
goes meanwhile shifts nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from flask_babel import lazy_gettext as _l

from admin.contact_pages import JOINS, Order, Search, ask, marked, matching
from admin.csv_stream import kept
from admin.formats import Stamps
from models.db import in_parts
from models.tables import AdditionalField, database

CHUNK: Final = 1000  # rows held in memory
_COLUMNS: Final = (
    "contacts.id, contacts.name, contacts.phone, contacts.email, contacts.external_id, coalesce(companies.name, ''), "
    "coalesce(dispositions.name, ''), coalesce(agents.name, ''), contacts.last_activity_at"
)


def headings(fields: Sequence[AdditionalField]) -> list[Any]:
    return [
        _l("Nombre"),
        _l("Teléfono"),
        _l("Email"),
        _l("ID"),
        _l("Compañía"),
        _l("Disposición"),
        _l("Agente a cargo"),
        _l("Última Actividad"),
        *(one.name for one in fields),
    ]


def batches(search: Search, order: Order, fields: Sequence[AdditionalField]) -> Iterator[list[list[Any]]]:
    sql, parameters = matching(search)
    joins = "" if order.walked else JOINS
    sorted_ids = f"SELECT contacts.id FROM contacts{joins} WHERE contacts.id IN ({sql}) ORDER BY {order.sql()}"  # noqa: S608
    if search.everything:
        sorted_ids = f"SELECT contacts.id FROM contacts{joins} ORDER BY {order.sql()}"  # noqa: S608
    places, stamp = {one.id: place for place, one in enumerate(fields)}, Stamps()
    for keys in kept(in_parts(database.obj, marked(sorted_ids), parameters, CHUNK), CHUNK):
        yield _lines(keys, places, stamp)


def _lines(keys: Sequence[int], places: dict[int, int], stamp: Callable[[int | None], str]) -> list[list[Any]]:
    listed = ",".join(map(str, keys))
    lines: dict[int, list[Any]] = {}
    empty = [""] * len(places)
    for key, *cells, activity in ask(f"SELECT {_COLUMNS} FROM contacts{JOINS} WHERE contacts.id IN ({listed})"):  # noqa: S608
        lines[key] = [*cells, stamp(activity), *empty]
    if places:
        first = 8
        values = f"SELECT contact_id, field_id, value FROM contact_values WHERE contact_id IN ({listed})"  # noqa: S608
        for contact, field, value in ask(values):
            place = places.get(field)
            if place is not None and contact in lines:
                lines[contact][first + place] = value
    return [lines[key] for key in keys if key in lines]
