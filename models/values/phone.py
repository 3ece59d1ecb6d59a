"""Phone numbers: one key for every way the same number is typed, dialled or sent by a trunk.

Owns: normalising and showing. Must not: decide who answers a number (`pattern`, `routing`).

Source: ITU-T E.164; the numbering plans come from `phonenumbers` (Google's libphonenumber).
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import phonenumbers

DEFAULT_REGION: Final = "CR"
MAX_DIGITS: Final = 32

# What trunks and phones send in place of a hidden number (RFC 3323, RFC 3325, Asterisk's caller-id names).
_NOBODY: Final = frozenset(
    {
        "anonymous", "anonimo", "unavailable", "unknown", "restricted", "private", "privado", "withheld", "oculto",
        "desconocido", "no disponible", "none", "null", "asterisk", "s", "n/a", "-",
    }
)  # fmt: skip
_SEPARATORS: Final = frozenset(" \t\u00a0\u2007\u202f-‐‑‒–—−./\\()[]~_,'\u200b\u200e\u200f\u202a\u202c\ufeff")


@dataclass(frozen=True, slots=True)
class Region:
    """What of a country's numbering plan is needed to compare numbers."""

    code: str
    country_code: str
    lengths: frozenset[int]


@lru_cache(maxsize=256)
def region_of(region: str) -> Region:
    """The numbering plan of an ISO 3166 country. Unknown countries have no plan: numbers are kept as they are."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    if metadata is None or metadata.general_desc is None:
        return Region(region, "", frozenset())
    lengths = frozenset(length for length in metadata.general_desc.possible_length if length > 0)
    return Region(region, str(metadata.country_code), lengths)


def is_region(region: str) -> bool:
    return region in phonenumbers.SUPPORTED_REGIONS


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number as it was typed and the key it is found by (None when there is nobody behind it)."""

    typed: str
    key: str | None

    @classmethod
    def of(cls, typed: str, region: str = DEFAULT_REGION) -> "PhoneNumber":
        return cls(typed, normalise(typed, region))


def clean(raw: str) -> str:
    """The dialled characters alone: an optional leading +, digits of any script as 0-9, * and #. Letters: ""."""
    if raw.isascii() and raw.isdigit() and not raw.startswith("00"):
        return raw  # as trunks send nearly all
    text = unicodedata.normalize("NFKC", raw).strip()
    lowered = text.lower()
    for scheme in ("sip:", "sips:", "tel:"):
        if lowered.startswith(scheme):
            text = text[len(scheme) :].split("@", 1)[0].split(";", 1)[0]
            break
    out: list[str] = []
    for character in text:
        if character in _SEPARATORS:
            continue
        if character == "+" and not out:
            out.append("+")
        elif character.isdecimal():
            out.append(str(unicodedata.decimal(character)))
        elif character in "*#":
            out.append(character)
        else:
            return ""
    cleaned = "".join(out)
    if cleaned.startswith("00") and len(cleaned) >= 10 and cleaned.isdigit():
        cleaned = "+" + cleaned[2:].lstrip("0")
    return cleaned if cleaned != "+" else ""


def _fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def normalise(raw: str | None, region: str = DEFAULT_REGION) -> str | None:
    """The key of a number: E.164 (`+50640004000`) when valid, else its digits (an extension, a short code).

    None when nobody is behind it: empty, anonymous, unavailable, words, or more than 32 digits.
    Idempotent: `normalise(normalise(x)) == normalise(x)`.
    """
    if raw is None:
        return None
    if len(raw) > 200:
        return None
    return _normalise(raw, region)


@lru_cache(maxsize=8_192)
def _normalise(raw: str, region: str) -> str | None:
    if not raw.isdigit() and _fold(raw.strip()) in _NOBODY:
        return None
    cleaned = clean(raw)
    if not cleaned:
        # Letters: only a number with an extension ("2222 3333 ext. 12") is still a number.
        return _e164(raw, region) if any(character.isdecimal() for character in raw) else None
    if not any(character.isdigit() for character in cleaned) or len(cleaned) > MAX_DIGITS:
        return None
    valid = _national_e164(cleaned, region) or _e164(cleaned, region)
    if valid is not None:
        return valid
    # Trunks often send foreign callers without the +.
    if cleaned.isdigit() and len(cleaned) >= 10 and not cleaned.startswith("0"):
        abroad = _e164("+" + cleaned, region)
        if abroad is not None:
            return abroad
    return cleaned


