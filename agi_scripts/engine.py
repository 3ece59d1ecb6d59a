"""The engine's control API as the entries use it (docs/protocols/control-api.md).

Owns: the requests and their time limit. Must not: retry: what is not answered is told to the agent in words.
"""

import http.client
import json
from typing import Any, Final

SECONDS: Final = 4.0
_MOST_ANSWER: Final = 64 * 1024


class EngineAway(Exception):
    """Nobody answered in time, or with a mistake of its own: nobody knows whether it was done."""


class EngineRefused(Exception):
    """It can't be done; `code` of the control API."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class Engine:
    """Loopback only. Each may raise EngineAway or EngineRefused."""

    def __init__(self, port: int, token: str, *, seconds: float = SECONDS) -> None:
        self._port = port
        self._token = token
        self._seconds = seconds

    def login(self, agent: int, address: str, device: str) -> dict[str, Any]:
        return self._post(f"/agents/{agent}/login", {"address": address, "device": device})

    def logout(self, agent: int) -> None:
        self._post(f"/agents/{agent}/logout", {"cause": "user"})

    def pause(self, agent: int, reason: str | None) -> dict[str, Any]:
        return self._post(f"/agents/{agent}/pause", {"reason": reason})

    def available(self, agent: int) -> dict[str, Any]:
        return self._post(f"/agents/{agent}/available", {})

    def _post(self, path: str, body: object) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=self._seconds)
        try:
            headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
            connection.request("POST", path, json.dumps(body), headers)
            answer = connection.getresponse()
            told = json.loads(answer.read(_MOST_ANSWER) or b"{}")
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise EngineAway(str(error) or type(error).__name__) from error
        finally:
            connection.close()
        if not isinstance(told, dict) or answer.status >= 500:
            raise EngineAway(f"status {answer.status}")
        if answer.status >= 400:
            raise EngineRefused(str(told.get("error", answer.status)))
        return told
