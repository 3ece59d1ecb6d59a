"""An agent's outgoing calls in the admin: for whom, to where, what stops them; codes of the phone; noes in words."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask_babel import force_locale
from web.browser import Browser
from web.played_engine import HEALTHY, PlayedEngine

from admin.contact_actions import not_dialled
from admin.dialling import dial_problems
from ari_app.dial_words import CODES
from models.tables import Account, AgentCallCenter, CallCenter, DestinationRule
from models.values.call import Role
from models.values.feature import Feature, read_codes


@pytest.fixture
def admin(app: Flask) -> Browser:
    return Browser(app, Role.ADMINISTRATOR)


def test_for_whom_an_agent_calls(admin: Browser) -> None:
    center = CallCenter.select().order_by(CallCenter.id).first()
    assert admin.fill("/agentes/6", calls_for=str(center.id)).status_code == 200, "with a secret for the phone"
    assert [(row.agent_id, row.call_center_id) for row in AgentCallCenter.select()] == [(6, center.id)]
    page = admin.get("/agentes/6").get_data(as_text=True)
    assert re.search(rf'name="calls_for".*?<option value="{center.id}" selected>', page, re.S)
    assert admin.fill("/agentes/6", calls_for="99999").status_code == 422
    assert admin.fill("/agentes/6", calls_for="").status_code == 302
    assert not AgentCallCenter.select().exists()


def test_where_an_agent_may_call_and_what_stops_them(make_app: Callable[..., Flask]) -> None:
    tripped = HEALTHY | {"breaker": [{"agent": 6, "limit": "calls", "at": 1_764_000_000_000}]}
    with PlayedEngine(answers={"/health": (200, tripped)}) as engine:
        admin = Browser(make_app(control_port=engine.port), Role.ADMINISTRATOR)
        DestinationRule.create(pattern="+1*", canonical="+1*", allowed=True, agent=6, note="EE. UU.")
        DestinationRule.create(pattern="+44*", canonical="+44*", allowed=True)
        page = admin.get("/agentes/6").get_data(as_text=True)
        other = admin.get("/agentes/3").get_data(as_text=True)
    assert "No puede llamar ahora: el agente llegó a su límite de llamadas por hora." in page
    assert "+1*" in page
    assert "Después, 1 regla de todos" in page
    assert "60 llamadas por hora" in page
    assert "No puede llamar ahora" not in other
    assert "No tiene reglas propias." in other


def test_the_codes_of_the_phone(admin: Browser) -> None:
    assert admin.fill("/cuenta", code_hold="#1", code_swap="", code_record="*9").status_code == 302
    codes = read_codes(Account.get().feature_codes)
    assert [codes.code_of(one) for one in (Feature.HOLD, Feature.SWAP, Feature.RECORD)] == ["#1", "", "*9"]
    for field, value, words in (
        ("code_hold", "12", "Es un * o # y una o dos cifras."),
        ("code_hold", "*2", "Se confunde con otro código."),
        ("code_hold", "*21", "Se confunde con otro código."),
    ):
        answer = admin.fill("/cuenta", **{field: value})
        assert answer.status_code == 422
        assert words in answer.get_data(as_text=True)
    empty = {f"code_{feature}": "" for feature in Feature}
    assert admin.fill("/cuenta", **empty).status_code == 302
    assert not read_codes(Account.get().feature_codes)


def test_every_no_of_the_engine_has_its_sentences(app: Flask) -> None:
    """End to end: each code that `POST /click2dial` may answer, in Spanish and English, on the desk and the lists."""
    told: dict[str, list[str]] = {}
    for locale in ("es", "en"):
        with app.test_request_context(), force_locale(locale):
            problems = {code: str(text) for code, text in dial_problems().items()}
            assert set(problems) >= CODES, "the desk"
            told[locale] = [problems[code] for code in sorted(CODES)] + [not_dialled(code) for code in sorted(CODES)]
        assert not [text for text in told[locale] if "_" in text or not text.endswith(".")], "a code is no sentence"
    assert not [es for es, en in zip(told["es"], told["en"], strict=True) if es == en]
