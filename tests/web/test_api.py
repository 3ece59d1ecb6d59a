"""The API: who may ask, what is answered, and that it saves as the pages do. What breaks it: test_api_fuzz.py."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from web.api_client import API, Program, fields, make_token
from web.browser import Browser
from web.played_engine import PlayedEngine
from web.rows import everything

from admin.api import access, tokens
from admin.permissions import Act, may
from models.tables import (
    Agent,
    ApiRequest,
    ApiToken,
    Attachment,
    AuditEntry,
    Call,
    CallCenter,
    Contact,
    Disposition,
    IpRule,
    Ticket,
    now,
)
from models.tables.call_centers import PopUpIn
from models.values.call import Role


@pytest.fixture
def program(app: Flask) -> Program:
    return Program(app)


def of_api(app: Flask) -> list[Any]:
    open_to_all = ("api.openapi", "api.docs")
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("api.")
            and rule.endpoint not in open_to_all]  # fmt: skip


# ---------------------------------------------------------------- who may
def test_a_cookie_never_speaks_for_a_program(app: Flask) -> None:
    """An administrator's session, with the token of its forms: 401 at every address, and nothing changes."""
    browser = Browser(app, Role.ADMINISTRATOR)
    csrf = browser.token()
    before = everything()
    rules = of_api(app)
    assert len(rules) > 20
    for rule in rules:
        path = str(rule).replace("<string(maxlength=64):call_id>", "1")
        path = "/".join("1" if part.startswith("<") else part for part in path.split("/"))
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            answer = browser.client.open(
                path, method=method, json={"name": "x"}, headers={"X-CSRFToken": csrf}, environ_base=browser.environ
            )
            assert answer.status_code == 401, (method, path)
            assert answer.mimetype == "application/problem+json"
            assert "Set-Cookie" not in answer.headers
    assert everything() == before


def test_a_token_opens_no_page(app: Flask) -> None:
    program = Program(app)
    answer = program.client.get("/contactos/", headers=program.headers)
    assert answer.status_code == 302


@pytest.mark.parametrize(
    ("state", "status"),
    [({}, 200), ({"active": False}, 401), ({"expires_at": now() - timedelta(seconds=1)}, 401),
     ({"expires_at": now() + timedelta(days=1)}, 200), ({"scopes": ()}, 403),
     ({"scopes": ("contacts:write",)}, 403)],
)  # fmt: skip
def test_tokens(app: Flask, state: dict[str, Any], status: int) -> None:
    assert Program(app, **state).get("/contacts").status_code == status


def test_forged_tokens(app: Flask) -> None:
    good = make_token()
    for text in ("", "x", good[:-1], good[:-1] + ("A" if good[-1] != "A" else "B"), good + "A", "ctl__", good.upper()):
        assert Program(app, token=text).get("/contacts").status_code == 401, text
    assert Program(app, token=good).get("/contacts").status_code == 200
    Agent.update(active=False).where(Agent.id == ApiToken.get().owner_id).execute()
    assert Program(app, token=good).get("/contacts").status_code == 401


def test_a_token_can_no_more_than_its_owner(app: Flask) -> None:
    supervisor = Program(app, Role.SUPERVISOR)
    assert supervisor.get("/contacts").status_code == 200
    assert supervisor.patch("/contacts/1", {"name": "Otra"}).status_code == 200
    assert supervisor.delete("/contacts/1").status_code == 403
    assert supervisor.patch("/dispositions/1", {"name": "Otra"}).status_code == 403
    assert supervisor.post("/agents", {"name": "x", "email": "x@example.com"}).status_code == 403
    assert supervisor.post("/calls", {"number": "88887777", "agent_id": 3}).status_code == 403
    agent = Program(app, Role.AGENT)
    for path in ("/contacts", "/calls", "/agents", "/call-centers", "/tickets"):
        assert agent.get(path).status_code == 403, path
    assert agent.get("/dispositions").status_code == 200
    assert not may(Role.AGENT, "tickets", Act.READ)


def test_an_agents_token_works_from_the_listed_addresses_alone(app: Flask) -> None:
    IpRule.create(address="203.0.113.0", mask="255.255.255.0", network="203.0.113.0/24")
    here, there = (Program(app, Role.AGENT, address=address) for address in ("198.51.100.7", "203.0.113.9"))
    refused = here.get("/dispositions")
    assert (refused.status_code, refused.get_json()["code"]) == (403, "address_not_allowed")
    assert there.get("/dispositions").status_code == 200
    # The rule is about agents: an administrator's program may be anywhere.
    assert Program(app, address="198.51.100.7").get("/dispositions").status_code == 200


