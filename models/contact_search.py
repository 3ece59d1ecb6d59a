"""How contacts are found among a million: the index of every three letters, on either database.

Owns: the index over `contacts.search` and `contacts.extra_search`, and the triggers that keep both true whoever writes.
Must not: ask questions of it (the admin's list does), or be used by a migration, which has its own copy.

SQLite: an FTS5 table without content, one document a contact (`rowid` is its id), trigrams without places: it finds
whatever may hold a word, and the row itself is asked whether it does. PostgreSQL: a GIN index of pg_trgm where the
extension may be had; without it the same questions are only slower.
"""

from typing import Any, Final

from peewee import Database, PeeweeException

from models.db import execute, is_postgresql

TEXT: Final = "search || ' ' || extra_search"

SQLITE: Final = (
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
)
# A bulk writer gives the contact its `extra_search` at once: then an inserted value has nothing to do here.
_RECOUNT: Final = (
    "UPDATE contacts SET extra_search = (SELECT coalesce(group_concat(folded, ' '), '') FROM contact_values "
    "WHERE contact_id = {row}.contact_id) WHERE id = {row}.contact_id"
)
SQLITE_VALUES: Final = (
    "CREATE TRIGGER IF NOT EXISTS contact_values_new AFTER INSERT ON contact_values "  # noqa: S608
    "WHEN NOT EXISTS (SELECT 1 FROM contacts WHERE id = new.contact_id AND instr(extra_search, new.folded) > 0) "
    f"BEGIN {_RECOUNT.format(row='new')}; END",
    "CREATE TRIGGER IF NOT EXISTS contact_values_changed AFTER UPDATE ON contact_values "
    f"BEGIN {_RECOUNT.format(row='old')}; {_RECOUNT.format(row='new')}; END",
    "CREATE TRIGGER IF NOT EXISTS contact_values_gone AFTER DELETE ON contact_values "
    f"BEGIN {_RECOUNT.format(row='old')}; END",
)
POSTGRESQL: Final = (
    "CREATE INDEX IF NOT EXISTS contacts_activity_order ON contacts (last_activity_at DESC NULLS LAST, id DESC)",
    "CREATE INDEX IF NOT EXISTS contacts_phone_order ON contacts (phone_key NULLS FIRST, id)",
)
POSTGRESQL_TRIGRAMS: Final = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    f"CREATE INDEX IF NOT EXISTS contacts_text ON contacts USING gin (({TEXT}) gin_trgm_ops)",
)
POSTGRESQL_VALUES: Final = (
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


def create_for_contacts(database: Database) -> None:
    """Beside a new table `contacts`."""
    if not is_postgresql(database):
        _all(database, SQLITE)
        return
    _all(database, POSTGRESQL)
    try:
        with database.atomic():
            _all(database, POSTGRESQL_TRIGRAMS)
    except PeeweeException:
        return  # not installed, or not allowed


def create_for_values(database: Database) -> None:
    """Beside a new table `contact_values`."""
    _all(database, POSTGRESQL_VALUES if is_postgresql(database) else SQLITE_VALUES)


def _all(database: Database, statements: tuple[str, ...]) -> None:
    for sql in statements:
        execute(database, sql)


def trigrams(word: str) -> str:
    """A question to the FTS5 table: whatever has every three letters of `word`, which has at least three."""
    parts: Any = dict.fromkeys(word[at : at + 3] for at in range(len(word) - 2))
    return " AND ".join('"' + part.replace('"', '""') + '"' for part in parts)
