"""The caller's card: what an agent must know before the phone rings.

Owns: the card's fields, named as in docs/protocols/desk-websocket.md. Must not: look anything up (`models.callers`).
"""

from dataclasses import asdict, dataclass
from typing import Any

from models.values.call import Outcome


@dataclass(frozen=True, slots=True)
class CardField:
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class CardCall:
    """An earlier call. `at` is epoch milliseconds."""

    call_id: str
    at: int
    call_center: str
    outcome: Outcome
    agent: str
    disposition: str
    comment: str


@dataclass(frozen=True, slots=True)
class CallerCard:
    contact_id: int
    name: str
    phone: str
    email: str
    company: str
    disposition: str
    agent_in_charge: str
    fields: tuple[CardField, ...] = ()
    calls: tuple[CardCall, ...] = ()

    def as_message(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)

    def placeholders(self) -> dict[str, str]:
        """What a pop-up URL may use of it: the contact's id and the additional fields by name."""
        return {field.name: field.value for field in self.fields} | {"contact_id": str(self.contact_id)}
