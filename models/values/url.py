"""Pop-up URLs: a template an administrator writes, filled for each call.

Owns: what is allowed in a template and how values enter it. Must not: open anything.

Only http and https; the host is fixed, so that a caller's data can never choose where the agent's browser goes.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlsplit

from models.values.errors import InvalidValue

PLACEHOLDERS: Final = ("caller", "called", "contact_id", "call_id", "agent")
MAX_URL: Final = 1000
_FORBIDDEN: Final = re.compile(r"[\s\"<>\\^`|]")
_NAME: Final = re.compile(r"\{([^{}]*)\}")


def check_template(template: str, additional: Iterable[str] = ()) -> str:
    """The template, stripped. `additional` are the names of additional fields. Raises InvalidValue(url_*)."""
    return _checked(template, (*PLACEHOLDERS, *additional))


@lru_cache(maxsize=4_096)
def _checked(template: str, known: tuple[str, ...]) -> str:
    text = template.strip()
    if len(text) > MAX_URL:
        raise InvalidValue("too_long", maximum=MAX_URL, length=len(text))
    for name in _NAME.findall(text):
        if name not in known:
            raise InvalidValue("url_placeholder_unknown", name=name, known=", ".join(known))
    bare = _NAME.sub("0", text)
    if "{" in bare or "}" in bare:
        raise InvalidValue("url_braces", value=text)
    if not bare.isprintable() or _FORBIDDEN.search(bare):
        raise InvalidValue(
            "url_character", character=next(c for c in bare if not c.isprintable() or _FORBIDDEN.match(c))
        )
    scheme, colon, _ = bare.partition(":")
    if not colon:
        raise InvalidValue("url_invalid", value=text)
    if scheme.lower() not in ("http", "https"):
        raise InvalidValue("url_scheme", scheme=scheme)
    try:
        parts = urlsplit(bare)
        port = parts.port
    except ValueError:
        raise InvalidValue("url_invalid", value=text) from None
    if parts.username is not None or parts.password is not None:
        raise InvalidValue("url_credentials")
    if not parts.hostname or port == 0 or not bare[len(scheme) + 1 :].startswith("//"):
        raise InvalidValue("url_host")
    host_end = text.find("/", text.find("//") + 2)
    brace = text.find("{")
    query = min((at for at in (text.find("?"), text.find("#")) if at >= 0), default=len(text))
    if 0 <= brace < min(host_end if host_end >= 0 else len(text), query):
        raise InvalidValue("url_host")
    return text


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with every placeholder replaced by its URL-encoded value; one without a value is empty.

    Raises InvalidValue when the template, its names apart, would not pass `check_template`.
    """
    text = check_template(template, _NAME.findall(template))

    def encoded(match: re.Match[str]) -> str:
        return quote(values.get(match.group(1), ""), safe="")

    return _NAME.sub(encoded, text)
