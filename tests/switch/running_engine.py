"""The engine as a process of its own against a real switch, an account of the test's making, and desks on websockets.

Owns: the data folder, the account, starting and killing `python -m ari_app`, the desks. Knows no expectation.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import migrated
from peewee import Database
from switch.real_switch import RealSwitch, free_port
from switch.waiting import wait_until
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from dialplan import names
from dialplan.phone import ha1
from models import secrets as secrets_of
from models import tokens
from models.db import migrate, open_database
from models.settings import Settings
from models.tables import Account, Agent, CallCenter, CallCenterAgent, CallCenterNumber, IpRule
from models.values.call import CostUnit, PhoneKind, Role, Strategy
from models.values.ip import IpMask
from models.values.pattern import canonical_pattern

REPOSITORY = Path(__file__).resolve().parents[2]


def secret_of(endpoint: str) -> str:
    """The SIP secret of a test's phone."""
    return f"secret-{endpoint}"


class TestAccount:
    """The rows of a small account, made one by one."""

    __test__ = False

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.bind_ctx([Account]):
            if not Account.select().exists():
                Account.create(id=1, name="Prueba")

    def agent(
        self,
        name: str,
        endpoint: str,
        *,
        kind: PhoneKind = PhoneKind.SIP,
        role: Role = Role.AGENT,
        active: bool = True,
        click2dial: bool = False,
    ) -> int:
        with self.database.bind_ctx([Agent]):
            made = Agent.create(
                name=name,
                email=f"{endpoint}@example.com",
                endpoint=endpoint,
                phone_kind=kind,
                role=role,
                active=active,
                click2dial=click2dial,
                sip_ha1=ha1(endpoint, secret_of(endpoint)),
            )
            return int(made.id)

    def call_center(
        self,
        name: str,
        numbers: Sequence[str],
        agents: Sequence[int],
        *,
        strategy: Strategy = Strategy.ALL,
        ring_seconds: int = 10,
        max_wait_seconds: int = 30,
        wrap_up_seconds: int = 0,
        color: str = "#b42318",
        price: str = "30",
        unit: CostUnit = CostUnit.MINUTE,
        pop_up_url: str | None = None,
        **queue: Any,
    ) -> int:
        with self.database.bind_ctx([CallCenter, CallCenterNumber, CallCenterAgent]):
            center = CallCenter.create(
                name=name,
                color=color,
                price=Decimal(price),
                currency="CRC",
                cost_unit=unit,
                strategy=strategy,
                ring_seconds=ring_seconds,
                max_wait_seconds=max_wait_seconds,
                wrap_up_seconds=wrap_up_seconds,
                pop_up_url=pop_up_url,
                **queue,
            )
            for number in numbers:
                CallCenterNumber.create(call_center=center, pattern=number, canonical=canonical_pattern(number))
            for place, agent in enumerate(agents):
                CallCenterAgent.create(call_center=center, agent=agent, priority=place)
            return int(center.id)

    def add(self, center: int, agent: int) -> None:
        """To a call center; `POST /reload` makes it so."""
        with self.database.bind_ctx([CallCenterAgent]):
            CallCenterAgent.create(call_center=center, agent=agent, priority=9)

    def change(self, center: int, **columns: Any) -> None:
        """Of a call center; `POST /reload` makes it so."""
        with self.database.bind_ctx([CallCenter]):
            CallCenter.update(**columns).where(CallCenter.id == center).execute()

    def allow_only(self, address: str, mask: str) -> None:
        rule = IpMask.parse(address, mask)
        with self.database.bind_ctx([IpRule]):
            IpRule.create(address=address, mask=mask, network=str(rule.network))

    def forget_ip_rules(self) -> None:
        with self.database.bind_ctx([IpRule]):
            IpRule.delete().execute()


@dataclass
class Heard:
    """One message from the hub, and when (monotonic and epoch seconds) it was read."""

    message: dict[str, Any]
    at: float
    epoch: float


