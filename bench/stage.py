"""The stage of a run: one switch, agents with their phones and desks, and the three who may answer a call.

Owns: starting and ending the parts, app_queue's configuration, the numbers that lead to each. Must not: measure.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from switch.real_switch import RealSwitch
from switch.running_engine import REPOSITORY, RunningEngine, secret_of
from switch.waiting import wait_until

from bench.load import Phones, caller_number
from centralita.asterisk_conf import ARI_USER
from centralita.asterisk_process import SwitchFailed
from centralita.embedded import find_or_fetch
from models import tokens
from models.tables import Contact
from models.tables.contacts import search_text
from models.values.call import Strategy
from models.values.phone import normalise

ENGINE_NUMBER = "40001000"
QUEUE_NUMBER = "40002000"
BARE_NUMBER = "40003000"
BARE_APP = "bench-bare"
TRUNK_ADDRESS = "127.0.0.1"
OTHER_ADDRESS = "127.0.0.2"
"""Where the callers of app_queue and the bare application come from: a trunk of theirs. To the engine an attempt on
its own trunk that it does not know of is a call it has missed, and it would write a CDR for each."""
OTHER_CONTEXT = "bench"
UNKNOWN_EVERY = 10
"""One caller in so many is unknown: a contact is made for each. The others have a card."""


def start_switch(folder: Path) -> RealSwitch:
    """The real switch with the product's own configuration. Raises SwitchFailed."""
    dist = find_or_fetch(REPOSITORY / "var" / "asterisk-dist")
    for attempt in range(3):
        # Two ports for each side of each call, and 500 agents may talk while 200 callers wait.
        switch = RealSwitch(dist, folder / f"switch-{attempt}", rtp_start=12_000, rtp_end=21_999)
        try:
            return switch.start()
        except SwitchFailed:
            # Somebody took a port between our asking and Asterisk's binding it.
            if attempt == 2:
                raise
    raise AssertionError("unreachable")


def add_others(switch: RealSwitch, endpoints: list[str]) -> None:
    """On the same switch: a second trunk, app_queue (rrmemory over static members), and the bare application's number.

    The trunk is the product's own in all but its address and context.
    """
    config = switch.config
    with (config.etc_dir / "pjsip.conf").open("a") as handle:
        handle.write(
            f"\n[{OTHER_CONTEXT}](provider)\ncontext = {OTHER_CONTEXT}\n"
            f"\n[{OTHER_CONTEXT}]\ntype = identify\nendpoint = {OTHER_CONTEXT}\nmatch = {OTHER_ADDRESS}\n"
        )
    for module in ("res_pjsip", "res_pjsip_endpoint_identifier_ip"):
        switch.cli(f"module reload {module}.so")
    members = "".join(f"member => PJSIP/{endpoint}\n" for endpoint in endpoints)
    (config.etc_dir / "queues.conf").write_text(
        "[general]\npersistentmembers = no\nautofill = yes\n\n"
        "[bench]\nstrategy = rrmemory\nringinuse = no\ntimeout = 15\nretry = 1\nwrapuptime = 0\njoinempty = yes\n"
        + members
    )
    switch.cli("module load app_queue.so")
    # `r`: the caller hears ringing, as the engine's and the bare application's do.
    for line in (
        f"{QUEUE_NUMBER},1,Queue(bench,r)",
        f"{BARE_NUMBER},1,Stasis({BARE_APP})",
    ):
        answer = switch.cli(f"dialplan add extension {line} into {OTHER_CONTEXT}")
        assert "added into" in answer, answer
    wait_until(lambda: OTHER_CONTEXT in switch.cli("pjsip show identifies"), 5, "the other callers' trunk")
    shown = switch.cli("queue show bench")
    assert shown.count("PJSIP/") == len(endpoints), shown


@dataclass(frozen=True)
class Agents:
    """The agents' ids by their endpoints."""

    by_endpoint: dict[str, int]

    @property
    def endpoints(self) -> list[str]:
        return list(self.by_endpoint)

    @property
    def secrets(self) -> dict[str, str]:
        return {endpoint: secret_of(endpoint) for endpoint in self.by_endpoint}


def make_account(engine: RunningEngine, agents: int, callers: list[str]) -> Agents:
    """One call center, round robin with memory over all agents; most callers are contacts."""
    database = engine.database
    with database.atomic():
        made = {str(8330000 + n): 0 for n in range(1, agents + 1)}
        for endpoint in made:
            made[endpoint] = engine.account.agent(f"Agente {endpoint}", endpoint)
        engine.account.call_center(
            "Prueba de carga",
            [ENGINE_NUMBER],
            list(made.values()),
            strategy=Strategy.ROUND_ROBIN_MEMORY,
            pop_up_url="https://crm.example/llamada?tel={caller}&contacto={contact_id}",
        )
    rows = [_contact(number) for place, number in enumerate(callers) if place % UNKNOWN_EVERY]
    with database.bind_ctx([Contact]), database.atomic():
        for start in range(0, len(rows), 500):
            Contact.insert_many(rows[start : start + 500]).execute()
    return Agents(made)


def _contact(number: str) -> dict[str, Any]:
    name, key = f"Persona {number}", normalise(number, "CR")
    email = f"{number}@example.org"
    return {
        "name": name,
        "phone": number,
        "phone_key": key,
        "email": email,
        "external_id": number,
        "search": search_text(name, number, key, email, number),
    }


def all_callers(steps: int, calls: list[int]) -> list[str]:
    """The numbers of every caller of the run."""
    return [caller_number(step, call) for step in range(1, steps + 1) for call in range(1, calls[step - 1] + 1)]


