"""What every answer tells the browser to refuse.

Owns: the content security policy and the other headers. Must not: check who asks.
"""

from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from flask import Flask, Response, request

from admin.installation import installation

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; media-src 'self'; "
    "worker-src 'self'; manifest-src 'self'; connect-src 'self' {desk}; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; object-src 'none'{more}"
)
# The support page of a call, in a sandbox (static/pop-up.js); no scheme but these two is ever framed.
_DESK_FRAMES: Final = "; frame-src http: https:"


def init_app(app: Flask) -> None:
    app.after_request(_headers)


def desk_socket_url() -> str:
    """Where this browser opens the desk's websocket: the host by which it came, unless settings say another."""
    settings = installation().settings
    if settings.public_desk_url:
        return settings.public_desk_url
    host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    scheme = "wss" if request.is_secure else "ws"
    return f"{scheme}://{host}:{settings.desk_port}/desk"


def phone_socket_url(desk_url: str) -> str:
    """Where a phone in the browser has its line: beside the desk's websocket."""
    parts = urlsplit(desk_url)
    return urlunsplit(parts._replace(path=parts.path.rpartition("/")[0] + "/phone"))


def _headers(response: Response) -> Any:
    headers = response.headers
    more = _DESK_FRAMES if request.endpoint == "desk.page" else ""
    policy = _POLICY.format(desk=_desk_sources(desk_socket_url()), more=more)
    headers.setdefault("Content-Security-Policy", policy)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(self), payment=(), usb=()")
    if request.is_secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if not (request.endpoint or "").endswith("static"):
        headers.setdefault("Cache-Control", "no-store")
    return response


def _desk_sources(url: str) -> str:
    """Its websocket, and the same place asked in plain HTTP whether anybody is there (static/connection-worker.js)."""
    scheme, _, rest = url.partition("://")
    host = rest.split("/", 1)[0]
    # What stands in the header comes from the Host header: only what can be a host enters it.
    if not all(c.isalnum() or c in ".-:[]" for c in host):
        return ""
    return f"{scheme}://{host} {scheme.replace('ws', 'http', 1)}://{host}"
