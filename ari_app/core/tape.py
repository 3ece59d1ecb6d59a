"""The recording of a conversation: begun, paused, ended, in the parts that a listener will find.

Owns: what is to be recorded when, the orders that make it so, and what becomes of an order that failed. Must not: know
files or disks (the shell says by ``DiskFull`` what can't be), or ever harm the call: nothing here ends a conversation.

What is recorded is the call's bridge, while two or more in it hear each other. Nobody's hold music is, and no
consultation: the recording is paused meanwhile, and the gap noted (``Cut``). A new part begins when one has ended and
more is to be recorded. A pause that can't be had ends the part: a card number must not be in it.
"""

from __future__ import annotations

from typing import Any

from ari_app.core import ids, marks
from ari_app.core.arrangement import Room
from ari_app.core.call import Call, Clearing, Ended, Facts, Talking, Tape, TapeState, TapeStop
from ari_app.core.commands import (
    CancelTimer,
    Command,
    KeepRecording,
    PauseRecording,
    Record,
    ResumeRecording,
    SetTimer,
    SetVariable,
    StopRecording,
)
from ari_app.core.events import CommandFailed, DiskFree, DiskFull, Event, RecordingFailed, RecordingFinished, TimerFired
from ari_app.core.parties import parties, rooms
from models.values.recording import Cut, CutWhy, RecordingMode
from models.values.replacing import replace

FILE_FORMAT = "wav"
TAPE = "tape"
"""The timer of an order to record that is given again."""
NO_SPACE = 507
"""The shell's answer when the disk is too full (RFC 4918, 11.5)."""
TOO_SHORT = 1_000
"""A part that ends by itself so soon was none."""

Step = tuple[Call, list[Command]]


# ------------------------------------------------------------------------------------------------ what is wanted
def mode(facts: Facts) -> RecordingMode:
    return facts.route.recording if facts.route is not None else RecordingMode.OFF


def is_on(facts: Facts) -> bool:
    """Is the call to be recorded, whether or not it is just now?"""
    chosen = facts.tape.chosen
    kind = mode(facts)
    return kind is not RecordingMode.OFF and (kind is RecordingMode.ALWAYS if chosen is None else chosen)


def _wanted(call: Talking) -> tuple[TapeState, CutWhy]:
    """What is to be so now; and why it is a pause, where it is one."""
    facts = call.facts
    if not call.joined or not is_on(facts) or facts.tape.stopped is not None:
        return TapeState.NONE, CutWhy.HOLD
    if facts.tape.held_back:
        return TapeState.PAUSED, CutWhy.AGENT
    hear = [channel for channel, room in rooms(call).items() if room is Room.TALK and channel not in call.phone_held]
    return (TapeState.RECORDING if len(hear) > 1 else TapeState.PAUSED), CutWhy.HOLD


def view(call: Talking) -> dict[str, Any] | None:
    """For the agents' screens: None where nothing is ever recorded. ``may_stop``: not only pause."""
    facts, tape = call.facts, call.facts.tape
    kind = mode(facts)
    if kind is RecordingMode.OFF:
        return None
    if tape.stopped is not None and is_on(facts):
        state = tape.stopped.value
    elif not is_on(facts):
        state = "off"
    elif tape.held_back:
        state = "paused"
    else:
        state = "on" if tape.state is TapeState.RECORDING else "waiting"
    return {"state": state, "may_stop": kind is RecordingMode.AGENT}


# ------------------------------------------------------------------------------------------------ after every step
def follow(step: Step, at: int) -> Step:
    """The step of a conversation, and what its recording needs for it."""
    after, commands = step
    if mode(after.facts) is RecordingMode.OFF and not after.facts.tape.parts:
        return step
    if not isinstance(after, Talking):
        facts, last = close(after.facts, at)
        # The next conversation is recorded as its call center has it.
        facts = replace(facts, tape=Tape(parts=facts.tape.parts))
        return _noted(replace(after, facts=facts), [*last, *commands])
    facts = after.facts
    wanted, why = _wanted(after)
    match facts.tape.state, wanted:
        case (TapeState.NONE, TapeState.NONE | TapeState.PAUSED) | (TapeState.RECORDING, TapeState.RECORDING):
            pass
        case TapeState.PAUSED, TapeState.PAUSED:
            if why is CutWhy.AGENT:
                facts = replace(facts, tape=replace(facts.tape, paused_for=why))
        case TapeState.NONE, _:
            facts, more = _begin(facts, at)
            commands = [*commands, *more]
        case _, TapeState.NONE:
            facts, more = close(facts, at)
            commands = [*more, *commands]
        case _, TapeState.PAUSED:
            paused = replace(facts.tape, state=TapeState.PAUSED, paused_at=at, paused_for=why)
            facts = replace(facts, tape=paused)
            commands = [PauseRecording(_name(facts)), *commands]
        case _:
            facts = replace(facts, tape=_cut(facts.tape, at))
            commands = [*commands, ResumeRecording(_name(facts))]
    return _noted(after if facts is after.facts else replace(after, facts=facts), commands)


