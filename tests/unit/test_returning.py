"""An agent whose page lost its phone comes back into the same conversation; nobody is dropped while that may be."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ari_app.core import cdr, ids, inbound, outbound, requests
from ari_app.core import commands as c
from ari_app.core import events as e
from ari_app.core import roster as roster_of
from ari_app.core.arrangement import Returning, Together
from ari_app.core.call import Call, Clearing, Policy, Talking, Waiting
from ari_app.core.parties import parties
from ari_app.core.permit import Permit
from models.values.call import CostUnit, LegOutcome, PhoneKind
from models.values.money import Rate
from models.values.pattern import NumberClaim, NumberTable
from models.values.reasons import CallReason, LegReason
from models.values.routing import Account, AgentRoute, CallCenterRoute, Outside, RoutingSnapshot

CALLER = "centralita-1.1"
ANA = AgentRoute(1, "Ana", "8330101", phone_kind=PhoneKind.BROWSER)
BETO = AgentRoute(2, "Beto", "8330102")
CENTER = CallCenterRoute(1, "Pizza", "#336699", Rate(Decimal(0), "CRC", CostUnit.MINUTE), agents=(1,))
SNAPSHOT = RoutingSnapshot(
    1, Account("Prueba"), {1: CENTER}, {1: ANA, 2: BETO}, NumberTable.of([NumberClaim("40001000", 1)])
)
LEG1, LEG2, LEG3 = (f"{CALLER}.agent.{number}" for number in (1, 2, 3))
BRIDGE = f"{CALLER}.bridge"


def after(call: Call, *events: e.Event) -> Call:
    for event in events:
        call, _ = inbound.step(call, event)
    return call


def talking(agent: AgentRoute = ANA) -> Call:
    call, _ = inbound.arrive(e.CallerArrived(0, CALLER, "40001000", "88887777", None), SNAPSHOT, Policy())
    return after(
        call,
        e.AgentsOffered(10, (agent,)),
        e.LegReady(20, LEG1),
        e.PopShown(30, agent.id),
        e.LegAnswered(40, LEG1),
        e.CommandDone(50, c.AddToBridge(BRIDGE, (CALLER, LEG1))),
    )


def of_kind(commands: list[c.Command], kind: type[Any]) -> list[Any]:
    return [one for one in commands if isinstance(one, kind)]


def test_a_page_that_went_away_leaves_the_caller_with_music_and_the_agent_with_seat_and_pop() -> None:
    call, commands = inbound.step(talking(), e.ChannelGone(1000, LEG1, 16))
    assert isinstance(call, Talking)
    assert call.arrangement == Returning(ANA, 1000)
    assert of_kind(commands, c.StartMusic) == [c.StartMusic(CALLER)]
    assert not of_kind(commands, c.ReleaseAgent)
    assert not of_kind(commands, c.Hangup)
    assert [one.changes for one in of_kind(commands, c.UpdatePop)] == [
        {"returning": True, "answer": True, "talk": None}
    ]
    assert of_kind(commands, c.AskPhone) == [c.AskPhone(1, CALLER)]


def test_its_phone_rings_again_and_the_same_conversation_goes_on() -> None:
    call, commands = inbound.step(after(talking(), e.ChannelGone(1000, LEG1, 16)), e.PhoneBack(2000, 1))
    [made] = of_kind(commands, c.CreateLeg)
    assert (made.channel, made.agent) == (LEG2, 1)
    assert made.variables  # which call it is for: the page takes it by itself
    assert not of_kind(commands, c.ShowPop)
    call, commands = inbound.step(after(call, e.LegReady(2010, LEG2)), e.LegAnswered(2500, LEG2))
    assert isinstance(call, Talking)
    assert call.arrangement == Together()
    assert parties(call) == (CALLER, LEG2)
    assert of_kind(commands, c.StopMusic) == [c.StopMusic(CALLER)]
    assert of_kind(commands, c.AddToBridge)[0].channels == (CALLER, LEG2)
    assert c.CancelTimer("return") in commands
    assert {"returning": False} in [one.changes for one in of_kind(commands, c.UpdatePop)]
    assert not of_kind(commands, c.EngageAgent)

    call, commands = inbound.step(call, e.ChannelGone(60_000, CALLER, 16))
    assert of_kind(commands, c.ReleaseAgent) == []  # not before the phone is hung up
    call, commands = inbound.step(call, e.ChannelGone(60_010, LEG2, 16))
    [release] = of_kind(commands, c.ReleaseAgent)
    assert release.outcome is LegOutcome.ANSWERED
    [closed] = of_kind(commands, c.WriteRecord)
    assert (closed.record.answered_at, closed.record.talk_ms) == (40, 60_000 - 40)
    first, second = closed.legs
    assert (first.ended_at, first.reason, first.outcome) == (1000, LegReason.PHONE_LOST, LegOutcome.ANSWERED)
    assert (second.answered_at, second.ended_at) == (2500, 60_000)


def test_a_new_page_without_the_call_is_believed_before_the_switch_notices() -> None:
    call, commands = inbound.step(talking(), e.PhoneBack(1000, 1))
    assert of_kind(commands, c.Hangup) == [c.Hangup(LEG1)]
    assert of_kind(commands, c.AskPhone)
    call, commands = inbound.step(call, e.PhoneBack(1001, 1))
    assert [made.channel for made in of_kind(commands, c.CreateLeg)] == [LEG2]
    # What is left of the old leg changes nothing any more.
    call, commands = inbound.step(call, e.ChannelGone(1100, LEG1, 16))
    assert isinstance(call, Talking)
    assert not of_kind(commands, c.ReleaseAgent)


def test_a_ring_that_went_to_the_page_that_left_is_given_up_for_the_one_that_came() -> None:
    call = after(talking(), e.ChannelGone(1000, LEG1), e.PhoneBack(1001, 1), e.LegReady(1010, LEG2))
    call, commands = inbound.step(call, e.PhoneBack(3000, 1))
    assert of_kind(commands, c.Hangup) == [c.Hangup(LEG2)]
    assert [made.channel for made in of_kind(commands, c.CreateLeg)] == [LEG3]
    assert not of_kind(commands, c.ClosePop) + of_kind(commands, c.ReleaseAgent)


@pytest.mark.parametrize(
    "failing",
    [
        e.ChannelGone(1100, LEG2, 20),
        e.LegRefused(1100, LEG2, e.Refusal.UNREACHABLE),
        e.CommandFailed(1100, c.CreateLeg(LEG2, 1, "8330101", CALLER, None, None), 400, "no"),
    ],
)
def test_a_ring_that_fails_is_tried_again_and_costs_neither_pop_nor_seat(failing: e.Event) -> None:
    call, commands = inbound.step(after(talking(), e.ChannelGone(1000, LEG1), e.PhoneBack(1001, 1)), failing)
    assert isinstance(call, Talking)
    assert c.SetTimer("return_again", 2_000) in commands
    assert not of_kind(commands, c.ClosePop) + of_kind(commands, c.ReleaseAgent)
    assert inbound.step(call, e.TimerFired(3100, "return_again"))[1] == [c.AskPhone(1, CALLER)]


def test_who_does_not_come_back_in_time_leaves_the_caller_to_the_queue() -> None:
    call, commands = inbound.step(after(talking(), e.ChannelGone(1000, LEG1)), e.TimerFired(46_000, "return"))
    assert isinstance(call, Talking)
    assert of_kind(commands, c.ReleaseAgent)[0].outcome is LegOutcome.ANSWERED
    assert [one.changes["phase"] for one in of_kind(commands, c.UpdatePop)] == ["ended"]
    out = c.RemoveFromBridge(BRIDGE, (CALLER,))
    assert out in commands
    call, commands = inbound.step(call, e.CommandFailed(46_010, out, 409, "in none"))
    assert isinstance(call, Waiting)
    assert of_kind(commands, c.SeekAgents)


def test_who_logged_out_is_not_waited_for() -> None:
    _, commands = inbound.step(after(talking(), e.ChannelGone(1000, LEG1)), e.AgentDenied(1001, 1, "not_logged_in"))
    assert of_kind(commands, c.ReleaseAgent)


def test_a_caller_who_does_not_wait_ends_the_conversation_as_always() -> None:
    lost = after(talking(), e.ChannelGone(1000, LEG1), e.PhoneBack(1001, 1))
    call, commands = inbound.step(lost, e.ChannelGone(5000, CALLER, 16))
    assert isinstance(call, Clearing)
    assert (call.reason, call.answered_at) == (CallReason.CALLER_HUNG_UP, 40)
    assert [one.outcome for one in of_kind(commands, c.ReleaseAgent)] == [LegOutcome.ANSWERED]
    assert [one.changes["phase"] for one in of_kind(commands, c.UpdatePop)] == ["ended"]
    assert c.Hangup(LEG2) in commands
    assert cdr.legs(call)[0].ended_at == 1000


def test_the_agent_may_end_it_from_the_desk_without_a_phone() -> None:
    call, _ = inbound.step(after(talking(), e.ChannelGone(1000, LEG1)), e.HangupRequested(2000, 1))
    assert isinstance(call, Clearing)
    assert call.reason is CallReason.AGENT_HUNG_UP


def test_what_the_desk_ends_is_no_loss() -> None:
    call, _ = inbound.step(talking(), e.HangupRequested(2000, 1))
    assert isinstance(call, Clearing)


def test_an_ip_phone_that_hangs_up_has_hung_up() -> None:
    call, _ = inbound.step(talking(BETO), e.ChannelGone(1000, LEG1, 16))
    assert isinstance(call, Clearing)


def test_the_agent_of_a_call_of_our_own_comes_back_into_it() -> None:
    permit = Permit(Outside("22334455", "22334455@trunk"), "22334455")
    call, _ = outbound.click(outbound.ClickToDial(0, ids.click2dial(7000, "ab12"), ANA, CENTER), permit, Policy())
    own, far = call.facts.caller_channel, "click2dial-1.outside.2"
    call = after(call, e.LegReady(10, own), e.PopShown(15, 1), e.LegAnswered(20, own))
    [leg] = [leg for leg in call.legs if leg.agent is None]
    far = leg.channel
    call = after(call, e.LegReady(30, far), e.LegAnswered(40, far))
    call = after(call, e.CommandDone(50, c.AddToBridge(f"{call.facts.id}.bridge", (own, far))))
    call, commands = inbound.step(call, e.ChannelGone(1000, own, 16))
    assert isinstance(call, Talking)
    assert isinstance(call.arrangement, Returning)
    assert of_kind(commands, c.StartMusic) == [c.StartMusic(far)]
    assert not of_kind(commands, c.ReleaseAgent)
    call, commands = inbound.step(call, e.PhoneBack(2000, 1))
    [made] = of_kind(commands, c.CreateLeg)
    call = after(call, e.LegReady(2010, made.channel), e.LegAnswered(2100, made.channel))
    assert isinstance(call, Talking)
    assert set(parties(call)) == {far, made.channel}
    call, commands = inbound.step(call, e.HangupRequested(9000, 1))
    assert isinstance(call, Clearing)
    call, commands = inbound.step(after(call, e.ChannelGone(9010, far, 16)), e.ChannelGone(9020, made.channel, 16))
    assert [one.agent for one in of_kind(commands, c.ReleaseAgent)] == [1]
    [closed] = of_kind(commands, c.WriteRecord)
    assert closed.legs[0].reason is LegReason.PHONE_LOST


def test_in_a_conference_the_others_talk_on_until_the_agent_is_back() -> None:
    call = after(talking(), requests.ConsultRequested(60, 1, BETO), e.AgentsOffered(70, (BETO,)))
    call = after(call, e.LegReady(80, LEG2), e.PopShown(85, 2), e.LegAnswered(90, LEG2))
    call = after(call, requests.ConferenceRequested(100, 1))
    call, commands = inbound.step(call, e.ChannelGone(1000, LEG1, 16))
    assert isinstance(call, Talking)
    assert not of_kind(commands, c.StartMusic)
    call = after(call, e.PhoneBack(1100, 1), e.LegReady(1110, LEG3), e.LegAnswered(1120, LEG3))
    assert isinstance(call, Talking)
    assert parties(call) == (CALLER, LEG2, LEG3)


def test_the_roster_tells_the_calls_that_a_page_does_not_have() -> None:
    roster = roster_of.Roster(replace(SNAPSHOT))
    roster, _ = roster_of.connect(roster, 1, "s1", "127.0.0.1", 0)
    roster, _ = roster_of.hold(roster, 1, CALLER, 10, talking=True)
    for has, told in ((None, []), ([CALLER], []), ([], [roster_of.Back(CALLER, 1)])):
        _, decisions = roster_of.phone(roster, 1, on=True, at=20, has=has)
        assert [one for one in decisions if isinstance(one, roster_of.Back)] == told
    assert roster_of.ask_phone(roster, 1, CALLER)[1] == []
    on, _ = roster_of.phone(roster, 1, on=True, at=20)
    assert roster_of.ask_phone(on, 1, CALLER)[1] == [roster_of.Back(CALLER, 1)]
    out, _ = roster_of.log_out(on, 1, "user", 30)
    assert [type(one) for one in roster_of.ask_phone(out, 1, CALLER)[1]] == [roster_of.Denied]
