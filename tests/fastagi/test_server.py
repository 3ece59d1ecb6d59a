"""Asterisk hangs up at every step, says garbage, says nothing, says too much: the server serves the next one."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest
from fastagi.conftest import PIN, Serving, record
from fastagi.played_asterisk import CLOSE, HANGUP, OK, PlayedAsterisk
from fastagi.test_entries import speak
from switch.waiting import wait_until

from agi_scripts import voicemail_file
from agi_scripts.house import House, TooLate
from agi_scripts.server import Entry
from agi_scripts.session import HungUp, Session
from dialplan import names
from models.tables import CallbackRequest, Contact, Voicemail

ENDS = (HANGUP, CLOSE, "511 Command Not Permitted on a dead channel", "200 result=-1", "", "!!!", "200 nonsense")
ANSWERS = {"GET DATA": f"200 result={PIN}", "GET FULL VARIABLE": "200 result=1 (127.0.0.1:5060)", **speak(3)}


def steps_of(serving: Serving, name: str) -> int:
    """How many commands the entry asks when nothing goes wrong."""
    return len(caller(serving, name).run(ANSWERS))


def caller(serving: Serving, name: str) -> PlayedAsterisk:
    return serving.asterisk(name, "40004000" if name == names.AGI_FALLBACK else "in", callerid="88887777")


@pytest.mark.parametrize("name", names.AGI_ENTRIES)
@pytest.mark.parametrize("end", ENDS)
def test_a_hang_up_at_every_step_is_weather(serving: Serving, name: str, end: str) -> None:
    Contact.create(name="Ana", phone="88887777", phone_key="+50688887777")
    serving.engine.routes[f"POST /agents/{serving.agent.id}/login"] = lambda body: (200, {})
    serving.engine.routes[f"POST /agents/{serving.agent.id}/pause"] = lambda body: (200, {})
    steps = steps_of(serving, name)
    for last in range(steps):
        asterisk = caller(serving, name)
        asterisk.send(asterisk.request)
        for step in range(last + 1):
            command = asterisk.read()
            assert command is not None
            if step < last:
                asterisk.send(asterisk._answer(command, ANSWERS) + "\n")
            elif end == CLOSE:
                asterisk.close()
            else:
                asterisk.send(end + "\n")
        if end != CLOSE:
            assert asterisk.is_closed() or end == "200 result=-1"
    wait_until(lambda: serving.server.sessions == 0, 10)
    # Every one ended by itself, and the next is served whole.
    assert len(caller(serving, name).run(ANSWERS)) == steps


def test_no_unhandled_error_in_any_of_them(serving: Serving) -> None:
    for name in names.AGI_ENTRIES:
        caller(serving, name).run({".*": HANGUP})
    wait_until(lambda: serving.server.sessions == 0, 10)
    assert serving.server.counts["failed"] == 0


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x00\xff" * 40 + b"\n\n",
        b"\n",
        b"agi_network_script: nothing\n\n",
        b"agi_network_script: ../house\n\n",
        b"agi_network_script: __init__\n\n",
        b"agi_request: agi://x/fallback\n\n",
        b"x" * 20_000,
        b"agi_network_script: fallback\n" + b"agi_arg_1: x\n" * 500,
        b"",
    ],
)
def test_what_is_no_request_is_closed_without_a_word(serving: Serving, request_: bytes) -> None:
    with socket.create_connection(("127.0.0.1", serving.server.port), timeout=10) as other:
        other.sendall(request_)
        other.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):  # closed with something of ours unread
            assert other.recv(100) == b""
    assert serving.asterisk("caller_lookup", callerid="8330107").run() == ['SET VARIABLE "CALLERID(name)" "Ana Solís"']


def test_who_says_nothing_is_closed_in_time(serve: Callable[..., Serving]) -> None:
    serving = serve(request_seconds=0.3)
    with socket.create_connection(("127.0.0.1", serving.server.port), timeout=10) as silent:
        began = time.monotonic()
        assert silent.recv(1) == b""
        assert 0.2 < time.monotonic() - began < 5


def test_a_drip_of_lines_does_not_prolong_it(serve: Callable[..., Serving]) -> None:
    serving = serve(request_seconds=0.5)
    asterisk = serving.asterisk("fallback")
    began = time.monotonic()
    for _ in range(100):
        asterisk.send("agi_x: 1\n")
        time.sleep(0.02)
        if serving.server.counts["refused"]:
            break
    assert serving.server.counts["refused"] == 1
    assert time.monotonic() - began < 5


def test_an_entry_that_takes_too_long_is_cut_off_as_by_a_hang_up(serve: Callable[..., Serving]) -> None:
    told: list[str] = []

    def slow(session: Session, house: House) -> None:
        try:
            while True:
                session.answer()
        except HungUp as end:
            told.append(str(end))
            raise

    serving = serve({"slow": Entry(slow, 0.3)})
    asterisk = serving.asterisk("slow")
    asterisk.run()
    assert asterisk.is_closed()
    assert told == ["late"]
    assert serving.server.counts["hung_up"] == 1


def test_a_defect_of_an_entry_ends_its_own_session_only(serve: Callable[..., Serving]) -> None:
    def broken(session: Session, house: House) -> None:
        raise ZeroDivisionError

    serving = serve({"broken": Entry(broken, 5), "well": Entry(lambda session, house: session.answer(), 5)})
    assert serving.asterisk("broken").run() == []
    assert serving.asterisk("well").run() == ["ANSWER"]
    assert serving.server.counts["failed"] == 1


def test_more_than_may_be_at_once_are_closed_and_the_others_go_on(serve: Callable[..., Serving]) -> None:
    serving = serve(most_sessions=3)
    held = [serving.asterisk("agent_login", "in") for _ in range(3)]
    for one in held:
        one.send(one.request)
        assert one.read() == "ANSWER"
    over = serving.asterisk("caller_lookup")
    assert over.is_closed()
    assert serving.server.counts["refused"] == 1
    for one in held:
        one.send(OK + "\n")
        assert (one.read() or "").startswith("GET DATA")
        one.close()
    wait_until(lambda: serving.server.sessions == 0, 10)
    assert serving.asterisk("caller_lookup", callerid="8330107").run()


# ------------------------------------------------------------------------------------------------ pyst2's traps
def test_a_reply_never_belongs_to_another_command(serve: Callable[..., Serving]) -> None:
    """HANGUP comes before the reply: nothing more is asked, so nothing is taken for another's answer."""
    heard: list[str] = []

    def asks(session: Session, house: House) -> None:
        try:
            session.expression("${FIRST}")
        finally:
            try:
                heard.append(session.expression("${SECOND}"))
            except HungUp as end:
                heard.append(str(end))

    serving = serve({"asks": Entry(asks, 5)})
    asterisk = serving.asterisk("asks")
    asterisk.send(asterisk.request)
    asterisk.read()
    asterisk.send("HANGUP\n200 result=1 (first)\n200 result=1 (second)\n")
    assert asterisk.is_closed()
    assert heard == ["hangup"]


