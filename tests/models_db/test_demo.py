"""The demonstration account: every section filled, once, and good enough to route and check."""

from __future__ import annotations

import wave
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from peewee import Database

from models import (
    account,
    callers_left,
    cdr,
    checks,
    demo,
    files,
    messages,
    print_jobs,
    recordings,
    settings,
    snapshot,
    tables,
)
from models.checks.messages import check_sms_template
from models.values.call import Direction, Outcome, Role
from models.values.money import Rate, cost
from models.values.phone import normalise
from models.values.recording import RecordingState
from models.values.sms import MessageState, Way

NOW = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)


@pytest.fixture
def filled(database: Database, tmp_path: Path) -> Path:
    assert demo.fill(
        database, tmp_path, passwords={role: role.value for role in Role}, hash_password=str.upper, now=NOW
    )
    return tmp_path


def test_what_stays_empty(database: Database, filled: Path) -> None:
    """Everything else has rows: a new user sees each room as it is when people work in it."""
    empty = {table.__name__ for table in tables.ALL if not table.select().exists()}
    open_to_all = {"IpRule"}  # a rule would shut somebody out
    running = {"AgentPresence", "AgentStateChange", "Reaped", "DeskDraft"}  # of programs and desks that run
    loads = {"ContactImport", "ContactImportChange", "ContactImportChunk", "ContactMerge"}
    outbound = {"AgentCallCenter", "DestinationRule", "DestinationPrice", "BreakerRelease"}
    dialling = {"Campaign", "CampaignContact"}
    programs = {"ApiToken", "ApiRequest", "Webhook", "WebhookEvent", "WebhookDelivery"}
    files_of_people = {"Prompt", "FormFile"}
    assert empty == open_to_all | running | loads | outbound | dialling | programs | files_of_people
    assert tables.CallCenter.select().count() == 4
    assert len({row.color for row in tables.CallCenter.select()}) == 4
    assert tables.Contact.select().count() >= 60
    assert tables.Call.select().count() == 200


def test_without_rooms_nobody_has_written_anything(database: Database, tmp_path: Path) -> None:
    assert demo.fill(database, tmp_path, passwords={}, hash_password=str, now=NOW, rooms=False)
    rooms = (tables.Ticket, tables.SmsThread, tables.AuditEntry, tables.PrintJob, tables.Voicemail, tables.Recording)
    assert not any(table.select().exists() for table in rooms)
    assert tables.Call.select().count() == 200


MOMENTS = (NOW, datetime(2026, 11, 29, 2, 10, tzinfo=UTC), datetime(2026, 7, 4, 12, 0, tzinfo=UTC))


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_nothing_goes_out_because_of_it(database: Database, tmp_path: Path, moment: datetime) -> None:
    """No program has anything to send, print, dial or tell."""
    demo.fill(database, tmp_path, passwords={}, hash_password=str, now=moment)
    at = tables.epoch_ms(moment)
    assert not any(messages.claim(database, way, at, 10) for way in Way)
    assert {row.state for row in tables.SmsMessage.select()} <= {
        MessageState.RECEIVED, MessageState.DELIVERED, MessageState.SENT, MessageState.FAILED,
    }  # fmt: skip
    assert not tables.SmsProvider.select().where(tables.SmsProvider.active).exists()
    assert not print_jobs.claim_due(database, "somebody")
    ended = {tables.PrintState.PRINTED, tables.PrintState.FAILED, tables.PrintState.CANCELLED}
    assert {row.state for row in tables.PrintJob.select()} == ended
    assert not callers_left.pending_callbacks(database, at)
    assert {row.state for row in tables.Recording.select()} == {RecordingState.KEPT}
    late = tables.Ticket.select().where(tables.Ticket.due_at <= moment)
    assert late.exists()
    assert all(ticket.due_told == ticket.due_at for ticket in late)


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_tickets_are_in_every_state_and_their_threads_in_order(
    database: Database, tmp_path: Path, moment: datetime
) -> None:
    demo.fill(database, tmp_path, passwords={}, hash_password=str, now=moment)
    tickets = list(tables.Ticket.select())
    assert {ticket.state for ticket in tickets} == set(tables.TicketState)
    assert {ticket.priority for ticket in tickets} == set(tables.TicketPriority)
    unsolved = [ticket for ticket in tickets if ticket.state is not tables.TicketState.SOLVED]
    assert any(ticket.due_at and ticket.due_at <= moment for ticket in unsolved)
    assert any(ticket.due_at and ticket.due_at > moment for ticket in unsolved)
    for ticket in tickets:
        said = [one.created_at for one in ticket.messages.order_by(tables.TicketMessage.id)]
        times = [ticket.created_at, *said]
        assert times == sorted(times), ticket.subject
        assert ticket.updated_at == times[-1] <= moment
        assert ticket.due_at is None or ticket.due_at > ticket.created_at
        assert (ticket.solved_at is not None) == (ticket.state is tables.TicketState.SOLVED)
        assert not checks.check_ticket({}, ticket).errors, ticket.subject


