"""Codes that an agent presses on the phone during a conversation (RFC 4733 or SIP INFO), key by key.

Owns: collecting them, the time between two keys, and the wish that a code is. Must not: know what a wish leads to
(``talking``), or find who a number is (the shell does: ``FindTarget``).

Only an agent's own keys are listened to; the others' are for whoever they talk with. An agent's keys do not reach the
others by themselves (``AddToBridge.absorbing``): what turns out to be no code is pressed towards them from here, so
a menu that the agent talks to hears its digit, and never a code.
"""

from __future__ import annotations

from ari_app.core import hold, requests, tape
from ari_app.core.arrangement import Holding
from ari_app.core.call import Talking
from ari_app.core.commands import CancelTimer, Command, FindTarget, SetTimer
from ari_app.core.events import DtmfReceived, HangupRequested, TalkRequest
from ari_app.core.parties import agent_id_on, parties
from models.values.feature import WITH_NUMBER, Feature
from models.values.replacing import replace

KEYS = "keys"
BETWEEN_KEYS = 2_500
"""Milliseconds after which what was pressed is all there is."""
BETWEEN_DIGITS = 5_000
"""The same inside a number, which is looked up or read out while it is pressed."""

Wish = TalkRequest | HangupRequested | None


def timer(channel: str) -> str:
    return f"keys.{channel}"


def pressed(call: Talking, event: DtmfReceived) -> tuple[Talking, list[Command], Wish]:
    """The call with the key noted, what is to be done, and the wish if the code is whole."""
    channel = event.channel
    codes = call.facts.policy.codes
    if not codes or not call.joined or channel not in parties(call) or agent_id_on(call, channel) is None:
        return call, [], None
    keys = call.keys.get(channel, "") + event.digit
    read = codes.read(keys)
    if read.more:
        wait = BETWEEN_DIGITS if read.feature is not None else BETWEEN_KEYS
        return replace(call, keys={**call.keys, channel: keys}), [SetTimer(timer(channel), wait)], None
    call, commands = _forget(call, channel)
    if read.feature is None:
        after, relayed = hold.press(call, channel, keys)
        assert isinstance(after, Talking)
        return after, commands + relayed, None
    return _wish(call, commands, channel, read.feature, read.number, event.at)


def time_over(call: Talking, name: str, at: int) -> tuple[Talking, list[Command], Wish]:
    """No key follows: a number is whole, anything else was no code."""
    channel = next((channel for channel in call.keys if timer(channel) == name), None)
    if channel is None:
        return call, [], None
    keys = call.keys[channel]
    read = call.facts.policy.codes.read(keys)
    call, _ = _forget(call, channel)
    if channel not in parties(call):
        return call, [], None
    if read.feature is None:
        after, relayed = hold.press(call, channel, keys)
        assert isinstance(after, Talking)
        return after, relayed, None
    return _wish(call, [], channel, read.feature, read.number, at)


def _wish(
    call: Talking, commands: list[Command], channel: str, feature: Feature, number: str, at: int
) -> tuple[Talking, list[Command], Wish]:
    agent = agent_id_on(call, channel)
    assert agent is not None
    if feature in WITH_NUMBER:
        # A code without a number after it was a slip: nothing happens.
        blind = feature is Feature.TRANSFER
        asked: list[Command] = [FindTarget(agent, call.facts.id, number, blind)] if number else []
        return call, commands + asked, None
    if feature is Feature.HANG_UP:
        return call, commands, HangupRequested(at, agent)
    if feature is Feature.HOLD:
        held = isinstance(call.arrangement, Holding)
        return call, commands, requests.UnholdRequested(at, agent) if held else requests.HoldRequested(at, agent)
    if feature is Feature.RECORD:
        return call, commands, _recording(call)(at, agent)
    return call, commands, _PLAIN[feature](at, agent)


def _recording(call: Talking) -> type[requests.RecordingRequest]:
    """One code begins, pauses and resumes: what was recorded stays, and it is ended on the desk, or with the call."""
    facts = call.facts
    if not tape.is_on(facts) or (facts.tape.stopped is not None and not facts.tape.held_back):
        return requests.RecordRequested
    return requests.ResumeRecordRequested if facts.tape.held_back else requests.PauseRecordRequested


_PLAIN: dict[Feature, type[TalkRequest]] = {
    Feature.COMPLETE: requests.CompleteRequested,
    Feature.CANCEL: requests.CancelRequested,
    Feature.CONFERENCE: requests.ConferenceRequested,
    Feature.SWAP: requests.SwapRequested,
}


def _forget(call: Talking, channel: str) -> tuple[Talking, list[Command]]:
    if channel not in call.keys:
        return call, []
    keys = {known: keys for known, keys in call.keys.items() if known != channel}
    return replace(call, keys=keys), [CancelTimer(timer(channel))]


def over(call: Talking) -> list[Command]:
    """The conversation ends: no key is waited for."""
    return [CancelTimer(timer(channel)) for channel in call.keys]
