"""What a person typed: refused beside its field with a stable code, or clean values."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from peewee import CharField, Database, ForeignKeyField, IntegrityError, TextField

from models import checks, tables
from models.values.call import Role
from models.values.errors import MESSAGES

AGENT = {"name": "Lucía", "email": "Lucia@Example.org", "endpoint": "833-0101", "role": "agent", "active": True}
CENTER = {"name": "Soporte", "price": "12,5", "currency": "crc", "color": "#1F6FEB", "numbers": "4000 4000, 8*"}


def codes(checked: checks.Checked) -> dict[str, str]:
    return {field: error.code for field, error in checked.errors.items()}


def saved(table: Any, checked: checks.Checked) -> Any:
    assert not checked.errors
    return table.create(**{name: value for name, value in checked.values.items() if name != "numbers"})


BAD: list[tuple[Callable[..., checks.Checked], dict[str, Any], str, str]] = [
    (checks.check_agent, AGENT | {"name": "  "}, "name", "required"),
    (checks.check_agent, AGENT | {"name": "x" * 101}, "name", "too_long"),
    (checks.check_agent, AGENT | {"name": "a\x00b"}, "name", "control_characters"),
    (checks.check_agent, AGENT | {"name": "a\nb"}, "name", "control_characters"),
    (checks.check_agent, AGENT | {"name": "\ud800"}, "name", "control_characters"),
    (checks.check_agent, AGENT | {"email": "lucia"}, "email", "email_invalid"),
    (checks.check_agent, AGENT | {"email": "a@b@c.org"}, "email", "email_invalid"),
    (checks.check_agent, AGENT | {"email": "a b@c.org"}, "email", "email_invalid"),
    (checks.check_agent, AGENT | {"email": "a@-c.org"}, "email", "email_invalid"),
    (checks.check_agent, AGENT | {"endpoint": "83a"}, "endpoint", "endpoint_invalid"),
    (checks.check_agent, AGENT | {"endpoint": "٨٣٣"}, "endpoint", "endpoint_invalid"),
    (checks.check_agent, AGENT | {"endpoint": "1" * 17}, "endpoint", "too_long"),
    (checks.check_agent, AGENT | {"role": "king"}, "role", "not_a_choice"),
    (checks.check_agent, AGENT | {"language": "xx"}, "language", "language_unknown"),
    (checks.check_call_center, CENTER | {"color": "red"}, "color", "color_invalid"),
    (checks.check_call_center, CENTER | {"color": "#12345g"}, "color", "color_invalid"),
    (checks.check_call_center, CENTER | {"price": "-1"}, "price", "money_negative"),
    (checks.check_call_center, CENTER | {"price": "1.0000001"}, "price", "money_decimals"),
    (checks.check_call_center, CENTER | {"price": "NaN"}, "price", "money_invalid"),
    (checks.check_call_center, CENTER | {"price": "1e400"}, "price", "money_too_large"),
    (checks.check_call_center, CENTER | {"currency": "XYZ"}, "currency", "currency_unknown"),
    (checks.check_call_center, CENTER | {"pop_up_url": "javascript:alert(1)"}, "pop_up_url", "url_scheme"),
    (checks.check_call_center, CENTER | {"pop_up_url": "https://a/{x}"}, "pop_up_url", "url_placeholder_unknown"),
    (checks.check_call_center, CENTER | {"pop_up_url": "https://u:p@a/"}, "pop_up_url", "url_credentials"),
    (checks.check_call_center, CENTER | {"pop_up_url": "https://a/" + "x" * 1000}, "pop_up_url", "too_long"),
    (checks.check_call_center, CENTER | {"ring_seconds": "0"}, "ring_seconds", "out_of_range"),
    (checks.check_call_center, CENTER | {"ring_seconds": "ten"}, "ring_seconds", "not_a_number"),
    (checks.check_call_center, CENTER | {"max_wait_seconds": "9" * 30}, "max_wait_seconds", "not_a_number"),
    (checks.check_call_center, CENTER | {"numbers": "40a0"}, "numbers", "pattern_character"),
    (checks.check_call_center, CENTER | {"numbers": "4*4"}, "numbers", "pattern_star_not_last"),
    (checks.check_call_center, CENTER | {"numbers": "40004000;+50640004000"}, "numbers", "pattern_repeated"),
    (checks.check_call_center, CENTER | {"numbers": "1" * 21}, "numbers", "pattern_too_long"),
    (checks.check_ip_rule, {"address": "10.0.0.0", "mask": "255.0.255.0"}, "mask", "ip_mask_holes"),
    (checks.check_ip_rule, {"address": "10.0.0.0", "mask": "33"}, "mask", "ip_mask_family"),
    (checks.check_ip_rule, {"address": "10.0.0", "mask": "24"}, "address", "ip_address_invalid"),
    (checks.check_ip_rule, {"address": "", "mask": "24"}, "address", "required"),
    (checks.check_company, {"name": "Una", "phone": "llámame"}, "phone", "phone_invalid"),
    (checks.check_company, {"name": "Una", "description": "x" * 501}, "description", "too_long"),
    (checks.check_contact, {"name": "", "phone": ""}, "name", "name_or_phone"),
    (checks.check_contact, {"name": "Una", "phone": "1" * 41}, "phone", "too_long"),
    (checks.check_contact, {"name": "Una", "company": "77"}, "company", "not_found"),
    (checks.check_contact, {"name": "Una", "agent": "1 OR 1=1"}, "agent", "not_found"),
    (checks.check_disposition, {"name": "Una", "action": "sing"}, "action", "not_a_choice"),
    (checks.check_additional_field, {"name": "caller"}, "name", "additional_name"),
    (checks.check_additional_field, {"name": "a{b}"}, "name", "additional_name"),
    (checks.check_additional_field, {"name": "Una", "kind": "list", "options": " \n"}, "options", "required"),
    (checks.check_additional_field, {"name": "Una", "kind": "list", "options": "a\na"}, "options", "options_invalid"),
    (checks.check_printer, {"name": "P", "kind": "escpos"}, "host", "required"),
    (checks.check_printer, {"name": "P", "kind": "escpos", "host": "a b"}, "host", "host_invalid"),
    (checks.check_printer, {"name": "P", "kind": "escpos", "host": "999.1.1.1"}, "host", "host_invalid"),
    (checks.check_printer, {"name": "P", "kind": "cups"}, "queue", "required"),
    (checks.check_printer, {"name": "P", "margin_top": "-1"}, "margin_top", "out_of_range"),
    (checks.check_printer, {"name": "P", "paper_width": "79"}, "paper_width", "not_a_choice"),
    (checks.check_printer, {"name": "P", "code_page": "utf8"}, "code_page", "not_a_choice"),
    (checks.check_attachment, {"filename": "../etc/passwd"}, "filename", "filename_invalid"),
    (checks.check_account, {"name": "Una", "region": "ZZ"}, "region", "region_unknown"),
    (checks.check_account, {"name": "Una", "timezone": "Marte"}, "timezone", "timezone_unknown"),
    (checks.check_saved_call, {"comment": "x" * 4001}, "comment", "too_long"),
]


def test_each_is_refused_beside_its_field(database: Database) -> None:
    told = [(name(case), codes(case[0](case[1]))) for case in BAD]
    assert told == [(name(case), {case[2]: case[3]}) for case in BAD]


def name(case: tuple[Callable[..., checks.Checked], dict[str, Any], str, str]) -> str:
    return f"{case[0].__name__} {case[2]}={str(case[1].get(case[2], ''))[:30]!r}"


def test_every_bad_field_is_told_at_once(database: Database) -> None:
    told = checks.check_call_center({"name": "", "color": "x", "price": "y", "numbers": "z", "strategy": "q"})
    assert set(told.errors) == {"name", "color", "price", "numbers", "strategy"}


def test_clean_values_of_an_agent(database: Database) -> None:
    row = saved(tables.Agent, checks.check_agent(AGENT))
    assert (row.email, row.email_key, row.endpoint, row.role) == (
        "Lucia@Example.org",
        "lucia@example.org",
        "8330101",
        Role.AGENT,
    )
    assert codes(checks.check_agent(AGENT)) == {"email": "not_unique", "endpoint": "not_unique"}
    assert checks.check_agent(AGENT, row).ok
    assert checks.check_agent({"click2dial": "on"}, row).values["click2dial"] is True
    assert codes(checks.check_agent({"email": "LUCIA@example.ORG", "name": "Otra"})) == {"email": "not_unique"}
    assert checks.check_agent({"name": "Sin", "email": "sin@example.org", "endpoint": ""}).values["endpoint"] is None


def test_the_last_administrator_stays(database: Database) -> None:
    boss = tables.Agent.create(name="Jefa", email="j@example.org", role=Role.ADMINISTRATOR)
    assert codes(checks.check_agent({"active": False}, boss)) == {"active": "last_administrator"}
    assert codes(checks.check_agent({"role": "agent"}, boss)) == {"role": "last_administrator"}
    second = tables.Agent.create(name="Dos", email="d@example.org", role=Role.ADMINISTRATOR, active=False)
    assert not checks.check_agent({"active": False}, boss).ok
    second.active = True
    second.save()
    assert checks.check_agent({"active": False}, boss).ok


def test_clean_values_of_a_call_center(database: Database) -> None:
    checked = checks.check_call_center(CENTER)
    row = saved(tables.CallCenter, checked)
    assert (row.price, row.currency, row.color) == (Decimal("12.5"), "CRC", "#1f6feb")
    assert checked.values["numbers"] == [("4000 4000", "+50640004000"), ("8*", "8*")]
    for pattern, canonical in checked.values["numbers"]:
        tables.CallCenterNumber.create(call_center=row, pattern=pattern, canonical=canonical)
    assert checks.check_call_center(CENTER, row).ok
    told = checks.check_call_center({"name": "Ventas", "numbers": ["50640004000"]})
    assert told.errors["numbers"].params == {"value": "50640004000", "other": "Soporte"}
    assert codes(told) == {"numbers": "pattern_taken"}
    assert codes(checks.check_call_center({"name": " SOPORTE "})) == {"name": "not_unique"}


def test_a_pop_up_may_use_an_additional_field(database: Database) -> None:
    url = {"pop_up_url": "https://crm.example/{Cédula de vida}/{caller}"}
    assert codes(checks.check_call_center(CENTER | url)) == {"pop_up_url": "url_placeholder_unknown"}
    saved(tables.AdditionalField, checks.check_additional_field({"name": "Cédula de vida"}))
    assert checks.check_call_center(CENTER | url).ok


def test_one_network_is_listed_once(database: Database) -> None:
    row = saved(tables.IpRule, checks.check_ip_rule({"address": "10.1.2.3", "mask": "255.0.0.0"}))
    assert (row.address, row.mask, row.network) == ("10.0.0.0", "255.0.0.0", "10.0.0.0/8")
    assert codes(checks.check_ip_rule({"address": "10.9.9.9/8"})) == {"address": "not_unique"}


def test_a_contact_and_its_additional_fields(database: Database) -> None:
    company = tables.Company.create(name="Café")
    row = saved(tables.Contact, checks.check_contact({"name": "Ñu", "phone": "8888-0001", "company": str(company.id)}))
    assert (row.phone_key, row.company_id) == ("+50688880001", company.id)
    assert row.search.startswith("nu 8888-0001")
    make = tables.AdditionalField.create
    fields = [
        make(name="N", kind="number"),
        make(name="D", kind="date", required=True),
        make(name="B", kind="yes_no"),
        make(name="L", kind="list", options=["Limón", "Cartago"]),
        make(name="T", kind="text"),
    ]
    number, date, yes_no, choice, text = (str(field.id) for field in fields)
    typed = dict(zip((field.id for field in fields), ("1,50", "31/12/2026", "Sí", "Limón", " x "), strict=True))
    assert checks.check_additional_values(fields, typed).values == {
        number: "1.50",
        date: "2026-12-31",
        yes_no: "sí",
        choice: "Limón",
        text: "x",
    }
    typed = dict(zip((field.id for field in fields), ("1.2.3", "", "quizá", "limón", "x" * 1001), strict=True))
    assert codes(checks.check_additional_values(fields, typed)) == {
        number: "not_a_number",
        date: "required",
        yes_no: "not_a_choice",
        choice: "not_a_choice",
        text: "too_long",
    }


def test_a_saved_call_takes_an_active_disposition_or_keeps_its_own(database: Database) -> None:
    old = tables.Disposition.create(name="Vieja", active=False)
    call = tables.Call.create(id="c.1", direction="inbound", offered_at=1, disposition=old)
    assert codes(checks.check_saved_call({"disposition": old.id})) == {"disposition": "not_found"}
    assert checks.check_saved_call({"disposition": old.id, "comment": "a\r\nb"}, call).values == {
        "disposition": old.id,
        "comment": "a\nb",
    }


class TestForms:
    FIELDS = (
        {"label": "Datos", "kind": "heading"},
        {"label": "¿Visita?", "kind": "yes_no", "name": "visita", "required": True},
        {"label": "Dirección", "kind": "long_text", "required": True, "condition": {"field": "visita", "equals": "sí"}},
        {"label": "Equipos", "kind": "choices", "options": "uno\ndos\ntres"},
        {"label": "Hora", "kind": "time"},
        {"label": "Teléfono", "kind": "phone"},
    )

    def version(self) -> list[tables.FormField]:
        version = tables.FormVersion.create(form=tables.Form.create(name="F"), number=1)
        checked = checks.check_form_fields(self.FIELDS)
        assert checked.ok
        return [tables.FormField.create(version=version, **row) for row in checked.values["fields"]]

    def test_names_come_from_labels(self, database: Database) -> None:
        assert [row.name for row in self.version()] == ["datos", "visita", "direccion", "equipos", "hora", "telefono"]

    def test_bad_fields_are_told_by_position(self, database: Database) -> None:
        told = checks.check_form_fields(
            [
                {"label": "", "kind": "text"},
                {"label": "A", "kind": "list"},
                {"label": "B", "kind": "text", "condition": {"field": "later", "equals": "x"}},
                {"label": "C", "kind": "dance"},
            ]
        )
        assert codes(told) == {
            "0.label": "required",
            "1.options": "required",
            "2.condition": "not_found",
            "3.kind": "not_a_choice",
        }

    def test_a_filled_form(self, database: Database) -> None:
        checked = checks.check_form_answers(
            self.version(),
            {
                "visita": "Si",
                "direccion": "Allá\nlejos",
                "equipos": ["tres", "uno"],
                "hora": "9:05",
                "telefono": "88880001",
                "x": "y",
            },
        )
        assert checked.values["answers"] == {
            "visita": "sí",
            "direccion": "Allá\nlejos",
            "equipos": ["uno", "tres"],
            "hora": "09:05",
            "telefono": "88880001",
        }
        assert checked.values["folded"] == "si alla lejos uno tres 09:05 88880001"

    def test_what_the_condition_hides_is_neither_required_nor_kept(self, database: Database) -> None:
        fields = self.version()
        assert checks.check_form_answers(fields, {"visita": "no", "direccion": "x"}).values["answers"] == {
            "visita": "no"
        }
        assert codes(checks.check_form_answers(fields, {"visita": "sí"})) == {"direccion": "required"}

    def test_bad_answers(self, database: Database) -> None:
        told = checks.check_form_answers(self.version(), {"equipos": ["cuatro"], "hora": "25:00", "telefono": "no sé"})
        assert codes(told) == {
            "visita": "required",
            "equipos": "not_a_choice",
            "hora": "not_a_time",
            "telefono": "phone_invalid",
        }


def test_every_text_column_has_a_limit_that_validation_knows() -> None:
    for table in tables.ALL:
        for field in table._meta.sorted_fields:
            if isinstance(field, CharField | TextField):
                assert getattr(field, "max_length", None), f"{table.__name__}.{field.name}"


def test_every_code_of_the_cases_is_known() -> None:
    assert {case[3] for case in BAD} <= set(MESSAGES)


def test_what_is_used_is_not_deleted(database: Database) -> None:
    company, free = tables.Company.create(name="Café"), tables.Company.create(name="Té")
    contact = tables.Contact.create(name="Uno", company=company)
    tables.Contact.create(name="Dos", company=company)
    tables.ContactListMember.create(list=tables.ContactList.create(name="L"), contact=contact)
    assert checks.uses_of(company) == {"contacts": 2}
    refused = checks.check_delete(company)
    assert refused is not None
    assert (refused.code, refused.params) == ("in_use", {"uses": 2})
    with pytest.raises(IntegrityError):
        company.delete_instance()
    assert checks.check_delete(free) is None
    free.delete_instance()
    assert checks.check_delete(contact) is None  # its place on a list goes with it
    contact.delete_instance()
    assert tables.ContactListMember.select().count() == 0
    assert [row.name for row in tables.Contact.select()] == ["Dos"]


def test_nothing_but_join_rows_goes_with_what_is_deleted() -> None:
    cascades = {
        f"{table._meta.table_name}.{field.column_name}"
        for table in tables.ALL
        for field in table._meta.sorted_fields
        if isinstance(field, ForeignKeyField) and field.on_delete == "CASCADE"
    }
    assert cascades == {
        "api_requests.token_id",
        "print_jobs.printer_id",
        "sms_messages.thread_id",
        "sms_provider_numbers.provider_id",
        "ticket_attachments.message_id",
        "ticket_attachments.ticket_id",
        "ticket_files.ticket_id",
        "ticket_messages.ticket_id",
        "ticket_readings.agent_id",
        "ticket_readings.ticket_id",
        "webhook_deliveries.webhook_id",
        "webhook_events.webhook_id",
        "agent_call_centers.agent_id",
        "agent_call_centers.call_center_id",
        "agent_group_members.agent_id",
        "agent_group_members.group_id",
        "agent_presence.agent_id",
        "agent_states.agent_id",
        "breaker_releases.agent_id",
        "call_center_agents.agent_id",
        "call_center_agents.call_center_id",
        "call_center_forms.call_center_id",
        "call_center_forms.form_id",
        "call_center_groups.call_center_id",
        "call_center_groups.group_id",
        "campaign_contacts.campaign_id",
        "campaign_contacts.contact_id",
        "contact_import_changes.contact_id",
        "contact_import_changes.load_id",
        "contact_import_chunks.load_id",
        "call_center_numbers.call_center_id",
        "call_events.call_id",
        "call_legs.call_id",
        "contact_list_members.contact_id",
        "contact_list_members.list_id",
        "contact_values.contact_id",
        "destination_rules.agent_id",
        "form_fields.version_id",
        "form_files.version_id",
    }
    others = {
        field.on_delete
        for table in tables.ALL
        for field in table._meta.sorted_fields
        if isinstance(field, ForeignKeyField)
    }
    assert others == {"CASCADE", "RESTRICT"}
