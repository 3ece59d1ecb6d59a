"""The histories with millions of calls: every list, filter, order and page; downloads; what writing a call costs.

    python -m bench.history [--calls 5000000] [--contacts 1000000] [--databases sqlite,postgresql] [--url postgresql://…]
                            [--rounds 15] [--only pages,logins,downloads,writes] [--keep FOLDER] [--markdown FILE]

A page stands beside the CPU time that its own SQL takes alone in the same run, a download beside the bare csv module or
openpyxl fed by one SELECT, the writer beside itself with the narrow indexes of before. SQLite is a temporary file (with
--keep one that is used again), PostgreSQL a server of its own unless --url names a database, which is filled when it is
empty. CPU is the web's and the database's, so that it bears a busy machine. The aims: every page's p95 under 150 ms of
CPU, a download within one and a half times and in the same memory however long. Exit status 1 when one is missed.
"""

from __future__ import annotations

import argparse
import csv
import gc
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from admin.app import create_app
from bench import history_data, machine
from bench.contacts import AIM_MS, backend, listen, p95, times
from models import call_search, cdr, db, tables
from models.account import ensure_account
from models.secrets import load_or_create
from models.settings import Settings
from models.values.call import Direction, Outcome, Role
from models.values.cdr import CallRecord

CALLS = {
    "first page": "",
    "last page offered": "page=999999",
    "the oldest": "sort=started",
    "the oldest, a page in the middle": "sort=started&page=100",
    "the longest": "sort=talk&desc=1",
    "the dearest, last page": "sort=cost&desc=1&page=999999",
    "internal": "type=internal",
    "outbound, last page": "type=outbound&page=999999",
    "abandoned": "outcome=abandoned",
    "a rare ending": "outcome=engine_away",
    "an agent": "agent=5",
    "an agent, answered, last page": "agent=5&outcome=answered&page=999999",
    "an agent, abandoned: nothing": "agent=5&outcome=abandoned",
    "an agent, a call center, a disposition": "agent=5&call_center=8&disposition=12",
    "two frequent ones that never meet": "disposition=1&outcome=abandoned",
    "outbound, a call center, a disposition, last page": "type=outbound&call_center=1&disposition=1&page=999999",
    "a company": "company=3",
    "a company, last page": "company=3&page=999999",
    "a company and an agent": "company=3&agent=7",
    "a company, abandoned": "company=3&outcome=abandoned",
    "a list of 100,000": "list=1",
    "a list, an agent, answered": "list=1&agent=9&outcome=answered",
    "a list, a disposition, a company": "list=1&disposition=12&company=3",
    "a frequent name (*maria*)": "contact=maria",
    "the same, last page": "contact=maria&page=999999",
    "two words (*lucia ocampo*)": "contact=lucia+ocampo",
    "nobody (*xyzzy*)": "contact=xyzzy",
    "the beginning of a number": "contact=8312",
    "a whole number": "contact=83120001",
    "the country (*506*)": "contact=506",
    "an extension": "contact=8300005",
    "a name, an agent, answered": "contact=maria&agent=5&outcome=answered",
    "a name, a list, a company": "contact=lucia&list=1&company=5",
    "a month": "start={month}&end={after}",
    "a month, last page": "start={month}&end={after}&page=999999",
    "a month, the longest": "start={month}&end={after}&sort=talk&desc=1",
    "a month, an agent, answered": "start={month}&end={after}&agent=5&outcome=answered",
    "a month, a company": "start={month}&end={after}&company=5",
    "a month, a name": "start={month}&end={after}&contact=maria",
    "a contact": "contact_id=5",
    "before there were any": "end=2001-01-01",
}
LOGINS = {
    "first page": "",
    "last page offered": "page=999999",
    "a month": "month={only}",
    "an agent, 200 rows": "agent=5&size=200",
    "an agent and a month": "agent=5&month={only}",
    "by agent": "sort=agent",
    "an address": "q=10.0.3",
    "a device, an agent": "q=firefox&agent=7",
    "nothing": "q=xyzzy",
}
ROWS = 100_000


