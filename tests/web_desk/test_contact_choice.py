"""The contact of a call: which of several, a new one, additional fields, and what somebody else changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from models.tables import AdditionalField, Call, Contact, ContactValue
from models.tables.contacts import FieldKind
from models.values.call import Outcome

LogIn = Callable[..., Any]
Record = Callable[..., None]
NUMBER = {"phone": "88881234", "phone_key": "+50688881234"}


@pytest.fixture
def three(record: Record) -> list[Contact]:
    """Three contacts with one number; the call c-1 of Ana is with the first of them."""
    rows = [Contact.create(name=name, **NUMBER) for name in ("Beatriz", "Carlos", "Diana")]
    record("c-1", "Ana", contact_id=rows[0].id, calling_number="88881234")
    return rows


def _choose(browser: Any, contact: int | None, seen: int | None, call: str = "c-1") -> Any:
    return browser.post(f"/desk/calls/{call}/contact", json={"contact": contact, "seen": seen})


def test_a_number_of_several_contacts_lets_the_agent_choose(log_in: LogIn, three: list[Contact]) -> None:
    ana, (beatriz, carlos, diana) = log_in("Ana"), three
    work = ana.get("/desk/calls/c-1/work").json
    assert {one["name"] for one in work["sharing"]} == {"Beatriz", "Carlos", "Diana"}
    assert (work["contact_id"], work["card"]["name"], work["may_be_another"]) == (beatriz.id, "Beatriz", True)

    chosen = _choose(ana, carlos.id, beatriz.id)
    assert chosen.status_code == 200
    assert (chosen.json["contact_id"], chosen.json["notes"]["name"], chosen.json["card"]["contact_id"]) == (
        carlos.id, "Carlos", carlos.id,
    )  # fmt: skip
    assert Call.get_by_id("c-1").contact_id == carlos.id
    assert _choose(ana, carlos.id, beatriz.id).status_code == 200, "pressed twice, it is chosen already"
    late = _choose(ana, diana.id, beatriz.id)
    assert (late.status_code, late.json["error"]) == (409, "chosen"), "somebody chose since that page was drawn"
    assert Call.get_by_id("c-1").contact_id == carlos.id


def test_only_contacts_with_the_calls_number_can_be_chosen_and_only_by_whose_call_it_is(
    log_in: LogIn, three: list[Contact], record: Record
) -> None:
    ana, other = log_in("Ana"), Contact.create(name="Otra", phone="70001111", phone_key="+50670001111")
    assert _choose(ana, other.id, three[0].id).status_code == 400
    assert _choose(ana, 999_999, three[0].id).status_code == 400
    assert _choose(log_in("Beto"), three[1].id, three[0].id).status_code == 403
    for body in ({}, {"contact": 1}, {"contact": "1", "seen": None}, {"contact": True, "seen": None}, []):
        assert ana.post("/desk/calls/c-1/contact", json=body).status_code == 400
    assert ana.client.post("/desk/calls/c-1/contact", json={"contact": 1, "seen": 1}).status_code == 400, "no token"
    assert _choose(ana, three[1].id, None, call="c-9").status_code == 409, "not in the history yet"
    record("c-2", "Ana", calling_number="anonymous")
    assert _choose(ana, None, None, call="c-2").status_code == 400, "without a number there is no new contact"
    assert Call.get_by_id("c-1").contact_id == three[0].id


def test_a_new_contact_is_one_however_often_it_is_asked_for(
    log_in: LogIn, three: list[Contact], record: Record
) -> None:
    ana, beto, first = log_in("Ana"), log_in("Beto"), three[0].id
    new = _choose(ana, None, first).json["contact_id"]
    assert Contact.get_by_id(new).phone_key == "+50688881234"
    assert _choose(ana, None, new).json["contact_id"] == new
    record("c-2", "Beto", contact_id=first, calling_number="88881234")
    assert _choose(beto, None, first, call="c-2").json["contact_id"] == new, "a blank one is there already"
    assert Contact.select().count() == 4
    assert ana.save("c-1", name="Elena").status_code == 200
    record("c-3", "Ana", contact_id=first, calling_number="88881234")
    another = _choose(ana, None, first, call="c-3").json["contact_id"]
    assert another not in {new, *(row.id for row in three)}, "the blank one has a name now"


def test_two_agents_who_make_the_new_contact_at_once_make_one(
    log_in: LogIn, three: list[Contact], record: Record
) -> None:
    browsers = {"c-1": log_in("Ana"), "c-2": log_in("Beto")}
    record("c-2", "Beto", contact_id=three[0].id, calling_number="88881234")
    tokens = {call: browser.get("/desk/csrf").json["csrf"] for call, browser in browsers.items()}

    def ask(call: str) -> Any:
        body = {"contact": None, "seen": three[0].id}
        return browsers[call].post(f"/desk/calls/{call}/contact", csrf=tokens[call], json=body).json["contact_id"]

    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(ask, ["c-1", "c-2"]))
    assert made[0] == made[1]
    assert Contact.select().count() == 4


def test_an_unknown_number_becomes_one_contact_whoever_saves_first(log_in: LogIn, record: Record) -> None:
    ana, beto = log_in("Ana"), log_in("Beto")
    record("c-1", "Ana", calling_number="7070 7070")
    record("c-2", "Beto", calling_number="+50670707070")
    tokens = {"c-1": ana.get("/desk/csrf").json["csrf"], "c-2": beto.get("/desk/csrf").json["csrf"]}

    def save(call: str) -> int:
        browser, name = (ana, "Zoila") if call == "c-1" else (beto, "Yamileth")
        body = {"name": name, "seen": {"name": ""}}
        return int(browser.post(f"/desk/calls/{call}", csrf=tokens[call], json=body).status_code)

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(save, ["c-1", "c-2"]))
    assert sorted(outcomes) == [200, 422], "the slower one is told, and overwrites nobody"
    assert Contact.select().count() == 1
    assert ana.save("c-1", name="Zoila").status_code == 200, "again, knowing it"
    assert Contact.select().count() == 1


def test_the_engines_writer_leaves_the_agents_choice(log_in: LogIn, three: list[Contact], record: Record) -> None:
    record("c-5", "Ana", contact_id=three[0].id, outcome=Outcome.IN_PROGRESS, answered_at=1_764_000_005_000)
    assert _choose(log_in("Ana"), three[2].id, three[0].id, call="c-5").status_code == 200
    record("c-5", "Ana", contact_id=three[0].id, answered_at=1_764_000_005_000, ended_at=1_764_000_065_000)
    assert Call.get_by_id("c-5").contact_id == three[2].id
    assert Contact.get_by_id(three[2].id).last_activity_at is not None


# ---------------------------------------------------------------- additional fields, and two at once
@pytest.fixture
def fields() -> dict[str, AdditionalField]:
    kinds = (FieldKind.TEXT, FieldKind.NUMBER, FieldKind.DATE, FieldKind.YES_NO, FieldKind.LIST)
    return {
        kind.value: AdditionalField.create(
            name=f"Campo {kind.value}", kind=kind, position=9 - place, required=kind is FieldKind.TEXT,
            options=["Oro", "Plata"] if kind is FieldKind.LIST else None,
        )
        for place, kind in enumerate(kinds)
    }  # fmt: skip


def test_additional_fields_come_in_their_order_and_are_saved_with_the_rest(
    log_in: LogIn, three: list[Contact], fields: dict[str, AdditionalField]
) -> None:
    ana = log_in("Ana")
    work = ana.get("/desk/calls/c-1/work").json
    assert [one["kind"] for one in work["fields"]] == ["list", "yes_no", "date", "number", "text"]
    good = {"text": "hola", "number": "2,5", "date": "2026-11-30", "yes_no": "sí", "list": "Oro"}
    typed = {str(fields[kind].id): text for kind, text in good.items()}
    for kind, wrong in (("number", "dos"), ("date", "mañana"), ("yes_no", "quizás"), ("list", "Bronce"), ("text", "")):
        key = str(fields[kind].id)
        answer = ana.save("c-1", name="Otra", comment="x", fields=typed | {key: wrong})
        assert answer.status_code == 422
        assert set(answer.json["errors"]) == {f"field.{key}"}
    assert ContactValue.select().count() == 0
    assert Contact.get_by_id(three[0].id).name == "Beatriz"
    saved = ana.save("c-1", name="Bea", fields=typed)
    assert saved.status_code == 200
    assert {one["kind"]: one["value"] for one in saved.json["fields"]} == good | {"number": "2.5"}


def test_what_somebody_else_changed_meanwhile_is_told_and_nothing_is_saved(
    log_in: LogIn, three: list[Contact], fields: dict[str, AdditionalField]
) -> None:
    ana, key, beatriz = log_in("Ana"), str(fields["number"].id), three[0]
    Contact.update(name="Beatriz Mora", email="b@x.example").where(Contact.id == beatriz.id).execute()
    ContactValue.create(contact=beatriz, field=int(key), value="7")
    seen = {"name": "Beatriz", "email": "", f"field.{key}": ""}
    typed = {"name": "Bea", "email": "b@x.example", "fields": {key: "8"}, "comment": "nota"}
    answer = ana.save("c-1", **typed, seen=seen)
    assert answer.status_code == 422
    assert answer.json["now"] == {"name": "Beatriz Mora", f"field.{key}": "7"}, "who typed the same has no conflict"
    assert "Beatriz Mora" in answer.json["errors"]["name"]
    assert Call.get_by_id("c-1").comment == ""
    assert ana.save("c-1", **typed, seen=seen | answer.json["now"]).status_code == 200, "knowing it, it is saved"
    assert Contact.get_by_id(beatriz.id).name == "Bea"
    Contact.update(name="").where(Contact.id == beatriz.id).execute()
    emptied = ana.save("c-1", name="B", seen={"name": "Bea"})
    assert (emptied.status_code, emptied.json["now"]) == (422, {"name": ""})
    for wrong in ([], {"name": 1}, "x"):
        assert ana.save("c-1", seen=wrong).status_code == 400
