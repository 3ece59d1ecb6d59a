# mypy: ignore-errors
"""The audit log, and the indexes by which a long history is searched."""

from peewee import BigIntegerField, CharField, Database, ForeignKeyField, Model, TextField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Agent(Model):
        class Meta:
            database = db
            legacy_table_names = False
            table_name = "agents"

    class AuditEntry(Model):
        at = BigIntegerField(index=True)
        agent = ForeignKeyField(Agent, null=True, on_delete="RESTRICT", index=False)
        who = CharField(max_length=100, default="")
        address = CharField(max_length=45, default="")
        section = CharField(max_length=40)
        act = CharField(max_length=20)
        row_key = CharField(max_length=64, default="")
        row_name = CharField(max_length=200, default="")
        before = TextField(null=True)
        after = TextField(null=True)
        folded = TextField(default="")

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "audit_log"
            indexes = ((("section", "row_key"), False), (("section", "at"), False), (("agent", "at"), False))

    db.create_tables([AuditEntry])
    migrator.migrate(
        migrator.add_index("calls", ("direction", "offered_at")),
        migrator.add_index("calls", ("calling_number",)),
        migrator.add_index("calls", ("called_number",)),
    )


def down(migrator: SchemaMigrator, db: Database) -> None:
    for name in ("calls_direction_offered_at", "calls_calling_number", "calls_called_number"):
        migrator.migrate(migrator.drop_index("calls", name))
    db.execute_sql("DROP TABLE audit_log")
