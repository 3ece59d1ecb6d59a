"""Tickets as the desk's page reads them.

Owns: their JSON. Must not: decide who may see one (`admin.ticket_search`), or change any.
"""

from typing import Any, Final

from flask import url_for
from peewee import JOIN

from admin import ticket_files, tickets
from admin.desk.ownership import Standing, standing
from models.tables import (
    Agent,
    AgentGroup,
    Attachment,
    Contact,
    Ticket,
    TicketMessage,
    TicketState,
    epoch_ms,
    now,
)

THREAD: Final = 100


def moment(at: Any) -> int | None:
    return None if at is None else epoch_ms(at)


def named(row: Any) -> dict[str, Any] | None:
    return None if row is None else {"id": row.id, "name": str(row.name)}


def is_overdue(ticket: Ticket) -> bool:
    return ticket.state is not TicketState.SOLVED and ticket.due_at is not None and ticket.due_at < now()


def in_list(ticket: Ticket, unread: set[int]) -> dict[str, Any]:
    contact = ticket.contact
    return {
        "id": ticket.id,
        "subject": ticket.subject,
        "state": ticket.state.value,
        "priority": ticket.priority.value,
        "due_at": moment(ticket.due_at),
        "overdue": is_overdue(ticket),
        "contact": None if contact is None else str(contact.name or contact.phone),
        "agent": named(ticket.agent),
        "group": named(ticket.group),
        "updated_at": epoch_ms(ticket.updated_at),
        "unread": ticket.id in unread,
    }


def whole(ticket: Ticket, me: Agent, *, all_messages: bool = False) -> dict[str, Any]:
    """A ticket with its thread, as `me` may see it."""
    messages, earlier = _thread(ticket, me, None if all_messages else THREAD)
    return {
        "id": ticket.id,
        "seen": tickets.fingerprint(ticket),
        "fields": fields_of(ticket),
        "overdue": is_overdue(ticket),
        "contact": _contact(ticket.contact),
        "call": _call(ticket, me),
        "agent": named(ticket.agent),
        "group": named(ticket.group),
        "author": named(ticket.author),
        "created_at": epoch_ms(ticket.created_at),
        "updated_at": epoch_ms(ticket.updated_at),
        "solved_at": moment(ticket.solved_at),
        "thread": messages,
        "earlier": earlier,
        "documents": [_document(row) for row in ticket_files.documents_of(ticket, me)],
        "files": [_file(row, ticket, me) for row in ticket_files.files_of(ticket)],
    }


def fields_of(ticket: Ticket) -> dict[str, str]:
    """What stands in the page's fields; `due_at` in milliseconds: the browser knows its place's time."""
    return {
        "subject": ticket.subject,
        "text": ticket.text,
        "state": ticket.state.value,
        "priority": ticket.priority.value,
        "agent": str(ticket.agent_id or ""),
        "group": str(ticket.group_id or ""),
        "contact": str(ticket.contact_id or ""),
        "due_at": str(moment(ticket.due_at) or ""),
    }


def _contact(row: Contact | None) -> dict[str, Any] | None:
    if row is None:
        return None
    company = "" if row.company_id is None else str(row.company.name)
    return {"id": row.id, "name": row.name, "phone": row.phone, "email": row.email, "company": company}


def _call(ticket: Ticket, me: Agent) -> dict[str, Any] | None:
    """The call it came from; only whose it is can open it."""
    call = ticket.call
    if call is None:
        return None
    return {
        "call_id": call.id,
        "at": epoch_ms(call.offered_at),
        "call_center": call.call_center_name,
        "mine": standing(call, me) is Standing.MINE,
    }


def _thread(ticket: Ticket, me: Agent, most: int | None) -> tuple[list[dict[str, Any]], int]:
    """The newest messages in the order of time, and how many came before them."""
    found = TicketMessage.select(TicketMessage, Agent).join(Agent, JOIN.LEFT_OUTER)
    found = found.where(TicketMessage.ticket == ticket)
    newest = found.order_by(TicketMessage.created_at.desc(), TicketMessage.id.desc())
    rows = list(newest if most is None else newest.limit(most))[::-1]
    documents = ticket_files.documents_of_messages(ticket, me)
    shown = [
        {
            "id": row.id,
            "author": None if row.author is None else str(row.author.name),
            "mine": row.author_id == me.id,
            "text": row.text,
            "internal": bool(row.internal),
            "at": epoch_ms(row.created_at),
            "documents": [_document(one) for one in documents.get(row.id, ())],
        }
        for row in rows
    ]
    return shown, found.count() - len(rows) if most is not None and len(rows) == most else 0


def _document(row: Attachment) -> dict[str, Any]:
    url = url_for("documents.attachment", attachment_id=row.id)
    return {"id": row.id, "filename": row.filename, "size": row.size, "url": url}


def _file(row: Any, ticket: Ticket, me: Agent) -> dict[str, Any]:
    return {
        "id": row.id,
        "filename": row.filename,
        "size": row.size,
        "url": url_for("desk_tickets.download", ticket_id=ticket.id, file_id=row.id),
        "author": None if row.author is None else str(row.author.name),
        "at": epoch_ms(row.created_at),
        "may_remove": ticket_files.may_remove(row, me),
    }


def choices(me: Agent) -> dict[str, Any]:
    """Whom a ticket can be given to, and the documents that can be attached."""
    agents = Agent.select(Agent.id, Agent.name).where(Agent.active)
    groups = AgentGroup.select(AgentGroup.id, AgentGroup.name)
    return {
        "agents": sorted((named(row) for row in agents), key=_by_name),
        "groups": sorted((named(row) for row in groups), key=_by_name),
        "documents": [_document(row) for row in ticket_files.offered(me)],
    }


def _by_name(one: dict[str, Any] | None) -> str:
    return "" if one is None else str(one["name"]).casefold()
