"""A caller who finds no engine: spoken to, hung up on with a cause, and on the record."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from switch.real_switch import RealSwitch
from switch.sipp import SippCaller
from switch.waiting import wait_until

pytestmark = pytest.mark.asterisk


def test_without_an_engine_the_caller_hears_a_message_and_leaves_a_record(
    switch: RealSwitch, sipp_caller: Callable[..., SippCaller]
) -> None:
    caller = sipp_caller(switch, "40001000", caller="81110001", talk_ms=25_000, seconds=30)

    result = caller.call()

    assert result.successful == 1
    bye = caller.saw("BYE", sent=False)
    assert bye, "the switch hangs up after its message, the caller does not have to"
    answered = caller.saw("SIP/2.0 200", sent=False)[0]
    assert 3 < bye[0].at - answered.at < 20, "as long as the message"
    assert "Q.850;cause=41" in caller.full_messages()

    rows = wait_until(lambda: [r for r in switch.cel() if r["calling_number"] == "81110001"], 3)
    wait_until(lambda: [r for r in switch.cel() if r["event_type"] == "LINKEDID_END"], 3)
    rows = [r for r in switch.cel() if r["calling_number"] == "81110001"]
    assert {r["linked_id"] for r in rows} == {rows[0]["channel_id"]}
    assert rows[0]["channel_id"].startswith("centralita-")
    assert [r["extra"] for r in rows if r["user_event"] == "CENTRALITA_FALLBACK"] == ['{"extra":"40001000"}']
