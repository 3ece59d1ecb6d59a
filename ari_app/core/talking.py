"""The conversation: from an agent's answer until fewer than two are left.

Owns: the phase Talking: what each event means in it. Must not: end anything itself (``ending`` does), or know what a
wish leads to (``hold``, ``transfer``).
"""

from __future__ import annotations

from typing import assert_never

from ari_app.core import (
    agents,
    cdr,
    gate,
    hearing,
    hold,
    ids,
    joining,
    keypad,
    legs,
    refer,
    requests,
    returning,
    talk_view,
    tape,
    transfer,
)
from ari_app.core.arrangement import Calling, Consulting, Returning
from ari_app.core.call import LONGEST_WAIT, Alerting, Facts, Leg, LegState, Reaching, Talking, ring_timer
from ari_app.core.caller import caller_known, caller_left
from ari_app.core.commands import (
    AddToBridge,
    Answer,
    CancelTimer,
    Command,
    CreateBridge,
    CreateLeg,
    DialLeg,
    Hangup,
    RemoveFromBridge,
    Ring,
    SetTimer,
    StartMusic,
    StopMusic,
    StopRinging,
    StopSeeking,
    WriteRecord,
)
from ari_app.core.ending import APART, TRANSFER, Step, clear
from ari_app.core.events import (
    AgentDenied,
    AgentsOffered,
    AnswerRequested,
    CallerArrived,
    CallerKnown,
    ChannelGone,
    ChannelLeft,
    CommandDone,
    CommandFailed,
    DtmfReceived,
    Event,
    FarHalfArrived,
    HangupRequested,
    LegAnswered,
    LegReady,
    LegRefused,
    LegRinging,
    LineAsked,
    LineRefused,
    MediaNews,
    NobodyCanCome,
    OutboundNews,
    OutsideAllowed,
    OutsideRefused,
    PartyGiven,
    PhoneBack,
    PhoneHeld,
    PhoneTransfers,
    PhoneUnheld,
    PlaybackFinished,
    PopShown,
    QueueFull,
    QueueNews,
    TalkRequest,
    TimerFired,
)
from ari_app.core.parties import agent_on, channel_of, move, move_again, parties, rooms
from models.values.call import LegOutcome, Outcome
from models.values.reasons import CallReason, LegReason
from models.values.replacing import replace

SELDOM = 10
"""How much longer the pause between two tries is when there were many."""


