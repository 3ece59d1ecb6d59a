"""Drafts on the server: kept as typed, merged field by field, the newest wins and both are told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from web_desk.filled import GOOD, center_with_form

from admin.desk import drafts
from models.tables import Call, DeskDraft, now
from models.values.call import Outcome

LogIn = Callable[..., Any]
Record = Callable[..., None]


def _keep(browser: Any, tab: str, seen: int, call_id: str = "c-1", age: int = 0, **fields: Any) -> Any:
    sent = {key.replace("__", "."): {"v": value, "age": age} for key, value in fields.items()}
    return browser.post(f"/desk/calls/{call_id}/draft", json={"tab": tab, "seen": seen, "fields": sent})


def _draft(browser: Any, call_id: str = "c-1") -> dict[str, Any]:
    draft = browser.get(f"/desk/calls/{call_id}/work").json["draft"]
    return {key: one.get("v") for key, one in draft["fields"].items() if "v" in one}


@pytest.fixture
def ana(log_in: LogIn, record: Record) -> Any:
    record("c-1", "Ana")
    return log_in("Ana")


def test_what_one_computer_typed_another_finds(ana: Any, log_in: LogIn) -> None:
    first = _keep(ana, "uno", 0, comment="a med", form__3__equipos=["Router"], field__7="x")
    assert (first.status_code, first.json["version"], first.json["fields"]) == (200, 3, {})
    assert _draft(log_in("Ana")) == {"comment": "a med", "form.3.equipos": ["Router"], "field.7": "x"}
    assert _keep(ana, "uno", 3, comment=None).status_code == 200
    assert _draft(ana) == {"form.3.equipos": ["Router"], "field.7": "x"}


def test_the_newest_wins_and_the_other_is_told(ana: Any) -> None:
    assert _keep(ana, "uno", 0, comment="de la una").json["version"] == 1
    told = _keep(ana, "dos", 0, comment="de la otra", name="Zoila").json
    assert told["replaced"] == {"comment": "de la una"}
    back = _keep(ana, "uno", 1, email="a@b.example").json
    assert {key: one["v"] for key, one in back["fields"].items()} == {"comment": "de la otra", "name": "Zoila"}
    assert back["newer"] == []


def test_typed_without_a_line_long_ago_it_does_not_write_over_what_is_newer(ana: Any) -> None:
    assert _keep(ana, "uno", 0, comment="nuevo").status_code == 200
    told = _keep(ana, "dos", 0, age=60_000, comment="viejo", email="solo@aqui.example").json
    assert (told["newer"], told["fields"]["comment"]["v"]) == (["comment"], "nuevo")
    assert _draft(ana) == {"comment": "nuevo", "email": "solo@aqui.example"}


def test_saved_it_is_gone_and_what_comes_late_stays_out(ana: Any) -> None:
    assert _keep(ana, "uno", 0, comment="listo", name="Zoila").status_code == 200
    saved = ana.save("c-1", comment="listo")
    assert saved.status_code == 200
    assert _draft(ana) == {"name": "Zoila"}
    late = _keep(ana, "dos", 0, age=30_000, comment="de antes").json
    assert late["newer"] == ["comment"]
    assert "v" not in late["fields"]["comment"]
    assert _draft(ana) == {"name": "Zoila"}
    assert _keep(ana, "uno", saved.json["draft"]["version"], comment="y algo más").status_code == 200
    assert _draft(ana)["comment"] == "y algo más"


def test_a_saved_form_takes_its_draft_with_it(log_in: LogIn, record: Record) -> None:
    center, version = center_with_form()
    record("c-2", "Ana", call_center_id=center.id)
    ana = log_in("Ana")
    key = f"form__{version.id}__servicio"
    assert _keep(ana, "uno", 0, "c-2", **{key: "S-1", "form__99__x": "de otra", "comment": "sigue"}).status_code == 200
    assert ana.save("c-2", forms=[{"version": version.id, "answers": GOOD}]).status_code == 200
    assert _draft(ana, "c-2") == {"form.99.x": "de otra", "comment": "sigue"}


def test_discarded_it_is_gone(ana: Any) -> None:
    assert _keep(ana, "uno", 0, comment="nada").status_code == 200
    assert ana.post("/desk/calls/c-1/discard").status_code == 204
    assert _draft(ana) == {}
    assert Call.get_by_id("c-1").saved_at is None


def test_each_agent_has_their_own_and_only_of_their_calls(ana: Any, log_in: LogIn, record: Record) -> None:
    record("c-2", outcome=Outcome.IN_PROGRESS)  # it rings, and is nobody's yet
    beto = log_in("Beto")
    assert _keep(ana, "uno", 0, "c-2", comment="de Ana").status_code == 200
    assert _keep(beto, "uno", 0, "c-2", comment="de Beto").status_code == 200
    assert (_draft(ana, "c-2"), _draft(beto, "c-2")) == ({"comment": "de Ana"}, {"comment": "de Beto"})
    assert _keep(beto, "uno", 0, comment="en la de Ana").status_code == 403
    assert _keep(beto, "uno", 0, "c-9", comment="no existe").status_code == 409
    assert beto.post("/desk/calls/c-1/discard").status_code == 403


def test_what_no_page_sends_is_refused_and_sizes_are_bounded(ana: Any) -> None:
    good = {"tab": "uno", "seen": 0, "fields": {"comment": {"v": "x", "age": 0}}}
    for wrong in (
        {}, [], good | {"tab": "a b"}, good | {"tab": 1}, good | {"seen": -1}, good | {"seen": True},
        good | {"fields": {"cost": {"v": "x", "age": 0}}}, good | {"fields": {"comment": {"v": 1, "age": 0}}},
        good | {"fields": {"comment": {"v": "x", "age": -1}}}, good | {"fields": {"comment": {"v": "x"}}},
        good | {"fields": {"comment": {"v": "x" * 20_001, "age": 0}}}, good | {"more": 1},
        good | {"fields": {"form.1.": {"v": "x", "age": 0}}}, good | {"fields": {"form.1.a\nb": {"v": "x", "age": 0}}},
    ):  # fmt: skip
        assert ana.post("/desk/calls/c-1/draft", json=wrong).status_code == 400, wrong
    assert ana.post("/desk/calls/c-1/draft", json={"tab": "x" * 400_000}).status_code == 413
    assert ana.post("/desk/calls/c-1/draft", csrf="forged", json=good).status_code == 400
    many = {f"form__1__f{number}": "x" * 20_000 for number in range(12)}
    assert _keep(ana, "uno", 0, **many).status_code == 200
    more = _keep(ana, "uno", 12, form__1__uno_mas="x" * 20_000, comment="tampoco")
    assert (more.status_code, more.json["error"]) == (413, "too_much")
    assert set(_draft(ana)) == {key.replace("__", ".") for key in many}


def test_what_nobody_came_back_to_goes_after_a_month_and_never_before(ana: Any, record: Record) -> None:
    assert _keep(ana, "uno", 0, comment="de hace un mes").status_code == 200
    DeskDraft.update(changed_at=now() - drafts.KEPT + timedelta(hours=1)).execute()
    record("c-2", "Ana")
    assert _keep(ana, "uno", 0, "c-2", comment="otra").status_code == 200
    assert _draft(ana) == {"comment": "de hace un mes"}
    DeskDraft.update(changed_at=now() - drafts.KEPT - timedelta(hours=1)).execute()
    record("c-3", "Ana")
    assert _keep(ana, "uno", 0, "c-3", comment="otra").status_code == 200
    assert [row.call_id for row in DeskDraft.select()] == ["c-3"]


def test_the_list_of_calls_says_where_something_is_not_saved(ana: Any, record: Record) -> None:
    assert _keep(ana, "uno", 0, comment="a medias").status_code == 200
    for number in range(2, 22):  # it is not among the last fifteen any more
        record(f"c-{number}", "Ana", offered_at=1_764_000_000_000 + number)
    calls = ana.get("/desk/recent").json["calls"]
    assert [one["call_id"] for one in calls if one["draft"]] == ["c-1"]
