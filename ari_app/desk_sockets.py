"""The door of the desks' hub: who may open a socket, and the life of one socket.

Owns: Origin, the true address behind declared proxies, the first frame and its token, the loop that reads frames,
each socket's rate and heartbeat, its bounded outgoing buffer. Must not: know pops, states or calls (`screen_pop`).
A socket that misbehaves is closed alone, with a code of docs/protocols/desk-websocket.md.
"""

from __future__ import annotations

import asyncio
import http
import logging
import socket as sockets
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import urlsplit

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.protocol import State

from ari_app import desk_messages as wire
from ari_app.desk_messages import CloseCode
from models import tokens
from models.values.forwarded import client_address
from models.values.ip import Network

log = structlog.get_logger(__name__)

PATHS: Final = frozenset({"/", "/desk"})
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
class DeskSocket:
    """One greeted tab of an agent."""

    __slots__ = ("_allowance", "_counted_at", "address", "agent", "connection", "device", "heard_at", "left", "session")

    def __init__(
        self,
        connection: ServerConnection,
        *,
        agent: int,
        session: str,
        address: str,
        device: str,
        now: float,
        burst: float,
    ) -> None:
        self.connection = connection
        self.agent = agent
        self.session = session
        self.address = address
        self.device = device
        self.heard_at = now
        self.left = False
        self._allowance = burst
        self._counted_at = now

    def may_send_another(self, now: float, policy: DeskPolicy) -> bool:
        """A token bucket: `frames_burst` at once, `frames_per_second` in the long run."""
        gained = (now - self._counted_at) * policy.frames_per_second
        self._allowance = min(policy.frames_burst, self._allowance + gained)
        self._counted_at = now
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True

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
        self._server: Server | None = None
        self._open = 0
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port really bound. Raises RuntimeError when not listening."""
        if self._server is None:
            raise RuntimeError("the desks' door is not open")
        return int(next(iter(self._server.sockets)).getsockname()[1])

    async def open(self, host: str, port: int) -> None:
        """Listen. Raises OSError when the address is taken."""
        policy = self._policy
        self._server = await serve(
            self._handle,
            host,
            port,
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
        if request.path.partition("?")[0] not in PATHS:
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
            await self._read(await self._greet(connection))
        except _Refused as refusal:
            await _refuse(connection, refusal.code, str(refusal))
        except ConnectionClosed:
            pass
        finally:
            self._open -= 1

    async def _greet(self, connection: ServerConnection) -> DeskSocket:
        """The socket, joined to the hub. Raises _Refused, or ConnectionClosed."""
        request = connection.request
        if request is None:
            raise _Refused(CloseCode.MALFORMED, "no opening handshake")
        try:
            async with asyncio.timeout(self._policy.hello_seconds):
                hello = wire.decode(await connection.recv())
        except TimeoutError:
            raise _Refused(CloseCode.EXPIRED, "no hello") from None
        except wire.Malformed as error:
            raise _Refused(CloseCode.MALFORMED, str(error)) from None
        if not isinstance(hello, wire.Hello):
            raise _Refused(CloseCode.MALFORMED, "the first frame must be hello")
        try:
            claims = tokens.verify(self._policy.token_key, hello.token)
        except tokens.TokenError as error:
            expired = error.problem is tokens.TokenProblem.EXPIRED
            raise _Refused(CloseCode.EXPIRED if expired else CloseCode.FORGED, error.problem.value) from None
        forwarded = request.headers.get_all("X-Forwarded-For")
        address = client_address(connection.remote_address[0], forwarded, self._policy.trusted_proxies)
        refusal = self._hub.admit(claims.agent_id, claims.session_id, address)
        if refusal is not None:
            raise _Refused(refusal, "not admitted")
        if client_address(claims.address, (), ()) != address:
            raise _Refused(CloseCode.FORGED, "the token is for another address")
        device = "".join(char for char in request.headers.get("User-Agent", "") if char.isprintable())
        socket = DeskSocket(
            connection,
            agent=claims.agent_id,
            session=claims.session_id,
            address=address,
            device=device[:_MAX_DEVICE],
            now=time.monotonic(),
            burst=self._policy.frames_burst,
        )
        self._hub.joined(socket)
        return socket

    async def _read(self, socket: DeskSocket) -> None:
        """Frames to the hub until the socket ends; whatever ends it, the hub hears of it once."""
        connection = socket.connection
        try:
            while not socket.left:
                frame = await connection.recv()
                if socket.left:
                    break
                socket.heard_at = time.monotonic()
                if not socket.may_send_another(socket.heard_at, self._policy):
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


async def _refuse(connection: ServerConnection, code: CloseCode, reason: str) -> None:
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
