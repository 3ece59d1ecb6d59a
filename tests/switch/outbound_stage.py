"""What the tests of calls that agents make share: a switch with a trunk to SIPp, an engine, phones.

Owns: the fixtures. Knows no expectation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from switch.fixtures import _started
from switch.outside import SippCarrier, SippDialler
from switch.real_switch import RealSwitch, free_port
from switch.running_engine import RunningEngine, secret_of
from switch.sipp import SippPhone

from centralita.embedded import AsteriskDist

Carriers = Callable[..., SippCarrier]
Diallers = Callable[..., SippDialler]
Phones = Callable[..., SippPhone]
ENDPOINTS = ("8330101", "8330102", "8330103")


@pytest.fixture(scope="module")
def trunk_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def module_switch(
    asterisk_dist: AsteriskDist, tmp_path_factory: pytest.TempPathFactory, trunk_port: int
) -> Iterator[RealSwitch]:
    folder = tmp_path_factory.mktemp("outbound")
    switch = _started(asterisk_dist, folder, {"trunk_host": f"127.0.0.1:{trunk_port}"})
    yield switch
    switch.stop()


@pytest.fixture
def out_switch(module_switch: RealSwitch) -> Iterator[RealSwitch]:
    """After the test it must have no channel and no bridge."""
    yield module_switch
    try:
        module_switch.wait_quiet()
    finally:
        module_switch.hang_up_everything()


@pytest.fixture
def out_engine(out_switch: RealSwitch, tmp_path: Path, trunk_port: int) -> Iterator[RunningEngine]:
    """Not started: the test makes its account first."""
    engine = RunningEngine(
        out_switch, tmp_path / "data", trunk_host=f"127.0.0.1:{trunk_port}", trunk_caller_id="22220000"
    )
    yield engine
    engine.stop()
    for endpoint in ENDPOINTS:
        out_switch.remove_phone(endpoint)


@pytest.fixture
def out_phone(out_switch: RealSwitch, sipp_phone: Phones) -> Callable[..., SippPhone]:
    def make(*endpoints: str, **options: Any) -> SippPhone:
        return sipp_phone(out_switch, {endpoint: secret_of(endpoint) for endpoint in endpoints}, **options).online()

    return make


@pytest.fixture
def carrier(out_switch: RealSwitch, _sipp_folder: Path, trunk_port: int) -> Iterator[Carriers]:
    made: list[SippCarrier] = []

    def make(**options: Any) -> SippCarrier:
        made.append(SippCarrier(_sipp_folder, out_switch.sip, trunk_port, **options))
        return made[-1].start()  # type: ignore[return-value]

    yield make
    for each in made:
        each.stop()


@pytest.fixture
def dialler(out_switch: RealSwitch, _sipp_folder: Path) -> Iterator[Diallers]:
    made: list[SippDialler] = []

    def make(endpoint: str, number: str, **options: Any) -> SippDialler:
        made.append(SippDialler(_sipp_folder, out_switch.sip, endpoint, secret_of(endpoint), number, **options))
        return made[-1].start()  # type: ignore[return-value]

    yield make
    for each in made:
        each.stop()
