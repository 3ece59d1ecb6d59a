"""Orders to the switch, and what comes of them.

Owns: sending the core's switch commands over the ARI port in the order given, and turning each answer that the core
must know into an event. Must not: wait, or decide.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ari_app.ari import execute
from ari_app.ari.port import AriPort, Response
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
        operation, params = execute.request(command)
        self.orders += 1
        future = self._port.submit(operation, **params)

        def answered(done: asyncio.Future[Response]) -> None:
            if done.cancelled():
                return
            event = execute.answer(command, done.result(), now_ms())
            if event is not None:
                self.failures += isinstance(event, CommandFailed)
                reply(event)

        future.add_done_callback(answered)
