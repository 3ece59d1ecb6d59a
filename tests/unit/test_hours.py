"""Opening hours: what is typed, the week, closed days, midnight, and the two days of the year that are not 24 hours."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from models.values.errors import InvalidValue
from models.values.hours import Closed, Hours, clean_date, clean_day, read_dates, read_week

MADRID = ZoneInfo("Europe/Madrid")
WORKDAYS = ("08:00-12:00, 13:00-17:30",) * 5 + ("", "")


def at(text: str, zone: ZoneInfo = MADRID, fold: int = 0) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp() * 1000)


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("8-12", "08:00-12:00"),
        ("8:00 - 12:00; 13.00-17.30", "08:00-12:00, 13:00-17:30"),
        ("13:00-17:30, 8:00-12:00", "08:00-12:00, 13:00-17:30"),
        ("8 a 12", "08:00-12:00"),
        ("0:00–24:00", "00:00-24:00"),
        ("22:00-2:00", "22:00-02:00"),
        ("", ""),
    ],
)
def test_a_day_is_read_as_people_write_it(typed: str, clean: str) -> None:
    assert clean_day(typed) == clean
    assert clean_day(clean) == clean


@pytest.mark.parametrize(
    "typed", ["25-26", "8:60-9", "8", "8-8", "ocho a doce", "8-12-14", "1-2,3-4,5-6,7-8,9-10,11-12,13-14"]
)
def test_what_is_no_hours_is_refused(typed: str) -> None:
    with pytest.raises(InvalidValue, match="are not hours"):
        clean_day(typed)


def test_hours_that_overlap_are_refused() -> None:
    with pytest.raises(InvalidValue, match="overlap"):
        clean_day("8:00-12:00, 11:59-13:00")


def test_no_hours_at_all_is_open_for_ever() -> None:
    assert Hours().closed(at("2026-01-01 03:00")) is None
    assert read_week(("",) * 7) == ()


def test_a_week() -> None:
    hours = Hours(week=read_week(WORKDAYS), zone=MADRID)
    for text, closed in (
        ("2026-11-23 07:59", Closed.OUT_OF_HOURS),  # a Monday
        ("2026-11-23 08:00", None),
        ("2026-11-23 11:59", None),
        ("2026-11-23 12:00", Closed.OUT_OF_HOURS),
        ("2026-11-23 17:29", None),
        ("2026-11-28 10:00", Closed.OUT_OF_HOURS),  # Saturday
    ):
        assert hours.closed(at(text)) is closed, text


def test_a_range_over_midnight_belongs_to_both_days() -> None:
    hours = Hours(week=read_week(("",) * 6 + ("22:00-02:00",)), zone=MADRID)  # Sunday night
    assert hours.closed(at("2026-11-22 22:00")) is None
    assert hours.closed(at("2026-11-23 01:59")) is None  # Monday
    assert hours.closed(at("2026-11-23 02:00")) is Closed.OUT_OF_HOURS
    assert hours.closed(at("2026-11-22 01:00")) is Closed.OUT_OF_HOURS


def test_a_closed_day_closes_the_part_of_the_night_that_lies_in_it() -> None:
    once, yearly = read_dates([clean_date("23/11/2026 Inventario"), clean_date("25/12")])
    hours = Hours(read_week(("20:00-02:00",) * 7), once, yearly, MADRID)
    assert hours.closed(at("2026-11-22 23:59")) is None
    assert hours.closed(at("2026-11-23 00:00")) is Closed.HOLIDAY
    assert hours.closed(at("2026-11-24 00:00")) is None
    assert hours.closed(at("2031-12-25 21:00")) is Closed.HOLIDAY


def test_the_switch_is_above_all() -> None:
    assert Hours(closed_now=True).closed(at("2026-11-23 10:00")) is Closed.SWITCHED_OFF


def test_the_hour_that_does_not_exist_and_the_hour_that_comes_twice() -> None:
    hours = Hours(week=read_week(("01:30-03:30",) * 7), zone=MADRID)
    # 2026-03-29: 02:00 becomes 03:00, so the two hours are one.
    begins = at("2026-03-29 01:30")
    assert [hours.closed(begins + minutes * 60_000) is None for minutes in (-1, 0, 29, 30, 59, 60)] == [
        False, True, True, True, True, False,
    ]  # fmt: skip
    # 2026-10-25: 03:00 becomes 02:00, so they are three.
    begins = at("2026-10-25 01:30")
    assert [hours.closed(begins + minutes * 60_000) is None for minutes in (-1, 0, 30, 90, 149, 179, 180)] == [
        False, True, True, True, True, True, False,
    ]  # fmt: skip
    assert hours.closed(at("2026-10-25 02:30", fold=0)) is None
    assert hours.closed(at("2026-10-25 02:30", fold=1)) is None


def test_the_account_s_zone_counts_not_ours() -> None:
    hours = Hours(week=read_week(WORKDAYS), zone=ZoneInfo("America/Costa_Rica"))
    assert hours.closed(at("2026-11-23 08:00", ZoneInfo("America/Costa_Rica"))) is None
    assert hours.closed(at("2026-11-23 08:00")) is Closed.OUT_OF_HOURS


@pytest.mark.parametrize("typed", ["2026-02-30", "31/4", "mañana", "2026-13-01", "1/1/26"])
def test_what_is_no_date_is_refused(typed: str) -> None:
    with pytest.raises(InvalidValue, match="not a date"):
        clean_date(typed)


def test_dates_stay_as_they_were_cleaned() -> None:
    for line in ("2026-11-23 Inventario", "25/12", "29/02 Bisiesto"):
        assert clean_date(line) == line
