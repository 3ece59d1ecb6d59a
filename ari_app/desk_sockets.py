"""The door of the desks' hub: who may open a socket, and the life of one socket.

Owns: Origin, the true address behind declared proxies, the first frame and its token, the loop that reads frames,
each socket's rate and heartbeat, its bounded outgoing buffer. Must not: know pops, states or calls (`screen_pop`), or
what a phone in the browser says (`phone_lines`): it lets both in.
A socket that misbehaves is closed alone, with a code of docs/protocols/desk-websocket.md.
"""

from __future__ import annotations

import asyncio
import http
import logging
import socket as sockets
import ssl
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar
from urllib.parse import urlsplit

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.protocol import State

from ari_app import desk_messages as wire
from ari_app import phone_messages
from ari_app.desk_messages import CloseCode
from ari_app.phone_lines import PhoneLine, PhoneLines, PhoneRefused
from models import tokens
from models.values.forwarded import client_address
from models.values.ip import Network

log = structlog.get_logger(__name__)

PATHS: Final = frozenset({"/", "/desk"})
PHONE_PATH: Final = "/phone"
_First = TypeVar("_First")
_LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_MAX_DEVICE: Final = 200
_SEND_BUFFER: Final = (sockets.SOL_SOCKET, sockets.SO_SNDBUF)


# ---------------------------------------------------------------- who is it
def same_host_origins(web_port: int, extra: Collection[str] = ()) -> Callable[[str, str], bool]:
    """A rule for `DeskPolicy.origin_allowed`: pages of this host's web process, and the origins listed.

    The page's host must be the one the socket was asked for (`Host`), its port the web's or, behind a proxy, the
    same port. The names of loopback are one host.
    """
    listed = {origin.rstrip("/").lower() for origin in extra}

    def allowed(origin: str, host: str) -> bool:
        if origin.lower() in listed:
            return True
        try:
            page, asked = urlsplit(origin), urlsplit(f"//{host}")
            page_port, asked_port = page.port, asked.port
        except ValueError:
            return False
        if page.scheme not in ("http", "https") or not page.hostname:
            return False
        same = page.hostname == asked.hostname or {page.hostname, asked.hostname} <= _LOOPBACK_NAMES
        return same and page_port in (web_port, asked_port)

    return allowed


@dataclass(frozen=True, slots=True)
class DeskPolicy:
    """What the door demands. Times in seconds, sizes in bytes."""

    token_key: str = field(repr=False)
    origin_allowed: Callable[[str, str], bool]
    trusted_proxies: tuple[Network, ...] = ()
    token_seconds: float = 60.0
    heartbeat_seconds: float = 15.0
    hello_seconds: float = 5.0
    close_seconds: float = 3.0
    buffer_bytes: int = 128 * 1024
    """What may wait for one slow socket, beyond the kernel's own buffer, before it is cut."""
    kernel_buffer_bytes: int = 64 * 1024
    frames_per_second: float = 10.0
    frames_burst: float = 60.0
    tabs_per_agent: int = 12
    max_sockets: int = 4000


# ---------------------------------------------------------------- one socket
class Allowance:
    """A token bucket: `frames_burst` at once, `frames_per_second` in the long run."""

    __slots__ = ("_counted_at", "_left", "_policy")

    def __init__(self, policy: DeskPolicy, now: float) -> None:
        self._policy = policy
        self._left = policy.frames_burst
        self._counted_at = now

    def take(self) -> bool:
        """May another frame be sent now?"""
        now = time.monotonic()
        gained = (now - self._counted_at) * self._policy.frames_per_second
        self._left = min(self._policy.frames_burst, self._left + gained)
        self._counted_at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


@dataclass(frozen=True, slots=True)
class _Guest:
    """Who was let in: the claims of the token, at the address they really come from."""

    agent: int
    session: str
    address: str


class DeskSocket:
    """One greeted tab of an agent."""

    __slots__ = ("address", "agent", "allowance", "connection", "device", "heard_at", "left", "session")

    def __init__(self, connection: ServerConnection, guest: _Guest, device: str, policy: DeskPolicy) -> None:
        self.connection = connection
        self.agent = guest.agent
        self.session = guest.session
        self.address = guest.address
        self.device = device
        self.heard_at = time.monotonic()
        self.left = False
        self.allowance = Allowance(policy, self.heard_at)

    def waiting_bytes(self) -> int:
        """Bytes accepted for this socket that the kernel has not taken yet."""
        waiting: int = self.connection.transport.get_write_buffer_size()
        return waiting


