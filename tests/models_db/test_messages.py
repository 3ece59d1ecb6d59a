"""SMS on both databases: in once, out once, states forward alone, opting out and in, who sees what."""

from __future__ import annotations

import threading

import pytest
from peewee import Database

from models import db, message_opt_outs, message_sight, messages
from models.db import transaction
from models.messages import EXPIRY_MS, Incoming, WayOut
from models.tables import (
    Agent,
    AgentGroup,
    AgentGroupMember,
    Call,
    CallCenter,
    CallCenterAgent,
    CallCenterGroup,
    CallCenterNumber,
    Contact,
    SmsMessage,
    SmsOptOut,
    SmsProvider,
    SmsProviderNumber,
    SmsThread,
    now,
)
from models.values.call import Direction, Role
from models.values.errors import InvalidValue
from models.values.pattern import canonical_pattern
from models.values.sms import MessageState, Way
from models.values.sms_words import Wish

AT = 1_795_541_154_200
ANA = "+50688887777"


def incoming(text: str = "Hola", key: str = "m.1", **changes: object) -> Incoming:
    return Incoming(**{"key": key, "our_number": "40001000", "number": "8888-7777", "text": text, "at": AT,
                       "way": Way.SIP} | changes)  # type: ignore[arg-type]  # fmt: skip


def queued(database: Database, key: str = "o.1", text: str = "¿Le llamamos?", at: int = AT, **more: object) -> int:
    with transaction(database):
        thread = messages.thread_of(database, "40001000", ANA, at, "CR")
        found = messages.queue(database, thread, key, text, WayOut(Way.SIP), at, **more)  # type: ignore[arg-type]
    assert found is not None
    return found


def state_of(message: int) -> tuple[MessageState, str]:
    row = SmsMessage.get_by_id(message)
    return row.state, row.reason


