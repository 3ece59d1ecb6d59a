"""From where a request comes: the peer, or what declared proxies say.

Owns: REMOTE_ADDR and the scheme, before anybody asks for them. Must not: read X-Forwarded-For its own way (web and
desk's socket agree by `models.values.forwarded`) or decide who may work from there (`admin.sessions`).
"""

from collections.abc import Callable, Iterable
from typing import Any

from models.values.errors import InvalidValue
from models.values.forwarded import client_address
from models.values.ip import Network, parse_address

StartResponse = Callable[..., Any]


class ForwardedBy:
    """WSGI middleware: REMOTE_ADDR is the client's, and the scheme is https when a declared proxy says so."""

    def __init__(self, wsgi: Callable[..., Any], trusted: Iterable[Network]) -> None:
        self._wsgi = wsgi
        self._trusted = tuple(trusted)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Any:
        peer = environ.get("REMOTE_ADDR", "")
        forwarded = environ.get("HTTP_X_FORWARDED_FOR", "")
        environ["REMOTE_ADDR"] = client_address(peer, [forwarded], self._trusted)
        if self._is_trusted(peer) and environ.get("HTTP_X_FORWARDED_PROTO", "").strip().lower() == "https":
            environ["wsgi.url_scheme"] = "https"
        return self._wsgi(environ, start_response)

    def _is_trusted(self, peer: str) -> bool:
        try:
            address = parse_address(peer)
        except InvalidValue:
            return False
        return any(address in network for network in self._trusted)
