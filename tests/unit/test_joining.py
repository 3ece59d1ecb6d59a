"""Two lines of one phone are joined (REFER with Replaces): who goes on with whom, and what each call's history says."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from ari_app.core import commands as c
from ari_app.core import events as e
from ari_app.core import gate, inbound, marks, outbound, requests
from ari_app.core.arrangement import Calling, Together
from ari_app.core.call import Call, Clearing, Ended, Policy, Reaching, Talking
from ari_app.core.parties import parties
from ari_app.core.permit import Permit
from models.values.call import CostUnit, LegKind, LegOutcome, Outcome, PhoneKind
from models.values.money import Rate
from models.values.pattern import NumberClaim, NumberTable
from models.values.reasons import CallReason, LegReason
from models.values.routing import Account, AgentRoute, CallCenterRoute, Outside, RoutingSnapshot

CUSTOMER, SECOND = "centralita-1.1", "centralita-9.1"
ANA, BETO = AgentRoute(1, "Ana", "8330101"), AgentRoute(2, "Beto", "8330102")
CENTER = CallCenterRoute(1, "Pizza", "#336699", Rate(Decimal(0), "CRC", CostUnit.MINUTE), agents=(1,))
OUTSIDE = Outside("+50622334455", "22334455@trunk")
SNAPSHOT = RoutingSnapshot(
    1, Account("Prueba"), {1: CENTER}, {1: ANA, 2: BETO}, NumberTable.of([NumberClaim("40001000", 1)])
)
LINE = f"{CUSTOMER}.agent.1"
"""Ana's channel in the customer's call; ``SECOND`` is the one of the call that she dials."""


class Two:
    """Both calls, and the way between them as ``ari_app.lines`` has it."""

    def __init__(self, first: Call, second: Call) -> None:
        self.calls: dict[str, Call] = {CUSTOMER: first, SECOND: second}
        self.said: dict[str, list[c.Command]] = {CUSTOMER: [], SECOND: []}
        self.moved: list[str] = []
        self._waiting: deque[tuple[str, e.Event]] = deque()

    def tell(self, call: str, *events: e.Event) -> None:
        self._waiting.extend((call, event) for event in events)
        while self._waiting:
            whose, event = self._waiting.popleft()
            self.calls[whose], wanted = inbound.step(self.calls[whose], event)
            self.said[whose] += wanted
            for one in wanted:
                self._between(event.at, one)

    def _between(self, at: int, one: c.Command) -> None:
        match one:
            case c.AskLine(other=other):
                whose = CUSTOMER if other in (CUSTOMER, LINE) else SECOND
                asked = e.LineAsked(at, one.call_id, one.by, other, one.agent, one.since, one.number, one.give)
                self._waiting.append((whose, asked))
            case c.RefuseLine(to=to, by=by, code=code):
                self._waiting.append((to, e.LineRefused(at, by, code)))
            case c.HandOver(to=to, by=by, leg=leg, waits=waits):
                self.moved.append(leg.channel)
                self._waiting.append((to, e.PartyGiven(at, by, leg, waits)))

    def told(self, call: str) -> list[tuple[str, str]]:
        return [(one.channel, one.state) for one in self.said[call] if isinstance(one, c.TellTransfer)]

    def problems(self, call: str) -> list[str]:
        return [one.code for one in self.said[call] if isinstance(one, c.ReportProblem)]


def after(call: Call, *events: e.Event) -> Call:
    for event in events:
        call, _ = inbound.step(call, event)
    return call


def customer(at: int = 0) -> Call:
    call, _ = inbound.arrive(e.CallerArrived(at, CUSTOMER, "40001000", "88887777", None), SNAPSHOT, Policy())
    return after(
        call,
        e.AgentsOffered(at + 10, (ANA,)),
        e.LegReady(at + 20, LINE),
        e.PopShown(at + 30, 1),
        e.LegAnswered(at + 40, LINE),
        e.CommandDone(at + 50, c.AddToBridge(f"{CUSTOMER}.bridge", (CUSTOMER, LINE))),
        e.PhoneHeld(at + 60, LINE),
    )


def dialled(to: AgentRoute | Outside = BETO, at: int = 1_000, *, allowance: int | None = None) -> Call:
    """Ana's second line rings."""
    number = to.endpoint if isinstance(to, AgentRoute) else to.number
    call, _ = outbound.dial(
        e.AgentDials(at, SECOND, "8330101", number or "", None),
        ANA,
        None,
        Permit(to, number or "", allowance),
        Policy(),
    )
    leg = call.legs.all[0].channel
    return after(call, e.LegReady(at + 10, leg), e.PopShown(at + 20, 2), e.LegRinging(at + 30, leg))


