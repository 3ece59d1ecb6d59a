"""Contacts and what surrounds them: companies, lists, additional fields, dispositions.

Owns: sections 1, 5, 8 and 9 of the admin; the folded search text of a contact.
Must not: import files (`models.tables.imports`) or merge duplicates.
"""

from enum import StrEnum
from typing import Any

from peewee import SQL, BooleanField, CharField, CompositeKey, SmallIntegerField

from models.tables.account import Agent
from models.tables.base import (
    ChoiceField,
    InstantField,
    JsonField,
    LimitedTextField,
    NamedRow,
    Row,
    fold,
    now,
    points_to,
)
from models.values.errors import InvalidValue


class FieldKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    YES_NO = "yes_no"
    LIST = "list"


class YesNo(StrEnum):
    """An answer as stored and shown: "sí" or "no"."""

    YES = "sí"
    NO = "no"

    @classmethod
    def read(cls, text: str) -> "YesNo":
        """Raises InvalidValue(not_a_choice)."""
        answer = fold(text)
        if answer in ("si", "s", "yes", "y", "1", "true", "on", "x"):
            return cls.YES
        if answer in ("no", "n", "0", "false", "off"):
            return cls.NO
        raise InvalidValue("not_a_choice", value=text[:40], choices=", ".join(cls))


class DispositionAction(StrEnum):
    NONE = "none"
    CALL_BACK = "call_back"
    DO_NOT_CALL = "do_not_call"


class Company(NamedRow):
    name = CharField(max_length=100)
    name_key = CharField(max_length=200, unique=True)
    description = CharField(max_length=500, default="")
    address = CharField(max_length=300, default="")
    phone = CharField(max_length=40, default="")
    email = CharField(max_length=254, default="")
    created_at = InstantField(default=now)

    class Meta:
        table_name = "companies"


class Disposition(NamedRow):
    """In what state a contact was left. One that is used is deactivated, not deleted."""

    name = CharField(max_length=60)
    name_key = CharField(max_length=120, unique=True)
    active = BooleanField(default=True)
    action = ChoiceField(DispositionAction, default=DispositionAction.NONE)
    position = SmallIntegerField(default=0)

    class Meta:
        table_name = "dispositions"


class AdditionalField(NamedRow):
    """A column that the account gave its contacts. Values point to its id, so a new name keeps them."""

    name = CharField(max_length=60)
    name_key = CharField(max_length=120, unique=True)
    kind = ChoiceField(FieldKind, default=FieldKind.TEXT)
    required = BooleanField(default=False)
    searchable = BooleanField(default=False)
    position = SmallIntegerField(default=0)
    options = JsonField(max_length=4000, null=True)  # a list of texts, for kind list

    class Meta:
        table_name = "additional_fields"


def search_text(name: str, phone: str, phone_key: str | None, email: str, external_id: str) -> str:
    """The folded text that *Filtro* looks in; rows written in bulk call it themselves."""
    digits = "".join(character for character in phone if character.isdigit())
    return fold(" ".join((name, phone, digits, phone_key or "", email, external_id)))


class Contact(Row):
    """A person or a firm that calls or is called. `phone_key` is the normalised phone, None when there is none."""

    name = CharField(max_length=120, default="")
    phone = CharField(max_length=40, default="")
    # Not unique: a family or a switchboard may share a phone. `models.callers` sees to one contact per unknown caller.
    phone_key = CharField(max_length=40, null=True, index=True)
    email = CharField(max_length=254, default="")
    external_id = CharField(max_length=60, default="", index=True)
    company = points_to(Company, null=True, backref="contacts")
    disposition = points_to(Disposition, null=True, backref="contacts")
    agent = points_to(Agent, null=True, backref="contacts")  # the one in charge
    last_activity_at = InstantField(null=True, index=True)
    do_not_call_at = InstantField(null=True)  # since when they do not want to be called
    search = LimitedTextField(max_length=1000, default="", index=True)
    # The folded additional values: `models.contact_search` has the database keep it.
    extra_search = LimitedTextField(max_length=100_000, default="", constraints=[SQL("DEFAULT ''")])
    created_at = InstantField(default=now, index=True)

    class Meta:
        table_name = "contacts"

    @classmethod
    def create_table(cls, safe: bool = True, **options: Any) -> None:
        from models.contact_search import create_for_contacts

        super().create_table(safe, **options)
        create_for_contacts(cls._meta.database.obj)

    def save(self, *args: Any, **kwargs: Any) -> Any:
        """Keeps `search` true. Bulk writers use `search_text`."""
        self.search = search_text(self.name, self.phone, self.phone_key, self.email, self.external_id)
        return super().save(*args, **kwargs)


class ContactValue(Row):
    """The value of one additional field: text as shown, `folded` for searches."""

    contact = points_to(Contact, on_delete="CASCADE", backref="values", index=False)
    field = points_to(AdditionalField, backref="values", index=False)
    value = CharField(max_length=1000)
    folded = CharField(max_length=1000)

    class Meta:
        table_name = "contact_values"
        primary_key = CompositeKey("contact", "field")
        indexes = ((("field", "folded"), False),)

    @classmethod
    def create_table(cls, safe: bool = True, **options: Any) -> None:
        from models.contact_search import create_for_values

        super().create_table(safe, **options)
        create_for_values(cls._meta.database.obj)

    def save(self, *args: Any, **kwargs: Any) -> Any:
        self.folded = fold(self.value)
        return super().save(*args, **kwargs)


class ContactList(NamedRow):
    name = CharField(max_length=100)
    name_key = CharField(max_length=200, unique=True)
    created_at = InstantField(default=now)

    class Meta:
        table_name = "contact_lists"


class ContactListMember(Row):
    list = points_to(ContactList, on_delete="CASCADE", backref="members", index=False)
    contact = points_to(Contact, on_delete="CASCADE", backref="lists")

    class Meta:
        table_name = "contact_list_members"
        primary_key = CompositeKey("list", "contact")
