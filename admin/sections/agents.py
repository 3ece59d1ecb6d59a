"""Agentes: the account's users, their phones and how they get in.

Owns: the section, invitations and phone secrets, each shown once. Must not: delete anybody (users are deactivated), or
keep a secret: of a password argon2id is kept, of a phone's secret its HA1.
"""

import secrets
from typing import Any, Final

from flask import g, make_response, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from admin import agent_calls, language, passwords, sessions, sip_qr
from admin.base_view import SectionView
from admin.folding import folded
from admin.installation import installation
from admin.listing import ChoiceFilter, Column, Page
from admin.permissions import Act
from admin.section_forms import Check, Choice, SectionForm, Text
from admin.view_marks import NotSaved, acting
from admin.words import choices
from dialplan.names import SIP_REALM
from dialplan.phone import ha1
from models import pins
from models.checks import Checked, check_agent
from models.db import transaction
from models.tables import (
    Agent,
    AgentCallCenter,
    AgentGroup,
    AgentGroupMember,
    AgentPresence,
    CallCenter,
    CallCenterAgent,
)
from models.values.call import PhoneKind, Role
from models.values.errors import InvalidValue

_SECRET_BYTES: Final = 18  # 144 bits, 24 characters

_SHOWN: Final = ("name", "email", "role", "language", "active", "endpoint", "phone_kind", "click2dial")


def _centers() -> list[tuple[int, str]]:
    rows = CallCenter.select(CallCenter.id, CallCenter.name).order_by(folded(CallCenter.name))
    return [(row.id, row.name) for row in rows]


class NewAgentForm(SectionForm):
    name = Text(_l("Nombre"), attributes={"maxlength": 100, "required": True})
    email = Text(_l("Email"), attributes={"maxlength": 254, "required": True, "inputmode": "email"})
    endpoint = Text(_l("Endpoint"), attributes={"maxlength": 16, "inputmode": "numeric", "placeholder": "8330101"})
    role = Choice(_l("Rol"), options=lambda: choices(Role))
    phone_kind = Choice(_l("Teléfono"), options=lambda: choices(PhoneKind))
    click2dial = Check(_l("Click2Dial"))


class AgentForm(SectionForm):
    name = Text(_l("Nombre"), attributes={"maxlength": 100, "required": True})
    email = Text(_l("Email"), attributes={"maxlength": 254, "required": True, "inputmode": "email"})
    role = Choice(_l("Rol"), options=lambda: choices(Role))
    language = Choice(_l("Idioma"), options=lambda: language.NAMES.items(), empty=_l("El de la cuenta"))
    endpoint = Text(
        _l("Endpoint"),
        help=_l("El número del teléfono IP. Al cambiarlo, el teléfono necesita un secreto nuevo."),
        attributes={"maxlength": 16, "inputmode": "numeric"},
    )
    phone_kind = Choice(_l("Teléfono"), options=lambda: choices(PhoneKind))
    pin = Text(
        _l("PIN del teléfono"),
        help=_l("De 4 a 10 cifras, para *70 a *73 en el teléfono. Vacío: queda el que tiene."),
        attributes={"maxlength": 10, "inputmode": "numeric", "autocomplete": "off"},
    )
    click2dial = Check(_l("Puede usar Click2Dial"))
    calls_for = Choice(
        _l("Llama por"),
        options=_centers,
        empty=_l("Ningún call center"),
        help=_l("Lo que marca en el teléfono muestra el número de este call center y se cobra con su tarifa."),
    )
    active = Check(_l("Activo"), help=_l("Sin esto no entra ni recibe llamadas; lo que hizo se conserva."))
    groups = (
        (_l("Persona"), ("name", "email", "role", "language", "active")),
        (_l("Teléfono"), ("endpoint", "phone_kind", "pin")),
        (_l("Llamadas que hace"), ("click2dial", "calls_for")),
    )


class AgentCells(SectionForm):
    name = Text(_l("Nombre"), attributes={"maxlength": 100, "required": True})
    email = Text(_l("Email"), attributes={"maxlength": 254, "required": True, "inputmode": "email"})
    endpoint = Text(_l("Endpoint"), attributes={"maxlength": 16, "inputmode": "numeric"})
    phone_kind = Choice(_l("Teléfono"), options=lambda: choices(PhoneKind))
    role = Choice(_l("Rol"), options=lambda: choices(Role))
    click2dial = Check(_l("Click2Dial"))
    active = Check(_l("Activo"))


