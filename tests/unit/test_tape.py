"""The recording of a conversation, schedule by schedule: what is ordered, in which order, and what is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

import pytest

from ari_app.core import commands as c
from ari_app.core import events as e
from ari_app.core import inbound, marks, requests, tape
from ari_app.core.call import Call, Clearing, Policy, Talking, Tape, TapeState, TapeStop, Waiting
from models.values.call import CostUnit
from models.values.money import Rate
from models.values.pattern import NumberClaim, NumberTable
from models.values.recording import Cut, CutWhy, RecordingMode
from models.values.routing import Account, AgentRoute, CallCenterRoute, RoutingSnapshot

CALLER = "centralita-1.1"
BRIDGE, LEG = f"{CALLER}.bridge", f"{CALLER}.agent.1"
ANA = AgentRoute(1, "Ana", "8330101")
CENTER = CallCenterRoute(1, "Pizza", "#336699", Rate(Decimal(0), "CRC", CostUnit.MINUTE), agents=(1,))
ABOUT_IT = (c.Record, c.StopRecording, c.PauseRecording, c.ResumeRecording, c.KeepRecording)


def name(part: int) -> str:
    return f"{CALLER}.record.{part}"


def begin(part: int) -> c.Record:
    return c.Record(name(part), "wav", bridge=BRIDGE, once=True)


class Talk:
    """A conversation that began at 50, and all that was ordered of its recording."""

    def __init__(self, mode: RecordingMode = RecordingMode.ALWAYS) -> None:
        centers = {1: replace(CENTER, recording=mode), 2: replace(CENTER, id=2, name="Taxi")}
        numbers = NumberTable.of([NumberClaim("40001000", 1)])
        snapshot = RoutingSnapshot(1, Account("Prueba"), centers, {1: ANA}, numbers)
        self.call: Call
        self.orders: list[c.Command] = []
        self.all: list[c.Command] = []
        self.call, _ = inbound.arrive(e.CallerArrived(0, CALLER, "40001000", "88887777", None), snapshot, Policy())
        self.tell(e.AgentsOffered(10, (ANA,)), e.LegReady(20, LEG), e.PopShown(30, 1), e.LegAnswered(40, LEG))
        assert self.ordered() == [], "nobody has talked yet"
        self.tell(e.CommandDone(50, c.AddToBridge(BRIDGE, (CALLER, LEG))))

    def tell(self, *events: e.Event) -> Talk:
        for event in events:
            self.call, wanted = inbound.step(self.call, event)
            self.all += wanted
            self.orders += [command for command in wanted if isinstance(command, ABOUT_IT)]
        return self

    def ordered(self) -> list[c.Command]:
        """Since it was asked last."""
        told, self.orders = self.orders, []
        return told

    @property
    def tape(self) -> Tape:
        return self.call.facts.tape

    def view(self) -> object:
        assert isinstance(self.call, Talking)
        return (tape.view(self.call) or {}).get("state")


def kept(part: int, began: int, ended: int, cuts: Iterable[Cut] = ()) -> c.KeepRecording:
    return c.KeepRecording(CALLER, name(part), part, began, ended, 1, tuple(cuts))


def test_from_the_first_word_to_the_last() -> None:
    talk = Talk()
    assert talk.ordered() == [begin(1)]
    assert talk.view() == "on"
    talk.tell(e.ChannelGone(5_000, CALLER, 16))
    assert isinstance(talk.call, Clearing)
    assert talk.ordered() == [c.StopRecording(name(1)), kept(1, 50, 5_000)]


def test_it_stands_on_the_channel_before_the_switch_is_told() -> None:
    talk = Talk()
    note = next(one for one in talk.all if isinstance(one, c.SetVariable) and one.name == marks.TAPE_VARIABLE)
    assert talk.all.index(note) < talk.all.index(begin(1))
    assert marks.read_tape(note.value) == Tape(parts=1, state=TapeState.RECORDING, began=50)
    talk.tell(requests.PauseRecordRequested(1_000, 1))
    notes = [one for one in talk.all if isinstance(one, c.SetVariable) and one.name == marks.TAPE_VARIABLE]
    assert {one.channel for one in notes} == {CALLER, LEG}, "whoever is left then tells it"
    noted = Tape(parts=1, state=TapeState.PAUSED, began=50, held_back=True, paused_at=1_000)
    assert marks.read_tape(notes[-1].value) == noted
    older = Tape(parts=1, state=TapeState.PAUSED, began=50, held_back=True)
    assert marks.read_tape("1 paused 50 auto held") == older, "an engine of before wrote no more"
    for nonsense in ("", "1", "x recording 1 on open", "1 nothing 1 on open", "1 recording 1 maybe open"):
        assert marks.read_tape(nonsense) is None


def test_hold_is_left_out_and_noted_at_its_place() -> None:
    talk = Talk()
    talk.ordered()
    talk.tell(requests.HoldRequested(1_050, 1))
    assert talk.ordered() == [c.PauseRecording(name(1))]
    assert talk.view() == "waiting"
    talk.tell(requests.UnholdRequested(4_050, 1))
    assert talk.ordered() == [c.ResumeRecording(name(1))]
    talk.tell(requests.PauseRecordRequested(5_050, 1), requests.ResumeRecordRequested(5_550, 1))
    talk.ordered()
    talk.tell(e.ChannelGone(9_050, LEG, 16))
    cuts = (Cut(1_000, 3_000, CutWhy.HOLD), Cut(2_000, 500, CutWhy.AGENT))
    assert talk.ordered()[-1] == kept(1, 50, 9_050, cuts)


def test_an_engine_that_starts_knows_since_when_it_is_paused() -> None:
    """And what was left out before: no restart moves a mark in the recording."""
    talk = Talk()
    talk.tell(requests.HoldRequested(1_050, 1), requests.UnholdRequested(3_050, 1))
    talk.tell(requests.PauseRecordRequested(4_050, 1))
    mark = marks.of_tape(talk.tape)
    found = replace(talk.call, facts=replace(talk.call.facts, tape=Tape()))
    talk.call, _ = tape.taken_up((found, []), mark, "paused", 60_000)
    talk.ordered()
    talk.tell(requests.ResumeRecordRequested(64_050, 1), e.ChannelGone(65_050, CALLER, 16))
    cuts = [Cut(1_000, 2_000, CutWhy.HOLD), Cut(2_000, 60_000, CutWhy.AGENT)]
    assert talk.ordered() == [c.ResumeRecording(name(1)), c.StopRecording(name(1)), kept(1, 50, 65_050, cuts)]

    _, commands = tape.taken_up((found, []), mark, "", 60_000)
    assert kept(1, 50, 60_000, [cuts[0], Cut(2_000, 55_950, CutWhy.AGENT)]) in commands, "ended in the gap"


def test_a_phone_that_holds_by_itself_pauses_it_too() -> None:
    talk = Talk()
    talk.ordered()
    talk.tell(e.PhoneHeld(100, LEG))
    assert talk.ordered() == [c.PauseRecording(name(1))]
    talk.tell(e.PhoneUnheld(200, LEG))
    assert talk.ordered() == [c.ResumeRecording(name(1))]


def test_held_back_by_the_agent_it_stays_so_after_hold() -> None:
    talk = Talk()
    talk.tell(requests.HoldRequested(100, 1), requests.PauseRecordRequested(200, 1), requests.UnholdRequested(300, 1))
    assert c.ResumeRecording(name(1)) not in talk.ordered()
    assert talk.view() == "paused"


def test_the_agent_chooses_parts_where_the_call_center_lets_them() -> None:
    talk = Talk(RecordingMode.AGENT)
    assert talk.ordered() == []
    assert talk.view() == "off"
    talk.tell(requests.RecordRequested(1_000, 1), requests.StopRecordRequested(2_000, 1))
    assert talk.ordered() == [begin(1), c.StopRecording(name(1)), kept(1, 1_000, 2_000)]
    talk.tell(requests.RecordRequested(3_000, 1))
    assert talk.ordered() == [begin(2)]


@pytest.mark.parametrize(
    ("mode", "request_", "why"),
    [
        (RecordingMode.OFF, requests.RecordRequested, "never_recorded"),
        (RecordingMode.ALWAYS, requests.RecordRequested, "recorded_already"),
        (RecordingMode.ALWAYS, requests.StopRecordRequested, "always_recorded"),
        (RecordingMode.ALWAYS, requests.ResumeRecordRequested, "not_paused"),
        (RecordingMode.AGENT, requests.StopRecordRequested, "not_recorded"),
        (RecordingMode.AGENT, requests.PauseRecordRequested, "not_recorded"),
    ],
)
def test_what_can_not_be_had_is_said(mode: RecordingMode, request_: type[e.TalkRequest], why: str) -> None:
    talk = Talk(mode)
    talk.ordered()
    assert requests.refusal(talk.call, request_(100, 1)) == why
    talk.tell(request_(100, 1))
    assert talk.ordered() == []
    assert c.ReportProblem(1, CALLER, why) in talk.all


def test_on_the_way_into_another_queue_the_part_is_over() -> None:
    talk = Talk()
    talk.ordered()
    assert isinstance(talk.call, Talking)
    taxi = talk.call.facts.centers[2]
    talk.tell(requests.TransferRequested(3_000, 1, taxi))
    talk.tell(e.CommandDone(3_010, c.RemoveFromBridge(BRIDGE, (CALLER,))))
    assert isinstance(talk.call, Waiting)
    [pause, stop, keep] = talk.ordered()
    assert pause == c.PauseRecording(name(1))
    assert stop == c.StopRecording(name(1))
    assert isinstance(keep, c.KeepRecording)
    assert keep.call_center == 1, "it was recorded for the first one"
    assert talk.tape == Tape(parts=1)


def test_a_pause_that_is_not_had_ends_the_part() -> None:
    talk = Talk()
    talk.tell(requests.PauseRecordRequested(1_000, 1))
    talk.ordered()
    talk.tell(e.CommandFailed(1_010, c.PauseRecording(name(1)), 500, "no"))
    assert [type(one) for one in talk.ordered()] == [c.StopRecording, c.KeepRecording]
    talk.tell(requests.ResumeRecordRequested(2_000, 1))
    assert talk.ordered() == [begin(2)]


def test_an_order_that_nobody_answered_is_given_again() -> None:
    talk = Talk()
    talk.tell(e.CommandFailed(60, begin(1), None, "timed out", timed_out=True), e.TimerFired(560, tape.TAPE))
    assert talk.ordered() == [begin(1), begin(1), c.ResumeRecording(name(1))]
    talk.tell(e.CommandFailed(570, begin(1), 500, "no"))
    assert [type(one) for one in talk.ordered()] == [c.StopRecording, c.KeepRecording], "the first may have been had"


def test_a_failure_is_tried_again_some_times_and_the_call_goes_on() -> None:
    talk = Talk()
    for part in range(1, 5):
        assert talk.ordered() == [begin(part)]
        talk.tell(e.CommandFailed(60, begin(part), 500, "no"))
        assert talk.view() == TapeStop.FAILED.value
        talk.tell(e.TimerFired(5_060, tape.TAPE) if part < 4 else e.DtmfReceived(5_060, CALLER, "1"))
    assert talk.ordered() == []
    assert isinstance(talk.call, Talking)
    talk.tell(requests.RecordRequested(6_000, 1))
    assert talk.ordered() == [begin(5)], "but for the agent it is"


def test_one_that_breaks_off_is_kept_and_another_begun() -> None:
    talk = Talk()
    talk.ordered()
    talk.tell(e.RecordingFinished(9_000, name(1), 9))
    assert talk.ordered() == [kept(1, 50, 9_000), begin(2)]
    talk.tell(e.RecordingFailed(9_100, name(2), "no disk"))
    assert talk.ordered() == [kept(2, 9_000, 9_100)]
    talk.tell(e.TimerFired(14_100, tape.TAPE))
    assert talk.ordered() == [begin(3)]


def test_a_full_disk_ends_it_and_space_begins_it_again() -> None:
    talk = Talk()
    talk.ordered()
    talk.tell(e.DiskFull(1_000))
    assert talk.ordered() == [c.StopRecording(name(1)), kept(1, 50, 1_000)]
    assert talk.view() == "no_space"
    talk.tell(e.DiskFree(2_000))
    assert talk.ordered() == [begin(2)]
    talk.tell(e.CommandFailed(2_010, begin(2), tape.NO_SPACE, "full"))
    assert talk.ordered() == [], "there is no file of it"
    assert talk.view() == "no_space"
