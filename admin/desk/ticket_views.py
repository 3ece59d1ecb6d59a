"""The desk's addresses of tickets.

Owns: requests and answers of /desk/tickets. Must not: hold queries (`admin.ticket_search`) or rules (`admin.tickets`).
"""

from typing import Any, Final

from flask import Blueprint, Response, jsonify
from flask_login import login_required

from admin import ticket_search
from admin.sessions import user
from models.tables import Ticket, epoch_ms, now

PAGE: Final = 50

blueprint = Blueprint("desk_tickets", __name__, url_prefix="/desk/tickets")


@blueprint.get("")
@login_required
def listing() -> Response:
    """Those that wait for the agent: their own and their groups', not solved."""
    agent = user().row
    mine = Ticket.select().where(ticket_search.concerns(agent), ticket_search.UNSOLVED)
    rows = mine.order_by(*ticket_search.by_due()).limit(PAGE)
    return jsonify(tickets=[_row(ticket) for ticket in rows], waiting=mine.count())


def _row(ticket: Ticket) -> dict[str, Any]:
    return {
        "id": ticket.id,
        "subject": ticket.subject,
        "state": ticket.state.value,
        "priority": ticket.priority.value,
        "due_at": None if ticket.due_at is None else epoch_ms(ticket.due_at),
        "overdue": ticket.due_at is not None and ticket.due_at < now(),
    }
