"""The rules of docs/secciones.md: each kept, and seen to be kept.

Owns: `RULES`, by section and name; "" are those of every list. Must not: repeat the tables of cases of tests/unit.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable

from lxml import html
from web.browser import Browser, fields, notices, problems
from web.promised import listed
from web.rows import everything
from web.section_buttons import sound
from web.test_contact_loads import contacts, upload

from admin.desk.recent import dispositions
from admin.documents import type_of
from models.callers import caller_card
from models.snapshot import build
from models.tables import (
    AdditionalField,
    Agent,
    AgentGroup,
    AgentGroupMember,
    AgentLogin,
    Attachment,
    Call,
    CallCenter,
    CallCenterAgent,
    CallCenterNumber,
    Company,
    Contact,
    ContactValue,
    Disposition,
    Form,
    FormAnswer,
    FormField,
    FormVersion,
    IpRule,
    Printer,
    Prompt,
    database,
)
from models.tables.forms import FormFieldKind
from models.values.call import Role

Check = Callable[[Browser], None]
RULES: dict[tuple[str, str], Check] = {}


def of(slug: str, name: str) -> Callable[[Check], Check]:
    def keep(check: Check) -> Check:
        RULES[slug, name] = check
        return check

    return keep


def delete_page(browser: Browser, path: str) -> str:
    return re.sub(r"\s+", " ", browser.get(f"{path}/eliminar").get_data(as_text=True))


def is_kept(browser: Browser, path: str, words: str) -> None:
    """The page says what is in the way, and a deletion all the same is refused."""
    page = delete_page(browser, path)
    assert "No se puede eliminar, porque esto lo usa:" in page
    assert words in page
    before = everything()
    assert browser.post(f"{path}/eliminar").status_code == 409
    assert everything() == before


def is_deactivated(browser: Browser, path: str, words: str) -> None:
    is_kept(browser, path, words)
    assert ">Desactivar</button>" in delete_page(browser, path)
    assert browser.post(f"{path}/desactivar").status_code == 302


# ---------------------------------------------------------------- every list
@of("", "orden desconocido")
def _unknown_order(browser: Browser) -> None:
    usual = listed(browser, "/companias/").texts("Nombre")
    for asked in (
        {"sort": "no-such"},
        {"sort": "id); DROP TABLE x--"},
        {"page": "99999"},
        {"page": "x"},
        {"size": "3"},
    ):
        assert listed(browser, "/companias/", **asked).texts("Nombre") == usual


@of("", "filtro no entendido")
def _unknown_filter(browser: Browser) -> None:
    page = listed(browser, "/agentes/", role="emperador")
    assert not page.rows
    assert page.document.xpath(".//*[@id='f-role'][@aria-invalid='true']")


@of("", "todas o ninguna")
def _all_or_none(browser: Browser) -> None:
    before = everything()
    answer = browser.edit("/companias/", r1_name="Buena", r2_email="mala")
    assert answer.status_code == 422
    assert "r2-email" in problems(answer)
    assert everything() == before


@of("", "otra persona")
def _somebody_else(browser: Browser) -> None:
    page = browser.get("/companias/").get_data(as_text=True)
    Company.update(address="De otra persona").where(Company.id == 1).execute()
    sent = fields(page, "data-rows") | {"r1-address": "Mía"}
    answer = browser.post("/companias/salvar", sent)
    assert answer.status_code == 422
    assert "Ahora dice: De otra persona" in answer.get_data(as_text=True)
    again = fields(answer.get_data(as_text=True), "data-rows")
    assert browser.post("/companias/salvar", again).status_code == 302
    assert Company.get_by_id(1).address == "Mía"


# ---------------------------------------------------------------- Contactos, Historial
@of("contactos", "desconocido")
def _unknown_caller(browser: Browser) -> None:
    card = caller_card(database.obj, "+50622330044", "22330044", call_id="x")
    assert card is not None
    row = Contact.get_by_id(card.contact_id)
    assert (row.name, row.phone) == ("", "22330044")
    assert "Sin nombre" in browser.get("/contactos/?q=22330044").get_data(as_text=True)


@of("contactos", "carga en seco")
def _dry_run(browser: Browser) -> None:
    before = contacts()
    upload(browser, b"Nombre,Telefono\r\nAna,2222 9999\r\n")
    assert contacts() == before


@of("contactos", "qué se va")
def _contact_goes(browser: Browser) -> None:
    row = Contact.create(name="Sola")
    ContactValue.create(contact=row, field=1, value="1")
    assert "Se quitaría también:" in delete_page(browser, f"/contactos/{row.id}")
    assert "1 datos adicionales" in delete_page(browser, f"/contactos/{row.id}")
    busy = Call.get(Call.contact.is_null(False)).contact_id
    is_kept(browser, f"/contactos/{busy}", "llamadas")


@of("historial-de-llamadas", "una por conversación")
def _one_card(browser: Browser) -> None:
    page = listed(browser, "/historial-de-llamadas/", size="25").document
    cards = page.xpath(".//article")
    assert len(cards) == 25
    assert any(card.xpath(".//details[@class='call__legs']//tbody/tr") for card in cards)
    assert listed(browser, "/historial-de-llamadas/").total == Call.select().count()


@of("historial-de-llamadas", "en orden")
def _in_order(browser: Browser) -> None:
    """Beyond what can be sorted: tests/web/test_histories.py."""
    for name, column in (("talk", Call.talk_ms), ("wait", Call.wait_ms), ("cost", Call.cost)):
        most = Call.select().where(column.is_null(False)).order_by(column.desc(), Call.offered_at.desc()).first()
        page = listed(browser, "/historial-de-llamadas/", sort=name, desc="1", size="25").document
        assert most.id in page.xpath(".//article")[0].xpath("string(.//a[@class='call__explain']/@href)")


def _untouched(browser: Browser, slug: str, key: str) -> None:
    assert browser.get(f"/{slug}/nuevo").status_code in (403, 404)
    for path in (f"/{slug}/nuevo", f"/{slug}/{key}/eliminar"):
        assert browser.post(path).status_code in (403, 404), path


@of("historial-de-llamadas", "no se toca")
def _calls_stay(browser: Browser) -> None:
    before = everything()
    _untouched(browser, "historial-de-llamadas", "1")
    assert everything() == before


# ---------------------------------------------------------------- Agentes
@of("agentes", "no se elimina")
def _agents_stay(browser: Browser) -> None:
    assert browser.post("/agentes/3/eliminar").status_code == 403
    calls = Call.select().where(Call.agent == 3).count()
    assert calls
    assert browser.edit("/agentes/", r3_active=None).status_code == 302
    assert not Agent.get_by_id(3).active
    assert Call.select().where(Call.agent == 3).count() == calls


@of("agentes", "fuera en el acto")
def _out_at_once(browser: Browser) -> None:
    theirs = Browser(browser.app, Role.SUPERVISOR)
    key = Agent.get(Agent.role == Role.SUPERVISOR).id
    assert theirs.get("/contactos/").status_code == 200
    browser.edit("/agentes/", **{f"r{key}_active": None})
    assert theirs.get("/contactos/").status_code == 302


@of("agentes", "una vez")
def _once(browser: Browser) -> None:
    row = Agent.get(Agent.endpoint == "8330104")
    page = browser.post(f"/agentes/{row.id}/secreto").get_data(as_text=True)
    secret = re.search(r'id="sip-secret">([^<]+)<', page)
    assert secret is not None
    assert 'class="qr"' in page
    for path in ("/agentes/", f"/agentes/{row.id}", "/auditoria/"):
        assert secret[1] not in browser.get(path).get_data(as_text=True)
    assert secret[1] not in str(everything())


@of("agentes", "queda uno")
def _last_administrator(browser: Browser) -> None:
    assert browser.edit("/agentes/", r1_active=None).status_code == 422
    assert browser.edit("/agentes/", r1_role="agent").status_code == 422
    assert Agent.get_by_id(1).role is Role.ADMINISTRATOR


# ---------------------------------------------------------------- CallCenters
def called(number: str) -> str:
    """The call center that the engine's snapshot finds."""
    match = build(database.obj, 1).resolve(number)
    return "" if match is None else str(match.name)


