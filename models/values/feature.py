"""The codes that an agent presses on the phone during a call: what each does, and reading them key by key.

Owns: the documented codes, an account's own, and what a row of keys means so far. Must not: know calls or timers.

A code is one of ``*`` and ``#`` and one or two digits, so nothing that a caller's menu asks for is one. None may begin
another: a code is known with its last key. Two of them are followed by a number, which ``#`` ends.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Feature(StrEnum):
    HOLD = "hold"
    """Puts the others on hold, or takes them back."""
    CONSULT = "consult"
    COMPLETE = "complete"
    CANCEL = "cancel"
    CONFERENCE = "conference"
    SWAP = "swap"
    RECORD = "record"
    """Begins the recording, pauses it, goes on with it."""
    TRANSFER = "transfer"
    HANG_UP = "hang_up"


DEFAULTS: Final[Mapping[Feature, str]] = {
    Feature.HOLD: "*1",
    Feature.CONSULT: "*2",
    Feature.COMPLETE: "*3",
    Feature.CANCEL: "*4",
    Feature.CONFERENCE: "*5",
    Feature.SWAP: "*6",
    Feature.RECORD: "*7",
    Feature.TRANSFER: "*8",
    Feature.HANG_UP: "*0",
}
WITH_NUMBER: Final = frozenset({Feature.CONSULT, Feature.TRANSFER})
OFF: Final = "off"
"""The account's text when no code means anything: every key goes to the others."""
LONGEST_NUMBER: Final = 20
_CODE: Final = re.compile(r"[*#][0-9]{1,2}")


class CodesProblem(ValueError):
    """Why an account's codes can't be so. ``code``: malformed, unknown, ambiguous."""

    def __init__(self, code: str, what: str) -> None:
        self.code = code
        self.what = what
        super().__init__(f"{code}: {what}")


@dataclass(frozen=True, slots=True)
class Read:
    """What was pressed so far. ``feature`` None and not ``more``: no code, the keys are for the others."""

    feature: Feature | None = None
    number: str = ""
    more: bool = False
    """More keys may follow."""


@dataclass(frozen=True, slots=True)
class FeatureCodes:
    """An account's codes; none: no keys are listened to."""

    by_code: Mapping[str, Feature] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.by_code)

    def read(self, keys: str) -> Read:
        for code, feature in self.by_code.items():
            if not keys.startswith(code):
                continue
            if feature not in WITH_NUMBER:
                return Read(feature)
            number, end, _ = keys[len(code) :].partition("#")
            if end or len(number) >= LONGEST_NUMBER:
                return Read(feature, number)
            return Read(feature, number, more=True)
        return Read(more=any(code.startswith(keys) for code in self.by_code))

    def code_of(self, feature: Feature) -> str:
        """Empty: it has none."""
        return next((code for code, known in self.by_code.items() if known is feature), "")


def read_codes(text: str) -> FeatureCodes:
    """``hold=*1 transfer=*8 …`` as an account keeps them; what is not named keeps its documented code, ``hold=``
    takes it away, ``off`` all of them. Raises CodesProblem."""
    if text.strip() == OFF:
        return FeatureCodes()
    chosen = dict(DEFAULTS)
    for part in text.split():
        name, _, code = part.partition("=")
        if name not in list(Feature):
            raise CodesProblem("unknown", name)
        if code and not _CODE.fullmatch(code):
            raise CodesProblem("malformed", code)
        chosen[Feature(name)] = code
    codes = [code for code in chosen.values() if code]
    for code in codes:
        if codes.count(code) > 1 or any(other != code and other.startswith(code) for other in codes):
            raise CodesProblem("ambiguous", code)
    return FeatureCodes({code: feature for feature, code in chosen.items() if code})


def write_codes(chosen: Mapping[Feature, str]) -> str:
    """The text of these codes, without those that are as documented."""
    return " ".join(f"{feature.value}={code}" for feature, code in chosen.items() if DEFAULTS[feature] != code)


ALL_CODES: Final = read_codes("")
"""The documented ones."""
