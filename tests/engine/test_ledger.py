"""The CEL file as Asterisk writes it in, stories and records out."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest

from ari_app import ledger as ledger_of
from ari_app.core import cel
from ari_app.ledger import Ledger, audit, parse
from models.values.call import CostUnit, LegOutcome, Outcome
from models.values.money import Rate
from models.values.pattern import NumberClaim, NumberTable
from models.values.reasons import CallReason
from models.values.routing import Account, AgentRoute, CallCenterRoute, RoutingSnapshot

CALL = "centralita-1795476676.0"
LEG = CALL + ".agent.1"

ANSWERED = f'''\
"CHAN_START","1795476676.000000","PJSIP/trunk-00000000","{CALL}","{CALL}","88887777","José ""Pepe""","","40001000","from-trunk","","","",""
"APP_START","1795476676.001000","PJSIP/trunk-00000000","{CALL}","{CALL}","88887777","José","40001000","40001000","from-trunk","Stasis","","",""
"CHAN_START","1795476676.050000","PJSIP/8330101-00000001","{LEG}","{CALL}","8330101","Ana","","s","from-agent","","","",""
"ANSWER","1795476678.000000","PJSIP/8330101-00000001","{LEG}","{CALL}","8330101","Ana","","s","from-agent","Stasis","","",""
"BRIDGE_ENTER","1795476678.010000","PJSIP/8330101-00000001","{LEG}","{CALL}","8330101","Ana","","s","from-agent","Stasis","","",""
"ANSWER","1795476678.005000","PJSIP/trunk-00000000","{CALL}","{CALL}","88887777","José","40001000","40001000","from-trunk","Stasis","","",""
"BRIDGE_ENTER","1795476678.011000","PJSIP/trunk-00000000","{CALL}","{CALL}","88887777","José","40001000","40001000","from-trunk","Stasis","","",""
'''
ENDED = f'''\
"BRIDGE_EXIT","1795476778.000000","PJSIP/trunk-00000000","{CALL}","{CALL}","88887777","José","40001000","40001000","from-trunk","Stasis","","",""
"HANGUP","1795476778.001000","PJSIP/trunk-00000000","{CALL}","{CALL}","88887777","José","40001000","40001000","from-trunk","","","","{{""hangupcause"":16,""hangupsource"":"""",""dialstatus"":""""}}"
"CHAN_END","1795476778.001000","PJSIP/trunk-00000000","{CALL}","{CALL}","88887777","José","40001000","40001000","from-trunk","","","",""
"HANGUP","1795476778.020000","PJSIP/8330101-00000001","{LEG}","{CALL}","8330101","Ana","","s","from-agent","","","","{{""hangupcause"":16}}"
"CHAN_END","1795476778.020000","PJSIP/8330101-00000001","{LEG}","{CALL}","8330101","Ana","","s","from-agent","","","",""
"LINKEDID_END","1795476778.021000","PJSIP/8330101-00000001","{LEG}","{CALL}","8330101","Ana","","s","from-agent","","","",""
'''

SNAPSHOT = RoutingSnapshot(
    1,
    Account("Demo"),
    {7: CallCenterRoute(7, "Pizza", "#aa0000", Rate(Decimal(30), "CRC", CostUnit.MINUTE), agents=(3,))},
    {3: AgentRoute(3, "Ana", "8330101")},
    NumberTable.of([NumberClaim("40001000", 7, "Pizza")]),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cel.csv"


def test_a_conversation_that_ended_unseen_gets_its_true_times(file: Path) -> None:
    file.write_text(ANSWERED + ENDED)
    ledger = Ledger(file)
    ledger.read()
    [story] = ledger.over()
    record, legs = cel.records(story, None, SNAPSHOT)
    assert (record.id, record.called_number, record.calling_number) == (CALL, "40001000", "88887777")
    assert record.caller_name == 'José "Pepe"'
    assert (record.outcome, record.agent_id, record.call_center_id) == (Outcome.ANSWERED, 3, 7)
    assert record.offered_at == 1795476676000
    assert record.answered_at == 1795476678000
    assert record.ended_at == 1795476778000
    assert (record.wait_ms, record.talk_ms, record.cause) == (2_000, 100_000, 16)
    assert record.cost == Decimal(60)  # two started minutes at 30
    [leg] = legs
    assert (leg.ordinal, leg.agent_id, leg.outcome, leg.answered_at) == (1, 3, LegOutcome.ANSWERED, 1795476678000)


def test_a_long_log_is_read_with_pauses_when_nobody_waits_for_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ANSWERED + ENDED
    copies = 250 // rows.count("\n") + 1
    file.write_text("".join(rows.replace(CALL, f"centralita-9.{number}") for number in range(copies)))
    paused: list[float] = []
    monkeypatch.setattr("ari_app.ledger.time.sleep", paused.append)
    ledger = Ledger(file)
    ledger.read(0.25)
    assert paused == [0.25] * (copies * rows.count("\n") // 100)
    assert len(paused) >= 2
    assert len(ledger.over()) == copies
    Ledger(file).read()
    assert len(paused) == copies * rows.count("\n") // 100, "whoever waits for it has it at once"


def test_the_record_that_was_opened_keeps_its_price(file: Path) -> None:
    file.write_text(ANSWERED + ENDED)
    ledger = Ledger(file)
    ledger.read()
    [story] = ledger.over()
    opened, _ = cel.records(story, None, SNAPSHOT)
    dearer = SNAPSHOT.call_centers[7]
    known = opened.__class__(
        id=CALL, direction=opened.direction, called_number="40001000", calling_number="88887777",
        offered_at=1795476676005, call_center_id=7, call_center_name="Pizza", rate_price=Decimal(10),
        rate_currency="CRC", rate_unit=CostUnit.MINUTE,
    )  # fmt: skip
    record, _ = cel.records(story, known, SNAPSHOT)
    assert dearer.rate.price == 30
    assert record.cost == Decimal(20)
    assert record.offered_at == 1795476676005


def test_a_caller_who_met_no_engine_is_remembered(file: Path) -> None:
    file.write_text(
        f'"CHAN_START","1795476676.000000","PJSIP/trunk-0","{CALL}","{CALL}","88887777","","","40001000","from-trunk","","","",""\n'
        f'"USER_DEFINED","1795476676.010000","PJSIP/trunk-0","{CALL}","{CALL}","88887777","","40001000","s","centralita-fallback",'
        '"CELGenUserEvent","","CENTRALITA_FALLBACK","{""extra"":""40001000""}"\n'
        f'"HANGUP","1795476684.000000","PJSIP/trunk-0","{CALL}","{CALL}","88887777","","40001000","s","centralita-fallback","","","","{{""hangupcause"":41}}"\n'
        f'"LINKEDID_END","1795476684.000000","PJSIP/trunk-0","{CALL}","{CALL}","88887777","","40001000","s","centralita-fallback","","","",""\n'
    )
    ledger = Ledger(file)
    ledger.read()
    [story] = ledger.over()
    record, legs = cel.records(story, None, SNAPSHOT)
    assert record.outcome is Outcome.ENGINE_AWAY
    assert record.reason == "no_engine_took_the_call"
    assert (record.called_number, record.call_center_id, record.cause) == ("40001000", 7, 41)
    assert (record.wait_ms, record.talk_ms, record.cost) == (8_000, 0, Decimal(0))
    assert legs == ()


def test_a_caller_whose_number_is_blocked_is_remembered(file: Path) -> None:
    file.write_text(
        f'"CHAN_START","1795476676.000000","PJSIP/trunk-0","{CALL}","{CALL}","88887777","","","40001000","from-trunk","","","",""\n'
        f'"USER_DEFINED","1795476676.010000","PJSIP/trunk-0","{CALL}","{CALL}","88887777","","40001000","40001000","from-trunk",'
        '"CELGenUserEvent","","CENTRALITA_BLOCKED","{""extra"":""40001000""}"\n'
        f'"HANGUP","1795476676.020000","PJSIP/trunk-0","{CALL}","{CALL}","88887777","","40001000","40001000","from-trunk","","","","{{""hangupcause"":21}}"\n'
        f'"LINKEDID_END","1795476676.020000","PJSIP/trunk-0","{CALL}","{CALL}","88887777","","40001000","40001000","from-trunk","","","",""\n'
    )
    ledger = Ledger(file)
    ledger.read()
    [story] = ledger.over()
    record, legs = cel.records(story, None, SNAPSHOT)
    assert (record.outcome, record.reason, record.cause) == (Outcome.FAILED, "number_blocked", 21)
    assert (record.called_number, record.call_center_id, legs) == ("40001000", 7, ())


def test_a_restart_reads_again_what_was_not_over(file: Path) -> None:
    file.write_text(ANSWERED)
    first = Ledger(file)
    first.read()
    assert first.over() == []
    story = first.story(CALL)
    assert story is not None
    assert cel.answered_at(story) == 1795476678000
    with file.open("a") as log:
        log.write(ENDED)
    second = Ledger(file, first.mark)
    second.read()
    assert [story.call_id for story in second.over()] == [CALL]
    third = Ledger(file, second.mark)
    third.read()
    assert third.over() == []


def test_a_line_being_written_waits_for_its_end(file: Path) -> None:
    whole = ANSWERED + ENDED
    file.write_text(whole[:-30])
    ledger = Ledger(file)
    ledger.read()
    assert ledger.over() == []
    with file.open("a") as log:
        log.write(whole[-30:])
    ledger.read()
    assert len(ledger.over()) == 1


def test_the_file_is_rotated_and_followed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_of, "ROTATE_BYTES", 100)
    file.write_text(ANSWERED)
    ledger = Ledger(file)
    ledger.read()
    assert not file.exists()
    monkeypatch.undo()
    mark = ledger.mark
    file.write_text(ENDED)
    ledger.read()
    assert len(ledger.over()) == 1
    # A restart before the story was used finds both files.
    again = Ledger(file, mark)
    again.read()
    assert [story.call_id for story in again.over()] == [CALL]


def test_the_channel_of_messages_holds_nothing(file: Path) -> None:
    """Asterisk makes it with the first message, and keeps it."""
    line = '"CHAN_START","1795476676.0","Message/ast_msg_queue","centralita-1.9","centralita-1.9","","","","","","","","",""'
    file.write_text(line + "\n" + ANSWERED + ENDED)
    ledger = Ledger(file)
    ledger.read()
    assert [story.call_id for story in ledger.over()] == [CALL]
    told = os.stat(file)
    assert ledger.mark == f"{told.st_ino}:{told.st_size}"


def test_damage_is_counted_and_passed_over(file: Path) -> None:
    file.write_bytes(b'"CHAN_START","broken\n' + b"\xff\xfe\x00\n" + (ANSWERED + ENDED).encode())
    ledger = Ledger(file)
    ledger.read()
    assert ledger.damaged == 2
    assert len(ledger.over()) == 1


def test_a_switch_that_was_killed_leaves_stories_without_end(file: Path) -> None:
    file.write_text(ANSWERED)
    ledger = Ledger(file)
    ledger.read()
    ledger.settle({CALL})
    assert ledger.over() == []
    ledger.settle(set())
    [story] = ledger.over()
    assert story.over


@pytest.mark.parametrize(("rows", "outcome", "ended_at"), [
    (ANSWERED, Outcome.ANSWERED, 1795476678011),
    ("\n".join(ANSWERED.splitlines()[:3]) + "\n", Outcome.FAILED, 1795476676050),
])  # fmt: skip
def test_who_was_cut_off_by_the_switchs_death_did_not_hang_up(
    file: Path, rows: str, outcome: Outcome, ended_at: int
) -> None:
    file.write_text(rows)
    ledger = Ledger(file)
    ledger.read()
    ledger.settle(alive=())
    [story] = ledger.over()
    record, _ = cel.records(story, None, SNAPSHOT)
    assert (record.outcome, record.reason, record.cause) == (outcome, CallReason.SWITCH_DIED, 41)
    assert record.ended_at == ended_at, "the last thing that the log has of it"


def test_the_audit_leaves_alone_what_is_closed_or_live(file: Path) -> None:
    file.write_text(ANSWERED + ENDED)
    ledger = Ledger(file)
    ledger.read()
    stories = ledger.over()
    closed, _ = cel.records(stories[0], None, SNAPSHOT)
    assert audit(stories, {CALL: closed}, lambda call: False) == []
    assert audit(stories, {}, lambda call: True) == []
    assert audit(stories, {}, lambda call: False) == [(stories[0], None)]


def test_other_calls_than_a_trunks_are_not_callers() -> None:
    row = parse(
        '"CHAN_START","1795476676.1","PJSIP/demo-trunk-1","demo-1","demo-1","1","","","demo","centralita-demo-caller","","","",""'
    )
    assert row is not None
    assert row.at == 1795476676100
    assert row.context == "centralita-demo-caller"
    assert os.sep not in row.channel
