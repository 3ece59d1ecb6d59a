"""Tokens de API: made, shown once, revoked; and the page on which the API is read."""

from __future__ import annotations

import re

from flask import Flask
from web.api_client import Program
from web.browser import Browser, problems
from web.rows import everything

from admin.api import tokens
from models.tables import ApiToken, AuditEntry
from models.values.call import Role


def test_a_token_is_shown_once(app: Flask, admin: Browser) -> None:
    made = admin.fill("/tokens-de-api/nuevo", name="ERP", contacts="read", tickets="write", days="90")
    assert made.status_code == 200
    text = re.search(r'id="token">(ctl_[^<]+)<', made.get_data(as_text=True))
    assert text is not None
    row = ApiToken.get()
    assert (row.name, row.scopes, row.owner_id) == ("ERP", ["contacts:read", "tickets:read", "tickets:write"], 1)
    assert text[1] not in repr(everything())
    assert text[1] not in admin.get("/tokens-de-api/").get_data(as_text=True)
    program = Program(app, token=text[1])
    assert program.get("/contacts").status_code == 200
    assert program.post("/tickets", {"subject": "x"}).status_code == 201
    assert program.get("/calls").status_code == 403
    # Less, at once.
    assert admin.fill(f"/tokens-de-api/{row.id}", name="ERP", contacts="").status_code == 302
    assert program.get("/contacts").status_code == 403
    # Asked first, then over.
    assert "¿Revocar «ERP»?" in admin.get(f"/tokens-de-api/{row.id}/revocar").get_data(as_text=True)
    assert program.post("/tickets", {"subject": "x"}).status_code == 201
    assert admin.post(f"/tokens-de-api/{row.id}/revocar").status_code == 302
    assert program.post("/tickets", {"subject": "x"}).status_code == 401
    acts = [
        entry.act for entry in AuditEntry.select().where(AuditEntry.section == "api_tokens").order_by(AuditEntry.id)
    ]
    assert acts == ["create", "edit", "deactivate"]


def test_a_token_without_scopes_is_none(admin: Browser) -> None:
    refused = admin.fill("/tokens-de-api/nuevo", name="")
    assert refused.status_code == 422
    assert set(problems(refused)) == {"name", "form"}
    assert ApiToken.select().count() == 0


def test_administrators_only(looking: Flask) -> None:
    for role in (Role.SUPERVISOR, Role.AGENT):
        for path in ("/tokens-de-api/", "/tokens-de-api/nuevo"):
            assert Browser(looking, role).get(path).status_code == 403
    for language, heading in (("es", "Tokens de API"), ("en", "API tokens")):
        page = Browser(looking, Role.ADMINISTRATOR, language=language).get("/tokens-de-api/").get_data(as_text=True)
        assert f"<h1>{heading}" in page


def test_the_page_on_which_it_is_read(looking: Flask) -> None:
    client = looking.test_client()
    for language, word in (("es", "Lista contactos"), ("en", "List contacts")):
        page = client.get(f"/api/v1/docs?lang={language}").get_data(as_text=True)
        assert f'<html lang="{language}">' in page
        assert word in page
        for resource in tokens.RESOURCES:
            assert f'id="{resource}"' in page
        assert "<script>" not in page
        loaded = re.findall(r'<(?:script|link|img)\b[^>]*(?:src|href)="([^"]+)"', page)
        assert loaded
        assert all(address.startswith("/") and not address.startswith("//") for address in loaded)
        assert client.get("/api/v1/openapi.json", headers={"Accept-Language": language}).status_code == 200
