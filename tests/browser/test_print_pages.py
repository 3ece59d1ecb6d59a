"""Printing in a real Chromium, with `jobs` at work and a printer on a socket: seen as it goes, decided by a person.

Chromium prints the browser's own slips to PDF, by the page's own size of paper.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.desk_page import ARTEFACTS
from browser.house import PASSWORD, House, Profiles, unused_port
from browser.site import Site
from browser.test_accessibility import wrong
from played_printer import PlayedPrinter
from playwright.sync_api import Page, expect

from admin.bulk.worker import sign_of_life
from admin.printing.worker import PrintWorker
from models import cdr, db, demo_data, print_jobs
from models.tables import Call, CallCenter, Printer, PrintJob, PrintKind, PrintState
from models.values.call import Outcome
from models.values.slip import Slip


@pytest.fixture
def printer() -> Iterator[PlayedPrinter]:
    with PlayedPrinter() as played:
        yield played


@pytest.fixture
def page(filled: Path, tmp_path: Path, profiles: Profiles, printer: PlayedPrinter) -> Iterator[Page]:
    """An administrator who has just logged in; *Cocina* is the played printer, and `jobs` prints."""
    data_dir = tmp_path / "data"
    shutil.copytree(filled, data_dir)
    database = db.open_database(f"sqlite:///{data_dir}/centralita.db")
    Printer.update(host="127.0.0.1", port=printer.port).where(Printer.name == "Cocina").execute()
    working = PrintWorker(database, data_dir)
    with Site(data_dir) as site, unused_port() as control_port:
        site.serve(database, control_port=control_port)
        sign_of_life(data_dir).touch()
        working.start()
        opened = profiles.new(base_url=site.url).new_page()
        opened.goto("/login")
        opened.get_by_label("Correo electrónico").fill(demo_data.ADMINISTRATOR)
        opened.get_by_label("Contraseña").fill(PASSWORD)
        opened.keyboard.press("Enter")
        expect(opened.get_by_role("heading", name="Hoy")).to_be_visible()
        yield opened
        profiles.close()
        working.stop(20)
    database.close()


def shot(page: Page, name: str) -> None:
    """Kept as tests/artefacts/impresion-<name>.png; docs/images has a handful of them."""
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"impresion-{name}.png")


def test_a_test_slip_is_followed_to_the_paper(page: Page, printer: PlayedPrinter) -> None:
    """Out of paper, it says so and waits; with paper it prints; nobody loads the page anew."""
    printer.is_paper_out = True
    page.goto("/impresoras/")
    page.get_by_role("button", name="Boleta de prueba en Cocina").click()
    jobs = page.locator("#jobs")
    expect(jobs).to_contain_text("Sin papel.")
    shot(page, "sin-papel")
    printer.put_paper()
    expect(jobs).to_contain_text("Impresa", timeout=30_000)
    expect(jobs).not_to_contain_text("Sin papel")
    (slip,) = printer.slips
    assert any("María Fernández" in line for line, _bold in slip.lines)
    page.get_by_role("link", name="Pedido").click()
    expect(page.get_by_role("heading", name="La boleta")).to_be_visible()
    shot(page, "boleta")


def test_what_may_not_have_come_out(page: Page, printer: PlayedPrinter) -> None:
    """A slip whose line was cut waits for a person, with what happened; pressed twice it is printed once."""
    printer.cuts_after = 100
    page.goto("/impresoras/")
    page.get_by_role("button", name="Boleta de prueba en Cocina").click()
    jobs = page.locator("#jobs")
    expect(jobs).to_contain_text("No se sabe si salió", timeout=30_000)
    expect(jobs).to_contain_text("La conexión se cortó mientras se enviaba.")
    shot(page, "no-se-sabe")
    assert wrong(page) == []
    page.goto("/impresiones/")
    assert wrong(page) == []
    shot(page, "impresiones")
    page.set_viewport_size({"width": 390, "height": 800})
    shot(page, "impresiones-390")
    page.goto("/impresoras/")
    page.locator("#impresiones").scroll_into_view_if_needed()
    shot(page, "impresoras-390")
    printer.cuts_after = None
    page.get_by_role("button", name="Imprimir otra vez").dblclick()
    expect(page.locator("#jobs")).to_contain_text("Impresa", timeout=30_000)
    assert len(printer.slips) == 1


def test_paper_in_the_middle(page: Page, printer: PlayedPrinter) -> None:
    printer.decoder.lines_left = 4
    page.goto("/impresoras/")
    page.get_by_role("button", name="Boleta de prueba en Cocina").click()
    jobs = page.locator("#jobs")
    expect(jobs).to_contain_text("Se acabó el papel a la mitad.", timeout=30_000)
    expect(jobs).to_contain_text("Imprimiendo")
    printer.put_paper()
    expect(jobs).to_contain_text("Impresa", timeout=30_000)
    assert len(printer.slips) == 1


def test_a_call_by_hand_in_the_browser(page: Page) -> None:
    """The sheet has the size of the paper, and Chromium makes one page of it."""
    call = Call.select().where(Call.outcome == Outcome.ANSWERED, Call.call_center.is_null(False)).get()
    Call.update(comment="¿Entrega mañana? Sí: señora Ñúñez, 3 kg a ₡4 500").where(Call.id == call.id).execute()
    page.goto(f"/impresiones/nueva/call_result/{call.id}")
    shot(page, "imprimir")
    assert wrong(page) == []
    page.get_by_label("Impresora").select_option("El navegador")
    page.locator("main").get_by_role("button", name="Imprimir").click()
    expect(page.locator("#jobs")).to_contain_text("Lista para imprimir")
    with page.expect_popup() as opening:
        page.get_by_role("button", name="Imprimir").click()
    sheet = opening.value
    expect(sheet.locator(".print-paper svg")).to_contain_text("Ñúñez")
    shot(sheet, "hoja")
    assert wrong(sheet) == []
    sheet.reload()  # without the dialog that is open: it was asked for once, and not again
    pdf = sheet.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    height = float(sheet.locator(".print-paper svg").get_attribute("height").removesuffix("mm"))
    assert len(boxes) == 1
    assert float(boxes[0][0]) * 25.4 / 72 == pytest.approx(80, abs=0.5)
    assert float(boxes[0][1]) * 25.4 / 72 == pytest.approx(height + 1, abs=1)
    sheet.get_by_role("button", name="Se imprimió").click()
    expect(sheet.locator("main")).to_contain_text("Impresa")
    assert PrintJob.get().state is PrintState.PRINTED
    page.reload()
    expect(page.locator("#jobs")).to_contain_text("Impresa")


def test_the_preview_follows_the_printer(page: Page) -> None:
    """Each printer has its own paper; on one without the euro the preview has none."""
    Printer.update(code_page="CP437").where(Printer.name == "Taller").execute()
    page.goto("/impresoras/3")
    picture = page.locator("img[data-slip]")
    expect(picture).to_have_attribute("src", re.compile("kind=escpos.*code_page=CP437"))
    page.get_by_label("Clase").select_option("browser")
    expect(picture).to_have_attribute("src", re.compile("kind=browser"))
    shot(page, "ficha")
    page.set_viewport_size({"width": 390, "height": 900})
    shot(page, "ficha-390")


# ---------------------------------------------------------------- the desk
@pytest.fixture
def printing(house: House, printer: PlayedPrinter) -> Iterator[House]:
    """The desk's house, where *Cocina* is the played printer, the call center prints there, and `jobs` is at work."""
    Printer.update(host="127.0.0.1", port=printer.port).where(Printer.name == "Cocina").execute()
    kitchen = Printer.get(Printer.name == "Cocina")
    CallCenter.update(print_result=True, printer=kitchen).where(CallCenter.id == 1).execute()
    working = PrintWorker(house.database, house.site.data_dir)
    working.start()
    yield house
    house.profiles.close()
    working.stop(20)