def _noted(call: Call, commands: list[Command]) -> Step:
    """Before the switch is told anything: it stands on every party's channel, for an engine that comes after us.

    On each, because whoever is left then tells it.
    """
    facts = call.facts
    mark = marks.of_tape(facts.tape)
    on = parties(call) if isinstance(call, Talking) else (facts.caller_channel,) if facts.caller_here else ()
    noted = (mark, *on)
    if isinstance(call, Clearing | Ended) or noted == facts.tape_noted or (not mark and not facts.tape_noted):
        return call, commands
    old = facts.tape_noted if facts.tape_noted[:1] == (mark,) else ()
    notes: list[Command] = [SetVariable(channel, marks.TAPE_VARIABLE, mark) for channel in on if channel not in old]
    return replace(call, facts=replace(facts, tape_noted=noted)), [*notes, *commands]


def _begin(facts: Facts, at: int) -> tuple[Facts, list[Command]]:
    tape = facts.tape
    begun = replace(
        tape, parts=tape.parts + 1, state=TapeState.RECORDING, began=at, paused_at=0, cuts=(), doubtful=False
    )
    begun = replace(begun, center=facts.route.id if facts.route else None)
    facts = replace(facts, tape=begun)
    return facts, _record(facts)


def _record(facts: Facts) -> list[Command]:
    return [Record(_name(facts), FILE_FORMAT, bridge=ids.bridge(facts.id), once=True)]


def close(facts: Facts, at: int) -> tuple[Facts, list[Command]]:
    """The present part is over, if there is one: it is ended and kept."""
    if facts.tape.state is TapeState.NONE:
        return facts, [CancelTimer(TAPE)] if facts.tape.parts else []
    return _over(facts, at, [StopRecording(_name(facts))])


def _over(facts: Facts, at: int, stop: list[Command]) -> tuple[Facts, list[Command]]:
    tape = _cut(facts.tape, at) if facts.tape.state is TapeState.PAUSED else facts.tape
    # The call may be on its way into another call center's queue.
    center = tape.center or (facts.route.id if facts.route else None)
    keep = KeepRecording(facts.id, _name(facts), tape.parts, tape.began, max(at, tape.began), center, tape.cuts)
    over = replace(tape, state=TapeState.NONE, began=0, paused_at=0, cuts=())
    return replace(facts, tape=over), [*stop, keep, CancelTimer(TAPE)]


def _cut(tape: Tape, at: int) -> Tape:
    """A pause is over: what it left out is noted, at its place in the file."""
    left_out = sum(cut.lasted_ms for cut in tape.cuts)
    since = max(tape.paused_at, tape.began)
    gap = Cut(max(0, since - tape.began - left_out), max(0, at - since), tape.paused_for)
    return replace(tape, state=TapeState.RECORDING, paused_at=0, cuts=(*tape.cuts, gap))


def _name(facts: Facts) -> str:
    return ids.recording(facts.id, facts.tape.parts)


# ------------------------------------------------------------------------------------------------ wishes
def switch_on(call: Talking) -> Talking:
    return _with(call, chosen=True, held_back=False, stopped=None, tries=0)


def switch_off(call: Talking) -> Talking:
    return _with(call, chosen=False, held_back=False, stopped=None)


def hold_back(call: Talking) -> Talking:
    """Nothing is recorded until the agent says so."""
    return _with(call, held_back=True)


def go_on(call: Talking) -> Talking:
    return _with(call, held_back=False)


def _with(call: Talking, **changes: Any) -> Talking:
    return replace(call, facts=replace(call.facts, tape=replace(call.facts.tape, **changes)))


# ------------------------------------------------------------------------------------------------ news
def concerns(facts: Facts, event: Event) -> bool:
    """Is this news of the call's recording?"""
    match event:
        case CommandFailed(command=Record(recording=name) | PauseRecording(recording=name)):
            return name == _name(facts)
        case CommandFailed(command=ResumeRecording(recording=name)):
            return name == _name(facts)
        case RecordingFinished(recording=name) | RecordingFailed(recording=name):
            return name == _name(facts)
        case TimerFired(name=name):
            return name == TAPE
        case DiskFull() | DiskFree():
            return mode(facts) is not RecordingMode.OFF
        case _:
            return False


