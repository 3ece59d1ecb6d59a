"""*Mi día*: what an agent did today, by the account's day.

Owns: the one statement and its JSON. Must not: write. Calls count when the engine has closed them; states from when it
noted them.
"""

from typing import Any, Final
from zoneinfo import ZoneInfo

from peewee import Database

from models.db import execute, placeholder
from models.tables import Agent, epoch_ms, now

_LEGS: Final = """
    SELECT l.call_id, l.outcome, CASE WHEN l.outcome = 'answered' AND l.answered_at IS NOT NULL
      THEN coalesce(l.ended_at, c.ended_at, l.answered_at) - l.answered_at ELSE 0 END AS talk
    FROM call_legs l JOIN calls c ON c.id = l.call_id
    WHERE l.agent_id = ? AND l.offered_at >= ? AND l.kind = 'agent' AND c.direction = 'inbound'"""
_CALLS: Final = """
    SELECT call_id, max(CASE WHEN outcome = 'answered' THEN 1 ELSE 0 END) AS answered,
      max(CASE WHEN outcome IN ('no_answer', 'refused') THEN 1 ELSE 0 END) AS missed, sum(talk) AS talk
    FROM legs GROUP BY call_id"""
_MADE: Final = """
    SELECT count(*) AS calls, coalesce(sum(CASE WHEN answered_at IS NOT NULL THEN 1 ELSE 0 END), 0) AS answered,
      coalesce(sum(talk_ms), 0) AS talk
    FROM calls WHERE agent_id = ? AND offered_at >= ? AND direction = 'outbound'"""
# From the state in which the day began on, each until the next one.
_SPANS: Final = """
    SELECT state, CASE WHEN since < ? THEN ? ELSE since END AS since,
      lead(since, 1, ?) OVER (ORDER BY since) AS until
    FROM agent_states WHERE agent_id = ? AND since >= coalesce(
      (SELECT max(since) FROM agent_states WHERE agent_id = ? AND since <= ?), ?)"""
_SUMS: Final = """
  SELECT (SELECT coalesce(sum(answered), 0) FROM rung), made.calls,
    (SELECT coalesce(sum(CASE WHEN answered = 0 THEN missed ELSE 0 END), 0) FROM rung),
    (SELECT coalesce(sum(talk), 0) FROM rung) + made.talk,
    (SELECT coalesce(sum(answered), 0) FROM rung) + made.answered,
    coalesce((SELECT sum(until - since) FROM spans WHERE state = 'wrap_up'), 0),
    coalesce((SELECT sum(until - since) FROM spans WHERE state <> 'offline'), 0),
    coalesce((SELECT sum(until - since) FROM spans WHERE state = 'paused'), 0)
  FROM made"""
_DAY: Final = f"WITH legs AS ({_LEGS}), rung AS ({_CALLS}), made AS ({_MADE}), spans AS ({_SPANS}) {_SUMS}"


def of_today(database: Database, agent: Agent, zone: ZoneInfo) -> dict[str, Any]:
    """Times in milliseconds. `missed`: it rang at the agent's phone and they did not take it, then or later."""
    present = now()
    start = epoch_ms(present.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0))
    me, at = agent.id, epoch_ms(present)
    values = (me, start, me, start, start, start, at, me, me, start, start)
    row = execute(database, _DAY.replace("?", placeholder(database)), values).fetchone()
    answered, made, missed, talk, talked, wrap_up, online, paused = (int(value) for value in row)
    return {
        "answered": answered,
        "made": made,
        "missed": missed,
        "talk_ms": talk,
        "mean_talk_ms": talk // talked if talked else None,
        "wrap_up_ms": wrap_up,
        "online_ms": online,
        "paused_ms": paused,
    }
