"""What providers tell us: messages that came in, and receipts. `POST /sms/incoming`, `POST /sms/receipt`.

Owns: those two addresses: the signature, its age, how often. Must not: know a message's way into its thread
(`models.messages`).

Told twice is told once: a message has its provider's id, and a receipt moves a state forward or not at all. So a
provider repeats what was not answered 200, and somebody who listened in gains nothing by repeating it.
"""

import time
from typing import Any, Final

from flask import Blueprint, Flask, abort, jsonify, request
from limits import parse

from admin import desk_news, sessions
from admin.installation import account, installation
from admin.login import limiter
from admin.messaging import protocol
from models import message_sight, messages
from models.messages import Incoming
from models.tables import SmsProvider, SmsProviderNumber, epoch_ms, now
from models.values.errors import InvalidValue
from models.values.phone import normalise
from models.values.sms import Way
from models.webhooks import is_signed, secret_of

TOLERANCE: Final = 300
MAX_BODY: Final = 64 * 1024
RATE: Final = "600 per minute"  # of one provider
FAILURES: Final = "30 per minute"  # of one address

pages = Blueprint("sms", __name__, url_prefix="/sms")


def register(app: Flask) -> None:
    """A signature stands in for the token of a page."""
    app.register_blueprint(pages)
    app.extensions["csrf"].exempt(pages)


@pages.post("/incoming")
def incoming() -> Any:
    provider = _provider()
    try:
        told = protocol.read_message(request.get_json(silent=True))
    except protocol.Malformed as problem:
        return _refuse(400, "malformed", str(problem))
    ours = normalise(told.to, account().region) or told.to
    known = SmsProviderNumber.get_or_none(SmsProviderNumber.provider == provider, SmsProviderNumber.number_key == ours)
    if known is None:
        return _refuse(422, "not_our_number", f"{told.to} is none of this provider's numbers here")
    received = messages.receive(
        installation().database,
        Incoming(
            f"http:{provider.id}:{told.id}", told.to, told.sender, told.text, epoch_ms(now()), Way.HTTP,
            provider=provider.id, remote_id=told.id,
        ),
    )  # fmt: skip
    if received is not None:
        tell(received.thread)
    return jsonify(id=told.id, duplicate=received is None)


@pages.post("/receipt")
def receipt() -> Any:
    provider = _provider()
    try:
        told = protocol.read_receipt(request.get_json(silent=True))
    except protocol.Malformed as problem:
        return _refuse(400, "malformed", str(problem))
    try:
        thread = messages.receipt(
            installation().database, provider.id, told.id, told.state, epoch_ms(now()), remote_id=told.remote_id,
            detail=told.detail,
        )  # fmt: skip
    except InvalidValue:
        return _refuse(404, "no_such_message", "no message that went by this provider has this id")
    if thread is not None:
        tell(thread)
    return jsonify(changed=thread is not None)


def tell(thread: int) -> None:
    """After the commit: the desks that show this thread."""
    agents = message_sight.who_sees(installation().database, thread)
    desk_news.tell_desks("messages", agents, {"thread": thread})


# ---------------------------------------------------------------- who speaks
def _provider() -> SmsProvider:
    """The provider whose secret signed this request, and not too long ago."""
    where = sessions.address()
    failures = parse(FAILURES)
    if not limiter.limiter.test(failures, "sms failures", where):
        abort(429)
    if request.content_length is None or request.content_length > MAX_BODY:
        abort(413)
    provider = _signer(request.get_data(cache=True))
    if provider is None:
        limiter.limiter.hit(failures, "sms failures", where)
        abort(401)
    if not limiter.limiter.hit(parse(RATE), "sms provider", str(provider.id)):
        abort(429)
    SmsProvider.update(heard_at=now()).where(SmsProvider.id == provider.id).execute()
    return provider


def _signer(body: bytes) -> SmsProvider | None:
    headers = request.headers
    message_id, at, given = (headers.get(name, "") for name in ("webhook-id", "webhook-timestamp", "webhook-signature"))
    if not (message_id and at.isascii() and at.isdigit() and len(at) < 16 and abs(time.time() - int(at)) <= TOLERANCE):
        return None
    key = installation().secrets.webhook_key
    for provider in SmsProvider.select().where(SmsProvider.active):
        secret = secret_of(key, provider.id, str(provider.salt), what=protocol.PROVIDER)
        if is_signed(secret, message_id, int(at), body, given):
            found: SmsProvider = provider
            return found
    return None


def _refuse(status: int, code: str, message: str) -> Any:
    return jsonify(error=code, message=message), status
