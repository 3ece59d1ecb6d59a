"""What the engine relies on in Asterisk's ARI, tried on the real one without an engine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from switch.ari_socket import AriSocket
from switch.real_switch import RealSwitch
from switch.sipp import SippCaller, SippPhone
from switch.waiting import wait_until

pytestmark = pytest.mark.asterisk

SippCallers = Callable[..., SippCaller]
SippPhones = Callable[..., SippPhone]


@pytest.fixture
def ari(switch: RealSwitch) -> Iterator[AriSocket]:
    with AriSocket(switch.websocket_url) as socket:
        yield socket


def _arrives(ari: AriSocket, number: str) -> str:
    """The channel id of the caller who dialled `number`."""
    return str(ari.first("StasisStart", lambda e: e["args"] == ["inbound", number])["channel"]["id"])


def test_it_boots_in_a_few_seconds_with_nothing_to_complain_of(new_switch: Callable[..., RealSwitch]) -> None:
    before = time.monotonic()
    switch = new_switch()
    assert time.monotonic() - before < 8, "0.3 s on an idle machine"

    log = (switch.config.log_dir / "messages.log").read_text()
    assert [line for line in log.splitlines() if "WARNING" in line or "ERROR" in line] == []


def test_an_invite_reaches_the_application_with_number_and_caller(
    switch: RealSwitch, ari: AriSocket, sipp_caller: SippCallers
) -> None:
    caller = sipp_caller(switch, "40001000", caller="+50688887777", display="José Pérez", talk_ms=300).start()

    event = ari.first("StasisStart")
    channel = event["channel"]

    assert event["args"] == ["inbound", "40001000"]
    assert channel["id"].startswith("centralita-")
    assert channel["caller"] == {"name": "José Pérez", "number": "+50688887777"}
    assert channel["dialplan"]["exten"] == "40001000"
    assert channel["channelvars"] == {
        "CENTRALITA_CALL": "",
        "CENTRALITA_CALLED": "40001000",
        "CENTRALITA_AGENT": "",
        "CENTRALITA_STATE": "",
        "CENTRALITA_RECORDING": "",
    }
    assert ari.rest("POST", f"channels/{channel['id']}/answer") == (204, None)
    assert caller.wait().successful == 1
    # A caller who hangs up has left with StasisEnd: no ChannelDestroyed follows (our own legs get theirs).
    ari.first("StasisEnd", lambda e: e["channel"]["id"] == channel["id"])
    switch.wait_quiet()
    assert "ChannelDestroyed" not in [e["type"] for e in ari.events]


@pytest.mark.parametrize("number", ["8", "*98", "+50640001000", "centralita"])
def test_whatever_the_trunk_dials_reaches_the_application(
    switch: RealSwitch, ari: AriSocket, sipp_caller: SippCallers, number: str
) -> None:
    caller = sipp_caller(switch, number, behaviour="refused", refusal=404).start()

    channel = _arrives(ari, number)

    # Q.850 cause 1, unallocated number, becomes 404 for the caller.
    assert ari.rest("DELETE", f"channels/{channel}", reason_code=1)[0] == 204
    ari.first("StasisEnd", lambda e: e["channel"]["id"] == channel)
    assert caller.wait().successful == 1


def test_the_event_filter_takes_rest_answers_too_unless_they_are_allowed(
    switch: RealSwitch, ari: AriSocket, sipp_caller: SippCallers
) -> None:
    allowed = {"allowed": [{"type": "RESTResponse"}, {"type": "StasisStart"}]}
    status, answer = ari.rest("PUT", "applications/centralita/eventFilter", allowed)
    assert (status, answer["events_allowed"]) == (200, allowed["allowed"])

    sipp_caller(switch, "40001000", behaviour="refused", refusal=404).start()
    channel = _arrives(ari, "40001000")
    ari.rest("DELETE", f"channels/{channel}", reason_code=1)
    switch.wait_quiet()
    assert {e["type"] for e in ari.events} <= {"StasisStart", "RESTResponse"}

    # Without RESTResponse the next answer never comes.
    ari.send("PUT", "applications/centralita/eventFilter", {"allowed": [{"type": "StasisStart"}]})
    wait_until(lambda: len(switch.ari("GET", "applications/centralita")[1]["events_allowed"]) == 1)
    before = len(ari.events)
    ari.send("GET", "asterisk/ping")
    sipp_caller(switch, "40001001", behaviour="refused", refusal=404).start()
    channel = _arrives(ari, "40001001")
    switch.ari("DELETE", f"channels/{channel}", reason_code=1)
    assert [e["type"] for e in ari.events[before:]] == ["StasisStart"]

    # The filter belongs to the application, not to the connection: the one that takes over finds it.
    with AriSocket(switch.websocket_url) as again:
        again.send("GET", "asterisk/ping")
        switch.wait_quiet()
        assert again.events == []
        assert switch.ari("PUT", "applications/centralita/eventFilter", {"allowed": []})[0] == 200
        assert again.rest("GET", "asterisk/ping")[0] == 200


def test_a_second_connection_replaces_the_first(switch: RealSwitch, ari: AriSocket) -> None:
    with AriSocket(switch.websocket_url) as second:
        assert ari.first("ApplicationReplaced")["application"] == "centralita"
        assert second.rest("GET", "asterisk/ping")[0] == 200


def test_a_call_from_the_trunk_to_a_phone(
    switch: RealSwitch, ari: AriSocket, sipp_caller: SippCallers, sipp_phone: SippPhones
) -> None:
    switch.push_phone("8330101", "geheim", display_name="Ana")
    phone = sipp_phone(switch, {"8330101": "geheim"}, ring_ms=100).online()
    caller = sipp_caller(switch, "40001000", caller="88887777", display="José", talk_ms=600).start()

    call = _arrives(ari, "40001000")
    leg, bridge = f"{call}.agent.1", f"{call}.bridge"
    variables = {"variables": {"CENTRALITA_CALL": call}}
    status, created = ari.rest(
        "POST", "channels/create", variables, endpoint="PJSIP/8330101", app="centralita", appArgs="agent",
        channelId=leg, originator=call,
    )  # fmt: skip
    assert (status, created["state"]) == (200, "Down")
    assert created["channelvars"]["CENTRALITA_CALL"] == call
    ari.first("StasisStart", lambda e: e["channel"]["id"] == leg)
    assert not phone.saw("INVITE"), "create sends nothing: the phone rings only at dial"
    assert ari.rest("POST", f"channels/{call}/ring")[0] == 204
    assert ari.rest("POST", "bridges", type="mixing", bridgeId=bridge)[0] == 200
    assert ari.rest("POST", f"bridges/{bridge}/addChannel", channel=leg)[0] == 204
    assert ari.rest("POST", f"channels/{leg}/dial", caller=call, timeout=20)[0] == 204
    ari.first("Dial", lambda e: e["peer"]["id"] == leg and e["dialstatus"] == "ANSWER")
    assert ari.rest("POST", f"channels/{call}/answer")[0] == 204
    assert ari.rest("POST", f"bridges/{bridge}/addChannel", channel=call)[0] == 204

    assert caller.wait().successful == 1
    ari.first("StasisEnd", lambda e: e["channel"]["id"] == call)
    assert ari.rest("DELETE", f"channels/{leg}")[0] == 204
    assert ari.rest("DELETE", f"bridges/{bridge}")[0] == 204
    switch.wait_quiet()
    assert len(phone.saw("INVITE")) == 1, "no re-INVITE at the bridging"
    assert len(caller.saw("INVITE", sent=False)) == 0, "the caller is not told who answered"
    assert '"José" <sip:88887777@' in phone.full_messages(), "the phone shows the caller"

    def history() -> list[tuple[str, str]]:
        return [(r["event_type"], r["channel_id"]) for r in switch.cel() if r["linked_id"] == call]

    wait_until(lambda: ("LINKEDID_END", leg) in history(), 3)
    order = [row for row in history() if row[0] in ("CHAN_START", "ANSWER", "BRIDGE_ENTER", "HANGUP", "LINKEDID_END")]
    assert order == [
        ("CHAN_START", call),
        ("CHAN_START", leg),
        ("BRIDGE_ENTER", leg),
        ("ANSWER", leg),
        ("ANSWER", call),
        ("BRIDGE_ENTER", call),
        ("HANGUP", call),
        ("HANGUP", leg),
        ("LINKEDID_END", leg),
    ]


def test_a_caller_who_gives_up_while_it_rings_tells_why_in_the_hangup_request(
    switch: RealSwitch, ari: AriSocket, sipp_caller: SippCallers
) -> None:
    caller = sipp_caller(switch, "40001000", behaviour="cancel_ringing", ring_ms=200).start()
    call = _arrives(ari, "40001000")
    assert ari.rest("POST", f"channels/{call}/ring")[0] == 204

    assert caller.wait().successful == 1

    ari.first("StasisEnd", lambda e: e["channel"]["id"] == call)
    asked = ari.first("ChannelHangupRequest", lambda e: e["channel"]["id"] == call)
    assert (asked["cause"], asked["tech_cause"]) == (127, 487), "487 is SIP's Request Terminated"


def test_a_caller_who_gives_up_at_once_may_never_reach_the_application_but_is_on_the_record(
    switch: RealSwitch, ari: AriSocket, sipp_caller: SippCallers
) -> None:
    caller = sipp_caller(switch, "40001000", caller="71117111", behaviour="cancel_early")

    assert caller.call().successful == 1

    def record() -> list[str]:
        return [r["event_type"] for r in switch.cel() if r["calling_number"] == "71117111"]

    wait_until(lambda: "LINKEDID_END" in record(), 3)
    assert record()[0] == "CHAN_START"
    assert "ANSWER" not in record()


def test_when_the_application_drops_its_calls_talk_on_and_new_callers_get_the_fallback(
    switch: RealSwitch, sipp_caller: SippCallers
) -> None:
    with AriSocket(switch.websocket_url) as ari:
        talking = sipp_caller(switch, "40001000", talk_ms=3000).start()
        call = _arrives(ari, "40001000")
        ari.rest("POST", f"channels/{call}/answer")
    waiting = sipp_caller(switch, "40001001", talk_ms=1500).start()
    wait_until(lambda: any(r["user_event"] == "CENTRALITA_FALLBACK" for r in switch.cel() if "40001001" in r["extra"]))
    assert call in [c["id"] for c in switch.channels()]
    assert waiting.wait().successful == 1
    assert talking.running, "still talking"
    assert talking.wait().successful == 1


def test_the_same_id_twice_is_refused_so_a_repeated_command_is_safe(new_switch: Callable[..., RealSwitch]) -> None:
    switch = new_switch()
    bridge = {"type": "mixing", "bridgeId": "centralita-1.1.bridge"}
    channel = {"endpoint": "PJSIP/1@demo-trunk", "app": "centralita", "channelId": "centralita-1.1.agent.1"}

    with AriSocket(switch.websocket_url) as ari:
        assert [ari.rest("POST", "channels/create", **channel)[0] for _ in range(2)] == [200, 409]
        assert [ari.rest("POST", "bridges", **bridge)[0] for _ in range(2)] == [200, 409]
        assert ari.rest("DELETE", "channels/centralita-1.1.agent.1")[0] == 204
        assert ari.rest("DELETE", "bridges/centralita-1.1.bridge")[0] == 204
        assert ari.rest("DELETE", "bridges/centralita-1.1.bridge")[0] == 404
        switch.wait_quiet()

    # After a refused id the orderly stop of 22.10 waits some 15 s for a channel that it has counted and never made.
    switch.kill()


def test_dialplan_functions_are_read_through_a_channel_only(
    switch: RealSwitch, ari: AriSocket, sipp_caller: SippCallers
) -> None:
    """So the address at which a phone is registered is asked through any channel at hand, e.g. the caller's."""
    sipp_caller(switch, "40001000", behaviour="refused", refusal=404).start()
    call = _arrives(ari, "40001000")

    assert ari.rest("GET", f"channels/{call}/variable", variable="LEN(abc)") == (200, {"value": "3"})
    assert ari.rest("GET", "asterisk/variable", variable="LEN(abc)") == (200, {"value": ""})

    ari.rest("DELETE", f"channels/{call}", reason_code=1)
