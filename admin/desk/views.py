"""The desk's addresses, those of one call apart (`call_views`).

Owns: requests and answers of /desk. Must not: hold rules or queries (`recent`, `targets`).
"""

from typing import Any, Final

from flask import Blueprint, Response, abort, jsonify, render_template, request, send_from_directory, url_for
from flask_login import login_required
from flask_wtf.csrf import generate_csrf

from admin.desk import assets, figures, recent
from admin.desk.targets import targets
from admin.desk.texts import texts
from admin.documents import MAX_ATTACHMENT
from admin.installation import account, installation
from admin.language import html_lang, timezone
from admin.sessions import address, session_id, user
from admin.web_security import desk_socket_url, phone_socket_url
from models import tokens
from models.tables import name_key
from models.values.call import PhoneKind

FOREVER: Final = 365 * 24 * 3600

blueprint = Blueprint("desk", __name__, url_prefix="/desk", template_folder="templates")


@blueprint.get("")
@login_required
def page() -> str:
    agent = user().row
    back_here = url_for("login.login", next=url_for("desk.page"))
    may_dial = bool(agent.click2dial and agent.endpoint)
    centers = recent.dial_centers(agent) if may_dial else []
    data = {
        "mayDial": may_dial,
        "dialCenter": centers[0][0] if centers else None,
        "agent": {
            "id": agent.id,
            "name": agent.name,
            "phoneKind": agent.phone_kind,
            "endpoint": agent.endpoint,
        },
        "language": html_lang(),
        "accountTimezone": str(account().timezone),
        "maxFile": MAX_ATTACHMENT,
        "texts": texts(),
        "dispositions": recent.dispositions(),
        "urls": {
            "token": url_for("desk.token"),
            "csrf": url_for("desk.csrf"),
            "recent": url_for("desk.recent_calls"),
            "companies": url_for("desk.companies"),
            "targets": url_for("desk.call_targets"),
            "call": url_for("desk.call", call_id="CALL"),
            "messages": url_for("desk_messages.listing"),
            "tickets": url_for("desk_tickets.listing"),
            "callbacks": url_for("desk_callbacks.listing"),
            "file": url_for("desk.file", file_id=0),
            "documents": url_for("desk.documents_offered"),
            "prints": url_for("desk_prints.listing"),
            "worker": assets.asset("connection-worker.js"),
            "login": back_here,
        },
    }
    return render_template(
        "desk/desk.html",
        agent=agent,
        desk_asset=assets.asset,
        data=data,
        may_dial=may_dial,
        browser_phone=agent.endpoint is not None and agent.phone_kind is PhoneKind.BROWSER,
        dial_centers=centers,
        language=html_lang(),
        pause_reasons=recent.pause_reasons(),
        login_url=back_here,
        logout_url=url_for("login.logout"),
    )


@blueprint.get("/token")
@login_required
def token() -> Any:
    """What opens the engine's websocket, for this agent, this session and this address alone."""
    if not user().has_desk:
        return jsonify(error="no_phone"), 403
    parts = installation()
    text = tokens.sign(
        parts.secrets.token_key, user().row.id, session_id(), address(), seconds=parts.settings.token_seconds
    )
    url = desk_socket_url()
    return jsonify(token=text, url=url, phone_url=phone_socket_url(url))


@blueprint.get("/csrf")
@login_required
def csrf() -> Response:
    """A fresh token for *Salvar*: the page may be open for longer than one lives."""
    return jsonify(csrf=generate_csrf())


@blueprint.get("/recent")
@login_required
def recent_calls() -> Response:
    today = figures.of_today(installation().database, user().row, timezone())
    return jsonify(calls=recent.my_calls(user().row), dispositions=recent.dispositions(), today=today)


@blueprint.get("/targets")
@login_required
def call_targets() -> Response:
    return jsonify(targets(user().row))


@blueprint.get("/companies")
@login_required
def companies() -> Response:
    return jsonify(companies=recent.companies(name_key(request.args.get("q", "")[:100])))


@blueprint.get("/static/<version>/<path:name>", endpoint="static")
def static_file(version: str, name: str) -> Response:
    """The address has the content's hash: a browser never needs to ask again."""
    if version != assets.version():
        abort(404)
    return send_from_directory(assets.STATIC, name, max_age=FOREVER)
