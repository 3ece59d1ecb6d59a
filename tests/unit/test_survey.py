"""Who is asked to rate a call: the caller whom the agent has left, where the call center wants it; nobody else."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from ari_app.core import ending, inbound
from ari_app.core.call import Clearing, Policy, Talking
from ari_app.core.commands import Command, Continue, Hangup
from ari_app.core.events import (
    AgentsOffered,
    CallerArrived,
    ChannelGone,
    ChannelLeft,
    CommandDone,
    CommandFailed,
    Event,
    HangupRequested,
    LegAnswered,
    LegReady,
    PopShown,
)
from models.values.call import CostUnit
from models.values.money import Rate
from models.values.pattern import NumberClaim, NumberTable
from models.values.routing import Account, AgentRoute, CallCenterRoute, RoutingSnapshot

AT = 1_700_000_000_000
CALL = "centralita-1700000000.1"
ANA = AgentRoute(7, "Ana", "8330107")
CENTER = CallCenterRoute(1, "Soporte", "#1f6feb", Rate(Decimal(0), "CRC", CostUnit.MINUTE), agents=(7,), survey=True)
ASKED = Continue(CALL, "centralita-survey", "s")


def talking(*, center: CallCenterRoute = CENTER, context: str = "centralita-survey") -> tuple[Talking, str]:
    """A conversation, and the channel of the agent's leg."""
    snapshot = RoutingSnapshot(
        1, Account("Prueba"), {1: center}, {7: ANA}, NumberTable.of([NumberClaim("40001000", 1)])
    )
    call, commands = inbound.arrive(
        CallerArrived(AT, CALL, "40001000", "88887777", None), snapshot, Policy(survey_context=context)
    )
    call, commands = inbound.step(call, AgentsOffered(AT, (ANA,)))
    (leg,) = call.legs.existing
    for event in (LegReady(AT, leg.channel), PopShown(AT, 7), LegAnswered(AT + 1, leg.channel)):
        call, commands = inbound.step(call, event)
    (joined,) = [command for command in commands if type(command).__name__ == "AddToBridge"]
    call, _ = inbound.step(call, CommandDone(AT + 2, joined))
    assert isinstance(call, Talking)
    assert call.joined
    return call, leg.channel


def ends(call: Talking, event: Event) -> tuple[Clearing, list[Command]]:
    cleared, commands = inbound.step(call, event)
    assert isinstance(cleared, Clearing)
    return cleared, [one for one in commands if isinstance(one, Continue) or one == Hangup(CALL, 16)]


@pytest.mark.parametrize("how", ["phone", "desk"])
def test_the_caller_goes_on_when_the_agent_hangs_up(how: str) -> None:
    call, leg = talking()
    event = ChannelGone(AT + 9, leg, 16) if how == "phone" else HangupRequested(AT + 9, 7)
    cleared, said = ends(call, event)
    assert said == [ASKED]
    assert cleared.ended_at == AT + 9


def test_not_where_it_is_not_wanted() -> None:
    call, leg = talking(center=replace(CENTER, survey=False))
    assert ends(call, ChannelGone(AT + 9, leg, 16))[1] == [Hangup(CALL, 16)]
    call, leg = talking(context="")
    assert ends(call, ChannelGone(AT + 9, leg, 16))[1] == [Hangup(CALL, 16)]


def test_not_when_an_administrator_ends_the_call_or_the_caller_is_gone() -> None:
    call, _ = talking()
    assert ends(call, HangupRequested(AT + 9, None))[1] == [Hangup(CALL, 16)]
    call, _ = talking()
    assert ends(call, ChannelGone(AT + 9, CALL, 16))[1] == []


def test_a_caller_who_can_not_go_on_is_hung_up_on() -> None:
    call, leg = talking()
    cleared, _ = ends(call, ChannelLeft(AT + 9, leg))
    _, commands = ending.clearing(cleared, CommandFailed(AT + 10, ASKED, 500, "no"))
    assert commands == [Hangup(CALL)]
