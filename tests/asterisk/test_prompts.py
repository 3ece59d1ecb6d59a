"""Every message we play exists in Spanish, and the demo's simulated caller comes in as a real one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from switch.ari_socket import AriSocket
from switch.real_switch import RealSwitch
from switch.waiting import wait_until

from centralita.embedded import AsteriskDist
from dialplan import extensions, prompts

pytestmark = pytest.mark.asterisk


@pytest.mark.parametrize("name", prompts.ALL)
def test_the_prompt_exists_in_spanish(asterisk_dist: AsteriskDist, name: str) -> None:
    folder = asterisk_dist.languages["es"]
    assert list(folder.glob(f"{name}.*")), f"{name} is not in {folder}"


def test_every_prompt_in_the_dialplan_is_on_the_list() -> None:
    played = {
        prompt
        for line in extensions.render(demo=True, agi_port=4573).splitlines()
        if "Playback(" in line
        for prompt in line.split("Playback(", 1)[1].removesuffix(")").split("&")
    }
    assert played
    assert played <= set(prompts.ALL)


def test_the_switch_finds_them_and_the_music(switch: RealSwitch) -> None:
    status, sounds = switch.ari("GET", "sounds", lang="es")
    assert status == 200
    assert set(prompts.ALL) <= {sound["id"] for sound in sounds}
    assert switch.cli("moh show files").count("File:") >= 3


def test_a_demo_call_comes_back_as_a_callers_invite(switch: RealSwitch) -> None:
    with AriSocket(switch.websocket_url) as ari:
        status, _ = ari.rest(
            "POST", "channels", endpoint="PJSIP/40001000@demo-trunk", context="centralita-demo-caller",
            extension="demo", priority=1, callerId='"Doña Eñe" <88001122>', channelId="centralita-demo.1",
        )  # fmt: skip
        assert status == 200
        arrived = ari.first("StasisStart", lambda e: e["args"] == ["inbound", "40001000"])["channel"]
        assert arrived["caller"] == {"name": "Doña Eñe", "number": "88001122"}
        assert arrived["name"].startswith("PJSIP/demo-caller-")

        assert ari.rest("POST", f"channels/{arrived['id']}/answer")[0] == 204
        # The simulated caller speaks once it is answered.
        states = {c["name"].split("-0")[0]: c["dialplan"]["app_name"] for c in switch.channels()}
        assert states.keys() == {"PJSIP/demo-trunk", "PJSIP/demo-caller"}
        assert ari.rest("DELETE", f"channels/{arrived['id']}")[0] == 204
    rows = [r for r in switch.cel() if r["context"] == "from-trunk" and r["event_type"] == "CHAN_START"]
    assert "centralita-demo.1" not in {r["channel_id"] for r in rows}, "only the INVITE that came in is an attempt"


def test_a_demo_call_outlives_the_silence_of_a_virtual_phone(new_switch: Callable[..., RealSwitch]) -> None:
    switch = new_switch(rtp_timeout_seconds=1)
    with AriSocket(switch.websocket_url) as ari:
        ari.rest(
            "POST", "channels", endpoint="PJSIP/40001000@demo-trunk", context="centralita-demo-caller",
            extension="demo", priority=1, channelId="centralita-demo.2",
        )  # fmt: skip
        call = str(ari.first("StasisStart")["channel"]["id"])
        assert ari.rest("POST", f"channels/{call}/answer")[0] == 204
        music = wait_until(lambda: [c for c in switch.channels() if c["dialplan"]["app_name"] == "MusicOnHold"], 15)
        assert music[0]["id"] == "centralita-demo.2", "it has spoken for longer than the time-out"
        assert ari.rest("DELETE", f"channels/{call}")[0] == 204
        switch.wait_quiet()


def test_without_demo_there_is_no_trunk_to_ourselves(new_switch: Callable[..., RealSwitch]) -> None:
    switch = new_switch(demo=False)
    assert "demo" not in switch.cli("pjsip show endpoints")
    assert switch.ari("POST", "channels", endpoint="PJSIP/1@demo-trunk", app="centralita")[0] >= 400
