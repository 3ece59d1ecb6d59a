"""Ids that we choose, derived from the call's, so that every command is safe to repeat and any channel tells its call.

A call's id is the ``uniqueid`` of the caller's channel, ``centralita-<epoch>.<n>`` (Asterisk's ``systemname`` is
``centralita``). Ours: ``<call>.agent.<n>`` (of a virtual phone's far half: ``<call>.agent.<n>.far``) and
``<call>.outside.<n>``, the legs, numbered together; the bridges ``<call>.bridge`` and ``<call>.consult``; the playbacks
``<call>.announce.<n>``, the recordings ``<call>.record.<n>`` and a caller's message ``<call>.voicemail.<n>``.

A Click2Dial call begins without a caller: its id is chosen, ``centralita-<epoch>.d<n>``, and is at the same time the
channel id of the agent's own phone, which is made first. So the agent's channel is the caller's here too: Asterisk's
linked id is the call's id, and registry, event log and adoption need no other rule. That phone's far half, where it is
virtual, is ``<call>.far``.
Must not: be parsed or built anywhere else.
"""

from __future__ import annotations

import re

PREFIX = "centralita-"
_OURS = re.compile(
    r"(?P<call>centralita-.+?)\."
    r"(?:(?:agent|outside)\.(?P<ordinal>[0-9]+)(?P<far>\.far)?|(?P<own>far)|"
    r"bridge|consult|(?:announce|record|voicemail)\.[0-9]+)",
    re.ASCII,
)


_CHOSEN = re.compile(r"centralita-[0-9]+\.d[0-9a-f]+", re.ASCII)


def click2dial(at: int, token: str) -> str:
    """A new call's id, of the time (epoch ms) and a token (hexadecimal) that no other call of that second has."""
    return f"{PREFIX}{at // 1000}.d{token}"


def is_click2dial(call_id: str) -> bool:
    """Did we choose this call's id, and make its first channel?"""
    return _CHOSEN.fullmatch(call_id) is not None


def leg(call_id: str, ordinal: int) -> str:
    """The channel id of the call's ``ordinal``-th leg (from 1), to an agent's phone."""
    return f"{call_id}.agent.{ordinal}"


def outside_leg(call_id: str, ordinal: int) -> str:
    """The channel id of the call's ``ordinal``-th leg, to a number outside."""
    return f"{call_id}.outside.{ordinal}"


def is_outside(channel: str) -> bool:
    """Is it a leg to a number outside?"""
    return ordinal_of(channel) is not None and ".outside." in channel


def bridge(call_id: str) -> str:
    """The id of the bridge in which the call talks."""
    return f"{call_id}.bridge"


def consult(call_id: str) -> str:
    """The id of the second bridge, where an agent consults while the other party holds the line."""
    return f"{call_id}.consult"


def announcement(call_id: str, ordinal: int) -> str:
    """The id of the call's ``ordinal``-th playback."""
    return f"{call_id}.announce.{ordinal}"


def recording(call_id: str, ordinal: int) -> str:
    """The name of the call's ``ordinal``-th recording."""
    return f"{call_id}.record.{ordinal}"


def voicemail(call_id: str, ordinal: int) -> str:
    """The name of the recording of the caller's message, by the ordinal of its leg."""
    return f"{call_id}.voicemail.{ordinal}"


def is_voicemail(recording: str) -> bool:
    """Is it a caller's message?"""
    return _OURS.fullmatch(recording) is not None and ".voicemail." in recording


def is_conversation(recording: str) -> bool:
    """Is it (a part of) the recording of a conversation?"""
    return _OURS.fullmatch(recording) is not None and ".record." in recording


def part_of(recording: str) -> int:
    """Which part of its call's recording it is."""
    return int(recording.rpartition(".")[2]) if is_conversation(recording) else 0


def call_of(thing_id: str) -> str | None:
    """The call that this channel, bridge or playback belongs to; None: not named by us.

    A caller's own channel id is the call id itself, so it is not *of* a call here: ask the registry.
    """
    found = _OURS.fullmatch(thing_id)
    return found["call"] if found else None


def ordinal_of(channel: str) -> int | None:
    """Which leg this channel is; None: it is none."""
    found = _OURS.fullmatch(channel)
    return int(found["ordinal"]) if found and found["ordinal"] and not found["far"] else None


def far_half(leg_channel: str) -> str:
    """The channel id of the far half of a virtual phone's leg."""
    return f"{leg_channel}.far"


def leg_of_far_half(channel: str) -> str | None:
    """The leg that this channel is the far half of; None: it is none."""
    found = _OURS.fullmatch(channel)
    return channel.removesuffix(".far") if found and (found["far"] or found["own"]) else None
