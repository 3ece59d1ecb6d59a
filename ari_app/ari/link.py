"""One websocket connection, from its handshake to its end.

Owns: the bytes on the wire (through websockets' sans-I/O protocol) and noticing that the other side is silent. Must
not: know what a message means, connect again, or wait for anything.

The sans-I/O layer and not websockets' coroutines, because sending is then a plain call: requests leave in the order
they were submitted, without a task or a queue between, and a request costs half the CPU (bench/ari_client.py).
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable
from typing import Any, Self, cast

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Response as HandshakeResponse
from websockets.protocol import OPEN
from websockets.uri import parse_uri

from ari_app.ari.driver import refused
from ari_app.ari.port import Disconnected, Down, LinkRefused

_LOST_WORDS: dict[int, str] = {
    CloseCode.GOING_AWAY: "Asterisk closed the connection: it is going away",
    CloseCode.MESSAGE_TOO_BIG: "a message was larger than allowed",
    CloseCode.PROTOCOL_ERROR: "a websocket protocol error",
    CloseCode.ABNORMAL_CLOSURE: "the connection to Asterisk broke",
}


class Link(asyncio.Protocol):
    """Open it with `await Link.open(…)`. All callbacks are plain functions, called from the event loop.

    `on_message` gets each whole text message as bytes; `on_end` is told once, however the connection ends.
    """

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        *,
        on_message: Callable[[bytes], None],
        on_end: Callable[[Disconnected], None],
        max_size: int,
    ) -> None:
        self._websocket = ClientProtocol(parse_uri(url), max_size=max_size)
        self._authorization = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self._on_message = on_message
        self._on_end = on_end
        self._transport: asyncio.Transport | None = None
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._fragments: list[bytes] = []
        self._flush_due = False
        self._ending: Disconnected | None = None
        self.heard_at: float | None = None
        """When bytes last came from the other side, `time.monotonic()` seconds; None: never."""

    @classmethod
    async def open(cls, url: str, user: str, password: str, *, seconds: float, **callbacks: Any) -> Self:
        """Connect and shake hands within `seconds`. Raises LinkRefused with the reason in words."""
        link = cls(url, user, password, **callbacks)
        where = parse_uri(url)
        try:
            async with asyncio.timeout(seconds):
                loop = asyncio.get_running_loop()
                await loop.create_connection(lambda: link, where.host, where.port, ssl=where.secure or None)
                await link._opened
        except TimeoutError:
            why = Disconnected(Down.UNREACHABLE, f"Asterisk did not answer within {seconds:g} s")
            link.abort(why)
            raise LinkRefused(why) from None
        except OSError as error:
            words = f"nothing answers at {where.host}:{where.port} ({error.strerror or error})"
            raise LinkRefused(Disconnected(Down.UNREACHABLE, words)) from None
        except asyncio.CancelledError:
            link.abort(Disconnected(Down.CLOSED, "closed by us"))
            raise
        return link

    # ------------------------------------------------------------------------------------------------- what we do
    def send(self, message: bytes) -> None:
        """Send a text message, behind all sent before. What one turn of the event loop sends, leaves in one write."""
        if self._websocket.state is OPEN:
            self._websocket.send_text(message)
            if not self._flush_due:
                self._flush_due = True
                asyncio.get_running_loop().call_soon(self._flush)

    def ping(self) -> None:
        """Ask for a sign of life; whatever comes then moves `heard_at`."""
        if self._websocket.state is OPEN:
            self._websocket.send_ping(b"")
            self._flush()

    def close(self, why: Disconnected) -> None:
        """End it in good order; if the other side does not, `abort` must follow."""
        self._ending = self._ending or why
        if self._websocket.state is OPEN:
            self._websocket.send_close(CloseCode.NORMAL_CLOSURE)
            self._flush()
        elif self._transport is not None:
            self._transport.abort()

    def abort(self, why: Disconnected) -> None:
        """End it now, without asking the other side."""
        self._ending = self._ending or why
        if self._transport is not None:
            self._transport.abort()

    # -------------------------------------------------------------------------------------- asyncio.Protocol's calls
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        handshake = self._websocket.connect()
        handshake.headers["Authorization"] = self._authorization
        self._websocket.send_request(handshake)
        self._flush()

    def data_received(self, data: bytes) -> None:
        self.heard_at = time.monotonic()
        self._websocket.receive_data(data)
        events = self._websocket.events_received()
        # Pongs and the like go out before the messages are worked on.
        self._flush()
        for event in events:
            if isinstance(event, Frame):
                self._frame(event)
            elif isinstance(event, HandshakeResponse):
                self._shaken(event)

    def eof_received(self) -> bool:
        self._websocket.receive_eof()
        self._flush()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._websocket.receive_eof()
        ending = self._ending or Disconnected(Down.LOST, self._lost_words(error))
        if not self._opened.done():
            self._opened.set_exception(LinkRefused(self._refusal() or ending))
            self._opened.exception()
        elif not self._opened.cancelled() and self._opened.exception() is None:
            self._on_end(ending)

    # ----------------------------------------------------------------------------------------------------- inside
    def _shaken(self, response: HandshakeResponse) -> None:
        if self._opened.done():
            return
        refusal = self._refusal()
        if refusal is None:
            self._opened.set_result(None)
        else:
            self._opened.set_exception(LinkRefused(refusal))
            self._opened.exception()
            self.abort(refusal)

    def _refusal(self) -> Disconnected | None:
        error = self._websocket.handshake_exc
        if error is None or self.heard_at is None:
            return None
        if isinstance(error, InvalidStatus):
            return refused(error.response.status_code)
        if isinstance(error, WebSocketException):
            return Disconnected(Down.ARI_REFUSED, f"no websocket at this address ({error})")
        return None

    def _frame(self, frame: Frame) -> None:
        opcode = frame.opcode
        if opcode is Opcode.TEXT or opcode is Opcode.BINARY:
            if frame.fin:
                self._on_message(bytes(frame.data))
            else:
                self._fragments = [bytes(frame.data)]
        elif opcode is Opcode.CONT:
            self._fragments.append(bytes(frame.data))
            if frame.fin:
                message = b"".join(self._fragments)
                self._fragments = []
                self._on_message(message)

    def _flush(self) -> None:
        self._flush_due = False
        parts = self._websocket.data_to_send()
        transport = self._transport
        if not parts or transport is None or transport.is_closing():
            return
        if data := b"".join(parts):
            transport.write(data)
        if not parts[-1]:
            # The end of our half: the other side has said all it had to.
            transport.close()

    def _lost_words(self, error: Exception | None) -> str:
        # What we sent says what we found wrong; what we received is echoed in it.
        closing = self._websocket.close_sent or self._websocket.close_rcvd
        code = closing.code if closing else CloseCode.ABNORMAL_CLOSURE
        words = _LOST_WORDS.get(code, "Asterisk closed the connection")
        detail = str(error) if error else (closing.reason if closing else "")
        return f"{words} ({detail})" if detail else words
