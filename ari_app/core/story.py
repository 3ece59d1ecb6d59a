"""What happened to a call, in entries that *Explicar esta llamada* puts into words.

Owns: the fold over a call's transitions, and what of them is told. Must not: know a phase's or a leg's kind by name
where its fields say enough: what is new in the core is told without a change here.

``tell`` is called once for each step. What changed between before and after is told (legs, phase, the facts), then the
event where it says more than the change, and the commands that somebody hears. A step that changed nothing and ordered
nothing tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ari_app.core import commands as c
from ari_app.core import events as e
from ari_app.core.arrangement import Stretch, number_of
from ari_app.core.call import Announcing, Call, Clearing, Ended, Facts, Leg, LegState, Talking
from models.values.call import LegKind, LegOutcome
from models.values.cdr import CallRecord, LegRecord
from models.values.reasons import LegReason
from models.values.story import AFTERWARDS, CallEvent, Skipped, StoryCode

MOST = 400
"""Entries of a call; then only its end is told."""
MOST_ROUTINE = 200
"""Of these, what is heard and asked again and again."""
MOST_AGENTS = 40
"""Named in one entry."""

_ROUTINE = frozenset(
    {StoryCode.ORDERED, StoryCode.HAPPENED, StoryCode.TIMER, StoryCode.PASSED_OVER, StoryCode.NOBODY_FREE}
)
_LAST = frozenset({StoryCode.ENDING, StoryCode.CLOSED, StoryCode.LEFT_BEHIND, StoryCode.DEFECT})

# What the change that it led to says better, or what has a code of its own.
_SAID_OTHERWISE: frozenset[type] = frozenset(
    {
        e.CallerArrived, e.LegReady, e.PopShown, e.LegRinging, e.LegAnswered, e.LegRefused, e.FarHalfArrived,
        e.ChannelLeft, e.ChannelGone, e.PlaybackFinished, e.CommandDone, e.TimerFired, e.CommandFailed, e.CallerKnown,
        e.AgentsOffered, e.NobodyCanCome, e.NobodyFree, e.OutsideAllowed, e.OutsideRefused, e.LineRefused,
        e.PhoneBack,
    }
)  # fmt: skip
# What nobody hears, or what the legs and phases say.
_UNHEARD: frozenset[type] = frozenset(
    {
        c.Ring, c.Answer, c.CreateLeg, c.DialLeg, c.Hangup, c.CreateBridge, c.AddToBridge, c.DestroyBridge,
        c.StopPlayback, c.SetVariable, c.ShowPop, c.UpdatePop, c.ClosePop, c.SeekAgents, c.StopSeeking, c.EngageAgent,
        c.ReleaseAgent, c.LookUpCaller, c.WriteRecord, c.SetTimer, c.CancelTimer, c.Forget, c.AskPlace, c.StopRinging,
        c.ClaimAgent, c.ReportProblem, c.HoldAgent, c.SettleSpending, c.AskOutside, c.KeepRecording,
        c.FindTarget, c.TellTransfer, c.AskLine, c.RefuseLine, c.HandOver, c.AskPhone,
    }
)  # fmt: skip
# Of an event or a command, told as they are when they are there: never what was keyed in, it may be a PIN.
_TELLING = ("number", "place", "seconds", "why", "reason", "music")

_Told = tuple[StoryCode, int | None, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Story:
    """Where the telling of a call stands. ``said``: entries told so far, of this engine's life."""

    call_id: str
    ordinal: int = 0
    """Of the last entry, also of an earlier engine's."""
    said: int = 0
    center: int | None = None
    cut: bool = False


Tale = tuple[Story, tuple[CallEvent, ...]]


def begin(call: Call, commands: Sequence[c.Command], at: int, *, after: int = 0, adopted: bool = False) -> Tale:
    """The first entries of a call that arrived, or was found on the switch; ``after``: the last entry there is."""
    facts = call.facts
    detail: dict[str, Any] = {"called": facts.called_number, "calling": facts.calling_number or ""}
    detail["direction"] = facts.direction.value
    if facts.route is not None:
        detail["center"] = facts.route.name
    code = StoryCode.ARRIVED
    if adopted:
        code = StoryCode.ADOPTED
        detail["phase"] = type(call).__name__
    told: list[_Told] = [(code, facts.caller_agent.id if facts.caller_agent else None, detail)]
    for leg in call.legs:
        told += _leg(None, leg)
    for stretch in facts.stretches:
        told += _stretch(None, stretch)  # taken up as it lasts
    told += _phase(None, call)
    told += _untold_legs(call, commands)
    told += _orders(commands)
    story = Story(facts.id, after, center=facts.route.id if facts.route else None)
    return _numbered(story, told, at)


