"""The chat in Chromium: on the desk and for administrators."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from browser.desk_page import log_in
from browser.house import PASSWORD, House
from browser.scripted_engine import until
from browser.test_accessibility import wrong
from browser.test_desk_pops import CARD
from playwright.sync_api import Locator, Page, expect

from models import demo_data, message_opt_outs, message_sight, messages
from models.messages import Incoming
from models.tables import (
    CallCenter,
    CallCenterAgent,
    Contact,
    SmsMessage,
    SmsProvider,
    SmsProviderNumber,
    SmsTemplate,
    SmsThread,
    epoch_ms,
    now,
)
from models.values.sms import MessageState, Way, segments

MARIA = "+50688887777"
OURS = "+50640002000"


@pytest.fixture
def provider(house: House) -> SmsProvider:
    """It carries a number of ours; María Núñez has a name."""
    row = SmsProvider.create(name="Pasarela", url="https://sms.example/", salt="s")
    SmsProviderNumber.create(provider=row, number="4000 2000", number_key=OURS)
    Contact.create(name="María Núñez Acuña", phone="8888 7777", phone_key=MARIA)
    SmsTemplate.create(name="Horario", text="Hola {contact}: abrimos de 8 a 17. Le saluda {agent}.")
    return row


def came(house: House, text: str, number: str = MARIA, *, minutes: int = 0) -> int:
    """As the web or the engine stores it, for a call center of `me`'s, and tells it."""
    at = epoch_ms(now()) - minutes * 60_000
    key = f"m.{SmsMessage.select().count()}"
    told = messages.receive(
        house.database, Incoming(key, OURS, number, text, at, Way.HTTP, provider=SmsProvider.get().id, remote_id=key)
    )
    assert told is not None
    center, _made = CallCenterAgent.get_or_create(
        call_center=CallCenter.get(), agent=house.me, defaults={"priority": 1}
    )
    SmsThread.update(call_center=center.call_center).where(SmsThread.id == told.thread).execute()
    house.engine.tell_news(message_sight.who_sees(house.database, told.thread), "messages", thread=told.thread)
    return told.thread


def settle(house: House, message: SmsMessage, state: MessageState, **more: Any) -> None:
    messages.settle(house.database, message.id, state, epoch_ms(now()), **more)
    house.engine.tell_news([house.me.id], "messages", thread=message.thread_id)


def bubble(room: Locator, text: str) -> Locator:
    return room.locator(".chat-message", has_text=text)


def test_a_conversation(house: House, provider: SmsProvider) -> None:
    came(house, "¿Tienen hornos de 60 cm?", minutes=60 * 30)
    desk = house.desk()
    expect(desk.badge("messages")).to_contain_text("1")
    came(house, "Otra pregunta", "22223333")
    expect(desk.badge("messages")).to_contain_text("2")
    room = desk.go_to("messages")
    expect(room.locator("[data-part=nothing]")).to_be_visible()
    rows = room.locator("[data-thread]")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("2222 3333")
    rows.nth(1).click()
    expect(desk.page).to_have_url(re.compile(r"/desk#messages/\d+$"))
    expect(room.locator("[data-part=name]")).to_have_text("María Núñez Acuña")
    expect(bubble(room, "¿Tienen hornos de 60 cm?")).to_be_visible()
    expect(desk.badge("messages")).to_contain_text("1")

    expect(room.get_by_label("Mensaje", exact=True)).to_be_focused()
    room.get_by_role("button", name="Llamar a María Núñez Acuña").click()
    asked = until(lambda: next((told for told in house.engine.heard if told[0] == "dial"), None), "the wish to dial")
    assert asked[1:3] == (house.me.id, SmsThread.get(SmsThread.contact.is_null(False)).number)
    field = room.get_by_label("Mensaje", exact=True)
    field.fill("Sí, de 60 y de 90.")
    expect(room.locator("[data-part=counter]")).to_have_text("1 mensaje · quedan 52")
    expect(room.locator("[data-part=hint]")).to_contain_text("Con í caben 70 letras")
    room.get_by_role("button", name="Escribir sin esos acentos").click()
    expect(field).to_have_value("Si, de 60 y de 90.")
    expect(room.locator("[data-part=counter]")).to_have_text("1 mensaje · quedan 142")
    expect(room.locator("[data-part=hint]")).to_be_hidden()
    field.press("Enter")
    mine = bubble(room, "Si, de 60 y de 90.")
    expect(mine).to_contain_text("En espera")
    expect(mine).to_contain_text(str(house.me.name))
    expect(field).to_have_value("")

    # Its state, and what comes in, without asking.
    row = SmsMessage.get(SmsMessage.direction == "outbound")
    messages.claim(house.database, Way.HTTP, epoch_ms(now()), 5)
    settle(house, row, MessageState.SENT)
    expect(mine).to_contain_text("Enviado")
    settle(house, row, MessageState.DELIVERED)
    expect(mine).to_contain_text("Entregado")
    came(house, "Gracias")
    expect(bubble(room, "Gracias")).to_be_visible()
    expect(room.locator(".chat-day")).to_have_count(2)
    expect(room.locator(".chat-day").last).to_have_text("Hoy")
    expect(desk.badge("messages")).to_contain_text("1")
    desk.screenshot("chat-desk")
    desk.reload()
    desk.wait_for_state("available")
    expect(bubble(room, "Gracias")).to_be_visible()


