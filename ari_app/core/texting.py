"""What the carrier's answer to a message means.

Owns: that table. Must not: know how a message is sent or how its answer is heard.

Sources: RFC 3428 section 7 (MESSAGE), RFC 3261 section 21 (status codes). 200 and 202 are the same to us: a carrier's
200 says no more than that it has taken the message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from models.values.sms import FailureReason, MessageState

TRIES: Final = 3
AGAIN_SECONDS: Final = (15, 60)
LONGEST_WAIT: Final = 600
CHALLENGES: Final = frozenset({401, 407})
"""Asterisk sends the message again with its password: only what comes after that is an answer."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`again`: seconds after which it is sent once more, because it surely was not taken; None: this is its end."""

    state: MessageState
    reason: str = ""
    detail: str = ""
    again: float | None = None


_REFUSALS: Final = {
    **dict.fromkeys((404, 410, 484, 485, 604), FailureReason.NO_SUCH_NUMBER),
    **dict.fromkeys((480, 486, 600), FailureReason.UNREACHABLE),
    **dict.fromkeys((413, 513), FailureReason.TOO_LARGE),
    **dict.fromkeys((415, 488, 606), FailureReason.NOT_ACCEPTED),
    **dict.fromkeys(CHALLENGES, FailureReason.CREDENTIALS),
}

# Somebody behind the carrier did not answer in time: they may have it all the same.
_NOBODY_KNOWS: Final = frozenset({408, 504})


def verdict(status: int, phrase: str = "", *, attempts: int = 1, retry_after: float | None = None) -> Verdict | None:
    """None: not a final answer."""
    detail = f"{status} {phrase}".strip()
    if status < 200:
        return None
    if status < 300:
        return Verdict(MessageState.SENT)
    if status == 503 and attempts < TRIES:
        wait = AGAIN_SECONDS[min(attempts, len(AGAIN_SECONDS)) - 1]
        return Verdict(MessageState.QUEUED, FailureReason.BUSY, detail, min(max(wait, retry_after or 0), LONGEST_WAIT))
    if status == 503:
        return Verdict(MessageState.FAILED, FailureReason.BUSY, detail)
    if status in _NOBODY_KNOWS:
        return Verdict(MessageState.UNSURE, FailureReason.NO_ANSWER, detail)
    return Verdict(MessageState.FAILED, _REFUSALS.get(status, FailureReason.REFUSED), detail)


SILENCE: Final = Verdict(MessageState.UNSURE, FailureReason.NO_ANSWER)
"""Timer F (RFC 3261, 17.1.2.2) ran out."""
LOST: Final = Verdict(MessageState.UNSURE, FailureReason.CONNECTION_LOST)
"""The switch did not say whether it sent it."""
NOT_SENT_SECONDS: Final = 5.0


def not_sent(detail: str) -> Verdict:
    """The switch said at once that it sends nothing."""
    return Verdict(MessageState.FAILED, FailureReason.SWITCH_REFUSED, detail)


def not_asked(detail: str) -> Verdict:
    """The switch could not even be asked."""
    return Verdict(MessageState.QUEUED, FailureReason.SWITCH_REFUSED, detail, NOT_SENT_SECONDS)
