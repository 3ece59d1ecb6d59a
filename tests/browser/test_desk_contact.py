"""The card of who calls: additional fields, several people with one number, a new contact, somebody else's changes."""

from __future__ import annotations

from typing import Any

import pytest
from browser.desk_page import DeskPage, PopOnPage
from browser.house import House
from browser.scripted_engine import until
from playwright.sync_api import expect

from models.callers import contact_card
from models.tables import AdditionalField, Call, Contact, ContactValue
from models.tables.contacts import FieldKind

NUMBER = {"phone": "88881234", "phone_key": "+50688881234"}


@pytest.fixture
def fields(house: House) -> dict[str, AdditionalField]:
    """One of each kind, in an order of their own, alone."""
    ContactValue.delete().execute()
    AdditionalField.delete().execute()
    kinds = (
        (FieldKind.TEXT, "Cédula"), (FieldKind.LIST, "Plan"), (FieldKind.DATE, "Renovación"),
        (FieldKind.NUMBER, "Equipos"), (FieldKind.YES_NO, "Moroso"),
    )  # fmt: skip
    return {
        name: AdditionalField.create(
            name=name, kind=kind, position=place, options=["Oro", "Plata"] if kind is FieldKind.LIST else None
        )
        for place, (kind, name) in enumerate(kinds)
    }


def _talking(house: House, desk: DeskPage, contact: Contact, call_id: str = "c-1") -> PopOnPage:
    card = contact_card(house.database, contact.id)
    assert card is not None
    house.offer(call_id, card=card.as_message())
    house.talk(call_id)
    house.record(call_id, contact_id=contact.id)
    return desk.pop(call_id).wait_for_phase("talking")


def _field(shown: PopOnPage, field: AdditionalField) -> Any:
    return shown.root.locator(f'[name="field.{field.id}"]')


def _values(contact: Contact) -> dict[str, str]:
    rows = ContactValue.select(ContactValue, AdditionalField).join(AdditionalField)
    return {row.field.name: row.value for row in rows.where(ContactValue.contact == contact)}


def test_the_card_waits_for_a_record_that_does_not_name_its_contact_yet(
    house: House, fields: dict[str, AdditionalField]
) -> None:
    """The engine knows who calls a moment before the history does."""
    contact = Contact.create(name="Beatriz Mora", email="bea@example.test", **NUMBER)
    ContactValue.create(contact=contact, field=fields["Plan"], value="Oro")
    desk = house.desk()
    card = contact_card(house.database, contact.id)
    assert card is not None
    house.offer("c-1", card=card.as_message())
    house.record("c-1")
    with desk.page.expect_response("**/desk/calls/c-1/work"):
        house.talk("c-1")
    Call.update(contact=contact).where(Call.id == "c-1").execute()
    shown = desk.pop("c-1").wait_for_phase("talking")
    expect(_field(shown, fields["Plan"])).to_have_value("Oro")
    expect(shown.field("name")).to_have_value("Beatriz Mora")


def test_the_card_keeps_what_the_engine_told_when_no_record_names_its_contact(house: House) -> None:
    contact = Contact.create(name="Beatriz Mora", email="bea@example.test", **NUMBER)
    desk = house.desk()
    shown = _talking(house, desk, contact, "c-1")
    Call.update(contact=None).where(Call.id == "c-1").execute()
    desk.reload()
    expect(shown.part("additional").locator("label").first).to_be_visible()
    expect(shown.field("name")).to_have_value("Beatriz Mora")
    expect(shown.field("email")).to_have_value("bea@example.test")


def test_additional_fields_are_edited_in_the_card_and_saved_with_the_rest(
    house: House, fields: dict[str, AdditionalField]
) -> None:
    contact = Contact.create(name="Beatriz Mora", **NUMBER)
    ContactValue.create(contact=contact, field=fields["Plan"], value="Bronce")  # not offered any more
    desk = house.desk()
    shown = _talking(house, desk, contact)
    labels = shown.part("additional").locator("label > span")
    expect(labels).to_have_text(["Cédula", "Plan", "Renovación", "Equipos", "Moroso"])
    expect(_field(shown, fields["Plan"])).to_have_value("Bronce")
    expect(shown.part("facts")).not_to_contain_text("Bronce")
    _field(shown, fields["Cédula"]).fill("1-1111-1111")
    _field(shown, fields["Plan"]).select_option("Oro")
    _field(shown, fields["Renovación"]).fill("2027-01-31")
    _field(shown, fields["Equipos"]).fill("dos")
    _field(shown, fields["Moroso"]).select_option(label="No")
    shown.note(comment="Con todo")
    desk.reload()
    shown = desk.pop("c-1")
    expect(_field(shown, fields["Equipos"])).to_have_value("dos")
    expect(_field(shown, fields["Moroso"])).to_have_value("no")
    shown.save()
    error = shown.error(f"field.{fields['Equipos'].id}")
    expect(error).to_be_visible()
    expect(_field(shown, fields["Equipos"])).to_be_focused()
    desk.screenshot("desk-additional")
    assert (_values(contact), Call.get_by_id("c-1").comment) == ({"Plan": "Bronce"}, "")
    _field(shown, fields["Equipos"]).fill("2,5")
    expect(error).to_be_hidden()
    shown.save()
    expect(shown.part("draft")).to_have_text("Todo salvado.")
    assert _values(contact) == {
        "Cédula": "1-1111-1111", "Plan": "Oro", "Renovación": "2027-01-31", "Equipos": "2.5", "Moroso": "no",
    }  # fmt: skip
    assert Call.get_by_id("c-1").comment == "Con todo"
    expect(_field(shown, fields["Equipos"])).to_have_value("2.5")


