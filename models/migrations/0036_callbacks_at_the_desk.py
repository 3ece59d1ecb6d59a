# mypy: ignore-errors
"""Callbacks at the desk: whose due moment was told, and those that anyone of a call center may make."""

from peewee import BigIntegerField, Database
from playhouse.migrate import SchemaMigrator

from models.migration_steps import add_column


def up(migrator: SchemaMigrator, db: Database) -> None:
    add_column(db, "agent_callbacks", "due_told", BigIntegerField(null=True))
    migrator.migrate(
        migrator.add_index("agent_callbacks", ("call_center_id", "state", "due_at"), False),
        migrator.add_index("agent_callbacks", ("state", "due_at"), False),
    )


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(
        migrator.drop_index("agent_callbacks", "agent_callbacks_call_center_id_state_due_at"),
        migrator.drop_index("agent_callbacks", "agent_callbacks_state_due_at"),
    )
    migrator.migrate(migrator.drop_column("agent_callbacks", "due_told"))
