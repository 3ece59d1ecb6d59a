"""Calls that agents promise: saved with a call, listed, made, put off, told when due; on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from peewee import Database
from web.played_engine import PlayedEngine

from admin.engine import Engine
from admin.reminders import CALLBACKS, remind
from models.tables import (
    Account,
    AgentCallback,
    AgentCallbackState,
    AgentGroup,
    AgentGroupMember,
    AuditEntry,
    CallCenter,
    CallCenterAgent,
    CallCenterGroup,
    Contact,
    now,
)

LogIn = Callable[..., Any]
Record = Callable[..., None]
ZONE = ZoneInfo("America/Costa_Rica")
HOUR = timedelta(hours=1)


def local(at: datetime, zone: ZoneInfo = ZONE) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


@pytest.fixture
def center(agent: Any) -> CallCenter:
    """One that Ana and Beto answer, Beto through a group."""
    row = CallCenter.create(name="Soporte", color="#1f6feb")
    group = AgentGroup.create(name="Taller")
    AgentGroupMember.create(group=group, agent=agent("Beto"))
    CallCenterGroup.create(call_center=row, group=group)
    CallCenterAgent.create(call_center=row, agent=agent("Ana"))
    return row


# ---------------------------------------------------------------- with the call
def test_a_promise_is_saved_with_the_call_changed_and_taken_back(
    log_in: LogIn, record: Record, agent: Any, center: CallCenter
) -> None:
    contact = Contact.create(name="Beatriz", phone="88881234", phone_key="+50688881234")
    record("c-1", "Ana", contact_id=contact.id, call_center_id=center.id)
    ana, at = log_in("Ana"), local(now() + 3 * HOUR)
    assert ana.get("/desk/calls/c-1/work").json["callback"] == {
        "callback_at": "", "callback_for": "", "callback_note": "",
    }  # fmt: skip
    saved = ana.save("c-1", comment="x", callback_at=at, callback_note="  Por el precio ")
    assert saved.status_code == 200
    assert saved.json["callback"] == {"callback_at": at, "callback_for": "", "callback_note": "Por el precio"}
    row = AgentCallback.get()
    assert (row.number, row.contact_id, row.call_center_id, row.agent_id, row.call_id, row.created_by_id) == (
        "88881234", contact.id, center.id, agent("Ana").id, "c-1", agent("Ana").id,
    )  # fmt: skip
    assert local(row.due_at) == at
    assert ana.save("c-1", callback_for="anyone").status_code == 200
    assert AgentCallback.get().agent_id is None
    assert ana.save("c-1", comment="otra cosa").status_code == 200
    assert AgentCallback.get().state is AgentCallbackState.PENDING
    assert ana.save("c-1", callback_at="", callback_note="").status_code == 200
    assert AgentCallback.get().state is AgentCallbackState.CANCELLED
    again = ana.save("c-1", callback_at=at)
    assert (again.status_code, AgentCallback.select().count()) == (200, 2)


def test_moments_that_make_no_sense_are_refused_and_nothing_is_saved(
    log_in: LogIn, record: Record, center: CallCenter
) -> None:
    record("c-1", "Ana", call_center_id=center.id)
    record("c-2", "Ana", calling_number="anonymous")
    ana, good = log_in("Ana"), local(now() + HOUR)
    wrong = (
        ({"callback_at": local(now() - HOUR)}, "callback_at"),
        ({"callback_at": local(now() + timedelta(days=400))}, "callback_at"),
        ({"callback_at": "mañana"}, "callback_at"),
        ({"callback_at": "2026-13-01T10:00"}, "callback_at"),
        ({"callback_note": "sin fecha"}, "callback_at"),
        ({"callback_at": good, "callback_note": "n" * 501}, "callback_note"),
        ({"callback_at": good, "callback_for": "Beto"}, "callback_for"),
    )
    for fields, key in wrong:
        answer = ana.save("c-1", comment="nota", **fields)
        assert (answer.status_code, set(answer.json["errors"])) == (422, {key}), fields
    hidden = ana.save("c-2", callback_at=good)
    assert set(hidden.json["errors"]) == {"callback_at"}, "nobody can call a hidden number"
    assert set(ana.save("c-2", callback_at=good, callback_for="anyone").json["errors"]) == {
        "callback_at", "callback_for",
    }  # fmt: skip
    assert AgentCallback.select().count() == 0
    assert ana.get("/desk/calls/c-1/work").json["notes"]["comment"] == ""


def test_a_moment_is_the_accounts_and_one_that_has_passed_stays_as_it_is(
    log_in: LogIn, record: Record, center: CallCenter, database: Database
) -> None:
    Account.update(timezone="Europe/Madrid").execute()
    record("c-1", "Ana", call_center_id=center.id)
    ana, typed = log_in("Ana"), local(now() + 2 * HOUR, ZoneInfo("Europe/Madrid"))
    assert ana.save("c-1", callback_at=typed).status_code == 200
    assert abs(AgentCallback.get().due_at - (now() + 2 * HOUR)) < timedelta(minutes=2)
    AgentCallback.update(due_at=now() - HOUR).execute()
    held = ana.get("/desk/calls/c-1/work").json["callback"]["callback_at"]
    assert ana.save("c-1", callback_at=held, callback_note="con nota").status_code == 200
    assert AgentCallback.get().note == "con nota"


# ---------------------------------------------------------------- the list
def _promise(agent: Any, whose: str | None, at: datetime, **more: Any) -> AgentCallback:
    fields = {"number": "88881234", "due_at": at, "agent": agent(whose) if whose else None} | more
    return AgentCallback.create(**fields)  # type: ignore[no-any-return]


def test_each_agent_sees_their_own_and_what_anyone_of_their_call_centers_may_make(
    log_in: LogIn, agent: Any, center: CallCenter
) -> None:
    elsewhere = CallCenter.create(name="Ventas")
    late = _promise(agent, None, now() - HOUR, call_center=center, note="tarde")
    mine = _promise(agent, "Ana", now() + HOUR)
    betos = _promise(agent, "Beto", now() + HOUR, call_center=center)
    _promise(agent, None, now(), call_center=elsewhere)
    _promise(agent, "Ana", now() - HOUR, state=AgentCallbackState.DONE, ended_at=now() - timedelta(days=9))
    listed = log_in("Ana").get("/desk/callbacks").json
    assert [row["id"] for row in listed["callbacks"]] == [late.id, mine.id]
    assert (listed["due"], listed["total"], listed["done"]) == (1, 2, [])
    assert (listed["callbacks"][0]["mine"], listed["callbacks"][0]["note"]) == (False, "tarde")
    beto = log_in("Beto").get("/desk/callbacks").json
    assert [row["id"] for row in beto["callbacks"]] == [late.id, betos.id]
    assert log_in("Caro").get("/desk/callbacks").json["callbacks"] == []
    assert log_in("Caro").get(f"/desk/callbacks/{late.id}").status_code == 404
    assert log_in("Caro").post(f"/desk/callbacks/{late.id}", json={"do": "done"}).status_code == 404
    assert AgentCallback.get_by_id(late.id).state is AgentCallbackState.PENDING


def test_made_undone_and_put_off(log_in: LogIn, agent: Any, center: CallCenter) -> None:
    row, ana = _promise(agent, "Ana", now() - HOUR), log_in("Ana")
    where = f"/desk/callbacks/{row.id}"
    for _ in range(2):
        assert ana.post(where, json={"do": "done"}).json["due"] == 0
    listed = ana.get("/desk/callbacks").json
    assert ([one["id"] for one in listed["done"]], listed["callbacks"]) == ([row.id], [])
    assert ana.post(where, json={"do": "undo"}).json["due"] == 1
    assert ana.post(where, json={"do": "later", "at": local(now() - HOUR * 2)}).status_code == 422
    put_off = ana.post(where, json={"do": "later", "at": local(now() + HOUR)})
    assert (put_off.status_code, put_off.json["due"]) == (200, 0)
    for body in ({}, {"do": "x"}, {"do": "later"}, {"do": "done", "at": "x"}, {"do": "later", "at": 1}, []):
        assert ana.post(where, json=body).status_code == 400
    assert ana.client.post(where, json={"do": "done"}).status_code == 400, "no token"
    assert ana.post("/desk/callbacks/999999", json={"do": "done"}).status_code == 404


def test_of_two_who_call_back_at_once_one_has_it_and_the_other_is_told_who(
    log_in: LogIn, agent: Any, center: CallCenter
) -> None:
    row = _promise(agent, None, now() - HOUR, call_center=center)
    browsers = {name: log_in(name) for name in ("Ana", "Beto")}
    tokens = {name: browser.get("/desk/csrf").json["csrf"] for name, browser in browsers.items()}

    def call(name: str) -> tuple[int, str]:
        answer = browsers[name].post(f"/desk/callbacks/{row.id}", csrf=tokens[name], json={"do": "call"})
        return answer.status_code, answer.json.get("by", name)

    with ThreadPoolExecutor(2) as pool:
        outcomes = dict(zip(("Ana", "Beto"), pool.map(call, ("Ana", "Beto")), strict=True))
    winner = AgentCallback.get_by_id(row.id).agent.name
    loser = "Beto" if winner == "Ana" else "Ana"
    assert outcomes == {winner: (200, winner), loser: (409, winner)}


def noted() -> list[tuple[Any, ...]]:
    """What the audit log has of callbacks: the act, who, before and after, without the moment."""
    rows = AuditEntry.select().where(AuditEntry.section == "agent_callbacks").order_by(AuditEntry.id)
    return [(row.act, row.who, row.before, row.after) for row in rows]


def test_every_change_is_in_the_audit_log(log_in: LogIn, record: Record, agent: Any, center: CallCenter) -> None:
    contact = Contact.create(name="Beatriz", phone="88881234", phone_key="+50688881234")
    record("c-1", "Ana", contact_id=contact.id, call_center_id=center.id)
    ana, beto, at = log_in("Ana"), log_in("Beto"), local(now() + 3 * HOUR)
    ana.save("c-1", callback_at=at, callback_note="Por el precio")
    [(act, who, before, after)] = noted()
    assert (act, who, before) == ("create", "Ana", None)
    due = after.pop("due_at")
    assert local(datetime.fromisoformat(due)) == at
    assert after == {
        "number": "88881234", "contact": "Beatriz", "call_center": "Soporte", "agent": "Ana", "note": "Por el precio",
        "state": "pending",
    }  # fmt: skip
    row = AgentCallback.get()
    assert (AuditEntry.get().row_key, AuditEntry.get().row_name) == (str(row.id), "Beatriz")
    ana.save("c-1", comment="sin tocar la devolución")
    assert len(noted()) == 1

    ana.save("c-1", callback_for="anyone")
    where = f"/desk/callbacks/{row.id}"
    beto.post(where, json={"do": "call"})
    beto.post(where, json={"do": "call"})
    beto.post(where, json={"do": "later", "at": local(now() + 5 * HOUR)})
    beto.post(where, json={"do": "done"})
    beto.post(where, json={"do": "done"})
    beto.post(where, json={"do": "undo"})
    assert ana.post(where, json={"do": "done"}).status_code == 409
    told = noted()[1:]
    assert [one[:2] for one in told] == [
        ("edit", "Ana"), ("take", "Beto"), ("edit", "Beto"), ("made", "Beto"), ("unmade", "Beto"),
    ]  # fmt: skip
    assert told[0][2:] == ({"agent": "Ana"}, {"agent": None})
    assert told[1][2:] == ({"agent": None}, {"agent": "Beto"})
    assert (told[2][2], set(told[2][3])) == ({"due_at": due}, {"due_at"})
    assert told[3][2:] == ({"state": "pending"}, {"state": "done"})
    assert told[4][2:] == ({"state": "done"}, {"state": "pending"})

    ana.save("c-1", callback_at="", callback_note="")
    assert noted()[-1] == ("cancel", "Ana", {"state": "pending"}, {"state": "cancelled"})
    record("c-2", "Ana", contact_id=contact.id, call_center_id=center.id)
    ana.save("c-2", callback_at=at)
    ana.post("/desk/calls/c-2/contact", json={"contact": None, "seen": contact.id})
    assert noted()[-1][:3] == ("edit", "Ana", {"contact": "Beatriz"})
    assert AgentCallback.select().order_by(AgentCallback.id.desc()).get().contact_id != contact.id


def test_the_card_has_what_was_promised_to_its_contact(log_in: LogIn, agent: Any, center: CallCenter) -> None:
    contact, other = (Contact.create(name=name) for name in ("Beatriz", "Otra"))
    elsewhere = CallCenter.create(name="Ventas")
    state, ended = AgentCallbackState.DONE, now() - HOUR
    made = [
        _promise(agent, "Beto", now() - 3 * HOUR, contact=contact, state=state, ended_at=ended - HOUR * ago)
        for ago in (2, 1)
    ]
    later = _promise(agent, "Ana", now() + HOUR, contact=contact, call_center=center)
    late = _promise(agent, None, now() - HOUR, contact=contact, call_center=center, note="tarde")
    betos = _promise(agent, "Beto", now() + 2 * HOUR, contact=contact)
    anyones = _promise(agent, None, now() + 3 * HOUR, contact=contact, call_center=elsewhere)
    _promise(agent, "Ana", now(), contact=contact, state=AgentCallbackState.CANCELLED)
    _promise(agent, "Ana", now(), contact=other)
    shown = log_in("Ana").get(f"/desk/callbacks/of-contact/{contact.id}").json["callbacks"]
    assert [(row["id"], row["agent"], row["may"]) for row in shown] == [
        (late.id, "", True), (later.id, "Ana", True), (betos.id, "Beto", False), (anyones.id, "", False),
        (made[1].id, "Beto", False), (made[0].id, "Beto", False),
    ]  # fmt: skip
    assert log_in("Caro").get("/desk/callbacks/of-contact/999999").json["callbacks"] == []
    assert log_in("Caro").get(f"/desk/callbacks/of-contact/{2**63}").json["callbacks"] == []


# ---------------------------------------------------------------- due
@pytest.fixture
def played() -> Iterator[PlayedEngine]:
    with PlayedEngine(answers={"/news": (202, {})}) as engine:
        yield engine


def test_what_falls_due_is_told_once_to_those_who_may_make_it(
    database: Database, agent: Any, center: CallCenter, played: PlayedEngine
) -> None:
    minute = timedelta(minutes=1)
    mine = _promise(agent, "Ana", now() - minute)
    shared = _promise(agent, None, now() - minute, call_center=center)
    _promise(agent, "Ana", now() + HOUR)
    _promise(agent, "Ana", now() - timedelta(days=3))
    _promise(agent, "Ana", now() - minute, state=AgentCallbackState.DONE)
    engine = Engine(played.port, "x")
    played.answers["/news"] = (503, {"error": "internal"})
    assert remind(database, engine, CALLBACKS) == 0
    played.asked.clear()
    played.answers["/news"] = (202, {})
    assert remind(database, engine, CALLBACKS) == 2
    told = sorted((asked.body["about"]["callback"], asked.body["agents"]) for asked in played.asked)
    assert told == [(mine.id, [agent("Ana").id]), (shared.id, sorted([agent("Ana").id, agent("Beto").id]))]
    assert {asked.body["topic"] for asked in played.asked} == {"callbacks"}
    assert remind(database, engine, CALLBACKS) == 0
    AgentCallback.update(due_at=datetime.now(UTC) - minute / 2).where(AgentCallback.id == mine.id).execute()
    assert remind(database, engine, CALLBACKS) == 1, "put off, it is told anew"
