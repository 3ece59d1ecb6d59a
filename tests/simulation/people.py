"""Callers, agents at their desks, and phones: everybody who does as they please.

Owns: their behaviour, drawn from the world's seed, and what is on the agents' screens. Must not: know the core's mind.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulation.agenda import Agenda
from simulation.case import Case, Violation
from simulation.house import ABROAD, OFFICE
from simulation.switch import Channel, Switch
from simulation.weather import Weather

from ari_app.core import events as e
from ari_app.core import requests
from ari_app.core import roster as roster_of
from ari_app.core.arrangement import Calling, Consulting, Target
from ari_app.core.call import Reaching, Talking
from models.values.call import AgentState, PhoneKind
from models.values.routing import Outside, RoutingSnapshot

if TYPE_CHECKING:
    from simulation.shell import Shell

MOODS = ("answers", "answers", "answers", "together", "together", "edge", "mixed", "mixed", "refuses")
PHONES = ("answer", "answer", "answer", "busy", "decline", "ignore", "unreachable", "mute", "dies")

WISHES: tuple[type[e.TalkRequest], ...] = (
    requests.HoldRequested,
    requests.HoldRequested,
    requests.UnholdRequested,
    requests.MuteRequested,
    requests.UnmuteRequested,
    requests.DtmfRequested,
    requests.TransferRequested,
    requests.TransferRequested,
    requests.ConsultRequested,
    requests.ConsultRequested,
    requests.ConsultRequested,
    requests.ConsultRequested,
    requests.CompleteRequested,
    requests.CancelRequested,
    requests.SwapRequested,
    requests.ConferenceRequested,
)
RECORDING_WISHES: tuple[type[e.TalkRequest], ...] = (
    requests.RecordRequested,
    requests.RecordRequested,
    requests.StopRecordRequested,
    requests.PauseRecordRequested,
    requests.PauseRecordRequested,
    requests.ResumeRecordRequested,
    requests.ResumeRecordRequested,
)
WISHES_OF_A_THIRD: tuple[type[e.TalkRequest], ...] = (
    requests.CompleteRequested,
    requests.CompleteRequested,
    requests.CancelRequested,
    requests.SwapRequested,
    requests.SwapRequested,
    requests.ConferenceRequested,
    requests.ConferenceRequested,
)


class Desk:
    """An agent: the browser, the phone, and what an outsider knows of their state."""

    def __init__(self, agent: int, people: People) -> None:
        self.agent = agent
        self.people = people
        rng = people.rng
        self.mood = rng.choice(MOODS)
        self.address = (ABROAD if rng.random() < 0.15 else OFFICE).format(agent)
        self.sessions = 0
        self.connected = False
        self.seated = False
        self.on_phone = False
        """Logged in on the phone."""
        self.paused = False
        self.wants_pause: bool | None = None
        self.holder: str | None = None
        """The call that was given this agent."""
        self.missed = 0
        """Calls in a row that were not taken here."""
        self.others: list[str] = []
        """Calls of their own making beside the one that holds them."""
        self.rests_until = 0.0
        self.wraps_until = 0.0
        self.pops: dict[str, str] = {}
        self.in_browser = people.house.agents[agent].phone_kind is PhoneKind.BROWSER
        self.line_on = False
        """The phone in the browser is on the line."""
        self.takes: set[str] = set()
        """Calls that the page takes as soon as its phone rings: *Contestar* was pressed."""

    # ------------------------------------------------------------ the browser
    def show(self, case: Case, pop: Mapping[str, Any]) -> None:
        self.pops[case.id] = str(pop["phase"])
        people = self.people
        if pop["answer"]:
            self.take(case)
        if not self.connected or people.rng.random() < people.weather.no_ack:
            return
        delay = 400 * people.rng.random() if people.rng.random() < 0.1 else 2 + 20 * people.rng.random()
        people.agenda.after(delay, self._ack, case)
        if pop["can_answer"]:
            self._press(case)

    def _ack(self, case: Case) -> None:
        if self.connected and case.id in self.pops:
            self.people.shell.post(case, e.PopShown(int(self.people.agenda.now), self.agent))

    def _press(self, case: Case) -> None:
        """A phone is answered, or declined, on the screen; sometimes before it rings."""
        people = self.people
        what = people.rng.random()
        delay = people.rng.choice((30.0, 200.0, 1500.0, 4000.0)) * people.rng.random()
        if what < 0.7:
            people.agenda.at(people.soon(self, delay), self._press_now, case, e.AnswerRequested)
        elif what < 0.8:
            people.agenda.after(delay, self._press_now, case, e.HangupRequested)

    def _press_now(self, case: Case, kind: Any) -> None:
        if case.id in self.pops:
            self.people.shell.post(case, kind(int(self.people.agenda.now), self.agent))

    def update(self, case: Case, changes: Mapping[str, Any]) -> None:
        if case.id not in self.pops:
            raise Violation(f"agent {self.agent}: the pop of {case.id} is changed but not on the screen: {changes}")
        self.pops[case.id] = str(changes.get("phase", self.pops[case.id]))
        if changes.get("answer"):
            self.take(case)

    def take(self, case: Case) -> None:
        """The page that has the phone is told to take this call."""
        if self.in_browser:
            self.takes.add(case.id)
            self.people.taken_in_browser(self, case)

    def switch_line(self, on: bool) -> None:
        """The phone in the browser comes to the line, or leaves it."""
        shell = self.people.shell
        if not self.in_browser or not shell.running or on is self.line_on or (on and not self.connected):
            return
        self.line_on = on
        self.people.note(f"agent {self.agent}'s phone is {'on' if on else 'off'} the line")
        now = int(self.people.agenda.now)
        shell.apply(roster_of.phone(shell.roster, self.agent, on=on, at=now, has=self._has()))

    def _has(self) -> set[str]:
        """The calls on it; after a reload none is, whatever the switch believes."""
        if self.people.browser_rng.random() < 0.5:
            return set()
        channels = self.people.switch.channels.values()
        return {one.case.id for one in channels if one.agent == self.agent and not one.dying}

    def close(self, case: Case, reason: str) -> None:
        if self.pops.pop(case.id, None) is None:
            raise Violation(f"agent {self.agent}: the pop of {case.id} is closed but not on the screen ({reason})")

    # ------------------------------------------------------------ at work
    def connect(self, *, new: bool = False) -> None:
        people = self.people
        if not people.shell.running:
            return
        if new or not self.sessions:
            self.sessions += 1
        now = int(people.agenda.now)
        known = people.shell.snapshot.agents.get(self.agent)
        if known is None or not known.active:
            return
        self.connected = self.seated = True
        people.note(f"agent {self.agent}'s desk {self.sessions} is on the line")
        session = f"s{self.agent}.{self.sessions}"
        self._is_calling()
        people.shell.apply(roster_of.connect(people.shell.roster, self.agent, session, self.address, now))
        if self.in_browser:
            people.agenda.after(1_000 * people.browser_rng.random(), self.switch_line, True)
            if people.browser_rng.random() < 0.2:
                lost = 60_000 * people.browser_rng.random()
                people.agenda.after(lost, self.switch_line, False)
                people.agenda.after(lost + 5_000 * people.browser_rng.random(), self.switch_line, True)

    def _is_calling(self) -> None:
        """Logs in while on a call of their own: from now on it is what holds them."""
        shell = self.people.shell
        held = shell.roster.calling.get(self.agent, ())
        if held and self.agent not in shell.roster.seats:
            self.holder, *self.others = held
            shell.checks.seatless -= {(call, self.agent) for call in held}

    def disconnect(self) -> None:
        self.people.note(f"agent {self.agent}'s desk is off the line")
        if self.people.shell.running:
            self.connected = False
            self.switch_line(False)
            shell = self.people.shell
            shell.apply(roster_of.disconnect(shell.roster, self.agent, int(self.people.agenda.now)))

    def log_in_on_phone(self) -> None:
        people = self.people
        known = people.shell.snapshot.agents.get(self.agent)
        if not people.shell.running or known is None or not known.active:
            return
        people.note(f"agent {self.agent} logs in on the phone")
        if people.shell.snapshot.ip_rules.allows(self.address):
            self.seated = self.on_phone = True
        now = int(people.agenda.now)
        self._is_calling()
        people.shell.apply(roster_of.log_in_on_phone(people.shell.roster, self.agent, self.address, now))

    def log_out(self) -> None:
        self.people.note(f"agent {self.agent} logs out")
        if self.people.shell.running:
            self.switch_line(False)
            self.connected = self.on_phone = False
            self.wants_pause = None
            if self.holder is not None:
                self.paused = False  # it was to be paused again after its own call
            shell = self.people.shell
            shell.apply(roster_of.log_out(shell.roster, self.agent, "user", int(self.people.agenda.now)))

    def wish(self, state: AgentState) -> None:
        shell = self.people.shell
        self.people.note(f"agent {self.agent} wishes to be {state}")
        if not shell.running or not self.seated:
            return
        pause = state is AgentState.PAUSED
        if self.holder is not None:
            self.wants_pause = pause
        elif pause != self.paused or self.wraps_until:
            self.paused = pause
            self.missed = 0
            self.rests_until = self.wraps_until = 0.0
        shell.apply(roster_of.wish(shell.roster, self.agent, state, None, int(self.people.agenda.now)))

    def logged_out(self, session: str | None) -> None:
        """The roster says so (a new session replaces an old one: still at work)."""
        gone = self.agent not in self.people.shell.roster.seats
        if session == f"s{self.agent}.{self.sessions}" and self.on_phone and not gone:
            return  # the desk did not come back, the phone is still there
        if gone or session == f"s{self.agent}.{self.sessions}" or (session or "").startswith(roster_of.PHONE_SESSION):
            if self.connected and session != f"s{self.agent}.{self.sessions}" and not gone:
                return  # the desk's session took the place of the phone's
            self.connected = self.seated = self.on_phone = self.paused = False
            self.missed = 0
            self.wants_pause = None
            self.rests_until = self.wraps_until = 0.0

    def given_back(self, call_id: str) -> None:
        if call_id in self.others:
            self.others.remove(call_id)
            return
        if self.holder != call_id:
            raise Violation(f"agent {self.agent} is released by {call_id} but held by {self.holder}")
        self.holder = self.others.pop(0) if self.others else None
        if self.holder is not None:
            return
        if self.wants_pause is not None:
            self.paused = self.wants_pause
        self.wants_pause = None

    def engine_died(self) -> None:
        if self.holder is not None and self.wants_pause is not None:
            self.paused = self.wants_pause  # it is stored
        self.holder = None
        self.others.clear()
        self.wants_pause = None
        self.connected = self.line_on = False
        self.rests_until = self.wraps_until = 0.0
        self.pops = {call: phase for call, phase in self.pops.items() if phase == "ended"}


class People:
    def __init__(
        self, agenda: Agenda, rng: random.Random, weather: Weather, switch: Switch, shell: Shell, house: RoutingSnapshot
    ) -> None:
        self.agenda = agenda
        self.rng = rng
        self.weather = weather
        self.switch = switch
        self.shell = shell
        self.house = house
        self.beat = rng.choice((200.0, 500.0, 1000.0))
        """Who acts *together* acts at a multiple of this."""
        self.browser_rng = random.Random(f"browsers {sorted(house.agents)} {self.beat}")
        self.desks = {agent: Desk(agent, self) for agent in house.agents}

    def note(self, what: str) -> None:
        if self.switch.trace is not None:
            self.switch.trace.append(f"{self.agenda.now:.2f} ---- {what}")

    def desk(self, agent: int) -> Desk:
        return self.desks[agent]

    def soon(self, desk: Desk, delay: float) -> float:
        """When: on the beat for those who act together."""
        when = self.agenda.now + delay
        return -(-when // self.beat) * self.beat if desk.mood == "together" else when

    # ------------------------------------------------------------ callers
    def arrive(self, case: Case) -> None:
        """The caller's channel enters the application."""
        channel = Channel(case.id, case, "caller")
        channel.since = int(self.agenda.now)
        switch = self.switch
        if not switch.connected and self.rng.random() < 0.7:
            # Nobody holds the application: the dialplan's fallback has this one, the engine never hears of it.
            case.over = case.unrecorded = True
            return
        channel.in_stasis = True
        switch.channels[case.id] = channel
        switch.tell(channel, e.CallerArrived, case.id, case.plan.called, case.plan.number, None)
        patience = case.plan.patience
        if patience is not None:
            when = self.agenda.now + patience
            if self.rng.random() < 0.3:
                when = -(-when // self.beat) * self.beat
            self.agenda.at(when, self._give_up, channel)

        for delay, digit in case.plan.keys:
            self.agenda.after(delay, self._press_key, channel, digit)

    def dials(self, case: Case) -> None:
        """An agent lifts the phone and dials."""
        switch = self.switch
        if not switch.connected and self.rng.random() < 0.7:
            case.over = case.unrecorded = True
            return
        agent = case.plan.agent
        endpoint = self.house.agents[agent].endpoint or ""
        channel = Channel(case.id, case, "caller", agent)
        channel.since = int(self.agenda.now)
        channel.in_stasis = True
        switch.channels[case.id] = channel
        address = self.desks[agent].address
        switch.tell(channel, e.AgentDials, case.id, endpoint, case.plan.called, address)
        if case.plan.patience is not None:
            self.agenda.after(case.plan.patience, self._give_up, channel)

    def clicks(self, case: Case) -> None:
        """An agent asks for a Click2Dial."""
        if not self.shell.click(case):
            case.over = True
            case.unrecorded = case.closed is None
        elif case.plan.patience is not None and self.rng.random() < 0.5:
            self.agenda.after(case.plan.patience, self._give_up_click, case)

    def _give_up_click(self, case: Case) -> None:
        if case.joined_at is None:
            self.shell.post(case, e.HangupRequested(int(self.agenda.now), case.plan.agent))

    def _press_key(self, channel: Channel, digit: str) -> None:
        if channel.up and not channel.dying and channel.id in self.switch.channels:
            self.switch.tell(channel, e.DtmfReceived, channel.id, digit)

    def _give_up(self, channel: Channel) -> None:
        if channel.case.joined_at is None:
            self.switch.hang_up(channel, 16)

    # ------------------------------------------------------------ phones
    def no_channel(self, agent: int | None) -> bool:
        """Asterisk can't even make a channel for this phone (not registered)."""
        if agent is None:
            return self.rng.random() < 0.05
        desk = self.desks[agent]
        if desk.in_browser and not desk.line_on:
            return True
        return self.rng.random() < (0.3 if desk.mood == "refuses" else 0.01)

    def phone_rings(self, leg: Channel, seconds: int) -> None:
        """The INVITE goes out."""
        if leg.agent is None:
            self._rings_outside(leg, seconds)
            return
        desk = self.desks[leg.agent]
        self.shell.checks.rings(leg)
        agenda, rng = self.agenda, self.rng
        if leg.half is not None:
            agenda.after(self.switch.lag(), self.switch.far_arrives, leg)
            if rng.random() < 0.5:
                agenda.after(self.switch.lag(), self._alert, leg)
            agenda.after(seconds * 1000.0, self._no_answer, leg)
            return
        if desk.in_browser:
            agenda.after(self.switch.lag(), self._alert, leg)
            if leg.case.id in desk.takes:
                agenda.after(100 + 300 * rng.random(), self._answer, leg)
            agenda.after(seconds * 1000.0, self._no_answer, leg)
            return
        what = rng.choice(PHONES)
        if desk.mood in ("answers", "together", "edge"):
            what = "answer" if rng.random() < 0.9 else what
        elif desk.mood == "refuses":
            what = rng.choice(("busy", "decline", "ignore", "unreachable"))
        ring = 5 + 60 * rng.random()
        if what in ("busy", "unreachable"):
            agenda.after(ring, self._refuse, leg, what)
            return
        if what == "dies":
            agenda.after(3000 * rng.random(), self.switch.hang_up, leg, rng.choice((0, 16, 27, 38)))
            return
        if what != "mute":
            agenda.after(ring, self._alert, leg)
        if what == "answer":
            if desk.mood == "edge":
                # As our ring timer runs out, or as it is set: the last moment and the first.
                ours = (seconds - 15) * 1000.0
                delay = rng.choice((ring, max(ring, ours + rng.choice((-250, -20, -2, 0, 1, 5, 50)) - 30)))
            else:
                delay = ring + rng.choice((0.0, 200.0, 2000.0, 6000.0)) * rng.random()
            agenda.at(self.soon(desk, delay), self._answer, leg)
        elif what == "decline":
            agenda.after(ring + 2000 * rng.random(), self._refuse, leg, what)
        agenda.after(seconds * 1000.0, self._no_answer, leg)
        if rng.random() < 0.04:
            case = leg.case
            agenda.after(ring + 2000 * rng.random(), desk._press_now, case, e.HangupRequested)

    def taken_in_browser(self, desk: Desk, case: Case) -> None:
        for leg in self.switch.channels.values():
            if leg.case is case and leg.agent == desk.agent and leg.dialled:
                self.agenda.after(100 + 300 * self.rng.random(), self._answer, leg)

    def _rings_outside(self, leg: Channel, seconds: int) -> None:
        """Somebody whom we do not know: answers, is busy, is away, or switches the phone off."""
        what = self.rng.choice(("answer",) * 5 + ("busy", "unreachable", "ignore", "dies"))
        ring = 100 + 3000 * self.rng.random()
        if what == "dies":
            self.agenda.after(ring, self.switch.hang_up, leg, 27)
        elif what in ("busy", "unreachable"):
            self.agenda.after(ring, self._refuse, leg, what)
        else:
            self.agenda.after(ring, self._alert, leg)
            if what == "answer":
                self.agenda.after(ring + 8000 * self.rng.random(), self._answer, leg)
            self.agenda.after(seconds * 1000.0, self._no_answer, leg)

    def _alert(self, leg: Channel) -> None:
        if not leg.dying and not leg.up and leg.id in self.switch.channels:
            self.switch.tell(leg, e.LegRinging, leg.id)

    def _answer(self, leg: Channel) -> None:
        if leg.id in self.switch.channels:
            self.switch.answered(leg)

    def _no_answer(self, leg: Channel) -> None:
        if not leg.up and not leg.dying and leg.id in self.switch.channels:
            self._end_unanswered(leg, e.Refusal.NO_ANSWER, 19)

    def _refuse(self, leg: Channel, what: str) -> None:
        if leg.up or leg.dying or leg.id not in self.switch.channels:
            return
        if what == "busy":
            self._end_unanswered(leg, e.Refusal.BUSY, 17)
        elif what == "decline":
            self._end_unanswered(leg, self.rng.choice((e.Refusal.BUSY, e.Refusal.DECLINED, e.Refusal.CONGESTION)), 21)
        else:
            self._end_unanswered(leg, self.rng.choice((e.Refusal.UNREACHABLE, e.Refusal.CONGESTION)), 20)

    def _end_unanswered(self, leg: Channel, refusal: e.Refusal, cause: int) -> None:
        """Measured: only Dial and ChannelDestroyed are told of such a leg, no StasisEnd."""
        leg.refused = True
        if self.rng.random() < 0.9:
            self.switch.tell(leg, e.LegRefused, leg.id, refusal)
        self.switch.hang_up(leg, cause)

    # ------------------------------------------------------------ the talk
    def joined(self, case: Case, channels: list[Channel]) -> None:
        """They hear each other."""
        legs = [channel for channel in channels if channel.role == "leg"]
        caller = next((channel for channel in channels if channel.role == "caller"), None)
        if case.joined_at is None and (caller is None or len(legs) != 1 or len(channels) != 2):
            raise Violation(f"{case.id}: {[channel.id for channel in channels]} are put into the bridge")
        for leg in legs:
            if not leg.up:
                raise Violation(f"{case.id}: {leg.id} is put into the bridge before it answered")
        if caller is not None and caller.hears:
            self.shell.checks.overheard(case, caller, "talks")
        if case.joined_at is None:
            case.joined_at = self.agenda.now
        if case.talked or caller is None or caller.dying or not legs or legs[0].dying:
            return
        case.talked = True
        rng = self.rng
        talk = case.plan.talk
        if rng.random() < 0.5:
            # A conversation with wishes is a longer one.
            talk = max(talk, 20_000 * rng.random())
            when = 0.0
            for _ in range(rng.randint(1, 8)):
                when += rng.choice((1.0, 200.0, 3_000.0)) * rng.random()
                self.agenda.after(when, self._wish, case)
        self.agenda.after(talk, self._talked_out, case, caller, legs[0])
        # However the call was passed on: in the end they go.
        when = talk + rng.choice((10.0, 5_000.0, 40_000.0)) * rng.random()
        self.agenda.after(when, self._somebody_goes, case)
        self.agenda.after(when + 200_000, self._everybody_goes, case)

    def _wish(self, case: Case) -> None:
        """Somebody who takes part (or an administrator, or somebody who does not) wants something of the talk."""
        rng, now = self.rng, int(self.agenda.now)
        if not self.shell.running:
            return
        talking = [desk.agent for desk in self.desks.values() if desk.pops.get(case.id) == "talking"]
        agent = rng.choice(talking) if talking and rng.random() < 0.9 else rng.choice((None, *self.desks))
        snapshot = self.shell.snapshot
        number = rng.choice(("22334455",) * 5 + ("80012345", "911", "+442079460000", "0900123456789012"))
        target: Target = Outside(number, "")
        dice = rng.random()
        if dice < 0.55 and snapshot.agents:
            target = rng.choice([*snapshot.agents.values()])
        elif dice < 0.8:
            target = rng.choice([*snapshot.call_centers.values()])
        view = case.call.arrangement if isinstance(case.call, Talking) else None
        kind = rng.choice(
            RECORDING_WISHES
            if rng.random() < 0.25
            else WISHES_OF_A_THIRD
            if isinstance(view, Calling | Consulting) and rng.random() < 0.7
            else WISHES
        )
        if rng.random() < 0.3:
            self._press_a_code(case)
            return
        self.note(f"agent {agent} wants {kind.__name__} of {case.id}")
        if kind in (requests.TransferRequested, requests.ConsultRequested):
            self.shell.post(case, kind(now, agent, target))
        elif kind is requests.DtmfRequested:
            self.shell.post(case, kind(now, agent, "12"))
        else:
            self.shell.post(case, kind(now, agent))

    def _press_a_code(self, case: Case) -> None:
        """On the phone, at any pace; the caller presses such keys too, and they are nothing to us."""
        rng, agenda = self.rng, self.agenda
        numbers = [agent.endpoint for agent in self.shell.snapshot.agents.values() if agent.endpoint]
        number = rng.choice([*numbers, "22000001", "22000009", "22334455", "911", "+442079460000"])
        keys = rng.choice(("*1", "*1", "*3", "*4", "*5", "*6", "*7", "*0", "5", "*", "*99", "*2", f"*2{number}#"))
        if rng.random() < 0.4:
            keys = rng.choice((f"*8{number}#", f"*8{number}", f"*2{number}"))
        channels = [channel for channel in self._channels_of(case) if channel.up and channel.role != "far"]
        if not channels:
            return
        channel = rng.choice(channels)
        if rng.random() < 0.25:
            self.note(f"{channel.id} refers to {number}")
            self.switch.tell(channel, e.PhoneTransfers, channel.id, number, rng.random() < 0.1)
            return
        self.note(f"{channel.id} presses {keys}")
        when = 0.0
        for key in keys:
            when += rng.choice((80.0, 400.0, 4_000.0)) * rng.random()
            agenda.after(when, self._press_key, channel, key)
            if rng.random() < 0.2:  # and hold on the phone itself
                agenda.after(when, self._hold_on_phone, channel)

    def two_lines(self, case: Case) -> None:
        """An agent who has this call and another on the phone may join them, on either line, at any time."""
        dice, agenda = self.shell.joins, self.agenda
        if dice is not None and isinstance(case.call, Talking | Reaching) and dice.random() < 0.8:
            agenda.after(dice.choice((0.0, 30.0, 400.0, 3_000.0)) * dice.random(), self._join_lines, case)

    def _join_lines(self, case: Case) -> None:
        dice = self.shell.joins
        assert dice is not None
        mine = [one for one in self._phones() if one.case is case]
        pairs = [
            (one, other)
            for one in mine
            for other in self._phones()
            if other.case is not case and other.agent == one.agent and one.agent is not None
        ]
        if pairs and self.shell.running:
            line, other = dice.choice(pairs)
            if dice.random() < 0.5:
                line, other = other, line
            self.note(f"{line.id} refers to its other line {other.id}")
            self.switch.tell(line, e.PhoneTransfers, line.id, "", True, other.id)

    def _phones(self) -> list[Channel]:
        """Agents' channels that are up, or from which somebody dials."""
        return [
            one
            for one in self.switch.channels.values()
            if not one.dying and one.agent and (one.up or one.case.plan.by == "dialled") and one.role != "far"
        ]

    def _hold_on_phone(self, channel: Channel) -> None:
        if channel.up and not channel.dying and channel.id in self.switch.channels:
            kind = self.rng.choice((e.PhoneHeld, e.PhoneUnheld))
            self.switch.tell(channel, kind, channel.id)

    def _channels_of(self, case: Case) -> list[Channel]:
        return [channel for channel in self.switch.channels.values() if channel.case is case]

    def _somebody_goes(self, case: Case) -> None:
        channels = [channel for channel in self._channels_of(case) if channel.up]
        if channels:
            self.switch.hang_up(self.rng.choice(channels), 16)

    def _everybody_goes(self, case: Case) -> None:
        for channel in self._channels_of(case):
            self.switch.hang_up(channel, 16)

    def _talked_out(self, case: Case, caller: Channel, leg: Channel) -> None:
        ender = case.plan.ender
        if ender in ("caller", "both"):
            self.switch.hang_up(caller, 16)
        if ender in ("agent", "both"):
            self.switch.hang_up(leg, 16)
        if ender in ("desk", "administrator"):
            who = (case.plan.agent if case.plan.by else leg.agent) if ender == "desk" else None
            # Impatient people press again; in the end they hang up the phone.
            self.shell.post(case, e.HangupRequested(int(self.agenda.now), who))
            self.agenda.after(60_000, self.switch.hang_up, leg, 16)
