"""What is done with contacts from their list: the five icons, campaigns, duplicates; searching and downloading."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest
from flask import Flask
from web.browser import Browser, notices
from web.played_engine import PlayedEngine
from web.test_contact_loads import contacts
from web.test_downloads import read
from web.test_lists import names, total

from admin import contact_pages
from models.tables import (
    AdditionalField,
    Agent,
    Call,
    Campaign,
    CampaignContact,
    Contact,
    ContactList,
    ContactListMember,
    ContactMerge,
    ContactValue,
    Disposition,
)
from models.tables.campaigns import CampaignState
from models.tables.contacts import DispositionAction
from models.values.call import Role


class TestRowActions:
    def test_five_icons(self, looking: Flask) -> None:
        page = Browser(looking, Role.ADMINISTRATOR).get("/contactos/?sort=name").get_data(as_text=True)
        row = Contact.select().where(Contact.phone_key.is_null(False)).order_by(Contact.search).first()
        cell = next(part for part in page.split('<td class="actions">')[1:] if f"/contactos/{row.id}/llamar" in part)
        cell = cell.split("</td>")[0]
        assert re.findall(r"#(\w+)\"", cell) == ["call", "info", "ticket", "history", "chat"]
        assert f'href="/contactos/{row.id}"' in cell
        assert f"contact_id={row.id}" in cell
        assert cell.count(" disabled ") == 0
        assert f'href="/tickets/nuevo?contact={row.id}"' in cell
        assert f'href="/mensajes/?contact={row.id}"' in cell

    @pytest.mark.parametrize(
        ("status", "body", "said"),
        [
            (202, {"call_id": "c2d-1"}, "contesta tu teléfono"),
            (404, {"error": "not_found"}, "todavía no sabe llamar"),
            (503, {"error": "switch_away"}, "La central no está lista"),
            (409, {"error": "not_logged_in"}, "No estás conectado"),
            (403, {"error": "something_new"}, "No se llamó: something_new"),
        ],
    )
    def test_call(self, make_app: object, status: int, body: dict[str, str], said: str) -> None:
        with PlayedEngine(answers={"/click2dial": (status, body)}) as engine:
            app = make_app(control_port=engine.port)  # type: ignore[operator]
            admin = Agent.get(Agent.email == "admin@centralita.example")
            Agent.update(endpoint="8330199").where(Agent.id == admin.id).execute()
            browser = Browser(app, Role.ADMINISTRATOR)
            row = Contact.get(Contact.phone_key.is_null(False))
            answer = browser.post(f"/contactos/{row.id}/llamar", {"back": "/contactos/?q=a&page=2"})
            assert answer.headers["Location"] == "/contactos/?q=a&page=2"
            assert any(said in text for text in notices(browser.get("/contactos/")))
            asked = next(one for one in engine.asked if one.path == "/click2dial")
            assert asked.body == {"agent": admin.id, "number": row.phone_key, "call_center": None, "contact": row.id}

    def test_nobody_is_called_while_the_engine_is_away(self, admin: Browser) -> None:
        Agent.update(endpoint="8330199").where(Agent.email == "admin@centralita.example").execute()
        row = Contact.get(Contact.phone_key.is_null(False))
        answer = admin.post(f"/contactos/{row.id}/llamar", {"back": "//evil.example"})
        assert answer.headers["Location"] == "/contactos/"
        assert "El motor no responde" in notices(admin.get("/contactos/"))[0]

    def test_without_a_phone(self, admin: Browser) -> None:
        row = Contact.create(name="Sin teléfono")
        admin.post(f"/contactos/{row.id}/llamar")
        assert "no tiene teléfono" in notices(admin.get("/contactos/"))[0]


class TestSearch:
    def test_every_part_of_a_contact(self, on_both: Flask) -> None:
        browser = Browser(on_both, Role.ADMINISTRATOR)
        field = AdditionalField.get(AdditionalField.name == "Cédula")
        row = Contact.create(name="Ñúñez Ibarrándola", phone="7133 9922", phone_key="+50671339922",
                             email="quirós@ejemplo.example", external_id="ZX-81")  # fmt: skip
        ContactValue(contact=row, field=field, value="1-0999-0777").save(force_insert=True)
        for typed in ("nunez", "BARRANDO", "71339922", "7133 9922", "%2B506713", "quiros@ejem", "zx-81", "0999-07",
                      "ibarr 0777 zx", "ñú", "9"):  # fmt: skip
            page = browser.get(f"/contactos/?q={typed}&size=200").get_data(as_text=True)
            assert "Ñúñez Ibarrándola" in names(page), typed
        for typed in ("nunezx", "ibarr 0778", "zx-82", "%25", "_unez"):
            assert "Ñúñez Ibarrándola" not in names(browser.get(f"/contactos/?q={typed}").get_data(as_text=True)), typed

    def test_a_value_that_changes_is_found_as_it_is(self, on_both: Flask) -> None:
        browser = Browser(on_both, Role.ADMINISTRATOR)
        field = AdditionalField.get(AdditionalField.name == "Cédula")
        row = Contact.create(name="Zutano")
        browser.fill(f"/contactos/{row.id}", **{f"extra_{field.id}": "cosa-primera"})
        assert names(browser.get("/contactos/?q=primera").get_data(as_text=True)) == ["Zutano"]
        browser.fill(f"/contactos/{row.id}", **{f"extra_{field.id}": "cosa-segunda"})
        assert names(browser.get("/contactos/?q=primera").get_data(as_text=True)) == []
        assert names(browser.get("/contactos/?q=segunda").get_data(as_text=True)) == ["Zutano"]
        browser.fill(f"/contactos/{row.id}", **{f"extra_{field.id}": ""})
        assert names(browser.get("/contactos/?q=segunda").get_data(as_text=True)) == []
        browser.post(f"/contactos/{row.id}/eliminar")
        assert names(browser.get("/contactos/?q=zutano").get_data(as_text=True)) == []

    def test_many_and_few_show_the_same(self, on_both: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        """Walked in order or collected and sorted: what a page shows does not depend on it."""
        browser = Browser(on_both, Role.ADMINISTRATOR)
        third = [row.id for row in Contact.select() if row.id % 3 == 0]
        Contact.update(last_activity_at=None).where(Contact.id.in_(third)).execute()
        queries = [
            "q=a", "q=a&page=2&size=25", "company=1", "list=1", "list=1&q=a", "activity=365", "activity=never",
            "q=xyzzy",
            "sort=name&size=25&page=2", "sort=name&desc=1&size=25&page=3", "sort=phone&q=a", "size=25&page=99",
            "disposition=1&company=2", "sort=last_activity_at",
        ]  # fmt: skip
        few = [self.shown(browser, query) for query in queries]
        monkeypatch.setattr(contact_pages, "FEW", 0)
        monkeypatch.setattr(contact_pages, "_DENSE", 0.0)
        assert [self.shown(browser, query) for query in queries] == few

    @staticmethod
    def shown(browser: Browser, query: str) -> list[str]:
        page = browser.get(f"/contactos/?{query}").get_data(as_text=True)
        return re.findall(r'href="/contactos/(\d+)" title', page)

    def test_more_than_can_be_turned_to(self, on_both: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        browser = Browser(on_both, Role.ADMINISTRATOR)
        monkeypatch.setattr(contact_pages, "FEW", 10)
        monkeypatch.setattr(contact_pages, "REACH", 40)
        monkeypatch.setattr(contact_pages, "_DENSE", 0.0)
        page = browser.get("/contactos/?q=a&size=25&page=9&sort=company").get_data(as_text=True)
        assert len(names(page)) == 15
        assert "26 a 40 de más de 40" in page
        assert "Son demasiados para ordenarlos así" in page
        assert "Se muestran los primeros 40" in page
        everything = len(read(browser, "/contactos/descargar.csv?q=a")) - 1
        assert everything == sum("a" in row.search or "a" in row.extra_search for row in Contact.select())


def test_download_as_a_spreadsheet(on_both: Flask) -> None:
    browser = Browser(on_both, Role.ADMINISTRATOR)
    Contact.create(name="=1+1", phone="+506 7100 0001", external_id="@SUM(A1)")
    for query in ("", "?company=1", "?sort=company&desc=1"):
        rows = read(browser, "/contactos/descargar.csv" + query)
        answer = browser.get("/contactos/descargar.xlsx" + query)
        sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
        found = [["" if cell.value is None else cell.value for cell in row] for row in sheet.rows]
        assert [[text.removeprefix("'") for text in row] for row in rows] == found
        assert {cell.data_type for row in sheet.rows for cell in row} <= {"s", "n"}  # never a formula
    assert len(rows) == Contact.select().count() + 1


class TestCampaign:
    def test_of_what_was_found(self, on_both: Flask) -> None:
        browser = Browser(on_both, Role.ADMINISTRATOR)
        never = Disposition.create(name="Nunca más", action=DispositionAction.DO_NOT_CALL)
        found = list(Contact.select().where(Contact.company == 1).order_by(Contact.id))
        Contact.update(disposition=never).where(Contact.id == found[0].id).execute()
        Contact.update(phone="", phone_key=None).where(Contact.id == found[1].id).execute()
        page = browser.get("/contactos/campania?company=1").get_data(as_text=True)
        assert f"<dd>{len(found)}</dd>" in page
        answer = browser.post("/contactos/campania?company=1", {"name": "De mayo"})
        campaign = Campaign.get(Campaign.name == "De mayo")
        assert answer.headers["Location"] == f"/contactos/?list={campaign.list_id}"
        called = [row.id for row in found[2:] if row.phone_key]
        places = list(CampaignContact.select().where(CampaignContact.campaign == campaign)
                      .order_by(CampaignContact.position))  # fmt: skip
        assert [one.contact_id for one in places] == called
        assert campaign.state is CampaignState.DRAFT
        assert {one.contact_id for one in campaign.list.members} == set(called)
        assert total(browser.get(f"/contactos/?list={campaign.list_id}").get_data(as_text=True)) == len(called)

    @pytest.mark.parametrize(("name", "said"), [("", "Hace falta"), ("x" * 101, "A lo sumo 100"),
                                                ("Clientes preferentes", "ya está en uso")])  # fmt: skip
    def test_refused(self, admin: Browser, name: str, said: str) -> None:
        lists = ContactList.select().count()
        answer = admin.post("/contactos/campania", {"name": name})
        assert answer.status_code == 422
        assert said in answer.get_data(as_text=True)
        assert (Campaign.select().count(), ContactList.select().count()) == (0, lists)


class TestDuplicates:
    def pair(self) -> tuple[Contact, Contact]:
        """Two with one phone: the kept one lacks what the other has."""
        kept = Contact.create(name="Zoila", phone="71009991", phone_key="+50671009991")
        other = Contact.create(name="Zoila Pérez", phone="7100-9991", phone_key="+50671009991", email="z@x.example",
                               company=1)  # fmt: skip
        field = AdditionalField.get(AdditionalField.name == "Cédula")
        ContactValue(contact=other, field=field, value="1-2").save(force_insert=True)
        ContactListMember.create(list=1, contact=other)
        some = [row.id for row in Call.select(Call.id).limit(3)]
        Call.update(contact=other).where(Call.id.in_(some)).execute()
        return kept, other

    def test_merged_and_parted(self, on_both: Flask) -> None:
        browser = Browser(on_both, Role.ADMINISTRATOR)
        kept, other = self.pair()
        before = contacts()
        calls = sorted((row.id, row.contact_id) for row in Call.select())
        assert "Zoila Pérez" in browser.get("/contactos/duplicados").get_data(as_text=True)
        answer = browser.post("/contactos/duplicados", {"one": [str(kept.id), str(other.id)], "keep": str(kept.id)})
        assert answer.status_code == 302
        row = Contact.get_by_id(kept.id)
        assert (row.name, row.phone, row.email, row.company_id) == ("Zoila", "71009991", "z@x.example", 1)
        assert Contact.get_or_none(Contact.id == other.id) is None
        assert Call.select().where(Call.contact == kept).count() == 3
        assert [one.list_id for one in row.lists] == [1]
        assert row.extra_search == "1-2"
        assert names(browser.get("/contactos/?q=z@x+1-2").get_data(as_text=True)) == ["Zoila"]

        browser.post("/contactos/uniones", {"merge": str(ContactMerge.get().id)})
        assert contacts() == before
        assert sorted((row.id, row.contact_id) for row in Call.select()) == calls
        assert browser.post("/contactos/uniones", {"merge": str(ContactMerge.get().id)}).status_code == 409

    def test_a_line_shared_by_a_family_stays(self, admin: Browser) -> None:
        kept, _other = self.pair()
        before = contacts()
        for sent in ({"keep": str(kept.id)}, {"one": [str(kept.id)], "keep": str(kept.id)},
                     {"one": [str(kept.id), "999999"], "keep": str(kept.id)}, {"one": "x", "keep": "y"}):  # fmt: skip
            assert admin.post("/contactos/duplicados", sent).status_code == 409
        assert contacts() == before
