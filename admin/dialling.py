"""Why a Click2Dial is not made, in the words of the screens: for the desk and for the lists of the admin.

Owns: the words for the codes of `POST /click2dial`. Must not: decide.
"""

from typing import Any

from flask_babel import gettext as _

from admin.words import REASONS
from models.values.reasons import CallReason

_OF_THE_CORE = (
    CallReason.NOT_A_NUMBER,
    CallReason.NO_TRUNK,
    CallReason.DESTINATION_NOT_ALLOWED,
    CallReason.PARTY_ON_ANOTHER_CALL,
    CallReason.PARTY_NOT_ALLOWED,
    CallReason.AGENT_SPEND_LIMIT,
    CallReason.AGENT_CALLS_LIMIT,
    CallReason.AGENT_COUNTRIES_LIMIT,
    CallReason.ACCOUNT_SPEND_LIMIT,
    CallReason.ACCOUNT_CALLS_LIMIT,
    CallReason.ACCOUNT_COUNTRIES_LIMIT,
)


def dial_problems() -> dict[str, Any]:
    """Every code and its sentence, in the language of the request."""
    return {
        "switch_away": _("La central telefónica no responde; no se llamó a nadie."),
        "engine_away": _("El motor no responde; no se llamó a nadie."),
        "no_such_agent": _("Ese agente ya no existe."),
        "no_such_call_center": _("Ese call center ya no existe."),
        "not_active": _("El agente no está activo."),
        "click2dial_not_allowed": _("El agente no tiene permiso de usar Click2Dial."),
        "no_phone": _("El agente no tiene teléfono asignado."),
        "not_logged_in": _("El agente no está conectado: abre primero el escritorio."),
        "desk_cut_off": _("El escritorio del agente perdió la conexión."),
        "phone_off": _("El teléfono del navegador no está listo: revisa el micrófono en el escritorio."),
        "address_not_allowed": _("Desde esta dirección de internet no se puede llamar."),
        "on_another_call": _("El agente está en otra llamada."),
        **{str(code): _("No se llamó: %(reason)s.", reason=str(REASONS[code])) for code in _OF_THE_CORE},
    }
