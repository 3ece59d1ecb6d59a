"""A full house, and everything that can die does: `make crowd`, `make crowd-short`.

    .venv/bin/python tests/chaos/crowd.py --waiting 350 --pairs 100
    .venv/bin/python tests/chaos/crowd.py --waiting 70 --pairs 30 --database sqlite

Pairs talk, callers wait for the same agents: all at once. Then the engine is killed, its socket cut, the database
taken away; at last the pairs hang up and those who waited are served. A second crowd stands there as the switch is
killed, and in the long version a third as both are.
At the end: nobody hung up before their time, those who waited were rung for in the order in which they came, one right
CDR for each, no seat held. It prints how long everything took. Exit status 1 with every violation in words.
Owns: putting the parts together, and what must be true of a crowd. Must not: know SIP (`verdict.heard`).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

import postgres_server
from chaos.crew import Crew
from chaos.run import defects, wait_for
from chaos.troubles import Troubles
from chaos.verdict import Heard, heard
from switch.fixtures import REPOSITORY
from switch.real_switch import RealSwitch
from switch.running_engine import RunningEngine, secret_of
from switch.sipp import TEN_MINUTES_MS, SippCaller, SippPhone
from switch.wire_thread import WireInThread
from websockets.exceptions import WebSocketException

from centralita.embedded import find_or_fetch
from models.values.call import Strategy
from models.values.recording import RecordingMode

TALK, MUSIC, SILENT = "40001000", "40002000", "40003000"
SERVED_SECONDS = 1.5
"""How long those who waited are talked with. On two busy cores, where a hundred calls end and a hundred are answered in
the same moment, some are brought together half a second after the answer: who hangs up before that has not talked."""
LONG = 300
"""With more callers than this it is the long version."""
AWAY_SECONDS = 5.0
"""How much longer the database is away then."""
MUSIC_SHARE = 0.3
"""Of those who wait; music is sent to each, which is the switch's work and not ours."""


class Servers(Crew):
    """Once `serving`, they hang up soon after a conversation has begun."""

    serving = False

    def _perhaps(self, agent: int, call: str, socket: Any) -> None:
        if self.serving:
            task = self._loop.create_task(self._serve(call, socket))
            self._busy.add(task)
            task.add_done_callback(self._busy.discard)

    async def _serve(self, call: str, socket: Any) -> None:
        with contextlib.suppress(OSError, WebSocketException):
            await asyncio.sleep(SERVED_SECONDS)
            await self.say(socket, "hangup", call_id=call)


