"""Call records to write, and what the database holds of them afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ari_app.records import RecordWriter
from models.db import execute, open_database, transaction
from models.values.call import CostUnit, Direction, LegOutcome, Outcome
from models.values.cdr import CallRecord, LegRecord

AT = 1_700_000_000_000


def opened(number: int) -> CallRecord:
    return CallRecord(f"centralita-1.{number}", Direction.INBOUND, "40004000", f"+5068888{number:04}", AT + number)


def closed(number: int) -> CallRecord:
    return replace(
        opened(number),
        outcome=Outcome.ANSWERED,
        answered_at=AT + number + 1000,
        ended_at=AT + number + 5000,
        talk_ms=4000,
        cause=16,
        rate_price=Decimal("12.5"),
        rate_currency="CRC",
        rate_unit=CostUnit.MINUTE,
        cost=Decimal("0.83"),
    )


def leg(number: int) -> LegRecord:
    return LegRecord(f"centralita-1.{number}", 1, None, "8330101", f"centralita-1.{number}.agent.1", AT,
                     LegOutcome.ANSWERED, ended_at=AT + 5000)  # fmt: skip


def rows_of(url: str, sql: str) -> list[tuple[Any, ...]]:
    database = open_database(url, bind=False)
    try:
        return [tuple(row) for row in execute(database, sql).fetchall()]
    finally:
        database.close()


def dump(url: str) -> list[list[tuple[Any, ...]]]:
    """Everything the writer may write."""
    return [
        rows_of(url, f"SELECT * FROM {table} ORDER BY 1, 2")
        for table in ("calls", "call_legs", "agent_presence", "agent_logins")
    ]


def add_agent(url: str, name: str) -> int:
    database = open_database(url, bind=False)
    sql = (
        "INSERT INTO agents (name, email, email_key, click2dial, role, active, phone_kind, session_epoch, created_at) "
        f"VALUES ('{name}', '{name}', '{name}', false, 'agent', true, 'sip', 0, 0) RETURNING id"
    )
    with transaction(database):
        row = execute(database, sql).fetchone()
    database.close()
    return int(row[0])


def poll(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not come about in time"
        time.sleep(0.01)


def more(w: RecordWriter, counter: str, count: int) -> None:
    wanted = w.stats()[counter] + count
    poll(lambda: w.stats()[counter] >= wanted)
