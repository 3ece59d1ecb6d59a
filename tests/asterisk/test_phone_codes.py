"""What agents do on the phone during a call, on the real switch: codes, REFER, hold by re-INVITE."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from switch.acting import Act, ActingPhone, keys
from switch.real_switch import RealSwitch
from switch.rtp_keys import RtpKeys
from switch.running_engine import Desk, RunningEngine, secret_of
from switch.sipp import SippCaller, SippPhone
from switch.waiting import wait_until

from models.values.recording import RecordingMode

pytestmark = pytest.mark.asterisk
Callers = Callable[..., SippCaller]
Phones = Callable[..., SippPhone]
Stages = Callable[..., "Stage"]
SLOW = 30.0


class Stage:
    """Ana, whose phone acts, talks with a caller; Beto is at his desk."""

    def __init__(
        self,
        engine: RunningEngine,
        switch: RealSwitch,
        callers: Callers,
        phones: Phones,
        folder: Path,
        acts: list[Act],
        recording: RecordingMode,
    ) -> None:
        self.engine, self.switch = engine, switch
        self.ana = engine.account.agent("Ana", "8330101")
        self.beto = engine.account.agent("Beto", "8330102")
        engine.account.call_center("Pizza", ["40001000"], [self.ana], ring_seconds=5, recording=recording)
        engine.start(seconds=60)
        self.desk: Desk = engine.desk(self.ana)
        self.theirs: Desk = engine.desk(self.beto)
        phones(switch, {"8330102": secret_of("8330102")}).online()
        self.phone = ActingPhone(folder, switch.sip, {"8330101": secret_of("8330101")}, acts)
        self.phone.online()
        self.caller = callers(switch, "40001000", talk_ms=60_000, seconds=90).start()
        self.desk.wait_phase("talking", SLOW)
        self.call_id = str(self.desk.pop["call_id"])

    def talk(self) -> dict[str, Any]:
        return dict(self.desk.pop.get("talk") or {})

    def over(self) -> list[dict[str, Any]]:
        """An administrator ends the call, if it goes on; its legs."""
        self.engine.control("POST", f"/calls/{self.call_id}/hangup", {"agent": None})
        wait_until(lambda: self.engine.closed(1), SLOW)
        return list(self.engine.legs())


@pytest.fixture
def stage(switch: RealSwitch, tmp_path: Path, sipp_caller: Callers, sipp_phone: Phones) -> Iterator[Stages]:
    made: list[Stage] = []

    def make(acts: list[Act], *, refer: bool = False, recording: RecordingMode = RecordingMode.OFF) -> Stage:
        engine = RunningEngine(switch, tmp_path / "data", sip_refer=refer)
        made.append(Stage(engine, switch, sipp_caller, sipp_phone, tmp_path / "acting", acts, recording))
        return made[-1]

    yield make
    for one in made:
        one.phone.stop()
        one.engine.stop()
    for endpoint in ("8330101", "8330102"):
        switch.remove_phone(endpoint)


def test_codes(stage: Stages) -> None:
    """Hold and back, a consultation, a conference: all from the phone."""
    acts = [*keys("*1", 500), *keys("*1", 1_500), *keys("*28330102#", 500), *keys("*5", 2_500)]
    one = stage(acts)

    wait_until(lambda: one.talk().get("on_hold"), SLOW, "on hold")
    wait_until(lambda: one.talk().get("on_hold") is False, SLOW, "and back")
    one.theirs.wait_phase("talking", SLOW)
    wait_until(lambda: one.talk().get("parties") == 3 and not one.talk().get("third"), SLOW, "a conference")
    wait_until(lambda: [len(b["channels"]) for b in one.switch.bridges()] == [3], SLOW, "all in one bridge")

    kinds = [(leg["kind"], leg["agent_id"], leg["reason"]) for leg in one.over() if leg["kind"] != "agent"]
    assert kinds == [
        ("hold", one.ana, "held_on_desk"), ("consult", one.ana, ""), ("conference", one.ana, "joined")
    ]  # fmt: skip


def test_a_blind_transfer_by_code(stage: Stages) -> None:
    one = stage(keys("*88330102#", 500))

    one.theirs.wait_phase("talking", SLOW)
    one.desk.wait_phase("ended", SLOW)
    wait_until(lambda: one.phone.saw("BYE", sent=False), SLOW, "Ana's phone is hung up")

    legs = one.over()
    assert [(leg["kind"], leg["agent_id"]) for leg in legs] == [
        ("agent", one.ana), ("agent", one.beto), ("transfer", one.ana)
    ]  # fmt: skip


def test_codes_by_rtp(stage: Stages) -> None:
    """As phones really send keys (RFC 4733): the recording, a consultation with its end, a blind transfer."""
    one = stage([], recording=RecordingMode.AGENT)
    phone = RtpKeys.of(one.phone.full_messages())

    def sees(state: str) -> None:
        wait_until(lambda: (one.talk().get("recording") or {}).get("state") == state, SLOW, f"recording {state}")

    try:
        sees("off")
        for state in ("on", "paused", "on"):
            phone.press("*7")
            sees(state)
        name = f"{one.call_id}.record.1"
        wait_until(lambda: one.switch.ari("GET", f"recordings/live/{name}")[1].get("state") == "recording", SLOW)
        phone.press("*28330102#")
        one.theirs.wait_phase("talking", SLOW)
        sees("waiting")
        phone.press("*4")
        one.theirs.wait_phase("ended", SLOW)
        sees("on")
        phone.press("*88330102#")
        wait_until(lambda: len(one.theirs.of("pop")) == 2, SLOW, "Beto's second call")
        one.theirs.wait_phase("talking", SLOW)
        one.desk.wait_phase("ended", SLOW)
    finally:
        phone.close()

    legs = [(leg["kind"], leg["agent_id"]) for leg in one.over()]
    assert legs.count(("consult", one.ana)) == 1
    assert legs.count(("transfer", one.ana)) == 1
    wait_until(lambda: one.engine.rows("SELECT 1 FROM recordings WHERE state = 'kept'"), SLOW, "it is kept")
    [(cuts,)] = one.engine.rows("SELECT cuts FROM recordings WHERE part = 1")
    assert [why for _, _, why in json.loads(cuts)][:2] == ["agent", "hold"]


def test_a_transfer_by_refer(stage: Stages) -> None:
    """First one that can't be, then an attended one, then one that can: the phone is told the truth of each."""
    one = stage([("refer", 300, "8339999"), ("attended", 1_500, "8330102"), ("refer", 1_500, "8330102")], refer=True)

    wait_until(lambda: len(one.desk.of("problem")) == 2, SLOW, "Ana is told why the first two are not done")
    problems = [str(told.message["code"]) for told in one.desk.of("problem")]
    assert problems[1] == "refer_unknown"
    one.theirs.wait_phase("talking", SLOW)
    one.desk.wait_phase("ended", SLOW)
    wait_until(lambda: one.phone.saw("BYE", sent=False), SLOW, "Ana's phone is hung up")
    told = one.phone.told()
    assert told[:6] == [
        "SIP/2.0 100 Trying", "SIP/2.0 603 Decline", "SIP/2.0 100 Trying", "SIP/2.0 603 Decline", "SIP/2.0 100 Trying",
        "SIP/2.0 200 OK",
    ]  # fmt: skip
    legs = one.over()
    assert [(leg["kind"], leg["agent_id"]) for leg in legs if leg["kind"] != "outside"] == [
        ("agent", one.ana), ("agent", one.beto), ("transfer", one.ana)
    ]  # fmt: skip


def test_hold_by_the_phone(stage: Stages) -> None:
    """A re-INVITE with sendonly (RFC 3264 section 8.4), and back. Before it a REFER, which is refused unless set."""
    one = stage([("refused", 100, "8330102"), ("media", 400, "sendonly"), ("media", 1_500, "sendrecv")])

    wait_until(lambda: one.talk().get("phone_holds"), SLOW, "the desk shows it")
    wait_until(lambda: one.talk().get("phone_holds") is False, SLOW, "and back")

    assert not one.desk.of("problem")
    assert not one.theirs.of("pop")
    [held] = [leg for leg in one.over() if leg["kind"] == "hold"]
    assert (held["agent_id"], held["reason"]) == (one.ana, "held_by_phone")
    assert 900 <= held["ended_at"] - held["offered_at"] <= 20_000
