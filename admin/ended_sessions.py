"""Web sessions that were ended before their cookie's time: a copied cookie is worth nothing after a log-out.

Owns: <data_dir>/ended-sessions.txt, one "session expiry" a line. Must not: know users. One web process writes it (the
log-in limiter and this are the reasons why the web runs as one worker with threads); several would need a table.
"""

import os
import threading
import time
from pathlib import Path


class EndedSessions:
    """`lifetime`: seconds after which a session's cookie is not believed anyway."""

    def __init__(self, path: Path, lifetime: float) -> None:
        self._path = path
        self._lifetime = lifetime
        self._lock = threading.Lock()
        self._ended: dict[str, float] = {}
        self._load()

    def __contains__(self, session: str) -> bool:
        return session in self._ended

    def end(self, session: str) -> None:
        expiry = time.time() + self._lifetime
        with self._lock:
            self._ended[session] = expiry
            handle = os.open(self._path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
            with open(handle, "a", encoding="ascii") as file:
                file.write(f"{session} {expiry:.0f}\n")

    def _load(self) -> None:
        """Reads what is still of use, and drops the rest from the file."""
        try:
            lines = self._path.read_text("ascii", "replace").splitlines()
        except FileNotFoundError:
            return
        moment = time.time()
        for line in lines:
            session, _, expiry = line.partition(" ")
            if expiry.isdigit() and float(expiry) > moment:
                self._ended[session] = float(expiry)
        fresh = self._path.with_suffix(".new")
        with open(os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            file.writelines(f"{session} {expiry:.0f}\n" for session, expiry in self._ended.items())
        fresh.replace(self._path)