class TestIn:
    def test_an_unknown_number_becomes_a_contact_and_a_thread(self, database: Database) -> None:
        center = CallCenter.create(name="Ventas", color="#b42318", currency="CRC")
        CallCenterNumber.create(call_center=center, pattern="4000 1000", canonical=canonical_pattern("4000 1000"))
        first = messages.receive(database, incoming("Buenas,\n¿abren hoy?"))
        second = messages.receive(database, incoming("?", "m.2", number="+506 8888 7777", our_number="+50640001000"))
        assert first is not None
        assert second is not None
        assert first.thread == second.thread
        thread = SmsThread.get_by_id(first.thread)
        assert (thread.our_number, thread.number, thread.unread) == ("+50640001000", ANA, 2)
        assert (thread.call_center, thread.contact.phone_key, thread.contact.name) == (center, ANA, "")
        assert thread.last_text == "?"
        assert SmsMessage.get(key="m.1").text == "Buenas,\n¿abren hoy?"
        assert Contact.select().count() == 1
        assert Contact.get().last_activity_at is not None

    def test_told_twice_it_is_there_once(self, database: Database) -> None:
        assert messages.receive(database, incoming()) is not None
        assert messages.receive(database, incoming("Otra cosa")) is None
        assert [row.text for row in SmsMessage.select()] == ["Hola"]
        assert SmsThread.get().unread == 1

    def test_told_by_many_at_once_it_is_there_once(self, database: Database, url: str) -> None:
        results: list[object] = []

        def tell() -> None:
            own = db.open_database(url, bind=False)
            results.append(messages.receive(own, incoming()))
            own.close()

        threads = [threading.Thread(target=tell) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(results) == 6
        assert sum(one is not None for one in results) == 1
        assert (SmsMessage.select().count(), SmsThread.select().count(), Contact.select().count()) == (1, 1, 1)

    @pytest.mark.parametrize("number", ["BANCO", "anonymous", ""])
    def test_who_has_no_number_has_a_thread_and_no_contact(self, database: Database, number: str) -> None:
        told = messages.receive(database, incoming(number=number))
        assert told is not None
        thread = SmsThread.get_by_id(told.thread)
        assert (thread.number, thread.contact) == (number, None)
        assert Contact.select().count() == 0


class TestOptingOut:
    def test_a_word_opts_out_and_is_answered_once(self, database: Database) -> None:
        waiting = queued(database)
        told = messages.receive(database, incoming(" Baja. "))
        assert told is not None
        assert (told.wish, told.answered) == (Wish.OUT, True)
        assert message_opt_outs.opted_out(database, ANA)
        assert state_of(waiting) == (MessageState.FAILED, "opted_out")
        again = messages.receive(database, incoming("STOP", "m.2"))
        assert again is not None
        assert again.answered is False
        answers = list(SmsMessage.select().where(SmsMessage.automatic))
        assert len(answers) == 1
        assert "ALTA" in answers[0].text
        assert [one.id for one in messages.claim(database, Way.SIP, AT, 10)] == [answers[0].id]

        back = messages.receive(database, incoming("Alta", "m.3", at=AT + 5))
        assert back is not None
        assert (back.wish, back.answered) == (Wish.IN, True)
        assert not message_opt_outs.opted_out(database, ANA)
        row = SmsOptOut.get()
        assert (row.word, row.lifted_word, row.active_key) == ("BAJA", "ALTA", None)
        nothing = messages.receive(database, incoming("ALTA", "m.4"))
        assert nothing is not None
        assert nothing.answered is False

    def test_by_hand(self, database: Database) -> None:
        luis = Agent.create(name="Luis", email="l@example.com", email_key="l@example.com")
        assert message_opt_outs.opt_out(database, ANA, AT, by=luis.id, note="lo pidió por teléfono")
        assert not message_opt_outs.opt_out(database, ANA, AT, by=luis.id)
        assert message_opt_outs.opt_in(database, ANA, AT, by=luis.id)
        assert not message_opt_outs.opt_in(database, ANA, AT, by=luis.id)
        assert message_opt_outs.opt_out(database, ANA, AT)
        assert SmsOptOut.select().count() == 2

    def test_a_word_in_a_sentence_means_nothing(self, database: Database) -> None:
        told = messages.receive(database, incoming("Quiero la baja de precio"))
        assert told is not None
        assert told.wish is None
        assert not message_opt_outs.opted_out(database, ANA)


class TestOut:
    def test_taken_once_by_one_of_many(self, database: Database, url: str) -> None:
        keys = [queued(database, f"o.{n}") for n in range(3)]
        with transaction(database):
            other = messages.thread_of(database, "40001000", "22223333", AT, "CR")
            keys.append(messages.queue(database, other, "o.9", "x", WayOut(Way.SIP), AT) or 0)
        taken: list[int] = []

        def take() -> None:
            own = db.open_database(url, bind=False)
            taken.extend(one.id for one in messages.claim(own, Way.SIP, AT, 10))
            own.close()

        threads = [threading.Thread(target=take) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        # Of the first thread one alone: its next waits until that one is settled.
        assert sorted(taken) == [keys[0], keys[3]]
        assert messages.settle(database, keys[0], MessageState.SENT, AT) is not None
        assert [one.id for one in messages.claim(database, Way.SIP, AT, 10)] == [keys[1]]

    def test_the_same_key_is_one_message(self, database: Database) -> None:
        key = queued(database)
        with transaction(database):
            thread = SmsMessage.get_by_id(key).thread_id
            assert messages.queue(database, thread, "o.1", "Otra vez", WayOut(Way.SIP), AT) is None

    def test_put_back_it_waits(self, database: Database) -> None:
        key = queued(database)
        (one,) = messages.claim(database, Way.SIP, AT, 10)
        messages.put_back(database, key, AT + 1000, "busy", "503 Service Unavailable")
        assert state_of(key) == (MessageState.QUEUED, "busy")
        assert messages.claim(database, Way.SIP, AT + 999, 10) == []
        (again,) = messages.claim(database, Way.SIP, AT + 1000, 10)
        assert (one.attempts, again.attempts) == (1, 2)
        assert messages.claim(database, Way.HTTP, AT + 1000, 10) == []

    def test_old_news_change_nothing(self, database: Database) -> None:
        key = queued(database)
        messages.claim(database, Way.SIP, AT, 10)
        assert messages.settle(database, key, MessageState.DELIVERED, AT) is not None
        for state in (MessageState.SENT, MessageState.FAILED, MessageState.UNSURE, MessageState.SENDING):
            assert messages.settle(database, key, state, AT, reason="x") is None
        messages.put_back(database, key, AT, "x")
        assert state_of(key) == (MessageState.DELIVERED, "")

    def test_who_took_it_and_died_leaves_it_unsure(self, database: Database) -> None:
        old, fresh = queued(database), queued(database, "o.2")
        messages.claim(database, Way.SIP, AT, 10)
        assert messages.forsake(database, Way.SIP, AT, AT + 1) == []
        assert len(messages.forsake(database, Way.SIP, AT + 1, AT + 1, [fresh])) == 1
        assert state_of(old) == (MessageState.UNSURE, "restarted")
        # It is never sent again by itself …
        assert [one.id for one in messages.claim(database, Way.SIP, AT + 2, 10)] == [fresh]
        # … but by a person.
        assert messages.send_again(database, old, WayOut(Way.SIP), AT + 3)
        assert not messages.send_again(database, old, WayOut(Way.SIP), AT + 3)
        assert messages.settle(database, fresh, MessageState.SENT, AT + 3)
        assert [one.id for one in messages.claim(database, Way.SIP, AT + 4, 10)] == [old]

    def test_what_waited_too_long_is_not_sent(self, database: Database) -> None:
        key = queued(database)
        assert messages.expire(database, Way.SIP, AT + EXPIRY_MS) == []
        assert len(messages.expire(database, Way.SIP, AT + EXPIRY_MS + 1)) == 1
        assert state_of(key) == (MessageState.FAILED, "expired")
        assert messages.claim(database, Way.SIP, AT + EXPIRY_MS + 1, 10) == []


class TestProviders:
    @pytest.fixture
    def provider(self, database: Database) -> SmsProvider:
        row = SmsProvider.create(name="Pasarela", url="https://sms.example/", salt="s")
        SmsProviderNumber.create(provider=row, number="4000 2000", number_key="+50640002000")
        return row

    def test_by_what_a_number_goes(self, database: Database, provider: SmsProvider) -> None:
        assert messages.way_out(database, "+50640002000", trunk=True) == WayOut(Way.HTTP, provider.id)
        assert messages.way_out(database, "+50640001000", trunk=True) == WayOut(Way.SIP)
        assert messages.way_out(database, "+50640001000", trunk=False) is None
        provider.active = False
        provider.save()
        assert messages.way_out(database, "+50640002000", trunk=True) is None

    def test_receipts(self, database: Database, provider: SmsProvider) -> None:
        with transaction(database):
            thread = messages.thread_of(database, "40002000", ANA, AT, "CR")
            key = messages.queue(database, thread, "o.1", "x", WayOut(Way.HTTP, provider.id), AT)
        assert key is not None
        assert [one.provider for one in messages.claim(database, Way.HTTP, AT, 5)] == [provider.id]
        told = messages.receipt(database, provider.id, "o.1", MessageState.SENT, AT, remote_id="r-1")
        assert told == thread
        assert (
            messages.receipt(database, provider.id, "", MessageState.FAILED, AT, remote_id="r-1", detail="x") == thread
        )
        assert state_of(key) == (MessageState.FAILED, "undelivered")
        assert messages.receipt(database, provider.id, "o.1", MessageState.DELIVERED, AT) == thread
        assert messages.receipt(database, provider.id, "o.1", MessageState.SENT, AT) is None
        for wrong in ((provider.id, "o.2", ""), (provider.id, "", "r-2"), (provider.id + 1, "o.1", "r-1")):
            with pytest.raises(InvalidValue):
                messages.receipt(database, wrong[0], wrong[1], MessageState.SENT, AT, remote_id=wrong[2])

    def test_one_that_is_off_or_held_off_sends_nothing(self, database: Database, provider: SmsProvider) -> None:
        with transaction(database):
            thread = messages.thread_of(database, "40002000", ANA, AT, "CR")
            messages.queue(database, thread, "o.1", "x", WayOut(Way.HTTP, provider.id), AT)
        for changes in ({"active": False}, {"active": True, "blocked_until": AT + 1}):
            SmsProvider.update(**changes).execute()
            assert messages.claim(database, Way.HTTP, AT, 5) == []
        assert len(messages.claim(database, Way.HTTP, AT + 1, 5)) == 1


def test_who_sees_which_thread(database: Database) -> None:
    def agent(name: str, role: Role = Role.AGENT, active: bool = True) -> int:
        return int(Agent.create(name=name, email=name, email_key=name, role=role, active=active).id)

    center = CallCenter.create(name="Ventas", color="#b42318", currency="CRC")
    CallCenterNumber.create(call_center=center, pattern="40001000", canonical=canonical_pattern("40001000"))
    direct, grouped, charged, writer, spoke, stranger, gone = (agent(name) for name in "abcdefg")
    boss, supervisor = agent("h", Role.ADMINISTRATOR), agent("i", Role.SUPERVISOR)
    CallCenterAgent.create(call_center=center, agent=direct, priority=1)
    group = AgentGroup.create(name="Grupo")
    AgentGroupMember.create(group=group, agent=grouped, priority=1)
    CallCenterGroup.create(call_center=center, group=group, priority=1)
    told = messages.receive(database, incoming())
    assert told is not None
    contact = SmsThread.get_by_id(told.thread).contact
    contact.agent = charged
    contact.save()
    with transaction(database):
        messages.queue(database, told.thread, "o.1", "x", WayOut(Way.SIP), AT, agent=writer)
    Call.create(id="c.1", direction=Direction.INBOUND, contact=contact, agent=spoke, offered_at=now())
    Agent.update(active=False).where(Agent.id == gone).execute()

    seen = sorted([direct, grouped, charged, writer, spoke, boss, supervisor])
    assert message_sight.who_sees(database, told.thread) == seen
    for row in Agent.select().where(Agent.active):
        assert message_sight.sees(database, row.id, row.role, told.thread) is (row.id in seen)
    assert not message_sight.sees(database, boss, Role.ADMINISTRATOR, told.thread + 1)
    assert stranger not in seen
