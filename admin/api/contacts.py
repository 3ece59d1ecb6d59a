"""Contacts, with the account's additional fields.

Owns: their bodies, filters and orders. Must not: check, save or search by itself (`Contactos` does).
"""

from typing import Annotated, Any, Final, Literal

from flask_babel import lazy_gettext as _l
from peewee import ModelSelect
from pydantic import Field

from admin import contact_pages
from admin.api import paging, saving
from admin.api.paging import By
from admin.api.shapes import Answer, Body, Key, ListQuery, Moment, Page
from admin.api.spec import operation, pages
from admin.contact_values import EXTRA, additional_fields
from admin.permissions import Act
from models.checks.base import clean_text
from models.checks.contacts import account_region
from models.tables import Contact, ContactListMember, ContactValue
from models.tables.contacts import FieldKind
from models.values.phone import normalise

_NAMES: Final = {"company": "company_id", "disposition": "disposition_id", "agent": "agent_id"}
FieldKey = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,14}$")]


class ContactFields(Body):
    name: str = Field("", max_length=120)
    phone: str = Field("", max_length=40, description="As typed; read by the account's country.")
    email: str = Field("", max_length=254)
    external_id: str = Field("", max_length=60)
    company_id: Key | None = None
    disposition_id: Key | None = None
    agent_id: Key | None = Field(None, description="The agent in charge.")
    lists: Annotated[list[Key], Field(max_length=200)] = Field([], description="All lists of the contact, by id.")
    additional: Annotated[dict[FieldKey, Annotated[str, Field(max_length=1000)] | None], Field(max_length=200)] = Field(
        {}, description="By the field's id (GET /additional-fields). A field that is not sent stays; null empties it."
    )


class ContactAnswer(Answer):
    id: int
    name: str
    phone: str
    phone_normalised: str | None = Field(description="E.164 or an extension; equal for two ways to write a number.")
    email: str
    external_id: str
    company_id: int | None
    disposition_id: int | None
    agent_id: int | None
    lists: list[int]
    additional: dict[str, str]
    last_activity_at: Moment | None
    created_at: Moment


class ContactPage(Page):
    items: list[ContactAnswer]


class ContactQuery(ListQuery):
    sort: Literal["id", "-id", "name", "-name", "last_activity_at", "-last_activity_at"] = "id"
    q: str | None = Field(None, max_length=200, description="Words anywhere in name, phone, e-mail, id, own fields.")
    phone: str | None = Field(None, max_length=40, description="A number, however it is written.")
    external_id: str | None = Field(None, max_length=60)
    company_id: int | None = Field(None, ge=1, le=2**53)
    disposition_id: int | None = Field(None, ge=1, le=2**53)
    agent_id: int | None = Field(None, ge=1, le=2**53)
    list_id: int | None = Field(None, ge=1, le=2**53)
    active_since: Moment | None = Field(None, description="Last activity at or after this instant.")


class FieldAnswer(Answer):
    id: int
    name: str
    kind: FieldKind
    required: bool
    searchable: bool
    options: list[str]


class FieldPage(Page):
    items: list[FieldAnswer]


_ORDERS: Final = {
    "id": By(Contact.id),
    "-id": By(Contact.id, True),
    "name": By(Contact.search),
    "-name": By(Contact.search, True),
    "last_activity_at": By(Contact.last_activity_at, nullable=True),
    "-last_activity_at": By(Contact.last_activity_at, True, nullable=True),
}


def shape_all(rows: list[Contact]) -> list[ContactAnswer]:
    """With what hangs on them, read for all at once."""
    keys = [row.id for row in rows]
    lists: dict[int, list[int]] = {}
    values: dict[int, dict[str, str]] = {}
    members = ContactListMember.select(ContactListMember.contact, ContactListMember.list)
    for contact, one in members.where(ContactListMember.contact.in_(keys)).tuples():
        lists.setdefault(contact, []).append(one)
    extra = ContactValue.select(ContactValue.contact, ContactValue.field, ContactValue.value)
    for contact, field, value in extra.where(ContactValue.contact.in_(keys)).tuples():
        values.setdefault(contact, {})[str(field)] = value
    return [
        ContactAnswer(
            id=row.id,
            name=row.name,
            phone=row.phone,
            phone_normalised=row.phone_key,
            email=row.email,
            external_id=row.external_id,
            company_id=row.company_id,
            disposition_id=row.disposition_id,
            agent_id=row.agent_id,
            lists=sorted(lists.get(row.id, ())),
            additional=values.get(row.id, {}),
            last_activity_at=row.last_activity_at,
            created_at=row.created_at,
        )
        for row in rows
    ]


