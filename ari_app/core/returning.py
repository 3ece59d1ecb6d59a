"""An agent whose page lost its phone in a conversation (a reload, a crash, another computer) comes back into it.

Owns: those steps of ``Talking``: who is left waits, the phone is rung again as soon as it is on the line, and its page
takes the call by itself. Must not: drop who is left while somebody may still come for them.

A phone in the browser never ends a call by itself: its agent does, on the desk. So an end that nobody ordered is a
page that went away, and not a goodbye. The agent keeps seat and pop all the time: for them it is one conversation.
"""

from __future__ import annotations

from ari_app.core import agents, hold, legs, transfer
from ari_app.core.arrangement import Calling, Holding, Returning, Together
from ari_app.core.call import Leg, LegState, Talking
from ari_app.core.commands import AskPhone, CancelTimer, Command, Hangup, SetTimer, UpdatePop
from ari_app.core.ending import RETURN, RETURN_AGAIN, Step, clear, wait_no_more
from ari_app.core.events import (
    AgentDenied,
    ChannelGone,
    FarHalfArrived,
    LegAnswered,
    LegReady,
    LegRefused,
    LegRinging,
)
from ari_app.core.parties import agent_on, move, parties, rooms
from models.values.call import LegOutcome, Outcome, PhoneKind
from models.values.reasons import CallReason, LegReason
from models.values.replacing import replace


def in_browser(call: Talking, channel: str) -> bool:
    agent = agent_on(call, channel)
    if channel == call.facts.caller_channel and call.facts.own is None:
        return False  # dialled on a phone: a page can only be called
    return agent is not None and agent.phone_kind is PhoneKind.BROWSER


def is_lost(call: Talking, channel: str) -> bool:
    """Its end is to be waited out: somebody is left, and nothing else was under way that goes on without the agent."""
    plain = isinstance(call.arrangement, Together | Holding)
    return call.joined and plain and in_browser(call, channel) and any(one != channel for one in parties(call))


# ------------------------------------------------------------------------------------------------ the loss
def lose(call: Talking, channel: str, at: int) -> Step:
    """The phone is gone, the agent is not: seat and pop stay."""
    agent = agent_on(call, channel)
    assert agent is not None
    before = rooms(call)
    call = hold.over(call, at)
    ended: list[Command] = []
    if channel == call.facts.caller_channel:
        own = call.facts.own
        if own is not None:
            own = replace(own, ended_at=at, outcome=LegOutcome.ANSWERED, reason=LegReason.PHONE_LOST)
        # From here on the agent is a leg of their own call.
        call = replace(call, facts=replace(call.facts, own=own, popped=False, handed_on=True), without_caller=True)
        if call.facts.caller_here:
            ended.append(Hangup(channel))
    else:
        leg = next(leg for leg in call.legs if leg.channel == channel)
        if leg.exists:
            ended.append(Hangup(channel))
        state = LegState.ENDING if leg.exists else LegState.GONE
        lost = replace(leg, state=state, ended_at=max(at, leg.answered_at or at), engaged=False)
        call = replace(call, legs=call.legs.put(replace(lost, reason=LegReason.PHONE_LOST)))
    call, keys = transfer.without(call, channel, at)
    call = replace(call, arrangement=Returning(agent, at), asked=None)
    return call, [
        *ended,
        *keys,
        *move(call, before),
        UpdatePop(agent.id, call.facts.id, {"returning": True, "answer": True, "talk": None}),
        SetTimer(RETURN, call.facts.policy.phone_back),
        AskPhone(agent.id, call.facts.id),
    ]


# ------------------------------------------------------------------------------------------------ the way back
def back(call: Talking, agent: int, at: int) -> Step:
    """The phone is on the line: ring it. One that was rung before the page came back rings nowhere."""
    now = call.arrangement
    assert isinstance(now, Returning)
    if now.agent.id != agent:
        return call, []
    commands: list[Command] = [CancelTimer(RETURN_AGAIN)]
    for leg in call.legs:
        if rings(call, leg):
            call, ending = _end(call, leg, LegOutcome.LOST_RACE, LegReason.PHONE_LOST, at)
            commands += ending
    all_legs, ringing = legs.ring_again(call.facts, call.legs, now.agent, at)
    call = replace(call, legs=all_legs, arrangement=replace(now, ringing=all_legs.all[-1].ordinal))
    return call, [*commands, *ringing]


def rings(call: Talking, leg: Leg) -> bool:
    now = call.arrangement
    return isinstance(now, Returning) and leg.ordinal == now.ringing and leg.live


