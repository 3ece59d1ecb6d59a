"""Call detail records: each write repeated, out of order, or pointing to what is gone."""

from __future__ import annotations

import threading
from dataclasses import replace
from decimal import Decimal

import pytest
from peewee import Database

from models import cdr, tables
from models.values.call import CostUnit, Direction, LegOutcome, Outcome
from models.values.cdr import CallRecord, LegRecord

OFFERED = 1_790_000_000_000


@pytest.fixture
def agent(database: Database) -> tables.Agent:
    return tables.Agent.create(name="Lucía", email="lucia@example.org", endpoint="8330101")


@pytest.fixture
def center(database: Database) -> tables.CallCenter:
    return tables.CallCenter.create(name="Soporte", price=Decimal("35.5"))


@pytest.fixture
def contact(database: Database) -> tables.Contact:
    return tables.Contact.create(name="Ñandú", phone="8888 0001", phone_key="+50688880001")


@pytest.fixture
def opened(center: tables.CallCenter) -> CallRecord:
    return CallRecord(
        id="centralita-1790000000.1",
        direction=Direction.INBOUND,
        called_number="40004000",
        calling_number="+50688880001",
        offered_at=OFFERED,
        call_center_id=center.id,
        call_center_name="Soporte",
        rate_price=Decimal("35.5"),
        rate_currency="CRC",
        rate_unit=CostUnit.MINUTE,
    )


@pytest.fixture
def closed(opened: CallRecord, agent: tables.Agent, contact: tables.Contact) -> CallRecord:
    return replace(
        opened,
        outcome=Outcome.ANSWERED,
        agent_id=agent.id,
        contact_id=contact.id,
        answered_at=OFFERED + 4_000,
        ended_at=OFFERED + 65_000,
        wait_ms=4_000,
        talk_ms=61_000,
        cause=16,
        cost=Decimal("71.00"),
    )


@pytest.fixture
def legs(closed: CallRecord, agent: tables.Agent) -> list[LegRecord]:
    first = LegRecord(
        call_id=closed.id,
        ordinal=1,
        agent_id=None,
        endpoint="8330102",
        channel_id=f"{closed.id}.agent.1",
        offered_at=OFFERED,
        outcome=LegOutcome.BUSY,
        cause=17,
    )
    second = replace(first, ordinal=2, agent_id=agent.id, outcome=LegOutcome.ANSWERED, answered_at=OFFERED + 4_000)
    return [first, second]


def everything() -> list[tuple]:
    return [*tables.Call.select().tuples(), *tables.CallLeg.select().order_by(tables.CallLeg.ordinal).tuples()]


def read(database: Database, call_id: str) -> CallRecord:
    return cdr.calls_by_id(database, [call_id])[call_id]


def test_what_is_written_is_read_again(database: Database, closed: CallRecord, legs: list[LegRecord]) -> None:
    cdr.close_calls(database, [closed], legs)
    assert read(database, closed.id) == closed
    assert cdr.legs_of(database, closed.id) == legs
    row = tables.Call.get()
    assert (row.rate_price, row.cost, row.direction) == (Decimal("35.5"), Decimal(71), Direction.INBOUND)


def test_the_same_records_twice_change_nothing(
    database: Database, opened: CallRecord, closed: CallRecord, legs: list[LegRecord]
) -> None:
    cdr.open_calls(database, [opened])
    cdr.close_calls(database, [closed], legs)
    once = everything()
    for _ in range(2):
        cdr.open_calls(database, [opened, opened])
        cdr.close_calls(database, [closed, closed], legs + legs)
    assert everything() == once
    assert len(once) == 3


def test_an_open_that_comes_after_the_close_does_not_reopen(
    database: Database, opened: CallRecord, closed: CallRecord
) -> None:
    cdr.close_calls(database, [closed])
    cdr.open_calls(database, [opened])
    assert read(database, opened.id) == closed
    assert cdr.in_progress(database) == []


def test_a_later_open_says_more_and_forgets_nothing(
    database: Database, opened: CallRecord, contact: tables.Contact
) -> None:
    known = replace(opened, contact_id=contact.id)
    cdr.open_calls(database, [known])
    cdr.open_calls(database, [replace(opened, answered_at=OFFERED + 900)])
    assert cdr.in_progress(database) == [replace(known, answered_at=OFFERED + 900)]


