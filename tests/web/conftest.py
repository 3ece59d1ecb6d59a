"""The web over a demonstration account: a copy for each test that changes something, one for all that only look."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from peewee import Database
from postgres_server import PostgresServer
from web.browser import PASSWORD, Browser

from admin import passwords
from admin.app import create_app
from models import account, db, demo, tables
from models.secrets import Secrets, load_or_create
from models.settings import Settings
from models.values.call import Role


@pytest.fixture(scope="session", autouse=True)
def _quick(quick_web: None) -> None:
    """Some hundred tests log in, each at an application of its own."""


@pytest.fixture(scope="session")
def demo_dir(quick_web: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a demonstration account, to copy."""
    folder = tmp_path_factory.mktemp("demo")
    database = db.open_database(f"sqlite:///{folder / 'centralita.db'}")
    _fill(database, folder)
    db.execute(database, "PRAGMA journal_mode=delete")
    database.close()
    return folder


@pytest.fixture(scope="session")
def demo_postgresql(quick_web: None, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same in PostgreSQL: the name of a database to copy."""
    name = postgres_server.create_database()
    database = db.open_database(postgres_server.url(name))
    _fill(database, tmp_path_factory.mktemp("demo-postgresql"))
    database.close()
    return name


def _fill(database: Database, folder: Path) -> None:
    db.migrate(database)
    account.ensure_account(database, Settings(data_dir=folder))
    hashed = passwords.hash_password(PASSWORD)
    given = dict.fromkeys(Role, PASSWORD)
    demo.fill(database, folder, passwords=given, hash_password=lambda _password: hashed, rooms=False)


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Secrets:
    return load_or_create(tmp_path_factory.mktemp("secrets") / "secrets.json")


@pytest.fixture
def data_dir(demo_dir: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    shutil.copytree(demo_dir, folder)
    return folder


@pytest.fixture
def nobody_answers() -> Iterator[int]:
    """A port where no engine answers."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


@pytest.fixture
def database(data_dir: Path) -> Iterator[Database]:
    opened = db.open_database(f"sqlite:///{data_dir / 'centralita.db'}")
    yield opened
    opened.close()


@pytest.fixture
def make_app(data_dir: Path, database: Database, secrets: Secrets, nobody_answers: int) -> Callable[..., Flask]:
    """`make_app(control_port=…)`: the web over this test's own copy; settings by keyword."""

    def make(**settings: object) -> Flask:
        values = {"data_dir": data_dir, "control_port": nobody_answers} | settings
        app = create_app(Settings(**values), secrets, database)  # type: ignore[arg-type]
        app.testing = True
        return app

    return make


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app()


@pytest.fixture
def admin(app: Flask) -> Browser:
    """An administrator at work."""
    return Browser(app, Role.ADMINISTRATOR)


# ---------------------------------------------------------------- looking only
@pytest.fixture(scope="session")
def _shared(demo_dir: Path, tmp_path_factory: pytest.TempPathFactory, secrets: Secrets) -> tuple[Flask, Database]:
    folder = tmp_path_factory.mktemp("shared") / "data"
    shutil.copytree(demo_dir, folder)
    database = db.open_database(f"sqlite:///{folder / 'centralita.db'}")
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = int(held.getsockname()[1])
    app = create_app(Settings(data_dir=folder, control_port=port), secrets, database)
    app.testing = True
    return app, database


@pytest.fixture
def looking(_shared: tuple[Flask, Database]) -> Flask:
    """The web over an account that all tests of this folder share: for those that change nothing."""
    app, database = _shared
    tables.database.initialize(database)
    return app


@pytest.fixture(params=["sqlite", "postgresql"])
def on_both(request: pytest.FixtureRequest, tmp_path: Path, secrets: Secrets, nobody_answers: int) -> Iterator[Flask]:
    """The web over a copy of the demonstration account in each kind of database."""
    server: PostgresServer | None = None
    if request.param == "sqlite":
        shutil.copytree(request.getfixturevalue("demo_dir"), tmp_path / "data")
        url = f"sqlite:///{tmp_path / 'data' / 'centralita.db'}"
    else:
        server = request.getfixturevalue("postgres_server")
        name = server.create_database(request.getfixturevalue("demo_postgresql"))
        url = server.url(name)
    opened = db.open_database(url)
    app = create_app(Settings(data_dir=tmp_path / "data", control_port=nobody_answers), secrets, opened)
    app.testing = True
    yield app
    opened.close()
    if server is not None:
        server.drop_database(name)
