"""SMS by SIP MESSAGE, both ways, against the real switch: SIPp is who writes to us and the carrier."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import postgres_server
import pytest
from switch.messages_stage import Takers, Writers, carrying_engine
from switch.real_switch import RealSwitch
from switch.running_engine import RunningEngine, secret_of
from switch.texting import SippWriter
from switch.waiting import wait_until

from ari_app.clock import now_ms
from models import messages
from models.db import transaction
from models.messages import WayOut
from models.values.sms import Way

pytestmark = pytest.mark.asterisk

ANA = "+50688887777"
Engines = Callable[..., RunningEngine]


@pytest.fixture
def new_engine(carrying_switch: RealSwitch, tmp_path: Path, message_ports: dict[str, int]) -> Iterator[Engines]:
    made: list[RunningEngine] = []

    def make(database_url: str = "") -> RunningEngine:
        made.append(carrying_engine(carrying_switch, message_ports, tmp_path / "data", database_url))
        return made[-1]

    yield make
    for engine in made:
        engine.stop()
    carrying_switch.remove_phone("8330101")


def write(engine: RunningEngine, text: str, number: str = ANA, key: str = "o.1") -> int:
    """As the web does: into the queue, then a nudge."""
    with transaction(engine.database):
        thread = messages.thread_of(engine.database, "40001000", number, now_ms(), "CR")
        message = messages.queue(engine.database, thread, key, text, WayOut(Way.SIP), now_ms())
    assert message is not None
    engine.control("POST", "/messages/queued", {})
    return message


def told(engine: RunningEngine) -> list[tuple[Any, ...]]:
    return engine.rows("SELECT direction, text, state, reason, detail FROM sms_messages ORDER BY id")


def wait_state(engine: RunningEngine, state: str, seconds: float = 8.0) -> tuple[Any, ...]:
    def settled() -> tuple[Any, ...] | None:
        rows = told(engine)
        return rows[-1] if rows and rows[-1][2] == state else None

    return wait_until(settled, seconds, f"a message that is {state}, not {told(engine)}") or ()


def test_a_message_comes_in(new_engine: Engines, carrying_switch: RealSwitch, writer: Writers) -> None:
    engine = new_engine()
    ana = engine.account.agent("Ana", "8330101")
    other = engine.account.agent("Otra", "8330102")
    engine.account.call_center("Pizza", ["40001000"], [ana])
    engine.start()
    desk, elsewhere = engine.desk(ana), engine.desk(other)
    text = 'Señora: ¿a qué hora? «(a)», "b", {c}\nGracias 😀 ${EXTEN}'

    writer("40001000", text)

    wait_state(engine, "received")
    assert told(engine) == [("inbound", text, "received", "", "")]
    [(ours, number, unread, contact, center)] = engine.rows(
        "SELECT our_number, number, unread, contact_id, call_center_id FROM sms_threads"
    )
    assert (ours, number, unread) == ("+50640001000", ANA, 1)
    assert engine.rows("SELECT phone_key, name FROM contacts WHERE id = ?", contact) == [(ANA, "")]
    assert center is not None
    news = desk.wait("news")
    assert (news["topic"], set(news["about"])) == ("messages", {"thread"})
    wait_until(lambda: not [path for path in carrying_switch.config.inbox.iterdir() if path.is_file()], 5)
    assert elsewhere.of("news") == [], "whoever may not see the thread is not told of it"
    assert engine.control("GET", "/health")[1]["messages"]["received"] == 1


def test_no_message_is_lost_while_the_engine_is_away(new_engine: Engines, writer: Writers) -> None:
    engine = new_engine()
    engine.start()
    engine.kill()
    writer("40001000", "uno")
    writer("40001000", "x" * 1100)
    engine.start()
    wait_until(lambda: len(told(engine)) == 2, 8)
    # Asterisk takes no more than 1,023 bytes of text: that something came is known, and that it was cut.
    assert told(engine) == [
        ("inbound", "uno", "received", "", ""), ("inbound", "", "received", "too_large", ""),
    ]  # fmt: skip


def test_no_message_is_lost_while_the_database_is_away(new_engine: Engines, writer: Writers) -> None:
    server = postgres_server.start()
    try:
        engine = new_engine(server.url(server.create_database()))
        engine.start()
        server.halt()
        writer("40001000", "uno")
        wait_until(lambda: engine.log("messages_not_stored_yet"), 20)
        writer("40001000", "dos")
        engine.kill()
        server.resume()
        engine.start()
        wait_until(lambda: len(told(engine)) == 2, 15)
        assert sorted(row[1] for row in told(engine)) == ["dos", "uno"]
    finally:
        server.stop()


def test_nobody_but_the_trunk_brings_messages(
    new_engine: Engines, carrying_switch: RealSwitch, writer: Writers
) -> None:
    engine = new_engine()
    engine.account.agent("Ana", "8330101")
    engine.start()
    wait_until(lambda: "8330101" in carrying_switch.cli("pjsip show endpoints"), 8)
    # A phone of ours, with the right secret: neither to a number of ours, nor to what it could dial.
    for number in ("40001000", "8330102", "*70"):
        writer(number, "Soy su cliente", caller="8330101", secret=secret_of("8330101"), answer=404)
    # A stranger, whatever they call themselves.
    writer("40001000", "Hola", caller="trunk", local_ip="127.0.0.3", answer=401)
    # The trunk, with what is no text, or to what is no number.
    writer("40001000", "<x/>", content_type="application/xml", answer=415)
    writer("x", "Hola", answer=404)
    writer("40001000", "Esta sí")
    assert wait_state(engine, "received")[1] == "Esta sí"
    assert len(told(engine)) == 1
    carrying_switch.wait_quiet()
    started = [row["channel_name"] for row in carrying_switch.cel() if row["event_type"] == "CHAN_START"]
    assert set(started) == {"Message/ast_msg_queue"}, "no call came of it"
    assert engine.calls() == []


def test_who_writes_baja_is_answered_once(new_engine: Engines, writer: Writers, taker: Takers) -> None:
    engine = new_engine()
    engine.start()
    carrier = taker()
    writer("40001000", "¡Baja!")
    wait_state(engine, "sent")
    writer("40001000", "baja")
    wait_until(lambda: len(told(engine)) == 3, 5)
    assert [row[:3] for row in told(engine)][::2] == [
        ("inbound", "¡Baja!", "received"),
        ("inbound", "baja", "received"),
    ]
    [answer] = carrier.taken()
    assert "Responde ALTA" in answer
    assert engine.rows("SELECT number, word FROM sms_opt_outs") == [(ANA, "BAJA")]


def test_a_message_goes_out(new_engine: Engines, taker: Takers) -> None:
    engine = new_engine()
    engine.start()
    carrier = taker()
    text = "Señor: son ₡2 500.\n¿Está bien? 😀"
    write(engine, text)
    assert wait_state(engine, "sent") == ("outbound", text, "sent", "", "")
    [message] = carrier.taken()
    assert message.startswith(f"MESSAGE sip:{ANA}@127.0.0.1")
    head, _, body = message.replace("\r\n", "\n").partition("\n\n")
    headers = dict(line.split(": ", 1) for line in head.split("\n")[1:])
    assert headers["From"].startswith("<sip:+50640001000@127.0.0.1")
    assert headers["Content-Type"] == "text/plain"
    assert body.strip() == text
    assert "Contact" not in headers  # RFC 3428, section 5


@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [
        ("200 OK", "sent", ""),
        ("404 Not Found", "failed", "no_such_number"),
        ("486 Busy Here", "failed", "unreachable"),
        ("415 Unsupported Media Type", "failed", "not_accepted"),
        ("500 Server Internal Error", "failed", "refused"),
        ("408 Request Timeout", "unsure", "no_answer"),
    ],
)
def test_what_the_carrier_answers(new_engine: Engines, taker: Takers, answer: str, state: str, reason: str) -> None:
    engine = new_engine()
    engine.start()
    carrier = taker(answer=answer)
    write(engine, "Hola")
    row = wait_state(engine, state)
    assert row[3:] == (reason, "" if state == "sent" else answer)
    assert len(carrier.taken()) == 1


def test_a_carrier_that_is_busy_is_asked_again(new_engine: Engines, taker: Takers) -> None:
    engine = new_engine()
    engine.start()
    busy = taker(answer="503 Service Unavailable", headers="Retry-After: 20\n")
    message = write(engine, "Hola")
    wait_until(lambda: told(engine)[-1][3] == "busy", 8)
    assert told(engine)[-1][2:] == ("queued", "busy", "503 Service Unavailable")
    [(next_at, tried_at)] = engine.rows("SELECT next_at, tried_at FROM sms_messages")
    assert next_at - tried_at >= 20_000
    busy.stop()
    taker()
    engine.database.execute_sql("UPDATE sms_messages SET next_at = 0 WHERE id = ?", (message,))
    wait_state(engine, "sent")
    assert engine.rows("SELECT attempts FROM sms_messages") == [(2,)]


def test_a_carrier_that_asks_for_the_password(new_engine: Engines, taker: Takers) -> None:
    engine = new_engine()
    engine.start()
    carrier = taker(behaviour="asks")
    write(engine, "Hola")
    wait_state(engine, "sent")
    assert len(carrier.taken()) == 2, "without and with the password: one message to everybody else"


def test_a_carrier_that_says_nothing(new_engine: Engines, taker: Takers) -> None:
    """Timer F is 32 s: then nobody knows, and nothing is sent again."""
    engine = new_engine()
    engine.start()
    carrier = taker(behaviour="silent")
    write(engine, "Hola")
    write(engine, "Y otra cosa", key="o.2")
    wait_until(lambda: carrier.taken(), 8)
    assert [row[2] for row in told(engine)] == ["sending", "queued"], "of a thread one after the other"
    wait_until(lambda: told(engine)[0][2] == "unsure", 45)
    assert told(engine)[0][3] == "no_answer"
    wait_until(lambda: len(carrier.taken()) == 2, 8)
    sent = [message.strip().split("\n")[-1].strip() for message in carrier.taken()]
    assert sent == ["Hola", "Y otra cosa"], "the first never again"


def test_the_engine_is_killed_between_sending_and_the_answer(new_engine: Engines, taker: Takers) -> None:
    engine = new_engine()
    engine.start()
    carrier = taker(behaviour="silent")

    def sent() -> list[str]:
        # Of an earlier test the switch may still send again what nobody answered.
        return [one for one in carrier.taken() if one.strip().endswith("A ver")]

    message = write(engine, "A ver")
    wait_until(sent, 8)
    engine.kill()
    # A minute later: nobody can say any more what the carrier answered.
    engine.database.execute_sql("UPDATE sms_messages SET tried_at = tried_at - 60000 WHERE id = ?", (message,))
    engine.start()
    assert wait_state(engine, "unsure") == ("outbound", "A ver", "unsure", "restarted", "")
    engine.control("POST", "/messages/queued", {})
    assert len(sent()) == 1
    health = engine.control("GET", "/health")[1]
    assert health["reaped"] == {"channel": 0, "bridge": 0, "seat": 0}, "the channel of messages is no stray"
    assert messages.send_again(engine.database, message, WayOut(Way.SIP), now_ms()), "a person may say so"
    wait_until(lambda: len(sent()) == 2, 8)


def test_without_the_setting_the_trunk_brings_no_message(switch: RealSwitch, tmp_path: Path) -> None:
    SippWriter(tmp_path / "sipp", switch.sip, "40001000", "Hola", answer=404).call()
    assert "res_hep" not in switch.cli("module show like hep")
