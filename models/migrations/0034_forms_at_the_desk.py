# mypy: ignore-errors
"""Drafts and files of the desk, the callbacks that agents promise, who is not to be called, where a pop-up opens."""

from peewee import BigIntegerField, BooleanField, CharField, Database, ForeignKeyField, IntegerField, Model, TextField
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

    class AgentGroup(Row):
        class Meta:
            table_name = "agent_groups"

    class Contact(Row):
        class Meta:
            table_name = "contacts"

    class CallCenter(Row):
        class Meta:
            table_name = "call_centers"

    class FormVersion(Row):
        class Meta:
            table_name = "form_versions"

    class FormAnswer(Row):
        class Meta:
            table_name = "form_answers"

    class FormFile(Row):
        version = ForeignKeyField(FormVersion, on_delete="CASCADE")
        field = CharField(max_length=60)
        call_id = CharField(max_length=64)
        agent = ForeignKeyField(Agent, on_delete="RESTRICT", index=False)
        answer = ForeignKeyField(FormAnswer, null=True, on_delete="RESTRICT")
        shared = BooleanField(default=False)
        filename = CharField(max_length=200)
        mime = CharField(max_length=100)
        size = BigIntegerField()
        sha256 = CharField(max_length=64, index=True)
        leaves = BooleanField(default=False)
        created_at = BigIntegerField(index=True)

        class Meta:
            table_name = "form_files"
            indexes = ((("call_id", "agent"), False),)

    class DeskDraft(Row):
        agent = ForeignKeyField(Agent, on_delete="RESTRICT", index=False)
        call_id = CharField(max_length=64)
        version = IntegerField(default=0)
        fields = TextField()
        unsaved = IntegerField(default=0)
        changed_at = BigIntegerField(index=True)

        class Meta:
            table_name = "desk_drafts"
            indexes = ((("agent", "call_id"), True),)

    class AgentCallback(Row):
        number = CharField(max_length=64)
        contact = ForeignKeyField(Contact, null=True, on_delete="RESTRICT")
        call_center = ForeignKeyField(CallCenter, null=True, on_delete="RESTRICT", index=False)
        agent = ForeignKeyField(Agent, null=True, on_delete="RESTRICT", index=False)
        group = ForeignKeyField(AgentGroup, null=True, on_delete="RESTRICT", index=False)
        due_at = BigIntegerField()
        note = CharField(max_length=500, default="")
        state = CharField(max_length=32, default="pending")
        call_id = CharField(max_length=64, null=True, index=True)
        created_by = ForeignKeyField(Agent, null=True, on_delete="RESTRICT", index=False)
        created_at = BigIntegerField()
        ended_at = BigIntegerField(null=True)
        ended_by = ForeignKeyField(Agent, null=True, on_delete="RESTRICT", index=False)

        class Meta:
            table_name = "agent_callbacks"
            indexes = ((("agent", "state", "due_at"), False), (("group", "state", "due_at"), False))

    db.create_tables([FormFile, DeskDraft, AgentCallback])
    add_column(db, "contacts", "do_not_call_at", BigIntegerField(null=True))
    add_column(db, "call_centers", "pop_up_in", CharField(max_length=32, default="tab"))


def down(migrator: SchemaMigrator, db: Database) -> None:
    for table in ("agent_callbacks", "desk_drafts", "form_files"):
        migrator.migrate(migrator.drop_table(table))
    migrator.migrate(migrator.drop_column("contacts", "do_not_call_at"))
    migrator.migrate(migrator.drop_column("call_centers", "pop_up_in"))
