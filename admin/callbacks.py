"""Calls that agents promised: who may make them, by when, and what becomes of them.

Owns: the rules and conditions on `agent_callbacks`, and each change's entry in the audit log. Must not: read a request,
shape an answer, or dial.

One is an agent's own, a group's, or anyone's who answers its call center. Nobody dials it but a person.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from peewee import ModelSelect

from admin import audit
from models.checks import Checked
from models.checks.base import clean_text
from models.tables import (
    Agent,
    AgentCallback,
    AgentCallbackState,
    AgentCallCenter,
    AgentGroupMember,
    Call,
    CallCenterAgent,
    CallCenterGroup,
    now,
)
from models.values.errors import InvalidValue

FIELDS: Final = ("callback_at", "callback_for", "callback_note")
ME: Final = ""
ANYONE: Final = "anyone"
FARTHEST: Final = timedelta(days=366)
PATIENCE: Final = timedelta(minutes=2)  # typed for now, saved a moment later
_LOCAL: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_NOTE: Final = int(AgentCallback._meta.fields["note"].max_length)
_AUDITED: Final = ("number", "contact", "call_center", "agent", "group", "due_at", "note", "state")

PENDING: Final = AgentCallback.state == AgentCallbackState.PENDING


@dataclass(frozen=True, slots=True)
class Gone:
    """Somebody else made it, or took it: `by`."""

    by: str


# ---------------------------------------------------------------- whose
def of(agent: Agent) -> Any:
    """What this agent may make: their own, and what nobody took of their groups and call centers."""
    groups = _groups_of(agent)
    free = AgentCallback.agent.is_null()
    return (
        (AgentCallback.agent == agent)
        | (free & AgentCallback.group.in_(groups))
        | (free & AgentCallback.group.is_null() & AgentCallback.call_center.in_(_centers_of(agent, groups)))
    )


def concerns(row: AgentCallback, agent: Agent) -> bool:
    """May this agent know of it? Of one that somebody took a moment ago too: whoever is late is told who has it."""
    if agent.id in (row.agent_id, row.created_by_id, row.ended_by_id):
        return True
    groups = _groups_of(agent)
    return (row.agent_id is None and row.group_id in groups) or row.call_center_id in _centers_of(agent, groups)


def _groups_of(agent: Agent) -> list[int]:
    rows = AgentGroupMember.select(AgentGroupMember.group).where(AgentGroupMember.agent == agent)
    return [key for (key,) in rows.tuples()]


def _centers_of(agent: Agent, groups: list[int]) -> list[int]:
    """The call centers whose callbacks this agent may make: those they answer, or call for."""
    rows: ModelSelect = (
        CallCenterAgent.select(CallCenterAgent.call_center).where(CallCenterAgent.agent == agent)
        | CallCenterGroup.select(CallCenterGroup.call_center).where(CallCenterGroup.group.in_(groups))
        | AgentCallCenter.select(AgentCallCenter.call_center).where(AgentCallCenter.agent == agent)
    )
    return [key for (key,) in rows.tuples()]


def audience(row: AgentCallback) -> set[int]:
    """Whom a change or a due moment concerns."""
    if row.agent_id is not None:
        return {int(row.agent_id)}
    if row.group_id is not None:
        return _members([row.group_id])
    if row.call_center_id is None:
        return set()
    answers = CallCenterAgent.select(CallCenterAgent.agent).where(CallCenterAgent.call_center == row.call_center_id)
    calls = AgentCallCenter.select(AgentCallCenter.agent).where(AgentCallCenter.call_center == row.call_center_id)
    groups = CallCenterGroup.select(CallCenterGroup.group).where(CallCenterGroup.call_center == row.call_center_id)
    direct = {int(key) for (key,) in (answers | calls).tuples()}
    return direct | _members([key for (key,) in groups.tuples()])


def _members(groups: list[int]) -> set[int]:
    rows = AgentGroupMember.select(AgentGroupMember.agent).where(AgentGroupMember.group.in_(groups))
    return {int(key) for (key,) in rows.tuples()}


# ---------------------------------------------------------------- when
def local(at: datetime, zone: ZoneInfo) -> str:
    """As the page's field has it, by the account's time."""
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


def moment(typed: str, zone: ZoneInfo, known: datetime | None = None) -> datetime:
    """A moment to come, within a year. `known`: what it is already, which may have passed. Raises InvalidValue."""
    text = typed.strip()
    try:
        at = datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC) if _LOCAL.fullmatch(text) else None
    except (ValueError, OverflowError):
        at = None
    if at is None:
        raise InvalidValue("not_a_moment", value=text[:40])
    if known is not None and local(known, zone) == text:
        return known
    if at < now() - PATIENCE:
        raise InvalidValue("in_the_past")
    if at > now() + FARTHEST:
        raise InvalidValue("too_far", days=FARTHEST.days)
    return at


# ---------------------------------------------------------------- promised in a call
def promised(call_id: str, agent: Agent) -> AgentCallback | None:
    """What this agent promised in this call and is still to be made."""
    mine = (AgentCallback.call_id == call_id) & (AgentCallback.created_by == agent) & PENDING
    row: AgentCallback | None = AgentCallback.select().where(mine).order_by(AgentCallback.id.desc()).first()
    return row


def texts(row: AgentCallback | None, zone: ZoneInfo) -> dict[str, str]:
    """The page's fields with what is saved."""
    if row is None:
        return {"callback_at": "", "callback_for": ME, "callback_note": ""}
    return {
        "callback_at": local(row.due_at, zone),
        "callback_for": ME if row.agent_id == row.created_by_id else ANYONE,
        "callback_note": str(row.note),
    }


