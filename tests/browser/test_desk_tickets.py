"""The room of tickets in a real browser: list, one ticket, a new one from a call, drafts, somebody else's changes."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from browser.desk_page import DeskPage
from browser.house import House
from browser.scripted_engine import until
from browser.test_desk_page import FAINT
from browser.test_desk_pops import CARD
from playwright.sync_api import Locator, expect

from models.tables import (
    Agent,
    AgentGroup,
    AgentGroupMember,
    Attachment,
    Contact,
    Ticket,
    TicketFile,
    TicketMessage,
    TicketPriority,
    TicketState,
    now,
)

XSS = "<img src=x onerror=\"document.title='roto'\"> & «ñandú»"
CONTROL = pytest.mark.parametrize("house", [{"control": True}], indirect=True)


@pytest.fixture
def colleague(house: House) -> Agent:
    """Another one of the group that `me` is in."""
    return Agent.select().where(Agent.id != house.me.id, Agent.active, Agent.role == "agent").order_by(Agent.id).first()


@pytest.fixture
def workshop(house: House, colleague: Agent) -> AgentGroup:
    group = AgentGroup.create(name="Taller")
    for agent in (house.me, colleague):
        AgentGroupMember.create(group=group, agent=agent)
    return group


@pytest.fixture
def contact(house: House) -> Contact:
    return Contact.create(
        name="Beatriz Hernández Céspedes", phone="88881234", phone_key="+50688881234", email="b@x.example"
    )


def row(desk: DeskPage, subject: str) -> Locator:
    return desk.room("tickets").locator(".tickets-list li", has_text=subject)


def opened(desk: DeskPage, ticket: Ticket) -> Locator:
    """The ticket on the screen, by its address."""
    desk.page.evaluate(f"location.hash = '#tickets/{ticket.id}'")
    shown = desk.room("tickets").locator(".ticket")
    expect(shown.locator("[name=subject]")).to_have_value(str(ticket.subject))
    return shown


def part(root: Locator, name: str) -> Locator:
    return root.locator(f'[data-part="{name}"]')


# ---------------------------------------------------------------- the list
def test_the_list_shows_what_presses_and_finds_what_is_looked_for(
    house: House, workshop: AgentGroup, contact: Contact, colleague: Agent
) -> None:
    at = now()
    Ticket.create(subject=XSS, agent=house.me, priority=TicketPriority.URGENT, contact=contact)
    Ticket.create(subject="Cambiar módem", group=workshop, due_at=at - timedelta(hours=2), priority=TicketPriority.HIGH)
    Ticket.create(subject="Enviar cotización", agent=house.me, due_at=at + timedelta(days=1), state=TicketState.PENDING)
    Ticket.create(subject="Ya resuelto", agent=house.me, state=TicketState.SOLVED)
    Ticket.create(subject="De otra persona", agent=colleague)
    desk = house.desk()
    expect(desk.badge("tickets")).to_contain_text("3")
    room = desk.go_to("tickets")
    subjects = room.locator(".tickets-list strong")
    expect(subjects).to_have_text(["Cambiar módem", "Enviar cotización", XSS])
    expect(row(desk, "Cambiar módem")).to_have_attribute("data-overdue", "true")
    expect(row(desk, "Cambiar módem")).to_contain_text("Venció")
    expect(row(desk, "Cambiar módem")).to_contain_text("Taller · nadie lo ha tomado")
    assert room.locator("img").count() == 0
    desk.screenshot("desk-tickets")
    room.get_by_placeholder("Buscar en tickets y contactos").fill("hernandez cespedes")
    expect(subjects).to_have_text([XSS])
    room.get_by_placeholder("Buscar en tickets y contactos").fill("nada así")
    expect(room).to_contain_text("Ningún ticket es así.")
    room.get_by_role("button", name="Quitar los filtros").click()
    expect(subjects).to_have_count(3)
    room.get_by_role("radio", name="De mis grupos").check()
    expect(subjects).to_have_text(["Cambiar módem"])
    desk.reload()
    expect(subjects).to_have_text(["Cambiar módem"])
    room.get_by_role("radio", name="Míos").check()
    room.locator("[name=state]").select_option("solved")
    expect(subjects).to_have_text(["Ya resuelto"])


def test_pages(house: House) -> None:
    for number in range(27):
        Ticket.create(subject=f"Número {number:02d}", agent=house.me)
    desk = house.desk()
    room = desk.go_to("tickets")
    expect(part(room, "place")).to_have_text("1–25 de 27")
    room.get_by_role("button", name="Siguientes").click()
    expect(room.locator(".tickets-list strong")).to_have_text(["Número 25", "Número 26"])
    expect(room.get_by_role("button", name="Siguientes")).to_be_disabled()


def test_the_server_is_away(house: House) -> None:
    desk = house.desk()
    desk.page.route("**/desk/tickets?**", lambda route: route.abort())
    room = desk.go_to("tickets")
    expect(part(room, "failed").first).to_be_visible()
    desk.page.unroute("**/desk/tickets?**")
    part(room, "again").first.click()
    expect(part(room, "failed").first).to_be_hidden()
    expect(part(room, "empty")).to_be_visible()
    desk.screenshot("desk-tickets-empty")


# ---------------------------------------------------------------- one ticket
def test_a_ticket_is_changed_and_saved(house: House, workshop: AgentGroup, contact: Contact) -> None:
    ticket = Ticket.create(subject="Cambiar módem", text="Dice que no prende.", agent=house.me, contact=contact)
    desk = house.desk()
    desk.go_to("tickets")
    row(desk, "Cambiar módem").locator("a").click()
    shown = desk.room("tickets").locator(".ticket")
    expect(shown.locator("[name=text]")).to_have_value("Dice que no prende.")
    expect(part(shown, "save")).to_be_disabled()
    shown.locator("[name=priority]").select_option("urgent")
    shown.locator("[name=group]").select_option(label="Taller")
    shown.locator("[name=due_at]").fill("2030-03-04T15:30")
    shown.locator("[name=subject]").fill("")
    part(shown, "save").click()
    expect(shown.locator('[data-error="subject"]')).to_have_text("Hace falta este dato.")
    expect(shown.locator("[name=subject]")).to_be_focused()
    shown.locator("[name=subject]").fill("Cambiar módem y cable")
    desk.page.keyboard.press("Control+Enter")
    expect(desk.toasts).to_contain_text(["Salvado."])
    expect(part(shown, "save")).to_be_disabled()
    saved = Ticket.get_by_id(ticket.id)
    assert (saved.subject, saved.priority, saved.group_id) == ("Cambiar módem y cable", "urgent", workshop.id)
    local = desk.page.evaluate("new Date(2030, 2, 4, 15, 30).getTime()")
    assert int(saved.due_at.timestamp() * 1000) == local
    expect(shown.locator("[name=due_at]")).to_have_value("2030-03-04T15:30")
    part(shown, "contact").get_by_role("button", name="Llamar a Beatriz").click()
    house.engine.wait("dial", house.me.id, "88881234")
    desk.screenshot("desk-ticket")
    desk.page.go_back()
    expect(row(desk, "Cambiar módem y cable")).to_contain_text("Urgente")


def test_a_ticket_that_is_not_the_agents_is_not_there(house: House, colleague: Agent) -> None:
    ticket = Ticket.create(subject="De otra persona", agent=colleague)
    desk = house.desk()
    for number in (ticket.id, 99999, "x", "-1"):
        desk.page.evaluate(f"location.hash = '#tickets/{number}'")
        expect(part(desk.room("tickets"), "gone")).to_be_visible()
        expect(part(desk.room("tickets"), "body")).to_be_hidden()


def test_what_is_typed_stays_whatever_comes(house: House) -> None:
    ticket = Ticket.create(subject="Cambiar módem", agent=house.me)
    desk = house.desk()
    shown = opened(desk, ticket)
    shown.locator("[name=text]").fill("A medio escr")
    shown.locator("[name=message]").fill("Quedó de llam")
    call_id = house.offer(card=CARD)
    desk.incoming.get_by_role("button", name="Contestar").click()
    house.talk(call_id)
    desk.pop(call_id).wait_for_phase("talking")
    desk.page.go_back()
    expect(shown.locator("[name=text]")).to_have_value("A medio escr")
    desk.reload()
    expect(shown.locator("[name=text]")).to_have_value("A medio escr")
    expect(shown.locator("[name=message]")).to_have_value("Quedó de llam")
    expect(part(shown, "draft")).to_contain_text("Sin salvar")
    desk.go_to("calls")
    desk.go_to("tickets")
    expect(row(desk, "Cambiar módem")).to_contain_text("Sin salvar")
    shown = opened(desk, ticket)
    part(shown, "discard").click()
    expect(shown.locator("[name=text]")).to_have_value("")
    assert Ticket.get_by_id(ticket.id).text == ""


def test_somebody_elses_change_is_told_and_nothing_is_overwritten(house: House, colleague: Agent) -> None:
    ticket = Ticket.create(subject="Cambiar módem", text="viejo", agent=house.me)
    desk = house.desk()
    shown = opened(desk, ticket)
    shown.locator("[name=text]").fill("lo mío")
    # Nobody told the desk: the save finds it out.
    Ticket.update(text="lo de otra persona", priority=TicketPriority.URGENT).where(Ticket.id == ticket.id).execute()
    part(shown, "save").click()
    expect(desk.toasts).to_contain_text([re.compile("Otra persona cambió este ticket")])
    expect(shown.locator('[data-now="text"]')).to_have_text("Otra persona puso: lo de otra persona")
    expect(shown.locator("[name=text]")).to_have_value("lo mío")
    expect(shown.locator("[name=priority]")).to_have_value("urgent")
    assert Ticket.get_by_id(ticket.id).text == "lo de otra persona"
    desk.screenshot("desk-ticket-changed")
    part(shown, "save").click()
    expect(part(shown, "save")).to_be_disabled()
    expect(shown.locator('[data-now="text"]')).to_be_hidden()
    saved = Ticket.get_by_id(ticket.id)
    assert (saved.text, saved.priority) == ("lo mío", "urgent")


# ---------------------------------------------------------------- live
@CONTROL
def test_two_desks_at_one_ticket(house: House, workshop: AgentGroup, colleague: Agent) -> None:
    """The whole way: one desk saves, the web tells the engine, the other desk shows it."""
    ticket = Ticket.create(subject="Cambiar módem", group=workshop)
    one, two = house.desk(), house.desk()
    first, second = opened(one, ticket), opened(two, ticket)
    first.locator("[name=message]").fill(XSS)
    first.locator("[name=internal]").select_option("no")
    first.locator("[name=message]").focus()
    one.page.keyboard.press("Control+Enter")
    expect(part(second, "thread").locator("li .said")).to_have_text([XSS])
    expect(part(second, "thread")).to_contain_text("Para el contacto")
    expect(first.locator("[name=message]")).to_have_value("")
    assert TicketMessage.select().count() == 1
    _agents, topic, about = house.engine.wait("news")
    assert (topic, about["ticket"], about["what"]) == ("tickets", ticket.id, "message")

    # The second one is just about to take it.
    Ticket.update(agent=colleague).where(Ticket.id == ticket.id).execute()
    part(first, "take").click()
    expect(one.toasts).to_contain_text([f"Ya lo tomó {colleague.name}."])
    expect(part(first, "take")).to_be_hidden()
    Ticket.update(agent=None).where(Ticket.id == ticket.id).execute()
    part(second, "take").click()
    expect(two.toasts).to_contain_text(["Ahora es tuyo."])
    assert Ticket.get_by_id(ticket.id).agent_id == house.me.id
    expect(first.locator("[name=agent]")).to_have_value(str(house.me.id))


def test_news_of_a_ticket_given_and_of_one_that_fell_due(house: House) -> None:
    ticket = Ticket.create(subject="Cambiar módem", agent=house.me, due_at=now())
    desk = house.desk()
    house.engine.tell_news([house.me.id], "tickets", ticket=ticket.id, what="change", by=1, given=house.me.id)
    expect(desk.toasts).to_contain_text(["Te asignaron el ticket «Cambiar módem»."])
    house.engine.tell_news([house.me.id], "tickets", ticket=ticket.id, what="due", by=None, given=None)
    expect(desk.toasts).to_contain_text(["Te asignaron", "Venció el ticket «Cambiar módem»."])


# ---------------------------------------------------------------- new
def test_a_new_ticket_about_the_call(house: House, contact: Contact) -> None:
    old = Ticket.create(
        subject="Módem de la otra vez", contact=contact, agent=house.me, due_at=now() - timedelta(days=1)
    )
    other = Agent.select().where(Agent.id != house.me.id).first()
    Ticket.create(subject="De otra persona", contact=contact, agent=other)
    desk = house.desk()
    call_id = house.offer(card={**CARD, "contact_id": contact.id})
    house.talk(call_id)
    shown = desk.pop(call_id).wait_for_phase("talking")
    expect(shown.part("tickets-count")).to_have_text("2")
    expect(shown.part("tickets-list").locator("strong")).to_have_text(["Módem de la otra vez"])
    expect(shown.part("tickets-others")).to_have_text("A cargo de otras personas: 1")
    desk.screenshot("desk-pop-tickets")
    shown.part("tickets-list").get_by_role("link").click()
    expect(desk.room("tickets").locator("[name=subject]")).to_have_value(str(old.subject))
    desk.page.go_back()
    shown.part("new-ticket").click()
    form = desk.room("tickets").locator(".ticket")
    expect(part(form, "contact")).to_contain_text("Beatriz Hernández Céspedes")
    expect(part(form, "call")).to_contain_text("De esta llamada")
    form.locator("[name=subject]").fill("Cambiar módem")
    desk.reload()
    expect(form.locator("[name=subject]")).to_have_value("Cambiar módem")
    expect(part(form, "contact")).to_contain_text("Beatriz")
    desk.screenshot("desk-ticket-new")
    desk.go_to("tickets")
    expect(part(desk.room("tickets"), "unsent")).to_contain_text("Cambiar módem")
    part(desk.room("tickets"), "unsent").get_by_role("link").click()
    # The history does not have the call yet: the page asks again.
    part(form, "save").click()
    house.record(call_id)
    expect(part(form, "talk")).to_be_visible()
    expect(desk.page).to_have_url(re.compile(r"#tickets/\d+$"))
    made = Ticket.get(Ticket.subject == "Cambiar módem")
    assert (made.contact_id, made.call_id, made.author_id, made.state) == (contact.id, call_id, house.me.id, "open")
    expect(desk.toasts).to_contain_text(["Ticket creado."])
    part(form, "call").get_by_role("button").click()
    expect(desk.room("calls")).to_be_visible()
    desk.go_to("tickets")
    expect(part(desk.room("tickets"), "unsent")).to_be_hidden()


def test_a_new_ticket_from_the_room_with_a_contact_that_is_looked_for(house: House, contact: Contact) -> None:
    desk = house.desk()
    desk.go_to("tickets").get_by_role("link", name="Nuevo ticket").click()
    form = desk.room("tickets").locator(".ticket")
    form.get_by_label("Buscar contacto").fill("cespedes beatriz hern")
    part(form, "found").get_by_role("button").first.click()
    expect(part(form, "contact")).to_contain_text("Beatriz Hernández Céspedes")
    part(form, "contact").get_by_role("button", name="Cambiar").click()
    expect(form.get_by_label("Buscar contacto")).to_be_focused()
    form.get_by_label("Buscar contacto").fill("88881234")
    part(form, "found").get_by_role("button", name="Beatriz Hernández Céspedes").click()
    form.locator("[name=subject]").fill("Pide factura")
    expect(form.locator("[name=agent]")).to_have_value(str(house.me.id))
    part(form, "save").click()
    expect(part(form, "talk")).to_be_visible()
    made = Ticket.get(Ticket.subject == "Pide factura")
    assert (made.contact_id, made.agent_id, made.call_id) == (contact.id, house.me.id, None)
    desk.page.go_back()
    expect(row(desk, "Pide factura")).to_be_visible()


def lose_first(desk: DeskPage, path: str) -> None:
    """The server does what is asked by the first POST; the page never hears of it."""
    lost: list[str] = []

    def lose(route: Any) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(route.request.url)
            route.fetch()
            route.abort()
        else:
            route.continue_()

    desk.page.route(re.compile(path), lose)


def test_a_lost_answer_makes_no_second_ticket(house: House) -> None:
    desk = house.desk()
    desk.go_to("tickets").get_by_role("link", name="Nuevo ticket").click()
    form = desk.room("tickets").locator(".ticket")
    form.locator("[name=subject]").fill("Pide factura")
    lose_first(desk, "/desk/tickets$")
    part(form, "save").click()
    expect(desk.toasts.last).to_contain_text("Lo que escribiste se conserva")
    # Loaded again, and something added: the ticket is there, what was added waits to be saved.
    desk.reload()
    expect(form.locator("[name=subject]")).to_have_value("Pide factura")
    form.locator("[name=text]").fill("De noviembre.")
    part(form, "save").click()
    expect(part(form, "talk")).to_be_visible()
    expect(form.locator("[name=text]")).to_have_value("De noviembre.")
    [made] = Ticket.select().where(Ticket.subject == "Pide factura")
    assert made.text == ""
    part(form, "save").click()
    expect(desk.toasts.last).to_contain_text("Salvado")
    assert Ticket.get_by_id(made.id).text == "De noviembre."


def test_a_lost_answer_says_nothing_twice(house: House) -> None:
    ticket = Ticket.create(subject="Módem", agent=house.me)
    desk = house.desk()
    desk.page.evaluate(f"location.hash = '#tickets/{ticket.id}'")
    form = desk.room("tickets").locator(".ticket")
    field = form.locator("[name=message]")
    field.fill("Voy mañana.")
    lose_first(desk, "/messages$")
    part(form, "send").click()
    expect(desk.toasts.last).to_contain_text("Lo que escribiste se conserva")
    desk.reload()
    expect(field).to_have_value("Voy mañana.")
    part(form, "send").click()
    expect(field).to_have_value("")
    expect(part(form, "thread").get_by_role("listitem")).to_have_count(1)
    field.fill("Voy mañana.")  # said again on purpose
    part(form, "send").click()
    expect(part(form, "thread").get_by_role("listitem")).to_have_count(2)
    assert TicketMessage.select().count() == 2


# ---------------------------------------------------------------- papers
def test_files_and_documents(house: House, tmp_path: Path) -> None:
    document = Attachment.select().where(~Attachment.private).order_by(Attachment.filename).first()
    ticket = Ticket.create(subject="Cambiar módem", agent=house.me)
    desk = house.desk()
    shown = opened(desk, ticket)
    photograph = tmp_path / "niña & perro.png"
    photograph.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(2000))
    part(shown, "file").set_input_files(photograph)
    attached = part(shown, "attached").locator("li")
    expect(attached).to_contain_text(["niña & perro.png"])
    assert TicketFile.get().mime == "image/png"
    with desk.page.expect_download() as download:
        attached.get_by_role("link").click()
    assert Path(download.value.path()).read_bytes() == photograph.read_bytes()
    part(shown, "document").select_option(label=str(document.filename))
    expect(attached).to_contain_text([str(document.filename), "niña & perro.png"])
    empty = tmp_path / "vacio.txt"
    empty.write_bytes(b"")
    part(shown, "file").set_input_files(empty)
    expect(part(shown, "attach-error")).to_have_text("Elige un archivo que no esté vacío.")
    attached.first.get_by_role("button", name="Quitar").click()
    expect(attached).to_have_count(1)
    attached.first.get_by_role("button", name="Quitar").click()
    expect(attached).to_have_count(0)
    assert not TicketFile.select().exists()


# ---------------------------------------------------------------- sizes
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("language", ["es", "en"])
def test_it_fits_and_reads_well(
    house: House, workshop: AgentGroup, contact: Contact, colleague: Agent, width: int, language: str
) -> None:
    ticket = Ticket.create(
        subject="Cambiar el módem del segundo piso y revisar el cableado", group=workshop, contact=contact,
        text="No prende desde el lunes.\nTiene garantía.", due_at=now() - timedelta(hours=3),
        priority=TicketPriority.HIGH, author=house.me,
    )  # fmt: skip
    TicketMessage.create(ticket=ticket, author=colleague, text="Llamé; pide que sea por la tarde.")
    TicketMessage.create(ticket=ticket, author=house.me, text="Le confirmé que va el martes.", internal=False)
    Ticket.create(subject="Enviar cotización", agent=house.me, due_at=now() + timedelta(days=1))
    Ticket.create(subject="Factura repetida", agent=house.me, state=TicketState.PENDING, priority=TicketPriority.LOW)
    desk = house.desk(viewport={"width": width, "height": 900})
    if language == "en":
        desk.open_my_menu().get_by_role("button", name="English").click()
        desk.wait_for_state("available")
    desk.go_to("tickets")
    expect(desk.room("tickets").locator(".tickets-list li")).to_have_count(3)
    for name in ("list", "one", "new"):
        if name == "one":
            shown = opened(desk, ticket)
            expect(part(shown, "thread").locator("li")).to_have_count(2)
        if name == "new":
            desk.page.evaluate("location.hash = '#tickets/new'")
            expect(part(desk.room("tickets"), "pick")).to_be_visible()
        until(lambda: desk.page.evaluate("document.querySelectorAll('#toasts .toast').length") == 0)
        desk.page.screenshot(path=desk.screenshot(f"desk-tickets-{name}-{width}-{language}"), full_page=True)
        assert desk.page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert desk.page.evaluate(FAINT) == [], name
