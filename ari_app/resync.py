"""After every connect, and now and then: ask the switch what there is, and make model and switch agree.

Owns: the comparison and what follows: what we believe in and the switch does not have has ended; what it has and we do
not know is adopted, or ended with a reason in the log. Must not: decide what an adopted call becomes
(``core.adoption``).

Nothing after a gap is trusted (events are not replayed). In the periodic sweep a thing without an owner must be seen
twice before it is ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import structlog

from ari_app.ari.decode import host_of
from ari_app.clock import now_ms
from ari_app.core import cel, ids, left_behind, marks
from ari_app.core.adoption import FoundCall, FoundLeg
from ari_app.core.call import (
    Alerting,
    Announcing,
    Clearing,
    Ended,
    LeavingMessage,
    LegState,
    Preparing,
    Reaching,
    Talking,
    TapeState,
    Waiting,
)
from ari_app.core.commands import AddToBridge
from ari_app.core.events import (
    ChannelGone,
    CommandDone,
    Event,
    FarHalfArrived,
    LegAnswered,
    LegReady,
    RecordingFinished,
)
from ari_app.ledger import Ledger
from ari_app.registry import Registry
from ari_app.runner import CallRunner
from dialplan import names
from models.values.call import Direction
from models.values.cdr import CallRecord
from models.values.routing import RoutingSnapshot
from models.values.story import ReapReason

log = structlog.get_logger(__name__)

AT_ONCE = 25
"""So many calls are taken up, or channels ended, in one turn of the event loop."""
CLOCK_SLACK = 2_000
"""Milliseconds: a switch that was started anew began after the connection to the old one was seen to be lost."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as ``GET /channels`` lists it."""

    id: str
    name: str
    state: str
    calling_number: str | None
    caller_name: str | None
    exten: str
    in_application: bool
    caller: bool
    """The calling side of a call: one from a trunk, one of our phones that dialled, or that we called first."""
    outbound: bool
    address: str | None
    since: int
    mark: str = ""
    tape_mark: str = ""

    @classmethod
    def read(cls, listed: dict[str, Any]) -> Channel:
        plan = listed.get("dialplan") or {}
        caller = listed.get("caller") or {}
        data = str(plan.get("app_data") or "")
        in_application = plan.get("app_name") == "Stasis" and data.split(",")[0] == names.STASIS_APP
        arguments = data.split(",")
        is_ours = ids.is_click2dial(str(listed["id"]))
        called = arguments[2] if in_application and len(arguments) > 2 else ""
        return cls(
            id=str(listed["id"]),
            name=str(listed.get("name") or ""),
            state=str(listed.get("state") or ""),
            calling_number=str(caller.get("number") or "") or None,
            caller_name=str(caller.get("name") or "") or None,
            exten=called or str(plan.get("exten") or ""),
            in_application=in_application,
            caller=is_ours or (in_application and arguments[1:2] in ([names.STASIS_INBOUND], [names.STASIS_OUTBOUND])),
            address=host_of(arguments[3]) if len(arguments) > 3 else None,
            outbound=is_ours or (in_application and arguments[1:2] == [names.STASIS_OUTBOUND]),
            since=_epoch_ms(listed.get("creationtime")),
            mark=str((listed.get("channelvars") or {}).get(names.VARIABLE_STATE) or ""),
            tape_mark=str((listed.get("channelvars") or {}).get(names.VARIABLE_RECORDING) or ""),
        )

    @property
    def endpoint(self) -> str:
        return cel.ChannelStory(self.id, self.name, 0).endpoint

    @property
    def call(self) -> str | None:
        """The call that it is a leg of: the one that its id tells, or that it was given to (``core.joining``)."""
        given = marks.read_given(self.mark)
        return given.call_id if given else ids.call_of(self.id)

    @property
    def ordinal(self) -> int | None:
        """Which leg of that call; None: it is none."""
        given = marks.read_given(self.mark)
        return given.ordinal if given else ids.ordinal_of(self.id)

    @property
    def number(self) -> str:
        """Whom it was given as; empty: its call knows."""
        given = marks.read_given(self.mark)
        return given.number if given else ""


