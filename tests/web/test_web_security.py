"""What holds for every address of the web: headers, tokens, permissions, nothing from elsewhere."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from web.browser import Browser
from web.rows import everything
from werkzeug.routing import Rule

from admin.permissions import Act, may
from models.values.call import Role

OPEN = {"login.login", "login.log_in", "login.choose_language", "login.choose_appearance", "login.invitation", "static",
        "home.static", "desk.static"}  # fmt: skip
# Any word that the address accepts.
WORDS = {"direction": "arriba", "sha256": "0" * 64, "secret": "x", "call_id": "demo", "version": "x", "name": "x",
         "filename": "x"}  # fmt: skip


def path_of(rule: Rule) -> str:
    values: dict[str, Any] = {name: WORDS.get(name, 1) if name in WORDS else 1 for name in rule.arguments}
    adapter = rule.map.bind("localhost")  # type: ignore[union-attr]
    return str(adapter.build(rule.endpoint, values, method=next(iter(rule.methods - {"HEAD", "OPTIONS"}))))


def rules(app: Flask, method: str) -> list[Rule]:
    """Without those that know no session: the API's (test_api.py), and what providers sign (test_sms_providers.py)."""
    known = app.url_map.iter_rules()
    apart = ("api.", "sms.")
    return [rule for rule in known if method in (rule.methods or ()) and not rule.endpoint.startswith(apart)]


def test_a_post_without_its_token_is_refused_everywhere(app: Flask) -> None:
    before = everything()
    posts = rules(app, "POST")
    assert len(posts) > 35
    for rule in posts:
        browser = Browser(app, Role.ADMINISTRATOR)
        for token in (None, "", "forged"):
            data = {"name": "x", "address": "10.0.0.1"} | ({} if token is None else {"csrf_token": token})
            answer = browser.client.post(path_of(rule), data=data, environ_base=browser.environ)
            assert answer.status_code == 400, rule
    assert everything() == before


def test_another_users_token_is_refused(app: Flask) -> None:
    theirs = Browser(app, Role.SUPERVISOR).token()
    assert Browser(app, Role.ADMINISTRATOR).post("/companias/nuevo", {"name": "x"}, token=theirs).status_code == 400


def test_nobody_sees_anything(looking: Flask) -> None:
    for rule in rules(looking, "GET"):
        if rule.endpoint in OPEN:
            continue
        answer = Browser(looking).get(path_of(rule))
        assert answer.status_code == 302, rule
        assert answer.headers["Location"].startswith("/login"), rule


def test_programs_get_401(looking: Flask) -> None:
    answer = Browser(looking).get("/engine", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.is_json) == (401, True)


def test_nobody_changes_anything(app: Flask) -> None:
    before = everything()
    for rule in rules(app, "POST"):
        if rule.endpoint in OPEN:
            continue
        assert Browser(app).post(path_of(rule)).status_code == 401, rule
    assert everything() == before


def test_the_table_of_permissions() -> None:
    for act in Act:
        assert may(Role.ADMINISTRATOR, "agents", act)
        assert not may(Role.AGENT, "contacts", act)
        assert may(Role.SUPERVISOR, "agents", act) == (act in (Act.READ, Act.DOWNLOAD))
        assert not may(Role.SUPERVISOR, "ip_rules", act)
        assert not may(Role.SUPERVISOR, "audit", act)
        assert not may(Role.SUPERVISOR, "no such section", act)
    assert may(Role.SUPERVISOR, "contacts", Act.EDIT)
    assert not may(Role.SUPERVISOR, "contacts", Act.DELETE)
    assert not may(Role.SUPERVISOR, "calls", Act.EDIT)


def test_headers(looking: Flask) -> None:
    admin = Browser(looking, Role.ADMINISTRATOR)
    for path in (
        "/login",
        "/",
        "/contactos/",
        "/no-such-page",
        "/engine",
        "/desk/token",
        "/historial-de-llamadas/descargar.csv",
    ):
        headers = admin.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "style-src 'self';" in policy
        assert "unsafe" not in policy
        assert "connect-src 'self' ws://localhost:8001 http://localhost:8001;" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store", path


def test_the_policy_cannot_be_written_by_a_host_header(looking: Flask) -> None:
    answer = Browser(looking).get("/login", headers={"Host": "evil.example; script-src *"})
    assert "script-src *" not in answer.headers.get("Content-Security-Policy", "")


def test_nothing_inline_and_nothing_from_elsewhere(looking: Flask) -> None:
    admin = Browser(looking, Role.ADMINISTRATOR)
    pages = ["/login", "/password", "/no-such-page", "/cuenta"]
    pages += [path_of(rule) for rule in rules(looking, "GET") if rule.endpoint.endswith(("index_view", "create_view"))]
    pages += [f"/{slug}/1" for slug in ("contactos", "callcenters", "agentes", "forms", "adjuntos", "impresoras")]
    checked = 0
    for path in pages:
        answer = admin.get(path)
        if answer.mimetype != "text/html":
            continue
        text = answer.get_data(as_text=True)
        checked += 1
        for script in re.findall(r"<script\b[^>]*>", text):
            assert " src=" in script, (path, script)
        assert not re.search(r"<[^>]+\sstyle=", text), path
        assert not re.search(r"<[^>]+\son[a-z]+=", text), path
        assert "<style" not in text, path
        for loaded in re.findall(r'(?:src|href)="([^"]+)"', text):
            assert re.match(r"/(?!/)|#", loaded), (path, loaded)
    assert checked > 25


def test_static_files_are_served_by_us(looking: Flask) -> None:
    browser = Browser(looking, Role.ADMINISTRATOR)
    page = browser.get("/").get_data(as_text=True)
    files = {name.split("#")[0] for name in re.findall(r'(?:src|href)="(/static/[^"]+)"', page)}
    assert len(files) >= 7
    for name in files:
        answer = browser.get(name.replace("&amp;", "&"))
        assert answer.status_code == 200, name
        assert "max-age=31536000" in answer.headers["Cache-Control"], name
        assert b"http://" not in re.sub(rb"http://www\.w3\.org/\S*", b"", answer.data) or "bootstrap" in name, name


def test_every_icon_is_in_the_sprite(looking: Flask) -> None:
    browser = Browser(looking, Role.ADMINISTRATOR)
    sprite = browser.get("/static/icons.svg").get_data(as_text=True)
    known = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    used: set[str] = set()
    for path in ("/", "/contactos/", "/callcenters/", "/adicionales/", "/forms/1", "/agentes/5", "/adjuntos/",
                 "/historial-de-llamadas/", "/historial-de-llamadas/?q=x&contact_id=1", "/login"):  # fmt: skip
        used |= set(re.findall(r'icons\.svg[^"#]*#([\w-]+)"', browser.get(path).get_data(as_text=True)))
    assert len(used) > 20
    assert used <= known


def test_a_crash_says_so_and_tells_nothing(make_app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app()
    app.testing = False
    monkeypatch.setattr("admin.home.today", lambda: 1 / 0)
    answer = Browser(app, Role.ADMINISTRATOR).get("/")
    assert answer.status_code == 500
    text = answer.get_data(as_text=True)
    assert "Algo falló" in text
    assert "ZeroDivision" not in text


def test_what_is_too_large_is_refused(app: Flask) -> None:
    browser = Browser(app, Role.ADMINISTRATOR)
    assert browser.post("/companias/nuevo", {"name": "x" * 3_000_000}).status_code == 413


def test_connections_are_given_back(app: Flask, database: Any) -> None:
    database.close()
    assert app.test_client().get("/login").status_code == 200
    assert database.is_closed()
