"""Stored codes in the words of the screen: outcomes, states, roles, strategies, reasons.

Owns: a label for each member of the enums, reasons of calls, HTTP errors. Must not: store anything.
"""

from enum import StrEnum
from typing import Any, Final

from flask import Flask
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from models.tables.call_centers import PopUpIn
from models.tables.callers import CallbackState
from models.tables.contacts import DispositionAction, FieldKind
from models.tables.desk import AgentCallbackState
from models.tables.forms import FormFieldKind
from models.tables.paper import Letter, PrinterKind
from models.tables.tickets import TicketPriority, TicketState
from models.values.call import AgentState, CostUnit, Direction, LegKind, LegOutcome, Outcome, PhoneKind, Role, Strategy
from models.values.destination import DefaultRule
from models.values.queue import OverflowTo
from models.values.reasons import CallReason, LegReason
from models.values.recording import RecordingMode, RecordingProblem, RecordingState

LABELS: Final[dict[type[StrEnum], dict[Any, Any]]] = {
    Direction: {
        Direction.INBOUND: _l("Entrante"),
        Direction.OUTBOUND: _l("Saliente"),
        Direction.INTERNAL: _l("Interna"),
    },
    Outcome: {
        Outcome.ANSWERED: _l("Contestada"),
        Outcome.ABANDONED: _l("Abandonada"),
        Outcome.BUSY: _l("Ocupado"),
        Outcome.NO_ANSWER: _l("Sin respuesta"),
        Outcome.NO_AGENTS: _l("Sin agentes"),
        Outcome.UNKNOWN_NUMBER: _l("Número desconocido"),
        Outcome.CLOSED: _l("Cerrado"),
        Outcome.VOICEMAIL: _l("Buzón de voz"),
        Outcome.CALLBACK: _l("Pidió que le llamen"),
        Outcome.ENGINE_AWAY: _l("Sin motor"),
        Outcome.REFUSED: _l("No permitida"),
        Outcome.FAILED: _l("Fallida"),
        Outcome.IN_PROGRESS: _l("En curso"),
    },
    RecordingMode: {
        RecordingMode.OFF: _l("No"),
        RecordingMode.ALWAYS: _l("Sí, desde el principio"),
        RecordingMode.AGENT: _l("Cuando el agente quiera"),
    },
    RecordingState: {
        RecordingState.PENDING: _l("todavía en la central"),
        RecordingState.KEPT: _l("guardada"),
        RecordingState.LOST: _l("no se encontró"),
        RecordingState.FAILED: _l("falló"),
        RecordingState.DELETED: _l("borrada"),
    },
    RecordingProblem: {
        RecordingProblem.EMPTY: _l("la central no escribió nada en ella: se detuvo enseguida o su disco estaba lleno"),
        RecordingProblem.NOT_WAV: _l("lo que escribió la central no es un archivo de sonido; sigue en la central"),
        RecordingProblem.UNREADABLE: _l("la central no puede leer su archivo; sigue en la central"),
    },
    LegOutcome: {
        LegOutcome.ANSWERED: _l("contestó"),
        LegOutcome.NO_ANSWER: _l("no contestó"),
        LegOutcome.BUSY: _l("ocupado"),
        LegOutcome.REFUSED: _l("rechazó"),
        LegOutcome.UNREACHABLE: _l("teléfono sin conexión"),
        LegOutcome.LOST_RACE: _l("otra persona contestó antes"),
        LegOutcome.CALLER_GONE: _l("quien llamaba colgó"),
        LegOutcome.FAILED: _l("falló"),
    },
    PopUpIn: {PopUpIn.TAB: _l("En una pestaña"), PopUpIn.PANEL: _l("En un panel del escritorio")},
    Strategy: {
        Strategy.ALL: _l("Todos a la vez"),
        Strategy.ROUND_ROBIN_MEMORY: _l("Por turno, con memoria"),
        Strategy.LONGEST_IDLE: _l("Quien lleva más tiempo libre"),
        Strategy.FEWEST_CALLS: _l("Quien ha atendido menos"),
        Strategy.PRIORITY: _l("Por prioridad"),
        Strategy.RANDOM: _l("Al azar"),
    },
    AgentState: {
        AgentState.OFFLINE: _l("Desconectado"),
        AgentState.AVAILABLE: _l("Disponible"),
        AgentState.RINGING: _l("Timbrando"),
        AgentState.TALKING: _l("En llamada"),
        AgentState.WRAP_UP: _l("Trabajo posterior"),
        AgentState.PAUSED: _l("En pausa"),
    },
    CallbackState: {
        CallbackState.PENDING: _l("Pendiente"),
        CallbackState.DONE: _l("Atendida"),
        CallbackState.FAILED: _l("No se pudo"),
    },
    AgentCallbackState: {
        AgentCallbackState.PENDING: _l("Pendiente"),
        AgentCallbackState.DONE: _l("Hecha"),
        AgentCallbackState.CANCELLED: _l("Cancelada"),
    },
    PhoneKind: {
        PhoneKind.SIP: _l("Teléfono IP (SIP)"),
        PhoneKind.VIRTUAL: _l("Virtual, en el escritorio"),
        PhoneKind.BROWSER: _l("En el navegador, con micrófono"),
    },
    Role: {
        Role.ADMINISTRATOR: _l("Administrador"),
        Role.SUPERVISOR: _l("Supervisor"),
        Role.AGENT: _l("Agente"),
    },
    DefaultRule: {
        DefaultRule.EVERYTHING: _l("Cualquier número"),
        DefaultRule.ABROAD: _l("Cualquier país, sin números de tarifa especial"),
        DefaultRule.NATIONAL: _l("Solo números del país, sin tarifa especial"),
        DefaultRule.NOTHING: _l("Nada"),
    },
    CostUnit: {CostUnit.SECOND: _l("segundo"), CostUnit.MINUTE: _l("minuto"), CostUnit.HOUR: _l("hora")},
    FieldKind: {
        FieldKind.TEXT: _l("Texto"),
        FieldKind.NUMBER: _l("Número"),
        FieldKind.DATE: _l("Fecha"),
        FieldKind.YES_NO: _l("Sí o no"),
        FieldKind.LIST: _l("Lista"),
    },
    DispositionAction: {
        DispositionAction.NONE: _l("Ninguna"),
        DispositionAction.CALL_BACK: _l("Devolver la llamada"),
        DispositionAction.DO_NOT_CALL: _l("No volver a llamar"),
    },
    FormFieldKind: {
        FormFieldKind.TEXT: _l("Texto"),
        FormFieldKind.LONG_TEXT: _l("Texto largo"),
        FormFieldKind.NUMBER: _l("Número"),
        FormFieldKind.DATE: _l("Fecha"),
        FormFieldKind.TIME: _l("Hora"),
        FormFieldKind.LIST: _l("Lista"),
        FormFieldKind.CHOICES: _l("Varias opciones"),
        FormFieldKind.YES_NO: _l("Sí o no"),
        FormFieldKind.PHONE: _l("Teléfono"),
        FormFieldKind.EMAIL: _l("Correo"),
        FormFieldKind.FILE: _l("Archivo"),
        FormFieldKind.HEADING: _l("Encabezado"),
    },
    PrinterKind: {
        PrinterKind.ESCPOS: _l("De red (ESC/POS)"),
        PrinterKind.CUPS: _l("CUPS o controlador"),
        PrinterKind.FILE: _l("Archivo"),
        PrinterKind.BROWSER: _l("El navegador"),
    },
    OverflowTo: {
        OverflowTo.MESSAGE: _l("Un mensaje, y termina"),
        OverflowTo.VOICEMAIL: _l("El buzón de voz"),
        OverflowTo.CALL_CENTER: _l("Otro call center"),
        OverflowTo.OUTSIDE: _l("Un número externo"),
    },
    TicketState: {
        TicketState.OPEN: _l("Abierto"),
        TicketState.PENDING: _l("Pendiente"),
        TicketState.SOLVED: _l("Resuelto"),
    },
    TicketPriority: {
        TicketPriority.LOW: _l("Baja"),
        TicketPriority.NORMAL: _l("Normal"),
        TicketPriority.HIGH: _l("Alta"),
        TicketPriority.URGENT: _l("Urgente"),
    },
    Letter: {Letter.SMALL: _l("Pequeña"), Letter.MEDIUM: _l("Mediana"), Letter.LARGE: _l("Grande")},
}

