"""The caller's card: who is found, who is made, and that it is a few statements."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from peewee import Database

from models import account, callers, cdr, tables
from models.values.call import Direction, Outcome
from models.values.cdr import CallRecord
from models.values.errors import InvalidValue
from models.values.pattern import canonical_pattern
from models.values.phone import normalise

PHONE = "+50688880001"


def past_call(number: int, contact_id: int) -> CallRecord:
    return CallRecord(
        id=f"centralita-{number}.1",
        direction=Direction.INBOUND,
        called_number="40004000",
        calling_number=PHONE,
        offered_at=1_790_000_000_000 + number * 60_000,
        contact_id=contact_id,
        call_center_name="Soporte",
        outcome=Outcome.ABANDONED,
        ended_at=1_790_000_000_000 + number * 60_000 + 1,
    )


@pytest.fixture
def contact(database: Database) -> tables.Contact:
    agent = tables.Agent.create(name="Lucía", email="l@example.org")
    contact = tables.Contact.create(
        name="Álvaro Núñez",
        phone="8888-0001",
        phone_key=normalise("8888-0001"),
        email="a@example.org",
        company=tables.Company.create(name="Café del Monte"),
        disposition=tables.Disposition.create(name="Resuelto"),
        agent=agent,
    )
    for position, (name, value) in enumerate((("Provincia", "Limón"), ("Cédula", "1-234"))):
        field = tables.AdditionalField.create(name=name, position=1 - position)
        tables.ContactValue.insert(contact=contact, field=field, value=value, folded="").execute()
    return contact


def test_a_known_caller(database: Database, contact: tables.Contact, queries: Callable[[], int]) -> None:
    cdr.close_calls(database, [past_call(number, contact.id) for number in range(8)])
    queries()
    card = callers.caller_card(database, PHONE, "88880001", call_id="centralita-7.1")
    assert queries() <= 3
    assert card is not None
    message = card.as_message()
    calls = message.pop("calls")
    assert message == {
        "contact_id": contact.id,
        "name": "Álvaro Núñez",
        "phone": "8888-0001",
        "email": "a@example.org",
        "company": "Café del Monte",
        "disposition": "Resuelto",
        "agent_in_charge": "Lucía",
        "fields": ({"name": "Cédula", "value": "1-234"}, {"name": "Provincia", "value": "Limón"}),
    }
    assert [call["call_id"] for call in calls] == [f"centralita-{number}.1" for number in (6, 5, 4, 3, 2)]
    assert calls[0]["outcome"] == "abandoned"
    assert calls[0]["at"] == 1_790_000_360_000
    assert card.placeholders()["Cédula"] == "1-234"


def test_an_unknown_caller_becomes_a_contact_without_a_name(database: Database) -> None:
    card = callers.caller_card(database, PHONE, "8888 0001", at=1_790_000_000_000)
    row = tables.Contact.get()
    assert card is not None
    assert (card.contact_id, card.name, row.name, row.phone, row.phone_key) == (row.id, "", "", "8888 0001", PHONE)
    assert row.created_at == datetime.fromtimestamp(1_790_000_000, UTC)
    assert "88880001" in row.search
    assert callers.caller_card(database, PHONE, "8888 0001").contact_id == row.id


def test_nobody_behind_the_call(database: Database) -> None:
    assert callers.caller_card(database, normalise("anonymous"), "anonymous") is None
    assert callers.caller_card(database, PHONE, "88880001", create=False) is None
    assert callers.contact_card(database, 17) is None
    assert tables.Contact.select().count() == 0


def test_what_a_trunk_sends_is_kept_within_the_column(database: Database) -> None:
    card = callers.caller_card(database, "1" * 32, "\x00\x07" + "1 " * 40)
    assert card is not None
    assert len(card.phone) == 40
    assert tables.Contact.get().phone == card.phone


def test_of_two_with_one_phone_the_last_active(database: Database) -> None:
    first = tables.Contact.create(name="Uno", phone_key=PHONE)
    second = tables.Contact.create(name="Dos", phone_key=PHONE)
    assert callers.caller_card(database, PHONE, "").contact_id == first.id
    cdr.close_calls(database, [past_call(1, second.id)])
    assert callers.caller_card(database, PHONE, "").contact_id == second.id


def test_calls_at_once_from_one_unknown_number_make_one_contact(database: Database) -> None:
    found: list[int] = []
    errors: list[BaseException] = []
    together = threading.Barrier(6)

    def calls() -> None:
        try:
            together.wait(10)
            for number in range(10):
                card = callers.caller_card(database, f"+506888800{number:02d}", "x")
                assert card is not None
                found.append(card.contact_id)
        except BaseException as error:
            errors.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=calls) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    assert len(found) == 60
    assert len(set(found)) == 10
    assert tables.Contact.select().count() == 10


def test_another_region_reads_every_number_again(database: Database) -> None:
    first, second = tables.CallCenter.create(name="Uno"), tables.CallCenter.create(name="Dos")
    for row, pattern in ((first, "912 345 678"), (second, "+50640004000")):
        tables.CallCenterNumber.create(call_center=row, pattern=pattern, canonical=canonical_pattern(pattern, "CR"))
    tables.Contact.create(name="Ñu", phone="912345679", phone_key=normalise("912345679", "CR"))
    tables.Contact.create(name="Sin")
    account.change_region(database, "ES")
    assert tables.Account.get().region == "ES"
    assert [row.canonical for row in tables.CallCenterNumber.select()] == ["+34912345678", "+50640004000"]
    found = callers.caller_card(database, "+34912345679", "")
    assert found is not None
    assert found.name == "Ñu"
    assert "+34912345679" in tables.Contact.get(tables.Contact.name == "Ñu").search


def test_a_region_that_would_double_a_number_is_refused_whole(database: Database) -> None:
    for name, pattern in (("Uno", "40004000"), ("Dos", "+3440004000")):
        row = tables.CallCenter.create(name=name)
        tables.CallCenterNumber.create(call_center=row, pattern=pattern, canonical=canonical_pattern(pattern, "CR"))
    tables.CallCenterNumber.create(call_center=1, pattern="912345678", canonical="912345678")
    tables.CallCenterNumber.create(call_center=2, pattern="+34912345678", canonical="+34912345678")
    with pytest.raises(InvalidValue, match="same number"):
        account.change_region(database, "ES")
    assert tables.Account.get().region == "CR"
    assert "912345678" in [row.canonical for row in tables.CallCenterNumber.select()]
