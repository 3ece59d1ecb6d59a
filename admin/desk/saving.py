"""*Salvar*: a call's disposition and comment, the contact's data and the touched forms, all or nothing, as often as you
like.

Owns: which columns an agent may change, and by which call. Must not: touch what the engine's CDR writer owns.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from peewee import Database

from admin import audit, call_notes, callbacks, contact_values
from admin.contact_values import EXTRA
from admin.desk import drafts, forms
from admin.desk.contact_choice import customer_number, locked, sharing
from admin.desk.ownership import Standing, standing
from admin.desk.typed import CONTACT_FIELDS, BadRequest, Typed, keys_of
from admin.printing.asking import enqueue_call_result, enqueue_form_answer
from models.callers import caller_card
from models.checks import Checked, check_additional_values, check_contact, check_saved_call
from models.db import transaction
from models.tables import Agent, Call, Company, Contact, FormAnswer, name_key
from models.values.errors import InvalidValue
from models.values.phone import normalise


@dataclass(frozen=True, slots=True)
class Saved:
    """Done. `gone`: hashes of files that went, to be forgotten after the commit."""

    call: Call
    gone: tuple[str, ...] = ()
    callback: frozenset[int] = frozenset()
    """Agents whom a change of the call's callback concerns."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was saved. An error for each field that is wrong, by its key; `now`: what somebody else put meanwhile."""

    errors: Mapping[str, InvalidValue]
    now: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotSaved:
    standing: Standing


def save(
    database: Database, agent: Agent, call_id: str, typed: Typed, region: str, zone: ZoneInfo
) -> Saved | Refused | NotSaved:
    """Saves what is in `typed`; the rest stays. `region` reads the caller's number when a contact is made, `zone` the
    moment of a callback.

    Raises BadRequest for what no page of ours sends.
    """
    with transaction(database):
        call = locked(database, Call, call_id)
        whose = standing(call, agent)
        if call is None or whose is not Standing.MINE:
            return NotSaved(whose)
        contact = locked(database, Contact, _contact_id(call, typed.contact_id, region))
        number = customer_number(call)
        key = normalise(number, region)
        of_call = check_saved_call(typed.call, call)
        of_contact = _check_contact(typed, contact, number if key else "")
        filled = [_check_form(one, call, agent) for one in typed.forms]
        promised = callbacks.promised(call_id, agent) if typed.callback else None
        of_callback = callbacks.check(typed.callback, promised, call, number, zone)
        errors = {name: problem for name, problem in of_call.errors.items() if name in typed.call}
        errors |= of_contact.errors | of_callback.errors
        for one in filled:
            errors |= one.errors
        changed = {} if contact is None else _changed_meanwhile(contact, typed)
        if errors or changed:
            return Refused(_conflicts(changed) | errors, changed)
        if contact is None and any(of_contact.values.values()):
            contact = _contact_of(database, call, key)
            if changed := _changed_meanwhile(contact, typed):  # somebody else was faster with the same number
                return Refused(_conflicts(changed), changed)
        if contact is not None:
            disposition = of_call.values["disposition"] if typed.call.get("disposition") else None
            _change(contact, of_contact.values, disposition)
        saved = _write_call(call, {name: of_call.values[name] for name in typed.call}, agent, contact)
        concerned = callbacks.write(promised, of_callback.values, saved, agent, number)
        gone: list[str] = []
        for one in filled:
            answer, files = forms.write(one, saved, agent, saved.contact_id)
            gone += files
            enqueue_form_answer(answer)  # a saved answer goes on to its form's printer
        drafts.clear(database, agent, call_id, keys_of(typed), [one.version.id for one in filled])
        enqueue_call_result(saved, agent)
        return Saved(saved, tuple(gone), frozenset(concerned))


def notes_of(call: Call) -> dict[str, str]:
    """The page's fields with what is saved."""
    return {
        "disposition": "" if call.disposition_id is None else str(call.disposition_id),
        "comment": str(call.comment),
    } | contact_texts(call.contact)


def contact_texts(contact: Contact | None) -> dict[str, str]:
    """The columns of a contact that the desk shows in its card."""
    if contact is None:
        return dict.fromkeys(CONTACT_FIELDS, "")
    return {
        "name": str(contact.name),
        "phone": str(contact.phone),
        "email": str(contact.email),
        "company": "" if contact.company is None else str(contact.company.name),
    }


def _contact_id(call: Call, chosen: int | None, region: str) -> int | None:
    """The call's contact, or the one that the agent chose: one of those with the same number."""
    if chosen is None or chosen == call.contact_id:
        return call.contact_id  # type: ignore[no-any-return]
    if chosen not in {row.id for row in sharing(call, region)}:
        raise BadRequest("a contact that has another number")
    return chosen


