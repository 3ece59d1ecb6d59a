"""The chat's addresses: who sees which thread, what may be written, once however often it is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from peewee import Database

from models import message_opt_outs, messages
from models.db import transaction
from models.messages import Incoming, WayOut
from models.tables import (
    Account,
    Agent,
    CallCenter,
    CallCenterAgent,
    CallCenterNumber,
    Company,
    Contact,
    DestinationRule,
    Disposition,
    IpRule,
    SmsMessage,
    SmsOptOut,
    SmsProvider,
    SmsProviderNumber,
    SmsTemplate,
    SmsThread,
    epoch_ms,
    now,
)
from models.tables.contacts import DispositionAction
from models.values.call import Role
from models.values.pattern import canonical_pattern
from models.values.sms import MessageState, Way

LogIn = Callable[..., Any]
MARIA = "+50688887777"
OURS = "+50640002000"


@pytest.fixture
def center(database: Database, agent: Callable[[str], Agent]) -> CallCenter:
    """Whose calls Ana takes, and whose number a provider carries."""
    row = CallCenter.create(name="Ventas", color="#b42318", currency="CRC")
    CallCenterNumber.create(call_center=row, pattern="4000 2000", canonical=canonical_pattern("4000 2000"))
    CallCenterAgent.create(call_center=row, agent=agent("Ana"), priority=1)
    provider = SmsProvider.create(name="Pasarela", url="https://sms.example/", salt="s")
    SmsProviderNumber.create(provider=provider, number="4000 2000", number_key=OURS)
    return row


def came(database: Database, text: str = "Hola", number: str = MARIA, key: str = "m.1", ago: int = 0) -> int:
    at = epoch_ms(now()) - ago
    told = messages.receive(
        database, Incoming(key, OURS, number, text, at, Way.HTTP, provider=SmsProvider.get().id, remote_id=key)
    )
    assert told is not None
    return told.thread


def test_threads_are_listed_as_far_as_they_are_seen(
    database: Database, center: CallCenter, log_in: LogIn, agent: Callable[[str], Agent]
) -> None:
    first = came(database, "la primera", ago=5000)
    second = came(database, "la segunda", number="22223333", key="m.2")
    Contact.update(name="María Núñez", search="maria nunez 88887777").where(Contact.phone_key == MARIA).execute()
    ana, beto = log_in("Ana"), log_in("Beto")
    told = ana.get("/desk/messages").json
    assert [row["id"] for row in told["threads"]] == [second, first]
    assert (told["unread"], told["more"]) == (2, False)
    row = told["threads"][1]
    assert (row["name"], row["shown"], row["text"], row["unread"], row["mine"]) == (
        "María Núñez", "8888 7777", "la primera", 1, False,
    )  # fmt: skip
    assert row["center"] == {"id": center.id, "name": "Ventas", "color": "#b42318"}
    for query, found in (
        ("nunez", [first]),
        ("8888-77", [first]),
        ("SEGUNDA", [second]),
        ("zzz", []),
        ("2222", [second]),
    ):
        assert [row["id"] for row in ana.get(f"/desk/messages?q={query}").json["threads"]] == found, query
    assert beto.get("/desk/messages").json == {"threads": [], "more": False, "unread": 0}
    assert beto.get(f"/desk/messages/{first}").status_code == 404
    for path in ("send", "read", "opt-out", "again/1"):
        body = {"key": "12345678", "text": "x"}
        assert beto.post(f"/desk/messages/{first}/{path}", json=body).status_code == 404
    assert SmsMessage.select().count() == 2
    Agent.update(role=Role.SUPERVISOR).where(Agent.id == agent("Beto").id).execute()
    assert len(log_in("Beto").get("/desk/messages").json["threads"]) == 2


def test_a_page_of_threads_follows_the_other(database: Database, center: CallCenter, log_in: LogIn) -> None:
    for place in range(43):
        came(database, number=f"8888{place:04}", key=f"m.{place}", ago=place // 2)
    ana = log_in("Ana")
    page = ana.get("/desk/messages").json
    last = page["threads"][-1]
    following = ana.get(f"/desk/messages?before={last['at']}.{last['id']}").json
    ids = [row["id"] for row in page["threads"] + following["threads"]]
    assert (len(page["threads"]), page["more"], len(ids), following["more"]) == (40, True, 43, False)
    assert len(set(ids)) == 43


def test_nobody_and_from_a_forbidden_address(database: Database, center: CallCenter, log_in: LogIn) -> None:
    thread = came(database)
    ana = log_in("Ana")
    IpRule.create(address="10.0.0.0", mask="255.0.0.0", network="10.0.0.0/8")
    assert ana.get(f"/desk/messages/{thread}").status_code == 403
    assert ana.get("/desk/messages").status_code == 401


def test_a_thread_with_all_that_its_composer_needs(database: Database, center: CallCenter, log_in: LogIn) -> None:
    thread = came(database, "¿Abren\nhoy?")
    company = Company.create(name="La Tica")
    Contact.update(name="María", company=company).execute()
    SmsTemplate.create(name="Saludo", text="Hola {contact} de {company}, soy {agent} de {call_center}. {account}")
    SmsTemplate.create(name="Vieja", text="x", active=False)
    told = log_in("Ana").get(f"/desk/messages/{thread}").json
    assert [(row["text"], row["mine"], row["state"], row["words"]) for row in told["messages"]] == [
        ("¿Abren\nhoy?", False, "received", "Recibido")
    ]
    assert told["templates"] == [{"name": "Saludo", "text": "Hola María de La Tica, soy Ana de Ventas. Prueba"}]
    assert (told["opted_out"], told["carried"], told["do_not_call"]) == (None, True, False)
    left = Disposition.create(name="No llamar", action=DispositionAction.DO_NOT_CALL)
    Contact.update(disposition=left).execute()
    message_opt_outs.opt_out(database, MARIA, epoch_ms(now()), word="BAJA")
    SmsProvider.update(active=False).execute()
    told = log_in("Ana").get(f"/desk/messages/{thread}").json
    assert told["opted_out"]["word"] == "BAJA"
    assert (told["carried"], told["do_not_call"]) == (False, True)


def test_a_long_thread_comes_in_parts(database: Database, center: CallCenter, log_in: LogIn) -> None:
    for place in range(55):
        thread = came(database, f"n {place}", key=f"m.{place}")
    ana = log_in("Ana")
    told = ana.get(f"/desk/messages/{thread}").json
    assert (told["messages"][0]["text"], told["messages"][-1]["text"], told["more"]) == ("n 5", "n 54", True)
    earlier = ana.get(f"/desk/messages/{thread}?before={told['messages'][0]['id']}").json
    assert ([row["text"] for row in earlier["messages"]], earlier["more"]) == ([f"n {n}" for n in range(5)], False)


def test_reading_makes_it_new_to_nobody(database: Database, center: CallCenter, log_in: LogIn) -> None:
    thread = came(database)
    assert log_in("Ana").post(f"/desk/messages/{thread}/read", json={}).json == {"unread": 0}
    assert SmsThread.get().unread == 0


def test_writing(database: Database, center: CallCenter, log_in: LogIn, agent: Callable[[str], Agent]) -> None:
    thread = came(database)
    ana = log_in("Ana")
    for _time in range(2):  # the answer was lost: the page sends it again
        answer = ana.post(f"/desk/messages/{thread}/send", json={"key": "aaaa-1111", "text": " ¿Qué tal? \n"})
        assert answer.status_code == 200
    assert (answer.json["message"]["state"], answer.json["message"]["writer"]) == ("queued", "Ana")
    [row] = SmsMessage.select().where(SmsMessage.agent == agent("Ana"))
    assert (row.text, row.way, row.provider, row.thread_id, row.automatic) == (
        "¿Qué tal?", Way.HTTP, SmsProvider.get(), thread, False,
    )  # fmt: skip
    told = SmsThread.get()
    assert (told.last_text, told.last_direction.value) == ("¿Qué tal?", "outbound")


@pytest.mark.parametrize(
    ("text", "code"), [("", "text"), (" \n", "text"), ("ó" * 700, "text"), ("x" * 1601, "text"), ("a\x07b", "text")]
)
def test_what_is_no_message(database: Database, center: CallCenter, log_in: LogIn, text: str, code: str) -> None:
    thread = came(database)
    answer = log_in("Ana").post(f"/desk/messages/{thread}/send", json={"key": "aaaa-1111", "text": text})
    assert (answer.status_code, answer.json["error"]) == (422, code)
    assert answer.json["message"]
    assert SmsMessage.select().count() == 1


@pytest.mark.parametrize(
    "body", [[], {"key": "short", "text": "x"}, {"text": "x"}, {"key": "aaaa-1111", "text": 7}, "x"]
)
def test_what_is_no_request(database: Database, center: CallCenter, log_in: LogIn, body: Any) -> None:
    thread = came(database)
    assert log_in("Ana").post(f"/desk/messages/{thread}/send", json=body).status_code == 400


def test_who_opted_out_is_not_written_to(
    database: Database, center: CallCenter, log_in: LogIn, agent: Callable[[str], Agent]
) -> None:
    thread = came(database)
    ana = log_in("Ana")
    ana.post(f"/desk/messages/{thread}/send", json={"key": "aaaa-1111", "text": "uno"})
    assert ana.post(f"/desk/messages/{thread}/opt-out", json={}).status_code == 200
    row = SmsOptOut.get()
    assert (row.active_key, row.by, row.word) == (MARIA, agent("Ana"), "")
    answer = ana.post(f"/desk/messages/{thread}/send", json={"key": "aaaa-2222", "text": "dos"})
    assert (answer.status_code, answer.json["error"]) == (422, "opted_out")
    # What waited was not sent, and can't be sent again.
    waiting = SmsMessage.get(SmsMessage.agent == agent("Ana"))
    assert (waiting.state, waiting.reason) == (MessageState.FAILED, "opted_out")
    again = ana.post(f"/desk/messages/{thread}/again/{waiting.id}", json={})
    assert (again.status_code, again.json["error"]) == (409, "opted_out")


def test_once_more(database: Database, center: CallCenter, log_in: LogIn, agent: Callable[[str], Agent]) -> None:
    thread = came(database)
    ana = log_in("Ana")
    ana.post(f"/desk/messages/{thread}/send", json={"key": "aaaa-1111", "text": "uno"})
    [row] = messages.claim(database, Way.HTTP, epoch_ms(now()), 5)
    path = f"/desk/messages/{thread}/again/{row.id}"
    assert ana.post(path, json={}).status_code == 409, "it is under way"
    messages.settle(database, row.id, MessageState.UNSURE, epoch_ms(now()), reason="no_answer")
    told = ana.get(f"/desk/messages/{thread}").json["messages"][-1]
    assert (told["state"], told["words"], told["why"]) == (
        "unsure", "No se sabe si llegó", "No respondieron: puede que haya llegado.",
    )  # fmt: skip
    # Meanwhile the number went to another provider.
    other = SmsProvider.create(name="Otra", url="https://otra.example/", salt="t")
    SmsProviderNumber.update(provider=other).execute()
    assert ana.post(path, json={}).status_code == 200
    again = SmsMessage.get_by_id(row.id)
    assert (again.state, again.provider) == (MessageState.QUEUED, other)
    received = SmsMessage.get(SmsMessage.state == MessageState.RECEIVED)
    assert ana.post(f"/desk/messages/{thread}/again/{received.id}", json={}).status_code == 409
    assert ana.post(f"/desk/messages/{thread}/again/{row.id + 99}", json={}).status_code == 404


def test_beginning(database: Database, center: CallCenter, log_in: LogIn, agent: Callable[[str], Agent]) -> None:
    ana = log_in("Ana")
    told = ana.get("/desk/messages/with?number=8888-7777").json
    assert told["thread"] is None
    assert (told["begin"]["number"], told["begin"]["ours"], told["carried"]) == (MARIA, OURS, True)
    assert [one["key"] for one in told["numbers"]] == [OURS]
    assert SmsThread.select().count() == 0, "looking makes none"
    body = {"key": "aaaa-1111", "text": "Hola", "number": "8888 7777", "ours": OURS}
    answers = [ana.post("/desk/messages/begin", json=body).json for _ in range(2)]
    assert answers[0]["thread"] == answers[1]["thread"]
    assert (SmsThread.select().count(), SmsMessage.select().count(), Contact.select().count()) == (1, 1, 1)
    assert ana.get("/desk/messages/with?number=88887777").json == {"thread": answers[0]["thread"]}
    for wrong, code in (
        ({"ours": "+50640009999"}, "no_way"), ({"number": "911"}, "not_a_number"), ({"number": "hola"}, "not_a_number"),
        ({"number": "+12025550123"}, "destination"), ({"number": "900 123 4567"}, "destination"),
    ):  # fmt: skip
        answer = ana.post("/desk/messages/begin", json=body | {"key": "bbbb-2222"} | wrong)
        assert (answer.status_code, answer.json["error"]) == (422, code), wrong
    assert SmsThread.select().count() == 1
    DestinationRule.create(pattern="+1*", canonical="+1*", allowed=True, agent=agent("Ana"))
    assert (
        ana.post("/desk/messages/begin", json=body | {"key": "bbbb-2222", "number": "+12025550123"}).status_code == 200
    )
    assert ana.get("/desk/messages/with?number=hola").status_code == 422


def test_a_name_is_told_to_whom_it_concerns(
    database: Database, center: CallCenter, log_in: LogIn, agent: Callable[[str], Agent], record: Callable[..., None]
) -> None:
    maria = Contact.create(name="María", phone="8888 7777", phone_key=MARIA)
    for name, seen in (("Ana", ""), ("Beto", "")):
        assert log_in(name).get(f"/desk/messages/with?number={MARIA}").json["begin"]["name"] == seen
    record("c.1", "Ana", contact_id=maria.id)
    assert log_in("Ana").get(f"/desk/messages/with?number={MARIA}").json["begin"]["name"] == "María"
    assert log_in("Beto").get(f"/desk/messages/with?number={MARIA}").json["begin"]["name"] == ""
    Contact.update(agent=agent("Beto")).execute()
    assert log_in("Beto").get(f"/desk/messages/with?number={MARIA}").json["begin"]["name"] == "María"


def test_without_a_number_that_carries_messages(log_in: LogIn, database: Database) -> None:
    told = log_in("Ana").get("/desk/messages/with?number=88887777").json
    assert (told["numbers"], told["carried"]) == ([], False)
    body = {"key": "aaaa-1111", "text": "Hola", "number": "88887777", "ours": ""}
    answer = log_in("Ana").post("/desk/messages/begin", json=body)
    assert (answer.status_code, answer.json["error"]) == (422, "no_way")
    assert Account.select().count() == 1
    with transaction(database):
        thread = messages.thread_of(database, "40009999", MARIA, 1, "CR")
        messages.queue(database, thread, "x", "y", WayOut(Way.SIP), 1)
    Agent.update(role=Role.SUPERVISOR).execute()
    told = log_in("Ana").get(f"/desk/messages/{thread}").json
    assert told["carried"] is False
