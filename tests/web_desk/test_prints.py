"""The desk's prints: *Salvar* prints a result once, that of a call in progress when it is over; one's own are shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from peewee import Database
from switch.waiting import wait_until

from admin.printing.asking import enqueue_form_answer
from admin.printing.worker import PrintWorker
from models import db, print_jobs
from models.tables import (
    Account,
    Agent,
    AuditEntry,
    CallCenter,
    Company,
    Contact,
    Disposition,
    Form,
    FormAnswer,
    FormField,
    FormVersion,
    Printer,
    PrintJob,
    PrintKind,
    PrintState,
)
from models.tables.forms import FormFieldKind
from models.tables.paper import PrinterKind
from models.values.call import Outcome
from models.values.slip import Paper, Slip, lines_of

LogIn = Callable[..., Any]
Record = Callable[..., None]
NONCE = "0123456789abcdef"


@pytest.fixture
def kitchen(database: Database) -> Printer:
    return Printer.create(name="Cocina", kind=PrinterKind.FILE, queue="cocina")


@pytest.fixture
def center(kitchen: Printer) -> CallCenter:
    return CallCenter.create(name="Pedidos", print_result=True, printer=kitchen)


def text_of(job: PrintJob) -> str:
    return "\n".join(line.text for line in lines_of(Slip.from_json(job.slip), Paper()))


def prints(browser: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = browser.get("/desk/prints").json["jobs"]
    return found


def test_saved_twice_it_is_printed_once(log_in: LogIn, record: Record, database: Any, center: CallCenter) -> None:
    """With all that is known of the call then, the forms that were filled in too."""
    company = Company.create(name="Ferretería El Ñato")
    contact = Contact.create(name="Íñigo Muñoz", phone="88881234", phone_key="+50688881234", company=company)
    order = Disposition.create(name="Pedido")
    version = FormVersion.create(form=Form.create(name="Pedido a domicilio"), number=1)
    fields = (
        ("head", "La comida", FormFieldKind.HEADING),
        ("what", "Qué", FormFieldKind.TEXT),
        ("no", "Salsa", FormFieldKind.TEXT),
    )
    for place, (name, label, kind) in enumerate(fields):
        FormField.create(version=version, position=place, name=name, label=label, kind=kind)
    filled = {"what": "Casado ¿con ensalada?", "no": ""}
    FormAnswer.create(version=version, call_id="c-1", contact=contact, answers=filled)
    record("c-1", "Ana", contact_id=contact.id, call_center_id=center.id, call_center_name="Pedidos",
           answered_at=1_764_000_005_000, ended_at=1_764_000_065_000, talk_ms=60_000, rate_currency="CRC",
           cost=Decimal("1500"))  # fmt: skip
    ana = log_in("Ana")
    assert ana.save("c-1", disposition=str(order.id), comment="Sin cebolla.\nPortón verde").status_code == 200
    assert ana.save("c-1", comment="Otra cosa").status_code == 200
    job = PrintJob.get()
    assert PrintJob.select().count() == 1
    assert (job.kind, job.subject, job.state, job.printer.name, job.asked_by.name) == (
        PrintKind.CALL_RESULT, "c-1", PrintState.QUEUED, "Cocina", "Ana",
    )  # fmt: skip
    text = text_of(job)
    for said in (
        "Pedidos", "Contacto: Íñigo Muñoz", "Teléfono: 8888 1234", "Compañía: Ferretería El Ñato", "Agente: Ana",
        "Duración: 1:00", "Costo: ₡1", "Disposición: Pedido", "Sin cebolla.", "Portón verde", "Pedido a domicilio",
        "LA COMIDA", "Qué: Casado ¿con ensalada?",
    ):  # fmt: skip
        assert said in text, text
    assert "Otra cosa" not in text
    assert "Salsa" not in text
    (shown,) = prints(ana)
    assert (shown["title"], shown["printer"], shown["state"]) == ("Pedidos", "Cocina", "En cola")
    # By hand, as it is now; the same click twice is one print.
    for _click in range(2):
        assert ana.post("/desk/prints/calls/c-1", json={"nonce": NONCE}).status_code == 200
    assert PrintJob.select().count() == 2
    assert "Otra cosa" in text_of(PrintJob.select().order_by(PrintJob.id.desc()).get())
    assert AuditEntry.select().where(AuditEntry.act == "print").count() == 2


def test_a_call_center_that_prints_nothing(log_in: LogIn, record: Record, database: Any, center: CallCenter) -> None:
    CallCenter.update(print_result=False).execute()
    record("c-1", "Ana", call_center_id=center.id)
    record("c-2", "Ana")
    ana = log_in("Ana")
    for call_id in ("c-1", "c-2"):
        assert ana.save(call_id, comment="algo").status_code == 200
    assert prints(ana) == []
    # What was refused prints nothing either.
    CallCenter.update(print_result=True).execute()
    assert ana.save("c-1", email="no es correo").status_code == 422
    assert PrintJob.select().count() == 0


def test_saved_during_the_call(
    log_in: LogIn, record: Record, database: Any, center: CallCenter, tmp_path: Path
) -> None:
    """It is composed and printed when the call is over, by `jobs`, with no page open."""
    record("c-1", "Ana", outcome=Outcome.IN_PROGRESS, answered_at=1_764_000_005_000, call_center_id=center.id)
    ana = log_in("Ana")
    assert ana.save("c-1", comment="durante la llamada ñ").status_code == 200
    assert [one["state"] for one in prints(ana)] == ["Espera el fin de la llamada"]
    assert ana.post("/desk/prints/calls/c-1", json={"nonce": NONCE}).status_code == 409
    behind = print_jobs.enqueue(PrintKind.TEST, "1", "t", Slip("Prueba", "", []), center.printer, None)
    worker = PrintWorker(database, tmp_path)
    worker.start()
    try:
        wait_until(lambda: PrintJob.get_by_id(behind.id).state is PrintState.PRINTED, 30, "others need not wait")
        record("c-1", "Ana", answered_at=1_764_000_005_000, ended_at=1_764_000_125_000, talk_ms=120_000,
               call_center_id=center.id)  # fmt: skip
        job = PrintJob.get(PrintJob.key == "call_result.c-1")
        wait_until(lambda: PrintJob.get_by_id(job.id).state is PrintState.PRINTED, 30, "it is printed")
    finally:
        worker.stop(20)
    text = text_of(PrintJob.get_by_id(job.id))
    assert "Duración: 2:00" in text
    assert "durante la llamada ñ" in text


def test_the_language_of_the_paper_is_the_accounts(
    log_in: LogIn, record: Record, database: Any, center: CallCenter, tmp_path: Path
) -> None:
    Account.update(language="en").execute()
    Agent.update(language="es").execute()
    record("c-1", "Ana", call_center_id=center.id, ended_at=1_764_000_065_000)
    record("c-2", "Ana", call_center_id=center.id, outcome=Outcome.IN_PROGRESS)
    ana = log_in("Ana")
    for call_id in ("c-1", "c-2"):
        assert ana.save(call_id, comment="x").status_code == 200
    record("c-2", "Ana", call_center_id=center.id, ended_at=1_764_000_065_000)
    worker = PrintWorker(database, tmp_path)
    worker.start()
    try:
        wait_until(lambda: not print_jobs.waiting_for_content(), 30, "it is composed")
    finally:
        worker.stop(20)
    assert all("Agent: Ana" in text_of(job) and "Comment: x" in text_of(job) for job in PrintJob.select())


def test_each_sees_and_decides_about_their_own(
    log_in: LogIn, record: Record, database: Any, center: CallCenter
) -> None:
    record("c-1", "Ana", call_center_id=center.id, ended_at=1_764_000_065_000)
    ana, beto = log_in("Ana"), log_in("Beto")
    ana.save("c-1", comment="x")
    job = PrintJob.get()
    assert prints(beto) == []
    assert beto.post(f"/desk/prints/{job.id}/cancelar", json={"turn": job.turn}).status_code == 404
    assert beto.get(f"/desk/prints/{job.id}/sheet").status_code == 404
    assert beto.post("/desk/prints/calls/c-1", json={"nonce": NONCE}).status_code == 403
    assert ana.post("/desk/prints/calls/c-1", json={"nonce": "../x"}).status_code == 400
    assert ana.post(f"/desk/prints/{job.id}/nada", json={"turn": 0}).status_code == 404
    assert ana.post(f"/desk/prints/{job.id}/cancelar", json={"turn": job.turn + 1}).status_code == 409
    assert ana.post(f"/desk/prints/{job.id}/cancelar", json={"turn": "x"}).status_code == 409
    assert PrintJob.get().state is PrintState.QUEUED
    answer = ana.post(f"/desk/prints/{job.id}/cancelar", json={"turn": job.turn})
    assert answer.json["job"]["state"] == "Cancelada"
    assert prints(ana) == []
    assert ana.client.post(f"/desk/prints/{job.id}/reintentar", json={"turn": 1}).status_code == 400, "no token"
    assert AuditEntry.get(AuditEntry.section == "print_jobs").act == "cancel"


def test_in_the_agents_browser(log_in: LogIn, record: Record, database: Any, center: CallCenter) -> None:
    """Without a printer it is the browser of who saved: opened once, and printed when they say so."""
    CallCenter.update(printer=None).execute()
    record("c-1", "Ana", call_center_id=center.id, ended_at=1_764_000_065_000)
    ana = log_in("Ana")
    ana.save("c-1", comment="<script>ñ</script>")
    (shown,) = prints(ana)
    assert [one["act"] for one in shown["acts"]] == ["abrir", "cancelar"]
    opened = ana.post(f"/desk/prints/{shown['id']}/abrir", json={"turn": shown["turn"]})
    assert opened.status_code == 200
    assert ana.post(f"/desk/prints/{shown['id']}/abrir", json={"turn": shown["turn"]}).status_code == 409
    page = ana.get(opened.json["job"]["sheet"]).get_data(as_text=True)
    assert "&lt;script&gt;ñ&lt;/script&gt;" in page
    assert 'width="80mm"' in page
    style = ana.get(f"/desk/prints/{shown['id']}/sheet.css")
    assert style.mimetype == "text/css"
    assert "size: 80mm" in style.get_data(as_text=True)
    # The sheet's own button is a form.
    token = ana.get("/desk/csrf").json["csrf"]
    turn = PrintJob.get().turn
    sent = ana.client.post(f"/desk/prints/{shown['id']}/impresa", data={"csrf_token": token, "turn": turn})
    assert sent.status_code == 302
    assert PrintJob.get().state is PrintState.PRINTED


def test_what_failed_or_may_not_have_come_out(log_in: LogIn, database: Any, kitchen: Printer) -> None:
    ana = Agent.get(Agent.name == "Ana")
    for key, state, problem in (("a", PrintState.FAILED, "paper_out"), ("b", PrintState.UNSURE, "cut")):
        print_jobs.enqueue(PrintKind.TEST, "1", key, Slip(key, "", []), kitchen, ana)
        PrintJob.update(state=state, problem=problem).where(PrintJob.key == key).execute()
    desk = log_in("Ana")
    failed, unsure = prints(desk)
    assert (failed["state"], failed["reason"], failed["tone"]) == ("No se imprimió", "Sin papel.", "bad")
    assert [one["words"] for one in failed["acts"]] == ["Reintentar", "Cancelar"]
    assert unsure["state"] == "No se sabe si salió"
    assert [one["words"] for one in unsure["acts"]] == ["Sí salió", "Imprimir otra vez"]
    assert desk.post(f"/desk/prints/{failed['id']}/reintentar", json={"turn": failed["turn"]}).status_code == 200
    assert desk.post(f"/desk/prints/{unsure['id']}/salio", json={"turn": unsure["turn"]}).status_code == 200
    assert {job.state for job in PrintJob.select()} == {PrintState.QUEUED, PrintState.PRINTED}


def test_an_answer_prints_where_its_form_says(database: Database, log_in: LogIn, kitchen: Printer) -> None:
    """In the transaction of who saves it: what is rolled back prints nothing."""
    form = Form.create(name="Avería", printer=kitchen)
    version = FormVersion.create(form=form, number=1)
    FormField.create(version=version, position=0, name="what", label="Qué pasa", kind=FormFieldKind.LONG_TEXT)
    with log_in("Ana").client.application.app_context():
        with db.transaction(database) as _nothing, database.atomic() as inner:
            enqueue_form_answer(FormAnswer.create(version=version, agent=1, answers={"what": "x"}))
            inner.rollback()
        assert PrintJob.select().count() == 0
        for _time in range(2):
            with db.transaction(database):
                answer = FormAnswer.get_or_none() or FormAnswer.create(
                    version=version, agent=1, answers={"what": "No enciende.\nHuele a quemado"}
                )
                job = enqueue_form_answer(answer)
        assert job is not None
        assert PrintJob.select().count() == 1
        text = text_of(job)
        assert "Avería" in text
        assert "Qué pasa:\nNo enciende.\nHuele a quemado" in text
        Form.update(printer=None).execute()
        unprinted = FormAnswer.create(version=FormVersion.get(), answers={})
        assert enqueue_form_answer(unprinted) is None
    assert json.loads(json.dumps(job.slip)) == job.slip
