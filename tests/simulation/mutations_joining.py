"""Seeded faults of two calls that become one (``core.joining``): one deliberate bug each, all of them to be noticed.

Owns: the bugs. Must not: be imported by anything but the test that seeds them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from simulation.mutations import Patch, mutation

from ari_app.core import commands as c
from ari_app.core import joining
from ari_app.core.call import Call
from ari_app.core.ending import Step


@mutation(r"in the bridge are")
def the_party_is_not_brought_into_the_room(patch: Patch) -> None:
    patch(joining, "move", lambda call, before: [])


@mutation(r"has money set aside")
def what_the_party_was_let_out_for_is_forgotten(patch: Patch) -> None:
    patch(joining, "_let_out", lambda facts, leg, talked: None)


@mutation(r"nothing is done about it|is there|in the bridge are")
def whoever_joined_them_is_not_let_go(patch: Patch) -> None:
    talks = joining._talks

    def clings(*arguments: Any) -> Step:
        after, commands = talks(*arguments)
        return after, [one for one in commands if not isinstance(one, c.Hangup)]

    patch(joining, "_talks", clings)


@mutation(r"works with agent|is released by|still holds agent")
def both_calls_go_on(patch: Patch) -> None:
    give = joining._give

    def stays(call: Call, event: joining.LineAsked) -> Step:
        _, commands = give(call, event)  # type: ignore[arg-type]
        return replace(call, facts=replace(call.facts, joined_elsewhere=True)), [
            one for one in commands if isinstance(one, c.HandOver)
        ]

    patch(joining, "_give", stays)
