"""Webhooks, to a real receiver: signed, in order, retried; whatever it does, nobody else waits."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from peewee import Database
from switch.waiting import wait_until
from web.browser import Browser, problems
from web.receiver import Receiver
from web.rows import everything

from admin.webhooks import delivering, sending
from admin.webhooks.delivering import BACK_OFF, Deliverer, delay, settle, sweep
from admin.webhooks.sending import Result
from ari_app import storing
from ari_app.storing import CallEntry, MarkEntry, store
from models.secrets import load_or_create
from models.tables import AuditEntry, Call, DeliveryState, Webhook, WebhookDelivery, WebhookEvent, epoch_ms, now
from models.values.call import Direction, Outcome
from models.values.cdr import CallRecord
from models.values.errors import InvalidValue
from models.values.ip import parse_address
from models.values.replacing import replace
from models.values.webhook import WebhookEventName, check_url, may_be_sent_to
from models.webhooks import events_of, secret_of, signature, tell_recorded

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
KEY = "a key of this test"
ALL = [event.value for event in WebhookEventName if event is not WebhookEventName.TEST]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def deliver(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Deliverer]]:
    """Starts deliveries towards loopback, with short waits."""
    monkeypatch.setattr(delivering, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(delivering, "BACK_OFF", (timedelta(milliseconds=20),))
    monkeypatch.setattr(delivering, "MOST_BLOCKED", timedelta(milliseconds=20))
    started: list[Deliverer] = []

    def start() -> Deliverer:
        started.append(Deliverer(database, KEY, LOOPBACK))
        started[-1].start()
        return started[-1]

    yield start
    for one in started:
        one.stop(20)


def webhook(url: str, name: str = "ERP", events: list[str] | None = None, **more: Any) -> Webhook:
    row = Webhook.create(name=name, url=url, salt="s", since=now() - timedelta(hours=1), **more)
    for event in ALL if events is None else events:
        WebhookEvent.create(webhook=row, event=event)
    return row


def a_call(key: str = "c.1", **more: Any) -> CallRecord:
    at = epoch_ms(now()) - 60_000
    return CallRecord(id=key, direction=Direction.INBOUND, called_number="40004000", calling_number="+50688887777",
                      offered_at=at, **more)  # fmt: skip


def write(database: Database, *records: CallRecord) -> None:
    """As the engine's writer does."""
    assert store(database, [CallEntry(record) for record in records]) == []


def answered(record: CallRecord) -> CallRecord:
    return replace(record, answered_at=record.offered_at + 4000, wait_ms=4000, agent_id=2)


def closed(record: CallRecord, outcome: Outcome = Outcome.ANSWERED) -> CallRecord:
    return replace(record, outcome=outcome, ended_at=record.offered_at + 30_000, cause=16)


def outbox() -> list[tuple[str, str]]:
    return [(row.call_id, row.event) for row in WebhookDelivery.select().order_by(WebhookDelivery.id)]


def states() -> set[str]:
    return {row.state.value for row in WebhookDelivery.select()}


# ---------------------------------------------------------------- the outbox
def test_the_outbox_is_written_with_the_call_and_says_each_thing_once(database: Database) -> None:
    webhook("https://erp.example/a")
    webhook("https://erp.example/b", "Solo perdidas", ["call.missed"])
    webhook("https://erp.example/c", "Apagado", active=False)
    call = a_call()
    for record in (call, answered(call), closed(answered(call)), call, closed(answered(call))):
        write(database, record)
    assert outbox() == [("c.1", event) for event in ("call.offered", "call.answered", "call.ended")]
    # Only the end was written, and as one batch: all that happened is told, in order.
    write(database, a_call("c.2"), closed(a_call("c.2"), Outcome.ABANDONED))
    told = ("call.offered", "call.ended", "call.missed")
    assert [row for row in outbox() if row[0] == "c.2"] == [*(("c.2", event) for event in told), ("c.2", "call.missed")]
    tell_recorded(database, "rec-1", "c.1", {"part": 1}, epoch_ms(now()))
    tell_recorded(database, "rec-1", "c.1", {"part": 1}, epoch_ms(now()))
    assert outbox()[-1] == ("c.1", "call.recorded")
    # What was before it was switched on is not told.
    late = webhook("https://erp.example/d", "Nuevo")
    Webhook.update(since=now()).where(Webhook.id == late.id).execute()
    write(database, closed(a_call("c.3")))
    assert not WebhookDelivery.select().where(WebhookDelivery.webhook == late).exists()


