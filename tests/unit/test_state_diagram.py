"""The state diagram is the core's: never stale, and never less than what really happens."""

from __future__ import annotations

import state_diagram
from simulation.run import simulate

from ari_app.core import events as e

FAMILY = {
    one.__name__: family.__name__
    for family in (e.MediaNews, e.TalkRequest, e.QueueNews, e.OutboundNews)
    for one in family.__subclasses__()
}
"""A branch may answer a whole family of events at once."""


def test_the_page_is_what_the_core_says() -> None:
    assert state_diagram.PAGE.read_text() == state_diagram.page(), "the core's phases changed: run `make docs`"


def test_whatever_thousands_of_calls_did_is_on_the_diagram() -> None:
    edges, begins = state_diagram.read()
    tally, failures = simulate(range(1_000), 3_000)

    assert not failures
    assert len(tally.transitions) > 30
    for before, event, after in tally.transitions:
        assert after in {to for start, to in edges if start == before}, f"{before} --{event}--> {after} is not drawn"
        told = edges[before, after]
        assert {event, FAMILY.get(event)} & told, f"{before} --{event}--> {after}: drawn only for {told}"
    assert "Waiting" in begins["an INVITE"]
    assert "Talking" in begins["found on the switch"]
