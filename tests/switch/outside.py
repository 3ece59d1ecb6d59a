"""SIPp as an agent's phone that dials, and as the carrier's side of the trunk.

Owns: the two processes. Knows nothing of Asterisk or the engine.
"""

from __future__ import annotations

from pathlib import Path

from switch.sipp import SippCaller, SippPhone, SippResult


class SippDialler(SippCaller):
    """An agent's phone that dials a number, from an address of its own; it hangs up after `talk_ms`.

    `every`: so many seconds between two of its `calls`.
    """

    def __init__(
        self,
        folder: Path,
        server: tuple[str, int],
        endpoint: str,
        secret: str,
        number: str,
        *,
        talk_ms: int = 500,
        seconds: float = 40.0,
        calls: int = 1,
        every: float = 0.0,
    ) -> None:
        super().__init__(folder, server, number, seconds=seconds)
        values = {"caller": endpoint, "secret": secret, "talk_ms": max(1, talk_ms)}
        arguments = ["-s", number, "-m", str(calls), "-trace_rtt", "-rtt_freq", "1"]
        arguments += ["-r", "1", "-rp", str(int(every * 1000))] if every else ["-r", "1000", "-rp", "1000"]
        self._start = lambda: self._launch("agent_dials", values, arguments, seconds, "dialler")


class SippCarrier(SippPhone):
    """The carrier: takes the calls that go out on the trunk. `behaviour` as a phone's."""

    def __init__(self, folder: Path, server: tuple[str, int], port: int, **options: object) -> None:
        super().__init__(folder, server, {}, local_port=port, **options)  # type: ignore[arg-type]

    def invites(self) -> list[str]:
        """The whole INVITEs that came, each once: one that is sent again has the same branch (RFC 3261, 17.1.1)."""
        marker = "-----------------------------------------------"
        blocks = self.full_messages().split(marker)
        came = [block[block.index("INVITE ") :] for block in blocks if "\nINVITE sip:" in block and "received" in block]
        return list({invite.partition("branch=")[2].partition("\n")[0].strip(): invite for invite in came}.values())


__all__ = ["SippCarrier", "SippDialler", "SippResult"]
