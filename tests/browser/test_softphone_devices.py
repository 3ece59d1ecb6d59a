"""Microphone, speaker and attention of the phone in the tab: unplugged and plugged in, chosen, turned down; a call that
rings behind another tab. What comes of it is heard at the other end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from browser.house import PASSWORD, Profiles
from browser.phone_house import AGENT_TONE, CALLER_TONE, PhoneDesk, phone_desk
from browser.site import Site
from playwright.sync_api import expect
from switch.running_engine import RunningEngine
from switch.talker import Talker, TalkingCaller
from switch.waiting import wait_until

from models import demo_data

pytestmark = pytest.mark.asterisk
Call = Callable[..., tuple[Talker, TalkingCaller]]

# What a hand at the plug does: the tracks end, the list is another, and there may be no microphone left.
_PLUG = """(() => {
    if (navigator.mediaDevices === undefined) return;  // the empty page before
    const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    const live = new Set();
    let plugged = true;
    navigator.mediaDevices.getUserMedia = async (wish) => {
        if (!plugged) throw new DOMException("no device", "NotFoundError");
        const stream = await real(wish);
        stream.getTracks().forEach((track) => live.add(track));
        return stream;
    };
    window.unplug = (another) => {
        plugged = another;
        for (const track of live) {
            if (track.readyState !== "live") continue;
            track.stop();
            track.dispatchEvent(new Event("ended"));
        }
        navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
    };
    window.plugIn = () => {
        plugged = true;
        navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
    };
})()"""
# A headless browser shows no notification: what would be shown is written down.
_NOTIFICATION = """(() => {
    window.told = [];
    window.Notification = class extends EventTarget {
        static permission = "default";
        static async requestPermission() { return (this.permission = "granted"); }
        constructor(title, options) { super(); window.told.push({title, ...options}); }
        close() { window.told.push("closed"); }
    };
})()"""


def desk_with(script: str, place: tuple[Site, RunningEngine], talking: Profiles) -> PhoneDesk:
    profile = talking.new()
    profile.add_init_script(script)
    return phone_desk(profile.new_page, place[0].url, demo_data.AGENT, PASSWORD).wait_for_phone().close_phone()


def in_talk(ana: PhoneDesk, call: Call) -> tuple[Any, Talker]:
    ana.wait_for_state("available")
    talker, _ = call()
    pop = ana.pop().wait_for_phase("ringing")
    pop.answer()
    pop.wait_for_phase("talking")
    talker.wait_for(AGENT_TONE)
    return pop, talker


def test_a_microphone_unplugged_in_a_call(place: tuple[Site, RunningEngine], talking: Profiles, call: Call) -> None:
    ana = desk_with(_PLUG, place, talking)
    pop, talker = in_talk(ana, call)
    ana.page.evaluate("unplug(true)")
    expect(ana.toasts.first).to_contain_text("Se desconectó tu micrófono: ahora se usa otro.")
    talker.wait_for(AGENT_TONE)

    # The last one: the customer hears nothing, and is heard all the same.
    ana.page.evaluate("unplug(false)")
    expect(ana.toasts.filter(has_text="no hay otro: no te oyen")).to_have_count(1)
    expect(ana.toasts.filter(has_text="No hay micrófono")).to_have_count(0)  # the banner has it
    expect(ana.chip).to_have_attribute("data-phone", "blocked")
    expect(ana.phone_banner).to_contain_text("No hay micrófono")
    talker.wait_for_none(AGENT_TONE)
    ana.wait_to_hear(CALLER_TONE)
    ana.screenshot("softphone-unplugged")

    # Plugged in again: the talk goes on without a click.
    ana.page.evaluate("plugIn()")
    talker.wait_for(AGENT_TONE)
    ana.wait_for_phone("ready")
    expect(ana.phone_banner).to_be_hidden()
    pop.hang_up()
    pop.wait_for_phase("ended")


def test_a_call_that_rings_behind_another_tab(place: tuple[Site, RunningEngine], talking: Profiles, call: Call) -> None:
    ana = desk_with(_NOTIFICATION, place, talking)
    ana.wait_for_state("available")
    ana.page.locator("#notify-offer [data-part=yes]").click()  # asked for by a click, never by itself
    ana.hide_tab()
    talker, _ = call()
    pop = ana.pop().wait_for_phase("ringing")
    [told] = ana.page.evaluate("told")
    assert told["title"]
    assert told["requireInteraction"]
    assert ana.page.title().startswith("☎")
    assert "ring" in (ana.page.locator('link[rel="icon"]').get_attribute("href") or "")
    ana.hide_tab(False)
    pop.answer()
    talker.wait_for(AGENT_TONE)
    assert ana.page.evaluate("told")[-1] == "closed"
    assert not ana.page.title().startswith("☎")
    pop.hang_up()
    pop.wait_for_phase("ended")


def test_devices_and_volume_are_chosen_and_remembered(ana: PhoneDesk, call: Call) -> None:
    ana.chip.click()
    choice = ana.phone.locator("[data-part=input]")
    wait_until(lambda: choice.locator("option").count() > 1, 5, "microphones by their names")
    chosen = choice.locator("option").nth(1).get_attribute("value")
    choice.select_option(value=chosen)
    ana.phone.locator("[data-part=volume]").fill("0.3")
    ana.close_phone()
    ana.reload()
    ana.wait_for_phone()
    pop, talker = in_talk(ana, call)
    used = "document.getElementById('phone-audio').volume"
    assert ana.page.evaluate(used) == pytest.approx(0.3)
    ana.chip.click()
    expect(ana.phone.locator("[data-part=input]")).to_have_value(chosen)  # the list comes from the browser when opened
    # Louder, in the middle of the call.
    ana.phone.locator("[data-part=volume]").fill("0.8")
    assert ana.page.evaluate(used) == pytest.approx(0.8)
    talker.wait_for(AGENT_TONE)
    ana.close_phone()
    pop.hang_up()
    pop.wait_for_phase("ended")
