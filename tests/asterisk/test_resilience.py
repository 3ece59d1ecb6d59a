"""What must survive: the engine killed, the switch restarted, the websocket cut. Calls go on, CDRs tell the truth."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from switch.real_switch import RealSwitch
from switch.running_engine import RunningEngine, secret_of
from switch.sipp import SippCaller, SippPhone
from switch.waiting import wait_until
from switch.wire_thread import WireInThread

from models.values.call import Strategy

pytestmark = pytest.mark.asterisk

Callers = Callable[..., SippCaller]
Phones = Callable[..., SippPhone]
TALKING = 50
SHORT_MS, LONG_MS = 5_000, 17_000


@pytest.fixture
def own_switch(new_switch: Callable[..., RealSwitch]) -> Iterator[RealSwitch]:
    """A switch of the test's own; at its end nothing is left on it."""
    switch = new_switch()
    yield switch
    switch.wait_quiet()


@pytest.fixture
def engine(own_switch: RealSwitch, tmp_path: Path) -> Iterator[RunningEngine]:
    engine = RunningEngine(own_switch, tmp_path / "data")
    yield engine
    engine.stop()


def _endpoints(count: int) -> list[str]:
    return [str(8330101 + place) for place in range(count)]


def test_killing_the_engine_ends_no_conversation(
    engine: RunningEngine, own_switch: RealSwitch, sipp_caller: Callers, sipp_phone: Phones
) -> None:
    endpoints = _endpoints(TALKING)
    agents = [engine.account.agent(f"Agente {endpoint}", endpoint) for endpoint in endpoints]
    engine.account.call_center("Pizza", ["40001000"], agents, strategy=Strategy.ROUND_ROBIN_MEMORY)
    engine.start()
    desks = [engine.desk(agent) for agent in agents]
    sipp_phone(own_switch, {endpoint: secret_of(endpoint) for endpoint in endpoints}).online()

    # Half of the conversations end while the engine is away, half after it is back.
    short = sipp_caller(own_switch, "40001000", calls=TALKING // 2, rate=20, talk_ms=SHORT_MS, seconds=60).start()
    long = sipp_caller(own_switch, "40001000", calls=TALKING // 2, rate=20, talk_ms=LONG_MS, seconds=60).start()
    wait_until(lambda: sum(desk.state == "talking" for desk in desks) == TALKING, 10, "all talk")
    wait_until(lambda: [bool(call["answered_at"]) for call in engine.calls()] == [True] * TALKING, 10, "all written")
    before = {call["id"]: call for call in engine.calls()}

    engine.kill()
    killed_at = time.time()
    away = sipp_caller(own_switch, "40001000", caller="60000000", talk_ms=20_000, seconds=30)
    away.call()  # the fallback spoke and hung up
    assert away.saw("BYE", sent=False)
    assert short.wait(20).successful == TALKING // 2, "nobody was cut off"

    engine.start()
    restarted_at = time.time()
    reconnected = engine.desk(agents[0])
    assert len(own_switch.bridges()) == TALKING // 2, "those who talk go on talking"
    # An agent who still talks has the pop again; one whose call ended meanwhile takes the next call.
    wait_until(lambda: reconnected.state in ("available", "talking"))
    assert long.wait(30).successful == TALKING // 2, "nobody was cut off"

    calls = engine.closed(TALKING + 1, 15)
    assert len({call["id"] for call in calls}) == TALKING + 1
    talked = [call for call in calls if call["calling_number"] != "60000000"]
    assert {call["outcome"] for call in talked} == {"answered"}
    for call in talked:
        long_call = call["ended_at"] / 1000 > restarted_at
        expected = LONG_MS if long_call else SHORT_MS
        assert abs(call["talk_ms"] - expected) < 700, call
        assert call["answered_at"] == before[call["id"]]["answered_at"]
        assert call["agent_id"] in agents
        assert call["cost"] == 30_000_000
    [attempt] = [call for call in calls if call["calling_number"] == "60000000"]
    assert (attempt["outcome"], attempt["called_number"]) == ("engine_away", "40001000")
    assert attempt["offered_at"] / 1000 > killed_at
    ended_unseen = [call for call in talked if call["reason"] == "ended_while_the_engine_was_away"]
    assert len(ended_unseen) == TALKING // 2


@pytest.mark.quiet
def test_new_calls_pop_within_three_seconds_of_a_kill(
    engine: RunningEngine, own_switch: RealSwitch, sipp_caller: Callers, sipp_phone: Phones
) -> None:
    ana = engine.account.agent("Ana", "8330101")
    engine.account.call_center("Pizza", ["40001000"], [ana])
    engine.start()
    engine.desk(ana)
    sipp_phone(own_switch, {"8330101": secret_of("8330101")}).online()

    engine.kill()
    restarted = time.monotonic()
    engine.start()
    desk = engine.desk(ana)
    sipp_caller(own_switch, "40001000", talk_ms=300).call()

    assert desk.of("pop")[0].at - restarted < 3.0
    assert desk.state in ("available", "talking")
    [call] = engine.closed(1)
    assert call["outcome"] == "answered"


def test_a_caller_who_waits_keeps_waiting(
    engine: RunningEngine, own_switch: RealSwitch, sipp_caller: Callers, sipp_phone: Phones
) -> None:
    ana = engine.account.agent("Ana", "8330101")
    engine.account.call_center("Pizza", ["40001000"], [ana], max_wait_seconds=60)
    engine.start()
    desk = engine.desk(ana)
    desk.send({"type": "state", "state": "paused", "reason": "Almuerzo"})
    wait_until(lambda: desk.state == "paused")
    sipp_phone(own_switch, {"8330101": secret_of("8330101")}).online()
    caller = sipp_caller(own_switch, "40001000", talk_ms=300).start()
    wait_until(lambda: engine.calls())
    offered_at = engine.calls()[0]["offered_at"]

    engine.kill()
    engine.start()
    desk = engine.desk(ana)
    assert desk.state == "paused", "a pause outlives the engine"
    desk.send({"type": "state", "state": "available"})

    assert caller.wait().successful == 1
    [call] = engine.closed(1)
    assert call["outcome"] == "answered"
    assert call["offered_at"] == offered_at
    story = wait_until(lambda: _whole_story(engine), 5, "the story's end")
    assert [ordinal for ordinal, _ in story] == list(range(1, len(story) + 1)), "it goes on where it was"
    codes = [code for _, code in story]
    assert codes[0] == "arrived"
    assert "nobody_free" in codes[: codes.index("adopted")]
    assert codes.index("adopted") < codes.index("leg_answered") < codes.index("joined")


def _whole_story(engine: RunningEngine) -> list[tuple[int, str]]:
    """The only call's story, when it is closed."""
    story = engine.rows("SELECT ordinal, code FROM call_events ORDER BY ordinal")
    return [(int(ordinal), str(code)) for ordinal, code in story] if "closed" in [code for _, code in story] else []


def test_the_switch_is_restarted_under_a_call(
    engine: RunningEngine, own_switch: RealSwitch, sipp_caller: Callers, sipp_phone: Phones
) -> None:
    ana = engine.account.agent("Ana", "8330101")
    engine.account.call_center("Pizza", ["40001000"], [ana])
    engine.start()
    desk = engine.desk(ana)
    phone = sipp_phone(own_switch, {"8330101": secret_of("8330101")}).online()
    first = sipp_caller(own_switch, "40001000", talk_ms=30_000, seconds=40).start()
    wait_until(lambda: desk.state == "talking")
    time.sleep(1.0)  # they talk

    own_switch.kill()
    own_switch.start()

    wait_until(lambda: desk.state == "available", 15, "the agent is free again")
    first.stop()
    [call] = engine.closed(1, 10)
    assert call["outcome"] == "answered"
    assert 900 <= call["talk_ms"] <= 4_000
    # And it takes calls again, without anybody doing anything.
    phone.stop()
    sipp_phone(own_switch, {"8330101": secret_of("8330101")}).online()
    wait_until(engine.is_ready, 10)
    sipp_caller(own_switch, "40001000", talk_ms=300).call()
    assert [call["outcome"] for call in engine.closed(2)] == ["answered", "answered"]


def test_the_websocket_is_cut_while_they_talk(
    own_switch: RealSwitch, tmp_path: Path, sipp_caller: Callers, sipp_phone: Phones
) -> None:
    with WireInThread("127.0.0.1", own_switch.config.ari_port) as wire:
        engine = RunningEngine(own_switch, tmp_path / "data", ari_port=wire.port)
        try:
            agents = [engine.account.agent(f"Agente {endpoint}", endpoint) for endpoint in _endpoints(2)]
            engine.account.call_center("Pizza", ["40001000"], agents, strategy=Strategy.ROUND_ROBIN_MEMORY)
            engine.start()
            desks = [engine.desk(agent) for agent in agents]
            sipp_phone(own_switch, {endpoint: secret_of(endpoint) for endpoint in _endpoints(2)}).online()
            short = sipp_caller(own_switch, "40001000", caller="1001", talk_ms=1_500).start()
            wait_until(lambda: desks[0].state == "talking")
            long = sipp_caller(own_switch, "40001000", caller="1002", talk_ms=5_000).start()
            wait_until(lambda: desks[1].state == "talking")

            wire.refuse()
            wire.cut()
            assert short.wait().successful == 1
            ended = time.time()
            wire.accept()

            assert long.wait().successful == 1
            calls = engine.closed(2, 10)
            assert [call["outcome"] for call in calls] == ["answered", "answered"]
            assert abs(calls[0]["talk_ms"] - 1_500) < 400, "its true end, though nobody saw it"
            assert abs(calls[1]["talk_ms"] - 5_000) < 400
            assert calls[0]["ended_at"] / 1000 < ended + 0.5
            wait_until(lambda: [desk.state for desk in desks] == ["available", "available"])
        finally:
            engine.stop()


def test_the_database_is_locked_for_a_while(
    engine: RunningEngine, own_switch: RealSwitch, sipp_caller: Callers, sipp_phone: Phones
) -> None:
    ana = engine.account.agent("Ana", "8330101")
    engine.account.call_center("Pizza", ["40001000"], [ana])
    engine.start()
    engine.desk(ana)
    sipp_phone(own_switch, {"8330101": secret_of("8330101")}).online()
    locked = threading.Event()

    def hold() -> None:
        with engine.database.connection_context(), engine.database.atomic("IMMEDIATE"):
            locked.set()
            time.sleep(8)  # longer than the writer waits

    holder = threading.Thread(target=hold)
    holder.start()
    assert locked.wait(5)
    sipp_caller(own_switch, "40001000", talk_ms=300).call()
    sipp_caller(own_switch, "40001000", talk_ms=300).call()
    holder.join()

    assert [call["outcome"] for call in engine.closed(2, 15)] == ["answered", "answered"]
