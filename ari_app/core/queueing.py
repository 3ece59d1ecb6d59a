"""A caller's place in a call center's queue: the way in, what is heard there, and every way out but an agent's answer.

Owns: opening hours, a full queue, the longest wait, nobody there, the keys, and where each of them leads. Must not:
know who is rung (``inbound``, ``roster``).

An overflow never leads back to a call center that the call came to before: what would go round in circles ends with
the message of where it stands.
"""

from __future__ import annotations

from ari_app.core import cdr, gate, hearing, legs, voicemail
from ari_app.core.call import LONGEST_WAIT, Alerting, Facts, Hears, Leg, Legs, LegState, Waiting, ring_timer
from ari_app.core.commands import (
    AskPlace,
    CancelTimer,
    Command,
    KeepCallback,
    Ring,
    SeekAgents,
    SetTimer,
    StopSeeking,
    WriteRecord,
)
from ari_app.core.ending import Step, announce
from ari_app.core.events import DtmfReceived, OutsideAllowed, OutsideRefused, PlaceTold, PlaybackFinished
from models.values.call import LegKind, LegOutcome, Outcome
from models.values.hours import Closed
from models.values.queue import OverflowCause, OverflowTo
from models.values.reasons import CallReason, LegReason
from models.values.replacing import replace
from models.values.routing import CallCenterRoute

_CLOSED = {
    Closed.SWITCHED_OFF: CallReason.CLOSED_BY_SWITCH,
    Closed.HOLIDAY: CallReason.CLOSED_FOR_HOLIDAY,
    Closed.OUT_OF_HOURS: CallReason.OUT_OF_HOURS,
}
_LEFT = {
    OverflowCause.CLOSED: LegReason.QUEUE_CLOSED,
    OverflowCause.FULL: LegReason.QUEUE_FULL,
    OverflowCause.WAITED: LegReason.WAITED_TOO_LONG,
    OverflowCause.NOBODY: LegReason.NOBODY_THERE,
}


def seek(facts: Facts, all_legs: Legs, route: CallCenterRoute, at: int) -> Step:
    """The call begins to wait for this call center's agents: on arrival, after an overflow, after a transfer.

    Whatever the caller heard until now must have been hushed.
    """
    facts = replace(facts, route=route, queued_at=at, queues=(*facts.queues, route.id), overdue=False, overflow=None)
    closed = route.queue.hours.closed(at)
    if closed is not None:
        return _overflow(Waiting(facts, all_legs), OverflowCause.CLOSED, (Outcome.CLOSED, _CLOSED[closed], 20), at)
    facts, heard = hearing.begin(facts)
    return Waiting(facts, all_legs), [
        *heard,
        SeekAgents(facts.id, route, at),
        SetTimer(LONGEST_WAIT, route.max_wait_seconds * 1000),
    ]


def is_stale(facts: Facts, center: int | None) -> bool:
    """News of a call center's queue that the call is not in any more."""
    return facts.route is None or center not in (None, facts.route.id)


# ------------------------------------------------------------------------------------------------ out of the queue
def full(call: Waiting, at: int) -> Step:
    return _overflow(call, OverflowCause.FULL, (Outcome.BUSY, CallReason.QUEUE_FULL, 17), at)


def nobody_there(call: Waiting, at: int) -> Step:
    return _overflow(call, OverflowCause.NOBODY, (Outcome.NO_AGENTS, CallReason.NOBODY_IS_LOGGED_IN, 20), at)


def longest_wait_over(call: Waiting, at: int) -> Step:
    facts = call.facts
    if at < facts.queued_at + (facts.route.max_wait_seconds * 500 if facts.route else 0):
        return call, []  # of a queue before this one: it ran out as that was left
    return nobody_came(call, at)


def nobody_came(call: Waiting, at: int) -> Step:
    """The longest wait is over, or a number outside did not answer."""
    facts = call.facts
    if facts.overflow_end is not None:
        return call, []  # the gate to a number outside has been asked
    if facts.overflow is not None:
        return _end(facts, call.legs, facts.overflow, (Outcome.NO_ANSWER, CallReason.OUTSIDE_DID_NOT_ANSWER, 19))
    outcomes = {leg.outcome for leg in call.legs if leg.agent is not None and leg.offered_at >= facts.queued_at}
    if not outcomes or outcomes == {LegOutcome.UNREACHABLE}:
        why = Outcome.NO_AGENTS, CallReason.NO_AGENT_COULD_BE_RUNG, 20
    elif outcomes == {LegOutcome.BUSY}:
        why = Outcome.BUSY, CallReason.ALL_AGENTS_BUSY, 17
    else:
        why = Outcome.NO_ANSWER, CallReason.NO_AGENT_ANSWERED, 19
    return _overflow(call, OverflowCause.WAITED, why, at)


Why = tuple[Outcome, CallReason, int]
"""How the call ends if it ends here: outcome, reason, Q.850 cause."""


def _overflow(call: Waiting, cause: OverflowCause, why: Why, at: int) -> Step:
    facts = call.facts
    assert facts.route is not None
    if facts.overflow is not None:
        return call, []  # it is on its way already
    way = facts.route.queue.overflow(cause)
    leave: list[Command] = [StopSeeking(facts.id), CancelTimer(LONGEST_WAIT)]
    match way.to:
        case OverflowTo.VOICEMAIL:
            after, more = voicemail.begin(facts, _left(call, _LEFT[cause], at), way.media, at)
            return after, leave + more
        case OverflowTo.CALL_CENTER:
            target = facts.centers.get(way.call_center or 0)
            if target is not None and target.id not in facts.queues:
                facts, quiet = hearing.hush(facts)
                after, more = seek(facts, _left(call, _LEFT[cause], at), target, at)
                return after, [*leave, *quiet, WriteRecord(cdr.opening(replace(facts, route=target))), *more]
        case OverflowTo.OUTSIDE:
            facts, asking = gate.ask(facts, None, way.number)
            facts = replace(facts, overflow=cause, overflow_end=why, overdue=True)
            return replace(call, facts=facts), [*leave, *asking]
    return _end(facts, call.legs, cause, why)


