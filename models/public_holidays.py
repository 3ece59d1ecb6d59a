"""The public holidays of the account's country, from the library `holidays`.

Owns: which days. Must not: be asked while a call waits: the snapshot has them.
"""

from datetime import date
from functools import lru_cache

YEARS_AHEAD = 2


@lru_cache(maxsize=64)
def public_holidays(region: str, year: int) -> frozenset[date]:
    """The public holidays of this year and the next ones; none for a country that the library does not know."""
    import holidays  # takes a moment, and most programs of ours never ask

    try:
        return frozenset(holidays.country_holidays(region, years=range(year, year + YEARS_AHEAD + 1)))
    except NotImplementedError:
        return frozenset()


@lru_cache(maxsize=1)
def known_regions() -> frozenset[str]:
    """The countries whose holidays are known."""
    import holidays

    return frozenset(holidays.list_supported_countries())
