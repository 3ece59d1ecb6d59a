"""The part of a call center's form that says how its callers wait and where they go that are not taken.

Owns: the fields, what is stored in them, and the upload of a message. Must not: check what was typed
(`models.checks.queues`) or know what a call does with it.
"""

from typing import Any, Final

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from admin import prompt_upload
from admin.folding import folded
from admin.section_forms import Check, Choice, File, Lines, Number, SectionForm, Text
from admin.words import choices
from dialplan import prompts as stock
from models import prompts, queues
from models.checks.queues import DAY_FIELDS
from models.tables import CallCenter, Prompt
from models.values.queue import PROMPT, OverflowCause, OverflowTo

UPLOADED: Final = "upload"
"""Among the messages: the one that is uploaded with this form."""
MESSAGE_FIELDS: Final = ("welcome", *(f"{cause}_message" for cause in OverflowCause))
_DAYS: Final = (
    _l("Lunes"), _l("Martes"), _l("Miércoles"), _l("Jueves"), _l("Viernes"), _l("Sábado"), _l("Domingo"),
)  # fmt: skip


def _messages() -> list[tuple[str, Any]]:
    uploaded = Prompt.select(Prompt.sha256, Prompt.name).order_by(folded(Prompt.name)).tuples()
    return [
        (UPLOADED, _l("El mensaje que subo abajo")),
        *((PROMPT + sha256, name) for sha256, name in uploaded),
        *((queues.STOCK + name, words) for name, words in _stock_words()),
    ]


def _stock_words() -> list[tuple[str, Any]]:
    return [
        (stock.NOBODY_AVAILABLE, _l("De la central: nadie puede atender ahora")),
        (stock.PERIODIC, _l("De la central: gracias por esperar, le atenderemos pronto")),
        (stock.PATIENCE, _l("De la central: gracias por su paciencia")),
        (stock.NOT_IN_SERVICE, _l("De la central: número fuera de servicio")),
        (stock.GOODBYE, _l("De la central: adiós")),
    ]


def _centers() -> list[tuple[str, str]]:
    query = CallCenter.select(CallCenter.id, CallCenter.name).where(CallCenter.active)
    return [(str(key), name) for key, name in query.order_by(folded(CallCenter.name)).tuples()]


def _music() -> list[tuple[str, Any]]:
    return [(queues.RINGING, _l("Sin música: tono de llamada")), ("default", _l("La música de la central"))]


def _keys() -> list[tuple[str, str]]:
    return [(key, key) for key in queues.KEYS]


def _number(label: Any, help_text: Any = "", length: int = 5) -> Number:
    return Number(label, help=help_text, attributes={"maxlength": length})


class QueueForm(SectionForm):
    """Mixed into the call center's form: fields keep the order of their names' making."""

    max_wait_seconds = _number(
        _l("Espera máxima (s)"), _l("Después la llamada sigue como se dice en «Si esperó demasiado».")
    )
    max_waiting = _number(
        _l("Cuántos pueden esperar"), _l("0 es sin límite. Quien llega con la cola llena sigue como se dice abajo."), 3
    )
    queue_priority = _number(
        _l("Prioridad de la cola"),
        _l("De 1 a 9: entre call centers que comparten agentes, el menor se atiende primero."), 1,
    )  # fmt: skip
    music = Choice(
        _l("Mientras espera oye"),
        options=_music,
        help=_l("Con música o avisos la llamada se contesta al entrar; con el tono, no."),
    )
    welcome = Choice(_l("Saludo al entrar"), options=_messages, empty=_l("Ninguno"))
    announce_seconds = _number(_l("Avisos cada (s)"), _l("0 es sin avisos; si no, al menos 10."), 4)
    announce_position = Check(_l("Decir el lugar en la cola"))
    announce_wait = Check(_l("Decir la espera estimada"))
    callback_key = Choice(
        _l("Tecla para que le llamen"), options=_keys, empty=_l("Ninguna"),
        help=_l("Quien la marca conserva su lugar y recibe la llamada cuando le toca. El saludo debe decirlo."),
    )  # fmt: skip
    voicemail_key = Choice(_l("Tecla para dejar un mensaje"), options=_keys, empty=_l("Ninguna"))
    pause_after_misses = _number(
        _l("Pausar al agente tras no contestar"),
        _l("Cuántas llamadas seguidas sin contestar; 0 es nunca. Todos ven la pausa y su razón."), 2,
    )  # fmt: skip
    closed_on_holidays = Check(_l("Cerrado en los feriados del país"))
    closed_now = Check(_l("Cerrado ahora"), help=_l("Manda sobre el horario hasta que se quite."))
    closed_dates = Lines(
        _l("Otros días cerrados, uno por línea"),
        attributes={"rows": 3, "spellcheck": "false"},
        help=_l("24/12/2026 es un día; 24/12, todos los años. Después puede ir una nota: 24/12 Nochebuena."),
    )
    prompt_file = File(
        _l("Mensaje nuevo (WAV)"),
        help=_l("Hasta tres minutos. Elige arriba «El mensaje que subo abajo» donde deba oírse."),
        attributes={"accept": "audio/wav,audio/x-wav,.wav"},
    )
    prompt_name = Text(_l("Nombre del mensaje nuevo"), attributes={"maxlength": 100})
    voicemail_email = Text(
        _l("Correo para los mensajes de voz"), attributes={"maxlength": 254, "inputmode": "email"},
        help=_l("Cada mensaje se envía ahí también, si el correo saliente está configurado."),
    )  # fmt: skip


