"""Contactos, Compañías, Adicionales and Disposiciones: saved, refused, deleted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from peewee import fn
from web.browser import Browser, fields, notices, problems
from web.rows import LONG, everything, refused

from models.tables import (
    AdditionalField,
    AgentGroupMember,
    Call,
    CallCenter,
    CallCenterNumber,
    Company,
    Contact,
    ContactListMember,
    ContactValue,
    Disposition,
)
from models.values.call import Role


class TestCompanies:
    def test_create(self, admin: Browser) -> None:
        sent = {
            "name": "  Panadería Ñandú ",
            "description": "Pan",
            "address": "San José",
            "phone": "2222 3333",
            "email": "hola@nandu.example",
        }
        answer = admin.post("/companias/nuevo", sent)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/companias/")
        row = Company.get(Company.name == "Panadería Ñandú")
        assert (row.phone, row.email, row.name_key) == ("2222 3333", "hola@nandu.example", "panadería ñandú")
        assert notices(admin.get("/companias/")) == ["Guardado: Panadería Ñandú."]

    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("name", "", "Hace falta"),
            ("name", LONG, "A lo sumo 100"),
            ("name", "a\x00b", "caracteres de control"),
            ("name", "  café del monte s.a. ", "ya está en uso"),
            ("email", "not mail", "no es un correo"),
            ("phone", "call me", "no es un número de teléfono"),
            ("description", LONG, "A lo sumo 500"),
        ],
    )
    def test_bad(self, admin: Browser, field: str, value: str, said: str) -> None:
        before = everything()
        answer = admin.post("/companias/nuevo", {"name": "Otra", field: value})
        assert answer.status_code == 422
        assert any(said in text for text in problems(answer)[field])
        assert everything() == before
        # On its own page as well.
        refused(admin, "/companias/1", field, said, **{field: value}) if "en uso" not in said else None

    def test_what_was_typed_stays(self, admin: Browser) -> None:
        page = admin.post("/companias/nuevo", {"name": "", "address": "<b>Aquí</b>"}).get_data(as_text=True)
        assert 'value="&lt;b&gt;Aquí&lt;/b&gt;"' in page

    def test_edit(self, admin: Browser) -> None:
        assert admin.fill("/companias/1", description="Nueva").status_code == 302
        assert Company.get_by_id(1).description == "Nueva"

    def test_delete_is_refused_while_contacts_point_to_it(self, admin: Browser) -> None:
        page = admin.get("/companias/1/eliminar").get_data(as_text=True)
        assert "No se puede eliminar" in page
        assert "contactos" in page
        before = everything()
        assert admin.post("/companias/1/eliminar").status_code == 409
        assert everything() == before
        Contact.update(company=None).execute()
        assert admin.post("/companias/1/eliminar").status_code == 302
        assert Company.get_or_none(Company.id == 1) is None


class TestContacts:
    def test_create_with_everything(self, admin: Browser) -> None:
        extra = {field.name: f"extra_{field.id}" for field in AdditionalField.select()}
        sent = {
            "name": "Zoë Peña",
            "phone": "8300-9999",
            "company": "2",
            "disposition": "1",
            "agent": "3",
            extra["Cédula"]: "1-234",
            extra["Provincia"]: "Limón",
            extra["Saldo"]: "1500,50",
            extra["Cliente desde"]: "31/12/2020",
            extra["Preferente"]: "sí",
            "lists-shown": "1",
            "lists": "1",
        }
        assert admin.post("/contactos/nuevo", sent).status_code == 302
        row = Contact.get(Contact.name == "Zoë Peña")
        assert (row.phone_key, row.company_id, row.disposition_id, row.agent_id) == ("+50683009999", 2, 1, 3)
        assert "zoe pena" in row.search
        values = {value.field.name: value.value for value in ContactValue.select().where(ContactValue.contact == row)}
        assert values == {
            "Cédula": "1-234",
            "Provincia": "Limón",
            "Saldo": "1500.50",
            "Cliente desde": "2020-12-31",
            "Preferente": "sí",
        }
        assert ContactListMember.select().where(ContactListMember.contact == row).count() == 1

    def test_edit_keeps_what_the_engine_writes(self, admin: Browser) -> None:
        before = Contact.get_by_id(1)
        extra = AdditionalField.get(AdditionalField.name == "Cédula").id
        assert admin.fill("/contactos/1", name="Otro nombre", **{f"extra_{extra}": ""}).status_code == 302
        row = Contact.get_by_id(1)
        assert (row.name, row.last_activity_at, row.created_at) == (
            "Otro nombre",
            before.last_activity_at,
            before.created_at,
        )
        assert "otro nombre" in row.search
        names = {value.field.name for value in ContactValue.select().where(ContactValue.contact == 1)}
        assert "Cédula" not in names
        assert "Provincia" in names

    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("phone", "not a phone", "no es un número"),
            ("email", "x@", "no es un correo"),
            ("company", "99999", "No existe"),
            ("company", "1; DROP", "No existe"),
            ("name", LONG, "A lo sumo 120"),
            ("agent", "-1", "No existe"),
        ],
    )
    def test_bad(self, admin: Browser, field: str, value: str, said: str) -> None:
        refused(admin, "/contactos/1", field, said, **{field: value})
        refused(admin, "/contactos/nuevo", field, said, **({"name": "A"} | {field: value}))

    @pytest.mark.parametrize(
        ("name", "value", "said"),
        [
            ("Saldo", "mucho", "no es un número"),
            ("Cliente desde", "31/02/2020", "no es una fecha"),
            ("Provincia", "Texas", "no es una de las opciones"),
            ("Preferente", "quizás", "no es una de las opciones"),
            ("Cédula", LONG, "A lo sumo 1000"),
        ],
    )
    def test_bad_additional(self, admin: Browser, name: str, value: str, said: str) -> None:
        field = f"extra_{AdditionalField.get(AdditionalField.name == name).id}"
        refused(admin, "/contactos/1", field, said, **{field: value, "name": "Changed"})

    def test_a_required_one(self, admin: Browser) -> None:
        AdditionalField.update(required=True).where(AdditionalField.name == "Cédula").execute()
        field = f"extra_{AdditionalField.get(AdditionalField.name == 'Cédula').id}"
        refused(admin, "/contactos/nuevo", field, "Hace falta", name="Nuevo")

    def test_neither_name_nor_phone(self, admin: Browser) -> None:
        refused(admin, "/contactos/nuevo", "name", "el nombre o el teléfono")

    def test_a_supervisor_edits_and_does_not_delete(self, app: Flask) -> None:
        supervisor = Browser(app, Role.SUPERVISOR)
        assert supervisor.fill("/contactos/1", name="Por supervisor").status_code == 302
        page = supervisor.get("/contactos/").get_data(as_text=True)
        assert "/contactos/1/eliminar" not in page
        assert supervisor.post("/contactos/1/eliminar").status_code == 403

    def test_delete(self, admin: Browser) -> None:
        with_calls = Call.select(Call.contact).where(Call.contact.is_null(False)).limit(1).tuples()[0][0]
        assert admin.post(f"/contactos/{with_calls}/eliminar").status_code == 409
        fresh = Contact.create(name="Sin nada")
        ContactValue(contact=fresh, field=1, value="1").save(force_insert=True)
        page = admin.get(f"/contactos/{fresh.id}/eliminar").get_data(as_text=True)
        assert "Se quitaría también" in page
        assert "1 datos adicionales" in page
        assert admin.post(f"/contactos/{fresh.id}/eliminar").status_code == 302
        assert ContactValue.select().where(ContactValue.contact == fresh.id).count() == 0


class TestTwoPeople:
    def test_the_second_is_told_and_saves_knowing_it(self, app: Flask) -> None:
        one, two = Browser(app, Role.ADMINISTRATOR), Browser(app, Role.SUPERVISOR)
        seen = fields(two.get("/contactos/1").get_data(as_text=True))
        assert one.fill("/contactos/1", name="De una").status_code == 302
        answer = two.post("/contactos/1", seen | {"name": "De otra"})
        assert answer.status_code == 422
        assert "Otra persona cambió esto" in problems(answer)["form"][0]
        assert Contact.get_by_id(1).name == "De una"
        again = two.post("/contactos/1", fields(answer.get_data(as_text=True)))
        assert again.status_code == 302
        assert Contact.get_by_id(1).name == "De otra"

    def test_a_call_meanwhile_is_no_other_person(self, admin: Browser) -> None:
        seen = fields(admin.get("/contactos/1").get_data(as_text=True))
        Contact.update(last_activity_at=1_900_000_000_000).where(Contact.id == 1).execute()
        assert admin.post("/contactos/1", seen | {"name": "Igual"}).status_code == 302

    def test_members_and_numbers_count(self, admin: Browser) -> None:
        for path, table in (("/grupos-de-agentes/1", AgentGroupMember), ("/callcenters/1", CallCenterNumber)):
            seen = fields(admin.get(path).get_data(as_text=True))
            table.delete().execute()
            answer = admin.post(path, seen)
            assert answer.status_code == 422, path


class TestDispositions:
    def test_create_and_bad(self, admin: Browser) -> None:
        assert (
            admin.post("/disposiciones/nuevo", {"name": "Interesado", "action": "call_back", "active": "1"}).status_code
            == 302
        )
        row = Disposition.get(Disposition.name == "Interesado")
        last = Disposition.select(fn.MAX(Disposition.position)).scalar()
        assert (row.action, row.position, row.active) == ("call_back", last, True)
        refused(admin, "/disposiciones/1", "name", "en uso", name="interesado")
        refused(admin, "/disposiciones/1", "action", "opciones", action="explode")
        refused(admin, "/disposiciones/1", "position", "entre 0", position="-3")

    def test_used_is_only_deactivated(self, admin: Browser) -> None:
        used = Call.select(Call.disposition).where(Call.disposition.is_null(False)).limit(1).tuples()[0][0]
        assert admin.post(f"/disposiciones/{used}/eliminar").status_code == 409
        assert admin.post(f"/disposiciones/{used}/desactivar").status_code == 302
        assert not Disposition.get_by_id(used).active
        fresh = Disposition.create(name="Nunca usada")
        assert admin.post(f"/disposiciones/{fresh.id}/eliminar").status_code == 302


class TestAdditionalFields:
    def test_create_goes_last(self, admin: Browser) -> None:
        sent = {"name": "Talla", "kind": "list", "options": "S\nM\n\nL", "searchable": "1"}
        assert admin.post("/adicionales/nuevo", sent).status_code == 302
        row = AdditionalField.get(AdditionalField.name == "Talla")
        assert (row.options, row.position) == (["S", "M", "L"], 5)

    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("name", "caller", "no sirve como nombre"),
            ("name", "{x}", "no sirve como nombre"),
            ("name", "cédula", "en uso"),
            ("kind", "blob", "opciones"),
            ("options", "", "Hace falta"),
            ("options", "A\nA", "no son válidas"),
        ],
    )
    def test_bad(self, admin: Browser, field: str, value: str, said: str) -> None:
        before = everything()
        sent = {"name": "Talla", "kind": "list", "options": "S\nM"} | {field: value}
        answer = admin.post("/adicionales/nuevo", sent)
        assert answer.status_code == 422
        assert any(said in text for text in problems(answer)[field])
        assert everything() == before

    def test_a_new_name_keeps_data_and_pop_ups(self, admin: Browser) -> None:
        row = AdditionalField.get(AdditionalField.name == "Cédula")
        CallCenter.update(pop_up_url="https://x.example/?c={Cédula}&t={caller}").where(CallCenter.id == 1).execute()
        values = ContactValue.select().where(ContactValue.field == row).count()
        assert admin.fill(f"/adicionales/{row.id}", name="Identificación").status_code == 302
        assert CallCenter.get_by_id(1).pop_up_url == "https://x.example/?c={Identificación}&t={caller}"
        assert ContactValue.select().where(ContactValue.field == row).count() == values

    def test_the_kind_of_a_used_one_stays(self, admin: Browser) -> None:
        row = AdditionalField.get(AdditionalField.name == "Cédula")
        refused(admin, f"/adicionales/{row.id}", "kind", "no se puede cambiar", kind="number")

    def test_one_in_a_pop_up_is_not_deleted(self, admin: Browser) -> None:
        row = AdditionalField.create(name="Zona")
        CallCenter.update(pop_up_url="https://x.example/?z={Zona}").where(CallCenter.id == 1).execute()
        assert "Pop Up" in admin.get(f"/adicionales/{row.id}/eliminar").get_data(as_text=True)
        assert admin.post(f"/adicionales/{row.id}/eliminar").status_code == 409
        CallCenter.update(pop_up_url=None).execute()
        assert admin.post(f"/adicionales/{row.id}/eliminar").status_code == 302

    def test_order(self, admin: Browser) -> None:
        def order() -> list[int]:
            return [row.id for row in AdditionalField.select().order_by(AdditionalField.position, AdditionalField.id)]

        before = order()
        admin.post(f"/adicionales/{before[0]}/mover/arriba")
        assert order() == before
        admin.post(f"/adicionales/{before[0]}/mover/abajo")
        assert order() == [before[1], before[0], *before[2:]]
        AdditionalField.update(position=0).execute()  # even when the places were spoiled
        admin.post(f"/adicionales/{before[4]}/mover/arriba")
        assert order() == [before[0], before[1], before[2], before[4], before[3]]


def test_two_at_once_meet_the_unique_key(
    admin: Browser, monkeypatch: pytest.MonkeyPatch, app: Callable[..., Flask]
) -> None:
    """Both passed the check; the database has the last word, in words."""
    from models.checks.base import Check

    monkeypatch.setattr(Check, "unique", lambda *args, **kwargs: None)
    before = everything()
    answer = admin.post("/companias/nuevo", {"name": "Café del Monte S.A."})
    assert answer.status_code == 422
    assert "Otra persona guardó lo mismo" in problems(answer)["form"][0]
    assert everything() == before
