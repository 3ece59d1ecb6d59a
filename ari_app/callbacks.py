"""Whoever asked to be called back is called when their place in the queue comes.

Owns: the requests that wait in the roster's line beside the callers, and what comes of each try. Must not: make calls
(``outgoing`` does: the agent's phone first, then the customer), or keep requests (`models.callers_left`).

The agent is rung first: a customer who is called must not wait again. A request stands in the line of its call center
with the time at which the customer began to wait, so who came later is served later. It is worked off while the call
center is open. A customer who was not reached is tried again, three times in all; an agent who did not come to the
phone costs the customer no try. A request whose call has begun is not touched for ten minutes, so that an engine that
dies in between rings nobody twice.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import structlog

from ari_app.clock import now_ms
from ari_app.core import ids
from ari_app.core.events import AgentsOffered, Event, NobodyCanCome
from ari_app.floor import Floor
from ari_app.outgoing import DialRefused, Outgoing
from ari_app.registry import Registry
from models import cdr
from models.callers_left import PendingCallback, callback_begun, callback_tried, pending_callbacks
from models.tables.callers import CallbackState
from models.values.call import LegOutcome, Outcome, Strategy
from models.values.cdr import CallRecord
from models.values.reasons import CallReason
from models.values.routing import RoutingSnapshot

log = structlog.get_logger(__name__)

LOOK_SECONDS = 2.0
TRIES = 3
AGAIN_MS = 5 * 60_000
AGENT_AGAIN_MS = 10_000
UNTOUCHED_MS = 10 * 60_000

# The customer was not called at all.
_AGENT_S_FAULT = frozenset(
    {CallReason.AGENT_DID_NOT_ANSWER, CallReason.AGENT_PHONE_NOT_REACHED, CallReason.AGENT_GAVE_UP}
)

InDatabase = Callable[..., Awaitable[Any]]


@dataclass(slots=True)
class _Working:
    """A request in the line, or (``agent`` known) in its call."""

    request: PendingCallback
    call_id: str
    agent: int | None = None


class Callbacks:
    def __init__(
        self,
        *,
        snapshot: Callable[[], RoutingSnapshot],
        registry: Registry,
        floor: Floor,
        outgoing: Outgoing,
        in_database: InDatabase,
        connected: Callable[[], bool],
    ) -> None:
        self._snapshot = snapshot
        self._registry = registry
        self._floor = floor
        self._outgoing = outgoing
        self._in_database = in_database
        self._connected = connected
        self._working: dict[str, _Working] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._look_for_ever(), name="callbacks")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    # ------------------------------------------------------------ from the floor
    def tell(self, call_id: str, event: Event) -> bool:
        """An answer to one of ours in the line; False: it is none of ours."""
        work = self._working.get(call_id)
        if work is None or work.agent is not None:
            return False
        match event:
            case AgentsOffered(agents=agents):
                self._floor.stop_seeking(call_id)
                for agent in agents[1:]:
                    self._floor.release(agent.id, call_id, LegOutcome.LOST_RACE, 0)
                self._begin(work, agents[0].id)
            case NobodyCanCome():
                del self._working[call_id]  # it comes back with the next look
        return True

    def _begin(self, work: _Working, agent: int) -> None:
        work.agent = agent
        request = work.request
        log.info("callback_begins", request=request.id, call=work.call_id, agent=agent)
        try:
            self._outgoing.call_back(work.call_id, agent, request.number, request.call_center_id)
        except DialRefused as refused:
            log.warning("callback_refused", request=request.id, why=refused.code)
            self._floor.release(agent, work.call_id, LegOutcome.CALLER_GONE, 0)
            work.agent = None
            del self._working[work.call_id]
            self._spawn(self._tried(request, CallbackState.FAILED, None, refused.code))

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    # ------------------------------------------------------------ looking
    async def _look_for_ever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self._settle()
                if self._connected():
                    await self._look()
            except Exception:
                log.exception("callbacks_not_looked_for")

    async def _look(self) -> None:
        """Put whoever is to be called back now into the line."""
        at = now_ms()
        requests: list[PendingCallback] = await self._in_database(pending_callbacks, at)
        wanted = {request.id for request in requests}
        known = {work.request.id for work in self._working.values()}
        for work in tuple(self._working.values()):
            if work.agent is None and work.request.id not in wanted:
                self._floor.stop_seeking(work.call_id)  # taken back by somebody else
                del self._working[work.call_id]
        for request in requests:
            route = self._snapshot().call_centers.get(request.call_center_id)
            if request.id in known or route is None or route.queue.hours.closed(at) is not None:
                continue
            call_id = ids.click2dial(at, secrets.token_hex(6))
            self._working[call_id] = _Working(request, call_id)
            # One agent is enough: the customer does not hear the phones.
            strategy = Strategy.LONGEST_IDLE if route.strategy is Strategy.ALL else route.strategy
            self._floor.seek(call_id, replace(route, strategy=strategy), request.kept_since, True)

    async def _settle(self) -> None:
        """What came of the calls that are over."""
        for work in tuple(self._working.values()):
            if work.agent is None:
                continue
            if work.call_id in self._registry:
                await self._in_database(callback_begun, work.request.id, now_ms() + UNTOUCHED_MS)
                continue
            found: dict[str, CallRecord] = await self._in_database(cdr.calls_by_id, [work.call_id])
            record = found.get(work.call_id)
            if record is None or not record.is_closed:
                continue  # being written
            del self._working[work.call_id]
            await self._judge(work.request, record)

    async def _judge(self, request: PendingCallback, record: CallRecord) -> None:
        if record.outcome is Outcome.ANSWERED:
            await self._tried(request, CallbackState.DONE, None, "")
        elif record.reason in _AGENT_S_FAULT:
            await self._in_database(callback_begun, request.id, now_ms() + AGENT_AGAIN_MS)
        elif request.attempts + 1 >= TRIES:
            await self._tried(request, CallbackState.FAILED, None, record.reason)
        else:
            await self._tried(request, CallbackState.PENDING, now_ms() + AGAIN_MS, record.reason)

    async def _tried(self, request: PendingCallback, state: CallbackState, next_at: int | None, reason: str) -> None:
        log.info("callback_tried", request=request.id, state=state, reason=reason)

        def write(database: Any) -> None:
            callback_tried(database, request.id, state=state, at=now_ms(), next_at=next_at, reason=reason)

        await self._in_database(write)
