"""Every test of this folder that asks for `database` runs twice: on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from peewee import Database
from postgres_server import PostgresServer

from models import db, tables

KINDS = ("sqlite", "postgresql")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty_url(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database without tables."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create_database()
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture
def url(kind: str, migrated_url: Callable[[str], str]) -> str:
    """The URL of a migrated database."""
    return migrated_url(kind)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """A migrated database, with the tables bound to it and the account's row."""
    opened = db.open_database(url)
    tables.Account.create(id=1, name="Prueba")
    yield opened
    opened.close()


@pytest.fixture
def queries() -> Iterator[Callable[[], int]]:
    """Counts the statements run on the bound database since the last call."""
    count = 0

    def hook(event: object) -> None:
        nonlocal count
        count += 1

    tables.database.query_hooks.append(hook)

    def take() -> int:
        nonlocal count
        taken, count = count, 0
        return taken

    yield take
    tables.database.query_hooks.remove(hook)
