"""Tickets, saved: checked whole, in one transaction, noted in the audit log.

Owns: what saving a ticket or a message does besides writing its row. Must not: answer a request, or draw: the API's
module, the desk and the section come here.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from admin import audit
from models.checks import Checked, check_ticket, check_ticket_message
from models.tables import Agent, Attachment, Ticket, TicketAttachment, TicketMessage, TicketState, now
from models.values.call import Role
from models.values.errors import InvalidValue

_COLUMNS = ("subject", "text", "state", "priority", "contact", "call", "agent", "group", "due_at")


def fingerprint(row: Ticket) -> str:
    """What tells two people at one ticket apart; the thread goes on meanwhile."""
    said = json.dumps([str(row.__data__.get(name)) for name in _COLUMNS] + attachments_of([row.id]).get(row.id, []))
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def attachments_of(keys: list[int]) -> dict[int, list[int]]:
    """The documents of each ticket itself, those of its messages apart."""
    found: dict[int, list[int]] = {}
    rows = TicketAttachment.select(TicketAttachment.ticket, TicketAttachment.attachment).where(
        TicketAttachment.ticket.in_(keys), TicketAttachment.message.is_null()
    )
    for ticket, attachment in rows.order_by(TicketAttachment.id).tuples():
        found.setdefault(ticket, []).append(attachment)
    return found


def check(data: Mapping[str, Any], row: Ticket | None, author: Agent) -> Checked:
    checked = check_ticket(data, row)
    _refuse_private(checked, author)
    return checked


def check_message(data: Mapping[str, Any], author: Agent) -> Checked:
    checked = check_ticket_message(data)
    _refuse_private(checked, author)
    return checked


def _refuse_private(checked: Checked, author: Agent) -> None:
    """To others than administrators a private document is not there."""
    keys = checked.values.get("attachments") or []
    if Role(author.role) is Role.ADMINISTRATOR or not keys:
        return
    private = Attachment.select().where(Attachment.id.in_(keys), Attachment.private).first()
    if private is not None:
        checked.errors["attachments"] = InvalidValue("not_found", what="Attachment", value=str(private.id))


def save(row: Ticket | None, values: Mapping[str, Any], author: Agent) -> Ticket:
    """In the transaction that is open. `values` are those of `check`."""
    created = row is None
    before = None if row is None else _audited(row)
    ticket = Ticket(author=author) if row is None else row
    was = None if created else ticket.state
    for name in _COLUMNS:
        if name in values:
            setattr(ticket, name, values[name])
    if ticket.state is TicketState.SOLVED and was is not TicketState.SOLVED:
        ticket.solved_at = now()
    elif ticket.state is not TicketState.SOLVED:
        ticket.solved_at = None
    ticket.updated_at = now()
    ticket.save()
    if "attachments" in values:
        TicketAttachment.delete().where(TicketAttachment.ticket == ticket, TicketAttachment.message.is_null()).execute()
        for key in values["attachments"]:
            TicketAttachment.create(ticket=ticket, attachment=key)
    saved: Ticket = Ticket.get_by_id(ticket.id)
    act = "create" if created else "edit"
    audit.record("tickets", act, key=saved.id, name=saved.subject, before=before, after=_audited(saved))
    return saved


def say(ticket: Ticket, values: Mapping[str, Any], author: Agent) -> TicketMessage:
    """A message at the end of the thread, in the transaction that is open."""
    message: TicketMessage = TicketMessage.create(
        ticket=ticket, author=author, text=values["text"], internal=values["internal"]
    )
    for key in values["attachments"]:
        TicketAttachment.create(ticket=ticket, attachment=key, message=message)
    Ticket.update(updated_at=now()).where(Ticket.id == ticket.id).execute()
    after = {"text": message.text, "internal": message.internal, "attachments": _names(values["attachments"])}
    audit.record("tickets", "message", key=ticket.id, name=ticket.subject, after=after)
    return message


def _audited(row: Ticket) -> dict[str, Any]:
    state = {name: getattr(row, name) for name in _COLUMNS}
    return state | {"attachments": _names(attachments_of([row.id]).get(row.id, []))}


def _names(keys: list[int]) -> list[str]:
    return [name for (name,) in Attachment.select(Attachment.filename).where(Attachment.id.in_(keys)).tuples()]
