"""The application factory: puts the parts of the web together.

Owns: the order in which they are put together, errors' pages, static files' names. Must not: hold a page of its own.
"""

import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, g, jsonify, render_template, request, url_for
from flask_admin import Admin
from flask_admin.theme import Bootstrap4Theme
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError
from peewee import Database
from werkzeug.exceptions import HTTPException

from admin import (
    account_settings,
    addresses,
    appearance,
    desk,
    desk_news,
    documents,
    folding,
    formats,
    home,
    language,
    login,
    navigation,
    sessions,
    web_security,
    words,
)
from admin.api import pages as api_pages
from admin.api.marks import is_for_api
from admin.api.problems import ApiProblem, of_http
from admin.api.problems import answer as problem_answer
from admin.api_tokens_page import ApiTokens
from admin.audit_view import Audit
from admin.bulk import views as bulk_views
from admin.client_address import ForwardedBy
from admin.destinations import Destinations
from admin.engine import Engine
from admin.installation import Installation, account, attach
from admin.messaging import incoming as incoming_messages
from admin.messaging.chat_page import Messages
from admin.messaging.pages import SmsOptOuts, SmsProviders, SmsTemplates
from admin.printing.pages import PrintJobs
from admin.sections import PAGES, SECTIONS
from admin.webhooks.pages import WebhookDeliveries, Webhooks
from models.secrets import Secrets
from models.settings import Settings

MAX_REQUEST = 16 * 1024 * 1024  # bytes; an attachment's own limit is lower
STATIC = Path(__file__).parent / "static"


def create_app(settings: Settings, secrets: Secrets, database: Database) -> Flask:
    """The web of an installation. `database` is open and migrated, and the tables are bound to it."""
    app = Flask("admin", root_path=str(Path(__file__).parent))
    app.config.update(
        SECRET_KEY=secrets.session_key,
        MAX_CONTENT_LENGTH=MAX_REQUEST,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a page may stand open all day
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,  # each static address carries its content's hash
    )
    engine = Engine(settings.control_port, secrets.control_token)
    attach(app, Installation(settings, secrets, database, engine))
    desk_news.register(app, engine)
    app.wsgi_app = ForwardedBy(app.wsgi_app, settings.trusted_proxies)  # type: ignore[method-assign]
    addresses.init_app(app)
    folding.register(database)
    _connect_each_request(app, database)
    sessions.init_app(app)
    language.init_app(app)
    bulk_views.allow_large_uploads(app)
    CSRFProtect(app)  # alone: with Flask-Admin's SecureForm as well every form would be refused
    web_security.init_app(app)
    formats.init_app(app)
    words.init_app(app)
    login.init_app(app)
    documents.init_app(app)
    account_settings.init_app(app)
    _add_sections(app)
    desk.register(app)
    api_pages.register(app)
    incoming_messages.register(app)
    app.context_processor(_page)
    app.register_error_handler(HTTPException, _error)
    app.register_error_handler(CSRFError, _error)
    app.register_error_handler(Exception, _crash)
    return app


def _add_sections(app: Flask) -> None:
    index = home.HomeView(name="Inicio", endpoint="home", url="/")
    admin = Admin(app, name="Centralita", index_view=index, theme=Bootstrap4Theme(base_template="layout.html"))
    others = (
        PrintJobs, Destinations, ApiTokens, Webhooks, WebhookDeliveries, Messages, SmsProviders, SmsTemplates,
        SmsOptOuts, Audit,
    )  # fmt: skip
    admin.add_views(*(section() for section in (*SECTIONS, *PAGES, *others)))


def _connect_each_request(app: Flask, database: Database) -> None:
    """One connection a thread, opened for a request and given back after it."""

    @app.before_request
    def connect() -> None:
        if not (request.endpoint or "").endswith("static"):
            g.opened = database.connect(reuse_if_open=True)

    @app.teardown_request
    def give_back(error: BaseException | None) -> None:
        if g.pop("opened", False) and not database.is_closed() and not database.in_transaction():
            database.close()


def _page() -> dict[str, Any]:
    """What every template may use."""
    return {
        "_n": ngettext,
        "account": account,
        "appearance": appearance.appearance,
        "asset": asset,
        "languages": language.NAMES,
        "language": language.language,
        "navigation": navigation.entries,
        "user": current_user,
    }


def asset(filename: str) -> str:
    """The address of a static file of ours; it changes with the content, so browsers may keep it for ever."""
    known: dict[str, str] = g.setdefault("assets", {})
    if filename not in known:
        path = STATIC / filename
        known[filename] = url_for("static", filename=filename, v=_fingerprint(path, os.stat(path).st_mtime_ns))
    return known[filename]


@lru_cache(maxsize=256)
def _fingerprint(path: Path, changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _error(error: HTTPException) -> Any:
    """Errors in words, as a page for people and as JSON for programs."""
    if error.code is None or error.code < 400:
        return error
    if is_for_api():
        return of_http(error)
    title, text = words.http_error(error)
    if request.accept_mimetypes.best == "application/json" or request.is_json:
        answer: Any = jsonify(error=(error.name or "").lower().replace(" ", "_"), message=text)
    else:
        answer = app_response(render_template("error.html", title=title, text=text, code=error.code))
    answer.status_code = error.code
    retry = dict(error.get_headers()).get("Retry-After")
    if retry:
        answer.headers["Retry-After"] = retry
    return answer


def app_response(body: str) -> Any:
    from flask import make_response

    return make_response(body)


def _crash(error: Exception) -> Any:
    from flask import current_app

    if current_app.testing or current_app.debug:
        raise error
    current_app.logger.exception("request failed: %s %s", request.method, request.path)
    try:
        if is_for_api():
            return problem_answer(ApiProblem("failed", _("El error quedó anotado.")))
        body = render_template("error.html", title=_("Algo falló"), text=_("El error quedó anotado."), code=500)
    except Exception:  # the page itself needs the database, which may be what failed
        body = "500"
    return body, 500