def news(call: Talking, event: Event) -> Step:
    facts, at = call.facts, event.at
    match event:
        case TimerFired():
            return _again(call)
        case DiskFull():
            stopped = replace(facts, tape=replace(facts.tape, stopped=TapeStop.NO_SPACE))
            stopped, commands = close(stopped, at)
            return replace(call, facts=stopped), commands
        case DiskFree():
            return (_with(call, stopped=None) if facts.tape.stopped is TapeStop.NO_SPACE else call), []
    if facts.tape.state is TapeState.NONE:
        return call, []
    match event:
        case CommandFailed(timed_out=True):
            # Nobody knows: it is ordered again.
            return _with(call, doubtful=True), [SetTimer(TAPE, facts.policy.apart)]
        case CommandFailed(command=Record(), status=status) if not facts.tape.doubtful:
            # There is no file, so nothing is kept.
            return _failed(_with(call, state=TapeState.NONE), full=status == NO_SPACE)
        case CommandFailed(command=Record(), status=status):
            facts, commands = _over(facts, at, [StopRecording(_name(facts))])
            after, more = _failed(replace(call, facts=facts), full=status == NO_SPACE)
            return after, [*commands, *more]
        case CommandFailed(command=PauseRecording() | ResumeRecording(), status=status):
            stop: list[Command] = [] if status == 404 else [StopRecording(_name(facts))]
            return _part_ended(call, at, stop, failed=False)
        case RecordingFailed():
            return _part_ended(call, at, [], failed=True)
        case _:
            return _part_ended(call, at, [], failed=at - facts.tape.began < TOO_SHORT)


def _part_ended(call: Talking, at: int, stop: list[Command], *, failed: bool) -> Step:
    facts, commands = _over(call.facts, at, stop)
    ended = replace(call, facts=facts)
    if not failed:
        return ended, commands
    after, more = _failed(ended, full=False)
    return after, [*commands, *more]


def _failed(call: Talking, *, full: bool) -> tuple[Talking, list[Command]]:
    """It is tried again some times; the call goes on in any case."""
    facts, tape = call.facts, call.facts.tape
    if full:
        return _with(call, stopped=TapeStop.NO_SPACE), []
    call = _with(call, stopped=TapeStop.FAILED, tries=tape.tries + 1)
    return call, [SetTimer(TAPE, facts.policy.tape_again)] if tape.tries < facts.policy.tape_tries else []


def _again(call: Talking) -> Step:
    facts, tape = call.facts, call.facts.tape
    match tape.state:
        case TapeState.RECORDING | TapeState.PAUSED if not tape.doubtful:
            return call, []  # of an earlier part
        case TapeState.NONE:
            return (_with(call, stopped=None) if tape.stopped is TapeStop.FAILED else call), []
        case TapeState.RECORDING:
            return call, [*_record(facts), ResumeRecording(_name(facts))]
        case TapeState.PAUSED:
            return call, [*_record(facts), PauseRecording(_name(facts))]


# ------------------------------------------------------------------------------------------------ after a restart
def taken_up(step: Step, mark: str, live: str, at: int) -> Step:
    """A call found on the switch, with what an engine before us wrote of its recording.

    ``live``: the state of the part that was running, as ARI says it; empty: it is over, or there was none.
    """
    call, commands = step
    told = marks.read_tape(mark)
    if told is None:
        return follow(step, at)
    told = replace(told, paused_for=CutWhy.AGENT if told.held_back else CutWhy.HOLD)
    facts = replace(call.facts, tape=told)
    runs = live in ("recording", "paused", "queued")
    if told.state is not TapeState.NONE and runs and mode(facts) is not RecordingMode.OFF:
        paused = live == "paused"
        state = TapeState.PAUSED if paused else TapeState.RECORDING
        # The order to pause, or to go on, may have been the last that was noted and not carried out.
        since = told.paused_at or at
        now = replace(told, state=state, paused_at=since if paused else 0)
        facts = replace(facts, tape=now)
    elif told.state is not TapeState.NONE:
        facts, ended = _over(facts, at, [StopRecording(_name(facts))] if runs else [])
        commands = [*commands, *ended]
    return follow((replace(call, facts=facts), commands), at)
