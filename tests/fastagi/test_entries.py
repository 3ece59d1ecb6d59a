"""What each entry asks, says and keeps, when all goes well and when it does not."""

from __future__ import annotations

import importlib
import re
import shlex
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastagi.conftest import PIN, Serving, record
from fastagi.played_asterisk import CLOSE, HANGUP

from agi_scripts.entries import ENTRIES
from dialplan import extensions, names, prompts
from models import files, tables
from models.tables import BlockedNumber, Call, CallbackRequest, Contact, Voicemail
from models.values.call import Direction

ADDRESS = {r"GET FULL VARIABLE": "200 result=1 (10.1.0.7:5062)"}
RIGHT_PIN = {"GET DATA": f"200 result={PIN}", **ADDRESS}


# ------------------------------------------------------------------------------------------------ the house
def test_an_entry_a_module_and_a_line_in_the_dialplan_have_one_name() -> None:
    assert set(ENTRIES) == set(names.AGI_ENTRIES)
    asked = set(re.findall(r"agi://127\.0\.0\.1:4573/(\w+)", extensions.render(demo=True, agi_port=4573)))
    assert asked == set(names.AGI_ENTRIES)


@pytest.mark.parametrize("name", names.AGI_ENTRIES)
def test_each_says_first_how_it_fails_and_has_a_time_limit(name: str) -> None:
    module = importlib.import_module(f"agi_scripts.{name}")
    assert re.match(r"Fails (open|closed): ", module.__doc__ or "")
    assert 0 < module.SECONDS <= extensions.FALLBACK_SECONDS
    assert ENTRIES[name].run is module.run


def test_the_page_for_operators_is_true() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "agi.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| .* \| (open|closed) \| (\d+) s \|", page, re.M)
    for name, fails, seconds in rows:
        module = importlib.import_module(f"agi_scripts.{name}")
        assert (module.__doc__ or "").startswith(f"Fails {fails}: ")
        assert int(seconds) == module.SECONDS
    assert [row[0] for row in rows] == list(names.AGI_ENTRIES)


# ------------------------------------------------------------------------------------------------ agents
def test_an_agent_logs_in_with_the_pin(serving: Serving) -> None:
    serving.engine.routes[f"POST /agents/{serving.agent.id}/login"] = lambda body: (200, {"state": "available"})
    asterisk = serving.asterisk("agent_login", "in")
    asterisk.run(RIGHT_PIN)
    assert serving.engine.requests == [
        (f"POST /agents/{serving.agent.id}/login", {"address": "10.1.0.7", "device": "Tel. 8330107"}, "Bearer token")
    ]
    assert asterisk.commands[0] == "ANSWER"
    assert asterisk.played == ["agent-loginok"]


@pytest.mark.parametrize(
    ("entry", "argument", "path", "answer", "said"),
    [
        ("agent_login", "out", "logout", (204, {}), prompts.AGENT_OUT),
        ("agent_pause", "in", "pause", (200, {"state": "paused"}), prompts.AGENT_PAUSED),
        ("agent_pause", "out", "available", (200, {"state": "available"}), prompts.AGENT_IN),
        ("agent_pause", "in", "pause", (409, {"error": "not_logged_in"}), prompts.AGENT_OUT),
        ("agent_login", "in", "login", (403, {"error": "address_not_allowed"}), prompts.AGENT_REFUSED),
        ("agent_login", "in", "login", (500, {"error": "internal"}), prompts.ENGINE_AWAY),
        ("agent_pause", "in", "pause", (503, {"error": "timeout"}), prompts.ENGINE_AWAY),
    ],
)
def test_what_the_engine_says_the_agent_hears(
    serving: Serving, entry: str, argument: str, path: str, answer: tuple[int, Any], said: tuple[str, ...]
) -> None:
    serving.engine.routes[f"POST /agents/{serving.agent.id}/{path}"] = lambda body: answer
    asterisk = serving.asterisk(entry, argument)
    asterisk.run(RIGHT_PIN)
    assert asterisk.played == list(said)
    assert [asked[0] for asked in serving.engine.requests] == [f"POST /agents/{serving.agent.id}/{path}"]


@pytest.mark.parametrize("entry", ["agent_login", "agent_pause"])
def test_without_an_engine_the_agent_hears_so(serving: Serving, entry: str) -> None:
    serving.engine._server.socket.close()
    asterisk = serving.asterisk(entry, "in")
    asterisk.run(RIGHT_PIN)
    assert asterisk.played == list(prompts.ENGINE_AWAY)


