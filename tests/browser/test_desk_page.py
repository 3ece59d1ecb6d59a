"""The desk's page around the calls: log-in, state, keyboard, alerts, languages, sizes."""

from __future__ import annotations

import pytest
from browser.desk_page import DeskPage
from browser.house import PASSWORD, House
from browser.test_desk_pops import CARD
from playwright.sync_api import Page, expect

from models.tables import Agent, Call, CallLeg, IpRule


def test_an_agent_logs_in_and_lands_on_the_desk(house: House) -> None:
    desk = DeskPage(house.page(), house.site.url).log_in(str(house.me.email), PASSWORD)
    desk.wait_for_state("available")
    expect(desk.bar).to_contain_text(str(house.me.name))
    expect(desk.bar).to_contain_text(str(house.me.endpoint))
    expect(desk.state_word).to_have_text("Disponible")
    expect(desk.idle).to_contain_text("Listo para atender")
    agent, _session, address = house.engine.wait("connected", house.me.id)
    assert (agent, address) == (house.me.id, "127.0.0.1")


def test_nobody_sees_the_desk_without_logging_in(house: House) -> None:
    page = house.page()
    page.goto(f"{house.site.url}/desk")
    expect(page).to_have_url(f"{house.site.url}/login?next=/desk")


def test_log_out_says_bye(house: House) -> None:
    desk = house.desk()
    desk.log_out()
    house.engine.wait("bye", house.me.id)
    desk.page.goto(f"{house.site.url}/desk")
    expect(desk.page).to_have_url(f"{house.site.url}/login?next=/desk")


def test_pause_with_a_reason_and_back(house: House) -> None:
    desk = house.desk()
    expect(desk.bar.locator("[data-part=available]")).to_be_hidden()
    desk.pause("Almuerzo")
    house.engine.wait("state", house.me.id, "paused", "Almuerzo")
    desk.wait_for_state("paused")
    expect(desk.state_word).to_have_text("En pausa: Almuerzo")
    expect(desk.idle).to_contain_text("Estás en pausa")
    desk.screenshot("desk-paused")
    desk.go_available()
    house.engine.wait("state", house.me.id, "available", None)
    desk.wait_for_state("available")


def test_a_pause_asked_for_in_a_call_is_told_to_wait_for_its_end(house: House) -> None:
    desk = house.desk()
    call_id = house.offer()
    house.talk(call_id)
    desk.wait_for_state("talking")
    desk.pause("Café")
    house.engine.wait("state", house.me.id, "paused", "Café")


def test_my_last_calls_with_outcome_number_and_disposition(house: House) -> None:
    desk = house.desk()
    expect(desk.recent.first).to_be_visible()
    newest = (
        Call.select(Call)
        .left_outer_join(CallLeg)
        .where((Call.agent == house.me) | (CallLeg.agent == house.me))
        .order_by(Call.offered_at.desc())
        .first()
    )
    assert desk.recent.first.get_attribute("data-call-id") == newest.id
    house.record("c-fresh", calling_number="22223333", offered_at=house.engine.now_ms())
    house.offer("c-x")
    desk.pop("c-x").wait_for_phase("ringing")
    house.engine.close(house.me.id, "c-x", "no_answer")
    expect(desk.recent_of("c-fresh")).to_contain_text("2222 3333")
    expect(desk.recent_of("c-fresh")).to_contain_text("Contestada")
    expect(desk.recent_of("c-fresh")).to_contain_text("0:50")


def test_an_agent_without_calls_is_told_what_will_be_here(house: House) -> None:
    Call.update(agent=None).execute()
    CallLeg.delete().execute()
    desk = house.desk()
    expect(desk.page.locator("#recent [data-part=empty]")).to_contain_text("Todavía no tienes llamadas.")
    desk.screenshot("desk-empty")


def test_an_agent_without_a_phone_is_told(house: House) -> None:
    Agent.update(endpoint=None).where(Agent.id == house.me.id).execute()
    page = house.page()
    page.goto(f"{house.site.url}/login")
    desk = DeskPage(page, house.site.url)
    page.locator("[name=email]").fill(str(house.me.email))
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("form:has([name=password]) button").click()
    page.wait_for_load_state()
    desk.open()
    desk.wait_for_line("stopped")
    expect(desk.banner).to_contain_text("Tu usuario no tiene teléfono asignado.")


