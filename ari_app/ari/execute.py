"""The core's switch commands as ARI requests, and Asterisk's answers as the core's events.

Owns: both translations, and asking again where an answer may be stale. Must not: wait, or decide what to do about a
failure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_never

from ari_app.ari.port import AriPort, Response
from ari_app.core import ids
from ari_app.core.commands import (
    AddToBridge,
    Answer,
    Continue,
    CreateBridge,
    CreateLeg,
    DestroyBridge,
    DialLeg,
    Hangup,
    MediaCommand,
    Mute,
    PauseRecording,
    Play,
    Record,
    RemoveFromBridge,
    ResumeRecording,
    Ring,
    SendDtmf,
    SetVariable,
    StartMusic,
    StopMusic,
    StopPlayback,
    StopRecording,
    StopRinging,
    SwitchCommand,
    TellTransfer,
    Unmute,
)
from ari_app.core.events import ChannelGone, CommandDone, CommandFailed, Event
from dialplan import names

Request = tuple[str, dict[str, Any]]
"""An operation's name and its parameters, for `AriPort.order(name, parameters, …)`."""


def perform(port: AriPort, command: SwitchCommand, now: Callable[[], int], tell: Callable[[Event], None]) -> None:
    """Send this command now, behind all sent before; `tell` what the core must know of its outcome, if anything."""
    if isinstance(command, AddToBridge) and command.absorbing:
        _add_apart(port, command, now, tell)
        return
    if isinstance(command, TellTransfer):
        _after_the_refer(port, command)
    operation, params = request(command)

    def answered(response: Response) -> None:
        if not doubtful(command, response):
            settle(response)
            return
        asked = {"channelId": params["channelId"]}
        port.order("channels.get", asked, lambda seen: settle(believed(response, seen)))

    def settle(response: Response) -> None:
        event = answer(command, response, now())
        if event is not None:
            tell(event)

    port.order(operation, params, answered)


def _add_apart(port: AriPort, command: AddToBridge, now: Callable[[], int], tell: Callable[[Event], None]) -> None:
    """Two requests, because what becomes of the keys is said for all channels of one. Told once: done, or failed."""
    absorbing = tuple(channel for channel in command.channels if channel in command.absorbing)
    others = tuple(channel for channel in command.channels if channel not in command.absorbing)
    answers: list[Response] = []
    parts = [(channels, absorb) for channels, absorb in ((others, False), (absorbing, True)) if channels]

    def answered(response: Response) -> None:
        answers.append(response)
        if len(answers) < len(parts):
            return
        event = answer(command, next((one for one in answers if not one.ok), response), now())
        if event is not None:
            tell(event)

    for channels, absorb in parts:
        params: dict[str, Any] = {"bridgeId": command.bridge, "channel": channels}
        port.order("bridges.addChannel", params | ({"absorbDTMF": True} if absorb else {}), answered)


def _after_the_refer(port: AriPort, command: TellTransfer) -> None:
    """Have Asterisk finish with the phone's REFER first.

    It tells us of a REFER before it has noted down who is to hear how that went; told so within that moment, the whole
    Asterisk ends (22.10.1, `refer_incoming_ari_request`; docs/asterisk-notes.md). What this function of the dialplan
    reads is read where the dialog's requests are worked off one after the other, so its answer comes after that.
    """
    params = {"channelId": command.channel, "variable": "CHANNEL(pjsip,call-id)"}
    port.order("channels.getChannelVar", params, lambda answer: None)


def doubtful(command: SwitchCommand, response: Response) -> bool:
    """May this answer be a lie? A refused create says 409 (the id exists) when an earlier one did.

    Asterisk keeps the reason in a variable of the thread that works the websocket's requests off, and no other reason
    ever replaces that one (seen with 22.10.1; tests/asterisk/test_ari_contract.py).
    """
    return isinstance(command, CreateLeg) and response.status == 409


def believed(response: Response, seen: Response) -> Response:
    """A doubtful answer, after asking for the channel: if it is not there, its creation was refused."""
    if seen.status == 404:
        return Response(500, phrase="not created: the phone is not registered, or Asterisk could not make its channel")
    return response if seen.status is not None else seen


def request(command: SwitchCommand) -> Request:
    """How this command is said in ARI."""
    match command:
        case Ring(channel=channel):
            return "channels.ring", {"channelId": channel}
        case StopRinging(channel=channel):
            return "channels.ringStop", {"channelId": channel}
        case Answer(channel=channel):
            return "channels.answer", {"channelId": channel}
        case CreateLeg():
            return "channels.create", _leg(command)
        case DialLeg(channel=channel, caller=caller, seconds=seconds):
            # The caller's name and number reach the phone from the caller's channel: they become the connected line
            # of the new one, and so its From (RFC 3261) and P-Asserted-Identity.
            return "channels.dial", {"channelId": channel, "caller": caller, "timeout": seconds}
        case Hangup(channel=channel, cause=cause):
            return "channels.hangup", {"channelId": channel, "reason_code": cause}
        case CreateBridge(bridge=bridge, name=name):
            return "bridges.createWithId", {"bridgeId": bridge, "type": "mixing", "name": name}
        case AddToBridge(bridge=bridge, channels=channels):
            return "bridges.addChannel", {"bridgeId": bridge, "channel": channels}
        case RemoveFromBridge(bridge=bridge, channels=channels):
            return "bridges.removeChannel", {"bridgeId": bridge, "channel": channels}
        case DestroyBridge(bridge=bridge):
            return "bridges.destroy", {"bridgeId": bridge}
        case _:
            return _media(command)


