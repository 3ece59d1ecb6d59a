"""States and reasons of messages in the words of the screen.

Owns: those words. Must not: decide anything.
"""

from typing import Any, Final

from flask_babel import lazy_gettext as _l

from models.values.sms import FailureReason, MessageState

STATES: Final[dict[MessageState, Any]] = {
    MessageState.QUEUED: _l("En espera"),
    MessageState.SENDING: _l("Enviándose"),
    MessageState.UNSURE: _l("No se sabe si llegó"),
    MessageState.SENT: _l("Enviado"),
    MessageState.FAILED: _l("No se envió"),
    MessageState.DELIVERED: _l("Entregado"),
    MessageState.RECEIVED: _l("Recibido"),
}
REASONS: Final[dict[FailureReason, Any]] = {
    FailureReason.REFUSED: _l("Lo rechazaron."),
    FailureReason.NO_SUCH_NUMBER: _l("Ese número no existe o no recibe mensajes."),
    FailureReason.UNREACHABLE: _l("Ese teléfono no se puede alcanzar ahora."),
    FailureReason.TOO_LARGE: _l("Es demasiado largo."),
    FailureReason.NOT_ACCEPTED: _l("No aceptan este contenido."),
    FailureReason.CREDENTIALS: _l("No aceptan nuestra clave: avisa a tu administrador."),
    FailureReason.BUSY: _l("Ahora no toman más mensajes."),
    FailureReason.NOT_REACHED: _l("No hay conexión con quien los lleva."),
    FailureReason.NO_ANSWER: _l("No respondieron: puede que haya llegado."),
    FailureReason.RESTARTED: _l("El sistema se reinició mientras salía: puede que haya llegado."),
    FailureReason.CONNECTION_LOST: _l("Se cortó la conexión mientras salía: puede que haya llegado."),
    FailureReason.SWITCH_REFUSED: _l("La central no pudo enviarlo."),
    FailureReason.NO_WAY: _l("Nadie lleva los mensajes de este número."),
    FailureReason.EXPIRED: _l("Esperó una hora y nadie lo pudo llevar."),
    FailureReason.UNDELIVERED: _l("No llegó al teléfono."),
    FailureReason.OPTED_OUT: _l("Ese número pidió no recibir mensajes."),
}
CUT: Final = _l("Era más largo de lo que la central recibe: pide que lo repitan más corto.")


def state_text(state: MessageState) -> str:
    return str(STATES[state])


def reason_text(state: MessageState, reason: str) -> str:
    """Why a message is as it is; "" when there is nothing to say."""
    if state is MessageState.RECEIVED:
        return str(CUT) if reason == FailureReason.TOO_LARGE else ""
    try:
        return str(REASONS[FailureReason(reason)])
    except ValueError:
        return ""
