"""The agents' websocket hub: what each agent's screen must show, and the tabs that show it.

Owns: a channel per agent (sequence number, state, pops, tabs), the messages of docs/protocols/desk-websocket.md, the
time from pop to acknowledgement. Must not: decide who rings or what state an agent is in (`core.roster`), read frames
off a socket (`desk_sockets`), or touch the database.

Everything here runs on the engine's one event loop and never waits: a slow tab is cut, nobody else notices.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol

import structlog

from ari_app import desk_messages as wire
from ari_app.ack_times import AckTimes
from ari_app.desk_messages import CloseCode
from ari_app.desk_sockets import DeskDoor, DeskPolicy, DeskSocket, push
from ari_app.json_text import encode
from ari_app.phone_lines import PhoneLines

log = structlog.get_logger(__name__)

ENDED_POPS_KEPT: Final = 20
ENDED_POP_SECONDS: Final = 8 * 3600


class DeskListener(Protocol):
    """What the hub tells the engine. Called on the event loop; must not wait."""

    def on_connected(self, agent: int, session: str, address: str, device: str) -> None:
        """A tab was let in; its `welcome` goes out after this returns, so a state set here is already in it."""

    def on_disconnected(self, agent: int, session: str, last_socket: bool, code: int) -> None:
        """A tab is gone. `last_socket`: the agent has none left. `code`: the closing code, 1006 for a lost one."""

    def on_ack(self, agent: int, call_id: str, seq: int) -> None: ...

    def on_state_wish(self, agent: int, state: str, reason: str | None) -> None: ...

    def on_answer(self, agent: int, call_id: str) -> None: ...

    def on_hangup(self, agent: int, call_id: str) -> None: ...

    def on_talk(self, agent: int, message: wire.OfACall) -> str | None:
        """Something is asked of a conversation on this agent's screen: the code of why not, or None."""

    def on_dial(self, agent: int, number: str, call_center: int | None) -> None: ...

    def on_done(self, agent: int, call_id: str) -> None:
        """The agent saved an ended call: its pop is off the screens."""

    def on_bye(self, agent: int, session: str) -> None:
        """The agent logs out; the session's sockets are closed with 4004 when this returns."""


class _ShownPop:
    """A pop on an agent's screen. `sent_at`: monotonic seconds, until the first acknowledgement."""

    __slots__ = ("content", "ended_at", "sent_at")

    def __init__(self, content: dict[str, Any], sent_at: float) -> None:
        self.content = content
        self.sent_at: float | None = sent_at
        self.ended_at: float | None = None

    @property
    def is_ended(self) -> bool:
        return self.content.get("phase") == "ended"


class _Channel:
    """Everything one agent's tabs show."""

    __slots__ = ("greeted", "joining", "outbox", "phone", "pops", "seq", "state")

    def __init__(self, state: dict[str, Any]) -> None:
        self.seq = 0
        self.state = state
        self.pops: dict[str, _ShownPop] = {}
        self.phone: dict[str, Any] | None = None
        self.greeted: list[DeskSocket] = []
        self.joining: list[DeskSocket] = []
        self.outbox: list[bytes] = []
        """Frames of this turn of the event loop: what one event says to a desk leaves in one write."""

    @property
    def sockets(self) -> list[DeskSocket]:
        return self.greeted + self.joining


