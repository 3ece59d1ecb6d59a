"""Blind and attended transfers, consultations and conferences: who comes into a conversation, and who leaves it.

Owns: those steps of ``Talking``. Must not: lose anybody: whatever a target does, who was on hold comes back to the
agent; and when that one has left already, they are rung, and then the call center's queue.
"""

from __future__ import annotations

from collections.abc import Iterable

from ari_app.core import agents, arrangement, calling, gate, hold, legs, queueing
from ari_app.core.arrangement import (
    Asked,
    Calling,
    Consulting,
    Holding,
    Returning,
    Room,
    Stretch,
    Target,
    Together,
    number_of,
)
from ari_app.core.call import Facts, Leg, LegState, LetOut, Talking, ring_timer
from ari_app.core.commands import (
    CancelTimer,
    ClaimAgent,
    Command,
    Hangup,
    ReleaseAgent,
    RemoveFromBridge,
    SeekAgents,
    SetTimer,
    StopMusic,
)
from ari_app.core.ending import APART, TRANSFER, Step, clear, leave_talk
from ari_app.core.events import AgentDenied, AgentsOffered, NobodyCanCome, OutsideAllowed, OutsideRefused, QueueFull
from ari_app.core.ids import bridge
from ari_app.core.parties import agent_id_on, agent_on, move, parties, rooms
from models.values.call import LegKind, LegOutcome, Outcome
from models.values.reasons import CallReason, LegReason
from models.values.replacing import replace
from models.values.routing import AgentRoute, CallCenterRoute, Outside

_PROBLEMS = {
    LegOutcome.BUSY: "target_busy",
    LegOutcome.REFUSED: "target_refused",
    LegOutcome.NO_ANSWER: "target_no_answer",
}
"""What the agent is told of a target that did not come."""


# ------------------------------------------------------------------------------------------------ the wishes
def want(call: Talking, by: str, target: Target, at: int, *, blind: bool) -> Step:
    """Nobody leaves before the target is known to be free (an agent of ours), or may be called (a number outside)."""
    match target:
        case AgentRoute():
            return replace(call, asked=Asked(by, target, blind)), [ClaimAgent(target.id, call.facts.id)]
        case Outside():
            facts, asking = gate.ask(call.facts, agent_id_on(call, by), target.number)
            return replace(call, facts=facts, asked=Asked(by, target, blind, gate.pass_id(facts))), asking
        case CallCenterRoute():
            return _begin(call, by, target, at, blind=blind)


def outside_allowed(call: Talking, event: OutsideAllowed) -> Step:
    asked = call.asked
    if asked is None or asked.pass_id != event.pass_id:
        return call, gate.unused(event)
    call = replace(call, asked=None)
    if asked.by not in parties(call) or not isinstance(call.arrangement, Together | Holding):
        return call, gate.unused(event)
    return _begin(call, asked.by, event.to, event.at, blind=asked.blind, let_out=gate.let_out(event))


def outside_refused(call: Talking, event: OutsideRefused) -> Step:
    """The talk goes on as it was, and the agent is told why."""
    asked = call.asked
    if asked is None or asked.pass_id != event.pass_id:
        return call, []
    call = replace(call, asked=None, facts=gate.refused(call.facts, event))
    return call, agents.problem(call.facts, agent_id_on(call, asked.by), event.reason)


def agents_given(call: Talking, event: AgentsOffered) -> Step:
    """The roster gives agents: to a wish, to a target that is called; or too late."""
    given, asked, now = event.agents, call.asked, call.arrangement
    if asked is not None and isinstance(asked.target, AgentRoute) and [one.id for one in given] == [asked.target.id]:
        call = replace(call, asked=None)
        if asked.by in parties(call) and isinstance(now, Together | Holding):
            return _begin(call, asked.by, given[0], event.at, blind=asked.blind)
    elif isinstance(now, Calling) and not now.leaving:
        wanted = now.to.id if isinstance(now.to, AgentRoute) and not now.ringing else None
        if (
            event.call_center == now.to.id
            if isinstance(now.to, CallCenterRoute)
            else [agent.id for agent in given] == [wanted]
        ):
            return _ring(call, given, event.at)
    return call, [ReleaseAgent(agent.id, call.facts.id, LegOutcome.LOST_RACE) for agent in given]


