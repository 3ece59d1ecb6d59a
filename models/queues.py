"""A call center's queue between its columns and its value.

Owns: how hours, days, keys, messages and overflows are kept in columns. Must not: check what a person typed
(`models.checks.queues`), or know calls.

A message is a text: empty (what is usual), `stock:<name>` of Asterisk's sounds, or `prompt:<sha256>` of
`models.prompts`.
"""

from collections.abc import Iterable, Mapping
from datetime import date, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from models.values.hours import Hours, read_dates, read_week
from models.values.queue import PROMPT, Overflow, OverflowCause, OverflowTo, Queue

STOCK: Final = "stock:"
DAYS: Final = 7
RINGING: Final = ""
"""`music`: no music, the ringing tone."""
KEYS: Final = tuple("0123456789*#")

COLUMNS: Final = (
    "opening_hours", "closed_dates", "closed_on_holidays", "closed_now", "queue_priority", "max_waiting", "music",
    "welcome", "announce_seconds", "announce_position", "announce_wait", "callback_key", "voicemail_key",
    "pause_after_misses",
    *(f"{cause}_{part}" for cause in OverflowCause for part in ("to", "message", "target")),
)  # fmt: skip


def days_of(stored: str) -> list[str]:
    """The texts of the seven days, Monday first."""
    days = stored.split("|") if stored else []
    return (days + [""] * DAYS)[:DAYS]


def as_stored(days: Iterable[str]) -> str:
    """`days_of` the other way; empty when no day has hours."""
    texts = list(days)
    return "|".join(texts) if any(texts) else ""


def media_of(message: str) -> tuple[str, ...]:
    """What is played for a stored message."""
    if message.startswith(STOCK):
        return (f"sound:{message.removeprefix(STOCK)}",)
    return (message,) if message.startswith(PROMPT) else ()


def queue_of(row: Mapping[str, Any], timezone: str, holidays: frozenset[date]) -> Queue:
    """The queue of a row's `COLUMNS`. Raises InvalidValue or ValueError for a text that says nothing."""
    once, yearly = read_dates([line for line in row["closed_dates"].splitlines() if line.strip()])
    hours = Hours(
        week=read_week(days_of(row["opening_hours"])),
        closed_days=once | (holidays if row["closed_on_holidays"] else frozenset()),
        closed_every_year=yearly,
        zone=_zone(timezone),
        closed_now=bool(row["closed_now"]),
    )
    return Queue(
        hours=hours,
        priority=row["queue_priority"],
        max_waiting=row["max_waiting"],
        music=row["music"] or None,
        welcome=media_of(row["welcome"]),
        announce_seconds=row["announce_seconds"],
        announce_position=bool(row["announce_position"]),
        announce_wait=bool(row["announce_wait"]),
        callback_key=row["callback_key"],
        voicemail_key=row["voicemail_key"],
        pause_after_misses=row["pause_after_misses"],
        overflows=tuple((cause, _overflow(row, cause)) for cause in OverflowCause),
    )


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError) as error:
        raise ValueError(f"{name!r} is not a time zone") from error


def _overflow(row: Mapping[str, Any], cause: OverflowCause) -> Overflow:
    to, target = OverflowTo(row[f"{cause}_to"]), str(row[f"{cause}_target"])
    return Overflow(
        to=to,
        media=media_of(row[f"{cause}_message"]),
        call_center=int(target) if to is OverflowTo.CALL_CENTER and target.isdecimal() else None,
        number=target if to is OverflowTo.OUTSIDE else "",
    )
