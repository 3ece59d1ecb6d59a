"""Which tickets somebody may see, and in what order they press.

Owns: the conditions and orders on `tickets`. Must not: read a request, or shape an answer.
"""

from typing import Any, Final

from peewee import Case, ModelSelect

from models.tables import Agent, AgentGroupMember, Ticket, TicketPriority, TicketState
from models.values.call import Role

_RANKS: Final = {TicketPriority.URGENT: 0, TicketPriority.HIGH: 1, TicketPriority.NORMAL: 2, TicketPriority.LOW: 3}
RANK: Final = Case(Ticket.priority, tuple(_RANKS.items()), 9)
UNSOLVED: Final = Ticket.state != TicketState.SOLVED


def groups_of(agent: Agent) -> ModelSelect:
    return AgentGroupMember.select(AgentGroupMember.group).where(AgentGroupMember.agent == agent)


def concerns(agent: Agent) -> Any:
    """Given to the agent, or to a group of theirs and taken by nobody yet."""
    return (Ticket.agent == agent) | (Ticket.agent.is_null() & Ticket.group.in_(groups_of(agent)))


def visible(agent: Agent) -> Any:
    """Agents see their own, their groups' and those they wrote; supervisors and administrators see all."""
    if Role(agent.role) is not Role.AGENT:
        return Ticket.id > 0
    return (Ticket.agent == agent) | (Ticket.author == agent) | Ticket.group.in_(groups_of(agent))


def by_due() -> tuple[Any, ...]:
    """What is due first is first, what is never due last; then the priority."""
    return (Ticket.due_at.asc(nulls="last"), RANK, Ticket.id)