def site(folder: Path, database: Any) -> Any:
    from web.browser import Browser

    email = "admin@centralita.example"
    if tables.Agent.get_or_none(tables.Agent.email == email) is None:
        tables.Agent.create(name="Ana", email=email, email_key=email, role=Role.ADMINISTRATOR)
    app = create_app(Settings(data_dir=folder), load_or_create(folder / "secrets.json"), database)
    app.testing = True
    gc.collect()
    gc.freeze()  # as admin.wsgi does
    return Browser(app, Role.ADMINISTRATOR)


def pages(folder: Path, database: Any, slug: str, asked: dict[str, str], rounds: int) -> list[list[str]]:
    """Each page through the web's own application, beside the time its statements take alone."""
    browser = site(folder, database)
    month = datetime.now(UTC).replace(day=1) - timedelta(days=40)
    after = month.replace(day=1) + timedelta(days=32)
    span = {"month": month.strftime("%Y-%m-01T00:00"), "after": after.strftime("%Y-%m-01T00:00"),
            "only": month.strftime("%Y-%m")}  # fmt: skip
    rows = []
    for name, query in asked.items():
        path = f"/{slug}/?{query.format(**span)}"
        heard: list[tuple[str, Any]] = []

        def ask(address: str = path) -> str:
            answer = browser.get(address)
            assert answer.status_code == 200, answer.status_code
            return str(answer.get_data(as_text=True))

        taken, worked = times(ask, rounds, database)
        stop = listen(database, heard)
        found = ask().split('class="count">', 1)[1].split("<", 1)[0]
        stop()

        def raw(statements: tuple[tuple[str, Any], ...] = tuple(heard)) -> None:
            with db.snapshot_read(database):
                for sql, parameters in statements:
                    if sql.lstrip()[:6].upper() == "SELECT" or sql.startswith("SET LOCAL"):
                        cursor = db.execute(database, sql, parameters or ())
                        if cursor.description:
                            cursor.fetchall()

        _bare, bare_worked = times(raw, rounds, database)
        # By the processor's time, of whoever works for the page: whatever else the machine does.
        figures = (statistics.median(taken), p95(taken), p95(worked), p95(bare_worked))
        ratio = f"{p95(worked) / max(p95(bare_worked), 0.01):.1f}"
        verdict = "met" if p95(worked) < AIM_MS else "**missed**"
        rows.append([name, found, *(f"{one:.0f}" for one in figures), ratio, verdict])
        print(" | ".join(rows[-1]), flush=True)
    return rows


