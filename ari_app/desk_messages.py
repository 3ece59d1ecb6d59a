"""What desks and engine say to each other: docs/protocols/desk-websocket.md as types.

Owns: the schema of every upward frame and the closing codes.
Must not: hold a socket, know which call or agent exists, or decide anything.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Final, Literal

import msgspec

MAX_FRAME: Final = 4096
"""Longest upward message, bytes. A longer one is closed with 1009 (RFC 6455, 7.4.1) by the websocket library."""

# No control characters and no lone surrogates: these texts go on to a database that refuses both.
_PRINTABLE: Final = r"^[^\x00-\x1f\x7f\ud800-\udfff]*$"

CallId = Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=_PRINTABLE)]
Reason = Annotated[str, msgspec.Meta(max_length=100, pattern=_PRINTABLE)]
Digits = Annotated[str, msgspec.Meta(min_length=1, max_length=32, pattern=r"^[0-9*#A-D]+$")]
Dialled = Annotated[str, msgspec.Meta(min_length=1, max_length=32, pattern=r"^\+?[0-9]+$")]
Seq = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class CloseCode(IntEnum):
    """Why a desk's socket was closed; 4000 to 4999 are the application's own (RFC 6455, 7.4.2)."""

    NORMAL = 1000
    GOING_AWAY = 1001
    TRY_LATER = 1013
    LOST = 1006  # never on the wire: the connection went without a closing frame
    MALFORMED = 4000
    FORGED = 4001
    EXPIRED = 4002
    ADDRESS = 4003
    ENDED = 4004
    SLOW = 4005
    SILENT = 4006
    FLOOD = 4007
    TOO_MANY_TABS = 4008
    PHONE_ELSEWHERE = 4009
    NO_BROWSER_PHONE = 4010


class _Upward(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type"):
    pass


class Hello(_Upward, frozen=True, tag="hello"):
    token: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
    tab: Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=_PRINTABLE)]
    seen: Seq = 0


class Ack(_Upward, frozen=True, tag="ack"):
    call_id: CallId
    seq: Seq


class StateWish(_Upward, frozen=True, tag="state"):
    state: Literal["available", "paused", "wrap_up"]
    reason: Reason | None = None


class AnswerPhone(_Upward, frozen=True, tag="answer"):
    call_id: CallId


class HangUp(_Upward, frozen=True, tag="hangup"):
    call_id: CallId


class Dial(_Upward, frozen=True, tag="dial"):
    number: Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=_PRINTABLE)]
    call_center: Annotated[int, msgspec.Meta(ge=1)] | None = None


class Done(_Upward, frozen=True, tag="done"):
    call_id: CallId


class Hold(_Upward, frozen=True, tag="hold"):
    call_id: CallId


class Unhold(_Upward, frozen=True, tag="unhold"):
    call_id: CallId


class Mute(_Upward, frozen=True, tag="mute"):
    call_id: CallId


class Unmute(_Upward, frozen=True, tag="unmute"):
    call_id: CallId


class Dtmf(_Upward, frozen=True, tag="dtmf"):
    call_id: CallId
    digits: Digits


class Transfer(_Upward, frozen=True, tag="transfer"):
    """Exactly one of ``agent``, ``call_center`` and ``number``."""

    call_id: CallId
    agent: Annotated[int, msgspec.Meta(ge=1)] | None = None
    call_center: Annotated[int, msgspec.Meta(ge=1)] | None = None
    number: Dialled | None = None


class Consult(_Upward, frozen=True, tag="consult"):
    call_id: CallId
    agent: Annotated[int, msgspec.Meta(ge=1)] | None = None
    call_center: Annotated[int, msgspec.Meta(ge=1)] | None = None
    number: Dialled | None = None


class Complete(_Upward, frozen=True, tag="complete"):
    call_id: CallId


class Cancel(_Upward, frozen=True, tag="cancel"):
    call_id: CallId


class Swap(_Upward, frozen=True, tag="swap"):
    call_id: CallId


class Conference(_Upward, frozen=True, tag="conference"):
    call_id: CallId


class Record(_Upward, frozen=True, tag="record"):
    call_id: CallId


class StopRecord(_Upward, frozen=True, tag="stop_record"):
    call_id: CallId


class PauseRecord(_Upward, frozen=True, tag="pause_record"):
    call_id: CallId


class ResumeRecord(_Upward, frozen=True, tag="resume_record"):
    call_id: CallId


class Beat(_Upward, frozen=True, tag="beat"):
    pass


class Bye(_Upward, frozen=True, tag="bye"):
    pass


OfACall = (
    Hold
    | Unhold
    | Mute
    | Unmute
    | Dtmf
    | Transfer
    | Consult
    | Complete
    | Cancel
    | Swap
    | Conference
    | Record
    | StopRecord
    | PauseRecord
    | ResumeRecord
)
"""What is asked of a conversation."""
Upward = Hello | Ack | StateWish | AnswerPhone | HangUp | Dial | Done | Beat | Bye | OfACall

_decoder: Final[msgspec.json.Decoder[Upward]] = msgspec.json.Decoder(Upward)


class Malformed(ValueError):
    """A frame that is not in the protocol; its text says why, without the frame's content."""


def decode(frame: str | bytes) -> Upward:
    """The message of a text frame. Raises Malformed."""
    if not isinstance(frame, str):
        raise Malformed("a binary frame")
    try:
        return _decoder.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Malformed(str(error)[:120]) from None
