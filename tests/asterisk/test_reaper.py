"""The reaper's proofs: each kind of leak is made on the real switch, ended, and its line, row and count say why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from switch.real_switch import RealSwitch
from switch.running_engine import RunningEngine
from switch.sipp import SippCaller
from switch.waiting import wait_until

from dialplan import names

pytestmark = pytest.mark.asterisk

ORPHAN = "centralita-1.7.agent.1"
BRIDGE = "centralita-1.8.bridge"


def proofs(engine: RunningEngine) -> dict[str, tuple[str, str, str]]:
    """Of each thing that was ended: its kind, its call and why."""
    rows = engine.rows("SELECT thing, kind, call_id, why FROM reaped")
    return {str(thing): (str(kind), str(call), str(why)) for thing, kind, call, why in rows}


def test_what_no_live_call_has_is_ended_and_proved(
    switch: RealSwitch, tmp_path: Path, sipp_caller: Callable[..., SippCaller]
) -> None:
    engine = RunningEngine(switch, tmp_path / "data")
    try:
        ana = engine.account.agent("Ana", "8330101")
        engine.account.call_center("Pizza", ["40001000"], [ana], max_wait_seconds=60)
        engine.start()
        desk = engine.desk(ana)
        desk.send({"type": "state", "state": "paused", "reason": "Almuerzo"})
        wait_until(lambda: desk.state == "paused", 20)
        caller = sipp_caller(switch, "40001000", seconds=60).start()
        [call] = wait_until(engine.calls, 20, "the call's record")

        engine.kill()
        # The caller of a closed call, a leg of no call, a bridge of no call.
        with engine.database.atomic("IMMEDIATE"):
            engine.database.execute_sql(
                "UPDATE calls SET outcome = 'failed', ended_at = offered_at, reason = 'engine_defect' WHERE id = ?",
                (call["id"],),
            )
        place = {"context": names.CONTEXT_DEMO_CALLER, "extension": names.DEMO_CALLER_EXTENSION, "priority": 1}
        endpoint = f"Local/{names.DEMO_CALLER_EXTENSION}@{names.CONTEXT_DEMO_CALLER}"
        made = switch.ari("POST", f"channels/{ORPHAN}", endpoint=endpoint, **place)
        assert made[0] == 200, made
        assert switch.ari("POST", f"bridges/{BRIDGE}", type="mixing")[0] == 200
        engine.start()

        found = wait_until(lambda: len(proofs(engine)) >= 3 and proofs(engine), 40, "three proofs")
        assert found == {
            call["id"]: ("channel", call["id"], "its_call_is_closed"),
            ORPHAN: ("channel", "centralita-1.7", "no_call_claims_it"),
            BRIDGE: ("bridge", "centralita-1.8", "no_call_claims_it"),
        }
        assert any(ORPHAN in line and "why=no_call_claims_it" in line for line in engine.log("event=reaped"))
        assert engine.control("GET", "/health")[1]["reaped"] == {"channel": 2, "bridge": 1, "seat": 0}
        switch.wait_quiet(20)
        caller.stop()
        assert engine.calls()[0]["reason"] == "engine_defect", "what is closed stays as it is"
    finally:
        engine.stop()
