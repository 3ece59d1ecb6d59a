"""From a caller's INVITE to the pop painted on an agent's screen: 100 desks, 10 calls/s, beside a bare page.

Owns: the log-ins through the real web, the real pages among the desks, the bare pages of the baseline, and the words.
Must not: run a switch or callers of its own making (`stage`, `load`).

A hundred Chromium pages do not fit on two cores, so a few are real pages that say when they have painted, and the rest
are real websocket clients that speak the desk's protocol, acknowledge each pop at once, and got their token as a page
does: logged in at the real web. One call in five goes to the call center of the real pages, so that what they paint is
enough to speak of a p99.

The baseline, in the same browser during the same calls: as many bare pages, each with a websocket to a bare server
that sends a message of a pop's size as often as the desks have a pop; the page puts it into one element. Both are
measured in the same way: `requestAnimationFrame` and a task after it, the earliest that a page can say it has painted.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.cookiejar
import json
import logging
import os
import re
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from browser.chromium import chromium
from browser.site import Site
from playwright.sync_api import Browser, Page
from switch.running_engine import RunningEngine
from switch.waiting import wait_until
from websockets.asyncio.server import ServerConnection, serve

from admin.passwords import hash_password
from bench.load import Callers, Calls, Phones
from bench.machine import Meter, percentile
from bench.stage import ENGINE_NUMBER, TRUNK_ADDRESS, Companion, all_callers, make_account, start_switch
from models import db
from models.tables import Agent
from models.values.call import Strategy

DESKS, PAGES = 100, 4
PAGES_NUMBER = "40004000"
PAGES_RATE, OTHERS_RATE = 2, 8
AIM_MS = 150.0
PASSWORD = "una clave solo de la medida"
PERIOD = 1 / PAGES_RATE * PAGES

MARK = "centralita.pop-painted"
# Every mark is kept by its call; an agent who saves at once makes room, as on a real day.
_LISTEN = f"""(() => {{
    window.painted = [];
    new PerformanceObserver((list) => {{
        for (const one of list.getEntriesByName("{MARK}")) {{
            window.painted.push([one.detail, performance.timeOrigin + one.startTime]);
        }}
    }}).observe({{ type: "mark" }});
    setInterval(() => {{
        for (const close of document.querySelectorAll('.pop[data-phase="ended"] [data-part="close"]:not([hidden])')) {{
            close.click();
        }}
    }}, 250);
}})()"""
_BARE = """(url) => {
    document.body.innerHTML = "<p>…</p>";
    const target = document.querySelector("p");
    window.painted = [];
    new WebSocket(url).onmessage = ({ data }) => {
        const message = JSON.parse(data);
        target.textContent = message.pop.calling_number + " " + message.sent;
        requestAnimationFrame(() => setTimeout(() => {
            window.painted.push([message.sent, performance.timeOrigin + performance.now()]);
        }, 0));
    };
}"""


@dataclass
class Painted:
    """Times in ms."""

    painted_ms: list[float] = field(default_factory=list)
    """INVITE sent to painted, of the real pages."""
    heard_ms: list[float] = field(default_factory=list)
    """INVITE sent to the pop read off the socket, of the other desks."""
    bare_ms: list[float] = field(default_factory=list)
    """The baseline: sent to painted."""
    calls: int = 0
    failed: int = 0
    missing: int = 0
    """Calls that were painted, or heard, nowhere."""
    twice: int = 0
    others: float = 0.0
    load: float = 0.0
    seconds: int = 0


def measure(folder: Path, seconds: int, tell: Callable[[str], None]) -> Painted:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    warm, others, pages = 20, OTHERS_RATE * seconds, PAGES_RATE * seconds
    callers = all_callers(4, [warm, warm, others, pages])
    with contextlib.ExitStack() as stack:
        switch = start_switch(folder)
        stack.callback(switch.stop)
        data_dir = folder / "data"
        data_dir.mkdir(parents=True, exist_ok=True)
        site = stack.enter_context(Site(data_dir))
        engine = RunningEngine(
            switch, data_dir, web_port=site.port, log_level="INFO", pop_ack_ms=150, reconnect_grace_seconds=30
        )
        stack.callback(engine.stop)
        agents = make_account(engine, DESKS - PAGES, callers)
        mine = _pages_agents(engine)
        site.serve(
            db.open_database(engine.settings),
            desk_port=engine.settings.desk_port,
            control_port=engine.settings.control_port,
        )
        engine.start()
        endpoints = {*agents.by_endpoint, *mine}
        pushed = lambda: endpoints <= {one["resource"] for one in switch.ari("GET", "endpoints/PJSIP")[1]}  # noqa: E731
        wait_until(pushed, 30, "the engine pushes the phones")
        secrets = agents.secrets | {endpoint: f"secret-{endpoint}" for endpoint in mine}
        phones = Phones(folder / "phones", switch.sip, secrets)
        stack.callback(phones.stop)
        phones.online(seconds + 180)

        began = time.monotonic()
        orders = _orders(site, agents.by_endpoint, folder)
        tell(f"{len(orders['desks'])} desks logged in at the web in {time.monotonic() - began:.0f} s")
        desks = Companion("bench.desks", folder, orders)
        stack.callback(desks.stop)
        browser = stack.enter_context(chromium())
        real = [_real_page(browser, site, endpoint) for endpoint in mine]
        bare_port = stack.enter_context(_bare_server())
        bare = [_bare_page(browser, bare_port) for _ in mine]
        tell(f"{len(real)} real pages and {len(bare)} bare ones; warming up")

        _place(folder, switch.sip, [(1, ENGINE_NUMBER, warm, OTHERS_RATE), (2, PAGES_NUMBER, warm, PAGES_RATE)])
        found = Painted(calls=others + pages, seconds=seconds, load=os.getloadavg()[0])
        meter = Meter({"engine": engine.process.pid, "desks": desks.process.pid} if engine.process else {})
        since = time.time()
        placed = _place(
            folder, switch.sip, [(3, ENGINE_NUMBER, others, OTHERS_RATE), (4, PAGES_NUMBER, pages, PAGES_RATE)], real
        )
        found.others = meter.read().others_share
        until = time.time()
        found.failed = sum(one.failed for one in placed)
        painted = [mark for page in real for mark in page.evaluate("painted")]
        found.bare_ms = [
            at - sent for page in bare for sent, at in page.evaluate("painted") if since * 1000 <= sent <= until * 1000
        ]
        numbers = dict(engine.rows("SELECT id, calling_number FROM calls"))
        desks.stop()
        heard = json.loads((folder / "desks.json").read_text())["pops"]
    _join(found, placed, painted, heard, numbers)
    return found


def _join(found: Painted, placed: list[Calls], painted: list[Any], heard: list[Any], numbers: dict[str, str]) -> None:
    """By the caller's number: what SIPp sent when, and who saw it when."""
    others, pages = placed
    seen: dict[str, float] = {}
    for call_id, at in painted:
        number = numbers.get(call_id, "")
        if number in pages.invited:
            found.twice += number in seen
            seen.setdefault(number, at)
    found.painted_ms = [at - pages.invited[number] * 1000 for number, at in seen.items()]
    read = {number: at for at, _, number, _ in reversed(heard) if number in others.invited}
    found.heard_ms = [(at - others.invited[number]) * 1000 for number, at in read.items()]
    found.missing = len(pages.invited) - len(seen) + len(others.invited) - len(read)


