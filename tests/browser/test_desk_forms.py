"""Forms in the pop: filled, refused beside the field, kept on the server, found on another computer."""

from __future__ import annotations

from typing import Any

import pytest
from browser.desk_page import DeskPage, PopOnPage
from browser.house import House
from browser.scripted_engine import until
from playwright.sync_api import Locator, Route, expect
from web_desk.filled import CLEAN, add_version, center_with_form

from models.tables import Call, CallCenter, CallCenterForm, DeskDraft, Form, FormAnswer, FormFile, FormVersion
from models.values.call import Outcome

PNG = {"name": "antena rota.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" + b"0" * 50}


@pytest.fixture
def version(house: House) -> FormVersion:
    """The only form of a call center of its own."""
    return center_with_form("Avería", CallCenter.create(name="Averías"))[1]


def _talk(house: House, desk: DeskPage, version: FormVersion, call_id: str = "c-1", **changes: Any) -> PopOnPage:
    """`me` talks on a call of the form's call center."""
    center = CallCenterForm.get(CallCenterForm.form == version.form_id).call_center
    house.record(call_id, call_center_id=center.id, **changes)
    house.offer(call_id, center={"id": center.id, "name": center.name})
    house.talk(call_id)
    return desk.pop(call_id).wait_for_phase("talking")


def _sheet(shown: PopOnPage, version: FormVersion) -> Locator:
    return shown.root.locator(f'.sheet[data-version="{version.id}"]')


def _field(sheet: Locator, name: str) -> Locator:
    return sheet.locator(f'[data-key="{name}"]').locator("input:not([type=checkbox]), textarea, select")


def _fill(sheet: Locator) -> None:
    for name, text in {
        "servicio": "S-1", "detalle": "uno\ndos", "cantidad": "2,5", "desde": "2026-11-03", "hora": "09:05",
        "telefono": "8888 1234", "correo": "a@b.example",
    }.items():  # fmt: skip
        _field(sheet, name).fill(text)
    _field(sheet, "tipo").select_option("Lento")
    for label in ("Cable", "Router"):
        sheet.get_by_label(label).check()
    expect(sheet.locator('[data-key="direccion"]')).to_be_hidden()
    _field(sheet, "visita").select_option(label="Sí")
    _field(sheet, "direccion").fill("Calle 1")


def _expect_filled(sheet: Locator) -> None:
    for name, text in {"servicio": "S-1", "detalle": "uno\ndos", "cantidad": "2,5", "direccion": "Calle 1"}.items():
        expect(_field(sheet, name)).to_have_value(text)
    expect(_field(sheet, "tipo")).to_have_value("Lento")
    expect(_field(sheet, "hora")).to_have_value("09:05")
    for label, ticked in (("Cable", True), ("Router", True), ("Antena", False)):
        expect(sheet.get_by_role("checkbox", name=label)).to_be_checked(checked=ticked)


def test_forms_that_come_with_the_first_save(house: House, version: FormVersion) -> None:
    """Nothing had to be drawn until then: what draws them is fetched now."""
    desk = house.desk()

    def without_forms(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "forms": []})

    desk.page.route("**/work", without_forms, times=1)
    shown = _talk(house, desk, version)
    expect(shown.root.get_by_label("Comentario")).to_be_enabled()
    shown.note(comment="antes de las formas")
    assert shown.root.locator(".sheet").count() == 0
    shown.save()
    expect(_sheet(shown, version).locator("[data-part=state]")).to_have_text("Sin llenar")
    _fill(_sheet(shown, version))
    _sheet(shown, version).locator("input[type=file]").set_input_files(PNG)
    expect(_sheet(shown, version).locator(".files li")).to_contain_text("antena rota.png")
    shown.save()
    expect(_sheet(shown, version).locator("[data-part=state]")).to_contain_text("Salvada")
    assert FormAnswer.get(FormAnswer.call_id == "c-1").answers["servicio"] == "S-1"
    assert shown.root.get_by_label("Comentario").input_value() == "antes de las formas"


def test_every_kind_of_field_is_filled_and_saved_with_the_call(house: House, version: FormVersion) -> None:
    desk = house.desk()
    shown = _talk(house, desk, version)
    sheet = _sheet(shown, version)
    expect(sheet.locator("[data-part=state]")).to_have_text("Sin llenar")
    _fill(sheet)
    sheet.locator("input[type=file]").set_input_files(PNG)
    expect(sheet.locator(".files li")).to_contain_text("antena rota.png")
    expect(sheet.locator("[data-part=state]")).to_have_text("Sin salvar")
    shown.note(disposition="Resuelto", comment="con su forma")
    desk.screenshot("desk-forms")
    shown.save()
    expect(sheet.locator("[data-part=state]")).to_contain_text("Salvada")
    row = FormAnswer.get(FormAnswer.call_id == "c-1")
    assert row.answers == CLEAN | {"foto": ["antena rota.png"]}
    assert (row.version_id, row.agent_id) == (version.id, house.me.id)
    assert Call.get_by_id("c-1").comment == "con su forma"
    assert FormFile.get().answer_id == row.id
    expect(shown.part("draft")).to_have_text("Todo salvado.")
    assert DeskDraft.select().where(DeskDraft.unsaved > 0).count() == 0


