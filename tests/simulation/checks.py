"""What must be true: at every step, whenever nothing is on its way, and at the end.

Owns: the verdicts. Must not: forgive anything but what a fault of the case justifies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulation import checks_recording
from simulation.case import Case, Violation
from simulation.switch import Channel

from ari_app.core import commands as c
from ari_app.core import events as e
from ari_app.core import ids, parties
from ari_app.core.arrangement import Calling, Consulting, Holding, Returning, Together
from ari_app.core.call import (
    Alerting,
    Announcing,
    Call,
    Clearing,
    Ended,
    LeavingMessage,
    LegState,
    Preparing,
    Reaching,
    Talking,
    Waiting,
    ring_timer,
)
from ari_app.core.permit import Permit, Refused
from ari_app.core.roster import Offer
from ari_app.core.spending import spent
from models.values.call import AgentState, Direction, LegKind, LegOutcome, Outcome
from models.values.cdr import CallRecord, LegRecord
from models.values.reasons import LegReason
from models.values.routing import CallCenterRoute, Outside

if TYPE_CHECKING:
    from simulation.shell import Shell

UNHEARD = 65_000
"""Two sweeps, and a little."""
SLACK = 1_000
"""Milliseconds by which a wait may be longer than told: the wire, the event loop, the roster's tick."""


FORBIDDEN = ("+442079460000", "hola", "0900123456789012")
"""What no company of these worlds may call."""
SURVEY = "centralita-survey"
"""Where the policy of these worlds sends who rates a call."""


