"""A switch that is slow to answer after a connect: the engine asks until it knows what there is."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import Mock

import pytest

from ari_app import engine as module
from ari_app.engine import Engine
from ari_app.resync import Findings


def test_a_switch_that_answers_late_is_asked_until_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five tries and no more left its calls without an engine until the next connect, and the sweeps waited for it."""
    engine = Engine.__new__(Engine)
    engine.connected, engine.connected_since, engine._lost_at, engine._first = True, 1, None, True
    tries, slept = 0, []

    class Slow:
        async def run(self, **_: Any) -> Findings:
            nonlocal tries
            tries += 1
            if tries < 9:
                raise RuntimeError("channels.list: no answer in time, unknown outcome")
            return Findings()

    async def nothing(*_: Any, **__: Any) -> None: ...

    async def told(*_: Any, **__: Any) -> dict[str, dict[str, str]]:
        return {"system": {"version": "22.10.1"}}

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    engine._resync = Slow()  # type: ignore[assignment]
    monkeypatch.setattr(engine, "push_phones", nothing, raising=False)
    for name in ("tell_blocklist", "_find_left", "_audit", "_audit_again"):
        monkeypatch.setattr(engine, name, nothing, raising=False)
    monkeypatch.setattr(engine, "_spawn", lambda work, name: work.close(), raising=False)
    monkeypatch.setattr(engine, "ask", told, raising=False)
    monkeypatch.setattr(module, "asyncio", Mock(wraps=asyncio, sleep=sleep))

    asyncio.run(engine._after_connect())

    assert (tries, engine._first, engine.switch_version) == (9, False, "22.10.1")
    assert slept == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]
