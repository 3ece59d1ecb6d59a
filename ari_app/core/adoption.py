"""A call found on the switch that this engine does not know: taken over as it stands.

Owns: what a found call becomes. Must not: look for it (``resync`` does).

Killing the engine never ends a conversation: two who talk go on talking, a caller who waited goes on waiting, with the
time of arrival they had.
"""

from __future__ import annotations

from dataclasses import dataclass

from ari_app.core import cdr, hearing, ids, marks, queueing, talk_view, tape, voicemail
from ari_app.core.arrangement import TOGETHER, Arrangement, Consulting, Holding, Stretch
from ari_app.core.call import (
    LONGEST_WAIT,
    Announcing,
    Facts,
    Hears,
    Leg,
    Legs,
    LegState,
    Policy,
    Talking,
    Waiting,
)
from ari_app.core.commands import (
    Command,
    EngageAgent,
    Hangup,
    LookUpCaller,
    SeekAgents,
    SetTimer,
    ShowPop,
    StopMusic,
    StopRinging,
    WriteRecord,
)
from ari_app.core.ending import Step, clear
from ari_app.core.left_behind import carry_on
from ari_app.core.marks import QueueMark, VoicemailMark
from ari_app.core.pops import current_pop
from ari_app.core.takeover import take_over
from ari_app.core.talking import join
from models.values.call import Direction, LegKind, LegOutcome, Outcome
from models.values.cdr import CallRecord
from models.values.money import Rate
from models.values.queue import OverflowTo
from models.values.reasons import CallReason
from models.values.replacing import replace
from models.values.routing import AgentRoute, CallCenterRoute, RoutingSnapshot


@dataclass(frozen=True, slots=True)
class FoundLeg:
    """An agent's channel of this call. ``up``: answered. ``agent``: whose phone it is, if anybody's."""

    channel: str
    ordinal: int
    agent: AgentRoute | None
    up: bool
    since: int
    """When the channel was made, epoch ms."""
    outside: bool = False
    """It goes to a number outside."""
    answered_at: int | None = None
    """From CEL."""
    number: str = ""
    """The number outside, where the call does not know it: a party that came from another call."""


@dataclass(frozen=True, slots=True)
class FoundCall:
    """A caller's channel in our application, and what stands around it."""

    channel: str
    called_number: str
    calling_number: str | None
    caller_name: str | None
    up: bool
    since: int
    legs: tuple[FoundLeg, ...] = ()
    bridged: frozenset[str] = frozenset()
    """The channels in the call's bridge, if it exists."""
    has_bridge: bool = False
    consulting: frozenset[str] = frozenset()
    """The channels in the second bridge."""
    has_consult: bool = False
    record: CallRecord | None = None
    """The open record, as far as it was written."""
    answered_at: int | None = None
    """The agent's answer, from CEL, when the record does not have it."""
    mark: str = ""
    """What the engine before us wrote on the caller's channel (``marks``)."""
    outbound: bool = False
    """One of our agents makes this call; ``channel`` is their phone's."""
    caller_agent: AgentRoute | None = None
    caller_address: str | None = None
    """Where their phone called from."""
    caller_answered_at: int | None = None
    """When the calling agent's own phone was picked up (Click2Dial), from CEL."""
    told: int = 0
    """The last entry of its story that an earlier engine told."""
    tape_mark: str = ""
    """What the engine before us wrote of its recording."""
    tape_state: str = ""
    """The state of the part that was running, as ARI says it; empty: it is over."""
    gone: bool = False
    """The calling side has left; those who are left go on."""
    was_bridged: bool = False
    """The calling side has been in a bridge, says CEL: there was a conversation."""
    left_at: int | None = None
    """When the first of its conversations ended, from CEL."""

    @property
    def talked_from(self) -> int | None:
        """When its first conversation began, if it is proved that there was one: an answer alone proves none."""
        answered_at = (self.record.answered_at if self.record else None) or self.answered_at
        proved = self.was_bridged or self.channel in self.bridged | self.consulting
        return answered_at if proved else None


def adopt(found: FoundCall, snapshot: RoutingSnapshot, policy: Policy, at: int) -> Step:
    """The call as it goes on, and what to do at once."""
    made = _adopt(found, snapshot, policy, at)
    call, commands = tape.taken_up(made, found.tape_mark, found.tape_state, at)
    return call, [*commands, *talk_view.shown(call)]