def _epoch_ms(text: object) -> int:
    """``2026-11-23T23:00:00.123+0000`` as epoch ms; now, if it can't be read."""
    try:
        return int(datetime.fromisoformat(str(text)).timestamp() * 1000)
    except ValueError:
        return now_ms()


class Channels(dict[str, Channel]):
    """What the switch has, by id; and by call, for looking through all of it for each call grows with the square."""

    def __init__(self, found: Iterable[Channel]) -> None:
        super().__init__((channel.id, channel) for channel in found)
        self._calls: dict[str, list[Channel]] = {}
        for channel in self.values():
            if (call_id := channel.call) is not None:
                self._calls.setdefault(call_id, []).append(channel)

    def legs(self, call_id: str) -> Sequence[Channel]:
        """Those that are legs of this call, or were given to it."""
        return self._calls.get(call_id, ())

    def of(self, call_id: str) -> Iterator[Channel]:
        """Its legs, and its calling side."""
        if call_id in self:
            yield self[call_id]
        yield from (channel for channel in self.legs(call_id) if channel.id != call_id)


@dataclass(slots=True)
class Findings:
    """What one comparison led to."""

    ended: int = 0
    adopted: int = 0
    reaped: list[str] = field(default_factory=list)
    alive: set[str] = field(default_factory=set)
    """Calls that have a channel on the switch."""


class Absent(RuntimeError):
    """The switch has no such thing."""


