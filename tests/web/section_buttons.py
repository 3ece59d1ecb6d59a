"""The buttons of docs/secciones.md: each pressed, with what must have happened.

Owns: `BUTTONS`, by section and name; "" are those of every list. Must not: check what a column or a filter tells.
"""

from __future__ import annotations

import io
import re
import wave
from collections.abc import Callable
from pathlib import Path

import openpyxl
from lxml import html
from web.browser import Browser, fields, notices
from web.promised import downloaded, listed
from web.test_contact_loads import upload

from admin.installation import installation
from models.recordings import path_of
from models.tables import (
    AdditionalField,
    Agent,
    AgentGroup,
    AgentGroupMember,
    Attachment,
    Call,
    CallCenter,
    Campaign,
    Company,
    Contact,
    ContactListMember,
    Disposition,
    FormAnswer,
    FormVersion,
    IpRule,
    Printer,
    PrintJob,
    PrintKind,
    PrintState,
    Prompt,
    Recording,
    Ticket,
)
from models.tables.campaigns import CampaignState

Check = Callable[[Browser], None]
BUTTONS: dict[tuple[str, str], Check] = {}


def of(slug: str, name: str) -> Callable[[Check], Check]:
    def keep(check: Check) -> Check:
        BUTTONS[slug, name] = check
        return check

    return keep


def names(browser: Browser, path: str) -> list[str]:
    return [row["Nombre"] for row in listed(browser, path).rows]


# ---------------------------------------------------------------- every list
@of("", "Buscar")
def _search(browser: Browser) -> None:
    assert listed(browser, "/companias/", q="nato").texts("Nombre") == ["Ferretería El Ñato"]


@of("", "Limpiar")
def _clear(browser: Browser) -> None:
    page = browser.get("/companias/?q=nato").get_data(as_text=True)
    assert re.search(r'href="/companias/">Limpiar<', page)


@of("", "Filtros")
def _unfold(browser: Browser) -> None:
    """It acts by a script (tests/browser/test_admin_pages.py); without one the filters are unfolded."""
    page = browser.get("/agentes/").get_data(as_text=True)
    assert 'data-unfold aria-expanded="true"' in page
    assert "is-folded" not in page


@of("", "Ver")
def _size(browser: Browser) -> None:
    assert len(listed(browser, "/contactos/", size="25").rows) == 25


@of("", "Salvar")
def _save(browser: Browser) -> None:
    page = browser.edit("/companias/", r1_name="Nombre Nuevo S.A.", r2_address="Otra parte")
    assert page.status_code == 302
    assert Company.get_by_id(1).name == "Nombre Nuevo S.A."
    assert Company.get_by_id(2).address == "Otra parte"
    assert notices(browser.get("/companias/"))[0].startswith("2 filas guardadas")


@of("", "Deshacer")
def _undo(browser: Browser) -> None:
    """It acts by a script (tests/browser/test_edit_rows.py) and is hidden until there is something to undo."""
    assert "data-undo hidden>Deshacer<" in browser.get("/companias/").get_data(as_text=True)


def order() -> list[int]:
    return [row.id for row in AdditionalField.select().order_by(AdditionalField.position)]


@of("", "Mover arriba")
def _up(browser: Browser) -> None:
    first, second, *rest = order()
    browser.post(f"/adicionales/{second}/mover/arriba")
    assert order() == [second, first, *rest]


@of("", "Mover abajo")
def _down(browser: Browser) -> None:
    first, second, *rest = order()
    browser.post(f"/adicionales/{first}/mover/abajo")
    assert order() == [second, first, *rest]


@of("", "Editar")
def _edit(browser: Browser) -> None:
    assert browser.fill("/companias/1", name="Por su ficha").status_code == 302
    assert Company.get_by_id(1).name == "Por su ficha"


@of("", "Eliminar")
def _delete(browser: Browser) -> None:
    row = Company.create(name="Sin nadie")
    page = browser.get(f"/companias/{row.id}/eliminar").get_data(as_text=True)
    assert "¿Eliminar «Sin nadie»?" in page
    assert Company.get_or_none(Company.id == row.id) is not None
    browser.post(f"/companias/{row.id}/eliminar")
    assert Company.get_or_none(Company.id == row.id) is None


