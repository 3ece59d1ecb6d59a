"""A connection from Asterisk as lines: bounded in length, number and time.

Owns: reading and writing on the socket. Must not: know what a line means.
"""

import socket
import time
from typing import Final

LONGEST_LINE: Final = 8192
_PIECE: Final = 4096


class Gone(Exception):
    """The other side closed, or the time is over. `why`: closed, late, too_long."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class Stream:
    """`readline`, `write`, `flush`, as `asterisk.agi.AGI` wants its standard input and output."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._socket = connection
        self._until = time.monotonic() + seconds
        self._read = bytearray()

    def end_in(self, seconds: float) -> None:
        """From now on so many seconds are left, for everything."""
        self._until = time.monotonic() + seconds

    @property
    def left(self) -> float:
        return self._until - time.monotonic()

    def readline(self) -> str:
        """The next line without its end. Raises Gone."""
        while (end := self._read.find(b"\n")) < 0:
            if len(self._read) > LONGEST_LINE:
                raise Gone("too_long")
            self._wait()
            try:
                piece = self._socket.recv(_PIECE)
            except TimeoutError:
                raise Gone("late") from None
            except OSError:
                piece = b""
            if not piece:
                raise Gone("closed")
            self._read += piece
        if end > LONGEST_LINE:
            raise Gone("too_long")
        line = self._read[:end].decode("utf-8", "replace")
        del self._read[: end + 1]
        return line.rstrip("\r")

    def write(self, text: str) -> None:
        """Raises Gone."""
        self._wait()
        try:
            self._socket.sendall(text.encode("utf-8", "replace"))
        except TimeoutError:
            raise Gone("late") from None
        except OSError:
            raise Gone("closed") from None

    def flush(self) -> None:
        pass

    def _wait(self) -> None:
        left = self.left
        if left <= 0:
            raise Gone("late")
        self._socket.settimeout(left)