class ScreenPopHub:
    """The desks of all agents.

    `profile(agent)`: `{"id","name","endpoint","phone_kind"}` of an agent who may work, None for anyone else.
    `may_work(agent, address)`: the address rule (*IPs click2dial*). `now_ms`: the engine's clock.
    """

    def __init__(
        self,
        policy: DeskPolicy,
        listener: DeskListener,
        *,
        profile: Callable[[int], Mapping[str, Any] | None],
        may_work: Callable[[int, str], bool],
        now_ms: Callable[[], int],
    ) -> None:
        self._policy = policy
        self._listener = listener
        self._profile = profile
        self._may_work = may_work
        self._now_ms = now_ms
        self._door = DeskDoor(policy, self)
        self._channels: dict[int, _Channel] = {}
        self._ended_sessions: dict[str, float] = {}
        self._sweeper: asyncio.Task[None] | None = None
        self._unsent: list[_Channel] = []
        """The channels with something in their outbox."""
        self.ack_times: Final = AckTimes()
        self.counts: Final = {"pops": 0, "acks": 0, "slow": 0, "silent": 0, "sockets_opened": 0}

    def furnish(self, phones: PhoneLines) -> None:
        """The phones in the browsers come in by the same door."""
        self._door.phones = phones

    # ------------------------------------------------------------ life
    @property
    def port(self) -> int:
        return self._door.port

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        """Listen on `host`:`port` (0: any free port). Raises OSError when the address is taken."""
        await self._door.open(host, port, tls)
        self._sweeper = asyncio.get_running_loop().create_task(self._sweep_for_ever(), name="desk-sweeper")

    async def stop(self) -> None:
        """Tell every desk 1001 and close."""
        self._flush_all()
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.gather(self._sweeper, return_exceptions=True)
        await self._door.close()

    # ------------------------------------------------------------ to the screens
    def show(self, agent: int, call_id: str, pop: Mapping[str, Any]) -> None:
        """Put a pop on all of the agent's tabs, now and after every reconnect. The same call again replaces it."""
        channel = self._channel(agent)
        content = {**pop, "call_id": call_id}
        shown = _ShownPop(content, time.monotonic())
        self._send(channel, {"type": "pop", "seq": channel.seq + 1, "pop": content})
        channel.pops.pop(call_id, None)
        channel.pops[call_id] = shown
        self.counts["pops"] += 1
        self._note_end(channel, shown)

    def update(self, agent: int, call_id: str, changes: Mapping[str, Any]) -> None:
        """Change the named keys of a pop; of one that is not on the screen, nothing."""
        channel = self._channels.get(agent)
        shown = channel.pops.get(call_id) if channel else None
        if channel is None or shown is None:
            return
        message = {"type": "pop.update", "seq": channel.seq + 1, "call_id": call_id, "changes": dict(changes)}
        self._send(channel, message)
        shown.content.update(changes)
        self._note_end(channel, shown)

    def close(self, agent: int, call_id: str, reason: str) -> None:
        """Take a pop away; one that is not on the screen is no error."""
        channel = self._channels.get(agent)
        if channel is not None and channel.pops.pop(call_id, None) is not None:
            self._send(channel, {"type": "pop.close", "seq": channel.seq + 1, "call_id": call_id, "reason": reason})

    def set_state(self, agent: int, state: str, reason: str | None, since: int, call_id: str | None = None) -> None:
        """The agent's state as the roster has it. `since`: ms since the epoch."""
        channel = self._channel(agent)
        channel.state = {"state": state, "reason": reason, "since": since, "call_id": call_id}
        self._send(channel, {"type": "state", "seq": channel.seq + 1, **channel.state})

    def set_phone(self, agent: int, tab: str | None, ready: bool) -> None:
        """Which tab has the phone in the agent's browser (None: none has), and whether it can be rung."""
        channel = self._channel(agent)
        channel.phone = None if tab is None else {"tab": tab, "ready": ready}
        self._send(channel, {"type": "phone", "seq": channel.seq + 1, "phone": channel.phone})

    def problem(self, agent: int, code: str, call_id: str | None = None) -> None:
        """A request of the agent could not be done; the page has the words for `code`."""
        channel = self._channels.get(agent)
        if channel is not None:
            self._send(channel, {"type": "problem", "seq": channel.seq + 1, "code": code, "call_id": call_id})

    def news(self, agents: Iterable[int] | None, topic: str, about: Mapping[str, Any]) -> None:
        """Something changed that the desks of these agents (None: all) show. Kept for nobody: a desk that comes later
        reads anew after its welcome.
        """
        for agent in self.connected_agents() if agents is None else dict.fromkeys(agents):
            channel = self._channels.get(agent)
            if channel is not None and channel.sockets:
                self._send(channel, {"type": "news", "seq": channel.seq + 1, "topic": topic, "about": dict(about)})

    # ------------------------------------------------------------ who is there
    def connected_agents(self) -> frozenset[int]:
        return frozenset(agent for agent, channel in self._channels.items() if channel.sockets)

    def is_connected(self, agent: int) -> bool:
        channel = self._channels.get(agent)
        return channel is not None and bool(channel.sockets)

    def desks(self) -> int:
        """Open tabs of all agents."""
        return sum(len(channel.sockets) for channel in self._channels.values())

    def disconnect(self, agent: int, code: int, session: str | None = None) -> int:
        """Close the agent's tabs (of one session, or all); how many. From now on none of them hears anything.

        With 4004 the session is over: a token made for it before opens nothing any more.
        """
        channel = self._channels.get(agent)
        chosen = [socket for socket in channel.sockets if session in (None, socket.session)] if channel else []
        if channel is not None and chosen:
            self._flush(channel)  # what it was told before, it hears
        if code == CloseCode.ENDED:
            until = time.monotonic() + self._policy.token_seconds
            for ended in {socket.session for socket in chosen} | ({session} if session else set()):
                self._ended_sessions[ended] = until
        for socket in chosen:
            self._cut(socket, code)
        if self._door.phones is not None:
            self._door.phones.cut(agent, code, session)
        return len(chosen)

    def recheck(self) -> None:
        """The rules or the agents changed: close at once whoever may not be here any more (4003, 4004)."""
        for agent, channel in list(self._channels.items()):
            if channel.sockets and self._profile(agent) is None:
                self.disconnect(agent, CloseCode.ENDED)
            for socket in channel.sockets:
                if not self._may_work(agent, socket.address):
                    self._cut(socket, CloseCode.ADDRESS)
        if self._door.phones is not None:
            self._door.phones.cut_where(lambda line: self.admit(line.agent, line.session, line.address))

    def metrics(self) -> dict[str, Any]:
        """For the control API: tabs, pops, and the time from a pop to its first acknowledgement in ms."""
        return {
            "agents": len(self.connected_agents()),
            "desks": self.desks(),
            **self.counts,
            "ack_ms": self.ack_times.summary(),
        }

    # ------------------------------------------------------------ the door's side
    def admit(self, agent: int, session: str, address: str) -> CloseCode | None:
        if session in self._ended_sessions or self._profile(agent) is None:
            return CloseCode.ENDED
        return None if self._may_work(agent, address) else CloseCode.ADDRESS

    def joined(self, socket: DeskSocket) -> None:
        channel = self._channel(socket.agent)
        self._flush(channel)  # the welcome says all this: the new one must not hear it again
        for oldest in channel.sockets[: max(0, len(channel.sockets) + 1 - self._policy.tabs_per_agent)]:
            self._cut(oldest, CloseCode.TOO_MANY_TABS)
        self.counts["sockets_opened"] += 1
        channel.joining.append(socket)
        self._tell("on_connected", socket.agent, socket.session, socket.address, socket.device)
        if socket.left:
            return
        channel.joining.remove(socket)
        self._flush(channel)
        channel.greeted.append(socket)
        self._drop_old_pops(channel)
        welcome = {
            "type": "welcome",
            "seq": channel.seq,
            "now": self._now_ms(),
            "heartbeat": self._policy.heartbeat_seconds,
            "agent": dict(self._profile(socket.agent) or {"id": socket.agent}),
            "state": channel.state,
            "phone": channel.phone,
            "pops": [shown.content for shown in channel.pops.values()],
        }
        push([socket], [encode(welcome)])

    def left(self, socket: DeskSocket, code: int) -> None:
        if socket.left:
            return
        socket.left = True
        channel = self._channels[socket.agent]
        for sockets in (channel.greeted, channel.joining):
            if socket in sockets:
                sockets.remove(socket)
        # Not at once: whoever is sending right now must not be called back in the middle of it.
        asyncio.get_running_loop().call_soon(self._tell_left, socket, code)

    def heard(self, socket: DeskSocket, message: wire.Upward) -> None:
        agent = socket.agent
        match message:
            case wire.Ack(call_id, seq):
                self._acknowledged(agent, call_id, seq)
            case wire.StateWish(state, reason):
                self._tell("on_state_wish", agent, state, reason)
            case wire.AnswerPhone(call_id):
                self._ask("on_answer", agent, call_id)
            case wire.HangUp(call_id):
                self._ask("on_hangup", agent, call_id)
            case wire.Dial(number, call_center):
                self._tell("on_dial", agent, number, call_center)
            case wire.Done(call_id):
                self._saved(agent, call_id)
            case wire.Beat() | wire.Hello():
                pass  # hearing it was all
            case wire.Bye():
                self._tell("on_bye", agent, socket.session)
                self.disconnect(agent, CloseCode.ENDED, socket.session)
            case _:
                self._ask_of_talk(agent, message)

    # ------------------------------------------------------------ inside
    def _channel(self, agent: int) -> _Channel:
        channel = self._channels.get(agent)
        if channel is None:
            state = {"state": "offline", "reason": None, "since": self._now_ms(), "call_id": None}
            channel = self._channels[agent] = _Channel(state)
        return channel

    def _send(self, channel: _Channel, message: Mapping[str, Any]) -> None:
        """Encode once, count the message; every tab has it before the event loop waits again."""
        frame = encode(message)
        channel.seq += 1
        if not channel.greeted:
            return
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._flush_all)
        if not channel.outbox:
            self._unsent.append(channel)
        channel.outbox.append(frame)

    def _flush_all(self) -> None:
        channels, self._unsent = self._unsent, []
        for channel in channels:
            self._flush(channel)

    def _flush(self, channel: _Channel) -> None:
        """Hand what waits to every tab; cut the tabs that do not keep up."""
        if not channel.outbox:
            return
        frames, channel.outbox = channel.outbox, []
        push(channel.greeted, frames)
        limit = self._policy.buffer_bytes
        for socket in [tab for tab in channel.greeted if tab.waiting_bytes() > limit]:
            self.counts["slow"] += 1
            self._cut(socket, CloseCode.SLOW)

    def _cut(self, socket: DeskSocket, code: int) -> None:
        if not socket.left:
            log.info("desk_socket_cut", agent=socket.agent, code=int(code))
            self.left(socket, code)
            self._door.cut(socket, code)

    def _tell(self, name: str, *args: Any) -> None:
        """Call the engine; its mistake is logged, and costs neither the socket nor the others."""
        try:
            getattr(self._listener, name)(*args)
        except Exception:
            log.exception("desk_listener_failed", callback=name)

    def _tell_left(self, socket: DeskSocket, code: int) -> None:
        last = not self._channels[socket.agent].sockets
        self._tell("on_disconnected", socket.agent, socket.session, last, int(code))

    def _ask(self, name: str, agent: int, call_id: str) -> None:
        """Hand on a request about a live call on this agent's own screen; anyone else's call is none of theirs."""
        shown = self._channels[agent].pops.get(call_id)
        if shown is None or shown.is_ended:
            self.problem(agent, "no_such_call", call_id)
        else:
            self._tell(name, agent, call_id)

    def _ask_of_talk(self, agent: int, message: wire.OfACall) -> None:
        shown = self._channels[agent].pops.get(message.call_id)
        if shown is None or shown.is_ended:
            self.problem(agent, "no_such_call", message.call_id)
            return
        try:
            refused = self._listener.on_talk(agent, message)
        except Exception:
            log.exception("desk_listener_failed", callback="on_talk")
            refused = "other"
        if refused is not None:
            self.problem(agent, refused, message.call_id)

    def _acknowledged(self, agent: int, call_id: str, seq: int) -> None:
        shown = self._channels[agent].pops.get(call_id)
        if shown is None:
            return  # it went elsewhere meanwhile
        if shown.sent_at is not None:
            self.counts["acks"] += 1
            self.ack_times.add(time.monotonic() - shown.sent_at)
            shown.sent_at = None
        self._tell("on_ack", agent, call_id, seq)

    def _saved(self, agent: int, call_id: str) -> None:
        shown = self._channels[agent].pops.get(call_id)
        if shown is not None and not shown.is_ended:
            self.problem(agent, "call_not_over", call_id)
            return
        self.close(agent, call_id, "done")
        self._tell("on_done", agent, call_id)

    def _note_end(self, channel: _Channel, shown: _ShownPop) -> None:
        if shown.is_ended and shown.ended_at is None:
            shown.ended_at = time.monotonic()
            self._drop_old_pops(channel)

    def _drop_old_pops(self, channel: _Channel) -> None:
        """Ended pops wait for their *Salvar*, but neither for ever nor without number. The oldest go, unannounced."""
        ended = [(shown.ended_at, call_id) for call_id, shown in channel.pops.items() if shown.ended_at is not None]
        oldest_kept = time.monotonic() - ENDED_POP_SECONDS
        for index, (ended_at, call_id) in enumerate(sorted(ended, reverse=True)):
            if index >= ENDED_POPS_KEPT or ended_at < oldest_kept:
                del channel.pops[call_id]

    async def _sweep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._policy.heartbeat_seconds / 4)
            try:
                self._sweep(time.monotonic())
            except Exception:
                log.exception("desk_sweep_failed")

    def _sweep(self, now: float) -> None:
        """Cut the tabs whose heart does not beat; forget the ended sessions no token can name any more."""
        self._ended_sessions = {name: until for name, until in self._ended_sessions.items() if until > now}
        for channel in list(self._channels.values()):
            for socket in channel.sockets:
                if now - socket.heard_at > 3 * self._policy.heartbeat_seconds:
                    self.counts["silent"] += 1
                    self._cut(socket, CloseCode.SILENT)
