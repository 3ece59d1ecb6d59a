# mypy: ignore-errors
"""Contacts found among a million, bulk loads and merges with their undo, campaigns as drafts."""

from peewee import (
    BigIntegerField,
    CharField,
    CompositeKey,
    Database,
    ForeignKeyField,
    IntegerField,
    Model,
    PeeweeException,
    SmallIntegerField,
    TextField,
)
from playhouse.migrate import SchemaMigrator

from models.migration_steps import add_column

_SQLITE = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS contacts_text USING fts5(words, content='', detail=none, "
    "tokenize='trigram case_sensitive 1')",
    "CREATE TRIGGER IF NOT EXISTS contacts_text_new AFTER INSERT ON contacts BEGIN "
    "INSERT INTO contacts_text(rowid, words) VALUES (new.id, new.search || ' ' || new.extra_search); END",
    "CREATE TRIGGER IF NOT EXISTS contacts_text_gone AFTER DELETE ON contacts BEGIN "
    "INSERT INTO contacts_text(contacts_text, rowid, words) "
    "VALUES ('delete', old.id, old.search || ' ' || old.extra_search); END",
    "CREATE TRIGGER IF NOT EXISTS contacts_text_changed AFTER UPDATE OF search, extra_search, id ON contacts "
    "WHEN old.search <> new.search OR old.extra_search <> new.extra_search OR old.id <> new.id BEGIN "
    "INSERT INTO contacts_text(contacts_text, rowid, words) "
    "VALUES ('delete', old.id, old.search || ' ' || old.extra_search); "
    "INSERT INTO contacts_text(rowid, words) VALUES (new.id, new.search || ' ' || new.extra_search); END",
    "INSERT INTO contacts_text(rowid, words) SELECT id, search || ' ' || extra_search FROM contacts",
)
_RECOUNT = (
    "UPDATE contacts SET extra_search = (SELECT coalesce(group_concat(folded, ' '), '') FROM contact_values "
    "WHERE contact_id = {row}.contact_id) WHERE id = {row}.contact_id"
)
_SQLITE_VALUES = (
    "CREATE TRIGGER IF NOT EXISTS contact_values_new AFTER INSERT ON contact_values "  # noqa: S608
    "WHEN NOT EXISTS (SELECT 1 FROM contacts WHERE id = new.contact_id AND instr(extra_search, new.folded) > 0) "
    f"BEGIN {_RECOUNT.format(row='new')}; END",
    "CREATE TRIGGER IF NOT EXISTS contact_values_changed AFTER UPDATE ON contact_values "
    f"BEGIN {_RECOUNT.format(row='old')}; {_RECOUNT.format(row='new')}; END",
    "CREATE TRIGGER IF NOT EXISTS contact_values_gone AFTER DELETE ON contact_values "
    f"BEGIN {_RECOUNT.format(row='old')}; END",
)
_POSTGRESQL = (
    "CREATE INDEX IF NOT EXISTS contacts_activity_order ON contacts (last_activity_at DESC NULLS LAST, id DESC)",
)
_POSTGRESQL_TRIGRAMS = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX IF NOT EXISTS contacts_text ON contacts USING gin ((search || ' ' || extra_search) gin_trgm_ops)",
)
_POSTGRESQL_VALUES = (
    """CREATE OR REPLACE FUNCTION contact_values_text() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE touched bigint := CASE WHEN TG_OP = 'DELETE' THEN OLD.contact_id ELSE NEW.contact_id END;
BEGIN
  IF TG_OP = 'INSERT' AND EXISTS (
    SELECT 1 FROM contacts WHERE id = touched AND strpos(extra_search, NEW.folded) > 0
  ) THEN
    RETURN NULL;
  END IF;
  UPDATE contacts SET extra_search = (
    SELECT coalesce(string_agg(folded, ' '), '') FROM contact_values WHERE contact_id = touched
  ) WHERE id = touched;
  RETURN NULL;
END $$""",
    "DROP TRIGGER IF EXISTS contact_values_text ON contact_values",
    "CREATE TRIGGER contact_values_text AFTER INSERT OR UPDATE OR DELETE ON contact_values "
    "FOR EACH ROW EXECUTE FUNCTION contact_values_text()",
)


def up(migrator: SchemaMigrator, db: Database) -> None:
    on_postgresql = "Postgres" in type(db).__name__
    _text(db, on_postgresql)
    _tables(db)


