"""A call's story as stored: in order, once, whoever writes it twice."""

from __future__ import annotations

import pytest
from peewee import Database

from models import cdr, stories, tables
from models.values.call import Direction
from models.values.cdr import CallRecord
from models.values.story import AFTERWARDS, CallEvent, ReapedThing, ReapReason, StoryCode

CALL = "centralita-1790000000.1"
AT = 1_790_000_000_000


@pytest.fixture
def call(database: Database) -> str:
    cdr.open_calls(database, [CallRecord(CALL, Direction.INBOUND, "40004000", "+50688880001", AT)])
    return CALL


def told(ordinal: int, code: StoryCode = StoryCode.JOINED, **more: object) -> CallEvent:
    return CallEvent(CALL, ordinal, AT + ordinal, code, **more)  # type: ignore[arg-type]


def test_what_is_told_is_read_again_and_twice_changes_nothing(database: Database, call: str) -> None:
    agent = tables.Agent.create(name="Ana", email="ana@example.com")
    events = [
        told(1, StoryCode.ARRIVED, detail={"calling": "Ñandú «\u2028»"}),
        told(2, StoryCode.LEG_MADE, agent_id=agent.id, detail={"leg": 1}),
        told(AFTERWARDS, StoryCode.FROM_LOG),
    ]
    for _ in range(2):
        stories.write_events(database, events)
    rows = list(tables.CallEvent.select().order_by(tables.CallEvent.ordinal))
    assert [(row.code, row.agent_id, row.detail) for row in rows] == [
        ("arrived", None, {"calling": "Ñandú «\u2028»"}),
        ("leg_made", agent.id, {"leg": 1}),
        ("from_log", None, {}),
    ]
    assert tables.epoch_ms(rows[0].at) == AT + 1
    assert stories.last_ordinals(database, [CALL, "centralita-2.2"]) == {CALL: 2}, "told afterwards does not count"


def test_an_agent_who_is_gone_and_a_detail_without_end_are_no_reason_to_refuse(database: Database, call: str) -> None:
    stories.write_events(database, [told(1, agent_id=999), told(2, detail={"why": "x" * 5_000})])
    assert [(row.agent_id, row.detail) for row in tables.CallEvent.select().order_by(tables.CallEvent.ordinal)] == [
        (None, {}),
        (None, {"too_long": True}),
    ]


def test_a_story_goes_with_its_call(database: Database, call: str) -> None:
    stories.write_events(database, [told(1)])
    tables.Call.delete().execute()
    assert tables.CallEvent.select().count() == 0


def test_the_proof_of_what_was_reaped(database: Database) -> None:
    thing = ReapedThing(AT, f"{CALL}.agent.1", "channel", CALL, ReapReason.NO_CALL_CLAIMS_IT)
    for _ in range(2):
        stories.write_reaped(database, [thing])
    [row] = tables.Reaped.select()
    assert (row.thing, row.kind, row.call_id, row.why) == (thing.thing, "channel", CALL, "no_call_claims_it")
