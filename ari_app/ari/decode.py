"""ARI's messages, from bytes to the core's events.

Owns: which fields of which messages are read, and what they mean to us. Must not: ask anything, or know who is
connected.

Only the fields named here are decoded; the rest of a message is skipped. A message of a type that is not listed is
nobody's business and gives None; one of a listed type that cannot be read raises `MalformedMessage`.
Source: rest-api/events.json of Asterisk 22.10; what comes when is in tests/asterisk/test_ari_contract.py.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import msgspec

from ari_app.core import events as core
from ari_app.core import ids
from dialplan import names

CALLER_NAME_LENGTH: Final = 80
CALLER_NUMBER_LENGTH: Final = 40
CALLED_NUMBER_LENGTH: Final = 40

# What trunks and Asterisk send where there is no number (RFC 3323 section 4.1, Asterisk's caller-id presentation).
_NOBODY: Final = frozenset(
    {"", "anonymous", "unavailable", "unknown", "restricted", "private", "asterisk", "anónimo", "anonimo", "s"}
)


_QUOTED_PAIR: Final = re.compile(r"\\([\\\"])")


class MalformedMessage(ValueError):
    """A message of a type that we know, but not in the form that we know."""


# ------------------------------------------------------------------------------------------ what the shell alone needs
class UnknownArrived(msgspec.Struct, frozen=True):
    """A channel entered the application that is neither a caller nor one of ours."""

    at: int
    channel: str
    name: str
    args: tuple[str, ...]


class PhoneChanged(msgspec.Struct, frozen=True):
    """A phone's registration or reachability changed (needs a subscription to its endpoint).

    `status` as Asterisk words it: Reachable, Unreachable, NonQualified, Removed …; `uri`: its contact, if told.
    """

    at: int
    endpoint: str
    status: str
    uri: str | None = None


class ApplicationReplaced(msgspec.Struct, frozen=True):
    """Another websocket took our application over."""


class RestAnswer(msgspec.Struct, frozen=True, tag_field="type", tag="RESTResponse"):
    """The answer to a request that was sent on the websocket."""

    request_id: str
    status_code: int
    reason_phrase: str = ""
    message_body: str = ""


class Decoded(msgspec.Struct, frozen=True):
    """An event and whose it is: `thing` is the id of a channel or playback, or an endpoint's name (PhoneChanged).

    `ids.call_of(thing)` names the call when the id is one of ours; otherwise ask the registry.
    """

    thing: str
    event: core.Event | core.AgentDials | UnknownArrived | PhoneChanged


Message = Decoded | RestAnswer | ApplicationReplaced


# -------------------------------------------------------------------------------------------------- ARI's own messages
class _Party(msgspec.Struct, frozen=True):
    number: str = ""
    name: str = ""


class _Arriving(msgspec.Struct):
    id: str
    name: str = ""
    caller: _Party = _Party()


class _Channel(msgspec.Struct):
    id: str


class _Playback(msgspec.Struct):
    id: str


class _Endpoint(msgspec.Struct):
    resource: str


class _Contact(msgspec.Struct):
    contact_status: str
    uri: str = ""


class _Peer(msgspec.Struct):
    peer_status: str


class _StasisStart(msgspec.Struct, tag_field="type", tag="StasisStart"):
    channel: _Arriving
    args: tuple[str, ...] = ()


class _StasisEnd(msgspec.Struct, tag_field="type", tag="StasisEnd"):
    channel: _Channel


class _ChannelHangupRequest(msgspec.Struct, tag_field="type", tag="ChannelHangupRequest"):
    channel: _Channel
    cause: int = 0
    soft: bool = False


class _ChannelDestroyed(msgspec.Struct, tag_field="type", tag="ChannelDestroyed"):
    channel: _Channel
    cause: int = 0


class _Dial(msgspec.Struct, tag_field="type", tag="Dial"):
    peer: _Channel
    dialstatus: str = ""


class _PlaybackFinished(msgspec.Struct, tag_field="type", tag="PlaybackFinished"):
    playback: _Playback


class _ChannelDtmfReceived(msgspec.Struct, tag_field="type", tag="ChannelDtmfReceived"):
    channel: _Channel
    digit: str


class _ChannelHold(msgspec.Struct, tag_field="type", tag="ChannelHold"):
    channel: _Channel


class _ChannelUnhold(msgspec.Struct, tag_field="type", tag="ChannelUnhold"):
    channel: _Channel


class _Requested(msgspec.Struct):
    destination: str = ""
    protocol_id: str = ""


class _ReferTo(msgspec.Struct):
    requested_destination: _Requested | None = None
    destination_channel: _Channel | None = None


class _ReferredBy(msgspec.Struct):
    source_channel: _Channel


class _ChannelTransfer(msgspec.Struct, tag_field="type", tag="ChannelTransfer"):
    refer_to: _ReferTo
    referred_by: _ReferredBy
    state: str | None = None


class _Recording(msgspec.Struct):
    name: str
    duration: int = 0
    cause: str = ""


class _RecordingFinished(msgspec.Struct, tag_field="type", tag="RecordingFinished"):
    recording: _Recording


class _RecordingFailed(msgspec.Struct, tag_field="type", tag="RecordingFailed"):
    recording: _Recording


class _ContactStatusChange(msgspec.Struct, tag_field="type", tag="ContactStatusChange"):
    endpoint: _Endpoint
    contact_info: _Contact


class _PeerStatusChange(msgspec.Struct, tag_field="type", tag="PeerStatusChange"):
    endpoint: _Endpoint
    peer: _Peer


class _ApplicationReplaced(msgspec.Struct, tag_field="type", tag="ApplicationReplaced"):
    application: str = ""


_Known: TypeAlias = (
    RestAnswer
    | _StasisStart
    | _StasisEnd
    | _ChannelHangupRequest
    | _ChannelDestroyed
    | _Dial
    | _PlaybackFinished
    | _ChannelDtmfReceived
    | _ChannelHold
    | _ChannelUnhold
    | _ChannelTransfer
    | _RecordingFinished
    | _RecordingFailed
    | _ContactStatusChange
    | _PeerStatusChange
    | _ApplicationReplaced
)

EVENT_TYPES: Final = (
    "RESTResponse",
    "StasisStart",
    "StasisEnd",
    "ChannelHangupRequest",
    "ChannelDestroyed",
    "Dial",
    "PlaybackFinished",
    "ChannelDtmfReceived",
    "ChannelHold",
    "ChannelUnhold",
    "ChannelTransfer",
    "RecordingFinished",
    "RecordingFailed",
    "ContactStatusChange",
    "PeerStatusChange",
    "ApplicationReplaced",
)
"""The event filter: what Asterisk may send. **RESTResponse must be there**: left out, no request is ever answered."""


class _Peek(msgspec.Struct):
    type: str


_decode_known = msgspec.json.Decoder(_Known).decode
_peek = msgspec.json.Decoder(_Peek).decode

_REFUSALS: Final = {refusal.value: refusal for refusal in core.Refusal} | {"TORTURE": core.Refusal.DECLINED}
_ALERTING: Final = frozenset({"RINGING", "PROGRESS"})


def decode(raw: bytes | str, at: int) -> Message | None:
    """What a message says, with the time `at` (engine's clock, ms) it was read. None: nothing that concerns us.

    Raises MalformedMessage.
    """
    try:
        message = _decode_known(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if _is_unlisted(raw):
            return None
        if isinstance(raw, bytes) and not _is_utf8(raw):
            # A phone's name in Latin-1 must not cost its call.
            return decode(raw.decode("utf-8", "replace"), at)
        raise MalformedMessage(str(error)) from None
    return _meaning(message, at)


def decode_object(message: Mapping[str, Any], at: int) -> Message | None:
    """`decode`, for a message that somebody (ari-py) has parsed already."""
    try:
        return _meaning(msgspec.convert(message, _Known), at)
    except msgspec.ValidationError as error:
        if message.get("type") not in EVENT_TYPES:
            return None
        raise MalformedMessage(str(error)) from None


def _meaning(message: _Known, at: int) -> Message | None:
    match message:
        case RestAnswer():
            return message
        case _StasisStart(channel=channel, args=args):
            return _arrived(channel, args, at)
        case _StasisEnd(channel=channel):
            # Our own legs are subscribed to by making them, so their ChannelDestroyed follows, with its cause. Of a
            # channel that came through the dialplan this is the last we hear: the next priority hangs it up.
            if ids.ordinal_of(channel.id) is not None or ids.is_click2dial(channel.id):
                return Decoded(channel.id, core.ChannelLeft(at, channel.id))
            return Decoded(channel.id, core.ChannelGone(at, channel.id))
        case _ChannelHangupRequest(channel=channel, cause=cause, soft=soft):
            # A soft one was ordered on our side, and its "cause" is a flag of Asterisk's own, not of Q.850.
            return Decoded(channel.id, core.ChannelLeft(at, channel.id, None if soft else cause or None))
        case _ChannelDestroyed(channel=channel, cause=cause):
            return Decoded(channel.id, core.ChannelGone(at, channel.id, cause or None))
        case _Dial(peer=peer, dialstatus=status):
            return _dialled(peer.id, status, at)
        case _PlaybackFinished(playback=playback):
            return Decoded(playback.id, core.PlaybackFinished(at, playback.id))
        case _ChannelDtmfReceived(channel=channel, digit=digit):
            return Decoded(channel.id, core.DtmfReceived(at, channel.id, digit))
        case _ChannelHold(channel=channel):
            return Decoded(channel.id, core.PhoneHeld(at, channel.id))
        case _ChannelUnhold(channel=channel):
            return Decoded(channel.id, core.PhoneUnheld(at, channel.id))
        case _ChannelTransfer(refer_to=to, referred_by=by, state=state):
            # Told again with a state for each thing that we said of it ourselves.
            return None if (state or "").startswith("channel_") else _refers(to, by.source_channel.id, at)
        case _RecordingFinished(recording=told):
            return Decoded(told.name, core.RecordingFinished(at, told.name, told.duration))
        case _RecordingFailed(recording=told):
            return Decoded(told.name, core.RecordingFailed(at, told.name, plain_text(told.cause, 200)))
        case _ContactStatusChange(endpoint=endpoint, contact_info=contact):
            changed = PhoneChanged(at, endpoint.resource, contact.contact_status, contact.uri or None)
            return Decoded(endpoint.resource, changed)
        case _PeerStatusChange(endpoint=endpoint, peer=told):
            return Decoded(endpoint.resource, PhoneChanged(at, endpoint.resource, told.peer_status))
        case _ApplicationReplaced():
            return ApplicationReplaced()
    return None


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_unlisted(raw: bytes | str) -> bool:
    try:
        return _peek(raw).type not in EVENT_TYPES
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _arrived(channel: _Arriving, args: tuple[str, ...], at: int) -> Decoded:
    event: core.Event | core.AgentDials | UnknownArrived
    match args:
        case (names.STASIS_INBOUND, called, *_):
            event = core.CallerArrived(
                at, channel.id, plain_text(called, CALLED_NUMBER_LENGTH), caller_number(channel.caller.number),
                caller_name(channel.caller.name),
            )  # fmt: skip
        case (names.STASIS_OUTBOUND, called, *rest):
            event = core.AgentDials(
                at, channel.id, endpoint_of(channel.name), plain_text(called, CALLED_NUMBER_LENGTH),
                host_of(rest[0]) if rest else None,
            )  # fmt: skip
        case (names.STASIS_VIRTUAL_PHONE, *rest):
            # Its own id tells its leg, and so does the dialplan's third argument.
            leg = ids.leg_of_far_half(channel.id) or (rest[1] if len(rest) > 1 else "")
            event = core.FarHalfArrived(at, leg, channel.id) if leg else _unknown(channel, args, at)
        case _:
            ours = ids.ordinal_of(channel.id) is not None or ids.is_click2dial(channel.id)
            event = core.LegReady(at, channel.id) if ours else _unknown(channel, args, at)
    return Decoded(channel.id, event)


def endpoint_of(name: str) -> str:
    """``PJSIP/8330101-0000001a`` -> ``8330101``; ``Local/8330101@context-…;1`` -> ``8330101``."""
    bare = name.partition("/")[2]
    return bare.partition("@")[0] if "@" in bare else bare.rpartition("-")[0]


def host_of(address: str) -> str | None:
    """``10.1.0.3:5060`` -> ``10.1.0.3``; ``[2001:db8::1]:5060`` -> ``2001:db8::1``."""
    host = address.rpartition(":")[0].removeprefix("[").removesuffix("]")
    return host or None


def _refers(to: _ReferTo, channel: str, at: int) -> Decoded:
    asked = to.requested_destination or _Requested()
    other = to.destination_channel.id if to.destination_channel is not None else None
    attended = other is not None or bool(asked.protocol_id)
    number = plain_text(asked.destination, CALLED_NUMBER_LENGTH)
    return Decoded(channel, core.PhoneTransfers(at, channel, number, attended, other))


def _unknown(channel: _Arriving, args: tuple[str, ...], at: int) -> UnknownArrived:
    return UnknownArrived(at, channel.id, channel.name, args)


def _dialled(channel: str, status: str, at: int) -> Decoded | None:
    if status == "ANSWER":
        return Decoded(channel, core.LegAnswered(at, channel))
    if status in _ALERTING:
        return Decoded(channel, core.LegRinging(at, channel))
    refusal = _REFUSALS.get(status)
    return Decoded(channel, core.LegRefused(at, channel, refusal)) if refusal else None


# ------------------------------------------------------------------------------------------------- what a stranger sent
def caller_number(text: str) -> str | None:
    """The calling number as the trunk gave it; None when it is withheld, a word for nobody, or too long to be one."""
    number = plain_text(text, CALLER_NUMBER_LENGTH + 1)
    return None if number.casefold() in _NOBODY or len(number) > CALLER_NUMBER_LENGTH else number


def caller_name(text: str) -> str | None:
    """The caller's name for a screen: one line, no control or direction-changing characters, at most 80 long."""
    # Asterisk hands a quoted name's escapes on as they came (RFC 3261 section 25.1, quoted-pair).
    name = plain_text(_QUOTED_PAIR.sub(r"\1", text), CALLER_NAME_LENGTH)
    return None if name.casefold() in _NOBODY else name


def plain_text(text: str, length: int) -> str:
    """`text` without control, format, surrogate and unassigned characters, white space folded, cut at `length`."""
    if not (text.isascii() and text.isprintable()):
        # Far more than `length` characters need not be looked at.
        text = "".join(_visible(character) for character in text[: length * 4])
    return " ".join(text.split())[:length].rstrip()


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    return " " if category[0] in "CZ" else character