def _end(facts: Facts, all_legs: Legs, cause: OverflowCause, why: Why) -> Step:
    """The message, and no more."""
    assert facts.route is not None
    outcome, reason, q850 = why
    usual = facts.policy.overflow_media.get(cause)
    media = facts.route.queue.overflow(cause).media or usual
    return announce(facts, all_legs, outcome, reason, q850, media=media)


def outside_allowed(call: Waiting, event: OutsideAllowed) -> Step:
    """A number outside rings instead of agents; the caller hears what they heard."""
    cause, at = call.facts.overflow, event.at
    if cause is None or event.pass_id != gate.pass_id(call.facts):
        return call, gate.unused(event)
    facts = replace(call.facts, overflow_end=None, offers=call.facts.offers + 1)
    all_legs, made = legs.call_outside(facts, _left(call, _LEFT[cause], at), event.to, at, gate.let_out(event))
    heard: list[Command] = [] if facts.caller_up else [Ring(facts.caller_channel)]
    if facts.caller_up and facts.hears == Hears(facts.hears.playbacks):
        facts, heard = hearing.background(facts)  # came from a conversation
    timer = SetTimer(ring_timer(facts), facts.policy.outside_ring)
    return Alerting(facts, all_legs), [CancelTimer(hearing.NEWS), *heard, *made, timer]


def outside_refused(call: Waiting, event: OutsideRefused) -> Step:
    """That way is closed: what is left is the message; why stands in the call's story and among its legs."""
    cause, why = call.facts.overflow, call.facts.overflow_end
    if cause is None or why is None:
        return call, []
    facts = replace(gate.refused(call.facts, event), overflow_end=None)
    return _end(facts, _left(call, _LEFT[cause], event.at), cause, why)


def _left(call: Waiting, reason: LegReason, at: int) -> Legs:
    """The wait in this queue as a line of its own among the legs: the call goes on somewhere else."""
    facts = call.facts
    stretch = Leg(
        ordinal=facts.ordinals_from + len(call.legs) + 1,
        agent=None,
        channel="",
        offered_at=facts.queued_at,
        number=facts.route.name if facts.route else "",
        kind=LegKind.QUEUE,
        state=LegState.GONE,
        ended_at=max(at, facts.queued_at),
        outcome=LegOutcome.NO_ANSWER,
        reason=reason,
    )
    return call.legs.add((stretch,))


# ------------------------------------------------------------------------------------------------ in the queue
def said(call: Waiting | Alerting, event: PlaybackFinished) -> Step:
    """A message came to its end: back to the music."""
    facts = call.facts
    if not facts.hears.playing or event.playback != hearing.playback(facts):
        return call, []
    return _heard(call, hearing.said(facts))


def timer(call: Waiting | Alerting, name: str) -> Step:
    """The queue's own timers."""
    facts = call.facts
    if name == hearing.SAYING and facts.hears.playing:
        return _heard(call, hearing.said(facts))
    if name == hearing.NEWS and facts.route and facts.route.queue.announce_seconds and facts.overflow is None:
        # Set before it is known whether there is anything to say: it comes round whatever happens.
        again = facts.policy.news_first if facts.hears.playing else facts.route.queue.announce_seconds * 1000
        return call, [SetTimer(hearing.NEWS, again), *([] if facts.hears.playing else [AskPlace(facts.id)])]
    return call, []


def place_told(call: Waiting | Alerting, event: PlaceTold) -> Step:
    facts = call.facts
    if facts.hears.playing or facts.overflow is not None or not facts.caller_up:
        return call, []
    media = hearing.news(facts, event)
    return _heard(call, hearing.say(facts, media)) if media else (call, [])


def _heard(call: Waiting | Alerting, heard: hearing.Heard) -> Step:
    facts, commands = heard
    return replace(call, facts=facts), commands


def key(call: Waiting | Alerting, event: DtmfReceived) -> Step:
    """The caller would rather be called back, or leave a message."""
    facts = call.facts
    if event.channel != facts.caller_channel or facts.route is None or facts.overflow is not None:
        return call, []
    queue = facts.route.queue
    callback = event.digit == queue.callback_key and facts.calling_number is not None
    if not callback and event.digit != queue.voicemail_key:
        return call, []
    chosen = LegReason.CALLER_CHOSE_ANOTHER_WAY
    all_legs, commands = legs.end_all(facts, call.legs, LegOutcome.CALLER_GONE, event.at, reason=chosen)
    commands = [StopSeeking(facts.id), CancelTimer(LONGEST_WAIT), CancelTimer(ring_timer(facts)), *commands]
    all_legs = _left(Waiting(facts, all_legs), chosen, event.at)
    if not callback:
        after, more = voicemail.begin(facts, all_legs, (), event.at)
        return after, commands + more
    assert facts.calling_number is not None
    kept = KeepCallback(facts.id, facts.route.id, facts.calling_number, facts.contact_id, facts.queued_at)
    media = facts.policy.spoken.callback_kept
    reason = CallReason.ASKED_FOR_CALLBACK
    after, more = announce(facts, all_legs, Outcome.CALLBACK, reason, cause=16, media=media)
    return after, [*commands, kept, *more]
