"""Bulk loads of contacts and merges of duplicates, with what is needed to undo either.

Owns: a load's state, which is also its place in the queue of background work. Must not: read files or write contacts.
"""

from enum import StrEnum

from peewee import BigIntegerField, CharField, CompositeKey, IntegerField

from models.tables.account import Agent
from models.tables.base import ChoiceField, InstantField, JsonField, Row, now, points_to
from models.tables.contacts import Contact

_JSON = 10_000_000


class ImportState(StrEnum):
    READING = "reading"  # asked for: read the file, find the problems, write nothing
    CHECKED = "checked"  # waits for a person
    QUEUED = "queued"  # asked for: load it
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # nothing of it is left
    UNDOING = "undoing"  # asked for: undo it
    UNDONE = "undone"


# What the background process has to take up, also after it was killed.
WORK = (ImportState.READING, ImportState.QUEUED, ImportState.RUNNING, ImportState.UNDOING)


class ContactImport(Row):
    """One uploaded file. Times and counts are as of the last committed chunk."""

    state = ChoiceField(ImportState, default=ImportState.READING, index=True)
    file_name = CharField(max_length=200)
    stored = CharField(max_length=80)  # its name below <data_dir>/imports
    author = points_to(Agent, null=True, backref="imports")
    options = JsonField(max_length=_JSON)
    report = JsonField(max_length=_JSON, null=True)
    failure = JsonField(max_length=10_000, null=True)  # [code, params] of an InvalidValue
    rows_total = IntegerField(default=0)
    rows_done = IntegerField(default=0)
    created = IntegerField(default=0)
    updated = IntegerField(default=0)
    skipped = IntegerField(default=0)
    refused = IntegerField(default=0)
    created_at = InstantField(default=now)
    started_at = InstantField(null=True)
    ended_at = InstantField(null=True)

    class Meta:
        table_name = "contact_imports"


class ContactImportChunk(Row):
    """What one transaction of a load made. A contact is the load's when its id is in `ids` and it was made `at`: an id
    alone may have been given to another row since."""

    load = points_to(ContactImport, on_delete="CASCADE", backref="chunks", index=False)
    number = IntegerField()
    at = InstantField()
    ids = JsonField(max_length=_JSON)  # [first, last] pairs

    class Meta:
        table_name = "contact_import_chunks"
        primary_key = CompositeKey("load", "number")


class ContactImportChange(Row):
    """What a load changed of a contact that was there: {column or field: [before, after]}."""

    load = points_to(ContactImport, on_delete="CASCADE", backref="changes", index=False)
    contact = points_to(Contact, on_delete="CASCADE", backref="import_changes")
    changes = JsonField(max_length=_JSON)

    class Meta:
        table_name = "contact_import_changes"
        primary_key = CompositeKey("load", "contact")


class ContactMerge(Row):
    """Contacts that became one: what they were, so that it can be undone."""

    kept = BigIntegerField(index=True)  # no key: the merge is remembered when the contact is deleted
    author = points_to(Agent, null=True, backref="merges")
    before = JsonField(max_length=_JSON)
    created_at = InstantField(default=now)
    undone_at = InstantField(null=True)

    class Meta:
        table_name = "contact_merges"
