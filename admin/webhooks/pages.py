"""Webhooks: which receivers are told what, and every delivery with its answer.

Owns: both pages, the secret shown once, *Enviar prueba*, *Reintentar*. Must not: send: `jobs` does.
"""

import json
import secrets
from datetime import timedelta
from typing import Any, Final

from flask import flash, g, make_response, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from peewee import fn

from admin.base_view import SectionView
from admin.bulk.worker import is_alive
from admin.folding import folded
from admin.installation import installation
from admin.listing import ChoiceFilter, Column, Page
from admin.permissions import Act
from admin.section_forms import Check, SectionForm, Text
from admin.view_marks import acting
from models.checks import Checked
from models.checks.webhooks import OFFERED, check_webhook
from models.db import transaction
from models.tables import DeliveryState, Webhook, WebhookDelivery, WebhookEvent, epoch_ms, now
from models.values.webhook import WebhookEventName
from models.webhooks import GIVE_UP_MS, secret_of, tell_test

EVENTS: Final[dict[str, Any]] = {
    WebhookEventName.OFFERED: _l("Entra o se hace una llamada"),
    WebhookEventName.ANSWERED: _l("Alguien contesta"),
    WebhookEventName.ENDED: _l("Termina"),
    WebhookEventName.MISSED: _l("Se perdió: nadie contestó una entrante"),
    WebhookEventName.RECORDED: _l("Su grabación se puede oír"),
    WebhookEventName.TEST: _l("Prueba"),
}
STATES: Final[dict[str, Any]] = {
    DeliveryState.PENDING: _l("Pendiente"),
    DeliveryState.DELIVERED: _l("Entregado"),
    DeliveryState.DEAD: _l("Abandonado"),
}
PROBLEMS: Final[dict[str, Any]] = {
    "timeout": _l("No respondió a tiempo"),
    "not_reached": _l("No hay quien responda en esa dirección"),
    "tls": _l("Su certificado no sirve"),
    "broken": _l("La respuesta se cortó o no se entiende"),
    "address_not_allowed": _l("El nombre lleva a una dirección privada"),
    "not_https": _l("Solo por https"),
    "redirect": _l("Redirige a otra dirección, y no se sigue"),
    "gone": _l("Dice que ya no existe: el webhook se apagó"),
    "refused": _l("No lo aceptó"),
}


def _field(event: str) -> str:
    return event.replace(".", "_")


class _Form(SectionForm):
    name = Text(_l("Nombre"), attributes={"maxlength": 100, "required": True})
    url = Text(
        _l("URL"),
        span=True,
        help=_l("https. Hacia una red privada hace falta la configuración CENTRALITA_WEBHOOK_NETWORKS."),
        attributes={
            "maxlength": 1000,
            "required": True,
            "inputmode": "url",
            "placeholder": "https://erp.example/calls",
        },
    )
    active = Check(_l("Activo"), help=_l("Apagado no se le avisa nada, tampoco después."))


_BOXES: Final = {_field(event): Check(EVENTS[event]) for event in OFFERED}
WebhookForm = type(
    "WebhookForm",
    (_Form,),
    _BOXES | {"groups": ((_l("Receptor"), ("name", "url", "active")), (_l("Eventos"), tuple(_BOXES)))},
)


