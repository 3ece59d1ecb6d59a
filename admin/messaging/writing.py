"""Writing a message: what forbids it, its place in the queue, and once more when somebody wants it.

Owns: the rules, asked on the server for each message. Must not: send (the engine and `jobs` do), or draw.
"""

from dataclasses import dataclass
from typing import Any, Final

from flask_babel import gettext as _
from limits import parse

from admin.installation import account, installation
from admin.login import limiter
from admin.messaging import incoming, numbers
from admin.messaging.words import REASONS
from admin.problems import problem_text
from models import message_opt_outs, messages
from models.checks.messages import check_sms_text
from models.db import transaction
from models.messages import WayOut
from models.snapshot import destination_rules
from models.tables import Agent, SmsMessage, SmsThread, epoch_ms, now
from models.values.destination import read_destination
from models.values.errors import InvalidValue
from models.values.sms import FailureReason, Way

RATE: Final = "30 per minute"  # of one agent


@dataclass(frozen=True, slots=True)
class Written:
    thread: int
    message: int


@dataclass(frozen=True, slots=True)
class NotWritten:
    """`code` for the script, `text` for the person."""

    code: str
    text: str


def write(
    agent: Agent, key: str, typed: Any, *, thread: SmsThread | None, ours: str = "", number: str = ""
) -> Written | NotWritten:
    """Into a thread, or between `ours` and `number`. The same `key` again is the same message."""
    try:
        text = check_sms_text(typed)
    except InvalidValue as problem:
        return NotWritten("text", problem_text(problem))
    database = installation().database
    own = f"desk:{agent.id}:{key}"
    ours, number = (thread.our_number, thread.number) if thread is not None else (ours, number)
    if thread is None and ours not in {one.key for one in numbers.our_numbers(agent)}:
        return NotWritten("no_way", str(REASONS[FailureReason.NO_WAY]))
    known = SmsMessage.get_or_none(SmsMessage.key == own)
    if known is not None:
        return Written(known.thread_id, known.id)
    way = messages.way_out(database, ours, trunk=numbers.trunk_carries())
    refused = _refused(agent, number, way)
    if refused is not None or way is None:
        return refused or NotWritten("no_way", str(REASONS[FailureReason.NO_WAY]))
    if not limiter.limiter.hit(parse(RATE), "sms agent", str(agent.id)):
        return NotWritten("too_fast", _("A lo sumo 30 mensajes por minuto: espera un momento."))
    at = epoch_ms(now())
    with transaction(database):
        if message_opt_outs.opted_out(database, number):
            return _opted_out()
        place = thread.id if thread is not None else messages.thread_of(database, ours, number, at, account().region)
        made = messages.queue(database, place, own, text, way, at, agent=agent.id)
    if made is None:
        known = SmsMessage.get(SmsMessage.key == own)
        return Written(known.thread_id, known.id)
    _tell(place, way)
    return Written(place, made)


def again(agent: Agent, message: SmsMessage, thread: SmsThread) -> NotWritten | None:
    """One that failed, or of which nobody knows whether it arrived; None: it waits for its turn again."""
    database = installation().database
    way = messages.way_out(database, thread.our_number, trunk=numbers.trunk_carries())
    refused = _refused(agent, thread.number, way)
    if refused is not None or way is None:
        return refused
    with transaction(database):
        if message_opt_outs.opted_out(database, thread.number):
            return _opted_out()
        if not messages.send_again(database, message.id, way, epoch_ms(now())):
            return NotWritten("settled", _("Ese mensaje ya no está así: mira cómo quedó."))
    _tell(thread.id, way)
    return None


def _refused(agent: Agent, number: str, way: WayOut | None) -> NotWritten | None:
    if way is None:
        return NotWritten("no_way", str(REASONS[FailureReason.NO_WAY]))
    if message_opt_outs.opted_out(installation().database, number):
        return _opted_out()
    region = account().region
    destination = read_destination(number, region)
    if destination is None or destination.emergency:
        return NotWritten("not_a_number", _("A ese número no se le puede escribir."))
    if not destination_rules(installation().database, region).allows(agent.id, destination):
        return NotWritten("destination", _("A ese destino no se puede escribir (Destinos)."))
    return None


def _opted_out() -> NotWritten:
    return NotWritten("opted_out", str(REASONS[FailureReason.OPTED_OUT]))


def _tell(thread: int, way: WayOut) -> None:
    """After the commit: whoever sends it, and whoever looks at the thread. `jobs` looks by itself."""
    if way.way is Way.SIP:
        installation().engine.messages_queued()
    incoming.tell(thread)