def test_messages_have_receipts_an_opt_out_and_unread_ones(database: Database, filled: Path) -> None:
    states = {row.state for row in tables.SmsMessage.select()}
    assert {MessageState.DELIVERED, MessageState.SENT, MessageState.FAILED} < states
    (out,) = tables.SmsOptOut.select()
    answer = tables.SmsMessage.get(tables.SmsMessage.automatic)
    assert (out.word, out.active_key, answer.thread.number) == ("BAJA", out.number, out.number)
    assert {row.unread for row in tables.SmsThread.select()} == {0, 1, 2}
    for thread in tables.SmsThread.select():
        times = [row.created_at for row in thread.messages.order_by(tables.SmsMessage.id)]
        assert times == sorted(times)
        assert thread.contact_id is not None
        assert thread.call_center_id is not None
    for template in tables.SmsTemplate.select():
        assert not check_sms_template({"name": template.name, "text": template.text}, template).errors, template.name


def test_its_sounds_are_kept_where_they_are_looked_for(database: Database, filled: Path) -> None:
    for row in tables.Recording.select():
        with wave.open(str(recordings.path_of(filled, row.name))) as sound:
            assert sound.getnframes() == pytest.approx(row.duration_ms * 8, abs=8)
            assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 8000)
    assert any(row.cuts for row in tables.Recording.select())
    for row in tables.Voicemail.select():
        with wave.open(str(files.path_of(filled, row.sha256))) as sound:
            assert sound.getnframes() == row.seconds * 8000
    assert {row.heard_at is None for row in tables.Voicemail.select()} == {True, False}


def test_the_audit_log_holds_no_secret_and_nothing_of_tomorrow(database: Database, filled: Path) -> None:
    entries = list(tables.AuditEntry.select().order_by(tables.AuditEntry.id))
    assert len(entries) > 100
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    assert entries[-1].at <= NOW
    assert {"create", "edit", "secret", "invite", "listen", "download", "message"} <= {entry.act for entry in entries}
    names = {field for entry in entries for state in (entry.before, entry.after) for field in state or ()}
    assert not {name for name in names if any(word in name for word in ("password", "secret", "hash", "pin", "ha1"))}
    told = [entry for entry in entries if entry.act in ("secret", "invite", "pin")]
    assert all(entry.before is None and entry.after is None for entry in told)


def test_it_is_filled_once(database: Database, filled: Path) -> None:
    before = {table: table.select().count() for table in tables.ALL}
    hashed: list[str] = []
    assert not demo.fill(
        database, filled, passwords={Role.AGENT: "x"}, hash_password=lambda p: hashed.append(p) or "", now=NOW
    )
    assert {table: table.select().count() for table in tables.ALL} == before
    assert hashed == []


def test_an_account_in_use_is_left_alone(database: Database, tmp_path: Path) -> None:
    tables.Agent.create(name="Una", email="u@example.org")
    assert not demo.fill(database, tmp_path, passwords={}, hash_password=str, now=NOW)
    assert tables.CallCenter.select().count() == 0