class Resync:
    """``ask(operation, **params)`` gives the answer's body, or raises. ``adopt(found)`` makes the call."""

    def __init__(
        self,
        *,
        ask: Callable[..., Awaitable[Any]],
        registry: Registry,
        ledger: Ledger,
        snapshot: Callable[[], RoutingSnapshot],
        open_records: Callable[[list[str]], Awaitable[dict[str, CallRecord]]],
        told: Callable[[list[str]], Awaitable[dict[str, int]]],
        adopt: Callable[[FoundCall], None],
        read_ledger: Callable[[], Awaitable[None]],
        reap: Callable[..., Awaitable[None]],
    ) -> None:
        self._ask = ask
        self._registry = registry
        self._ledger = ledger
        self._snapshot = snapshot
        self._open_records = open_records
        self._told = told
        self._adopt = adopt
        self._read_ledger = read_ledger
        self._reap = reap
        self._suspects: set[str] = set()
        self._unclaimed: list[tuple[str, Event]] | None = None

    def unclaimed(self, thing_id: str, event: Event) -> None:
        """An event of a channel that no call has: it may belong to a call that is just being adopted."""
        if self._unclaimed is not None:
            self._unclaimed.append((thing_id, event))

    def _tell_unclaimed(self) -> None:
        """What was told of calls that have been adopted meanwhile."""
        self._unclaimed = [one for one in self._unclaimed or () if not self._registry.tell(*one)]

    async def _breathe(self, findings: Findings) -> None:
        """Now and then, among many adoptions: the others' turn, and the switch's, until it has done what was asked.

        All at once would keep the loop from everybody for as long as it takes, and ask for more than may be asked.
        """
        if findings.adopted % AT_ONCE == 0:
            self._tell_unclaimed()  # before anything that comes later
            await self._ask("asterisk.ping")

    async def run(self, *, after_gap: bool, lost_at: int | None = None) -> Findings:
        """Compare. ``after_gap``: events may have been lost, since ``lost_at``; else it is the periodic sweep.

        Raises what ``ask`` raises when the switch does not answer; then nothing was concluded.
        """
        believed = {
            channel: runner for runner in self._registry for channel in _channels(runner)
        }  # before asking: what is made from now on may be missing in the answer
        self._unclaimed = []
        try:
            listed, bridges = await asyncio.gather(self._ask("channels.list"), self._ask("bridges.list"))
            found = map(Channel.read, listed)
            channels = Channels(channel for channel in found if not channel.name.startswith(names.MESSAGE_CHANNEL))
            if after_gap:
                await self._read_ledger()
            findings = Findings()
            await self._end_the_missing(believed, channels, findings, lost_at)
            if after_gap:
                self._tell_the_missed(channels, bridges)
                await asyncio.gather(*(self._is_recorded(runner) for runner in self._registry))
            await self._unknown(channels, bridges, findings, after_gap=after_gap)
            self._tell_unclaimed()
            findings.alive = {channel.call or channel.id for channel in channels.values()}
            return findings
        finally:
            self._unclaimed = None

    # ------------------------------------------------------------ known but gone
    async def _end_the_missing(
        self,
        believed: dict[str, CallRunner],
        channels: Channels,
        findings: Findings,
        lost_at: int | None,
    ) -> None:
        missing = [(channel, runner) for channel, runner in believed.items() if channel not in channels]
        ends = {channel: self._ledger.end_of(runner.call_id, channel) for channel, runner in missing}
        died = lost_at is not None and None in ends.values() and await self._started_since(lost_at)
        for number, (channel, runner) in enumerate(missing, 1):
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)  # a switch that died has ended all calls at once: the loop is not theirs alone
            end = ends[channel]
            if end is None and died:
                runner.post(ChannelGone(lost_at or now_ms(), channel, cel.SWITCH_DIED_CAUSE, with_switch=True))
            else:
                at, cause = end or (lost_at or now_ms(), None)
                runner.post(ChannelGone(at, channel, cause))
            findings.ended += 1

    async def _started_since(self, at: int) -> bool:
        """Is it another Asterisk than the one to which the connection was lost then?"""
        told = await self._ask("asterisk.getInfo")
        try:
            started = datetime.fromisoformat(str(told["status"]["startup_time"])).timestamp() * 1000
        except (KeyError, TypeError, ValueError):
            return False
        return started > at - CLOCK_SLACK

    # ------------------------------------------------------------ known, and further than we know
    def _tell_the_missed(self, channels: Channels, bridges: list[dict[str, Any]]) -> None:
        bridged = {str(bridge["id"]): set(bridge.get("channels") or ()) for bridge in bridges}
        for runner in self._registry:
            call = runner.call
            if call is None:
                continue
            own = (call.facts.own,) if isinstance(call, Preparing) and call.facts.own is not None else ()
            for leg in (*own, *call.legs.live):
                found = channels.get(leg.channel)
                if found is None:
                    continue
                at = now_ms()
                far = channels.get(ids.far_half(leg.channel))
                if far is not None and far.in_application and leg.far_half is None:
                    runner.post(FarHalfArrived(at, leg.channel, far.id))
                if leg.state is LegState.CREATING and found.in_application:
                    runner.post(LegReady(at, leg.channel))
                elif leg.state in (LegState.DIALLED, LegState.RINGING) and found.state == "Up":
                    story = self._ledger.story(runner.call_id)
                    told = story.channels.get(leg.channel) if story else None
                    runner.post(LegAnswered((told.answered_at if told else None) or at, leg.channel))
            if isinstance(call, Talking) and not call.joined:
                bridge = ids.bridge(runner.call_id)
                winner = next(leg.channel for leg in call.legs if leg.ordinal == call.winner)
                both = (call.facts.caller_channel, winner)
                if set(both) <= bridged.get(bridge, set()):
                    runner.post(CommandDone(now_ms(), AddToBridge(bridge, both)))

    async def _is_recorded(self, runner: CallRunner) -> None:
        """A recording that ended in the gap is told to have ended."""
        tape = runner.call.facts.tape if runner.call is not None else None
        if tape is None or tape.state is TapeState.NONE:
            return
        name = ids.recording(runner.call_id, tape.parts)
        try:
            await self._ask("recordings.getLive", recordingName=name)
        except Absent:
            runner.post(RecordingFinished(now_ms(), name, 0))

    async def _tapes(self, calls: Iterable[str], channels: Channels) -> dict[str, tuple[str, str]]:
        """Of each of these calls: what is written of its recording, and the state of the part that was running."""
        written = {call: marks.newest(one.tape_mark for one in channels.of(call)) for call in calls}
        states = await asyncio.gather(*(self._tape_state(call, mark) for call, mark in written.items()))
        return {call: (mark, state) for (call, mark), state in zip(written.items(), states, strict=True)}

    async def _tape_state(self, call_id: str, mark: str) -> str:
        """Empty: it is over, or there was none."""
        told = marks.read_tape(mark)
        if told is None or told.state is TapeState.NONE:
            return ""
        try:
            live = await self._ask("recordings.getLive", recordingName=ids.recording(call_id, told.parts))
        except RuntimeError as error:
            log.info("recording_over", call=call_id, why=str(error))
            return ""
        return str(live.get("state") or "")

    # ------------------------------------------------------------ there but unknown
    async def _unknown(
        self,
        channels: Channels,
        bridges: list[dict[str, Any]],
        findings: Findings,
        *,
        after_gap: bool,
    ) -> None:
        callers = [
            channel
            for channel in channels.values()
            if channel.caller and channel.id not in self._registry and channel.id not in self._registry.strays
        ]
        if not after_gap:
            callers = [channel for channel in callers if channel.id in self._suspects]
        headless = self._headless(channels, after_gap=after_gap)
        unknown = [*(channel.id for channel in callers), *headless]
        records = await self._open_records(unknown) if unknown else {}
        told = await self._told(unknown) if unknown else {}
        bridged = {str(bridge["id"]): frozenset(bridge.get("channels") or ()) for bridge in bridges}
        tapes = await self._tapes((*headless, *(caller.id for caller in callers)), channels)
        # Those who talk first: their agents are not to be given to somebody who waits.
        for call_id in headless:
            left = self._left_behind(call_id, channels, bridged, records.get(call_id))
            if left is not None and call_id not in self._registry:
                mark, state = tapes[call_id]
                self._adopt(replace(left, told=told.get(call_id, 0), tape_mark=mark, tape_state=state))
                findings.adopted += 1
                await self._breathe(findings)
        # Then in the order in which they came: an agent who is free already is given to the first that is taken up.
        callers.sort(key=lambda caller: (not _answered(caller.id, channels), caller.since))
        for caller in callers:
            record = records.get(caller.id)
            if record is not None and record.is_closed:
                self._registry.strays.add(caller.id)
                continue
            if caller.id in self._registry:
                continue  # it arrived while we asked
            found = self._found(caller, channels, bridged, record)
            mark, state = tapes[caller.id]
            self._adopt(replace(found, told=told.get(caller.id, 0), tape_mark=mark, tape_state=state))
            findings.adopted += 1
            await self._breathe(findings)
        suspects, unheard = self._strays(channels, bridges), self._unheard(channels)
        ripe = (suspects if after_gap else suspects & self._suspects) | (unheard & self._suspects)
        self._suspects = (
            suspects
            | unheard
            | {channel.id for channel in channels.values() if channel.caller and channel.id not in self._registry}
        )
        for thing_id in sorted(ripe):
            of_closed = thing_id in self._registry.strays
            why = ReapReason.ITS_CALL_IS_CLOSED if of_closed else ReapReason.NO_CALL_CLAIMS_IT
            await self._reap(thing_id, why, is_bridge=thing_id not in channels)
            findings.reaped.append(thing_id)
        self._registry.strays &= set(channels) | {str(bridge["id"]) for bridge in bridges}

    def _strays(self, channels: Channels, bridges: list[dict[str, Any]]) -> set[str]:
        """What carries our prefix and no call claims."""
        things = [*channels, *(str(bridge["id"]) for bridge in bridges)]
        return {
            thing_id
            for thing_id in things
            if (ids.call_of(thing_id) is not None and self._registry.on(thing_id) is None)
            or (thing_id in self._registry.strays and self._registry.on(thing_id) is None)
        }

    def _unheard(self, channels: Channels) -> set[str]:
        """Legs whose live call has done with them: made long after their time-out, or told to end by a lost order.

        The call hears nothing of them any more, so nobody else would end them before it is over.
        """
        found = set()
        for channel in channels.values():
            if channel.ordinal is None:
                continue
            runner = self._registry.on(channel.id)
            if runner is None or runner.call is None:
                continue
            leg = runner.call.legs.on(channel.id)
            if leg is None or not leg.exists:
                found.add(channel.id)
        return found

    def _headless(self, channels: Channels, *, after_gap: bool) -> list[str]:
        """Unknown calls of which legs are there, and the calling side is not."""
        legs: dict[str, list[str]] = {}
        for channel in channels.values():
            call_id = channel.call
            if (
                call_id is None
                or call_id in channels
                or call_id in self._registry
                or channel.id in self._registry.strays
            ):
                continue
            if channel.ordinal is not None and (after_gap or channel.id in self._suspects):
                legs.setdefault(call_id, []).append(channel.id)
        return [call_id for call_id, found in legs.items() if len(found) > 1]

    def _left_behind(
        self,
        call_id: str,
        channels: Channels,
        bridged: dict[str, frozenset[str]],
        record: CallRecord | None,
    ) -> FoundCall | None:
        """What is left of a conversation, if it goes on."""
        if record is None:
            return None
        found = FoundCall(
            channel=call_id,
            called_number=record.called_number,
            calling_number=record.calling_number or None,
            caller_name=record.caller_name or None,
            up=True,
            since=record.offered_at,
            legs=self._legs(call_id, channels),
            bridged=bridged.get(ids.bridge(call_id), frozenset()),
            has_bridge=ids.bridge(call_id) in bridged,
            consulting=bridged.get(ids.consult(call_id), frozenset()),
            has_consult=ids.consult(call_id) in bridged,
            record=record,
            outbound=record.direction is not Direction.INBOUND,
            gone=True,
        )
        return found if left_behind.goes_on(found) else None

    def _legs(self, call_id: str, channels: Channels) -> tuple[FoundLeg, ...]:
        snapshot, story = self._snapshot(), self._ledger.story(call_id)
        return tuple(
            FoundLeg(
                channel=channel.id,
                ordinal=channel.ordinal or 0,
                agent=snapshot.agent_at(channel.endpoint),
                up=channel.state == "Up",
                since=channel.since,
                outside=ids.is_outside(channel.id),
                answered_at=story.channels[channel.id].answered_at if story and channel.id in story.channels else None,
                number=channel.number,
            )
            for channel in channels.legs(call_id)
            if channel.ordinal is not None
        )

    def _found(
        self,
        caller: Channel,
        channels: Channels,
        bridged: dict[str, frozenset[str]],
        record: CallRecord | None,
    ) -> FoundCall:
        snapshot = self._snapshot()
        bridge = ids.bridge(caller.id)
        story = self._ledger.story(caller.id)
        return FoundCall(
            caller_agent=snapshot.agent_at(caller.endpoint) if caller.outbound else None,
            outbound=caller.outbound,
            caller_address=caller.address,
            channel=caller.id,
            called_number=caller.exten,
            calling_number=caller.calling_number,
            caller_name=caller.caller_name,
            up=caller.state == "Up",
            since=caller.since,
            legs=self._legs(caller.id, channels),
            bridged=bridged.get(bridge, frozenset()),
            has_bridge=bridge in bridged,
            consulting=bridged.get(ids.consult(caller.id), frozenset()),
            has_consult=ids.consult(caller.id) in bridged,
            record=record,
            answered_at=cel.answered_at(story) if story else None,
            was_bridged=bool(story and story.caller and story.caller.bridged_at),
            left_at=cel.left_at(story) if story else None,
            mark=caller.mark,
            caller_answered_at=story.caller.answered_at if story and story.caller else None,
        )


def _answered(call_id: str, channels: Channels) -> bool:
    """Has one of this call's legs answered?"""
    return any(channel.state == "Up" for channel in channels.legs(call_id))


def _channels(runner: CallRunner) -> list[str]:
    """The channels this call believes to be on the switch."""
    call = runner.call
    match call:
        case (
            Waiting() | Alerting() | Preparing() | Reaching() | Talking() | Announcing() | LeavingMessage() | Clearing()
        ):
            existing = [leg.channel for leg in call.legs.existing]
            return [call.facts.caller_channel, *existing] if call.facts.caller_here else existing
        case Ended() | None:
            return []
