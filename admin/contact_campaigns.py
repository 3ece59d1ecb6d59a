"""*Generar campaña*: everything the search found becomes a list and a campaign in draft.

Owns: who is left out. Must not: dial.
"""

from dataclasses import dataclass
from typing import Final

from admin.contact_pages import Search, ask, ids_of, matching
from models.db import execute_many, placeholder, transaction
from models.tables import Campaign, Contact, ContactList, Disposition, database
from models.tables.contacts import DispositionAction

MAX: Final = 100_000
_STEP: Final = 500


class TooMany(ValueError):
    """More than `MAX` were found."""


@dataclass(frozen=True)
class Reach:
    """How many would be called, and how many not, and why not."""

    found: int
    without_phone: int
    not_to_call: int

    @property
    def called(self) -> int:
        return self.found - self.without_phone - self.not_to_call


def _split(ids: list[int]) -> tuple[list[int], int, int]:
    """Those to call; how many have no phone; how many must not be called."""
    called: list[int] = []
    without = refused = 0
    never = {row.id for row in Disposition.select().where(Disposition.action == DispositionAction.DO_NOT_CALL)}
    for start in range(0, len(ids), _STEP):
        rows = Contact.select(Contact.id, Contact.phone_key, Contact.disposition).where(
            Contact.id.in_(ids[start : start + _STEP])
        )
        for key, phone, disposition in rows.order_by(Contact.id).tuples():
            if not phone:
                without += 1
            elif disposition in never:
                refused += 1
            else:
                called.append(key)
    return called, without, refused


def _found(search: Search) -> list[int]:
    """Raises TooMany."""
    sql, parameters = matching(search, MAX + 1)
    if len(ask(sql, parameters)) > MAX:
        raise TooMany
    return ids_of(search)


def reach(search: Search) -> Reach:
    """Raises TooMany."""
    ids = _found(search)
    called, without, refused = _split(ids)
    return Reach(len(called) + without + refused, without, refused)


def make(search: Search, name: str, author: int | None) -> tuple[Campaign, int]:
    """The campaign and how many it calls. The list has the campaign's name. Raises TooMany, IntegrityError."""
    opened = database.obj
    mark = placeholder(opened)
    with transaction(opened):
        called, _without, _refused = _split(_found(search))
        listed = ContactList.create(name=name)
        campaign = Campaign.create(name=name, list=listed, author=author)
        members = f"INSERT INTO contact_list_members (list_id, contact_id) VALUES ({mark}, {mark})"  # noqa: S608
        execute_many(opened, members, [(listed.id, key) for key in called])
        columns = "campaign_id, contact_id, position, state, attempts"
        places = f"INSERT INTO campaign_contacts ({columns}) VALUES ({', '.join([mark] * 5)})"  # noqa: S608
        execute_many(opened, places, [(campaign.id, key, place, "pending", 0) for place, key in enumerate(called, 1)])
    return campaign, len(called)
