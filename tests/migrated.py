"""A migrated database without the migrating: made once a test process, copied for each test that asks.

Owns: the copies. Must not: put rows in them, or stand in for the tests of the migrations themselves (models_db).
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from postgres_server import PostgresServer

from models import db


@functools.cache
def _sqlite() -> bytes:
    with tempfile.TemporaryDirectory(prefix="centralita-migrated-") as folder:
        path = Path(folder) / "centralita.db"
        database = db.open_database(f"sqlite:///{path}", bind=False)
        db.migrate(database)
        db.execute(database, "PRAGMA journal_mode=delete")
        database.close()
        return path.read_bytes()


def sqlite_at(path: Path) -> str:
    """Puts a migrated database at `path`, where none may be yet; its URL."""
    with path.open("xb") as file:
        file.write(_sqlite())
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def migrated_postgresql(postgres_server: PostgresServer) -> str:
    """The name of a migrated database, to be `create_database`'s template: nobody may be connected to it."""
    name = postgres_server.create_database()
    database = db.open_database(postgres_server.url(name), bind=False)
    db.migrate(database)
    database.close()
    return name


@pytest.fixture
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """`migrated_url(kind)`: the URL of a migrated database of this kind (sqlite, postgresql), dropped afterwards."""
    made: list[tuple[PostgresServer, str]] = []

    def make(kind: str) -> str:
        if kind == "sqlite":
            return sqlite_at(tmp_path / "centralita.db")
        server: PostgresServer = request.getfixturevalue("postgres_server")
        made.append((server, server.create_database(request.getfixturevalue("migrated_postgresql"))))
        return server.url(made[-1][1])

    yield make
    for server, name in made:
        server.drop_database(name)