def test_a_rule_of_addresses_that_shuts_the_agent_out_stops_the_desk(house: House) -> None:
    desk = house.desk()
    desk.page.wait_for_load_state("networkidle")  # the list of calls is read: nothing but the token is refused first
    IpRule.create(address="10.0.0.0", mask="255.0.0.0", network="10.0.0.0/8")
    house.engine.cut(house.me.id, 4002)  # the desk needs a new token, and the web refuses it
    desk.wait_for_line("stopped")
    expect(desk.banner).to_contain_text("Desde esta dirección de internet no se puede trabajar.")


# ---------------------------------------------------------------- keyboard
def test_a_call_is_taken_noted_and_saved_without_a_mouse(house: House) -> None:
    desk = house.desk()
    keys = desk.page.keyboard
    call_id = house.offer("c-1", card=CARD)
    desk.pop(call_id).wait_for_phase("ringing")
    keys.press("a")
    house.engine.wait("answer", house.me.id, call_id)
    house.talk(call_id)
    house.record(call_id)
    desk.pop(call_id).wait_for_phase("talking")
    keys.press("n")
    expect(desk.pop(call_id).field("comment")).to_be_focused()
    keys.type("Cambió la cita. ¿Contestar? A, a, C")
    keys.press("Escape")
    expect(desk.pop(call_id).field("comment")).not_to_be_focused()
    assert house.engine.of("hangup") == []
    house.hang_up(call_id)
    desk.pop(call_id).wait_for_phase("ended").field("comment").focus()
    keys.press("Control+Enter")
    expect(desk.pops).to_have_count(0)
    assert Call.get_by_id(call_id).comment == "Cambió la cita. ¿Contestar? A, a, C"
    assert len(house.engine.of("answer")) == 1


def test_hanging_up_by_keyboard_needs_two_keys(house: House) -> None:
    desk = house.desk()
    call_id = house.offer()
    house.talk(call_id)
    desk.pop(call_id).wait_for_phase("talking")
    desk.page.keyboard.press("c")
    desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("Shift+C")
    house.engine.wait("hangup", house.me.id, call_id)
    assert len(house.engine.of("hangup")) == 1


def test_a_call_that_rings_is_never_behind_a_dialog(house: House) -> None:
    desk = house.desk()
    desk.page.keyboard.press("?")
    expect(desk.page.locator("#help")).to_be_visible()
    call_id = house.offer()
    expect(desk.page.locator("#help")).to_be_hidden()
    desk.pop(call_id).answer()
    house.engine.wait("answer", house.me.id, call_id)


def test_the_help_lists_the_keys_and_switches_them_off(house: House) -> None:
    desk = house.desk()
    desk.page.keyboard.press("?")
    help_dialog = desk.page.locator("#help")
    expect(help_dialog).to_be_visible()
    desk.screenshot("desk-help")
    help_dialog.get_by_label("Usar los atajos de una tecla").uncheck()
    desk.page.keyboard.press("Escape")
    expect(help_dialog).to_be_hidden()
    call_id = house.offer()
    desk.pop(call_id).wait_for_phase("ringing")
    desk.page.keyboard.press("a")
    desk.pop(call_id).answer()
    house.engine.wait("answer", house.me.id, call_id)
    assert len(house.engine.of("answer")) == 1
    desk.reload()
    expect(desk.page.locator("#shortcuts-on")).not_to_be_checked()


# ---------------------------------------------------------------- alerts
NOTIFICATIONS = """
window.notified = [];
window.Notification = class {
    static permission = "granted";
    static requestPermission = async () => "granted";
    constructor(title, options) { this.title = title; Object.assign(this, options); notified.push(this); }
    close() { this.closed = true; }
};
"""


