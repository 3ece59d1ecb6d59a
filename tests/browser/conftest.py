"""A Chromium, the real web with the demonstration account, and the engine's real hub with a script behind it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from browser.chromium import chromium
from browser.house import PASSWORD, House, Profiles, unused_port
from browser.scripted_engine import ScriptedEngine
from browser.site import Site
from playwright.sync_api import Browser

from admin.passwords import hash_password
from models import db, demo, demo_data
from models.account import ensure_account
from models.secrets import load_or_create
from models.settings import Settings
from models.tables import Agent
from models.values.call import Role


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


_RUNNING = pytest.StashKey[tuple[ExitStack, Browser]]()


@pytest.fixture
def browser(request: pytest.FixtureRequest) -> Browser:
    """One for all tests here that follow one another in a worker."""
    stash = request.session.stash
    if _RUNNING not in stash:
        with ExitStack() as stack:
            running = stack.enter_context(chromium())
            stash[_RUNNING] = (stack.pop_all(), running)
    return stash[_RUNNING][1]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Ends the browser before the worker goes on with other tests: Playwright's loop counts as running in this thread
    as long as it lives, and `asyncio.run` is refused.
    """
    yield
    if _RUNNING in item.session.stash and (nextitem is None or "tests/browser" not in nextitem.path.as_posix()):
        item.session.stash[_RUNNING][0].close()
        del item.session.stash[_RUNNING]


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the demonstration account, to be copied."""
    folder = tmp_path_factory.mktemp("filled")
    database = db.open_database(f"sqlite:///{folder}/centralita.db")
    db.migrate(database)
    ensure_account(database, Settings(data_dir=folder))
    load_or_create(folder / "secrets.json")
    demo.fill(database, folder, passwords=dict.fromkeys(Role, PASSWORD), hash_password=hash_password, rooms=False)
    db.execute(database, "PRAGMA journal_mode=delete")
    database.close()
    return folder


@pytest.fixture(scope="session")
def cookies() -> list[Any]:
    return []


@pytest.fixture
def profiles(browser: Browser) -> Iterator[Profiles]:
    """A script's uncaught error, or a refusal of the content policy, fails the test."""
    made = Profiles(browser)
    yield made
    made.close()
    assert made.problems == []


@pytest.fixture
def house(
    filled: Path, tmp_path: Path, profiles: Profiles, cookies: list[Any], request: pytest.FixtureRequest
) -> Iterator[House]:
    """`@pytest.mark.parametrize("house", [{…}], indirect=True)` changes the hub's policy; with `"control": True` the
    engine's control API answers too.
    """
    data_dir = tmp_path / "data"
    shutil.copytree(filled, data_dir)
    database = db.open_database(f"sqlite:///{data_dir}/centralita.db")
    me = Agent.get(Agent.email == demo_data.AGENT)
    profile = {"id": me.id, "name": me.name, "endpoint": me.endpoint, "phone_kind": "virtual"}
    policy = {"close_seconds": 1.0, **getattr(request, "param", {})}
    control = policy.pop("control", False)
    with Site(data_dir) as site:
        engine = ScriptedEngine({me.id: profile}, token_key=site.secrets.token_key, web_port=site.port, **policy)
        with engine, unused_port() as control_port:
            if control:
                control_port = engine.serve_control(site.secrets.control_token)
            site.serve(database, desk_port=engine.port, control_port=control_port)
            yield House(site, engine, database, me, profiles, cookies)
            profiles.close()  # before the engine goes, or each page would try to reconnect
    database.close()
