# mypy: ignore-errors
"""Calls that agents make: where they may go, what they may cost, and for which call center they are made."""

from peewee import BigIntegerField, BooleanField, CharField, Database, ForeignKeyField, IntegerField, Model
from playhouse.migrate import SchemaMigrator

from models.db import execute, placeholder
from models.migration_steps import add_column

_CALLS = {"agent": (60, 3), "account": (600, 5)}


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Base(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Agent(Base):
        class Meta:
            table_name = "agents"

    class CallCenter(Base):
        class Meta:
            table_name = "call_centers"

    class AgentCallCenter(Base):
        agent = ForeignKeyField(Agent, primary_key=True, on_delete="CASCADE")
        call_center = ForeignKeyField(CallCenter, on_delete="CASCADE")

        class Meta:
            table_name = "agent_call_centers"

    class DestinationRule(Base):
        agent = ForeignKeyField(Agent, null=True, on_delete="CASCADE")
        pattern = CharField(max_length=40)
        canonical = CharField(max_length=40)
        allowed = BooleanField(default=True)
        note = CharField(max_length=100, default="")

        class Meta:
            table_name = "destination_rules"

    class DestinationPrice(Base):
        prefix = CharField(max_length=15, unique=True)
        price = BigIntegerField(default=0)

        class Meta:
            table_name = "destination_prices"

    class BreakerLimits(Base):
        scope = CharField(max_length=32, primary_key=True)
        spend_per_day = BigIntegerField(null=True)
        calls_per_hour = IntegerField(null=True)
        new_countries_per_day = IntegerField(null=True)

        class Meta:
            table_name = "breaker_limits"

    class BreakerRelease(Base):
        agent = ForeignKeyField(Agent, null=True, on_delete="CASCADE")
        at = BigIntegerField()
        by = ForeignKeyField(Agent, null=True, on_delete="RESTRICT")

        class Meta:
            table_name = "breaker_releases"

    db.create_tables([AgentCallCenter, DestinationRule, DestinationPrice, BreakerLimits, BreakerRelease])
    add_column(db, "account", "outbound_default", CharField(max_length=32, default="national"))
    mark = placeholder(db)
    for scope, (calls, countries) in _CALLS.items():
        execute(
            db,
            "INSERT INTO breaker_limits (scope, calls_per_hour, new_countries_per_day) "  # noqa: S608
            f"VALUES ({mark}, {mark}, {mark})",
            (scope, calls, countries),
        )


def down(migrator: SchemaMigrator, db: Database) -> None:
    tables = ("breaker_releases", "breaker_limits", "destination_prices", "destination_rules", "agent_call_centers")
    for table in tables:
        migrator.migrate(migrator.drop_table(table))
    migrator.migrate(migrator.drop_column("account", "outbound_default"))
