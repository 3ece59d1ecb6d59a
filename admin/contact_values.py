"""A contact's additional values, written: by the section *Contactos* and by the desk.

Owns: which row goes, comes or changes. Must not: check (`models.checks`) or begin a transaction.
"""

from collections.abc import Mapping
from typing import Final

from models.tables import AdditionalField, Contact, ContactValue

EXTRA: Final = "extra_"  # before a field's id, where it stands among the contact's columns


def additional_fields() -> list[AdditionalField]:
    """The account's own fields, in their order."""
    return list(AdditionalField.select().order_by(AdditionalField.position, AdditionalField.id))


def values_of(contact: Contact) -> dict[int, str]:
    """By the field's id; those that are empty are not there."""
    rows = ContactValue.select(ContactValue.field, ContactValue.value).where(ContactValue.contact == contact)
    return dict(rows.tuples())


def write(contact: Contact, values: Mapping[str, str]) -> None:
    """`values` are those of `check_additional_values`: by the field's id as text; "" takes the row away."""
    known = {row.field_id: row for row in ContactValue.select().where(ContactValue.contact == contact)}
    for key, value in values.items():
        row = known.get(int(key))
        if not value:
            mine = (ContactValue.contact == contact) & (ContactValue.field == int(key))
            ContactValue.delete().where(mine).execute()
        elif row is None:
            ContactValue(contact=contact, field=int(key), value=value).save(force_insert=True)
        elif row.value != value:
            row.value = value
            row.save()
