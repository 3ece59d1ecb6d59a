"""Disposition, comment, the contact's data: kept as typed, saved once, never lost."""

from __future__ import annotations

from browser.desk_page import DeskPage, PopOnPage
from browser.house import House
from browser.scripted_engine import until
from browser.test_desk_pops import CARD
from playwright.sync_api import expect

from models.callers import contact_card
from models.tables import Agent, Call, Company, Contact, Disposition


def _ended(house: House, desk: DeskPage, call_id: str = "centralita-1764000000.7", **changes: object) -> PopOnPage:
    """A call that `me` has talked on; its pop waits for its notes."""
    house.offer(call_id, **changes)
    house.talk(call_id)
    desk.pop(call_id).wait_for_phase("talking")
    house.hang_up(call_id)
    return desk.pop(call_id).wait_for_phase("ended")


def _contact(house: House) -> tuple[Contact, dict[str, object]]:
    """A contact with a name, and the card that the engine would show."""
    contact = Contact.select().where(Contact.name != "", Contact.company.is_null(False)).first()
    card = contact_card(house.database, contact.id)
    assert card is not None
    return contact, card.as_message()


def test_save_writes_the_call_and_the_contact_and_takes_the_pop_away(house: House) -> None:
    desk = house.desk()
    contact, card = _contact(house)
    company = Company.select().where(Company.id != contact.company_id).first()
    shown = _ended(house, desk, "c-1", card=card)
    house.record("c-1", contact_id=contact.id)
    shown.note(
        disposition="Resuelto",
        comment="Se reinició el equipo.\nQuedó funcionando: ñandú, €.",
        name="Beatriz Hernández de León",
        email="beatriz@nueva.example",
        company=company.name,
    )
    desk.screenshot("desk-notes")
    shown.save()
    expect(desk.pops).to_have_count(0)
    expect(desk.toasts.last).to_contain_text("Salvado.")
    house.engine.wait("done", house.me.id, "c-1")

    saved = Call.get_by_id("c-1")
    assert saved.disposition.name == "Resuelto"
    assert saved.comment == "Se reinició el equipo.\nQuedó funcionando: ñandú, €."
    assert saved.saved_by_id == house.me.id
    assert saved.saved_at is not None
    changed = Contact.get_by_id(contact.id)
    assert (changed.name, changed.email) == ("Beatriz Hernández de León", "beatriz@nueva.example")
    assert changed.company_id == company.id
    assert changed.disposition.name == "Resuelto"
    assert "leon" in changed.search
    row = desk.recent_of("c-1")
    expect(row).to_contain_text("Beatriz Hernández de León")
    expect(row).to_contain_text("Contestada")
    expect(row).to_contain_text("Resuelto")
    desk.screenshot("desk-idle")


def test_what_was_typed_survives_a_reload_and_a_crash(house: House) -> None:
    desk = house.desk()
    call_id = house.offer("c-1", card=CARD)
    house.talk(call_id)
    shown = desk.pop(call_id).wait_for_phase("talking")
    shown.note(disposition="Volver a llamar", comment="Mañana a las cuatro", email="nueva@correo.example")
    desk.reload()
    _expect_draft(desk.pop(call_id).wait_for_phase("talking"))
    # The tab goes without a word, the session stays.
    again = DeskPage(desk.page.context.new_page(), desk.url)
    desk.page.close(run_before_unload=False)
    again.open().wait_for_state("talking")
    _expect_draft(again.pop(call_id))
    expect(again.pop(call_id).part("draft")).to_have_text("Sin salvar; se conserva aunque recargues.")


def _expect_draft(shown: PopOnPage) -> None:
    expect(shown.field("comment")).to_have_value("Mañana a las cuatro")
    expect(shown.field("email")).to_have_value("nueva@correo.example")
    expect(shown.field("name")).to_have_value(str(CARD["name"]))
    assert shown.field("disposition").evaluate("(list) => list.selectedOptions[0].text") == "Volver a llamar"


