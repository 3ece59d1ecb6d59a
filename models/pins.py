"""The PIN of an agent's phone: hashing, what is demanded of one, and the count of wrong tries.

Owns: argon2id, and the lock after too many tries. Must not: ask for a PIN, or tell a caller the answer.

A try is counted before it is checked, in the table: several phones at once get no more tries, nor does a restart.
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from models.tables import Agent
from models.values.errors import InvalidValue

FEWEST_DIGITS: Final = 4
MOST_DIGITS: Final = 10
MOST_FAILURES: Final = 5
LOCKED_MINUTES: Final = 15

# RFC 9106, low memory; two at once: it is a phone that waits, and 64 MiB each.
_hasher: Final = PasswordHasher()
_slots: Final = threading.BoundedSemaphore(2)
_RUNS: Final = "01234567890987654321"


class Answer(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"
    NOT_SET = "not_set"


def check_new(pin: str) -> str:
    """The PIN's digits. Raises InvalidValue(pin_invalid): too short or long, one digit repeated, or 1234, 4321 …"""
    digits = pin.strip()
    well = digits.isascii() and digits.isdigit() and FEWEST_DIGITS <= len(digits) <= MOST_DIGITS
    if not well or len(set(digits)) == 1 or digits in _RUNS:
        raise InvalidValue("pin_invalid", minimum=FEWEST_DIGITS, maximum=MOST_DIGITS)
    return digits


def hash_pin(pin: str) -> str:
    with _slots:
        return _hasher.hash(pin)


def check(writing: Callable[[], AbstractContextManager[Any]], agent_id: int, pin: str, now: datetime) -> Answer:
    """Is it this agent's PIN? `writing` opens a transaction; none is open while the hash is computed."""
    with writing():
        agent = Agent.get_or_none(Agent.id == agent_id, Agent.active)
        if agent is None or agent.pin_hash is None:
            return Answer.NOT_SET
        if agent.pin_locked_until is not None and agent.pin_locked_until > now:
            return Answer.LOCKED
        failures = agent.pin_failures + 1
        locks = failures >= MOST_FAILURES
        Agent.update(
            pin_failures=0 if locks else failures,
            pin_locked_until=now + timedelta(minutes=LOCKED_MINUTES) if locks else None,
        ).where(Agent.id == agent_id).execute()
    if not _matches(agent.pin_hash, pin):
        return Answer.WRONG
    with writing():
        forget_failures(agent_id)
    return Answer.RIGHT


def forget_failures(agent_id: int) -> None:
    Agent.update(pin_failures=0, pin_locked_until=None).where(Agent.id == agent_id).execute()


def _matches(stored: str, pin: str) -> bool:
    if len(pin) > MOST_DIGITS:
        return False
    with _slots:
        try:
            return _hasher.verify(stored, pin)
        except (VerificationError, InvalidHashError):
            return False
