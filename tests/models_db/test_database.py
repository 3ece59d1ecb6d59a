"""Opening, transactions from many threads, and a connection that is lost."""

from __future__ import annotations

import threading

import psycopg
import pytest
from peewee import Database, IntegrityError, PeeweeException
from postgres_server import PostgresServer

from models import db, tables


def test_sqlite_is_opened_as_promised(database: Database, kind: str) -> None:
    if kind != "sqlite":
        assert db.execute(database, "SHOW server_encoding").fetchone() == ("UTF8",)
        return
    pragmas = {name: db.execute(database, f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "foreign_keys")}
    assert pragmas == {"journal_mode": "wal", "foreign_keys": 1}
    assert db.execute(database, "PRAGMA synchronous").fetchone()[0] == 1
    assert db.execute(database, "PRAGMA busy_timeout").fetchone()[0] == db.BUSY_TIMEOUT_MS


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    def writes_one_name_twice() -> None:
        with db.transaction(database):
            tables.Company.create(name="Una")
            with db.transaction(database):
                tables.Company.create(name="Dos")
            tables.Company.create(name=" UNA ")

    with pytest.raises(IntegrityError):
        writes_one_name_twice()
    assert tables.Company.select().count() == 0


def test_threads_that_read_and_then_write_never_meet_a_lock(database: Database) -> None:
    tables.EngineMark.create(key="count", value="0")
    errors: list[BaseException] = []

    def adds() -> None:
        try:
            for _ in range(50):
                with db.transaction(database):
                    query = tables.EngineMark.select().where(tables.EngineMark.key == "count")
                    row = (query.for_update() if db.is_postgresql(database) else query).get()
                    row.value = str(int(row.value) + 1)
                    row.save()
        except BaseException as error:
            errors.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=adds) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    assert tables.EngineMark.get().value == "300"


@pytest.mark.parametrize("address", ["mysql://here/db", "nothing", "postgresql://nobody@127.0.0.1:1/none"])
def test_what_is_no_database_is_refused_in_words(address: str) -> None:
    with pytest.raises(db.DatabaseError) as refused:
        db.open_database(address, bind=False)
    assert address.partition("://")[0] in str(refused.value)


def test_a_password_is_never_shown() -> None:
    with pytest.raises(db.DatabaseError) as refused:
        db.open_database("postgresql://someone:s3cr3t@127.0.0.1:1/none", bind=False)
    assert "s3cr3t" not in str(refused.value)


class TestLostConnection:
    """PostgreSQL alone: the server ends our connection."""

    @pytest.fixture
    def lost(self, postgres_server: PostgresServer, migrated_postgresql: str) -> object:
        name = postgres_server.create_database(migrated_postgresql)
        opened = db.open_database(postgres_server.url(name))

        def cut() -> None:
            backend = opened.connection().info.backend_pid
            with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as other:
                assert other.execute("SELECT pg_terminate_backend(%s, 5000)", (backend,)).fetchone() == (True,)

        yield opened, cut
        opened.close()
        postgres_server.drop_database(name)

    def test_the_next_statement_opens_a_new_one(self, lost: tuple) -> None:
        _, cut = lost
        tables.Company.create(name="Antes")
        cut()
        assert [row.name for row in tables.Company.select()] == ["Antes"]

    def test_the_next_transaction_opens_a_new_one(self, lost: tuple) -> None:
        opened, cut = lost
        cut()
        with db.transaction(opened):
            tables.Company.create(name="Una")
        assert tables.Company.select().count() == 1

    def test_a_transaction_that_was_cut_fails_and_the_next_one_works(self, lost: tuple) -> None:
        opened, cut = lost

        def is_cut_half_way() -> None:
            with db.transaction(opened):
                tables.Company.create(name="Perdida")
                cut()
                tables.Company.create(name="Nunca")

        with pytest.raises(PeeweeException):
            is_cut_half_way()
        with db.transaction(opened):
            tables.Company.create(name="Después")
        assert [row.name for row in tables.Company.select()] == ["Después"]

    def test_a_batch_that_was_cut_fails_as_peewee_says(self, lost: tuple) -> None:
        opened, cut = lost
        sql = "INSERT INTO engine_marks (key, value) VALUES (%s, %s)"

        def is_cut_before() -> None:
            with db.transaction(opened):
                cut()
                db.execute_many(opened, sql, [("a", "1"), ("b", "2")])

        with pytest.raises(PeeweeException):
            is_cut_before()
        with db.transaction(opened):
            db.execute_many(opened, sql, [("a", "1"), ("b", "2")])
        assert tables.EngineMark.select().count() == 2