def test_a_failure_leaves_nothing(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*arguments: object) -> None:
        raise RuntimeError("half way")

    monkeypatch.setattr(demo, "_logins", breaks)
    with pytest.raises(RuntimeError):
        demo.fill(database, tmp_path, passwords={}, hash_password=str, now=NOW)
    assert not demo.is_filled(database)
    assert tables.Agent.select().count() == 0


def test_the_logins_told_are_there_with_the_passwords_given(database: Database, filled: Path) -> None:
    for role, email in demo.LOGINS:
        agent = tables.Agent.get(tables.Agent.email == email)
        assert (agent.role, agent.password_hash, agent.active) == (role, role.value.upper(), True)


def test_a_call_finds_someone(database: Database, filled: Path) -> None:
    built = snapshot.build(database, 1)
    for called in ("40004000", "+50640004100", "50640004200", "40004305", "88001234"):
        route = built.resolve(called)
        assert route is not None
        assert route.agents
        assert files.path_of(filled, str(route.logo_url).rsplit("/", 1)[1]).read_bytes().startswith(b"\x89PNG")
    assert built.resolve("22222222") is None
    assert built.ip_rules.is_open


def test_what_it_saves_would_pass_the_checks(database: Database, filled: Path) -> None:
    for check, table in (
        (checks.check_agent, tables.Agent),
        (checks.check_call_center, tables.CallCenter),
        (checks.check_company, tables.Company),
        (checks.check_contact, tables.Contact),
        (checks.check_additional_field, tables.AdditionalField),
        (checks.check_printer, tables.Printer),
        (checks.check_disposition, tables.Disposition),
        (checks.check_form, tables.Form),
        (checks.check_attachment, tables.Attachment),
    ):
        for row in table.select():
            assert not check({}, row).errors, f"{table.__name__} {row.name if hasattr(row, 'name') else row.id}"
    fields = list(tables.AdditionalField.select())
    for contact in tables.Contact.select():
        assert contact.phone_key == normalise(contact.phone)
        values = {value.field_id: value.value for value in contact.values}
        assert not checks.check_additional_values(fields, values).errors
    for answer in tables.FormAnswer.select():
        assert not checks.check_form_answers(
            answer.version.fields.order_by(tables.FormField.position), answer.answers
        ).errors


def test_the_calls_are_of_the_last_month_and_add_up(database: Database, filled: Path) -> None:
    records = [cdr.calls_by_id(database, [row.id])[row.id] for row in tables.Call.select()]
    first = tables.epoch_ms(NOW - timedelta(days=31))
    for record in records:
        assert first < record.offered_at < record.ended_at < tables.epoch_ms(NOW)
        assert record.ended_at - record.offered_at == record.wait_ms + record.talk_ms
        if record.cost is not None:
            rate = Rate(record.rate_price, record.rate_currency, record.rate_unit)
            assert record.cost == cost(rate, record.talk_ms / 1000)
    assert {record.direction for record in records} == set(Direction)
    assert {Outcome.ANSWERED, Outcome.ABANDONED, Outcome.NO_AGENTS} <= {record.outcome for record in records}
    assert tables.CallLeg.select().count() > 100
    assert tables.Call.select().where(tables.Call.disposition.is_null(False)).count() > 80


def test_the_account_is_made_once_from_the_settings(database: Database, tmp_path: Path) -> None:
    tables.Account.delete().execute()
    made = account.ensure_account(database, settings.Settings(data_dir=tmp_path, region="ES", currency="EUR"))
    again = account.ensure_account(database, settings.Settings(data_dir=tmp_path, region="MX"))
    assert (made.id, again.id, again.region, again.currency) == (1, 1, "ES", "EUR")


def test_a_logo_is_a_png_that_decodes() -> None:
    content = demo.logo("#1f6feb", 8)
    start = content.index(b"IDAT") + 4
    length = int.from_bytes(content[start - 8 : start - 4], "big")
    assert len(zlib.decompress(content[start : start + length])) == 8 * (8 * 4 + 1)