def test_what_is_wrong_stands_beside_its_field_and_the_first_has_the_keyboard(
    house: House, version: FormVersion
) -> None:
    desk = house.desk()
    shown = _talk(house, desk, version)
    sheet = _sheet(shown, version)
    _field(sheet, "cantidad").fill("dos")
    _field(sheet, "visita").select_option(label="Sí")
    sheet.locator("summary").click()  # closed over what is wrong
    shown.save()
    expect(sheet.locator("[data-part=state]")).to_have_text("Por corregir: 3")
    expect(_field(sheet, "servicio")).to_be_focused()
    for name, said in (("servicio", "Hace falta"), ("cantidad", "no es un número"), ("direccion", "Hace falta")):
        error = sheet.locator(f'[data-key="{name}"] .filled-form__error')
        expect(error).to_contain_text(said)
        assert (error.get_attribute("id") or "?") in (_field(sheet, name).get_attribute("aria-describedby") or "")
        expect(_field(sheet, name)).to_have_attribute("aria-invalid", "true")
    assert FormAnswer.select().where(FormAnswer.call_id == "c-1").count() == 0
    assert Call.get_by_id("c-1").saved_at is None
    _field(sheet, "servicio").fill("S-1")
    expect(sheet.locator('[data-key="servicio"] .filled-form__error')).to_be_hidden()
    # A field that is hidden again is in nobody's way.
    _field(sheet, "visita").select_option(label="No")
    _field(sheet, "cantidad").fill("2")
    shown.save()
    expect(sheet.locator("[data-part=state]")).to_contain_text("Salvada")
    assert FormAnswer.get(FormAnswer.call_id == "c-1").answers == {"servicio": "S-1", "cantidad": "2", "visita": "no"}


def test_a_crash_and_another_computer_lose_nothing(house: House, version: FormVersion) -> None:
    desk = house.desk()
    shown = _talk(house, desk, version)
    sheet = _sheet(shown, version)
    _fill(sheet)
    sheet.locator("input[type=file]").set_input_files(PNG)
    expect(sheet.locator(".files li")).to_have_count(1)
    shown.note(disposition="Volver a llamar", comment="a media nota", email="nueva@correo.example")
    _kept(house, "comment", "a media nota")
    crash = desk.page.context.new_cdp_session(desk.page)
    crash.send("Page.enable")
    with pytest.raises(Exception, match=r"[Cc]rash|closed"):
        desk.page.goto("chrome://crash")
    again = house.desk_of_another_computer()
    shown = again.pop("c-1").wait_for_phase("talking")
    sheet = _sheet(shown, version)
    expect(sheet.locator("[data-part=state]")).to_have_text("Sin salvar")
    _expect_filled(sheet)
    expect(sheet.locator(".files li")).to_contain_text("antena rota.png")
    expect(shown.field("comment")).to_have_value("a media nota")
    expect(shown.field("email")).to_have_value("nueva@correo.example")
    assert shown.field("disposition").evaluate("(list) => list.selectedOptions[0].text") == "Volver a llamar"
    shown.note(name="Zoila")
    shown.save()
    expect(sheet.locator("[data-part=state]")).to_contain_text("Salvada")
    assert FormAnswer.get(FormAnswer.call_id == "c-1").answers == CLEAN | {"foto": ["antena rota.png"]}


def _kept(house: House, key: str, value: object, call_id: str = "c-1") -> None:
    """The server has it."""

    def there() -> bool:
        row = DeskDraft.get_or_none(DeskDraft.call_id == call_id)
        return row is not None and row.fields.get(key, {}).get("v") == value

    until(there, f"{key} is kept")


def test_the_last_words_before_the_page_goes_are_kept(house: House, version: FormVersion) -> None:
    desk = house.desk()
    shown = _talk(house, desk, version)
    shown.note(comment="primero")
    _kept(house, "comment", "primero")
    shown.field("comment").press_sequentially(" y lo último")
    desk.page.goto("about:blank")
    _kept(house, "comment", "primero y lo último")


def test_two_computers_the_newest_wins_and_both_are_told(house: House, version: FormVersion) -> None:
    first = house.desk()
    one = _talk(house, first, version)
    _field(_sheet(one, version), "servicio").fill("S-1")
    _kept(house, f"form.{version.id}.servicio", "S-1")
    second = house.desk_of_another_computer()
    other = second.pop("c-1").wait_for_phase("talking")
    expect(_field(_sheet(other, version), "servicio")).to_have_value("S-1")
    other.note(comment="desde la otra")
    _kept(house, "comment", "desde la otra")
    one.note(comment="desde la primera")
    expect(one.part("elsewhere")).to_contain_text("desde la otra")
    _kept(house, "comment", "desde la primera")
    other.note(email="algo@mas.example")
    expect(other.field("comment")).to_have_value("desde la primera")
    one.part("elsewhere").get_by_role("button", name="Usar ese texto").click()
    expect(one.field("comment")).to_have_value("desde la otra")
    _kept(house, "comment", "desde la otra")
    expect(one.part("elsewhere").locator("li")).to_have_count(0)


