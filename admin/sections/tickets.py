"""Tickets: all of them, whoever has them; found, taken out, made and changed.

Owns: the page, and how its form reads a contact and a due date. Must not: save by itself (`admin.tickets`,
`admin.ticket_files`), or decide who sees what at the desk (`admin.ticket_search`).
"""

import re
import secrets
from datetime import datetime
from typing import Any, Final

from flask import flash, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from peewee import JOIN, ModelSelect, fn

from admin import sessions, ticket_files, ticket_search, tickets
from admin.base_view import SectionView
from admin.documents import BadFile
from admin.folding import any_contains, folded
from admin.formats import stamp
from admin.installation import account, installation
from admin.kept_files import forget
from admin.language import timezone
from admin.listing import ChoiceFilter, Column, Filter, MomentFilter, Page, UntilFilter
from admin.permissions import Act
from admin.problems import problem_text
from admin.section_forms import Choice, LongText, SectionForm, Text
from admin.sections.agent_groups import active_agents
from admin.sections.contacts import names_of
from admin.view_marks import acting
from admin.words import choices, label
from models.checks import Checked
from models.db import transaction
from models.tables import (
    Agent,
    AgentGroup,
    Call,
    Contact,
    Ticket,
    TicketMessage,
    TicketPriority,
    TicketState,
    fold,
)
from models.values.errors import InvalidValue
from models.values.phone import normalise

NOBODY: Final = "0"
_NAMED: Final = re.compile(r".*\(#(\d{1,18})\)\s*", re.DOTALL)


def contact_words(row: Contact | None) -> str:
    """A contact as the form's field has it; its number in the end says which one."""
    return "" if row is None else f"{row.name or row.phone or _('Sin nombre')} (#{row.id})"


def contacts_like(typed: str) -> list[int]:
    """Up to two, by what the field showed, by phone, by ID or by the whole name."""
    named = _NAMED.fullmatch(typed)
    if named:
        same = Contact.id == int(named[1])
    else:
        key = normalise(typed, account().region)
        same = (Contact.external_id == typed) | (folded(Contact.name) == " ".join(fold(typed).split()))
        same = same if key is None else same | (Contact.phone_key == key)
    return [key for (key,) in Contact.select(Contact.id).where(same).limit(2).tuples()]


def read_due(typed: str) -> datetime | None:
    """A date and time where the account is. Raises InvalidValue."""
    try:
        at = datetime.fromisoformat(typed.strip()) if typed.strip() else None
    except ValueError:
        raise InvalidValue("not_a_date", value=typed[:40]) from None
    return at if at is None or at.tzinfo else at.replace(tzinfo=timezone())


class TicketForm(SectionForm):
    subject = Text(_l("Asunto"), span=True, attributes={"maxlength": 200, "required": True})
    text = LongText(_l("Texto"), span=True, attributes={"maxlength": 20_000, "rows": 6})
    state = Choice(_l("Estado"), options=lambda: choices(TicketState))
    priority = Choice(_l("Prioridad"), options=lambda: choices(TicketPriority))
    agent = Choice(_l("Agente"), options=active_agents, empty=_l("Nadie todavía"))
    group = Choice(_l("Grupo"), options=names_of(AgentGroup), empty=_l("Ninguno"))
    due_at = Text(_l("Vence"), attributes={"type": "datetime-local"})
    contact = Text(
        _l("Contacto"), help=_l("Teléfono, ID o nombre completo de un contacto."), attributes={"maxlength": 200}
    )


class _OfContact(Filter):
    """Those of one contact: from a link."""

    def parse(self, text: str) -> Contact:
        row = Contact.get_or_none(Contact.id == int(text)) if text.isdecimal() and len(text) < 19 else None
        if row is None:
            raise InvalidValue("not_found", what="Contact", value=text[:20])
        return row


