"""SMS over HTTP, with a played provider on a real socket: slow, broken, busy, gone; and what it tells us, signed."""

from __future__ import annotations

import ipaddress
import json
import secrets as random_secrets
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from peewee import Database
from switch.waiting import wait_until
from web.browser import Browser, problems
from web.receiver import Receiver
from werkzeug.test import TestResponse

from admin.messaging import delivering, incoming, protocol
from admin.messaging.delivering import Sending
from admin.webhooks import sending
from admin.webhooks.sending import Result
from models import messages
from models.db import transaction
from models.messages import Outgoing, WayOut
from models.secrets import Secrets
from models.tables import (
    AuditEntry,
    Contact,
    SmsMessage,
    SmsOptOut,
    SmsProvider,
    SmsProviderNumber,
    SmsTemplate,
    SmsThread,
    epoch_ms,
    now,
)
from models.values.sms import FailureReason, MessageState, Way
from models.webhooks import is_signed, secret_of, signature

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
ANA = "+50688887777"
OURS = "+50640002000"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver(body=b'{"id": "r-1"}') as running:
        yield running


@pytest.fixture
def provider(database: Database, receiver: Receiver) -> SmsProvider:
    row = SmsProvider.create(name="Pasarela", url=receiver.url("/send"), salt="s")
    SmsProviderNumber.create(provider=row, number="4000 2000", number_key=OURS)
    return row


@pytest.fixture
def send(database: Database, secrets: Secrets, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[int]]]:
    """Starts sending, with short waits; gives the threads whose news are told."""
    monkeypatch.setattr(delivering, "POLL_SECONDS", 0.02)
    started: list[Sending] = []

    def start() -> list[int]:
        told: list[int] = []
        started.append(Sending(database, secrets.webhook_key, LOOPBACK, told.append))
        started[-1].start()
        return told

    yield start
    for one in started:
        one.stop(20)


def write(database: Database, provider: SmsProvider, text: str = "Hola", key: str = "o.1", number: str = ANA) -> int:
    at = epoch_ms(now())
    with transaction(database):
        thread = messages.thread_of(database, OURS, number, at, "CR")
        made = messages.queue(database, thread, key, text, WayOut(Way.HTTP, provider.id), at)
    assert made is not None
    return made


def state(key: int) -> tuple[str, str]:
    row = SmsMessage.get_by_id(key)
    return row.state.value, row.reason


def wait_state(key: int, wanted: MessageState, reason: str = "", seconds: float = 15) -> SmsMessage:
    wait_until(lambda: state(key) == (wanted.value, reason), seconds, f"{wanted} {reason}, not {state(key)}")
    return SmsMessage.get_by_id(key)


# ---------------------------------------------------------------- out
def test_a_message_is_sent_signed(
    database: Database, secrets: Secrets, provider: SmsProvider, receiver: Receiver, send: Callable[[], list[int]]
) -> None:
    key = write(database, provider, "¿Qué tal?\nÑandú")
    told = send()
    row = wait_state(key, MessageState.SENT)
    assert row.remote_id == "r-1"
    [got] = receiver.of("/send")
    body = json.loads(got.body)
    assert body["type"] == "message.send"
    assert body["data"] == {
        "id": "o.1", "from": OURS, "to": ANA, "text": "¿Qué tal?\nÑandú", "segments": 1, "encoding": "ucs2",
    }  # fmt: skip
    assert got.headers["webhook-id"] == "o.1"
    secret = secret_of(secrets.webhook_key, provider.id, "s", what="sms provider")
    given = got.headers["webhook-signature"]
    assert is_signed(secret, "o.1", int(got.headers["webhook-timestamp"]), got.body, given)
    assert set(told) == {row.thread_id}
    assert len(receiver.got) == 1