def check(typed: Mapping[str, str], row: AgentCallback | None, call: Call, number: str, zone: ZoneInfo) -> Checked:
    """What was typed over what is saved (`row`). Without a moment there is no callback."""
    result = Checked()
    if not typed:
        return result
    whole = texts(row, zone) | dict(typed)
    if whole["callback_for"] not in (ME, ANYONE) or (whole["callback_for"] == ANYONE and call.call_center_id is None):
        result.errors["callback_for"] = InvalidValue("not_a_choice", value=whole["callback_for"][:20], choices=ANYONE)
    try:
        result.values["note"] = clean_text(whole["callback_note"], _NOTE)
    except InvalidValue as problem:
        result.errors["callback_note"] = problem
    if not whole["callback_at"].strip():
        if typed.get("callback_note", "").strip():
            result.errors["callback_at"] = InvalidValue("required")
        result.values["due_at"] = None
        return result
    try:
        result.values["due_at"] = moment(whole["callback_at"], zone, None if row is None else row.due_at)
    except InvalidValue as problem:
        result.errors["callback_at"] = problem
    if not any(character.isdigit() for character in number):
        result.errors["callback_at"] = InvalidValue("no_number")
    result.values["anyone"] = whole["callback_for"] == ANYONE
    return result


def write(row: AgentCallback | None, values: Mapping[str, Any], call: Call, agent: Agent, number: str) -> set[int]:
    """`values` of `check`, in the transaction of *Salvar*; whom it concerns."""
    if not values or (row is None and values["due_at"] is None):
        return set()
    if row is None:
        row = AgentCallback(call_id=call.id, created_by=agent.id, number=number[:64])
        row.call_center = call.call_center_id
        _promise(row, values, call, agent)
        _note("create", row, None)
        return audience(row)
    before, heard = _audited(row), audience(row)
    if values["due_at"] is None:
        row.state, row.ended_at, row.ended_by = AgentCallbackState.CANCELLED, now(), agent.id
        row.save(only=[AgentCallback.state, AgentCallback.ended_at, AgentCallback.ended_by])
        _note("cancel", row, before)
        return heard
    _promise(row, values, call, agent)
    _note("edit", row, before)
    return heard | audience(row)


def _promise(row: AgentCallback, values: Mapping[str, Any], call: Call, agent: Agent) -> None:
    row.contact = call.contact_id
    row.agent = None if values["anyone"] else agent.id
    row.due_at, row.note = values["due_at"], values["note"]
    row.save()


def about(call: Call, contact: int, agent: Agent) -> None:
    """The call turned out to be with `contact`: so is what the agent promised in it. In the open transaction."""
    for row in AgentCallback.select().where(AgentCallback.call_id == call.id, AgentCallback.created_by == agent):
        before = _audited(row)
        row.contact = contact
        row.save(only=[AgentCallback.contact])
        _note("edit", row, before)


# ---------------------------------------------------------------- made, put off
def take(row: AgentCallback, agent: Agent) -> Gone | AgentCallback:
    """Who calls has it: of two who want it at once, one."""
    if (gone := _gone(row, agent)) is not None:
        return gone
    if row.agent_id is None:
        before = _audited(row)
        row.agent = agent.id
        row.save(only=[AgentCallback.agent])
        _note("take", row, before)
    return row


def end(row: AgentCallback, agent: Agent) -> Gone | AgentCallback:
    """Done. Once more is no error."""
    if row.state is AgentCallbackState.DONE and row.ended_by_id == agent.id:
        return row
    if (gone := _gone(row, agent)) is not None:
        return gone
    before = _audited(row)
    row.state, row.ended_at, row.ended_by, row.agent = AgentCallbackState.DONE, now(), agent.id, agent.id
    row.save(only=[AgentCallback.state, AgentCallback.ended_at, AgentCallback.ended_by, AgentCallback.agent])
    _note("made", row, before)
    return row


def undo(row: AgentCallback, agent: Agent) -> Gone | AgentCallback:
    """To be made after all, by whoever had done it."""
    if row.state is AgentCallbackState.PENDING:
        return row
    if row.ended_by_id != agent.id:
        return Gone(_name(row.ended_by))
    before = _audited(row)
    row.state, row.ended_at, row.ended_by = AgentCallbackState.PENDING, None, None
    row.save(only=[AgentCallback.state, AgentCallback.ended_at, AgentCallback.ended_by])
    _note("unmade", row, before)
    return row


def put_off(row: AgentCallback, agent: Agent, at: datetime) -> Gone | AgentCallback:
    if (gone := _gone(row, agent)) is not None:
        return gone
    before = _audited(row)
    row.due_at = at
    row.save(only=[AgentCallback.due_at])
    _note("edit", row, before)
    return row


def _gone(row: AgentCallback, agent: Agent) -> Gone | None:
    if row.state is not AgentCallbackState.PENDING:
        return Gone(_name(row.ended_by))
    if row.agent_id not in (None, agent.id):
        return Gone(_name(row.agent))
    return None


def _name(agent: Agent | None) -> str:
    return "" if agent is None else str(agent.name)


# ---------------------------------------------------------------- noted
def _audited(row: AgentCallback) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _AUDITED}


def _note(act: str, row: AgentCallback, before: Mapping[str, Any] | None) -> None:
    """In the transaction that is open."""
    who = (row.contact.name if row.contact else "") or row.number
    audit.record("agent_callbacks", act, key=row.id, name=who, before=before, after=_audited(row))
