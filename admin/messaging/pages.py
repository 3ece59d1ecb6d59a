"""The pages of messages besides the chat: who carries them over HTTP, templates, numbers that want none.

Owns: those three. Must not: send.
"""

import secrets
from typing import Any

from flask import flash, make_response, redirect, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from peewee import JOIN, fn

from admin.base_view import SectionView
from admin.folding import folded
from admin.formats import stamp
from admin.installation import installation
from admin.listing import ChoiceFilter, Column, Page
from admin.messaging import protocol
from admin.permissions import Act
from admin.section_forms import Check, Lines, LongText, SectionForm, Text
from admin.view_marks import NotSaved, acting
from models import message_opt_outs
from models.checks import Checked
from models.checks.messages import check_sms_opt_out, check_sms_provider, check_sms_template
from models.db import transaction
from models.tables import Agent, SmsMessage, SmsOptOut, SmsProvider, SmsProviderNumber, SmsTemplate, epoch_ms, now
from models.values.errors import InvalidValue
from models.values.sms import MOST_CHARACTERS, MessageState, segments
from models.values.sms_words import VARIABLES
from models.webhooks import secret_of

ON: Any = (("1", _l("Sí")), ("0", _l("No")))


class SmsProviderForm(SectionForm):
    name = Text(_l("Nombre"), attributes={"maxlength": 100, "required": True})
    url = Text(
        _l("URL"),
        span=True,
        help=_l("https. Hacia una red privada hace falta la configuración CENTRALITA_WEBHOOK_NETWORKS."),
        attributes={"maxlength": 1000, "required": True, "inputmode": "url", "placeholder": "https://sms.example/send"},
    )
    numbers = Lines(
        _l("Nuestros números"),
        span=True,
        help=_l("Uno por línea: los que este proveedor lleva. Sus mensajes salen por él y no por la troncal."),
        attributes={"rows": 3, "required": True},
    )
    active = Check(_l("Activo"), help=_l("Apagado no lleva ni trae mensajes."))


class SmsProviders(SectionView):
    slug = "proveedores-de-sms"
    endpoint_name = "sms_providers"
    label = _l("Proveedores de SMS")
    singular = _l("Proveedor de SMS")
    icon = "chat"
    table = SmsProvider
    note = _l("Un proveedor lleva por HTTP los mensajes de los números que se le dan.")
    notes = (
        _l("Todo va firmado en los dos sentidos (Standard Webhooks); el secreto se muestra una sola vez."),
        _l("El proveedor avisa lo que llega en /sms/incoming y cómo terminó cada envío en /sms/receipt."),
    )
    form_class = SmsProviderForm
    searched = (SmsProvider.name, SmsProvider.url)
    order = (SmsProvider.active.desc(), folded(SmsProvider.name))
    columns = (
        Column("name", _l("Nombre"), (folded(SmsProvider.name),)),
        Column("url", _l("URL")),
        Column("numbers", _l("Nuestros números")),
        Column("waiting", _l("En espera"), (), "number"),
        Column("heard_at", _l("Se le oyó"), (SmsProvider.heard_at,), "nowrap"),
        Column("state", _l("Estado")),
    )
    list_page = "messaging/providers.html"
    form_page = "messaging/provider.html"

    def stored(self, row: Any) -> dict[str, Any]:
        if row is None or row.get_id() is None:
            return {"name": "", "url": "", "numbers": [], "active": True}
        return {"name": row.name, "url": row.url, "numbers": _numbers([row.id]).get(row.id, []), "active": row.active}

    def check(self, form: SectionForm, row: Any) -> Checked:
        return check_sms_provider(form.typed(), row, installation().settings.webhook_networks)

    def before_saving(self, form: SectionForm, row: Any, values: dict[str, Any], created: bool) -> None:
        if created:
            values["salt"] = secrets.token_hex(16)
        if created or values["url"] != row.url or (values["active"] and not row.active):
            values.update(failures=0, blocked_until=None)

    def relations(self, form: SectionForm, row: Any, values: dict[str, Any]) -> None:
        SmsProviderNumber.delete().where(SmsProviderNumber.provider == row).execute()
        for number, key in values["numbers"]:
            SmsProviderNumber.create(provider=row, number=number, number_key=key)

    def list_extras(self, page: Page) -> dict[str, Any]:
        keys = [row.id for row in page.rows]
        counted = SmsMessage.select(SmsMessage.provider, fn.COUNT(SmsMessage.id)).where(
            SmsMessage.provider.in_(keys), SmsMessage.state == MessageState.QUEUED
        )
        waiting = dict(counted.group_by(SmsMessage.provider).tuples())
        return {"numbers": _numbers(keys), "waiting": waiting, "jobs_alive": jobs_alive()}

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
        secret = secret_of(installation().secrets.webhook_key, row.id, row.salt, what=protocol.PROVIDER)
        frame = self.frame() | {"heading": row.name}
        addresses = [url_for(f"sms.{name}", _external=True) for name in ("incoming", "receipt")]
        return make_response(self.render("messaging/once.html", **frame, row=row, secret=secret, addresses=addresses))


