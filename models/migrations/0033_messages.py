# mypy: ignore-errors
"""SMS: threads, messages, who wants none, templates, providers over HTTP."""

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


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Row(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Agent(Row):
        class Meta:
            table_name = "agents"

    class CallCenter(Row):
        class Meta:
            table_name = "call_centers"

    class Contact(Row):
        class Meta:
            table_name = "contacts"

    class SmsProvider(Row):
        name = CharField(max_length=100)
        name_key = CharField(max_length=200, unique=True)
        url = CharField(max_length=1000)
        active = BooleanField(default=True)
        salt = CharField(max_length=32)
        failures = IntegerField(default=0)
        blocked_until = BigIntegerField(null=True)
        heard_at = BigIntegerField(null=True)
        created_at = BigIntegerField()

        class Meta:
            table_name = "sms_providers"

    class SmsProviderNumber(Row):
        provider = ForeignKeyField(SmsProvider, on_delete="CASCADE")
        number = CharField(max_length=40)
        number_key = CharField(max_length=40, unique=True)

        class Meta:
            table_name = "sms_provider_numbers"

    class SmsThread(Row):
        our_number = CharField(max_length=40)
        number = CharField(max_length=40)
        contact = ForeignKeyField(Contact, null=True, on_delete="RESTRICT", index=False)
        call_center = ForeignKeyField(CallCenter, null=True, on_delete="RESTRICT", index=False)
        last_at = BigIntegerField()
        last_text = CharField(max_length=160, default="")
        last_direction = CharField(max_length=32, default="inbound")
        unread = IntegerField(default=0)
        created_at = BigIntegerField()

        class Meta:
            table_name = "sms_threads"
            indexes = (
                (("our_number", "number"), True),
                (("number",), False),
                (("contact", "last_at"), False),
                (("call_center", "last_at"), False),
                (("last_at",), False),
            )

    class SmsMessage(Row):
        thread = ForeignKeyField(SmsThread, on_delete="CASCADE", index=False)
        key = CharField(max_length=200, unique=True)
        direction = CharField(max_length=32)
        text = TextField()
        state = CharField(max_length=32)
        reason = CharField(max_length=32, default="")
        detail = CharField(max_length=200, default="")
        segments = SmallIntegerField(default=1)
        way = CharField(max_length=32)
        provider = ForeignKeyField(SmsProvider, null=True, on_delete="RESTRICT", index=False)
        remote_id = CharField(max_length=120, default="")
        agent = ForeignKeyField(Agent, null=True, on_delete="RESTRICT", index=False)
        automatic = BooleanField(default=False)
        attempts = SmallIntegerField(default=0)
        created_at = BigIntegerField()
        next_at = BigIntegerField()
        tried_at = BigIntegerField(null=True)
        settled_at = BigIntegerField(null=True)

        class Meta:
            table_name = "sms_messages"
            indexes = (
                (("thread", "id"), False),
                (("state", "way", "next_at"), False),
                (("provider", "remote_id"), False),
                (("agent", "created_at"), False),
            )

    class SmsOptOut(Row):
        number = CharField(max_length=40, index=True)
        active_key = CharField(max_length=40, null=True, unique=True)
        word = CharField(max_length=20, default="")
        at = BigIntegerField()
        by = ForeignKeyField(Agent, null=True, on_delete="RESTRICT", index=False)
        note = CharField(max_length=200, default="")
        lifted_at = BigIntegerField(null=True)
        lifted_by = ForeignKeyField(Agent, null=True, on_delete="RESTRICT", index=False)
        lifted_word = CharField(max_length=20, default="")

        class Meta:
            table_name = "sms_opt_outs"

    class SmsTemplate(Row):
        name = CharField(max_length=60)
        name_key = CharField(max_length=120, unique=True)
        text = TextField()
        active = BooleanField(default=True)

        class Meta:
            table_name = "sms_templates"

    db.create_tables([SmsProvider, SmsProviderNumber, SmsThread, SmsMessage, SmsOptOut, SmsTemplate])


def down(migrator: SchemaMigrator, db: Database) -> None:
    for table in (
        "sms_templates",
        "sms_opt_outs",
        "sms_messages",
        "sms_threads",
        "sms_provider_numbers",
        "sms_providers",
    ):
        migrator.migrate(migrator.drop_table(table))
