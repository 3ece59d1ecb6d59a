"""What a caller hears who waits: the ringing tone or music, a welcome, news of the place in the queue.

Owns: what is played to the caller's channel before anybody talks to it, and the mark on the channel that tells an
engine after us where the caller waits. Must not: change a phase.

As long as there is nothing to hear, the channel is not answered. Whoever takes the caller somewhere else calls
``hush`` first: nothing plays on into a conversation or a recording.
"""

from __future__ import annotations

from ari_app.core import ids, marks
from ari_app.core.call import Facts, Hears
from ari_app.core.commands import (
    Answer,
    CancelTimer,
    Command,
    Play,
    Ring,
    SetTimer,
    SetVariable,
    StartMusic,
    StopMusic,
    StopPlayback,
    StopRinging,
)
from ari_app.core.events import PlaceTold
from models.values.queue import PROMPT
from models.values.replacing import replace

NEWS = "news"
"""The timer of the next announcement."""
SAYING = "saying"
"""The timer under a message: the news of its end may be lost."""

Heard = tuple[Facts, list[Command]]


def begin(facts: Facts, *, welcome: bool = True) -> Heard:
    """The wait in the call's queue begins (or, without a ``welcome``, goes on after an engine's restart)."""
    assert facts.route is not None
    queue = facts.route.queue
    if not (facts.caller_up or queue.is_heard):
        return facts, [Ring(facts.caller_channel)]
    commands: list[Command] = [] if facts.caller_up else [Answer(facts.caller_channel)]
    facts = replace(facts, caller_up=True)
    facts, marked = mark(facts, marks.of_queue(facts))
    facts, heard = say(facts, queue.welcome) if welcome and queue.welcome else background(facts)
    commands += marked + heard
    if queue.announce_seconds:
        commands.append(SetTimer(NEWS, facts.policy.news_first))
    return facts, commands


def background(facts: Facts) -> Heard:
    """Music, or the ringing tone on a channel that was answered."""
    assert facts.route is not None
    music = facts.route.queue.music
    if music is None:
        hears = replace(facts.hears, playing=False, ringing=True)
        return replace(facts, hears=hears), [Ring(facts.caller_channel)]
    hears = replace(facts.hears, playing=False, music=True)
    return replace(facts, hears=hears), [StartMusic(facts.caller_channel, music)]


def say(facts: Facts, media: tuple[str, ...]) -> Heard:
    """Play a message instead of what was heard; ``is_end_of`` tells of its end."""
    facts, silence = _silence(facts)
    hears = replace(facts.hears, playbacks=facts.hears.playbacks + 1, playing=True)
    facts = replace(facts, hears=hears)
    return facts, [
        *silence,
        Play(facts.caller_channel, playback(facts), spoken(facts, media)),
        SetTimer(SAYING, facts.policy.announcement),
    ]


def said(facts: Facts) -> Heard:
    """The message is over: back to the background."""
    facts, commands = background(facts)
    return facts, [CancelTimer(SAYING), *commands]


def playback(facts: Facts) -> str:
    """The id of what is, or was last, being said."""
    return ids.announcement(facts.id, facts.hears.playbacks)


def hush(facts: Facts) -> Heard:
    """The wait is over: nothing is heard any more, and the mark is taken off."""
    facts, commands = _silence(facts)
    if facts.route and facts.route.queue.is_heard:
        commands += [CancelTimer(NEWS), CancelTimer(SAYING)]
    facts, marked = mark(facts, "")
    return facts, commands + marked


def _silence(facts: Facts) -> Heard:
    hears, commands = facts.hears, list[Command]()
    if hears.playing:
        commands += [StopPlayback(playback(facts)), CancelTimer(SAYING)]
    if hears.music:
        commands.append(StopMusic(facts.caller_channel))
    if hears.ringing:
        commands.append(StopRinging(facts.caller_channel))
    return replace(facts, hears=Hears(hears.playbacks)), commands


def mark(facts: Facts, text: str) -> Heard:
    """Write on the caller's channel where the call is."""
    if facts.mark == text:
        return facts, []
    return replace(facts, mark=text), [SetVariable(facts.caller_channel, marks.VARIABLE, text)]


def spoken(facts: Facts, media: tuple[str, ...]) -> tuple[str, ...]:
    """The media as Asterisk finds them: uploaded messages lie in a folder of ours."""
    folder = facts.policy.prompts_folder
    return tuple(f"sound:{folder}/{one.removeprefix(PROMPT)}" if one.startswith(PROMPT) else one for one in media)


def news(facts: Facts, told: PlaceTold) -> tuple[str, ...]:
    """The announcement of the place in the queue, and of how long it may take; empty when there is nothing to say."""
    assert facts.route is not None
    queue, words = facts.route.queue, facts.policy.spoken
    media: tuple[str, ...] = ()
    if queue.announce_position and told.place == 1:
        media += words.you_are_next
    elif queue.announce_position and told.place < len(words.numbers):
        media += (*words.there_are, *words.numbers[told.place], *words.calls_waiting)
    if queue.announce_wait and told.wait_ms is not None:
        minutes = max(1, -(-told.wait_ms // 60_000))
        if minutes == 1:
            media += (*words.hold_time, *words.minute)
        elif minutes < len(words.numbers):
            media += (*words.hold_time, *words.numbers[minutes], *words.minutes)
    return (*media, *words.thanks) if media else ()
