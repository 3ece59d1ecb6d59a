"""Contactos: who calls and is called, with the account's additional fields.

Owns: the section, and the form that has a field for each additional one. Must not: read files (`admin.bulk`).
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from flask_babel import lazy_gettext as _l

from admin import contact_lines, contact_pages, contact_values
from admin.base_view import SectionView
from admin.bulk.views import LoadView
from admin.contact_actions import ContactActions, row_texts
from admin.contact_pages import Order, Search, folded_sql
from admin.contact_values import EXTRA, additional_fields
from admin.folding import folded
from admin.listing import ChoiceFilter, Column, Filter, Page, Wanted
from admin.permissions import Act
from admin.section_forms import Choice, Members, SectionForm, Text
from models.checks import Checked, check_additional_values, check_contact
from models.tables import (
    AdditionalField,
    Agent,
    Company,
    Contact,
    ContactList,
    ContactListMember,
    Disposition,
    epoch_ms,
)
from models.tables.contacts import FieldKind, YesNo

_BY_ACTIVITY: Final = Order(("contacts.last_activity_at DESC NULLS LAST", "contacts.id DESC"))
_ORDERS: Final = {
    "name": ("contacts.search ASC", "contacts.id ASC"),
    "phone": ("contacts.phone_key ASC NULLS FIRST", "contacts.id ASC"),
    "external_id": ("contacts.external_id ASC", "contacts.id ASC"),
    "last_activity_at": ("contacts.last_activity_at ASC NULLS FIRST", "contacts.id ASC"),
}
_JOINED: Final = {"company": "companies.name", "disposition": "dispositions.name", "agent": "agents.name"}


def names_of(table: Any) -> Any:
    """Ids and names of a small table, as people sort them."""
    return lambda: list(table.select(table.id, table.name).order_by(folded(table.name)).tuples())


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


def _active(search: Search, days: str) -> None:
    if days == "never":
        search.never_active()
    else:
        since = epoch_ms(datetime.now(UTC) - timedelta(days=int(days)))
        search.active_since(since)


def _has_value(key: int) -> Any:
    return lambda search, text: search.value(key, text)


class Contacts(LoadView, ContactActions, SectionView):
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
    columns = (
        Column("name", _l("Nombre"), (Contact.search,)),
        Column("phone", _l("Extensión o teléfono"), (Contact.phone,), "nowrap"),
        Column("external_id", _l("ID"), (Contact.external_id,), "nowrap"),
        Column("company", _l("Compañía"), ("company",)),
        Column("disposition", _l("Disposición"), ("disposition",)),
        Column("last_activity_at", _l("Última Actividad"), (Contact.last_activity_at,), "nowrap"),
        Column("agent", _l("Agente a cargo"), ("agent",)),
    )
    table_class = "table--five"
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
                "activity", _l("Última actividad"), _active, choices=lambda: activity, everything=_l("Cualquiera")
            ),
            ChoiceFilter(
                "list",
                _l("Lista"),
                lambda search, key: search.member_of(int(key)),
                choices=names_of(ContactList),
                everything=_l("Todas"),
            ),
            ChoiceFilter(
                "disposition",
                _l("Disposición"),
                lambda search, key: search.equal("disposition_id", int(key)),
                choices=names_of(Disposition),
                everything=_l("Todas"),
            ),
            ChoiceFilter(
                "company",
                _l("Compañía"),
                lambda search, key: search.equal("company_id", int(key)),
                choices=names_of(Company),
                everything=_l("Todas"),
            ),
            *(
                Filter(f"{EXTRA}{one.id}", one.name, _has_value(one.id))
                for one in additional_fields()
                if one.searchable
            ),
        )

    # ------------------------------------------------------------ the list
    def sought(self, wanted: Wanted) -> Search:
        """What the search asks for."""
        search = Search()
        search.text(wanted.text)
        for one in self.filters_shown():
            if one.name in wanted.values:
                one.apply(search, wanted.values[one.name])
        if wanted.problems:
            search.add("1 = 0")  # rather nothing than everything when a filter is not understood
        return search

    def sought_order(self, wanted: Wanted) -> Order:
        if not wanted.sort:
            return _BY_ACTIVITY
        joined = _JOINED.get(wanted.sort)
        parts = (f"{folded_sql(joined)} ASC", "contacts.id ASC") if joined else _ORDERS[wanted.sort]
        order = Order(parts, walked=joined is None)
        return order.turned() if wanted.descending else order

    def page(self, wanted: Wanted) -> Page:
        order = self.sought_order(wanted)
        return contact_pages.page(self.sought(wanted), order, _BY_ACTIVITY, wanted.page, wanted.size, self.rows_of)

    def rows_of(self, ids: Sequence[int]) -> list[Contact]:
        """The rows with what the list shows of them, in the order of their ids."""
        rows = {row.id: row for row in self.shown(self.base_query().where(Contact.id.in_(list(ids))))} if ids else {}
        return [rows[key] for key in ids if key in rows]

    def list_extras(self, page: Page) -> dict[str, Any]:
        return {"reach": contact_pages.REACH, "may_edit": self.can(Act.EDIT), **row_texts()}

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
            values |= {f"{EXTRA}{field}": value for field, value in contact_values.values_of(row).items()}
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
        contact_values.write(row, values["extra"])
        ContactListMember.delete().where(ContactListMember.contact == row).execute()
        for key in form["lists"].data:
            ContactListMember.create(list=key, contact=row)

    def title_of(self, row: Any) -> str:
        return str(row.name or row.phone or self.singular)

    # ------------------------------------------------------------ download
    def csv_columns(self) -> Any:
        return contact_lines.headings(additional_fields())

    def lines(self, wanted: Wanted) -> Any:
        fields = additional_fields()
        return contact_lines.headings(fields), contact_lines.batches(
            self.sought(wanted), self.sought_order(wanted), fields
        )
