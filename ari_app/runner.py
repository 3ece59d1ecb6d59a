"""One call at work: its mailbox, its task, its timers.

Owns: running ``core`` for one call, one event after the other, and handing its commands on in the order given.
Must not: decide anything, or wait for an answer of the switch: answers come back as events.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import structlog

from ari_app.clock import now_ms
from ari_app.core import cdr, commands, ids, inbound, requests
from ari_app.core import story as story_of
from ari_app.core.arrangement import Target
from ari_app.core.call import Call, Clearing, Ended, Talking
from ari_app.core.commands import Command
from ari_app.core.events import (
    AgentsOffered,
    AllowanceGranted,
    CallerKnown,
    Event,
    OutsideAllowed,
    OutsideRefused,
    TimerFired,
)
from models.values.call import LegOutcome, Outcome
from models.values.cdr import CallRecord, LegRecord
from models.values.reasons import CallReason
from models.values.routing import CallCenterRoute
from models.values.story import CallEvent

log = structlog.get_logger(__name__)


class Switch(Protocol):
    def order(self, command: commands.SwitchCommand, reply: Callable[[Event], None]) -> None:
        """Send the command now; whatever the core must know of its answer is handed to ``reply`` later."""


class Screens(Protocol):
    def show(self, agent: int, call_id: str, pop: Mapping[str, Any]) -> None: ...
    def update(self, agent: int, call_id: str, changes: Mapping[str, Any]) -> None: ...
    def close(self, agent: int, call_id: str, reason: str) -> None: ...
    def problem(self, agent: int, code: str, call_id: str | None = None) -> None: ...


class Floor(Protocol):
    def seek(self, call_id: str, route: CallCenterRoute, since: int, kept: bool) -> None: ...
    def tell_place(self, call_id: str) -> None: ...
    def stop_seeking(self, call_id: str) -> None: ...
    def claim(self, agent: int, call_id: str, *, back: bool) -> None: ...
    def engage(self, agent: int, call_id: str) -> None: ...
    def release(
        self, agent: int, call_id: str, outcome: LegOutcome, wrap_up_seconds: int, pause_after: int = 0
    ) -> None: ...
    def hand_over(self, agent: int, call_id: str, to: str) -> None: ...
    def hold(self, agent: int, call_id: str, *, talking: bool) -> None: ...
    def ask_phone(self, agent: int, call_id: str) -> None: ...


class Lines(Protocol):
    """The way from one call to another, of two lines of one phone."""

    def ask(self, command: commands.AskLine) -> None: ...
    def refuse(self, command: commands.RefuseLine) -> None: ...
    def hand_over(self, command: commands.HandOver, news: Sequence[Event]) -> None: ...


class Budgets(Protocol):
    def renew(self, call_id: str) -> AllowanceGranted: ...
    def let_out(self, wish: commands.AskOutside) -> OutsideAllowed | OutsideRefused: ...
    def settle(self, call_id: str, talk_ms: int) -> None: ...


class Callers(Protocol):
    async def look_up(self, call_id: str, number: str | None) -> tuple[int | None, Mapping[str, Any]] | None:
        """The contact and its card; None when it can't be known now (the pop stays without a card)."""


class Records(Protocol):
    def write_call(self, record: CallRecord, legs: tuple[LegRecord, ...]) -> None: ...
    def write_story(self, events: tuple[CallEvent, ...]) -> None: ...


class Keeps(Protocol):
    """Where what callers leave is kept."""

    def keep_voicemail(self, command: commands.KeepVoicemail) -> None: ...
    def drop_voicemail(self, command: commands.DropVoicemail) -> None: ...
    def keep_recording(self, command: commands.KeepRecording) -> None: ...
    def keep_callback(self, command: commands.KeepCallback) -> None: ...


