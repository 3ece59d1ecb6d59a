"""A call as Asterisk's own event log tells it (CEL), for when the engine was not there to see it.

Owns: the folding of one call's rows into its story, and of the story into its records. Must not: read files.
Source: Asterisk, "Channel Event Logging"; the columns are ``dialplan.names.CEL_COLUMNS``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from ari_app.core import ids, legs
from models.values.call import Direction, LegKind, LegOutcome, Outcome
from models.values.cdr import CallRecord, LegRecord
from models.values.destination import read_destination
from models.values.money import Rate, cost
from models.values.reasons import CallReason, LegReason
from models.values.replacing import replace
from models.values.routing import AgentRoute, CallCenterRoute, RoutingSnapshot

SWITCH_DIED_CAUSE = 41
"""Q.850: temporary failure. What ended with the switch has no cause of its own."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the log. ``at``: epoch ms. ``cause``: Q.850, of a HANGUP."""

    kind: str
    at: int
    channel_name: str
    channel: str
    call_id: str
    calling_number: str
    calling_name: str
    extension: str
    context: str
    user_event: str = ""
    called: str = ""
    """The number dialled, of the fallback's own event."""
    cause: int | None = None


@dataclass(frozen=True, slots=True)
class ChannelStory:
    channel: str
    name: str
    started_at: int
    answered_at: int | None = None
    bridged_at: int | None = None
    unbridged_at: int | None = None
    ended_at: int | None = None
    cause: int | None = None

    @property
    def endpoint(self) -> str:
        """``PJSIP/8330101-0000001a`` -> ``8330101``; ``Local/8330101@context-…;1`` -> ``8330101``."""
        bare = self.name.partition("/")[2]
        return bare.partition("@")[0] if "@" in bare else bare.rpartition("-")[0]


@dataclass(frozen=True, slots=True)
class Story:
    """What happened to one call."""

    call_id: str
    context: str = ""
    called_number: str = ""
    calling_number: str = ""
    caller_name: str = ""
    ours: bool = False
    """It began on a phone of ours."""
    fallback: bool = False
    """The caller reached the dialplan's fallback: no engine was there."""
    blocked: bool = False
    """The dialplan refused the caller: a number that is blocked."""
    over: bool = False
    """No channel of it is left (LINKEDID_END)."""
    died: bool = False
    """Nothing tells of its end at all: a power cut."""
    channels: dict[str, ChannelStory] = field(default_factory=dict)

    @property
    def went_with_switch(self) -> bool:
        """It is over, and the log has no end of the calling side: Asterisk was killed with the call up."""
        return self.died or (self.over and self.caller is not None and self.caller.ended_at is None)

    @property
    def caller(self) -> ChannelStory | None:
        return self.channels.get(self.call_id)

    @property
    def is_ours(self) -> bool:
        """One of our agents made it: it began on a phone, not on the trunk."""
        return self.ours or ids.is_click2dial(self.call_id)


def tell(story: Story, row: Row) -> Story:
    """The story with one more row."""
    if row.kind == "LINKEDID_END":
        return replace(story, over=True)
    if row.kind == "BLOCKED":
        return replace(story, blocked=True, called_number=row.called or story.called_number)
    if row.kind == "USER_DEFINED":
        return replace(story, fallback=True, called_number=row.called or story.called_number)
    known = story.channels.get(row.channel)
    told = known or ChannelStory(row.channel, row.channel_name, row.at)
    match row.kind:
        case "CHAN_START":
            if row.channel == story.call_id:
                story = replace(
                    story,
                    context=row.context,
                    called_number=row.extension,
                    calling_number=row.calling_number,
                    caller_name=row.calling_name,
                )
        case "ANSWER":
            told = replace(told, answered_at=told.answered_at or row.at)
        case "BRIDGE_ENTER":
            told = replace(told, bridged_at=told.bridged_at or row.at)
        case "BRIDGE_EXIT":
            told = replace(told, unbridged_at=row.at)
        case "HANGUP":
            told = replace(told, ended_at=row.at, cause=row.cause)
        case "CHAN_END":
            told = replace(told, ended_at=told.ended_at or row.at)
        case _:
            return story
    return replace(story, channels={**story.channels, row.channel: told})


