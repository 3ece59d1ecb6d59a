"""What an agent has typed in a call and not saved: kept on the server as it is typed, for whatever computer comes next.

Owns: the merging of what several tabs and computers say, the bounds. Must not: judge what was typed, or decide whose
call it is (`ownership`).

Each field stands for itself, and the newest wins: a tab says how long ago it was typed, for clocks differ. A tab that
comes too late is told what is newer, one that writes over what it has not seen is told what that was. A field without a
value was saved, emptied or discarded: what was typed before then stays out.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from peewee import Database

from admin.desk.typed import CALL_FIELDS, CALLBACK_FIELDS, CONTACT_FIELDS, BadRequest
from models.db import is_postgresql, transaction
from models.tables import Agent, DeskDraft, FormFile, epoch_ms, now

KEPT: Final = timedelta(days=30)
EMPTY_KEPT: Final = timedelta(days=1)
MOST_OF_AN_AGENT: Final = 300  # calls with something unsaved
MOST_FIELDS: Final = 1500
LONGEST_VALUE: Final = 20_000  # characters
LONGEST: Final = 250_000  # characters of all fields of a call
_FIXED: Final = "|".join((*CALL_FIELDS, *CONTACT_FIELDS, *CALLBACK_FIELDS, "contact"))
_KEY: Final = re.compile(rf"{_FIXED}|field\.[0-9]{{1,18}}|form\.[0-9]{{1,18}}\.[^\x00-\x1f]{{1,60}}")
_TAB: Final = re.compile(r"[\w-]{1,64}", re.ASCII)

Value = str | list[str]
Fields = dict[str, dict[str, Any]]


class TooMuch(Exception):
    """More than is kept for one call, or for one agent."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a tab says: `fields` with what stands in each (None: as it is saved) and how long ago it was typed, ms."""

    tab: str
    seen: int
    fields: Mapping[str, tuple[Value | None, int]]


def parse(body: object) -> Sent:
    """Raises BadRequest."""
    if not isinstance(body, dict) or set(body) != {"tab", "seen", "fields"} or not isinstance(body["fields"], dict):
        raise BadRequest("tab, seen and fields are expected")
    tab, seen = body["tab"], body["seen"]
    if not isinstance(tab, str) or not _TAB.fullmatch(tab) or not _is_count(seen) or len(body["fields"]) > MOST_FIELDS:
        raise BadRequest("an unknown tab, or too many fields")
    return Sent(tab, seen, {_key(key): _typed(one) for key, one in body["fields"].items()})


