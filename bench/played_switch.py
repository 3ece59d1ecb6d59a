"""A switch that is played: ARI with calls on it, no telephone and no Asterisk behind.

Owns: `python -m bench.played_switch`, for what needs tens of thousands of calls and not one real packet: the engine's
memory, and its CPU time alone. Every call goes the common way (rung, answered, talked, the caller hangs up) with the
events in the order that Asterisk sends them. It reads its orders (JSON: `port`, `app`, `number`, `callers`, `talk`)
from standard input, says `ready` when it listens, then takes one order a line (`{"calls":n,"rate":n}`) and answers each
with a line when the last of those calls is over. Must not: be used to show that a call flow is right.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import sys
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import msgspec
import uvloop
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

WAIT_SECONDS = 20.0
"""How long after the last call's beginning all must be over."""

_encode = msgspec.json.Encoder().encode


class PlayedSwitch:
    """Channels by id; a channel is there from its creation to its ChannelDestroyed."""

    def __init__(self, app: str, number: str, callers: list[str], talk: float) -> None:
        self._app = app
        self._number = number
        self._callers = callers
        self._talk = talk
        self._connection: ServerConnection | None = None
        self._channels: dict[str, dict[str, Any]] = {}
        self._bridges: dict[str, set[str]] = {}
        self._unique = itertools.count(1)
        self._over = asyncio.Event()
        self.begun = self.answered = self.refused = 0

    # ------------------------------------------------------------ the calls
    async def load(self, calls: int, rate: float) -> dict[str, int]:
        """Begin so many calls at this rate; what came of them, when the last is over."""
        before = (self.begun, self.answered, self.refused)
        loop = asyncio.get_running_loop()
        began = loop.time()
        for place in range(calls):
            wait = began + place / rate - loop.time()
            if wait > 0.002:
                await asyncio.sleep(wait)
            self._call()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WAIT_SECONDS):
                while self._channels or self._bridges:
                    self._over.clear()
                    await self._over.wait()
        told = ("begun", "answered", "refused")
        counts = dict(
            zip(told, (self.begun - before[0], self.answered - before[1], self.refused - before[2]), strict=True)
        )
        return {**counts, "left": len(self._channels) + len(self._bridges)}

    def _call(self) -> None:
        self.begun += 1
        channel = f"centralita-{1_790_000_000 + self.begun // 100}.{next(self._unique)}"
        number = self._callers[self.begun % len(self._callers)]
        self._channels[channel] = {
            "id": channel,
            "name": f"PJSIP/trunk-{self.begun:08x}",
            "number": number,
            "up": False,
        }
        self._tell_channel("StasisStart", channel, args=["inbound", self._number])

    def _hang_up_caller(self, channel: str) -> None:
        if channel in self._channels:
            self._tell_channel("ChannelHangupRequest", channel, cause=16, soft=False)
            self._end(channel, 16)

    def _end(self, channel: str, cause: int) -> None:
        """The order in which Asterisk tells of a channel's end."""
        for members in self._bridges.values():
            members.discard(channel)
        self._tell_channel("StasisEnd", channel)
        self._tell_channel("ChannelDestroyed", channel, cause=cause, cause_txt="Normal Clearing")
        del self._channels[channel]
        if not self._channels:
            self._over.set()

    # ------------------------------------------------------------ the websocket, and lists over HTTP
    def listed(self, connection: ServerConnection, request: Request) -> Response | None:
        """Whoever asks for a list does so by plain HTTP; None: it wants the websocket."""
        if "Upgrade" in request.headers:
            return None
        path = request.path.split("?")[0].removeprefix("/ari/").split("/")
        status, body = self._answer("GET", [unquote(part) for part in path], {})
        return connection.respond(HTTPStatus(status), _encode(body).decode())

    async def serve(self, connection: ServerConnection) -> None:
        self._connection = connection
        async for raw in connection:
            request = msgspec.json.decode(raw)
            path = [unquote(part) for part in request["uri"].split("?")[0].split("/")]
            query = {one["name"]: one["value"] for one in request.get("query_strings", ())}
            status, body = self._answer(request["method"], path, query)
            self.refused += status >= 400 and status != 404
            answer = {
                "type": "RESTResponse",
                "transaction_id": request["transaction_id"],
                "request_id": request["request_id"],
                "status_code": status,
                "reason_phrase": HTTPStatus(status).phrase,
                "uri": request["uri"],
            }
            if body is not None:
                answer |= {"content_type": "application/json", "message_body": _encode(body).decode()}
            self._write(answer)

    def _answer(self, method: str, path: list[str], query: dict[str, str]) -> tuple[int, Any]:
        match method, path:
            case "PUT", ["applications", *_]:
                return 200, {}
            case "GET", ["asterisk", "ping"]:
                return 200, {"ping": "pong"}
            case "GET", ["asterisk", "info"]:
                return 200, {"system": {"version": "played"}}
            case "GET", ["channels"]:
                # The engine's sweep takes a call whose channel is not listed for ended.
                return 200, [self._told(channel) for channel in self._channels]
            case "GET", ["bridges"]:
                return 200, [{"id": bridge, "channels": sorted(members)} for bridge, members in self._bridges.items()]
            case "GET", ["endpoints", *_]:
                return 200, []
            case "GET", _:
                return 404, None
            case _, ["asterisk", *_]:
                return 200, []
            case "POST", ["channels", "create"]:
                return self._create(query)
            case _, ["channels", channel, *what]:
                return self._on_channel(method, channel, what[0] if what else "", query)
            case "POST", ["bridges", bridge]:
                self._bridges.setdefault(bridge, set())
                return 200, {"id": bridge}
            case "POST", ["bridges", bridge, "addChannel"]:
                put = query["channel"].split(",")
                self._bridges[bridge].update(put)
                # Caller and agent may come in a request each (the agent's keys are kept from the caller).
                for caller in (one for one in put if one in self._channels and "number" in self._channels[one]):
                    self.answered += 1
                    asyncio.get_running_loop().call_later(self._talk, self._hang_up_caller, caller)
                return 204, None
            case "DELETE", ["bridges", bridge]:
                gone = self._bridges.pop(bridge, None)
                self._over.set()
                return (204, None) if gone is not None else (404, None)
        return 500, None

    def _create(self, query: dict[str, str]) -> tuple[int, Any]:
        channel = query["channelId"]
        self._channels[channel] = {"id": channel, "name": f"{query['endpoint']}-{self.begun:08x}", "up": False}
        self._later(self._tell_channel, "StasisStart", channel)
        return 200, {"id": channel}

    def _on_channel(self, method: str, channel: str, what: str, query: dict[str, str]) -> tuple[int, Any]:
        if channel not in self._channels:
            return 404, {"message": "Channel not found"}
        match method, what:
            case "DELETE", "":
                self._later(self._end, channel, 16)
            case "POST", "dial":
                self._later(self._dial, channel)
        return 204, None

    def _dial(self, channel: str) -> None:
        for status in ("", "RINGING", "ANSWER"):
            self._tell(type="Dial", dialstatus=status, peer=self._told(channel))

    def _later(self, what: Any, *arguments: Any) -> None:
        """Behind the answer to the request that leads to it."""

        def unless_gone() -> None:
            if all(argument in self._channels for argument in arguments if str(argument).startswith("centralita-")):
                what(*arguments)

        asyncio.get_running_loop().call_soon(unless_gone)

    # ------------------------------------------------------------ words
    def _told(self, channel: str) -> dict[str, Any]:
        known = self._channels[channel]
        data = f"{self._app},inbound,{self._number}" if "number" in known else self._app
        return {
            "id": channel,
            "name": known["name"],
            "state": "Up" if known["up"] else "Ring",
            "protocol_id": "",
            "caller": {"name": "", "number": known.get("number", "")},
            "connected": {"name": "", "number": ""},
            "accountcode": "",
            "dialplan": {"context": "from-trunk", "exten": self._number, "app_name": "Stasis", "app_data": data},
            "creationtime": "2026-11-24T15:00:00.000+0000",
            "language": "es",
        }  # fmt: skip

    def _tell_channel(self, kind: str, channel: str, **more: Any) -> None:
        self._tell(type=kind, channel=self._told(channel), **{"args": [], **more} if kind == "StasisStart" else more)

    def _tell(self, **event: Any) -> None:
        self._write(
            {**event, "application": self._app, "timestamp": "2026-11-24T15:00:00.000+0000", "asterisk_id": "p"}
        )

    def _write(self, message: dict[str, Any]) -> None:
        # As Asterisk does: one frame, one write, and no wait for whoever reads slowly.
        connection = self._connection
        if connection is not None:
            connection.protocol.send_text(_encode(message))
            connection.send_data()


async def main() -> None:
    loop = asyncio.get_running_loop()
    orders = json.loads(await loop.run_in_executor(None, sys.stdin.readline))
    switch = PlayedSwitch(orders["app"], orders["number"], orders["callers"], orders["talk"])
    async with serve(
        switch.serve,
        "127.0.0.1",
        orders["port"],
        process_request=switch.listed,
        compression=None,
        ping_interval=None,
        max_size=None,
    ):
        print("ready", flush=True)
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            order = json.loads(line)
            print(json.dumps(await switch.load(order["calls"], order["rate"])), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