def talking(to: AgentRoute | Outside = BETO, at: int = 1_000, *, allowance: int | None = None) -> Call:
    call = dialled(to, at, allowance=allowance)
    leg = call.legs.all[0].channel
    return after(
        call, e.LegAnswered(at + 40, leg), e.CommandDone(at + 50, c.AddToBridge(f"{SECOND}.bridge", (SECOND, leg)))
    )


def refer(at: int = 5_000, channel: str = LINE, other: str | None = SECOND) -> e.PhoneTransfers:
    return e.PhoneTransfers(at, channel, "8330102", True, other)


@pytest.mark.parametrize(("channel", "other"), [(LINE, SECOND), (SECOND, LINE)], ids=["on the first", "on the second"])
def test_the_customer_goes_on_with_whom_the_agent_called(channel: str, other: str) -> None:
    """On whichever line the phone asks: the customer's call is the elder, and goes on."""
    two = Two(customer(), talking())
    beto = two.calls[SECOND].legs.all[0].channel
    two.tell(CUSTOMER if channel == LINE else SECOND, refer(5_000, channel, other))

    first, second = two.calls[CUSTOMER], two.calls[SECOND]
    assert isinstance(first, Talking)
    assert isinstance(second, Clearing)
    assert parties(first) == (CUSTOMER, beto)
    assert isinstance(first.arrangement, Together)
    assert two.moved == [beto]
    assert two.told(CUSTOMER) + two.told(SECOND) == [(channel, "channel_answered")]
    assert c.Hangup(LINE) in two.said[CUSTOMER]
    assert c.Hangup(SECOND) in two.said[SECOND]
    assert c.Hangup(beto) not in two.said[SECOND] + two.said[CUSTOMER], "whom they talk with is not hung up"
    out, into = c.RemoveFromBridge(f"{SECOND}.bridge", (beto,)), c.AddToBridge(f"{CUSTOMER}.bridge", (beto,))
    assert out in two.said[SECOND]
    assert into in two.said[CUSTOMER]
    assert two.said[SECOND].index(out) < two.said[SECOND].index(c.DestroyBridge(f"{SECOND}.bridge"))
    shown = [one for one in two.said[CUSTOMER] if isinstance(one, c.ShowPop) and one.agent == 2]
    assert [one.pop["calling_number"] for one in shown] == ["88887777"], "Beto sees the customer"
    assert c.ClosePop(2, SECOND, "done") in two.said[SECOND]
    assert c.EngageAgent(2, CUSTOMER) in two.said[CUSTOMER]
    assert not [one for one in two.said[SECOND] if isinstance(one, c.ReleaseAgent) and one.agent == 2]
    mark = next(one.value for one in two.said[CUSTOMER] if isinstance(one, c.SetVariable) and one.channel == beto)
    assert marks.read_given(mark) == marks.GivenMark(CUSTOMER, 2, "")