for _place, _name in enumerate(DAY_FIELDS):
    setattr(
        QueueForm, _name, Text(_DAYS[_place], attributes={"maxlength": 120, "placeholder": "08:00-12:00, 13:00-17:30"})
    )

_CAUSE_TITLES: Final = {
    OverflowCause.CLOSED: _l("Si está cerrado"),
    OverflowCause.FULL: _l("Si la cola está llena"),
    OverflowCause.WAITED: _l("Si esperó demasiado"),
    OverflowCause.NOBODY: _l("Si no hay nadie conectado"),
}
for _cause in OverflowCause:
    setattr(QueueForm, f"{_cause}_to", Choice(_l("La llamada pasa a"), options=lambda: choices(OverflowTo)))
    setattr(
        QueueForm,
        f"{_cause}_message",
        Choice(
            _l("Mensaje"), options=_messages, empty=_l("El de costumbre"),
            attributes={"data-only-if": f"{_cause}_to=message,voicemail"},
        ),
    )  # fmt: skip
    setattr(
        QueueForm,
        f"{_cause}_center",
        Choice(
            _l("Call center"), options=_centers, empty=_l("Elige uno"),
            help=_l("A cada call center se llega una vez por llamada."),
            attributes={"data-only-if": f"{_cause}_to=call_center"},
        ),
    )  # fmt: skip
    setattr(
        QueueForm,
        f"{_cause}_number",
        Text(
            _l("Número externo"), help=_l("Tal como lo quiere la troncal."),
            attributes={"data-only-if": f"{_cause}_to=outside", "maxlength": 40, "inputmode": "tel"},
        ),
    )  # fmt: skip

GROUPS: Final = (
    (_l("Horario"), (*DAY_FIELDS, "closed_on_holidays", "closed_now", "closed_dates")),
    (
        _l("La espera"),
        (
            "music", "welcome", "max_wait_seconds", "max_waiting", "announce_seconds", "announce_position",
            "announce_wait", "callback_key", "voicemail_key",
        ),
    ),
    *(
        (title, (f"{cause}_to", f"{cause}_message", f"{cause}_center", f"{cause}_number"))
        for cause, title in _CAUSE_TITLES.items()
    ),
    (_l("Mensajes y buzón de voz"), ("prompt_file", "prompt_name", "voicemail_email")),
)  # fmt: skip


def describe_hours(form: SectionForm) -> None:
    """The help that only the first day carries."""
    form[DAY_FIELDS[0]].help = _("Vacía toda la semana, está siempre abierto. Un día vacío está cerrado.")


def stored(row: Any) -> dict[str, Any]:
    """What the fields show of a row, where the columns say it otherwise."""
    values: dict[str, Any] = dict(zip(DAY_FIELDS, queues.days_of(row.opening_hours or ""), strict=True))
    values["closed_dates"] = (row.closed_dates or "").splitlines()
    for cause in OverflowCause:
        to, target = getattr(row, f"{cause}_to"), getattr(row, f"{cause}_target")
        values[f"{cause}_center"] = target if to is OverflowTo.CALL_CENTER else ""
        values[f"{cause}_number"] = target if to is OverflowTo.OUTSIDE else ""
    return values


def typed(form: SectionForm) -> dict[str, Any]:
    """The form's fields; a message that is uploaded is kept first, so that it can be chosen."""
    values = form.typed()
    if "prompt_file" not in form:  # the cells of a row
        return values
    sent = request.files.get("prompt_file")
    wanted = [name for name in MESSAGE_FIELDS if values.get(name) == UPLOADED]
    message = ""
    if sent is not None and sent.filename:
        message = _keep(form, sent.stream.read(prompts.MOST_BYTES + 1), sent.filename)
    elif wanted:
        form.refuse("prompt_file", _("Falta el archivo del mensaje."))
    for name in wanted:
        values[name] = message
    return values


def _keep(form: SectionForm, content: bytes, filename: str) -> str:
    """Stores the uploaded message and gives its text; empty when it was refused."""
    kept = prompt_upload.kept(form, content, filename, file="prompt_file", name="prompt_name")
    if kept is None:
        return ""
    sha256, seconds, name = kept
    if Prompt.get_or_none(Prompt.sha256 == sha256) is None:
        Prompt.create(name=prompt_upload.free_name(name), sha256=sha256, seconds=seconds)
    return PROMPT + sha256