@dataclass(frozen=True, slots=True)
class _Plan:
    """What makes national digits a valid number, and what of them might be read as a prefix."""

    lead: str
    lengths: frozenset[int]
    general: re.Pattern[str]
    kinds: tuple[re.Pattern[str], ...]
    prefix: re.Pattern[str]


@lru_cache(maxsize=256)
def _plan_of(region: str) -> _Plan | None:
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    if metadata is None or metadata.general_desc is None:
        return None
    kinds = (
        metadata.fixed_line, metadata.mobile, metadata.toll_free, metadata.premium_rate, metadata.shared_cost,
        metadata.personal_number, metadata.voip, metadata.pager, metadata.uan, metadata.voicemail,
    )  # fmt: skip
    prefixes = [metadata.national_prefix_for_parsing, metadata.international_prefix, "0"]
    return _Plan(
        f"+{metadata.country_code}",
        frozenset(length for length in metadata.general_desc.possible_length if length > 0),
        re.compile(metadata.general_desc.national_number_pattern or "(?!)"),
        tuple(re.compile(kind.national_number_pattern) for kind in kinds if kind and kind.national_number_pattern),
        re.compile("|".join(f"(?:{text})" for text in prefixes if text)),
    )


def _national_e164(cleaned: str, region: str) -> str | None:
    """The plain case of `_e164` some twenty times faster: national digits alone, with nothing that could be a prefix.
    None: not that case. A bulk load reads a hundred thousand of them."""
    plan = _plan_of(region)
    if plan is None or not cleaned.isdigit() or len(cleaned) not in plan.lengths or plan.prefix.match(cleaned):
        return None
    if not plan.general.fullmatch(cleaned) or not any(kind.fullmatch(cleaned) for kind in plan.kinds):
        return None
    return plan.lead + cleaned


def _e164(text: str, region: str) -> str | None:
    try:
        parsed = phonenumbers.parse(text, region if is_region(region) else None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


@dataclass(frozen=True, slots=True)
class DialledForm:
    """One way to write a dialled number; `lead` counts the digits its E.164 form has in front of it."""

    text: str
    lead: int


def dialled_forms(called: str, region: str = DEFAULT_REGION) -> tuple[DialledForm, ...]:
    """Every way to write the called number, as dialled first: E.164, its digits, its national digits.

    It asks the numbering plan for possible lengths only, not for valid prefixes: a trunk delivers numbers that
    no plan knows yet.
    """
    cleaned = clean(called)
    if not cleaned:
        return ()
    plan = region_of(region)
    national = _national(cleaned, plan)
    if national is None:
        # A trunk prefix (020 7946 0000 in GB) or another country's number without its +.
        valid = normalise(called, region) or cleaned
        national = _national(valid, plan) if valid.startswith("+") else None
        if national is None:
            texts = dict.fromkeys((cleaned, valid, valid.removeprefix("+")))
            return tuple(DialledForm(text, 0) for text in texts)
    lead = len(plan.country_code)
    forms = {
        national: lead,
        f"+{plan.country_code}{national}": 0,
        f"{plan.country_code}{national}": 0,
    }
    first = {cleaned: forms.get(cleaned, 0)}
    return tuple(DialledForm(text, length) for text, length in (first | forms).items())


def _national(cleaned: str, plan: Region) -> str | None:
    """The national digits when the number can be one of this country, else None. X counts as a digit."""
    country = plan.country_code
    if not country:
        return None
    if cleaned.startswith("+"):
        rest = cleaned[1 + len(country) :]
        return rest if cleaned[1:].startswith(country) and len(rest) in plan.lengths else None
    if "*" in cleaned or "#" in cleaned:
        return None
    if len(cleaned) in plan.lengths:
        return cleaned
    rest = cleaned[len(country) :]
    return rest if cleaned.startswith(country) and len(rest) in plan.lengths else None


def canonical(cleaned: str, region: str = DEFAULT_REGION) -> str:
    """E.164 by length alone, for digits or X: two texts are the same number when this is equal."""
    plan = region_of(region)
    national = _national(cleaned, plan)
    return cleaned if national is None else f"+{plan.country_code}{national}"


@lru_cache(maxsize=65_536)
def display(number: str, region: str = DEFAULT_REGION) -> str:
    """A number as people of the region write it: national at home, international abroad, else unchanged."""
    try:
        parsed = phonenumbers.parse(number, region if is_region(region) else None)
    except phonenumbers.NumberParseException:
        return number
    if not phonenumbers.is_valid_number(parsed):
        return number
    at_home = phonenumbers.region_code_for_number(parsed) == region
    shape = phonenumbers.PhoneNumberFormat.NATIONAL if at_home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return str(phonenumbers.format_number(parsed, shape))