def push(sockets: Iterable[DeskSocket], frames: Sequence[bytes]) -> None:
    """Hand encoded text frames to these sockets, in one write to each. Never waits; a closing one is passed over.

    It is websockets' `broadcast` for several frames at once, which does one write for each.
    """
    for socket in sockets:
        connection = socket.connection
        protocol = connection.protocol
        if protocol.state is not State.OPEN:
            continue
        try:
            for frame in frames:
                protocol.send_text(frame)
            # Only an open connection gets here, so there is no end of file among the parts.
            connection.transport.write(b"".join(protocol.data_to_send()))
        except Exception as error:
            # Its own reader finds the end; the others are not kept waiting by it.
            log.info("desk_socket_not_written", agent=socket.agent, error=str(error))


class Hub(Protocol):
    """What the door needs of the hub."""

    def admit(self, agent: int, session: str, address: str) -> CloseCode | None:
        """None: come in. Otherwise why not."""

    def joined(self, socket: DeskSocket) -> None: ...

    def heard(self, socket: DeskSocket, message: wire.Upward) -> None: ...

    def left(self, socket: DeskSocket, code: int) -> None: ...


# ---------------------------------------------------------------- the door
class _Refused(Exception):
    """This connection is to be closed with this code; the text is the closing frame's reason."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        self.code = code
        super().__init__(reason)


class DeskDoor:
    """Listens, checks, and reads each socket until it ends."""

    def __init__(self, policy: DeskPolicy, hub: Hub) -> None:
        self._policy = policy
        self._hub = hub
        self.phones: PhoneLines | None = None
        self._server: Server | None = None
        self._open = 0
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port really bound. Raises RuntimeError when not listening."""
        if self._server is None:
            raise RuntimeError("the desks' door is not open")
        return int(next(iter(self._server.sockets)).getsockname()[1])

    async def open(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        """Listen. Raises OSError when the address is taken."""
        policy = self._policy
        self._server = await serve(
            self._handle,
            host,
            port,
            ssl=tls,
            process_request=self._check_request,
            compression=None,
            max_size=wire.MAX_FRAME,
            max_queue=8,
            open_timeout=policy.hello_seconds,
            ping_interval=policy.heartbeat_seconds,
            ping_timeout=2 * policy.heartbeat_seconds,
            close_timeout=policy.close_seconds,
            server_header=None,
            logger=_quiet_logger(),
            backlog=1024,
        )
        # Accepted sockets inherit it: with the kernel's own megabytes a slow tab would be noticed minutes late.
        for listener in self._server.sockets:
            listener.setsockopt(*_SEND_BUFFER, policy.kernel_buffer_bytes)

    async def close(self) -> None:
        """Close every socket with 1001 and wait for them, at most `close_seconds` each."""
        if self._server is None:
            return
        self._server.close(code=CloseCode.GOING_AWAY)
        await self._server.wait_closed()
        if self._closing:
            await asyncio.gather(*self._closing, return_exceptions=True)

    def cut(self, socket: DeskSocket, code: int, reason: str = "") -> None:
        """Close one socket without waiting for it; it hears nothing more but the closing frame."""
        task = asyncio.get_running_loop().create_task(socket.connection.close(code, reason))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _check_request(self, connection: ServerConnection, request: Request) -> Response | None:
        path = request.path.partition("?")[0]
        if path == PHONE_PATH:
            connection.protocol.max_message_size = phone_messages.MAX_FRAME
        elif path not in PATHS:
            return connection.respond(http.HTTPStatus.NOT_FOUND, "The desks' socket is at /desk\n")
        # A browser always tells the origin of the page; a program that tells none still needs a token.
        origins = request.headers.get_all("Origin")
        host = request.headers.get("Host", "")
        if any(not self._policy.origin_allowed(origin, host) for origin in origins):
            log.warning("desk_origin_refused", origin=origins[0][:200])
            return connection.respond(http.HTTPStatus.FORBIDDEN, "This origin may not open the desks' socket\n")
        if self._open >= self._policy.max_sockets:
            return connection.respond(http.HTTPStatus.SERVICE_UNAVAILABLE, "Too many sockets\n")
        return None

    async def _handle(self, connection: ServerConnection) -> None:
        self._open += 1
        try:
            if connection.request is not None and connection.request.path.partition("?")[0] == PHONE_PATH:
                await self._serve_phone(connection)
            else:
                await self._read(await self._greet(connection))
        except (_Refused, PhoneRefused) as refusal:
            await _refuse(connection, refusal.code, str(refusal))
        except ConnectionClosed:
            pass
        finally:
            self._open -= 1

    async def _greet(self, connection: ServerConnection) -> DeskSocket:
        """The socket, joined to the hub. Raises _Refused, or ConnectionClosed."""
        hello = await self._first(connection, wire.decode)
        if not isinstance(hello, wire.Hello):
            raise _Refused(CloseCode.MALFORMED, "the first frame must be hello")
        guest = self._let_in(connection, hello.token)
        agents = connection.request.headers.get_all("User-Agent") if connection.request else []
        device = "".join(char for char in "".join(agents[:1]) if char.isprintable())
        socket = DeskSocket(connection, guest, device[:_MAX_DEVICE], self._policy)
        self._hub.joined(socket)
        return socket

    async def _serve_phone(self, connection: ServerConnection) -> None:
        """A page that has, or wants, its agent's phone. Raises _Refused, PhoneRefused, or ConnectionClosed."""
        hello = await self._first(connection, phone_messages.decode_hello)
        guest = self._let_in(connection, hello.token)
        if self.phones is None:
            raise _Refused(CloseCode.NO_BROWSER_PHONE, "no phones here")
        allowance = Allowance(self._policy, time.monotonic())
        line = PhoneLine(connection, guest.agent, guest.session, guest.address, hello.tab, allowance)
        await self.phones.serve(line, take=hello.take)

    async def _first(self, connection: ServerConnection, decode: Callable[[str | bytes], _First]) -> _First:
        """The first frame. Raises _Refused, or ConnectionClosed."""
        try:
            async with asyncio.timeout(self._policy.hello_seconds):
                return decode(await connection.recv())
        except TimeoutError:
            raise _Refused(CloseCode.EXPIRED, "no hello") from None
        except wire.Malformed as error:
            raise _Refused(CloseCode.MALFORMED, str(error)) from None

    def _let_in(self, connection: ServerConnection, token: str) -> _Guest:
        """Whose token it is, and whether they may be here. Raises _Refused."""
        try:
            claims = tokens.verify(self._policy.token_key, token)
        except tokens.TokenError as error:
            expired = error.problem is tokens.TokenProblem.EXPIRED
            raise _Refused(CloseCode.EXPIRED if expired else CloseCode.FORGED, error.problem.value) from None
        forwarded = connection.request.headers.get_all("X-Forwarded-For") if connection.request else []
        address = client_address(connection.remote_address[0], forwarded, self._policy.trusted_proxies)
        refusal = self._hub.admit(claims.agent_id, claims.session_id, address)
        if refusal is not None:
            raise _Refused(refusal, "not admitted")
        if client_address(claims.address, (), ()) != address:
            raise _Refused(CloseCode.FORGED, "the token is for another address")
        return _Guest(claims.agent_id, claims.session_id, address)

    async def _read(self, socket: DeskSocket) -> None:
        """Frames to the hub until the socket ends; whatever ends it, the hub hears of it once."""
        connection = socket.connection
        try:
            while not socket.left:
                frame = await connection.recv()
                if socket.left:
                    break
                socket.heard_at = time.monotonic()
                if not socket.allowance.take():
                    await self._expel(socket, CloseCode.FLOOD, "too many messages")
                    break
                try:
                    message = wire.decode(frame)
                    if isinstance(message, wire.Hello):
                        raise wire.Malformed("a second hello")
                except wire.Malformed as error:
                    await self._expel(socket, CloseCode.MALFORMED, str(error))
                    break
                self._hub.heard(socket, message)
        finally:
            self._hub.left(socket, _code_of(connection))
        await connection.wait_closed()

    async def _expel(self, socket: DeskSocket, code: CloseCode, reason: str) -> None:
        self._hub.left(socket, code)
        await _refuse(socket.connection, code, reason)


async def _refuse(connection: ServerConnection, code: int, reason: str) -> None:
    log.info("desk_socket_refused", code=int(code), reason=reason, peer=str(connection.remote_address))
    # RFC 6455, 5.5.1: a closing frame holds at most 123 bytes of reason.
    await connection.close(code, reason.encode()[:120].decode("utf-8", "ignore"))


def _code_of(connection: ServerConnection) -> int:
    """The code that was told to the other side, or by it; 1006 when the connection was lost."""
    protocol = connection.protocol
    frame = protocol.close_rcvd if protocol.close_rcvd_then_sent else protocol.close_sent
    return int(frame.code) if frame is not None else CloseCode.LOST


def _quiet_logger() -> logging.Logger:
    """The library's own log: handshakes that fail are weather at an open door."""
    logger = logging.getLogger("centralita.desk_sockets")
    logger.setLevel(logging.CRITICAL)
    return logger
