"""Tokens de API: which programs may ask, as whom and for what.

Owns: the page: a token made, shown once, revoked. Must not: keep a token (`admin.api.tokens`).
"""

from datetime import timedelta
from typing import Any, Final

from flask import abort, flash, g, make_response, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from peewee import JOIN, ModelSelect

from admin import sessions
from admin.api import tokens
from admin.base_view import SectionView
from admin.folding import folded
from admin.listing import ChoiceFilter, Column, Page
from admin.permissions import Act
from admin.section_forms import Choice, SectionForm, Text
from admin.view_marks import acting
from models.checks import Checked
from models.checks.base import Check as Reading
from models.tables import Agent, ApiToken, now
from models.values.errors import InvalidValue

_LIVES: Final = {"30": _l("30 días"), "90": _l("90 días"), "365": _l("Un año"), "": _l("Nunca")}


def _owners() -> list[tuple[int, str]]:
    query = Agent.select(Agent.id, Agent.name, Agent.email).where(Agent.active).order_by(folded(Agent.name))
    return [(row.id, f"{row.name} ({row.email})") for row in query]


_REACH: Final = {"": _l("Nada"), "read": _l("Leer"), "write": _l("Leer y cambiar")}


def _reach() -> list[tuple[str, Any]]:
    return list(_REACH.items())


def _scopes(form: SectionForm) -> list[str]:
    """Who may change may read."""
    chosen = {name: str(form[name].data or "") for name in tokens.RESOURCES}
    return [
        f"{name}:{what}"
        for name, reach in chosen.items()
        for what in ({"read": (tokens.READ,), "write": (tokens.READ, tokens.WRITE)}.get(reach, ()))
    ]


class TokenForm(SectionForm):
    name = Text(
        _l("Nombre"), help=_l("Qué programa lo usa."), attributes={"maxlength": 100, "required": True},
    )  # fmt: skip
    owner = Choice(
        _l("Actúa como"), options=_owners, help=_l("El token nunca puede más que su dueño; la auditoría lo nombra.")
    )
    days = Choice(_l("Caduca"), options=lambda: [(days, words) for days, words in _LIVES.items() if days])


class EditTokenForm(SectionForm):
    name = Text(_l("Nombre"), attributes={"maxlength": 100, "required": True})


def _with_scopes(form: type[SectionForm], first: tuple[str, ...]) -> type[SectionForm]:
    """A choice for each resource."""
    fields = {name: Choice(words, options=_reach) for name, words in tokens.RESOURCES.items()}
    groups = ((_l("Token"), first), (_l("Permisos"), tuple(fields)))
    return type(form.__name__, (form,), fields | {"groups": groups})


NewTokenForm = _with_scopes(TokenForm, ("name", "owner", "days"))
ChangedTokenForm = _with_scopes(EditTokenForm, ("name",))


class ApiTokens(SectionView):
    slug = "tokens-de-api"
    endpoint_name = "api_tokens"
    label = _l("Tokens de API")
    singular = _l("Token")
    icon = "key"
    table = ApiToken
    note = _l("Un token deja que un programa lea y cambie por la API lo que tú permitas.")
    notes = (
        _l("El token se muestra una sola vez, al crearlo: aquí solo queda su comienzo."),
        _l("Revocar lo apaga en el acto y no se deshace."),
    )
    form_class = NewTokenForm
    can_drop = False
    joined = (ApiToken.owner,)
    searched = (ApiToken.name, ApiToken.prefix)
    order = (ApiToken.active.desc(), ApiToken.id.desc())
    columns = (
        Column("name", _l("Nombre"), (folded(ApiToken.name),)),
        Column("prefix", _l("Comienzo"), (), "mono"),
        Column("owner", _l("Actúa como")),
        Column("scopes", _l("Permisos")),
        Column("used_at", _l("Último uso"), (ApiToken.used_at,)),
        Column("expires_at", _l("Vence"), (ApiToken.expires_at,)),
        Column("state", _l("Estado")),
    )
    filters = (
        ChoiceFilter(
            "active",
            _l("Activo"),
            lambda query, value: query.where(ApiToken.active == (value == "1")),
            choices=lambda: (("1", _l("Sí")), ("0", _l("No"))),
        ),
    )
    list_page = "api_tokens/list.html"
    form_page = "api_tokens/form.html"

    def base_query(self) -> ModelSelect:
        return ApiToken.select(ApiToken, Agent).join_from(ApiToken, Agent, JOIN.LEFT_OUTER, on=ApiToken.owner)

    def new_form(self, row: Any = None) -> SectionForm:
        return self.made(NewTokenForm if row is None else ChangedTokenForm, row)

    def stored(self, row: Any) -> dict[str, Any]:
        scopes = [] if row is None else row.scopes
        reach = {
            name: next((what for what in (tokens.WRITE, tokens.READ) if f"{name}:{what}" in scopes), "")
            for name in tokens.RESOURCES
        }
        if row is None:
            return reach | {"owner": sessions.user().id, "days": "365"}
        return reach | {"name": row.name, "owner": row.owner_id}

    def audited(self, row: Any) -> dict[str, Any]:
        return {
            "name": row.name, "owner": row.owner.name, "scopes": row.scopes, "expires_at": row.expires_at,
            "prefix": row.prefix,
        }  # fmt: skip

    def check(self, form: SectionForm, row: Any) -> Checked:
        reading = Reading(ApiToken, form.typed(), row)
        reading.text("name", required=True)
        scopes = _scopes(form)
        reading.values["scopes"] = scopes
        if not scopes:
            form.problems.append(_("Elige al menos un permiso: un token sin ninguno no sirve."))
        if row is None:
            owner = reading.reference("owner", Agent, required=True)
            if owner is not None and not Agent.get_by_id(owner).active:
                reading.refuse("owner", InvalidValue("not_found", what="Agent", value=str(owner)))
            days = str(form["days"].data or "")
            if days not in _LIVES or not days:
                reading.refuse("days", InvalidValue("not_a_choice", value=days[:10], choices="30, 90, 365"))
            else:
                reading.values["expires_at"] = now() + timedelta(days=int(days))
        return reading.result

    def before_saving(self, form: SectionForm, row: Any, values: dict[str, Any], created: bool) -> None:
        if created:
            text, values["prefix"], values["sha256"] = tokens.make()
            g.new_token = text

    @expose("/<int:row_id>/revocar", methods=("GET", "POST"))
    @acting(Act.EDIT)
    def revoke_view(self, row_id: int) -> Any:
        """Asks first."""
        row = self.row_or_404(row_id)
        if request.method == "POST":
            if row.active:
                self.set_active(row, False)
            flash(_("Revocado: %(name)s.", name=row.name), "success")
            return redirect(url_for(".index_view"))
        return self.render("api_tokens/revoke.html", **(self.frame() | {"heading": row.name}), row=row)

    def set_active(self, row: Any, active: bool) -> None:
        if active:
            abort(404)  # what was revoked stays so
        super().set_active(row, active)

    def created(self, row: Any) -> Any:
        """Answered at once, never kept in a session or an address: a reload cannot show it again."""
        body = self.render(
            "api_tokens/once.html", **(self.frame() | {"heading": row.name}), row=row, token=g.pop("new_token")
        )
        return make_response(body)

    def list_extras(self, page: Page) -> dict[str, Any]:
        return {"now": now(), "resources": tokens.RESOURCES}
