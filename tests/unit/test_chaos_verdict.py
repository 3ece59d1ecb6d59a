"""A verdict that never says no is none: each thing that chaos must find is found."""

from __future__ import annotations

import pytest
from chaos.troubles import Trouble
from chaos.verdict import Sound, Witnesses, heard, judge, judge_recordings
from switch.sipp import SipMessage

AT = 1_700_000_000.0
NOBODY = Witnesses()


def message(at: float, *, sent: bool, line: str, cseq: str = "CSeq: 1 INVITE") -> SipMessage:
    return SipMessage(AT + at, sent, "17-99@127.0.0.1", cseq, line)


INVITE = message(0, sent=True, line="INVITE sip:40001000@127.0.0.1 SIP/2.0")
TRYING = message(0.01, sent=False, line="SIP/2.0 100 Trying")
RINGING = message(0.02, sent=False, line="SIP/2.0 180 Ringing")
OK = message(1, sent=False, line="SIP/2.0 200 OK")
CUT = message(3, sent=False, line="BYE sip:71@127.0.0.1 SIP/2.0", cseq="CSeq: 2 BYE")


def record(**changes: object) -> dict[str, object]:
    answered = {"id": "c", "calling_number": "7117", "outcome": "answered", "reason": "", "offered_at": 1}
    return {**answered, "answered_at": 2, "ended_at": 3, "talk_ms": 1, **changes}


def test_all_is_well() -> None:
    assert judge(heard("71", [INVITE, TRYING, RINGING, OK]), [record()], [], NOBODY) == []
    assert judge(heard("71", [INVITE, TRYING]), [], [], NOBODY) == [], "it got no further than 100"


def test_a_lost_record_and_a_doubled_one() -> None:
    calls = heard("71", [INVITE, TRYING, RINGING])
    assert "0 CDRs" in judge(calls, [], [], NOBODY)[0]
    assert "2 CDRs" in judge(calls, [record(), record()], [], NOBODY)[0]


def test_only_the_last_moment_of_a_switch_without_an_engine_is_forgiven() -> None:
    calls = heard("71", [INVITE, TRYING, RINGING])
    dead, killed = Trouble("engine", AT - 4.5, AT - 4.4), Trouble("switch", AT + 0.02, AT + 1)
    assert judge(calls, [], [dead, killed], NOBODY) == []
    for troubles in (
        [killed],
        [dead],
        [dead, Trouble("switch", AT + 0.5, AT + 1)],
        [dead, Trouble("switch", AT - 2, AT)],
    ):
        assert "0 CDRs" in judge(calls, [], troubles, NOBODY)[0]
    assert "0 CDRs" in judge(calls, [], [dead, killed], Witnesses(log='"CHAN_START","","7117","40001000"'))[0]
    assert "0 CDRs" in judge(calls, [], [dead, killed], Witnesses(connected=[AT - 3]))[0], "an engine was there"
    assert judge(calls, [], [dead, killed], Witnesses('"7118"', [AT - 5, AT + 2])) == []


def test_an_open_record_and_one_of_nobody() -> None:
    calls = heard("71", [INVITE, RINGING])
    assert "is open" in judge(calls, [record(ended_at=None, outcome="in_progress")], [], NOBODY)[0]
    assert "nobody called as 555" in judge([], [record(calling_number="555")], [], NOBODY)[0]


def test_who_talked_was_cut_off() -> None:
    calls = heard("71", [INVITE, OK, CUT])
    assert "was cut off" in judge(calls, [record()], [Trouble("engine", AT + 2, AT + 2.5)], NOBODY)[0]
    assert judge(calls, [record()], [Trouble("switch", AT + 2, AT + 4)], NOBODY) == [], (
        "with the switch dies the conversation"
    )
    assert judge(calls, [record(outcome="engine_away", answered_at=None)], [], NOBODY) == [], (
        "the fallback's message ended"
    )


NAME = "centralita-1700000000.1.record.1"
PATH = f"2023/11/14/{NAME}.wav"
WHOLE = Sound("a" * 64, 44 + 16_000)
CALL = {"id": "centralita-1700000000.1", "answered_at": 1_700_000_000_000, "ended_at": 1_700_000_005_000}


def row(**changes: object) -> dict[str, object]:
    kept: dict[str, object] = {"name": NAME, "call_id": CALL["id"], "state": "kept", "problem": None}
    return {**kept, "sha256": WHOLE.sha256, "size": WHOLE.size, "duration_ms": 1_000, "ended_at": 1, **changes}


def call(**changes: object) -> dict[str, object]:
    return {**record(), **CALL, **changes}


def test_recordings_are_as_their_rows_say() -> None:
    assert judge_recordings([row()], {PATH: WHOLE}, [], [call()], []) == []
    assert judge_recordings([row(state="lost")], {}, [], [call()], []) == []
    assert judge_recordings([row(state="failed", problem="unreadable")], {}, [NAME], [call()], []) == []
    assert judge_recordings([], {}, [], [call(ended_at=1_700_000_001_000), call(answered_at=None)], []) == []
    near = Trouble("engine", AT + 2, AT + 3)
    assert judge_recordings([], {}, [], [call()], [near]) == [], "nobody was there to record it"


@pytest.mark.parametrize(
    ("rows", "files", "on_switch", "said"),
    [
        ([row(state="pending")], {}, [], "not settled"),
        ([row(state="deleted")], {}, [], "not settled"),
        ([row()], {}, [], "not what its row says"),
        ([row()], {PATH: Sound("b" * 64, WHOLE.size)}, [], "not what its row says"),
        ([row(size=50)], {PATH: WHOLE}, [], "not what its row says"),
        ([row(duration_ms=2_000)], {PATH: WHOLE}, [], "not what its row says"),
        ([row(state="lost")], {PATH: WHOLE}, [], "there it is"),
        ([row(state="failed")], {}, [], "no reason that has words"),
        ([row()], {PATH: WHOLE, "incoming/x": WHOLE}, [], "no row tells of: incoming/x"),
        ([row()], {PATH: WHOLE}, [NAME], "left on the switch"),
        ([], {}, [], "not recorded"),
    ],
)
def test_what_is_wrong_with_recordings(
    rows: list[dict[str, object]], files: dict[str, Sound], on_switch: list[str], said: str
) -> None:
    found = judge_recordings(rows, files, on_switch, [call()], [])
    assert len(found) == 1
    assert said in found[0]
