"""The words of *Explicar esta llamada*: why an agent was not rung, timers, phases, requests, orders, hang-up causes.

Owns: a text for each name that a story may hold; tests hold it against the core. Must not: build sentences
(`admin.explaining`).
"""

from typing import Any, Final

from flask_babel import lazy_gettext as _l

from models.values.call import LegKind
from models.values.story import ReapReason, SkipReason

SKIPS: Final[dict[str, Any]] = {
    SkipReason.NOT_ACTIVE: _l("está desactivado"),
    SkipReason.NOT_LOGGED_IN: _l("no había entrado"),
    SkipReason.NO_PHONE: _l("no tiene teléfono"),
    SkipReason.ADDRESS_NOT_ALLOWED: _l("su dirección IP no está permitida"),
    SkipReason.DESK_CUT_OFF: _l("su escritorio perdió la conexión"),
    SkipReason.PHONE_OFF: _l("el teléfono de su navegador no estaba listo"),
    SkipReason.ON_ANOTHER_CALL: _l("estaba con otra llamada"),
    SkipReason.ON_THIS_CALL: _l("ya estaba con esta llamada"),
    SkipReason.PAUSED: _l("en pausa"),
    SkipReason.WRAP_UP: _l("en trabajo posterior"),
    SkipReason.OFFLINE: _l("desconectado"),
    SkipReason.RINGING: _l("su teléfono timbraba"),
    SkipReason.TALKING: _l("estaba hablando"),
    SkipReason.RESTING: _l("acababa de no tomar una llamada"),
    SkipReason.NOT_THEIR_TURN: _l("libre, pero no era su turno"),
    SkipReason.EARLIER_CALL_FIRST: _l("libre, pero le tocaba a una llamada anterior"),
}

REAPED: Final[dict[str, Any]] = {
    ReapReason.NO_CALL_CLAIMS_IT: _l("ninguna llamada en curso lo reclamaba"),
    ReapReason.ITS_CALL_IS_CLOSED: _l("su llamada ya estaba cerrada"),
    ReapReason.HELD_BY_NO_CALL: _l("lo retenía una llamada que no existe"),
}

# By the timer's name up to its first dot.
TIMERS: Final[dict[str, Any]] = {
    "longest_wait": _l("Se cumplió la espera máxima."),
    "ring": _l("Se acabó el tiempo de timbre."),
    "pop": _l("Se acabó el plazo para que el escritorio confirmara la ficha."),
    "announcement": _l("El aviso duró más de lo permitido; se cortó."),
    "own_ring": _l("El agente no contestó su propio teléfono a tiempo."),
    "return": _l("El teléfono del agente no volvió a tiempo."),
    "return_again": _l("Se preguntó de nuevo por el teléfono del agente."),
    "budget": _l("Se acabó el tiempo que el gasto permite."),
    "transfer": _l("Nadie tomó a tiempo la llamada transferida."),
    "apart": _l("Se intentó de nuevo unir a las dos partes, o se dejó de esperar."),
    "keys": _l("No se marcaron más teclas."),
    "news": _l("Era hora del siguiente aviso de la cola."),
    "saying": _l("No se supo del fin de un aviso; se siguió."),
    "tape": _l("Se intentó de nuevo grabar la conversación."),
    "recording": _l("La grabación del mensaje no dio señal de terminar a tiempo."),
    "clearing": _l("Algo no terminó a tiempo; se ordenó otra vez."),
    "leftovers": _l("Un teléfono seguía sin colgar; se ordenó otra vez."),
}

# What a row among a call's legs tells of, when it is no try to reach somebody.
STRETCHES: Final[dict[str, Any]] = {
    LegKind.AGENT: _l("un agente"),
    LegKind.OUTSIDE: _l("un número externo"),
    LegKind.HOLD: _l("llamada en espera"),
    LegKind.TRANSFER: _l("transferencia"),
    LegKind.CONSULT: _l("consulta"),
    LegKind.CONFERENCE: _l("conferencia"),
    LegKind.VOICEMAIL: _l("buzón de voz"),
    LegKind.QUEUE: _l("espera en la cola"),
}

PHASES: Final[dict[str, Any]] = {
    "Waiting": _l("en espera"),
    "Alerting": _l("timbrando"),
    "Preparing": _l("llamando al teléfono del agente"),
    "Reaching": _l("llamando a quien se busca"),
    "Talking": _l("conversación"),
    "Announcing": _l("aviso a quien llama"),
    "LeavingMessage": _l("buzón de voz"),
    "Clearing": _l("cierre"),
    "Ended": _l("terminada"),
}

