"""Millions of calls as an account has them after two years, built in minutes.

Owns: the made-up past of `bench.history`. Must not: measure.

Calls are inserted in the order of time into a table without indexes, which are built afterwards.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

from bench import contacts
from models import call_search, db, tables
from models.values.call import Direction, Outcome, Role

AGENTS, CENTERS, DISPOSITIONS = 60, 8, 12
DAYS = 730
_COLUMNS = (
    "id", "direction", "call_center_id", "call_center_name", "called_number", "calling_number", "caller_name",
    "contact_id", "agent_id", "offered_at", "answered_at", "ended_at", "wait_ms", "talk_ms", "cause", "outcome",
    "reason", "rate_price", "rate_currency", "rate_unit", "cost", "disposition_id", "comment",
)  # fmt: skip
_BATCH = 50_000
_MADE = 500_000  # calls made up one by one; more are those again, at moments between
_INBOUND = (
    [Outcome.ANSWERED] * 760 + [Outcome.ABANDONED] * 120 + [Outcome.NO_ANSWER] * 45 + [Outcome.NO_AGENTS] * 40
    + [Outcome.UNKNOWN_NUMBER] * 20 + [Outcome.REFUSED] * 12 + [Outcome.ENGINE_AWAY] * 3
)  # fmt: skip
_OUTBOUND = [Outcome.ANSWERED] * 70 + [Outcome.NO_ANSWER] * 20 + [Outcome.BUSY] * 8 + [Outcome.FAILED] * 2


def fill(database: Any, calls: int, people: int) -> None:
    """Contacts, agents, call centers, and the calls; then the indexes and what the planner wants to know."""
    contacts.fill(database, people)
    with db.transaction(database):
        for number in range(1, AGENTS + 1):
            email = f"a{number}@x.example"
            tables.Agent.create(name=f"Agente {number}", email=email, email_key=email, role=Role.AGENT,
                                endpoint=f"83{number:05}")  # fmt: skip
        for number in range(1, CENTERS + 1):
            tables.CallCenter.create(name=f"Call center {number}")
        for number in range(4, DISPOSITIONS + 1):
            tables.Disposition.create(id=number, name=f"Disposición {number}")
    on_postgresql = db.is_postgresql(database)
    for column in ("", *call_search.COVERED):
        db.execute(database, f"DROP INDEX {call_search.index_of(column)}")
    for name in ("calling_number", "called_number"):
        db.execute(database, f"DROP INDEX calls_by_{name}")
    made = min(calls, _MADE)
    batch: list[tuple[Any, ...]] = []
    with db.transaction(database):
        for row in rows(database, made):
            batch.append(row)
            if len(batch) == _BATCH:
                _write(database, batch)
                batch = []
        _write(database, batch)
        _again(database, made, calls // made)
        db.execute(
            database,
            "INSERT INTO call_legs (call_id, ordinal, agent_id, channel_id, endpoint, offered_at, ringing_at, "
            "answered_at, ended_at, outcome, reason, kind, number) SELECT id, 1, agent_id, id, '8330101', offered_at, "
            "offered_at, answered_at, ended_at, 'answered', '', 'agent', '' FROM calls WHERE agent_id IS NOT NULL",
        )
    call_search.create_for_calls(database)
    db.execute(database, "VACUUM ANALYZE" if on_postgresql else "ANALYZE")


def _again(database: Any, made: int, times: int) -> None:
    """The same calls, each a little earlier, until there are `times` as many."""
    own = ("id", "offered_at", "answered_at", "ended_at")
    rest = ", ".join(column for column in _COLUMNS if column not in own)
    db.execute(database, f"CREATE TEMP TABLE calls_made AS SELECT {', '.join(_COLUMNS)} FROM calls")
    for turn in range(1, times):
        back = DAYS * 86_400_000 // made * turn // times
        moments = ", ".join(f"{column} - {back}" for column in own[1:])
        sql = f"INSERT INTO calls ({', '.join(own)}, {rest}) SELECT id || '-{turn}', {moments}, {rest} FROM calls_made"
        db.execute(database, sql)
    db.execute(database, "DROP TABLE calls_made")


def logins(database: Any, count: int) -> None:
    """Log-ins of the same two years."""
    chance = random.Random(17)
    now = int(time.time() * 1000)
    step = DAYS * 86_400_000 // max(1, count)
    made = []
    for number in range(count):
        at = now - (count - number) * step
        made.append((chance.randrange(1, AGENTS + 1), f"s{number}", at, at, at + chance.randrange(36_000_000),
                     chance.choice(("user", "connection", "address", "expired")),
                     f"10.0.{chance.randrange(9)}.{chance.randrange(250)}",
                     chance.choice(("Chrome 140 · Windows", "Firefox 143 · Linux", "Safari 19 · iPad"))))  # fmt: skip
    mark = db.placeholder(database)
    sql = ("INSERT INTO agent_logins (agent_id, session, login_at, seen_at, logout_at, cause, address, device) "
           f"VALUES ({', '.join([mark] * 8)})")  # fmt: skip
    with db.transaction(database):
        db.execute_many(database, sql, made)
    db.execute(database, "VACUUM ANALYZE agent_logins" if db.is_postgresql(database) else "ANALYZE agent_logins")


def _write(database: Any, batch: list[tuple[Any, ...]]) -> None:
    if db.is_postgresql(database):
        with database.cursor().copy(f"COPY calls ({', '.join(_COLUMNS)}) FROM STDIN") as copy:
            for row in batch:
                copy.write_row(row)
        return
    sql = f"INSERT INTO calls ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"
    db.execute_many(database, sql, batch)


def rows(database: Any, count: int, end: int | None = None, first: int = 0) -> Iterator[tuple[Any, ...]]:
    """The calls, oldest first: some people call often, an agent and a disposition are where calls have them."""
    chance = random.Random(23 + first)
    phones = db.execute(database, "SELECT id, phone_key FROM contacts ORDER BY id").fetchall()
    now = end or int(time.time() * 1000)
    step = DAYS * 86_400_000 / max(1, count)
    pick, people = chance.random, len(phones)
    for number in range(first, first + count):
        at = now - int((first + count - number - pick()) * step)
        direction = Direction.INBOUND if (kind := pick()) < 0.78 else Direction.OUTBOUND
        center: int | None = 1 + int(CENTERS * pick() ** 2)
        agent: int | None = 1 + int(AGENTS * pick())
        contact: int | None
        contact, phone = phones[int(people * (pick() ** 2 if pick() < 0.5 else pick()))]
        if kind > 0.97:
            direction, outcome, contact, center = Direction.INTERNAL, Outcome.ANSWERED, None, None
            calling, called = f"83{int(AGENTS * pick()):05}", f"83{agent:05}"
        elif direction is Direction.INBOUND:
            outcome, calling, called = _INBOUND[int(1000 * pick())], phone, f"4000410{center}"
        else:
            outcome, calling, called = _OUTBOUND[int(100 * pick())], f"4000410{center}", phone
        answered = outcome is Outcome.ANSWERED
        if direction is Direction.INBOUND and not answered:
            agent = None
        wait, talk = int(40_000 * pick()), int(600_000 * pick() ** 2) if answered else 0
        rated = answered and direction is Direction.INBOUND
        yield (
            f"centralita-{at // 1000}.{number}", direction.value, center, f"Call center {center}" if center else "",
            called, calling, "", contact, agent, at, at + wait if answered else None, at + wait + talk, wait, talk,
            16, outcome.value, "", 25_000_000 if rated else 0, "CRC" if rated else "", "minute",
            (talk // 60_000 + 1) * 25_000_000 if rated else None,
            1 + int(DISPOSITIONS * pick() ** 2) if answered and pick() < 0.7 else None,
            "Llamará mañana" if pick() < 0.1 else "",
        )  # fmt: skip
