"""The companies that are simulated: call centers, agents, numbers, and how they change during a run.

Owns: a pool of routing snapshots, drawn once. Must not: depend on a world's seed (making one takes too long).
"""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from functools import cache

from models.values.call import CostUnit, PhoneKind, Strategy
from models.values.hours import Hours
from models.values.ip import IpMask, IpRules
from models.values.money import Rate
from models.values.pattern import NumberClaim, NumberTable
from models.values.queue import Overflow, OverflowCause, OverflowTo, Queue
from models.values.recording import RecordingMode
from models.values.routing import Account, AgentRoute, CallCenterRoute, OutboundRules, RoutingSnapshot
from models.values.spending import Limits, Prices, SpendingRules

HOUSES = 60
UNKNOWN_NUMBER = "99999999"
OUTSIDE_NUMBER = "88001122"
OFFICE = "10.1.0.{}"
"""Where agent n works: inside the office's mask."""
ABROAD = "203.0.113.{}"
RECORDINGS = (RecordingMode.ALWAYS, RecordingMode.OFF, RecordingMode.AGENT, RecordingMode.ALWAYS)
_MASK = IpRules((IpMask.parse("10.1.0.0", "255.255.255.0"),))


def _kind(number: int, agent: int) -> PhoneKind:
    """Of a phone that is answered in the desk."""
    return random.Random(f"phone {number} {agent}").choice((PhoneKind.VIRTUAL, PhoneKind.BROWSER))


@cache
def house(number: int) -> RoutingSnapshot:
    """Company ``number`` (0 … HOUSES-1): 1 to 6 agents, 1 to 3 call centers that share them."""
    rng = random.Random(f"house {number}")
    count = rng.choice((1, 2, 2, 3, 4, 6))
    agents = {
        agent: AgentRoute(
            id=agent,
            name=f"Agente {agent}",
            endpoint=None if rng.random() < 0.05 else f"83301{agent:02}",
            phone_kind=_kind(number, agent) if rng.random() < 0.25 else PhoneKind.SIP,
            click2dial=agent % 5 != 4,
            call_center=1 if agent % 2 else None,
        )
        for agent in range(1, count + 1)
    }
    centers = {}
    claims = []
    strategies = list(Strategy)
    for center in range(1, rng.choice((1, 1, 2, 3)) + 1):
        team = rng.sample(sorted(agents), rng.randint(1, count))
        queue = _queue(random.Random(f"queue {number} {center}"), center)
        centers[center] = CallCenterRoute(
            id=center,
            name=f"Centro {center}",
            color="#336699",
            rate=Rate(Decimal(rng.choice(("0", "12.5", "99.99"))), rng.choice(("CRC", "USD")), rng.choice([*CostUnit])),
            agents=tuple(team),
            pop_up_url="https://crm.example/?c={caller}&k={call_id}" if rng.random() < 0.3 else None,
            # Round robin and ring-all are what most use, and ring-all has the races.
            strategy=Strategy.ALL if rng.random() < 0.45 else strategies[(number + center) % len(strategies)],
            ring_seconds=rng.choice((3, 8, 20)),
            max_wait_seconds=rng.choice((5, 20, 60)),
            wrap_up_seconds=rng.choice((0, 0, 5, 20)),
            queue=queue,
            survey=number % 3 == 0,
            recording=RECORDINGS[(number + center) % len(RECORDINGS)],
        )
        claims.append(NumberClaim(f"2200000{center}", center))
    outbound = OutboundRules(spending=_spending(random.Random(f"spending {number}")))
    rules = _MASK if number % 10 == 7 else IpRules()
    return RoutingSnapshot(
        number + 1, Account("Simulada"), centers, agents, NumberTable.of(claims), rules, outbound=outbound
    )


def _spending(rng: random.Random) -> SpendingRules:
    """The breaker: wide, or so narrow that it trips."""
    if rng.random() < 0.5:
        return SpendingRules()
    return SpendingRules(
        agent=Limits(Decimal(rng.choice((3, 50))), rng.choice((2, 60)), 1),
        account=Limits(Decimal(rng.choice((5, 500))), rng.choice((5, 600)), 3),
        prices=Prices.of([("506", Decimal(2)), ("506800", Decimal(100))]),
    )


def _queue(rng: random.Random, center: int) -> Queue:
    """How one waits there: half of them as plain as can be, the rest with anything an administrator may set."""
    if rng.random() < 0.5:
        return Queue(priority=rng.choice((1, 5, 5)))
    overflows = []
    for cause in OverflowCause:
        to = rng.choice([*OverflowTo])
        overflows.append((cause, Overflow(to, ("prompt:abc",), rng.randint(1, 3), OUTSIDE_NUMBER)))
    return Queue(
        hours=Hours(closed_now=True) if rng.random() < 0.1 else Hours(),
        priority=rng.choice((1, 5, 5)),
        max_waiting=rng.choice((0, 0, 1, 2)),
        music=rng.choice((None, "default")),
        welcome=("sound:hello-world",) if rng.random() < 0.5 else (),
        announce_seconds=rng.choice((0, 5, 15)),
        callback_key="1" if rng.random() < 0.5 else "",
        voicemail_key="2" if rng.random() < 0.5 else "",
        pause_after_misses=rng.choice((0, 0, 1, 3)),
        overflows=tuple(overflows),
    )


@cache
def changed(number: int, how: str, agent: int) -> RoutingSnapshot:
    """The company after an administrator's change: an agent deactivated, moved out, or only the office allowed."""
    now = house(number)
    if how == "office_only":
        return replace(now, generation=now.generation + 100, ip_rules=_MASK)
    if how == "deactivated":
        agents = {**now.agents, agent: replace(now.agents[agent], active=False)}
        centers = {
            center: replace(route, agents=tuple(one for one in route.agents if one != agent))
            for center, route in now.call_centers.items()
        }
        return replace(now, generation=now.generation + 200, agents=agents, call_centers=centers)
    if how == "deleted":
        agents = {one: route for one, route in now.agents.items() if one != agent}
        return replace(now, generation=now.generation + 300, agents=agents)
    raise ValueError(how)