class Webhooks(SectionView):
    slug = "webhooks"
    endpoint_name = "webhooks"
    label = _l("Webhooks")
    singular = _l("Webhook")
    icon = "webhook"
    table = Webhook
    note = _l("Un webhook avisa a otro programa de cada llamada, en el momento.")
    notes = (
        _l("Cada aviso va firmado (Standard Webhooks); el secreto se muestra una sola vez."),
        _l("El que no se entrega se repite durante 24 horas, cada vez más espaciado, y en orden por llamada."),
    )
    form_class = WebhookForm
    searched = (Webhook.name, Webhook.url)
    order = (Webhook.active.desc(), folded(Webhook.name))
    columns = (
        Column("name", _l("Nombre"), (folded(Webhook.name),)),
        Column("url", _l("URL")),
        Column("events", _l("Eventos")),
        Column("pending", _l("Pendientes"), (), "number"),
        Column("dead", _l("Abandonados"), (), "number"),
        Column("state", _l("Estado")),
    )
    list_page = "webhooks/list.html"
    form_page = "webhooks/form.html"

    def stored(self, row: Any) -> dict[str, Any]:
        if row is None or row.get_id() is None:
            usual = (WebhookEventName.ANSWERED, WebhookEventName.ENDED, WebhookEventName.MISSED)
            return {"name": "", "url": "", "active": True} | {_field(event): True for event in usual}
        wanted = {one.event for one in WebhookEvent.select().where(WebhookEvent.webhook == row)}
        boxes = {_field(event): event in wanted for event in OFFERED}
        return {"name": row.name, "url": row.url, "active": row.active} | boxes

    def audited(self, row: Any) -> dict[str, Any]:
        wanted = [one.event for one in WebhookEvent.select().where(WebhookEvent.webhook == row)]
        return {"name": row.name, "url": row.url, "active": row.active, "events": sorted(wanted)}

    def check(self, form: SectionForm, row: Any) -> Checked:
        events = [event for event in OFFERED if form[_field(event)].data]
        networks = installation().settings.webhook_networks
        checked = check_webhook(form.typed() | {"events": events}, row, networks)
        if checked.errors.pop("events", None) is not None:
            form.problems.append(_("Elige al menos un evento."))
        return checked

    def before_saving(self, form: SectionForm, row: Any, values: dict[str, Any], created: bool) -> None:
        if created:
            values["salt"] = secrets.token_hex(16)
        elif values["active"] and not row.active:
            values["since"] = now()  # what happened while it was off is not told
        if created or values["url"] != row.url or (values["active"] and not row.active):
            values.update(failures=0, blocked_until=None, gone_at=None)

    def relations(self, form: SectionForm, row: Any, values: dict[str, Any]) -> None:
        WebhookEvent.delete().where(WebhookEvent.webhook == row).execute()
        for event in values["events"]:
            WebhookEvent.create(webhook=row, event=event)

    def list_extras(self, page: Page) -> dict[str, Any]:
        keys = [row.id for row in page.rows]
        wanted: dict[int, list[str]] = {}
        for key, event in WebhookEvent.select().where(WebhookEvent.webhook.in_(keys)).tuples():
            wanted.setdefault(key, []).append(event)
        counts: dict[tuple[int, str], int] = {}
        open_states = WebhookDelivery.state.in_([DeliveryState.PENDING, DeliveryState.DEAD])
        counted = WebhookDelivery.select(WebhookDelivery.webhook, WebhookDelivery.state, fn.COUNT(WebhookDelivery.id))
        counted = counted.where(WebhookDelivery.webhook.in_(keys), open_states)
        for key, state, count in counted.group_by(WebhookDelivery.webhook, WebhookDelivery.state).tuples():
            counts[key, str(state)] = count
        return {"told": wanted, "counts": counts, "events": EVENTS, "jobs_alive": _jobs_alive()}

    # ------------------------------------------------------------ the secret
    def created(self, row: Any) -> Any:
        return self._shown_once(row)

    @expose("/<int:row_id>/secreto", methods=("POST",))
    @acting(Act.EDIT)
    def secret_view(self, row_id: int) -> Any:
        """A new one; that of before ends at once."""
        with transaction(installation().database):
            row = self.row_or_404(row_id)
            row.salt = secrets.token_hex(16)
            row.save(only=["salt", "name_key"])
            self.log("secret", row)
        return self._shown_once(row)

    def _shown_once(self, row: Any) -> Any:
        secret = secret_of(installation().secrets.webhook_key, row.id, row.salt)
        return make_response(
            self.render("webhooks/once.html", **(self.frame() | {"heading": row.name}), row=row, secret=secret)
        )

    # ------------------------------------------------------------ the test
    @expose("/<int:row_id>/prueba", methods=("POST",))
    @acting(Act.EDIT)
    def test_view(self, row_id: int) -> Any:
        """Through the outbox, like all others: what is seen is what a call's event would meet."""
        with transaction(installation().database):
            row = self.row_or_404(row_id)
            tell_test(installation().database, row.id, f"test.{secrets.token_hex(8)}", epoch_ms(now()))
            Webhook.update(blocked_until=None).where(Webhook.id == row.id).execute()
            self.log("test", row)
        if not row.active:
            flash(_("El webhook está apagado: la prueba espera a que se encienda."), "warning")
        return redirect(url_for("webhook_deliveries.index_view", webhook=row.id))