@of("", "Descargar csv")
def _csv(browser: Browser) -> None:
    answer = browser.get("/companias/descargar.csv")
    assert answer.get_data(as_text=True).count("\r\n") == Company.select().count() + 1


@of("", "Descargar xlsx")
def _xlsx(browser: Browser) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(browser.get("/companias/descargar.xlsx").data)).active
    assert sheet is not None
    assert sheet.max_row == Company.select().count() + 1


# ---------------------------------------------------------------- Contactos
@of("contactos", "Nuevo")
def _new_contact(browser: Browser) -> None:
    assert browser.fill("/contactos/nuevo", name="Persona Nueva", phone="2222 1111").status_code == 302
    assert Contact.get(Contact.name == "Persona Nueva").phone_key == "+50622221111"


@of("contactos", "Generar campaña")
def _campaign(browser: Browser) -> None:
    assert browser.fill("/contactos/campania?q=fabiola", name="Promo").status_code == 302
    campaign = Campaign.get(Campaign.name == "Promo")
    assert campaign.state is CampaignState.DRAFT
    members = ContactListMember.select().where(ContactListMember.list == campaign.list_id).count()
    assert listed(browser, "/contactos/", list=str(campaign.list_id)).total == members
    assert 0 < members < Contact.select().count()


@of("contactos", "Duplicados")
def _duplicates(browser: Browser) -> None:
    one = Contact.select().where(Contact.phone_key.is_null(False)).first()
    Contact.create(name="Repetida", phone=one.phone, phone_key=one.phone_key)
    page = browser.get("/contactos/duplicados").get_data(as_text=True)
    assert "Repetida" in page


@of("contactos", "Machote")
def _template(browser: Browser) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(browser.get("/contactos/carga/machote.xlsx").data)).active
    assert sheet is not None
    titles = [str(cell.value) for cell in sheet[1] if cell.value]
    extra = [row.name for row in AdditionalField.select().order_by(AdditionalField.position)]
    assert [title.split(" ")[0] for title in titles[-len(extra) :]] == [name.split(" ")[0] for name in extra]


@of("contactos", "Subir y revisar")
def _load(browser: Browser) -> None:
    load = upload(browser, "Nombre,Teléfono\r\nAna Ñ,2222 9999\r\n".encode())
    page = browser.get(f"/contactos/carga/{load.id}").get_data(as_text=True)
    assert "Ana Ñ" in page


@of("contactos", "Llamar")
def _call(browser: Browser) -> None:
    """With no engine it says so; with one, tests/web/test_contact_actions.py."""
    Agent.update(endpoint="8330190").where(Agent.id == 1).execute()
    key = Contact.get(Contact.phone_key.is_null(False)).id
    browser.post(f"/contactos/{key}/llamar", {"back": "/contactos/"})
    assert notices(browser.get("/contactos/")) == ["El motor no responde: no se llamó a nadie."]


@of("contactos", "Información")
def _card(browser: Browser) -> None:
    assert Contact.get_by_id(1).name in browser.get("/contactos/1").get_data(as_text=True)


@of("contactos", "Historial")
def _history(browser: Browser) -> None:
    contact = Call.get(Call.contact.is_null(False)).contact
    calls = Call.select().where(Call.contact == contact).count()
    assert listed(browser, "/historial-de-llamadas/", contact_id=str(contact.id)).total == calls


def _is_off(browser: Browser, name: str, path: str = "/contactos/", place: str = "td[@class='actions']") -> None:
    page = listed(browser, path).document
    shown = page.xpath(f".//{place}/*[starts-with(@title, '{name}')]")
    assert shown
    assert all(one.get("disabled") is not None and ": " in one.get("title") for one in shown)


@of("contactos", "Nuevo ticket")
def _new_ticket(browser: Browser) -> None:
    page = listed(browser, "/contactos/").document
    address = page.xpath("string(.//td[@class='actions']/a[@title='Nuevo ticket']/@href)")
    assert browser.fill(address, subject="Desde la lista").status_code == 302
    assert f"contact={Ticket.get(Ticket.subject == 'Desde la lista').contact_id}" in address


