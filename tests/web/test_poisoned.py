"""An account whose every text is an attack: no page runs it, no download is a formula, no query breaks.

All text columns of all tables hold markup that leaves an attribute, a script, a handler, a quote, and begin with `=`.
Columns that are keys of something, or a language of their own, keep what they had: `STRUCTURAL` names them.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import openpyxl
import pytest
from flask import Flask
from lxml import html
from peewee import CharField, TextField
from web.browser import Browser, fields
from web.rows import everything
from web.test_web_security import path_of, rules
from werkzeug.test import TestResponse

from admin.app import create_app
from admin.installation import installation
from models import db, tables
from models.secrets import Secrets
from models.settings import Settings
from models.tables import IpRule, Prompt
from models.tables.base import ChoiceField, JsonField
from models.values.call import Role

LONG = "=zq\"><script>alert(1)</script><img src=x onerror=alert(2)>'--"
SHORT = "=<b onx=1>\"'"
STRUCTURAL = {
    "name_key", "email_key", "email", "endpoint", "phone_key", "canonical", "network", "address", "mask", "sha256",
    "logo_sha256", "logo_mime", "mime", "session", "timezone", "region", "currency", "rate_currency", "color",
    "language", "opening_hours", "closed_dates", "music", "welcome", "id", "call_id", "section", "act", "code_page",
    "password_hash", "invitation_hash", "pin_hash", "sip_ha1", "cause", "callback_key", "voicemail_key", "folded",
    "search", "reason", "prefix", "key", "feature_codes",
    *(f"{cause}_{part}" for cause in ("closed", "full", "waited", "nobody") for part in ("message", "target")),
}  # fmt: skip
UNIQUE = {"name", "pattern"}


def _attack(limit: int, key: object) -> str:
    for text in (f"{LONG}{key}", f"{SHORT}{key}"):
        if len(text) <= limit:
            return text
    return ("=" + "<'\"")[:limit]


def poison() -> int:
    """Every text of every row; how many columns that were."""
    columns = 0
    for table in tables.ALL:
        meta: Any = table._meta  # type: ignore[attr-defined]
        for name, field in meta.fields.items():
            if isinstance(field, ChoiceField) or not isinstance(field, CharField | TextField) or field.primary_key:
                continue
            if isinstance(field, JsonField):
                _poison_json(table, name)
                continue
            if name in STRUCTURAL:
                continue
            columns += 1
            for row in table.select():
                value = _attack(field.max_length, row.get_id() if name in UNIQUE else "")
                table.update({name: value}).where(row._pk_expr()).execute()
    return columns


def _poison_json(table: Any, name: str) -> None:
    """Texts inside lists and objects, where they are only shown."""

    def attacked(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: attacked(one) for key, one in value.items()}
        if isinstance(value, list):
            return [attacked(one) for one in value]
        return LONG if isinstance(value, str) else value

    if table in (tables.FormAnswer, tables.AuditEntry) or (table, name) == (tables.AdditionalField, "options"):
        for row in table.select():
            old = getattr(row, name)
            new = [f"{LONG}{place}" for place in range(3)] if name == "options" and old else attacked(old)
            table.update({name: new}).where(table.id == row.id).execute()


@pytest.fixture(scope="module")
def account(demo_dir: Path, tmp_path_factory: pytest.TempPathFactory, secrets: Secrets) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("poisoned") / "data"
    shutil.copytree(demo_dir, folder)
    database = db.open_database(f"sqlite:///{folder / 'centralita.db'}")
    app = create_app(Settings(data_dir=folder, control_port=1), secrets, database)
    app.testing = True
    browser = Browser(app, Role.ADMINISTRATOR)
    # Rows of what the demonstration has none of, and entries in the audit log.
    IpRule.create(address="127.0.0.0", mask="255.0.0.0", network="127.0.0.0/8")
    Prompt.create(name="x", sha256="0" * 64)
    browser.post("/numeros-bloqueados/nuevo", {"pattern": "8888 7777", "note": "x"})
    browser.post("/destinos/nuevo", {"pattern": "+1*", "allowed": "1", "note": "x"})
    tables.Voicemail.create(key="k", calling_number="1", called_number="2", sha256="0" * 64, seconds=3, call_center=1)
    tables.CallbackRequest.create(number="1", call_center=1)
    browser.fill("/contactos/campania?q=a", name="Promo")
    browser.fill("/companias/1", name="Otra")
    assert poison() > 50
    yield app
    database.close()


@pytest.fixture
def poisoned(account: Flask) -> Flask:
    """For tests that look: they share one account."""
    with account.app_context():
        tables.database.initialize(installation().database)
    return account


def is_harmless(text: str, where: str) -> None:
    """Nothing of an attack became markup."""
    page = html.fromstring(text)
    for node in page.iter():
        if not isinstance(node.tag, str):
            continue
        assert not any(name.startswith("on") for name in node.attrib), (where, html.tostring(node)[:200])
        assert node.tag != "b" or "onx" not in node.attrib
        assert node.tag != "img" or node.get("src") != "x", where
        if node.tag == "script":
            assert node.get("src") or node.get("type") == "application/json", (where, node.text)
            if node.get("type") == "application/json":
                json.loads(node.text)
        for name in ("href", "src", "action", "formaction"):
            assert not (node.get(name) or "").lower().startswith(("javascript:", "data:text")), (where, node.get(name))


def is_guarded(answer: TestResponse, where: str) -> None:
    """What every answer tells the browser, read whole: no script inside a page, no guessing of types, no frame."""
    answer.get_data()
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy, where
    assert "unsafe" not in policy, where
    assert "frame-ancestors 'none'" in policy, where
    assert answer.headers["X-Content-Type-Options"] == "nosniff", where
    assert answer.headers["X-Frame-Options"] == "DENY", where
    assert answer.headers["Referrer-Policy"] == "same-origin", where
    assert "no-store" in answer.headers["Cache-Control"] or "private" in answer.headers["Cache-Control"], where
    for cookie in answer.headers.getlist("Set-Cookie"):
        assert "HttpOnly" in cookie, where
        assert "SameSite=Lax" in cookie, where


def pages(app: Flask) -> list[str]:
    """Every address that answers GET, with rows that exist."""
    found = []
    for rule in rules(app, "GET"):
        if not rule.endpoint.endswith("static"):
            path = path_of(rule)
            call = tables.Call.select().order_by(tables.Call.offered_at.desc()).first().id
            found.append(path.replace("/demo", f"/{call}") if "explic" in path else path)
    return found


@pytest.mark.parametrize("language", ["es", "en"])
def test_no_page_runs_a_name(poisoned: Flask, language: str) -> None:
    seen = 0
    for role in (Role.ADMINISTRATOR, Role.AGENT):
        browser = Browser(poisoned, role, language=language)
        if role is Role.AGENT and language == "en":
            continue
        for path in pages(poisoned):
            answer = browser.get(path)
            assert answer.status_code < 500, path
            is_guarded(answer, path)
            if answer.mimetype == "text/html" and answer.status_code == 200:
                text = answer.get_data(as_text=True)
                is_harmless(text, path)
                seen += "zq&#34;&gt;&lt;script&gt;" in text
    assert seen > 30


def test_what_is_typed_comes_back_as_text(poisoned: Flask) -> None:
    """In every search, in every refused form, in an address that is not there."""
    browser = Browser(poisoned, Role.ADMINISTRATOR)
    for view in poisoned.extensions["admin"][0]._views:
        if not getattr(view, "columns", None) and not getattr(view, "filters", None):
            continue
        names = ["q", "sort", "page", *(one.name for one in view.filters)]
        answer = browser.get(f"/{view.slug}/?{urlencode(dict.fromkeys(names, LONG))}")
        is_harmless(answer.get_data(as_text=True), view.slug)
        if getattr(view, "form_class", None) and view.can_add:
            new = browser.get(f"/{view.slug}/nuevo")
            sent = {name: LONG for name, value in fields(new.get_data(as_text=True)).items() if isinstance(value, str)}
            answer = browser.post(f"/{view.slug}/nuevo", sent)
            is_harmless(answer.get_data(as_text=True), view.slug)
    for path in (f"/{quote(LONG)}", f"/login?next={quote(LONG)}", f"/invitation/{quote(LONG)}", "/login"):
        answer = Browser(poisoned).get(path)
        is_harmless(answer.get_data(as_text=True), path)
    refused = Browser(poisoned).post("/login", {"email": LONG, "password": LONG})
    is_harmless(refused.get_data(as_text=True), "/login")


def test_no_download_is_a_formula(poisoned: Flask) -> None:
    browser = Browser(poisoned, Role.ADMINISTRATOR)
    cells = attacks = 0
    for rule in rules(poisoned, "GET"):
        path = path_of(rule)
        if not path.endswith((".csv", ".xlsx")) or "descargar" not in path:
            continue
        answer = browser.get(path)
        if answer.status_code != 200:
            continue
        if path.endswith(".csv"):
            for row in csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")):
                cells += len(row)
                attacks += sum(cell.startswith("'=") for cell in row)
                assert not any(cell.startswith(("=", "+", "@", "\t=")) and "<" in cell for cell in row), row
        else:
            sheet = openpyxl.load_workbook(io.BytesIO(answer.data), read_only=True).active
            assert sheet is not None
            for row in sheet.iter_rows():
                assert all(cell.data_type != "f" for cell in row), path
    assert cells > 1000
    assert attacks > 100


# ---------------------------------------------------------------- SQL
SQL = (
    "' OR '1'='1", "1; DROP TABLE contacts--", "1) OR (1=1", "%' UNION SELECT password_hash FROM agents--", "\\", "1e9",
    "name ASC, (SELECT 1)", "id::text", "' || (SELECT 1) || '", "\u2019 OR 1=1", "-1", "9" * 30, "1' AND 1=1/0 AND '1",
)  # fmt: skip


def test_no_parameter_is_sql(on_both: Flask) -> None:
    """Each filter, the search and the order of each list and of each download, one at a time and all at once."""
    browser = Browser(on_both, Role.ADMINISTRATOR)
    before = everything()
    asked = 0
    for view in on_both.extensions["admin"][0]._views:
        if not getattr(view, "slug", None):
            continue
        filters = [one.name for one in view.filters]
        if view.slug == "contactos":
            filters = ["activity", "list", "disposition", "company", "extra_1", "extra_2", "extra_5"]
        for place, attack in enumerate(SQL):
            name = ["q", "sort", *filters][place % (len(filters) + 2)]
            for arguments in ({name: attack}, dict.fromkeys(["q", "sort", "desc", "page", "size", *filters], attack)):
                path = f"/{view.slug}/?{urlencode(arguments)}"
                answer = browser.get(path)
                assert answer.status_code == 200, path
                asked += 1
                found_by_right = view.slug == "auditoria"  # the log of a download holds what it searched for
                if name == "q" and len(arguments) == 1 and "'" in attack and view.searched and not found_by_right:
                    assert 'class="count">0<' in answer.get_data(as_text=True), path
        if view.slug in ("contactos", "historial-de-llamadas", "companias", "auditoria"):
            attack = dict.fromkeys(["q", "sort", *filters], SQL[0])
            answer = browser.get(f"/{view.slug}/descargar.csv?{urlencode(attack)}")
            assert (answer.status_code, bool(answer.data)) == (200, True)
    assert asked > 400
    noted = {name: rows for name, rows in everything().items() if name != "AuditEntry"}
    assert noted == {name: rows for name, rows in before.items() if name != "AuditEntry"}


# ---------------------------------------------------------------- paths
NAMES = (
    "../../secrets.json", "..\\..\\secrets.json", "/etc/passwd", "C:\\x\\secrets.json", "....//secrets.json",
    "a\x00.png", ".htaccess", "%2e%2e%2fsecrets.json", "con\n.txt",
)  # fmt: skip


def test_no_upload_leaves_its_folder(app: Flask, data_dir: Any) -> None:
    """Whatever a file is called, its bytes lie under their hash, and nothing else on the disk is touched."""
    (data_dir / "secrets.json").write_text("kept")
    browser = Browser(app, Role.ADMINISTRATOR)
    outside = {path for path in data_dir.parent.rglob("*") if not path.is_relative_to(data_dir)}
    for place, name in enumerate(NAMES):
        for path, field in (
            ("/adjuntos/nuevo", "file"),
            ("/contactos/carga", "file"),
            ("/mensajes-grabados/nuevo", "file"),
        ):
            content = f"nombre,telefono\nAna {place},2222 111{place}\n".encode()
            answer = browser.post(path, {field: (io.BytesIO(content), name), "description": "x"})
            assert answer.status_code in (302, 422, 400), (path, name)
    for row in tables.Attachment.select():
        assert not set(row.filename) & set("/\\:\x00\n"), row.filename
    assert (data_dir / "secrets.json").read_text() == "kept"
    assert {path for path in data_dir.parent.rglob("*") if not path.is_relative_to(data_dir)} == outside
    served = Browser(app, Role.ADMINISTRATOR)
    for path in ("/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/app.py", "/desk/static/x/../../views.py",
                 "/logos/..%2f..%2fsecrets.json", "/logos/../../secrets.json", "/static//etc/passwd",
                 "/adjuntos/..%2f1/descargar", "/admin/static/..%2f..%2fapp.py"):  # fmt: skip
        answer = served.get(path)
        assert answer.status_code in (404, 405, 308), (path, answer.status_code)
        assert b"import" not in answer.data
