"""Recorded conversations from end to end: real switch, engine, SIPp with sound, the file beside its CDR.

The caller is a speaking clock: what is in a file tells when it was said. After each test: no channel, no bridge, and no
recording left on the switch.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import time
import wave
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from switch.real_switch import RealSwitch
from switch.running_engine import Desk, RunningEngine, secret_of
from switch.sipp import SippPhone
from switch.small_disk import SmallDisk, small_disk
from switch.speaking import SpeakingCaller, first_told, speaking_clock, told_time
from switch.waiting import wait_until
from web.receiver import Receiver

from admin.webhooks.delivering import Deliverer
from models.recordings import FOLDER, path_of
from models.tables import Webhook, WebhookDelivery, WebhookEvent
from models.values.recording import RecordingMode

pytestmark = [pytest.mark.asterisk, pytest.mark.quiet]

Phones = Callable[..., SippPhone]
CLOCK = speaking_clock()
PRECISE = 0.6
"""Seconds by which a file may differ from what was said: SIPp's start, orders on their way, a loaded machine."""


class Stage:
    """A caller who tells the time, and Ana."""

    def __init__(self, engine: RunningEngine, switch: RealSwitch, phones: Phones, folder: Path) -> None:
        self.engine = engine
        self.switch = switch
        self._phones = phones
        self._folder = folder
        self.ana = engine.account.agent("Ana", "8330101")
        self.desk: Desk

    def talk(self, mode: RecordingMode) -> SpeakingCaller:
        self.center = self.engine.account.call_center("Pizza", ["40001000"], [self.ana], recording=mode.value)
        self.engine.start()
        self.desk = self.engine.desk(self.ana)
        self._phones(self.switch, {"8330101": secret_of("8330101")}).online()
        caller = SpeakingCaller(
            self._folder, self.switch.sip, "40001000", caller="22223333", talk_ms=60_000, sound=CLOCK
        )
        caller.start()
        self.desk.wait_phase("talking", 20)
        self.call_id = str(self.desk.pop["call_id"])
        return caller

    def press(self, what: str, shows: str) -> None:
        self.desk.send({"type": what, "call_id": self.call_id})
        self.sees(shows)

    def sees(self, state: str) -> None:
        def told() -> str | None:
            return ((self.desk.pop.get("talk") or {}).get("recording") or {}).get("state")

        wait_until(lambda: told() == state, 20, f"recording {state}, not {told()}")

    def over(self) -> dict[str, Any]:
        self.desk.send({"type": "hangup", "call_id": self.call_id})
        [call] = self.engine.closed(1, 20)
        return call

    def parts(self, count: int) -> list[tuple[array[int], list[list[Any]], dict[str, Any]]]:
        """Of the kept recordings in their order: the samples, what is missing, the row."""
        columns = "name, call_id, part, state, sha256, size, duration_ms, began_at, ended_at, call_center_id, cuts"

        def kept() -> list[dict[str, Any]]:
            rows = self.engine.rows(f"SELECT {columns} FROM recordings ORDER BY part")
            found = [dict(zip(columns.split(", "), row, strict=True)) for row in rows]
            return found if len(found) == count and all(row["state"] == "kept" for row in found) else []

        found = []
        for row in wait_until(kept, 30, f"{count} recordings kept"):
            assert (row["call_id"], row["call_center_id"]) == (self.call_id, self.center)
            path = path_of(self.engine.settings.data_dir, row["name"])
            content = path.read_bytes()
            assert (hashlib.sha256(content).hexdigest(), len(content)) == (row["sha256"], row["size"])
            with wave.open(str(path)) as sound:
                assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
                samples = array("h", sound.readframes(sound.getnframes()))
            assert abs(len(samples) / 8 - row["duration_ms"]) < 10
            found.append((samples, json.loads(row["cuts"]), row))

        def on_switch() -> list[str]:
            names = [one["name"] for one in self.switch.ari("GET", "recordings/stored")[1]]
            return [name for name in names if self.call_id in name]

        wait_until(lambda: not on_switch(), 20, "none is left on the switch")
        return found