def agent_denied(call: Talking, event: AgentDenied) -> Step:
    asked, now = call.asked, call.arrangement
    if asked is not None and isinstance(asked.target, AgentRoute) and asked.target.id == event.agent:
        return replace(call, asked=None), agents.problem(call.facts, agent_id_on(call, asked.by), "target_not_free")
    if isinstance(now, Calling) and isinstance(now.to, AgentRoute) and now.to.id == event.agent and not now.ringing:
        return _nobody_took(call, event.at, "target_not_free")
    return call, []


def nobody_can_come(call: Talking, event: NobodyCanCome | QueueFull) -> Step:
    """Of the call center that is the target, nobody is at work, or too many wait."""
    now = call.arrangement
    if not isinstance(now, Calling) or now.leaving or not isinstance(now.to, CallCenterRoute):
        return call, []
    if now.to.id == event.call_center and not live(call):
        return _nobody_took(call, event.at, "target_not_free")
    return call, []


def complete(call: Talking, at: int) -> Step:
    """The agent leaves; who held goes on with the target, or waits for it if it still rings."""
    now = call.arrangement
    assert isinstance(now, Calling | Consulting)
    assert now.by is not None
    before = rooms(call)
    done, left = leaves(by_leaving(call, now.by, at), now.by, at)
    return done, [*move(done, before), *left, *hang_up_caller(done, now.by)]


def by_leaving(call: Talking, by: str, at: int) -> Talking:
    """What becomes of a consultation when the agent who began it goes: it is a transfer. (They still take part.)"""
    now = call.arrangement
    agent = agent_on(call, by)
    match now:
        case Calling():
            call = note(call, at, agent, number_of(now.to), LegReason.BLIND_TRANSFER)
            return replace(call, arrangement=replace(now, by=None, back_to=agent))
        case Consulting(target=target):
            leg = next(leg for leg in call.legs if leg.ordinal == target)
            to = (leg.agent.endpoint or leg.agent.name) if leg.agent else leg.number
            call = note(call, at, agent, to, LegReason.ATTENDED_TRANSFER)
            return all_together(transferred(call, at), at)
        case _:
            return call


def cancel(call: Talking, at: int) -> Step:
    """The target goes, the agent talks on with who held."""
    before = rooms(call)
    match call.arrangement:
        case Calling():
            commands = leave_talk(call)
            call, ending = _end_ringing(call, LegOutcome.CALLER_GONE, at, LegReason.TRANSFER_CANCELLED)
            commands += ending
        case Consulting(target=target):
            leg = next(leg for leg in call.legs if leg.ordinal == target)
            call, commands = leaves(call, leg.channel, at)
        case _:
            return call, []
    back = all_together(call, at)
    return back, [*commands, *move(back, before)]


def swap(call: Talking) -> Step:
    now = call.arrangement
    assert isinstance(now, Consulting)
    before = rooms(call)
    swapped = replace(call, arrangement=replace(now, swapped=not now.swapped))
    return _with_consult(swapped), move(swapped, before)


def conference(call: Talking, at: int) -> Step:
    now = call.arrangement
    assert isinstance(now, Consulting)
    before = rooms(call)
    joined = all_together(call, at)
    stretch = Stretch(LegKind.CONFERENCE, at, agent_id_on(call, now.by), reason=LegReason.JOINED)
    joined = _stretches(joined, arrangement.begin(joined.facts.stretches, stretch))
    return joined, move(joined, before)


# ------------------------------------------------------------------------------------------------ the target
def live(call: Talking) -> tuple[Leg, ...]:
    """The legs to the target that may still answer."""
    now = call.arrangement
    if not isinstance(now, Calling):
        return ()
    return tuple(leg for leg in call.legs.live if leg.ordinal in now.ringing)


