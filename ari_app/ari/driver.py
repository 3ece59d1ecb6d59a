"""What every driver of ARI does alike: the life of a connection, and the requests that wait for their answers.

Owns: back-off, the event filter, silence, being replaced, time-outs, bounds. Must not: know a transport or calls, or
await anything while it reads: what is read is handed on at once.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import structlog

from ari_app.ari import operations
from ari_app.ari.decode import EVENT_TYPES, ApplicationReplaced, Decoded, MalformedMessage, Message, RestAnswer
from ari_app.ari.lists import Lists, base_of
from ari_app.ari.port import (
    Counters,
    Disconnected,
    Down,
    Failure,
    LinkRefused,
    OnAnswer,
    OnConnected,
    OnDisconnected,
    OnEvent,
    Response,
)
from ari_app.clock import now_ms

log = structlog.get_logger(__name__)


_STATUS_WORDS = {
    401: (Down.PASSWORD_REFUSED, "Asterisk refuses the ARI user or password"),
    403: (Down.PASSWORD_REFUSED, "Asterisk forbids this ARI user the events"),
    404: (Down.ARI_REFUSED, "Asterisk answers, but has no ARI events: is res_ari_events loaded and ari.conf enabled?"),
    503: (Down.ARI_REFUSED, "Asterisk is not ready to serve ARI, or has too many HTTP sessions"),
}


def refused(status: int) -> Disconnected:
    """What an HTTP status in place of a websocket means, in words."""
    why, words = _STATUS_WORDS.get(status, (Down.ARI_REFUSED, "Asterisk refuses the ARI websocket"))
    return Disconnected(why, f"{words} (HTTP {status})")


class Link(Protocol):
    """One connection, as the drivers' common part needs it. All of it is called in the event loop."""

    heard_at: float | None
    """When bytes last came from the other side, `time.monotonic()` seconds; None: never."""

    def request(self, number: str, operation: str, params: Mapping[str, Any], rendered: operations.Rendered) -> bool:
        """Send a request now, behind all sent before. False: Asterisk would not read one so large."""

    def ping(self) -> None:
        """Ask for a sign of life."""

    def close(self, why: Disconnected) -> None:
        """End it in good order; if the other side does not, `abort` must follow."""

    def abort(self, why: Disconnected) -> None:
        """End it now."""


def delays(first: float = 0.1, most: float = 5.0, draw: Callable[[], float] = random.random) -> Iterator[float]:
    """Seconds to wait before each new try: full jitter below a limit that doubles from `first` to `most`.

    Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 ("full jitter").
    """
    limit = first
    while True:
        yield draw() * limit
        limit = min(most, limit * 2)