@pytest.mark.parametrize(
    ("status", "body", "wanted", "reason", "detail"),
    [
        (202, b"", MessageState.SENT, "", ""),
        (400, b'{"error": "no_such_number", "message": "ese n\xc3\xbamero no"}', MessageState.FAILED, "no_such_number",
         "400 ese número no"),
        (422, b"<html>", MessageState.FAILED, "refused", "422"),
        (403, b"", MessageState.FAILED, "credentials", "403"),
        (302, b"", MessageState.FAILED, "refused", "302"),
        (500, b'{"message": "boom"}', MessageState.UNSURE, "no_answer", "500 boom"),
        (400, b'[' * 1000, MessageState.FAILED, "refused", "400"),
    ],
)  # fmt: skip
def test_what_the_provider_answers(
    database: Database, provider: SmsProvider, receiver: Receiver, send: Callable[[], list[int]],
    status: int, body: bytes, wanted: MessageState, reason: str, detail: str,
) -> None:  # fmt: skip
    receiver.answers["/send"] = [status]
    receiver.body = body
    key = write(database, provider)
    send()
    assert wait_state(key, wanted, reason).detail == detail
    other = write(database, provider, key="o.2")
    wait_until(lambda: state(other)[0] not in ("queued", "sending"), 15)
    assert len(receiver.of("/send")) == 2, "none was sent twice"


def test_a_provider_that_is_busy_is_left_alone_and_asked_again(
    database: Database, provider: SmsProvider, receiver: Receiver, send: Callable[[], list[int]]
) -> None:
    receiver.answers["/send"] = [429, 200]
    receiver.headers["Retry-After"] = "77"
    key, other = write(database, provider), write(database, provider, key="o.2", number="22223333")
    SmsMessage.update(next_at=now() + timedelta(days=1)).where(SmsMessage.id == other).execute()
    send()
    row = wait_state(key, MessageState.QUEUED, "busy")
    held = SmsProvider.get_by_id(provider.id)
    assert held.failures == 1
    assert timedelta(seconds=70) < held.blocked_until - now() <= timedelta(seconds=77)
    assert row.next_at == held.blocked_until
    # Nothing goes there meanwhile, not what is new either.
    SmsMessage.update(next_at=now()).execute()
    again = len(receiver.got)
    wait_until(lambda: len(messages.claim(database, Way.SIP, epoch_ms(now()), 1)) == 0, 1)
    assert len(receiver.got) == again == 1
    SmsProvider.update(blocked_until=now()).execute()
    wait_state(key, MessageState.SENT)
    wait_state(other, MessageState.SENT)
    assert SmsProvider.get_by_id(provider.id).failures == 0
    assert [json.loads(got.body)["data"]["id"] for got in receiver.got].count("o.1") == 2


def test_a_provider_that_is_not_there(database: Database, provider: SmsProvider, send: Callable[[], list[int]]) -> None:
    with Receiver() as gone:
        url = gone.url("/send")
    SmsProvider.update(url=url).execute()
    key = write(database, provider)
    send()
    wait_state(key, MessageState.QUEUED, "not_reached")
    assert SmsProvider.get_by_id(provider.id).failures >= 1