def test_what_somebody_else_saved_meanwhile_is_said_beside_the_field(
    house: House, fields: dict[str, AdditionalField]
) -> None:
    contact = Contact.create(name="Beatriz Mora", **NUMBER)
    desk = house.desk()
    shown = _talking(house, desk, contact)
    _field(shown, fields["Cédula"]).fill("1-2222-2222")
    shown.note(email="mia@x.example")
    expect(shown.part("draft")).to_have_text("Sin salvar; se conserva aunque recargues.")
    ContactValue.create(contact=contact, field=fields["Cédula"], value="3-3333-3333")
    desk.reload()  # the draft knows on what it was begun
    shown = desk.pop("c-1")
    expect(_field(shown, fields["Cédula"])).to_have_value("1-2222-2222")
    shown.save()
    error = shown.error(f"field.{fields['Cédula'].id}")
    expect(error).to_contain_text("3-3333-3333")
    assert Contact.get_by_id(contact.id).email == "", "all or nothing"
    shown.save()
    expect(shown.part("draft")).to_have_text("Todo salvado.")
    assert _values(contact) == {"Cédula": "1-2222-2222"}
    assert Contact.get_by_id(contact.id).email == "mia@x.example"


@pytest.mark.parametrize("house", [{"control": True}], indirect=True)
def test_a_number_of_several_people_is_chosen_from_in_every_tab(house: House) -> None:
    rows = [Contact.create(name=name, **NUMBER) for name in ("Beatriz Mora", "Carlos Mora", "Diana Mora")]
    desk = house.desk()
    other = house.desk_of_another_computer()
    shown = _talking(house, desk, rows[0])
    expect(shown.part("sharing-title")).to_contain_text("3 contactos")
    choices = shown.part("sharing-list").locator("button")
    expect(choices).to_have_count(3)
    expect(shown.part("sharing-list").locator('[aria-pressed="true"]')).to_contain_text("Beatriz Mora")
    desk.screenshot("desk-sharing")
    choices.filter(has_text="Carlos").focus()
    desk.page.keyboard.press("Enter")
    expect(shown.field("name")).to_have_value("Carlos Mora")
    expect(shown.part("title")).to_have_text("Carlos Mora")
    expect(choices.filter(has_text="Carlos")).to_have_attribute("aria-pressed", "true")
    assert Call.get_by_id("c-1").contact_id == rows[1].id
    elsewhere = other.pop("c-1")
    expect(elsewhere.part("title")).to_have_text("Carlos Mora")
    desk.reload()  # the engine still says Beatriz
    expect(desk.pop("c-1").part("title")).to_have_text("Carlos Mora")

    elsewhere.part("another").dblclick()
    expect(elsewhere.field("name")).to_have_value("")
    expect(elsewhere.field("name")).to_be_focused()
    expect(desk.pop("c-1").field("name")).to_have_value("")
    elsewhere.note(name="Elena Mora", comment="nueva")
    elsewhere.save()
    expect(elsewhere.part("title")).to_have_text("Elena Mora")
    saved = Call.get_by_id("c-1")
    assert (saved.contact.name, saved.contact.phone_key) == ("Elena Mora", "+50688881234")
    assert Contact.get_by_id(rows[0].id).name == "Beatriz Mora"
    assert Contact.select().where(Contact.phone_key == "+50688881234").count() == 4


def test_an_unknown_number_becomes_a_contact_in_one_step(house: House) -> None:
    desk = house.desk()
    house.offer("c-1", calling_number="70707070")
    house.talk("c-1")
    house.record("c-1", calling_number="70707070")
    shown = desk.pop("c-1").wait_for_phase("talking")
    expect(shown.part("sharing")).to_be_hidden()
    shown.note(name="Zoila Vargas")
    shown.part("save").dblclick()
    expect(shown.part("draft")).to_have_text("Todo salvado.")
    until(lambda: Contact.select().where(Contact.phone_key == "+50670707070").count() == 1)
    made = Contact.get(Contact.phone_key == "+50670707070")
    assert (made.name, Call.get_by_id("c-1").contact_id) == ("Zoila Vargas", made.id)
    expect(shown.part("title")).to_have_text("Zoila Vargas")
    house.hang_up("c-1")
