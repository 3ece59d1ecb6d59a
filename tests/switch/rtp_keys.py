"""A phone's keys as it really sends them: telephone events in RTP (RFC 4733), between packets of silence.

Owns: the packets and their pace. Must not: know what a key leads to.
"""

from __future__ import annotations

import re
import socket
import struct
import time
from dataclasses import dataclass, field

PACKET_SECONDS = 0.02
STEP = 160
"""Samples in a packet."""
_EVENTS = "0123456789*#"
_SILENCE = b"\xff" * STEP


@dataclass
class RtpKeys:
    """`to`: the switch's media address; `event_type`: the payload type it offered for telephone events."""

    to: tuple[str, int]
    event_type: int
    _sequence: int = 1
    _timestamp: int = STEP
    _ssrc: int = 0x4733
    _socket: socket.socket = field(default_factory=lambda: socket.socket(type=socket.SOCK_DGRAM))

    @classmethod
    def of(cls, messages: str) -> RtpKeys:
        """For the last call that SIPp's log has an INVITE of."""
        offer = messages.rpartition("\nINVITE sip:")[2].partition("-----------------------------------------------")[0]
        address, port, kind = (
            re.search(pattern, offer, re.MULTILINE)
            for pattern in (r"^c=IN IP4 (\S+)", r"^m=audio (\d+)", r"^a=rtpmap:(\d+) telephone-event/8000")
        )
        assert address is not None, offer
        assert port is not None, offer
        assert kind is not None, offer
        return cls((address[1], int(port[1])), int(kind[1]))

    def press(self, keys: str, *, between: float = 0.1, held: float = 0.1) -> None:
        """In real time, as a phone would. Speech first: the switch must have learned where this comes from."""
        self._speak(0.3)
        for key in keys:
            self._key(key, held)
            self._speak(between)

    def close(self) -> None:
        self._socket.close()

    def _speak(self, seconds: float) -> None:
        for _ in range(round(seconds / PACKET_SECONDS)):
            self._send(0, _SILENCE, marker=False, timestamp=self._timestamp)
            self._timestamp += STEP
            time.sleep(PACKET_SECONDS)

    def _key(self, key: str, held: float) -> None:
        """One event: all its packets have the timestamp of its beginning; the last is sent three times."""
        packets = max(2, round(held / PACKET_SECONDS))
        for number in range(1, packets + 1):
            end = number == packets
            event = struct.pack("!BBH", _EVENTS.index(key), 0x8A if end else 0x0A, number * STEP)
            for _ in range(3 if end else 1):
                self._send(self.event_type, event, marker=number == 1, timestamp=self._timestamp)
            time.sleep(PACKET_SECONDS)
        self._timestamp += packets * STEP

    def _send(self, kind: int, payload: bytes, *, marker: bool, timestamp: int) -> None:
        header = struct.pack("!BBHII", 0x80, kind | (0x80 if marker else 0), self._sequence, timestamp, self._ssrc)
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._socket.sendto(header + payload, self.to)
