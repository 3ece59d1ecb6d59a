"""A page of a history of millions, in the time of a blink, whatever filters are combined.

Owns: how rows are found and counted. Must not: know requests or draw.

Rows are walked in the order of time along the index of the rarest condition, and asked the others. The walk ends after
`REACH` found or after so many looked at that no page takes long (`LOOKED`, fewer when each look is dear): then the page
says from which moment on it did not look, and goes on there when asked. What only a few contacts can have is gathered
by their calls and counted whole. No order but that of time has an index: those sort what was found, or of very many
the nearest `REACH`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, Final

from admin.contact_pages import ask
from admin.history_search import GATHERED, HistorySearch
from admin.listing import Page
from models.db import execute, is_postgresql, snapshot_read
from models.tables import database, from_epoch_ms

REACH: Final = 10_000
LOOKED: Final = 250_000
LOOKED_DEARLY: Final = 8_000
_RARE: Final = 20_000  # of so few all may be looked at
_SAMPLE: Final = 2_000
_BY_TIME: Final = itemgetter(1, 0)  # of rows that begin with key and moment


@dataclass(frozen=True)
class _Found:
    """A SELECT of keys and moments. `looked`: how many it may look at by way of `lead`, None: all there are."""

    sql: str
    parameters: list[Any]
    cap: int
    lead: str = ""
    looked: int | None = None


def page(
    search: HistorySearch,
    sort: str,
    descending: bool,
    number: int,
    size: int,
    rows_of: Callable[[list[Any]], list[Any]],
) -> Page:
    """One page. `sort`: one of the ledger's, or ""; then `descending` is about time."""
    if search.nothing:
        return Page([], 0, 1, 1, 0)
    newest = descending if not sort else True
    with snapshot_read(database.obj):
        found, keys, total = _best(search, newest, sort, descending, number, size)
        capped = total > found.cap
        total = min(total, found.cap)
        number = min(number, max(1, -(-total // size)))
        until = None
        if capped and not sort and keys and number * size >= total:
            until = keys[-1][1]
        elif not capped and found.looked is not None:
            until = _gave_up(search, found, newest)
        rows = rows_of(_ids(search, [row[0] for row in keys]))
    first = (number - 1) * size + 1 if rows else 0
    pages = max(1, -(-total // size))
    exact = not capped and until is None
    return Page(
        rows, total, number, pages, first, exact, in_order=exact or not sort,
        until=None if until is None else from_epoch_ms(until),
    )  # fmt: skip


def _best(
    search: HistorySearch, newest: bool, sort: str, descending: bool, number: int, size: int
) -> tuple[_Found, list[Any], int]:
    """The way that finds the page soonest, the page's keys and moments, and how many were found."""
    lead, count = _lead(search)
    gathered = None if count is not None and count < _RARE // 10 else search.gathered()
    if gathered is not None:
        found = _gather(search, gathered)
        keys, total = _keys(search, found, newest, sort, descending, number, size)
        if total <= found.cap:
            return found, keys, total
    found = _walk(search, lead, newest, all_of_it=count is not None and count < _RARE)
    with _walking():
        return found, *_keys(search, found, newest, sort, descending, number, size)


# ---------------------------------------------------------------- which way
def _span(search: HistorySearch) -> tuple[str, list[Any]]:
    """The condition of time on the row `w`, with AND in front; and its values."""
    at, sql, values = search.ledger.at, "", []
    if search.since is not None:
        sql, values = f" AND w.{at} >= ?", [search.since]
    if search.until is not None:
        sql, values = f"{sql} AND w.{at} < ?", [*values, search.until]
    return sql, values


def _lead(search: HistorySearch) -> tuple[str, int | None]:
    """The column whose value is the rarest, and how often it is there, up to `_RARE`; None: not counted."""
    if not search.equal:
        return "", None
    span, values = _span(search)
    counts: dict[str, int] = {}
    with _walking():
        for column, value in search.equal.items():
            source = f"{_table(search, column)} WHERE w.{column} = ?{span} LIMIT {_RARE}"
            counted = f"SELECT count(*) FROM (SELECT 1 FROM {source}) counted"  # noqa: S608
            counts[column] = int(ask(counted, [value, *values])[0][0])
        rarest = min(counts, key=lambda column: counts[column])
        if counts[rarest] < _RARE or len(counts) == 1:
            return rarest, counts[rarest]
        # All are frequent: how frequent, the last rows tell.
        at = search.ledger.at
        shown = ", ".join(f"w.{column}" for column in counts)
        sums = ", ".join(f"sum(CASE WHEN s.{column} = ? THEN 1 ELSE 0 END)" for column in counts)
        source = f"{_table(search, '')} WHERE 1 = 1{span} ORDER BY w.{at} DESC LIMIT {_SAMPLE}"
        sampled = ask(f"SELECT {sums} FROM (SELECT {shown} FROM {source}) s", [*search.equal.values(), *values])  # noqa: S608
    shares = dict(zip(counts, sampled[0], strict=True))
    return min(shares, key=lambda column: shares[column] or 0), _RARE


def _table(search: HistorySearch, lead: str) -> str:
    ledger = search.ledger
    return f"{ledger.table} w" + ("" if is_postgresql(database.obj) else f" INDEXED BY {ledger.leads[lead]}")


def _in_time(newest: bool, row: str = "", key: str = "key") -> str:
    turn = "DESC" if newest else "ASC"
    return f"ORDER BY {row}at {turn}, {row}{key} {turn}"


def _walk(search: HistorySearch, lead: str, newest: bool, all_of_it: bool) -> _Found:
    """Along the index of `lead`, from the newest or the oldest on."""
    tests = search.asked(lead)
    looked = REACH + 1 if not tests else LOOKED_DEARLY if search.is_dear else LOOKED
    span, values = _span(search)
    led, parameters = (f"w.{lead} = ?", [search.equal[lead]]) if lead else ("1 = 1", [])
    turn, on_postgresql = "DESC" if newest else "ASC", is_postgresql(database.obj)
    tie = f", w.{search.ledger.key} {turn}" if on_postgresql else ""  # SQLite: as the index has it
    limit = "" if all_of_it else f" LIMIT {looked}"
    inner = (
        f"SELECT {search.columns(tests)} FROM {_table(search, lead)} WHERE {led}{span} "  # noqa: S608
        f"ORDER BY w.{search.ledger.at} {turn}{tie}{limit}"
    )
    parameters += values
    if tests:
        asked = " AND ".join(test.sql for test in tests)
        # SQLite hands the rows of an inner SELECT on as they come, PostgreSQL is told.
        order = f" {_in_time(newest, 'w.')}" if on_postgresql else ""
        inner = f"SELECT w.key, w.at FROM ({inner}) w WHERE {asked}{order} LIMIT {REACH + 1}"  # noqa: S608
        parameters += [value for test in tests for value in test.parameters]
    return _Found(inner, parameters, REACH, lead, None if all_of_it or not tests else looked)


def _gather(search: HistorySearch, gathered: tuple[str, list[Any]]) -> _Found:
    sql, parameters = gathered
    conditions, values = ["1 = 1"], list(parameters)
    for bound, mark in ((search.since, ">="), (search.until, "<")):
        if bound is not None:
            conditions.append(f"w.at {mark} ?")
            values.append(bound)
    for test in search.asked_of_gathered():
        conditions.append(test.sql)
        values += test.parameters
    asked = " AND ".join(conditions)
    selected = f"SELECT w.key, w.at FROM ({sql}) w WHERE {asked} LIMIT {GATHERED + 1}"  # noqa: S608
    return _Found(selected, values, GATHERED)


# ---------------------------------------------------------------- the page
def _keys(
    search: HistorySearch, found: _Found, newest: bool, sort: str, descending: bool, number: int, size: int
) -> tuple[list[Any], int]:
    """Keys and moments of the page, or of the last one when there are fewer; and how many were found."""
    ledger, cap = search.ledger, found.cap
    counted = f"SELECT key, at, count(*) OVER () AS total FROM ({found.sql}) found {_in_time(newest)} LIMIT {cap}"  # noqa: S608
    joins, order = "", _in_time(newest, "f.")
    if sort:
        one = ledger.sorts()[sort]
        joins = f" JOIN {ledger.table} t ON t.{ledger.key} = f.key{one.joins}"
        order = f"ORDER BY {one.expression} {'DESC' if descending else 'ASC'}, f.at DESC, f.key DESC"
    sql = f"SELECT f.key, f.at, f.total FROM ({counted}) f{joins} {order} LIMIT {size}"  # noqa: S608
    if number > 1:
        # Of pages beyond the last one it is the last one.
        placed = f"SELECT f.key, f.at, f.total, row_number() OVER ({order}) AS place FROM ({counted}) f{joins}"  # noqa: S608
        there = f"CASE WHEN total < {cap} THEN total ELSE {cap} END"
        last = f"(({there}) - 1) / {size} * {size}"
        least = f"CASE WHEN {last} < {(number - 1) * size} THEN {last} ELSE {(number - 1) * size} END"
        sql = f"SELECT key, at, total FROM ({placed}) p WHERE place > {least} ORDER BY place LIMIT {size}"  # noqa: S608
    rows = ask(sql, found.parameters)
    return rows, int(rows[0][2]) if rows else 0


def _gave_up(search: HistorySearch, found: _Found, newest: bool) -> int | None:
    """The moment up to which a walk looked that ended before the rows did."""
    span, values = _span(search)
    led, parameters = (f"w.{found.lead} = ?", [search.equal[found.lead]]) if found.lead else ("1 = 1", [])
    at, turn = search.ledger.at, "DESC" if newest else "ASC"
    sql = (
        f"SELECT w.{at} FROM {_table(search, found.lead)} WHERE {led}{span} ORDER BY w.{at} {turn} "  # noqa: S608
        f"LIMIT 1 OFFSET {(found.looked or 1) - 1}"
    )
    with _walking():
        rows = ask(sql, [*parameters, *values])
    return int(rows[0][0]) if rows else None


def _ids(search: HistorySearch, keys: list[Any]) -> list[Any]:
    if search.ledger.key == "id" or not keys:
        return keys
    listed = ",".join(str(int(key)) for key in keys)
    known = dict(ask(f"SELECT rowid, id FROM {search.ledger.table} WHERE rowid IN ({listed})"))  # noqa: S608
    return [known[key] for key in keys if key in known]


class _walking:  # a context, used as a word
    """PostgreSQL keeps to the indexes' order: its guesses of how many rows match go wrong when filters depend on one
    another, and then it reads millions."""

    _switches = ("enable_seqscan", "enable_bitmapscan", "enable_sort", "jit")

    def __enter__(self) -> None:
        self._set("off")

    def __exit__(self, *_error: object) -> None:
        self._set("on")

    def _set(self, to: str) -> None:
        if is_postgresql(database.obj) and database.obj.in_transaction():
            for name in self._switches:
                execute(database.obj, f"SET LOCAL {name} = {to}")


# ---------------------------------------------------------------- everything
def everything(
    search: HistorySearch, sort: str, descending: bool, select: str, joins: str, chunk: int
) -> Iterator[list[Any]]:
    """Rows of everything found, `chunk` at a time: `select` over the row `w` and its `joins`, after key and moment.

    Nothing is held but a chunk and at most `GATHERED` keys, and no cursor stays open between two chunks. What comes
    after the start is not in it; nothing is in it twice. More rows than a page could sort come in the order of time.
    """
    if search.nothing:
        return
    newest = descending if not sort else True
    with snapshot_read(database.obj):
        found, keys, total = _best(search, newest, sort, descending, 1, max(GATHERED, REACH))
        whole = total <= found.cap and (found.looked is None or _gave_up(search, found, newest) is None)
        last = ask(f"SELECT max({search.ledger.at}) FROM {search.ledger.table}")[0][0]  # noqa: S608
    ledger = search.ledger
    shown = f"SELECT w.{ledger.key} AS key, w.{ledger.at} AS at, {select} FROM"
    if whole:
        for start in range(0, total, chunk):
            part = [row[0] for row in keys[start : start + chunk]]
            sql = f"{shown} {ledger.table} w{joins} WHERE w.{ledger.key} IN ({', '.join('?' * len(part))})"
            rows = {row[0]: row for row in ask(sql, part)}
            yield [rows[key] for key in part if key in rows]
        return
    search.before_moment(int(last) + 1)
    while rows := _next(search, found.lead, newest, shown, joins, chunk):
        yield rows


def _next(search: HistorySearch, lead: str, newest: bool, shown: str, joins: str, chunk: int) -> list[Any]:
    """The next rows of the walk, all of their last moment among them; the search goes on behind them."""
    rows = _part(search, lead, newest, shown, joins, chunk)
    if len(rows) < chunk:
        search.nothing = True
        return rows
    edge = rows[-1][1]
    if rows[0][1] == edge:
        rows = _part(replace(search, since=edge, until=edge + 1), lead, newest, shown, joins, None)
    else:
        rows = [row for row in rows if row[1] != edge]
    if newest:
        search.until = rows[-1][1]
    else:
        search.since = rows[-1][1] + 1
    return rows


def _part(search: HistorySearch, lead: str, newest: bool, shown: str, joins: str, chunk: int | None) -> list[Any]:
    if search.nothing:
        return []
    span, values = _span(search)
    led, parameters = (f"w.{lead} = ?", [search.equal[lead]]) if lead else ("1 = 1", [])
    parameters += values
    asked = ""
    for test in search.asked(lead):
        asked += f" AND {test.sql}"
        parameters += test.parameters
    turn, at = "DESC" if newest else "ASC", search.ledger.at
    tie = f", w.id {turn}" if is_postgresql(database.obj) else ""
    limit = "" if chunk is None else f" LIMIT {chunk}"
    sql = f"{shown} {_table(search, lead)}{joins} WHERE {led}{span}{asked} ORDER BY w.{at} {turn}{tie}{limit}"
    with snapshot_read(database.obj), _walking():
        rows = ask(sql, parameters)
    return sorted(rows, key=_BY_TIME, reverse=newest)
