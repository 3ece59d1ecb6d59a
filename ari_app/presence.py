"""Agents' states and log-ins as they are remembered: the roster decides, this keeps.

Owns: the SQL of `agent_presence`, `agent_states` and `agent_logins`, the reading at start, and turning the roster's
decisions into rows for the one writer (`records`). Must not: decide a state, or touch the database on the event loop.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from peewee import Database

from ari_app.core.roster import PHONE_SESSION, Seat
from models.cdr import text
from models.db import execute, execute_many, placeholder, transaction
from models.values.call import AgentState

_SESSION: Final = 64
_NO_STATE: Final = AgentState.OFFLINE


@dataclass(frozen=True, slots=True)
class PresenceRow:
    """An agent's state. `since`: epoch milliseconds. `session`: the desk session, empty when offline."""

    agent: int
    state: AgentState
    since: int
    reason: str | None = None
    session: str = ""
    address: str = ""
    """Where the open log-in came from; read by `load`, not stored with the state."""
    login_at: int | None = None
    pause_wish: str | None = None
    """Asked for a pause after the call that they are on, and its reason."""


@dataclass(frozen=True, slots=True)
class LoginRow:
    """One log-in, and once it is over, its end. The key is `row_key(session, login_at)`."""

    agent: int
    session: str
    login_at: int
    address: str = ""
    device: str = ""
    logout_at: int | None = None
    cause: str | None = None


def row_key(session: str, login_at: int) -> str:
    """The stored `session`: of one web session there may be several log-ins (lost connection, back an hour later)."""
    key = f"{session}@{login_at}"
    return key if len(key) <= _SESSION and key.isprintable() else hashlib.sha256(key.encode()).hexdigest()


# ---------------------------------------------------------------- the tables
_PRESENCE: Final = (
    "INSERT INTO agent_presence (agent_id, state, reason, since, session, pause_wish) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (agent_id) DO UPDATE SET state = excluded.state, reason = excluded.reason, since = excluded.since, "
    "session = excluded.session, pause_wish = excluded.pause_wish"
)
_CHANGE: Final = (
    "INSERT INTO agent_states (agent_id, state, reason, since) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (agent_id, since) DO UPDATE SET state = excluded.state, reason = excluded.reason"
)
# A log-in that is over stays over, however often and in whatever order its rows are written.
_LOGIN: Final = (
    "INSERT INTO agent_logins (session, agent_id, login_at, seen_at, logout_at, cause, address, device) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (session) DO UPDATE SET "
    "seen_at = coalesce(excluded.seen_at, agent_logins.seen_at), "
    "logout_at = coalesce(agent_logins.logout_at, excluded.logout_at), "
    "cause = coalesce(agent_logins.cause, excluded.cause)"
)
_LOAD: Final = (
    "SELECT p.agent_id, p.state, p.since, p.reason, p.session, l.address, l.login_at, p.pause_wish "
    "FROM agent_presence p "
    "LEFT JOIN agent_logins l ON l.agent_id = p.agent_id AND l.logout_at IS NULL AND l.login_at = "
    "(SELECT max(o.login_at) FROM agent_logins o WHERE o.agent_id = p.agent_id AND o.logout_at IS NULL) "
    "WHERE p.state <> ? ORDER BY p.agent_id"
)


def write_presence(database: Database, rows: Iterable[PresenceRow]) -> None:
    """Upserts states in the order given, and notes each; writing one again changes nothing."""
    stored = [
        (
            row.agent,
            row.state.value,
            text(row.reason or "", 100),
            row.since,
            text(row.session, _SESSION),
            None if row.pause_wish is None else text(row.pause_wish, 100),
        )
        for row in rows
    ]
    with transaction(database):
        execute_many(database, _PRESENCE.replace("?", placeholder(database)), stored)
        # What came of it stays: the figures of a day are reckoned from the changes.
        execute_many(database, _CHANGE.replace("?", placeholder(database)), [row[:4] for row in stored])


def write_logins(database: Database, rows: Iterable[LoginRow]) -> None:
    """Upserts log-ins and log-outs in the order given; writing one again changes nothing."""
    stored = [
        (
            row_key(row.session, row.login_at),
            row.agent,
            row.login_at,
            row.logout_at or row.login_at,
            row.logout_at,
            row.cause and text(row.cause, 32),
            text(row.address, 45),
            text(row.device, 200),
        )
        for row in rows
    ]
    with transaction(database):
        execute_many(database, _LOGIN.replace("?", placeholder(database)), stored)


