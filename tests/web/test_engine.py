"""The engine's client, over real sockets; and what a page says when the engine agrees, refuses or is away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from web.browser import Browser, notices
from web.played_engine import HEALTHY, PlayedEngine

from admin.desk_news import tell_desks
from admin.engine import Away, Engine, InForce, Refused
from models.secrets import Secrets
from models.tables import Agent, CallCenter
from models.values.call import Role


@pytest.fixture
def engine() -> Iterator[PlayedEngine]:
    with PlayedEngine() as played:
        yield played


def client(engine: PlayedEngine, **times: float) -> Engine:
    return Engine(engine.port, "the-token", **times)


class TestClient:
    def test_reload(self, engine: PlayedEngine) -> None:
        assert client(engine).reload() == InForce(7)
        assert engine.asked[0].authorization == "Bearer the-token"
        assert engine.asked[0].method == "POST"

    def test_refused(self, engine: PlayedEngine) -> None:
        engine.answers["/reload"] = (409, {"error": "invalid_snapshot", "problems": ["One.", "Two."]})
        assert client(engine).reload() == Refused(("One.", "Two."))

    def test_away(self, nobody_answers: int) -> None:
        answer = Engine(nobody_answers, "x").reload()
        assert isinstance(answer, Away)
        assert Engine(nobody_answers, "x").health() is None
        assert Engine(nobody_answers, "x").agents() is None
        assert Engine(nobody_answers, "x").logout(1, cause="user") is False

    @pytest.mark.parametrize("status", [401, 500, 503])
    def test_other_answers_are_as_good_as_none(self, engine: PlayedEngine, status: int) -> None:
        engine.answers["/reload"] = (status, {"error": "x"})
        assert isinstance(client(engine).reload(), Away)

    @pytest.mark.parametrize("raw", [b"", b"not json", b"\xff\xfe", b"[1,2", b'"text"'])
    def test_garbage(self, engine: PlayedEngine, raw: bytes) -> None:
        engine.raw = raw
        engine.answers |= {"/health": (200, None), "/agents": (200, None)}
        assert client(engine).health() is None
        assert client(engine).agents() is None
        client(engine).reload()

    def test_slow_is_away(self, engine: PlayedEngine) -> None:
        engine.hold = threading.Event()
        begun = time.monotonic()
        assert isinstance(client(engine, reload_timeout=0.2).reload(), Away)
        assert time.monotonic() - begun < 2

    def test_health_says_what_is_missing(self, engine: PlayedEngine) -> None:
        engine.answers["/health"] = (503, HEALTHY | {"switch": {"connected": False}})
        told = client(engine).health()
        assert told is not None
        assert told["switch"] == {"connected": False}

    def test_the_environments_proxy_is_not_asked(self, engine: PlayedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        with PlayedEngine() as proxy:
            monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
            assert client(engine).reload() == InForce(7)
            assert proxy.asked == []


class TestNews:
    def test_told_by_the_way_and_no_page_waits_for_an_engine_that_is_stuck(
        self, engine: PlayedEngine, make_app: Callable[..., Flask], secrets: Secrets
    ) -> None:
        engine.answers["/news"] = (202, {})
        engine.hold = threading.Event()
        with make_app(control_port=engine.port).app_context():
            begun = time.monotonic()
            tell_desks("tickets", {9, 7}, {"ticket": 1})
            tell_desks("messages", [], {"nobody": True})
            tell_desks("printing", None, {})
            assert time.monotonic() - begun < 1
        engine.hold.set()
        deadline = time.monotonic() + 20
        while len(engine.asked) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [(asked.path, asked.body) for asked in engine.asked] == [
            ("/news", {"topic": "tickets", "agents": [7, 9], "about": {"ticket": 1}}),
            ("/news", {"topic": "printing", "agents": None, "about": {}}),
        ]
        assert engine.asked[0].authorization == f"Bearer {secrets.control_token}"

    def test_the_engines_answer(self, engine: PlayedEngine, nobody_answers: int) -> None:
        engine.answers["/news"] = (202, {})
        assert client(engine).news("tickets", None, {}) is True
        engine.answers["/news"] = (400, {"error": "malformed"})
        assert client(engine).news("tickets", None, {}) is False
        assert Engine(nobody_answers, "x").news("tickets", [1], {}) is False


class TestPages:
    @pytest.fixture
    def at_work(self, engine: PlayedEngine, make_app: Callable[..., Flask]) -> Browser:
        return Browser(make_app(control_port=engine.port), Role.ADMINISTRATOR)

    def test_a_change_of_routing_is_in_force(self, at_work: Browser, engine: PlayedEngine, secrets: Secrets) -> None:
        assert at_work.fill("/callcenters/1", wrap_up_seconds="7").status_code == 302
        assert engine.paths() == ["POST /reload"]
        assert engine.asked[0].authorization == f"Bearer {secrets.control_token}"
        assert notices(at_work.get("/callcenters/")) == ["Guardado: Soporte Técnico Teslín. Rige desde ahora."]

    def test_the_engine_is_told_after_the_commit(
        self, at_work: Browser, engine: PlayedEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = []
        answer = Engine.reload

        def look(self: Engine) -> object:
            database = CallCenter._meta.database
            seen.append((CallCenter.get_by_id(1).wrap_up_seconds, database.in_transaction()))
            return answer(self)

        monkeypatch.setattr(Engine, "reload", look)
        at_work.fill("/callcenters/1", wrap_up_seconds="8")
        assert seen == [(8, False)]

    @pytest.mark.parametrize(
        ("path", "data"),
        [
            ("/agentes/nuevo", {"name": "N", "email": "n@x.example", "role": "agent", "phone_kind": "virtual"}),
            ("/grupos-de-agentes/nuevo", {"name": "N"}),
            ("/ips-click2dial/nuevo", {"address": "127.0.0.1"}),
            ("/adicionales/nuevo", {"name": "N", "kind": "text"}),
            ("/agentes/6/secreto", {}),
            ("/callcenters/1/desactivar", {}),
            ("/grupos-de-agentes/1/eliminar", {}),
        ],
    )
    def test_all_that_routes_reloads(
        self, at_work: Browser, engine: PlayedEngine, path: str, data: dict[str, str]
    ) -> None:
        assert at_work.post(path, data).status_code in (200, 302)
        assert engine.paths() == ["POST /reload"]

    def test_what_does_not_route_does_not(self, at_work: Browser, engine: PlayedEngine) -> None:
        at_work.fill("/companias/1", description="x")
        at_work.fill("/contactos/1", name="x")
        at_work.fill("/disposiciones/1", position="3")
        assert engine.asked == []

    def test_refused_nothing_is_asked(self, at_work: Browser, engine: PlayedEngine) -> None:
        assert at_work.fill("/callcenters/1", color="red").status_code == 422
        assert engine.asked == []

    def test_it_is_saved_and_the_problems_are_shown(self, at_work: Browser, engine: PlayedEngine) -> None:
        engine.answers["/reload"] = (409, {"error": "invalid_snapshot", "problems": ["Agent <b>'X'</b>: no digits."]})
        assert at_work.fill("/callcenters/1", wrap_up_seconds="9").status_code == 302
        page = at_work.get("/callcenters/")
        assert "sigue con la anterior" in notices(page)[0]
        assert "Agent <b>'X'</b>: no digits." in notices(page)[0]
        assert "<b>'X'" not in page.get_data(as_text=True)
        assert CallCenter.get_by_id(1).wrap_up_seconds == 9

    def test_away_it_is_saved_and_said(self, admin: Browser) -> None:
        assert admin.fill("/callcenters/1", wrap_up_seconds="9").status_code == 302
        assert "regirá cuando vuelva" in notices(admin.get("/callcenters/"))[0]
        assert CallCenter.get_by_id(1).wrap_up_seconds == 9

    def test_the_pill(self, at_work: Browser, engine: PlayedEngine, admin: Browser) -> None:
        engine.answers["/health"] = (200, HEALTHY)
        assert at_work.get("/engine").json == {"state": "ok", "calls": 2, "desks": 3}
        engine.answers["/health"] = (503, HEALTHY | {"database": {"ok": False, "journal": 4}})
        assert at_work.get("/engine").json["state"] == "part"
        assert admin.get("/engine").json == {"state": "away"}

    @pytest.mark.parametrize("health", [HEALTHY, HEALTHY | {"database": {"ok": False, "journal": 4}}, {"engine": "ok"}])
    def test_the_first_page(self, at_work: Browser, engine: PlayedEngine, health: dict[str, object]) -> None:
        engine.answers["/health"] = (200, health)
        assert at_work.get("/").status_code == 200

    def test_the_first_page_says_when_nothing_is_recorded(self, at_work: Browser, engine: PlayedEngine) -> None:
        told = {"enough": True, "free_mb": 700, "limit_mb": 1024}
        for enough in (True, False):
            engine.answers["/health"] = (200, HEALTHY | {"recordings": told | {"enough": enough}})
            page = at_work.get("/").get_data(as_text=True)
            assert ("quedan 700 MB libres en el disco y se piden 1024" in page) is not enough

    def test_logging_out_ends_the_desk(self, engine: PlayedEngine, make_app: Callable[..., Flask]) -> None:
        agent = Browser(make_app(control_port=engine.port), Role.AGENT)
        with agent.client.session_transaction() as session:
            sid = session["sid"]
        agent.post("/logout")
        row = Agent.get(Agent.email == "agente@centralita.example")
        assert engine.paths() == [f"POST /agents/{row.id}/logout"]
        assert engine.asked[0].body == {"cause": "user", "session": sid}
