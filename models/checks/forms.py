"""Checks of forms, of their fields, and of what an agent fills in."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from models.checks.base import Check, Checked, clean_date, clean_email, clean_number, clean_text
from models.checks.contacts import account_region, clean_options
from models.tables import Form, FormField, Printer, fold
from models.tables.contacts import YesNo
from models.tables.forms import FormFieldKind
from models.values.errors import InvalidValue
from models.values.phone import normalise

MAX_FIELDS: Final = 200
MAX_ANSWER: Final = 10_000
MAX_ANSWERS: Final = 100_000  # of one filled form, as JSON
_WITH_OPTIONS: Final = (FormFieldKind.LIST, FormFieldKind.CHOICES)
_TIME: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


def check_form(data: Mapping[str, Any], row: Form | None = None) -> Checked:
    check = Check(Form, data, row)
    check.name()
    check.flag("active")
    check.reference("printer", Printer)
    return check.result


def check_form_fields(fields: Sequence[Mapping[str, Any]]) -> Checked:
    """The fields of a new version, in order. Errors are keyed `<position>.<column>` (from 0);
    `values["fields"]` is a list of rows for `FormField`, without the version."""
    result = Checked()
    rows: list[dict[str, Any]] = []
    if len(fields) > MAX_FIELDS:
        result.errors["fields"] = InvalidValue("options_invalid", reason=f"more than {MAX_FIELDS}")
        return result
    names: list[str] = []
    for position, data in enumerate(fields):
        check = Check(FormField, data)
        label = check.text("label", required=True)
        name = check.text("name") or re.sub(r"\W+", "_", fold(label)).strip("_")[:60] or f"campo_{position + 1}"
        if name in names and "name" not in data:
            name = f"{name[:55]}_{position + 1}"
        if name in names:
            check.refuse("name", InvalidValue("not_unique", value=name))
        check.values["name"] = name
        kind = check.choice("kind", FormFieldKind)
        check.flag("required")
        check.text("default_value", lines=True)
        check.text("help", lines=True)
        typed = check.raw("options")
        if kind in _WITH_OPTIONS:
            check.step("options", lambda typed=typed: clean_options(typed))  # type: ignore[misc]
        else:
            check.values["options"] = None
        check.values["condition"] = None
        _condition(check, data.get("condition"), names)
        check.values["position"] = position
        names.append(name)
        rows.append(check.values)
        result.errors.update({f"{position}.{column}": error for column, error in check.result.errors.items()})
    result.values["fields"] = rows
    return result


def _condition(check: Check, typed: Any, before: Sequence[str]) -> None:
    """Shown only if an earlier field has a value: {"field": name, "equals": text}, or {"position": place, …} for one
    that has no name yet."""
    if not typed:
        return
    if isinstance(typed, Mapping) and isinstance(place := typed.get("position"), int):
        if not 0 <= place < len(before):
            check.refuse("condition", InvalidValue("not_before"))
            return
        typed = {"field": before[place], "equals": typed.get("equals")}
    field, equals = (
        (str(typed.get(key) or "") for key in ("field", "equals")) if isinstance(typed, Mapping) else ("", "")
    )
    if field not in before:
        check.refuse("condition", InvalidValue("not_found", what="field", value=field[:60]))
    elif not equals or len(equals) > 200:
        check.refuse("condition", InvalidValue("required"))
    else:
        check.values["condition"] = {"field": field, "equals": equals}


def check_form_answers(fields: Iterable[FormField], answers: Mapping[str, Any]) -> Checked:
    """A filled form, by field name. A field that its condition hides is neither required nor kept.

    `values["answers"]` is the JSON of `FormAnswer.answers`, `values["folded"]` its text for searches. The answer to a
    field of files is the list of their names.
    """
    result = Checked()
    kept: dict[str, Any] = {}
    region = account_region()
    for field in fields:
        name = str(field.name)
        if field.kind == FormFieldKind.HEADING or not _is_shown(field, kept):
            continue
        try:
            value = _answer(field, answers.get(name), region)
        except InvalidValue as problem:
            result.errors[name] = problem
            continue
        if value not in ("", []):
            kept[name] = value
    length = len(json.dumps(kept, ensure_ascii=False))
    if length > MAX_ANSWERS:
        longest = max(kept, key=lambda name: len(str(kept[name])))
        result.errors.setdefault(longest, InvalidValue("too_long", maximum=MAX_ANSWERS, length=length))
    result.values["answers"] = kept
    texts = (" ".join(value) if isinstance(value, list) else str(value) for value in kept.values())
    result.values["folded"] = fold(" ".join(texts))[:100_000]
    return result


def _is_shown(field: FormField, kept: Mapping[str, Any]) -> bool:
    condition = field.condition
    if not condition:
        return True
    value = kept.get(condition["field"])
    return bool(condition["equals"] in value) if isinstance(value, list) else value == condition["equals"]


def _answer(field: FormField, typed: Any, region: str) -> str | list[str]:
    options = list(field.options or [])
    if field.kind == FormFieldKind.CHOICES:
        chosen = [typed] if isinstance(typed, str) else list(typed or [])
        if field.required and not chosen:
            raise InvalidValue("required")
        for one in chosen:
            if one not in options:
                raise InvalidValue("not_a_choice", value=str(one)[:40], choices=", ".join(options))
        return [option for option in options if option in chosen]
    if field.kind == FormFieldKind.FILE:
        names = [str(one) for one in typed] if isinstance(typed, list) else []
        if field.required and not names:
            raise InvalidValue("required")
        return names
    lines = field.kind == FormFieldKind.LONG_TEXT
    text = clean_text(typed, MAX_ANSWER, required=bool(field.required), lines=lines)
    if not text:
        return ""
    match field.kind:
        case FormFieldKind.NUMBER:
            return clean_number(text)
        case FormFieldKind.DATE:
            return clean_date(text)
        case FormFieldKind.TIME:
            found = _TIME.fullmatch(text)
            if found is None:
                raise InvalidValue("not_a_time", value=text[:40])
            return f"{int(found[1]):02d}:{found[2]}"
        case FormFieldKind.YES_NO:
            return YesNo.read(text).value
        case FormFieldKind.EMAIL:
            return clean_email(text)
        case FormFieldKind.PHONE:
            if normalise(text, region) is None:
                raise InvalidValue("phone_invalid", value=text[:40])
        case FormFieldKind.LIST:
            if text not in options:
                raise InvalidValue("not_a_choice", value=text[:40], choices=", ".join(options))
    return text
