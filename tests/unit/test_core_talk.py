"""A conversation in every arrangement, and every event in each: nobody is lost, and what is refused says why."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from ari_app.core import commands as c
from ari_app.core import events as e
from ari_app.core import inbound, outbound, requests
from ari_app.core.arrangement import Calling, Consulting, Holding, Together
from ari_app.core.call import Call, Clearing, Policy, Talking, Waiting
from ari_app.core.parties import parties
from ari_app.core.permit import Permit
from ari_app.core.requests import Refused
from models.values.call import CostUnit
from models.values.money import Rate
from models.values.pattern import NumberClaim, NumberTable
from models.values.reasons import CallReason, LegReason
from models.values.routing import Account, AgentRoute, CallCenterRoute, Outside, RoutingSnapshot

CALLER = "centralita-1.1"
ANA, BETO = AgentRoute(1, "Ana", "8330101"), AgentRoute(2, "Beto", "8330102")
CENTER = CallCenterRoute(1, "Pizza", "#336699", Rate(Decimal(0), "CRC", CostUnit.MINUTE), agents=(1,))
OUTSIDE = Outside("22334455", "22334455@trunk")
SNAPSHOT = RoutingSnapshot(
    1, Account("Prueba"), {1: CENTER}, {1: ANA, 2: BETO}, NumberTable.of([NumberClaim("40001000", 1)])
)
PASS = f"{CALLER}.pass.1"
LEG1, LEG2 = f"{CALLER}.agent.1", f"{CALLER}.agent.2"


def after(call: Call, *events: e.Event) -> Call:
    for event in events:
        call, _ = inbound.step(call, event)
    return call


def together() -> Call:
    call, _ = inbound.arrive(e.CallerArrived(0, CALLER, "40001000", "88887777", None), SNAPSHOT, Policy())
    return after(
        call,
        e.AgentsOffered(10, (ANA,)),
        e.LegReady(20, LEG1),
        e.PopShown(30, 1),
        e.LegAnswered(40, LEG1),
        e.CommandDone(50, c.AddToBridge(f"{CALLER}.bridge", (CALLER, LEG1))),
    )


def holding() -> Call:
    return after(together(), requests.HoldRequested(60, 1))


def asked() -> Call:
    return after(together(), requests.ConsultRequested(60, 1, BETO))


def at_the_gate() -> Call:
    return after(together(), requests.TransferRequested(60, 1, OUTSIDE))


def calling() -> Call:
    return after(asked(), e.AgentsOffered(70, (BETO,)), e.LegReady(80, LEG2), e.PopShown(90, 2))


def blind() -> Call:
    return after(
        together(), requests.TransferRequested(60, 1, BETO), e.AgentsOffered(70, (BETO,)), e.ChannelGone(75, LEG1, 16)
    )


def consulting() -> Call:
    return after(calling(), e.LegAnswered(100, LEG2))


def swapped() -> Call:
    return after(consulting(), requests.SwapRequested(110, 1))


def conference() -> Call:
    return after(consulting(), requests.ConferenceRequested(110, 1))


ARRANGEMENTS = (together, holding, asked, at_the_gate, calling, blind, consulting, swapped, conference)
EVENTS: tuple[e.Event, ...] = (
    e.CallerArrived(200, CALLER, "40001000", None, None),
    e.CallerKnown(200, 7, {"name": "Ana", "fields": []}),
    e.AgentsOffered(200, (BETO,)),
    e.NobodyCanCome(200, 1),
    e.QueueFull(200, 1),
    e.AgentDenied(200, 2, "paused"),
    *(kind(200, channel) for kind in (e.LegReady, e.LegAnswered, e.LegRinging) for channel in (LEG1, LEG2)),
    e.LegRefused(200, LEG2, e.Refusal.BUSY),
    e.FarHalfArrived(200, LEG2, f"{LEG2}.far"),
    *(kind(200, agent) for kind in (e.PopShown, e.AnswerRequested) for agent in (1, 2)),
    *(e.HangupRequested(200, agent) for agent in (None, 1, 2, 9)),
    *(kind(200, channel, 16) for kind in (e.ChannelLeft, e.ChannelGone) for channel in (CALLER, LEG1, LEG2, "else")),
    e.PlaybackFinished(200, f"{CALLER}.announce.1"),
    *(e.TimerFired(200, name) for name in ("apart", "leftovers", "ring.1", "ring.2", "transfer", "pop.2", "other")),
    *(
        e.CommandFailed(200, command, status, "no", timed_out=status is None)
        for status in (None, 422, 500)
        for command in (
            c.AddToBridge(f"{CALLER}.bridge", (CALLER,)),
            c.RemoveFromBridge(f"{CALLER}.bridge", (CALLER,)),
            c.StartMusic(CALLER),
            c.Hangup(LEG1),
            c.CreateLeg(LEG2, 2, "8330102", CALLER, None, None),
            c.DialLeg(LEG2, CALLER, 20),
        )
    ),
    e.CommandDone(200, c.AddToBridge(f"{CALLER}.bridge", (CALLER,))),
    e.OutsideAllowed(200, PASS, 1, OUTSIDE, 120_000),
    e.OutsideAllowed(200, "another", 1, OUTSIDE, 120_000),
    e.OutsideRefused(200, PASS, 1, "22334455", CallReason.DESTINATION_NOT_ALLOWED),
    e.DtmfReceived(200, LEG1, "1"),
    e.PhoneHeld(200, LEG1),
    e.PhoneUnheld(200, LEG1),
    *(kind(200, 1) for kind in (
        requests.HoldRequested, requests.UnholdRequested, requests.MuteRequested, requests.UnmuteRequested,
        requests.CompleteRequested, requests.CancelRequested, requests.SwapRequested, requests.ConferenceRequested,
    )),
    requests.DtmfRequested(200, 1, "12"),
    *(kind(200, 1, to) for kind in (requests.TransferRequested, requests.ConsultRequested)
      for to in (BETO, CENTER, OUTSIDE)),
)  # fmt: skip


def test_each_arrangement_is_what_it_is_called() -> None:
    assert [type(make().arrangement) for make in ARRANGEMENTS] == [  # type: ignore[union-attr]
        Together, Holding, Together, Together, Calling, Calling, Consulting, Consulting, Together,
    ]  # fmt: skip


@pytest.mark.parametrize("make", ARRANGEMENTS)
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_no_event_leaves_anybody_alone(make: Callable[[], Call], event: e.Event) -> None:
    call, wanted = inbound.step(make(), event)
    if isinstance(call, Talking):
        waits = isinstance(call.arrangement, Calling) and call.arrangement.by is None
        assert len(parties(call)) >= (1 if waits else 2)
    else:
        assert isinstance(call, Clearing | Waiting)
    ended = [one.channel for one in wanted if isinstance(one, c.Hangup)]
    if isinstance(call, Talking):
        assert not set(ended) & set(parties(call)), "who takes part is not hung up"


@pytest.mark.parametrize(
    ("make", "request_", "why"),
    [
        (together, requests.UnholdRequested(200, 1), Refused.NOT_ON_HOLD),
        (together, requests.SwapRequested(200, 1), Refused.NOT_CONSULTING),
        (together, requests.HoldRequested(200, 2), Refused.NOT_YOURS),
        (together, requests.ConsultRequested(200, 1, ANA), Refused.TARGET_IS_HERE),
        (together, requests.HoldRequested(200, None), None),
        (holding, requests.HoldRequested(200, 1), Refused.ON_HOLD),
        (asked, requests.TransferRequested(200, 1, CENTER), Refused.ASKED_ALREADY),
        (calling, requests.ConferenceRequested(200, 1), Refused.NOT_ANSWERED),
        (calling, requests.HoldRequested(200, 1), Refused.CONSULTING),
        (blind, requests.CancelRequested(200, 1), Refused.NOT_YOURS),
        (consulting, requests.SwapRequested(200, 2), Refused.NOT_YOURS),
        (conference, requests.TransferRequested(200, 1, OUTSIDE), Refused.CONFERENCE),
        (conference, requests.MuteRequested(200, 2), None),
    ],
)
def test_what_can_not_be_had_says_why(make: Callable[[], Call], request_: e.TalkRequest, why: Refused | None) -> None:
    assert requests.refusal(make(), request_) is why


def test_a_number_outside_is_called_only_when_the_gate_lets_it_out() -> None:
    call, wanted = inbound.step(together(), requests.TransferRequested(60, 1, OUTSIDE))
    assert wanted[0] == c.AskOutside(CALLER, PASS, 1, "22334455", CENTER, as_ours=False)
    assert not any(isinstance(one, c.CreateLeg | c.Hangup) for one in wanted)

    refused, told = inbound.step(
        call, e.OutsideRefused(70, PASS, 1, "+50622334455", CallReason.DESTINATION_NOT_ALLOWED)
    )
    assert isinstance(refused, Talking)
    assert isinstance(refused.arrangement, Together)
    assert parties(refused) == parties(call)
    assert c.ReportProblem(1, CALLER, "destination_not_allowed") in told
    assert [(one.number, one.agent_id, one.reason) for one in refused.facts.stretches] == [
        ("+50622334455", 1, LegReason.DESTINATION_NOT_ALLOWED)
    ]

    to = Outside("+50622334455", "22334455@trunk")
    allowed, made = inbound.step(call, e.OutsideAllowed(70, PASS, 1, to, 120_000))
    assert [one.endpoint for one in made if isinstance(one, c.CreateLeg)] == ["22334455@trunk"]
    leg = allowed.legs.all[-1].channel
    talks, timers = inbound.step(after(allowed, e.LegReady(80, leg)), e.LegAnswered(1_000, leg))
    assert c.SetTimer("budget.2", 120_000) in timers
    _, asks = inbound.step(talks, e.TimerFired(121_000, "budget.2"))
    assert c.AskAllowance(PASS) in asks
    over, ends = inbound.step(talks, e.AllowanceGranted(121_000, 0, CallReason.AGENT_SPEND_LIMIT, PASS))
    assert isinstance(over, Clearing)
    assert over.reason is CallReason.AGENT_SPEND_LIMIT
    assert c.SettleSpending(PASS, 120_000) in ends


def test_what_the_gate_gives_too_late_is_given_back() -> None:
    gone = after(at_the_gate(), e.ChannelGone(65, CALLER, 16))
    assert inbound.step(gone, e.OutsideAllowed(70, PASS, 1, OUTSIDE, 1_000)) == (gone, [c.SettleSpending(PASS, 0)])


def test_before_the_two_are_joined_nothing_can_be_had() -> None:
    call, _ = inbound.arrive(e.CallerArrived(0, CALLER, "40001000", None, None), SNAPSHOT, Policy())
    assert requests.refusal(call, requests.HoldRequested(1, 1)) is Refused.NOT_TALKING


def test_an_agent_who_called_and_transfers_is_free_at_once() -> None:
    """The calling side leaves, the customer goes on with the target: the seat does not wait for the call's end."""
    mine = "centralita-2.1"
    dialled = e.AgentDials(0, mine, "8330101", "22334455", None)
    call, _ = outbound.dial(dialled, ANA, CENTER, Permit(OUTSIDE, "22334455"), Policy())
    customer = f"{mine}.outside.1"
    call = after(
        call,
        e.LegReady(10, customer),
        e.LegAnswered(20, customer),
        e.CommandDone(30, c.AddToBridge(f"{mine}.bridge", (mine, customer))),
        requests.TransferRequested(40, 1, BETO),
    )
    left, told = inbound.step(call, e.AgentsOffered(50, (BETO,)))
    assert [(one.agent, one.call_id) for one in told if isinstance(one, c.ReleaseAgent)] == [(1, mine)]
    assert c.Hangup(mine) in told
    assert isinstance(left, Talking)
    _, told = inbound.step(left, e.ChannelGone(60, mine, 16))
    assert not any(isinstance(one, c.ReleaseAgent) for one in told), "and once only"


