"""Our ARI client against a scripted Asterisk: what it tells, in what order, and what becomes of requests."""

from __future__ import annotations

import asyncio
import json
import time
from http import HTTPStatus
from typing import Any

import pytest
from switch.wire import Wire

from ari_app.ari.client import events_url
from ari_app.ari.decode import EVENT_TYPES, Decoded
from ari_app.ari.driver import delays
from ari_app.ari.port import Disconnected, Down, Failure
from ari_app.core.events import CallerArrived, LegReady

CALLER = {
    "type": "StasisStart",
    "args": ["inbound", "40001000"],
    "channel": {"id": "centralita-1.0", "caller": {"name": "Ana", "number": "88887777"}},
}


def arrival(number: int) -> dict[str, Any]:
    return {**CALLER, "channel": {"id": f"centralita-1.{number}"}}


def test_the_event_filter_is_set_before_the_engine_is_told(run: Any, fake: Any, engine: Any) -> None:
    async def scenario() -> None:
        async with fake() as asterisk, engine(asterisk.port) as our:
            # An event that is quicker than the filter's answer waits for its turn.
            asterisk.before_first_request = [CALLER]
            await our.up()

            first = asterisk.requests[0]
            assert (first["method"], first["uri"]) == ("PUT", "applications/centralita/eventFilter")
            allowed = [entry["type"] for entry in json.loads(first["message_body"])["allowed"]]
            assert allowed == list(EVENT_TYPES)
            assert allowed[0] == "RESTResponse"
            assert our.told[0] == "connected"
            assert our.events == [CallerArrived(1000, "centralita-1.0", "40001000", "88887777", "Ana")]
            assert our.ari.connected
            assert asterisk.handshakes == ["/ari/events?app=centralita"]

    run(scenario)


def test_a_refused_event_filter_is_no_connection(run: Any, fake: Any, engine: Any, eventually: Any) -> None:
    async def scenario() -> None:
        async with fake() as asterisk:
            asterisk.answer = lambda request: (500, {"message": "no memory"})
            async with engine(asterisk.port) as our:
                await eventually(lambda: len(asterisk.requests) > 2)
                assert "connected" not in our.told
                assert our.downs == [
                    Disconnected(Down.ARI_REFUSED, "Asterisk does not set the event filter: no memory")
                ], "told once, however often it is tried"
                asterisk.answer = lambda request: (200, {})
                await our.up()

    run(scenario)


def test_requests_leave_in_the_order_submitted_and_answers_find_theirs(run: Any, fake: Any, engine: Any) -> None:
    async def scenario() -> None:
        async with fake() as asterisk, engine(asterisk.port) as our:
            await our.up()
            asterisk.answer = lambda request: (200, {"uri": request["uri"]})
            futures = [our.ari.submit("channels.get", channelId=f"c{n}") for n in range(500)]
            answers = await asyncio.gather(*futures)
            assert [request["uri"] for request in asterisk.worked] == [f"channels/c{n}" for n in range(500)]
            assert [answer.body["uri"] for answer in answers] == [f"channels/c{n}" for n in range(500)]

    run(scenario)


