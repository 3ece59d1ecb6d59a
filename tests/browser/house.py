"""Everything a test of the desk needs in one hand: browser profiles, the web, the scripted engine, the history.

Owns: the ways to bring a call to the agent. Must not: assert.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from browser.desk_page import DeskPage, pop
from browser.scripted_engine import ScriptedEngine, now_ms
from browser.site import Site
from peewee import Database
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from models import cdr
from models.tables import Agent
from models.values.call import Direction, Outcome
from models.values.cdr import CallRecord

PASSWORD = "una clave solo de prueba"


class Profiles:
    """Browser profiles (cookies and storage of their own), and what went wrong in any of their pages."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._made: list[BrowserContext] = []
        self.problems: list[str] = []

    def new(self, **options: Any) -> BrowserContext:
        profile = self._browser.new_context(
            **{"locale": "es-CR", "viewport": {"width": 1366, "height": 850}, **options}
        )
        profile.set_default_timeout(10_000)
        profile.on("weberror", lambda error: self.problems.append(str(error.error)))
        profile.on("console", self._read)
        self._made.append(profile)
        return profile

    def _read(self, message: ConsoleMessage) -> None:
        # A refused connection is what tests of reconnecting make; what the content policy refuses never is.
        if message.type == "error" and "Content Security Policy" in message.text:
            self.problems.append(message.text)

    def close(self) -> None:
        while self._made:
            self._made.pop().close()


@contextmanager
def unused_port() -> Iterator[int]:
    """A port that nobody can listen on meanwhile: a connection is refused, as when the engine is away."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


@dataclass
class House:
    """The web, the scripted engine, the database, and the agent `me` who may log in."""

    site: Site
    engine: ScriptedEngine
    database: Database
    me: Agent
    profiles: Profiles
    cookies: list[Any]
    """Of an earlier log-in: all tests share secrets, and a password's hash takes its time."""

    def page(self, **profile: Any) -> Page:
        """A page in a browser profile of its own."""
        return self.profiles.new(**profile).new_page()

    def offer(self, call_id: str = "centralita-1764000000.1", **changes: Any) -> str:
        """A call comes for `me`; its id."""
        return self.engine.offer(self.me.id, pop(call_id, **changes))

    def talk(self, call_id: str) -> None:
        """`me` has answered."""
        self.engine.set_state(self.me.id, "talking", call_id=call_id)
        self.engine.update(self.me.id, call_id, phase="talking", answered_at=self.engine.now_ms())

    def hang_up(self, call_id: str) -> None:
        """The call ends; the notes are still to be written."""
        self.engine.set_state(self.me.id, "wrap_up")
        self.engine.update(self.me.id, call_id, phase="ended", ended_at=self.engine.now_ms())

    def in_progress(self, call_id: str, **changes: Any) -> CallRecord:
        """The call as the engine writes it when `me` has answered."""
        fields = {
            "id": call_id, "direction": Direction.INBOUND, "called_number": "40004000", "calling_number": "88881234",
            "offered_at": now_ms() - 60_000, "answered_at": now_ms() - 50_000, "agent_id": self.me.id,
            "call_center_name": "Soporte Técnico Teslín",
        } | changes  # fmt: skip
        return CallRecord(**fields)

    def record(self, call_id: str, agent: Agent | None = None, **changes: Any) -> None:
        """What the engine's writer would put in the history: a call that `agent` (`me`) answered."""
        fields = {
            "id": call_id, "direction": Direction.INBOUND, "called_number": "40004000", "calling_number": "88881234",
            "offered_at": now_ms() - 60_000, "answered_at": now_ms() - 50_000, "ended_at": now_ms(), "talk_ms": 50_000,
            "outcome": Outcome.ANSWERED, "call_center_name": "Soporte Técnico Teslín",
            "agent_id": (agent or self.me).id,
        } | changes  # fmt: skip
        cdr.close_calls(self.database, [CallRecord(**fields)])

    def desk(self, **profile: Any) -> DeskPage:
        """A desk where `me` is logged in, connected and available."""
        page = self.page(**profile)
        desk = DeskPage(page, self.site.url)
        if self.cookies:
            page.context.add_cookies(self.cookies)
            desk.open()
        else:
            desk.log_in(str(self.me.email), PASSWORD)
            self.cookies.extend(page.context.cookies())
        return desk.wait_for_state("available")

    def desk_of_another_computer(self, **profile: Any) -> DeskPage:
        """The same agent in a browser that knows nothing: in whatever state the engine has them."""
        page = self.page(**profile)
        page.context.add_cookies(self.cookies)
        return DeskPage(page, self.site.url).open().wait_for_line()
