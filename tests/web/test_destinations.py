"""*Destinos*: what is saved, what the engine is asked, what is shown of the breaker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from flask import Flask
from web.browser import Browser, notices
from web.played_engine import HEALTHY, PlayedEngine

from models.tables import Account, Agent, BreakerLimits, DestinationPrice, DestinationRule
from models.values.call import Role

TRIPPED = HEALTHY | {"breaker": [{"agent": 1, "limit": "spend", "at": 1_764_000_000_000}]}


@pytest.fixture
def engine() -> Iterator[PlayedEngine]:
    with PlayedEngine() as played:
        yield played


@pytest.fixture
def at_work(engine: PlayedEngine, make_app: Callable[..., Flask]) -> Browser:
    return Browser(make_app(control_port=engine.port), Role.ADMINISTRATOR)


def test_a_rule_is_saved_and_rules_at_once(at_work: Browser, engine: PlayedEngine) -> None:
    rule = {"pattern": "+1 *", "allowed": "y", "agent": "", "note": "EE. UU."}
    assert at_work.post("/destinos/nuevo", rule).status_code == 302
    saved = DestinationRule.get()
    assert (saved.pattern, saved.canonical, saved.allowed, saved.agent) == ("+1*", "+1*", True, None)
    assert engine.paths()[-1] == "POST /reload"
    page = at_work.get("/destinos/").get_data(as_text=True)
    assert "+1*" in page
    assert "Todos" in page
    assert at_work.post("/destinos/nuevo", rule).status_code == 422, "the same numbers for the same agents twice"
    assert at_work.post("/destinos/nuevo", rule | {"agent": "1"}).status_code == 302
    assert at_work.post("/destinos/nuevo", {"pattern": "8*8"}).status_code == 422
    assert DestinationRule.select().count() == 2


def test_limits_and_prices_are_saved_whole_or_not_at_all(at_work: Browser, engine: PlayedEngine) -> None:
    sent = {
        "default": "abroad", "agent.calls_per_hour": "40", "agent.new_countries_per_day": "2",
        "agent.spend_per_day": "1500.50", "account.calls_per_hour": "", "account.new_countries_per_day": "",
        "account.spend_per_day": "", "prices": "506 12.5\n+1 30\n",
    }  # fmt: skip
    assert at_work.post("/destinos/limites", sent).status_code == 302
    assert Account.get_by_id(1).outbound_default == "abroad"
    limits = {row.scope.value: row for row in BreakerLimits.select()}
    assert (limits["agent"].calls_per_hour, limits["agent"].spend_per_day) == (40, Decimal("1500.50"))
    assert limits["account"].calls_per_hour is None
    assert {row.prefix: row.price for row in DestinationPrice.select()} == {"506": Decimal("12.5"), "1": Decimal(30)}

    assert at_work.post("/destinos/limites", sent | {"prices": "506 gratis"}).status_code == 302
    assert "506 gratis" in at_work.get("/destinos/").get_data(as_text=True)
    assert DestinationPrice.select().count() == 2, "nothing was saved"
    assert at_work.post("/destinos/limites", sent | {"default": "moon"}).status_code == 400


def test_what_is_tripped_is_shown_and_released(at_work: Browser, engine: PlayedEngine) -> None:
    engine.answers |= {"/health": (200, TRIPPED), "/breaker/release": (204, None)}
    who = Agent.get_by_id(1)
    page = at_work.get("/destinos/").get_data(as_text=True)
    assert "El freno contra fraude está activado." in page
    assert who.name in page
    assert "límite de gasto por día" in page
    assert "El freno contra fraude" in at_work.get("/").get_data(as_text=True), "the banner on the first page"

    assert at_work.post("/destinos/liberar", {"agent": "1"}).status_code == 302
    asked = [one for one in engine.asked if one.path == "/breaker/release"]
    assert len(asked) == 1
    assert asked[0].body["agent"] == 1
    assert "Liberado: se cuenta de nuevo desde ahora." in notices(at_work.get("/destinos/"))
    assert at_work.post("/destinos/liberar", {"agent": "999"}).status_code == 404


def test_only_an_administrator(engine: PlayedEngine, make_app: Callable[..., Flask]) -> None:
    supervisor = Browser(make_app(control_port=engine.port), Role.SUPERVISOR)
    assert supervisor.get("/destinos/").status_code == 403
    assert supervisor.post("/destinos/liberar", {"agent": "1"}).status_code == 403
    assert engine.asked == []
