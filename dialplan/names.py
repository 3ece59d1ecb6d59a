"""The names Asterisk and we agree on: contexts, variables, the Stasis application and its arguments, CEL's columns.

Owns: every name that appears both in the dialplan or in asterisk-conf/ and in Python.
Must not: hold logic, read settings, know of ARI or of the database.
"""

from __future__ import annotations

from typing import Final

SYSTEM_NAME: Final = "centralita"
"""`systemname` of asterisk.conf: channel ids that Asterisk makes are `centralita-<epoch>.<n>`."""

ID_PREFIX: Final = SYSTEM_NAME + "-"
"""Every channel id of ours begins so, made by Asterisk or chosen by the engine."""

# -- Stasis ----------------------------------------------------------------------------------------------------------
ARI_USER: Final = "centralita"
"""Who the engine is to Asterisk's HTTP server."""
STASIS_APP: Final = "centralita"
STASIS_INBOUND: Final = "inbound"
"""First argument for a caller from a trunk; the second is the number dialled."""
STASIS_OUTBOUND: Final = "outbound"
"""First argument for a number dialled on an agent's phone; then the number, and the address the phone called from."""
STASIS_CLICK2DIAL: Final = "click2dial"
"""First argument for an agent's own phone that the engine calls first."""
STASIS_VIRTUAL_PHONE: Final = "virtual-phone"
"""First argument for the far half of a virtual phone; then its endpoint number and its leg's channel id."""

# -- contexts --------------------------------------------------------------------------------------------------------
CONTEXT_TRUNK: Final = "from-trunk"
CONTEXT_AGENT: Final = "from-agent"
CONTEXT_BROWSER_PHONE: Final = "from-browser-phone"
"""What a phone in the browser dials by itself leads nowhere: the desk calls for it."""
CONTEXT_FALLBACK: Final = "centralita-fallback"
CONTEXT_VIRTUAL_PHONE: Final = "centralita-virtual-phone"
CONTEXT_DEMO_CUSTOMER: Final = "centralita-demo-customer"
"""Where calls of ours lead in the demonstration, when there is no trunk: somebody answers and speaks."""
CONTEXT_DEMO_CALLER: Final = "centralita-demo-caller"
DEMO_CALLER_EXTENSION: Final = "demo"

CONTEXT_MESSAGES: Final = "from-trunk-messages"
"""SIP MESSAGE from a trunk, when the trunk carries messages."""
CONTEXT_NO_MESSAGES: Final = "centralita-no-messages"
"""There is no such context: whoever sends a MESSAGE there gets 404."""
MESSAGE_HEADER: Final = "X-Centralita-Message"
"""On a MESSAGE of ours: its id, by which the engine knows it on its way out."""
MESSAGE_CHANNEL: Final = "Message/"
"""So begins the name of the one channel on which Asterisk runs the dialplan of messages; it stays for ever."""
MESSAGES_FOLDER: Final = "messages"
"""Below Asterisk's spool: the messages that came in (`dialplan.messages`)."""

CONTEXT_SURVEY: Final = "centralita-survey"
"""Where the engine sends a caller on whose agent has hung up, to rate the call."""

# -- FastAGI (agi_scripts; an entry's module has its name) -------------------------------------------------------------
AGI_LOGIN: Final = "agent_login"
AGI_PAUSE: Final = "agent_pause"
AGI_CALLER: Final = "caller_lookup"
AGI_SURVEY: Final = "after_call_survey"
AGI_FALLBACK: Final = "fallback"
AGI_BLOCKLIST: Final = "blocklist"
AGI_ENTRIES: Final = (AGI_LOGIN, AGI_PAUSE, AGI_CALLER, AGI_SURVEY, AGI_FALLBACK, AGI_BLOCKLIST)
AGI_IN: Final = "in"
AGI_OUT: Final = "out"
"""Arguments of the agents' entries: log in or pause, log out or end the pause."""
FEATURE_LOGIN: Final = "*70"
FEATURE_LOGOUT: Final = "*71"
FEATURE_PAUSE: Final = "*72"
FEATURE_AVAILABLE: Final = "*73"
"""What an agent dials on the phone; each asks for the PIN."""
VARIABLE_ANSWERED: Final = "CENTRALITA_FALLBACK_ANSWERED"
"""Set by `fallback` once it speaks to the caller itself; unset, the dialplan plays its own message."""
VARIABLE_BLOCKED: Final = "CENTRALITA_BLOCKED"
"""Set to 1 by `blocklist`: the dialplan refuses the caller."""
GLOBAL_BLOCKLIST: Final = "CENTRALITA_BLOCKLIST"
"""Global, set by the engine: 1 when any number is blocked. Else no call asks."""

