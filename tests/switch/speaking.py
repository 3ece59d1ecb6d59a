"""SIPp callers who press keys and speak: an agent's phone that dials, a caller at a voicemail.

Owns: the two scenarios' values. Must not: know what is answered.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from switch.sipp import SippResult, _Sipp

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
    ) -> None:
        super().__init__(folder, server, "127.0.0.1", local_port)
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
        """Ten seconds of noise, as G.711 samples: what a recorder takes for somebody speaking."""
        sound = self.folder / "speech.ul"
        sound.write_bytes(random.Random(1).randbytes(80_000))
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
