"""Contactos: who calls and is called, with the account's additional fields.

Owns: the section, and the form that has a field for each additional one. Must not: import files.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l

from admin.base_view import SectionView
from admin.folding import contains, folded
from admin.formats import stamp
from admin.listing import ChoiceFilter, Column, Filter
from admin.section_forms import Choice, Members, SectionForm, Text
from models.checks import Checked, check_additional_values, check_contact
from models.tables import (
    AdditionalField,
    Agent,
    Company,
    Contact,
    ContactList,
    ContactListMember,
    ContactValue,
    Disposition,
)
from models.tables.contacts import FieldKind, YesNo

EXTRA = "extra_"


def names_of(table: Any) -> Any:
    """Ids and names of a small table, as people sort them."""
    return lambda: list(table.select(table.id, table.name).order_by(folded(table.name)).tuples())


def additional_fields() -> list[AdditionalField]:
    return list(AdditionalField.select().order_by(AdditionalField.position, AdditionalField.id))


class ContactForm(SectionForm):
    name = Text(_l("Nombre"), attributes={"maxlength": 120})
    phone = Text(_l("Teléfono o extensión"), attributes={"maxlength": 40, "inputmode": "tel"})
    email = Text(_l("Email"), attributes={"maxlength": 254, "inputmode": "email"})
    external_id = Text(_l("ID"), attributes={"maxlength": 60})
    company = Choice(_l("Compañía"), options=names_of(Company), empty=_l("Ninguna"))
    disposition = Choice(_l("Disposición"), options=names_of(Disposition), empty=_l("Ninguna"))
    agent = Choice(_l("Agente a cargo"), options=names_of(Agent), empty=_l("No asignado"))
    lists = Members(_l("Listas"), options=names_of(ContactList), empty=_l("Todavía no hay listas."), span=True)
    groups = (
        (_l("Contacto"), ("name", "phone", "email", "external_id", "company", "disposition", "agent")),
        (_l("Listas"), ("lists",)),
    )


def form_with(fields: Sequence[AdditionalField]) -> type[ContactForm]:
    """The form with the account's own fields. Dates and numbers stay texts: `models.checks` reads them."""
    made: dict[str, Any] = {}
    for one in fields:
        help_text = {FieldKind.DATE: _l("año-mes-día"), FieldKind.NUMBER: ""}.get(one.kind, "")
        label = f"{one.name} *" if one.required else str(one.name)
        if one.kind is FieldKind.LIST:
            made[f"{EXTRA}{one.id}"] = Choice(label, options=_texts(one.options or []), empty="—")
        elif one.kind is FieldKind.YES_NO:
            made[f"{EXTRA}{one.id}"] = Choice(label, options=_texts([member.value for member in YesNo]), empty="—")
        else:
            made[f"{EXTRA}{one.id}"] = Text(label, help=help_text, attributes={"maxlength": 1000})
    groups = (*ContactForm.groups[:1], (_l("Adicionales"), tuple(made)), *ContactForm.groups[1:]) if made else None
    return type("ContactFormWithFields", (ContactForm,), made | ({"groups": groups} if groups else {}))


def _texts(options: Sequence[str]) -> Any:
    return lambda: [(text, text) for text in options]


def _in_list(query: Any, value: str) -> Any:
    members = ContactListMember.select(ContactListMember.contact).where(ContactListMember.list == int(value))
    return query.where(Contact.id.in_(members))


def _active_since(query: Any, days: str) -> Any:
    if days == "never":
        return query.where(Contact.last_activity_at.is_null())
    return query.where(Contact.last_activity_at >= datetime.now(UTC) - timedelta(days=int(days)))


def _has_value(field: int) -> Any:
    def apply(query: Any, text: str) -> Any:
        matching = ContactValue.select(ContactValue.contact).where(
            ContactValue.field == field, contains(ContactValue.folded, text)
        )
        return query.where(Contact.id.in_(matching))

    return apply


