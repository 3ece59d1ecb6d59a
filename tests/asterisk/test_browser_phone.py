"""A phone in a browser on the real switch: only by the relay, only to be called; what an engine leaves behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from switch.real_switch import RealSwitch
from switch.sipp import SippPhone
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from ari_app.ari.client import WebsocketAri
from ari_app.ari.phones import PhoneConfig, Phones
from centralita.asterisk_conf import ARI_USER
from dialplan import names
from dialplan.phone import ha1, phone_objects
from models.values.ip import IpMask, IpRules

pytestmark = pytest.mark.asterisk

ANA = PhoneConfig("8330101", ha1("8330101", "geheim"), display_name="Ana", browser=True)
LUIS = PhoneConfig("8330102", ha1("8330102", "secreto"))
ELSEWHERE = IpRules((IpMask.parse("10.99.0.0", "255.255.0.0"),))

REQUEST = """{method} sip:40001000@centralita.invalid SIP/2.0\r
Via: SIP/2.0/WS x.invalid;branch=z9hG4bK{number}\r
From: <sip:{user}@centralita.invalid>;tag=a\r
To: <sip:40001000@centralita.invalid>\r
Contact: <sip:{user}@x.invalid;transport=ws>\r
Call-ID: c{number}@x.invalid\r
CSeq: {number} {method}\r
Max-Forwards: 70\r
Content-Length: 0\r
\r
"""


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


def fields(switch: RealSwitch, kind: str, endpoint: str) -> dict[str, str]:
    found = switch.ari("GET", f"asterisk/config/dynamic/res_pjsip/{kind}/{endpoint}")[1]
    return {entry["attribute"]: entry["value"] for entry in found}


def test_it_comes_from_loopback_alone_whatever_the_rules_and_dials_nowhere(switch: RealSwitch) -> None:
    async def scenario(port: WebsocketAri) -> None:
        phones = Phones(port)
        report = await phones.push([ANA, LUIS], ELSEWHERE)
        assert report.failed == {}
        there = fields(switch, "endpoint", "8330101")
        assert there["context"] == "from-browser-phone"
        assert (there["webrtc"], there["media_encryption"], there["ice_support"]) == ("yes", "dtls", "true")
        assert "opus" in there["allow"], "the embedded Asterisk can translate it"
        assert "opus" not in fields(switch, "endpoint", "8330102")["allow"]

    run(switch, scenario)
    assert "=>" not in switch.cli("dialplan show from-browser-phone")
    *_, endpoint = phone_objects("8330101", digest_ha1=ANA.ha1, allowed_networks=["10.99.0.0/16"], browser=True)
    assert dict(endpoint.fields)["permit"] == f"{names.RELAY_ADDRESS}/32"


def test_an_address_that_is_not_loopback_is_refused_with_the_right_secret(
    new_switch: Callable[..., RealSwitch], sipp_phone: Callable[..., SippPhone]
) -> None:
    """Whoever got hold of a page's secret: the relay asks for a token and an address, the switch lets in the relay."""
    from centralita.asterisk_conf import outward_address

    outside = outward_address()
    if outside.startswith("127."):
        pytest.skip("a machine without a network")
    switch = new_switch(sip_address="0.0.0.0")
    switch.push_phone("8330101", "geheim", browser=True)
    sipp_phone(switch, {"8330101": "geheim"}, local_ip=outside).register(final=401)
    assert switch.contact_of("8330101") == ""


def test_a_push_leaves_the_phones_whose_pages_have_not_come_back(switch: RealSwitch) -> None:
    async def scenario(port: WebsocketAri) -> None:
        assert await Phones(port).push_one(ANA) is None
        # Another engine, that knows no secret yet.
        later = Phones(port)
        report = await later.push([LUIS], IpRules(), {"8330101"})
        assert (report.pushed, report.removed) == (["8330102"], [])
        assert f"MD5:{ANA.ha1}" in switch.cli("pjsip show auth 8330101")
        fresh = PhoneConfig("8330101", ha1("8330101", "nuevo"), browser=True)
        assert await later.push_one(fresh) is None
        assert f"MD5:{fresh.ha1}" in switch.cli("pjsip show auth 8330101")
        assert (await later.push([LUIS], IpRules())).removed == ["8330101"]

    run(switch, scenario)


def test_over_the_relays_address_nobody_is_taken_for_a_caller(switch: RealSwitch) -> None:
    """The trunk of a test and of the demonstration is 127.0.0.1: else a page could be one of its callers."""

    async def answers(local: str) -> list[str]:
        url = f"ws://127.0.0.1:{switch.config.ari_port}/ws"
        heard = []
        async with (
            asyncio.timeout(10),
            connect(url, subprotocols=[Subprotocol("sip")], proxy=None, local_addr=(local, 0)) as socket,
        ):
            for number, (method, user) in enumerate(
                (("OPTIONS", "8330101"), ("INVITE", "8330101"), ("INVITE", "88881234"), ("MESSAGE", "trunk")), 1
            ):
                await socket.send(REQUEST.format(number=number, method=method, user=user))
                heard.append(str(await socket.recv()).split("\r\n", 1)[0])
        return heard

    switch.push_phone("8330101", "geheim", browser=True)
    assert {answer[:11] for answer in asyncio.run(answers(names.RELAY_ADDRESS))} == {"SIP/2.0 401"}
    assert switch.channels() == []
    # It is the address that keeps them out: by the trunk's own, an unknown user is a caller.
    assert asyncio.run(answers("127.0.0.1"))[2].startswith("SIP/2.0 100")
    switch.hang_up_everything()
