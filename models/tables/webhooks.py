"""Webhooks: where the events of calls are told, and the outbox of what is to be told.

Owns: the columns. Must not: hold a secret: it is made of the installation's own key and `salt` (`models.webhooks`).
"""

from enum import StrEnum

from peewee import BooleanField, CharField, CompositeKey, IntegerField, SmallIntegerField

from models.tables.base import ChoiceField, InstantField, LimitedTextField, NamedRow, Row, now, points_to


class DeliveryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"  # given up: a day of tries, the receiver said it is gone, or the webhook was switched off


class Webhook(NamedRow):
    """`since`: what happened before it was switched on is not told. `failures` in a row hold off all of its tries."""

    name = CharField(max_length=100)
    name_key = CharField(max_length=200, unique=True)
    url = CharField(max_length=1000)
    active = BooleanField(default=True)
    salt = CharField(max_length=32)
    since = InstantField(default=now)
    failures = IntegerField(default=0)
    blocked_until = InstantField(null=True)
    gone_at = InstantField(null=True)  # the receiver answered 410
    created_at = InstantField(default=now)

    class Meta:
        table_name = "webhooks"


class WebhookEvent(Row):
    """An event that a webhook wants to be told."""

    webhook = points_to(Webhook, on_delete="CASCADE", backref="events", index=False)
    event = CharField(max_length=32)

    class Meta:
        table_name = "webhook_events"
        primary_key = CompositeKey("webhook", "event")


class WebhookDelivery(Row):
    """One event for one webhook. `call_id` is no key: the outbox stands by itself.

    Written together with the call, as often as you like: call and event make it unique.
    """

    webhook = points_to(Webhook, on_delete="CASCADE", backref="deliveries", index=False)
    message_id = CharField(max_length=120)  # webhook-id: the same in every try
    event = CharField(max_length=32)
    call_id = CharField(max_length=64, default="")
    at = InstantField()  # when it happened
    body = LimitedTextField(max_length=20_000)
    state = ChoiceField(DeliveryState, default=DeliveryState.PENDING)
    attempts = SmallIntegerField(default=0)
    next_at = InstantField()
    give_up_at = InstantField()
    tried_at = InstantField(null=True)
    status = SmallIntegerField(null=True)  # of HTTP
    took_ms = IntegerField(null=True)
    problem = CharField(max_length=40, default="")  # a code: why there was no good answer
    answer = LimitedTextField(max_length=2000, default="")  # its beginning

    class Meta:
        table_name = "webhook_deliveries"
        indexes = (
            (("webhook", "message_id"), True),
            (("webhook", "call_id"), False),
            (("state", "next_at"), False),
            (("state", "tried_at"), False),
        )
