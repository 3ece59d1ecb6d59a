"""The load: rows become contacts, a chunk in a transaction, counted in the same one.

Owns: writing, and what an undo will need. Must not: decide what a row is (`plan`, `reading`).

Killed at any moment it goes on with the first chunk that was not committed. A failure undoes what was made: nothing
stays half loaded.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from peewee import Database

from admin.bulk import files, plan, sheets
from admin.bulk.dry_run import shown
from admin.bulk.plan import Duplicates, Options
from admin.bulk.problems import BadFile
from models.db import execute, execute_many, is_postgresql, placeholder, transaction
from models.tables import (
    Company,
    Contact,
    ContactImport,
    ContactImportChange,
    ContactImportChunk,
    ContactListMember,
    ContactValue,
    epoch_ms,
    fold,
    name_key,
    now,
)
from models.tables.contacts import search_text

CHUNK: Final = 5000
_COLUMNS: Final = ("name", "phone", "phone_key", "email", "external_id", "company_id", "disposition_id", "agent_id")
_POINTERS: Final = {"company_id": "company", "disposition_id": "disposition", "agent_id": "agent"}
_INSERT: Final = (
    "INSERT INTO contacts (id, name, phone, phone_key, email, external_id, company_id, disposition_id, agent_id, "
    "search, extra_search, created_at) VALUES ({marks})"
)
_VALUE: Final = "INSERT INTO contact_values (contact_id, field_id, value, folded) VALUES ({marks})"
_MEMBER: Final = "INSERT INTO contact_list_members (list_id, contact_id) VALUES ({marks}) ON CONFLICT DO NOTHING"
_CHANGE: Final = (
    "INSERT INTO contact_import_changes (load_id, contact_id, changes) VALUES ({marks}) "
    "ON CONFLICT (load_id, contact_id) DO NOTHING"
)


def attribute(column: str) -> str:
    """The row's attribute for a column."""
    return _POINTERS.get(column, column)


@dataclass
class _Chunk:
    """What one transaction is about to write."""

    people: list[tuple[Any, ...]] = field(default_factory=list)
    values: list[tuple[Any, ...]] = field(default_factory=list)
    members: list[tuple[Any, ...]] = field(default_factory=list)
    changed: dict[int, list[plan.Candidate]] = field(default_factory=dict)
    refused: list[Any] = field(default_factory=list)
    skipped: int = 0
    updated: int = 0


def run(database: Database, load: ContactImport, folder: Path, tell: Callable[[int, int], None]) -> None:
    """Loads all that is not loaded yet. Raises BadFile."""
    options = Options.of(load.options)
    sheet = sheets.open_sheet(folder / files.UPLOAD)
    _head, rows = plan.body(sheet, titles=options.titles)
    names = plan.names_now()
    reader = plan.reader_of(options.mapping, names)
    done = int(load.rows_done)
    number = ContactImportChunk.select().where(ContactImportChunk.load == load).count()
    for part in plan.chunks(_after(rows, done), CHUNK):
        read = []
        for place, cells in part:
            candidate, remarks = reader.read(place, cells)
            read.append(plan.Row(candidate, cells, remarks))
        with transaction(database):
            _write(database, load, number, read, options, names, folder)
        number += 1
        done += len(part)
        tell(done, int(load.rows_total))
    if done != int(load.rows_total):
        raise BadFile("file_changed")


def _after(rows: Any, done: int) -> Any:
    for place, row in enumerate(rows):
        if place >= done:
            yield row


def _write(
    database: Database,
    load: ContactImport,
    number: int,
    read: list[plan.Row],
    options: Options,
    names: Any,
    folder: Path,
) -> None:
    at = epoch_ms(now())
    chunk = _Chunk()
    known = plan.known_phones(database, {row.candidate.phone_key for row in read if row.candidate.phone_key})
    made_companies = _new_companies(read, names)
    ids = iter(_new_ids(database, len(read)))
    for row in read:
        _place(row, chunk, known, ids, options, names, at)
    execute_many(database, _marked(database, _INSERT, 12), chunk.people)
    execute_many(database, _marked(database, _VALUE, 4), chunk.values)
    execute_many(database, _marked(database, _MEMBER, 2), chunk.members)
    _change(database, load, chunk.changed, options)
    files.write_lines(files.refused_path(folder, number), chunk.refused)
    made = {"contacts": _pairs([row[0] for row in chunk.people]), "companies": made_companies}
    ContactImportChunk.create(load=load, number=number, at=at, ids=made)
    query = ContactImport.update(
        rows_done=ContactImport.rows_done + len(read),
        created=ContactImport.created + len(chunk.people),
        updated=ContactImport.updated + chunk.updated,
        skipped=ContactImport.skipped + chunk.skipped,
        refused=ContactImport.refused + len(chunk.refused),
    )
    query.where(ContactImport.id == load.id).execute()


def _place(
    row: plan.Row, chunk: _Chunk, known: dict[str, int], ids: Any, options: Options, names: Any, at: int
) -> None:
    """Decides on one row and notes what is to be written for it."""
    one = row.candidate
    there = known.get(one.phone_key) if one.phone_key else None
    fresh = there is None or options.duplicates is Duplicates.CREATE
    if fresh and one.missing and not row.refused:
        row.remarks.extend(one.missing)
    if row.refused:
        reasons = [remark.stored() for remark in row.remarks if remark.refuses]
        chunk.refused.append([one.row, [shown(cell) for cell in row.cells], reasons])
        return
    if one.company:
        one.values["company_id"] = names.companies[name_key(one.company)]
    if not fresh and options.duplicates is Duplicates.SKIP:
        chunk.skipped += 1
        return
    if not fresh:
        assert there is not None
        chunk.changed.setdefault(there, []).append(one)
        chunk.updated += 1
        return
    key = next(ids)
    get = one.values.get
    name, phone, email, external = get("name", ""), get("phone", ""), get("email", ""), get("external_id", "")
    folds = [(field_id, value, fold(value)) for field_id, value in one.extra.items()]
    chunk.people.append(
        (key, name, phone, one.phone_key, email, external, get("company_id"), get("disposition_id"), get("agent_id"),
         search_text(name, phone, one.phone_key, email, external), " ".join(text for _f, _v, text in folds), at)
    )  # fmt: skip
    chunk.values.extend((key, field_id, value, text) for field_id, value, text in folds)
    if options.list_id:
        chunk.members.append((options.list_id, key))
    if one.phone_key:
        known.setdefault(one.phone_key, key)


