"""Whose call it is: an agent sees and saves only calls that rang at their own phone.

Owns: the rule. Must not: change anything.
"""

from enum import Enum

from models.tables import Agent, Call, CallLeg
from models.values.call import Outcome


class Standing(Enum):
    MINE = "mine"
    NOT_YET = "not_yet"  # not in the history, or in progress and nobody's: ask again
    NOT_MINE = "not_mine"


def standing(call: Call | None, agent: Agent) -> Standing:
    """Legs are written when a call closes, its agent when it is answered; before that nobody can tell."""
    if call is None:
        return Standing.NOT_YET
    if call.agent_id == agent.id:
        return Standing.MINE
    if CallLeg.select().where(CallLeg.call == call.id, CallLeg.agent == agent.id).exists():
        return Standing.MINE
    return Standing.NOT_YET if call.outcome == Outcome.IN_PROGRESS else Standing.NOT_MINE
