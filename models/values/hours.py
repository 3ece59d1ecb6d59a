"""Opening hours: weekly ranges in the account's time zone, days that are closed, and the switch *Cerrado ahora*.

Owns: reading what was typed, and whether it is open at an instant that is given. Must not: ask a clock or a library of
holidays (`models.snapshot` hands the days in).

Everything is wall-clock time of the zone: at the change to summer time the hour that does not exist is nobody's, and an
hour that comes twice is open both times. A range over midnight (22:00-02:00) belongs half to the next day, so a closed
day closes the part that lies in it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from enum import StrEnum
from itertools import pairwise
from typing import Final

from models.values.errors import InvalidValue

DAY: Final = 24 * 60
MOST_RANGES: Final = 6
_RANGE: Final = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?(?:-|a)(\d{1,2})(?:[:.h](\d{2}))?", re.ASCII)
_DATE: Final = re.compile(
    r"(?:(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})[/.-](\d{1,2})(?:[/.-](\d{4}))?)(?:\s+(.*))?", re.ASCII
)

Range = tuple[int, int]
"""Minutes of a day, from and to; the second is not part of it."""
Week = tuple[tuple[Range, ...], ...]
"""Seven days, Monday first."""


class Closed(StrEnum):
    """Why it is closed."""

    SWITCHED_OFF = "switched_off"
    HOLIDAY = "holiday"
    OUT_OF_HOURS = "out_of_hours"


@dataclass(frozen=True, slots=True)
class Hours:
    """`week` empty: open day and night."""

    week: Week = ()
    closed_days: frozenset[date] = frozenset()
    closed_every_year: frozenset[tuple[int, int]] = frozenset()
    """Month and day."""
    zone: tzinfo = field(default=UTC, compare=False)
    closed_now: bool = False

    def closed(self, at: int) -> Closed | None:
        """Why it is closed at this instant (epoch ms); None: it is open."""
        if self.closed_now:
            return Closed.SWITCHED_OFF
        if not (self.week or self.closed_days or self.closed_every_year):
            return None
        local = datetime.fromtimestamp(at / 1000, UTC).astimezone(self.zone)
        day = local.date()
        if day in self.closed_days or (day.month, day.day) in self.closed_every_year:
            return Closed.HOLIDAY
        minute = local.hour * 60 + local.minute
        if self.week and not any(start <= minute < end for start, end in self.week[day.weekday()]):
            return Closed.OUT_OF_HOURS
        return None


# ------------------------------------------------------------------------------------------------ as typed
def clean_day(text: str) -> str:
    """A day's ranges, `08:00-12:00, 13:00-17:30`, in order. Raises InvalidValue(hours_invalid | hours_overlap)."""
    ranges = sorted(_ranges(text))
    for (_, end), (start, _) in pairwise(ranges):
        if start < end:
            raise InvalidValue("hours_overlap", value=text.strip()[:80])
    return ", ".join(f"{_clock(start)}-{_clock(end - DAY if end > DAY else end)}" for start, end in ranges)


def _ranges(text: str) -> list[Range]:
    """One that ends before it begins goes on after midnight: its end is above `DAY`."""
    parts = [part for part in re.split(r"[,;]", re.sub(r"\s", "", text.lower().replace("–", "-"))) if part]
    if len(parts) > MOST_RANGES:
        raise InvalidValue("hours_invalid", value=text.strip()[:80])
    found = []
    for part in parts:
        told = _RANGE.fullmatch(part)
        if told is None:
            raise InvalidValue("hours_invalid", value=part[:40])
        start, end = (int(told[one]) * 60 + int(told[one + 1] or 0) for one in (1, 3))
        minutes_fit = all(int(told[one] or 0) < 60 for one in (2, 4))
        if not minutes_fit or start >= DAY or end > DAY or start == end:
            raise InvalidValue("hours_invalid", value=part[:40])
        found.append((start, end if end > start else end + DAY))
    return found


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def read_week(days: Sequence[str]) -> Week:
    """The week of seven days' texts; empty when no day has hours. Raises InvalidValue."""
    week: list[list[Range]] = [[] for _ in range(7)]
    for day, text in enumerate(days):
        for start, end in _ranges(text):
            week[day].append((start, min(end, DAY)))
            if end > DAY:
                week[(day + 1) % 7].append((0, end - DAY))
    return tuple(tuple(sorted(day)) for day in week) if any(week) else ()


def clean_date(line: str) -> str:
    """`2026-12-24` or, every year, `24/12`, and a note. Day/month/year as people here write it is read too.

    Raises InvalidValue(not_a_date).
    """
    told = _DATE.fullmatch(line.strip())
    try:
        if told is None:
            raise ValueError
        if told[1]:
            day = date(int(told[1]), int(told[2]), int(told[3])).isoformat()
        elif told[6]:
            day = date(int(told[6]), int(told[5]), int(told[4])).isoformat()
        else:
            # 2024 has a 29th of February.
            day = date(2024, int(told[5]), int(told[4])).strftime("%d/%m")
    except ValueError:
        raise InvalidValue("not_a_date", value=line.strip()[:40]) from None
    return f"{day} {told[7].strip()}" if told and told[7] else day


def read_dates(lines: Sequence[str]) -> tuple[frozenset[date], frozenset[tuple[int, int]]]:
    """The days, and those of every year, of lines that `clean_date` made."""
    once: set[date] = set()
    yearly: set[tuple[int, int]] = set()
    for line in lines:
        text = line.split(" ", 1)[0]
        if "/" in text:
            yearly.add((int(text[3:]), int(text[:2])))
        else:
            once.add(date.fromisoformat(text))
    return frozenset(once), frozenset(yearly)
