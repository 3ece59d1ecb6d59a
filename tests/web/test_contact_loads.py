"""Carga Masiva over HTTP: upload, dry run, mapping, load, refused rows, undo; who may, and what goes wrong."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask import Flask
from web.browser import Browser
from werkzeug.test import TestResponse

from admin.bulk import files, task
from admin.installation import installation
from models.tables import (
    AdditionalField,
    Call,
    Company,
    Contact,
    ContactImport,
    ContactImportChange,
    ContactImportChunk,
    ContactList,
    ContactListMember,
    ContactValue,
    database,
)
from models.tables.imports import WORK, ImportState
from models.values.call import Role


def work(app: Flask) -> None:
    """Does what the process `jobs` would, here and now."""
    with app.app_context():
        data_dir = installation().settings.data_dir
    while (load := ContactImport.select().where(ContactImport.state.in_(WORK)).first()) is not None:
        task.step(database.obj, data_dir, load.id)


def upload(browser: Browser, content: bytes, name: str = "contactos.csv") -> ContactImport:
    """Sent and checked."""
    answer = browser.post("/contactos/carga", {"file": (io.BytesIO(content), name)})
    assert answer.status_code == 302, answer.get_data(as_text=True)[:2000]
    work(browser.app)
    return ContactImport.select().order_by(ContactImport.id.desc()).get()


def form_of(load: ContactImport, **changes: Any) -> dict[str, Any]:
    """What the page's form sends."""
    options = load.options
    sent = {f"column-{place}": part for place, part in enumerate(options["mapping"])}
    sent |= {"titles": "1" if options["titles"] else "", "duplicates": options["duplicates"], "action": "load"}
    return sent | changes


def load_all(browser: Browser, content: bytes, name: str = "contactos.csv", **changes: Any) -> ContactImport:
    load = upload(browser, content, name)
    assert load.state is ImportState.CHECKED, load.failure
    answer = browser.post(f"/contactos/carga/{load.id}", form_of(load, **changes))
    assert answer.status_code == 302, answer.get_data(as_text=True)
    work(browser.app)
    return ContactImport.get_by_id(load.id)


def counts(load: ContactImport) -> tuple[int, int, int, int]:
    return load.created, load.updated, load.skipped, load.refused


def contacts() -> dict[int, Any]:
    """Every contact with its values and lists, but for the moment of its making."""
    values: dict[int, list[Any]] = {}
    for row in ContactValue.select().order_by(ContactValue.contact, ContactValue.field):
        values.setdefault(row.contact_id, []).append((row.field_id, row.value, row.folded))
    lists: dict[int, list[int]] = {}
    for member in ContactListMember.select().order_by(ContactListMember.list):
        lists.setdefault(member.contact_id, []).append(member.list_id)
    columns = [field for field in Contact._meta.sorted_fields if field.name != "created_at"]
    return {
        row["id"]: (tuple(row.values()), values.get(row["id"]), lists.get(row["id"]))
        for row in Contact.select(*columns).dicts()
    }


CSV = (
    "Nombre;Teléfono;Email;Compañía;Provincia\r\n"
    "Ñusta Íñiguez;7100-0001;nusta@ejemplo.example;Café del Monte S.A.;Limón\r\n"
    '"Pérez, Zoé";7100-0002;;Nueva S.A.;"San José"\r\n'
    "Sin correo;7100-0003;no es correo;;\r\n"
    ";;;;Cartago\r\n"
    "Otra;7100-0001;;;Heredia\r\n"
)


def test_from_upload_to_undo(on_both: Flask) -> None:
    """All of it on both databases."""
    browser = Browser(on_both, Role.ADMINISTRATOR)
    before = contacts()
    load = upload(browser, CSV.encode("cp1252"))
    page = browser.get(f"/contactos/carga/{load.id}").get_data(as_text=True)
    for told in ("csv cp1252", "Ñusta Íñiguez", "no es un correo", "C4", "Hace falta el nombre o el teléfono",
                 "Nueva S.A.", "1 fila repite el teléfono"):  # fmt: skip
        assert told in page, told
    assert contacts() == before
    assert Company.get_or_none(Company.name == "Nueva S.A.") is None

    load = browser.post(f"/contactos/carga/{load.id}", form_of(load, list_name="De mayo")) and load
    work(on_both)
    load = ContactImport.get_by_id(load.id)
    assert (load.state, *counts(load)) == (ImportState.DONE, 2, 1, 0, 2)
    made = {row.phone: row for row in Contact.select().where(Contact.phone.startswith("7100-"))}
    assert set(made) == {"7100-0001", "7100-0002"}
    assert made["7100-0001"].name == "Otra"  # the later row changed what the earlier one made
    assert made["7100-0001"].email == "nusta@ejemplo.example"  # an empty cell changes nothing
    assert made["7100-0001"].company.name == "Café del Monte S.A."
    assert made["7100-0002"].name == "Pérez, Zoé"
    assert made["7100-0002"].company.name == "Nueva S.A."
    assert made["7100-0001"].extra_search == "heredia"
    listed = ContactList.get(ContactList.name == "De mayo")
    assert {row.contact_id for row in listed.members} == {row.id for row in made.values()}
    # The list finds them at once.
    found = browser.get("/contactos/?q=perez+zoe+san").get_data(as_text=True)
    assert "Pérez, Zoé" in found

    browser.post(f"/contactos/carga/{load.id}", {"action": "undo"})
    work(on_both)
    load = ContactImport.get_by_id(load.id)
    assert load.state is ImportState.UNDONE
    assert load.report["undone"] == {"deleted": 2, "restored": 1, "kept": 0}
    assert contacts() == before
    assert Company.get_or_none(Company.name == "Nueva S.A.") is None
    assert not ContactImportChange.select().exists()
    assert not ContactImportChunk.select().exists()


