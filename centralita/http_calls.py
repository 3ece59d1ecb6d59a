"""Short HTTP questions to our own programs: the engine's control, Asterisk's ARI, the web.

Owns: one bounded request, and the control API's errors as exceptions. Must not: retry, or speak to anything but what
the settings name.
"""

import base64
import http.client
import json
import ssl
from dataclasses import dataclass
from typing import Any

from centralita.asterisk_conf import ARI_USER
from models.secrets import Secrets
from models.settings import Settings

LOOPBACK = "127.0.0.1"


class NoAnswer(Exception):
    """Nobody listens there, or the answer did not come in time. The text is the system's."""


class Refused(Exception):
    """The control API answered with an error; `code` is its `error`."""

    def __init__(self, status: int, code: str, message: str, body: dict[str, Any]) -> None:
        self.status, self.code, self.message, self.body = status, code, message, body
        super().__init__(f"{status} {code}: {message}")


@dataclass(frozen=True)
class Answer:
    status: int
    text: str

    def json(self) -> Any:
        """The decoded body; None when it is not JSON."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None


def ask(
    address: str,
    port: int,
    path: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: object = None,
    seconds: float = 2.0,
    tls: bool = False,
) -> Answer:
    """One request. Raises NoAnswer. With `tls` whatever certificate they have will do: it is our own program."""
    connection = (
        http.client.HTTPSConnection(address, port, timeout=seconds, context=_unverified())
        if tls
        else http.client.HTTPConnection(address, port, timeout=seconds)
    )
    try:
        sent = dict(headers or {})
        content = None
        if body is not None:
            content = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        connection.request(method, path, body=content, headers=sent)
        response = connection.getresponse()
        return Answer(response.status, response.read(1_000_000).decode("utf-8", "replace"))
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(str(error) or type(error).__name__) from error
    finally:
        connection.close()


def _unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def reachable(host: str) -> str:
    """Where to reach what listens on `host`: the wildcard addresses are reached over loopback."""
    return {"0.0.0.0": LOOPBACK, "::": "::1"}.get(host, host)  # noqa: S104  compared, not bound


def of_ours(settings: Settings, port: int, path: str, seconds: float = 2.0) -> Answer:
    """A GET of what browsers reach: the web or the desks' websocket. Raises NoAnswer."""
    return ask(reachable(settings.host), port, path, seconds=seconds, tls=settings.tls != "off")


def web_address(settings: Settings) -> str:
    """Where a browser on this machine finds the web, without a final slash."""
    host = reachable(settings.host)
    scheme = "http" if settings.tls == "off" else "https"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{settings.web_port}"


class Control:
    """The engine's control API, docs/protocols/control-api.md."""

    def __init__(self, settings: Settings, secrets: Secrets) -> None:
        self._port = settings.control_port
        self._headers = {"Authorization": f"Bearer {secrets.control_token}"}

    def health(self) -> Answer:
        """Raises NoAnswer."""
        return ask(LOOPBACK, self._port, "/health")

    def call(self, method: str, path: str, body: object = None, seconds: float = 5.0) -> Any:
        """The JSON answer. Raises NoAnswer, Refused."""
        answer = ask(LOOPBACK, self._port, path, method=method, headers=self._headers, body=body, seconds=seconds)
        content = answer.json()
        if answer.status >= 400:
            told = content if isinstance(content, dict) else {}
            code = str(told.get("error", "error"))
            raise Refused(answer.status, code, str(told.get("message", answer.text[:200])), told)
        return content


def ari(settings: Settings, secrets: Secrets, path: str) -> Answer:
    """A GET of ARI. Raises NoAnswer."""
    credentials = base64.b64encode(f"{ARI_USER}:{secrets.ari_password}".encode()).decode()
    return ask(LOOPBACK, settings.ari_port, f"/ari{path}", headers={"Authorization": f"Basic {credentials}"})
