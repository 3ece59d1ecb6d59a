"""Print jobs in the words of the screen.

Owns: a text for each kind, state and reason. Must not: know a page.
"""

from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.print_jobs import is_of_browser
from models.tables import PrintJob, PrintKind, PrintState

KINDS: Final[dict[PrintKind, Any]] = {
    PrintKind.CALL_RESULT: _l("Resultado de llamada"),
    PrintKind.FORM_ANSWER: _l("Respuesta de form"),
    PrintKind.TICKET: _l("Ticket"),
    PrintKind.TEST: _l("Boleta de prueba"),
}
STATES: Final[dict[PrintState, Any]] = {
    PrintState.QUEUED: _l("En cola"),
    PrintState.PRINTING: _l("Imprimiendo"),
    PrintState.PRINTED: _l("Impresa"),
    PrintState.UNSURE: _l("No se sabe si salió"),
    PrintState.FAILED: _l("No se imprimió"),
    PrintState.CANCELLED: _l("Cancelada"),
}
TONES: Final = {
    PrintState.QUEUED: "info", PrintState.PRINTING: "info", PrintState.PRINTED: "ok", PrintState.UNSURE: "warn",
    PrintState.FAILED: "bad", PrintState.CANCELLED: "idle",
}  # fmt: skip
PROBLEMS: Final[dict[str, Any]] = {
    # nothing was printed
    "no_such_host": _l("Ese nombre de servidor no existe en la red."),
    "refused": _l("En esa dirección no hay ninguna impresora: rechazó la conexión. ¿Es ese el puerto?"),
    "no_answer": _l("La impresora no responde. ¿Está encendida y en la red?"),
    "not_reached": _l("No hay camino en la red hasta la impresora."),
    "no_status": _l(
        "Se conecta, pero no dice cómo está. Si es de las que nunca lo dicen, quítale «Preguntar su estado»."
    ),
    "cut_at_once": _l("La impresora cortó la conexión. ¿La usa otro programa?"),
    "paper_out": _l("Sin papel."),
    "cover_open": _l("Tapa abierta."),
    "printer_error": _l("La impresora dice que tiene un error: hay que verla."),
    "offline": _l("La impresora está fuera de línea."),
    "no_lp": _l("En el servidor no está el programa lp de CUPS."),
    "lp_refused": _l("CUPS no la aceptó."),
    "disk": _l("No se pudo escribir en el disco del servidor."),
    "bad_name": _l("El nombre de la carpeta no sirve."),
    "database_away": _l("La base de datos no respondió."),
    "too_late": _l("Nadie la imprimió a tiempo."),
    "defect": _l("Un defecto del programa; su registro lo explica."),
    # some of it may be on the paper
    "cut": _l("La conexión se cortó mientras se enviaba."),
    "stalled": _l("La impresora dejó de recibir a la mitad."),
    "paper_out_midway": _l("Se acabó el papel a la mitad."),
    "cover_open_midway": _l("Abrieron la tapa a la mitad."),
    "printer_error_midway": _l("La impresora falló a la mitad."),
    "no_end": _l("La recibió toda, pero no confirmó que la imprimió."),
    "lp_stalled": _l("El programa lp no terminó."),
    "lp_failed": _l("El programa lp falló."),
    "worker_gone": _l("El programa que imprime se detuvo a la mitad."),
}

HELD_UP: Final = frozenset({"paper_out_midway", "cover_open_midway", "printer_error_midway"})


def state_of(job: PrintJob) -> str:
    """In two words; a browser's job waits for a person."""
    if is_of_browser(job) and job.state is PrintState.QUEUED:
        return _("Lista para imprimir") if job.slip is not None else _("Espera el fin de la llamada")
    if is_of_browser(job) and job.state is PrintState.PRINTING:
        return _("En el navegador")
    if job.state is PrintState.QUEUED and job.slip is None:
        return _("Espera el fin de la llamada")
    return str(STATES[job.state])


def reason_of(job: PrintJob) -> str:
    """Why it is not printed, or what is to be done; ""."""
    if is_of_browser(job):
        return _("¿Salió bien?") if job.state is PrintState.PRINTING else ""
    if job.state in (PrintState.PRINTED, PrintState.CANCELLED):
        return ""
    if job.state is PrintState.QUEUED and not job.printer.active:
        return _("La impresora está desactivada.")
    if job.problem == "worker_gone" and job.state is PrintState.QUEUED:
        return _("El programa que imprime se detuvo antes de empezar.")
    if job.state is PrintState.PRINTING and job.problem not in HELD_UP:
        return ""  # of the try before this one
    return str(PROBLEMS.get(job.problem, job.problem))


def acts_of(job: PrintJob) -> list[tuple[str, str, str]]:
    """What a person may do about it: the act of the address (`deciding.ACTS`), its words, its picture."""
    again, away = ("reintentar", _("Reintentar"), "history"), ("cancelar", _("Cancelar"), "delete")
    match job.state:
        case PrintState.QUEUED if is_of_browser(job) and job.slip is not None:
            return [("abrir", _("Imprimir"), "printers"), away]
        case PrintState.QUEUED:
            return [away]
        case PrintState.PRINTING if is_of_browser(job):
            return [("impresa", _("Se imprimió"), "ok"), ("no-salio", _("No salió"), "history")]
        case PrintState.UNSURE:
            return [("salio", _("Sí salió"), "ok"), ("reintentar", _("Imprimir otra vez"), "printers")]
        case PrintState.FAILED:
            return [again, away]
        case PrintState.CANCELLED:
            return [again]
        case _:
            return []


def printer_of(job: PrintJob) -> str:
    return str(job.printer.name) if job.printer_id else _("El navegador")
