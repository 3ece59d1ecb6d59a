"""*Mi día*: the figures of an agent's day against plain SQL, on both databases; by the account's day; fast."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from peewee import Database

from admin.desk import figures
from ari_app.presence import PresenceRow, write_presence
from models import cdr
from models.tables import Account, AgentStateChange, epoch_ms
from models.values.call import AgentState, Direction, LegOutcome, Outcome
from models.values.cdr import CallRecord, LegRecord

ZONE = ZoneInfo("America/Costa_Rica")
NOON = int(datetime(2026, 11, 20, 12, tzinfo=ZONE).timestamp() * 1000)
MIDNIGHT = NOON - 12 * 3_600_000
MINUTE = 60_000


def _call(
    number: int,
    agent: int | None,
    at: int,
    talk: int = 0,
    direction: Direction = Direction.INBOUND,
    legs: tuple[tuple[int, LegOutcome, int], ...] = (),
) -> tuple[CallRecord, list[LegRecord]]:
    answered = at + 5000 if talk else None
    record = CallRecord(
        f"c-{number}", direction, "40004000", "88881234", at, answered_at=answered, ended_at=at + 5000 + talk,
        talk_ms=talk, agent_id=agent, outcome=Outcome.ANSWERED if talk else Outcome.ABANDONED,
    )  # fmt: skip
    rows = [
        LegRecord(record.id, place, who, "101", f"{record.id}.{place}", at + place, outcome,
                  answered_at=at + 5000 if length else None, ended_at=at + 5000 + length)
        for place, (who, outcome, length) in enumerate(legs, 1)
    ]  # fmt: skip
    return record, rows


def _write(database: Database, *made: tuple[CallRecord, list[LegRecord]]) -> None:
    cdr.close_calls(database, [record for record, _ in made], [leg for _, legs in made for leg in legs])


def test_the_figures_are_those_of_plain_sql(database: Database, agent: Callable[[str], Any], monkeypatch: Any) -> None:
    monkeypatch.setattr(figures, "now", lambda: datetime.fromtimestamp(NOON / 1000, UTC))
    ana, beto = agent("Ana").id, agent("Beto").id
    answered, no_answer, gone = LegOutcome.ANSWERED, LegOutcome.NO_ANSWER, LegOutcome.CALLER_GONE
    _write(
        database,
        _call(1, ana, MIDNIGHT + MINUTE, 3 * MINUTE, legs=((ana, answered, 3 * MINUTE),)),
        # It rang twice and was taken the second time: not missed. Then it went to Beto: each their own talk.
        _call(2, beto, MIDNIGHT + 9 * MINUTE, 9 * MINUTE,
              legs=((ana, no_answer, 0), (ana, answered, MINUTE), (beto, answered, 8 * MINUTE))),
        _call(3, beto, MIDNIGHT + 20 * MINUTE, MINUTE, legs=((ana, no_answer, 0), (beto, answered, MINUTE))),
        _call(4, None, MIDNIGHT + 30 * MINUTE, legs=((ana, LegOutcome.REFUSED, 0), (ana, no_answer, 0))),
        _call(5, None, MIDNIGHT + 31 * MINUTE, legs=((ana, gone, 0),)),
        _call(6, ana, MIDNIGHT + 40 * MINUTE, 2 * MINUTE, Direction.OUTBOUND),
        _call(7, ana, MIDNIGHT + 50 * MINUTE, 0, Direction.OUTBOUND),
        _call(8, ana, MIDNIGHT - MINUTE, 30 * MINUTE, legs=((ana, answered, 30 * MINUTE),)),  # yesterday's
    )  # fmt: skip
    states = [
        (MIDNIGHT - 60 * MINUTE, AgentState.OFFLINE), (MIDNIGHT - 10 * MINUTE, AgentState.PAUSED),
        (MIDNIGHT + 5 * MINUTE, AgentState.AVAILABLE), (MIDNIGHT + 20 * MINUTE, AgentState.WRAP_UP),
        (MIDNIGHT + 22 * MINUTE, AgentState.OFFLINE), (NOON - 7 * MINUTE, AgentState.PAUSED),
    ]  # fmt: skip
    rows = [PresenceRow(ana, state, since, None, "s") for since, state in states]
    write_presence(database, rows)
    write_presence(database, rows)  # as at a replay of the journal
    assert AgentStateChange.select().count() == len(states)
    assert figures.of_today(database, agent("Ana"), ZONE) == {
        "answered": 2, "made": 2, "missed": 2, "talk_ms": 6 * MINUTE, "mean_talk_ms": 2 * MINUTE,
        "wrap_up_ms": 2 * MINUTE, "online_ms": 29 * MINUTE, "paused_ms": 12 * MINUTE,
    }  # fmt: skip
    mine = f"FROM call_legs WHERE agent_id = {ana} AND outcome = 'answered' AND offered_at >= {MIDNIGHT}"
    counted = database.execute_sql(f"SELECT count(DISTINCT call_id), sum(ended_at - answered_at) {mine}").fetchone()
    assert (counted[0], counted[1] + 2 * MINUTE) == (2, 6 * MINUTE)
    tokyo = figures.of_today(database, agent("Ana"), ZoneInfo("Asia/Tokyo"))
    assert (tokyo["answered"], tokyo["online_ms"]) == (0, 7 * MINUTE), "the day is the account's"
    assert figures.of_today(database, agent("Caro"), ZONE) == dict.fromkeys(tokyo, 0) | {"mean_talk_ms": None}


def test_a_long_history_costs_a_day_nothing(database: Database, agent: Callable[[str], Any]) -> None:
    ana, at = agent("Ana").id, epoch_ms(datetime.now(UTC))
    days, leg = 86_400_000, ((ana, LegOutcome.ANSWERED, MINUTE),)
    _write(database, *(_call(n, ana, at - 2 * days - n * MINUTE, MINUTE, legs=leg) for n in range(6000)))
    write_presence(
        database, [PresenceRow(ana, AgentState.PAUSED, at - 2 * days - n * MINUTE, None, "s") for n in range(6000)]
    )
    figures.of_today(database, agent("Ana"), ZONE)
    times = []
    for _ in range(5):
        began = time.perf_counter()
        figures.of_today(database, agent("Ana"), ZONE)
        times.append(time.perf_counter() - began)
    print(f"figures of a day: {min(times) * 1000:.1f} ms")
    assert min(times) < 0.05


def test_they_come_with_the_last_calls(log_in: Callable[..., Any]) -> None:
    Account.update(timezone="Europe/Madrid").execute()
    today = log_in("Ana").get("/desk/recent").json["today"]
    assert (today["answered"], today["online_ms"], today["mean_talk_ms"]) == (0, 0, None)
