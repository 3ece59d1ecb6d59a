"""The fixtures of the real switch, for every test folder: `switch`, `new_switch`, `sipp_caller`, `sipp_phone`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from switch.real_switch import RealSwitch
from switch.sipp import SippCaller, SippPhone

from centralita.asterisk_process import SwitchFailed
from centralita.embedded import AsteriskDist, find_or_fetch

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def asterisk_dist() -> AsteriskDist:
    """The Asterisk of this checkout, fetched once (a lock keeps xdist's workers apart).

    ASTERISK_TEST_DIST names another folder.
    """
    place = Path(os.environ.get("ASTERISK_TEST_DIST") or REPOSITORY / "var" / "asterisk-dist")
    return find_or_fetch(place)


def _started(dist: AsteriskDist, folder: Path, changes: dict[str, Any]) -> RealSwitch:
    for attempt in range(3):
        switch = RealSwitch(dist, folder / f"switch-{attempt}", **changes)
        try:
            return switch.start()
        except SwitchFailed:
            # Somebody took a port between our asking and Asterisk's binding it.
            if attempt == 2:
                raise
    raise AssertionError("unreachable")


@pytest.fixture(scope="session")
def session_switch(asterisk_dist: AsteriskDist, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSwitch]:
    """One Asterisk for all tests of this worker. Take `switch` instead, which checks what a test leaves behind."""
    switch = _started(asterisk_dist, tmp_path_factory.mktemp("switch"), {})
    yield switch
    switch.stop()


@pytest.fixture
def switch(session_switch: RealSwitch) -> Iterator[RealSwitch]:
    """The worker's Asterisk; after the test it must have no channel and no bridge."""
    yield session_switch
    try:
        session_switch.wait_quiet()
    finally:
        session_switch.hang_up_everything()


@pytest.fixture
def new_switch(asterisk_dist: AsteriskDist, tmp_path: Path) -> Iterator[Callable[..., RealSwitch]]:
    """Makes an Asterisk of the test's own, to be configured otherwise, killed or restarted."""
    made: list[RealSwitch] = []

    def make(**changes: Any) -> RealSwitch:
        made.append(_started(asterisk_dist, tmp_path / f"own-{len(made)}", changes))
        return made[-1]

    yield make
    for switch in made:
        switch.stop()


@pytest.fixture
def _sipp_folder(tmp_path: Path) -> Path:
    assert shutil.which("sipp"), "SIPp is missing: install the package sip-tester"
    return tmp_path / "sipp"


@pytest.fixture
def sipp_caller(_sipp_folder: Path) -> Iterator[Callable[..., SippCaller]]:
    """Makes callers: `sipp_caller(switch, "40001000", talk_ms=500)`; see SippCaller. Ended with the test."""
    made: list[SippCaller] = []

    def make(switch: RealSwitch, number: str, **options: Any) -> SippCaller:
        made.append(SippCaller(_sipp_folder, switch.sip, number, **options))
        return made[-1]

    yield make
    for caller in made:
        caller.stop() if caller.process else None


@pytest.fixture
def sipp_phone(_sipp_folder: Path) -> Iterator[Callable[..., SippPhone]]:
    """Makes phones: `sipp_phone(switch, {"8330101": "secret"})`; see SippPhone. Ended with the test."""
    made: list[SippPhone] = []

    def make(switch: RealSwitch, secrets: dict[str, str], **options: Any) -> SippPhone:
        made.append(SippPhone(_sipp_folder, switch.sip, secrets, **options))
        return made[-1]

    yield make
    for phone in made:
        phone.stop() if phone.process else None
