"""The routing snapshot: from the tables, in a handful of queries, validated.

Owns: reading what routing needs, and saying in words what is wrong with it. Must not: be asked while a call waits;
it is built after an administrator's change and swapped in whole.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from peewee import Database

from models import queues
from models.db import execute, snapshot_read
from models.public_holidays import public_holidays
from models.values.call import CostUnit, PhoneKind, Role, Strategy
from models.values.color import parse_color
from models.values.destination import DefaultRule, DestinationRule, DestinationRules
from models.values.errors import InvalidValue
from models.values.feature import CodesProblem, read_codes
from models.values.ip import IpMask, IpRules
from models.values.money import Rate, check_currency, from_millionths
from models.values.pattern import NumberClaim, NumberTable
from models.values.phone import is_region, normalise
from models.values.queue import Queue
from models.values.recording import RecordingMode
from models.values.routing import Account, AgentRoute, CallCenterRoute, OutboundRules, RoutingSnapshot
from models.values.spending import Limits, Prices, SpendingRules
from models.values.url import check_template

# Where the web serves a call center's logo, by the hash of its content.
LOGO_URL: Final = "/logos/{sha256}"


class SnapshotError(Exception):
    """The tables do not make a snapshot; the running one stays. `problems` are sentences."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


_OUTBOUND_DEFAULT: Final = "SELECT outbound_default FROM account ORDER BY id LIMIT 1"
_CALLS_FOR: Final = "SELECT agent_id, call_center_id FROM agent_call_centers"
_DESTINATIONS: Final = "SELECT id, pattern, allowed, agent_id FROM destination_rules ORDER BY id"
_PRICES: Final = "SELECT prefix, price FROM destination_prices"
_LIMITS: Final = "SELECT scope, spend_per_day, calls_per_hour, new_countries_per_day FROM breaker_limits"
_RELEASES: Final = "SELECT agent_id, max(at) FROM breaker_releases GROUP BY agent_id"
_ACCOUNT: Final = "SELECT name, region, language, timezone, currency, feature_codes FROM account ORDER BY id LIMIT 1"
_AGENTS: Final = "SELECT id, name, endpoint, phone_kind, click2dial, role, active FROM agents ORDER BY id"
_CALL_CENTERS: Final = (
    "SELECT id, name, color, price, currency, cost_unit, logo_sha256, pop_up_url, strategy, ring_seconds, "
    "max_wait_seconds, wrap_up_seconds, service_level_seconds, survey_enabled, recording "
    "FROM call_centers WHERE active ORDER BY id"
)
_NUMBERS: Final = (
    "SELECT n.pattern, c.id, c.name FROM call_center_numbers n "
    "JOIN call_centers c ON c.id = n.call_center_id WHERE c.active ORDER BY n.id"
)
_DIRECT: Final = "SELECT call_center_id, priority, agent_id FROM call_center_agents"
_GROUPS: Final = "SELECT call_center_id, priority, group_id FROM call_center_groups"
_MEMBERS: Final = "SELECT group_id, priority, agent_id FROM agent_group_members"
_IP_RULES: Final = "SELECT address, mask FROM ip_rules ORDER BY id"
_FIELDS: Final = "SELECT name FROM additional_fields"
_QUEUES: Final = f"SELECT id, {', '.join(queues.COLUMNS)} FROM call_centers WHERE active ORDER BY id"  # noqa: S608
QUERIES: Final = (_ACCOUNT, _AGENTS, _CALL_CENTERS, _NUMBERS, _DIRECT, _GROUPS, _MEMBERS, _IP_RULES, _FIELDS, _QUEUES)
OUTBOUND_QUERIES: Final = (_OUTBOUND_DEFAULT, _CALLS_FOR, _DESTINATIONS, _PRICES, _LIMITS, _RELEASES)


