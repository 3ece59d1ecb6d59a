"""The agent's desk as a person uses it: a page object for tests with any engine, scripted or real.

Owns: where things are on the page. Must not: assert (but by waiting), or know who plays the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

ARTEFACTS = Path(__file__).resolve().parents[1] / "artefacts"


def rgb(color: str) -> str:
    """`#rrggbb` as a browser computes it."""
    return f"rgb({', '.join(str(int(color[at : at + 2], 16)) for at in (1, 3, 5))})"


def log_in(page: Page, url: str, email: str, password: str) -> None:
    """Through the shared log-in page; an agent lands on the desk."""
    page.goto(f"{url}/login")
    page.locator("[name=email]").fill(email)
    page.locator("[name=password]").fill(password)
    page.locator("form:has([name=password]) button").click()


class DeskPage:
    """One tab with the desk in it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    # ------------------------------------------------------------ coming and going
    def log_in(self, email: str, password: str) -> DeskPage:
        log_in(self.page, self.url, email, password)
        self.page.wait_for_url("**/desk**")
        return self

    def open(self) -> DeskPage:
        self.page.goto(f"{self.url}/desk")
        return self

    def reload(self) -> None:
        self.page.reload()

    def log_out(self) -> None:
        self.open_my_menu().locator("#log-out button").click()
        self.page.wait_for_url("**/login**")

    # ------------------------------------------------------------ the bar
    @property
    def bar(self) -> Locator:
        return self.page.locator("#bar")

    @property
    def banner(self) -> Locator:
        return self.page.locator("#banner")

    @property
    def state_word(self) -> Locator:
        return self.bar.locator("[data-part=state-word]")

    @property
    def state_time(self) -> Locator:
        return self.bar.locator("[data-part=state-time]")

    def wait_for_line(self, line: str = "open", seconds: float = 10) -> DeskPage:
        """`line`: open, connecting, waiting, stopped."""
        expect(self.bar).to_have_attribute("data-line", line, timeout=seconds * 1000)
        return self

    def wait_for_state(self, state: str, seconds: float = 10) -> DeskPage:
        """The state as the engine names it, on a line that is open."""
        expect(self.bar).to_have_attribute("data-state", state, timeout=seconds * 1000)
        return self

    def go_available(self) -> None:
        self.bar.locator("[data-part=available]").click()

    def pause(self, reason: str) -> None:
        self.bar.locator("[data-part=pause]").click()
        self.page.locator("#pause-menu button", has_text=reason).click()

    def open_my_menu(self) -> Locator:
        """Look, language, log-out."""
        self.page.locator("#me-button").click()
        return self.page.locator("#me-menu")

    # ------------------------------------------------------------ rooms
    def room(self, name: str) -> Locator:
        return self.page.locator(f'[data-room="{name}"]')

    def room_link(self, name: str) -> Locator:
        return self.page.locator(f'#rooms [data-to="{name}"]')

    def badge(self, name: str) -> Locator:
        return self.room_link(name).locator("[data-part=badge]")

    def go_to(self, name: str) -> Locator:
        self.room_link(name).click()
        expect(self.room(name)).to_be_visible()
        return self.room(name)

    # ------------------------------------------------------------ pops
    @property
    def pops(self) -> Locator:
        return self.page.locator("#stage .pop")

    def pop(self, call_id: str | None = None) -> PopOnPage:
        """The pop of this call, or the one in front."""
        where = "#stage .pop:not([hidden])" if call_id is None else f'#stage .pop[data-call-id="{call_id}"]'
        return PopOnPage(self.page.locator(where))

    @property
    def tabs(self) -> Locator:
        return self.page.locator("#pop-tabs .pop-tab")

    @property
    def incoming(self) -> Locator:
        """The strip of a call that rings behind the one in front."""
        return self.page.locator("#incoming")

    # ------------------------------------------------------------ the rest
    @property
    def idle(self) -> Locator:
        return self.page.locator("#idle")

    @property
    def recent(self) -> Locator:
        """The rows of *Mis últimas llamadas*."""
        return self.page.locator("#recent li")

    def recent_of(self, call_id: str) -> Locator:
        return self.page.locator(f'#recent li[data-call-id="{call_id}"]')

    @property
    def toasts(self) -> Locator:
        return self.page.locator("#toasts .toast")

    def screenshot(self, name: str) -> Path:
        """Keeps a picture as tests/artefacts/<name>.png."""
        ARTEFACTS.mkdir(exist_ok=True)
        path = ARTEFACTS / f"{name}.png"
        self.page.screenshot(path=path)
        return path

    def hide_tab(self, hidden: bool = True) -> None:
        """The page believes that its tab is behind another: a headless browser has no other window to put on top."""
        self.page.evaluate(
            """(hidden) => {
                Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
                Object.defineProperty(document, "visibilityState", {
                    configurable: true, get: () => (hidden ? "hidden" : "visible") });
                document.dispatchEvent(new Event("visibilitychange"));
            }""",
            hidden,
        )


class PopOnPage:
    """One call on the page."""

    def __init__(self, root: Locator) -> None:
        self.root = root

    def part(self, name: str) -> Locator:
        return self.root.locator(f'[data-part="{name}"]')

    @property
    def band(self) -> Locator:
        return self.root.locator(".band")

    def wait_for_phase(self, phase: str, seconds: float = 10) -> PopOnPage:
        expect(self.root).to_have_attribute("data-phase", phase, timeout=seconds * 1000)
        return self

    def expect_call(self, *, center: str, color: str, called: str, number: str, name: str | None = None) -> None:
        """That the pop shows these, as a person would read them. Numbers without their spaces."""
        expect(self.part("center-name")).to_have_text(center)
        expect(self.band).to_have_css("background-color", rgb(color))
        for part, digits in (("called", called), ("title" if name is None else "number", number)):
            assert _digits(self.part(part).inner_text()) == _digits(digits)
        if name is not None:
            expect(self.part("title")).to_have_text(name)

    def answer(self) -> None:
        self.part("answer").click()

    def hang_up(self) -> None:
        self.part("hangup").click()

    def field(self, name: str) -> Locator:
        """disposition, comment, name, email, company."""
        return self.root.locator(f"[name={name}]")

    def error(self, name: str) -> Locator:
        return self.root.locator(f'[data-error="{name}"]')

    def note(self, *, disposition: str | None = None, **texts: str) -> None:
        """Writes: `disposition` by its name, the other fields by their texts."""
        for name, text in texts.items():
            self.field(name).fill(text)
        if disposition is not None:
            self.field("disposition").select_option(label=disposition)

    def save(self) -> None:
        self.part("save").click()

    def close(self) -> None:
        self.part("close").click()


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit() or character == "+")


def pop(call_id: str, *, center: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A pop as the engine would offer it (docs/protocols/desk-websocket.md), for scripted engines."""
    import time

    return {
        "call_id": call_id,
        "phase": "ringing",
        "offered_at": time.time_ns() // 1_000_000,
        "answered_at": None,
        "ended_at": None,
        "call_center": {
            "id": 1,
            "name": "Soporte Técnico Teslín",
            "color": "#1f6feb",
            "logo_url": None,
            **(center or {}),
        },
        "called_number": "40004000",
        "calling_number": "88881234",
        "caller_name": None,
        "pop_up_url": None,
        "card": None,
        "can_answer": True,
        "talk": None,
        **changes,
    }
