"""The routing snapshot from the tables: complete, ordered, in a fixed number of queries, or refused in words."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from peewee import Database

from models import snapshot, tables
from models.values.call import CostUnit, PhoneKind, Role, Strategy
from models.values.money import Rate
from models.values.pattern import canonical_pattern


def agent(name: str, endpoint: str | None = None, **more: object) -> tables.Agent:
    return tables.Agent.create(name=name, email=f"{name}@example.org", endpoint=endpoint, **more)


def center(name: str, *patterns: str, **more: object) -> tables.CallCenter:
    row = tables.CallCenter.create(name=name, **more)
    for pattern in patterns:
        tables.CallCenterNumber.create(call_center=row, pattern=pattern, canonical=canonical_pattern(pattern))
    return row


def group(name: str, *members: tables.Agent) -> tables.AgentGroup:
    row = tables.AgentGroup.create(name=name)
    for priority, member in enumerate(members):
        tables.AgentGroupMember.create(group=row, agent=member, priority=priority)
    return row


def test_a_whole_account(database: Database) -> None:
    boss = agent("Jefa", role=Role.ADMINISTRATOR)
    one = agent("Uno", "8330101", click2dial=True, phone_kind=PhoneKind.VIRTUAL)
    support = center(
        "Soporte",
        "40004000",
        "8*",
        price=Decimal("12.5"),
        currency="USD",
        cost_unit=CostUnit.HOUR,
        color="#1a7f37",
        pop_up_url="https://crm.example/{Cédula}?id={contact_id}",
        logo_sha256="a" * 64,
        strategy=Strategy.LONGEST_IDLE,
        ring_seconds=11,
        max_wait_seconds=61,
        wrap_up_seconds=5,
        service_level_seconds=9,
    )
    tables.AdditionalField.create(name="Cédula")
    tables.CallCenterAgent.create(call_center=support, agent=one)
    tables.IpRule.create(address="10.0.0.0", mask="255.0.0.0", network="10.0.0.0/8")
    built = snapshot.build(database, 7)
    assert built.generation == 7
    assert (built.account.name, built.account.region, built.account.currency) == ("Prueba", "CR", "CRC")
    route = built.resolve("+50640004000")
    assert route is not None
    assert route is built.resolve("88887777")
    assert built.resolve("22222222") is None
    assert (route.id, route.name, route.color, route.strategy) == (support.id, "Soporte", "#1a7f37", "longest_idle")
    assert route.rate == Rate(Decimal("12.5"), "USD", CostUnit.HOUR)
    assert (route.ring_seconds, route.max_wait_seconds, route.wrap_up_seconds, route.service_level_seconds) == (
        11,
        61,
        5,
        9,
    )
    assert route.logo_url == f"/logos/{'a' * 64}"
    assert route.pop_up_url == "https://crm.example/{Cédula}?id={contact_id}"
    assert route.agents == (one.id,)
    assert built.call_centers_of(one.id) == (route,)
    assert built.call_centers_of(boss.id) == ()
    assert built.agents[one.id].click2dial is True
    assert built.agents[one.id].phone_kind is PhoneKind.VIRTUAL
    assert built.agents[boss.id].role is Role.ADMINISTRATOR
    assert built.agents[boss.id].endpoint is None
    assert built.agent_at("8330101") is built.agents[one.id]
    assert built.ip_rules.allows("10.1.2.3")
    assert not built.ip_rules.allows("11.1.2.3")


def test_who_rings_is_each_active_agent_once_by_priority(database: Database) -> None:
    people = [agent(f"a{number}", str(8330100 + number)) for number in range(6)]
    away = agent("away", "8330199", active=False)
    first = group("first", people[4], people[1], away)
    second = group("second", people[1], people[5])
    desk = center("Soporte", "40004000")
    tables.CallCenterGroup.create(call_center=desk, group=second, priority=2)
    tables.CallCenterGroup.create(call_center=desk, group=first, priority=1)
    for priority, who in ((1, people[3]), (0, people[2]), (9, people[4]), (0, away)):
        tables.CallCenterAgent.create(call_center=desk, agent=who, priority=priority)
    built = snapshot.build(database, 1)
    order = [people[number].id for number in (2, 3, 4, 1, 5)]
    assert list(built.call_centers[desk.id].agents) == order
    assert built.agents[away.id].active is False
    assert built.agent_at("8330199") is None


def test_an_inactive_call_center_answers_nothing(database: Database) -> None:
    center("Cerrado", "40004000", active=False)
    built = snapshot.build(database, 1)
    assert built.resolve("40004000") is None
    assert not built.call_centers


def test_the_number_of_queries_does_not_grow(database: Database, queries: Callable[[], int]) -> None:
    snapshot.build(database, 1)
    few = queries()
    everybody = group("todos", *(agent(f"a{number}", str(8330100 + number)) for number in range(30)))
    for number in range(30):
        row = center(f"c{number}", f"400040{number:02d}")
        tables.CallCenterGroup.create(call_center=row, group=everybody)
    queries()
    snapshot.build(database, 2)
    assert queries() == few


def test_every_problem_is_told_and_no_snapshot_made(database: Database) -> None:
    center("Bueno", "40004000")
    bad = center("Malo", "40004001", price=Decimal(1))
    tables.CallCenterNumber.create(call_center=bad, pattern="+506 4000 4000", canonical="something else")
    tables.CallCenterNumber.create(call_center=bad, pattern="4*4", canonical="4*4")
    tables.CallCenter.update(
        color="red", pop_up_url="javascript:alert(1)", currency="XXX", ring_seconds=0, price=-1
    ).where(tables.CallCenter.id == bad.id).execute()
    broken = agent("Rota", "12a")
    tables.IpRule.create(address="10.0.0.0", mask="255.0.255.0", network="?")
    with pytest.raises(snapshot.SnapshotError) as refused:
        snapshot.build(database, 1)
    told = "\n".join(refused.value.problems)
    for part in (
        f"Agent {broken.name!r}: the endpoint '12a'",
        "Call center 'Malo': 'red' is not a colour",
        "Call center 'Malo': Only http",
        "Call center 'Malo': 'XXX' is not an ISO 4217",
        "Call center 'Malo': the price is negative",
        "Call center 'Malo': ring time",
        "Number: '+506 4000 4000' is already answered by 'Bueno'",
        "Number: The * in '4*4' must be its last character",
        "IP: The mask '255.0.255.0' has holes",
    ):
        assert part in told
    assert len(refused.value.problems) == 9


def test_without_an_account_there_is_no_snapshot(database: Database) -> None:
    tables.Account.delete().execute()
    with pytest.raises(snapshot.SnapshotError, match="no account"):
        snapshot.build(database, 1)
