"""Calls at a steady rate while everything that can die dies, one after the other: `make chaos`, `make chaos-short`.

    .venv/bin/python tests/chaos/run.py --seconds 1200 --database postgresql
    .venv/bin/python tests/chaos/run.py --seconds 120 --database sqlite --seed 7

The engine is killed, its socket cut, the switch killed and started, the database stopped and started (SQLite: locked).
Callers are answered at once, or wait for few agents; agents hold, hand on and consult; a phone of ours dials.
At the end: no channel and no bridge, one CDR for each INVITE that got beyond 100 (by SIPp's own log), nobody who talked
cut off but by the switch's own death, each recording kept whole or with a reason. Exit status 1 with every violation
in words.
Owns: putting the parts together. Must not: judge (`verdict`).
"""

from __future__ import annotations

import argparse
import contextlib
import random
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

import postgres_server
from chaos.crew import Crew
from chaos.troubles import Keeper, Troubles
from chaos.verdict import Heard, Witnesses, count, heard, judge, judge_dialled, judge_recordings, sounds
from switch.fixtures import REPOSITORY
from switch.outside import SippCarrier, SippDialler
from switch.real_switch import RealSwitch, free_port
from switch.running_engine import RunningEngine, secret_of
from switch.sipp import SippCaller, SippPhone
from switch.wire_thread import WireInThread

from centralita.embedded import find_or_fetch
from models.values.call import Strategy
from models.values.recording import RecordingMode

AGENTS, FEW = 60, 3
NUMBER, QUEUE, TAPED, NOWHERE = "40001000", "40002000", "40003000", "49999999"
DIALLER, OUTSIDE, DIALS_EVERY = "8330190", "88887777", 8.0
SETTLE_SECONDS = 120.0
"""After the last call: for the sweeps (every 30 s), the log's quiet time and the journal."""
# Of each second's calls: what the caller does. The digit after 7 tells them apart in the records.
CALLERS: tuple[tuple[float, str, dict[str, object]], ...] = (
    (0.43, NUMBER, {"talk_ms": 3_000}),
    (0.20, NUMBER, {"talk_ms": 12_000}),
    (0.10, NUMBER, {"behaviour": "cancel_ringing", "ring_ms": 150}),
    (0.04, NUMBER, {"behaviour": "cancel_early"}),
    (0.05, NOWHERE, {"talk_ms": 8_000}),
    (0.06, QUEUE, {"talk_ms": 9_000}),
    (0.12, TAPED, {"talk_ms": 5_000}),
)


def callers(folder: Path, switch: RealSwitch, seconds: float, rate: float) -> list[tuple[str, SippCaller]]:
    made = []
    for kind, (share, number, options) in enumerate(CALLERS, 1):
        pace = share * rate
        prefix = f"7{kind}"
        made.append(
            (
                prefix,
                SippCaller(
                    folder, switch.sip, number, caller=f"{prefix}[call_number]", calls=max(2, int(seconds * pace)),
                    rate=pace, seconds=seconds + 60, **options,  # type: ignore[arg-type]
                ),
            )
        )  # fmt: skip
    return made


ENDPOINTS = [str(8330101 + place) for place in range(AGENTS + FEW)]


def furnish(engine: RunningEngine) -> list[int]:
    """Many agents, and few more for whom callers wait; one more phone, which dials."""
    agents = [engine.account.agent(f"Agente {endpoint}", endpoint) for endpoint in ENDPOINTS]
    many, few = agents[:AGENTS], agents[AGENTS:]
    engine.account.call_center("Caos", [NUMBER], many, strategy=Strategy.ROUND_ROBIN_MEMORY, ring_seconds=5)
    engine.account.call_center(
        "Grabado", [TAPED], many, strategy=Strategy.ROUND_ROBIN_MEMORY, ring_seconds=5, recording=RecordingMode.ALWAYS
    )
    engine.account.call_center(
        "Cola", [QUEUE], few, strategy=Strategy.LONGEST_IDLE, ring_seconds=5, music="default",
        welcome="stock:vm-goodbye", announce_seconds=10, recording=RecordingMode.ALWAYS,
    )  # fmt: skip
    engine.account.agent("Quien marca", DIALLER)
    return agents


