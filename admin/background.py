"""A thread of the process `jobs`: what it does, over and over, until it is stopped.

Owns: its beginning, its end, and that a defect in one round is told and does not end it for good. Must not: know what
it does.
"""

import threading
from typing import ClassVar

from peewee import Database, PeeweeException


class Background:
    """`start`, and `stop` when the program ends. A subclass says what a `_round` is."""

    name: ClassVar[str]
    stop_seconds: ClassVar[float] = 5.0
    pause_seconds: ClassVar[float] = 1.0
    """Between two rounds."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, seconds: float | None = None) -> None:
        """Waits so long for what is under way; None: `stop_seconds`."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(self.stop_seconds if seconds is None else seconds)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._round()
            except PeeweeException as error:
                print(f"level=warning event={self.name}_database_away why={error!r}", flush=True)
            except Exception as error:  # a defect here must not end the loads, nor this thread for good
                print(f"level=error event={self.name}_failed why={error!r}", flush=True)
            self._database.close()
            self._stopping.wait(self.pause_seconds)

    def _round(self) -> None:
        raise NotImplementedError
