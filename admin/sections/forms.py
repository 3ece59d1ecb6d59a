"""Forms: what agents fill in during a call, with its fields, a printer, and the call centers where it may be used.

Owns: the section and its builder. Must not: change a version that exists: changed fields are a new version, and what
was answered keeps its own.
"""

from typing import Any, Final

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from peewee import fn

from admin.base_view import SectionView
from admin.folding import folded
from admin.inline_view import RowForm
from admin.listing import ChoiceFilter, Column, Page
from admin.problems import problem_text
from admin.references import Reference
from admin.section_forms import Check, Choice, Members, SectionForm, Text
from admin.sections.contacts import names_of
from admin.words import choices
from models.checks import Checked, check_form, check_form_fields
from models.tables import CallCenter, CallCenterForm, Form, FormAnswer, FormField, FormVersion, Printer
from models.tables.contacts import YesNo
from models.tables.forms import FormFieldKind

_PREFIX: Final = "field"
_COLUMNS: Final = ("name", "label", "kind", "options", "help", "default_value", "condition_field", "condition_equals")
_MAX_ROWS: Final = 250
_ROW: Final = "row-"  # before a row's key in a condition


class FormCells(SectionForm):
    name = Text(_l("Nombre"), attributes={"maxlength": 100, "required": True})
    printer = Choice(_l("Impresora"), options=names_of(Printer), empty=_l("Ninguna"))
    active = Check(_l("Activa"))


class FormForm(SectionForm):
    name = Text(_l("Nombre"), attributes={"maxlength": 100, "required": True})
    printer = Choice(_l("Impresora"), options=names_of(Printer), empty=_l("Ninguna"))
    active = Check(_l("Activa"))
    call_centers = Members(_l("Call Centers donde se puede usar"), options=names_of(CallCenter), span=True)
    groups = ((_l("Form"), ("name", "printer", "active")), (_l("Dónde se usa"), ("call_centers",)))

    fields: tuple[dict[str, Any], ...] | list[dict[str, Any]] = ()
    field_errors: dict[str, str] = {}


def latest_version(form: Form) -> FormVersion | None:
    found: FormVersion | None = (
        FormVersion.select().where(FormVersion.form == form).order_by(FormVersion.number.desc()).first()
    )
    return found


def fields_of(version: FormVersion | None) -> list[dict[str, Any]]:
    """The fields as the builder shows them."""
    if version is None:
        return []
    rows = list(FormField.select().where(FormField.version == version).order_by(FormField.position))
    keys = {row.name: f"{_ROW}{place}" for place, row in enumerate(rows)}
    return [
        {
            "key": str(place),
            "name": row.name,
            "label": row.label,
            "kind": row.kind.value,
            "required": row.required,
            "options": "\n".join(row.options or ()),
            "help": row.help,
            "default_value": row.default_value,
            "condition_field": keys.get((row.condition or {}).get("field", ""), ""),
            "condition_equals": (row.condition or {}).get("equals", ""),
        }
        for place, row in enumerate(rows)
    ]


def versions_of(row: Form) -> list[dict[str, Any]]:
    """Every version, the newest first: its fields' labels and how many answers it has."""
    labels: dict[int, list[str]] = {}
    fields = FormField.select(FormField.version, FormField.label).join(FormVersion).where(FormVersion.form == row)
    for version, label in fields.order_by(FormField.position).tuples():
        labels.setdefault(version, []).append(label)
    counted = FormAnswer.select(FormAnswer.version, fn.COUNT(FormAnswer.id)).join(FormVersion)
    answers = dict(counted.where(FormVersion.form == row).group_by(FormAnswer.version).tuples())
    rows = FormVersion.select().where(FormVersion.form == row).order_by(FormVersion.number.desc())
    return [
        {
            "number": one.number,
            "created_at": one.created_at,
            "labels": labels.get(one.id, []),
            "answers": answers.get(one.id, 0),
        }
        for one in rows
    ]


def sent_fields() -> list[dict[str, Any]]:
    """The builder's rows in the order in which they stood on the page; rows left empty are none."""
    rows = []
    for key in request.form.getlist(f"{_PREFIX}-row")[:_MAX_ROWS]:
        if not key.isalnum():
            continue
        row: dict[str, Any] = {name: request.form.get(f"{_PREFIX}-{key}-{name}", "") for name in _COLUMNS}
        row["required"] = request.form.get(f"{_PREFIX}-{key}-required") == "1"
        if any(str(row[name]).strip() for name in ("label", "options", "help")):
            rows.append(row | {"key": key})
    return rows


def _as_checked(row: dict[str, Any], places: dict[str, int]) -> dict[str, Any]:
    """A builder's row as `check_form_fields` takes it; a new field's name is made from its label.

    `places`: by key, where each row stands: a condition names a row, for what it names may have no name yet.
    """
    data = {name: row[name] for name in ("label", "kind", "options", "help", "default_value", "required")}
    if row["name"].strip():
        data["name"] = row["name"]
    of, equals = row["condition_field"].strip(), row["condition_equals"].strip()
    if of.startswith(_ROW):
        data["condition"] = {"position": places.get(of.removeprefix(_ROW), -1), "equals": equals}
    elif of:
        data["condition"] = {"field": of, "equals": equals}
    return data