def test_how_often(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "RATE", "2 per minute")
    first, second = Program(app), Program(app)
    assert [first.get("/dispositions").status_code for _time in range(3)] == [200, 200, 429]
    refused = first.get("/dispositions", Accept_Language="en")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert refused.get_json()["detail"].startswith("At most 2 a minute")
    assert second.get("/dispositions").status_code == 200
    monkeypatch.setattr(access, "FAILURES", "2 per minute")
    guesses = [Program(app, token="x", address="198.51.100.9").get("/dispositions").status_code for _time in range(3)]
    assert guesses == [401, 401, 429]


def test_last_use_is_noted(app: Flask) -> None:
    Program(app, address="203.0.113.9").get("/dispositions")
    row = ApiToken.get()
    assert row.used_from == "203.0.113.9"
    assert now() - row.used_at < timedelta(minutes=1)
    assert row.sha256 not in str(tokens.SCOPES)


# ---------------------------------------------------------------- problems
def test_problems_speak_the_asked_language(program: Program) -> None:
    for language, title in (("es", "No existe"), ("en-GB,en;q=0.8", "Does not exist"), ("fr", "No existe")):
        for path in ("/contacts/999999", "/nothing", "/contacts/99999999999999999999"):
            answer = program.get(path, Accept_Language=language)
            told = answer.get_json()
            assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
            assert (told["title"], told["code"], told["type"]) == (title, "not_found", f"{API}/docs#not_found")


def test_bodies_that_are_none(program: Program) -> None:
    send = program.client.post
    for body, kind, status in ((b"{", "application/json", 400), (b"[]", "application/json", 400), (b"", None, 415),
                               (b"name=x", "application/x-www-form-urlencoded", 415),
                               (b"[" * 100_000, "application/json", 400),
                               (b'{"name":"' + b"x" * 300_000 + b'"}', "application/json", 413)):  # fmt: skip
        answer = send(f"{API}/contacts", data=body, content_type=kind, headers=program.headers)
        assert answer.status_code == status, body[:20]
    answer = program.client.put(f"{API}/contacts", headers=program.headers)
    assert (answer.status_code, set(answer.headers["Allow"].split(", "))) == (405, {"GET", "HEAD", "OPTIONS", "POST"})


# ---------------------------------------------------------------- as the pages do
def test_a_contact_is_saved_as_its_page_saves_it(program: Program) -> None:
    made = program.post(
        "/contacts",
        {"name": " Ana  Mora", "phone": "8888 7777", "company_id": 1, "lists": [1], "additional": {"1": "9"}},
    )
    assert made.status_code == 201
    body = made.get_json()
    assert (body["phone_normalised"], body["additional"], body["lists"]) == ("+50688887777", {"1": "9"}, [1])
    assert made.headers["Location"] == f"{API}/contacts/{body['id']}"
    key, tag = body["id"], made.headers["ETag"]
    changed = program.patch(f"/contacts/{key}", {"phone": "2222-3333"}, tag)
    assert (changed.status_code, changed.get_json()["additional"]) == (200, {"1": "9"})
    entries = list(AuditEntry.select().where(AuditEntry.section == "contacts").order_by(AuditEntry.id))
    assert [(entry.act, entry.who) for entry in entries] == [
        ("create", "Adriana Jiménez Solís (API: Programa administrator)"),
        ("edit", "Adriana Jiménez Solís (API: Programa administrator)"),
    ]
    assert entries[1].before == {"phone": "8888 7777"}
    # Somebody read it before that change.
    late = program.patch(f"/contacts/{key}", {"name": "Otra"}, tag)
    assert (late.status_code, late.headers["ETag"]) == (412, changed.headers["ETag"])
    assert program.patch(f"/contacts/{key}", {"name": "Otra"}, "").status_code == 428
    assert Contact.get_by_id(key).name == "Ana  Mora"
    assert program.delete(f"/contacts/{key}", changed.headers["ETag"]).status_code == 204
    assert program.get(f"/contacts/{key}").status_code == 404
    busy = program.delete(f"/contacts/{Call.get(Call.contact.is_null(False)).contact_id}")
    assert (busy.status_code, busy.get_json()["code"]) == (409, "in_use")


