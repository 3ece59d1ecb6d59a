"""The ARI operations we use, by the names of Asterisk's own API documents: method, address, and where parameters go.

Owns: the table and its rendering. Must not: send anything. Source: rest-api/*.json of Asterisk 22.10.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]+").fullmatch
"""What no URI part has to quote (RFC 3986 section 2.3)."""


@dataclass(frozen=True, slots=True)
class Operation:
    """`body`: parameters that travel as fields of a JSON body; `whole_body`: the parameter that *is* the body."""

    method: str
    uri: str
    path: tuple[str, ...]
    query: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    whole_body: str | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """A request, ready for any transport. `uri` is relative to `/ari/`, its path parts percent-encoded."""

    method: str
    uri: str
    query: tuple[tuple[str, str], ...]
    body: Any = None


def _op(method: str, uri: str, query: str = "", body: str = "", whole_body: str | None = None) -> Operation:
    """`query`: names separated by spaces; a `!` marks a required one."""
    path = tuple(part[1:-1] for part in uri.split("/") if part.startswith("{"))
    names = query.split()
    return Operation(
        method,
        uri,
        path,
        tuple(name.removesuffix("!") for name in names),
        (*path, *(name[:-1] for name in names if name.endswith("!"))),
        tuple(body.split()),
        whole_body,
    )


_ORIGINATE = "endpoint! extension context priority label app appArgs callerId timeout otherChannelId originator formats"
_PLAY = "media! lang offsetms skipms"
_RECORD = "name! format! maxDurationSeconds maxSilenceSeconds ifExists beep terminateOn"

OPERATIONS: Final[Mapping[str, Operation]] = {
    "channels.list": _op("GET", "channels"),
    "channels.get": _op("GET", "channels/{channelId}"),
    "channels.create": _op(
        "POST",
        "channels/create",
        "endpoint! app! appArgs channelId otherChannelId originator formats",
        body="variables",
    ),
    "channels.originate": _op("POST", "channels", _ORIGINATE + " channelId", body="variables"),
    "channels.originateWithId": _op("POST", "channels/{channelId}", _ORIGINATE, body="variables"),
    "channels.dial": _op("POST", "channels/{channelId}/dial", "caller timeout"),
    "channels.ring": _op("POST", "channels/{channelId}/ring"),
    "channels.ringStop": _op("DELETE", "channels/{channelId}/ring"),
    "channels.answer": _op("POST", "channels/{channelId}/answer"),
    "channels.hangup": _op("DELETE", "channels/{channelId}", "reason_code reason"),
    "channels.play": _op("POST", "channels/{channelId}/play", _PLAY + " playbackId"),
    "channels.playWithId": _op("POST", "channels/{channelId}/play/{playbackId}", _PLAY),
    "channels.startMoh": _op("POST", "channels/{channelId}/moh", "mohClass"),
    "channels.stopMoh": _op("DELETE", "channels/{channelId}/moh"),
    "channels.mute": _op("POST", "channels/{channelId}/mute", "direction"),
    "channels.unmute": _op("DELETE", "channels/{channelId}/mute", "direction"),
    "channels.transfer_progress": _op("POST", "channels/{channelId}/transfer_progress", "states!"),
    "channels.sendDTMF": _op("POST", "channels/{channelId}/dtmf", "dtmf before between duration after"),
    "channels.record": _op("POST", "channels/{channelId}/record", _RECORD),
    "channels.continueInDialplan": _op("POST", "channels/{channelId}/continue", "context extension priority label"),
    "channels.hold": _op("POST", "channels/{channelId}/hold"),
    "channels.unhold": _op("DELETE", "channels/{channelId}/hold"),
    "channels.getChannelVar": _op("GET", "channels/{channelId}/variable", "variable!"),
    "channels.setChannelVar": _op("POST", "channels/{channelId}/variable", "variable! value"),
    "bridges.list": _op("GET", "bridges"),
    "bridges.get": _op("GET", "bridges/{bridgeId}"),
    "bridges.createWithId": _op("POST", "bridges/{bridgeId}", "type name"),
    "bridges.addChannel": _op("POST", "bridges/{bridgeId}/addChannel", "channel! role absorbDTMF mute"),
    "bridges.removeChannel": _op("POST", "bridges/{bridgeId}/removeChannel", "channel!"),
    "bridges.record": _op("POST", "bridges/{bridgeId}/record", _RECORD),
    "bridges.destroy": _op("DELETE", "bridges/{bridgeId}"),
    "playbacks.stop": _op("DELETE", "playbacks/{playbackId}"),
    "recordings.getLive": _op("GET", "recordings/live/{recordingName}"),
    "recordings.stop": _op("POST", "recordings/live/{recordingName}/stop"),
    "recordings.cancel": _op("DELETE", "recordings/live/{recordingName}"),
    "recordings.pause": _op("POST", "recordings/live/{recordingName}/pause"),
    "recordings.unpause": _op("DELETE", "recordings/live/{recordingName}/pause"),
    "applications.get": _op("GET", "applications/{applicationName}"),
    "applications.filter": _op("PUT", "applications/{applicationName}/eventFilter", whole_body="filter"),
    "applications.subscribe": _op("POST", "applications/{applicationName}/subscription", "eventSource!"),
    "applications.unsubscribe": _op("DELETE", "applications/{applicationName}/subscription", "eventSource!"),
    "asterisk.ping": _op("GET", "asterisk/ping"),
    "asterisk.getModule": _op("GET", "asterisk/modules/{moduleName}"),
    "asterisk.getInfo": _op("GET", "asterisk/info", "only"),
    "asterisk.getGlobalVar": _op("GET", "asterisk/variable", "variable!"),
    "asterisk.setGlobalVar": _op("POST", "asterisk/variable", "variable! value"),
    "asterisk.getObject": _op("GET", "asterisk/config/dynamic/{configClass}/{objectType}/{id}"),
    "asterisk.updateObject": _op("PUT", "asterisk/config/dynamic/{configClass}/{objectType}/{id}", body="fields"),
    "asterisk.deleteObject": _op("DELETE", "asterisk/config/dynamic/{configClass}/{objectType}/{id}"),
    "endpoints.list": _op("GET", "endpoints"),
    "endpoints.listByTech": _op("GET", "endpoints/{tech}"),
    "endpoints.sendMessage": _op("PUT", "endpoints/sendMessage", "to! from! body", body="variables"),
    "endpoints.get": _op("GET", "endpoints/{tech}/{resource}"),
    "deviceStates.list": _op("GET", "deviceStates"),
    "deviceStates.get": _op("GET", "deviceStates/{deviceName}"),
}

LISTS: Final = frozenset(name for name in OPERATIONS if name.partition(".")[2].startswith("list"))
"""Those whose answer grows with the switch: see `lists`."""


def render(operation: str, params: Mapping[str, Any]) -> Rendered:
    """The request of an operation. A parameter that is None is left out; a list becomes comma-separated.

    Raises TypeError for an unknown operation or parameter, or a required one that is missing.
    """
    known = OPERATIONS.get(operation)
    if known is None:
        raise TypeError(f"unknown ARI operation {operation!r}")
    given = {name: value for name, value in params.items() if value is not None}
    for name in known.required:
        if given.get(name) in (None, ""):
            raise TypeError(f"{operation} needs {name}")
    uri = known.uri
    for name in known.path:
        part = str(given.pop(name))
        # Nearly always one of our own ids, of which nothing is to be quoted.
        uri = uri.replace("{" + name + "}", part if _UNRESERVED(part) else quote(part, safe=""))
    query = tuple((name, as_text(given.pop(name))) for name in known.query if name in given)
    body: Any = given.pop(known.whole_body, None) if known.whole_body else None
    if known.body:
        body = {name: given.pop(name) for name in known.body if name in given} or None
    if given:
        raise TypeError(f"{operation} does not take {', '.join(sorted(given))}")
    return Rendered(known.method, uri, query, body)


def as_text(value: Any) -> str:
    """A query parameter as ARI reads it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ",".join(str(part) for part in value)
    return str(value)
