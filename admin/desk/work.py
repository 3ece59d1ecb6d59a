"""What there is to fill in for one call, as the page needs it after the pop is painted.

Owns: that JSON. Must not: write, or decide whose call it is (`ownership`).
"""

from collections.abc import Iterable
from typing import Any

from flask import url_for

from admin import callbacks, contact_values
from admin.desk import forms
from admin.desk.contact_choice import customer_number, sharing
from admin.desk.saving import notes_of
from admin.installation import account, installation
from admin.language import timezone
from admin.permissions import Act, may
from models.callers import contact_card
from models.tables import Agent, Call, Contact, epoch_ms
from models.tables.call_centers import PopUpIn
from models.values.call import Role
from models.values.phone import normalise


def work(call: Call, agent: Agent, drafted: Iterable[str] = ()) -> dict[str, Any]:
    """Notes and contact as they are saved, the account's additional fields, the forms. `drafted`: keys of a draft."""
    return {
        "notes": notes_of(call),
        "disposition_name": call.disposition.name if call.disposition else "",
        "saved_at": None if call.saved_at is None else epoch_ms(call.saved_at),
        "contact_id": call.contact_id,
        "card": _card(call),
        "callback": callbacks.texts(callbacks.promised(str(call.id), agent), timezone()),
        "pop_up_in": (call.call_center.pop_up_in if call.call_center else PopUpIn.TAB).value,
        "fields": additional(call.contact),
        "sharing": [_choice(row) for row in _shared(call)],
        "may_be_another": call.contact_id is not None and _key(call) is not None,
        "sheet_url": sheet_url(agent, call.contact_id),
        "forms": forms.shown(call, agent, drafted),
    }


def additional(contact: Contact | None) -> list[dict[str, Any]]:
    """Every additional field with the contact's value."""
    values = {} if contact is None else contact_values.values_of(contact)
    return [
        {
            "id": row.id,
            "name": row.name,
            "kind": row.kind.value,
            "required": row.required,
            "options": row.options or [],
            "value": values.get(row.id, ""),
        }
        for row in contact_values.additional_fields()
    ]


def sheet_url(agent: Agent, contact_id: int | None) -> str | None:
    """The contact's page of the admin, for who may see it."""
    if contact_id is None or not may(Role(agent.role), "contacts", Act.READ):
        return None
    return url_for("contacts.edit_view", row_id=contact_id)


def _card(call: Call) -> dict[str, Any] | None:
    """As the pop has it, of the contact that the call has now: the engine's own may be of before a choice."""
    if call.contact_id is None:
        return None
    card = contact_card(installation().database, call.contact_id, call_id=str(call.id))
    return None if card is None else card.as_message()


def _key(call: Call) -> str | None:
    return normalise(customer_number(call), account().region)


def _shared(call: Call) -> list[Contact]:
    rows = sharing(call, account().region)
    return rows if len(rows) > 1 else []


def _choice(row: Contact) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "company": row.company.name if row.company else "",
        "last_activity_at": None if row.last_activity_at is None else epoch_ms(row.last_activity_at),
    }
