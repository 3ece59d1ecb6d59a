# mypy: ignore-errors
"""Which call centers record their conversations and for how long that is kept, and the files that were made."""

from peewee import (
    BigIntegerField,
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
    add_column(db, "call_centers", "recording", CharField(max_length=32, default="off"))
    add_column(db, "call_centers", "recording_days", SmallIntegerField(default=0))

    class CallCenter(Model):
        class Meta:
            database = db
            legacy_table_names = False
            table_name = "call_centers"

    class Recording(Model):
        name = CharField(max_length=96, unique=True)
        call_id = CharField(max_length=64, index=True)
        call_center = ForeignKeyField(CallCenter, null=True, on_delete="RESTRICT")
        part = SmallIntegerField(default=1)
        began_at = BigIntegerField(index=True)
        ended_at = BigIntegerField()
        cuts = TextField(default="[]")
        state = CharField(max_length=32, default="pending")
        sha256 = CharField(max_length=64, default="")
        size = BigIntegerField(default=0)
        duration_ms = IntegerField(default=0)
        kept_at = BigIntegerField(null=True)
        deleted_at = BigIntegerField(null=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "recordings"

    db.create_tables([Recording])


def down(migrator: SchemaMigrator, db: Database) -> None:
    db.execute_sql('DROP TABLE "recordings"')
    for column in ("recording_days", "recording"):
        migrator.migrate(migrator.drop_column("call_centers", column))
