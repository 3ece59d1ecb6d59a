"""A list edited in place, in a real Chromium: counted, undone, by keyboard, put in order by dragging, on a phone."""

from __future__ import annotations

import re

import pytest
from browser.test_admin_pages import page as page  # the fixture
from playwright.sync_api import Page, expect

from models.tables import AdditionalField, AgentGroupMember, Company


def test_changes_are_counted_undone_and_saved(page: Page) -> None:
    page.goto("/companias/")
    count = page.locator("[data-count]")
    expect(count).to_have_text("Sin cambios")
    names = page.locator("tbody input[name$='-name']")
    first = names.nth(0).input_value()
    names.nth(0).fill("Aaa Primera")
    names.nth(1).fill("Aab Segunda")
    expect(count).to_have_text("2 filas cambiadas")
    names.nth(1).press("Escape")
    expect(count).to_have_text("1 fila cambiada")
    page.get_by_role("button", name="Deshacer").click()
    expect(names.nth(0)).to_have_value(first)
    expect(count).to_have_text("Sin cambios")
    names.nth(0).fill("Aaa Primera")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("1 fila guardada: Aaa Primera")).to_be_visible()
    assert Company.get_or_none(Company.name == "Aaa Primera") is not None


def test_from_row_to_row_by_keyboard(page: Page) -> None:
    page.goto("/companias/")
    phones = page.locator("tbody input[name$='-phone']")
    phones.nth(0).focus()
    page.keyboard.press("ArrowDown")
    expect(phones.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(phones.nth(2)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(phones.nth(1)).to_be_focused()


def test_what_is_refused_has_the_keyboard(page: Page) -> None:
    page.goto("/companias/")
    page.locator("tbody input[name$='-email']").nth(1).fill("mal")
    page.get_by_role("button", name="Salvar").last.click()
    refused = page.locator("tbody input[name$='-email']").nth(1)
    expect(refused).to_be_focused()
    expect(refused).to_have_value("mal")
    expect(page.get_by_text("no es un correo")).to_be_visible()
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    refused.press_sequentially("x")
    page.get_by_role("link", name="Inicio").click()
    expect(page.get_by_role("heading", name="Hoy")).to_be_visible()
    assert asked == ["beforeunload"]


def order() -> list[str]:
    return [row.name for row in AdditionalField.select().order_by(AdditionalField.position)]


@pytest.mark.parametrize("width", [1366, 390])
def test_the_order_by_dragging(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 2400})
    page.goto("/adicionales/")
    before = order()
    grips = page.locator("[data-grip]")
    start, target = grips.nth(0).bounding_box(), page.locator("tr[data-row]").nth(2).bounding_box()
    assert start is not None
    assert target is not None
    page.mouse.move(start["x"] + 5, start["y"] + 8)
    page.mouse.down()
    page.mouse.move(start["x"] + 5, target["y"] + target["height"] * 0.8, steps=12)
    page.mouse.up()
    expect(page.locator("[data-count]")).to_have_text("otro orden")
    page.get_by_role("button", name="Salvar").last.click()
    expect(page.get_by_text("El orden quedó guardado")).to_be_visible()
    assert order() == [before[1], before[2], before[0], *before[3:]]


def test_the_order_by_keyboard(page: Page) -> None:
    page.goto("/adicionales/")
    before = order()
    page.locator("tbody input[name$='-name']").nth(0).focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator(f"tbody input[value='{before[0]}']")).to_be_focused()
    page.locator("tr[data-row]").nth(4).get_by_role("button", name=re.compile("arriba")).click()
    page.get_by_role("button", name="Salvar").last.click()
    expect(page.get_by_text("El orden quedó guardado")).to_be_visible()
    assert order() == [before[1], before[0], before[2], before[4], before[3]]


def test_priorities_by_dragging_and_by_keyboard(page: Page) -> None:
    """Those of a group stand first, as they ring; what is moved is numbered anew, who is new rings last."""
    page.set_viewport_size({"width": 1366, "height": 1000})
    page.goto("/grupos-de-agentes/1")
    rows = page.locator("#members .members__row")
    chosen = page.locator("#members .members__row:has(input:checked)")
    expect(chosen).to_have_count(3)
    before = [rows.nth(place).locator("input[type=checkbox]").input_value() for place in range(4)]
    grip, target = rows.nth(0).locator("[data-grip]").bounding_box(), rows.nth(2).bounding_box()
    assert grip is not None
    assert target is not None
    page.mouse.move(grip["x"] + 4, grip["y"] + 6)
    page.mouse.down()
    page.mouse.move(grip["x"] + 4, target["y"] + target["height"] * 0.8, steps=12)
    page.mouse.up()
    expect(rows.nth(2).locator("input[type=checkbox]")).to_have_value(before[0])
    expect(rows.nth(2).locator(".members__rank")).to_have_value("3")
    rows.nth(0).locator("input[type=checkbox]").focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(rows.nth(1).locator("input[type=checkbox]")).to_be_focused()
    rows.nth(3).locator("input[type=checkbox]").check()
    expect(rows.nth(3).locator(".members__rank")).to_have_value("4")
    page.get_by_role("button", name="Salvar").click()
    expect(page.get_by_text("Guardado: Primera línea")).to_be_visible()
    saved = AgentGroupMember.select().where(AgentGroupMember.group == 1).order_by(AgentGroupMember.priority)
    assert [(str(row.agent_id), row.priority) for row in saved] == [
        (before[2], 1), (before[1], 2), (before[0], 3), (before[3], 4),
    ]  # fmt: skip
