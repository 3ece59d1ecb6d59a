"""The hub with well-behaved desks, over real websockets on loopback."""

from __future__ import annotations

import asyncio
import json

import pytest

from ari_app.screen_pop import ENDED_POPS_KEPT

POP = {"phase": "offered", "called_number": "40004000", "caller_name": "Ñandú", "card": None}


def test_welcome_holds_the_truth_and_a_pop_follows_it(bench) -> None:
    async def scene() -> None:
        async with bench() as b:
            b.listener.when_connected = lambda agent: b.hub.set_state(agent, "available", None, 123)
            desk = await b.desk(7, "web-session", user_agent_header="Firefox " + "x" * 300)
            assert desk.welcome["agent"] == {"id": 7, "name": "Agent 7"}
            assert desk.welcome["state"] == {"state": "available", "reason": None, "since": 123, "call_id": None}
            assert desk.welcome["pops"] == []
            agent, session, address, device = b.listener.of("connected")[0]
            assert (agent, session, address) == (7, "web-session", "127.0.0.1")
            assert device.startswith("Firefox x")
            assert len(device) == 200

            b.hub.show(7, "c1", POP)
            pop = await desk.hear("pop")
            assert pop == {"type": "pop", "seq": desk.welcome["seq"] + 1, "pop": {**POP, "call_id": "c1"}}
            await desk.say(type="ack", call_id="c1", seq=pop["seq"])
            b.hub.update(7, "c1", {"phase": "ringing", "card": {"name": "Ana"}})
            update = await desk.hear("pop.update")
            assert update["changes"] == {"phase": "ringing", "card": {"name": "Ana"}}
            b.hub.close(7, "c1", "answered_elsewhere")
            close = await desk.hear("pop.close")
            assert [update["seq"], close["seq"]] == [pop["seq"] + 1, pop["seq"] + 2]
            b.hub.close(7, "c1", "answered_elsewhere")  # gone already: no message
            b.hub.problem(7, "switch_away", "c1")
            assert (await desk.hear("problem"))["seq"] == close["seq"] + 1

    asyncio.run(scene())


def test_every_tab_gets_the_same_message_and_nobody_elses(bench, eventually) -> None:
    async def scene() -> None:
        async with bench() as b:
            one, two, other = await b.desk(1), await b.desk(1), await b.desk(2)
            assert b.hub.connected_agents() == {1, 2}
            assert b.hub.desks() == 3
            b.hub.show(1, "c1", POP)
            b.hub.show(2, "c2", POP)
            assert await one.hear("pop") == await two.hear("pop")
            assert (await other.hear("pop"))["pop"]["call_id"] == "c2"
            await one.socket.close()
            await eventually(lambda: b.listener.of("disconnected"))
            await two.socket.close()
            await eventually(lambda: len(b.listener.of("disconnected")) == 2)
            assert b.listener.of("disconnected") == [(1, "s1", False, 1000), (1, "s1", True, 1000)]
            assert b.hub.connected_agents() == {2}

    asyncio.run(scene())


def test_news_reach_the_desks_of_the_named_agents_or_all_and_are_kept_for_nobody(bench) -> None:
    async def scene() -> None:
        async with bench() as b:
            one, two, other = await b.desk(1), await b.desk(1), await b.desk(2)
            b.hub.news([1, 1, 9], "tickets", {"ticket": 12})
            told = await one.hear("news")
            assert told == {
                "type": "news",
                "seq": one.welcome["seq"] + 1,
                "topic": "tickets",
                "about": {"ticket": 12},
            }
            assert await two.hear("news") == told
            b.hub.news(None, "printing", {})
            assert (await other.hear("news"))["topic"] == "printing"
            assert (await one.hear("news"))["seq"] == told["seq"] + 1
            late = await b.desk(9)
            b.hub.news([9], "messages", {})
            assert (await late.hear("news"))["topic"] == "messages"

    asyncio.run(scene())


