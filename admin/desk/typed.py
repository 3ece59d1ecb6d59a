"""What the page sends with *Salvar*, read: the fields that the agent changed, and nothing else.

Owns: the shape. Must not: judge values (`models.checks`), or know rows.

Each field has one key, the same in drafts and in errors: `comment`, `field.<id>` for a contact's additional one,
`form.<version>.<name>` for one of a form.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from admin import call_notes, callbacks

CALL_FIELDS: Final = call_notes.FIELDS
CALLBACK_FIELDS: Final = callbacks.FIELDS
CONTACT_FIELDS: Final = ("name", "phone", "email", "company")
MAX_FORMS: Final = 50
_LONGEST_KEY: Final = 18  # digits of a row's id


class BadRequest(Exception):
    """Not what the desk's page sends."""


@dataclass(frozen=True, slots=True)
class FilledForm:
    """All that stands in a form that was touched. Files are not in it: they lie on the server already."""

    version: int
    answers: Mapping[str, str | list[str]]


@dataclass(frozen=True, slots=True)
class Typed:
    call: Mapping[str, str] = field(default_factory=dict)
    contact: Mapping[str, str] = field(default_factory=dict)
    callback: Mapping[str, str] = field(default_factory=dict)
    additional: Mapping[int, str] = field(default_factory=dict)
    forms: tuple[FilledForm, ...] = ()
    contact_id: int | None = None  # chosen among those with the caller's number
    seen: Mapping[str, str] = field(default_factory=dict)
    """Of the contact's fields that were changed, by key: what the page held for saved when the typing began."""


def read(body: object) -> Typed:
    """Raises BadRequest."""
    if not isinstance(body, dict):
        raise BadRequest("an object is expected")
    texts: dict[tuple[str, ...], dict[str, str]] = {CALL_FIELDS: {}, CONTACT_FIELDS: {}, CALLBACK_FIELDS: {}}
    rest: dict[str, Any] = {}
    for name, value in body.items():
        if name in _READERS:
            rest[_NAMES[name]] = _READERS[name](value)
        elif (among := next((names for names in texts if name in names), None)) and isinstance(value, str):
            texts[among][name] = value
        else:
            raise BadRequest("an unknown field, or one that is no text")
    return Typed(texts[CALL_FIELDS], texts[CONTACT_FIELDS], texts[CALLBACK_FIELDS], **rest)


def keys_of(typed: Typed) -> list[str]:
    """The keys of all fields that were sent, those of forms apart."""
    chosen = [] if typed.contact_id is None else ["contact"]
    return [*typed.call, *typed.contact, *typed.callback, *(f"field.{key}" for key in typed.additional), *chosen]


def _additional(value: object) -> dict[int, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise BadRequest("fields: texts by their field's id")
    return {_key(name): text for name, text in value.items()}


def _seen(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise BadRequest("seen: texts by their field's key")
    return value


def _forms(value: object) -> tuple[FilledForm, ...]:
    if not isinstance(value, list) or len(value) > MAX_FORMS:
        raise BadRequest("forms: a list")
    forms = tuple(_form(one) for one in value)
    if len({one.version for one in forms}) != len(forms):
        raise BadRequest("forms: one twice")
    return forms


def _form(value: object) -> FilledForm:
    if not isinstance(value, dict) or set(value) != {"version", "answers"} or not isinstance(value["answers"], dict):
        raise BadRequest("a form: its version and answers")
    for answer in value["answers"].values():
        if not isinstance(answer, str) and not (isinstance(answer, list) and all(isinstance(a, str) for a in answer)):
            raise BadRequest("an answer that is neither a text nor a list of texts")
    return FilledForm(_key(value["version"]), value["answers"])


def _key(value: object) -> int:
    text = str(value)
    if isinstance(value, bool) or not text.isdecimal() or len(text) > _LONGEST_KEY:
        raise BadRequest("an id is expected")
    return int(text)


_READERS: Final[dict[str, Callable[[object], Any]]] = {
    "fields": _additional,
    "forms": _forms,
    "contact": _key,
    "seen": _seen,
}
_NAMES: Final = {"fields": "additional", "forms": "forms", "contact": "contact_id", "seen": "seen"}
