"""The roster's line: who is served first, places and expected waits, full queues, strategies, missed calls, wrap-up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ari_app.core import roster as r
from models.values.call import AgentState, CostUnit, LegOutcome, Strategy
from models.values.money import Rate
from models.values.pattern import NumberTable
from models.values.queue import Queue
from models.values.routing import Account, AgentRoute, CallCenterRoute, RoutingSnapshot

ALL = (1, 2, 3)


def center(key: int = 1, agents: Iterable[int] = ALL, strategy: Strategy = Strategy.PRIORITY, **queue: int):  # type: ignore[no-untyped-def]
    rate = Rate(Decimal(0), "CRC", CostUnit.MINUTE)
    return CallCenterRoute(key, f"C{key}", "#000000", rate, tuple(agents), strategy=strategy, queue=Queue(**queue))


def floor(*at_work: int, at: int = 0) -> r.Roster:
    agents = {key: AgentRoute(key, f"A{key}", f"83301{key:02}") for key in ALL}
    roster = r.Roster(RoutingSnapshot(1, Account("Prueba"), {}, agents, NumberTable.of(())))
    for agent in at_work:
        roster, _ = r.connect(roster, agent, f"s{agent}", "10.0.0.1", at)
    return roster


def offers(decisions: Iterable[r.Decision]) -> list[tuple[str, list[int]]]:
    return [(one.call_id, [agent.id for agent in one.agents]) for one in decisions if isinstance(one, r.Offer)]


def busy(roster: r.Roster, agent: int, at: int = 0) -> r.Roster:
    return r.engage(roster, agent, "elsewhere", at)[0]


def test_the_more_urgent_call_center_then_who_came_first() -> None:
    roster = busy(floor(1), 1)
    for call, route, since in (("b", center(1), 20), ("c", center(2, priority=1), 30), ("a", center(1), 10)):
        roster, _ = r.seek(roster, call, route, since, 40)
    served = []
    for _ in range(3):
        call = roster.seats[1].call
        assert call is not None
        roster, decisions = r.release(roster, 1, call, LegOutcome.ANSWERED, 0, 50)
        [(call, _)] = offers(decisions)
        served.append(call)
        roster, _ = r.engage(roster, 1, call, 60)
        roster = r.stop_seeking(roster, call)
    assert served == ["c", "a", "b"]


def with_centers(roster: r.Roster, *centers: CallCenterRoute) -> RoutingSnapshot:
    now = roster.snapshot
    return replace(now, generation=now.generation + 1, call_centers={one.id: one for one in centers})


def test_an_agent_who_is_added_serves_those_who_wait_first() -> None:
    roster = busy(floor(1, 2), 1)
    roster, decisions = r.seek(roster, "early", center(1, agents=(1,)), 10, 10)
    assert offers(decisions) == []
    roster, decisions = r.adopt_snapshot(roster, with_centers(roster, center(1, agents=(1, 2), max_waiting=5)), 20)
    assert offers(decisions) == [("early", [2])]
    # What else is changed is for the calls that come: this one had no bound when it came.
    assert roster.seekers["early"].route.queue.max_waiting == 0
    # Not answered, it asks again with what it knows, and still finds who was added.
    roster, decisions = r.release(roster, 2, "early", LegOutcome.NO_ANSWER, 0, 30)
    roster, decisions = r.seek(r.stop_seeking(roster, "early"), "early", center(1, agents=(1,)), 10, 60_000, kept=True)
    assert roster.seekers["early"].route.agents == (1, 2)


def test_who_waits_for_nobody_any_more_goes_on() -> None:
    """The only agent is taken out of the call center, and stays at work elsewhere."""
    roster, _ = r.seek(busy(floor(1), 1), "a", center(1, agents=(1,)), 10, 10)
    roster, decisions = r.adopt_snapshot(roster, with_centers(roster, center(1, agents=(2,))), 20)
    assert [one.call_id for one in decisions if isinstance(one, r.Nobody)] == ["a"]
    assert roster.seekers == {}


def test_hundreds_who_wait_share_their_route_after_a_change() -> None:
    roster = busy(floor(1), 1)
    for number in range(3):
        roster, _ = r.seek(roster, f"c{number}", center(1, agents=(1,)), number, 10)
    roster, _ = r.adopt_snapshot(roster, with_centers(roster, center(1, agents=(1, 3))), 20)
    assert len({id(one.route) for one in roster.seekers.values()}) == 1


def test_a_call_whose_phone_was_not_answered_is_before_those_who_came_later() -> None:
    roster, first = r.seek(floor(1), "a", center(), 10, 10)
    assert offers(first) == [("a", [1])]
    roster, _ = r.seek(roster, "b", center(), 20, 20)
    assert r.place_of(roster, "b", 20) == (2, None), "who is being rung for still counts"
    roster, _ = r.release(roster, 1, "a", LegOutcome.NO_ANSWER, 0, 30)
    roster, _ = r.seek(roster, "a", center(), 10, 30, kept=True)
    _, decisions = r.tick(roster, 30 + roster.rules.rest)
    assert offers(decisions) == [("a", [1])]


def test_places_are_counted_in_one_call_center_and_the_wait_is_what_others_waited() -> None:
    roster = busy(floor(1), 1)
    for call, route in (("a", center(1)), ("x", center(2)), ("b", center(1))):
        roster, _ = r.seek(roster, call, route, 0, 0)
    assert (r.place_of(roster, "a", 0), r.place_of(roster, "b", 0), r.place_of(roster, "x", 0)) == (
        (1, None), (2, None), (1, None),
    )  # fmt: skip
    roster, _ = r.release(roster, 1, "elsewhere", LegOutcome.ANSWERED, 0, 60_000)
    roster, _ = r.engage(roster, 1, "a", 80_000)
    roster = r.stop_seeking(roster, "a")
    assert r.place_of(roster, "b", 80_000) == (1, 0), "it has waited as long as was usual"
    roster, _ = r.seek(roster, "c", center(1), 80_000, 80_000)
    assert r.place_of(roster, "c", 90_000) == (2, 70_000)
    assert r.place_of(roster, "nobody", 0) is None


def test_a_full_queue_takes_nobody_but_who_was_in_it_or_can_be_served() -> None:
    route = center(max_waiting=1)
    roster = busy(floor(1), 1)
    roster, _ = r.seek(roster, "a", route, 10, 10)
    roster, decisions = r.seek(roster, "b", route, 20, 20)
    assert [type(one) for one in decisions] == [r.NoneFree, r.Full], "who could not come, and that it was full"
    assert set(roster.seekers) == {"a"}
    _, decisions = r.seek(roster, "b", route, 20, 20, kept=True)
    assert [type(one) for one in decisions] == [r.NoneFree]
    _, decisions = r.seek(roster, "other", center(2, max_waiting=1), 20, 20)
    assert [type(one) for one in decisions] == [r.NoneFree], "another call center's queue is its own"
    roster, _ = r.connect(roster, 2, "s2", "10.0.0.1", 30)  # serves a
    _, decisions = r.seek(roster, "b", route, 40, 40)
    assert [type(one) for one in decisions] == [r.NoneFree], "a call whose phone rings does not wait"


def test_the_last_who_could_come_leaves() -> None:
    roster = busy(floor(1, 2), 1)
    roster, _ = r.wish(roster, 2, AgentState.PAUSED, "Almuerzo", 0)
    roster, _ = r.seek(roster, "a", center(agents=(2,)), 10, 10)
    roster, _ = r.seek(roster, "b", center(2, agents=(1, 2)), 10, 10)
    roster, decisions = r.log_out(roster, 2, "user", 20)
    assert [(one.call_id, one.call_center) for one in decisions if isinstance(one, r.Nobody)] == [("a", 1)]
    assert set(roster.seekers) == {"b"}


# ------------------------------------------------------------------------------------------------ strategies
def rung(strategy: Strategy, times: int = 4) -> list[list[int]]:
    """Whom each of several calls rings, one after the other, each answered and over at once."""
    roster = floor(*ALL)
    found = []
    for number in range(times):
        at = 10 * number + 10
        roster, decisions = r.seek(roster, f"call{number}", center(strategy=strategy), at, at)
        [(call, agents)] = offers(decisions)
        found.append(agents)
        roster, _ = r.engage(roster, agents[0], call, at + 1)
        roster = r.stop_seeking(roster, call)
        for agent in agents:
            outcome = LegOutcome.ANSWERED if agent == agents[0] else LegOutcome.LOST_RACE
            roster, _ = r.release(roster, agent, call, outcome, 0, at + 5)
    return found


def test_all_ring_at_once_and_whoever_becomes_free_joins_in() -> None:
    assert rung(Strategy.ALL, 2) == [[1, 2, 3]] * 2
    roster, decisions = r.seek(busy(floor(1, 2), 2), "a", center(strategy=Strategy.ALL), 0, 0)
    assert offers(decisions) == [("a", [1])]
    _, decisions = r.release(roster, 2, "elsewhere", LegOutcome.ANSWERED, 0, 10)
    assert offers(decisions) == [("a", [2])]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        (Strategy.ROUND_ROBIN_MEMORY, [[1], [2], [3], [1]]),
        (Strategy.LONGEST_IDLE, [[1], [2], [3], [1]]),
        (Strategy.FEWEST_CALLS, [[1], [2], [3], [1]]),
        (Strategy.PRIORITY, [[1], [1], [1], [1]]),
    ],
)
def test_one_rings(strategy: Strategy, expected: list[list[int]]) -> None:
    assert rung(strategy) == expected


def test_longest_idle_looks_at_time_and_fewest_calls_at_their_number() -> None:
    roster = floor(1, 2)
    for number in range(2):  # agent 1 takes two calls, agent 2 one, later
        roster = busy(roster, 1)
        roster, _ = r.release(roster, 1, "elsewhere", LegOutcome.ANSWERED, 0, 10 + number)
    roster = busy(roster, 2)
    roster, _ = r.release(roster, 2, "elsewhere", LegOutcome.ANSWERED, 0, 100)
    pair = (1, 2)
    assert offers(r.seek(roster, "a", center(1, pair, Strategy.LONGEST_IDLE), 200, 200)[1]) == [("a", [1])]
    assert offers(r.seek(roster, "a", center(1, pair, Strategy.FEWEST_CALLS), 200, 200)[1]) == [("a", [2])]


def test_random_reaches_everybody_about_as_often() -> None:
    counts = dict.fromkeys(ALL, 0)
    for number in range(600):
        call_id = f"centralita-17{number}.{number}"
        decisions = r.seek(floor(*ALL), call_id, center(strategy=Strategy.RANDOM), 0, 0)[1]
        [(_, [agent])] = offers(decisions)
        counts[agent] += 1
    assert min(counts.values()) > 120


# ------------------------------------------------------------------------------------------------ agents
def test_missed_calls_in_a_row_pause_the_agent() -> None:
    roster = floor(1)

    def call(outcome: LegOutcome, at: int) -> r.Seat:
        nonlocal roster
        roster, _ = r.seek(roster, "a", center(), at, at)
        roster, _ = r.release(r.stop_seeking(roster, "a"), 1, "a", outcome, 0, at + 1, pause_after=2)
        roster, _ = r.tick(roster, at + 10_000)
        return roster.seats[1]

    assert call(LegOutcome.NO_ANSWER, 0).state is AgentState.AVAILABLE
    assert call(LegOutcome.CALLER_GONE, 20_000).missed == 1, "the caller's going is no miss"
    assert call(LegOutcome.LOST_RACE, 40_000).missed == 1
    seat = call(LegOutcome.REFUSED, 60_000)
    assert (seat.state, seat.reason) == (AgentState.PAUSED, r.MISSED_CALLS)
    roster, _ = r.wish(roster, 1, AgentState.AVAILABLE, None, 80_000)
    assert call(LegOutcome.NO_ANSWER, 90_000).state is AgentState.AVAILABLE, "the count begins anew"


def test_an_answer_ends_the_row() -> None:
    roster, _ = r.seek(floor(1), "a", center(), 0, 0)
    roster, _ = r.release(roster, 1, "a", LegOutcome.NO_ANSWER, 0, 1, pause_after=2)
    roster, _ = r.engage(roster, 1, "b", 2)
    roster, _ = r.release(roster, 1, "b", LegOutcome.ANSWERED, 0, 3, pause_after=2)
    assert roster.seats[1].missed == 0


def test_wrap_up_grows_by_a_minute_up_to_its_limit() -> None:
    roster = busy(floor(1), 1)
    roster, _ = r.release(roster, 1, "elsewhere", LegOutcome.ANSWERED, 5_000, 0)
    roster, _ = r.wish(roster, 1, AgentState.WRAP_UP, None, 1_000)
    assert roster.seats[1].wrap_up_until == 65_000
    for _ in range(30):
        roster, _ = r.wish(roster, 1, AgentState.WRAP_UP, None, 2_000)
    assert roster.seats[1].wrap_up_until == roster.rules.longest_wrap_up
    roster, _ = r.wish(roster, 1, AgentState.AVAILABLE, None, 3_000)
    assert (roster.seats[1].state, roster.seats[1].wrap_up_until) == (AgentState.AVAILABLE, None)
    assert r.wish(roster, 1, AgentState.WRAP_UP, None, 4_000) == (roster, []), "only after a call"


def test_a_pause_that_was_asked_for_on_a_call_outlives_the_engine() -> None:
    """Whether the call goes on or not: nobody who asked for a pause is rung because the engine died."""
    talking, _ = r.wish(busy(floor(1), 1), 1, AgentState.PAUSED, "almuerzo", 10)
    kept = talking.seats[1]
    assert kept.pause_wish == "almuerzo"

    roster, _ = r.restore(floor(), [kept], 100)
    assert (roster.seats[1].state, roster.seats[1].reason) == (AgentState.PAUSED, "almuerzo")
    roster, _ = r.connect(roster, 1, "s1", "10.0.0.1", 110)
    roster, _ = r.engage(roster, 1, "elsewhere", 120)
    assert roster.seats[1].state is AgentState.TALKING
    roster, _ = r.release(roster, 1, "elsewhere", LegOutcome.ANSWERED, 0, 200)
    assert (roster.seats[1].state, roster.seats[1].reason) == (AgentState.PAUSED, "almuerzo")


def test_a_party_that_goes_to_another_call_is_held_all_the_time() -> None:
    roster, decisions = r.hand_over(busy(floor(1), 1), 1, "elsewhere", "customer", 10)
    assert roster.seats[1].call == "customer"
    assert roster.seats[1].state is AgentState.TALKING
    assert [type(one) for one in decisions] == [r.SeatChanged]
    assert r.release(roster, 1, "elsewhere", LegOutcome.ANSWERED, 0, 20)[0].seats[1].call == "customer"
    assert r.hand_over(roster, 1, "nobody", "x", 30) == (roster, [])
    phone_only, _ = r.hold(floor(), 2, "elsewhere", 0, talking=True)
    assert r.hand_over(phone_only, 2, "elsewhere", "customer", 10)[0].calling == {2: ("customer",)}


def test_when_everybody_leaves_at_once_the_callers_are_not_asked_for_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A network that is away longer than the grace time: 200 desks are lost in one tick, and 100 callers wait."""
    many, waiting = 200, 100
    agents = {n: AgentRoute(n, f"Agente {n}", str(8_330_000 + n)) for n in range(1, many + 1)}
    route = center(agents=agents)
    roster = r.Roster(RoutingSnapshot(1, Account("Prueba"), {1: route}, agents, NumberTable.of(())))
    for agent in agents:
        roster, _ = r.connect(roster, agent, f"s{agent}", "127.0.0.1", 0)
        roster, _ = r.wish(roster, agent, AgentState.PAUSED, None, 0)
    for place in range(waiting):
        roster, _ = r.seek(roster, f"c{place}", route, place, place)
    for agent in agents:
        roster, _ = r.disconnect(roster, agent, 1_000)
    asked = 0
    could_come = r._could_come

    def counted(*arguments: Any) -> bool:
        nonlocal asked
        asked += 1
        return could_come(*arguments)

    monkeypatch.setattr(r, "_could_come", counted)

    roster, decisions = r.tick(roster, 1_000 + roster.rules.reconnect_grace)

    assert sum(isinstance(one, r.Nobody) for one in decisions) == waiting
    assert not roster.seekers
    assert asked <= many * (many + 1) / 2 + many
