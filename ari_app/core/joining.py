"""Two calls of one agent's phone become one: the attended transfer of a phone with two lines (REFER with Replaces).

Owns: which of the two goes on, and what each does for it. Must not: hear the REFER (``refer`` does), or know how one
call reaches another (the shell's ``lines``).

The elder call goes on: it is the customer's, and Asterisk names what is bridged after its eldest channel. The other one
gives its party, whose channel keeps its id and belongs to the elder from then on, and ends, with the agent's two lines.
So the order of events is: ``PhoneTransfers`` -> ``AskLine`` -> ``LineAsked`` in the other call -> ``HandOver`` ->
``PartyGiven``. What was asked of the younger one is asked back of the call that asked (``give``).

Whom the agent called may still ring: then the phone waits in the elder call until they answer, as for any REFER.
"""

from __future__ import annotations

from ari_app.core import agents, arrangement, gate, hold, ids, legs, marks, transfer
from ari_app.core.arrangement import Calling, Holding, Room, Stretch, Target, Together
from ari_app.core.call import Call, Facts, Leg, LegState, LetOut, Reaching, Talking, ring_timer
from ari_app.core.commands import (
    TRANSFER_ANSWERED,
    AskLine,
    CancelTimer,
    ClosePop,
    Command,
    HandOver,
    Hangup,
    RefuseLine,
    ReleaseAgent,
    RemoveFromBridge,
    SetTimer,
    SettleSpending,
    SetVariable,
    ShowPop,
    StopMusic,
    TellTransfer,
)
from ari_app.core.ending import Step, clear
from ari_app.core.events import LineAsked, LineRefused, PartyGiven
from ari_app.core.parties import agent_id_on, agent_on, move, parties, rooms
from ari_app.core.pops import pop_of
from ari_app.core.requests import Refused
from models.values.call import LegKind, LegOutcome, Outcome, PhoneKind
from models.values.reasons import CallReason, LegReason
from models.values.replacing import replace
from models.values.routing import Outside


# ------------------------------------------------------------------------------------------------ the one that asks
def ask(call: Talking, by: str, other: str, agent: int, *, give: bool = False) -> AskLine:
    """The phone on ``by`` wants this line joined with its ``other`` one."""
    facts = call.facts
    return AskLine(facts.id, by, other, agent, facts.offered_at, _others(call, by), give)


def refused(call: Talking, event: LineRefused) -> Step:
    """The talk goes on as it was, and agent and phone are told (``refer.settled``)."""
    if call.refers != event.by:
        return call, []
    return call, agents.problem(call.facts, agent_id_on(call, event.by), event.code)


def _others(call: Talking, by: str) -> str:
    """Who is there beside the agent, for the other call's history."""
    facts = call.facts
    for channel in parties(call):
        if channel == by:
            continue
        if channel == facts.caller_channel:
            return facts.calling_number or ""
        leg = call.legs.on(channel)
        if leg is not None:
            return _number(leg)
    return ""


def _number(leg: Leg) -> str:
    return (leg.agent.endpoint or leg.agent.name) if leg.agent else leg.number


# ------------------------------------------------------------------------------------------------ the one that is ask
def asked(call: Call, event: LineAsked) -> Step:
    """In any phase: give the party, ask for the other one, or say why not."""
    code = _why_not(call, event)
    if code is not None:
        told = agents.problem(call.facts, event.agent, code) if event.give else []
        return call, [*told, RefuseLine(event.call_id, event.by, code)]
    if isinstance(call, Talking) and not event.give and call.facts.offered_at < event.since:
        return call, [ask(call, event.channel, event.by, event.agent, give=True)]
    if not isinstance(call, Talking | Reaching):
        return call, []
    return _give(call, event)


