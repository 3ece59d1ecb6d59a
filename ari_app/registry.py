"""Which call a channel belongs to.

Owns: the live calls, and the names of what ended calls left behind (strays, for the reaper). Must not: know what an
event means.
"""

from __future__ import annotations

from collections.abc import Iterator

from ari_app.core import ids
from ari_app.core.events import Event
from ari_app.runner import CallRunner


class Registry:
    def __init__(self) -> None:
        self._calls: dict[str, CallRunner] = {}
        self._elsewhere: dict[str, str] = {}
        """Channels that belong to another call than their id says: a party that was given to it (``core.joining``)."""
        self.strays: set[str] = set()
        """Channels and bridges that a call could not see ended."""

    def __len__(self) -> int:
        return len(self._calls)

    def __iter__(self) -> Iterator[CallRunner]:
        return iter(tuple(self._calls.values()))

    def __contains__(self, call_id: object) -> bool:
        return call_id in self._calls

    def add(self, runner: CallRunner) -> None:
        self._calls[runner.call_id] = runner

    def get(self, call_id: str) -> CallRunner | None:
        return self._calls.get(call_id)

    def on(self, thing_id: str) -> CallRunner | None:
        """The call of this channel, bridge or playback."""
        given_to = self._elsewhere.get(thing_id)
        if given_to is not None:
            return self._calls.get(given_to)
        runner = self._calls.get(thing_id)
        if runner is not None:
            return runner
        call_id = ids.call_of(thing_id)
        return self._calls.get(call_id) if call_id is not None else None

    def tell(self, thing_id: str, event: Event) -> bool:
        """Post the event to its call; False: no live call has it."""
        runner = self.on(thing_id)
        if runner is None:
            return False
        runner.post(event)
        return True

    def move(self, channel: str, call_id: str) -> None:
        """From now on this channel, and its far half, belong to that call."""
        self._elsewhere[channel] = self._elsewhere[ids.far_half(channel)] = call_id

    def forget(self, call_id: str, strays: tuple[str, ...]) -> None:
        self._calls.pop(call_id, None)
        self._elsewhere = {channel: owner for channel, owner in self._elsewhere.items() if owner != call_id}
        self.strays.update(strays)
