# mypy: ignore-errors
"""The REST API's tokens, tickets, and webhooks with their outbox."""

from peewee import (
    BigIntegerField,
    BooleanField,
    CharField,
    CompositeKey,
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

    class AgentGroup(Row):
        class Meta:
            table_name = "agent_groups"

    class Contact(Row):
        class Meta:
            table_name = "contacts"

    class Attachment(Row):
        class Meta:
            table_name = "attachments"

    class Call(Row):
        id = CharField(max_length=64, primary_key=True)

        class Meta:
            table_name = "calls"

    class ApiToken(Row):
        name = CharField(max_length=100)
        owner = ForeignKeyField(Agent, on_delete="RESTRICT")
        prefix = CharField(max_length=16, unique=True)
        sha256 = CharField(max_length=64)
        scopes = TextField(default="[]")
        active = BooleanField(default=True)
        expires_at = BigIntegerField(null=True)
        used_at = BigIntegerField(null=True)
        used_from = CharField(max_length=45, default="")
        created_at = BigIntegerField()

        class Meta:
            table_name = "api_tokens"

    class ApiRequest(Row):
        token = ForeignKeyField(ApiToken, on_delete="CASCADE", index=False)
        key = CharField(max_length=64)
        sha256 = CharField(max_length=64)
        status = SmallIntegerField(null=True)
        answer = TextField(null=True)
        created_at = BigIntegerField(index=True)

        class Meta:
            table_name = "api_requests"
            indexes = ((("token", "key"), True),)

    class Ticket(Row):
        subject = CharField(max_length=200)
        text = TextField(default="")
        state = CharField(max_length=32, default="open")
        priority = CharField(max_length=32, default="normal")
        contact = ForeignKeyField(Contact, null=True, on_delete="RESTRICT", index=False)
        call = ForeignKeyField(Call, null=True, on_delete="RESTRICT")
        agent = ForeignKeyField(Agent, null=True, on_delete="RESTRICT", index=False)
        group = ForeignKeyField(AgentGroup, null=True, on_delete="RESTRICT", index=False)
        due_at = BigIntegerField(null=True)
        author = ForeignKeyField(Agent, null=True, on_delete="RESTRICT", index=False)
        solved_at = BigIntegerField(null=True)
        created_at = BigIntegerField(index=True)
        updated_at = BigIntegerField(index=True)
        folded = TextField(default="")

        class Meta:
            table_name = "tickets"
            indexes = (
                (("contact", "updated_at"), False),
                (("agent", "state", "due_at"), False),
                (("group", "state", "due_at"), False),
                (("state", "due_at"), False),
            )

    class TicketMessage(Row):
        ticket = ForeignKeyField(Ticket, on_delete="CASCADE", index=False)
        author = ForeignKeyField(Agent, null=True, on_delete="RESTRICT", index=False)
        text = TextField()
        internal = BooleanField(default=True)
        created_at = BigIntegerField()

        class Meta:
            table_name = "ticket_messages"
            indexes = ((("ticket", "created_at"), False),)

    class TicketAttachment(Row):
        ticket = ForeignKeyField(Ticket, on_delete="CASCADE")
        attachment = ForeignKeyField(Attachment, on_delete="RESTRICT")
        message = ForeignKeyField(TicketMessage, null=True, on_delete="CASCADE")

        class Meta:
            table_name = "ticket_attachments"

    class Webhook(Row):
        name = CharField(max_length=100)
        name_key = CharField(max_length=200, unique=True)
        url = CharField(max_length=1000)
        active = BooleanField(default=True)
        salt = CharField(max_length=32)
        since = BigIntegerField()
        failures = IntegerField(default=0)
        blocked_until = BigIntegerField(null=True)
        gone_at = BigIntegerField(null=True)
        created_at = BigIntegerField()

        class Meta:
            table_name = "webhooks"

    class WebhookEvent(Row):
        webhook = ForeignKeyField(Webhook, on_delete="CASCADE", index=False)
        event = CharField(max_length=32)

        class Meta:
            table_name = "webhook_events"
            primary_key = CompositeKey("webhook", "event")

    class WebhookDelivery(Row):
        webhook = ForeignKeyField(Webhook, on_delete="CASCADE", index=False)
        message_id = CharField(max_length=120)
        event = CharField(max_length=32)
        call_id = CharField(max_length=64, default="")
        at = BigIntegerField()
        body = TextField()
        state = CharField(max_length=32, default="pending")
        attempts = SmallIntegerField(default=0)
        next_at = BigIntegerField()
        give_up_at = BigIntegerField()
        tried_at = BigIntegerField(null=True)
        status = SmallIntegerField(null=True)
        took_ms = IntegerField(null=True)
        problem = CharField(max_length=40, default="")
        answer = TextField(default="")

        class Meta:
            table_name = "webhook_deliveries"
            indexes = (
                (("webhook", "message_id"), True),
                (("webhook", "call_id"), False),
                (("state", "next_at"), False),
                (("state", "tried_at"), False),
            )

    db.create_tables(
        [
            ApiToken,
            ApiRequest,
            Ticket,
            TicketMessage,
            TicketAttachment,
            Webhook,
            WebhookEvent,
            WebhookDelivery,
        ]
    )


def down(migrator: SchemaMigrator, db: Database) -> None:
    for table in (
        "webhook_deliveries",
        "webhook_events",
        "webhooks",
        "ticket_attachments",
        "ticket_messages",
        "tickets",
        "api_requests",
        "api_tokens",
    ):
        migrator.migrate(migrator.drop_table(table))
