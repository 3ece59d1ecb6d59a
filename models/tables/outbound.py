"""Where calls of ours may go and what they may cost: rules, prices, the breaker's limits and releases.

Owns: the columns. Must not: judge (`models.values.destination`, `ari_app.core.spending`).
"""

from decimal import Decimal
from enum import StrEnum

from peewee import BooleanField, CharField, IntegerField

from models.tables.account import Agent
from models.tables.base import ChoiceField, InstantField, MoneyField, Row, now, points_to
from models.tables.call_centers import CallCenter


class LimitScope(StrEnum):
    """Whose limits a row of `breaker_limits` are."""

    AGENT = "agent"  # of each agent
    ACCOUNT = "account"  # of all together


class AgentCallCenter(Row):
    """For which call center an agent calls who dials on the phone: whose price it is, whose number is shown."""

    agent = points_to(Agent, primary_key=True, on_delete="CASCADE", backref="calls_for")
    call_center = points_to(CallCenter, on_delete="CASCADE", backref="callers")

    class Meta:
        table_name = "agent_call_centers"


class DestinationRule(Row):
    """A pattern that is allowed or refused, for one agent or (none) for everybody. `canonical` is unique for each."""

    agent = points_to(Agent, null=True, on_delete="CASCADE", backref="destination_rules")
    pattern = CharField(max_length=40)
    canonical = CharField(max_length=40)
    allowed = BooleanField(default=True)
    note = CharField(max_length=100, default="")

    class Meta:
        table_name = "destination_rules"


class DestinationPrice(Row):
    """What a started minute to numbers with this prefix (E.164 without the +) costs, in the account's currency."""

    prefix = CharField(max_length=15, unique=True)
    price = MoneyField(default=Decimal(0))

    class Meta:
        table_name = "destination_prices"


class BreakerLimits(Row):
    """One row a scope; NULL: no limit."""

    scope = ChoiceField(LimitScope, primary_key=True)
    spend_per_day = MoneyField(null=True)
    calls_per_hour = IntegerField(null=True)
    new_countries_per_day = IntegerField(null=True)

    class Meta:
        table_name = "breaker_limits"


class BreakerRelease(Row):
    """An administrator let an agent (none: the account) call again; what came before does not count any more."""

    agent = points_to(Agent, null=True, on_delete="CASCADE", backref="releases")
    at = InstantField(default=now)
    by = points_to(Agent, null=True, backref="released")

    class Meta:
        table_name = "breaker_releases"
