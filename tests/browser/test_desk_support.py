"""The call center's support page: in a tab or in a panel that may do little; the figures of the day; Click2Dial."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from browser.house import House
from browser.scripted_engine import now_ms, until
from playwright.sync_api import expect

from admin.desk.recent import dial_centers
from models.tables import AgentStateChange, CallCenter, CallLeg, from_epoch_ms
from models.tables.call_centers import PopUpIn
from models.values.call import AgentState, LegOutcome

PAGE = b"""<!doctype html><title>Apoyo</title><p id=who>Ficha del cliente</p><script>
try { top.location = "https://elsewhere.example/"; } catch (refused) { document.title = "refused"; }
try { parent.document.body.textContent = "taken"; } catch (refused) {}
</script>"""


class _Support(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.asked: list[tuple[str, str | None]] = []
        threading.Thread(target=self.serve_forever, name="support", daemon=True).start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{path}"


class _Answers(BaseHTTPRequestHandler):
    server: _Support

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Referer"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        if self.path.startswith("/closed"):
            self.send_header("X-Frame-Options", "DENY")
        self.end_headers()
        self.wfile.write(b"<p>Solo en una pestana" if self.path.startswith("/closed") else PAGE)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def support() -> Iterator[_Support]:
    server = _Support()
    yield server
    server.shutdown()
    server.server_close()


def test_the_support_page_opens_in_a_panel_that_may_do_little(house: House, support: _Support) -> None:
    center = CallCenter.get_by_id(dial_centers(house.me)[0][0])
    CallCenter.update(pop_up_in=PopUpIn.PANEL).where(CallCenter.id == center.id).execute()
    desk = house.desk()
    house.offer("c-1", pop_up_url=support.url("cliente?tel=88881234"))
    shown = desk.pop("c-1").wait_for_phase("ringing")
    expect(shown.part("pop-up")).to_be_visible()
    expect(shown.part("pop-up-here")).to_be_hidden()
    house.record("c-1", call_center_id=center.id)
    assert support.asked == [], "while it rings, nobody asks for it"
    house.talk("c-1")
    frame = shown.root.locator("iframe")
    expect(frame).to_be_visible()
    expect(frame.content_frame.locator("#who")).to_have_text("Ficha del cliente")
    expect(shown.part("support-note")).to_contain_text("ábrelo en una pestaña")
    assert support.asked == [("/cliente?tel=88881234", None)], "no referrer"
    allowed = set((frame.get_attribute("sandbox") or "").split())
    assert allowed == {"allow-scripts", "allow-forms", "allow-popups", "allow-same-origin"}
    assert desk.page.url.startswith(house.site.url), "it cannot lead the desk away"
    expect(shown.part("center-name")).to_be_visible()
    desk.screenshot("desk-support")
    shown.part("support-close").click()
    expect(frame).to_have_count(0)
    expect(shown.part("pop-up-here")).to_be_focused()
    desk.page.keyboard.press("Enter")
    expect(frame).to_be_visible()


def test_the_agents_own_choice_is_remembered_and_what_cannot_be_framed_has_its_tab(
    house: House, support: _Support
) -> None:
    desk = house.desk()
    house.offer("c-1", pop_up_url=support.url("closed"))
    house.talk("c-1")
    house.record("c-1")
    shown = desk.pop("c-1").wait_for_phase("talking")
    expect(shown.part("support")).to_be_hidden()
    shown.part("pop-up-here").click()
    expect(shown.part("support-note")).to_contain_text("ábrelo en una pestaña")
    with desk.page.context.expect_page() as opened:
        shown.part("support-tab").click()
    assert opened.value.evaluate("opener === null")
    assert opened.value.url == support.url("closed")
    expect(shown.part("support")).to_be_hidden()
    shown.part("pop-up-here").click()
    desk.reload()
    expect(shown.root.locator("iframe")).to_be_visible(), "the panel was chosen last"
    # Our own pages are never framed, and no other scheme is.
    house.engine.update(house.me.id, "c-1", pop_up_url=f"{house.site.url}/desk")
    expect(shown.part("support")).to_have_attribute("data-state", "refused")
    house.engine.update(house.me.id, "c-1", pop_up_url="javascript:alert(1)")
    expect(shown.part("support")).to_be_hidden()
    expect(shown.part("pop-ups")).to_be_hidden()
    policy = desk.page.request.get(f"{house.site.url}/desk").headers["content-security-policy"]
    assert "frame-src http: https:" in policy
    assert "frame-src" not in desk.page.request.get(f"{house.site.url}/desk/csrf").headers["content-security-policy"]


def test_my_day_and_every_number_calls_for_its_call_center(house: House) -> None:
    center = CallCenter.get_by_id(dial_centers(house.me)[-1][0])
    CallLeg.delete().where(CallLeg.agent == house.me).execute()
    house.record("c-1", call_center_id=center.id, calling_number="+50688887777")
    start = from_epoch_ms(now_ms() - 60_000)
    end = from_epoch_ms(now_ms() - 1000)
    CallLeg.create(call="c-1", ordinal=1, agent=house.me, offered_at=start, answered_at=start, ended_at=end,
                   outcome=LegOutcome.ANSWERED)  # fmt: skip
    AgentStateChange.create(agent=house.me, since=start, state=AgentState.AVAILABLE)
    desk = house.desk()
    today = desk.page.locator("#today")
    expect(today.locator("[data-part=answered]")).to_have_text("1")
    expect(today.locator("[data-part=mean_talk_ms]")).to_have_text("0:59")
    expect(today.locator("[data-part=online_ms]")).to_have_text("1 min")
    desk.screenshot("desk-today")
    desk.recent_of("c-1").locator(".dials").or_(desk.recent_of("c-1").locator("strong button")).first.click()
    until(lambda: [one for one in house.engine.heard if one[0] == "dial"])
    assert house.engine.heard[-1][1:] == (house.me.id, "+50688887777", center.id)