def test_what_is_wrong_stands_beside_its_field(program: Program) -> None:
    before = everything()
    for path, body, wrong in (
        ("/contacts", {}, {"name": "name_or_phone"}),
        ("/contacts", {"phone": "abc", "company_id": 999}, {"phone": "phone_invalid", "company_id": "not_found"}),
        ("/contacts", {"name": "x", "lists": [999]}, {"lists": "not_found"}),
        ("/contacts", {"name": "x", "additional": {"3": "ayer", "999": "x"}}, {"additional.999": "unknown_field"}),
        ("/contacts", {"name": "x", "additional": {"3": "ayer"}}, {"additional.3": "not_a_date"}),
        ("/contacts", {"name": "\x00"}, {"name": "control_characters"}),
        ("/dispositions", {"name": "Resuelto"}, {"name": "not_unique"}),
        ("/call-centers", {"name": "x", "numbers": ["40004000"]}, {"numbers": "pattern_taken"}),
        ("/agents", {"name": "x", "email": "admin@centralita.example"}, {"email": "not_unique"}),
        ("/agents", {"name": "x", "email": "x@example.com", "role": "administrator"}, {"role": "unknown_field"}),
        ("/tickets", {"subject": "x", "contact_id": 999, "attachments": [999]},
         {"contact_id": "not_found", "attachments": "not_found"}),
        ("/calls", {"number": "abc"}, {"number": "phone_invalid"}),
    ):  # fmt: skip
        answer = program.post(path, body)
        assert (answer.status_code, fields(answer)) == (422, wrong), (path, body, answer.get_json())
    assert fields(program.get("/contacts?limit=0&sort=shoe&x=1")) == {
        "limit": "at_least", "sort": "not_a_choice", "x": "unknown_field"
    }  # fmt: skip
    assert {name: rows for name, rows in everything().items() if name != "ApiToken"} == {
        name: rows for name, rows in before.items() if name != "ApiToken"
    }


def test_call_centers_are_in_force_at_once(make_app: Any) -> None:
    with PlayedEngine() as engine:
        program = Program(make_app(control_port=engine.port))
        answer = program.patch("/call-centers/1", {"numbers": ["40004000", "2200 11XX"], "agents": {"2": 3}})
        assert answer.get_json()["numbers"] == ["40004000", "2200 11XX"]
        assert answer.get_json()["agents"] == {"2": 3}
        assert answer.headers["X-Centralita-Routing"] == "in-force"
        assert engine.paths() == ["POST /reload"]
    assert CallCenter.get_by_id(1).strategy == "round_robin_memory"


def test_where_the_desk_opens_a_call_centers_page(program: Program) -> None:
    assert program.get("/call-centers/1").get_json()["pop_up_in"] == "tab"
    assert program.patch("/call-centers/1", {"pop_up_in": "panel"}).get_json()["pop_up_in"] == "panel"
    assert CallCenter.get_by_id(1).pop_up_in is PopUpIn.PANEL
    assert fields(program.patch("/call-centers/1", {"pop_up_in": "window"})) == {"pop_up_in": "not_a_choice"}
    made = program.post("/call-centers", {"name": "Con panel", "pop_up_in": "panel"})
    assert (made.status_code, made.get_json()["pop_up_in"]) == (201, "panel")
    known = program.get("/openapi.json").get_json()["components"]["schemas"]
    assert known["CenterFields"]["properties"]["pop_up_in"]["enum"] == ["tab", "panel"]


def test_an_agents_secrets_are_shown_once(program: Program) -> None:
    body = {"name": "Luz", "email": "luz@example.com", "endpoint": "8330199"}
    first, again = (program.post("/agents", body, Idempotency_Key="k1") for _time in range(2))
    assert first.status_code == again.status_code == 201
    assert len(first.get_json()["sip_secret"]) == 24
    assert "/invitation/" in first.get_json()["invitation_url"]
    assert again.get_json() == first.get_json() | {"sip_secret": None, "invitation_url": None}
    assert first.get_json()["sip_secret"] not in repr(everything())
    administrator = Agent.get(Agent.role == Role.ADMINISTRATOR)
    assert program.patch(f"/agents/{administrator.id}", {"name": "x"}).status_code == 403


