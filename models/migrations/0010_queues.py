# mypy: ignore-errors
"""How callers wait for a call center: hours, what they hear, and where they go that are not taken."""

from peewee import BigIntegerField, BooleanField, CharField, Database, Model, SmallIntegerField, TextField
from playhouse.migrate import SchemaMigrator

from models.migration_steps import add_column

CAUSES = ("closed", "full", "waited", "nobody")
COLUMNS = {
    "opening_hours": lambda: TextField(default=""),
    "closed_dates": lambda: TextField(default=""),
    "closed_on_holidays": lambda: BooleanField(default=False),
    "closed_now": lambda: BooleanField(default=False),
    "queue_priority": lambda: SmallIntegerField(default=5),
    "max_waiting": lambda: SmallIntegerField(default=0),
    "music": lambda: CharField(max_length=40, default=""),
    "welcome": lambda: CharField(max_length=80, default=""),
    "announce_seconds": lambda: SmallIntegerField(default=0),
    "announce_position": lambda: BooleanField(default=True),
    "announce_wait": lambda: BooleanField(default=True),
    "callback_key": lambda: CharField(max_length=1, default=""),
    "voicemail_key": lambda: CharField(max_length=1, default=""),
    "voicemail_email": lambda: CharField(max_length=254, default=""),
    "pause_after_misses": lambda: SmallIntegerField(default=0),
    **{f"{cause}_to": lambda: CharField(max_length=32, default="message") for cause in CAUSES},
    **{f"{cause}_message": lambda: CharField(max_length=80, default="") for cause in CAUSES},
    **{f"{cause}_target": lambda: CharField(max_length=64, default="") for cause in CAUSES},
}


def up(migrator: SchemaMigrator, db: Database) -> None:
    for name, field in COLUMNS.items():
        add_column(db, "call_centers", name, field())

    class Prompt(Model):
        name = CharField(max_length=100)
        name_key = CharField(max_length=200, unique=True)
        sha256 = CharField(max_length=64, index=True)
        seconds = SmallIntegerField(default=0)
        created_at = BigIntegerField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "prompts"

    db.create_tables([Prompt])


def down(migrator: SchemaMigrator, db: Database) -> None:
    db.execute_sql('DROP TABLE "prompts"')
    for name in reversed(COLUMNS):
        migrator.migrate(migrator.drop_column("call_centers", name))
