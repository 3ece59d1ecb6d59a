"""Messages that wait, to the carrier: each is taken once, sent once, and ends in words.

Owns: what is under way, for how long an answer is waited for, the end of each in the database. Must not: decide what an
answer means (`core.texting`), queue a message (the web does), or send one again whose end nobody knows.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog

from ari_app.ari.port import NEVER_SENT, AriPort, Response
from ari_app.clock import now_ms
from ari_app.core import texting
from ari_app.core.texting import Verdict
from ari_app.messages.watch import Answered, Asked, Seen
from dialplan.names import MESSAGE_HEADER
from models import messages
from models.messages import Outgoing
from models.values.destination import read_destination
from models.values.sms import FailureReason, MessageState, Way
from models.values.trunk import TrunkPlan

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 2.0
AT_ONCE: Final = 10
ANSWER_SECONDS: Final = 36.0
"""Timer F is 64*T1 = 32 s; the last retransmission may still be answered."""
CHALLENGE_SECONDS: Final = 4.0
FORSAKEN_MS: Final = 60_000
STORE_AGAIN_SECONDS: Final = 1.0

InDatabase = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Trunk:
    """`host`: the carrier's, for the addresses in the message."""

    plan: TrunkPlan
    host: str

    def user(self, number: str, region: str) -> str | None:
        """A number as the carrier wants it; None when there is no number in it."""
        destination = read_destination(number, region)
        return None if destination is None else self.plan.outside(destination, region).endpoint.partition("@")[0]


@dataclass(slots=True)
class _UnderWay:
    message: Outgoing
    timer: asyncio.TimerHandle
    challenged: bool = False
    ended: bool = False


class Outbox:
    def __init__(
        self,
        port: AriPort,
        trunk: Trunk,
        *,
        in_database: InDatabase,
        connected: Callable[[], bool],
        region: Callable[[], str],
        changed: Callable[[int], None],
    ) -> None:
        self._port = port
        self._trunk = trunk
        self._in_database = in_database
        self._connected = connected
        self._region = region
        self._changed = changed
        self._under_way: dict[int, _UnderWay] = {}
        self._calls: dict[str, int] = {}
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.counts: Final = {state.value: 0 for state in (MessageState.SENT, MessageState.FAILED, MessageState.UNSURE)}

    def start(self) -> None:
        self._spawn(self._look_for_ever())

    async def stop(self) -> None:
        """What is under way stays taken: nobody sends it again."""
        for work in self._under_way.values():
            work.timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def wake(self) -> None:
        """Somebody queued a message."""
        self._wake.set()

    @property
    def under_way(self) -> int:
        return len(self._under_way)

    # ------------------------------------------------------------ looking
    async def _look_for_ever(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), LOOK_SECONDS)
            self._wake.clear()
            try:
                await self._look()
            except Exception as error:
                log.warning("messages_not_looked_for", error=str(error)[:300])

    async def _look(self) -> None:
        at = now_ms()
        left: list[int] = await self._in_database(
            messages.forsake, Way.SIP, at - FORSAKEN_MS, at, tuple(self._under_way)
        )
        for thread in left + await self._in_database(messages.expire, Way.SIP, at):
            self._changed(thread)
        room = AT_ONCE - len(self._under_way)
        if not self._connected() or room <= 0:
            return
        for message in await self._in_database(messages.claim, Way.SIP, at, room):
            self._send(message)

    # ------------------------------------------------------------ sending
    def _send(self, message: Outgoing) -> None:
        region = self._region()
        to, sender = self._trunk.user(message.number, region), self._trunk.user(message.our_number, region)
        loop = asyncio.get_running_loop()
        timer = loop.call_later(ANSWER_SECONDS, self._end, message.id, texting.SILENCE)
        self._under_way[message.id] = _UnderWay(message, timer)
        self._changed(message.thread)
        if to is None or sender is None:
            self._end(message.id, Verdict(MessageState.FAILED, FailureReason.NO_SUCH_NUMBER))
            return
        log.info("message_sent", message=message.id, attempt=message.attempts)
        params = {
            "to": f"pjsip:{self._trunk.plan.endpoint}/sip:{to}@{self._trunk.host}",
            "from": f"sip:{sender}@{self._trunk.host}",
            "body": message.text,
            "variables": {MESSAGE_HEADER: str(message.id)},
        }
        self._port.order("endpoints.sendMessage", params, lambda answer: self._asked(message.id, answer))

    def _asked(self, message: int, answer: Response) -> None:
        """What the switch says of it; of the carrier's answer it knows nothing."""
        if answer.ok or (work := self._under_way.get(message)) is None:
            return
        if answer.failure in NEVER_SENT:
            self._end(message, texting.not_asked(answer.reason))
        elif answer.failure is None:
            self._end(message, texting.not_sent(answer.reason))
        else:
            # It may be on its way: the carrier's answer tells, if it comes.
            log.warning("message_outcome_unknown", message=work.message.id, reason=answer.reason)

    def seen(self, seen: Seen) -> None:
        """From the watch."""
        if isinstance(seen, Asked):
            if (work := self._under_way.get(seen.message)) is not None:
                work.challenged = False
                self._calls[seen.call_id] = seen.message
        elif (message := self._calls.get(seen.call_id)) is not None:
            self._judge(message, seen)

    def _judge(self, message: int, answer: Answered) -> None:
        work = self._under_way.get(message)
        if work is None:
            return
        found = texting.verdict(
            answer.status, answer.phrase, attempts=work.message.attempts, retry_after=answer.retry_after
        )
        if found is None:
            return
        if answer.status in texting.CHALLENGES:
            work.challenged = True
            asyncio.get_running_loop().call_later(CHALLENGE_SECONDS, self._unanswered_challenge, message, found)
            return
        self._end(message, found)

    def _unanswered_challenge(self, message: int, found: Verdict) -> None:
        work = self._under_way.get(message)
        if work is not None and work.challenged:
            self._end(message, found)

    # ------------------------------------------------------------ the end
    def _end(self, message: int, verdict: Verdict) -> None:
        work = self._under_way.get(message)
        if work is None or work.ended:
            return
        work.ended = True
        work.timer.cancel()
        self._spawn(self._store(work.message, verdict))

    async def _store(self, message: Outgoing, verdict: Verdict) -> None:
        """Until it is stored, the message stays under way: else it were taken for forsaken."""
        log.info("message_ended", message=message.id, state=verdict.state, reason=verdict.reason, detail=verdict.detail)
        while True:
            try:
                await self._in_database(_store, message.id, verdict)
                break
            except Exception as error:
                log.warning("message_end_not_stored", message=message.id, error=str(error)[:300])
                await asyncio.sleep(STORE_AGAIN_SECONDS)
        if verdict.state.value in self.counts:
            self.counts[verdict.state.value] += 1
        del self._under_way[message.id]
        for call_id in [key for key, value in self._calls.items() if value == message.id]:
            del self._calls[call_id]
        self._changed(message.thread)
        self.wake()

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work, name="outbox")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _store(database: Any, message: int, verdict: Verdict) -> None:
    at = now_ms()
    if verdict.again is None:
        messages.settle(database, message, verdict.state, at, reason=verdict.reason, detail=verdict.detail)
    else:
        messages.put_back(database, message, at + int(verdict.again * 1000), verdict.reason, verdict.detail)
