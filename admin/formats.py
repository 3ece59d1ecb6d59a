"""How values are written on a page: instants in the account's time zone, durations, money, phones, sizes.

Owns: the template filters. Must not: produce HTML.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.dates import format_date
from flask import Flask
from flask_babel import format_currency, format_decimal, get_locale, ngettext
from flask_babel import gettext as _

from admin.installation import account
from admin.language import timezone
from admin.memo import Memo
from models.values.money import minor_units
from models.values.phone import display

NOTHING = "—"
_HOURS = [f"{hour:02d}:" for hour in range(24)]
_OF_AN_HOUR = [f"{second // 60:02d}:{second % 60:02d}" for second in range(3600)]


def init_app(app: Flask) -> None:
    app.jinja_env.filters.update(
        moment=moment,
        day=day,
        clock=clock,
        stamp=stamp,
        duration=duration,
        seconds=seconds,
        money=money,
        phone=phone,
        size=size,
        number=number,
        ago=ago,
    )


def moment(at: datetime | None) -> str:
    """Date and time, to the minute, where the account is; of this year without the year."""
    if at is None:
        return NOTHING
    zone = timezone()
    local, today = at.astimezone(zone), datetime.now(zone).date()
    there, time = local.date(), f"{local:%H:%M}"
    if there == today:
        return _("hoy %(time)s", time=time)
    shown = _date(get_locale(), there, "d MMM" if there.year == today.year else "medium")
    return f"{shown} {time}"


def day(at: datetime | None) -> str:
    return NOTHING if at is None else _date(get_locale(), at.astimezone(timezone()).date(), "medium")


@lru_cache(maxsize=4096)
def _date(locale: Locale | None, at: date, pattern: str) -> str:
    return format_date(at, pattern, locale=locale)


def clock(at: datetime | None) -> str:
    """The time alone, with seconds."""
    return NOTHING if at is None else at.astimezone(timezone()).strftime("%H:%M:%S")


def stamp(at: datetime | None) -> str:
    """For downloads: what programs and spreadsheets read, to the second, where the account is."""
    return "" if at is None else at.astimezone(timezone()).strftime("%Y-%m-%d %H:%M:%S")


class Stamps:
    """`stamp` of stored milliseconds, for thousands of them."""

    def __init__(self) -> None:
        self._zone = timezone()
        self._quarters = Memo(self._quarter, 50_000)
        self._ahead = Memo(self._ahead_on, 50_000)
        self._dates = Memo(lambda day: datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%d "), 50_000)

    def _quarter(self, quarter: int) -> tuple[str, int]:
        """No place is off the hour by less than a quarter."""
        local = datetime.fromtimestamp(quarter * 900, UTC).astimezone(self._zone)
        return local.strftime("%Y-%m-%d %H:"), local.minute * 60

    def _ahead_on(self, day: int) -> int | None:
        """Local time less UTC in milliseconds, on a day of UTC; None: the clocks change on it."""
        ends = (datetime.fromtimestamp(second, UTC) for second in (day * 86_400, (day + 1) * 86_400 - 1))
        first, last = (
            (at.astimezone(self._zone).utcoffset() or timedelta()) // timedelta(milliseconds=1) for at in ends
        )
        return first if first == last else None

    def __call__(self, at: int | None) -> str:
        if at is None:
            return ""
        quarter, rest = divmod(at // 1000, 900)
        hour, minute = self._quarters[quarter]
        return hour + _OF_AN_HOUR[minute + rest]

    def column(self, moments: Sequence[int | None]) -> list[str]:
        """Of all of them: no calls, only looks into tables."""
        ahead, dates = self._ahead, self._dates
        try:
            return [
                ""
                if at is None
                else dates[(local := (at + ahead[at // 86_400_000]) // 1000) // 86_400]
                + _HOURS[local // 3600 % 24]
                + _OF_AN_HOUR[local % 3600]
                for at in moments
            ]
        except TypeError:  # one is of a day on which the clocks change
            return [self(at) for at in moments]


def duration(milliseconds: int | None) -> str:
    """0:07, 12:34, 1:02:03."""
    if milliseconds is None:
        return NOTHING
    total = max(0, int(milliseconds)) // 1000
    hours, minutes, rest = total // 3600, total // 60 % 60, total % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def seconds(count: int) -> str:
    return f"{count} s"


def money(amount: Decimal | None, currency: str) -> str:
    """In the currency's own decimals; a price that is finer keeps its own."""
    if amount is None:
        return NOTHING
    decimals = max(minor_units(currency), -int(amount.normalize().as_tuple().exponent))
    pattern = "¤#,##0" + ("." + "0" * decimals if decimals else "")
    return format_currency(amount, currency, format=pattern, currency_digits=False)


def phone(typed: str | None) -> str:
    return _phone(typed, account().region) if typed else ""


@lru_cache(maxsize=8192)
def _phone(typed: str, region: str) -> str:
    return display(typed, region)


def number(value: int | Decimal) -> str:
    return format_decimal(value)


def size(octets: int) -> str:
    """Bytes in words: 820 B, 4,2 KB, 1,3 MB."""
    value = float(octets)
    for unit in ("B", "KB", "MB"):
        if value < 1000:
            return f"{format_decimal(round(value, 1 if unit != 'B' else 0))} {unit}"
        value /= 1000
    return f"{format_decimal(round(value, 1))} GB"


def ago(at: datetime | None) -> str:
    """How long it is: 5 s, 12 min, 3 h, 2 días."""
    if at is None:
        return NOTHING
    passed = int((datetime.now(UTC) - at).total_seconds())
    if passed < 60:
        return f"{max(passed, 0)} s"
    if passed < 3600:
        return f"{passed // 60} min"
    if passed < 172_800:
        return f"{passed // 3600} h"
    days = passed // 86_400
    return ngettext("%(num)s día", "%(num)s días", days)
