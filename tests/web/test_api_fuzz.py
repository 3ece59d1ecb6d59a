"""The API keeps to its own document, whatever is sent: schemathesis reads the document and looks for what breaks it.

Run deeper, and with another seed each time, by `make api-fuzz`. What is not checked: that every body which the document
allows is taken, for an account's rules (a name that another has, a number nobody can read) do not stand in it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
import werkzeug
from flask import Flask
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from web.api_client import make_token
from web.played_engine import PlayedEngine

from admin.api import access, dispositions
from admin.api.marks import V1

EXAMPLES = int(os.environ.get("API_FUZZ_EXAMPLES", "3"))
NETWORK = ("max_redirects", "verify", "cert", "proxies")
SEED = int(os.environ.get("API_FUZZ_SEED", "7"))


@pytest.fixture
def fuzzed(make_app: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The web with an engine that dials and reloads, and no limit on how often it is asked."""
    for limit in ("RATE", "DIAL_RATE", "FAILURES"):
        monkeypatch.setattr(access, limit, "1000000 per minute")
    # schemathesis 4.32 hands some checks' settings of a network client to the one that has no network.
    plain = werkzeug.Client.open
    monkeypatch.setattr(
        werkzeug.Client,
        "open",
        lambda self, *args, **more: plain(
            self, *args, **{name: value for name, value in more.items() if name not in NETWORK}
        ),
    )
    with PlayedEngine() as engine:
        engine.answers["/click2dial"] = (202, {"call_id": "fuzz.1"})
        app = make_app(control_port=engine.port)
        app.testing = False  # a crash is an answer, as it is to whoever asks
        yield app


def run(app: Flask, *, only: str = "", deep: bool = False) -> tuple[list[str], int]:
    """What broke, in words, and how many requests were made."""
    config = SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "headers": {"Authorization": f"Bearer {make_token()}"},
            "checks": {
                "positive_data_acceptance": {"enabled": False},
                # RFC 6585: what is missing is a condition.
                "missing_required_header": {"expected-statuses": [400, 401, 403, 422, 428]},
                "negative_data_rejection": {"expected-statuses": [400, 401, 403, 404, 405, 409, 412, 415, 422, 428]},
            },
            "generation": {"max-examples": EXAMPLES, "no-shrink": not deep},
            "phases": {"stateful": {"enabled": deep}},
        }
    )
    schema: Any = schemathesis.openapi.from_wsgi(f"{V1}/openapi.json", app, config=config)
    if only:
        schema = schema.include(operation_id=only)
    broken, requests = [], 0
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            requests += len(event.recorder.interactions)
            known = (node.failure_info for nodes in event.recorder.checks.values() for node in nodes)
            broken += [f"{one.failure.title}: {one.failure.message}\n{one.code_sample}" for one in known if one]
        elif isinstance(event, events.NonFatalError | events.FatalError):
            broken.append(repr(getattr(event, "value", None) or getattr(event, "exception", None)))
    return broken, requests


@pytest.mark.timeout(3600 if EXAMPLES > 10 else 300)
def test_every_operation_keeps_to_the_document(fuzzed: Flask) -> None:
    broken, requests = run(fuzzed, deep=EXAMPLES > 10)
    print(f"{requests} requests")
    assert not broken, "\n\n".join(dict.fromkeys(broken))
    assert requests > 500


def test_a_fault_is_found(fuzzed: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The counter-proof: a list that crashes on one word of its document does not pass."""
    shape = dispositions._shape
    monkeypatch.setattr(dispositions, "_shape", lambda row: shape(row).model_copy(update={"position": "first"}))
    broken, _requests = run(fuzzed, only="list_dispositions")
    assert any("position" in one or "schema" in one.lower() for one in broken), broken