def _media(command: MediaCommand) -> Request:
    match command:
        case StopRinging(channel=channel):
            return "channels.ringStop", {"channelId": channel}
        case Play(channel=channel, playback=playback, media=media):
            return "channels.playWithId", {"channelId": channel, "playbackId": playback, "media": media}
        case StopPlayback(playback=playback):
            return "playbacks.stop", {"playbackId": playback}
        case StartMusic(channel=channel, music=music):
            return "channels.startMoh", {"channelId": channel, "mohClass": music}
        case StopMusic(channel=channel):
            return "channels.stopMoh", {"channelId": channel}
        case Mute(channel=channel, direction=direction):
            return "channels.mute", {"channelId": channel, "direction": direction}
        case Unmute(channel=channel, direction=direction):
            return "channels.unmute", {"channelId": channel, "direction": direction}
        case SendDtmf(channel=channel, digits=digits):
            return "channels.sendDTMF", {"channelId": channel, "dtmf": digits}
        case Record():
            return _recording(command)
        case StopRecording(recording=recording):
            return "recordings.stop", {"recordingName": recording}
        case PauseRecording(recording=recording):
            return "recordings.pause", {"recordingName": recording}
        case ResumeRecording(recording=recording):
            return "recordings.unpause", {"recordingName": recording}
        case SetVariable(channel=channel, name=name, value=value):
            return "channels.setChannelVar", {"channelId": channel, "variable": name, "value": value}
        case TellTransfer(channel=channel, state=state):
            return "channels.transfer_progress", {"channelId": channel, "states": state}
        case Continue(channel=channel, context=context, extension=extension):
            return "channels.continueInDialplan", {
                "channelId": channel, "context": context, "extension": extension, "priority": 1,
            }  # fmt: skip
        case _:
            assert_never(command)


def _recording(command: Record) -> Request:
    params = {
        "name": command.recording,
        "format": command.file_format,
        "maxDurationSeconds": command.seconds,
        "maxSilenceSeconds": command.silence,
        "beep": command.beep,
        "terminateOn": command.ended_by,
        "ifExists": "fail" if command.once else "overwrite",
    }
    if command.bridge is not None:
        return "bridges.record", {"bridgeId": command.bridge, **params}
    return "channels.record", {"channelId": command.channel, **params}


def _leg(command: CreateLeg) -> dict[str, Any]:
    params: dict[str, Any] = {
        "app": names.STASIS_APP,
        "channelId": command.channel,
        "originator": command.originator,
    }
    variables = {
        names.VARIABLE_CALL: ids.call_of(command.channel) or command.originator or command.channel,
        **dict(command.variables),
    }
    if command.agent is not None:
        variables[names.VARIABLE_AGENT] = str(command.agent)
    if ids.is_click2dial(command.channel):
        params["appArgs"] = names.STASIS_CLICK2DIAL
    if command.virtual:
        # Without /n Asterisk would optimise the two halves away, and the far one's end with them.
        params["endpoint"] = f"Local/{command.endpoint}@{names.CONTEXT_VIRTUAL_PHONE}/n"
        params["otherChannelId"] = ids.far_half(command.channel)
        variables[names.VARIABLE_LEG] = command.channel
    elif command.endpoint.endswith("@" + names.CONTEXT_DEMO_CUSTOMER):
        params["endpoint"] = f"Local/{command.endpoint}/n"
    else:
        params["endpoint"] = f"PJSIP/{command.endpoint}"
    return {**params, "variables": variables}


def answer(command: SwitchCommand, response: Response, at: int) -> Event | None:
    """What Asterisk's answer to this command is to its call; None: it was done, and nobody need know.

    No answer at all (timed out, connection lost or away) is a failure with ``timed_out``, never a refusal.
    """
    if response.ok:
        return CommandDone(at, command) if isinstance(command, AddToBridge | RemoveFromBridge) else None
    match command, response.status:
        case Hangup(channel=channel), 404:
            return ChannelGone(at, channel)
        case ((DestroyBridge() | StopPlayback() | StopRecording() | StopMusic() | StopRinging() | Unmute()), 404):
            return None
        case ((CreateLeg() | CreateBridge() | Record(once=True)), 409):
            # The same id twice: what was wanted is there already.
            return None
    return CommandFailed(at, command, response.status, response.reason, timed_out=response.status is None)
