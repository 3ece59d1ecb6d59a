"""What an agent's screen shows of the conversation: who holds, who is muted, whom they consult.

Owns: the pop's ``talk`` (docs/protocols/desk-websocket.md). Must not: decide anything.
"""

from __future__ import annotations

from typing import Any

from ari_app.core import parties, tape
from ari_app.core.arrangement import Calling, Consulting, Holding, Room, number_of
from ari_app.core.call import Call, Talking
from ari_app.core.commands import Command, UpdatePop


def view(call: Talking, channel: str) -> dict[str, Any]:
    """As this party sees it."""
    now = call.arrangement
    placed = parties.rooms(call)
    third: dict[str, Any] | None = None
    match now:
        case Calling(by=by, to=to) if by == channel:
            third = {"name": _name(to), "state": "ringing"}
        case Consulting(by=by, target=target, swapped=swapped) if by == channel:
            leg = next(leg for leg in call.legs if leg.ordinal == target)
            name = leg.agent.name if leg.agent else leg.number
            third = {"name": name, "state": "holding" if swapped else "talking"}
        case _:
            pass
    return {
        "on_hold": isinstance(now, Holding) and now.by == channel,
        "phone_holds": channel in call.phone_held,
        "waits": placed.get(channel) is Room.HOLD,
        "muted": channel in call.muted,
        "third": third,
        "parties": len(placed),
        "asking": call.asked is not None and call.asked.by == channel,
        "recording": tape.view(call),
    }


def changes(before: Talking, after: Call) -> list[Command]:
    """The updates of every agent's screen whose view is another now."""
    if not isinstance(after, Talking) or after is before:
        return []
    commands: list[Command] = []
    took_part = parties.parties(before) if before.joined else ()  # from here on there is a conversation to show
    for channel in parties.parties(after):
        agent = parties.agent_on(after, channel)
        if agent is None:
            continue
        seen = view(after, channel)
        if channel not in took_part or view(before, channel) != seen:
            commands.append(UpdatePop(agent.id, after.facts.id, {"talk": seen}))
    return commands


def shown(call: Call) -> list[Command]:
    """Of a conversation that was taken over: every agent's screen has it as it is."""
    if not isinstance(call, Talking) or not call.joined:
        return []
    agents = ((channel, parties.agent_on(call, channel)) for channel in parties.parties(call))
    return [UpdatePop(agent.id, call.facts.id, {"talk": view(call, channel)}) for channel, agent in agents if agent]


def _name(target: object) -> str:
    return str(getattr(target, "name", None) or number_of(target))  # type: ignore[arg-type]
