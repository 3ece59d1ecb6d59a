"""Forms filled during a call: which, in which version, saved with the call or not at all, corrected afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from web_desk.filled import CLEAN, GOOD, add_version, center_with_form

from models.tables import (
    AuditEntry,
    Call,
    CallCenter,
    Contact,
    Form,
    FormAnswer,
    FormVersion,
    now,
)
from models.values.call import LegOutcome, Outcome

LogIn = Callable[..., Any]
Record = Callable[..., None]


def _work(browser: Any, call_id: str = "c-1") -> dict[str, Any]:
    answer = browser.get(f"/desk/calls/{call_id}/work")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    told: dict[str, Any] = answer.json
    return told


def _send(version: FormVersion, **changes: Any) -> dict[str, Any]:
    return {"forms": [{"version": version.id, "answers": GOOD | changes}]}


def test_only_the_forms_of_the_calls_center_in_its_newest_version(log_in: LogIn, record: Record) -> None:
    center, _old = center_with_form("Avería")
    newest = add_version(Form.get(Form.name == "Avería"), ({"label": "Otro", "kind": "text", "help": "<b>"},))
    _, second = center_with_form("Pedido", center)
    center_with_form("De otro", CallCenter.create(name="Ventas"))
    Form.update(active=False).where(Form.id == center_with_form("Inactiva", center)[1].form_id).execute()
    # It was the newest before this call came, so nobody can have it on a screen of this call.
    FormVersion.update(created_at=now() - timedelta(days=2)).execute()
    record("c-1", "Ana", call_center_id=center.id, offered_at=int(now().timestamp() * 1000))
    forms = _work(log_in("Ana"))["forms"]
    assert [(one["name"], one["version"]) for one in forms] == [("Avería", newest.id), ("Pedido", second.id)]
    assert forms[0]["fields"] == [
        {"key": "otro", "label": "Otro", "kind": "text", "required": False, "options": [], "help": "<b>", "value": "",
         "condition": None}
    ]  # fmt: skip
    condition = {one["key"]: one["condition"] for one in forms[1]["fields"]}
    assert condition["direccion"] == {"key": "visita", "equals": "sí"}


def test_call_contact_and_form_are_saved_together(log_in: LogIn, record: Record, agent: Any) -> None:
    center, version = center_with_form()
    contact = Contact.create(name="Beatriz", phone="88881234", phone_key="+50688881234")
    record("c-1", "Ana", call_center_id=center.id, contact_id=contact.id)
    answer = log_in("Ana").save("c-1", comment="Avería", email="b@x.example", **_send(version))
    assert answer.status_code == 200, answer.json
    row = FormAnswer.get()
    assert row.answers == CLEAN
    assert (row.version_id, row.call_id, row.contact_id, row.agent_id) == (
        version.id,
        "c-1",
        contact.id,
        agent("Ana").id,
    )
    assert "calle 1" in row.folded
    assert (Call.get_by_id("c-1").comment, Contact.get_by_id(contact.id).email) == ("Avería", "b@x.example")
    assert answer.json["forms"][0]["saved"]["answers"] == CLEAN
    entry = AuditEntry.get(AuditEntry.section == "form_answers")
    assert (entry.act, entry.before, entry.after["servicio"]) == ("create", None, "S-1")


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("servicio", ""), ("cantidad", "dos"), ("desde", "31/02/2026"), ("hora", "25:00"), ("tipo", "Rápido"),
        ("equipos", ["Router", "Módem"]), ("visita", ""), ("visita", "tal vez"), ("direccion", ""), ("telefono", "uno"),
        ("correo", "a@b"), ("detalle", "x" * 10_001), ("servicio", "con\x07campana"),
    ],
)  # fmt: skip
def test_one_wrong_answer_and_nothing_at_all_is_saved(log_in: LogIn, record: Record, field: str, typed: Any) -> None:
    center, version = center_with_form()
    contact = Contact.create(name="Beatriz", phone="88881234", phone_key="+50688881234")
    record("c-1", "Ana", call_center_id=center.id, contact_id=contact.id)
    answer = log_in("Ana").save("c-1", comment="bien", name="Bien", **_send(version, **{field: typed}))
    assert answer.status_code == 422
    assert set(answer.json["errors"]) == {f"form.{version.id}.{field}"}
    assert FormAnswer.select().count() == 0
    assert (Call.get_by_id("c-1").comment, Contact.get_by_id(contact.id).name) == ("", "Beatriz")
    assert AuditEntry.select().count() == 0


def test_a_wrong_note_keeps_the_form_from_being_saved_and_both_are_told(log_in: LogIn, record: Record) -> None:
    center, version = center_with_form()
    record("c-1", "Ana", call_center_id=center.id)
    answer = log_in("Ana").save("c-1", email="mal", name="Ana", **_send(version, hora="x"))
    assert set(answer.json["errors"]) == {"email", f"form.{version.id}.hora"}
    assert FormAnswer.select().count() == Contact.select().count() == 0


def test_what_a_condition_hides_is_neither_required_nor_kept(log_in: LogIn, record: Record) -> None:
    center, version = center_with_form()
    record("c-1", "Ana", call_center_id=center.id)
    assert log_in("Ana").save("c-1", **_send(version, visita="no", direccion="no se ve")).status_code == 200
    assert "direccion" not in FormAnswer.get().answers


def test_corrected_from_the_past_call_in_its_own_version_with_before_and_after(
    log_in: LogIn, record: Record, agent: Any
) -> None:
    center, version = center_with_form()
    record("c-1", "Ana", call_center_id=center.id)
    ana = log_in("Ana")
    assert ana.save("c-1", **_send(version)).status_code == 200
    add_version(version.form, ({"label": "Otro", "kind": "text"},))
    Form.update(active=False).execute()
    shown = _work(ana)["forms"]
    assert [one["version"] for one in shown] == [version.id]
    assert shown[0]["saved"]["answers"] == CLEAN
    assert ana.save("c-1", **_send(version, servicio="S-2")).status_code == 200
    assert ana.save("c-1", **_send(version, servicio="S-2")).status_code == 200  # again, as after a lost answer
    assert [row.answers["servicio"] for row in FormAnswer.select()] == ["S-2"]
    edits = list(AuditEntry.select().where(AuditEntry.section == "form_answers", AuditEntry.act == "edit"))
    assert [(one.before, one.after, one.agent_id) for one in edits] == [
        ({"servicio": "S-1"}, {"servicio": "S-2"}, agent("Ana").id)
    ]


def test_a_form_that_was_changed_during_the_call_is_saved_as_it_stood(log_in: LogIn, record: Record) -> None:
    center, version = center_with_form()
    FormVersion.update(created_at=now() - timedelta(days=9)).execute()
    record("c-1", "Ana", call_center_id=center.id, offered_at=int((now() - timedelta(minutes=5)).timestamp() * 1000))
    newest = add_version(version.form, ({"label": "Otro", "kind": "text"},))
    ana = log_in("Ana")
    assert [one["version"] for one in _work(ana)["forms"]] == [newest.id]
    assert ana.save("c-1", **_send(version)).status_code == 200
    assert [one["version"] for one in _work(ana)["forms"]] == [version.id]
    # One that was replaced before the call came is no page's.
    record("c-2", "Ana", call_center_id=center.id, offered_at=int((now() + timedelta(minutes=5)).timestamp() * 1000))
    assert ana.save("c-2", comment="x", **_send(version)).status_code == 400
    assert Call.get_by_id("c-2").comment == ""


def test_two_agents_of_one_call_have_an_answer_each(log_in: LogIn, record: Record) -> None:
    center, version = center_with_form()
    record("c-1", "Beto", {"Ana": LegOutcome.ANSWERED, "Beto": LegOutcome.ANSWERED}, call_center_id=center.id)
    ana, beto = log_in("Ana"), log_in("Beto")
    assert ana.save("c-1", **_send(version)).status_code == 200
    shown = _work(beto)["forms"][0]
    assert (shown["saved"], shown["others"]) == (None, ["Ana"])
    assert beto.save("c-1", **_send(version, servicio="S-9")).status_code == 200
    assert sorted(row.answers["servicio"] for row in FormAnswer.select()) == ["S-1", "S-9"]
    assert log_in("Caro").save("c-1", **_send(version)).status_code == 403


def test_a_form_of_another_call_center_cannot_be_slipped_in(log_in: LogIn, record: Record) -> None:
    _center, foreign = center_with_form("De otro", CallCenter.create(name="Ventas"))
    record("c-1", "Ana", call_center_id=CallCenter.create(name="Soporte").id)
    assert log_in("Ana").save("c-1", **_send(foreign)).status_code == 400
    assert FormAnswer.select().count() == 0


def test_what_there_is_to_fill_is_seen_by_whoever_rings_but_not_afterwards_by_others(
    log_in: LogIn, record: Record
) -> None:
    center, _version = center_with_form()
    ana, beto = log_in("Ana"), log_in("Beto")
    assert ana.get("/desk/calls/c-1/work").status_code == 409
    record("c-1", outcome=Outcome.IN_PROGRESS, call_center_id=center.id)
    assert len(_work(ana)["forms"]) == 1
    record("c-1", "Ana", call_center_id=center.id)
    assert beto.get("/desk/calls/c-1/work").status_code == 403
