"""What the engine may rely on from a driver of ARI and from Asterisk itself: both drivers, the real switch.

The drivers pass the very same tests; what they show of Asterisk (order, codes, who hears of which end) is written down
here because the core was built on it.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from switch.real_switch import RealSwitch
from switch.sipp import SippCaller, SippPhone
from switch.wire import Wire

from ari_app.ari import execute, ids
from ari_app.ari.aripy import AriPy
from ari_app.ari.client import WebsocketAri
from ari_app.ari.decode import EVENT_TYPES, Decoded
from ari_app.ari.port import AriPort, Disconnected, Down, Failure, Response
from ari_app.core.commands import (
    AddToBridge,
    Answer,
    CreateBridge,
    CreateLeg,
    DestroyBridge,
    DialLeg,
    Hangup,
    Play,
    RemoveFromBridge,
)
from ari_app.core.events import (
    CallerArrived,
    ChannelGone,
    ChannelLeft,
    CommandDone,
    FarHalfArrived,
    LegAnswered,
    LegReady,
    LegRinging,
    PlaybackFinished,
)
from centralita.asterisk_conf import ARI_USER

pytestmark = pytest.mark.asterisk

Callers = Callable[..., SippCaller]
Phones = Callable[..., SippPhone]
CALL = "centralita-7000000000.1"
LEG = ids.leg(CALL, 1)


class Engine:
    """A driver, and all that it told."""

    def __init__(self, ari: AriPort) -> None:
        self.ari = ari
        self.told: list[Decoded | Disconnected | str] = []

    @property
    def events(self) -> list[Any]:
        return [told.event for told in self.told if isinstance(told, Decoded)]

    @property
    def downs(self) -> list[Disconnected]:
        return [told for told in self.told if isinstance(told, Disconnected)]

    def of(self, *kinds: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kinds)]

    def start(self) -> None:
        self.ari.start(self.told.append, lambda: self.told.append("connected"), self.told.append)

    async def up(self, times: int = 1, seconds: float = 15.0) -> None:
        await until(lambda: self.told.count("connected") >= times, seconds)

    async def do(self, command: Any) -> Any:
        """Carries a command of the core out, and gives what it becomes to the core."""
        operation, params = execute.request(command)
        return execute.answer(command, await self.ari.submit(operation, **params), 0)

    def perform(self, command: Any) -> list[Any]:
        """As the engine does: a list that fills with what the core is told."""
        told: list[Any] = []
        execute.perform(self.ari, command, lambda: 0, told.append)
        return told

    async def first(self, kind: type, seconds: float = 5.0) -> Any:
        await until(lambda: self.of(kind), seconds)
        return self.of(kind)[0]

    async def gone(self, channel: str) -> ChannelGone:
        await until(lambda: [event for event in self.of(ChannelGone) if event.channel == channel])
        return next(event for event in self.of(ChannelGone) if event.channel == channel)


async def until(condition: Callable[[], Any], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  a condition of anybody's
            await asyncio.sleep(0.005)


Connect = Callable[..., Any]


@pytest.fixture(params=[WebsocketAri, AriPy], ids=["websocket", "ari-py"])
def connect(request: pytest.FixtureRequest) -> Connect:
    """`async with connect(switch, …) as engine`: a started driver, connected unless `wait=False`."""

    @asynccontextmanager
    async def connected(
        switch: RealSwitch, *, port: int | None = None, wait: bool = True, password: str = "", **options: Any
    ) -> AsyncIterator[Engine]:
        url = f"http://127.0.0.1:{port or switch.config.ari_port}/ari"
        password = password or switch.config.ari_password
        engine = Engine(request.param(url, "centralita", ARI_USER, password, **{"longest_delay": 0.5, **options}))
        engine.start()
        try:
            if wait:
                await engine.up()
            yield engine
        finally:
            await engine.ari.close()

    return connected


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, 60))


async def local_leg(engine: Engine, leg: str = LEG) -> None:
    """A virtual phone's leg in the application, not dialled yet."""
    assert await engine.do(CreateLeg(leg, 7, "8330109", CALL, None, None, virtual=True)) is None
    await until(lambda: [event for event in engine.of(LegReady) if event.channel == leg])