@of("callcenters", "dos dueños")
def _two_owners(browser: Browser) -> None:
    answer = browser.edit("/callcenters/", r1_numbers="4000 4100")
    assert answer.status_code == 422
    assert any("Ventas Café del Monte" in text for text in problems(answer)["r1-numbers"])


@of("callcenters", "pop up seguro")
def _safe_pop_up(browser: Browser) -> None:
    for bad in ("javascript:alert(1)", "data:text/html,x", "https://x.example/?a={no_such}", "ftp://x.example/"):
        answer = browser.edit("/callcenters/", r1_pop_up_url=bad)
        assert answer.status_code == 422, bad
        assert "r1-pop_up_url" in problems(answer)
    assert browser.edit("/callcenters/", r1_pop_up_url="https://x.example/?t={caller}&c={Cédula}").status_code == 302


@of("callcenters", "logo de verdad")
def _logo(browser: Browser) -> None:
    for bad in (b"<svg xmlns='http://www.w3.org/2000/svg' onload='x'/>", b"MZ", b"%PDF-1.7"):
        answer = browser.fill("/callcenters/1", logo=(io.BytesIO(bad), "logo.png"))
        assert answer.status_code == 422
        assert "logo" in problems(answer)


@of("callcenters", "prioridades")
def _priorities(browser: Browser) -> None:
    changes = {"agents": ["4", "3"], "agents-priority-3": "2", "agents-priority-4": "1"}
    assert browser.fill("/callcenters/1", **changes).status_code == 302
    rows = CallCenterAgent.select(CallCenterAgent.agent, CallCenterAgent.priority)
    assert set(rows.where(CallCenterAgent.call_center == 1).tuples()) == {(3, 2), (4, 1)}
    page = listed(browser, "/callcenters/1").document
    chosen = page.xpath(".//*[@id='agents']//input[@type='checkbox'][@checked]/@value")
    first = page.xpath(".//*[@id='agents']//input[@type='checkbox']/@value")[:2]
    assert chosen == first == ["4", "3"]  # as they ring


