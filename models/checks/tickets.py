"""Checks of tickets and of what is said about them."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from models.checks.base import Check, Checked
from models.tables import Agent, AgentGroup, Attachment, Call, Contact, Ticket, TicketMessage
from models.tables.tickets import TicketPriority, TicketState
from models.values.errors import InvalidValue

MAX_ATTACHMENTS: Final = 20


def check_ticket(data: Mapping[str, Any], row: Ticket | None = None) -> Checked:
    """A ticket may be a group's, an agent's, both (one of the group took it) or nobody's yet."""
    check = Check(Ticket, data, row)
    check.text("subject", required=True)
    check.text("text", lines=True)
    check.choice("state", TicketState)
    check.choice("priority", TicketPriority)
    check.reference("contact", Contact)
    agent = check.reference("agent", Agent)
    if agent is not None and agent != getattr(row, "agent_id", None) and not Agent.get_by_id(agent).active:
        check.refuse("agent", InvalidValue("not_found", what="Agent", value=str(agent)))
    check.reference("group", AgentGroup)
    check.step("call", lambda: _call(check.raw("call")))
    check.step("due_at", lambda: _instant(check.raw("due_at")))
    if "attachments" in data:
        check.step("attachments", lambda: known_attachments(data["attachments"]))
    return check.result


def check_ticket_message(data: Mapping[str, Any]) -> Checked:
    check = Check(TicketMessage, data)
    check.text("text", required=True, lines=True)
    check.flag("internal")
    check.step("attachments", lambda: known_attachments(data.get("attachments") or ()))
    return check.result


def known_attachments(typed: Iterable[Any]) -> list[int]:
    """Ids of documents, each once. Raises InvalidValue."""
    keys = list(dict.fromkeys(int(one) for one in typed))
    if len(keys) > MAX_ATTACHMENTS:
        raise InvalidValue("too_many", maximum=MAX_ATTACHMENTS)
    rows: Any = Attachment.select(Attachment.id).where(Attachment.id.in_(keys)).tuples()
    found = {key for (key,) in rows}
    for key in keys:
        if key not in found:
            raise InvalidValue("not_found", what="Attachment", value=str(key))
    return keys


def _call(typed: Any) -> str | None:
    key = str(getattr(typed, "id", typed) or "").strip()
    if not key:
        return None
    if len(key) > 64 or not key.isprintable() or Call.get_or_none(Call.id == key) is None:
        raise InvalidValue("not_found", what="Call", value=key[:40])
    return key


def _instant(typed: Any) -> datetime | None:
    """An aware instant, or its ISO text. Raises InvalidValue(not_an_instant)."""
    if typed is None or typed == "":
        return None
    try:
        at = typed if isinstance(typed, datetime) else datetime.fromisoformat(str(typed))
    except ValueError:
        raise InvalidValue("not_an_instant", value=str(typed)[:40]) from None
    if at.tzinfo is None or not 1971 <= at.year <= 2999:
        raise InvalidValue("not_an_instant", value=str(typed)[:40])
    return at.astimezone(UTC).replace(microsecond=at.microsecond // 1000 * 1000)
