"""How callers wait, from the columns into the snapshot: hours in the account's time, holidays, messages, overflows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from peewee import Database

from models import snapshot, tables
from models.public_holidays import public_holidays
from models.values.hours import Closed
from models.values.queue import Overflow, OverflowCause, OverflowTo, Queue

COSTA_RICA = ZoneInfo("America/Costa_Rica")


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=COSTA_RICA).timestamp() * 1000)


def queue_of(database: Database, **columns: object) -> Queue:
    row = tables.CallCenter.create(name="Pizza", **columns)
    return snapshot.build(database, 1).call_centers[row.id].queue


def test_a_call_center_of_before_waits_as_before(database: Database) -> None:
    queue = queue_of(database)
    assert not queue.is_heard
    assert queue.hours.closed(instant("2026-11-22 03:00")) is None
    assert {queue.overflow(cause) for cause in OverflowCause} == {Overflow()}


def test_everything_that_can_be_set(database: Database) -> None:
    other = tables.CallCenter.create(name="Ventas")
    queue = queue_of(
        database,
        opening_hours="08:00-12:00||||||",
        closed_dates="24/12 Nochebuena\n2026-11-23",
        queue_priority=2,
        max_waiting=7,
        music="default",
        welcome="prompt:" + "a" * 64,
        announce_seconds=30,
        announce_wait=False,
        callback_key="1",
        voicemail_key="2",
        pause_after_misses=3,
        closed_to=OverflowTo.VOICEMAIL,
        closed_message="stock:vm-nobodyavail",
        full_to=OverflowTo.OUTSIDE,
        full_target="88001122",
        waited_to=OverflowTo.CALL_CENTER,
        waited_target=str(other.id),
    )
    assert (queue.priority, queue.max_waiting, queue.music, queue.pause_after_misses) == (2, 7, "default", 3)
    assert queue.welcome == ("prompt:" + "a" * 64,)
    assert (queue.announce_seconds, queue.announce_position, queue.announce_wait) == (30, True, False)
    assert (queue.callback_key, queue.voicemail_key) == ("1", "2")
    assert queue.overflow(OverflowCause.CLOSED) == Overflow(OverflowTo.VOICEMAIL, ("sound:vm-nobodyavail",))
    assert queue.overflow(OverflowCause.FULL) == Overflow(OverflowTo.OUTSIDE, number="88001122")
    assert queue.overflow(OverflowCause.WAITED) == Overflow(OverflowTo.CALL_CENTER, call_center=other.id)
    hours = queue.hours
    assert hours.closed(instant("2026-11-30 09:00")) is None  # a Monday, in the account's time
    assert hours.closed(instant("2026-11-30 12:00")) is Closed.OUT_OF_HOURS
    assert hours.closed(instant("2026-11-23 09:00")) is Closed.HOLIDAY
    assert hours.closed(instant("2029-12-24 09:00")) is Closed.HOLIDAY


def test_the_public_holidays_of_the_account_s_country(database: Database) -> None:
    queue = queue_of(database, closed_on_holidays=True)
    year = datetime.now(UTC).year
    independence = instant(f"{year + 1}-09-15 10:00")
    assert queue.hours.closed(independence) is Closed.HOLIDAY
    tables.Account.update(region="US").execute()
    queue = next(iter(snapshot.build(database, 2).call_centers.values())).queue
    assert queue.hours.closed(independence) is None


def test_a_country_without_known_holidays_has_none() -> None:
    assert public_holidays("ZZ", 2026) == frozenset()
    assert date(2026, 12, 25) in public_holidays("CR", 2026)


@pytest.mark.parametrize("columns", [{"opening_hours": "ocho a doce||||||"}, {"closed_dates": "ayer"}])
def test_a_text_that_says_nothing_is_named(database: Database, columns: dict[str, str]) -> None:
    with pytest.raises(snapshot.SnapshotError, match="Queue of call center"):
        queue_of(database, **columns)
