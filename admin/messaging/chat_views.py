"""The chat's addresses, for the desk and for the administrators' page.

Owns: requests and answers of /desk/messages. Must not: hold queries (`threads`) or rules (`writing`).
"""

import re
from typing import Any, Final

from flask import Blueprint, Response, abort, jsonify, request
from flask_babel import gettext as _
from flask_login import login_required

from admin import audit
from admin.installation import installation
from admin.messaging import incoming, threads, writing
from admin.sessions import user
from models import message_opt_outs
from models.db import transaction
from models.tables import SmsMessage, SmsThread, epoch_ms, now

MAX_BODY: Final = 64 * 1024
_KEY: Final = re.compile(r"[A-Za-z0-9-]{8,64}")
_PLACE: Final = re.compile(r"([0-9]{1,15})\.([0-9]{1,15})")

blueprint = Blueprint("desk_messages", __name__, url_prefix="/desk/messages")


@blueprint.get("")
@login_required
def listing() -> Response:
    place = _PLACE.fullmatch(request.args.get("before", ""))
    return jsonify(
        threads.listing(
            user().row,
            request.args.get("q", "")[:200].replace("\x00", " "),
            unread=request.args.get("unread") == "1",
            before=(int(place[1]), int(place[2])) if place else None,
        )
    )


@blueprint.get("/with")
@login_required
def with_number() -> Any:
    """`number`: somebody outside; `center`: for which call center."""
    center = request.args.get("center", "")
    found = threads.with_number(
        user().row,
        request.args.get("number", "")[:64],
        int(center) if center.isdecimal() and len(center) < 15 else None,
    )
    if found is None:
        return jsonify(error="not_a_number", message=_("A ese número no se le puede escribir.")), 422
    return jsonify(found)


@blueprint.get("/<int:thread_id>")
@login_required
def thread(thread_id: int) -> Any:
    before = request.args.get("before", "")
    row = _thread(thread_id)
    return jsonify(threads.detail(user().row, row, int(before) if before.isdecimal() and len(before) < 15 else None))


@blueprint.post("/<int:thread_id>/read")
@login_required
def read(thread_id: int) -> Any:
    """Somebody has it before their eyes: it is new to nobody any more."""
    row = _thread(thread_id)
    changed = SmsThread.update(unread=0).where(SmsThread.id == row.id, SmsThread.unread > 0).execute()
    if changed:
        incoming.tell(row.id)
    return jsonify(unread=threads.unread_count(user().row))


@blueprint.post("/<int:thread_id>/send")
@login_required
def send(thread_id: int) -> Any:
    row = _thread(thread_id)
    key, text, _number, _ours = _typed()
    return _answer(writing.write(user().row, key, text, thread=row))


@blueprint.post("/begin")
@login_required
def begin() -> Any:
    """The first message to somebody: the thread is made with it."""
    key, text, number, ours = _typed()
    return _answer(writing.write(user().row, key, text, thread=None, ours=ours, number=number))


@blueprint.post("/<int:thread_id>/again/<int:message_id>")
@login_required
def again(thread_id: int, message_id: int) -> Any:
    row = _thread(thread_id)
    message = SmsMessage.get_or_none(SmsMessage.id == message_id, SmsMessage.thread == row.id)
    if message is None:
        abort(404)
    refused = writing.again(user().row, message, row)
    if refused is not None:
        return jsonify(error=refused.code, message=refused.text), 409
    return jsonify(thread=row.id)


@blueprint.post("/<int:thread_id>/opt-out")
@login_required
def opt_out(thread_id: int) -> Any:
    """They said so on the phone. Lifting it is done in *Bajas de mensajes*."""
    row = _thread(thread_id)
    with transaction(installation().database):
        if message_opt_outs.opt_out(installation().database, row.number, epoch_ms(now()), by=user().row.id):
            audit.record("sms_opt_outs", "create", key=row.id, name=row.number)
    incoming.tell(row.id)
    return jsonify(thread=row.id)


# ---------------------------------------------------------------- inside
def _thread(key: int) -> Any:
    """One that they see; of any other they do not learn whether it exists."""
    row = threads.one(user().row, key) if key < 2**63 else None
    if row is None:
        abort(404)
    return row


def _typed() -> tuple[str, str, str, str]:
    if request.content_length is None or request.content_length > MAX_BODY:
        abort(413)
    body = request.get_json()
    if not isinstance(body, dict):
        abort(400)
    values = [body.get(name, "") for name in ("key", "text", "number", "ours")]
    if not all(isinstance(one, str) for one in values) or not _KEY.fullmatch(values[0]):
        abort(400)
    return values[0], values[1], values[2][:64], values[3][:64]


def _answer(written: writing.Written | writing.NotWritten) -> Any:
    if isinstance(written, writing.NotWritten):
        status = 429 if written.code == "too_fast" else 422
        return jsonify(error=written.code, message=written.text), status
    row = SmsMessage.get_by_id(written.message)
    return jsonify(thread=written.thread, message=threads.message(row))
