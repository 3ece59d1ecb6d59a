"""The agents' desks for as long as it takes: each comes back whenever its engine does.

Owns: their sockets, in one event loop in a thread; what agents do with a conversation: some hold it, hand it on or
consult somebody. Must not: judge, or end a conversation.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import threading
from collections.abc import Sequence
from typing import Any

from switch.running_engine import RunningEngine
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from models import tokens

AGAIN_SECONDS = 0.3


class Crew:
    """`with Crew(engine, agents, hands):` all are at their desks, and acknowledge every pop.

    The first `hands` of them do something with some of their conversations.
    """

    def __init__(self, engine: RunningEngine, agents: Sequence[int], hands: int, rng: random.Random) -> None:
        self._engine = engine
        self._agents = agents
        self._hands = agents[:hands]
        self._rng = rng
        self.did = dict.fromkeys(("hold", "transfer", "consult"), 0)
        self._busy: set[asyncio.Task[None]] = set()
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
                elif message["type"] == "pop.update" and message["changes"].get("phase") == "talking":
                    self._perhaps(agent, message["call_id"], socket)

    def _perhaps(self, agent: int, call: str, socket: Any) -> None:
        dice = self._rng.random()
        if agent not in self._hands or dice > 0.35:
            return
        what = "hold" if dice < 0.15 else "transfer" if dice < 0.25 else "consult"
        self.did[what] += 1
        task = self._loop.create_task(self._do(what, agent, call, socket))
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)

    async def _do(self, what: str, agent: int, call: str, socket: Any) -> None:
        async def say(kind: str, **more: Any) -> None:
            await self.say(socket, kind, call_id=call, **more)

        other = self._rng.choice([one for one in self._hands if one != agent])
        with contextlib.suppress(OSError, WebSocketException):
            await asyncio.sleep(self._rng.uniform(0.2, 1.0))
            if what == "hold":
                await say("hold")
                await asyncio.sleep(self._rng.uniform(0.2, 1.5))
                await say("unhold")
            elif what == "transfer":
                await say("transfer", agent=other)
            else:
                await say("consult", agent=other)
                await asyncio.sleep(self._rng.uniform(0.5, 1.5))
                await say(self._rng.choice(("complete", "cancel", "conference")))

    @staticmethod
    async def say(socket: Any, kind: str, **more: Any) -> None:
        await socket.send(json.dumps({"type": kind, **more}))
