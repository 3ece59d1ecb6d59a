"""A fake Asterisk for the ARI client: a websocket server that does what each test tells it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Coroutine
from http import HTTPStatus
from typing import Any

import pytest
import uvloop
from websockets.asyncio.server import ServerConnection, serve

from ari_app.ari.client import WebsocketAri
from ari_app.ari.decode import Decoded
from ari_app.ari.operations import OPERATIONS
from ari_app.ari.port import Disconnected
from centralita.embedded import AsteriskDist

USER, PASSWORD = "centralita", "secret ñ:€"


class FakeAsterisk:
    """Answers each request with `answer(request) -> (status, body) | None` (None: never)."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.handshakes: list[str] = []
        self.connections: list[ServerConnection] = []
        self.answer: Callable[[dict[str, Any]], tuple[int, Any] | None] = lambda request: (204, None)
        self.before_first_request: list[dict[str, Any] | bytes | str] = []
        self.refuse_with: HTTPStatus | None = None
        self.lists: dict[str, tuple[int, Any] | None] = {}
        """What it answers over HTTP (None: never), by address."""

    async def __aenter__(self) -> FakeAsterisk:
        self._server = await serve(
            self._serve, "127.0.0.1", 0, process_request=self._handshake, compression=None, ping_interval=None
        )
        self.port = int(next(iter(self._server.sockets)).getsockname()[1])
        return self

    async def __aexit__(self, *exception: object) -> None:
        for connection in self.connections:
            connection.transport.abort()
        self._server.close()
        await self._server.wait_closed()

    async def _handshake(self, connection: ServerConnection, request: Any) -> Any:
        self.handshakes.append(request.path)
        key = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {key}":
            return connection.respond(HTTPStatus.UNAUTHORIZED, "no")
        if "Upgrade" not in request.headers:
            return await self._list(connection, request.path.removeprefix("/ari/"))
        if self.refuse_with is not None:
            return connection.respond(self.refuse_with, "no")
        return None

    async def _list(self, connection: ServerConnection, uri: str) -> Any:
        answered = self.lists.get(uri, (404, {"message": "unknown"}))
        if answered is None:
            while not connection.transport.is_closing():  # noqa: ASYNC110  until who asked gives up
                await asyncio.sleep(0.01)
        status, body = answered or (504, None)
        return connection.respond(HTTPStatus(status), json.dumps(body))

    async def _serve(self, connection: ServerConnection) -> None:
        self.connections.append(connection)
        for message in self.before_first_request:
            await connection.send(message if isinstance(message, (str, bytes)) else json.dumps(message), text=True)
        async for raw in connection:
            request = json.loads(raw)
            self.requests.append(request)
            answered = self.answer(request)
            if answered is not None:
                await self.respond(connection, request, *answered)

    async def respond(self, connection: ServerConnection, request: dict[str, Any], status: int, body: Any) -> None:
        answer = {
            "type": "RESTResponse",
            "transaction_id": request["transaction_id"],
            "request_id": request["request_id"],
            "status_code": status,
            "reason_phrase": HTTPStatus(status).phrase,
            "uri": request["uri"],
        }
        if body is not None:
            answer |= {"content_type": "application/json", "message_body": json.dumps(body)}
        await connection.send(json.dumps(answer))

    async def event(self, message: dict[str, Any] | str | bytes) -> None:
        """Sends an event (or raw text) on the newest connection."""
        raw = message if isinstance(message, (str, bytes)) else json.dumps(message)
        await self.connections[-1].send(raw, text=True)

    @property
    def worked(self) -> list[dict[str, Any]]:
        """The requests but the event filters."""
        return [request for request in self.requests if "eventFilter" not in request["uri"]]


class Engine:
    """What an engine would be told by its driver, in order; and the driver."""

    def __init__(self, port: int, **options: Any) -> None:
        options = {"first_delay": 0.01, "longest_delay": 0.05, **options}
        self.ari = WebsocketAri(
            f"http://127.0.0.1:{port}/ari",
            "centralita",
            options.pop("user", USER),
            options.pop("password", PASSWORD),
            clock=lambda: 1000,
            **options,
        )
        self.told: list[Decoded | Disconnected | str] = []

    async def __aenter__(self) -> Engine:
        self.ari.start(self.told.append, lambda: self.told.append("connected"), self.told.append)
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.ari.close()

    @property
    def events(self) -> list[Any]:
        return [told.event for told in self.told if isinstance(told, Decoded)]

    @property
    def downs(self) -> list[Disconnected]:
        return [told for told in self.told if isinstance(told, Disconnected)]

    async def up(self, times: int = 1, seconds: float = 5.0) -> None:
        await until(lambda: self.told.count("connected") >= times, seconds)


async def until(condition: Callable[[], Any], seconds: float = 5.0) -> None:
    """Returns when `condition` is true; AssertionError when it does not come true."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  a condition of anybody's
            await asyncio.sleep(0.005)


Scenario = Callable[[], Coroutine[Any, Any, None]]


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Scenario], None]:
    """Runs a test's coroutine on each kind of event loop."""

    def in_loop(scenario: Scenario) -> None:
        factory = uvloop.new_event_loop if request.param == "uvloop" else None
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(asyncio.wait_for(scenario(), 30))

    return in_loop


@pytest.fixture
def fake() -> type[FakeAsterisk]:
    return FakeAsterisk


@pytest.fixture
def engine() -> type[Engine]:
    return Engine


@pytest.fixture
def eventually() -> Callable[..., Awaitable[None]]:
    return until


@pytest.fixture(scope="session")
def asterisk_dist_api(asterisk_dist: AsteriskDist) -> dict[str, Any]:
    """Our operations as Asterisk's own API documents (rest-api/*.json) have them, by `resource.nickname`."""
    folder = asterisk_dist.data_dir / "rest-api"
    found: dict[str, Any] = {}
    for file in folder.glob("*.json"):
        for api in json.loads(file.read_text()).get("apis", []):
            for operation in api.get("operations", []):
                name = f"{file.stem}.{operation['nickname']}"
                parameters = operation.get("parameters", [])

                def named(kind: str, parameters: Any = parameters) -> set[str]:
                    return {p["name"] for p in parameters if p["paramType"] == kind}

                ours = OPERATIONS.get(name)
                found[name] = {
                    "method": operation["httpMethod"],
                    "uri": api["path"],
                    "path": {part[1:-1] for part in api["path"].split("/") if part.startswith("{")},
                    "unknown query": set(ours.query) - named("query") if ours else set(),
                    "unknown body": {*ours.body, *([ours.whole_body] if ours.whole_body else [])} - named("body")
                    if ours
                    else set(),
                    # Some path parameters are not marked as required there; they are all the same.
                    "required": {p["name"] for p in parameters if p.get("required")} | named("path"),
                }
    return found
