"""Who sees which thread of messages.

Owns: the rule, as SQL for lists, for one thread, and the other way round for news. Must not: know roles' pages.

An administrator and a supervisor see all. An agent sees the threads of the call centers whose calls they take, and
those of contacts they may see: that they are in charge of, have written to, or have spoken with.
"""

from typing import Any, Final

from peewee import Database

from models.db import execute, placeholder
from models.values.call import Role

_SEES_ALL: Final = (Role.ADMINISTRATOR.value, Role.SUPERVISOR.value)

SEEN_BY: Final = (
    "(t.call_center_id IN (SELECT call_center_id FROM call_center_agents WHERE agent_id = ?) "
    "OR t.call_center_id IN (SELECT g.call_center_id FROM call_center_groups g JOIN agent_group_members m "
    "ON m.group_id = g.group_id WHERE m.agent_id = ?) "
    "OR t.contact_id IN (SELECT id FROM contacts WHERE agent_id = ?) "
    "OR EXISTS (SELECT 1 FROM sms_messages w WHERE w.thread_id = t.id AND w.agent_id = ?) "
    "OR EXISTS (SELECT 1 FROM calls c WHERE c.contact_id = t.contact_id AND c.agent_id = ?))"
)
"""What an agent sees of `sms_threads t`; each mark is the agent's id (`marks`)."""
MARKS: Final = SEEN_BY.count("?")


def condition(agent: int, role: Role | str, mark: str) -> tuple[str, list[int]]:
    """For a list of `sms_threads t`: SQL with its marks, and their values."""
    if Role(role).value in _SEES_ALL:
        return "1 = 1", []
    return SEEN_BY.replace("?", mark), [agent] * MARKS


def sees(database: Database, agent: int, role: Role | str, thread: int) -> bool:
    """Is there such a thread, and may they see it?"""
    where, values = condition(agent, role, "?")
    sql = f"SELECT 1 FROM sms_threads t WHERE t.id = ? AND {where}"  # noqa: S608
    return _run(database, sql, thread, *values).fetchone() is not None


def sees_contact(database: Database, agent: int, role: Role | str, contact: int) -> bool:
    """May they see this contact's data because of calls, messages, or being in charge?"""
    if Role(role).value in _SEES_ALL:
        return True
    where, values = condition(agent, role, "?")
    sql = (
        "SELECT 1 FROM contacts WHERE id = ? AND (agent_id = ? OR EXISTS (SELECT 1 FROM calls c WHERE c.contact_id = "  # noqa: S608
        "contacts.id AND c.agent_id = ?) OR EXISTS (SELECT 1 FROM sms_threads t WHERE t.contact_id = contacts.id "
        f"AND {where}))"
    )
    return _run(database, sql, contact, agent, agent, *values).fetchone() is not None


def who_sees(database: Database, thread: int) -> list[int]:
    """The active users who see it: those whom its news concerns."""
    rows = _run(
        database,
        "SELECT a.id FROM agents a, sms_threads t WHERE t.id = ? AND a.active AND (a.role IN (?, ?) OR "  # noqa: S608
        f"{SEEN_BY.replace('?', 'a.id')}) ORDER BY a.id",
        thread, *_SEES_ALL,
    ).fetchall()  # fmt: skip
    return [int(key) for (key,) in rows]


def _run(database: Database, sql: str, *parameters: object) -> Any:
    return execute(database, sql.replace("?", placeholder(database)), parameters)
