"""Where a program's log goes: a line that can't be written is lost, and nothing else is.

Owns: that a log never raises. Must not: know what is logged.

The log lies on the data folder's disk. When that is full a write raises; what had only meant to say so must not die of
it, be it a call or the watch over the disk.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TextIO, cast


class _LogStream:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def unfailing(stream: TextIO) -> TextIO:
    """To be written to and flushed, as a logger does; no more."""
    return cast(TextIO, _LogStream(stream))