def _of_agent(query: ModelSelect, key: str) -> ModelSelect:
    return query.where(Ticket.agent.is_null() if key == NOBODY else Ticket.agent == int(key))


def _agents() -> list[tuple[Any, Any]]:
    return [(NOBODY, _l("Nadie todavía")), *names_of(Agent)()]


class Tickets(SectionView):
    slug = "tickets"
    endpoint_name = "tickets"
    label = _l("Tickets")
    singular = _l("Ticket")
    icon = "ticket"
    table = Ticket
    note = _l("Lo que queda por hacer para alguien: nace de una llamada, de un contacto o aquí.")
    add_label = _l("Nuevo ticket")
    can_drop = False  # it is solved
    form_class = TicketForm
    joined = (Ticket.contact, Ticket.agent, Ticket.group)
    searched = (Ticket.folded,)
    search_label = _l("Asunto y texto")
    order = (Ticket.state == TicketState.SOLVED, *ticket_search.by_due())
    columns = (
        Column("subject", _l("Asunto"), (folded(Ticket.subject),)),
        Column("contact", _l("Contacto"), (folded(Contact.name),)),
        Column("state", _l("Estado"), (Ticket.state,)),
        Column("priority", _l("Prioridad"), (ticket_search.RANK,)),
        Column("agent", _l("Agente"), (folded(Agent.name),)),
        Column("group", _l("Grupo"), (folded(AgentGroup.name),)),
        Column("due_at", _l("Vence"), (Ticket.due_at,), "nowrap"),
        Column("updated_at", _l("Cambió"), (Ticket.updated_at,), "nowrap"),
    )
    filters = (
        ChoiceFilter(
            "state", _l("Estado"), lambda query, value: query.where(Ticket.state == value),
            choices=lambda: choices(TicketState),
        ),
        ChoiceFilter(
            "priority", _l("Prioridad"), lambda query, value: query.where(Ticket.priority == value),
            choices=lambda: choices(TicketPriority), everything=_l("Todas"),
        ),
        ChoiceFilter("agent", _l("Agente"), _of_agent, choices=_agents),
        ChoiceFilter(
            "group", _l("Grupo"), lambda query, key: query.where(Ticket.group == int(key)), choices=names_of(AgentGroup)
        ),
        Filter("contact", _l("Contacto"), lambda query, text: query.where(any_contains((Contact.search,), text))),
        MomentFilter("due_from", _l("Vence desde"), lambda query, at: query.where(Ticket.due_at >= at)),
        UntilFilter("due_until", _l("Vence hasta"), lambda query, at: query.where(Ticket.due_at < at)),
        ChoiceFilter(
            "overdue", _l("Vencidos"), lambda query, value: query.where(ticket_search.overdue()),
            choices=lambda: (("1", _l("Solo los vencidos")),),
        ),
        _OfContact("contact_id", _l("Contacto"), lambda query, row: query.where(Ticket.contact == row), "hidden"),
    )  # fmt: skip
    list_page = "tickets/list.html"
    form_page = "tickets/form.html"

    def list_extras(self, page: Page) -> dict[str, Any]:
        late = Ticket.select(Ticket.id).where(Ticket.id.in_([row.id for row in page.rows]), ticket_search.overdue())
        return {"overdue": {key for (key,) in late.tuples()} if page.rows else set()}

    # ------------------------------------------------------------ the form
    def stored(self, row: Any) -> dict[str, Any]:
        values = super().stored(row)
        if row is None:
            key = request.args.get("contact", "")
            known = key.isdecimal() and len(key) < 19
            values["contact"] = Contact.get_or_none(Contact.id == int(key)) if known else None
        due = values["due_at"]
        values["due_at"] = "" if due is None else f"{due.astimezone(timezone()):%Y-%m-%dT%H:%M}"
        return values | {"contact": contact_words(values["contact"])}

    def fingerprint(self, row: Any) -> str:
        """The same as at the desk: people there and here notice one another."""
        return "" if row is None else tickets.fingerprint(row)

    def row_or_404(self, row_id: int) -> Any:
        row = super().row_or_404(row_id)
        return tickets.locked(row.id) if installation().database.in_transaction() else row

    def check(self, form: SectionForm, row: Any) -> Checked:
        typed = form.typed()
        errors: dict[str, InvalidValue] = {}
        wanted = (typed["contact"] or "").strip()
        found = contacts_like(wanted) if wanted else []
        typed["contact"] = found[0] if len(found) == 1 else None
        if len(found) > 1:
            form.refuse("contact", _("Hay varios contactos así. Usa el teléfono o el ID."))
        elif wanted and not found:
            errors["contact"] = InvalidValue("not_found", what="Contact", value=wanted[:80])
        try:
            typed["due_at"] = read_due(typed["due_at"] or "")
        except InvalidValue as problem:
            errors["due_at"], typed["due_at"] = problem, None
        # To the minute is how the field shows it: what nobody touched keeps its seconds.
        if row is not None and form["due_at"].data == self.stored(row)["due_at"]:
            typed["due_at"] = row.due_at
        if row is None:
            typed["call"] = request.args.get("call") or None
        checked = tickets.check(typed, row, sessions.user().row)
        checked.errors |= errors
        return checked

    def written(self, form: SectionForm, row: Any, values: dict[str, Any]) -> Any:
        me = sessions.user().row
        key = tickets.own_key(request.form.get("key"), me) if row is None else None
        return tickets.asked_before(Ticket, key) or tickets.save(row, values, me, key)

    def after_commit(self, row: Any, text: str) -> None:
        tickets.tell()
        super().after_commit(row, text)

    def title_of(self, row: Any) -> str:
        return str(row.subject)

    def created(self, row: Any) -> Any:
        return redirect(url_for(".edit_view", row_id=row.id))

    def edited(self, row: Any) -> Any:
        return redirect(url_for(".edit_view", row_id=row.id))

    def form_extras(self, row: Any) -> dict[str, Any]:
        me = sessions.user().row
        key = request.form.get("key") or secrets.token_hex(16)
        if row is None:
            call = request.args.get("call", "")
            return {"call": Call.get_or_none(Call.id == call[:64]) if call else None, "key": key}
        thread = TicketMessage.select(TicketMessage, Agent).join(Agent, JOIN.LEFT_OUTER)
        return {
            "call": row.call,
            "thread": list(
                thread.where(TicketMessage.ticket == row).order_by(TicketMessage.created_at, TicketMessage.id)
            ),
            "message_documents": ticket_files.documents_of_messages(row, me),
            "documents": ticket_files.documents_of(row, me),
            "files": ticket_files.files_of(row),
            "offered": ticket_files.offered(me),
            "said": {},
            "key": key,
            "overdue": Ticket.select().where(Ticket.id == row.id, ticket_search.overdue()).exists(),
        }

    # ------------------------------------------------------------ what hangs at it
    @expose("/<int:row_id>/mensajes", methods=("POST",))
    @acting(Act.EDIT)
    def message_view(self, row_id: int) -> Any:
        row, me = self.row_or_404(row_id), sessions.user().row
        said = {"text": request.form.get("text", ""), "internal": request.form.get("internal", "1") == "1"}
        key = tickets.own_key(request.form.get("key"), me)
        with transaction(installation().database):
            locked = self.row_or_404(row_id)
            checked = tickets.check_message(said, me)
            if not checked.errors and tickets.asked_before(TicketMessage, key) is None:
                tickets.say(locked, checked.values, me, key)
        if checked.errors:
            problem = problem_text(next(iter(checked.errors.values())))
            return self._shown(row, {**said, "problem": problem}), 422
        tickets.tell()
        flash(_("Mensaje agregado."), "success")
        return redirect(url_for(".edit_view", row_id=row_id, _anchor="mensajes"))

    def _shown(self, row: Any, said: dict[str, Any]) -> str:
        """The page with a message that was not taken."""
        form = TicketForm(None, data=self.stored(row))
        extras = self.form_extras(row) | {"said": said}
        frame = self.frame() | {"heading": self.title_of(row)}
        return str(self.render(self.form_page, **frame, form=form, row=row, seen=self.fingerprint(row), **extras))

    @expose("/<int:row_id>/adjuntar", methods=("POST",))
    @acting(Act.EDIT)
    def attach_view(self, row_id: int) -> Any:
        """A document of *Adjuntos*, a file from the disk, or both."""
        me, sent = sessions.user().row, request.files.get("file")
        key = request.form.get("document", "")
        problem = ""
        try:
            with transaction(installation().database):
                row = self.row_or_404(row_id)
                if key.isdecimal() and len(key) < 19:
                    ticket_files.attach_document(row, int(key), me)
                if sent is not None and sent.filename:
                    ticket_files.bring(row, sent, me)
                elif not key:
                    problem = _("Elige un archivo o un documento.")
        except InvalidValue as refused:
            problem = problem_text(refused)
        except BadFile as refused:
            problem = str(refused)
        except OSError:
            problem = _("El archivo no se pudo guardar en el disco del servidor.")
        tickets.tell()
        flash(problem or _("Adjuntado."), "error" if problem else "success")
        return redirect(url_for(".edit_view", row_id=row_id, _anchor="adjuntos"))

    @expose("/<int:row_id>/quitar-adjunto", methods=("POST",))
    @acting(Act.EDIT)
    def detach_view(self, row_id: int) -> Any:
        me, gone = sessions.user().row, None
        key = request.form.get("key", "")
        with transaction(installation().database):
            row = self.row_or_404(row_id)
            if key.isdecimal() and len(key) < 19:
                if request.form.get("kind") == "file":
                    gone = ticket_files.take_away(row, int(key), me)
                else:
                    ticket_files.detach_document(row, int(key), me)
        forget(gone)
        tickets.tell()
        return redirect(url_for(".edit_view", row_id=row_id, _anchor="adjuntos"))

    # ------------------------------------------------------------ download
    def csv_columns(self) -> Any:
        return (
            (_l("Número"), lambda row: row.id),
            (_l("Asunto"), lambda row: row.subject),
            (_l("Texto"), lambda row: row.text),
            (_l("Estado"), lambda row: label(row.state)),
            (_l("Prioridad"), lambda row: label(row.priority)),
            (_l("Contacto"), lambda row: row.contact.name if row.contact_id else ""),
            (_l("Teléfono"), lambda row: row.contact.phone if row.contact_id else ""),
            (_l("Agente"), lambda row: row.agent.name if row.agent_id else ""),
            (_l("Grupo"), lambda row: row.group.name if row.group_id else ""),
            (_l("Vence"), lambda row: stamp(row.due_at)),
            (_l("Lo abrió"), lambda row: row.author_name),
            (_l("Abierto el"), lambda row: stamp(row.created_at)),
            (_l("Cambió"), lambda row: stamp(row.updated_at)),
            (_l("Resuelto el"), lambda row: stamp(row.solved_at)),
            (_l("Mensajes"), lambda row: row.messages_said),
        )

    def prepare(self, batch: list[Any]) -> list[Any]:
        names = dict(Agent.select(Agent.id, Agent.name).where(Agent.id.in_({row.author_id for row in batch})).tuples())
        counted = TicketMessage.select(TicketMessage.ticket, fn.COUNT(TicketMessage.id))
        said = dict(
            counted.where(TicketMessage.ticket.in_([row.id for row in batch])).group_by(TicketMessage.ticket).tuples()
        )
        for row in batch:
            row.author_name = names.get(row.author_id, "")
            row.messages_said = said.get(row.id, 0)
        return batch