class Forms(SectionView):
    slug = "forms"
    endpoint_name = "forms"
    label = _l("Forms")
    singular = _l("Form")
    icon = "forms"
    table = Form
    note = _l("Una form recoge lo que hay que saber en una llamada: un pedido, una avería, una cita.")
    form_class = FormForm
    row_form = FormCells
    joined = (Form.printer,)
    searched = (Form.name,)
    order = (Form.active.desc(), folded(Form.name))
    columns = (
        Column("name", _l("Nombre"), (folded(Form.name),)),
        Column("fields", _l("Campos"), (), "number"),
        Column("version", _l("Versión"), (), "number"),
        Column("answers", _l("Respuestas"), (), "number"),
        Column("printer", _l("Impresora"), (folded(Printer.name),)),
        Column("call_centers", _l("Call Centers")),
        Column("active", _l("Activa"), (Form.active,)),
    )
    filters = (
        ChoiceFilter(
            "active",
            _l("Activa"),
            lambda query, value: query.where(Form.active == (value == "1")),
            choices=lambda: (("1", _l("Sí")), ("0", _l("No"))),
            everything=_l("Todas"),
        ),
    )
    list_page = "forms/list.html"
    form_page = "forms/form.html"
    goes_too = (FormVersion,)

    def list_extras(self, page: Page) -> dict[str, Any]:
        keys = [row.id for row in page.rows]
        newest = (
            FormVersion.select(FormVersion.form, fn.MAX(FormVersion.number).alias("newest"))
            .where(FormVersion.form.in_(keys))
            .group_by(FormVersion.form)
        )
        versions = dict(newest.tuples())
        counted = (
            FormVersion.select(FormVersion.form, FormVersion.number, fn.COUNT(FormField.id))
            .join(FormField)
            .where(FormVersion.form.in_(keys))
            .group_by(FormVersion.form, FormVersion.number)
        )
        fields = {form: count for form, number, count in counted.tuples() if versions.get(form) == number}
        answers = (
            FormVersion.select(FormVersion.form, fn.COUNT(FormAnswer.id)).join(FormAnswer).group_by(FormVersion.form)
        )
        used: dict[int, list[tuple[int, str]]] = {}
        centers = CallCenterForm.select(CallCenterForm.form, CallCenter.id, CallCenter.name).join(CallCenter)
        for form, key, name in centers.where(CallCenterForm.form.in_(keys)).tuples():
            used.setdefault(form, []).append((key, name))
        return {"versions": versions, "field_counts": fields, "answers": dict(answers.tuples()), "centers": used}

    # ------------------------------------------------------------ the form
    def new_form(self, row: Any = None) -> SectionForm:
        form = super().new_form(row)
        form.fields = sent_fields() if request.method == "POST" else fields_of(latest_version(row) if row else None)  # type: ignore[attr-defined]
        form.field_errors = {}  # type: ignore[attr-defined]
        return form

    def stored(self, row: Any) -> dict[str, Any]:
        values = super().stored(row)
        values["printer"] = None if row is None else row.printer_id
        if row is not None and row.get_id() is not None:
            chosen = CallCenterForm.select(CallCenterForm.call_center).where(CallCenterForm.form == row)
            values["call_centers"] = {key: 0 for (key,) in sorted(chosen.tuples())}
            values["fields"] = fields_of(latest_version(row))
        return values

    def form_extras(self, row: Any) -> dict[str, Any]:
        version = latest_version(row) if row is not None else None
        return {
            "kinds": choices(FormFieldKind),
            "yes_no": [YesNo.YES.value, YesNo.NO.value],
            "version": version,
            "versions": versions_of(row) if row else [],
        }

    def check(self, form: SectionForm, row: Any) -> Checked:
        checked = check_form(form.typed(), row)
        if isinstance(form, RowForm):
            return checked
        places = {one["key"]: place for place, one in enumerate(form.fields)}  # type: ignore[attr-defined]
        fields = check_form_fields([_as_checked(one, places) for one in form.fields])  # type: ignore[attr-defined]
        form.field_errors = {name: problem_text(problem) for name, problem in fields.errors.items()}  # type: ignore[attr-defined]
        if fields.errors:
            form.problems.append(_("Hay campos por corregir: mira lo señalado en rojo."))
        checked.values["fields"] = fields.values.get("fields", [])
        return checked

    def relations(self, form: SectionForm, row: Any, values: dict[str, Any]) -> None:
        if isinstance(form, RowForm):
            return  # a row of the list: its fields and call centers are its page's
        self._keep_version(row, values["fields"])
        known = dict(
            CallCenterForm.select(CallCenterForm.call_center, CallCenterForm.position)
            .where(CallCenterForm.form == row)
            .tuples()
        )
        CallCenterForm.delete().where(CallCenterForm.form == row).execute()
        for key in form["call_centers"].data:
            CallCenterForm.create(call_center=key, form=row, position=known.get(key, 0))

    @staticmethod
    def _keep_version(row: Form, fields: list[dict[str, Any]]) -> None:
        """The same fields stay the version that they are; others become the next one."""
        newest = latest_version(row)
        if newest is not None:
            stored = FormField.select().where(FormField.version == newest).order_by(FormField.position)
            if [_content(one.__data__) for one in stored] == [_content(one) for one in fields]:
                return
        version = FormVersion.create(form=row, number=1 if newest is None else newest.number + 1)
        for one in fields:
            FormField.create(version=version, **one)

    def before_deleting(self, row: Any) -> None:
        """Only versions that nobody answered: `in_the_way` saw to that."""
        FormVersion.delete().where(FormVersion.form == row).execute()

    def in_the_way(self, row: Any) -> list[Reference]:
        answers = FormAnswer.select().join(FormVersion).where(FormVersion.form == row).count()
        return [Reference(_l("respuestas de forms"), answers, goes=False)] if answers else []


def _content(field: dict[str, Any]) -> dict[str, Any]:
    names = ("position", "name", "label", "kind", "required", "default_value", "help", "options", "condition")
    return {name: field.get(name) or None for name in names}
