"""A ticket or a promised callback that falls due is told to the desks of those whom it concerns, once: a thread of
`jobs`.

Owns: which are told, and the note that they were. Must not: insist: who is at no desk then sees it overdue in the list.
docs/decisions/0032-tickets-at-the-desk.md
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from peewee import Database

from admin import callbacks, tickets
from admin.background import Background
from admin.engine import Engine
from admin.ticket_search import UNSOLVED
from models.db import transaction
from models.tables import AgentCallback, Ticket, now

POLL_SECONDS: Final = 15.0
AT_ONCE: Final = 200
# What fell due longer ago is no news: it happened while nothing ran.
RECENT: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Due:
    """Rows with `due_at` and `due_told`, while they are `waiting`; `concerned`: the agents who are told of a row."""

    topic: str
    table: Any
    waiting: Any
    concerned: Callable[[Any], set[int]]
    about: Callable[[Any], dict[str, Any]]


def _concerned(ticket: Ticket) -> set[int]:
    """Somebody's own: the agent's alone. Nobody's yet: all who could take it."""
    return {ticket.agent_id} if ticket.agent_id is not None else tickets.audience(ticket)


TICKETS: Final = Due("tickets", Ticket, UNSOLVED, _concerned, lambda row: {"ticket": row.id, "given": None})
CALLBACKS: Final = Due(
    "callbacks", AgentCallback, callbacks.PENDING, callbacks.audience, lambda row: {"callback": row.id}
)


def remind(database: Database, engine: Engine, due: Due) -> int:
    """Tells what has fallen due; how many. With the engine away they wait for the next time."""
    table, present = due.table, now()
    fallen = (table.due_at <= present) & (table.due_at > present - RECENT)
    untold = table.due_told.is_null() | (table.due_told != table.due_at)
    told = 0
    for row in list(table.select().where(due.waiting, fallen, untold).order_by(table.due_at).limit(AT_ONCE)):
        agents = due.concerned(row)
        if agents and not engine.news(due.topic, sorted(agents), due.about(row) | {"what": "due", "by": None}):
            break
        with transaction(database):
            table.update(due_told=row.due_at).where(table.id == row.id).execute()
        told += 1
    return told


class Reminders(Background):
    """The thread; see `Background`."""

    name = "reminders"
    pause_seconds = POLL_SECONDS

    def __init__(self, database: Database, engine: Engine) -> None:
        super().__init__(database)
        self._engine = engine

    def _round(self) -> None:
        for due in (TICKETS, CALLBACKS):
            remind(self._database, self._engine, due)
