"""Orders to the switch, and what comes of them.

Owns: handing the core's switch commands to the ARI port in the order given, and the count of what failed. Must not:
wait, or decide; but no conversation is recorded onto a disk that is too full.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ari_app.ari import execute
from ari_app.ari.port import AriPort
from ari_app.clock import now_ms
from ari_app.core.commands import Record, SwitchCommand
from ari_app.core.events import CommandFailed, Event
from ari_app.core.tape import NO_SPACE


class Switch:
    def __init__(self, port: AriPort, may_record: Callable[[], bool]) -> None:
        self._port = port
        self._may_record = may_record
        self.orders = 0
        self.failures = 0

    def order(self, command: SwitchCommand, reply: Callable[[Event], None]) -> None:
        """Send the command; ``reply`` hears of a failure, a time-out, a channel found gone, or two people joined."""

        def tell(event: Event) -> None:
            self.failures += isinstance(event, CommandFailed)
            reply(event)

        self.orders += 1
        if isinstance(command, Record) and command.bridge is not None and not self._may_record():
            refused = CommandFailed(now_ms(), command, NO_SPACE, "too little space on the disk")
            asyncio.get_running_loop().call_soon(tell, refused)
            return
        execute.perform(self._port, command, now_ms, tell)
