"""The desk's addresses of callbacks.

Owns: requests and answers of /desk/callbacks, and their shapes. Must not: hold rules or conditions (`admin.callbacks`).

One that the agent may not make is not there: 404, whether it exists or not.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from flask import Blueprint, Response, abort, jsonify, request
from flask_login import login_required
from peewee import JOIN

from admin import callbacks
from admin.desk.contact_choice import locked
from admin.desk_news import tell_desks
from admin.installation import installation
from admin.language import timezone
from admin.problems import problem_text
from admin.sessions import user
from models.db import transaction
from models.tables import (
    Agent,
    AgentCallback,
    AgentCallbackState,
    AgentGroup,
    CallCenter,
    Company,
    Contact,
    epoch_ms,
    now,
)
from models.values.errors import InvalidValue

MOST: Final = 200
MOST_DONE: Final = 20
MOST_OF_CONTACT: Final = 20
DONE_SHOWN: Final = timedelta(hours=24)
MAX_BODY: Final = 4096
_ACTIONS: Final = {"call": callbacks.take, "done": callbacks.end, "undo": callbacks.undo}

blueprint = Blueprint("desk_callbacks", __name__, url_prefix="/desk/callbacks")


@blueprint.get("")
@login_required
def listing() -> Response:
    """Those that are to be made, the most urgent first, and those that the agent has made since yesterday."""
    me = user().row
    pending = _with_names().where(callbacks.PENDING, callbacks.of(me))
    total = AgentCallback.select().where(callbacks.PENDING, callbacks.of(me)).count()
    made = _with_names().where(
        AgentCallback.state == AgentCallbackState.DONE,
        AgentCallback.ended_by == me,
        AgentCallback.ended_at > now() - DONE_SHOWN,
        AgentCallback.agent == me,
    )
    return jsonify(
        callbacks=_shown(pending.order_by(AgentCallback.due_at, AgentCallback.id).limit(MOST), me),
        done=_shown(made.order_by(AgentCallback.ended_at.desc()).limit(MOST_DONE), me),
        total=total,
        due=_due(me),
    )


@blueprint.get("/due")
@login_required
def due() -> Response:
    return jsonify(due=_due(user().row))


@blueprint.get("/of-contact/<int:contact_id>")
@login_required
def of_contact(contact_id: int) -> Response:
    """For the card of a call: what was promised to this contact and is still to be made, whoever is to make it, then
    what was made, the latest first."""
    here = (AgentCallback.contact == contact_id) & (AgentCallback.state != AgentCallbackState.CANCELLED)
    query = _with_names().where(here if contact_id < 2**63 else AgentCallback.id < 0)
    # "pending" before "done"; only what was made has an end.
    order = (AgentCallback.state.desc(), AgentCallback.ended_at.desc(), AgentCallback.due_at, AgentCallback.id)
    rows = list(query.order_by(*order).limit(MOST_OF_CONTACT))
    me = user().row
    may = callbacks.of(me) if rows else AgentCallback.id < 0
    mine = {key for (key,) in AgentCallback.select(AgentCallback.id).where(may, AgentCallback.id.in_(rows)).tuples()}
    return jsonify(callbacks=[_shape(row, me) | {"may": row.id in mine} for row in rows])


@blueprint.get("/<int:callback_id>")
@login_required
def one(callback_id: int) -> Response:
    me = user().row
    mine = _with_names().where(AgentCallback.id == callback_id, callbacks.of(me))
    row = mine.first() if callback_id < 2**63 else None
    if row is None:
        abort(404)
    return jsonify(callback=_shape(row, me))


@blueprint.post("/<int:callback_id>")
@login_required
def change(callback_id: int) -> Any:
    """`do`: call (who calls has it), done, undo, later (with `at`). 409 and who, when somebody else was quicker."""
    me, body = user().row, _body()
    with transaction(installation().database):
        row = locked(installation().database, AgentCallback, callback_id) if callback_id < 2**63 else None
        if row is None or not callbacks.concerns(row, me):
            abort(404)
        before = callbacks.audience(row)
        try:
            outcome = _done(row, me, body)
        except InvalidValue as problem:
            return jsonify(errors={"at": problem_text(problem)}), 422
    if isinstance(outcome, callbacks.Gone):
        return jsonify(error="gone", by=outcome.by), 409
    tell(before | callbacks.audience(outcome), outcome.id)
    return jsonify(callback=_shape(_with_names().where(AgentCallback.id == outcome.id).get(), me), due=_due(me))


def tell(agents: set[int], callback_id: int | None) -> None:
    """After the commit: the desks of those who may make it read their list anew."""
    tell_desks("callbacks", agents | {user().id}, {"callback": callback_id, "what": "change", "by": user().id})


def _done(row: AgentCallback, me: Agent, body: dict[str, Any]) -> callbacks.Gone | AgentCallback:
    if body["do"] == "later":
        return callbacks.put_off(row, me, callbacks.moment(body["at"], timezone(), row.due_at))
    return _ACTIONS[body["do"]](row, me)


def _body() -> dict[str, Any]:
    if request.content_length is None or request.content_length > MAX_BODY:
        abort(413)
    body = request.get_json()
    if not isinstance(body, dict):
        abort(400)
    wanted = {"do", "at"} if body.get("do") == "later" else {"do"}
    if set(body) != wanted or not isinstance(body.get("at", ""), str) or body["do"] not in {*_ACTIONS, "later"}:
        abort(400)
    return body


# ---------------------------------------------------------------- shapes
def _due(me: Agent) -> int:
    return int(AgentCallback.select().where(callbacks.PENDING, callbacks.of(me), AgentCallback.due_at <= now()).count())


def _with_names() -> Any:
    author, maker = Agent.alias(), Agent.alias()
    return (
        AgentCallback.select(AgentCallback, Contact, Company, CallCenter, AgentGroup, author, maker)
        .join(Contact, JOIN.LEFT_OUTER)
        .join(Company, JOIN.LEFT_OUTER)
        .switch(AgentCallback)
        .join(CallCenter, JOIN.LEFT_OUTER)
        .switch(AgentCallback)
        .join(AgentGroup, JOIN.LEFT_OUTER)
        .switch(AgentCallback)
        .join(author, JOIN.LEFT_OUTER, on=(AgentCallback.created_by == author.id), attr="created_by")
        .switch(AgentCallback)
        .join(maker, JOIN.LEFT_OUTER, on=(AgentCallback.agent == maker.id), attr="agent")
    )


def _shown(rows: Iterable[AgentCallback], me: Agent) -> list[dict[str, Any]]:
    return [_shape(row, me) for row in rows]


def _shape(row: AgentCallback, me: Agent) -> dict[str, Any]:
    contact, center = row.contact, row.call_center
    return {
        "id": row.id,
        "number": row.number,
        "name": contact.name if contact else "",
        "company": contact.company.name if contact and contact.company else "",
        "call_center": {"id": center.id, "name": center.name, "color": center.color} if center else None,
        "due_at": epoch_ms(row.due_at),
        "local": callbacks.local(row.due_at, timezone()),
        "note": row.note,
        "mine": row.agent_id == me.id,
        "agent": row.agent.name if row.agent else "",
        "group": row.group.name if row.group and row.agent_id is None else "",
        "by": "" if row.created_by is None or row.created_by_id == me.id else row.created_by.name,
        # Whose call it is not cannot be opened.
        "call_id": row.call_id if row.created_by_id == me.id else None,
        "state": row.state.value,
        "ended_at": None if row.ended_at is None else epoch_ms(row.ended_at),
    }
