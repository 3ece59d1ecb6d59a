"""What the demonstration account's past calls have to tell.

Owns: making up the story of a call from its record and legs. Must not: be taken for a real one: those are told by
`ari_app.core.story` while a call goes on.
"""

from collections.abc import Iterable
from typing import Any

from peewee import Database

from models import stories, tables
from models.values.call import Direction, LegOutcome, Outcome, Strategy
from models.values.cdr import CallRecord, LegRecord
from models.values.story import CallEvent, SkipReason, StoryCode

_ENDS = {
    LegOutcome.LOST_RACE: "",
    LegOutcome.CALLER_GONE: "",
    LegOutcome.NO_ANSWER: "ring_time_over",
}


def write(database: Database, calls: Iterable[tuple[CallRecord, tuple[LegRecord, ...]]]) -> None:
    centers: dict[int, list[int]] = {}
    members: Any = tables.CallCenterAgent.select(tables.CallCenterAgent.call_center, tables.CallCenterAgent.agent)
    for center, agent in members.order_by(tables.CallCenterAgent.priority).tuples():
        centers.setdefault(center, []).append(agent)
    for record, legs in calls:
        rung = {leg.agent_id for leg in legs}
        idle = [agent for agent in centers.get(record.call_center_id or 0, ()) if agent not in rung]
        stories.write_events(database, story(record, legs, idle))


def story(record: CallRecord, legs: tuple[LegRecord, ...], idle: list[int]) -> list[CallEvent]:
    """`idle`: agents of the call center who were not rung."""
    if record.direction is not Direction.INBOUND or record.outcome is Outcome.ENGINE_AWAY or record.ended_at is None:
        return []
    offered, ended = record.offered_at, record.ended_at
    told: list[tuple[int, StoryCode, int | None, dict[str, Any]]] = []

    def tell(at: int, code: StoryCode, agent: int | None = None, **detail: Any) -> None:
        told.append((at, code, agent, detail))

    of = record.call_center_name if record.call_center_id else None
    arrived: dict[str, Any] = {"called": record.called_number, "calling": record.calling_number} | (
        {"center": of} if of else {}
    )
    told.append((offered, StoryCode.ARRIVED, None, {**arrived, "direction": "inbound"}))
    if record.call_center_id:
        tell(offered, StoryCode.SEEKING, center=record.call_center_name, strategy=Strategy.ALL.value)
    why = [SkipReason.NOT_LOGGED_IN, SkipReason.PAUSED, SkipReason.ON_ANOTHER_CALL]
    skipped = [[agent, why[place % len(why)].value] for place, agent in enumerate(idle)]
    if legs and skipped:
        tell(offered + 4, StoryCode.PASSED_OVER, agents=skipped)
    elif skipped and record.outcome is Outcome.NO_AGENTS:
        tell(offered + 4, StoryCode.NOBODY_CAN_COME, agents=[[agent, "not_logged_in"] for agent in idle])
    for leg in legs:
        tell(leg.offered_at, StoryCode.LEG_MADE, leg.agent_id, leg=leg.ordinal)
        tell(leg.offered_at + 90, StoryCode.LEG_POP_SHOWN, leg.agent_id, leg=leg.ordinal)
        if leg.ringing_at is not None:
            tell(leg.ringing_at, StoryCode.LEG_RINGING, leg.agent_id, leg=leg.ordinal)
        if leg.answered_at is not None:
            tell(leg.answered_at, StoryCode.LEG_ANSWERED, leg.agent_id, leg=leg.ordinal)
            tell(leg.answered_at + 40, StoryCode.JOINED)
        elif leg.ended_at is not None:
            reason = _ENDS.get(leg.outcome, "")
            tell(
                leg.ended_at, StoryCode.LEG_NOT_TAKEN, leg.agent_id, leg=leg.ordinal, outcome=leg.outcome, reason=reason
            )
    reasons = {
        Outcome.ANSWERED: "caller_hung_up",
        Outcome.ABANDONED: "caller_gave_up",
        Outcome.NO_ANSWER: "no_agent_answered",
        Outcome.NO_AGENTS: "nobody_is_logged_in",
        Outcome.UNKNOWN_NUMBER: "no_call_center_has_this_number",
    }
    if record.outcome in (Outcome.ANSWERED, Outcome.ABANDONED):
        tell(ended, StoryCode.CALLER_LEFT, cause=16)
    tell(ended + 30, StoryCode.CLOSED, record.agent_id, outcome=record.outcome, reason=reasons.get(record.outcome, ""))
    told.sort(key=lambda entry: entry[0])
    return [
        CallEvent(record.id, ordinal, at, code, agent, detail)
        for ordinal, (at, code, agent, detail) in enumerate(told, 1)
    ]
