"""What calls of ours may cost and how many there may be: the price table and the limits.

Owns: the price of a destination, the limits' values. Must not: count (``ari_app.core.spending``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

DAY_MS = 86_400_000
HOUR_MS = 3_600_000


class Limit(StrEnum):
    """What can trip."""

    SPEND = "spend"
    CALLS = "calls"
    COUNTRIES = "countries"


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one agent, or of the whole account; None: no limit."""

    spend_per_day: Decimal | None = None
    """In the account's currency."""
    calls_per_hour: int | None = None
    new_countries_per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """What a started minute to a number costs, by the longest prefix of its E.164 form."""

    by_prefix: Mapping[str, Decimal] = field(default_factory=dict)
    _lengths: tuple[int, ...] = ()

    @classmethod
    def of(cls, rows: Iterable[tuple[str, Decimal]]) -> Prices:
        """``rows``: a prefix as ``+506`` or ``506``, and its price a minute."""
        table = {"+" + prefix.lstrip("+"): price for prefix, price in rows}
        return cls(table, tuple(sorted({len(prefix) for prefix in table}, reverse=True)))

    def of_number(self, key: str) -> Decimal | None:
        """None: no prefix fits."""
        for length in self._lengths:
            price = self.by_prefix.get(key[:length])
            if price is not None:
                return price
        return None


@dataclass(frozen=True, slots=True)
class SpendingRules:
    """The breaker's setting. ``released``: agent (None: the account) -> when an administrator last released it, ms."""

    agent: Limits = Limits(calls_per_hour=60, new_countries_per_day=3)
    account: Limits = Limits(calls_per_hour=600, new_countries_per_day=5)
    prices: Prices = Prices()
    released: Mapping[int | None, int] = field(default_factory=dict)
