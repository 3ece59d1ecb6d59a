"""What the database holds, and that a refused form leaves it so."""

from __future__ import annotations

from typing import Any

from peewee import Model
from web.browser import Browser, problems

from models import tables

LONG = "x" * 5001  # longer than any field


def everything() -> dict[str, Any]:
    """Every row of every table, as the driver gives it: read hundreds of times by one test."""
    return {table.__name__: sorted(map(repr, _rows(table))) for table in tables.ALL}


def _rows(table: type[Model]) -> list[tuple[Any, ...]]:
    query, parameters = table.select().sql()
    rows: list[tuple[Any, ...]] = table._meta.database.execute_sql(query, parameters).fetchall()
    return rows


def refused(browser: Browser, path: str, field: str, said: str, **changes: Any) -> None:
    """Sends the form of `path` with changes: 422, `said` beside `field`, and not one row is different."""
    before = everything()
    answer = browser.fill(path, **changes)
    assert answer.status_code == 422
    assert any(said in text for text in problems(answer).get(field, [])), problems(answer)
    assert everything() == before