def test_a_lost_connection_hangs_nobody_up() -> None:
    """Unhold while the switch is away, for a minute: all that is ordered fails each time, and it is tried on."""
    call, wanted = inbound.step(holding(), requests.UnholdRequested(100, 1))
    at = 100
    for _ in range(120):
        orders = [one for one in wanted if isinstance(one, c.SwitchCommand)]
        for order in orders:
            call, wanted = inbound.step(call, e.CommandFailed(at, order, None, "not connected", timed_out=True))
            assert isinstance(call, Talking), f"hung up after {at} ms"
        waits = [one.milliseconds for one in wanted if isinstance(one, c.SetTimer)]
        at += waits[-1]
        call, wanted = inbound.step(call, e.TimerFired(at, "apart"))
    assert at > 60_000
    back = c.AddToBridge(f"{CALLER}.bridge", (CALLER, LEG1))
    assert back in [
        one if not isinstance(one, c.AddToBridge) else c.AddToBridge(one.bridge, one.channels) for one in wanted
    ]
    call = after(call, e.CommandDone(at, back))
    assert isinstance(call, Talking)
    assert call.rejoin == 0


def test_who_the_switch_does_not_join_is_given_up_after_many_tries() -> None:
    call, wanted = inbound.step(holding(), requests.UnholdRequested(100, 1))
    tries = 0
    while isinstance(call, Talking):
        [order] = [one for one in wanted if isinstance(one, c.AddToBridge)]
        call, wanted = inbound.step(call, e.CommandFailed(200, order, 500, "no"))
        if isinstance(call, Talking):
            call, wanted = inbound.step(call, e.TimerFired(200, "apart"))
            tries += 1
    assert tries == Policy().rejoin_tries
