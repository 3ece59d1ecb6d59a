# mypy: ignore-errors
"""What the desk asks for twice (a lost answer, a double click) is one ticket, one message: by the page's own key."""

from peewee import CharField, Database
from playhouse.migrate import SchemaMigrator

from models.db import execute
from models.migration_steps import add_column

TABLES = ("tickets", "ticket_messages")


def up(migrator: SchemaMigrator, db: Database) -> None:
    for table in TABLES:
        add_column(db, table, "key", CharField(max_length=100, null=True))
        execute(db, f'CREATE UNIQUE INDEX "{table}_key" ON "{table}" ("key")')


def down(migrator: SchemaMigrator, db: Database) -> None:
    for table in TABLES:
        execute(db, f'DROP INDEX "{table}_key"')
        migrator.migrate(migrator.drop_column(table, "key"))
