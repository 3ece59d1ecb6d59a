"""Whom a call is with, when a number does not say it: one of several contacts that share it, or somebody new.

Owns: the call's contact, as an agent chooses it. Must not: change a contact's data (`saving`), or decide whose call it
is (`ownership`).
"""

from dataclasses import dataclass
from typing import Any, Final

from peewee import JOIN, Database

from admin import audit, callbacks
from models.db import is_postgresql, transaction
from models.tables import Agent, Call, Company, Contact, ContactValue, FormAnswer
from models.values.call import Direction
from models.values.phone import normalise

MOST_SHARING: Final = 20


class NotAChoice(Exception):
    """A contact that has another number, or a new one where there is no number."""


@dataclass(frozen=True, slots=True)
class ChosenAlready:
    """Somebody else chose meanwhile: the page is to show that first."""


def customer_number(call: Call) -> str:
    """Of whom the agent talks to."""
    return str(call.called_number if call.direction is Direction.OUTBOUND else call.calling_number)


def sharing(call: Call, region: str) -> list[Contact]:
    """The contacts with the number that the call is with, the call's own one among them; the latest first."""
    keys = {normalise(customer_number(call), region), call.contact.phone_key if call.contact else None} - {None}
    if call.contact is None and not keys:
        return []
    here = (Contact.phone_key.in_(keys) if keys else Contact.id < 0) | (Contact.id == (call.contact_id or 0))
    rows = Contact.select(Contact, Company).join(Company, JOIN.LEFT_OUTER).where(here)
    return list(rows.order_by(Contact.last_activity_at.desc(nulls="LAST"), Contact.id).limit(MOST_SHARING))


def choose(
    database: Database, agent: Agent, call_id: str, chosen: int | None, seen: int | None, region: str
) -> Call | ChosenAlready:
    """Makes `chosen` the call's contact; None: a new one, with the call's number and nothing else.

    `seen`: the contact that the page showed. Raises NotAChoice. Whose call it is, is decided before.
    """
    with transaction(database):
        call = locked(database, Call, call_id)
        if chosen is not None and chosen == call.contact_id:
            return call  # type: ignore[no-any-return]
        if call.contact_id != seen:
            return ChosenAlready()
        if chosen is None:
            contact = _blank(database, call, region)
        else:
            contact = next((row for row in sharing(call, region) if row.id == chosen), None)
        if contact is None:
            raise NotAChoice
        if contact.id != call.contact_id:
            _write(call, contact, agent)
        written: Call = Call.get_by_id(call_id)
        return written


def locked(database: Database, table: Any, key: str | int | None) -> Any:
    """The row, kept from other writers until the transaction ends; SQLite's IMMEDIATE holds them off by itself."""
    if key is None:
        return None
    query = table.select().where(table.id == key)
    return (query.for_update() if is_postgresql(database) else query).first()


def _blank(database: Database, call: Call, region: str) -> Contact | None:
    """A contact with the call's number and nothing else: one that is there already, or a new one. Pressed twice, or by
    two agents, it is the same one."""
    number = customer_number(call)
    key = normalise(number, region)
    if key is None:
        return None
    if is_postgresql(database):
        database.execute_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", (key,))
    for row in sharing(call, region):
        if row.phone_key == key and not (row.name or row.email or row.company_id or _has_values(row)):
            return row
    return Contact.create(phone=number[:40], phone_key=key)  # type: ignore[no-any-return]


def _has_values(contact: Contact) -> bool:
    return bool(ContactValue.select().where(ContactValue.contact == contact).exists())


def _write(call: Call, contact: Contact, agent: Agent) -> None:
    before = {"contact": call.contact_id}
    Call.update(contact=contact.id).where(Call.id == call.id).execute()
    mine = (FormAnswer.call_id == call.id) & (FormAnswer.agent == agent)
    FormAnswer.update(contact=contact.id).where(mine).execute()
    callbacks.about(call, contact.id, agent)
    if call.ended_at is not None:
        older = Contact.last_activity_at.is_null() | (Contact.last_activity_at < call.ended_at)
        Contact.update(last_activity_at=call.ended_at).where(Contact.id == contact.id, older).execute()
    after = {"contact": contact.id}
    audit.record("calls", "edit", key=call.id, name=str(call.calling_number), before=before, after=after)
