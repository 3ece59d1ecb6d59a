"""Whom a call can be passed on to: colleagues with a phone, and call centers.

Owns: the query and its JSON. Must not: decide who may be rung now: the states are what the engine's roster last wrote.
"""

from typing import Any

from peewee import JOIN

from models.tables import Agent, AgentPresence, CallCenter, fold
from models.values.call import AgentState

_NEAREST = (AgentState.AVAILABLE, AgentState.WRAP_UP, AgentState.TALKING, AgentState.RINGING, AgentState.PAUSED)


def targets(me: Agent) -> dict[str, list[dict[str, Any]]]:
    """Colleagues, those who are free first, and call centers, by name."""
    agents = (
        Agent.select(Agent.id, Agent.name, Agent.endpoint, AgentPresence.state)
        .join(AgentPresence, JOIN.LEFT_OUTER)
        .where(Agent.active, Agent.endpoint.is_null(False), Agent.id != me.id)
        .dicts()
    )
    colleagues = [
        {
            "id": row["id"],
            "name": row["name"],
            "endpoint": row["endpoint"],
            "state": str(row["state"] or AgentState.OFFLINE),
        }
        for row in agents
    ]
    place = {state.value: number for number, state in enumerate(_NEAREST)}
    colleagues.sort(key=lambda it: (place.get(it["state"], len(place)), fold(it["name"]), it["id"]))
    centers = CallCenter.select(CallCenter.id, CallCenter.name).where(CallCenter.active).order_by(CallCenter.name_key)
    return {"agents": colleagues, "call_centers": [{"id": row.id, "name": row.name} for row in centers]}
