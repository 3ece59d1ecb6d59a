"""What every table shares: the database they are bound to, and the kinds of columns.

Owns: instants, money, limited texts, enums as stored; the folding of text for searches.
Must not: open a database (`models.db`).
"""

import json
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from peewee import BigIntegerField, CharField, DatabaseProxy, ForeignKeyField, Model, TextField

from models.values.money import from_millionths, to_millionths

# Bound to a real database by `models.db.open_database`.
database = DatabaseProxy()


class Row(Model):
    """The base of every table."""

    id: Any  # join tables have none

    class Meta:
        database = database
        legacy_table_names = False


class NamedRow(Row):
    """A row with a name that no other has: `name_key` is kept by `save`; bulk writers call `name_key` themselves."""

    name: Any
    name_key: Any

    def save(self, *args: Any, **kwargs: Any) -> Any:
        self.name_key = name_key(self.name)
        return super().save(*args, **kwargs)


def epoch_ms(instant: datetime) -> int:
    """Milliseconds since 1970-01-01 UTC. A naive datetime is refused: nobody knows which clock it was."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    delta = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return delta.days * 86_400_000 + delta.seconds * 1000 + delta.microseconds // 1000


def from_epoch_ms(stored: int) -> datetime:
    seconds, milliseconds = divmod(stored, 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=milliseconds * 1000)


def now() -> datetime:
    """The present, to the millisecond: what is saved is what is read again."""
    return from_epoch_ms(epoch_ms(datetime.now(UTC)))


class InstantField(BigIntegerField):
    """An instant, stored as UTC epoch milliseconds; an aware datetime in Python. Ints pass through as stored."""

    def db_value(self, value: Any) -> int | None:
        if value is None or isinstance(value, int):
            return value
        return epoch_ms(value)

    def python_value(self, value: Any) -> datetime | None:
        return None if value is None else from_epoch_ms(int(value))


class MoneyField(BigIntegerField):
    """An amount, stored as millionths; a Decimal in Python."""

    def db_value(self, value: Any) -> int | None:
        return None if value is None else to_millionths(Decimal(value))

    def python_value(self, value: Any) -> Decimal | None:
        return None if value is None else from_millionths(int(value))


class ChoiceField(CharField):
    """A StrEnum, stored as its value."""

    def __init__(self, enum: type[StrEnum], *args: Any, **kwargs: Any) -> None:
        self.enum = enum
        kwargs.setdefault("max_length", 32)
        kwargs.setdefault("choices", [(member.value, member.value) for member in enum])
        super().__init__(*args, **kwargs)

    def db_value(self, value: Any) -> str | None:
        return None if value is None else self.enum(value).value

    def python_value(self, value: Any) -> StrEnum | None:
        return None if value is None else self.enum(value)

    def clone(self) -> "ChoiceField":
        return ChoiceField(self.enum, **{name: getattr(self, name) for name in ("null", "default", "max_length")})


class LimitedTextField(TextField):
    """A long text with a limit that `models.checks` enforces; CharField carries its own."""

    def __init__(self, *args: Any, max_length: int, **kwargs: Any) -> None:
        self.max_length = max_length
        super().__init__(*args, **kwargs)


class JsonField(LimitedTextField):
    """A list or an object, stored as JSON text alike on both databases."""

    def db_value(self, value: Any) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def python_value(self, value: Any) -> Any:
        return None if value is None else json.loads(value)


def fold(text: str | None) -> str:
    """Text for searches: no case, no accents (ñ becomes n), single spaces; alike on both databases."""
    if not text:
        return ""
    if text.isascii():
        return " ".join(text.lower().split())  # the same, in a tenth of the time
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(part for part in decomposed if not unicodedata.combining(part)).split())


def points_to(table: type[Model], *, on_delete: str = "RESTRICT", **kwargs: Any) -> Any:
    """A foreign key that refuses the deletion of what it points to, unless said otherwise."""
    return ForeignKeyField(table, on_delete=on_delete, **kwargs)


def name_key(text: str) -> str:
    """What makes two names the same: case and spaces do not count, accents do."""
    return " ".join(unicodedata.normalize("NFC", text.casefold()).split())