# ------------------------------------------------------------------------------------------------- order and answers
def test_what_is_submitted_together_is_done_in_that_order(
    switch: RealSwitch, connect: Connect, sipp_caller: Callers
) -> None:
    async def scenario() -> None:
        async with connect(switch) as engine:
            caller = sipp_caller(switch, "40001000", talk_ms=4000).start()
            call = (await engine.first(CallerArrived)).channel
            bridge = ids.bridge(call)
            # Nobody waits for anybody: each of these would be refused if it came before the one above it.
            answers = await asyncio.gather(
                engine.do(Answer(call)),
                engine.do(CreateBridge(bridge, "Ventas")),
                engine.do(AddToBridge(bridge, (call,))),
                engine.do(RemoveFromBridge(bridge, (call,))),
                engine.do(Play(call, ids.announcement(call, 1), ("sound:hello-world",))),
                engine.do(DestroyBridge(bridge)),
                engine.do(Hangup(call)),
            )
            assert [answer for answer in answers if answer is not None] == [
                CommandDone(0, AddToBridge(bridge, (call,))),
                CommandDone(0, RemoveFromBridge(bridge, (call,))),
            ]
            await engine.gone(call)
            assert await asyncio.to_thread(caller.wait, 5)

    run(scenario())


def test_a_variable_read_right_behind_its_setting_is_never_stale(switch: RealSwitch, connect: Connect) -> None:
    async def scenario() -> None:
        async with connect(switch) as engine:
            await local_leg(engine)
            reads = []
            for number in range(200):
                engine.ari.submit("channels.setChannelVar", channelId=LEG, variable="V", value=str(number))
                reads.append(engine.ari.submit("channels.getChannelVar", channelId=LEG, variable="V"))
            assert [(await read).body["value"] for read in reads] == [str(number) for number in range(200)]
            await engine.do(Hangup(LEG))

    run(scenario())


def test_answers_and_codes(switch: RealSwitch, connect: Connect) -> None:
    async def scenario() -> None:
        async with connect(switch) as engine:
            submit = engine.ari.submit
            assert await engine.do(Hangup("centralita-1.2")) == ChannelGone(0, "centralita-1.2")
            assert await engine.do(DestroyBridge("nowhere")) is None
            missing = await submit("channels.answer", channelId="centralita-1.2")
            assert (missing.status, missing.reason) == (404, "Channel not found")
            # The same id twice: an idempotency key.
            await local_leg(engine)
            twice = await submit(
                "channels.create", endpoint="Local/8330109@centralita-virtual-phone/n", app="centralita", channelId=LEG
            )
            assert twice.status == 409
            assert await engine.do(CreateLeg(LEG, 7, "8330109", CALL, None, None, virtual=True)) is None
            assert [channel["id"] for channel in (await submit("channels.list")).body].count(LEG) == 1
            # A bridge may be asked for twice: the first stands.
            assert [await engine.do(CreateBridge("centralita-b", name)) for name in ("a", "b")] == [None, None]
            assert (await submit("bridges.get", bridgeId="centralita-b")).body["name"] == "a"
            unknown = await engine.do(AddToBridge("centralita-b", ("centralita-1.2",)))
            assert (unknown.status, unknown.timed_out) == (400, False)
            assert await engine.do(DestroyBridge("centralita-b")) is None
            await engine.do(Hangup(LEG))
            await engine.gone(LEG)
            # Hanging up what is dying is no error either.
            assert await engine.do(Hangup(LEG)) in (None, ChannelGone(0, LEG))

    run(scenario())


def test_a_leg_that_cannot_be_made_is_refused_even_where_asterisk_says_it_exists(
    switch: RealSwitch, connect: Connect
) -> None:
    async def scenario() -> None:
        async with connect(switch) as engine:
            unregistered = CreateLeg("centralita-1.2.agent.1", 7, "nobody", CALL, None, None)
            refused = await engine.do(unregistered)
            assert (refused.status, refused.reason, refused.timed_out) == (500, "Allocation failed", False)
            # The same id twice. From then on Asterisk gives that reason for every refusal on this connection.
            await local_leg(engine)
            operation, params = execute.request(CreateLeg(LEG, 7, "8330109", CALL, None, None, virtual=True))
            assert (await engine.ari.submit(operation, **params)).status == 409
            operation, params = execute.request(unregistered)
            stale = await engine.ari.submit(operation, **params)
            assert stale.status == 409, "if this fails, Asterisk has been mended and execute.doubtful may go"
            told = engine.perform(unregistered)
            await until(lambda: told)
            assert (told[0].status, told[0].timed_out) == (500, False)
            assert (await engine.ari.submit("channels.get", channelId=unregistered.channel)).status == 404
            # While what does exist is what was wanted.
            told = engine.perform(CreateLeg(LEG, 7, "8330109", CALL, None, None, virtual=True))
            for _ in range(2):  # its answer, then the look
                assert (await engine.ari.submit("asterisk.ping")).ok
            assert told == []
            told = engine.perform(Hangup(LEG))
            await engine.gone(LEG)
            assert told == []

    run(scenario())


