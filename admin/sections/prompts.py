"""Mensajes grabados: the greetings and messages that callers hear; a page of *CallCenters*.

Owns: the page, the playing, and that a message's bytes go with its row. Must not: play to a caller (the engine does).
"""

from typing import Any

from flask import abort, send_file
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from peewee import fn

from admin import prompt_upload
from admin.base_view import SectionView
from admin.folding import folded
from admin.installation import installation
from admin.listing import Column, Page
from admin.permissions import Act
from admin.queue_form import MESSAGE_FIELDS
from admin.references import Reference
from admin.section_forms import File, SectionForm, Text
from admin.sections.attachments import sent_file
from admin.view_marks import acting
from models import prompts
from models.checks import Checked, check_prompt
from models.tables import CallCenter, Prompt
from models.values.queue import PROMPT


class NewPromptForm(SectionForm):
    name = Text(_l("Nombre"), attributes={"maxlength": 100})
    file = File(
        _l("Archivo WAV"),
        help=_l("Hasta tres minutos. Sin nombre queda el del archivo."),
        attributes={"accept": "audio/wav,audio/x-wav,.wav"},
    )


class PromptForm(SectionForm):
    name = Text(_l("Nombre"), attributes={"maxlength": 100, "required": True})


def used_by() -> dict[str, list[tuple[int, str]]]:
    """By hash, the call centers where a message is heard."""
    columns = [getattr(CallCenter, name) for name in MESSAGE_FIELDS]
    found: dict[str, list[tuple[int, str]]] = {}
    for key, name, *messages in CallCenter.select(CallCenter.id, CallCenter.name, *columns).tuples():
        for message in {one for one in messages if one.startswith(PROMPT)}:
            found.setdefault(message.removeprefix(PROMPT), []).append((key, name))
    return found


class Prompts(SectionView):
    slug = "mensajes-grabados"
    endpoint_name = "prompts"
    label = _l("Mensajes grabados")
    singular = _l("Mensaje grabado")
    add_label = _l("Subir")
    icon = "prompt"
    table = Prompt
    note = _l("Sube arriba un saludo o un aviso en WAV; luego elígelo en la cola de un call center.")
    notes = (
        _l("Lo que oye quien llama: saludos, avisos y lo que se dice cuando está cerrado, lleno o no hay nadie."),
        _l("El que algún call center usa no se elimina: primero elige otro ahí."),
    )
    form_class = PromptForm
    row_form = PromptForm
    create_on_list = True
    searched = (Prompt.name,)
    order = (folded(Prompt.name),)
    columns = (
        Column("name", _l("Nombre"), (folded(Prompt.name),)),
        Column("sound", _l("Mensaje")),
        Column("seconds", _l("Duración"), (Prompt.seconds,), "number"),
        Column("used", _l("Dónde se oye")),
        Column("created_at", _l("Desde"), (Prompt.created_at,), "nowrap"),
    )
    list_page = "sections/prompts.html"

    def new_form(self, row: Any = None) -> SectionForm:
        return self.made(NewPromptForm if row is None else PromptForm, row)

    def stored(self, row: Any) -> dict[str, Any]:
        return {"name": "" if row is None else row.name}

    def check(self, form: SectionForm, row: Any) -> Checked:
        if row is not None:
            return check_prompt(form.typed(), row)
        sent = sent_file(form, "file")
        if sent is None:
            form.refuse("file", _("Elige un archivo que no esté vacío."))
            return Checked()
        content = sent.stream.read(prompts.MOST_BYTES + 1)
        kept = prompt_upload.kept(form, content, sent.filename or "", file="file", name="name")
        if kept is None:
            return Checked()
        sha256, seconds, name = kept
        known = Prompt.get_or_none(Prompt.sha256 == sha256)
        if known is not None:
            form.refuse("file", _("Ese sonido ya está: se llama «%(name)s».", name=known.name))
            return Checked()
        checked = check_prompt({"name": name})
        checked.values.update(sha256=sha256, seconds=seconds)
        return checked

    def list_extras(self, page: Page) -> dict[str, Any]:
        return {"used": used_by()}

    def in_the_way(self, row: Any) -> list[Reference]:
        places = len(used_by().get(row.sha256, ()))
        return [Reference(_l("call centers donde se oye"), places, goes=False)] if places else []

    def after_deleting(self, row: Any) -> None:
        if not Prompt.select(fn.COUNT(Prompt.id)).where(Prompt.sha256 == row.sha256).scalar():
            prompts.path_of(installation().settings.data_dir, row.sha256).unlink(missing_ok=True)

    @expose("/<int:row_id>/audio.wav")
    @acting(Act.READ)
    def audio_view(self, row_id: int) -> Any:
        """The sound, in ranges, so that the player can jump."""
        row = self.row_or_404(row_id)
        path = prompts.path_of(installation().settings.data_dir.absolute(), row.sha256)
        if not path.is_file():
            abort(404)
        answer = send_file(path, mimetype="audio/wav", conditional=True, etag=row.sha256, max_age=0)
        answer.headers["Cache-Control"] = "private, no-cache"
        return answer