def _adopt(found: FoundCall, snapshot: RoutingSnapshot, policy: Policy, at: int) -> Step:
    if found.gone:
        return carry_on(found, snapshot, policy, at)
    if found.outbound:
        return take_over(found, snapshot, policy, at)
    record = found.record
    # Who is in a bridge waits in no queue, whatever was not wiped off in time.
    told = marks.read(found.mark) if found.channel not in found.bridged | found.consulting else None
    talked_from = found.talked_from
    if record and isinstance(told, QueueMark):
        talked_from = record.answered_at  # who waits again after a conversation (a transfer) was answered then
    route = _route(told, snapshot) or snapshot.resolve(found.called_number)
    offered_at = record.offered_at if record else found.since
    facts = Facts(
        id=found.channel,
        direction=Direction.INBOUND,
        caller_channel=found.channel,
        called_number=found.called_number,
        calling_number=found.calling_number,
        caller_name=found.caller_name,
        route=_as_recorded(route, record) if route else None,
        policy=policy,
        offered_at=offered_at,
        contact_id=record.contact_id if record else None,
        caller_up=found.up,
        bridged=found.has_bridge,
        consulted=found.has_consult,
        talked_from=talked_from,
        talked_agent=record.agent_id if record and talked_from is not None else None,
        ordinals_from=max((leg.ordinal for leg in found.legs), default=0),
        centers=snapshot.call_centers,
        mark=found.mark,
        queued_at=told.queued_at if isinstance(told, QueueMark) else offered_at,
        queues=told.queues if isinstance(told, QueueMark) else (route.id,) if route else (),
        # A playback of before is told of with a number of before.
        hears=Hears(playbacks=PLAYBACKS_BEFORE),
    )
    commands: list[Command] = [] if record else [WriteRecord(cdr.opening(facts))]
    talker = _talker(found)
    if talker is not None:
        return _go_on_talking(found, facts, talker, commands, at)
    for leg in found.legs:
        commands.append(Hangup(leg.channel))
    if isinstance(told, VoicemailMark):
        call, more = voicemail.taken_up(facts, told, at)
    elif talked_from is not None and told is None and facts.route is not None and found.legs and not found.bridged:
        # On the way to somebody else: a target rang, and they hold the line.
        silence: list[Command] = [StopMusic(facts.caller_channel), StopRinging(facts.caller_channel)]
        call, more = queueing.seek(replace(facts, queues=()), Legs(), facts.route, at)
        more = [*silence, *more]
    elif talked_from is not None and told is None:
        # The other side hung up while no engine was there.
        reason = CallReason.ENDED_WHILE_THE_ENGINE_WAS_AWAY
        over_at = max(talked_from, found.left_at or at)
        over = Announcing(facts, Legs(), Outcome.ANSWERED, reason, cause=16)
        call, more = clear(over, Outcome.ANSWERED, reason, over_at)
    elif facts.route is None or (found.up and not isinstance(told, QueueMark)):
        # An announcement was being played, or an agent hung up at the very moment: nothing is left to go on with.
        outcome = Outcome.FAILED if route else Outcome.UNKNOWN_NUMBER
        reason = CallReason.ENGINE_RESTARTED if route else CallReason.UNKNOWN_NUMBER
        call, more = clear(Announcing(facts, Legs(), outcome, reason, cause=16), outcome, reason, at)
    elif not isinstance(told, QueueMark) and facts.route.queue.hours.closed(offered_at):
        call, more = queueing.seek(replace(facts, queues=()), Legs(), facts.route, at)  # it was never let in
    else:
        call, more = _go_on_waiting(facts, facts.route, at)
    return call, commands + more


PLAYBACKS_BEFORE = 1_000
"""More than were begun before the restart."""


def _route(told: QueueMark | VoicemailMark | None, snapshot: RoutingSnapshot) -> CallCenterRoute | None:
    """The call center in whose queue, or voicemail, the caller is."""
    match told:
        case QueueMark(queues=queues):
            return snapshot.call_centers.get(queues[-1])
        case VoicemailMark(call_center=center):
            return snapshot.call_centers.get(center)
        case None:
            return None


def _go_on_waiting(facts: Facts, route: CallCenterRoute, at: int) -> Step:
    """In the place that the caller had. Whatever was heard is begun again: nobody knows how far it had come."""
    silence: list[Command] = [StopMusic(facts.caller_channel), StopRinging(facts.caller_channel)]
    facts, heard = hearing.begin(facts, welcome=False)
    left = max(0, route.max_wait_seconds * 1000 - (at - facts.queued_at))
    return Waiting(facts, Legs()), [
        *(silence if facts.caller_up else []),
        *heard,
        SeekAgents(facts.id, route, facts.queued_at, kept=True),
        LookUpCaller(facts.id, facts.calling_number),
        SetTimer(LONGEST_WAIT, left),
    ]


def _talker(found: FoundCall) -> FoundLeg | None:
    """The leg that the caller talks with: the one in the bridge, else the one that has answered.

    Also while the caller still hears it ring: the engine before us died between the agent's answer and theirs.
    """
    answered = [leg for leg in found.legs if leg.up]
    return next((leg for leg in answered if leg.channel in found.bridged), answered[0] if answered else None)