def test_usage_of_several_lines_and_a_trying_are_read_whole(serve: Callable[..., Serving]) -> None:
    heard: list[str] = []

    def asks(session: Session, house: House) -> None:
        from asterisk.agi import AGIUsageError

        with pytest.raises(AGIUsageError):
            session.answer()
        heard.append(session.expression("${X}"))

    serving = serve({"asks": Entry(asks, 5)})
    usage = "520-Invalid command syntax.  Proper usage follows:\n Usage: ANSWER\n520 End of proper usage.\n"
    serving.asterisk("asks").run({"ANSWER": usage, "GET FULL": "100 result=0 Trying...\n200 result=1 (a (b) hangup)\n"})
    assert heard == ["a (b) hangup"]


def test_what_a_caller_is_called_ends_nothing(serve: Callable[..., Serving]) -> None:
    heard: list[str] = []
    serving = serve({"asks": Entry(lambda session, house: heard.append(session.expression("${X}")), 5)})
    serving.asterisk("asks").run({"GET FULL": "200 result=1 (hangup)"})
    assert heard == ["hangup"]


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ('a"b', r'SET VARIABLE "X" "a\"b"'),
        ("a\\", r'SET VARIABLE "X" "a\\"'),
        ("a\nHANGUP\n", 'SET VARIABLE "X" "a HANGUP "'),
        ("\x00\x1b\x7f", 'SET VARIABLE "X" "   "'),
        ("ñ€😀", 'SET VARIABLE "X" "ñ€😀"'),
        ("", 'SET VARIABLE "X" ""'),
    ],
)
def test_a_value_is_one_argument(serve: Callable[..., Serving], value: str, line: str) -> None:
    serving = serve({"sets": Entry(lambda session, house: session.set_variable("X", value), 5)})
    assert serving.asterisk("sets").run() == [line]