def fold(call_id: str, rows: Iterable[Row]) -> Story:
    story = Story(call_id)
    for row in rows:
        story = tell(story, row)
    return story


def answered_at(story: Story) -> int | None:
    """When the agent who was talked with answered; None: nobody did."""
    talker = _talker(story)
    return talker.answered_at or talker.bridged_at if talker else None


def left_at(story: Story) -> int | None:
    """When the first conversation ended; None: there was none, or it goes on."""
    talker = _talker(story)
    return (talker.unbridged_at or talker.ended_at) if talker else None


def records(
    story: Story, known: CallRecord | None, snapshot: RoutingSnapshot
) -> tuple[CallRecord, tuple[LegRecord, ...]]:
    """The closed CDR of a call whose end the engine missed. ``known``: its open record, if there is one."""
    caller = story.caller
    talker = _talker(story)
    ours = snapshot.agent_at(caller.endpoint) if caller and story.is_ours else None
    route = _route(story, ours, snapshot)
    offered_at = known.offered_at if known else (caller.started_at if caller else 0)
    ended_at = _ended_at(story, talker)
    talked_from = (known.answered_at if known else None) or answered_at(story)
    # The caller's own BRIDGE_ENTER proves the conversation; an answer alone does not.
    if talker is None:
        talked_from = None
    talk_ms = max(0, ended_at - talked_from) if talked_from is not None else 0
    base = known or CallRecord(
        id=story.call_id,
        direction=_direction(story, snapshot),
        called_number=_called(story, snapshot),
        calling_number=(ours.endpoint or "") if ours else story.calling_number,
        caller_name=story.caller_name,
        offered_at=offered_at,
        call_center_id=route.id if route else None,
        call_center_name=route.name if route else "",
    )
    if known is None and route is not None:
        base = replace(base, rate_price=route.rate.price, rate_currency=route.rate.currency, rate_unit=route.rate.unit)
    outcome, reason = _outcome(story, talked_from is not None, known_center=base.call_center_id is not None)
    agent = ours if story.is_ours else snapshot.agent_at(talker.endpoint) if talker else None
    price = Rate(base.rate_price, base.rate_currency, base.rate_unit) if base.rate_currency else None
    waited_until = talked_from if talked_from is not None else ended_at
    closed = replace(
        base,
        outcome=outcome,
        reason=reason,
        agent_id=agent.id if agent else base.agent_id,
        answered_at=talked_from,
        ended_at=ended_at,
        wait_ms=max(0, waited_until - offered_at),
        talk_ms=talk_ms,
        cause=SWITCH_DIED_CAUSE if story.went_with_switch else caller.cause if caller else None,
        cost=cost(price, Fraction(talk_ms, 1000)) if price else None,
    )
    return closed, _legs(story, talker, snapshot, base.called_number)


def lost(record: CallRecord) -> Story:
    """The story of a call of which only its open record is left: its last known moment is its end."""
    last = record.answered_at if record.answered_at is not None else record.offered_at
    channels = {record.id: ChannelStory(record.id, "", record.offered_at, ended_at=last)}
    return Story(record.id, channels=channels, over=True, died=True)


def _outcome(story: Story, talked: bool, *, known_center: bool) -> tuple[Outcome, CallReason]:
    if story.blocked:
        return Outcome.FAILED, CallReason.NUMBER_BLOCKED
    if story.fallback:
        return Outcome.ENGINE_AWAY, CallReason.NO_ENGINE_TOOK_THE_CALL
    if story.went_with_switch and (talked or story.is_ours or known_center):
        return Outcome.ANSWERED if talked else Outcome.FAILED, CallReason.SWITCH_DIED
    if talked:
        return Outcome.ANSWERED, CallReason.ENDED_WHILE_THE_ENGINE_WAS_AWAY
    if story.is_ours:
        return _unreached(story), CallReason.ENDED_WHILE_THE_ENGINE_WAS_AWAY
    if not known_center:
        return Outcome.UNKNOWN_NUMBER, CallReason.UNKNOWN_NUMBER
    return Outcome.ABANDONED, CallReason.GAVE_UP_UNSEEN_BY_THE_ENGINE


def _called(story: Story, snapshot: RoutingSnapshot) -> str:
    """Of a call of ours in the form in which the engine writes it."""
    if not story.is_ours or snapshot.agent_at(story.called_number):
        return story.called_number
    destination = read_destination(story.called_number, snapshot.account.region)
    return destination.key if destination else story.called_number


