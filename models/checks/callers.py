"""Checks of what is kept about callers: blocked numbers."""

from collections.abc import Mapping
from typing import Any, Final

from models.checks.base import Check, Checked
from models.checks.contacts import account_region
from models.tables import BlockedNumber
from models.values.errors import InvalidValue
from models.values.pattern import canonical_pattern, clean_pattern

FEWEST_DIGITS: Final = 3


def check_blocked_number(data: Mapping[str, Any], row: BlockedNumber | None = None) -> Checked:
    """`canonical` is what the pattern means. One that would take nearly everybody is refused."""
    check = Check(BlockedNumber, data, row)
    pattern = check.text("pattern", required=True)
    check.text("note")
    if not pattern:
        return check.result

    def meant() -> str:
        if sum(character.isdigit() for character in clean_pattern(pattern)) < FEWEST_DIGITS:
            raise InvalidValue("pattern_too_wide", value=pattern, minimum=FEWEST_DIGITS)
        return canonical_pattern(pattern, account_region())

    canonical = check.step("pattern", meant)
    if canonical:
        check.values.update(pattern=pattern, canonical=canonical)
        check.unique("pattern", "canonical", canonical, pattern)
    return check.result
