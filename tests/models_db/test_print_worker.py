"""`jobs` prints at a real socket that plays a printer: no paper, cut off, slow, dumb, away; never anything twice."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from peewee import Database
from played_printer import PlayedPrinter
from switch.waiting import wait_until

from admin.printing import network, worker
from admin.printing.presses import paper_of
from admin.printing.text_file import FOLDER, text_of
from admin.printing.worker import PrintWorker
from models import print_jobs
from models.tables import Printer, PrintJob, PrintKind, PrintState, now
from models.tables.paper import Letter, PrinterKind
from models.values.slip import Slip, lines_of

SLIP = Slip(
    "Pedido Nº 12", "Café", [("Cliente", "Íñigo Muñoz"), ("", ""), ("Nota", "¿Con leche? " * 30)], "¡Gracias! €"
)


@pytest.fixture
def printer() -> Iterator[PlayedPrinter]:
    with PlayedPrinter() as played:
        yield played


@pytest.fixture
def kitchen(database: Database, printer: PlayedPrinter) -> Printer:
    return Printer.create(
        name="Cocina", kind=PrinterKind.ESCPOS, host="127.0.0.1", port=printer.port, letter=Letter.SMALL
    )


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(print_jobs, "BACK_OFF", (timedelta(milliseconds=30),))
    monkeypatch.setattr(network, "STATUS_SECONDS", 0.5)
    monkeypatch.setattr(network, "END_SECONDS", 0.5)
    monkeypatch.setattr(network, "BYTES_A_SECOND", 10_000)
    monkeypatch.setattr(network, "_ASK_AGAIN_SECONDS", 0.05)
    monkeypatch.setattr(network, "STALL_SECONDS", 2.0)


@pytest.fixture
def work(database: Database, tmp_path: Path) -> Iterator[Callable[[], PrintWorker]]:
    started: list[PrintWorker] = []

    def start() -> PrintWorker:
        started.append(PrintWorker(database, tmp_path))
        started[-1].start()
        return started[-1]

    yield start
    for one in started:
        one.stop(20)


def ask(printer: Printer | None, key: str = "k.1", slip: Slip = SLIP) -> PrintJob:
    return print_jobs.enqueue(PrintKind.TEST, "1", key, slip, printer, None)


def becomes(job: PrintJob, state: PrintState, problem: str = "") -> PrintJob:
    """Waits until the job is in `state` for the reason `problem`."""

    def row() -> PrintJob:
        found: PrintJob = PrintJob.get_by_id(job.id)
        return found

    wait_until(lambda: (row().state, row().problem) == (state, problem), 30, f"{state} {problem!r}")
    return row()


def paper(printer: Printer) -> list[tuple[str, bool]]:
    return [(line.text, line.bold) for line in lines_of(SLIP, paper_of(printer))]


# ---------------------------------------------------------------- it prints
def test_the_paper_has_the_slip(printer: PlayedPrinter, kitchen: Printer, work: Callable[[], PrintWorker]) -> None:
    work()
    job = becomes(ask(kitchen), PrintState.PRINTED)
    assert [slip.lines for slip in printer.slips] == [paper(kitchen)]
    assert printer.decoder.unknown == []
    assert job.attempts == 1
    assert job.ended_at is not None
    # What the data say now is not what was asked for.
    becomes(ask(kitchen, "k.2", Slip("Otro", "", [("a", "b")])), PrintState.PRINTED)
    assert printer.slips[1].lines[0] == ("Otro".center(58).rstrip(), True)


def test_many_jobs_and_two_workers(printer: PlayedPrinter, kitchen: Printer, work: Callable[[], PrintWorker]) -> None:
    jobs = [ask(kitchen, f"k{number}", Slip(f"N {number}", "", [])) for number in range(10)]
    work(), work()
    for job in jobs:
        becomes(job, PrintState.PRINTED)
    assert [slip.lines[0][0].strip() for slip in printer.slips] == [f"N {number}" for number in range(10)]
    assert printer.connections == 10


def test_a_printer_that_cannot_be_asked(
    printer: PlayedPrinter, kitchen: Printer, work: Callable[[], PrintWorker]
) -> None:
    """Of one that answers no question nothing is believed, until an administrator says not to ask it."""
    printer.answers_status = printer.answers_in_turn = False
    work()
    job = becomes(ask(kitchen), PrintState.QUEUED, "no_status")
    assert printer.rows == []
    Printer.update(asks_status=False).where(Printer.id == kitchen.id).execute()
    becomes(job, PrintState.PRINTED)
    wait_until(lambda: len(printer.slips) == 1, 10, "the slip is cut off")


def test_a_printer_that_does_not_know_the_question_at_the_end(
    printer: PlayedPrinter, kitchen: Printer, work: Callable[[], PrintWorker]
) -> None:
    printer.answers_in_turn = False
    work()
    becomes(ask(kitchen), PrintState.PRINTED)
    assert len(printer.slips) == 1


# ---------------------------------------------------------------- it has not begun: tried again
@pytest.mark.parametrize(
    ("trouble", "problem"),
    [("is_paper_out", "paper_out"), ("is_cover_open", "cover_open"), ("is_offline", "offline")],
)
def test_what_a_person_mends_at_the_printer(
    printer: PlayedPrinter, kitchen: Printer, work: Callable[[], PrintWorker], trouble: str, problem: str
) -> None:
    setattr(printer, trouble, True)
    work()
    job = becomes(ask(kitchen), PrintState.QUEUED, problem)
    behind = ask(kitchen, "k.2", Slip("Segundo", "", []))
    wait_until(lambda: PrintJob.get_by_id(job.id).attempts > 2, 20, "it is tried again and again")
    assert PrintJob.get_by_id(behind.id).attempts == 0
    assert printer.received == 0, "not one byte was sent that could be printed"
    setattr(printer, trouble, False)
    becomes(job, PrintState.PRINTED)
    becomes(behind, PrintState.PRINTED)
    assert [slip.lines[0][0].strip() for slip in printer.slips] == ["Pedido Nº 12", "Segundo"]


def test_nobody_is_there(database: Database, work: Callable[[], PrintWorker]) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        refuses = Printer.create(name="A", kind=PrinterKind.ESCPOS, host="127.0.0.1", port=port)
        unknown = Printer.create(name="B", kind=PrinterKind.ESCPOS, host="no-such-printer.invalid", port=9100)
        work()
        jobs = [ask(refuses, "a"), ask(unknown, "b")]
        becomes(jobs[0], PrintState.QUEUED, "refused")
        becomes(jobs[1], PrintState.QUEUED, "no_such_host")
        # In the meantime one is cancelled, and stays so.
        wait_until(lambda: print_jobs.cancel(jobs[0].id, PrintJob.get_by_id(jobs[0].id).turn), 20, "it is cancelled")
        becomes(jobs[0], PrintState.CANCELLED, "refused")


def test_who_takes_the_line_and_says_nothing(database: Database, work: Callable[[], PrintWorker]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        printer = Printer.create(name="A", kind=PrinterKind.ESCPOS, host="127.0.0.1", port=silent.getsockname()[1])
        work()
        becomes(ask(printer), PrintState.QUEUED, "no_status")


# ---------------------------------------------------------------- it had begun: nobody knows
def test_paper_is_put_in_the_middle(printer: PlayedPrinter, kitchen: Printer, work: Callable[[], PrintWorker]) -> None:
    """It says what it waits for; with paper it goes on, and no one prints anything again."""
    printer.decoder.lines_left = 3
    work()
    job = becomes(ask(kitchen), PrintState.PRINTING, "paper_out_midway")
    printer.put_paper()
    becomes(job, PrintState.PRINTED)
    assert [slip.lines for slip in printer.slips] == [paper(kitchen)]
    assert printer.connections == 1


def test_the_paper_ends_in_the_middle(
    printer: PlayedPrinter, kitchen: Printer, work: Callable[[], PrintWorker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nobody comes."""
    monkeypatch.setattr(network, "PATIENCE_SECONDS", 0.5)
    printer.decoder.lines_left = 3
    work()
    job = becomes(ask(kitchen), PrintState.UNSURE, "paper_out_midway")
    assert len(printer.rows) == 3
    printer.put_paper()
    behind = becomes(ask(kitchen, "k.2"), PrintState.PRINTED)
    assert PrintJob.get_by_id(job.id).state is PrintState.UNSURE, "it waits for a person"
    assert behind.attempts == 1