@pytest.fixture
def stage(switch: RealSwitch, tmp_path: Path, sipp_phone: Phones) -> Iterator[Stage]:
    engine = RunningEngine(switch, tmp_path / "data")
    yield Stage(engine, switch, sipp_phone, tmp_path / "sipp")
    engine.stop()
    switch.remove_phone("8330101")


def test_all_is_recorded_but_hold_and_what_the_agent_holds_back(stage: Stage) -> None:
    caller = stage.talk(RecordingMode.ALWAYS)
    stage.sees("on")
    time.sleep(1.5)  # something is said
    stage.press("pause_record", "paused")
    began = time.monotonic()
    time.sleep(2.0)  # the card number
    stage.press("resume_record", "on")
    paused = time.monotonic() - began
    time.sleep(1.0)
    assert stage.engine.control("POST", f"/calls/{stage.call_id}/stop_record", {"agent": None})[1]["error"] == (
        "always_recorded"
    )
    stage.press("hold", "waiting")
    began = time.monotonic()
    time.sleep(1.5)
    stage.press("unhold", "on")
    held = time.monotonic() - began
    time.sleep(1.0)
    call = stage.over()
    caller.stop()

    [(samples, cuts, row)] = stage.parts(1)
    length = len(samples) / 8000
    assert abs(length - (call["talk_ms"] / 1000 - paused - held)) < PRECISE
    assert [why for _, _, why in cuts] == ["agent", "hold"]
    for (_, lasted, _), measured in zip(cuts, (paused, held), strict=True):
        assert abs(lasted / 1000 - measured) < PRECISE
    assert abs(row["ended_at"] - row["began_at"] - call["talk_ms"]) < 1000 * PRECISE
    # The clock in the file jumps by what was held back, just where the row says so.
    place = cuts[0][0] / 1000
    jump = told_time(samples, place + 0.4) - told_time(samples, place - 0.6) - 1.0
    assert abs(jump - paused) < PRECISE + 0.5, "what was said meanwhile is not in the file"
    first = first_told(samples)
    assert abs(told_time(samples, place - 0.6) - told_time(samples, first) - (place - 0.6 - first)) < 1.0


def test_a_webhook_is_told_when_it_can_be_heard(stage: Stage) -> None:
    with Receiver() as receiver:
        with stage.engine.database.bind_ctx([Webhook, WebhookEvent]):
            hook = Webhook.create(name="ERP", url=receiver.url(), salt="s")
            for event in ("call.ended", "call.recorded"):
                WebhookEvent.create(webhook=hook, event=event)
        caller = stage.talk(RecordingMode.ALWAYS)
        stage.sees("on")
        stage.over()
        caller.stop()
        [(_, _, row)] = stage.parts(1)

        with stage.engine.database.bind_ctx([Webhook, WebhookDelivery]):
            deliverer = Deliverer(stage.engine.database, "key", (ipaddress.ip_network("127.0.0.0/8"),))
            deliverer.start()
            try:
                told = wait_until(lambda: len(receiver.of()) == 2 and receiver.of(), 20, "both are delivered")
            finally:
                deliverer.stop(20)
    data = {str(one.event): json.loads(one.body)["data"] for one in told}
    assert data["call.ended"]["id"] == stage.call_id
    assert data["call.recorded"] == {"id": stage.call_id, "recording": row["name"], "part": 1}


def test_parts_that_the_agent_chose_and_a_killed_engine_loses_nothing(stage: Stage) -> None:
    caller = stage.talk(RecordingMode.AGENT)
    stage.sees("off")
    stage.press("record", "on")
    time.sleep(1.0)
    stage.press("stop_record", "off")
    stage.press("record", "on")
    began = time.monotonic()
    time.sleep(0.5)
    stage.engine.kill()
    time.sleep(1.0)  # nobody is there, and it goes on
    stage.engine.start(30)
    stage.desk = stage.engine.desk(stage.ana)
    stage.sees("on")
    time.sleep(0.5)
    recorded = time.monotonic() - began
    stage.over()
    caller.stop()

    [(first, _, _), (second, cuts, _)] = stage.parts(2)
    assert abs(len(first) / 8000 - 1.0) < PRECISE
    assert cuts == []
    assert abs(len(second) / 8000 - recorded) < PRECISE
    told = told_time(second, recorded - 1.0) - told_time(second, 0.2)
    assert abs(told - (recorded - 1.2)) < 1.0, "the second part goes on through the engine's death"


