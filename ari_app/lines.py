"""From one call to another: what the calls of one phone say to each other when its two lines are joined.

Owns: finding the other call, and the moment in which a channel changes its call. Must not: decide (``core.joining``).

All of a change is done in one go on the event loop: no event of the channel can come between.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from ari_app.clock import now_ms
from ari_app.core.commands import AskLine, HandOver, Hangup, RefuseLine
from ari_app.core.events import Event, LineAsked, LineRefused, PartyGiven
from ari_app.core.requests import Refused
from ari_app.registry import Registry
from ari_app.runner import Budgets, Floor, Switch
from models.values.call import LegOutcome

log = structlog.get_logger(__name__)


class Lines:
    def __init__(self, registry: Registry, floor: Floor, switch: Switch, budgets: Budgets) -> None:
        self._registry = registry
        self._floor = floor
        self._switch = switch
        self._budgets = budgets

    def ask(self, command: AskLine) -> None:
        other = self._registry.on(command.other)
        if other is None or other.call_id == command.call_id:
            self._registry.tell(command.call_id, LineRefused(now_ms(), command.by, Refused.REFER_UNKNOWN))
            return
        asked = LineAsked(
            now_ms(),
            command.call_id,
            command.by,
            command.other,
            command.agent,
            command.since,
            command.number,
            command.give,
        )
        other.post(asked)

    def refuse(self, command: RefuseLine) -> None:
        self._registry.tell(command.to, LineRefused(now_ms(), command.by, command.code))

    def hand_over(self, command: HandOver, news: Sequence[Event]) -> None:
        """``news``: what the giving call has not read yet of the channel."""
        leg, taker = command.leg, self._registry.get(command.to)
        if taker is None:
            log.warning("nobody_to_hand_over_to", call=command.call_id, to=command.to, channel=leg.channel)
            self._switch.order(Hangup(leg.channel), _ignore)
            if leg.let_out is not None:
                self._budgets.settle(leg.let_out.pass_id, leg.let_out.before)
            if leg.agent is not None:
                self._floor.release(leg.agent.id, command.call_id, LegOutcome.CALLER_GONE, 0)
            return
        self._registry.move(leg.channel, command.to)
        if leg.agent is not None:
            self._floor.hand_over(leg.agent.id, command.call_id, command.to)
        taker.post(PartyGiven(now_ms(), command.by, leg, command.waits))
        for event in news:
            taker.post(event)


def _ignore(event: Event) -> None:
    """The answer to an order of which nothing more is to be known."""
