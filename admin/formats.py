"""How values are written on a page: instants in the account's time zone, durations, money, phones, sizes.

Owns: the template filters. Must not: produce HTML.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

from flask import Flask
from flask_babel import format_currency, format_date, format_decimal, ngettext
from flask_babel import gettext as _

from admin.installation import account
from admin.language import timezone
from models.values.money import minor_units
from models.values.phone import display

NOTHING = "—"
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
    local, present = at.astimezone(timezone()), datetime.now(timezone())
    if local.date() == present.date():
        return _("hoy %(time)s", time=local.strftime("%H:%M"))
    shown = format_date(local.date(), "d MMM", rebase=False) if local.year == present.year else day(at)
    return f"{shown} {local.strftime('%H:%M')}"


def day(at: datetime | None) -> str:
    return NOTHING if at is None else format_date(at.astimezone(timezone()).date(), "medium", rebase=False)


def clock(at: datetime | None) -> str:
    """The time alone, with seconds."""
    return NOTHING if at is None else at.astimezone(timezone()).strftime("%H:%M:%S")


def stamp(at: datetime | None) -> str:
    """For downloads: what programs and spreadsheets read, to the second, where the account is."""
    return "" if at is None else at.astimezone(timezone()).strftime("%Y-%m-%d %H:%M:%S")


def stamps() -> Callable[[int | None], str]:
    """`stamp` of stored milliseconds, for thousands of them: every quarter of an hour is put into local time once, for
    no place is off the hour by less."""
    zone = timezone()
    known: dict[int, tuple[str, int]] = {}

    def write(at: int | None) -> str:
        if at is None:
            return ""
        quarter, rest = divmod(at // 1000, 900)
        found = known.get(quarter)
        if found is None:
            if len(known) > 50_000:
                known.clear()
            local = datetime.fromtimestamp(quarter * 900, UTC).astimezone(zone)
            found = known[quarter] = (local.strftime("%Y-%m-%d %H:"), local.minute * 60)
        return found[0] + _OF_AN_HOUR[found[1] + rest]

    return write


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
    return display(typed, account().region) if typed else ""


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
