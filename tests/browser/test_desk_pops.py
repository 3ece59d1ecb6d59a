"""The screen pop in a real browser: what an agent sees, in which colour, and what stays inert."""

from __future__ import annotations

from typing import Any

from browser.desk_page import pop, rgb
from browser.house import House
from browser.scripted_engine import until
from playwright.sync_api import expect

from models.values.color import contrast, readable_ink

CARD: dict[str, Any] = {
    "contact_id": 7,
    "name": "Beatriz Hernández Céspedes",
    "phone": "24510002",
    "email": "beatriz@correo.example",
    "company": "Ferretería El Ñato",
    "disposition": "Venta realizada",
    "agent_in_charge": "José Ángel Brenes",
    "fields": [{"name": "Cédula", "value": "2-0401-0037"}, {"name": "Provincia", "value": "Alajuela"}],
    "calls": [
        {"call_id": f"c{n}", "at": 1764000000000 - n * 86400000, "call_center": "Ventas Café del Monte",
         "outcome": "answered" if n % 2 else "abandoned", "agent": "Sofía Chacón", "disposition": "Resuelto",
         "comment": f"Nota {n}"}
        for n in range(1, 6)
    ],
}  # fmt: skip


def test_pop_is_painted_in_the_call_centers_colour_and_acknowledged(house: House) -> None:
    desk = house.desk()
    call_id = house.offer(
        card=CARD, calling_number="24510002", pop_up_url="https://intranet.example/clientes?tel=24510002"
    )
    shown = desk.pop(call_id).wait_for_phase("ringing")
    shown.expect_call(
        center="Soporte Técnico Teslín", color="#1f6feb", called="40004000", number="24510002", name=CARD["name"]
    )
    for text in ("José Ángel Brenes", "Venta realizada", "2-0401-0037", "Alajuela"):
        expect(shown.part("facts")).to_contain_text(text)
    expect(shown.field("company")).to_have_value("Ferretería El Ñato")
    expect(shown.field("email")).to_have_value("beatriz@correo.example")
    expect(shown.part("calls").locator("li")).to_have_count(5)
    link = shown.part("pop-up")
    expect(link).to_have_attribute("href", "https://intranet.example/clientes?tel=24510002")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(link).to_have_attribute("target", "_blank")
    _, _, seq = house.engine.wait("ack", house.me.id, call_id)
    assert seq > 0
    expect(desk.page.locator("#announcer")).to_contain_text("Beatriz Hernández Céspedes")
    desk.wait_for_state("ringing")
    desk.screenshot("desk-ringing")


def test_acknowledged_after_the_paint_not_before(house: House) -> None:
    desk = house.desk()
    desk.page.evaluate(
        "() => { window.frames_wanted = []; window.requestAnimationFrame = (f) => frames_wanted.push(f); }"
    )
    call_id = house.offer()
    desk.pop(call_id).wait_for_phase("ringing")
    until(lambda: desk.page.evaluate("frames_wanted.length"), "a frame was asked for")
    assert house.engine.of("ack") == []
    desk.page.evaluate("frames_wanted.forEach((frame) => frame(performance.now()))")
    house.engine.wait("ack", house.me.id, call_id)


def test_hidden_tab_paints_no_frames_and_acknowledges_at_once(house: House) -> None:
    desk = house.desk()
    desk.page.evaluate("() => { window.requestAnimationFrame = () => 0; }")
    desk.hide_tab()
    house.engine.wait("ack", house.me.id, house.offer())


def test_ink_is_readable_on_every_colour(house: House) -> None:
    desk = house.desk()
    for number, color in enumerate(("#ffd33d", "#0a3d2e", "#8a8a8a", "#d1500f", "#ffffff", "#000000")):
        call_id = house.offer(f"c-{number}", center={"color": color})
        shown = desk.pop(call_id).wait_for_phase("ringing")
        expect(shown.band).to_have_css("background-color", rgb(color))
        expect(shown.band).to_have_css("color", rgb(readable_ink(color)))
        assert contrast(color, readable_ink(color)) >= 4.5
        house.engine.close(house.me.id, call_id, "caller_gone")


