"""The control API over real HTTP on loopback; the engine behind it writes down what it was asked."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import aiohttp
import pytest

from ari_app.control import ControlRefusal, ControlServer

TOKEN = "the control token of this test"


class RecordingEngine:
    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.switch_connected = True
        self.database_ok = True

    async def health(self) -> dict[str, Any]:
        return {"engine": "ok", "switch": {"connected": self.switch_connected}, "database": {"ok": self.database_ok}}

    async def reload(self) -> dict[str, Any]:
        if self.asked:
            raise ControlRefusal(409, "invalid_snapshot", "The tables are not valid.", problems=["40004000 twice"])
        self.asked.append(("reload",))
        return {"generation": 7}

    async def calls(self) -> list[dict[str, Any]]:
        return [{"call_id": "centralita-1.1", "phase": "talking"}]

    async def agents(self) -> list[dict[str, Any]]:
        raise RuntimeError("a bug of the engine")

    async def logout(self, agent: int, cause: str, session: str | None) -> None:
        self.asked.append(("logout", agent, cause, session))

    async def login(self, agent: int, address: str, device: str) -> dict[str, Any]:
        if address == "203.0.113.7":
            raise ControlRefusal(403, "address_not_allowed", "The telephone's address is not allowed.")
        self.asked.append(("login", agent, address, device))
        return {"id": agent, "state": "available"}

    async def pause(self, agent: int, reason: str | None) -> dict[str, Any]:
        self.asked.append(("pause", agent, reason))
        return {"id": agent, "state": "paused"}

    async def available(self, agent: int) -> dict[str, Any]:
        raise ControlRefusal(409, "not_logged_in", "The agent is not logged in.")

    async def hangup(self, call: str, agent: int | None) -> None:
        if call == "unknown":
            raise ControlRefusal(404, "no_such_call", "There is no such call.")
        self.asked.append(("hangup", call, agent))

    async def news(self, agents: list[int] | None, topic: str, about: dict[str, Any]) -> None:
        self.asked.append(("news", agents, topic, about))

    async def messages_queued(self) -> None:
        self.asked.append(("messages_queued",))

    async def demo_call(self, number: str | None, caller: str | None) -> dict[str, Any]:
        if number == "1":
            await asyncio.sleep(3600)
        self.asked.append(("demo_call", number, caller))
        return {"channel": "centralita-x", "number": number, "caller": caller}


@pytest.fixture
def ask():
    """`ask(engine, (method, path, options), …)` – the (status, JSON) of each request, one server for all."""

    def run(engine: RecordingEngine, *requests: tuple[str, str, dict[str, Any]]) -> list[tuple[int, Any]]:
        async def scene() -> list[tuple[int, Any]]:
            server = ControlServer(engine, token=TOKEN, handler_seconds=0.5)
            await server.start(0)
            try:
                async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as client:
                    answers = []
                    for method, path, options in requests:
                        headers = {"Authorization": f"Bearer {TOKEN}"}
                        async with client.request(method, path, **{"headers": headers, **options}) as answer:
                            answers.append((answer.status, await answer.json() if answer.status != 204 else None))
                    return answers
            finally:
                await server.stop()

        return asyncio.run(scene())

    return run


def test_an_agent_logs_in_and_pauses_on_the_phone(ask) -> None:
    engine = RecordingEngine()
    answers = ask(
        engine,
        ("POST", "/agents/7/login", {"json": {"address": "192.0.2.1", "device": "8330107"}}),
        ("POST", "/agents/7/login", {"json": {"address": "203.0.113.7"}}),
        ("POST", "/agents/7/pause", {"json": {"reason": "lunch"}}),
        ("POST", "/agents/7/pause", {}),
        ("POST", "/agents/7/available", {}),
    )
    assert [(status, body.get("error")) for status, body in answers] == [
        (200, None),
        (403, "address_not_allowed"),
        (200, None),
        (200, None),
        (409, "not_logged_in"),
    ]
    assert answers[0][1] == {"id": 7, "state": "available"}
    assert engine.asked == [("login", 7, "192.0.2.1", "8330107"), ("pause", 7, "lunch"), ("pause", 7, None)]


def test_what_is_documented_reaches_the_engine(ask) -> None:
    engine = RecordingEngine()
    answers = ask(
        engine,
        ("GET", "/health", {"headers": {}}),
        ("POST", "/reload", {}),
        ("GET", "/calls", {}),
        ("POST", "/agents/7/logout", {"json": {"cause": "user", "session": "abc"}}),
        ("POST", "/agents/7/logout", {"json": {"cause": "administrator"}}),
        ("POST", "/calls/centralita-1.1/hangup", {"json": {"agent": 7}}),
        ("POST", "/calls/centralita-1.1/hangup", {}),
        ("POST", "/demo-call", {"json": {"number": "40004000", "caller": "+50688887777"}}),
        ("POST", "/demo-call", {}),
        ("POST", "/news", {"json": {"agents": [7, 8], "topic": "tickets", "about": {"ticket": 12, "what": "ñ"}}}),
        ("POST", "/news", {"json": {"agents": None, "topic": "printing", "about": {}}}),
        ("POST", "/messages/queued", {}),
        ("POST", "/reload", {}),
    )
    assert [status for status, _ in answers] == [200, 200, 200, 204, 204, 202, 202, 202, 202, 202, 202, 202, 409]
    assert engine.asked == [
        ("reload",),
        ("logout", 7, "user", "abc"),
        ("logout", 7, "administrator", None),
        ("hangup", "centralita-1.1", 7),
        ("hangup", "centralita-1.1", None),
        ("demo_call", "40004000", "+50688887777"),
        ("demo_call", None, None),
        ("news", [7, 8], "tickets", {"ticket": 12, "what": "ñ"}),
        ("news", None, "printing", {}),
        ("messages_queued",),
    ]
    assert answers[1][1] == {"generation": 7}
    assert answers[2][1] == [{"call_id": "centralita-1.1", "phase": "talking"}]
    assert answers[-1][1] == {
        "error": "invalid_snapshot",
        "message": "The tables are not valid.",
        "problems": ["40004000 twice"],
    }


@pytest.mark.parametrize(("switch", "database", "status"), [(True, True, 200), (False, True, 503), (True, False, 503)])
def test_health_is_503_when_a_part_is_away(ask, switch, database, status) -> None:
    engine = RecordingEngine()
    engine.switch_connected, engine.database_ok = switch, database
    answered, body = ask(engine, ("GET", "/health", {"headers": {}}))[0]
    assert (answered, body["switch"]["connected"]) == (status, switch)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"bearer {TOKEN}"},
        {"Authorization": "Bearer ñ"},
        {"Authorization": f"Basic {TOKEN}"},
    ],
)
def test_without_the_token_nothing_is_told_or_done(ask, headers) -> None:
    engine = RecordingEngine()
    refused = ask(
        engine,
        ("POST", "/reload", {"headers": headers}),
        ("GET", "/calls", {"headers": headers}),
        ("GET", "/no-such-path", {"headers": headers}),
    )
    assert [(status, body["error"]) for status, body in refused] == [(401, "unauthorized")] * 3
    assert engine.asked == []


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "error"),
    [
        ("POST", "/agents/7/logout", {}, 400, "malformed"),
        ("POST", "/agents/7/logout", {"json": {"cause": "whim"}}, 400, "malformed"),
        ("POST", "/agents/7/logout", {"json": {"cause": "user", "more": 1}}, 400, "malformed"),
        ("POST", "/agents/x/logout", {"json": {"cause": "user"}}, 404, "no_such_agent"),
        ("POST", "/agents/7/login", {}, 400, "malformed"),
        ("POST", "/agents/7/login", {"json": {"address": ""}}, 400, "malformed"),
        ("POST", "/agents/7/pause", {"json": {"reason": "a\nb"}}, 400, "malformed"),
        ("POST", "/agents/7/available", {"json": {"reason": "x"}}, 400, "malformed"),
        ("POST", "/agents/x/pause", {}, 404, "no_such_agent"),
        ("POST", "/calls/a/hangup", {"data": b"{not json"}, 400, "malformed"),
        ("POST", "/calls/a/hangup", {"data": b"\xff"}, 400, "malformed"),
        ("POST", "/calls/a/hangup", {"json": {"agent": "7"}}, 400, "malformed"),
        ("POST", "/calls/a/hangup", {"data": b"[" * 10_000}, 400, "malformed"),
        ("POST", "/calls/unknown/hangup", {}, 404, "no_such_call"),
        ("POST", "/demo-call", {"json": {"number": "4000\n4000"}}, 400, "malformed"),
        ("POST", "/demo-call", {"data": b" " * 20_000}, 413, "request_entity_too_large"),
        ("POST", "/demo-call", {"json": {"number": "1"}}, 503, "timeout"),
        ("POST", "/news", {"json": {"topic": "tickets"}}, 400, "malformed"),
        ("POST", "/news", {"json": {"agents": [0], "topic": "tickets"}}, 400, "malformed"),
        ("POST", "/news", {"json": {"agents": None, "topic": "weather"}}, 400, "malformed"),
        ("POST", "/news", {"json": {"agents": None, "topic": "tickets", "about": {"a": [1]}}}, 400, "malformed"),
        ("POST", "/news", {"json": {"agents": None, "topic": "tickets", "about": {"a": "x" * 1024}}}, 400, "malformed"),
        ("GET", "/reload", {}, 405, "method_not_allowed"),
        ("GET", "/", {}, 404, "not_found"),
        ("GET", "/agents", {}, 500, "internal"),
    ],
)
def test_every_refusal_is_json_with_a_code_and_the_next_request_is_served(
    ask, method, path, options, status, error
) -> None:
    engine = RecordingEngine()
    refused, served = ask(engine, (method, path, options), ("GET", "/calls", {}))
    assert (refused[0], refused[1]["error"]) == (status, error)
    assert refused[1]["message"].endswith(".") or error == "malformed"
    assert served[0] == 200
    assert engine.asked == []


def test_it_listens_on_loopback_only_and_says_when_the_port_is_taken() -> None:
    async def scene() -> None:
        server, second = ControlServer(RecordingEngine(), token=TOKEN), ControlServer(RecordingEngine(), token=TOKEN)
        await server.start(0)
        try:
            with pytest.raises(OSError, match="address already in use"):
                await second.start(server.port)
            # Another address of this machine's own loopback network: a wildcard bind would answer it.
            with socket.socket() as probe:
                assert probe.connect_ex(("127.0.0.2", server.port)) != 0
        finally:
            await server.stop()
            await second.stop()

    asyncio.run(scene())


def test_an_empty_token_is_refused_at_start() -> None:
    with pytest.raises(ValueError, match="token"):
        ControlServer(RecordingEngine(), token="")
