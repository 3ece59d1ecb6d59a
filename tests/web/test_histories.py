"""The two histories against a model in plain Python: each way of finding, filters together, any order, any page."""

from __future__ import annotations

import csv
import io
import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from web.browser import Browser

from admin import call_lines, contact_pages, history_pages, history_search
from models.tables import (
    Agent,
    AgentLogin,
    Call,
    CallCenter,
    Company,
    Contact,
    ContactListMember,
    Disposition,
    fold,
)
from models.values.call import Direction, Outcome, Role

_ZONE = ZoneInfo("America/Costa_Rica")
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
CALLS = 240
SIZE = 50
FILTERS = ("type", "start", "end", "contact", "disposition", "agent", "company", "call_center", "list", "outcome")


def _view(app: Flask, endpoint: str) -> Any:
    return next(view for view in app.extensions["admin"][0]._views if view.endpoint == endpoint)


@pytest.fixture
def past() -> Callable[[], list[dict[str, Any]]]:
    """Fills the history at random, the same each time, and tells what it holds: some moments twice."""

    def fill() -> list[dict[str, Any]]:
        Call.delete().execute()
        chance = random.Random(5)
        contacts = [row.id for row in Contact.select().order_by(Contact.id)]
        agents = [row.id for row in Agent.select().order_by(Agent.id)]
        centers = [row.id for row in CallCenter.select().order_by(CallCenter.id)]
        left = [row.id for row in Disposition.select().order_by(Disposition.id)]
        rows = []
        for number in range(CALLS):
            direction = chance.choice(list(Direction))
            outcome = chance.choice((Outcome.ANSWERED, Outcome.ANSWERED, Outcome.ABANDONED, Outcome.BUSY))
            own, other = f"4000{chance.randrange(10):04}", f"+5068{chance.randrange(300):07}"
            rows.append({
                "id": f"c{number:05}",
                "direction": direction,
                "calling_number": own if direction is Direction.OUTBOUND else other,
                "called_number": other if direction is Direction.OUTBOUND else own,
                "contact": chance.choice([*contacts, None]),
                "agent": chance.choice([*agents[:4], None]),
                "call_center": chance.choice([*centers, None]),
                "disposition": chance.choice([*left[:3], None]),
                "outcome": outcome,
                "offered_at": START + timedelta(minutes=7 * (number // 2)) + timedelta(seconds=30 * (number % 3 == 0)),
                "talk_ms": chance.randrange(5) * 1000,
                "wait_ms": chance.randrange(5) * 1000,
            })  # fmt: skip
        Call.insert_many(rows).execute()
        return rows

    return fill


def _values(chance: random.Random, names: list[str]) -> dict[str, str]:
    """What somebody may choose under each of `names`."""
    start = START + timedelta(minutes=chance.randrange(400))
    offered: dict[str, Callable[[], Any]] = {
        "type": lambda: chance.choice(list(Direction)).value,
        "start": lambda: start.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
        "end": lambda: (start + timedelta(minutes=chance.randrange(700))).strftime("%Y-%m-%dT%H:%M+00:00"),
        "contact": lambda: chance.choice(
            ["a", "maria", "8000", "+506 8000-01", "4000", "800002", "e o", "zz", Contact.select().first().name]
        ),
        "disposition": lambda: chance.choice([row.id for row in Disposition.select().limit(3)]),
        "agent": lambda: chance.choice([row.id for row in Agent.select().order_by(Agent.id).limit(4)]),
        "company": lambda: chance.choice([row.id for row in Company.select()]),
        "call_center": lambda: chance.choice([row.id for row in CallCenter.select()]),
        "list": lambda: 1,
        "outcome": lambda: chance.choice((Outcome.ANSWERED, Outcome.BUSY)).value,
    }
    return {name: str(offered[name]()) for name in names}


class Model:
    """What must be found, with no index and no SQL."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.contacts = {row.id: row for row in Contact.select()}
        self.members = {row.contact_id for row in ContactListMember.select().where(ContactListMember.list == 1)}

    def found(self, wanted: dict[str, str]) -> list[dict[str, Any]]:
        return [row for row in self.rows if all(getattr(self, name)(row, value) for name, value in wanted.items())]

    def type(self, row: Any, value: str) -> bool:
        return row["direction"] == value

    def outcome(self, row: Any, value: str) -> bool:
        return row["outcome"] == value

    def start(self, row: Any, value: str) -> bool:
        return row["offered_at"] >= datetime.fromisoformat(value)

    def end(self, row: Any, value: str) -> bool:
        return row["offered_at"] < datetime.fromisoformat(value) + timedelta(minutes=1)

    def disposition(self, row: Any, value: str) -> bool:
        return row["disposition"] == int(value)

    def agent(self, row: Any, value: str) -> bool:
        return row["agent"] == int(value)

    def call_center(self, row: Any, value: str) -> bool:
        return row["call_center"] == int(value)

    def company(self, row: Any, value: str) -> bool:
        return row["contact"] is not None and self.contacts[row["contact"]].company_id == int(value)

    def list(self, row: Any, value: str) -> bool:
        return row["contact"] in self.members

    def contact(self, row: Any, value: str) -> bool:
        digits = re.sub(r"[ +().,/-]", "", value)
        if digits.isdigit() and len(digits) >= 3:
            sides = [row["calling_number"]] if row["direction"] != Direction.OUTBOUND else []
            sides += [row["called_number"]] if row["direction"] != Direction.INBOUND else []
            if any(side.startswith((digits, "+" + digits, "+506" + digits)) for side in sides):
                return True
        known = self.contacts.get(row["contact"])
        if known is None:
            return False
        text = f"{known.search} {known.extra_search}"
        return all(word in text for word in fold(value).split())


@pytest.fixture(params=["as it is", "in small"])
def ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """With limits so small that each of them is met by a few hundred calls, too. True: nothing is cut off."""
    if request.param == "in small":
        for module, limits in (
            (history_pages, {"REACH": 70, "LOOKED": 60, "LOOKED_DEARLY": 40, "_RARE": 30, "_SAMPLE": 30}),
            (history_search, {"PEOPLE": 6, "_DENSE": 0.5}),
            (contact_pages, {"CAP": 30}),
        ):
            for name, value in limits.items():
                monkeypatch.setattr(module, name, value)
        monkeypatch.setattr(history_search, "GATHERED", 45)
        monkeypatch.setattr(history_pages, "GATHERED", 45)
    return request.param == "as it is"


def test_calls_are_those_of_the_model(on_both: Flask, past: Any, ways: bool) -> None:
    rows = past()
    model, view, chance = Model(rows), _view(on_both, "calls"), random.Random(11)
    seen = {"exact": 0, "cut": 0, "sorted": 0}
    for _round in range(45):
        names = chance.sample(FILTERS, chance.choice((0, 1, 1, 2, 2, 3, 4, 6, 10)))
        wanted = _values(chance, names)
        expected = model.found(wanted)
        sort, turn = chance.choice(("", "", "started", "talk", "wait")), chance.choice(("", "1"))
        case = (wanted, sort, turn, len(expected))
        found, page = _all_pages(on_both, view, wanted | {"sort": sort, "desc": turn})
        newest = not sort or turn == "1" or sort != "started"
        in_time = sorted(expected, key=lambda row: (row["offered_at"], row["id"]), reverse=newest)
        if page.exact:
            seen["exact"] += 1
            ordered = in_time
            if sort in ("talk", "wait"):
                seen["sorted"] += 1
                ordered = sorted(in_time, key=lambda row: row[f"{sort}_ms"], reverse=turn == "1")
            assert found == [row["id"] for row in ordered], case
            continue
        assert not ways, case
        seen["cut"] += 1
        assert page.total == len(found) <= len(expected), case
        if sort not in ("talk", "wait"):
            moments = {row["id"]: row["offered_at"] for row in rows}
            assert [moments[key] for key in found] == [row["offered_at"] for row in in_time[: len(found)]], case
            assert page.until is not None, case
            # And so on from there, until there are no more.
            assert _onwards(on_both, view, wanted, newest) == {row["id"] for row in expected}, case
    assert seen["exact"] > 10, seen
    assert ways or (seen["cut"] > 10 and seen["sorted"] > 3), seen


def _page(app: Flask, view: Any, arguments: dict[str, Any]) -> Any:
    with app.test_request_context(f"/{view.slug}/?" + urlencode(arguments)):
        wanted = view.wanted()
        assert not wanted.problems
        return view.page(wanted)


def _all_pages(app: Flask, view: Any, arguments: dict[str, Any]) -> tuple[list[Any], Any]:
    """The ids on all pages, of `SIZE` rows, and the last page."""
    found: list[Any] = []
    number = pages = 1
    while number <= pages:
        page = _page(app, view, arguments | {"page": number, "size": SIZE})
        assert page.number == number
        assert page.first == (len(found) + 1 if page.rows else 0)
        found += [row.id for row in page.rows]
        pages, number = page.pages, number + 1
    assert len(found) == page.total
    beyond = _page(app, view, arguments | {"page": pages + 7, "size": SIZE})
    assert [row.id for row in beyond.rows] == [row.id for row in page.rows]
    return found, page


def _onwards(app: Flask, view: Any, wanted: dict[str, str], newest: bool) -> set[Any]:
    seen: set[Any] = set()
    wanted = wanted | {"sort": "started", "desc": "1" if newest else ""}
    for _turn in range(200):
        found, page = _all_pages(app, view, wanted)
        seen |= set(found)
        if page.until is None:
            return seen
        wanted = wanted | {"end" if newest else "start": page.until.isoformat(timespec="milliseconds")}
    raise AssertionError("never came to an end")


def test_log_ins_are_those_of_the_model(on_both: Flask, ways: bool) -> None:
    AgentLogin.delete().execute()
    chance, view = random.Random(3), _view(on_both, "logins")
    agents = list(Agent.select().order_by(Agent.id).limit(4))
    rows = []
    for number in range(200):
        at = datetime(2026, 1, 1, 6, tzinfo=UTC) + timedelta(hours=7 * number)
        rows.append({
            "agent": agents[chance.randrange(4)].id, "session": f"s{number}", "login_at": at,
            "logout_at": chance.choice((None, at + timedelta(hours=chance.randrange(9)))),
            "address": f"10.0.0.{number % 20}", "device": chance.choice(("Chrome Ñandú", "Firefox")),
        })  # fmt: skip
    AgentLogin.insert_many(rows).execute()
    keys = {row.session: row.id for row in AgentLogin.select()}
    exact = 0
    for month in ("", "2026-02"):
        for agent in ("", str(agents[1].id)):
            for text in ("", "10.0.0.1 nandu", "nothing"):
                for sort in ("", "address", "agent"):
                    expected = [
                        row
                        for row in reversed(rows)
                        if (not month or row["login_at"].astimezone(_ZONE).strftime("%Y-%m") == month)
                        and (not agent or row["agent"] == int(agent))
                        and all(word in fold(row["address"] + " " + row["device"]) for word in text.split())
                    ]
                    wanted = {"month": month, "agent": agent, "q": text, "sort": sort}
                    found, page = _all_pages(on_both, view, {name: value for name, value in wanted.items() if value})
                    if not page.exact:
                        assert not ways
                        continue
                    exact += 1
                    if sort == "address":
                        expected.sort(key=lambda row: row["address"])
                    if sort == "agent":
                        names = {one.id: fold(one.name) for one in agents}
                        expected.sort(key=lambda row: names[row["agent"]])
                    assert found == [keys[row["session"]] for row in expected], wanted
    assert exact > 5


def test_a_download_is_everything_and_as_it_began(on_both: Flask, past: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """In pieces of the walk, in either direction; whoever calls meanwhile is not in it, nobody is in it twice."""
    rows = past()
    model, browser = Model(rows), Browser(on_both, Role.ADMINISTRATOR)
    monkeypatch.setattr(call_lines, "CHUNK", 7)
    for name, limits in ((history_pages, {"REACH": 20, "GATHERED": 15}), (history_search, {"GATHERED": 15})):
        for limit, value in limits.items():
            monkeypatch.setattr(name, limit, value)
    some = str(next(row.company_id for row in Contact.select() if row.company_id))
    for turn, (wanted, order) in enumerate(
        (({}, {}), ({}, {"sort": "started"}), ({"type": "inbound"}, {"sort": "talk"}), ({"company": some}, {}))
    ):
        query = urlencode(wanted | order)
        pieces = iter(browser.get(f"/historial-de-llamadas/descargar.csv?{query}", buffered=False).response)
        got = next(pieces) + next(pieces)
        late = {"direction": Direction.INBOUND, "outcome": Outcome.ANSWERED, "offered_at": datetime.now(UTC)}
        Call.create(id=f"late-{turn}", called_number=f"late{turn}", **late)
        got += b"".join(pieces)
        lines = list(csv.DictReader(io.StringIO(got.decode("utf-8-sig"), newline="")))
        expected = sorted(model.found(wanted), key=lambda row: (row["offered_at"], row["id"]), reverse=True)
        if order == {"sort": "started"}:
            expected.reverse()
        assert [line["Número marcado"] for line in lines] == [row["called_number"] for row in expected], query
        Call.delete().where(Call.id == f"late-{turn}").execute()
    listed = browser.get(
        "/historial-de-llamadas/descargar.csv?sort=talk&desc=1&contact_id=" + str(rows[0]["contact"] or 1)
    )
    talks = [line["Duración"] for line in csv.DictReader(io.StringIO(listed.get_data(as_text=True).lstrip("\ufeff")))]
    assert talks == sorted(talks, reverse=True)
