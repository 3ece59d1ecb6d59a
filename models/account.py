"""The account's one row: made at the first start from the settings, changed by an administrator afterwards.

Owns: that there is exactly one. Must not: overwrite what an administrator changed.
"""

from peewee import Database

from models.db import transaction
from models.settings import Settings
from models.tables import Account

DEFAULT_NAME = "Mi empresa"


def ensure_account(database: Database, settings: Settings, *, name: str = DEFAULT_NAME) -> Account:
    """The account's row; made with the settings' region, language, time zone and currency when there is none."""
    with transaction(database):
        account: Account | None = Account.select().order_by(Account.id).first()
        if account is None:
            account = Account.create(
                id=1,
                name=name,
                region=settings.region,
                language=settings.language,
                timezone=settings.timezone,
                currency=settings.currency,
            )
        return account