def test_errors_stand_beside_their_fields_and_nothing_is_half_saved(house: House) -> None:
    desk = house.desk()
    contact, card = _contact(house)
    shown = _ended(house, desk, "c-1", card=card)
    house.record("c-1", contact_id=contact.id)
    shown.note(disposition="Resuelto", comment="bien", email="no es un correo", company="Compañía que no existe")
    shown.save()
    expect(shown.error("email")).to_be_visible()
    expect(shown.error("email")).to_contain_text("no es un correo")
    expect(shown.error("company")).to_be_visible()
    expect(shown.field("email")).to_have_attribute("aria-invalid", "true")
    expect(shown.error("comment")).to_be_hidden()
    desk.screenshot("desk-errors")
    assert Call.get_by_id("c-1").saved_at is None
    assert Call.get_by_id("c-1").comment == ""
    assert Contact.get_by_id(contact.id).email == contact.email
    shown.note(email="ahora@si.example", company="")
    expect(shown.error("email")).to_be_hidden()
    shown.save()
    expect(desk.pops).to_have_count(0)
    saved = Contact.get_by_id(contact.id)
    assert (saved.email, saved.company_id) == ("ahora@si.example", None)


def test_save_that_overtakes_the_engines_writer_waits_for_it(house: House) -> None:
    desk = house.desk()
    refused: list[int] = []
    desk.page.on("response", lambda answer: refused.append(answer.status) if answer.status == 409 else None)
    shown = _ended(house, desk, "c-1")
    shown.note(comment="más rápido que el registro")
    shown.save()
    expect(shown.part("save-word")).to_have_text("Salvando…")
    until(lambda: desk.page.evaluate("1") and refused, "the first try came too early")
    house.record("c-1")
    expect(desk.pops).to_have_count(0)
    assert Call.get_by_id("c-1").comment == "más rápido que el registro"


def test_a_call_of_somebody_else_cannot_be_saved(house: House) -> None:
    desk = house.desk()
    shown = _ended(house, desk, "c-1")
    house.record("c-1", agent=Agent.get(Agent.endpoint == "8330102"))
    shown.note(comment="no es mía")
    shown.save()
    expect(desk.toasts.last).to_contain_text("Esta llamada es de otra persona")
    assert Call.get_by_id("c-1").comment == ""


def test_a_session_that_ended_keeps_the_note(house: House) -> None:
    desk = house.desk()
    shown = _ended(house, desk, "c-1")
    house.record("c-1")
    shown.note(comment="lo último que escribí")
    Agent.update(session_epoch=Agent.session_epoch + 1).where(Agent.id == house.me.id).execute()
    shown.save()
    expect(desk.toasts.last).to_contain_text("Tu sesión terminó.")
    again = DeskPage(desk.page, desk.url).log_in(str(house.me.email), "una clave solo de prueba")
    expect(again.pop("c-1").field("comment")).to_have_value("lo último que escribí")
    again.pop("c-1").save()
    expect(again.pops).to_have_count(0)
    assert Call.get_by_id("c-1").comment == "lo último que escribí"


def test_the_webs_absence_keeps_the_note(house: House) -> None:
    desk = house.desk()
    shown = _ended(house, desk, "c-1")
    house.record("c-1")
    shown.note(comment="sin red")
    desk.page.context.set_offline(True)
    shown.save()
    expect(desk.toasts.last).to_contain_text("No hay conexión con el servidor.")
    desk.page.context.set_offline(False)
    shown.save()
    expect(desk.pops).to_have_count(0)
    assert Call.get_by_id("c-1").comment == "sin red"


def test_closing_without_saving_asks_first(house: House) -> None:
    desk = house.desk()
    shown = _ended(house, desk, "c-1")
    house.record("c-1")
    shown.note(comment="casi perdida")
    shown.close()
    desk.page.get_by_role("button", name="Seguir escribiendo").click()
    expect(shown.field("comment")).to_have_value("casi perdida")
    shown.close()
    desk.page.get_by_role("button", name="Descartar la nota").click()
    expect(desk.pops).to_have_count(0)
    house.engine.wait("done", house.me.id, "c-1")
    assert Call.get_by_id("c-1").saved_at is None


