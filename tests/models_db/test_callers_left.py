"""What callers leave, as the engine writes and works it off: safe to repeat, in order, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from peewee import Database

from models import tables
from models.callers_left import (
    CallbackRow,
    VoicemailRow,
    callback_tried,
    keep_callback,
    keep_voicemail,
    pending_callbacks,
    voicemail_email,
)
from models.tables import CallbackRequest, CallbackState, CallCenter, Voicemail


@pytest.fixture
def center(database: Database) -> int:
    return int(CallCenter.create(name="Pizza", voicemail_email="buzon@example.com").id)


def test_a_voicemail_is_one_row_however_often_it_is_kept(database: Database, center: int) -> None:
    row = VoicemailRow("c.1.voicemail.2", "c.1", center, "88887777", "40001000", 1_000, 7, "a" * 64, 99)
    assert keep_voicemail(database, row)
    assert not keep_voicemail(database, row)
    kept = Voicemail.get()
    assert (kept.key, kept.call_id, kept.call_center_id, kept.seconds) == ("c.1.voicemail.2", "c.1", center, 7)
    assert kept.heard_at is None


def test_where_it_is_mailed(database: Database, center: int) -> None:
    assert voicemail_email(database, center) == ("buzon@example.com", "Pizza")
    assert voicemail_email(database, None) == ("", "")
    assert voicemail_email(database, 999) == ("", "")


def test_callbacks_wait_in_the_order_in_which_their_callers_came(database: Database, center: int) -> None:
    first = CallbackRow("c.1", "88880001", center, requested_at=900, kept_since=100)
    for row in (replace(first, call_id="c.2", number="88880002", kept_since=50), first, first):
        keep_callback(database, row)
    assert CallbackRequest.select().count() == 2, "the same call asks once"
    pending = pending_callbacks(database, 1_000)
    assert [(one.number, one.kept_since, one.attempts) for one in pending] == [
        ("88880002", 50, 0),
        ("88880001", 100, 0),
    ]

    earlier, later = (one.id for one in pending)
    callback_tried(database, earlier, state=CallbackState.DONE, at=2_000, next_at=None)
    callback_tried(database, later, state=CallbackState.PENDING, at=2_000, next_at=5_000, reason="party_busy")
    assert pending_callbacks(database, 4_999) == []
    assert [one.attempts for one in pending_callbacks(database, 5_000)] == [1]
    done = CallbackRequest.get_by_id(earlier)
    assert (done.state, done.attempts) == (CallbackState.DONE, 1)
    assert tables.epoch_ms(done.ended_at) == 2_000
    assert CallbackRequest.get_by_id(later).reason == "party_busy"
