"""What an agent does in a conversation, in a real browser: the wish goes to the engine, the page shows what it says."""

from __future__ import annotations

from typing import Any

from browser.house import House
from playwright.sync_api import expect

TALK: dict[str, Any] = {
    "on_hold": False, "phone_holds": False, "waits": False, "muted": False, "third": None, "parties": 2,
    "asking": False,
}  # fmt: skip


def talking(house: House) -> tuple[Any, Any, str]:
    desk = house.desk()
    call_id = house.offer()
    house.engine.update(house.me.id, call_id, phase="talking", answered_at=house.engine.now_ms(), talk=TALK)
    return desk, desk.pop(call_id).wait_for_phase("talking"), call_id


def test_hold_mute_and_keys(house: House) -> None:
    desk, pop, call_id = talking(house)
    pop.part("hold").click()
    house.engine.wait("talk", house.me.id, "hold")
    expect(pop.part("hold")).to_have_attribute("aria-pressed", "false")  # until the engine says so
    house.engine.update(house.me.id, call_id, talk={**TALK, "on_hold": True})
    expect(pop.part("hold")).to_have_attribute("aria-pressed", "true")
    expect(pop.part("talk-note")).to_have_text("En espera, con música.")
    desk.page.keyboard.press("e")
    house.engine.wait("talk", house.me.id, "unhold")
    house.engine.update(house.me.id, call_id, talk=TALK)
    desk.page.keyboard.press("m")
    house.engine.wait("talk", house.me.id, "mute")
    pop.part("keypad").click()
    pop.part("keys").locator("[data-key='5']").click()
    assert house.engine.wait("talk", house.me.id, "dtmf")[2].digits == "5"
    desk.screenshot("desk-talk-keys")


def test_a_third_is_consulted_and_takes_the_call(house: House) -> None:
    desk, pop, call_id = talking(house)
    pop.part("pass").click()
    dialog = desk.page.locator("#pass")
    expect(dialog.locator("[name=to] optgroup")).to_have_count(2)
    dialog.locator("[value=consult]").click()
    expect(dialog.locator("[data-part=error]")).to_be_visible()
    dialog.locator("[name=number]").fill("2233-4455")
    desk.screenshot("desk-talk-pass")
    dialog.locator("[value=consult]").click()
    assert house.engine.wait("talk", house.me.id, "consult")[2].number == "22334455"
    third = {"name": "Beto Núñez", "state": "ringing"}
    house.engine.update(house.me.id, call_id, talk={**TALK, "third": third})
    expect(pop.part("third-state")).to_have_text("está timbrando…")
    expect(pop.part("swap")).to_be_disabled()
    expect(pop.part("hold")).to_be_disabled()
    house.engine.update(house.me.id, call_id, talk={**TALK, "third": {**third, "state": "talking"}})
    desk.screenshot("desk-talk-third")
    for wish in ("swap", "conference", "cancel", "complete"):
        pop.part(wish).click()
        house.engine.wait("talk", house.me.id, wish)


def test_on_a_phone_everything_is_in_reach(house: House) -> None:
    desk, pop, call_id = talking(house)
    desk.page.set_viewport_size({"width": 390, "height": 844})
    house.engine.update(house.me.id, call_id, talk={**TALK, "third": {"name": "Beto Núñez", "state": "talking"}})
    expect(pop.part("complete")).to_be_visible()
    width = desk.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    pop.part("complete").scroll_into_view_if_needed()
    desk.screenshot("desk-talk-narrow")


def test_a_refusal_is_told_in_words(house: House) -> None:
    desk, _, call_id = talking(house)
    house.engine.problem(house.me.id, "target_busy", call_id)
    expect(desk.toasts.last).to_contain_text("Está ocupado; la llamada sigue contigo.")


def test_recording_is_begun_paused_and_shown(house: House) -> None:
    desk, pop, call_id = talking(house)
    expect(pop.part("record")).to_be_hidden()  # this call center never records

    def shows(state: str, *, may_stop: bool) -> None:
        house.engine.update(house.me.id, call_id, talk={**TALK, "recording": {"state": state, "may_stop": may_stop}})

    shows("off", may_stop=True)
    expect(pop.part("recording")).to_have_text("No se graba")
    expect(pop.part("record-stop")).to_be_hidden()
    pop.part("record").click()
    house.engine.wait("talk", house.me.id, "record")
    shows("on", may_stop=True)
    expect(pop.part("recording")).to_have_text("Grabando")
    desk.screenshot("desk-talk-recording")
    desk.page.keyboard.press("g")
    house.engine.wait("talk", house.me.id, "pauserecord")
    shows("paused", may_stop=True)
    expect(pop.part("record")).to_have_attribute("aria-pressed", "true")
    expect(pop.part("recording")).to_contain_text("en pausa")
    desk.screenshot("desk-talk-recording-paused")
    pop.part("record").click()
    house.engine.wait("talk", house.me.id, "resumerecord")
    pop.part("record-stop").click()
    house.engine.wait("talk", house.me.id, "stoprecord")
    shows("no_space", may_stop=False)
    expect(pop.part("recording")).to_contain_text("muy poco disco")
    expect(pop.part("record-stop")).to_be_hidden()
