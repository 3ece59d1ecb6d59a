"""A person at the web: a client that is logged in and sends what the forms send, tokens included."""

from __future__ import annotations

import html
import re
import time
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from models.tables import Agent
from models.values.call import Role

PASSWORD = "contraseña de prueba 1"  # of everybody in the demonstration account of these tests
EMAILS = {
    Role.ADMINISTRATOR: "admin@centralita.example",
    Role.SUPERVISOR: "supervisor@centralita.example",
    Role.AGENT: "agente@centralita.example",
}
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Browser:
    """`role`: logged in without the log-in page, whose tests are test_login.py's. None: nobody."""

    def __init__(
        self, app: Flask, role: Role | None = None, *, address: str = "127.0.0.1", language: str = "es"
    ) -> None:
        self.app = app
        self.client: FlaskClient = app.test_client()
        self.environ = {"REMOTE_ADDR": address}
        with self.client.session_transaction() as session:
            session["language"] = language
            if role is not None:
                row = Agent.get(Agent.email == EMAILS[role])
                session.update(
                    _user_id=str(row.id), _fresh=True, sid=f"sid-{role.value}-{time.monotonic_ns()}",
                    epoch=row.session_epoch, started=time.time(), seen=time.time(),
                )  # fmt: skip

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.client.get(path, environ_base=self.environ, **more)

    def post(
        self, path: str, data: dict[str, Any] | None = None, *, token: str | None = None, **more: Any
    ) -> TestResponse:
        """With the session's token, unless another is given."""
        sent = {"csrf_token": self.token() if token is None else token} | (data or {})
        more.setdefault("content_type", "multipart/form-data")
        return self.client.post(path, data=sent, environ_base=self.environ, **more)

    def token(self) -> str:
        page = self.get("/no-such-page").get_data(as_text=True)
        found = _TOKEN.search(page)
        assert found is not None, "every page has a form with a token"
        return found[1]

    def edit(self, path: str, **changes: Any) -> TestResponse:
        """Opens a list that is edited in place, changes some cells (`r3_name`; None takes a tick away), saves."""
        page = self.get(path)
        assert page.status_code == 200, page.status_code
        sent = fields(page.get_data(as_text=True), "data-rows")
        for name, value in changes.items():
            name = re.sub(r"^(r\d+)_", r"\1-", name)
            sent.pop(name, None)
            if value is not None:
                sent[name] = value
        slug, _, query = path.partition("?")
        return self.post(f"{slug}salvar?{query}", sent)

    def fill(self, path: str, **changes: Any) -> TestResponse:
        """Opens a form, changes some fields, sends it back whole, as a browser does."""
        page = self.get(path)
        assert page.status_code == 200, page.status_code
        return self.post(path, fields(page.get_data(as_text=True)) | changes)


def fields(page: str, mark: str = 'method="post"') -> dict[str, Any]:
    """What the page's own form holds: the first one in <main> that is no search, or that has the `mark`."""
    main = page.split("<main", 1)[1]
    form = next(part for part in re.findall(r"<form.*?</form>", main, re.S) if mark in part)
    sent: dict[str, Any] = {}

    def put(name: str, value: str) -> None:
        value = html.unescape(value)
        if name in sent:
            sent[name] = [*(sent[name] if isinstance(sent[name], list) else [sent[name]]), value]
        else:
            sent[name] = value

    for tag in re.finditer(r"<input\b[^>]*>|<select\b.*?</select>|<textarea\b.*?</textarea>", form, re.S):
        text = tag[0]
        name = re.search(r'\bname="([^"]*)"', text.split(">", 1)[0])
        if name is None or name[1] == "csrf_token":
            continue
        opening = text.split(">", 1)[0]
        if text.startswith("<select"):
            chosen = re.search(r'<option value="([^"]*)" selected', text) or re.search(r'<option value="([^"]*)"', text)
            if chosen:
                put(name[1], chosen[1])
        elif text.startswith("<textarea"):
            put(name[1], text.split(">", 1)[1].removesuffix("</textarea>").removeprefix("\n"))
        elif 'type="file"' not in opening and not (
            'type="checkbox"' in opening and not re.search(r"\bchecked\b", opening)
        ):
            value = re.search(r'\bvalue="([^"]*)"', opening)
            put(name[1], value[1] if value else "")
    return sent


def problems(page: TestResponse) -> dict[str, list[str]]:
    """What stands in red, by the id of the field beside which it stands; "" is the form as a whole."""
    text = page.get_data(as_text=True)
    found: dict[str, list[str]] = {}
    for block in re.finditer(
        r'<div class="field__problem"(?: id="([^"]*)-problem")?>.*?<span>(.*?)</span>', text, re.S
    ):
        found.setdefault(block[1] or "", []).append(html.unescape(block[2]))
    for notice in re.finditer(r'notice--error" role="alert">.*?<div>(.*?)</div>', text, re.S):
        plain = html.unescape(re.sub(r"<[^>]+>", "", notice[1])).strip()
        found.setdefault("form", []).append(plain)
    return found


def notices(page: TestResponse) -> list[str]:
    """What a page says was done."""
    text = page.get_data(as_text=True).split('<div class="notices" role="status">', 1)
    if len(text) < 2:
        return []
    block = text[1].split("</main>", 1)[0]
    return [
        " ".join(html.unescape(re.sub(r"<[^>]+>", " ", part)).split())
        for part in re.findall(r'<div class="notice notice--\w+">(.*?)</div></div>', block, re.S)
    ]
