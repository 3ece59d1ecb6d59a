"""Passwords and invitations: hashing, checking, the least that is demanded.

Owns: argon2id with argon2-cffi's defaults (RFC 9106, low memory), at most four at once. Must not: know requests.
"""

import hashlib
import secrets
import threading
from datetime import UTC, datetime, timedelta
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from models.tables import Agent
from models.values.errors import InvalidValue

MIN_LENGTH: Final = 10
MAX_LENGTH: Final = 200
INVITATION_DAYS: Final = 7

_hasher: Final = PasswordHasher()
# 64 MiB each: sixteen threads at once would take a gigabyte.
_slots: Final = threading.BoundedSemaphore(4)
# Checked when there is nobody of that name, so that the answer takes as long.
_NOBODY: Final = _hasher.hash(secrets.token_urlsafe(16))


def hash_password(password: str) -> str:
    with _slots:
        return _hasher.hash(password)


def matches(agent: Agent | None, password: str) -> bool:
    """Is it the agent's password? Takes the same time when there is no such agent or none was ever set."""
    stored = agent.password_hash if agent is not None else None
    if len(password) > MAX_LENGTH:
        password = ""
    with _slots:
        try:
            _hasher.verify(stored or _NOBODY, password)
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


def needs_new_hash(agent: Agent) -> bool:
    """The hash was made with weaker parameters than today's."""
    return bool(agent.password_hash) and _hasher.check_needs_rehash(agent.password_hash)


def check_new(password: str, *, name: str = "", email: str = "") -> None:
    """Raises InvalidValue(required | too_long) or PasswordTooWeak. NIST SP 800-63B: length counts, not classes."""
    if not password:
        raise InvalidValue("required")
    if len(password) > MAX_LENGTH:
        raise InvalidValue("too_long", maximum=MAX_LENGTH, length=len(password))
    folded = password.casefold()
    own = {name.casefold(), email.casefold(), email.split("@")[0].casefold()} - {""}
    if len(password) < MIN_LENGTH or len(set(password)) < 4 or folded in own:
        raise PasswordTooWeak


class PasswordTooWeak(ValueError):
    """Too short, one or two characters repeated, or the person's own name or e-mail."""


def invite(agent: Agent, *, now: datetime | None = None) -> str:
    """A new invitation, good for `INVITATION_DAYS` days; the one of before ends. The caller saves the row.

    The secret is told once: only its SHA-256 is kept.
    """
    secret = secrets.token_urlsafe(24)
    agent.invitation_hash = invitation_key(secret)
    agent.invitation_expires = (now or datetime.now(UTC)) + timedelta(days=INVITATION_DAYS)
    return secret


def invitation_key(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def invited(secret: str, *, now: datetime | None = None) -> Agent | None:
    """The active agent whom this secret invites, or None when it is wrong, used or expired."""
    agent: Agent | None = Agent.get_or_none(Agent.invitation_hash == invitation_key(secret), Agent.active)
    if agent is None or agent.invitation_expires is None:
        return None
    return agent if agent.invitation_expires > (now or datetime.now(UTC)) else None


def set_password(agent: Agent, password: str) -> None:
    """Uses up the invitation and ends every session of before. The caller saves the row."""
    agent.password_hash = hash_password(password)
    agent.invitation_hash = None
    agent.invitation_expires = None
    agent.session_epoch += 1
