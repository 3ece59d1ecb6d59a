"""The one writer on real databases: batches, what is read back, and records that can never be stored."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from decimal import Decimal

import pytest
from stored_records import AT, add_agent, closed, leg, opened, rows_of

from ari_app import presence
from ari_app.presence import LoginRow, PresenceRow
from models.cdr import calls_by_id, engine_mark, legs_of
from models.db import open_database
from models.values.call import AgentState
from models.values.cdr import CallRecord


def test_records_are_stored_in_batches_and_read_back_as_they_were(url, writer) -> None:
    w = writer(url)
    for number in range(1000):
        w.write_call(opened(number))
        w.write_call(closed(number), (leg(number),))
    w.write_mark("cel", "12:34")
    assert w.wait_settled(30)
    stats = w.stats()
    assert (stats["written"], stats["journal"], stats["waiting"], stats["alarm"]) == (2001, 0, 0, None)
    assert stats["batches"] <= 30
    database = open_database(url, bind=False)
    assert calls_by_id(database, ["centralita-1.7"]) == {"centralita-1.7": closed(7)}
    assert legs_of(database, "centralita-1.7") == [leg(7)]
    assert engine_mark(database, "cel") == "12:34"
    database.close()
    assert rows_of(url, "SELECT count(*) FROM calls") == [(1000,)]


def test_a_record_is_in_the_database_soon(url, writer) -> None:
    w = writer(url)
    w.write_call(opened(1))
    begun = time.monotonic()
    assert w.wait_settled(10)
    assert time.monotonic() - begun < 4
    assert rows_of(url, "SELECT outcome FROM calls") == [("in_progress",)]


def test_a_late_open_does_not_reopen_a_closed_call(url, writer) -> None:
    w = writer(url)
    w.write_call(closed(1))
    assert w.wait_settled(10)
    w.write_call(opened(1))
    assert w.wait_settled(10)
    assert rows_of(url, "SELECT outcome, talk_ms FROM calls") == [("answered", 4000)]


def impossible_records() -> list[CallRecord]:
    return [
        replace(closed(900), offered_at=None),  # type: ignore[arg-type]  # NOT NULL
        replace(closed(901), talk_ms=2**70),
        replace(closed(902), rate_price=Decimal("NaN")),
        replace(closed(903), id=None),  # type: ignore[arg-type]
        replace(closed(904), talk_ms=object()),  # type: ignore[arg-type]
    ]


@pytest.mark.parametrize("index", range(len(impossible_records())))
def test_one_impossible_record_is_set_aside_and_the_others_pass(url, writer, tmp_path, index) -> None:
    w = writer(url)
    for number in range(100):
        w.write_call(closed(number))
        if number == 37:
            w.write_call(impossible_records()[index])
    assert w.wait_settled(20)
    w.write_call(closed(100))
    assert w.wait_stored(20)
    assert rows_of(url, "SELECT count(*) FROM calls WHERE outcome = 'answered'") == [(101,)]
    stats = w.stats()
    assert (stats["refused"], stats["alarm"], stats["journal"]) == (1, "refused", 0)
    kept = [json.loads(line) for line in (tmp_path / "journal" / "refused.jsonl").read_text().splitlines()]
    assert len(kept) == 1
    assert kept[0]["reason"]
    assert "centralita-1.90" in json.dumps(kept[0]["record"]) or index == 3


def test_text_that_is_no_unicode_and_nul_is_stored_all_the_same(url, writer) -> None:
    w = writer(url)
    w.write_call(replace(closed(1), caller_name="A\x00\udcf1", reason="x" * 500))
    assert w.wait_settled(10)
    assert rows_of(url, "SELECT caller_name, length(reason) FROM calls") == [("A?", 64)]


def test_presence_and_log_ins(url, writer) -> None:
    one, two, three = (add_agent(url, name) for name in ("ana", "beto", "carla"))
    w = writer(url)
    w.write_login(LoginRow(one, "s1", AT, "192.0.2.1", "Firefox"))
    w.write_presence(PresenceRow(one, AgentState.AVAILABLE, AT, None, "s1"))
    w.write_presence(PresenceRow(one, AgentState.PAUSED, AT + 5, "almuerzo", "s1", pause_wish="baño"))
    w.write_login(LoginRow(two, "s2", AT, "192.0.2.2"))
    w.write_login(LoginRow(two, "s2", AT, "192.0.2.2", logout_at=AT + 9, cause="ip"))
    w.write_login(LoginRow(two, "s2", AT, "192.0.2.2"))  # late and again: over stays over
    w.write_presence(PresenceRow(two, AgentState.OFFLINE, AT + 9))
    w.write_login(LoginRow(two, "s2", AT + 50, "192.0.2.2"))  # the same session comes back: another log-in
    # Two log-ins whose end was never written: an offline agent's, and an older one of an agent who is here.
    w.write_login(LoginRow(three, "s3", AT))
    w.write_presence(PresenceRow(three, AgentState.OFFLINE, AT + 77))
    w.write_login(LoginRow(one, "s0", AT - 1000))
    assert w.wait_settled(10)

    database = open_database(url, bind=False)
    assert presence.load(database) == [
        PresenceRow(one, AgentState.PAUSED, AT + 5, "almuerzo", "s1", "192.0.2.1", login_at=AT, pause_wish="baño")
    ]
    assert presence.close_stale_logins(database, AT + 99) == 3
    assert presence.close_stale_logins(database, AT + 99) == 0
    database.close()
    ends = "SELECT agent_id, login_at, logout_at, cause, device FROM agent_logins ORDER BY agent_id, login_at"
    assert rows_of(url, ends) == [
        (one, AT - 1000, AT + 5, "restart", ""),
        (one, AT, None, None, "Firefox"),
        (two, AT, AT + 9, "ip", ""),
        (two, AT + 50, AT + 99, "restart", ""),
        (three, AT, AT + 77, "restart", ""),
    ]


def test_close_stores_what_is_left(url, writer) -> None:
    w = writer(url)
    for number in range(700):
        w.write_call(closed(number))
    assert w.close(20)
    assert rows_of(url, "SELECT count(*) FROM calls") == [(700,)]
