"""Agents' phones pushed over ARI: registration, allowed networks, refusals, restarts, the virtual phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from switch.ari_socket import AriSocket
from switch.real_switch import RealSwitch
from switch.sipp import SippPhone
from switch.waiting import wait_until

from dialplan import names
from dialplan.phone import ha1, phone_objects, unregister_requests

pytestmark = pytest.mark.asterisk

SippPhones = Callable[..., SippPhone]
HERE, THERE = "127.0.0.1/32", "127.0.0.2/32"


@pytest.fixture
def ari(switch: RealSwitch) -> Iterator[AriSocket]:
    with AriSocket(switch.websocket_url) as socket:
        yield socket


@pytest.fixture(autouse=True)
def _no_phones_left(switch: RealSwitch) -> Iterator[None]:
    yield
    for endpoint in ("8330101", "8330102"):
        switch.remove_phone(endpoint)


def _refused(phone: SippPhone) -> list[str]:
    """The switch's answers to a registration that must not succeed."""
    with pytest.raises(AssertionError):
        phone.register()
    assert not phone.saw("SIP/2.0 200")
    return [m.start_line.split()[1] for m in phone.messages() if not m.sent]


def test_a_pushed_phone_registers_with_its_digest(switch: RealSwitch, sipp_phone: SippPhones) -> None:
    switch.push_phone("8330101", "geheim")

    phone = sipp_phone(switch, {"8330101": "geheim"})
    phone.register()

    assert switch.contact_of("8330101") == f"sip:8330101@127.0.0.1:{phone.local_port}"
    auth = switch.cli("pjsip show auth 8330101")
    assert f"MD5:{ha1('8330101', 'geheim')}" in auth
    assert "geheim" not in auth, "only the digest is on the switch"


def test_a_wrong_secret_or_an_unknown_phone_does_not_register(switch: RealSwitch, sipp_phone: SippPhones) -> None:
    switch.push_phone("8330101", "geheim")

    assert _refused(sipp_phone(switch, {"8330101": "falsch"})) == ["401", "401"]
    # Nobody's name, from the trunk's address: the trunk has nothing to register.
    assert _refused(sipp_phone(switch, {"8330999": "geheim"})) == ["403"]
    assert switch.contact_of("8330101") == ""


def test_the_allowed_networks_are_the_endpoints_own_acl(switch: RealSwitch, sipp_phone: SippPhones) -> None:
    switch.push_phone("8330101", "geheim", allowed_networks=[THERE, "10.0.0.0/255.0.0.0"])

    # Refused as a wrong secret is: who asks learns nothing.
    assert _refused(sipp_phone(switch, {"8330101": "geheim"})) == ["401", "401"]
    sipp_phone(switch, {"8330101": "geheim"}, local_ip="127.0.0.2").register()
    assert switch.contact_of("8330101").startswith("sip:8330101@127.0.0.2:")


def test_new_networks_take_effect_at_once_and_keep_the_registration(switch: RealSwitch, sipp_phone: SippPhones) -> None:
    switch.push_phone("8330101", "geheim", allowed_networks=[THERE])
    phone = sipp_phone(switch, {"8330101": "geheim"}, local_ip="127.0.0.2")
    phone.register()
    registered = switch.contact_of("8330101")

    switch.push_phone("8330101", "geheim", allowed_networks=[HERE])

    assert switch.contact_of("8330101") == registered, "whoever pushed decides about it"
    assert _refused(sipp_phone(switch, {"8330101": "geheim"}, local_ip="127.0.0.2")) == ["401", "401"]
    sipp_phone(switch, {"8330101": "geheim"}).register()

    switch.configure(unregister_requests(phone_objects("8330101", digest_ha1="0" * 32)))
    assert switch.contact_of("8330101") == ""


def test_why_nothing_is_updated_in_place(switch: RealSwitch, sipp_phone: SippPhones) -> None:
    """If this fails, Asterisk has been mended and push_requests may become simpler."""
    objects = switch.push_phone("8330101", "geheim", allowed_networks=[HERE])
    endpoint = objects[-1]

    assert switch.ari("PUT", endpoint.uri, endpoint.body)[0] == 200

    assert _refused(sipp_phone(switch, {"8330101": "geheim"})) == ["401", "401"], "the allowed address is refused"


