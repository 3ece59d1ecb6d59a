"""What is asked of a long history: the conditions, and how each finds rows or is asked of a row.

Owns: `Ledger` (a table in the order of time, with its indexes) and `HistorySearch`. Must not: run a statement but to
learn which few contacts are meant; reading pages is `admin.history_pages`'.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from admin import contact_pages
from admin.contact_pages import Condition, Search
from models.db import is_postgresql
from models.tables import database
from models.values.phone import region_of

MIN_DIGITS: Final = 3
PEOPLE: Final = 8_000  # of so few contacts all calls may be gathered
_DENSE: Final = 0.01  # of all contacts: from this share on a walk is soon done
GATHERED: Final = 40_000  # calls


@dataclass(frozen=True)
class Sort:
    """An order that no index gives: an expression over the row `t`, and the joins it needs."""

    expression: str
    joins: str = ""


@dataclass(frozen=True)
class Ledger:
    """`leads`: the index led by a column and then time, "" by time alone; each holds the other columns that lead one.
    `sorts` are made when asked: they depend on the database."""

    table: str
    at: str
    leads: Mapping[str, str]
    sorts: Callable[[], Mapping[str, Sort]] = dict

    @property
    def key(self) -> str:
        """What names a row: SQLite's indexes hold the rowid anyway."""
        return "id" if is_postgresql(database.obj) else "rowid"


@dataclass(frozen=True)
class Test:
    """A condition asked of the row `w`, which must show `columns`."""

    sql: str
    parameters: Sequence[Any] = ()
    columns: Sequence[str] = ()


@dataclass
class HistorySearch:
    ledger: Ledger
    since: int | None = None
    until: int | None = None  # the first moment that does not belong
    equal: dict[str, Any] = field(default_factory=dict)  # columns that lead an index
    tests: list[Test] = field(default_factory=list)  # of whatever costs a look elsewhere
    people: Search = field(default_factory=Search)  # of the calls' contacts
    text: Search | None = None  # or else of their contacts' text
    prefixes: list[str] = field(default_factory=list)  # or of the other side's number
    nothing: bool = False

    # ------------------------------------------------------------ how filters put it
    def from_moment(self, at: int) -> None:
        self.since = at if self.since is None else max(self.since, at)

    def before_moment(self, at: int) -> None:
        self.until = at if self.until is None else min(self.until, at)

    def between(self, start: int, end: int) -> None:
        self.from_moment(start)
        self.before_moment(end)

    def is_(self, column: str, value: Any) -> None:
        if self.equal.setdefault(column, value) != value:
            self.nothing = True

    def by_contact(self, typed: str, region: str) -> None:
        """Every word somewhere in the contact; or the number of the other side begins so, however it is written."""
        self.text = Search()
        self.text.text(typed)
        if self.text.everything:
            self.text = None
            return
        digits = "".join(typed.split()).strip("+").translate({ord(mark): None for mark in "-().,/"})
        if digits.isascii() and digits.isdigit() and len(digits) >= MIN_DIGITS:
            self.prefixes = list(dict.fromkeys((digits, f"+{digits}", f"+{region_of(region).country_code}{digits}")))

    # ------------------------------------------------------------ asked of a row
    def asked(self, lead: str) -> list[Test]:
        """All that a row found by way of `lead` must still be asked."""
        found = [Test(f"w.{name} = ?", (value,), (name,)) for name, value in self.equal.items() if name != lead]
        if not self.people.everything:
            found.append(_of_contact(self.people.asking))
        if self.text is not None:
            one = _of_contact(self.text.asking)
            sql, parameters = _number(self.prefixes)
            columns = ("contact_id", *(_NUMBERS if self.prefixes else ()))
            found.append(Test(f"({one.sql}{' OR ' + sql if sql else ''})", (*one.parameters, *parameters), columns))
        return found + self.tests

    def asked_of_gathered(self) -> list[Test]:
        """The same of a row that `gathered` found: its contact was asked already, but not that of a number."""
        found = [Test(f"w.{name} = ?", (value,), (name,)) for name, value in self.equal.items()]
        if self.prefixes and not self.people.everything:
            found.append(_of_contact(self.people.asking))
        return found + self.tests

    @property
    def is_dear(self) -> bool:
        """A row that is asked needs a look at another table, or at its own."""
        return bool(self.tests) or self.text is not None or not self.people.everything

    # ------------------------------------------------------------ found by contact
    def gathered(self) -> Condition | None:
        """A SELECT of the rows of the few contacts (and numbers) that are meant; None: they are many."""
        if self.people.everything and self.text is None:
            return None
        wanted = Search()
        for one in (self.people, self.text):
            for name in ("finding", "asking", "counting", "words"):
                getattr(wanted, name).extend(getattr(one, name) if one is not None else ())
        ids = contact_pages.few(wanted, PEOPLE, _DENSE)
        if ids is None:
            return None
        parts: list[Condition] = [(f"w.contact_id IN ({','.join(map(str, ids)) or 'NULL'})", [])]
        parts += [_range(one, column) for one in self.prefixes for column in _SIDES]
        table = self.ledger.table
        # A union is made whole before its first row is there: not of the calls of half the country.
        for sql, values in parts if len(parts) > 1 else ():
            counted = f"SELECT count(*) FROM (SELECT 1 FROM {table} w WHERE {sql} LIMIT {GATHERED}) counted"  # noqa: S608
            if int(contact_pages.ask(counted, values)[0][0]) == GATHERED:
                return None
        shown = self.columns(self.asked_of_gathered())
        of_side = ["", *(f" AND w.direction <> '{_SIDES[column]}'" for _ in self.prefixes for column in _SIDES)]
        selects = [
            f"SELECT {shown} FROM {table} w WHERE {sql}{side}"  # noqa: S608
            for (sql, _), side in zip(parts, of_side, strict=True)
        ]
        return " UNION ".join(selects), [value for _, values in parts for value in values]

    def columns(self, tests: Sequence[Test]) -> str:
        """What an inner SELECT shows of the row `w` for the tests around it."""
        names = dict.fromkeys(column for test in tests for column in test.columns)
        shown = "".join(f", w.{name}" for name in names)
        return f"w.{self.ledger.key} AS key, w.{self.ledger.at} AS at{shown}"


def _of_contact(conditions: Sequence[Condition]) -> Test:
    # The offset keeps PostgreSQL from joining a million contacts before it looks at fifty calls.
    fence = " OFFSET 0" if is_postgresql(database.obj) else ""
    asked = " AND ".join(("contacts.id = w.contact_id", *(sql for sql, _ in conditions)))
    parameters = [value for _, values in conditions for value in values]
    return Test(f"EXISTS (SELECT 1 FROM contacts WHERE {asked}{fence})", parameters, ("contact_id",))  # noqa: S608


# The other side's number is the caller's, of an outbound call the one that was called, of an internal call either:
# each column, and the direction whose calls have their own side's number there.
_SIDES: Final = {"calling_number": "outbound", "called_number": "inbound"}
_NUMBERS: Final = ("direction", *_SIDES)


def _range(prefix: str, column: str) -> Condition:
    least, below = ("~>=~", "~<~") if is_postgresql(database.obj) else (">=", "<")
    return f"w.{column} {least} ? AND w.{column} {below} ?", [prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1)]


def _number(prefixes: Sequence[str]) -> Condition:
    parts, values = [], []
    for one in prefixes:
        for column, but in _SIDES.items():
            sql, bounds = _range(one, column)
            parts.append(f"({sql} AND w.direction <> '{but}')")
            values += bounds
    return " OR ".join(parts), values