def test_three_wrong_pins_and_the_agent_is_refused(serving: Serving) -> None:
    asterisk = serving.asterisk("agent_login", "in")
    asterisk.run({"GET DATA": "200 result=1357"})
    asked = [command.split()[2] for command in asterisk.commands if command.startswith("GET DATA")]
    assert asked == [prompts.AGENT_PIN, prompts.AGENT_PIN_WRONG, prompts.AGENT_PIN_WRONG]
    assert asterisk.played == list(prompts.AGENT_REFUSED)
    assert serving.engine.requests == []
    assert tables.Agent.get_by_id(serving.agent.id).pin_failures == 3


def test_after_five_wrong_tries_the_right_one_does_not_help_until_the_lock_is_over(serving: Serving) -> None:
    for _ in range(2):
        serving.asterisk("agent_login", "in").run({"GET DATA": "200 result=1357"})
    row = tables.Agent.get_by_id(serving.agent.id)
    assert row.pin_locked_until is not None
    asterisk = serving.asterisk("agent_login", "in")
    asterisk.run(RIGHT_PIN)
    assert asterisk.played == list(prompts.AGENT_REFUSED)
    assert serving.engine.requests == []
    tables.Agent.update(pin_locked_until=row.pin_locked_until - timedelta(minutes=16)).execute()
    serving.engine.routes[f"POST /agents/{serving.agent.id}/login"] = lambda body: (200, {})
    serving.asterisk("agent_login", "in").run(RIGHT_PIN)
    row = tables.Agent.get_by_id(serving.agent.id)
    assert (len(serving.engine.requests), row.pin_failures, row.pin_locked_until) == (1, 0, None)


@pytest.mark.parametrize(
    "change",
    [{"channel": "PJSIP/trunk-00000001"}, {"channel": "Local/8330107@from-agent-00000001;1"}, {"channel": "garbage"}],
)
def test_only_the_agents_own_phone_counts_whatever_the_caller_id_says(serving: Serving, change: dict[str, str]) -> None:
    asterisk = serving.asterisk("agent_login", "in", **change)
    asterisk.run(RIGHT_PIN)
    assert not [command for command in asterisk.commands if command.startswith("GET DATA")]
    assert serving.engine.requests == []


@pytest.mark.parametrize("change", [{"active": False}, {"pin_hash": None}, {"phone_kind": "virtual"}])
def test_who_has_no_pin_or_is_no_agent_is_refused(serving: Serving, change: dict[str, Any]) -> None:
    tables.Agent.update(**change).execute()
    asterisk = serving.asterisk("agent_login", "in")
    asterisk.run(RIGHT_PIN)
    assert asterisk.played == list(prompts.AGENT_REFUSED)
    assert serving.engine.requests == []


# ------------------------------------------------------------------------------------------------ who calls
def test_the_callers_name_goes_to_the_display(serving: Serving) -> None:
    Contact.create(name='Doña "Eñe" \\ Pérez', phone="8888 7777", phone_key="+50688887777")
    asterisk = serving.asterisk("caller_lookup", callerid="88887777")
    asterisk.run()
    assert asterisk.commands == [r'SET VARIABLE "CALLERID(name)" "Doña \"Eñe\" \\ Pérez"']


def test_a_name_with_a_line_break_is_no_second_command(serving: Serving) -> None:
    Contact.create(name='Ana\nHANGUP\r\n" "', phone="8888 7777", phone_key="+50688887777")
    asterisk = serving.asterisk("caller_lookup", callerid="88887777")
    asterisk.run()
    (command,) = asterisk.commands
    assert shlex.split(command)[:3] == ["SET", "VARIABLE", "CALLERID(name)"]
    assert len(shlex.split(command)) == 4


def test_an_agent_who_calls_has_the_agents_name_and_an_unknown_number_none(serving: Serving) -> None:
    internal, unknown, hidden = (
        serving.asterisk("caller_lookup", callerid=number) for number in ("8330107", "99990000", "unknown")
    )
    assert internal.run() == ['SET VARIABLE "CALLERID(name)" "Ana Solís"']
    assert unknown.run() == hidden.run() == []


# ------------------------------------------------------------------------------------------------ the rating
@pytest.fixture
def call(serving: Serving) -> Call:
    return Call.create(
        id="centralita-1700000000.7", direction=Direction.INBOUND, offered_at=serving.house.now(), comment=""
    )


def test_a_key_while_it_is_asked_is_the_rating(serving: Serving, call: Call) -> None:
    asterisk = serving.asterisk("after_call_survey")
    asterisk.run({rf"STREAM FILE {prompts.SURVEY[-1]}": f"200 result={ord('4')} endpos=800"})
    assert Call.get_by_id(call.id).rating == 4
    assert asterisk.played[-2:] == list(prompts.SURVEY_THANKS)


def test_a_key_that_is_no_rating_is_asked_again(serving: Serving, call: Call) -> None:
    keys = iter((f"200 result={ord('9')}", f"200 result={ord('2')}"))
    asterisk = serving.asterisk("after_call_survey")
    asterisk.run({"WAIT FOR DIGIT": lambda command: next(keys)})
    assert Call.get_by_id(call.id).rating == 2