REASONS: Final[dict[str, Any]] = {
    CallReason.CALLER_HUNG_UP: _l("colgó quien llamaba"),
    CallReason.AGENT_HUNG_UP: _l("colgó el agente"),
    CallReason.OUTSIDE_HUNG_UP: _l("colgó el número externo"),
    CallReason.AGENT_PHONE_LOST: _l("se perdió el teléfono del agente y no volvió"),
    CallReason.NOBODY_TOOK_THE_TRANSFER: _l("nadie tomó la llamada transferida"),
    CallReason.ENDED_BY_ADMINISTRATOR: _l("la terminó un administrador"),
    CallReason.CALLER_GAVE_UP: _l("quien llamaba no esperó más"),
    CallReason.CALLER_GAVE_UP_AS_THE_AGENT_ANSWERED: _l("quien llamaba colgó cuando el agente contestaba"),
    CallReason.AGENT_HUNG_UP_BEFORE_BEING_JOINED: _l("el agente colgó antes de quedar en línea"),
    CallReason.COULD_NOT_BE_JOINED: _l("no se pudo unir a las dos partes"),
    CallReason.NOBODY_IS_LOGGED_IN: _l("no había agentes conectados"),
    CallReason.NO_AGENT_COULD_BE_RUNG: _l("no se pudo timbrar a ningún agente"),
    CallReason.ALL_AGENTS_BUSY: _l("todos los agentes estaban ocupados"),
    CallReason.NO_AGENT_ANSWERED: _l("ningún agente contestó a tiempo"),
    CallReason.CLOSED_BY_SWITCH: _l("el call center estaba cerrado por «Cerrado ahora»"),
    CallReason.CLOSED_FOR_HOLIDAY: _l("era feriado o un día cerrado"),
    CallReason.OUT_OF_HOURS: _l("fuera del horario de atención"),
    CallReason.QUEUE_FULL: _l("la cola estaba llena"),
    CallReason.LEFT_A_VOICEMAIL: _l("dejó un mensaje de voz"),
    CallReason.VOICEMAIL_NOT_RECORDED: _l("no se pudo grabar el mensaje de voz"),
    CallReason.CALLER_GAVE_UP_AT_VOICEMAIL: _l("colgó sin dejar mensaje"),
    CallReason.ASKED_FOR_CALLBACK: _l("pidió que le devuelvan la llamada"),
    CallReason.NUMBER_BLOCKED: _l("el número que llamó está bloqueado"),
    CallReason.OUTSIDE_DID_NOT_ANSWER: _l("el número externo no contestó"),
    CallReason.UNKNOWN_NUMBER: _l("ningún call center atiende ese número"),
    CallReason.NO_ENGINE_TOOK_THE_CALL: _l("el motor no estaba; se dio el mensaje de reserva"),
    CallReason.ENDED_WHILE_THE_ENGINE_WAS_AWAY: _l("terminó mientras el motor no estaba"),
    CallReason.GAVE_UP_UNSEEN_BY_THE_ENGINE: _l("quien llamaba colgó antes de que el motor lo viera"),
    CallReason.ENGINE_RESTARTED: _l("el motor se reinició"),
    CallReason.SWITCH_DIED: _l("la central (Asterisk) se cayó o se reinició"),
    CallReason.ENGINE_DEFECT: _l("un defecto del motor; su registro lo explica"),
    CallReason.CALLED_PARTY_HUNG_UP: _l("colgó la persona llamada"),
    CallReason.JOINED_TO_ANOTHER_CALL: _l("el agente la unió con la otra línea de su teléfono; sigue allá"),
    CallReason.AGENT_GAVE_UP: _l("el agente colgó antes de que contestaran"),
    CallReason.AGENT_DID_NOT_ANSWER: _l("el agente no contestó su propio teléfono; no se llamó a nadie"),
    CallReason.AGENT_PHONE_NOT_REACHED: _l("el teléfono del agente no respondió; no se llamó a nadie"),
    CallReason.PARTY_BUSY: _l("la persona llamada estaba ocupada"),
    CallReason.PARTY_DID_NOT_ANSWER: _l("la persona llamada no contestó"),
    CallReason.PARTY_REFUSED: _l("la persona llamada rechazó la llamada"),
    CallReason.PARTY_NOT_REACHED: _l("no se pudo comunicar con el número"),
    CallReason.PARTY_ON_ANOTHER_CALL: _l("el compañero estaba en otra llamada"),
    CallReason.PARTY_NOT_ALLOWED: _l("el compañero está en una dirección no permitida"),
    CallReason.NOT_A_NUMBER: _l("no es un número al que se pueda llamar"),
    CallReason.NO_TRUNK: _l("no hay troncal para llamar afuera"),
    CallReason.DESTINATION_NOT_ALLOWED: _l("el agente no puede llamar a ese destino"),
    CallReason.PHONE_NOT_OF_AN_AGENT: _l("el teléfono no es de ningún agente activo"),
    CallReason.ADDRESS_NOT_ALLOWED: _l("el teléfono está en una dirección no permitida"),
    CallReason.AGENT_SPEND_LIMIT: _l("el agente llegó a su límite de gasto por día"),
    CallReason.AGENT_CALLS_LIMIT: _l("el agente llegó a su límite de llamadas por hora"),
    CallReason.AGENT_COUNTRIES_LIMIT: _l("el agente llegó a su límite de países nuevos por día"),
    CallReason.ACCOUNT_SPEND_LIMIT: _l("la cuenta llegó a su límite de gasto por día"),
    CallReason.ACCOUNT_CALLS_LIMIT: _l("la cuenta llegó a su límite de llamadas por hora"),
    CallReason.ACCOUNT_COUNTRIES_LIMIT: _l("la cuenta llegó a su límite de países nuevos por día"),
    LegReason.POP_NOT_ACKNOWLEDGED: _l("la ficha no se vio a tiempo en el escritorio"),
    LegReason.DECLINED_ON_DESK: _l("rechazada en el escritorio"),
    LegReason.RING_TIME_OVER: _l("se acabó el tiempo de timbre"),
    LegReason.REFUSED_BY_PHONE: _l("el teléfono la rechazó"),
    LegReason.NOT_REACHED: _l("el teléfono no está registrado o no respondió"),
    LegReason.CALLER_CHOSE_ANOTHER_WAY: _l("quien llamaba marcó una opción"),
    LegReason.QUEUE_CLOSED: _l("estaba cerrado"),
    LegReason.QUEUE_FULL: _l("la cola estaba llena"),
    LegReason.WAITED_TOO_LONG: _l("se cumplió la espera máxima"),
    LegReason.NOBODY_THERE: _l("no había agentes conectados"),
    LegReason.MESSAGE_KEPT: _l("mensaje guardado"),
    LegReason.MESSAGE_TOO_SHORT: _l("colgó sin hablar"),
    LegReason.NOT_RECORDED: _l("no se pudo grabar"),
    LegReason.HELD_ON_DESK: _l("la puso en espera en el escritorio"),
    LegReason.HELD_BY_PHONE: _l("la puso en espera en el teléfono"),
    LegReason.PHONE_LOST: _l("se perdió su teléfono; se le volvió a llamar"),
    LegReason.BLIND_TRANSFER: _l("transferencia directa"),
    LegReason.ATTENDED_TRANSFER: _l("transferencia con consulta"),
    LegReason.TRANSFER_CAME_BACK: _l("la transferencia volvió: el destino no la tomó"),
    LegReason.TRANSFER_CANCELLED: _l("se canceló la consulta"),
    LegReason.JOINED: _l("se unieron los tres"),
    LegReason.WENT_ON_ELSEWHERE: _l("siguió en la otra llamada del agente"),
    LegReason.CAME_FROM_ANOTHER_CALL: _l("llegó desde la otra llamada del agente"),
    LegReason.FROM_CEL: _l("según el registro de la central"),
}

