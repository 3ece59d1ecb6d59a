"""What the carrier answers to our messages, seen on the wire.

Owns: the socket on which the switch tells each SIP message (HEP), and the requests and answers of MESSAGE among them.
Must not: decide what an answer means (`core.texting`).

Asterisk gives the result of a MESSAGE to nobody: neither ARI's answer nor MESSAGE_SEND_STATUS says more than that it
was handed to the transport. Source of the format: HEP3 (sipcapture), as Asterisk's res_hep writes it.
"""

from __future__ import annotations

import asyncio
import hmac
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from dialplan.names import MESSAGE_HEADER

log = structlog.get_logger(__name__)

_HEAD: Final = struct.Struct("!4sH")
_CHUNK: Final = struct.Struct("!HHH")
_PASSWORD, _PAYLOAD, _CALL_ID = 14, 15, 17
_MINE: Final = MESSAGE_HEADER.lower().encode()


@dataclass(frozen=True, slots=True)
class Asked:
    """Our message `message` went out."""

    call_id: str
    message: int


@dataclass(frozen=True, slots=True)
class Answered:
    call_id: str
    status: int
    phrase: str = ""
    retry_after: float | None = None


Seen = Asked | Answered


def read(packet: bytes, password: str) -> Seen | None:
    """None: it is about nothing of ours, or not from the switch."""
    # Nearly all that is told is about calls: one look suffices for those.
    if b" MESSAGE\r\n" not in packet or packet[:4] != b"HEP3":
        return None
    try:
        chunks = dict(_chunks(packet))
    except struct.error:
        return None
    if not hmac.compare_digest(chunks.get(_PASSWORD, b""), password.encode()):
        return None
    head = chunks.get(_PAYLOAD, b"").partition(b"\r\n\r\n")[0].split(b"\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in head[1:])}
    call_id = chunks.get(_CALL_ID, b"").decode("utf-8", "replace")
    if not headers.get(b"cseq", b"").endswith(b" MESSAGE"):
        return None
    if not head[0].startswith(b"SIP/2.0 "):
        number = headers.get(_MINE, b"")
        return Asked(call_id, int(number)) if number.isdigit() else None
    _, _, told = head[0].partition(b" ")
    status, _, phrase = told.decode("utf-8", "replace").partition(" ")
    if not (status.isascii() and status.isdigit()):
        return None
    wait = headers.get(b"retry-after", b"").partition(b";")[0].partition(b"(")[0].strip()
    return Answered(call_id, int(status), phrase[:80], float(wait) if wait.isdigit() else None)


def _chunks(packet: bytes) -> list[tuple[int, bytes]]:
    _, length = _HEAD.unpack_from(packet)
    found, place = [], _HEAD.size
    while place < min(length, len(packet)):
        _vendor, kind, size = _CHUNK.unpack_from(packet, place)
        if size < _CHUNK.size:
            break
        found.append((kind, packet[place + _CHUNK.size : place + size]))
        place += size
    return found


class Watch(asyncio.DatagramProtocol):
    """`await Watch.open(…)`; `seen` is called for each request of ours and each answer to a MESSAGE."""

    def __init__(self, password: str, seen: Callable[[Seen], None]) -> None:
        self._password = password
        self._seen = seen

    @classmethod
    async def open(cls, port: int, password: str, seen: Callable[[Seen], None]) -> asyncio.DatagramTransport:
        """On loopback. Raises OSError."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: cls(password, seen), ("127.0.0.1", port))
        return transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        if (seen := read(data, self._password)) is not None:
            self._seen(seen)

    def error_received(self, exc: Exception) -> None:
        log.warning("sip_watch_error", error=str(exc))
