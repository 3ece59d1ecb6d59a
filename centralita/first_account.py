"""Who may enter a new installation: the demonstration's logins, or an invitation for the first administrator.

Owns: <data_dir>/demo-logins.json (mode 0600), and that no password is ever a default one. Must not: print, or change an
account that somebody already uses.
"""

import json
import os
import secrets as random_source
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from peewee import Database

from models import account, demo
from models.db import transaction
from models.settings import Settings
from models.tables import Agent
from models.values.call import Role

LOGINS_NAME: Final = "demo-logins.json"
ADMINISTRATOR_EMAIL: Final = "admin@centralita.invalid"
# Nothing that is read wrong from a screen or over the telephone.
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Login:
    role: Role
    email: str
    password: str


@dataclass(frozen=True)
class FirstAccount:
    """`filled`: the demonstration account was made just now. `invitation`: the secret for the first administrator."""

    filled: bool = False
    logins: tuple[Login, ...] = ()
    invitation: str | None = None


def prepare(database: Database, settings: Settings) -> FirstAccount:
    """The account's row, the demonstration in a new one, and who may enter. Safe to repeat; raises OSError."""
    account.ensure_account(database, settings)
    filled = False
    if settings.demo and not demo.is_filled(database) and not Agent.select().exists():
        from admin import passwords  # a first start's business: importing it takes a tenth of a second

        # The file first: passwords that nobody could read would lock everybody out.
        chosen = {login.role: login.password for login in _make_logins(settings.data_dir)}
        filled = demo.fill(database, settings.data_dir, passwords=chosen, hash_password=passwords.hash_password)
    logins = read_logins(settings.data_dir) if settings.demo and demo.is_filled(database) else ()
    return FirstAccount(filled, logins, None if logins else _invite(database))


def read_logins(data_dir: Path) -> tuple[Login, ...]:
    """The demonstration's logins; empty when the file is not there or was spoiled."""
    try:
        entries = json.loads((data_dir / LOGINS_NAME).read_text("utf-8"))
        return tuple(Login(Role(entry["role"]), entry["email"], entry["password"]) for entry in entries)
    except (OSError, ValueError, TypeError, KeyError):
        return ()


def _make_logins(data_dir: Path) -> tuple[Login, ...]:
    """Those of an interrupted first start, or new ones."""
    known = read_logins(data_dir)
    if {login.role for login in known} == {role for role, _ in demo.LOGINS}:
        return known
    made = tuple(Login(role, email, _password()) for role, email in demo.LOGINS)
    fresh = data_dir / f".{LOGINS_NAME}.{os.getpid()}"
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump([{"role": x.role.value, "email": x.email, "password": x.password} for x in made], file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(data_dir / LOGINS_NAME)
    return made


def _password() -> str:
    """59 bits, e.g. `k7wd-q2xm-9tbn`."""
    return "-".join("".join(random_source.choice(_ALPHABET) for _ in range(4)) for _ in range(3))


def _invite(database: Database) -> str | None:
    """A new invitation while no administrator has a password; None from then on. Only its SHA-256 is kept."""
    with transaction(database):
        administrators = Agent.select().where(Agent.role == Role.ADMINISTRATOR, Agent.active)
        if administrators.where(Agent.password_hash.is_null(False)).exists():
            return None
        from admin import passwords

        agent = administrators.order_by(Agent.id).first()
        if agent is None:
            agent = Agent(
                name="Administrador",
                email=ADMINISTRATOR_EMAIL,
                email_key=ADMINISTRATOR_EMAIL,
                role=Role.ADMINISTRATOR,
            )
        secret = passwords.invite(agent)
        agent.save()
        return secret
