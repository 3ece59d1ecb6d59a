"""Historial de llamadas: one card a conversation, its legs inside.

Owns: the search, the cards, the download. Must not: write calls: the engine's one writer does.
"""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from peewee import JOIN, ModelSelect

from admin.base_view import SectionView
from admin.explaining_view import ExplainingView
from admin.folding import contains
from admin.formats import duration, seconds, stamp
from admin.listing import ChoiceFilter, Filter, MomentFilter, Page
from admin.sections.contacts import names_of
from admin.words import choices, label, reason
from models.tables import (
    Agent,
    Call,
    CallCenter,
    CallLeg,
    Company,
    Contact,
    ContactList,
    ContactListMember,
    Disposition,
)
from models.values.call import Direction, Outcome
from models.values.errors import InvalidValue

_TYPES = (
    (Direction.INBOUND.value, _l("Entrantes")),
    (Direction.OUTBOUND.value, _l("Salientes")),
    (Direction.INTERNAL.value, _l("Internas")),
)


def ending(call: Call) -> str:
    """How the call ended, in words."""
    waited = seconds(call.wait_ms // 1000)
    match call.outcome:
        case Outcome.IN_PROGRESS:
            return _("En curso")
        case Outcome.ANSWERED:
            return _("Contestada a los %(seconds)s", seconds=waited)
        case Outcome.REFUSED:
            return _("No permitida: %(reason)s", reason=reason(call.reason))
        case Outcome.ABANDONED | Outcome.NO_ANSWER if call.direction is not Direction.INBOUND:
            return reason(call.reason)
        case Outcome.ABANDONED:
            return _("Abandonada después de %(seconds)s", seconds=waited)
        case Outcome.NO_ANSWER:
            return _("Nadie contestó en %(seconds)s", seconds=waited)
        case Outcome.NO_AGENTS:
            return _("No había agentes disponibles")
        case Outcome.UNKNOWN_NUMBER:
            return _("Ningún call center atiende ese número")
        case Outcome.ENGINE_AWAY:
            return _("El motor no estaba: oyó el aviso de respaldo")
        case Outcome.BUSY:
            return _("Ocupado")
        case _:
            return _("Falló: %(reason)s", reason=reason(call.reason) or call.cause or "?")


def tone(call: Call) -> str:
    """The colour of the ending: ok, bad, info or idle."""
    match call.outcome:
        case Outcome.ANSWERED:
            return "ok"
        case Outcome.IN_PROGRESS:
            return "info"
        case (
            Outcome.ABANDONED
            | Outcome.NO_ANSWER
            | Outcome.NO_AGENTS
            | Outcome.ENGINE_AWAY
            | Outcome.REFUSED
            | Outcome.FAILED
        ):
            return "bad"
        case _:
            return "idle"


def with_related(query: ModelSelect) -> ModelSelect:
    """All joins start at the call, but for the contact's company."""
    for column in (Call.call_center, Call.contact, Call.agent, Call.disposition):
        query = query.join_from(Call, column.rel_model, JOIN.LEFT_OUTER, on=column)
    return query.join_from(Contact, Company, JOIN.LEFT_OUTER, on=Contact.company)


def selected() -> ModelSelect:
    return with_related(Call.select(Call, CallCenter, Contact, Agent, Disposition, Company))


def legs_of(calls: Sequence[Call]) -> dict[str, list[CallLeg]]:
    """The legs of all calls of a page, in order, with one query."""
    legs = (
        CallLeg.select(CallLeg, Agent)
        .join(Agent, JOIN.LEFT_OUTER)
        .where(CallLeg.call.in_([call.id for call in calls]))
        .order_by(CallLeg.call, CallLeg.ordinal)
    )
    by_call: dict[str, list[CallLeg]] = {}
    for leg in legs:
        by_call.setdefault(leg.call_id, []).append(leg)
    return by_call


class _OfContact(Filter):
    """The calls of one contact: from its row's link."""

    def parse(self, text: str) -> Contact:
        contact = Contact.get_or_none(Contact.id == int(text)) if text.isdecimal() and len(text) < 19 else None
        if contact is None:
            raise InvalidValue("not_found", what="Contact", value=text[:20])
        return contact


def _by_contact(query: ModelSelect, text: str) -> ModelSelect:
    """Name, phone, id of the contact; or a part of the number that called."""
    found = contains(Contact.search, text)
    digits = "".join(character for character in text if character.isdigit())
    if digits:
        called = Call.calling_number.contains(digits)
        found = called if found is None else found | called
    return query if found is None else query.where(found)


def _in_list(query: ModelSelect, value: str) -> ModelSelect:
    members = ContactListMember.select(ContactListMember.contact).where(ContactListMember.list == int(value))
    return query.where(Call.contact.in_(members))


class Calls(ExplainingView, SectionView):
    slug = "historial-de-llamadas"
    endpoint_name = "calls"
    label = _l("Historial de llamadas")
    singular = _l("Llamada")
    icon = "calls"
    table = Call
    note = _l("Cada llamada que llega a la central queda aquí, contestada o no, con cada intento.")
    can_add = False
    can_drop = False
    order = (Call.offered_at.desc(),)
    list_page = "calls/list.html"
    filters = (
        ChoiceFilter(
            "type",
            _l("Tipo"),
            lambda query, value: query.where(Call.direction == value),
            choices=lambda: _TYPES,
            everything=_l("Todas"),
        ),
        MomentFilter("start", _l("Inicio"), lambda query, at: query.where(Call.offered_at >= at)),
        MomentFilter("end", _l("Fin"), lambda query, at: query.where(Call.offered_at <= at)),
        Filter("contact", _l("Contacto"), _by_contact),
        ChoiceFilter(
            "disposition",
            _l("Disposición"),
            lambda query, key: query.where(Call.disposition == int(key)),
            choices=names_of(Disposition),
            everything=_l("Todas"),
        ),
        ChoiceFilter(
            "agent", _l("Agente"), lambda query, key: query.where(Call.agent == int(key)), choices=names_of(Agent)
        ),
        ChoiceFilter(
            "company",
            _l("Compañía"),
            lambda query, key: query.where(Contact.company == int(key)),
            choices=names_of(Company),
            everything=_l("Todas"),
        ),
        ChoiceFilter(
            "call_center",
            _l("Call Center"),
            lambda query, key: query.where(Call.call_center == int(key)),
            choices=names_of(CallCenter),
        ),
        ChoiceFilter("list", _l("Lista"), _in_list, choices=names_of(ContactList), everything=_l("Todas")),
        ChoiceFilter(
            "outcome",
            _l("Cómo terminó"),
            lambda query, value: query.where(Call.outcome == value),
            choices=lambda: choices(Outcome),
            everything=_l("De cualquier modo"),
        ),
        _OfContact("contact_id", _l("Contacto"), lambda query, contact: query.where(Call.contact == contact), "hidden"),
    )

    def base_query(self) -> ModelSelect:
        return selected()

    def frame(self) -> dict[str, Any]:
        return super().frame() | {"ending": ending, "tone": tone}

    def list_extras(self, page: Page) -> dict[str, Any]:
        return {"legs": legs_of(page.rows)}

    def csv_columns(self) -> Any:
        return (
            (_l("Tipo"), lambda call: label(call.direction)),
            (_l("Inicio"), lambda call: stamp(call.offered_at)),
            (_l("Contestada"), lambda call: stamp(call.answered_at)),
            (_l("Fin"), lambda call: stamp(call.ended_at)),
            (_l("Espera"), lambda call: duration(call.wait_ms)),
            (_l("Duración"), lambda call: duration(call.talk_ms)),
            (_l("Call Center"), lambda call: call.call_center_name),
            (_l("Número marcado"), lambda call: call.called_number),
            (_l("Número que llamó"), lambda call: call.calling_number),
            (_l("Contacto"), lambda call: call.contact.name if call.contact_id else ""),
            (_l("Compañía"), lambda call: _company(call)),
            (_l("Agente"), lambda call: call.agent.name if call.agent_id else ""),
            (_l("Disposición"), lambda call: call.disposition.name if call.disposition_id else ""),
            (_l("Comentario"), lambda call: call.comment),
            (_l("Calificación"), lambda call: call.rating or ""),
            (_l("Costo"), lambda call: "" if call.cost is None else f"{call.cost:f}"),
            (_l("Moneda"), lambda call: call.rate_currency),
            (_l("Cómo terminó"), lambda call: ending(call)),
        )


def _company(call: Call) -> str:
    return str(call.contact.company.name) if call.contact_id and call.contact.company_id else ""
