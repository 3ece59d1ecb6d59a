"""May this call of ours be made, and to whom does it go.

Owns: the order of the questions, and the reason for each no. Must not: make the call (``outbound``), or know how the
answer is spoken or shown.

An emergency number is asked nothing but whether there is a way out: neither rules, breaker, address nor state of the
agent stand in its way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from ari_app.core import spending as spending_of
from ari_app.core.call import Policy
from ari_app.core.roster import Roster
from ari_app.core.spending import Spending, Trip
from models.values.call import CostUnit, Outcome
from models.values.destination import Destination, read_destination
from models.values.reasons import CallReason
from models.values.routing import AgentRoute, CallCenterRoute, Outside, RoutingSnapshot


@dataclass(frozen=True, slots=True)
class Asking:
    """A call that an agent wants to make. ``agent`` None: the phone is nobody's. ``address``: where they are."""

    call_id: str
    agent: AgentRoute | None
    number: str
    route: CallCenterRoute | None
    address: str | None


@dataclass(frozen=True, slots=True)
class Permit:
    """It may be made. ``number``: as it is written in the record. ``allowance``: ms it may talk; None: no limit."""

    target: AgentRoute | Outside
    number: str
    allowance: int | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    outcome: Outcome
    reason: CallReason
    number: str
    trip: Trip | None = None
    """The breaker's, if it is the reason."""


@dataclass(frozen=True, slots=True)
class AskingOutside:
    """A number outside that is to be called from a call that goes on. ``agent`` None: by a queue's overflow."""

    pass_id: str
    agent: int | None
    number: str
    route: CallCenterRoute | None
    address: str | None = None
    as_ours: bool = True
    """The call center's number is shown; else the trunk's, or the caller's own."""


Answer = tuple[Spending, Permit | Refused]


def ask(
    asking: Asking, snapshot: RoutingSnapshot, roster: Roster, spending: Spending, policy: Policy, at: int
) -> Answer:
    """The verdict, and the ledger with what the call was let out for."""
    region = snapshot.account.region
    agent = asking.agent
    destination = read_destination(asking.number, region)
    if agent is None:
        return spending, _no(CallReason.PHONE_NOT_OF_AN_AGENT, asking.number)
    if destination is not None and destination.emergency:
        return spending, _outside(asking, snapshot, destination, policy, None)
    if asking.address is not None and not snapshot.ip_rules.allows(asking.address):
        return spending, _no(CallReason.ADDRESS_NOT_ALLOWED, asking.number)
    callee = snapshot.agent_at(asking.number)
    if callee is not None:
        return spending, _inside(agent, callee, roster, asking.number)
    if destination is None or not destination.is_whole:
        return spending, _no(CallReason.NOT_A_NUMBER, asking.number)
    asked = AskingOutside(asking.call_id, agent.id, asking.number, asking.route)
    return _gate(asked, destination, snapshot, spending, policy, at)


def ask_outside(
    asking: AskingOutside, snapshot: RoutingSnapshot, spending: Spending, policy: Policy, at: int
) -> Answer:
    """The same for a leg of a call that goes on: a transfer, a consultation, an overflow."""
    destination = read_destination(asking.number, snapshot.account.region)
    if destination is not None and destination.emergency:
        return spending, _outside(asking, snapshot, destination, policy, None)
    if asking.address is not None and not snapshot.ip_rules.allows(asking.address):
        return spending, _no(CallReason.ADDRESS_NOT_ALLOWED, asking.number)
    if destination is None or not destination.is_whole:
        return spending, _no(CallReason.NOT_A_NUMBER, asking.number)
    return _gate(asking, destination, snapshot, spending, policy, at)


def _gate(
    asking: AskingOutside,
    destination: Destination,
    snapshot: RoutingSnapshot,
    spending: Spending,
    policy: Policy,
    at: int,
) -> Answer:
    """The rules of the destination, then the breaker."""
    if policy.plan is None:
        return spending, _no(CallReason.NO_TRUNK, destination.key)
    if not snapshot.outbound.destinations.allows(asking.agent, destination):
        return spending, _no(CallReason.DESTINATION_NOT_ALLOWED, destination.key)
    spending, allowed = spending_of.admit(
        spending,
        snapshot.outbound.spending,
        call_id=asking.pass_id,
        agent=asking.agent,
        country=abroad(destination, snapshot.account.region),
        price=price_of(destination, snapshot, asking.route),
        at=at,
    )
    if isinstance(allowed, Trip):
        return spending, replace(_no(allowed.reason, destination.key), trip=allowed)
    return spending, _outside(asking, snapshot, destination, policy, allowed.milliseconds)


def abroad(destination: Destination, region: str) -> str:
    """The country as the breaker counts it: empty at home, ``?`` where no plan knows the number."""
    return "" if destination.country == region else destination.country or "?"


def price_of(destination: Destination, snapshot: RoutingSnapshot, route: CallCenterRoute | None) -> Decimal:
    """What a started minute is taken to cost us: the price table's, else the call center's, else nothing."""
    listed = snapshot.outbound.spending.prices.of_number(destination.key)
    if listed is not None:
        return listed
    if route is None or route.rate.currency != snapshot.account.currency:
        return Decimal(0)
    per_minute = {CostUnit.SECOND: Decimal(60), CostUnit.MINUTE: Decimal(1), CostUnit.HOUR: Decimal(1) / 60}
    return route.rate.price * per_minute[route.rate.unit]


def _outside(
    asking: Asking | AskingOutside,
    snapshot: RoutingSnapshot,
    destination: Destination,
    policy: Policy,
    allowance: int | None,
) -> Permit | Refused:
    if policy.plan is None:
        return _no(CallReason.NO_TRUNK, destination.key)
    ours = isinstance(asking, Asking) or asking.as_ours
    shown = asking.route.caller_id if asking.route and ours else None
    to = policy.plan.outside(destination, snapshot.account.region, shown)
    return Permit(to, destination.key, allowance)


def _inside(agent: AgentRoute, callee: AgentRoute, roster: Roster, number: str) -> Permit | Refused:
    """Another agent: rung whether paused or without a desk, but not while they talk, nor where they may not work."""
    if callee.id == agent.id:
        return _no(CallReason.NOT_A_NUMBER, number)
    seat = roster.seats.get(callee.id)
    if seat is not None and not seat.allowed:
        return _no(CallReason.PARTY_NOT_ALLOWED, number)
    if seat is not None and seat.call is not None:
        return Refused(Outcome.BUSY, CallReason.PARTY_ON_ANOTHER_CALL, number)
    return Permit(callee, number)


def _no(reason: CallReason, number: str) -> Refused:
    return Refused(Outcome.REFUSED, reason, number)