def test_without_disk_the_call_goes_on_unrecorded_and_says_why(
    switch: RealSwitch, tmp_path: Path, sipp_phone: Phones
) -> None:
    engine = RunningEngine(switch, tmp_path / "data", recording_min_free_mb=10_000_000)
    stage = Stage(engine, switch, sipp_phone, tmp_path / "sipp")
    try:
        caller = stage.talk(RecordingMode.ALWAYS)
        stage.sees("no_space")
        assert engine.control("GET", "/health")[1]["recordings"]["enough"] is False
        call = stage.over()
        caller.stop()
        assert (call["outcome"], call["reason"]) == ("answered", "agent_hung_up")
        assert engine.rows("SELECT name FROM recordings") == []
        wait_until(lambda: engine.rows("SELECT 1 FROM call_events WHERE code = 'closed'"), 10, "its story")
        [(told,)] = engine.rows("SELECT detail FROM call_events WHERE code = 'not_done'")
        assert '"status":507' in told
        assert engine.log("recording_disk_full")
    finally:
        engine.stop()
        switch.remove_phone("8330101")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "data", 64) as made:
        yield made


@pytest.fixture
def small_stage(disk: SmallDisk, switch: RealSwitch, tmp_path: Path, sipp_phone: Phones) -> Iterator[Stage]:
    engine = RunningEngine(switch, disk.folder, recording_min_free_mb=8)
    yield Stage(engine, switch, sipp_phone, tmp_path / "sipp")
    engine.stop()
    switch.remove_phone("8330101")


def test_calls_go_on_while_the_disk_is_full_and_are_recorded_again_once_it_is_not(
    small_stage: Stage, disk: SmallDisk, tmp_path: Path
) -> None:
    stage, engine = small_stage, small_stage.engine

    # The database, the journal and the engine's own log lie on that disk too.
    def health() -> dict[str, Any]:
        return dict(engine.control("GET", "/health")[1]["recordings"])

    def files() -> list[Path]:
        """That pass for whole; what is tried meanwhile lies in a hidden folder."""
        return [path for path in (disk.folder / FOLDER).rglob("*.wav") if ".incoming" not in path.parts]

    first = stage.talk(RecordingMode.ALWAYS)
    stage.sees("on")
    disk.fill(engine.log_file)
    stage.sees("no_space")
    assert (health()["enough"], health()["free_mb"]) == (False, 0)
    assert files() == [], "its first part waits on the switch: nothing of it fits here"
    stage.desk.send({"type": "hangup", "call_id": stage.call_id})
    stage.desk.wait_phase("ended", 20)
    first.stop()

    second = SpeakingCaller(tmp_path / "second", stage.switch.sip, "40001000", caller="22224444", talk_ms=60_000)
    second.start()
    stage.desk.wait_phase("talking", 20)
    stage.call_id = str(stage.desk.pop["call_id"])
    stage.sees("no_space")
    assert files() == []

    disk.make_space()
    stage.sees("on")
    assert health()["enough"] is True
    stage.desk.send({"type": "hangup", "call_id": stage.call_id})
    calls = engine.closed(2, 30)
    second.stop()
    assert [(call["outcome"], call["reason"]) for call in calls] == [("answered", "agent_hung_up")] * 2

    def kept() -> list[tuple[Any, ...]]:
        rows = engine.rows("SELECT call_id, sha256, size, state FROM recordings ORDER BY began_at")
        return rows if len(rows) == 2 and all(row[3] == "kept" for row in rows) else []

    rows = wait_until(kept, 40, "a recording of each call")
    assert [row[0] for row in rows] == [call["id"] for call in calls]
    told = sorted((row[1], row[2]) for row in rows)
    assert sorted((hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size) for path in files()) == told
