"""The reaper: it ends what no call has, and leaves a proof of each thing it ended.

Owns: the ending, the line in the log, the row in ``reaped``, the count for the control API; and the seats that are held
by a call that is not there. Must not: find the things on the switch (``resync`` does).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container
from typing import Any

import structlog

from ari_app.clock import now_ms
from ari_app.core import ids
from ari_app.floor import Floor
from models.values.call import LegOutcome
from models.values.story import ReapedThing, ReapReason

log = structlog.get_logger(__name__)


class Reaper:
    """``ask`` orders the switch; ``prove`` stores the proof."""

    def __init__(self, ask: Callable[..., Awaitable[Any]], prove: Callable[[ReapedThing], None]) -> None:
        self._ask = ask
        self._prove = prove
        self._held: set[tuple[int, str]] = set()
        """Seats that were held by no call when they were last looked at."""
        self.counts = {"channel": 0, "bridge": 0, "seat": 0}

    async def end(self, thing_id: str, why: ReapReason, *, is_bridge: bool) -> None:
        kind = "bridge" if is_bridge else "channel"
        self._note(thing_id, kind, ids.call_of(thing_id) or thing_id, why)
        try:
            if is_bridge:
                await self._ask("bridges.destroy", bridgeId=thing_id)
            else:
                await self._ask("channels.hangup", channelId=thing_id)
        except Exception as error:
            # Gone meanwhile, mostly; if not, the next sweep finds it again.
            log.info("reaping_failed", thing=thing_id, error=str(error))

    def free_seats(self, floor: Floor, live: Container[str]) -> int:
        """Give back the agents whom a call holds that is not there, twice in a row; how many."""
        held = {(seat.agent, seat.call) for seat in floor.seats if seat.call is not None and seat.call not in live}
        ripe = held & self._held
        self._held = held - ripe
        for agent, call in sorted(ripe):
            self._note(f"agent {agent}", "seat", call, ReapReason.HELD_BY_NO_CALL)
            floor.release(agent, call, LegOutcome.CALLER_GONE, 0)
        return len(ripe)

    def _note(self, thing: str, kind: str, call: str, why: ReapReason) -> None:
        log.warning("reaped", thing=thing, kind=kind, call=call, why=why.value)
        self.counts[kind] += 1
        self._prove(ReapedThing(now_ms(), thing, kind, call, why))
