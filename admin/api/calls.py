"""Calls: the history, what is saved of a call after it, and Click2Dial.

Owns: their bodies, filters and orders. Must not: write a record (the engine does) or call by itself: it asks the
engine, which has the last word on who may call where.
"""

import hashlib
from typing import Any, Final, Literal

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from peewee import ModelSelect
from pydantic import Field

from admin import call_notes, sessions
from admin.api import access, idempotency, paging
from admin.api.paging import By
from admin.api.problems import ApiProblem, field_error, invalid
from admin.api.saving import answered, require_match
from admin.api.shapes import Answer, Body, Key, ListQuery, Moment, Page
from admin.api.spec import operation, pages
from admin.desk.ownership import Standing, standing
from admin.dialling import dial_problems
from admin.engine import NotDialled
from admin.installation import installation
from admin.permissions import Act
from models.checks import check_saved_call
from models.checks.contacts import account_region
from models.db import is_postgresql, transaction
from models.tables import Agent, Call, CallCenter, CallLeg, Contact
from models.values.call import Direction, LegKind, LegOutcome, Outcome, Role
from models.values.errors import InvalidValue
from models.values.phone import normalise


class CallAnswer(Answer):
    id: str
    direction: Direction
    outcome: Outcome
    reason: str
    call_center_id: int | None
    call_center_name: str
    called_number: str
    calling_number: str
    caller_name: str
    contact_id: int | None
    agent_id: int | None
    offered_at: Moment
    answered_at: Moment | None
    ended_at: Moment | None
    wait_ms: int
    talk_ms: int
    cause: int | None = Field(description="ITU-T Q.850")
    cost: str | None = Field(description="A decimal number as text.")
    currency: str
    disposition_id: int | None
    comment: str
    rating: int | None
    saved_at: Moment | None


class LegAnswer(Answer):
    ordinal: int
    kind: LegKind
    agent_id: int | None
    endpoint: str
    number: str
    outcome: LegOutcome
    reason: str
    cause: int | None
    offered_at: Moment
    ringing_at: Moment | None
    answered_at: Moment | None
    ended_at: Moment | None


class WholeCall(CallAnswer):
    legs: list[LegAnswer]


class CallPage(Page):
    items: list[CallAnswer]


class CallQuery(ListQuery):
    sort: Literal["offered_at", "-offered_at"] = "-offered_at"
    direction: Direction | None = None
    outcome: Outcome | None = None
    call_center_id: int | None = Field(None, ge=1, le=2**53)
    agent_id: int | None = Field(None, ge=1, le=2**53)
    contact_id: int | None = Field(None, ge=1, le=2**53)
    disposition_id: int | None = Field(None, ge=1, le=2**53)
    number: str | None = Field(None, max_length=64, description="Who called or was called, as the switch wrote it.")
    since: Moment | None = Field(None, description="Offered at or after this instant.")
    until: Moment | None = Field(None, description="Offered before this instant.")


class CallNotes(Body):
    disposition_id: Key | None = None
    comment: str = Field("", max_length=4000)


class NewCall(Body):
    """Click2Dial: the agent's own phone first, then the number."""

    number: str = Field(min_length=1, max_length=40)
    agent_id: Key | None = Field(None, description="Whose phone; none: the token's owner's.")
    contact_id: Key | None = None
    call_center_id: Key | None = None


class DialledCall(Answer):
    id: str


_ORDERS: Final = {
    "offered_at": By(Call.offered_at),
    "-offered_at": By(Call.offered_at, True),
}
_SAME: Final = (
    "id", "reason", "call_center_id", "call_center_name", "called_number", "calling_number", "caller_name",
    "contact_id", "agent_id", "offered_at", "answered_at", "ended_at", "wait_ms", "talk_ms", "cause",
    "disposition_id", "comment", "rating", "saved_at",
)  # fmt: skip
_LEG_SAME: Final = (
    "ordinal", "kind", "agent_id", "endpoint", "number", "outcome", "reason", "cause", "offered_at", "ringing_at",
    "answered_at", "ended_at",
)  # fmt: skip


def _known(row: Call) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _SAME} | {
        "direction": row.direction,
        "outcome": row.outcome,
        "cost": None if row.cost is None else f"{row.cost:f}",
        "currency": row.rate_currency,
    }


def _whole(row: Call) -> WholeCall:
    legs = CallLeg.select().where(CallLeg.call == row.id).order_by(CallLeg.ordinal)
    shown = [LegAnswer(**{name: getattr(leg, name) for name in _LEG_SAME}) for leg in legs]
    return WholeCall(**_known(row), legs=shown)


def _row(key: str, *, locked: bool = False) -> Call:
    query = Call.select().where(Call.id == key)
    if locked and is_postgresql(installation().database):
        query = query.for_update()
    row: Call | None = query.first() if key.isprintable() else None
    if row is None:
        raise ApiProblem("not_found", _("No hay nada en %(path)s.", path=request.path))
    return row


def _etag(row: Call) -> str:
    """Of what people write; the engine goes on writing the rest."""
    said = f"{row.id}\n{row.disposition_id}\n{row.comment}"
    return f'"{hashlib.sha256(said.encode()).hexdigest()[:32]}"'