def _changed_meanwhile(contact: Contact, typed: Typed) -> dict[str, str]:
    """What stands now in the fields whose saved value the page did not know; where both typed the same, nothing."""
    written = {**typed.contact, **{f"field.{key}": text for key, text in typed.additional.items()}}
    held = {key: _plain(text) for key, text in typed.seen.items() if key in written}
    if not held:
        return {}
    values = contact_values.values_of(contact) if typed.additional else {}
    current = contact_texts(contact) | {f"field.{key}": values.get(key, "") for key in typed.additional}
    return {
        key: current[key]
        for key, seen in held.items()
        if _plain(current[key]) != seen and _plain(current[key]) != _plain(written[key])
    }


def _conflicts(changed: Mapping[str, str]) -> dict[str, InvalidValue]:
    return {
        key: InvalidValue("changed_meanwhile", value=text[:80]) if text else InvalidValue("emptied_meanwhile")
        for key, text in changed.items()
    }


def _plain(text: str) -> str:
    """As a field of one line shows it."""
    return " ".join(text.split())


def _check_contact(typed: Typed, contact: Contact | None, phone: str) -> Checked:
    """The typed fields alone, by column; the additional ones under "additional". `phone` is what a contact that is
    still to be made has."""
    result = Checked()
    texts = dict(typed.contact)
    if contact is None and not any(text.strip() for text in (*texts.values(), *typed.additional.values())):
        return result
    data: dict[str, Any] = dict(texts)
    if company := texts.get("company", "").strip():
        found = Company.get_or_none(Company.name_key == name_key(company))
        if found is None:
            result.errors["company"] = InvalidValue("not_found", what="Company", value=company[:80])
        data["company"] = None if found is None else found.id
    checked = check_contact(data if contact or data.get("phone", "").strip() else data | {"phone": phone}, contact)
    # A column that the desk does not show is not the agent's to mend.
    result.errors.update({name: one for name, one in checked.errors.items() if name in CONTACT_FIELDS} | result.errors)
    result.values.update({name: checked.values[name] for name in texts if name in checked.values})
    if "phone" in result.values:
        result.values["phone_key"] = checked.values["phone_key"]
    known = [field for field in contact_values.additional_fields() if field.id in typed.additional]
    if len(known) != len(typed.additional):
        raise BadRequest("an additional field that is not there")
    extra = check_additional_values(known, typed.additional)
    result.errors.update({f"field.{key}": problem for key, problem in extra.errors.items()})
    if extra.values:
        result.values["additional"] = extra.values
    return result


def _check_form(sent: Any, call: Call, agent: Agent) -> forms.Checked:
    checked = forms.check(sent, call, agent)
    if checked is None:
        raise BadRequest("a form that is not of this call")
    return checked


def _write_call(call: Call, changes: Mapping[str, Any], agent: Agent, contact: Contact | None) -> Call:
    chosen = None if contact is None or contact.id == call.contact_id else int(contact.id)
    saved = call_notes.write(call, changes, agent, chosen)
    if chosen is not None:
        mine = (FormAnswer.call_id == call.id) & (FormAnswer.agent == agent)
        FormAnswer.update(contact=chosen).where(mine).execute()
    return saved


def _contact_of(database: Database, call: Call, key: str | None) -> Contact:
    """The contact of a call that has none yet: by its number, as the engine would, or a new one without a number."""
    card = caller_card(database, key, customer_number(call), call_id=str(call.id))
    if card is None:
        return Contact.create()
    made: Contact = locked(database, Contact, card.contact_id)
    return made


def _change(contact: Contact, values: Mapping[str, Any], disposition: int | None) -> None:
    """`values` of `_check_contact`; `disposition`: in what state the call leaves the contact, when it says so."""
    columns = {name: value for name, value in values.items() if name != "additional"}
    if disposition is not None:
        columns["disposition"] = disposition
    additional = values.get("additional", {})
    if not columns and not additional:
        return
    before = _state(contact, columns, additional)
    for name, value in columns.items():
        setattr(contact, name, value)
    contact.save(only=[*(getattr(Contact, name) for name in columns), Contact.search])
    contact_values.write(contact, additional)
    after = _state(contact, columns, additional)
    audit.record("contacts", "edit", key=contact.id, name=contact.name or contact.phone, before=before, after=after)


def _state(contact: Contact, columns: Mapping[str, Any], additional: Mapping[str, str]) -> dict[str, Any]:
    """What the audit log compares."""
    values = contact_values.values_of(contact) if additional else {}
    extra = {f"{EXTRA}{key}": values.get(int(key), "") for key in additional}
    return {name: getattr(contact, name) for name in columns if name != "phone_key"} | extra