def _new_companies(read: list[plan.Row], names: Any) -> list[int]:
    made = []
    for row in read:
        name = row.candidate.company
        if name and not row.refused and name_key(name) not in names.companies:
            company = Company.create(name=name)
            names.companies[name_key(name)] = company.id
            made.append(company.id)
    return made


def _new_ids(database: Database, count: int) -> Sequence[int]:
    if is_postgresql(database):
        sql = "SELECT nextval(pg_get_serial_sequence('contacts', 'id')) FROM generate_series(1, %s)"
        return sorted(row[0] for row in execute(database, sql, (count,)).fetchall())
    # Nobody else writes meanwhile: the transaction is IMMEDIATE.
    top = execute(database, "SELECT coalesce(max(id), 0) FROM contacts").fetchone()[0]
    return range(top + 1, top + 1 + count)


def _pairs(ids: list[int]) -> list[list[int]]:
    pairs: list[list[int]] = []
    for key in ids:
        if pairs and pairs[-1][1] == key - 1:
            pairs[-1][1] = key
        else:
            pairs.append([key, key])
    return pairs


def _marked(database: Database, sql: str, count: int) -> str:
    return sql.format(marks=", ".join([placeholder(database)] * count))


# ---------------------------------------------------------------- contacts that are there
def _change(
    database: Database, load: ContactImport, changed: dict[int, list[plan.Candidate]], options: Options
) -> None:
    """An empty cell changes nothing; each change is kept with what was there before."""
    if not changed:
        return
    rows = {row.id: row for row in Contact.select().where(Contact.id.in_(list(changed)))}
    values: dict[tuple[int, int], str] = {
        (contact, one): value
        for contact, one, value in ContactValue.select(ContactValue.contact, ContactValue.field, ContactValue.value)
        .where(ContactValue.contact.in_(list(changed)))
        .tuples()
    }
    earlier = {
        one.contact_id: one
        for one in ContactImportChange.select().where(
            ContactImportChange.load == load, ContactImportChange.contact.in_(list(changed))
        )
    }
    notes, people, fresh_values, old_values, members = [], [], [], [], []
    member_of = _members(changed, options)
    for key, candidates in changed.items():
        row = rows[key]
        before = earlier[key].changes if key in earlier else {}
        noted = dict(before)
        for one in candidates:
            for column, value in one.values.items():
                stood = row.__data__.get(attribute(column))
                if stood != value:
                    noted[column] = [noted[column][0] if column in noted else stood, value]
                    row.__data__[attribute(column)] = value
            for field_id, value in one.extra.items():
                stood = values.get((key, field_id))
                if stood != value:
                    name = f"extra_{field_id}"
                    noted[name] = [noted[name][0] if name in noted else stood, value]
                    line = (value, fold(value), key, field_id)
                    (fresh_values if stood is None else old_values).append(line)
                    values[key, field_id] = value
        if options.list_id and key not in member_of:
            members.append((options.list_id, key))
            noted["list"] = [None, options.list_id]
        if noted == before:
            continue
        data = row.__data__
        search = search_text(row.name, row.phone, row.phone_key, row.email, row.external_id)
        cells = [data.get(attribute(column)) for column in _COLUMNS]
        people.append((*cells, search, key))
        notes.append((load.id, key, ContactImportChange.changes.db_value(noted)))
    mark = placeholder(database)
    sets = ", ".join(f"{column} = {mark}" for column in (*_COLUMNS, "search"))
    execute_many(database, f"UPDATE contacts SET {sets} WHERE id = {mark}", people)  # noqa: S608
    where = f"WHERE contact_id = {mark} AND field_id = {mark}"
    _put_values(database, fresh_values, old_values, where)
    execute_many(database, _marked(database, _MEMBER, 2), members)
    if earlier:
        stale = list(earlier)
        ContactImportChange.delete().where(
            ContactImportChange.load == load, ContactImportChange.contact.in_(stale)
        ).execute()
        told = {note[1] for note in notes}
        notes += [
            (load.id, key, ContactImportChange.changes.db_value(one.changes))
            for key, one in earlier.items()
            if key not in told
        ]
    execute_many(database, _marked(database, _CHANGE, 3), notes)


def _put_values(database: Database, fresh: list[Any], old: list[Any], where: str) -> None:
    """A value that two rows of the chunk give: the later one stays."""
    last = {(line[2], line[3]): line for line in fresh}
    inserted = [(key, field_id, value, text) for value, text, key, field_id in last.values()]
    execute_many(database, _marked(database, _VALUE, 4), inserted)
    mark = placeholder(database)
    execute_many(database, f"UPDATE contact_values SET value = {mark}, folded = {mark} {where}", old)  # noqa: S608


def _members(changed: dict[int, Any], options: Options) -> set[int]:
    if not options.list_id:
        return set()
    query = ContactListMember.select(ContactListMember.contact).where(
        ContactListMember.list == options.list_id, ContactListMember.contact.in_(list(changed))
    )
    return {key for (key,) in query.tuples()}