def test_what_one_turn_of_the_loop_says_to_a_desk_leaves_in_one_write(bench) -> None:
    class Counted:
        def __init__(self, transport) -> None:
            self.transport, self.writes = transport, 0

        def write(self, data: bytes) -> None:
            self.writes += 1
            self.transport.write(data)

        def __getattr__(self, name: str):
            return getattr(self.transport, name)

    async def scene() -> None:
        async with bench() as b:
            desk, other = await b.desk(1), await b.desk(2)
            (socket,) = b.hub._channels[1].greeted
            counted = socket.connection.transport = Counted(socket.connection.transport)
            b.hub.set_state(1, "ringing", None, 5, "c1")
            b.hub.show(1, "c1", POP)
            b.hub.show(2, "c2", POP)
            b.hub.update(1, "c1", {"phase": "ringing"})
            heard = [await desk.hear(kind) for kind in ("state", "pop", "pop.update")]
            assert counted.writes == 1
            assert [message["seq"] for message in heard] == [1, 2, 3]
            assert (await other.hear("pop"))["pop"]["call_id"] == "c2"

    asyncio.run(scene())


def test_a_tab_that_joins_hears_nothing_twice_and_one_that_is_cut_hears_what_came_before(bench) -> None:
    async def scene() -> None:
        async with bench() as b:
            first = await b.desk(1)
            # Said, and in the very turn of the loop the second tab comes, and says more as it comes.
            b.listener.when_connected = lambda agent: b.hub.set_state(agent, "paused", "b", 2)
            join = b.hub.joined

            def joined(socket) -> None:
                b.hub.set_state(1, "paused", "a", 1)
                join(socket)

            b.hub.joined = joined
            second = await b.desk(1)
            b.hub.joined = join
            b.hub.set_state(1, "available", None, 3)
            assert [(await first.hear("state"))["since"] for _ in range(3)] == [1, 2, 3]
            assert second.welcome["state"]["since"] == 2
            assert (await second.hear("state"))["seq"] == second.welcome["seq"] + 1

            b.hub.set_state(1, "paused", "c", 4)
            assert b.hub.disconnect(1, 4004) == 2
            assert (await first.hear("state"))["since"] == (await second.hear("state"))["since"] == 4
            assert await first.code() == await second.code() == 4004

    asyncio.run(scene())


def test_resume_after_a_cut_shows_what_happened_meanwhile_once(bench, eventually) -> None:
    async def scene() -> None:
        async with bench() as b:
            desk = await b.desk(1)
            b.hub.show(1, "c1", POP)
            seen = (await desk.hear("pop"))["seq"]
            desk.socket.transport.abort()  # the cable is pulled
            await eventually(lambda: b.listener.of("disconnected"))
            assert b.listener.of("disconnected") == [(1, "s1", True, 1006)]
            b.hub.update(1, "c1", {"phase": "talking"})
            b.hub.show(1, "c2", POP)
            b.hub.show(1, "c3", POP)
            b.hub.close(1, "c3", "caller_gone")

            again = await b.desk(1)
            pops = {pop["call_id"]: pop["phase"] for pop in again.welcome["pops"]}
            assert pops == {"c1": "talking", "c2": "offered"}
            assert again.welcome["seq"] == seen + 4
            b.hub.set_state(1, "talking", None, 5, "c1")
            assert (await again.hear("state"))["seq"] == seen + 5
            # The pop painted from the welcome is acknowledged like any other.
            await again.say(type="ack", call_id="c2", seq=again.welcome["seq"])
            await eventually(lambda: b.listener.of("ack"))
            assert b.listener.of("ack") == [(1, "c2", seen + 4)]

    asyncio.run(scene())


