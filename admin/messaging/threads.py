"""Threads and their messages as the chat shows them.

Owns: the queries and their JSON. Must not: write, or decide who sees what (`models.message_sight`).
"""

from typing import Any, Final

from peewee import JOIN, SQL, fn

from admin.folding import any_contains
from admin.formats import phone
from admin.installation import account, installation
from admin.messaging.numbers import our_numbers, trunk_carries
from admin.messaging.words import reason_text, state_text
from models import message_sight, messages
from models.db import placeholder
from models.tables import (
    Agent,
    CallCenter,
    Company,
    Contact,
    Disposition,
    SmsMessage,
    SmsOptOut,
    SmsTemplate,
    SmsThread,
    epoch_ms,
)
from models.tables.contacts import DispositionAction
from models.values.phone import normalise
from models.values.sms_words import fill

THREADS: Final = 40
MESSAGES: Final = 50

T: Any = SmsThread.alias("t")


def visible(agent: Agent) -> Any:
    """The condition on `T`: what they see."""
    database = installation().database
    return SQL(*message_sight.condition(agent.id, agent.role, placeholder(database)))


def one(agent: Agent, key: int) -> SmsThread | None:
    """The thread, when there is one that they see."""
    if not message_sight.sees(installation().database, agent.id, agent.role, key):
        return None
    found: SmsThread | None = _with_names().where(T.id == key).first()
    return found


def _with_names() -> Any:
    return (
        T.select(T, Contact, Company, CallCenter)
        .join_from(T, Contact, JOIN.LEFT_OUTER, on=(T.contact == Contact.id), attr="known")
        .join_from(Contact, Company, JOIN.LEFT_OUTER)
        .join_from(T, CallCenter, JOIN.LEFT_OUTER, on=(T.call_center == CallCenter.id), attr="center")
    )


def listing(
    agent: Agent, text: str = "", *, unread: bool = False, before: tuple[int, int] | None = None
) -> dict[str, Any]:
    """A page of threads, the last written first. `before`: when and id of the last one of the page before."""
    query = _with_names().where(visible(agent))
    digits = "".join(character for character in text if character.isdigit())
    if text.strip():
        found = any_contains((Contact.search, T.last_text), text)
        if len(digits) >= 3:
            found = T.number.contains(digits) if found is None else found | T.number.contains(digits)
        query = query.where(found)
    if unread:
        query = query.where(T.unread > 0)
    if before is not None:
        at, key = before
        query = query.where((T.last_at < at) | ((T.last_at == at) & (T.id < key)))
    rows = list(query.order_by(T.last_at.desc(), T.id.desc()).limit(THREADS + 1))
    return {
        "threads": [shape(row) for row in rows[:THREADS]],
        "more": len(rows) > THREADS,
        "unread": unread_count(agent),
    }


def unread_count(agent: Agent) -> int:
    return int(T.select(fn.COUNT(T.id)).where(visible(agent), T.unread > 0).scalar())


def shape(row: Any) -> dict[str, Any]:
    contact, center = getattr(row, "known", None), getattr(row, "center", None)
    return {
        "id": row.id,
        "number": row.number,
        "shown": phone(row.number) or row.number,
        "ours": row.our_number,
        "ours_shown": phone(row.our_number) or row.our_number,
        "name": contact.name if contact else "",
        "contact": row.contact_id,
        "company": contact.company.name if contact and contact.company_id else "",
        "center": {"id": center.id, "name": center.name, "color": center.color} if center else None,
        "at": epoch_ms(row.last_at),
        "text": row.last_text,
        "mine": row.last_direction == "outbound",
        "unread": row.unread,
    }


def messages_of(key: int, before: int | None = None) -> tuple[list[dict[str, Any]], bool]:
    """The last ones, the oldest first; `before`: a message's id."""
    query = (
        SmsMessage.select(SmsMessage, Agent)
        .join(Agent, JOIN.LEFT_OUTER, on=(SmsMessage.agent == Agent.id), attr="writer")
        .where(SmsMessage.thread == key)
    )
    if before is not None:
        query = query.where(SmsMessage.id < before)
    rows = list(query.order_by(SmsMessage.id.desc()).limit(MESSAGES + 1))
    return [message(row) for row in reversed(rows[:MESSAGES])], len(rows) > MESSAGES