class Driver(ABC):
    """The common part of the drivers of `AriPort`; a subclass opens its kind of link.

    `url` is the websocket's or ARI's address: `ws://…/ari/events` or `http://…/ari`. Seconds: `request_timeout` until a
    request counts as unanswered, `silence` until a connection on which nothing is heard is cut (it is pinged
    meanwhile), `connect_timeout` for connection and handshake.
    """

    def __init__(
        self,
        url: str,
        app: str,
        user: str,
        password: str,
        *,
        request_timeout: float = 5.0,
        silence: float = 4.0,
        connect_timeout: float = 5.0,
        first_delay: float = 0.1,
        longest_delay: float = 5.0,
        max_outstanding: int = 4000,
        event_types: tuple[str, ...] = EVENT_TYPES,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._url = url
        self._app = app
        self._user = user
        self._password = password
        self._lists = Lists(base_of(url), user, password, request_timeout)
        self._request_timeout = request_timeout
        self._silence = silence
        self._connect_timeout = connect_timeout
        self._delays = (first_delay, longest_delay)
        self._max_outstanding = max_outstanding
        self._filter = {"allowed": [{"type": name} for name in {"RESTResponse": 0} | dict.fromkeys(event_types)]}
        self._clock = clock
        self._on_event: OnEvent = _nobody
        self._on_connected: OnConnected = _nobody
        self._on_disconnected: OnDisconnected = _nobody
        self._link: Link | None = None
        self._ready = False
        self._early: list[Decoded] = []
        self._ended: asyncio.Future[Disconnected] | None = None
        self._life: asyncio.Task[None] | None = None
        self._closing = False
        self._numbers = itertools.count(1)
        # In the order of sending, so the oldest is always first: one look at it finds what has timed out.
        self._outstanding: dict[str, tuple[OnAnswer, float]] = {}
        self._down: Disconnected | None = Disconnected(Down.NOT_STARTED, "not started")
        self._alarmed_at = 0.0
        self.counters = Counters()

    # ------------------------------------------------------------------------------------------------- the port
    def start(self, on_event: OnEvent, on_connected: OnConnected, on_disconnected: OnDisconnected) -> None:
        if self._life is not None:
            raise RuntimeError("already started")
        self._on_event, self._on_connected, self._on_disconnected = on_event, on_connected, on_disconnected
        self._life = asyncio.get_running_loop().create_task(self._live(), name="ari")

    def submit(self, operation: str, **params: Any) -> asyncio.Future[Response]:
        if operation in operations.LISTS:
            rendered = operations.render(operation, params)
            return asyncio.get_running_loop().create_task(self._listed(rendered), name=f"ari {operation}")
        return self._submit(operation, params, connected=self._ready)

    def order(self, operation: str, params: Mapping[str, Any], answered: OnAnswer) -> None:
        if operation in operations.LISTS:
            raise TypeError(f"{operation} is answered by HTTP, in no order with what the websocket brings: submit it")
        failure = self._send(operation, params, answered, connected=self._ready)
        if failure is not None:
            # Nobody is answered before they have finished asking.
            asyncio.get_running_loop().call_soon(self._tell, answered, Response(None, failure=failure))

    @property
    def connected(self) -> bool:
        return self._down is None

    @property
    def down(self) -> Disconnected | None:
        return self._down

    @property
    def outstanding(self) -> int:
        """Requests that wait for their answers."""
        return len(self._outstanding)

    async def close(self) -> None:
        self._closing = True
        closed = Disconnected(Down.CLOSED, "closed by us", final=True)
        if self._link is not None:
            self._link.close(closed)
            if self._ended is not None:
                await asyncio.wait([self._ended], timeout=1.0)
        if self._life is not None:
            self._life.cancel()
            await asyncio.wait([self._life])
        if self._link is not None:
            self._link.abort(closed)
        await self._lists.close()
        self._disconnected(closed)

    @abstractmethod
    async def _open(
        self, read: Callable[[Callable[[], Message | None]], None], ended: Callable[[Disconnected], None]
    ) -> Link:
        """Connect within `connect_timeout`. Raises LinkRefused.

        `read` is to be called with a reader of each message (it decodes, and may raise MalformedMessage); `ended` once,
        however the connection ends after that.
        """

    # ----------------------------------------------------------------------------------------- a connection's life
    async def _live(self) -> None:
        waits = delays(*self._delays)
        while not self._closing:
            began = time.monotonic()
            try:
                await self._connect()
                ending = await self._watch()
            except LinkRefused as refused:
                self.counters.failed_connects += 1
                ending = refused.why
            self._disconnected(ending)
            if ending.final:
                return
            if time.monotonic() - began > self._delays[1] + self._connect_timeout:
                # It held. One that is accepted and closed over and over again is not a success.
                waits = delays(*self._delays)
            await asyncio.sleep(next(waits))

    async def _connect(self) -> None:
        """Connected, and the event filter set: or LinkRefused."""
        self._ended = ended = asyncio.get_running_loop().create_future()
        self._early = []
        self._link = link = await self._open(self._read, self._link_ended)
        answer = self._submit("applications.filter", {"applicationName": self._app, "filter": self._filter})
        # Requests' own time-outs are seen to by `_watch`, which does not run yet.
        done, _ = await asyncio.wait([answer], timeout=self._connect_timeout)
        response = answer.result() if done else Response(None, failure=Failure.TIMED_OUT)
        if not response.ok or ended.done():
            words = f"Asterisk does not set the event filter: {response.reason}"
            why = ended.result() if ended.done() else Disconnected(Down.ARI_REFUSED, words)
            link.abort(why)
            self._fail_outstanding()
            raise LinkRefused(why)
        self.counters.connects += 1
        self._ready = True
        self._down = None
        log.info("ari_connected", app=self._app)
        self._tell(self._on_connected)
        early, self._early = self._early, []
        for event in early:
            self._tell(self._on_event, event)

    async def _watch(self) -> Disconnected:
        """Sees to time-outs and silence until the connection ends; says why it did."""
        assert self._link is not None
        assert self._ended is not None
        link, ended = self._link, self._ended
        period = min(0.25, self._silence / 4, self._request_timeout / 4)
        pinged = looked = time.monotonic()
        grace = 0.0
        while not ended.done():
            await asyncio.wait([ended], timeout=period)
            now = time.monotonic()
            # Our own event loop (or the whole machine) stood still: what came meanwhile waits to be read.
            late = now - looked - period
            grace = late if late > period else max(0.0, grace - period)
            looked = now
            self._time_out(now)
            heard = link.heard_at or 0.0
            if now - heard - grace > self._silence:
                words = f"nothing heard from Asterisk for {self._silence:g} s"
                link.abort(Disconnected(Down.SILENT, words))
            elif now - max(heard, pinged) >= self._silence / 4:
                link.ping()
                pinged = now
        return ended.result()

    def _link_ended(self, why: Disconnected) -> None:
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(why)
        if self._ready:
            self._disconnected(why)
        self._fail_outstanding()

    def _disconnected(self, why: Disconnected) -> None:
        before, self._down = self._down, why
        self._ready = False
        if before is not None and (before.why, before.message) == (why.why, why.message):
            return
        level = log.info if why.why is Down.CLOSED else log.warning
        level("ari_disconnected", why=why.why.value, message=why.message)
        self._tell(self._on_disconnected, why)

    # ------------------------------------------------------------------------------------------------- requests
    def _submit(self, operation: str, params: Mapping[str, Any], *, connected: bool = True) -> asyncio.Future[Response]:
        future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

        def answered(response: Response) -> None:
            if not future.done():
                future.set_result(response)

        failure = self._send(operation, params, answered, connected=connected)
        if failure is not None:
            answered(Response(None, failure=failure))
        return future

    def _send(
        self, operation: str, params: Mapping[str, Any], answered: OnAnswer, *, connected: bool
    ) -> Failure | None:
        """Why it was not sent; None when it was, and `answered` will be told."""
        rendered = operations.render(operation, params)
        if self._link is None or not connected:
            return Failure.NOT_CONNECTED
        if len(self._outstanding) >= self._max_outstanding:
            return self._overflow()
        number = str(next(self._numbers))
        # Sending never answers by itself, so noting it after is early enough, and a mistake leaves no trace.
        if not self._link.request(number, operation, params, rendered):
            return Failure.TOO_LARGE
        self._outstanding[number] = (answered, time.monotonic() + self._request_timeout)
        self.counters.requests += 1
        return None

    async def _listed(self, rendered: operations.Rendered) -> Response:
        """A list, by HTTP, as if it had come by the websocket: when all that was sent before is carried out, and told
        when what Asterisk said before it has been read.
        """
        link = self._link
        before = await self._submit("asterisk.ping", {}, connected=self._ready)
        if not before.ok:
            return before
        self.counters.requests += 1
        listed = await self._lists.get(rendered)
        after = await self._submit("asterisk.ping", {}, connected=self._ready and self._link is link)
        if not after.ok:
            return Response(None, failure=after.failure or Failure.CONNECTION_LOST)
        return listed

    def _overflow(self) -> Failure:
        self.counters.overflows += 1
        if time.monotonic() - self._alarmed_at > 1.0:
            self._alarmed_at = time.monotonic()
            log.error("ari_overflow", outstanding=len(self._outstanding), overflows=self.counters.overflows)
        return Failure.OVERFLOW

    def _time_out(self, now: float) -> None:
        while self._outstanding:
            number, (answered, deadline) = next(iter(self._outstanding.items()))
            if deadline > now:
                return
            del self._outstanding[number]
            self.counters.timed_out += 1
            self._tell(answered, Response(None, failure=Failure.TIMED_OUT))

    def _fail_outstanding(self) -> None:
        outstanding, self._outstanding = self._outstanding, {}
        for answered, _ in outstanding.values():
            self.counters.lost += 1
            self._tell(answered, Response(None, failure=Failure.CONNECTION_LOST))

    # ------------------------------------------------------------------------------------------------- the reader
    def _read(self, reader: Callable[[], Message | None]) -> None:
        try:
            message = reader()
        except MalformedMessage as error:
            self.counters.malformed += 1
            log.error("ari_malformed_message", error=str(error))
            return
        if isinstance(message, RestAnswer):
            self._answered(message)
        elif isinstance(message, Decoded):
            self.counters.events += 1
            if self._ready:
                self._tell(self._on_event, message)
            else:
                self._early.append(message)
        elif isinstance(message, ApplicationReplaced) and self._link is not None:
            self._ready = False
            words = f"another program took over the ARI application {self._app!r}: is a second engine running?"
            self._link.close(Disconnected(Down.REPLACED, words, final=True))

    def _answered(self, answer: RestAnswer) -> None:
        waiting = self._outstanding.pop(answer.request_id, None)
        if waiting is None:
            self.counters.late_answers += 1
            return
        self._tell(waiting[0], Response(answer.status_code, answer.message_body, answer.reason_phrase))

    def _tell(self, callback: Callable[..., None], *arguments: Any) -> None:
        """A mistake in a handler costs that event, never the connection."""
        try:
            callback(*arguments)
        except Exception:
            self.counters.handler_errors += 1
            log.exception("ari_handler_failed")


def _nobody(*_: Any) -> None:
    """Nobody asked to be told."""
