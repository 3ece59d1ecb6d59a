"""A row of the file as a contact, checked by the same rules as the form (`models.checks.check_contact`).

Owns: the order of the checks, and what is said of each cell. Must not: write, or look for duplicates.

A hundred thousand rows are read by this: what a row does not need is not done.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from admin.bulk import columns
from admin.bulk.cells import number_text, one_line, plain_number, text_of
from admin.bulk.problems import Remark
from models.checks.base import clean_date, clean_email, clean_text
from models.checks.contacts import additional_value
from models.tables import AdditionalField, Contact, fold, name_key
from models.tables.contacts import FieldKind
from models.values.errors import InvalidValue
from models.values.phone import normalise

_LIMITS: Final = {
    name: int(Contact._meta.fields[name].max_length)  # type: ignore[attr-defined]
    for name in ("name", "phone", "email", "external_id")
}
_COMPANY_NAME: Final = 100


@dataclass(slots=True)
class Candidate:
    """`values`: columns of `contacts` the file has something for. `company`: a name that no company has yet."""

    row: int
    values: dict[str, Any]
    extra: dict[int, str]
    phone_key: str | None = None
    company: str = ""
    missing: list[Remark] = field(default_factory=list)  # what only a new contact needs


@dataclass
class Names:
    """Ids of companies, dispositions and agents by the key of their names."""

    companies: dict[str, int]
    dispositions: dict[str, int]
    agents: dict[str, int]


class RowReader:
    """`mapping`: a part for each column of the file, "" for a column that is left out."""

    def __init__(self, mapping: Sequence[str], fields: Sequence[AdditionalField], names: Names, region: str) -> None:
        self._names = names
        self._region = region
        known: Mapping[str, AdditionalField] = {f"{columns.EXTRA}{one.id}": one for one in fields}
        self._columns = [(place, part, known.get(part)) for place, part in enumerate(mapping) if part]
        mapped = {part for _place, part, _field in self._columns}
        self._required = [one for one in fields if one.required]
        self._required_places = {
            one.id: next((place for place, part, _f in self._columns if part == f"{columns.EXTRA}{one.id}"), -1)
            for one in self._required
        }
        self._name_place = next((place for place, part, _f in self._columns if part == columns.NAME), -1)
        self.mapped = mapped

    def read(self, row: int, cells: Sequence[Any]) -> tuple[Candidate, list[Remark]]:
        """The contact, and what there is to say. With a remark that refuses, the contact is not to be used."""
        remarks: list[Remark] = []
        found = Candidate(row, {}, {})
        width = len(cells)
        for place, part, extra in self._columns:
            value = cells[place] if place < width else ""
            if value == "" or value is None:
                continue
            try:
                text = self._text(value, place, part, extra, remarks)
                if not text:
                    continue
                if extra is not None:
                    found.extra[extra.id] = self._extra(extra, value, self._option(extra, text, place, remarks))
                else:
                    self._part(part, text, found)
            except InvalidValue as problem:
                remarks.append(Remark(place, problem))
        for one in self._required:
            if one.id not in found.extra:
                found.missing.append(Remark(self._required_places[one.id], InvalidValue("required")))
        if not any(one.refuses for one in remarks) and not found.values.get("name") and found.phone_key is None:
            remarks.append(Remark(self._name_place, InvalidValue("name_or_phone")))
        return found, remarks

    def _text(self, value: Any, place: int, part: str, extra: AdditionalField | None, remarks: list[Remark]) -> str:
        """One line of text; what is read otherwise than it stands is said."""
        text = text_of(value)
        if type(value) is str:
            # Spaces around a value and a number's own form are no letters; anything else that changes is told.
            if not text.isprintable():
                whole = text.strip()
                text = one_line(text)
                if text != whole:
                    remarks.append(Remark(place, InvalidValue("line_breaks"), refuses=False))
            if "\ufffd" in text:
                remarks.append(Remark(place, InvalidValue("letters_lost", value=text[:40])))
            numeric = part == columns.PHONE or (extra is not None and extra.kind is FieldKind.NUMBER)
            if numeric and ("E" in text or "e" in text):
                plain = plain_number(text)
                if plain is not None:
                    remarks.append(Remark(place, InvalidValue("read_as", value=text[:40], read=plain), refuses=False))
                    text = plain
        return text

    @staticmethod
    def _option(one: AdditionalField, text: str, place: int, remarks: list[Remark]) -> str:
        """A choice of a list, however its accents and capitals were typed; that it was read so is said."""
        if one.kind is not FieldKind.LIST or text in (one.options or ()):
            return text
        alike = [option for option in one.options or () if fold(option) == fold(text)]
        if len(alike) != 1:
            return text
        remarks.append(Remark(place, InvalidValue("read_as", value=text[:40], read=alike[0]), refuses=False))
        return str(alike[0])

    def _part(self, part: str, text: str, found: Candidate) -> None:
        match part:
            case columns.PHONE:
                text = clean_text(text, _LIMITS["phone"])
                key = normalise(text, self._region)
                if key is None:
                    raise InvalidValue("phone_invalid", value=text)
                found.values["phone"] = text
                found.phone_key = found.values["phone_key"] = key
            case columns.EMAIL:
                found.values["email"] = clean_email(clean_text(text, _LIMITS["email"]))
            case columns.COMPANY:
                name = clean_text(text, _COMPANY_NAME)
                key = self._names.companies.get(name_key(name))
                if key is None:
                    found.company = name
                else:
                    found.values["company_id"] = key
            case columns.DISPOSITION:
                found.values["disposition_id"] = self._named(self._names.dispositions, text)
            case columns.AGENT:
                found.values["agent_id"] = self._named(self._names.agents, text)
            case _:
                found.values[part] = clean_text(text, _LIMITS[part])

    @staticmethod
    def _named(known: Mapping[str, int], text: str) -> int:
        key = known.get(name_key(text))
        if key is None:
            raise InvalidValue("not_found", what="name", value=text[:40])
        return key

    @staticmethod
    def _extra(one: AdditionalField, value: Any, text: str) -> str:
        if one.kind is FieldKind.DATE:
            if isinstance(value, datetime):
                return value.strftime("%Y-%m-%d")
            return read_date(text)
        if one.kind is FieldKind.NUMBER and type(value) is float:
            return number_text(value)
        return additional_value(one, text)


def read_date(text: str) -> str:
    """`clean_date`, and a time of midnight or slashes after the year, as programs write them. Raises InvalidValue."""
    plain = text.strip()
    for midnight in ("T00:00:00", " 00:00:00", " 0:00", " 00:00"):
        plain = plain.removesuffix("Z").removesuffix(midnight) if midnight in plain else plain
    if len(plain) == 10 and plain[4] in "/." and plain[7] == plain[4]:
        plain = f"{plain[:4]}-{plain[5:7]}-{plain[8:]}"
    return clean_date(plain)


Reader = Callable[[int, Sequence[Any]], tuple[Candidate, list[Remark]]]
