"""Lists edited in place: all rows or none, errors beside their cells, two people at one row, the order."""

from __future__ import annotations

import io
import re

import pytest
from flask import Flask
from web.browser import Browser, fields, notices, problems
from web.rows import LONG, everything
from werkzeug.test import TestResponse

from models import files
from models.tables import (
    AdditionalField,
    Agent,
    AgentGroup,
    Attachment,
    AuditEntry,
    CallCenter,
    CallCenterNumber,
    Company,
    Disposition,
    Form,
    FormVersion,
    IpRule,
    Printer,
)
from models.values.call import Role
from models.values.queue import OverflowTo

EDITED = ("agentes", "callcenters", "companias", "adicionales", "disposiciones", "grupos-de-agentes", "impresoras",
          "ips-click2dial", "adjuntos", "forms")  # fmt: skip
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 30


@pytest.fixture
def anybody(on_both: Flask) -> Browser:
    return Browser(on_both, Role.ADMINISTRATOR)


def said(answer: TestResponse, cell: str) -> list[str]:
    return problems(answer).get(cell, [])


@pytest.mark.parametrize("slug", EDITED)
def test_a_list_sent_back_as_it_is_changes_nothing(anybody: Browser, slug: str) -> None:
    """Every cell of every row is on the page and is read as it was written: none is lost, blanked or rounded."""
    IpRule.create(address="127.0.0.0", mask="255.0.0.0", network="127.0.0.0/8")
    Company.create(name=" «Ñandú» & Cía <b>", description="dos  espacios", address="a\tb")
    before = everything()
    answer = anybody.edit(f"/{slug}/")
    assert answer.status_code == 302
    assert everything() == before


def test_several_rows_with_one_button(anybody: Browser) -> None:
    answer = anybody.edit("/companias/?sort=name&desc=1", r1_name="Uno", r2_email="dos@correo.example", r3_phone="2222")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/companias/?sort=name&desc=1")
    assert Company.get_by_id(1).name == "Uno"
    assert Company.get_by_id(2).email == "dos@correo.example"
    assert Company.get_by_id(3).phone == "2222"
    assert sorted(entry.row_key for entry in AuditEntry.select()) == ["1", "2", "3"]
    assert any("3 filas guardadas:" in text and "Uno" in text for text in notices(anybody.get("/companias/")))


def test_all_or_none_and_each_error_beside_its_cell(anybody: Browser) -> None:
    before = everything()
    answer = anybody.edit("/companias/", r1_name="Bien", r2_email="mal", r3_name="", r4_name=LONG[:150])
    assert answer.status_code == 422
    assert "no es un correo" in said(answer, "r2-email")[0]
    assert "Hace falta" in said(answer, "r3-name")[0]
    assert "A lo sumo 100" in said(answer, "r4-name")[0]
    assert said(answer, "r1-name") == []
    assert everything() == before
    # What was typed is still there, and is saved once it is mended.
    page = answer.get_data(as_text=True)
    sent = fields(page, "data-rows")
    assert (sent["r1-name"], sent["r2-email"]) == ("Bien", "mal")
    mended = sent | {"r2-email": "bien@correo.example", "r3-name": "Tres", "r4-name": "Cuatro"}
    assert anybody.post("/companias/salvar", mended).status_code == 302
    assert [Company.get_by_id(key).name for key in (1, 3, 4)] == ["Bien", "Tres", "Cuatro"]


def test_a_row_that_somebody_else_changed(anybody: Browser) -> None:
    page = anybody.get("/companias/").get_data(as_text=True)
    Company.update(address="Cartago").where(Company.id == 1).execute()
    Company.update(address="Limón").where(Company.id == 2).execute()
    sent = fields(page, "data-rows") | {"r1-address": "Heredia", "r3-address": "Puntarenas"}
    answer = anybody.post("/companias/salvar", sent)
    assert answer.status_code == 422
    text = answer.get_data(as_text=True)
    assert text.count("Otra persona cambió esta fila") == 1
    assert "Ahora dice: Cartago" in text
    assert Company.get_by_id(3).address != "Puntarenas", "all or none"
    again = fields(text, "data-rows")
    assert anybody.post("/companias/salvar", again).status_code == 302
    assert [Company.get_by_id(key).address for key in (1, 2, 3)] == ["Heredia", "Limón", "Puntarenas"], (
        "the row that was not touched keeps what the other wrote"
    )


