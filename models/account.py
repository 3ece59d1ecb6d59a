"""The account's one row: made at the first start from the settings, changed by an administrator afterwards.

Owns: that there is exactly one; what follows from a change of its region. Must not: overwrite what an administrator
changed.
"""

from peewee import Database

from models.db import execute_many, placeholder, transaction
from models.settings import Settings
from models.tables import Account, CallCenterNumber, Contact
from models.tables.contacts import search_text
from models.values.errors import InvalidValue
from models.values.pattern import NumberClaim, canonical_pattern, problems_of
from models.values.phone import normalise

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


def change_region(database: Database, region: str) -> None:
    """Sets the account's region and reads every number again by it: patterns' claims and contacts' phones.

    Raises InvalidValue, and changes nothing, when two call centers would claim the same number.
    """
    mark = placeholder(database)
    with transaction(database):
        numbers = list(CallCenterNumber.select())
        for problem in problems_of((NumberClaim(row.pattern, row.id) for row in numbers), region):
            raise InvalidValue("region_conflict", reason=problem.message)
        # By way of texts that no pattern has, so that no two are equal half way.
        sql = f"UPDATE call_center_numbers SET canonical = {mark} WHERE id = {mark}"  # noqa: S608
        execute_many(database, sql, [(f"?{row.id}", row.id) for row in numbers])
        execute_many(database, sql, [(canonical_pattern(row.pattern, region), row.id) for row in numbers])
        people = []
        for row in Contact.select().where(Contact.phone != "").iterator():
            key = normalise(row.phone, region)
            people.append((key, search_text(row.name, row.phone, key, row.email, row.external_id), row.id))
        sql = f"UPDATE contacts SET phone_key = {mark}, search = {mark} WHERE id = {mark}"  # noqa: S608
        execute_many(database, sql, people)
        Account.update(region=region).execute()
