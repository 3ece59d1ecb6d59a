"""An answered form as lines: its fields in the order of its version, and each answer in words.

Owns: the order and the words, for the page, the download and the slip. Must not: draw.
"""

from collections.abc import Iterable
from typing import Any

from models.tables import FormAnswer, FormField
from models.tables.forms import FormFieldKind


def fields_of(versions: Iterable[int]) -> dict[int, list[FormField]]:
    """By version, its fields in order; headings too."""
    rows = FormField.select().where(FormField.version.in_(list(versions))).order_by(FormField.position)
    found: dict[int, list[FormField]] = {}
    for row in rows:
        found.setdefault(row.version_id, []).append(row)
    return found


def in_words(value: Any) -> str:
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value or "")


def answered(row: FormAnswer) -> list[tuple[FormField, str]]:
    """Headings, and the fields that were answered, in the order of the answer's version."""
    fields = fields_of({row.version_id}).get(row.version_id, [])
    return [
        (field, in_words(row.answers.get(field.name)))
        for field in fields
        if field.kind is FormFieldKind.HEADING or field.name in row.answers
    ]
