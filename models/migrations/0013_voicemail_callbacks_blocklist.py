# mypy: ignore-errors
"""What callers leave us, whom we refuse, an agent's PIN for the phone, and the rating of a call."""

from peewee import (
    BigIntegerField,
    BooleanField,
    CharField,
    Database,
    ForeignKeyField,
    IntegerField,
    Model,
    SmallIntegerField,
)
from playhouse.migrate import SchemaMigrator

from models.migration_steps import add_column


def up(migrator: SchemaMigrator, db: Database) -> None:
    add_column(db, "agents", "pin_hash", CharField(max_length=255, null=True))
    add_column(db, "agents", "pin_failures", SmallIntegerField(default=0))
    add_column(db, "agents", "pin_locked_until", BigIntegerField(null=True))
    add_column(db, "call_centers", "survey_enabled", BooleanField(default=False))
    add_column(db, "calls", "rating", SmallIntegerField(null=True))

    class Shared(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Agent(Shared):
        class Meta:
            table_name = "agents"

    class CallCenter(Shared):
        class Meta:
            table_name = "call_centers"

    class Voicemail(Shared):
        key = CharField(max_length=80, unique=True)
        call_id = CharField(index=True, max_length=64, null=True)
        call_center = ForeignKeyField(CallCenter, null=True, on_delete="RESTRICT")
        calling_number = CharField(max_length=64, default="")
        called_number = CharField(max_length=64, default="")
        recorded_at = BigIntegerField(index=True)
        seconds = IntegerField(default=0)
        sha256 = CharField(index=True, max_length=64)
        size = BigIntegerField(default=0)
        heard_at = BigIntegerField(null=True)
        heard_by = ForeignKeyField(Agent, null=True, on_delete="RESTRICT")

        class Meta:
            table_name = "voicemails"

    class CallbackRequest(Shared):
        number = CharField(max_length=64)
        call_center = ForeignKeyField(CallCenter, null=True, on_delete="RESTRICT")
        requested_at = BigIntegerField()
        kept_since = BigIntegerField()
        priority = SmallIntegerField(default=0)
        state = CharField(max_length=32, default="pending")
        attempts = SmallIntegerField(default=0)
        next_at = BigIntegerField(null=True)
        ended_at = BigIntegerField(null=True)
        reason = CharField(max_length=64, default="")
        call_id = CharField(index=True, max_length=64, null=True)

        class Meta:
            table_name = "callback_requests"
            indexes = ((("state", "kept_since"), False), (("number", "state"), False))

    class BlockedNumber(Shared):
        pattern = CharField(max_length=40)
        canonical = CharField(max_length=40, unique=True)
        note = CharField(max_length=200, default="")
        created_at = BigIntegerField()
        created_by = ForeignKeyField(Agent, null=True, on_delete="RESTRICT")
        refused = IntegerField(default=0)
        refused_at = BigIntegerField(null=True)

        class Meta:
            table_name = "blocked_numbers"

    db.create_tables([Voicemail, CallbackRequest, BlockedNumber])


def down(migrator: SchemaMigrator, db: Database) -> None:
    for table in ("blocked_numbers", "callback_requests", "voicemails"):
        db.execute_sql(f'DROP TABLE "{table}"')
    migrator.migrate(migrator.drop_column("calls", "rating"))
    migrator.migrate(migrator.drop_column("call_centers", "survey_enabled"))
    for column in ("pin_locked_until", "pin_failures", "pin_hash"):
        migrator.migrate(migrator.drop_column("agents", column))
