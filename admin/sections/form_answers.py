"""Respuestas: what agents filled in, searched, downloaded and printed; a page of *Forms*.

Owns: the page, and the columns of its download. Must not: change an answer: it was given to its version.
"""

from typing import Any

from flask import request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from peewee import JOIN, ModelSelect

from admin.base_view import SectionView
from admin.folding import folded
from admin.form_lines import answered, fields_of, in_words
from admin.formats import stamp
from admin.listing import ChoiceFilter, Column, Filter, MomentFilter, Page
from admin.permissions import Act, may
from admin.sections.contacts import names_of
from admin.view_marks import acting
from models.tables import Agent, Contact, Form, FormAnswer, FormField, FormFile, FormVersion
from models.tables.forms import FormFieldKind
from models.values.errors import InvalidValue


class _Version(Filter):
    """The answers to one version of a form; from the form's page."""

    def parse(self, text: str) -> int:
        if not text.isdecimal() or len(text) > 6:
            raise InvalidValue("not_a_number", value=text[:20])
        return int(text)


class FormAnswers(SectionView):
    slug = "respuestas"
    endpoint_name = "form_answers"
    label = _l("Respuestas de forms")
    singular = _l("Respuesta")
    icon = "history"
    table = FormAnswer
    note = _l("Aquí queda cada form que un agente llena durante una llamada.")
    can_add = False
    can_drop = False
    searched = (FormAnswer.folded,)
    search_label = _l("Lo contestado")
    order = (FormAnswer.created_at.desc(),)
    columns = (
        Column("created_at", _l("Fecha"), (FormAnswer.created_at,), "nowrap"),
        Column("form", _l("Form"), (folded(Form.name),)),
        Column("contact", _l("Contacto"), (folded(Contact.name),)),
        Column("agent", _l("Agente"), (folded(Agent.name),)),
        Column("answers", _l("Respuestas")),
    )
    filters = (
        ChoiceFilter(
            "form",
            _l("Form"),
            lambda query, key: query.where(FormVersion.form == int(key)),
            choices=names_of(Form),
            everything=_l("Todas"),
        ),
        _Version("version", _l("Versión"), lambda query, number: query.where(FormVersion.number == number), "hidden"),
        ChoiceFilter(
            "agent", _l("Agente"), lambda query, key: query.where(FormAnswer.agent == int(key)), choices=names_of(Agent)
        ),
        MomentFilter("start", _l("Inicio"), lambda query, at: query.where(FormAnswer.created_at >= at)),
        MomentFilter("end", _l("Fin"), lambda query, at: query.where(FormAnswer.created_at <= at)),
    )
    list_page = "forms/answers.html"

    def base_query(self) -> ModelSelect:
        query = FormAnswer.select(FormAnswer, FormVersion, Form, Contact, Agent)
        query = query.join_from(FormAnswer, FormVersion).join_from(FormVersion, Form)
        query = query.join_from(FormAnswer, Contact, JOIN.LEFT_OUTER, on=FormAnswer.contact)
        return query.join_from(FormAnswer, Agent, JOIN.LEFT_OUTER, on=FormAnswer.agent)

    def list_extras(self, page: Page) -> dict[str, Any]:
        fields = fields_of({row.version_id for row in page.rows})
        told = {
            row.id: [
                (field.label, in_words(row.answers[field.name]))
                for field in fields.get(row.version_id, ())
                if field.name in row.answers
            ]
            for row in page.rows
        }
        return {"told": told, "may_print": may(current_user.role, "print_jobs", Act.EDIT)}

    @expose("/<int:row_id>/ver")
    @acting(Act.READ)
    def answer_view(self, row_id: int) -> Any:
        """One answer whole, in the order of its version, as it is printed."""
        self.row_or_404(row_id)
        row = self.base_query().where(FormAnswer.id == row_id).get()
        back = url_for(".index_view", form=row.version.form_id)
        files: dict[str, list[FormFile]] = {}
        for file in FormFile.select().where(FormFile.answer == row).order_by(FormFile.id):
            files.setdefault(file.field, []).append(file)
        may_print = may(current_user.role, "print_jobs", Act.EDIT)
        frame = self.frame() | {"heading": row.version.form.name}
        return self.render(
            "forms/answer.html", **frame, row=row, shown=answered(row), files=files, back=back, may_print=may_print
        )

    def title_of(self, row: Any) -> str:
        return _("respuesta %(number)s", number=row.id)

    # ------------------------------------------------------------ download
    def csv_columns(self) -> Any:
        """Of one form, a column for each field that any of its versions had; of several, all answers in one."""
        common = (
            (_l("Fecha"), lambda row: stamp(row.created_at)),
            (_l("Form"), lambda row: row.version.form.name),
            (_l("Versión"), lambda row: row.version.number),
            (_l("Contacto"), lambda row: row.contact.name if row.contact_id else ""),
            (_l("Agente"), lambda row: row.agent.name if row.agent_id else ""),
        )
        form = request.args.get("form", "")
        if not form.isdecimal() or len(form) > 18:
            return (*common, (_l("Respuestas"), _one_text))
        return (*common, *((label, _reader(name)) for name, label in _columns_of(int(form)).items()))


def _columns_of(form: int) -> dict[str, str]:
    """Name and newest label of every field of a form, in the order of the newest version, then what older ones had."""
    rows = (
        FormField.select(FormField.name, FormField.label)
        .join(FormVersion)
        .where(FormVersion.form == form, FormField.kind != FormFieldKind.HEADING)
        .order_by(FormVersion.number.desc(), FormField.position)
    )
    found: dict[str, str] = {}
    for name, label in rows.tuples():
        found.setdefault(name, label)
    return found


def _reader(name: str) -> Any:
    return lambda row: in_words(row.answers.get(name))


def _one_text(row: FormAnswer) -> str:
    return "\n".join(f"{name}: {in_words(value)}" for name, value in row.answers.items())