class WebhookDeliveries(SectionView):
    slug = "entregas-de-webhooks"
    endpoint_name = "webhook_deliveries"
    label = _l("Entregas de webhooks")
    singular = _l("Entrega")
    icon = "webhook"
    table = WebhookDelivery
    note = _l("Aquí queda cada aviso, con la respuesta que tuvo, durante 30 días.")
    can_add = False
    can_drop = False
    joined = (WebhookDelivery.webhook,)
    searched = (WebhookDelivery.call_id, WebhookDelivery.message_id)
    search_label = _l("Llamada o id")
    order = (WebhookDelivery.id.desc(),)
    columns = (
        Column("at", _l("Ocurrió"), (), "nowrap"),
        Column("webhook", _l("Webhook")),
        Column("event", _l("Evento")),
        Column("call_id", _l("Llamada"), (), "mono"),
        Column("state", _l("Estado")),
        Column("attempts", _l("Intentos"), (), "number"),
        Column("answer", _l("Respuesta")),
    )
    list_page = "webhooks/deliveries.html"

    def filters_shown(self) -> Any:
        return (
            ChoiceFilter(
                "webhook",
                _l("Webhook"),
                lambda query, key: query.where(WebhookDelivery.webhook == int(key)),
                choices=lambda: list(Webhook.select(Webhook.id, Webhook.name).order_by(Webhook.name).tuples()),
            ),
            ChoiceFilter(
                "event",
                _l("Evento"),
                lambda query, value: query.where(WebhookDelivery.event == value),
                choices=lambda: EVENTS.items(),
            ),
            ChoiceFilter(
                "state",
                _l("Estado"),
                lambda query, value: query.where(WebhookDelivery.state == value),
                choices=lambda: STATES.items(),
            ),
        )

    def list_extras(self, page: Page) -> dict[str, Any]:
        return {"events": EVENTS, "states": STATES, "faults": PROBLEMS, "jobs_alive": _jobs_alive(), "now": now()}

    def title_of(self, row: Any) -> str:
        return str(row.message_id)

    @expose("/<int:row_id>/ver")
    @acting(Act.READ)
    def see_view(self, row_id: int) -> Any:
        row = self.row_or_404(row_id)
        return self.render(
            "webhooks/delivery.html",
            **(self.frame() | {"heading": str(EVENTS.get(row.event, row.event))}),
            row=row,
            body=json.dumps(json.loads(row.body), ensure_ascii=False, indent=2),
            states=STATES,
            faults=PROBLEMS,
        )

    @expose("/<int:row_id>/reintentar", methods=("POST",))
    @acting(Act.EDIT)
    def retry_view(self, row_id: int) -> Any:
        """Now, and for another day; the same message, so a receiver that had it knows it again."""
        with transaction(installation().database):
            row = self.row_or_404(row_id)
            WebhookDelivery.update(
                state=DeliveryState.PENDING, next_at=now(), give_up_at=now() + timedelta(milliseconds=GIVE_UP_MS),
                attempts=0,
            ).where(WebhookDelivery.id == row.id).execute()  # fmt: skip
            Webhook.update(blocked_until=None).where(Webhook.id == row.webhook_id).execute()
            self.log("retry", row)
        flash(_("Se intenta de nuevo ahora."), "success")
        back = request.form.get("back", "")
        here = url_for(".index_view")
        return redirect(back if back.startswith(here) and "\\" not in back and "//" not in back else here)


def _jobs_alive() -> bool:
    if "jobs_alive" not in g:
        g.jobs_alive = is_alive(installation().settings.data_dir)
    return bool(g.jobs_alive)