def test_notes_of_a_call_that_went_away_are_finished_from_my_last_calls(house: House) -> None:
    desk = house.desk()
    call_id = house.offer("c-1")
    desk.pop(call_id).wait_for_phase("ringing").note(comment="preguntaba por su factura")
    expect(desk.pop(call_id).part("save")).to_be_disabled()
    house.record(call_id)
    house.engine.close(house.me.id, call_id, "caller_gone")
    expect(desk.toasts.filter(has_text="Tu nota quedó guardada en Mis últimas llamadas.")).to_be_visible()
    expect(desk.recent_of(call_id)).to_contain_text("Nota sin salvar")
    desk.recent_of(call_id).get_by_role("button", name="Abrir").click()
    shown = desk.pop(call_id).wait_for_phase("past")
    expect(shown.field("comment")).to_have_value("preguntaba por su factura")
    shown.note(disposition="Volver a llamar")
    shown.save()
    expect(desk.pops).to_have_count(0)
    expect(desk.recent_of(call_id)).to_contain_text("Volver a llamar")
    assert Call.get_by_id(call_id).comment == "preguntaba por su factura"
    assert house.engine.of("done") == []


def test_saved_while_talking_then_reloaded_shows_what_is_saved(house: House) -> None:
    desk = house.desk()
    call_id = house.offer("c-1")
    house.talk(call_id)
    house.record(call_id)
    shown = desk.pop(call_id).wait_for_phase("talking")
    shown.note(disposition="Resuelto", comment="primera parte", name="Don Efraín")
    shown.save()
    expect(shown.part("draft")).to_have_text("Todo salvado.")
    desk.reload()
    shown = desk.pop(call_id).wait_for_phase("talking")
    expect(shown.field("comment")).to_have_value("primera parte")
    house.hang_up(call_id)
    shown.wait_for_phase("ended").note(comment="primera parte, y la segunda")
    shown.save()
    expect(desk.pops).to_have_count(0)
    saved = Call.get_by_id(call_id)
    assert (saved.comment, saved.disposition.name) == ("primera parte, y la segunda", "Resuelto")


def test_saved_while_the_line_was_cut_is_not_shown_again(house: House) -> None:
    desk = house.desk()
    shown = _ended(house, desk, "c-1")
    house.record("c-1")
    shown.note(comment="sin la central")
    house.engine.stop()
    expect(desk.banner).to_be_visible()
    shown.save()
    expect(desk.pops).to_have_count(0)
    house.engine.show_before_start(house.me.id, {**_pop_of_ended("c-1")})
    house.engine.start()
    house.engine.wait("done", house.me.id, "c-1")
    expect(desk.pops).to_have_count(0)


def _pop_of_ended(call_id: str) -> dict[str, object]:
    from browser.desk_page import pop

    return pop(call_id, phase="ended", answered_at=1, ended_at=2)


def test_an_unknown_caller_gets_a_name(house: House) -> None:
    desk = house.desk()
    shown = _ended(house, desk, "c-1", calling_number="70707070")
    house.record("c-1", calling_number="70707070")
    shown.note(name="Zoila Umaña")
    shown.save()
    expect(desk.pops).to_have_count(0)
    contact = Call.get_by_id("c-1").contact
    assert (contact.name, contact.phone_key) == ("Zoila Umaña", "+50670707070")


def test_dispositions_are_the_active_ones_in_order(house: House) -> None:
    desk = house.desk()
    shown = _ended(house, desk, "c-1")
    offered = shown.field("disposition").locator("option").all_inner_texts()[1:]
    active = Disposition.select().where(Disposition.active).order_by(Disposition.position, Disposition.name)
    assert offered == [row.name for row in active]
    assert "Promoción 2019" not in offered
