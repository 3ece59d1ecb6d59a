"""The desk's rooms: addresses, keys, what a call does to whoever is in another room; news from the engine."""

from __future__ import annotations

import re

import pytest
from browser.house import House
from browser.test_desk_page import FAINT
from browser.test_desk_pops import CARD
from playwright.sync_api import expect

from models.tables import Agent, AgentGroup, AgentGroupMember, Ticket, TicketPriority, TicketState


@pytest.fixture
def mine(house: House) -> Ticket:
    Ticket.delete().execute()
    return Ticket.create(subject="Cotización de <b>hornos</b> ñandú", agent=house.me, priority=TicketPriority.HIGH)


def test_a_room_has_an_address_the_back_button_and_the_reload_know_it(house: House, mine: Ticket) -> None:
    desk = house.desk()
    expect(desk.room("tickets")).to_be_hidden()
    expect(desk.badge("tickets")).to_contain_text("1")
    desk.go_to("tickets")
    expect(desk.page).to_have_url(re.compile("/desk#tickets$"))
    expect(desk.room("calls")).to_be_hidden()
    expect(desk.room_link("tickets")).to_have_attribute("aria-current", "page")
    expect(desk.room("tickets")).to_contain_text("Cotización de <b>hornos</b> ñandú")
    desk.screenshot("desk-room-tickets")
    desk.reload()
    desk.wait_for_state("available")
    expect(desk.room("tickets")).to_be_visible()
    desk.page.go_back()
    expect(desk.room("calls")).to_be_visible()
    desk.page.go_forward()
    expect(desk.room("tickets")).to_be_visible()
    desk.open_my_menu().get_by_role("button", name="English").click()
    expect(desk.page.locator("html")).to_have_attribute("lang", "en")
    expect(desk.room("tickets")).to_be_visible()
    desk.page.evaluate("location.hash = 'no-such-room'")
    expect(desk.page).to_have_url(re.compile("/desk#tickets$"))
    expect(desk.room("tickets")).to_be_visible()


def test_from_room_to_room_by_keyboard(house: House) -> None:
    desk = house.desk()
    keys = desk.page.keyboard
    desk.page.locator("#idle").focus()
    keys.press("Shift+T")
    expect(desk.room("tickets")).to_be_visible()
    expect(desk.room("tickets")).to_be_focused()
    keys.press("Shift+L")
    expect(desk.room("calls")).to_be_visible()
    desk.room_link("calls").focus()
    stops = [link.get_attribute("tabindex") for link in desk.page.locator("#rooms [data-to]").all()]
    assert stops == ["0", "-1", "-1", "-1"]
    keys.press("ArrowRight")
    expect(desk.room_link("callbacks")).to_be_focused()
    keys.press("ArrowRight")
    expect(desk.room_link("tickets")).to_be_focused()
    expect(desk.room("calls")).to_be_visible()
    keys.press("Enter")
    expect(desk.room("tickets")).to_be_visible()
    keys.press("?")
    expect(desk.page.locator("#help")).to_contain_text("Ir a los tickets")


def test_a_new_call_is_told_in_every_room_and_answering_goes_to_it(house: House) -> None:
    desk = house.desk()
    desk.go_to("tickets")
    call_id = house.offer(card=CARD)
    expect(desk.incoming).to_be_visible()
    expect(desk.incoming).to_contain_text(CARD["name"])
    expect(desk.room("tickets")).to_be_visible()
    expect(desk.badge("calls")).to_contain_text("1")
    house.engine.wait("ack", house.me.id, call_id)
    desk.screenshot("desk-room-incoming")
    desk.incoming.get_by_role("button", name="Ver").click()
    expect(desk.room("calls")).to_be_visible()
    expect(desk.incoming).to_be_hidden()
    expect(desk.pop(call_id).part("answer")).to_be_visible()

    desk.go_to("tickets")
    desk.incoming.get_by_role("button", name="Contestar").click()
    house.engine.wait("answer", house.me.id, call_id)
    expect(desk.room("calls")).to_be_visible()
    house.talk(call_id)
    desk.pop(call_id).wait_for_phase("talking")


def test_a_call_taken_at_the_telephone_comes_to_the_screen_once(house: House) -> None:
    desk = house.desk()
    desk.go_to("tickets")
    call_id = house.offer(can_answer=False)
    expect(desk.incoming).to_be_visible()
    house.talk(call_id)
    expect(desk.room("calls")).to_be_visible()
    desk.go_to("tickets")
    house.engine.cut(house.me.id, 1001)  # the welcome says again that they talk
    desk.wait_for_line("waiting")
    desk.wait_for_line("open")
    house.engine.update(house.me.id, call_id, card=CARD)
    expect(desk.page).to_have_title(re.compile(CARD["name"]))
    expect(desk.room("tickets")).to_be_visible()


def test_a_call_that_the_agent_makes_is_shown_where_its_buttons_are(house: House) -> None:
    desk = house.desk()
    desk.go_to("tickets")
    call_id = house.offer(direction="outbound", phase="offered", called_number="+50688887777", can_answer=False)
    expect(desk.pop(call_id).part("hangup")).to_be_visible()


def test_what_is_news_is_read_anew(house: House, mine: Ticket) -> None:
    desk = house.desk()
    expect(desk.badge("tickets")).to_contain_text("1")
    group = AgentGroup.create(name="Taller")
    AgentGroupMember.create(group=group, agent=house.me)
    Ticket.create(subject="Del grupo", group=group)
    Ticket.create(subject="Ya resuelto", agent=house.me, state=TicketState.SOLVED)
    colleague = Agent.select().where(Agent.id != house.me.id).first()
    Ticket.create(subject="De otra persona", agent=colleague)
    house.engine.tell_news([house.me.id], "tickets", ticket=1)
    expect(desk.badge("tickets")).to_contain_text("2")
    desk.go_to("tickets")
    expect(desk.room("tickets").locator("li strong")).to_have_text(["Cotización de <b>hornos</b> ñandú", "Del grupo"])
    # Told while the line was down: nobody keeps it, the welcome is reason enough.
    Ticket.update(state=TicketState.SOLVED).execute()
    house.engine.cut(house.me.id, 1001)
    expect(desk.badge("tickets")).to_be_hidden()
    expect(desk.room("tickets")).to_contain_text("No hay ningún ticket que te espere.")


@pytest.mark.parametrize("width", [390, 1280])
def test_rooms_fit_and_read_well(house: House, mine: Ticket, width: int) -> None:
    desk = house.desk(viewport={"width": width, "height": 800})
    desk.go_to("tickets")
    expect(desk.room("tickets").locator("li")).to_have_count(1)
    assert desk.page.evaluate(FAINT) == []
    house.offer(card=CARD)
    expect(desk.incoming).to_be_visible()
    desk.screenshot(f"desk-rooms-{width}")
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= width