def test_what_the_histories_say() -> None:
    two = Two(customer(), talking())
    two.tell(CUSTOMER, refer())
    beto = two.calls[SECOND].legs.all[0].channel
    two.tell(SECOND, e.ChannelGone(5_100, SECOND, 16))
    two.tell(CUSTOMER, e.ChannelGone(5_100, LINE, 16), e.ChannelGone(9_000, CUSTOMER, 16), e.ChannelGone(9_100, beto))

    assert isinstance(two.calls[SECOND], Ended)
    assert isinstance(two.calls[CUSTOMER], Ended)
    [closed] = [one for one in two.said[SECOND] if isinstance(one, c.WriteRecord) and one.record.is_closed]
    assert (closed.record.outcome, closed.record.reason) == (Outcome.ANSWERED, CallReason.JOINED_TO_ANOTHER_CALL)
    assert (closed.record.answered_at, closed.record.ended_at, closed.record.talk_ms) == (1_040, 5_000, 3_960)
    assert [(leg.kind, leg.outcome, leg.reason, leg.ended_at) for leg in closed.legs] == [
        (LegKind.AGENT, LegOutcome.ANSWERED, LegReason.WENT_ON_ELSEWHERE, 5_000),
        (LegKind.TRANSFER, LegOutcome.ANSWERED, LegReason.ATTENDED_TRANSFER, 5_000),
    ]
    assert closed.legs[1].number == "88887777"
    [closed] = [one for one in two.said[CUSTOMER] if isinstance(one, c.WriteRecord) and one.record.is_closed]
    assert (closed.record.agent_id, closed.record.answered_at, closed.record.ended_at) == (1, 40, 9_000)
    assert [(leg.kind, leg.agent_id, leg.reason, leg.answered_at, leg.ended_at) for leg in closed.legs] == [
        (LegKind.AGENT, 1, LegReason.NONE, 40, 5_000),
        (LegKind.AGENT, 2, LegReason.CAME_FROM_ANOTHER_CALL, 5_000, 9_000),
        (LegKind.HOLD, 1, LegReason.HELD_BY_PHONE, 60, 5_000),
        (LegKind.TRANSFER, 1, LegReason.ATTENDED_TRANSFER, 5_000, 5_000),
    ]
    assert len({leg.ordinal for leg in closed.legs}) == 4
    freed = [one.agent for one in two.said[CUSTOMER] if isinstance(one, c.ReleaseAgent)]
    assert sorted(freed) == [1, 2]


def test_what_a_number_outside_may_cost_goes_with_it() -> None:
    two = Two(customer(), talking(OUTSIDE, allowance=120_000))
    two.tell(CUSTOMER, refer())
    outside = two.calls[SECOND].legs.all[0].channel
    first = two.calls[CUSTOMER]
    assert isinstance(first, Talking)
    assert (first.legs.all[1].number, first.legs.all[1].kind) == (OUTSIDE.number, LegKind.OUTSIDE)
    assert c.SetTimer(gate.timer(first.legs.all[1]), 1) in two.said[CUSTOMER], "more is asked for at once"
    two.tell(CUSTOMER, e.TimerFired(5_001, gate.timer(first.legs.all[1])))
    assert c.AskAllowance(SECOND) in two.said[CUSTOMER]
    two.tell(SECOND, e.ChannelGone(5_100, SECOND, 16))
    assert not [one for one in two.said[SECOND] if isinstance(one, c.SettleSpending)]
    two.tell(CUSTOMER, e.ChannelGone(65_000, outside, 16))
    settled = [one for one in two.said[CUSTOMER] if isinstance(one, c.SettleSpending)]
    assert settled == [c.SettleSpending(SECOND, 63_960)], "what was talked in both calls, once"


def test_whom_the_agent_called_still_rings() -> None:
    """The phone waits in the customer's call, and is told when they answer."""
    two = Two(customer(), dialled())
    beto = two.calls[SECOND].legs.all[0].channel
    two.tell(CUSTOMER, refer())
    first = two.calls[CUSTOMER]
    assert isinstance(first, Talking)
    assert isinstance(first.arrangement, Calling)
    assert two.told(CUSTOMER) == []
    assert parties(first) == (CUSTOMER, LINE)
    assert c.Hangup(beto) not in two.said[SECOND]
    two.tell(CUSTOMER, e.LegAnswered(7_000, beto))
    first = two.calls[CUSTOMER]
    assert isinstance(first, Talking)
    assert parties(first) == (CUSTOMER, beto)
    assert two.told(CUSTOMER) == [(LINE, "channel_answered")]


def test_a_phone_that_is_answered_on_the_desk_rings_on() -> None:
    """A virtual phone's far half is what is answered: it comes along."""
    ringing = dialled(replace(BETO, phone_kind=PhoneKind.VIRTUAL))
    leg = ringing.legs.all[0].channel
    ringing = after(ringing, e.FarHalfArrived(1_035, leg, f"{leg}.far"))
    two = Two(customer(), ringing)
    two.tell(CUSTOMER, refer())
    two.tell(CUSTOMER, e.AnswerRequested(6_000, 2))
    assert c.Answer(f"{leg}.far") in two.said[CUSTOMER]


