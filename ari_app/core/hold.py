"""Hold, mute and keys: what changes nothing of who takes part.

Owns: those steps of ``Talking``. Must not: bring anybody in or let anybody go (``transfer``).
"""

from __future__ import annotations

from ari_app.core import arrangement
from ari_app.core.arrangement import Holding, Room, Stretch, Together
from ari_app.core.call import Talking
from ari_app.core.commands import Command, Mute, SendDtmf, Unmute
from ari_app.core.ending import Step
from ari_app.core.events import PhoneHeld, PhoneUnheld
from ari_app.core.parties import agent_id_on, move, parties, rooms
from models.values.call import LegKind
from models.values.reasons import LegReason
from models.values.replacing import replace


def hold(call: Talking, by: str, at: int) -> Step:
    before = rooms(call)
    stretch = Stretch(LegKind.HOLD, at, agent_id_on(call, by), reason=LegReason.HELD_ON_DESK, channel=by)
    facts = replace(call.facts, stretches=arrangement.begin(call.facts.stretches, stretch))
    held = replace(call, facts=facts, arrangement=Holding(by))
    return held, move(held, before)


def unhold(call: Talking, at: int) -> Step:
    before = rooms(call)
    back = replace(over(call, at), arrangement=Together())
    return back, move(back, before)


def over(call: Talking, at: int) -> Talking:
    """The stretch on hold is over, whatever follows."""
    if not isinstance(call.arrangement, Holding):
        return call
    by = call.arrangement.by
    stretches = arrangement.end(call.facts.stretches, LegKind.HOLD, at, channel=by)
    return replace(call, facts=replace(call.facts, stretches=stretches))


def phone(call: Talking, event: PhoneHeld | PhoneUnheld) -> Step:
    """A phone put the line on hold by itself: Asterisk plays the music, we tell what is so."""
    channel, at = event.channel, event.at
    if channel not in parties(call) or (channel in call.phone_held) is isinstance(event, PhoneHeld):
        return call, []
    if isinstance(event, PhoneHeld):
        stretch = Stretch(LegKind.HOLD, at, agent_id_on(call, channel), reason=LegReason.HELD_BY_PHONE, channel=channel)
        stretches = arrangement.begin(call.facts.stretches, stretch)
        held = call.phone_held | {channel}
    else:
        stretches = arrangement.end(call.facts.stretches, LegKind.HOLD, at, channel=channel)
        held = call.phone_held - {channel}
    return replace(call, facts=replace(call.facts, stretches=stretches), phone_held=held), []


def mute(call: Talking, by: str) -> Step:
    return replace(call, muted=call.muted | {by}), [Mute(by)]


def unmute(call: Talking, by: str) -> Step:
    return replace(call, muted=call.muted - {by}), [Unmute(by)]


def press(call: Talking, by: str, digits: str) -> Step:
    """Towards those who are in the same room."""
    placed = rooms(call)
    if placed[by] not in (Room.TALK, Room.CONSULT):
        return call, []
    commands: list[Command] = [
        SendDtmf(channel, digits) for channel, room in placed.items() if channel != by and room is placed[by]
    ]
    return call, commands
