"""SMS: in how many parts a text goes, and the states of a message.

Owns: the alphabets and the counting (3GPP TS 23.038 sections 6.2.1 and 6.2.1.1, TS 23.040 section 9.2.3.24.1), which
state may follow which. Must not: store or send.

A part of a longer text carries six octets that join it to the others: of 160 septets 153 are left for letters, of 70
UCS-2 units 67.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION: Final = frozenset("\f^{}\\[~]|€")
"""Each takes two septets: an escape and itself."""

MOST_PARTS: Final = 10
MOST_CHARACTERS: Final = 1600


class Encoding(StrEnum):
    GSM7 = "gsm7"
    UCS2 = "ucs2"


_ALONE: Final = {Encoding.GSM7: 160, Encoding.UCS2: 70}
_JOINED: Final = {Encoding.GSM7: 153, Encoding.UCS2: 67}


@dataclass(frozen=True, slots=True)
class Segments:
    """`units`: septets or UCS-2 units; `left`: those that still fit into the last part; `odd`: the characters because
    of which the text goes as UCS-2, each once, in order."""

    encoding: Encoding
    units: int
    parts: tuple[str, ...]
    left: int
    odd: str = ""

    @property
    def count(self) -> int:
        return len(self.parts)


def segments(text: str) -> Segments:
    """How the text goes out. An escape and its character, or a surrogate pair, are never parted. Empty: no part."""
    odd = "".join(dict.fromkeys(one for one in text if one not in BASIC and one not in EXTENSION))
    encoding = Encoding.UCS2 if odd else Encoding.GSM7
    sizes = [_size(one, encoding) for one in text]
    units = sum(sizes)
    if units <= _ALONE[encoding]:
        return Segments(encoding, units, (text,) if text else (), _ALONE[encoding] - units, odd)
    room = _JOINED[encoding]
    parts: list[str] = []
    begin = used = 0
    for place, size in enumerate(sizes):
        if used + size > room:
            parts.append(text[begin:place])
            begin, used = place, 0
        used += size
    parts.append(text[begin:])
    return Segments(encoding, units, tuple(parts), room - used, odd)


def _size(character: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM7:
        return 2 if character in EXTENSION else 1
    return 2 if ord(character) > 0xFFFF else 1


class MessageState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"  # somebody has taken it to send it
    UNSURE = "unsure"  # it may have gone out, or not: it is never sent again by itself
    SENT = "sent"  # the carrier or provider has taken it
    FAILED = "failed"
    DELIVERED = "delivered"  # on the phone
    RECEIVED = "received"  # an incoming one


class Way(StrEnum):
    """By what a message goes or came."""

    SIP = "sip"
    HTTP = "http"


# What is told later is believed only when it knows more. A delivery is believed after a failure was told: the text is
# on the phone, whatever was said before.
FORWARD: Final[dict[MessageState, frozenset[MessageState]]] = {
    MessageState.SENDING: frozenset({MessageState.QUEUED}),
    MessageState.UNSURE: frozenset({MessageState.SENDING}),
    MessageState.SENT: frozenset({MessageState.QUEUED, MessageState.SENDING, MessageState.UNSURE}),
    MessageState.FAILED: frozenset({MessageState.QUEUED, MessageState.SENDING, MessageState.UNSURE, MessageState.SENT}),
    MessageState.DELIVERED: frozenset(
        {MessageState.QUEUED, MessageState.SENDING, MessageState.UNSURE, MessageState.SENT, MessageState.FAILED}
    ),
}
"""For each state that can be told: from which it may come."""


class FailureReason(StrEnum):
    """Why a message failed, is unsure, or waits. Stored and sent to screens: never rename one."""

    REFUSED = "refused"  # the carrier or provider said no; `detail` has its words
    NO_SUCH_NUMBER = "no_such_number"
    UNREACHABLE = "unreachable"
    TOO_LARGE = "too_large"
    NOT_ACCEPTED = "not_accepted"  # it takes no such content
    CREDENTIALS = "credentials"
    BUSY = "busy"  # it takes no more now
    NOT_REACHED = "not_reached"  # nobody is there to take it
    NO_ANSWER = "no_answer"
    RESTARTED = "restarted"  # our program ended while the message was under way
    CONNECTION_LOST = "connection_lost"
    SWITCH_REFUSED = "switch_refused"
    NO_WAY = "no_way"  # neither a provider nor the trunk carries this number's messages
    EXPIRED = "expired"  # it waited for too long
    UNDELIVERED = "undelivered"  # a receipt said so
    OPTED_OUT = "opted_out"
