"""The desk's addresses of tickets.

Owns: requests and answers of /desk/tickets. Must not: hold conditions (`admin.ticket_search`), rules (`admin.tickets`,
`admin.ticket_files`) or shapes (`ticket_shapes`).

A ticket that the agent may not see is not there: 404, whether it exists or not.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Blueprint, Response, abort, jsonify, request
from flask_babel import gettext as _
from flask_login import login_required
from peewee import IntegrityError

from admin import ticket_files, ticket_search, tickets
from admin.contact_pages import Search, ask, matching
from admin.desk import ticket_shapes as shapes
from admin.desk.ownership import Standing, standing
from admin.documents import BadFile, file_response
from admin.installation import installation
from admin.kept_files import forget
from admin.problems import problem_text
from admin.sessions import user
from models.db import transaction
from models.tables import Call, Contact, Ticket, TicketFile, TicketMessage, TicketPriority, TicketState, from_epoch_ms
from models.values.errors import InvalidValue

PAGE: Final = 25
PRESSING: Final = 3
CONTACTS: Final = 10
MAX_BODY: Final = 256 * 1024
FIELDS: Final = ("subject", "text", "state", "priority", "agent", "group", "contact", "due_at")

_SCOPES: Final = {
    "mine": lambda me: Ticket.agent == me,
    "groups": ticket_search.of_groups,
    "all": ticket_search.visible,
}
_ORDERS: Final = {
    "due": ticket_search.by_due, "priority": ticket_search.by_priority, "change": ticket_search.by_change,
}  # fmt: skip

blueprint = Blueprint("desk_tickets", __name__, url_prefix="/desk/tickets")


# ---------------------------------------------------------------- read
@blueprint.get("")
@login_required
def listing() -> Response:
    """`scope`: mine, groups, all; `state`: unsolved, all or one; `priority`, `q`, `sort`, `page`.

    What is not understood is the default.
    """
    me, asked = user().row, request.args
    query = ticket_search.with_names().where(_SCOPES.get(asked.get("scope", ""), ticket_search.visible)(me))
    state = asked.get("state", "unsolved")
    if state in {one.value for one in TicketState}:
        query = query.where(Ticket.state == state)
    elif state != "all":
        query = query.where(ticket_search.UNSOLVED)
    if asked.get("priority") in {one.value for one in TicketPriority}:
        query = query.where(Ticket.priority == asked["priority"])
    words = ticket_search.has_words(asked.get("q", ""))
    if words is not None:
        query = query.where(words)
    total = query.count()
    pages = max(1, -(-total // PAGE))
    typed = asked.get("page", "1")
    number = min(max(1, int(typed)) if typed.isascii() and typed.isdigit() and len(typed) < 7 else 1, pages)
    order = _ORDERS.get(asked.get("sort", ""), ticket_search.by_due)
    rows = list(query.order_by(*order()).limit(PAGE).offset((number - 1) * PAGE))
    return jsonify(tickets=_listed(rows), total=total, page=number, pages=pages, waiting=_waiting())


@blueprint.get("/waiting")
@login_required
def waiting() -> Response:
    return jsonify(waiting=_waiting())


@blueprint.get("/choices")
@login_required
def choices() -> Response:
    return jsonify(shapes.choices(user().row))


@blueprint.get("/contacts")
@login_required
def contacts() -> Response:
    """A few contacts that have every word, for the field of a new ticket."""
    search = Search()
    typed = request.args.get("q", "")[:100].replace("\x00", " ")
    if len(typed.strip()) >= 2:
        search.text(typed)
    keys = [] if search.everything else [key for (key,) in ask(*matching(search, CONTACTS))]
    rows = Contact.select(Contact.id, Contact.name, Contact.phone).where(Contact.id.in_(keys)) if keys else ()
    found = sorted(rows, key=lambda row: (str(row.name).casefold(), row.id))
    return jsonify(contacts=[{"id": row.id, "name": row.name, "phone": row.phone} for row in found])


@blueprint.get("/of-contact/<int:contact_id>")
@login_required
def of_contact(contact_id: int) -> Response:
    """For the card of who calls: the most pressing unsolved ones, how many there are, and how many are others'."""
    here = (Ticket.contact == contact_id) & ticket_search.UNSOLVED if contact_id < 2**63 else Ticket.id < 0
    mine = ticket_search.with_names().where(here, ticket_search.visible(user().row))
    count = Ticket.select().where(here).count()
    seen = mine.count()
    rows = list(mine.order_by(*ticket_search.by_due()).limit(PRESSING))
    return jsonify(tickets=_listed(rows), count=count, others=count - seen)


