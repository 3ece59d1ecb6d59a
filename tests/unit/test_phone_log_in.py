"""An agent who logs in on the phone: rung without a screen, told truly in the history, out when they say so."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from ari_app.core import roster as roster_of
from ari_app.core.roster import LoggedIn, LoggedOut, Offer, Roster, Rules, Seat
from models.values.call import AgentState, CostUnit, LegOutcome
from models.values.ip import IpMask, IpRules
from models.values.money import Rate
from models.values.routing import Account, AgentRoute, CallCenterRoute, RoutingSnapshot

AT = 1_700_000_000_000
PHONE, ELSEWHERE = "10.1.0.7", "203.0.113.7"
RULES = Rules(rest=5_000, reconnect_grace=30_000)
ANA = AgentRoute(id=7, name="Ana", endpoint="8330107")
CENTER = CallCenterRoute(1, "Soporte", "#1f6feb", Rate(Decimal(0), "CRC", CostUnit.MINUTE), agents=(7,))


def snapshot(*, active: bool = True, masks: tuple[Any, ...] = ()) -> RoutingSnapshot:
    return RoutingSnapshot(
        generation=1,
        account=Account("Prueba"),
        call_centers={1: CENTER},
        agents={7: replace(ANA, active=active)},
        ip_rules=IpRules(masks),
    )


def floor(**how: Any) -> Roster:
    return Roster(snapshot(**how), RULES)


OFFICE = (IpMask.parse("10.1.0.0", "255.255.255.0"),)


def test_logged_in_on_the_phone_alone_is_rung() -> None:
    roster, _ = roster_of.seek(floor(), "call", CENTER, AT, AT)
    assert not roster.seekers  # nobody could come
    roster, decisions = roster_of.log_in_on_phone(roster, 7, PHONE, AT)
    assert LoggedIn(7, "phone:7", PHONE, AT) in decisions
    roster, decisions = roster_of.seek(roster, "call", CENTER, AT + 1, AT + 1)
    assert [told.agents for told in decisions if isinstance(told, Offer)] == [(ANA,)]
    assert not roster.seats[7].connected


def test_twice_is_once() -> None:
    roster, _ = roster_of.log_in_on_phone(floor(), 7, PHONE, AT)
    roster, decisions = roster_of.log_in_on_phone(roster, 7, PHONE, AT + 9)
    assert not [told for told in decisions if isinstance(told, LoggedIn | LoggedOut)]
    assert roster.seats[7].since == AT


def test_a_pause_is_kept_and_ends_by_a_wish() -> None:
    roster, _ = roster_of.log_in_on_phone(floor(), 7, PHONE, AT)
    roster, _ = roster_of.wish(roster, 7, AgentState.PAUSED, "phone", AT + 1)
    roster, _ = roster_of.log_in_on_phone(roster, 7, PHONE, AT + 2)
    assert roster.seats[7].state is AgentState.PAUSED
    assert roster_of.why_not(roster, 7, AT + 3) == "paused"
    roster, _ = roster_of.wish(roster, 7, AgentState.AVAILABLE, None, AT + 4)
    assert roster_of.why_not(roster, 7, AT + 5) is None


def test_a_desk_that_is_lost_leaves_the_phone_at_work() -> None:
    roster, _ = roster_of.connect(floor(), 7, "desk", "10.1.0.8", AT)
    roster, decisions = roster_of.log_in_on_phone(roster, 7, PHONE, AT + 1)
    assert not [told for told in decisions if isinstance(told, LoggedIn | LoggedOut)]
    roster, _ = roster_of.disconnect(roster, 7, AT + 2)
    assert roster_of.why_not(roster, 7, AT + 3) is None
    roster, decisions = roster_of.tick(roster, AT + 2 + RULES.reconnect_grace)
    assert decisions[:2] == [
        LoggedOut(7, "desk", "lost_connection", AT + 2 + RULES.reconnect_grace),
        LoggedIn(7, "phone:7", PHONE, AT + 2 + RULES.reconnect_grace),
    ]
    assert roster_of.why_not(roster, 7, AT + 90_000) is None
    assert not roster.due


def test_a_desk_takes_over_from_the_phone_and_keeps_it() -> None:
    roster, _ = roster_of.log_in_on_phone(floor(), 7, PHONE, AT)
    roster, decisions = roster_of.connect(roster, 7, "desk", "10.1.0.8", AT + 1)
    assert decisions[:2] == [LoggedOut(7, "phone:7", "user", AT + 1), LoggedIn(7, "desk", "10.1.0.8", AT + 1)]
    assert roster.seats[7].phone == PHONE


def test_logged_out_is_out_of_both_also_after_a_call() -> None:
    roster, _ = roster_of.log_in_on_phone(floor(), 7, PHONE, AT)
    roster, _ = roster_of.seek(roster, "call", CENTER, AT, AT)
    roster, _ = roster_of.engage(roster, 7, "call", AT + 1)
    roster, _ = roster_of.log_out(roster, 7, "user", AT + 2)
    roster, decisions = roster_of.release(roster, 7, "call", LegOutcome.ANSWERED, 0, AT + 3)
    assert LoggedOut(7, "phone:7", "user", AT + 3) in decisions
    assert roster.seats == {}


def test_only_from_where_one_may_work() -> None:
    roster, decisions = roster_of.log_in_on_phone(floor(masks=OFFICE), 7, ELSEWHERE, AT)
    assert (roster.seats, decisions) == ({}, [])
    roster, _ = roster_of.log_in_on_phone(floor(), 7, ELSEWHERE, AT)
    roster, decisions = roster_of.adopt_snapshot(roster, snapshot(masks=OFFICE), AT + 1)
    assert LoggedOut(7, "phone:7", "ip", AT + 1) in decisions
    assert roster.seats == {}


def test_nobody_of_the_account_is_not_logged_in() -> None:
    roster, decisions = roster_of.log_in_on_phone(floor(active=False), 7, PHONE, AT)
    assert (roster.seats, decisions) == ({}, [])


def test_it_outlives_a_restart_of_the_engine() -> None:
    kept = Seat(7, AgentState.PAUSED, AT, reason="phone", session="phone:7", address=PHONE, phone=PHONE)
    roster, _ = roster_of.restore(floor(), [kept], AT + 1)
    roster, decisions = roster_of.tick(roster, AT + 1 + 2 * RULES.reconnect_grace)
    assert decisions == []
    assert roster_of.why_not(roster, 7, AT) == "paused"
    roster, _ = roster_of.restore(floor(masks=OFFICE), [Seat(7, AgentState.AVAILABLE, AT, phone=ELSEWHERE)], AT + 1)
    assert roster_of.why_not(roster, 7, AT + 2) == "desk_cut_off"
