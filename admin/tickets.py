"""Tickets, saved: checked whole, in one transaction, noted in the audit log, told to the desks.

Owns: what saving a ticket or a message does besides writing its row. Must not: answer a request, or draw: the API's
module, the desk and the section come here.

What `save`, `say` and `take` do in the transaction, the desks of those whom it concerns hear by `tell` after it.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask import g

from admin import audit
from admin.desk_news import tell_desks
from models.checks import Checked, check_ticket, check_ticket_message
from models.db import is_postgresql
from models.tables import (
    Agent,
    AgentGroupMember,
    Attachment,
    Ticket,
    TicketAttachment,
    TicketMessage,
    TicketReading,
    TicketState,
    database,
    now,
)
from models.values.call import Role
from models.values.errors import InvalidValue

_NEWS: Final = "ticket_news"
_KEY: Final = re.compile(r"[A-Za-z0-9-]{8,64}")
_COLUMNS = ("subject", "text", "state", "priority", "contact", "call", "agent", "group", "due_at")


@dataclass(frozen=True, slots=True)
class Taken:
    """Somebody else was quicker."""

    by: Agent


def locked(key: int) -> Ticket | None:
    """The row, kept from other writers until the transaction ends; SQLite's IMMEDIATE holds them off by itself."""
    query = Ticket.select().where(Ticket.id == key)
    row: Ticket | None = (query.for_update() if is_postgresql(database.obj) else query).first() if key < 2**63 else None
    return row


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


def own_key(typed: object, author: Agent) -> str | None:
    """The key that a page made for what it asks, so that asking twice is once; each author's are their own. None: the
    page made none, or it is no key."""
    return f"{author.id}.{typed}" if isinstance(typed, str) and _KEY.fullmatch(typed) else None


def asked_before(table: type[Ticket] | type[TicketMessage], key: str | None) -> Any:
    """What an earlier request with this key made, or None."""
    return None if key is None else table.get_or_none(table.key == key)


def save(row: Ticket | None, values: Mapping[str, Any], author: Agent, key: str | None = None) -> Ticket:
    """In the transaction that is open. `values` are those of `check`; `key`: of a new one, `own_key`."""
    created = row is None
    before = None if row is None else _audited(row)
    heard = set() if row is None else audience(row)
    ticket = Ticket(author=author, key=key) if row is None else row
    was = None if created else ticket.state
    had = None if created else ticket.agent_id
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
    mark_read(saved, author)
    given = saved.agent_id if saved.agent_id != had else None
    _note(saved, "new" if created else "change", author, heard | audience(saved), given)
    return saved


def take(ticket: Ticket, author: Agent) -> Ticket | Taken:
    """A ticket that nobody has becomes the author's, in the transaction that is open; of two who take it, one."""
    taken = (
        Ticket.update(agent=author, updated_at=now()).where(Ticket.id == ticket.id, Ticket.agent.is_null()).execute()
    )
    fresh: Ticket = Ticket.get_by_id(ticket.id)
    if not taken:
        return fresh if fresh.agent_id == author.id else Taken(fresh.agent)
    audit.record("tickets", "take", key=fresh.id, name=fresh.subject, after={"agent": author})
    mark_read(fresh, author)
    _note(fresh, "change", author, audience(fresh))
    return fresh


def say(ticket: Ticket, values: Mapping[str, Any], author: Agent, key: str | None = None) -> TicketMessage:
    """A message at the end of the thread, in the transaction that is open."""
    message: TicketMessage = TicketMessage.create(
        ticket=ticket, author=author, text=values["text"], internal=values["internal"], key=key
    )
    for key in values["attachments"]:
        TicketAttachment.create(ticket=ticket, attachment=key, message=message)
    touch(ticket, "message", author)
    after = {"text": message.text, "internal": message.internal, "attachments": _names(values["attachments"])}
    audit.record("tickets", "message", key=ticket.id, name=ticket.subject, after=after)
    return message


def touch(ticket: Ticket, what: str, author: Agent) -> None:
    """Something beside its own columns changed: `message`, `files`."""
    ticket.updated_at = now()
    Ticket.update(updated_at=ticket.updated_at).where(Ticket.id == ticket.id).execute()
    mark_read(ticket, author)
    _note(ticket, what, author, audience(ticket))


def mark_read(ticket: Ticket, agent: Agent, at: datetime | None = None) -> None:
    """As it was `at`, or as it is; what changes later is new to the agent again."""
    until = ticket.updated_at if at is None else min(at, ticket.updated_at)
    TicketReading.insert(ticket=ticket, agent=agent, read_at=until).on_conflict(
        conflict_target=(TicketReading.agent, TicketReading.ticket),
        update={TicketReading.read_at: until},
        where=(TicketReading.read_at < until),
    ).execute()


# ---------------------------------------------------------------- told to the desks
def audience(ticket: Ticket) -> set[int]:
    """Whom it concerns: its agent, its group's members, who wrote it."""
    members = AgentGroupMember.select(AgentGroupMember.agent).where(AgentGroupMember.group == ticket.group_id)
    keys = {key for (key,) in members.tuples()} if ticket.group_id is not None else set()
    return keys | {key for key in (ticket.agent_id, ticket.author_id) if key is not None}


def tell() -> None:
    """After the commit: the desks hear what was done in this request."""
    for agents, about in g.pop(_NEWS, ()):
        tell_desks("tickets", agents, about)


def _note(ticket: Ticket, what: str, author: Agent, agents: set[int], given: int | None = None) -> None:
    about = {"ticket": ticket.id, "what": what, "by": author.id, "given": given}
    g.setdefault(_NEWS, []).append((agents, about))


def _audited(row: Ticket) -> dict[str, Any]:
    state = {name: getattr(row, name) for name in _COLUMNS}
    return state | {"attachments": _names(attachments_of([row.id]).get(row.id, []))}


def _names(keys: list[int]) -> list[str]:
    return [name for (name,) in Attachment.select(Attachment.filename).where(Attachment.id.in_(keys)).tuples()]