def test_a_row_that_is_gone(app: Flask) -> None:
    admin = Browser(app, Role.ADMINISTRATOR)
    gone = Company.create(name="Se va")
    page = admin.get("/companias/").get_data(as_text=True)
    gone.delete_instance()
    assert admin.post("/companias/salvar", fields(page, "data-rows")).status_code == 302
    before = everything()
    answer = admin.post("/companias/salvar", fields(page, "data-rows") | {f"r{gone.id}-name": "x", "r1-name": "y"})
    assert answer.status_code == 422
    assert "alguien la eliminó" in problems(answer)["form"][0]
    assert everything() == before


def test_a_name_that_another_row_gives_up(anybody: Browser) -> None:
    first, second = Company.get_by_id(1).name, Company.get_by_id(2).name
    assert anybody.edit("/companias/", r1_name=second, r2_name="Otra").status_code == 302
    assert [Company.get_by_id(key).name for key in (1, 2)] == [second, "Otra"]
    # Two rows cannot swap at once: both say why.
    answer = anybody.edit("/companias/", r1_name="Otra", r2_name=second)
    assert answer.status_code == 422
    assert "en uso" in said(answer, "r1-name")[0]
    assert "en uso" in said(answer, "r2-name")[0]
    assert first


def test_who_may_not_edit_gets_no_cells(app: Flask) -> None:
    for slug in EDITED:
        supervisor = Browser(app, Role.SUPERVISOR)
        page = supervisor.get(f"/{slug}/")
        text = page.get_data(as_text=True)
        assert "data-rows" not in text, slug
        assert not re.search(rf'href="/{slug}/\d+"', text), slug
        assert supervisor.post(f"/{slug}/salvar", {"rows": "1", "r1-name": "x"}).status_code == 403
    assert Browser(app, Role.ADMINISTRATOR).post("/historial-de-llamadas/salvar", {"rows": "1"}).status_code == 404


@pytest.mark.parametrize("rows", [[], ["x"], ["-1"], ["1" * 40], ["0"], ["999999"], ["1"] * 3, ["²"]])
def test_forged_rows(app: Flask, rows: list[str]) -> None:
    before = everything()
    answer = Browser(app, Role.ADMINISTRATOR).post("/companias/salvar", {"rows": rows, "r1-name": ""})
    assert answer.status_code in (302, 422)
    assert everything() == before


