"""Searching and sorting as people do: without case and accents, alike on both databases.

Owns: the SQL for it. Must not: build a section's query. A column that is searched often keeps its own folded text
(`Contact.search`); this is for the small tables.
"""

from typing import Any, Final

from peewee import ColumnBase, Database, SqliteDatabase, fn

from models.db import is_postgresql
from models.tables import database, fold

_FUNCTION: Final = "centralita_fold"
_ACCENTED: Final = "áàâäãåéèêëíìîïóòôöõúùûüñçýÿ"
_PLAIN: Final = "aaaaaaeeeeiiiiooooouuuuncyy"
# In a database of the locale C lower() knows ASCII alone.
FROM: Final = _ACCENTED + _ACCENTED.upper()
TO: Final = _PLAIN * 2
_MAX_TYPED: Final = 200
_MAX_WORDS: Final = 10


def register(opened: Database) -> None:
    """SQLite learns our folding; PostgreSQL gets an expression."""
    if isinstance(opened, SqliteDatabase):
        opened.register_function(fold, _FUNCTION, 1)


class _ByDatabase(ColumnBase):
    """SQL that is chosen when it is run: the sections are written before a database is open."""

    def __init__(self, on_postgresql: Any, on_sqlite: Any) -> None:
        self._on_postgresql = on_postgresql
        self._on_sqlite = on_sqlite

    def __sql__(self, ctx: Any) -> Any:
        return ctx.sql(self._on_postgresql if is_postgresql(database.obj) else self._on_sqlite)


def folded(column: Any) -> Any:
    """The column without case and accents, to compare with `models.tables.fold` of what was typed, or to sort by."""
    plain = fn.translate(fn.lower(fn.coalesce(column, "")), FROM, TO)
    return _ByDatabase(plain, getattr(fn, _FUNCTION)(column))


def words_of(typed: str) -> list[str]:
    """What was typed, folded, as the words to look for."""
    return fold(typed)[:_MAX_TYPED].split()[:_MAX_WORDS]


def contains(column: Any, typed: str) -> Any:
    """Every word of what was typed is somewhere in the folded column; None when nothing was typed."""
    return any_contains((column,), typed)


def any_contains(columns: tuple[Any, ...], typed: str) -> Any:
    """Every word of what was typed is in one of the columns; `Contact.search` and its like are folded already."""
    wanted: Any = None
    for word in words_of(typed):
        one: Any = None
        for column in columns:
            text = column if getattr(column, "name", "") in ("search", "folded") else folded(column)
            found = _ByDatabase(fn.strpos(text, word), fn.instr(text, word)) > 0
            one = found if one is None else one | found
        wanted = one if wanted is None else wanted & one
    return wanted
