"""Tickets and their threads.

Owns: their bodies, filters and orders. Must not: check or save by itself (`admin.tickets` does), or delete: a ticket is
solved.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from peewee import ModelSelect
from pydantic import Field, StrictBool

from admin import sessions, tickets
from admin.api import idempotency, paging
from admin.api.paging import By
from admin.api.problems import ApiProblem, field_error, invalid
from admin.api.saving import answered, require_match
from admin.api.shapes import Answer, Body, Key, ListQuery, Moment, Page
from admin.api.spec import operation, pages
from admin.folding import any_contains
from admin.installation import installation
from admin.permissions import Act
from models.db import transaction
from models.tables import Attachment, Ticket, TicketAttachment, TicketMessage
from models.values.call import Role

StateName = Literal["open", "pending", "solved"]
PriorityName = Literal["low", "normal", "high", "urgent"]
_NAMES: Final = {"contact": "contact_id", "agent": "agent_id", "group": "group_id", "call": "call_id"}
Documents = Annotated[list[Key], Field(max_length=20)]


class TicketFields(Body):
    subject: str = Field("", max_length=200)
    text: str = Field("", max_length=20_000)
    state: StateName = "open"
    priority: PriorityName = "normal"
    contact_id: Key | None = None
    call_id: str | None = Field(None, max_length=64, description="The call in which it came up.")
    agent_id: Key | None = None
    group_id: Key | None = None
    due_at: Moment | None = None
    attachments: Documents = Field([], description="All documents of the page Attachments at the ticket, by id.")


class NewTicket(TicketFields):
    subject: str = Field(min_length=1, max_length=200)


class TicketAnswer(Answer):
    id: int
    subject: str
    text: str
    state: StateName
    priority: PriorityName
    contact_id: int | None
    call_id: str | None
    agent_id: int | None
    group_id: int | None
    due_at: Moment | None
    attachments: list[int]
    author_id: int | None
    solved_at: Moment | None
    created_at: Moment
    updated_at: Moment


class TicketPage(Page):
    items: list[TicketAnswer]


class TicketQuery(ListQuery):
    sort: Literal["id", "-id", "updated_at", "-updated_at", "due_at", "-due_at"] = "-updated_at"
    q: str | None = Field(None, max_length=200, description="Words anywhere in subject and text.")
    state: StateName | None = None
    priority: PriorityName | None = None
    contact_id: int | None = Field(None, ge=1, le=2**53)
    agent_id: int | None = Field(None, ge=1, le=2**53)
    group_id: int | None = Field(None, ge=1, le=2**53)
    due_before: Moment | None = None


class NewMessage(Body):
    text: str = Field(min_length=1, max_length=20_000)
    internal: StrictBool = Field(True, description="For colleagues, never for the contact.")
    attachments: Documents = []


class MessageAnswer(Answer):
    id: int
    text: str
    internal: bool
    author_id: int | None
    attachments: list[int]
    created_at: Moment


class MessagePage(Page):
    items: list[MessageAnswer]


class MessageQuery(ListQuery):
    sort: Literal["id", "-id"] = "id"


_ORDERS: Final = {
    "id": By(Ticket.id),
    "-id": By(Ticket.id, True),
    "updated_at": By(Ticket.updated_at),
    "-updated_at": By(Ticket.updated_at, True),
    "due_at": By(Ticket.due_at, nullable=True),
    "-due_at": By(Ticket.due_at, True, nullable=True),
}
_MESSAGE_ORDERS: Final = {"id": By(TicketMessage.id), "-id": By(TicketMessage.id, True)}


def _shape_all(rows: list[Ticket]) -> list[TicketAnswer]:
    documents = tickets.attachments_of([row.id for row in rows])
    hidden = _hidden({one for several in documents.values() for one in several})
    return [
        TicketAnswer(
            id=row.id,
            subject=row.subject,
            text=row.text,
            state=row.state.value,
            priority=row.priority.value,
            contact_id=row.contact_id,
            call_id=row.call_id,
            agent_id=row.agent_id,
            group_id=row.group_id,
            due_at=row.due_at,
            attachments=[one for one in documents.get(row.id, ()) if one not in hidden],
            author_id=row.author_id,
            solved_at=row.solved_at,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in rows
    ]


def _hidden(keys: set[int]) -> set[int]:
    """Private documents, from whoever may not see them."""
    if sessions.user().role is Role.ADMINISTRATOR or not keys:
        return set()
    private = Attachment.select(Attachment.id).where(Attachment.id.in_(list(keys)), Attachment.private)
    return {key for (key,) in private.tuples()}


def _messages(rows: list[TicketMessage]) -> list[MessageAnswer]:
    documents: dict[int, list[int]] = {}
    found = TicketAttachment.select(TicketAttachment.message, TicketAttachment.attachment).where(
        TicketAttachment.message.in_([row.id for row in rows])
    )
    for message, attachment in found.order_by(TicketAttachment.id).tuples():
        documents.setdefault(message, []).append(attachment)
    hidden = _hidden({one for several in documents.values() for one in several})
    return [
        MessageAnswer(
            id=row.id,
            text=row.text,
            internal=row.internal,
            author_id=row.author_id,
            attachments=[one for one in documents.get(row.id, ()) if one not in hidden],
            created_at=row.created_at,
        )
        for row in rows
    ]


def _row(key: int, *, locked: bool = False) -> Ticket:
    query = Ticket.select().where(Ticket.id == key)
    row: Ticket | None = tickets.locked(key) if locked else query.first() if key < 2**63 else None
    if row is None:
        raise ApiProblem("not_found", _("No hay nada en %(path)s.", path=request.path))
    return row


def _etag(row: Ticket) -> str:
    return f'"{tickets.fingerprint(row)}"'


def _data(body: TicketFields) -> dict[str, Any]:
    return {name.removesuffix("_id"): value for name, value in body.sent().items()}


def _refuse(errors: Mapping[str, Any]) -> None:
    if errors:
        raise invalid(*(field_error(_NAMES.get(name, name), problem) for name, problem in errors.items()))


def _found(query: TicketQuery) -> ModelSelect:
    found = Ticket.select()
    if query.q is not None:
        wanted = any_contains((Ticket.folded,), query.q.replace("\x00", " "))
        found = found if wanted is None else found.where(wanted)
    for name in ("state", "priority"):
        if getattr(query, name) is not None:
            found = found.where(getattr(Ticket, name) == getattr(query, name))
    for name in ("contact", "agent", "group"):
        if getattr(query, f"{name}_id") is not None:
            found = found.where(getattr(Ticket, name) == getattr(query, f"{name}_id"))
    if query.due_before is not None:
        found = found.where(Ticket.due_at < query.due_before)
    return found


@pages.get("/tickets")
@operation("tickets", Act.READ, _l("Lista tickets"), query=TicketQuery, answer=TicketPage)
def list_tickets(query: TicketQuery) -> Any:
    rows, following = paging.page(_found(query), Ticket.id, _ORDERS, query)
    return TicketPage(items=_shape_all(rows), next=following)


@pages.post("/tickets")
@operation("tickets", Act.CREATE, _l("Crea un ticket"), body=NewTicket, answer=TicketAnswer, status=201, one=True)
def create_ticket(json: NewTicket) -> Any:
    author = sessions.user().row
    with transaction(installation().database):
        checked = tickets.check(_data(json), None, author)
        _refuse(checked.errors)
        row = tickets.save(None, checked.values, author)
        body, tag, location = _shape_all([row])[0], _etag(row), f"{request.path}/{row.id}"
        idempotency.keep(201, body.model_dump(mode="json"), etag=tag, location=location)
    tickets.tell()
    return answered(body, tag, status=201, location=location)


@pages.get("/tickets/<int:ticket_id>")
@operation("tickets", Act.READ, _l("Un ticket"), answer=TicketAnswer, one=True)
def get_ticket(ticket_id: int) -> Any:
    row = _row(ticket_id)
    return answered(_shape_all([row])[0], _etag(row))


@pages.patch("/tickets/<int:ticket_id>")
@operation("tickets", Act.EDIT, _l("Cambia un ticket"), body=TicketFields, answer=TicketAnswer, edits=True, one=True)
def edit_ticket(ticket_id: int, json: TicketFields) -> Any:
    author = sessions.user().row
    with transaction(installation().database):
        row = _row(ticket_id, locked=True)
        require_match(_etag(row))
        checked = tickets.check(_data(json), row, author)
        _refuse(checked.errors)
        row = tickets.save(row, checked.values, author)
        body, tag = _shape_all([row])[0], _etag(row)
    tickets.tell()
    return answered(body, tag)


@pages.get("/tickets/<int:ticket_id>/messages")
@operation("tickets", Act.READ, _l("Lo que se dijo de un ticket"), query=MessageQuery, answer=MessagePage)
def list_ticket_messages(ticket_id: int, query: MessageQuery) -> Any:
    thread = TicketMessage.select().where(TicketMessage.ticket == _row(ticket_id))
    rows, following = paging.page(thread, TicketMessage.id, _MESSAGE_ORDERS, query)
    return MessagePage(items=_messages(rows), next=following)


@pages.post("/tickets/<int:ticket_id>/messages")
@operation(
    "tickets", Act.CREATE, _l("Agrega un mensaje a un ticket"), body=NewMessage, answer=MessageAnswer, status=201
)
def create_ticket_message(ticket_id: int, json: NewMessage) -> Any:
    author = sessions.user().row
    with transaction(installation().database):
        ticket = _row(ticket_id, locked=True)
        checked = tickets.check_message(json.model_dump(), author)
        _refuse(checked.errors)
        body = _messages([tickets.say(ticket, checked.values, author)])[0]
        idempotency.keep(201, body.model_dump(mode="json"))
    tickets.tell()
    return answered(body, status=201)
