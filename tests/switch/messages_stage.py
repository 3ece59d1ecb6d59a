"""What the tests of SIP messages share: a switch whose trunk carries them, and SIPp at its other end.

Owns: the fixtures. Knows no expectation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from switch.fixtures import _started
from switch.real_switch import RealSwitch, free_port
from switch.running_engine import RunningEngine
from switch.texting import SippTaker, SippWriter

from centralita.embedded import AsteriskDist
from dialplan import names

Writers = Callable[..., SippWriter]
Takers = Callable[..., SippTaker]


@pytest.fixture(scope="module")
def message_ports() -> dict[str, int]:
    return {"trunk": free_port(), "control": free_port()}


@pytest.fixture(scope="module")
def carrying_switch(
    asterisk_dist: AsteriskDist, tmp_path_factory: pytest.TempPathFactory, message_ports: dict[str, int]
) -> Iterator[RealSwitch]:
    """One whose trunk carries messages, with the carrier's password."""
    switch = _started(asterisk_dist, tmp_path_factory.mktemp("messages"), {
        "trunk_host": f"127.0.0.1:{message_ports['trunk']}", "trunk_user": "account", "trunk_secret": "secret",
        "messages": True, "watch_port": message_ports["control"], "demo": False,
    })  # fmt: skip
    yield switch
    switch.stop()


def carrying_engine(
    switch: RealSwitch, ports: dict[str, int], data_dir: Path, database_url: str = "", **settings: Any
) -> RunningEngine:
    """Not started."""
    engine = RunningEngine(
        switch, data_dir, database_url, control_port=ports["control"], trunk_messages=True,
        trunk_host=f"127.0.0.1:{ports['trunk']}", demo=False, **settings,
    )  # fmt: skip
    engine.settings.spool_dir.mkdir(parents=True)
    (engine.settings.spool_dir / names.MESSAGES_FOLDER).symlink_to(switch.config.inbox)
    return engine


@pytest.fixture
def writer(carrying_switch: RealSwitch, _sipp_folder: Path) -> Iterator[Writers]:
    """`writer(number, text)`: somebody outside writes to a number of ours."""
    made: list[SippWriter] = []

    def make(number: str, text: str, **options: Any) -> SippWriter:
        made.append(SippWriter(_sipp_folder, carrying_switch.sip, number, text, **options))
        made[-1].call()
        return made[-1]

    yield make
    for each in made:
        each.stop()


@pytest.fixture
def taker(carrying_switch: RealSwitch, _sipp_folder: Path, message_ports: dict[str, int]) -> Iterator[Takers]:
    """`taker(answer=…)`: the carrier, at the trunk's other end."""
    made: list[SippTaker] = []

    def make(**options: Any) -> SippTaker:
        made.append(SippTaker(_sipp_folder, carrying_switch.sip, message_ports["trunk"], **options))
        return made[-1].start()  # type: ignore[return-value]

    yield make
    for each in made:
        each.stop()