def test_a_close_that_knows_less_keeps_the_contact(
    database: Database, opened: CallRecord, contact: tables.Contact
) -> None:
    cdr.open_calls(database, [replace(opened, contact_id=contact.id)])
    cdr.close_calls(database, [replace(opened, outcome=Outcome.ABANDONED, ended_at=OFFERED + 9_000)])
    assert read(database, opened.id).contact_id == contact.id


def test_what_the_agent_saved_outlives_a_repeated_close(
    database: Database, closed: CallRecord, agent: tables.Agent
) -> None:
    cdr.close_calls(database, [closed])
    left = tables.Disposition.create(name="Resuelto")
    tables.Call.update(disposition=left, comment="Quedó bien", saved_by=agent).execute()
    cdr.close_calls(database, [closed])
    row = tables.Call.get()
    assert (row.disposition_id, row.comment, row.saved_by_id) == (left.id, "Quedó bien", agent.id)


def test_a_record_is_kept_though_all_it_points_to_is_gone(
    database: Database, closed: CallRecord, legs: list[LegRecord]
) -> None:
    stray = replace(closed, id="centralita-1.1", call_center_id=901, contact_id=902, agent_id=903)
    cdr.close_calls(database, [stray], [replace(legs[1], call_id=stray.id, agent_id=903)])
    assert read(database, stray.id) == replace(stray, call_center_id=None, contact_id=None, agent_id=None)
    assert cdr.legs_of(database, stray.id)[0].agent_id is None


def test_no_text_of_a_caller_refuses_a_record(database: Database, closed: CallRecord) -> None:
    nasty = replace(
        closed, caller_name="\x00" + "x" * 500, calling_number="\ud800" * 90, reason="'; DROP TABLE calls; --"
    )
    cdr.close_calls(database, [nasty])
    kept = read(database, nasty.id)
    assert (kept.caller_name, len(kept.calling_number), kept.reason) == ("x" * 120, 64, nasty.reason)


def test_the_contacts_last_activity_moves_forward_only(
    database: Database, closed: CallRecord, contact: tables.Contact
) -> None:
    earlier = replace(closed, id="centralita-0.1", ended_at=OFFERED - 5_000)
    cdr.close_calls(database, [closed])
    cdr.close_calls(database, [earlier])
    assert tables.epoch_ms(tables.Contact.get_by_id(contact.id).last_activity_at) == closed.ended_at


def test_a_batch_with_one_bad_row_writes_nothing(database: Database, closed: CallRecord) -> None:
    bad = replace(closed, id=None)  # type: ignore[arg-type]
    with pytest.raises(Exception, match=r"(?i)null"):
        cdr.close_calls(database, [closed, bad])
    assert tables.Call.select().count() == 0


def test_two_writers_at_once_leave_one_row_a_call(
    database: Database, opened: CallRecord, closed: CallRecord, legs: list[LegRecord]
) -> None:
    errors: list[BaseException] = []

    def writes() -> None:
        try:
            for number in range(30):
                key = f"centralita-1.{number}"
                cdr.open_calls(database, [replace(opened, id=key)])
                cdr.close_calls(database, [replace(closed, id=key)], [replace(leg, call_id=key) for leg in legs])
        except BaseException as error:
            errors.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=writes) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    assert (tables.Call.select().count(), tables.CallLeg.select().count()) == (30, 60)
    assert cdr.in_progress(database) == []


def test_marks(database: Database) -> None:
    assert cdr.engine_mark(database, "cel") is None
    cdr.set_engine_mark(database, "cel", "17")
    cdr.set_engine_mark(database, "cel", "18")
    assert cdr.engine_mark(database, "cel") == "18"


def test_many_ids_are_found(database: Database, opened: CallRecord) -> None:
    records = [replace(opened, id=f"centralita-2.{number}") for number in range(1_100)]
    cdr.open_calls(database, records)
    found = cdr.calls_by_id(database, [record.id for record in records] + ["centralita-3.1"])
    assert len(found) == 1_100
    assert len(cdr.in_progress(database)) == 1_100