def _found(query: CallQuery) -> ModelSelect:
    found = Call.select()
    for name in ("direction", "outcome"):
        if getattr(query, name) is not None:
            found = found.where(getattr(Call, name) == getattr(query, name))
    for name in ("call_center", "agent", "contact", "disposition"):
        key = getattr(query, f"{name}_id")
        if key is not None:
            found = found.where(getattr(Call, name) == key)
    if query.number is not None:
        number = query.number.replace("\x00", " ")
        found = found.where((Call.calling_number == number) | (Call.called_number == number))
    if query.since is not None:
        found = found.where(Call.offered_at >= query.since)
    if query.until is not None:
        found = found.where(Call.offered_at < query.until)
    return found


@pages.get("/calls")
@operation("calls", Act.READ, _l("Lista llamadas"), query=CallQuery, answer=CallPage)
def list_calls(query: CallQuery) -> Any:
    rows, following = paging.page(_found(query), Call.id, _ORDERS, query)
    return CallPage(items=[CallAnswer(**_known(row)) for row in rows], next=following)


@pages.get("/calls/<string(maxlength=64):call_id>")
@operation("calls", Act.READ, _l("Una llamada, con sus intentos y tramos"), answer=WholeCall, one=True)
def get_call(call_id: str) -> Any:
    row = _row(call_id)
    return answered(_whole(row), _etag(row))


@pages.patch("/calls/<string(maxlength=64):call_id>")
@operation(
    "calls", Act.EDIT, _l("Salva la disposición y el comentario de una llamada"), section=None, body=CallNotes,
    answer=WholeCall, edits=True, one=True,
)  # fmt: skip
def save_call(call_id: str, json: CallNotes) -> Any:
    """An administrator's token, or that of the agent whose call it was."""
    owner = sessions.user()
    with transaction(installation().database):
        row = _row(call_id, locked=True)
        if owner.role is not Role.ADMINISTRATOR and standing(row, owner.row) is not Standing.MINE:
            raise ApiProblem("forbidden", _("Esta llamada es de otro agente."))
        require_match(_etag(row))
        sent = {name.removesuffix("_id"): value for name, value in json.sent().items()}
        checked = check_saved_call(sent, row)
        errors = [
            field_error("disposition_id" if name == "disposition" else name, problem)
            for name, problem in checked.errors.items()
            if name in sent
        ]
        if errors:
            raise invalid(*errors)
        row = call_notes.write(row, {name: checked.values[name] for name in sent}, owner.row)
        return answered(_whole(row), _etag(row))


@pages.post("/calls")
@operation(
    "calls", Act.CREATE, _l("Llama: primero al teléfono del agente, luego al número (Click2Dial)"), section=None,
    body=NewCall, answer=DialledCall, status=202, problems=("not_dialled", "not_possible_now", "away"),
)  # fmt: skip
def dial(json: NewCall) -> Any:
    """Through the same gates as the desk's button: nothing rings later, nothing is asked twice."""
    access.spend(access.DIAL_RATE, "api dial", access.token())
    owner = sessions.user()
    agent = owner.id if json.agent_id is None else json.agent_id
    if agent != owner.id and owner.role is not Role.ADMINISTRATOR:
        raise ApiProblem("forbidden", _("Solo un administrador llama por el teléfono de otro."))
    number = normalise(json.number, account_region())
    unknown = [
        field_error(name, InvalidValue("not_found", what=table.__name__, value=str(key)))
        for name, table, key in (
            ("agent_id", Agent, agent),
            ("contact_id", Contact, json.contact_id),
            ("call_center_id", CallCenter, json.call_center_id),
        )
        if key is not None and table.get_or_none(table.id == key) is None
    ]
    if number is None:
        unknown.append(field_error("number", InvalidValue("phone_invalid", value=json.number[:40])))
    if number is None or unknown:
        raise invalid(*unknown)
    dialled = installation().engine.click2dial(agent, number, json.contact_id, json.call_center_id)
    if isinstance(dialled, NotDialled):
        raise _not_dialled(dialled.code)
    body = DialledCall(id=dialled.call_id)
    location = f"{request.path}/{dialled.call_id}"
    with transaction(installation().database):
        idempotency.keep(202, body.model_dump(mode="json"), location=location)
    return answered(body, status=202, location=location)


_AWAY: Final = frozenset({"away", "switch_away", "no_trunk", "timeout"})
_NOT_NOW: Final = frozenset(
    {"not_active", "no_phone", "not_logged_in", "desk_cut_off", "on_another_call", "party_on_another_call",
     "party_not_allowed"}
)  # fmt: skip


def _not_dialled(code: str) -> ApiProblem:
    """The engine's no: its code beside our sentence for it."""
    words = dial_problems()
    text = str(words.get("engine_away" if code == "away" else code) or _("No se llamó: %(code)s.", code=code))
    error = {"field": "", "code": code, "message": text}
    if code == "not_a_number":
        return invalid(error | {"field": "number"})
    if code in _AWAY or code.startswith("http_5"):
        return ApiProblem("away", text, errors=[error])
    return ApiProblem("not_possible_now" if code in _NOT_NOW else "not_dialled", text, errors=[error])