def test_saved_on_the_desk_and_on_paper(printing: House, printer: PlayedPrinter) -> None:
    """Out of paper it is told at the foot of the desk; then it is printed, once, and the word for it goes by itself."""
    printer.is_paper_out = True
    desk = printing.desk()
    call = printing.offer()
    printing.talk(call)
    desk.pop().wait_for_phase("talking")
    printing.record(call, call_center_id=1)
    printing.hang_up(call)
    pop = desk.pop().wait_for_phase("ended")
    pop.note(comment="¿Para llevar? Sí: 2 casados, señora Ñúñez")
    pop.save()
    prints = desk.page.locator("#prints")
    expect(prints).to_contain_text("Sin papel.", timeout=30_000)
    expect(prints).to_contain_text("Cocina")
    desk.screenshot("impresion-escritorio")
    desk.page.set_viewport_size({"width": 390, "height": 844})
    box = prints.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    desk.screenshot("impresion-escritorio-390")
    printer.put_paper()
    expect(prints).to_contain_text("Impresa", timeout=30_000)
    expect(prints).to_be_hidden(timeout=30_000)
    (slip,) = printer.slips
    assert any("señora Ñúñez" in text for text, _bold in slip.lines)
    # By hand, from the list of calls: another slip, of the same call.
    desk.page.set_viewport_size({"width": 1366, "height": 850})
    desk.recent_of(call).get_by_role("button", name="Abrir").click()
    desk.pop(call).root.get_by_role("button", name="Imprimir").click()
    expect(prints).to_contain_text("Impresa", timeout=30_000)
    desk.screenshot("impresion-escritorio-impresa")
    assert len(printer.slips) == 2