def _chat(browser: Browser, path: str, place: str) -> None:
    """The page of messages begins with this contact's number."""
    address = listed(browser, path).document.xpath(f"string(.//{place}/a[@title='SMS']/@href)")
    contact = Contact.get_by_id(int(address.rpartition("=")[2]))
    assert f'"number": "{contact.phone_key}"' in browser.get(address).get_data(as_text=True)


@of("contactos", "SMS")
def _sms(browser: Browser) -> None:
    _chat(browser, "/contactos/", "td[@class='actions']")


# ---------------------------------------------------------------- the others
@of("historial-de-llamadas", "Explicar esta llamada")
def _explain(browser: Browser) -> None:
    page = listed(browser, "/historial-de-llamadas/", outcome="answered").document
    address = page.xpath("string(.//a[@class='call__explain']/@href)")
    assert "Lo que pasó, en orden" in browser.get(address).get_data(as_text=True)


def _recorded(browser: Browser) -> tuple[Recording, Path]:
    """A recording that is kept, of the call at the top of the list."""
    call = Call.select().order_by(Call.offered_at.desc()).get()
    name = f"centralita-1790000000.77.record.{Recording.select().count() + 1}"
    with browser.app.app_context():
        path = path_of(installation().settings.data_dir, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"RIFF")
    return Recording.create(
        name=name, call_id=call.id, part=1, began_at=call.offered_at, ended_at=call.offered_at, state="kept", size=4
    ), path


def _of_recording(browser: Browser, words: str) -> str:
    return str(
        listed(browser, "/historial-de-llamadas/").document.xpath(
            f"string(.//div[@class='recording']//a[contains(., '{words}')]/@href)"
        )
    )


@of("historial-de-llamadas", "Descargar grabación")
def _take_recording(browser: Browser) -> None:
    _recorded(browser)
    assert browser.get(_of_recording(browser, "Descargar")).data == b"RIFF"


@of("historial-de-llamadas", "Eliminar grabación")
def _delete_recording(browser: Browser) -> None:
    Recording.delete().execute()
    row, path = _recorded(browser)
    asking = _of_recording(browser, "Eliminar grabación")
    assert "Se borra del disco:" in browser.get(asking).get_data(as_text=True)
    assert path.exists()
    assert browser.fill(asking).status_code == 302
    assert not path.exists()
    page = browser.get("/historial-de-llamadas/").get_data(as_text=True)
    assert f"Grabación eliminada por {Recording.get_by_id(row.id).deleted_by.name} (" in page


@of("historial-de-llamadas", "Imprimir")
def _print_call(browser: Browser) -> None:
    """As it will be, where it would be printed; a second click is the same print."""
    page = listed(browser, "/historial-de-llamadas/", outcome="answered").document
    address = page.xpath("string(.//a[@class='call__explain' and text()='Imprimir']/@href)")
    asked = html.fromstring(browser.get(address).get_data(as_text=True))
    assert "svg" in browser.get(asked.xpath("string(.//img[@data-paper-of]/@src)")).mimetype
    nonce = asked.xpath("string(.//main//input[@name='nonce']/@value)")
    for _click in range(2):
        assert browser.post(address, {"nonce": nonce, "printer": "2"}).status_code == 302
    assert (PrintJob.get().kind, PrintJob.get().printer.name) == (PrintKind.CALL_RESULT, "Cocina")
    assert PrintJob.select().count() == 1
    refused = browser.post(address, {"nonce": nonce, "printer": "999"}).get_data(as_text=True)
    assert "Elige una impresora." in refused


CARD = "div[@class='call__actions']"


