"""The outbox on both databases: written once, taken in order, settled."""

from __future__ import annotations

from datetime import timedelta

import pytest
from peewee import Database

from admin.webhooks.delivering import due, settle, sweep
from admin.webhooks.sending import Result
from ari_app.storing import CallEntry, store
from models.db import transaction
from models.tables import DeliveryState, Webhook, WebhookDelivery, WebhookEvent, epoch_ms, now
from models.values.call import Direction, Outcome
from models.values.cdr import CallRecord
from models.webhooks import tell_recorded, tell_test


@pytest.fixture
def webhook(database: Database) -> Webhook:
    row = Webhook.create(name="ERP", url="https://erp.example/", salt="s", since=now() - timedelta(hours=1))
    for event in ("call.offered", "call.ended", "call.missed", "call.recorded"):
        WebhookEvent.create(webhook=row, event=event)
    return row


def test_the_outbox(database: Database, webhook: Webhook) -> None:
    at = epoch_ms(now()) - 60_000
    calls = [
        CallRecord(key, Direction.INBOUND, "40004000", "ñ+506", at, outcome=Outcome.ABANDONED, ended_at=at + 9000)
        for key in ("c.1", "c.2")
    ]
    for _time in range(2):  # as after a crash
        assert store(database, [CallEntry(call) for call in calls]) == []
        with transaction(database):
            tell_recorded(database, "r.1", "c.1", {"part": 1}, epoch_ms(now()))
            tell_test(database, webhook.id, "test.1", epoch_ms(now()))
    told = [(row.call_id, row.event) for row in WebhookDelivery.select().order_by(WebhookDelivery.id)]
    events = ("call.offered", "call.ended", "call.missed")
    assert told == [
        *((key, event) for key in ("c.1", "c.2") for event in events), ("c.1", "call.recorded"), ("", "webhook.test")
    ]  # fmt: skip

    def next_ones() -> list[tuple[str, str]]:
        return [(row.call_id, row.event) for row in due(webhook, now() + timedelta(seconds=1))]

    # Of each call the first alone; what belongs to none waits for none.
    assert next_ones() == [("c.1", "call.offered"), ("c.2", "call.offered"), ("", "webhook.test")]
    first, second = due(webhook, now() + timedelta(seconds=1)).limit(2)
    settle(database, first.id, Result("", 200, "ok", 12))
    settle(database, second.id, Result("refused", 500, "no", 12, wait=120.0), chance=lambda: 0.0)
    assert next_ones() == [("c.1", "call.ended"), ("", "webhook.test")]
    after = Webhook.get_by_id(webhook.id)
    assert after.failures == 1
    assert after.blocked_until - now() > timedelta(seconds=100)
    of_calls = WebhookDelivery.call_id != ""
    WebhookDelivery.update(give_up_at=now() - timedelta(seconds=1)).where(of_calls).execute()
    sweep(database)
    states = {row.state for row in WebhookDelivery.select().where(WebhookDelivery.call_id == "c.2")}
    assert states == {DeliveryState.DEAD}
    assert next_ones() == [("", "webhook.test")]
