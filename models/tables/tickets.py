"""Tickets: what is still to be done for a contact, with the thread of what was said about it.

Owns: the columns, the folded text for searches. Must not: decide who may see a ticket, or keep a document's bytes.
"""

from enum import StrEnum
from typing import Any

from peewee import BigIntegerField, BooleanField, CharField, CompositeKey

from models.tables.account import Agent, AgentGroup
from models.tables.base import ChoiceField, InstantField, LimitedTextField, Row, fold, now, points_to
from models.tables.calls import Call
from models.tables.contacts import Contact
from models.tables.paper import Attachment


class TicketState(StrEnum):
    OPEN = "open"
    PENDING = "pending"  # waits for somebody outside
    SOLVED = "solved"


class TicketPriority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class Ticket(Row):
    """Given to an agent or to a group, or to nobody yet. Never deleted: solved."""

    subject = CharField(max_length=200)
    text = LimitedTextField(max_length=20_000, default="")
    state = ChoiceField(TicketState, default=TicketState.OPEN)
    priority = ChoiceField(TicketPriority, default=TicketPriority.NORMAL)
    contact = points_to(Contact, null=True, backref="tickets", index=False)
    call = points_to(Call, null=True, backref="tickets")
    agent = points_to(Agent, null=True, backref="tickets", index=False)
    group = points_to(AgentGroup, null=True, backref="tickets", index=False)
    due_at = InstantField(null=True)
    due_told = InstantField(null=True)  # the due date whose passing its agent was told of
    author = points_to(Agent, null=True, backref="written_tickets", index=False)
    solved_at = InstantField(null=True)
    created_at = InstantField(default=now, index=True)
    updated_at = InstantField(default=now, index=True)  # of the ticket or its thread
    key = CharField(max_length=100, null=True, unique=True)  # of the page that asked for it: asked twice, it is one
    folded = LimitedTextField(max_length=21_000, default="")

    class Meta:
        table_name = "tickets"
        indexes = (
            (("contact", "updated_at"), False),
            (("agent", "state", "due_at"), False),
            (("group", "state", "due_at"), False),
            (("author", "state", "due_at"), False),
            (("state", "due_at"), False),
        )

    def save(self, *args: Any, **kwargs: Any) -> Any:
        self.folded = fold(f"{self.subject} {self.text}")
        return super().save(*args, **kwargs)


class TicketMessage(Row):
    """One entry of the thread. `internal`: for colleagues, never for the contact."""

    ticket = points_to(Ticket, on_delete="CASCADE", backref="messages", index=False)
    author = points_to(Agent, null=True, backref="ticket_messages", index=False)
    text = LimitedTextField(max_length=20_000)
    internal = BooleanField(default=True)
    created_at = InstantField(default=now)
    key = CharField(max_length=100, null=True, unique=True)  # as of a ticket

    class Meta:
        table_name = "ticket_messages"
        indexes = ((("ticket", "created_at"), False),)


class TicketAttachment(Row):
    """A document of *Adjuntos* at a ticket, or at one message of its thread: always in its latest version."""

    ticket = points_to(Ticket, on_delete="CASCADE", backref="attachments")
    attachment = points_to(Attachment, backref="tickets")
    message = points_to(TicketMessage, null=True, on_delete="CASCADE", backref="attachments")

    class Meta:
        table_name = "ticket_attachments"


class TicketFile(Row):
    """A file that somebody brought to one ticket; it is no document of *Adjuntos*. `sha256` names it on disk."""

    ticket = points_to(Ticket, on_delete="CASCADE", backref="files")
    author = points_to(Agent, null=True, backref="ticket_files", index=False)
    filename = CharField(max_length=200)
    mime = CharField(max_length=100)
    size = BigIntegerField()  # bytes
    sha256 = CharField(max_length=64, index=True)
    created_at = InstantField(default=now)

    class Meta:
        table_name = "ticket_files"


class TicketReading(Row):
    """Until which change of a ticket an agent has read it."""

    ticket = points_to(Ticket, on_delete="CASCADE", backref="readings", index=False)
    agent = points_to(Agent, on_delete="CASCADE", backref="ticket_readings", index=False)
    read_at = InstantField()

    class Meta:
        table_name = "ticket_readings"
        primary_key = CompositeKey("agent", "ticket")
        indexes = ((("ticket",), False),)
