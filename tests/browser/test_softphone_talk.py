"""What an agent does on the phone in the tab, heard at the other ends: keys, transfers, a conference of three.

Three tones tell who hears whom: the customer's, Lucía's microphone and her colleague's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from browser.phone_house import AGENT_TONE, CALLER_TONE, COLLEAGUE_TONE, PhoneDesk, pass_on
from playwright.sync_api import expect
from switch.talker import Talker, TalkingCaller
from switch.waiting import wait_until

pytestmark = pytest.mark.asterisk

MIXED = 0.05
"""Of a mixture; of a tone that is not in it there is less than a hundredth."""
Call = Callable[..., tuple[Talker, TalkingCaller]]


def in_talk(ana: PhoneDesk, call: Call) -> tuple[Any, Talker, TalkingCaller]:
    ana.wait_for_state("available")
    talker, caller = call()
    pop = ana.pop().wait_for_phase("ringing")
    pop.answer()
    pop.wait_for_phase("talking")
    talker.wait_for(AGENT_TONE)
    return pop, talker, caller


def test_the_keypads_digits_arrive_at_the_other_end(ana: PhoneDesk, call: Call) -> None:
    pop, talker, _ = in_talk(ana, call)
    pop.part("keypad").click()
    for key in "12#":
        pop.part("keys").locator(f"[data-key='{key}']").click()
    wait_until(lambda: talker.keys == "12#", 5, "the caller's equipment reads 1, 2, #")
    talker.wait_for(AGENT_TONE)
    pop.hang_up()


def test_a_blind_transfer_leaves_customer_and_colleague(ana: PhoneDesk, beto: PhoneDesk, call: Call) -> None:
    pop, talker, caller = in_talk(ana, call)
    pass_on(ana, pop, "Beto Núñez", "transfer")
    pop.wait_for_phase("ended")
    theirs = beto.pop().wait_for_phase("ringing")
    talker.wait_for_none(AGENT_TONE)
    theirs.answer()
    talker.wait_for(COLLEAGUE_TONE)
    beto.wait_to_hear(CALLER_TONE)
    ana.wait_for_silence(CALLER_TONE)
    theirs.hang_up()
    assert caller.wait_over()


def test_an_attended_transfer_and_three_together(ana: PhoneDesk, beto: PhoneDesk, call: Call) -> None:
    pop, talker, caller = in_talk(ana, call)
    pass_on(ana, pop, "Beto Núñez", "consult")
    theirs = beto.pop().wait_for_phase("ringing")
    theirs.answer()
    ana.wait_to_hear(COLLEAGUE_TONE)
    beto.wait_to_hear(AGENT_TONE)
    talker.wait_for_none(AGENT_TONE)
    assert talker.hears(COLLEAGUE_TONE) < 0.1, "the customer hears music, nothing of the consultation"

    pop.part("swap").click()
    ana.wait_to_hear(CALLER_TONE)
    talker.wait_for(AGENT_TONE)
    assert beto.hears(AGENT_TONE) < 0.1
    pop.part("swap").click()
    ana.wait_to_hear(COLLEAGUE_TONE)

    pop.part("conference").click()
    expect(pop.part("talk-note")).to_have_text("Conferencia.")
    # Chromium takes a steady tone for noise and makes it softer: what counts is that it is there.
    for tone in (AGENT_TONE, COLLEAGUE_TONE):
        wait_until(lambda tone=tone: talker.hears(tone) > MIXED, 8, f"the customer hears {tone} Hz of two")
    for tone in (CALLER_TONE, COLLEAGUE_TONE):
        wait_until(lambda tone=tone: ana.hears(tone) > MIXED, 8, f"Lucía hears {tone} Hz of two")
    for tone in (CALLER_TONE, AGENT_TONE):
        wait_until(lambda tone=tone: beto.hears(tone) > MIXED, 8, f"Beto hears {tone} Hz of two")
    ana.screenshot("softphone-three")

    pop.hang_up()  # the others go on
    pop.wait_for_phase("ended")
    talker.wait_for(COLLEAGUE_TONE)
    beto.wait_to_hear(CALLER_TONE)
    theirs.hang_up()
    assert caller.wait_over()


def test_a_consultation_that_becomes_the_transfer(ana: PhoneDesk, beto: PhoneDesk, call: Call) -> None:
    pop, talker, caller = in_talk(ana, call)
    pass_on(ana, pop, "Beto Núñez", "consult")
    theirs = beto.pop().wait_for_phase("ringing")
    theirs.answer()
    ana.wait_to_hear(COLLEAGUE_TONE)
    pop.part("complete").click()
    pop.wait_for_phase("ended")
    talker.wait_for(COLLEAGUE_TONE)
    beto.wait_to_hear(CALLER_TONE)
    ana.wait_for_silence(COLLEAGUE_TONE)
    theirs.hang_up()
    assert caller.wait_over()
