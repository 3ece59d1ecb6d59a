"""The engine's real hub on a free port, and a script in place of the calls: the test says what the desks are told.

Owns: the hub's thread and what the desks said to it. Must not: decide anything by itself, but for who is available.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, TypeVar

from ari_app.control import ControlServer
from ari_app.desk_sockets import DeskPolicy, same_host_origins
from ari_app.screen_pop import ScreenPopHub

T = TypeVar("T")


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def until(condition: Callable[[], T], what: str = "the condition", seconds: float = 10) -> T:
    """What `condition` returns as soon as it is true; asks again and again, fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what} did not come true within {seconds} s"
        time.sleep(0.01)
    return value


class ScriptedEngine:
    """`agents`: id to profile. Every desk that connects is available, unless `states` says otherwise."""

    def __init__(
        self, agents: Mapping[int, Mapping[str, Any]], *, token_key: str, web_port: int, **policy: Any
    ) -> None:
        self.agents = dict(agents)
        self.states: dict[int, tuple[str, str | None]] = {}
        self.refused: set[str] = set()
        self.heard: list[tuple[Any, ...]] = []
        self.clock_ahead_ms = 0
        self._known_at_start: list[tuple[int, Mapping[str, Any]]] = []
        self._policy = DeskPolicy(token_key=token_key, origin_allowed=same_host_origins(web_port), **policy)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="scripted-engine", daemon=True)
        self._hub = self._new_hub()
        self._control: ControlServer | None = None
        self.port = 0

    def _new_hub(self) -> ScreenPopHub:
        return ScreenPopHub(
            self._policy, self, profile=self.agents.get, may_work=lambda agent, address: address not in self.refused,
            now_ms=self.now_ms,
        )  # fmt: skip

    # ------------------------------------------------------------ life
    def __enter__(self) -> ScriptedEngine:
        self._thread.start()
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._control is not None:
            self._await(self._control.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    def start(self) -> None:
        """Listen; after a `stop`, on the same port, knowing nothing of before."""
        self._hub = self._new_hub()
        for agent, pop in self._known_at_start:
            self.show(agent, pop)
        self._known_at_start.clear()
        self._await(self._hub.start("127.0.0.1", self.port))
        self.port = self._hub.port

    def serve_control(self, token: str) -> int:
        """The control API as far as it needs no call (`/news`); its port."""
        server = ControlServer(self, token=token)  # type: ignore[arg-type]
        self._await(server.start(0))
        self._control = server
        return server.port

    def change_key(self) -> None:
        """From the next `start` on, every token of the web is a forged one."""
        self._policy = replace(self._policy, token_key="another installation's key")

    def stop(self) -> None:
        """Every desk is told 1001."""
        self._await(self._hub.stop())

    async def news(self, agents: Sequence[int] | None, topic: str, about: Mapping[str, Any]) -> None:
        """ari_app.control.Engine, asked on the hub's loop."""
        self.heard.append(("news", agents, topic, dict(about)))
        self._hub.news(agents, topic, about)

    def _await(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=15)

    def _call(self, function: Callable[..., Any], *args: Any) -> Any:
        async def call() -> Any:
            return function(*args)

        return self._await(call())

    # ------------------------------------------------------------ the script
    def now_ms(self) -> int:
        return now_ms() + self.clock_ahead_ms

    def offer(self, agent: int, pop: Mapping[str, Any]) -> str:
        """Shows a pop and says that the agent rings for it; its call id."""
        call_id = str(pop["call_id"])
        self.set_state(agent, "ringing", call_id=call_id)
        self._call(self._hub.show, agent, call_id, pop)
        return call_id

    def show(self, agent: int, pop: Mapping[str, Any]) -> None:
        self._call(self._hub.show, agent, str(pop["call_id"]), pop)

    def show_before_start(self, agent: int, pop: Mapping[str, Any]) -> None:
        """The next `start` knows this call before the first desk is back."""
        self._known_at_start.append((agent, pop))

    def update(self, agent: int, call_id: str, **changes: Any) -> None:
        self._call(self._hub.update, agent, call_id, changes)

    def close(self, agent: int, call_id: str, reason: str) -> None:
        self._call(self._hub.close, agent, call_id, reason)

    def tell_news(self, agents: Sequence[int] | None, topic: str, **about: Any) -> None:
        self._call(self._hub.news, agents, topic, about)

    def problem(self, agent: int, code: str, call_id: str | None = None) -> None:
        self._call(self._hub.problem, agent, code, call_id)

    def set_state(self, agent: int, state: str, reason: str | None = None, *, call_id: str | None = None) -> None:
        self.states[agent] = (state, reason)
        self._call(self._hub.set_state, agent, state, reason, self.now_ms(), call_id)

    def cut(self, agent: int, code: int) -> int:
        """Closes the agent's sockets with this code; how many."""
        return int(self._call(self._hub.disconnect, agent, code))

    def is_connected(self, agent: int) -> bool:
        return bool(self._call(self._hub.is_connected, agent))

    def desks(self) -> int:
        return int(self._call(self._hub.desks))

    def forget_pops(self, agent: int) -> None:
        """As if another engine, that knows of no call, had taken over."""
        self._call(lambda: self._hub._channels[agent].pops.clear())

    # ------------------------------------------------------------ what the desks said
    def of(self, kind: str) -> list[tuple[Any, ...]]:
        return [entry[1:] for entry in list(self.heard) if entry[0] == kind]

    def wait(self, kind: str, *args: Any, count: int = 1, seconds: float = 10) -> tuple[Any, ...]:
        """The last entry of this kind that begins with `args`, once there are `count` of them."""

        def found() -> list[tuple[Any, ...]]:
            entries = [entry for entry in self.of(kind) if entry[: len(args)] == args]
            return entries if len(entries) >= count else []

        return until(found, f"{count} x {kind}{args} among {self.heard}", seconds)[-1]

    # ------------------------------------------------------------ DeskListener, on the hub's loop
    def on_connected(self, agent: int, session: str, address: str, device: str) -> None:
        self.heard.append(("connected", agent, session, address))
        state, reason = self.states.setdefault(agent, ("available", None))
        channel_state = self._hub._channels[agent].state
        if channel_state["state"] == "offline" and state != "offline":
            self._hub.set_state(agent, state, reason, self.now_ms(), None)

    def on_disconnected(self, agent: int, session: str, last_socket: bool, code: int) -> None:
        self.heard.append(("disconnected", agent, last_socket, code))

    def on_ack(self, agent: int, call_id: str, seq: int) -> None:
        self.heard.append(("ack", agent, call_id, seq))

    def on_state_wish(self, agent: int, state: str, reason: str | None) -> None:
        self.heard.append(("state", agent, state, reason))
        self.states[agent] = (state, reason)
        self._hub.set_state(agent, state, reason, self.now_ms(), None)

    def on_answer(self, agent: int, call_id: str) -> None:
        self.heard.append(("answer", agent, call_id))

    def on_hangup(self, agent: int, call_id: str) -> None:
        self.heard.append(("hangup", agent, call_id))

    def on_dial(self, agent: int, number: str, call_center: int | None) -> None:
        self.heard.append(("dial", agent, number, call_center))

    def on_talk(self, agent: int, message: Any) -> str | None:
        self.heard.append(("talk", agent, type(message).__name__.lower(), message))
        return None

    def on_done(self, agent: int, call_id: str) -> None:
        self.heard.append(("done", agent, call_id))

    def on_bye(self, agent: int, session: str) -> None:
        self.heard.append(("bye", agent, session))
