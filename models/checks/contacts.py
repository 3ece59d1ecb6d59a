"""Checks of contacts, companies, lists, additional fields, dispositions, and of what an agent saves of a call."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from models.checks.base import Check, Checked, clean_date, clean_email, clean_number, clean_text
from models.tables import (
    Account,
    AdditionalField,
    Agent,
    Call,
    Company,
    Contact,
    ContactList,
    ContactValue,
    Disposition,
)
from models.tables.contacts import DispositionAction, FieldKind, YesNo
from models.values.errors import InvalidValue
from models.values.phone import DEFAULT_REGION, normalise
from models.values.url import PLACEHOLDERS

MAX_OPTIONS: Final = 200
MAX_OPTION: Final = 100
_FIELD_NAME: Final = re.compile(r"[^\W_][\w .\-]*")


def account_region() -> str:
    """The region by which the account's numbers are read."""
    account = Account.select(Account.region).first()
    return DEFAULT_REGION if account is None else str(account.region)


def _phone(check: Check, name: str, region: str) -> str | None:
    """A phone as typed; its key. An extension is a phone, words are not."""

    def readable(text: str) -> str:
        if normalise(text, region) is None:
            raise InvalidValue("phone_invalid", value=text)
        return text

    typed = check.parsed(name, readable)
    return normalise(typed, region) if typed else None


def check_company(data: Mapping[str, Any], row: Company | None = None) -> Checked:
    check = Check(Company, data, row)
    check.name()
    check.text("description", lines=True)
    check.text("address", lines=True)
    _phone(check, "phone", account_region())
    check.parsed("email", clean_email)
    return check.result


def check_contact(data: Mapping[str, Any], row: Contact | None = None) -> Checked:
    """A contact needs a name or a phone. `phone_key` comes with the values; `search` is the table's business."""
    check = Check(Contact, data, row)
    name = check.text("name")
    key = _phone(check, "phone", account_region())
    check.values["phone_key"] = key
    check.parsed("email", clean_email)
    check.text("external_id")
    check.reference("company", Company)
    check.reference("disposition", Disposition)
    check.reference("agent", Agent)
    if not check.result.errors and not name and key is None:
        check.refuse("name", InvalidValue("name_or_phone"))
    return check.result


def check_contact_list(data: Mapping[str, Any], row: ContactList | None = None) -> Checked:
    check = Check(ContactList, data, row)
    check.name()
    return check.result


def check_disposition(data: Mapping[str, Any], row: Disposition | None = None) -> Checked:
    check = Check(Disposition, data, row)
    check.name()
    check.flag("active")
    check.choice("action", DispositionAction)
    check.integer("position", 0, 10_000)
    return check.result


def clean_options(typed: Any) -> list[str]:
    """Choices as a list, or one a line: each once, none empty. Raises InvalidValue."""
    parts: Iterable[Any] = typed.splitlines() if isinstance(typed, str) else typed or ()
    options = [text for part in parts if (text := clean_text(part, MAX_OPTION))]
    if not options:
        raise InvalidValue("required")
    if len(options) > MAX_OPTIONS:
        raise InvalidValue("options_invalid", reason=f"more than {MAX_OPTIONS}")
    for option in options:
        if options.count(option) > 1:
            raise InvalidValue("options_invalid", reason=f"{option!r} comes twice")
    return options


def check_additional_field(data: Mapping[str, Any], row: AdditionalField | None = None) -> Checked:
    """The name may stand in braces in a pop-up URL, so it has no braces and is none of the placeholders."""
    check = Check(AdditionalField, data, row)
    name = check.name()
    if name and (name.casefold() in PLACEHOLDERS or not _FIELD_NAME.fullmatch(name)):
        check.refuse("name", InvalidValue("additional_name", value=name))
    kind = check.choice("kind", FieldKind)
    check.flag("required")
    check.flag("searchable")
    check.integer("position", 0, 10_000)
    if kind == FieldKind.LIST:
        typed = check.raw("options")
        check.step("options", lambda: clean_options(typed))
    else:
        check.values["options"] = None
    return check.result


def check_additional_values(fields: Iterable[AdditionalField], typed: Mapping[int, Any]) -> Checked:
    """The values of a contact's additional fields, by the field's id. `values` and `errors` have `str(id)` as key;
    an empty value is "" and means that its row goes."""
    result = Checked()
    for field in fields:
        try:
            result.values[str(field.id)] = additional_value(field, typed.get(field.id))
        except InvalidValue as problem:
            result.errors[str(field.id)] = problem
    return result


def additional_value(field: AdditionalField, typed: Any) -> str:
    maximum = int(ContactValue._meta.fields["value"].max_length)
    text = clean_text(typed, maximum, required=bool(field.required))
    if not text:
        return ""
    match field.kind:
        case FieldKind.NUMBER:
            return clean_number(text)
        case FieldKind.DATE:
            return clean_date(text)
        case FieldKind.YES_NO:
            return YesNo.read(text).value
        case FieldKind.LIST:
            if text not in (field.options or []):
                raise InvalidValue("not_a_choice", value=text[:40], choices=", ".join(field.options or []))
    return text


def check_saved_call(data: Mapping[str, Any], row: Call | None = None) -> Checked:
    """What an agent saves after a call: disposition (an active one, or the one it has) and comment."""
    check = Check(Call, data, row)
    disposition = check.reference("disposition", Disposition)
    kept = getattr(row, "disposition_id", None)
    if disposition is not None and disposition != kept and not Disposition.get_by_id(disposition).active:
        check.refuse("disposition", InvalidValue("not_found", what="Disposition", value=str(disposition)))
    check.text("comment", lines=True)
    return check.result