class Surroundings:
    """What every runner works with."""

    __slots__ = ("budgets", "callers", "find", "floor", "forget", "keeps", "lines", "records", "screens", "switch")

    def __init__(
        self,
        *,
        switch: Switch,
        screens: Screens,
        floor: Floor,
        callers: Callers,
        records: Records,
        keeps: Keeps,
        budgets: Budgets,
        lines: Lines,
        find: Callable[[str], Target | str],
        forget: Callable[[str, tuple[str, ...]], None],
    ) -> None:
        self.switch = switch
        self.screens = screens
        self.floor = floor
        self.callers = callers
        self.records = records
        self.keeps = keeps
        self.budgets = budgets
        self.lines = lines
        self.find = find
        self.forget = forget


class CallRunner:
    """``start`` it once with the call's first step; ``post`` events to it; it ends by itself when the call is over."""

    def __init__(self, call_id: str, around: Surroundings) -> None:
        self.call_id = call_id
        self.call: Call | None = None
        self._around = around
        # A plain queue and one future: asyncio's own costs three times as much for each event.
        self._mailbox: deque[Event] = deque()
        self._awaited: asyncio.Future[None] | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._task: asyncio.Task[None] | None = None
        self._look_up: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._over = False
        self._story = story_of.Story(call_id)

    def start(self, call: Call, first: list[Command], *, told: int = 0, adopted: bool = False) -> None:
        """``told``: the entries of its story that an earlier engine told, when it is ``adopted``."""
        self.call = call
        self._task = self._loop.create_task(self._run(), name=f"call {self.call_id}")
        self._carry_out(first)
        self._tell(story_of.begin(call, first, now_ms(), after=told, adopted=adopted))

    def post(self, event: Event) -> None:
        """Put an event into the mailbox. Never waits; one for a call that is over is dropped (it holds nothing)."""
        if not self._over:
            self._mailbox.append(event)
            if self._awaited is not None and not self._awaited.done():
                self._awaited.set_result(None)

    @property
    def waiting(self) -> int:
        """Events in the mailbox."""
        return len(self._mailbox)

    async def _run(self) -> None:
        # What is in the mailbox when the call is over may be agents just given to it: the core gives them back.
        while not self._over or self._mailbox:
            if not self._mailbox:
                self._awaited = self._loop.create_future()
                await self._awaited
            event = self._mailbox.popleft()
            before = self.call
            assert before is not None
            try:
                self.call, wanted = inbound.step(before, event)
            except Exception:
                log.exception("core_failed", call=self.call_id, event=event)
                self._give_up()
                self._give_back(event)
                return
            if wanted:
                self._carry_out(wanted)
            self._tell(story_of.tell(self._story, before, event, self.call, wanted))

    def _tell(self, tale: story_of.Tale) -> None:
        self._story, entries = tale
        if entries:
            self._around.records.write_story(entries)

    def _carry_out(self, wanted: list[Command]) -> None:
        for command in wanted:
            try:
                _HANDLERS[type(command)](self, command)
            except Exception:
                # One screen or one record must not keep the call from being ended.
                log.exception("command_failed", call=self.call_id, command=command)

    def _give_up(self) -> None:
        """A defect of ours: the call is ended as well as can be, and leaves nothing behind."""
        call = self.call
        assert call is not None
        at = now_ms()
        for leg in call.legs:
            self._around.switch.order(commands.Hangup(leg.channel), _ignore)
            if leg.let_out is not None:
                self._around.budgets.settle(leg.let_out.pass_id, max(0, at - (leg.answered_at or at)))
            if leg.agent is not None:
                self._around.floor.release(leg.agent.id, self.call_id, LegOutcome.FAILED, 0)
                self._around.screens.close(leg.agent.id, self.call_id, "failed")
        if call.facts.caller_agent is not None:
            self._around.floor.release(call.facts.caller_agent.id, self.call_id, LegOutcome.FAILED, 0)
            self._around.screens.close(call.facts.caller_agent.id, self.call_id, "failed")
            self._around.budgets.settle(self.call_id, max(0, at - call.facts.offered_at))
        self._around.switch.order(commands.Hangup(call.facts.caller_channel), _ignore)
        for bridge in (ids.bridge(self.call_id), ids.consult(self.call_id)):
            self._around.switch.order(commands.DestroyBridge(bridge), _ignore)
        self._around.floor.stop_seeking(self.call_id)
        if not isinstance(call, Ended):
            talking = isinstance(call, Talking) and call.joined
            closing = Clearing(
                call.facts,
                call.legs,
                Outcome.ANSWERED if talking else Outcome.FAILED,
                CallReason.ENGINE_DEFECT,
                ended_at=at,
                winner=call.winner if isinstance(call, Talking | Clearing) else None,
                answered_at=call.answered_at if isinstance(call, Talking | Clearing) else None,
            )
            self._around.records.write_call(cdr.closing(closing), cdr.legs(closing))
            self._tell(story_of.give_up(self._story, at))
        self._forget(commands.Forget(self.call_id, (call.facts.caller_channel, *(leg.channel for leg in call.legs))))

    def _give_back(self, event: Event) -> None:
        """The agents whom nobody will take any more, in this event and in the mailbox; what was set aside, too."""
        while True:
            if isinstance(event, OutsideAllowed):
                self._around.budgets.settle(event.pass_id, 0)
            if isinstance(event, AgentsOffered):
                for agent in event.agents:
                    self._around.floor.release(agent.id, self.call_id, LegOutcome.FAILED, 0)
            if not self._mailbox:
                return
            event = self._mailbox.popleft()

    # ------------------------------------------------------------ the commands
    def _order(self, command: commands.SwitchCommand) -> None:
        self._around.switch.order(command, self.post)

    def _show(self, command: commands.ShowPop) -> None:
        self._around.screens.show(command.agent, command.call_id, command.pop)

    def _update(self, command: commands.UpdatePop) -> None:
        self._around.screens.update(command.agent, command.call_id, command.changes)

    def _close(self, command: commands.ClosePop) -> None:
        self._around.screens.close(command.agent, command.call_id, command.reason)

    def _problem(self, command: commands.ReportProblem) -> None:
        self._around.screens.problem(command.agent, command.code, command.call_id)

    def _claim(self, command: commands.ClaimAgent) -> None:
        self._around.floor.claim(command.agent, command.call_id, back=command.back)

    def _find(self, command: commands.FindTarget) -> None:
        found = self._around.find(command.number)
        if isinstance(found, str):
            self.post(requests.TargetUnknown(now_ms(), command.agent, found))
            return
        kind = requests.TransferRequested if command.blind else requests.ConsultRequested
        self.post(kind(now_ms(), command.agent, found))

    def _ask_line(self, command: commands.AskLine) -> None:
        self._around.lines.ask(command)

    def _refuse_line(self, command: commands.RefuseLine) -> None:
        self._around.lines.refuse(command)

    def _hand_over(self, command: commands.HandOver) -> None:
        """What has been heard of that channel and not read yet goes with it."""
        channel = command.leg.channel
        theirs = [event for event in self._mailbox if getattr(event, "channel", None) == channel]
        self._mailbox = deque(event for event in self._mailbox if event not in theirs)
        self._around.lines.hand_over(command, theirs)

    def _seek(self, command: commands.SeekAgents) -> None:
        self._around.floor.seek(command.call_id, command.route, command.since, command.kept)

    def _ask_place(self, command: commands.AskPlace) -> None:
        self._around.floor.tell_place(command.call_id)

    def _stop_seeking(self, command: commands.StopSeeking) -> None:
        self._around.floor.stop_seeking(command.call_id)

    def _engage(self, command: commands.EngageAgent) -> None:
        self._around.floor.engage(command.agent, command.call_id)

    def _hold(self, command: commands.HoldAgent) -> None:
        self._around.floor.hold(command.agent, command.call_id, talking=command.talking)

    def _ask_phone(self, command: commands.AskPhone) -> None:
        self._around.floor.ask_phone(command.agent, command.call_id)

    def _ask_allowance(self, command: commands.AskAllowance) -> None:
        self.post(self._around.budgets.renew(command.call_id))

    def _ask_outside(self, command: commands.AskOutside) -> None:
        self.post(self._around.budgets.let_out(command))

    def _settle(self, command: commands.SettleSpending) -> None:
        self._around.budgets.settle(command.call_id, command.talk_ms)

    def _release(self, command: commands.ReleaseAgent) -> None:
        self._around.floor.release(
            command.agent, command.call_id, command.outcome, command.wrap_up_seconds, command.pause_after
        )

    def _write(self, command: commands.WriteRecord) -> None:
        self._around.records.write_call(command.record, command.legs)

    def _keep_voicemail(self, command: commands.KeepVoicemail) -> None:
        self._around.keeps.keep_voicemail(command)

    def _drop_voicemail(self, command: commands.DropVoicemail) -> None:
        self._around.keeps.drop_voicemail(command)

    def _keep_recording(self, command: commands.KeepRecording) -> None:
        self._around.keeps.keep_recording(command)

    def _keep_callback(self, command: commands.KeepCallback) -> None:
        self._around.keeps.keep_callback(command)

    def _look_up_caller(self, command: commands.LookUpCaller) -> None:
        self._look_up = self._loop.create_task(self._look_up_now(command), name=f"caller of {self.call_id}")

    async def _look_up_now(self, command: commands.LookUpCaller) -> None:
        found = await self._around.callers.look_up(command.call_id, command.calling_number)
        if found is not None:
            self.post(CallerKnown(now_ms(), *found))

    def _set_timer(self, command: commands.SetTimer) -> None:
        self._cancel(command.name)
        self._timers[command.name] = self._loop.call_later(command.milliseconds / 1000, self._fire, command.name)

    def _cancel_timer(self, command: commands.CancelTimer) -> None:
        self._cancel(command.name)

    def _cancel(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def _fire(self, name: str) -> None:
        self._timers.pop(name, None)
        self.post(TimerFired(now_ms(), name))

    def _forget(self, command: commands.Forget) -> None:
        self._over = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        if self._look_up is not None:
            self._look_up.cancel()
        self._around.forget(command.call_id, command.strays)


def _ignore(event: Event) -> None:
    """The answer to an order given while giving up."""


_HANDLERS: dict[type, Callable[[CallRunner, Any], None]] = {
    **dict.fromkeys(commands.SwitchCommand.__args__, CallRunner._order),  # type: ignore[attr-defined]
    commands.ShowPop: CallRunner._show,
    commands.UpdatePop: CallRunner._update,
    commands.ClosePop: CallRunner._close,
    commands.SeekAgents: CallRunner._seek,
    commands.AskPlace: CallRunner._ask_place,
    commands.StopSeeking: CallRunner._stop_seeking,
    commands.ReportProblem: CallRunner._problem,
    commands.FindTarget: CallRunner._find,
    commands.AskLine: CallRunner._ask_line,
    commands.RefuseLine: CallRunner._refuse_line,
    commands.HandOver: CallRunner._hand_over,
    commands.ClaimAgent: CallRunner._claim,
    commands.EngageAgent: CallRunner._engage,
    commands.HoldAgent: CallRunner._hold,
    commands.AskPhone: CallRunner._ask_phone,
    commands.AskAllowance: CallRunner._ask_allowance,
    commands.AskOutside: CallRunner._ask_outside,
    commands.SettleSpending: CallRunner._settle,
    commands.ReleaseAgent: CallRunner._release,
    commands.WriteRecord: CallRunner._write,
    commands.LookUpCaller: CallRunner._look_up_caller,
    commands.KeepVoicemail: CallRunner._keep_voicemail,
    commands.DropVoicemail: CallRunner._drop_voicemail,
    commands.KeepRecording: CallRunner._keep_recording,
    commands.KeepCallback: CallRunner._keep_callback,
    commands.SetTimer: CallRunner._set_timer,
    commands.CancelTimer: CallRunner._cancel_timer,
    commands.Forget: CallRunner._forget,
}
