"""The conversation: from an agent's answer to the first side's end.

Owns: the phase Talking. Must not: end anything itself (``ending`` does).
"""

from __future__ import annotations

from typing import assert_never

from ari_app.core import agents, cdr, hearing, ids, legs
from ari_app.core.call import LONGEST_WAIT, Alerting, Facts, Leg, LegState, Talking, ring_timer
from ari_app.core.caller import caller_known, caller_left
from ari_app.core.commands import (
    AddToBridge,
    Answer,
    CancelTimer,
    Command,
    CreateBridge,
    CreateLeg,
    ReleaseAgent,
    SetTimer,
    StopSeeking,
    WriteRecord,
)
from ari_app.core.ending import APART, Step, clear
from ari_app.core.events import (
    AgentsOffered,
    AnswerRequested,
    CallerArrived,
    CallerKnown,
    ChannelGone,
    ChannelLeft,
    CommandDone,
    CommandFailed,
    Event,
    FarHalfArrived,
    HangupRequested,
    LegAnswered,
    LegReady,
    LegRefused,
    LegRinging,
    MediaNews,
    NobodyCanCome,
    OutboundNews,
    PlaybackFinished,
    PopShown,
    QueueNews,
    TalkRequest,
    TimerFired,
)
from models.values.call import LegOutcome, Outcome
from models.values.reasons import CallReason
from models.values.replacing import replace


def enter(call: Alerting, leg: Leg, at: int) -> Step:
    """This agent answered first: put caller and agent together, let every other phone fall silent."""
    facts, quiet = hearing.hush(call.facts)
    facts = replace(facts, bridged=True, caller_up=True)
    commands = [*quiet, *join(facts, leg)]
    won = replace(leg, state=LegState.ANSWERED, answered_at=at, outcome=LegOutcome.ANSWERED)
    all_legs, ending = legs.end_all(facts, call.legs.put(won), LegOutcome.LOST_RACE, at, but=leg.ordinal)
    commands += ending
    talking = Talking(facts, all_legs, winner=leg.ordinal, answered_at=at)
    commands += [
        *agents.engage(facts, leg),
        StopSeeking(facts.id),
        CancelTimer(LONGEST_WAIT),
        CancelTimer(ring_timer(facts)),
        CancelTimer(legs.pop_timer(leg)),
        *agents.update(facts, leg, {"phase": "talking", "answered_at": at}),
        WriteRecord(cdr.answered(talking)),
    ]
    return talking, commands


def join(facts: Facts, leg: Leg) -> list[Command]:
    """Put the caller and this agent's leg together; safe to repeat."""
    bridge = ids.bridge(facts.id)
    return [
        Answer(facts.caller_channel),
        CreateBridge(bridge, facts.id),
        AddToBridge(bridge, (facts.caller_channel, leg.channel)),
    ]


def step(call: Talking, event: Event) -> Step:
    facts = call.facts
    winner = next(leg for leg in call.legs if leg.ordinal == call.winner)
    match event:
        case ChannelLeft(channel=channel) | ChannelGone(channel=channel) if channel == facts.caller_channel:
            return _over(caller_left(call, event), by_caller=True, at=event.at)
        case ChannelLeft(channel=channel) if channel == winner.channel:
            return _over(call, by_caller=False, at=event.at)
        case ChannelGone(channel=channel, cause=cause) if channel == winner.channel:
            gone = replace(winner, state=LegState.GONE, cause=cause)
            return _over(replace(call, legs=call.legs.put(gone)), by_caller=False, at=event.at)
        case HangupRequested(agent=agent):
            if agent not in (None, winner.agent_id):
                return call, []
            if agent is None and call.joined:
                return clear(call, Outcome.ANSWERED, CallReason.ENDED_BY_ADMINISTRATOR, event.at)
            return _over(call, by_caller=False, at=event.at)
        case CommandDone(command=AddToBridge()):
            return replace(call, joined=True), []
        case CommandFailed(command=Answer(channel=facts.caller_channel) | CreateBridge() | AddToBridge()):
            # Mostly because one of them has just gone: that news is on its way and says more than this.
            # A time-out says nothing at all: the connection was lost, and it is tried again.
            if event.timed_out and call.rejoin < facts.policy.rejoin_tries:
                return replace(call, rejoin=call.rejoin + 1), [SetTimer(APART, facts.policy.apart)]
            return replace(call, apart=True), [SetTimer(APART, facts.policy.apart)]
        case TimerFired(name=name) if name == APART and not call.joined:
            if not call.apart:
                return call, join(facts, winner)
            return clear(call, Outcome.FAILED, CallReason.COULD_NOT_BE_JOINED, event.at)
        case TimerFired(name=legs.LEFTOVERS):
            return call, legs.end_leftovers(call.legs)
        case LegReady() | LegAnswered() | ChannelGone():
            return _late(call, event)
        case CommandFailed(command=CreateLeg(channel=channel), timed_out=False):
            return _late(call, ChannelGone(event.at, channel))
        case CommandFailed():
            return call, legs.unended(facts, call.legs, event)
        case CallerKnown():
            return caller_known(call, event, (winner,))
        case AgentsOffered():
            return call, [ReleaseAgent(agent.id, facts.id, LegOutcome.LOST_RACE) for agent in event.agents]
        case (
            NobodyCanCome()
            | PopShown()
            | LegRinging()
            | LegRefused()
            | FarHalfArrived()
            | AnswerRequested()
            | ChannelLeft()
            | PlaybackFinished()
            | TimerFired()
            | CommandDone()
            | CallerArrived()
            | MediaNews()
            | TalkRequest()
            | QueueNews()
            | OutboundNews()
        ):
            return call, []
        case _:
            assert_never(event)


def _over(call: Talking, *, by_caller: bool, at: int) -> Step:
    """The first side's end. Before the two were joined it is not the end of a conversation."""
    if call.joined:
        return clear(call, Outcome.ANSWERED, CallReason.CALLER_HUNG_UP if by_caller else CallReason.AGENT_HUNG_UP, at)
    if by_caller:
        return clear(call, Outcome.ABANDONED, CallReason.CALLER_GAVE_UP_AS_THE_AGENT_ANSWERED, at)
    return clear(call, Outcome.FAILED, CallReason.AGENT_HUNG_UP_BEFORE_BEING_JOINED, at)


def _late(call: Talking, event: LegReady | LegAnswered | ChannelGone) -> Step:
    leg = call.legs.on(event.channel)
    if leg is None or leg.ordinal == call.winner:
        return call, []
    changed, commands = legs.late(leg, event)
    return replace(call, legs=call.legs.put(changed)), commands
