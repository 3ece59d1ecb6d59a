"""SMS on the switch: what Asterisk writes down of a message that comes in, and how it tells what the carrier answers.

Owns: the dialplan of incoming messages, the file of each of them, the password of the SIP watch. Must not: store a
message (`ari_app.messages` does), or know ARI.

Each message becomes a file of its own, written by the dialplan in the moment it comes: it is there whether or not an
engine or a database is. Its fields are base64, so no letter of a stranger means anything to the dialplan or to us.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from dialplan import names

_EXPRESSIONS: Final = (
    "${EXTEN}",
    "${MESSAGE(from)}",
    "${MESSAGE_DATA(Call-ID)}",
    "${MESSAGE_DATA(CSeq)}",
    "${MESSAGE_DATA(Content-Length)}",
    "${MESSAGE(body)}",
)
_END: Final = "."
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_/.@:+~ -]")
_USER: Final = re.compile(r"<?sips?:([^@;>]*)@")


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """`called` and `caller` as the carrier wrote them. `cut`: Asterisk gave no text, though there was one: it takes
    1,023 bytes at most (res_pjsip_messaging, MAX_BODY_SIZE)."""

    called: str
    caller: str
    call_id: str
    cseq: str
    text: str
    cut: bool

    @property
    def key(self) -> str:
        """The same however often it is read: Call-ID and CSeq tell a request from every other (RFC 3261, 8.1.1)."""
        return f"sip:{hashlib.sha256(f'{self.call_id} {self.cseq}'.encode()).hexdigest()}"


def check_folder(folder: str) -> None:
    """Raises ValueError when the dialplan could not name it."""
    if unfit := _UNFIT.search(folder):
        raise ValueError(f"{folder}: messages cannot be kept below a folder with {unfit[0]!r} in its name")


def render(folder: str, numbers: tuple[str, ...]) -> str:
    """The context of incoming messages. `folder`: where their files go."""
    # An empty value would be an error to BASE64_ENCODE: each has an x before it.
    fields = " ".join(f"${{BASE64_ENCODE(x{expression})}}" for expression in _EXPRESSIONS)
    lines = [f"[{names.CONTEXT_MESSAGES}]"]
    for pattern in numbers:
        lines.append(f"exten => {pattern},1,Set(FILE({folder}/${{UUID()}})={fields} {_END})")
    return "\n".join(lines) + "\n"


def parse(content: bytes) -> InboxMessage | None:
    """A file's message; None: it is not whole (yet)."""
    parts = content.decode("ascii", "replace").strip().split(" ")
    if len(parts) != len(_EXPRESSIONS) + 1 or parts[-1] != _END:
        return None
    try:
        called, sender, call_id, cseq, length, text = (
            base64.b64decode(part, validate=True).decode("utf-8", "replace")[1:] for part in parts[:-1]
        )
    except binascii.Error:
        return None
    found = _USER.search(sender.rpartition("<")[2] if "<" in sender else sender)
    caller = found[1] if found else ""
    return InboxMessage(called, caller, call_id, cseq, text, cut=not text and length.strip() not in ("", "0"))


def watch_password(ari_password: str) -> str:
    """By which the engine knows that the switch itself tells it what it sends and receives."""
    return hashlib.sha256(f"sip watch {ari_password}".encode()).hexdigest()[:32]