def _why_not(call: Call, event: LineAsked) -> Refused | None:
    elder = not event.give and isinstance(call, Talking) and call.facts.offered_at < event.since
    if isinstance(call, Talking):
        if agent_id_on(call, event.channel) != event.agent or event.channel not in parties(call):
            return Refused.REFER_OTHER
        if elder:
            return None if can_take(call, event.channel) else Refused.REFER_OTHER
        quiet = call.joined and call.asked is None and isinstance(call.arrangement, Together | Holding)
        gives = quiet and event.channel == call.facts.caller_channel and len(parties(call)) == 2
        return None if gives and not _in_a_browser(call) else Refused.REFER_OTHER
    if isinstance(call, Reaching):
        mine = call.facts.caller_channel == event.channel and agent_id_of_caller(call.facts) == event.agent
        if not mine or _in_a_browser(call):
            return Refused.REFER_OTHER
        rung = any(leg.state in (LegState.DIALLED, LegState.RINGING) for leg in call.legs.live)
        return None if rung else Refused.REFER_RINGS
    return Refused.REFER_UNKNOWN


def _in_a_browser(call: Talking | Reaching) -> bool:
    """The page that has the phone knows its call by the id it rang with, and hangs up when that pop goes."""
    return any(leg.agent and leg.agent.phone_kind is PhoneKind.BROWSER for leg in call.legs.live)


def agent_id_of_caller(facts: Facts) -> int | None:
    return facts.caller_agent.id if facts.caller_agent else None


def _give(call: Talking | Reaching, event: LineAsked) -> Step:
    """The party goes to the other call; this one is over, and with it the agent's line."""
    facts, at = call.facts, event.at
    leg = next(leg for leg in call.legs if leg.state is LegState.ANSWERED or (isinstance(call, Reaching) and leg.live))
    commands: list[Command] = [CancelTimer(legs.pop_timer(leg)), CancelTimer(gate.timer(leg))]
    if isinstance(call, Talking):
        # Out of our room first: a playback or a bridge that ends around it must find it there no more.
        held = rooms(call)[leg.channel] is Room.HOLD
        commands.append(StopMusic(leg.channel) if held else RemoveFromBridge(ids.bridge(facts.id), (leg.channel,)))
    if facts.tape_noted:
        commands.append(SetVariable(leg.channel, marks.TAPE_VARIABLE, ""))
    if leg.agent is not None:
        commands.append(ClosePop(leg.agent.id, facts.id, "done"))
    talked = 0 if leg.answered_at is None else max(0, at - leg.answered_at)
    if leg.let_out is not None:
        commands.append(SettleSpending(facts.id, talked))
    # The phone's REFER came on the other line, if it did not come on this one.
    waits = not (isinstance(call, Talking) and call.refers == event.channel)
    given = replace(leg, let_out=_let_out(facts, leg, talked))
    commands.append(HandOver(facts.id, event.call_id, event.by, given, waits))
    over = replace(
        leg,
        state=LegState.GONE,
        engaged=False,
        ended_at=max(at, leg.answered_at or leg.offered_at),
        outcome=leg.outcome or LegOutcome.CALLER_GONE,
        reason=LegReason.WENT_ON_ELSEWHERE,
    )
    reason = LegReason.ATTENDED_TRANSFER if leg.answered_at is not None else LegReason.BLIND_TRANSFER
    stretch = Stretch(LegKind.TRANSFER, at, event.agent, event.number, reason, until=at)
    stretches = arrangement.begin(facts.stretches, stretch)
    facts = replace(facts, stretches=stretches, joined_elsewhere=True)
    outcome = Outcome.ANSWERED if isinstance(call, Talking) else Outcome.ABANDONED
    left = replace(call, facts=facts, legs=call.legs.put(over))
    ended, more = clear(left, outcome, CallReason.JOINED_TO_ANOTHER_CALL, at)
    return ended, [*commands, *more]


def _let_out(facts: Facts, leg: Leg, talked: int) -> LetOut | None:
    """What it may cost goes with it: under the name by which it was let out, so it is counted as one."""
    spent = leg.answered_at is not None  # part of the slice is used up: more is asked for at once
    if leg.let_out is not None:
        allowance = 1 if spent and leg.let_out.allowance is not None else leg.let_out.allowance
        return replace(leg.let_out, allowance=allowance, before=leg.let_out.before + talked)
    if leg.agent is not None:
        return None
    allowance = 1 if spent and facts.allowance is not None else facts.allowance
    return LetOut(facts.id, allowance, agent_id_of_caller(facts), talked)