def test_a_hidden_tab_calls_the_agent(house: House) -> None:
    page: Page = house.page()
    page.add_init_script(NOTIFICATIONS)
    page.context.add_cookies(house.cookies or house.desk().page.context.cookies())
    desk = DeskPage(page, house.site.url).open().wait_for_state("available")
    desk.hide_tab()
    call_id = house.offer(card=CARD)
    desk.pop(call_id).wait_for_phase("ringing")
    expect(page).to_have_title(f"☎ {CARD['name']} · Soporte Técnico Teslín")
    expect(page.locator("link[rel=icon]")).to_have_attribute("href", _ends("icon-ring.svg"))
    shown = page.evaluate("notified.map(({ title, body, tag, closed }) => ({ title, body, tag, closed: !!closed }))")
    assert shown == [
        {"title": "Soporte Técnico Teslín", "body": f"{CARD['name']}\n8888 1234", "tag": call_id, "closed": False}
    ]
    house.engine.close(house.me.id, call_id, "caller_gone")
    expect(page).to_have_title("Escritorio · Centralita")
    expect(page.locator("link[rel=icon]")).to_have_attribute("href", _ends("icon-idle.svg"))
    assert page.evaluate("notified[0].closed") is True


def _ends(name: str) -> object:
    import re

    return re.compile(re.escape(name) + "$")


def test_notifications_are_offered_politely_and_not_twice(house: House) -> None:
    desk = house.desk()
    offer = desk.page.locator("#notify-offer")
    if desk.page.evaluate("Notification.permission") != "default":
        pytest.skip("this browser has decided about notifications already")
    expect(offer).to_be_visible()
    offer.get_by_role("button", name="Ahora no").click()
    desk.reload()
    desk.wait_for_state("available")
    expect(offer).to_be_hidden()


# ---------------------------------------------------------------- languages and sizes
def test_the_language_switch(house: House) -> None:
    desk = house.desk()
    desk.open_my_menu().get_by_role("button", name="English").click()
    expect(desk.page.locator("html")).to_have_attribute("lang", "en")
    desk.wait_for_state("available")
    expect(desk.state_word).to_have_text("Available")  # said by a script
    call_id = house.offer(card=CARD)
    shown = desk.pop(call_id).wait_for_phase("ringing")
    expect(shown.part("answer")).to_have_text("Answer")  # in the page
    expect(shown.part("hangup")).to_have_text("Decline")
    desk.screenshot("desk-english")
    desk.reload()
    expect(desk.pop(call_id).part("answer")).to_have_text("Answer")


def test_on_a_phone_nothing_is_cut_off_and_the_buttons_are_within_reach(house: House) -> None:
    desk = house.desk(viewport={"width": 360, "height": 740}, has_touch=True)
    desk.screenshot("desk-phone-idle")
    house.offer("c-1", card=CARD, pop_up_url="https://intranet.example/x", center={"name": "Clínica Dental Sonrisa"})
    shown = desk.pop("c-1").wait_for_phase("ringing")
    expect(shown.part("answer")).to_be_in_viewport(ratio=1)
    expect(shown.part("hangup")).to_be_in_viewport(ratio=1)
    expect(shown.part("center-name")).to_be_in_viewport(ratio=1)
    desk.screenshot("desk-phone-ringing")
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= 360
    box = shown.part("answer").bounding_box()
    assert box is not None
    assert box["height"] >= 44


def test_words_and_their_background_contrast_enough(house: House) -> None:
    """WCAG 2.2 AA (1.4.3): 4.5:1, or 3:1 for large text; measured on what is on the screen."""
    desk = house.desk()
    faint = desk.page.evaluate(FAINT)
    house.offer("c-1", card=CARD)
    desk.pop("c-1").wait_for_phase("ringing")
    faint += desk.page.evaluate(FAINT)
    assert faint == []


FAINT = """() => {
    const parse = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
    const light = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const color = parse(getComputedStyle(at).backgroundColor);
            if (color.length && (color[3] ?? 1) === 1) return color;
        }
        return [255, 255, 255];
    };
    const faint = [];
    for (const element of document.body.querySelectorAll("*")) {
        const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
        const unseen = !element.checkVisibility({ visibilityProperty: true });
        if (!own || unseen || element.closest(".skip, .unseen, :disabled")) continue;
        const style = getComputedStyle(element);
        const [one, two] = [light(parse(style.color)), light(ground(element))].sort((a, b) => b - a);
        const ratio = (one + 0.05) / (two + 0.05);
        const size = parseFloat(style.fontSize);
        const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
        if (ratio < (large ? 3 : 4.5)) faint.push([element.textContent.trim(), ratio.toFixed(2), style.color]);
    }
    return faint;
}"""
