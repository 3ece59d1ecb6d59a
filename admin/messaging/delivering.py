"""Messages that wait, to the providers over HTTP: a thread of `jobs` with a loop of its own.

Owns: what is under way, how long a provider is left alone after a failure. Must not: know HTTP
(`admin.webhooks.sending`) or what an answer means (`protocol`), or send again what may have been taken.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from peewee import Database

from admin.background import Background
from admin.desk_news import DeskNews
from admin.messaging import protocol
from admin.messaging.protocol import Meaning
from admin.webhooks.sending import Result, Sender
from models import message_sight, messages
from models.db import transaction
from models.messages import Outgoing
from models.tables import SmsMessage, SmsProvider, epoch_ms, now
from models.values.ip import Network
from models.values.sms import MessageState, Way
from models.webhooks import secret_of

POLL_SECONDS: Final = 0.5
AT_ONCE: Final = 10
LONGEST_HOLD: Final = timedelta(minutes=2)
FORSAKEN_MS: Final = 60_000


class Sending(Background):
    """`start`, and `stop` when the program ends. `changed`: a thread's messages changed."""

    name = "messages"
    stop_seconds = 15.0  # the answer to what is under way would be lost otherwise

    def __init__(
        self, database: Database, key: str, networks: tuple[Network, ...], changed: Callable[[int], None]
    ) -> None:
        super().__init__(database)
        self._key = key
        self._networks = networks
        self._changed = changed
        self._under_way: set[int] = set()

    def _round(self) -> None:
        try:
            asyncio.run(self._send_for_ever())
        finally:
            self._under_way.clear()

    async def _send_for_ever(self) -> None:
        sender = Sender(self._networks, keep=False)
        tasks: set[asyncio.Task[None]] = set()
        try:
            while not self._stopping.is_set():
                for message in self._next():
                    self._under_way.add(message.id)
                    tasks.add(asyncio.create_task(self._send(sender, message)))
                if tasks:
                    done, tasks = await asyncio.wait(tasks, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        task.result()
                else:
                    await asyncio.sleep(POLL_SECONDS)
        finally:
            await asyncio.gather(*tasks, return_exceptions=True)
            await sender.close()

    def _next(self) -> list[Outgoing]:
        at = epoch_ms(now())
        for thread in (
            *messages.forsake(self._database, Way.HTTP, at - FORSAKEN_MS, at, tuple(self._under_way)),
            *messages.expire(self._database, Way.HTTP, at),
        ):
            self._changed(thread)
        room = AT_ONCE - len(self._under_way)
        return messages.claim(self._database, Way.HTTP, at, room) if room > 0 else []

    async def _send(self, sender: Sender, message: Outgoing) -> None:
        try:
            self._changed(message.thread)
            provider = SmsProvider.get_by_id(message.provider)
            secret = secret_of(self._key, provider.id, str(provider.salt), what=protocol.PROVIDER)
            key = str(SmsMessage.get_by_id(message.id).key)
            result = await sender.send(str(provider.url), secret, key, protocol.body(message, key))
            settle(self._database, message, result)
            self._changed(message.thread)
        finally:
            self._under_way.discard(message.id)


def settle(database: Database, message: Outgoing, result: Result) -> None:
    """Notes how it ended, and what that means for the provider."""
    meant = protocol.meaning(result)
    at = now()
    with transaction(database):
        provider = SmsProvider.get_by_id(message.provider)
        if meant.state is not MessageState.QUEUED:
            _end(database, message, meant, epoch_ms(at))
            if meant.state is MessageState.SENT and provider.failures:
                SmsProvider.update(failures=0, blocked_until=None).where(SmsProvider.id == provider.id).execute()
            return
        # Several that failed together are one failure.
        failures = provider.failures + (1 if provider.blocked_until is None or provider.blocked_until <= at else 0)
        hold = max(min(timedelta(seconds=2 ** min(failures, 10)), LONGEST_HOLD), timedelta(seconds=result.wait or 0))
        messages.put_back(database, message.id, epoch_ms(at + hold), meant.reason, meant.detail)
        changes = {"failures": failures, "blocked_until": at + hold}
        SmsProvider.update(**changes).where(SmsProvider.id == provider.id).execute()


def _end(database: Database, message: Outgoing, meant: Meaning, at: int) -> None:
    messages.settle(
        database, message.id, meant.state, at, reason=meant.reason, detail=meant.detail, remote_id=meant.remote_id
    )


def news_of(database: Database, news: DeskNews) -> Callable[[int], None]:
    """Tells the desks, for a program without pages."""
    return lambda thread: news.tell("messages", message_sight.who_sees(database, thread), {"thread": thread})
