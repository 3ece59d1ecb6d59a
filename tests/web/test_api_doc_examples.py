"""The examples of docs/api.md are true, one after another."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from web.api_client import API, Program
from web.played_engine import PlayedEngine

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
PAIR = re.compile(r"```http\n(.*?)```\s+```json (\d+)\n(.*?)```", re.S)


def within(expected: Any, actual: Any) -> bool:
    """All that is written is there; there may be more."""
    if isinstance(expected, dict):
        return isinstance(actual, dict) and all(name in actual and within(one, actual[name]) for name, one in
                                                expected.items())  # fmt: skip
    if isinstance(expected, list):
        return len(expected) == len(actual) and all(map(within, expected, actual))
    return bool(expected == actual)


def test_every_example(make_app: Any) -> None:
    pairs = PAIR.findall(PAGE.read_text("utf-8"))
    assert len(pairs) >= 9
    with PlayedEngine({"/click2dial": (202, {"call_id": "example.1"})}) as engine:
        program = Program(make_app(control_port=engine.port))
        known = {"id": "", "etag": ""}
        for asked, status, expected in pairs:
            head, _, body = asked.partition("\n\n")
            (first, *more) = head.strip().splitlines()
            method, path = first.replace("{id}", known["id"]).split(" ", 1)
            headers = dict(line.replace("{etag}", known["etag"]).split(": ", 1) for line in more)
            answer = program.client.open(
                path.replace("+", "%2B"), method=method, headers=program.headers | headers,
                json=json.loads(body) if body.strip() else None,
            )  # fmt: skip
            told = answer.get_json()
            assert answer.status_code == int(status), (asked, told)
            assert within(json.loads(expected), told), (asked, told)
            if answer.status_code == 201:
                known = {"id": str(told["id"]), "etag": answer.headers.get("ETag", "")}


def test_the_limits_are_as_written() -> None:
    from admin.api import access, shapes, spec

    page = PAGE.read_text("utf-8")
    assert access.RATE.startswith("300 per")
    assert "| 300 a minute" in page
    assert access.DIAL_RATE.startswith("30 per")
    assert "| 30 a minute |" in page
    assert spec.MAX_BODY == 256 * 1024
    assert (shapes.DEFAULT_LIMIT, shapes.MAX_LIMIT) == (50, 200)
    assert API in page
