"""A caller from the trunk who really speaks and hears: SIPp signals, the media is ours, a tone out and what came in.

Owns: the RTP socket (RFC 3550, PCMU), the tone, measuring another's tone. Must not: know what is answered.
"""

from __future__ import annotations

import math
import socket
import struct
import threading
import time
from pathlib import Path
from typing import Any

from switch.sipp import SCENARIOS, _Sipp
from switch.speaking import _mu_law
from switch.waiting import wait_until

RATE = 8000
PACKET = 160
TELEPHONE_EVENT = 101
"""The payload type that the caller's SDP gives to pressed keys (RFC 4733)."""
KEYS = "0123456789*#ABCD"


def _linear(code: int) -> int:
    """ITU-T G.711, mu-law."""
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + 132 << (code >> 4 & 7)) - 132
    return -magnitude if code & 0x80 else magnitude


_LINEAR = [_linear(code) for code in range(256)]


def strength(samples: list[int], frequency: float) -> float:
    """The amplitude of this frequency (Goertzel, here as the plain sum)."""
    if not samples:
        return 0.0
    step = 2 * math.pi * frequency / RATE
    real = sum(sample * math.cos(step * place) for place, sample in enumerate(samples))
    imaginary = sum(sample * math.sin(step * place) for place, sample in enumerate(samples))
    return 2 * math.hypot(real, imaginary) / len(samples)


class Talker:
    """Speaks `frequency` to whoever sends media here, and keeps what it hears. Ends with `close()`."""

    def __init__(self, frequency: float) -> None:
        self.frequency = frequency
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self.port = int(self._socket.getsockname()[1])
        self._heard: list[tuple[float, bytes]] = []
        self._keys: dict[int, str] = {}
        self._other: tuple[str, int] | None = None
        self._over = threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._listen, self._speak)]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(2)
        self._socket.close()

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                packet, self._other = self._socket.recvfrom(2048)
            except TimeoutError:
                continue
            if len(packet) > 12 and packet[1] & 0x7F == 0:
                self._heard.append((time.monotonic(), packet[12:]))
            elif len(packet) >= 16 and packet[1] & 0x7F == TELEPHONE_EVENT:
                # RFC 4733: all packets of one key have its timestamp.
                self._keys[struct.unpack("!I", packet[4:8])[0]] = KEYS[packet[12] & 0x0F]

    def _speak(self) -> None:
        began, sent = time.monotonic(), 0
        while not self._over.is_set():
            if self._other is not None:
                tone = (
                    9_000 * math.sin(2 * math.pi * self.frequency * (sent * PACKET + at) / RATE) for at in range(PACKET)
                )
                header = struct.pack("!BBHII", 0x80, 0, sent & 0xFFFF, sent * PACKET & 0xFFFFFFFF, 0x5EED)
                self._socket.sendto(header + bytes(_mu_law(int(sample)) for sample in tone), self._other)
            sent += 1
            self._over.wait(max(0.0, began + sent * PACKET / RATE - time.monotonic()))

    @property
    def keys(self) -> str:
        """The keys that were pressed towards us, in their order."""
        return "".join(self._keys.values())

    def hears(self, frequency: float, seconds: float = 0.5) -> float:
        """How strong this frequency is in the last `seconds`, as a share of all that is heard; 0 when nothing is."""
        since = time.monotonic() - seconds
        samples = [_LINEAR[code] for at, packet in list(self._heard) if at >= since for code in packet]
        if len(samples) < seconds * RATE / 2:
            return 0.0
        loudness = math.sqrt(sum(sample * sample for sample in samples) / len(samples))
        return 0.0 if loudness < 20 else strength(samples, frequency) / (loudness * math.sqrt(2))

    def wait_for(self, frequency: float, seconds: float = 8.0) -> None:
        """Until most of what is heard is this tone."""
        wait_until(lambda: self.hears(frequency) > 0.7, seconds, f"the caller hears {frequency} Hz")

    def wait_for_none(self, frequency: float, seconds: float = 8.0) -> None:
        wait_until(lambda: self.hears(frequency) < 0.1, seconds, f"the caller hears no {frequency} Hz any more")

    def loudness(self, seconds: float = 0.5) -> float:
        """Of whatever is heard; 0 is silence, or nothing."""
        since = time.monotonic() - seconds
        samples = [_LINEAR[code] for at, packet in list(self._heard) if at >= since for code in packet]
        return math.sqrt(sum(sample * sample for sample in samples) / len(samples)) if samples else 0.0

    def wait_for_something(self, seconds: float = 8.0) -> None:
        """Until there is music, a voice, anything but silence."""
        wait_until(lambda: self.loudness() > 100, seconds, "the caller hears something")


class TalkingCaller(_Sipp):
    """One call from the trunk, whose media is the talker's."""

    def __init__(
        self, folder: Path, server: tuple[str, int], number: str, talker: Talker, *, caller: str, seconds: float = 90.0
    ) -> None:
        super().__init__(folder, server, "127.0.0.1", None)
        self._text = (SCENARIOS / "caller_talk.xml").read_text().replace("[media_port]", str(talker.port))
        self._values: dict[str, Any] = {"caller": caller, "display": "", "headers": "", "talk_ms": int(seconds * 1000)}
        self._number, self._seconds = number, seconds

    def start(self) -> TalkingCaller:
        arguments = ["-s", self._number, "-m", "1", "-r", "1000", "-rp", "1000"]
        self._launch_text(self._text, self._values, arguments, self._seconds + 10, "caller")
        return self

    def wait_over(self, seconds: float = 8.0) -> bool:
        """Until the call has ended, as its scenario says."""
        wait_until(lambda: not self.running, seconds, "the caller's call is over")
        return self.result().exit_status == 0
