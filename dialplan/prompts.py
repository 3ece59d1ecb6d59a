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
SHORT_SILENCE: Final = "silence/1"

FALLBACK: Final = (SHORT_SILENCE, NOBODY_AVAILABLE, TRY_AGAIN, GOODBYE)
"""Without an engine: no caller hears silence."""
UNKNOWN_NUMBER: Final = (SHORT_SILENCE, NOT_IN_SERVICE, GOODBYE)
"""The number dialled belongs to no call center."""
NOBODY_CAME: Final = (SHORT_SILENCE, NOBODY_AVAILABLE, GOODBYE)
"""No agent took the call in the time a caller may wait."""
OUTBOUND_NOT_YET: Final = (SHORT_SILENCE, NOT_IN_SERVICE, GOODBYE)
DEMO_CALLER: Final = (SHORT_SILENCE, HELLO, SHORT_SILENCE, PATIENCE)

ALL: Final = tuple(dict.fromkeys((*FALLBACK, *UNKNOWN_NUMBER, *NOBODY_CAME, *OUTBOUND_NOT_YET, *DEMO_CALLER)))
