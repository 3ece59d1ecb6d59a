"""The desk on a laptop, a small window and a phone: the bar keeps its row, nothing is cut, nothing stands out."""

from __future__ import annotations

import pytest
from browser.house import House
from playwright.sync_api import Page, expect

# The placeholder's own width beside what its field has for it.
_CUT = """(fields) => fields.filter((field) => field.offsetParent !== null).map((field) => {
  const style = getComputedStyle(field), pen = document.createElement("canvas").getContext("2d");
  pen.font = style.font;
  const room = field.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  return [field.placeholder, pen.measureText(field.placeholder).width - room];
}).filter(([words, over]) => words && over > 0)"""


def _fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing stands out to the right"
    assert page.locator("input[placeholder]").evaluate_all(_CUT) == []


@pytest.mark.parametrize("language", ["es", "en"])
def test_after_a_call_everything_has_its_room(language: str, house: House) -> None:
    desk = house.desk(viewport={"width": 1280, "height": 800})
    page = desk.page
    if language == "en":
        desk.open_my_menu().locator("button[value=en]").click()
        desk.wait_for_state("available")
    sizes = ((1280, 800), (1024, 768), (390, 844))
    for width, height in sizes:
        page.set_viewport_size({"width": width, "height": height})
        _fits(page)
    call_id = house.offer()
    house.talk(call_id)
    house.hang_up(call_id)
    desk.wait_for_state("wrap_up")
    more = desk.bar.locator("[data-part=more-time]")
    expect(more).to_be_visible()
    for width, height in sizes:
        page.set_viewport_size({"width": width, "height": height})
        _fits(page)
        state = desk.state_word.bounding_box()
        assert state is not None
        assert state["width"] > 60, "the state is read"
        if width == 1280:
            box = desk.bar.bounding_box()
            assert box is not None
            assert box["height"] < 70, "one row"
        desk.screenshot(f"desk-wrap-up-{width}-{language}")
    page.set_viewport_size({"width": 1280, "height": 800})
    desk.go_to("messages")
    _fits(page)


def test_on_a_phone_nothing_stands_on_the_answer(house: House) -> None:
    desk = house.desk(viewport={"width": 390, "height": 844})
    # As if a slip always waited, whatever the page hears of the printers meanwhile.
    waiting = """(prints) => {
      prints.hidden = false;
      Object.defineProperty(prints, "hidden", { get: () => false, set: () => {} });
      const list = prints.querySelector("ul");
      list.append(document.createElement("li"));
      list.replaceChildren = () => {};
    }"""
    prints = desk.page.locator(".prints")
    prints.evaluate(waiting)
    expect(prints).to_be_visible()
    call_id = house.offer()
    shown = desk.pop(call_id).wait_for_phase("ringing")
    expect(prints).to_be_hidden()
    shown.answer()
    house.engine.wait("answer", house.me.id, call_id)
    house.talk(call_id)
    shown.wait_for_phase("talking")
    expect(prints).to_be_visible()


def test_my_menu_by_the_keyboard_alone(house: House) -> None:
    desk = house.desk()
    page = desk.page
    page.locator("#me-button").focus()
    page.keyboard.press("Enter")
    menu = page.locator("#me-menu")
    expect(menu.locator("button").first).to_be_focused()
    expect(page.locator("#me-button")).to_have_attribute("aria-expanded", "true")
    desk.screenshot("desk-my-menu")
    page.keyboard.press("ArrowUp")
    expect(menu.locator("#log-out button")).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(page.locator("#me-button")).to_be_focused()
    page.keyboard.press("Shift+D")
    expect(page.locator("#me-button")).to_have_attribute("aria-expanded", "false")