class Crowd:
    """One switch, one engine, and as many callers as are asked for."""

    def __init__(self, folder: Path, waiting: int, pairs: int, rate: float, database: str) -> None:
        self.folder, self.waiting, self.pairs, self.rate = folder, waiting, pairs, rate
        self.began = time.time()
        self.wrong: list[str] = []
        self.figures: list[tuple[str, float]] = []
        self._stack = contextlib.ExitStack()
        self._database = database
        self._round = 0
        self._callers: list[tuple[str, SippCaller]] = []
        """With the prefix of their numbers."""

    @property
    def is_long(self) -> bool:
        return self.waiting + self.pairs > LONG

    def say(self, what: str) -> None:
        print(f"{time.time() - self.began:7.1f} s  {what}", flush=True)

    def note(self, what: str, seconds: float) -> None:
        self.figures.append((what, seconds))
        self.say(f"{what}: {seconds:.2f} s")

    # ------------------------------------------------------------ the stage
    def __enter__(self) -> Crowd:
        with contextlib.ExitStack() as stack:
            dist = find_or_fetch(REPOSITORY / "var" / "asterisk-dist")
            # Two ports for each side of each call.
            self.switch = RealSwitch(dist, self.folder / "switch", rtp_start=12_000, rtp_end=19_999)
            stack.callback(self.switch.stop)
            self.switch.start()
            self.wire = stack.enter_context(WireInThread("127.0.0.1", self.switch.config.ari_port))
            where: postgres_server.PostgresServer | str = str(self.folder / "data" / "centralita.db")
            url = ""
            if self._database == "postgresql":
                where = postgres_server.start()
                stack.callback(where.stop)
                url = where.url(where.create_database())
            self.engine = RunningEngine(
                self.switch, self.folder / "data", url, ari_port=self.wire.port, log_level="INFO", heartbeat_seconds=120
            )
            stack.callback(self.engine.stop)
            self.troubles = Troubles(random.Random(1), None, self.wire, self.switch, where)  # type: ignore[arg-type]
            endpoints = [str(8331001 + place) for place in range(self.pairs)]
            agents = [self.engine.account.agent(f"Agente {one}", one) for one in endpoints]
            calm: dict[str, Any] = {"strategy": Strategy.LONGEST_IDLE, "ring_seconds": 20, "max_wait_seconds": 600}
            talk = RecordingMode.ALWAYS
            self.engine.account.call_center("Hablan", [TALK], agents, recording=talk, **calm)
            self.engine.account.call_center("Con música", [MUSIC], agents, music="default", **calm)
            self.engine.account.call_center("Sin música", [SILENT], agents, **calm)
            self.engine.start(30)
            if not wait_for(lambda: self.engine.log("event=phones_pushed"), 60):
                raise AssertionError("the phones do not come onto the switch")
            self.say(self.engine.log("event=phones_pushed")[0].partition("event=")[2])
            self.phones = SippPhone(
                self.folder, self.switch.sip, {one: secret_of(one) for one in endpoints}, ring_ms=50, seconds=900
            )
            stack.callback(self.phones.stop)
            self.phones.online()
            self.desks = stack.enter_context(Servers(self.engine, agents, 0, random.Random(1)))
            if not wait_for(lambda: len(self.desks.here) == len(agents), 30):
                raise AssertionError(f"only {len(self.desks.here)} desks came to work")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    # ------------------------------------------------------------ the crowd
    def call(self, number: str, calls: int, *, digit: int, **options: Any) -> str:
        """So many callers; the prefix of their numbers."""
        prefix = f"7{self._round}{digit}"
        caller = SippCaller(
            self.folder, self.switch.sip, number, caller=f"{prefix}[call_number]", calls=max(2, calls),
            **{"rate": self.rate, "talk_ms": TEN_MINUTES_MS, "seconds": 900, **options},
        )  # fmt: skip
        self._stack.callback(caller.stop)
        caller.start()
        self._callers.append((prefix, caller))
        return prefix

    def gather(self) -> None:
        """All agents talk, and then as many callers wait as are wanted."""
        began = time.monotonic()
        self._round += 1
        self.desks.serving = False
        self.call(TALK, self.pairs, digit=1)
        self.demand(lambda: self.phases()["talking"] >= self.pairs, 60, f"{self.pairs} talk")
        with_music = int(MUSIC_SHARE * self.waiting)
        self.call(MUSIC, with_music, digit=2, rate=MUSIC_SHARE * self.rate)
        self.call(SILENT, self.waiting - with_music, digit=3, rate=(1 - MUSIC_SHARE) * self.rate)
        self.demand(lambda: self.phases()["waiting"] >= self.waiting, 120, f"{self.waiting} wait")
        self.note(f"{self.pairs} talk and {self.waiting} wait", time.monotonic() - began)

    def live(self) -> dict[str, str]:
        """The engine's calls, and their phases."""
        return {call["call_id"]: call["phase"] for call in self.engine.control("GET", "/calls")[1]}

    def phases(self) -> Counter[str]:
        return Counter(self.live().values())

    def demand(self, condition: Callable[[], object], seconds: float, what: str) -> float:
        """Seconds that it took; what does not come about is a violation."""
        began = time.monotonic()

        def holds() -> object:
            try:
                return condition()
            except OSError:
                return False  # the engine is not there yet

        if not wait_for(holds, seconds):
            self.wrong.append(f"not within {seconds:g} s: {what}; {self.state()}")
        return time.monotonic() - began

    def state(self) -> str:
        with contextlib.suppress(OSError):
            return f"calls {dict(self.phases())}, channels {len(self.switch.channels())}"
        return "the engine does not answer"

    # ------------------------------------------------------------ what dies
    def while_it_goes_on(self, what: str, trouble: Callable[[], None], *, gap: bool = True) -> None:
        """After the trouble everything must be as it was before. `gap`: the engine compares itself with the switch."""
        before, channels = self.live(), {one["id"] for one in self.switch.channels()}
        compared = len(self.engine.log("event=resynced"))
        self.say(what)
        trouble()

        def ready() -> bool:
            return self.engine.is_ready() and len(self.engine.log("event=resynced")) == compared + gap

        took = self.demand(ready, 60, f"{what}: the engine is ready")
        self.note(f"{what}: ready again after", took)
        health = self.engine.control("GET", "/health")[1]
        self.say(f"resync {health['resync']}, loop {health['loop']}, ari {health['ari']}")
        if gap:
            self.figures.append((f"{what}: resync", health["resync"].get("ms", 0) / 1000))
        self.figures.append((f"{what}: the loop's longest standstill", health["loop"]["worst_ms"] / 1000))
        now = self.live()
        if now != before:
            lost, new = before.keys() - now.keys(), now.keys() - before.keys()
            other = {
                call: (before[call], now[call]) for call in before.keys() & now.keys() if before[call] != now[call]
            }
            self.wrong.append(f"{what}: calls lost {sorted(lost)[:5]} ({len(lost)}), new {new}, other {other}")
        gone = channels - {one["id"] for one in self.switch.channels()}
        if gone:
            self.wrong.append(f"{what}: {len(gone)} channels are gone, {sorted(gone)[:5]}")
        if health["ari"]["overflows"] or health["ari"]["timed_out"]:
            self.wrong.append(f"{what}: {health['ari']}")
        took = self.demand(lambda: len(self.desks.here) == self.pairs, 30, f"{what}: the desks are back")
        self.note(f"{what}: all desks back after another", took)

    def kill_engine(self) -> None:
        self.engine.kill()
        self.desks.here.clear()
        self.engine.spawn()

    def cut_socket(self) -> None:
        self.wire.refuse()
        self.wire.cut()
        self.demand(lambda: not self.engine.is_ready(), 10, "the engine notices that its socket is cut")
        self.wire.accept()

    def database_away(self) -> None:
        """Meanwhile some call and give up."""

        def work() -> None:
            self.call(SILENT, 20, digit=4, behaviour="cancel_ringing", ring_ms=500)
            self.demand(lambda: not self._callers[-1][1].running, 20, "who gave up has gone")
            time.sleep(AWAY_SECONDS if self.is_long else 0)

        self.troubles.while_away(work)

    def dies(self, what: str, *, engine: bool) -> None:
        """The switch is killed with all calls up; `engine`: so is the engine, as by a power cut."""
        calls = self.live()
        self.say(what)
        if engine:
            self.engine.kill()
        began = time.monotonic()
        self.switch.kill()
        self.switch.start()
        if engine:
            self.engine.spawn()
        self.demand(self.engine.is_ready, 60, f"{what}: the engine is ready")
        self.note(f"{what}: ready again after", time.monotonic() - began)

        def closed() -> bool:
            ended = {str(one["id"]) for one in self.engine.calls() if one["ended_at"] and one["cause"] is not None}
            return calls.keys() <= ended

        self.demand(closed, 60, f"{what}: every CDR is closed and has a cause")
        self.note(f"{what}: every CDR closed after", time.monotonic() - began)
        self.say(f"loop {self.engine.control('GET', '/health')[1]['loop']}")
        for _, caller in self._callers:
            caller.stop()
        self.demand(self.all_free, 30, f"{what}: all agents are free")
        self.note(f"{what}: all agents free after", time.monotonic() - began)

    def all_free(self) -> bool:
        seats = self.engine.control("GET", "/agents")[1]
        return sum(seat["state"] == "available" and seat["connected"] for seat in seats) == self.pairs

    # ------------------------------------------------------------ the end of a crowd
    def serve(self) -> None:
        """The pairs hang up; those who waited are served, one after the other."""
        self.desks.serving = True
        self.released_at = time.time()
        began = time.monotonic()
        for call, phase in self.live().items():
            if phase == "talking":
                self.engine.control("POST", f"/calls/{call}/hangup", {"agent": None})
        self.demand(lambda: not self.live() and not self.switch.channels(), 120, "all are served, and gone")
        self.note("all are served", time.monotonic() - began)
        self.demand(self.all_free, 30, "all agents are free")

    def judge_served(self) -> None:
        """One right CDR for each, nobody cut off before their time, all rung for in the order in which they came."""
        self.demand(lambda: all(one["ended_at"] for one in self.engine.calls()), 60, "every CDR is closed")
        records = self.engine.calls()
        by_number: dict[str, list[dict[str, Any]]] = {}
        for record in records:
            by_number.setdefault(str(record["calling_number"]), []).append(record)
        for prefix, caller in self._callers:
            gives_up = prefix.endswith("4")
            for call in heard(prefix, caller.messages()):
                found = by_number.pop(call.number, [])
                self._judge_one(call, found, gives_up=gives_up)
        self.wrong += [f"nobody called as {number}" for number in by_number]
        first_rung = dict(
            self.engine.rows("SELECT call_id, min(offered_at) FROM call_legs WHERE ordinal > 0 GROUP BY call_id")
        )
        waited = [one for one in records if one["called_number"] != TALK and one["id"] in first_rung]
        waited.sort(key=lambda one: int(one["offered_at"]))
        late = sum(
            first_rung[one["id"]] > first_rung[later["id"]] and one["offered_at"] < later["offered_at"]
            for one, later in itertools.pairwise(waited)
        )
        if late:
            self.wrong.append(f"{late} of {len(waited)} were rung for after somebody who came later")

    def _judge_one(self, call: Heard, found: Sequence[dict[str, Any]], *, gives_up: bool) -> None:
        if len(found) != 1:
            self.wrong.append(f"{call.number}: answers {call.answers}, {len(found)} CDRs")
            return
        [record] = found
        outcome = "abandoned" if gives_up else "answered"
        if record["outcome"] != outcome:
            self.wrong.append(f"{call.number}: {record['outcome']} ({record['reason']}), not {outcome}")
        if call.bye_from_us_at is not None and call.bye_from_us_at < self.released_at:
            self.wrong.append(f"{call.number}: was hung up {self.released_at - call.bye_from_us_at:.1f} s too early")
        if not gives_up and call.bye_from_us_at is not None:
            ended = call.bye_from_us_at - int(record["ended_at"]) / 1000
            if abs(ended) > 1.5 or not record["talk_ms"]:
                self.wrong.append(f"{call.number}: talk_ms {record['talk_ms']}, BYE {ended:+.1f} s from its end")

    def report(self) -> None:
        print(f"\nload average {os.getloadavg()[0]:.1f}; outcomes {Counter(c['outcome'] for c in self.engine.calls())}")
        for what, seconds in self.figures:
            print(f"{seconds:8.2f} s  {what}")