def test_typed_without_the_web_it_goes_there_when_it_is_back(house: House, version: FormVersion) -> None:
    desk = house.desk()
    shown = _talk(house, desk, version)
    sheet = _sheet(shown, version)
    expect(sheet).to_be_visible()
    desk.page.context.set_offline(True)
    _field(sheet, "servicio").fill("sin red")
    desk.page.context.set_offline(False)
    _kept(house, f"form.{version.id}.servicio", "sin red")


def test_texts_from_outside_stay_inert(house: House) -> None:
    evil = '<img src=x onerror="window.hit=1"></summary><script>window.hit=1</script>'
    center, version = center_with_form(f"F {evil}"[:100], CallCenter.create(name="Averías"))
    hostile = add_version(version.form, (
        {"label": f"L {evil}", "kind": "text", "help": evil, "default_value": evil},
        {"label": "Lista", "kind": "list", "options": [evil[:90], "dos"]},
        {"label": "Varias", "kind": "choices", "options": [evil[:90], "dos"]},
        {"label": "Archivo", "kind": "file"},
    ))  # fmt: skip
    desk = house.desk()
    shown = _talk(house, desk, version)
    sheet = _sheet(shown, hostile)
    expect(sheet).to_contain_text("<img src=x")
    sheet.locator("input[type=file]").set_input_files(PNG | {"name": "<img src=x onerror=window.hit=1>.png"})
    expect(sheet.locator(".files li")).to_have_count(1)
    assert desk.page.evaluate("window.hit") is None
    assert shown.root.locator("img[src=x]").count() == 0
    assert center.id


def test_from_adjuntos_by_keyboard(house: House, version: FormVersion) -> None:
    desk = house.desk()
    sheet = _sheet(_talk(house, desk, version), version)
    sheet.get_by_role("button", name="De Adjuntos…").click()
    dialog = desk.page.locator("#documents")
    expect(dialog.locator("[data-part=search]")).to_be_focused()
    desk.page.keyboard.type("precios")
    expect(dialog.locator(".document")).to_have_count(1)
    desk.page.keyboard.press("Tab")
    desk.page.keyboard.press("Enter")
    expect(sheet.locator(".files li")).to_contain_text("lista-de-precios.csv")
    sheet.get_by_role("button", name="Quitar lista-de-precios.csv").click()
    expect(sheet.locator(".files li")).to_have_count(0)
    assert FormFile.select().count() == 0


def test_on_a_phone_and_in_english(house: House, version: FormVersion) -> None:
    desk = house.desk(viewport={"width": 390, "height": 800}, locale="en-US")
    desk.open_my_menu().get_by_role("button", name="English").click()
    desk.wait_for_state("available")
    shown = _talk(house, desk, version)
    sheet = _sheet(shown, version)
    _field(sheet, "visita").select_option(label="Yes")
    expect(sheet.locator('[data-key="direccion"]')).to_be_visible()
    assert desk.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shown.save()
    expect(sheet.locator('[data-key="servicio"] .filled-form__error')).to_have_text("This is required.")
    expect(shown.part("save")).to_be_in_viewport()
    desk.screenshot("desk-forms-phone")


def test_corrected_from_my_last_calls(house: House, version: FormVersion) -> None:
    center = CallCenterForm.get(CallCenterForm.form == version.form_id).call_center
    house.record("c-1", call_center_id=center.id)
    FormAnswer.create(version=version, call_id="c-1", agent=house.me, answers={"servicio": "S-1", "visita": "no"})
    add_version(Form.get_by_id(version.form_id), ({"label": "Otra", "kind": "text"},))
    desk = house.desk()
    desk.recent_of("c-1").get_by_role("button", name="Abrir").click()
    shown = desk.pop("c-1").wait_for_phase("past")
    sheet = _sheet(shown, version)
    expect(_field(sheet, "servicio")).to_have_value("S-1")
    _field(sheet, "servicio").fill("S-2")
    shown.save()
    expect(desk.pops).to_have_count(0)
    assert FormAnswer.get(FormAnswer.call_id == "c-1").answers == {"servicio": "S-2", "visita": "no"}


def test_nothing_is_asked_for_while_it_rings(house: House, version: FormVersion) -> None:
    """A call may ring at fifty desks: their forms come when it is answered."""
    asked: list[str] = []
    desk = house.desk()
    desk.page.on("request", lambda request: asked.append(request.url) if "/work" in request.url else None)
    center = CallCenterForm.get(CallCenterForm.form == version.form_id).call_center
    house.record("c-1", call_center_id=center.id, outcome=Outcome.ANSWERED)
    house.offer("c-1", center={"id": center.id, "name": center.name})
    house.engine.wait("ack", house.me.id, "c-1")
    expect(desk.pop("c-1").root).to_have_attribute("data-phase", "ringing")
    assert asked == []
    house.talk("c-1")
    expect(_sheet(desk.pop("c-1"), version)).to_be_visible()
    assert len(asked) == 1