# Why a log-in ended, as the engine and the web note it.
LOGOUT_CAUSES: Final[dict[str, Any]] = {
    "user": _l("Salió"),
    "lost_connection": _l("Perdió la conexión"),
    "connection": _l("Perdió la conexión"),
    "ip": _l("IP no permitida"),
    "address": _l("IP no permitida"),
    "administrator": _l("Por un administrador"),
    "deactivated": _l("Fue desactivado"),
    "expired": _l("Venció"),
    "restart": _l("Reinicio"),
}


# Why an agent is paused who did not ask for it; all other reasons are words that were chosen.
PAUSES: Final[dict[str, Any]] = {"missed_calls": _l("no contestó sus llamadas")}


def init_app(app: Flask) -> None:
    app.jinja_env.filters.update(stretch=stretch, pause=pause, label=label, reason=reason, logout_cause=logout_cause)


def label(member: StrEnum | None) -> str:
    """The words for an enum's member."""
    if member is None:
        return "—"
    return str(LABELS.get(type(member), {}).get(member, member.value))


def choices(enum: type[StrEnum]) -> list[tuple[str, Any]]:
    """For a drop-down: value and words, in the enum's order."""
    return [(member.value, LABELS[enum][member]) for member in enum]


def reason(code: str | None) -> str:
    """A call's or leg's reason; a code that has no words (a SIP reason) is shown as it is."""
    return str(REASONS.get(code or "", code or ""))


