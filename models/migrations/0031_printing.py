# mypy: ignore-errors
"""Print jobs; of a printer whether it is asked for its state and takes commands; a call center's printer."""

from peewee import (
    BigIntegerField,
    BooleanField,
    CharField,
    Database,
    ForeignKeyField,
    IntegerField,
    Model,
    SmallIntegerField,
    TextField,
)
from playhouse.migrate import SchemaMigrator

from models.migration_steps import add_column


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Row(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Agent(Row):
        class Meta:
            table_name = "agents"

    class Printer(Row):
        class Meta:
            table_name = "printers"

    class PrintJob(Row):
        printer = ForeignKeyField(Printer, null=True, on_delete="CASCADE", index=False)
        kind = CharField(max_length=32)
        subject = CharField(max_length=64)
        key = CharField(max_length=120, unique=True)
        title = CharField(max_length=200, default="")
        slip = TextField(null=True)
        state = CharField(max_length=32, default="queued")
        turn = IntegerField(default=0)
        attempts = SmallIntegerField(default=0)
        problem = CharField(max_length=40, default="")
        detail = CharField(max_length=200, default="")
        asked_by = ForeignKeyField(Agent, null=True, on_delete="RESTRICT", index=False)
        created_at = BigIntegerField(index=True)
        next_at = BigIntegerField()
        give_up_at = BigIntegerField()
        started_at = BigIntegerField(null=True)
        sending_at = BigIntegerField(null=True)
        ended_at = BigIntegerField(null=True)
        claim = CharField(max_length=32, default="")
        claimed_until = BigIntegerField(null=True)

        class Meta:
            table_name = "print_jobs"
            indexes = (
                (("state", "printer", "next_at"), False),
                (("printer", "state"), False),
                (("asked_by", "state"), False),
                (("kind", "subject"), False),
            )

    add_column(db, "printers", "asks_status", BooleanField(default=True))
    add_column(db, "printers", "sends_commands", BooleanField(default=False))
    add_column(db, "call_centers", "printer_id", ForeignKeyField(Printer, null=True, on_delete="RESTRICT"))
    db.create_tables([PrintJob])


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_table("print_jobs"))
    migrator.migrate(migrator.drop_column("call_centers", "printer_id"))
    for column in ("sends_commands", "asks_status"):
        migrator.migrate(migrator.drop_column("printers", column))