def test_who_presses_nothing_hears_goodbye(serving: Serving, call: Call) -> None:
    asterisk = serving.asterisk("after_call_survey")
    asterisk.run()
    assert Call.get_by_id(call.id).rating is None
    assert asterisk.played[-1] == prompts.GOODBYE


# ------------------------------------------------------------------------------------------------ blocked numbers
def test_a_blocked_number_is_marked_and_counted(serving: Serving) -> None:
    BlockedNumber.create(pattern="8888*", canonical="8888*")
    asterisk = serving.asterisk("blocklist", callerid="88887777")
    asterisk.run()
    assert asterisk.variables == {names.VARIABLE_BLOCKED: "1"}
    serving.house.within(5, lambda: None)
    assert BlockedNumber.get().refused == 1
    assert BlockedNumber.get().refused_at is not None


@pytest.mark.parametrize("number", ["87770000", "unknown", "", "not a number"])
def test_others_pass(serving: Serving, number: str) -> None:
    BlockedNumber.create(pattern="8888*", canonical="8888*")
    assert serving.asterisk("blocklist", callerid=number).run() == []


# ------------------------------------------------------------------------------------------------ the fallback
def speak(seconds: float, then: str = "200 result=35 endpos=8000") -> Any:
    """Answers RECORD FILE as if the caller had spoken."""

    def recorded(command: str) -> str:
        record(shlex.split(command)[2], seconds)
        return then

    return {"RECORD FILE": recorded}


def fallback(serving: Serving, called: str = "40004000", caller: str = "88887777") -> Any:
    return serving.asterisk("fallback", called, callerid=caller, channel="PJSIP/trunk-0000001a")


def test_a_caller_without_an_engine_leaves_a_message_and_is_called_back(serving: Serving) -> None:
    asterisk = fallback(serving)
    asterisk.run(speak(4.2))
    assert asterisk.variables == {names.VARIABLE_ANSWERED: "1"}
    assert asterisk.played == [*prompts.FALLBACK_OPEN, *prompts.LEAVE_A_MESSAGE, *prompts.MESSAGE_SAVED]
    message, request = Voicemail.get(), CallbackRequest.get()
    assert (message.call_center, message.calling_number, message.called_number) == (
        serving.center,
        "88887777",
        "40004000",
    )
    assert (message.seconds, message.call_id) == (4, "centralita-1700000000.7")
    stored = files.path_of(serving.house.settings.data_dir, message.sha256).read_bytes()
    assert stored[:4] == b"RIFF"
    assert len(stored) == message.size
    assert list(serving.house.voicemail_folder.iterdir()) == []
    assert (request.number, request.state, request.call_center) == ("+50688887777", "pending", serving.center)


def test_who_calls_again_keeps_the_first_place(serving: Serving) -> None:
    fallback(serving).run()
    first = CallbackRequest.get().kept_since
    fallback(serving).run()
    assert [row.kept_since for row in CallbackRequest.select()] == [first]


def test_a_hidden_number_is_not_called_back(serving: Serving) -> None:
    fallback(serving, caller="unknown").run(speak(3))
    assert CallbackRequest.select().count() == 0
    assert Voicemail.get().calling_number == ""


@pytest.mark.parametrize("seconds", [0.0, 1.4])
def test_nothing_said_is_nothing_kept(serving: Serving, seconds: float) -> None:
    asterisk = fallback(serving)
    asterisk.run(speak(seconds))
    assert asterisk.played[-1] == prompts.GOODBYE
    assert Voicemail.select().count() == 0
    assert list(serving.house.voicemail_folder.iterdir()) == []


@pytest.mark.parametrize("end", [HANGUP, CLOSE, "200 result=-1 (hangup) endpos=9000", "511 Command Not Permitted"])
def test_what_was_said_before_hanging_up_is_kept(serving: Serving, end: str) -> None:
    fallback(serving).run(speak(5, end))
    _wait(lambda: serving.server.sessions == 0)
    assert Voicemail.get().seconds == 5


def test_an_unknown_number_is_told_so_and_nothing_is_kept(serving: Serving) -> None:
    asterisk = fallback(serving, called="99999999")
    asterisk.run()
    assert asterisk.played == list(prompts.UNKNOWN_NUMBER)
    assert (CallbackRequest.select().count(), Voicemail.select().count()) == (0, 0)


def test_without_a_database_the_dialplans_own_message_is_left(serving: Serving) -> None:
    tables.database.execute_sql("ALTER TABLE call_centers RENAME TO gone")
    asterisk = fallback(serving)
    asterisk.run()
    assert asterisk.variables == {}
    assert asterisk.commands == []


def _wait(seen: Any) -> None:
    from switch.waiting import wait_until

    wait_until(seen, 10)
