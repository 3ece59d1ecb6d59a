"""The database is away while calls come in: nobody notices, and no record is lost or doubled.

Here for seconds; `make chaos` takes it away for a whole minute.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import postgres_server
import pytest
from switch.real_switch import RealSwitch
from switch.running_engine import RunningEngine, secret_of
from switch.sipp import SippCaller, SippPhone
from switch.waiting import wait_until

from models.values.call import Strategy

pytestmark = pytest.mark.asterisk

CALLS, RATE, TALK_MS, AGENTS = 40, 8, 500, 20
ENTRIES = 200
"""So many go into the journal: a call from its beginning to its end makes some twenty."""


@pytest.fixture
def server() -> Iterator[postgres_server.PostgresServer]:
    """A server of the test's own, to be stopped and started."""
    server = postgres_server.start()
    yield server
    server.stop()


def test_calls_go_on_without_the_database(
    server: postgres_server.PostgresServer,
    switch: RealSwitch,
    tmp_path: Path,
    sipp_caller: Callable[..., SippCaller],
    sipp_phone: Callable[..., SippPhone],
) -> None:
    engine = RunningEngine(switch, tmp_path / "data", server.url(server.create_database()))

    def records() -> dict[str, int]:
        told: dict[str, int] = engine.control("GET", "/health")[1]["records"]
        return told

    try:
        endpoints = [str(8330101 + place) for place in range(AGENTS)]
        agents = [engine.account.agent(f"Agente {endpoint}", endpoint) for endpoint in endpoints]
        engine.account.call_center("Pizza", ["40001000"], agents, strategy=Strategy.ROUND_ROBIN_MEMORY)
        engine.start()
        for agent in agents:
            engine.desk(agent)
        sipp_phone(switch, {endpoint: secret_of(endpoint) for endpoint in endpoints}, seconds=120).online()
        caller = sipp_caller(
            switch, "40001000", caller="7[call_number]", calls=CALLS, rate=RATE, talk_ms=TALK_MS, seconds=100
        ).start()
        wait_until(lambda: len(engine.calls()) >= RATE, 30, "the first calls")

        server.halt()
        halted = time.time()
        wait_until(lambda: records()["alarm"] == "database_away", 20)
        before = records()["journaled"]
        wait_until(lambda: records()["journaled"] - before > ENTRIES, 60, "calls that only the journal knows")
        server.resume()
        back = time.time()

        assert caller.wait(100).successful == CALLS, "no caller noticed"
        wait_until(lambda: records()["alarm"] is None, 30, "all is replayed")
        calls = engine.closed(CALLS, 30)
        assert {call["outcome"] for call in calls} == {"answered"}
        assert len({call["calling_number"] for call in calls}) == CALLS, "none lost, none doubled"
        assert [call for call in calls if halted * 1000 < call["offered_at"] < call["ended_at"] < back * 1000]
        stats = records()
        assert (stats["refused"], stats["torn"], stats["journal"], stats["lost"]) == (0, 0, 0, 0)
        told = wait_until(lambda: engine.rows("SELECT count(*) FROM call_events WHERE code = 'closed'") == [(CALLS,)])
        assert told, "each call's story came through the journal too, once"
    finally:
        engine.stop()
