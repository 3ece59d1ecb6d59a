"""A ticket that falls due, the whole way: the process `jobs`, the engine's control API, the agents' websockets."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from switch.real_switch import RealSwitch
from switch.running_engine import RunningEngine
from switch.waiting import wait_until

from models.tables import Ticket, now

pytestmark = pytest.mark.asterisk


@pytest.fixture
def engine(switch: RealSwitch, tmp_path: Path) -> Iterator[RunningEngine]:
    engine = RunningEngine(switch, tmp_path / "data")
    yield engine
    engine.stop()


def test_its_agent_is_told_and_nobody_else(engine: RunningEngine) -> None:
    ana = engine.account.agent("Ana Ñandú", "8330101")
    beto = engine.account.agent("Beto", "8330102")
    engine.start()
    ana_s, beto_s = engine.desk(ana), engine.desk(beto)
    with engine.database.bind_ctx([Ticket]):
        ticket = Ticket.create(subject="Módem", agent=ana, due_at=now())
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CENTRALITA_")},
        "CENTRALITA_DATA_DIR": str(engine.settings.data_dir),
        "CENTRALITA_CONTROL_PORT": str(engine.settings.control_port),
    }
    jobs = subprocess.Popen([sys.executable, "-P", "-m", "admin.bulk.worker"], env=environment)
    try:
        told = ana_s.wait("news", 60)
    finally:
        jobs.terminate()
        jobs.wait(30)
    assert (told["topic"], told["about"]) == (
        "tickets", {"ticket": ticket.id, "what": "due", "by": None, "given": None},
    )  # fmt: skip
    assert engine.control("POST", "/news", {"agents": None, "topic": "messages", "about": {}})[0] == 202
    wait_until(lambda: beto_s.of("news"), 10)
    assert [heard.message["topic"] for heard in beto_s.of("news")] == ["messages"]
    assert engine.rows("SELECT due_told = due_at FROM tickets") == [(1,)]
