"""Agents whom a call holds that is not there: given back, with a proof, and only when seen twice."""

from __future__ import annotations

from typing import Any

import pytest

from ari_app.core.roster import Rules
from ari_app.floor import Floor
from ari_app.reaper import Reaper
from models.values.call import AgentState
from models.values.ip import IpRules
from models.values.routing import Account, AgentRoute, RoutingSnapshot
from models.values.story import ReapedThing, ReapReason

SNAPSHOT = RoutingSnapshot(1, Account("Prueba"), {}, {3: AgentRoute(3, "Ana", "8330103")}, ip_rules=IpRules())


class Nowhere:
    """Screens and attendance that nobody looks at."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **more: None


@pytest.fixture
def floor() -> Floor:
    floor = Floor(SNAPSHOT, Rules(), tell=lambda call, event: True, screens=Nowhere(), attendance=Nowhere())
    floor.connect(3, "s1", "127.0.0.1")
    floor.engage(3, "centralita-1.1")
    return floor


def test_a_seat_held_by_no_call_is_freed_and_explained(floor: Floor) -> None:
    proofs: list[ReapedThing] = []
    reaper = Reaper(None, proofs.append)  # type: ignore[arg-type]
    assert reaper.free_seats(floor, ()) == 0, "once may be a call that is just being made or forgotten"
    assert reaper.free_seats(floor, ()) == 1
    seat = floor.seat(3)
    assert seat is not None
    assert (seat.call, seat.state) == (None, AgentState.AVAILABLE)
    [proof] = proofs
    assert (proof.thing, proof.kind, proof.call_id, proof.why) == (
        "agent 3",
        "seat",
        "centralita-1.1",
        ReapReason.HELD_BY_NO_CALL,
    )
    assert reaper.counts["seat"] == 1
    assert reaper.free_seats(floor, ()) == 0


def test_a_seat_held_by_a_live_call_is_left_alone(floor: Floor) -> None:
    reaper = Reaper(None, lambda thing: pytest.fail(f"{thing}"))  # type: ignore[arg-type]
    for _ in range(3):
        assert reaper.free_seats(floor, {"centralita-1.1"}) == 0
    for live in ((), {"centralita-1.1"}, ()):
        assert reaper.free_seats(floor, live) == 0, "twice, but not in a row"