def tell(story: Story, before: Call, event: e.Event, after: Call, commands: Sequence[c.Command]) -> Tale:
    """The entries of one step."""
    if after is before and not commands and type(event) is not e.NobodyFree:
        return story, ()
    told: list[_Told] = _event(before, event)
    if after is not before:
        if after.legs is not before.legs:
            known = {leg.ordinal: leg for leg in before.legs}
            for leg in after.legs:
                was = known.get(leg.ordinal)
                if was is not leg:
                    told += _leg(was, leg)
        told += _facts(before.facts, after.facts)
        told += _phase(before, after)
    told += _untold_legs(after, commands)
    told += _orders(commands)
    if not told:
        return story, ()
    return _numbered(story, told, event.at)


def give_up(story: Story, at: int) -> Tale:
    """A defect of the engine ended the call."""
    return _numbered(story, [(StoryCode.DEFECT, None, {})], at)


def from_log(record: CallRecord, legs: Iterable[LegRecord]) -> tuple[CallEvent, ...]:
    """The entries of a call whose end only Asterisk's log has seen; the same ones again for the same records."""
    told: list[tuple[int, _Told]] = []
    for leg in legs:
        shown: dict[str, Any] = {"leg": leg.ordinal, "number": leg.number}
        told.append((leg.offered_at, (StoryCode.LEG_MADE, leg.agent_id, shown)))
        if leg.answered_at is not None:
            told.append((leg.answered_at, (StoryCode.LEG_ANSWERED, leg.agent_id, shown)))
        elif leg.ended_at is not None:
            told.append((leg.ended_at, (StoryCode.LEG_NOT_TAKEN, leg.agent_id, shown | _why(leg))))
    told.sort(key=lambda entry: entry[0])
    ended_at = record.ended_at if record.ended_at is not None else record.offered_at
    all_told = [(record.offered_at, (StoryCode.FROM_LOG, None, {})), *told, (ended_at, _closed(record))]
    return tuple(
        CallEvent(record.id, AFTERWARDS + number, at, code, agent, detail)
        for number, (at, (code, agent, detail)) in enumerate(all_told)
    )


# ------------------------------------------------------------------------------------------------ what is told


def _event(before: Call, event: e.Event) -> list[_Told]:
    match event:
        case e.TimerFired(name=name):
            return [(StoryCode.TIMER, None, {"timer": name.partition(".")[0]})]
        case e.CommandFailed(command=command, status=status, reason=why, timed_out=timed_out):
            shown = {"what": type(command).__name__, "status": status, "why": why[:200], "timed_out": timed_out}
            return [(StoryCode.NOT_DONE, None, shown)]
        case e.AgentsOffered(skipped=skipped) if skipped:
            return [(StoryCode.PASSED_OVER, None, _skipped(skipped))]
        case e.NobodyFree(skipped=skipped):
            return [(StoryCode.NOBODY_FREE, None, _skipped(skipped))]
        case e.NobodyCanCome(skipped=skipped):
            return [(StoryCode.NOBODY_CAN_COME, None, _skipped(skipped))]
        case e.CallerKnown(contact_id=contact):
            return [(StoryCode.CALLER_KNOWN, None, {"contact": contact})]
        case e.ChannelLeft(cause=cause) | e.ChannelGone(cause=cause) if event.channel == before.facts.caller_channel:
            left_already = not before.facts.caller_here or isinstance(before, Clearing | Ended)
            return [] if left_already else [(StoryCode.CALLER_LEFT, None, {"cause": cause})]
        case _ if type(event) in _SAID_OTHERWISE:
            return []
        case _:
            agent = getattr(event, "agent", None)
            told = {"what": type(event).__name__, **_telling(event)}
            return [(StoryCode.HAPPENED, agent if isinstance(agent, int) else None, told)]


