"""Fails open: callers whose number is blocked are marked for the dialplan to refuse; not known in time, they pass.

Owns: the comparison, and counting what was refused. Must not: end the call.
"""

import threading
import time
from dataclasses import dataclass
from typing import Final

import structlog
from peewee import PeeweeException

from agi_scripts.house import House, TooLate
from agi_scripts.session import Session
from dialplan import names
from models.db import DatabaseError
from models.tables import Account, BlockedNumber
from models.values.errors import InvalidValue
from models.values.pattern import NumberClaim, NumberTable
from models.values.phone import DEFAULT_REGION

log = structlog.get_logger(__name__)

SECONDS: Final = 2.0
LOOK_UP_SECONDS: Final = 1.5
LIST_SECONDS: Final = 5.0
"""How old the list may be."""


@dataclass(slots=True)
class _Known:
    until: float = 0.0
    table: NumberTable | None = None


_lists: dict[House, _Known] = {}
_lock = threading.Lock()


def run(session: Session, house: House) -> None:
    number = session.calling_number
    if not number:
        return
    try:
        blocked = house.within(LOOK_UP_SECONDS, lambda: _blocked(house, number))
    except (TooLate, PeeweeException, DatabaseError, InvalidValue) as error:
        log.warning("agi_blocklist_unknown", why=type(error).__name__)
        return
    if blocked is not None:
        session.set_variable(names.VARIABLE_BLOCKED, "1")
        _count(house, blocked)


def _blocked(house: House, number: str) -> int | None:
    """The id of the row that refuses this number."""
    with _lock:
        known = _lists.setdefault(house, _Known())
    if known.table is None or time.monotonic() >= known.until:
        with house.reading():
            account = Account.get_or_none()
            region = account.region if account is not None else DEFAULT_REGION
            rows = list(BlockedNumber.select(BlockedNumber.pattern, BlockedNumber.id).tuples())
        known.table = NumberTable.of([NumberClaim(pattern, int(key)) for pattern, key in rows], region)
        known.until = time.monotonic() + LIST_SECONDS
    return known.table.lookup(number)


def _count(house: House, row: int) -> None:
    """Only a number on a page: if it can't be kept now, it is not."""
    try:
        with house.writing():
            BlockedNumber.update(refused=BlockedNumber.refused + 1, refused_at=house.now()).where(
                BlockedNumber.id == row
            ).execute()
    except PeeweeException as error:
        log.info("agi_refusal_not_counted", error=str(error)[:200])
