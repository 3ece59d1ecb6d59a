"""A load taken back as a whole: its contacts go, what it changed becomes what it was.

Owns: what stays all the same, and why. Must not: undo what others did since: a value that somebody changed after the
load stays as it is, a contact that something points to (a call) stays and is counted.
"""

from typing import Any

from peewee import Database

from admin.bulk.loading import attribute
from models.db import execute, placeholder, transaction
from models.tables import (
    Company,
    Contact,
    ContactImport,
    ContactImportChange,
    ContactImportChunk,
    ContactListMember,
    ContactValue,
    fold,
)

_STEP = 500


def run(database: Database, load: ContactImport) -> dict[str, int]:
    """How many contacts were deleted and restored, and how many stay because they are used. A chunk a transaction; what
    is undone is forgotten in the same one, so it can be taken up again."""
    counts = dict((load.report or {}).get("undone") or {"deleted": 0, "restored": 0, "kept": 0})
    while True:
        with transaction(database):
            changes = list(ContactImportChange.select().where(ContactImportChange.load == load).limit(_STEP))
            if not changes:
                break
            for one in changes:
                _restore(one)
            counts["restored"] += len(changes)
            done = [one.contact_id for one in changes]
            ContactImportChange.delete().where(
                ContactImportChange.load == load, ContactImportChange.contact.in_(done)
            ).execute()
            _note(load, counts)
    for chunk in (
        ContactImportChunk.select().where(ContactImportChunk.load == load).order_by(ContactImportChunk.number.desc())
    ):
        with transaction(database):
            _delete(database, chunk, counts)
            ContactImportChunk.delete().where(
                ContactImportChunk.load == load, ContactImportChunk.number == chunk.number
            ).execute()
            _note(load, counts)
    return counts


def _note(load: ContactImport, counts: dict[str, int]) -> None:
    report = {**(load.report or {}), "undone": counts}
    load.report = report
    ContactImport.update(report=report).where(ContactImport.id == load.id).execute()


def _restore(one: ContactImportChange) -> None:
    """Each column back, if it still holds what the load wrote."""
    row: Any = Contact.get_by_id(one.contact_id)
    changed: list[str] = []
    for column, (before, after) in one.changes.items():
        if column == "list":
            ContactListMember.delete().where(
                ContactListMember.list == after, ContactListMember.contact == row.id
            ).execute()
        elif column.startswith("extra_"):
            _restore_value(row.id, int(column.removeprefix("extra_")), before, after)
        elif row.__data__.get(attribute(column)) == after:
            name = attribute(column)
            target = {"company": Company, "disposition": None, "agent": None}.get(name)
            if target is not None and before is not None and target.get_or_none(target.id == before) is None:
                continue
            setattr(row, name, before)
            changed.append(name)
    if changed:
        row.save(only=[*changed, "search"])  # `extra_search` is the database's


def _restore_value(contact: int, field: int, before: str | None, after: str) -> None:
    here = (ContactValue.contact == contact) & (ContactValue.field == field) & (ContactValue.value == after)
    if before is None:
        ContactValue.delete().where(here).execute()
    else:
        ContactValue.update(value=before, folded=fold(before)).where(here).execute()


def _delete(database: Database, chunk: ContactImportChunk, counts: dict[str, int]) -> None:
    """Its contacts, but for those that rows point to which would not go with them."""
    mark = placeholder(database)
    meta: Any = Contact
    holding = [
        f"NOT EXISTS (SELECT 1 FROM {table._meta.table_name} h WHERE h.{column.column_name} = contacts.id)"  # noqa: S608
        for column, table in meta._meta.backrefs.items()
        if column.on_delete != "CASCADE"
    ]
    mine = f"id BETWEEN {mark} AND {mark} AND created_at = {mark}"
    at = ContactImportChunk.at.db_value(chunk.at)
    for first, last in chunk.ids["contacts"]:
        where = " AND ".join([mine, *holding])
        gone = execute(database, f"DELETE FROM contacts WHERE {where}", (first, last, at)).rowcount  # noqa: S608
        left = execute(database, f"SELECT count(*) FROM contacts WHERE {mine}", (first, last, at)).fetchone()[0]  # noqa: S608
        counts["deleted"] += gone
        counts["kept"] += left
    for key in chunk.ids.get("companies", ()):
        if not Contact.select().where(Contact.company == key).exists():
            Company.delete().where(Company.id == key).execute()