def answered(call: Talking, leg: Leg, at: int) -> Step:
    """The target answered: it is consulted, or (blind) talks with who was transferred."""
    now = call.arrangement
    assert isinstance(now, Calling)
    before = rooms(call)
    commands = leave_talk(call)
    commands.append(CancelTimer(legs.pop_timer(leg)))
    left: list[Command] = []
    if now.by is not None and now.by == call.refers:
        by = now.by  # whose phone asked for it: it waited for this, and leaves
        call, left = leaves(by_leaving(call, by, at), by, at)
        left += hang_up_caller(call, by)
        now = replace(now, by=None)
    won = replace(
        leg,
        state=LegState.ANSWERED,
        answered_at=at,
        outcome=LegOutcome.ANSWERED,
        engaged=leg.agent is not None,
    )
    call, ending = _end_ringing(call, LegOutcome.LOST_RACE, at, but=leg.ordinal)
    call = replace(call, legs=call.legs.put(won))
    commands += ending
    commands += [
        *gate.talks(leg),
        *agents.engage(call.facts, leg),
        *agents.update(call.facts, won, {"phase": "talking", "answered_at": at}),
    ]
    if now.by is None:
        call = all_together(transferred(call, at), at)
    else:
        number = number_of(leg.agent) if leg.agent else leg.number
        stretch = Stretch(LegKind.CONSULT, at, agent_id_on(call, now.by), number)
        call = _stretches(call, arrangement.begin(call.facts.stretches, stretch))
        call = _with_consult(replace(call, arrangement=Consulting(now.by, leg.ordinal)))
    return call, [*commands, *move(call, before), *left]


def on_leg(call: Talking, leg: Leg, change: legs.Change, at: int) -> Step:
    """Change one leg to the target; when none is left that could answer, go on without it."""
    changed, commands = change(leg)
    call = replace(call, legs=call.legs.put(changed))
    return _settle(call, commands, at, _PROBLEMS.get(changed.outcome or LegOutcome.FAILED, "target_unreachable"))


def decline(call: Talking, leg: Leg, at: int) -> Step:
    """Its agent will not take it."""
    facts, reason = call.facts, LegReason.DECLINED_ON_DESK
    return on_leg(call, leg, lambda leg: legs.end(facts, leg, LegOutcome.REFUSED, at, reason=reason), at)


def ring_time_over(call: Talking, at: int) -> Step:
    call, ending = _end_ringing(call, LegOutcome.NO_ANSWER, at, LegReason.RING_TIME_OVER)
    return _settle(call, ending, at, "target_no_answer")


def wait_over(call: Talking, at: int) -> Step:
    """The call center that is the target had its time."""
    call, ending = _end_ringing(call, LegOutcome.NO_ANSWER, at, LegReason.RING_TIME_OVER)
    after, more = _nobody_took(call, at, "target_no_answer")
    return after, ending + more


def _settle(call: Talking, commands: list[Command], at: int, problem: str) -> Step:
    now = call.arrangement
    if not isinstance(now, Calling) or live(call):
        return call, commands
    commands = [*commands, CancelTimer(ring_timer(call.facts))]
    if isinstance(now.to, CallCenterRoute):
        return call, [*commands, SeekAgents(call.facts.id, now.to, call.facts.queued_at, kept=True)]
    after, more = _nobody_took(call, at, problem)
    return after, commands + more


def _nobody_took(call: Talking, at: int, problem: str) -> Step:
    now = call.arrangement
    assert isinstance(now, Calling)
    commands = leave_talk(call)
    if now.by is not None:
        before = rooms(call)
        back = all_together(call, at)
        told = agents.problem(call.facts, agent_id_on(call, now.by), problem)
        return back, [*commands, *told, *move(back, before)]
    call = _came_back(call)
    if now.back_to is not None:
        call = replace(call, arrangement=replace(now, to=now.back_to, ringing=(), back_to=None))
        return call, [*commands, *_claim_back(call, now.back_to)]
    if call.facts.route is None or now.last:
        after, more = clear(call, Outcome.ANSWERED, CallReason.NOBODY_TOOK_THE_TRANSFER, at)
        return after, commands + more
    after, more = to_queue(call, call.facts.route, at, last=True)
    return after, commands + more


def _claim_back(call: Talking, agent: AgentRoute) -> list[Command]:
    """Ring who transferred; not before their phone has hung up (a target may refuse quicker than that)."""
    if any(leg.engaged and leg.agent_id == agent.id for leg in call.legs):
        return [SetTimer(ring_timer(call.facts), call.facts.policy.clearing)]
    return [ClaimAgent(agent.id, call.facts.id, back=True)]


