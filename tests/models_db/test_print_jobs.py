"""The states of print jobs on both databases: asked for once, claimed once, never printed twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from peewee import Database

from models import db, print_jobs
from models.print_jobs import Result, not_begun, unsure
from models.tables import Printer, PrintJob, PrintKind, PrintState, now
from models.tables.paper import PrinterKind
from models.values.slip import Slip

SLIP = Slip("Pedido", "hoy", [("Cliente", "Íñigo")])


@pytest.fixture
def kitchen(database: Database) -> Printer:
    return Printer.create(name="Cocina", kind=PrinterKind.ESCPOS, host="127.0.0.1", port=9100)


def ask(printer: Printer | None, key: str = "k.1", slip: Slip | None = SLIP) -> PrintJob:
    return print_jobs.enqueue(PrintKind.TEST, "1", key, slip, printer, None)


def state(job: PrintJob) -> tuple[PrintState, str]:
    row = PrintJob.get_by_id(job.id)
    return row.state, row.problem


def lapse(job: PrintJob) -> None:
    """The worker gave no sign of life for too long."""
    PrintJob.update(claimed_until=now() - timedelta(seconds=1)).where(PrintJob.id == job.id).execute()


def turn(job: PrintJob) -> int:
    return int(PrintJob.get_by_id(job.id).turn)


def test_asked_for_twice_it_is_there_once_as_it_was(database: Database, kitchen: Printer) -> None:
    first = ask(kitchen)
    again = ask(kitchen, slip=Slip("Otro", "", []))
    assert again.id == first.id
    assert PrintJob.select().count() == 1
    assert Slip.from_json(PrintJob.get().slip) == SLIP


def test_a_printer_prints_one_after_the_other(database: Database, kitchen: Printer) -> None:
    bar = Printer.create(name="Barra", kind=PrinterKind.FILE, queue="barra")
    off = Printer.create(name="Vieja", kind=PrinterKind.FILE, queue="vieja", active=False)
    chrome = Printer.create(name="chrome", kind=PrinterKind.BROWSER)
    jobs = {name: ask(printer, name) for name, printer in
            (("k1", kitchen), ("k2", kitchen), ("b1", bar), ("off", off), ("c", chrome), ("mine", None))}  # fmt: skip
    late = ask(bar, "b0", slip=None)

    def claimed() -> list[str]:
        return sorted(job.key for job in print_jobs.claim_due(database, "w"))

    assert claimed() == ["b1", "k1"]
    assert claimed() == []
    assert print_jobs.begin(jobs["k1"].id, "w")
    print_jobs.settle(database, jobs["k1"].id, "w", not_begun("paper_out"))
    assert state(jobs["k1"]) == (PrintState.QUEUED, "paper_out")
    assert claimed() == [], "k2 waits behind k1, and k1 for its time"
    PrintJob.update(next_at=now()).where(PrintJob.key == "k1").execute()
    assert claimed() == ["k1"]
    print_jobs.settle(database, jobs["k1"].id, "w", Result(PrintState.PRINTED))
    print_jobs.settle(database, jobs["b1"].id, "w", unsure("cut"))
    assert claimed() == ["k2"]
    assert [one.key for one in print_jobs.waiting_for_content()] == ["b0"]
    assert print_jobs.fill(late, SLIP)
    assert not print_jobs.fill(late, Slip("Otro", "", []))
    assert claimed() == ["b0"]
    assert PrintJob.get_by_id(jobs["k1"].id).attempts == 2


def test_whose_worker_died(database: Database, kitchen: Printer) -> None:
    """Before the first byte: again. After it: nobody knows."""
    job = ask(kitchen)
    (mine,) = print_jobs.claim_due(database, "dead")
    assert print_jobs.recover(database) == 0
    lapse(job)
    assert not print_jobs.begin(mine.id, "dead"), "too late: it may be another's"
    assert print_jobs.recover(database) == 1
    assert state(job) == (PrintState.QUEUED, "worker_gone")
    print_jobs.claim_due(database, "dying")
    print_jobs.renew([job.id], "dying")
    assert print_jobs.begin(job.id, "dying")
    lapse(job)
    assert print_jobs.recover(database) == 1
    assert state(job) == (PrintState.UNSURE, "worker_gone")
    assert print_jobs.claim_due(database, "next") == []
    # It was only slow, and tells now; a stranger tells nothing.
    print_jobs.settle(database, job.id, "next", Result(PrintState.PRINTED))
    assert state(job)[0] is PrintState.UNSURE
    print_jobs.settle(database, job.id, "dying", Result(PrintState.PRINTED))
    assert state(job) == (PrintState.PRINTED, "")


def test_a_person_decides_once(database: Database, kitchen: Printer) -> None:
    job = ask(kitchen)
    first = turn(job)
    print_jobs.claim_due(database, "w")
    assert not print_jobs.cancel(job.id, turn(job)), "too late"
    print_jobs.begin(job.id, "w")
    print_jobs.settle(database, job.id, "w", unsure("cut"))
    seen = turn(job)
    assert not print_jobs.print_again(job.id, first), "a page of before"
    assert print_jobs.print_again(job.id, seen)
    assert not print_jobs.print_again(job.id, seen), "the second click"
    assert not print_jobs.came_out(job.id, seen)
    print_jobs.settle(database, job.id, "w", Result(PrintState.PRINTED))
    assert state(job)[0] is PrintState.QUEUED, "who had it before has it no more"
    assert print_jobs.cancel(job.id, turn(job))
    assert print_jobs.claim_due(database, "w") == []
    assert print_jobs.print_again(job.id, turn(job))
    assert len(print_jobs.claim_due(database, "w")) == 1


def test_the_browser_prints_by_a_persons_word(database: Database) -> None:
    job = ask(None)
    assert print_jobs.is_of_browser(job)
    assert print_jobs.open_in_browser(job.id, turn(job))
    assert not print_jobs.open_in_browser(job.id, 0), "in another tab"
    assert print_jobs.recover(database) == 0
    assert print_jobs.close_in_browser(job.id, turn(job), printed=False)
    assert state(job)[0] is PrintState.QUEUED
    assert print_jobs.open_in_browser(job.id, turn(job))
    assert print_jobs.close_in_browser(job.id, turn(job), printed=True)
    assert state(job)[0] is PrintState.PRINTED


def test_what_nobody_waits_for_any_more(database: Database, kitchen: Printer) -> None:
    jobs = [ask(kitchen, "never"), ask(kitchen, "paper"), ask(kitchen, "no end", slip=None), ask(None, "browser")]
    PrintJob.update(problem="paper_out").where(PrintJob.key == "paper").execute()
    PrintJob.update(give_up_at=now() - timedelta(seconds=1)).execute()
    print_jobs.sweep(database)
    failed = PrintState.FAILED
    assert [state(job) for job in jobs] == [
        (failed, "too_late"), (failed, "paper_out"), (failed, "too_late"), (PrintState.QUEUED, "")
    ]  # fmt: skip
    # A try that ends after its time is the last.
    last = ask(kitchen, "last")
    print_jobs.claim_due(database, "w")
    PrintJob.update(give_up_at=now()).where(PrintJob.id == last.id).execute()
    print_jobs.settle(database, last.id, "w", not_begun("refused"))
    assert state(last) == (failed, "refused")
    PrintJob.update(created_at=now() - timedelta(days=31)).execute()
    print_jobs.sweep(database)
    assert PrintJob.select().count() == 0


@pytest.fixture
def in_threads(url: str, database: Database) -> Callable[[Callable[[Database], None], int], None]:
    """Runs something in several threads at the same moment, each with a connection of its own."""

    def run(work: Callable[[Database], None], count: int) -> None:
        together = threading.Barrier(count)
        errors: list[BaseException] = []

        def one() -> None:
            try:
                together.wait(10)
                work(database)
            except BaseException as error:
                errors.append(error)
            finally:
                database.close()

        threads = [threading.Thread(target=one) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not errors, errors

    return run


def test_many_workers_and_one_claims(
    database: Database, kitchen: Printer, in_threads: Callable[[Callable[[Database], None], int], None]
) -> None:
    for number in range(12):
        ask(kitchen, f"k{number}")
    order: list[str] = []
    at_once: list[int] = []
    lock = threading.Lock()
    names = iter(range(100))

    def worker(opened: Database) -> None:
        with lock:
            claim = f"w{next(names)}"
        while PrintJob.select().where(PrintJob.state.in_([PrintState.QUEUED, PrintState.PRINTING])).exists():
            for job in print_jobs.claim_due(opened, claim):
                assert print_jobs.begin(job.id, claim)
                with lock:
                    order.append(job.key)
                at_once.append(PrintJob.select().where(PrintJob.state == PrintState.PRINTING).count())
                print_jobs.settle(opened, job.id, claim, Result(PrintState.PRINTED))

    in_threads(worker, 4)
    assert order == [f"k{number}" for number in range(12)]
    assert set(at_once) == {1}


def test_asked_for_by_many_at_once(
    database: Database, kitchen: Printer, in_threads: Callable[[Callable[[Database], None], int], None]
) -> None:
    def both(opened: Database) -> None:
        with db.transaction(opened):
            assert ask(kitchen, "the same").key == "the same"

    in_threads(both, 6)
    assert PrintJob.select().count() == 1
