"""The phones in the agents' browsers: one line each, their SIP passed on to the switch.

Owns: which tab has an agent's phone, the relay between its websocket and the switch's, whether the phone is ready to be
rung. Must not: read SIP, know calls, or decide who is rung (`core.roster`).

The switch's own websocket listens on loopback alone and shares its port with ARI, so no browser reaches it. Whoever
gets here was let in by the desks' door: token, origin, and the address they really come from, behind proxies too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.typing import Subprotocol

from ari_app import phone_messages as wire
from ari_app.desk_messages import CloseCode, Malformed
from ari_app.json_text import encode
from dialplan import names

log = structlog.get_logger(__name__)

SWITCH_SECONDS: Final = 5.0
"""Longest wait for the switch's websocket."""


@dataclass(frozen=True, slots=True)
class PhoneAccount:
    """What a page needs to register. The secret is good through this relay alone, until the next one is made."""

    endpoint: str
    realm: str
    secret: str = field(repr=False)


class PhoneRefused(Exception):
    """This agent can have no phone here now; `code` closes the socket."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        super().__init__(reason)


class NoPhoneHere(PhoneRefused):
    """Never, for this agent."""

    def __init__(self, reason: str) -> None:
        super().__init__(CloseCode.NO_BROWSER_PHONE, reason)


class NotNow(PhoneRefused):
    """The switch is away, or could not do it."""

    def __init__(self, reason: str) -> None:
        super().__init__(CloseCode.TRY_LATER, reason)


class Bucket(Protocol):
    def take(self) -> bool:
        """May another frame be sent?"""


class PhoneLine:
    """One greeted page that has, or wants, its agent's phone."""

    __slots__ = ("address", "agent", "allowance", "closed_with", "connection", "ready", "session", "tab")

    def __init__(
        self, connection: ServerConnection, agent: int, session: str, address: str, tab: str, allowance: Bucket
    ) -> None:
        self.connection = connection
        self.agent = agent
        self.session = session
        self.address = address
        self.tab = tab
        self.allowance = allowance
        self.ready = False
        self.closed_with: int | None = None


