"""A tiny ARI client on one websocket, for tests of the switch itself: events in a list, REST over the same socket.

Not the product's client (that is ari_app/ari): this one is so small that it can't be what is wrong.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from switch.waiting import wait_until
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

Event = dict[str, Any]


class AriSocket:
    """Connected as the Stasis application of `url`. Use as a context manager."""

    def __init__(self, url: str):
        self._stack = ExitStack()
        self._socket = self._stack.enter_context(connect(url, open_timeout=5, max_size=None, compression=None))
        self.events: list[Event] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> AriSocket:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()
        self._reader.join(5)

    def _read(self) -> None:
        try:
            for text in self._socket:
                self.events.append(json.loads(text))
        except ConnectionClosed:
            pass

    def first(
        self, event_type: str, matches: Callable[[Event], bool] = lambda event: True, seconds: float = 5.0
    ) -> Event:
        """Waits for the first event of a type for which `matches` is true."""

        def found() -> Event | None:
            return next((e for e in list(self.events) if e["type"] == event_type and matches(e)), None)

        return wait_until(found, seconds, f"an event {event_type} in {[e['type'] for e in self.events]}")  # type: ignore[return-value]

    def send(self, method: str, uri: str, body: Any = None, **query: Any) -> str:
        """Sends a request over the socket and gives its id."""
        request_id = uuid.uuid4().hex
        request = {
            "type": "RESTRequest",
            "transaction_id": request_id,
            "request_id": request_id,
            "method": method,
            "uri": uri,
            "query_strings": [{"name": name, "value": str(value)} for name, value in query.items()],
        }
        if body is not None:
            request |= {"content_type": "application/json", "message_body": json.dumps(body)}
        self._socket.send(json.dumps(request))
        return request_id

    def rest(self, method: str, uri: str, body: Any = None, seconds: float = 5.0, **query: Any) -> tuple[int, Any]:
        """Sends a request and waits for its answer: status and decoded body."""
        request_id = self.send(method, uri, body, **query)
        answer = self.first("RESTResponse", lambda e: e["request_id"] == request_id, seconds)
        text = answer.get("message_body") or ""
        return int(answer["status_code"]), json.loads(text) if text else None
