"""A page of contacts out of a million, in the time of a blink.

Owns: how contacts are asked for: few found are sorted, many found are met in the order wanted. Must not: know requests
or draw.

Each condition is counted in its own index, up to `CAP`. The rarest finds the rows, which are asked the others; up to
`FEW` found are sorted. When many may be found, the rows are walked in the order wanted, which an index gives, and each
is asked whether it belongs: a page is soon full. Of so many the first `REACH` can be turned to; whoever wants others
narrows the search or downloads them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from peewee import SQL

from admin.folding import FROM, TO, words_of
from admin.listing import Page
from models.contact_search import TEXT, trigrams
from models.db import execute, is_postgresql, placeholder, snapshot_read
from models.tables import database

FEW: Final = 3_000
REACH: Final = 1_000
CAP: Final = 20_000
_DENSE: Final = 0.002  # of all contacts: from this share on a walk is soon done

Condition = tuple[str, list[Any]]


@dataclass
class Search:
    """Conditions on `contacts` in SQL, each in two forms: by which an index finds rows, and what a row is asked; and
    how its own index counts it."""

    finding: list[Condition] = field(default_factory=list)
    asking: list[Condition] = field(default_factory=list)
    counting: list[Condition | None] = field(default_factory=list)
    words: list[str] = field(default_factory=list)  # for the trigrams

    @property
    def everything(self) -> bool:
        return not self.finding

    def add(self, finding: str, *parameters: Any, asking: str = "", counting: str = "") -> None:
        self.finding.append((finding, list(parameters)))
        self.asking.append((asking or finding, list(parameters)))
        self.counting.append((counting, list(parameters)) if counting else None)

    def equal(self, column: str, value: int) -> None:
        # The + keeps SQLite from leaving the walk for the column's own index.
        plus = "" if is_postgresql(database.obj) else "+"
        counting = f"SELECT 1 FROM contacts WHERE {column} = ?"  # noqa: S608
        self.add(f"contacts.{column} = ?", value, asking=f"{plus}contacts.{column} = ?", counting=counting)

    def active_since(self, at: int) -> None:
        counting = "SELECT 1 FROM contacts WHERE last_activity_at >= ?"
        self.add("contacts.last_activity_at >= ?", at, counting=counting)

    def never_active(self) -> None:
        counting = "SELECT 1 FROM contacts WHERE last_activity_at IS NULL"
        self.add("contacts.last_activity_at IS NULL", counting=counting)

    def text(self, typed: str) -> None:
        """Every word somewhere in the contact: name, phone, e-mail, id, additional fields."""
        for word in words_of(typed):
            if is_postgresql(database.obj):
                self.add(f"({TEXT}) LIKE ?", _part(word))
            else:
                self.add("(instr(contacts.search, ?) > 0 OR instr(contacts.extra_search, ?) > 0)", word, word)
                self.words.append(word)

    def value(self, key: int, typed: str) -> None:
        """Every word in the value of one additional field."""
        test = "strpos" if is_postgresql(database.obj) else "instr"
        for word in words_of(typed):
            if is_postgresql(database.obj):
                self.add(f"({TEXT}) LIKE ?", _part(word))  # the value is part of the text, which has an index
            else:
                self.words.append(word)
            self.add(
                "EXISTS (SELECT 1 FROM contact_values v WHERE v.contact_id = contacts.id AND v.field_id = ? "  # noqa: S608
                f"AND {test}(v.folded, ?) > 0)",
                key,
                word,
            )

    def member_of(self, key: int) -> None:
        self.add(
            "contacts.id IN (SELECT contact_id FROM contact_list_members WHERE list_id = ?)",
            key,
            asking="EXISTS (SELECT 1 FROM contact_list_members m WHERE m.list_id = ? AND m.contact_id = contacts.id)",
            counting="SELECT 1 FROM contact_list_members WHERE list_id = ?",
        )


@dataclass(frozen=True)
class Order:
    """`parts`: expressions, each with its direction. `walked`: an index gives it, forwards and backwards."""

    parts: tuple[str, ...]
    walked: bool = True

    def sql(self) -> str:
        return ", ".join(self.parts)

    def turned(self) -> "Order":
        """The opposite one."""
        return Order(tuple(_turned(part) for part in self.parts), self.walked)


def _turned(part: str) -> str:
    """The opposite direction: `x DESC NULLS LAST` becomes `x ASC NULLS FIRST`."""
    swaps = {"DESC": "ASC", "ASC": "DESC", "LAST": "FIRST", "FIRST": "LAST"}
    return " ".join(swaps.get(word, word) for word in part.split(" "))


def folded_sql(column: str) -> str:
    """A column of a joined table as people sort it."""
    if is_postgresql(database.obj):
        return f"translate(lower(coalesce({column}, '')), '{FROM}', '{TO}')"
    return f"centralita_fold({column})"


def matching(search: Search, limit: int | None = None) -> Condition:
    """A SELECT of the ids of all that match, in no order."""
    source, parameters = _from(search.finding, () if is_postgresql(database.obj) else search.words)
    return f"SELECT contacts.id{source}" + ("" if limit is None else f" LIMIT {int(limit)}"), parameters


def ids_of(search: Search) -> list[int]:
    """All that match, oldest first."""
    with snapshot_read(database.obj):
        return sorted(row[0] for row in ask(*matching(search)))


def page(
    search: Search, order: Order, otherwise: Order, number: int, size: int, rows_of: Callable[[list[int]], list[Any]]
) -> Page:
    """One page. `Page.in_order` is False when too many were found to sort them by what no index knows."""
    with snapshot_read(database.obj):
        total = ids = None
        if search.everything:
            total = int(ask("SELECT count(*) FROM contacts")[0][0])
            ids = None if total > FEW else [row[0] for row in ask("SELECT id FROM contacts")]
        else:
            ids = few(search)
        if ids is not None:
            return _sorted(ids, order, number, size, rows_of)
        return _walked(search, order if order.walked else otherwise, total, number, size, rows_of, order.walked)


def few(search: Search, most: int | None = None, dense: float | None = None) -> list[int] | None:
    """The ids of what was found, or None: they are more than `most` (`FEW`), or look so."""
    most = FEW if most is None else most
    if is_postgresql(database.obj):
        # The planner takes a pattern for more common than it is and would read the whole table.
        for switch in ("enable_seqscan", "jit"):
            execute(database.obj, f"SET LOCAL {switch} = off")
        ids = [row[0] for row in ask(*matching(search, most + 1))]
        execute(database.obj, "SET LOCAL enable_seqscan = on")
        return ids if len(ids) <= most else None
    source, parameters, share = _rarest(search)
    if share >= (_DENSE if dense is None else dense):
        return None
    ids = [row[0] for row in ask(f"SELECT contacts.id{source} LIMIT {most + 1}", parameters)]
    return ids if len(ids) <= most else None


def _rarest(search: Search) -> tuple[str, list[Any], float]:
    """FROM … WHERE … led by the condition that finds the fewest, and the share of all contacts that may match."""
    everybody = max(1, int(ask("SELECT coalesce(max(id), 0) FROM contacts")[0][0]))
    share, best, best_count = 1.0, -2, CAP + 1
    question = _question(search.words)
    counts: list[tuple[int, Condition]] = [(place, one) for place, one in enumerate(search.counting) if one is not None]
    if question:
        counts.append((-1, ("SELECT 1 FROM contacts_text WHERE contacts_text MATCH ?", [question])))
    for place, (sql, parameters) in counts:
        found = int(ask(f"SELECT count(*) FROM ({sql} LIMIT {CAP})", parameters)[0][0])  # noqa: S608
        share *= found / everybody
        if found < best_count:
            best, best_count = place, found
    conditions = list(search.asking)
    if best >= 0:
        conditions[best] = search.finding[best]
    elif best == -2:
        return (*_from(search.finding, ()), 0.0)
    return (*_from(conditions, search.words if best == -1 else ()), share if best_count > FEW else 0.0)


def _sorted(ids: list[int], order: Order, number: int, size: int, rows_of: Callable[[list[int]], list[Any]]) -> Page:
    number = min(number, _pages(len(ids), size))
    first = (number - 1) * size
    joins = "" if order.walked else JOINS
    sql = (
        f"SELECT contacts.id FROM contacts{joins} WHERE contacts.id IN ({','.join(map(str, ids)) or 'NULL'}) "  # noqa: S608
        f"ORDER BY {order.sql()} LIMIT {int(size)} OFFSET {first}"
    )
    rows = rows_of([row[0] for row in ask(sql)])
    return Page(rows, len(ids), number, _pages(len(ids), size), first + 1 if rows else 0)


def _walked(
    search: Search,
    order: Order,
    total: int | None,
    number: int,
    size: int,
    rows_of: Callable[[list[int]], list[Any]],
    in_order: bool,
) -> Page:
    """A page in an order that an index gives, from whichever end is nearer."""
    reach = REACH if total is None else total
    number = min(number, _pages(reach, size))
    first = (number - 1) * size
    count = min(size, reach - first)
    source, parameters = _from(search.asking, ())
    turn = total is not None and first > total // 2
    offset = reach - first - count if turn else first
    walk = order.turned() if turn else order
    sql = f"SELECT contacts.id{source} ORDER BY {walk.sql()} LIMIT {count} OFFSET {offset}"
    ids = [row[0] for row in ask(sql, parameters)]
    if total is None and len(ids) < count:
        # Fewer than they looked: now their number is known.
        found = int(ask(f"SELECT count(*) FROM (SELECT 1{source} LIMIT {REACH}) found", parameters)[0][0])  # noqa: S608
        return _walked(search, order, found, number, size, rows_of, in_order)
    rows = rows_of(ids[::-1] if turn else ids)
    return Page(
        rows, reach, number, _pages(reach, size), first + 1 if rows else 0, exact=total is not None, in_order=in_order
    )


def _pages(reach: int, size: int) -> int:
    return max(1, -(-reach // size))


JOINS: Final = (
    " LEFT JOIN companies ON companies.id = contacts.company_id"
    " LEFT JOIN dispositions ON dispositions.id = contacts.disposition_id"
    " LEFT JOIN agents ON agents.id = contacts.agent_id"
)


def _from(conditions: Sequence[Condition], words: Sequence[str]) -> Condition:
    """FROM … WHERE …; with words, by way of the trigrams of SQLite."""
    tests = [sql for sql, _values in conditions]
    parameters = [value for _sql, values in conditions for value in values]
    source = "contacts"
    question = _question(words)
    if question:
        source = "contacts_text CROSS JOIN contacts ON contacts.id = contacts_text.rowid"
        tests.insert(0, "contacts_text MATCH ?")
        parameters.insert(0, question)
    return f" FROM {source}" + (f" WHERE {' AND '.join(tests)}" if tests else ""), parameters


def _question(words: Sequence[str]) -> str:
    """For the trigrams; "" when no word has three letters."""
    return " AND ".join(trigrams(word) for word in dict.fromkeys(words) if len(word) >= 3)


def _part(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def ask(sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
    """Rows of a statement whose marks are `?`."""
    return list(execute(database.obj, marked(sql), parameters).fetchall())


def marked(sql: str) -> str:
    """A statement whose marks are `?`, with the database's own."""
    opened = database.obj
    return sql.replace("%", "%%").replace("?", placeholder(opened)) if is_postgresql(opened) else sql


def subquery(search: Search) -> SQL:
    """The same SELECT as a part of another query."""
    sql, parameters = matching(search)
    return SQL(f"({marked(sql)})", parameters)
