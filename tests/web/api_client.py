"""A program at the API: a token, and what it sends."""

from __future__ import annotations

from typing import Any

from flask import Flask
from web.browser import EMAILS
from werkzeug.test import TestResponse

from admin.api import tokens
from models.tables import Agent, ApiToken
from models.values.call import Role

API = "/api/v1"


def make_token(role: Role = Role.ADMINISTRATOR, scopes: tuple[str, ...] = tokens.SCOPES, **more: Any) -> str:
    """A new token of the demonstration's user of that role."""
    text, prefix, sha256 = tokens.make()
    owner = Agent.get(Agent.email == EMAILS[role])
    values = {"name": f"Programa {role.value}", "owner": owner, "prefix": prefix, "sha256": sha256}
    ApiToken.create(**values | {"scopes": list(scopes)} | more)
    return text


class Program:
    def __init__(
        self, app: Flask, role: Role = Role.ADMINISTRATOR, *, token: str | None = None, language: str = "es",
        address: str = "127.0.0.1", **more: Any,
    ) -> None:  # fmt: skip
        self.client = app.test_client()
        self.token = make_token(role, **more) if token is None else token
        self.headers = {"Authorization": f"Bearer {self.token}", "Accept-Language": language}
        self.environ = {"REMOTE_ADDR": address}

    def ask(self, method: str, path: str, json: Any = None, match: str = "", **headers: str) -> TestResponse:
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        if match:
            sent["If-Match"] = match
        more = {} if json is None else {"json": json}
        return self.client.open(API + path, method=method, headers=sent, environ_base=self.environ, **more)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.ask("GET", path, **headers)

    def post(self, path: str, json: Any, **headers: str) -> TestResponse:
        return self.ask("POST", path, json, **headers)

    def patch(self, path: str, json: Any, match: str = "*") -> TestResponse:
        return self.ask("PATCH", path, json, match)

    def delete(self, path: str, match: str = "*") -> TestResponse:
        return self.ask("DELETE", path, None, match)


def fields(answer: TestResponse) -> dict[str, str]:
    """What was wrong, by field."""
    return {one["field"]: one["code"] for one in answer.get_json().get("errors", ())}
