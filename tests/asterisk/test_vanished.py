"""A caller who vanishes without BYE (power cut, lost network) does not stay on the switch."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest
from switch.ari_socket import AriSocket
from switch.real_switch import RealSwitch
from switch.sipp import SippCaller
from switch.waiting import wait_until

pytestmark = pytest.mark.asterisk


@pytest.mark.parametrize("bridged", [False, True])
def test_the_silence_of_its_media_ends_the_call(
    new_switch: Callable[..., RealSwitch], sipp_caller: Callable[..., SippCaller], bridged: bool
) -> None:
    switch = new_switch(rtp_timeout_seconds=2)
    with AriSocket(switch.websocket_url) as ari:
        caller = sipp_caller(switch, "40001000", talk_ms=60_000, seconds=60).start()
        call = str(ari.first("StasisStart")["channel"]["id"])
        ari.rest("POST", f"channels/{call}/answer")
        if bridged:
            ari.rest("POST", "bridges", type="mixing", bridgeId="centralita-1.bridge")
            ari.rest("POST", "bridges/centralita-1.bridge/addChannel", channel=call)
        wait_until(lambda: caller.saw("ACK"))
        assert caller.process is not None
        caller.process.send_signal(signal.SIGKILL)

        ari.first("StasisEnd", seconds=10)
        wait_until(lambda: not switch.channels())
    rows = [r for r in switch.cel() if r["event_type"] == "HANGUP"]
    assert [r["channel_id"] for r in rows] == [call]
    assert '"hangupcause":44' in rows[0]["extra"], rows[0]