class Agents(SectionView):
    slug = "agentes"
    endpoint_name = "agents"
    label = _l("Agentes")
    singular = _l("Agente")
    add_label = _l("Agregar")
    icon = "agents"
    table = Agent
    note = _l("Agrega arriba a quien va a contestar. Recibirá un enlace para elegir su contraseña.")
    form_class = AgentForm
    row_form = AgentCells
    can_drop = False
    create_on_list = True
    changes_routing = True
    searched = (Agent.name, Agent.email, Agent.endpoint)
    order = (Agent.active.desc(), folded(Agent.name))
    columns = (
        Column("name", _l("Nombre"), (folded(Agent.name),)),
        Column("email", _l("Email"), (folded(Agent.email),)),
        Column("endpoint", _l("Endpoint"), (Agent.endpoint,), "mono"),
        Column("phone_kind", _l("Teléfono"), (Agent.phone_kind,)),
        Column("role", _l("Rol"), (Agent.role,)),
        Column("click2dial", _l("Click2Dial"), (Agent.click2dial,)),
        Column("active", _l("Activo"), (Agent.active,)),
        Column("state", _l("Estado")),
    )
    filters = (
        ChoiceFilter(
            "role", _l("Rol"), lambda query, value: query.where(Agent.role == value), choices=lambda: choices(Role)
        ),
        ChoiceFilter(
            "active",
            _l("Activo"),
            lambda query, value: query.where(Agent.active == (value == "1")),
            choices=lambda: (("1", _l("Sí")), ("0", _l("No"))),
        ),
    )
    list_page = "agents/list.html"
    form_page = "agents/form.html"

    def new_form(self, row: Any = None) -> SectionForm:
        return self.made(NewAgentForm if row is None else AgentForm, row)

    def stored(self, row: Any) -> dict[str, Any]:
        values = super().stored(row)
        # Not in a page's field: what only the server may know, and what the engine or a log-in changes.
        shown = {name: values[name] for name in _SHOWN}
        if row is None:
            return shown | {"role": Role.AGENT, "click2dial": True}
        made_for = AgentCallCenter.get_or_none(AgentCallCenter.agent == row)
        return shown | {"calls_for": made_for.call_center_id if made_for else None}

    def list_extras(self, page: Page) -> dict[str, Any]:
        keys = [row.id for row in page.rows]
        states = AgentPresence.select().where(AgentPresence.agent.in_(keys))
        return {"states": {state.agent_id: state for state in states}}

    def form_extras(self, row: Any) -> dict[str, Any]:
        if row is None:
            return {}
        centers = CallCenter.select(CallCenter.id, CallCenter.name).join(CallCenterAgent)
        teams = AgentGroup.select(AgentGroup.id, AgentGroup.name).join(AgentGroupMember)
        return {
            "centers": list(centers.where(CallCenterAgent.agent == row).order_by(CallCenter.name)),
            **agent_calls.of(row),
            "teams": list(teams.where(AgentGroupMember.agent == row).order_by(AgentGroup.name)),
        }

    # ------------------------------------------------------------ saving
    def check(self, form: SectionForm, row: Any) -> Checked:
        checked = check_agent(form.typed(), row)
        chosen = form.typed().get("calls_for")
        if chosen and str(chosen) not in {str(key) for key, _name in _centers()}:
            form.refuse("calls_for", _("Ese call center ya no existe."))
        pin = form.typed().get("pin")
        if pin:
            try:
                digits = pins.check_new(pin)
            except InvalidValue as problem:
                checked.errors["pin"] = problem
            else:
                checked.values.update(pin_hash=pins.hash_pin(digits), pin_failures=0, pin_locked_until=None)
        return checked

    def before_saving(self, form: SectionForm, row: Any, values: dict[str, Any], created: bool) -> None:
        """A phone gets a secret with its endpoint; who is new gets an invitation; who is out is out at once."""
        if not created and row.id == sessions.user().id and not values["active"]:
            form.refuse("active", _("No puedes desactivarte a ti mismo."))
            raise NotSaved
        is_sip = values["phone_kind"] is PhoneKind.SIP and values["endpoint"]
        if is_sip and (created or row.sip_ha1 is None or row.endpoint != values["endpoint"]):
            secret = self._new_secret(row, values["endpoint"])
            g.setdefault("sip_secrets", []).append((values["name"], values["endpoint"], secret))
        elif not values["endpoint"]:
            row.sip_ha1 = None
        if created:
            g.invitation = passwords.invite(row)
        elif row.active and not values["active"]:
            sessions.end_all_of(row)
        if "pin_hash" in values and not created:
            self.log("pin", row)

    def relations(self, form: SectionForm, row: Any, values: dict[str, Any]) -> None:
        """For whom they call; on the list and for a new agent nothing is asked, and nothing changed."""
        if "calls_for" not in form:
            return
        AgentCallCenter.delete().where(AgentCallCenter.agent == row).execute()
        if form["calls_for"].data:
            AgentCallCenter.create(agent=row, call_center=int(form["calls_for"].data))

    @staticmethod
    def _new_secret(row: Agent, endpoint: str) -> str:
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        row.sip_ha1 = ha1(endpoint, secret)
        return secret

    def set_active(self, row: Any, active: bool) -> None:
        raise NotImplementedError  # by the form alone, which knows the last administrator

    def deactivate_view(self, row_id: int) -> Any:  # not exposed
        raise NotImplementedError

    def created(self, row: Any) -> Any:
        return self._shown_once(row)

    def edited(self, row: Any) -> Any:
        return self._shown_once(row) if "sip_secrets" in g else super().edited(row)

    def rows_saved(self, rows: Any) -> Any:
        return self._shown_once(rows[0]) if "sip_secrets" in g else None

    # ------------------------------------------------------------ shown once
    @expose("/<int:row_id>/invitar", methods=("POST",))
    @acting(Act.EDIT)
    def invite_view(self, row_id: int) -> Any:
        """A new link to choose a password; the one of before ends."""
        with transaction(installation().database):
            row = self.row_or_404(row_id)
            g.invitation = passwords.invite(row)
            self.log("invite", row)
            row.save(only=["invitation_hash", "invitation_expires", "email_key"])
        return self._shown_once(row)

    @expose("/<int:row_id>/secreto", methods=("POST",))
    @acting(Act.EDIT)
    def secret_view(self, row_id: int) -> Any:
        """A new secret for the phone; the one of before ends."""
        with transaction(installation().database):
            row = self.row_or_404(row_id)
            if not row.endpoint or row.phone_kind is not PhoneKind.SIP:
                return self.show_form(self._refused_secret(row), row)
            secret = self._new_secret(row, row.endpoint)
            g.setdefault("sip_secrets", []).append((row.name, row.endpoint, secret))
            self.log("secret", row)
            row.save(only=["sip_ha1", "email_key"])
        self.after_commit(row, _("Secreto nuevo para %(name)s.", name=row.name))
        return self._shown_once(row)

    def _refused_secret(self, row: Agent) -> SectionForm:
        form = AgentForm(None, data=self.stored(row))
        form.refuse("endpoint", _("Hace falta un endpoint y un teléfono SIP."))
        return form

    def _shown_once(self, row: Agent) -> Any:
        """Answered at once, never kept in a session or a redirect's address: a reload cannot show it again."""
        settings = installation().settings
        invitation = g.pop("invitation", None)
        server = f"{settings.sip_address}:{settings.sip_port}"
        body = self.render(
            "agents/once.html",
            **(self.frame() | {"heading": row.name if len(g.get("sip_secrets", ())) < 2 else self.label}),
            row=row,
            invitation=url_for("login.invitation", secret=invitation, _external=True) if invitation else None,
            days=passwords.INVITATION_DAYS,
            sip_secrets=[
                (*one, sip_qr.picture(sip_qr.address(one[1], one[2], server))) for one in g.pop("sip_secrets", ())
            ],
            sip_realm=SIP_REALM,
            sip_server=server,
        )
        return make_response(body)