# ---------------------------------------------------------------- downloads
def _resident() -> float:
    """Megabytes of this process."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.split("VmRSS:", 1)[1].split(None, 1)[0]) / 1024


def downloads(folder: Path, database: Any) -> list[list[str]]:
    """The last 100,000 calls as csv and xlsx, beside a SELECT and the bare writers; then half a million, for memory."""
    import openpyxl

    browser, found = site(folder, database), []
    mark, server = db.placeholder(database), backend(database)
    start = db.execute(
        database, f"SELECT offered_at FROM calls ORDER BY offered_at DESC LIMIT 1 OFFSET {ROWS - 1}"
    ).fetchone()
    since = int(start[0]) if start else 0
    text = datetime.fromtimestamp(since / 1000, UTC).isoformat(timespec="milliseconds").replace("+", "%2B")
    for kind in ("csv", "xlsx"):
        began, worked = time.perf_counter(), time.thread_time() + server()
        answer = browser.get(f"/historial-de-llamadas/descargar.{kind}?start={text}", buffered=False)
        pieces: Iterator[bytes] = iter(answer.response)
        size = len(next(pieces))
        first = time.perf_counter() - began
        size += sum(map(len, pieces))
        ours = time.thread_time() + server() - worked
        worked = time.thread_time() + server()
        cursor = db.execute(database, _BARE.replace("?", mark), (since,))
        with (folder / f"bare.{kind}").open("w", encoding="utf-8") as file:
            if kind == "csv":
                csv.writer(file).writerows(cursor.fetchall())
            else:
                book = openpyxl.Workbook(write_only=True)
                sheet = book.create_sheet()
                for row in cursor.fetchall():
                    sheet.append(row)
                book.save(folder / "bare.xlsx")
        bare = time.thread_time() + server() - worked
        verdict = "met" if ours <= 1.5 * bare else "**missed**"
        found.append([f"{kind}, {ROWS:,} calls", f"{bare:.2f}", f"{ours:.2f}", f"{ours / bare:.2f}",
                      f"{first * 1000:.0f}", f"{size / 1e6:.1f}", verdict])  # fmt: skip
        print(" | ".join(found[-1]), flush=True)
    pieces = iter(browser.get("/historial-de-llamadas/descargar.csv", buffered=False).response)
    lines, least, most = 0, 0.0, 0.0
    for number, piece in enumerate(pieces):
        lines += piece.count(b"\n")
        if number % 20 == 20 - 1:
            most = max(most, _resident())
            least = least or most
        if lines > 5 * ROWS:
            break
    grown = most - least
    found.append([f"csv, the first {lines:,} lines", "", "", "", "", f"grew {grown:.1f} MB in memory",
                  "met" if grown < 20 else "**missed**"])  # fmt: skip
    print(" | ".join(found[-1]), flush=True)
    return found


_BARE = (
    "SELECT w.direction, w.offered_at, w.answered_at, w.ended_at, w.wait_ms, w.talk_ms, w.call_center_name, "
    "w.called_number, w.calling_number, c.name, o.name, a.name, d.name, w.comment, w.rating, w.cost, w.rate_currency, "
    "w.outcome FROM calls w LEFT JOIN contacts c ON c.id = w.contact_id LEFT JOIN companies o ON o.id = c.company_id "
    "LEFT JOIN agents a ON a.id = w.agent_id LEFT JOIN dispositions d ON d.id = w.disposition_id "
    "WHERE w.offered_at >= ? ORDER BY w.offered_at DESC"
)


# ---------------------------------------------------------------- the writer
_NARROW = ("offered_at", "call_center_id, offered_at", "agent_id, offered_at", "contact_id, offered_at",
           "disposition_id, offered_at", "outcome, offered_at", "direction, offered_at", "calling_number",
           "called_number")  # fmt: skip


def writes(database: Any, people: int, count: int = 4000) -> list[list[str]]:
    """Opening and closing calls as the engine's writer does, twenty at a time; then with the indexes of before."""
    found = [["the indexes of the history", f"{_written(database, people, count, 1):.3f}"]]
    print(" | ".join(found[-1]), flush=True)
    names = [call_search.index_of(column) for column in ("", *call_search.COVERED)]
    for name in (*names, "calls_by_calling_number", "calls_by_called_number"):
        db.execute(database, f"DROP INDEX {name}")
    for number, columns in enumerate(_NARROW):
        db.execute(database, f"CREATE INDEX narrow_{number} ON calls ({columns})")
    found.append(["one narrow index for each column", f"{_written(database, people, count, 2):.3f}"])
    print(" | ".join(found[-1]), flush=True)
    for number in range(len(_NARROW)):
        db.execute(database, f"DROP INDEX narrow_{number}")
    call_search.create_for_calls(database)
    return found


def _written(database: Any, people: int, count: int, turn: int) -> float:
    """Milliseconds of CPU a call, the database's included."""
    now = int(time.time() * 1000)
    records = [
        CallRecord(f"bench{turn}-{now}.{number}", Direction.INBOUND, "40004101", f"+5068{number:07}", now + number,
                   call_center_id=1 + number % 8, contact_id=1 + number * 7919 % people)
        for number in range(count)
    ]  # fmt: skip
    server = backend(database)
    began = time.thread_time() + server()
    for start in range(0, count, 20):
        cdr.open_calls(database, records[start : start + 20])
        for one in records[start : start + 20]:
            closed = {"outcome": Outcome.ANSWERED, "agent_id": 1 + one.offered_at % 60, "ended_at": now}
            cdr.close_calls(database, [replace(one, **closed)])
    return (time.thread_time() + server() - began) / count * 1000


