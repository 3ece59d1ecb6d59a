"""Opening the database, transactions, migrations.

Owns: connections (one a thread), SQLite's pragmas, reconnecting to PostgreSQL, the order in which the schema changes.
Must not: hold queries of a section or a call.
"""

import contextlib
import fcntl
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import peewee
from peewee import Database, InterfaceError, OperationalError, PostgresqlDatabase, SqliteDatabase
from playhouse.migrations import MigrationError, Runner
from playhouse.shortcuts import ReconnectMixin

from models.settings import Settings
from models.tables.base import database as proxy

MIGRATIONS: Final = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_MS: Final = 5000
_PRAGMAS: Final = {
    "journal_mode": "wal",
    "foreign_keys": 1,
    "synchronous": "normal",
    "busy_timeout": BUSY_TIMEOUT_MS,
    # Each statement that may fail half-way keeps a journal: not in a file made for it, and deleted again, every time.
    "temp_store": "memory",
}
# Any 64-bit number that nothing else on the server uses.
_ADVISORY_LOCK: Final = 0x43454E5452414C49


class DatabaseError(Exception):
    """The database cannot be opened or its schema does not fit; the text says why and what to do."""


class Postgresql(ReconnectMixin, PostgresqlDatabase):
    """psycopg 3, and a statement outside a transaction is repeated once on a connection that was lost."""

    reconnect_errors: Any = (
        (OperationalError, "server closed the connection"),
        (OperationalError, "terminating connection"),
        (OperationalError, "the connection is closed"),
        (OperationalError, "connection is lost"),
        (OperationalError, "consuming input failed"),
        (OperationalError, "ssl connection has been closed"),
        (InterfaceError, "connection is closed"),
        (InterfaceError, "connection already closed"),
    )


def open_database(source: Settings | str, *, bind: bool = True) -> Database:
    """A database by settings or URL: sqlite:///path, sqlite:///:memory:, postgresql:// or psycopg3://.

    With `bind` the tables of `models.tables` use it from now on. Connections open by themselves, one a thread.
    Raises DatabaseError.
    """
    url = source if isinstance(source, str) else source.database
    scheme, _, rest = url.partition("://")
    database: Database
    if scheme == "sqlite":
        path = unquote(rest.removeprefix("/"))
        if path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        database = SqliteDatabase(path, pragmas=_PRAGMAS, timeout=BUSY_TIMEOUT_MS / 1000)
    elif scheme in ("postgresql", "postgres", "psycopg3"):
        connect: Any = Postgresql
        database = connect(
            "postgresql://" + rest,
            prefer_psycopg3=True,
            connect_timeout=5,
            keepalives_idle=30,
            application_name="centralita",
        )
    else:
        raise DatabaseError(f"{scheme}:// is not a database: sqlite:/// or postgresql://")
    try:
        database.connect(reuse_if_open=True)
    except Exception as error:
        raise DatabaseError(f"the database {without_password(url)} cannot be opened: {error}") from error
    if bind:
        proxy.initialize(database)
    return database


def without_password(url: str) -> str:
    """A database URL that may be shown or logged."""
    parts = urlsplit(url)
    return url if parts.password is None else url.replace(f":{parts.password}@", ":***@")


def is_postgresql(database: Database) -> bool:
    return isinstance(database, PostgresqlDatabase)


@contextlib.contextmanager
def transaction(database: Database) -> Iterator[None]:
    """A transaction that may read, then write. Nested ones are savepoints.

    On SQLite it is IMMEDIATE: a plain one that reads first and writes later fails with "database is locked" when
    another writer came between.
    """
    with database.atomic() if is_postgresql(database) else database.atomic("IMMEDIATE"):
        yield


@contextlib.contextmanager
def snapshot_read(database: Database) -> Iterator[None]:
    """Several reads that see one moment, and hold off no writer. Inside a transaction: that one."""
    if database.in_transaction():
        yield
        return
    with database.atomic("REPEATABLE READ") if is_postgresql(database) else database.atomic("DEFERRED"):
        yield


def execute_many(database: Database, sql: str, rows: Sequence[Sequence[object]]) -> None:
    """Runs one statement for each row; inside `transaction`."""
    if rows:
        raw: Any = database
        translated: Any = vars(peewee)["__exception_wrapper__"]  # the driver's errors as peewee's, as everywhere else
        with translated:
            raw.cursor().executemany(sql, rows)


def execute(database: Database, sql: str, parameters: Sequence[object] = ()) -> Any:
    """Runs one statement of raw SQL with the database's own marks (`placeholder`); the driver's cursor."""
    raw: Any = database
    return raw.execute_sql(sql, tuple(parameters))


def in_parts(database: Database, sql: str, parameters: Sequence[object], size: int) -> Iterator[list[Any]]:
    """The rows of one SELECT, `size` at a time and never all in memory; a transaction is open until the last one."""
    raw: Any = database
    with snapshot_read(database):
        cursor = raw.connection().cursor(name="in_parts") if is_postgresql(database) else raw.cursor()
        try:
            cursor.execute(sql, tuple(parameters))
            while part := cursor.fetchmany(size):
                yield part
        finally:
            cursor.close()


def placeholder(database: Database) -> str:
    """The mark of a parameter in raw SQL: ? or %s."""
    return str(database.param)


def migrate(database: Database) -> list[str]:
    """Applies what is missing, under a lock that holds off other processes. The names of what was applied.

    Raises DatabaseError when the database is newer than the program, or a migration fails.
    """
    with _lock(database):
        make: Any = Runner
        runner = make(database, str(MIGRATIONS))
        unknown = [row.name for row in runner.status() if row.path is None]
        if unknown:
            raise DatabaseError(
                f"the database has migrations that this version does not know ({', '.join(unknown)}): "
                "it was used by a newer version; install that one"
            )
        try:
            return [str(name) for name in runner.up()]
        except (MigrationError, peewee.PeeweeException) as error:
            raise DatabaseError(f"the database could not be brought up to date: {error}") from error


_threads = threading.Lock()  # flock and advisory locks hold off processes and connections, not the threads of one


@contextlib.contextmanager
def _lock(database: Database) -> Iterator[None]:
    with _threads:
        if is_postgresql(database):
            execute(database, "SELECT pg_advisory_lock(%s)", (_ADVISORY_LOCK,))
            try:
                yield
            finally:
                execute(database, "SELECT pg_advisory_unlock(%s)", (_ADVISORY_LOCK,))
            return
        name: Any = database.database
        if name == ":memory:":
            yield
            return
        handle = os.open(f"{name}.migrate.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)