def _leg(was: Leg | None, leg: Leg) -> list[_Told]:
    shown: dict[str, Any] = {"leg": leg.ordinal}
    if leg.number:
        shown["number"] = leg.number
    if leg.kind is not LegKind.AGENT:
        shown["kind"] = leg.kind.value
    agent = leg.agent_id
    told: list[_Told] = []
    if leg.kind not in (LegKind.AGENT, LegKind.OUTSIDE):
        if was is None:
            told.append((StoryCode.STRETCH_BEGAN, agent, shown))
        if leg.ended_at is not None and (was is None or was.ended_at is None):
            lasted = max(0, leg.ended_at - leg.offered_at)
            told.append((StoryCode.STRETCH_OVER, agent, shown | _why(leg) | {"lasted_ms": lasted}))
        return told
    if was is None and leg.reason is LegReason.CAME_FROM_ANOTHER_CALL:
        return told  # offered and answered there: the event says it
    if was is None:
        told.append((StoryCode.LEG_MADE, agent, shown))
    if leg.agent is not None and leg.pop_settled and not (was and was.pop_settled) and was is not None:
        unseen = leg.reason is LegReason.POP_NOT_ACKNOWLEDGED
        told.append((StoryCode.LEG_POP_NOT_SHOWN if unseen else StoryCode.LEG_POP_SHOWN, agent, shown))
    if leg.state is LegState.DIALLED and (was is None or was.state is not LegState.DIALLED):
        told.append((StoryCode.LEG_DIALLED, agent, shown))
    if leg.ringing_at is not None and (was is None or was.ringing_at is None):
        told.append((StoryCode.LEG_RINGING, agent, shown))
    if leg.answered_at is not None and (was is None or was.answered_at is None):
        told.append((StoryCode.LEG_ANSWERED, agent, shown))
    if leg.ended_at is not None and (was is None or was.ended_at is None):
        if leg.answered_at is None:
            told.append((StoryCode.LEG_NOT_TAKEN, agent, shown | _why(leg)))
        else:
            lost = {"reason": str(leg.reason)} if leg.reason is LegReason.PHONE_LOST else {}
            told.append((StoryCode.LEG_OVER, agent, shown | {"talk_ms": max(0, leg.ended_at - leg.answered_at)} | lost))
    return told


def _untold_legs(call: Call, commands: Sequence[c.Command]) -> list[_Told]:
    """Legs that only the record has (the calling agent's own): told when it is closed."""
    known = {leg.ordinal for leg in call.legs}
    told: list[_Told] = []
    for command in commands:
        if isinstance(command, c.WriteRecord) and command.record.is_closed:
            for leg in command.legs:
                if leg.ordinal in known or leg.kind not in (LegKind.AGENT, LegKind.OUTSIDE):
                    continue
                shown: dict[str, Any] = {"leg": leg.ordinal}
                told.append((StoryCode.LEG_MADE, leg.agent_id, shown))
                if leg.answered_at is None:
                    told.append((StoryCode.LEG_NOT_TAKEN, leg.agent_id, shown | _why(leg)))
                else:
                    lasted = max(0, (leg.ended_at or leg.answered_at) - leg.answered_at)
                    told.append((StoryCode.LEG_OVER, leg.agent_id, shown | {"talk_ms": lasted}))
    return told


def _why(leg: Leg | LegRecord) -> dict[str, Any]:
    return {"outcome": (leg.outcome or LegOutcome.FAILED).value, "reason": str(leg.reason), "cause": leg.cause}


def _facts(before: Facts, after: Facts) -> list[_Told]:
    if before is after:
        return []
    told: list[_Told] = []
    if after.stretches is not before.stretches:
        for place, stretch in enumerate(after.stretches):
            was = before.stretches[place] if place < len(before.stretches) else None
            told += _stretch(was, stretch)
    route = after.route
    if route is not None and (before.route is None or before.route.id != route.id):
        told.append((StoryCode.CENTER_CHANGED, None, {"center": route.name}))
    return told