class Companion:
    """A program of the benchmark beside it: `python -m <module>`, which says `ready` when it is."""

    def __init__(self, module: str, folder: Path, orders: dict[str, Any], seconds: float = 30.0) -> None:
        self._errors = folder / f"{module}.err"
        with self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=REPOSITORY,
            )
        told: IO[bytes] | None = self.process.stdin
        assert told is not None
        told.write(json.dumps(orders).encode() + b"\n")
        told.flush()
        assert self.process.stdout is not None
        # It ends by itself when it can't begin, so this can't hang for longer than it takes to say so.
        line = self.process.stdout.readline()
        if line.strip() != b"ready":
            self.stop()
            raise RuntimeError(f"{module} did not begin: {self.errors()}")

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        """One more order, to a program that takes them; its answer. Raises RuntimeError when it has ended."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"it ended: {self.errors()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def errors(self) -> str:
        return self._errors.read_text(errors="replace")[-2000:]

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def open_desks(engine: RunningEngine, agents: Agents, folder: Path) -> Companion:
    """A desk for every agent, each acknowledging its pops."""
    desks = [
        {
            "agent": agent,
            "token": tokens.sign(engine.secrets.token_key, agent, f"bench-{agent}", "127.0.0.1", seconds=60),
        }
        for agent in agents.by_endpoint.values()
    ]
    orders = {
        "url": f"ws://127.0.0.1:{engine.settings.desk_port}/desk",
        "origin": f"http://127.0.0.1:{engine.settings.web_port}",
        "output": str(folder / "desks.json"),
        "desks": desks,
    }
    return Companion("bench.desks", folder, orders)


class Stage:
    """All parts, started in order and ended in the reverse one. Use as a context manager."""

    def __init__(self, folder: Path, *, agents: int, callers: list[str], seconds: int, log_level: str = "INFO") -> None:
        self.folder = folder
        self._count = agents
        self._callers = callers
        self._seconds = seconds
        self._log_level = log_level
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Stage:
        try:
            self._furnish()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _furnish(self) -> None:
        self.switch = start_switch(self.folder)
        self._stack.callback(self.switch.stop)
        self.engine = RunningEngine(
            self.switch,
            self.folder / "data",
            # The product's own defaults, where the tests' harness is more patient.
            log_level=self._log_level,
            pop_ack_ms=150,
            reconnect_grace_seconds=30,
        )
        self._stack.callback(self.engine.stop)
        self.agents = make_account(self.engine, self._count, self._callers)
        self.engine.start()
        wait_until(self._phones_pushed, 30, "the engine pushes the phones")
        self.phones = Phones(self.folder / "phones", self.switch.sip, self.agents.secrets)
        self._stack.callback(self.phones.stop)
        self.phones.online(self._seconds)
        self.desks = open_desks(self.engine, self.agents, self.folder)
        self._stack.callback(self.desks.stop)
        add_others(self.switch, self.agents.endpoints)
        self.bare = Companion(
            "bench.bare_stasis",
            self.folder,
            {
                "url": f"ws://127.0.0.1:{self.switch.config.ari_port}/ari/events",
                "app": BARE_APP,
                "user": ARI_USER,
                "password": self.switch.config.ari_password,
                "endpoints": self.agents.endpoints,
            },
        )
        self._stack.callback(self.bare.stop)

    def _phones_pushed(self) -> bool:
        _, endpoints = self.switch.ari("GET", "endpoints/PJSIP")
        return len({one["resource"] for one in endpoints} & set(self.agents.endpoints)) == self._count

    def processes(self) -> dict[str, int]:
        """The process ids whose CPU time is told apart."""
        started = {
            "engine": self.engine.process,
            "asterisk": self.switch.process.process,
            "bare": self.bare.process,
            "phones": self.phones.process,
            "desks": self.desks.process,
        }
        return {name: process.pid for name, process in started.items() if process is not None}

    def closed_cdrs(self, step: int) -> list[tuple[str, str, int | None]]:
        """Calling number, outcome and agent of each closed CDR of a step."""
        return [
            (str(number), str(outcome), agent)
            for number, outcome, agent in self.engine.rows(
                "SELECT calling_number, outcome, agent_id FROM calls WHERE ended_at IS NOT NULL AND calling_number "
                "LIKE ?",
                f"8{step:02d}%",
            )
        ]

    def unacknowledged(self, step: int) -> int:
        """Legs that rang because the wait for the desk's acknowledgement was over."""
        sql = (
            "SELECT count(*) FROM call_legs l JOIN calls c ON c.id = l.call_id "
            "WHERE l.reason = 'pop_not_acknowledged' AND c.calling_number LIKE ?"
        )
        return int(self.engine.rows(sql, f"8{step:02d}%")[0][0])

    def wait_cdrs(self, step: int, count: int, seconds: float = 10.0) -> list[tuple[str, str, int | None]]:
        """Waits until so many CDRs of a step are closed; those that are there when the time is up."""
        deadline = time.monotonic() + seconds
        while len(found := self.closed_cdrs(step)) < count and time.monotonic() < deadline:
            time.sleep(0.1)
        return found

    def finish(self) -> dict[str, Any]:
        """Ends phones and desks, whose traces are complete then; what the desks saw."""
        self.phones.stop()
        self.desks.stop()
        path = self.folder / "desks.json"
        if not path.exists():
            return {"pops": [], "messages": 0, "closed": [self.desks.errors() or "the desks' program died"]}
        seen: dict[str, Any] = json.loads(path.read_text())
        return seen
