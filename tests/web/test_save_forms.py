"""Forms and Impresoras: versions, fields, printers."""

from __future__ import annotations

from typing import Any

import pytest
from web.browser import Browser, fields, problems
from web.rows import LONG, everything, refused

from models import tables
from models.tables import (
    CallCenterForm,
    Form,
    FormField,
    FormVersion,
    Printer,
)


class TestForms:
    def rows(self, *rows: dict[str, str]) -> dict[str, Any]:
        sent: dict[str, Any] = {"name": "Encuesta", "active": "1", "field-row": [str(n) for n in range(len(rows))]}
        for number, row in enumerate(rows):
            sent |= {f"field-{number}-{name}": value for name, value in ({"kind": "text"} | row).items()}
        return sent

    def test_create(self, admin: Browser) -> None:
        sent = self.rows(
            {"label": "¿Volvería?", "kind": "yes_no", "required": "1"},
            {"label": "", "kind": "text"},
            {"label": "¿Por qué?", "kind": "long_text", "condition_field": "volveria", "condition_equals": "no"},
            {"label": "Color", "kind": "list", "options": "Rojo\nVerde"},
        ) | {"call_centers-shown": "1", "call_centers": "1", "printer": "2"}
        assert admin.post("/forms/nuevo", sent).status_code == 302
        row = Form.get(Form.name == "Encuesta")
        assert row.printer_id == 2
        made = list(FormField.select().join(FormVersion).where(FormVersion.form == row).order_by(FormField.position))
        assert [(one.name, one.kind.value, one.required) for one in made] == [
            ("volveria", "yes_no", True),
            ("por_que", "long_text", False),
            ("color", "list", False),
        ]
        assert made[1].condition == {"field": "volveria", "equals": "no"}
        assert made[2].options == ["Rojo", "Verde"]
        assert CallCenterForm.select().where(CallCenterForm.form == row).count() == 1

    @pytest.mark.parametrize(
        ("rows", "said"),
        [
            ([{"label": "A", "kind": "list", "options": ""}], "Hace falta"),
            ([{"label": "", "help": "algo"}], "Hace falta"),
            ([{"label": "A", "kind": "blob"}], "no es una de las opciones"),
            ([{"label": LONG}], "A lo sumo 200"),
            ([{"label": "A", "condition_field": "later", "condition_equals": "x"}, {"label": "later"}], "No existe"),
            ([{"label": "A"}, {"label": "B", "condition_field": "a", "condition_equals": ""}], "Hace falta"),
        ],
    )
    def test_bad_fields(self, admin: Browser, rows: list[dict[str, str]], said: str) -> None:
        before = everything()
        answer = admin.post("/forms/nuevo", self.rows(*rows))
        assert answer.status_code == 422
        assert any(said in text for text in problems(answer)[""]), problems(answer)
        assert everything() == before

    def test_bad_name(self, admin: Browser) -> None:
        refused(admin, "/forms/1", "name", "en uso", name="CITA")
        refused(admin, "/forms/1", "printer", "No existe", printer="99")

    def test_the_same_fields_are_no_new_version(self, admin: Browser) -> None:
        for form in Form.select():
            before = list(FormVersion.select().where(FormVersion.form == form).tuples())
            fresh_name = f"{form.name} 2"
            assert admin.fill(f"/forms/{form.id}", name=fresh_name).status_code == 302
            assert list(FormVersion.select().where(FormVersion.form == form).tuples()) == before
            assert Form.get_by_id(form.id).name == fresh_name

    def test_changed_fields_are_a_new_version_and_answers_keep_theirs(self, admin: Browser) -> None:
        old = FormVersion.get(FormVersion.form == 1)
        answers = tables.FormAnswer.select().where(tables.FormAnswer.version == old).count()
        labels = [row.label for row in FormField.select().where(FormField.version == old).order_by(FormField.position)]
        assert admin.fill("/forms/1", **{"field-1-label": "Cambiado"}).status_code == 302
        new = FormVersion.get(FormVersion.form == 1, FormVersion.number == 2)
        assert FormField.get(FormField.version == new, FormField.position == 1).label == "Cambiado"
        kept = [row.label for row in FormField.select().where(FormField.version == old).order_by(FormField.position)]
        assert kept == labels
        assert tables.FormAnswer.select().where(tables.FormAnswer.version == old).count() == answers

    def test_order_of_the_page_counts(self, admin: Browser) -> None:
        page = fields(admin.get("/forms/2").get_data(as_text=True))
        page["field-row"] = list(reversed([key for key in page["field-row"] if key.isdigit()]))
        old = [row.name for row in FormField.select().where(FormField.version == 2).order_by(FormField.position)]
        # A condition that now stands before what it asks is refused; without it the order is taken.
        page |= {name: "" for name in page if "-condition_" in name}
        assert admin.post("/forms/2", page).status_code == 302
        version = FormVersion.get(FormVersion.form == 2, FormVersion.number == 2)
        new = [row.name for row in FormField.select().where(FormField.version == version).order_by(FormField.position)]
        assert new == list(reversed(old))

    def test_answered_it_is_deactivated_not_deleted(self, admin: Browser) -> None:
        answered = FormVersion.select(FormVersion.form).join(tables.FormAnswer).limit(1).tuples()[0][0]
        before = everything()
        assert admin.post(f"/forms/{answered}/eliminar").status_code == 409
        assert everything() == before
        admin.post("/forms/nuevo", self.rows({"label": "A"}))
        fresh = Form.get(Form.name == "Encuesta")
        assert admin.post(f"/forms/{fresh.id}/eliminar").status_code == 302
        assert not FormVersion.select().where(FormVersion.form == fresh.id).exists()


class TestPrinters:
    NEW: dict[str, Any] = {
        "name": "Bodega",
        "kind": "escpos",
        "host": "10.0.0.9",
        "port": "",
        "letter": "large",
        "paper_width": "58",
        "code_page": "CP858",
        "margin_top": "1",
        "margin_left": "2",
        "margin_right": "3",
        "margin_bottom": "4",
        "active": "1",
    }

    def test_create(self, admin: Browser) -> None:
        assert admin.post("/impresoras/nuevo", self.NEW).status_code == 302
        row = Printer.get(Printer.name == "Bodega")
        assert (row.port, row.paper_width, row.margin_bottom, row.letter) == (9100, 58, 4, "large")

    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("host", "", "Hace falta"),
            ("host", "a b", "no es un nombre de servidor"),
            ("port", "70000", "entre 1"),
            ("margin_top", "51", "entre 0 y 50"),
            ("paper_width", "70", "opciones"),
            ("letter", "huge", "opciones"),
            ("kind", "plotter", "opciones"),
            ("name", "", "Hace falta"),
        ],
    )
    def test_bad(self, admin: Browser, field: str, value: str, said: str) -> None:
        before = everything()
        answer = admin.post("/impresoras/nuevo", self.NEW | {field: value})
        assert answer.status_code == 422
        assert any(said in text for text in problems(answer)[field])
        assert everything() == before

    def test_bad_later(self, admin: Browser) -> None:
        refused(admin, "/impresoras/1", "code_page", "opciones", code_page="EBCDIC")

    def test_used_by_a_form(self, admin: Browser) -> None:
        used = Form.select(Form.printer).where(Form.printer.is_null(False)).limit(1).tuples()[0][0]
        assert admin.post(f"/impresoras/{used}/eliminar").status_code == 409
        assert admin.post(f"/impresoras/{used}/desactivar").status_code == 302
        assert not Printer.get_by_id(used).active
