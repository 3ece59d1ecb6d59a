# mypy: ignore-errors
"""What happened to each call, entry by entry, and what the reaper ended."""

from peewee import (
    BigIntegerField,
    CharField,
    CompositeKey,
    Database,
    ForeignKeyField,
    Model,
    SmallIntegerField,
    TextField,
)
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Agent(Model):
        class Meta:
            database = db
            legacy_table_names = False
            table_name = "agents"

    class Call(Model):
        id = CharField(max_length=64, primary_key=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "calls"

    class CallEvent(Model):
        call = ForeignKeyField(Call, on_delete="CASCADE", index=False)
        ordinal = SmallIntegerField()
        at = BigIntegerField()
        code = CharField(max_length=32)
        agent = ForeignKeyField(Agent, null=True, on_delete="RESTRICT", index=False)
        detail = TextField(default="{}")

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "call_events"
            primary_key = CompositeKey("call", "ordinal")

    class Reaped(Model):
        at = BigIntegerField()
        thing = CharField(max_length=120)
        kind = CharField(max_length=32)
        call_id = CharField(max_length=64, default="", index=True)
        why = CharField(max_length=32)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "reaped"
            primary_key = CompositeKey("at", "thing")

    db.create_tables([CallEvent, Reaped])


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_table("reaped"))
    migrator.migrate(migrator.drop_table("call_events"))