def freed(call: Talking, leg: Leg) -> list[Command]:
    """The phone of a party that left is hung up: it may be the one that the call is to come back to."""
    now = call.arrangement
    if not isinstance(now, Calling) or now.by is not None or now.ringing or not isinstance(now.to, AgentRoute):
        return []
    if now.to.id != leg.agent_id:
        return []
    return [CancelTimer(ring_timer(call.facts)), *_claim_back(call, now.to)]


# ------------------------------------------------------------------------------------------------ the ways
def _begin(call: Talking, by: str, target: Target, at: int, *, blind: bool, let_out: LetOut | None = None) -> Step:
    before = rooms(call)
    call = hold.over(call, at)
    if not blind:
        call = replace(call, arrangement=Calling(by, target))
        ringing, commands = _call(call, target, at, let_out)
        return ringing, [*move(call, before), *commands]
    agent = agent_on(call, by)
    call = note(call, at, agent, number_of(target), LegReason.BLIND_TRANSFER)
    call, left = leaves(replace(call, arrangement=Calling(None, target, back_to=agent)), by, at)
    left = [*move(call, before), *left, *hang_up_caller(call, by)]
    after, commands = _call(call, target, at, let_out)
    return after, left + commands


def _call(call: Talking, target: Target, at: int, let_out: LetOut | None) -> Step:
    match target:
        case AgentRoute():
            return _ring(call, (target,), at)
        case Outside():
            before = len(call.legs)
            facts = replace(call.facts, offers=call.facts.offers + 1)
            all_legs, commands = legs.call_outside(facts, call.legs, target, at, let_out)
            ringing = tuple(leg.ordinal for leg in all_legs.all[before:])
            return let_ring(replace(call, facts=facts, legs=all_legs), ringing, facts.policy.outside_ring, commands)
        case CallCenterRoute():
            return to_queue(call, target, at, last=False)


def to_queue(call: Talking, route: CallCenterRoute, at: int, *, last: bool) -> Step:
    """Who waits is a caller: they wait in the queue like any other. Otherwise its agents are sought from here."""
    facts, now = call.facts, call.arrangement
    assert isinstance(now, Calling)
    if now.by is None and parties(call) == (facts.caller_channel,):
        leaving = replace(call, arrangement=replace(now, to=route, ringing=(), back_to=None, leaving=True))
        return leaving, [RemoveFromBridge(bridge(facts.id), (facts.caller_channel,))]
    seeking = replace(call, arrangement=replace(now, to=route, ringing=(), last=last or now.last))
    seeking = replace(seeking, facts=replace(facts, queued_at=at))
    return seeking, [SeekAgents(facts.id, route, at), SetTimer(TRANSFER, route.max_wait_seconds * 1000)]


def out_of_the_bridge(call: Talking, at: int) -> Step:
    """The caller is in no bridge any more: only now may anything be played to them (docs/asterisk-notes.md)."""
    facts, now = call.facts, call.arrangement
    if not isinstance(now, Calling) or not now.leaving or not isinstance(now.to, CallCenterRoute):
        return call, []
    facts = replace(facts, stretches=arrangement.end(facts.stretches, LegKind.TRANSFER, at))
    waiting, commands = queueing.seek(facts, call.legs, now.to, at)
    # Who had begun to press a code is in no conversation any more.
    unpressed = [CancelTimer(f"keys.{channel}") for channel in call.keys]
    return waiting, [CancelTimer(APART), *unpressed, StopMusic(facts.caller_channel), *commands]


def _ring(call: Talking, chosen: Iterable[AgentRoute], at: int) -> Step:
    now = call.arrangement
    assert isinstance(now, Calling)
    before = len(call.legs)
    fresh = not live(call)
    facts = replace(call.facts, offers=call.facts.offers + 1) if fresh else call.facts
    all_legs, commands = legs.offer(facts, call.legs, chosen, at)
    ringing = tuple(leg.ordinal for leg in all_legs.all[before:])
    call = replace(call, facts=facts, legs=all_legs)
    if not fresh:  # ring-all goes on looking while it rings: whoever joins in has the time that is left
        return replace(call, arrangement=replace(now, ringing=(*now.ringing, *ringing))), commands
    route = now.to if isinstance(now.to, CallCenterRoute) else facts.route
    return let_ring(call, ringing, route.ring_seconds * 1000 if route else facts.policy.transfer_ring, commands)


