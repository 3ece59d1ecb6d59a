"""A ticket that falls due: told to whom it concerns, once; on both databases, over a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from peewee import Database
from switch.waiting import wait_until
from web.played_engine import PlayedEngine

from admin.engine import Engine
from admin.reminders import TICKETS, Reminders, remind
from models.tables import AgentGroup, AgentGroupMember, Ticket, TicketState, now

MINUTE = timedelta(minutes=1)


@pytest.fixture
def played() -> Iterator[PlayedEngine]:
    with PlayedEngine(answers={"/news": (202, {})}) as engine:
        yield engine


def told(played: PlayedEngine) -> list[tuple[int, list[int]]]:
    return [(asked.body["about"]["ticket"], asked.body["agents"]) for asked in played.asked]


def test_each_due_date_is_told_once(database: Database, agent: Any, played: PlayedEngine) -> None:
    ana, beto = agent("Ana"), agent("Beto")
    group = AgentGroup.create(name="Taller")
    for member in (ana, beto):
        AgentGroupMember.create(group=group, agent=member)
    late = now() - MINUTE
    mine = Ticket.create(subject="de Ana", agent=ana, author=beto, due_at=late)
    shared = Ticket.create(subject="del taller", group=group, due_at=late)
    Ticket.create(subject="resuelto", agent=ana, due_at=late, state=TicketState.SOLVED)
    Ticket.create(subject="mañana", agent=ana, due_at=now() + timedelta(days=1))
    Ticket.create(subject="hace días", agent=ana, due_at=now() - timedelta(days=3))
    Ticket.create(subject="de nadie", due_at=late)
    engine = Engine(played.port, "x")
    assert remind(database, engine, TICKETS) == 3
    assert sorted(told(played)) == [(mine.id, [ana.id]), (shared.id, sorted([ana.id, beto.id]))]
    assert played.asked[0].body["about"]["what"] == "due"
    assert remind(database, engine, TICKETS) == 0
    Ticket.update(due_at=now() - MINUTE / 2).where(Ticket.id == mine.id).execute()
    assert remind(database, engine, TICKETS) == 1, "another due date is told anew"
    assert told(played)[-1] == (mine.id, [ana.id])


def test_what_an_engine_that_is_away_did_not_hear_waits_for_it(
    database: Database, agent: Any, played: PlayedEngine
) -> None:
    row = Ticket.create(subject="de Ana", agent=agent("Ana"), due_at=now() - MINUTE)
    played.answers["/news"] = (503, {"error": "internal"})
    assert remind(database, Engine(played.port, "x"), TICKETS) == 0
    assert Ticket.get_by_id(row.id).due_told is None
    played.answers["/news"] = (202, {})
    assert remind(database, Engine(played.port, "x"), TICKETS) == 1


def test_the_thread_tells_and_ends_when_it_is_asked(database: Database, agent: Any, played: PlayedEngine) -> None:
    Ticket.create(subject="de Ana", agent=agent("Ana"), due_at=now() - MINUTE)
    reminders = Reminders(database, Engine(played.port, "x"))
    reminders.start()
    wait_until(lambda: played.asked, 20)
    reminders.stop(20)
    assert not reminders._thread.is_alive()