def _pages_agents(engine: RunningEngine) -> list[str]:
    """The agents of the real pages, and their call center; everybody has a password now."""
    made = [str(8390001 + place) for place in range(PAGES)]
    ids = [engine.account.agent(f"Agente de página {endpoint}", endpoint) for endpoint in made]
    engine.account.call_center(
        "Páginas", [PAGES_NUMBER], ids, strategy=Strategy.ROUND_ROBIN_MEMORY, pop_up_url="https://crm.example/{caller}"
    )
    with engine.database.bind_ctx([Agent]):
        Agent.update(password_hash=hash_password(PASSWORD)).execute()
    return made


# ------------------------------------------------------------------------------------------------ logging in
def _orders(site: Site, agents: dict[str, int], folder: Path) -> dict[str, Any]:
    """Each desk's token, as its page would have it: session, form token, log-in, then the token's address."""
    logged_in = {agent: _log_in(site.url, f"{endpoint}@example.com") for endpoint, agent in agents.items()}
    # Only now: a token is good for a minute, and to prove so many passwords takes longer.
    desks, url = [], ""
    for agent, opener in logged_in.items():
        with opener.open(f"{site.url}/desk/token", timeout=20) as answer:
            told = json.loads(answer.read())
        url = told["url"]
        desks.append({"agent": agent, "token": told["token"]})
    return {"url": url, "origin": site.url, "output": str(folder / "desks.json"), "desks": desks}