def test_whom_the_agent_called_does_not_come() -> None:
    two = Two(customer(), dialled())
    beto = two.calls[SECOND].legs.all[0].channel
    two.tell(CUSTOMER, refer())
    two.tell(CUSTOMER, e.ChannelGone(7_000, beto, 17))
    first = two.calls[CUSTOMER]
    assert isinstance(first, Talking)
    assert parties(first) == (CUSTOMER, LINE), "the agent talks on with the customer"
    assert isinstance(first.arrangement, Together)
    assert two.told(CUSTOMER) == [(LINE, "channel_unavailable")]
    assert two.problems(CUSTOMER) == ["target_busy"]


def on_another_phone() -> Call:
    """Its calling side is somebody else's phone."""
    call, _ = outbound.dial(
        e.AgentDials(1_000, SECOND, "8330102", OUTSIDE.number, None),
        BETO,
        None,
        Permit(OUTSIDE, OUTSIDE.number),
        Policy(),
    )
    leg = call.legs.all[0].channel
    return after(
        call,
        e.LegReady(1_010, leg),
        e.LegAnswered(1_040, leg),
        e.CommandDone(1_050, c.AddToBridge(f"{SECOND}.bridge", (SECOND, leg))),
    )


def three() -> Call:
    """A consultation goes on there."""
    return after(talking(), requests.ConsultRequested(1_100, 1, OUTSIDE))


def not_rung_yet() -> Call:
    call, _ = outbound.dial(
        e.AgentDials(1_000, SECOND, "8330101", "8330102", None), ANA, None, Permit(BETO, "8330102"), Policy()
    )
    return call


def in_a_browser() -> Call:
    return talking(replace(BETO, phone_kind=PhoneKind.BROWSER))


def over() -> Call:
    return after(talking(), e.ChannelGone(2_000, SECOND, 16))


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (on_another_phone, "refer_other"), (three, "refer_other"), (in_a_browser, "refer_other"),
        (not_rung_yet, "refer_rings"), (over, "refer_unknown"),
    ],
)  # fmt: skip
def test_what_can_not_be_joined_says_why(second: Callable[[], Call], code: str) -> None:
    other = second()
    two = Two(customer(), other)
    two.tell(CUSTOMER, refer())
    assert two.problems(CUSTOMER) == [code]
    assert two.told(CUSTOMER) == [(LINE, "channel_declined")]
    assert two.calls[SECOND] == other
    assert two.moved == []
    first = two.calls[CUSTOMER]
    assert isinstance(first, Talking)
    assert (parties(first), first.refers) == ((CUSTOMER, LINE), None)


def test_a_line_that_the_switch_does_not_know() -> None:
    two = Two(customer(), talking())
    two.tell(CUSTOMER, refer(other=None))
    assert two.problems(CUSTOMER) == ["refer_unknown"]
    assert two.told(CUSTOMER) == [(LINE, "channel_declined")]


def test_the_second_line_asks_and_can_not_give() -> None:
    """The phone asked on the younger call; it hears of the refusal there."""
    two = Two(customer(), after(talking(), requests.HoldRequested(1_100, 1), e.DtmfReceived(1_200, SECOND, "*")))
    two.calls[CUSTOMER] = after(customer(), requests.ConsultRequested(4_000, 1, OUTSIDE))
    two.tell(SECOND, refer(channel=SECOND, other=LINE))
    assert two.problems(SECOND) == ["refer_other"]
    assert two.told(SECOND) == [(SECOND, "channel_declined")]


def test_the_customer_hangs_up_in_that_very_moment() -> None:
    """Given too late: nobody is left whom they could talk to, and nothing is left of it."""
    gone = after(customer(), e.ChannelGone(4_990, CUSTOMER, 16))
    leg = talking().legs.all[0]
    ended, wanted = inbound.step(gone, e.PartyGiven(5_000, LINE, leg, waits=True))
    assert ended == gone
    assert wanted == [c.Hangup(leg.channel), c.ReleaseAgent(2, CUSTOMER, LegOutcome.CALLER_GONE)]


def test_whoever_is_asked_answers_in_every_phase() -> None:
    asked = e.LineAsked(5_000, CUSTOMER, LINE, SECOND, 1, 0, "88887777")
    call, _ = inbound.arrive(e.CallerArrived(0, SECOND, "40001000", None, None), SNAPSHOT, Policy())
    refused = [c.RefuseLine(CUSTOMER, LINE, "refer_unknown")]
    assert inbound.step(call, asked) == (call, refused)
    assert isinstance(dialled(), Reaching)
    assert inbound.step(over(), asked)[1] == refused
