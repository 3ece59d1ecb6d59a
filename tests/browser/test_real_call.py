"""The main job with nothing left out: SIPp calls, the real switch, the engine, a Chromium with the desk, a SIP phone,
the save, the history. Pictures are kept in tests/artefacts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from browser.desk_page import DeskPage, log_in
from browser.house import PASSWORD, Profiles
from browser.phone_house import ENDPOINT, NUMBER
from browser.place import Place
from playwright.sync_api import expect
from switch.real_switch import RealSwitch
from switch.running_engine import secret_of
from switch.sipp import SippCaller, SippPhone

from dialplan.phone import ha1
from models import demo_data
from models.values.call import PhoneKind

CENTER = "Soporte Técnico Teslín"
HANDSET = {"phone_kind": PhoneKind.SIP, "sip_ha1": ha1(ENDPOINT, secret_of(ENDPOINT))}

pytestmark = [pytest.mark.asterisk, pytest.mark.parametrize("place", [{"agent": HANDSET}], indirect=True, ids=["sip"])]


def test_a_real_call_pops_on_a_real_screen(
    place: Place,
    profiles: Profiles,
    switch: RealSwitch,
    sipp_caller: Callable[..., SippCaller],
    sipp_phone: Callable[..., SippPhone],
) -> None:
    site, engine = place
    [[color, contact, phone_key]] = engine.rows(
        "SELECT (SELECT color FROM call_centers WHERE name = ?), t.name, t.phone_key FROM contacts t "
        "WHERE t.name LIKE '%ñ%' AND t.phone_key LIKE '+506%' ORDER BY t.id LIMIT 1",
        CENTER,
    )
    number = phone_key.removeprefix("+506")
    desk = DeskPage(profiles.new().new_page(), site.url).log_in(demo_data.AGENT, PASSWORD).wait_for_state("available")
    handset = sipp_phone(switch, {ENDPOINT: secret_of(ENDPOINT)}, ring_ms=1500).online()

    caller = sipp_caller(switch, NUMBER, caller=number, talk_ms=3_000).start()

    # The pop, in the call center's colour, with the caller's own name.
    pop = desk.pop()
    pop.wait_for_phase("ringing")
    pop.expect_call(center=CENTER, color=color, called=NUMBER, number=number, name=contact)
    desk.screenshot("real-call-ringing")
    pop.wait_for_phase("talking")
    desk.wait_for_state("talking")
    pop.note(comment="Pidió que le revisáramos el módem mañana.")
    pop.wait_for_phase("ended")
    assert caller.wait().successful == 1
    pop.note(disposition="Resuelto")
    desk.screenshot("real-call-ended")
    pop.save()
    expect(desk.pops).to_have_count(0)

    # It was painted and acknowledged before the phone's INVITE: nothing had to be waited for.
    [call] = [one for one in engine.calls() if one["calling_number"] == number]
    assert [leg["reason"] for leg in engine.legs() if leg["call_id"] == call["id"] and leg["endpoint"] == ENDPOINT] == [
        ""
    ]
    assert handset.saw("INVITE", sent=False)
    assert call["comment"] == "Pidió que le revisáramos el módem mañana."

    # And the administrator finds it in the history.
    page = profiles.new().new_page()
    log_in(page, site.url, demo_data.ADMINISTRATOR, PASSWORD)
    page.get_by_role("link", name="Historial de llamadas").first.click()
    card = page.locator("article", has_text="Pidió que le revisáramos el módem mañana.")
    expect(card).to_have_count(1)
    expect(card).to_contain_text(CENTER)
    expect(card).to_contain_text(contact)
    page.screenshot(path=desk.screenshot("history").parent / "real-call-history.png")