def _log_in(url: str, email: str) -> urllib.request.OpenerDirector:
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    page = opener.open(f"{url}/login", timeout=20).read().decode()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token is not None, "the log-in page has a form token"
    form = urllib.parse.urlencode({"csrf_token": token[1], "email": email, "password": PASSWORD}).encode()
    opener.open(f"{url}/login", form, timeout=20).read()
    return opener


def _real_page(browser: Browser, site: Site, endpoint: str) -> Page:
    profile = browser.new_context(viewport={"width": 1280, "height": 800}, locale="es-CR")
    profile.add_init_script(_LISTEN)
    page = profile.new_page()
    page.goto(f"{site.url}/login")
    page.locator("[name=email]").fill(f"{endpoint}@example.com")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("form:has([name=password]) button").click()
    page.wait_for_selector('#bar[data-state="available"]', timeout=20_000)
    return page


# ------------------------------------------------------------------------------------------------ the baseline
@contextlib.contextmanager
def _bare_server() -> Iterator[int]:
    """A websocket server with nothing behind it, in a thread: to each page a message of a pop's size every period."""
    ready, stop, port = threading.Event(), threading.Event(), [0]

    async def talk(connection: ServerConnection) -> None:
        pop = {"calling_number": "88881234", "filling": "x" * 1200}
        with contextlib.suppress(Exception):
            while not stop.is_set():
                await connection.send(json.dumps({"type": "pop", "sent": time.time() * 1000, "pop": pop}))
                await asyncio.sleep(PERIOD)

    async def run() -> None:
        async with serve(talk, "127.0.0.1", 0, compression=None) as server:
            port[0] = next(iter(server.sockets)).getsockname()[1]
            ready.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield port[0]
    finally:
        stop.set()
        thread.join(5)


def _bare_page(browser: Browser, port: int) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.evaluate(_BARE, f"ws://127.0.0.1:{port}")
    return page


# ------------------------------------------------------------------------------------------------ the callers
def _place(
    folder: Path, server: tuple[str, int], steps: list[tuple[int, str, int, int]], pages: list[Page] | None = None
) -> list[Calls]:
    """All steps at once, each SIPp in a thread of its own; meanwhile Playwright's loop goes on."""
    found: dict[int, Calls] = {}

    def run(step: int, number: str, calls: int, rate: int) -> None:
        callers = Callers(
            folder / f"callers-{step}", server, number, address=TRUNK_ADDRESS, step=step, calls=calls, rate=rate
        )
        found[step] = callers.run()

    threads = [threading.Thread(target=run, args=one) for one in steps]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if pages:
            pages[0].wait_for_timeout(200)
        else:
            time.sleep(0.2)
    return [found[step] for step, *_ in steps]


# ------------------------------------------------------------------------------------------------ the words
def met(found: Painted) -> bool:
    slow = percentile(found.painted_ms, 0.99)
    return slow is not None and slow < AIM_MS and not (found.failed or found.missing or found.twice)


def text(found: Painted) -> str:
    rows = [
        ("a bare page: message sent to painted", found.bare_ms),
        ("other desks: INVITE to the pop off the socket", found.heard_ms),
        ("**real pages: INVITE to painted**", found.painted_ms),
    ]
    lines = [
        f"INVITE to painted pop: {DESKS} desks, {PAGES} of them real Chromium pages, {PAGES_RATE + OTHERS_RATE} "
        f"calls/s for {found.seconds} s ({PAGES_RATE}/s to the pages); {found.calls} calls, {found.failed} failed, "
        f"{found.missing} without a pop, {found.twice} painted twice. Load average {found.load:.1f} before; others "
        f"used {found.others:.0%} of the machine. Times in ms.",
        "",
        "| what | samples | p50 | p95 | p99 | longest |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for what, times in rows:
        shares = [percentile(times, share) for share in (0.5, 0.95, 0.99, 1.0)]
        lines.append(
            f"| {what} | {len(times)} | " + " | ".join("" if one is None else f"{one:.1f}" for one in shares) + " |"
        )
    verdict = "met" if met(found) else "**missed**"
    return "\n".join([*lines, "", f"- {verdict}: painted p99 under {AIM_MS:.0f} ms, every call once", ""])


def as_data(found: Painted) -> dict[str, Any]:
    return asdict(found)