def message(row: Any) -> dict[str, Any]:
    writer = getattr(row, "writer", None) or row.agent
    return {
        "id": row.id,
        "key": row.key if row.direction == "outbound" else "",
        "mine": row.direction == "outbound",
        "text": row.text,
        "at": epoch_ms(row.created_at),
        "state": row.state.value,
        "words": state_text(row.state),
        "why": reason_text(row.state, row.reason),
        "detail": row.detail,
        "writer": writer.name if writer else "",
        "automatic": row.automatic,
        "parts": row.segments,
    }


def detail(agent: Agent, row: Any, before: int | None = None) -> dict[str, Any]:
    """A thread with its messages and all that its composer needs."""
    told, more = messages_of(row.id, before)
    return {"thread": shape(row), "messages": told, "more": more} | composer(agent, row)


def composer(agent: Agent, row: Any) -> dict[str, Any]:
    opted = SmsOptOut.get_or_none(SmsOptOut.active_key == row.number)
    way = messages.way_out(installation().database, row.our_number, trunk=trunk_carries())
    return {
        "opted_out": None if opted is None else {"at": epoch_ms(opted.at), "word": opted.word},
        "carried": way is not None,
        "do_not_call": _do_not_call(row.contact_id),
        "templates": templates(agent, row),
    }


def _do_not_call(contact: int | None) -> bool:
    query = (
        Contact.select(Contact.id)
        .join(Disposition)
        .where(Contact.id == contact, Disposition.action == DispositionAction.DO_NOT_CALL)
    )
    return contact is not None and query.exists()


def templates(agent: Agent, row: Any) -> list[dict[str, str]]:
    """Those in use, filled for this thread."""
    contact, center = getattr(row, "known", None), getattr(row, "center", None)
    values = {
        "contact": contact.name if contact else "",
        "company": contact.company.name if contact and contact.company_id else "",
        "number": phone(row.our_number),
        "agent": str(agent.name),
        "call_center": center.name if center else "",
        "account": str(account().name),
    }
    rows = SmsTemplate.select().where(SmsTemplate.active).order_by(SmsTemplate.name)
    return [{"name": str(one.name), "text": fill(str(one.text), values)} for one in rows]


# ---------------------------------------------------------------- somebody who was not written to yet
def with_number(agent: Agent, number: str, center: int | None = None) -> dict[str, Any] | None:
    """The thread with this number that they see, else what the chat needs to begin one; None: it is no number."""
    key = normalise(number, account().region)
    if key is None:
        return None
    ours = our_numbers(agent, center)
    query = _with_names().where(T.number == key, visible(agent))
    known = {row.our_number: row for row in query.order_by(T.last_at)}
    wanted = next((known[one.key] for one in ours[:1] if one.key in known), None)
    if wanted is None and known and center is None:
        wanted = next(reversed(known.values()))
    if wanted is not None:
        return {"thread": wanted.id}
    begun = SmsThread(our_number=ours[0].key if ours else "", number=key)
    contact = _contact_of(agent, key)
    if contact is not None:
        begun.known, begun.contact_id = contact, contact.id
    return {
        "thread": None,
        "begin": shape(begun) | {"id": 0},
        "numbers": [{"key": one.key, "label": one.label} for one in ours],
    } | composer(agent, begun)


def _contact_of(agent: Agent, key: str) -> Contact | None:
    """Who has this number, as far as they may know."""
    found: Contact | None = (
        Contact.select(Contact, Company)
        .join(Company, JOIN.LEFT_OUTER)
        .where(Contact.phone_key == key)
        .order_by(Contact.last_activity_at.desc(nulls="LAST"), Contact.id)
        .first()
    )
    if found is None or not message_sight.sees_contact(installation().database, agent.id, agent.role, found.id):
        return None
    return found