# ------------------------------------------------------------------------------------------------ the one that goes o
def can_take(call: Talking, by: str) -> bool:
    """The agent on this channel may leave it to somebody else."""
    quiet = call.joined and call.asked is None and by in parties(call)
    now = call.arrangement
    return quiet and (isinstance(now, Together) or (isinstance(now, Holding) and now.by == by))


def given(call: Talking, event: PartyGiven) -> Step:
    leg, by, at = event.leg, event.by, event.at
    if not can_take(call, by):
        return call, [*agents.problem(call.facts, agent_id_on(call, by), Refused.REFER_OTHER), *unwanted(call, event)]
    before = rooms(call)
    call = hold.over(call, at)
    ordinal = call.facts.ordinals_from + len(call.legs) + 1
    here = replace(
        leg,
        ordinal=ordinal,
        offered_at=at,
        ringing_at=None if leg.ringing_at is None else at,
        answered_at=None if leg.answered_at is None else at,
        reason=LegReason.CAME_FROM_ANOTHER_CALL,
    )
    call = replace(call, legs=call.legs.add((here,)))
    mark = marks.of_given(call.facts, ordinal, here.number)
    commands: list[Command] = [SetVariable(here.channel, marks.VARIABLE, mark), *gate.talks(here)]
    if here.agent is not None:
        commands.append(ShowPop(here.agent.id, call.facts.id, pop_of(call.facts, here)))
    if here.state is LegState.ANSWERED:
        return _talks(call, here, event, before, commands)
    return _rings(call, here, event, before, commands)


def _talks(call: Talking, leg: Leg, event: PartyGiven, before: dict[str, Room], commands: list[Command]) -> Step:
    """They have answered: the agent leaves, and all the others are together."""
    by, at = event.by, event.at
    commands += agents.engage(call.facts, leg)
    commands += agents.update(call.facts, leg, {"phase": "talking", "answered_at": at})
    call = transfer.note(call, at, agent_on(call, by), _number(leg), LegReason.ATTENDED_TRANSFER)
    call, left = transfer.leaves(call, by, at)
    left += transfer.hang_up_caller(call, by)
    call = transfer.all_together(transfer.transferred(call, at), at)
    told: list[Command] = [TellTransfer(by, TRANSFER_ANSWERED)] if event.waits else []
    call = replace(call, refers=None, legs=call.legs.put(replace(leg, engaged=leg.agent is not None)))
    return call, [*told, *commands, *move(call, before), *left]


def _rings(call: Talking, leg: Leg, event: PartyGiven, before: dict[str, Room], commands: list[Command]) -> Step:
    """They are still being rung: who asked on this line waits for them, as for any target; else has left already."""
    by, at = event.by, event.at
    call = replace(call, facts=replace(call.facts, offers=call.facts.offers + 1))
    to: Target = leg.agent or Outside(leg.number, "")
    left: list[Command] = []
    if event.waits:
        call = replace(call, arrangement=Calling(by, to, (leg.ordinal,)), refers=by)
    else:
        agent = agent_on(call, by)
        call = transfer.note(call, at, agent, _number(leg), LegReason.BLIND_TRANSFER)
        call, left = transfer.leaves(replace(call, arrangement=Calling(None, to, back_to=agent)), by, at)
        left += transfer.hang_up_caller(call, by)
        call = replace(call, arrangement=Calling(None, to, (leg.ordinal,), back_to=agent))
    ring = SetTimer(ring_timer(call.facts), legs.ring_ms(call.facts, leg))
    return call, [*commands, *move(call, before), *left, ring]


def unwanted(call: Call, event: PartyGiven) -> list[Command]:
    """Too late: there is nobody here whom they could talk to."""
    leg = event.leg
    freed = [ReleaseAgent(leg.agent.id, call.facts.id, LegOutcome.CALLER_GONE)] if leg.agent else []
    return [Hangup(leg.channel), *freed, *gate.over(leg, event.at)]
