"""Calling somebody from the desk: the field, a number of before, a refusal in words, the call as seen."""

from __future__ import annotations

from browser.house import House
from browser.scripted_engine import until
from playwright.sync_api import expect

from models.values.call import Direction


def test_a_number_is_dialled_and_the_call_is_shown(house: House) -> None:
    desk = house.desk()
    field = desk.page.locator("#dial-number")
    field.fill("8888-7777")
    field.press("Enter")
    kind, agent, number, center = until(
        lambda: next((told for told in house.engine.heard if told[0] == "dial"), None), "the wish to dial"
    )
    assert (kind, agent, number) == ("dial", house.me.id, "8888-7777")
    assert center is not None, "the agent's own call center"
    expect(field).to_have_value("")

    call_id = house.offer(
        direction="outbound", made=True, phase="offered", called_number="+50688887777", calling_number="8330103",
        can_answer=False, caller_name="Yo",
    )  # fmt: skip
    shown = desk.pop(call_id)
    expect(shown.part("phase")).to_have_text("Suena tu teléfono")
    expect(shown.part("on-phone")).to_be_visible()
    expect(shown.part("called-word")).to_have_text("Llamas al")
    expect(shown.part("title")).to_have_text("+506 8888 7777")
    assert "☎" not in desk.page.title(), "nothing comes in"
    house.engine.update(house.me.id, call_id, phase="calling")
    expect(shown.part("phase")).to_have_text("Llamando…")
    expect(shown.part("hangup-word")).to_have_text("Colgar")
    desk.screenshot("desk-calling")
    house.engine.update(house.me.id, call_id, phase="ended", ended_at=house.engine.now_ms())
    expect(shown.part("phase")).to_have_text("No contestaron")
    shown.part("redial").click()
    until(lambda: [told[2] for told in house.engine.heard if told[0] == "dial"] == ["8888-7777", "+50688887777"])


def test_a_refusal_is_told_in_words(house: House) -> None:
    desk = house.desk()
    house.engine.problem(house.me.id, "destination_not_allowed")
    expect(desk.page.locator("#toasts")).to_contain_text("No puedes llamar a ese destino.")
    house.engine.problem(house.me.id, "on_another_call")
    expect(desk.page.locator("#toasts")).to_contain_text("El agente está en otra llamada.")


def test_a_number_that_was_refused_comes_back_into_its_field(house: House) -> None:
    desk = house.desk()
    field = desk.page.locator("#dial-number")
    desk.page.keyboard.press("d")
    expect(field).to_be_focused()
    desk.page.keyboard.type("900 123 456")
    desk.page.keyboard.press("Enter")
    expect(field).to_have_value("")
    house.engine.problem(house.me.id, "destination_not_allowed")
    expect(field).to_have_value("900 123 456")
    field.fill("8888")
    field.press("Enter")
    field.fill("2222")
    house.engine.problem(house.me.id, "on_another_call")
    expect(desk.toasts.last).to_contain_text("otra llamada")
    expect(field).to_have_value("2222"), "what is being typed stays"


def test_a_field_left_by_escape_gives_the_keys_back_at_once(house: House) -> None:
    desk = house.desk()
    desk.page.keyboard.press("d")
    desk.page.keyboard.type("88")
    desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("?")
    expect(desk.page.locator("#help")).to_be_visible()


def test_the_number_of_a_call_of_before_calls_again(house: House) -> None:
    house.record("centralita-1764000001.1", direction=Direction.OUTBOUND, called_number="+50688886666")
    desk = house.desk()
    desk.screenshot("desk-dial-idle")
    desk.page.locator("#recent .dials").first.click()
    dialled = until(lambda: [told for told in house.engine.heard if told[0] == "dial"], "the wish to dial")
    assert dialled[0][1] == house.me.id