def test_what_was_not_sent_says_why_and_can_be_sent_again(house: House, provider: SmsProvider) -> None:
    thread = came(house, "Hola")
    desk = house.desk()
    room = desk.go_to("messages")
    room.locator("[data-thread]").click()
    field = room.get_by_label("Mensaje", exact=True)
    for text, state, reason, detail in (
        ("Uno", MessageState.FAILED, "no_such_number", "404 Not Found"), ("Dos", MessageState.UNSURE, "no_answer", ""),
    ):  # fmt: skip
        field.fill(text)
        field.press("Enter")
        expect(bubble(room, text)).to_be_visible()
        [row] = messages.claim(house.database, Way.HTTP, epoch_ms(now()), 5)
        settle(house, SmsMessage.get_by_id(row.id), state, reason=reason, detail=detail)
    expect(bubble(room, "Uno")).to_contain_text("No se envió")
    expect(bubble(room, "Uno")).to_contain_text("Ese número no existe o no recibe mensajes. (404 Not Found)")
    expect(bubble(room, "Dos")).to_contain_text("puede que haya llegado")
    desk.screenshot("chat-failed")
    bubble(room, "Dos").get_by_role("button", name="Reintentar").click()
    expect(bubble(room, "Dos")).to_contain_text("En espera")
    # Somebody opts out meanwhile: the composer closes, with the reason.
    room.locator("[data-part=opt-out]").click()
    desk.page.get_by_role("dialog").get_by_role("button", name="Dar de baja").click()
    expect(room.locator("[data-part=banner]")).to_contain_text("no se le puede escribir")
    expect(field).to_be_disabled()
    expect(bubble(room, "Dos")).to_contain_text("pidió no recibir mensajes")
    bubble(room, "Uno").get_by_role("button", name="Reintentar").click()
    expect(bubble(room, "Uno")).to_contain_text("Ese número pidió no recibir mensajes.")
    assert SmsThread.get_by_id(thread).number == MARIA


def test_a_draft_stays_and_a_lost_answer_sends_nothing_twice(house: House, provider: SmsProvider) -> None:
    came(house, "Hola")
    came(house, "Buenas", "22223333")
    desk = house.desk()
    room = desk.go_to("messages")
    room.locator("[data-thread]", has_text="María").click()
    field = room.get_by_label("Mensaje", exact=True)
    field.fill("A medias")
    room.locator("[data-thread]", has_text="2222").click()
    expect(field).to_have_value("")
    desk.reload()
    desk.wait_for_state("available")
    room.locator("[data-thread]", has_text="María").click()
    expect(field).to_have_value("A medias")

    lost: list[str] = []

    def lose(route: Any) -> None:
        """The server takes it; the page never hears."""
        if not lost:
            lost.append(route.request.url)
            route.fetch()
            route.abort()
        else:
            route.continue_()

    desk.page.route(re.compile("/send$"), lose)
    field.press("Enter")
    expect(room.locator("[data-part=problem]")).to_contain_text("Lo escrito se conserva")
    expect(field).to_have_value("A medias")
    field.press("Enter")
    expect(field).to_have_value("")
    expect(bubble(room, "A medias")).to_have_count(1)
    assert SmsMessage.select().where(SmsMessage.text == "A medias").count() == 1


