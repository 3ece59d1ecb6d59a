"""Who is calling: the card for the screen pop, read and, for a new number, made, in a few statements.

Owns: the look-up of a contact by phone and the making of one for an unknown caller. Must not: use the ORM (this runs
for every call), or decide what is shown.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from peewee import Database

from models.db import execute, is_postgresql, placeholder, transaction
from models.tables.base import epoch_ms
from models.tables.contacts import search_text
from models.values.call import Outcome
from models.values.card import CallerCard, CardCall, CardField

LAST_CALLS: Final = 5
_PHONE_LENGTH: Final = 40

_CONTACT: Final = (
    "SELECT t.id, t.name, t.phone, t.email, coalesce(co.name, ''), coalesce(d.name, ''), coalesce(a.name, '') "
    "FROM contacts t LEFT JOIN companies co ON co.id = t.company_id "
    "LEFT JOIN dispositions d ON d.id = t.disposition_id LEFT JOIN agents a ON a.id = t.agent_id WHERE {where} "
    "ORDER BY coalesce(t.last_activity_at, 0) DESC, t.id LIMIT 1"
)
_FIELDS: Final = (
    "SELECT f.name, v.value FROM contact_values v JOIN additional_fields f ON f.id = v.field_id "
    "WHERE v.contact_id = ? ORDER BY f.position, f.id"
)
_CALLS: Final = (
    "SELECT c.id, c.offered_at, c.call_center_name, c.outcome, coalesce(a.name, ''), coalesce(d.name, ''), c.comment "
    "FROM calls c LEFT JOIN agents a ON a.id = c.agent_id LEFT JOIN dispositions d ON d.id = c.disposition_id "
    "WHERE c.contact_id = ? AND c.id <> ? ORDER BY c.offered_at DESC, c.id DESC LIMIT ?"
)
_INSERT: Final = (
    "INSERT INTO contacts (name, phone, phone_key, email, external_id, last_activity_at, search, created_at) "
    "VALUES ('', ?, ?, '', '', NULL, ?, ?) RETURNING id"
)


def caller_card(
    database: Database,
    phone_key: str | None,
    raw: str,
    *,
    call_id: str = "",
    create: bool = True,
    at: int | None = None,
) -> CallerCard | None:
    """The card of whoever has `phone_key` (`models.values.phone.normalise`); None when nobody is behind the call.

    Several contacts may share a phone: the one with the latest activity. An unknown caller becomes a contact with the
    phone `raw` and no name, one only, however many calls come at once. `call_id` is the call that asks: not among
    its own last calls. `at` is the moment of making, epoch milliseconds.
    """
    if phone_key is None:
        return None
    card = _read(database, "t.phone_key = ?", phone_key, call_id)
    if card is not None or not create:
        return card
    with transaction(database):
        if is_postgresql(database):
            _run(database, "SELECT pg_advisory_xact_lock(hashtextextended(?, 1))", (phone_key,))
        card = _read(database, "t.phone_key = ?", phone_key, call_id)
        if card is not None:
            return card
        phone = "".join(character for character in raw if character.isprintable())[:_PHONE_LENGTH] or phone_key
        created = epoch_ms(datetime.now(UTC)) if at is None else at
        search = search_text("", phone, phone_key, "", "")
        row = _run(database, _INSERT, (phone, phone_key, search, created)).fetchone()
        return CallerCard(int(row[0]), "", phone, "", "", "", "")


def contact_card(database: Database, contact_id: int, *, call_id: str = "") -> CallerCard | None:
    """The card of a contact, or None when there is no such contact."""
    return _read(database, "t.id = ?", contact_id, call_id)


def _read(database: Database, where: str, value: str | int, call_id: str) -> CallerCard | None:
    row = _run(database, _CONTACT.format(where=where), (value,)).fetchone()
    if row is None:
        return None
    contact = int(row[0])
    fields = _run(database, _FIELDS, (contact,)).fetchall()
    calls = _run(database, _CALLS, (contact, call_id, LAST_CALLS)).fetchall()
    _, name, phone, email, company, disposition, in_charge = row
    return CallerCard(
        contact,
        name,
        phone,
        email,
        company,
        disposition,
        in_charge,
        fields=tuple(CardField(label, value) for label, value in fields),
        calls=tuple(
            CardCall(key, int(at), center, Outcome(outcome), agent, left, comment)
            for key, at, center, outcome, agent, left, comment in calls
        ),
    )


def _run(database: Database, sql: str, parameters: Sequence[object]) -> Any:
    return execute(database, sql.replace("?", placeholder(database)), parameters)