@of("callcenters", "mensaje en uso")
def _prompt_in_use(browser: Browser) -> None:
    changes = {"welcome": "upload", "prompt_name": "Hola", "prompt_file": (io.BytesIO(sound()), "hola.wav")}
    assert browser.fill("/callcenters/1", **changes).status_code == 302
    row = Prompt.get(Prompt.name == "Hola")
    assert CallCenter.get_by_id(1).name in listed(browser, "/mensajes-grabados/").rows[0]["Dónde se oye"]
    is_kept(browser, f"/mensajes-grabados/{row.id}", "1 call centers donde se oye")


@of("callcenters", "exacto gana")
def _exact_wins(browser: Browser) -> None:
    for key, number in ((1, "40005000"), (2, "4000*"), (3, "40005*")):
        CallCenterNumber.delete().where(CallCenterNumber.call_center == key).execute()
        assert browser.edit("/callcenters/", **{f"r{key}_numbers": number}).status_code == 302
    centers = {row.id: row.name for row in CallCenter.select()}
    assert [called(number) for number in ("40005000", "40005001", "40006000")] == [centers[1], centers[3], centers[2]]


@of("callcenters", "con llamadas")
def _with_calls(browser: Browser) -> None:
    is_deactivated(browser, "/callcenters/1", "llamadas")
    assert not CallCenter.get_by_id(1).active


# ---------------------------------------------------------------- Compañías, Adjuntos, IPs
@of("companias", "nombre único")
def _company_name(browser: Browser) -> None:
    answer = browser.post("/companias/nuevo", {"name": "  HOTEL bahía azul "})
    assert answer.status_code == 422
    assert "name" in problems(answer)


@of("companias", "con contactos")
def _company_in_use(browser: Browser) -> None:
    is_kept(browser, f"/companias/{Contact.get(Contact.company.is_null(False)).company_id}", "contactos")


@of("adjuntos", "tipo por contenido")
def _type(browser: Browser) -> None:
    sent = {"file": (io.BytesIO(b"\x89PNG\r\n\x1a\n rest"), "dibujo.pdf", "text/html")}
    assert browser.post("/adjuntos/nuevo", sent).status_code == 302
    assert Attachment.get(Attachment.filename == "dibujo.pdf").mime == "image/png" == type_of(b"\x89PNG\r\n\x1a\n")


@of("adjuntos", "privado")
def _private(browser: Browser) -> None:
    Attachment.update(private=True, filename="secreto.pdf").where(Attachment.id == 1).execute()
    theirs = Browser(browser.app, Role.SUPERVISOR)
    assert "secreto" not in theirs.get("/adjuntos/").get_data(as_text=True)
    assert not listed(theirs, "/adjuntos/", q="secreto", private="1").rows
    for role in (Role.SUPERVISOR, Role.AGENT):
        assert Browser(browser.app, role).get("/adjuntos/1/descargar").status_code == 403
    assert browser.get("/adjuntos/1/descargar").status_code == 200