@of("historial-de-llamadas", "Llamar")
def _call_back(browser: Browser) -> None:
    """As from *Contactos*; then one is at the history again, as it was."""
    Agent.update(endpoint="8330190").where(Agent.id == 1).execute()
    page = listed(browser, "/historial-de-llamadas/", outcome="answered").document
    address = page.xpath(f"string(.//{CARD}/button[@form='call' and not(@disabled)]/@formaction)")
    back = page.xpath("string(.//form[@id='call']/input[@name='back']/@value)")
    assert browser.post(address, {"back": back}).headers["Location"] == back
    assert "outcome=answered" in back
    assert notices(browser.get(back)) == ["El motor no responde: no se llamó a nadie."]


@of("historial-de-llamadas", "Información")
def _its_contact(browser: Browser) -> None:
    page = listed(browser, "/historial-de-llamadas/").document
    card = page.xpath(f".//article[.//{CARD}/a[@title='Información']]")[0]
    contact = browser.get(card.xpath(f"string(.//{CARD}/a[@title='Información']/@href)")).get_data(as_text=True)
    assert card.xpath("string(.//div[@class='call__who']//a)") in contact


@of("historial-de-llamadas", "Historial")
def _its_history(browser: Browser) -> None:
    page = listed(browser, "/historial-de-llamadas/").document
    address = page.xpath(f"string(.//{CARD}/a[@title='Historial']/@href)")
    contact = address.rpartition("=")[2]
    assert listed(browser, "/historial-de-llamadas/", contact_id=contact).total == (
        Call.select().where(Call.contact == int(contact)).count()
    )


@of("historial-de-llamadas", "Nuevo ticket")
def _its_ticket(browser: Browser) -> None:
    page = listed(browser, "/historial-de-llamadas/").document
    for address in page.xpath(f".//{CARD}/a[@title='Nuevo ticket']/@href"):
        assert browser.fill(address, subject="Desde el historial").status_code == 302
        made = Ticket.select().order_by(Ticket.id.desc()).get()
        assert f"call={made.call_id}" in address
        assert made.contact_id == Call.get_by_id(made.call_id).contact_id


@of("historial-de-llamadas", "SMS")
def _its_sms(browser: Browser) -> None:
    _chat(browser, "/historial-de-llamadas/", CARD)


@of("agentes", "Agregar")
def _new_agent(browser: Browser) -> None:
    sent = {"name": "Nueva", "email": "nueva@ejemplo.example", "endpoint": "8330198", "role": "agent",
            "phone_kind": "sip", "click2dial": "1"}  # fmt: skip
    page = browser.post("/agentes/nuevo", sent).get_data(as_text=True)
    assert Agent.get(Agent.email == "nueva@ejemplo.example").endpoint == "8330198"
    assert "/invitation/" in page
    assert "<svg" in page.split('class="qr-figure"')[1]


@of("agentes", "Hacer enlace de invitación")
def _invite(browser: Browser) -> None:
    page = browser.post("/agentes/3/invitar").get_data(as_text=True)
    link = re.search(r"http://localhost(/invitation/[\w-]+)", page)
    assert link is not None
    assert Browser(browser.app).get(link[1]).status_code == 200


@of("agentes", "Hacer secreto SIP nuevo")
def _secret(browser: Browser) -> None:
    row = Agent.get(Agent.endpoint == "8330104")
    before = row.sip_ha1
    page = browser.post(f"/agentes/{row.id}/secreto").get_data(as_text=True)
    assert "Secreto" in page
    assert Agent.get_by_id(row.id).sip_ha1 not in (None, before)


@of("callcenters", "Nuevo")
def _new_center(browser: Browser) -> None:
    assert browser.fill("/callcenters/nuevo", name="Reservas", numbers="2200 1100").status_code == 302
    assert CallCenter.get_or_none(CallCenter.name == "Reservas") is not None


@of("callcenters", "Editar")
def _edit_center(browser: Browser) -> None:
    """Forms, agents, groups, hours, queue and overflow are on its page, and saved from it."""
    changes = {"forms": ["2"], "agents": ["3", "4"], "agents-priority-3": "2", "agents-priority-4": "1",
               "agent_groups": ["1"], "hours_0": "8-12", "max_wait_seconds": "77", "full_to": "voicemail"}  # fmt: skip
    assert browser.fill("/callcenters/1", **changes).status_code == 302
    sent = fields(browser.get("/callcenters/1").get_data(as_text=True))
    assert (sent["forms"], set(sent["agents"]), sent["agent_groups"]) == ("2", {"3", "4"}, "1")
    assert (sent["hours_0"], sent["max_wait_seconds"], sent["full_to"]) == ("08:00-12:00", "77", "voicemail")


