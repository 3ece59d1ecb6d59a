"""Seeded faults: the core with one deliberate bug each. The simulation must notice every one of them.

Owns: the bugs. Must not: be imported by anything but the test that seeds them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ari_app.core import (
    adoption,
    ending,
    hearing,
    inbound,
    legs,
    parties,
    queueing,
    roster,
    talking,
    tape,
    transfer,
    voicemail,
)
from ari_app.core import commands as c
from ari_app.core import events as e
from ari_app.core.arrangement import Calling
from ari_app.core.call import Alerting, Call, Clearing, Facts, Leg, Talking, Waiting, ring_timer
from ari_app.core.ending import Step
from models.values.call import LegOutcome
from models.values.hours import Hours
from models.values.reasons import LegReason

Patch = Callable[[Any, str, Any], None]
"""``monkeypatch.setattr``."""


@dataclass(frozen=True, slots=True)
class Mutation:
    name: str
    says: str
    """What the verdict must say: the right check found it."""
    seed_into: Callable[[Patch], None]

    def __str__(self) -> str:
        return self.name


ALL: list[Mutation] = []


def mutation(says: str) -> Callable[[Callable[[Patch], None]], None]:
    def note(seed_into: Callable[[Patch], None]) -> None:
        ALL.append(Mutation(seed_into.__name__, says, seed_into))

    return note


# ------------------------------------------------------------------------------------------------ tools
def _steps(patch: Patch, change: Callable[[Call, e.Event, Call, list[c.Command]], Step]) -> None:
    """Change what the transition function says."""
    step = inbound.step

    def changed(call: Call, event: e.Event) -> Step:
        return change(call, event, *step(call, event))

    patch(inbound, "step", changed)


def without(patch: Patch, drop: Callable[[Call, Call, c.Command], bool]) -> None:
    """Forget commands: ``drop(before, after, command)``."""

    def change(call: Call, event: e.Event, after: Call, wanted: list[c.Command]) -> Step:
        return after, [command for command in wanted if not drop(call, after, command)]

    _steps(patch, change)


def _deaf(patch: Patch, ignored: Callable[[Call, e.Event], bool]) -> None:
    """Ignore events."""
    step = inbound.step
    patch(inbound, "step", lambda call, event: (call, []) if ignored(call, event) else step(call, event))


def _without_timer(patch: Patch, name: str) -> None:
    without(patch, lambda _, __, command: isinstance(command, c.SetTimer) and command.name.startswith(name))


# ------------------------------------------------------------------------------------------------ what is heard
@mutation("is played to in a bridge|never ends|left on the switch")
def played_to_in_the_bridge(patch: Patch) -> None:
    """The queue that a call is transferred to begins before its caller is out of the bridge."""
    step = inbound.step

    def hasty(call: Call, event: e.Event) -> Step:
        after, wanted = step(call, event)
        if isinstance(after, Talking) and isinstance(after.arrangement, Calling) and after.arrangement.leaving:
            wanted = [command for command in wanted if not isinstance(command, c.RemoveFromBridge)]
            after, more = tape.follow(transfer.out_of_the_bridge(after, event.at), event.at)
            wanted += more
        return after, wanted

    patch(inbound, "step", hasty)


# ------------------------------------------------------------------------------------------------ phones
@mutation("on the switch: nothing is done about it|is rung by")
def losers_ring_on(patch: Patch) -> None:
    without(
        patch,
        lambda before, after, command: (
            isinstance(before, Alerting) and isinstance(after, Talking) and isinstance(command, c.Hangup)
        ),
    )


@mutation("before the pop")
def phone_rings_before_the_pop(patch: Patch) -> None:
    ready = legs.ready
    patch(legs, "ready", lambda facts, leg: ready(facts, replace(leg, pop_settled=True)))


@mutation("before the pop")
def dialled_without_its_channel(patch: Patch) -> None:
    def impatient(facts: Facts, leg: Leg) -> tuple[Leg, list[c.Command]]:
        return replace(leg, state=legs.LegState.DIALLED), [c.DialLeg(leg.channel, facts.caller_channel, 20)]

    patch(legs, "_dial_if_due", impatient)


@mutation("on the switch|is forgotten, but")
def timeout_taken_for_a_refusal(patch: Patch) -> None:
    step = inbound.step

    def trusting(call: Call, event: e.Event) -> Step:
        if isinstance(event, e.CommandFailed) and isinstance(event.command, c.CreateLeg):
            event = replace(event, timed_out=False)
        return step(call, event)

    patch(inbound, "step", trusting)


@mutation("on the switch|is forgotten, but")
def late_leg_ignored(patch: Patch) -> None:
    def ignored(call: Call, event: e.Event) -> bool:
        leg = call.legs.on(event.channel) if isinstance(event, e.LegReady) else None
        return leg is not None and not leg.live

    _deaf(patch, ignored)


@mutation("on the switch: nothing is done about it")
def failed_hang_up_not_repeated(patch: Patch) -> None:
    _without_timer(patch, legs.LEFTOVERS)


@mutation("nobody noticed")
def far_half_overlooked(patch: Patch) -> None:
    _deaf(patch, lambda _, event: isinstance(event, e.FarHalfArrived))


@mutation("rings without a limit")
def ring_time_without_end(patch: Patch) -> None:
    _without_timer(patch, "ring.")


@mutation("forgotten with timers|on the switch|rings without")
def stale_ring_timer_believed(patch: Patch) -> None:
    step = inbound.step

    def gullible(call: Call, event: e.Event) -> Step:
        if isinstance(event, e.TimerFired) and event.name.startswith("ring."):
            event = replace(event, name=ring_timer(call.facts))
        return step(call, event)

    patch(inbound, "step", gullible)
    without(patch, lambda _, __, command: isinstance(command, c.CancelTimer) and command.name.startswith("ring."))


# ------------------------------------------------------------------------------------------------ the caller's wait
@mutation("waits without a limit|is told nothing more")
def caller_waits_for_ever(patch: Patch) -> None:
    arrive = inbound.arrive

    def patient(*given: Any) -> Step:
        call, wanted = arrive(*given)
        return call, [command for command in wanted if not isinstance(command, c.SetTimer)]

    patch(inbound, "arrive", patient)


@mutation("waits without a limit|never ends|let wait")
def longest_wait_ignored(patch: Patch) -> None:
    _deaf(patch, lambda _, event: isinstance(event, e.TimerFired) and event.name == "longest_wait")


@mutation("let wait|waits without|never ends|does not come to rest")
def overdue_call_goes_on_looking(patch: Patch) -> None:
    _steps(patch, lambda _, __, after, wanted: (replace(after, facts=replace(after.facts, overdue=False)), wanted))


@mutation("goes on without its caller")
def caller_gone_unnoticed(patch: Patch) -> None:
    def ignored(call: Call, event: e.Event) -> bool:
        told = isinstance(call, Waiting) and isinstance(event, e.ChannelLeft | e.ChannelGone)
        return told and event.channel == call.facts.caller_channel

    _deaf(patch, ignored)


@mutation("announces without a limit")
def announcement_without_end(patch: Patch) -> None:
    _without_timer(patch, "announcement")


@mutation("look for agents|does not come to rest")
def goes_on_seeking(patch: Patch) -> None:
    without(patch, lambda _, __, command: isinstance(command, c.StopSeeking))


# ------------------------------------------------------------------------------------------------ the talk
@mutation("are put into the bridge")
def caller_left_out_of_the_bridge(patch: Patch) -> None:
    join = talking.join

    def alone(facts: Facts, leg: Leg) -> list[c.Command]:
        return [
            replace(command, channels=(leg.channel,)) if isinstance(command, c.AddToBridge) else command
            for command in join(facts, leg)
        ]

    patch(talking, "join", alone)


@mutation("are live|work|in the bridge are|on the switch|is talking on leg|held by")
def second_answer_takes_over(patch: Patch) -> None:
    step = inbound.step

    def fickle(call: Call, event: e.Event) -> Step:
        if isinstance(call, Talking) and isinstance(event, e.LegAnswered):
            leg = call.legs.on(event.channel)
            if leg is not None and leg.ordinal != call.winner and leg.exists:
                return talking.enter(Alerting(call.facts, call.legs), leg, event.at)
        return step(call, event)

    patch(inbound, "step", fickle)


@mutation("is held by|there is no agent")
def wrong_agent_engaged(patch: Patch) -> None:
    def change(_: Call, __: e.Event, after: Call, wanted: list[c.Command]) -> Step:
        return after, [
            replace(command, agent=command.agent % 2 + 1) if isinstance(command, c.EngageAgent) else command
            for command in wanted
        ]

    _steps(patch, change)


@mutation("not joined and nothing|never ends|hears set")
def failed_join_not_noticed(patch: Patch) -> None:
    _without_timer(patch, ending.APART)


@mutation("never joined|they never|joined at|has not talked")
def talk_counted_before_it_began(patch: Patch) -> None:
    _steps(
        patch,
        lambda _, __, after, wanted: (replace(after, joined=True) if isinstance(after, Talking) else after, wanted),
    )


@mutation("picked up at|out of order")
def talk_counted_from_the_offer(patch: Patch) -> None:
    enter = talking.enter
    patch(talking, "enter", lambda call, leg, at: enter(call, leg, call.facts.offered_at))


@mutation("agent .* is held|still holds agent|still held|works with")
def winner_never_freed(patch: Patch) -> None:
    without(
        patch, lambda _, __, command: isinstance(command, c.ReleaseAgent) and command.outcome is LegOutcome.ANSWERED
    )


# ------------------------------------------------------------------------------------------------ the end
@mutation("is left on the switch")
def bridge_forgotten(patch: Patch) -> None:
    without(patch, lambda _, __, command: isinstance(command, c.DestroyBridge))


@mutation("without need|is forgotten, but")
def caller_not_hung_up(patch: Patch) -> None:
    without(
        patch,
        lambda _, after, command: isinstance(command, c.Hangup) and command.channel == after.facts.caller_channel,
    )


@mutation("is forgotten, but|still holds agent")
def end_not_waited_for(patch: Patch) -> None:
    finish = ending._finish
    patch(ending, "_finish_if_clear", lambda call, wanted: finish(call, wanted, ()))


@mutation("clears without a limit")
def clearing_without_end(patch: Patch) -> None:
    _without_timer(patch, ending.CLEARING)


@mutation("still holds agent|still held")
def agent_kept_when_the_caller_goes(patch: Patch) -> None:
    without(
        patch, lambda _, __, command: isinstance(command, c.ReleaseAgent) and command.outcome is LegOutcome.CALLER_GONE
    )


@mutation("is released by")
def agent_released_twice(patch: Patch) -> None:
    _steps(
        patch,
        lambda _, __, after, wanted: (
            after,
            [again for command in wanted for again in (command,) * (2 if isinstance(command, c.ReleaseAgent) else 1)],
        ),
    )


@mutation("its pop is")
def losers_pop_left_open(patch: Patch) -> None:
    without(patch, lambda _, __, command: isinstance(command, c.ClosePop) and command.reason == "answered_elsewhere")


@mutation("is written again")
def record_closed_twice(patch: Patch) -> None:
    def change(_: Call, __: e.Event, after: Call, wanted: list[c.Command]) -> Step:
        closing = [command for command in wanted if isinstance(command, c.WriteRecord) and command.record.is_closed]
        return after, [*closing, *wanted]

    _steps(patch, change)


@mutation("nobody answered, but|in progress|without a reason|answered, but")
def every_end_is_an_answer(patch: Patch) -> None:
    finish = ending._finish

    def proud(call: Clearing, wanted: list[c.Command], strays: tuple[str, ...]) -> Step:
        return finish(replace(call, outcome=ending.Outcome.ANSWERED), wanted, strays)

    patch(ending, "_finish", proud)


@mutation("legs, written|on the switch|no leg of theirs")
def first_leg_left_out(patch: Patch) -> None:
    def change(_: Call, __: e.Event, after: Call, wanted: list[c.Command]) -> Step:
        return after, [
            replace(command, legs=command.legs[1:]) if isinstance(command, c.WriteRecord) else command
            for command in wanted
        ]

    _steps(patch, change)


@mutation("picked up at|was answered at")
def adopted_talk_starts_anew(patch: Patch) -> None:
    go_on = adoption._go_on_talking

    def anew(found: Any, facts: Facts, talker: Any, wanted: list[c.Command], at: int) -> Step:
        record = None if found.record is None else replace(found.record, answered_at=None)
        facts = replace(facts, talked_from=None)
        return go_on(replace(found, record=record, answered_at=at), facts, talker, wanted, at)

    patch(adoption, "_go_on_talking", anew)


@mutation("has not talked where a rating is asked for")
def everybody_asked_for_a_rating(patch: Patch) -> None:
    patch(ending, "_rates", lambda facts: True)


# ------------------------------------------------------------------------------------------------ the roster
def _eligible(patch: Patch, ignored: str) -> None:
    why_not = roster.why_not

    def lenient(floor: roster.Roster, agent: int, at: int) -> str | None:
        why = why_not(floor, agent, at)
        return None if why == ignored else why

    patch(roster, "why_not", lenient)


def _seen_as(patch: Patch, **otherwise: Any) -> None:
    """Every seat looks otherwise than it is; all else about it still counts."""
    why_not = roster.why_not

    def blind(floor: roster.Roster, agent: int, at: int) -> str | None:
        seat = floor.seats.get(agent)
        if seat is not None:
            floor = replace(floor, seats={**floor.seats, agent: replace(seat, **otherwise)})
        return why_not(floor, agent, at)

    patch(roster, "why_not", blind)


@mutation("but is held by")
def busy_agent_offered(patch: Patch) -> None:
    _eligible(patch, "on_another_call")


@mutation("but is paused")
def paused_agent_offered(patch: Patch) -> None:
    _eligible(patch, "paused")


@mutation("but rests")
def resting_agent_offered(patch: Patch) -> None:
    _eligible(patch, "resting")


@mutation("but is in wrap-up")
def agent_in_wrap_up_offered(patch: Patch) -> None:
    _eligible(patch, "wrap_up")


@mutation("a phone in the browser that is off")
def agent_whose_browser_phone_is_off_offered(patch: Patch) -> None:
    _eligible(patch, "phone_off")


@mutation("no desk on the line")
def agent_without_a_screen_offered(patch: Patch) -> None:
    _seen_as(patch, connected=True)


@mutation("no desk on the line")
def agent_cut_off_taken_for_one_on_the_phone(patch: Patch) -> None:
    disconnect = roster.disconnect

    def generous(floor: roster.Roster, agent: int, at: int) -> Any:
        floor, decisions = disconnect(floor, agent, at)
        if agent in floor.seats:
            floor = replace(floor, seats={**floor.seats, agent: replace(floor.seats[agent], phone="10.1.0.9")})
        return roster._distribute(replace(floor, free=floor.free | {agent}), decisions, at)

    patch(roster, "disconnect", generous)


@mutation("has no phone")
def agent_without_a_phone_offered(patch: Patch) -> None:
    _eligible(patch, "no_phone")


@mutation("address that is not allowed")
def forbidden_address_offered(patch: Patch) -> None:
    _seen_as(patch, allowed=True)


@mutation("is ringing of|is talking of|never ends")
def released_agent_stays_held(patch: Patch) -> None:
    patch(roster, "release", lambda floor, *_, **__: (floor, []))


@mutation("waits although one of")
def freed_agent_not_given_on(patch: Patch) -> None:
    distribute = roster._distribute
    release = roster.release

    def stingy(*given: Any, **more: Any) -> Any:
        patch(roster, "_distribute", lambda floor, decisions, at: (floor, decisions))
        try:
            return release(*given, **more)
        finally:
            patch(roster, "_distribute", distribute)

    patch(roster, "release", stingy)


# ------------------------------------------------------------------------------------------------ the queue
@mutation(r"still hears|hears \{")
def music_goes_on_into_the_talk(patch: Patch) -> None:
    patch(hearing, "hush", lambda facts: (facts, [c.CancelTimer(hearing.NEWS), c.CancelTimer(hearing.SAYING)]))


@mutation("hears set")
def silence_after_a_message(patch: Patch) -> None:
    patch(hearing, "said", lambda facts: (replace(facts, hears=replace(facts.hears, playing=False)), []))


@mutation("is told something without end|leaves a message without a limit")
def message_without_end(patch: Patch) -> None:
    _without_timer(patch, hearing.SAYING)
    seek = queueing.seek

    def endless(*given: Any) -> Step:
        call, wanted = seek(*given)
        return call, [
            command for command in wanted if not (isinstance(command, c.SetTimer) and command.name == hearing.SAYING)
        ]

    patch(queueing, "seek", endless)


@mutation("is told nothing more")
def place_told_once(patch: Patch) -> None:
    _without_timer(patch, hearing.NEWS)


@mutation("is served before")
def place_lost_by_a_phone_not_answered(patch: Patch) -> None:
    seek = roster.seek

    def forgetful(floor: roster.Roster, call_id: str, route: Any, since: int, at: int, **more: Any) -> Any:
        return seek(floor, call_id, route, at, at, **more)

    patch(roster, "seek", forgetful)


@mutation("is served before")
def priority_ignored(patch: Patch) -> None:
    patch(roster.Seeker, "order", property(lambda seeker: (0, seeker.since)))


@mutation("wait where")
def full_queue_takes_more(patch: Patch) -> None:
    seek = roster.seek
    patch(roster, "seek", lambda *given, **more: seek(*given, **{**more, "kept": True}))


@mutation("is closed")
def hours_ignored(patch: Patch) -> None:
    patch(Hours, "closed", lambda hours, at: None)


@mutation("never ends|does not come to rest|recursion|let wait")
def overflow_goes_in_circles(patch: Patch) -> None:
    overflow = queueing._overflow

    def forgetful(call: Waiting, *given: Any) -> Step:
        return overflow(replace(call, facts=replace(call.facts, queues=())), *given)

    patch(queueing, "_overflow", forgetful)


@mutation("are live|is given to it|with agent")
def phones_ring_on_after_the_key(patch: Patch) -> None:
    patch(queueing.legs, "end_all", _spare_when_a_key_is_pressed(legs.end_all))


def _spare_when_a_key_is_pressed(end_all: Any) -> Any:
    def sparing(facts: Facts, all_legs: Any, *given: Any, **more: Any) -> Any:
        if more.get("reason") is LegReason.CALLER_CHOSE_ANOTHER_WAY:
            return all_legs, []
        return end_all(facts, all_legs, *given, **more)

    return sparing


@mutation("kept None, but")
def message_lost_by_hanging_up(patch: Patch) -> None:
    without(patch, lambda _, after, command: isinstance(command, c.KeepVoicemail) and isinstance(after, Clearing))


@mutation("kept None, but")
def callback_forgotten(patch: Patch) -> None:
    without(patch, lambda _, __, command: isinstance(command, c.KeepCallback))


@mutation("leaves a message without a limit")
def recording_without_end(patch: Patch) -> None:
    _without_timer(patch, ending.RECORDING)


@mutation("but is paused")
def missed_calls_not_counted(patch: Patch) -> None:
    release = roster.release
    patch(roster, "release", lambda *given, **more: release(*given, **{**more, "pause_after": 0}))


@mutation("is recorded and still hears")
def message_recorded_over_the_question(patch: Patch) -> None:
    begin = voicemail.begin

    def hasty(*given: Any) -> Step:
        call, wanted = begin(*given)
        after, more = voicemail._record(call, given[-1])
        return after, wanted + more

    patch(voicemail, "begin", hasty)


# ------------------------------------------------------------------------------------------------ transfers
@mutation("is Together.*hears|in the bridge are|hears \\{'music'\\}")
def held_one_forgotten(patch: Patch) -> None:
    """Back from hold: the music goes on for whoever held."""
    without(
        patch,
        lambda before, after, command: (
            isinstance(before, Talking) and isinstance(after, Talking) and isinstance(command, c.StopMusic)
        ),
    )


@mutation("in the bridge are")
def consulted_in_the_first_bridge(patch: Patch) -> None:
    """The target of a consultation hears the caller who should hold."""
    patch(parties.ids, "consult", parties.ids.bridge)


@mutation("still held|still holds agent|is talking of|agent .* is held")
def transferring_agent_never_freed(patch: Patch) -> None:
    freed = legs.freed

    def kept(facts: Facts, leg: Leg) -> tuple[Leg, list[c.Command]]:
        changed, wanted = freed(facts, leg)
        return changed, [] if facts.stretches else wanted

    patch(legs, "freed", kept)


@mutation("is left on the switch|without need|is forgotten, but|never ends")
def second_bridge_forgotten(patch: Patch) -> None:
    without(patch, lambda _, __, command: isinstance(command, c.DestroyBridge) and command.bridge.endswith(".consult"))


@mutation("without a limit|never ends")
def transfer_rings_for_ever(patch: Patch) -> None:
    without(
        patch,
        lambda _, after, command: (
            isinstance(after, Talking)
            and isinstance(command, c.SetTimer)
            and command.name.startswith(("ring.", ending.TRANSFER))
        ),
    )


@mutation("only [01] side|goes on without|in the bridge are|on the switch: None|never ends|no closed record|is left on")
def last_side_goes_on_alone(patch: Patch) -> None:
    """Whoever is left when the other hangs up is told nothing."""

    def ignored(call: Call, event: e.Event) -> bool:
        return (
            isinstance(call, Talking)
            and bool(call.facts.stretches)
            and isinstance(event, e.ChannelLeft | e.ChannelGone)
            and event.channel in parties.parties(call)
        )

    _deaf(patch, ignored)


@mutation("in the bridge are|only 1 side|is written|never ends|hears")
def blind_transfer_that_fails_keeps_waiting(patch: Patch) -> None:
    """The target refuses, and nobody is rung back."""
    patch(transfer, "_nobody_took", lambda call, at, problem: (call, []))


# ------------------------------------------------------------------------------------------------ recordings
@mutation("is recorded although it must not be")
def card_number_recorded(patch: Patch) -> None:
    """The agent's pause is shown and noted, and the switch never told."""
    without(patch, lambda _, __, command: isinstance(command, c.PauseRecording))


@mutation("is recorded although it must not be")
def hold_music_recorded(patch: Patch) -> None:
    patch(tape, "rooms", lambda call: dict.fromkeys(parties.parties(call), parties.Room.TALK))


@mutation("is not recorded although it should be")
def not_recorded_after_hold(patch: Patch) -> None:
    without(patch, lambda _, __, command: isinstance(command, c.ResumeRecording))


@mutation("is not kept")
def recording_left_behind(patch: Patch) -> None:
    without(patch, lambda _, __, command: isinstance(command, c.KeepRecording))


@mutation("is not kept")
def part_of_a_transferred_call_forgotten(patch: Patch) -> None:
    """Only what ends the call ends its recording, not the way back into a queue."""
    follow = tape.follow

    def careless(step: Step, at: int) -> Step:
        return step if isinstance(step[0], Waiting) else follow(step, at)

    patch(tape, "follow", careless)


@mutation("lasts .* told are")
def gaps_not_noted(patch: Patch) -> None:
    cut = tape._cut
    patch(tape, "_cut", lambda now, at: replace(cut(now, at), cuts=now.cuts))