@pytest.mark.parametrize("value", ['a+b %20&ñ=€ 1,"2"\\n', "", "línea\nsegunda", "x" * 40_000, "0"])
def test_values_arrive_as_they_were_given(switch: RealSwitch, connect: Connect, value: str) -> None:
    async def scenario() -> None:
        async with connect(switch) as engine:
            await local_leg(engine)
            submit = engine.ari.submit
            assert (await submit("channels.setChannelVar", channelId=LEG, variable="V", value=value)).ok
            read = await submit("channels.getChannelVar", channelId=LEG, variable="V")
            assert read.body["value"] == value
            assert (await submit("channels.get", channelId="../channels?x=1#ñ /%2e")).status == 404
            await engine.do(Hangup(LEG))

    run(scenario())


def test_the_event_filter_is_in_force_and_lets_answers_through(switch: RealSwitch, connect: Connect) -> None:
    async def scenario() -> None:
        async with connect(switch) as engine:
            told = (await engine.ari.submit("applications.get", applicationName="centralita")).body
            assert {entry["type"] for entry in told["events_allowed"]} == set(EVENT_TYPES)

    run(scenario())


# ------------------------------------------------------------------------------------------------- calls and their ends
def test_a_leg_is_ready_before_it_is_dialled_and_answered_by_its_dial_event(
    switch: RealSwitch, connect: Connect, sipp_caller: Callers, sipp_phone: Phones
) -> None:
    switch.push_phone("8330101", "geheim")
    phone = sipp_phone(switch, {"8330101": "geheim"}, ring_ms=100).online()
    try:
        run(_conversation(switch, connect, sipp_caller, phone))
    finally:
        switch.remove_phone("8330101")


async def _conversation(switch: RealSwitch, connect: Connect, sipp_caller: Callers, phone: SippPhone) -> None:
    async with connect(switch) as engine:
        caller = sipp_caller(switch, "40001000", caller="88887777", display="Ana Núñez", talk_ms=300).start()
        arrived = await engine.first(CallerArrived)
        assert (arrived.called_number, arrived.calling_number, arrived.caller_name) == (
            "40001000",
            "88887777",
            "Ana Núñez",
        )
        call, leg, bridge = arrived.channel, ids.leg(arrived.channel, 1), ids.bridge(arrived.channel)
        assert await engine.do(CreateLeg(leg, 7, "8330101", call, "88887777", "Ana Núñez")) is None
        await engine.first(LegReady)
        assert not phone.saw("INVITE"), "nothing rings before the dial"
        assert await engine.do(DialLeg(leg, call, 20)) is None
        await engine.first(LegRinging)
        await engine.first(LegAnswered)
        assert not [told for told in await asyncio.gather(
            engine.do(Answer(call)), engine.do(CreateBridge(bridge, "x")), engine.do(AddToBridge(bridge, (call, leg)))
        ) if not isinstance(told, (CommandDone, type(None)))]  # fmt: skip
        # The caller hangs up.
        gone = await engine.gone(call)
        assert gone.cause is None
        await engine.do(Hangup(leg))
        assert (await engine.gone(leg)).cause == 16
        await engine.do(DestroyBridge(bridge))
        assert (await asyncio.to_thread(caller.wait, 5)).successful == 1
    mine = [type(event) for event in engine.events if event.channel == leg]
    assert mine[:3] == [LegReady, LegRinging, LegAnswered]
    assert mine[-1] is ChannelGone
    # Told as soon as it leaves the application (it has come through the dialplan, so no more may follow).
    assert [type(event) for event in engine.events if event.channel == call][:3] == [
        CallerArrived,
        ChannelLeft,
        ChannelGone,
    ]
    invite = phone.full_messages().split("INVITE ", 1)[1].split("\r\n\r\n")[0]
    assert 'From: "Ana Núñez" <sip:88887777@' in invite
    assert 'P-Asserted-Identity: "Ana Núñez" <sip:88887777@' in invite