def test_after_a_restart_the_phone_is_pushed_again_and_is_still_registered(
    new_switch: Callable[..., RealSwitch], sipp_phone: SippPhones
) -> None:
    switch = new_switch()
    switch.push_phone("8330101", "geheim")
    sipp_phone(switch, {"8330101": "geheim"}).register()
    registered = switch.contact_of("8330101")

    switch.restart()

    assert switch.ari("GET", "endpoints/PJSIP/8330101")[0] == 404, "pushed objects live in memory"
    switch.push_phone("8330101", "geheim")
    assert switch.contact_of("8330101") == registered
    assert switch.ari("GET", "endpoints/PJSIP/8330101")[1]["state"] == "online"


@pytest.fixture
def endpoint_events(ari: AriSocket) -> Iterator[None]:
    """Subscribed to all endpoints. The subscription belongs to the application, so it outlives the connection."""
    assert ari.rest("POST", "applications/centralita/subscription", eventSource="endpoint:PJSIP")[0] == 200
    yield
    assert ari.rest("DELETE", "applications/centralita/subscription", eventSource="endpoint:PJSIP")[0] == 200


@pytest.mark.usefixtures("endpoint_events")
def test_a_registration_is_told_with_its_address(switch: RealSwitch, ari: AriSocket, sipp_phone: SippPhones) -> None:
    switch.push_phone("8330101", "geheim")

    phone = sipp_phone(switch, {"8330101": "geheim"})
    phone.register()

    contact = ari.first("ContactStatusChange", lambda e: e["endpoint"]["resource"] == "8330101")["contact_info"]
    assert contact["uri"] == f"sip:8330101@127.0.0.1:{phone.local_port}"
    phone.register(expires=0)
    gone = ari.first("ContactStatusChange", lambda e: e["contact_info"]["contact_status"] == "Removed")
    assert gone["contact_info"]["aor"] == "8330101"


@pytest.mark.usefixtures("endpoint_events")
def test_a_subscription_to_endpoints_doubles_their_channels_events(
    switch: RealSwitch, ari: AriSocket, sipp_phone: SippPhones
) -> None:
    switch.push_phone("8330101", "geheim")
    sipp_phone(switch, {"8330101": "geheim"}, talk_ms=100).online()
    leg = "centralita-6.1.agent.1"

    _ring(ari, leg, "PJSIP/8330101")

    ari.first("ChannelDestroyed", lambda e: e["channel"]["id"] == leg)
    switch.wait_quiet()
    assert [e["dialstatus"] for e in ari.events if e["type"] == "Dial"].count("ANSWER") == 2


def test_a_phone_that_is_not_registered_fails_at_create(switch: RealSwitch, ari: AriSocket) -> None:
    switch.push_phone("8330101", "geheim")
    for endpoint in ("8330101", "8330999"):
        status, _ = ari.rest(
            "POST",
            "channels/create",
            endpoint=f"PJSIP/{endpoint}",
            app="centralita",
            channelId="centralita-1.1.agent.1",
        )
        assert status == 500


def _ring(ari: AriSocket, leg: str, endpoint: str, timeout: int = 20) -> None:
    status, answer = ari.rest("POST", "channels/create", endpoint=endpoint, app="centralita", channelId=leg)
    assert status == 200, answer
    ari.first("StasisStart", lambda e: e["channel"]["id"] == leg)
    assert ari.rest("POST", f"channels/{leg}/dial", timeout=timeout)[0] == 204


@pytest.mark.parametrize(("refusal", "cause"), [(486, 17), (603, 21), (480, 19), (404, 1), (503, 34)])
def test_a_phone_that_refuses_says_so_by_its_causes_and_not_by_a_dial_event(
    switch: RealSwitch, ari: AriSocket, sipp_phone: SippPhones, refusal: int, cause: int
) -> None:
    switch.push_phone("8330101", "geheim")
    sipp_phone(switch, {"8330101": "geheim"}, behaviour="refuse", refusal=refusal).online()
    leg = f"centralita-{refusal}.1.agent.1"

    _ring(ari, leg, "PJSIP/8330101")

    ended = ari.first("ChannelDestroyed", lambda e: e["channel"]["id"] == leg)
    assert (ended["cause"], ended["tech_cause"]) == (cause, refusal)
    mine = [e for e in ari.events if leg in (e.get("peer", {}).get("id"), e.get("channel", {}).get("id"))]
    assert [e.get("dialstatus") for e in mine if e["type"] == "Dial"] == [""], "its Dial event is the first, empty one"
    said = [e["type"] for e in mine if e["type"] not in ("ChannelVarset", "ChannelDialplan")]
    assert (said[0], *said[3:]) == ("StasisStart", "StasisEnd", "ChannelDestroyed")
    assert set(said[1:3]) == {"Dial", "ChannelHangupRequest"}, "two threads of Asterisk tell them: in either order"