def sound(seconds: float = 0.2) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(b"\x10\x20" * int(16000 * seconds))
    return buffer.getvalue()


@of("callcenters", "Mensajes grabados")
def _prompts(browser: Browser) -> None:
    """Uploaded, heard, renamed, deleted with its file."""
    sent = {"name": "Bienvenida", "file": (io.BytesIO(sound()), "hola.wav")}
    assert browser.post("/mensajes-grabados/nuevo", sent).status_code == 302
    row = Prompt.get(Prompt.name == "Bienvenida")
    heard = browser.get(f"/mensajes-grabados/{row.id}/audio.wav")
    assert (heard.mimetype, heard.data[:4]) == ("audio/wav", b"RIFF")
    part = browser.get(f"/mensajes-grabados/{row.id}/audio.wav", headers={"Range": "bytes=0-9"})
    assert (part.status_code, len(part.data)) == (206, 10)
    assert browser.edit("/mensajes-grabados/", **{f"r{row.id}_name": "Saludo"}).status_code == 302
    assert names(browser, "/mensajes-grabados/") == ["Saludo"]
    again = {"name": "Otra", "file": (io.BytesIO(sound()), "hola.wav")}
    assert browser.post("/mensajes-grabados/nuevo", again).status_code == 422
    for bad in (b"", b"MZ\x90", sound()[:30]):
        sent = {"name": "Mala", "file": (io.BytesIO(bad), "hola.wav")}
        assert browser.post("/mensajes-grabados/nuevo", sent).status_code == 422
    browser.post(f"/mensajes-grabados/{row.id}/eliminar")
    assert not Prompt.select().exists()
    assert browser.get(f"/mensajes-grabados/{row.id}/audio.wav").status_code == 404


@of("companias", "Crear Compañía")
def _new_company(browser: Browser) -> None:
    assert browser.post("/companias/nuevo", {"name": "Nueva S.A."}).status_code == 302
    assert "Nueva S.A." in names(browser, "/companias/")


@of("adjuntos", "Subir")
def _upload(browser: Browser) -> None:
    sent = {"description": "Precios", "file": (io.BytesIO(b"%PDF-1.7 x"), "precios.pdf")}
    assert browser.post("/adjuntos/nuevo", sent).status_code == 302
    assert Attachment.get(Attachment.filename == "precios.pdf").mime == "application/pdf"


@of("adjuntos", "Descargar")
def _fetch(browser: Browser) -> None:
    answer = browser.get("/adjuntos/1/descargar")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert len(answer.data) == Attachment.get_by_id(1).size


@of("ips-click2dial", "Agregar")
def _new_rule(browser: Browser) -> None:
    assert browser.post("/ips-click2dial/nuevo", {"address": "127.0.0.1", "mask": ""}).status_code == 302
    assert IpRule.get().network == "127.0.0.1/32"


@of("adicionales", "Agregar")
def _new_field(browser: Browser) -> None:
    assert browser.post("/adicionales/nuevo", {"name": "Talla", "kind": "text"}).status_code == 302
    assert order()[-1] == AdditionalField.get(AdditionalField.name == "Talla").id


@of("disposiciones", "Agregar")
def _new_disposition(browser: Browser) -> None:
    sent = {"name": "Sin interés", "action": "none", "active": "1"}
    assert browser.post("/disposiciones/nuevo", sent).status_code == 302
    assert Disposition.get(Disposition.name == "Sin interés").active


@of("grupos-de-agentes", "Agregar")
def _new_group(browser: Browser) -> None:
    answer = browser.post("/grupos-de-agentes/nuevo", {"name": "Noche"})
    assert answer.headers["Location"].endswith(f"/{AgentGroup.get(AgentGroup.name == 'Noche').id}")