def load(database: Database) -> list[PresenceRow]:
    """Everybody who was at work when the engine last wrote, with the open log-in. Read when the journal is empty."""
    rows = execute(database, _LOAD.replace("?", placeholder(database)), (_NO_STATE.value,)).fetchall()
    return [
        PresenceRow(
            agent=int(agent),
            state=AgentState(state),
            since=int(since),
            reason=reason or None,
            session=session,
            address=address or "",
            login_at=None if login_at is None else int(login_at),
            pause_wish=wish,
        )
        for agent, state, since, reason, session, address, login_at, wish in rows
    ]


def close_stale_logins(database: Database, at: int) -> int:
    """End the log-ins whose end was never written (the engine was killed in between); how many.

    Those are the open ones of agents who are offline, and all but the newest of the others. When it was is known from
    the state's beginning, otherwise `at` is taken. Cause: `restart`. Run at start, after the journal is replayed.
    """
    sql = (
        "SELECT l.agent_id, l.session, l.login_at, p.state, p.since FROM agent_logins l "
        "LEFT JOIN agent_presence p ON p.agent_id = l.agent_id WHERE l.logout_at IS NULL ORDER BY l.login_at DESC"
    )
    at_work: set[int] = set()
    stale: list[tuple[int, str]] = []
    for agent, session, login_at, state, since in execute(database, sql).fetchall():
        if state not in (None, _NO_STATE.value) and agent not in at_work:
            at_work.add(agent)
            continue
        known = since is not None and int(since) >= int(login_at)
        stale.append((int(since) if known else max(at, int(login_at)), session))
    mark = placeholder(database)
    with transaction(database):
        execute_many(
            database,
            f"UPDATE agent_logins SET logout_at = {mark}, cause = 'restart' "  # noqa: S608
            f"WHERE session = {mark} AND logout_at IS NULL",
            stale,
        )
    return len(stale)


def seats(rows: Iterable[PresenceRow]) -> list[Seat]:
    """The rows as the roster wants them (`Floor.restore`); their desks are not on the line yet."""
    return [
        Seat(
            row.agent,
            row.state,
            row.since,
            reason=row.reason,
            address=row.address or None,
            session=row.session,
            phone=row.address if row.session.startswith(PHONE_SESSION) else None,
            pause_wish=row.pause_wish,
        )
        for row in rows
        if row.session
    ]


# ---------------------------------------------------------------- from the roster's decisions
class PresenceSink(Protocol):
    """The one writer; neither waits."""

    def write_presence(self, row: PresenceRow) -> None: ...

    def write_login(self, row: LoginRow) -> None: ...


class Attendance:
    """What the floor tells (`floor.Attendance`), as rows. Runs on the event loop; only queues."""

    def __init__(self, sink: PresenceSink, restored: Iterable[PresenceRow] = ()) -> None:
        self._sink = sink
        self._devices: dict[str, str] = {}
        self._open: dict[int, LoginRow] = {}
        self._written: dict[int, PresenceRow] = {}
        for row in restored:
            self._written[row.agent] = replace(row, address="", login_at=None)
            if row.login_at is not None and row.session:
                self._open[row.agent] = LoginRow(row.agent, row.session, row.login_at, row.address)

    def note_device(self, session: str, device: str) -> None:
        """What the browser says it is; told before the log-in."""
        self._devices[session] = device

    def seat_changed(self, seat: Seat) -> None:
        row = PresenceRow(
            seat.agent,
            AgentState(seat.state),
            seat.since,
            seat.reason,
            seat.session or "",
            pause_wish=seat.pause_wish,
        )
        if self._written.get(seat.agent) != row:
            self._written[seat.agent] = row
            self._sink.write_presence(row)

    def logged_in(self, agent: int, session: str, address: str, at: int) -> None:
        row = LoginRow(agent, session, at, address, self._devices.get(session, ""))
        self._open[agent] = row
        self._sink.write_login(row)

    def logged_out(self, agent: int, session: str | None, cause: str, at: int) -> None:
        """`cause`: user, lost_connection, ip, administrator, deactivated."""
        row = self._open.pop(agent, None)
        self._devices.pop(session or "", None)
        if row is not None:
            self._sink.write_login(replace(row, logout_at=at, cause=cause))
