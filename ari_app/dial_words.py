"""Why a Click2Dial is not made, in English sentences: for the control API, whose pages have their own words.

Owns: the words and the HTTP status of each code. Must not: decide.
"""

from __future__ import annotations

from typing import Final

from models.values.reasons import CallReason

_WORDS: Final[dict[str, tuple[int, str]]] = {
    "switch_away": (503, "There is no connection to Asterisk."),
    "no_such_agent": (404, "There is no such agent."),
    "no_such_call_center": (404, "There is no such call center."),
    "not_active": (409, "The agent is not active."),
    "click2dial_not_allowed": (403, "The agent may not use Click2Dial."),
    "no_phone": (409, "The agent has no phone."),
    "not_logged_in": (409, "The agent is not logged in."),
    "desk_cut_off": (409, "The agent's desk is not connected."),
    "phone_off": (409, "The phone in the agent's browser is not ready."),
    "address_not_allowed": (403, "The agent sits at an address that is not allowed."),
    "on_another_call": (409, "The agent is on another call."),
    CallReason.NOT_A_NUMBER: (422, "That is not a number that can be called."),
    CallReason.NO_TRUNK: (503, "No trunk is set up, so nobody outside can be called."),
    CallReason.DESTINATION_NOT_ALLOWED: (403, "The agent may not call that number."),
    CallReason.PARTY_ON_ANOTHER_CALL: (409, "The colleague is on another call."),
    CallReason.PARTY_NOT_ALLOWED: (409, "The colleague may not take calls where they sit."),
    CallReason.AGENT_SPEND_LIMIT: (403, "The agent's limit of spending is reached."),
    CallReason.AGENT_CALLS_LIMIT: (403, "The agent's limit of calls per hour is reached."),
    CallReason.AGENT_COUNTRIES_LIMIT: (403, "The agent's limit of new countries is reached."),
    CallReason.ACCOUNT_SPEND_LIMIT: (403, "The account's limit of spending is reached."),
    CallReason.ACCOUNT_CALLS_LIMIT: (403, "The account's limit of calls per hour is reached."),
    CallReason.ACCOUNT_COUNTRIES_LIMIT: (403, "The account's limit of new countries is reached."),
}
CODES: Final = frozenset(str(code) for code in _WORDS)


def english(code: str) -> tuple[int, str]:
    """HTTP status and sentence."""
    return _WORDS.get(code, (409, "The call can't be made."))
