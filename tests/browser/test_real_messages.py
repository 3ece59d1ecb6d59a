"""The chat with nothing left out: SIPp, the real switch, the engine, two desks in Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.desk_page import DeskPage
from browser.house import PASSWORD, Profiles
from browser.place import Place, placed
from browser.test_chat import bubble
from playwright.sync_api import expect
from switch.messages_stage import Takers, Writers, carrying_engine
from switch.real_switch import RealSwitch
from switch.running_engine import RunningEngine
from switch.waiting import wait_until

from models import demo_data

pytestmark = pytest.mark.asterisk

NUMBER, CENTER = "40004000", "Soporte Técnico Teslín"
COLLEAGUE = f"jose@{demo_data.DOMAIN}"


@pytest.fixture
def place(filled: Path, tmp_path: Path, carrying_switch: RealSwitch, message_ports: dict[str, int]) -> Iterator[Place]:
    """The web and the engine on one data folder, with the demonstration account and a trunk that carries messages."""

    def engine_of(data_dir: Path, web_port: int) -> RunningEngine:
        return carrying_engine(carrying_switch, message_ports, data_dir, web_port=web_port)

    trunk = f"127.0.0.1:{message_ports['trunk']}"
    with placed(filled, tmp_path, engine_of, demo=False, trunk_messages=True, trunk_host=trunk) as made:
        yield made


def test_a_conversation_over_the_real_switch(place: Place, profiles: Profiles, writer: Writers, taker: Takers) -> None:
    site, engine = place
    [[name, phone]] = engine.rows("SELECT name, phone_key FROM contacts WHERE phone = '8300 0001'")

    def wrote(text: str) -> None:
        writer(NUMBER, text, caller=phone)

    desks = []
    for email in (demo_data.AGENT, COLLEAGUE):
        desk = DeskPage(profiles.new().new_page(), site.url).log_in(email, PASSWORD).wait_for_state("available")
        desks.append(desk)
    mine, other = desks
    carrier = taker()

    # A customer writes: both desks count it at once, wherever they are.
    wrote("Buenas, ¿abren mañana?")
    for desk in desks:
        expect(desk.badge("messages")).to_contain_text("1")
    room = mine.go_to("messages")
    row = room.locator("[data-thread]")
    expect(row).to_contain_text(name)
    expect(row).to_contain_text(CENTER)
    row.click()
    expect(bubble(room, "¿abren mañana?")).to_be_visible()
    for desk in desks:  # read by one, it is new to nobody
        expect(desk.badge("messages")).to_be_hidden()

    # The answer goes through the trunk, and its state comes back without asking.
    field = room.get_by_label("Mensaje", exact=True)
    field.fill("Sí, de 8 a 6.")
    expect(room.locator("[data-part=counter]")).to_have_text("1 mensaje · quedan 57")
    field.press("Enter")
    expect(bubble(room, "Sí, de 8 a 6.")).to_contain_text("Enviado")
    [sent] = carrier.taken()
    assert sent.startswith(f"MESSAGE sip:{phone}@")
    assert sent.rstrip().endswith("Sí, de 8 a 6.")

    # The colleague has it open too, and hears both sides.
    there = other.go_to("messages")
    there.locator("[data-thread]").click()
    expect(bubble(there, "Sí, de 8 a 6.")).to_contain_text("Enviado")
    wrote("¡Gracias! 😀")
    for shown in (room, there):
        expect(bubble(shown, "¡Gracias! 😀")).to_be_visible()

    # The carrier says no: why, and once more by hand.
    carrier.stop()
    refusing = taker(answer="404 Not Found")
    field.fill("Le esperamos.")
    field.press("Enter")
    failed = bubble(room, "Le esperamos.")
    expect(failed).to_contain_text("No se envió")
    expect(failed).to_contain_text("404 Not Found")
    expect(bubble(there, "Le esperamos.")).to_contain_text("404 Not Found")
    mine.screenshot("chat-real-failed")
    refusing.stop()
    carrier = taker()
    failed.get_by_role("button", name="Reintentar").click()
    expect(failed).to_contain_text("Enviado")
    assert len(carrier.taken()) == 1

    # BAJA closes the composer on both, is answered once, and ALTA opens it again.
    wrote("baja")
    for shown in (room, there):
        expect(shown.locator("[data-part=banner]")).to_contain_text("BAJA")
        expect(shown.get_by_label("Mensaje", exact=True)).to_be_disabled()
        expect(bubble(shown, "Responde ALTA")).to_contain_text("Enviado")
    mine.screenshot("chat-real")
    wrote("Alta")
    for shown in (room, there):
        expect(shown.get_by_label("Mensaje", exact=True)).to_be_enabled()
    wait_until(lambda: len(carrier.taken()) == 3, 8)
