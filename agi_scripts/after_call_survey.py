"""Fails open: after the call the caller rates it by a key, 1 to 5; not told, or not kept, nothing else is lost.

Owns: the question and the rating on the call. Must not: end or change the call: the engine has left it to us.
"""

import time
from typing import Final

import structlog
from peewee import PeeweeException

from agi_scripts.house import House
from agi_scripts.session import Session
from dialplan import prompts
from models.tables import Call

log = structlog.get_logger(__name__)

SECONDS: Final = 60.0
TRIES: Final = 2
KEY_MS: Final = 6_000
KEYS: Final = "12345"
# The engine's record may still be on its way to the table.
_KEEP_AGAIN: Final = (0.2, 0.5, 1.0, 2.0)


def run(session: Session, house: House) -> None:
    """The call's id is the caller's channel's."""
    for _ in range(TRIES):
        key = session.play(*prompts.SURVEY, keys=KEYS) or session.wait_for_digit(KEY_MS)
        if key and key in KEYS:
            keep(house, session.channel_id, int(key))
            session.play(*prompts.SURVEY_THANKS)
            return
    session.play(*prompts.SURVEY_GOODBYE)


def keep(house: House, call_id: str, rating: int) -> bool:
    """Writes the rating on the call, once its row is there."""
    for delay in (*_KEEP_AGAIN, None):
        try:
            with house.writing():
                if Call.update(rating=rating).where(Call.id == call_id).execute():
                    return True
        except PeeweeException as error:
            log.warning("agi_rating_not_kept_yet", call=call_id, error=str(error)[:200])
        if delay is not None:
            time.sleep(delay)
    log.error("agi_rating_lost", call=call_id, rating=rating)
    return False
