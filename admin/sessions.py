"""Web sessions: who is logged in, from where they may be, and how a session ends.

Owns: the signed cookie's content, the checks on every request, the log-ins of administrators and supervisors in
`agent_logins` (an agent's are the desk's, written by the engine). Must not: draw pages (`admin.login`).

The cookie holds user, session id, session epoch and start. It is made anew at each log-in, so that a session fixed
beforehand is worth nothing. It ends with a log-out (`admin.ended_sessions`), when the user is deactivated, when
`session_epoch` is counted up, after LIFETIME, and, for an agent, when the address is not allowed any more.
"""

import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from flask import Flask, Request, Response, abort, current_app, g, redirect, request, session, url_for
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from admin.api.marks import is_for_api
from admin.ended_sessions import EndedSessions
from admin.installation import installation
from models.tables import Agent, AgentLogin, IpRule
from models.values.call import Role
from models.values.errors import InvalidValue
from models.values.ip import IpMask, IpRules

LIFETIME: Final = timedelta(hours=16)  # longer than any shift
_SEEN_EVERY: Final = 60.0  # seconds
_ENDED: Final = "centralita.ended_sessions"


class User(UserMixin):
    """The logged-in user: the row, and what pages ask of it."""

    def __init__(self, row: Agent) -> None:
        self.row = row
        self.id = row.id
        self.name = str(row.name)
        self.email = str(row.email)
        self.role = Role(row.role)

    @property
    def has_desk(self) -> bool:
        """Whoever has an endpoint can be rung, and so has a desk."""
        return bool(self.row.endpoint)


class _CookieInterface(SecureCookieSessionInterface):
    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The API has none: a cookie never speaks for a program, and no answer of it sets one."""
        return None if is_for_api() else super().open_session(app, request)

    def get_cookie_secure(self, app: Flask) -> bool:
        """Over TLS, also when a declared proxy ends it, the cookie is for TLS alone."""
        return bool(request.is_secure)


def init_app(app: Flask) -> None:
    app.config.update(
        SESSION_COOKIE_NAME="centralita",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=LIFETIME,
        SESSION_REFRESH_EACH_REQUEST=False,
    )
    app.session_interface = _CookieInterface()
    data_dir = installation_of(app).settings.data_dir
    app.extensions[_ENDED] = EndedSessions(data_dir / "ended-sessions.txt", LIFETIME.total_seconds())
    manager = LoginManager(app)
    manager.session_protection = None  # our own checks are stricter, and a roaming administrator is no thief
    manager.user_loader(_load)
    manager.unauthorized_handler(_unauthorized)
    app.before_request(_check_address)
    app.before_request(_note_seen)


def installation_of(app: Flask) -> Any:
    with app.app_context():
        return installation()


def _ended() -> EndedSessions:
    return cast(EndedSessions, current_app.extensions[_ENDED])


def _load(user_id: str) -> User | None:
    row = Agent.get_or_none(Agent.id == int(user_id)) if user_id.isdigit() else None
    if row is None or not row.active or session.get("epoch") != row.session_epoch:
        return None
    if session_id() in _ended() or time.time() - session.get("started", 0) > LIFETIME.total_seconds():
        return None
    return User(row)


def _unauthorized() -> Any:
    """Programs get 401, people the log-in page, and afterwards the page that they wanted."""
    if request.method != "GET" or request.accept_mimetypes.best == "application/json":
        abort(401)
    wanted = request.full_path.rstrip("?") if request.full_path.rstrip("?") != "/" else None
    return redirect(url_for("login.login", next=wanted))


def session_id() -> str:
    """The id of this web session; the desk's token carries it. "" when nobody is logged in."""
    return str(session.get("sid", ""))


def user() -> User:
    """The logged-in user; only where somebody is (`require_user`)."""
    return cast(User, current_user)


def address() -> str:
    """The client's address, proxies considered; "" when it has none."""
    return request.remote_addr or ""


# ---------------------------------------------------------------- the rule of addresses
def ip_rules() -> IpRules:
    """The account's list as it is now. A row that is no mask any more closes rather than opens."""
    masks: list[IpMask] = []
    broken = False
    for rule in IpRule.select(IpRule.address, IpRule.mask):
        try:
            masks.append(IpMask.parse(rule.address, rule.mask))
        except InvalidValue:
            broken = True
    if broken and not masks:
        return IpRules((IpMask.parse("255.255.255.255"),))
    return IpRules(tuple(masks))


def may_be_here(role: Role) -> bool:
    """The rule of *IPs click2dial*: agents work from the listed addresses only."""
    return role is not Role.AGENT or ip_rules().allows(address())


def _check_address() -> None:
    if request.endpoint is None or request.endpoint.endswith("static") or not current_user.is_authenticated:
        return
    if not may_be_here(user().role):
        end("ip")
        abort(403, description="address")


# ---------------------------------------------------------------- beginning and end
def begin(row: Agent) -> None:
    """A new session for a user whose password was right. What the cookie held before is gone."""
    language = session.get("language")
    session.clear()
    session.permanent = True
    session["sid"] = secrets.token_urlsafe(24)
    session["epoch"] = row.session_epoch
    session["started"] = time.time()
    if language:
        session["language"] = language
    login_user(User(row))
    if row.role is not Role.AGENT:
        _close_expired()
        AgentLogin.create(
            agent=row, session=session_id(), seen_at=datetime.now(UTC), address=address()[:45], device=_device()
        )


def end(cause: str) -> None:
    """Ends this session. `cause`: user, ip, administrator, as in `agent_logins`."""
    who, sid = user(), session_id()
    if sid:
        _ended().end(sid)
        AgentLogin.update(logout_at=datetime.now(UTC), cause=cause).where(
            AgentLogin.session == sid, AgentLogin.logout_at.is_null()
        ).execute()
        if who.has_desk:
            installation().engine.logout(who.id, cause=cause, session=sid)
    language = session.get("language")
    logout_user()
    session.clear()
    if language:
        session["language"] = language


def end_all_of(row: Agent) -> None:
    """Ends every web session of a user; the caller saves the row."""
    row.session_epoch += 1
    AgentLogin.update(logout_at=datetime.now(UTC), cause="administrator").where(
        AgentLogin.agent == row, AgentLogin.logout_at.is_null(), ~AgentLogin.session.contains("@")
    ).execute()


def renew_epoch(row: Agent) -> None:
    """This session goes on though the user's epoch was counted up (own password changed)."""
    session["epoch"] = row.session_epoch


def _note_seen() -> Response | None:
    """How long the session was used, to the minute."""
    if not current_user.is_authenticated or user().role is Role.AGENT:
        return None
    if time.time() - g.setdefault("seen", session.get("seen", 0)) > _SEEN_EVERY:
        session["seen"] = time.time()
        AgentLogin.update(seen_at=datetime.now(UTC)).where(AgentLogin.session == session_id()).execute()
    return None


def _close_expired() -> None:
    """Web log-ins that nobody ended: over since they were last seen."""
    AgentLogin.update(logout_at=AgentLogin.seen_at, cause="expired").where(
        AgentLogin.logout_at.is_null(),
        ~AgentLogin.session.contains("@"),  # the desk's are the engine's
        AgentLogin.login_at < datetime.now(UTC) - LIFETIME,
    ).execute()


def _device() -> str:
    agent = request.user_agent.string
    return "".join(character for character in agent if character.isprintable())[:200]
