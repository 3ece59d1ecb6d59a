"""API tokens: made, found, and what they allow.

Owns: their form and hash, the scopes. Must not: answer a request (`access`) or draw (`admin.api_tokens_page`).

A token is `ctl_<prefix>_<secret>`: the prefix finds its row, the SHA-256 of the whole is compared. Who reads the
database cannot use it.
"""

import hashlib
import hmac
import re
import secrets
from typing import Any, Final

from flask_babel import lazy_gettext as _l

from models.tables import ApiToken, now

_FORM: Final = re.compile(r"ctl_([a-z2-7]{10})_[A-Za-z0-9_-]{43}")
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"

# What a token may do, resource by resource, in the words of the page.
RESOURCES: Final[dict[str, Any]] = {
    "contacts": _l("Contactos"),
    "calls": _l("Llamadas"),
    "agents": _l("Agentes"),
    "call_centers": _l("CallCenters"),
    "tickets": _l("Tickets"),
    "dispositions": _l("Disposiciones"),
}
READ: Final = "read"
WRITE: Final = "write"
SCOPES: Final = tuple(f"{resource}:{what}" for resource in RESOURCES for what in (READ, WRITE))


def make() -> tuple[str, str, str]:
    """The token's text, which is not kept, its prefix and its hash."""
    prefix = "".join(secrets.choice(_LETTERS) for _place in range(10))
    text = f"ctl_{prefix}_{secrets.token_urlsafe(32)}"
    return text, prefix, hash_of(text)


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def find(text: str) -> ApiToken | None:
    """The token that may be used now, with its owner; None when there is none, or it is revoked or expired."""
    form = _FORM.fullmatch(text)
    if form is None:
        return None
    row = ApiToken.get_or_none(ApiToken.prefix == form[1])
    if row is None or not hmac.compare_digest(str(row.sha256), hash_of(text)):
        return None
    is_over = row.expires_at is not None and row.expires_at <= now()
    return None if is_over or not row.active or not row.owner.active else row
