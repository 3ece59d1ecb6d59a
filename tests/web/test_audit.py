"""The audit log: every change of every section is in it, with who, from where, before and after; and no secret."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from web.browser import Browser, fields
from web.rows import everything
from web.test_contact_loads import load_all
from web.test_web_security import path_of, rules

from admin import audit
from models import tables
from models.tables import AdditionalField, Agent, AuditEntry, CallCenter, Company, Contact, Disposition
from models.values.call import Role


def entries() -> list[AuditEntry]:
    return list(AuditEntry.select().order_by(AuditEntry.id))


def last() -> AuditEntry:
    return entries()[-1]


@pytest.fixture
def anybody(on_both: Flask) -> Browser:
    return Browser(on_both, Role.ADMINISTRATOR, address="198.51.100.7")


def test_create_edit_and_delete(anybody: Browser) -> None:
    anybody.post("/companias/nuevo", {"name": "Panadería Ñoño", "phone": "2222 3333"})
    made = Company.get(Company.name == "Panadería Ñoño")
    entry = last()
    assert (entry.section, entry.act, entry.row_key, entry.row_name) == (
        "companies", "create", str(made.id), "Panadería Ñoño",
    )  # fmt: skip
    me = Agent.get(Agent.role == Role.ADMINISTRATOR)
    assert (entry.agent_id, entry.who, entry.address) == (me.id, me.name, "198.51.100.7")
    assert entry.before is None
    assert entry.after == {"name": "Panadería Ñoño", "phone": "2222 3333"}

    anybody.fill(f"/companias/{made.id}", address="Heredia")
    assert last().act == "edit"
    assert (last().before, last().after) == ({"address": ""}, {"address": "Heredia"})

    count = len(entries())
    anybody.fill(f"/companias/{made.id}", address="Heredia")
    assert len(entries()) == count, "what changes nothing is no entry"

    anybody.post(f"/companias/{made.id}/eliminar")
    assert (last().act, last().after) == ("delete", None)
    assert last().before == {"name": "Panadería Ñoño", "phone": "2222 3333", "address": "Heredia"}


def test_members_and_choices_are_told_by_name(anybody: Browser) -> None:
    anybody.fill("/contactos/1", company="2")
    company = Company.get_by_id(2)
    assert last().after == {"company": company.name}
    anybody.fill("/callcenters/1", strategy="random")
    assert last().after == {"strategy": "random"}
    page = anybody.get("/auditoria/").get_data(as_text=True)
    assert "<ins>Al azar</ins>" in page
    group = tables.AgentGroup.create(name="Nocturno")
    anybody.post(f"/grupos-de-agentes/{group.id}", {"name": "Nocturno", "members-shown": "1", "members": "3",
                                                   "members-priority-3": "7"})  # fmt: skip
    agent = Agent.get_by_id(3)
    assert last().after == {"members": [f"{agent.name} · {agent.endpoint} (7)"]}


def test_a_refused_change_is_no_entry(anybody: Browser) -> None:
    before = everything()
    assert anybody.post("/companias/nuevo", {"name": ""}).status_code == 422
    assert anybody.fill("/agentes/3", email="x").status_code == 422
    assert everything() == before


def test_the_entry_falls_with_its_change(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither without the other: when the entry cannot be written nothing is saved."""
    admin = Browser(app, Role.ADMINISTRATOR)
    before = everything()

    def fails(*_args: Any, **_more: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(audit, "record", fails)
    with pytest.raises(ZeroDivisionError):
        admin.post("/companias/nuevo", {"name": "Nadie"})
    with pytest.raises(ZeroDivisionError):
        admin.post("/disposiciones/1/desactivar")
    assert everything() == before


def test_outside_a_transaction_nothing_is_noted(app: Flask) -> None:
    with app.test_request_context("/"), pytest.raises(RuntimeError):
        audit.record("companies", "delete", key=1)


def test_no_secret_enters_it(app: Flask) -> None:
    admin = Browser(app, Role.ADMINISTRATOR)
    admin.post("/agentes/nuevo", {"name": "Nueva", "email": "n@centralita.example", "endpoint": "8330150",
                                  "role": "agent", "phone_kind": "sip"})  # fmt: skip
    admin.post("/agentes/6/secreto")
    admin.post("/agentes/6/invitar")
    assert [entry.act for entry in entries()[-3:]] == ["create", "secret", "invite"]
    known = json.dumps([[one.before, one.after, one.folded] for one in entries()])
    for agent in Agent.select():
        for secret in (agent.password_hash, agent.sip_ha1, agent.invitation_hash):
            assert not secret or secret not in known
    assert not {"password_hash", "sip_ha1", "invitation_hash", "session_epoch"} & {
        name for one in entries() for name in (one.after or {})
    }


def test_the_account_the_order_and_the_renamed_pop_up(app: Flask) -> None:
    admin = Browser(app, Role.ADMINISTRATOR)
    admin.fill("/cuenta", name="Otra casa")
    assert (last().section, last().after) == ("account_settings", {"name": "Otra casa"})
    field = AdditionalField.select().order_by(AdditionalField.position).first()
    admin.post(f"/adicionales/{field.id}/mover/abajo")
    names = [one.name for one in AdditionalField.select().order_by(AdditionalField.id)]
    assert (last().act, last().before) == ("order", {"order": names})
    assert last().after == {"order": [names[1], names[0], *names[2:]]}
    CallCenter.update(pop_up_url=f"https://crm.example/?p={{{field.name}}}").where(CallCenter.id == 1).execute()
    admin.fill(f"/adicionales/{field.id}", name="Otro nombre")
    assert [entry.section for entry in entries()[-2:]] == ["call_centers", "additional_fields"]


def test_no_post_of_a_section_changes_a_row_without_an_entry(app: Flask) -> None:
    """Whatever is added to a section later is caught here: each POST address is tried with what its form holds."""
    own = {"login", "desk"}
    tried = 0
    before = everything()
    for rule in rules(app, "POST"):
        if rule.endpoint.split(".")[0] in own:
            continue
        admin = Browser(app, Role.ADMINISTRATOR)
        path = path_of(rule)
        sent: dict[str, Any] = {"name": f"Prueba {tried}", "address": f"10.0.{tried}.1", "mask": "255.255.255.255",
                                "confirmed": "1", "email": f"p{tried}@centralita.example", "role": "agent"}  # fmt: skip
        if "GET" in (rule.methods or ()):
            page = admin.get(path)
            if page.status_code == 200 and 'method="post"' in page.get_data(as_text=True).split("<main", 1)[1]:
                sent = fields(page.get_data(as_text=True)) | sent
        count = len(entries())
        admin.post(path, sent)
        after = everything()
        changed = {name for name in after if after[name] != before[name]} - {"AuditEntry", "AgentLogin"}
        if changed:
            tried += 1
            assert len(entries()) > count, (path, changed)
        before = after
    assert tried > 12


class TestPage:
    def test_is_the_administrators_alone(self, looking: Flask) -> None:
        for role, expected in ((Role.ADMINISTRATOR, 200), (Role.SUPERVISOR, 403), (Role.AGENT, 403)):
            assert Browser(looking, role).get("/auditoria/").status_code == expected
            assert Browser(looking, role).get("/auditoria/descargar.csv").status_code == expected

    def test_nobody_changes_it(self, app: Flask) -> None:
        admin = Browser(app, Role.ADMINISTRATOR)
        admin.post("/companias/nuevo", {"name": "Una"})
        before = everything()
        for path in ("/auditoria/nuevo", "/auditoria/1", "/auditoria/1/eliminar", "/auditoria/1/desactivar"):
            assert admin.post(path, {"who": "nadie"}).status_code in (403, 404)
        assert everything() == before

    def test_searched_filtered_and_downloaded(self, on_both: Flask) -> None:
        admin = Browser(on_both, Role.ADMINISTRATOR)
        admin.post("/companias/nuevo", {"name": "Ferretería Única"})
        admin.post("/disposiciones/nuevo", {"name": "=cmd()", "action": "none", "position": "0", "active": "1"})
        Disposition.get(Disposition.name == "=cmd()")

        def shown(query: str) -> str:
            return admin.get(f"/auditoria/?{query}").get_data(as_text=True).split("<tbody>")[-1]

        assert "Ferretería Única" in shown("q=ferreteria+unica")
        assert "Ferretería Única" not in shown("q=cmd")
        assert "Ferretería Única" in shown("section=companies&act=create&agent=1")
        assert "Ferretería Única" not in shown("section=companies&act=delete")
        assert "Ferretería Única" not in shown("end=2001-01-01")
        assert "Ferretería Única" in shown("start=2001-01-01")
        answer = admin.get("/auditoria/descargar.csv?section=dispositions")
        rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))
        assert rows[0][1:5] == ["Quién", "Dirección", "Sección", "Qué hizo"]
        assert rows[1][3:5] == ["Disposiciones", "Creó"]
        assert rows[1][6] == "'=cmd()"
        assert last().act == "download"
        assert last().after == {"section": "dispositions"}

    def test_what_was_taken_out_is_told_in_words(self, app: Flask) -> None:
        """A filter's codes and ids as its field showed them, on the page and in the download; a page asks little."""
        admin = Browser(app, Role.ADMINISTRATOR)
        admin.get("/historial-de-llamadas/descargar.csv?type=inbound&agent=3&disposition=1")
        page = admin.get("/auditoria/?act=download").get_data(as_text=True)
        for label, value in (("Tipo", "Entrantes"), ("Agente", Agent.get_by_id(3).name), ("Disposición", "Resuelto")):
            assert f'<span class="muted">{label}:</span> <ins>{value}</ins>' in page
        told = admin.get("/auditoria/descargar.csv?act=download").data.decode("utf-8-sig")
        assert "Tipo: Entrantes\nDisposición: Resuelto\nAgente: Lucía Vargas Peña" in told
        for _ in range(60):
            admin.get("/historial-de-llamadas/descargar.csv?type=inbound&agent=3")
        asked: list[str] = []
        with pytest.MonkeyPatch.context() as patch:
            database = type(tables.database.obj)
            own = database.execute_sql
            patch.setattr(
                database,
                "execute_sql",
                lambda self, sql, *more, **kept: asked.append(sql) or own(self, sql, *more, **kept),
            )
            admin.get("/auditoria/?act=download&size=100")
        assert len(asked) < 40, len(asked)

    def test_what_it_says_is_text(self, app: Flask) -> None:
        admin = Browser(app, Role.ADMINISTRATOR)
        evil = "<script>alert(1)</script>"
        Contact.update(name=evil).where(Contact.id == 1).execute()
        admin.fill("/contactos/1", email="otro@correo.example")
        admin.fill("/companias/1", description=evil)
        text = admin.get("/auditoria/").get_data(as_text=True)
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)" in text


