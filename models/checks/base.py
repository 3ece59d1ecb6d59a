"""How one field is read and refused: text, choice, number, date, reference, uniqueness.

Owns: the steps that every section's check is made of. Must not: know a section.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final

from models.tables import Row, name_key
from models.values.errors import InvalidValue

_TRUE: Final = frozenset({"1", "true", "on", "yes", "y", "t", "si", "sí", "s", "x"})
_LABEL: Final = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_HOST: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\.?", re.ASCII)
_EMAIL: Final = re.compile(rf"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]{{1,64}}@(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})+")


@dataclass(slots=True)
class Checked:
    """Errors by field, or clean values by column."""

    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, InvalidValue] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.errors


class Check:
    """Reads one form's fields; each step notes the clean value or the error."""

    def __init__(self, table: type[Row], data: Mapping[str, Any], row: Row | None = None) -> None:
        self.table = table
        self.data = data
        self.row = row
        self.result = Checked()

    @property
    def values(self) -> dict[str, Any]:
        return self.result.values

    def raw(self, name: str) -> Any:
        """What was typed; else what the row has; else the column's default."""
        if name in self.data:
            return self.data[name]
        if self.row is not None:
            return getattr(self.row, name)
        meta: Any = self.table
        column = meta._meta.fields.get(name)
        default = None if column is None else column.default
        return default() if callable(default) else default

    def refuse(self, name: str, problem: InvalidValue) -> None:
        self.result.errors.setdefault(name, problem)

    def step(self, name: str, parse: Callable[[], Any]) -> Any:
        """Notes what `parse` returns; its InvalidValue becomes the field's error."""
        try:
            value = parse()
        except InvalidValue as problem:
            self.refuse(name, problem)
            return None
        self.values[name] = value
        return value

    def limit(self, name: str) -> int:
        """The column's longest text, in characters."""
        meta: Any = self.table
        return int(meta._meta.fields[name].max_length)

    def text(self, name: str, *, required: bool = False, null: bool = False, lines: bool = False) -> str:
        """Stripped text within the column's limit. Empty is None with `null`. Returns "" when refused."""
        typed = self.raw(name)
        value = self.step(name, lambda: clean_text(typed, self.limit(name), required=required, lines=lines))
        if value == "" and null:
            self.values[name] = None
        return value or ""

    def parsed(self, name: str, parse: Callable[[str], Any], *, required: bool = False, null: bool = False) -> Any:
        """Text, then `parse` unless it is empty; the parsed value takes the text's place."""
        text = self.text(name, required=required, null=null)
        if name in self.result.errors or not text:
            return None
        return self.step(name, lambda: parse(text))

    def choice(self, name: str, choices: type[StrEnum]) -> Any:
        typed = self.raw(name)
        return self.step(name, lambda: clean_choice(typed, choices))

    def flag(self, name: str) -> bool:
        typed = self.raw(name)
        value = typed.strip().casefold() in _TRUE if isinstance(typed, str) else bool(typed)
        self.values[name] = value
        return value

    def integer(self, name: str, minimum: int, maximum: int, *, null: bool = False) -> int | None:
        typed = self.raw(name)
        if null and (typed is None or str(typed).strip() == ""):
            self.values[name] = None
            return None
        value: int | None = self.step(name, lambda: clean_integer(typed, minimum, maximum))
        return value

    def reference(self, name: str, table: type[Row], *, required: bool = False) -> Any:
        """The id of an existing row of `table`, or None."""
        typed = self.raw(name)
        key = getattr(typed, "id", typed)
        if key is None or str(key).strip() in ("", "None", "__None"):
            if required:
                self.refuse(name, InvalidValue("required"))
            self.values[name] = None
            return None

        def existing() -> int:
            text = str(key).strip()
            if not text.isdecimal() or len(text) > 18 or table.get_or_none(table.id == int(text)) is None:
                raise InvalidValue("not_found", what=str(table.__name__), value=text[:40])
            return int(text)

        return self.step(name, existing)

    def unique(self, name: str, column: str, key: Any, shown: str | None = None) -> None:
        """Refuses `name` when another row has `key` in `column`."""
        if name in self.result.errors or key is None:
            return
        table: Any = self.table
        query = table.select(table.id).where(getattr(table, column) == key)
        if self.row is not None:
            query = query.where(table.id != self.row.id)
        if query.exists():
            self.refuse(name, InvalidValue("not_unique", value=str(key if shown is None else shown)))

    def name(self) -> str:
        """A required name that no other row has; `name_key` with it, for writers in bulk."""
        text = self.text("name", required=True)
        if text:
            self.values["name_key"] = name_key(text)
            self.unique("name", "name_key", name_key(text), text)
        return text


def clean_text(typed: Any, maximum: int, *, required: bool = False, lines: bool = False) -> str:
    """NFC, stripped, no control characters (line breaks and tabs with `lines`). Raises InvalidValue."""
    text = "" if typed is None else str(typed)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text and required:
        raise InvalidValue("required")
    if len(text) > maximum:
        raise InvalidValue("too_long", maximum=maximum, length=len(text))
    if text.isprintable():
        return text  # no character of those below
    for character in text:
        allowed = lines and character in "\n\t"
        if not allowed and unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
            raise InvalidValue("control_characters")
    return text


def clean_choice(typed: Any, choices: type[StrEnum]) -> Any:
    """A member of the enum. Raises InvalidValue(not_a_choice)."""
    try:
        return choices(str(typed).strip())
    except ValueError:
        raise InvalidValue("not_a_choice", value=str(typed)[:40], choices=", ".join(choices)) from None


def clean_integer(typed: Any, minimum: int, maximum: int) -> int:
    """A whole number within limits. Raises InvalidValue."""
    text = str(typed).strip() if typed is not None else ""
    if not text:
        raise InvalidValue("required")
    if isinstance(typed, bool) or not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise InvalidValue("not_a_number", value=text[:40])
    value = int(text)
    if not minimum <= value <= maximum:
        raise InvalidValue("out_of_range", minimum=minimum, maximum=maximum, value=value)
    return value


def clean_number(typed: Any) -> str:
    """A decimal number as plain text, `,` or `.` as its mark. Raises InvalidValue(not_a_number)."""
    text = str(typed).strip()
    plain = text.replace(",", ".") if text.count(",") == 1 and "." not in text else text
    try:
        if not re.fullmatch(r"[+-]?[0-9.]{1,40}", plain):
            raise InvalidOperation
        return format(Decimal(plain), "f")
    except InvalidOperation:
        raise InvalidValue("not_a_number", value=text[:40]) from None


def clean_date(typed: Any) -> str:
    """`YYYY-MM-DD`, or day/month/year as people here write it. Raises InvalidValue(not_a_date)."""
    text = str(typed).strip()
    try:
        if found := re.fullmatch(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})", text):
            return date(int(found[3]), int(found[2]), int(found[1])).isoformat()
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    raise InvalidValue("not_a_date", value=text[:40])


def clean_email(text: str) -> str:
    """Raises InvalidValue(email_invalid)."""
    if not _EMAIL.fullmatch(text) or ".." in text or text.startswith("."):
        raise InvalidValue("email_invalid", value=text[:80])
    return text


def clean_host(text: str) -> str:
    """A host name or an IP address. Raises InvalidValue(host_invalid)."""
    from models.values.ip import parse_address

    if _HOST.fullmatch(text) and not re.fullmatch(r"[0-9.]+", text):
        return text
    try:
        return str(parse_address(text))
    except InvalidValue:
        raise InvalidValue("host_invalid", value=text[:80]) from None
