"""What an application instance was made with: settings, secrets, database, the engine's client.

Owns: the way to reach them in a request. Must not: open or read anything itself.
"""

from dataclasses import dataclass

from flask import current_app, g
from peewee import Database

from admin.engine import Engine
from models.secrets import Secrets
from models.settings import Settings
from models.tables import Account

_KEY = "centralita"


@dataclass(frozen=True, slots=True)
class Installation:
    settings: Settings
    secrets: Secrets
    database: Database
    engine: Engine


def attach(app: object, parts: Installation) -> None:
    app.extensions[_KEY] = parts  # type: ignore[attr-defined]


def installation() -> Installation:
    parts: Installation = current_app.extensions[_KEY]
    return parts


def account() -> Account:
    """The account's one row, read once in a request."""
    try:
        row: Account = g.account
    except AttributeError:
        row = g.account = Account.select().order_by(Account.id).first() or Account(name="Centralita")
    return row
