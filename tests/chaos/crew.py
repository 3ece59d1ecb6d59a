"""The agents' desks for as long as it takes: each comes back whenever its engine does.

Owns: their sockets, in one event loop in a thread. Must not: judge.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Sequence

from switch.running_engine import RunningEngine
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from models import tokens

AGAIN_SECONDS = 0.3


class Crew:
    """`with Crew(engine, agents):` all are at their desks, and acknowledge every pop."""

    def __init__(self, engine: RunningEngine, agents: Sequence[int]) -> None:
        self._engine = engine
        self._agents = agents
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="crew", daemon=True)
        self._tasks: list[asyncio.Task[None]] = []
        self.here: set[int] = set()
        self.log_ins = 0

    def __enter__(self) -> Crew:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._begin(), self._loop).result(10)
        return self

    def __exit__(self, *exception: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    async def _begin(self) -> None:
        self._tasks = [self._loop.create_task(self._work(agent)) for agent in self._agents]

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _work(self, agent: int) -> None:
        while True:
            with contextlib.suppress(OSError, WebSocketException, TimeoutError):
                await self._sit(agent)
            self.here.discard(agent)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _sit(self, agent: int) -> None:
        engine = self._engine
        token = tokens.sign(engine.secrets.token_key, agent, f"chaos-{agent}", "127.0.0.1", seconds=60)
        origin = f"http://127.0.0.1:{engine.settings.web_port}"
        url = f"ws://127.0.0.1:{engine.settings.desk_port}/desk"
        async with connect(url, origin=origin, compression=None, proxy=None, open_timeout=5, close_timeout=1) as socket:  # type: ignore[arg-type]
            await socket.send(json.dumps({"type": "hello", "token": token, "tab": "chaos", "seen": 0}))
            async for raw in socket:
                message = json.loads(raw)
                if message["type"] == "welcome":
                    self.here.add(agent)
                    self.log_ins += 1
                elif message["type"] == "pop":
                    seq, call = message["seq"], message["pop"]["call_id"]
                    await socket.send(json.dumps({"type": "ack", "call_id": call, "seq": seq}))
