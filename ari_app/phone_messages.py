"""What a phone in the browser and the engine say to each other beside SIP: docs/protocols/phone-websocket.md as types.

Owns: the schema of those frames, and how they are told from SIP. Must not: hold a socket, or read SIP.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeVar

import msgspec

from ari_app.desk_messages import Malformed

MAX_FRAME: Final = 32 * 1024
"""Longest frame, bytes: an INVITE with the candidates of a machine that has many addresses."""

_Frame = TypeVar("_Frame")
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+\Z")]


class _Upward(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type"):
    pass


class PhoneHello(_Upward, frozen=True, tag="hello"):
    token: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
    tab: _Text
    take: bool = False


class PhoneState(_Upward, frozen=True, tag="state"):
    state: Literal["ready", "not_ready"]
    calls: Annotated[list[_Text], msgspec.Meta(max_length=16)] | None = None
    """The calls whose media this page has; None: a page of an earlier version, which does not say."""


_hello: Final[msgspec.json.Decoder[PhoneHello]] = msgspec.json.Decoder(PhoneHello)
_state: Final[msgspec.json.Decoder[PhoneState]] = msgspec.json.Decoder(PhoneState)


def is_sip(frame: str) -> bool:
    """No SIP message begins with a brace (RFC 3261 section 7; a lone CRLF is a keep-alive, RFC 5626 section 4.4.1)."""
    return not frame.startswith("{")


def decode_hello(frame: str | bytes) -> PhoneHello:
    """The first frame. Raises Malformed."""
    return _decode(_hello, frame)


def decode_state(frame: str | bytes) -> PhoneState:
    """A frame of ours after it. Raises Malformed."""
    return _decode(_state, frame)


def _decode(decoder: msgspec.json.Decoder[_Frame], frame: str | bytes) -> _Frame:
    if not isinstance(frame, str):
        raise Malformed("a binary frame")
    try:
        return decoder.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Malformed(str(error)[:120]) from None
