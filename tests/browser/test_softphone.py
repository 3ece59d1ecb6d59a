"""The phone in the tab with nothing left out: a caller who speaks and listens, the real switch, the engine, a Chromium
whose microphone says a tone. What one says is measured where the other hears it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from browser.house import PASSWORD, Profiles
from browser.phone_house import AGENT_TONE, CALLER_TONE, ENDPOINT, PhoneDesk, phone_desk, talking_browser, tone_file
from browser.site import Site
from playwright.sync_api import Browser, expect
from switch.real_switch import RealSwitch
from switch.running_engine import RunningEngine
from switch.talker import Talker, TalkingCaller
from switch.waiting import wait_until

from models import demo_data

pytestmark = pytest.mark.asterisk


def test_audio_flows_both_ways_and_hold_and_mute_are_silence(
    ana: PhoneDesk, call: Callable[[], tuple[Talker, TalkingCaller]]
) -> None:
    ana.wait_for_state("available")
    talker, caller = call()
    pop = ana.pop().wait_for_phase("ringing")
    pop.answer()
    pop.wait_for_phase("talking")
    talker.wait_for(AGENT_TONE)
    ana.wait_to_hear(CALLER_TONE)
    ana.screenshot("softphone-talking")
    expect(ana.chip).to_have_attribute("data-quality", "good", timeout=15_000)

    pop.part("mute").click()
    talker.wait_for_none(AGENT_TONE)
    ana.wait_to_hear(CALLER_TONE)
    pop.part("mute").click()
    talker.wait_for(AGENT_TONE)

    pop.part("hold").click()
    ana.wait_for_silence(CALLER_TONE)
    talker.wait_for_none(AGENT_TONE)
    pop.part("hold").click()
    talker.wait_for(AGENT_TONE)
    ana.wait_to_hear(CALLER_TONE)

    pop.hang_up()
    pop.wait_for_phase("ended")
    assert caller.wait_over()
    ana.wait_for_phone()


def test_click2dial_takes_the_phone_by_itself(ana: PhoneDesk, place: tuple[Site, RunningEngine]) -> None:
    """No trunk: somebody of the demonstration picks up and speaks."""
    ana.wait_for_state("available")
    ana.page.fill("#dial-number", "22223333")
    ana.page.press("#dial-number", "Enter")
    pop = ana.pop().wait_for_phase("talking", seconds=20)
    ana.wait_until_something_is_heard()
    pop.hang_up()
    pop.wait_for_phase("ended")
    sql = "SELECT direction, outcome FROM calls WHERE id = ? AND ended_at IS NOT NULL"
    call_id = pop.root.get_attribute("data-call-id")
    assert wait_until(lambda: place[1].rows(sql, call_id), 8, "its record") == [("outbound", "answered")]


def test_one_tab_has_the_phone_and_another_may_take_it(
    ana: PhoneDesk, place: tuple[Site, RunningEngine], call: Callable[[], tuple[Talker, TalkingCaller]]
) -> None:
    other = PhoneDesk(ana.page.context.new_page(), place[0].url)
    other.open().wait_for_phone("elsewhere")
    expect(other.phone_banner).to_contain_text("El teléfono está en otra pestaña")
    other.screenshot("softphone-elsewhere")
    ana.wait_for_phone()

    # Answered in the tab without the phone: the one that has it takes the call.
    talker, _ = call()
    other.pop().wait_for_phase("ringing").answer()
    other.pop().wait_for_phase("talking")
    talker.wait_for(AGENT_TONE)
    ana.wait_to_hear(CALLER_TONE)
    assert other.hears(CALLER_TONE) == 0
    other.pop().hang_up()
    other.pop().wait_for_phase("ended")

    other.phone_banner.locator("[data-part=here]").click()
    other.wait_for_phone("ready")
    ana.wait_for_phone("elsewhere")
    expect(ana.phone_banner).to_contain_text("El teléfono está en otra pestaña")
    # The tab is closed: the phone comes back to the one that is left.
    other.page.close()
    ana.wait_for_phone("ready")


def test_without_a_microphone_no_call_comes_until_it_is_allowed(
    place: tuple[Site, RunningEngine], browser: Browser, tmp_path: Path
) -> None:
    site, engine = place
    with talking_browser(browser, tone_file(tmp_path / "microphone.wav"), allowed=False) as started:
        profiles = Profiles(started)
        desk = phone_desk(profiles.new().new_page, site.url, demo_data.AGENT, PASSWORD)
        desk.wait_for_state("available").wait_for_phone("blocked")
        expect(desk.phone.locator("[data-part=word]")).to_have_text("Micrófono bloqueado")
        expect(desk.phone_banner).to_contain_text("Micrófono bloqueado")
        expect(desk.idle.locator("[data-part=headline]")).to_have_text("Tu teléfono no está listo")
        desk.screenshot("softphone-denied")
        [ana] = [row[0] for row in engine.rows("SELECT id FROM agents WHERE endpoint = ?", ENDPOINT)]
        status, answer = engine.control("POST", "/click2dial", {"agent": ana, "number": "22223333"})
        assert (status, answer["error"]) == (409, "phone_off")

        desk.page.context.grant_permissions(["microphone"])
        desk.wait_for_phone("ready")  # the browser tells the page; where it does not, there is *Volver a intentar*
        expect(desk.phone.locator("[data-part=meter-word]")).to_have_text("Te oímos bien.")
        desk.screenshot("softphone-test")
        desk.close_phone()
        assert engine.control("POST", "/click2dial", {"agent": ana, "number": "22223333"})[0] == 202
        desk.pop().wait_for_phase("talking", seconds=20)
        desk.pop().hang_up()
        desk.pop().wait_for_phase("ended")
        profiles.close()
        assert profiles.problems == []


def test_an_engine_that_dies_and_comes_back_leaves_the_conversation_alone(
    ana: PhoneDesk, place: tuple[Site, RunningEngine], call: Callable[[], tuple[Talker, TalkingCaller]]
) -> None:
    engine = place[1]
    talker, caller = call()
    ana.pop().wait_for_phase("ringing").answer()
    ana.pop().wait_for_phase("talking")
    talker.wait_for(AGENT_TONE)
    engine.kill()
    ana.wait_for_phone("connecting")
    talker.wait_for(AGENT_TONE)
    ana.wait_to_hear(CALLER_TONE)

    engine.start()
    ana.wait_for_phone("ready", seconds=30)
    talker.wait_for(AGENT_TONE)
    ana.wait_to_hear(CALLER_TONE)
    # What the engine wants now reaches the phone, over its new line.
    ana.wait_for_line("open")
    ana.pop().part("mute").click()
    talker.wait_for_none(AGENT_TONE)
    ana.pop().hang_up()
    ana.pop().wait_for_phase("ended")
    assert caller.wait_over()
    ana.wait_for_silence(CALLER_TONE)


def test_from_an_address_that_is_not_allowed_there_is_no_phone(
    ana: PhoneDesk, place: tuple[Site, RunningEngine], switch: RealSwitch
) -> None:
    engine = place[1]
    assert switch.contact_of(ENDPOINT) != ""
    engine.account.allow_only("10.99.0.0", "255.255.0.0")
    assert engine.control("POST", "/reload")[0] == 200
    ana.wait_for_phone("blocked")
    wait_until(lambda: switch.contact_of(ENDPOINT) == "", 5, "the switch has forgotten the phone")