@pytest.mark.parametrize("after", [0, 1, 60, 300])
def test_the_line_is_cut_in_the_middle(
    printer: PlayedPrinter, kitchen: Printer, work: Callable[[], PrintWorker], after: int
) -> None:
    printer.cuts_after = after
    work()
    job = becomes(ask(kitchen), PrintState.UNSURE, "cut")
    printer.cuts_after = None
    assert print_jobs.print_again(job.id, job.turn)
    becomes(job, PrintState.PRINTED)
    assert printer.connections == 2


def test_a_slow_printer(printer: PlayedPrinter, kitchen: Printer, work: Callable[[], PrintWorker]) -> None:
    """It takes a part and no more for a while: unsure when that is too long; in time it is printed, once."""
    long = Slip("Largo", "", [("Nota", "palabra " * 40_000)])
    printer.reads = 2000
    work()
    becomes(ask(kitchen, "stalls", long), PrintState.UNSURE, "stalled")
    printer.hold.set()
    job = ask(kitchen, "slow", long)
    becomes(job, PrintState.PRINTED)
    lines = [(line.text, line.bold) for line in lines_of(long, paper_of(kitchen))]
    (slip,) = printer.slips
    assert slip.lines[-len(lines) :] == lines, "whole, on the paper that begins with what came out of the first"
    assert len(slip.lines) < 2 * len(lines)


