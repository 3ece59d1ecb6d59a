"""A hub on loopback with a listener that writes down what it was told, and desks that speak the real protocol.

For the records: a migrated database of each kind, and the writer.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from ari_app.desk_sockets import DeskPolicy, same_host_origins
from ari_app.records import RecordWriter
from ari_app.screen_pop import ScreenPopHub
from ari_app.storing import writers_connection
from models import tokens

KEY = "a key for tests only"
WEB_PORT = 8000


class Listener:
    """Every callback as a tuple, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.when_connected: Callable[[int], None] = lambda agent: None

    def on_connected(self, agent: int, session: str, address: str, device: str) -> None:
        self.told.append(("connected", agent, session, address, device))
        self.when_connected(agent)

    def __getattr__(self, name: str) -> Callable[..., None]:
        if not name.startswith("on_"):
            raise AttributeError(name)
        return lambda *args: self.told.append((name.removeprefix("on_"), *args))

    def of(self, kind: str) -> list[tuple[Any, ...]]:
        return [entry[1:] for entry in self.told if entry[0] == kind]


class Bench:
    """A running hub and the means to be its desks."""

    def __init__(self, policy: DeskPolicy) -> None:
        self.policy = policy
        self.listener = Listener()
        self.agents: set[int] = set(range(1, 1001))
        self.refused_addresses: set[str] = set()
        self.hub = ScreenPopHub(
            policy,
            self.listener,
            profile=lambda agent: {"id": agent, "name": f"Agent {agent}"} if agent in self.agents else None,
            may_work=lambda agent, address: address not in self.refused_addresses,
            now_ms=lambda: int(time.time() * 1000),
        )

    def token(self, agent: int, session: str = "s1", *, address: str = "127.0.0.1", key: str = KEY, **more: Any) -> str:
        return tokens.sign(key, agent, session, address, **{"seconds": 60, **more})

    async def open(self, path: str = "/desk", **more: Any) -> ClientConnection:
        """A socket that has not said hello."""
        options = {"origin": f"http://127.0.0.1:{WEB_PORT}", "compression": None, "proxy": None, "ping_interval": None}
        return await connect(f"ws://127.0.0.1:{self.hub.port}{path}", **{**options, **more})

    async def desk(self, agent: int, session: str = "s1", *, address: str = "127.0.0.1", **more: Any) -> Desk:
        """A greeted tab."""
        desk = Desk(await self.open(**more))
        await desk.say(type="hello", token=self.token(agent, session, address=address), tab="t")
        desk.welcome = await desk.hear("welcome")
        return desk


class Desk:
    """One tab. `heard` holds every message in order."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.heard: list[dict[str, Any]] = []
        self.welcome: dict[str, Any] = {}

    async def say(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def hear(self, kind: str) -> dict[str, Any]:
        """The next message, which must be of this kind."""
        async with asyncio.timeout(10):
            message: dict[str, Any] = json.loads(await self.socket.recv())
        self.heard.append(message)
        assert message["type"] == kind, message
        return message

    async def code(self) -> int:
        """The closing code; reads away whatever comes before it."""
        return await closing_code(self.socket)


async def closing_code(socket: ClientConnection) -> int:
    async with asyncio.timeout(10):
        with contextlib.suppress(ConnectionClosed):
            while True:
                await socket.recv()
    assert socket.close_code is not None
    return socket.close_code


async def until(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait for a condition by asking, with a deadline."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - any condition can be asked, none signals
            await asyncio.sleep(0.005)


@pytest.fixture
def bench() -> Callable[..., Any]:
    """`async with bench(heartbeat_seconds=…) as b:` – a hub with that policy, stopped at the end."""

    @contextlib.asynccontextmanager
    async def running(**changes: Any) -> AsyncIterator[Bench]:
        policy = DeskPolicy(token_key=KEY, origin_allowed=same_host_origins(WEB_PORT), close_seconds=1.0)
        made = Bench(replace(policy, **changes))
        await made.hub.start("127.0.0.1", 0)
        try:
            yield made
        finally:
            await made.hub.stop()

    return running


@pytest.fixture
def close_code() -> Callable[[ClientConnection], Any]:
    return closing_code


@pytest.fixture
def eventually() -> Callable[..., Any]:
    return until


# ---------------------------------------------------------------- records
@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, migrated_url: Callable[[str], str]) -> str:
    """A migrated database."""
    return migrated_url(str(request.param))


@pytest.fixture
def sqlite_url(migrated_url: Callable[[str], str]) -> str:
    return migrated_url("sqlite")


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Callable[[str], RecordWriter]]:
    """`writer(url)` – a started writer with its journal in the test's folder, closed at the end."""
    made: list[RecordWriter] = []

    def start(url: str) -> RecordWriter:
        made.append(RecordWriter(writers_connection(url), tmp_path / "journal"))
        made[-1].start()
        return made[-1]

    yield start
    for each in made:
        each.close(5)