def test_saved_while_it_goes_on(printing: House, printer: PlayedPrinter) -> None:
    desk = printing.desk()
    call = printing.offer()
    printing.talk(call)
    cdr.open_calls(printing.database, [printing.in_progress(call, call_center_id=1)])
    pop = desk.pop().wait_for_phase("talking")
    pop.note(comment="salvado a media llamada")
    pop.save()
    prints = desk.page.locator("#prints")
    expect(prints).to_contain_text("Espera el fin de la llamada")
    printing.record(call, call_center_id=1)
    printing.hang_up(call)
    expect(prints).to_contain_text("Impresa", timeout=30_000)
    (slip,) = printer.slips
    assert any("salvado a media" in text for text, _bold in slip.lines)


def test_a_word_of_the_agent(printing: House, printer: PlayedPrinter) -> None:
    """What failed or may not have come out stays at the foot until the agent says what to do; by keyboard too."""
    for key, state, problem in (("a", PrintState.FAILED, "no_answer"), ("b", PrintState.UNSURE, "cut")):
        slip = Slip(f"Pedido {key}", "", [("Cliente", "Íñigo")])
        print_jobs.enqueue(PrintKind.TEST, "1", key, slip, Printer.get(Printer.name == "Cocina"), printing.me)
        print_jobs.cancel(PrintJob.get(PrintJob.key == key).id, 0)
        PrintJob.update(state=state, problem=problem).where(PrintJob.key == key).execute()
    desk = printing.desk()
    prints = desk.page.locator("#prints")
    expect(prints).to_contain_text("La impresora no responde.")
    expect(prints).to_contain_text("No se sabe si salió")

    for scheme in ("dark", "light"):
        desk.page.emulate_media(color_scheme=scheme)
        assert wrong(desk.page) == []
        desk.screenshot(f"impresion-escritorio-decide-{scheme}")
    prints.get_by_role("button", name="Sí salió").click()
    expect(prints).not_to_contain_text("No se sabe", timeout=30_000)
    prints.get_by_role("button", name="Reintentar").focus()
    desk.page.keyboard.press("Enter")
    expect(prints.locator("li", has_text="Pedido a")).to_contain_text("Impresa", timeout=30_000)
    assert [paper.lines[0][0].strip() for paper in printer.slips] == ["Pedido a"]


def test_from_the_agents_browser(printing: House) -> None:
    CallCenter.update(printer=None).execute()
    desk = printing.desk()
    call = printing.offer()
    printing.talk(call)
    printing.record(call, call_center_id=1)
    printing.hang_up(call)
    pop = desk.pop().wait_for_phase("ended")
    pop.note(comment="en mi navegador")
    pop.save()
    prints = desk.page.locator("#prints")
    expect(prints).to_contain_text("Lista para imprimir")
    with desk.page.expect_popup() as opening:
        prints.get_by_role("button", name="Imprimir").click()
    sheet = opening.value
    expect(sheet.locator(".print-paper svg")).to_contain_text("en mi navegador")
    expect(prints).to_contain_text("¿Salió bien?", timeout=30_000)
    desk.screenshot("impresion-escritorio-navegador")
    prints.get_by_role("button", name="Se imprimió").click()
    expect(prints).to_contain_text("Impresa", timeout=30_000)
    assert PrintJob.get().state is PrintState.PRINTED