def on_leg(
    call: Talking, leg: Leg, event: LegReady | LegAnswered | LegRinging | LegRefused | FarHalfArrived | ChannelGone
) -> Step:
    at = event.at
    match event:
        case LegReady():
            changed, commands = legs.ready(call.facts, leg)
            return replace(call, legs=call.legs.put(changed)), commands
        case LegRinging():
            if leg.ringing_at is not None:
                return call, []
            changed = replace(leg, state=LegState.RINGING, ringing_at=at)
            return replace(call, legs=call.legs.put(changed)), []
        case LegAnswered():
            return _here(call, leg, at)
        case LegRefused(refusal=refusal):
            return fails(call, leg, legs.outcome_of_refusal(refusal), LegReason.REFUSED_BY_PHONE, at)
        case ChannelGone(cause=cause):
            outcome = legs.outcome_of_cause(cause)
            return fails(call, leg, outcome, legs.reason_of(outcome), at, cause=cause, gone=True)
        case FarHalfArrived():
            return call, []


def fails(
    call: Talking,
    leg: Leg,
    outcome: LegOutcome,
    reason: LegReason,
    at: int,
    *,
    cause: int | None = None,
    gone: bool = False,
) -> Step:
    """This ring came to nothing; there will be another as long as the time lasts."""
    now = call.arrangement
    assert isinstance(now, Returning)
    call, commands = _end(call, leg, outcome, reason, at, cause=cause, gone=gone)
    call = replace(call, arrangement=replace(now, ringing=None))
    return call, [*commands, SetTimer(RETURN_AGAIN, call.facts.policy.phone_again)]


def _end(
    call: Talking,
    leg: Leg,
    outcome: LegOutcome,
    reason: LegReason,
    at: int,
    *,
    cause: int | None = None,
    gone: bool = False,
) -> tuple[Talking, list[Command]]:
    changed, commands = legs.end(call.facts, leg, outcome, at, cause=cause, reason=reason, gone=gone)
    return replace(call, legs=call.legs.put(changed)), commands


def _here(call: Talking, leg: Leg, at: int) -> Step:
    """The same conversation goes on, on another leg."""
    before = rooms(call)
    won = replace(
        leg, state=LegState.ANSWERED, answered_at=at, outcome=LegOutcome.ANSWERED, engaged=True, returns=False
    )
    call = replace(call, legs=call.legs.put(won), arrangement=Together())
    return call, [
        CancelTimer(RETURN),
        CancelTimer(RETURN_AGAIN),
        *move(call, before),
        *agents.update(call.facts, won, {"returning": False}),
    ]


# ------------------------------------------------------------------------------------------------ nobody came back
def timer(call: Talking, name: str, at: int) -> Step:
    now = call.arrangement
    assert isinstance(now, Returning)
    if name == RETURN:
        return _give_up(call, at)
    if name == RETURN_AGAIN and now.ringing is None:
        return call, [AskPhone(now.agent.id, call.facts.id)]
    return call, []


def denied(call: Talking, event: AgentDenied) -> Step:
    """The agent logged out: nobody is waited for."""
    now = call.arrangement
    if isinstance(now, Returning) and now.agent.id == event.agent:
        return _give_up(call, event.at)
    return call, []


def hung_up(call: Talking, at: int) -> Step:
    """The agent ends it on the desk, phone or no phone."""
    if len(parties(call)) > 1:
        return _give_up(call, at)
    return clear(call, Outcome.ANSWERED, CallReason.AGENT_HUNG_UP, at)


def _give_up(call: Talking, at: int) -> Step:
    """Who waits goes back into the call center's queue; two go on without the agent; else it is over."""
    now = call.arrangement
    assert isinstance(now, Returning)
    commands = wait_no_more(call, at)
    for leg in call.legs:
        if rings(call, leg):
            call, ending = _end(call, leg, LegOutcome.NO_ANSWER, LegReason.RING_TIME_OVER, at)
            commands += ending
    facts, rest = call.facts, parties(call)
    if len(rest) > 1:
        return replace(call, arrangement=Together()), commands
    if facts.route is not None and rest == (facts.caller_channel,) and facts.caller_agent is None:
        waiting = replace(call, arrangement=Calling(None, facts.route))
        after, more = transfer.to_queue(waiting, facts.route, at, last=False)
        return after, commands + more
    over, more = clear(replace(call, arrangement=Together()), Outcome.ANSWERED, CallReason.AGENT_PHONE_LOST, at)
    return over, commands + more
