# mypy: ignore-errors
"""The first tables: a frozen copy of `models.tables` as they were. Never changed once released; the next is 0002."""

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
    class Account(Model):
        name = CharField(max_length=100)
        region = CharField(max_length=2, default="CR")
        language = CharField(max_length=5, default="es")
        timezone = CharField(max_length=64, default="America/Costa_Rica")
        currency = CharField(max_length=3, default="CRC")
        created_at = BigIntegerField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "account"

    db.create_tables([Account])

    class AdditionalField(Model):
        name = CharField(max_length=60)
        name_key = CharField(unique=True, max_length=120)
        kind = CharField(max_length=32, default="text")
        required = BooleanField(default=False)
        searchable = BooleanField(default=False)
        position = SmallIntegerField(default=0)
        options = TextField(null=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "additional_fields"

    db.create_tables([AdditionalField])

    class Agent(Model):
        name = CharField(max_length=100)
        email = CharField(max_length=254)
        email_key = CharField(unique=True, max_length=254)
        endpoint = CharField(unique=True, null=True, max_length=16)
        click2dial = BooleanField(default=False)
        role = CharField(max_length=32, default="agent")
        active = BooleanField(default=True)
        password_hash = CharField(null=True)
        phone_kind = CharField(max_length=32, default="sip")
        sip_ha1 = CharField(null=True, max_length=64)
        language = CharField(null=True, max_length=5)
        invitation_hash = CharField(index=True, null=True, max_length=64)
        invitation_expires = BigIntegerField(null=True)
        session_epoch = IntegerField(default=0)
        created_at = BigIntegerField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "agents"

    db.create_tables([Agent])

    class AgentGroup(Model):
        name = CharField(max_length=100)
        name_key = CharField(unique=True, max_length=200)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "agent_groups"

    db.create_tables([AgentGroup])

    class AgentGroupMember(Model):
        group = ForeignKeyField(AgentGroup, on_delete="CASCADE", index=False)
        agent = ForeignKeyField(Agent, on_delete="CASCADE")
        priority = SmallIntegerField(default=0)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "agent_group_members"
            primary_key = CompositeKey("group", "agent")

    db.create_tables([AgentGroupMember])

    class AgentLogin(Model):
        agent = ForeignKeyField(Agent, on_delete="RESTRICT", index=False)
        session = CharField(unique=True, max_length=64)
        login_at = BigIntegerField(index=True)
        seen_at = BigIntegerField(null=True)
        logout_at = BigIntegerField(null=True)
        cause = CharField(null=True, max_length=32)
        address = CharField(max_length=45, default="")
        device = CharField(max_length=200, default="")

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "agent_logins"
            indexes = ((("agent", "login_at"), False),)

    db.create_tables([AgentLogin])

    class AgentPresence(Model):
        agent = ForeignKeyField(Agent, primary_key=True, on_delete="CASCADE")
        state = CharField(max_length=32, default="offline")
        reason = CharField(max_length=100, default="")
        since = BigIntegerField()
        session = CharField(max_length=64, default="")

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "agent_presence"

    db.create_tables([AgentPresence])

    class Attachment(Model):
        description = CharField(max_length=200, default="")
        filename = CharField(max_length=200)
        mime = CharField(max_length=100)
        size = BigIntegerField()
        sha256 = CharField(index=True, max_length=64)
        private = BooleanField(default=False)
        created_at = BigIntegerField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "attachments"

    db.create_tables([Attachment])

    class CallCenter(Model):
        name = CharField(max_length=100)
        name_key = CharField(unique=True, max_length=200)
        active = BooleanField(default=True)
        price = BigIntegerField()
        currency = CharField(max_length=3, default="CRC")
        cost_unit = CharField(max_length=32, default="minute")
        print_result = BooleanField(default=False)
        color = CharField(max_length=7, default="#1f6feb")
        pop_up_url = CharField(null=True, max_length=1000)
        logo_sha256 = CharField(index=True, null=True, max_length=64)
        logo_mime = CharField(null=True, max_length=50)
        strategy = CharField(max_length=32, default="all")
        ring_seconds = SmallIntegerField(default=20)
        max_wait_seconds = SmallIntegerField(default=120)
        wrap_up_seconds = SmallIntegerField(default=0)
        service_level_seconds = SmallIntegerField(default=20)
        created_at = BigIntegerField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "call_centers"

    db.create_tables([CallCenter])

    class Company(Model):
        name = CharField(max_length=100)
        name_key = CharField(unique=True, max_length=200)
        description = CharField(max_length=500, default="")
        address = CharField(max_length=300, default="")
        phone = CharField(max_length=40, default="")
        email = CharField(max_length=254, default="")
        created_at = BigIntegerField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "companies"

    db.create_tables([Company])

    class Disposition(Model):
        name = CharField(max_length=60)
        name_key = CharField(unique=True, max_length=120)
        active = BooleanField(default=True)
        action = CharField(max_length=32, default="none")
        position = SmallIntegerField(default=0)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "dispositions"

    db.create_tables([Disposition])

    class Contact(Model):
        name = CharField(max_length=120, default="")
        phone = CharField(max_length=40, default="")
        phone_key = CharField(index=True, null=True, max_length=40)
        email = CharField(max_length=254, default="")
        external_id = CharField(index=True, max_length=60, default="")
        company = ForeignKeyField(Company, null=True, on_delete="RESTRICT")
        disposition = ForeignKeyField(Disposition, null=True, on_delete="RESTRICT")
        agent = ForeignKeyField(Agent, null=True, on_delete="RESTRICT")
        last_activity_at = BigIntegerField(index=True, null=True)
        search = TextField(default="")
        created_at = BigIntegerField(index=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "contacts"

    db.create_tables([Contact])

    class Call(Model):
        id = CharField(primary_key=True, max_length=64)
        direction = CharField(max_length=32)
        call_center = ForeignKeyField(CallCenter, null=True, on_delete="RESTRICT", index=False)
        call_center_name = CharField(max_length=100, default="")
        called_number = CharField(max_length=64, default="")
        calling_number = CharField(max_length=64, default="")
        caller_name = CharField(max_length=120, default="")
        contact = ForeignKeyField(Contact, null=True, on_delete="RESTRICT", index=False)
        agent = ForeignKeyField(Agent, null=True, on_delete="RESTRICT", index=False)
        offered_at = BigIntegerField(index=True)
        answered_at = BigIntegerField(null=True)
        ended_at = BigIntegerField(null=True)
        wait_ms = BigIntegerField(default=0)
        talk_ms = BigIntegerField(default=0)
        cause = SmallIntegerField(null=True)
        outcome = CharField(max_length=32, default="in_progress")
        reason = CharField(max_length=64, default="")
        rate_price = BigIntegerField()
        rate_currency = CharField(max_length=3, default="")
        rate_unit = CharField(max_length=32, default="minute")
        cost = BigIntegerField(null=True)
        disposition = ForeignKeyField(Disposition, null=True, on_delete="RESTRICT", index=False)
        comment = TextField(default="")
        saved_at = BigIntegerField(null=True)
        saved_by = ForeignKeyField(Agent, null=True, on_delete="RESTRICT", index=False)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "calls"
            indexes = (
                (("call_center", "offered_at"), False),
                (("agent", "offered_at"), False),
                (("contact", "offered_at"), False),
                (("disposition", "offered_at"), False),
                (("outcome", "offered_at"), False),
            )

    db.create_tables([Call])

    class CallCenterAgent(Model):
        call_center = ForeignKeyField(CallCenter, on_delete="CASCADE", index=False)
        agent = ForeignKeyField(Agent, on_delete="CASCADE")
        priority = SmallIntegerField(default=0)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "call_center_agents"
            primary_key = CompositeKey("call_center", "agent")

    db.create_tables([CallCenterAgent])

    class Printer(Model):
        name = CharField(max_length=60)
        name_key = CharField(unique=True, max_length=120)
        kind = CharField(max_length=32, default="browser")
        letter = CharField(max_length=32, default="medium")
        margin_top = SmallIntegerField(default=3)
        margin_left = SmallIntegerField(default=3)
        margin_right = SmallIntegerField(default=3)
        margin_bottom = SmallIntegerField(default=3)
        paper_width = SmallIntegerField(default=80)
        code_page = CharField(max_length=16, default="CP858")
        host = CharField(null=True, max_length=253)
        port = IntegerField(null=True)
        queue = CharField(null=True, max_length=100)
        active = BooleanField(default=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "printers"

    db.create_tables([Printer])

    class Form(Model):
        name = CharField(max_length=100)
        name_key = CharField(unique=True, max_length=200)
        active = BooleanField(default=True)
        printer = ForeignKeyField(Printer, null=True, on_delete="RESTRICT")
        created_at = BigIntegerField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "forms"

    db.create_tables([Form])

    class CallCenterForm(Model):
        call_center = ForeignKeyField(CallCenter, on_delete="CASCADE", index=False)
        form = ForeignKeyField(Form, on_delete="CASCADE")
        position = SmallIntegerField(default=0)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "call_center_forms"
            primary_key = CompositeKey("call_center", "form")

    db.create_tables([CallCenterForm])

    class CallCenterGroup(Model):
        call_center = ForeignKeyField(CallCenter, on_delete="CASCADE", index=False)
        group = ForeignKeyField(AgentGroup, on_delete="CASCADE")
        priority = SmallIntegerField(default=0)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "call_center_groups"
            primary_key = CompositeKey("call_center", "group")

    db.create_tables([CallCenterGroup])

    class CallCenterNumber(Model):
        call_center = ForeignKeyField(CallCenter, on_delete="CASCADE")
        pattern = CharField(max_length=40)
        canonical = CharField(unique=True, max_length=40)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "call_center_numbers"

    db.create_tables([CallCenterNumber])

    class CallLeg(Model):
        call = ForeignKeyField(Call, on_delete="CASCADE", index=False)
        ordinal = SmallIntegerField()
        agent = ForeignKeyField(Agent, null=True, on_delete="RESTRICT", index=False)
        channel_id = CharField(max_length=80, default="")
        endpoint = CharField(max_length=80, default="")
        offered_at = BigIntegerField()
        ringing_at = BigIntegerField(null=True)
        answered_at = BigIntegerField(null=True)
        ended_at = BigIntegerField(null=True)
        outcome = CharField(max_length=32)
        cause = SmallIntegerField(null=True)
        reason = CharField(max_length=64, default="")

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "call_legs"
            primary_key = CompositeKey("call", "ordinal")
            indexes = ((("agent", "offered_at"), False),)

    db.create_tables([CallLeg])

    class ContactList(Model):
        name = CharField(max_length=100)
        name_key = CharField(unique=True, max_length=200)
        created_at = BigIntegerField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "contact_lists"

    db.create_tables([ContactList])

    class ContactListMember(Model):
        list = ForeignKeyField(ContactList, on_delete="CASCADE", index=False)
        contact = ForeignKeyField(Contact, on_delete="CASCADE")

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "contact_list_members"
            primary_key = CompositeKey("list", "contact")

    db.create_tables([ContactListMember])

    class ContactValue(Model):
        contact = ForeignKeyField(Contact, on_delete="CASCADE", index=False)
        field = ForeignKeyField(AdditionalField, on_delete="RESTRICT", index=False)
        value = CharField(max_length=1000)
        folded = CharField(max_length=1000)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "contact_values"
            primary_key = CompositeKey("contact", "field")
            indexes = ((("field", "folded"), False),)

    db.create_tables([ContactValue])

    class EngineMark(Model):
        key = CharField(primary_key=True, max_length=64)
        value = TextField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "engine_marks"

    db.create_tables([EngineMark])

    class FormVersion(Model):
        form = ForeignKeyField(Form, on_delete="RESTRICT", index=False)
        number = IntegerField()
        created_at = BigIntegerField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "form_versions"
            indexes = ((("form", "number"), True),)

    db.create_tables([FormVersion])

    class FormAnswer(Model):
        version = ForeignKeyField(FormVersion, on_delete="RESTRICT")
        call_id = CharField(index=True, null=True, max_length=64)
        contact = ForeignKeyField(Contact, null=True, on_delete="RESTRICT")
        agent = ForeignKeyField(Agent, null=True, on_delete="RESTRICT")
        answers = TextField()
        folded = TextField(default="")
        created_at = BigIntegerField(index=True)
        changed_at = BigIntegerField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "form_answers"

    db.create_tables([FormAnswer])

    class FormField(Model):
        version = ForeignKeyField(FormVersion, on_delete="CASCADE", index=False)
        position = SmallIntegerField()
        name = CharField(max_length=60)
        label = CharField(max_length=200)
        kind = CharField(max_length=32, default="text")
        required = BooleanField(default=False)
        default_value = CharField(max_length=500, default="")
        help = CharField(max_length=500, default="")
        options = TextField(null=True)
        condition = TextField(null=True)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "form_fields"
            indexes = ((("version", "name"), True),)

    db.create_tables([FormField])

    class IpRule(Model):
        address = CharField(max_length=45)
        mask = CharField(max_length=45)
        network = CharField(unique=True, max_length=49)
        created_at = BigIntegerField()

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "ip_rules"

    db.create_tables([IpRule])

    class PauseReason(Model):
        name = CharField(max_length=60)
        name_key = CharField(unique=True, max_length=120)
        active = BooleanField(default=True)
        position = SmallIntegerField(default=0)

        class Meta:
            database = db
            legacy_table_names = False
            table_name = "pause_reasons"

    db.create_tables([PauseReason])


def down(migrator, db):
    migrator.migrate(migrator.drop_table("pause_reasons"))
    migrator.migrate(migrator.drop_table("ip_rules"))
    migrator.migrate(migrator.drop_table("form_fields"))
    migrator.migrate(migrator.drop_table("form_answers"))
    migrator.migrate(migrator.drop_table("form_versions"))
    migrator.migrate(migrator.drop_table("engine_marks"))
    migrator.migrate(migrator.drop_table("contact_values"))
    migrator.migrate(migrator.drop_table("contact_list_members"))
    migrator.migrate(migrator.drop_table("contact_lists"))
    migrator.migrate(migrator.drop_table("call_legs"))
    migrator.migrate(migrator.drop_table("call_center_numbers"))
    migrator.migrate(migrator.drop_table("call_center_groups"))
    migrator.migrate(migrator.drop_table("call_center_forms"))
    migrator.migrate(migrator.drop_table("forms"))
    migrator.migrate(migrator.drop_table("printers"))
    migrator.migrate(migrator.drop_table("call_center_agents"))
    migrator.migrate(migrator.drop_table("calls"))
    migrator.migrate(migrator.drop_table("contacts"))
    migrator.migrate(migrator.drop_table("dispositions"))
    migrator.migrate(migrator.drop_table("companies"))
    migrator.migrate(migrator.drop_table("call_centers"))
    migrator.migrate(migrator.drop_table("attachments"))
    migrator.migrate(migrator.drop_table("agent_presence"))
    migrator.migrate(migrator.drop_table("agent_logins"))
    migrator.migrate(migrator.drop_table("agent_group_members"))
    migrator.migrate(migrator.drop_table("agent_groups"))
    migrator.migrate(migrator.drop_table("agents"))
    migrator.migrate(migrator.drop_table("additional_fields"))
    migrator.migrate(migrator.drop_table("account"))
