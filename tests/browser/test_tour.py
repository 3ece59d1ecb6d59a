"""An agent's day from log-in to log-out, with the pictures of docs/recorrido.md: wide, on a phone, in the dark, and
one in English. Kept in tests/artefacts/recorrido-*.png."""

from __future__ import annotations

from typing import Any

from browser.desk_page import DeskPage
from browser.house import PASSWORD, House
from browser.scripted_engine import now_ms
from playwright.sync_api import expect

WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
TALK: dict[str, Any] = {
    "on_hold": False, "phone_holds": False, "waits": False, "muted": False, "third": None, "parties": 2,
    "asking": False, "recording": None,
}  # fmt: skip


def card(house: House) -> dict[str, Any]:
    rows = house.database.execute_sql(
        "SELECT id, name, email FROM contacts WHERE name LIKE '%ñ%' ORDER BY id LIMIT 1"
    ).fetchall()
    [(contact, name, email)] = rows
    days = [
        {"call_id": f"c{n}", "at": now_ms() - n * 3 * 86_400_000, "call_center": "Ventas Café del Monte",
         "outcome": "answered", "agent": "Sofía Chacón", "disposition": "Resuelto", "comment": ""}
        for n in (1, 2)
    ]  # fmt: skip
    return {
        "contact_id": contact, "name": name, "phone": "88881234", "email": email or "", "company": "Ferretería El Ñato",
        "disposition": "Volver a llamar", "agent_in_charge": "José Ángel Brenes", "fields": [], "calls": days,
    }  # fmt: skip


def called(house: House) -> str:
    """A customer rings, known by name."""
    call_id = house.offer()
    house.engine.update(house.me.id, call_id, phase="ringing", card=card(house))
    return call_id


def talked(house: House, desk: DeskPage, call_id: str) -> None:
    house.talk(call_id)
    house.engine.update(house.me.id, call_id, talk=TALK)
    desk.pop(call_id).wait_for_phase("talking")


def test_a_day(house: House) -> None:
    page = house.page(viewport=WIDE)
    desk = DeskPage(page, house.site.url)
    page.goto(f"{house.site.url}/login")
    desk.screenshot("recorrido-entrar")
    desk.log_in(str(house.me.email), PASSWORD)
    desk.wait_for_state("available")
    desk.screenshot("recorrido-disponible")

    call_id = called(house)
    pop = desk.pop(call_id).wait_for_phase("ringing")
    expect(pop.part("answer")).to_be_visible()
    desk.screenshot("recorrido-timbra")

    pop.answer()
    house.engine.wait("answer", house.me.id)
    talked(house, desk, call_id)
    pop.note(comment="Pide que la llamen mañana después de las diez.")
    desk.screenshot("recorrido-habla")

    house.engine.update(
        house.me.id, call_id, talk={**TALK, "third": {"name": "Beto Núñez", "state": "talking"}, "waits": False}
    )
    expect(pop.part("third")).to_be_visible()
    desk.screenshot("recorrido-consulta")
    house.engine.update(house.me.id, call_id, talk=TALK)

    house.record(call_id)
    house.hang_up(call_id)
    pop.wait_for_phase("ended")
    pop.note(disposition="Resuelto")
    desk.screenshot("recorrido-despues")
    pop.save()
    house.engine.wait("done", house.me.id)
    house.engine.set_state(house.me.id, "available")

    desk.bar.locator("[data-part=pause]").click()
    expect(page.locator("#pause-menu")).to_be_visible()
    desk.screenshot("recorrido-pausa")
    page.keyboard.press("Escape")
    desk.log_out()


def test_on_a_phone(house: House) -> None:
    desk = house.desk(viewport=PHONE)
    talked(house, desk, called(house))
    desk.screenshot("recorrido-movil")
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_in_the_dark(house: House) -> None:
    desk = house.desk(viewport=WIDE, color_scheme="dark")
    talked(house, desk, called(house))
    desk.screenshot("recorrido-oscuro")


def test_in_english(house: House) -> None:
    desk = house.desk(viewport=WIDE, locale="en-US")
    desk.open_my_menu().locator("button[value=en]").click()
    desk.wait_for_state("available")
    expect(desk.page.locator("html")).to_have_attribute("lang", "en")
    talked(house, desk, called(house))
    desk.screenshot("recorrido-english")
