"""Datos de la cuenta: name, country, language, time zone, currency; and the reasons for a pause.

Owns: this page. Must not: be a section: it stands in the user's menu, for administrators.
"""

from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

from babel import Locale
from flask import Blueprint, Flask, abort, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user, login_required
from phonenumbers import SUPPORTED_REGIONS

from admin import audit, language, notices
from admin.installation import installation
from admin.section_forms import Choice, Lines, SectionForm, Text
from models.account import change_region
from models.checks import check_account, check_pause_reason
from models.db import transaction
from models.tables import Account, PauseReason, name_key
from models.values.call import Role
from models.values.errors import InvalidValue
from models.values.feature import OFF, CodesProblem, Feature, read_codes, write_codes
from models.values.money import CURRENCIES

_COLUMNS = ("name", "region", "language", "timezone", "currency")

pages = Blueprint("account_settings", __name__, url_prefix="/cuenta")


def _regions() -> list[tuple[str, str]]:
    locale = get_locale() or Locale("es")
    named = ((code, locale.territories.get(code, code)) for code in SUPPORTED_REGIONS)
    return sorted(((code, f"{name} ({code})") for code, name in named), key=lambda pair: name_key(pair[1]))


_CODES = {
    Feature.HOLD: _l("Espera, y de vuelta"),
    Feature.CONSULT: _l("Consultar a alguien"),
    Feature.COMPLETE: _l("Completar la transferencia"),
    Feature.CANCEL: _l("Cancelarla"),
    Feature.CONFERENCE: _l("Conferencia"),
    Feature.SWAP: _l("Cambiar entre los dos"),
    Feature.RECORD: _l("Grabar; luego pausa, y seguir"),
    Feature.TRANSFER: _l("Transferir de una vez"),
    Feature.HANG_UP: _l("Colgar"),
}
_SHORT = {"maxlength": 3, "inputmode": "tel", "autocomplete": "off"}


class AccountForm(SectionForm):
    name = Text(_l("Nombre de la cuenta"), attributes={"maxlength": 100, "required": True})
    region = Choice(_l("País"), options=_regions, help=_l("Según él se leen los números de teléfono."))
    language = Choice(_l("Idioma"), options=lambda: language.NAMES.items())
    timezone = Choice(_l("Zona horaria"), options=lambda: [(name, name) for name in sorted(available_timezones())])
    currency = Choice(_l("Moneda"), options=lambda: [(code, code) for code in CURRENCIES])
    pauses = Lines(_l("Razones de pausa, una por línea"), span=True, attributes={"rows": 6})
    code_hold = Text(
        _CODES[Feature.HOLD], help=_l("Un * o # y una o dos cifras; vacío: sin código."), attributes=_SHORT
    )
    code_consult = Text(_CODES[Feature.CONSULT], help=_l("Luego el número y #."), attributes=_SHORT)
    code_complete = Text(_CODES[Feature.COMPLETE], attributes=_SHORT)
    code_cancel = Text(_CODES[Feature.CANCEL], attributes=_SHORT)
    code_conference = Text(_CODES[Feature.CONFERENCE], attributes=_SHORT)
    code_swap = Text(_CODES[Feature.SWAP], attributes=_SHORT)
    code_record = Text(_CODES[Feature.RECORD], help=_l("Según lo que deje cada call center."), attributes=_SHORT)
    code_transfer = Text(_CODES[Feature.TRANSFER], help=_l("Luego el número y #."), attributes=_SHORT)
    code_hang_up = Text(_CODES[Feature.HANG_UP], attributes=_SHORT)
    groups = (
        (_l("Cuenta"), ("name", "region", "language", "timezone", "currency")),
        (_l("Pausas de los agentes"), ("pauses",)),
        (_l("Códigos en el teléfono durante una llamada"), tuple(f"code_{feature}" for feature in _CODES)),
    )


def init_app(app: Flask) -> None:
    app.register_blueprint(pages)


