"""How long a routing snapshot takes: 1,000 call centers, 1,000 agents, 2,000 numbers, members direct and by groups.

    python bench/snapshot.py [--url postgresql://…] [--rounds 30] [--json]

Reports the median and the worst of `models.snapshot.build`, beside the bare SQL that reads the same rows, as a ratio;
and one look-up of a number. The aim is a median under 50 ms, judged by CPU time so that a busy neighbour does not
decide; exit status 1 when it is missed.
Without --url it uses a temporary SQLite file. With --url: an empty database, which is filled.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from models import db, snapshot, tables
from models.values.pattern import canonical_pattern

CENTERS = AGENTS = 1_000
GROUPS, MEMBERS, DIRECT = 100, 20, 5
AIM_MS = 50.0


def fill(database: object) -> None:
    """Writes the account in bulk."""
    with db.transaction(database):  # type: ignore[arg-type]
        tables.Account.create(id=1, name="Bench")
        insert(tables.Agent, [
            {"id": n, "name": f"Agente {n}", "email": f"a{n}@example.org", "email_key": f"a{n}@example.org",
             "endpoint": str(8_000_000 + n)}
            for n in range(1, AGENTS + 1)
        ])  # fmt: skip
        insert(tables.AgentGroup, [{"id": n, "name": f"g{n}", "name_key": f"g{n}"} for n in range(1, GROUPS + 1)])
        insert(tables.AgentGroupMember, [
            {"group": g, "agent": (g * 37 + m) % AGENTS + 1, "priority": m}
            for g in range(1, GROUPS + 1) for m in range(MEMBERS)
        ])  # fmt: skip
        insert(tables.CallCenter, [
            {"id": n, "name": f"Centro {n}", "name_key": f"centro {n}", "price": n, "color": f"#{n * 4321 % 2**24:06x}",
             "pop_up_url": "https://crm.example/c?tel={caller}&id={contact_id}"}
            for n in range(1, CENTERS + 1)
        ])  # fmt: skip
        patterns = [
            (n, text)
            for n in range(1, CENTERS + 1)
            for text in (f"4{n:07d}", f"2{n:04d}XXX" if n % 2 else f"7{n:04d}*")
        ]
        insert(tables.CallCenterNumber, [
            {"call_center": n, "pattern": text, "canonical": canonical_pattern(text)} for n, text in patterns
        ])  # fmt: skip
        insert(tables.CallCenterAgent, [
            {"call_center": n, "agent": (n * 13 + m) % AGENTS + 1, "priority": m}
            for n in range(1, CENTERS + 1) for m in range(DIRECT)
        ])  # fmt: skip
        insert(tables.CallCenterGroup, [
            {"call_center": n, "group": (n + m * 7) % GROUPS + 1, "priority": m}
            for n in range(1, CENTERS + 1) for m in range(2)
        ])  # fmt: skip


def insert(table: type[tables.Row], rows: list[dict[str, object]]) -> None:
    for start in range(0, len(rows), 500):
        table.insert_many(rows[start : start + 500]).execute()


def measured(action: Callable[[], object], rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds by the clock and of this thread's CPU, of each round, one round unmeasured before them."""
    action()
    clock: list[float] = []
    cpu: list[float] = []
    for _ in range(rounds):
        began, worked = time.perf_counter(), time.thread_time()
        action()
        cpu.append((time.thread_time() - worked) * 1000)
        clock.append((time.perf_counter() - began) * 1000)
    return clock, cpu


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="centralita-bench-") as folder:
        database = db.open_database(options.url or f"sqlite:///{Path(folder) / 'bench.db'}")
        db.migrate(database)
        fill(database)

        def raw() -> None:
            with db.snapshot_read(database):
                for sql in snapshot.QUERIES:
                    db.execute(database, sql).fetchall()

        began = time.perf_counter()
        built = snapshot.build(database, 1)
        first = (time.perf_counter() - began) * 1000
        # One of each in turn, so that a busy neighbour slows both.
        bare, _ = measured(raw, options.rounds)
        whole, cpu = measured(lambda: snapshot.build(database, 1), options.rounds)
        called = [f"+5064{n:07d}" for n in range(1, CENTERS + 1)] + [f"2{n:04d}123" for n in range(1, CENTERS + 1, 2)]
        lookups, _ = measured(lambda: [built.resolve(number) for number in called], 5)
        missing = sum(built.resolve(number) is None for number in called)
        database.close()
    result = {
        "database": "postgresql" if options.url else "sqlite",
        "call_centers": len(built.call_centers),
        "agents": len(built.agents),
        "numbers": len(built.numbers),
        "agents_per_call_center": round(statistics.mean(len(c.agents) for c in built.call_centers.values()), 1),
        "build_ms_first": round(first, 2),
        "build_ms_median": round(statistics.median(whole), 2),
        "build_cpu_ms_median": round(statistics.median(cpu), 2),
        "build_ms_worst": round(max(whole), 2),
        "sql_ms_median": round(statistics.median(bare), 2),
        "ratio_to_sql": round(statistics.median(whole) / statistics.median(bare), 2),
        "lookup_us_median": round(statistics.median(lookups) * 1000 / len(called), 2),
        "lookups_missed": missing,
        "aim_ms": AIM_MS,
    }
    if options.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:>24}  {value}")
    return 0 if statistics.median(cpu) < AIM_MS and not missing else 1


if __name__ == "__main__":
    sys.exit(main())
