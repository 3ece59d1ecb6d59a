"""A list as a section declares it and as a request asks for it: columns, filters, sorting, pages.

Owns: reading the address' arguments so that no value of them can break a page. Must not: draw, or know a section.

Every filter's condition is put on the section's own query, whose joins all start at the root table: two filters on two
related tables do not meet.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from flask_babel import lazy_gettext as _l
from peewee import ModelSelect

from admin.language import timezone
from models.values.errors import InvalidValue

SIZES: Final = (25, 50, 100, 200)
DEFAULT_SIZE: Final = 50
_MAX_TEXT: Final = 200
_TYPED_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ](?P<minute>\d\d:\d\d)(?P<second>:\d\d)?(?P<fraction>[.,]\d+)?(?:Z|[+-].+)?)?"
)


@dataclass(frozen=True)
class Column:
    """`sort`: what to order by, most important first; empty: not sortable. `kind` is a class of the cell.

    `fields`: those of the row's form that are edited in the cell; "": the one of the column's name.
    """

    name: str
    label: Any
    sort: Sequence[Any] = ()
    kind: str = ""
    fields: Sequence[str] = ()

    @property
    def edited(self) -> Sequence[str]:
        return self.fields or (self.name,)


@dataclass(frozen=True)
class Filter:
    """`apply(query, value)` narrows the query. Its argument in the address is `name`; empty means everything."""

    name: str
    label: Any
    apply: Callable[[ModelSelect, Any], ModelSelect]
    kind: str = "text"

    def parse(self, text: str) -> Any:
        return text

    def options(self) -> Iterable[tuple[str, Any]]:
        return ()


@dataclass(frozen=True)
class ChoiceFilter(Filter):
    choices: Callable[[], Iterable[tuple[str, Any]]] = tuple
    kind: str = "choice"
    everything: Any = field(default_factory=lambda: _l("Todos"))

    def parse(self, text: str) -> Any:
        if text not in {str(value) for value, _label in self.choices()}:
            raise InvalidValue("not_found", what=self.name, value=text[:40])
        return text

    def options(self) -> Iterable[tuple[str, Any]]:
        return [(str(value), label) for value, label in self.choices()]


@dataclass(frozen=True)
class MomentFilter(Filter):
    """Date and time where the account is, `2026-01-31T08:30` or a date alone (its first moment)."""

    kind: str = "moment"

    def parse(self, text: str) -> datetime:
        try:
            typed = datetime.fromisoformat(text)
        except ValueError:
            raise InvalidValue("not_a_date", value=text[:40]) from None
        # Years of which no clock knows: what is out of range is no moment.
        if not 1971 <= typed.year <= 2999:
            raise InvalidValue("not_a_date", value=text[:40])
        return typed if typed.tzinfo else typed.replace(tzinfo=timezone())


class UntilFilter(MomentFilter):
    """The last moment that belongs, as fine as it was typed: 23:59 is that whole minute, a date the whole day. The
    value is the first moment that does not belong."""

    def parse(self, text: str) -> datetime:
        typed = super().parse(text)
        parts = _TYPED_MOMENT.fullmatch(text)
        if parts is None or parts["fraction"]:
            return typed + timedelta(milliseconds=1)
        return typed + timedelta(**{"seconds" if parts["second"] else "minutes" if parts["minute"] else "days": 1})


@dataclass
class Wanted:
    """What a request asks of a list, with every value made sane."""

    text: str = ""
    typed: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, InvalidValue] = field(default_factory=dict)
    sort: str = ""
    descending: bool = False
    page: int = 1
    size: int = DEFAULT_SIZE

    @property
    def is_narrowed(self) -> bool:
        return bool(self.text or self.values or self.problems)

    def arguments(self, **changes: Any) -> dict[str, Any]:
        """The address' arguments for the same list, with changes; the defaults are left out."""
        known: dict[str, Any] = {"q": self.text, **self.typed, "sort": self.sort}
        known |= {"desc": "1" if self.descending else "", "page": self.page if self.page > 1 else ""}
        known |= {"size": self.size if self.size != DEFAULT_SIZE else ""}
        known |= changes
        if known.get("page") == 1:
            known["page"] = ""
        return {name: value for name, value in known.items() if value not in ("", None)}


def read(arguments: Mapping[str, str], filters: Iterable[Filter], columns: Iterable[Column]) -> Wanted:
    """What is asked for. An unknown order is the default one, a page that is no number the first."""
    wanted = Wanted(text=_clean(arguments.get("q", "")))
    for one in filters:
        text = _clean(arguments.get(one.name, ""))
        if not text:
            continue
        wanted.typed[one.name] = text
        try:
            wanted.values[one.name] = one.parse(text)
        except InvalidValue as problem:
            wanted.problems[one.name] = problem
    sort = arguments.get("sort", "")
    if any(column.name == sort and column.sort for column in columns):
        wanted.sort = sort
        wanted.descending = arguments.get("desc") == "1"
    wanted.page = max(1, _number(arguments.get("page", ""), 1))
    size = _number(arguments.get("size", ""), DEFAULT_SIZE)
    wanted.size = size if size in SIZES else DEFAULT_SIZE
    return wanted


def _clean(text: str) -> str:
    return "".join(character for character in text if character.isprintable()).strip()[:_MAX_TEXT]


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else otherwise


@dataclass(frozen=True)
class Page:
    """One page of rows; `number` is within the pages that there are."""

    rows: list[Any]
    total: int
    number: int
    pages: int
    first: int  # 1-based place of the first row, 0 when there is none
    exact: bool = True  # False: there are more than `total`
    in_order: bool = True  # False: they are too many to be sorted as wanted
    until: datetime | None = None  # from there on nobody looked: ask again from that moment

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1 if self.rows else 0

    def around(self) -> list[int | None]:
        """Page numbers to offer; None stands for a gap."""
        near = {1, 2, self.pages - 1, self.pages, *range(self.number - 1, self.number + 2)}
        shown: list[int | None] = []
        for number in sorted(number for number in near if 1 <= number <= self.pages):
            previous = shown[-1] if shown else None
            if previous is not None and number - previous > 1:
                shown.append(None)
            shown.append(number)
        return shown


def page_of(query: ModelSelect, total: int, number: int, size: int) -> Page:
    """The page `number`, or the last one when there are fewer."""
    pages = max(1, -(-total // size))
    number = min(number, pages)
    rows = list(query.limit(size).offset((number - 1) * size))
    return Page(rows, total, number, pages, (number - 1) * size + 1 if rows else 0)
