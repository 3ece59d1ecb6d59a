"""A real PostgreSQL server for the tests that ask for one: started once a test process, stopped at its end.

Fixtures: `postgres_server` (the server), `postgres_url` (a fresh empty database on it).
No server installed is a failure, never a skip: what is promised on PostgreSQL must be tested on it.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

START_SECONDS = 30
STOP_SECONDS = 15
_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=80",
          "listen_addresses=", "log_min_messages=warning", "autovacuum=off", "jit=off")  # fmt: skip


def binaries() -> Path:
    """The folder of the newest installed server: PATH, pg_config, then where distributions put it."""
    folders: list[Path] = []
    for program in ("postgres", "initdb"):
        if found := shutil.which(program):
            folders.append(Path(found).resolve().parent)
    if config := shutil.which("pg_config"):
        told = subprocess.run([config, "--bindir"], capture_output=True, text=True, timeout=10, check=False)
        folders.append(Path(told.stdout.strip()))
    for pattern in ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "usr/local/pgsql/bin", "opt/homebrew/opt/postgresql*/bin"):  # fmt: skip  # noqa: E501
        folders.extend(Path("/").glob(pattern))

    def version(folder: Path) -> int:
        numbers = re.findall(r"\d+", str(folder))
        return int(numbers[0]) if numbers else 0

    usable = [folder for folder in folders if (folder / "postgres").exists() and (folder / "initdb").exists()]
    if not usable:
        pytest.fail("no PostgreSQL server is installed: install the package `postgresql` (initdb and postgres)")
    return max(usable, key=version)


def _unprivileged() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: as whom it runs then."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.fail("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")


def _die_with_parent() -> None:
    """In the child: a test process that is killed takes its server along (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG


@dataclass
class PostgresServer:
    """A running server that listens on a Unix socket only."""

    folder: Path
    process: subprocess.Popen[bytes]

    def url(self, name: str) -> str:
        return f"postgresql://centralita@/{name}?host={self.folder}"

    def execute(self, sql: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True, connect_timeout=5) as connection:
            connection.execute(sql.encode())

    def create_database(self, template: str | None = None) -> str:
        """A new database's name; a copy of `template` when given."""
        name = f"t{secrets.token_hex(6)}"
        self.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        return name

    def drop_database(self, name: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def halt(self) -> None:
        """It goes away, as for an upgrade: whoever is connected is cut off."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(STOP_SECONDS)

    def resume(self) -> None:
        """The same cluster again; it takes connections a moment later."""
        user = pwd.getpwuid(self.folder.stat().st_uid)
        switch = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        self.process = subprocess.Popen(
            self.process.args, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd=self.folder, env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}, preexec_fn=_die_with_parent,
            **switch,  # type: ignore[call-overload]
        )  # fmt: skip

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # fast shutdown
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(STOP_SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)


def start() -> PostgresServer:
    """Makes a cluster in a temporary folder and starts it; ready when this returns."""
    programs, user = binaries(), _unprivileged()
    # Not pytest's own folder: only its owner may pass through that one.
    folder = Path(tempfile.mkdtemp(prefix="centralita-pg-"))
    as_user: dict[str, object] = {}
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    data, log = folder / "data", folder / "log"
    environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
    made = subprocess.run(
        [str(programs / "initdb"), "-D", str(data), "-U", "centralita", "-A", "trust", "-E", "UTF8", "--no-sync"],
        capture_output=True, text=True, timeout=60, check=False, cwd=folder, env=environment, **as_user,  # type: ignore[call-overload]
    )  # fmt: skip
    if made.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.fail(f"initdb failed: {made.stdout}\n{made.stderr}")
    options = [part for setting in (*_QUICK, f"unix_socket_directories={folder}") for part in ("-c", setting)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(programs / "postgres"), "-D", str(data), *options],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=folder, env=environment,
            preexec_fn=_die_with_parent, **as_user,  # type: ignore[call-overload]
        )  # fmt: skip
    server = PostgresServer(folder, process)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            server.execute("SELECT 1")
            return server
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                written = log.read_text("utf-8", "replace")
                server.stop()
                pytest.fail(f"PostgreSQL did not start: {error}\n{written}")
            time.sleep(0.02)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    server = start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def new_postgres_url(postgres_server: PostgresServer) -> Callable[[], str]:
    """Makes an empty database each time it is called; its URL."""
    return lambda: postgres_server.url(postgres_server.create_database())


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """An empty database, dropped afterwards."""
    name = postgres_server.create_database()
    yield postgres_server.url(name)
    postgres_server.drop_database(name)
