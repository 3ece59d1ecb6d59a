# mypy: ignore-errors
"""Why a recording failed, and who deleted one."""

from peewee import CharField, Database, ForeignKeyField, Model
from playhouse.migrate import SchemaMigrator

from models.migration_steps import add_column


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Agent(Model):
        class Meta:
            database = db
            legacy_table_names = False
            table_name = "agents"

    add_column(db, "recordings", "problem", CharField(max_length=32, null=True))
    add_column(db, "recordings", "deleted_by_id", ForeignKeyField(Agent, null=True, on_delete="RESTRICT"))


def down(migrator: SchemaMigrator, db: Database) -> None:
    for column in ("deleted_by_id", "problem"):
        migrator.migrate(migrator.drop_column("recordings", column))
