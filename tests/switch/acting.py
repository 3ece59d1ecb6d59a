"""An agent's phone that does something during the call it takes: presses keys, sends REFER, holds the line.

Owns: the scenario's text. Must not: know what comes of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from switch.sipp import SCENARIOS, SippPhone

_HEAD = """  <pause milliseconds="{pause}"/>
  <send retrans="500"><![CDATA[
{method} sip:[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From:[$to];tag=[pid]p[call_number]
To:[$from]
[last_Call-ID:]
CSeq: {cseq} {method}
Max-Forwards: 70
Contact: <sip:[local_ip]:[local_port];transport=[transport]>
{rest}
]]></send>
  <recv response="{answer}"/>
"""
_KEY = """Content-Type: application/dtmf-relay
Content-Length: [len]

Signal={what}
Duration=160"""
_REFER = """{sub}Refer-To: <sip:{what}@[remote_ip]:[remote_port]{replaces}>
Content-Length: 0
"""
_OFFER = """Content-Type: application/sdp
Content-Length: [len]

v=0
o=sipp 1 {cseq} IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a={what}"""
_ACK = """  <send><![CDATA[
ACK sip:[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From:[$to];tag=[pid]p[call_number]
To:[$from]
[last_Call-ID:]
CSeq: {cseq} ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
"""

Act = tuple[str, int, str]
"""What (``key``, ``refer``, ``attended``, ``media``; ``refused``: a REFER without a subscription that gets a 603),
after how many milliseconds, and with what."""


def keys(pressed: str, first: int = 300, between: int = 60) -> list[Act]:
    return [("key", first if place == 0 else between, key) for place, key in enumerate(pressed)]


def _written(act: Act, cseq: int) -> str:
    kind, pause, what = act
    values: dict[str, Any] = {
        "pause": max(1, pause),
        "cseq": cseq,
        "what": what,
        "replaces": "",
        "sub": "",
        "answer": 200,
    }
    match kind:
        case "key":
            return _HEAD.format(**values, method="INFO", rest=_KEY.format(**values))
        case "refused":
            values |= {"answer": 603, "sub": "Refer-Sub: false\n"}
            return _HEAD.format(**values, method="REFER", rest=_REFER.format(**values))
        case "refer" | "attended":
            values["answer"] = 202
            if kind == "attended":
                values["replaces"] = "?Replaces=other%3Bto-tag%3D1%3Bfrom-tag%3D2"
            return _HEAD.format(**values, method="REFER", rest=_REFER.format(**values))
        case _:
            offer = _HEAD.format(**values, method="INVITE", rest=_OFFER.format(**values))
            return offer + _ACK.format(**values)


class ActingPhone(SippPhone):
    """Answers, does ``acts`` one after the other, then waits for the BYE."""

    def __init__(
        self,
        folder: Path,
        server: tuple[str, int],
        secrets: Mapping[str, str],
        acts: Sequence[Act],
        *,
        seconds: float = 120.0,
    ) -> None:
        super().__init__(folder, server, secrets, seconds=seconds)
        text = (SCENARIOS / "phone_answer.xml").read_text()
        mark = '  <label id="talk"/>\n'
        assert mark in text
        written = "".join(_written(act, 10 + place) for place, act in enumerate(acts))
        # One place for all phones' scenarios would be written by several workers at once.
        self._text = text.replace(mark, mark + written)
        values = {"ring_ms": 1, "talk_ms": 600_000, "refusal": 486}
        self._start = lambda: self._launch_text(self._text, values, [], seconds, "phone")

    def told(self) -> list[str]:
        """What the NOTIFYs said of a transfer: the status lines of their bodies (RFC 3515 section 2.4.5)."""
        blocks = self.full_messages().split("-----------------------------------------------")
        bodies = [block for block in blocks if "\nNOTIFY sip:" in block and "received" in block]
        return [line.strip() for body in bodies for line in body.splitlines()[1:] if line.startswith("SIP/2.0 ")]