def test_of_a_caller_who_was_in_no_bridge_no_destruction_is_told(
    switch: RealSwitch, connect: Connect, sipp_caller: Callers
) -> None:
    """Why StasisEnd of such a channel is ChannelGone: its ChannelDestroyed never comes."""

    async def scenario() -> None:
        async with connect(switch) as engine:
            caller = sipp_caller(switch, "40001000", talk_ms=100).start()
            call = (await engine.first(CallerArrived)).channel
            await engine.do(Answer(call))
            await engine.gone(call)
            await asyncio.to_thread(caller.wait, 5)
            switch.wait_quiet()
            assert (await engine.ari.submit("asterisk.ping")).ok
            gone = [event for event in engine.of(ChannelGone) if event.channel == call]
            assert [event.cause for event in gone] == [None], (
                "a second one, with a cause, would be the ChannelDestroyed"
            )

    run(scenario())


def test_a_withheld_number_stays_withheld_on_the_phone(
    switch: RealSwitch, connect: Connect, sipp_caller: Callers
) -> None:
    async def scenario() -> None:
        async with connect(switch) as engine:
            sipp_caller(switch, "40001000", caller="anonymous", display="Anonymous", talk_ms=1).start()
            arrived = await engine.first(CallerArrived)
            assert (arrived.calling_number, arrived.caller_name) == (None, None)
            await engine.do(Hangup(arrived.channel, 17))
            await engine.gone(arrived.channel)

    run(scenario())


@pytest.mark.parametrize(
    ("display", "name"),
    [
        ('"María"'.encode("latin-1"), "Mar"),
        (b'"\xff\xfe\x80"', None),
        ('"<b>Ana\u202e" '.encode(), "<b>Ana"),
        (b'"Ana \\"la jefa\\" Mora"', 'Ana "la jefa" Mora'),
        (b'"' + b"x" * 300 + b'"', "x" * 79),
    ],
)
def test_no_name_costs_its_call(switch: RealSwitch, connect: Connect, display: bytes, name: str | None) -> None:
    """Whatever bytes a caller sends as a name: the call arrives, with its number."""

    async def scenario() -> None:
        async with connect(switch) as engine:
            with socket.socket(type=socket.SOCK_DGRAM) as caller:
                caller.bind(("127.0.0.1", 0))
                port = caller.getsockname()[1]
                head = (
                    "INVITE sip:40001000@127.0.0.1 SIP/2.0\r\n"
                    f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{port}\r\n"
                    f"To: <sip:40001000@127.0.0.1>\r\nCall-ID: name-{port}\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n"
                    f"Contact: <sip:127.0.0.1:{port}>\r\nContent-Length: 0\r\nFrom: "
                ).encode()
                caller.sendto(head + display + b" <sip:88887777@127.0.0.1>;tag=1\r\n\r\n", switch.sip)
                arrived = await engine.first(CallerArrived)
                assert arrived.calling_number == "88887777"
                assert (arrived.caller_name or "").startswith(name or "")
                await engine.do(Hangup(arrived.channel, 17))
                await engine.gone(arrived.channel)
            assert engine.ari.counters.malformed == 0

    run(scenario())


@pytest.mark.parametrize(("cause", "status"), [(17, 486), (1, 404), (20, 480), (19, 480), (41, 603)])
def test_the_cause_of_a_hang_up_reaches_a_caller_who_was_not_answered(
    switch: RealSwitch, connect: Connect, sipp_caller: Callers, cause: int, status: int
) -> None:
    async def scenario() -> None:
        async with connect(switch) as engine:
            caller = sipp_caller(switch, "40001000", behaviour="refused", refusal=status).start()
            arrived = await engine.first(CallerArrived)
            assert await engine.do(Hangup(arrived.channel, cause)) is None
            result = await asyncio.to_thread(caller.wait, 5)
            assert (result.successful, result.exit_status) == (1, 0), caller.full_messages()[-2000:]

    run(scenario())