# ---------------------------------------------------------------- lists
def test_pages_by_cursor_miss_nothing_and_repeat_nothing(program: Program) -> None:
    for resource in ("contacts", "calls"):
        for sort in ("id", "-id", "name", "-last_activity_at", "last_activity_at", "offered_at", "-offered_at"):
            seen: list[Any] = []
            path = f"/{resource}?limit=17&sort={sort}"
            if program.get(path).status_code == 422:
                continue
            cursor = ""
            while True:
                page = program.get(f"{path}{cursor}").get_json()
                seen += [row["id"] for row in page["items"]]
                if page["next"] is None:
                    break
                cursor = f"&cursor={page['next']}"
            table: Any = Contact if resource == "contacts" else Call
            assert len(seen) == len(set(seen)) == table.select().count(), (resource, sort)
    assert fields(program.get(f"/contacts?sort=-id{cursor}")) in ({"cursor": "cursor_invalid"}, {})
    for bad in ("x", "e30", "W10", "WzEsMiwzXQ", "WyJpZCIsbnVsbCwxZTk5OV0"):
        assert fields(program.get(f"/contacts?cursor={bad}")) == {"cursor": "cursor_invalid"}, bad


def test_filters(on_both: Flask) -> None:
    """On either database."""
    program = Program(on_both)

    def found(path: str) -> list[Any]:
        answer = program.get(path)
        assert answer.status_code == 200, answer.get_json()
        return [row["id"] for row in answer.get_json()["items"]]

    row = Contact.get(Contact.phone_key == "+50683000001")
    assert found("/contacts?phone=8300-0001") == [row.id]
    assert row.id in found("/contacts?q=alvaro+ACUÑA")
    assert found("/contacts?q=nobody+such") == []
    assert set(found("/contacts?list_id=1&limit=200")) <= set(found("/contacts?limit=200"))
    assert found("/contacts?sort=-last_activity_at&limit=3")
    call = Call.get(Call.disposition.is_null(False))
    assert call.id in found(f"/calls?disposition_id={call.disposition_id}&agent_id={call.agent_id}&limit=200")
    assert found("/calls?since=2999-01-01T00:00:00Z") == []
    assert set(found("/calls?direction=inbound&outcome=answered&limit=200")) < set(found("/calls?limit=200"))
    made = program.post("/tickets", {"subject": "Módem", "due_at": "2026-12-01T10:00:00-06:00", "contact_id": row.id})
    assert found("/tickets?q=modem&state=open&due_before=2026-12-02T00:00:00Z") == [made.get_json()["id"]]
    assert found("/tickets?state=solved") == []
    assert found("/tickets?sort=-due_at") == [made.get_json()["id"]]


# ---------------------------------------------------------------- tickets
def test_a_ticket_and_its_thread(program: Program, app: Flask) -> None:
    secret = Attachment.create(filename="secreto.pdf", mime="application/pdf", size=1, sha256="1" * 64, private=True)
    made = program.post("/tickets", {"subject": "Sin línea", "contact_id": 1, "attachments": [secret.id]})
    ticket = made.get_json()
    assert (ticket["state"], ticket["priority"], ticket["author_id"]) == ("open", "normal", 1)
    path = f"/tickets/{ticket['id']}"
    said = program.post(f"{path}/messages", {"text": "Llamar\nmañana", "attachments": [secret.id]}).get_json()
    assert (said["text"], said["internal"], said["attachments"]) == ("Llamar\nmañana", True, [secret.id])
    # The thread goes on while somebody edits the ticket.
    solved = program.patch(path, {"state": "solved", "group_id": 1}, made.headers["ETag"])
    assert solved.get_json()["solved_at"] is not None
    assert program.patch(path, {"state": "open"}, made.headers["ETag"]).status_code == 412
    assert program.patch(path, {"state": "open"}, solved.headers["ETag"]).get_json()["solved_at"] is None
    supervisor = Program(app, Role.SUPERVISOR)
    assert supervisor.get(path).get_json()["attachments"] == []
    assert supervisor.get(f"{path}/messages").get_json()["items"][0]["attachments"] == []
    refused = supervisor.post(f"{path}/messages", {"text": "x", "attachments": [secret.id]})
    assert fields(refused) == {"attachments": "not_found"}
    acts = [entry.act for entry in AuditEntry.select().where(AuditEntry.section == "tickets").order_by(AuditEntry.id)]
    assert acts == ["create", "message", "edit", "edit"]
    page = Browser(app, Role.ADMINISTRATOR).get("/auditoria/").get_data(as_text=True)
    assert "Tickets" in page
    assert "Sin línea" in page