def wait_for(condition: object, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def run(folder: Path, seconds: float, rate: float, database: str, seed: int) -> list[str]:
    """Every violation."""
    began = time.time()

    def say(what: str) -> None:
        print(f"{time.time() - began:7.1f} s  {what}", flush=True)

    with contextlib.ExitStack() as stack:
        trunk = free_port()
        dist = find_or_fetch(REPOSITORY / "var" / "asterisk-dist")
        switch = RealSwitch(dist, folder / "switch", trunk_host=f"127.0.0.1:{trunk}")
        stack.callback(switch.stop)
        switch.start()
        wire = stack.enter_context(WireInThread("127.0.0.1", switch.config.ari_port))
        where: postgres_server.PostgresServer | str = str(folder / "data" / "centralita.db")
        url = ""
        if database == "postgresql":
            where = postgres_server.start()
            stack.callback(where.stop)
            url = where.url(where.create_database())
        engine = RunningEngine(
            switch, folder / "data", url, ari_port=wire.port, log_level="INFO", trunk_host=f"127.0.0.1:{trunk}",
            trunk_caller_id="22220000",
        )  # fmt: skip
        stack.callback(engine.stop)
        agents = furnish(engine)
        engine.start(30)
        phones = SippPhone(
            folder, switch.sip, {endpoint: secret_of(endpoint) for endpoint in ENDPOINTS},
            ring_ms=200, seconds=seconds + SETTLE_SECONDS + 120,
        )  # fmt: skip
        carrier = SippCarrier(folder, switch.sip, trunk, ring_ms=300, seconds=seconds + SETTLE_SECONDS + 120)
        stack.callback(carrier.stop)
        carrier.start()
        stack.callback(phones.stop)
        phones.online()
        crew = stack.enter_context(Crew(engine, agents, AGENTS, random.Random(seed)))
        if not wait_for(lambda: len(crew.here) == len(agents), 30):
            return [f"only {len(crew.here)} desks came to work"]
        keeper = stack.enter_context(Keeper(engine))
        troubles = Troubles(random.Random(seed), keeper, wire, switch, where, minute=seconds >= 300)
        lines = callers(folder, switch, seconds, rate)
        for _, caller in lines:
            stack.callback(caller.stop)
            caller.start()
        dialler = SippDialler(
            folder, switch.sip, DIALLER, secret_of(DIALLER), OUTSIDE, talk_ms=3_000, seconds=seconds + 60,
            calls=max(2, int(seconds / DIALS_EVERY)), every=DIALS_EVERY,
        )  # fmt: skip
        stack.callback(dialler.stop)
        dialler.start()
        say(f"seed {seed}, {database}: {rate:g} calls/s for {seconds:g} s, {AGENTS} agents")
        troubles.go_on(time.time() + seconds - 5, say)
        say("quiet from here on")
        for caller in (*(caller for _, caller in lines), dialler):
            wait_for(lambda caller=caller: not caller.running, 50)  # type: ignore[misc]
            caller.stop()
        calls = [call for prefix, caller in lines for call in heard(prefix, caller.messages())]
        wrong = settle(engine, switch)
        records = engine.calls()
        dialled = [record for record in records if record["calling_number"] == DIALLER]
        of_callers = [record for record in records if record not in dialled]
        wrong += judge(calls, of_callers, troubles.done, witnesses(engine, switch))
        wrong += judge_dialled(DIALLER, heard("", dialler.messages()), dialled, troubles.done)
        wrong += recordings(engine, switch, troubles, records)
        wrong += defects(engine)
        report(calls, records, troubles, engine, keeper)
        answered = sum(record["answered_at"] is not None for record in dialled)
        print(f"dialled by a phone: {len(dialled)}, answered {answered}; agents did: {crew.did}")
        if len(calls) < 0.8 * seconds * rate:
            wrong.append(f"only {len(calls)} calls were made")
        return wrong


def settle(engine: RunningEngine, switch: RealSwitch) -> list[str]:
    """Nothing is left on the switch, and every record is closed, soon after the last call."""
    wrong = []
    quiet = wait_for(lambda: engine.is_ready() and not switch.channels() and not switch.bridges(), SETTLE_SECONDS)
    if not quiet:
        left = [f"{one['name']} {one['id']} {one['state']}" for one in switch.channels()]
        wrong.append(f"left on the switch: {left} {[one['id'] for one in switch.bridges()]}")
    if not wait_for(lambda: all(call["ended_at"] for call in engine.calls()), SETTLE_SECONDS):
        wrong.append(f"{sum(not call['ended_at'] for call in engine.calls())} CDRs are still open")
    held = wait_for(lambda: not _held(engine), 30)
    if not held:
        wrong.append(f"held by no call: {_held(engine)}")
    return wrong


def recordings(
    engine: RunningEngine, switch: RealSwitch, troubles: Troubles, records: Sequence[dict[str, object]]
) -> list[str]:
    """What became of every recording; the mover has its time."""

    def rows() -> list[dict[str, object]]:
        names = ("name", "call_id", "state", "sha256", "size", "duration_ms", "problem", "ended_at")
        return [dict(zip(names, row, strict=True)) for row in engine.rows(f"SELECT {', '.join(names)} FROM recordings")]

    def on_switch() -> list[str]:
        return [str(one["name"]) for one in switch.ari("GET", "recordings/stored")[1]]

    def settled() -> bool:
        return not on_switch() and all(row["state"] != "pending" for row in rows())

    wait_for(settled, SETTLE_SECONDS)
    told = rows()
    taped = [one for one in records if one["called_number"] in (TAPED, QUEUE)]
    wrong = judge_recordings(told, sounds(engine.settings.data_dir), on_switch(), taped, troubles.done)
    states: dict[str, int] = {}
    for row in told:
        states[str(row["state"])] = states.get(str(row["state"]), 0) + 1
    print(f"recordings: {len(told)} ({', '.join(f'{state} {number}' for state, number in sorted(states.items()))})")
    if sum(row["state"] == "kept" for row in told) < 5:
        wrong.append("hardly anything was recorded")
    return wrong


def _held(engine: RunningEngine) -> list[object]:
    live = {call["call_id"] for call in engine.control("GET", "/calls")[1]}
    return [seat for seat in engine.control("GET", "/agents")[1] if seat["call_id"] and seat["call_id"] not in live]


def witnesses(engine: RunningEngine, switch: RealSwitch) -> Witnesses:
    connected = [re.search(r"timestamp=(\S+)", line) for line in engine.log("event=ari_connected")]
    times = [datetime.fromisoformat(found[1]).timestamp() for found in connected if found is not None]
    return Witnesses(switch.config.cel_file.read_text(errors="replace"), times)


def defects(engine: RunningEngine) -> list[str]:
    """What the engine's log must never say."""
    found = []
    for needle in ("core_failed", "record_refused", "record_writer_failed", "tick_failed", "command_failed"):
        lines = engine.log(needle)
        if lines:
            found.append(f"{len(lines)} × {needle}, first: {lines[0][:400]}")
    return found


def report(
    calls: Sequence[Heard],
    records: Sequence[dict[str, object]],
    troubles: Troubles,
    engine: RunningEngine,
    keeper: Keeper,
) -> None:
    kinds: dict[str, int] = {}
    for trouble in troubles.done:
        kinds[trouble.kind] = kinds.get(trouble.kind, 0) + 1
    beyond = sum(call.beyond_100_at is not None for call in calls)
    print(
        f"INVITEs: {len(calls)}, beyond 100: {beyond}, answered: {sum(call.answered_at is not None for call in calls)}"
    )
    print(f"CDRs: {len(records)} ({count(records)})")
    print("troubles:", ", ".join(f"{kind} {number}" for kind, number in sorted(kinds.items())))
    print(
        f"engine started {keeper.starts + 1} times, adopted {len(engine.log('event=adopted'))}, "
        f"from the switch's log {len(engine.log('cdr_from_cel'))}, reaped {len(engine.log('event=reaped'))}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=1200)
    parser.add_argument("--rate", type=float, default=5.0, help="calls a second (default: 5)")
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both", help="both: half each")
    parser.add_argument("--seed", type=int, default=None, help="of the troubles (default: from the clock)")
    parser.add_argument("--keep", type=Path, help="a folder for everything that was logged")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else int(time.time())
    kinds = ["postgresql", "sqlite"] if options.database == "both" else [options.database]
    wrong: list[str] = []
    for kind in kinds:
        folder = options.keep / kind if options.keep else Path(tempfile.mkdtemp(prefix="centralita-chaos-"))
        folder.mkdir(parents=True, exist_ok=True)
        found = run(folder, options.seconds / len(kinds), options.rate, kind, seed)
        print("\n".join(f"WRONG: {one}" for one in found) or "nothing wrong", flush=True)
        wrong += found
        if not found and not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
        elif found:
            print(f"everything that was logged is in {folder}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
