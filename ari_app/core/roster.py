"""Who is at work and who is rung: the single truth of agents' states, and the distribution of waiting calls.

Owns: the seats (an agent's state, whose call holds them), the calls that look for agents, the memory of the ring
strategies. Must not: know how an agent is rung, or store anything: it returns what changed.

Every function takes a roster and returns a new one with its decisions. An agent is held by one call at a time
(``Seat.call``), so no two calls ring the same agent. Times are milliseconds since the epoch.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from ari_app.core.ringing import choose
from models.values.call import AgentState, LegOutcome, PhoneKind, Strategy
from models.values.replacing import replace
from models.values.routing import AgentRoute, CallCenterRoute, RoutingSnapshot
from models.values.story import Skipped, SkipReason

MOST_EXPLAINED = 50
"""Agents of whom it is said why they are not rung: it must not cost more than the choice."""

PHONE_SESSION = "phone:"
"""So begin the sessions of agents who are logged in on the phone alone; the agent's id follows."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The roster's waits, in milliseconds."""

    rest: int = 5_000
    """How long an agent who did not take a call is left alone (app_queue's ``retry``)."""
    more_wrap_up: int = 60_000
    """What one wish for more wrap-up adds."""
    longest_wrap_up: int = 15 * 60_000
    """The longest that wishes can make it."""
    reconnect_grace: int = 30_000
    """How long a desk may be cut off before its agent counts as logged out."""


MISSED_CALLS = "missed_calls"
"""The reason of a pause that nobody asked for; the screens have words for it."""


@dataclass(frozen=True, slots=True)
class Seat:
    """An agent at work."""

    agent: int
    state: AgentState
    since: int
    reason: str | None = None
    call: str | None = None
    others: tuple[str, ...] = ()
    """Calls that the agent makes while another call holds them; the next one holds them after it."""
    connected: bool = False
    """A desk is on the line: only then there is a screen for the pop."""
    phone: str | None = None
    """The address of the phone on which the agent logged in: may be rung without a screen."""
    allowed: bool = True
    """The desk's address is allowed (*IPs click2dial*)."""
    address: str | None = None
    session: str | None = None
    lost_at: int | None = None
    rest_until: int = 0
    wrap_up_until: int | None = None
    idle_since: int = 0
    taken: int = 0
    pause_wish: str | None = None
    """Asked for a pause while on a call; it begins when the call is over."""
    leaving: str | None = None
    """Was logged out while on a call, and why; it takes effect when the call is over."""
    missed: int = 0
    """How many calls in a row rang here and were not taken."""

    @property
    def deadline(self) -> bool:
        return self.lost_at is not None or self.rest_until > 0 or self.wrap_up_until is not None


@dataclass(frozen=True, slots=True)
class Seeker:
    """A call in a call center's queue. ``since``: its place, by arrival."""

    call_id: str
    route: CallCenterRoute
    since: int
    rings: bool = False
    """Agents were given to it; unless all are to ring, no more are looked for until it asks again."""

    @property
    def order(self) -> tuple[int, int]:
        """Who is served first: by the call center's priority, then by arrival."""
        return self.route.queue.priority, self.since

    @property
    def looks(self) -> bool:
        return not self.rings or self.route.strategy is Strategy.ALL


# ------------------------------------------------------------------------------------------------ decisions


@dataclass(frozen=True, slots=True)
class Offer:
    """Ring these agents for this call; they are held for it."""

    call_id: str
    agents: tuple[AgentRoute, ...]
    call_center: int | None = None
    skipped: Skipped = ()
    back: bool = False
    """A call that they transferred comes back to them."""


@dataclass(frozen=True, slots=True)
class Denied:
    """This agent can't be given to this call now."""

    call_id: str
    agent: int
    why: str


@dataclass(frozen=True, slots=True)
class Back:
    """The phone of this agent, who is held by this call, is on the line and has no media of it."""

    call_id: str
    agent: int


@dataclass(frozen=True, slots=True)
class Nobody:
    """Nobody who has a phone and may work is logged in at this call's call center."""

    call_id: str
    call_center: int | None = None
    skipped: Skipped = ()


@dataclass(frozen=True, slots=True)
class NoneFree:
    """Nobody can be rung for this call just now: it waits."""

    call_id: str
    skipped: Skipped


@dataclass(frozen=True, slots=True)
class Full:
    """As many wait as may; the call is not in the queue."""

    call_id: str
    call_center: int


@dataclass(frozen=True, slots=True)
class SeatChanged:
    """This agent's state is another now."""

    seat: Seat


@dataclass(frozen=True, slots=True)
class LoggedIn:
    agent: int
    session: str
    address: str
    at: int


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """``cause``: user, lost_connection, ip, administrator, deactivated."""

    agent: int
    session: str | None
    cause: str
    at: int


Decision = Offer | Denied | Back | Nobody | NoneFree | Full | SeatChanged | LoggedIn | LoggedOut


@dataclass(frozen=True, slots=True)
class Roster:
    snapshot: RoutingSnapshot
    rules: Rules = field(default_factory=Rules)
    seats: Mapping[int, Seat] = field(default_factory=dict)
    seekers: Mapping[str, Seeker] = field(default_factory=dict)
    """In the order in which they are served; a call that rings agents keeps its place."""
    phones: frozenset[int] = frozenset()
    """Whose phone in the browser is on the line; asked only of agents who have such a phone."""
    free: frozenset[int] = frozenset()
    """Who may be rung now."""
    due: frozenset[int] = frozenset()
    """Whose seat changes by the passing of time."""
    calling: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Calls that agents make who are not logged in."""
    last_rung: Mapping[int, int] = field(default_factory=dict)
    """Call center -> the agent rung last (round robin with memory)."""
    waits: Mapping[int, int] = field(default_factory=dict)
    """Call center -> how long those waited who were answered, in ms; the last ones weigh most."""


Result = tuple[Roster, list[Decision]]


# ------------------------------------------------------------------------------------------------ the desks


def connect(roster: Roster, agent: int, session: str, address: str, at: int) -> Result:
    """A desk of this agent is on the line. A new one is available; one that was cut off goes on as it was."""
    if not is_user(roster, agent):
        return roster, []
    allowed = roster.snapshot.ip_rules.allows(address)
    seat = roster.seats.get(agent)
    decisions: list[Decision] = []
    if seat is None:
        roster, seat = _on_the_line(roster, Seat(agent, AgentState.AVAILABLE, since=at, idle_since=at))
        decisions.append(LoggedIn(agent, session, address, at))
    elif seat.session != session:
        if seat.session is not None:
            decisions.append(LoggedOut(agent, seat.session, seat.leaving or "user", at))
        decisions.append(LoggedIn(agent, session, address, at))
    seat = replace(seat, connected=True, allowed=allowed, address=address, session=session, lost_at=None, leaving=None)
    return _distribute(_seat(roster, seat, at), [*decisions, SeatChanged(seat)], at)


def disconnect(roster: Roster, agent: int, at: int) -> Result:
    """The agent's last desk is off the line: rung without a screen is only who logged in on the phone; the state is
    kept for a while."""
    seat = roster.seats.get(agent)
    if seat is None or not seat.connected:
        return roster, []
    seat = replace(seat, connected=False, lost_at=at)
    return _seat(roster, seat, at), [SeatChanged(seat)]


def log_in_on_phone(roster: Roster, agent: int, address: str, at: int) -> Result:
    """The agent logs in on the phone, which is at `address`: from now on rung without a screen, until logged out.

    Whoever sits at a desk as well keeps its session and state. From an address that is not allowed nothing happens.
    """
    if not is_user(roster, agent) or not roster.snapshot.ip_rules.allows(address):
        return roster, []
    seat = roster.seats.get(agent)
    decisions: list[Decision] = []
    if seat is None:
        roster, seat = _on_the_line(roster, Seat(agent, AgentState.AVAILABLE, since=at, idle_since=at))
    seat = replace(seat, phone=address)
    if not seat.connected:
        seat, decisions = _by_phone_only(seat, seat.leaving or "lost_connection", at)
    return _distribute(_seat(roster, seat, at), [*decisions, SeatChanged(seat)], at)


def phone(roster: Roster, agent: int, *, on: bool, at: int, has: Collection[str] | None = None) -> Result:
    """The phone in this agent's browser can be rung from now on, or no longer.

    ``has``: the calls whose media its page has; None: nobody said. Of the others that hold the agent it is told.
    """
    if on is (agent in roster.phones):
        return roster, []
    roster = replace(roster, phones=roster.phones | {agent} if on else roster.phones - {agent})
    seat = roster.seats.get(agent)
    if seat is None:
        return roster, []
    held = (seat.call, *seat.others) if on and has is not None else ()
    lost: list[Decision] = [Back(call, agent) for call in held if call is not None and call not in (has or ())]
    return _distribute(_seat(roster, seat, at), lost, at)


def ask_phone(roster: Roster, agent: int, call_id: str) -> Result:
    """A conversation waits for this agent's phone, which had gone: is it there? One who logs out is not waited for."""
    seat = roster.seats.get(agent)
    if seat is None or seat.leaving is not None:
        return roster, [Denied(call_id, agent, "not_logged_in")]
    return roster, [Back(call_id, agent)] if agent in roster.phones else []


def log_out(roster: Roster, agent: int, cause: str, at: int) -> Result:
    """The agent goes. One who talks is offline when the call is over."""
    seat = roster.seats.get(agent)
    if seat is None:
        return roster, []
    if seat.call is not None:
        # Who is put out by a change that is taken back before the call is over goes on wanting the pause.
        pause_wish = seat.pause_wish if cause in ("ip", "deactivated") else None
        seat = replace(seat, connected=False, phone=None, lost_at=at, pause_wish=pause_wish, leaving=cause)
        return _seat(roster, seat, at), [SeatChanged(seat)]
    return _leave(roster, seat, cause, at)


def restore(roster: Roster, seats: Iterable[Seat], at: int) -> Result:
    """The seats as they were before the engine's restart; each desk has the grace time to come back, a phone stays."""
    decisions: list[Decision] = []
    for seat in seats:
        if seat.agent in roster.seats or not is_user(roster, seat.agent):
            continue
        if seat.state in (AgentState.RINGING, AgentState.TALKING, AgentState.WRAP_UP):
            seat = replace(seat, state=AgentState.AVAILABLE, since=at)
        if seat.pause_wish is not None:
            # The call may be over by now; if it goes on, it holds them as it would anybody who is paused.
            seat = replace(seat, state=AgentState.PAUSED, reason=seat.pause_wish or None, pause_wish=None)
        if seat.phone is not None and not roster.snapshot.ip_rules.allows(seat.phone):
            seat = replace(seat, phone=None)
        lost_at = at if seat.phone is None else None
        seat = replace(seat, call=None, others=(), connected=False, lost_at=lost_at, idle_since=at)
        roster = _seat(roster, seat, at)
        decisions.append(SeatChanged(seat))
    return roster, decisions


def wish(roster: Roster, agent: int, state: AgentState, reason: str | None, at: int) -> Result:
    """The agent asks to be available or paused, or for more wrap-up. While a call holds them, it waits for its end."""
    seat = roster.seats.get(agent)
    if state is AgentState.WRAP_UP:
        return _wrap_up_longer(roster, seat, at) if seat is not None else (roster, [])
    if seat is None or state not in (AgentState.AVAILABLE, AgentState.PAUSED):
        return roster, []
    if seat.call is not None:
        seat = replace(seat, pause_wish=(reason or "") if state is AgentState.PAUSED else None)
    elif seat.state is state and seat.reason == reason:
        return roster, []
    else:
        seat = replace(seat, state=state, reason=reason if state is AgentState.PAUSED else None, since=at)
        seat = replace(seat, wrap_up_until=None, rest_until=0, missed=0)
        if state is AgentState.AVAILABLE:
            seat = replace(seat, idle_since=at)
    return _distribute(_seat(roster, seat, at), [SeatChanged(seat)], at)


def _wrap_up_longer(roster: Roster, seat: Seat, at: int) -> Result:
    """The work after the call takes longer: so much more, up to a limit. Saving, or *available*, ends it at once."""
    if seat.state is not AgentState.WRAP_UP or seat.wrap_up_until is None:
        return roster, []
    latest = seat.since + roster.rules.longest_wrap_up
    seat = replace(
        seat, wrap_up_until=max(seat.wrap_up_until, min(seat.wrap_up_until + roster.rules.more_wrap_up, latest))
    )
    return _seat(roster, seat, at), [SeatChanged(seat)]


def adopt_snapshot(roster: Roster, snapshot: RoutingSnapshot, at: int) -> Result:
    """The tables changed: who may not be here any more goes, and whoever waits is looked at again."""
    roster = replace(roster, snapshot=snapshot)
    seekers = {
        call_id: replace(seeker, route=_with_agents_of_now(roster, seeker.route))
        for call_id, seeker in roster.seekers.items()
    }
    roster = replace(roster, seekers=seekers)
    decisions: list[Decision] = []
    for seat in tuple(roster.seats.values()):
        if seat.phone is not None and not snapshot.ip_rules.allows(seat.phone):
            seat = replace(seat, phone=None)
            roster = _seat(roster, seat, at)
        allowed = seat.address is None or snapshot.ip_rules.allows(seat.address)
        if not is_user(roster, seat.agent) or not allowed:
            cause = "deactivated" if allowed else "ip"
            roster, gone = log_out(roster, seat.agent, cause, at)
            decisions += gone
            left = roster.seats.get(seat.agent)
            if left is not None:
                roster = _seat(roster, replace(left, allowed=allowed), at)
        elif not seat.allowed or seat.leaving in ("ip", "deactivated"):
            roster = _seat(roster, replace(seat, allowed=True, leaving=None), at)
        elif (why_not(roster, seat.agent, at) is None) is not (seat.agent in roster.free):
            roster = _seat(roster, seat, at)  # has a phone now, or another kind of it
    roster, sent_on = _send_on(roster, at)
    return _distribute(roster, [*decisions, *sent_on], at)


def _with_agents_of_now(roster: Roster, route: CallCenterRoute) -> CallCenterRoute:
    """A call keeps its call center as it was when it came, but for who works there: an agent who was added to help with
    the queue would else be given to whoever comes next, before all who wait.
    """
    now = roster.snapshot.call_centers.get(route.id)
    if now is None or now.agents == route.agents:
        return route
    kept = replace(route, agents=now.agents)
    # The same object for all of them: hundreds who wait for the same agents are one question.
    return now if kept == now else kept


# ------------------------------------------------------------------------------------------------ the calls


def seek(roster: Roster, call_id: str, route: CallCenterRoute, since: int, at: int, *, kept: bool = False) -> Result:
    """A call looks for agents, from its place in the queue. ``kept``: it was in the queue before."""
    route = _with_agents_of_now(roster, route)
    others = {other: waits for other, waits in roster.seekers.items() if other != call_id}
    if not any(_could_come(roster, agent) for agent in route.agents):
        nobody = Nobody(call_id, route.id, passed_over(roster, call_id, route, (), at))
        return replace(roster, seekers=others), [nobody]
    was_in = kept or call_id in roster.seekers
    seeker = Seeker(call_id, route, since)
    ordered = list(others.values())
    ordered.insert(bisect_right(ordered, seeker.order, key=lambda one: one.order), seeker)
    roster = replace(roster, seekers={one.call_id: one for one in ordered})
    roster, decisions = _distribute(roster, [], at)
    limit = route.queue.max_waiting
    if not was_in and limit and not roster.seekers[call_id].rings:
        waiting = sum(one.route.id == route.id and not one.rings for one in others.values())
        if waiting >= limit:
            free = NoneFree(call_id, passed_over(roster, call_id, route, (), at))
            return stop_seeking(roster, call_id), [*decisions, free, Full(call_id, route.id)]
    if not roster.seekers[call_id].rings:
        decisions.append(NoneFree(call_id, passed_over(roster, call_id, route, (), at)))
    return roster, decisions


def stop_seeking(roster: Roster, call_id: str) -> Roster:
    if call_id not in roster.seekers:
        return roster
    return replace(roster, seekers={other: kept for other, kept in roster.seekers.items() if other != call_id})


def place_of(roster: Roster, call_id: str, at: int) -> tuple[int, int | None] | None:
    """The call's place in its call center's queue, from 1, and how long it may take yet (ms); None: it is in none."""
    seeker = roster.seekers.get(call_id)
    if seeker is None:
        return None
    queue = [one.call_id for one in roster.seekers.values() if one.route.id == seeker.route.id]
    usual = roster.waits.get(seeker.route.id)
    return queue.index(call_id) + 1, None if usual is None else max(0, usual - (at - seeker.since))


def claim(roster: Roster, agent: int, call_id: str, at: int, *, back: bool = False) -> Result:
    """A call wants this very agent. ``back``: they transferred it, and their work after it may be interrupted."""
    seat = roster.seats.get(agent)
    looked = roster
    if back and seat is not None:
        interruptible = seat.state is AgentState.WRAP_UP
        seat = replace(seat, rest_until=0, state=AgentState.AVAILABLE if interruptible else seat.state)
        looked = replace(roster, seats={**roster.seats, agent: seat})
    why = why_not(looked, agent, at)
    if why is not None or seat is None:
        return roster, [Denied(call_id, agent, why or "not_logged_in")]
    seat = replace(
        seat, state=AgentState.RINGING, reason=None, since=at, call=call_id, wrap_up_until=None, rest_until=0
    )
    decisions: list[Decision] = [SeatChanged(seat), Offer(call_id, (roster.snapshot.agents[agent],), back=back)]
    return _seat(roster, seat, at), decisions


def engage(roster: Roster, agent: int, call_id: str, at: int) -> Result:
    """The agent talks on this call (also one that was found talking after a restart)."""
    seat = roster.seats.get(agent)
    if seat is None:
        if not is_user(roster, agent):
            return roster, []
        seat = Seat(agent, AgentState.AVAILABLE, since=at, lost_at=at, idle_since=at)
    if seat.call not in (None, call_id):
        return roster, []
    if seat.state is AgentState.PAUSED:
        seat = replace(seat, pause_wish=seat.reason or "")  # paused again when the call is over
    seat = replace(seat, state=AgentState.TALKING, reason=None, since=at, call=call_id, wrap_up_until=None, missed=0)
    served = roster.seekers.get(call_id)
    if served is not None:
        usual = roster.waits.get(served.route.id, at - served.since)
        waits = {**roster.waits, served.route.id: (3 * usual + at - served.since) // 4}
        roster = replace(roster, waits=waits)
    return _seat(roster, seat, at), [SeatChanged(seat)]


def may_dial(roster: Roster, agent: int) -> str | None:
    """Why this agent can't be called on their own phone for a Click2Dial, as a reason code; None: they can.

    A pause and the work after a call do not hinder: it is the agent who asks.
    """
    route = roster.snapshot.agents.get(agent)
    seat = roster.seats.get(agent)
    if route is None or not route.active:
        return "not_active"
    if not route.click2dial:
        return "click2dial_not_allowed"
    if not route.endpoint:
        return "no_phone"
    if seat is None:
        return "not_logged_in"
    if not seat.allowed:
        return "address_not_allowed"
    if not seat.connected and seat.phone is None:
        return "desk_cut_off"
    if _phone_off(roster, route):
        return "phone_off"
    return "on_another_call" if seat.call is not None else None


def hold(roster: Roster, agent: int, call_id: str, at: int, *, talking: bool) -> Result:
    """The agent makes this call, or their phone rings for it: nobody else rings them."""
    seat = roster.seats.get(agent)
    if seat is None:
        # Without a desk there is no state to keep; one who logs in meanwhile is on the line already.
        held = roster.calling.get(agent, ())
        held = held if call_id in held else (*held, call_id)
        return replace(roster, calling={**roster.calling, agent: held}), []
    if seat.call not in (None, call_id):
        if call_id in seat.others:
            return roster, []
        return _seat(roster, replace(seat, others=(*seat.others, call_id)), at), []
    paused = seat.state is AgentState.PAUSED
    seat = replace(
        seat,
        state=AgentState.TALKING if talking else AgentState.RINGING,
        reason=None,
        since=at,
        call=call_id,
        wrap_up_until=None,
        # Paused again when the call is over.
        pause_wish=(seat.reason or "") if paused else seat.pause_wish,
    )
    return _seat(roster, seat, at), [SeatChanged(seat)]


def hand_over(roster: Roster, agent: int, call_id: str, to: str, at: int) -> Result:
    """The agent goes on in another call, as they are: no moment between in which anybody else could ring them."""
    if call_id in roster.calling.get(agent, ()):
        held = tuple(to if one == call_id else one for one in roster.calling[agent])
        roster = replace(roster, calling={**roster.calling, agent: held})
    seat = roster.seats.get(agent)
    if seat is None or call_id not in (seat.call, *seat.others):
        return roster, []
    others = tuple(to if one == call_id else one for one in seat.others)
    seat = replace(seat, call=to if seat.call == call_id else seat.call, others=others)
    return _seat(roster, seat, at), [SeatChanged(seat)]


def release(
    roster: Roster,
    agent: int,
    call_id: str,
    outcome: LegOutcome,
    wrap_up_ms: int,
    at: int,
    *,
    pause_after: int = 0,
) -> Result:
    """The call does not hold this agent any more. One who did not take it rests a little before the next.

    Who does not take ``pause_after`` calls in a row is paused: no caller waits for the ringing of an empty chair.
    """
    seat = roster.seats.get(agent)
    if call_id in roster.calling.get(agent, ()):
        rest = tuple(other for other in roster.calling[agent] if other != call_id)
        roster = replace(roster, calling={**roster.calling, agent: rest})
    if seat is not None and call_id in seat.others:
        others = tuple(other for other in seat.others if other != call_id)
        return _seat(roster, replace(seat, others=others), at), []
    if seat is None or seat.call != call_id:
        return roster, []
    if seat.others:
        seat = replace(seat, call=seat.others[0], others=seat.others[1:], state=AgentState.TALKING, since=at)
        return _seat(roster, seat, at), [SeatChanged(seat)]
    seat = replace(seat, call=None, state=AgentState.AVAILABLE, reason=None, since=at)
    if outcome is LegOutcome.ANSWERED:
        seat = replace(seat, taken=seat.taken + 1, idle_since=at)
        if wrap_up_ms > 0:
            seat = replace(seat, state=AgentState.WRAP_UP, wrap_up_until=at + wrap_up_ms)
    elif outcome not in (LegOutcome.LOST_RACE, LegOutcome.CALLER_GONE):
        seat = replace(seat, rest_until=at + roster.rules.rest, missed=seat.missed + 1)
        if 0 < pause_after <= seat.missed and seat.pause_wish is None:
            seat = replace(seat, pause_wish=MISSED_CALLS)
    if seat.pause_wish is not None:
        seat = replace(
            seat,
            state=AgentState.PAUSED,
            reason=seat.pause_wish or None,
            pause_wish=None,
            wrap_up_until=None,
            missed=0,
        )
    cause = _why_leaves(roster, seat, at)
    if cause is not None:
        roster, decisions = _leave(_seat(roster, seat, at), seat, cause, at)
        return _distribute(roster, decisions, at)
    return _distribute(_seat(roster, seat, at), [SeatChanged(seat)], at)


def tick(roster: Roster, at: int) -> Result:
    """Time has passed: rests and wrap-ups end, desks that did not come back are logged out."""
    decisions: list[Decision] = []
    freed = False
    for agent in sorted(roster.due):
        seat = roster.seats[agent]
        if seat.call is None and _lost_for_good(roster, seat, at):
            roster, gone = _lose_desk(roster, seat, at)
            decisions += gone
            continue
        changed = seat
        if changed.rest_until and changed.rest_until <= at:
            changed = replace(changed, rest_until=0)
        if changed.wrap_up_until is not None and changed.wrap_up_until <= at:
            changed = replace(changed, wrap_up_until=None)
            if changed.state is AgentState.WRAP_UP:
                changed = replace(changed, state=AgentState.AVAILABLE, since=at, idle_since=at)
                decisions.append(SeatChanged(changed))
        if changed is not seat:
            roster = _seat(roster, changed, at)
            freed = True
    return _distribute(roster, decisions, at) if freed else (roster, decisions)


# ------------------------------------------------------------------------------------------------ inside


def is_user(roster: Roster, agent: int) -> bool:
    """An active agent of the account."""
    route = roster.snapshot.agents.get(agent)
    return route is not None and route.active


def why_not(roster: Roster, agent: int, at: int) -> SkipReason | None:
    """Why this agent is not rung now; None: may be rung."""
    route = roster.snapshot.agents.get(agent)
    seat = roster.seats.get(agent)
    if route is None or not route.active:
        return SkipReason.NOT_ACTIVE
    if seat is None:
        return SkipReason.NOT_LOGGED_IN
    if not route.endpoint:
        return SkipReason.NO_PHONE
    if not seat.allowed:
        return SkipReason.ADDRESS_NOT_ALLOWED
    if not seat.connected and seat.phone is None:
        return SkipReason.DESK_CUT_OFF
    if _phone_off(roster, route):
        return SkipReason.PHONE_OFF
    if seat.call is not None:
        return SkipReason.ON_ANOTHER_CALL
    if seat.state is not AgentState.AVAILABLE:
        return SkipReason(seat.state.value)
    return SkipReason.RESTING if seat.rest_until > at else None


def _phone_off(roster: Roster, route: AgentRoute) -> bool:
    return route.phone_kind is PhoneKind.BROWSER and route.id not in roster.phones


def passed_over(roster: Roster, call_id: str, route: CallCenterRoute, chosen: tuple[int, ...], at: int) -> Skipped:
    """The agents of this call center who are not rung for this call now, each with the reason."""
    skipped: list[tuple[int, SkipReason]] = []
    for agent in route.agents[:MOST_EXPLAINED]:
        if agent in chosen:
            continue
        seat = roster.seats.get(agent)
        if seat is not None and seat.call == call_id:
            why: SkipReason = SkipReason.ON_THIS_CALL
        elif agent in roster.free:
            why = SkipReason.NOT_THEIR_TURN if chosen else SkipReason.EARLIER_CALL_FIRST
        else:
            # One who rests is no longer left alone at the next tick of the roster's clock.
            why = why_not(roster, agent, at) or SkipReason.RESTING
        skipped.append((agent, why))
    return tuple(skipped)


def _could_come(roster: Roster, agent: int) -> bool:
    """Is at work and has a phone: not now perhaps, but worth waiting for."""
    route, seat = roster.snapshot.agents.get(agent), roster.seats.get(agent)
    if route is None or seat is None:
        return False
    return route.active and bool(route.endpoint) and seat.allowed and seat.leaving is None


def _why_leaves(roster: Roster, seat: Seat, at: int) -> str | None:
    """Why an agent whose call is over goes; None: stays."""
    if seat.leaving is not None:
        return seat.leaving
    if not is_user(roster, seat.agent):
        return "deactivated"
    if not seat.allowed:
        return "ip"
    return "lost_connection" if _lost_for_good(roster, seat, at) and seat.phone is None else None


def _on_the_line(roster: Roster, seat: Seat) -> tuple[Roster, Seat]:
    """A new seat: of an agent who is making a call already, it is that call's."""
    held = roster.calling.get(seat.agent, ())
    if not held:
        return roster, seat
    calling = {agent: calls for agent, calls in roster.calling.items() if agent != seat.agent}
    seat = replace(seat, call=held[0], others=held[1:], state=AgentState.TALKING)
    return replace(roster, calling=calling), seat


def _seat(roster: Roster, seat: Seat, at: int) -> Roster:
    seats = {**roster.seats, seat.agent: seat}
    due = roster.due | {seat.agent} if seat.deadline else roster.due - {seat.agent}
    roster = replace(roster, seats=seats, due=due)
    free = why_not(roster, seat.agent, at) is None
    if free is (seat.agent in roster.free):
        return roster
    return replace(roster, free=roster.free | {seat.agent} if free else roster.free - {seat.agent})


def _leave(roster: Roster, seat: Seat, cause: str, at: int) -> Result:
    seats = {agent: kept for agent, kept in roster.seats.items() if agent != seat.agent}
    roster = replace(roster, seats=seats, free=roster.free - {seat.agent}, due=roster.due - {seat.agent})
    offline = replace(
        seat,
        state=AgentState.OFFLINE,
        reason=None,
        since=at,
        call=None,
        connected=False,
        phone=None,
        lost_at=None,
        wrap_up_until=None,
        leaving=None,
    )
    decisions: list[Decision] = [LoggedOut(seat.agent, seat.session, cause, at), SeatChanged(offline)]
    roster, sent_on = _send_on(roster, at)
    return roster, [*decisions, *sent_on]


def _send_on(roster: Roster, at: int) -> Result:
    """Nobody is waited for who can't come; a call whose phones ring asks again when they have."""
    decisions: list[Decision] = []
    # Routes for which somebody could come, by identity: hundreds who wait for the same agents are one question.
    hopeful: dict[int, bool] = {}
    for seeker in tuple(roster.seekers.values()):
        route = seeker.route
        if seeker.rings:
            continue
        if id(route) not in hopeful:
            hopeful[id(route)] = any(_could_come(roster, agent) for agent in route.agents)
        if not hopeful[id(route)]:
            roster = stop_seeking(roster, seeker.call_id)
            skipped = passed_over(roster, seeker.call_id, seeker.route, (), at)
            decisions.append(Nobody(seeker.call_id, seeker.route.id, skipped))
    return roster, decisions


def _lose_desk(roster: Roster, seat: Seat, at: int) -> Result:
    """The desk did not come back: its session is over. Who logged in on the phone too goes on there."""
    if seat.phone is None:
        return _leave(roster, seat, "lost_connection", at)
    seat, decisions = _by_phone_only(seat, "lost_connection", at)
    return _seat(roster, seat, at), [*decisions, SeatChanged(seat)]


def _by_phone_only(seat: Seat, cause: str, at: int) -> tuple[Seat, list[Decision]]:
    """The phone's session takes the place of the desk's, which ended for `cause`."""
    session = f"{PHONE_SESSION}{seat.agent}"
    decisions: list[Decision] = []
    if seat.session != session:
        if seat.session is not None:
            decisions.append(LoggedOut(seat.agent, seat.session, cause, at))
        decisions.append(LoggedIn(seat.agent, session, seat.phone or "", at))
    seat = replace(seat, session=session, address=seat.phone, allowed=True, lost_at=None, leaving=None)
    return seat, decisions


def _lost_for_good(roster: Roster, seat: Seat, at: int) -> bool:
    return seat.lost_at is not None and at >= seat.lost_at + roster.rules.reconnect_grace


def _distribute(roster: Roster, decisions: list[Decision], at: int) -> Result:
    """Give free agents to the calls that wait, the oldest first."""
    if not roster.free:
        return roster, decisions
    # Routes without a free agent, by identity: who is free only becomes fewer here, so one look at each is enough.
    barren: set[int] = set()
    for seeker in tuple(roster.seekers.values()):
        if not roster.free:
            break
        if not seeker.looks or id(seeker.route) in barren:
            continue
        candidates = [agent for agent in seeker.route.agents if agent in roster.free]
        if not candidates:
            barren.add(id(seeker.route))
            continue
        chosen = choose(roster, seeker, candidates)
        if not chosen:
            continue
        agents = roster.snapshot.agents
        for agent in chosen:
            seat = replace(roster.seats[agent], state=AgentState.RINGING, reason=None, since=at, call=seeker.call_id)
            roster = _seat(roster, seat, at)
            decisions.append(SeatChanged(seat))
        skipped = passed_over(roster, seeker.call_id, seeker.route, chosen, at)
        decisions.append(Offer(seeker.call_id, tuple(agents[agent] for agent in chosen), seeker.route.id, skipped))
        memory = {**roster.last_rung, seeker.route.id: chosen[-1]}
        seekers = {**roster.seekers, seeker.call_id: replace(seeker, rings=True)}  # the key keeps its place
        roster = replace(roster, last_rung=memory, seekers=seekers)
    return roster, decisions
