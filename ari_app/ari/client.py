"""Our driver of ARI: one websocket that carries the events down and the requests (and their answers) both ways.

Owns: the connection's life (back-off, event filter, silence, being replaced) and the outstanding requests. Must not:
know calls, or await anything while it reads: the reader decodes and hands on.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import msgspec
import structlog

from ari_app.ari import operations
from ari_app.ari.decode import EVENT_TYPES, ApplicationReplaced, Decoded, MalformedMessage, RestAnswer, decode
from ari_app.ari.link import Link, LinkRefused
from ari_app.ari.port import (
    Counters,
    Disconnected,
    Down,
    Failure,
    OnConnected,
    OnDisconnected,
    OnEvent,
    Response,
)
from ari_app.clock import now_ms

log = structlog.get_logger(__name__)

# Asterisk reads websocket messages of up to 64 KiB and closes the connection on a longer one (res_http_websocket,
# MAXIMUM_FRAME_SIZE); a margin for what it adds.
LARGEST_REQUEST = 60 * 1024
# A list of all channels of a busy switch is some 600 bytes a channel.
LARGEST_MESSAGE = 32 * 1024 * 1024


class _RestRequest(msgspec.Struct, tag_field="type", tag="RESTRequest", omit_defaults=True):
    transaction_id: str
    request_id: str
    method: str
    uri: str
    query_strings: list[dict[str, str]] | None = None
    content_type: str | None = None
    message_body: str | None = None


_encode = msgspec.json.Encoder().encode


def delays(first: float = 0.1, most: float = 5.0, draw: Callable[[], float] = random.random) -> Iterator[float]:
    """Seconds to wait before each new try: full jitter below a limit that doubles from `first` to `most`.

    Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 ("full jitter").
    """
    limit = first
    while True:
        yield draw() * limit
        limit = min(most, limit * 2)


class WebsocketAri:
    """A driver of `AriPort`. `url` is the websocket's or ARI's address: `ws://…/ari/events` or `http://…/ari`.

    Seconds: `request_timeout` until a request counts as unanswered, `silence` until a connection on which nothing is
    heard is cut (it is pinged meanwhile), `connect_timeout` for connection and handshake.
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
        self._url = events_url(url, app)
        self._app = app
        self._user = user
        self._password = password
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
        self._outstanding: dict[str, tuple[asyncio.Future[Response], float]] = {}
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
        rendered = operations.render(operation, params)
        if not self._ready:
            return self._unsent(Failure.NOT_CONNECTED)
        return self._send(rendered)

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
        self._disconnected(closed)

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
        self._link = link = await Link.open(
            self._url,
            self._user,
            self._password,
            seconds=self._connect_timeout,
            on_message=self._message,
            on_end=self._link_ended,
            max_size=LARGEST_MESSAGE,
        )
        rendered = operations.render("applications.filter", {"applicationName": self._app, "filter": self._filter})
        answer = self._send(rendered)
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
    def _send(self, rendered: operations.Rendered) -> asyncio.Future[Response]:
        assert self._link is not None
        if len(self._outstanding) >= self._max_outstanding:
            return self._overflow()
        number = str(next(self._numbers))
        message = _RestRequest(number, number, rendered.method, rendered.uri)
        if rendered.query:
            message.query_strings = [{"name": name, "value": value} for name, value in rendered.query]
        if rendered.body is not None:
            message.content_type = "application/json"
            message.message_body = _encode(rendered.body).decode()
        raw = _encode(message)
        if len(raw) > LARGEST_REQUEST:
            return self._unsent(Failure.TOO_LARGE)
        future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._outstanding[number] = (future, time.monotonic() + self._request_timeout)
        self.counters.requests += 1
        self._link.send(raw)
        return future

    def _unsent(self, failure: Failure) -> asyncio.Future[Response]:
        future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        future.set_result(Response(None, failure=failure))
        return future

    def _overflow(self) -> asyncio.Future[Response]:
        self.counters.overflows += 1
        if time.monotonic() - self._alarmed_at > 1.0:
            self._alarmed_at = time.monotonic()
            log.error("ari_overflow", outstanding=len(self._outstanding), overflows=self.counters.overflows)
        return self._unsent(Failure.OVERFLOW)

    def _time_out(self, now: float) -> None:
        while self._outstanding:
            number, (future, deadline) = next(iter(self._outstanding.items()))
            if deadline > now:
                return
            del self._outstanding[number]
            self.counters.timed_out += 1
            if not future.done():
                future.set_result(Response(None, failure=Failure.TIMED_OUT))

    def _fail_outstanding(self) -> None:
        outstanding, self._outstanding = self._outstanding, {}
        for future, _ in outstanding.values():
            self.counters.lost += 1
            if not future.done():
                future.set_result(Response(None, failure=Failure.CONNECTION_LOST))

    # ------------------------------------------------------------------------------------------------- the reader
    def _message(self, raw: bytes) -> None:
        try:
            message = decode(raw, self._clock())
        except MalformedMessage as error:
            self.counters.malformed += 1
            log.error("ari_malformed_message", error=str(error), message=raw[:500].decode("utf-8", "replace"))
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
        future, _ = waiting
        if not future.done():
            future.set_result(Response(answer.status_code, answer.message_body, answer.reason_phrase))

    def _tell(self, callback: Callable[..., None], *arguments: Any) -> None:
        """A mistake in a handler costs that event, never the connection."""
        try:
            callback(*arguments)
        except Exception:
            self.counters.handler_errors += 1
            log.exception("ari_handler_failed")


def events_url(url: str, app: str) -> str:
    """The websocket's URL of an application; `url` may be ARI's own (`http://host:8088/ari`)."""
    base = url.split("?", 1)[0].rstrip("/")
    if base.startswith("http"):
        base = "ws" + base.removeprefix("http")
    if not base.endswith("/events"):
        base += "/events"
    return f"{base}?app={quote(app, safe='')}"


def _nobody(*_: Any) -> None:
    """Nobody asked to be told."""
