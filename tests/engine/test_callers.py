"""The caller's card from real databases, and what becomes of a look-up that cannot be had."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any

import peewee
import pytest

from ari_app.callers import CallerLookUp, callers_connection
from models.db import execute, open_database, transaction


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, migrated_url: Callable[[str], str]) -> str:
    made = migrated_url(str(request.param))
    database = open_database(made, bind=False)
    with transaction(database):
        execute(
            database,
            "INSERT INTO contacts (name, phone, phone_key, email, external_id, search, created_at) "
            "VALUES ('Ana Ñúñez', '8888-7777', '+50688887777', 'ana@example.test', '', '', 0)",
        )
    database.close()
    return made


def looking(open_connection: Callable[[], Any], scene: Callable[[CallerLookUp], Any], **options: Any) -> Any:
    """Run `scene(look_up)` on an event loop and close."""
    callers = CallerLookUp(open_connection, region=lambda: "CR", **options)
    try:
        return asyncio.run(scene(callers))
    finally:
        callers.close()


def test_a_known_number_has_its_card_however_it_is_written(url) -> None:
    async def scene(callers: CallerLookUp) -> None:
        for written in ("88887777", "+506 8888-7777", "0050688887777"):
            found = await callers.look_up("c1", written)
            assert found is not None
            contact, card = found
            assert card["contact_id"] == contact
            assert (card["name"], card["phone"], card["email"]) == ("Ana Ñúñez", "8888-7777", "ana@example.test")
            assert set(card) == {
                "contact_id", "name", "phone", "email", "company", "disposition", "agent_in_charge", "fields", "calls",
            }  # fmt: skip
        assert callers.counts["found"] == 3

    looking(callers_connection(url), scene)


def test_an_unknown_number_makes_one_nameless_contact_however_many_call_at_once(url) -> None:
    async def scene(callers: CallerLookUp) -> None:
        found = await asyncio.gather(*(callers.look_up(f"c{n}", "22223333") for n in range(20)))
        assert len({contact for contact, _ in found}) == 1
        assert {(card["name"], card["phone"]) for _, card in found} == {("", "22223333")}

    looking(callers_connection(url), scene)
    database = open_database(url, bind=False)
    assert [tuple(row) for row in execute(database, "SELECT count(*) FROM contacts")] == [(2,)]
    database.close()


@pytest.mark.parametrize("number", [None, "", "anonymous", "unavailable"])
def test_a_withheld_number_asks_nothing(number) -> None:
    def never() -> peewee.Database:
        raise AssertionError("the database was asked")

    async def scene(callers: CallerLookUp) -> None:
        assert await callers.look_up("c1", number) is None
        assert callers.counts == {"found": 0, "withheld": 1, "too_late": 0, "too_many": 0, "failed": 0}

    looking(never, scene)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_locked_database_costs_the_card_only_and_in_time(url, tmp_path) -> None:
    lock = sqlite3.connect(tmp_path / "centralita.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")

    async def scene(callers: CallerLookUp) -> None:
        begun = time.monotonic()
        assert (await callers.look_up("c1", "88887777") or (0, {}))[1]["name"] == "Ana Ñúñez"  # reading waits for none
        assert await callers.look_up("c2", "22223333") is None
        assert time.monotonic() - begun < 2.5
        lock.execute("COMMIT")
        assert await callers.look_up("c3", "22223333") is not None

    looking(callers_connection(url), scene)
    lock.close()


def test_too_late_and_too_many_and_the_event_loop_goes_on() -> None:
    release = threading.Event()

    def stuck() -> peewee.Database:
        release.wait(20)
        raise peewee.OperationalError("no server")

    async def scene(callers: CallerLookUp) -> None:
        waiting = [asyncio.create_task(callers.look_up(f"c{n}", "22223333")) for n in range(5)]
        await asyncio.sleep(0)
        begun = time.monotonic()
        assert await callers.look_up("c9", "22223333") is None  # the sixth is not even queued
        assert time.monotonic() - begun < 0.2
        assert await asyncio.gather(*waiting) == [None] * 5
        assert callers.counts["too_many"] == 1
        assert callers.counts["too_late"] == 5
        release.set()

    looking(stuck, scene, threads=2, most_waiting=5, seconds=0.3)


def test_after_a_failure_the_next_look_up_opens_a_new_connection(url) -> None:
    real = callers_connection(url)
    opened: list[int] = []

    def flaky() -> peewee.Database:
        opened.append(1)
        if len(opened) == 1:
            raise peewee.OperationalError("no server")
        return real()

    async def scene(callers: CallerLookUp) -> None:
        assert await callers.look_up("c1", "88887777") is None
        assert await callers.look_up("c2", "88887777") is not None
        assert await callers.look_up("c3", "88887777") is not None
        assert (len(opened), callers.counts["failed"], callers.counts["found"]) == (2, 1, 2)

    looking(flaky, scene, threads=1)


def test_a_closed_look_up_answers_none() -> None:
    callers = CallerLookUp(lambda: peewee.SqliteDatabase(":memory:"), region=lambda: "CR")
    callers.close()
    assert asyncio.run(callers.look_up("c1", "22223333")) is None
