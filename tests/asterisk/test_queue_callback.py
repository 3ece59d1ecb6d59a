"""A caller leaves the queue for a callback that keeps the place: the agent is rung when it comes, then the customer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from switch.real_switch import RealSwitch
from switch.running_engine import RunningEngine, secret_of
from switch.sipp import SippCaller, SippPhone
from switch.waiting import wait_until

pytestmark = pytest.mark.asterisk

Callers = Callable[..., SippCaller]
Phones = Callable[..., SippPhone]


@pytest.fixture
def engine(switch: RealSwitch, tmp_path: Path) -> Iterator[RunningEngine]:
    engine = RunningEngine(switch, tmp_path / "data")
    yield engine
    engine.stop()
    switch.remove_phone("8330101")


def requests(engine: RunningEngine) -> list[tuple[Any, ...]]:
    return engine.rows("SELECT number, state, attempts, kept_since FROM callback_requests")


def back_is_talking(engine: RunningEngine, call_id: str) -> bool:
    return any(one["call_id"] == call_id and one["phase"] == "talking" for one in engine.control("GET", "/calls")[1])


def test_the_place_is_kept_and_the_customer_called(
    engine: RunningEngine, switch: RealSwitch, sipp_caller: Callers, sipp_phone: Phones
) -> None:
    ana = engine.account.agent("Ana", "8330101")
    center = engine.account.call_center("Pizza", ["40001000"], [ana], music="default", callback_key="1")
    engine.start()
    desk = engine.desk(ana)
    desk.send({"type": "state", "state": "paused", "reason": "Almuerzo"})
    wait_until(lambda: desk.state == "paused")
    asks = sipp_caller(switch, "40001000", behaviour="key", digit="1", caller="88887777", talk_ms=30_000).start()
    assert asks.wait(40).successful == 1
    [call] = engine.closed(1)
    assert (call["outcome"], call["reason"]) == ("callback", "asked_for_callback")
    [(number, state, _, kept_since)] = wait_until(lambda: requests(engine), 10, "the request")
    assert (number, state) == ("88887777", "pending")
    assert kept_since >= call["offered_at"]

    # One who came later waits behind it.
    later = sipp_caller(switch, "40001000", caller="22220002", talk_ms=60_000, seconds=90).start()
    wait_until(lambda: len(engine.control("GET", "/calls")[1]) == 1, 10, "the other waits")
    sipp_phone(switch, {"8330101": secret_of("8330101")}).online()
    desk.send({"type": "state", "state": "available"})
    back = wait_until(
        lambda: [one for one in engine.calls() if one["direction"] == "outbound"], 15, "the customer is called back"
    )[0]
    wait_until(lambda: desk.state == "talking", 10, "the agent is on the line first")
    assert (back["called_number"][-8:], back["call_center_id"]) == ("88887777", center)
    assert [one["phase"] for one in engine.control("GET", "/calls")[1] if one["calling_number"] == "22220002"] == [
        "waiting"
    ]
    wait_until(lambda: back_is_talking(engine, back["id"]), 15, "they talk")
    engine.control("POST", f"/calls/{back['id']}/hangup", {})
    wait_until(lambda: requests(engine)[0][1:3] == ("done", 1), 15, "the request is done")
    wait_until(lambda: desk.pop.get("calling_number") == "22220002" and desk.state == "talking", 20, "then the other")
    engine.control("POST", f"/calls/{desk.pop['call_id']}/hangup", {})
    later.wait(30)
    outcomes = {call["calling_number"]: call["outcome"] for call in engine.closed(3, 20)}
    assert outcomes == {"88887777": "callback", "8330101": "answered", "22220002": "answered"}
