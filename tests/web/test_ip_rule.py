"""The rule of *IPs click2dial* on the web: at log-in, on every request of an open session, behind proxies, by table."""

from __future__ import annotations

from collections.abc import Callable

from address_cases import CASES, FORWARDED, PROXIES, REFUSED, Rows
from flask import Flask
from web.browser import EMAILS, PASSWORD, Browser, problems
from web.test_routes import who_may
from web.test_web_security import path_of

from admin.installation import installation
from models import tokens
from models.tables import IpRule
from models.values.call import Role
from models.values.ip import IpMask


def put(rows: Rows) -> None:
    """The account's list is these rows."""
    IpRule.delete().execute()
    for address, mask in rows:
        IpRule.create(address=address, mask=mask, network=str(IpMask.parse(address, mask)))


def test_at_log_in_and_on_an_open_session(app: Flask) -> None:
    sent = {"email": EMAILS[Role.AGENT], "password": PASSWORD}
    for about, rows, address, allowed in CASES:
        put(())
        opened = Browser(app, Role.AGENT, address=address)
        assert opened.get("/desk/token").status_code == 200, about
        put(rows)
        assert opened.get("/desk/token").status_code == (200 if allowed else 403), about
        assert Browser(app, address=address).post("/login", sent).status_code == (302 if allowed else 403), about
        for role in (Role.ADMINISTRATOR, Role.SUPERVISOR):  # who mends the list is not shut out by it
            assert Browser(app, role, address=address).get("/contactos/").status_code == 200, about


def test_by_proxies(make_app: Callable[..., Flask]) -> None:
    """The address that the desk's token is made for."""
    app = make_app(trusted_proxies=PROXIES)
    with app.app_context():
        key = installation().secrets.token_key
    for about, peer, forwarded, who in FORWARDED:
        headers = [("X-Forwarded-For", value) for value in forwarded]
        answer = Browser(app, Role.AGENT, address=peer).get("/desk/token", headers=headers)
        assert tokens.verify(key, answer.get_json()["token"]).address == who, about
    put((("198.51.100.7", "255.255.255.255"),))
    for about, peer, forwarded, who in FORWARDED:
        headers = [("X-Forwarded-For", value) for value in forwarded]
        answer = Browser(app, Role.AGENT, address=peer).get("/desk/token", headers=headers)
        assert answer.status_code == (200 if who == "198.51.100.7" else 403), about
    # Headers that only look like the one that counts.
    for name in ("X-Real-IP", "Forwarded", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP", "X-Forwarded-Host"):
        answer = Browser(app, Role.AGENT, address="203.0.113.9").get("/desk/token", headers={name: "198.51.100.7"})
        assert answer.status_code == 403, name


def test_no_address_of_the_web_is_forgotten(app: Flask) -> None:
    """Every route, by GET and by POST, of a session that began before the list: nothing goes in or out."""
    put((("198.51.100.7", "255.255.255.255"),))
    asked = 0
    for rule in app.url_map.iter_rules():
        if "N" in (who_may(rule.endpoint) or ""):
            continue
        for method in ("GET", "POST"):
            if method not in (rule.methods or ()):
                continue
            browser = Browser(app, Role.AGENT, address="203.0.113.9")
            path = path_of(rule)
            answer = browser.get(path) if method == "GET" else browser.client.post(path, environ_base=browser.environ)
            # A write without its token is refused before anything else is asked.
            # The API knows no sessions: without a token it tells nobody anything.
            refused = (401,) if path.startswith("/api/") else (403,) if method == "GET" else (400, 403)
            assert answer.status_code in refused, (method, path)
            assert browser.get("/desk/token").status_code in (302, 401, 403)
            asked += 1
    assert asked > 120


def test_masks_that_are_refused_say_why(admin: Browser) -> None:
    said = set()
    for mask, _code in REFUSED:
        answer = admin.post("/ips-click2dial/nuevo", {"address": "10.0.0.0", "mask": mask})
        assert answer.status_code == 422, mask
        said.update(problems(answer)["mask"])
    assert len(said) >= len(REFUSED) // 2
    assert not IpRule.select().exists()