@pages.route("", methods=["GET", "POST"])
@login_required
def index() -> Any:
    if current_user.role is not Role.ADMINISTRATOR:
        abort(403)
    row = Account.get()
    stored = {name: getattr(row, name) for name in _COLUMNS} | {"pauses": _pauses()} | _codes_of(row)
    form = AccountForm(request.form if request.method == "POST" else None, data=stored)
    if request.method == "POST" and _save(form, row, stored):
        notices.saved_and_reloaded(_("Guardado: %(name)s.", name=row.name), installation().engine.reload())
        return redirect(url_for(".index"))
    page = render_template("account.html", form=form, heading=_("Datos de la cuenta"))
    return page, 422 if form.is_refused else 200


def _save(form: AccountForm, row: Account, stored: dict[str, Any]) -> bool:
    for field in form:
        field.errors = list(field.process_errors)
    database = installation().database
    try:
        with transaction(database):
            checked = check_account(form.typed(), row)
            form.show(checked.errors)
            _check_pauses(form)
            checked.values["feature_codes"] = _checked_codes(form)
            if form.is_refused:
                return False
            region = checked.values.pop("region")
            for name, value in checked.values.items():
                setattr(row, name, value)
            row.save(only=list(checked.values))
            _keep_pauses(form["pauses"].data)
            before = stored | {"region": row.region}
            if region != row.region:
                change_region(database, region)
            after = {name: getattr(row, name) for name in _COLUMNS} | {"region": region, "pauses": _pauses()}
            after |= _codes_of(row)
            audit.record("account_settings", "edit", key=row.id, name=row.name, before=before, after=after)
    except InvalidValue as problem:
        form.show({"region": problem})
        return False
    return True


def _codes_of(row: Account) -> dict[str, str]:
    codes = read_codes(row.feature_codes)
    return {f"code_{feature}": codes.code_of(feature) for feature in _CODES}


def _checked_codes(form: AccountForm) -> str:
    """The account's text; what is wrong stands beside its field."""
    chosen = {feature: (form[f"code_{feature}"].data or "").strip() for feature in _CODES}
    for feature, code in chosen.items():
        if not _is_code(code):
            form.refuse(f"code_{feature}", _("Es un * o # y una o dos cifras."))
        elif code and any(code.startswith(other) or other.startswith(code) for other in _others(chosen, feature)):
            form.refuse(f"code_{feature}", _("Se confunde con otro código."))
    return write_codes(chosen) if any(chosen.values()) else OFF


def _is_code(code: str) -> bool:
    """Alone, whatever the others are."""
    alone = " ".join(f"{feature}=" for feature in Feature if feature is not Feature.HOLD)
    try:
        read_codes(f"{alone} hold={code}")
    except CodesProblem:
        return False
    return not any(character.isspace() for character in code)


def _others(chosen: Mapping[Feature, str], feature: Feature) -> list[str]:
    return [code for other, code in chosen.items() if other is not feature and code]


def _pauses() -> list[str]:
    active = PauseReason.select(PauseReason.name).where(PauseReason.active).order_by(PauseReason.position)
    return [name for (name,) in active.tuples()]


def _check_pauses(form: AccountForm) -> None:
    known = {row.name_key: row for row in PauseReason.select()}
    seen: set[str] = set()
    for name in form["pauses"].data:
        if name_key(name) in seen:
            form.refuse("pauses", _("«%(name)s» está dos veces.", name=name))
        seen.add(name_key(name))
        problem = check_pause_reason({"name": name}, known.get(name_key(name))).errors.get("name")
        if problem is not None:
            form.show({"pauses": problem})


def _keep_pauses(names: list[str]) -> None:
    """Those of the list, in its order; the others are out of use, and what was noted with them stays."""
    known = {row.name_key: row for row in PauseReason.select()}
    for position, name in enumerate(names):
        row = known.pop(name_key(name), None) or PauseReason()
        row.name, row.active, row.position = name, True, position
        row.save()
    for row in known.values():
        row.active = False
        row.save()
