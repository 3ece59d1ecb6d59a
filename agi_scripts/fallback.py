"""Fails open: without an engine the caller is told in words, may leave a message, and is called back when it returns.

Owns: what a caller meets while no engine is there. Must not: ring an agent, or call anybody back (the engine does).

The request to be called back is kept first, so that hanging up at any moment loses nothing. Of what cannot be kept or
known the dialplan's own message is what is left (`names.VARIABLE_ANSWERED` unset).
"""

import secrets
from typing import Final

import structlog
from peewee import PeeweeException

from agi_scripts import voicemail_file
from agi_scripts.house import House, TooLate
from agi_scripts.session import Session
from dialplan import names, prompts
from models.db import DatabaseError
from models.snapshot import SnapshotError
from models.tables import CallbackRequest, CallbackState, epoch_ms
from models.values.phone import normalise
from models.values.routing import CallCenterRoute, RoutingSnapshot

log = structlog.get_logger(__name__)

SECONDS: Final = 300.0
ROUTING_SECONDS: Final = 2.0
KEEP_SECONDS: Final = 3.0
MESSAGE_MS: Final = 180_000
SILENCE_SECONDS: Final = 8
SHORTEST_SECONDS: Final = 2


def run(session: Session, house: House) -> None:
    """Argument: the number that was dialled."""
    called = session.arguments[0] if session.arguments else ""
    try:
        routing = house.within(ROUTING_SECONDS, house.routing)
    except (TooLate, SnapshotError, PeeweeException, DatabaseError) as error:
        log.warning("agi_no_routing", error=str(error)[:200])
        return
    center = routing.resolve(called)
    is_open = center is not None and center.queue.hours.closed(epoch_ms(house.now())) is None
    if center is not None and is_open:
        _keep_request(session, house, routing, center)
    session.answer()
    session.set_variable(names.VARIABLE_ANSWERED, "1")
    if center is None:
        session.play(*prompts.UNKNOWN_NUMBER)
        return
    session.play(*(prompts.FALLBACK_OPEN if is_open else prompts.FALLBACK_CLOSED))
    _take_message(session, house, center, called)


def _keep_request(session: Session, house: House, routing: RoutingSnapshot, center: CallCenterRoute) -> None:
    """One pending request a number and call center, with the place of the first time."""
    number = normalise(session.calling_number, routing.account.region)
    if number is None or not number.startswith("+"):
        return

    def keep() -> None:
        with house.writing():
            pending = (CallbackRequest.number == number) & (CallbackRequest.state == CallbackState.PENDING)
            if CallbackRequest.select().where(pending, CallbackRequest.call_center == center.id).exists():
                return
            CallbackRequest.create(number=number, call_center=center.id, call_id=session.channel_id[:64] or None)

    try:
        house.within(KEEP_SECONDS, keep)
    except (TooLate, PeeweeException) as error:
        log.error("agi_callback_lost", call_center=center.id, error=str(error)[:200])


def _take_message(session: Session, house: House, center: CallCenterRoute, called: str) -> None:
    # Channel ids are Asterisk's own; what is put into a path is made of nothing else all the same.
    channel = "".join(one for one in session.channel_id if one.isalnum() or one in "-.")
    key = f"fallback-{channel[:48]}-{secrets.token_hex(4)}"
    try:
        place = voicemail_file.begin(
            house,
            key,
            call_id=session.channel_id[:64] or None,
            call_center=center.id,
            calling_number=session.calling_number[:64],
            called_number=called[:64],
        )
    except OSError as error:
        log.error("agi_no_place_for_messages", error=str(error))
        session.play(*prompts.NO_MESSAGE)
        return
    try:
        session.play(*prompts.LEAVE_A_MESSAGE)
        session.record_file(str(place), "wav", "#", MESSAGE_MS, 0, "beep", SILENCE_SECONDS)
    finally:
        # Also when the caller hung up after speaking: that is how most messages end.
        kept = voicemail_file.keep(house, key, shortest=SHORTEST_SECONDS)
    session.play(*(prompts.MESSAGE_SAVED if kept else prompts.NO_MESSAGE))