def test_a_virtual_phone_is_answered_at_its_far_half(switch: RealSwitch, connect: Connect) -> None:
    async def scenario() -> None:
        async with connect(switch) as engine:
            await local_leg(engine)
            assert not engine.of(FarHalfArrived), "nothing rings before the dial"
            assert await engine.do(DialLeg(LEG, CALL, 20)) is None
            far = await engine.first(FarHalfArrived)
            assert (far.leg, far.channel) == (LEG, ids.far_half(LEG))
            await engine.first(LegRinging)
            assert await engine.do(Answer(far.channel)) is None
            assert (await engine.first(LegAnswered)).channel == LEG
            await engine.do(Hangup(LEG))
            await engine.gone(LEG)
            await engine.gone(far.channel)

    run(scenario())


def test_an_announcement_ends_or_fails_with_an_event(switch: RealSwitch, connect: Connect) -> None:
    async def scenario() -> None:
        async with connect(switch) as engine:
            await local_leg(engine)
            await engine.do(DialLeg(LEG, CALL, 20))
            far = (await engine.first(FarHalfArrived)).channel
            await engine.do(Answer(far))
            await engine.first(LegAnswered)
            playback = ids.announcement(CALL, 1)
            assert await engine.do(Play(LEG, playback, ("sound:no-such-sound",))) is None
            assert (await engine.first(PlaybackFinished)).playback == playback
            await engine.do(Hangup(LEG))
            await engine.gone(LEG)

    run(scenario())


def test_who_is_out_of_the_bridge_may_be_played_to_and_hung_up(switch: RealSwitch, connect: Connect) -> None:
    """In the bridge, one in eight of these would never end (docs/asterisk-notes.md): so many make sure."""

    async def spoken_to(engine: Engine, number: int) -> None:
        call = f"centralita-9.{number}"
        leg, bridge = ids.leg(call, 1), ids.bridge(call)
        await local_leg(engine, leg)
        await engine.do(DialLeg(leg, None, 20))
        await until(lambda: [event for event in engine.of(FarHalfArrived) if event.leg == leg])
        await engine.do(Answer(ids.far_half(leg)))
        await until(lambda: [event for event in engine.of(LegAnswered) if event.channel == leg])
        orders = (
            Answer(leg),
            CreateBridge(bridge, "Ventas"),
            AddToBridge(bridge, (leg,)),
            RemoveFromBridge(bridge, (leg,)),
            Play(leg, ids.announcement(call, 1), ("sound:hello-world",)),
            DestroyBridge(bridge),
            Hangup(leg),
        )
        await asyncio.gather(*map(engine.do, orders))
        await engine.gone(leg)

    async def scenario() -> None:
        async with connect(switch) as engine:
            for number in range(40):
                await spoken_to(engine, number)

    run(scenario())


# ------------------------------------------------------------------------------------------------- the bad days
def test_no_answer_in_time_is_no_refusal(switch: RealSwitch, connect: Connect) -> None:
    async def scenario() -> None:
        async with (
            Wire("127.0.0.1", switch.config.ari_port) as wire,
            connect(switch, port=wire.port, request_timeout=0.5, silence=20.0) as engine,
        ):
            wire.freeze()
            began = time.monotonic()
            created = CreateBridge("centralita-late", "x")
            failed = await engine.do(created)
            assert 0.4 < time.monotonic() - began < 2
            assert (failed.status, failed.timed_out) == (None, True)
            wire.thaw()
            await until(lambda: engine.ari.counters.late_answers == 1)
            # And indeed it was done.
            assert (await engine.ari.submit("bridges.get", bridgeId="centralita-late")).status == 200
            assert await engine.do(DestroyBridge("centralita-late")) is None
            assert not engine.downs

    run(scenario())


def test_after_a_cut_it_connects_again_and_surviving_channels_are_still_heard_of(
    switch: RealSwitch, connect: Connect
) -> None:
    async def scenario() -> None:
        async with (
            Wire("127.0.0.1", switch.config.ari_port) as wire,
            connect(switch, port=wire.port) as engine,
        ):
            await local_leg(engine)
            waiting = engine.ari.submit("channels.get", channelId=LEG)
            wire.cut()
            await until(lambda: engine.downs)
            assert (await waiting).failure in (Failure.CONNECTION_LOST, None)
            assert engine.downs[0].why is Down.LOST
            assert (await engine.do(Hangup(LEG))).timed_out
            await engine.up(times=2)
            assert (await engine.ari.submit("channels.get", channelId=LEG)).status == 200, "it goes on meanwhile"
            assert switch.ari("DELETE", f"channels/{LEG}")[0] == 204
            await engine.gone(LEG)

    run(scenario())


