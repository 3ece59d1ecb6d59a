"""*Salvar*: whose call, which fields, all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from models import cdr
from models.tables import Call, Company, Contact, Disposition
from models.values.call import Direction, LegOutcome, Outcome
from models.values.cdr import CallRecord

LogIn = Callable[..., Any]
Record = Callable[..., None]


def test_the_fields_sent_are_saved_and_the_others_stay(log_in: LogIn, record: Record, database: Any) -> None:
    company = Company.create(name="Ferretería El Ñato")
    contact = Contact.create(name="Beatriz", phone="88881234", phone_key="+50688881234", email="b@x.example")
    resolved = Disposition.create(name="Resuelto")
    record("c-1", "Ana", contact_id=contact.id)
    ana = log_in("Ana")
    answer = ana.save(
        "c-1", disposition=str(resolved.id), comment="  Listo.\r\nGracias. ", company=" ferretería  el ñato "
    )
    assert answer.status_code == 200
    assert answer.json["notes"] == {
        "disposition": str(resolved.id), "comment": "Listo.\nGracias.", "name": "Beatriz", "phone": "88881234",
        "email": "b@x.example", "company": "Ferretería El Ñato",
    }  # fmt: skip
    saved = Call.get_by_id("c-1")
    assert (saved.comment, saved.disposition_id) == ("Listo.\nGracias.", resolved.id)
    changed = Contact.get_by_id(contact.id)
    assert (changed.name, changed.company_id, changed.disposition_id) == ("Beatriz", company.id, resolved.id)
    # Again, as after a lost answer: the same. And a later part leaves the first.
    assert ana.save("c-1", comment="Listo.\nGracias.").status_code == 200
    assert ana.save("c-1", email="otra@x.example").status_code == 200
    saved = Call.get_by_id("c-1")
    assert (saved.comment, saved.disposition_id, saved.contact.email) == (
        "Listo.\nGracias.", resolved.id, "otra@x.example",
    )  # fmt: skip


def test_the_engines_writer_and_the_agent_do_not_undo_each_other(log_in: LogIn, record: Record, database: Any) -> None:
    record("c-1", "Ana", outcome=Outcome.IN_PROGRESS, answered_at=1_764_000_005_000)
    assert log_in("Ana").save("c-1", comment="durante la llamada").status_code == 200
    record("c-1", "Ana", answered_at=1_764_000_005_000, ended_at=1_764_000_065_000, talk_ms=60_000)
    call = Call.get_by_id("c-1")
    assert (call.comment, call.talk_ms, call.outcome) == ("durante la llamada", 60_000, Outcome.ANSWERED)


@pytest.mark.parametrize(
    ("answered_by", "legs", "status"),
    [
        ("Ana", {}, 200),
        ("Beto", {"Ana": LegOutcome.LOST_RACE, "Beto": LegOutcome.ANSWERED}, 200),
        (None, {"Ana": LegOutcome.CALLER_GONE}, 200),
        ("Beto", {"Beto": LegOutcome.ANSWERED}, 403),
        (None, {}, 403),
    ],
)
def test_only_whoever_was_rung_may_save(
    log_in: LogIn, record: Record, answered_by: str | None, legs: dict[str, LegOutcome], status: int
) -> None:
    record("c-1", answered_by, legs)
    assert log_in("Ana").save("c-1", comment="mía").status_code == status
    assert Call.get_by_id("c-1").comment == ("mía" if status == 200 else "")


def test_a_call_not_in_the_history_yet_or_nobodys_yet_is_to_be_tried_again(log_in: LogIn, record: Record) -> None:
    ana = log_in("Ana")
    assert ana.save("c-1", comment="x").status_code == 409
    record("c-1", outcome=Outcome.IN_PROGRESS)
    assert ana.save("c-1", comment="x").status_code == 409
    record("c-1", "Beto")
    assert ana.save("c-1", comment="x").status_code == 403


def test_one_wrong_field_and_nothing_is_saved(log_in: LogIn, record: Record) -> None:
    contact = Contact.create(name="Beatriz", phone="88881234", phone_key="+50688881234")
    inactive = Disposition.create(name="Vieja", active=False)
    record("c-1", "Ana", contact_id=contact.id)
    ana = log_in("Ana")
    wrong = {
        "disposition": [str(inactive.id), "999999", "uno"],
        "comment": ["x" * 4001, "a\x00b"],
        "name": ["n" * 121, "con\x07campana"],
        "email": ["no es correo", "@", "a@b"],
        "phone": ["ocho ocho", "8" * 41],
        "company": ["No existe S.A."],
    }
    for field, values in wrong.items():
        for value in values:
            fields = {"comment": "bien", "name": "Bien"} | {field: value}
            answer = ana.save("c-1", **fields)
            assert answer.status_code == 422, (field, value[:20])
            assert set(answer.json["errors"]) == {field}
            assert answer.json["errors"][field]
    assert Call.get_by_id("c-1").saved_at is None
    assert Contact.get_by_id(contact.id).name == "Beatriz"


def test_a_number_without_a_contact_gets_one_and_a_hidden_number_needs_a_name(log_in: LogIn, record: Record) -> None:
    ana = log_in("Ana")
    record("c-1", "Ana", calling_number="7070 7070")
    assert ana.save("c-1", name="Zoila").status_code == 200
    made = Call.get_by_id("c-1").contact
    assert (made.name, made.phone_key) == ("Zoila", "+50670707070")
    record("c-2", "Ana", calling_number="+50670707070")
    assert ana.save("c-2", email="z@x.example").status_code == 200
    assert Call.get_by_id("c-2").contact_id == made.id

    record("c-3", "Ana", calling_number="anonymous")
    assert set(ana.save("c-3", email="quien@x.example").json["errors"]) == {"name"}
    assert ana.save("c-3", email="quien@x.example", name="Quien Sea").status_code == 200
    hidden = Call.get_by_id("c-3").contact
    assert (hidden.name, hidden.phone_key) == ("Quien Sea", None)
    record("c-4", "Ana", calling_number="")
    assert ana.save("c-4", comment="solo una nota").status_code == 200
    assert Call.get_by_id("c-4").contact_id is None
    assert Contact.select().count() == 2


def test_what_the_page_never_sends_is_refused(log_in: LogIn, record: Record) -> None:
    record("c-1", "Ana")
    ana = log_in("Ana")
    for body in (
        {"cost": "0"}, {"comment": 7}, {"comment": None}, ["comment"], "comment", {"fields": {"x": "1"}},
        {"fields": {"1": 1}}, {"fields": {"99": "no hay"}}, {"forms": {}}, {"forms": [{"version": 1}]},
        {"forms": [{"version": 99, "answers": {}}]}, {"forms": [{"version": 1, "answers": {"a": 1}}] * 2},
        {"contact": "99"}, {"contact": "uno"},
    ):  # fmt: skip
        assert ana.post("/desk/calls/c-1", json=body).status_code == 400, body
    assert ana.post("/desk/calls/c-1", data="comment=x").status_code == 415
    assert ana.post("/desk/calls/c-1", json={"comment": "x" * 600_000}).status_code == 413
    assert ana.post("/desk/calls/c-1", csrf="forged", json={"comment": "x"}).status_code == 400
    assert ana.client.post("/desk/calls/c-1", json={"comment": "x"}).status_code == 400
    assert Call.get_by_id("c-1").saved_at is None


def test_nobody_without_a_session_saves_or_reads(log_in: LogIn, record: Record) -> None:
    record("c-1", "Ana")
    ana = log_in("Ana")
    token = ana.get("/desk/csrf").json["csrf"]
    ana.client.delete_cookie("centralita")
    assert ana.post("/desk/calls/c-1", csrf=token, json={"comment": "x"}).status_code in (400, 401)
    for path in ("/desk/token", "/desk/csrf", "/desk/recent", "/desk/companies?q=a", "/desk/calls/c-1"):
        assert ana.get(path).status_code == 401, path


def test_of_many_calls_the_last_fifteen_are_shown(log_in: LogIn, database: Any, agent: Any) -> None:
    me = agent("Ana").id
    calls = [
        CallRecord(f"c-{n}", Direction.INBOUND, "40004000", "88881234", 1_764_000_000_000 + n, agent_id=me,
                   outcome=Outcome.ANSWERED)
        for n in range(3000)
    ]  # fmt: skip
    cdr.close_calls(database, calls)
    recent = log_in("Ana").get("/desk/recent").json["calls"]
    assert [call["call_id"] for call in recent] == [f"c-{n}" for n in range(2999, 2984, -1)]
