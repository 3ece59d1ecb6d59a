"""Historial de logueos: who came when, from where, and how it ended.

Owns: the search and the download. Must not: write log-ins: the engine (desks) and `admin.sessions` (web) do.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask_babel import lazy_gettext as _l

from admin.base_view import SectionView
from admin.folding import folded
from admin.formats import duration, stamp
from admin.language import timezone
from admin.listing import ChoiceFilter, Column, Filter
from admin.sections.contacts import names_of
from admin.words import logout_cause
from models.tables import Agent, AgentLogin
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


class Logins(SectionView):
    slug = "historial-de-logueos"
    endpoint_name = "logins"
    label = _l("Historial de logueos")
    singular = _l("Logueo")
    icon = "logins"
    table = AgentLogin
    note = _l("Aquí queda cada entrada de agentes, supervisores y administradores.")
    can_add = False
    can_drop = False
    joined = (AgentLogin.agent,)
    search_label = _l("Dirección o dispositivo")
    searched = (AgentLogin.address, AgentLogin.device)
    order = (AgentLogin.login_at.desc(),)
    columns = (
        Column("agent", _l("Agente"), (folded(Agent.name),)),
        Column("login_at", _l("Fecha"), (AgentLogin.login_at,), "nowrap"),
        Column("logout_at", _l("Salida"), (AgentLogin.logout_at,), "nowrap"),
        Column("lasted", _l("Duración"), (), "number"),
        Column("cause", _l("Por qué terminó"), (AgentLogin.cause,)),
        Column("address", _l("Dirección"), (AgentLogin.address,), "mono"),
        Column("device", _l("Dispositivo")),
    )
    filters = (
        MonthFilter(
            "month",
            _l("Mes"),
            lambda query, span: query.where(AgentLogin.login_at >= span[0], AgentLogin.login_at < span[1]),
        ),
        ChoiceFilter(
            "agent", _l("Agente"), lambda query, key: query.where(AgentLogin.agent == int(key)), choices=names_of(Agent)
        ),
    )
    list_page = "sections/logins.html"

    def list_extras(self, page: Any) -> dict[str, Any]:
        return {"lasted_ms": lasted_ms}

    def csv_columns(self) -> Any:
        return (
            (_l("Agente"), lambda row: row.agent.name),
            (_l("Fecha"), lambda row: stamp(row.login_at)),
            (_l("Salida"), lambda row: stamp(row.logout_at)),
            (_l("Duración"), lambda row: duration(lasted_ms(row))),
            (_l("Por qué terminó"), lambda row: logout_cause(row.cause)),
            (_l("Dirección"), lambda row: row.address),
            (_l("Dispositivo"), lambda row: row.device),
        )
