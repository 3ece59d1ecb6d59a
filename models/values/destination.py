"""Where a call of ours may go: what a dialled number is, and the rules that allow or refuse it.

Owns: reading a dialled number (emergency, country, premium), the order of the rules. Must not: know money or agents'
states (``ari_app.core.permit`` puts all together).

An agent's own rules come first, then the account's, then the account's default. Inside each, the pattern that fits best
wins, as for called numbers (``pattern``). An emergency number is never asked about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberType, shortnumberinfo

from models.values.pattern import NumberClaim, NumberTable
from models.values.phone import DEFAULT_REGION, clean, is_region, normalise

_PREMIUM: Final = frozenset({PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST})
# Country codes of no country: satellites (870, 881), international networks (882, 883), premium rate (979).
_NOWHERE: Final = "001"


class DefaultRule(StrEnum):
    """What is allowed where no pattern says otherwise."""

    EVERYTHING = "everything"
    ABROAD = "abroad"
    """Everything but premium numbers, satellites and networks of no country."""
    NATIONAL = "national"
    """The account's country, without premium numbers."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Destination:
    """A dialled number as it is understood. ``key``: E.164 where the number is valid, else its digits."""

    dialled: str
    key: str
    country: str
    """ISO 3166; empty for a short code or a number that no plan knows."""
    emergency: bool = False
    premium: bool = False

    @property
    def is_whole(self) -> bool:
        """A valid number of some country, or one of its short codes; anything else no trunk could make sense of."""
        return self.key.startswith("+") or self.emergency or (self.key.isdigit() and 2 <= len(self.key) <= 6)


def read_destination(dialled: str, region: str = DEFAULT_REGION) -> Destination | None:
    """What was dialled; None when there is no number in it."""
    return _read(dialled[:64], region)


@lru_cache(maxsize=16_384)
def _read(dialled: str, region: str) -> Destination | None:
    cleaned = clean(dialled)
    if not cleaned or "*" in cleaned or "#" in cleaned:
        return None
    if is_emergency(cleaned, region):
        return Destination(dialled, cleaned, region, emergency=True)
    key = normalise(dialled, region)
    if key is None:
        return None
    if not key.startswith("+"):
        return Destination(dialled, key, region if len(key) <= 6 else "", premium=_is_dear(key, region))
    try:
        parsed = phonenumbers.parse(key, None)
    except phonenumbers.NumberParseException:
        return None  # a country's code and next to nothing after it
    country = phonenumbers.region_code_for_number(parsed) or ""
    kind = phonenumbers.number_type(parsed)
    nowhere = country == _NOWHERE or not country
    return Destination(dialled, key, country, premium=nowhere or kind in _PREMIUM)


def _is_dear(short: str, region: str) -> bool:
    """A short code that is known to cost more than a call."""
    if not is_region(region):
        return False
    try:
        parsed = phonenumbers.parse(short, region)
    except phonenumbers.NumberParseException:
        return False
    dear = shortnumberinfo.ShortNumberCost.PREMIUM_RATE
    return bool(shortnumberinfo.expected_cost_for_region(parsed, region) == dear)


def is_emergency(cleaned: str, region: str) -> bool:
    """Is it an emergency number of this country (phonenumbers' short-number metadata)?"""
    return is_region(region) and bool(shortnumberinfo.is_emergency_number(cleaned, region))


@dataclass(frozen=True, slots=True)
class DestinationRule:
    """A pattern that is allowed or refused; ``agent`` None: for everybody."""

    id: int
    pattern: str
    allowed: bool
    agent: int | None = None


@dataclass(frozen=True, slots=True)
class DestinationRules:
    """All rules of the account, ready to be asked on each call."""

    default: DefaultRule = DefaultRule.NATIONAL
    region: str = DEFAULT_REGION
    _allowed: Mapping[int, bool] = field(default_factory=dict)
    _tables: Mapping[int | None, NumberTable] = field(default_factory=dict)

    @classmethod
    def of(
        cls, rules: Iterable[DestinationRule], default: DefaultRule, region: str = DEFAULT_REGION
    ) -> tuple[DestinationRules, list[Exception]]:
        """The rules that can be read, and the problems of the others: malformed, or doubled (the first one stays)."""
        allowed: dict[int, bool] = {}
        claims: dict[int | None, list[NumberClaim]] = {}
        for rule in rules:
            allowed[rule.id] = rule.allowed
            claims.setdefault(rule.agent, []).append(NumberClaim(rule.pattern, rule.id, rule.pattern))
        problems: list[Exception] = []
        tables: dict[int | None, NumberTable] = {}
        for whose, claimed in claims.items():
            tables[whose], doubled = NumberTable.read(claimed, region)
            problems += doubled
        return cls(default, region, allowed, tables), problems

    def allows(self, agent: int | None, destination: Destination) -> bool:
        if destination.emergency:
            return True
        for whose in (agent, None):
            table = self._tables.get(whose)
            found = table.lookup(destination.key) if table is not None else None
            if found is not None:
                return self._allowed[found]
        match self.default:
            case DefaultRule.EVERYTHING:
                return True
            case DefaultRule.ABROAD:
                return not destination.premium
            case DefaultRule.NATIONAL:
                return destination.country == self.region and not destination.premium
            case DefaultRule.NOTHING:
                return False
