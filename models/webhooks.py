"""The outbox of the webhooks: what is to be told of calls, written together with the calls; and the signatures.

Owns: which events a record tells, their bodies, the SQL that writes them, the secrets. Must not: send
(`admin.webhooks`), or hold up the writer: with no webhook it costs one look into an empty table.

Every write is safe to repeat: webhook and message make a row unique. A record that is written again, after a crash or
out of the journal, tells nothing twice, and one that is first written when the call is over tells all that happened.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from peewee import Database

from models.db import execute, execute_many, is_postgresql, placeholder
from models.tables.base import from_epoch_ms
from models.tables.webhooks import DeliveryState
from models.values.call import Direction, Outcome
from models.values.cdr import CallRecord
from models.values.webhook import WebhookEventName

GIVE_UP_MS: Final = int(timedelta(hours=24).total_seconds() * 1000)
_COLUMNS: Final = (
    "webhook_id", "message_id", "event", "call_id", "at", "body", "state", "attempts", "next_at", "give_up_at",
    "problem", "answer",
)  # fmt: skip


# ---------------------------------------------------------------- secrets and signatures (standardwebhooks.com)
def secret_of(key: str, row_id: int, salt: str, *, what: str = "webhook") -> str:
    """The secret of a webhook, or of another kind of receiver (`what`): made of the installation's key, so that the
    database alone gives none away."""
    digest = hmac.new(key.encode(), f"{what} {row_id} {salt}".encode(), hashlib.sha256).digest()
    return "whsec_" + base64.b64encode(digest).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def is_signed(secret: str, message_id: str, timestamp: int, body: bytes, given: str) -> bool:
    """`given`: the value of `webhook-signature`, one signature or several with spaces between (a secret is being
    changed). How old `timestamp` may be is the caller's affair."""
    expected = signature(secret, message_id, timestamp, body).encode()
    # All are looked at, and bytes compared: a stranger's letters must not raise.
    found = [hmac.compare_digest(one.encode("utf-8", "replace"), expected) for one in given.split(" ")[:8]]
    return any(found)


# ---------------------------------------------------------------- what is told
def tell(database: Database, records: Iterable[CallRecord], at: int) -> None:
    """Inside the transaction that writes the records. `at`: now."""
    known = list(records)
    wanted = _wanted(database) if known else []
    if not wanted:
        return
    rows: list[tuple[Any, ...]] = []
    for record in known:
        for event, happened_at, data in events_of(record):
            message = f"{record.id}.{event.split('.')[1]}"
            rows += _rows(wanted, event, message, record.id, happened_at, data, at)
    _write(database, rows)


def tell_recorded(database: Database, recording: str, call_id: str, data: dict[str, Any], at: int) -> None:
    """A part of a call's recording can be heard from now on; inside the transaction that says so."""
    wanted = _wanted(database)
    body = {"id": call_id, "recording": recording, **data}
    event = WebhookEventName.RECORDED
    _write(database, _rows(wanted, event, f"{recording}.recorded", call_id, at, body, at))


def tell_test(database: Database, webhook_id: int, message_id: str, at: int) -> None:
    """The page's test: for one webhook, whatever it wants to be told."""
    event = WebhookEventName.TEST
    _write(database, _rows([(webhook_id, event, 0)], event, message_id, "", at, {"webhook_id": webhook_id}, at))


def events_of(record: CallRecord) -> Iterator[tuple[WebhookEventName, int, dict[str, Any]]]:
    """All that a record says has happened, in order, each as it was then."""
    begun = {
        "id": record.id,
        "direction": record.direction.value,
        "call_center_id": record.call_center_id,
        "call_center_name": record.call_center_name,
        "called_number": record.called_number,
        "calling_number": record.calling_number,
        "caller_name": record.caller_name,
        "contact_id": record.contact_id,
        "agent_id": record.agent_id if record.direction is not Direction.INBOUND else None,
        "offered_at": _iso(record.offered_at),
    }
    yield WebhookEventName.OFFERED, record.offered_at, begun
    if record.answered_at is not None:
        answered = {"agent_id": record.agent_id, "answered_at": _iso(record.answered_at), "wait_ms": record.wait_ms}
        begun = begun | answered
        yield WebhookEventName.ANSWERED, record.answered_at, begun
    if not record.is_closed:
        return
    ended_at = record.ended_at if record.ended_at is not None else record.offered_at
    over = begun | {
        "agent_id": record.agent_id,
        "ended_at": _iso(ended_at),
        "wait_ms": record.wait_ms,
        "talk_ms": record.talk_ms,
        "outcome": record.outcome.value,
        "reason": record.reason,
        "cause": record.cause,
        "cost": None if record.cost is None else _plain(record.cost),
        "currency": record.rate_currency,
    }
    yield WebhookEventName.ENDED, ended_at, over
    if record.direction is Direction.INBOUND and record.outcome is not Outcome.ANSWERED:
        yield WebhookEventName.MISSED, ended_at, over


# ---------------------------------------------------------------- the outbox
def _wanted(database: Database) -> list[tuple[int, str, int]]:
    """Which webhook wants which event, since when. On PostgreSQL none of them is deleted before we have written."""
    lock = " FOR KEY SHARE OF w" if is_postgresql(database) else ""
    sql = (
        "SELECT w.id, e.event, w.since FROM webhooks w JOIN webhook_events e ON e.webhook_id = w.id "  # noqa: S608
        f"WHERE w.active = {'true' if is_postgresql(database) else 1} ORDER BY w.id{lock}"
    )
    return [(int(key), str(event), int(since)) for key, event, since in execute(database, sql).fetchall()]


def _rows(
    wanted: Iterable[tuple[int, str, int]],
    event: WebhookEventName,
    message: str,
    call_id: str,
    happened_at: int,
    data: dict[str, Any],
    at: int,
) -> list[tuple[Any, ...]]:
    body = json.dumps(
        {"type": event.value, "timestamp": _iso(happened_at), "data": data}, ensure_ascii=True, separators=(",", ":")
    )
    return [
        (webhook, message[:120], event.value, call_id[:64], happened_at, body, DeliveryState.PENDING.value, 0, at,
         at + GIVE_UP_MS, "", "")
        for webhook, name, since in wanted
        if name == event and happened_at >= since
    ]  # fmt: skip


def _write(database: Database, rows: list[tuple[Any, ...]]) -> None:
    mark = placeholder(database)
    sql = (
        f"INSERT INTO webhook_deliveries ({', '.join(_COLUMNS)}) VALUES ({', '.join([mark] * len(_COLUMNS))}) "  # noqa: S608
        "ON CONFLICT (webhook_id, message_id) DO NOTHING"
    )
    execute_many(database, sql, rows)


def _iso(at: int) -> str:
    return from_epoch_ms(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(amount: Decimal) -> str:
    return f"{amount:f}"