@dataclass
class Desk:
    """An agent's tab: greets, acknowledges pops, beats, and writes down all it hears."""

    engine: RunningEngine
    agent: int
    session: str
    acknowledges: bool = True
    address: str = "127.0.0.1"
    heard: list[Heard] = field(default_factory=list)
    closed_with: int | None = None

    def open(self) -> Desk:
        token = tokens.sign(self.engine.secrets.token_key, self.agent, self.session, self.address, seconds=60)
        self.connection = connect(
            f"ws://127.0.0.1:{self.engine.settings.desk_port}/desk",
            origin=f"http://127.0.0.1:{self.engine.settings.web_port}",  # type: ignore[arg-type]
            compression=None,
            legacy=True,
        )
        self.send({"type": "hello", "token": token, "tab": "t1", "seen": 0})
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.wait("welcome")
        return self

    def send(self, message: dict[str, Any]) -> None:
        self.connection.send(json.dumps(message))

    def _read(self) -> None:
        try:
            for raw in self.connection:
                message = json.loads(raw)
                self.heard.append(Heard(message, time.monotonic(), time.time()))
                if message["type"] == "pop" and self.acknowledges:
                    self.send({"type": "ack", "call_id": message["pop"]["call_id"], "seq": message["seq"]})
        except ConnectionClosed:
            pass
        self.closed_with = self.connection.close_code

    def of(self, kind: str) -> list[Heard]:
        return [one for one in list(self.heard) if one.message["type"] == kind]

    def wait(self, kind: str, seconds: float = 5.0, count: int = 1) -> dict[str, Any]:
        """The `count`-th message of this kind."""
        return wait_until(lambda: self.of(kind)[count - 1 : count], seconds, f"{kind} at the desk of {self.agent}")[
            0
        ].message

    def wait_phase(self, phase: str, seconds: float = 5.0) -> None:
        wait_until(lambda: self.pop.get("phase") == phase, seconds, f"phase {phase}, not {self.pop.get('phase')}")

    @property
    def pops(self) -> dict[str, dict[str, Any]]:
        """What the screen shows now."""
        shown: dict[str, dict[str, Any]] = {}
        for one in list(self.heard):
            message = one.message
            match message["type"]:
                case "welcome":
                    shown = {pop["call_id"]: dict(pop) for pop in message["pops"]}
                case "pop":
                    shown[message["pop"]["call_id"]] = dict(message["pop"])
                case "pop.update" if message["call_id"] in shown:
                    shown[message["call_id"]] |= message["changes"]
                case "pop.close":
                    shown.pop(message["call_id"], None)
        return shown

    @property
    def pop(self) -> dict[str, Any]:
        """The newest pop on the screen; empty when there is none."""
        shown = list(self.pops.values())
        return shown[-1] if shown else {}

    @property
    def state(self) -> str:
        states = [
            one.message["state"]["state"] if one.message["type"] == "welcome" else one.message["state"]
            for one in list(self.heard)
            if one.message["type"] in ("welcome", "state")
        ]
        return str(states[-1]) if states else ""

    def close(self) -> None:
        self.connection.close()
        self._reader.join(3)


