"""A callback that falls due is told to the desks of those who may make it, once: beside the tickets' reminders.

Owns: which callbacks are told, and the note that they were. Must not: insist: who is at no desk then sees it overdue in
the list.
"""

from peewee import Database

from admin import callbacks
from admin.engine import Engine
from admin.ticket_reminders import AT_ONCE, RECENT
from models.db import transaction
from models.tables import AgentCallback, now


def remind(database: Database, engine: Engine) -> int:
    """Tells what has fallen due; how many. With the engine away they wait for the next time."""
    present = now()
    due = (AgentCallback.due_at <= present) & (AgentCallback.due_at > present - RECENT)
    untold = AgentCallback.due_told.is_null() | (AgentCallback.due_told != AgentCallback.due_at)
    told = 0
    query = AgentCallback.select().where(callbacks.PENDING, due, untold).order_by(AgentCallback.due_at)
    for row in list(query.limit(AT_ONCE)):
        agents = callbacks.audience(row)
        about = {"callback": row.id, "what": "due", "by": None}
        if agents and not engine.news("callbacks", sorted(agents), about):
            break
        with transaction(database):
            AgentCallback.update(due_told=row.due_at).where(AgentCallback.id == row.id).execute()
        told += 1
    return told
