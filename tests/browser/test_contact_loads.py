"""Carga Masiva in a real Chromium with the real process `jobs`: uploaded, checked, loaded, undone; wide and on a phone.

The pictures of docs/contactos.md are made here, in tests/artefacts.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.house import PASSWORD, Profiles, unused_port
from browser.site import Site
from playwright.sync_api import Page, expect

from models import db, demo_data
from models.tables import Contact, ContactImport
from models.tables.imports import ImportState

ARTEFACTS = Path(__file__).parents[1] / "artefacts"
SECONDS = 60_000  # ms: others may hold the processors
CSV = (
    "Cliente;Celular;Correo;Empresa;Provincia\r\n"
    "Ñusta Íñiguez;7100-0001;nusta@ejemplo.example;Café del Monte S.A.;Limón\r\n"
    '"Pérez, Zoé";7100-0002;;Nueva S.A.;san josé\r\n'
    "Sin correo;7100-0003;no es correo;;\r\n"
    "Óscar;5.07E+10;;;Heredia\r\n"
)


@pytest.fixture
def page(filled: Path, tmp_path: Path, profiles: Profiles) -> Iterator[Page]:
    """An administrator who has just logged in, and the process that loads files."""
    data_dir = tmp_path / "data"
    shutil.copytree(filled, data_dir)
    database = db.open_database(f"sqlite:///{data_dir}/centralita.db")
    environment = {**os.environ, "CENTRALITA_DATA_DIR": str(data_dir)}
    jobs = subprocess.Popen([sys.executable, "-P", "-m", "admin.bulk.worker"], env=environment)
    try:
        with Site(data_dir) as site, unused_port() as control_port:
            site.serve(database, control_port=control_port)
            opened = profiles.new(base_url=site.url).new_page()
            opened.goto("/login")
            opened.get_by_label("Correo electrónico").fill(demo_data.ADMINISTRATOR)
            opened.get_by_label("Contraseña").fill(PASSWORD)
            opened.keyboard.press("Enter")
            expect(opened.get_by_role("heading", name="Hoy")).to_be_visible()
            yield opened
            profiles.close()
    finally:
        jobs.terminate()
        assert jobs.wait(30) == 0
        database.close()


def shot(page: Page, name: str) -> None:
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"contactos-{name}.png", full_page=True)


def upload(page: Page, content: bytes, name: str = "clientes de mayo.csv") -> None:
    page.goto("/contactos/")
    page.get_by_label("Archivo").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})
    page.get_by_role("button", name="Subir y revisar").click()
    expect(page.get_by_role("heading", name="Qué es cada columna")).to_be_visible(timeout=SECONDS)


def test_from_upload_to_undo(page: Page) -> None:
    before = Contact.select().count()
    page.goto("/contactos/")
    shot(page, "lista")
    upload(page, CSV.encode("cp1252"))
    expect(page.get_by_label("Qué es la columna Celular")).to_have_value("phone")
    expect(page.get_by_text("«no es correo» no es un correo electrónico.")).to_be_visible()
    expect(page.get_by_text("«5.07E+10» perdió cifras", exact=False)).to_be_visible()
    expect(page.get_by_text("«san josé» se leyó como San José.")).to_be_visible()
    shot(page, "revisado")
    page.get_by_label("o a una lista nueva").fill("Clientes de mayo")
    page.get_by_role("button", name="Cargar", exact=True).click()
    expect(page.locator("[data-load-created]")).to_have_text("2", timeout=SECONDS)
    assert Contact.select().count() == before + 2
    shot(page, "cargado")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Descargar csv").click()
    assert "perdió cifras" in Path(waiting.value.path()).read_text("utf-8-sig")
    page.get_by_text("Deshacer…").click()
    page.get_by_role("button", name="Sí, deshacer").click()
    expect(page.get_by_text("2 contactos borrados")).to_be_visible(timeout=SECONDS)
    assert Contact.select().count() == before


def test_the_bar_moves(page: Page) -> None:
    """A load that is held back shows how far it is; when it is done the page says so by itself."""
    upload(page, b"nombre,telefono\n" + b"".join(b"N%d,72%06d\n" % (n, n) for n in range(60_000)))
    page.get_by_role("button", name="Cargar", exact=True).click()
    bar = page.locator("[data-load-bar]")
    expect(bar).to_be_visible()
    expect(bar.or_(page.locator("[data-load-created]")).first).to_be_visible(timeout=SECONDS)
    shot(page, "cargando")
    expect(page.locator("[data-load-created]")).to_have_text(re.compile(r"60\D000"), timeout=SECONDS)
    assert ContactImport.get().state is ImportState.DONE


def test_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/contactos/")
    narrow = "document.documentElement.scrollWidth <= innerWidth"
    assert page.evaluate(narrow)
    shot(page, "telefono-lista")
    page.get_by_text("Carga Masiva", exact=False).first.click()
    page.get_by_label("Archivo").set_input_files({"name": "x.csv", "mimeType": "text/csv", "buffer": CSV.encode()})
    page.get_by_role("button", name="Subir y revisar").click()
    expect(page.get_by_role("heading", name="Qué es cada columna")).to_be_visible(timeout=SECONDS)
    assert page.evaluate(narrow)
    shot(page, "telefono-revisado")
    for path in ("/contactos/carga", "/contactos/duplicados", "/contactos/uniones", "/contactos/campania?q=a"):
        page.goto(path)
        assert page.evaluate(narrow), path


def test_duplicates_and_campaign(page: Page) -> None:
    row = Contact.get(Contact.phone_key.is_null(False))
    Contact.create(name="La misma persona", phone=row.phone, phone_key=row.phone_key, email="misma@ejemplo.example")
    page.goto("/contactos/duplicados")
    shot(page, "duplicados")
    page.get_by_role("button", name="Unir").first.click()
    expect(page.get_by_text("Se puede deshacer en «Uniones»", exact=False)).to_be_visible()
    page.goto("/contactos/?q=a")
    page.get_by_role("link", name="Generar campaña").click()
    page.get_by_label("Nombre de la campaña y de su lista").fill("Vencidos")
    shot(page, "campania")
    page.get_by_role("button", name="Generar").click()
    expect(page.get_by_text("Campaña «Vencidos» en borrador", exact=False)).to_be_visible()
