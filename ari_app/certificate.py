"""The certificate of the desks' websocket, read anew when its files change.

Owns: the TLS context. Must not: make certificates (`centralita.certificate` does), or serve.
"""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Final

import structlog

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 60.0


class Certificate:
    """`context` is good for the life of the process: what is loaded into it later holds for new connections."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Raises OSError (ssl.SSLError is one)."""
        self._certificate, self._key = certificate, key
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._seen = self._signs()
        self.context.load_cert_chain(certificate, key)

    async def watch(self, seconds: float = LOOK_SECONDS) -> None:
        """For ever. A pair that can't be read is left for the next look; the one before holds."""
        while True:
            await asyncio.sleep(seconds)
            self.look()

    def look(self) -> bool:
        """True: another certificate was loaded."""
        try:
            signs = self._signs()
            if signs == self._seen:
                return False
            # In a context of its own first: half a pair must not take the place of a whole one.
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(self._certificate, self._key)
            self.context.load_cert_chain(self._certificate, self._key)
        except OSError as error:
            log.warning("certificate_unread", error=str(error))
            return False
        self._seen = signs
        log.info("certificate_loaded", file=str(self._certificate))
        return True

    def _signs(self) -> tuple[tuple[int, int], ...]:
        return tuple((found.st_mtime_ns, found.st_ino) for found in (self._certificate.stat(), self._key.stat()))
