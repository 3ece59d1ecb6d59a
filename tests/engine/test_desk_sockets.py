"""Desks that misbehave: each is closed alone, with its documented code, while another goes on receiving."""

from __future__ import annotations

import asyncio
import ipaddress
import json

import pytest
from websockets.exceptions import InvalidStatus

from ari_app.desk_sockets import same_host_origins

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


async def the_others_never_notice(b, desk, call_id: str) -> None:
    b.hub.show(2, call_id, {"phase": "offered"})
    assert (await desk.hear("pop"))["pop"]["call_id"] == call_id


@pytest.mark.parametrize(
    "frame",
    [
        "not json",
        "[]",
        "{}",
        '{"type":"unknown"}',
        '{"type":"beat","more":1}',
        '{"type":"ack","call_id":"c1"}',
        '{"type":"ack","call_id":"c1","seq":"1"}',
        '{"type":"ack","call_id":7,"seq":1}',
        '{"type":"ack","call_id":"c1","seq":-1}',
        '{"type":"state","state":"talking"}',
        '{"type":"state","state":"paused","reason":"%s"}' % ("x" * 101),
        '{"type":"state","state":"paused","reason":"a\\u0000b"}',
        '{"type":"answer","call_id":"\\ud800"}',
        '{"type":"hello","token":"x","tab":"t"}',
        "[" * 4000,
        b'{"type":"beat"}',
    ],
)
def test_malformed_frame_4000(bench, eventually, frame) -> None:
    async def scene() -> None:
        async with bench() as b:
            bad, good = await b.desk(1), await b.desk(2)
            await bad.socket.send(frame)
            assert await bad.code() == 4000
            await the_others_never_notice(b, good, "c1")
            await eventually(lambda: b.listener.of("disconnected") == [(1, "s1", True, 4000)])

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ('{"type":"beat"}', 4000),
        ("hello", 4000),
        ('{"type":"hello","tab":"t"}', 4000),
        ('{"type":"hello","token":"","tab":"t"}', 4000),
        ('{"type":"hello","token":"%s","tab":"t"}' % ("A" * 1025), 4000),
        ('{"type":"hello","token":"nonsense","tab":"t"}', 4001),
        ('{"type":"hello","token":"ñ.ñ","tab":"t"}', 4001),
        (None, 4002),
    ],
)
def test_a_first_frame_that_is_no_good_hello(bench, close_code, first, code) -> None:
    async def scene() -> None:
        async with bench(hello_seconds=0.3) as b:
            good = await b.desk(2)
            bad = await b.open()
            if first is not None:
                await bad.send(first)
            assert await close_code(bad) == code
            await the_others_never_notice(b, good, "c1")
            assert [entry[0] for entry in b.listener.of("connected")] == [2]

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"key": "another key"}, 4001),
        ({"seconds": -1}, 4002),
        ({"address": "192.0.2.7"}, 4001),
        ({"agent": 5000}, 4004),
    ],
)
def test_token_forged_expired_of_another_address_or_of_nobody(bench, close_code, claims, code) -> None:
    async def scene() -> None:
        async with bench() as b:
            good = await b.desk(2)
            bad = await b.open()
            token = b.token(**{"agent": 1, **claims})
            await bad.send(json.dumps({"type": "hello", "token": token, "tab": "t"}))
            assert await close_code(bad) == code
            await the_others_never_notice(b, good, "c1")

    asyncio.run(scene())


