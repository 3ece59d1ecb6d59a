"""SIPp as whoever writes to us, and as the carrier that takes our messages.

Owns: the two processes, reading the messages that came. Knows nothing of Asterisk or the engine.
"""

from __future__ import annotations

from pathlib import Path

from switch.sipp import SippCaller, SippPhone


class SippWriter(SippCaller):
    """Writes one message and expects `answer`; with `secret` as a phone of ours."""

    def __init__(
        self,
        folder: Path,
        server: tuple[str, int],
        number: str,
        text: str,
        *,
        caller: str = "+50688887777",
        answer: int = 202,
        content_type: str = "text/plain;charset=UTF-8",
        secret: str = "",
        local_ip: str = "127.0.0.1",
        seconds: float = 15.0,
    ) -> None:
        super().__init__(folder, server, number, local_ip=local_ip, seconds=seconds)
        values = {
            "caller": caller, "text": text, "answer": answer, "content_type": content_type, "secret": secret,
        }  # fmt: skip
        scenario = "message_challenged" if secret else "message_sends"
        arguments = ["-s", number, "-m", "1", "-r", "1000", "-rp", "1000"]
        self._start = lambda: self._launch(scenario, values, arguments, seconds, "writer")


class SippTaker(SippPhone):
    """The carrier. `behaviour`: `takes` (says `answer` at once), `asks` (for the password first), `silent`."""

    def __init__(
        self,
        folder: Path,
        server: tuple[str, int],
        port: int,
        *,
        behaviour: str = "takes",
        answer: str = "202 Accepted",
        headers: str = "",
        seconds: float = 110.0,
    ) -> None:
        super().__init__(folder, server, {}, local_port=port, seconds=seconds)
        values = {"answer": answer, "headers": headers}
        self._start = lambda: self._launch(f"message_{behaviour}", values, [], seconds, "taker")

    def taken(self) -> list[str]:
        """The whole messages that came, each once: one that is sent again has the same branch (RFC 3261, 17.1.2)."""
        blocks = self.full_messages().split("-----------------------------------------------")
        came = [
            block[block.index("MESSAGE ") :] for block in blocks if "\nMESSAGE sip:" in block and "received" in block
        ]
        return list({one.partition("branch=")[2].partition("\n")[0].strip(): one for one in came}.values())
