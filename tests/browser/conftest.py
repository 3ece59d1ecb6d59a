"""A Chromium, the real web with the demonstration account, and the engine's real hub with a script behind it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from browser.chromium import chromium
from browser.desk_page import DeskPage
from browser.scripted_engine import ScriptedEngine
from browser.site import Site
from peewee import Database
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from admin.passwords import hash_password
from models import db, demo, demo_data
from models.account import ensure_account
from models.settings import Settings
from models.tables import Agent
from models.values.call import Role

PASSWORD = "una clave solo de prueba"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the demonstration account, to be copied."""
    folder = tmp_path_factory.mktemp("filled")
    database = db.open_database(f"sqlite:///{folder}/centralita.db")
    db.migrate(database)
    ensure_account(database, Settings(data_dir=folder))
    demo.fill(database, folder, passwords=dict.fromkeys(Role, PASSWORD), hash_password=hash_password)
    db.execute(database, "PRAGMA journal_mode=delete")
    database.close()
    return folder


class Profiles:
    """Browser profiles (cookies and storage of their own), and what went wrong in any of their pages."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._made: list[BrowserContext] = []
        self.problems: list[str] = []

    def new(self, **options: Any) -> BrowserContext:
        profile = self._browser.new_context(
            **{"locale": "es-CR", "viewport": {"width": 1366, "height": 850}, **options}
        )
        profile.set_default_timeout(10_000)
        profile.on("weberror", lambda error: self.problems.append(str(error.error)))
        profile.on("console", self._read)
        self._made.append(profile)
        return profile

    def _read(self, message: ConsoleMessage) -> None:
        # A refused connection is what tests of reconnecting make; what the content policy refuses never is.
        if message.type == "error" and "Content Security Policy" in message.text:
            self.problems.append(message.text)

    def close(self) -> None:
        while self._made:
            self._made.pop().close()


@pytest.fixture
def profiles(browser: Browser) -> Iterator[Profiles]:
    """A script's uncaught error, or a refusal of the content policy, fails the test."""
    made = Profiles(browser)
    yield made
    made.close()
    assert made.problems == []


@dataclass
class House:
    """The web, the scripted engine, the database, and the agent `me` who may log in."""

    site: Site
    engine: ScriptedEngine
    database: Database
    me: Agent
    profiles: Profiles

    def page(self, **profile: Any) -> Page:
        """A page in a browser profile of its own."""
        return self.profiles.new(**profile).new_page()

    def desk(self, **profile: Any) -> DeskPage:
        """A desk where `me` has just logged in, connected and available."""
        desk = DeskPage(self.page(**profile), self.site.url).log_in(str(self.me.email), PASSWORD)
        return desk.wait_for_state("available")


@pytest.fixture
def house(filled: Path, tmp_path: Path, profiles: Profiles, request: pytest.FixtureRequest) -> Iterator[House]:
    """`@pytest.mark.parametrize("house", [{…}], indirect=True)` changes the hub's policy."""
    data_dir = tmp_path / "data"
    shutil.copytree(filled, data_dir)
    database = db.open_database(f"sqlite:///{data_dir}/centralita.db")
    me = Agent.get(Agent.email == demo_data.AGENT)
    profile = {"id": me.id, "name": me.name, "endpoint": me.endpoint, "phone_kind": "virtual"}
    policy = {"close_seconds": 1.0, **getattr(request, "param", {})}
    with Site(data_dir) as site:
        engine = ScriptedEngine({me.id: profile}, token_key=site.secrets.token_key, web_port=site.port, **policy)
        with engine:
            site.serve(database, desk_port=engine.port)
            yield House(site, engine, database, me, profiles)
            profiles.close()  # before the engine goes, or each page would try to reconnect
    database.close()
