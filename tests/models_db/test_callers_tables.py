"""What callers leave: one row a recording, a place kept, and a call center that is still needed is not deleted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from peewee import Database, IntegrityError

from models import checks, tables
from models.tables import BlockedNumber, CallbackRequest, CallbackState, CallCenter, Voicemail

SHA = "0" * 64
AT = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)


def test_a_recording_is_kept_once(database: Database) -> None:
    Voicemail.create(key="voicemail.centralita-1.2", sha256=SHA, recorded_at=AT, seconds=12)
    with pytest.raises(IntegrityError):
        Voicemail.create(key="voicemail.centralita-1.2", sha256=SHA)
    kept = Voicemail.get()
    assert (kept.recorded_at, kept.seconds, kept.call_id, kept.heard_at) == (AT, 12, None, None)


def test_a_request_is_pending_and_its_place_is_its_own(database: Database) -> None:
    asked = CallbackRequest.create(number="+50688887777", kept_since=AT)
    assert asked.requested_at > asked.kept_since
    assert CallbackRequest.get().state is CallbackState.PENDING


def test_a_call_center_that_callers_wait_for_is_in_use(database: Database) -> None:
    center = CallCenter.create(name="Soporte")
    assert checks.check_delete(center) is None
    CallbackRequest.create(number="+50688887777", call_center=center)
    Voicemail.create(key="a", sha256=SHA, call_center=center)
    assert checks.uses_of(center) == {"callback_requests": 1, "voicemails": 1}


def test_a_number_is_blocked_once(database: Database) -> None:
    BlockedNumber.create(pattern="8888 7777", canonical="+50688887777")
    with pytest.raises(IntegrityError):
        BlockedNumber.create(pattern="+506 8888-7777", canonical="+50688887777")
    assert tables.BlockedNumber.get().refused == 0
