"""Which tickets somebody may see, which of them wait for them, and in what order they press.

Owns: the conditions and orders on `tickets`. Must not: read a request, or shape an answer.

Agents see their own, those of their groups (also when a colleague took one: whoever calls about it can be answered) and
those they wrote; supervisors and administrators see all. What is said here holds for every page of tickets.
"""

from typing import Any, Final

from peewee import JOIN, Case, ModelSelect

from admin.folding import any_contains
from models.tables import (
    Agent,
    AgentGroup,
    AgentGroupMember,
    Contact,
    Ticket,
    TicketPriority,
    TicketReading,
    TicketState,
)
from models.tables import now as present
from models.values.call import Role

_RANKS: Final = {TicketPriority.URGENT: 0, TicketPriority.HIGH: 1, TicketPriority.NORMAL: 2, TicketPriority.LOW: 3}
RANK: Final = Case(Ticket.priority, tuple((priority.value, rank) for priority, rank in _RANKS.items()), 9)
UNSOLVED: Final = Ticket.state != TicketState.SOLVED


def groups_of(agent: Agent) -> ModelSelect:
    return AgentGroupMember.select(AgentGroupMember.group).where(AgentGroupMember.agent == agent)


def of_groups(agent: Agent) -> Any:
    return Ticket.group.in_(groups_of(agent))


def visible(agent: Agent) -> Any:
    if Role(agent.role) is not Role.AGENT:
        return Ticket.id > 0
    return (Ticket.agent == agent) | (Ticket.author == agent) | of_groups(agent)


def unread(agent: Agent) -> Any:
    """Something changed since the agent read it last."""
    read = TicketReading.select(TicketReading.ticket).where(
        TicketReading.agent == agent, TicketReading.ticket == Ticket.id, TicketReading.read_at >= Ticket.updated_at
    )
    return Ticket.id.not_in(read)


def waiting(agent: Agent) -> Any:
    """What the badge counts: the agent's own, what is new in their groups' and nobody took, what is new of theirs."""
    new = (Ticket.agent.is_null() & of_groups(agent)) | (Ticket.author == agent)
    return UNSOLVED & ((Ticket.agent == agent) | (new & unread(agent)))


def overdue() -> Any:
    return UNSOLVED & (Ticket.due_at < present())


def has_words(typed: str) -> Any:
    """Each word in the ticket or its contact, without case and accents; None when nothing was typed."""
    return any_contains((Ticket.folded, Contact.search), typed.replace("\x00", " "))


def with_names() -> ModelSelect:
    """Tickets with the contact, the agent and the group that a list shows."""
    query = Ticket.select(Ticket, Contact, Agent, AgentGroup)
    for column in (Ticket.contact, Ticket.agent, Ticket.group):
        query = query.join_from(Ticket, column.rel_model, JOIN.LEFT_OUTER, on=column)
    return query


def by_due() -> tuple[Any, ...]:
    """What is due first is first, what is never due last; then the priority."""
    return (Ticket.due_at.asc(nulls="last"), RANK, Ticket.id)


def by_priority() -> tuple[Any, ...]:
    return (RANK, Ticket.due_at.asc(nulls="last"), Ticket.id)


def by_change() -> tuple[Any, ...]:
    return (Ticket.updated_at.desc(), Ticket.id.desc())
