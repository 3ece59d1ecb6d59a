"""The desk's addresses without a browser, each test on SQLite and on PostgreSQL."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from peewee import Database
from werkzeug.test import TestResponse

from admin.app import create_app
from admin.passwords import hash_password
from models import cdr, db, tables
from models.secrets import Secrets, load_or_create
from models.settings import Settings
from models.values.call import Direction, LegOutcome, Outcome
from models.values.cdr import CallRecord, LegRecord

PASSWORD = "una clave solo de prueba"


@pytest.fixture(scope="session", autouse=True)
def password_hash(quick_web: None) -> str:
    """Of every agent's password."""
    return hash_password(PASSWORD)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(
    request: pytest.FixtureRequest, migrated_url: Callable[[str], str], password_hash: str
) -> Iterator[Database]:
    """A migrated database with the account's row and three agents: ana and beto answer, caro has no phone."""
    opened = db.open_database(migrated_url(str(request.param)))
    tables.Account.create(id=1, name="Prueba")
    for name_of, endpoint in (("Ana", "101"), ("Beto", "102"), ("Caro", None)):
        tables.Agent.create(
            name=name_of, email=f"{name_of}@prueba.example", endpoint=endpoint, password_hash=password_hash, active=True
        )
    yield opened
    opened.close()


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    return load_or_create(tmp_path / "secrets.json")


class Browser:
    """A logged-in client: it sends what the page's scripts send."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.client.get(path, headers={"Accept": "application/json"}, **more)

    def save(self, call_id: str, **fields: Any) -> TestResponse:
        return self.post(f"/desk/calls/{call_id}", json=fields)

    def post(self, path: str, *, csrf: str | None = None, **more: Any) -> TestResponse:
        token = self.get("/desk/csrf").json["csrf"] if csrf is None else csrf
        headers = {"Accept": "application/json", "X-CSRFToken": token}
        return self.client.post(path, headers=headers, **more)


@pytest.fixture
def log_in(database: Database, secrets: Secrets, tmp_path: Path) -> Iterator[Callable[..., Browser]]:
    """`log_in("Ana")`, through the log-in page."""
    with socket.socket() as nobody:  # a port where no engine answers
        nobody.bind(("127.0.0.1", 0))
        settings = Settings(data_dir=tmp_path, control_port=nobody.getsockname()[1], desk_port=8001)
        app = create_app(settings, secrets, database)
        app.testing = True
        app.config["RATELIMIT_ENABLED"] = False

        def log_in(name: str, **environ: Any) -> Browser:
            client = app.test_client()
            client.environ_base.update(environ)
            form = client.get("/login").get_data(as_text=True)
            token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
            assert token is not None
            answer = client.post(
                "/login",
                data={"email": f"{name}@prueba.example", "password": PASSWORD, "csrf_token": token[1]},
            )
            assert answer.status_code == 302, answer.get_data(as_text=True)
            return Browser(client)

        yield log_in


@pytest.fixture
def agent(database: Database) -> Callable[[str], tables.Agent]:
    return lambda name: tables.Agent.get(tables.Agent.name == name)


@pytest.fixture
def record(database: Database, agent: Callable[[str], tables.Agent]) -> Callable[..., None]:
    """What the engine's writer puts in the history. `legs`: names and outcomes of agents who were rung."""

    def record(
        call_id: str, answered_by: str | None = None, legs: dict[str, LegOutcome] | None = None, **changes: Any
    ) -> None:
        fields = {
            "id": call_id, "direction": Direction.INBOUND, "called_number": "40004000", "calling_number": "88881234",
            "offered_at": 1_764_000_000_000, "outcome": Outcome.ANSWERED if answered_by else Outcome.ABANDONED,
            "agent_id": agent(answered_by).id if answered_by else None,
        } | changes  # fmt: skip
        written = CallRecord(**fields)
        if not written.is_closed:
            cdr.open_calls(database, [written])
            return
        cdr.close_calls(
            database,
            [written],
            [
                LegRecord(
                    call_id, ordinal, agent(name).id, "101", f"{call_id}.agent.{ordinal}", written.offered_at, how
                )
                for ordinal, (name, how) in enumerate((legs or {}).items(), 1)
            ],
        )

    return record
