"""What must be true of the recordings: whenever nothing is on its way, and at the end.

Owns: the verdicts. Must not: forgive anything but what a fault of the case justifies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulation.case import Case, Violation

from ari_app.core import ids, tape
from ari_app.core.call import Talking

if TYPE_CHECKING:
    from simulation.switch import Switch

SLACK = 1_500
"""Milliseconds by which a file may be shorter or longer than told."""


def compare(switch: Switch, case: Case, call: Talking) -> None:
    """Recorded is what is to be recorded, and nothing else: no music, nothing that an agent held back."""
    if tape.TAPE in case.timers:
        return  # an order that failed is given again
    facts = call.facts
    now = switch.recorder.unpaused(case)
    heard = [channel for channel in switch.bridges.get(ids.bridge(case.id), ()) if channel not in call.phone_held]
    wanted = tape.is_on(facts) and facts.tape.stopped is None and not facts.tape.held_back and len(heard) > 1
    if now and not wanted:
        raise Violation(f"{case.id} is recorded although it must not be: {now}, {facts.tape}, in the bridge: {heard}")
    if wanted and now != {ids.recording(case.id, facts.tape.parts)}:
        raise Violation(f"{case.id} is not recorded although it should be: {now}, {facts.tape}")


def finished(switch: Switch, cases: list[Case], *, calm: bool) -> None:
    recorder = switch.recorder
    if recorder.live:
        raise Violation(f"still recorded after all calls: {sorted(recorder.live)}")
    known = {case.id: case for case in cases}
    for name in recorder.stored:
        case = known[ids.call_of(name) or ""]
        # What nobody kept, the engine that comes next finds among the files.
        if name not in recorder.kept and not (case.restarted or case.unrecorded):
            raise Violation(f"{case.id}: the recording {name} is not kept")
    if not calm:
        return
    for name, command in recorder.kept.items():
        if name in recorder.refused:
            continue
        if name not in recorder.stored:
            raise Violation(f"{command.call_id}: {name} is kept, and there is no such file")
        told = command.ended - command.began - sum(cut.lasted_ms for cut in command.cuts)
        if abs(told - recorder.stored[name]) > SLACK:
            raise Violation(f"{name} lasts {recorder.stored[name]} ms, told are {told}: {command}")
