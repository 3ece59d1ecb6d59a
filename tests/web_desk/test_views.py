"""The desk's page, its token, and what it reads."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from models import tokens
from models.secrets import Secrets
from models.tables import (
    Agent,
    AgentPresence,
    CallCenter,
    Company,
    Contact,
    Disposition,
    IpRule,
    PauseReason,
    TicketPriority,
    TicketState,
)
from models.values.call import LegOutcome

LogIn = Callable[..., Any]
Record = Callable[..., None]


def test_the_token_names_agent_session_and_address(log_in: LogIn, agent: Any, secrets: Secrets) -> None:
    ana = log_in("Ana")
    answer = ana.get("/desk/token")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    claims = tokens.verify(secrets.token_key, answer.json["token"])
    with ana.client.session_transaction() as session:
        assert claims.session_id == session["sid"]
    assert (claims.agent_id, claims.address) == (agent("Ana").id, "127.0.0.1")
    assert answer.json["url"] == "ws://localhost:8001/desk"


def test_no_token_without_a_phone(log_in: LogIn) -> None:
    answer = log_in("Caro").get("/desk/token")
    assert (answer.status_code, answer.json["error"]) == (403, "no_phone")


def test_no_token_from_an_address_that_is_not_allowed(log_in: LogIn) -> None:
    ana = log_in("Ana")
    IpRule.create(address="10.0.0.0", mask="255.0.0.0", network="10.0.0.0/8")
    assert ana.get("/desk/token").status_code == 403
    assert ana.get("/desk/recent").status_code == 401  # the session ended with it


def test_whom_a_call_can_be_passed_on_to(log_in: LogIn, agent: Any) -> None:
    colleagues = (("Élida", "103", "available"), ("dana", "104", "available"), ("Eva", "105", "paused"))
    for name, endpoint, state in colleagues:
        row = Agent.create(name=name, email=f"{name}@prueba.example", endpoint=endpoint, password_hash="", active=True)
        AgentPresence.create(agent=row, state=state)
    Agent.create(name="Se fue", email="f@prueba.example", endpoint="106", password_hash="", active=False)
    for name, active in (("Óptica", True), ("Norte", True), ("Cerrado", False)):
        CallCenter.create(name=name, active=active)
    answer = log_in("Ana").get("/desk/targets")
    assert answer.status_code == 200
    assert [(row["name"], row["endpoint"], row["state"]) for row in answer.json["agents"]] == [
        ("dana", "104", "available"),
        ("Élida", "103", "available"),
        ("Eva", "105", "paused"),
        ("Beto", "102", "offline"),
    ]
    assert [row["name"] for row in answer.json["call_centers"]] == ["Norte", "Óptica"]


def test_the_page_carries_no_script_of_its_own_and_hands_data_over_as_data(log_in: LogIn) -> None:
    Disposition.create(name='</script><script>alert("1")</script>')
    PauseReason.create(name='Café "con" <leche>')
    page = log_in("Ana").client.get("/desk").get_data(as_text=True)
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL)
    assert [("application/json" in kind, bool(text.strip())) for kind, text in scripts] == [
        (True, True),
        (False, False),
    ]
    assert json.loads(scripts[0][1])["dispositions"][0]["name"] == '</script><script>alert("1")</script>'
    assert 'data-reason="Café &#34;con&#34; &lt;leche&gt;"' in page
    assert not re.search(r"\son[a-z]+\s*=", page)
    assert " style=" not in page


def test_static_files_are_kept_for_ever_under_the_hash_of_their_content(log_in: LogIn) -> None:
    ana = log_in("Ana")
    page = ana.client.get("/desk").get_data(as_text=True)
    address = re.search(r'src="(/desk/static/([0-9a-f]+)/desk\.js)"', page)
    assert address is not None
    answer = ana.client.get(address[1])
    assert answer.status_code == 200
    assert "javascript" in answer.headers["Content-Type"]
    assert "max-age=31536000" in answer.headers["Cache-Control"]
    answer.close()
    assert ana.client.get(address[1].replace(address[2], "0" * 12)).status_code == 404
    assert ana.client.get(f"/desk/static/{address[2]}/../views.py").status_code == 404
    # Every module that a script names is there.
    names = set(re.findall(r'from "\./([\w-]+\.js)"', _all_scripts()))
    for name in names:
        assert ana.client.get(f"/desk/static/{address[2]}/{name}").status_code == 200, name


def _all_scripts() -> str:
    from admin.desk.assets import STATIC

    return "\n".join(path.read_text("utf-8") for path in STATIC.glob("*.js"))


def test_every_text_that_a_script_says_has_words(log_in: LogIn) -> None:
    page = log_in("Ana").client.get("/desk").get_data(as_text=True)
    data = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert data is not None
    texts = json.loads(data[1])["texts"]
    calls = re.findall(r"\bsay\(([^()]*)\)", _all_scripts())
    said = {key for call in calls for key in re.findall(r'"([a-z_]+(?:\.[a-z_]+)*)"', call)}
    assert {"decline", "hang_up", "saving", "phase.missed", "draft.kept"} <= said
    assert said <= set(texts)
    states = ("available", "ringing", "talking", "wrap_up", "paused", "offline")
    closes = ("answered_elsewhere", "caller_gone", "no_answer", "declined", "failed")
    saves = ("saved", "refused", "refused_whole", "not_yet", "offline", "login", "forbidden")
    stops = ("login", "ended", "address", "phone", "protocol", "tabs", "worker")
    tickets = [state.value for state in TicketState]
    priorities = [priority.value for priority in TicketPriority]
    legs = [outcome.value for outcome in LegOutcome]
    for prefix, names in (
        ("state", states), ("idle", states), ("close", closes), ("save", saves), ("stopped", stops), ("mine", legs),
        ("ticket", tickets), ("priority", priorities),
    ):  # fmt: skip
        assert {f"{prefix}.{name}" for name in names} <= set(texts)


def test_my_last_calls_are_mine_newest_first_with_how_they_ended_for_me(log_in: LogIn, record: Record) -> None:
    center = CallCenter.create(name="Ventas", color="#1a7f37")
    contact = Contact.create(name="Beatriz", phone="88881234", phone_key="+50688881234")
    at = 1_764_000_000_000
    record("c-1", "Ana", contact_id=contact.id, call_center_id=center.id, call_center_name="Ventas", talk_ms=61_000)
    record("c-2", "Beto", {"Ana": LegOutcome.NO_ANSWER, "Beto": LegOutcome.ANSWERED}, offered_at=at + 1)
    record("c-3", None, {"Ana": LegOutcome.CALLER_GONE}, offered_at=at + 2, caller_name="De la red")
    record("c-4", "Beto", {"Beto": LegOutcome.ANSWERED}, offered_at=at + 3)
    calls = log_in("Ana").get("/desk/recent").json["calls"]
    assert [(call["call_id"], call["outcome"], call["name"]) for call in calls] == [
        ("c-3", "caller_gone", "De la red"), ("c-2", "no_answer", ""), ("c-1", "answered", "Beatriz"),
    ]  # fmt: skip
    assert (calls[2]["call_center"], calls[2]["color"], calls[2]["talk_ms"]) == ("Ventas", "#1a7f37", 61_000)
    assert calls[1]["talk_ms"] == 0  # Beto talked, not Ana


def test_one_of_my_calls_in_the_form_of_a_pop(log_in: LogIn, record: Record) -> None:
    contact = Contact.create(name="Beatriz", phone="88881234", phone_key="+50688881234", email="b@x.example")
    record("c-1", "Ana", contact_id=contact.id, answered_at=1_764_000_003_000, ended_at=1_764_000_009_000)
    record("c-2", "Beto")
    ana = log_in("Ana")
    answer = ana.get("/desk/calls/c-1").json
    assert answer["pop"]["phase"] == "ended"
    assert answer["pop"]["card"]["email"] == "b@x.example"
    assert answer["saved_at"] is None
    assert ana.get("/desk/calls/c-2").status_code == 403
    assert ana.get("/desk/calls/c-3").status_code == 409


def test_companies_are_found_by_any_part_of_their_name(log_in: LogIn) -> None:
    for name in ("Ferretería El Ñato", "Café del Monte S.A.", "100% Natural"):
        Company.create(name=name)
    ana = log_in("Ana")
    assert ana.get("/desk/companies", query_string={"q": "MONTE"}).json == {"companies": ["Café del Monte S.A."]}
    assert ana.get("/desk/companies", query_string={"q": "%"}).json == {"companies": ["100% Natural"]}
