# mypy: ignore-errors
"""Every state that an agent was in, from when: what a day at the desk was made of."""

from peewee import BigIntegerField, CharField, CompositeKey, Database, ForeignKeyField, Model
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Row(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Agent(Row):
        class Meta:
            table_name = "agents"

    class AgentStateChange(Row):
        agent = ForeignKeyField(Agent, on_delete="CASCADE", index=False)
        since = BigIntegerField()
        state = CharField(max_length=32)
        reason = CharField(max_length=100, default="")

        class Meta:
            table_name = "agent_states"
            primary_key = CompositeKey("agent", "since")

    db.create_tables([AgentStateChange])


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_table("agent_states"))
