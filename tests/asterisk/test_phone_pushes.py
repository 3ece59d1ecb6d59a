"""The engine pushes the agents' phones: what changed, and only that; a refused address loses its registration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from switch.real_switch import RealSwitch
from switch.running_engine import RunningEngine, secret_of
from switch.sipp import SippPhone
from switch.waiting import wait_until

from models.tables import Agent

pytestmark = pytest.mark.asterisk

ENDPOINT = "asterisk/config/dynamic/res_pjsip/endpoint"


@pytest.fixture
def engine(switch: RealSwitch, tmp_path: Path) -> Iterator[RunningEngine]:
    engine = RunningEngine(switch, tmp_path / "data")
    yield engine
    engine.stop()
    for endpoint in ("8330101", "8330102"):
        switch.remove_phone(endpoint)


def _pushes(engine: RunningEngine, count: int) -> str:
    return wait_until(lambda: engine.log("event=phones_pushed ")[count - 1 : count], 5, f"push {count}")[0]


def test_an_engines_restart_touches_no_phone_and_a_change_only_its_own(
    engine: RunningEngine, switch: RealSwitch
) -> None:
    ana, _ = engine.account.agent("Ana", "8330101"), engine.account.agent("Beto", "8330102")
    engine.start()
    assert "pushed=2" in _pushes(engine, 1)
    engine.kill()
    engine.start()
    assert len(engine.log("event=phones_pushed ")) == 1, "nothing had to be pushed"

    with engine.database.bind_ctx([Agent]):
        Agent.update(name="Ana María").where(Agent.id == ana).execute()
    assert engine.control("POST", "/reload", {})[0] == 200
    third = _pushes(engine, 2)
    assert "pushed=1" in third
    assert "unchanged=1" in third
    # Not `pjsip show endpoint`: within milliseconds of a push it kills Asterisk 22.10 (there is no snapshot yet).
    assert "Ana María" in str(switch.ari("GET", f"{ENDPOINT}/8330101")[1])

    with engine.database.bind_ctx([Agent]):
        Agent.update(active=False).where(Agent.id == ana).execute()
    engine.control("POST", "/reload", {})
    assert "removed=1" in _pushes(engine, 3)
    assert [switch.ari("GET", f"{ENDPOINT}/{name}")[0] for name in ("8330101", "8330102")] == [404, 200]


def test_new_rules_unregister_the_phone_they_refuse_and_no_other(
    engine: RunningEngine, switch: RealSwitch, sipp_phone: Callable[..., SippPhone]
) -> None:
    for endpoint in ("8330101", "8330102"):
        engine.account.agent(f"Agente {endpoint}", endpoint)
    engine.start()
    _pushes(engine, 1)
    sipp_phone(switch, {"8330101": secret_of("8330101")}).register()
    sipp_phone(switch, {"8330102": secret_of("8330102")}, local_ip="127.0.0.2").register()

    engine.account.allow_only("127.0.0.2", "255.255.255.255")
    assert engine.control("POST", "/reload", {})[0] == 200

    assert "unregistered=1" in _pushes(engine, 2)
    assert switch.contact_of("8330101") == ""
    assert switch.contact_of("8330102") != ""
