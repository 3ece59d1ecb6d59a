"""The switch's recorder: what is recorded of which bridge, what fails, and what is left as a file.

Owns: recordings of bridges as Asterisk 22 makes them (a name is taken once; a bridge's end ends its recording), the
disk that fills up, and the shell's mover. Must not: know what the core wants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulation.case import Case, Violation

from ari_app.core import commands as c
from ari_app.core import events as e

if TYPE_CHECKING:
    from simulation.switch import Channel, Switch

NO_SPACE = 507
FAILING = 0.02
"""Of recordings: not begun at all, or broken off."""


class Part:
    """A recording of a bridge that is being made."""

    __slots__ = ("bridge", "case", "heard", "paused", "since", "wire")

    def __init__(self, case: Case, bridge: str, wire: Channel, now: float) -> None:
        self.case = case
        self.bridge = bridge
        self.wire = wire
        """Its news come in order."""
        self.paused = False
        self.since = now
        self.heard = 0.0
        """Milliseconds in the file, up to `since`."""

    def length(self, now: float) -> float:
        return self.heard + (0.0 if self.paused else now - self.since)

    def pause(self, paused: bool, now: float) -> None:
        self.heard, self.since, self.paused = self.length(now), now, paused


class Recorder:
    def __init__(self, switch: Switch) -> None:
        self._switch = switch
        self.live: dict[str, Part] = {}
        self.stored: dict[str, float] = {}
        """Files, by name: their length in milliseconds."""
        self.refused: set[str] = set()
        self.kept: dict[str, c.KeepRecording] = {}
        self.full = False

    # ------------------------------------------------------------------------------------------ orders
    def record(self, case: Case, command: c.Record) -> int:
        status = self._record(case, command)
        if status > 299:
            self.refused.add(command.recording)
        return status

    def _record(self, case: Case, command: c.Record) -> int:
        from simulation.switch import Channel

        switch, name, bridge = self._switch, command.recording, command.bridge or ""
        if self.full:
            return NO_SPACE
        if name in self.live or name in self.stored:
            if not command.once:
                raise Violation(f"{case.id}: {name} is written over")
            return 409
        if bridge not in switch.bridges:
            return 404
        if switch.rng.random() < FAILING:
            return 500
        self.live[name] = Part(case, bridge, Channel(name, case, "recorder"), switch.agenda.now)
        if switch.rng.random() < FAILING:
            switch.agenda.after(20_000 * switch.rng.random(), self._breaks, name)
        return 201

    def stop(self, name: str) -> int:
        part = self.live.pop(name, None)
        if part is None:
            return 404
        now = self._switch.agenda.now
        self.stored[name] = part.length(now)
        self._switch.tell(part.wire, e.RecordingFinished, name, round(part.length(now) / 1000))
        return 204

    def pause(self, name: str, paused: bool) -> int:
        part = self.live.get(name)
        if part is None:
            return 404
        part.pause(paused, self._switch.agenda.now)
        return 204

    def bridge_gone(self, bridge: str) -> None:
        for name in [name for name, part in self.live.items() if part.bridge == bridge]:
            self.stop(name)

    def _breaks(self, name: str) -> None:
        part = self.live.pop(name, None)
        if part is not None:
            self.stored[name] = part.length(self._switch.agenda.now)
            self._switch.tell(part.wire, e.RecordingFailed, name, "no disk")

    # ------------------------------------------------------------------------------------------ the mover
    def keep(self, case: Case, command: c.KeepRecording) -> None:
        """As ``ari_app.conversations`` does it: a recording that still runs is ended first."""
        if command.recording in self.kept and not case.restarted:
            raise Violation(f"{case.id}: {command.recording} is kept twice")
        gaps = sum(cut.lasted_ms for cut in command.cuts)
        if command.ended < command.began or gaps > command.ended - command.began:
            raise Violation(f"{case.id}: more is missing than there was: {command}")
        self.kept[command.recording] = command
        self._switch.agenda.after(2_000 + 3_000 * self._switch.rng.random(), self._moved, command.recording)

    def _moved(self, name: str) -> None:
        if name in self.live:
            self.stop(name)

    def unpaused(self, case: Case) -> set[str]:
        """What is being recorded of this call, and will not be ended by the mover."""
        return {
            name for name, part in self.live.items() if part.case is case and not part.paused and name not in self.kept
        }
