"""Destinos: where agents may call, what it may cost, and the breaker.

Owns: the page: rules by pattern, the account's default, limits, prices, what is tripped and its release. Must not:
judge a call (the engine does).
"""

from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from admin import audit, sessions
from admin.base_view import SectionView
from admin.destination_checks import check_breaker_limits, check_destination_rule, read_prices
from admin.installation import account, installation
from admin.listing import Column, Page
from admin.notices import saved_and_reloaded
from admin.permissions import Act
from admin.section_forms import Check, Choice, SectionForm, Text
from admin.view_marks import acting
from admin.words import choices, reason
from models.checks import Checked
from models.db import transaction
from models.tables import Account, Agent, BreakerLimits, DestinationPrice, DestinationRule, LimitScope, from_epoch_ms
from models.values.destination import DefaultRule
from models.values.money import to_millionths

_FIELDS = ("calls_per_hour", "new_countries_per_day", "spend_per_day")


def _agents() -> list[tuple[int, str]]:
    rows = Agent.select(Agent.id, Agent.name).where(Agent.active, Agent.endpoint.is_null(False)).order_by(Agent.name)
    return [(row.id, row.name) for row in rows]


def _limits() -> dict[str, Any]:
    """What the lower half of the page holds, as the audit log keeps it."""
    prices = DestinationPrice.select().order_by(DestinationPrice.prefix)
    limits = {f"{row.scope}.{name}": getattr(row, name) for row in BreakerLimits.select() for name in _FIELDS}
    return limits | {
        "default": Account.get_by_id(1).outbound_default,
        "prices": {row.prefix: row.price for row in prices},
    }


class DestinationForm(SectionForm):
    pattern = Text(_l("Patrón"), attributes={"maxlength": 40, "required": True, "placeholder": "+1*"})
    allowed = Check(_l("Se permite"))
    agent = Choice(_l("Agente"), options=_agents, empty=_l("Todos"))
    note = Text(_l("Nota"), attributes={"maxlength": 100})


class Destinations(SectionView):
    slug = "destinos"
    endpoint_name = "destinations"
    label = _l("Destinos")
    singular = _l("Regla")
    add_label = _l("Agregar regla")
    icon = "arrow_out"
    table = DestinationRule
    note = _l("Sin reglas vale lo que se elige abajo para la cuenta.")
    notes = (
        _l("A dónde pueden llamar los agentes: primero la regla del agente, luego la de todos, luego la de la cuenta."),
        _l("Patrones: dígitos, X para un dígito cualquiera y un * final para el resto; +1* es todo Estados Unidos."),
        _l("Los números de emergencia siempre se pueden llamar."),
    )
    form_class = DestinationForm
    create_on_list = True
    changes_routing = True
    searched = (DestinationRule.pattern, DestinationRule.note)
    order = (DestinationRule.agent, DestinationRule.canonical)
    joined = (DestinationRule.agent,)
    columns = (
        Column("pattern", _l("Patrón"), (DestinationRule.canonical,), "mono"),
        Column("allowed", _l("Se permite")),
        Column("agent", _l("Agente")),
        Column("note", _l("Nota")),
    )
    list_page = "destinations.html"

    def check(self, form: SectionForm, row: Any) -> Checked:
        return check_destination_rule(form.typed(), row, account().region)

    def title_of(self, row: Any) -> str:
        return str(row.pattern or self.singular)

    def list_extras(self, page: Page) -> dict[str, Any]:
        health = installation().engine.health() or {}
        names = {row.id: row.name for row in Agent.select(Agent.id, Agent.name)}
        trips = [
            {
                "agent": trip["agent"],
                "who": names.get(trip["agent"], "?") if trip["agent"] is not None else _("Toda la cuenta"),
                "why": reason(f"{'account' if trip['agent'] is None else 'agent'}_{trip['limit']}_limit"),
                "at": from_epoch_ms(int(trip["at"])),
            }
            for trip in health.get("breaker", [])
        ]
        prices = DestinationPrice.select().order_by(DestinationPrice.prefix)
        return {
            "trips": trips,
            "default": Account.get_by_id(1).outbound_default,
            "defaults": choices(DefaultRule),
            "limits": {row.scope.value: row for row in BreakerLimits.select()},
            "prices": "\n".join(f"{row.prefix} {row.price:f}" for row in prices),
            "currency": account().currency,
        }

    @expose("/limites", methods=("POST",))
    @acting(Act.EDIT)
    def limits_view(self) -> Any:
        """The account's default, both sets of limits and the price table, all or nothing."""
        try:
            default = DefaultRule(request.form.get("default", ""))
        except ValueError:
            abort(400)
        prices, wrong = read_prices(request.form.get("prices", "")[:200_000])
        limits = {}
        for scope in LimitScope:
            checked = check_breaker_limits({name: request.form.get(f"{scope}.{name}", "") for name in _FIELDS})
            wrong += [f"{request.form.get(f'{scope}.{name}', '')}" for name in checked.errors]
            limits[scope] = checked.values
        if wrong:
            text = _("No se guardó nada. Esto no se entiende:")
            flash({"text": text, "items": wrong[:10]}, "error")
            return redirect(url_for(".index_view"))
        with transaction(installation().database):
            before = _limits()
            Account.update(outbound_default=default).where(Account.id == 1).execute()
            for scope, values in limits.items():
                BreakerLimits.delete().where(BreakerLimits.scope == scope).execute()
                BreakerLimits.create(scope=scope, **values)
            DestinationPrice.delete().execute()
            for prefix, price in prices.items():
                to_millionths(price)
                DestinationPrice.create(prefix=prefix, price=price)
            audit.record(self.endpoint, "edit", name=_("Límites"), before=before, after=_limits())
        saved_and_reloaded(_("Límites guardados."), installation().engine.reload())
        return redirect(url_for(".index_view"))

    @expose("/liberar", methods=("POST",))
    @acting(Act.EDIT)
    def release_view(self) -> Any:
        """An administrator has looked into it: they may call again."""
        typed = request.form.get("agent", "")
        if typed and not (typed.isascii() and typed.isdigit() and len(typed) < 16):
            abort(400)
        agent = int(typed) if typed else None
        row = None if agent is None else Agent.get_or_none(Agent.id == agent)
        if agent is not None and row is None:
            abort(404)
        if installation().engine.release_breaker(agent, sessions.user().id):
            with transaction(installation().database):
                name = _("Toda la cuenta") if row is None else row.name
                audit.record(self.endpoint, "release", key=agent or "", name=name)
            flash(_("Liberado: se cuenta de nuevo desde ahora."), "success")
        else:
            flash(_("El motor no responde: nada cambió."), "error")
        return redirect(url_for(".index_view"))