def test_refused_rows_come_back_with_the_reason(admin: Browser) -> None:
    load = load_all(admin, CSV.encode("utf-8-sig"))
    answer = admin.get(f"/contactos/carga/{load.id}/rechazadas.csv")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))
    assert rows[0] == ["Nombre", "Teléfono", "Email", "Compañía", "Provincia", "Motivo"]
    assert rows[1][:5] == ["Sin correo", "7100-0003", "no es correo", "", ""]
    assert rows[1][5] == "Email: «no es correo» no es un correo electrónico."
    assert rows[2] == ["", "", "", "", "Cartago", "Nombre: Hace falta el nombre o el teléfono."]
    book = openpyxl.load_workbook(io.BytesIO(admin.get(f"/contactos/carga/{load.id}/rechazadas.xlsx").data))
    assert [[cell.value or "" for cell in row] for row in book.active.rows] == rows
    # Mended and sent again, the file is what was refused and nothing else; the reason's column is left out.
    mended = answer.data.decode("utf-8-sig").replace("no es correo,", "bueno@ejemplo.example,")
    again = load_all(admin, mended.encode())
    assert counts(again) == (1, 0, 0, 1)


class TestDuplicates:
    def row(self) -> Contact:
        return Contact.select().where(Contact.phone_key.is_null(False)).order_by(Contact.id).first()

    def content(self) -> bytes:
        row = self.row()
        digits = re.sub(r"\D", "", row.phone)
        return f"nombre,telefono,provincia\nCambiado,{digits},Heredia\n".encode()

    def test_updated_and_back(self, admin: Browser) -> None:
        before = contacts()
        key = self.row().id
        load = load_all(admin, self.content(), list="1")
        assert counts(load) == (0, 1, 0, 0)
        row = Contact.get_by_id(key)
        assert (row.name, "cambiado" in row.search, "heredia" in row.extra_search) == ("Cambiado", True, True)
        assert len(contacts()) == len(before)
        admin.post(f"/contactos/carga/{load.id}", {"action": "undo"})
        work(admin.app)
        assert contacts() == before

    def test_skipped(self, admin: Browser) -> None:
        before = contacts()
        load = load_all(admin, self.content(), duplicates="skip")
        assert counts(load) == (0, 0, 1, 0)
        assert contacts() == before

    def test_another(self, admin: Browser) -> None:
        before = contacts()
        load = load_all(admin, self.content(), duplicates="create")
        assert counts(load) == (1, 0, 0, 0)
        assert len(contacts()) == len(before) + 1

    def test_what_somebody_changed_since_stays(self, admin: Browser) -> None:
        row = self.row()
        phone = row.phone
        load = load_all(admin, self.content())
        admin.fill(f"/contactos/{row.id}", name="A mano")
        admin.post(f"/contactos/carga/{load.id}", {"action": "undo"})
        work(admin.app)
        after = Contact.get_by_id(row.id)
        assert (after.name, after.phone) == ("A mano", phone)

    def test_one_that_was_called_since_stays(self, admin: Browser) -> None:
        load = load_all(admin, b"nombre,telefono\nUno,71009991\nDos,71009992\n")
        made = Contact.get(Contact.phone == "71009991")
        Call.update(contact=made).where(Call.id == Call.select(Call.id).limit(1)).execute()
        admin.post(f"/contactos/carga/{load.id}", {"action": "undo"})
        work(admin.app)
        assert ContactImport.get_by_id(load.id).report["undone"] == {"deleted": 1, "restored": 0, "kept": 1}
        assert "ya tiene llamadas" in admin.get(f"/contactos/carga/{load.id}").get_data(as_text=True)
        assert Contact.get_or_none(Contact.id == made.id) is not None

    def test_an_id_that_was_given_again_is_not_the_loads(self, admin: Browser) -> None:
        load = load_all(admin, b"nombre,telefono\nUno,71009991\n")
        made = Contact.get(Contact.phone == "71009991")
        admin.post(f"/contactos/{made.id}/eliminar")
        other = Contact.create(id=made.id, name="Otro")
        admin.post(f"/contactos/carga/{load.id}", {"action": "undo"})
        work(admin.app)
        assert Contact.get_by_id(other.id).name == "Otro"