class Contacts(SectionView):
    slug = "contactos"
    endpoint_name = "contacts"
    label = _l("Contactos")
    singular = _l("Contacto")
    icon = "contacts"
    table = Contact
    note = _l("Cada número desconocido que llama queda aquí como contacto. También puedes crear uno.")
    form_class = ContactForm
    joined = (Contact.company, Contact.disposition, Contact.agent)
    searched = (Contact.search,)
    order = (Contact.last_activity_at.desc(nulls="LAST"),)
    columns = (
        Column("name", _l("Nombre"), (Contact.search,)),
        Column("phone", _l("Teléfono"), (Contact.phone,), "nowrap"),
        Column("external_id", _l("ID"), (Contact.external_id,), "nowrap"),
        Column("company", _l("Compañía"), (folded(Company.name),)),
        Column("disposition", _l("Disposición"), (folded(Disposition.name),)),
        Column("last_activity_at", _l("Última Actividad"), (Contact.last_activity_at,), "nowrap"),
        Column("agent", _l("Agente a cargo"), (folded(Agent.name),)),
    )
    list_page = "contacts/list.html"
    form_page = "contacts/form.html"

    def filters_shown(self) -> Sequence[Filter]:
        activity = (
            ("1", _l("Hoy y ayer")),
            ("7", _l("7 días")),
            ("30", _l("30 días")),
            ("365", _l("Un año")),
            ("never", _l("Nunca")),
        )
        return (
            ChoiceFilter(
                "activity", _l("Última actividad"), _active_since, choices=lambda: activity, everything=_l("Cualquiera")
            ),
            ChoiceFilter("list", _l("Lista"), _in_list, choices=names_of(ContactList), everything=_l("Todas")),
            ChoiceFilter(
                "disposition",
                _l("Disposición"),
                lambda query, key: query.where(Contact.disposition == int(key)),
                choices=names_of(Disposition),
                everything=_l("Todas"),
            ),
            ChoiceFilter(
                "company",
                _l("Compañía"),
                lambda query, key: query.where(Contact.company == int(key)),
                choices=names_of(Company),
                everything=_l("Todas"),
            ),
            *(
                Filter(f"{EXTRA}{one.id}", one.name, _has_value(one.id))
                for one in additional_fields()
                if one.searchable
            ),
        )

    # ------------------------------------------------------------ the form
    def new_form(self, row: Any = None) -> SectionForm:
        return self.made(form_with(additional_fields()), row)

    def stored(self, row: Any) -> dict[str, Any]:
        values = super().stored(row)
        # What the engine writes while somebody edits is no change by somebody else.
        for name in ("last_activity_at", "search", "created_at", "phone_key"):
            values.pop(name, None)
        for name in ("company", "disposition", "agent"):
            values[name] = None if row is None else getattr(row, f"{name}_id")
        if row is not None and row.get_id() is not None:
            extra = ContactValue.select(ContactValue.field, ContactValue.value).where(ContactValue.contact == row)
            values |= {f"{EXTRA}{field}": value for field, value in extra.tuples()}
            lists = ContactListMember.select(ContactListMember.list).where(ContactListMember.contact == row).tuples()
            values["lists"] = {key: 0 for (key,) in sorted(lists)}
        return values

    def check(self, form: SectionForm, row: Any) -> Checked:
        typed = form.typed()
        checked = check_contact(typed, row)
        fields = additional_fields()
        extra = check_additional_values(fields, {one.id: typed.get(f"{EXTRA}{one.id}") for one in fields})
        checked.errors.update({f"{EXTRA}{key}": problem for key, problem in extra.errors.items()})
        checked.values["extra"] = extra.values
        return checked

    def relations(self, form: SectionForm, row: Any, values: dict[str, Any]) -> None:
        for key, value in values["extra"].items():
            known = ContactValue.get_or_none(ContactValue.contact == row, ContactValue.field == int(key))
            if not value:
                if known is not None:
                    ContactValue.delete().where(ContactValue.contact == row, ContactValue.field == int(key)).execute()
            elif known is None:
                ContactValue(contact=row, field=int(key), value=value).save(force_insert=True)
            elif known.value != value:
                known.value = value
                known.save()
        ContactListMember.delete().where(ContactListMember.contact == row).execute()
        for key in form["lists"].data:
            ContactListMember.create(list=key, contact=row)

    def title_of(self, row: Any) -> str:
        return str(row.name or row.phone or self.singular)

    # ------------------------------------------------------------ download
    def csv_columns(self) -> Any:
        extra = [(one.name, lambda row, key=one.id: row.extra.get(key, "")) for one in additional_fields()]
        return (
            (_l("Nombre"), lambda row: row.name),
            (_l("Teléfono"), lambda row: row.phone),
            (_l("Email"), lambda row: row.email),
            (_l("ID"), lambda row: row.external_id),
            (_l("Compañía"), lambda row: row.company.name if row.company_id else ""),
            (_l("Disposición"), lambda row: row.disposition.name if row.disposition_id else ""),
            (_l("Agente a cargo"), lambda row: row.agent.name if row.agent_id else ""),
            (_l("Última Actividad"), lambda row: stamp(row.last_activity_at)),
            *extra,
        )

    def prepare(self, batch: list[Any]) -> list[Any]:
        values = ContactValue.select(ContactValue.contact, ContactValue.field, ContactValue.value).where(
            ContactValue.contact.in_([row.id for row in batch])
        )
        by_contact: dict[int, dict[int, str]] = {}
        for contact, field, value in values.tuples():
            by_contact.setdefault(contact, {})[field] = value
        for row in batch:
            row.extra = by_contact.get(row.id, {})
        return batch
