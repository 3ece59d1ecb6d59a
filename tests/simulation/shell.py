"""The engine's shell without asyncio: mailboxes, timers, the roster at work, the records.

Owns: the wiring, the same as in ``ari_app.runner`` and ``ari_app.floor``. Must not: decide; and it forgives nothing
that the real shell would not have to forgive.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from simulation.agenda import Agenda
from simulation.case import Case, Violation
from simulation.checks import SURVEY, Checks
from simulation.people import People
from simulation.stories import Stories
from simulation.switch import Switch

from ari_app.core import commands as c
from ari_app.core import events as e
from ari_app.core import ids, inbound, outbound, permit, requests
from ari_app.core import roster as roster_of
from ari_app.core import spending as spending_of
from ari_app.core.adoption import FoundCall, adopt
from ari_app.core.arrangement import Target
from ari_app.core.call import Call, Policy
from ari_app.core.permit import Asking, Permit, Refused
from ari_app.core.roster import Back, Decision, Denied, Full, LoggedOut, Nobody, NoneFree, Offer, Roster, Rules, Seat
from ari_app.core.spending import Spending, Trip
from models.values.call import LegOutcome
from models.values.feature import ALL_CODES
from models.values.routing import AgentRoute, CallCenterRoute, Outside, RoutingSnapshot

TICK = 250.0
RESTLESS = 3_000
"""Steps that no call should need."""
STORING = 200
"""Milliseconds: a record that was first written so shortly before the engine is killed is in no database."""


class Shell:
    def __init__(
        self, agenda: Agenda, rng: random.Random, switch: Switch, snapshot: RoutingSnapshot, trace: list[str] | None
    ) -> None:
        self.agenda = agenda
        self.rng = rng
        self.switch = switch
        self.snapshot = snapshot
        self.trace = trace
        self.people: People
        self.checks: Checks
        self.policy = Policy(survey_context=SURVEY, codes=ALL_CODES)
        self.stories = Stories()
        self.roster = Roster(snapshot, Rules())
        self.spending = Spending()
        self.registry: dict[str, Case] = {}
        self.strays: set[str] = set()
        self.unclaimed: list[tuple[Case, e.Event]] | None = None
        self.running = True
        self.life = 0
        self.drops_mailbox = False
        """A seeded fault: what is in the mailbox of a call that has just ended is thrown away."""
        self.moved: dict[str, Case] = {}
        """Channels that belong to another call than their id says (``core.joining``)."""
        self.joins: random.Random | None = None
        """In some worlds agents join two lines of their phones; by its own dice."""
        self.joined = 0
        self._tokens = 0
        self._next_tick = 0.0

    # ------------------------------------------------------------------------------------------ mailboxes
    def on_event(self, case: Case, event: e.Event) -> None:
        """From the socket's reader."""
        if not self.running:
            return
        case = self.moved.get(str(getattr(event, "channel", None)), case)
        if isinstance(event, e.CallerArrived):
            if case.id not in self.registry:
                self._begin(case, *inbound.arrive(event, self.snapshot, self.policy))
        elif isinstance(event, e.AgentDials):
            if case.id not in self.registry:
                self.dialled(case, event)
        elif case.id in self.registry:
            self.post(case, event)
        elif self.unclaimed is not None:
            self.unclaimed.append((case, event))

    def post(self, case: Case, event: e.Event) -> bool:
        if self.registry.get(case.id) is not case:
            return False
        case.mailbox.append(event)
        if not case.awake:
            case.awake = True
            # The call's task runs when the event loop comes to it.
            self.agenda.after(0.0 if self.rng.random() < 0.7 else 2 * self.rng.random(), self._work, case)
        return True

    def _work(self, case: Case) -> None:
        case.awake = False
        mailbox = case.mailbox
        while mailbox:
            if case.over and self.drops_mailbox:
                mailbox.clear()
                return
            event = mailbox.popleft()
            case.steps += 1
            if case.steps > RESTLESS:
                raise Violation(f"{case.id} does not come to rest: {event} in {case.call}")
            before = case.call
            assert before is not None
            after, wanted = inbound.step(before, event)
            case.call = after
            if self.trace is not None:
                self._note(case, event, after)
            self.checks.stepped(case, before, event, after)
            for command in wanted:
                self._carry_out(case, command)
            self.stories.tell(case, before, event, after, wanted)
            self.checks.settled(case)
            if self.joins is not None and type(before) is not type(after):
                self.people.two_lines(case)

    def _note(self, case: Case, event: object, after: Call) -> None:
        assert self.trace is not None
        self.trace.append(f"{self.agenda.now:.2f} {case.id} {type(after).__name__} <- {event}")

    def _begin(self, case: Case, call: Call, first: list[c.Command], *, adopted: bool = False) -> None:
        self.registry[case.id] = case
        case.call = call
        self.stories.begins(case)
        if self.trace is not None:
            self._note(case, "begins", call)
        for leg in call.legs:
            if ids.call_of(leg.channel) != case.id:
                self.moved[leg.channel] = case
        for command in first:
            self._carry_out(case, command)
        self.stories.begin(case, call, first, int(self.agenda.now), adopted=adopted)
        self.checks.settled(case)

    def adopt(self, case: Case, found: FoundCall) -> None:
        case.late = case.restarted = True
        self._begin(case, *adopt(found, self.snapshot, self.policy, int(self.agenda.now)), adopted=True)

    # ------------------------------------------------------------------------------------------ calls of ours
    def dialled(self, case: Case, event: e.AgentDials) -> None:
        agent = self.snapshot.agent_at(event.endpoint)
        route = self.snapshot.call_centers.get(agent.call_center or 0) if agent else None
        verdict = self._ask(case, agent, route, event.address)
        self._begin(case, *outbound.dial(event, agent, route, verdict, self.policy))

    def click(self, case: Case) -> bool:
        """As ``ari_app.outgoing`` does it; False: refused, and nothing rings."""
        if not self.running or not self.switch.connected:
            return False
        agent = self.snapshot.agents.get(case.plan.agent)
        if agent is None or roster_of.may_dial(self.roster, agent.id) is not None:
            return False
        self.checks.may_dial(case, agent.id)
        route = self.snapshot.call_centers.get(agent.call_center or 0)
        verdict = self._ask(case, agent, route, self.roster.seats[agent.id].address)
        request = outbound.ClickToDial(int(self.agenda.now), case.id, agent, route)
        if isinstance(verdict, Refused):
            case.closed = outbound.refused(request, verdict, self.policy), ()
            return False
        self._begin(case, *outbound.click(request, verdict, self.policy))
        return True

    def _ask(
        self, case: Case, agent: AgentRoute | None, route: CallCenterRoute | None, address: str | None
    ) -> Permit | Refused:
        asking = Asking(case.id, agent, case.plan.called, route, address)
        self.spending, verdict = permit.ask(
            asking, self.snapshot, self.roster, self.spending, self.policy, int(self.agenda.now)
        )
        self.checks.judged(case, verdict)
        return verdict

    def _hold(self, case: Case, command: c.HoldAgent) -> None:
        self.checks.holds(case, command)
        now = int(self.agenda.now)
        self.apply(roster_of.hold(self.roster, command.agent, case.id, now, talking=command.talking))

    def _ask_allowance(self, case: Case, command: c.AskAllowance) -> None:
        now = int(self.agenda.now)
        self.spending, more = spending_of.renew(self.spending, self.snapshot.outbound.spending, command.call_id, now)
        if isinstance(more, Trip):
            self.post(case, e.AllowanceGranted(now, 0, more.reason, command.call_id))
        else:
            self.post(case, e.AllowanceGranted(now, more.milliseconds, None, command.call_id))

    def _ask_outside(self, case: Case, command: c.AskOutside) -> None:
        now = int(self.agenda.now)
        seat = self.roster.seats.get(command.agent or 0)
        asking = permit.AskingOutside(
            command.pass_id, command.agent, command.number, command.route, seat and seat.address, command.as_ours
        )
        self.spending, verdict = permit.ask_outside(asking, self.snapshot, self.spending, self.policy, now)
        self.checks.let_out(case, command, verdict)
        if isinstance(verdict, Permit):
            assert isinstance(verdict.target, Outside)
            allowed = e.OutsideAllowed(now, command.pass_id, command.agent, verdict.target, verdict.allowance)
            self.post(case, allowed)
        else:
            self.post(case, e.OutsideRefused(now, command.pass_id, command.agent, verdict.number, verdict.reason))

    def _settle(self, case: Case, command: c.SettleSpending) -> None:
        self.spending = spending_of.settle(self.spending, command.call_id, command.talk_ms)

    # ------------------------------------------------------------------------------------------ two lines of a phone
    def _call_with(self, channel: str) -> Case | None:
        """As ``ari_app.registry`` finds it."""
        moved = self.moved.get(channel)
        if moved is not None:
            return moved if self.registry.get(moved.id) is moved else None
        return self.registry.get(channel) or self.registry.get(ids.call_of(channel) or "")

    def _ask_line(self, case: Case, command: c.AskLine) -> None:
        now, other = int(self.agenda.now), self._call_with(command.other)
        if other is None or other is case:
            self.post(case, e.LineRefused(now, command.by, "refer_unknown"))
            return
        asked = e.LineAsked(
            now, case.id, command.by, command.other, command.agent, command.since, command.number, command.give
        )
        self.post(other, asked)

    def _refuse_line(self, case: Case, command: c.RefuseLine) -> None:
        asker = self.registry.get(command.to)
        if asker is not None:
            self.post(asker, e.LineRefused(int(self.agenda.now), command.by, command.code))

    def _hand_over(self, case: Case, command: c.HandOver) -> None:
        now, leg, taker = int(self.agenda.now), command.leg, self.registry.get(command.to)
        news = [event for event in case.mailbox if getattr(event, "channel", None) == leg.channel]
        for event in news:
            case.mailbox.remove(event)
        if taker is None:
            self.switch.order(case, c.Hangup(leg.channel))
            if leg.let_out is not None:
                self.spending = spending_of.settle(self.spending, leg.let_out.pass_id, leg.let_out.before)
            if leg.agent is not None:
                released = c.ReleaseAgent(leg.agent.id, case.id, LegOutcome.CALLER_GONE)
                self._release(case, released)
            return
        self.joined += 1
        self.moved[leg.channel] = taker
        self.switch.move(leg.channel, case, taker)
        if leg.agent is not None:
            self.checks.handed_over(leg.agent.id, case, taker)
            self.apply(roster_of.hand_over(self.roster, leg.agent.id, case.id, taker.id, now))
        self.post(taker, e.PartyGiven(now, command.by, leg, command.waits))
        for event in news:
            self.post(taker, event)

    # ------------------------------------------------------------------------------------------ orders
    def _carry_out(self, case: Case, command: c.Command) -> None:
        if self.trace is not None:
            self.trace.append(f"{self.agenda.now:.2f}      {command}")
        _DO[type(command)](self, case, command)

    def _order(self, case: Case, command: c.SwitchCommand) -> None:
        self.switch.order(case, command)

    def _dial(self, case: Case, command: c.DialLeg) -> None:
        self.checks.dials(case, command)
        self.switch.order(case, command)

    def _create(self, case: Case, command: c.CreateLeg) -> None:
        self.checks.calls_outside(case, command)
        self.switch.order(case, command)

    def _show(self, case: Case, command: c.ShowPop) -> None:
        case.shown_at[command.agent] = self.agenda.now
        case.acked.discard(command.agent)
        self.people.desk(command.agent).show(case, command.pop)

    def _update(self, case: Case, command: c.UpdatePop) -> None:
        self.people.desk(command.agent).update(case, command.changes)

    def _close(self, case: Case, command: c.ClosePop) -> None:
        self.people.desk(command.agent).close(case, command.reason)

    def _problem(self, case: Case, command: c.ReportProblem) -> None:
        """Words for a page; nothing hangs on them."""

    def _find(self, case: Case, command: c.FindTarget) -> None:
        self.checks.wished(case, command)
        if command.number == "22000009":
            self.post(case, requests.TargetUnknown(int(self.agenda.now), command.agent, "no_such_target"))
            return
        found: Target | None = self.snapshot.agent_at(command.number) or self.snapshot.resolve(command.number)
        kind = requests.TransferRequested if command.blind else requests.ConsultRequested
        self.post(case, kind(int(self.agenda.now), command.agent, found or Outside(command.number, "")))

    def _claim(self, case: Case, command: c.ClaimAgent) -> None:
        now = int(self.agenda.now)
        self.apply(roster_of.claim(self.roster, command.agent, case.id, now, back=command.back))

    def _ask_phone(self, case: Case, command: c.AskPhone) -> None:
        self.apply(roster_of.ask_phone(self.roster, command.agent, case.id))

    def _seek(self, case: Case, command: c.SeekAgents) -> None:
        now = int(self.agenda.now)
        self.apply(roster_of.seek(self.roster, case.id, command.route, command.since, now, kept=command.kept))

    def _ask_place(self, case: Case, command: c.AskPlace) -> None:
        found = roster_of.place_of(self.roster, case.id, int(self.agenda.now))
        if found is not None:
            self.post(case, e.PlaceTold(int(self.agenda.now), *found))

    def _stop_seeking(self, case: Case, command: c.StopSeeking) -> None:
        self.roster = roster_of.stop_seeking(self.roster, case.id)

    def _engage(self, case: Case, command: c.EngageAgent) -> None:
        self.checks.engages(case, command)
        self.apply(roster_of.engage(self.roster, command.agent, case.id, int(self.agenda.now)))

    def _release(self, case: Case, command: c.ReleaseAgent) -> None:
        self.checks.releases(case, command)
        self._release_now(case.id, command.agent, command.outcome, command.wrap_up_seconds, command.pause_after)

    def _release_now(self, call_id: str, agent: int, outcome: LegOutcome, wrap_up: int, pause_after: int = 0) -> None:
        now = int(self.agenda.now)
        self.apply(
            roster_of.release(self.roster, agent, call_id, outcome, wrap_up * 1000, now, pause_after=pause_after)
        )

    def _look_up(self, case: Case, command: c.LookUpCaller) -> None:
        if self.rng.random() < 0.9:
            delay = 4 * self.rng.random() if self.rng.random() < 0.9 else 3000 * self.rng.random()
            self.agenda.after(delay, self._looked_up, case, case.life, command.calling_number)

    def _looked_up(self, case: Case, life: int, number: str | None) -> None:
        if case.life == life:
            contact = None if number is None else 7
            card: Mapping[str, Any] = {"contact_id": contact, "name": "Ana", "fields": []}
            self.post(case, e.CallerKnown(int(self.agenda.now), contact, card))

    def _keep_voicemail(self, case: Case, command: c.KeepVoicemail) -> None:
        self.checks.keeps_voicemail(case, command)

    def _drop_voicemail(self, case: Case, command: c.DropVoicemail) -> None:
        """Nothing is left of it."""

    def _keep_recording(self, case: Case, command: c.KeepRecording) -> None:
        self.switch.recorder.keep(case, command)

    def _keep_callback(self, case: Case, command: c.KeepCallback) -> None:
        self.checks.keeps_callback(case, command)

    def _write(self, case: Case, command: c.WriteRecord) -> None:
        self.checks.writes(case, command)

    def _set_timer(self, case: Case, command: c.SetTimer) -> None:
        self._tokens += 1
        case.timers[command.name] = self._tokens
        self.agenda.after(command.milliseconds, self._fire, case, command.name, self._tokens)

    def _cancel_timer(self, case: Case, command: c.CancelTimer) -> None:
        case.timers.pop(command.name, None)

    def _fire(self, case: Case, name: str, token: int) -> None:
        if case.timers.get(name) == token:
            del case.timers[name]
            self.post(case, e.TimerFired(int(self.agenda.now), name))

    def _forget(self, case: Case, command: c.Forget) -> None:
        self.checks.forgotten(case, command)
        case.over = True
        del self.registry[case.id]
        self.moved = {channel: owner for channel, owner in self.moved.items() if owner is not case}
        self.strays.update(command.strays)

    # ------------------------------------------------------------------------------------------ the floor
    def apply(self, result: tuple[Roster, list[Decision]]) -> None:
        self.roster, decisions = result
        for decision in decisions:
            if isinstance(decision, Offer):
                self.checks.in_turn(decision)
                self.checks.offered(decision)
                case = self.registry.get(decision.call_id)
                offer = e.AgentsOffered(int(self.agenda.now), decision.agents, decision.call_center, decision.skipped)
                if case is None or not self.post(case, offer):
                    self.roster = roster_of.stop_seeking(self.roster, decision.call_id)
                    for agent in decision.agents:
                        self.people.desk(agent.id).given_back(decision.call_id)
                        self._release_now(decision.call_id, agent.id, LegOutcome.CALLER_GONE, 0)
            elif isinstance(decision, Denied):
                asking = self.registry.get(decision.call_id)
                if asking is not None:
                    self.post(asking, e.AgentDenied(int(self.agenda.now), decision.agent, decision.why))
            elif isinstance(decision, Back):
                found = self.registry.get(decision.call_id)
                if found is not None:
                    self.post(found, e.PhoneBack(int(self.agenda.now), decision.agent))
            elif isinstance(decision, Nobody):
                found = self.registry.get(decision.call_id)
                if found is not None:
                    self.post(found, e.NobodyCanCome(int(self.agenda.now), decision.call_center, decision.skipped))
            elif isinstance(decision, NoneFree):
                found = self.registry.get(decision.call_id)
                if found is not None:
                    self.stories.aside(found, e.NobodyFree(int(self.agenda.now), decision.skipped))
            elif isinstance(decision, Full):
                found = self.registry.get(decision.call_id)
                if found is not None:
                    self.post(found, e.QueueFull(int(self.agenda.now), decision.call_center))
            elif isinstance(decision, LoggedOut):
                self.people.desk(decision.agent).logged_out(decision.session)
        self._plan_tick()

    def _plan_tick(self) -> None:
        """The floor ticks all the time; a tick before the next deadline changes nothing and is left out."""
        if not self.roster.due:
            return
        deadline = min(_deadline(self.roster.seats[agent], self.roster.rules) for agent in self.roster.due)
        when = max(-(-deadline // TICK) * TICK, (self.agenda.now // TICK + 1) * TICK)
        if self.agenda.now < self._next_tick <= when:
            return
        self._next_tick = when
        self.agenda.at(when, self._tick, self.life)

    def _tick(self, life: int) -> None:
        if self.running and life == self.life:
            self.apply(roster_of.tick(self.roster, int(self.agenda.now)))

    def adopt_snapshot(self, snapshot: RoutingSnapshot) -> None:
        self.snapshot = snapshot
        for desk in self.people.desks.values():
            known = snapshot.agents.get(desk.agent)
            desk.on_phone &= known is not None and known.active and snapshot.ip_rules.allows(desk.address)
        if self.running:
            self.apply(roster_of.adopt_snapshot(self.roster, snapshot, int(self.agenda.now)))

    # ------------------------------------------------------------------------------------------ the disk
    def disk(self, *, full: bool) -> None:
        """As the shell's watch tells every call."""
        self.switch.recorder.full = full
        now = int(self.agenda.now)
        for case in tuple(self.registry.values()):
            self.post(case, e.DiskFull(now) if full else e.DiskFree(now))

    # ------------------------------------------------------------------------------------------ life and death
    def kill(self) -> None:
        """SIGKILL: nothing is left but what was stored."""
        self.running = False
        self.life += 1
        for case in self.registry.values():
            case.call = None
            case.life += 1
            case.timers.clear()
            case.mailbox.clear()
            if self.agenda.now - case.opened_at < STORING:
                case.last = case.answered_at = None
        self.registry.clear()
        self.moved.clear()
        self.strays.clear()
        self.switch.cut()
        self.switch.forget_orders()
        for desk in self.people.desks.values():
            desk.engine_died()

    def revive(self) -> None:
        """The engine starts: it knows its agents' last states and nothing of the calls."""
        self.running = True
        self._next_tick = 0.0
        seats = tuple(_stored(seat) for seat in self.roster.seats.values())
        for seat in seats:
            desk = self.people.desk(seat.agent)
            desk.on_phone &= seat.phone is not None
        self.roster = Roster(self.snapshot, Rules())
        self.spending = Spending()
        self.apply(roster_of.restore(self.roster, seats, int(self.agenda.now)))
        for desk in self.people.desks.values():
            if desk.agent not in self.roster.seats:  # deactivated meanwhile: it begins anew
                desk.seated = desk.on_phone = desk.paused = False
                desk.missed = 0


def _stored(seat: Seat) -> Seat:
    """As it is read again: only of a phone's own session it is known that there is a phone."""
    return seat if (seat.session or "").startswith(roster_of.PHONE_SESSION) else replace(seat, phone=None)


def _deadline(seat: Seat, rules: Rules) -> float:
    times = [float(seat.rest_until)] if seat.rest_until else []
    if seat.wrap_up_until is not None:
        times.append(float(seat.wrap_up_until))
    if seat.lost_at is not None:
        times.append(float(seat.lost_at + rules.reconnect_grace))
    return min(times)


_DO: dict[type, Any] = {
    **dict.fromkeys((c.StopRinging, c.Ring, c.Answer, c.Hangup, c.CreateBridge, c.AddToBridge), Shell._order),
    **dict.fromkeys((c.DestroyBridge, c.RemoveFromBridge, *c.MediaCommand.__args__), Shell._order),
    c.DialLeg: Shell._dial,
    c.CreateLeg: Shell._create,
    c.ShowPop: Shell._show,
    c.UpdatePop: Shell._update,
    c.ClosePop: Shell._close,
    c.SeekAgents: Shell._seek,
    c.AskPlace: Shell._ask_place,
    c.StopSeeking: Shell._stop_seeking,
    c.ReportProblem: Shell._problem,
    c.ClaimAgent: Shell._claim,
    c.AskPhone: Shell._ask_phone,
    c.EngageAgent: Shell._engage,
    c.FindTarget: Shell._find,
    c.AskLine: Shell._ask_line,
    c.RefuseLine: Shell._refuse_line,
    c.HandOver: Shell._hand_over,
    c.HoldAgent: Shell._hold,
    c.AskAllowance: Shell._ask_allowance,
    c.AskOutside: Shell._ask_outside,
    c.SettleSpending: Shell._settle,
    c.ReleaseAgent: Shell._release,
    c.LookUpCaller: Shell._look_up,
    c.KeepVoicemail: Shell._keep_voicemail,
    c.DropVoicemail: Shell._drop_voicemail,
    c.KeepRecording: Shell._keep_recording,
    c.KeepCallback: Shell._keep_callback,
    c.WriteRecord: Shell._write,
    c.SetTimer: Shell._set_timer,
    c.CancelTimer: Shell._cancel_timer,
    c.Forget: Shell._forget,
}