class RunningEngine:
    """`python -m ari_app` for one switch. `start()` and `kill()` may be repeated; ports and data stay."""

    def __init__(self, switch: RealSwitch, folder: Path, database_url: str = "", **changes: Any) -> None:
        self.switch = switch
        self.folder = folder
        values: dict[str, Any] = {
            "data_dir": folder,
            "ari_port": switch.config.ari_port,
            "sip_port": switch.config.sip_port,
            "desk_port": free_port(),
            "control_port": free_port(),
            "web_port": free_port(),
            "log_level": "DEBUG",
            "database_url": database_url,
            "pop_ack_ms": 1000,
            "reconnect_grace_seconds": 10,
        }
        self.settings = Settings(**{**values, **changes})
        folder.mkdir(parents=True, exist_ok=True)
        made = secrets_of.load_or_create(self.settings.secrets_file)
        stored = json.loads(self.settings.secrets_file.read_text())
        stored["ari_password"] = switch.config.ari_password
        self.settings.secrets_file.write_text(json.dumps(stored))
        self.settings.secrets_file.chmod(0o600)
        self.secrets = secrets_of.load_or_create(self.settings.secrets_file)
        assert made.token_key == self.secrets.token_key
        log_dir = self.settings.asterisk_log_dir
        log_dir.parent.mkdir(parents=True, exist_ok=True)
        log_dir.symlink_to(switch.config.log_dir)
        if not database_url and not (file := folder / "centralita.db").exists():
            migrated.sqlite_at(file)
        self.database = open_database(self.settings, bind=False)
        migrate(self.database)
        self.account = TestAccount(self.database)
        self._skip_older_calls()
        self.process: subprocess.Popen[bytes] | None = None
        self.desks: list[Desk] = []

    def _skip_older_calls(self) -> None:
        """The worker's switch has served other tests: their calls are none of this engine's."""
        file = self.settings.asterisk_log_dir / names.CEL_FILE
        if file.exists():
            from models.cdr import set_engine_mark

            told = os.stat(file)
            set_engine_mark(self.database, "cel", f"{told.st_ino}:{told.st_size}")

    # -- life --------------------------------------------------------------------------------------------------------
    @property
    def log_file(self) -> Path:
        return self.folder / "engine.log"

    def start(self, seconds: float = 40.0) -> RunningEngine:
        self.spawn()
        wait_until(lambda: self.is_ready() or self.is_dead, seconds, "the engine is ready")
        assert not self.is_dead, self.log_file.read_text()[-4000:]
        return self

    @property
    def is_dead(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def spawn(self) -> None:
        """Starts it, and does not wait for anything."""
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CENTRALITA_")},
            **{
                f"CENTRALITA_{name.upper()}": str(getattr(self.settings, name))
                for name in (
                    "data_dir", "ari_port", "sip_port", "desk_port", "control_port", "web_port", "log_level",
                    "smtp_url", "mail_from", "phone_back_seconds",
                    "database_url", "pop_ack_ms", "reconnect_grace_seconds", "heartbeat_seconds", "demo", "trunk_host",
                    "trunk_caller_id", "recording_min_free_mb", "sip_refer", "trunk_messages",
                )
            },
        }  # fmt: skip
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ari_app"], cwd=REPOSITORY, env=environment, stdout=log, stderr=log
            )

    def is_ready(self) -> bool:
        """Connected to the switch, calls agreed with it, phones pushed."""
        try:
            health = self.control("GET", "/health")[1]
        except OSError:
            return False
        return bool(health["switch"]["connected"] and health["switch"]["version"])

    def kill(self) -> None:
        """As a crash."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop_process(self) -> None:
        """As an operator stops it: all is written."""
        assert self.process is not None
        self.process.terminate()
        self.process.wait(15)

    def stop(self) -> None:
        for desk in self.desks:
            desk.close()
        if self.process is not None and self.process.poll() is None:
            # The call that a test saw end at the caller's is still to be cleared. The switch's fixture judges.
            with suppress(AssertionError, OSError):
                self.switch.wait_quiet()
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        self.database.close()

    # -- asking ------------------------------------------------------------------------------------------------------
    def control(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.settings.control_port}{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.secrets.control_token}", "Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def desk(self, agent: int, **options: Any) -> Desk:
        desk = Desk(self, agent, f"session-{agent}-{len(self.desks)}", **options).open()
        self.desks.append(desk)
        return desk

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return list(self.database.execute_sql(sql, parameters).fetchall())

    def calls(self) -> list[dict[str, Any]]:
        """All CDRs, in the order they were offered."""
        cursor = self.database.execute_sql("SELECT * FROM calls ORDER BY offered_at, id")
        columns = [column[0] for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

    def legs(self) -> list[dict[str, Any]]:
        cursor = self.database.execute_sql("SELECT * FROM call_legs ORDER BY call_id, ordinal")
        columns = [column[0] for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

    def closed(self, count: int, seconds: float = 8.0) -> list[dict[str, Any]]:
        """Waits for this many closed CDRs; exactly as many as there are calls."""

        def all_closed() -> list[dict[str, Any]] | None:
            calls = self.calls()
            return calls if len(calls) >= count and all(call["ended_at"] for call in calls) else None

        found = wait_until(all_closed, seconds, f"{count} closed CDRs")
        assert len(found) == count, found
        return found

    def log(self, needle: str) -> list[str]:
        return [line for line in self.log_file.read_text().splitlines() if needle in line]


Engines = Callable[..., RunningEngine]
