"""States and reasons of messages in the words of the screen.

Owns: those words. Must not: decide anything.
"""

from typing import Any, Final

from flask_babel import gettext as _
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


def chat_texts() -> dict[str, str]:
    """What the chat's scripts say; `{name}` is filled by the script."""
    return {
        "chat.rooms": _("conversaciones con algo sin leer: {count}"),
        "chat.empty": _("Todavía no hay mensajes. Lo que llegue aparecerá aquí."),
        "chat.nothing_found": _("Ninguna conversación coincide con la búsqueda."),
        "chat.you": _("Tú: {text}"),
        "chat.unread": _("sin leer"),
        "chat.by": _("por el {number}"),
        "chat.today": _("Hoy"),
        "chat.yesterday": _("Ayer"),
        "chat.automatic": _("Respuesta automática"),
        "chat.again": _("Reintentar"),
        "chat.send": _("Enviar"),
        "chat.sending": _("Enviando…"),
        "chat.templates": _("Plantillas…"),
        "chat.counter_one": _("1 mensaje · quedan {left}"),
        "chat.counter_many": _("{count} mensajes · quedan {left}"),
        "chat.too_long": _("{count} mensajes: a lo sumo {most}"),
        "chat.ucs2": _("Con {letters} caben 70 letras por mensaje en vez de 160."),
        "chat.opted_out": _("Pidió no recibir mensajes ({word}, {since}): no se le puede escribir."),
        "chat.opted_out_by_hand": _("Se le dio de baja ({since}): no se le puede escribir."),
        "chat.not_carried": _("Ningún número nuestro lleva mensajes aquí: avisa a tu administrador."),
        "chat.not_sent": _("No se pudo enviar. Lo escrito se conserva: intenta otra vez."),
        "chat.logged_out": _("Tu sesión terminó. Vuelve a entrar: lo que escribiste se conserva."),
        "chat.not_read": _("No se pudo leer la conversación. Se intentará de nuevo."),
        "chat.gone": _("Esa conversación no existe, o no es de las tuyas."),
    }
