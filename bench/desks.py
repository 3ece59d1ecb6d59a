"""The agents' desks under load, as one program: a websocket each, every pop acknowledged at once and its time kept.

Owns: `python -m bench.desks`, a process of its own so that its time is nobody's but its own. It reads its orders (JSON:
`url`, `origin`, `output`, `desks`) from standard input, writes `ready` when every desk is welcome, and on SIGTERM
writes what it saw. Must not: judge.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

BEAT_SECONDS = 10.0


class _Pop(msgspec.Struct):
    call_id: str
    calling_number: str | None = None


class _Message(msgspec.Struct):
    type: str
    seq: int = 0
    pop: _Pop | None = None


_decode = msgspec.json.Decoder(_Message).decode


class Desks:
    def __init__(self) -> None:
        self.pops: list[tuple[float, int, str, str]] = []
        """Epoch seconds of reading, agent, calling number, call id."""
        self.messages = 0
        self.closed: list[str] = []

    async def sit(self, url: str, origin: str, agent: int, hello: dict[str, Any], ready: asyncio.Event) -> None:
        """One desk, until it is cancelled."""
        try:
            async with connect(url, origin=origin, compression=None, max_queue=None) as connection:  # type: ignore[arg-type]
                await connection.send(json.dumps(hello))
                beating = asyncio.create_task(_beat(connection))
                try:
                    async for frame in connection:
                        await self._heard(connection, agent, frame, ready)
                finally:
                    beating.cancel()
        except ConnectionClosed as closed:
            self.closed.append(f"{agent}: {closed}")
        except OSError as error:
            self.closed.append(f"{agent}: {error}")

    async def _heard(self, connection: ClientConnection, agent: int, frame: str | bytes, ready: asyncio.Event) -> None:
        at = time.time()
        message = _decode(frame)
        self.messages += 1
        if message.type == "pop" and message.pop is not None:
            await connection.send(f'{{"type":"ack","call_id":"{message.pop.call_id}","seq":{message.seq}}}')
            self.pops.append((at, agent, message.pop.calling_number or "", message.pop.call_id))
        elif message.type == "welcome":
            ready.set()


async def _beat(connection: ClientConnection) -> None:
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        await connection.send('{"type":"beat"}')


async def main() -> None:
    orders = json.loads(sys.stdin.readline())
    desks = Desks()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    sitting = []
    for desk in orders["desks"]:
        ready = asyncio.Event()
        hello = {"type": "hello", "token": desk["token"], "tab": "bench", "seen": 0}
        sitting.append(asyncio.create_task(desks.sit(orders["url"], orders["origin"], desk["agent"], hello, ready)))
        async with asyncio.timeout(10):
            await ready.wait()
    print("ready", flush=True)
    await stop.wait()
    for task in sitting:
        task.cancel()
    await asyncio.gather(*sitting, return_exceptions=True)
    seen = {"pops": desks.pops, "messages": desks.messages, "closed": desks.closed}
    await asyncio.to_thread(Path(orders["output"]).write_text, json.dumps(seen))


if __name__ == "__main__":
    uvloop.run(main())
