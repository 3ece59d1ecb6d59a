"""From where a request comes: the peer, or what declared proxies say.

Owns: the reading of X-Forwarded-For and X-Forwarded-Proto. Must not: decide who may work from there (`admin.sessions`).
"""

from collections.abc import Callable, Iterable
from typing import Any

from models.values.errors import InvalidValue
from models.values.ip import Network, parse_address

StartResponse = Callable[..., Any]


def client_address(peer: str, forwarded: str, trusted: Iterable[Network]) -> str:
    """The client's address: the peer's, unless the peer is a declared proxy.

    `forwarded` is the X-Forwarded-For header. Read from the right, each hop is believed only while the one that
    reported it is a declared proxy; what is no address ends the reading. "" when the peer has no address.
    """
    networks = tuple(trusted)
    try:
        address = parse_address(peer)
    except InvalidValue:
        return ""
    for hop in reversed(forwarded.split(",")):
        if not any(address in network for network in networks):
            break
        try:
            address = parse_address(hop)
        except InvalidValue:
            break
    return str(address)


class ForwardedBy:
    """WSGI middleware: REMOTE_ADDR is the client's, and the scheme is https when a declared proxy says so."""

    def __init__(self, wsgi: Callable[..., Any], trusted: Iterable[Network]) -> None:
        self._wsgi = wsgi
        self._trusted = tuple(trusted)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Any:
        peer = environ.get("REMOTE_ADDR", "")
        environ["REMOTE_ADDR"] = client_address(peer, environ.get("HTTP_X_FORWARDED_FOR", ""), self._trusted)
        if self._is_trusted(peer) and environ.get("HTTP_X_FORWARDED_PROTO", "").strip().lower() == "https":
            environ["wsgi.url_scheme"] = "https"
        return self._wsgi(environ, start_response)

    def _is_trusted(self, peer: str) -> bool:
        try:
            address = parse_address(peer)
        except InvalidValue:
            return False
        return any(address in network for network in self._trusted)
