"""The least that a Stasis application can do with a call, as the measure for ours: ring the next agent, join, hang up.

Owns: `python -m bench.bare_stasis`, a baseline. No pop, no record, no retry, no resync, no time-out, no back-off: what
it costs is what ARI costs. It reads its orders (JSON: `url`, `app`, `user`, `password`, `endpoints`) from standard
input and says `ready` when Asterisk has taken its event filter. Must not: import the engine.

Requests go over the event websocket, ids are chosen here, and the filter is as narrow as the flow allows: the fastest
of the transports that were measured for this project.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import signal
import sys
from typing import Any

import uvloop
from websockets.asyncio.client import ClientConnection, connect

EVENTS = ("RESTResponse", "StasisStart", "StasisEnd", "Dial", "ChannelDestroyed")


class BareApp:
    """Calls by the caller's channel id; each has one leg, `<caller>.leg`, and one bridge, `<caller>.mix`."""

    def __init__(self, connection: ClientConnection, app: str, endpoints: list[str]) -> None:
        self._connection = connection
        self._app = app
        # Round robin without looking who talks: with agents enough, whoever is next has been free for long.
        self._next = itertools.cycle(endpoints)
        self._calls: set[str] = set()
        self._numbers = itertools.count(1)
        self.failures = 0

    async def ask(self, method: str, uri: str, body: Any = None, **query: str) -> str:
        """Sends a request; its answer is an event like the others."""
        number = str(next(self._numbers))
        request: dict[str, Any] = {
            "type": "RESTRequest",
            "transaction_id": number,
            "request_id": number,
            "method": method,
            "uri": uri,
            "query_strings": [{"name": name, "value": value} for name, value in query.items()],
        }
        if body is not None:
            request |= {"content_type": "application/json", "message_body": json.dumps(body)}
        await self._connection.send(json.dumps(request))
        return number

    async def filter_events(self) -> None:
        wanted = {"allowed": [{"type": name} for name in EVENTS]}
        await self.ask("PUT", f"applications/{self._app}/eventFilter", wanted)
        async for raw in self._connection:
            answer = json.loads(raw)
            if answer["type"] == "RESTResponse":
                assert answer["status_code"] == 200, answer
                return

    async def run(self) -> None:
        async for raw in self._connection:
            event = json.loads(raw)
            match event["type"]:
                case "StasisStart":
                    await self._started(event["channel"]["id"])
                case "Dial" if event["dialstatus"] == "ANSWER":
                    await self._answered(event["peer"]["id"].removesuffix(".leg"))
                case "StasisEnd" | "ChannelDestroyed":
                    await self._ended(event["channel"]["id"].removesuffix(".leg"))
                case "RESTResponse":
                    # 404: somebody has hung up already.
                    self.failures += event["status_code"] >= 400 and event["status_code"] != 404

    async def _started(self, channel: str) -> None:
        if channel.endswith(".leg"):
            caller = channel.removesuffix(".leg")
            await self.ask("POST", f"channels/{channel}/dial", caller=caller, timeout="15")
            return
        self._calls.add(channel)
        await self.ask("POST", f"channels/{channel}/ring")
        await self.ask(
            "POST",
            "channels/create",
            endpoint=f"PJSIP/{next(self._next)}",
            app=self._app,
            channelId=f"{channel}.leg",
            originator=channel,
        )

    async def _answered(self, caller: str) -> None:
        bridge = f"{caller}.mix"
        await self.ask("POST", f"channels/{caller}/answer")
        await self.ask("POST", f"bridges/{bridge}", type="mixing")
        await self.ask("POST", f"bridges/{bridge}/addChannel", channel=f"{caller},{caller}.leg")

    async def _ended(self, caller: str) -> None:
        if caller not in self._calls:
            return
        self._calls.remove(caller)
        await self.ask("DELETE", f"channels/{caller}")
        await self.ask("DELETE", f"channels/{caller}.leg")
        await self.ask("DELETE", f"bridges/{caller}.mix")


async def main() -> None:
    orders = json.loads(sys.stdin.readline())
    key = base64.b64encode(f"{orders['user']}:{orders['password']}".encode()).decode()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with connect(
        f"{orders['url']}?app={orders['app']}",
        additional_headers={"Authorization": f"Basic {key}"},
        compression=None,
        max_size=None,
    ) as connection:
        app = BareApp(connection, orders["app"], orders["endpoints"])
        await app.filter_events()
        print("ready", flush=True)
        running = asyncio.create_task(app.run())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([running, stopping], return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        running.cancel()
        if app.failures:
            print(f"{app.failures} requests failed", file=sys.stderr)


if __name__ == "__main__":
    uvloop.run(main())
