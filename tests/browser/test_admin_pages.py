"""The administration in a real Chromium: wide and on a phone, by keyboard, and what its scripts do.

A script's error or a refusal of the content policy fails the test (`profiles`).
"""

from __future__ import annotations

import math
import re
import shutil
from array import array
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from browser.desk_page import ARTEFACTS
from browser.house import PASSWORD, Profiles, unused_port
from browser.site import Site
from playwright.sync_api import Page, expect
from switch.waiting import wait_until

from ari_app.wav_stream import header as wav_header
from models import db, demo_data
from models.recordings import path_of
from models.tables import (
    Agent,
    AgentGroup,
    Call,
    CallCenter,
    Company,
    Contact,
    Form,
    FormField,
    FormVersion,
    Recording,
    Ticket,
    TicketMessage,
    TicketPriority,
    TicketState,
    now,
)
from models.values.call import Outcome, Role
from models.values.recording import RecordingState

PATHS = ("/", "/contactos/", "/contactos/1", "/historial-de-llamadas/", "/agentes/", "/agentes/6", "/callcenters/",
         "/callcenters/1", "/companias/", "/adjuntos/", "/ips-click2dial/", "/adicionales/", "/disposiciones/",
         "/disposiciones/1/eliminar", "/grupos-de-agentes/", "/grupos-de-agentes/1", "/impresoras/", "/impresoras/1",
         "/historial-de-logueos/", "/forms/", "/forms/1", "/cuenta", "/mensajes-de-voz/", "/llamadas-por-devolver/",
         "/numeros-bloqueados/", "/mensajes-grabados/", "/respuestas/", "/respuestas/1/ver", "/auditoria/",
         "/destinos/",
         "/tokens-de-api/", "/webhooks/nuevo", "/entregas-de-webhooks/", "/impresiones/")  # fmt: skip


@pytest.fixture
def page(filled: Path, tmp_path: Path, profiles: Profiles) -> Iterator[Page]:
    """An administrator who has just logged in."""
    yield from _logged_in(filled, tmp_path / "data", profiles)


@pytest.fixture
def used_page(lived_in: Path, tmp_path: Path, profiles: Profiles) -> Iterator[Page]:
    """The same where people have worked for a month."""
    yield from _logged_in(lived_in, tmp_path / "data", profiles)


def _logged_in(account: Path, data_dir: Path, profiles: Profiles) -> Iterator[Page]:
    shutil.copytree(account, data_dir)
    database = db.open_database(f"sqlite:///{data_dir}/centralita.db")
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
    database.close()


def shot(page: Page, name: str) -> None:
    """Kept as tests/artefacts/secciones-<name>.png; docs/images has a handful of them."""
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"secciones-{name}.png")


