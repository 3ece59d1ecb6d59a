"""Adjuntos: documents in their latest version, for agents to attach.

Owns: the section. Must not: believe a file's name or the browser about its type (`admin.documents`).
"""

from typing import Any

from flask import g
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from peewee import ModelSelect
from werkzeug.datastructures import FileStorage

from admin import sessions
from admin.base_view import SectionView
from admin.documents import MAX_ATTACHMENT, type_of
from admin.folding import folded
from admin.installation import installation
from admin.kept_files import forget, name_of
from admin.listing import ChoiceFilter, Column
from admin.section_forms import Check, File, SectionForm, Text
from admin.view_marks import NotSaved
from models import files
from models.checks import Checked, check_attachment
from models.tables import Attachment
from models.values.call import Role

_MEGABYTES = MAX_ATTACHMENT // 1024 // 1024


class AttachmentForm(SectionForm):
    description = Text(_l("Descripción"), attributes={"maxlength": 200})
    file = File(_l("Archivo"), help=_l("Hasta 15 MB."))
    private = Check(_l("Privado"), help=_l("Solo para administradores."))


class EditAttachmentForm(SectionForm):
    filename = Text(_l("Nombre"), attributes={"maxlength": 200, "required": True})
    description = Text(_l("Descripción"), attributes={"maxlength": 200})
    file = File(_l("Reemplazar por"), help=_l("El documento queda siempre en su última versión."))
    private = Check(_l("Privado"), help=_l("Solo para administradores."))


class AttachmentCells(SectionForm):
    filename = Text(_l("Nombre"), attributes={"maxlength": 200, "required": True})
    description = Text(_l("Descripción"), attributes={"maxlength": 200})
    file = File(_l("Reemplazar por"))
    private = Check(_l("Privado"))


class Attachments(SectionView):
    slug = "adjuntos"
    endpoint_name = "attachments"
    label = _l("Adjuntos")
    singular = _l("Adjunto")
    add_label = _l("Subir")
    icon = "attachments"
    table = Attachment
    note = _l("Sube folletos, listas de precios o machotes: los agentes los adjuntan siempre en su última versión.")
    form_class = EditAttachmentForm
    row_form = AttachmentCells
    create_on_list = True
    searched = (Attachment.filename, Attachment.description)
    order = (folded(Attachment.filename),)
    columns = (
        Column("filename", _l("Nombre"), (folded(Attachment.filename),), fields=("filename", "file")),
        Column("mime", _l("Tipo"), (Attachment.mime,)),
        Column("size", _l("Tamaño"), (Attachment.size,), "number"),
        Column("description", _l("Descripción"), (folded(Attachment.description),)),
        Column("private", _l("Privado"), (Attachment.private,)),
    )
    filters = (
        ChoiceFilter(
            "private",
            _l("Privado"),
            lambda query, value: query.where(Attachment.private == (value == "1")),
            choices=lambda: (("1", _l("Sí")), ("0", _l("No"))),
        ),
    )
    list_page = "sections/attachments.html"

    def base_query(self) -> ModelSelect:
        """Private documents are for administrators alone: others do not even see their names."""
        query = super().base_query()
        return query if sessions.user().role is Role.ADMINISTRATOR else query.where(~Attachment.private)

    def new_form(self, row: Any = None) -> SectionForm:
        return self.made(AttachmentForm if row is None else EditAttachmentForm, row)

    def check(self, form: SectionForm, row: Any) -> Checked:
        typed = form.typed()
        sent = sent_file(form, "file")
        if row is None and sent is not None:
            typed["filename"] = name_of(sent)
        checked = check_attachment(typed, row)
        content = sent.stream.read(MAX_ATTACHMENT + 1) if sent is not None else b""
        if row is None or content:
            self._check_content(form, content)
            checked.values["content"] = content
        if "filename" in checked.errors and "filename" not in form:
            problem = checked.errors.pop("filename")
            if content:
                checked.errors["file"] = problem
        return checked

    def _check_content(self, form: SectionForm, content: bytes) -> None:
        if not content:
            form.refuse("file", _("Elige un archivo que no esté vacío."))
        elif len(content) > MAX_ATTACHMENT:
            form.refuse("file", _("A lo sumo %(maximum)s MB.", maximum=_MEGABYTES))

    def before_saving(self, form: SectionForm, row: Any, values: dict[str, Any], created: bool) -> None:
        content = values.pop("content", None)
        if content is None:
            return
        try:
            sha256 = files.store(installation().settings.data_dir, content)
        except OSError:
            form.refuse("file", _("El archivo no se pudo guardar en el disco del servidor."))
            raise NotSaved from None
        if not created and row.sha256 != sha256:
            g.setdefault("replaced", []).append(row.sha256)
        values.update(sha256=sha256, size=len(content), mime=type_of(content))

    def after_commit(self, row: Any, text: str) -> None:
        forget(*g.pop("replaced", ()))
        super().after_commit(row, text)

    def after_deleting(self, row: Any) -> None:
        forget(row.sha256)

    def title_of(self, row: Any) -> str:
        return str(row.filename)


def sent_file(form: SectionForm, name: str) -> FileStorage | None:
    """The file that was sent with a form's field, or None."""
    sent = form[name].data if name in form else None
    return sent if isinstance(sent, FileStorage) and sent.filename else None