# ---------------------------------------------------------------- calls
@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [((202, {"call_id": "c.1"}), 202, ""), ((403, {"error": "destination_not_allowed"}), 403, "not_dialled"),
     ((403, {"error": "address_not_allowed"}), 403, "not_dialled"),
     ((409, {"error": "not_logged_in"}), 409, "not_possible_now"), ((503, {"error": "switch_away"}), 503, "away"),
     ((422, {"error": "not_a_number"}), 422, "invalid")],
)  # fmt: skip
def test_click2dial(make_app: Any, answer: Any, status: int, code: str) -> None:
    with PlayedEngine({"/click2dial": answer}) as engine:
        program = Program(make_app(control_port=engine.port))
        told = program.post("/calls", {"number": "8888 7777", "agent_id": 2, "contact_id": 1}, Idempotency_Key="a")
        assert (told.status_code, told.get_json().get("code", "")) == (status, code)
        again = program.post("/calls", {"number": "8888 7777", "agent_id": 2, "contact_id": 1}, Idempotency_Key="a")
        assert again.status_code == status
        # What rang is not asked twice; what did not may be.
        assert len(engine.asked) == (1 if status == 202 else 2)
        assert engine.asked[0].body == {"agent": 2, "number": "+50688887777", "call_center": None, "contact": 1}


def test_what_is_saved_of_a_call(program: Program, app: Flask) -> None:
    call = Call.get(Call.agent.is_null(False), Call.outcome == "answered")
    read = program.get(f"/calls/{call.id}")
    assert len(read.get_json()["legs"]) >= 1
    inactive = Disposition.create(name="Vieja", active=False)
    wrong = program.patch(f"/calls/{call.id}", {"disposition_id": inactive.id}, read.headers["ETag"])
    assert fields(wrong) == {"disposition_id": "not_found"}
    saved = program.patch(f"/calls/{call.id}", {"comment": "Desde el CRM"}, read.headers["ETag"])
    assert (saved.status_code, saved.get_json()["comment"]) == (200, "Desde el CRM")
    assert Call.get_by_id(call.id).disposition_id == call.disposition_id
    assert program.patch(f"/calls/{call.id}", {"comment": "tarde"}, read.headers["ETag"]).status_code == 412
    assert Program(app, Role.SUPERVISOR).patch(f"/calls/{call.id}", {"comment": "x"}).status_code == 403


# ---------------------------------------------------------------- once
def test_a_post_with_a_key_is_done_once(program: Program, app: Flask) -> None:
    answers = []
    together = threading.Barrier(4)

    def send() -> None:
        together.wait(20)
        answers.append(program.post("/dispositions", {"name": "Una sola"}, Idempotency_Key="k"))

    threads = [threading.Thread(target=send) for _one in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert Disposition.select().where(Disposition.name == "Una sola").count() == 1
    again = program.post("/dispositions", {"name": "Una sola"}, Idempotency_Key="k")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert again.headers["ETag"] == program.get(f"/dispositions/{again.get_json()['id']}").headers["ETag"]
    assert program.post("/dispositions", {"name": "Otra"}, Idempotency_Key="k").get_json()["code"] == "key_reused"
    # Another token's keys are its own, a refusal may be mended, and a day later the key is free.
    assert Program(app).post("/dispositions", {"name": "Suya"}, Idempotency_Key="k").status_code == 201
    assert program.post("/dispositions", {"name": "Suya"}, Idempotency_Key="m").status_code == 422
    assert program.post("/dispositions", {"name": "Mía"}, Idempotency_Key="m").status_code == 201
    ApiRequest.update(created_at=now() - timedelta(hours=25)).execute()
    assert program.post("/dispositions", {"name": "Nueva"}, Idempotency_Key="k").status_code == 201


def test_a_key_whose_request_died_may_be_taken_again(program: Program) -> None:
    token = ApiToken.get()
    assert program.post("/tickets", {"subject": "a"}, Idempotency_Key="k").status_code == 201
    row = ApiRequest.get(ApiRequest.token == token)
    Ticket.delete().execute()
    ApiRequest.update(status=None, answer=None).where(ApiRequest.id == row.id).execute()
    waiting = program.post("/tickets", {"subject": "a"}, Idempotency_Key="k")
    assert (waiting.status_code, waiting.get_json()["code"]) == (409, "not_answered_yet")
    ApiRequest.update(created_at=now() - timedelta(minutes=2)).where(ApiRequest.id == row.id).execute()
    assert program.post("/tickets", {"subject": "a"}, Idempotency_Key="k").status_code == 201
