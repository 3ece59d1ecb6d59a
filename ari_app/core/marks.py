"""What a call writes on its caller's channel, so that an engine after us takes it up where it is.

Owns: the variables, and their texts both ways. Must not: be needed for a call from outside that only hears the ringing
tone, or that somebody talks on: what the channels show says enough of those.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ari_app.core.call import Facts, Tape, TapeState
from models.values.recording import Cut, CutWhy

VARIABLE = "CENTRALITA_STATE"
"""A channel variable; ari.conf has it listed with every channel (``dialplan.names``)."""

TAPE_VARIABLE = "CENTRALITA_RECORDING"
"""Of the call's recording; listed with every channel, too."""
MOST_CUTS = 10
"""Of a recording, that stand on a channel: every event of Asterisk's carries them."""
_CHOSEN = {"auto": None, "on": True, "off": False}


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


@dataclass(frozen=True, slots=True)
class ClickMark:
    """On the agent's own channel of a Click2Dial, from its creation: its record reaches the database a moment later."""

    call_center: int
    """0: none."""
    offered_at: int
    number: str


def of_click(facts: Facts) -> str:
    return f"click {facts.route.id if facts.route else 0} {facts.offered_at} {facts.called_number}"


def read_click(text: str) -> ClickMark | None:
    match text.split(" "):
        case ["click", center, offered_at, number] if center.isdecimal() and offered_at.isdecimal():
            return ClickMark(int(center), int(offered_at), number)
    return None


@dataclass(frozen=True, slots=True)
class GivenMark:
    """On the channel of a party that came from another call (``joining``), whose id its own channel's still shows."""

    call_id: str
    ordinal: int
    number: str


def of_given(facts: Facts, ordinal: int, number: str) -> str:
    return f"given {facts.id} {ordinal} {number}"


def read_given(text: str) -> GivenMark | None:
    match text.split(" "):
        case ["given", call_id, ordinal, number] if ordinal.isdecimal():
            return GivenMark(call_id, int(ordinal), number)
    return None


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


def of_tape(tape: Tape) -> str:
    """Empty while there is nothing to say."""
    if tape == Tape():
        return ""
    chosen = next(word for word, choice in _CHOSEN.items() if choice is tape.chosen)
    held = "held" if tape.held_back else "open"
    cuts = ",".join(f"{cut.at_ms}-{cut.lasted_ms}-{cut.why.value}" for cut in tape.cuts[:MOST_CUTS])
    return f"{tape.parts} {tape.state.value} {tape.began} {chosen} {held} {tape.paused_at} {cuts}"


def read_tape(text: str) -> Tape | None:
    match text.split(" "):
        case [parts, state, began, chosen, held, *rest] if (
            parts.isdecimal() and began.isdecimal() and state in [*TapeState] and chosen in _CHOSEN
        ):
            paused, cuts = rest if len(rest) == 2 else ("0", "")  # an older engine's says no more
            return Tape(
                parts=int(parts),
                state=TapeState(state),
                began=int(began),
                chosen=_CHOSEN[chosen],
                held_back=held == "held",
                paused_at=int(paused) if paused.isdecimal() else 0,
                cuts=tuple(cut for written in cuts.split(",") if (cut := _read_cut(written)) is not None),
            )
    return None


def _read_cut(text: str) -> Cut | None:
    match text.split("-"):
        case [at, lasted, why] if at.isdecimal() and lasted.isdecimal() and why in [*CutWhy]:
            return Cut(int(at), int(lasted), CutWhy(why))
    return None


def newest(texts: Iterable[str]) -> str:
    """Of what stands on the channels of one call; empty: nothing does."""
    read = [(told.parts, text) for text in texts if (told := read_tape(text)) is not None]
    return max(read, default=(0, ""))[1]