def _numbers(keys: list[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    rows = SmsProviderNumber.select().where(SmsProviderNumber.provider.in_(keys)).order_by(SmsProviderNumber.id)
    for row in rows:
        found.setdefault(row.provider_id, []).append(str(row.number))
    return found


def jobs_alive() -> bool:
    from admin.bulk.worker import is_alive

    return is_alive(installation().settings.data_dir)


class SmsTemplateForm(SectionForm):
    name = Text(_l("Nombre"), attributes={"maxlength": 60, "required": True})
    text = LongText(
        _l("Texto"),
        span=True,
        help=_l("Se llenan solos: {contact}, {company}, {number}, {agent}, {call_center}, {account}."),
        attributes={"maxlength": MOST_CHARACTERS, "rows": 4, "required": True},
    )
    active = Check(_l("Activa"))


class SmsTemplates(SectionView):
    slug = "plantillas-de-mensajes"
    endpoint_name = "sms_templates"
    label = _l("Plantillas de mensajes")
    singular = _l("Plantilla")
    add_label = _l("Agregar")
    icon = "chat"
    table = SmsTemplate
    note = _l("Crea arriba la primera: un texto que los agentes mandan a menudo.")
    notes = (
        _l("Quien escribe la elige y la puede cambiar antes de enviarla."),
        _l("Lo que va entre llaves se llena solo; una á, í, ó o ú hace que el mensaje cueste más del doble."),
    )
    form_class = SmsTemplateForm
    create_on_list = True
    searched = (SmsTemplate.name, SmsTemplate.text)
    order = (folded(SmsTemplate.name),)
    columns = (
        Column("name", _l("Nombre"), (folded(SmsTemplate.name),)),
        Column("text", _l("Texto")),
        Column("segments", _l("Mensajes"), (), "number"),
        Column("active", _l("Activa"), (SmsTemplate.active,)),
    )
    filters = (
        ChoiceFilter(
            "active",
            _l("Activa"),
            lambda query, value: query.where(SmsTemplate.active == (value == "1")),
            choices=lambda: ON,
            everything=_l("Todas"),
        ),
    )
    list_page = "messaging/templates.html"

    def check(self, form: SectionForm, row: Any) -> Checked:
        return check_sms_template(form.typed(), row)

    def list_extras(self, page: Page) -> dict[str, Any]:
        return {"counted": {row.id: segments(row.text) for row in page.rows}, "variables": VARIABLES}

    def csv_columns(self) -> Any:
        return (
            (_l("Nombre"), lambda row: row.name),
            (_l("Texto"), lambda row: row.text),
            (_l("Activa"), lambda row: _("Sí") if row.active else _("No")),
        )


class SmsOptOutForm(SectionForm):
    number = Text(_l("Número"), attributes={"maxlength": 40, "required": True, "placeholder": "8888 7777"})
    note = Text(_l("Motivo"), attributes={"maxlength": 200})


class SmsOptOutNote(SectionForm):
    note = Text(_l("Motivo"), attributes={"maxlength": 200})


class SmsOptOuts(SectionView):
    slug = "bajas-de-mensajes"
    endpoint_name = "sms_opt_outs"
    label = _l("Bajas de mensajes")
    singular = _l("Baja de mensajes")
    add_label = _l("Dar de baja")
    icon = "lock"
    table = SmsOptOut
    note = _l("Quien responde BAJA, STOP, CANCELAR o ALTO queda aquí, y nadie le puede escribir.")
    notes = (
        _l("Quien responde BAJA, STOP, CANCELAR o ALTO queda aquí, y nadie le puede escribir."),
        _l("Con ALTA o START vuelve solo; también se puede levantar aquí, si lo pidió de otra manera."),
    )
    form_class = SmsOptOutForm
    create_on_list = True
    can_drop = False
    joined = (SmsOptOut.by,)
    searched = (SmsOptOut.number, SmsOptOut.note)
    order = (SmsOptOut.lifted_at.is_null(False), SmsOptOut.at.desc())
    columns = (
        Column("number", _l("Número"), (SmsOptOut.number,), "nowrap"),
        Column("word", _l("Cómo"), (SmsOptOut.word,)),
        Column("note", _l("Motivo"), (SmsOptOut.note,)),
        Column("at", _l("Desde"), (SmsOptOut.at,), "nowrap"),
        Column("lifted_at", _l("Levantada"), (SmsOptOut.lifted_at,), "nowrap"),
    )
    filters = (
        ChoiceFilter(
            "state",
            _l("Estado"),
            lambda query, value: query.where(SmsOptOut.active_key.is_null(value == "lifted")),
            choices=lambda: (("now", _l("Vigentes")), ("lifted", _l("Levantadas"))),
            everything=_l("Todas"),
        ),
    )
    list_page = "messaging/opt_outs.html"
    lifter = Agent.alias()

    def base_query(self) -> Any:
        query = SmsOptOut.select(SmsOptOut, Agent, self.lifter)
        query = query.join_from(SmsOptOut, Agent, JOIN.LEFT_OUTER, on=SmsOptOut.by)
        return query.join_from(
            SmsOptOut, self.lifter, JOIN.LEFT_OUTER, on=(SmsOptOut.lifted_by == self.lifter.id), attr="lifter"
        )

    def new_form(self, row: Any = None) -> SectionForm:
        return self.made(SmsOptOutForm if row is None else SmsOptOutNote, row)

    def check(self, form: SectionForm, row: Any) -> Checked:
        return check_sms_opt_out(form.typed(), row)

    def before_saving(self, form: SectionForm, row: Any, values: dict[str, Any], created: bool) -> None:
        if not created:
            values.pop("number", None)
            return
        number = values["number"]
        if message_opt_outs.opted_out(installation().database, number):
            form.show({"number": InvalidValue("not_unique", value=number)})
            raise NotSaved
        values.update(active_key=number, by=current_user.id)

    def relations(self, form: SectionForm, row: Any, values: dict[str, Any]) -> None:
        message_opt_outs.drop_waiting(installation().database, row.number, epoch_ms(now()))

    @expose("/<int:row_id>/levantar", methods=("POST",))
    @acting(Act.EDIT)
    def lift_view(self, row_id: int) -> Any:
        row = self.row_or_404(row_id)
        with transaction(installation().database):
            lifted = bool(row.active_key) and message_opt_outs.opt_in(
                installation().database, row.number, epoch_ms(now()), by=current_user.id
            )
            if lifted:
                self.log("lift", row)
        if lifted:
            flash(_("A %(number)s se le puede escribir otra vez.", number=row.number), "success")
        else:
            flash(_("Esa baja ya estaba levantada."), "warning")
        return redirect(url_for(".index_view"))

    def title_of(self, row: Any) -> str:
        return str(row.number or self.singular)

    def csv_columns(self) -> Any:
        return (
            (_l("Número"), lambda row: row.number),
            (_l("Cómo"), lambda row: row.word or _("a mano")),
            (_l("Motivo"), lambda row: row.note),
            (_l("Desde"), lambda row: stamp(row.at)),
            (_l("Por"), lambda row: row.by.name if row.by_id else ""),
            (_l("Levantada"), lambda row: stamp(row.lifted_at)),
            (_l("Levantada por"), lambda row: row.lifter.name if row.lifted_by_id else row.lifted_word),
        )