class Checks:
    def __init__(self, shell: Shell, calm: bool) -> None:
        self.shell = shell
        self.switch = shell.switch
        self.people = shell.people
        self.calm = calm
        self.transitions: set[tuple[str, str, str]] = set()
        self.quiet = 0
        """How often nothing was on its way, so that all could be compared."""
        self.seatless: set[tuple[str, int]] = set()
        """Calls of ours and their agents who had no desk when it began."""

    # ------------------------------------------------------------------------------------------ at every step
    def stepped(self, case: Case, before: Call, event: e.Event, after: Call) -> None:
        if type(before) is not type(after):
            self.transitions.add((type(before).__name__, type(event).__name__, type(after).__name__))
        if type(event) is e.PopShown:
            case.acked.add(event.agent)
        elif type(event) is e.TimerFired and event.name.startswith("pop."):
            case.settled.add(event.name)

        if type(before) is Talking and type(event) in (e.DtmfReceived, e.PhoneTransfers):
            self._keyed(case, before, event, after)

    def _keyed(self, case: Case, before: Talking, event: Any, after: Call) -> None:
        """Only an agent who takes part is listened to."""
        unmoved = type(after) is Talking and (after.keys, after.refers, after.arrangement, after.asked) == (
            before.keys, before.refers, before.arrangement, before.asked,
        )  # fmt: skip
        theirs = event.channel not in parties.parties(before) or parties.agent_on(before, event.channel) is None
        if theirs and not unmoved:
            raise Violation(f"{case.id}: {event} is honoured, and it is not from a phone of ours")

    def wished(self, case: Case, command: c.FindTarget) -> None:
        call = case.call
        if type(call) is not Talking or parties.channel_of(call, command.agent) is None:
            raise Violation(f"{case.id}: {command}, and they take no part")

    def settled(self, case: Case) -> None:
        """The commands of a step are given."""
        call = case.call
        assert call is not None
        live = call.legs.live
        if type(call) is Alerting:
            if not live:
                raise Violation(f"{case.id} is alerting, but no leg is live")
        elif type(call) is Reaching:
            if len(live) != 1:
                raise Violation(f"{case.id} calls one number, but live are {live}")
        elif type(call) is Talking:
            self._takes_part(case, call)
        elif live:
            raise Violation(f"{case.id} is {type(call).__name__}, but {live} are live")
        for leg in live:
            if leg.agent is None:
                continue
            if type(call) is Alerting and call.facts.route and leg.agent.id not in self._may_ring(call.facts.route):
                raise Violation(f"{case.id} rings {leg.agent.id}, an agent of another call center")
            if not self._holds(case, leg.agent.id) and not case.restarted:
                raise Violation(f"{case.id} works with agent {leg.agent.id}, who is not given to it")
        self.perhaps_compare(case)

    def _takes_part(self, case: Case, call: Talking) -> None:
        live = call.legs.live
        talking = [leg.ordinal for leg in live if leg.state is LegState.ANSWERED]
        ringing = [leg.ordinal for leg in live if leg.state is not LegState.ANSWERED]
        now = call.arrangement
        if not call.joined and (talking != [call.winner] or ringing):
            raise Violation(f"{case.id} is talking on leg {call.winner}, but live are {live}")
        called = now.ringing if isinstance(now, Calling) else ()
        if isinstance(now, Returning) and now.ringing is not None:
            called = (now.ringing,)
        if not set(ringing) <= set(called):
            raise Violation(f"{case.id} is {now}, but live are {live}")
        sides = len(talking) + (not call.without_caller)
        waits = isinstance(now, Returning) or (isinstance(now, Calling) and now.by is None)
        if sides < (1 if waits else 2):
            raise Violation(f"{case.id} is {now}, but only {sides} side is left: live are {live}")

    def _may_ring(self, route: CallCenterRoute) -> set[int]:
        """Whoever worked there when the call came, or does by now (an administrator's change is taken back)."""
        return {*route.agents, *self.people.house.call_centers[route.id].agents}

    def _holds(self, case: Case, agent: int) -> bool:
        """Is the agent this call's? A colleague without a desk is rung all the same: there is no seat to hold."""
        desk = self.people.desks[agent]
        return case.id in (desk.holder, *desk.others) or (case.id, agent) in self.seatless

    def perhaps_compare(self, case: Case) -> None:
        """When nothing is on its way."""
        if case.in_flight == 0 and not case.mailbox and not case.over and case.call is not None:
            self.compare(case, case.call)

    def dials(self, case: Case, command: c.DialLeg) -> None:
        ordinal = ids.ordinal_of(command.channel)
        assert case.call is not None
        own = case.call.facts.own
        leg = own if own is not None and own.channel == command.channel else case.call.legs.on(command.channel)
        ordinal = ordinal or 1
        if leg is None:
            raise Violation(f"{case.id} dials {command.channel}, which is no leg of it")
        if leg.agent is None or leg.returns:
            return
        if leg.agent.id not in case.acked and f"pop.{ordinal}" not in case.settled and not case.restarted:
            raise Violation(f"{command.channel} is dialled before the pop of agent {leg.agent.id} was settled")

    def rings(self, leg: Channel) -> None:
        """The phone's INVITE goes out: no other call may be ringing or talking on it."""
        if leg.agent is None:
            return
        for other in self.switch.channels.values():
            if (
                other.agent is not None
                and other.agent == leg.agent
                and other is not leg
                and (other.role == "leg" or other.ours)
                and other.dialled
                and not other.dying
                and not (other.case.unended or other.case.late)
                and (leg.case.id, leg.agent) not in self.seatless
                and (other.case.id, leg.agent) not in self.seatless
            ):
                raise Violation(f"agent {leg.agent} is rung by {leg.id} while {other.id} is there")

    # ------------------------------------------------------------------------------------------ the roster
    def in_turn(self, offer: Offer) -> None:
        """Nobody is served before one who came earlier, or whose call center comes first, by the same agents."""
        registry, served = self.shell.registry, self.shell.registry.get(offer.call_id)
        if served is None or served.call is None or served.call.facts.route is None:
            return
        if type(served.call) is Talking:
            return  # somebody who talks asks for this very agent, or consults a call center: no caller's place is taken
        facts, agents = served.call.facts, {agent.id for agent in offer.agents}
        if facts.route.queue.hours.closed_now:
            raise Violation(f"{offer.call_id} is served, but {facts.route.name} is closed")
        for other, seeker in self.shell.roster.seekers.items():
            before = registry[other].call if other in registry and other != offer.call_id else None
            if before is None or before.facts.route is None or seeker.rings or before.facts.route != seeker.route:
                continue
            first = before.facts.route.queue.priority, before.facts.queued_at
            if first < (facts.route.queue.priority, facts.queued_at) and agents & set(seeker.route.agents):
                raise Violation(f"{offer.call_id} is served before {other}, which comes first")

    def waiting(self, case: Case, call: Waiting) -> None:
        """No more wait than may, but for those who came back from a phone that was not answered."""
        route = call.facts.route
        limit = route.queue.max_waiting if route else 0
        if not limit:
            return
        new = [
            other
            for other in self.shell.registry.values()
            if isinstance(other.call, Waiting)
            and other.call.facts.route == route
            and not any(leg.offered_at >= other.call.facts.queued_at for leg in other.call.legs)
            and not (other.restarted or other.mailbox)
        ]
        if case in new and len(new) > limit:
            raise Violation(f"{case.id}: {len(new)} wait where {limit} may")

    def offered(self, offer: Offer) -> None:
        now = self.shell.agenda.now
        snapshot = self.shell.snapshot
        for route in offer.agents:
            desk = self.people.desks[route.id]
            known = snapshot.agents.get(route.id)
            why = (
                "is held by " + desk.holder
                if desk.holder is not None
                else "has no desk on the line"
                if not (desk.connected or desk.on_phone)
                else "is paused"
                if desk.paused
                else "is not active"
                if known is None or not known.active
                else "has no phone"
                if not known.endpoint
                else "has a phone in the browser that is off"
                if desk.in_browser and not desk.line_on
                else "sits at an address that is not allowed"
                if not snapshot.ip_rules.allows(desk.address)
                else "rests"
                if desk.rests_until > now and not offer.back
                else "is in wrap-up"
                if desk.wraps_until > now and not offer.back
                else None
            )
            if why is not None:
                raise Violation(f"agent {route.id} is offered to {offer.call_id} but {why}")
            desk.holder = offer.call_id
            if offer.back:
                desk.rests_until = desk.wraps_until = 0.0

    def may_dial(self, case: Case, agent: int) -> None:
        """Their own phone will ring: they must be there, and free."""
        desk, known = self.people.desks[agent], self.shell.snapshot.agents.get(agent)
        why = (
            "is held by " + desk.holder
            if desk.holder is not None
            else "has no desk on the line"
            if not (desk.connected or desk.on_phone)
            else "may not"
            if known is None or not known.active or not known.click2dial or not known.endpoint
            else "has a phone in the browser that is off"
            if desk.in_browser and not desk.line_on
            else "sits at an address that is not allowed"
            if not self.shell.snapshot.ip_rules.allows(desk.address)
            else None
        )
        if why is not None:
            raise Violation(f"agent {agent} is let use Click2Dial but {why}")

    def judged(self, case: Case, verdict: Permit | Refused) -> None:
        """Help is always called; what is not allowed never is."""
        plan, known = case.plan, self.shell.snapshot.agents.get(case.plan.agent)
        let_out = isinstance(verdict, Permit)
        if plan.called == "911" and not let_out and known is not None and known.active:
            raise Violation(f"{case.id}: an emergency call is refused: {verdict}")
        if plan.called in FORBIDDEN and let_out:
            raise Violation(f"{case.id}: {plan.called} is let out")
        if (
            let_out
            and plan.called != "911"
            and not self.shell.snapshot.ip_rules.allows(self.people.desks[plan.agent].address)
        ):
            raise Violation(f"{case.id}: let out from an address that is not allowed")
        if case.plan.called not in ("911",) and isinstance(verdict, Permit) and isinstance(verdict.target, Outside):
            self._within(case, case.plan.agent)

    def let_out(self, case: Case, asked: c.AskOutside, verdict: Permit | Refused) -> None:
        """The same for who is called from a call that goes on."""
        if isinstance(verdict, Refused):
            if asked.number == "911":
                raise Violation(f"{case.id}: an emergency call is refused: {verdict}")
            return
        if asked.number in FORBIDDEN:
            raise Violation(f"{case.id}: {asked.number} is let out")
        assert isinstance(verdict.target, Outside)
        case.passes.append(verdict.target.endpoint)
        if asked.number != "911":
            self._within(case, asked.agent)

    def calls_outside(self, case: Case, command: c.CreateLeg) -> None:
        """Nobody outside is called whom the gate, or the judge of the call itself, has not let out."""
        if not ids.is_outside(command.channel) or case.restarted:
            return
        call = case.call
        assert call is not None
        if isinstance(call.facts.target, Outside) and call.facts.target.endpoint == command.endpoint:
            return
        if command.endpoint not in case.passes:
            raise Violation(f"{case.id}: {command.endpoint} is called, and nobody was asked whether it may be")
        case.passes.remove(command.endpoint)

    def _within(self, case: Case, who: int | None) -> None:
        """What is spent and set aside stays below every limit."""
        rules, now = self.shell.snapshot.outbound.spending, int(self.shell.agenda.now)
        for agent, limits in ((who, rules.agent), (None, rules.account)):
            if agent is None and limits is rules.agent:
                continue
            cap = limits.spend_per_day
            if cap is not None and spent(self.shell.spending, rules, agent, now) > cap:
                raise Violation(f"{case.id}: more than {cap} is spent or set aside by {agent or 'the account'}")

    def holds(self, case: Case, command: c.HoldAgent) -> None:
        desk = self.people.desks[command.agent]
        if command.agent not in self.shell.roster.seats:
            self.seatless.add((case.id, command.agent))
        elif desk.holder in (None, case.id):
            desk.holder = case.id
            desk.wraps_until = 0.0
        elif case.id not in desk.others:
            desk.others.append(case.id)

    def handed_over(self, agent: int, giver: Case, taker: Case) -> None:
        """They go on in another call: held by it from this moment on."""
        desk = self.people.desks[agent]
        if (giver.id, agent) in self.seatless:
            self.seatless.add((taker.id, agent))
        if desk.holder == giver.id:
            desk.holder = taker.id
        desk.others = [taker.id if other == giver.id else other for other in desk.others]

    def sent_on(self, case: Case, command: c.Continue) -> None:
        """Only who talked, in a call center that asks for a rating, goes on to give one."""
        call = case.call
        route = call.facts.route if call is not None else None
        if case.joined_at is None or (route is not None and not route.survey) or command.context != SURVEY:
            raise Violation(f"{case.id} is sent to {command.context} and has not talked where a rating is asked for")

    def engages(self, case: Case, command: c.EngageAgent) -> None:
        desk = self.people.desks.get(command.agent)
        if desk is None:
            raise Violation(f"{case.id} engages {command.agent}: there is no agent of that number")
        if desk.holder is None and (case.restarted or (case.id, command.agent) in self.seatless):
            known = self.shell.snapshot.agents.get(command.agent)
            if known is not None and known.active:
                # Whoever talks has a seat from now on, though no desk has been there yet.
                self.seatless.discard((case.id, command.agent))
                desk.holder = case.id
                desk.seated = True
            return
        if not self._holds(case, command.agent):
            raise Violation(f"agent {command.agent} talks on {case.id}, but is held by {desk.holder}")
        if desk.holder == case.id:
            desk.missed = 0  # whatever becomes of the call: they took it

    def releases(self, case: Case, command: c.ReleaseAgent) -> None:
        desk = self.people.desks[command.agent]
        if case.restarted and case.id not in (desk.holder, *desk.others):
            return
        if (case.id, command.agent) in self.seatless and case.id not in (desk.holder, *desk.others):
            return
        aside = case.id in desk.others or bool(desk.others)
        desk.given_back(case.id)
        if aside:
            return
        now = self.shell.agenda.now
        if desk.paused:
            desk.missed = 0
        if command.outcome is LegOutcome.ANSWERED:
            desk.missed = 0
            if command.wrap_up_seconds and not desk.paused:
                desk.wraps_until = now + command.wrap_up_seconds * 1000 - 1
        elif command.outcome not in (LegOutcome.LOST_RACE, LegOutcome.CALLER_GONE):
            desk.rests_until = now + self.shell.roster.rules.rest - 1
            desk.missed += 1
            if 0 < command.pause_after <= desk.missed:
                desk.paused = True
            if desk.paused:
                desk.missed = 0  # a pause ends the row, this call with it

    def reaped(self, channel: Channel) -> None:
        """Killing the engine ends no conversation."""
        case, last = channel.case, channel.case.last
        others = self.switch.bridges.get(channel.bridge or "", set()) - {channel.id}
        open_talk = case.closed is None and last is not None and last.answered_at is not None
        if open_talk and channel.up and any(self.switch.channels[other].up for other in others):
            raise Violation(f"{channel.id} talks with {others}, and is reaped")

    # ------------------------------------------------------------------------------------------ nothing on its way
    def compare(self, case: Case, call: Call) -> None:
        """Model and switch must agree."""
        self.quiet += 1
        timers = case.timers
        match call:
            case Waiting():
                self._needs(case, "longest_wait" in timers, "waits without a limit")
                self._needs(case, case.id in self.shell.roster.seekers, "waits without looking for agents")
                self._idle_agents(case)
                self.waiting(case, call)
            case Alerting():
                self._needs(case, ring_timer(call.facts) in timers, "rings without a limit")
            case Preparing():
                self._needs(case, "own_ring" in timers, "rings its own agent without a limit")
            case Reaching():
                self._needs(case, ring_timer(call.facts) in timers, "calls without a limit")
            case Announcing():
                self._needs(case, "announcement" in timers, "announces without a limit")
            case LeavingMessage():
                self._needs(case, bool({"saying", "recording"} & timers.keys()), "leaves a message without a limit")
            case Clearing():
                self._needs(case, "clearing" in timers, "clears without a limit")
            case Talking() | Ended():
                pass
        if isinstance(call, Waiting | Alerting):
            self._hears(case, call)
        channels = self.switch.channels
        # Made long after its time-out, and the news of it lost: two sweeps in a row find it.
        unheard = case.doubt and case.late
        if "leftovers" not in timers and "clearing" not in timers:
            for leg in call.legs:
                mine = self.shell.moved.get(leg.channel, case) is case
                there = channels.get(leg.channel)
                if there is not None and not leg.live and mine and not (unheard and self._is_news(there)):
                    raise Violation(
                        f"{case.id}: {leg.channel}, {leg.state}, is on the switch: nothing is done about it"
                    )
        if case.doubt or case.late:
            return
        if not isinstance(call, Clearing) and not (isinstance(call, Talking) and call.without_caller):
            self._needs(case, case.id in channels, "goes on without its caller")
        for leg in call.legs:
            if self.shell.moved.get(leg.channel, case) is not case:
                continue  # given to another call, which has it now
            channel = channels.get(leg.channel)
            # Whether the end of a leg was carried out may not be known.
            if (channel is not None) is not leg.exists and not (case.unended and channel is None and not leg.live):
                raise Violation(f"{case.id}: {leg.channel} is {leg.state}, on the switch: {channel}")
            far = None if channel is None else channel.half
            if far is not None and far.in_stasis and leg.live and leg.far_half is None:
                raise Violation(f"{case.id}: nobody noticed that {far.id} is there")
        if isinstance(call, Talking) and call.joined:
            if "apart" not in timers:
                self._rooms(case, call)
                checks_recording.compare(self.switch, case, call)
        elif isinstance(call, Talking):
            self._needs(case, "apart" in timers, "is not joined and nothing is done about it")

    def _hears(self, case: Case, call: Waiting | Alerting) -> None:
        """Who waits hears something, and what is to come will come."""
        facts, timers = call.facts, case.timers
        if not facts.caller_up:
            return
        self._needs(case, not facts.hears.playing or "saying" in timers, "is told something without end")
        queue = facts.route.queue if facts.route else None
        if queue is not None and queue.announce_seconds and facts.overflow is None:
            self._needs(case, "news" in timers, "is told nothing more")
        channel = self.switch.channels.get(case.id)
        if channel is not None and channel.up and self.calm and not channel.dying:
            self._needs(case, len(channel.hears) == 1, f"hears {channel.hears}")

    def overheard(self, case: Case, channel: Channel, what: str) -> None:
        """Music or a message goes on where it must not."""
        if self.calm:
            raise Violation(f"{case.id}: {channel.id} {what} and still hears {channel.hears}")

    def keeps_voicemail(self, case: Case, command: c.KeepVoicemail) -> None:
        if case.kept is not None:
            raise Violation(f"{case.id}: its message is kept twice: {command}")
        case.kept = command.recording

    def keeps_callback(self, case: Case, command: c.KeepCallback) -> None:
        if case.kept is not None or command.number != case.plan.number:
            raise Violation(f"{case.id}: {command}, and {case.kept}")
        case.kept = command.number

    def _rooms(self, case: Case, call: Talking) -> None:
        """Everybody is where the arrangement says, and hears what belongs there; nobody is forgotten on hold."""
        now = call.arrangement
        # One who left may be there until the order to hang up is carried out.
        left = {leg.channel for leg in call.legs if not leg.live} | ({case.id} if call.without_caller else set())
        bridges = self.switch.bridges
        main, consult = (bridges.get(name, set()) - left for name in (ids.bridge(case.id), ids.consult(case.id)))
        sides = {leg.channel for leg in call.legs if leg.state is LegState.ANSWERED}
        sides |= set() if call.without_caller else {case.id}
        match now:
            case Together():
                talking, aside, waiting = sides, set(), set()
            case Holding(by=by):
                talking, aside, waiting = {by}, set(), sides - {by}
            case Calling(by=by):
                talking, aside, waiting = set(), set(), sides - {by}
                limited = any(name.startswith(("ring.", "transfer")) for name in case.timers)
                # A ring-back that was asked of the roster is answered at once.
                self._needs(case, limited, "calls a target without a limit")
            case Returning():
                talking, aside, waiting = (sides, set(), set()) if len(sides) > 1 else (set(), set(), sides)
                self._needs(case, "return" in case.timers, "waits for a phone without a limit")
                if now.ringing is None and now.agent.id in self.shell.roster.phones:
                    self._needs(case, "return_again" in case.timers, "does not ring a phone that is there")
            case Consulting(by=by, target=target, swapped=swapped):
                third = next(leg.channel for leg in call.legs if leg.ordinal == target)
                others = sides - {by, third}
                talking = {by} | others if swapped else set()
                aside = set() if swapped else {by, third}
                waiting = {third} if swapped else others
        if main != talking or consult != aside:
            raise Violation(
                f"{case.id} is {now}: in the bridge are {main}, not {talking}; aside {consult}, not {aside}"
            )
        for channel in sides:
            hears = self.switch.channels[channel].hears & {"music", "ringing"}
            if hears != ({"music"} if channel in waiting else {"ringing"} if channel not in talking | aside else set()):
                raise Violation(f"{case.id} is {now}: {channel} hears {hears}")

    def _needs(self, case: Case, true: bool, what: str) -> None:
        if not true:
            raise Violation(f"{case.id} {what}: {case.call}")

    def _idle_agents(self, case: Case) -> None:
        roster = self.shell.roster
        seeker = roster.seekers.get(case.id)
        if seeker is not None and any(agent in roster.free for agent in seeker.route.agents):
            raise Violation(f"{case.id} waits although one of {roster.free} is free")

    # ------------------------------------------------------------------------------------------ the record
    def writes(self, case: Case, command: c.WriteRecord) -> None:
        record = command.record
        if case.closed is not None:
            raise Violation(f"{case.id} is written again after it was closed: {record}")
        if record.id != case.id:
            raise Violation(f"{case.id} writes the record of {record.id}")
        if case.last is None:
            case.opened_at = self.shell.agenda.now
        case.last = record
        if record.is_closed:
            self._closed(case, record, command.legs)
            case.closed = record, command.legs
        else:
            if case.answered_at is None:
                case.answered_at = record.answered_at
            if command.legs:
                raise Violation(f"{case.id}: legs are written before the call is closed")

    def _closed(self, case: Case, record: CallRecord, legs: tuple[LegRecord, ...]) -> None:
        call = case.call
        assert call is not None
        ended = record.ended_at
        if ended is None or ended < record.offered_at:
            raise Violation(f"{case.id}: offered {record.offered_at}, ended {ended}")
        if record.answered_at is None:
            if record.talk_ms or record.outcome is Outcome.ANSWERED:
                raise Violation(f"{case.id}: nobody answered, but {record}")
            if record.wait_ms != ended - record.offered_at:
                raise Violation(f"{case.id}: waited {record.wait_ms} ms, {record}")
        else:
            if not record.offered_at <= record.answered_at <= ended:
                raise Violation(f"{case.id}: offered, answered, ended out of order: {record}")
            if record.talk_ms != ended - record.answered_at or record.wait_ms != record.answered_at - record.offered_at:
                raise Violation(f"{case.id}: talk and wait are not the times between: {record}")
            if record.outcome is not Outcome.ANSWERED:
                raise Violation(f"{case.id}: answered, but {record.outcome}")
            if record.answered_at != case.answered_at:
                raise Violation(f"{case.id} was answered at {case.answered_at}, closed with {record.answered_at}")
            if case.joined_at is None:
                raise Violation(f"{case.id}: answered, but they were never joined")
            own = call.facts.own is not None
            won = [leg for leg in _tries(legs[own:]) if leg.outcome is LegOutcome.ANSWERED]
            if record.direction is Direction.INBOUND:
                won = [leg for leg in won if leg.agent_id == record.agent_id]
            elif record.agent_id != case.plan.agent:
                raise Violation(f"{case.id} was made by agent {case.plan.agent}, but {record}")
            if not won and not case.restarted:
                raise Violation(f"{case.id}: answered by {record.agent_id}, but no leg of theirs is: {legs}")
        self._closed_legs(case, record, legs)
        kept = record.outcome in (Outcome.VOICEMAIL, Outcome.CALLBACK)
        if call.facts.talked_from is not None:
            kept = case.kept is not None  # talked with, passed on to a queue, and then it chose that: a conversation
        if kept is not (case.kept is not None) and not case.restarted:
            raise Violation(f"{case.id}: kept {case.kept}, but {record}")
        if record.outcome is Outcome.IN_PROGRESS or not record.reason:
            raise Violation(f"{case.id}: closed without a reason: {record}")
        if not self.calm:
            return
        # In fair weather the record says what happened.
        heard = 0 if case.joined_at is None else ended - case.joined_at
        if record.outcome is not Outcome.ANSWERED and heard > 200 * self.switch.weather.lag:
            raise Violation(f"{case.id}: joined at {case.joined_at}, but {record}")
        if record.answered_at is not None:
            picked_up = min(abs(record.answered_at - time) for time in case.answered.values())
            if picked_up > SLACK:
                raise Violation(f"{case.id} was picked up at {case.answered}, but {record}")
        limit = self._longest(call)
        if record.wait_ms > limit:
            raise Violation(f"{case.id} was let wait for {record.wait_ms} ms, {limit} at most")

    def _longest(self, call: Call) -> float:
        """How long its caller may have waited: in each queue, then outside or speaking a message."""
        centers, policy = self.shell.snapshot.call_centers, self.shell.policy
        routes = [centers[center] for center in call.facts.queues if center in centers]
        limit = float(sum((route.max_wait_seconds + route.ring_seconds) * 1000 + SLACK for route in routes))
        limit += policy.announcement + SLACK
        if call.facts.caller_agent is not None:
            limit += policy.own_ring + policy.internal_ring + 2 * SLACK
        if any(leg.kind is LegKind.OUTSIDE for leg in call.legs):
            limit += policy.outside_ring
        if any(leg.kind is LegKind.VOICEMAIL for leg in call.legs):
            limit += policy.announcement + policy.voicemail_longest
        return limit

    def _closed_legs(self, case: Case, record: CallRecord, legs: tuple[LegRecord, ...]) -> None:
        call = case.call
        assert call is not None
        stretches = call.facts.stretches
        own = 0 if call.facts.own is None else 1
        if len(legs) != len(call.legs) + own + len(stretches) or [leg.ordinal for leg in legs] != sorted(
            {leg.ordinal for leg in legs}
        ):
            raise Violation(f"{case.id}: {len(call.legs)} legs, written {legs}")
        # The stretches that an engine told before it was killed are not known to the next.
        alone = not stretches and not case.restarted
        talked = [leg for leg in _tries(legs[own:]) if leg.outcome is LegOutcome.ANSWERED]
        # Of an agent whose phone was lost every leg but the last ends so; who called came back on a leg of its own.
        came_back = any(leg.reason is LegReason.PHONE_LOST for leg in legs[:own])
        if sum(leg.reason is not LegReason.PHONE_LOST for leg in talked) > 1 + came_back and alone:
            raise Violation(f"{case.id}: more than one leg answered: {legs}")
        for leg in legs:
            times = [
                time for time in (leg.offered_at, leg.ringing_at, leg.answered_at, leg.ended_at) if time is not None
            ]
            # The caller's end may have been missed in a gap: then a phone rang on after it.
            last = leg.ended_at if case.doubt or case.missed else record.ended_at
            if leg.ended_at is None or times != sorted(times) or leg.ended_at > (last or 0):
                raise Violation(f"{case.id}: the leg's times are out of order: {leg} {record}")
            if (leg.outcome is LegOutcome.ANSWERED) is not (leg.answered_at is not None):
                raise Violation(f"{case.id}: {leg}")

    def _is_news(self, channel: Channel) -> bool:
        """No two sweeps can have seen it yet."""
        return self.shell.agenda.now - max(channel.since, self.switch.connected_at) < UNHEARD

    # ------------------------------------------------------------------------------------------ the end
    def forgotten(self, case: Case, command: c.Forget) -> None:
        if case.over:
            raise Violation(f"{case.id} is forgotten twice")
        if case.closed is None:
            raise Violation(f"{case.id} is forgotten before its record was closed")
        if case.timers:
            raise Violation(f"{case.id} is forgotten with timers set: {case.timers}")
        if command.strays and not (case.unended or case.late or case.doubt):
            raise Violation(f"{case.id} leaves {command.strays} to the reaper without need")
        for channel in self.switch.channels.values():
            thing = channel.half.id if channel.role == "far" and channel.half is not None else channel.id
            given = ids.call_of(channel.id) not in (None, case.id)
            if given and self.switch.is_told_to_end(channel.id):
                continue  # a party who came too late: the order to end it is on its way
            if channel.case is case and not channel.dying and thing not in command.strays and not case.late:
                raise Violation(f"{case.id} is forgotten, but {channel.id} is there")
        for agent, desk in self.people.desks.items():
            if case.id in (desk.holder, *desk.others) and not any(
                type(event) is e.AgentsOffered for event in case.mailbox
            ):
                raise Violation(f"{case.id} is forgotten and still holds agent {agent}")
            if desk.pops.get(case.id) not in (None, "ended"):
                raise Violation(f"{case.id} is forgotten, its pop is {desk.pops[case.id]!r} on agent {agent}'s screen")

    def finished(self, cases: list[Case]) -> None:
        """Nothing will happen any more."""
        for case in cases:
            if not case.over:
                raise Violation(f"{case.id} never ends: {case.call}, on the switch {sorted(self.switch.channels)}")
            if case.in_flight:
                raise Violation(f"{case.id}: {case.in_flight} still in flight (a defect of the simulation)")
            if (case.closed is None) is not case.unrecorded:
                raise Violation(f"{case.id} has no closed record")
        for channel in self.switch.channels.values():
            raise Violation(f"{channel.id} is left on the switch")
        for bridge in self.switch.bridges:
            raise Violation(f"{bridge} is left on the switch")
        checks_recording.finished(self.switch, cases, calm=self.calm)
        for call in self.shell.spending.calls.values():
            if call.live:
                raise Violation(f"{call.call_id} has money set aside and is over")
        roster = self.shell.roster
        if roster.seekers:
            raise Violation(f"calls that ended look for agents: {roster.seekers}")
        for seat in roster.seats.values():
            if seat.call is not None or seat.state in (AgentState.RINGING, AgentState.TALKING):
                raise Violation(f"agent {seat.agent} is {seat.state} of {seat.call} after all calls")
        for agent, desk in self.people.desks.items():
            if desk.holder is not None or desk.others:
                raise Violation(f"agent {agent} is still held by {desk.holder}, {desk.others}")
            left = {call: phase for call, phase in desk.pops.items() if phase != "ended"}
            if left:
                raise Violation(f"on agent {agent}'s screen there is still {left}")


def _tries(legs: tuple[LegRecord, ...]) -> list[LegRecord]:
    """The legs that could have become a conversation."""
    return [leg for leg in legs if leg.kind in (LegKind.AGENT, LegKind.OUTSIDE)]