def build(database: Database, generation: int) -> RoutingSnapshot:
    """A validated snapshot of one moment. Raises SnapshotError with every problem found."""
    with snapshot_read(database):
        account_rows, agent_rows, center_rows, number_rows, direct, groups, members, ip_rows, field_rows, queue_rows = (
            execute(database, sql).fetchall() for sql in QUERIES
        )
        default, calls_for, rules, prices, limits, releases = (
            execute(database, sql).fetchall() for sql in OUTBOUND_QUERIES
        )
    problems: list[str] = []
    account = _account(account_rows, problems)
    agents = _agents(agent_rows, problems)
    active = {agent.id for agent in agents.values() if agent.active}
    ringing = _who_rings(direct, groups, members, active)
    fields = tuple(name for (name,) in field_rows)
    waits = _queues(queue_rows, account, problems)
    call_centers = {
        row[0]: _call_center(row, ringing.get(row[0], ()), fields, waits.get(row[0], Queue()), problems)
        for row in center_rows
    }
    claims = [NumberClaim(*row) for row in number_rows]
    for key, center in _caller_ids(number_rows, account.region).items():
        if (made := call_centers.get(key)) is not None:
            call_centers[key] = replace(made, caller_id=center)
    for agent, center in calls_for:
        if agent in agents:
            agents[agent] = replace(agents[agent], call_center=center)
    outbound = _outbound(default, rules, prices, limits, releases, account.region, problems)
    numbers, doubled = NumberTable.read(claims, account.region)
    problems.extend(f"Number: {problem}" for problem in doubled)
    masks = [mask for row in ip_rows if (mask := _checked(problems, "IP", IpMask.parse, *row)) is not None]
    if problems:
        raise SnapshotError(problems)
    return RoutingSnapshot(
        generation,
        account,
        MappingProxyType({key: center for key, center in call_centers.items() if center is not None}),
        MappingProxyType(agents),
        numbers,
        IpRules(tuple(masks)),
        outbound,
    )


