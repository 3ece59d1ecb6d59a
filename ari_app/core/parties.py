"""Who takes part in a conversation, in which room each of them is, and the commands that take them there.

Owns: the translation of an arrangement into bridges, music and tones. Must not: decide on an arrangement.
"""

from __future__ import annotations

from collections.abc import Mapping

from ari_app.core import ids
from ari_app.core.arrangement import Calling, Consulting, Holding, Returning, Room, Together
from ari_app.core.call import LegState, Talking
from ari_app.core.commands import (
    AddToBridge,
    Answer,
    Command,
    CreateBridge,
    DestroyBridge,
    RemoveFromBridge,
    Ring,
    StartMusic,
    StopMusic,
    StopRinging,
)
from models.values.routing import AgentRoute

Rooms = Mapping[str, Room]


def parties(call: Talking) -> tuple[str, ...]:
    """The channels that take part: the calling side, and every leg that was answered and has not left."""
    caller = () if call.without_caller else (call.facts.caller_channel,)
    return caller + tuple(leg.channel for leg in call.legs if leg.state is LegState.ANSWERED)


def agent_on(call: Talking, channel: str) -> AgentRoute | None:
    if channel == call.facts.caller_channel:
        return call.facts.caller_agent
    leg = call.legs.on(channel)
    return leg.agent if leg else None


def agent_id_on(call: Talking, channel: str) -> int | None:
    agent = agent_on(call, channel)
    return agent.id if agent else None


def channel_of(call: Talking, agent: int | None) -> str | None:
    """The channel on which this agent takes part; None for an administrator: of whom the call is."""
    taking_part = [channel for channel in parties(call) if agent_on(call, channel) is not None]
    if agent is None:
        winner = next((leg.channel for leg in call.legs if leg.ordinal == call.winner), None)
        return winner if winner in taking_part else next(iter(taking_part), None)
    return next((channel for channel in taking_part if agent_id_on(call, channel) == agent), None)


def absorbing(call: Talking, channels: tuple[str, ...]) -> tuple[str, ...]:
    """Whose keys are listened to for codes, and so kept from the others: the agents', if there are any codes."""
    return tuple(one for one in channels if agent_on(call, one) is not None) if call.facts.policy.codes else ()


def rooms(call: Talking) -> dict[str, Room]:
    """Where each party is to be."""
    everybody = parties(call)
    match call.arrangement:
        case Together():
            return dict.fromkeys(everybody, Room.TALK)
        case Holding(by=by):
            return {channel: Room.TALK if channel == by else Room.HOLD for channel in everybody}
        case Calling(by=by):
            return {channel: Room.ASIDE if channel == by else Room.HOLD for channel in everybody}
        case Returning():
            return dict.fromkeys(everybody, Room.TALK if len(everybody) > 1 else Room.HOLD)
        case Consulting(by=by, target=target, swapped=swapped):
            aside = next((leg.channel for leg in call.legs if leg.ordinal == target), None)
            placed = dict.fromkeys(everybody, Room.TALK if swapped else Room.HOLD)
            placed[by] = Room.TALK if swapped else Room.CONSULT
            if aside in placed:
                placed[aside] = Room.HOLD if swapped else Room.CONSULT
            return placed


def move(call: Talking, before: Rooms) -> list[Command]:
    """Take everybody who still takes part from where they were to where the arrangement wants them.

    A channel that is not in ``before`` (a target that has just answered) is in no room yet.
    """
    facts = call.facts
    after = rooms(call)
    bridges = {Room.TALK: ids.bridge(facts.id), Room.CONSULT: ids.consult(facts.id)}
    commands: list[Command] = []
    for channel, room in after.items():
        was = before.get(channel)
        if was is room:
            continue
        if was in bridges and room not in bridges:
            commands.append(RemoveFromBridge(bridges[was], (channel,)))
        if was is Room.HOLD:
            commands.append(StopMusic(channel))
        if was is Room.ASIDE:
            commands.append(StopRinging(channel))
    for room, bridge in bridges.items():
        entering = tuple(channel for channel in after if after[channel] is room and before.get(channel) is not room)
        if not entering:
            continue
        if room is Room.CONSULT and room not in before.values():
            commands.append(CreateBridge(bridge, facts.id))
        commands.append(AddToBridge(bridge, entering, absorbing(call, entering)))
    commands += _waiting({channel: room for channel, room in after.items() if before.get(channel) is not room})
    if Room.CONSULT in before.values() and Room.CONSULT not in after.values():
        commands.append(DestroyBridge(bridges[Room.CONSULT]))
    return commands


def move_again(call: Talking) -> list[Command]:
    """Nobody knows where they are: take everybody to where they belong. Safe to repeat."""
    facts = call.facts
    after = rooms(call)
    main, consult = ids.bridge(facts.id), ids.consult(facts.id)
    commands: list[Command] = [] if call.without_caller else [Answer(facts.caller_channel)]
    commands.append(CreateBridge(main, facts.id))
    if Room.CONSULT in after.values():
        commands.append(CreateBridge(consult, facts.id))
    for channel, room in after.items():
        if room in (Room.HOLD, Room.ASIDE):
            commands.append(RemoveFromBridge(main, (channel,)))
            if facts.consulted:
                commands.append(RemoveFromBridge(consult, (channel,)))
            commands.append(StopRinging(channel) if room is Room.HOLD else StopMusic(channel))
        else:
            commands += [StopMusic(channel), StopRinging(channel)]
    for room, bridge in ((Room.TALK, main), (Room.CONSULT, consult)):
        there = tuple(channel for channel in after if after[channel] is room)
        if there:
            commands.append(AddToBridge(bridge, there, absorbing(call, there)))
    return commands + _waiting(after)


def _waiting(rooms_of: Rooms) -> list[Command]:
    commands: list[Command] = []
    for channel, room in rooms_of.items():
        if room is Room.HOLD:
            commands.append(StartMusic(channel))
        elif room is Room.ASIDE:
            # Not a playback of a tone: while one plays, Asterisk obeys no other order for that channel.
            commands.append(Ring(channel))
    return commands
