"""What the database holds, and that a refused form leaves it so."""

from __future__ import annotations

from typing import Any

from web.browser import Browser, problems

from models import tables

LONG = "x" * 5001  # longer than any field


def everything() -> dict[str, Any]:
    """Every row of every table."""
    return {table.__name__: sorted(map(repr, table.select().tuples())) for table in tables.ALL}


def refused(browser: Browser, path: str, field: str, said: str, **changes: Any) -> None:
    """Sends the form of `path` with changes: 422, `said` beside `field`, and not one row is different."""
    before = everything()
    answer = browser.fill(path, **changes)
    assert answer.status_code == 422
    assert any(said in text for text in problems(answer).get(field, [])), problems(answer)
    assert everything() == before
