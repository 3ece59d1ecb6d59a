"""The demonstration account's past: a month of calls with their legs, log-ins and answered forms.

Owns: making them up, the same each time for the same day. Must not: place a call.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from models.demo_data import COMMENTS
from models.tables import Agent, CallCenter, Contact, epoch_ms
from models.values.call import Direction, LegOutcome, Outcome
from models.values.cdr import CallRecord, LegRecord
from models.values.money import Rate, cost

CALLS: Final = 200
DAYS: Final = 30
# Normal clearing, busy, no answer, unallocated number, interworking (ITU-T Q.850).
_CAUSE: Final = {
    Outcome.ANSWERED: 16, Outcome.ABANDONED: 16, Outcome.BUSY: 17, Outcome.NO_ANSWER: 19, Outcome.NO_AGENTS: 34,
    Outcome.UNKNOWN_NUMBER: 1, Outcome.ENGINE_AWAY: 127,
}  # fmt: skip
_INBOUND: Final = (
    [Outcome.ANSWERED] * 76 + [Outcome.ABANDONED] * 12 + [Outcome.NO_ANSWER] * 4 + [Outcome.NO_AGENTS] * 4
    + [Outcome.UNKNOWN_NUMBER] * 2 + [Outcome.ENGINE_AWAY] * 2
)  # fmt: skip
_OUTBOUND: Final = [Outcome.ANSWERED] * 7 + [Outcome.NO_ANSWER] * 2 + [Outcome.BUSY]


@dataclass(frozen=True, slots=True)
class PastCall:
    """A call and what the agent saved of it."""

    record: CallRecord
    legs: tuple[LegRecord, ...]
    disposition_id: int | None
    comment: str


class Past:
    """Makes up the calls. Everything random comes from one seed."""

    def __init__(self, now: datetime, timezone: str, seed: int = 506) -> None:
        self.now = now
        self.local = now.astimezone(ZoneInfo(timezone))
        self.random = random.Random(seed)  # noqa: S311  # no secret: the same story each time

    def moment(self) -> datetime:
        """Some working hour of the last days, before now."""
        while True:
            day = self.local - timedelta(days=self.random.randrange(DAYS))
            at = day.replace(hour=self.random.randrange(8, 18), minute=self.random.randrange(60), microsecond=0)
            if at < self.local - timedelta(minutes=30) and (at.weekday() < 5 or self.random.random() < 0.2):
                return at.replace(second=self.random.randrange(60))

    def calls(
        self,
        centers: Sequence[tuple[CallCenter, str, Sequence[Agent]]],
        contacts: Sequence[Contact],
        dispositions: Sequence[int],
    ) -> list[PastCall]:
        """`centers`: each with a number of its own and the agents who answer it. Oldest first."""
        moments = sorted(self.moment() for _ in range(CALLS))
        return [self._call(number, at, centers, contacts, dispositions) for number, at in enumerate(moments, 1)]

    def _call(
        self,
        number: int,
        at: datetime,
        centers: Sequence[Any],
        contacts: Sequence[Contact],
        dispositions: Sequence[int],
    ) -> PastCall:
        kind = self.random.choices(list(Direction), weights=(82, 14, 4))[0]
        center, dialled, agents = self.random.choice(centers)
        contact, agent = self.random.choice(contacts), self.random.choice(agents)
        key = f"centralita-{int(at.timestamp())}.{number}"
        offered = epoch_ms(at)
        if kind is Direction.INTERNAL:
            other = self.random.choice([one for one in agents if one.id != agent.id])
            return self._made(key, kind, offered, agent, other.endpoint, None, "", Outcome.ANSWERED)
        if kind is Direction.OUTBOUND:
            outcome = self.random.choice(_OUTBOUND)
            return self._made(key, kind, offered, agent, contact.phone_key, contact, center.name, outcome, dispositions)
        outcome = self.random.choice(_INBOUND)
        return self._inbound(key, offered, outcome, center, dialled, agents, contact, dispositions)

    def _inbound(
        self,
        key: str,
        offered: int,
        outcome: Outcome,
        center: CallCenter,
        dialled: str,
        agents: Sequence[Agent],
        contact: Contact,
        dispositions: Sequence[int],
    ) -> PastCall:
        known = outcome not in (Outcome.UNKNOWN_NUMBER, Outcome.ENGINE_AWAY)
        wait = self.random.randrange(2_000, 45_000)
        talk = self.random.randrange(20_000, 600_000) if outcome is Outcome.ANSWERED else 0
        rate = Rate(Decimal(center.price), center.currency, center.cost_unit)
        legs = (
            self._legs(key, offered, wait, outcome, agents, talk) if known and outcome is not Outcome.NO_AGENTS else ()
        )
        taker = next((leg.agent_id for leg in legs if leg.outcome is LegOutcome.ANSWERED), None)
        answered = offered + wait if outcome is Outcome.ANSWERED else None
        record = CallRecord(
            id=key,
            direction=Direction.INBOUND,
            called_number=dialled if known or outcome is Outcome.ENGINE_AWAY else "40009999",
            calling_number=contact.phone_key or "",
            offered_at=offered,
            call_center_id=center.id if known else None,
            call_center_name=center.name if known else "",
            contact_id=contact.id,
            agent_id=taker,
            outcome=outcome,
            answered_at=answered,
            ended_at=offered + wait + talk,
            wait_ms=wait,
            talk_ms=talk,
            cause=_CAUSE[outcome],
            rate_price=rate.price if known else Decimal(0),
            rate_currency=rate.currency if known else "",
            rate_unit=rate.unit,
            cost=cost(rate, talk / 1000) if talk else None,
        )
        saved = self.random.choice(dispositions) if talk and self.random.random() < 0.9 else None
        return PastCall(record, legs, saved, self.random.choice(COMMENTS) if saved else "")

    def _legs(
        self, key: str, offered: int, wait: int, outcome: Outcome, agents: Sequence[Agent], talk: int
    ) -> tuple[LegRecord, ...]:
        rung = self.random.sample(list(agents), k=min(len(agents), self.random.randrange(1, 4)))
        legs: list[LegRecord] = []
        lost = LegOutcome.CALLER_GONE if outcome is Outcome.ABANDONED else LegOutcome.NO_ANSWER
        for ordinal, agent in enumerate(rung, 1):
            taken = outcome is Outcome.ANSWERED and ordinal == len(rung)
            ended = offered + wait + (talk if taken else 0)
            legs.append(
                LegRecord(
                    call_id=key,
                    ordinal=ordinal,
                    agent_id=agent.id,
                    endpoint=str(agent.endpoint),
                    channel_id=f"{key}.agent.{ordinal}",
                    offered_at=offered + 180,
                    ringing_at=offered + 320,
                    answered_at=offered + wait if taken else None,
                    ended_at=ended,
                    outcome=LegOutcome.ANSWERED if taken else LegOutcome.LOST_RACE if talk else lost,
                    cause=16 if taken else 26 if talk else 16,
                )
            )
        return tuple(legs)

    def _made(
        self,
        key: str,
        kind: Direction,
        offered: int,
        agent: Agent,
        called: str | None,
        contact: Contact | None,
        center: str,
        outcome: Outcome,
        dispositions: Sequence[int] = (),
    ) -> PastCall:
        wait = self.random.randrange(3_000, 25_000)
        talk = self.random.randrange(15_000, 300_000) if outcome is Outcome.ANSWERED else 0
        record = CallRecord(
            id=key,
            direction=kind,
            called_number=called or "",
            calling_number=str(agent.endpoint),
            offered_at=offered,
            call_center_name=center,
            contact_id=contact.id if contact else None,
            agent_id=agent.id,
            outcome=outcome,
            answered_at=offered + wait if talk else None,
            ended_at=offered + wait + talk,
            wait_ms=wait,
            talk_ms=talk,
            cause=_CAUSE[outcome],
        )
        saved = self.random.choice(dispositions) if talk and dispositions else None
        comment = "Llamada interna." if kind is Direction.INTERNAL else self.random.choice(COMMENTS) if saved else ""
        return PastCall(record, (), saved, comment)
