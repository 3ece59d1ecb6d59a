"""The roster's decisions as rows, and the histogram of acknowledgements."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ari_app.ack_times import AckTimes
from ari_app.core.roster import Seat
from ari_app.presence import Attendance, LoginRow, PresenceRow, row_key, seats
from models.values.call import AgentState

AT = 1_700_000_000_000


class Sink:
    def __init__(self) -> None:
        self.rows: list[Any] = []

    def write_presence(self, row: PresenceRow) -> None:
        self.rows.append(row)

    def write_login(self, row: LoginRow) -> None:
        self.rows.append(row)


def test_a_day_of_an_agent() -> None:
    sink = Sink()
    attendance = Attendance(sink)
    seat = Seat(7, AgentState.AVAILABLE, AT, connected=True, session="s1", address="192.0.2.1")
    attendance.note_device("s1", "Firefox")
    attendance.logged_in(7, "s1", "192.0.2.1", AT)
    attendance.seat_changed(seat)
    attendance.seat_changed(replace(seat, connected=False, lost_at=AT + 1))  # the same state: nothing to write
    attendance.seat_changed(replace(seat, state=AgentState.PAUSED, reason="almuerzo", since=AT + 2))
    attendance.logged_out(7, "s1", "lost_connection", AT + 3)
    attendance.seat_changed(replace(seat, state=AgentState.OFFLINE, since=AT + 3, session=None))
    attendance.logged_out(7, "s1", "user", AT + 4)  # out already
    login = LoginRow(7, "s1", AT, "192.0.2.1", "Firefox")
    assert sink.rows == [
        login,
        PresenceRow(7, AgentState.AVAILABLE, AT, None, "s1"),
        PresenceRow(7, AgentState.PAUSED, AT + 2, "almuerzo", "s1"),
        replace(login, logout_at=AT + 3, cause="lost_connection"),
        PresenceRow(7, AgentState.OFFLINE, AT + 3, None, ""),
    ]


def test_an_engine_that_restarts_keeps_states_and_ends_the_same_log_in() -> None:
    sink = Sink()
    row = PresenceRow(7, AgentState.PAUSED, AT + 2, "almuerzo", "s1", "192.0.2.1", login_at=AT)
    attendance = Attendance(sink, [row])
    (seat,) = seats([row, PresenceRow(8, AgentState.AVAILABLE, AT)])  # the second has no session: not at work
    assert (seat.agent, seat.state, seat.reason, seat.session, seat.connected) == (7, "paused", "almuerzo", "s1", False)
    attendance.seat_changed(seat)  # restored as it is stored
    attendance.logged_out(7, "s1", "user", AT + 9)
    assert sink.rows == [LoginRow(7, "s1", AT, "192.0.2.1", logout_at=AT + 9, cause="user")]


def test_a_pause_for_after_the_call_is_stored() -> None:
    sink = Sink()
    attendance = Attendance(sink)
    talking = Seat(7, AgentState.TALKING, AT, session="s1", call="c")
    attendance.seat_changed(talking)
    attendance.seat_changed(replace(talking, pause_wish=""))  # nothing else has changed
    assert sink.rows[-1] == PresenceRow(7, AgentState.TALKING, AT, None, "s1", pause_wish="")
    (seat,) = seats([sink.rows[-1]])
    assert seat.pause_wish == ""


def test_who_is_logged_in_on_the_phone_is_so_after_a_restart() -> None:
    row = PresenceRow(7, AgentState.AVAILABLE, AT, None, "phone:7", "192.0.2.1", login_at=AT)
    (seat,) = seats([row])
    assert (seat.phone, seat.address, seat.connected) == ("192.0.2.1", "192.0.2.1", False)
    (seat,) = seats([replace(row, session="s1")])
    assert seat.phone is None


def test_the_stored_key_of_a_log_in_fits_and_tells_two_apart() -> None:
    long = "x" * 64
    keys = {row_key("s", 1), row_key("s", 2), row_key(long, 1), row_key(long, 2), row_key("s\x00", 1)}
    assert len(keys) == 5
    assert all(len(key) <= 64 and key.isprintable() for key in keys)


def test_quantiles_are_right_within_a_tenth() -> None:
    times = AckTimes()
    assert times.summary()["p99"] is None
    for millisecond in range(1, 1001):
        times.add(millisecond / 1000)
    for q, true in ((0.5, 0.5), (0.95, 0.95), (0.99, 0.99), (0.001, 0.001)):
        found = times.quantile(q)
        assert found is not None
        assert true <= found <= true * 1.1
    summary = times.summary()
    assert (summary["count"], summary["mean"], summary["max"]) == (1000, 500.5, 1000.0)


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 1e-9, 1e9])
def test_strange_times_are_counted_not_refused(seconds) -> None:
    times = AckTimes()
    times.add(seconds)
    assert times.count == 1
    assert times.quantile(0.5) is not None
