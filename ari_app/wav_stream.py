"""A WAV file of 16-bit samples as it comes in, piece by piece: its length, and a header that tells it.

Owns: those 44 bytes. Must not: know where it comes from or goes.

Asterisk writes the header's sizes when it closes the file; if it was killed meanwhile they are 0, and a player would
show nothing. So the header is written anew from what really came.
"""

from __future__ import annotations

import struct
from typing import Final

HEADER: Final = 44
BYTES_A_SECOND: Final = 16_000
"""8,000 samples a second of 2 bytes, mono: Asterisk's `wav`."""
_LAYOUT: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")


class NotWav(ValueError):
    """It does not begin as such a file."""


class Empty(NotWav):
    """Not even a header."""


def header(data_bytes: int) -> bytes:
    """For so many bytes of samples."""
    size = min(data_bytes, 0xFFFFFFFF - 36)
    return _LAYOUT.pack(
        b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1, 8000, BYTES_A_SECOND, 2, 16, b"data", size
    )  # fmt: skip


def check(first: bytes) -> None:
    """The beginning of a file. Raises NotWav for another kind than Asterisk's."""
    if len(first) < HEADER:
        raise Empty("shorter than a header")
    riff, _, wave, fmt, _, kind, channels, rate, _, _, bits, data, _ = _LAYOUT.unpack(first[:HEADER])
    if (riff, wave, fmt, data) != (b"RIFF", b"WAVE", b"fmt ", b"data") or (kind, channels, rate, bits) != (
        1,
        1,
        8000,
        16,
    ):
        raise NotWav("not a WAV of 8,000 samples of 16 bits a second")


def duration_ms(data_bytes: int) -> int:
    return data_bytes * 1000 // BYTES_A_SECOND
