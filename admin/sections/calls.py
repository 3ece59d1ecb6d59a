"""Historial de llamadas: one card a conversation, its legs and its recording inside.

Owns: the search, the cards, the download. Must not: write calls: the engine's one writer does.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from admin import call_lines, related
from admin.base_view import SectionView
from admin.contact_actions import row_texts
from admin.explaining_view import ExplainingView
from admin.formats import seconds
from admin.history_search import HistorySearch, Ledger, Sort, Test
from admin.history_view import HistoryView
from admin.installation import account
from admin.listing import ChoiceFilter, Column, Filter, MomentFilter, Page, UntilFilter, Wanted
from admin.permissions import Act, may
from admin.recordings_view import RecordingsView, recordings_of
from admin.sections.contacts import names_of
from admin.words import choices, label, reason
from models import call_search
from models.tables import (
    Agent,
    Call,
    CallCenter,
    CallLeg,
    Company,
    Contact,
    ContactList,
    Disposition,
    epoch_ms,
)
from models.values.call import Direction, Outcome
from models.values.errors import InvalidValue

_TYPES = (
    (Direction.INBOUND.value, _l("Entrantes")),
    (Direction.OUTBOUND.value, _l("Salientes")),
    (Direction.INTERNAL.value, _l("Internas")),
)

LEDGER = Ledger(
    table="calls",
    at=call_search.AT,
    leads={column: call_search.index_of(column) for column in ("", *call_search.COVERED)},
    sorts=lambda: {
        "talk": Sort("t.talk_ms"),
        "wait": Sort("t.wait_ms"),
        "cost": Sort("coalesce(t.cost, 0)"),
    },
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
            return reason(call.reason) or label(call.outcome)
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


def with_names(calls: Iterable[Call]) -> list[Call]:
    """The calls with what a card names."""
    shown = list(calls)
    related.attach(shown, Call.call_center, only=(CallCenter.id, CallCenter.name))
    related.attach(shown, Call.agent, only=(Agent.id, Agent.name))
    related.attach(shown, Call.disposition, only=(Disposition.id, Disposition.name))
    related.attach(shown, Call.contact)
    related.attach(
        (call.contact for call in shown if call.contact_id), Contact.company, only=(Company.id, Company.name)
    )
    return shown


def legs_of(calls: Sequence[Call]) -> dict[str, list[CallLeg]]:
    """The legs of all calls of a page, in order, with one query."""
    wanted = CallLeg.call.in_([call.id for call in calls])
    legs = list(CallLeg.select().where(wanted).order_by(CallLeg.call, CallLeg.ordinal)) if calls else []
    related.attach(legs, CallLeg.agent, only=(Agent.id, Agent.name))
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


def _by_key(column: str) -> Any:
    return lambda search, key: search.is_(column, int(key))


def _by_code(column: str) -> Any:
    return lambda search, code: search.is_(column, code)


def _recorded(search: HistorySearch, value: str) -> None:
    there = "EXISTS (SELECT 1 FROM recordings r WHERE r.call_id = w.id AND r.state NOT IN ('lost', 'failed'))"
    search.tests.append(Test(there if value == "1" else f"NOT {there}", (), ("id",)))


class Calls(ExplainingView, RecordingsView, HistoryView, SectionView):
    slug = "historial-de-llamadas"
    endpoint_name = "calls"
    label = _l("Historial de llamadas")
    singular = _l("Llamada")
    icon = "calls"
    table = Call
    note = _l("Cada llamada que llega a la central queda aquí, contestada o no, con cada intento.")
    can_add = False
    can_drop = False
    ledger = LEDGER
    columns = (
        Column("started", _l("Inicio"), ("at",)),
        Column("talk", _l("Duración"), ("talk",)),
        Column("wait", _l("Espera"), ("wait",)),
        Column("cost", _l("Costo"), ("cost",)),
    )
    list_page = "calls/list.html"
    filters = (
        ChoiceFilter(
            "type",
            _l("Tipo"),
            _by_code("direction"),
            choices=lambda: _TYPES,
            everything=_l("Todas"),
        ),
        MomentFilter("start", _l("Inicio"), lambda search, at: search.from_moment(epoch_ms(at))),
        UntilFilter("end", _l("Fin"), lambda search, at: search.before_moment(epoch_ms(at))),
        Filter("contact", _l("Contacto"), lambda search, text: search.by_contact(text, account().region)),
        ChoiceFilter(
            "disposition",
            _l("Disposición"),
            _by_key("disposition_id"),
            choices=names_of(Disposition),
            everything=_l("Todas"),
        ),
        ChoiceFilter("agent", _l("Agente"), _by_key("agent_id"), choices=names_of(Agent)),
        ChoiceFilter(
            "company",
            _l("Compañía"),
            lambda search, key: search.people.equal("company_id", int(key)),
            choices=names_of(Company),
            everything=_l("Todas"),
        ),
        ChoiceFilter("call_center", _l("Call Center"), _by_key("call_center_id"), choices=names_of(CallCenter)),
        ChoiceFilter(
            "list",
            _l("Lista"),
            lambda search, key: search.people.member_of(int(key)),
            choices=names_of(ContactList),
            everything=_l("Todas"),
        ),
        ChoiceFilter(
            "recorded",
            _l("Grabación"),
            _recorded,
            choices=lambda: (("1", _l("Con grabación")), ("0", _l("Sin grabación"))),
            everything=_l("Con o sin"),
        ),
        ChoiceFilter(
            "outcome",
            _l("Cómo terminó"),
            _by_code("outcome"),
            choices=lambda: choices(Outcome),
            everything=_l("De cualquier modo"),
        ),
        _OfContact("contact_id", _l("Contacto"), lambda search, row: search.is_("contact_id", row.id), "hidden"),
    )

    def frame(self) -> dict[str, Any]:
        return super().frame() | {"ending": ending, "tone": tone}

    def rows_of(self, ids: list[str]) -> list[Call]:
        """The calls with what their cards show, in the order of their ids."""
        rows = {call.id: call for call in Call.select().where(Call.id.in_(ids))} if ids else {}
        return with_names([rows[key] for key in ids if key in rows])

    def list_extras(self, page: Page) -> dict[str, Any]:
        return {
            "legs": legs_of(page.rows),
            "recordings": recordings_of(page.rows),
            "may_call": self.can_call(),
            "may_print": may(current_user.role, "print_jobs", Act.EDIT),
            **self.onward(page),
            **row_texts(),
        }

    @staticmethod
    def can_call() -> bool:
        return bool(current_user.is_authenticated) and may(current_user.role, "contacts", Act.EDIT)

    def csv_columns(self) -> Any:
        return call_lines.HEADINGS

    def lines(self, wanted: Wanted) -> Any:
        sort, descending = self.turned(wanted)
        return list(call_lines.HEADINGS), call_lines.batches(self.sought(wanted), sort, descending, ending)
