"""The page of tickets: all of them for whoever sees to them; found, taken out, made, changed, talked about."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from flask import Flask
from switch.waiting import wait_until
from web.browser import Browser, fields, notices, problems
from web.played_engine import PlayedEngine
from web.promised import downloaded, listed
from web.rows import everything

from admin.installation import installation
from models import files
from models.tables import (
    Agent,
    AgentGroup,
    Attachment,
    AuditEntry,
    Call,
    CallCenter,
    Contact,
    Ticket,
    TicketFile,
    TicketMessage,
    TicketPriority,
    TicketState,
    now,
)
from models.values.call import Role

XSS = "<script>alert('1')</script> «ñandú»"


@pytest.fixture(params=[Role.ADMINISTRATOR, Role.SUPERVISOR])
def overseer(app: Flask, request: pytest.FixtureRequest) -> Browser:
    return Browser(app, request.param)


def some() -> dict[str, Ticket]:
    """Three of different kinds."""
    anna, group = Agent.get(Agent.role == "agent"), AgentGroup.select().first()
    contact = Contact.select().where(Contact.name != "").order_by(Contact.id).first()
    at = now()
    return {
        "late": Ticket.create(subject="Módem dañado", agent=anna, contact=contact, due_at=at - timedelta(hours=1)),
        "urgent": Ticket.create(
            subject=XSS, text="Dice «no»", group=group, priority=TicketPriority.URGENT, due_at=at + timedelta(days=40)
        ),
        "solved": Ticket.create(subject="Ya está", state=TicketState.SOLVED, due_at=at - timedelta(days=2)),
    }


def subjects(browser: Browser, **asked: str) -> list[str]:
    return listed(browser, "/tickets/", **asked).texts("Asunto")


def opened(browser: Browser, ticket: Ticket) -> str:
    answer = browser.get(f"/tickets/{ticket.id}")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


# ---------------------------------------------------------------- found and taken out
def test_all_are_found_on_both_databases(on_both: Flask) -> None:
    rows = some()
    browser = Browser(on_both, Role.SUPERVISOR)
    late, urgent, solved = "Módem dañado", XSS, "Ya está"
    assert subjects(browser) == [late, urgent, solved]
    page = browser.get("/tickets/").get_data(as_text=True)
    assert "<script>alert" not in page
    assert page.count('title="Vencido"') == 1
    agent, group = rows["late"].agent_id, rows["urgent"].group_id
    for asked, found in (
        ({"q": "danado modem"}, [late]),
        ({"state": "solved"}, [solved]),
        ({"priority": "urgent"}, [urgent]),
        ({"agent": str(agent)}, [late]),
        ({"agent": "0"}, [urgent, solved]),
        ({"group": str(group)}, [urgent]),
        ({"contact": rows["late"].contact.name.upper()}, [late]),
        ({"contact_id": str(rows["late"].contact_id)}, [late]),
        ({"overdue": "1"}, [late]),
        ({"due_from": f"{now():%Y-%m-%dT%H:%M}"}, [urgent]),
        ({"due_until": f"{now() - timedelta(days=1):%Y-%m-%dT%H:%M}"}, [solved]),
        ({"state": "x"}, []),
        ({"due_from": "x"}, []),
        ({"contact_id": "9" * 30}, []),
    ):
        assert subjects(browser, **asked) == found, asked
    for column in ("subject", "contact", "state", "priority", "agent", "group", "due_at", "updated_at"):
        up, down = subjects(browser, sort=column), subjects(browser, sort=column, desc="1")
        assert sorted(up) == sorted(down) == sorted([late, urgent, solved])
    assert subjects(browser, sort="priority")[0] == urgent
    TicketMessage.create(ticket=rows["late"], text="x")
    expected = (late, "Abierto", rows["late"].agent.name, "1")
    lines = downloaded(browser, "/tickets/", q="modem")
    assert [tuple(line[name] for name in ("Asunto", "Estado", "Agente", "Mensajes")) for line in lines] == [expected]
    book = openpyxl.load_workbook(io.BytesIO(browser.get("/tickets/descargar.xlsx?q=modem").data)).worksheets[0]
    heads, *values = ([cell.value for cell in line] for line in book.iter_rows())
    places = [heads.index(name) for name in ("Asunto", "Estado", "Agente", "Mensajes")]
    assert [tuple(str(line[place]) for place in places) for line in values] == [expected]
    acts = [entry.act for entry in AuditEntry.select().where(AuditEntry.section == "tickets")]
    assert acts == ["download", "download"]


def test_agents_have_no_such_page(app: Flask) -> None:
    browser, row = Browser(app, Role.AGENT), some()["late"]
    before = everything()
    for path in ("", "descargar.csv", "descargar.xlsx", "nuevo", str(row.id)):
        assert browser.get(f"/tickets/{path}").status_code == 403
    for path in (f"{row.id}", f"{row.id}/mensajes", f"{row.id}/adjuntar", f"{row.id}/quitar-adjunto"):
        assert browser.post(f"/tickets/{path}", {"subject": "x", "text": "x"}).status_code == 403
    assert everything() == before


# ---------------------------------------------------------------- made and changed
def test_a_ticket_is_made_and_changed(overseer: Browser) -> None:
    group = AgentGroup.select().first()
    contact = Contact.create(name="Íñigo Núñez", phone="88881234", phone_key="+50688881234", external_id="X-77")
    made = overseer.fill(
        "/tickets/nuevo", subject="Módem", text="Uno\r\ndos", group=str(group.id), priority="high",
        due_at="2030-03-04T15:30", contact="8888 1234",
    )  # fmt: skip
    row = Ticket.get(Ticket.subject == "Módem")
    assert made.headers["Location"] == f"/tickets/{row.id}"
    assert (row.text, row.group_id, row.priority, row.contact_id) == ("Uno\ndos", group.id, "high", contact.id)
    assert row.due_at.isoformat() == "2030-03-04T21:30:00+00:00", "as the clock is where the account is"
    shown = fields(opened(overseer, row))
    assert (shown["due_at"], shown["contact"]) == ("2030-03-04T15:30", f"Íñigo Núñez (#{contact.id})")
    Ticket.update(due_at=row.due_at + timedelta(seconds=7)).where(Ticket.id == row.id).execute()
    assert overseer.fill(f"/tickets/{row.id}", state="solved").status_code == 302
    saved = Ticket.get_by_id(row.id)
    assert saved.solved_at is not None
    assert (saved.contact_id, saved.due_at.second) == (contact.id, 7), "what nobody touched stays as it was"
    acts = [entry.act for entry in AuditEntry.select().where(AuditEntry.section == "tickets").order_by(AuditEntry.id)]
    assert acts == ["create", "edit"]
    page = Browser(overseer.app, Role.ADMINISTRATOR).get("/auditoria/?section=tickets")
    assert "Módem" in page.get_data(as_text=True)


def test_of_a_contact_and_of_a_call(app: Flask) -> None:
    admin = Browser(app, Role.ADMINISTRATOR)
    call = Call.select().where(Call.contact.is_null(False)).first()
    path = f"/tickets/nuevo?contact={call.contact_id}&call={call.id}"
    assert f"(#{call.contact_id})" in fields(admin.get(path).get_data(as_text=True))["contact"]
    assert admin.fill(path, subject="De una llamada").status_code == 302
    row = Ticket.get(Ticket.subject == "De una llamada")
    assert (row.contact_id, row.call_id) == (call.contact_id, call.id)
    assert "/historial-de-llamadas/" in opened(admin, row)
    for path in ("/tickets/nuevo?contact=x&call=y", "/tickets/nuevo?contact=99999999999999999999"):
        assert admin.get(path).status_code == 200
    assert admin.fill("/tickets/nuevo?call=no-hay", subject="x").status_code == 422


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"subject": " "}, "subject", "Hace falta"),
        ({"contact": "nadie así"}, "contact", "No existe"),
        ({"contact": "(#999999)"}, "contact", "No existe"),
        ({"contact": "Gemelo"}, "contact", "Hay varios"),
        ({"due_at": "mañana"}, "due_at", "no es una fecha"),
        ({"due_at": "9999-01-01T00:00"}, "due_at", "instante"),
        ({"agent": "9999"}, "agent", "No existe"),
        ({"state": "x"}, "state", "opciones"),
        ({"text": "x" * 20_001}, "text", "A lo sumo"),
    ],
)
def test_bad_input(app: Flask, changes: dict[str, str], field: str, said: str) -> None:
    for _ in range(2):
        Contact.create(name="Gemelo")
    admin = Browser(app, Role.ADMINISTRATOR)
    before = everything()
    answer = admin.fill("/tickets/nuevo", **({"subject": "x"} | changes))
    assert answer.status_code == 422
    assert any(said in text for text in problems(answer).get(field, [])), problems(answer)
    assert everything() == before


def test_two_people_at_one_ticket(app: Flask) -> None:
    row, admin = some()["late"], Browser(app, Role.ADMINISTRATOR)
    seen = fields(opened(admin, row))
    Ticket.update(text="de otra persona").where(Ticket.id == row.id).execute()
    answer = admin.post(f"/tickets/{row.id}", seen | {"text": "lo mío"})
    assert answer.status_code == 422
    assert "Otra persona cambió esto" in answer.get_data(as_text=True)
    assert Ticket.get_by_id(row.id).text == "de otra persona"
    # A message is no change of the ticket.
    seen = fields(opened(admin, row))
    admin.post(f"/tickets/{row.id}/mensajes", {"text": "hola", "internal": "1"})
    assert admin.post(f"/tickets/{row.id}", seen | {"text": "lo mío"}).status_code == 302


# ---------------------------------------------------------------- thread and papers
def test_the_thread(overseer: Browser) -> None:
    row = some()["late"]
    overseer.post(f"/tickets/{row.id}/mensajes", {"text": XSS, "internal": "0"})
    assert notices(overseer.get("/tickets/")) == ["Mensaje agregado."]
    page = opened(overseer, row)
    assert "<script>alert" not in page
    assert "Para el contacto" in page
    said = TicketMessage.get()
    assert (said.text, said.internal, said.author.role) == (XSS, False, Agent.get_by_id(said.author_id).role)
    refused = overseer.post(f"/tickets/{row.id}/mensajes", {"text": " \n ", "internal": "1"})
    assert refused.status_code == 422
    assert "Hace falta este dato." in refused.get_data(as_text=True)
    long = overseer.post(f"/tickets/{row.id}/mensajes", {"text": "y" * 20_001})
    assert "y" * 20_001 in long.get_data(as_text=True), "what was typed is not lost"
    assert TicketMessage.select().count() == 1


def test_papers(overseer: Browser, app: Flask) -> None:
    row = some()["late"]
    with app.app_context():
        data_dir = installation().settings.data_dir
    document = Attachment.select().where(~Attachment.private).first()
    sent = {"file": (io.BytesIO(b"%PDF-1.7 x"), "recibo.pdf"), "document": str(document.id)}
    overseer.post(f"/tickets/{row.id}/adjuntar", sent)
    kept = TicketFile.get()
    assert (kept.filename, kept.mime) == ("recibo.pdf", "application/pdf")
    page = opened(overseer, row)
    assert document.filename in page
    got = overseer.get(f"/desk/tickets/{row.id}/files/{kept.id}")
    assert got.data == b"%PDF-1.7 x"
    assert got.headers["Content-Disposition"].startswith("attachment")
    for sent, said in (
        ({}, "Elige un archivo"), ({"file": (io.BytesIO(b""), "a.txt")}, "vacío"), ({"document": "99999"}, "No existe"),
    ):  # fmt: skip
        overseer.post(f"/tickets/{row.id}/adjuntar", sent)
        assert said in notices(overseer.get("/tickets/"))[0]
    path = files.path_of(data_dir, str(kept.sha256))
    assert path.is_file()
    overseer.post(f"/tickets/{row.id}/quitar-adjunto", {"kind": "file", "key": str(kept.id)})
    overseer.post(f"/tickets/{row.id}/quitar-adjunto", {"kind": "document", "key": str(document.id)})
    assert not path.exists()
    assert "Nada adjunto." in opened(overseer, row)
    acts = [entry.act for entry in AuditEntry.select().where(AuditEntry.section == "tickets").order_by(AuditEntry.id)]
    assert acts == ["attach", "attach", "detach", "detach"]


def test_the_bytes_of_a_document_that_goes_stay_while_a_ticket_has_them(app: Flask) -> None:
    admin, row = Browser(app, Role.ADMINISTRATOR), some()["late"]
    with app.app_context():
        path = files.path_of(installation().settings.data_dir, files.store(installation().settings.data_dir, b"igual"))
    document = Attachment.create(filename="a.txt", mime="text/plain", size=5, sha256=path.name)
    TicketFile.create(ticket=row, filename="b.txt", mime="text/plain", size=5, sha256=path.name)
    assert admin.post(f"/adjuntos/{document.id}/eliminar").status_code == 302
    assert not Attachment.select().where(Attachment.id == document.id).exists()
    assert path.is_file()


# ---------------------------------------------------------------- told to the desks
def test_whom_it_concerns_hears_of_it(make_app: Any) -> None:
    with PlayedEngine(answers={"/news": (202, {}), "/reload": (200, {"generation": 1})}) as engine:
        app = make_app(control_port=engine.port)
        admin, row = Browser(app, Role.ADMINISTRATOR), some()["late"]
        me = Agent.get(Agent.email == "admin@centralita.example")
        before = row.agent_id
        other = Agent.select().where(Agent.role == "agent", Agent.id != before).first()
        assert admin.fill(f"/tickets/{row.id}", agent=str(other.id)).status_code == 302
        admin.post(f"/tickets/{row.id}/mensajes", {"text": "hola", "internal": "1"})
        wait_until(lambda: len(engine.asked) >= 2, 20)
        told = [asked.body for asked in engine.asked if asked.path == "/news"]
        assert told[0] == {
            "topic": "tickets", "agents": sorted([before, other.id]),
            "about": {"ticket": row.id, "what": "change", "by": me.id, "given": other.id},
        }  # fmt: skip
        assert (told[1]["agents"], told[1]["about"]["what"]) == ([other.id], "message")
        assert CallCenter.select().exists()
