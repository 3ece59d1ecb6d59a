"""What a leg means to its agent: screen and seat. A leg to a number outside has neither, and gives no commands.

Owns: the commands to an agent's screen and to the roster that a leg's changes lead to. Must not: change a leg.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ari_app.core.call import Facts, Leg
from ari_app.core.commands import ClosePop, Command, EngageAgent, ReleaseAgent, ReportProblem, ShowPop, UpdatePop
from ari_app.core.pops import pop_of
from models.values.call import LegOutcome


def show(facts: Facts, leg: Leg) -> list[Command]:
    return [ShowPop(leg.agent.id, facts.id, pop_of(facts, leg))] if leg.agent else []


def update(facts: Facts, leg: Leg, changes: Mapping[str, Any]) -> list[Command]:
    return [UpdatePop(leg.agent.id, facts.id, changes)] if leg.agent else []


def close(facts: Facts, leg: Leg, reason: str) -> list[Command]:
    return [ClosePop(leg.agent.id, facts.id, reason)] if leg.agent else []


def engage(facts: Facts, leg: Leg) -> list[Command]:
    return [EngageAgent(leg.agent.id, facts.id)] if leg.agent else []


def release(facts: Facts, leg: Leg, outcome: LegOutcome, wrap_up_seconds: int = 0) -> list[Command]:
    misses = facts.route.queue.pause_after_misses if facts.route else 0
    return [ReleaseAgent(leg.agent.id, facts.id, outcome, wrap_up_seconds, misses)] if leg.agent else []


def problem(facts: Facts, agent_id: int | None, code: str) -> list[Command]:
    return [] if agent_id is None else [ReportProblem(agent_id, facts.id, code)]
