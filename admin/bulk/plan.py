"""What a load does with each row: make, change, leave or refuse. The same for the dry run and for the load.

Owns: the decision. Must not: write.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from peewee import Database

from admin.bulk import columns
from admin.bulk.problems import Remark
from admin.bulk.reading import Candidate, Names, RowReader
from admin.bulk.sheets import Sheet
from models.checks.contacts import account_region
from models.db import execute, is_postgresql, placeholder
from models.tables import AdditionalField, Agent, Company, Disposition, name_key


class Duplicates(StrEnum):
    """What becomes of a row whose phone a contact has already."""

    UPDATE = "update"
    SKIP = "skip"
    CREATE = "create"


@dataclass
class Options:
    """As a person chose them."""

    mapping: list[str] = field(default_factory=list)
    duplicates: Duplicates = Duplicates.UPDATE
    list_id: int | None = None
    list_name: str = ""
    titles: bool = True  # the first row has the columns' titles

    @classmethod
    def of(cls, stored: dict[str, Any]) -> "Options":
        return cls(
            list(stored.get("mapping", ())),
            Duplicates(stored.get("duplicates", Duplicates.UPDATE)),
            stored.get("list_id"),
            stored.get("list_name", ""),
            bool(stored.get("titles", True)),
        )

    def stored(self) -> dict[str, Any]:
        return {
            "mapping": self.mapping, "duplicates": self.duplicates.value, "list_id": self.list_id,
            "list_name": self.list_name, "titles": self.titles,
        }  # fmt: skip


@dataclass(slots=True)
class Row:
    """One row of the file, read. `refused` when a remark says so."""

    candidate: Candidate
    cells: Sequence[Any]
    remarks: list[Remark]

    @property
    def refused(self) -> bool:
        return any(remark.refuses for remark in self.remarks)


def fields_in_order() -> list[AdditionalField]:
    return list(AdditionalField.select().order_by(AdditionalField.position, AdditionalField.id))


def names_now() -> Names:
    """A name that two agents share means the first active one."""
    agents: dict[str, int] = {}
    for name, key in Agent.select(Agent.name, Agent.id).order_by(Agent.active.desc(), Agent.id).tuples():
        agents.setdefault(name_key(name), key)
    return Names(
        dict(Company.select(Company.name_key, Company.id).tuples()),
        dict(Disposition.select(Disposition.name_key, Disposition.id).tuples()),
        agents,
    )


def reader_of(mapping: Sequence[str], names: Names) -> RowReader:
    fields = fields_in_order()
    known = {part.key for part in columns.parts(fields)}
    return RowReader([part if part in known else "" for part in mapping], fields, names, account_region())


def is_blank(cells: Sequence[Any]) -> bool:
    return all(cell == "" or cell is None or (type(cell) is str and not cell.strip()) for cell in cells)


def body(sheet: Sheet, *, titles: bool) -> tuple[list[Any], Iterator[tuple[int, list[Any]]]]:
    """The row of titles (empty without one) and the rows with something in them."""
    filled = ((number, cells) for number, cells in sheet.rows if not is_blank(cells))
    head: list[Any] = []
    if titles:
        _number, head = next(filled, (0, []))
    return list(head), filled


def chunks(rows: Iterable[tuple[int, list[Any]]], size: int) -> Iterator[list[tuple[int, list[Any]]]]:
    chunk: list[tuple[int, list[Any]]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def known_phones(database: Database, keys: set[str]) -> dict[str, int]:
    """Contacts by phone; of several that share one, the one that was active last, as for a caller."""
    found: dict[str, tuple[int, int]] = {}
    listed = list(keys)
    for start in range(0, len(listed), 500):
        part = listed[start : start + 500]
        if is_postgresql(database):
            test, parameters = "phone_key = ANY(%s)", [part]
        else:
            test, parameters = f"phone_key IN ({','.join([placeholder(database)] * len(part))})", part  # type: ignore[assignment]
        sql = f"SELECT phone_key, id, coalesce(last_activity_at, 0) FROM contacts WHERE {test}"  # noqa: S608
        for phone, key, at in execute(database, sql, parameters).fetchall():
            if phone not in found or (at, -key) > (found[phone][0], -found[phone][1]):
                found[phone] = (at, key)
    return {phone: key for phone, (_at, key) in found.items()}
