"""Files given to a form while a call goes on: from the agent's disk, or out of *Adjuntos*.

Owns: what may be given to which field, and the rows. Must not: serve bytes (`admin.documents`), or save an answer: a
file is kept with it or goes (`forms`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from admin.desk import forms
from admin.desk.drafts import KEPT
from admin.desk.typed import FilledForm
from admin.documents import MAX_ATTACHMENT, BadFile, type_of
from admin.folding import any_contains, folded
from admin.installation import installation
from admin.kept_files import forget, plain_name
from models import files
from models.db import transaction
from models.tables import Agent, Attachment, Call, FormFile, now
from models.tables.forms import FormFieldKind
from models.values.call import Role

MOST_IN_A_FIELD: Final = 10
MOST_IN_A_CALL: Final = 40
MOST_OFFERED: Final = 50
_MEGABYTES: Final = MAX_ATTACHMENT // 1024 // 1024


@dataclass(frozen=True, slots=True)
class Place:
    """A field of files of a form that may be filled in this call."""

    call: Call
    agent: Agent
    version: int
    field: str


def place(call: Call, agent: Agent, version: int, field: str) -> Place | None:
    """None: there is no such field here."""
    if forms.check(FilledForm(version, {}), call, agent) is None:
        return None
    fields = forms.fields_of([version]).get(version, [])
    kinds = {str(row.name): row.kind for row in fields}
    return Place(call, agent, version, field) if kinds.get(field) is FormFieldKind.FILE else None


def upload(where: Place, sent: FileStorage) -> FormFile:
    """Raises BadFile."""
    content = sent.stream.read(MAX_ATTACHMENT + 1)
    if not content:
        raise BadFile(_("Elige un archivo que no esté vacío."))
    if len(content) > MAX_ATTACHMENT:
        raise BadFile(_("A lo sumo %(maximum)s MB.", maximum=_MEGABYTES))
    try:
        sha256 = files.store(installation().settings.data_dir, content)
    except OSError:
        raise BadFile(_("El archivo no se pudo guardar en el disco del servidor.")) from None
    name = plain_name(sent, FormFile.filename.max_length)
    return _add(where, filename=name, mime=type_of(content), size=len(content), sha256=sha256)


def take(where: Place, attachment: int) -> FormFile:
    """A copy of a document of *Adjuntos* as it is now. Raises BadFile."""
    row = available(where.agent).where(Attachment.id == attachment).first()
    if row is None:
        raise BadFile(_("Ese documento ya no está en Adjuntos."))
    return _add(where, shared=True, filename=row.filename, mime=row.mime, size=row.size, sha256=row.sha256)


def _add(where: Place, **columns: Any) -> FormFile:
    _sweep()
    with transaction(installation().database):
        given = [one for one in forms.files_of(where.call, where.agent) if not one.leaves]
        here = [one for one in given if one.version_id == where.version and one.field == where.field]
        if len(here) >= MOST_IN_A_FIELD or len(given) >= MOST_IN_A_CALL:
            raise BadFile(_("A lo sumo %(maximum)s archivos.", maximum=MOST_IN_A_FIELD))
        row: FormFile = FormFile.create(
            version=where.version, field=where.field, call_id=where.call.id, agent=where.agent, **columns
        )
        return row


def _sweep() -> None:
    """Files that nobody saved or came back to."""
    old = FormFile.select().where(FormFile.answer.is_null(), FormFile.created_at < now() - KEPT).limit(MOST_OFFERED)
    gone = list(old)
    FormFile.delete().where(FormFile.id.in_([one.id for one in gone])).execute()
    forget(*(one.sha256 for one in gone))


def remove(file: FormFile) -> list[str]:
    """One that is not saved yet goes at once; another one with the next *Salvar*. The hashes to be forgotten."""
    if file.answer_id is None:
        file.delete_instance()
        return [str(file.sha256)]
    FormFile.update(leaves=True).where(FormFile.id == file.id).execute()
    return []


def keep(file: FormFile) -> None:
    """Takes a removal back."""
    FormFile.update(leaves=False).where(FormFile.id == file.id).execute()


def available(agent: Agent) -> Any:
    """*Adjuntos* as this agent may see them: private ones are for administrators."""
    query = Attachment.select()
    return query if Role(agent.role) is Role.ADMINISTRATOR else query.where(~Attachment.private)


def offered(agent: Agent, text: str) -> Sequence[dict[str, Any]]:
    """Documents whose name or description has the words, by name."""
    query = available(agent)
    wanted = any_contains((Attachment.filename, Attachment.description), text)
    rows = (query if wanted is None else query.where(wanted)).order_by(folded(Attachment.filename)).limit(MOST_OFFERED)
    return [
        {"id": row.id, "name": row.filename, "description": row.description, "size": row.size, "private": row.private}
        for row in rows
    ]
