"""Historial de logueos: who came when, from where, and how it ended.

Owns: the search and the download. Must not: write log-ins: the engine (desks) and `admin.sessions` (web) do.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask_babel import lazy_gettext as _l

from admin import history_pages
from admin.base_view import SectionView
from admin.contact_pages import folded_sql
from admin.folding import words_of
from admin.formats import Stamps, duration
from admin.history_search import HistorySearch, Ledger, Sort, Test
from admin.history_view import HistoryView
from admin.language import timezone
from admin.listing import ChoiceFilter, Column, Filter, MomentFilter, UntilFilter, Wanted
from admin.sections.contacts import names_of
from admin.words import logout_cause
from models.db import is_postgresql
from models.tables import Agent, AgentLogin, database, epoch_ms
from models.values.errors import InvalidValue


@dataclass(frozen=True)
class MonthFilter(Filter):
    """A month of the account's calendar, `2026-01`."""

    kind: str = "month"

    def parse(self, text: str) -> tuple[datetime, datetime]:
        found = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", text)
        if found is None or not 1971 <= int(found[1]) <= 2998:
            raise InvalidValue("not_a_date", value=text[:20])
        year, month = int(found[1]), int(found[2])
        zone = timezone()
        following = (year + 1, 1) if month == 12 else (year, month + 1)
        return datetime(year, month, 1, tzinfo=zone), datetime(*following, 1, tzinfo=zone)


def lasted_ms(row: AgentLogin) -> int | None:
    """Until the log-out; of one that goes on, until now."""
    end = row.logout_at or datetime.now(UTC)
    return int((end - row.login_at).total_seconds() * 1000)


def _sorts() -> dict[str, Sort]:
    return {
        "agent": Sort(folded_sql("a.name"), " JOIN agents a ON a.id = t.agent_id"),
        "logout_at": Sort("coalesce(t.logout_at, 9223372036854775807)"),  # who is still in comes last
        "cause": Sort("coalesce(t.cause, '')"),
        "address": Sort("t.address"),
    }


LEDGER = Ledger(
    table="agent_logins",
    at="login_at",
    leads={"": "agent_logins_login_at", "agent_id": "agent_logins_agent_id_login_at"},
    sorts=_sorts,
)
_COLUMNS = "a.name, w.logout_at, w.cause, w.address, w.device"
_HEADINGS = (
    _l("Agente"), _l("Fecha"), _l("Salida"), _l("Duración"), _l("Por qué terminó"), _l("Dirección"), _l("Dispositivo"),
)  # fmt: skip
_CHUNK = 1000


def lines_of(search: HistorySearch, sort: str, descending: bool) -> Iterator[list[list[Any]]]:
    """The log-ins as lines of a file."""
    stamp, present = Stamps(), epoch_ms(datetime.now(UTC))
    found = history_pages.everything(search, sort, descending, _COLUMNS, " JOIN agents a ON a.id = w.agent_id", _CHUNK)
    for rows in found:
        yield [
            [name, stamp(at), stamp(out), duration((out or present) - at), str(logout_cause(cause)), address, device]
            for _key, at, name, out, cause, address, device in rows
        ]


class Logins(HistoryView, SectionView):
    slug = "historial-de-logueos"
    endpoint_name = "logins"
    label = _l("Historial de logueos")
    singular = _l("Logueo")
    icon = "logins"
    table = AgentLogin
    note = _l("Aquí queda cada entrada de agentes, supervisores y administradores.")
    can_add = False
    can_drop = False
    ledger = LEDGER
    time_column = "login_at"
    joined = (AgentLogin.agent,)
    search_label = _l("Dirección o dispositivo")
    size_label = _l("Cantidad por página")
    columns = (
        Column("agent", _l("Agente"), ("agent",)),
        Column("login_at", _l("Fecha"), ("at",), "nowrap"),
        Column("logout_at", _l("Salida"), ("logout_at",), "nowrap"),
        Column("lasted", _l("Duración"), (), "number"),
        Column("cause", _l("Por qué terminó"), ("cause",)),
        Column("address", _l("Dirección"), ("address",), "mono"),
        Column("device", _l("Dispositivo")),
    )
    filters = (
        MonthFilter("month", _l("Mes"), lambda search, span: search.between(epoch_ms(span[0]), epoch_ms(span[1]))),
        ChoiceFilter(
            "agent", _l("Agente"), lambda search, key: search.is_("agent_id", int(key)), choices=names_of(Agent)
        ),
        MomentFilter("start", _l("Desde"), lambda search, at: search.from_moment(epoch_ms(at)), "hidden"),
        UntilFilter("end", _l("Hasta"), lambda search, at: search.before_moment(epoch_ms(at)), "hidden"),
    )
    list_page = "sections/logins.html"

    def sought(self, wanted: Wanted) -> HistorySearch:
        search = super().sought(wanted)
        for word in words_of(wanted.text):
            test = "strpos" if is_postgresql(database.obj) else "instr"
            sql = " OR ".join(f"{test}({folded_sql(f'w.{name}')}, ?) > 0" for name in ("address", "device"))
            search.tests.append(Test(f"({sql})", (word, word), ("address", "device")))
        return search

    def rows_of(self, ids: list[int]) -> list[AgentLogin]:
        rows = {row.id: row for row in self.shown(self.base_query().where(AgentLogin.id.in_(ids)))} if ids else {}
        return [rows[key] for key in ids if key in rows]

    def list_extras(self, page: Any) -> dict[str, Any]:
        return {"lasted_ms": lasted_ms, **self.onward(page)}

    def csv_columns(self) -> Any:
        return _HEADINGS

    def lines(self, wanted: Wanted) -> Any:
        return list(_HEADINGS), lines_of(self.sought(wanted), *self.turned(wanted))
