"""After a gap, and every half minute: model and switch are compared, as ``ari_app.resync`` does it.

Owns: the same comparison over the simulated switch; the reaper. Must not: know more than the switch tells.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from simulation.agenda import Agenda
from simulation.case import Case
from simulation.shell import Shell
from simulation.switch import Channel, Switch

from ari_app.core import commands as c
from ari_app.core import events as e
from ari_app.core import ids, left_behind, marks
from ari_app.core.adoption import FoundCall, FoundLeg
from ari_app.core.call import Ended, LegState, Preparing, Talking, TapeState

SWEEP = 30_000.0


@dataclass(frozen=True, slots=True)
class Listed:
    """A channel as GET /channels lists it."""

    id: str
    case: Case
    role: str
    agent: int | None
    in_stasis: bool
    up: bool
    mark: str
    since: int
    tape_mark: str


class Comparing:
    def __init__(self, agenda: Agenda, shell: Shell, switch: Switch) -> None:
        self.agenda = agenda
        self.shell = shell
        self.switch = switch
        self.first = True
        self.lost_at: int | None = None
        self._suspects: set[str] = set()

    # ------------------------------------------------------------ when
    def after_connect(self) -> None:
        self._start(after_gap=True)

    def sweep(self) -> None:
        if self.switch.connected and self.shell.running and not self.first:
            self._start(after_gap=False)

    def _start(self, *, after_gap: bool) -> None:
        believed = {channel: case for case in self.shell.registry.values() for channel in _channels(case)}
        self.shell.unclaimed = []
        self.agenda.at(self.switch.when_executed(), self._look, believed, after_gap, self.switch.connection)

    def _look(self, believed: dict[str, Case], after_gap: bool, connection: int) -> None:
        channels = {
            one.id: Listed(
                one.id,
                self._case_of(one),
                one.role,
                one.agent,
                one.in_stasis,
                one.up,
                one.mark,
                one.since,
                one.tape_mark,
            )
            for one in self.switch.channels.values()
        }
        bridges = {bridge: frozenset(members) for bridge, members in self.switch.bridges.items()}
        self.agenda.after(self.switch.lag(), self._conclude, believed, channels, bridges, after_gap, connection)

    def _case_of(self, one: Channel) -> Case:
        """By its id, or what stands on it; not by what the engine knows."""
        given = marks.read_given(one.mark)
        call_id = given.call_id if given else ids.call_of(one.id) or one.id
        return self.switch.cases.get(call_id, one.case)

    # ------------------------------------------------------------ what
    def _conclude(
        self,
        believed: dict[str, Case],
        channels: dict[str, Listed],
        bridges: dict[str, frozenset[str]],
        after_gap: bool,
        connection: int,
    ) -> None:
        if connection != self.switch.connection or not self.shell.running:
            return
        for channel, case in believed.items():
            if channel not in channels:
                at, cause = self.switch.ended.get(channel) or (self.lost_at or int(self.agenda.now), None)
                self.shell.post(case, e.ChannelGone(at, channel, cause))
        if after_gap:
            self._tell_the_missed(channels, bridges)
            for case in self.shell.registry.values():
                case.doubt = False  # nothing after a gap is trusted; from here on all must agree again
        self._unknown(channels, bridges, after_gap)
        unclaimed, self.shell.unclaimed = self.shell.unclaimed or [], None
        for case, event in unclaimed:
            self.shell.post(case, event)
        self.first = False

    def _tell_the_missed(self, channels: dict[str, Listed], bridges: dict[str, frozenset[str]]) -> None:
        now = int(self.agenda.now)
        for case in tuple(self.shell.registry.values()):
            call = case.call
            if call is None:
                continue
            own = (call.facts.own,) if isinstance(call, Preparing) and call.facts.own else ()
            for leg in (*own, *call.legs.live):
                found = channels.get(leg.channel)
                if found is None:
                    continue
                far = channels.get(ids.far_half(leg.channel))
                if far is not None and far.in_stasis and leg.far_half is None:
                    self.shell.post(case, e.FarHalfArrived(now, leg.channel, far.id))
                if leg.state is LegState.CREATING and found.in_stasis:
                    self.shell.post(case, e.LegReady(now, leg.channel))
                elif leg.state in (LegState.DIALLED, LegState.RINGING) and found.up:
                    told = case.answered.get(leg.channel)
                    self.shell.post(case, e.LegAnswered(int(told) if told else now, leg.channel))
            if call.facts.tape.state is not TapeState.NONE:
                name = ids.recording(case.id, call.facts.tape.parts)
                if name not in self.switch.recorder.live:
                    self.shell.post(case, e.RecordingFinished(now, name, 0))
            if isinstance(call, Talking) and not call.joined:
                bridge = ids.bridge(case.id)
                winner = next(leg.channel for leg in call.legs if leg.ordinal == call.winner)
                both = (case.id, winner)
                if set(both) <= bridges.get(bridge, frozenset()):
                    self.shell.post(case, e.CommandDone(now, c.AddToBridge(bridge, both)))

    def _unknown(self, channels: dict[str, Listed], bridges: dict[str, frozenset[str]], after_gap: bool) -> None:
        registry, strays = self.shell.registry, self.shell.strays
        callers = [
            one
            for one in channels.values()
            if one.role == "caller"
            and (one.in_stasis or one.case.plan.by == "click")
            and one.id not in registry
            and one.id not in strays
        ]
        # Those who talk first: their agents are not to be given to somebody who waits.
        self._left_behind(channels, bridges, after_gap)
        talking = {one.case.id for one in channels.values() if one.role == "leg" and one.up}
        for caller in sorted(callers, key=lambda one: one.id not in talking):
            if not after_gap and caller.id not in self._suspects:
                continue
            if caller.case.closed is not None:
                strays.add(caller.id)
                continue
            found = self._found(caller, channels, bridges)
            if found.outbound and not (found.up or found.legs) and found.caller_address:
                assert found.caller_agent is not None
                endpoint = found.caller_agent.endpoint or ""
                self.shell.dialled(
                    caller.case,
                    e.AgentDials(int(self.agenda.now), caller.id, endpoint, found.called_number, found.caller_address),
                )
            else:
                self.shell.adopt(caller.case, found)
        unclaimed = {
            thing
            for thing in (*channels, *bridges)
            if (ids.call_of(thing) is not None or thing in strays) and self._owner(thing, channels) not in registry
        }
        unheard = {one.id for one in channels.values() if one.role == "leg" and self._done_with(one)}
        ripe = (unclaimed if after_gap else unclaimed & self._suspects) | (unheard & self._suspects)
        for thing in sorted(ripe):
            self.agenda.at(self.switch.when_executed(), self._reap, thing)
        self._suspects = unclaimed | unheard | {caller.id for caller in callers if caller.id not in registry}
        strays &= {*channels, *bridges}

    def _done_with(self, one: Listed) -> bool:
        """Its call goes on, and hears nothing of it any more."""
        case = self.shell.moved.get(one.id, one.case)
        if case.id not in self.shell.registry or case.call is None:
            return False
        leg = case.call.legs.on(one.id)
        return leg is None or not leg.exists

    def _owner(self, thing: str, channels: dict[str, Listed]) -> str:
        if thing in self.shell.moved:
            return self.shell.moved[thing].id
        return channels[thing].case.id if thing in channels else ids.call_of(thing) or thing

    def _left_behind(self, channels: dict[str, Listed], bridges: dict[str, frozenset[str]], after_gap: bool) -> None:
        """Conversations whose calling side has left."""
        legs: dict[str, list[Listed]] = {}
        for one in channels.values():
            case = one.case
            known = case.id in channels or case.id in self.shell.registry or case.over or case.closed is not None
            seen = one.id not in self.shell.strays and (after_gap or one.id in self._suspects)
            if one.role == "leg" and seen and not known:
                legs.setdefault(case.id, []).append(one)
        for found in legs.values():
            left = replace(self._found(found[0], channels, bridges), gone=True)
            if len(found) > 1 and left_behind.goes_on(left):
                self.shell.adopt(found[0].case, left)

    def _reap(self, thing: str) -> None:
        channel = self.switch.channels.get(thing)
        if channel is not None:
            self.shell.checks.reaped(channel)
            self.switch.hang_up(channel, 16)
        else:
            self.switch.destroy(thing)

    def _found(self, caller: Listed, channels: dict[str, Listed], bridges: dict[str, frozenset[str]]) -> FoundCall:
        case = caller.case
        bridge = ids.bridge(case.id)
        legs = tuple(
            FoundLeg(
                channel=one.id,
                ordinal=(given.ordinal if (given := marks.read_given(one.mark)) else ids.ordinal_of(one.id)) or 0,
                agent=self.shell.snapshot.agents.get(one.agent or 0),
                up=one.up,
                since=one.since,
                outside=ids.is_outside(one.id),
                answered_at=int(case.answered[one.id]) if one.id in case.answered else None,
            )
            for one in channels.values()
            if one.case is case and one.role == "leg"
        )
        answered = [case.answered[leg.channel] for leg in legs if leg.channel in case.answered]
        return FoundCall(
            outbound=bool(case.plan.by),
            caller_agent=self.shell.people.house.agents[case.plan.agent] if case.plan.by else None,
            caller_address=self.shell.people.desks[case.plan.agent].address if case.plan.by == "dialled" else None,
            caller_answered_at=int(case.answered[case.id]) if case.id in case.answered else None,
            channel=case.id,
            called_number=case.plan.called,
            calling_number=case.plan.number,
            caller_name=None,
            up=caller.up,
            since=caller.since,
            legs=legs,
            bridged=bridges.get(bridge, frozenset()),
            has_bridge=bridge in bridges,
            consulting=bridges.get(ids.consult(case.id), frozenset()),
            has_consult=ids.consult(case.id) in bridges,
            record=case.last,
            answered_at=int(min(answered)) if answered else None,
            was_bridged=case.talked or case.joined_at is not None,
            mark=caller.mark,
            tape_mark=(tape_mark := marks.newest(one.tape_mark for one in channels.values() if one.case is case)),
            tape_state=self._tape_state(case, tape_mark),
        )

    def _tape_state(self, case: Case, mark: str) -> str:
        told = marks.read_tape(mark)
        part = self.switch.recorder.live.get(ids.recording(case.id, told.parts)) if told else None
        return "" if part is None else "paused" if part.paused else "recording"


def _channels(case: Case) -> list[str]:
    call = case.call
    if call is None or isinstance(call, Ended):
        return []
    existing = [leg.channel for leg in call.legs.existing]
    return [call.facts.caller_channel, *existing] if call.facts.caller_here else existing
