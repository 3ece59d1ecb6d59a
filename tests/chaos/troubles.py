"""What is done to the system while it works: the engine killed, its socket cut, the switch killed, the database away.

Owns: doing it, undoing it, and writing down when. Must not: judge.
"""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from postgres_server import PostgresServer
from switch.real_switch import RealSwitch
from switch.running_engine import RunningEngine
from switch.wire_thread import WireInThread


@dataclass(frozen=True)
class Trouble:
    """`began` and `ended` in epoch seconds."""

    kind: str
    began: float
    ended: float


class Keeper:
    """Starts the engine again whenever it is dead, as the supervisor and systemd do."""

    def __init__(self, engine: RunningEngine) -> None:
        self._engine = engine
        self._stop = threading.Event()
        self._down_until = 0.0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._watch, name="keeper", daemon=True)
        self.starts = 0

    def __enter__(self) -> Keeper:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join(10)

    def kill(self, away: float) -> None:
        """SIGKILL; it comes back after so many seconds."""
        with self._lock:
            self._down_until = time.monotonic() + away
            if not self._engine.is_dead:
                self._engine.kill()

    def _watch(self) -> None:
        while not self._stop.wait(0.1):
            with self._lock:
                if self._engine.is_dead and time.monotonic() >= self._down_until:
                    self._engine.spawn()
                    self.starts += 1
                    self._down_until = time.monotonic() + 1.0


class Troubles:
    """One trouble after the other, now and then a second one in the middle of the first."""

    def __init__(
        self,
        rng: random.Random,
        keeper: Keeper,
        wire: WireInThread,
        switch: RealSwitch,
        database: PostgresServer | str,
        *,
        minute: bool = False,
    ) -> None:
        """`minute`: there is time to take the database away for a whole one."""
        self._rng = rng
        self._keeper = keeper
        self._wire = wire
        self._switch = switch
        self._database = database
        self._minute = minute
        self.done: list[Trouble] = []

    def go_on(self, until: float, say: Callable[[str], None]) -> None:
        """Until this time (epoch seconds)."""
        kinds = ["engine", "socket", "database", "engine", "switch", "engine in the dark"]
        kinds += ["a minute without the database"] if self._minute else []
        turn = 0
        while time.time() < until:
            time.sleep(min(self._rng.uniform(2.0, 7.0), max(0.0, until - time.time())))
            if time.time() >= until:
                break
            # Each kind once before any comes again, then by lot: a short run has them all.
            kind = kinds[turn] if turn < len(kinds) else self._rng.choice(kinds[:6])
            turn += 1
            began = time.time()
            say(kind)
            {
                "engine": self._engine,
                "socket": self._socket,
                "switch": self._restart_switch,
                "database": self._away,
                "engine in the dark": self._engine_in_the_dark,
                "a minute without the database": lambda: self.while_away(lambda: time.sleep(60)),
            }[kind]()
            self.done.append(Trouble(kind, began, time.time()))

    def _engine(self) -> None:
        self._keeper.kill(self._rng.choice((0.0, 0.3, 3.0)))

    def _socket(self) -> None:
        self._wire.refuse()
        self._wire.cut()
        time.sleep(self._rng.choice((0.0, 0.5, 4.0)))
        self._wire.accept()

    def _restart_switch(self) -> None:
        self._switch.kill()
        self._switch.start()

    def _away(self) -> None:
        self.while_away(lambda: time.sleep(self._rng.uniform(2.0, 12.0)))

    def _engine_in_the_dark(self) -> None:
        """The engine dies while the database is away: its records are in the journal, and it can't start."""

        def work() -> None:
            time.sleep(self._rng.uniform(1.0, 4.0))
            self._engine()
            time.sleep(self._rng.uniform(1.0, 5.0))

        self.while_away(work)

    def while_away(self, work: Callable[[], None]) -> None:
        if isinstance(self._database, PostgresServer):
            self._database.halt()
            try:
                work()
            finally:
                self._database.resume()
        else:
            holder = sqlite3.connect(self._database, isolation_level=None, timeout=10)
            try:
                holder.execute("BEGIN IMMEDIATE")
                work()
                holder.execute("ROLLBACK")
            finally:
                holder.close()