@pytest.mark.parametrize("name", ["a b", 'a"b', "a\nHANGUP", 'x" "y'])
def test_an_argument_that_pyst2_does_not_quote_is_one_too(serve: Callable[..., Serving], name: str) -> None:
    serving = serve({"plays": Entry(lambda session, house: session.stream_file(name), 5)})
    (command,) = serving.asterisk("plays").run()
    import shlex

    assert shlex.split(command) == ["STREAM", "FILE", name.replace("\n", " "), "", "0"]


# ------------------------------------------------------------------------------------------------ many, and leftovers
def test_two_thousand_connections_from_eight_threads(serving: Serving, record_property: Callable[..., None]) -> None:
    Contact.create(name="Ana", phone="88887777", phone_key="+50688887777")
    outcomes: Counter[str] = Counter()
    lock = threading.Lock()

    def calls(number: int) -> None:
        for turn in range(250):
            name = ("caller_lookup", "blocklist", "caller_lookup", "agent_login")[turn % 4]
            try:
                asterisk = PlayedAsterisk(
                    serving.server.port, name, callerid="88887777", channel="PJSIP/trunk-1", seconds=60.0
                )
                asked = len(asterisk.run())
                asterisk.close()
                outcome = f"{name} {asked}"
            except OSError as error:
                outcome = repr(error)
            with lock:
                outcomes[outcome] += 1

    began = time.monotonic()
    threads = [threading.Thread(target=calls, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    took = time.monotonic() - began
    record_property("fastagi_connections_per_second", round(2000 / took))
    print(f"2,000 FastAGI sessions in {took:.1f} s")
    said = 1 + 2  # ANSWER and the refusal
    assert outcomes == {"caller_lookup 1": 1000, "blocklist 0": 504, f"agent_login {said}": 496}
    assert serving.server.counts == {"served": 2000, "refused": 0, "hung_up": 0, "failed": 0}
    wait_until(lambda: serving.server.sessions == 0, 10)


def test_work_that_takes_too_long_is_not_waited_for(serving: Serving) -> None:
    release = threading.Event()
    began = time.monotonic()
    with pytest.raises(TooLate):
        serving.house.within(0.1, lambda: release.wait(20))
    assert time.monotonic() - began < 5
    release.set()
    assert serving.house.within(5, lambda: "next") == "next"


def test_a_message_left_behind_by_a_killed_process_is_kept_later(serving: Serving) -> None:
    house = serving.house
    place = voicemail_file.begin(house, "fallback-x", call_center=serving.center.id, calling_number="88887777")
    record(str(place), 6)
    assert voicemail_file.keep_left_behind(house) == 0, "somebody may still be speaking"
    assert voicemail_file.keep_left_behind(house, idle_seconds=0) == 1
    assert voicemail_file.keep_left_behind(house, idle_seconds=0) == 0
    kept = Voicemail.get()
    assert (kept.seconds, kept.calling_number, kept.call_center) == (6, "88887777", serving.center)


def test_a_message_for_a_call_center_that_is_gone_is_kept(serving: Serving) -> None:
    place = voicemail_file.begin(serving.house, "fallback-y", call_center=serving.center.id + 1000)
    record(str(place), 3)
    assert voicemail_file.keep(serving.house, "fallback-y", shortest=2)
    assert Voicemail.get().call_center is None


def test_the_request_is_kept_before_the_first_word(serving: Serving) -> None:
    """Hanging up at any moment loses nothing."""
    asterisk = caller(serving, names.AGI_FALLBACK)
    asterisk.send(asterisk.request)
    assert asterisk.read() == "ANSWER"
    assert CallbackRequest.select().count() == 1
    asterisk.close()


def test_it_listens_on_loopback_only_and_stops(serving: Serving) -> None:
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.2", serving.server.port)) != 0
    held = serving.asterisk("agent_login", "in")
    held.send(held.request)
    held.read()
    port = serving.server.port
    serving.server.stop()
    assert held.is_closed()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