def _stretch(was: Stretch | None, stretch: Stretch) -> list[_Told]:
    """A hold, a transfer, a consultation …, as the CDR's legs have it too."""
    shown: dict[str, Any] = {"kind": stretch.kind.value, "reason": str(stretch.reason)}
    if stretch.number:
        shown["number"] = stretch.number
    if stretch.kind is LegKind.OUTSIDE:  # the gate did not let it out
        refused = shown | {"outcome": LegOutcome.REFUSED.value, "cause": None}
        return [(StoryCode.LEG_NOT_TAKEN, None, refused)] if was is None else []
    told: list[_Told] = []
    if was is None:
        told.append((StoryCode.STRETCH_BEGAN, stretch.agent_id, shown))
    if stretch.until is not None and (was is None or was.until is None):
        lasted = max(0, stretch.until - stretch.since)
        told.append((StoryCode.STRETCH_OVER, stretch.agent_id, shown | {"lasted_ms": lasted}))
    return told


def _phase(before: Call | None, after: Call) -> list[_Told]:
    told: list[_Told] = []
    if before is not None and type(after) is not type(before) and not isinstance(after, Clearing | Ended):
        shown: dict[str, Any] = {"phase": type(after).__name__}
        if isinstance(after, Announcing):
            shown |= {"outcome": after.outcome.value, "reason": after.reason.value}
        told.append((StoryCode.PHASE, None, shown))
    if isinstance(after, Clearing) and not isinstance(before, Clearing):
        told.append((StoryCode.ENDING, None, {"outcome": after.outcome.value, "reason": after.reason.value}))
    if isinstance(after, Talking) and after.joined and not (isinstance(before, Talking) and before.joined):
        told.append((StoryCode.JOINED, None, {}))
    return told


def _orders(commands: Sequence[c.Command]) -> list[_Told]:
    told: list[_Told] = []
    for command in commands:
        match command:
            case c.SeekAgents(route=route):
                told.append((StoryCode.SEEKING, None, {"center": route.name, "strategy": route.strategy.value}))
            case c.WriteRecord(record=record):
                if record.is_closed:
                    told.append(_closed(record))
            case c.Forget(strays=strays):
                if strays:
                    told.append((StoryCode.LEFT_BEHIND, None, {"things": list(strays[:10])}))
            case c.ReportProblem(agent=agent, code=why):
                told.append((StoryCode.TOLD_NOT_POSSIBLE, agent, {"why": str(why)}))
            case _ if type(command) not in _UNHEARD:
                told.append((StoryCode.ORDERED, None, {"what": type(command).__name__, **_telling(command)}))
            case _:
                pass
    return told


def _closed(record: CallRecord) -> _Told:
    shown: dict[str, Any] = {
        "outcome": record.outcome.value,
        "reason": str(record.reason),
        "wait_ms": record.wait_ms,
        "talk_ms": record.talk_ms,
        "cause": record.cause,
    }
    if record.cost is not None:
        shown["cost"] = format(record.cost, "f")
    return StoryCode.CLOSED, record.agent_id, shown


def _skipped(skipped: Skipped) -> dict[str, Any]:
    shown: dict[str, Any] = {"agents": [[agent, why.value] for agent, why in skipped[:MOST_AGENTS]]}
    if len(skipped) > MOST_AGENTS:
        shown["more"] = len(skipped) - MOST_AGENTS
    return shown


def _telling(thing: object) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name in _TELLING:
        value = getattr(thing, name, None)
        if isinstance(value, str | int) and value != "":
            shown[name] = value[:120] if isinstance(value, str) else value
    target = getattr(thing, "target", None)
    if target is not None:
        shown["number"] = number_of(target)[:120]
    media = getattr(thing, "media", None)
    if isinstance(media, tuple):
        shown["media"] = [str(one)[:80] for one in media[:8]]
    return shown


def _numbered(story: Story, told: Iterable[_Told], at: int) -> Tale:
    entries: list[CallEvent] = []
    for code, agent, detail in told:
        if story.said >= (MOST_ROUTINE if code in _ROUTINE else MOST) and code not in _LAST:
            if story.cut:
                continue
            code, agent, detail = StoryCode.CUT_SHORT, None, {}
            story = replace(story, cut=True)
        story = replace(story, ordinal=story.ordinal + 1, said=story.said + 1)
        entries.append(CallEvent(story.call_id, story.ordinal, at, code, agent, detail))
    return story, tuple(entries)