@of("grupos-de-agentes", "Editar Agentes")
def _members(browser: Browser) -> None:
    changes = {"members": ["3", "5"], "members-priority-3": "2", "members-priority-5": "1"}
    assert browser.fill("/grupos-de-agentes/1", **changes).status_code == 302
    rows = AgentGroupMember.select(AgentGroupMember.agent, AgentGroupMember.priority)
    assert set(rows.where(AgentGroupMember.group == 1).tuples()) == {(3, 2), (5, 1)}


@of("impresoras", "Agregar")
def _new_printer(browser: Browser) -> None:
    sent = {"name": "Barra", "kind": "escpos", "letter": "large", "margin_top": "1", "margin_left": "2",
            "margin_right": "3", "margin_bottom": "4", "paper_width": "58", "host": "192.0.2.9"}  # fmt: skip
    assert browser.post("/impresoras/nuevo", sent).status_code == 302
    row = Printer.get(Printer.name == "Barra")
    assert (row.margin_top, row.margin_left, row.margin_right, row.margin_bottom, row.port) == (1, 2, 3, 4, 9100)


@of("impresoras", "Boleta de prueba")
def _test_slip(browser: Browser) -> None:
    """Twice with the same key is one slip; the list says how it is."""
    page = listed(browser, "/impresoras/").document
    nonce = page.xpath("string(.//form[@id='test-slip']/input[@name='nonce']/@value)")
    for _click in range(2):
        assert browser.post("/impresoras/2/prueba", {"nonce": nonce}).status_code == 302
    job = PrintJob.get()
    assert (job.kind, job.state, job.printer.name) == (PrintKind.TEST, PrintState.QUEUED, "Cocina")
    last = listed(browser, "/impresoras/").document.xpath("string(.//*[@id='jobs']//table)")
    assert all(words in last for words in ("Boleta de prueba", "Cocina", "En cola"))


@of("impresoras", "Impresiones")
def _print_jobs(browser: Browser) -> None:
    asked = PrintJob.select().count()
    assert browser.post("/impresoras/1/prueba").status_code == 302
    page = listed(browser, "/impresiones/")
    assert page.total == asked + 1
    assert page.rows[0]["Estado"] == "Lista para imprimir"
    assert listed(browser, "/impresiones/", state="queued").total == asked + 1
    assert listed(browser, "/impresiones/", state="printed").total == 0
    assert listed(browser, "/impresiones/", printer="1").total == 1


@of("forms", "Nuevo")
def _new_form(browser: Browser) -> None:
    sent = {
        "name": "Encuesta",
        "active": "1",
        "field-row": ["0"],
        "field-0-label": "¿Volvería?",
        "field-0-kind": "yes_no",
    }
    assert browser.post("/forms/nuevo", sent).status_code == 302
    assert "Encuesta" in names(browser, "/forms/")


@of("forms", "Respuestas")
def _answers(browser: Browser) -> None:
    """Found by what was answered, downloaded with a column for each field, seen whole."""
    form = FormAnswer.get().version.form
    page = listed(browser, "/respuestas/", form=str(form.id))
    mine = FormAnswer.select().join(FormVersion).where(FormVersion.form == form)
    assert page.total == mine.count() > 0
    assert {row["Form"] for row in page.rows} == {form.name}
    answer = mine.order_by(FormAnswer.id.desc()).get()
    value = next(one for one in answer.answers.values() if isinstance(one, str))
    assert 0 < listed(browser, "/respuestas/", q=value, form=str(form.id)).total <= page.total
    assert not listed(browser, "/respuestas/", form=str(form.id), version="7").rows
    labels = {field.label: field.name for field in answer.version.fields if field.name in answer.answers}
    rows = downloaded(browser, "/respuestas/", form=str(form.id))
    assert len(rows) == page.total
    assert set(labels) < set(rows[0])
    assert any(all(row[label] for label in labels) for row in rows)
    everyone = downloaded(browser, "/respuestas/")
    assert len(everyone) == FormAnswer.select().count()
    text = browser.get(f"/respuestas/{answer.id}/ver").get_data(as_text=True)
    assert all(label in text for label in labels)
    assert value in text