def test_an_agents_own_changes_are_in_it(app: Flask) -> None:
    """What the desk saves about a call and its contact."""
    from models.tables import Call

    agent = Agent.get(Agent.email == "agente@centralita.example")
    call = Call.select().where(Call.contact.is_null(False)).first()
    Call.update(agent=agent).where(Call.id == call.id).execute()
    desk = Browser(app, Role.AGENT)
    answer = desk.client.post(
        f"/desk/calls/{call.id}", json={"comment": "dijo que vuelve", "name": "Otro Nombre"},
        environ_base=desk.environ, headers={"X-CSRFToken": desk.token()},
    )  # fmt: skip
    assert answer.status_code == 200, answer.get_data(as_text=True)
    made = {entry.section: entry for entry in entries()}
    assert made["calls"].after == {"comment": "dijo que vuelve"}
    assert made["contacts"].after == {"name": "Otro Nombre"}
    assert made["calls"].agent_id == agent.id


def test_loads_merges_campaigns_and_limits_are_in_it(on_both: Flask) -> None:
    """What changes rows without the sections' own saving."""
    admin = Browser(on_both, Role.ADMINISTRATOR)
    load = load_all(admin, b"nombre,telefono\nUno Unido,71009991\nDos Unido,71009991\n", duplicates="create")
    admin.post(f"/contactos/carga/{load.id}", {"action": "undo"})
    assert [(one.act, one.row_name) for one in entries()] == [
        (act, "contactos.csv") for act in ("upload", "load", "undo")
    ]
    assert entries()[1].after == {"count": 2, "duplicates": "create"}
    one, two = (row.id for row in Contact.select().order_by(Contact.id.desc()).limit(2))
    admin.post("/contactos/duplicados", {"one": [str(one), str(two)], "keep": str(one)})
    admin.post("/contactos/uniones", {"merge": str(tables.ContactMerge.get().id)})
    assert [(entry.act, entry.row_key) for entry in entries()[-2:]] == [("merge", str(one)), ("part", str(one))]
    assert last().after == {"joined": ["Uno Unido"]}
    admin.post("/contactos/campania?q=unido", {"name": "Cobros"})
    assert (last().act, last().row_name, last().after) == ("campaign", "Cobros", {"q": "unido", "count": 2})
    admin.post("/destinos/limites", {"default": "nothing", "prices": "506 12.5", "agent.calls_per_hour": "7"})
    assert (last().section, last().after["default"], last().after["prices"]) == (
        "destinations",
        "nothing",
        {"506": "12.5"},
    )
    assert last().after["agent.calls_per_hour"] == 7
    assert "Llamadas por hora, cada agente" in admin.get("/auditoria/").get_data(as_text=True)
    count = len(entries())
    assert admin.post("/contactos/duplicados", {"one": [str(one), "99999"], "keep": str(one)}).status_code == 409
    assert len(entries()) == count, "what is refused is no entry"
    admin.get("/contactos/descargar.xlsx?q=unido")
    assert (last().act, last().after) == ("download", {"q": "unido"})


