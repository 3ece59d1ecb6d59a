"""SIPp callers who press keys and speak: an agent's phone that dials, a caller at a voicemail, one who tells the time.

Owns: the two scenarios' values. Must not: know what is answered.
"""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from switch.sipp import SippResult, _Sipp

STEP = 0.5
"""Seconds of each tone of `speaking_clock`."""


def speaking_clock(seconds: int = 25) -> bytes:
    """Mu-law: every half second another tone, 50 Hz higher: whatever is recorded tells when it was said."""
    tones = (math.sin(2 * math.pi * (300 + 50 * int(at / 8000 / STEP)) * at / 8000) for at in range(seconds * 8000))
    return bytes(_mu_law(int(9_000 * tone)) for tone in tones)


def _mu_law(sample: int) -> int:
    """ITU-T G.711."""
    sign, magnitude = (0x80, -sample) if sample < 0 else (0, sample)
    magnitude = min(magnitude, 32_635) + 132
    exponent = max(0, magnitude.bit_length() - 8)
    return ~(sign | exponent << 4 | magnitude >> exponent + 3 & 0x0F) & 0xFF


def told_time(samples: array[int], at: float) -> float:
    """What the clock says there, in seconds: by how often the sound crosses zero."""
    start = int(at * 8000)
    window = samples[start : start + 1600]
    crossings = sum((one < 0) != (other < 0) for one, other in pairwise(window))
    return (crossings / 2 / (len(window) / 8000) - 300) / 50 * STEP


def first_told(samples: array[int]) -> float:
    """Where the clock is first heard, in seconds: a caller's media may begin a moment after the call."""
    return next(at / 10 + 0.2 for at in range(len(samples) // 800) if told_time(samples, at / 10) > -STEP / 2)


_KEY = """  <pause milliseconds="{pause}"/>
  <send retrans="500"><![CDATA[
INFO [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{caller}@[local_ip]:[local_port]>;tag=[pid]c[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: {cseq} INFO
Max-Forwards: 70
Content-Type: application/dtmf-relay
Content-Length: [len]

Signal={key}
Duration=160
]]></send>
  <recv response="200"/>
"""


class SpeakingCaller(_Sipp):
    """One call. `keys`: (milliseconds to wait before it, key). `secret`: of an agent's phone that dials."""

    def __init__(
        self,
        folder: Path,
        server: tuple[str, int],
        number: str,
        *,
        caller: str,
        secret: str = "",
        keys: Sequence[tuple[int, str]] = (),
        talk_ms: int = 30_000,
        seconds: float = 60.0,
        local_port: int | None = None,
        sound: bytes = b"",
    ) -> None:
        super().__init__(folder, server, "127.0.0.1", local_port)
        self._sound = sound
        pressed = [
            _KEY.format(pause=pause, caller=caller, cseq=place, key=key) for place, (pause, key) in enumerate(keys, 10)
        ]
        values: dict[str, Any] = {
            "caller": caller,
            "display": "",
            "headers": "",
            "secret": secret,
            "keys": "".join(pressed),
            "talk_ms": talk_ms,
            "speech": self._speech(),
        }
        self._scenario = "phone_dials" if secret else "caller_speaks"
        self._values, self._arguments, self._seconds = values, ["-s", number, "-m", "1", "-r", "100"], seconds

    def _speech(self) -> Path:
        """Ten seconds of noise, as G.711 samples: what a recorder takes for somebody speaking; or what was given."""
        sound = self.folder / "speech.ul"
        sound.write_bytes(self._sound or random.Random(1).randbytes(80_000))
        return sound

    def start(self) -> SpeakingCaller:
        self._launch(self._scenario, self._values, self._arguments, self._seconds, "caller")
        return self

    def call(self) -> SippResult:
        """Waits for its end, and asserts that it went as its scenario says."""
        self.start()
        assert self.process is not None
        self.process.wait(self._seconds + 5)
        result = self.result()
        assert result.exit_status == 0, f"{result}\n{self.full_messages()[-6000:]}"
        return result
