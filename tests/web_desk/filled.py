"""A call center with a form, as its administrator would make it.

Owns: the rows. Must not: assert.
"""

from __future__ import annotations

from typing import Any

from models.checks import check_form_fields
from models.tables import CallCenter, CallCenterForm, Form, FormField, FormVersion

FIELDS: tuple[dict[str, Any], ...] = (
    {"label": "Datos", "kind": "heading"},
    {"label": "Servicio", "kind": "text", "required": True},
    {"label": "Detalle", "kind": "long_text"},
    {"label": "Cantidad", "kind": "number"},
    {"label": "Desde", "kind": "date"},
    {"label": "Hora", "kind": "time"},
    {"label": "Tipo", "kind": "list", "options": ["Lento", "Sin señal"]},
    {"label": "Equipos", "kind": "choices", "options": ["Router", "Antena", "Cable"]},
    {"label": "Visita", "kind": "yes_no", "required": True},
    {"label": "Dirección", "kind": "text", "required": True, "condition": {"field": "visita", "equals": "sí"}},
    {"label": "Teléfono", "kind": "phone"},
    {"label": "Correo", "kind": "email"},
    {"label": "Foto", "kind": "file"},
)


def add_version(form: Form, fields: tuple[dict[str, Any], ...] = FIELDS) -> FormVersion:
    number = FormVersion.select().where(FormVersion.form == form).count() + 1
    version = FormVersion.create(form=form, number=number)
    checked = check_form_fields(fields)
    assert not checked.errors
    for row in checked.values["fields"]:
        FormField.create(version=version, **row)
    return version


def center_with_form(name: str = "Avería", center: CallCenter | None = None) -> tuple[CallCenter, FormVersion]:
    center = center or CallCenter.create(name="Soporte")
    form = Form.create(name=name)
    CallCenterForm.create(call_center=center, form=form, position=CallCenterForm.select().count())
    return center, add_version(form)


GOOD: dict[str, Any] = {
    "servicio": " S-1 ", "detalle": "uno\r\ndos", "cantidad": "2,5", "desde": "3/11/2026", "hora": "9:05",
    "tipo": "Lento", "equipos": ["Cable", "Router"], "visita": "sí", "direccion": "Calle 1", "telefono": "8888 1234",
    "correo": "a@b.example",
}  # fmt: skip
CLEAN: dict[str, Any] = GOOD | {
    "servicio": "S-1", "detalle": "uno\ndos", "cantidad": "2.5", "desde": "2026-11-03", "hora": "09:05",
    "equipos": ["Router", "Cable"],
}  # fmt: skip