class TestMapping:
    def test_chosen_by_hand(self, admin: Browser) -> None:
        load = upload(admin, b"x,y,z\nUno,71009991,a\n")
        assert load.options["mapping"] == ["", "", ""]
        answer = admin.post(f"/contactos/carga/{load.id}", form_of(load, action="load"))
        assert answer.status_code == 409
        assert "No hay ninguna fila" in answer.get_data(as_text=True)
        chosen = {"column-0": "name", "column-1": "phone", "column-2": "phone"}
        admin.post(f"/contactos/carga/{load.id}", form_of(load, action="load", **chosen))
        load = ContactImport.get_by_id(load.id)
        assert load.state is ImportState.READING  # another mapping is checked before it is loaded
        work(admin.app)
        load = ContactImport.get_by_id(load.id)
        assert load.options["mapping"] == ["name", "phone", ""]
        admin.post(f"/contactos/carga/{load.id}", form_of(load))
        work(admin.app)
        assert Contact.get(Contact.phone == "71009991").name == "Uno"

    def test_without_titles(self, admin: Browser) -> None:
        load = upload(admin, b"Uno,71009991\nDos,71009992\n")
        admin.post(f"/contactos/carga/{load.id}",
                   form_of(load, action="check", titles="", **{"column-0": "name", "column-1": "phone"}))  # fmt: skip
        work(admin.app)
        load = ContactImport.get_by_id(load.id)
        assert load.report["counts"] == {"rows": 2, "created": 2}

    def test_a_required_field(self, admin: Browser) -> None:
        AdditionalField.update(required=True).where(AdditionalField.name == "Provincia").execute()
        load = load_all(admin, b"nombre,telefono,provincia\nUno,71009991,Limon\nDos,71009992,\n")
        assert counts(load) == (1, 0, 0, 1)

    def test_list_and_kinds(self, admin: Browser) -> None:
        options = AdditionalField.create(name="Talla", kind="list", options=["S", "M"])
        day = AdditionalField.create(name="Alta", kind="date")
        agreed = AdditionalField.create(name="Acepta", kind="yes_no")
        content = "nombre,Talla,Alta,Acepta\nUno,M,31/01/2026,si\nDos,XL,2026-01-31,no\nTres,S,31/31/2026,x\n"
        load = load_all(admin, content.encode())
        assert counts(load) == (1, 0, 0, 2)
        row = Contact.get(Contact.name == "Uno")
        values = {value.field_id: value.value for value in row.values}
        assert values == {options.id: "M", day.id: "2026-01-31", agreed.id: "sí"}


def test_the_template_has_the_accounts_columns_and_loads_as_it_is(admin: Browser) -> None:
    book = openpyxl.load_workbook(io.BytesIO(admin.get("/contactos/carga/machote.xlsx").data))
    sheet = book.active
    titles = [cell.value for cell in sheet[1]]
    own = [row.name for row in AdditionalField.select().order_by(AdditionalField.position, AdditionalField.id)]
    assert titles[:2] == ["Nombre", "Teléfono"]
    assert [title.removesuffix(" *") for title in titles[7:]] == own
    sheet.append(["Por machote", "71009991"])
    buffer = io.BytesIO()
    book.save(buffer)
    load = load_all(admin, buffer.getvalue(), "machote.xlsx")
    assert all(load.options["mapping"])
    assert counts(load) == (1, 0, 0, 0)


