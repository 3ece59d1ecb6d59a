"""Checks of how callers wait for a call center: hours, what they hear, keys, overflows."""

import re
from typing import Any, Final

from models import queues
from models.checks.base import Check, clean_email
from models.tables import CallCenter, Prompt
from models.values.errors import InvalidValue
from models.values.hours import clean_date, clean_day
from models.values.phone import clean
from models.values.queue import PROMPT, OverflowCause, OverflowTo

MOST_DATES: Final = 100
MOST_WAITING: Final = 500
MOST_PRIORITY: Final = 9
MOST_MISSES: Final = 50
MOST_DIGITS: Final = 32
NEWS_SECONDS: Final = (10, 3600)
_MUSIC: Final = re.compile(r"[A-Za-z0-9_.-]{0,40}")
_STOCK: Final = re.compile(r"stock:[a-z0-9-]{1,60}(?:/[a-z0-9-]{1,20})?")
DAY_FIELDS: Final = tuple(f"hours_{day}" for day in range(queues.DAYS))


def check_queue(check: Check) -> None:
    """The queue's part of `check_call_center`. `hours_0` … `hours_6`, Monday first, become `opening_hours`."""
    _hours(check)
    check.flag("closed_on_holidays")
    check.flag("closed_now")
    check.integer("queue_priority", 1, MOST_PRIORITY)
    check.integer("max_waiting", 0, MOST_WAITING)
    check.step("music", lambda: _music(str(check.raw("music") or "").strip()))
    check.step("welcome", lambda: _message(check.raw("welcome")))
    seconds = check.integer("announce_seconds", 0, NEWS_SECONDS[1])
    if seconds and seconds < NEWS_SECONDS[0]:
        check.refuse("announce_seconds", InvalidValue("announce_too_often", minimum=NEWS_SECONDS[0], value=seconds))
    check.flag("announce_position")
    check.flag("announce_wait")
    callback = check.step("callback_key", lambda: _key(check.raw("callback_key")))
    voicemail = check.step("voicemail_key", lambda: _key(check.raw("voicemail_key")))
    if callback and callback == voicemail:
        check.refuse("voicemail_key", InvalidValue("key_taken", value=callback))
    check.parsed("voicemail_email", clean_email)
    check.integer("pause_after_misses", 0, MOST_MISSES)
    for cause in OverflowCause:
        _overflow(check, cause)


def _hours(check: Check) -> None:
    if any(name in check.data for name in DAY_FIELDS):
        days = [_day(check, name) for name in DAY_FIELDS]
        if all(day is not None for day in days):
            check.values["opening_hours"] = queues.as_stored(days)
    typed = check.raw("closed_dates")
    lines = typed.splitlines() if isinstance(typed, str) else typed or ()
    check.step("closed_dates", lambda: _dates([line for one in lines if (line := str(one).strip())], check))


def _day(check: Check, name: str) -> Any:
    day = check.step(name, lambda: clean_day(str(check.data.get(name) or "")))
    check.values.pop(name, None)
    return day


def _dates(lines: list[str], check: Check) -> str:
    if len(lines) > MOST_DATES:
        raise InvalidValue("options_invalid", reason=f"more than {MOST_DATES}")
    text = "\n".join(dict.fromkeys(clean_date(line) for line in lines))
    if len(text) > check.limit("closed_dates"):
        raise InvalidValue("too_long", maximum=check.limit("closed_dates"), length=len(text))
    return text


def _music(text: str) -> str:
    if not _MUSIC.fullmatch(text):
        raise InvalidValue("not_a_choice", value=text[:40], choices="default")
    return text


def _key(typed: Any) -> str:
    text = str(typed or "").strip()
    if text and text not in queues.KEYS:
        raise InvalidValue("not_a_choice", value=text[:40], choices=" ".join(queues.KEYS))
    return text


def _message(typed: Any) -> str:
    """A stored message that there is."""
    text = str(typed or "").strip()
    if not text or _STOCK.fullmatch(text):
        return text
    if text.startswith(PROMPT) and Prompt.select().where(Prompt.sha256 == text.removeprefix(PROMPT)).exists():
        return text
    raise InvalidValue("not_found", what=Prompt.__name__, value=text[:40])


def _overflow(check: Check, cause: OverflowCause) -> None:
    """Where to, and what that needs; `<cause>_center` and `<cause>_number`, as in the form, become its target."""
    to = check.choice(f"{cause}_to", OverflowTo)
    check.step(f"{cause}_message", lambda: _message(check.raw(f"{cause}_message")))
    stored = str(check.raw(f"{cause}_target") or "")
    target = ""
    if to is OverflowTo.CALL_CENTER:
        typed = check.data.get(f"{cause}_center", stored)
        target = check.step(f"{cause}_center", lambda: _center(typed, check.row)) or ""
    elif to is OverflowTo.OUTSIDE:
        typed = check.data.get(f"{cause}_number", stored)
        target = check.step(f"{cause}_number", lambda: _number(str(typed or ""))) or ""
    for name in (f"{cause}_center", f"{cause}_number"):
        check.values.pop(name, None)
    check.values[f"{cause}_target"] = target


def _center(typed: Any, row: Any) -> str:
    text = str(typed or "").strip()
    if not text:
        raise InvalidValue("required")
    if not text.isdecimal() or len(text) > 18 or CallCenter.get_or_none(CallCenter.id == int(text)) is None:
        raise InvalidValue("not_found", what=CallCenter.__name__, value=text[:40])
    if row is not None and int(text) == row.id:
        raise InvalidValue("overflow_to_itself")
    return text


def _number(typed: str) -> str:
    """What is dialled: as typed, without what only people read."""
    if not typed.strip():
        raise InvalidValue("required")
    number = clean(typed)
    if not number.lstrip("+").isdigit() or not 2 <= len(number) <= MOST_DIGITS:
        raise InvalidValue("phone_invalid", value=typed.strip()[:40])
    return number
