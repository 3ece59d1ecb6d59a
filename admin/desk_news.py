"""Telling the open desks that something changed that they show.

Owns: the thread that tells the engine, so that no page waits for it. Must not: keep or repeat news: a desk that missed
some reads anew when it connects (docs/protocols/desk-websocket.md).
"""

import logging
import queue
import threading
from collections.abc import Collection, Mapping
from typing import Any, Final, Literal, cast

from flask import Flask, current_app

from admin.engine import Engine

log = logging.getLogger(__name__)

Topic = Literal["tickets", "messages", "printing", "calls", "callbacks"]

_KEY: Final = "centralita.desk_news"
_WAITING: Final = 200
_News = tuple[Topic, list[int] | None, dict[str, Any]]


class DeskNews:
    """The thread begins with the first news: a web process may be forked after the application is made."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: queue.Queue[_News] = queue.Queue(_WAITING)
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def tell(self, topic: Topic, agents: Collection[int] | None, about: Mapping[str, Any]) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="desk-news", daemon=True)
                self._thread.start()
        try:
            self._waiting.put_nowait((topic, None if agents is None else sorted(agents), dict(about)))
        except queue.Full:
            log.warning("the engine is slow: news about %s are dropped", topic)

    def _run(self) -> None:
        while True:
            topic, agents, about = self._waiting.get()
            try:
                self._engine.news(topic, agents, about)
            except Exception:
                log.exception("news about %s were not told", topic)


def register(app: Flask, engine: Engine) -> None:
    app.extensions[_KEY] = DeskNews(engine)


def tell_desks(topic: Topic, agents: Collection[int] | None, about: Mapping[str, Any]) -> None:
    """Call it after the commit; it returns at once. `agents` None: everybody at a desk; nobody: nothing is told."""
    if agents is None or agents:
        cast(DeskNews, current_app.extensions[_KEY]).tell(topic, agents, about)