def _checked(problems: list[str], what: str, parse: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return parse(*arguments)
    except InvalidValue as problem:
        problems.append(f"{what}: {problem}")
    except ValueError as problem:
        problems.append(f"{what}: {problem}.")
    return None


def _caller_ids(rows: list[tuple[str, int, str]], region: str) -> dict[int, str]:
    """The number that each call center shows when it calls: its first one that is no pattern."""
    shown: dict[int, str] = {}
    for pattern, center, _ in rows:
        if pattern.lstrip("+").isdigit():
            shown.setdefault(center, normalise(pattern, region) or pattern)
    return shown


def destination_rules(database: Database, region: str) -> DestinationRules:
    """Where calls, and messages, may go; for whoever asks without a snapshot. A rule that cannot be read is none."""
    default = execute(database, _OUTBOUND_DEFAULT).fetchone()
    rows = execute(database, _DESTINATIONS).fetchall()
    rules, _problems = DestinationRules.of(
        (DestinationRule(key, pattern, bool(allow), agent) for key, pattern, allow, agent in rows),
        DefaultRule(default[0]) if default else DefaultRule.NATIONAL,
        region,
    )
    return rules


def _outbound(
    default: list[tuple[Any, ...]],
    rules: list[tuple[Any, ...]],
    prices: list[tuple[Any, ...]],
    limits: list[tuple[Any, ...]],
    releases: list[tuple[Any, ...]],
    region: str,
    problems: list[str],
) -> OutboundRules:
    """Where calls of ours may go, and the breaker's settings."""
    chosen = _checked(problems, "Account", DefaultRule, default[0][0]) if default else None
    allowed, doubled = DestinationRules.of(
        (DestinationRule(key, pattern, bool(allow), agent) for key, pattern, allow, agent in rules),
        chosen or DefaultRule.NATIONAL,
        region,
    )
    problems.extend(f"Destination: {problem}" for problem in doubled)
    of_scope = {
        scope: Limits(from_millionths(spend) if spend is not None else None, calls, countries)
        for scope, spend, calls, countries in limits
    }
    spending = SpendingRules(
        agent=of_scope.get("agent", Limits()),
        account=of_scope.get("account", Limits()),
        prices=Prices.of((prefix, from_millionths(price)) for prefix, price in prices),
        released={agent: int(at) for agent, at in releases},
    )
    return OutboundRules(allowed, spending)


def _account(rows: list[tuple[Any, ...]], problems: list[str]) -> Account:
    if not rows:
        problems.append("There is no account row.")
        return Account("")
    *named, codes = rows[0]
    account = Account(*named)
    try:
        account = replace(account, codes=read_codes(codes))
    except CodesProblem as problem:
        problems.append(f"Account: feature codes {problem}.")
    if not is_region(account.region):
        problems.append(f"Account: {account.region!r} is not a country code.")
    return account


def _agents(rows: list[tuple[Any, ...]], problems: list[str]) -> dict[int, AgentRoute]:
    agents: dict[int, AgentRoute] = {}
    for key, name, endpoint, phone_kind, click2dial, role, active in rows:
        if endpoint is not None and not (endpoint.isascii() and endpoint.isdigit()):
            problems.append(f"Agent {name!r}: the endpoint {endpoint!r} is not digits.")
            continue
        try:
            agents[key] = AgentRoute(
                key, name, endpoint or None, PhoneKind(phone_kind), bool(click2dial), Role(role), bool(active)
            )
        except ValueError as problem:
            problems.append(f"Agent {name!r}: {problem}.")
    return agents


def _who_rings(
    direct: list[tuple[int, int, int]],
    groups: list[tuple[int, int, int]],
    members: list[tuple[int, int, int]],
    active: set[int],
) -> dict[int, tuple[int, ...]]:
    """Each call center's active agents once, by priority; at equal priority those named directly come first.

    Inside a group by priority; all else being equal, by id.
    """
    ordered: dict[int, list[tuple[int, int]]] = {}
    for group, priority, agent in members:
        if agent in active:
            ordered.setdefault(group, []).append((priority, agent))
    of_group = {group: dict.fromkeys(agent for _, agent in sorted(rows)) for group, rows in ordered.items()}
    parts: dict[int, list[tuple[int, int, int]]] = {}
    for center, priority, agent in direct:
        if agent in active:
            parts.setdefault(center, []).append((priority, 0, agent))
    for center, priority, group in groups:
        if group in of_group:
            parts.setdefault(center, []).append((priority, 1, group))
    ringing: dict[int, tuple[int, ...]] = {}
    for center, rows in parts.items():
        once: dict[int, None] = {}  # a key keeps its first place
        for _, is_group, key in sorted(rows):
            if is_group:
                once.update(of_group[key])
            else:
                once[key] = None
        ringing[center] = tuple(once)
    return ringing


def _queues(rows: list[tuple[Any, ...]], account: Account, problems: list[str]) -> dict[int, Queue]:
    """Each call center's queue, by its id."""
    made: dict[int, Queue] = {}
    # From yesterday: the account's day may be another than ours.
    holidays = public_holidays(account.region, (datetime.now(UTC) - timedelta(days=1)).year)
    for key, *values in rows:
        row = dict(zip(queues.COLUMNS, values, strict=True))
        queue = _checked(problems, f"Queue of call center {key}", queues.queue_of, row, account.timezone, holidays)
        if queue is not None:
            made[key] = queue
    return made


def _call_center(
    row: tuple[Any, ...], agents: tuple[int, ...], fields: tuple[str, ...], queue: Queue, problems: list[str]
) -> CallCenterRoute | None:
    key, name, color, price, currency, unit, sha256, pop_up_url, strategy, *rest = row
    ring, wait, wrap_up, service, survey, recording = rest
    before = len(problems)
    what = f"Call center {name!r}"
    color = _checked(problems, what, parse_color, color)
    currency = _checked(problems, what, check_currency, currency)
    if pop_up_url:
        pop_up_url = _checked(problems, what, check_template, pop_up_url, fields)
    unit = _checked(problems, what, CostUnit, unit)
    strategy = _checked(problems, what, Strategy, strategy)
    recording = _checked(problems, what, RecordingMode, recording)
    if price < 0:
        problems.append(f"{what}: the price is negative.")
    if ring < 1 or wait < 1 or wrap_up < 0 or service < 0:
        problems.append(f"{what}: ring time and longest wait must be at least 1 s, the other times not negative.")
    if len(problems) > before:
        return None
    return CallCenterRoute(
        id=key,
        name=name,
        color=color,
        rate=Rate(from_millionths(price), currency, unit),
        agents=agents,
        logo_url=LOGO_URL.format(sha256=sha256) if sha256 else None,
        pop_up_url=pop_up_url or None,
        strategy=strategy,
        ring_seconds=ring,
        max_wait_seconds=wait,
        wrap_up_seconds=wrap_up,
        service_level_seconds=service,
        survey=bool(survey),
        queue=queue,
        recording=recording,
    )
