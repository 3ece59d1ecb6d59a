"""The phones in browsers at the engine's door: who is let in, SIP passed on both ways, one line an agent."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import ServerConnection, serve

from ari_app.phone_lines import NoPhoneHere, PhoneAccount, PhoneLines

REGISTER = "REGISTER sip:centralita.invalid SIP/2.0\r\nTo: <sip:8330101@centralita.invalid>\r\n\r\n"


class PlayedSwitch:
    """Asterisk's websocket: keeps what it hears, says what the test wants."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.lines: list[ServerConnection] = []

    async def serve(self, connection: ServerConnection) -> None:
        assert connection.subprotocol == "sip"
        self.lines.append(connection)
        async for frame in connection:
            self.heard.append(str(frame))


class Phones:
    """The lines of a bench's hub, and what was asked and told."""

    def __init__(self, hub: Any, port: int) -> None:
        self.issued: list[int] = []
        self.withdrawn: list[int] = []
        self.told: list[tuple[int, str | None, bool]] = []
        self.hub = hub
        hub.furnish(
            PhoneLines(
                f"ws://127.0.0.1:{port}/ws",
                issue=self.issue,
                withdraw=self.withdraw,
                told=lambda agent, tab, ready, _calls: self.tell(agent, tab, ready),
                ice_servers=[{"urls": "stun:127.0.0.1:3478"}],
            )
        )

    async def issue(self, agent: int) -> PhoneAccount:
        if agent == 3:
            raise NoPhoneHere("not in the browser")
        self.issued.append(agent)
        return PhoneAccount("8330101", "centralita", f"secret-{len(self.issued)}")

    async def withdraw(self, agent: int) -> None:
        self.withdrawn.append(agent)

    def tell(self, agent: int, tab: str | None, ready: bool) -> None:
        self.told.append((agent, tab, ready))
        self.hub.set_phone(agent, tab, ready)


@pytest.fixture
def phones(bench: Callable[..., Any]) -> Callable[..., Any]:
    """`async with phones(…) as (bench, switch, phones)`."""

    @contextlib.asynccontextmanager
    async def running(**changes: Any) -> AsyncIterator[tuple[Any, PlayedSwitch, Phones]]:
        switch = PlayedSwitch()
        async with serve(switch.serve, "127.0.0.1", 0, subprotocols=["sip"], compression=None) as server:  # type: ignore[list-item]
            port = next(iter(server.sockets)).getsockname()[1]
            async with bench(**changes) as b:
                yield b, switch, Phones(b.hub, port)

    return running


async def line(b: Any, agent: int = 1, tab: str = "a", *, take: bool = False, session: str = "s1") -> ClientConnection:
    """A page that has said hello."""
    socket: ClientConnection = await b.open("/phone")
    await socket.send(json.dumps({"type": "hello", "token": b.token(agent, session), "tab": tab, "take": take}))
    return socket


async def welcome(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(10):
        message: dict[str, Any] = json.loads(await socket.recv())
    assert message["type"] == "welcome"
    return message


def test_a_page_gets_a_secret_and_its_sip_goes_through_both_ways(phones: Any, eventually: Any) -> None:
    async def scene() -> None:
        async with phones() as (b, switch, there):
            desk = await b.desk(1)
            assert desk.welcome["phone"] is None
            page = await line(b)
            assert await welcome(page) == {
                "type": "welcome", "endpoint": "8330101", "realm": "centralita", "secret": "secret-1",
                "ice_servers": [{"urls": "stun:127.0.0.1:3478"}],
            }  # fmt: skip
            await page.send(REGISTER)
            await eventually(lambda: switch.heard == [REGISTER])
            await switch.lines[0].send("SIP/2.0 200 OK\r\n\r\n")
            assert await page.recv() == "SIP/2.0 200 OK\r\n\r\n"
            await page.send('{"type":"state","state":"ready"}')
            assert (await desk.hear("phone"))["phone"] == {"tab": "a", "ready": False}
            assert (await desk.hear("phone"))["phone"] == {"tab": "a", "ready": True}
            assert (await b.desk(1)).welcome["phone"] == {"tab": "a", "ready": True}
            await page.close()
            assert (await desk.hear("phone"))["phone"] is None
            assert there.told[-1] == (1, None, False)
            assert (there.withdrawn, switch.heard) == ([], [REGISTER])

    asyncio.run(scene())


def test_one_line_an_agent_unless_it_is_taken(phones: Any, close_code: Any) -> None:
    async def scene() -> None:
        async with phones() as (b, _switch, there):
            first = await line(b, tab="a")
            await welcome(first)
            assert await close_code(await line(b, tab="b")) == 4009
            await welcome(await line(b, agent=2, tab="b"))
            second = await line(b, tab="b", take=True)
            assert (await welcome(second))["secret"] == "secret-3"
            assert await close_code(first) == 4009
            # The same tab after a reload: its old line may not have ended yet.
            again = await line(b, tab="b")
            await welcome(again)
            assert await close_code(second) == 4009
            assert there.told[-1] == (1, "b", False)

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("REGISTER sip:x SIP/2.0\r\n\r\n", 4000),
        ('{"type":"state","state":"ready"}', 4000),
        ('{"type":"hello","token":"forged.token","tab":"a"}', 4001),
        ('{"type":"hello","token":"forged.token","tab":"a\\n"}', 4000),
    ],
)
def test_a_first_frame_that_lets_nobody_in(phones: Any, close_code: Any, frame: str, code: int) -> None:
    async def scene() -> None:
        async with phones() as (b, switch, there):
            socket = await b.open("/phone")
            await socket.send(frame)
            assert await close_code(socket) == code
            assert (there.issued, switch.lines) == ([], [])

    asyncio.run(scene())