# What somebody asked for or what was heard, by the event's name.
HAPPENINGS: Final[dict[str, Any]] = {
    "HangupRequested": _l("pidió colgar"),
    "AnswerRequested": _l("pulsó Contestar"),
    "PhoneHeld": _l("el teléfono puso la llamada en espera"),
    "PhoneUnheld": _l("el teléfono retomó la llamada"),
    "DtmfReceived": _l("se marcó una tecla"),
    "PhoneTransfers": _l("el teléfono pidió transferir"),
    "LineAsked": _l("pidió unir esta llamada con la otra línea de su teléfono"),
    "PartyGiven": _l("llegó desde la otra llamada del agente"),
    "TargetUnknown": _l("ese número no es de nadie"),
    "HoldRequested": _l("pidió poner la llamada en espera"),
    "UnholdRequested": _l("pidió retomar la llamada"),
    "MuteRequested": _l("silenció su micrófono"),
    "UnmuteRequested": _l("volvió a abrir su micrófono"),
    "DtmfRequested": _l("marcó teclas"),
    "TransferRequested": _l("pidió transferir la llamada"),
    "ConsultRequested": _l("pidió consultar con alguien más"),
    "CompleteRequested": _l("completó la transferencia"),
    "CancelRequested": _l("canceló la consulta"),
    "SwapRequested": _l("pidió alternar entre las dos partes"),
    "ConferenceRequested": _l("pidió unir a todos en conferencia"),
    "AgentDenied": _l("no estaba disponible"),
    "AllowanceGranted": _l("se concedió más tiempo de conversación, o se negó"),
    "QueueFull": _l("la cola estaba llena"),
    "PlaceTold": _l("se le dijo su lugar en la cola"),
    "RecordingFinished": _l("la grabación quedó completa"),
    "RecordingFailed": _l("la grabación falló"),
    "RecordRequested": _l("pidió grabar la conversación"),
    "StopRecordRequested": _l("pidió dejar de grabar"),
    "PauseRecordRequested": _l("pausó la grabación"),
    "ResumeRecordRequested": _l("reanudó la grabación"),
    "DiskFull": _l("queda muy poco disco para grabaciones: la conversación sigue sin grabarse"),
    "DiskFree": _l("vuelve a haber disco para grabaciones"),
}

# What the switch was told to do, by the command's name: in «…», after "la central no cumplió" and after "se ordenó".
ORDERS: Final[dict[str, Any]] = {
    "Ring": _l("dar tono de timbre a quien llama"),
    "StopRinging": _l("quitar el tono de timbre"),
    "Answer": _l("contestar el canal"),
    "CreateLeg": _l("preparar el teléfono"),
    "DialLeg": _l("timbrar el teléfono"),
    "Hangup": _l("colgar"),
    "CreateBridge": _l("abrir la conversación"),
    "AddToBridge": _l("unir a las partes"),
    "RemoveFromBridge": _l("apartar a una de las partes"),
    "DestroyBridge": _l("cerrar la conversación"),
    "Play": _l("reproducir un aviso"),
    "StopPlayback": _l("cortar el aviso"),
    "StartMusic": _l("poner música de espera"),
    "StopMusic": _l("quitar la música de espera"),
    "Mute": _l("silenciar a una de las partes"),
    "Unmute": _l("volver a oír a una de las partes"),
    "SendDtmf": _l("marcar teclas"),
    "TellTransfer": _l("decirle al teléfono en qué quedó la transferencia"),
    "Record": _l("grabar"),
    "StopRecording": _l("terminar la grabación"),
    "PauseRecording": _l("pausar la grabación"),
    "ResumeRecording": _l("seguir grabando"),
    "SetVariable": _l("anotar un dato en el canal"),
    "HoldAgent": _l("reservar al agente"),
    "AskAllowance": _l("pedir más tiempo de conversación"),
    "SettleSpending": _l("anotar lo gastado"),
    "ClaimAgent": _l("pedir a un agente en particular"),
    "ReportProblem": _l("avisar al agente de que no se podía"),
    "KeepVoicemail": _l("guardar el mensaje de voz"),
    "DropVoicemail": _l("descartar el mensaje de voz"),
    "KeepRecording": _l("guardar la grabación"),
    "KeepCallback": _l("anotar que pide que le devuelvan la llamada"),
    "Continue": _l("pasar la llamada al plan de marcado"),
}

# ITU-T Q.850, those that a call center sees.
CAUSES: Final[dict[int, Any]] = {
    1: _l("número no asignado"),
    3: _l("sin ruta"),
    16: _l("fin normal"),
    17: _l("ocupado"),
    18: _l("el teléfono no respondió"),
    19: _l("no contestó"),
    20: _l("teléfono no registrado"),
    21: _l("rechazada"),
    26: _l("contestada en otra parte"),
    27: _l("destino fuera de servicio"),
    28: _l("número incompleto"),
    31: _l("fin normal"),
    34: _l("sin líneas libres"),
    38: _l("falla de la red"),
    41: _l("falla temporal"),
    42: _l("congestión"),
    44: _l("canal no disponible"),
    58: _l("sin medios compatibles"),
    88: _l("destino incompatible"),
    102: _l("se agotó un plazo de la red"),
    127: _l("sin causa indicada"),
}
