"""What a slip says: a call's result, a form's answers, a ticket.

Owns: the lines and their labels, in the account's language: the paper is for a kitchen or a crew, not for who asked.
Must not: lay out lines (`models.values.slip`), or know printers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from babel import Locale, UnknownLocaleError
from flask_babel import force_locale
from flask_babel import gettext as _

from admin import formats
from admin.form_lines import answered
from admin.installation import account
from admin.language import timezone
from admin.words import label
from models.tables import Call, FormAnswer, Ticket, TicketMessage
from models.tables.forms import FormFieldKind
from models.values.call import Direction
from models.values.slip import Slip

_RULE: Final = ("", "")


@contextmanager
def in_account_language() -> Iterator[None]:
    """Needs an application, no request: `jobs` composes too."""
    row = account()
    try:
        wanted = Locale.parse(f"{row.language}_{row.region}")
    except (UnknownLocaleError, ValueError):
        wanted = Locale.parse(str(row.language))
    with force_locale(str(wanted)):
        yield


def of_call(call: Call) -> Slip:
    """The result of a call that is over, and what was filled in during it."""
    contact = call.contact
    other = call.called_number if call.direction is Direction.OUTBOUND else call.calling_number
    rows = [
        (_("Contacto"), contact.name if contact else call.caller_name),
        (_("Teléfono"), formats.phone(other) or _("Número oculto")),
        (_("Compañía"), contact.company.name if contact and contact.company_id else ""),
        (_("Agente"), call.agent.name if call.agent_id else ""),
        (_("Cuándo"), _moment(call.offered_at)),
        (_("Duración"), formats.duration(call.talk_ms) if call.answered_at else label(call.outcome)),
        (_("Costo"), formats.money(call.cost, call.rate_currency) if call.cost else ""),
        (_("Disposición"), call.disposition.name if call.disposition_id else ""),
        (_("Comentario"), call.comment),
    ]
    found = [(name, text) for name, text in rows if text]
    for answer in FormAnswer.select().where(FormAnswer.call_id == call.id).order_by(FormAnswer.id):
        found += [_RULE, ("", answer.version.form.name), *_answers(answer)]
    return Slip(call.call_center_name or account().name, label(call.direction), found)


def _moment(at: datetime) -> str:
    """On paper no day is today."""
    return f"{formats.day(at)} {at.astimezone(timezone()):%H:%M}"


def of_answer(answer: FormAnswer) -> Slip:
    rows = [
        (_("Contacto"), (answer.contact.name or formats.phone(answer.contact.phone)) if answer.contact_id else ""),
        (_("Teléfono"), formats.phone(answer.contact.phone) if answer.contact_id and answer.contact.name else ""),
        (_("Agente"), answer.agent.name if answer.agent_id else ""),
    ]
    head = [(name, text) for name, text in rows if text]
    when = f"{account().name} · {_moment(answer.created_at)}"
    return Slip(answer.version.form.name, when, [*head, *([_RULE] if head else []), *_answers(answer)])


def _answers(answer: FormAnswer) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for field, text in answered(answer):
        if field.kind is FormFieldKind.HEADING:
            found += [_RULE, ("", str(field.label).upper())]
        elif text:
            found.append((str(field.label), text))
    return found


def of_ticket(ticket: Ticket) -> Slip:
    """With its thread, the oldest first."""
    given = ticket.agent.name if ticket.agent_id else ticket.group.name if ticket.group_id else ""
    rows = [
        (_("Contacto"), (ticket.contact.name or formats.phone(ticket.contact.phone)) if ticket.contact_id else ""),
        (_("Teléfono"), formats.phone(ticket.contact.phone) if ticket.contact_id and ticket.contact.name else ""),
        (_("A cargo de"), given),
        (_("Vence"), _moment(ticket.due_at) if ticket.due_at else ""),
        (_("Asunto"), ticket.subject),
        (_("Texto"), ticket.text),
    ]
    found = [(name, text) for name, text in rows if text]
    for message in TicketMessage.select().where(TicketMessage.ticket == ticket).order_by(TicketMessage.id):
        who = message.author.name if message.author_id else _("El sistema")
        found += [_RULE, (f"{who} · {_moment(message.created_at)}", message.text)]
    return Slip(_("Ticket %(number)s", number=ticket.id), account().name, found)