def test_a_phone_that_nobody_answers_gets_its_cancel(
    switch: RealSwitch, ari: AriSocket, sipp_phone: SippPhones
) -> None:
    switch.push_phone("8330101", "geheim")
    phone = sipp_phone(switch, {"8330101": "geheim"}, behaviour="no_answer").online()
    leg = "centralita-2.1.agent.1"

    _ring(ari, leg, "PJSIP/8330101")
    ari.first("Dial", lambda e: e["peer"]["id"] == leg and e["dialstatus"] == "RINGING")
    assert ari.rest("DELETE", f"channels/{leg}")[0] == 204

    ari.first("ChannelDestroyed", lambda e: e["channel"]["id"] == leg)
    wait_until(lambda: phone.saw("CANCEL"))


def test_a_dial_that_runs_out_of_time_ends_the_leg(switch: RealSwitch, ari: AriSocket, sipp_phone: SippPhones) -> None:
    switch.push_phone("8330101", "geheim")
    sipp_phone(switch, {"8330101": "geheim"}, behaviour="no_answer").online()
    leg = "centralita-3.1.agent.1"

    _ring(ari, leg, "PJSIP/8330101", timeout=1)

    ended = ari.first("ChannelDestroyed", lambda e: e["channel"]["id"] == leg)
    assert (ended["cause"], ended["tech_cause"]) == (19, 480)
    assert "NOANSWER" not in [e["dialstatus"] for e in ari.events if e["type"] == "Dial"]


def test_the_phone_hangs_up(switch: RealSwitch, ari: AriSocket, sipp_phone: SippPhones) -> None:
    switch.push_phone("8330101", "geheim")
    phone = sipp_phone(switch, {"8330101": "geheim"}, talk_ms=200).online()
    leg = "centralita-4.1.agent.1"

    _ring(ari, leg, "PJSIP/8330101")

    ended = ari.first("ChannelDestroyed", lambda e: e["channel"]["id"] == leg)
    assert ended["cause"] == 16
    assert phone.saw("BYE", sent=True)


def test_a_virtual_phone_is_answered_at_its_far_half(switch: RealSwitch, ari: AriSocket) -> None:
    leg = "centralita-5.1.agent.1"
    status, _ = ari.rest(
        "POST", "channels/create", {"variables": {"CENTRALITA_LEG": leg, "CENTRALITA_CALL": "centralita-5.1"}},
        endpoint="Local/8330102@centralita-virtual-phone/n", app="centralita", channelId=leg,
        otherChannelId=f"{leg}.far",
    )  # fmt: skip
    assert status == 200
    ari.first("StasisStart", lambda e: e["channel"]["id"] == leg)
    assert not [e for e in ari.events if e.get("args", [""])[:1] == ["virtual-phone"]], "nothing rings before dial"
    assert ari.rest("POST", f"channels/{leg}/dial", timeout=20)[0] == 204

    far = ari.first("StasisStart", lambda e: e["args"][:1] == ["virtual-phone"])
    assert far["args"] == ["virtual-phone", "8330102", leg]
    assert far["channel"]["id"] == f"{leg}.far"
    assert far["channel"]["channelvars"]["CENTRALITA_CALL"] == "centralita-5.1"
    ari.first("Dial", lambda e: e["peer"]["id"] == leg and e["dialstatus"] == "RINGING")
    assert ari.rest("POST", f"channels/{leg}.far/answer")[0] == 204
    ari.first("Dial", lambda e: e["peer"]["id"] == leg and e["dialstatus"] == "ANSWER")
    assert ari.rest("DELETE", f"channels/{leg}.far")[0] == 204
    ari.first("ChannelDestroyed", lambda e: e["channel"]["id"] == leg)


def test_a_number_dialled_on_a_phone_asks_the_engine_first(
    switch: RealSwitch, ari: AriSocket, sipp_phone: SippPhones
) -> None:
    """Where the engine is away, the same extension leads to the agents' part of the fallback."""
    switch.push_phone("8330101", "geheim")
    phone = sipp_phone(switch, {"8330101": "geheim"})
    phone.register()
    assert "from-agent" in switch.cli("pjsip show endpoint 8330101")
    steps = switch.cli("dialplan show 22223333@from-agent")
    assert f"Stasis({names.STASIS_APP},{names.STASIS_OUTBOUND}," in steps
    assert f"{names.CONTEXT_FALLBACK},agent,1" in steps
