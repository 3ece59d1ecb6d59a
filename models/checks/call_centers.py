"""Checks of a call center and its numbers."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from models.checks.base import Check, Checked, clean_text
from models.checks.contacts import account_region
from models.checks.queues import check_queue
from models.tables import AdditionalField, CallCenter, CallCenterNumber, Printer
from models.tables.call_centers import PopUpIn
from models.values.call import CostUnit, Strategy
from models.values.color import parse_color
from models.values.errors import InvalidValue
from models.values.money import check_currency, parse_amount
from models.values.pattern import canonical_pattern
from models.values.recording import RecordingMode
from models.values.url import check_template

MAX_NUMBERS: Final = 200
MAX_SECONDS: Final = 7200
MAX_DAYS: Final = 3650


def split_numbers(typed: Any) -> list[str]:
    """Several patterns in one field, separated by commas, semicolons or lines; or a list."""
    parts: Iterable[Any] = re.split(r"[,;\n]", typed) if isinstance(typed, str) else typed or ()
    return [text for part in parts if (text := str(part).strip())]


def check_call_center(data: Mapping[str, Any], row: CallCenter | None = None) -> Checked:
    """`numbers` (only when `data` has it) becomes a list of (pattern, canonical) pairs for `CallCenterNumber`."""
    check = Check(CallCenter, data, row)
    check.name()
    check.flag("active")
    price = check.raw("price")
    check.step("price", lambda: parse_amount("0" if price is None or str(price).strip() == "" else price))
    check.parsed("currency", check_currency, required=True)
    check.choice("cost_unit", CostUnit)
    check.flag("print_result")
    check.reference("printer", Printer)
    check.flag("survey_enabled")
    check.parsed("color", parse_color, required=True)
    check.parsed("pop_up_url", _template, null=True)
    check.choice("pop_up_in", PopUpIn)
    check.choice("strategy", Strategy)
    check.integer("ring_seconds", 1, MAX_SECONDS)
    check.integer("max_wait_seconds", 1, MAX_SECONDS)
    check.integer("wrap_up_seconds", 0, MAX_SECONDS)
    check.integer("service_level_seconds", 0, MAX_SECONDS)
    check.choice("recording", RecordingMode)
    check.integer("recording_days", 0, MAX_DAYS)
    check_queue(check)
    if "numbers" in data:
        check.step("numbers", lambda: _numbers(split_numbers(data["numbers"]), row))
    return check.result


def _template(text: str) -> str:
    names = [str(field.name) for field in AdditionalField.select(AdditionalField.name)]
    return check_template(text, names)


def _numbers(patterns: list[str], row: CallCenter | None) -> list[tuple[str, str]]:
    """Raises InvalidValue for the first pattern that is malformed, doubled, or another call center's."""
    if len(patterns) > MAX_NUMBERS:
        raise InvalidValue("options_invalid", reason=f"more than {MAX_NUMBERS}")
    region, limit = account_region(), 40
    seen: dict[str, str] = {}
    for typed in patterns:
        pattern = clean_text(typed, limit)
        canonical = canonical_pattern(pattern, region)
        if canonical in seen:
            raise InvalidValue("pattern_repeated", value=pattern, other=seen[canonical])
        seen[canonical] = pattern
    taken: Any = (
        CallCenterNumber.select(CallCenterNumber.canonical, CallCenter.name)
        .join(CallCenter)
        .where(CallCenterNumber.canonical.in_(list(seen)))
    )
    if row is not None:
        taken = taken.where(CallCenter.id != row.id)
    for canonical, other in taken.tuples():
        raise InvalidValue("pattern_taken", value=seen[canonical], other=str(other))
    return [(pattern, canonical) for canonical, pattern in seen.items()]
