"""What is told of each simulated call, and that nothing of it lacks a reason.

Owns: folding the stories as the real shell does, their verdict, and a note of every code that was told. Must not:
forgive anything: a story is the model's own, whatever the weather.
"""

from __future__ import annotations

from collections.abc import Sequence

from simulation.case import Case, Violation

from ari_app.core import commands as c
from ari_app.core import events as e
from ari_app.core import ids
from ari_app.core import story as story_of
from ari_app.core.call import Call
from models.values.call import LegKind
from models.values.cdr import CallRecord, LegRecord
from models.values.story import CallEvent, StoryCode

Told = tuple[str, str]
"""What was told: its kind (code, timer, what, phase, reason, outcome, skipped …), and the word for it."""

_WORDED = ("timer", "what", "phase", "reason", "outcome", "strategy", "kind")


_ENDS = (StoryCode.LEG_NOT_TAKEN, StoryCode.LEG_OVER, StoryCode.LEG_ANSWERED)


class Stories:
    def __init__(self) -> None:
        self._of: dict[str, story_of.Story] = {}
        self.entries: dict[str, list[CallEvent]] = {}
        self.told: set[Told] = set()
        self._early: dict[str, list[e.NobodyFree]] = {}

    # ------------------------------------------------------------ as ari_app.runner does it
    def begin(self, case: Case, call: Call, first: Sequence[c.Command], at: int, *, adopted: bool) -> None:
        known = len(self.entries.get(case.id, ()))
        self._take(case, story_of.begin(call, first, at, after=known, adopted=adopted))
        for event in self._early.pop(case.id, ()):
            self.tell(case, call, event, call, [])

    def begins(self, case: Case) -> None:
        """Before its first commands: what they lead to at once is told after its beginning."""
        self._of.pop(case.id, None)

    def aside(self, case: Case, event: e.NobodyFree) -> None:
        """News that changes nothing, whatever the phase: for the story only."""
        if case.call is None or case.id not in self._of:
            self._early.setdefault(case.id, []).append(event)
        else:
            self.tell(case, case.call, event, case.call, [])

    def tell(self, case: Case, before: Call, event: e.Event, after: Call, commands: Sequence[c.Command]) -> None:
        self._take(case, story_of.tell(self._of[case.id], before, event, after, commands))

    def _take(self, case: Case, tale: story_of.Tale) -> None:
        self._of[case.id], entries = tale
        kept = self.entries.setdefault(case.id, [])
        for entry in entries:
            if entry.ordinal != len(kept) + 1 or entry.call_id != case.id:
                raise Violation(f"{case.id} tells {entry} after {len(kept)} entries")
            kept.append(entry)
            self._note(entry)

    def _note(self, entry: CallEvent) -> None:
        self.told.add(("code", entry.code.value))
        for kind in _WORDED:
            word = entry.detail.get(kind)
            if word:
                self.told.add((kind, str(word)))
        for _, why in entry.detail.get("agents", ()):
            self.told.add(("skipped", why))

    # ------------------------------------------------------------ the verdict
    def finished(self, cases: Sequence[Case]) -> None:
        for case in cases:
            entries = self.entries.get(case.id, [])
            if case.closed is not None and case.call is None and not entries:
                continue  # refused before anything rang: its record says why, and it never was a call
            if case.closed is not None:
                self._closed(case, entries, *case.closed)
            elif case.steps and not entries:
                raise Violation(f"{case.id} lived, and nothing is told of it")

    def _closed(self, case: Case, entries: list[CallEvent], record: CallRecord, legs: tuple[LegRecord, ...]) -> None:
        codes = [entry.code for entry in entries]
        if codes.count(StoryCode.ARRIVED) + codes.count(StoryCode.ADOPTED) < 1 or codes.count(StoryCode.CLOSED) != 1:
            raise Violation(f"{case.id} was closed, its story: {codes}")
        end = entries[codes.index(StoryCode.CLOSED)].detail
        if (end["outcome"], end["reason"]) != (record.outcome.value, record.reason) or not record.reason:
            raise Violation(f"{case.id} ended as {record}, but it is told: {end}")
        if StoryCode.ADOPTED in codes:
            # The legs that an earlier engine made are told, but the call numbers its own anew.
            entries = entries[len(codes) - 1 - codes[::-1].index(StoryCode.ADOPTED) :]
            codes = [entry.code for entry in entries]
        for leg in legs:
            of_leg = {entry.code: entry for entry in entries if entry.detail.get("leg") == leg.ordinal}
            # One that lasted to the call's end ends with it.
            end_of_leg = next((of_leg[one] for one in _ENDS if one in of_leg), None)
            if leg.kind not in (LegKind.AGENT, LegKind.OUTSIDE):
                began = [one for one in entries if one.code is StoryCode.STRETCH_BEGAN]
                if leg.kind.value not in [one.detail["kind"] for one in began]:
                    raise Violation(f"{case.id}: the stretch {leg} is not told: {entries}")
                continue
            came = ids.call_of(leg.channel_id) not in (None, case.id)  # from another call, where it was rung
            if (StoryCode.LEG_MADE not in of_leg and not came) or end_of_leg is None:
                raise Violation(f"{case.id}: the fate of {leg} is not told: {entries}")
            if end_of_leg.code is StoryCode.LEG_NOT_TAKEN and end_of_leg.detail["outcome"] != leg.outcome.value:
                raise Violation(f"{case.id}: {leg}, but it is told: {end_of_leg}")
        if StoryCode.SEEKING in codes and not legs and not _says_why_nobody(codes) and record.wait_ms > 1_000:
            raise Violation(f"{case.id} waited {record.wait_ms} ms, rang nobody, and nobody is told why: {entries}")


def _says_why_nobody(codes: Sequence[StoryCode]) -> bool:
    return StoryCode.NOBODY_FREE in codes or StoryCode.NOBODY_CAN_COME in codes