@of("adjuntos", "nunca corre")
def _never_runs(browser: Browser) -> None:
    sent = {"file": (io.BytesIO(b"<html><script>alert(1)</script></html>"), "pagina.html")}
    assert browser.post("/adjuntos/nuevo", sent).status_code == 302
    answer = browser.get(f"/adjuntos/{Attachment.get(Attachment.filename == 'pagina.html').id}/descargar")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def may_work(browser: Browser, address: str) -> bool:
    return Browser(browser.app, Role.AGENT, address=address).get("/desk/token").status_code == 200


@of("ips-click2dial", "sin filas")
def _no_rules(browser: Browser) -> None:
    assert not IpRule.select().exists()
    assert may_work(browser, "203.0.113.9")


@of("ips-click2dial", "máscara 0.0.0.0")
def _everybody(browser: Browser) -> None:
    IpRule.delete().execute()
    IpRule.create(address="10.0.0.1", mask="255.255.255.255", network="10.0.0.1/32")
    assert not may_work(browser, "203.0.113.9")
    assert browser.post("/ips-click2dial/nuevo", {"address": "0.0.0.0", "mask": "0.0.0.0"}).status_code == 302
    assert may_work(browser, "203.0.113.9")
    assert may_work(browser, "2001:db8::1")


@of("ips-click2dial", "con huecos")
def _holes(browser: Browser) -> None:
    IpRule.delete().execute()
    for mask in ("255.0.255.0", "255.255.255.253", "0.0.0.255"):
        answer = browser.post("/ips-click2dial/nuevo", {"address": "10.0.0.0", "mask": mask})
        assert answer.status_code == 422
        assert "huecos" in " ".join(problems(answer)["mask"])
    assert not IpRule.select().exists()


@of("ips-click2dial", "tu dirección")
def _own_address(browser: Browser) -> None:
    IpRule.delete().execute()
    sent = {"address": "10.0.0.0", "mask": "255.0.0.0"}
    answer = browser.post("/ips-click2dial/nuevo", sent)
    assert answer.status_code == 422
    assert "desde tu dirección (127.0.0.1) un agente no podría trabajar" in answer.get_data(as_text=True)
    assert not IpRule.select().exists()
    assert browser.post("/ips-click2dial/nuevo", sent | {"confirmed": "1"}).status_code == 302


@of("ips-click2dial", "en el acto")
def _at_once(browser: Browser) -> None:
    IpRule.delete().execute()
    agent = Browser(browser.app, Role.AGENT, address="203.0.113.9")
    assert agent.get("/desk/token").status_code == 200
    browser.post("/ips-click2dial/nuevo", {"address": "127.0.0.1", "mask": ""})
    assert agent.get("/desk/token").status_code == 403
    assert agent.get("/desk/token").status_code in (302, 401)  # the session is over


# ---------------------------------------------------------------- Adicionales, Disposiciones, Grupos
@of("adicionales", "renombrar")
def _rename(browser: Browser) -> None:
    values = sorted(ContactValue.select(ContactValue.contact, ContactValue.value).tuples())
    assert browser.edit("/adicionales/", r1_name="Documento").status_code == 302
    assert sorted(ContactValue.select(ContactValue.contact, ContactValue.value).tuples()) == values
    assert "Documento" in browser.get("/contactos/1").get_data(as_text=True)


@of("adicionales", "tipo con datos")
def _kind(browser: Browser) -> None:
    answer = browser.edit("/adicionales/", r1_kind="number")
    assert answer.status_code == 422
    assert "r1-kind" in problems(answer)


@of("adicionales", "su orden")
def _field_order(browser: Browser) -> None:
    browser.post("/adicionales/3/mover/arriba")
    names = [row.name for row in AdditionalField.select().order_by(AdditionalField.position)]
    page = browser.get("/contactos/1").get_data(as_text=True)
    places = [page.index(f">{name}</label>") for name in names]
    assert places == sorted(places)


@of("disposiciones", "usada")
def _used_disposition(browser: Browser) -> None:
    key = Call.get(Call.disposition.is_null(False)).disposition_id
    is_deactivated(browser, f"/disposiciones/{key}", "llamadas")
    assert not Disposition.get_by_id(key).active


@of("disposiciones", "se ofrece")
def _offered(browser: Browser) -> None:
    browser.post("/disposiciones/3/mover/arriba")
    with browser.app.test_request_context():
        offered = [int(one["id"]) for one in dispositions()]
    active = Disposition.select().where(Disposition.active).order_by(Disposition.position)
    assert offered == [row.id for row in active]
    assert Disposition.select().where(~Disposition.active).exists()


