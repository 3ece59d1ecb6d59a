"""A ticket or a promised callback that falls due is told to the desks of those whom it concerns, once: a thread of
`jobs`.

Owns: which are told, and the note that they were. Must not: insist: who is at no desk then sees it overdue in the list.
docs/decisions/0032-tickets-at-the-desk.md
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from peewee import Database, PeeweeException

from admin import callbacks, tickets
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


class Reminders:
    """`start`, and `stop` when the program ends."""

    def __init__(self, database: Database, engine: Engine) -> None:
        self._database = database
        self._engine = engine
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reminders", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, seconds: float = 5.0) -> None:
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                for due in (TICKETS, CALLBACKS):
                    remind(self._database, self._engine, due)
            except PeeweeException as error:
                print(f"level=warning event=reminders_database_away why={error!r}", flush=True)
            except Exception as error:  # a defect here must not end the reminders for good
                print(f"level=error event=reminders_failed why={error!r}", flush=True)
            self._database.close()
            self._stopping.wait(POLL_SECONDS)