# ---------------------------------------------------------------- all
@contextmanager
def opened(kind: str, folder: Path, url: str) -> Iterator[tuple[Any, bool]]:
    """The database, and whether it is to be filled."""
    if kind == "sqlite":
        fresh = not (folder / "history.db").exists()
        database = db.open_database(f"sqlite:///{folder / 'history.db'}")
        yield database, fresh
        database.close()
        return
    server = None
    if not url:
        import postgres_server

        server = postgres_server.start()
        # As for an installation of this size, not for tests.
        larger = {"shared_buffers=32MB": "shared_buffers=1GB", "autovacuum=off": "autovacuum=on"}
        server.process.args = [larger.get(str(one), one) for one in server.process.args]  # type: ignore[union-attr]
        server.halt()
        server.resume()
        url = _when_up(server)
    database = db.open_database(url)
    try:
        yield database, "calls" not in database.get_tables() or not tables.Call.select().limit(1).count()
    finally:
        database.close()
        if server is not None:
            server.stop()


def _when_up(server: Any) -> str:
    import psycopg

    for _attempt in range(300):
        try:
            return str(server.url(server.create_database()))
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise SystemExit("PostgreSQL did not come back")


PAGE_HEADS = ["page", "found", "median", "p95", "p95 CPU", "p95 CPU of its SQL alone", "ratio", "under 150 ms"]
LOAD_HEADS = ["download", "bare, s CPU", "ours, s CPU", "ratio", "first bytes, ms", "MB", "within 1.5"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=5_000_000)
    parser.add_argument("--contacts", type=int, default=1_000_000)
    parser.add_argument("--databases", default="sqlite,postgresql")
    parser.add_argument("--url", default="")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default="pages,logins,downloads,writes")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="centralita-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    told: list[str] = []
    try:
        for kind in options.databases.split(","):
            with opened(kind, folder, options.url) as (database, fresh):
                told += _one(kind, database, fresh, folder, options)
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    if options.markdown:
        options.markdown.write_text("\n".join(told) + "\n", "utf-8")
    return int(any("**missed**" in line for line in told))


def _one(kind: str, database: Any, fresh: bool, folder: Path, options: Any) -> list[str]:
    db.migrate(database)
    ensure_account(database, Settings(data_dir=folder))
    told = [f"### {kind}", "", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {', '.join(machine.facts().values())}.", ""]
    if fresh:
        began = time.monotonic()
        tables.Agent.delete().execute()
        history_data.fill(database, options.calls, options.contacts)
        history_data.logins(database, options.calls // 5)
        told += [f"{options.calls:,} calls, {options.contacts:,} contacts, {options.calls // 5:,} log-ins, made in "
                 f"{time.monotonic() - began:.0f} s.", ""]  # fmt: skip
        print(told[-2], flush=True)
    parts: list[tuple[str, list[str], Callable[[], list[list[str]]]]] = [
        ("pages", PAGE_HEADS, lambda: pages(folder, database, "historial-de-llamadas", CALLS, options.rounds)),
        ("logins", PAGE_HEADS, lambda: pages(folder, database, "historial-de-logueos", LOGINS, options.rounds)),
        ("downloads", LOAD_HEADS, lambda: downloads(folder, database)),
        ("writes", ["CDR written with", "ms a call"], lambda: writes(database, options.contacts)),
    ]
    for name, heads, measure in parts:
        if name in options.only.split(","):
            print(f"--- {kind}: {name}", flush=True)
            told += [_line(heads), _line(["---"] * len(heads)), *(_line(row) for row in measure()), ""]
    return told


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
