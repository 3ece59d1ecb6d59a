"""Hold, transfers and conferences from end to end: real switch, engine, SIPp, desks, the CDR and its legs.

After each test: no channel, no bridge (the `switch` fixture).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from switch.real_switch import RealSwitch
from switch.running_engine import Desk, RunningEngine, secret_of
from switch.sipp import SippCaller, SippPhone
from switch.waiting import wait_until

pytestmark = pytest.mark.asterisk

Callers = Callable[..., SippCaller]
Phones = Callable[..., SippPhone]
LONG = 60_000


class Stage:
    """A caller who talks with Ana; Beto and Carla are at their desks."""

    def __init__(self, engine: RunningEngine, switch: RealSwitch, callers: Callers, phones: Phones) -> None:
        self.engine = engine
        self.switch = switch
        self._callers = callers
        self._phones = phones
        self.ana = engine.account.agent("Ana", "8330101")
        self.beto = engine.account.agent("Beto", "8330102")
        self.carla = engine.account.agent("Carla", "8330103")
        self.pizza = engine.account.call_center("Pizza", ["40001000"], [self.ana], ring_seconds=3, wrap_up_seconds=1)
        self.taxi = engine.account.call_center("Taxi", ["40002000"], [self.carla], ring_seconds=3, max_wait_seconds=4)
        engine.start()
        self.desks: dict[int, Desk] = {agent: engine.desk(agent) for agent in (self.ana, self.beto, self.carla)}

    def phone(self, endpoint: str, **options: Any) -> SippPhone:
        return self._phones(self.switch, {endpoint: secret_of(endpoint)}, **options).online()

    def talk(self, talk_ms: int = LONG, **ana: Any) -> SippCaller:
        """The caller talks with Ana."""
        self.phone("8330101", **ana)
        caller = self._callers(self.switch, "40001000", talk_ms=talk_ms, seconds=90).start()
        self.desks[self.ana].wait_phase("talking")
        wait_until(lambda: self.rooms() == [2], what="the two are joined")
        self.call_id = str(self.desks[self.ana].pop["call_id"])
        return caller

    def rooms(self) -> list[int]:
        """How many are in each bridge of the call."""
        return sorted(len(bridge["channels"]) for bridge in self.switch.bridges())

    def ask(self, what: str, agent: int | None = None, expect: int = 202, **body: Any) -> Any:
        """Over the control API."""
        status, told = self.engine.control(
            "POST", f"/calls/{self.call_id}/{what}", {"agent": self.ana if agent is None else agent, **body}
        )
        assert status == expect, told
        return told

    def press(self, who: int, what: str, **fields: Any) -> None:
        """On the desk."""
        self.desks[who].send({"type": what, "call_id": self.call_id, **fields})

    def sees(self, agent: int, **wanted: Any) -> None:
        def agrees() -> bool:
            talk = self.desks[agent].pop.get("talk") or {}
            return all(talk.get(name) == value for name, value in wanted.items())

        wait_until(agrees, what=f"{wanted} on the screen of {agent}, not {self.desks[agent].pop.get('talk')}")

    def problem(self, agent: int) -> str:
        return str(self.desks[agent].wait("problem")["code"])

    def legs(self) -> list[tuple[str, int | None, str, str]]:
        self.engine.closed(1)
        return [(leg["kind"], leg["agent_id"], leg["outcome"], leg["reason"]) for leg in self.engine.legs()]


@pytest.fixture
def stage(switch: RealSwitch, tmp_path: Path, sipp_caller: Callers, sipp_phone: Phones) -> Iterator[Stage]:
    engine = RunningEngine(switch, tmp_path / "data")
    yield Stage(engine, switch, sipp_caller, sipp_phone)
    engine.stop()
    for endpoint in ("8330101", "8330102", "8330103"):
        switch.remove_phone(endpoint)


# ------------------------------------------------------------------------------------------------ hold
def test_hold_and_back(stage: Stage) -> None:
    caller = stage.talk(talk_ms=3_000)

    stage.ask("hold")
    wait_until(lambda: stage.rooms() == [1], what="the caller waits outside")
    stage.sees(stage.ana, on_hold=True)
    assert stage.ask("hold", expect=409)["error"] == "on_hold"
    stage.press(stage.ana, "unhold")
    stage.sees(stage.ana, on_hold=False)
    wait_until(lambda: stage.rooms() == [2], what="they talk again")

    assert caller.wait().successful == 1
    [call] = stage.engine.closed(1)
    assert (call["outcome"], call["reason"], call["agent_id"]) == ("answered", "caller_hung_up", stage.ana)
    assert 2_800 <= call["talk_ms"] <= 3_600, "hold is a part of the conversation"
    assert [leg[0] for leg in stage.legs()] == ["agent", "hold"]
    hold = stage.engine.legs()[1]
    assert (hold["agent_id"], hold["reason"]) == (stage.ana, "held_on_desk")
    assert call["answered_at"] <= hold["offered_at"] < hold["ended_at"] <= call["ended_at"]


def test_the_caller_hangs_up_on_hold(stage: Stage) -> None:
    caller = stage.talk(talk_ms=800)
    stage.ask("hold")

    assert caller.wait().successful == 1
    [call] = stage.engine.closed(1)
    assert (call["outcome"], call["reason"]) == ("answered", "caller_hung_up")
    assert stage.engine.legs()[1]["ended_at"] == call["ended_at"]


def test_mute_and_keys(stage: Stage) -> None:
    caller = stage.talk(talk_ms=1_500)
    stage.press(stage.ana, "mute")
    stage.sees(stage.ana, muted=True)
    stage.press(stage.ana, "unmute")
    stage.sees(stage.ana, muted=False)
    stage.ask("dtmf", digits="12#")
    assert stage.ask("dtmf", expect=400, digits="x")["error"] == "malformed"

    assert caller.wait().successful == 1


def test_what_can_not_be_had_now_is_refused_in_words(stage: Stage) -> None:
    caller = stage.talk(talk_ms=1_500)
    assert stage.ask("unhold", expect=409)["error"] == "not_on_hold"
    assert stage.ask("complete", expect=409)["error"] == "not_consulting"
    assert stage.ask("hold", agent=stage.beto, expect=409)["error"] == "not_yours"
    assert stage.ask("transfer", expect=409, to={"agent": 999})["error"] == "no_such_target"
    assert stage.ask("transfer", expect=409, to={"agent": stage.ana})["error"] == "target_is_here"
    assert stage.ask("transfer", expect=409, to={})["message"] == "There is no such agent, call center or number."
    stage.press(stage.ana, "swap")
    assert stage.problem(stage.ana) == "not_consulting"
    assert caller.wait().successful == 1


# ------------------------------------------------------------------------------------------------ blind
def test_blind_to_an_agent(stage: Stage) -> None:
    caller = stage.talk(talk_ms=3_500)
    stage.phone("8330102", ring_ms=300)

    stage.ask("transfer", to={"agent": stage.beto})
    stage.desks[stage.beto].wait_phase("talking")
    assert stage.desks[stage.ana].pop["phase"] == "ended"
    wait_until(lambda: stage.desks[stage.ana].state == "wrap_up", what="Ana writes down what was said")
    wait_until(lambda: stage.desks[stage.ana].state == "available", what="and takes the next call")
    assert stage.desks[stage.beto].state == "talking"
    assert stage.rooms() == [2]

    assert caller.wait().successful == 1
    [call] = stage.engine.closed(1)
    assert (call["outcome"], call["reason"], call["agent_id"]) == ("answered", "caller_hung_up", stage.ana)
    assert 3_300 <= call["talk_ms"] <= 4_200, "from the first answer to the end"
    assert stage.legs() == [
        ("agent", stage.ana, "answered", ""),
        ("agent", stage.beto, "answered", ""),
        ("transfer", stage.ana, "answered", "blind_transfer"),
    ]
    ana, beto, transfer = stage.engine.legs()
    assert ana["ended_at"] < beto["answered_at"] < beto["ended_at"] == call["ended_at"]
    assert transfer["number"] == "8330102"
    wait_until(lambda: stage.desks[stage.beto].state in ("wrap_up", "available"))


def test_blind_to_an_agent_who_is_not_free_changes_nothing(stage: Stage) -> None:
    caller = stage.talk(talk_ms=1_500)
    stage.desks[stage.beto].send({"type": "state", "state": "paused", "reason": "Almuerzo"})
    wait_until(lambda: stage.desks[stage.beto].state == "paused")

    stage.ask("transfer", to={"agent": stage.beto})
    assert stage.problem(stage.ana) == "target_not_free"
    assert stage.rooms() == [2]

    assert caller.wait().successful == 1
    assert [leg[:2] for leg in stage.legs()] == [("agent", stage.ana)]


@pytest.mark.parametrize(("behaviour", "outcome"), [("refuse", "busy"), ("no_answer", "no_answer")])
def test_blind_comes_back_when_the_target_does_not_answer(stage: Stage, behaviour: str, outcome: str) -> None:
    caller = stage.talk(talk_ms=8_000)
    stage.phone("8330102", behaviour=behaviour)

    stage.ask("transfer", to={"agent": stage.beto})
    stage.desks[stage.ana].wait("pop", 8, count=2)  # the call comes back to Ana
    stage.desks[stage.ana].wait_phase("talking")
    wait_until(lambda: stage.rooms() == [2])

    assert caller.wait().successful == 1
    [call] = stage.engine.closed(1)
    assert (call["outcome"], call["agent_id"]) == ("answered", stage.ana)
    assert [leg[:3] for leg in stage.legs()] == [
        ("agent", stage.ana, "answered"),
        ("agent", stage.beto, outcome),
        ("agent", stage.ana, "answered"),
        ("transfer", stage.ana, "answered"),
    ]
    assert stage.legs()[3][3] == "transfer_came_back"


def test_blind_waits_in_the_queue_when_nobody_else_comes(stage: Stage) -> None:
    """Neither the target nor who transferred: the caller waits for the call center as at first."""
    caller = stage.talk(talk_ms=12_000)
    stage.phone("8330102", behaviour="refuse")
    ana = stage.desks[stage.ana]

    ana.send({"type": "state", "state": "paused", "reason": "Almuerzo"})  # when this call is over
    stage.ask("transfer", to={"agent": stage.beto})
    wait_until(lambda: ana.state == "paused", what="Ana has left and is paused")
    wait_until(lambda: [one["phase"] for one in stage.engine.control("GET", "/calls")[1]] == ["waiting"])
    ana.send({"type": "state", "state": "available"})
    ana.wait("pop", count=2)
    ana.wait_phase("talking")

    assert caller.wait().successful == 1
    [call] = stage.engine.closed(1)
    assert (call["outcome"], call["agent_id"], call["call_center_name"]) == ("answered", stage.ana, "Pizza")


def test_blind_to_a_call_center(stage: Stage) -> None:
    caller = stage.talk(talk_ms=3_000)
    stage.phone("8330103", ring_ms=200)

    stage.ask("transfer", to={"call_center": stage.taxi})
    stage.desks[stage.carla].wait_phase("talking")
    assert stage.desks[stage.carla].pop["call_center"]["name"] == "Taxi"

    assert caller.wait().successful == 1
    [call] = stage.engine.closed(1)
    assert (call["outcome"], call["agent_id"]) == ("answered", stage.ana)
    assert 2_800 <= call["talk_ms"] <= 3_700
    kinds = [leg[:2] for leg in stage.legs() if leg[0] != "queue"]
    assert kinds == [("agent", stage.ana), ("agent", stage.carla), ("transfer", stage.ana)]


def test_blind_to_a_number_outside(stage: Stage) -> None:
    """The demonstration has somebody who answers; through a trunk, and refused: test_transfers_outside."""
    caller = stage.talk(talk_ms=7_000)

    stage.ask("transfer", to={"number": "22334455"})
    stage.desks[stage.ana].wait_phase("ended")
    wait_until(lambda: stage.rooms() == [2], 10, what="the caller talks with them")

    assert caller.wait().successful == 1
    stage.engine.closed(1)
    [leg] = [leg for leg in stage.engine.legs() if leg["kind"] == "outside"]
    assert (leg["number"], leg["outcome"], leg["ordered_by_id"]) == ("+50622334455", "answered", stage.ana)


def test_the_caller_hangs_up_while_the_target_rings(stage: Stage) -> None:
    caller = stage.talk(talk_ms=2_000)
    handset = stage.phone("8330102", behaviour="no_answer")

    stage.ask("transfer", to={"agent": stage.beto})
    wait_until(lambda: handset.saw("INVITE", sent=False), what="Beto is rung")

    assert caller.wait().successful == 1
    [call] = stage.engine.closed(1)
    assert (call["outcome"], call["reason"]) == ("answered", "caller_hung_up")
    assert stage.desks[stage.beto].wait("pop.close")["reason"] == "caller_gone"
    wait_until(lambda: handset.saw("CANCEL", sent=False), what="his phone is told")


# ------------------------------------------------------------------------------------------------ attended
def test_attended_to_an_agent(stage: Stage) -> None:
    caller = stage.talk(talk_ms=5_000)
    stage.phone("8330102", ring_ms=300)

    stage.press(stage.ana, "consult", agent=stage.beto)
    stage.sees(stage.ana, third={"name": "Beto", "state": "ringing"})
    stage.sees(stage.ana, third={"name": "Beto", "state": "talking"})
    wait_until(lambda: stage.rooms() == [0, 2], what="Ana and Beto talk, the caller waits with music")
    stage.press(stage.ana, "swap")
    stage.sees(stage.ana, third={"name": "Beto", "state": "holding"})
    wait_until(lambda: stage.rooms() in ([2], [0, 2]), what="Ana and the caller talk")
    stage.press(stage.ana, "swap")
    stage.sees(stage.ana, third={"name": "Beto", "state": "talking"})
    stage.press(stage.ana, "complete")
    wait_until(lambda: stage.desks[stage.ana].state == "wrap_up")
    wait_until(lambda: stage.rooms() == [2], what="the caller and Beto talk")

    assert caller.wait().successful == 1
    [call] = stage.engine.closed(1)
    assert (call["reason"], call["agent_id"]) == ("caller_hung_up", stage.ana)
    assert [leg[0] for leg in stage.legs()] == ["agent", "agent", "consult", "transfer"]
    assert stage.legs()[3] == ("transfer", stage.ana, "answered", "attended_transfer")


def test_attended_is_completed_by_hanging_up(stage: Stage) -> None:
    caller = stage.talk(talk_ms=4_000)
    stage.phone("8330102")
    stage.ask("consult", to={"agent": stage.beto})
    stage.sees(stage.ana, third={"name": "Beto", "state": "talking"})

    stage.press(stage.ana, "hangup")
    wait_until(lambda: stage.rooms() == [2] and stage.desks[stage.ana].pop["phase"] == "ended")

    assert caller.wait().successful == 1
    [call] = stage.engine.closed(1)
    assert call["reason"] == "caller_hung_up"
    assert stage.legs()[-1][3] == "attended_transfer"


def test_attended_cancelled(stage: Stage) -> None:
    caller = stage.talk(talk_ms=4_000)
    stage.phone("8330102")
    stage.ask("consult", to={"agent": stage.beto})
    stage.sees(stage.ana, third={"name": "Beto", "state": "talking"})

    stage.ask("cancel")
    stage.sees(stage.ana, third=None)
    wait_until(lambda: stage.rooms() == [2], what="Ana and the caller talk")
    wait_until(lambda: stage.desks[stage.beto].state in ("wrap_up", "available"))

    assert caller.wait().successful == 1
    assert [leg[0] for leg in stage.legs()] == ["agent", "agent", "consult"]


@pytest.mark.parametrize(
    ("behaviour", "code"), [("refuse", "target_busy"), ("no_answer", "target_no_answer"), (None, "target_unreachable")]
)
def test_attended_comes_back_when_the_target_does_not(stage: Stage, behaviour: str | None, code: str) -> None:
    caller = stage.talk(talk_ms=6_000)
    if behaviour is not None:
        stage.phone("8330102", behaviour=behaviour)

    stage.ask("consult", to={"agent": stage.beto})
    assert stage.problem(stage.ana) == code
    stage.sees(stage.ana, third=None)
    wait_until(lambda: stage.rooms() == [2], what="Ana and the caller talk")

    assert caller.wait().successful == 1
    [call] = stage.engine.closed(1)
    assert (call["reason"], call["agent_id"]) == ("caller_hung_up", stage.ana)


def test_a_conference_goes_on_without_who_called_it(stage: Stage) -> None:
    caller = stage.talk(talk_ms=5_000)
    stage.phone("8330102")
    stage.ask("consult", to={"agent": stage.beto})
    stage.sees(stage.ana, third={"name": "Beto", "state": "talking"})

    stage.ask("conference")
    wait_until(lambda: stage.rooms() == [3], what="all three talk")
    stage.sees(stage.beto, parties=3)
    stage.press(stage.ana, "hangup")
    wait_until(lambda: stage.rooms() == [2], what="the caller and Beto go on")

    assert caller.wait().successful == 1
    [call] = stage.engine.closed(1)
    assert call["reason"] == "caller_hung_up"
    assert [leg[0] for leg in stage.legs()] == ["agent", "agent", "consult", "conference"]
    conference = stage.engine.legs()[3]
    assert conference["ended_at"] < call["ended_at"]


def test_agents_go_on_when_the_caller_leaves_a_consultation(stage: Stage) -> None:
    caller = stage.talk(talk_ms=2_000)
    stage.phone("8330102")
    stage.ask("consult", to={"agent": stage.beto})
    stage.sees(stage.ana, third={"name": "Beto", "state": "talking"})

    assert caller.wait().successful == 1
    stage.sees(stage.ana, third=None, parties=2)
    wait_until(lambda: stage.rooms() == [2], what="Ana and Beto go on")
    [before] = stage.engine.calls()

    _restarted(stage)
    assert stage.rooms() == [2], "nobody noticed"
    stage.sees(stage.beto, parties=2)
    stage.press(stage.beto, "hangup")

    [call] = stage.engine.closed(1)
    assert (call["outcome"], call["reason"]) == ("answered", "agent_hung_up")
    assert (call["answered_at"], call["agent_id"]) == (before["answered_at"], stage.ana)


# ------------------------------------------------------------------------------------------------ the engine dies
def _restarted(stage: Stage) -> None:
    stage.engine.kill()
    stage.engine.start()
    stage.desks = {agent: stage.engine.desk(agent) for agent in stage.desks}


def test_a_killed_engine_takes_up_a_call_on_hold(stage: Stage) -> None:
    caller = stage.talk(talk_ms=14_000)
    stage.ask("hold")
    wait_until(lambda: stage.rooms() == [1], what="the caller waits outside")

    _restarted(stage)
    stage.sees(stage.ana, on_hold=True)
    stage.ask("unhold")
    wait_until(lambda: stage.rooms() == [2], what="they talk again")

    assert caller.wait().successful == 1
    [call] = stage.engine.closed(1)
    assert (call["outcome"], call["reason"], call["agent_id"]) == ("answered", "caller_hung_up", stage.ana)
    assert 13_000 <= call["talk_ms"] <= 15_500


def test_a_killed_engine_takes_up_a_consultation(stage: Stage) -> None:
    caller = stage.talk(talk_ms=14_000)
    stage.phone("8330102")
    stage.ask("consult", to={"agent": stage.beto})
    stage.sees(stage.ana, third={"name": "Beto", "state": "talking"})
    wait_until(lambda: stage.rooms() == [0, 2])

    _restarted(stage)
    assert stage.rooms() == [0, 2], "nobody noticed"
    stage.sees(stage.ana, third={"name": "Beto", "state": "talking"})
    stage.ask("conference")
    wait_until(lambda: stage.rooms() == [3], what="all three talk")

    _restarted(stage)
    assert stage.rooms() == [3], "nobody noticed"
    stage.press(stage.ana, "hangup")
    wait_until(lambda: stage.rooms() == [2], what="the caller and Beto go on")

    assert caller.wait().successful == 1
    [call] = stage.engine.closed(1)
    assert (call["outcome"], call["reason"]) == ("answered", "caller_hung_up")
