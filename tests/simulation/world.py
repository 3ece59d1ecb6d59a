"""One simulated world: a company, its agents and a few concurrent calls, all drawn from one seed.

Owns: putting the parts together and running them to the end. Must not: judge (``checks`` does).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

from simulation import house, weather
from simulation.agenda import EPOCH, Agenda
from simulation.case import CallerPlan, Case, Violation
from simulation.checks import Checks
from simulation.comparing import SWEEP, Comparing
from simulation.people import People
from simulation.shell import Shell
from simulation.switch import Switch

from models.values.call import AgentState

FOREVER = EPOCH + 3_600_000.0
"""A world that still goes on after an hour never ends."""
BUSY = 100_000
"""Nor does one in which so much happens: a few thousand happenings are usual."""


@dataclass(slots=True)
class Tally:
    """What was simulated. Two can be added."""

    worlds: int = 0
    calls: int = 0
    quiet: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    weathers: dict[str, int] = field(default_factory=dict)
    transitions: set[tuple[str, str, str]] = field(default_factory=set)
    told: set[tuple[str, str]] = field(default_factory=set)
    """Every code of the calls' stories."""

    def add(self, other: Tally) -> None:
        self.worlds += other.worlds
        self.calls += other.calls
        self.quiet += other.quiet
        self.transitions |= other.transitions
        self.told |= other.told
        for mine, theirs in ((self.outcomes, other.outcomes), (self.weathers, other.weathers)):
            for name, count in theirs.items():
                mine[name] = mine.get(name, 0) + count


