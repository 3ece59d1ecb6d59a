"""The one writer on real databases: batches, poison, a locked file, a server that goes and comes, SIGKILL."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import postgres_server
import pytest

from ari_app import journal, presence
from ari_app.presence import LoginRow, PresenceRow
from ari_app.records import RecordWriter
from ari_app.storing import writers_connection
from models.cdr import calls_by_id, engine_mark, legs_of
from models.db import execute, migrate, open_database, transaction
from models.values.call import AgentState, CostUnit, Direction, LegOutcome, Outcome
from models.values.cdr import CallRecord, LegRecord

AT = 1_700_000_000_000


def opened(number: int) -> CallRecord:
    return CallRecord(f"centralita-1.{number}", Direction.INBOUND, "40004000", f"+5068888{number:04}", AT + number)


def closed(number: int) -> CallRecord:
    return replace(
        opened(number),
        outcome=Outcome.ANSWERED,
        answered_at=AT + number + 1000,
        ended_at=AT + number + 5000,
        talk_ms=4000,
        cause=16,
        rate_price=Decimal("12.5"),
        rate_currency="CRC",
        rate_unit=CostUnit.MINUTE,
        cost=Decimal("0.83"),
    )


def leg(number: int) -> LegRecord:
    return LegRecord(f"centralita-1.{number}", 1, None, "8330101", f"centralita-1.{number}.agent.1", AT,
                     LegOutcome.ANSWERED, ended_at=AT + 5000)  # fmt: skip


def rows_of(url: str, sql: str) -> list[tuple[Any, ...]]:
    database = open_database(url, bind=False)
    try:
        return [tuple(row) for row in execute(database, sql).fetchall()]
    finally:
        database.close()


def dump(url: str) -> list[list[tuple[Any, ...]]]:
    """Everything the writer may write."""
    return [
        rows_of(url, f"SELECT * FROM {table} ORDER BY 1, 2")
        for table in ("calls", "call_legs", "agent_presence", "agent_logins")
    ]


def add_agent(url: str, name: str) -> int:
    database = open_database(url, bind=False)
    sql = (
        "INSERT INTO agents (name, email, email_key, click2dial, role, active, phone_kind, session_epoch, created_at) "
        f"VALUES ('{name}', '{name}', '{name}', false, 'agent', true, 'sip', 0, 0) RETURNING id"
    )
    with transaction(database):
        row = execute(database, sql).fetchone()
    database.close()
    return int(row[0])


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A migrated database."""
    made = f"sqlite:///{tmp_path}/c.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    database = open_database(made, bind=False)
    migrate(database)
    database.close()
    return made


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    made = f"sqlite:///{tmp_path}/c.db"
    database = open_database(made, bind=False)
    migrate(database)
    database.close()
    return made


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Callable[[str], RecordWriter]]:
    """`writer(url)` – a started writer with its journal in the test's folder, closed at the end."""
    made: list[RecordWriter] = []

    def start(url: str) -> RecordWriter:
        made.append(RecordWriter(writers_connection(url), tmp_path / "journal"))
        made[-1].start()
        return made[-1]

    yield start
    for each in made:
        each.close(5)


