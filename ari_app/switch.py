"""Orders to the switch, and what comes of them.

Owns: sending the core's switch commands over the ARI port in the order given, and turning each answer that the core
must know into an event. Must not: wait, or decide.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from ari_app.ari import execute
from ari_app.clock import now_ms
from ari_app.core.commands import SwitchCommand
from ari_app.core.events import Event


class Port(Protocol):
    def submit(self, operation: str, **params: Any) -> asyncio.Future[Any]: ...


class Switch:
    def __init__(self, port: Port) -> None:
        self._port = port
        self.orders = 0
        self.failures = 0

    def order(self, command: SwitchCommand, reply: Callable[[Event], None]) -> None:
        """Send the command; ``reply`` hears of a failure, a time-out, a channel found gone, or two people joined."""
        operation, params = execute.request(command)
        self.orders += 1
        future = self._port.submit(operation, **params)

        def answered(done: asyncio.Future[Any]) -> None:
            if done.cancelled():
                return
            event = execute.outcome(command, done.result(), now_ms())
            if event is not None:
                self.failures += 1
                reply(event)

        future.add_done_callback(answered)
