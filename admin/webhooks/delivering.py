"""The outbox, delivered: a thread of `jobs` with a loop of its own.

Owns: what is next, how often it is tried, when it is given up. Must not: write new rows, or know HTTP (`sending`).

Of one call, a webhook is told one event after the other: the next waits until the one before was delivered or given up.
What a receiver does holds up nobody else: each webhook has its own few places, one while it fails. A failure holds off
all of a webhook's tries for a moment, and the delivery itself for longer each time, up to a day in all.
"""

import asyncio
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from peewee import Database, fn

from admin.background import Background
from admin.webhooks.sending import Result, Sender
from models.db import transaction
from models.tables import AuditEntry, DeliveryState, Webhook, WebhookDelivery, fold, now
from models.values.ip import Network
from models.webhooks import secret_of

POLL_SECONDS: Final = 0.5
PLACES: Final = 4  # of one webhook at a time
# After the first try, the second …; then every six hours. A day in all (`models.webhooks.GIVE_UP_MS`).
BACK_OFF: Final = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 21_600))
MOST_BLOCKED: Final = timedelta(minutes=1)
KEPT: Final = timedelta(days=30)
_SWEEP_SECONDS: Final = 60.0
_random: Final = secrets.SystemRandom()


def delay(attempts: int, chance: float = 0.0) -> timedelta:
    """How long after that many tries. `chance` 0 to 1 spreads those that failed together."""
    return BACK_OFF[min(attempts, len(BACK_OFF)) - 1] * (1 + 0.2 * chance)


class Deliverer(Background):
    """`start`, and `stop` when the program ends. What was under way then is tried again at the next start."""

    name = "webhooks"

    def __init__(self, database: Database, key: str, networks: tuple[Network, ...]) -> None:
        super().__init__(database)
        self._key = key
        self._networks = networks
        self._under_way: dict[int, WebhookDelivery] = {}

    def _round(self) -> None:
        try:
            asyncio.run(self._deliver())
        finally:
            self._under_way.clear()

    async def _deliver(self) -> None:
        sender = Sender(self._networks)
        loop = asyncio.get_running_loop()
        swept = float("-inf")
        tasks: set[asyncio.Task[None]] = set()
        try:
            while not self._stopping.is_set():
                if loop.time() - swept > _SWEEP_SECONDS:
                    sweep(self._database)
                    swept = loop.time()
                for webhook, delivery in self._next():
                    self._under_way[delivery.id] = delivery
                    tasks.add(asyncio.create_task(self._try(sender, webhook, delivery)))
                if tasks:
                    done, tasks = await asyncio.wait(tasks, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        task.result()
                else:
                    await asyncio.sleep(POLL_SECONDS)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await sender.close()

    def _next(self) -> list[tuple[Webhook, WebhookDelivery]]:
        """As many as have a place, those first that came first."""
        found: list[tuple[Webhook, WebhookDelivery]] = []
        present = now()
        for webhook in Webhook.select().where(
            Webhook.active, Webhook.blocked_until.is_null() | (Webhook.blocked_until <= present)
        ):
            mine = [one for one in self._under_way.values() if one.webhook_id == webhook.id]
            places = (1 if webhook.failures else PLACES) - len(mine)
            if places > 0:
                calls = [one.call_id for one in mine if one.call_id]
                rows = due(webhook, present).where(
                    WebhookDelivery.id.not_in([one.id for one in mine]), WebhookDelivery.call_id.not_in(calls)
                )
                found += [(webhook, row) for row in rows.limit(places)]
        return found

    async def _try(self, sender: Sender, webhook: Webhook, delivery: WebhookDelivery) -> None:
        secret = secret_of(self._key, webhook.id, str(webhook.salt))
        try:
            result = await sender.send(str(webhook.url), secret, str(delivery.message_id), str(delivery.body).encode())
            settle(self._database, delivery.id, result)
        finally:
            self._under_way.pop(delivery.id, None)


def due(webhook: Webhook, present: datetime) -> Any:
    """What may be tried now: of each call only the first that is still to be told."""
    earlier = WebhookDelivery.alias()
    before = earlier.select(earlier.id).where(
        earlier.webhook == WebhookDelivery.webhook,
        earlier.call_id == WebhookDelivery.call_id,
        earlier.call_id != "",
        earlier.state == DeliveryState.PENDING,
        earlier.id < WebhookDelivery.id,
    )
    return (
        WebhookDelivery.select()
        .where(
            WebhookDelivery.webhook == webhook,
            WebhookDelivery.state == DeliveryState.PENDING,
            WebhookDelivery.next_at <= present,
            ~fn.EXISTS(before),
        )
        .order_by(WebhookDelivery.id)
    )


def settle(database: Database, key: int, result: Result, chance: Callable[[], float] = _random.random) -> None:
    """Notes how a try ended, and what that means for the webhook. Deleted meanwhile: nothing."""
    with transaction(database):
        row = WebhookDelivery.get_or_none(WebhookDelivery.id == key)
        if row is None:
            return
        row.attempts += 1
        row.tried_at, row.took_ms = now(), result.took_ms
        row.status, row.problem, row.answer = result.status, result.problem, result.answer
        webhook = row.webhook
        if not result.problem:
            row.state = DeliveryState.DELIVERED
            webhook.failures, webhook.blocked_until = 0, None
        else:
            _failed(row, webhook, result, chance())
        row.save()
        webhook.save(only=["failures", "blocked_until", "active", "gone_at", "name_key"])


def _failed(row: WebhookDelivery, webhook: Webhook, result: Result, chance: float) -> None:
    wait = timedelta(seconds=result.wait) if result.wait is not None else timedelta()
    row.next_at = now() + max(delay(row.attempts, chance), wait)
    if row.next_at > row.give_up_at:
        row.state = DeliveryState.DEAD
    webhook.failures += 1
    webhook.blocked_until = now() + max(min(timedelta(seconds=2 ** min(webhook.failures, 6)), MOST_BLOCKED), wait)
    if result.problem == "gone":
        # RFC 9110: it is gone for good, and wants to be asked no more.
        row.state = DeliveryState.DEAD
        webhook.active, webhook.gone_at = False, now()
        AuditEntry.create(
            section="webhooks", act="deactivate", row_key=str(webhook.id), row_name=str(webhook.name),
            after={"answer": "410 Gone"}, folded=fold(f"{webhook.name} 410 gone"),
        )  # fmt: skip


def sweep(database: Database) -> None:
    """Gives up what was not told in a day, and forgets what was settled long ago."""
    with transaction(database):
        WebhookDelivery.update(state=DeliveryState.DEAD).where(
            WebhookDelivery.state == DeliveryState.PENDING, WebhookDelivery.give_up_at < now()
        ).execute()
        old = WebhookDelivery.select(WebhookDelivery.id).where(
            WebhookDelivery.state.in_([DeliveryState.DELIVERED, DeliveryState.DEAD]),
            WebhookDelivery.tried_at < now() - KEPT,
        )
        WebhookDelivery.delete().where(WebhookDelivery.id.in_(old.limit(10_000))).execute()
        WebhookDelivery.delete().where(
            WebhookDelivery.tried_at.is_null(), WebhookDelivery.give_up_at < now() - KEPT
        ).execute()
