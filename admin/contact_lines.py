"""Contacts as lines of a file: what *Descargar* writes.

Owns: the columns, and reading them some at a time. Must not: know formats (`csv_stream`, `xlsx_stream`).

Only the ids are read at once, in the order of the list, into a file; so no cursor stays open, and a row that comes or
goes meanwhile shifts nothing.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from flask_babel import lazy_gettext as _l

from admin.columns import Columns, Made
from admin.contact_pages import JOINS, Order, Search, ask, marked, matching
from admin.csv_stream import kept
from admin.formats import Stamps
from admin.names import Names
from models.db import in_parts
from models.tables import AdditionalField, Agent, Company, Disposition, database

CHUNK: Final = 500  # rows held in memory, and in the processor's cache
_COLUMNS: Final = (
    "contacts.id, contacts.name, contacts.phone, contacts.email, contacts.external_id, contacts.company_id, "
    "contacts.disposition_id, contacts.agent_id, contacts.last_activity_at"
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


def batches(search: Search, order: Order, fields: Sequence[AdditionalField]) -> Iterator[Columns]:
    sql, parameters = matching(search)
    joins = "" if order.walked else JOINS
    sorted_ids = f"SELECT contacts.id FROM contacts{joins} WHERE contacts.id IN ({sql}) ORDER BY {order.sql()}"  # noqa: S608
    if search.everything:
        sorted_ids = f"SELECT contacts.id FROM contacts{joins} ORDER BY {order.sql()}"  # noqa: S608
    stamps, companies, dispositions, agents = Stamps(), Names(Company), Names(Disposition), Names(Agent)
    for listed in kept(in_parts(database.obj, marked(sorted_ids), parameters, CHUNK), CHUNK):
        found = {row[0]: row for row in ask(f"SELECT {_COLUMNS} FROM contacts WHERE id IN ({_joined(listed)})")}  # noqa: S608
        keys = [key for key in listed if key in found]
        if not keys:
            continue
        _ids, name, phone, email, external, company, disposition, agent, activity = zip(
            *(found[key] for key in keys), strict=True
        )
        yield Columns(
            name, phone, email, external, companies.of(company), dispositions.of(disposition), agents.of(agent),
            Made(stamps.column(activity)), *_values(keys, fields),
        )  # fmt: skip


def _values(keys: Sequence[int], fields: Sequence[AdditionalField]) -> list[list[str]]:
    """A column for each additional field."""
    if not fields:
        return []
    values: dict[int, dict[int, str]] = {one.id: {} for one in fields}
    sql = f"SELECT contact_id, field_id, value FROM contact_values WHERE contact_id IN ({_joined(keys)})"  # noqa: S608
    for contact, field, value in ask(sql):
        if field in values:
            values[field][contact] = value
    return [[of_one.get(key, "") for key in keys] for of_one in values.values()]


def _joined(keys: Sequence[int]) -> str:
    return ",".join(map(str, keys))