def test_updates_change_only_what_they_name(house: House) -> None:
    desk = house.desk()
    call_id = house.offer()
    shown = desk.pop(call_id).wait_for_phase("ringing")
    expect(shown.part("card-waiting")).to_be_visible()
    expect(shown.part("title")).to_have_text("8888 1234")
    shown.field("comment").fill("antes de la ficha")
    shown.field("name").fill("La señora de la tienda")

    house.engine.update(house.me.id, call_id, card=CARD)
    expect(shown.part("card-waiting")).to_be_hidden()
    expect(shown.part("title")).to_have_text(CARD["name"])
    expect(shown.part("number")).to_have_text("8888 1234")
    expect(shown.field("email")).to_have_value(CARD["email"])
    expect(shown.field("comment")).to_have_value("antes de la ficha")
    expect(shown.field("name")).to_have_value("La señora de la tienda")

    house.talk(call_id)
    shown.wait_for_phase("talking")
    expect(shown.part("answer")).to_be_hidden()
    expect(shown.part("hangup")).to_have_text("Colgar")
    desk.wait_for_state("talking")

    house.hang_up(call_id)
    shown.wait_for_phase("ended")
    expect(shown.part("hangup")).to_be_hidden()
    expect(shown.part("close")).to_be_visible()
    desk.wait_for_state("wrap_up")


def test_answer_and_hang_up_go_to_the_engine_once(house: House) -> None:
    desk = house.desk()
    call_id = house.offer()
    shown = desk.pop(call_id)
    shown.answer()
    house.engine.wait("answer", house.me.id, call_id)
    expect(shown.part("answer")).to_be_disabled()
    house.talk(call_id)
    shown.wait_for_phase("talking").hang_up()
    house.engine.wait("hangup", house.me.id, call_id)
    assert len(house.engine.of("answer")) == len(house.engine.of("hangup")) == 1


def test_a_phone_that_is_not_virtual_is_answered_at_the_phone(house: House) -> None:
    desk = house.desk()
    house.offer(can_answer=False)
    shown = desk.pop().wait_for_phase("ringing")
    expect(shown.part("answer")).to_be_hidden()
    expect(shown.part("on-phone")).to_be_visible()
    expect(shown.part("hangup")).to_have_text("Rechazar")


REASONS = {
    "answered_elsewhere": "Otra persona contestó la llamada de 8888 1234.",
    "caller_gone": "8888 1234 colgó antes de que contestaras.",
    "no_answer": "No contestaste la llamada de 8888 1234 a tiempo.",
    "declined": "Rechazaste la llamada de 8888 1234.",
    "failed": "La llamada de 8888 1234 no llegó a tu teléfono.",
}


def test_each_reason_of_a_closed_pop_is_told_in_words(house: House) -> None:
    desk = house.desk()
    for reason, words in REASONS.items():
        call_id = house.offer(f"c-{reason}")
        desk.pop(call_id).wait_for_phase("ringing")
        house.engine.close(house.me.id, call_id, reason)
        expect(desk.pops).to_have_count(0)
        expect(desk.toasts.last).to_have_text(f"{words}×")
        expect(desk.idle).to_be_visible()


def test_a_problem_is_told_and_the_button_works_again(house: House) -> None:
    desk = house.desk()
    call_id = house.offer()
    desk.pop(call_id).answer()
    house.engine.wait("answer")
    house.engine.problem(house.me.id, "no_such_call", call_id)
    expect(desk.toasts.first).to_contain_text("Esa llamada ya no está.")
    expect(desk.pop(call_id).part("answer")).to_be_enabled()


def test_hidden_number_and_unknown_call_center(house: House) -> None:
    desk = house.desk()
    house.engine.offer(house.me.id, pop("c-1", calling_number=None, caller_name=None) | {"call_center": None})
    shown = desk.pop("c-1").wait_for_phase("ringing")
    expect(shown.part("title")).to_have_text("Número oculto")
    expect(shown.part("center-name")).to_have_text("Llamada")


def test_reload_shows_the_call_again_with_its_phase(house: House) -> None:
    desk = house.desk()
    call_id = house.offer(card=CARD)
    house.talk(call_id)
    desk.pop(call_id).wait_for_phase("talking")
    desk.reload()
    shown = desk.pop(call_id).wait_for_phase("talking")
    expect(desk.pops).to_have_count(1)
    shown.expect_call(
        center="Soporte Técnico Teslín", color="#1f6feb", called="40004000", number="88881234", name=CARD["name"]
    )


