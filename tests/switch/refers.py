"""A phone with two lines asks to have them joined: a REFER with Replaces, sent into a dialog of a SIPp phone.

Owns: reading the dialogs out of SIPp's logs, the REFER and what it is told. SIPp can't name in one call the tags of
another, so the request is sent from a socket of its own. Must not: know what comes of it.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from dataclasses import dataclass

_MARK = "-----------------------------------------------"
_FIRST_CSEQ = 70
"""Above all that the scenarios have sent on that dialog."""


@dataclass(frozen=True)
class Dialog:
    """As the phone sees it (RFC 3261 section 12)."""

    call_id: str
    local: str
    """From and To, with their tags."""
    remote: str

    @property
    def replaces(self) -> str:
        """RFC 3891: tags as the one who gets it sees them, escaped for a URI (RFC 3261 section 19.1.1)."""
        tags = f"{self.call_id};to-tag={_tag(self.remote)};from-tag={_tag(self.local)}"
        return tags.replace("@", "%40").replace(";", "%3B").replace("=", "%3D")


def taken(messages: str) -> Dialog:
    """Of the call that the phone took."""
    answer = _last(messages, "sent", r"SIP/2\.0 200", "INVITE")
    return Dialog(_header(answer, "Call-ID"), local=_header(answer, "To"), remote=_header(answer, "From"))


def made(messages: str, status: int = 200) -> Dialog:
    """Of the call that the phone made."""
    answer = _last(messages, "received", rf"SIP/2\.0 {status}", "INVITE")
    return Dialog(_header(answer, "Call-ID"), local=_header(answer, "From"), remote=_header(answer, "To"))


class Line:
    """Takes a dialog over from SIPp: where a request came from, Asterisk sends all that follows (`rewrite_contact`)."""

    def __init__(self, switch: tuple[str, int], dialog: Dialog) -> None:
        self._switch = switch
        self._dialog = dialog
        self._cseq = _FIRST_CSEQ
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._heard: dict[str, str] = {}
        """Each message once, by its CSeq and first line."""
        self._thread = threading.Thread(target=self._listen, daemon=True, name="line")
        self._thread.start()

    def close(self) -> None:
        self._socket.close()

    def refer(self, to: str, replaces: str = "") -> None:
        """May be asked for again: what was told before is forgotten."""
        self._cseq += 1
        self._heard.clear()
        host, port = self._socket.getsockname()
        target = f"<sip:{to}@{self._switch[0]}:{self._switch[1]}{f'?Replaces={replaces}' if replaces else ''}>"
        lines = [
            f"REFER sip:{self._switch[0]}:{self._switch[1]} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};rport;branch=z9hG4bK-refer-{port}-{self._cseq}",
            f"From: {self._dialog.local}",
            f"To: {self._dialog.remote}",
            f"Call-ID: {self._dialog.call_id}",
            f"CSeq: {self._cseq} REFER",
            "Max-Forwards: 70",
            f"Contact: <sip:{host}:{port}>",
            f"Refer-To: {target}",
            "Content-Length: 0",
        ]
        self._socket.sendto("\r\n".join([*lines, "", ""]).encode(), self._switch)

    @property
    def told(self) -> list[str]:
        """The REFER's answer, then what the NOTIFYs said: the status lines of their bodies (RFC 3515 section 2.4.5)."""
        heard = list(self._heard.values())
        answers = [one.splitlines()[0] for one in heard if one.startswith("SIP/2.0 ")]
        bodies = [one for one in heard if one.startswith("NOTIFY ")]
        return answers + [line for body in bodies for line in body.splitlines()[1:] if line.startswith("SIP/2.0 ")]

    @property
    def hung_up(self) -> bool:
        return any(one.startswith("BYE ") for one in list(self._heard.values()))

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                message = self._socket.recv(8_192).decode(errors="replace")
                self._heard.setdefault(message.splitlines()[0] + _header(message, "CSeq"), message)
                if not message.startswith("SIP/2.0 "):
                    copied = [line for line in message.splitlines() if line.startswith(("Via:", "From:", "To:"))]
                    ours = ["SIP/2.0 200 OK", *copied, f"Call-ID: {self._dialog.call_id}"]
                    ours += [f"CSeq: {_header(message, 'CSeq')}", "Content-Length: 0", "", ""]
                    self._socket.sendto("\r\n".join(ours).encode(), self._switch)


def _last(messages: str, way: str, line: str, method: str) -> str:
    blocks = [
        block
        for block in messages.split(_MARK)
        if re.search(rf"message {way}", block) and re.search(rf"^{line}", block, re.M)
        and _header(block, "CSeq").endswith(method)
    ]  # fmt: skip
    assert blocks, messages[-2_000:]
    return blocks[-1]


def _header(block: str, name: str) -> str:
    found = re.search(rf"^{name}\s*:\s*(.*)$", block, re.M | re.I)
    return found[1].strip() if found else ""


def _tag(header: str) -> str:
    found = re.search(r";tag=([^;>\s]+)", header)
    assert found, header
    return found[1]