def enter(call: Alerting | Reaching, leg: Leg, at: int) -> Step:
    """This agent answered first: put caller and agent together, let every other phone fall silent."""
    facts, quiet = hearing.hush(call.facts)
    facts = replace(facts, bridged=True, caller_up=True)
    # Whatever order was lost on the way here: no music follows into the conversation.
    caller = facts.caller_channel
    again: list[Command] = [StopMusic(caller), StopRinging(caller)] if call.facts.caller_up else []
    commands = [*quiet, *again, *join(facts, leg)]
    won = replace(
        leg,
        state=LegState.ANSWERED,
        answered_at=at,
        outcome=LegOutcome.ANSWERED,
        engaged=leg.agent is not None,
    )
    all_legs, ending = legs.end_all(facts, call.legs.put(won), LegOutcome.LOST_RACE, at, but=leg.ordinal)
    commands += ending
    talking = Talking(facts, all_legs, winner=leg.ordinal, answered_at=at)
    commands += [
        *agents.engage(facts, leg),
        *gate.talks(leg),
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
    agents_of = ((facts.caller_channel, facts.caller_agent), (leg.channel, leg.agent))
    absorbing = tuple(channel for channel, agent in agents_of if agent is not None) if facts.policy.codes else ()
    return [
        Answer(facts.caller_channel),
        CreateBridge(bridge, facts.id),
        AddToBridge(bridge, (facts.caller_channel, leg.channel), absorbing),
    ]


def step(call: Talking, event: Event) -> Step:
    """The step, and what the agents' screens must be told of it."""
    made = tape.news(call, event) if tape.concerns(call.facts, event) else _step(call, event)
    after, commands = tape.follow(refer.settled(call, *made), event.at)
    return after, [*commands, *talk_view.changes(call, after)]


def _step(call: Talking, event: Event) -> Step:
    match event:
        case ChannelLeft(channel=channel) | ChannelGone(channel=channel) if channel in parties(call):
            if returning.is_lost(call, channel):
                return returning.lose(_gone(call, event), channel, event.at)
            return _party_left(call, event)
        case PhoneBack(agent=agent, at=at):
            return _phone_back(call, agent, at)
        case ChannelLeft(channel=call.facts.caller_channel) | ChannelGone(channel=call.facts.caller_channel):
            return caller_left(call, event), []
        case CommandDone(command=AddToBridge()):
            return _joined(call), []
        case CommandDone(command=RemoveFromBridge(channels=channels), at=at) if call.facts.caller_channel in channels:
            return transfer.out_of_the_bridge(call, at)
        case CommandFailed():
            return _failed(call, event)
        case TimerFired(name=name, at=at):
            return _timer(call, name, at)
        case HangupRequested():
            return _hang_up(call, event)
        case TalkRequest():
            return _request(call, event)
        case PhoneHeld() | PhoneUnheld():
            return hold.phone(call, event)
        case PhoneTransfers():
            return refer.wanted(call, event)
        case LineAsked():
            return joining.asked(call, event)
        case LineRefused():
            return joining.refused(call, event)
        case PartyGiven():
            return joining.given(call, event)
        case requests.TargetUnknown(agent=agent, code=code):
            return call, agents.problem(call.facts, agent, code)
        case DtmfReceived():
            return _wished(*keypad.pressed(call, event))
        case AgentsOffered():
            return transfer.agents_given(call, event)
        case AgentDenied() if isinstance(call.arrangement, Returning):
            return returning.denied(call, event)
        case AgentDenied():
            return transfer.agent_denied(call, event)
        case OutsideAllowed():
            return transfer.outside_allowed(call, event)
        case OutsideRefused():
            return transfer.outside_refused(call, event)
        case NobodyCanCome() | QueueFull():
            return transfer.nobody_can_come(call, event)
        case LegReady() | LegAnswered() | LegRinging() | LegRefused() | FarHalfArrived() | ChannelGone():
            return _of_a_leg(call, event)
        case PopShown(agent=agent, at=at) | AnswerRequested(agent=agent, at=at):
            return _from_a_screen(call, event, agent, at)
        case CallerKnown():
            screens = [leg for leg in call.legs.live if leg.agent is not None]
            return caller_known(call, event, screens)
        case (
            ChannelLeft()
            | PlaybackFinished()
            | CommandDone()
            | CallerArrived()
            | MediaNews()
            | QueueNews()
            | OutboundNews()
        ):
            return call, []
        case _:
            assert_never(event)


# ------------------------------------------------------------------------------------------------ the two are joined
def _joined(call: Talking) -> Talking:
    facts = call.facts
    if facts.talked_from is None:
        facts = replace(facts, talked_from=call.answered_at, talked_with=call.winner)
    return replace(call, facts=facts, joined=True, apart=False, rejoin=0)


def _failed(call: Talking, event: CommandFailed) -> Step:
    facts = call.facts
    match event.command:
        case CreateLeg(channel=channel) if event.status == 409:
            return call, []  # the same id twice: the channel is there already
        case CreateLeg(channel=channel) | DialLeg(channel=channel):
            return _unmade(call, event, channel)
        case Answer(channel=facts.caller_channel) | CreateBridge() | AddToBridge():
            # Mostly because one of them has just gone: that news is on its way and says more than this.
            # A time-out says nothing at all: the connection was lost, and it is tried again.
            if not call.joined and not event.timed_out:
                return replace(call, apart=True), [SetTimer(APART, facts.policy.apart)]
            return _try_again(call, event)
        case RemoveFromBridge() | StartMusic() | StopMusic() | Ring() | StopRinging() if (
            event.timed_out or (event.status or 0) >= 500
        ):
            return _try_again(call, event)
        case RemoveFromBridge(channels=channels) if facts.caller_channel in channels:
            return transfer.out_of_the_bridge(call, event.at)  # it is in none
        case Hangup(channel=facts.caller_channel) if call.without_caller and facts.caller_here:
            return call, [SetTimer(legs.LEFTOVERS, facts.policy.clearing)]
        case _:
            return call, legs.unended(facts, call.legs, event)


def _try_again(call: Talking, event: CommandFailed) -> Step:
    """A try is all that is ordered at once, however much of it fails: it is counted when it is made (``_timer``)."""
    policy = call.facts.policy
    if call.rejoin < policy.rejoin_tries:
        return call, [SetTimer(APART, policy.apart)]
    if not call.joined:
        return replace(call, apart=True), [SetTimer(APART, policy.apart)]
    if event.timed_out:
        # The connection is lost, not the people: whatever they hear meanwhile, nobody is hung up for it.
        return call, [SetTimer(APART, policy.apart * SELDOM)]
    return clear(call, Outcome.ANSWERED, CallReason.COULD_NOT_BE_JOINED, event.at)


def _timer(call: Talking, name: str, at: int) -> Step:
    facts = call.facts
    if name.startswith(keypad.KEYS):
        return _wished(*keypad.time_over(call, name, at))
    if name == APART:
        tried = replace(call, rejoin=call.rejoin + 1)
        if call.joined:
            return tried, move_again(call)
        if call.apart:
            return clear(call, Outcome.FAILED, CallReason.COULD_NOT_BE_JOINED, at)
        silence: list[Command] = [StopMusic(facts.caller_channel), StopRinging(facts.caller_channel)]
        return tried, [*silence, *join(facts, next(leg for leg in call.legs if leg.ordinal == call.winner))]
    if name == legs.LEFTOVERS:
        again = [Hangup(facts.caller_channel)] if call.without_caller and facts.caller_here else []
        return call, [*again, *legs.end_leftovers(call.legs)]
    if isinstance(call.arrangement, Returning):
        return returning.timer(call, name, at)
    if isinstance(call.arrangement, Calling):
        if name == ring_timer(facts):
            return transfer.ring_time_over(call, at)
        if name == TRANSFER:
            return transfer.wait_over(call, at)
        for leg in transfer.live(call):
            if name == legs.pop_timer(leg):
                return transfer.on_leg(call, leg, lambda leg: legs.pop_settled(facts, leg, shown=False), at)
    return call, []


# ------------------------------------------------------------------------------------------------ somebody leaves
def _phone_back(call: Talking, agent: int, at: int) -> Step:
    """A page has the agent's phone and knows nothing of this conversation: the one that did is gone."""
    if isinstance(call.arrangement, Returning):
        return returning.back(call, agent, at)
    channel = channel_of(call, agent)
    if channel is None or not call.joined:
        return call, []
    if not returning.is_lost(call, channel):
        if not returning.in_browser(call, channel):
            return call, []
        return _party_left(call, ChannelLeft(at, channel))
    lost, commands = returning.lose(call, channel, at)
    return lost, commands


def budget_over(call: Talking, leg: Leg, reason: CallReason, at: int) -> Step:
    """The number outside may not be talked to any longer: it leaves; whoever is left goes on."""
    told = replace(leg, reason=gate.LEG_REASONS.get(reason, leg.reason))
    return _party_left(replace(call, legs=call.legs.put(told)), ChannelLeft(at, leg.channel), reason)


def _party_left(call: Talking, event: ChannelLeft | ChannelGone, why: CallReason | None = None) -> Step:
    channel, at = event.channel, event.at
    before = rooms(call)
    rest = [party for party in parties(call) if party != channel]
    waits_for = isinstance(call.arrangement, Returning)
    waits_for |= isinstance(call.arrangement, Calling) and call.arrangement.by is None
    over = len(rest) < 2 and not (rest and waits_for)
    consulting = isinstance(call.arrangement, Calling | Consulting) and call.arrangement.by == channel
    if consulting and rest:
        over = False
        call = transfer.by_leaving(call, channel, at)
    if over and call.joined:
        reason = why or _who_left(call, channel)
        return clear(_gone(call, event), Outcome.ANSWERED, reason, at)
    if over or not call.joined:
        return _left_before_joined(call, event)
    call, commands = transfer.leaves(_gone(call, event), channel, at)
    if channel == call.facts.caller_channel and call.facts.caller_here:
        commands.append(Hangup(channel))
    call = transfer.settled(call, at)
    return call, [*commands, *move(call, before)]


def _gone(call: Talking, event: ChannelLeft | ChannelGone) -> Talking:
    """What is known of the channel that left; its leg still takes part."""
    if event.channel == call.facts.caller_channel:
        return caller_left(call, event)
    leg = call.legs.on(event.channel)
    if leg is None or isinstance(event, ChannelLeft):
        return call
    return replace(call, legs=call.legs.put(replace(leg, state=LegState.GONE, cause=event.cause)))


def _who_left(call: Talking, channel: str) -> CallReason:
    ours = call.facts.caller_agent is not None
    if channel == call.facts.caller_channel:
        return CallReason.AGENT_HUNG_UP if ours else CallReason.CALLER_HUNG_UP
    if ours and len(call.legs) == 1:
        return CallReason.CALLED_PARTY_HUNG_UP
    return CallReason.AGENT_HUNG_UP if agent_on(call, channel) is not None else CallReason.OUTSIDE_HUNG_UP


def _left_before_joined(call: Talking, event: ChannelLeft | ChannelGone) -> Step:
    """Before the two were joined it is not the end of a conversation."""
    if event.channel == call.facts.caller_channel:
        reason = CallReason.CALLER_GAVE_UP_AS_THE_AGENT_ANSWERED
        if call.facts.caller_agent is not None:
            reason = CallReason.AGENT_GAVE_UP
        return clear(_gone(call, event), Outcome.ABANDONED, reason, event.at)
    early = CallReason.AGENT_HUNG_UP_BEFORE_BEING_JOINED
    if call.facts.caller_agent is not None:
        early = CallReason.PARTY_NOT_REACHED
    return clear(_gone(call, event), Outcome.FAILED, early, event.at)


def _hang_up(call: Talking, event: HangupRequested) -> Step:
    agent, at = event.agent, event.at
    winner = next(leg for leg in call.legs if leg.ordinal == call.winner)
    if agent is None:
        if call.joined:
            return clear(call, Outcome.ANSWERED, CallReason.ENDED_BY_ADMINISTRATOR, at)
        return clear(call, Outcome.FAILED, CallReason.AGENT_HUNG_UP_BEFORE_BEING_JOINED, at)
    for leg in transfer.live(call):
        if leg.agent_id == agent:
            return transfer.decline(call, leg, at)
    if isinstance(call.arrangement, Returning) and call.arrangement.agent.id == agent:
        return returning.hung_up(call, at)
    channel = channel_of(call, agent)
    if channel is None:
        return call, []
    if not call.joined and channel not in (winner.channel, call.facts.caller_channel):
        return call, []
    after, commands = _party_left(call, ChannelLeft(at, channel))
    return after, commands


# ------------------------------------------------------------------------------------------------ wishes
def _wished(call: Talking, commands: list[Command], wish: keypad.Wish) -> Step:
    """A code is the same wish as a button."""
    match wish:
        case None:
            return call, commands
        case HangupRequested():
            after, more = _hang_up(call, wish)
        case _:
            after, more = _request(call, wish)
    return after, commands + more


def _request(call: Talking, event: TalkRequest) -> Step:
    why = requests.refusal(call, event)
    by = channel_of(call, event.agent)
    if why is not None or by is None:
        return call, agents.problem(call.facts, event.agent, why or requests.Refused.NOT_YOURS)
    match event:
        case requests.HoldRequested(at=at):
            return hold.hold(call, by, at)
        case requests.UnholdRequested(at=at):
            return hold.unhold(call, at)
        case requests.MuteRequested():
            return hold.mute(call, by)
        case requests.UnmuteRequested():
            return hold.unmute(call, by)
        case requests.DtmfRequested(digits=digits):
            return hold.press(call, by, digits)
        case requests.TransferRequested(at=at, target=target):
            return transfer.want(call, by, target, at, blind=True)
        case requests.ConsultRequested(at=at, target=target):
            return transfer.want(call, by, target, at, blind=False)
        case requests.CompleteRequested(at=at):
            return transfer.complete(call, at)
        case requests.CancelRequested(at=at):
            return transfer.cancel(call, at)
        case requests.SwapRequested():
            return transfer.swap(call)
        case requests.ConferenceRequested(at=at):
            return transfer.conference(call, at)
        case requests.RecordRequested():
            return tape.switch_on(call), []
        case requests.StopRecordRequested():
            return tape.switch_off(call), []
        case requests.PauseRecordRequested():
            return tape.hold_back(call), []
        case requests.ResumeRecordRequested():
            return tape.go_on(call), []
        case _:
            return call, []


# ------------------------------------------------------------------------------------------------ the target's legs
def _of_a_leg(
    call: Talking, event: LegReady | LegAnswered | LegRinging | LegRefused | FarHalfArrived | ChannelGone
) -> Step:
    facts, at = call.facts, event.at
    leg = call.legs.on(event.leg if isinstance(event, FarHalfArrived) else event.channel)
    if leg is None or leg.state is LegState.ANSWERED:
        return call, []
    if returning.rings(call, leg):
        return returning.on_leg(call, leg, event)
    if leg not in transfer.live(call):
        return _late(call, leg, event)
    match event:
        case LegReady():
            return transfer.on_leg(call, leg, lambda leg: legs.ready(facts, leg), at)
        case LegAnswered():
            return transfer.answered(call, leg, at)
        case LegRinging():
            if leg.ringing_at is not None:
                return call, []
            rings = replace(leg, state=LegState.RINGING, ringing_at=at)
            return replace(call, legs=call.legs.put(rings)), agents.update(facts, rings, {"phase": "ringing"})
        case LegRefused(refusal=refusal):
            outcome, refused = legs.outcome_of_refusal(refusal), LegReason.REFUSED_BY_PHONE
            return transfer.on_leg(call, leg, lambda leg: legs.end(facts, leg, outcome, at, reason=refused), at)
        case FarHalfArrived(channel=far):
            return transfer.on_leg(call, leg, lambda leg: legs.far_half(leg, far), at)
        case ChannelGone(channel=channel, cause=cause):
            if channel == leg.far_half:
                return call, []  # its near half tells
            outcome = legs.outcome_of_cause(cause)
            why = legs.reason_of(outcome)
            return transfer.on_leg(
                call, leg, lambda leg: legs.end(facts, leg, outcome, at, cause=cause, reason=why, gone=True), at
            )
        case _:
            assert_never(event)


def _unmade(call: Talking, event: CommandFailed, channel: str) -> Step:
    """Refused at once: it does not exist. Timed out: it may, so it is hung up."""
    facts, at = call.facts, event.at
    leg = call.legs.on(channel)
    unmade = isinstance(event.command, CreateLeg) and not event.timed_out
    if leg is not None and returning.rings(call, leg):
        return returning.fails(call, leg, LegOutcome.UNREACHABLE, LegReason.NOT_REACHED, at, gone=unmade)
    if leg is not None and leg in transfer.live(call):
        reason = LegReason.NOT_REACHED
        return transfer.on_leg(
            call, leg, lambda leg: legs.end(facts, leg, LegOutcome.UNREACHABLE, at, reason=reason, gone=unmade), at
        )
    if leg is not None and unmade and leg.state is not LegState.ANSWERED:
        return _late(call, leg, ChannelGone(at, channel))
    return call, []


def _from_a_screen(call: Talking, event: PopShown | AnswerRequested, agent: int, at: int) -> Step:
    facts = call.facts
    leg = next((leg for leg in transfer.live(call) if leg.agent_id == agent), None)
    if leg is None:
        return call, []
    if isinstance(event, PopShown):
        return transfer.on_leg(call, leg, lambda leg: legs.pop_settled(facts, leg, shown=True), at)
    return transfer.on_leg(call, leg, lambda leg: legs.answer_wanted(facts, leg), at)


def _late(call: Talking, leg: Leg, event: Event) -> Step:
    """News of a leg that was told to end."""
    if not isinstance(event, LegReady | LegAnswered | ChannelGone):
        return call, []
    changed, commands = legs.late(call.facts, leg, event)
    call = replace(call, legs=call.legs.put(changed))
    return call, [*commands, *(transfer.freed(call, changed) if leg.engaged and not changed.engaged else [])]
