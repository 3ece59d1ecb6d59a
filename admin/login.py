"""Log-in, log-out, invitations, the own password, the language switch.

Owns: these pages and the limits on guessing. Must not: know sections.

Limits count failures only, in the memory of the one web process (a restart forgets them): from one address 10 a minute
and 100 an hour, for one user from one address 5 a minute, for one user from everywhere 30 in 15 minutes.
"""

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, abort, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_limiter import Limiter
from flask_login import current_user, login_required

from admin import appearance, language, passwords, sessions
from admin.installation import installation
from admin.problems import problem_text
from models.db import transaction
from models.tables import Agent, name_key
from models.values.call import Role
from models.values.errors import InvalidValue

pages = Blueprint("login", __name__)
_FAILED = frozenset({401, 403})


def _typed_email() -> str:
    return name_key(request.form.get("email", ""))[:254]


limiter = Limiter(key_func=sessions.address, storage_uri="memory://", strategy="moving-window", headers_enabled=False)


def _failures(limits: str, key: Any) -> Any:
    return limiter.limit(
        limits, key_func=key, methods=["POST"], deduct_when=lambda answer: answer.status_code in _FAILED
    )


def init_app(app: Flask) -> None:
    app.config.setdefault("RATELIMIT_ENABLED", True)
    limiter.init_app(app)
    app.register_blueprint(pages)


@pages.get("/login")
def login() -> Any:
    if current_user.is_authenticated:
        return redirect(_after_login())
    return render_template("login.html", email="", problem=None)


@pages.post("/login")
@_failures("30 per 15 minutes", lambda: "user " + _typed_email())
@_failures("5 per minute", lambda: f"both {sessions.address()} {_typed_email()}")
@_failures("10 per minute; 100 per hour", lambda: "address " + sessions.address())
def log_in() -> Any:
    email, password = request.form.get("email", "").strip(), request.form.get("password", "")
    agent = Agent.get_or_none(Agent.email_key == _typed_email())
    if not passwords.matches(agent, password) or agent is None or not agent.active:
        return _refuse(email, _("El correo o la contraseña no son correctos."), 401)
    if not sessions.may_be_here(Role(agent.role)):
        text = _("Desde la dirección %(address)s no se permite entrar. Habla con tu administrador.")
        return _refuse(email, text % {"address": sessions.address()}, 403)
    if passwords.needs_new_hash(agent):
        agent.password_hash = passwords.hash_password(password)
        agent.save(only=["password_hash", "email_key"])
    sessions.begin(agent)
    return redirect(_after_login())


def _refuse(email: str, problem: str, status: int) -> Response:
    return make_response(render_template("login.html", email=email[:254], problem=problem), status)


def _after_login() -> str:
    wanted = request.args.get("next", "")
    parts = urlsplit(wanted)
    # A path of ours only: "//host" and "/\host" lead away.
    if wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.netloc and wanted.isprintable():
        return wanted
    return url_for("home.index")


@pages.post("/logout")
@login_required
def logout() -> Any:
    sessions.end("user")
    return redirect(url_for("login.login"))


@pages.post("/language")
def choose_language() -> Any:
    language.choose(request.form.get("language", ""))
    return redirect(_back())


def _back() -> str:
    """The page that the form stood on; never another site's."""
    back = request.form.get("back", "")
    return back if back.startswith("/") and not back.startswith(("//", "/\\")) else url_for("home.index")


@pages.post("/appearance")
def choose_appearance() -> Any:
    """As `choose_language`; the desk, which does not leave its page for it, sends JSON and gets nothing back."""
    sent = request.get_json(silent=True) if request.is_json else None
    wanted = sent.get("appearance", "") if isinstance(sent, dict) else request.form.get("appearance", "")
    answer = Response(status=204) if request.is_json else redirect(_back())
    appearance.remember(answer, str(wanted))
    return answer


# ---------------------------------------------------------------- passwords
@pages.route("/invitation/<secret>", methods=["GET", "POST"])
@limiter.limit("30 per minute", methods=["GET", "POST"])
def invitation(secret: str) -> Any:
    """Sets the first or a forgotten password; the link is good once."""
    agent = passwords.invited(secret)
    if agent is None:
        abort(404, description="invitation")
    problem = None
    if request.method == "POST":
        problem = _new_password_problem(agent)
        if problem is None:
            with transaction(installation().database):
                agent = passwords.invited(secret)
                if agent is None:
                    abort(404, description="invitation")
                passwords.set_password(agent, request.form["password"])
                agent.save()
            flash(_("La contraseña quedó guardada. Ya puedes entrar."), "success")
            return redirect(url_for("login.login"))
    page = render_template("invitation.html", agent=agent, problem=problem, minimum=passwords.MIN_LENGTH)
    return make_response(page, 400 if problem else 200)


@pages.route("/password", methods=["GET", "POST"])
@login_required
@_failures("10 per minute", lambda: f"own {current_user.get_id()}")
def own_password() -> Any:
    """Changes the own password; every other session of the user ends."""
    problem = wrong = None
    if request.method == "POST":
        agent = Agent.get_by_id(sessions.user().id)
        if not passwords.matches(agent, request.form.get("current", "")):
            wrong = _("No es tu contraseña actual.")
        else:
            problem = _new_password_problem(agent)
        if not wrong and not problem:
            passwords.set_password(agent, request.form["password"])
            with transaction(installation().database):
                agent.save()
            sessions.renew_epoch(agent)
            flash(_("La contraseña quedó cambiada. Tus otras sesiones terminaron."), "success")
            return redirect(url_for("home.index"))
    page = render_template("password.html", problem=problem, wrong=wrong, minimum=passwords.MIN_LENGTH)
    return make_response(page, 401 if wrong else 400 if problem else 200)


def _new_password_problem(agent: Agent) -> str | None:
    typed = request.form.get("password", "")
    try:
        passwords.check_new(typed, name=agent.name, email=agent.email)
    except InvalidValue as error:
        return problem_text(error)
    except passwords.PasswordTooWeak:
        return _(
            "Al menos %(minimum)s caracteres, no siempre los mismos, y que no sea tu nombre ni tu correo.",
            minimum=passwords.MIN_LENGTH,
        )
    if typed != request.form.get("again", ""):
        return _("Las dos contraseñas no son iguales.")
    return None
