"""Adicionales: the columns that the account gives its contacts.

Owns: the section, their order, and that pop-up addresses follow a new name. Must not: touch the contacts' values: they
point to the field's id, so renaming keeps them.
"""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from peewee import fn

from admin import audit
from admin.base_view import SectionView
from admin.folding import folded
from admin.listing import Column, Page
from admin.section_forms import Check, Choice, Lines, SectionForm, Text
from admin.view_marks import NotSaved
from admin.words import choices
from models.checks import Checked, check_additional_field
from models.tables import AdditionalField, CallCenter, ContactValue
from models.tables.contacts import FieldKind


class AdditionalFieldForm(SectionForm):
    name = Text(_l("Nombre"), attributes={"maxlength": 60, "required": True})
    kind = Choice(_l("Tipo"), options=lambda: choices(FieldKind))
    options = Lines(_l("Opciones, una por línea"), help=_l("Solo para el tipo Lista."), attributes={"rows": 2})
    required = Check(_l("Obligatorio"))
    searchable = Check(_l("Se puede buscar"))


class AdditionalFields(SectionView):
    slug = "adicionales"
    endpoint_name = "additional_fields"
    label = _l("Adicionales")
    singular = _l("Campo adicional")
    add_label = _l("Agregar")
    icon = "additional_fields"
    table = AdditionalField
    note = _l("Agrega arriba lo que quieras saber de tus contactos: cédula, provincia, saldo…")
    notes = (
        _l("Cada campo aparece en la ficha de los contactos, en este orden."),
        _l("Se puede cambiar el nombre cuando se quiera: los datos se conservan."),
    )
    form_class = AdditionalFieldForm
    row_form = AdditionalFieldForm
    ordered_by = "position"
    create_on_list = True
    changes_routing = True
    searched = (AdditionalField.name,)
    order = (AdditionalField.position,)
    columns = (
        Column("name", _l("Nombre"), (folded(AdditionalField.name),)),
        Column("kind", _l("Tipo"), (AdditionalField.kind,), fields=("kind", "options")),
        Column("required", _l("Obligatorio")),
        Column("searchable", _l("Se puede buscar")),
        Column("uses", _l("Contactos que lo tienen"), (), "number"),
    )
    list_page = "sections/additional_fields.html"

    def check(self, form: SectionForm, row: Any) -> Checked:
        return check_additional_field(form.typed(), row)

    def before_saving(self, form: SectionForm, row: Any, values: dict[str, Any], created: bool) -> None:
        if created:
            last = AdditionalField.select(fn.MAX(AdditionalField.position)).scalar()
            values["position"] = 0 if last is None else last + 1
            return
        if row.kind != values["kind"] and ContactValue.select().where(ContactValue.field == row).exists():
            form.refuse("kind", _("Ya hay contactos con este dato: el tipo no se puede cambiar."))
            raise NotSaved
        if row.name != values["name"]:
            for center in CallCenter.select().where(CallCenter.pop_up_url.contains(f"{{{row.name}}}")):
                before = {"pop_up_url": center.pop_up_url}
                center.pop_up_url = center.pop_up_url.replace(f"{{{row.name}}}", f"{{{values['name']}}}")
                center.save(only=["pop_up_url", "name_key"])
                after = {"pop_up_url": center.pop_up_url}
                audit.record("call_centers", "edit", key=center.id, name=center.name, before=before, after=after)

    def list_extras(self, page: Page) -> dict[str, Any]:
        counted = ContactValue.select(ContactValue.field, fn.COUNT(ContactValue.contact)).group_by(ContactValue.field)
        return {"uses": dict(counted.tuples())}

    def delete_warning(self, row: Any) -> str:
        named = CallCenter.select(CallCenter.name).where(CallCenter.pop_up_url.contains(f"{{{row.name}}}"))
        names = ", ".join(name for (name,) in named.tuples())
        return _("Está en la dirección Pop Up de: %(names)s. Quítalo primero de ahí.", names=names) if names else ""

    def before_deleting(self, row: Any) -> None:
        if self.delete_warning(row):
            raise NotSaved
