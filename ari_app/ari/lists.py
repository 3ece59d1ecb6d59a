"""What Asterisk lists (all channels, all bridges, …), asked for by plain HTTP.

Owns: those requests. Must not: know what is listed.

Not over the events' websocket, which carries every other request: Asterisk (22.10, `ast_websocket_write`) puts a whole
outgoing message on its thread's stack of 496 KiB, and a list of some thousand channels ends the process
(docs/asterisk-notes.md). Over HTTP an answer may have any length.
"""

from __future__ import annotations

import aiohttp

from ari_app.ari.operations import Rendered
from ari_app.ari.port import Failure, Response


class Lists:
    """`base`: ARI's address with a slash at its end; `seconds`: the time limit of a whole answer."""

    def __init__(self, base: str, user: str, password: str, seconds: float) -> None:
        self._base = base
        self._headers = {"Authorization": aiohttp.encode_basic_auth(user, password)}
        self._timeout = aiohttp.ClientTimeout(total=seconds)
        self._session: aiohttp.ClientSession | None = None

    async def get(self, rendered: Rendered) -> Response:
        """Always a Response, as `AriPort.submit` gives it."""
        if self._session is None or self._session.closed:
            # Lists are rare: a connection that Asterisk closes between two of them would only be a thing to stumble on.
            connector = aiohttp.TCPConnector(force_close=True)
            self._session = aiohttp.ClientSession(headers=self._headers, timeout=self._timeout, connector=connector)
        try:
            async with self._session.get(self._base + rendered.uri, params=rendered.query) as answer:
                return Response(answer.status, await answer.text("utf-8", "replace"), answer.reason or "")
        except TimeoutError:
            return Response(None, failure=Failure.TIMED_OUT)
        except aiohttp.ClientError:
            return Response(None, failure=Failure.CONNECTION_LOST)

    async def close(self) -> None:
        """Safe to repeat."""
        if self._session is not None:
            await self._session.close()


def base_of(url: str) -> str:
    """ARI's address over HTTP; `url` may be that of the events (`ws://host:8088/ari/events`)."""
    base = url.split("?", 1)[0].rstrip("/").removesuffix("/events")
    if base.startswith("ws"):
        base = "http" + base.removeprefix("ws")
    return base + "/"
