# mypy: ignore-errors
"""Legs to numbers outside, and stretches of a conversation."""

from peewee import CharField, Database
from playhouse.migrate import SchemaMigrator

from models.migration_steps import add_column


def up(migrator: SchemaMigrator, db: Database) -> None:
    add_column(db, "call_legs", "kind", CharField(max_length=32, default="agent"))
    add_column(db, "call_legs", "number", CharField(max_length=64, default=""))


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_column("call_legs", "number"))
    migrator.migrate(migrator.drop_column("call_legs", "kind"))
