"""What we learn of the caller while the call goes on.

Owns: the contact's card on the screens, and the caller's channel in the facts. Must not: change a phase.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from ari_app.core import agents, calling
from ari_app.core.call import Call, Leg
from ari_app.core.commands import Command
from ari_app.core.events import CallerKnown, ChannelGone, ChannelLeft
from ari_app.core.pops import pop_up_url
from models.values.replacing import replace

C = TypeVar("C", bound=Call)


def caller_known(call: C, event: CallerKnown, screens: Iterable[Leg]) -> tuple[C, list[Command]]:
    """The contact's card came: remember it and put it on every screen that shows this call."""
    facts = replace(call.facts, contact_id=event.contact_id, card=event.card)
    commands: list[Command] = []
    own = calling.side(facts) if facts.popped else None
    for leg in (*screens, own) if own is not None else screens:
        changes: dict[str, object] = {"card": event.card}
        if facts.route and facts.route.pop_up_url:
            changes["pop_up_url"] = pop_up_url(facts, leg)
        commands += agents.update(facts, leg, changes)
    return replace(call, facts=facts), commands


def caller_left(call: C, event: ChannelLeft | ChannelGone) -> C:
    """The caller's channel asked for its end (it may still have to be destroyed), or is gone."""
    facts = call.facts
    cause = facts.caller_cause if event.cause is None else event.cause
    here = facts.caller_here and isinstance(event, ChannelLeft)
    return replace(call, facts=replace(facts, caller_here=here, caller_cause=cause))
