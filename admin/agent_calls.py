"""What an agent's own calls are under: the rules of their destinations, the breaker's limits, what is tripped.

Owns: the look-ups for the agent's page. Must not: change anything (*Destinos* does), or judge a call.
"""

from typing import Any, Final

from admin.installation import installation
from admin.words import label, reason
from models.tables import Account, Agent, BreakerLimits, DestinationRule, from_epoch_ms
from models.values.spending import Limit

_MOST: Final = 50


def of(agent: Agent) -> dict[str, Any]:
    """`rules`: the agent's own; `limits`: of each agent; `trips`: what keeps this one from calling now."""
    health = installation().engine.health() or {}
    own = DestinationRule.select().where(DestinationRule.agent == agent).order_by(DestinationRule.canonical)
    everybodys = DestinationRule.select().where(DestinationRule.agent.is_null())
    limits = BreakerLimits.get_or_none(BreakerLimits.scope == "agent")
    return {
        "rules": list(own.limit(_MOST)),
        "everybodys": everybodys.count(),
        "default": label(Account.get_by_id(1).outbound_default),
        "limits": limits,
        "trips": [
            (trip_reason(trip), from_epoch_ms(int(trip["at"])))
            for trip in health.get("breaker", [])
            if trip["agent"] in (None, agent.id)
        ],
    }


def trip_reason(trip: dict[str, Any]) -> str:
    whose = "account" if trip["agent"] is None else "agent"
    return reason(f"{whose}_{Limit(trip['limit']).value}_limit")
