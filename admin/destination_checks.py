"""The checks of where calls of ours may go and what they may cost.

Owns: what makes a rule, a price and a limit good. Must not: save.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from models.checks.base import Check, Checked
from models.tables import Agent, BreakerLimits, DestinationRule
from models.values.errors import InvalidValue
from models.values.money import parse_amount
from models.values.pattern import canonical_pattern, clean_pattern
from models.values.phone import DEFAULT_REGION


def check_destination_rule(
    data: Mapping[str, Any], row: DestinationRule | None = None, region: str = DEFAULT_REGION
) -> Checked:
    """A pattern, for whom, allowed or not. Two rules for the same numbers of the same agent are refused."""
    check = Check(DestinationRule, data, row)
    pattern = check.parsed("pattern", clean_pattern, required=True)
    agent = check.reference("agent", Agent)
    check.flag("allowed")
    check.text("note")
    if pattern is None or check.result.errors:
        return check.result
    canonical = canonical_pattern(pattern, region)
    check.values["canonical"] = canonical
    same = DestinationRule.select(DestinationRule.id).where(DestinationRule.canonical == canonical)
    whose = DestinationRule.agent.is_null() if agent is None else DestinationRule.agent == agent
    same = same.where(whose)
    if row is not None:
        same = same.where(DestinationRule.id != row.id)
    if same.exists():
        check.refuse("pattern", InvalidValue("not_unique", value=pattern))
    return check.result


def check_breaker_limits(data: Mapping[str, Any]) -> Checked:
    """Empty: no limit."""
    check = Check(BreakerLimits, data)
    check.integer("calls_per_hour", 0, 1_000_000, null=True)
    check.integer("new_countries_per_day", 0, 300, null=True)
    typed = str(data.get("spend_per_day") or "").strip()
    check.step("spend_per_day", lambda: parse_amount(typed) if typed else None)
    return check.result


def read_prices(text: str) -> tuple[dict[str, Decimal], list[str]]:
    """One a line, ``prefix price``; the lines that are none."""
    prices: dict[str, Decimal] = {}
    wrong = []
    for line in text.splitlines():
        parts = line.replace(";", " ").replace("\t", " ").split()
        if not parts:
            continue
        prefix = parts[0].lstrip("+")
        try:
            if len(parts) != 2 or not (prefix.isascii() and prefix.isdigit() and len(prefix) <= 15):
                raise InvalidValue("pattern_empty")
            prices[prefix] = parse_amount(parts[1])
        except InvalidValue:
            wrong.append(line.strip())
    return prices, wrong