def test_from_a_call_to_its_conversation(house: House, provider: SmsProvider) -> None:
    desk = house.desk()
    call = house.offer(card=CARD, calling_number=MARIA)
    house.talk(call)
    desk.pop(call).root.get_by_role("button", name="SMS").click()
    room = desk.room("messages")
    expect(room).to_be_visible()
    field = room.get_by_label("Mensaje", exact=True)
    expect(field).to_be_focused()
    room.get_by_label("Plantillas").select_option(label="Horario")
    expect(field).to_have_value(re.compile(r"abrimos de 8 a 17"))
    field.press("Enter")
    expect(bubble(room, "abrimos de 8 a 17")).to_be_visible()
    expect(desk.page).to_have_url(re.compile(r"#messages/\d+$"))
    assert SmsThread.get().number == MARIA
    desk.page.go_back()
    expect(desk.room("calls")).to_be_visible()


def test_writing_to_a_number(house: House, provider: SmsProvider) -> None:
    desk = house.desk()
    room = desk.go_to("messages")
    expect(room.locator("[data-part=empty]")).to_contain_text("Todavía no hay mensajes")
    number = room.get_by_label("Escribir a un número")
    number.fill("hola")
    number.press("Enter")
    expect(room.locator("[data-part=failed]")).to_have_text("A ese número no se le puede escribir.")
    number.fill("8888 7777")
    number.press("Enter")
    field = room.get_by_label("Mensaje", exact=True)
    field.fill("Hola")
    field.press("Enter")
    expect(bubble(room, "Hola")).to_be_visible()
    expect(room.locator("[data-thread]")).to_have_count(1)
    number.fill("900 123 4567")
    number.press("Enter")
    field.fill("Hola")
    field.press("Enter")
    expect(room.locator("[data-part=problem]")).to_contain_text("A ese destino no se puede escribir")


def test_without_anybody_who_carries_messages(house: House) -> None:
    desk = house.desk()
    room = desk.go_to("messages")
    number = room.get_by_label("Escribir a un número")
    number.fill("8888 7777")
    number.press("Enter")
    expect(room.locator("[data-part=banner]")).to_contain_text("avisa a tu administrador")
    expect(room.get_by_label("Mensaje", exact=True)).to_be_disabled()


