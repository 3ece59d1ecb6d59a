"""The migrations give the schema of the tables, once, whoever else migrates at the same time."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from peewee import Database, IntegrityError
from playhouse.schema_diff import diff_models
from postgres_server import PostgresServer

from models import db, tables

_COLUMNS = """
    SELECT table_name, column_name, data_type, character_maximum_length, is_nullable
    FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2
"""
_CONSTRAINTS = """
    SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2
"""
_INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2"


def schema(database: Database) -> set[Any]:
    """All that the database says of its tables, the migrations' own apart."""
    if db.is_postgresql(database):
        rows = [row for sql in (_COLUMNS, _CONSTRAINTS, _INDEXES) for row in db.execute(database, sql).fetchall()]
    else:
        rows = _sqlite_schema(database)
    return {row for row in rows if row[0] != "schema_migration"}


def _sqlite_schema(database: Database) -> list[Any]:
    """Columns, keys and indexes, told apart by what they mean: a column that was added later is worded otherwise."""
    rows: list[Any] = []
    for (table,) in db.execute(database, "SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        for _, name, kind, not_null, _, key in db.execute(database, f'PRAGMA table_info("{table}")').fetchall():
            rows.append((table, name, kind, not_null, key))
        for _, _, to, own, theirs, _, on_delete, _ in db.execute(
            database, f'PRAGMA foreign_key_list("{table}")'
        ).fetchall():
            rows.append((table, own, to, theirs, on_delete))
        for _, name, unique, origin, partial in db.execute(database, f'PRAGMA index_list("{table}")').fetchall():
            columns = [row[2] for row in db.execute(database, f'PRAGMA index_info("{name}")').fetchall()]
            rows.append((table, name if origin == "c" else origin, unique, partial, tuple(columns)))
    others = "SELECT tbl_name, name, sql FROM sqlite_master WHERE type NOT IN ('table', 'index')"
    return rows + db.execute(database, others).fetchall()


def test_a_fresh_migration_gives_the_schema_of_the_tables(
    empty_url: str, kind: str, request: Any, tmp_path: Any
) -> None:
    migrated = db.open_database(empty_url, bind=False)
    assert db.migrate(migrated)
    from_migrations = schema(migrated)
    difference = diff_models(migrated, list(tables.ALL))
    # Indexes that no table can declare: `models.contact_search` and `models.call_search` make them.
    own = ("contacts_text", "contacts_activity_order", "contacts_phone_order", "calls_by_")
    kept = [one for one in difference.drop_indexes if not one.name.startswith(own)]
    difference.drop_indexes[:] = kept
    assert not difference
    migrated.close()

    if kind == "sqlite":
        other = f"sqlite:///{tmp_path / 'created.db'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        other = server.url(server.create_database())
    created = db.open_database(other)
    created.create_tables(tables.ALL)
    from_tables = schema(created)
    created.close()
    assert len(from_tables) > len(tables.ALL)
    assert from_migrations == from_tables


def test_a_second_migration_does_nothing(database: Database) -> None:
    assert db.migrate(database) == []


def test_many_start_at_once_and_one_migrates(empty_url: str) -> None:
    applied: list[list[str]] = []
    errors: list[BaseException] = []
    together = threading.Barrier(4)

    def starts() -> None:
        try:
            opened = db.open_database(empty_url, bind=False)
            together.wait(10)
            applied.append(db.migrate(opened))
            opened.close()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=starts) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not errors
    assert len(applied) == 4
    assert sorted(map(len, applied))[:3] == [0, 0, 0]
    assert max(map(len, applied)) >= 1


def test_a_database_of_a_newer_version_is_refused_by_name(database: Database) -> None:
    mark = db.placeholder(database)
    db.execute(
        database,
        f"INSERT INTO schema_migration (name, applied) VALUES ({mark}, {mark})",
        ("9999_from_tomorrow", "2099-01-01 00:00:00"),
    )
    with pytest.raises(db.DatabaseError, match="9999_from_tomorrow"):
        db.migrate(database)


_ADDS = """
from peewee import CharField

def up(migrator, db):
    migrator.migrate(migrator.add_column("companies", "motto", CharField(max_length=20, default="")))
"""
_FAILS = _ADDS + "    db.execute_sql('SELECT nonsense FROM nowhere')\n"


@pytest.fixture
def upgrade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes the given text the next migration."""

    def write(text: str) -> None:
        folder = tmp_path / "migrations"
        shutil.copytree(db.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__*"))
        (folder / "9000_next.py").write_text(text)
        monkeypatch.setattr(db, "MIGRATIONS", folder)

    return write


def test_the_next_migration_keeps_what_is_there(database: Database, upgrade: Callable[[str], None]) -> None:
    company = tables.Company.create(name="Café")
    tables.Contact.create(name="Uno", company=company)
    upgrade(_ADDS)
    assert db.migrate(database) == ["9000_next"]
    assert db.migrate(database) == []
    assert db.execute(database, "SELECT name, motto FROM companies").fetchall() == [("Café", "")]
    assert tables.Contact.get().company.name == "Café"
    with pytest.raises(IntegrityError):
        company.delete_instance()


def test_a_migration_that_fails_leaves_the_schema_as_it_was(database: Database, upgrade: Callable[[str], None]) -> None:
    tables.Company.create(name="Café")
    before = schema(database)
    upgrade(_FAILS)
    with pytest.raises(db.DatabaseError, match="brought up to date"):
        db.migrate(database)
    assert schema(database) == before
    assert tables.Company.get().name == "Café"
