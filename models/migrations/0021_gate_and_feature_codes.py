# mypy: ignore-errors
"""On whose behalf a number outside was called from a call that went on, and the codes of the phone during a call."""

from peewee import CharField, Database, ForeignKeyField, Model
from playhouse.migrate import SchemaMigrator

from models.migration_steps import add_column


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Agent(Model):
        class Meta:
            database = db
            legacy_table_names = False
            table_name = "agents"

    add_column(db, "call_legs", "ordered_by_id", ForeignKeyField(Agent, null=True, on_delete="RESTRICT"))
    add_column(db, "account", "feature_codes", CharField(max_length=400, default=""))


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_column("account", "feature_codes"))
    migrator.migrate(migrator.drop_column("call_legs", "ordered_by_id"))
