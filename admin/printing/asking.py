"""Asking for a print: the one way for every page, in the transaction of what is to be printed.

Owns: which printer, and the key by which the same thing is asked for once. Must not: print, or check permissions.

`enqueue_call_result` and `enqueue_form_answer` are for whoever saves: as often as they save, it is printed once. What a
person asks for by a button has a key that the page made (`new_nonce`), so that a second click is the same print.
"""

import re
import secrets
from typing import Any, Final

from admin.installation import account
from admin.printing import slips
from admin.slip_picture import sample
from models import print_jobs
from models.tables import Agent, Call, FormAnswer, Printer, PrintJob, PrintKind, Row, Ticket
from models.values.call import Outcome
from models.values.slip import Slip

_NONCE: Final = re.compile(r"[0-9a-f]{16}")


class NothingThere(Exception):
    """What is to be printed is not there (any more)."""


def new_nonce() -> str:
    return secrets.token_hex(8)


def is_nonce(text: str) -> bool:
    return bool(_NONCE.fullmatch(text))


# ---------------------------------------------------------------- when something is saved
def enqueue_call_result(call: Call, agent: Agent) -> PrintJob | None:
    """When the call center prints its results: once a call. One that goes on is composed by `jobs` when it is over."""
    center = call.call_center
    if center is None or not center.print_result:
        return None
    slip = None if call.outcome is Outcome.IN_PROGRESS else compose(PrintKind.CALL_RESULT, call.id)
    return print_jobs.enqueue(PrintKind.CALL_RESULT, call.id, f"call_result.{call.id}", slip, center.printer, agent)


def enqueue_form_answer(answer: FormAnswer) -> PrintJob | None:
    """When its form has a printer: once an answer."""
    printer = answer.version.form.printer
    if printer is None:
        return None
    slip = compose(PrintKind.FORM_ANSWER, answer.id)
    return print_jobs.enqueue(PrintKind.FORM_ANSWER, answer.id, f"form_answer.{answer.id}", slip, printer, answer.agent)


# ---------------------------------------------------------------- when a person asks for it
def enqueue_by_hand(kind: PrintKind, subject: str, printer: Printer | None, agent: Agent, nonce: str) -> PrintJob:
    """Once for each `nonce`. Raises NothingThere."""
    slip = compose(kind, subject)
    return print_jobs.enqueue(kind, subject, f"{kind.value}.{subject}.{nonce}", slip, printer, agent)


def usual_printer(kind: PrintKind, subject: str) -> Printer | None:
    """Where it would be printed by itself; None: the browser."""
    match kind:
        case PrintKind.CALL_RESULT:
            center = _found(Call, subject).call_center
            return None if center is None else center.printer
        case PrintKind.FORM_ANSWER:
            found: Printer | None = _found(FormAnswer, subject).version.form.printer
            return found
        case PrintKind.TEST:
            own: Printer = _found(Printer, subject)
            return own
        case PrintKind.TICKET:
            return None


def compose(kind: PrintKind, subject: object) -> Slip:
    """As it is now. Raises NothingThere."""
    with slips.in_account_language():
        match kind:
            case PrintKind.CALL_RESULT:
                return slips.of_call(_found(Call, subject))
            case PrintKind.FORM_ANSWER:
                return slips.of_answer(_found(FormAnswer, subject))
            case PrintKind.TICKET:
                return slips.of_ticket(_found(Ticket, subject))
            case PrintKind.TEST:
                return sample(account().name)


def _found(table: type[Row], key: object) -> Any:
    text = str(key)
    row = None
    if table is Call:
        row = table.get_or_none(table.id == text)
    elif text.isascii() and text.isdigit() and len(text) < 19:
        row = table.get_or_none(table.id == int(text))
    if row is None:
        raise NothingThere(text)
    return row
