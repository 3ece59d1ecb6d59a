"""A switch that is not there: channels, bridges, what is ordered of them and what is told of them.

Owns: Asterisk's behaviour as far as the core can see it, and the faults of the wire. Must not: know the engine's
mind. Facts and their order are those measured on Asterisk 22 and written down in docs and tests/asterisk.

Of one channel the news come in order, of two in any. Orders are carried out in the order given. An order whose answer
nobody needs is told to nobody, as ``ari_app.ari.execute`` does it.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from simulation.agenda import Agenda
from simulation.case import Case
from simulation.recorder import Recorder
from simulation.weather import Weather

from ari_app.core import commands as c
from ari_app.core import events as e
from ari_app.core import ids, marks

if TYPE_CHECKING:
    from simulation.people import People
    from simulation.shell import Shell

PLAIN, REFUSED, LOST, UNANSWERED, LATE = range(5)

SLOWEST = 2_500.0
"""Milliseconds that a message may take at most."""


class Channel:
    __slots__ = (
        "agent",
        "bridge",
        "case",
        "dialled",
        "dying",
        "half",
        "hears",
        "id",
        "in_bridge_heard",
        "in_stasis",
        "mark",
        "ours",
        "recording",
        "refused",
        "role",
        "since",
        "tape_mark",
        "up",
        "wire",
    )  # fmt: skip

    def __init__(self, channel_id: str, case: Case, role: str, agent: int | None = 0) -> None:
        self.id = channel_id
        self.case = case
        self.role = role
        """caller, leg, or far (of a virtual phone)."""
        self.agent = agent
        self.ours = False
        """A calling side that we made ourselves: its end is told as a leg's."""
        self.in_stasis = False
        self.dying = False
        self.up = False
        self.dialled = False
        self.refused = False
        self.bridge: str | None = None
        self.half: Channel | None = None
        self.hears: set[str] = set()
        """What is played to it: music, ringing, playbacks by their ids."""
        self.in_bridge_heard: str | None = None
        """A playback that began while it was in a bridge: if it leaves before the end, it obeys nobody any more."""
        self.mark = ""
        self.tape_mark = ""
        self.recording: str | None = None
        self.wire = 0.0
        """When its last news arrives: later news come later."""
        self.since = 0
        """When it was made."""


