"""*Salvar*: disposition, comment and the contact's data of one call, all or nothing, as often as you like.

Owns: which columns an agent may change, and by which call. Must not: touch what the engine's CDR writer owns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from peewee import Database

from admin import audit, call_notes
from admin.desk.ownership import Standing, standing
from models.callers import caller_card
from models.checks import check_contact, check_saved_call
from models.db import is_postgresql, transaction
from models.tables import Agent, Call, Company, Contact, name_key
from models.values.errors import InvalidValue
from models.values.phone import normalise

CALL_FIELDS: Final = call_notes.FIELDS
CONTACT_FIELDS: Final = ("name", "email", "company")


class BadRequest(Exception):
    """Not what the desk's page sends."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What is saved now, as the page's fields show it."""

    notes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was saved. An error for each field that is wrong."""

    errors: Mapping[str, InvalidValue]


@dataclass(frozen=True, slots=True)
class NotSaved:
    standing: Standing


def read(body: object) -> dict[str, str]:
    """The fields that the page sends: those the agent changed. Raises BadRequest."""
    if not isinstance(body, dict):
        raise BadRequest("an object is expected")
    for name, value in body.items():
        if name not in CALL_FIELDS + CONTACT_FIELDS or not isinstance(value, str):
            raise BadRequest("an unknown field, or one that is no text")
    return body


def save(
    database: Database, agent: Agent, call_id: str, typed: Mapping[str, str], region: str
) -> Saved | Refused | NotSaved:
    """Saves the fields in `typed`; the others stay. `region` reads the caller's number when a contact is made."""
    with transaction(database):
        call = _locked(database, Call, call_id)
        whose = standing(call, agent)
        if call is None or whose is not Standing.MINE:
            return NotSaved(whose)
        of_call = {name: typed[name] for name in CALL_FIELDS if name in typed}
        of_contact = {name: typed[name] for name in CONTACT_FIELDS if name in typed}
        checked = check_saved_call(of_call, call)
        contact = _locked(database, Contact, call.contact_id)
        key = normalise(str(call.calling_number), region)
        values, errors = _contact_values(of_contact, contact, str(call.calling_number) if key else "")
        errors |= {name: problem for name, problem in checked.errors.items() if name in of_call}
        if errors:
            return Refused(errors)
        if contact is None and any(values.values()):
            contact = _contact_of(database, call, key)
        if contact is not None:
            if "disposition" in typed and checked.values["disposition"] is not None:
                values["disposition"] = checked.values["disposition"]
            _change(contact, values)
        changes = {name: checked.values[name] for name in of_call}
        unknown = contact is not None and call.contact_id is None
        saved = call_notes.write(call, changes, agent, contact.id if unknown and contact is not None else None)
        return Saved(notes_of(saved))


def notes_of(call: Call) -> dict[str, str]:
    """The page's fields with what is saved."""
    contact = call.contact
    return {
        "disposition": "" if call.disposition_id is None else str(call.disposition_id),
        "comment": str(call.comment),
        "name": "" if contact is None else str(contact.name),
        "email": "" if contact is None else str(contact.email),
        "company": "" if contact is None or contact.company is None else str(contact.company.name),
    }


def _locked(database: Database, table: Any, key: str | int | None) -> Any:
    """The row, kept from other writers until the transaction ends; SQLite's IMMEDIATE holds them off by itself."""
    if key is None:
        return None
    query = table.select().where(table.id == key)
    return (query.for_update() if is_postgresql(database) else query).first()


def _contact_values(
    typed: Mapping[str, str], contact: Contact | None, phone: str
) -> tuple[dict[str, Any], dict[str, InvalidValue]]:
    """Clean values of the typed fields, and their errors. `phone` is what a contact that is still to be made has."""
    if not any(text.strip() for text in typed.values()) and contact is None:
        return {}, {}
    data: dict[str, Any] = dict(typed)
    errors: dict[str, InvalidValue] = {}
    if company := typed.get("company", "").strip():
        found = Company.get_or_none(Company.name_key == name_key(company))
        if found is None:
            errors["company"] = InvalidValue("not_found", what="Company", value=company[:80])
        data["company"] = None if found is None else found.id
    checked = check_contact(data if contact else data | {"phone": phone}, contact)
    # A column that the desk does not show is not the agent's to mend.
    errors |= {name: problem for name, problem in checked.errors.items() if name in CONTACT_FIELDS}
    return {name: checked.values[name] for name in typed if name in checked.values}, errors


def _contact_of(database: Database, call: Call, key: str | None) -> Contact:
    """The contact of a call that has none yet: by its number, as the engine would, or a new one without a number."""
    card = caller_card(database, key, str(call.calling_number), call_id=str(call.id))
    return Contact.create() if card is None else Contact.get_by_id(card.contact_id)


def _change(contact: Contact, values: Mapping[str, Any]) -> None:
    if not values:
        return
    before = {name: getattr(contact, name) for name in values}
    for name, value in values.items():
        setattr(contact, name, value)
    contact.save(only=[*(getattr(Contact, name) for name in values), Contact.search])
    after = {name: getattr(contact, name) for name in values}
    audit.record("contacts", "edit", key=contact.id, name=contact.name or contact.phone, before=before, after=after)