def run(folder: Path, waiting: int, pairs: int, rate: float, database: str) -> list[str]:
    """Every violation."""
    with Crowd(folder, waiting, pairs, rate, database) as crowd:
        crowd.say(f"{database}: load average {os.getloadavg()[0]:.1f}")
        crowd.gather()
        crowd.while_it_goes_on("engine killed", crowd.kill_engine)
        crowd.while_it_goes_on("socket cut", crowd.cut_socket)
        crowd.while_it_goes_on("database away", crowd.database_away, gap=False)
        crowd.serve()
        crowd.judge_served()
        crowd.gather()
        crowd.dies("switch killed", engine=False)
        if crowd.is_long:
            crowd.gather()
            crowd.dies("switch and engine killed", engine=True)
        crowd.report()
        return crowd.wrong + defects(crowd.engine)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--waiting", type=int, default=350)
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--rate", type=float, default=40.0, help="calls a second (default: 40)")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="postgresql")
    parser.add_argument("--keep", type=Path, help="a folder for everything that was logged")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="centralita-crowd-"))
    folder.mkdir(parents=True, exist_ok=True)
    found = run(folder, options.waiting, options.pairs, options.rate, options.database)
    print("\n".join(f"WRONG: {one}" for one in found) or "nothing wrong", flush=True)
    if found:
        print(f"everything that was logged is in {folder}")
    elif not options.keep:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
