"""Print jobs and their states: the only writer of `print_jobs`.

Owns: how a job goes from one state to the next, who may have it, when it is tried again and when no more.
Must not: print (`admin.printing`), compose slips, or know who may press a button.

Never twice. A worker claims a job for a short while and keeps the claim alive; before the first byte that could be
printed it notes `sending_at`. A worker that dies before that has printed nothing: its job is queued again. One that
dies after it leaves a job of which nobody knows: *unsure*, and a person decides. A printer prints one job at a time, in
the order in which they were asked for: the next one waits for the first, however long that one is tried.

docs/decisions/0031-print-jobs.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from peewee import JOIN, Database, fn

from models.db import is_postgresql, transaction
from models.tables import Agent, Printer, PrintJob, now
from models.tables.paper import PrinterKind
from models.tables.printing import PrintKind, PrintState
from models.values.slip import Slip

LEASE: Final = timedelta(seconds=20)
GIVE_UP: Final = timedelta(hours=2)  # nothing is printed that nobody waits for any more
CALL_LASTS: Final = timedelta(hours=24)  # a call may go on while its result waits to be printed
KEPT: Final = timedelta(days=30)
BACK_OFF: Final = tuple(timedelta(seconds=seconds) for seconds in (3, 5, 10, 20, 30, 60))
OPEN: Final = (PrintState.QUEUED, PrintState.PRINTING, PrintState.UNSURE, PrintState.FAILED)  # somebody may have to act


@dataclass(frozen=True, slots=True)
class Result:
    """How a try ended. `state` QUEUED: nothing was printed, and it may be tried again."""

    state: PrintState
    problem: str = ""
    detail: str = ""


def not_begun(problem: str, detail: str = "") -> Result:
    return Result(PrintState.QUEUED, problem, detail)


def unsure(problem: str, detail: str = "") -> Result:
    return Result(PrintState.UNSURE, problem, detail)


# ---------------------------------------------------------------- asking
def enqueue(
    kind: PrintKind, subject: object, key: str, slip: Slip | None, printer: Printer | None, agent: Agent | None
) -> PrintJob:
    """In the transaction that is open. The same `key` again is the job that is there, whatever became of it."""
    present = now()
    row = {
        "kind": kind, "subject": str(subject), "key": key, "printer": printer, "asked_by": agent,
        "created_at": present, "next_at": present, "give_up_at": present + (CALL_LASTS if slip is None else GIVE_UP),
        **_content(slip),
    }  # fmt: skip
    PrintJob.insert(row).on_conflict_ignore().execute()
    found: PrintJob = PrintJob.get(PrintJob.key == key)
    return found


def fill(job: PrintJob, slip: Slip) -> bool:
    """What was not known when the job was asked for."""
    present = now()
    changes = _content(slip) | {"next_at": present, "give_up_at": present + GIVE_UP}
    return _move(job.id, [PrintState.QUEUED], changes, PrintJob.slip.is_null())


def _content(slip: Slip | None) -> dict[str, Any]:
    return {"title": "", "slip": None} if slip is None else {"title": slip.title[:200], "slip": slip.as_json()}


def waiting_for_content() -> list[PrintJob]:
    rows = PrintJob.select().where(PrintJob.state == PrintState.QUEUED, PrintJob.slip.is_null())
    return list(rows.order_by(PrintJob.id).limit(100))


# ---------------------------------------------------------------- the worker's part
def claim_due(database: Database, claim: str) -> list[PrintJob]:
    """The next job of each printer that is free and has one; they are this worker's now."""
    oldest = PrintJob.alias()
    heads = (
        oldest.select(fn.MIN(oldest.id))
        .where(oldest.state == PrintState.QUEUED, oldest.slip.is_null(False))
        .group_by(oldest.printer)
    )
    due: Any = (
        PrintJob.select(PrintJob.id, PrintJob.printer)
        .join(Printer)
        .where(
            PrintJob.id.in_(heads), PrintJob.next_at <= now(), Printer.active, Printer.kind != PrinterKind.BROWSER,
            ~fn.EXISTS(_printing(PrintJob.printer)),
        )
    )  # fmt: skip
    return [job for key, printer in list(due.tuples()) if (job := _claimed(database, key, printer, claim)) is not None]


