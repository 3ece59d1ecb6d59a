"""The recorded messages we play, as names in Asterisk's Spanish core sounds, with what they say in English.

Owns: which prompt is played for what. A test checks that each exists in the package of Spanish sounds.
Must not: be bypassed; nobody writes the name of a prompt elsewhere.
"""

from __future__ import annotations

from typing import Final

NOBODY_AVAILABLE: Final = "vm-nobodyavail"  # "Nobody is available to take your call at the moment"
TRY_AGAIN: Final = "please-try-again"  # "Please try again"
GOODBYE: Final = "vm-goodbye"  # "Goodbye"
NOT_IN_SERVICE: Final = "ss-noservice"  # "The number you have dialled is not in service"
HELLO: Final = "hello-world"
PATIENCE: Final = "queue-thankyou"  # "Thank you for your patience"
PERIODIC: Final = "queue-periodic-announce"  # "Thank you for holding. Your call will be answered as soon as possible"
LEAVE_MESSAGE: Final = "vm-intro"  # "Please leave your message after the tone …"
MESSAGE_KEPT: Final = "vm-msgsaved"  # "Your message has been saved"
THANK_YOU: Final = "auth-thankyou"  # "Thank you"
NEXT: Final = "queue-youarenext"  # "Your call is now first in line …"
THERE_ARE: Final = "queue-thereare"  # "There are currently"
CALLS_WAITING: Final = "queue-callswaiting"  # "callers waiting to be answered"
HOLD_TIME: Final = "queue-holdtime"  # "The estimated hold time is currently"
MINUTE: Final = "queue-minute"  # "minute"
MINUTES: Final = "queue-minutes"  # "minutes"
ONE: Final = "digits/1M"  # "un", before a masculine noun
AND: Final = "digits/and"  # "y"
ON_THE_PHONE: Final = "vm-isonphone"  # "is on the phone"
UNAVAILABLE: Final = "vm-isunavail"  # "is unavailable"
NOT_VALID: Final = "pbx-invalid"  # "I am sorry, that is not a valid extension. Please try again."
ALL_BUSY: Final = "tt-allbusy"  # "All representatives are busy"
WRONG: Final = "tt-somethingwrong"  # "Something is terribly wrong"
SHORT_SILENCE: Final = "silence/1"

FALLBACK: Final = (SHORT_SILENCE, NOBODY_AVAILABLE, TRY_AGAIN, GOODBYE)
"""Without an engine: no caller hears silence."""
UNKNOWN_NUMBER: Final = (SHORT_SILENCE, NOT_IN_SERVICE, GOODBYE)
"""The number dialled belongs to no call center."""
NOBODY_CAME: Final = (SHORT_SILENCE, NOBODY_AVAILABLE, GOODBYE)
"""No agent took the call in the time a caller may wait."""
AGENT_PIN: Final = "agent-pass"
AGENT_PIN_WRONG: Final = "auth-incorrect"
AGENT_REFUSED: Final = ("agent-incorrect", GOODBYE)
AGENT_IN: Final = ("agent-loginok",)
AGENT_OUT: Final = ("agent-loggedoff",)
AGENT_PAUSED: Final = ("dictate/paused",)
ENGINE_AWAY: Final = (SHORT_SILENCE, "tt-somethingwrong", TRY_AGAIN, GOODBYE)
"""An agent who logs in or pauses on the phone: nothing was changed."""
FALLBACK_OPEN: Final = (SHORT_SILENCE, NOBODY_AVAILABLE)
FALLBACK_CLOSED: Final = (SHORT_SILENCE, NOBODY_AVAILABLE)
LEAVE_A_MESSAGE: Final = ("vm-intro",)
MESSAGE_SAVED: Final = ("vm-msgsaved", GOODBYE)
NO_MESSAGE: Final = (GOODBYE,)
SURVEY: Final = (SHORT_SILENCE, "auth-thankyou", "vm-press", "digits/1", "vm-for", "digits/5")
SURVEY_THANKS: Final = ("auth-thankyou", GOODBYE)
SURVEY_GOODBYE: Final = (GOODBYE,)
AGI: Final = (
    AGENT_PIN, AGENT_PIN_WRONG, *AGENT_REFUSED, *AGENT_IN, *AGENT_OUT, *AGENT_PAUSED, *ENGINE_AWAY, *FALLBACK_OPEN,
    *FALLBACK_CLOSED, *LEAVE_A_MESSAGE, *MESSAGE_SAVED, *SURVEY, *SURVEY_THANKS, "beep",
)  # fmt: skip
"""What the entries of `agi_scripts` play."""
DEMO_CALLER: Final = (SHORT_SILENCE, HELLO, SHORT_SILENCE, PATIENCE)

QUEUE: Final = (
    PERIODIC, LEAVE_MESSAGE, MESSAGE_KEPT, THANK_YOU, NEXT, THERE_ARE, CALLS_WAITING, HOLD_TIME, MINUTE, MINUTES, ONE,
    PATIENCE,
)  # fmt: skip


def number(value: int) -> tuple[str, ...]:
    """0 to 99 spoken in Spanish: 31 is *treinta y uno*."""
    if not 0 <= value <= HIGHEST_NUMBER:
        raise ValueError(f"{value} is not said")
    if value < 30 or value % 10 == 0:
        return (f"digits/{value}",)
    return f"digits/{value - value % 10}", AND, f"digits/{value % 10}"


HIGHEST_NUMBER: Final = 99
NUMBERS: Final = tuple(number(value) for value in range(HIGHEST_NUMBER + 1))

AGENT_FALLBACK: Final = (SHORT_SILENCE, WRONG, TRY_AGAIN, GOODBYE)
"""An agent dials while there is no engine."""
NO_SUCH_CODE: Final = (SHORT_SILENCE, NOT_VALID)
PARTY_BUSY: Final = (SHORT_SILENCE, ON_THE_PHONE, GOODBYE)
PARTY_DID_NOT_ANSWER: Final = (SHORT_SILENCE, UNAVAILABLE, GOODBYE)
PARTY_NOT_REACHED: Final = (SHORT_SILENCE, NOT_IN_SERVICE, GOODBYE)
DESTINATION_NOT_ALLOWED: Final = (SHORT_SILENCE, NOT_VALID, GOODBYE)
BREAKER_TRIPPED: Final = (SHORT_SILENCE, WRONG, GOODBYE)

_OURS: Final = (
    *AGENT_FALLBACK, *NO_SUCH_CODE, *PARTY_BUSY, *PARTY_DID_NOT_ANSWER, *PARTY_NOT_REACHED, *DESTINATION_NOT_ALLOWED,
    *BREAKER_TRIPPED,
)  # fmt: skip
_SAID: Final = (*FALLBACK, *UNKNOWN_NUMBER, *NOBODY_CAME, *DEMO_CALLER, *AGI, *QUEUE, *_OURS)
ALL: Final = tuple(dict.fromkeys((*_SAID, *(part for spoken in NUMBERS for part in spoken))))
