"""The phone in an agent's browser, in the core: who is rung with it, and how *Contestar* reaches it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ari_app.core import legs
from ari_app.core import roster as roster_of
from ari_app.core.call import Facts, Leg, Policy
from ari_app.core.commands import Answer, UpdatePop
from ari_app.core.pops import pop_of
from ari_app.core.roster import Offer, Roster, SeatChanged
from models.values.call import CostUnit, Direction, PhoneKind
from models.values.money import Rate
from models.values.pattern import NumberTable
from models.values.routing import Account, AgentRoute, CallCenterRoute, RoutingSnapshot
from models.values.story import SkipReason

AT = 1_000
ANA = AgentRoute(7, "Ana", "8330101", PhoneKind.BROWSER, click2dial=True)
CENTER = CallCenterRoute(1, "Ventas", "#000000", Rate(Decimal(0), "CRC", CostUnit.MINUTE), (7,))


def snapshot(agent: AgentRoute = ANA) -> RoutingSnapshot:
    agents: Mapping[int, AgentRoute] = {agent.id: agent}
    return RoutingSnapshot(1, Account("Prueba"), {}, agents, NumberTable.of(()))


def at_the_desk(agent: AgentRoute = ANA) -> Roster:
    return roster_of.connect(Roster(snapshot(agent)), 7, "s", "10.0.0.1", AT)[0]


def test_nobody_is_rung_whose_phone_is_off_and_the_caller_waits_for_it() -> None:
    roster = at_the_desk()
    assert roster_of.why_not(roster, 7, AT) is SkipReason.PHONE_OFF
    assert roster_of.may_dial(roster, 7) == "phone_off"
    roster, decisions = roster_of.seek(roster, "c", CENTER, AT, AT)
    assert not [one for one in decisions if isinstance(one, Offer)]
    roster, decisions = roster_of.phone(roster, 7, on=True, at=AT + 1)
    assert [one.agents for one in decisions if isinstance(one, Offer)] == [(ANA,)]


def test_a_phone_that_goes_off_leaves_the_state_and_takes_no_more_calls() -> None:
    roster, _ = roster_of.phone(at_the_desk(), 7, on=True, at=AT)
    assert roster_of.why_not(roster, 7, AT) is None
    assert roster_of.may_dial(roster, 7) is None
    assert roster_of.phone(roster, 7, on=True, at=AT) == (roster, [])
    roster, decisions = roster_of.phone(roster, 7, on=False, at=AT + 1)
    assert (decisions, roster.seats[7].state) == ([], "available")
    assert roster_of.claim(roster, 7, "c", AT + 2)[1][0].why == "phone_off"  # type: ignore[union-attr]


def test_the_phone_may_be_there_before_the_desk() -> None:
    roster, decisions = roster_of.phone(Roster(snapshot()), 7, on=True, at=AT)
    assert (roster.seats, decisions) == ({}, [])
    roster, decisions = roster_of.connect(roster, 7, "s", "10.0.0.1", AT)
    assert isinstance(decisions[-1], SeatChanged)
    assert roster_of.why_not(roster, 7, AT) is None


def test_another_kind_of_phone_counts_from_the_reload_on() -> None:
    roster = at_the_desk()
    assert 7 not in roster.free
    roster, _ = roster_of.adopt_snapshot(roster, snapshot(replace(ANA, phone_kind=PhoneKind.SIP)), AT + 1)
    assert 7 in roster.free


def leg_of(kind: PhoneKind, **changes: Any) -> tuple[Facts, Leg]:
    facts = Facts(
        id="c", direction=Direction.INBOUND, caller_channel="c", called_number="40004000", calling_number="88881234",
        caller_name=None, route=CENTER, policy=Policy(), offered_at=AT,
    )  # fmt: skip
    return facts, Leg(1, replace(ANA, phone_kind=kind), "c.agent.1", AT, **changes)


def test_contestar_is_told_to_the_page_that_has_the_phone() -> None:
    facts, leg = leg_of(PhoneKind.BROWSER)
    assert (pop_of(facts, leg)["can_answer"], pop_of(facts, leg)["answer"]) == (True, False)
    leg, commands = legs.answer_wanted(facts, leg)
    assert commands == [UpdatePop(7, "c", {"answer": True})]
    assert pop_of(facts, leg)["answer"] is True


def test_a_virtual_phone_is_answered_by_the_switch_and_an_ip_phone_by_hand() -> None:
    facts, leg = leg_of(PhoneKind.VIRTUAL, far_half="c.agent.1.far")
    assert legs.answer_wanted(facts, leg)[1] == [Answer("c.agent.1.far")]
    facts, leg = leg_of(PhoneKind.SIP)
    assert legs.answer_wanted(facts, leg) == (leg, [])
    assert pop_of(facts, leg)["can_answer"] is False


def test_only_a_page_is_told_which_call_its_phone_rings_for() -> None:
    facts, _ = leg_of(PhoneKind.BROWSER)
    assert legs.headers(facts, ANA) == (("PJSIP_HEADER(add,X-Centralita-Call)", "c"),)
    assert legs.headers(facts, replace(ANA, phone_kind=PhoneKind.SIP)) == ()