@pytest.mark.parametrize("frame", [b"\x00", '{"type":"state","state":"asleep"}', '{"type":"hello"}', "{"])
def test_a_frame_that_is_neither_sip_nor_ours(phones: Any, close_code: Any, frame: Any) -> None:
    async def scene() -> None:
        async with phones() as (b, switch, _there):
            page = await line(b)
            await welcome(page)
            await page.send(frame)
            assert await close_code(page) == 4000
            assert switch.heard == []

    asyncio.run(scene())


def test_an_agent_without_such_a_phone_and_one_at_a_forbidden_address(phones: Any, close_code: Any) -> None:
    async def scene() -> None:
        async with phones() as (b, _switch, there):
            assert await close_code(await line(b, agent=3)) == 4010
            b.refused_addresses.add("127.0.0.1")
            assert await close_code(await line(b)) == 4003
            assert there.issued == []

    asyncio.run(scene())


def test_who_may_no_longer_work_has_no_phone_and_its_secret_is_taken_back(
    phones: Any, close_code: Any, eventually: Any
) -> None:
    async def scene() -> None:
        async with phones() as (b, switch, there):
            page, other = await line(b), await line(b, agent=2, session="s2")
            await welcome(page)
            await welcome(other)
            await page.send('{"type":"state","state":"ready"}')
            await eventually(lambda: there.told[-1] == (1, "a", True))
            b.agents.discard(2)
            b.hub.recheck()
            assert await close_code(other) == 4004
            b.refused_addresses.add("127.0.0.1")
            b.hub.recheck()
            assert there.told[-1] == (1, "a", False), "not rung from this moment on"
            assert await close_code(page) == 4003
            await eventually(lambda: sorted(there.withdrawn) == [1, 2])
            await eventually(lambda: all(one.close_code is not None for one in switch.lines))

    asyncio.run(scene())


def test_the_end_of_the_session_ends_the_phone_of_that_session(phones: Any, close_code: Any, eventually: Any) -> None:
    async def scene() -> None:
        async with phones() as (b, _switch, there):
            page = await line(b)
            await welcome(page)
            b.hub.disconnect(1, 4004, "another session")
            await page.send('{"type":"state","state":"ready"}')
            await eventually(lambda: there.told[-1] == (1, "a", True))
            b.hub.disconnect(1, 4004, "s1")
            assert await close_code(page) == 4004
            await eventually(lambda: there.withdrawn == [1])

    asyncio.run(scene())


def test_without_the_switch_the_page_is_told_to_try_again(phones: Any, close_code: Any) -> None:
    async def scene() -> None:
        async with phones() as (b, switch, there):
            page = await line(b)
            await welcome(page)
            await switch.lines[0].close()
            assert await close_code(page) == 1013
            assert there.told[-1] == (1, None, False)

    asyncio.run(scene())


def test_a_flood_is_cut(phones: Any, close_code: Any) -> None:
    async def scene() -> None:
        async with phones(frames_burst=5.0, frames_per_second=0.0) as (b, switch, _there):
            page = await line(b)
            await welcome(page)
            for _ in range(6):
                await page.send(REGISTER)
            assert await close_code(page) == 4007
            assert len(switch.heard) <= 5

    asyncio.run(scene())


def test_an_invite_may_be_longer_than_a_desks_message_but_not_endless(
    phones: Any, close_code: Any, eventually: Any
) -> None:
    async def scene() -> None:
        async with phones() as (b, switch, _there):
            page = await line(b)
            await welcome(page)
            await page.send("INVITE" + "x" * 20_000)
            await eventually(lambda: len(switch.heard) == 1)
            await page.send("INVITE" + "x" * 40_000)
            assert await close_code(page) == 1009

    asyncio.run(scene())