def test_requests_reach_the_engine_only_for_calls_on_the_own_screen(bench, eventually) -> None:
    async def scene() -> None:
        async with bench() as b:
            desk = await b.desk(1)
            b.hub.show(1, "mine", POP)
            b.hub.show(2, "theirs", POP)
            await desk.hear("pop")
            await desk.say(type="answer", call_id="mine")
            await desk.say(type="hangup", call_id="mine")
            await desk.say(type="state", state="paused", reason="almuerzo")
            await desk.say(type="state", state="available")
            for request in ("answer", "hangup"):
                await desk.say(type=request, call_id="theirs")
                problem = await desk.hear("problem")
                assert (problem["code"], problem["call_id"]) == ("no_such_call", "theirs")
            assert b.listener.told[1:] == [
                ("answer", 1, "mine"),
                ("hangup", 1, "mine"),
                ("state_wish", 1, "paused", "almuerzo"),
                ("state_wish", 1, "available", None),
            ]

    asyncio.run(scene())


def test_an_ended_pop_survives_a_reload_until_it_is_saved(bench, eventually) -> None:
    async def scene() -> None:
        async with bench() as b:
            desk = await b.desk(1)
            b.hub.show(1, "c1", {**POP, "phase": "talking"})
            await desk.hear("pop")
            await desk.say(type="done", call_id="c1")
            assert (await desk.hear("problem"))["code"] == "call_not_over"
            b.hub.update(1, "c1", {"phase": "ended"})
            await desk.hear("pop.update")
            await desk.say(type="hangup", call_id="c1")
            assert (await desk.hear("problem"))["code"] == "no_such_call"

            await desk.socket.close()
            desk, tab = await b.desk(1), await b.desk(1)
            assert [pop["phase"] for pop in desk.welcome["pops"]] == ["ended"]
            await tab.say(type="done", call_id="c1")
            for each in (desk, tab):
                closed = await each.hear("pop.close")
                assert (closed["call_id"], closed["reason"]) == ("c1", "done")
            assert b.listener.of("done") == [(1, "c1")]
            assert (await b.desk(1)).welcome["pops"] == []

    asyncio.run(scene())


def test_unsaved_ended_pops_are_bounded_and_live_ones_are_not_touched(bench) -> None:
    async def scene() -> None:
        async with bench() as b:
            b.hub.show(1, "live", POP)
            for number in range(ENDED_POPS_KEPT + 5):
                b.hub.show(1, f"c{number}", POP)
                b.hub.update(1, f"c{number}", {"phase": "ended"})
            shown = [pop["call_id"] for pop in (await b.desk(1)).welcome["pops"]]
            assert shown == ["live", *(f"c{number}" for number in range(5, ENDED_POPS_KEPT + 5))]

    asyncio.run(scene())


def test_bye_ends_the_session_in_all_its_tabs_and_for_its_tokens(bench, eventually, close_code) -> None:
    async def scene() -> None:
        async with bench() as b:
            one, two, elsewhere = await b.desk(1, "s1"), await b.desk(1, "s1"), await b.desk(1, "s2")
            await one.say(type="bye")
            assert (await one.code(), await two.code()) == (4004, 4004)
            await eventually(lambda: len(b.listener.of("disconnected")) == 2)
            assert b.listener.of("bye") == [(1, "s1")]
            assert {entry[2] for entry in b.listener.of("disconnected")} == {False}
            late = await b.open()
            await late.send(json.dumps({"type": "hello", "token": b.token(1, "s1"), "tab": "t"}))
            assert await close_code(late) == 4004
            b.hub.show(1, "c1", POP)
            await elsewhere.hear("pop")

    asyncio.run(scene())


def test_disconnect_by_an_administrator_stops_everything_at_once(bench) -> None:
    async def scene() -> None:
        async with bench() as b:
            desk, other = await b.desk(1), await b.desk(2)
            assert b.hub.disconnect(1, 4004) == 1
            assert not b.hub.is_connected(1)
            b.hub.show(1, "secret", POP)
            b.hub.show(2, "c2", POP)
            assert await desk.code() == 4004
            assert [message["type"] for message in desk.heard] == ["welcome"]
            await other.hear("pop")
            assert b.hub.disconnect(1, 4004) == 0

    asyncio.run(scene())


