"""The one writer while the database is away: a locked file, a server that goes and comes, a full disk, SIGKILL."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace

import postgres_server
from stored_records import AT, closed, dump, leg, more, opened, poll, rows_of

from ari_app import journal
from ari_app.presence import PresenceRow
from ari_app.records import RecordWriter
from ari_app.storing import writers_connection
from models.db import migrate, open_database
from models.values.call import AgentState


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
            server.halt()
            more(w, "journaled", 100)
            assert w.alarm == "database_away"
            server.resume()
            poll(lambda: w.database_ok, 60)
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
