"""The port through which the engine speaks to Asterisk: what a driver of ARI must do, in ari-py's vocabulary.

Owns: `AriPort` and the values that cross it. Must not: know a transport.

Two drivers pass the same contract test against the real switch: `client.WebsocketAri` (ours) and `aripy.AriPy` (the
optional extra). docs/decisions/0002-own-ari-client.md says why there are two.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from ari_app.ari.decode import Decoded


class Failure(StrEnum):
    """Why a request has no answer of Asterisk's. That is never a refusal: it may have been carried out."""

    TIMED_OUT = "timed_out"
    CONNECTION_LOST = "connection_lost"
    NOT_CONNECTED = "not_connected"
    """It was never sent."""
    OVERFLOW = "overflow"
    """It was never sent: too many requests wait for their answers."""
    TOO_LARGE = "too_large"
    """It was never sent: Asterisk would close the connection on a request of this size."""


_WORDS = {
    Failure.TIMED_OUT: "no answer in time, unknown outcome",
    Failure.CONNECTION_LOST: "connection lost, unknown outcome",
    Failure.NOT_CONNECTED: "not connected to Asterisk, not sent",
    Failure.OVERFLOW: "too many requests outstanding, not sent",
    Failure.TOO_LARGE: "request too large for Asterisk, not sent",
}

NEVER_SENT = frozenset({Failure.NOT_CONNECTED, Failure.OVERFLOW, Failure.TOO_LARGE})


class Response:
    """An answer, or why there is none.

    `status`: the HTTP status, None when Asterisk did not answer (then `failure` says why). `reason`: English words;
    of a refusal, Asterisk's own. `body`: the decoded JSON, decoded when asked for; None when empty.
    """

    __slots__ = ("_raw", "failure", "phrase", "status")

    def __init__(self, status: int | None, raw: str = "", phrase: str = "", failure: Failure | None = None) -> None:
        self.status = status
        self.phrase = phrase
        self.failure = failure
        self._raw = raw

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def unknown_outcome(self) -> bool:
        """It may have been carried out: what may exist is to be hung up."""
        return self.failure is not None and self.failure not in NEVER_SENT

    @property
    def body(self) -> Any:
        if not self._raw:
            return None
        try:
            return msgspec.json.decode(self._raw)
        except msgspec.DecodeError:
            return self._raw

    @property
    def reason(self) -> str:
        if self.failure is not None:
            return _WORDS[self.failure]
        body = None if self.ok else self.body
        told = body.get("message") or body.get("error") if isinstance(body, dict) else None
        return str(told or self.phrase or self.status)

    def __repr__(self) -> str:
        return f"Response({self.status}, {self.reason!r})"


class Down(StrEnum):
    """Why there is no connection."""

    UNREACHABLE = "unreachable"
    """Nothing listens there, or the address does not answer."""
    PASSWORD_REFUSED = "password_refused"  # noqa: S105  a name, not a password
    ARI_REFUSED = "ari_refused"
    """Asterisk answered, but not with ARI's events: an old version, a missing module, a wrong path."""
    LOST = "lost"
    SILENT = "silent"
    """Half-open: nothing was heard for too long."""
    REPLACED = "replaced"
    """Another engine took the application over. Final: this driver does not connect again."""
    CLOSED = "closed"
    """We closed it. Final."""
    NOT_STARTED = "not_started"


@dataclass(frozen=True, slots=True)
class Disconnected:
    """There is no connection, and why, in an English sentence. `final`: nor will this driver try again."""

    why: Down
    message: str
    final: bool = False


class LinkRefused(Exception):
    """No connection came about; `why` says so in words."""

    def __init__(self, why: Disconnected) -> None:
        self.why = why
        super().__init__(why.message)


@dataclass(slots=True)
class Counters:
    """What happened since the start; whoever measures and alarms reads them."""

    connects: int = 0
    failed_connects: int = 0
    requests: int = 0
    events: int = 0
    timed_out: int = 0
    lost: int = 0
    overflows: int = 0
    """An alarm: more requests than `max_outstanding` waited for their answers."""
    late_answers: int = 0
    malformed: int = 0
    """An alarm: messages of a known type that could not be read."""
    handler_errors: int = 0


OnEvent = Callable[[Decoded], None]
OnAnswer = Callable[[Response], None]
OnConnected = Callable[[], None]
OnDisconnected = Callable[[Disconnected], None]


class AriPort(Protocol):
    """A driver. All of it runs in one event loop; the callbacks are plain functions that must not block."""

    counters: Counters

    def start(self, on_event: OnEvent, on_connected: OnConnected, on_disconnected: OnDisconnected) -> None:
        """Connect, and connect again whenever the connection is lost, until `close`.

        `on_connected` is told when the event filter is set, before any event of that connection; then is the time to
        ask what happened meanwhile. `on_disconnected` is told when a connection ends, and while there is none whenever
        the reason changes. Events come in Asterisk's order.
        """

    def submit(self, operation: str, **params: Any) -> asyncio.Future[Response]:
        """Send an operation of `operations.OPERATIONS` now, behind all submitted before and without waiting for them.

        The future always gets a Response, never an exception. Raises TypeError at once for an unknown operation or
        parameter (a mistake of ours). Lists (`operations.LISTS`) come by HTTP, for their length (`lists`), after what
        was sent before and before what is read after; they are not for `order`.
        """

    def order(self, operation: str, params: Mapping[str, Any], answered: OnAnswer) -> None:
        """`submit` for whoever must hear answers and events in the order in which Asterisk sent them.

        `answered` is called once, always with a Response, as soon as the answer is read and before what was read after
        it is told; never before `order` has returned. (A future tells its waiters a turn of the event loop later: by
        then the caller who was joined and at once hung up has hung up before being joined.)
        """

    @property
    def connected(self) -> bool: ...

    @property
    def down(self) -> Disconnected | None:
        """Why there is no connection; None while there is one."""

    async def close(self) -> None:
        """End the connection; outstanding requests fail. Safe to repeat."""


def without_secrets(text: str) -> str:
    """A URL or message without the password that may stand in it."""
    return re.sub(r"api_key=[^&\s]+", "api_key=…", re.sub(r"//[^/@\s]+@", "//", text))
