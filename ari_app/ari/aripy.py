"""The second driver of the ARI port: ari-py, an optional extra.

Owns: ari-py on Python 3, with REST over its event socket and without blocking the engine. Must not: be needed. Ours
(`client.WebsocketAri`) is the default; docs/decisions/0002-own-ari-client.md says why, and what ari-py lacks
(reconnecting, pings, bodies, quoting) and gets here from `Driver`.

ari-py reads in a thread of its own and tells its listeners there; they hand on to the event loop. Its operations are
called in the event loop: its HTTP client is pluggable, and ours (`_SocketHttp`) only puts the request on the event
socket, through a thread that sends, so nothing waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

from ari_app.ari import aripy_source
from ari_app.ari.client import LARGEST_REQUEST, encode_request
from ari_app.ari.decode import EVENT_TYPES, Message, decode_object
from ari_app.ari.driver import Driver, refused
from ari_app.ari.lists import base_of
from ari_app.ari.operations import OPERATIONS, Rendered, as_text
from ari_app.ari.port import Disconnected, Down, LinkRefused

_PING: Final = b""


class AriPy(Driver):
    """A driver of `AriPort` on ari-py; its options are `Driver`'s. Raises AriPyMissing without the extra."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        aripy_source.load()

    async def _open(
        self, read: Callable[[Callable[[], Message | None]], None], ended: Callable[[Disconnected], None]
    ) -> AriPyLink:
        clock = self._clock
        link = AriPyLink(
            self._url,
            self._user,
            self._password,
            self._app,
            self._connect_timeout,
            lambda message: read(lambda: decode_object(message, clock())),
            ended,
        )
        try:
            async with asyncio.timeout(self._connect_timeout):
                await link.opened
        except TimeoutError:
            why = Disconnected(Down.UNREACHABLE, f"Asterisk did not answer within {self._connect_timeout:g} s")
            link.abort(why)
            raise LinkRefused(why) from None
        except asyncio.CancelledError:
            link.abort(Disconnected(Down.CLOSED, "closed by us"))
            raise
        return link


class AriPyLink:
    """One connection made by ari-py, with its two threads: ari-py's own, which reads, and one that sends."""

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        app: str,
        seconds: float,
        on_message: Callable[[dict[str, Any]], None],
        on_end: Callable[[Disconnected], None],
    ) -> None:
        self.heard_at: float | None = None
        self._loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = self._loop.create_future()
        self._app = app
        self._on_message = on_message
        self._on_end = on_end
        self._ending: Disconnected | None = None
        self._to_send: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._base = base_of(url).removesuffix("/").removesuffix("/ari") + "/"
        self._http = _SocketHttp(user, password, seconds, self._connected)
        self._ari: Any = None
        self._socket: Any = None
        threading.Thread(target=self._read, name="ari-py", daemon=True).start()

    # ------------------------------------------------------------------------------------ called in the event loop
    def request(self, number: str, operation: str, params: Mapping[str, Any], rendered: Rendered) -> bool:
        resource, name = operation.split(".")
        self._http.sending = None
        # ari-py finds the operation in Asterisk's API documents, checks the parameters, and builds the URL.
        self._ari.get_repo(resource).api.get_operation(name)(**_as_ari_py_takes_them(operation, params))
        assert self._http.sending is not None
        raw = encode_request(number, self._http.sending)
        if len(raw) > LARGEST_REQUEST:
            return False
        self._to_send.put(raw)
        return True

    def ping(self) -> None:
        self._to_send.put(_PING)

    def close(self, why: Disconnected) -> None:
        self._ending = self._ending or why
        self._to_send.put(None)

    def abort(self, why: Disconnected) -> None:
        self._ending = self._ending or why
        self._to_send.put(None)
        if self._socket is not None:
            self._socket.abort()

    # ------------------------------------------------------------------------------------------- called in threads
    def _read(self) -> None:
        words = "Asterisk closed the connection"
        refusal: Disconnected | None = None
        try:
            self._ari = aripy_source.load().Client(self._base, self._http)
            for name in EVENT_TYPES:
                self._ari.on_event(name, lambda message: self._tell(self._on_message, message))
            self._ari.run(apps=self._app)
        except Exception as error:
            refusal = _refusal(error, self._base)
            words = f"the connection to Asterisk broke ({error})"
        self._to_send.put(None)
        self._tell(self._end, refusal, Disconnected(Down.LOST, words))

    def _connected(self, socket: Any) -> _Receiver:
        """ari-py has opened its websocket: from now on it reads."""
        self._socket = socket
        if self._ending is not None:
            socket.abort()
        threading.Thread(target=self._send, name="ari-py-send", daemon=True).start()
        self._tell(self._open)
        return _Receiver(socket, self._heard)

    def _send(self) -> None:
        with contextlib.suppress(Exception):
            while (raw := self._to_send.get()) is not None:
                if raw is _PING:
                    self._socket.ping()
                else:
                    self._socket.send(raw)
            self._socket.send_close()

    def _heard(self) -> None:
        self.heard_at = time.monotonic()

    def _tell(self, what: Callable[..., None], *arguments: Any) -> None:
        # The event loop may be gone already when the process ends.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(what, *arguments)

    # ------------------------------------------------------------------------------- in the event loop, for threads
    def _open(self) -> None:
        if not self.opened.done():
            self.opened.set_result(None)

    def _end(self, refusal: Disconnected | None, lost: Disconnected) -> None:
        if not self.opened.done():
            self.opened.set_exception(LinkRefused(refusal or self._ending or lost))
            self.opened.exception()
        elif not self.opened.cancelled() and self.opened.exception() is None:
            self._on_end(self._ending or lost)


