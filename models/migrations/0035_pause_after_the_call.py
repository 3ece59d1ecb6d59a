# mypy: ignore-errors
"""The pause that an agent on a call asked for: an engine that starts during the call knows of it."""

from peewee import CharField, Database
from playhouse.migrate import SchemaMigrator

from models.migration_steps import add_column


def up(migrator: SchemaMigrator, db: Database) -> None:
    add_column(db, "agent_presence", "pause_wish", CharField(max_length=100, null=True))


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_column("agent_presence", "pause_wish"))
