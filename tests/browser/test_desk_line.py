"""The desk's line to the engine: heartbeats, cuts, every closing code, the clock."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from browser.desk_page import DeskPage, pop
from browser.house import House
from browser.scripted_engine import until
from playwright.sync_api import expect

from admin.desk import assets

QUICK_HEART = {"heartbeat_seconds": 1.0}


def test_a_cut_shows_a_quiet_banner_and_heals_without_showing_a_call_twice(house: House) -> None:
    desk = house.desk()
    call_id = house.offer()
    house.talk(call_id)
    shown = desk.pop(call_id).wait_for_phase("talking")
    shown.field("comment").fill("a medio escribir")
    shown.root.evaluate("(pop) => { pop.mine = 'the same element'; }")
    announced = desk.page.evaluate(
        """() => { window.announcements = 0;
            new MutationObserver(() => { announcements += 1; })
                .observe(document.getElementById("announcer"), { childList: true, characterData: true, subtree: true });
        }"""
    )
    assert announced is None
    assert house.engine.cut(house.me.id, 4005) == 1
    house.engine.wait("connected", house.me.id, count=2)
    desk.wait_for_state("talking")
    expect(desk.pops).to_have_count(1)
    assert shown.root.evaluate("(pop) => pop.mine") == "the same element"
    expect(shown.field("comment")).to_have_value("a medio escribir")
    expect(shown.field("comment")).to_be_focused()
    assert desk.page.evaluate("announcements") == 0


def test_what_happened_during_a_cut_is_true_after_the_welcome(house: House) -> None:
    desk = house.desk()
    gone, ended = house.offer("c-gone"), house.offer("c-ended")
    house.talk(ended)
    desk.pop(ended).wait_for_phase("talking")
    house.engine.stop()
    expect(desk.banner).to_be_visible()
    expect(desk.banner).to_contain_text("Reconectando…")
    expect(desk.state_word).to_have_text("Conectando…")
    desk.screenshot("desk-reconnecting")
    # Another engine comes up on the same port: it knows that one call ended, not the other one, and of a third.
    house.engine.show_before_start(house.me.id, pop(ended, phase="ended", answered_at=1, ended_at=2))
    house.engine.show_before_start(house.me.id, pop("c-new", center={"name": "Línea General"}))
    house.engine.states[house.me.id] = ("paused", "Almuerzo")
    house.engine.start()
    desk.wait_for_line("open").wait_for_state("paused")
    expect(desk.banner).to_be_hidden()
    expect(desk.state_word).to_have_text("En pausa: Almuerzo")
    expect(desk.pop(gone).root).to_have_count(0)
    desk.pop(ended).wait_for_phase("ended")
    desk.pop("c-new").wait_for_phase("ringing")
    house.engine.wait("ack", house.me.id, "c-new")


@pytest.mark.parametrize("house", [QUICK_HEART], indirect=True)
def test_a_hidden_tab_and_a_busy_page_keep_the_state(house: House) -> None:
    """Three silent heartbeats and the engine cuts (4006). The page's own thread stands still for five."""
    desk = house.desk()
    desk.hide_tab()
    desk.page.evaluate("() => { const end = performance.now() + 5000; while (performance.now() < end); }")
    assert house.engine.of("disconnected") == []
    assert house.engine.is_connected(house.me.id)
    desk.wait_for_state("available")


