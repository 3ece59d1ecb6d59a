# mypy: ignore-errors
"""Tickets at the desk: files brought to a ticket, who has read it, whose due date was told."""

from peewee import BigIntegerField, CharField, CompositeKey, Database, ForeignKeyField, Model
from playhouse.migrate import SchemaMigrator

from models.migration_steps import add_column


def up(migrator: SchemaMigrator, db: Database) -> None:
    add_column(db, "tickets", "due_told", BigIntegerField(null=True))

    migrator.migrate(migrator.add_index("tickets", ("author_id", "state", "due_at"), False))

    class Row(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Agent(Row):
        class Meta:
            table_name = "agents"

    class Ticket(Row):
        class Meta:
            table_name = "tickets"

    class TicketFile(Row):
        ticket = ForeignKeyField(Ticket, on_delete="CASCADE")
        author = ForeignKeyField(Agent, null=True, on_delete="RESTRICT", index=False)
        filename = CharField(max_length=200)
        mime = CharField(max_length=100)
        size = BigIntegerField()
        sha256 = CharField(max_length=64, index=True)
        created_at = BigIntegerField()

        class Meta:
            table_name = "ticket_files"

    class TicketReading(Row):
        ticket = ForeignKeyField(Ticket, on_delete="CASCADE", index=False)
        agent = ForeignKeyField(Agent, on_delete="CASCADE", index=False)
        read_at = BigIntegerField()

        class Meta:
            table_name = "ticket_readings"
            primary_key = CompositeKey("agent", "ticket")
            indexes = ((("ticket",), False),)

    db.create_tables([TicketFile, TicketReading])


def down(migrator: SchemaMigrator, db: Database) -> None:
    for table in ("ticket_readings", "ticket_files"):
        migrator.migrate(migrator.drop_table(table))
    migrator.migrate(migrator.drop_index("tickets", "tickets_author_id_state_due_at"))
    migrator.migrate(migrator.drop_column("tickets", "due_told"))
