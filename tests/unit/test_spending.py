"""The breaker: the loss is never above the limit, whatever goes on at the same time; what trips stays so."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.core import spending
from ari_app.core.spending import Allowance, Past, Spending, Trip
from models.values.reasons import CallReason
from models.values.spending import DAY_MS, HOUR_MS, Limit, Limits, Prices, SpendingRules

NOW = 1_700_000_000_000
UNLIMITED = Limits()


def admit(
    ledger: Spending,
    rules: SpendingRules,
    call: str,
    *,
    agent: int | None = 1,
    price: int | str = 0,
    country: str = "",
    at: int = NOW,
) -> tuple[Spending, Allowance | Trip]:
    return spending.admit(ledger, rules, call_id=call, agent=agent, country=country, price=Decimal(price), at=at)


PRICES = st.sampled_from([Decimal("0.5"), Decimal(1), Decimal(7), Decimal(40)])
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["call", "call", "talk", "talk", "end", "wait"]),
        st.integers(1, 3),
        PRICES,
        st.integers(0, 400_000),
    ),
    max_size=60,
)


@given(acts=ACTS, agent_cap=st.integers(1, 120), account_cap=st.integers(1, 200))
@settings(max_examples=300)
def test_the_loss_is_never_above_the_limit(
    acts: list[tuple[str, int, Decimal, int]], agent_cap: int, account_cap: int
) -> None:
    """Calls begin, talk as long as they are let, ask for more, and end, in any order and many at once."""
    rules = SpendingRules(agent=Limits(Decimal(agent_cap)), account=Limits(Decimal(account_cap)))
    ledger, at = Spending(), NOW
    live: dict[str, tuple[int, Decimal, int, int]] = {}  # call -> agent, price, talked ms, allowed ms
    lost: list[tuple[int, int, Decimal]] = []  # at, agent, cost

    def cost(talked: int, price: Decimal) -> Decimal:
        return price * -(-talked // 60_000)

    begun: dict[str, int] = {}
    for number, (act, agent, price, ms) in enumerate(acts):
        if act == "call":
            call = f"c{number}"
            ledger, answer = admit(ledger, rules, call, agent=agent, price=str(price), at=at)
            if isinstance(answer, Allowance):
                assert answer.milliseconds is not None
                assert answer.milliseconds > 0
                live[call], begun[call] = (agent, price, 0, answer.milliseconds), at
        elif act == "wait":
            at += ms * 100
        elif live:
            call = sorted(live)[ms % len(live)]
            who, price, talked, allowed = live[call]
            if act == "talk":
                talked = min(allowed, talked + ms)
                if talked == allowed:
                    ledger, answer = spending.renew(ledger, rules, call, at)
                    if isinstance(answer, Trip):
                        act = "end"  # the engine ends it at once
                    else:
                        allowed += answer.milliseconds or 0
                live[call] = who, price, talked, allowed
            if act == "end":
                ledger = spending.settle(ledger, call, talked)
                del live[call]
                lost.append((begun[call], who, cost(talked, price)))
        gone = [(begun[call], who, cost(talked, price)) for call, (who, price, talked, _) in live.items()]
        recent = [one for one in lost if one[0] > at - DAY_MS] + gone
        assert sum(money for _, _, money in recent) <= account_cap
        for agent in (1, 2, 3):
            assert sum(money for _, who, money in recent if who == agent) <= agent_cap


def test_the_limit_of_calls_per_hour_is_of_an_hour_that_moves() -> None:
    rules = SpendingRules(agent=Limits(calls_per_hour=2), account=UNLIMITED)
    ledger, _ = admit(Spending(), rules, "a", at=NOW)
    ledger, _ = admit(ledger, rules, "b", at=NOW + HOUR_MS // 2)
    later, answer = admit(ledger, rules, "c", at=NOW + HOUR_MS + 1)
    assert answer == Allowance(None)

    _, answer = admit(later, rules, "d", at=NOW + HOUR_MS + 2)
    assert answer == Trip(1, Limit.CALLS, NOW + HOUR_MS + 2)
    assert answer.reason is CallReason.AGENT_CALLS_LIMIT
    _, answer = admit(later, rules, "d", agent=2, at=NOW + HOUR_MS + 2)
    assert answer == Allowance(None), "another agent goes on"


def test_the_accounts_limit_stops_everybody() -> None:
    rules = SpendingRules(agent=UNLIMITED, account=Limits(calls_per_hour=1))
    ledger, _ = admit(Spending(), rules, "a", agent=1)
    ledger, answer = admit(ledger, rules, "b", agent=2, at=NOW + 1)
    assert isinstance(answer, Trip)
    assert answer.reason is CallReason.ACCOUNT_CALLS_LIMIT
    assert spending.tripped(ledger, rules, 3) == answer


def test_countries_that_are_new() -> None:
    rules = SpendingRules(agent=Limits(new_countries_per_day=1), account=UNLIMITED)
    past = [Past("old", 1, NOW - 5 * DAY_MS, "PA", Decimal(0), talk_ms=0)]
    ledger = spending.rebuild(past, rules, NOW)
    for place, country in enumerate(("PA", "", "MX", "MX")):
        ledger, answer = admit(ledger, rules, f"c{place}", country=country, at=NOW + place)
        assert answer == Allowance(None), country
    _, answer = admit(ledger, rules, "x", country="CU", at=NOW + 10)
    assert isinstance(answer, Trip)
    assert answer.limit is Limit.COUNTRIES
    _, answer = admit(ledger, rules, "x", country="CU", at=NOW + 10 + DAY_MS)
    assert answer == Allowance(None), "tomorrow is another day"


def test_what_trips_stays_tripped_until_it_is_released() -> None:
    rules = SpendingRules(agent=Limits(Decimal(10)), account=UNLIMITED)
    ledger, _ = admit(Spending(), rules, "a", price=10)
    ledger = spending.settle(ledger, "a", 30_000)
    ledger, answer = admit(ledger, rules, "b", price=1, at=NOW + 1)
    assert isinstance(answer, Trip)
    for much_later in (NOW + 2, NOW + 40 * DAY_MS):
        assert spending.tripped(spending.forget(ledger, rules, much_later), rules, 1)

    released = replace(rules, released={1: NOW + 5})
    assert spending.tripped(ledger, released, 1) is None
    _, answer = admit(ledger, released, "b", price=10, at=NOW + 6)
    assert answer == Allowance(60_000), "counted anew"


def test_the_ledger_is_rebuilt_from_the_records() -> None:
    rules = SpendingRules(agent=Limits(Decimal(20)), account=UNLIMITED)
    past = [
        Past("a", 1, NOW - 1000, "", Decimal(5), talk_ms=61_000),
        Past("b", 1, NOW - 900, "", Decimal(5), talk_ms=1_000, live=True),
        Past("c", 2, NOW - 800, "", Decimal(5), talk_ms=0, reason=CallReason.AGENT_SPEND_LIMIT, let_out=False),
    ]
    ledger = spending.rebuild(past, rules, NOW)
    # Two started minutes, one more and a slice set aside for the call that goes on.
    assert spending.spent(ledger, rules, 1, NOW) == 5 * (2 + 1 + spending.SLICE_MINUTES)
    assert spending.tripped(ledger, rules, 2) == Trip(2, Limit.SPEND, NOW - 800)


@pytest.mark.parametrize(("number", "price"), [("+50688887777", 10), ("+50640001000", 2), ("+12025550123", None)])
def test_the_longest_prefix_has_the_price(number: str, price: int | None) -> None:
    table = Prices.of([("506", Decimal(2)), ("+5068", Decimal(10))])
    assert table.of_number(number) == (None if price is None else Decimal(price))


def test_what_nobody_asked_for_is_the_accounts_alone() -> None:
    """A queue's overflow: no agent's limit stands against it, the account's does."""
    rules = SpendingRules(agent=Limits(calls_per_hour=0), account=Limits(Decimal(15)))
    ledger, let_out = admit(Spending(), rules, "a", agent=None, price=10)
    assert let_out == Allowance(60_000)
    assert spending.spent(ledger, rules, 1, NOW) == 0
    ledger, refused = admit(ledger, rules, "b", agent=None, price=10)
    assert refused == Trip(None, Limit.SPEND, NOW)
    _, more = spending.renew(ledger, rules, "a", NOW)
    assert more == Trip(None, Limit.SPEND, NOW)
