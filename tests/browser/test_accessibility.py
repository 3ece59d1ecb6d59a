"""WCAG 2.2 AA by axe-core, in light and in dark: every page of the administration, and the desk in its states."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser.desk_page import log_in
from browser.house import PASSWORD, House, Profiles, unused_port
from browser.site import Site
from browser.test_desk_talk import TALK
from playwright.sync_api import Page, expect

from models import db, demo_data
from models.tables import AgentCallback, Contact, Ticket, TicketMessage, TicketPriority, now

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
SCHEMES = ("light", "dark")
PARTS = 3  # of the pages: axe looks at each row of each list
# One page of each kind that the navigation does not lead to.
BEYOND = ("/contactos/1", "/agentes/6", "/callcenters/1", "/impresoras/1", "/forms/1", "/cuenta", "/webhooks/nuevo",
          "/disposiciones/1/eliminar", "/tickets/nuevo")  # fmt: skip


def wrong(page: Page) -> list[str]:
    """What axe finds, a line each: the rule, where, and why."""
    found: list[dict[str, Any]] = Axe().run(page, options=RULES).response["violations"]
    return [
        f"{page.url} {one['id']}: {node['html'][:150]} {[why['message'] for why in node['any'][:1]]}"
        for one in found
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_administration(scheme: str, part: int, lived_in: Path, tmp_path: Path, profiles: Profiles) -> None:
    shutil.copytree(lived_in, tmp_path / "data")
    database = db.open_database(f"sqlite:///{tmp_path}/data/centralita.db")
    ticket = Ticket.create(subject="Módem", contact=1, due_at=now(), priority=TicketPriority.URGENT)
    TicketMessage.create(ticket=ticket, text="Llamé.")
    with Site(tmp_path / "data") as site, unused_port() as control_port:
        site.serve(database, control_port=control_port)
        # So high that what sticks to the window's edges covers nothing.
        tall = {"width": 1280, "height": 4000}
        page = profiles.new(base_url=site.url, color_scheme=scheme, viewport=tall).new_page()
        page.goto("/login")
        problems = wrong(page)
        log_in(page, site.url, demo_data.ADMINISTRATOR, PASSWORD)
        expect(page.get_by_role("heading", name="Hoy")).to_be_visible()
        led = page.locator(".nav-left a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
        assert len(led) >= 13
        for path in (*led, *BEYOND, f"/tickets/{ticket.id}")[part::PARTS]:
            page.goto(path)
            problems += wrong(page)
        profiles.close()
    database.close()
    assert problems == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_desk(scheme: str, house: House) -> None:
    desk = house.desk(color_scheme=scheme)
    page = desk.page
    problems = wrong(page)
    page.locator("#help-button").click()
    problems += wrong(page)
    page.keyboard.press("Escape")
    call_id = house.offer()
    expect(page.locator("article.pop")).to_be_visible()
    problems += wrong(page)
    house.talk(call_id)
    house.engine.update(house.me.id, call_id, talk=TALK)
    expect(page.locator("article.pop [data-part=talk]")).to_be_visible()
    problems += wrong(page)
    page.locator("article.pop [data-part=pass]").click()
    problems += wrong(page)
    page.keyboard.press("Escape")
    house.hang_up(call_id)
    expect(page.locator("article.pop [data-part=close]")).to_be_visible()
    problems += wrong(page)
    ticket = Ticket.create(subject="Módem", agent=house.me, contact=1, due_at=now(), priority=TicketPriority.URGENT)
    TicketMessage.create(ticket=ticket, author=house.me, text="Llamé.", internal=False)
    for address, seen in (("tickets", ".tickets-list li"), (f"tickets/{ticket.id}", ".said"), ("tickets/new", ".pair")):
        page.evaluate(f"location.hash = '#{address}'")
        expect(page.locator(f"[data-room=tickets] {seen}").first).to_be_visible()
        problems += wrong(page)
    house.profiles.close()
    assert problems == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [1280, 390])
def test_the_card_of_a_call_and_the_callbacks(width: int, scheme: str, house: House) -> None:
    rows = [Contact.create(name=name, phone="88881234", phone_key="+50688881234") for name in ("Ana Mora", "Eva Mora")]
    AgentCallback.delete().execute()
    for hours in (-1, 1, 60):
        due = now() + timedelta(hours=hours)
        AgentCallback.create(number="88881234", contact=rows[0], agent=house.me, due_at=due, note="Por el plan")
    desk = house.desk(color_scheme=scheme, viewport={"width": width, "height": 900})
    page = desk.page
    house.offer("c-1")
    house.talk("c-1")
    house.record("c-1", contact_id=rows[0].id)
    shown = desk.pop("c-1").wait_for_phase("talking")
    expect(shown.part("sharing")).to_be_visible()
    shown.part("callback").locator("summary").click()
    problems = wrong(page)
    desk.screenshot(f"desk-card-{width}-{scheme}")
    desk.go_to("callbacks")
    expect(page.locator("[data-room=callbacks] .callback").first).to_be_visible()
    problems += wrong(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing stands out to the right"
    desk.screenshot(f"desk-callbacks-{width}-{scheme}")
    page.locator("[data-room=callbacks] [data-part=later]").first.click()
    problems += wrong(page)
    desk.screenshot(f"desk-put-off-{width}-{scheme}")
    house.profiles.close()
    assert problems == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("language", ["es", "en"])
def test_my_day_my_menu_and_the_support_page(language: str, width: int, scheme: str, house: House) -> None:
    desk = house.desk(color_scheme=scheme, viewport={"width": width, "height": 900})
    page = desk.page
    if language == "en":
        desk.open_my_menu().locator("button[value=en]").click()
        desk.wait_for_state("available")
    expect(page.locator("#today [data-part=online_ms]")).not_to_have_text("—")
    problems = wrong(page)
    desk.screenshot(f"desk-my-day-{width}-{language}-{scheme}")
    desk.open_my_menu()
    problems += wrong(page)
    page.keyboard.press("Escape")
    # Nobody is asked: the frame's own page is not ours to judge.
    page.route(
        "http://support.example/**", lambda route: route.fulfill(body="<title>x</title>", content_type="text/html")
    )
    house.offer("c-1", pop_up_url="http://support.example/?tel=88881234")
    house.talk("c-1")
    house.record("c-1")
    shown = desk.pop("c-1").wait_for_phase("talking")
    shown.part("pop-up-here").click()
    expect(shown.root.locator("iframe")).to_be_visible()
    problems += wrong(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing stands out to the right"
    desk.screenshot(f"desk-support-{width}-{language}-{scheme}")
    house.profiles.close()
    assert problems == []


def test_the_look_is_chosen_by_hand_and_remembered(house: House) -> None:
    desk = house.desk(color_scheme="light")
    page = desk.page
    paper = "() => getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    with page.expect_response("**/appearance"):
        desk.open_my_menu().locator("#appearance").click()
    dark = page.evaluate(paper)
    assert dark != light
    page.reload()
    assert page.evaluate(paper) == dark
    page.goto(f"{house.site.url}/cuenta-que-no-hay")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