@blueprint.get("/<int:ticket_id>")
@login_required
def one(ticket_id: int) -> Response:
    return _answer(_seen(ticket_id))


@blueprint.post("/<int:ticket_id>/read")
@login_required
def read(ticket_id: int) -> Response:
    """The agent has it before their eyes, as it was at `at`."""
    row = _seen(ticket_id)
    at = _body().get("at")
    if not isinstance(at, int) or isinstance(at, bool) or not 0 <= at < 2**53:
        abort(400)
    with transaction(installation().database):
        tickets.mark_read(row, user().row, from_epoch_ms(at))
    return jsonify(waiting=_waiting())


# ---------------------------------------------------------------- change
@blueprint.post("")
@login_required
def create() -> Any:
    """201 and the ticket; 200 and the one that an earlier request with this `key` made; 409 the call is not in the
    history yet, 422 errors by field."""
    return _once(_create)


def _create() -> Any:
    me, typed = user().row, _fields(_body(), ("call", "key"))
    key = tickets.own_key(typed.pop("key", None), me)
    with transaction(installation().database):
        before = tickets.asked_before(Ticket, key)
        if before is not None:
            return _answer(before, again=True)
        if typed.get("call"):
            call = Call.get_or_none(Call.id == typed["call"])
            if call is None:
                return jsonify(error="not_yet"), 409
            if standing(call, me) is Standing.NOT_MINE:
                return jsonify(error="not_yours"), 403
        checked = tickets.check(typed, None, me)
        if checked.errors:
            return _refused(checked.errors)
        row = tickets.save(None, checked.values, me, key)
    tickets.tell()
    return _answer(row, 201)


@blueprint.post("/<int:ticket_id>")
@login_required
def change(ticket_id: int) -> Any:
    """`seen`: the fingerprint of what the page shows; 409 and the ticket as it is when somebody changed it since."""
    me, body = user().row, _body()
    seen = body.pop("seen", None)
    typed = _fields(body)
    with transaction(installation().database):
        row = _seen(ticket_id, locked=True)
        if seen != tickets.fingerprint(row):
            return jsonify(error="changed", ticket=shapes.whole(row, me)), 409
        checked = tickets.check(typed, row, me)
        if checked.errors:
            return _refused(checked.errors)
        row = tickets.save(row, checked.values, me)
    tickets.tell()
    return _answer(row)


@blueprint.post("/<int:ticket_id>/take")
@login_required
def take(ticket_id: int) -> Any:
    """Of two who take it, one has it; the other is told who: 409."""
    with transaction(installation().database):
        taken = tickets.take(_seen(ticket_id, locked=True), user().row)
    if isinstance(taken, tickets.Taken):
        return jsonify(error="taken", by=str(taken.by.name)), 409
    tickets.tell()
    return _answer(taken)


@blueprint.post("/<int:ticket_id>/messages")
@login_required
def say(ticket_id: int) -> Any:
    """201; 200 when an earlier request with this `key` said it."""
    return _once(lambda: _say(ticket_id))


def _say(ticket_id: int) -> Any:
    me, body = user().row, _body()
    key = tickets.own_key(body.pop("key", None), me)
    if set(body) - {"text", "internal"} or not isinstance(body.get("internal", True), bool):
        abort(400)
    with transaction(installation().database):
        row = _seen(ticket_id, locked=True)
        if tickets.asked_before(TicketMessage, key) is not None:
            return _answer(row, again=True)
        checked = tickets.check_message(body, me)
        if checked.errors:
            return _refused(checked.errors)
        tickets.say(row, checked.values, me, key)
    tickets.tell()
    return _answer(row, 201)


@blueprint.post("/<int:ticket_id>/documents")
@login_required
def documents(ticket_id: int) -> Any:
    """`{"add": id}` or `{"remove": id}`: a document of *Adjuntos*."""
    me, body = user().row, _body()
    act, key = next(iter(body.items()), ("", None))
    if len(body) != 1 or act not in ("add", "remove") or not isinstance(key, int) or not 0 < key < 2**53:
        abort(400)
    try:
        with transaction(installation().database):
            row = _seen(ticket_id, locked=True)
            (ticket_files.attach_document if act == "add" else ticket_files.detach_document)(row, key, me)
    except InvalidValue as problem:
        return _refused({"documents": problem})
    tickets.tell()
    return _answer(row)


