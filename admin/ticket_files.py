"""What hangs at a ticket: documents of *Adjuntos*, and files brought from somebody's disk.

Owns: attaching and detaching both, in the transaction that is open. Must not: answer a request, or serve bytes
(`admin.documents`).

A file from a disk stays with its ticket (docs/decisions/0032-tickets-at-the-desk.md): a customer's photograph is no
document for everybody, and whoever may not see the ticket may not see it.
"""

from typing import Any, Final

from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from admin import audit, tickets
from admin.documents import MAX_ATTACHMENT, BadFile, type_of
from admin.installation import installation
from admin.kept_files import name_of
from models import files
from models.checks.base import clean_text
from models.checks.tickets import MAX_ATTACHMENTS
from models.tables import Agent, Attachment, Ticket, TicketAttachment, TicketFile
from models.values.call import Role
from models.values.errors import InvalidValue

MAX_FILES: Final = 50
_MAX_NAME: Final = 200


def may_see(document: Attachment, agent: Agent) -> bool:
    """To others than administrators a private document is not there."""
    return not document.private or Role(agent.role) is Role.ADMINISTRATOR


def offered(agent: Agent) -> list[Attachment]:
    """The documents that the agent may attach, by name."""
    rows = [row for row in Attachment.select() if may_see(row, agent)]
    return sorted(rows, key=lambda row: str(row.filename).casefold())


def documents_of(ticket: Ticket, agent: Agent) -> list[Attachment]:
    """Those at the ticket itself that the agent may see."""
    rows = Attachment.select().join(TicketAttachment)
    rows = rows.where(TicketAttachment.ticket == ticket, TicketAttachment.message.is_null())
    return [row for row in rows.order_by(TicketAttachment.id) if may_see(row, agent)]


def documents_of_messages(ticket: Ticket, agent: Agent) -> dict[int, list[Attachment]]:
    """By message of the thread, those that the agent may see."""
    rows = TicketAttachment.select(TicketAttachment.message, Attachment).join(Attachment)
    rows = rows.where(TicketAttachment.ticket == ticket, TicketAttachment.message.is_null(False))
    found: dict[int, list[Attachment]] = {}
    for row in rows.order_by(TicketAttachment.id):
        if may_see(row.attachment, agent):
            found.setdefault(row.message_id, []).append(row.attachment)
    return found


def files_of(ticket: Ticket) -> list[TicketFile]:
    return list(TicketFile.select(TicketFile, Agent).left_outer_join(Agent).where(TicketFile.ticket == ticket)
                .order_by(TicketFile.id))  # fmt: skip


def may_remove(file: TicketFile, agent: Agent) -> bool:
    """Whoever brought it, and those who see to all tickets."""
    return file.author_id == agent.id or Role(agent.role) is not Role.AGENT


def attach_document(ticket: Ticket, key: int, author: Agent) -> None:
    """Raises InvalidValue."""
    row = next((one for one in offered(author) if one.id == key), None)
    if row is None:
        raise InvalidValue("not_found", what="Attachment", value=str(key)[:20])
    here = tickets.attachments_of([ticket.id]).get(ticket.id, [])
    if key in here:
        return
    if len(here) >= MAX_ATTACHMENTS:
        raise InvalidValue("too_many", maximum=MAX_ATTACHMENTS)
    TicketAttachment.create(ticket=ticket, attachment=key)
    _noted("attach", ticket, str(row.filename), author)


def detach_document(ticket: Ticket, key: int, author: Agent) -> None:
    row = next((one for one in documents_of(ticket, author) if one.id == key), None)
    if row is None:
        return
    TicketAttachment.delete().where(
        TicketAttachment.ticket == ticket, TicketAttachment.attachment == key, TicketAttachment.message.is_null()
    ).execute()
    _noted("detach", ticket, str(row.filename), author)


def bring(ticket: Ticket, sent: FileStorage, author: Agent) -> TicketFile:
    """Keeps an uploaded file. Raises BadFile with the words, InvalidValue, OSError when the disk refuses."""
    name = clean_text(name_of(sent), _MAX_NAME, required=True)
    content = sent.stream.read(MAX_ATTACHMENT + 1)
    if not content:
        raise BadFile(_("Elige un archivo que no esté vacío."))
    if len(content) > MAX_ATTACHMENT:
        raise BadFile(_("A lo sumo %(maximum)s MB.", maximum=MAX_ATTACHMENT // 1024 // 1024))
    if TicketFile.select().where(TicketFile.ticket == ticket).count() >= MAX_FILES:
        raise InvalidValue("too_many", maximum=MAX_FILES)
    sha256 = files.store(installation().settings.data_dir, content)
    row: TicketFile = TicketFile.create(
        ticket=ticket, author=author, filename=name, mime=type_of(content), size=len(content), sha256=sha256
    )
    _noted("attach", ticket, name, author)
    return row


def take_away(ticket: Ticket, key: int, author: Agent) -> str | None:
    """The hash of what may be forgotten after the commit (`forget`); None when there is no such file to take away."""
    row = TicketFile.get_or_none(TicketFile.id == key, TicketFile.ticket == ticket) if key < 2**63 else None
    if row is None or not may_remove(row, author):
        return None
    row.delete_instance()
    _noted("detach", ticket, str(row.filename), author)
    return str(row.sha256)


def _noted(act: str, ticket: Ticket, name: str, author: Agent) -> None:
    state: dict[str, Any] = {"attachments": [name]}
    before, after = (None, state) if act == "attach" else (state, None)
    audit.record("tickets", act, key=ticket.id, name=str(ticket.subject), before=before, after=after)
    tickets.touch(ticket, "files", author)