def test_the_outbox_falls_with_its_transaction(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The call is not written: nor is what would be told of it."""
    webhook("https://erp.example/a")

    def full(*_all: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(storing, "set_engine_mark", full)
    with pytest.raises(storing.Away):
        storing.store(database, [CallEntry(a_call()), MarkEntry("a", "b")])
    assert outbox() == []
    assert Call.get_or_none(Call.id == "c.1") is None


def test_what_an_event_says() -> None:
    call = closed(answered(a_call()))
    told = {event: data for event, _at, data in events_of(call)}
    assert told[WebhookEventName.OFFERED]["agent_id"] is None
    assert "outcome" not in told[WebhookEventName.ANSWERED]
    assert (told[WebhookEventName.ANSWERED]["agent_id"], told[WebhookEventName.ENDED]["outcome"]) == (2, "answered")
    outgoing = replace(closed(a_call(), Outcome.NO_ANSWER), direction=Direction.OUTBOUND)
    assert WebhookEventName.MISSED not in {event for event, _at, _data in events_of(outgoing)}


# ---------------------------------------------------------------- delivered
def test_signed_in_order_and_retried(database: Database, receiver: Receiver, deliver: Callable[[], Any]) -> None:
    """It fails, redirects, fails again; the call's next event waits for the one before, the same message each time."""
    receiver.answers["/hook"] = [500, 302, 503, 200]
    receiver.headers["Location"] = receiver.url("/elsewhere")
    row = webhook(receiver.url())
    write(database, closed(answered(a_call())))
    deliver()
    wait_until(lambda: states() == {"delivered"} and len(receiver.of()) == 6, 60, "all delivered")
    assert [got.event for got in receiver.of()] == ["call.offered"] * 4 + ["call.answered", "call.ended"]
    assert [got.path for got in receiver.got if "elsewhere" in got.path] == []
    assert len({got.headers["webhook-id"] for got in receiver.of()[:4]}) == 1
    secret = hmac.new(KEY.encode(), f"webhook {row.id} s".encode(), hashlib.sha256).digest()
    for got in receiver.of():
        signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
        expected = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
        assert got.headers["webhook-signature"] == f"v1,{expected}"
        assert got.headers["Content-Type"] == "application/json"
    first = WebhookDelivery.get(WebhookDelivery.event == "call.offered")
    assert (first.attempts, first.status, first.problem, first.answer) == (4, 200, "", "ok")
    assert Webhook.get_by_id(row.id).failures == 0


def test_a_receiver_that_hangs_holds_up_nobody(
    database: Database, receiver: Receiver, deliver: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.hold["/hangs"] = threading.Event()
    webhook(receiver.url("/hangs"), "Colgado")
    webhook(receiver.url("/hook"), "Bueno")
    webhook("http://127.0.0.1:9/", "Nadie")
    deliver()
    for number in range(12):
        write(database, closed(answered(a_call(f"c.{number}"))))
    delivered = WebhookDelivery.select().where(WebhookDelivery.state == DeliveryState.DELIVERED)
    wait_until(lambda: delivered.count() == 36, 60, "the good one has all")
    assert len(receiver.of("/hook")) == 36
    for number in range(12):
        mine = [got.event for got in receiver.of("/hook") if json.loads(got.body)["data"]["id"] == f"c.{number}"]
        assert mine == ["call.offered", "call.answered", "call.ended"]
    # It has its few places and no more, and calls were written all the while.
    assert 1 <= len(receiver.of("/hangs")) <= delivering.PLACES


def test_a_time_out_is_told_as_such(
    database: Database, receiver: Receiver, deliver: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "TOTAL_SECONDS", 0.2)
    receiver.hold["/hangs"] = threading.Event()
    webhook(receiver.url("/hangs"), events=["call.offered"])
    write(database, a_call())
    deliver()
    wait_until(lambda: WebhookDelivery.get().problem == "timeout", 60, "it timed out")
    assert WebhookDelivery.get().state is DeliveryState.PENDING


def test_410_switches_it_off(database: Database, receiver: Receiver, deliver: Callable[[], Any]) -> None:
    receiver.answers["/hook"] = [410]
    row = webhook(receiver.url())
    write(database, closed(a_call()))
    deliver()
    wait_until(lambda: not Webhook.get_by_id(row.id).active, 60, "switched off")
    assert len(receiver.of()) == 1
    assert [entry.act for entry in AuditEntry.select().where(AuditEntry.section == "webhooks")] == ["deactivate"]


def test_addresses_of_ours_are_never_asked(database: Database, receiver: Receiver, deliver: Callable[[], Any]) -> None:
    """A literal one, and a name that leads there: without the setting neither is connected to."""
    webhook(receiver.url().replace("http:", "https:"), "Literal", ["call.offered"])
    webhook(receiver.url().replace("http://127.0.0.1", "https://localhost"), "Nombre", ["call.offered"])
    webhook(receiver.url().replace("127.0.0.1", "2130706433"), "Entero", ["call.offered"])
    write(database, a_call())
    deliverer = Deliverer(database, KEY, ())
    deliverer.start()
    try:
        wait_until(lambda: all(row.problem for row in WebhookDelivery.select()), 60, "all were tried")
    finally:
        deliverer.stop(20)
    assert {row.webhook.name: row.problem for row in WebhookDelivery.select()} == dict.fromkeys(
        ("Literal", "Nombre", "Entero"), "address_not_allowed"
    )
    assert receiver.got == []


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "::ffff:10.0.0.1", "2002:a00:1::", "64:ff9b::a00:1",
     "ff02::1", "2001:db8::1", "198.18.0.1", "192.0.2.1"],
)  # fmt: skip
def test_the_guard(address: str) -> None:
    assert not may_be_sent_to(parse_address(address), ())
    assert may_be_sent_to(parse_address(address), [ipaddress.ip_network(parse_address(address))])
    assert may_be_sent_to(parse_address("93.184.216.34"), ())
    assert may_be_sent_to(parse_address("2606:2800:220:1::1"), ())


