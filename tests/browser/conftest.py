"""A Chromium, the real web with the demonstration account, and the engine's real hub with a script behind it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from browser.chromium import chromium
from browser.house import PASSWORD, House, Profiles, unused_port
from browser.phone_house import (
    CALLER_TONE,
    COLLEAGUE_TONE,
    ENDPOINT,
    NUMBER,
    PhoneDesk,
    phone_desk,
    talking_browser,
    tone_file,
)
from browser.place import Place, placed
from browser.scripted_engine import ScriptedEngine
from browser.site import Site
from playwright.sync_api import Browser
from switch.real_switch import RealSwitch
from switch.running_engine import RunningEngine
from switch.talker import Talker, TalkingCaller

from admin.passwords import hash_password
from models import db, demo, demo_data
from models.account import ensure_account
from models.secrets import load_or_create
from models.settings import Settings
from models.tables import Agent
from models.values.call import PhoneKind, Role


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
def filled(quick_web: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the demonstration account, to be copied; nobody has written, printed or changed anything."""
    return _account(tmp_path_factory.mktemp("filled"), rooms=False)


@pytest.fixture(scope="session")
def lived_in(quick_web: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same after a month of work: no room is empty."""
    return _account(tmp_path_factory.mktemp("lived-in"), rooms=True)


def _account(folder: Path, *, rooms: bool) -> Path:
    database = db.open_database(f"sqlite:///{folder}/centralita.db")
    db.migrate(database)
    ensure_account(database, Settings(data_dir=folder))
    load_or_create(folder / "secrets.json")
    demo.fill(database, folder, passwords=dict.fromkeys(Role, PASSWORD), hash_password=hash_password, rooms=rooms)
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


# ---------------------------------------------------------------- with the real switch and a phone in the page
@pytest.fixture
def place(filled: Path, tmp_path: Path, switch: RealSwitch, request: pytest.FixtureRequest) -> Iterator[Place]:
    """The web and the engine on one data folder, with the demonstration account; Ana's phone is in her browser.

    `@pytest.mark.parametrize("place", [{…}], indirect=True)` changes the engine's settings; `"agent"`: Ana's columns.
    """
    settings = {"agent": {"phone_kind": PhoneKind.BROWSER}, **getattr(request, "param", {})}
    columns = settings.pop("agent")

    def engine_of(data_dir: Path, web_port: int) -> RunningEngine:
        engine = RunningEngine(switch, data_dir, web_port=web_port, **settings)
        with engine.database.bind_ctx([Agent]):
            Agent.update(**columns).where(Agent.endpoint == ENDPOINT).execute()
        return engine

    with placed(filled, tmp_path, engine_of) as made:
        yield made


@pytest.fixture
def talking(browser: Browser, tmp_path: Path) -> Iterator[Profiles]:
    """Profiles of a Chromium whose microphone says a tone."""
    with talking_browser(browser, tone_file(tmp_path / "microphone.wav")) as started:
        profiles = Profiles(started)
        yield profiles
        profiles.close()
        assert profiles.problems == []


@pytest.fixture
def call(switch: RealSwitch, tmp_path: Path) -> Iterator[Callable[..., tuple[Talker, TalkingCaller]]]:
    """A caller who speaks and listens."""
    talkers: list[Talker] = []
    callers: list[TalkingCaller] = []

    def make(seconds: float = 90) -> tuple[Talker, TalkingCaller]:
        """Of the trunk; `seconds`: when the caller hangs up, if nobody else has."""
        talkers.append(Talker(CALLER_TONE))
        caller = TalkingCaller(tmp_path / "sipp", switch.sip, NUMBER, talkers[-1], caller="88881234", seconds=seconds)
        callers.append(caller.start())
        return talkers[-1], callers[-1]

    yield make
    for caller in callers:
        caller.stop()
    for talker in talkers:
        talker.close()


@pytest.fixture
def beto(place: Place, browser: Browser, tmp_path: Path) -> Iterator[PhoneDesk]:
    """A colleague who answers no call center: only who is transferred to him reaches him."""
    site, engine = place
    with engine.database.bind_ctx([Agent]):
        lucia = Agent.get(Agent.phone_kind == PhoneKind.BROWSER)
        Agent.create(
            name="Beto Núñez", email="beto@example.test", endpoint="8330199", phone_kind=PhoneKind.BROWSER,
            role=Role.AGENT, password_hash=lucia.password_hash,
        )  # fmt: skip
    assert engine.control("POST", "/reload")[0] == 200
    with talking_browser(browser, tone_file(tmp_path / "beto.wav", COLLEAGUE_TONE)) as started:
        profiles = Profiles(started)
        desk = phone_desk(profiles.new().new_page, site.url, "beto@example.test", PASSWORD)
        yield desk.wait_for_phone().close_phone()
        profiles.close()
        assert profiles.problems == []


@pytest.fixture
def ana(place: Place, talking: Profiles) -> PhoneDesk:
    desk = phone_desk(talking.new().new_page, place[0].url, demo_data.AGENT, PASSWORD)
    return desk.wait_for_phone().close_phone()
