"""Agentes, IPs click2dial and the account: saved, refused, never deleted."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from web.browser import Browser, fields, problems
from web.rows import everything, refused

from models import tables
from models.tables import (
    Agent,
    IpRule,
)
from models.values.call import PhoneKind, Role


class TestAgents:
    NEW: dict[str, Any] = {
        "name": "Nueva Persona",
        "email": "Nueva@centralita.example",
        "endpoint": "8330 120",
        "role": "agent",
        "phone_kind": "sip",
        "click2dial": "1",
    }

    def test_create_shows_link_and_secret_once(self, admin: Browser, app: Flask) -> None:
        import hashlib
        import re

        answer = admin.post("/agentes/nuevo", self.NEW)
        assert answer.status_code == 200
        text = answer.get_data(as_text=True)
        link = re.search(r'id="invitation">([^<]+)<', text)
        secret = re.search(r'id="sip-secret">([^<]+)<', text)
        assert link is not None
        assert secret is not None
        row = Agent.get(Agent.email_key == "nueva@centralita.example")
        assert (row.endpoint, row.role, row.phone_kind, row.click2dial) == ("8330120", Role.AGENT, PhoneKind.SIP, True)
        assert row.sip_ha1 == hashlib.md5(f"8330120:centralita:{secret[1]}".encode()).hexdigest()
        assert row.password_hash is None
        # Neither is anywhere else: not in the database, not in the cookie, not on the next page.
        stored = repr(list(Agent.select().dicts()))
        assert secret[1] not in stored
        assert link[1].rsplit("/", 1)[1] not in stored
        assert secret[1] not in admin.get("/agentes/").get_data(as_text=True)
        chosen = "una frase bastante larga"
        path = link[1].removeprefix("http://localhost")
        assert Browser(app).post(path, {"password": chosen, "again": chosen}).status_code == 302
        assert Agent.get_by_id(row.id).password_hash is not None

    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("name", "", "Hace falta"),
            ("email", "x", "no es un correo"),
            ("email", "ADMIN@centralita.example", "en uso"),
            ("endpoint", "8330101", "en uso"),
            ("endpoint", "abc", "no es un endpoint"),
            ("endpoint", "1" * 17, "A lo sumo 16"),
            ("role", "king", "no es una de las opciones"),
            ("phone_kind", "fax", "no es una de las opciones"),
        ],
    )
    def test_bad(self, admin: Browser, field: str, value: str, said: str) -> None:
        before = everything()
        answer = admin.post("/agentes/nuevo", self.NEW | {field: value})
        assert answer.status_code == 422
        assert any(said in text for text in problems(answer)[field])
        assert everything() == before

    def test_never_deleted(self, admin: Browser) -> None:
        assert admin.get("/agentes/3/eliminar").status_code == 403
        assert admin.post("/agentes/3/eliminar").status_code == 403

    def test_a_new_endpoint_needs_a_new_secret(self, admin: Browser) -> None:
        Agent.update(sip_ha1="0" * 32).where(Agent.id == 6).execute()
        same = admin.fill("/agentes/6", name="Andrés G.")
        assert same.status_code == 302
        assert Agent.get_by_id(6).sip_ha1 == "0" * 32
        other = admin.fill("/agentes/6", endpoint="8330777")
        assert "sip-secret" in other.get_data(as_text=True)
        assert Agent.get_by_id(6).sip_ha1 != "0" * 32

    def test_the_last_administrator_stays(self, admin: Browser, app: Flask) -> None:
        refused(admin, "/agentes/1", "role", "último administrador", role="agent")
        sent = fields(admin.get("/agentes/1").get_data(as_text=True))
        del sent["active"]
        assert admin.post("/agentes/1", sent).status_code == 422
        assert Agent.get_by_id(1).active

    def test_nobody_deactivates_himself(self, admin: Browser) -> None:
        Agent.update(role=Role.ADMINISTRATOR).where(Agent.id == 2).execute()
        sent = fields(admin.get("/agentes/1").get_data(as_text=True))
        del sent["active"]
        answer = admin.post("/agentes/1", sent)
        assert "a ti mismo" in problems(answer)["active"][0]
        assert Agent.get_by_id(1).active

    def test_the_password_cannot_be_set_by_a_form(self, admin: Browser) -> None:
        before = Agent.get_by_id(3)
        admin.fill("/agentes/3", password_hash="x", sip_ha1="y", session_epoch="9", invitation_hash="z")
        after = Agent.get_by_id(3)
        for name in ("password_hash", "sip_ha1", "session_epoch", "invitation_hash"):
            assert getattr(after, name) == getattr(before, name)

    def test_invite_again_and_new_secret(self, admin: Browser) -> None:
        text = admin.post("/agentes/6/invitar").get_data(as_text=True)
        assert "/invitation/" in text
        text = admin.post("/agentes/6/secreto").get_data(as_text=True)
        assert "sip-secret" in text
        assert Agent.get_by_id(6).sip_ha1
        virtual = admin.post("/agentes/3/secreto")
        assert virtual.status_code == 422
        assert Agent.get_by_id(3).sip_ha1 is None


class TestIpRules:
    def test_create(self, admin: Browser) -> None:
        assert admin.post("/ips-click2dial/nuevo", {"address": "127.0.0.9", "mask": "255.0.0.0"}).status_code == 302
        row = IpRule.get()
        assert (row.address, row.mask, row.network) == ("127.0.0.0", "255.0.0.0", "127.0.0.0/8")

    @pytest.mark.parametrize(
        ("address", "mask", "field", "said"),
        [
            ("10.0.0.0", "255.0.255.0", "mask", "tiene huecos"),
            ("10.0.0.0", "255.255.255.256", "mask", "no es una máscara"),
            ("10.0.0.0", "ffff::", "mask", "no corresponde"),
            ("10.0.0.0", "33", "mask", "no corresponde"),
            ("10.0.0.256", "", "address", "no es una dirección IP"),
            ("", "", "address", "Hace falta"),
            ("localhost", "", "address", "no es una dirección IP"),
            ("1" * 60, "", "address", "A lo sumo 45"),
            ("10.0.0.0/", "", "address", "no es una máscara"),
        ],
    )
    def test_bad(self, admin: Browser, address: str, mask: str, field: str, said: str) -> None:
        before = everything()
        answer = admin.post("/ips-click2dial/nuevo", {"address": address, "mask": mask, "confirmed": "1"})
        assert answer.status_code == 422
        assert any(said in text for text in problems(answer)[field]), problems(answer)
        assert everything() == before

    def test_the_same_network_twice(self, admin: Browser) -> None:
        admin.post("/ips-click2dial/nuevo", {"address": "127.0.0.1", "mask": "255.0.0.0"})
        again = admin.post("/ips-click2dial/nuevo", {"address": "127.9.9.9", "mask": "8"})
        assert "en uso" in problems(again)["address"][0]

    def test_a_list_that_would_not_hold_oneself_is_confirmed_first(self, admin: Browser) -> None:
        sent = {"address": "203.0.113.0", "mask": "255.255.255.0"}
        answer = admin.post("/ips-click2dial/nuevo", sent)
        assert answer.status_code == 422
        text = answer.get_data(as_text=True)
        assert "desde tu dirección (127.0.0.1) un agente no podría trabajar" in text
        assert 'name="confirmed"' in text
        assert 'value="203.0.113.0"' in text
        assert IpRule.select().count() == 0
        assert admin.post("/ips-click2dial/nuevo", sent | {"confirmed": "1"}).status_code == 302
        assert IpRule.select().count() == 1

    def test_deleting_warns(self, admin: Browser) -> None:
        admin.post("/ips-click2dial/nuevo", {"address": "127.0.0.1", "mask": ""})
        admin.post("/ips-click2dial/nuevo", {"address": "203.0.113.0", "mask": "24"})
        mine, other = (row.id for row in IpRule.select().order_by(IpRule.id))
        assert "no podría trabajar" in admin.get(f"/ips-click2dial/{mine}/eliminar").get_data(as_text=True)
        assert "no podría trabajar" not in admin.get(f"/ips-click2dial/{other}/eliminar").get_data(as_text=True)
        assert admin.post(f"/ips-click2dial/{other}/eliminar").status_code == 302
        assert "cualquier dirección" in admin.get(f"/ips-click2dial/{mine}/eliminar").get_data(as_text=True)

    def test_a_page_with_notes(self, admin: Browser) -> None:
        text = admin.get("/ips-click2dial/").get_data(as_text=True)
        for note in ("255.255.255.255", "255.255.255.0", "0.0.0.0", "127.0.0.1"):
            assert note in text


class TestAccount:
    def test_change(self, admin: Browser) -> None:
        assert admin.fill("/cuenta", name="Otra", timezone="Europe/Madrid", pauses="Café\nSiesta").status_code == 302
        row = tables.Account.get()
        assert (row.name, row.timezone) == ("Otra", "Europe/Madrid")
        active = tables.PauseReason.select(tables.PauseReason.name).where(tables.PauseReason.active)
        assert [name for (name,) in active.order_by(tables.PauseReason.position).tuples()] == ["Café", "Siesta"]
        assert tables.PauseReason.get(tables.PauseReason.name == "Almuerzo").active is False

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""),
            ("region", "ZZ"),
            ("timezone", "Mars/Olympus"),
            ("currency", "XXX1"),
            ("language", "fr"),
            ("pauses", "Uno\nuno"),
            ("pauses", "x" * 100),
        ],
    )
    def test_bad(self, admin: Browser, field: str, value: str) -> None:
        before = everything()
        answer = admin.fill("/cuenta", **{field: value})
        assert answer.status_code == 422
        assert problems(answer)[field]
        assert everything() == before

    def test_another_country_reads_every_number_again(self, admin: Browser) -> None:
        assert admin.fill("/cuenta", region="ES").status_code == 302
        assert tables.Account.get().region == "ES"
        numbers = tables.CallCenterNumber.select(tables.CallCenterNumber.canonical)
        assert not any(canonical.startswith("+506") for (canonical,) in numbers.tuples())

    def test_a_country_in_which_two_numbers_are_one(self, admin: Browser) -> None:
        tables.CallCenterNumber.create(call_center=1, pattern="600 100 200", canonical="600100200")
        tables.CallCenterNumber.create(call_center=2, pattern="+34 600 100 200", canonical="+34600100200")
        before = everything()
        answer = admin.fill("/cuenta", region="ES", name="Otra")
        assert answer.status_code == 422
        assert "serían el mismo" in problems(answer)["region"][0]
        assert everything() == before

    def test_administrators_only(self, app: Flask) -> None:
        assert Browser(app, Role.SUPERVISOR).get("/cuenta").status_code == 403
