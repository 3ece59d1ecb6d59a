"""The FastAGI server: loopback only, one thread a session, bounded in number and time.

Owns: accepting, the choice of the entry, what is logged of a session's end. Must not: decide anything about a call.

A session that cannot be served is closed at once: Asterisk goes on in the dialplan, where each entry's way without us
is written (dialplan/extensions.py).
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import structlog
from asterisk.agi import AGIError

from agi_scripts.house import House
from agi_scripts.session import HungUp, NotAgi, Session
from agi_scripts.stream import Gone, Stream

log = structlog.get_logger(__name__)

LOOPBACK: Final = "127.0.0.1"
MOST_SESSIONS: Final = 200
REQUEST_SECONDS: Final = 5.0
BACKLOG: Final = 512


@dataclass(frozen=True, slots=True)
class Entry:
    """`run` has so many `seconds` for everything; it is then cut off as by a hang-up."""

    run: Callable[[Session, House], None]
    seconds: float


class Server:
    """`start` listens and returns; `stop` ends every session."""

    def __init__(
        self,
        house: House,
        entries: Mapping[str, Entry],
        *,
        most_sessions: int = MOST_SESSIONS,
        request_seconds: float = REQUEST_SECONDS,
    ) -> None:
        self._house = house
        self._entries = entries
        self._most = most_sessions
        self._request_seconds = request_seconds
        self._sessions: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listening: socket.socket | None = None
        self._stopping = False
        self.counts = {"served": 0, "refused": 0, "hung_up": 0, "failed": 0}

    @property
    def port(self) -> int:
        """The port really bound. Raises RuntimeError when not listening."""
        if self._listening is None:
            raise RuntimeError("the FastAGI server is not listening")
        return int(self._listening.getsockname()[1])

    @property
    def sessions(self) -> int:
        return len(self._sessions)

    def start(self, port: int) -> None:
        """Listen on 127.0.0.1:`port` (0: any free port). Raises OSError when it is taken."""
        self._listening = socket.create_server((LOOPBACK, port), backlog=BACKLOG)
        threading.Thread(target=self._accept, args=(self._listening,), name="agi-accept", daemon=True).start()

    def stop(self) -> None:
        self._stopping = True
        listening, self._listening = self._listening, None
        if listening is not None:
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()
        with self._lock:
            open_now = list(self._sessions)
        for connection in open_now:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    # ------------------------------------------------------------ inside
    def _accept(self, listening: socket.socket) -> None:
        while not self._stopping:
            try:
                connection, _ = listening.accept()
            except OSError as error:
                if self._stopping:
                    return
                log.error("agi_not_accepted", error=str(error))
                time.sleep(0.1)  # no file descriptors left: the open sessions end soon
                continue
            with self._lock:
                full = len(self._sessions) >= self._most
                if not full:
                    self._sessions.add(connection)
            if full:
                self._count("refused")
                log.warning("agi_too_many_sessions", most=self._most)
                connection.close()
                continue
            try:
                threading.Thread(target=self._serve, args=(connection,), name="agi", daemon=True).start()
            except RuntimeError as error:  # no more threads
                log.error("agi_no_thread", error=str(error))
                self._close(connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            self._session(connection)
        except Exception:
            self._count("failed")
            log.exception("agi_failed")
        finally:
            self._close(connection)

    def _session(self, connection: socket.socket) -> None:
        stream = Stream(connection, self._request_seconds)
        try:
            session = Session(stream)
        except (NotAgi, Gone) as error:
            self._count("refused")
            log.info("agi_no_request", why=str(error))
            return
        entry = self._entries.get(session.entry)
        if entry is None:
            self._count("refused")
            log.warning("agi_no_such_entry", entry=session.entry[:60])
            return
        stream.end_in(entry.seconds)
        known = {"entry": session.entry, "channel": session.channel_id}
        try:
            entry.run(session, self._house)
            self._count("served")
        except HungUp as end:
            self._count("hung_up")
            log.info("agi_hung_up", why=str(end), **known)
        except AGIError as error:
            self._count("failed")
            log.warning("agi_refused", error=str(error)[:200], **known)
        except Exception:
            self._count("failed")
            log.exception("agi_entry_failed", **known)

    def _count(self, what: str) -> None:
        with self._lock:
            self.counts[what] += 1

    def _close(self, connection: socket.socket) -> None:
        with self._lock:
            self._sessions.discard(connection)
        connection.close()
