"""Two contacts that are one: found, made one with all their history, and parted again.

Owns: what goes where, and what an undo needs. Must not: draw, or guess: whoever sees them says which is kept.

What the kept one lacks comes from the others. Whatever points to them (calls, and any table to come) points to it.
"""

from collections.abc import Sequence
from typing import Any, Final

from peewee import fn

from models.checks.contacts import account_region
from models.db import transaction
from models.tables import (
    CampaignContact,
    Contact,
    ContactImportChange,
    ContactListMember,
    ContactMerge,
    ContactValue,
    database,
    now,
)
from models.values.phone import normalise

MAX_TOGETHER: Final = 20
_FILLED: Final = ("name", "phone", "phone_key", "email", "external_id", "company", "disposition", "agent")
# These have their own way: a place in the same list is not moved twice.
_OWN_WAY: Final = (ContactValue, ContactListMember, CampaignContact, ContactImportChange)


class CannotMerge(ValueError):
    """`code`: gone, too_many, used_id."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def merge(keep: int, others: Sequence[int], author: int | None) -> ContactMerge:
    """Raises CannotMerge."""
    wanted = [key for key in dict.fromkeys(others) if key != keep]
    if not wanted or len(wanted) >= MAX_TOGETHER:
        raise CannotMerge("too_many" if wanted else "gone")
    with transaction(database.obj):
        rows = {row.id: row for row in Contact.select().where(Contact.id.in_([keep, *wanted]))}
        if len(rows) != len(wanted) + 1:
            raise CannotMerge("gone")
        kept = rows[keep]
        before: dict[str, Any] = {"filled": {}, "kept_lists": _lists(keep), "gone": []}
        values = _values(keep)
        before["kept_values"] = sorted(values)
        for key in wanted:
            before["gone"].append(_take(kept, rows[key], values, before["filled"]))
        activity = [row.last_activity_at for row in rows.values() if row.last_activity_at]
        kept.last_activity_at = max(activity, default=None)
        kept.save(only=[*_FILLED, "last_activity_at", "search"])
        Contact.delete().where(Contact.id.in_(wanted)).execute()
        return ContactMerge.create(kept=keep, author=author, before=before)


def _take(kept: Contact, other: Contact, values: dict[int, str], filled: dict[str, Any]) -> dict[str, Any]:
    """Gives `kept` what it lacks and all that points to `other`; what `other` was."""
    was = {
        "row": {name: _plain(Contact, name, other) for name in Contact._meta.fields},  # type: ignore[attr-defined]
        "values": _values(other.id),
        "lists": _lists(other.id),
        "campaigns": [key for (key,) in CampaignContact.select(CampaignContact.campaign)
                      .where(CampaignContact.contact == other).tuples()],
        "moved": {},
    }  # fmt: skip
    for name in _FILLED:
        if kept.__data__.get(name) in (None, "") and other.__data__.get(name) not in (None, ""):
            # The key goes with its phone, never alone.
            if name == "phone_key" and kept.phone != other.phone:
                continue
            setattr(kept, name, other.__data__[name])
            filled[name] = other.__data__[name]
    for field, value in was["values"].items():
        if field not in values:
            values[field] = value
            ContactValue(contact=kept, field=field, value=value).save(force_insert=True)
    here = set(_lists(kept.id))
    for listed in was["lists"]:
        if listed not in here:
            ContactListMember.create(list=listed, contact=kept)
    _move_campaigns(kept, other)
    for column, table in _pointing():
        key = table._meta.primary_key
        name = "" if key is False or not hasattr(key, "name") else key.name
        ids = [one for (one,) in table.select(key).where(column == other.id).tuples()] if name else []
        if ids:
            was["moved"][f"{table._meta.table_name}.{column.name}"] = ids
        table.update({column: kept.id}).where(column == other.id).execute()
    return was


def _pointing() -> list[tuple[Any, Any]]:
    meta: Any = Contact
    return [(column, table) for column, table in meta._meta.backrefs.items() if table not in _OWN_WAY]


def _move_campaigns(kept: Contact, other: Contact) -> None:
    there = CampaignContact.select(CampaignContact.campaign).where(CampaignContact.contact == kept)
    places = CampaignContact.campaign.in_([key for (key,) in there.tuples()])
    CampaignContact.update(contact=kept).where(CampaignContact.contact == other, ~places).execute()


def _plain(table: Any, name: str, row: Any) -> Any:
    return table._meta.fields[name].db_value(row.__data__.get(name))


def _values(key: int) -> dict[int, str]:
    return dict(ContactValue.select(ContactValue.field, ContactValue.value).where(ContactValue.contact == key).tuples())


def _lists(key: int) -> list[int]:
    query = ContactListMember.select(ContactListMember.list).where(ContactListMember.contact == key)
    return sorted(one for (one,) in query.tuples())


def part(merged: ContactMerge) -> None:
    """Undoes a merge: the others are there again with what was theirs. What somebody changed since stays.

    Raises CannotMerge."""
    with transaction(database.obj):
        once = ContactMerge.update(undone_at=now()).where(
            ContactMerge.id == merged.id, ContactMerge.undone_at.is_null()
        )
        if not once.execute():
            raise CannotMerge("gone")
        kept = Contact.get_or_none(Contact.id == merged.kept)
        if kept is None:
            raise CannotMerge("gone")
        before = merged.before
        given: set[int] = set()
        for one in before["gone"]:
            if Contact.get_or_none(Contact.id == one["row"]["id"]) is not None:
                raise CannotMerge("used_id")
            _bring_back(kept, one)
            given |= {int(field) for field in one["values"]} - set(before["kept_values"])
            listed = set(one["lists"]) - set(before["kept_lists"])
            ContactListMember.delete().where(
                ContactListMember.contact == kept, ContactListMember.list.in_(list(listed))
            ).execute()
        taken = {int(field): value for one in before["gone"] for field, value in one["values"].items()}
        for field in given:
            mine = (ContactValue.contact == kept.id) & (ContactValue.field == field)
            ContactValue.delete().where(mine, ContactValue.value == taken[field]).execute()
        for name, value in before["filled"].items():
            if kept.__data__.get(name) == value:
                setattr(kept, name, None if name in ("company", "disposition", "agent", "phone_key") else "")
        kept.phone_key = normalise(kept.phone, account_region()) if kept.phone else None
        kept.save(only=[*_FILLED, "search"])


def _bring_back(kept: Contact, one: dict[str, Any]) -> None:
    data = dict(one["row"])
    Contact.insert(data | {"extra_search": ""}).execute()
    for field, value in one["values"].items():
        ContactValue(contact=data["id"], field=int(field), value=value).save(force_insert=True)
    for listed in one["lists"]:
        ContactListMember.create(list=listed, contact=data["id"])
    for column, table in _pointing():
        ids = one["moved"].get(f"{table._meta.table_name}.{column.name}", [])
        key = table._meta.primary_key
        for start in range(0, len(ids), 500):
            table.update({column: data["id"]}).where(key.in_(ids[start : start + 500]), column == kept.id).execute()


def candidates(by: str, page: int, size: int) -> tuple[list[list[Contact]], bool]:
    """Groups of contacts with the same phone or ID, and whether there are more."""
    column = {"phone": Contact.phone_key, "id": Contact.external_id}[by]
    groups = (
        Contact.select(column)
        .where(column.is_null(False), column != "")
        .group_by(column)
        .having(fn.COUNT(Contact.id) > 1)
        .order_by(column)
        .limit(size + 1)
        .offset((page - 1) * size)
        .tuples()
    )
    keys = [key for (key,) in groups]
    shown = keys[:size]
    rows = Contact.select().where(column.in_(shown)).order_by(Contact.last_activity_at.desc(nulls="LAST"), Contact.id)
    together: dict[str, list[Contact]] = {key: [] for key in shown}
    for row in rows:
        if len(together[getattr(row, column.name)]) < MAX_TOGETHER:
            together[getattr(row, column.name)].append(row)
    return list(together.values()), len(keys) > size
