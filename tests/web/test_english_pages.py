"""No Spanish is left on an English page: every word comes from the catalogue, or somebody typed it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from flask import Flask
from lxml import html
from web.browser import PASSWORD, Browser
from web.rows import everything

from admin import passwords
from admin.app import create_app
from models import account, db, demo
from models.secrets import Secrets
from models.settings import Settings
from models.tables import AuditEntry, Call, FormAnswer, Recording
from models.values.call import Role

CATALOGUE = Path(demo.__file__).parents[1] / "admin" / "translations" / "en" / "LC_MESSAGES" / "messages.po"
WORD = re.compile(r"[^\W\d_]{3,}")
SHOWN = ("title", "placeholder", "aria-label", "alt", "data-label", "data-none", "data-one", "data-many")
# Written so in every language.
NAMES = {"español"}


@pytest.fixture(scope="module")
def in_use(tmp_path_factory: pytest.TempPathFactory, secrets: Secrets) -> Flask:
    """The web where people have worked for a month: no room is empty."""
    folder = tmp_path_factory.mktemp("in-use")
    database = db.open_database(f"sqlite:///{folder}/centralita.db")
    db.migrate(database)
    account.ensure_account(database, Settings(data_dir=folder))
    hashed = passwords.hash_password(PASSWORD)
    demo.fill(database, folder, passwords=dict.fromkeys(Role, PASSWORD), hash_password=lambda _password: hashed)
    app = create_app(Settings(data_dir=folder, control_port=1), secrets, database)
    app.testing = True
    return app


def words_of(text: str) -> set[str]:
    return {word.casefold() for word in WORD.findall(text)}


def spanish() -> set[str]:
    """The words of the Spanish texts that no English text has."""
    with CATALOGUE.open("rb") as file:
        catalogue = [(one.id, one.string) for one in read_po(file) if one.id]
    sides = []
    for side in zip(*catalogue, strict=True):
        texts = [text for one in side for text in ([one] if isinstance(one, str) else one)]
        sides.append(set().union(*(words_of(re.sub(r"%\(\w+\)s|\{\w+\}", " ", text)) for text in texts)))
    return sides[0] - sides[1]


def shown(page: str) -> list[str]:
    """The texts of a page that a person sees, or hears."""
    tree = html.fromstring(page)
    for names in tree.xpath("//select[@name='timezone' or @name='region' or @name='currency']"):  # of places
        names.drop_tree()
    found = [str(text) for text in tree.xpath("//body//text()[not(ancestor::script) and not(ancestor::style)]")]
    for name in SHOWN:
        found += [str(text) for text in tree.xpath(f"//@{name}")]
    return [" ".join(text.split()) for text in found if text.strip()]


def paths(app: Flask) -> list[str]:
    """Every list, every form, and a page of each other kind."""
    found = [str(rule) for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments]
    of_rows = [
        str(rule).replace("<int:row_id>", "1")
        for rule in app.url_map.iter_rules()
        if rule.arguments == {"row_id"} and rule.endpoint.endswith((".edit_view", ".delete_view", ".see_view"))
    ]
    call, recording = Call.select().first().id, Recording.select().first()
    more = [
        f"/historial-de-llamadas/{call}/explicar", "/auditoria/?size=100", "/auditoria/?size=100&page=2",
        f"/historial-de-llamadas/{recording.call_id}/grabacion/{recording.id}/eliminar",
        f"/impresiones/nueva/call_result/{call}", f"/respuestas/{FormAnswer.select().first().id}/ver",
        "/contactos/?q=zzzz", "/callcenters/2",
    ]  # fmt: skip
    skipped = re.compile(r"descargar|machote|\.json|\.css|\.js|/static|/desk|health|logout|salir|/api/v1/(?!docs)")
    return [path for path in (*found, *of_rows, *more) if not skipped.search(path)]


def test_no_spanish_is_left_on_an_english_page(in_use: Flask) -> None:
    browser = Browser(in_use, Role.ADMINISTRATOR, language="en")
    typed = set().union(*(words_of(row) for rows in everything().values() for row in rows))
    wanted = spanish() - typed - NAMES
    assert len(wanted) > 800, "else the test would find nothing"
    assert {"buscar", "llamadas", "dónde"} & wanted
    seen, left = 0, {}
    for path in paths(in_use):
        answer = browser.get(path, headers={"Accept-Language": "en"})  # which the API's page follows
        if answer.status_code != 200 or answer.mimetype != "text/html":
            continue
        seen += 1
        for text in shown(answer.get_data(as_text=True)):
            if words_of(text) & wanted:
                left.setdefault(text[:90], path)
    assert seen > 60
    assert left == {}, "\n".join(f"{path} {text}" for text, path in left.items())


def test_every_change_of_the_log_has_its_words(in_use: Flask) -> None:
    """No name of a column, no code that is stored: neither in Spanish nor in English."""
    for language in ("es", "en"):
        browser = Browser(in_use, Role.ADMINISTRATOR, language=language)
        pages = -(-AuditEntry.select().count() // 100)
        for number in range(1, pages + 1):
            page = browser.get(f"/auditoria/?size=100&page={number}").get_data(as_text=True)
            labels = html.fromstring(page).xpath("//ul[@class='changes']/li/span[@class='muted']/text()")
            assert len(labels) > 50
            assert [one for one in labels if re.fullmatch(r"[a-z_0-9]+:", one)] == []
            assert [word for word in ("inbound", "longest_idle", "escpos", "call_back") if f">{word}<" in page] == []