def test_what_callers_left_and_a_pin_are_in_it(app: Flask) -> None:
    admin = Browser(app, Role.ADMINISTRATOR)
    at = datetime(2026, 9, 1, 15, 0, tzinfo=UTC)
    center = CallCenter.select().first()
    left = tables.Voicemail.create(key="a", sha256="0" * 64, size=1, seconds=4, recorded_at=at, call_center=center)
    asked = tables.CallbackRequest.create(number="88887777", call_center=center, kept_since=at, requested_at=at)
    for path in (f"mensajes-de-voz/{left.id}/escuchado", f"llamadas-por-devolver/{asked.id}/atendida"):
        for _twice in range(2):
            admin.post(f"/{path}")
    admin.fill("/agentes/3", pin="2846")
    assert [entry.act for entry in entries()] == ["heard", "unheard", "done", "pin"], (
        "the second time nothing was settled"
    )
    known = json.dumps([[one.before, one.after, one.folded] for one in entries()])
    assert "2846" not in known
    assert "argon2" not in known
    assert "Puso PIN nuevo" in admin.get("/auditoria/").get_data(as_text=True)
    admin.post("/numeros-bloqueados/nuevo", {"pattern": "7777 6666"})
    assert (last().section, last().act) == ("blocked_numbers", "create")