def test_a_token_changed_by_one_letter_is_forged(bench, close_code) -> None:
    async def scene() -> None:
        async with bench() as b:
            token = b.token(1)
            for place in (0, len(token) // 3, token.index(".") + 1):
                changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
                bad = await b.open()
                await bad.send(json.dumps({"type": "hello", "token": changed, "tab": "t"}))
                assert await close_code(bad) == 4001

    asyncio.run(scene())


@pytest.mark.parametrize("greeted", [True, False])
def test_oversize_message_1009(bench, close_code, eventually, greeted) -> None:
    async def scene() -> None:
        async with bench() as b:
            good = await b.desk(2)
            bad = await b.desk(1) if greeted else None
            socket = bad.socket if bad else await b.open()
            await socket.send('{"type":"beat"%s}' % (" " * 5000))
            assert await close_code(socket) == 1009
            await the_others_never_notice(b, good, "c1")
            if greeted:
                await eventually(lambda: b.listener.of("disconnected") == [(1, "s1", True, 1009)])

    asyncio.run(scene())


def test_text_that_is_not_utf8_1007(bench, close_code) -> None:
    async def scene() -> None:
        async with bench() as b:
            bad, good = await b.desk(1), await b.desk(2)
            await bad.socket.send(b"\xff\xfe", text=True)
            assert await bad.code() == 1007
            await the_others_never_notice(b, good, "c1")

    asyncio.run(scene())


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:9999", "null", "ws://127.0.0.1:8000"])
def test_a_page_of_another_origin_is_refused_before_opening(bench, origin) -> None:
    async def scene() -> None:
        async with bench() as b:
            good = await b.desk(2)
            with pytest.raises(InvalidStatus) as refusal:
                await b.open(origin=origin)
            assert refusal.value.response.status_code == 403
            await the_others_never_notice(b, good, "c1")

    asyncio.run(scene())


def test_another_path_is_not_found(bench) -> None:
    async def scene() -> None:
        async with bench() as b:
            with pytest.raises(InvalidStatus) as refusal:
                await b.open(path="/health")
            assert refusal.value.response.status_code == 404
            await b.desk(1, path="/?tab=1")

    asyncio.run(scene())


def test_a_program_that_tells_no_origin_passes_with_its_token(bench) -> None:
    async def scene() -> None:
        async with bench() as b:
            desk = await b.desk(2, origin=None)
            await the_others_never_notice(b, desk, "c1")

    asyncio.run(scene())


def test_an_address_that_is_not_allowed_4003(bench, close_code) -> None:
    async def scene() -> None:
        async with bench(trusted_proxies=LOOPBACK) as b:
            good = await b.desk(2)
            b.refused_addresses.add("192.0.2.7")
            bad = await b.open(additional_headers={"X-Forwarded-For": "192.0.2.7"})
            await bad.send(json.dumps({"type": "hello", "token": b.token(1, address="192.0.2.7"), "tab": "t"}))
            assert await close_code(bad) == 4003
            await the_others_never_notice(b, good, "c1")

    asyncio.run(scene())


def test_proxy_headers_of_an_undeclared_peer_are_not_believed(bench, close_code) -> None:
    async def scene() -> None:
        async with bench() as b:
            good = await b.desk(2)
            b.refused_addresses.add("127.0.0.1")
            forged = await b.open(additional_headers={"X-Forwarded-For": "192.0.2.1", "X-Real-IP": "192.0.2.1"})
            await forged.send(json.dumps({"type": "hello", "token": b.token(1, address="192.0.2.1"), "tab": "t"}))
            assert await close_code(forged) == 4003
            await the_others_never_notice(b, good, "c1")

    asyncio.run(scene())


def test_behind_a_declared_proxy_the_forwarded_address_counts(bench) -> None:
    async def scene() -> None:
        async with bench(trusted_proxies=LOOPBACK) as b:
            b.refused_addresses.add("127.0.0.1")
            header = {"X-Forwarded-For": "203.0.113.9, 192.0.2.1"}
            await b.desk(1, address="192.0.2.1", additional_headers=header)
            assert b.listener.of("connected")[0][2] == "192.0.2.1"

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8001", True),
        ("http://localhost:8000", "127.0.0.1:8001", True),
        ("http://[::1]:8000", "localhost:8001", True),
        ("https://crm.example", "crm.example", True),
        ("https://crm.example:8443", "crm.example:8443", True),
        ("https://desks.example", "crm.example", True),
        ("https://other.example", "crm.example", False),
        ("http://localhost:8000", "crm.example:8001", False),
        ("http://127.0.0.1:8001x", "127.0.0.1:8001", False),
        ("file://", "127.0.0.1:8001", False),
        ("", "", False),
    ],
)
def test_same_host_origins(origin, host, allowed) -> None:
    assert same_host_origins(8000, ["https://desks.example/"])(origin, host) is allowed


def test_a_slow_tab_is_cut_4005_and_the_fast_tab_of_the_same_agent_loses_nothing(bench, eventually) -> None:
    async def scene() -> None:
        async with bench(buffer_bytes=32 * 1024, kernel_buffer_bytes=8 * 1024, close_seconds=0.5) as b:
            fast = await b.desk(1)
            slow = await b.desk(1, max_queue=1)
            slow.socket.transport.pause_reading()  # a tab that sleeps
            pop = {"phase": "offered", "card": {"text": "x" * 20_000}}
            sent = 0
            while not b.hub.counts["slow"]:
                sent += 1
                assert sent < 2000, "the slow tab was never cut"
                b.hub.show(1, f"c{sent}", pop)
                assert (await fast.hear("pop"))["seq"] == sent
            await eventually(lambda: b.listener.of("disconnected"))
            assert b.listener.of("disconnected") == [(1, "s1", False, 4005)]
            b.hub.show(1, "after", pop)
            assert (await fast.hear("pop"))["pop"]["call_id"] == "after"
            slow.socket.transport.resume_reading()
            # Either the closing frame still came through, or the connection was ended after close_seconds.
            assert await slow.code() in (4005, 1006)

    asyncio.run(scene())


def test_a_silent_tab_is_cut_4006_and_a_beating_one_is_not(bench, eventually) -> None:
    async def scene() -> None:
        async with bench(heartbeat_seconds=0.3) as b:
            silent, beating = await b.desk(1), await b.desk(2)
            assert silent.welcome["heartbeat"] == 0.3

            async def beat() -> None:
                while True:
                    await beating.say(type="beat")
                    await asyncio.sleep(0.1)

            task = asyncio.create_task(beat())
            assert await silent.code() == 4006
            await the_others_never_notice(b, beating, "c1")
            task.cancel()
            await eventually(lambda: b.listener.of("disconnected")[:1] == [(1, "s1", True, 4006)])

    asyncio.run(scene())


def test_a_flood_is_cut_4007(bench) -> None:
    async def scene() -> None:
        async with bench(frames_burst=20, frames_per_second=1) as b:
            bad, good = await b.desk(1), await b.desk(2)
            for _ in range(25):
                await bad.say(type="beat")
            assert await bad.code() == 4007
            await the_others_never_notice(b, good, "c1")

    asyncio.run(scene())


def test_the_oldest_of_too_many_tabs_gives_way_4008(bench) -> None:
    async def scene() -> None:
        async with bench(tabs_per_agent=2) as b:
            first, second, third = [await b.desk(1) for _ in range(3)]
            assert await first.code() == 4008
            b.hub.show(1, "c1", {"phase": "offered"})
            await second.hear("pop")
            await third.hear("pop")
            assert b.hub.desks() == 2

    asyncio.run(scene())


def test_more_sockets_than_allowed_are_refused_by_http(bench, eventually) -> None:
    async def scene() -> None:
        async with bench(max_sockets=1) as b:
            good = await b.desk(2)
            with pytest.raises(InvalidStatus) as refusal:
                await b.open()
            assert refusal.value.response.status_code == 503
            await the_others_never_notice(b, good, "c1")

    asyncio.run(scene())
