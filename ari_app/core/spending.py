"""The fraud breaker: what calls of ours have cost, how many there were, and when that is too much.

Owns: the ledger of the last day, the limits' verdict, the time a call may talk on what is left. Must not: read a clock
or a table (time is an argument; at start the ledger is rebuilt from the CDRs), or end a call (``outbound`` does).

A call is let in with a slice of the budget set aside for it; while it talks it asks for more, and is ended when there
is none: so the loss never exceeds the limit, whatever goes on at the same time. What trips stays tripped until an
administrator releases it; from then on it is counted anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from models.values.reasons import CallReason
from models.values.spending import DAY_MS, HOUR_MS, Limit, Limits, SpendingRules

SLICE_MINUTES = 2
"""For how long a call may talk before it asks again."""
KNOWN_COUNTRY_MS = 30 * DAY_MS
"""A country that was called in this time is none that is new."""

TRIPS: Mapping[tuple[bool, Limit], CallReason] = {
    (False, Limit.SPEND): CallReason.AGENT_SPEND_LIMIT,
    (False, Limit.CALLS): CallReason.AGENT_CALLS_LIMIT,
    (False, Limit.COUNTRIES): CallReason.AGENT_COUNTRIES_LIMIT,
    (True, Limit.SPEND): CallReason.ACCOUNT_SPEND_LIMIT,
    (True, Limit.CALLS): CallReason.ACCOUNT_CALLS_LIMIT,
    (True, Limit.COUNTRIES): CallReason.ACCOUNT_COUNTRIES_LIMIT,
}
"""(the account's?, which limit) -> the reason in the CDR of the call that tripped it."""
_TRIPPED_BY: Mapping[str, tuple[bool, Limit]] = {reason: (account, limit) for (account, limit), reason in TRIPS.items()}


@dataclass(frozen=True, slots=True)
class Spent:
    """One call that was let out. ``minutes``: booked, started ones; while ``live``, those set aside."""

    call_id: str
    """Or the pass of a leg that was let out of a call."""
    agent: int | None
    """None: nobody's wish, the account's (a queue's overflow)."""
    at: int
    country: str
    """Empty: the account's own, which is never a new one."""
    price: Decimal
    minutes: int
    live: bool

    @property
    def amount(self) -> Decimal:
        return self.price * self.minutes


@dataclass(frozen=True, slots=True)
class Trip:
    """A limit that was exceeded; ``agent`` None: the account's."""

    agent: int | None
    limit: Limit
    at: int

    @property
    def reason(self) -> CallReason:
        return TRIPS[self.agent is None, self.limit]


@dataclass(frozen=True, slots=True)
class Past:
    """A call of ours as its CDR tells it, for the rebuilding."""

    call_id: str
    agent: int | None
    at: int
    country: str
    price: Decimal
    talk_ms: int
    reason: str = ""
    let_out: bool = True
    live: bool = False
    """It goes on; ``talk_ms`` is what was talked so far."""


@dataclass(frozen=True, slots=True)
class Spending:
    """The ledger."""

    calls: Mapping[str, Spent] = field(default_factory=dict)
    countries: Mapping[tuple[int | None, str], tuple[int, int]] = field(default_factory=dict)
    """(agent, country abroad) -> when it was first and last called, as far back as a country stays known."""
    trips: tuple[Trip, ...] = ()


@dataclass(frozen=True, slots=True)
class Allowance:
    """The call may go out, and talk for so long before it must ask again; None: as long as it likes."""

    milliseconds: int | None


Verdict = tuple[Spending, Allowance | Trip]


def rebuild(past: Iterable[Past], rules: SpendingRules, at: int) -> Spending:
    """The ledger as it was: from the CDRs of the last days, in the order of time."""
    ledger = Spending()
    for one in past:
        told = _TRIPPED_BY.get(one.reason)
        if told is not None:
            account, limit = told
            trip = Trip(None if account else one.agent, limit, one.at)
            ledger = _tripped(ledger, trip)
        if not one.let_out:
            continue  # it was refused
        minutes = _minutes(one.talk_ms) + (SLICE_MINUTES if one.live else 0)
        spent = Spent(one.call_id, one.agent, one.at, one.country, one.price, minutes, live=one.live)
        ledger = _note(ledger, spent)
    return forget(ledger, rules, at)


def forget(ledger: Spending, rules: SpendingRules, at: int) -> Spending:
    """Without what is too old to matter, and without the trips that were released."""
    calls = {key: call for key, call in ledger.calls.items() if call.live or call.at > at - DAY_MS}
    countries = {key: times for key, times in ledger.countries.items() if times[1] > at - KNOWN_COUNTRY_MS}
    trips = tuple(trip for trip in ledger.trips if trip.at > _released(rules, trip.agent))
    return Spending(calls, countries, trips)


def tripped(ledger: Spending, rules: SpendingRules, agent: int | None) -> Trip | None:
    """What keeps this agent from calling now."""
    for trip in ledger.trips:
        if trip.agent in (None, agent) and trip.at > _released(rules, trip.agent):
            return trip
    return None


def admit(
    ledger: Spending,
    rules: SpendingRules,
    *,
    call_id: str,
    agent: int | None,
    country: str,
    price: Decimal,
    at: int,
) -> Verdict:
    """May this call go out? ``country`` empty: the account's own, which is never a new one.

    ``agent`` None: only the account's limits are asked.
    """
    ledger = forget(ledger, rules, at)
    stopped = tripped(ledger, rules, agent)
    if stopped is not None:
        return ledger, stopped
    for whose, limits in _who_answers(rules, agent):
        exceeded = _exceeded(ledger, rules, whose, limits, country=country, price=price, at=at)
        if exceeded is not None:
            trip = Trip(whose, exceeded, at)
            return _tripped(ledger, trip), trip
    minutes = _affordable(ledger, rules, agent, price, at)
    spent = Spent(call_id, agent, at, country, price, minutes if price else 0, live=True)
    ledger = _note(ledger, spent)
    return ledger, Allowance(minutes * 60_000 if price else None)


def renew(ledger: Spending, rules: SpendingRules, call_id: str, at: int) -> Verdict:
    """The call has used up what was set aside for it and asks for more."""
    call = ledger.calls.get(call_id)
    if call is None or not call.price:
        return ledger, Allowance(None)
    minutes = _affordable(ledger, rules, call.agent, call.price, at)
    if minutes < 1:
        account = _left(ledger, rules, None, rules.account, at)
        by_account = account is not None and account < call.price
        trip = Trip(None if by_account else call.agent, Limit.SPEND, at)
        return _tripped(ledger, trip), trip
    more = replace(call, minutes=call.minutes + minutes)
    return replace(ledger, calls={**ledger.calls, call_id: more}), Allowance(minutes * 60_000)


def settle(ledger: Spending, call_id: str, talk_ms: int) -> Spending:
    """The call is over: what was set aside and not used is given back."""
    call = ledger.calls.get(call_id)
    if call is None or not call.live:
        return ledger
    booked = replace(call, minutes=_minutes(talk_ms), live=False)
    return replace(ledger, calls={**ledger.calls, call_id: booked})


def spent(ledger: Spending, rules: SpendingRules, agent: int | None, at: int) -> Decimal:
    """What this agent's calls (None: everybody's) of the last day have cost, with what is set aside."""
    return sum((call.amount for call in _counted(ledger, rules, agent, at - DAY_MS)), Decimal(0))


# ------------------------------------------------------------------------------------------------ inside


def _who_answers(rules: SpendingRules, agent: int | None) -> tuple[tuple[int | None, Limits], ...]:
    """Whose limits a call of this agent is under."""
    account = ((None, rules.account),)
    return account if agent is None else ((agent, rules.agent), *account)


def _minutes(talk_ms: int) -> int:
    """Started ones."""
    return -(-max(0, talk_ms) // 60_000)


def _released(rules: SpendingRules, agent: int | None) -> int:
    return rules.released.get(agent, -1)


def _counted(ledger: Spending, rules: SpendingRules, agent: int | None, since: int) -> list[Spent]:
    since = max(since, _released(rules, agent))
    return [
        call
        for call in ledger.calls.values()
        if (agent is None or call.agent == agent) and (call.live or call.at > since)
    ]


def _exceeded(
    ledger: Spending,
    rules: SpendingRules,
    whose: int | None,
    limits: Limits,
    *,
    country: str,
    price: Decimal,
    at: int,
) -> Limit | None:
    if limits.calls_per_hour is not None:
        since = max(at - HOUR_MS, _released(rules, whose))
        made = [call for call in _counted(ledger, rules, whose, at - HOUR_MS) if call.at > since]
        if len(made) >= limits.calls_per_hour:
            return Limit.CALLS
    if limits.new_countries_per_day is not None and country:
        first = _first_called(ledger, whose)
        since = max(at - DAY_MS, _released(rules, whose))
        new = sum(began > since for began in first.values())
        if country not in first and new >= limits.new_countries_per_day:
            return Limit.COUNTRIES
    left = _left(ledger, rules, whose, limits, at)
    return Limit.SPEND if left is not None and price > left else None


def _first_called(ledger: Spending, whose: int | None) -> dict[str, int]:
    """Each country that is known -> when it became so."""
    first: dict[str, int] = {}
    for (agent, country), (began, _) in ledger.countries.items():
        if whose in (None, agent):
            first[country] = min(began, first.get(country, began))
    return first


def _left(ledger: Spending, rules: SpendingRules, whose: int | None, limits: Limits, at: int) -> Decimal | None:
    if limits.spend_per_day is None:
        return None
    return limits.spend_per_day - spent(ledger, rules, whose, at)


def _affordable(ledger: Spending, rules: SpendingRules, agent: int | None, price: Decimal, at: int) -> int:
    """Whole minutes, a slice at most."""
    if not price:
        return SLICE_MINUTES
    lefts = [
        left
        for left in (_left(ledger, rules, whose, limits, at) for whose, limits in _who_answers(rules, agent))
        if left is not None
    ]
    return max(0, min([SLICE_MINUTES, *(int(left // price) for left in lefts)]))


def _note(ledger: Spending, call: Spent) -> Spending:
    countries = ledger.countries
    if call.country:
        known = countries.get((call.agent, call.country))
        began = known[0] if known is not None and known[1] > call.at - KNOWN_COUNTRY_MS else call.at
        countries = {**countries, (call.agent, call.country): (began, call.at)}
    return replace(ledger, calls={**ledger.calls, call.call_id: call}, countries=countries)


def _tripped(ledger: Spending, trip: Trip) -> Spending:
    others = tuple(kept for kept in ledger.trips if (kept.agent, kept.limit) != (trip.agent, trip.limit))
    return replace(ledger, trips=(*others, trip))