@pytest.mark.parametrize("width", [1366, 390])
def test_no_page_is_wider_than_the_screen(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    for path in PATHS:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_of_an_account_in_use_is_wider_than_the_screen(used_page: Page, width: int, language: str) -> None:
    page = used_page
    page.locator(f"button[name=language][value={language}]").first.click()
    expect(page.locator("html")).to_have_attribute("lang", language)
    led = page.locator(".nav-left a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert len(led) > 25
    call = Recording.select().first().call_id
    of_rows = ("/tickets/1", "/tickets/nuevo", "/impresiones/2/ver", f"/historial-de-llamadas/{call}/explicar",
               "/auditoria/?section=contacts&size=100", "/mensajes/#1", "/plantillas-de-mensajes/1",
               "/proveedores-de-sms/1", "/numeros-bloqueados/1", "/api/v1/docs")  # fmt: skip
    page.set_viewport_size({"width": width, "height": 844})
    wide = []
    for path in dict.fromkeys((*led, *PATHS, *of_rows)):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(path)
    assert wide == []


@pytest.mark.parametrize("width", [1366, 390])
def test_tickets_on_any_screen(page: Page, width: int) -> None:
    call = Call.select().where(Call.contact.is_null(False)).first()
    agent, group = Agent.get(Agent.email == demo_data.AGENT), AgentGroup.select().first()
    late = Ticket.create(
        subject="Cambiar el módem del segundo piso y revisar el cableado", text="No prende desde el lunes.",
        contact=call.contact, call=call, group=group, author=agent, priority=TicketPriority.URGENT,
        due_at=now() - timedelta(hours=3),
    )  # fmt: skip
    Ticket.create(subject="Enviar cotización", agent=agent, due_at=now() + timedelta(days=2))
    Ticket.create(subject="Factura repetida", agent=agent, state=TicketState.SOLVED, priority=TicketPriority.LOW)
    for message, internal in (("Llamé; pide que sea por la tarde.", True), ("Le confirmé que va el martes.", False)):
        TicketMessage.create(ticket=late, author=agent, text=message, internal=internal)
    page.set_viewport_size({"width": width, "height": 900})
    for path, name in (("/tickets/", "lista"), (f"/tickets/{late.id}", "uno"), ("/tickets/nuevo", "nuevo")):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.screenshot(path=ARTEFACTS / f"secciones-tickets-{name}-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    page.goto(f"/tickets/{late.id}")
    page.get_by_label("Estado").select_option("pending")
    page.get_by_role("button", name="Salvar").click()
    expect(page.get_by_text("Guardado: Cambiar el módem")).to_be_visible()
    assert Ticket.get_by_id(late.id).state == TicketState.PENDING
    page.get_by_label("Mensaje").fill("Va el técnico.")
    page.get_by_role("button", name="Agregar mensaje").click()
    expect(page.locator(".ticket-thread li")).to_have_count(3)


@pytest.mark.parametrize("width", [1366, 390])
def test_a_call_is_explained_on_any_screen(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto("/historial-de-llamadas/?type=inbound&outcome=answered")
    page.get_by_role("link", name="Explicar esta llamada").first.click()
    expect(page.get_by_role("heading", name="Lo que pasó, en orden")).to_be_visible()
    expect(page.locator(".story__entry").first).to_contain_text("Entra una llamada")
    expect(page.locator(".story__entry--end")).to_contain_text("Terminó")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_engines_pill(page: Page) -> None:
    expect(page.locator("[data-engine]")).to_have_text("Motor detenido")


def test_by_keyboard(page: Page) -> None:
    page.goto("/contactos/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Ir al contenido")).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_label("Filtro", exact=True)).to_be_focused()
    page.keyboard.type("fabiola ocampo/")
    expect(page.get_by_label("Filtro", exact=True)).to_have_value("fabiola ocampo/")
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    # Focus is seen: two pixels around whatever has it.
    link = page.get_by_role("link", name="Información: Fabiola")
    link.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert link.evaluate("node => getComputedStyle(node).outlineWidth") == "2px"


def test_the_menu_of_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/")
    sections = page.get_by_role("navigation", name="Secciones")
    expect(sections).to_be_hidden()
    button = page.get_by_role("button", name="Menú")
    button.click()
    expect(sections).to_be_visible()
    page.keyboard.press("Escape")
    expect(sections).to_be_hidden()
    expect(button).to_be_focused()
    button.click()
    sections.get_by_role("link", name="CallCenters").click()
    expect(page.get_by_role("heading", name="CallCenters")).to_be_visible()


def test_a_phone_folds_filters_and_forms_away(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/historial-de-llamadas/")
    expect(page.get_by_label("Disposición")).to_be_hidden()
    page.get_by_role("button", name="Filtros").click()
    expect(page.get_by_label("Disposición")).to_be_visible()
    page.goto("/companias/")
    expect(page.get_by_label("Nombre", exact=True)).to_be_hidden()
    page.get_by_text("Crear Compañía").first.click()
    page.get_by_label("Email", exact=True).fill("no")
    page.get_by_role("button", name="Crear Compañía").click()
    # Refused: open, and the keyboard is where it was refused.
    expect(page.get_by_label("Nombre", exact=True)).to_be_focused()


def test_a_call_center_is_changed_and_refused(page: Page) -> None:
    page.goto("/callcenters/1")
    page.get_by_label("Elegir el color").fill("#c01048")
    expect(page.get_by_label("Color", exact=True)).to_have_value("#c01048")
    page.get_by_label("Números, uno por línea").fill("40004100")
    page.get_by_role("button", name="Salvar").click()
    expect(page.get_by_text("ya lo atiende «Ventas Café del Monte»")).to_be_visible()
    numbers = page.get_by_label("Números, uno por línea")
    expect(numbers).to_be_focused()
    expect(page.get_by_label("Color", exact=True)).to_have_value("#c01048")
    numbers.fill("40004009")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("regirá cuando vuelva")).to_be_visible()
    assert CallCenter.get_by_id(1).color == "#c01048"
    # The style sheet comes after the text, and our policy lets no page poll by a string of script.
    expect(page.locator("[name=r1-color]").first).to_have_value("#c01048")
    page.goto("/historial-de-llamadas/")
    mark = page.locator(".cc.cc-1").first
    wait_until(
        lambda: mark.evaluate("node => getComputedStyle(node, '::before').backgroundColor") == "rgb(192, 16, 72)"
    )


def test_leaving_with_changes_is_asked(page: Page) -> None:
    page.goto("/companias/1")
    page.get_by_label("Descripción").press_sequentially("x")
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.get_by_role("link", name="Compañías").first.click()
    expect(page.get_by_role("heading", name="Compañías")).to_be_visible()
    assert asked == ["beforeunload"]


def test_the_builder_of_forms(page: Page) -> None:
    page.goto("/forms/3")
    rows = page.locator("[data-builder-row]")
    before = [row.label for row in FormField.select().where(FormField.version == 3).order_by(FormField.position)]
    assert rows.count() == len(before) + 1  # and an empty one
    page.get_by_role("button", name="Agregar campo").click()
    added = rows.last
    expect(added.get_by_label("Campo", exact=True)).to_be_focused()
    page.keyboard.type("Color del auto")
    expect(added.get_by_label("Opciones, una por línea")).to_be_hidden()
    added.get_by_label("Tipo").select_option("list")
    added.get_by_label("Opciones, una por línea").fill("Rojo\nAzul")
    for _ in range(len(before) + 1):
        added = page.locator("[data-builder-row]").filter(has=page.locator('input[name$="-label"][name*="-a0-"]'))
        added.get_by_role("button", name="Mover arriba").click()
    rows.nth(1).get_by_role("button", name="Quitar el campo").click()
    page.get_by_role("button", name="Salvar").click()
    expect(page.get_by_text("Guardado")).to_be_visible()
    version = FormVersion.get(FormVersion.form == 3, FormVersion.number == 2)
    saved = list(FormField.select().where(FormField.version == version).order_by(FormField.position))
    assert [row.label for row in saved] == ["Color del auto", *before[1:]]
    assert saved[0].options == ["Rojo", "Azul"]


def test_the_builder_shows_what_the_agent_will_see(page: Page) -> None:
    """While it is written: kinds, a condition on a field that has no name yet, the order by drag and by keyboard."""
    page.set_viewport_size({"width": 1440, "height": 1100})
    page.goto("/forms/nuevo")
    page.get_by_label("Nombre", exact=True).fill("Visitas")
    rows, preview = page.locator("[data-builder-row]"), page.locator("[data-form-preview]")
    for place, (label, kind) in enumerate(
        (("¿Requiere visita?", "yes_no"), ("Dirección", "long_text"), ("Color", "list"))
    ):
        rows.nth(place).get_by_label("Campo", exact=True).fill(label)
        rows.nth(place).get_by_label("Tipo").select_option(kind)
    rows.nth(2).get_by_label("Opciones, una por línea").fill("Rojo\nAzul")
    rows.nth(0).get_by_label("Obligatorio").check()
    expect(preview.get_by_label("Color")).to_contain_text("Azul")
    expect(preview.locator("label")).to_have_text(["¿Requiere visita? *", "Dirección", "Color"])
    rows.nth(1).get_by_text("Ayuda, valor inicial, condición").click()
    rows.nth(1).get_by_label("Mostrar solo si el campo").select_option(label="¿Requiere visita?")
    rows.nth(1).get_by_label("vale", exact=True).fill("sí")
    expect(preview.get_by_label("Dirección")).to_be_hidden()
    preview.get_by_label("¿Requiere visita?").select_option("sí")
    expect(preview.get_by_label("Dirección")).to_be_visible()
    shot(page, "forms")
    # Color first: dragged above the second, then moved by keyboard.
    grip, target = rows.nth(2).locator("[data-grip]").bounding_box(), rows.nth(1).bounding_box()
    assert grip is not None
    assert target is not None
    page.mouse.move(grip["x"] + 5, grip["y"] + 8)
    page.mouse.down()
    page.mouse.move(grip["x"] + 5, target["y"] + target["height"] * 0.2, steps=12)
    page.mouse.up()
    expect(preview.locator("label")).to_have_text(["¿Requiere visita? *", "Color", "Dirección"])
    rows.nth(1).get_by_label("Campo", exact=True).focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(rows.nth(0).get_by_label("Campo", exact=True)).to_be_focused()
    expect(preview.locator("label")).to_have_text(["Color", "¿Requiere visita? *", "Dirección"])
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Guardado: Visitas")).to_be_visible()
    saved = list(
        FormField.select().join(FormVersion).join(Form).where(Form.name == "Visitas").order_by(FormField.position)
    )
    assert [row.label for row in saved] == ["Color", "¿Requiere visita?", "Dirección"]
    assert saved[2].condition == {"field": "requiere_visita", "equals": "sí"}


def test_the_slip_follows_what_is_typed(page: Page) -> None:
    page.goto("/impresoras/1")
    slip = page.locator("[data-slip]")
    width = "node => node.complete ? node.naturalWidth : 0"
    wait_until(lambda: slip.evaluate(width) == 320)
    page.get_by_label("Ancho del papel").select_option("58")
    wait_until(lambda: slip.evaluate(width) == 232)
    before = slip.evaluate("node => node.naturalHeight")
    page.get_by_label("Letra").select_option("large")
    wait_until(lambda: slip.evaluate("node => node.complete && node.naturalHeight") > before)
    shot(page, "impresora")


def test_a_long_form_has_its_parts_at_hand(page: Page) -> None:
    page.goto("/callcenters/1")
    page.get_by_role("navigation", name="Partes de la ficha").get_by_role("link", name="Horario").click()
    expect(page.get_by_label("Lunes")).to_be_in_viewport()
    expect(page.get_by_role("link", name="Horario")).to_be_in_viewport()
    page.get_by_role("link", name="Quién contesta").click()
    expect(page.locator("#agent_groups")).to_be_in_viewport()
    shot(page, "callcenter")


def test_what_is_shown_once_can_be_copied(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/agentes/6")
    page.get_by_role("button", name="Hacer enlace de invitación").click()
    page.get_by_role("button", name="Copiar").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/invitation/[\w-]{32}", copied)


def test_english_by_the_switch(page: Page) -> None:
    page.goto("/contactos/?q=fabiola")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Contacts")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert page.url.endswith("/contactos/?q=fabiola")


def test_a_call_center_s_queue_shows_only_what_the_choice_needs(page: Page) -> None:
    page.goto("/callcenters/1")
    center, number, message = (page.locator(f"#waited_{part}") for part in ("center", "number", "message"))
    expect(message).to_be_visible()
    expect(center).to_be_hidden()
    expect(number).to_be_hidden()
    page.locator("#waited_to").select_option("call_center")
    expect(center).to_be_visible()
    expect(message).to_be_hidden()
    page.locator("#waited_to").select_option("outside")
    expect(number).to_be_visible()
    number.fill("8800 1122")
    page.locator("#hours_0").fill("8-12")
    page.get_by_role("button", name="Salvar").click()
    page.goto("/callcenters/1")
    expect(page.locator("#waited_number")).to_have_value("88001122")
    expect(page.locator("#hours_0")).to_have_value("08:00-12:00")


def test_a_recording_is_played_and_jumped_in(page: Page, tmp_path: Path) -> None:
    """A short one: two seconds of a tone, of the second of two parts."""
    call = Call.select().where(Call.outcome == Outcome.ANSWERED).order_by(Call.offered_at.desc()).get()
    tone = array("h", (int(9_000 * math.sin(at / 4)) for at in range(16_000))).tobytes()
    for part, state in ((1, RecordingState.DELETED), (2, RecordingState.KEPT)):
        name = f"centralita-1790000000.7.record.{part}"
        Recording.create(
            name=name, call_id=call.id, part=part, state=state, sha256="a" * 64, duration_ms=2_000,
            began_at=call.offered_at, ended_at=call.offered_at, deleted_at=call.offered_at,
            cuts=[[1_000, 18_000, "agent"]],
        )  # fmt: skip
    path = path_of(tmp_path / "data", name)
    path.parent.mkdir(parents=True)
    path.write_bytes(wav_header(len(tone)) + tone)

    page.goto("/historial-de-llamadas/?recorded=1")
    card = page.locator(".call", has=page.locator("audio"))
    expect(card).to_contain_text("Parte 2 de 2")
    expect(card).to_contain_text("en 0:01 faltan 0:18: el agente la pausó")
    expect(card).to_contain_text("Grabación borrada el")
    played = page.locator("audio").evaluate(
        """async (audio) => {
            audio.muted = true;
            await audio.play();
            audio.currentTime = 1.5;
            await new Promise((done, fail) => { audio.onended = done; audio.onerror = () => fail(audio.error); });
            return [audio.duration, audio.currentTime];
        }"""
    )
    assert played == pytest.approx([2.0, 2.0], abs=0.1)
    player = page.locator("audio")
    player.focus()
    for key, there in (("Home", 0), ("ArrowRight", 2), ("ArrowLeft", 0), ("End", 2)):
        page.keyboard.press(key)
        assert player.evaluate("(audio) => audio.currentTime") == pytest.approx(there, abs=0.1), key
    card.screenshot(path=Path(__file__).parents[1] / "artefacts" / "recording-card.png")
    with page.expect_download() as download:
        card.get_by_role("link", name="Descargar").click()
    assert download.value.suggested_filename.endswith("-2.wav")
    assert download.value.path().read_bytes() == path.read_bytes()
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=Path(__file__).parents[1] / "artefacts" / "recording-narrow.png")


def test_names_without_a_space_never_widen_a_page(page: Page) -> None:
    """As long as their columns take, wide and on a phone; nor does what is said of a wrong value."""
    long = "Ñ" + "W" * 250
    company = Company.create(name=long[:100])
    agent = Agent.create(name=long[:100], email="w@x.example", email_key="w@x.example", role=Role.AGENT)
    contact = Contact.create(name=long[:120], phone="8400 9999", phone_key="+50684009999", company=company, agent=agent)
    center = CallCenter.get_by_id(1)
    CallCenter.update(name=long[:100]).where(CallCenter.id == center.id).execute()
    call = Call.select().order_by(Call.offered_at.desc()).get()
    Call.update(contact=contact, agent=agent, call_center=center, call_center_name=long[:100]).where(
        Call.id == call.id
    ).execute()
    ticket = Ticket.create(subject=long[:200], contact=contact, agent=agent)
    paths = (
        "/", "/contactos/", f"/contactos/{contact.id}", "/historial-de-llamadas/",
        f"/historial-de-llamadas/{call.id}/explicar", f"/agentes/{agent.id}", "/callcenters/1", "/companias/",
        f"/companias/{company.id}/eliminar", "/tickets/", f"/tickets/{ticket.id}",
    )  # fmt: skip
    too_wide = "document.documentElement.scrollWidth - innerWidth"
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        for path in paths:
            page.goto(path)
            assert page.evaluate(too_wide) <= 0, (width, path)
        page.goto("/contactos/nuevo")
        page.locator("#email").evaluate(
            "(field, text) => { field.removeAttribute('maxlength'); field.value = text; }", long
        )
        page.get_by_role("button", name="Salvar").click()
        expect(page.locator("#email-problem")).to_contain_text("no es un correo")
        assert page.evaluate(too_wide) <= 0, width
