"""What a provider over HTTP and we say to each other (docs/mensajes.md).

Owns: the bodies, and what an answer means. Must not: send, store, or check a signature.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from admin.webhooks.sending import Result
from models.messages import Outgoing
from models.tables import from_epoch_ms
from models.values.sms import FailureReason, MessageState, segments

RECEIVED: Final = "message.received"
STATUS: Final = "message.status"
SEND: Final = "message.send"
PROVIDER: Final = "sms provider"
"""What its secret is made with (`models.webhooks.secret_of`)."""

# Surely not taken: it waits, and with it all that goes to this provider.
_NOT_SENT: Final = frozenset({"not_reached", "tls", "address_not_allowed", "not_https"})
_LATER: Final = frozenset({429, 503})
_KNOWN: Final = {
    "no_such_number": FailureReason.NO_SUCH_NUMBER,
    "unreachable": FailureReason.UNREACHABLE,
    "too_large": FailureReason.TOO_LARGE,
    "not_accepted": FailureReason.NOT_ACCEPTED,
    "opted_out": FailureReason.OPTED_OUT,
}
_STATUSES: Final = {
    401: FailureReason.CREDENTIALS,
    403: FailureReason.CREDENTIALS,
    413: FailureReason.TOO_LARGE,
}


def body(message: Outgoing, key: str) -> bytes:
    counted = segments(message.text)
    data = {
        "id": key,
        "from": message.our_number,
        "to": message.number,
        "text": message.text,
        "segments": counted.count,
        "encoding": counted.encoding.value,
    }
    at = from_epoch_ms(message.created_at).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"type": SEND, "timestamp": at, "data": data}, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Meaning:
    """`state` QUEUED: it goes out again later, for it was surely not taken."""

    state: MessageState
    reason: str = ""
    detail: str = ""
    remote_id: str = ""


def meaning(result: Result) -> Meaning:
    told = _told(result.answer)
    detail = f"{result.status or ''} {_text(told.get('message'))}".strip()[:200]
    if not result.problem:
        return Meaning(MessageState.SENT, remote_id=_text(told.get("id"))[:120])
    if result.problem in _NOT_SENT:
        return Meaning(MessageState.QUEUED, FailureReason.NOT_REACHED, result.problem)
    if result.problem == "timeout":
        return Meaning(MessageState.UNSURE, FailureReason.NO_ANSWER)
    if result.status is None:
        return Meaning(MessageState.UNSURE, FailureReason.CONNECTION_LOST)
    if result.status in _LATER:
        return Meaning(MessageState.QUEUED, FailureReason.BUSY, detail)
    if result.status >= 500:
        # What broke may have broken after the message was passed on.
        return Meaning(MessageState.UNSURE, FailureReason.NO_ANSWER, detail)
    known = _KNOWN.get(_text(told.get("error")))
    return Meaning(MessageState.FAILED, known or _STATUSES.get(result.status, FailureReason.REFUSED), detail)


def _told(answer: str) -> Mapping[str, Any]:
    try:
        told = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _text(value: object) -> str:
    text = value if isinstance(value, str) else str(value) if isinstance(value, int) else ""
    return "".join(one for one in text if one.isprintable())


# ---------------------------------------------------------------- what it tells us
@dataclass(frozen=True, slots=True)
class Told:
    """A message that came in."""

    id: str
    sender: str
    to: str
    text: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """`id`: ours; `remote_id`: its own. At least one is there."""

    id: str
    remote_id: str
    state: MessageState
    detail: str


class Malformed(ValueError):
    """Not what docs/mensajes.md says; in English, for a program's author."""


_STATES: Final = {
    "sent": MessageState.SENT, "delivered": MessageState.DELIVERED, "failed": MessageState.FAILED,
}  # fmt: skip
_LONGEST: Final = 20_000


def read_message(raw: object) -> Told:
    data = _data(raw, RECEIVED)
    told = Told(
        _field(data, "id", 120), _field(data, "from", 64), _field(data, "to", 64), _field(data, "text", _LONGEST)
    )
    for name, value in (("id", told.id), ("from", told.sender), ("to", told.to)):
        if not value.strip() or not value.isprintable():
            raise Malformed(f"data.{name} must be a text of one line")
    return told


def read_receipt(raw: object) -> Receipt:
    data = _data(raw, STATUS)
    state = _STATES.get(_field(data, "state", 20))
    if state is None:
        raise Malformed(f"data.state must be one of {', '.join(_STATES)}")
    told = Receipt(
        _field(data, "id", 200, missing=""), _field(data, "remote_id", 120, missing=""), state,
        _text(_field(data, "message", 1000, missing="")),
    )  # fmt: skip
    if not told.id and not told.remote_id:
        raise Malformed("data.id (ours) or data.remote_id (yours) must be there")
    return told


def _data(raw: object, kind: str) -> Mapping[str, Any]:
    if not isinstance(raw, dict) or raw.get("type") != kind or not isinstance(raw.get("data"), dict):
        raise Malformed(f'an object {{"type": "{kind}", "data": {{…}}}} is expected')
    data: Mapping[str, Any] = raw["data"]
    return data


def _field(data: Mapping[str, Any], name: str, longest: int, *, missing: str | None = None) -> str:
    value = data.get(name, missing)
    if value is None and missing is not None:
        return missing
    if not isinstance(value, str) or len(value) > longest:
        raise Malformed(f"data.{name} must be a text of at most {longest} characters")
    return value