def _text(db: Database, on_postgresql: bool) -> None:
    add_column(db, "contacts", "extra_search", TextField(default=""))
    join = "string_agg(folded, ' ')" if on_postgresql else "group_concat(folded, ' ')"
    db.execute_sql(
        f"UPDATE contacts SET extra_search = (SELECT {join} FROM contact_values v WHERE v.contact_id = contacts.id) "  # noqa: S608
        "WHERE id IN (SELECT contact_id FROM contact_values)"
    )
    db.execute_sql("CREATE INDEX contacts_search ON contacts (search)")
    for sql in (*_POSTGRESQL, *_POSTGRESQL_VALUES) if on_postgresql else (*_SQLITE, *_SQLITE_VALUES):
        db.execute_sql(sql)
    if on_postgresql:
        try:
            with db.atomic():
                for sql in _POSTGRESQL_TRIGRAMS:
                    db.execute_sql(sql)
        except PeeweeException:
            pass  # not installed, or not allowed: searches are slower


def _tables(db: Database) -> None:
    class Pointed(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Agent(Pointed):
        class Meta:
            table_name = "agents"

    class CallCenter(Pointed):
        class Meta:
            table_name = "call_centers"

    class Contact(Pointed):
        class Meta:
            table_name = "contacts"

    class ContactList(Pointed):
        class Meta:
            table_name = "contact_lists"

    class Campaign(Pointed):
        name = CharField(max_length=100)
        name_key = CharField(max_length=200, unique=True)
        state = CharField(max_length=32, default="draft")
        list = ForeignKeyField(ContactList, null=True, on_delete="RESTRICT")
        call_center = ForeignKeyField(CallCenter, null=True, on_delete="RESTRICT")
        author = ForeignKeyField(Agent, null=True, on_delete="RESTRICT")
        created_at = BigIntegerField()

        class Meta:
            table_name = "campaigns"

    class CampaignContact(Pointed):
        campaign = ForeignKeyField(Campaign, on_delete="CASCADE", index=False)
        contact = ForeignKeyField(Contact, on_delete="CASCADE")
        position = IntegerField(default=0)
        state = CharField(max_length=32, default="pending")
        attempts = SmallIntegerField(default=0)
        last_attempt_at = BigIntegerField(null=True)
        next_attempt_at = BigIntegerField(null=True)

        class Meta:
            table_name = "campaign_contacts"
            primary_key = CompositeKey("campaign", "contact")
            indexes = ((("campaign", "state", "next_attempt_at", "position"), False),)

    class ContactImport(Pointed):
        state = CharField(max_length=32, default="reading", index=True)
        file_name = CharField(max_length=200)
        stored = CharField(max_length=80)
        author = ForeignKeyField(Agent, null=True, on_delete="RESTRICT")
        options = TextField()
        report = TextField(null=True)
        failure = TextField(null=True)
        rows_total = IntegerField(default=0)
        rows_done = IntegerField(default=0)
        created = IntegerField(default=0)
        updated = IntegerField(default=0)
        skipped = IntegerField(default=0)
        refused = IntegerField(default=0)
        created_at = BigIntegerField()
        started_at = BigIntegerField(null=True)
        ended_at = BigIntegerField(null=True)

        class Meta:
            table_name = "contact_imports"

    class ContactImportChunk(Pointed):
        load = ForeignKeyField(ContactImport, on_delete="CASCADE", index=False)
        number = IntegerField()
        at = BigIntegerField()
        ids = TextField()

        class Meta:
            table_name = "contact_import_chunks"
            primary_key = CompositeKey("load", "number")

    class ContactImportChange(Pointed):
        load = ForeignKeyField(ContactImport, on_delete="CASCADE", index=False)
        contact = ForeignKeyField(Contact, on_delete="CASCADE")
        changes = TextField()

        class Meta:
            table_name = "contact_import_changes"
            primary_key = CompositeKey("load", "contact")

    class ContactMerge(Pointed):
        kept = BigIntegerField(index=True)
        author = ForeignKeyField(Agent, null=True, on_delete="RESTRICT")
        before = TextField()
        created_at = BigIntegerField()
        undone_at = BigIntegerField(null=True)

        class Meta:
            table_name = "contact_merges"

    db.create_tables([Campaign, CampaignContact, ContactImport, ContactImportChunk, ContactImportChange, ContactMerge])


def down(migrator: SchemaMigrator, db: Database) -> None:
    for table in ("contact_merges", "contact_import_changes", "contact_import_chunks", "contact_imports",
                  "campaign_contacts", "campaigns"):  # fmt: skip
        db.execute_sql(f"DROP TABLE {table}")
    if "Postgres" in type(db).__name__:
        db.execute_sql("DROP FUNCTION contact_values_text CASCADE")
        db.execute_sql("DROP INDEX IF EXISTS contacts_text")
        db.execute_sql("DROP INDEX contacts_activity_order")
    else:
        for name in ("contacts_text_new", "contacts_text_gone", "contacts_text_changed", "contact_values_new",
                     "contact_values_changed", "contact_values_gone"):  # fmt: skip
            db.execute_sql(f"DROP TRIGGER {name}")
        db.execute_sql("DROP TABLE contacts_text")
    db.execute_sql("DROP INDEX contacts_search")
    db.execute_sql("ALTER TABLE contacts DROP COLUMN extra_search")