def test_the_claim_lives_as_long_as_the_work(
    printer: PlayedPrinter, kitchen: Printer, work: Callable[[], PrintWorker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker that looks meanwhile does not judge it."""
    monkeypatch.setattr(print_jobs, "LEASE", timedelta(milliseconds=800))
    monkeypatch.setattr(worker, "RENEW_SECONDS", 0.1)
    monkeypatch.setattr(network, "STALL_SECONDS", 30.0)
    printer.reads = 2000
    work(), work()
    job = ask(kitchen, slip=Slip("Largo", "", [("Nota", "palabra " * 40_000)]))
    begun = wait_until(lambda: PrintJob.get_by_id(job.id).sending_at, 20, "it is being sent")
    wait_until(lambda: now() - begun > timedelta(seconds=2), 20, "longer than a claim lives")
    assert PrintJob.get_by_id(job.id).state is PrintState.PRINTING
    printer.hold.set()
    assert becomes(job, PrintState.PRINTED).attempts == 1
    assert printer.connections == 1


# ---------------------------------------------------------------- files
def test_a_file(database: Database, tmp_path: Path, work: Callable[[], PrintWorker]) -> None:
    box = Printer.create(name="Carpeta", kind=PrinterKind.FILE, queue="pedidos")
    work()
    job = becomes(ask(box), PrintState.PRINTED)
    (written,) = (tmp_path / FOLDER / "pedidos").iterdir()
    assert written.read_text("utf-8") == text_of(lines_of(SLIP, paper_of(box)), paper_of(box))
    assert job.detail == f"{FOLDER}/pedidos/{written.name}"
    # The worker died after writing it and before it could say so: the same file again.
    PrintJob.update(state=PrintState.PRINTING, claimed_until=now() - timedelta(seconds=1)).execute()
    wait_until(lambda: PrintJob.get_by_id(job.id).attempts == 2, 20, "it is done again")
    becomes(job, PrintState.PRINTED)
    assert [one.name for one in (tmp_path / FOLDER / "pedidos").iterdir()] == [written.name]


def test_a_folder_that_cannot_be_written(database: Database, tmp_path: Path, work: Callable[[], PrintWorker]) -> None:
    (tmp_path / FOLDER).write_text("a file is where the folder should be")
    box = Printer.create(name="Carpeta", kind=PrinterKind.FILE, queue="pedidos")
    above = Printer.create(name="Arriba", kind=PrinterKind.FILE, queue="../..")
    work()
    becomes(ask(box), PrintState.QUEUED, "disk")
    becomes(ask(above, "above"), PrintState.FAILED, "bad_name")


# ---------------------------------------------------------------- the program itself, killed
def test_killed_in_the_middle(
    url: str, database: Database, printer: PlayedPrinter, kitchen: Printer, tmp_path: Path
) -> None:
    """kill -9 with half a slip on the paper: the next start says that nobody knows, and prints the others."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CENTRALITA_")},
        "CENTRALITA_DATA_DIR": str(tmp_path), "CENTRALITA_DATABASE_URL": url,
    }  # fmt: skip

    def jobs() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-P", "-m", "admin.bulk.worker"], env=environment)

    printer.reads = 500
    first, second = ask(kitchen), ask(kitchen, "k.2", Slip("Segundo", "", []))
    running = jobs()
    try:
        wait_until(lambda: printer.received >= 500, 90, "half a slip is printed")
        running.send_signal(signal.SIGKILL)
        running.wait(30)
        assert PrintJob.get_by_id(first.id).state is PrintState.PRINTING
        printer.reads = None
        printer.hold.set()
        running = jobs()
        becomes(first, PrintState.UNSURE, "worker_gone")
        becomes(second, PrintState.PRINTED)
    finally:
        running.terminate()
        running.wait(30)
    titles = [row.text.strip() for row in printer.rows if row.bold and "Pedido" in row.text]
    assert titles == ["Pedido Nº 12"], "once, and not again"
