"""The core's commands as requests on the wire, and answers as the core's events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import pytest

from ari_app.ari import execute, ids
from ari_app.ari.operations import OPERATIONS, Rendered, render
from ari_app.ari.port import AriPort, Failure, Response
from ari_app.clock import Clock
from ari_app.core.commands import (
    AddToBridge,
    Answer,
    CreateBridge,
    CreateLeg,
    DestroyBridge,
    DialLeg,
    Hangup,
    Play,
    Ring,
    SwitchCommand,
    TellTransfer,
)
from ari_app.core.events import ChannelGone, CommandDone, CommandFailed, Event

CALL = "centralita-1795476871.0"
LEG = CALL + ".agent.1"
SIP_LEG = CreateLeg(LEG, 7, "8330101", CALL, "88887777", "Ana")
VIRTUAL_LEG = CreateLeg(LEG, 7, "8330101", CALL, "88887777", "Ana", virtual=True)


@pytest.mark.parametrize(
    ("command", "rendered"),
    [
        (Ring(CALL), Rendered("POST", f"channels/{CALL}/ring", ())),
        (Answer(CALL), Rendered("POST", f"channels/{CALL}/answer", ())),
        (DialLeg(LEG, CALL, 35), Rendered("POST", f"channels/{LEG}/dial", (("caller", CALL), ("timeout", "35")))),
        (Hangup(CALL, 17), Rendered("DELETE", f"channels/{CALL}", (("reason_code", "17"),))),
        (
            CreateBridge(f"{CALL}.bridge", "Ventas"),
            Rendered("POST", f"bridges/{CALL}.bridge", (("type", "mixing"), ("name", "Ventas"))),
        ),
        (
            AddToBridge(f"{CALL}.bridge", (CALL, LEG)),
            Rendered("POST", f"bridges/{CALL}.bridge/addChannel", (("channel", f"{CALL},{LEG}"),)),
        ),
        (DestroyBridge(f"{CALL}.bridge"), Rendered("DELETE", f"bridges/{CALL}.bridge", ())),
        (
            Play(CALL, f"{CALL}.announce.1", ("sound:hello-world", "sound:vm-goodbye")),
            Rendered(
                "POST",
                f"channels/{CALL}/play/{CALL}.announce.1",
                (("media", "sound:hello-world,sound:vm-goodbye"),),
            ),
        ),
        (
            SIP_LEG,
            Rendered(
                "POST",
                "channels/create",
                (("endpoint", "PJSIP/8330101"), ("app", "centralita"), ("channelId", LEG), ("originator", CALL)),
                {"variables": {"CENTRALITA_CALL": CALL, "CENTRALITA_AGENT": "7"}},
            ),
        ),
        (
            VIRTUAL_LEG,
            Rendered(
                "POST",
                "channels/create",
                (
                    ("endpoint", "Local/8330101@centralita-virtual-phone/n"),
                    ("app", "centralita"),
                    ("channelId", LEG),
                    ("otherChannelId", LEG + ".far"),
                    ("originator", CALL),
                ),
                {"variables": {"CENTRALITA_CALL": CALL, "CENTRALITA_AGENT": "7", "CENTRALITA_LEG": LEG}},
            ),
        ),
    ],
)
def test_a_command_on_the_wire(command: SwitchCommand, rendered: Rendered) -> None:
    operation, params = execute.request(command)
    assert render(operation, params) == rendered


OK = Response(204)
GONE = Response(404, '{"message":"Channel not found"}', "Not Found")
CONFLICT = Response(409, '{"message":"Channel with given unique ID already exists"}', "Conflict")
JOIN = AddToBridge("b", ("x", "y"))


@pytest.mark.parametrize(
    ("command", "response", "event"),
    [
        (Ring("x"), OK, None),
        (Hangup("x"), OK, None),
        (JOIN, OK, CommandDone(5, JOIN)),
        (Hangup("x"), GONE, ChannelGone(5, "x")),
        (DestroyBridge("b"), GONE, None),
        (SIP_LEG, CONFLICT, None),
        (CreateBridge("b", "n"), CONFLICT, None),
        (Ring("x"), GONE, CommandFailed(5, Ring("x"), 404, "Channel not found")),
        (Play("x", "p", ("sound:a",)), CONFLICT, CommandFailed(5, Play("x", "p", ("sound:a",)), 409, CONFLICT.reason)),
        (JOIN, Response(422, '{"message":"Channel not in Stasis application"}'), CommandFailed(
            5, JOIN, 422, "Channel not in Stasis application")),
        (SIP_LEG, Response(500, "", "Internal Server Error"), CommandFailed(5, SIP_LEG, 500, "Internal Server Error")),
        (Hangup("x"), Response(None, failure=Failure.TIMED_OUT), CommandFailed(
            5, Hangup("x"), None, "no answer in time, unknown outcome", timed_out=True)),
        (JOIN, Response(None, failure=Failure.CONNECTION_LOST), CommandFailed(
            5, JOIN, None, "connection lost, unknown outcome", timed_out=True)),
        (JOIN, Response(None, failure=Failure.NOT_CONNECTED), CommandFailed(
            5, JOIN, None, "not connected to Asterisk, not sent", timed_out=True)),
    ],
)  # fmt: skip
def test_what_an_answer_is_to_the_call(command: SwitchCommand, response: Response, event: object) -> None:
    assert execute.answer(command, response, 5) == event


def test_every_operation_is_in_asterisks_own_api_documents(asterisk_dist_api: dict[str, object]) -> None:
    for name, operation in OPERATIONS.items():
        documented = asterisk_dist_api[name]
        assert documented == {
            "method": operation.method,
            "uri": "/" + operation.uri,
            "path": set(operation.path),
            "unknown query": set(),
            "unknown body": set(),
            "required": set(operation.required),
        }, name


def test_what_stands_in_a_path_cannot_leave_it() -> None:
    rendered = render("channels.get", {"channelId": "../bridges?x=1&y#ñ /%"})
    assert rendered.uri == "channels/..%2Fbridges%3Fx%3D1%26y%23%C3%B1%20%2F%25"


def test_parameters_as_ari_reads_them() -> None:
    query = render("bridges.addChannel", {"bridgeId": "b", "channel": ["a", "c"], "mute": True, "role": None}).query
    assert query == (("channel", "a,c"), ("mute", "true"))
    body = render("asterisk.updateObject", {"configClass": "res_pjsip", "objectType": "aor", "id": "8", "fields": []})
    assert body.body == {"fields": []}
    assert render("applications.filter", {"applicationName": "a", "filter": {"allowed": []}}).body == {"allowed": []}


@pytest.mark.parametrize(
    ("thing", "call", "ordinal", "leg_of_far"),
    [
        (f"{CALL}.agent.12", CALL, 12, None),
        (f"{CALL}.agent.12.far", CALL, None, f"{CALL}.agent.12"),
        (f"{CALL}.bridge", CALL, None, None),
        (f"{CALL}.announce.3", CALL, None, None),
        (CALL, None, None, None),
        (f"{CALL}.agent.", None, None, None),
        (f"{CALL}.agent.1\n", None, None, None),
        (f"{CALL}.agent.١", None, None, None),
        ("other-1.0.agent.1", None, None, None),
        ("", None, None, None),
    ],
)
def test_an_id_tells_its_call(thing: str, call: str | None, ordinal: int | None, leg_of_far: str | None) -> None:
    assert (ids.call_of(thing), ids.ordinal_of(thing), ids.leg_of_far_half(thing)) == (call, ordinal, leg_of_far)


def test_derived_ids_come_back_to_their_call() -> None:
    for thing in (ids.leg(CALL, 3), ids.bridge(CALL), ids.announcement(CALL, 2), ids.far_half(ids.leg(CALL, 1))):
        assert ids.call_of(thing) == CALL


@dataclass
class Times:
    wall: float = 1_000_000.0
    monotonic: float = 50.0

    def clock(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.monotonic)


def test_the_clock_never_runs_backwards_and_follows_a_jump_ahead() -> None:
    times = Times()
    clock = times.clock()
    assert clock() == 1_000_000_000
    times.monotonic += 1.5
    times.wall -= 3600  # set back an hour
    assert clock() == 1_000_001_500
    times.monotonic += 1
    times.wall = 1_000_100.0  # set forward, or the machine slept
    assert clock() == 1_000_100_000
    times.monotonic += 0.25
    times.wall += 0.3  # a small step is not followed: intervals stay true
    assert clock() == 1_000_100_250


def test_a_transfer_is_told_of_behind_its_refer() -> None:
    """Told sooner, Asterisk ends: what it reads in the dialog's serializer comes behind the REFER."""
    sent: list[tuple[str, dict[str, Any]]] = []
    told: list[Event] = []

    class Port:
        def order(self, operation: str, params: Mapping[str, Any], answered: Callable[[Response], None]) -> None:
            sent.append((operation, dict(params)))
            answered(Response(404 if operation == "channels.getChannelVar" else 204))

    execute.perform(cast(AriPort, Port()), TellTransfer(LEG, "channel_declined"), lambda: 0, told.append)
    assert sent == [
        ("channels.getChannelVar", {"channelId": LEG, "variable": "CHANNEL(pjsip,call-id)"}),
        ("channels.transfer_progress", {"channelId": LEG, "states": "channel_declined"}),
    ]
    assert told == []