class TestSections:
    def test_agents(self, admin: Browser) -> None:
        answer = admin.edit("/agentes/", r3_name="Ana Nueva", r3_click2dial=None, r6_endpoint="8330888")
        text = answer.get_data(as_text=True)
        assert answer.status_code == 200
        assert "sip-secret" in text, "a new endpoint needs a new secret, shown once"
        assert (Agent.get_by_id(3).name, Agent.get_by_id(3).click2dial) == ("Ana Nueva", False)
        assert Agent.get_by_id(6).endpoint == "8330888"
        answer = admin.edit("/agentes/", r1_role="agent", r4_endpoint="abc")
        assert "último administrador" in said(answer, "r1-role")[0]
        assert "no es un endpoint" in said(answer, "r4-endpoint")[0]

    def test_two_new_secrets_are_both_shown(self, admin: Browser) -> None:
        Agent.update(phone_kind="sip").where(Agent.id == 5).execute()
        text = admin.edit("/agentes/", r5_endpoint="8330701", r6_endpoint="8330702").get_data(as_text=True)
        assert len(re.findall(r'<span id="sip-secret', text)) == 2
        assert "8330701" in text
        assert "8330702" in text

    def test_oneself_is_not_deactivated(self, admin: Browser) -> None:
        Agent.update(role=Role.ADMINISTRATOR).where(Agent.id == 2).execute()
        assert "a ti mismo" in said(admin.edit("/agentes/", r1_active=None), "r1-active")[0]
        assert Agent.get_by_id(1).active

    def test_call_centers(self, admin: Browser, data_dir: object) -> None:
        page = admin.get("/callcenters/").get_data(as_text=True)
        sent = fields(page, "data-rows")
        sent |= {"r1-numbers": "4777 4100\n4777 41XX", "r1-price": "12,5", "r1-currency": "usd"}
        sent |= {"r1-cost_unit": "hour", "r1-pop_up_url": "https://crm.example/{caller}"}
        sent |= {"r1-logo": (io.BytesIO(PNG), "../../logo.png")}
        agents = CallCenter.get_by_id(1).agents.count()
        answer = admin.post("/callcenters/salvar", sent)
        assert answer.status_code == 302, problems(answer)
        row = CallCenter.get_by_id(1)
        assert (str(row.price), row.currency, row.cost_unit) == ("12.5", "USD", "hour")
        assert [number.pattern for number in row.numbers] == ["4777 4100", "4777 41XX"]
        assert row.logo_mime == "image/png"
        assert row.agents.count() == agents, "what the list does not show stays"

    def test_call_centers_bad(self, admin: Browser) -> None:
        taken = CallCenterNumber.select().where(CallCenterNumber.call_center != 1).first()
        answer = admin.edit("/callcenters/", r1_numbers=taken.pattern, r2_price="-1", r2_currency="XXQ",
                            r1_pop_up_url="javascript:alert(1)")  # fmt: skip
        assert "ya lo atiende" in said(answer, "r1-numbers")[0]
        assert "negativo" in said(answer, "r2-price")[0]
        assert said(answer, "r2-currency")
        assert "Solo direcciones" in said(answer, "r1-pop_up_url")[0]

    def test_a_logo_that_is_a_program(self, admin: Browser) -> None:
        page = admin.get("/callcenters/").get_data(as_text=True)
        sent = fields(page, "data-rows") | {"r1-logo": (io.BytesIO(b"<svg onload=alert(1)>"), "logo.png")}
        answer = admin.post("/callcenters/salvar", sent)
        assert answer.status_code == 422
        assert "No es una imagen" in said(answer, "r1-logo")[0]

    def test_attachments(self, admin: Browser, data_dir: object) -> None:
        row = Attachment.get_by_id(1)
        page = admin.get("/adjuntos/").get_data(as_text=True)
        sent = fields(page, "data-rows")
        sent |= {"r1-file": (io.BytesIO(b"hola"), "x.txt"), "r1-description": "nuevo", "r1-private": "1"}
        assert admin.post("/adjuntos/salvar", sent).status_code == 302
        changed = Attachment.get_by_id(1)
        assert (changed.size, changed.description, changed.private) == (4, "nuevo", True)
        assert changed.filename == row.filename
        folder = data_dir
        assert files.path_of(folder, changed.sha256).read_bytes() == b"hola"  # type: ignore[arg-type]
        if not Attachment.select().where(Attachment.sha256 == row.sha256).exists():
            assert not files.path_of(folder, row.sha256).exists()  # type: ignore[arg-type]

    def test_additional_fields(self, admin: Browser) -> None:
        used = AdditionalField.get_by_id(1)
        answer = admin.edit("/adicionales/", r1_kind="date" if used.kind != "date" else "text")
        assert "el tipo no se puede cambiar" in said(answer, "r1-kind")[0]
        assert admin.edit("/adicionales/", r1_name="Otro nombre").status_code == 302
        assert AdditionalField.get_by_id(1).name == "Otro nombre"

    def test_the_rest(self, admin: Browser) -> None:
        assert admin.edit("/disposiciones/", r1_active=None, r2_action="do_not_call").status_code == 302
        assert (Disposition.get_by_id(1).active, Disposition.get_by_id(2).action) == (False, "do_not_call")
        assert admin.edit("/grupos-de-agentes/", r1_name="Mesa").status_code == 302
        group = AgentGroup.get_by_id(1)
        assert group.name == "Mesa"
        assert group.members.count() > 0
        assert admin.edit("/impresoras/", r1_margin_left="7", r1_letter="small").status_code == 302
        assert (Printer.get_by_id(1).margin_left, Printer.get_by_id(1).letter) == (7, "small")
        assert "entre 0 y 50" in said(admin.edit("/impresoras/", r1_margin_top="51"), "r1-margin_top")[0]
        versions = FormVersion.select().count()
        assert admin.edit("/forms/", r1_name="Avería", r1_active=None).status_code == 302
        assert (Form.get_by_id(1).name, Form.get_by_id(1).active) == ("Avería", False)
        assert FormVersion.select().count() == versions

    def test_ips_are_judged_together_and_confirmed(self, admin: Browser) -> None:
        IpRule.create(address="127.0.0.0", mask="255.0.0.0", network="127.0.0.0/8")
        IpRule.create(address="10.0.0.0", mask="255.0.0.0", network="10.0.0.0/8")
        # One goes away from where I sit, the other comes: together they hold me.
        assert admin.edit("/ips-click2dial/", r1_address="192.0.2.0", r2_address="127.0.0.0").status_code == 302
        assert [row.network for row in IpRule.select().order_by(IpRule.id)] == ["192.0.0.0/8", "127.0.0.0/8"]
        answer = admin.edit("/ips-click2dial/", r2_address="198.51.100.0", r2_mask="255.255.255.0")
        assert answer.status_code == 422
        text = answer.get_data(as_text=True)
        assert "un agente no podría trabajar" in text
        again = fields(text, "data-rows")
        assert "confirmed" not in again
        assert admin.post("/ips-click2dial/salvar", again | {"confirmed": "1"}).status_code == 302
        assert IpRule.get_by_id(2).network == "198.51.100.0/24"
        assert "tiene huecos" in said(admin.edit("/ips-click2dial/", r2_mask="255.0.255.0"), "r2-mask")[0]


