"""What stands in a cell, as the text a person sees there.

Owns: numbers, dates, yes and no, errors of spreadsheets. Must not: know for which part of a contact the cell is.
"""

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from models.values.errors import InvalidValue

ERRORS: Final = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#GETTING_DATA"})
_SURE: Final = 10**15  # a spreadsheet keeps fifteen digits of a number
_SCIENTIFIC: Final = re.compile(r"([+-]?)([0-9])(?:[.,]([0-9]+))?[eE]\+?([0-9]{1,2})")
_BREAKS: Final = re.compile(r"[ \t]*[\r\n\t\x0b\x0c\x85\u2028\u2029]+[ \t]*")


def text_of(value: Any) -> str:
    """Raises InvalidValue when what the cell held is not all there."""
    if type(value) is str:
        if value[:1] == "#" and value in ERRORS:
            raise InvalidValue("cell_error", value=value)
        return value
    if type(value) is float or type(value) is int:
        return number_text(value)
    if isinstance(value, bool):
        return "sí" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d") if value.time() == time() else value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return "" if value is None else str(value)


def number_text(value: float) -> str:
    """88881234.0 is 88881234; never an exponent. Raises InvalidValue(digits_lost)."""
    if value != value or value in (float("inf"), float("-inf")):
        raise InvalidValue("cell_error", value=str(value))
    if abs(value) >= _SURE:
        raise InvalidValue("digits_lost", value=f"{value:.14E}")
    if value == int(value):
        return str(int(value))
    return format(Decimal(f"{value:.15g}"), "f")


def plain_number(text: str) -> str | None:
    """8.8881234E+7 written out, when every digit is there; None: it is no such number. Raises InvalidValue."""
    found = _SCIENTIFIC.fullmatch(text.strip())
    if found is None:
        return None
    sign, first, rest, exponent = found[1], found[2], found[3] or "", int(found[4])
    if len(rest) < exponent:
        raise InvalidValue("digits_lost", value=text.strip()[:40])
    whole = first + rest[:exponent]
    fraction = rest[exponent:].rstrip("0")
    return f"{sign}{whole}" + (f".{fraction}" if fraction else "")


def one_line(text: str) -> str:
    """Line breaks and tabs as single spaces."""
    return _BREAKS.sub(" ", text.strip())