class CountedWrites:
    """A transport that remembers how much was written at once."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self.sizes: list[int] = []

    def write(self, data: bytes) -> None:
        self.sizes.append(len(data))
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def test_answers_and_events_are_told_in_asterisks_order(run: Any, fake: Any, engine: Any, eventually: Any) -> None:
    async def scenario() -> None:
        async with fake() as asterisk, engine(asterisk.port) as our:
            await our.up()
            asterisk.answer = lambda request: None
            for number in range(3):
                our.ari.order("channels.answer", {"channelId": f"c{number}"}, our.told.append)
            await eventually(lambda: len(asterisk.worked) == 3)
            del our.told[:]
            # In one packet, so that the engine reads them in one turn of its loop.
            connection = asterisk.connections[-1]
            for request in asterisk.worked:
                answer = {"type": "RESTResponse", "transaction_id": "1", "request_id": request["request_id"]}
                connection.protocol.send_text(json.dumps({**answer, "status_code": 204}).encode())
                gone = {"type": "StasisEnd", "channel": {"id": request["uri"].split("/")[1]}}
                connection.protocol.send_text(json.dumps(gone).encode())
            connection.transport.write(b"".join(connection.protocol.data_to_send()))
            await eventually(lambda: len(our.told) == 6)
            said = [one.event.channel if isinstance(one, Decoded) else one.status for one in our.told]
            assert said == [204, "c0", 204, "c1", 204, "c2"]

    run(scenario)


def test_an_order_that_cannot_be_sent_is_answered_after_it_was_given(run: Any, fake: Any, engine: Any) -> None:
    async def scenario() -> None:
        async with fake() as asterisk:
            our = engine(asterisk.port)
            told: list[Any] = []
            our.ari.order("channels.ring", {"channelId": "c"}, told.append)
            assert told == []
            await asyncio.sleep(0)
            assert [response.failure for response in told] == [Failure.NOT_CONNECTED]

    run(scenario)


def test_what_one_turn_of_the_loop_submits_leaves_in_one_write(run: Any, fake: Any, engine: Any) -> None:
    async def scenario() -> None:
        async with fake() as asterisk, engine(asterisk.port) as ours:
            await ours.up()
            counted = ours.ari._link._transport = CountedWrites(ours.ari._link._transport)
            answers = [ours.ari.submit("channels.ring", channelId=f"c{number}") for number in range(20)]
            assert counted.sizes == []
            await asyncio.gather(*answers)
            assert len(counted.sizes) == 1
            await ours.ari.submit("channels.ring", channelId="later")
            assert len(counted.sizes) == 2
            rung = [request["uri"].split("/")[1] for request in asterisk.worked]
            assert rung == [*(f"c{number}" for number in range(20)), "later"]

    run(scenario)


def test_a_request_without_an_answer_times_out_and_a_late_one_is_nobodys(
    run: Any, fake: Any, engine: Any, eventually: Any
) -> None:
    async def scenario() -> None:
        async with fake() as asterisk, engine(asterisk.port, request_timeout=0.2) as our:
            await our.up()
            asterisk.answer = lambda request: None
            began = time.monotonic()
            response = await our.ari.submit("channels.answer", channelId="c1")
            assert 0.15 < time.monotonic() - began < 1
            assert (response.status, response.failure) == (None, Failure.TIMED_OUT)
            assert response.unknown_outcome
            assert not response.ok
            assert response.reason == "no answer in time, unknown outcome"

            await asterisk.respond(asterisk.connections[0], asterisk.worked[0], 204, None)
            await eventually(lambda: our.ari.counters.late_answers == 1)
            asterisk.answer = lambda request: (204, None)
            assert (await our.ari.submit("channels.ring", channelId="c1")).ok, "the connection goes on"

    run(scenario)


def test_a_lost_connection_fails_what_is_outstanding_and_comes_back(run: Any, fake: Any, engine: Any) -> None:
    async def scenario() -> None:
        async with fake() as asterisk, engine(asterisk.port) as our:
            await our.up()
            asterisk.answer = lambda request: (204, None) if "eventFilter" in request["uri"] else None
            waiting = [our.ari.submit("channels.ring", channelId=f"c{n}") for n in range(3)]
            await asyncio.sleep(0)
            asterisk.connections[0].transport.abort()
            answers = await asyncio.gather(*waiting)
            assert {answer.failure for answer in answers} == {Failure.CONNECTION_LOST}
            assert answers[0].unknown_outcome
            assert answers[0].reason == "connection lost, unknown outcome"
            assert [down.why for down in our.downs] == [Down.LOST]

            refused = await our.ari.submit("channels.ring", channelId="c9")
            assert refused.failure is Failure.NOT_CONNECTED
            assert not refused.unknown_outcome

            await our.up(times=2)
            asterisk.answer = lambda request: (204, None)
            assert (await our.ari.submit("channels.ring", channelId="c1")).status == 204
            assert len([r for r in asterisk.requests if "eventFilter" in r["uri"]]) == 2

    run(scenario)


def test_a_half_open_connection_is_noticed_though_nobody_says_a_word(
    run: Any, fake: Any, engine: Any, eventually: Any
) -> None:
    async def scenario() -> None:
        async with fake() as asterisk, Wire("127.0.0.1", asterisk.port) as wire, engine(wire.port, silence=0.4) as our:
            await our.up()
            # A quiet connection is not a dead one: pings keep it.
            await asyncio.sleep(0.9)
            assert our.ari.connected
            assert not our.downs

            waiting = our.ari.submit("channels.ring", channelId="c1")
            wire.freeze()
            began = time.monotonic()
            await eventually(lambda: our.downs)
            assert 0.2 < time.monotonic() - began < 1.5
            assert our.downs[0] == Disconnected(Down.SILENT, "nothing heard from Asterisk for 0.4 s")
            assert (await waiting).failure in (Failure.CONNECTION_LOST, None)
            wire.thaw()
            await our.up(times=2)

    run(scenario)


def test_our_own_stall_is_not_taken_for_asterisks_silence(run: Any, fake: Any, engine: Any) -> None:
    async def scenario() -> None:
        async with fake() as asterisk, engine(asterisk.port, silence=0.4) as our:
            await our.up()
            time.sleep(1.0)  # noqa: ASYNC251  the stall is the test
            assert (await our.ari.submit("channels.ring", channelId="c1")).ok
            await asyncio.sleep(0.3)
            assert not our.downs

    run(scenario)


def test_too_many_outstanding_requests_are_refused_aloud(run: Any, fake: Any, engine: Any) -> None:
    async def scenario() -> None:
        async with fake() as asterisk, engine(asterisk.port, max_outstanding=10) as our:
            await our.up()
            asterisk.answer = lambda request: None
            futures = [our.ari.submit("channels.ring", channelId=f"c{n}") for n in range(13)]
            assert [future.done() for future in futures] == [False] * 10 + [True] * 3
            assert {future.result().failure for future in futures[10:]} == {Failure.OVERFLOW}
            assert our.ari.counters.overflows == 3
            assert our.ari.outstanding == 10

    run(scenario)


def test_a_request_that_asterisk_would_not_read_is_not_sent(run: Any, fake: Any, engine: Any) -> None:
    async def scenario() -> None:
        async with fake() as asterisk, engine(asterisk.port) as our:
            await our.up()
            big = await our.ari.submit("channels.setChannelVar", channelId="c", variable="V", value="x" * 70_000)
            assert big.failure is Failure.TOO_LARGE
            assert not big.unknown_outcome
            assert (await our.ari.submit("channels.ring", channelId="c1")).ok
            assert len(asterisk.worked) == 1

    run(scenario)


def test_being_replaced_is_final_and_said_in_words(run: Any, fake: Any, engine: Any, eventually: Any) -> None:
    async def scenario() -> None:
        async with fake() as asterisk, engine(asterisk.port) as our:
            await our.up()
            await asterisk.event({"type": "ApplicationReplaced", "application": "centralita"})
            await eventually(lambda: our.downs)
            down = our.downs[0]
            assert (down.why, down.final) == (Down.REPLACED, True)
            assert "second engine" in down.message
            await asyncio.sleep(0.2)
            assert len(asterisk.connections) == 1, "it does not fight for the application"
            assert (await our.ari.submit("channels.ring", channelId="c")).failure is Failure.NOT_CONNECTED

    run(scenario)


def test_a_wrong_password_is_said_in_words_and_tried_again(run: Any, fake: Any, engine: Any, eventually: Any) -> None:
    async def scenario() -> None:
        async with fake() as asterisk, engine(asterisk.port, password="wrong") as our:
            await eventually(lambda: our.ari.counters.failed_connects >= 3)
            assert our.downs == [
                Disconnected(Down.PASSWORD_REFUSED, "Asterisk refuses the ARI user or password (HTTP 401)")
            ]
            assert not our.ari.connected
            assert our.ari.down == our.downs[0]

    run(scenario)


@pytest.mark.parametrize(
    ("status", "why"), [(HTTPStatus.NOT_FOUND, Down.ARI_REFUSED), (HTTPStatus.SERVICE_UNAVAILABLE, Down.ARI_REFUSED)]
)
def test_a_switch_without_ari_is_told_from_a_wrong_password(
    run: Any, fake: Any, engine: Any, eventually: Any, status: HTTPStatus, why: Down
) -> None:
    async def scenario() -> None:
        async with fake() as asterisk:
            asterisk.refuse_with = status
            async with engine(asterisk.port) as our:
                await eventually(lambda: our.downs)
                assert our.downs[0].why is why
                assert f"HTTP {status.value}" in our.downs[0].message
                asterisk.refuse_with = None
                await our.up()

    run(scenario)


def test_nobody_there_then_somebody(run: Any, fake: Any, engine: Any, eventually: Any) -> None:
    async def scenario() -> None:
        async with fake() as asterisk, Wire("127.0.0.1", asterisk.port) as wire:
            wire.refusing = True
            async with engine(wire.port) as our:
                await eventually(lambda: wire.connections > 3)
                assert [down.why for down in our.downs] == [Down.LOST]
                wire.refusing = False
                await our.up()

    run(scenario)


def test_a_server_that_answers_no_handshake_is_left(run: Any, fake: Any, engine: Any, eventually: Any) -> None:
    async def scenario() -> None:
        mistakes: list[Any] = []  # in callbacks; the tasks are the wire's
        asyncio.get_running_loop().set_exception_handler(
            lambda loop, context: mistakes.append(context) if "handle" in context else None
        )
        async with fake() as asterisk, Wire("127.0.0.1", asterisk.port) as wire:
            wire.freeze()
            async with engine(wire.port, connect_timeout=0.2) as our:
                await eventually(lambda: our.downs)
                assert our.downs[0] == Disconnected(Down.UNREACHABLE, "Asterisk did not answer within 0.2 s")
                wire.cut()
                wire.thaw()
                await our.up()
        assert mistakes == []

    run(scenario)


def test_bad_messages_cost_themselves_only(run: Any, fake: Any, engine: Any, eventually: Any) -> None:
    async def scenario() -> None:
        async with fake() as asterisk, engine(asterisk.port) as our:
            await our.up()
            for bad in ("", "{", "[]", "null", '{"type":7}', '{"type":"StasisStart"}', '{"type":"Dial","peer":3}'):
                await asterisk.event(bad)
            await asterisk.event("[" * 100_000)
            await asterisk.event({"type": "ChannelVarset", "anything": 1})
            await asterisk.event(arrival(7))
            await eventually(lambda: our.events)
            assert our.events[0].channel == "centralita-1.7"
            assert our.ari.counters.malformed == 8
            assert not our.downs

    run(scenario)


def test_a_name_in_latin_1_does_not_cost_its_call(run: Any, fake: Any, engine: Any, eventually: Any) -> None:
    async def scenario() -> None:
        async with fake() as asterisk, engine(asterisk.port) as our:
            await our.up()
            await asterisk.event(json.dumps(CALLER).encode().replace(b"Ana", b"Mar\xeda"))
            await eventually(lambda: our.events)
            assert our.events[0].calling_number == "88887777"
            assert our.events[0].caller_name == "Mar�a"

    run(scenario)


def test_a_mistake_in_the_engines_handler_costs_that_event_only(
    run: Any, fake: Any, engine: Any, eventually: Any
) -> None:
    async def scenario() -> None:
        async with fake() as asterisk, engine(asterisk.port) as our:
            await our.up()
            seen = []

            def handler(decoded: Any) -> None:
                seen.append(decoded.thing)
                raise KeyError("a bug")

            our.ari._on_event = handler
            await asterisk.event(arrival(1))
            await asterisk.event(arrival(2))
            await eventually(lambda: len(seen) == 2)
            assert our.ari.counters.handler_errors == 2
            assert our.ari.connected

    run(scenario)


def test_fragmented_messages_are_put_together(run: Any, fake: Any, engine: Any, eventually: Any) -> None:
    async def scenario() -> None:
        async with fake() as asterisk, engine(asterisk.port) as our:
            await our.up()
            text = json.dumps(arrival(3))
            await asterisk.connections[0].send([text[:10], text[10:40], text[40:]])
            await eventually(lambda: [event.channel for event in our.events] == ["centralita-1.3"])

    run(scenario)


def test_a_message_beyond_all_measure_ends_the_connection_in_words(
    run: Any, fake: Any, engine: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ari_app.ari.client.LARGEST_MESSAGE", 100_000)

    async def scenario() -> None:
        async with fake() as asterisk, engine(asterisk.port) as our:
            await our.up()
            asterisk.answer = lambda request: (200, "x" * 200_000) if request["uri"] == "asterisk/info" else (204, None)
            response = await our.ari.submit("asterisk.getInfo")
            assert response.failure is Failure.CONNECTION_LOST
            assert our.downs[0].why is Down.LOST
            assert "larger than allowed" in our.downs[0].message
            await our.up(times=2)

    run(scenario)


def test_lists_come_by_http(run: Any, fake: Any, engine: Any) -> None:
    """Of any length, and in their place: after what was sent before, before what is read after."""

    async def scenario() -> None:
        async with fake() as asterisk, engine(asterisk.port) as our:
            assert (await our.ari.submit("channels.list")).failure is Failure.NOT_CONNECTED
            await our.up()
            asterisk.lists["channels"] = 200, [{"id": "x" * 1000}] * 5000
            asterisk.lists["endpoints/PJSIP"] = 404, {"message": "No Endpoints found"}
            asked, _ = our.ari.submit("channels.list"), our.ari.submit("channels.ring", channelId="c1")
            assert len((await asked).body) == 5000
            assert [one["uri"] for one in asterisk.worked] == ["channels/c1/ring", "asterisk/ping", "asterisk/ping"]
            phones = await our.ari.submit("endpoints.listByTech", tech="PJSIP")
            assert (phones.status, phones.reason) == (404, "No Endpoints found")
            with pytest.raises(TypeError):
                our.ari.submit("channels.list", nonsense=1)
            with pytest.raises(TypeError):
                our.ari.order("channels.list", {}, lambda answer: None)

    run(scenario)


def test_a_list_that_does_not_come(run: Any, fake: Any, engine: Any) -> None:
    async def scenario() -> None:
        async with fake() as asterisk, engine(asterisk.port, request_timeout=0.3) as our:
            await our.up()
            asterisk.lists["channels"] = None
            assert (await our.ari.submit("channels.list")).failure is Failure.TIMED_OUT
            # What the Asterisk before told is not this one's.
            waiting = our.ari.submit("channels.list")
            await asyncio.sleep(0.05)
            asterisk.connections[-1].transport.abort()
            await our.up(times=2)
            assert (await waiting).failure is not None
            asterisk.answer = lambda request: (503, {"message": "shutting down"})
            refused = await our.ari.submit("bridges.list")
            assert (refused.status, refused.reason) == (503, "shutting down")
            assert our.ari.outstanding == 0

    run(scenario)


def test_closing_is_final_and_may_be_repeated(run: Any, fake: Any, engine: Any) -> None:
    async def scenario() -> None:
        async with fake() as asterisk, engine(asterisk.port) as our:
            await our.up()
            asterisk.answer = lambda request: None
            waiting = our.ari.submit("channels.ring", channelId="c1")
            await our.ari.close()
            await our.ari.close()
            assert (await waiting).failure is Failure.CONNECTION_LOST
            assert our.downs == [Disconnected(Down.CLOSED, "closed by us", final=True)]
            await asyncio.wait_for(asterisk.connections[0].wait_closed(), 2)
            assert asterisk.connections[0].close_code == 1000

    run(scenario)


def test_events_reach_the_engine_in_asterisks_order(run: Any, fake: Any, engine: Any, eventually: Any) -> None:
    async def scenario() -> None:
        async with fake() as asterisk, engine(asterisk.port) as our:
            await our.up()
            for number in range(1000):
                await asterisk.event({"type": "StasisStart", "channel": {"id": f"centralita-1.{number}.agent.1"}})
            await eventually(lambda: len(our.events) == 1000)
            assert our.events == [LegReady(1000, f"centralita-1.{n}.agent.1") for n in range(1000)]

    run(scenario)


def test_unknown_operations_and_parameters_are_our_mistakes(run: Any, fake: Any, engine: Any) -> None:
    async def scenario() -> None:
        async with fake() as asterisk, engine(asterisk.port) as our:
            with pytest.raises(TypeError, match="unknown ARI operation"):
                our.ari.submit("channels.explode", channelId="c")
            with pytest.raises(TypeError, match="does not take colour"):
                our.ari.submit("channels.ring", channelId="c", colour="red")
            with pytest.raises(TypeError, match="needs channelId"):
                our.ari.submit("channels.ring")

    run(scenario)


def test_the_wait_before_a_new_try_grows_to_its_cap_and_is_drawn_at_random() -> None:
    most = delays(0.1, 5.0, draw=lambda: 1.0)
    assert [round(next(most), 1) for _ in range(8)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert next(delays(draw=lambda: 0.0)) == 0.0
    assert len({next(delays()) for _ in range(20)}) > 10


@pytest.mark.parametrize(
    "url",
    ["http://h:8088/ari", "http://h:8088/ari/", "ws://h:8088/ari/events", "ws://h:8088/ari/events?app=x&api_key=a:b"],
)
def test_any_form_of_aris_address_gives_the_events(url: str) -> None:
    assert events_url(url, "a&b") == "ws://h:8088/ari/events?app=a%26b"