def test_a_provider_that_does_not_answer_leaves_it_unsure(
    database: Database, provider: SmsProvider, receiver: Receiver, send: Callable[[], list[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(sending, "TOTAL_SECONDS", 0.5)
    receiver.hold["/send"] = threading.Event()
    key = write(database, provider)
    send()
    wait_state(key, MessageState.UNSURE, "no_answer")
    receiver.hold["/send"].set()
    assert messages.claim(database, Way.HTTP, epoch_ms(now()), 5) == []
    # A person may send it again: it is the same message, so a provider that had it knows it.
    assert messages.send_again(database, key, WayOut(Way.HTTP, provider.id), epoch_ms(now()))
    wait_state(key, MessageState.SENT)
    assert {got.headers["webhook-id"] for got in receiver.of("/send")} == {"o.1"}


def test_what_may_have_been_taken_is_never_sent_again_by_itself() -> None:
    for status in (500, 501, 502, 504, 507, 599):
        assert protocol.meaning(Result("refused", status)).state is MessageState.UNSURE
    for problem in ("timeout", "broken"):
        assert protocol.meaning(Result(problem)).state is MessageState.UNSURE
    for status in (429, 503):
        assert protocol.meaning(Result("refused", status)).state is MessageState.QUEUED
    for problem in ("not_reached", "tls", "address_not_allowed", "not_https"):
        assert protocol.meaning(Result(problem)).state is MessageState.QUEUED


def test_the_program_died_while_sending(
    database: Database, provider: SmsProvider, receiver: Receiver, send: Callable[[], list[int]]
) -> None:
    key = write(database, provider)
    old = epoch_ms(now()) - delivering.FORSAKEN_MS - 1
    [taken] = messages.claim(database, Way.HTTP, epoch_ms(now()), 5)
    assert isinstance(taken, Outgoing)
    SmsMessage.update(tried_at=old).where(SmsMessage.id == key).execute()
    send()
    wait_state(key, MessageState.UNSURE, "restarted")
    assert receiver.got == []


# ---------------------------------------------------------------- in
class Speaking:
    """The provider's side of /sms: signs as its documentation says."""

    def __init__(self, app: Flask, secret: str) -> None:
        self.client = app.test_client()
        self.secret = secret

    def say(
        self, path: str, body: Any, *, at: int | None = None, secret: str | None = None, signed: bytes | None = None
    ) -> TestResponse:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        at = int(time.time()) if at is None else at
        message = "m-" + random_secrets.token_hex(4)
        made = signature(secret or self.secret, message, at, raw if signed is None else signed)
        headers = {"webhook-id": message, "webhook-timestamp": str(at), "webhook-signature": made}
        return self.client.post(path, data=raw, headers=headers, content_type="application/json")

    def message(self, text: str = "Hola", key: str = "p-1", **changes: Any) -> TestResponse:
        data = {"id": key, "from": ANA, "to": OURS, "text": text} | changes
        return self.say("/sms/incoming", {"type": "message.received", "data": data})

    def receipt(self, state: str, **changes: Any) -> TestResponse:
        return self.say("/sms/receipt", {"type": "message.status", "data": {"state": state} | changes})


@pytest.fixture
def speaking(app: Flask, secrets: Secrets, provider: SmsProvider) -> Speaking:
    return Speaking(app, secret_of(secrets.webhook_key, provider.id, "s", what="sms provider"))


def in_body(**data: Any) -> dict[str, Any]:
    return {"type": "message.received", "data": {"id": "1", "from": ANA, "to": OURS, "text": "x"} | data}


def status_body(**data: Any) -> dict[str, Any]:
    return {"type": "message.status", "data": {"state": "sent"} | data}


def test_a_message_comes_in_once(speaking: Speaking, provider: SmsProvider) -> None:
    before = Contact.select().count()
    answer = speaking.message("Buenas\n¿abren?")
    assert (answer.status_code, answer.get_json()) == (200, {"id": "p-1", "duplicate": False})
    again = speaking.message("Otra cosa")
    assert (again.status_code, again.get_json()) == (200, {"id": "p-1", "duplicate": True})
    [row] = SmsMessage.select()
    assert (row.text, row.state, row.way, row.remote_id) == ("Buenas\n¿abren?", MessageState.RECEIVED, Way.HTTP, "p-1")
    thread = SmsThread.get()
    assert (thread.number, thread.our_number, thread.unread) == (ANA, OURS, 1)
    assert Contact.select().count() - before <= 1
    assert thread.contact.phone_key == ANA
    assert SmsProvider.get_by_id(provider.id).heard_at is not None


def test_opting_out_and_its_answer(
    speaking: Speaking, database: Database, receiver: Receiver, send: Callable[[], list[int]]
) -> None:
    speaking.message("stop")
    speaking.message("STOP", key="p-2")
    send()
    wait_until(lambda: len(receiver.of("/send")) == 1, 10)
    assert "ALTA" in json.loads(receiver.of("/send")[0].body)["data"]["text"]
    assert SmsOptOut.get().active_key == ANA
    assert SmsMessage.select().where(SmsMessage.automatic).count() == 1


@pytest.mark.parametrize(
    ("secret", "late", "signed"),
    [
        ("whsec_AAAA", 0, None), (None, -incoming.TOLERANCE - 60, None), (None, incoming.TOLERANCE + 60, None),
        (None, -(10**10), None), (None, 0, b"{}"),
    ],
)  # fmt: skip
def test_who_does_not_sign_is_refused(speaking: Speaking, secret: str | None, late: int, signed: bytes | None) -> None:
    """Another secret, too old, too new, another body."""
    body = in_body()
    for path in ("/sms/incoming", "/sms/receipt"):
        # Now, not when the tests were collected.
        answer = speaking.say(path, body, at=max(0, int(time.time()) + late), secret=secret, signed=signed)
        assert answer.status_code == 401
    assert SmsMessage.select().count() == 0


def test_strange_headers_are_refused_in_words(speaking: Speaking, app: Flask) -> None:
    client = app.test_client()
    present = str(int(time.time()))
    for headers in (
        {}, {"webhook-id": "x"},
        {"webhook-id": "x", "webhook-timestamp": "ñ", "webhook-signature": "v1,ñ"},
        {"webhook-id": "x", "webhook-timestamp": present, "webhook-signature": "v1,ñ v2"},
    ):  # fmt: skip
        answer = client.post("/sms/incoming", data=b"{}", headers=headers, content_type="application/json")
        assert answer.status_code == 401
        assert set(answer.get_json()) == {"error", "message"}
    big = client.post("/sms/incoming", data=b"x" * (incoming.MAX_BODY + 1), content_type="application/json")
    assert big.status_code == 413


def test_who_guesses_is_stopped_and_a_provider_too_fast_is_told(
    speaking: Speaking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming, "RATE", "2 per minute")
    assert [speaking.receipt("sent", id="nope").status_code for _ in range(3)] == [404, 404, 429]
    monkeypatch.setattr(incoming, "FAILURES", "2 per minute")
    assert [speaking.say("/sms/receipt", {}, secret="whsec_AAAA").status_code for _ in range(3)] == [401, 401, 429]


def test_a_provider_that_is_off_says_nothing(speaking: Speaking) -> None:
    SmsProvider.update(active=False).execute()
    assert speaking.message().status_code == 401


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/sms/incoming", b"{", 400, "malformed"),
        ("/sms/incoming", [], 400, "malformed"),
        ("/sms/incoming", status_body(id="1"), 400, "malformed"),
        ("/sms/incoming", in_body(id=7), 400, "malformed"),
        ("/sms/incoming", in_body(**{"from": ""}), 400, "malformed"),
        ("/sms/incoming", in_body(text=None), 400, "malformed"),
        ("/sms/incoming", in_body(to="4000 9999"), 422, "not_our_number"),
        ("/sms/receipt", status_body(), 400, "malformed"),
        ("/sms/receipt", status_body(id="x", state="read"), 400, "malformed"),
        ("/sms/receipt", status_body(id="x"), 404, "no_such_message"),
        ("/sms/receipt", status_body(id=None, remote_id="y"), 404, "no_such_message"),
    ],
)
def test_what_is_not_understood_is_refused_in_words(
    speaking: Speaking, path: str, body: Any, status: int, code: str
) -> None:
    answer = speaking.say(path, body)
    assert (answer.status_code, answer.get_json()["error"]) == (status, code)
    assert SmsMessage.select().count() == 0


def test_receipts_out_of_order(speaking: Speaking, database: Database, provider: SmsProvider) -> None:
    key = write(database, provider)
    messages.claim(database, Way.HTTP, epoch_ms(now()), 5)
    # Before we have noted its answer: found by our id.
    assert speaking.receipt("delivered", id="o.1", remote_id="r-1").get_json() == {"changed": True}
    for late in ("sent", "failed", "delivered"):
        assert speaking.receipt(late, remote_id="r-1").get_json() == {"changed": False}
    assert state(key) == ("delivered", "")

    other = write(database, provider, key="o.2")
    messages.settle(database, other, MessageState.SENT, epoch_ms(now()), remote_id="r-2")
    assert speaking.receipt("failed", remote_id="r-2", message="sin\nsaldo").get_json() == {"changed": True}
    row = SmsMessage.get_by_id(other)
    assert (row.state, row.reason, row.detail) == (MessageState.FAILED, FailureReason.UNDELIVERED, "sinsaldo")
    assert speaking.receipt("delivered", remote_id="r-2").get_json() == {"changed": True}, "it is on the phone"
    assert state(other) == ("delivered", "")


def test_a_message_that_came_in_has_no_receipt(speaking: Speaking) -> None:
    speaking.message()
    assert speaking.receipt("delivered", remote_id="p-1").status_code == 404
    assert SmsMessage.get().state is MessageState.RECEIVED


# ---------------------------------------------------------------- the pages
def test_a_provider_is_made_and_its_secret_shown_once(make_app: Callable[..., Flask], secrets: Secrets) -> None:
    from models.values.call import Role

    app = make_app(webhook_networks="127.0.0.0/8")
    admin = Browser(app, Role.ADMINISTRATOR)
    page = admin.fill(
        "/proveedores-de-sms/nuevo", name="Pasarela", url="https://sms.example/send", numbers="4000 2000\n4000-2001\n"
    )
    row = SmsProvider.get()
    secret = secret_of(secrets.webhook_key, row.id, str(row.salt), what="sms provider")
    text = page.get_data(as_text=True)
    assert secret in text
    assert "/sms/incoming" in text
    assert sorted(one.number_key for one in row.numbers) == [OURS, "+50640002001"]
    assert secret not in admin.get("/proveedores-de-sms/").get_data(as_text=True)
    renewed = admin.post(f"/proveedores-de-sms/{row.id}/secreto").get_data(as_text=True)
    assert secret not in renewed
    assert "whsec_" in renewed
    assert [entry.act for entry in AuditEntry.select().where(AuditEntry.section == "sms_providers")][-1] == "secret"
    taken = admin.fill("/proveedores-de-sms/nuevo", name="Otra", url="https://x.example", numbers="+506 4000 2000")
    assert "numbers" in problems(taken)
    for wrong in ({"numbers": ""}, {"numbers": "hola"}, {"url": "ftp://sms.example"}, {"url": "https://10.0.0.1/"}):
        right = {"name": "X", "url": "https://x.example", "numbers": "1234"}
        refused = admin.fill("/proveedores-de-sms/nuevo", **(right | wrong))
        assert set(wrong) <= set(problems(refused)) <= {"form", *wrong}
    assert SmsProvider.select().count() == 1
    admin.fill(f"/proveedores-de-sms/{row.id}", numbers="4000 2001")
    assert [one.number for one in SmsProvider.get().numbers] == ["4000 2001"]


def test_templates(admin: Browser) -> None:
    admin.fill("/plantillas-de-mensajes/nuevo", name="Saludo", text="Hola {contact}, le escribe {agent}.")
    row = SmsTemplate.get()
    assert "Saludo" in admin.get("/plantillas-de-mensajes/").get_data(as_text=True)
    for wrong in ("Hola {nombre}", "Hola {contact", "", "ó" * 1000):
        assert problems(admin.fill("/plantillas-de-mensajes/nuevo", name="Otra", text=wrong)), wrong
    admin.post(f"/plantillas-de-mensajes/{row.id}/eliminar")
    assert SmsTemplate.select().count() == 0


def test_opt_outs_by_hand(admin: Browser, database: Database, provider: SmsProvider) -> None:
    waiting = write(database, provider)
    admin.fill("/bajas-de-mensajes/nuevo", number="8888-7777", note="lo pidió")
    row = SmsOptOut.get()
    assert (row.active_key, row.note, row.word) == (ANA, "lo pidió", "")
    assert state(waiting) == ("failed", "opted_out")
    assert problems(admin.fill("/bajas-de-mensajes/nuevo", number="+506 8888 7777"))
    page = admin.get("/bajas-de-mensajes/?state=now").get_data(as_text=True)
    assert "8888" in page
    admin.post(f"/bajas-de-mensajes/{row.id}/levantar")
    admin.post(f"/bajas-de-mensajes/{row.id}/levantar")
    row = SmsOptOut.get()
    assert (row.active_key, row.lifted_by.role.value) == (None, "administrator")
    assert admin.get("/bajas-de-mensajes/descargar.csv").status_code == 200
    assert SmsOptOut.select().count() == 1
