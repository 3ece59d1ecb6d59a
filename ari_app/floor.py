"""The floor at work: the live roster, its clock, and what its decisions lead to.

Owns: the one Roster of this engine. Must not: decide who is rung (``core.roster`` does).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from typing import Protocol

import structlog

from ari_app.clock import now_ms
from ari_app.core import roster as roster_of
from ari_app.core.events import (
    AgentDenied,
    AgentsOffered,
    Event,
    NobodyCanCome,
    NobodyFree,
    PhoneBack,
    PlaceTold,
    QueueFull,
)
from ari_app.core.roster import (
    Back,
    Decision,
    Denied,
    Full,
    LoggedIn,
    LoggedOut,
    Nobody,
    NoneFree,
    Offer,
    Roster,
    Rules,
    Seat,
    SeatChanged,
)
from models.values.call import AgentState, LegOutcome
from models.values.routing import CallCenterRoute, RoutingSnapshot

log = structlog.get_logger(__name__)

TICK_SECONDS = 0.25


class StateScreens(Protocol):
    def set_state(self, agent: int, state: str, reason: str | None, since: int, call_id: str | None = None) -> None: ...


class Attendance(Protocol):
    """Where states and log-ins are remembered."""

    def note_device(self, session: str, device: str) -> None: ...
    def seat_changed(self, seat: Seat) -> None: ...
    def logged_in(self, agent: int, session: str, address: str, at: int) -> None: ...
    def logged_out(self, agent: int, session: str | None, cause: str, at: int) -> None: ...


class Floor:
    """``tell(call_id, event)`` posts into a call's mailbox; False when there is no such call any more."""

    def __init__(
        self,
        snapshot: RoutingSnapshot,
        rules: Rules,
        *,
        tell: Callable[[str, Event], bool],
        screens: StateScreens,
        attendance: Attendance,
    ) -> None:
        self._roster = Roster(snapshot, rules)
        self._tell = tell
        self._screens = screens
        self._attendance = attendance
        self._ticker: asyncio.Task[None] | None = None

    @property
    def roster(self) -> Roster:
        return self._roster

    @property
    def seats(self) -> Iterable[Seat]:
        return self._roster.seats.values()

    def seat(self, agent: int) -> Seat | None:
        return self._roster.seats.get(agent)

    def start(self) -> None:
        self._ticker = asyncio.get_running_loop().create_task(self._tick_for_ever(), name="floor")

    async def stop(self) -> None:
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.gather(self._ticker, return_exceptions=True)

    # ------------------------------------------------------------ from the desks
    def connect(self, agent: int, session: str, address: str) -> None:
        self._apply(roster_of.connect(self._roster, agent, session, address, now_ms()))

    def disconnect(self, agent: int) -> None:
        self._apply(roster_of.disconnect(self._roster, agent, now_ms()))

    def log_in_on_phone(self, agent: int, address: str, device: str) -> None:
        self._attendance.note_device(f"{roster_of.PHONE_SESSION}{agent}", device)
        self._apply(roster_of.log_in_on_phone(self._roster, agent, address, now_ms()))

    def phone(self, agent: int, on: bool, has: Collection[str] | None = None) -> None:
        """The phone in the agent's browser is on the line, or is not any more. ``has``: the calls on it."""
        self._apply(roster_of.phone(self._roster, agent, on=on, at=now_ms(), has=has))

    def log_out(self, agent: int, cause: str) -> None:
        self._apply(roster_of.log_out(self._roster, agent, cause, now_ms()))

    def wish(self, agent: int, state: AgentState, reason: str | None) -> None:
        self._apply(roster_of.wish(self._roster, agent, state, reason, now_ms()))

    def wrapped_up(self, agent: int) -> None:
        """The agent saved the call: one who is in wrap-up is available again."""
        seat = self.seat(agent)
        if seat is not None and seat.call is None and seat.state is AgentState.WRAP_UP:
            self.wish(agent, AgentState.AVAILABLE, None)

    def restore(self, seats: Iterable[Seat]) -> None:
        self._apply(roster_of.restore(self._roster, seats, now_ms()))

    def adopt_snapshot(self, snapshot: RoutingSnapshot) -> None:
        self._apply(roster_of.adopt_snapshot(self._roster, snapshot, now_ms()))

    # ------------------------------------------------------------ from the calls
    def seek(self, call_id: str, route: CallCenterRoute, since: int, kept: bool) -> None:
        self._apply(roster_of.seek(self._roster, call_id, route, since, now_ms(), kept=kept))

    def tell_place(self, call_id: str) -> None:
        """Tell the call its place in the queue, if it is in one."""
        found = roster_of.place_of(self._roster, call_id, now_ms())
        if found is not None:
            self._tell(call_id, PlaceTold(now_ms(), *found))

    def stop_seeking(self, call_id: str) -> None:
        self._roster = roster_of.stop_seeking(self._roster, call_id)

    def claim(self, agent: int, call_id: str, *, back: bool) -> None:
        self._apply(roster_of.claim(self._roster, agent, call_id, now_ms(), back=back))

    def engage(self, agent: int, call_id: str) -> None:
        self._apply(roster_of.engage(self._roster, agent, call_id, now_ms()))

    def release(
        self, agent: int, call_id: str, outcome: LegOutcome, wrap_up_seconds: int, pause_after: int = 0
    ) -> None:
        wrap_up = wrap_up_seconds * 1000
        self._apply(
            roster_of.release(self._roster, agent, call_id, outcome, wrap_up, now_ms(), pause_after=pause_after)
        )

    def hand_over(self, agent: int, call_id: str, to: str) -> None:
        self._apply(roster_of.hand_over(self._roster, agent, call_id, to, now_ms()))

    def hold(self, agent: int, call_id: str, *, talking: bool) -> None:
        self._apply(roster_of.hold(self._roster, agent, call_id, now_ms(), talking=talking))

    def ask_phone(self, agent: int, call_id: str) -> None:
        self._apply(roster_of.ask_phone(self._roster, agent, call_id))

    # ------------------------------------------------------------ inside
    async def _tick_for_ever(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            try:
                self._apply(roster_of.tick(self._roster, now_ms()))
            except Exception:
                log.exception("tick_failed")

    def _apply(self, result: tuple[Roster, list[Decision]]) -> None:
        self._roster, decisions = result
        for decision in decisions:
            match decision:
                case SeatChanged(seat=seat):
                    self._screens.set_state(seat.agent, seat.state, seat.reason, seat.since, seat.call)
                    self._attendance.seat_changed(seat)
                case Offer(call_id=call_id, agents=agents, call_center=center, skipped=skipped):
                    if not self._tell(call_id, AgentsOffered(now_ms(), agents, center, skipped)):
                        # The call ended between its asking and this answer.
                        self.stop_seeking(call_id)
                        for agent in agents:
                            self.release(agent.id, call_id, LegOutcome.CALLER_GONE, 0)
                case Denied(call_id=call_id, agent=asked, why=why):
                    self._tell(call_id, AgentDenied(now_ms(), asked, why))
                case Back(call_id=call_id, agent=back):
                    self._tell(call_id, PhoneBack(now_ms(), back))
                case Nobody(call_id=call_id, call_center=center, skipped=skipped):
                    self._tell(call_id, NobodyCanCome(now_ms(), center, skipped))
                case NoneFree(call_id=call_id, skipped=skipped):
                    self._tell(call_id, NobodyFree(now_ms(), skipped))
                case Full(call_id=call_id, call_center=center):
                    self._tell(call_id, QueueFull(now_ms(), center))
                case LoggedIn(agent=agent, session=session, address=address, at=at):
                    self._attendance.logged_in(agent, session, address, at)
                case LoggedOut(agent=agent, session=left, cause=cause, at=at):
                    self._attendance.logged_out(agent, left, cause, at)