# -- PJSIP -----------------------------------------------------------------------------------------------------------
ENDPOINT_TRUNK: Final = "trunk"
ENDPOINT_DEMO_TRUNK: Final = "demo-trunk"
"""A trunk to ourselves: `PJSIP/<number>@demo-trunk` leaves here and comes back as a caller's INVITE."""
ENDPOINT_DEMO_CALLER: Final = "demo-caller"
"""That INVITE's endpoint; only its channels are in CONTEXT_TRUNK, the leaving ones in CONTEXT_DEMO_CALLER."""
SIP_REALM: Final = "centralita"
"""The realm in the phones' digests: HA1 = MD5(endpoint:centralita:secret), RFC 2617 section 3.2.2.2."""

RELAY_ADDRESS: Final = "127.0.0.2"
"""From where the engine passes on what phones in browsers say: an address that no trunk and no other phone has."""
HEADER_CALL: Final = "X-Centralita-Call"
"""In an INVITE to a phone in the browser: the call id, by which the page finds the call's pop."""

# -- channel variables, on every ARI event through `channelvars` of ari.conf -------------------------------------------
VARIABLE_CALL: Final = "CENTRALITA_CALL"
"""The call id: set on every channel the engine creates; the caller's own channel has it as its uniqueid."""
VARIABLE_CALLED: Final = "CENTRALITA_CALLED"
"""The number the caller dialled, set by the dialplan before Stasis."""
VARIABLE_AGENT: Final = "CENTRALITA_AGENT"
"""On an agent's leg: the agent's id."""
VARIABLE_LEG: Final = "CENTRALITA_LEG"
"""On a virtual phone's near half: its channel id; Asterisk copies it to the far half, which tells its leg so."""
VARIABLE_PHONE: Final = "CENTRALITA_PHONE"
"""On a pushed endpoint: the fingerprint of what was pushed."""
VARIABLE_STATE: Final = "CENTRALITA_STATE"
"""On a caller's channel that hears more than ringing: where the call is (`ari_app.core.marks`)."""
VARIABLE_RECORDING: Final = "CENTRALITA_RECORDING"
"""On each party's channel: how far the recording of the conversation is (`ari_app.core.marks`)."""
CHANNEL_VARIABLES: Final = (VARIABLE_CALL, VARIABLE_CALLED, VARIABLE_AGENT, VARIABLE_STATE, VARIABLE_RECORDING)

# -- CEL (docs: Asterisk, "Channel Event Logging") --------------------------------------------------------------------
CEL_FILE: Final = "cel-custom/cel.csv"
"""Below Asterisk's log folder."""
CEL_FALLBACK_EVENT: Final = "CENTRALITA_FALLBACK"
"""User-defined CEL event: a caller reached the fallback. Its `extra` holds the number dialled."""
CEL_BLOCKED_EVENT: Final = "CENTRALITA_BLOCKED"
"""User-defined CEL event: a caller was refused by the list of blocked numbers. `extra` as above."""
CEL_COLUMNS: Final[tuple[tuple[str, str], ...]] = (
    ("event_type", "${eventtype}"),
    ("event_time", "${eventtime}"),
    ("channel_name", "${CHANNEL(channame)}"),
    ("channel_id", "${CHANNEL(uniqueid)}"),
    ("linked_id", "${CHANNEL(linkedid)}"),
    ("calling_number", "${CALLERID(num)}"),
    ("calling_name", "${CALLERID(name)}"),
    ("called_number", "${CALLERID(dnid)}"),
    ("extension", "${CHANNEL(exten)}"),
    ("context", "${CHANNEL(context)}"),
    ("application", "${CHANNEL(appname)}"),
    ("peer", "${BRIDGEPEER}"),
    ("user_event", "${userdeftype}"),
    ("extra", "${eventextra}"),
)
"""Columns of the CEL file in order: our name, Asterisk's expression. Time is `<epoch seconds>.<6 digits>`, UTC."""
