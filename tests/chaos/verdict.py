"""What must be true after it all: SIPp's own log against the call records.

Owns: reading both, and every violation in words. Must not: run anything.

    one CDR for each INVITE that got beyond 100 · none for a call that nobody made · none open
    nobody who talked was cut off, but by the switch's own death
    each recording is there, whole, as its row says, or its row says why not · no file of which no row tells
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chaos.troubles import Trouble
from switch.sipp import SipMessage

from models import recordings
from models.values.call import Outcome
from models.values.recording import RecordingProblem, RecordingState

LAST_WORDS = 0.1
"""What Asterisk was told so shortly before it is killed may stand nowhere, if no engine was connected either: its log
is written by a thread of its own. Seen once: INVITE, 200 and SIGKILL within 6 ms, and not one line. Whatever did get
into that log has its CDR."""
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


@dataclass(frozen=True)
class Witnesses:
    """Who can have known of a call: the switch's own log (CEL), and when an engine got connected to it."""

    log: str = ""
    connected: Sequence[float] = ()


def judge(
    calls: Sequence[Heard],
    records: Sequence[dict[str, object]],
    troubles: Sequence[Trouble],
    witnesses: Witnesses,
) -> list[str]:
    """Every violation, in words."""
    wrong: list[str] = []
    by_number: dict[str, list[dict[str, object]]] = {}
    for record in records:
        by_number.setdefault(str(record["calling_number"]), []).append(record)
    for call in calls:
        found = by_number.pop(call.number, [])
        if call.beyond_100_at is not None and not found and _unseen(call, troubles, witnesses):
            continue
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


@dataclass(frozen=True)
class Sound:
    """A file as it lies there."""

    sha256: str
    size: int


RECORDED_FROM = 1.5
"""A conversation that lasted so long, in seconds, with nothing dying meanwhile, has a recording."""
WAV_HEADER, WAV_BYTES_A_SECOND = 44, 16_000


def sounds(data_dir: Path) -> dict[str, Sound]:
    """Every file below the folder of recordings, by its path there."""
    folder = data_dir / recordings.FOLDER
    return {
        str(path.relative_to(folder)): Sound(hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size)
        for path in folder.rglob("*")
        if path.is_file()
    }


def judge_recordings(
    rows: Sequence[Mapping[str, object]],
    files: Mapping[str, Sound],
    on_switch: Collection[str],
    calls: Sequence[Mapping[str, object]],
    troubles: Sequence[Trouble],
) -> list[str]:
    """`files`: by their path below the folder; `on_switch`: names; `calls`: CDRs of the call centers that record."""
    wrong: list[str] = []
    left = dict(files)
    for row in rows:
        name, state = str(row["name"]), str(row["state"])
        path = str(recordings.path_of(Path(), name).relative_to(recordings.FOLDER))
        sound = left.pop(path, None)
        near = _near(troubles, _seconds(row["ended_at"]))
        what = f"recording {name} is {state}, size={row['size']} duration_ms={row['duration_ms']} "
        what += f"problem={row['problem']}; its file: {sound}; {near}"
        match state:
            case RecordingState.KEPT:
                said = Sound(str(row["sha256"]), int(str(row["size"])))
                length = (said.size - WAV_HEADER) * 1000 // WAV_BYTES_A_SECOND
                if sound != said or length != row["duration_ms"]:
                    wrong.append(f"not what its row says: {what}")
            case RecordingState.LOST:
                if sound is not None:
                    wrong.append(f"lost, and there it is: {what}")
            case RecordingState.FAILED:
                if row["problem"] not in list(RecordingProblem) or sound is not None:
                    wrong.append(f"failed for no reason that has words: {what}")
            case _:
                wrong.append(f"not settled: {what}")
    kept_there = {str(row["name"]) for row in rows if row["state"] == RecordingState.FAILED}
    wrong += [f"a file that no row tells of: {path} ({sound.size} bytes)" for path, sound in left.items()]
    wrong += [f"left on the switch: recording {name}" for name in sorted(set(on_switch) - kept_there)]
    recorded = {str(row["call_id"]) for row in rows}
    for call in calls:
        if call["answered_at"] is None or call["id"] in recorded or call["ended_at"] is None:
            continue
        began, ended = _seconds(call["answered_at"]), _seconds(call["ended_at"])
        quiet = not any(trouble.began < ended + 1 and trouble.ended + 8 > began for trouble in troubles)
        if quiet and ended - began > RECORDED_FROM:
            wrong.append(f"not recorded: {_short([dict(call)])}")
    return wrong


def _seconds(at: object) -> float:
    return float(str(at)) / 1000


def _unseen(call: Heard, troubles: Sequence[Trouble], witnesses: Witnesses) -> bool:
    """It came in the switch's last moment, no engine was connected, and the switch's log has not a line of it."""
    if f'"{call.number}"' in witnesses.log:
        return False
    killed = [one.began for one in troubles if one.kind == "switch" and abs(one.began - call.invited_at) <= LAST_WORDS]
    gone = [one.began for one in troubles if one.kind.startswith("engine") and one.began < call.invited_at]
    if not killed or not gone:
        return False
    return not any(gone[-1] < connected < call.invited_at for connected in witnesses.connected)


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
