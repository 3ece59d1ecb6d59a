"""The engine's control API as the web uses it (docs/protocols/control-api.md).

Owns: the requests and their time-outs. Must not: wait long (a page hangs on it), retry, or raise: the engine being away
is an answer, not an error.
"""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

_MAX_ANSWER: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class InForce:
    """The engine routes by the changed tables from now on."""

    generation: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The tables make no valid snapshot: the engine goes on with the one of before. `problems` are sentences."""

    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Away:
    """Nobody answered, or not in time. An engine that starts reads the tables anew."""

    why: str


@dataclass(frozen=True, slots=True)
class Dialled:
    """The agent's phone is about to ring."""

    call_id: str


@dataclass(frozen=True, slots=True)
class NotDialled:
    """`code`: the engine's, or away, switch_away, http_<status>."""

    code: str


Reloaded = InForce | Refused | Away


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any


class Engine:
    """Times in seconds."""

    def __init__(self, port: int, token: str, *, timeout: float = 2.0, reload_timeout: float = 5.0) -> None:
        self._base = f"http://127.0.0.1:{port}"
        self._token = token
        self._timeout = timeout
        self._reload_timeout = reload_timeout
        # Never through a proxy of the environment: the token would leave the machine.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def health(self) -> dict[str, Any] | None:
        """What `/health` says, also when it says that a part is away; None when the engine does not answer."""
        answer = self._ask("GET", "/health", timeout=self._timeout)
        body = answer.body if isinstance(answer, Answer) else None
        known = isinstance(body, dict) and all(isinstance(body.get(part), dict) for part in ("switch", "database"))
        return body if known else None

    def reload(self) -> Reloaded:
        """Call it after the commit: the tables changed."""
        answer = self._ask("POST", "/reload", timeout=self._reload_timeout)
        if isinstance(answer, Away):
            return answer
        body = answer.body if isinstance(answer.body, dict) else {}
        if answer.status == HTTPStatus.OK:
            return InForce(int(body.get("generation", 0)))
        if answer.status == HTTPStatus.CONFLICT:
            return Refused(tuple(str(problem) for problem in body.get("problems", ())))
        return Away(f"HTTP {answer.status} {body.get('error', '')}".strip())

    def agents(self) -> list[dict[str, Any]] | None:
        """The agents' states as the roster has them; None when the engine does not answer."""
        answer = self._ask("GET", "/agents", timeout=self._timeout)
        return answer.body if isinstance(answer, Answer) and isinstance(answer.body, list) else None

    def logout(self, agent_id: int, *, cause: str, session: str | None = None) -> bool:
        """Ends the agent's desks (of one session, or all). `cause`: user, administrator, ip."""
        answer = self._ask(
            "POST", f"/agents/{agent_id}/logout", {"cause": cause, "session": session}, timeout=self._timeout
        )
        return isinstance(answer, Answer) and answer.status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND)

    def click2dial(
        self, agent_id: int, number: str, contact_id: int | None = None, call_center_id: int | None = None
    ) -> Dialled | NotDialled:
        """Calls the agent's phone, then the number. Not asked twice: a call that rings late surprises people."""
        body = {"agent": agent_id, "number": number, "call_center": call_center_id, "contact": contact_id}
        answer = self._ask("POST", "/click2dial", body, timeout=self._timeout)
        if isinstance(answer, Away):
            return NotDialled("away")
        told = answer.body if isinstance(answer.body, dict) else {}
        if answer.status == HTTPStatus.ACCEPTED:
            return Dialled(str(told.get("call_id", "")))
        if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
            return NotDialled("switch_away")
        return NotDialled(str(told.get("error") or f"http_{answer.status}"))

    def news(self, topic: str, agents: list[int] | None, about: dict[str, Any]) -> bool:
        """Tells open desks that something changed (None: all). False: nobody knows whether they heard."""
        answer = self._ask("POST", "/news", {"agents": agents, "topic": topic, "about": about}, timeout=self._timeout)
        return isinstance(answer, Answer) and answer.status == HTTPStatus.ACCEPTED

    def messages_queued(self) -> bool:
        """An SMS waits to be sent over the trunk. Not told, it goes with the engine's next look."""
        answer = self._ask("POST", "/messages/queued", {}, timeout=0.5)
        return isinstance(answer, Answer) and answer.status == HTTPStatus.ACCEPTED

    def release_breaker(self, agent_id: int | None, by: int) -> bool:
        """Lets an agent (None: the account) call again. False: nobody knows whether it was done."""
        answer = self._ask("POST", "/breaker/release", {"agent": agent_id, "by": by}, timeout=self._reload_timeout)
        return isinstance(answer, Answer) and answer.status == HTTPStatus.NO_CONTENT

    def _ask(self, method: str, path: str, body: object = None, *, timeout: float) -> Answer | Away:
        request = urllib.request.Request(  # noqa: S310  # always http://127.0.0.1
            self._base + path,
            method=method,
            data=json.dumps(body if body is not None else {}).encode() if method == "POST" else None,
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        try:
            with self._opener.open(request, timeout=timeout) as response:
                return Answer(response.status, _json(response.read(_MAX_ANSWER)))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, _json(error.read(_MAX_ANSWER)))
        except (OSError, ValueError) as error:
            return Away(str(error))


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return None