def poll(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not come about in time"
        time.sleep(0.01)


def more(w: RecordWriter, counter: str, count: int) -> None:
    wanted = w.stats()[counter] + count
    poll(lambda: w.stats()[counter] >= wanted)


def test_records_are_stored_in_batches_and_read_back_as_they_were(url, writer) -> None:
    w = writer(url)
    for number in range(1000):
        w.write_call(opened(number))
        w.write_call(closed(number), (leg(number),))
    w.write_mark("cel", "12:34")
    assert w.wait_settled(30)
    stats = w.stats()
    assert (stats["written"], stats["journal"], stats["waiting"], stats["alarm"]) == (2001, 0, 0, None)
    assert stats["batches"] <= 30
    database = open_database(url, bind=False)
    assert calls_by_id(database, ["centralita-1.7"]) == {"centralita-1.7": closed(7)}
    assert legs_of(database, "centralita-1.7") == [leg(7)]
    assert engine_mark(database, "cel") == "12:34"
    database.close()
    assert rows_of(url, "SELECT count(*) FROM calls") == [(1000,)]


def test_a_record_is_in_the_database_soon(url, writer) -> None:
    w = writer(url)
    w.write_call(opened(1))
    begun = time.monotonic()
    assert w.wait_settled(10)
    assert time.monotonic() - begun < 2
    assert rows_of(url, "SELECT outcome FROM calls") == [("in_progress",)]


def test_a_late_open_does_not_reopen_a_closed_call(url, writer) -> None:
    w = writer(url)
    w.write_call(closed(1))
    assert w.wait_settled(10)
    w.write_call(opened(1))
    assert w.wait_settled(10)
    assert rows_of(url, "SELECT outcome, talk_ms FROM calls") == [("answered", 4000)]


def impossible_records() -> list[CallRecord]:
    return [
        replace(closed(900), offered_at=None),  # type: ignore[arg-type]  # NOT NULL
        replace(closed(901), talk_ms=2**70),
        replace(closed(902), rate_price=Decimal("NaN")),
        replace(closed(903), id=None),  # type: ignore[arg-type]
        replace(closed(904), talk_ms=object()),  # type: ignore[arg-type]
    ]


@pytest.mark.parametrize("index", range(len(impossible_records())))
def test_one_impossible_record_is_set_aside_and_the_others_pass(url, writer, tmp_path, index) -> None:
    w = writer(url)
    for number in range(100):
        w.write_call(closed(number))
        if number == 37:
            w.write_call(impossible_records()[index])
    assert w.wait_settled(20)
    w.write_call(closed(100))
    assert w.wait_stored(20)
    assert rows_of(url, "SELECT count(*) FROM calls WHERE outcome = 'answered'") == [(101,)]
    stats = w.stats()
    assert (stats["refused"], stats["alarm"], stats["journal"]) == (1, "refused", 0)
    kept = [json.loads(line) for line in (tmp_path / "journal" / "refused.jsonl").read_text().splitlines()]
    assert len(kept) == 1
    assert kept[0]["reason"]
    assert "centralita-1.90" in json.dumps(kept[0]["record"]) or index == 3


def test_text_that_is_no_unicode_and_nul_is_stored_all_the_same(url, writer) -> None:
    w = writer(url)
    w.write_call(replace(closed(1), caller_name="A\x00\udcf1", reason="x" * 500))
    assert w.wait_settled(10)
    assert rows_of(url, "SELECT caller_name, length(reason) FROM calls") == [("A?", 64)]


def test_presence_and_log_ins(url, writer) -> None:
    one, two, three = (add_agent(url, name) for name in ("ana", "beto", "carla"))
    w = writer(url)
    w.write_login(LoginRow(one, "s1", AT, "192.0.2.1", "Firefox"))
    w.write_presence(PresenceRow(one, AgentState.AVAILABLE, AT, None, "s1"))
    w.write_presence(PresenceRow(one, AgentState.PAUSED, AT + 5, "almuerzo", "s1"))
    w.write_login(LoginRow(two, "s2", AT, "192.0.2.2"))
    w.write_login(LoginRow(two, "s2", AT, "192.0.2.2", logout_at=AT + 9, cause="ip"))
    w.write_login(LoginRow(two, "s2", AT, "192.0.2.2"))  # late and again: over stays over
    w.write_presence(PresenceRow(two, AgentState.OFFLINE, AT + 9))
    w.write_login(LoginRow(two, "s2", AT + 50, "192.0.2.2"))  # the same session comes back: another log-in
    # Two log-ins whose end was never written: an offline agent's, and an older one of an agent who is here.
    w.write_login(LoginRow(three, "s3", AT))
    w.write_presence(PresenceRow(three, AgentState.OFFLINE, AT + 77))
    w.write_login(LoginRow(one, "s0", AT - 1000))
    assert w.wait_settled(10)

    database = open_database(url, bind=False)
    assert presence.load(database) == [
        PresenceRow(one, AgentState.PAUSED, AT + 5, "almuerzo", "s1", "192.0.2.1", login_at=AT)
    ]
    assert presence.close_stale_logins(database, AT + 99) == 3
    assert presence.close_stale_logins(database, AT + 99) == 0
    database.close()
    ends = "SELECT agent_id, login_at, logout_at, cause, device FROM agent_logins ORDER BY agent_id, login_at"
    assert rows_of(url, ends) == [
        (one, AT - 1000, AT + 5, "restart", ""),
        (one, AT, None, None, "Firefox"),
        (two, AT, AT + 9, "ip", ""),
        (two, AT + 50, AT + 99, "restart", ""),
        (three, AT, AT + 77, "restart", ""),
    ]


def test_a_file_locked_by_another_process_for_seconds_loses_nothing(sqlite_url, writer, tmp_path) -> None:
    path = sqlite_url.removeprefix("sqlite:///")
    holder = subprocess.Popen(
        [sys.executable, "-c", "import sqlite3,sys; c=sqlite3.connect(sys.argv[1], isolation_level=None);"
         "c.execute('BEGIN IMMEDIATE'); print('held', flush=True); sys.stdin.read()", path],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == b"held\n"
    w = writer(sqlite_url)
    begun = time.monotonic()
    for number in range(200):
        w.write_call(opened(number))
    assert w.wait_settled(20), "the records must be on disk while the database is locked"
    assert time.monotonic() - begun < 4
    assert (w.alarm, w.database_ok, w.stats()["journal"]) == ("database_away", False, 200)
    for number in range(200):
        w.write_call(closed(number), (leg(number),))
    assert w.wait_settled(20)
    poll(lambda: time.monotonic() - begun > 2)
    assert w.stats()["journal"] == 400
    holder.stdin.close()
    holder.wait(10)
    assert w.wait_stored(20)
    assert (w.alarm, w.database_ok) == (None, True)
    assert rows_of(sqlite_url, "SELECT count(*), min(outcome), max(outcome) FROM calls") == [
        (200, "answered", "answered")
    ]
    assert rows_of(sqlite_url, "SELECT count(*) FROM call_legs") == [(200,)]
    assert list((tmp_path / "journal").glob("journal-*.jsonl")) == []


def test_the_order_of_one_call_is_kept_through_the_journal(sqlite_url, writer) -> None:
    """A call that is opened in the journal, and whose later states come when the database is back already."""
    lock = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    w = writer(sqlite_url)
    lock.execute("BEGIN IMMEDIATE")
    agent = PresenceRow(1, AgentState.AVAILABLE, AT, None, "s1")
    w.write_call(opened(1))
    assert w.wait_settled(10)
    lock.execute(
        "INSERT INTO agents (id, name, email, email_key, click2dial, role, active, phone_kind, session_epoch, "
        "created_at) VALUES (1, 'a', 'a', 'a', 0, 'agent', 1, 'sip', 0, 0)"
    )
    w.write_presence(agent)
    for index in range(50):
        w.write_presence(replace(agent, since=AT + index, reason=str(index)))
        if index == 25:
            lock.execute("COMMIT")
    w.write_call(closed(1))
    assert w.wait_stored(20)
    assert rows_of(sqlite_url, "SELECT agent_id, reason FROM agent_presence") == [(1, "49")]
    assert rows_of(sqlite_url, "SELECT outcome FROM calls") == [("answered",)]
    lock.close()


def test_replaying_twice_changes_nothing(sqlite_url, writer, tmp_path) -> None:
    lock = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    w = writer(sqlite_url)
    for number in range(50):
        w.write_call(opened(number))
        w.write_call(closed(number), (leg(number),))
    w.write_presence(PresenceRow(1, AgentState.AVAILABLE, AT, None, "s1"))  # nobody's: refused at the replay
    assert w.wait_settled(10)
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path / "journal", copy)
    lock.execute("COMMIT")
    assert w.wait_stored(20)
    assert w.stats()["refused"] == 1
    before = dump(sqlite_url)
    assert len(before[0]) == 50
    assert w.close(10)

    again = RecordWriter(writers_connection(sqlite_url), copy)
    again.start()
    assert again.wait_stored(20)
    assert again.stats()["replayed"] == 100
    assert again.close(10)
    assert dump(sqlite_url) == before


def test_killed_between_journal_and_replay(sqlite_url, writer, tmp_path) -> None:
    lock = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from ari_app.records import RecordWriter
        from ari_app.storing import writers_connection
        from models.values.call import Direction, Outcome
        from models.values.cdr import CallRecord
        writer = RecordWriter(writers_connection(sys.argv[1]), Path(sys.argv[2]))
        writer.start()
        for number in range(300):
            writer.write_call(CallRecord(f"k{number}", Direction.INBOUND, "1", "2", 1, outcome=Outcome.ABANDONED))
        assert writer.wait_settled(20)
        print(writer.stats()["journal"], flush=True)
        sys.stdin.read()
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, sqlite_url, str(tmp_path / "journal")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert b"300\n" in iter(process.stdout.readline, b"")  # its log comes before
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    segment = next((tmp_path / "journal").glob("journal-*.jsonl"))
    with segment.open("ab") as file:
        file.write(b'0badc0de {"type":"call","record":{"id":"half a li')  # a block that never came whole
    lock.execute("COMMIT")

    w = writer(sqlite_url)
    assert w.wait_stored(20)
    assert rows_of(sqlite_url, "SELECT count(*), count(DISTINCT id) FROM calls WHERE outcome = 'abandoned'") == [
        (300, 300)
    ]
    stats = w.stats()
    assert (stats["replayed"], stats["torn"], stats["refused"]) == (300, 1, 0)


def test_a_server_stopped_and_started_under_load_loses_and_doubles_nothing(writer) -> None:
    server = postgres_server.start()
    try:
        url = server.url(server.create_database())
        database = open_database(url, bind=False)
        migrate(database)
        database.close()
        w = writer(url)
        sent = 0
        stop = threading.Event()

        def load() -> None:
            nonlocal sent
            while not stop.is_set() and sent < 20_000:
                w.write_call(opened(sent))
                w.write_call(closed(sent), (leg(sent),))
                sent += 1
                time.sleep(0.002)

        loading = threading.Thread(target=load)
        loading.start()
        for _ in range(2):
            more(w, "written", 50)
            server.process.send_signal(signal.SIGINT)
            server.process.wait(20)
            more(w, "journaled", 100)
            assert w.alarm == "database_away"
            restart(server)
            poll(lambda: w.database_ok)
        stop.set()
        loading.join(20)
        assert w.wait_stored(30)
        assert sent > 100
        found = rows_of(url, "SELECT count(*), count(DISTINCT id), min(outcome), max(outcome) FROM calls")
        assert found == [(sent, sent, "answered", "answered")]
        assert rows_of(url, "SELECT count(*) FROM call_legs") == [(sent,)]
        stats = w.stats()
        assert (stats["refused"], stats["lost"], stats["torn"], stats["journal"], stats["alarm"]) == (0, 0, 0, 0, None)
        assert w.close(10)
    finally:
        server.stop()


def restart(server: postgres_server.PostgresServer) -> None:
    """The same cluster again."""
    user = pwd.getpwuid(server.folder.stat().st_uid)
    switch = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    server.process = subprocess.Popen(
        server.process.args, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        cwd=server.folder, env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}, **switch,
    )  # fmt: skip