@pytest.mark.parametrize("house", [QUICK_HEART], indirect=True)
def test_without_heartbeats_the_engine_would_cut(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The counter-proof of the test above: a Worker that does not beat is cut, and the desk comes back."""
    muted = shutil.copytree(assets.STATIC, tmp_path / "muted") / "connection-worker.js"
    beat = 'send({ type: "beat" })'
    assert beat in muted.read_text("utf-8")
    muted.write_text(muted.read_text("utf-8").replace(beat, "null"), "utf-8")
    monkeypatch.setattr(assets, "STATIC", muted.parent)
    monkeypatch.setattr(assets, "version", lambda: "muted")
    desk = house.desk()
    house.engine.wait("disconnected", house.me.id, True, 4006, seconds=20)
    house.engine.wait("connected", house.me.id, count=2)
    desk.wait_for_state("available")


@pytest.mark.parametrize("code", [1001, 1011, 4002, 4005, 4006])
def test_codes_after_which_the_desk_comes_back_by_itself(house: House, code: int) -> None:
    desk = house.desk()
    house.engine.cut(house.me.id, code)
    house.engine.wait("connected", house.me.id, count=2)
    desk.wait_for_state("available")
    expect(desk.banner).to_be_hidden()


@pytest.mark.parametrize("code", [4000, 1009])
def test_codes_after_which_the_desk_comes_back_once_and_then_tells(house: House, code: int) -> None:
    desk = house.desk()
    house.engine.cut(house.me.id, code)
    house.engine.wait("connected", house.me.id, count=2)
    desk.wait_for_state("available")
    house.engine.cut(house.me.id, code)
    desk.wait_for_line("stopped")
    expect(desk.banner).to_contain_text("La central no entendió a esta página.")
    desk.banner.get_by_role("button", name="Volver a intentar").click()
    desk.wait_for_state("available")


def test_a_token_that_is_refused_twice_leads_to_the_log_in_but_not_in_circles(house: House) -> None:
    desk = house.desk()
    house.engine.stop()
    house.engine.change_key()
    # The web's session is good in this test, so its log-in page sends the agent straight back.
    with desk.page.expect_navigation(url="**/desk"):
        house.engine.start()
    desk.wait_for_line("stopped")
    expect(desk.banner).to_contain_text("Tu sesión terminó. Vuelve a entrar")
    expect(desk.banner.get_by_role("link", name="Entrar")).to_be_visible()
    assert len(house.engine.of("connected")) == 1


def test_an_address_that_is_not_allowed_is_told(house: House) -> None:
    desk = house.desk()
    house.engine.cut(house.me.id, 4003)
    desk.wait_for_line("stopped")
    expect(desk.banner).to_contain_text("Desde esta dirección de internet no se puede trabajar.")
    expect(desk.idle).to_contain_text("Sin conexión con la central")
    desk.screenshot("desk-address-refused")
    desk.banner.get_by_role("button", name="Volver a intentar").click()
    desk.wait_for_state("available")


def test_an_ended_session_goes_to_the_log_in_and_does_not_go_round_in_circles(house: House) -> None:
    desk = house.desk()
    # The web knows nothing of it in this test, so its log-in page sends the agent straight back to the desk.
    with desk.page.expect_navigation(url="**/desk"):
        house.engine.cut(house.me.id, 4004)
    desk.wait_for_line("stopped")
    expect(desk.banner).to_contain_text("Tu sesión fue cerrada.")
    expect(desk.banner.get_by_role("link", name="Entrar")).to_be_visible()


def test_one_tab_too_many_says_so_and_stays_off(house: House) -> None:
    desk = house.desk()
    house.engine.cut(house.me.id, 4008)
    desk.wait_for_line("stopped")
    expect(desk.banner).to_contain_text("demasiadas pestañas")
    assert len(house.engine.of("connected")) == 1


def test_the_engines_clock_counts_not_the_computers(house: House) -> None:
    house.engine.clock_ahead_ms = 3 * 3_600_000
    desk = house.desk()
    call_id = house.offer(offered_at=house.engine.now_ms() - 61_000)
    timer = desk.pop(call_id).wait_for_phase("ringing").part("timer")
    until(lambda: timer.inner_text() in ("1:01", "1:02", "1:03", "1:04", "1:05", "1:06"), "a minute of ringing")
    # Somebody corrects the computer's clock: nothing jumps.
    desk.page.evaluate("() => { const real = Date.now; Date.now = () => real() + 36e5; }")
    before = timer.inner_text()
    until(lambda: timer.inner_text() != before, "the timer goes on")
    assert timer.inner_text().startswith("1:")
    assert desk.state_time.inner_text().startswith("0:")


def test_two_tabs_show_the_same_and_either_may_answer(house: House) -> None:
    first = house.desk()
    second = DeskPage(first.page.context.new_page(), first.url).open()
    second.wait_for_state("available")
    call_id = house.offer()
    for desk in (first, second):
        desk.pop(call_id).wait_for_phase("ringing")
    second.pop(call_id).answer()
    house.engine.wait("answer", house.me.id, call_id)
    house.talk(call_id)
    first.pop(call_id).wait_for_phase("talking")
    first.pop(call_id).field("comment").fill("escrito en la primera")
    expect(second.pop(call_id).field("comment")).to_have_value("escrito en la primera")


DECISIONS = """async (url) => {
    const { Troubles, afterClose, backOff } = await import(url);
    const troubles = new Troubles();
    const twice = (code) => [afterClose(code, troubles), afterClose(code, troubles)].map(
        ({ action, why, waitMs }) => [action, why, waitMs]);
    const codes = [1000, 1001, 1006, 1007, 1009, 1011, 4000, 4001, 4002, 4003, 4004, 4005, 4006, 4007, 4008];
    return {
        codes: Object.fromEntries(codes.map((code) => [code, twice(code)])),
        waits: [0, 1, 2, 3, 9].map((attempt) => [backOff(attempt, 0, 0), backOff(attempt, 0, 1)]),
        late: [backOff(20, 120000, 0), backOff(20, 120000, 1)],
    };
}"""


def test_every_documented_code_has_its_decision(house: House) -> None:
    desk = house.desk()
    source = desk.page.locator("script[type=module]").get_attribute("src") or ""
    decided = desk.page.evaluate(DECISIONS, source.replace("desk.js", "closing.js"))
    back, once = [["retry", "lost", 0]] * 2, [["retry", "lost", 0], ["stop", "protocol", 0]]
    assert decided["codes"] == {
        "1000": back, "1001": back, "1006": back, "1007": once, "1009": once, "1011": back, "4000": once,
        "4001": [["retry", "lost", 0], ["stop", "login", 0]],
        "4002": back,
        "4003": [["stop", "address", 0]] * 2,
        "4004": [["stop", "ended", 0]] * 2,
        "4005": back, "4006": back,
        "4007": [["retry", "lost", 5000], ["stop", "protocol", 0]],
        "4008": [["stop", "tabs", 0]] * 2,
    }  # fmt: skip
    assert decided["waits"] == [[125, 250], [250, 500], [500, 1000], [1000, 2000], [1000, 2000]]
    assert decided["late"] == [5000, 10000]
