"""The demonstration account: every section filled, once, and good enough to route and check."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from peewee import Database

from models import account, cdr, checks, demo, files, settings, snapshot, tables
from models.values.call import Direction, Outcome, Role
from models.values.money import Rate, cost
from models.values.phone import normalise

NOW = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)


@pytest.fixture
def filled(database: Database, tmp_path: Path) -> Path:
    assert demo.fill(
        database, tmp_path, passwords={role: role.value for role in Role}, hash_password=str.upper, now=NOW
    )
    return tmp_path


def test_every_section_has_rows_but_ip_rules(database: Database, filled: Path) -> None:
    empty = {table.__name__ for table in tables.ALL if not table.select().exists()}
    loads = {"ContactImport", "ContactImportChange", "ContactImportChunk", "ContactMerge"}
    new = {"AuditEntry", "BlockedNumber", "CallbackRequest", "Prompt", "Reaped", "Recording", "Voicemail"}
    new |= {"Campaign", "CampaignContact"}
    outbound = {"AgentCallCenter", "DestinationRule", "DestinationPrice", "BreakerRelease"}
    programs = {"ApiToken", "ApiRequest", "Webhook", "WebhookEvent", "WebhookDelivery", "PrintJob"}
    programs |= {"Ticket", "TicketMessage", "TicketAttachment", "TicketFile", "TicketReading"}
    desk = {"AgentCallback", "DeskDraft", "FormFile"}
    messages = {"SmsMessage", "SmsOptOut", "SmsProvider", "SmsProviderNumber", "SmsTemplate", "SmsThread"}
    assert empty == {"IpRule", "AgentPresence"} | loads | new | outbound | programs | desk | messages
    assert tables.CallCenter.select().count() == 4
    assert len({row.color for row in tables.CallCenter.select()}) == 4
    assert tables.Contact.select().count() >= 60
    assert tables.Call.select().count() == 200


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
