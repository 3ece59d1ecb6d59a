"""What goes wrong in a world, and how often.

Owns: the probabilities, drawn from the world's seed. Must not: do the wrong.
"""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(slots=True)
class Weather:
    """Shares are 0 … 1 of whatever is named; times are milliseconds."""

    kind: str
    lag: float = 1.0
    """How long a message on the wire takes, typically."""
    slow: float = 0.02
    """Of messages: take up to 100 times as long."""
    refused: float = 0.0
    """Of commands: answered 500 and not carried out."""
    lost: float = 0.0
    """Of commands: not carried out and never answered."""
    unanswered: float = 0.0
    """Of commands: carried out, never answered."""
    late: float = 0.0
    """Of commands: never answered, and carried out some seconds after the time-out."""
    hung_up: float = 0.0
    """Of commands: after it, somebody of its call hangs up."""
    no_playback_end: float = 0.0
    """Of announcements: PlaybackFinished never comes."""
    no_ack: float = 0.03
    """Of pops: never acknowledged."""
    shuffled: float = 0.0
    """Of events: told out of their channel's order."""
    twice: float = 0.0
    """Of events: told a second time, a moment or a while later."""
    missing: float = 0.0
    """Of events: never told."""
    no_news: float = 0.0
    """Of legs that are hung up before they enter the application: nothing is told of their end."""
    gap: bool = False
    """The connection to the switch is lost for a while, events with it."""
    restart: bool = False
    """The engine is killed and comes back."""

    @property
    def faulty(self) -> bool:
        return self.kind not in ("calm", "rough")


def forecast(rng: random.Random) -> Weather:
    """The weather of a world."""
    lag = rng.choice((0.3, 1.0, 1.0, 4.0))
    dice = rng.random()
    if dice < 0.42:
        return Weather("calm", lag)
    if dice < 0.62:
        # Nothing fails, but everything is late and people hang up at the worst moment.
        return Weather("rough", rng.choice((5.0, 30.0, 120.0)), slow=0.15, hung_up=0.06, no_ack=0.2, twice=0.05)
    if dice < 0.82:
        return Weather(
            "stormy",
            lag,
            refused=rng.choice((0, 0.03, 0.2)),
            lost=rng.choice((0, 0.02, 0.1)),
            unanswered=rng.choice((0, 0.03, 0.1)),
            late=rng.choice((0, 0, 0.03)),
            hung_up=0.03,
            no_playback_end=0.3,
            no_ack=0.2,
            shuffled=rng.choice((0, 0, 0.05)),
            twice=rng.choice((0, 0.03, 0.2)),
            missing=rng.choice((0, 0, 0.03)),
            no_news=rng.choice((0, 0.3)),
        )
    if dice < 0.94:
        return Weather("gap", lag, hung_up=0.02, gap=True)
    return Weather("restart", lag, hung_up=0.02, restart=True)
