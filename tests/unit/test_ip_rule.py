"""The rule of *IPs click2dial* wherever the engine applies it: one table, the same verdict everywhere."""

from __future__ import annotations

import ipaddress
from decimal import Decimal

import pytest
from address_cases import CASES, FORWARDED, FORWARDED_NAMES, NAMES, OFFICE, PROXIES, REAL, REFUSED, Rows, rules

from ari_app.core import permit
from ari_app.core import roster as roster_of
from ari_app.core.permit import Asking, Permit, Policy, Refused
from ari_app.core.roster import LoggedOut, Offer, Roster, Rules
from ari_app.core.spending import Spending
from models.values.call import CostUnit
from models.values.errors import InvalidValue
from models.values.forwarded import client_address
from models.values.ip import IpMask, parse_address
from models.values.money import Rate
from models.values.reasons import CallReason
from models.values.routing import Account, AgentRoute, CallCenterRoute, RoutingSnapshot

AT = 1_700_000_000_000
ANA, LUIS = AgentRoute(id=7, name="Ana", endpoint="8330107"), AgentRoute(id=8, name="Luis", endpoint="8330108")
CENTER = CallCenterRoute(1, "Soporte", "#1f6feb", Rate(Decimal(0), "CRC", CostUnit.MINUTE), agents=(7,))
cases = pytest.mark.parametrize(("about", "rows", "address", "allowed"), CASES, ids=NAMES)


def snapshot(rows: Rows) -> RoutingSnapshot:
    return RoutingSnapshot(
        generation=1, account=Account("Prueba"), call_centers={1: CENTER}, agents={7: ANA, 8: LUIS},
        ip_rules=rules(rows),
    )  # fmt: skip


def floor(rows: Rows) -> Roster:
    return Roster(snapshot(rows), Rules(rest=5_000, reconnect_grace=30_000))


def is_rung(roster: Roster) -> bool:
    _roster, decisions = roster_of.seek(roster, "call", CENTER, AT, AT)
    return any(ANA in told.agents for told in decisions if isinstance(told, Offer))


@cases
def test_the_rule_itself(about: str, rows: Rows, address: str, allowed: bool) -> None:
    assert rules(rows).allows(address) is allowed


@pytest.mark.parametrize(("about", "rows", "address", "allowed"), REAL, ids=[case[0] for case in REAL])
def test_what_the_switch_permits(about: str, rows: Rows, address: str, allowed: bool) -> None:
    """A phone registers from there, or does not: the networks of its `permit=` hold the address."""
    permitted = [ipaddress.ip_network(text) for text in rules(rows).for_asterisk()]
    assert any(parse_address(address) in network for network in permitted) is allowed


@cases
def test_who_rings_and_who_logs_in_on_the_phone(about: str, rows: Rows, address: str, allowed: bool) -> None:
    at_desk, _ = roster_of.connect(floor(rows), 7, "s", address, AT)
    assert is_rung(at_desk) is allowed
    on_phone, _ = roster_of.log_in_on_phone(floor(rows), 7, address, AT)
    assert (7 in on_phone.seats, is_rung(on_phone)) == (allowed, allowed)


@cases
def test_a_change_of_the_list_on_an_open_desk(about: str, rows: Rows, address: str, allowed: bool) -> None:
    for begin in (
        lambda roster: roster_of.connect(roster, 7, "s", address, AT)[0],
        lambda roster: roster_of.log_in_on_phone(roster, 7, address, AT)[0],
    ):
        roster, decisions = roster_of.adopt_snapshot(begin(floor(())), snapshot(rows), AT + 1)
        out = [told.cause for told in decisions if isinstance(told, LoggedOut)]
        assert is_rung(roster) is allowed
        if begin.__code__.co_names[1] == "connect":
            assert out == ([] if allowed else ["ip"])


@cases
def test_calls_from_the_phone_and_by_click2dial(about: str, rows: Rows, address: str, allowed: bool) -> None:
    """To another agent and to a number outside; an emergency goes out from anywhere."""
    for number in ("8330108", "22223333"):
        asking = Asking("call", ANA, number, None, address)
        _spent, verdict = permit.ask(asking, snapshot(rows), floor(rows), Spending(), Policy(), AT)
        refused = isinstance(verdict, Refused) and verdict.reason is CallReason.ADDRESS_NOT_ALLOWED
        assert refused is not allowed
        assert isinstance(verdict, Permit) or number != "8330108" or not allowed


def test_nobody_is_called_where_they_may_not_be() -> None:
    roster, _ = roster_of.connect(floor(OFFICE), 8, "s", "203.0.113.9", AT)
    asking = Asking("call", ANA, "8330108", None, "198.51.100.7")
    _spent, verdict = permit.ask(asking, snapshot(OFFICE), roster, Spending(), Policy(), AT)
    assert isinstance(verdict, Refused)
    assert verdict.reason is CallReason.PARTY_NOT_ALLOWED


@pytest.mark.parametrize(("about", "peer", "forwarded", "who"), FORWARDED, ids=FORWARDED_NAMES)
def test_who_asks(about: str, peer: str, forwarded: tuple[str, ...], who: str) -> None:
    networks = [ipaddress.ip_network(text) for text in PROXIES.split(", ")]
    assert client_address(peer, forwarded, networks) == who
    assert client_address(peer, [", ".join(forwarded)] if forwarded else [], networks) == who  # as WSGI has it
    assert client_address(peer, forwarded, []) == (str(parse_address(peer)) if peer else "")


@pytest.mark.parametrize(("mask", "code"), REFUSED)
def test_masks_that_are_refused(mask: str, code: str) -> None:
    with pytest.raises(InvalidValue) as problem:
        IpMask.parse("10.0.0.0", mask)
    assert problem.value.code == code