def stretch(leg: Any) -> str:
    """What a leg is that rang no agent of ours: the number it went to, or a stretch of the call."""
    match leg.kind:
        case LegKind.QUEUE:
            return _("Cola de %(name)s", name=leg.number)
        case LegKind.VOICEMAIL:
            return _("Buzón de voz")
        case LegKind.HOLD:
            return _("En espera")
        case LegKind.TRANSFER:
            return _("Transferencia a %(name)s", name=leg.number)
        case LegKind.CONSULT:
            return _("Consulta con %(name)s", name=leg.number) if leg.number else _("Consulta")
        case LegKind.CONFERENCE:
            return _("Conferencia")
        case LegKind.OUTSIDE:
            return _("Fuera: %(number)s", number=leg.number) if leg.number else _("Un número externo")
        case _:
            return _("Nadie")


def pause(reason: str | None) -> str:
    return str(PAUSES.get(reason or "", reason or ""))


def logout_cause(code: str | None) -> str:
    return str(LOGOUT_CAUSES.get(code or "", code or ""))


def http_error(error: HTTPException) -> tuple[str, str]:
    """Title and text of an error's page."""
    if isinstance(error, CSRFError):
        return _("El formulario ya no es válido"), _("Vuelve a la página anterior, recárgala y repite.")
    if isinstance(error, RateLimitExceeded):
        return _("Demasiados intentos"), _("Espera un minuto y vuelve a intentarlo.")
    match error.code, error.description:
        case 403, "address":
            return _("Dirección no permitida"), _(
                "Desde esta dirección de internet no se puede trabajar. Habla con tu administrador."
            )
        case 404, "invitation":
            return _("La invitación ya no sirve"), _("Ya se usó o venció. Pide otra a tu administrador.")
        case 401, _text:
            return _("Hace falta entrar"), _("La sesión terminó. Entra de nuevo.")
        case 403, _text:
            return _("Sin permiso"), _("Tu usuario no puede ver o hacer esto.")
        case 404, _text:
            return _("No se encontró"), _("Esta página no existe, o lo que mostraba ya no está.")
        case 405, _text:
            return _("Así no se puede pedir"), _("Esta acción se hace con un botón de su página.")
        case 413, _text:
            return _("Demasiado grande"), _("Lo que se envió pasa del tamaño permitido.")
        case _:
            return _("No se pudo"), _("La petición no se entendió.")