def _key(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise BadRequest("an unknown field")
    return key


def _typed(one: object) -> tuple[Value | None, int]:
    if not isinstance(one, dict) or set(one) != {"v", "age"} or not _is_count(one["age"]):
        raise BadRequest("a field: what stands in it, and for how long")
    value = one["v"]
    texts = value if isinstance(value, list) else [value]
    if value is not None and not all(isinstance(text, str) for text in texts):
        raise BadRequest("a value that is neither a text nor a list of texts")
    if value is not None and sum(len(text) for text in texts) > LONGEST_VALUE:
        raise BadRequest("a value that is too long")
    return value, min(one["age"], int(KEPT.total_seconds() * 1000))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


# ---------------------------------------------------------------- read
def of(agent: Agent, call_id: str) -> dict[str, Any]:
    """The draft as the page takes it up."""
    row = DeskDraft.get_or_none(DeskDraft.agent == agent, DeskDraft.call_id == call_id)
    if row is None:
        return {"version": 0, "fields": {}}
    return {"version": row.version, "fields": _told(row.fields, row.fields)}


def _told(fields: Fields, keys: Iterable[str]) -> dict[str, Any]:
    at = epoch_ms(now())
    return {
        key: {"age": max(0, at - fields[key]["at"])} | ({"v": fields[key]["v"]} if "v" in fields[key] else {})
        for key in keys
    }


def calls_with_drafts(agent: Agent) -> list[str]:
    """Ids of the calls in which something is not saved, the latest first."""
    rows = DeskDraft.select(DeskDraft.call_id).where(DeskDraft.agent == agent, DeskDraft.unsaved > 0)
    ids = [key for (key,) in rows.order_by(DeskDraft.changed_at.desc()).tuples()]
    unsaved = FormFile.select(FormFile.call_id).where(FormFile.agent == agent, FormFile.answer.is_null()).distinct()
    return list(dict.fromkeys([*ids, *(key for (key,) in unsaved.tuples())]))


# ---------------------------------------------------------------- written
def merge(database: Database, agent: Agent, call_id: str, sent: Sent) -> dict[str, Any]:
    """Takes in what a tab says. Raises TooMuch, and then nothing of it is kept."""
    with transaction(database):
        row = _row(database, agent, call_id)
        fields: Fields = row.fields
        at = epoch_ms(now())
        version = row.version
        others = {key for key, one in fields.items() if one["n"] > sent.seen and one["tab"] != sent.tab}
        newer, replaced = [], {}
        for key, (value, age) in sent.fields.items():
            known = fields.get(key)
            if known is not None and at - age < known["at"] and key in others:
                newer.append(key)
                continue
            if known is not None and key in others and "v" in known and known["v"] != value:
                replaced[key] = known["v"]
            version += 1
            others.discard(key)
            fields[key] = {"at": at - age, "n": version, "tab": sent.tab} | ({} if value is None else {"v": value})
        _write(row, fields, version)
        return {"version": version, "fields": _told(fields, sorted(others)), "newer": newer, "replaced": replaced}


def clear(database: Database, agent: Agent, call_id: str, keys: Iterable[str], forms: Iterable[int] = ()) -> None:
    """These fields, and all of these forms' versions, are saved; in the transaction that saves them."""
    row = _known(database, agent, call_id)
    if row is None:
        return
    wanted, prefixes = set(keys), tuple(f"form.{version}." for version in forms)
    _empty(row, [key for key in row.fields if key in wanted or (prefixes and key.startswith(prefixes))])


def discard(database: Database, agent: Agent, call_id: str) -> list[str]:
    """Everything that is not saved goes, files too. The hashes to be forgotten after the commit."""
    with transaction(database):
        row = _known(database, agent, call_id)
        if row is not None:
            _empty(row, list(row.fields))
        mine = (FormFile.agent == agent) & (FormFile.call_id == call_id)
        gone = [sha for (sha,) in FormFile.select(FormFile.sha256).where(mine, FormFile.answer.is_null()).tuples()]
        FormFile.delete().where(mine, FormFile.answer.is_null()).execute()
        FormFile.update(leaves=False).where(mine, FormFile.leaves).execute()
        return gone


def _empty(row: DeskDraft, keys: Iterable[str]) -> None:
    at, fields, version = epoch_ms(now()), row.fields, row.version
    for key in keys:
        version += 1
        fields[key] = {"at": at, "n": version, "tab": ""}
    _write(row, fields, version)


def _known(database: Database, agent: Agent, call_id: str) -> Any:
    query = DeskDraft.select().where(DeskDraft.agent == agent, DeskDraft.call_id == call_id)
    return (query.for_update() if is_postgresql(database) else query).first()


def _row(database: Database, agent: Agent, call_id: str) -> DeskDraft:
    """This call's row, locked; made when there is none."""
    known = _known(database, agent, call_id)
    if known is not None:
        return known  # type: ignore[no-any-return]
    _sweep()
    if DeskDraft.select().where(DeskDraft.agent == agent, DeskDraft.unsaved > 0).count() >= MOST_OF_AN_AGENT:
        raise TooMuch
    DeskDraft.insert(agent=agent, call_id=call_id, fields={}).on_conflict_ignore().execute()
    made: DeskDraft = _known(database, agent, call_id)
    return made


def _write(row: DeskDraft, fields: Fields, version: int) -> None:
    if len(fields) > MOST_FIELDS or sum(len(str(one.get("v", ""))) for one in fields.values()) > LONGEST:
        raise TooMuch
    unsaved = sum(1 for one in fields.values() if "v" in one)
    DeskDraft.update(fields=fields, version=version, unsaved=unsaved, changed_at=now()).where(
        DeskDraft.id == row.id
    ).execute()


def _sweep() -> None:
    """Takes away what nobody came back to, whoever's it is."""
    DeskDraft.delete().where(
        (DeskDraft.changed_at < now() - KEPT) | ((DeskDraft.unsaved == 0) & (DeskDraft.changed_at < now() - EMPTY_KEPT))
    ).execute()
