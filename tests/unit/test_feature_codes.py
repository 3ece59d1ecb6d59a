"""The codes of the phone during a call: what keys mean, whose they are, and what each of them leads to."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ari_app.core import commands as c
from ari_app.core import events as e
from ari_app.core import inbound, keypad, requests
from ari_app.core.arrangement import Calling, Consulting, Holding, Together
from ari_app.core.call import Call, Clearing, Policy, Talking, TapeStop
from models.values.call import CostUnit
from models.values.feature import (
    ALL_CODES,
    DEFAULTS,
    CodesProblem,
    Feature,
    FeatureCodes,
    Read,
    read_codes,
    write_codes,
)
from models.values.money import Rate
from models.values.pattern import NumberClaim, NumberTable
from models.values.recording import RecordingMode
from models.values.replacing import replace
from models.values.routing import Account, AgentRoute, CallCenterRoute, RoutingSnapshot

CALLER = "centralita-1.1"
ANA, BETO = AgentRoute(1, "Ana", "8330101"), AgentRoute(2, "Beto", "8330102")
CENTER = CallCenterRoute(1, "Pizza", "#336699", Rate(Decimal(0), "CRC", CostUnit.MINUTE), agents=(1,))
SNAPSHOT = RoutingSnapshot(
    1, Account("Prueba"), {1: CENTER}, {1: ANA, 2: BETO}, NumberTable.of([NumberClaim("40001000", 1)])
)
LEG, THIRD = f"{CALLER}.agent.1", f"{CALLER}.agent.2"
BRIDGE = f"{CALLER}.bridge"
RECORD, PAUSE = requests.RecordRequested, requests.PauseRecordRequested
RESUME = requests.ResumeRecordRequested


def run(call: Call, *events: e.Event) -> tuple[Call, list[c.Command]]:
    told: list[c.Command] = []
    for event in events:
        call, wanted = inbound.step(call, event)
        told += wanted
    return call, told


def talk(codes: FeatureCodes = ALL_CODES, center: CallCenterRoute = CENTER) -> tuple[Call, list[c.Command]]:
    snapshot = replace(SNAPSHOT, call_centers={1: center})
    call, _ = inbound.arrive(e.CallerArrived(0, CALLER, "40001000", "88887777", None), snapshot, Policy(codes=codes))
    return run(
        call,
        e.AgentsOffered(10, (ANA,)),
        e.LegReady(20, LEG),
        e.PopShown(30, 1),
        e.LegAnswered(40, LEG),
        e.CommandDone(50, c.AddToBridge(BRIDGE, (CALLER, LEG))),
    )


def keys(text: str, channel: str = LEG, at: int = 100) -> list[e.Event]:
    return [e.DtmfReceived(at, channel, key) for key in text]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("*", Read(more=True)),
        ("*1", Read(Feature.HOLD)),
        ("*8", Read(Feature.TRANSFER, more=True)),
        ("*8833", Read(Feature.TRANSFER, "833", more=True)),
        ("*88330102#", Read(Feature.TRANSFER, "8330102")),
        ("*2" + "1" * 20, Read(Feature.CONSULT, "1" * 20)),
        ("5", Read()),
        ("*9", Read()),
        ("#", Read()),
    ],
)
def test_what_keys_mean(typed: str, read: Read) -> None:
    assert ALL_CODES.read(typed) == read


def test_an_account_has_codes_of_its_own() -> None:
    codes = read_codes("hold=#1 swap= transfer=*99")
    assert codes.read("#1") == Read(Feature.HOLD)
    assert codes.read("*1") == Read()
    assert codes.code_of(Feature.SWAP) == ""
    assert codes.read("*99833#") == Read(Feature.TRANSFER, "833")
    assert not read_codes("off")
    assert read_codes(write_codes({**DEFAULTS, Feature.HOLD: "*9"})).code_of(Feature.HOLD) == "*9"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("hold=1", "malformed"), ("hold=*123", "malformed"), ("jump=*9", "unknown"), ("hold=*2", "ambiguous"),
        ("hold=*21", "ambiguous"),
    ],
)  # fmt: skip
def test_codes_that_can_not_be(text: str, code: str) -> None:
    with pytest.raises(CodesProblem) as problem:
        read_codes(text)
    assert problem.value.code == code


def test_a_code_is_the_same_as_the_button() -> None:
    call, joined = talk()
    assert c.AddToBridge(BRIDGE, (CALLER, LEG), (LEG,)) in joined, "the caller does not hear the agent's keys"

    held, told = run(call, *keys("*1"))
    assert isinstance(held, Talking)
    assert isinstance(held.arrangement, Holding)
    assert not any(isinstance(one, c.SendDtmf) for one in told)
    back, _ = run(held, *keys("*1"))
    assert isinstance(back, Talking)
    assert isinstance(back.arrangement, Together)

    asked, told = run(call, *keys("*28330102#"))
    assert c.FindTarget(1, CALLER, "8330102", blind=False) in told
    assert asked == call, "nothing is left of the keys"
    assert c.FindTarget(1, CALLER, "8330102", blind=True) in run(call, *keys("*88330102#"))[1]
    over, _ = run(call, *keys("*0"))
    assert isinstance(over, Clearing)


@pytest.mark.parametrize(
    ("mode", "wishes"),
    [
        (RecordingMode.AGENT, [RECORD, PAUSE, RESUME]),
        (RecordingMode.ALWAYS, [PAUSE, RESUME]),
        (RecordingMode.OFF, [RECORD, RECORD]),
    ],
)
def test_one_code_begins_pauses_and_resumes_the_recording(
    mode: RecordingMode, wishes: list[type[requests.RecordingRequest]]
) -> None:
    call, _ = talk(center=replace(CENTER, recording=mode))
    for wanted in wishes:
        assert isinstance(call, Talking)
        pressed, _, nothing = keypad.pressed(call, e.DtmfReceived(100, LEG, "*"))
        assert nothing is None
        _, _, wish = keypad.pressed(pressed, e.DtmfReceived(110, LEG, "7"))
        assert wish == wanted(110, 1)
        refused = requests.refusal(call, wish)
        assert refused is (requests.Refused.NEVER_RECORDED if mode is RecordingMode.OFF else None)
        call, told = run(call, *keys("*7"))
        orders = (c.Record, c.PauseRecording, c.ResumeRecording)
        expected = [] if refused else [dict(zip((RECORD, PAUSE, RESUME), orders, strict=True))[wanted]]
        assert [type(one) for one in told if isinstance(one, orders)] == expected


def test_the_recording_code_tries_again_what_could_not_be_recorded() -> None:
    call, _ = talk(center=replace(CENTER, recording=RecordingMode.ALWAYS))
    full, _ = run(call, e.DiskFull(80))
    assert isinstance(full, Talking)
    assert full.facts.tape.stopped is TapeStop.NO_SPACE
    again, told = run(full, *keys("*7"))
    assert isinstance(again, Talking)
    assert again.facts.tape.stopped is None
    assert any(isinstance(one, c.Record) for one in told)


def test_an_attended_transfer_from_the_phone() -> None:
    call, _ = talk()
    calling, _ = run(call, requests.ConsultRequested(60, 1, BETO), e.AgentsOffered(70, (BETO,)), e.LegReady(80, THIRD))
    assert isinstance(calling, Talking)
    assert isinstance(calling.arrangement, Calling)
    consulting, _ = run(calling, e.PopShown(85, 2), e.LegAnswered(90, THIRD))
    assert isinstance(consulting, Talking)
    assert isinstance(consulting.arrangement, Consulting)

    three, told = run(consulting, *keys("*5"))
    assert isinstance(three, Talking)
    assert isinstance(three.arrangement, Together)
    assert c.AddToBridge(BRIDGE, (CALLER, LEG, THIRD), (LEG, THIRD)) in told
    alone, _ = run(consulting, *keys("*4"))
    assert isinstance(alone, Talking)
    assert isinstance(alone.arrangement, Together)
    done, told = run(consulting, *keys("*3"))
    assert c.Hangup(LEG) in told
    assert isinstance(done, Talking)


def test_what_is_no_code_is_pressed_towards_the_others() -> None:
    call, _ = talk()
    assert run(call, *keys("5"))[1] == [c.SendDtmf(CALLER, "5")]
    assert c.SendDtmf(CALLER, "*9") in run(call, *keys("*9"))[1]
    waiting, told = run(call, *keys("*"))
    assert told == [c.SetTimer(keypad.timer(LEG), keypad.BETWEEN_KEYS)]
    assert run(waiting, e.TimerFired(3_000, keypad.timer(LEG)))[1] == [c.SendDtmf(CALLER, "*")]


def test_a_number_is_whole_when_no_key_follows() -> None:
    call, _ = talk()
    typed, _ = run(call, *keys("*88330102"))
    assert c.FindTarget(1, CALLER, "8330102", blind=True) in run(typed, e.TimerFired(9_000, keypad.timer(LEG)))[1]
    slip, _ = run(call, *keys("*8"))
    assert run(slip, e.TimerFired(9_000, keypad.timer(LEG))) == (call, []), "a code without a number is a slip"


def test_nobody_else_is_listened_to() -> None:
    call, _ = talk()
    assert run(call, *keys("*1", CALLER)) == (call, [])
    assert run(call, *keys("*1", "centralita-9.9")) == (call, [])


def test_without_codes_keys_are_everybodys() -> None:
    call, joined = talk(read_codes("off"))
    assert c.AddToBridge(BRIDGE, (CALLER, LEG)) in joined
    assert run(call, *keys("*1")) == (call, [])


def test_a_half_code_is_forgotten_with_the_call() -> None:
    call, _ = talk()
    typed, _ = run(call, *keys("*"))
    _, told = run(typed, e.ChannelGone(200, CALLER, 16))
    assert c.CancelTimer(keypad.timer(LEG)) in told
