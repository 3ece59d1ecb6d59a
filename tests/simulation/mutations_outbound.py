"""Seeded faults of the calls that agents make: one deliberate bug each, all of them to be noticed.

Owns: the bugs. Must not: be imported by anything but the test that seeds them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from simulation.mutations import Patch, mutation, without

from ari_app.core import calling, gate, hold, keypad, outbound, parties, permit, queueing, refer, transfer
from ari_app.core import commands as c
from ari_app.core import events as e
from ari_app.core.arrangement import Together
from ari_app.core.call import Announcing, Preparing, Reaching
from models.values import destination
from models.values.ip import IpRules
from models.values.routing import Outside


@mutation(r"is released by|is rung by")
def the_calling_agent_is_not_held(patch: Patch) -> None:
    patch(calling, "hold", lambda facts, *, talking: [])


@mutation(r"works with agent|is released by|is rung by")
def a_colleague_is_not_held(patch: Patch) -> None:
    patch(calling, "hold_callee", lambda facts: [])


@mutation(r"still holds agent")
def a_colleague_who_was_never_rung_is_not_given_back(patch: Patch) -> None:
    patch(calling, "give_up_callee", lambda facts: [])


@mutation(r"still hears|hears \{")
def the_ringing_tone_goes_on(patch: Patch) -> None:
    without(patch, lambda before, after, command: isinstance(before, Reaching) and isinstance(command, c.StopRinging))


@mutation(r"has money set aside")
def nothing_is_settled(patch: Patch) -> None:
    without(patch, lambda before, after, command: isinstance(command, c.SettleSpending))


@mutation(r"an emergency call is refused")
def an_emergency_is_asked_like_any_other(patch: Patch) -> None:
    read = destination.read_destination

    def plain(dialled: str, region: str) -> Any:
        found = read(dialled, region)
        return replace(found, emergency=False) if found else None

    patch(permit, "read_destination", plain)


@mutation(r"let out from an address")
def the_address_of_the_phone_is_not_asked(patch: Patch) -> None:
    ask = permit.ask

    def everywhere(asking: Any, snapshot: Any, *rest: Any) -> Any:
        return ask(asking, replace(snapshot, ip_rules=IpRules()), *rest)

    patch(permit, "ask", everywhere)


@mutation(r"is let out")
def every_destination_is_allowed(patch: Patch) -> None:
    patch(destination.DestinationRules, "allows", lambda self, agent, to: True)


@mutation(r"nobody was asked whether it may be")
def a_transfer_goes_past_the_gate(patch: Patch) -> None:
    want = transfer.want

    def hasty(call: Any, by: str, target: Any, at: int, *, blind: bool) -> Any:
        if not isinstance(target, Outside):
            return want(call, by, target, at, blind=blind)
        return transfer._begin(call, by, replace(target, endpoint=f"{target.number}@trunk"), at, blind=blind)

    patch(transfer, "want", hasty)


@mutation(r"nobody was asked whether it may be")
def an_overflow_goes_past_the_gate(patch: Patch) -> None:
    refused = queueing.outside_refused

    def deaf(call: Any, event: Any) -> Any:
        if call.facts.overflow_end is None:
            return refused(call, event)
        to = Outside(event.number, f"{event.number}@trunk")
        return queueing.outside_allowed(call, e.OutsideAllowed(event.at, event.pass_id, None, to))

    patch(queueing, "outside_refused", deaf)


@mutation(r"is honoured, and it is not from a phone of ours")
def a_refer_of_the_caller_is_honoured(patch: Patch) -> None:
    mine = refer.agent_id_on
    patch(refer, "agent_id_on", lambda call, channel: mine(call, channel) or 1)


@mutation(r"is honoured, and it is not from a phone of ours|and they take no part")
def a_code_of_the_caller_is_honoured(patch: Patch) -> None:
    mine = keypad.agent_id_on
    patch(keypad, "agent_id_on", lambda call, channel: mine(call, channel) or 1)


@mutation(r"hears .*music|in the bridge are")
def a_hold_is_not_undone(patch: Patch) -> None:
    patch(
        hold, "move", lambda call, before: [] if isinstance(call.arrangement, Together) else parties.move(call, before)
    )


@mutation(r"has money set aside|forgotten with timers set")
def what_a_leg_did_not_use_is_not_given_back(patch: Patch) -> None:
    patch(gate, "over", lambda leg, at: [])


@mutation(r"has money set aside")
def what_came_too_late_is_not_given_back(patch: Patch) -> None:
    patch(gate, "unused", lambda event: [])


@mutation(r"rings its own agent without a limit|waited|let wait")
def the_agents_own_phone_rings_without_a_limit(patch: Patch) -> None:
    click = outbound.click

    def endless(*arguments: Any) -> Any:
        call, commands = click(*arguments)
        return call, [one for one in commands if not (isinstance(one, c.SetTimer) and one.name == "own_ring")]

    patch(outbound, "click", endless)


@mutation(r"calls without a limit|let wait")
def the_number_rings_without_a_limit(patch: Patch) -> None:
    reach = outbound.reach

    def endless(*arguments: Any) -> Any:
        call, commands = reach(*arguments)
        return call, [one for one in commands if not (isinstance(one, c.SetTimer) and one.name == "ring.1")]

    patch(outbound, "reach", endless)


@mutation(r"its pop is|there is still")
def the_calling_agents_pop_is_not_ended(patch: Patch) -> None:
    patch(calling, "over", lambda facts, at: (facts, []))


@mutation(r"still holds agent|is still held")
def the_calling_agent_is_not_released(patch: Patch) -> None:
    patch(calling, "release", lambda facts, *, talk_ms, talked: [])


@mutation(r"timers set")
def the_own_timer_is_forgotten(patch: Patch) -> None:
    def drop(before: Any, after: Any, command: Any) -> bool:
        return isinstance(before, Preparing) and isinstance(command, c.CancelTimer) and command.name == "own_ring"

    without(patch, drop)


@mutation(r"is calling one number|calls one number")
def a_busy_number_is_not_the_end(patch: Patch) -> None:
    reaching = outbound.reaching

    def deaf(call: Any, event: Any) -> Any:
        after, commands = reaching(call, event)
        if isinstance(after, Announcing):
            return replace(call, legs=after.legs), [one for one in commands if not isinstance(one, c.Play | c.SetTimer)]
        return after, commands

    patch(outbound, "reaching", deaf)