def test_close_stores_what_is_left(url, writer) -> None:
    w = writer(url)
    for number in range(700):
        w.write_call(closed(number))
    assert w.close(20)
    assert rows_of(url, "SELECT count(*) FROM calls") == [(700,)]


def test_close_while_the_database_is_away_leaves_it_in_the_journal_in_time(sqlite_url, writer) -> None:
    lock = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    w = writer(sqlite_url)
    for number in range(700):
        w.write_call(closed(number))
    begun = time.monotonic()
    assert w.close(5)
    assert time.monotonic() - begun < 5
    lock.execute("COMMIT")
    again = writer(sqlite_url)
    assert again.wait_stored(20)
    assert rows_of(sqlite_url, "SELECT count(*) FROM calls") == [(700,)]
    lock.close()


def test_neither_database_nor_disk_keeps_them_in_memory_and_says_so(sqlite_url, writer, tmp_path, monkeypatch) -> None:
    lock = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    w = writer(sqlite_url)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(journal.os, "write", full)
        for number in range(600):
            w.write_call(closed(number))
        poll(lambda: w.alarm == "journal_failed")
        lock.execute("COMMIT")
        assert w.wait_settled(20)
    assert w.wait_stored(20)
    assert rows_of(sqlite_url, "SELECT count(*) FROM calls") == [(600,)]
    assert (w.alarm, w.stats()["lost"]) == (None, 0)
    lock.close()