class Switch:
    def __init__(self, agenda: Agenda, rng: random.Random, weather: Weather, trace: list[str] | None) -> None:
        self.agenda = agenda
        self.rng = rng
        self.weather = weather
        self.trace = trace
        self.shell: Shell
        self.people: People
        self.channels: dict[str, Channel] = {}
        self.bridges: dict[str, set[str]] = {}
        self.cases: dict[str, Case] = {}
        self.ended: dict[str, tuple[int, int]] = {}
        """Asterisk's own log: channel -> (time, cause) of its end."""
        self.recorder = Recorder(self)
        self.connected = True
        self.connected_at = 0.0
        self.connection = 1
        self.timeout = rng.choice((1000.0, 5000.0))
        self._outstanding: dict[int, tuple[Case, c.SwitchCommand]] = {}
        self._orders = 0
        self._executed = 0.0
        self._answered = 0.0
        self._received_until = 0.0

    def lag(self) -> float:
        weather = self.weather
        dice = self.rng.random()
        if dice < weather.slow:
            return min(100 * weather.lag, SLOWEST) * self.rng.random()
        return weather.lag * 2 * dice

    # ------------------------------------------------------------------------------------------ what is told
    def tell(self, channel: Channel, kind: Any, *about: Any) -> None:
        """News of this channel: ``kind(at, *about)``."""
        case = channel.case
        if not self.connected:
            case.doubt = True
            return
        now = self.agenda.now
        arrival = kind is e.CallerArrived or kind is e.AgentDials
        if self.weather.missing and not arrival and self.rng.random() < self.weather.missing:
            case.doubt = True
            return
        if self.weather.shuffled and kind is not e.CallerArrived and self.rng.random() < self.weather.shuffled:
            when = now + self.weather.lag * 50 * self.rng.random()
            case.doubt = True
        else:
            when = now + self.lag()
            if when < channel.wire:
                when = channel.wire
            channel.wire = when
        case.in_flight += 1
        self.agenda.at(when, self._tell_now, case, self.connection, kind, about)
        # A channel arrives once; all else may be told again, at once or when it means nothing any more.
        if self.weather.twice and not arrival and self.rng.random() < self.weather.twice:
            case.in_flight += 1
            again = when + self.rng.choice((0.0, 2.0, 5_000.0)) * self.rng.random()
            self.agenda.at(again, self._tell_now, case, self.connection, kind, about)

    def _tell_now(self, case: Case, connection: int, kind: Any, about: tuple[Any, ...]) -> None:
        case.in_flight -= 1
        if connection != self.connection:
            case.doubt = True
            return
        self.shell.on_event(case, kind(int(self.agenda.now), *about))

    # ------------------------------------------------------------------------------------------ what is ordered
    def order(self, case: Case, command: c.SwitchCommand) -> None:
        case.in_flight += 1
        self._orders += 1
        self._outstanding[self._orders] = (case, command)
        if not self.connected:
            self._note_unended(case, command)
            self.agenda.after(0, self._fail, self._orders, None)
            return
        fault = PLAIN
        weather = self.weather
        if weather.kind == "stormy":
            dice = self.rng.random()
            for fault_kind, share in (
                (REFUSED, weather.refused),
                (LOST, weather.lost),
                (UNANSWERED, weather.unanswered),
                (LATE, weather.late),
            ):
                if dice < share:
                    fault = fault_kind
                    break
                dice -= share
            if fault is not PLAIN:
                self._note_unended(case, command)
        when = self.agenda.now + self.lag()
        if when < self._executed:
            when = self._executed
        self._executed = when
        self.agenda.at(when, self._execute, self._orders, case, command, fault, self.connection)

    def _note_unended(self, case: Case, command: c.SwitchCommand) -> None:
        if isinstance(command, c.Hangup | c.DestroyBridge):
            case.unended = True

    def _execute(self, order: int, case: Case, command: c.SwitchCommand, fault: int, connection: int) -> None:
        if connection != self.connection and self.agenda.now > self._received_until:
            self._note_unended(case, command)
            return  # it was never read from the socket
        if fault is REFUSED:
            self._answer(order, 500)
            return
        if fault is LOST:
            self.agenda.after(self.timeout, self._fail, order, None)
            return
        if fault is LATE:
            case.late = True
            self.agenda.after(self.timeout, self._fail, order, None)
            self.agenda.after(self.timeout + 6000 * self.rng.random(), _DO[type(command)], self, case, command)
            return
        status = _DO[type(command)](self, case, command)
        if self.trace is not None:
            self.trace.append(f"{self.agenda.now:.2f}    switch: {status} {command}")
        if self.weather.hung_up and self.rng.random() < self.weather.hung_up:
            self._somebody_hangs_up(case)
        if connection != self.connection:
            return
        if fault is UNANSWERED:
            self.agenda.after(self.timeout, self._fail, order, None)
        elif status < 300 and not isinstance(command, c.AddToBridge | c.RemoveFromBridge):
            self._outstanding.pop(order, None)
            case.in_flight -= 1
            if case.in_flight == 0:
                self.shell.checks.perhaps_compare(case)
        else:
            self._answer(order, status)

    def _answer(self, order: int, status: int) -> None:
        when = self.agenda.now + self.lag()
        if when < self._answered:
            when = self._answered
        self._answered = when
        self.agenda.at(when, self._fail, order, status)

    def _fail(self, order: int, status: int | None) -> None:
        """The answer (or that there is none) reaches the engine; see ``ari_app.ari.execute.answer``."""
        found = self._outstanding.pop(order, None)
        if found is None:
            return  # the connection it was given on is gone
        case, command = found
        case.in_flight -= 1
        at = int(self.agenda.now)
        if status is not None and status < 300:
            self.shell.post(case, e.CommandDone(at, command))
        elif status == 404 and isinstance(command, c.Hangup):
            self.shell.post(case, e.ChannelGone(at, command.channel))
        elif (status == 404 and isinstance(command, _DONE_WHEN_GONE)) or (
            status == 409
            and (isinstance(command, c.CreateLeg | c.CreateBridge) or (isinstance(command, c.Record) and command.once))
        ):
            pass
        else:
            self.shell.post(case, e.CommandFailed(at, command, status, f"status {status}", timed_out=status is None))

    # ------------------------------------------------------------------------------------------ the connection
    def cut(self) -> None:
        """The websocket is lost: nobody knows what became of the outstanding orders."""
        self.connected = False
        self.connection += 1
        self._received_until = self.agenda.now + self.lag()
        for order in tuple(self._outstanding):
            case, command = self._outstanding[order]
            self._note_unended(case, command)
            self.agenda.after(0, self._fail, order, None)

    def is_told_to_end(self, channel: str) -> bool:
        """An order to hang it up has gone out, and is not answered."""
        return any(command == c.Hangup(channel) for _, command in self._outstanding.values())

    def forget_orders(self) -> None:
        """Nobody is there any more to hear the answers."""
        for case, _ in self._outstanding.values():
            case.in_flight -= 1
        self._outstanding.clear()

    def reconnect(self) -> None:
        self.connected = True
        self.connected_at = self.agenda.now

    def when_executed(self) -> float:
        """When a question asked now is answered from the switch's state."""
        self._executed = max(self.agenda.now + self.lag(), self._executed)
        return self._executed

    # ------------------------------------------------------------------------------------------ the orders
    def move(self, channel_id: str, giver: Case, taker: Case) -> None:
        """To us it belongs to another call from now on; to Asterisk nothing has happened."""
        channel = self.channels.get(channel_id)
        if channel is not None:
            channel.case = taker
            if channel.half is not None:
                channel.half.case = taker
        if channel_id in giver.answered:
            taker.answered.setdefault(channel_id, giver.answered[channel_id])
        # What was wrong with it there is wrong with it here.
        taker.doubt |= giver.doubt
        taker.unended |= giver.unended
        taker.late |= giver.late
        taker.missed |= giver.missed
        taker.restarted |= giver.restarted

    def _in_stasis(self, channel_id: str) -> Channel | int:
        channel = self.channels.get(channel_id)
        if channel is None:
            return 404
        return channel if channel.in_stasis else 409

    def _pick_up(self, case: Case, command: c.Answer) -> int:
        channel = self._in_stasis(command.channel)
        if isinstance(channel, int):
            return channel
        if not channel.dying:
            channel.up = True
            near = channel.half
            if channel.role == "far" and near is not None:
                self.answered(near)
        return 204

    def answered(self, leg: Channel) -> None:
        """The phone is picked up."""
        if leg.dialled and not leg.up and not leg.dying:
            leg.up = True
            leg.case.answered.setdefault(leg.id, self.agenda.now)
            self.tell(leg, e.LegAnswered, leg.id)

    def _create(self, case: Case, command: c.CreateLeg) -> int:
        if command.channel in self.channels:
            return 409
        first = command.channel == case.id  # Click2Dial: the agent's own phone
        if not first and command.originator not in self.channels:
            return 400
        if self.people.no_channel(command.agent):
            return 500
        leg = Channel(command.channel, case, "caller" if first else "leg", command.agent)
        leg.ours = first
        leg.since = int(self.agenda.now)
        leg.mark = dict(command.variables).get(marks.VARIABLE, "")
        self.channels[leg.id] = leg
        if command.virtual:
            far = Channel(ids.far_half(leg.id), case, "far", command.agent)
            self.channels[far.id] = far
            leg.half, far.half = far, leg
        self._later(case, self._enter, leg)
        return 200

    def _enter(self, leg: Channel) -> None:
        leg.case.in_flight -= 1
        if leg.id not in self.channels or (leg.dying and self.rng.random() < 0.5):
            return
        leg.in_stasis = True
        self.tell(leg, e.LegReady, leg.id)

    def _dial(self, case: Case, command: c.DialLeg) -> int:
        leg = self._in_stasis(command.channel)
        if isinstance(leg, int):
            return leg
        if leg.dialled:
            return 409
        leg.dialled = True
        if not leg.dying:
            self.people.phone_rings(leg, command.seconds)
        return 204

    def far_arrives(self, leg: Channel) -> None:
        """A virtual phone is called: its far half enters the application."""
        far = leg.half
        if far is None or far.dying or far.id not in self.channels:
            return
        far.in_stasis = True
        self.tell(far, e.FarHalfArrived, leg.id, far.id)

    def _hang_up(self, case: Case, command: c.Hangup) -> int:
        channel = self.channels.get(command.channel)
        if channel is None:
            return 404
        self.hang_up(channel, command.cause)
        return 204

    def _create_bridge(self, case: Case, command: c.CreateBridge) -> int:
        self.bridges.setdefault(command.bridge, set())
        return 200

    def _add(self, case: Case, command: c.AddToBridge) -> int:
        bridge = self.bridges.get(command.bridge)
        if bridge is None:
            return 404
        channels = [self.channels.get(channel) for channel in command.channels]
        for channel in channels:
            if channel is None:
                return 400
            if not channel.in_stasis or (channel.dying and self.rng.random() < 0.5):
                return 422
        for channel in channels:
            if channel is not None and not channel.dying:
                if channel.bridge is not None:
                    self.bridges[channel.bridge].discard(channel.id)
                channel.bridge = command.bridge
                bridge.add(channel.id)
        self.people.joined(case, [channel for channel in channels if channel is not None])
        return 204

    def _destroy(self, case: Case, command: c.DestroyBridge) -> int:
        return 204 if self.destroy(command.bridge) else 404

    def destroy(self, bridge: str) -> bool:
        """Its members are in none then; False: there is no such bridge."""
        members = self.bridges.pop(bridge, None)
        for channel in members or ():
            self.channels[channel].bridge = None
        self.recorder.bridge_gone(bridge)
        return members is not None

    def _remove(self, case: Case, command: c.RemoveFromBridge) -> int:
        bridge = self.bridges.get(command.bridge)
        if bridge is None:
            return 404
        for channel in command.channels:
            if channel not in bridge:
                return 422
            bridge.discard(channel)
            self.channels[channel].bridge = None
        return 204

    def _media(self, case: Case, command: Any) -> int:
        """Nothing that the switch tells of follows."""
        found = self._in_stasis(command.channel)
        return found if isinstance(found, int) else 204

    def _sound(self, case: Case, command: Any) -> int:
        """Music or the ringing tone begins or ends."""
        found = self._in_stasis(command.channel)
        if isinstance(found, int):
            return found
        what, begins = _SOUNDS[type(command)]
        if begins and found.up:
            found.hears.add(what)
        else:
            found.hears.discard(what)
        return 204

    def _set_variable(self, case: Case, command: c.SetVariable) -> int:
        found = self._in_stasis(command.channel)
        if isinstance(found, int):
            return found
        if command.name == marks.VARIABLE:
            found.mark = command.value
        elif command.name == marks.TAPE_VARIABLE:
            found.tape_mark = command.value
        return 204

    def _stop_playback(self, case: Case, command: c.StopPlayback) -> int:
        for channel in self.channels.values():
            if command.playback in channel.hears:
                channel.hears.discard(command.playback)
                self.tell(channel, e.PlaybackFinished, command.playback)
                return 204
        return 404

    def _record(self, case: Case, command: c.Record) -> int:
        if command.bridge is not None:
            return self.recorder.record(case, command)
        channel = self._in_stasis(command.channel or "")
        if isinstance(channel, int):
            return channel
        if channel.hears:
            self.shell.checks.overheard(case, channel, "is recorded")
        channel.recording = command.recording
        if self.rng.random() < self.weather.no_playback_end / 4:
            self.tell(channel, e.RecordingFailed, command.recording, "no disk")
            channel.recording = None
        else:
            longest = min(command.seconds * 1000.0, case.plan.message)
            self.agenda.after(longest, self._recorded, channel, command.recording)
        return 201

    def _recorded(self, channel: Channel, recording: str) -> None:
        if channel.recording == recording and channel.id in self.channels:
            channel.recording = None
            if self.rng.random() >= self.weather.no_playback_end:
                self.tell(channel, e.RecordingFinished, recording, 3)

    def _stop_recording(self, case: Case, command: c.StopRecording) -> int:
        for channel in self.channels.values():
            if channel.recording == command.recording:
                self._recorded(channel, command.recording)
                return 204
        return self.recorder.stop(command.recording)

    def _pause_recording(self, case: Case, command: c.PauseRecording) -> int:
        return self.recorder.pause(command.recording, True)

    def _resume_recording(self, case: Case, command: c.ResumeRecording) -> int:
        return self.recorder.pause(command.recording, False)

    def _play(self, case: Case, command: c.Play) -> int:
        channel = self._in_stasis(command.channel)
        if isinstance(channel, int):
            return channel
        channel.hears.add(command.playback)
        if channel.bridge is not None and not case.late:  # what is carried out late here would have been late together
            channel.in_bridge_heard = command.playback
            if self.weather.kind == "calm":
                self.shell.checks.overheard(case, channel, "is played to in a bridge")
        if self.rng.random() >= self.weather.no_playback_end:
            self.agenda.after(4000 * self.rng.random(), self._played, channel, command.playback)
        return 201

    def _played(self, channel: Channel, playback: str) -> None:
        if playback in channel.hears and (channel.id in self.channels or self.rng.random() < 0.5):
            channel.hears.discard(playback)
            self.tell(channel, e.PlaybackFinished, playback)

    def _continue(self, case: Case, command: c.Continue) -> int:
        """On in the dialplan: nothing more is told of this channel, and nobody but the caller ends it."""
        channel = self._in_stasis(command.channel)
        if isinstance(channel, int):
            return channel
        if channel.dying:
            return 404
        self.shell.checks.sent_on(case, command)
        if channel.bridge is not None:
            self.bridges[channel.bridge].discard(channel.id)
            channel.bridge = None
        channel.in_stasis = False
        del self.channels[channel.id]
        self.ended[channel.id] = (int(self.agenda.now), 16)
        self.tell(channel, e.ChannelGone, channel.id)
        return 204

    # ------------------------------------------------------------------------------------------ the end
    def hang_up(self, channel: Channel, cause: int) -> None:
        """Somebody hung up, or was made to. Safe to repeat."""
        if channel.dying or channel.id not in self.channels or channel.in_bridge_heard in channel.hears:
            return  # the last: seen with Asterisk 22, see docs/asterisk-notes.md
        channel.dying = True
        if channel.bridge is not None:
            self.bridges[channel.bridge].discard(channel.id)
            channel.bridge = None
        if channel.in_stasis and not channel.refused:
            for _ in range(self.rng.choice((0, 1, 1, 2))):
                self.tell(channel, e.ChannelLeft, channel.id, cause or None)
        self._later(channel.case, self._bury, channel.case, channel, cause)
        if channel.half is not None:
            self.hang_up(channel.half, cause)

    def _bury(self, case: Case, channel: Channel, cause: int) -> None:
        case.in_flight -= 1
        del self.channels[channel.id]
        self.ended[channel.id] = (int(self.agenda.now), cause)
        was_in, channel.in_stasis = channel.in_stasis, False
        if channel.role == "leg" or channel.ours:
            if was_in and not channel.refused:
                self.tell(channel, e.ChannelLeft, channel.id)
            elif not was_in and self.rng.random() < self.weather.no_news:
                channel.case.doubt = True
                return
            self.tell(channel, e.ChannelGone, channel.id, cause or None)
        elif was_in:
            # Leaving the application is the last that is told of a channel that came through the dialplan.
            self.tell(channel, e.ChannelGone, channel.id)
            if self.rng.random() < 0.3:
                self.tell(channel, e.ChannelGone, channel.id, cause or None)

    def _later(self, case: Case, what: Any, *args: Any) -> None:
        case.in_flight += 1
        self.agenda.after(self.lag(), what, *args)

    def _somebody_hangs_up(self, case: Case) -> None:
        things = [channel for channel in self.channels.values() if channel.case is case]
        if things:
            self.hang_up(self.rng.choice(things), self.rng.choice((16, 16, 27, 38, 0)))


