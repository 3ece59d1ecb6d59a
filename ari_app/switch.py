"""Orders to the switch, and what comes of them.

Owns: handing the core's switch commands to the ARI port in the order given, and the count of what failed. Must not:
wait, or decide.
"""

from __future__ import annotations

from collections.abc import Callable

from ari_app.ari import execute
from ari_app.ari.port import AriPort
from ari_app.clock import now_ms
from ari_app.core.commands import SwitchCommand
from ari_app.core.events import CommandFailed, Event


class Switch:
    def __init__(self, port: AriPort) -> None:
        self._port = port
        self.orders = 0
        self.failures = 0

    def order(self, command: SwitchCommand, reply: Callable[[Event], None]) -> None:
        """Send the command; ``reply`` hears of a failure, a time-out, a channel found gone, or two people joined."""

        def tell(event: Event) -> None:
            self.failures += isinstance(event, CommandFailed)
            reply(event)

        self.orders += 1
        execute.perform(self._port, command, now_ms, tell)
