"""Checks of what is kept for callers: blocked numbers, the messages that they hear."""

from collections.abc import Mapping
from typing import Any, Final

from models.checks.base import Check, Checked
from models.checks.contacts import account_region
from models.tables import BlockedNumber, Prompt
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


def check_prompt(data: Mapping[str, Any], row: Prompt | None = None) -> Checked:
    """The name alone: the sound is read by `models.prompts`."""
    check = Check(Prompt, data, row)
    check.name()
    return check.result