class TestStates:
    def test_a_button_pressed_twice(self, admin: Browser) -> None:
        load = upload(admin, b"nombre\nUno\n")
        assert admin.post(f"/contactos/carga/{load.id}", form_of(load)).status_code == 302
        assert admin.post(f"/contactos/carga/{load.id}", form_of(load)).status_code == 409
        assert admin.post(f"/contactos/carga/{load.id}", {"action": "undo"}).status_code == 409
        work(admin.app)
        assert counts(ContactImport.get_by_id(load.id)) == (1, 0, 0, 0)

    def test_progress(self, admin: Browser) -> None:
        load = upload(admin, b"nombre\nUno\n")
        told = admin.get(f"/contactos/carga/{load.id}/estado").get_json()
        assert (told["state"], told["busy"], told["alive"]) == ("checked", False, False)
        admin.post(f"/contactos/carga/{load.id}", form_of(load))
        page = admin.get(f"/contactos/carga/{load.id}").get_data(as_text=True)
        assert "no está en marcha" in page
        assert "<progress" in page

    def test_discarded(self, admin: Browser, data_dir: Path) -> None:
        load = upload(admin, b"nombre\nUno\n")
        folder = files.folder_of(data_dir, load.stored)
        assert folder.is_dir()
        admin.post(f"/contactos/carga/{load.id}", {"action": "discard"})
        assert not folder.exists()
        assert admin.get(f"/contactos/carga/{load.id}").status_code == 404

    def test_killed_between_two_chunks_it_goes_on(self, admin: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
        from admin.bulk import loading

        monkeypatch.setattr(loading, "CHUNK", 3)
        content = "nombre,telefono\n" + "".join(f"N{n},7100{n:04}\n" for n in range(10)) + "malo,xx\n"
        load = upload(admin, content.encode())
        admin.post(f"/contactos/carga/{load.id}", form_of(load))
        write, calls = loading._write, []

        def dies(*parts: Any) -> None:
            calls.append(1)
            if len(calls) == 3:
                raise KeyboardInterrupt
            write(*parts)

        monkeypatch.setattr(loading, "_write", dies)
        with pytest.raises(KeyboardInterrupt):
            work(admin.app)
        half = ContactImport.get_by_id(load.id)
        assert (half.state, half.rows_done, half.created) == (ImportState.RUNNING, 6, 6)
        work(admin.app)
        load = ContactImport.get_by_id(load.id)
        assert (load.state, *counts(load)) == (ImportState.DONE, 10, 0, 0, 1)
        assert Contact.select().where(Contact.phone.startswith("7100")).count() == 10

    def test_a_failure_half_way_leaves_nothing(self, admin: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
        from admin.bulk import loading

        monkeypatch.setattr(loading, "CHUNK", 3)
        before = contacts()
        content = "nombre,telefono\n" + "".join(f"N{n},7100{n:04}\n" for n in range(10))
        load = upload(admin, content.encode())
        admin.post(f"/contactos/carga/{load.id}", form_of(load))
        write = loading._write

        def fails(*parts: Any) -> None:
            if parts[2] == 2:
                raise RuntimeError("disk full")
            write(*parts)

        monkeypatch.setattr(loading, "_write", fails)
        work(admin.app)
        load = ContactImport.get_by_id(load.id)
        assert load.state is ImportState.FAILED
        assert contacts() == before
        page = admin.get(f"/contactos/carga/{load.id}").get_data(as_text=True)
        assert "La carga falló y se deshizo entera" in page
        assert "No quedó nada cargado" in page


class TestWhoMay:
    @pytest.mark.parametrize("path", ["/contactos/carga", "/contactos/carga/machote.xlsx", "/contactos/carga/1"])
    def test_not_an_agent(self, looking: Flask, path: str) -> None:
        assert Browser(looking, Role.AGENT).get(path).status_code == 403
        assert Browser(looking).get(path).status_code == 302

    def test_no_file(self, admin: Browser) -> None:
        answer = admin.post("/contactos/carga", {})
        assert answer.status_code == 422
        assert "Elige un archivo" in answer.get_data(as_text=True)

    def test_without_the_token(self, admin: Browser) -> None:
        answer = admin.post("/contactos/carga", {"file": (io.BytesIO(b"nombre\nUno\n"), "x.csv")}, token="")
        assert answer.status_code == 400
        assert not ContactImport.select().exists()

    def test_larger_than_other_forms_may_be(self, admin: Browser) -> None:
        content = b"nombre\n" + b"x" * 50 + b"\n" * (20 << 20)
        assert _sent(admin, content).status_code == 302
        agent = Browser(admin.app, Role.AGENT)
        assert _sent(agent, content).status_code in (403, 413)

    def test_a_name_with_a_path(self, admin: Browser, data_dir: Path) -> None:
        load = upload(admin, b"nombre\nUno\n", "../../../etc/<script>alert(1)</script>.csv")
        assert load.file_name == "script>.csv"
        assert files.folder_of(data_dir, load.stored).parent == data_dir / "imports"
        assert "<script>alert" not in admin.get(f"/contactos/carga/{load.id}").get_data(as_text=True)

    def test_scripts_in_cells(self, admin: Browser) -> None:
        load = upload(admin, b"nombre,<script>alert(2)</script>,telefono\n<script>alert(1)</script>,x,<b>\n")
        assert "<script>alert" not in admin.get(f"/contactos/carga/{load.id}").get_data(as_text=True)


def _sent(browser: Browser, content: bytes) -> TestResponse:
    return browser.post("/contactos/carga", {"file": (io.BytesIO(content), "x.csv")})