@pytest.mark.parametrize(
    ("url", "code"),
    [("http://erp.example/", "url_https"), ("ftp://erp.example/", "url_scheme"),
     ("https://u:p@erp.example/", "url_credentials"),
     ("https:///x", "url_host"), ("https://127.0.0.1/", "url_private"), ("https://[::1]/", "url_private"),
     ("https://localhost/", "url_private"), ("https://a b/", "url_invalid"), ("javascript:alert(1)", "url_scheme"),
     ("https://erp.example:99999/", "url_invalid"), ("https://erp.example\\@evil/", "url_credentials")],
)  # fmt: skip
def test_addresses_as_typed(url: str, code: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        check_url(url, ())
    assert refused.value.code == code
    assert check_url("https://erp.example:8443/a?b=c", ()) == "https://erp.example:8443/a?b=c"
    assert check_url("http://127.0.0.1:9/", LOOPBACK) == "http://127.0.0.1:9/"


def test_a_day_of_tries(database: Database) -> None:
    """Longer and longer, then given up; the tries of a day are few."""
    webhook("https://erp.example/", events=["call.offered"])
    write(database, a_call())
    row = WebhookDelivery.get()
    waited, tries = timedelta(), 0
    while row.state is DeliveryState.PENDING:
        settle(database, row.id, Result("refused", 500), chance=lambda: 0.0)
        tries += 1
        waited += delay(tries)
        row = WebhookDelivery.get()
        # Time passes: what was to be done then is to be done now.
        WebhookDelivery.update(give_up_at=row.give_up_at - delay(tries)).execute()
    assert row.state is DeliveryState.DEAD
    assert timedelta(hours=12) < waited < timedelta(hours=31)
    assert 9 <= tries <= 13
    assert [delay(number) for number in (1, 2, 99)] == [BACK_OFF[0], BACK_OFF[1], BACK_OFF[-1]]
    WebhookDelivery.update(state=DeliveryState.PENDING, give_up_at=now() - timedelta(seconds=1)).execute()
    sweep(database)
    assert WebhookDelivery.get().state is DeliveryState.DEAD
    WebhookDelivery.update(tried_at=now() - timedelta(days=31)).execute()
    sweep(database)
    assert WebhookDelivery.select().count() == 0


# ---------------------------------------------------------------- the pages
def test_the_page(make_app: Callable[..., Flask], receiver: Receiver, deliver: Callable[[], Any]) -> None:
    from models.values.call import Role

    app = make_app(webhook_networks=LOOPBACK)
    admin = Browser(app, Role.ADMINISTRATOR)
    none: dict[str, Any] = {"call_answered": [], "call_ended": [], "call_missed": []}
    refused = admin.fill("/webhooks/nuevo", name="ERP", url="https://10.0.0.1/", **none)
    assert refused.status_code == 422
    assert set(problems(refused)) == {"url", "form"}
    made = admin.fill("/webhooks/nuevo", name="ERP", url=receiver.url(), call_ended="1")
    secret = re.search(r'id="secret">(whsec_[^<]+)<', made.get_data(as_text=True))
    assert secret is not None
    row = Webhook.get()
    assert sorted(one.event for one in WebhookEvent.select()) == ["call.answered", "call.ended", "call.missed"]
    assert secret[1] not in repr(everything())
    for page in ("/webhooks/", f"/webhooks/{row.id}"):
        assert secret[1] not in admin.get(page).get_data(as_text=True)
    # The test goes the way of all others.
    assert admin.post(f"/webhooks/{row.id}/prueba").status_code == 302
    deliver()
    wait_until(lambda: WebhookDelivery.get().state is DeliveryState.DELIVERED, 60, "the test arrived")
    assert json.loads(receiver.of()[0].body)["type"] == "webhook.test"
    listed = admin.get("/entregas-de-webhooks/").get_data(as_text=True)
    assert "webhook.test" in listed
    assert "Entregado" in listed
    delivery = WebhookDelivery.get()
    assert "&#34;type&#34;: &#34;webhook.test&#34;" in admin.get(f"/entregas-de-webhooks/{delivery.id}/ver").get_data(
        as_text=True
    )
    WebhookDelivery.update(state=DeliveryState.DEAD).execute()
    assert admin.post(f"/entregas-de-webhooks/{delivery.id}/reintentar").status_code == 302
    wait_until(lambda: len(receiver.of()) == 2, 60, "it was sent again")
    assert receiver.of()[0].headers["webhook-id"] == receiver.of()[1].headers["webhook-id"]
    # A new secret, and away with it all.
    again = admin.post(f"/webhooks/{row.id}/secreto").get_data(as_text=True)
    assert "whsec_" in again
    assert secret[1] not in again
    assert "avisos" in admin.get(f"/webhooks/{row.id}/eliminar").get_data(as_text=True)
    assert admin.post(f"/webhooks/{row.id}/eliminar").status_code == 302
    assert Webhook.select().count() == WebhookDelivery.select().count() == 0
    acts = [entry.act for entry in AuditEntry.select().where(AuditEntry.section.startswith("webhook"))]
    assert sorted(acts) == sorted(["create", "test", "retry", "secret", "delete"])
    for path in ("/webhooks/", "/entregas-de-webhooks/"):
        assert Browser(app, Role.SUPERVISOR).get(path).status_code == 403
        assert Browser(app, Role.ADMINISTRATOR, language="en").get(path).status_code == 200


def test_off_and_on_again_tells_nothing_of_between(make_app: Callable[..., Flask], database: Database) -> None:
    from models.values.call import Role

    admin = Browser(make_app(), Role.ADMINISTRATOR)
    row = webhook("https://erp.example/a")
    assert admin.fill(f"/webhooks/{row.id}", active=[]).status_code == 302
    write(database, closed(a_call("c.off")))
    assert admin.fill(f"/webhooks/{row.id}", active="1").status_code == 302
    write(database, closed(a_call("c.off")))
    assert outbox() == []
    assert admin.fill(f"/webhooks/{row.id}", name="Otro nombre").status_code == 302
    assert Webhook.get_by_id(row.id).since > now() - timedelta(minutes=1)


def test_the_page_of_docs_is_true() -> None:
    """Its events are those there are, its code accepts our signature, its limits are ours."""
    page = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text("utf-8")
    assert re.findall(r"^\| `([a-z.]+)` \|", page, re.M) == list(WebhookEventName)
    known: dict[str, Any] = {}
    exec(re.search(r"```python\n(.*?)```", page, re.S)[1], known)  # type: ignore[index]
    secret = secret_of(KEY, 1, "salt")
    headers = {"webhook-id": "m", "webhook-timestamp": "1", "webhook-signature": signature(secret, "m", 1, b"{}")}
    assert known["is_ours"](secret, headers, b"{}")
    assert not known["is_ours"](secret, headers, b"{ }")
    assert [step.total_seconds() for step in BACK_OFF] == [5, 30, 120, 600, 1800, 3600, 7200, 14_400, 21_600]
    assert "5 s, 30 s, 2 and 10 minutes, half an hour, 1, 2, 4\n  and then every 6 hours" in page
    assert sending.TOTAL_SECONDS == 10
    assert delivering.KEPT.days == 30


def test_the_program_delivers(database: Database, data_dir: Path, receiver: Receiver) -> None:
    """`jobs` itself, with the installation's own key."""
    key = load_or_create(data_dir / "secrets.json").webhook_key
    row = webhook(receiver.url(), events=["call.offered"])
    write(database, a_call())
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CENTRALITA_")},
        "CENTRALITA_DATA_DIR": str(data_dir), "CENTRALITA_WEBHOOK_NETWORKS": "127.0.0.0/8",
    }  # fmt: skip
    jobs = subprocess.Popen([sys.executable, "-P", "-m", "admin.bulk.worker"], env=environment)
    try:
        (got,) = wait_until(receiver.of, 90, "it was delivered")
    finally:
        jobs.terminate()
        jobs.wait(30)
    told = (got.headers["webhook-id"], int(got.headers["webhook-timestamp"]), got.body)
    assert got.headers["webhook-signature"] == signature(secret_of(key, row.id, "s"), *told)