def _direction(story: Story, snapshot: RoutingSnapshot) -> Direction:
    if not story.is_ours:
        return Direction.INBOUND
    return Direction.INTERNAL if snapshot.agent_at(story.called_number) else Direction.OUTBOUND


def _route(story: Story, ours: AgentRoute | None, snapshot: RoutingSnapshot) -> CallCenterRoute | None:
    if not story.is_ours:
        return snapshot.resolve(story.called_number)
    if ours is None or ours.call_center is None or snapshot.agent_at(story.called_number):
        return None
    return snapshot.call_centers.get(ours.call_center)


def _unreached(story: Story) -> Outcome:
    """How a call of ours ended that was not talked on."""
    caller = story.caller
    if ids.is_click2dial(story.call_id) and caller is not None and caller.answered_at is None:
        return Outcome.NO_ANSWER
    for told in story.channels.values():
        if ids.ordinal_of(told.channel) is not None:
            match legs.outcome_of_cause(told.cause):
                case LegOutcome.BUSY | LegOutcome.REFUSED:
                    return Outcome.BUSY
                case LegOutcome.NO_ANSWER:
                    return Outcome.NO_ANSWER
                case LegOutcome.UNREACHABLE:
                    return Outcome.FAILED
    return Outcome.ABANDONED


def _talker(story: Story) -> ChannelStory | None:
    """The agent's leg that was in the bridge with the caller."""
    caller = story.caller
    if caller is None or caller.bridged_at is None:
        return None
    talkers = [
        told
        for told in story.channels.values()
        if told.bridged_at is not None and ids.ordinal_of(told.channel) is not None
    ]
    return min(talkers, key=lambda told: told.bridged_at or 0, default=None)


def _ended_at(story: Story, talker: ChannelStory | None) -> int:
    """The first side's end of a conversation, or the caller's end."""
    caller = story.caller
    ends = [
        moment
        for told in (caller, talker)
        if told is not None
        for moment in (told.unbridged_at if talker else None, told.ended_at)
        if moment is not None
    ]
    if ends:
        return min(ends)
    # The switch was killed: the last thing that it wrote of the call.
    moments = (
        moment
        for told in story.channels.values()
        for moment in (told.started_at, told.answered_at, told.bridged_at, told.unbridged_at, told.ended_at)
        if moment is not None
    )
    return max(moments, default=0)


def _legs(story: Story, talker: ChannelStory | None, snapshot: RoutingSnapshot, called: str) -> tuple[LegRecord, ...]:
    found = []
    free = max((ids.ordinal_of(told.channel) or 1 for told in story.channels.values()), default=1) + 1
    for told in story.channels.values():
        ordinal = ids.ordinal_of(told.channel)
        if ordinal is not None and ids.call_of(told.channel) != story.call_id:
            ordinal, free = free, free + 1  # came from another call (``joining``), where it had this number
        outside = ids.is_outside(told.channel)
        if told.channel == story.call_id and ids.is_click2dial(story.call_id):
            ordinal = 1  # the agent's own phone, which was called first
        if ordinal is None:
            continue
        agent = None if outside else snapshot.agent_at(told.endpoint)
        if told is talker or (told.channel == story.call_id and told.answered_at is not None):
            outcome = LegOutcome.ANSWERED
        elif told.answered_at is not None:
            outcome = LegOutcome.LOST_RACE
        else:
            outcome = legs.outcome_of_cause(told.cause) if told.cause not in (0, 16, 26) else LegOutcome.NO_ANSWER
        found.append(
            LegRecord(
                call_id=story.call_id,
                ordinal=ordinal,
                agent_id=agent.id if agent else None,
                endpoint="" if outside else told.endpoint,
                kind=LegKind.OUTSIDE if outside else LegKind.AGENT,
                number=called if outside else "",
                channel_id=told.channel,
                offered_at=told.started_at,
                answered_at=told.answered_at,
                ended_at=told.ended_at,
                outcome=outcome,
                cause=told.cause,
                reason=LegReason.FROM_CEL,
            )
        )
    return tuple(sorted(found, key=lambda leg: leg.ordinal))