def _shape(row: Contact) -> ContactAnswer:
    return shape_all([row])[0]


def _found(query: ContactQuery) -> ModelSelect:
    found = Contact.select()
    if query.q is not None:
        search = contact_pages.Search()
        search.text(clean_text(query.q.replace("\x00", " "), 200))
        if not search.everything:
            found = found.where(Contact.id.in_(contact_pages.subquery(search)))
    if query.phone is not None:
        found = found.where(Contact.phone_key == (normalise(query.phone, account_region()) or ""))
    if query.external_id is not None:
        found = found.where(Contact.external_id == query.external_id.replace("\x00", " "))
    for name in ("company", "disposition", "agent"):
        key = getattr(query, f"{name}_id")
        if key is not None:
            found = found.where(getattr(Contact, name) == key)
    if query.list_id is not None:
        members = ContactListMember.select(ContactListMember.contact).where(ContactListMember.list == query.list_id)
        found = found.where(Contact.id.in_(members))
    if query.active_since is not None:
        found = found.where(Contact.last_activity_at >= query.active_since)
    return found


def _fields(body: ContactFields) -> dict[str, Any]:
    """By the names of the section's form."""
    sent = body.sent()
    fields: dict[str, Any] = {}
    for name, value in sent.items():
        if name == "lists":
            fields["lists"] = dict.fromkeys(value, 0)
        elif name == "additional":
            fields |= {f"{EXTRA}{key}": text or "" for key, text in value.items()}
        else:
            fields[name.removesuffix("_id") if name != "external_id" else name] = value
    return fields


def _names(body: ContactFields) -> dict[str, str]:
    keys = {str(one.id) for one in additional_fields()} | body.additional.keys()
    return _NAMES | {f"{EXTRA}{key}": f"additional.{key}" for key in keys}


# ---------------------------------------------------------------- operations
@pages.get("/contacts")
@operation("contacts", Act.READ, _l("Lista contactos"), query=ContactQuery, answer=ContactPage)
def list_contacts(query: ContactQuery) -> Any:
    rows, following = paging.page(_found(query), Contact.id, _ORDERS, query)
    return ContactPage(items=shape_all(rows), next=following)


@pages.post("/contacts")
@operation(
    "contacts", Act.CREATE, _l("Crea un contacto"), body=ContactFields, answer=ContactAnswer, status=201, one=True
)
def create_contact(json: ContactFields) -> Any:
    return saving.create(saving.section("contacts"), _fields(json), _names(json), _shape)


@pages.get("/contacts/<int:contact_id>")
@operation("contacts", Act.READ, _l("Un contacto"), answer=ContactAnswer, one=True)
def get_contact(contact_id: int) -> Any:
    view = saving.section("contacts")
    return saving.one(view, saving.row_of(view, contact_id), _shape)


@pages.patch("/contacts/<int:contact_id>")
@operation(
    "contacts", Act.EDIT, _l("Cambia un contacto"), body=ContactFields, answer=ContactAnswer, edits=True, one=True
)
def edit_contact(contact_id: int, json: ContactFields) -> Any:
    return saving.edit(saving.section("contacts"), contact_id, _fields(json), _names(json), _shape)


@pages.delete("/contacts/<int:contact_id>")
@operation("contacts", Act.DELETE, _l("Elimina un contacto que nada usa"), status=204, edits=True)
def delete_contact(contact_id: int) -> Any:
    return saving.delete(saving.section("contacts"), contact_id)


@pages.get("/additional-fields")
@operation("contacts", Act.READ, _l("Los campos adicionales de los contactos"), section="contacts", answer=FieldPage)
def list_additional_fields() -> Any:
    fields = [
        FieldAnswer(
            id=one.id,
            name=one.name,
            kind=one.kind,
            required=one.required,
            searchable=one.searchable,
            options=one.options or [],
        )
        for one in additional_fields()
    ]
    return FieldPage(items=fields, next=None)
