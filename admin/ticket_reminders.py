"""A ticket that falls due is told to its agent's desk, once: a thread of `jobs`.

Owns: which tickets are told, and the note that they were. Must not: insist: who is at no desk then sees it overdue in
the list. docs/decisions/0032-tickets-at-the-desk.md
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from peewee import Database, PeeweeException

from admin import tickets
from admin.engine import Engine
from admin.ticket_search import UNSOLVED
from models.db import transaction
from models.tables import Ticket, now

POLL_SECONDS: Final = 15.0
AT_ONCE: Final = 200
# What fell due longer ago is no news: it happened while nothing ran.
RECENT: Final = timedelta(days=1)


def remind(database: Database, engine: Engine) -> int:
    """Tells what has fallen due; how many. With the engine away they wait for the next time."""
    present = now()
    due = (Ticket.due_at <= present) & (Ticket.due_at > present - RECENT)
    untold = Ticket.due_told.is_null() | (Ticket.due_told != Ticket.due_at)
    told = 0
    for ticket in list(Ticket.select().where(UNSOLVED, due, untold).order_by(Ticket.due_at).limit(AT_ONCE)):
        # Somebody's own: the agent's alone. Nobody's yet: all who could take it.
        agents = {ticket.agent_id} if ticket.agent_id is not None else tickets.audience(ticket)
        about = {"ticket": ticket.id, "what": "due", "by": None, "given": None}
        if agents and not engine.news("tickets", sorted(agents), about):
            break
        with transaction(database):
            Ticket.update(due_told=ticket.due_at).where(Ticket.id == ticket.id).execute()
        told += 1
    return told


class Reminders:
    """`start`, and `stop` when the program ends. `more`: others that are told of in the same round."""

    def __init__(self, database: Database, engine: Engine, *more: Callable[[Database, Engine], int]) -> None:
        self._database = database
        self._engine = engine
        self._rounds = (remind, *more)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ticket-reminders", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, seconds: float = 5.0) -> None:
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                for tell in self._rounds:
                    tell(self._database, self._engine)
            except PeeweeException as error:
                print(f"level=warning event=reminders_database_away why={error!r}", flush=True)
            except Exception as error:  # a defect here must not end the reminders for good
                print(f"level=error event=reminders_failed why={error!r}", flush=True)
            self._database.close()
            self._stopping.wait(POLL_SECONDS)