def _go_on_talking(found: FoundCall, facts: Facts, talker: FoundLeg, commands: list[Command], at: int) -> Step:
    """Everybody who took part goes on: together, on hold, or in a consultation, as the bridges show it."""
    first_at = (found.record.answered_at if found.record else None) or found.answered_at or talker.since
    # After a transfer they talk with somebody else than whom they talked with first.
    answered_at = max(first_at, talker.answered_at or 0) if talker.since > first_at else first_at
    taking_part = [leg for leg in found.legs if leg is talker or _takes_part(found, leg, talker)]
    number = _outside_number(facts)
    all_legs = Legs(tuple(_talks(leg, answered_at, number, first=leg is talker) for leg in taking_part))
    now = _arrangement(found, taking_part)
    facts = replace(facts, bridged=True, caller_up=True)
    if now is not None:
        stretches = _stretches(now, taking_part, at)
        talked_from = first_at if facts.talked_from is None else facts.talked_from
        facts = replace(facts, talked_from=talked_from, talked_with=talker.ordinal, stretches=stretches)
    call = Talking(
        facts,
        all_legs,
        winner=talker.ordinal,
        answered_at=answered_at,
        joined=now is not None,
        arrangement=now or TOGETHER,
    )
    if now is None:
        first = next(leg for leg in all_legs if leg.ordinal == talker.ordinal)
        commands += [StopMusic(facts.caller_channel), StopRinging(facts.caller_channel), *join(facts, first)]
    commands += [Hangup(other.channel) for other in found.legs if other not in taking_part]
    for leg in all_legs:
        if leg.agent is not None:
            commands += [EngageAgent(leg.agent.id, facts.id), ShowPop(leg.agent.id, facts.id, current_pop(call, leg))]
    return call, [*commands, LookUpCaller(facts.id, facts.calling_number), WriteRecord(cdr.answered(call))]


def _stretches(now: Arrangement, taking_part: list[FoundLeg], at: int) -> tuple[Stretch, ...]:
    """What lasts, from now on: when it began is not known any more."""
    match now:
        case Holding(by=by):
            kind, who, channel = LegKind.HOLD, by, by
        case Consulting(by=by):
            kind, who, channel = LegKind.CONSULT, by, ""
        case _ if len(taking_part) > 1:
            kind, who, channel = LegKind.CONFERENCE, taking_part[0].channel, ""
        case _:
            return ()
    agent = next((leg.agent for leg in taking_part if leg.channel == who), None)
    return (Stretch(kind, at, agent.id if agent else None, channel=channel),)


def _talks(leg: FoundLeg, call_answered_at: int, outside_number: str, *, first: bool) -> Leg:
    outside = ids.is_outside(leg.channel)
    return Leg(
        ordinal=leg.ordinal,
        agent=leg.agent,
        channel=leg.channel,
        offered_at=min(leg.since, call_answered_at) if first else leg.since,
        number=leg.number or outside_number if outside else "",
        kind=LegKind.OUTSIDE if outside else LegKind.AGENT,
        state=LegState.ANSWERED,
        pop_settled=True,
        engaged=leg.agent is not None,
        answered_at=call_answered_at if first else max(leg.since, call_answered_at),
        outcome=LegOutcome.ANSWERED,
    )


def _takes_part(found: FoundCall, leg: FoundLeg, talker: FoundLeg) -> bool:
    """In one of the bridges; or, while caller and agent talk, somebody who answered and waits: a third on hold."""
    if not leg.up:
        return False
    talking = {found.channel, talker.channel} <= found.bridged
    return leg.channel in found.bridged | found.consulting or talking


def _arrangement(found: FoundCall, taking_part: list[FoundLeg]) -> Arrangement | None:
    """None: they were about to be joined."""
    main, aside = found.bridged, [leg for leg in taking_part if leg.channel in found.consulting]
    waiting = [leg for leg in taking_part if leg.channel not in main | found.consulting]
    if len(aside) == 2:
        by = min(aside, key=lambda leg: (leg.agent is None, leg.ordinal))
        target = next(leg for leg in aside if leg is not by)
        return Consulting(by.channel, target.ordinal)
    together = [leg for leg in taking_part if leg.channel in main]
    if found.channel in main and together:
        if len(together) == len(waiting) == 1:
            return Consulting(together[0].channel, waiting[0].ordinal, swapped=True)
        return TOGETHER if not waiting else None
    if len(together) == len(taking_part) == 1:
        return Holding(together[0].channel)
    return None


def _outside_number(facts: Facts) -> str:
    """Of a caller whom the queue sent outside: its call center says where, if it is one place."""
    ways = facts.route.queue.overflows if facts.route else ()
    numbers = {way.number for _, way in ways if way.to is OverflowTo.OUTSIDE}
    return numbers.pop() if len(numbers) == 1 else ""


def _as_recorded(route: CallCenterRoute, record: CallRecord | None) -> CallCenterRoute:
    """The call keeps the price it was offered at, whatever was changed meanwhile."""
    if record is None or not record.rate_currency:
        return route
    return replace(route, rate=Rate(record.rate_price, record.rate_currency, record.rate_unit))
