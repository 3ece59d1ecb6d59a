"""Who asks, and whether they may: the token, its owner's role, the rule of addresses, how often.

Owns: the gate that each operation passes. Must not: know a resource.

A request of the API has no session: cookies are not read and none is set (`admin.sessions`). It acts as the token's
owner, within the token's scopes and the owner's role, so that a token can never do more than its owner.
"""

from datetime import timedelta
from typing import Any, Final

from flask import g, request
from flask_babel import gettext as _
from limits import RateLimitItem, parse

from admin import sessions
from admin.api import tokens
from admin.api.problems import ApiProblem
from admin.login import limiter
from admin.permissions import Act, may
from models.tables import ApiToken, now

RATE: Final = "300 per minute"  # of one token
DIAL_RATE: Final = "30 per minute"
FAILURES: Final = "30 per minute"  # of one address: guessing a token is hopeless, but it costs us
_SEEN_EVERY: Final = timedelta(minutes=1)


def enter(resource: str, act: Act, section: str | None) -> None:
    """Raises ApiProblem, or from here on `current_user` is the token's owner. `section` None: anybody's own affair."""
    token = _token()
    wanted = f"{resource}:{tokens.READ if act is Act.READ else tokens.WRITE}"
    if wanted not in token.scopes:
        raise ApiProblem("forbidden", _("El token no tiene el permiso «%(scope)s».", scope=wanted))
    if section is not None and not may(sessions.user().role, section, act):
        raise ApiProblem("forbidden", _("El dueño del token no puede hacer esto."))


def _token() -> ApiToken:
    scheme, _space, text = request.headers.get("Authorization", "").partition(" ")
    where = sessions.address()
    failures = parse(FAILURES)
    if not limiter.limiter.test(failures, "api failures", where):
        raise _too_many(failures, "api failures", where)
    token = tokens.find(text.strip()) if scheme.lower() == "bearer" else None
    if token is None:
        limiter.limiter.hit(failures, "api failures", where)
        detail = _("Envía «Authorization: Bearer» con un token de la página Tokens de API.")
        raise ApiProblem("unauthorized", detail, headers={"WWW-Authenticate": 'Bearer realm="centralita"'})
    spend(RATE, "api", token)
    owner = sessions.User(token.owner)
    # The log-in that Flask-Login would read from a session, for this request alone.
    g._login_user = owner
    g.api_token = token
    if not sessions.may_be_here(owner.role):
        detail = _("Desde esta dirección de internet no se puede trabajar. Habla con tu administrador.")
        raise ApiProblem("address_not_allowed", detail)
    if token.used_at is None or now() - token.used_at > _SEEN_EVERY or token.used_from != where:
        ApiToken.update(used_at=now(), used_from=where[:45]).where(ApiToken.id == token.id).execute()
    return token


def spend(rate: str, what: str, token: ApiToken) -> None:
    """Counts a request of a token. Raises ApiProblem when it were one too many."""
    item = parse(rate)
    if not limiter.limiter.hit(item, what, str(token.id)):
        raise _too_many(item, what, str(token.id))


def token() -> ApiToken:
    """The token of this request; only behind `enter`."""
    found: ApiToken = g.api_token
    return found


def _too_many(item: RateLimitItem, *key: Any) -> ApiProblem:
    window = limiter.limiter.get_window_stats(item, *key)
    seconds = max(1, round(window.reset_time - now().timestamp()))
    text = _("A lo sumo %(most)s por minuto. Repite dentro de %(seconds)s s.", most=item.amount, seconds=seconds)
    return ApiProblem("too_many_requests", text, headers={"Retry-After": str(seconds)})
