"""`demo-call` against a control API played by the test: what it asks, what it tells, and its exit status."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from played_server import PlayedServer
from rich.console import Console

from centralita import demo_call
from centralita.first_account import LOGINS_NAME
from models.secrets import Secrets
from models.settings import Settings

AVAILABLE = [{"id": 1, "state": "available", "reason": None, "since": 1, "connected": True, "call_id": None}]


def call(call_id: str, phase: str, agent: str | None = None, called: str = "+50640004000") -> dict[str, Any]:
    return {
        "call_id": call_id,
        "phase": phase,
        "call_center": "Ventas [Norte]",
        "called_number": called,
        "calling_number": "+50688887777",
        "offered_at": 1,
        "agent": agent,
    }


class Course:
    """GET /calls: one list after another; the last one stays."""

    def __init__(self, *lists: list[dict[str, Any]]) -> None:
        self._lists = list(lists)

    def __call__(self, _: Any) -> tuple[int, Any]:
        return 200, self._lists.pop(0) if len(self._lists) > 1 else self._lists[0]


@pytest.fixture
def engine(settings: Settings, play: Callable[[int], PlayedServer]) -> PlayedServer:
    played = play(settings.control_port)
    played.routes["GET /agents"] = lambda _: (200, AVAILABLE)
    played.routes["POST /demo-call"] = lambda _: (202, {"channel": "c", "number": "40004000", "caller": "88887777"})
    played.routes["GET /calls"] = lambda _: (200, [])
    return played


def run(settings: Settings, number: str | None = None, *, anyway: bool = False) -> tuple[int, str]:
    out = io.StringIO()
    status = demo_call.run(settings, Console(file=out, soft_wrap=True), number, None, anyway=anyway)
    return status, out.getvalue()


def test_the_call_is_followed_to_its_end(settings: Settings, engine: PlayedServer, secrets: Secrets) -> None:
    other = call("other", "talking", "Marco")
    engine.routes["GET /calls"] = Course(
        [other],
        [other],
        [other, call("new", "waiting")],
        [other, call("new", "alerting", "Lucía")],
        [other, call("new", "talking", "Lucía")],
        [other],
    )
    status, told = run(settings, "40004000")
    assert status == demo_call.OK
    lines = [line.split("  ")[-1].strip() for line in told.splitlines()]
    assert lines[0] == "Llamando de 88887777 a 40004000 …"
    assert lines[1] == "esperando a un agente · Ventas [Norte]"
    assert lines[2] == "timbrando · Ventas [Norte], agente Lucía"
    assert lines[3] == "conversando · Ventas [Norte], agente Lucía"
    assert "terminó" in lines[4]
    assert len(lines) == 5
    asked = [request for request in engine.requests if request[0] == "POST /demo-call"]
    assert asked == [("POST /demo-call", {"number": "40004000", "caller": None}, f"Bearer {secrets.control_token}")]


def test_another_callers_new_call_is_not_taken_for_ours(settings: Settings, engine: PlayedServer) -> None:
    engine.routes["GET /calls"] = Course(
        [], [call("stranger", "waiting", called="+50622223333")], [call("ours", "waiting")], []
    )
    status, told = run(settings)
    assert status == demo_call.OK
    assert told.count("esperando") == 1


def test_nobody_at_the_desk(settings: Settings, engine: PlayedServer) -> None:
    engine.routes["GET /agents"] = lambda _: (200, [{**AVAILABLE[0], "state": "offline"}])
    logins = [{"role": "agent", "email": "agente@example.test", "password": "k7wd-q2xm-9tbn"}]
    (settings.data_dir / LOGINS_NAME).write_text(json.dumps(logins))
    status, told = run(settings)
    assert status == demo_call.NO_AGENT
    assert f"http://127.0.0.1:{settings.web_port}/desk" in told
    assert "agente@example.test / k7wd-q2xm-9tbn" in told
    assert not [request for request in engine.requests if request[0] == "POST /demo-call"]


def test_anyway_calls_without_an_agent(settings: Settings, engine: PlayedServer) -> None:
    engine.routes["GET /agents"] = lambda _: (200, [])
    engine.routes["GET /calls"] = Course([], [call("new", "announcing")], [])
    status, told = run(settings, anyway=True)
    assert status == demo_call.OK
    assert "oyendo un mensaje" in told


def test_the_engine_is_down(settings: Settings) -> None:
    status, told = run(settings)
    assert status == demo_call.FAILED
    assert f"El motor no responde en el puerto {settings.control_port}" in told


def test_never_started(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings(language="en")
    status, told = run(settings)
    assert status == demo_call.FAILED
    assert "The engine does not answer" in told
    assert not settings.data_dir.exists(), "looking makes nothing"


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("switch_away", 503, "no tiene conexión con Asterisk"),
        ("demo_off", 404, "CENTRALITA_DEMO=true"),
        ("internal", 500, "The engine made a mistake [sic]"),
    ],
)
def test_refusals_in_words(settings: Settings, engine: PlayedServer, code: str, status: int, words: str) -> None:
    engine.routes["POST /demo-call"] = lambda _: (
        status,
        {"error": code, "message": "The engine made a mistake [sic]"},
    )
    result, told = run(settings)
    assert result == demo_call.FAILED
    assert words in told


def test_a_number_that_cannot_be_dialled(settings: Settings, engine: PlayedServer) -> None:
    engine.routes["POST /demo-call"] = lambda _: (400, {"error": "malformed", "message": "The body …"})
    result, told = run(settings, "[b]hola")
    assert result == demo_call.FAILED
    assert "[b]hola no es un número" in told


def test_the_call_never_arrives(settings: Settings, engine: PlayedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_call, "APPEAR_SECONDS", 0.3)
    result, told = run(settings)
    assert result == demo_call.FAILED
    assert "no llegó al motor" in told


def test_watching_is_bounded(settings: Settings, engine: PlayedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_call, "FOLLOW_SECONDS", 0.3)
    engine.routes["GET /calls"] = Course([], [call("new", "talking", "Lucía")])
    result, told = run(settings)
    assert result == demo_call.OK
    assert "sigue en curso" in told
