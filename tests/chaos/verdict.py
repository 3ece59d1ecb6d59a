"""What must be true after it all: SIPp's own log against the call records.

Owns: reading both, and every violation in words. Must not: run anything.

    one CDR for each INVITE that got beyond 100 · none for a call that nobody made · none open
    nobody who talked was cut off, but by the switch's own death
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from chaos.troubles import Trouble
from switch.sipp import SipMessage

from models.values.call import Outcome

DIALLED_WITHIN = 5.0
"""Seconds from a phone's INVITE to its CDR's beginning, at most; a phone dials less often."""


@dataclass
class Heard:
    """One call as its caller saw it. Times in epoch seconds."""

    number: str
    invited_at: float = 0.0
    answers: list[int] = field(default_factory=list)
    beyond_100_at: float | None = None
    answered_at: float | None = None
    bye_from_us_at: float | None = None
    """The switch hung up."""


def heard(prefix: str, messages: Iterable[SipMessage]) -> list[Heard]:
    """SIPp's Call-ID begins with the call's number, which ends the calling number."""
    calls: dict[str, Heard] = {}
    for message in messages:
        if message.call_id not in calls:
            calls[message.call_id] = Heard(prefix + message.call_id.partition("-")[0])
        call = calls[message.call_id]
        line = message.start_line
        if message.sent and line.startswith("INVITE"):
            call.invited_at = call.invited_at or message.at
        elif not message.sent and line.startswith("SIP/2.0") and "INVITE" in message.cseq:
            status = int(line.split()[1])
            call.answers.append(status)
            if status > 100 and status != 401 and call.beyond_100_at is None:
                call.beyond_100_at = message.at
            if status == 200 and call.answered_at is None:
                call.answered_at = message.at
        elif not message.sent and line.startswith("BYE"):
            call.bye_from_us_at = call.bye_from_us_at or message.at
    return list(calls.values())


def judge(calls: Sequence[Heard], records: Sequence[dict[str, object]], troubles: Sequence[Trouble]) -> list[str]:
    """Every violation, in words."""
    wrong: list[str] = []
    by_number: dict[str, list[dict[str, object]]] = {}
    for record in records:
        by_number.setdefault(str(record["calling_number"]), []).append(record)
    for call in calls:
        found = by_number.pop(call.number, [])
        if call.beyond_100_at is not None and len(found) != 1:
            near = _near(troubles, call.invited_at)
            wrong.append(f"{call.number}: answers {call.answers}, {len(found)} CDRs {_short(found)}; {near}")
        elif len(found) > 1:
            wrong.append(f"{call.number}: got no further than 100, but has {len(found)} CDRs {_short(found)}")
        for record in found:
            if record["ended_at"] is None or record["outcome"] == Outcome.IN_PROGRESS.value:
                wrong.append(f"{call.number}: its CDR is open: {_short([record])}; {_near(troubles, call.invited_at)}")
            elif _cut_off(call, record, troubles):
                wrong.append(
                    f"{call.number}: talked from {call.answered_at}, was cut off at {call.bye_from_us_at}: "
                    f"{_short([record])}; {_near(troubles, call.bye_from_us_at or 0)}"
                )
    wrong += [f"nobody called as {number}: {_short(found)}" for number, found in by_number.items()]
    return wrong


def judge_dialled(
    endpoint: str, calls: Sequence[Heard], records: Sequence[dict[str, object]], troubles: Sequence[Trouble]
) -> list[str]:
    """Of a phone that dials one number again and again, one call after the other: told apart by their times."""
    wrong: list[str] = []
    left = sorted(records, key=lambda record: _seconds(record["offered_at"]))
    for call in sorted(calls, key=lambda call: call.invited_at):
        found = [one for one in left if -1 < _seconds(one["offered_at"]) - call.invited_at < DIALLED_WITHIN]
        left = [one for one in left if one not in found]
        if len(found) > 1 or (call.beyond_100_at is not None and not found):
            near = _near(troubles, call.invited_at)
            wrong.append(f"{endpoint} at {call.invited_at}: answers {call.answers}, CDRs {_short(found)}; {near}")
        for record in found:
            if record["ended_at"] is None:
                wrong.append(f"{endpoint}: its CDR is open: {_short([record])}")
            elif _cut_off(call, record, troubles):
                near = _near(troubles, call.bye_from_us_at or 0)
                wrong.append(f"{endpoint} talked from {call.answered_at}, was cut off: {_short([record])}; {near}")
    wrong += [f"{endpoint}: nobody dialled {_short([record])}" for record in left]
    return wrong


def _seconds(at: object) -> float:
    return float(str(at)) / 1000


def _cut_off(call: Heard, record: dict[str, object], troubles: Sequence[Trouble]) -> bool:
    """Agents never hang up here: a BYE of the switch to somebody who talked ended a conversation."""
    if call.answered_at is None or call.bye_from_us_at is None or record["answered_at"] is None:
        return False
    return not any(
        trouble.kind == "switch" and trouble.began < call.bye_from_us_at + 1 and trouble.ended > call.answered_at - 1
        for trouble in troubles
    )


def _short(records: Iterable[dict[str, object]]) -> str:
    names = ("id", "outcome", "reason", "offered_at", "answered_at", "ended_at", "talk_ms")
    return "; ".join(" ".join(f"{name}={record[name]}" for name in names) for record in records) or "none"


def _near(troubles: Sequence[Trouble], at: float) -> str:
    near = [trouble for trouble in troubles if trouble.began - 3 < at < trouble.ended + 8]
    return "near " + ", ".join(f"{one.kind} {one.began - at:+.1f}…{one.ended - at:+.1f} s" for one in near)


def count(records: Iterable[dict[str, object]]) -> str:
    outcomes = Counter(str(record["outcome"]) for record in records)
    return ", ".join(f"{name} {number}" for name, number in sorted(outcomes.items()))
