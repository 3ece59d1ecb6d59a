"""The one exception of bad values, with a stable code that a screen can translate.

Owns: codes and their English default messages. Must not: know gettext or any screen.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

MESSAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        # text
        "required": "This field is required.",
        "too_long": "At most {maximum} characters; this has {length}.",
        "control_characters": "Control characters are not allowed.",
        "not_a_choice": "{value!r} is not one of: {choices}.",
        "not_unique": "{value!r} is already in use.",
        "not_found": "There is no {what} {value!r}.",
        "queue_invalid": "{value!r} is not a name of a CUPS queue.",
        "margins_too_wide": "Between these margins fewer than {minimum} letters fit in a line.",
        "not_before": "The condition must be about a field above this one.",
        "not_a_moment": "{value!r} is not a day and an hour.",
        "in_the_past": "That moment has passed.",
        "too_far": "At most {days} days from now.",
        "no_number": "The number is hidden: there is nobody to call back.",
        "changed_meanwhile": "Somebody else changed this to {value!r} meanwhile. Save again to keep yours.",
        "emptied_meanwhile": "Somebody else emptied this meanwhile. Save again to keep yours.",
        "in_use": "It is used {uses} times and cannot be deleted; deactivate it instead.",
        "unknown_field": "There is no field {name!r} here.",
        "wrong_type": "{value!r} is not of the right kind.",
        "too_many": "At most {maximum} of them.",
        # numbers
        "not_a_number": "{value!r} is not a number.",
        "out_of_range": "Must be between {minimum} and {maximum}; this is {value}.",
        "at_least": "At least {minimum}; this is {value}.",
        "at_most": "At most {maximum}; this is {value}.",
        "not_an_instant": "{value!r} is not an instant with its time zone, such as 2026-01-31T08:30:00-06:00.",
        "cursor_invalid": "This is not a cursor that this list gave, or the order is another one.",
        "not_a_date": "{value!r} is not a date (year-month-day).",
        "not_a_time": "{value!r} is not a time (hours:minutes).",
        "hours_invalid": "{value!r} are not hours such as 08:00-12:00, 13:00-17:30.",
        "hours_overlap": "The hours overlap: {value!r}.",
        "announce_too_often": "At least {minimum} seconds, or 0 for none; this is {value}.",
        "key_taken": "The key {value} leads somewhere else already.",
        "overflow_to_itself": "A call center cannot send its callers to itself.",
        # phones and patterns
        "phone_invalid": "{value!r} is not a phone number.",
        "endpoint_invalid": "{value!r} is not an endpoint: 2 to 16 digits.",
        "pin_invalid": "A PIN has {minimum} to {maximum} digits, not all alike and not in a row such as 1234.",
        "pattern_empty": "A number is required.",
        "pattern_too_long": "At most {maximum} digits; {value!r} has more.",
        "pattern_character": "{character!r} is not allowed in {value!r}: "
        "digits, X for any one digit, a last * for any rest.",
        "pattern_star_not_last": "The * in {value!r} must be its last character.",
        "pattern_plus_not_first": "The + in {value!r} must be its first character.",
        "pattern_taken": "{value!r} is already answered by {other!r}.",
        "pattern_too_wide": "{value!r} would take nearly every number: at least {minimum} digits.",
        "pattern_repeated": "{value!r} and {other!r} are the same number.",
        # addresses
        "ip_address_invalid": "{value!r} is not an IP address.",
        "ip_mask_invalid": "{value!r} is not a mask.",
        "ip_mask_holes": "The mask {value!r} has holes: its ones must all come before its zeros, as in 255.255.255.0.",
        "ip_mask_family": "The mask {value!r} does not fit the address {address!r}.",
        # money
        "money_invalid": "{value!r} is not an amount.",
        "money_negative": "An amount cannot be negative.",
        "money_too_large": "At most {maximum}.",
        "money_decimals": "At most {maximum} decimals.",
        "currency_unknown": "{value!r} is not an ISO 4217 currency code.",
        # colour, URL, e-mail
        "color_invalid": "{value!r} is not a colour such as #1f6feb.",
        "url_invalid": "{value!r} is not a web address.",
        "url_scheme": "Only http:// and https:// addresses are allowed, not {scheme!r}.",
        "url_credentials": "The address must not carry a user name or password.",
        "url_host": "The address needs a fixed host name.",
        "url_character": "The address has a character that is not allowed: {character!r}.",
        "url_placeholder_unknown": "{{{name}}} is not known. Known: {known}.",
        "url_braces": "A brace is not closed or not opened in {value!r}.",
        "template_variable": "{{{name}}} is not known. Known: {known}.",
        "too_many_parts": "At most {maximum} messages in one; this takes {count}.",
        "url_https": "Only https:// addresses: http:// goes to the networks alone that the settings allow.",
        "url_private": "{host!r} is of this machine or of a private network, which the settings do not allow.",
        "email_invalid": "{value!r} is not an e-mail address.",
        "host_invalid": "{value!r} is not a host name or IP address.",
        "filename_invalid": "{value!r} cannot be the name of a file.",
        # files of contacts
        "file_empty": "The file is empty.",
        "file_no_rows": "The file has titles but no rows under them.",
        "file_kind": "The file is neither a spreadsheet nor text.",
        "file_broken": "The file is damaged: no program can read it.",
        "file_password": "The file has a password; save it without one.",
        "file_too_large": "The file takes more memory than a load may use ({size} MB).",
        "file_changed": "The file has other rows than when it was checked.",
        "load_failed": "The load failed and all of it was undone.",
        "too_many_columns": "At most {maximum} columns; something stands in column {columns}.",
        "undecodable": "Line {line} has bytes that are no letters in {encoding}.",
        "quote_unclosed": "A quote that begins near line {line} is not closed, or has something after it.",
        "encoding_mixed": "Parts of the file seem to be in another encoding: look at the accents in the first rows.",
        "formulas_as_text": "There are formulas: what they last showed is taken, they are not computed.",
        "more_sheets": "Only the sheet {name!r} is read; there are {count} more.",
        "merged_cells": "Merged cells ({ranges}): their value counts for the first cell only.",
        "cell_error": "The cell shows the error {value}.",
        "digits_lost": "{value!r} has lost digits in the spreadsheet: format the column as text and type it again.",
        "line_breaks": "Line breaks or tabs inside were read as spaces.",
        "letters_lost": "{value!r} has letters that were lost before.",
        "read_as": "{value!r} was read as {read}.",
        # people
        "name_or_phone": "A name or a phone is required.",
        "last_administrator": "There must be one active administrator left.",
        # account
        "region_unknown": "{value!r} is not a country code such as CR.",
        "region_conflict": "In that country two claims would be the same number ({reason}).",
        "timezone_unknown": "{value!r} is not a time zone such as America/Costa_Rica.",
        "language_unknown": "{value!r} is not a language of the screens: {choices}.",
        "additional_name": "{value!r} cannot be the name of a field: letters, digits, spaces, . - _ only.",
        "options_invalid": "The choices are not valid: {reason}.",
    }
)


class InvalidValue(ValueError):
    """A value was refused. `code` is stable and a key of `MESSAGES`; `params` fill its placeholders."""

    def __init__(self, code: str, **params: str | int) -> None:
        self.code: Final = code
        self.params: Final = params
        super().__init__(MESSAGES[code].format(**params))

    @property
    def message(self) -> str:
        """The English default message."""
        return str(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, InvalidValue) and (self.code, self.params) == (other.code, other.params)

    def __hash__(self) -> int:
        return hash((self.code, tuple(sorted(self.params.items()))))

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self.code, self.params))


def _rebuild(code: str, params: dict[str, str | int]) -> InvalidValue:
    return InvalidValue(code, **params)
