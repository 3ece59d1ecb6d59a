"""The logs: what is a problem in them, and rotation that loses nothing that was written before it."""

import os
from pathlib import Path

import pytest

from centralita.log_files import LogFile, Problem, follow, last_lines, problem_in


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("[2026-11-23 23:35:30.304] NOTICE[17429] indications.c: Default country", None),
        (
            "[2026-11-23 23:35:30.304] WARNING[17429][C-00000001] res_pjsip.c: no contact",
            Problem("p", "WARNING", "WARNING[17429][C-00000001] res_pjsip.c: no contact"),
        ),
        (
            "[2026-11-23 23:35:30 +0000] [12] [ERROR] Worker exited",
            Problem("p", "ERROR", "[12] [ERROR] Worker exited"),
        ),
        ('{"event":"ari_connected","level":"info","timestamp":"2026-11-23T23:35:30Z"}', None),
        (
            '{"event":"journal","level":"warning","timestamp":"2026-11-23T23:35:30Z","waiting":3}',
            Problem("p", "WARNING", "journal waiting=3"),
        ),
        ('{"event":"boom","level":"critical","exception":"Traceback …"}', Problem("p", "ERROR", "boom")),
        ('{"event":"an ERROR only in the text","level":"info"}', None),
        ("{broken ERROR", Problem("p", "ERROR", "{broken ERROR")),
        ("\x1b[31mERROR\x1b[0m red", Problem("p", "ERROR", "ERROR red")),
        ("TERRORS are no errors", None),
        ("", None),
    ],
)
def test_what_is_a_problem(line: str, problem: Problem | None) -> None:
    assert problem_in("p", line) == problem


def test_only_what_is_new_is_told_and_half_a_line_waits(tmp_path: Path) -> None:
    path = tmp_path / "engine.log"
    path.write_text("ERROR of yesterday\n")
    log = LogFile("engine", path)
    assert list(log.problems()) == []
    with path.open("a") as file:
        file.write("ERROR one\nfine\nERR")
    assert [p.text for p in log.problems()] == ["ERROR one"]
    with path.open("a") as file:
        file.write("OR two\n")
    assert [p.text for p in log.problems()] == ["ERROR two"]


def test_a_file_that_does_not_exist_yet(tmp_path: Path) -> None:
    path = tmp_path / "asterisk.log"
    log = LogFile("asterisk", path)
    assert list(log.problems()) == []
    assert log.rotate() is False
    path.write_text("ERROR first\n")
    assert [p.text for p in log.problems()] == ["ERROR first"]


def test_rotation_keeps_every_line_and_the_writer_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "engine.log"
    log = LogFile("engine", path, max_bytes=100, kept=3)
    writer = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    lines = [f"line {number:03}" for number in range(60)]
    for line in lines:
        os.write(writer, f"{line}\n".encode())
        log.rotate()
    os.close(writer)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["engine.log", "engine.log.1", "engine.log.2", "engine.log.3"]
    kept = [(tmp_path / name).read_text() for name in ("engine.log.3", "engine.log.2", "engine.log.1", "engine.log")]
    told = "".join(kept).split("\n")[:-1]
    assert told == lines[-len(told) :], "in order, without a gap"
    assert len(told) > 30


def test_problems_are_told_across_a_rotation(tmp_path: Path) -> None:
    path = tmp_path / "engine.log"
    log = LogFile("engine", path, max_bytes=10)
    told: list[str] = []
    for number in range(5):
        with path.open("a") as file:
            file.write(f"ERROR number {number}\n")
        follow([log], lambda problem: told.append(problem.text))
    assert told == [f"ERROR number {number}" for number in range(5)]


def test_of_a_flood_the_end_is_read(tmp_path: Path) -> None:
    path = tmp_path / "engine.log"
    log = LogFile("engine", path)
    path.write_text("fine\n" * 200_000 + "ERROR at last\n")
    assert [p.text for p in log.problems()] == ["ERROR at last"]


def test_last_lines(tmp_path: Path) -> None:
    path = tmp_path / "web.log"
    assert last_lines(path) == []
    path.write_text("\n".join(f"\x1b[1m{n}\x1b[0m" for n in range(100)) + "\n\n")
    assert last_lines(path, 3) == ["97", "98", "99"]
