"""Fails open: the contact's name to the phone's display; not known in time, the number is shown as it came.

Owns: one look-up with a time limit. Must not: make a contact, or hold up a call.
"""

from typing import Final

import structlog
from peewee import PeeweeException

from agi_scripts.house import House, TooLate
from agi_scripts.session import Session
from models.db import DatabaseError
from models.tables import Account, Agent, Contact
from models.values.phone import normalise

log = structlog.get_logger(__name__)

SECONDS: Final = 2.0
LOOK_UP_SECONDS: Final = 0.8
LONGEST: Final = 60


def run(session: Session, house: House) -> None:
    number = session.calling_number
    if not number:
        return
    try:
        name = house.within(LOOK_UP_SECONDS, lambda: _name(house, number))
    except (TooLate, PeeweeException, DatabaseError) as error:
        log.warning("agi_caller_unknown", why=type(error).__name__)
        return
    if name:
        session.set_variable("CALLERID(name)", name[:LONGEST])


def _name(house: House, number: str) -> str:
    """An agent's, by the phone's number; else the contact's with the latest activity; else empty."""
    with house.reading():
        agent = Agent.get_or_none(Agent.endpoint == number, Agent.active)
        if agent is not None:
            return str(agent.name)
        account = Account.get_or_none()
        key = normalise(number, account.region if account is not None else "CR")
        if key is None:
            return ""
        found = (
            Contact.select(Contact.name)
            .where(Contact.phone_key == key)
            .order_by(Contact.last_activity_at.desc(nulls="last"), Contact.id)
            .first()
        )
        return str(found.name) if found is not None else ""