def test_searching_and_unread(house: House, provider: SmsProvider) -> None:
    came(house, "Quiero un horno")
    came(house, "Buenas", "22223333")
    desk = house.desk()
    room = desk.go_to("messages")
    search = room.get_by_label("Buscar en los mensajes")
    for typed, count in (("nunez", 1), ("2222", 1), ("HORNO", 1), ("zzz", 0), ("", 2)):
        search.fill(typed)
        expect(room.locator("[data-thread]")).to_have_count(count)
    search.fill("zzz")
    expect(room.locator("[data-part=empty]")).to_have_text("Ninguna conversación coincide con la búsqueda.")
    search.fill("")
    room.locator("[data-thread]", has_text="María").click()
    room.get_by_label("Sin leer").check()
    expect(room.locator("[data-thread]")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_axe_finds(house: House, provider: SmsProvider, scheme: str) -> None:
    came(house, "Hola")
    desk = house.desk(color_scheme=scheme)
    room = desk.go_to("messages")
    problems = wrong(desk.page)
    room.locator("[data-thread]").click()
    field = room.get_by_label("Mensaje", exact=True)
    for text, state, reason in (
        ("Uno", MessageState.FAILED, "refused"), ("Dos", MessageState.UNSURE, "no_answer"),
        ("Tres", MessageState.DELIVERED, ""),
    ):  # fmt: skip
        field.fill(text)
        field.press("Enter")
        expect(bubble(room, text)).to_be_visible()
        [row] = messages.claim(house.database, Way.HTTP, epoch_ms(now()), 5)
        settle(house, SmsMessage.get_by_id(row.id), state, reason=reason, detail="603 Decline" if reason else "")
    expect(bubble(room, "Tres")).to_contain_text("Entregado")
    field.fill("ó" * 80)
    problems += wrong(desk.page)
    message_opt_outs.opt_out(house.database, MARIA, epoch_ms(now()), word="BAJA")
    house.engine.tell_news([house.me.id], "messages")
    expect(field).to_be_disabled()
    problems += wrong(desk.page)
    assert problems == []


def test_in_english(house: House, provider: SmsProvider) -> None:
    thread = came(house, "Hello, are you open on Sundays?")
    desk = house.desk()
    desk.open_my_menu().get_by_role("button", name="English").click()
    desk.page.evaluate(f"location.hash = '#messages/{thread}'")
    room = desk.room("messages")
    room.get_by_label("Message", exact=True).fill("Sí ☀")
    expect(room.locator("[data-part=hint]")).to_contain_text("With í ☀ a message holds 70 letters")
    desk.screenshot("chat-english")


def test_on_a_phones_screen(house: House, provider: SmsProvider) -> None:
    came(house, "¿Tienen hornos de 60 cm? Vi uno en la tienda de Heredia y quisiera saber el precio.")
    desk = house.desk(viewport={"width": 390, "height": 844})
    room = desk.go_to("messages")
    desk.screenshot("chat-phone-list")
    room.locator("[data-thread]").click()
    expect(room.locator(".chat-side")).to_be_hidden()
    expect(bubble(room, "hornos")).to_be_visible()
    room.get_by_label("Mensaje", exact=True).fill("Sí")
    desk.screenshot("chat-phone-thread")
    wide = desk.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    room.get_by_role("button", name="Volver a las conversaciones").click()
    expect(room.locator(".chat-side")).to_be_visible()


def admin_page(house: House, path: str, **profile: Any) -> Page:
    page = house.page(**profile)
    log_in(page, house.site.url, demo_data.ADMINISTRATOR, PASSWORD)
    page.wait_for_url("**/")
    page.goto(f"{house.site.url}{path}")
    return page


def test_for_administrators(house: House, provider: SmsProvider) -> None:
    came(house, "Hola, ¿abren el domingo?", minutes=3)
    page = admin_page(house, "/mensajes/")
    page.locator("[data-thread]").click()
    expect(page.locator(".chat-message")).to_have_count(1)
    page.get_by_label("Mensaje", exact=True).fill("Abrimos de 9 a 12.")
    page.screenshot(path="tests/artefacts/chat-admin.png")
    page.get_by_role("button", name="Enviar", exact=True).click()
    expect(bubble(page.locator("main"), "Abrimos de 9 a 12.")).to_contain_text("En espera")
    # No socket here: it asks by itself.
    came(house, "Perfecto")
    expect(bubble(page.locator("main"), "Perfecto")).to_be_visible(timeout=15_000)
    page.emulate_media(color_scheme="dark")
    page.screenshot(path="tests/artefacts/chat-admin-dark.png")
    contact = Contact.get(Contact.phone_key == MARIA)
    page.goto(f"{house.site.url}/mensajes/?contact={contact.id}")
    expect(page.locator("[data-part=name]")).to_have_text("María Núñez Acuña")
    assert CallCenter.select().count() > 0


def test_administrators_read_the_time_of_the_account(house: House, provider: SmsProvider) -> None:
    """As on their other pages, wherever they sit; on the desk it is the agent's own."""
    at = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)  # still the day before in Costa Rica
    came(house, "Hola", minutes=int((now() - at).total_seconds() // 60))
    page = admin_page(house, "/mensajes/", timezone_id="Asia/Tokyo")
    expect(page.locator("[data-thread] time")).to_have_text(re.compile(r"^1 mar.*, 22:(29|30)$"))
    page.locator("[data-thread]").click()
    expect(page.locator(".chat-message time")).to_have_text(re.compile("^22:(29|30)$"))
    expect(page.locator(".chat-day")).to_have_text("domingo, 1 de marzo de 2026")
    desk = house.desk(timezone_id="Asia/Tokyo")
    expect(desk.go_to("messages").locator("[data-thread] time")).to_have_text(re.compile(r"^2 mar.*, 13:(29|30)$"))


TEXTS = (
    "", "Hola", "é" * 160, "a" * 161, "a" * 307, "€" * 81, "ó", "ó" * 71, "😀" * 36, "[x]", "`", "á€😀ñ" * 40,
    "\n\r\f^|~", "x" * 152 + "€" * 3, "ñ" * 1600,
)  # fmt: skip


def test_the_counter_counts_as_the_server(house: House) -> None:
    desk = house.desk()
    module = desk.page.evaluate(
        "async ([url, texts]) => { const { segments } = await import(url); return texts.map(segments); }",
        [
            desk.page.locator('script[type="module"]').get_attribute("src").replace("desk.js", "sms-segments.js"),
            list(TEXTS),
        ],
    )
    for text, told in zip(TEXTS, module, strict=True):
        own = segments(text)
        assert told == {
            "encoding": own.encoding.value, "units": own.units, "count": own.count, "left": own.left, "odd": own.odd,
        }, text[:20]  # fmt: skip