@of("grupos-de-agentes", "orden")
def _group_order(browser: Browser) -> None:
    changes = {"members": ["3", "4"], "members-priority-3": "9", "members-priority-4": "2"}
    assert browser.fill("/grupos-de-agentes/1", **changes).status_code == 302
    rows = AgentGroupMember.select(AgentGroupMember.agent, AgentGroupMember.priority)
    assert set(rows.where(AgentGroupMember.group == 1).tuples()) == {(3, 9), (4, 2)}


@of("grupos-de-agentes", "qué se va")
def _group_goes(browser: Browser) -> None:
    page = delete_page(browser, "/grupos-de-agentes/1")
    assert "Se quitaría también:" in page
    members = AgentGroupMember.select().where(AgentGroupMember.group == 1).count()
    assert f"{members} miembros de grupos" in page
    assert "asignaciones de grupos a call centers" in page
    assert browser.post("/grupos-de-agentes/1/eliminar").status_code == 302
    assert AgentGroup.get_or_none(AgentGroup.id == 1) is None


# ---------------------------------------------------------------- Impresoras, Logueos, Forms
@of("impresoras", "lo que necesita")
def _printer_needs(browser: Browser) -> None:
    for kind, field in (("escpos", "host"), ("cups", "queue"), ("file", "queue")):
        sent = {"name": "X", "kind": kind, "letter": "small", "paper_width": "80", "margin_top": "1",
                "margin_left": "1", "margin_right": "1", "margin_bottom": "1"}  # fmt: skip
        answer = browser.post("/impresoras/nuevo", sent)
        assert answer.status_code == 422
        assert field in problems(answer), kind
    answer = browser.edit("/impresoras/", r1_margin_top="51")
    assert "r1-margin_top" in problems(answer)


@of("impresoras", "cola o carpeta")
def _queue_names(browser: Browser) -> None:
    for kind, queue, fits in (("cups", "HP_Laser-1", True), ("cups", "con espacio", False), ("cups", "a/b", False),
                              ("cups", "-o", False), ("file", "pedidos", True), ("file", "../../etc", False),
                              ("file", "a/b", False), ("file", "..", False)):  # fmt: skip
        sent = {"name": f"{kind} {queue}", "kind": kind, "letter": "small", "paper_width": "80", "margin_top": "1",
                "margin_left": "1", "margin_right": "1", "margin_bottom": "1", "queue": queue}  # fmt: skip
        answer = browser.post("/impresoras/nuevo", sent)
        assert (answer.status_code == 302) is fits, queue
        assert fits or "queue" in problems(answer)


@of("impresoras", "márgenes")
def _margins(browser: Browser) -> None:
    """Sixteen large letters go on 58 mm of paper; margins of 10 and 10 mm leave nine."""
    changes = {"r3_letter": "large", "r3_paper_width": "58", "r3_margin_left": "10"}
    answer = browser.edit("/impresoras/", **changes, r3_margin_right="10")
    assert answer.status_code == 422
    assert "diez" in problems(answer)["r3-margin_right"][0] or "10 letras" in problems(answer)["r3-margin_right"][0]
    assert browser.edit("/impresoras/", **changes, r3_margin_right="3").status_code == 302


@of("impresoras", "vista previa")
def _preview(browser: Browser) -> None:
    """The same text on both papers; less wide paper and larger letters take more lines."""
    page = listed(browser, "/impresoras/1").document
    address = page.xpath("string(.//img[@data-slip]/@src)")
    assert "letter=medium" in address
    heights = []
    for arguments in ("paper_width=80&letter=small", "paper_width=80&letter=large", "paper_width=58&letter=large"):
        answer = browser.get(f"/impresoras/vista.svg?{arguments}")
        assert answer.mimetype == "image/svg+xml"
        text = " ".join(html.fromstring(answer.get_data(as_text=True)).xpath(".//text/text()"))
        assert "María" in text
        assert "€ ñ" in text
        heights.append(float(re.findall(rb'height="(\d+)"', answer.data)[0]))
    assert heights == sorted(heights)
    assert len(set(heights)) == 3
    for odd in (
        "letter=%3Cscript%3E",
        "margin_top=-1",
        "margin_left=99999",
        "paper_width=7",
        "margin_left=50&margin_right=50",
    ):
        assert browser.get(f"/impresoras/vista.svg?{odd}").status_code == 200


