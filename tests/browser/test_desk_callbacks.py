"""Calls that are promised: in the notes of a call, in their room, made, put off, told when due."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from browser.desk_page import DeskPage
from browser.house import House
from browser.scripted_engine import until
from browser.test_desk_pops import CARD
from playwright.sync_api import Locator, expect

from admin.desk.recent import dial_centers
from models.tables import Account, Agent, AgentCallback, AgentCallbackState, CallCenter, Contact, now

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _no_others(house: House) -> None:
    AgentCallback.delete().execute()


def _local(house: House, ahead: timedelta) -> str:
    return (now() + ahead).astimezone(ZoneInfo(Account.get().timezone)).strftime("%Y-%m-%dT%H:%M")


def _center(house: House) -> CallCenter:
    return CallCenter.get_by_id(dial_centers(house.me)[0][0])  # type: ignore[no-any-return]


def _promise(house: House, ahead: timedelta, name: str = "", **more: Any) -> AgentCallback:
    contact = Contact.create(name=name, phone="88881234", phone_key="+50688881234") if name else None
    fields = {"number": "+50688881234", "contact": contact, "due_at": now() + ahead, "agent": house.me.id} | more
    return AgentCallback.create(**fields)  # type: ignore[no-any-return]


def _row(desk: DeskPage, row: AgentCallback) -> Locator:
    return desk.room("callbacks").locator(f'[data-id="{row.id}"]')


def test_a_call_leaves_a_promise_and_it_is_found_in_its_room(house: House) -> None:
    desk = house.desk()
    center = _center(house)
    house.offer("c-1", center={"id": center.id, "name": center.name})
    house.talk("c-1")
    house.record("c-1", call_center_id=center.id)
    shown = desk.pop("c-1").wait_for_phase("talking")
    box = shown.part("callback")
    expect(box).not_to_have_attribute("open", "")
    shown.field("disposition").select_option(label="Volver a llamar")
    expect(box).to_have_attribute("open", "")
    shown.note(callback_at="2020-01-01T08:00", callback_note="Preguntó por el plan de oro")
    desk.reload()
    expect(shown.field("callback_at")).to_have_value("2020-01-01T08:00")
    shown.save()
    expect(shown.error("callback_at")).to_have_text("Ese momento ya pasó.")
    expect(shown.field("callback_at")).to_be_focused()
    assert AgentCallback.select().count() == 0
    shown.root.locator('[data-when="tomorrow"]').click()
    expect(shown.part("callback-when")).to_have_text("mañana, 08:00")
    expect(shown.error("callback_at")).to_be_hidden()
    desk.screenshot("desk-callback-fields")
    shown.save()
    expect(shown.part("draft")).to_have_text("Todo salvado.")
    row = AgentCallback.get()
    assert (row.agent_id, row.note, row.call_id) == (house.me.id, "Preguntó por el plan de oro", "c-1")
    desk.go_to("callbacks")
    expect(_row(desk, row)).to_contain_text("Preguntó por el plan de oro")
    expect(_row(desk, row)).to_contain_text("mañana, 08:00")
    _row(desk, row).locator("[data-part=open]").click()
    shown.root.locator('[data-when="none"]').click()
    shown.save()
    until(lambda: AgentCallback.get().state is AgentCallbackState.CANCELLED)
    desk.go_to("callbacks")
    expect(_row(desk, row)).to_have_count(0)


def test_one_click_calls_and_then_it_is_made_or_put_off(house: House) -> None:
    center = _center(house)
    late = _promise(house, -HOUR, "Beatriz Mora", call_center=center, note="Quedó de confirmar", agent=None)
    later = _promise(house, timedelta(days=2), "Carlos Mora")
    desk = house.desk()
    expect(desk.badge("callbacks")).to_contain_text("1")
    desk.page.keyboard.press("Shift+V")
    expect(desk.room("callbacks")).to_be_visible()
    expect(_row(desk, late)).to_contain_text("Ya es hora")
    expect(_row(desk, late)).to_contain_text("De cualquiera del call center")
    desk.screenshot("desk-callbacks")
    _row(desk, late).locator("[data-part=call]").click()
    house.engine.wait("dial", house.me.id, "+50688881234", center.id)
    assert AgentCallback.get_by_id(late.id).agent_id == house.me.id, "nobody else calls it meanwhile"
    expect(_row(desk, late).locator("[data-part=called]")).to_be_visible()
    _row(desk, late).locator("[data-part=made]").click()
    expect(desk.badge("callbacks")).to_be_hidden()
    done = desk.room("callbacks").locator('[data-part="group-done"] [data-id]')
    expect(done).to_have_count(1)
    expect(done.locator("[data-part=undo]")).to_be_focused()
    desk.page.keyboard.press("Enter")
    expect(desk.badge("callbacks")).to_contain_text("1")
    assert AgentCallback.get_by_id(late.id).state is AgentCallbackState.PENDING

    _row(desk, late).locator("[data-part=later]").click()
    dialog = desk.page.locator("#put-off")
    dialog.locator("[name=at]").fill("2020-01-01T08:00")
    dialog.locator("[type=submit]").click()
    expect(dialog.locator("[data-part=error]")).to_have_text("Ese momento ya pasó.")
    dialog.locator('[data-when="week"]').click()
    expect(dialog).to_be_hidden()
    expect(desk.badge("callbacks")).to_be_hidden()
    rows = desk.room("callbacks").locator('[data-part="group-later"] [data-id]')
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Carlos Mora")
    assert later.due_at < AgentCallback.get_by_id(late.id).due_at


def test_the_card_of_who_calls_has_what_was_promised_to_them(house: House) -> None:
    center = _center(house)
    other = Agent.get(Agent.endpoint == "8330102")
    late = _promise(house, -HOUR, "Beatriz Mora", call_center=center, note="Quedó de confirmar", agent=None)
    theirs = _promise(house, HOUR, contact=late.contact, agent=other, note="Que le llame Luis")
    done = {"state": AgentCallbackState.DONE, "ended_at": now() - HOUR}
    _promise(house, -2 * HOUR, contact=late.contact, note="Por la factura", **done)
    desk = house.desk()
    house.offer("c-1", card={**CARD, "contact_id": late.contact_id, "name": "Beatriz Mora"})
    shown = desk.pop("c-1").wait_for_phase("ringing")
    promised = shown.part("promised-list").locator("li")
    expect(promised).to_have_count(2)
    expect(shown.part("promised-count")).to_have_text("2")
    expect(promised.first).to_contain_text("Ya es hora")
    expect(promised.first).to_contain_text("Quedó de confirmar")
    expect(promised.last).to_contain_text(str(other.name))
    expect(promised.last.locator("button")).to_have_count(0)
    expect(shown.part("kept-list")).to_contain_text("Por la factura")
    desk.screenshot("desk-card-promised")
    promised.first.locator("button").click()
    expect(promised).to_have_count(1)
    expect(promised).to_have_attribute("data-callback", str(theirs.id))
    expect(shown.part("kept-list").locator("li").first).to_contain_text("Quedó de confirmar")
    expect(desk.badge("callbacks")).to_be_hidden()
    assert AgentCallback.get_by_id(late.id).state is AgentCallbackState.DONE


@pytest.mark.parametrize("house", [{"control": True}], indirect=True)
def test_what_falls_due_and_what_others_do_arrives_by_itself(house: House) -> None:
    from admin.engine import Engine
    from admin.reminders import CALLBACKS, remind

    center = _center(house)
    other = Agent.get(Agent.endpoint == "8330102")
    row = _promise(house, timedelta(seconds=-2), "Beatriz Mora", agent=None, call_center=center)
    desk = house.desk()
    desk.go_to("callbacks")
    expect(_row(desk, row)).to_be_visible()
    settings, secrets = house.site.settings, house.site.secrets
    assert settings is not None
    assert remind(house.database, Engine(settings.control_port, secrets.control_token), CALLBACKS) == 1
    expect(desk.toasts.last).to_contain_text("Ya es hora de devolver la llamada a Beatriz Mora.")
    AgentCallback.update(agent=other).where(AgentCallback.id == row.id).execute()
    _row(desk, row).locator("[data-part=call]").click()
    expect(desk.toasts.last).to_contain_text(f"ya la tiene {other.name}")
    expect(_row(desk, row)).to_have_count(0)
    assert not [one for one in house.engine.heard if one[0] == "dial"]


def test_nothing_to_do_no_connection_and_the_time_of_another_place(house: House) -> None:
    desk = house.desk(timezone_id="Europe/Madrid", locale="en-GB")
    room = desk.go_to("callbacks")
    expect(room.locator("[data-part=empty]")).to_be_visible()
    expect(room.locator("[data-part=zone]")).to_contain_text("America/Costa_Rica")
    row = _promise(house, 2 * HOUR, "Beatriz Mora")
    desk.go_to("calls")
    desk.go_to("callbacks")
    wall = _local(house, 2 * HOUR)[11:13]
    expect(_row(desk, row).locator("time")).to_contain_text(f"{wall}:")
    desk.page.route("**/desk/callbacks", lambda route: route.abort())
    desk.go_to("calls")
    desk.go_to("callbacks")
    expect(room.locator("[data-part=failed]")).to_be_visible()
    expect(_row(desk, row)).to_be_visible()
    desk.page.unroute("**/desk/callbacks")
    room.locator("[data-part=again]").click()
    expect(room.locator("[data-part=failed]")).to_be_hidden()
