"""Agents' phones pushed by the engine's own code: differences only, the address rules, what an earlier engine left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from switch.real_switch import RealSwitch
from switch.sipp import SippPhone

from ari_app.ari.client import WebsocketAri
from ari_app.ari.phones import PhoneConfig, Phones
from centralita.asterisk_conf import ARI_USER
from dialplan.phone import ha1
from models.values.ip import IpMask, IpRules

pytestmark = pytest.mark.asterisk

SippPhones = Callable[..., SippPhone]
ANA = PhoneConfig("8330101", ha1("8330101", "geheim"), display_name="Ana Núñez")
LUIS = PhoneConfig("8330102", ha1("8330102", "secreto"))
ANYWHERE = IpRules()
HERE = IpRules((IpMask.parse("127.0.0.1"),))
THERE = IpRules((IpMask.parse("127.0.0.2", "255.255.255.255"), IpMask.parse("2001:db8::", "32")))


@pytest.fixture(autouse=True)
def _no_phones_left(switch: RealSwitch) -> Iterator[None]:
    yield
    for phone in (ANA, LUIS):
        switch.remove_phone(phone.endpoint)


def run(switch: RealSwitch, scenario: Callable[[WebsocketAri], Coroutine[Any, Any, None]]) -> None:
    async def connected() -> None:
        port = WebsocketAri(switch.config.ari_url, "centralita", ARI_USER, switch.config.ari_password)
        up = asyncio.Event()
        port.start(lambda event: None, up.set, lambda down: None)
        try:
            async with asyncio.timeout(60):
                await up.wait()
                await scenario(port)
        finally:
            await port.close()

    asyncio.run(connected())


def endpoints(switch: RealSwitch) -> set[str]:
    """The numbered ones: what stands in pjsip.conf has a name."""
    return {entry["resource"] for entry in switch.ari("GET", "endpoints/PJSIP")[1] if entry["resource"].isdigit()}


def test_only_what_changed_is_pushed(switch: RealSwitch, sipp_phone: SippPhones) -> None:
    async def scenario(port: WebsocketAri) -> None:
        phones = Phones(port)
        first = await phones.push([ANA, LUIS], ANYWHERE)
        assert (sorted(first.pushed), first.unchanged, first.failed) == (["8330101", "8330102"], 0, {})
        await asyncio.to_thread(sipp_phone(switch, {"8330101": "geheim"}).register)

        requests = port.counters.requests
        again = await phones.push([LUIS, ANA], ANYWHERE)
        assert (again.pushed, again.unchanged) == ([], 2)
        assert port.counters.requests == requests, "nothing is asked either"

        renewed = PhoneConfig("8330102", ha1("8330102", "nuevo"))
        changed = await phones.push([ANA, renewed], ANYWHERE)
        assert (changed.pushed, changed.unchanged) == (["8330102"], 1)
        assert f"MD5:{renewed.ha1}" in switch.cli("pjsip show auth 8330102")
        assert await phones.registered_address("8330101") == "127.0.0.1"
        assert await phones.registered_address("8330102") is None

        gone = await phones.push([ANA, PhoneConfig("8330102", renewed.ha1, active=False)], ANYWHERE)
        assert gone.removed == ["8330102"]
        assert endpoints(switch) == {"8330101"}

    run(switch, scenario)


def test_a_new_engine_finds_what_an_earlier_one_left(switch: RealSwitch) -> None:
    async def earlier(port: WebsocketAri) -> None:
        await Phones(port).push([ANA, LUIS], HERE)

    async def later(port: WebsocketAri) -> None:
        report = await Phones(port).push([ANA], HERE)
        assert (report.pushed, report.unchanged, report.removed) == ([], 1, ["8330102"])
        assert endpoints(switch) == {"8330101"}, "and the trunks are none of its business"

    run(switch, earlier)
    run(switch, later)
    assert {"trunk", "demo-trunk"} <= {entry["resource"] for entry in switch.ari("GET", "endpoints/PJSIP")[1]}


def test_a_restarted_switch_gets_them_all_again(new_switch: Callable[..., RealSwitch]) -> None:
    switch = new_switch()

    async def scenario(port: WebsocketAri) -> None:
        phones = Phones(port)
        await phones.push([ANA, LUIS], ANYWHERE)
        await asyncio.to_thread(switch.restart)
        while port.counters.connects < 2:  # noqa: ASYNC110  bounded by the scenario's own limit
            await asyncio.sleep(0.02)
        report = await phones.push([ANA, LUIS], ANYWHERE)
        assert sorted(report.pushed) == ["8330101", "8330102"]
        assert endpoints(switch) == {"8330101", "8330102"}

    run(switch, scenario)


def test_a_change_of_the_address_rules_takes_effect_at_once(switch: RealSwitch, sipp_phone: SippPhones) -> None:
    async def scenario(port: WebsocketAri) -> None:
        phones = Phones(port)
        await phones.push([ANA, LUIS], HERE)
        phone = sipp_phone(switch, {"8330101": "geheim"})
        await asyncio.to_thread(phone.register)
        assert await phones.registered_address("8330101") == "127.0.0.1"

        report = await phones.push([ANA, LUIS], THERE)

        assert (sorted(report.pushed), report.unregistered) == (["8330101", "8330102"], ["8330101"])
        # Asterisk takes the contacts of a deleted aor away in a thread of its own, a moment later when it is busy.
        async with asyncio.timeout(5):
            while await phones.registered_address("8330101") is not None:  # noqa: ASYNC110  it can be rung no more
                await asyncio.sleep(0.02)
        with pytest.raises(AssertionError):
            await asyncio.to_thread(phone.register)
        await asyncio.to_thread(sipp_phone(switch, {"8330101": "geheim"}, local_ip="127.0.0.2").register)

        # Allowed again, and wider: who is registered stays registered.
        report = await phones.push([ANA, LUIS], IpRules((*THERE.masks, *HERE.masks)))
        assert report.unregistered == []
        assert await phones.registered_address("8330101") == "127.0.0.2"

    run(switch, scenario)


def test_a_phone_that_cannot_be_is_named_and_the_others_are_pushed(switch: RealSwitch) -> None:
    async def scenario(port: WebsocketAri) -> None:
        bad = [PhoneConfig("../x", ANA.ha1), PhoneConfig("8330103", "not a digest")]
        report = await Phones(port).push([*bad, ANA], ANYWHERE)
        assert report.pushed == ["8330101"]
        assert set(report.failed) == {"../x", "8330103"}

    run(switch, scenario)


def test_a_lost_connection_is_a_failure_in_words_and_the_next_push_mends_it(switch: RealSwitch) -> None:
    async def scenario(port: WebsocketAri) -> None:
        phones = Phones(port)
        assert (await phones.push([ANA], ANYWHERE)).pushed == ["8330101"]
        await port.close()
        report = await phones.push([ANA, LUIS], ANYWHERE)
        assert list(report.failed) == ["8330102"]
        assert "not connected" in report.failed["8330102"]

    run(switch, scenario)

    async def mended(port: WebsocketAri) -> None:
        report = await Phones(port).push([ANA, LUIS], ANYWHERE)
        assert (report.pushed, report.unchanged) == (["8330102"], 1)

    run(switch, mended)


def test_a_thousand_phones_leave_room_for_calls(new_switch: Callable[..., RealSwitch]) -> None:
    switch = new_switch()

    async def scenario(port: WebsocketAri) -> None:
        thousand = [PhoneConfig(f"833{n:04}", ha1(f"833{n:04}", "x")) for n in range(1000)]
        phones = Phones(port, qualify_seconds=0)
        pushing = asyncio.create_task(phones.push(thousand, HERE))
        waits = []
        while not pushing.done():
            began = asyncio.get_running_loop().time()
            assert (await port.submit("asterisk.ping")).ok
            waits.append(asyncio.get_running_loop().time() - began)
            await asyncio.sleep(0.01)
        report = pushing.result()
        assert (len(report.pushed), report.failed) == (1000, {})
        print(f"1000 phones: {report.milliseconds} ms; a request beside it at most {max(waits) * 1000:.0f} ms")
        assert report.milliseconds < 30_000
        waits.sort()
        assert waits[len(waits) // 2] < 0.1

    run(switch, scenario)
