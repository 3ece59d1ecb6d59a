"""Getting in and out: log-in, its limits, sessions that end, the rule of addresses, invitations, passwords."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from argon2 import Type, extract_parameters
from flask import Flask
from web.browser import EMAILS, PASSWORD, Browser, notices
from werkzeug.test import TestResponse

from admin import passwords
from models.tables import Agent, AgentLogin, IpRule
from models.values.call import Role

ADMIN = EMAILS[Role.ADMINISTRATOR]
AGENT = EMAILS[Role.AGENT]


def log_in(browser: Browser, email: str, password: str = PASSWORD, path: str = "/login", **more: Any) -> TestResponse:
    return browser.post(path, {"email": email, "password": password}, **more)


def sid(browser: Browser) -> str | None:
    with browser.client.session_transaction() as session:
        return session.get("sid")


def is_in(browser: Browser, path: str = "/password") -> bool:
    return browser.get(path).status_code == 200


class TestLogIn:
    def test_with_the_right_password(self, app: Flask) -> None:
        browser = Browser(app)
        answer = log_in(browser, f"  {ADMIN.upper()} ")
        assert (answer.status_code, answer.headers["Location"]) == (302, "/")
        assert browser.get("/").status_code == 200
        row = AgentLogin.select().where(AgentLogin.session == sid(browser)).get()
        assert (row.agent.email, row.address, row.logout_at) == (ADMIN, "127.0.0.1", None)

    @pytest.mark.parametrize("email", [ADMIN, "nadie@centralita.example", "", "' OR 1=1 --", "x" * 5000])
    def test_a_wrong_one_and_a_wrong_name_are_answered_alike(self, app: Flask, email: str) -> None:
        browser = Browser(app)
        answer = log_in(browser, email, "not this one")
        assert answer.status_code == 401
        assert "El correo o la contraseña no son correctos." in answer.get_data(as_text=True)
        assert not is_in(browser)

    @pytest.mark.parametrize("password", ["", "x" * 100_000, "\x00", "ñ" * 200])
    def test_odd_passwords(self, app: Flask, password: str) -> None:
        assert log_in(Browser(app), ADMIN, password).status_code == 401

    def test_not_when_inactive_or_never_invited(self, app: Flask) -> None:
        Agent.update(active=False).where(Agent.email == ADMIN).execute()
        Agent.update(password_hash=None).where(Agent.email == AGENT).execute()
        assert log_in(Browser(app), ADMIN).status_code == 401
        assert log_in(Browser(app), AGENT).status_code == 401

    def test_an_agent_goes_to_the_desk_and_leaves_the_log_to_the_engine(self, app: Flask) -> None:
        before = AgentLogin.select().count()
        browser = Browser(app)
        log_in(browser, AGENT)
        assert browser.get("/").headers["Location"].endswith("/desk")
        assert AgentLogin.select().count() == before

    def test_the_session_is_made_anew(self, app: Flask) -> None:
        """What somebody planted in the browser before the log-in is worth nothing after it."""
        browser = Browser(app)
        with browser.client.session_transaction() as session:
            session["sid"] = "planted"
            session["anything"] = "else"
        token = browser.token()
        log_in(browser, ADMIN, token=token)
        with browser.client.session_transaction() as session:
            assert session["sid"] not in ("planted", "")
            assert "anything" not in session
        assert browser.post("/language", {"language": "en"}, token=token).status_code == 400

    @pytest.mark.parametrize(
        ("wanted", "went"),
        [("/contactos/?q=a", "/contactos/?q=a"), ("//evil.example/", "/"), ("https://evil.example/", "/"),
         ("/\\evil.example", "/"), ("javascript:alert(1)", "/"), ("/\t/evil.example", "/"), ("", "/")],
    )  # fmt: skip
    def test_goes_where_was_wanted_if_it_is_ours(self, app: Flask, wanted: str, went: str) -> None:
        browser = Browser(app)
        answer = browser.client.post(
            "/login", query_string={"next": wanted}, environ_base=browser.environ,
            data={"email": ADMIN, "password": PASSWORD, "csrf_token": browser.token()},
        )  # fmt: skip
        assert answer.headers["Location"] == went

    def test_an_old_hash_is_renewed(self, app: Flask) -> None:
        from argon2 import PasswordHasher

        weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
        Agent.update(password_hash=weak).where(Agent.email == ADMIN).execute()
        assert log_in(Browser(app), ADMIN).status_code == 302
        fresh = Agent.get(Agent.email == ADMIN)
        assert fresh.password_hash != weak
        assert passwords.matches(fresh, PASSWORD)


def test_what_a_hash_costs() -> None:
    """RFC 9106, low memory: in a process of its own, for these tests have cheaper ones."""
    program = "from admin.passwords import hash_password; print(hash_password('una clave solo de prueba'))"
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    cost = extract_parameters(made.stdout.strip())
    assert (cost.type, cost.time_cost, cost.memory_cost, cost.parallelism) == (Type.ID, 3, 65536, 4)


class TestGuessing:
    def test_five_failures_for_one_user_from_one_address(self, app: Flask) -> None:
        browser = Browser(app)
        answers = [log_in(browser, ADMIN, "wrong").status_code for _ in range(6)]
        assert answers == [401] * 5 + [429]
        blocked = log_in(browser, ADMIN)
        assert blocked.status_code == 429  # not even with the right one
        assert "Demasiados intentos" in blocked.get_data(as_text=True)
        # Others are not kept out by it.
        assert log_in(Browser(app), AGENT).status_code == 302
        assert log_in(Browser(app, address="192.0.2.77"), ADMIN).status_code == 302

    def test_many_users_from_one_address(self, app: Flask) -> None:
        browser = Browser(app, address="192.0.2.5")
        answers = [log_in(browser, f"a{n}@x.example", "wrong").status_code for n in range(11)]
        assert answers == [401] * 10 + [429]

    def test_one_user_from_many_addresses(self, app: Flask) -> None:
        answers = [log_in(Browser(app, address=f"192.0.2.{n}"), ADMIN, "wrong").status_code for n in range(1, 32)]
        assert answers == [401] * 30 + [429]

    def test_success_does_not_count(self, app: Flask) -> None:
        """A whole office comes to work at eight, through one address."""
        browser = Browser(app)
        assert [log_in(browser, AGENT).status_code for _ in range(13)] == [302] * 13

    def test_it_passes_with_time(self, app: Flask) -> None:
        with time_machine.travel(datetime(2030, 1, 7, 8, tzinfo=UTC)) as clock:
            browser = Browser(app)
            for _ in range(6):
                log_in(browser, ADMIN, "wrong")
            assert log_in(browser, ADMIN).status_code == 429
            clock.shift(61)
            assert log_in(browser, ADMIN).status_code == 302


class TestSessions:
    def test_log_out_ends_a_copied_cookie_too(self, app: Flask, make_app: Callable[..., Flask]) -> None:
        browser = Browser(app)
        log_in(browser, ADMIN)
        copied = browser.client.get_cookie("centralita")
        assert copied is not None
        session = sid(browser)
        assert browser.post("/logout").headers["Location"] == "/login"
        assert not is_in(browser)
        for web in (app, make_app()):  # also after a restart of the web
            thief = Browser(web)
            thief.client.set_cookie("centralita", copied.value)
            assert not is_in(thief)
        row = AgentLogin.get(AgentLogin.session == session)
        assert row.cause == "user"
        assert row.logout_at is not None

    def test_counting_the_epoch_up_ends_every_session(self, app: Flask) -> None:
        one, two = Browser(app, Role.SUPERVISOR), Browser(app, Role.SUPERVISOR)
        assert is_in(one)
        Agent.update(session_epoch=Agent.session_epoch + 1).where(Agent.role == Role.SUPERVISOR).execute()
        assert not is_in(one)
        assert not is_in(two)

    def test_who_is_deactivated_is_out_at_once(self, app: Flask, admin: Browser) -> None:
        agent = Browser(app, Role.AGENT)
        row = Agent.get(Agent.email == AGENT)
        assert agent.get("/desk").status_code == 200
        page = admin.get(f"/agentes/{row.id}").get_data(as_text=True)
        from web.browser import fields

        sent = fields(page)
        del sent["active"]
        assert admin.post(f"/agentes/{row.id}", sent).status_code == 302
        assert agent.get("/desk").status_code == 302
        # And does not come back with the old cookie when activated again.
        Agent.update(active=True).where(Agent.id == row.id).execute()
        assert agent.get("/desk").status_code == 302

    def test_sixteen_hours(self, app: Flask) -> None:
        with time_machine.travel(datetime(2030, 1, 7, 8, tzinfo=UTC)) as clock:
            browser = Browser(app)
            log_in(browser, ADMIN)
            clock.shift(timedelta(hours=15, minutes=59))
            assert is_in(browser)
            clock.shift(timedelta(minutes=2))
            assert not is_in(browser)
            log_in(browser, ADMIN)
            old = AgentLogin.select().where(AgentLogin.cause == "expired").count()
            assert old == 1

    def test_the_cookie(self, make_app: Callable[..., Flask]) -> None:
        plain = Browser(make_app())
        cookie = log_in(plain, ADMIN).headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Secure" not in cookie
        behind = Browser(make_app(trusted_proxies="10.0.0.0/8"), address="10.1.1.1")
        headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.7", "Referer": "https://localhost/"}
        token = re.search(
            r'csrf_token" value="([^"]+)',
            behind.client.get("/login", headers=headers, environ_base=behind.environ).get_data(as_text=True),
        )
        assert token is not None
        answer = behind.client.post(
            "/login",
            headers=headers,
            environ_base=behind.environ,
            data={"email": ADMIN, "password": PASSWORD, "csrf_token": token[1]},
        )
        assert answer.status_code == 302
        assert all("Secure" in value for value in answer.headers.getlist("Set-Cookie"))
        assert "max-age" in answer.headers["Strict-Transport-Security"]


class TestAddresses:
    """*IPs click2dial*: an agent works from the listed addresses only; others are not asked."""

    def allow(self, address: str, mask: str = "255.255.255.255") -> None:
        from models.values.ip import IpMask

        IpRule.create(address=address, mask=mask, network=str(IpMask.parse(address, mask)))

    def test_no_rows_is_everybody(self, app: Flask) -> None:
        assert log_in(Browser(app, address="203.0.113.9"), AGENT).status_code == 302

    def test_at_log_in(self, app: Flask) -> None:
        self.allow("198.51.100.0", "255.255.255.0")
        assert log_in(Browser(app, address="198.51.100.200"), AGENT).status_code == 302
        refused = log_in(Browser(app, address="203.0.113.9"), AGENT)
        assert refused.status_code == 403
        assert "203.0.113.9" in refused.get_data(as_text=True)
        # A wrong password tells nothing about the rule.
        assert log_in(Browser(app, address="203.0.113.9"), AGENT, "wrong").status_code == 401

    def test_on_every_request(self, app: Flask) -> None:
        agent = Browser(app, Role.AGENT, address="203.0.113.9")
        assert agent.get("/desk").status_code == 200
        self.allow("198.51.100.1")
        refused = agent.get("/desk/token")
        assert refused.status_code == 403
        # The session is over: it does not come back with the address.
        agent.environ["REMOTE_ADDR"] = "198.51.100.1"
        assert agent.get("/desk").status_code == 302

    def test_downloads_too(self, app: Flask) -> None:
        self.allow("198.51.100.1")
        agent = Browser(app, Role.AGENT, address="203.0.113.9")
        assert agent.get("/adjuntos/1/descargar").status_code == 403

    def test_administrators_and_supervisors_are_not_asked(self, app: Flask) -> None:
        self.allow("198.51.100.1")
        for role in (Role.ADMINISTRATOR, Role.SUPERVISOR):
            assert Browser(app, role, address="203.0.113.9").get("/").status_code == 200

    def test_ipv6(self, app: Flask) -> None:
        self.allow("2001:db8:1::", "48")
        assert log_in(Browser(app, address="2001:db8:1:2::3"), AGENT).status_code == 302
        assert log_in(Browser(app, address="2001:db8:2::3"), AGENT).status_code == 403

    def test_everybody_by_mask(self, app: Flask) -> None:
        self.allow("0.0.0.0", "0.0.0.0")
        assert log_in(Browser(app, address="2001:db8:2::3"), AGENT).status_code == 302

    def test_a_row_that_is_no_mask_any_more_opens_nothing(self, app: Flask) -> None:
        IpRule.create(address="garbage", mask="garbage", network="garbage")
        assert log_in(Browser(app, address="203.0.113.9"), AGENT).status_code == 403

    @pytest.mark.parametrize(
        ("peer", "forwarded", "allowed"),
        [
            ("203.0.113.9", "198.51.100.1", False),  # not a declared proxy: not believed
            ("10.0.0.2", "198.51.100.1", True),
            ("10.0.0.2", "198.51.100.1, 203.0.113.9", False),  # the proxy saw 203…; the rest the client wrote
            ("10.0.0.2", "203.0.113.9, 198.51.100.1, 10.0.0.3", True),  # two declared proxies in a row
            ("10.0.0.2", "garbage", False),
            ("10.0.0.2", "", False),
        ],
    )
    def test_proxies(self, make_app: Callable[..., Flask], peer: str, forwarded: str, allowed: bool) -> None:
        self.allow("198.51.100.1")
        browser = Browser(make_app(trusted_proxies="10.0.0.0/8"), address=peer)
        answer = log_in(browser, AGENT, headers={"X-Forwarded-For": forwarded})
        assert answer.status_code == (302 if allowed else 403)


class TestInvitations:
    def invite(self, email: str = AGENT, **more: Any) -> str:
        row = Agent.get(Agent.email == email)
        secret = passwords.invite(row, **more)
        row.save()
        return f"/invitation/{secret}"

    def test_once(self, app: Flask) -> None:
        path = self.invite()
        at_work = Browser(app, Role.AGENT)
        browser = Browser(app)
        chosen = "una frase bastante larga"
        answer = browser.post(path, {"password": chosen, "again": chosen})
        assert answer.status_code == 302
        assert browser.get(path).status_code == 404
        assert log_in(browser, AGENT, chosen).status_code == 302
        assert log_in(Browser(app), AGENT, PASSWORD).status_code == 401
        assert at_work.get("/desk").status_code == 302, "the sessions of the old password are over"

    @pytest.mark.parametrize(
        ("password", "again", "said"),
        [("corta", "corta", "Al menos 10"), ("a" * 12, "a" * 12, "Al menos 10"), ("", "", "Hace falta"),
         (AGENT, AGENT, "Al menos 10"), ("una frase larga", "otra frase larga", "no son iguales"),
         ("x1y2" * 60, "x1y2" * 60, "A lo sumo 200")],
    )  # fmt: skip
    def test_bad_passwords(self, app: Flask, password: str, again: str, said: str) -> None:
        path = self.invite()
        answer = Browser(app).post(path, {"password": password, "again": again})
        assert answer.status_code == 400
        assert said in answer.get_data(as_text=True)
        assert Browser(app).get(path).status_code == 200, "the link is still good"

    def test_expired_and_wrong(self, app: Flask) -> None:
        path = self.invite(now=datetime.now(UTC) - timedelta(days=8))
        assert Browser(app).get(path).status_code == 404
        assert Browser(app).get("/invitation/nothing").status_code == 404
        assert Browser(app).post(path, {"password": "una frase larga", "again": "una frase larga"}).status_code == 404

    def test_not_for_the_deactivated(self, app: Flask) -> None:
        path = self.invite()
        Agent.update(active=False).where(Agent.email == AGENT).execute()
        assert Browser(app).get(path).status_code == 404

    def test_the_database_does_not_have_the_secret(self, app: Flask) -> None:
        path = self.invite()
        row = Agent.get(Agent.email == AGENT)
        assert row.invitation_hash not in path
        assert Browser(app).get(f"/invitation/{row.invitation_hash}").status_code == 404


class TestOwnPassword:
    def test_ends_the_other_sessions(self, app: Flask) -> None:
        here, elsewhere = Browser(app, Role.SUPERVISOR), Browser(app, Role.SUPERVISOR)
        chosen = "otra frase bastante larga"
        answer = here.post("/password", {"current": PASSWORD, "password": chosen, "again": chosen})
        assert answer.status_code == 302
        assert "La contraseña quedó cambiada" in notices(here.get("/"))[0]
        assert not is_in(elsewhere)
        assert log_in(Browser(app), EMAILS[Role.SUPERVISOR], chosen).status_code == 302

    def test_needs_the_current_one(self, app: Flask) -> None:
        browser = Browser(app, Role.SUPERVISOR)
        sent = {"current": "wrong", "password": "una frase larga", "again": "una frase larga"}
        assert browser.post("/password", sent).status_code == 401
        assert log_in(Browser(app), EMAILS[Role.SUPERVISOR]).status_code == 302


def test_the_language_is_remembered(app: Flask) -> None:
    browser = Browser(app, Role.SUPERVISOR)
    answer = browser.post("/language", {"language": "en", "back": "/contactos/?q=a"})
    assert answer.headers["Location"] == "/contactos/?q=a"
    assert "Contacts" in browser.get("/contactos/").get_data(as_text=True)
    assert Agent.get(Agent.role == Role.SUPERVISOR).language == "en"
    assert browser.post("/language", {"language": "xx", "back": "//evil.example"}).headers["Location"] == "/"
    assert "Contacts" in browser.get("/contactos/").get_data(as_text=True)
