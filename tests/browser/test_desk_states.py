"""The agent's state as the desk shows it and as the supervisor sees it, through whatever a day brings: the real engine,
a real Chromium, and a line between them that can be cut or left behind. Both are the same within two seconds."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.desk_page import DeskPage, log_in
from browser.house import PASSWORD, Profiles
from browser.site import Site
from playwright.sync_api import expect
from switch.real_switch import RealSwitch
from switch.running_engine import RunningEngine
from switch.sipp import SippCaller
from switch.waiting import wait_until
from switch.wire_thread import WireInThread

from models import db, demo_data

pytestmark = pytest.mark.asterisk

NUMBER = "40004000"
TRUE_SECONDS = 2.0
"""How soon after the line is back the desk is right."""


class Floor:
    """The web, the engine and the line between the desks and it."""

    def __init__(self, site: Site, engine: RunningEngine, wire: WireInThread) -> None:
        self.site, self.engine, self.wire = site, engine, wire
        [[self.lucia]] = engine.rows("SELECT id FROM agents WHERE email = ?", demo_data.AGENT)

    def seen_by_supervisor(self) -> str:
        status, answer = self.engine.control("GET", "/agents")
        assert status == 200
        agents = answer["agents"] if isinstance(answer, dict) else answer
        return str(next((one["state"] for one in agents if one["id"] == self.lucia), "offline"))

    def both_say(self, desk: DeskPage, state: str, seconds: float = 10) -> None:
        desk.wait_for_state(state, seconds)
        wait_until(lambda: self.seen_by_supervisor() == state, TRUE_SECONDS, f"the supervisor sees {state}")


@pytest.fixture
def floor(filled: Path, tmp_path: Path, switch: RealSwitch) -> Iterator[Floor]:
    data_dir = tmp_path / "data"
    shutil.copytree(filled, data_dir)
    with Site(data_dir) as site:
        engine = RunningEngine(switch, data_dir, web_port=site.port)
        with WireInThread("127.0.0.1", engine.settings.desk_port) as wire:
            site.serve(
                db.open_database(engine.settings), desk_port=wire.port, control_port=engine.settings.control_port
            )
            engine.start()
            yield Floor(site, engine, wire)
            engine.stop()
        for phone in engine.rows("SELECT endpoint FROM agents WHERE endpoint IS NOT NULL"):
            switch.remove_phone(str(phone[0]))


@pytest.fixture
def desk(floor: Floor, profiles: Profiles) -> Iterator[DeskPage]:
    page = DeskPage(profiles.new().new_page(), floor.site.url)
    page.log_in(demo_data.AGENT, PASSWORD)
    yield page.wait_for_state("available")
    profiles.close()  # before the engine goes, or the page would try to reconnect


def test_a_day_is_the_same_on_both_sides(
    floor: Floor, desk: DeskPage, profiles: Profiles, switch: RealSwitch, sipp_caller: Callable[..., SippCaller]
) -> None:
    page = profiles.new().new_page()
    log_in(page, floor.site.url, demo_data.ADMINISTRATOR, PASSWORD)
    floor.both_say(desk, "available")
    desk.pause("Almuerzo")
    floor.both_say(desk, "paused")
    desk.go_available()
    floor.both_say(desk, "available")

    caller = sipp_caller(switch, NUMBER, caller="88881234", talk_ms=4_000).start()
    pop = desk.pop().wait_for_phase("ringing")
    floor.both_say(desk, "ringing")
    pop.answer()
    floor.both_say(desk, "talking")
    page.goto(floor.site.url)
    expect(page.locator("body")).to_contain_text("En llamada")  # the administrator's first page
    floor.wire.cut()  # in the middle of the call
    floor.both_say(desk, "talking")
    assert caller.wait(20).successful == 1
    pop.wait_for_phase("ended")
    wait_until(lambda: floor.seen_by_supervisor() == desk.bar.get_attribute("data-state"), 5, "the same after the call")
    expect(desk.pops).to_have_count(1)
    pop.note(comment="Listo")
    pop.save()
    floor.both_say(desk, "available")


@pytest.mark.parametrize("seconds", [1, 20, 60])
def test_a_cut_loses_nothing_and_shows_nothing_twice(
    floor: Floor, desk: DeskPage, switch: RealSwitch, sipp_caller: Callable[..., SippCaller], seconds: int
) -> None:
    caller = sipp_caller(switch, NUMBER, caller="88881234", talk_ms=(seconds + 6) * 1000).start()
    pop = desk.pop().wait_for_phase("ringing")
    pop.answer()
    floor.both_say(desk, "talking")
    pop.note(comment="lo que se dijo antes")
    floor.wire.refuse()
    floor.wire.cut()
    expect(desk.bar).not_to_have_attribute("data-line", "open", timeout=3_000)
    desk.page.wait_for_timeout(seconds * 1000)
    floor.wire.accept()
    desk.page.evaluate("dispatchEvent(new Event('online'))")
    back = time.monotonic()
    desk.wait_for_line("open", TRUE_SECONDS + 1)
    floor.both_say(desk, "talking", TRUE_SECONDS)
    assert time.monotonic() - back < TRUE_SECONDS + 2
    expect(desk.pops).to_have_count(1)
    expect(pop.field("comment")).to_have_value("lo que se dijo antes")
    assert caller.wait(30).successful == 1
    pop.wait_for_phase("ended")
    expect(desk.pops).to_have_count(1)


def test_a_laptop_that_slept_and_whose_socket_is_dead(floor: Floor, desk: DeskPage) -> None:
    """Frozen by the browser as a whole process is by the lid; the network forgot the connection, and nobody says so."""
    floor.both_say(desk, "available")
    with stopped_browser_processes(desk):
        floor.wire.strand()
        # Meanwhile the supervisor pauses the agent.
        status, _ = floor.engine.control("POST", f"/agents/{floor.lucia}/pause", {"reason": "Reunión"})
        assert status == 200
        time.sleep(6)
    floor.both_say(desk, "paused", TRUE_SECONDS)
    expect(desk.bar).to_have_attribute("data-line", "open")


def test_a_network_that_flapped(floor: Floor, desk: DeskPage) -> None:
    floor.both_say(desk, "available")
    context = desk.page.context
    for _ in range(3):
        context.set_offline(True)
        floor.wire.strand()
        desk.page.wait_for_timeout(400)
        context.set_offline(False)
        desk.page.wait_for_timeout(200)
    assert floor.engine.control("POST", f"/agents/{floor.lucia}/pause", {"reason": "Reunión"})[0] == 200
    floor.both_say(desk, "paused", TRUE_SECONDS)


def test_a_tab_hidden_for_long_with_its_timers_stopped(floor: Floor, desk: DeskPage) -> None:
    """The browser freezes the page (Page Lifecycle): what it missed it has as soon as it is looked at."""
    session = desk.page.context.new_cdp_session(desk.page)
    desk.hide_tab()
    session.send("Page.setWebLifecycleState", {"state": "frozen"})
    assert floor.engine.control("POST", f"/agents/{floor.lucia}/pause", {"reason": "Reunión"})[0] == 200
    time.sleep(8)
    assert floor.seen_by_supervisor() == "paused", "the heart went on beating"
    session.send("Page.setWebLifecycleState", {"state": "active"})
    desk.hide_tab(False)
    floor.both_say(desk, "paused", TRUE_SECONDS)


class stopped_browser_processes:
    """Every renderer of this browser stands still, as a sleeping computer's do."""

    def __init__(self, desk: DeskPage) -> None:
        browser = desk.page.context.browser
        assert browser is not None
        session = browser.new_browser_cdp_session()
        found: list[Any] = session.send("SystemInfo.getProcessInfo")["processInfo"]
        self._pids = [int(one["id"]) for one in found if one["type"] == "renderer"]

    def __enter__(self) -> None:
        for pid in self._pids:
            os.kill(pid, signal.SIGSTOP)

    def __exit__(self, *_: object) -> None:
        for pid in self._pids:
            os.kill(pid, signal.SIGCONT)