_DONE_WHEN_GONE = (c.DestroyBridge, c.StopPlayback, c.StopRecording, c.StopMusic, c.StopRinging, c.Unmute)
_SOUNDS: dict[type, tuple[str, bool]] = {
    c.Ring: ("ringing", True),
    c.StopRinging: ("ringing", False),
    c.StartMusic: ("music", True),
    c.StopMusic: ("music", False),
}

_DO: dict[type, Any] = {
    **dict.fromkeys(_SOUNDS, Switch._sound),
    c.Answer: Switch._pick_up,
    c.CreateLeg: Switch._create,
    c.DialLeg: Switch._dial,
    c.Hangup: Switch._hang_up,
    c.CreateBridge: Switch._create_bridge,
    c.AddToBridge: Switch._add,
    c.DestroyBridge: Switch._destroy,
    c.RemoveFromBridge: Switch._remove,
    **dict.fromkeys((c.Mute, c.Unmute, c.SendDtmf, c.TellTransfer), Switch._media),
    c.SetVariable: Switch._set_variable,
    c.Play: Switch._play,
    c.StopPlayback: Switch._stop_playback,
    c.Record: Switch._record,
    c.Continue: Switch._continue,
    c.StopRecording: Switch._stop_recording,
    c.PauseRecording: Switch._pause_recording,
    c.ResumeRecording: Switch._resume_recording,
}