class _Receiver:
    """What ari-py takes for a websocket: it calls `recv` until that gives None, then `close`."""

    def __init__(self, socket: Any, heard: Callable[[], None]) -> None:
        self._socket = socket
        self._heard = heard

    def recv(self) -> str | None:
        """The next text; None at the end. Pings are answered meanwhile."""
        from websocket import ABNF

        while True:
            opcode, frame = self._socket.recv_data_frame(control_frame=True)
            self._heard()
            if opcode == ABNF.OPCODE_CLOSE:
                return None
            if opcode in (ABNF.OPCODE_TEXT, ABNF.OPCODE_BINARY):
                return bytes(frame.data).decode("utf-8", "replace")

    def close(self) -> None:
        self._socket.shutdown()

    def send_close(self) -> None:
        self._socket.send_close()


class _SocketHttp:
    """What ari-py takes for an HTTP client (swaggerpy.http_client): API documents over HTTP, all else on the socket."""

    def __init__(self, user: str, password: str, seconds: float, connected: Callable[[Any], _Receiver]) -> None:
        self._auth = (user, password)
        self._seconds = seconds
        self._connected = connected
        self.sending: Rendered | None = None
        """The request that ari-py has just made."""

    def request(self, method: str, url: str, params: Mapping[str, Any] | None = None, data: Any = None) -> Any:
        uri = urlsplit(url).path.split("/ari/", 1)[1]
        if uri.startswith("api-docs/"):
            import requests

            return _Documents(requests.request(method, url, auth=_BasicAuth(*self._auth), timeout=self._seconds))
        given = dict(params or {})
        body: Any = None
        for name in [name for name, value in given.items() if isinstance(value, _Body)]:
            part: _Body = given.pop(name)
            body = part.value if part.whole else {**(body or {}), name: part.value}
        self.sending = Rendered(method, uri, tuple((name, str(value)) for name, value in given.items()), body)
        return None

    def ws_connect(self, url: str, params: Mapping[str, Any] | None = None) -> _Receiver:
        import websocket

        query = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in (params or {}).items())
        user, password = self._auth
        socket = websocket.create_connection(
            f"{url}?{query}",
            header={"Authorization": _BasicAuth(user, password).header},
            timeout=self._seconds,
            enable_multithread=True,
            http_no_proxy=["*"],
        )
        socket.settimeout(None)
        return self._connected(socket)

    def close(self) -> None:
        """Nothing is kept open."""


class _BasicAuth:
    """HTTP basic authentication in UTF-8 (RFC 7617); requests' own is Latin-1."""

    def __init__(self, user: str, password: str) -> None:
        import base64

        self.header = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def __call__(self, request: Any) -> Any:
        request.headers["Authorization"] = self.header
        return request


class _Documents:
    """One of Asterisk's API documents. ari-py knows no body parameters: they are shown to it as query parameters."""

    def __init__(self, response: Any) -> None:
        self._response = response

    def raise_for_status(self) -> None:
        self._response.raise_for_status()

    def json(self) -> Any:
        document = self._response.json()
        for api in document.get("apis", []):
            for operation in api.get("operations", []):
                for parameter in operation.get("parameters", []):
                    if parameter.get("paramType") == "body":
                        parameter["paramType"] = "query"
        return document


class _Text(str):
    """A parameter's text. ari-py leaves out what is false, so an empty text is none here."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return True


class _Body:
    """A parameter that travels in the body, on its way through ari-py."""

    def __init__(self, value: Any, *, whole: bool = False) -> None:
        self.value = value
        self.whole = whole


def _as_ari_py_takes_them(operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
    known = OPERATIONS[operation]
    taken: dict[str, Any] = {}
    for name, value in params.items():
        if value is None:
            continue
        if name in known.path:
            # ari-py puts path parts into the URL as they are.
            taken[name] = _Text(quote(str(value), safe=""))
        elif name in known.body:
            taken[name] = _Body(value)
        elif name == known.whole_body:
            taken[name] = _Body(value, whole=True)
        else:
            taken[name] = _Text(as_text(value))
    return taken


def _refusal(error: Exception, base: str) -> Disconnected:
    """Why there was no connection, of requests' and websocket-client's exceptions."""
    status = getattr(error, "status_code", None) or getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(status, int):
        return refused(status)
    if isinstance(error, (OSError, TimeoutError)):
        return Disconnected(Down.UNREACHABLE, f"nothing answers at {urlsplit(base).netloc} ({type(error).__name__})")
    return Disconnected(Down.LOST, f"the connection to Asterisk broke ({type(error).__name__})")