def _printing(printer: Any) -> Any:
    """What a worker has at a printer; what is open in a browser holds up nobody."""
    other = PrintJob.alias()
    return other.select(other.id).where(
        other.printer == printer, other.state == PrintState.PRINTING, other.claimed_until.is_null(False)
    )


def _claimed(database: Database, key: int, printer: int, claim: str) -> PrintJob | None:
    with transaction(database):
        if is_postgresql(database):  # two workers, one printer
            Printer.select(Printer.id).where(Printer.id == printer).for_update().execute()
        present = now()
        changes = {
            "state": PrintState.PRINTING, "claim": claim, "claimed_until": present + LEASE, "started_at": present,
            "sending_at": None, "ended_at": None, "attempts": PrintJob.attempts + 1,
        }  # fmt: skip
        if _printing(printer).exists() or not _move(key, [PrintState.QUEUED], changes):
            return None
        job: PrintJob = PrintJob.select(PrintJob, Printer).join(Printer).where(PrintJob.id == key).get()
        return job


def renew(keys: Iterable[int], claim: str) -> None:
    PrintJob.update(claimed_until=now() + LEASE).where(
        PrintJob.id.in_(list(keys)), PrintJob.claim == claim, PrintJob.state == PrintState.PRINTING
    ).execute()


def begin(key: int, claim: str) -> bool:
    """Noted before the first byte is sent that could be printed. False: the job is not this worker's any more."""
    present = now()
    rows = PrintJob.update(sending_at=present, claimed_until=present + LEASE).where(
        PrintJob.id == key, PrintJob.claim == claim, PrintJob.state == PrintState.PRINTING,
        PrintJob.claimed_until > present,
    )  # fmt: skip
    return int(rows.execute()) == 1


def note(key: int, claim: str, problem: str) -> None:
    """What holds up a job that is being printed, for whoever looks; "": nothing does any more."""
    _move(key, [PrintState.PRINTING], {"problem": problem}, PrintJob.claim == claim)


def settle(database: Database, key: int, claim: str, result: Result) -> None:
    """How a try ended. Who had the claim knows better than who only saw it run out: unsure may become printed."""
    with transaction(database):
        job = PrintJob.get_or_none(PrintJob.id == key, PrintJob.claim == claim)
        if job is None or job.state not in (PrintState.PRINTING, PrintState.UNSURE):
            return
        changes: dict[str, Any] = {
            "state": result.state, "problem": result.problem, "detail": result.detail[:200], "claimed_until": None
        }  # fmt: skip
        if result.state is PrintState.QUEUED:
            changes |= {"next_at": now() + delay(job.attempts), "sending_at": None}
            if changes["next_at"] > job.give_up_at:
                changes["state"] = PrintState.FAILED
        if changes["state"] is not PrintState.QUEUED:
            changes["ended_at"] = now()
        _move(key, [job.state], changes)


def delay(attempts: int) -> timedelta:
    """How long after that many tries."""
    return BACK_OFF[min(max(attempts, 1), len(BACK_OFF)) - 1]


def recover(database: Database) -> int:
    """Jobs whose worker is gone: unsure when it had begun to send, queued again when not. How many."""
    with transaction(database):
        gone: Any = PrintJob.select(PrintJob.id, PrintJob.sending_at).where(
            PrintJob.state == PrintState.PRINTING, PrintJob.claimed_until < now()
        )
        moved = 0
        for key, sending in list(gone.tuples()):
            present = now()
            changes: dict[str, Any] = {"problem": "worker_gone", "detail": "", "claimed_until": None}
            if sending is None:
                changes |= {"state": PrintState.QUEUED, "next_at": present}
            else:
                changes |= {"state": PrintState.UNSURE, "ended_at": present}
            moved += _move(key, [PrintState.PRINTING], changes, PrintJob.claimed_until < present)
        return moved


