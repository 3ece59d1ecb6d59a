"""What a call writes on its caller's channel, so that an engine after us takes it up where it is.

Owns: the variable, and its text both ways. Must not: be needed for a call that only hears the ringing tone, or that
somebody talks on: what the channels show says enough of those.
"""

from __future__ import annotations

from dataclasses import dataclass

from ari_app.core.call import Facts

VARIABLE = "CENTRALITA_STATE"
"""A channel variable; ari.conf has it listed with every channel (``dialplan.names``)."""


@dataclass(frozen=True, slots=True)
class QueueMark:
    queues: tuple[int, ...]
    """The call centers it came to; it waits in the last one's queue."""
    queued_at: int


@dataclass(frozen=True, slots=True)
class VoicemailMark:
    call_center: int
    recording: str
    began: int
    """When the recording began; 0: it has not."""


def of_queue(facts: Facts) -> str:
    return f"queue {','.join(map(str, facts.queues))} {facts.queued_at}"


def of_voicemail(facts: Facts, recording: str, began: int) -> str:
    return f"voicemail {facts.route.id if facts.route else 0} {recording} {began}"


def read(text: str) -> QueueMark | VoicemailMark | None:
    """None: nothing is written, or nothing that this version writes."""
    match text.split(" "):
        case ["queue", queues, since] if since.isdecimal():
            came_to = queues.split(",")
            return QueueMark(tuple(map(int, came_to)), int(since)) if all(map(str.isdecimal, came_to)) else None
        case ["voicemail", center, recording, began] if center.isdecimal() and began.isdecimal():
            return VoicemailMark(int(center), recording, int(began))
    return None
