"""The call detail record and its legs, as the engine hands them to the writer.

Owns: the records' fields. Must not: know how they are stored (`models.cdr`) or when (`ari_app`).
Every instant is an int: milliseconds since 1970-01-01 UTC, as stored. Durations are milliseconds too.
"""

from dataclasses import dataclass
from decimal import Decimal

from models.values.call import CostUnit, Direction, LegKind, LegOutcome, Outcome


@dataclass(frozen=True, slots=True)
class LegRecord:
    """One attempt to reach an agent or a number, or a stretch of the conversation (`kind`).

    `ordinal` counts from 1 within the call.
    """

    call_id: str
    ordinal: int
    agent_id: int | None
    endpoint: str
    channel_id: str
    offered_at: int
    outcome: LegOutcome
    ringing_at: int | None = None
    answered_at: int | None = None
    ended_at: int | None = None
    cause: int | None = None  # ITU-T Q.850
    reason: str = ""
    kind: LegKind = LegKind.AGENT
    number: str = ""
    ordered_by: int | None = None
    """The agent on whose behalf a number outside was called from a call that went on (a transfer)."""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One conversation. Open while `outcome` is in_progress; `ended_at`, times, cause and cost come with its close."""

    id: str
    direction: Direction
    called_number: str
    calling_number: str
    offered_at: int
    caller_name: str = ""
    call_center_id: int | None = None
    call_center_name: str = ""
    contact_id: int | None = None
    agent_id: int | None = None
    outcome: Outcome = Outcome.IN_PROGRESS
    answered_at: int | None = None
    ended_at: int | None = None
    wait_ms: int = 0
    talk_ms: int = 0
    cause: int | None = None  # ITU-T Q.850
    reason: str = ""
    rate_price: Decimal = Decimal(0)
    rate_currency: str = ""
    rate_unit: CostUnit = CostUnit.MINUTE
    cost: Decimal | None = None

    @property
    def is_closed(self) -> bool:
        return self.outcome is not Outcome.IN_PROGRESS