def test_a_change_of_the_rules_closes_open_sockets_at_once(bench) -> None:
    async def scene() -> None:
        async with bench() as b:
            gone, stays = await b.desk(1), await b.desk(2)
            b.agents.discard(1)
            b.hub.recheck()
            assert await gone.code() == 4004
            b.hub.show(2, "c1", POP)
            await stays.hear("pop")
            b.refused_addresses.add("127.0.0.1")
            b.hub.recheck()
            assert await stays.code() == 4003

    asyncio.run(scene())


def test_the_engines_mistake_costs_no_socket(bench) -> None:
    async def scene() -> None:
        async with bench() as b:

            def broken(*_: object) -> None:
                raise RuntimeError("a bug of the engine")

            b.listener.when_connected = broken
            desk = await b.desk(1)
            b.listener.on_state_wish = broken
            await desk.say(type="state", state="paused")
            b.hub.show(1, "c1", POP)
            await desk.hear("pop")

    asyncio.run(scene())


def test_text_that_is_no_unicode_is_mended_not_lost(bench) -> None:
    async def scene() -> None:
        async with bench() as b:
            desk = await b.desk(1)
            b.hub.show(1, "c1", {**POP, "caller_name": "A\udcf1a"})
            assert (await desk.hear("pop"))["pop"]["caller_name"] == "A?a"

    asyncio.run(scene())


def test_stop_tells_every_desk_that_the_engine_goes_away(bench) -> None:
    async def scene() -> None:
        async with bench() as b:
            desks = [await b.desk(agent) for agent in (1, 2)]
            codes = asyncio.gather(*(desk.code() for desk in desks))
            await b.hub.stop()
            assert await codes == [1001, 1001]
            assert {entry[-1] for entry in b.listener.of("disconnected")} == {1001}

    asyncio.run(scene())


def test_two_hundred_desks_hear_a_pop_for_all_in_order(bench, eventually) -> None:
    async def scene() -> None:
        async with bench() as b:
            desks = await asyncio.gather(*(b.desk(agent) for agent in range(1, 201)))
            assert b.hub.desks() == 200

            async def works(agent: int) -> list[int]:
                seqs = []
                for _ in range(10):
                    message = await desks[agent - 1].hear("pop")
                    seqs.append(message["seq"])
                    call_id = message["pop"]["call_id"]
                    await desks[agent - 1].say(type="ack", call_id=call_id, seq=message["seq"])
                return seqs

            working = asyncio.gather(*(works(agent) for agent in range(1, 201)))
            for number in range(10):
                for agent in range(1, 201):
                    b.hub.show(agent, f"call-{number}", POP)
                await asyncio.sleep(0)
            assert await working == [list(range(1, 11))] * 200
            await eventually(lambda: len(b.listener.of("ack")) == 2000)
            metrics = b.hub.metrics()
            assert (metrics["pops"], metrics["acks"], metrics["ack_ms"]["count"]) == (2000, 2000, 2000)
            assert 0 < metrics["ack_ms"]["p50"] <= metrics["ack_ms"]["p99"] <= metrics["ack_ms"]["max"]

    asyncio.run(scene())


@pytest.mark.parametrize("acks", [1, 3])
def test_only_the_first_acknowledgement_is_timed(bench, eventually, acks) -> None:
    async def scene() -> None:
        async with bench() as b:
            desk = await b.desk(1)
            b.hub.show(1, "c1", POP)
            for _ in range(acks):
                await desk.say(type="ack", call_id="c1", seq=1)
            await desk.say(type="ack", call_id="never-shown", seq=1)
            await desk.say(type="state", state="available")
            await eventually(lambda: b.listener.of("state_wish"))
            assert b.listener.of("ack") == [(1, "c1", 1)] * acks
            assert b.hub.metrics()["ack_ms"]["count"] == 1

    asyncio.run(scene())
