"""`centralita demo-call`: a simulated customer calls through the real switch, and what happens is told as it happens.

Owns: asking the engine for the call, following it for a bounded time. Must not: speak to the switch itself.
"""

import re
import time
from collections.abc import Callable
from typing import Any, Final

from rich.console import Console

from centralita.console import plain
from centralita.first_account import read_logins
from centralita.http_calls import Control, NoAnswer, Refused, web_address
from centralita.messages import Words
from models.secrets import SecretsError, load_or_create
from models.settings import Settings
from models.values.call import Role

OK, FAILED, NO_AGENT = 0, 1, 4
HISTORY: Final = "/historial-de-llamadas/"
APPEAR_SECONDS: Final = 10.0
FOLLOW_SECONDS: Final = 600.0
_POLL_SECONDS: Final = 0.2


def run(settings: Settings, console: Console, number: str | None, caller: str | None, *, anyway: bool) -> int:
    """The exit status: 0 the call was seen to end (or went on too long to watch), 1 it failed, 4 nobody is there."""
    words = Words(settings.language)

    def fail(key: str, **values: object) -> int:
        console.print(f"[red]✘[/] {words(key, **{name: plain(value) for name, value in values.items()})}")
        return FAILED

    if not settings.secrets_file.exists():  # never started here
        return fail("engine_away", port=settings.control_port)
    try:
        control = Control(settings, load_or_create(settings.secrets_file))
    except SecretsError as error:
        return fail("secrets_bad", why=error)
    try:
        if not anyway and not _somebody_available(control):
            _tell_to_log_in(settings, console, words)
            return NO_AGENT
        before = {str(call["call_id"]) for call in control.call("GET", "/calls")}
        made = control.call("POST", "/demo-call", {"number": number, "caller": caller}, seconds=10.0)
        console.print(words("calling", caller=plain(made["caller"]), number=plain(made["number"])))
        return _Follower(control, words, console, settings, before, str(made["number"])).follow()
    except NoAnswer:
        return fail("engine_away", port=settings.control_port)
    except Refused as refusal:
        if refusal.code in ("switch_away", "demo_off"):
            return fail(refusal.code)
        if refusal.code == "malformed" and number is not None:
            return fail("bad_number", number=number)
        return fail("demo_refused", why=refusal.message)


def _somebody_available(control: Control) -> bool:
    return any(agent["state"] == "available" for agent in control.call("GET", "/agents"))


def _tell_to_log_in(settings: Settings, console: Console, words: Words) -> None:
    agent = next((login for login in read_logins(settings.data_dir) if login.role == Role.AGENT), None)
    login = words("no_agent_login", email=plain(agent.email), password=plain(agent.password)) if agent else ""
    console.print(f"[red]✘[/] {words('no_agent', address=f'{web_address(settings)}/desk', login=login)}")


class _Follower:
    """Watches GET /calls until the new call is gone."""

    def __init__(
        self,
        control: Control,
        words: Words,
        console: Console,
        settings: Settings,
        before: set[str],
        number: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._control, self._words, self._console, self._settings = control, words, console, settings
        self._before = before
        self._digits = re.sub(r"\D", "", number)
        self._clock = clock

    def follow(self) -> int:
        words, began = self._words, self._clock()
        call_id: str | None = None
        told: tuple[str, str, str] | None = None
        while True:
            passed = self._clock() - began
            live = [call for call in self._control.call("GET", "/calls") if call["call_id"] not in self._before]
            call = self._ours(live, call_id)
            if call is not None:
                call_id = str(call["call_id"])
                seen = (str(call["phase"]), str(call.get("call_center") or ""), str(call.get("agent") or ""))
                if seen != told:
                    told = seen
                    self._tell(passed, *seen)
            elif call_id is not None:
                address = web_address(self._settings) + HISTORY
                self._console.print(f"[green]✔[/] {words('demo_over', seconds=f'{passed:.1f}', address=address)}")
                return OK
            elif passed > APPEAR_SECONDS:
                self._console.print(f"[red]✘[/] {words('demo_never_seen', seconds=f'{APPEAR_SECONDS:g}')}")
                return FAILED
            if passed > FOLLOW_SECONDS:
                self._console.print(words("demo_still", seconds=f"{FOLLOW_SECONDS:g}"))
                return OK
            time.sleep(_POLL_SECONDS)

    def _ours(self, live: list[dict[str, Any]], call_id: str | None) -> dict[str, Any] | None:
        """The one we follow; at first the new one to the number we dialled, whatever form the engine writes it in."""
        if call_id is not None:
            return next((call for call in live if call["call_id"] == call_id), None)
        dialled = [c for c in live if re.sub(r"\D", "", str(c["called_number"])).endswith(self._digits)]
        return dialled[0] if dialled else None

    def _tell(self, passed: float, phase: str, center: str, agent: str) -> None:
        words, key = self._words, f"phase_{phase}"
        self._console.print(
            words(
                "phase_seen",
                seconds=f"{passed:5.1f}",
                phase=words(key) if words.known(key) else plain(phase),
                center=plain(f" · {center}") if center else "",
                agent=words("with_agent", agent=plain(agent)) if agent else "",
            )
        )
