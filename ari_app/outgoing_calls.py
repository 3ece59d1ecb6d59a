"""What the breaker must know of before: the calls of ours in the CDRs.

Owns: the SQL, and the releases. Must not: judge (``core.spending``).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from peewee import Database

from ari_app.core.gate import LEG_REASONS
from ari_app.core.permit import abroad, price_of
from ari_app.core.spending import KNOWN_COUNTRY_MS, TRIPS, Past
from models.db import execute, placeholder, transaction
from models.values.call import Direction, LegOutcome, Outcome
from models.values.destination import read_destination
from models.values.routing import RoutingSnapshot
from models.values.spending import DAY_MS

_NOTHING: Final = Decimal(0)
_DAY: Final = (
    "SELECT id, agent_id, offered_at, called_number, answered_at, ended_at, talk_ms, outcome, reason, call_center_id "
    "FROM calls WHERE direction = ? AND offered_at > ? AND agent_id IS NOT NULL ORDER BY offered_at"
)
_TRIPS: Final = (
    "SELECT agent_id, reason, max(offered_at) FROM calls WHERE direction = ? AND offered_at <= ? "
    "AND agent_id IS NOT NULL AND reason IN ({}) GROUP BY agent_id, reason"
)
_BEFORE: Final = (
    "SELECT agent_id, called_number, max(offered_at) FROM calls WHERE direction = ? AND offered_at > ? "
    "AND offered_at <= ? AND agent_id IS NOT NULL AND outcome <> ? GROUP BY agent_id, called_number"
)
# Numbers outside that were called from a call that went on (transfers, overflows): the ones the gate let out.
_LEGS: Final = (
    "FROM call_legs l JOIN calls c ON c.id = l.call_id WHERE l.kind = 'outside' AND c.offered_at > ? "
    "AND (l.ordered_by_id IS NOT NULL OR c.direction <> ?)"
)
_LEGS_DAY: Final = (
    "SELECT l.call_id, l.ordinal, l.ordered_by_id, l.offered_at, l.number, l.answered_at, l.ended_at, l.outcome, "
    f"l.reason, c.call_center_id {_LEGS} ORDER BY l.offered_at"
)
_LEGS_BEFORE: Final = (
    "SELECT l.ordered_by_id, l.number, max(l.offered_at) "
    f"{_LEGS} AND c.offered_at <= ? AND l.outcome <> ? GROUP BY l.ordered_by_id, l.number"
)
_LEGS_TRIPS: Final = (
    "SELECT ordered_by_id, reason, max(offered_at) FROM call_legs WHERE kind = 'outside' AND offered_at <= ? "
    "AND reason IN ({}) GROUP BY ordered_by_id, reason"
)


def past(database: Database, snapshot: RoutingSnapshot, at: int) -> list[Past]:
    """The calls of the last day, and before them the countries that were called. In the order of time."""
    mark = placeholder(database)
    day = at - DAY_MS
    before = execute(
        database,
        _BEFORE.replace("?", mark),
        (Direction.OUTBOUND.value, at - KNOWN_COUNTRY_MS, day, Outcome.REFUSED.value),
    ).fetchall()
    told = [_known_country(row, snapshot) for row in before]
    # A trip stands until it is released, however long ago it was.
    reasons = tuple(reason.value for reason in TRIPS.values())
    sql = _TRIPS.format(", ".join("?" * len(reasons))).replace("?", mark)
    for agent, reason, last in execute(database, sql, (Direction.OUTBOUND.value, day, *reasons)).fetchall():
        told.append(Past("", int(agent), int(last), "", _NOTHING, talk_ms=0, reason=reason, let_out=False))
    rows = execute(database, _DAY.replace("?", mark), (Direction.OUTBOUND.value, day)).fetchall()
    told += [_call(row, snapshot, at) for row in rows]
    told += _legs(database, snapshot, at)
    return sorted(told, key=lambda one: one.at)


def _legs(database: Database, snapshot: RoutingSnapshot, at: int) -> list[Past]:
    mark, day, direction = placeholder(database), at - DAY_MS, Direction.OUTBOUND.value
    values = (at - KNOWN_COUNTRY_MS, direction, day, LegOutcome.REFUSED.value)
    told = [_known_country(row, snapshot) for row in execute(database, _LEGS_BEFORE.replace("?", mark), values)]
    reasons = tuple(reason.value for reason in TRIPS.values())
    sql = _LEGS_TRIPS.format(", ".join("?" * len(reasons))).replace("?", mark)
    for agent, reason, last in execute(database, sql, (day, *reasons)).fetchall():
        told.append(Past("", agent, int(last), "", _NOTHING, talk_ms=0, reason=reason, let_out=False))
    rows = execute(database, _LEGS_DAY.replace("?", mark), (day, direction)).fetchall()
    return told + [_leg(row, snapshot) for row in rows]


def _leg(row: tuple[Any, ...], snapshot: RoutingSnapshot) -> Past:
    call_id, ordinal, agent, offered_at, number, answered_at, ended_at, outcome, reason, center = row
    destination = read_destination(number, snapshot.account.region)
    route = snapshot.call_centers.get(center) if center is not None else None
    refused = outcome == LegOutcome.REFUSED.value and reason in LEG_REASONS.values()
    talked = int(ended_at) - int(answered_at) if answered_at is not None and ended_at is not None else 0
    return Past(
        f"{call_id}.leg.{ordinal}",
        agent,
        int(offered_at),
        abroad(destination, snapshot.account.region) if destination else "",
        price_of(destination, snapshot, route) if destination else _NOTHING,
        talk_ms=talked,
        reason=reason or "",
        let_out=not refused and not (destination and destination.emergency),
    )


def _known_country(row: tuple[Any, ...], snapshot: RoutingSnapshot) -> Past:
    agent, number, last = row
    destination = read_destination(number, snapshot.account.region)
    country = abroad(destination, snapshot.account.region) if destination else ""
    return Past(f"{agent}>{number}", agent, int(last), country, price=_NOTHING, talk_ms=0)


def _call(row: tuple[Any, ...], snapshot: RoutingSnapshot, at: int) -> Past:
    call_id, agent, offered_at, number, answered_at, ended_at, talk_ms, outcome, reason, center = row
    destination = read_destination(number, snapshot.account.region)
    route = snapshot.call_centers.get(center) if center is not None else None
    open_ = ended_at is None
    return Past(
        call_id,
        int(agent),
        int(offered_at),
        abroad(destination, snapshot.account.region) if destination else "",
        price_of(destination, snapshot, route) if destination else _NOTHING,
        talk_ms=(max(0, at - int(answered_at)) if answered_at else 0) if open_ else int(talk_ms),
        reason=reason or "",
        let_out=outcome != Outcome.REFUSED.value and not (destination and destination.emergency),
        live=open_,
    )


def release(database: Database, agent: int | None, by: int | None, at: int) -> None:
    """An administrator let this agent (None: the account) call again."""
    mark = placeholder(database)
    sql = "INSERT INTO breaker_releases (agent_id, at, by_id) VALUES (?, ?, ?)"
    with transaction(database):
        execute(database, sql.replace("?", mark), (agent, at, by))