class TestOrder:
    def ids(self) -> list[int]:
        return [row.id for row in AdditionalField.select().order_by(AdditionalField.position, AdditionalField.id)]

    def test_rows_as_they_were_sent(self, anybody: Browser) -> None:
        before = self.ids()
        wanted = [before[2], before[0], *before[3:], before[1]]
        assert anybody.edit("/adicionales/", rows=[str(key) for key in wanted]).status_code == 302
        assert self.ids() == wanted
        assert AuditEntry.select().order_by(AuditEntry.id.desc()).first().act == "order"
        assert [row.position for row in AdditionalField.select().order_by(AdditionalField.position)] == list(
            range(len(wanted))
        )

    def test_a_refused_row_keeps_the_old_order(self, admin: Browser) -> None:
        before = self.ids()
        rows = [str(key) for key in reversed(before)]
        answer = admin.edit("/adicionales/", rows=rows, **{f"r{before[0]}_name": ""})
        assert answer.status_code == 422
        assert self.ids() == before
        shown = re.findall(r'name="rows" value="(\d+)"', answer.get_data(as_text=True))
        assert shown == rows, "as it was sent"

    def test_only_where_all_rows_are_seen(self, admin: Browser) -> None:
        assert 'name="ordered"' in admin.get("/adicionales/").get_data(as_text=True)
        assert 'name="ordered"' not in admin.get("/adicionales/?sort=name").get_data(as_text=True)
        assert 'name="ordered"' not in admin.get("/adicionales/?q=a").get_data(as_text=True)
        assert 'name="ordered"' not in admin.get("/companias/").get_data(as_text=True)

    def test_one_made_meanwhile_comes_last(self, admin: Browser) -> None:
        before = self.ids()
        page = admin.get("/adicionales/").get_data(as_text=True)
        new = AdditionalField.create(name="Meanwhile", position=0)
        admin.post("/adicionales/salvar", fields(page, "data-rows") | {"rows": [str(key) for key in reversed(before)]})
        assert self.ids() == [*reversed(before), new.id]

    def test_dispositions_too(self, admin: Browser) -> None:
        keys = [row.id for row in Disposition.select().order_by(Disposition.position, Disposition.id)]
        admin.edit("/disposiciones/", rows=[str(key) for key in reversed(keys)])
        after = [row.id for row in Disposition.select().order_by(Disposition.position)]
        assert after == list(reversed(keys))


def test_what_the_cells_do_not_show_stays(anybody: Browser) -> None:
    """The queue of a call center is edited on its own page; the list leaves it as it is."""
    CallCenter.update(
        opening_hours="",
        closed_dates="2026-12-25",
        max_waiting=7,
        survey_enabled=True,
        full_to=OverflowTo.OUTSIDE,
        full_target="22223333",
    ).where(CallCenter.id == 1).execute()
    before = CallCenter.select().where(CallCenter.id == 1).dicts().get()
    assert anybody.edit("/callcenters/", r1_name="Otro nombre").status_code == 302
    after = CallCenter.select().where(CallCenter.id == 1).dicts().get()
    assert {name for name in before if before[name] != after[name]} == {"name", "name_key"}
    assert AuditEntry.select().order_by(AuditEntry.id.desc()).get().after == {"name": "Otro nombre"}