class PhoneLines:
    """`issue(agent)` makes a fresh secret and puts the phone on the switch (raises PhoneRefused); `withdraw(agent)`
    takes it away. `told(agent, tab, ready, calls)`: the line is in this tab now (None: in none), and has
    the media of these calls (None: nobody said).
    """

    def __init__(
        self,
        switch_url: str,
        *,
        issue: Callable[[int], Awaitable[PhoneAccount]],
        withdraw: Callable[[int], Awaitable[None]],
        told: Callable[[int, str | None, bool, Sequence[str] | None], None],
        ice_servers: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self._switch_url = switch_url
        self._issue = issue
        self._withdraw = withdraw
        self._told = told
        self._ice_servers = list(ice_servers)
        self._lines: dict[int, PhoneLine] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, line: PhoneLine, *, take: bool) -> None:
        """Until either side ends. Raises PhoneRefused, or ConnectionClosed."""
        holder = self._lines.get(line.agent)
        if holder is not None and holder.tab != line.tab and not take:
            raise PhoneRefused(CloseCode.PHONE_ELSEWHERE, "the phone is in another tab")
        self._lines[line.agent] = line
        if holder is not None:
            self._cut(holder, CloseCode.PHONE_ELSEWHERE)
        self._told(line.agent, line.tab, False, None)
        try:
            account = await self._issue(line.agent)
            if line.closed_with is not None:
                raise PhoneRefused(line.closed_with, "cut while it was let in")
            async with self._switch() as switch:
                await line.connection.send(self._welcome(account), text=True)
                await self._relay(line, switch)
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
            log.warning("phone_line_without_switch", agent=line.agent, error=str(error))
            raise NotNow("the switch is away") from None
        finally:
            self._left(line)

    def cut(self, agent: int, code: int, session: str | None = None) -> None:
        """End the agent's line (of this session, or whichever)."""
        line = self._lines.get(agent)
        if line is not None and session in (None, line.session):
            self._cut(line, code)

    def cut_where(self, why: Callable[[PhoneLine], CloseCode | None]) -> None:
        """End every line that `why` gives a code for."""
        for line in list(self._lines.values()):
            code = why(line)
            if code is not None:
                self._cut(line, code)

    def state_of(self, agent: int) -> dict[str, Any] | None:
        """For the agent's tabs: where the phone is; None: nowhere."""
        line = self._lines.get(agent)
        return None if line is None else {"tab": line.tab, "ready": line.ready}

    # ------------------------------------------------------------ inside
    def _switch(self) -> connect:
        return connect(
            self._switch_url,
            subprotocols=[Subprotocol("sip")],
            compression=None,
            max_size=wire.MAX_FRAME,
            open_timeout=SWITCH_SECONDS,
            close_timeout=1.0,
            ping_interval=None,
            proxy=None,
            # Not the address of a trunk on this machine: nobody is taken for a caller who came by it.
            local_addr=(names.RELAY_ADDRESS, 0),
            user_agent_header=None,
        )

    def _welcome(self, account: PhoneAccount) -> bytes:
        return encode(
            {
                "type": "welcome",
                "endpoint": account.endpoint,
                "realm": account.realm,
                "secret": account.secret,
                "ice_servers": self._ice_servers,
            }
        )

    async def _relay(self, line: PhoneLine, switch: ClientConnection) -> None:
        """Both directions until one of them ends; a switch that ends tells the page to try again."""
        up = asyncio.ensure_future(self._upwards(line, switch))
        down = asyncio.ensure_future(self._downwards(line, switch))
        try:
            await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (up, down):
                task.cancel()
            results = await asyncio.gather(up, down, return_exceptions=True)
        for result in results:
            if isinstance(result, PhoneRefused):
                raise result
        if line.closed_with is None and switch.close_code is not None:
            raise NotNow("the switch ended the line")

    async def _upwards(self, line: PhoneLine, switch: ClientConnection) -> None:
        async for frame in line.connection:
            if not line.allowance.take():
                raise PhoneRefused(CloseCode.FLOOD, "too many messages")
            if isinstance(frame, bytes):
                raise PhoneRefused(CloseCode.MALFORMED, "a binary frame")
            if wire.is_sip(frame):
                await switch.send(frame)
            elif self._lines.get(line.agent) is line:
                self._heard(line, frame)

    async def _downwards(self, line: PhoneLine, switch: ClientConnection) -> None:
        async for frame in switch:
            await line.connection.send(frame)

    def _heard(self, line: PhoneLine, frame: str) -> None:
        try:
            told = wire.decode_state(frame)
        except Malformed as error:
            raise PhoneRefused(CloseCode.MALFORMED, str(error)) from None
        ready = told.state == "ready"
        if ready is not line.ready:
            line.ready = ready
            self._told(line.agent, line.tab, ready, told.calls)

    def _left(self, line: PhoneLine) -> None:
        if self._lines.get(line.agent) is line:
            del self._lines[line.agent]
            self._told(line.agent, None, False, None)
            if line.closed_with in (CloseCode.ENDED, CloseCode.ADDRESS):
                self._spawn(self._withdraw(line.agent))

    def _cut(self, line: PhoneLine, code: int) -> None:
        """It stops to count at once; closing it takes its time."""
        line.closed_with = code
        if self._lines.get(line.agent) is line and line.ready:
            line.ready = False
            self._told(line.agent, line.tab, False, None)
        self._spawn(line.connection.close(code, ""))

    def _spawn(self, work: Awaitable[None]) -> None:
        async def do() -> None:
            try:
                await work
            except ConnectionClosed:
                pass
            except Exception:
                log.exception("phone_line_failed")

        task = asyncio.get_running_loop().create_task(do())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
