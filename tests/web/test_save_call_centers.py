"""CallCenters and Grupos de agentes: what routes calls, saved, refused, deleted."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from web.browser import Browser, fields, problems
from web.rows import LONG, everything, refused

from models.tables import (
    Agent,
    AgentGroup,
    AgentGroupMember,
    CallCenter,
    CallCenterAgent,
    CallCenterForm,
    CallCenterGroup,
    CallCenterNumber,
)
from models.values.call import CostUnit, Strategy


class TestCallCenters:
    GOOD: dict[str, Any] = {
        "name": "Reservas",
        "numbers": "2200 1100\n77X*\n+1 305 555 0100",
        "color": "#ABC",
        "pop_up_url": "https://crm.example/?t={caller}&c={Cédula}",
        "price": "12,5",
        "currency": "usd",
        "cost_unit": "hour",
        "strategy": "priority",
        "ring_seconds": "15",
        "max_wait_seconds": "90",
        "wrap_up_seconds": "5",
        "service_level_seconds": "10",
        "active": "1",
        "print_result": "1",
        "agents-shown": "1",
        "agents": ["3", "4"],
        "agents-priority-3": "2",
        "agents-priority-4": "",
        "agent_groups-shown": "1",
        "agent_groups": "2",
        "agent_groups-priority-2": "1",
        "forms-shown": "1",
        "forms": ["1", "3"],
    }

    def test_create(self, admin: Browser) -> None:
        assert admin.post("/callcenters/nuevo", self.GOOD).status_code == 302
        row = CallCenter.get(CallCenter.name == "Reservas")
        assert (row.color, row.price, row.currency, row.cost_unit) == ("#aabbcc", Decimal("12.5"), "USD", CostUnit.HOUR)
        assert (row.strategy, row.ring_seconds, row.max_wait_seconds, row.wrap_up_seconds) == (
            Strategy.PRIORITY,
            15,
            90,
            5,
        )
        assert row.print_result
        numbers = CallCenterNumber.select().where(CallCenterNumber.call_center == row).order_by(CallCenterNumber.id)
        assert [(number.pattern, number.canonical) for number in numbers] == [
            ("2200 1100", "+50622001100"),
            ("77X*", "77X*"),
            ("+1 305 555 0100", "+13055550100"),
        ]
        assert set(
            CallCenterAgent.select(CallCenterAgent.agent, CallCenterAgent.priority)
            .where(CallCenterAgent.call_center == row)
            .tuples()
        ) == {(3, 2), (4, 0)}
        assert set(
            CallCenterGroup.select(CallCenterGroup.group, CallCenterGroup.priority)
            .where(CallCenterGroup.call_center == row)
            .tuples()
        ) == {(2, 1)}
        assert set(CallCenterForm.select(CallCenterForm.form).where(CallCenterForm.call_center == row).tuples()) == {
            (1,),
            (3,),
        }

    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("name", "", "Hace falta"),
            ("name", "soporte técnico teslín", "ya está en uso"),
            ("name", LONG, "A lo sumo 100"),
            ("numbers", "40004000", "ya lo atiende «Soporte Técnico Teslín»"),
            ("numbers", "+506 4000-4000", "ya lo atiende «Soporte Técnico Teslín»"),
            ("numbers", "8*", "ya lo atiende «Línea General»"),
            ("numbers", "22001100\n2200-1100", "son el mismo número"),
            ("numbers", "*8", "debe ser el último"),
            ("numbers", "22A", "no se permite"),
            ("numbers", "8+", "debe ser el primer"),
            ("numbers", "1" * 30, "A lo sumo 20"),
            ("numbers", "x" * 60, "A lo sumo 40"),
            ("color", "red", "no es un color"),
            ("color", "#12345g", "no es un color"),
            ("color", "", "Hace falta"),
            ("color", "#fff;background:url(//evil)", "A lo sumo 7"),
            ("pop_up_url", "javascript:alert(1)", "Solo direcciones http"),
            ("pop_up_url", "data:text/html,x", "Solo direcciones http"),
            ("pop_up_url", "https://{caller}.example/", "un servidor fijo"),
            ("pop_up_url", "https://x.example/?{nobody}", "no se conoce"),
            ("pop_up_url", "https://x.example/?{caller", "llave"),
            ("pop_up_url", "https://user:pass@x.example/", "usuario ni contraseña"),
            ("pop_up_url", "https://x.example/" + "a" * 1000, "A lo sumo 1000"),
            ("price", "-1", "no puede ser negativo"),
            ("price", "mucho", "no es un monto"),
            ("price", "1.1234567", "A lo sumo 6 decimales"),
            ("price", "NaN", "no es un monto"),
            ("currency", "ZZZ", "no es un código de moneda"),
            ("cost_unit", "year", "no es una de las opciones"),
            ("strategy", "loudest", "no es una de las opciones"),
            ("ring_seconds", "0", "entre 1 y 7200"),
            ("ring_seconds", "ten", "no es un número"),
            ("max_wait_seconds", "", "Hace falta"),
            ("wrap_up_seconds", "99999", "entre 0 y 7200"),
            ("agents-priority-3", "-1", "entre 0 y 999"),
            ("agents-priority-3", "9999", "entre 0 y 999"),
        ],
    )
    def test_bad(self, admin: Browser, field: str, value: str, said: str) -> None:
        before = everything()
        answer = admin.post("/callcenters/nuevo", self.GOOD | {field: value})
        assert answer.status_code == 422
        beside = field.split("-priority")[0]
        assert any(said in text for text in problems(answer)[beside]), problems(answer)
        assert everything() == before
        page = answer.get_data(as_text=True)
        assert f'aria-describedby="{beside}-problem' in page

    def test_several_at_once_stand_each_beside_its_own(self, admin: Browser) -> None:
        sent = self.GOOD | {"color": "red", "pop_up_url": "ftp://x", "numbers": "A"}
        assert {"color", "pop_up_url", "numbers"} <= set(problems(admin.post("/callcenters/nuevo", sent)))

    def test_edit_changes_only_what_changed(self, admin: Browser) -> None:
        kept = CallCenterNumber.get(CallCenterNumber.pattern == "40004100").id
        answer = admin.fill("/callcenters/2", numbers="40004100\n40004109", wrap_up_seconds="33")
        assert answer.status_code == 302
        numbers = CallCenterNumber.select().where(CallCenterNumber.call_center == 2)
        assert {number.pattern for number in numbers} == {"40004100", "40004109"}
        assert CallCenterNumber.get(CallCenterNumber.pattern == "40004100").id == kept
        row = CallCenter.get_by_id(2)
        assert (row.wrap_up_seconds, row.name, row.logo_mime) == (33, "Ventas Café del Monte", "image/png")

    def test_an_inactive_agent_keeps_the_place(self, admin: Browser) -> None:
        CallCenterAgent.delete().execute()
        CallCenterAgent.create(call_center=1, agent=3, priority=5)
        CallCenterAgent.create(call_center=1, agent=4, priority=6)
        Agent.update(active=False).where(Agent.id == 3).execute()
        page = fields(admin.get("/callcenters/1").get_data(as_text=True))
        page.pop("agents")
        assert admin.post("/callcenters/1", page).status_code == 302
        left = list(CallCenterAgent.select(CallCenterAgent.agent, CallCenterAgent.priority).tuples())
        assert left == [(3, 5)]

    def test_used_it_is_deactivated_not_deleted(self, admin: Browser) -> None:
        page = admin.get("/callcenters/1/eliminar").get_data(as_text=True)
        assert "llamadas" in page
        assert "/callcenters/1/desactivar" in page
        assert admin.post("/callcenters/1/eliminar").status_code == 409
        assert admin.post("/callcenters/1/desactivar").status_code == 302
        assert not CallCenter.get_by_id(1).active
        assert CallCenterNumber.select().where(CallCenterNumber.call_center == 1).exists()

    def test_unused_it_goes_with_its_numbers_and_says_so(self, admin: Browser) -> None:
        admin.post("/callcenters/nuevo", self.GOOD)
        row = CallCenter.get(CallCenter.name == "Reservas")
        assert "3 números" in admin.get(f"/callcenters/{row.id}/eliminar").get_data(as_text=True)
        assert admin.post(f"/callcenters/{row.id}/eliminar").status_code == 302
        assert not CallCenterNumber.select().where(CallCenterNumber.call_center == row.id).exists()


class TestGroups:
    def test_create_then_members(self, admin: Browser) -> None:
        answer = admin.post("/grupos-de-agentes/nuevo", {"name": "Noche"})
        row = AgentGroup.get(AgentGroup.name == "Noche")
        assert answer.headers["Location"] == f"/grupos-de-agentes/{row.id}"
        sent = {"members": ["3", "6", "999", "x"], "members-priority-6": "4"}
        assert admin.fill(f"/grupos-de-agentes/{row.id}", **sent).status_code == 302
        members = AgentGroupMember.select(AgentGroupMember.agent, AgentGroupMember.priority)
        assert set(members.where(AgentGroupMember.group == row).tuples()) == {(3, 0), (6, 4)}

    def test_bad(self, admin: Browser) -> None:
        refused(admin, "/grupos-de-agentes/1", "name", "Hace falta", name=" ")
        refused(admin, "/grupos-de-agentes/1", "name", "en uso", name="VENTAS")
        refused(
            admin, "/grupos-de-agentes/1", "members", "entre 0 y 999", **{"members-priority-3": "x", "members": "3"}
        )

    def test_delete_says_what_goes(self, admin: Browser) -> None:
        page = admin.get("/grupos-de-agentes/1/eliminar").get_data(as_text=True)
        assert "miembros de grupos" in page
        assert "asignaciones de grupos a call centers" in page
        assert admin.post("/grupos-de-agentes/1/eliminar").status_code == 302
        assert Agent.select().count() == 8
