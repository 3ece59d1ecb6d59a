"""Checks of webhooks."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from models.checks.base import Check, Checked
from models.tables import Webhook
from models.values.errors import InvalidValue
from models.values.ip import Network
from models.values.webhook import WebhookEventName, check_url

MAX_WEBHOOKS: Final = 20
OFFERED: Final = tuple(event for event in WebhookEventName if event is not WebhookEventName.TEST)


def check_webhook(data: Mapping[str, Any], row: Webhook | None, networks: Iterable[Network]) -> Checked:
    """`events` becomes the list of those wanted; `networks` may be reached though they are private."""
    check = Check(Webhook, data, row)
    check.name()
    check.parsed("url", lambda text: check_url(text, networks), required=True)
    check.flag("active")
    chosen = [event for event in OFFERED if event.value in (data.get("events") or ())]
    check.values["events"] = chosen
    if not chosen:
        check.refuse("events", InvalidValue("required"))
    if row is None and Webhook.select().count() >= MAX_WEBHOOKS:
        check.refuse("name", InvalidValue("too_many", maximum=MAX_WEBHOOKS))
    return check.result