class World:
    def __init__(self, seed: int, *, trace: bool = False) -> None:
        self.seed = seed
        rng = self.rng = random.Random(seed)
        self.trace: list[str] | None = [] if trace else None
        self.weather = weather.forecast(rng)
        self.house = rng.randrange(house.HOUSES)
        snapshot = house.house(self.house)
        self.agenda = Agenda()
        self.switch = Switch(self.agenda, rng, self.weather, self.trace)
        self.shell = Shell(self.agenda, rng, self.switch, snapshot, self.trace)
        self.people = People(self.agenda, rng, self.weather, self.switch, self.shell, snapshot)
        self.switch.shell, self.switch.people = self.shell, self.people
        self.shell.people = self.people
        self.shell.joins = random.Random(f"two lines {self.seed}") if self.seed % 4 == 3 else None
        self.checks = self.shell.checks = Checks(self.shell, self.weather.kind == "calm")
        self.comparing = Comparing(self.agenda, self.shell, self.switch)
        self.comparing.first = False
        self._sweeps_left = 2
        self.span = rng.choice((50.0, 3_000.0, 20_000.0, 60_000.0))
        self.cases = [self._case(number) for number in range(1, rng.choice((1, 2, 4, 8, 14)) + 1)]
        self.switch.cases = {case.id: case for case in self.cases}
        self._plan_agents()
        self._plan_trouble()

    # ------------------------------------------------------------------------------------------ plans
    def _case(self, number: int) -> Case:
        rng = self.rng
        centers = len(house.house(self.house).call_centers)
        patience = rng.choice((None, None, None, 30.0, 300.0, 3_000.0, 30_000.0))
        plan = CallerPlan(
            called=house.UNKNOWN_NUMBER if rng.random() < 0.04 else f"2200000{rng.randint(1, centers)}",
            number=None if rng.random() < 0.1 else f"8888{number:04}",
            patience=None if patience is None else 2 * patience * rng.random(),
            talk=rng.choice((0.0, 5.0, 500.0, 20_000.0)) * rng.random(),
            ender=rng.choice(("caller", "agent", "caller", "agent", "both", "desk", "administrator")),
            message=rng.choice((200.0, 5_000.0, 60_000.0)) * rng.random(),
            keys=tuple((30_000 * rng.random() ** 2, rng.choice("12#")) for _ in range(rng.choice((0, 0, 0, 0, 1, 3)))),
        )
        made = self._made_by_an_agent(number, plan)
        case = Case(f"centralita-{self.seed}.{'d' if made.by == 'click' else ''}{number}", made)
        begin = {"": self.people.arrive, "dialled": self.people.dials, "click": self.people.clicks}[made.by]
        self.agenda.after(self.span * rng.random(), begin, case)
        if rng.random() < 0.02:
            self.agenda.after(30_000 * rng.random(), self._ended_by_administrator, case)
        return case

    def _made_by_an_agent(self, number: int, plan: CallerPlan) -> CallerPlan:
        """Some of the calls are agents' own: to a customer, a colleague, where they may not, or for help."""
        dice = random.Random(f"outbound {self.seed} {number}")
        agents = [agent for agent, route in house.house(self.house).agents.items() if route.endpoint]
        two_lines = self.seed % 4 == 3
        if not agents or dice.random() > (0.6 if two_lines else 0.18):
            return plan
        customer = f"8888{number:04}"
        colleague = f"83301{dice.choice(agents):02}"
        others = ("80012345", "+442079460000", "911", "hola")
        called = dice.choice((customer,) * 6 + (colleague,) * 3 + others)
        by = "dialled" if two_lines else dice.choice(("dialled", "click"))
        return replace(plan, called=called, number=None, by=by, agent=dice.choice(agents))

    def _ended_by_administrator(self, case: Case) -> None:
        from ari_app.core.events import HangupRequested

        self.shell.post(case, HangupRequested(int(self.agenda.now), None))

    def _plan_agents(self) -> None:
        rng, agenda = self.rng, self.agenda
        early = rng.random() < 0.7
        for desk in self.people.desks.values():
            if rng.random() < 0.93:
                if early:
                    desk.connect()
                else:
                    agenda.after(10_000 * rng.random(), desk.connect)
            if desk.mood == "mixed" or rng.random() < 0.2:
                for _ in range(rng.randint(1, 4)):
                    self._plan_life(desk.agent)

    def _plan_life(self, agent: int) -> None:
        rng, agenda = self.rng, self.agenda
        desk = self.people.desks[agent]
        when = (self.span + 10_000) * rng.random()
        what = rng.randrange(8)
        if what <= 1:
            agenda.after(when, desk.wish, AgentState.PAUSED)
            agenda.after(when + 20_000 * rng.random(), desk.wish, AgentState.AVAILABLE)
        elif what == 2:
            agenda.after(when, desk.disconnect)
            agenda.after(when + rng.choice((500.0, 60_000.0)) * rng.random(), desk.connect)
        elif what == 3:
            agenda.after(when, desk.log_out)
            agenda.after(when + 20_000 * rng.random(), lambda: desk.connect(new=True))
        elif what == 4:
            agenda.after(when, desk.wish, AgentState.AVAILABLE)
        elif what == 5:
            agenda.after(when, desk.log_in_on_phone)
            if rng.random() < 0.5:
                agenda.after(when + 20_000 * rng.random(), desk.log_out)
        else:
            how = rng.choice(("office_only", "deactivated", "deleted"))
            agenda.after(when, self.shell.adopt_snapshot, house.changed(self.house, how, agent))
            until = when + 20_000 * rng.random()
            agenda.after(until, self.shell.adopt_snapshot, house.house(self.house))
            agenda.after(when + (until - when) * rng.random(), desk.connect)  # tries to come back meanwhile

    def _plan_trouble(self) -> None:
        weather, rng, agenda = self.weather, self.rng, self.agenda
        if weather.faulty:
            agenda.after(SWEEP, self._sweep)
        when = (self.span + 15_000) * rng.random()
        if weather.gap:
            for _ in range(rng.choice((1, 1, 2, 3))):
                agenda.after(when, self._cut)
                when += 2_000 + 20_000 * rng.random()
        if weather.restart:
            agenda.after(when, self._kill)
        if self.seed % 7 == 0:
            agenda.after(when / 2, self._disk, True)
            agenda.after(when, self._disk, False)

    # ------------------------------------------------------------------------------------------ trouble
    def _sweep(self) -> None:
        self.comparing.sweep()
        self._missed()
        if any(not case.over for case in self.cases) or self.switch.channels or self.switch.bridges:
            self._sweeps_left = 2  # what an order that is carried out late makes is seen twice, then ended
        self._sweeps_left -= 1
        if self._sweeps_left >= 0:
            self.agenda.after(SWEEP, self._sweep)

    def _cut(self) -> None:
        if self.switch.connected and self.shell.running:
            self._note("the connection to the switch is lost")
            self.comparing.lost_at = int(self.agenda.now)
            self.switch.cut()
            for case in self.cases:
                case.doubt = case.missed = case.doubt or not case.over
            self.agenda.after(self.rng.choice((50.0, 2_000.0, 15_000.0)) * self.rng.random(), self._reconnect)

    def _reconnect(self) -> None:
        self._note("the connection to the switch is back")
        self.switch.reconnect()
        self.comparing.after_connect()

    def _kill(self) -> None:
        self._note("the engine is killed")
        self.shell.kill()
        self.comparing.first = True
        self.comparing.lost_at = None
        self.agenda.after(self.rng.choice((200.0, 5_000.0)) * self.rng.random(), self._revive)

    def _revive(self) -> None:
        self._note("the engine is started")
        self.shell.revive()
        for desk in self.people.desks.values():
            self.agenda.after(3_000 * self.rng.random(), desk.connect)
        self._reconnect()

    def _disk(self, full: bool) -> None:
        self._note("the disk is full" if full else "the disk has space again")
        self.shell.disk(full=full)

    def _missed(self) -> None:
        """Calls that ended while nobody listened: their records come from Asterisk's own log (``core.cel``)."""
        for case in self.cases:
            if not case.over and case.call is None and case.id in self.switch.ended and not case.in_flight:
                case.over = case.unrecorded = True

    def _note(self, what: str) -> None:
        if self.trace is not None:
            self.trace.append(f"{self.agenda.now:.2f} ---- {what}")

    # ------------------------------------------------------------------------------------------ the run
    def run(self) -> Tally:
        """To the end. Raises Violation; any other exception is a defect of the core as well."""
        try:
            if not self.agenda.run(FOREVER, BUSY):
                raise Violation("the world never ends")
            self.checks.finished(self.cases)
            self.shell.stories.finished(self.cases)
        except Exception as error:
            raise Failure(self, error) from error
        tally = Tally(1, len(self.cases), self.checks.quiet, transitions=self.checks.transitions)
        tally.told = self.shell.stories.told
        tally.weathers[self.weather.kind] = len(self.cases)
        for case in self.cases:
            name = case.closed[0].outcome.value if case.closed else "unrecorded"
            tally.outcomes[name] = tally.outcomes.get(name, 0) + 1
        return tally


class Failure(AssertionError):
    """A world in which something went wrong, with the command that shows it again."""

    def __init__(self, world: World, error: Exception) -> None:
        super().__init__(
            f"world {world.seed} ({world.weather.kind}): {type(error).__name__}: {error}\n"
            f"  again, step by step: .venv/bin/python tests/simulation/run.py --seed {world.seed} --trace"
        )
        self.seed = world.seed
