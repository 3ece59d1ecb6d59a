"""A verdict that never says no is none: each thing that chaos must find is found."""

from __future__ import annotations

from chaos.troubles import Trouble
from chaos.verdict import heard, judge
from switch.sipp import SipMessage

AT = 1_700_000_000.0


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
    assert judge(heard("71", [INVITE, TRYING, RINGING, OK]), [record()], []) == []
    assert judge(heard("71", [INVITE, TRYING]), [], []) == [], "it got no further than 100"


def test_a_lost_record_and_a_doubled_one() -> None:
    calls = heard("71", [INVITE, TRYING, RINGING])
    assert "0 CDRs" in judge(calls, [], [])[0]
    assert "2 CDRs" in judge(calls, [record(), record()], [])[0]


def test_an_open_record_and_one_of_nobody() -> None:
    calls = heard("71", [INVITE, RINGING])
    assert "is open" in judge(calls, [record(ended_at=None, outcome="in_progress")], [])[0]
    assert "nobody called as 555" in judge([], [record(calling_number="555")], [])[0]


def test_who_talked_was_cut_off() -> None:
    calls = heard("71", [INVITE, OK, CUT])
    assert "was cut off" in judge(calls, [record()], [Trouble("engine", AT + 2, AT + 2.5)])[0]
    assert judge(calls, [record()], [Trouble("switch", AT + 2, AT + 4)]) == [], "with the switch dies the conversation"
    assert judge(calls, [record(outcome="engine_away", answered_at=None)], []) == [], "the fallback's message ended"