def sweep(database: Database) -> None:
    """Gives up what was not printed in time, and forgets what ended long ago. What a browser prints waits for a person,
    who is not hurried."""
    with transaction(database):
        late: Any = PrintJob.select(PrintJob.id).join(Printer, JOIN.LEFT_OUTER)
        late = late.where(PrintJob.state == PrintState.QUEUED, PrintJob.give_up_at < now())
        late = late.where(PrintJob.slip.is_null() | (Printer.kind != PrinterKind.BROWSER))
        for (key,) in list(late.tuples()):
            problem: Any = fn.COALESCE(fn.NULLIF(PrintJob.problem, ""), "too_late")
            _move(key, [PrintState.QUEUED], {"state": PrintState.FAILED, "problem": problem, "ended_at": now()})
        old = PrintJob.select(PrintJob.id).where(PrintJob.created_at < now() - KEPT).limit(1000)
        PrintJob.delete().where(PrintJob.id.in_(old), PrintJob.claimed_until.is_null()).execute()


# ---------------------------------------------------------------- a person's part: False when the page was out of date
def cancel(key: int, turn: int) -> bool:
    """What has not begun, or ended badly and is wanted no more."""
    changes = {"state": PrintState.CANCELLED, "ended_at": now()}
    return _move(key, [PrintState.QUEUED, PrintState.FAILED], changes, PrintJob.turn == turn)


def print_again(key: int, turn: int) -> bool:
    """What failed, was cancelled, or may not have come out: from the beginning, with as much time as a new one."""
    present = now()
    changes = {
        "state": PrintState.QUEUED, "attempts": 0, "problem": "", "detail": "", "next_at": present,
        "give_up_at": present + GIVE_UP, "sending_at": None, "ended_at": None, "claim": "",
    }  # fmt: skip
    states = [PrintState.FAILED, PrintState.CANCELLED, PrintState.UNSURE]
    return _move(key, states, changes, PrintJob.turn == turn)


def came_out(key: int, turn: int) -> bool:
    """A person looked: it is on the paper."""
    changes = {"state": PrintState.PRINTED, "problem": "", "detail": "", "ended_at": now()}
    return _move(key, [PrintState.UNSURE], changes, PrintJob.turn == turn)


def open_in_browser(key: int, turn: int) -> bool:
    """The page to print it from is on the screen of one person."""
    present = now()
    changes = {"state": PrintState.PRINTING, "started_at": present, "sending_at": present, "claimed_until": None}
    changes |= {"attempts": PrintJob.attempts + 1}
    return _move(key, [PrintState.QUEUED], changes, PrintJob.turn == turn, PrintJob.slip.is_null(False))


def close_in_browser(key: int, turn: int, printed: bool) -> bool:
    """*Se imprimió*, or not: then it waits again."""
    state = PrintState.PRINTED if printed else PrintState.QUEUED
    changes = {"state": state, "ended_at": now() if printed else None, "sending_at": None}
    return _move(key, [PrintState.PRINTING], changes, PrintJob.turn == turn, PrintJob.claimed_until.is_null())


def _move(key: int, states: Iterable[PrintState], changes: dict[str, Any], *more: Any) -> bool:
    """One job, if it is in one of `states` and all of `more` holds: decided by the database, so one of two wins."""
    query = PrintJob.update(turn=PrintJob.turn + 1, **changes)
    return int(query.where(PrintJob.id == key, PrintJob.state.in_(list(states)), *more).execute()) == 1


def is_of_browser(job: PrintJob) -> bool:
    printer: Any = job.printer
    return printer is None or printer.kind is PrinterKind.BROWSER