@of("impresoras", "con formas")
def _printer_in_use(browser: Browser) -> None:
    key = Form.get(Form.printer.is_null(False)).printer_id
    is_deactivated(browser, f"/impresoras/{key}", "forms")
    assert not Printer.get_by_id(key).active


@of("historial-de-logueos", "por qué")
def _why(browser: Browser) -> None:
    theirs = Browser(browser.app)
    theirs.post("/login", {"email": "supervisor@centralita.example", "password": "contraseña de prueba 1"})
    last = AgentLogin.select().order_by(AgentLogin.id.desc())
    assert (last.get().logout_at, last.get().cause) == (None, None)
    assert "Dentro" in listed(browser, "/historial-de-logueos/").rows[0]["Salida"]
    theirs.post("/logout")
    assert last.get().cause == "user"
    ended = AgentLogin.select().where(AgentLogin.logout_at.is_null(False))
    assert not ended.where(AgentLogin.cause.is_null()).exists()


@of("historial-de-logueos", "no se toca")
def _logins_stay(browser: Browser) -> None:
    before = everything()
    _untouched(browser, "historial-de-logueos", "1")
    assert everything() == before


@of("forms", "versiones")
def _versions(browser: Browser) -> None:
    answer = FormAnswer.get()
    form = answer.version.form_id
    assert browser.fill(f"/forms/{form}", **{"field-1-label": "Otra pregunta"}).status_code == 302
    assert FormVersion.select().where(FormVersion.form == form).count() == 2
    assert FormAnswer.get_by_id(answer.id).version.number == 1
    assert browser.fill(f"/forms/{form}").status_code == 302  # the same again
    assert FormVersion.select().where(FormVersion.form == form).count() == 2


def built(*rows: tuple[str, str], **more: object) -> dict[str, object]:
    """What the builder sends: labels and kinds in order."""
    sent: dict[str, object] = {"name": "Construida", "active": "1", "field-row": [f"a{n}" for n in range(len(rows))]}
    for place, (label, kind) in enumerate(rows):
        sent |= {f"field-a{place}-label": label, f"field-a{place}-kind": kind}
    return sent | more


@of("forms", "condición")
def _condition(browser: Browser) -> None:
    """On a field that has no name yet, too; never on one below, nor on what is not there."""
    rows = (("¿Visita?", "yes_no"), ("Dirección", "text"))
    on = {"field-a1-condition_equals": "sí"}
    for bad in ("row-a7", "row-a1", "no_esta"):
        answer = browser.post("/forms/nuevo", built(*rows, **on, **{"field-a1-condition_field": bad}))
        assert answer.status_code == 422, bad
    assert browser.post("/forms/nuevo", built(*rows, **on, **{"field-a1-condition_field": "row-a0"})).status_code == 302
    row = Form.get(Form.name == "Construida")
    made = FormField.select().join(FormVersion).where(FormVersion.form == row)
    conditions = [one.condition for one in made.order_by(FormField.position)]
    assert conditions == [None, {"field": "visita", "equals": "sí"}], conditions
    chosen = listed(browser, f"/forms/{row.id}").document.xpath(".//*[@id='field-1-condition_field']/option[@selected]")
    assert [one.text for one in chosen] == ["¿Visita?"]
    assert browser.fill(f"/forms/{row.id}").status_code == 302
    assert FormVersion.select().where(FormVersion.form == row).count() == 1  # the same again


@of("forms", "clases")
def _kinds(browser: Browser) -> None:
    rows = [(f"Campo {place}", kind.value) for place, kind in enumerate(FormFieldKind)]
    options = {f"field-a{place}-options": "Uno\nDos" for place in range(len(rows))}
    assert browser.post("/forms/nuevo", built(*rows, **options, name="Todas las clases")).status_code == 302
    saved = FormField.select().join(FormVersion).join(Form).where(Form.name == "Todas las clases")
    assert [one.kind for one in saved.order_by(FormField.position)] == list(FormFieldKind)
    assert len(FormFieldKind) == 12


@of("forms", "con respuestas")
def _form_answered(browser: Browser) -> None:
    form = FormAnswer.get().version.form_id
    is_deactivated(browser, f"/forms/{form}", "respuestas de forms")
    assert not Form.get_by_id(form).active
    assert notices(browser.get("/forms/"))[0].startswith("Desactivado")