def test_second_call_does_not_disturb_who_is_writing(house: House) -> None:
    desk = house.desk()
    first = house.offer("c-1", card=CARD)
    house.talk(first)
    house.hang_up(first)
    comment = desk.pop(first).wait_for_phase("ended").field("comment")
    comment.click()
    comment.press_sequentially("Pide que le ")
    second = house.offer("c-2", calling_number="70001111", center={"name": "Línea General", "color": "#d1500f"})
    expect(desk.incoming).to_be_visible()
    expect(desk.incoming).to_have_css("background-color", rgb("#d1500f"))
    expect(desk.incoming).to_contain_text("Línea General")
    house.engine.wait("ack", house.me.id, second)
    comment.press_sequentially("llamen a las cuatro")  # an "a" among it, which would answer
    expect(comment).to_have_value("Pide que le llamen a las cuatro")
    assert house.engine.of("answer") == []
    desk.screenshot("desk-second-call")
    desk.incoming.get_by_role("button", name="Contestar").click()
    house.engine.wait("answer", house.me.id, second)
    expect(desk.pop().part("center-name")).to_have_text("Línea General")
    expect(desk.tabs).to_have_count(2)
    desk.tabs.nth(0).click()
    expect(desk.pop(first).field("comment")).to_have_value("Pide que le llamen a las cuatro")


def test_second_call_comes_to_the_front_when_nobody_writes(house: House) -> None:
    desk = house.desk()
    first = house.offer("c-1")
    house.talk(first)
    house.hang_up(first)
    desk.pop(first).wait_for_phase("ended")
    house.offer("c-2", center={"name": "Línea General", "color": "#d1500f"})
    expect(desk.pop().part("center-name")).to_have_text("Línea General")
    house.engine.close(house.me.id, "c-2", "caller_gone")
    expect(desk.pop().part("center-name")).to_have_text("Soporte Técnico Teslín")


XSS = '<img src=x onerror="window.hurt=1"><script>window.hurt=1</script>'


def test_markup_from_a_caller_is_text(house: House) -> None:
    desk = house.desk()
    card = {
        **CARD, "name": f"Ana {XSS}", "company": XSS, "email": XSS, "disposition": XSS, "agent_in_charge": XSS,
        "fields": [{"name": XSS, "value": XSS}], "calls": [{**CARD["calls"][0], "comment": XSS, "call_center": XSS,
                                                           "agent": XSS, "disposition": XSS, "outcome": XSS}],
    }  # fmt: skip
    call_id = house.offer(
        card=card, caller_name=XSS, calling_number=XSS, called_number=XSS, center={"name": XSS, "color": "red;} body{"}
    )
    shown = desk.pop(call_id).wait_for_phase("ringing")
    expect(shown.part("title")).to_have_text(f"Ana {XSS}")
    house.engine.close(house.me.id, call_id, "caller_gone")
    expect(desk.toasts).to_contain_text([f"Ana {XSS}"])
    assert desk.page.evaluate("window.hurt") is None
    assert desk.page.locator("#stage img[src=x], #toasts img, #stage script").count() == 0


def test_pop_up_link_is_a_web_address_or_none(house: House) -> None:
    desk = house.desk()
    bad = ("javascript:window.hurt=1", "data:text/html,<script>1</script>", "JaVaScRiPt:1", "//x.example", "ftp://x")
    for number, address in enumerate(bad):
        call_id = house.offer(f"c-{number}", pop_up_url=address)
        link = desk.pop(call_id).wait_for_phase("ringing").part("pop-up")
        expect(link).to_be_hidden()
        assert link.get_attribute("href") is None
        house.engine.close(house.me.id, call_id, "caller_gone")


def test_logo_of_our_own_web_is_shown_and_a_foreign_one_never_asked_for(house: House) -> None:
    desk = house.desk()
    asked: list[str] = []
    desk.page.on("request", lambda request: asked.append(request.url))
    house.offer("c-1", center={"logo_url": "https://tracker.example/pixel.png"})
    shown = desk.pop("c-1").wait_for_phase("ringing")
    expect(shown.part("logo")).to_be_hidden()
    expect(shown.part("initials")).to_have_text("ST")
    house.engine.close(house.me.id, "c-1", "caller_gone")
    from models.tables import CallCenter

    center = CallCenter.get(CallCenter.name == "Soporte Técnico Teslín")
    house.offer("c-2", center={"logo_url": f"/logos/{center.logo_sha256}"})
    logo = desk.pop("c-2").wait_for_phase("ringing").part("logo")
    expect(logo).to_be_visible()
    until(lambda: logo.evaluate("(image) => image.complete && image.naturalWidth > 0"), "the picture is there")
    assert [url for url in asked if "tracker" in url] == []
