"""`Wire` for tests without an event loop: it runs in a thread's own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any

from switch.wire import Wire


class WireInThread:
    """`with WireInThread(host, port) as wire`: `wire.port`, `cut()`, `refuse()`, `accept()`."""

    def __init__(self, host: str, port: int) -> None:
        self._wire = Wire(host, port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def port(self) -> int:
        return self._wire.port

    def __enter__(self) -> WireInThread:
        self._thread.start()
        self._await(self._wire.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._await(self._wire.__aexit__(kind, error, trace))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def cut(self) -> None:
        """Every connection breaks."""
        self._do(self._wire.cut)

    def freeze(self) -> None:
        """Nothing passes, nothing ends; new connections freeze too."""
        self._do(self._wire.freeze)

    def thaw(self) -> None:
        self._do(self._wire.thaw)

    def strand(self) -> None:
        """What is connected carries nothing more and does not end; new connections work."""
        self._do(self._wire.strand)

    def refuse(self) -> None:
        """New connections break at once, until `accept`."""
        self._wire.refusing = True

    def accept(self) -> None:
        self._wire.refusing = False

    def _await(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _do(self, action: Callable[[], None]) -> None:
        async def work() -> None:
            action()

        self._await(work())
