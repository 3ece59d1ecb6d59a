"""Our driver of ARI: one websocket that carries the events down and the requests (and their answers) both ways; only
lists come by HTTP (`lists`).

Owns: REST over the events' websocket. Must not: know calls. Source: Asterisk's documentation, "ARI REST over
WebSocket" (messages RESTRequest and RESTResponse).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from ari_app.ari.decode import Message, decode
from ari_app.ari.driver import Driver
from ari_app.ari.link import Link
from ari_app.ari.lists import base_of
from ari_app.ari.operations import Rendered
from ari_app.ari.port import Disconnected

# Asterisk reads websocket messages of less than 64 KiB and closes the connection on a longer one (res_http_websocket,
# MAXIMUM_FRAME_SIZE); a margin is left.
LARGEST_REQUEST = 60 * 1024
# Nothing of Asterisk's is so long (its own limit is a thread's stack, see `lists`): the bound is against what is none.
LARGEST_MESSAGE = 4 * 1024 * 1024


class RestRequest(msgspec.Struct, tag_field="type", tag="RESTRequest", omit_defaults=True):
    """A request on the websocket."""

    transaction_id: str
    request_id: str
    method: str
    uri: str
    query_strings: list[dict[str, str]] | None = None
    content_type: str | None = None
    message_body: str | None = None


_encode = msgspec.json.Encoder().encode


class WebsocketAri(Driver):
    """Our driver of `AriPort`: see there, and `Driver` for its options."""

    async def _open(
        self, read: Callable[[Callable[[], Message | None]], None], ended: Callable[[Disconnected], None]
    ) -> RestLink:
        clock = self._clock
        return await RestLink.open(
            events_url(self._url, self._app),
            self._user,
            self._password,
            seconds=self._connect_timeout,
            on_message=lambda raw: read(lambda: decode(raw, clock())),
            on_end=ended,
            max_size=LARGEST_MESSAGE,
        )


class RestLink(Link):
    """A websocket that carries requests."""

    def request(self, number: str, operation: str, params: Mapping[str, Any], rendered: Rendered) -> bool:
        raw = encode_request(number, rendered)
        if len(raw) > LARGEST_REQUEST:
            return False
        self.send(raw)
        return True


def encode_request(number: str, rendered: Rendered) -> bytes:
    """The message of a request."""
    message = RestRequest(number, number, rendered.method, rendered.uri)
    if rendered.query:
        message.query_strings = [{"name": name, "value": value} for name, value in rendered.query]
    if rendered.body is not None:
        message.content_type = "application/json"
        message.message_body = _encode(rendered.body).decode()
    return _encode(message)


def events_url(url: str, app: str) -> str:
    """The websocket's URL of an application; `url` may be ARI's own (`http://host:8088/ari`)."""
    base = "ws" + base_of(url).removeprefix("http")
    return f"{base}events?app={quote(app, safe='')}"
