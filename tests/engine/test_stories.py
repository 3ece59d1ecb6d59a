"""Stories through the engine's one writer: behind their call, through the journal, once."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from stored_records import AT, closed, leg, opened, rows_of

from ari_app.core import story
from models.values.call import LegOutcome, Outcome
from models.values.story import AFTERWARDS, CallEvent, StoryCode


def told(number: int, ordinal: int) -> CallEvent:
    detail = {"agents": [[1, "paused"], [2, "on_another_call"]], "leg": 1}
    return CallEvent(f"centralita-1.{number}", ordinal, AT + ordinal, StoryCode.PASSED_OVER, None, detail)


def test_a_story_is_stored_with_its_call(url, writer) -> None:
    w = writer(url)
    for number in range(20):
        w.write_call(opened(number))
        w.write_story((told(number, 1), told(number, 2)))
        w.write_call(closed(number), (leg(number),))
        w.write_story((told(number, 3),))
    assert w.wait_stored(20)
    assert w.stats()["refused"] == 0
    assert rows_of(url, "SELECT count(*), min(ordinal), max(ordinal) FROM call_events") == [(60, 1, 3)]


def test_a_story_waits_in_the_journal_behind_its_call(sqlite_url, writer) -> None:
    lock = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    w = writer(sqlite_url)
    w.write_call(opened(1))
    w.write_story((told(1, 1), told(1, 2)))
    assert w.wait_settled(20)
    assert w.stats()["journal"] == 2
    lock.execute("COMMIT")
    assert w.wait_stored(20)
    assert rows_of(sqlite_url, "SELECT ordinal, code, detail FROM call_events ORDER BY ordinal")[1] == (
        2,
        "passed_over",
        '{"agents":[[1,"paused"],[2,"on_another_call"]],"leg":1}',
    )


def test_what_the_log_tells_afterwards_is_told_the_same_way_again() -> None:
    record = replace(closed(1), outcome=Outcome.ABANDONED, reason="gave_up_unseen_by_the_engine", answered_at=None)
    rung = replace(leg(1), outcome=LegOutcome.NO_ANSWER, reason="from_cel")
    entries = story.from_log(record, [rung])
    assert entries == story.from_log(record, [rung])
    assert [entry.ordinal for entry in entries] == list(range(AFTERWARDS, AFTERWARDS + 4))
    assert [entry.code for entry in entries] == [
        StoryCode.FROM_LOG,
        StoryCode.LEG_MADE,
        StoryCode.LEG_NOT_TAKEN,
        StoryCode.CLOSED,
    ]
