"""Database connections of the engine's threads: they give up soon, for each has something better to do than wait.

Owns: the limits on a lock, a statement and a silent network. Must not: hold a query.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

from peewee import Database

from models.db import execute, is_postgresql, open_database


def opener(url: str, *, lock_ms: int, statement_ms: int) -> Callable[[], Database]:
    """A function that opens a connection for the calling thread; it raises models.db.DatabaseError.

    `lock_ms`: how long SQLite waits for another process's lock. `statement_ms`: how long PostgreSQL works on one
    statement, and how long its host may leave a packet unacknowledged.
    """
    target = url
    parts = urlsplit(url)
    if parts.scheme != "sqlite":
        limits = f"tcp_user_timeout={statement_ms}&options=-c%20statement_timeout%3D{statement_ms}"
        target = urlunsplit(parts._replace(query=f"{parts.query}&{limits}" if parts.query else limits))

    def opened() -> Database:
        database = open_database(target, bind=False)
        if not is_postgresql(database):
            execute(database, f"PRAGMA busy_timeout = {lock_ms}")
        return database

    return opened