@blueprint.post("/<int:ticket_id>/files")
@login_required
def bring(ticket_id: int) -> Any:
    """A file from the agent's disk, as `file` of a form."""
    me, sent = user().row, request.files.get("file")
    if sent is None:
        abort(400)
    try:
        with transaction(installation().database):
            row = _seen(ticket_id, locked=True)
            ticket_files.bring(row, sent, me)
    except InvalidValue as problem:
        return _refused({"files": problem})
    except BadFile as problem:
        return jsonify(errors={"files": str(problem)}), 422
    except OSError:
        return jsonify(errors={"files": _("El archivo no se pudo guardar en el disco del servidor.")}), 422
    tickets.tell()
    return _answer(row, 201)


@blueprint.get("/<int:ticket_id>/files/<int:file_id>")
@login_required
def download(ticket_id: int, file_id: int) -> Any:
    """As a download, never shown inside our origin; for whoever may see the ticket."""
    row = TicketFile.get_or_none(TicketFile.id == file_id, TicketFile.ticket == _seen(ticket_id))
    if row is None:
        abort(404)
    response = file_response(row.sha256, row.mime, download_name=row.filename)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@blueprint.post("/<int:ticket_id>/files/<int:file_id>/remove")
@login_required
def remove_file(ticket_id: int, file_id: int) -> Any:
    """Whoever brought it may take it away again."""
    with transaction(installation().database):
        row = _seen(ticket_id, locked=True)
        sha256 = ticket_files.take_away(row, file_id, user().row)
    if sha256 is None:
        return jsonify(error="not_yours"), 403
    forget(sha256)
    tickets.tell()
    return _answer(row)


# ---------------------------------------------------------------- shared
def _seen(key: int, *, locked: bool = False) -> Ticket:
    """The ticket, when the agent may see it."""
    if key >= 2**63 or not Ticket.select().where(Ticket.id == key, ticket_search.visible(user().row)).exists():
        abort(404)
    row = tickets.locked(key) if locked else Ticket.get_by_id(key)
    if row is None:
        abort(404)
    return row


def _once(ask: Callable[[], Any]) -> Any:
    """Of two requests with one key at the same moment the database refuses the second: it finds what the first made."""
    try:
        return ask()
    except IntegrityError:
        return ask()


def _answer(row: Ticket, status: int = 200, **more: Any) -> Any:
    """The ticket as it is, or that the agent gave it away and sees it no more."""
    me = user().row
    fresh = ticket_search.with_names().where(Ticket.id == row.id, ticket_search.visible(me)).first()
    body = None if fresh is None else shapes.whole(fresh, me, all_messages=request.args.get("thread") == "all")
    return jsonify(ticket=body, waiting=_waiting(), **more), status


def _waiting() -> int:
    return int(Ticket.select().where(ticket_search.waiting(user().row)).count())


def _listed(rows: list[Ticket]) -> list[dict[str, Any]]:
    keys = [row.id for row in rows]
    new = Ticket.select(Ticket.id).where(Ticket.id.in_(keys), ticket_search.unread(user().row)) if keys else None
    unread = set() if new is None else {key for (key,) in new.tuples()}
    return [shapes.in_list(row, unread) for row in rows]


def _body() -> dict[str, Any]:
    if request.content_length is None or request.content_length > MAX_BODY:
        abort(413)
    body = request.get_json()
    if not isinstance(body, dict):
        abort(400)
    return dict(body)  # the request keeps its own, for who reads it again


def _fields(body: Mapping[str, Any], more: tuple[str, ...] = ()) -> dict[str, Any]:
    """The fields that the page sends, as `models.checks` takes them."""
    typed: dict[str, Any] = {}
    for name, value in body.items():
        if name not in FIELDS + more or not isinstance(value, str):
            abort(400)
        typed[name] = value
    if typed.get("due_at"):
        stamp = typed["due_at"]
        # What no clock knows is refused by the check, in words.
        typed["due_at"] = from_epoch_ms(int(stamp)) if stamp.isdecimal() and len(stamp) < 15 else stamp
    return typed


def _refused(errors: Mapping[str, InvalidValue]) -> Any:
    return jsonify(errors={name: problem_text(problem) for name, problem in errors.items()}), 422
