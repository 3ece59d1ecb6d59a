"""A page that is gone in the middle of a call: reloaded, crashed, its computer dead. The customer is never dropped; the
agent comes back into the same conversation, on the same card."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from browser.house import PASSWORD, Profiles
from browser.phone_house import (
    AGENT_TONE,
    CALLER_TONE,
    COLLEAGUE_TONE,
    NUMBER,
    PhoneDesk,
    pass_on,
    phone_desk,
    talking_browser,
)
from browser.place import Place
from playwright.sync_api import Browser, expect
from switch.running_engine import RunningEngine
from switch.talker import Talker, TalkingCaller
from switch.waiting import wait_until

from models import demo_data
from models.tables import Agent, CallCenterAgent, CallCenterNumber

pytestmark = pytest.mark.asterisk

Call = Callable[..., tuple[Talker, TalkingCaller]]


def legs_of(engine: RunningEngine, call_id: str) -> list[tuple[Any, ...]]:
    sql = "SELECT outcome, reason, answered_at, ended_at FROM call_legs WHERE call_id = ? AND kind = 'agent'"
    return engine.rows(sql, call_id)


def in_talk(ana: PhoneDesk, call: Call, seconds: float = 90) -> tuple[Talker, TalkingCaller, str]:
    ana.wait_for_state("available")
    talker, caller = call(seconds)
    pop = ana.pop().wait_for_phase("ringing")
    pop.answer()
    pop.wait_for_phase("talking")
    talker.wait_for(AGENT_TONE)
    ana.wait_to_hear(CALLER_TONE)
    return talker, caller, pop.root.get_attribute("data-call-id") or ""


def test_a_reload_in_a_call_asks_first_and_comes_back_into_it(ana: PhoneDesk, place: Place, call: Call) -> None:
    engine = place[1]
    talker, caller, call_id = in_talk(ana, call)
    ana.pop().note(comment="a medio escribir")

    asked: list[str] = []
    ana.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    ana.reload()
    assert asked == ["beforeunload"]
    pop = ana.pop(call_id)
    pop.wait_for_phase("talking")
    talker.wait_for(AGENT_TONE, seconds=15)
    ana.wait_to_hear(CALLER_TONE)
    expect(ana.pops).to_have_count(1)
    expect(pop.field("comment")).to_have_value("a medio escribir")
    ana.wait_for_state("talking")
    ana.screenshot("softphone-reloaded")

    # It is a call like any other again.
    pop.part("hold").click()
    ana.wait_for_silence(CALLER_TONE)
    pop.part("hold").click()
    ana.wait_to_hear(CALLER_TONE)
    pop.hang_up()
    pop.wait_for_phase("ended")
    assert caller.wait_over()
    ended = "SELECT outcome, reason FROM calls WHERE id = ? AND ended_at IS NOT NULL"
    assert wait_until(lambda: engine.rows(ended, call_id), 8, "its record") == [("answered", "agent_hung_up")]
    first, second = sorted(legs_of(engine, call_id), key=lambda leg: leg[2])
    assert (first[0], first[1], second[0]) == ("answered", "phone_lost", "answered")
    assert first[3] <= second[2] < first[3] + 15_000
    since = "SELECT count(*) FROM calls WHERE offered_at >= (SELECT offered_at FROM calls WHERE id = ?)"
    assert engine.rows(since, call_id) == [(1,)], "one conversation, one record"


def test_a_tab_that_crashed_and_another_computer(ana: PhoneDesk, place: Place, call: Call, talking: Profiles) -> None:
    """Nobody says goodbye: the switch hears that nothing comes any more, and the customer gets music."""
    talker, caller, call_id = in_talk(ana, call)
    crash(ana)
    talker.wait_for_none(AGENT_TONE)
    talker.wait_for_something(seconds=30)  # music, not silence

    there = phone_desk(talking.new().new_page, place[0].url, demo_data.AGENT, PASSWORD)
    there.wait_for_phone()
    there.pop(call_id).wait_for_phase("talking")
    talker.wait_for(AGENT_TONE, seconds=15)
    there.wait_to_hear(CALLER_TONE)
    there.pop(call_id).hang_up()
    assert caller.wait_over()


def test_the_call_goes_along_to_the_tab_that_takes_the_phone(ana: PhoneDesk, place: Place, call: Call) -> None:
    talker, caller, call_id = in_talk(ana, call)
    other = PhoneDesk(ana.page.context.new_page(), place[0].url)
    other.open().wait_for_phone("elsewhere")
    other.phone_banner.locator("[data-part=here]").click()
    other.wait_for_phone("ready")
    talker.wait_for(AGENT_TONE, seconds=15)
    other.wait_to_hear(CALLER_TONE)
    ana.wait_for_silence(CALLER_TONE)
    other.pop(call_id).hang_up()
    other.pop(call_id).wait_for_phase("ended")
    assert caller.wait_over()


def test_who_does_not_come_back_while_the_customer_hangs_up(ana: PhoneDesk, place: Place, call: Call) -> None:
    _, caller, call_id = in_talk(ana, call, seconds=20)
    crash(ana)
    assert caller.wait_over(30)
    ended = "SELECT outcome, reason FROM calls WHERE id = ? AND ended_at IS NOT NULL"
    assert wait_until(lambda: place[1].rows(ended, call_id), 20, "its record") == [("answered", "caller_hung_up")]


@pytest.mark.parametrize("place", [{"phone_back_seconds": 6}], indirect=True, ids=["6s"])
def test_who_does_not_come_back_in_time_leaves_the_customer_to_the_queue(
    ana: PhoneDesk, beto: PhoneDesk, place: Place, call: Call, browser: Browser
) -> None:
    """Her computer is dead, and the one she finds has no microphone: her card says what becomes of the call, and a
    colleague who is free takes it."""
    site, engine = place
    with engine.database.bind_ctx([Agent, CallCenterAgent, CallCenterNumber]):
        center = CallCenterNumber.get(CallCenterNumber.pattern == NUMBER).call_center_id
        CallCenterAgent.create(call_center=center, agent=Agent.get(Agent.email == "beto@example.test"), priority=9)
    assert engine.control("POST", "/reload")[0] == 200
    beto.pause("Almuerzo")
    beto.wait_for_state("paused")
    talker, caller, call_id = in_talk(ana, call)
    ana.pop().note(comment="pidió un técnico para el martes")
    expect(ana.pop().part("draft")).to_contain_text("Sin salvar")
    beto.go_available()
    beto.wait_for_state("available")

    with talking_browser(browser, None) as mute:
        profiles = Profiles(mute)
        there = phone_desk(profiles.new().new_page, site.url, demo_data.AGENT, PASSWORD)
        there.wait_for_phone("blocked")
        mine = there.pop(call_id).wait_for_phase("talking")
        crash(ana)
        talker.wait_for_none(AGENT_TONE)
        # Nobody is with the customer: they hear music, and her card says so.
        expect(mine.part("phase")).to_have_text("Volviendo a la llamada", timeout=25_000)
        talker.wait_for_something()
        expect(mine.part("phase-note")).not_to_be_empty()
        there.wait_for_state("talking")
        there.screenshot("softphone-returning-no-microphone")

        theirs = beto.pop(call_id).wait_for_phase("ringing", seconds=20)
        mine.wait_for_phase("ended")
        there.wait_for_state("wrap_up")
        expect(mine.field("comment")).to_have_value("pidió un técnico para el martes")
        expect(mine.part("phase")).not_to_contain_text("Volviendo")
        there.screenshot("softphone-did-not-return")
        theirs.answer()
        talker.wait_for(COLLEAGUE_TONE)
        beto.wait_to_hear(CALLER_TONE)
        mine.save()
        expect(there.pops).to_have_count(0)
        theirs.hang_up()
        assert caller.wait_over()
        profiles.close()
        assert profiles.problems == []
    ended = "SELECT outcome, reason FROM calls WHERE id = ? AND ended_at IS NOT NULL"
    assert wait_until(lambda: engine.rows(ended, call_id), 8, "its record") == [("answered", "agent_hung_up")]
    lost, took = sorted((leg for leg in legs_of(engine, call_id) if leg[2] is not None), key=lambda leg: leg[2])
    assert (lost[0], lost[1], took[0]) == ("answered", "phone_lost", "answered")
    assert lost[3] + 6_000 <= took[2] < lost[3] + 20_000
    [[comment]] = engine.rows("SELECT comment FROM calls WHERE id = ?", call_id)
    assert comment == "pidió un técnico para el martes"


def test_a_phone_lost_while_consulting_leaves_customer_and_colleague_together(
    ana: PhoneDesk, beto: PhoneDesk, place: Place, call: Call
) -> None:
    engine = place[1]
    talker, caller, call_id = in_talk(ana, call)
    pass_on(ana, ana.pop(), "Beto Núñez", "consult")
    theirs = beto.pop(call_id).wait_for_phase("ringing")
    theirs.answer()
    ana.wait_to_hear(COLLEAGUE_TONE)
    talker.wait_for_none(AGENT_TONE)

    ana.page.on("dialog", lambda dialog: dialog.accept())
    ana.reload()
    # As if she had pressed Transferir: nobody is left alone with music.
    talker.wait_for(COLLEAGUE_TONE, seconds=15)
    beto.wait_to_hear(CALLER_TONE)
    mine = ana.pop(call_id).wait_for_phase("ended")
    ana.wait_for_state("wrap_up")
    ana.screenshot("softphone-lost-consulting")
    mine.close()
    ana.wait_for_phone()
    ana.wait_for_state("available")
    theirs.hang_up()
    assert caller.wait_over()
    ended = "SELECT outcome, reason FROM calls WHERE id = ? AND ended_at IS NOT NULL"
    assert wait_until(lambda: engine.rows(ended, call_id), 8, "its record") == [("answered", "agent_hung_up")]


def test_a_phone_lost_while_a_colleague_rings_gets_the_customer_back_if_nobody_takes_them(
    ana: PhoneDesk, beto: PhoneDesk, call: Call
) -> None:
    talker, caller, call_id = in_talk(ana, call)
    pass_on(ana, ana.pop(), "Beto Núñez", "consult")
    theirs = beto.pop(call_id).wait_for_phase("ringing")
    ana.page.on("dialog", lambda dialog: dialog.accept())
    ana.reload()
    ana.pop(call_id).wait_for_phase("ended")
    talker.wait_for_something()
    theirs.hang_up()
    expect(beto.pops).to_have_count(0)
    again = ana.pop(call_id).wait_for_phase("ringing", seconds=30)
    again.answer()
    again.wait_for_phase("talking")
    talker.wait_for(AGENT_TONE)
    ana.wait_to_hear(CALLER_TONE)
    again.hang_up()
    assert caller.wait_over()


def crash(desk: PhoneDesk) -> None:
    """The tab's process is killed: no goodbye of any kind."""
    browser = desk.page.context.browser
    assert browser is not None
    everybody = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    for process in everybody:
        if process["type"] == "renderer":
            os.kill(process["id"], signal.SIGKILL)