def let_ring(call: Talking, ringing: tuple[int, ...], ring_ms: int, commands: list[Command]) -> Step:
    now = call.arrangement
    assert isinstance(now, Calling)
    call = replace(call, arrangement=replace(now, ringing=(*now.ringing, *ringing)))
    return call, [*commands, SetTimer(ring_timer(call.facts), ring_ms)]


def leaves(call: Talking, channel: str, at: int) -> tuple[Talking, list[Command]]:
    """This party goes, the others stay. (The calling side's own channel is ended by whoever orders it.)"""
    commands: list[Command] = []
    if channel == call.facts.caller_channel:
        facts, commands = calling.leave(call.facts, at)
        call = replace(call, facts=facts, without_caller=True)
    else:
        leg = next(leg for leg in call.legs if leg.channel == channel)
        changed, commands = legs.hung_up(call.facts, leg, at)
        call = replace(call, legs=call.legs.put(changed))
    call, more = without(call, channel, at)
    return call, commands + more


def without(call: Talking, channel: str, at: int) -> tuple[Talking, list[Command]]:
    """Whatever was this party's: its holds, its muting, the keys it pressed."""
    commands: list[Command] = []
    facts, rest = call.facts, parties(call)
    if call.without_caller and facts.stand_in not in rest:
        facts = replace(facts, stand_in=rest[0] if rest else facts.stand_in)
    stretches = arrangement.end(facts.stretches, LegKind.HOLD, at, channel=channel)
    if len(rest) < 3:
        stretches = arrangement.end(stretches, LegKind.CONFERENCE, at)
    facts = replace(facts, stretches=stretches)
    call = replace(call, facts=facts, muted=call.muted - {channel}, phone_held=call.phone_held - {channel})
    if channel in call.keys:
        call = replace(call, keys={known: keys for known, keys in call.keys.items() if known != channel})
        commands.append(CancelTimer(f"keys.{channel}"))
    return call, commands


def hang_up_caller(call: Talking, channel: str) -> list[Command]:
    return [Hangup(channel)] if channel == call.facts.caller_channel else []


def _end_ringing(
    call: Talking, outcome: LegOutcome, at: int, reason: LegReason = LegReason.NONE, *, but: int | None = None
) -> tuple[Talking, list[Command]]:
    commands: list[Command] = []
    for leg in live(call):
        if leg.ordinal != but:
            changed, more = legs.end(call.facts, leg, outcome, at, reason=reason)
            call = replace(call, legs=call.legs.put(changed))
            commands += more
    return call, commands


def all_together(call: Talking, at: int) -> Talking:
    stretches = arrangement.end(call.facts.stretches, LegKind.CONSULT, at)
    return replace(_stretches(call, stretches), arrangement=Together())


def settled(call: Talking, at: int) -> Talking:
    """A party went: when nobody is left to consult with, those who are go on together."""
    now, rest = call.arrangement, parties(call)
    if not isinstance(now, Consulting):
        return call if isinstance(now, Calling | Returning) else replace(hold.over(call, at), arrangement=Together())
    target = next((leg.channel for leg in call.legs if leg.ordinal == now.target), None)
    if {now.by, target} < set(rest):
        return call
    return all_together(call, at)


def note(call: Talking, at: int, agent: AgentRoute | None, number: str, reason: LegReason) -> Talking:
    stretch = Stretch(LegKind.TRANSFER, at, agent.id if agent else None, number, reason)
    return _stretches(call, arrangement.begin(call.facts.stretches, stretch))


def transferred(call: Talking, at: int) -> Talking:
    return _stretches(call, arrangement.end(call.facts.stretches, LegKind.TRANSFER, at))


def _came_back(call: Talking) -> Talking:
    """The transfer lasts until somebody talks again; that it came back is said of it."""
    stretches = tuple(
        replace(one, reason=LegReason.TRANSFER_CAME_BACK) if one.kind is LegKind.TRANSFER and one.until is None else one
        for one in call.facts.stretches
    )
    return _stretches(call, stretches)


def _with_consult(call: Talking) -> Talking:
    return replace(call, facts=replace(call.facts, consulted=True)) if Room.CONSULT in rooms(call).values() else call


def _stretches(call: Talking, stretches: tuple[Stretch, ...]) -> Talking:
    facts: Facts = replace(call.facts, stretches=stretches)
    return replace(call, facts=facts)
