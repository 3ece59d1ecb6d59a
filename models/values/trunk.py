"""How numbers outside are reached: the trunk's name, the form it wants numbers in, whose number is shown.

Owns: the translation of a destination into what is dialled on the trunk. Must not: know SIP.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import phonenumbers

from models.values.destination import Destination
from models.values.routing import Outside


class NumberForm(StrEnum):
    """How a carrier wants the number: +50622223333, 50622223333, or as it is dialled in the country itself."""

    E164 = "e164"
    PLAIN = "plain"
    NATIONAL = "national"


@dataclass(frozen=True, slots=True)
class TrunkPlan:
    """``prefix`` stands before every number; ``international``: before one abroad, in the national form."""

    endpoint: str = "trunk"
    form: NumberForm = NumberForm.E164
    prefix: str = ""
    international: str = "00"
    caller_id: str | None = None

    def outside(self, destination: Destination, region: str, caller_id: str | None = None) -> Outside:
        number = self.prefix + self._number(destination, region)
        return Outside(destination.key, f"{number}@{self.endpoint}", caller_id or self.caller_id)

    def _number(self, destination: Destination, region: str) -> str:
        key = destination.key
        if not key.startswith("+") or self.form is NumberForm.E164:
            return key
        if self.form is NumberForm.PLAIN:
            return key[1:]
        if destination.country != region:
            return self.international + key[1:]
        shown = phonenumbers.format_number(phonenumbers.parse(key, None), phonenumbers.PhoneNumberFormat.NATIONAL)
        return "".join(character for character in shown if character.isdigit())
