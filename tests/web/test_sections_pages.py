"""Every page of every section, in both languages, for each role: 200 for whoever may, 403 for whoever may not."""

from __future__ import annotations

import pytest
from flask import Flask
from web.browser import Browser

from models.tables import CallCenter, Contact
from models.values.call import Role

# slug, Spanish name as product.md has it, English name, has a form
SECTIONS = (
    ("contactos", "Contactos", "Contacts", True),
    ("historial-de-llamadas", "Historial de llamadas", "Call history", False),
    ("agentes", "Agentes", "Agents", True),
    ("callcenters", "CallCenters", "Call centers", True),
    ("companias", "Compañías", "Companies", True),
    ("adjuntos", "Adjuntos", "Attachments", True),
    ("ips-click2dial", "IPs click2dial", "Click2dial IPs", True),
    ("adicionales", "Adicionales", "Additional fields", True),
    ("disposiciones", "Disposiciones", "Dispositions", True),
    ("grupos-de-agentes", "Grupos de agentes", "Agent groups", True),
    ("impresoras", "Impresoras", "Printers", True),
    ("historial-de-logueos", "Historial de logueos", "Log-in history", False),
    ("forms", "Forms", "Forms", True),
)
# What a supervisor may: see all but who may come from where, and create and edit contacts.
SUPERVISOR = {slug for slug, *_rest in SECTIONS} - {"ips-click2dial"}
NO_DELETE = {"historial-de-llamadas", "historial-de-logueos", "agentes"}
NO_ROWS = {"ips-click2dial"}


def test_there_are_thirteen_sections() -> None:
    assert len(SECTIONS) == 13


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(("slug", "spanish", "english", "has_form"), SECTIONS, ids=[row[0] for row in SECTIONS])
def test_list(looking: Flask, slug: str, spanish: str, english: str, has_form: bool, role: Role) -> None:
    allowed = role is Role.ADMINISTRATOR or (role is Role.SUPERVISOR and slug in SUPERVISOR)
    for language, name in (("es", spanish), ("en", english)):
        page = Browser(looking, role, language=language).get(f"/{slug}/")
        assert page.status_code == (200 if allowed else 403)
        if allowed:
            text = page.get_data(as_text=True)
            assert f'<html lang="{language}">' in text
            assert f"<h1>{name}" in text


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("slug", [row[0] for row in SECTIONS if row[3]])
def test_new_and_edit(looking: Flask, slug: str, role: Role) -> None:
    allowed = role is Role.ADMINISTRATOR or (role is Role.SUPERVISOR and slug == "contactos")
    for language, word in (("es", "Salvar"), ("en", "Save")):
        browser = Browser(looking, role, language=language)
        new = browser.get(f"/{slug}/nuevo")
        assert new.status_code == (200 if allowed else 403)
        if slug in NO_ROWS:
            continue
        edit = browser.get(f"/{slug}/1")
        assert edit.status_code == (200 if allowed else 403)
        if allowed:
            assert f">{word}</button>" in edit.get_data(as_text=True)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("slug", [row[0] for row in SECTIONS if row[0] not in NO_ROWS])
def test_delete_page(looking: Flask, slug: str, role: Role) -> None:
    page = Browser(looking, role).get(f"/{slug}/1/eliminar")
    if slug == "historial-de-llamadas" or slug in NO_DELETE or role is not Role.ADMINISTRATOR:
        assert page.status_code == 403
    else:
        assert page.status_code == 200


@pytest.mark.parametrize("slug", ["contactos", "historial-de-llamadas", "historial-de-logueos", "companias"])
def test_downloads_follow_the_role(looking: Flask, slug: str) -> None:
    assert Browser(looking, Role.ADMINISTRATOR).get(f"/{slug}/descargar.csv").status_code == 200
    expected = 200 if slug in SUPERVISOR else 403
    assert Browser(looking, Role.SUPERVISOR).get(f"/{slug}/descargar.csv").status_code == expected
    assert Browser(looking, Role.AGENT).get(f"/{slug}/descargar.csv").status_code == 403


def test_nobody_is_sent_to_the_log_in(looking: Flask) -> None:
    for slug, *_rest in SECTIONS:
        page = Browser(looking).get(f"/{slug}/?q=a")
        assert page.status_code == 302
        assert page.headers["Location"].startswith("/login?next=")


def test_the_first_page(looking: Flask) -> None:
    page = Browser(looking, Role.ADMINISTRATOR).get("/").get_data(as_text=True)
    assert "El motor no responde" in page
    for slug, spanish, *_rest in SECTIONS:
        assert f'href="/{slug}/"' in page, spanish
    supervised = Browser(looking, Role.SUPERVISOR).get("/").get_data(as_text=True)
    assert 'href="/contactos/"' in supervised
    assert 'href="/callcenters/"' in supervised
    for hidden in ("/ips-click2dial/", "/auditoria/"):
        assert f'href="{hidden}"' in page
        assert f'href="{hidden}"' not in supervised
    agent = Browser(looking, Role.AGENT).get("/")
    assert agent.status_code == 302
    assert agent.headers["Location"].endswith("/desk")


@pytest.mark.parametrize("path", ["/contactos/999999", "/contactos/99999999999999999999999", "/callcenters/0",
                                  "/contactos/999999/eliminar", "/contactos/abc"])  # fmt: skip
def test_what_is_not_there(looking: Flask, path: str) -> None:
    assert Browser(looking, Role.ADMINISTRATOR).get(path).status_code == 404


def test_empty_states(app: Flask) -> None:
    """A new account: each section says what belongs there."""
    from models import tables

    for table in reversed(tables.ALL):
        if table not in (tables.Account, tables.Agent):
            table.delete().execute()
    tables.Agent.delete().where(tables.Agent.id != 1).execute()
    browser = Browser(app, Role.ADMINISTRATOR)
    for slug, *_rest in SECTIONS:
        page = browser.get(f"/{slug}/")
        assert page.status_code == 200
        if slug not in ("agentes", "historial-de-logueos"):
            assert 'class="empty"' in page.get_data(as_text=True), slug
    assert browser.get("/").status_code == 200


def test_a_script_for_a_name_is_text(app: Flask) -> None:
    """In every list, form, card and title where a name of a contact or a call center stands."""
    evil = '<script>alert("1")</script>'
    Contact.update(name=evil, search="x").where(Contact.id == 1).execute()
    CallCenter.update(name=evil).execute()
    from models.tables import Agent, Call

    Call.update(call_center_name=evil, comment=evil, caller_name=evil, calling_number=evil).execute()
    Agent.update(name=evil).execute()
    browser = Browser(app, Role.ADMINISTRATOR)
    paths = ["/", "/contactos/", "/contactos/1", "/contactos/1/eliminar", "/callcenters/", "/callcenters/1",
             "/agentes/", "/agentes/1", "/historial-de-llamadas/", "/historial-de-logueos/", "/grupos-de-agentes/",
             "/grupos-de-agentes/1", "/forms/", "/forms/1", "/historial-de-llamadas/?contact_id=1"]  # fmt: skip
    for path in paths:
        text = browser.get(path).get_data(as_text=True)
        assert "<script>alert" not in text, path
        assert "alert(&#34;1&#34;)" in text or path == "/contactos/", path
