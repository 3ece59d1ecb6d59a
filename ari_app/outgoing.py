"""Calls that our agents make: Click2Dial and what is dialled on their phones, let out or refused.

Owns: the live ledger of the breaker, the ids of Click2Dial calls. Must not: decide (``core.permit``), or speak ARI.

All of a request is done in one go on the event loop, from the question whether the agent is free to their being held,
so no other call can come between.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import structlog

from ari_app.clock import now_ms
from ari_app.core import ids, outbound, permit, roster
from ari_app.core import spending as spending_of
from ari_app.core.call import Call, Policy
from ari_app.core.commands import AskOutside, Command
from ari_app.core.events import AgentDials, AllowanceGranted, OutsideAllowed, OutsideRefused
from ari_app.core.permit import Asking, AskingOutside, Permit, Refused
from ari_app.core.roster import Roster
from ari_app.core.spending import Past, Spending, Trip
from models.values.call import Outcome
from models.values.cdr import CallRecord, LegRecord
from models.values.reasons import CallReason
from models.values.routing import AgentRoute, CallCenterRoute, Outside, RoutingSnapshot
from models.values.spending import SpendingRules

log = structlog.get_logger(__name__)


class Begin(Protocol):
    def __call__(self, call_id: str, call: Call, first: list[Command], *, told: int = 0) -> None: ...


class Records(Protocol):
    def write_call(self, record: CallRecord, legs: tuple[LegRecord, ...] = ()) -> None: ...


class DialRefused(Exception):
    """The call is not made; ``code``: a reason of `models.values.reasons` or of `core.roster.may_dial`, or ours."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class Outgoing:
    """``roster``: the floor's, now. ``connected``: is the switch there?"""

    def __init__(
        self,
        *,
        snapshot: Callable[[], RoutingSnapshot],
        roster: Callable[[], Roster],
        connected: Callable[[], bool],
        policy: Callable[[], Policy],
        records: Records,
        begin: Begin,
    ) -> None:
        self._snapshot = snapshot
        self._roster = roster
        self._connected = connected
        self._policy = policy
        self._records = records
        self._begin = begin
        self._spending = Spending()

    # ------------------------------------------------------------ calls
    def dialled(self, event: AgentDials, *, told: int = 0) -> None:
        """A number was dialled on a phone. ``told``: the entries of its story that an earlier engine told."""
        snapshot = self._snapshot()
        agent = snapshot.agent_at(event.endpoint)
        route = snapshot.call_centers.get(agent.call_center) if agent and agent.call_center is not None else None
        verdict = self._ask(event.channel, agent, event.called_number, route, event.address)
        self._begin(event.channel, *outbound.dial(event, agent, route, verdict, self._policy()), told=told)

    def click(self, agent_id: int, number: str, center: int | None) -> str:
        """Click2Dial: the new call's id. Raises DialRefused; then nothing rings, now or later."""
        snapshot = self._snapshot()
        if not self._connected():
            raise DialRefused("switch_away")
        agent = snapshot.agents.get(agent_id)
        if agent is None:
            raise DialRefused("no_such_agent")
        if center is not None and center not in snapshot.call_centers:
            raise DialRefused("no_such_call_center")
        why = roster.may_dial(self._roster(), agent_id)
        if why is not None:
            raise DialRefused(why)
        route = snapshot.call_centers[center] if center is not None else _own_center(snapshot, agent)
        at = now_ms()
        call_id = ids.click2dial(at, secrets.token_hex(6))
        seat = self._roster().seats[agent_id]
        verdict = self._ask(call_id, agent, number, route, seat.address)
        request = outbound.ClickToDial(at, call_id, agent, route)
        if isinstance(verdict, Refused):
            # It is in the history all the same: what was refused, and why.
            self._records.write_call(outbound.refused(request, verdict, self._policy()))
            raise DialRefused(verdict.reason)
        self._begin(call_id, *outbound.click(request, verdict, self._policy()))
        return call_id

    def call_back(self, call_id: str, agent_id: int, number: str, center: int) -> None:
        """A customer who asked for it, by this agent, whom the roster holds for ``call_id`` already.

        Raises DialRefused; then nothing rings, and the history says why.
        """
        snapshot = self._snapshot()
        agent, route = snapshot.agents.get(agent_id), snapshot.call_centers.get(center)
        seat = self._roster().seats.get(agent_id)
        if agent is None or seat is None:
            raise DialRefused("no_such_agent")
        at = now_ms()
        verdict = self._ask(call_id, agent, number, route, seat.address)
        request = outbound.ClickToDial(at, call_id, agent, route)
        if isinstance(verdict, Refused):
            self._records.write_call(outbound.refused(request, verdict, self._policy()))
            raise DialRefused(verdict.reason)
        self._begin(call_id, *outbound.click(request, verdict, self._policy()))

    def _ask(
        self, call_id: str, agent: AgentRoute | None, number: str, route: CallCenterRoute | None, address: str | None
    ) -> Permit | Refused:
        self._spending, verdict = permit.ask(
            Asking(call_id, agent, number, route, address),
            self._snapshot(),
            self._roster(),
            self._spending,
            self._policy(),
            now_ms(),
        )
        if isinstance(verdict, Refused):
            self._note(call_id, agent.id if agent else None, verdict)
        return verdict

    @staticmethod
    def _note(call_id: str, agent: int | None, verdict: Refused) -> None:
        log.warning("call_refused", call=call_id, agent=agent, reason=verdict.reason, number=verdict.number)
        if verdict.trip is not None:
            log.error("breaker_tripped", agent=verdict.trip.agent, limit=verdict.trip.limit, call=call_id)

    # ------------------------------------------------------------ the breaker
    def rebuild(self, past: Iterable[Past]) -> None:
        """From the CDRs, at start and when the breaker was released."""
        self._spending = spending_of.rebuild(past, self._rules, now_ms())

    def renew(self, call_id: str) -> AllowanceGranted:
        self._spending, more = spending_of.renew(self._spending, self._rules, call_id, now_ms())
        if isinstance(more, Trip):
            log.error("breaker_tripped", agent=more.agent, limit=more.limit, call=call_id)
            return AllowanceGranted(now_ms(), 0, more.reason, call_id)
        return AllowanceGranted(now_ms(), more.milliseconds, None, call_id)

    def let_out(self, wish: AskOutside) -> OutsideAllowed | OutsideRefused:
        """A number outside, for a leg of a call that goes on."""
        at = now_ms()
        seat = self._roster().seats.get(wish.agent) if wish.agent is not None else None
        self._spending, verdict = permit.ask_outside(
            AskingOutside(
                wish.pass_id, wish.agent, wish.number, wish.route, seat.address if seat else None, wish.as_ours
            ),
            self._snapshot(),
            self._spending,
            self._policy(),
            at,
        )
        if isinstance(verdict, Permit) and isinstance(verdict.target, Outside):
            return OutsideAllowed(at, wish.pass_id, wish.agent, verdict.target, verdict.allowance)
        refused = verdict if isinstance(verdict, Refused) else Refused(Outcome.REFUSED, CallReason.NOT_A_NUMBER, "")
        self._note(wish.call_id, wish.agent, refused)
        return OutsideRefused(at, wish.pass_id, wish.agent, refused.number, refused.reason)

    def settle(self, call_id: str, talk_ms: int) -> None:
        self._spending = spending_of.settle(self._spending, call_id, talk_ms)

    def trips(self) -> Sequence[Trip]:
        """What is tripped now."""
        self._spending = spending_of.forget(self._spending, self._rules, now_ms())
        return self._spending.trips

    @property
    def _rules(self) -> SpendingRules:
        return self._snapshot().outbound.spending


def _own_center(snapshot: RoutingSnapshot, agent: AgentRoute) -> CallCenterRoute | None:
    return snapshot.call_centers.get(agent.call_center) if agent.call_center is not None else None