def test_a_half_open_connection_is_noticed_within_five_seconds(switch: RealSwitch, connect: Connect) -> None:
    async def scenario() -> None:
        async with (
            Wire("127.0.0.1", switch.config.ari_port) as wire,
            connect(switch, port=wire.port) as engine,
        ):
            # Quiet, but alive: Asterisk answers pings.
            await asyncio.sleep(4.5)
            assert not engine.downs
            wire.freeze()
            began = time.monotonic()
            await until(lambda: engine.downs, 10)
            assert time.monotonic() - began < 5.0
            assert engine.downs[0].why is Down.SILENT
            # The old connection still stands on the switch's side: ours takes its place, and is not told of that.
            wire.cut()
            wire.thaw()
            await engine.up(times=2)
            await asyncio.sleep(0.2)
            assert engine.ari.connected

    run(scenario())


def test_a_second_engine_replaces_the_first_for_good(switch: RealSwitch, connect: Connect) -> None:
    async def scenario() -> None:
        async with connect(switch) as first, connect(switch) as second:
            await until(lambda: first.downs)
            assert (first.downs[0].why, first.downs[0].final) == (Down.REPLACED, True)
            assert (await first.ari.submit("asterisk.ping")).failure is Failure.NOT_CONNECTED
            await asyncio.sleep(0.3)
            assert second.ari.connected
            assert (await second.ari.submit("asterisk.ping")).ok

    run(scenario())


def test_a_wrong_password_is_said_in_words(switch: RealSwitch, connect: Connect) -> None:
    async def scenario() -> None:
        async with connect(switch, wait=False, password="wrong ñ") as engine:
            await until(lambda: engine.ari.counters.failed_connects >= 3)
            assert engine.downs == [
                Disconnected(Down.PASSWORD_REFUSED, "Asterisk refuses the ARI user or password (HTTP 401)")
            ]

    run(scenario())


def test_a_request_that_asterisk_would_not_read_is_not_sent(switch: RealSwitch, connect: Connect) -> None:
    async def scenario() -> None:
        async with connect(switch) as engine:
            await local_leg(engine)
            big = engine.ari.submit("channels.setChannelVar", channelId=LEG, variable="V", value="x" * 65_000)
            assert (await big).failure is Failure.TOO_LARGE
            assert (await engine.do(Hangup(LEG))) is None
            assert not engine.downs

    run(scenario())


def test_a_restarted_switch_is_found_again(new_switch: Callable[..., RealSwitch], connect: Connect) -> None:
    switch = new_switch()

    async def scenario() -> None:
        async with connect(switch) as engine:
            switch.kill()
            await until(lambda: engine.downs)
            await asyncio.to_thread(switch.start)
            await engine.up(times=2)
            info: Response = await engine.ari.submit("asterisk.getInfo", only="system")
            assert info.body["system"]["version"].startswith(switch.dist.version.split("~")[0][:4])

    run(scenario())


MANY = 1600


def test_lists_of_a_busy_switch(switch: RealSwitch, connect: Connect) -> None:
    """Over the websocket the list of so many ends Asterisk, which puts a whole message on its thread's stack."""

    async def scenario() -> None:
        async with connect(switch) as engine:
            wanted = {f"many-{number}" for number in range(MANY // 2)}
            made = [
                engine.ari.submit(
                    "channels.create",
                    endpoint="Local/8330109@centralita-virtual-phone/n",
                    app="centralita",
                    channelId=channel,
                    otherChannelId=f"{channel}-far",
                )
                for channel in sorted(wanted)
            ]
            # Asked at once: whatever was sent before is in the answer.
            channels, bridges = await asyncio.gather(
                engine.ari.submit("channels.list"), engine.ari.submit("bridges.list")
            )
            assert {one["id"] for one in channels.body} >= wanted
            assert (len(channels.body), bridges.body) == (MANY, [])
            assert all(answer.ok for answer in await asyncio.gather(*made))
            phones = await engine.ari.submit("endpoints.listByTech", tech="Nonsense")
            assert (phones.status, phones.ok) == (404, False)
            await asyncio.gather(*(engine.ari.submit("channels.hangup", channelId=channel) for channel in wanted))
            await until(lambda: not switch.channels(), 20)
        assert switch.process.process is not None
        assert switch.process.process.poll() is None

    run(scenario())
