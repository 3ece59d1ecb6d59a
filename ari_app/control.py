"""The engine's control API: loopback HTTP for the web process and the command line.

Owns: docs/protocols/control-api.md: routes, the bearer token, bodies and errors. Must not: decide anything, speak ARI
or touch the database: every request is handed to `Engine`.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal, Protocol, TypeVar

import msgspec
import structlog
from aiohttp import web

log = structlog.get_logger(__name__)

LOOPBACK: Final = "127.0.0.1"
MAX_BODY: Final = 16 * 1024
HANDLER_SECONDS: Final = 30.0

_PRINTABLE: Final = r"^[^\x00-\x1f\x7f\ud800-\udfff]*$"
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=_PRINTABLE)]
_Number = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^\+?[0-9A-Za-z*#]+$")]

TALK_REQUESTS: Final = (
    "hold", "unhold", "mute", "unmute", "complete", "cancel", "swap", "conference",
    "record", "stop_record", "pause_record", "resume_record",
)  # fmt: skip
"""What is asked of a conversation with nothing but who asks."""

Cause = Literal["user", "administrator", "ip"]
Topic = Literal["tickets", "messages", "printing", "calls", "callbacks"]
MAX_ABOUT: Final = 1024


class ControlRefusal(Exception):
    """The engine cannot do it. `status` and `code` are those of the control API; the text is an English sentence."""

    def __init__(self, status: int, code: str, message: str, *, problems: Sequence[str] = ()) -> None:
        self.status = status
        self.code = code
        self.problems = tuple(problems)
        super().__init__(message)


class Engine(Protocol):
    """What the control API asks for. Each may raise ControlRefusal."""

    async def health(self) -> Mapping[str, Any]:
        """As documented, without being asked for a status: 503 is derived from `switch` and `database`."""

    async def reload(self) -> Mapping[str, Any]:
        """A new snapshot: `{"generation": n}`. Raises ControlRefusal(409, "invalid_snapshot", …, problems=…)."""

    async def calls(self) -> Sequence[Mapping[str, Any]]: ...

    async def agents(self) -> Sequence[Mapping[str, Any]]: ...

    async def logout(self, agent: int, cause: Cause, session: str | None) -> None:
        """End the agent's desk sessions, or the one named. Raises ControlRefusal(404, "no_such_agent", …)."""

    async def login(self, agent: int, address: str, device: str) -> Mapping[str, Any]:
        """The agent logs in on the phone at `address`: the seat, as of `agents`.

        Raises ControlRefusal: 404 no_such_agent, 409 no_phone, 403 address_not_allowed.
        """

    async def pause(self, agent: int, reason: str | None) -> Mapping[str, Any]:
        """Paused, or after the call that holds them; the seat. ControlRefusal: 404 no_such_agent, 409 not_logged_in."""

    async def available(self, agent: int) -> Mapping[str, Any]:
        """The end of a pause or a wrap-up; the seat. ControlRefusal as of `pause`."""

    async def hangup(self, call: str, agent: int | None) -> None:
        """Ask for the end of a live call. Raises ControlRefusal(404, "no_such_call", …)."""

    async def ask_of_talk(self, call: str, agent: int | None, name: str) -> None:
        """Hold, mute, complete …: one of TALK_REQUESTS. Raises ControlRefusal(404, "no_such_call" | 409, <why>)."""

    async def press(self, call: str, agent: int | None, digits: str) -> None: ...

    async def transfer(self, call: str, agent: int | None, to: Target, *, blind: bool) -> None: ...
    async def click2dial(self, agent: int, number: str, call_center: int | None) -> Mapping[str, Any]:
        """Call the agent, then the number: `{"call_id"}`. Raises ControlRefusal with a code and words for each no."""

    async def release_breaker(self, agent: int | None, by: int | None) -> None:
        """An administrator lets an agent (None: the account) call again."""

    async def news(self, agents: Sequence[int] | None, topic: Topic, about: Mapping[str, Any]) -> None:
        """Tell the desks of these agents (None: all that are open) that something changed; of others, nothing."""

    async def messages_queued(self) -> None:
        """A message waits to be sent over the trunk: look at once."""

    async def demo_call(self, number: str | None, caller: str | None) -> Mapping[str, Any]:
        """A simulated caller: `{"channel","number","caller"}`. Raises ControlRefusal(404, "demo_off" | 503, …)."""


class _Logout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cause: Cause
    session: _Text | None = None


class _Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    address: _Text
    device: _Text = "phone"


class _Pause(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: _Text | None = None


class _Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class _By(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    agent: Annotated[int, msgspec.Meta(ge=1)] | None = None


class _Press(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    digits: Annotated[str, msgspec.Meta(min_length=1, max_length=32, pattern=r"^[0-9*#A-D]+$")]
    agent: Annotated[int, msgspec.Meta(ge=1)] | None = None


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Exactly one of the three."""

    agent: Annotated[int, msgspec.Meta(ge=1)] | None = None
    call_center: Annotated[int, msgspec.Meta(ge=1)] | None = None
    number: Annotated[str, msgspec.Meta(min_length=1, max_length=32, pattern=r"^\+?[0-9]+$")] | None = None


class _Transfer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    to: Target
    agent: Annotated[int, msgspec.Meta(ge=1)] | None = None


class _Click2Dial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    agent: Annotated[int, msgspec.Meta(ge=1)]
    number: _Text
    call_center: Annotated[int, msgspec.Meta(ge=1)] | None = None
    contact: Annotated[int, msgspec.Meta(ge=1)] | None = None


class _Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    agent: Annotated[int, msgspec.Meta(ge=1)] | None
    by: Annotated[int, msgspec.Meta(ge=1)] | None = None


_Whole = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
_About = Annotated[str, msgspec.Meta(pattern=_PRINTABLE)] | _Whole | bool | None


class _News(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    agents: Annotated[list[Annotated[int, msgspec.Meta(ge=1)]], msgspec.Meta(max_length=1000)] | None
    topic: Topic
    about: dict[_Text, _About] = {}


class _DemoCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    number: _Number | None = None
    caller: _Number | None = None


_Body = TypeVar("_Body", bound=msgspec.Struct)
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ControlServer:
    """Listens on 127.0.0.1 only. `token`: `control_token` of secrets.json."""

    def __init__(self, engine: Engine, *, token: str, handler_seconds: float = HANDLER_SECONDS) -> None:
        if not token:
            raise ValueError("the control API needs a token")
        self._engine = engine
        self._expected = f"Bearer {token}".encode()
        self._handler_seconds = handler_seconds
        self._runner: web.AppRunner | None = None

    @property
    def port(self) -> int:
        """The port really bound. Raises RuntimeError when not listening."""
        if self._runner is None or not self._runner.addresses:
            raise RuntimeError("the control API is not listening")
        return int(self._runner.addresses[0][1])

    async def start(self, port: int) -> None:
        """Listen on 127.0.0.1:`port` (0: any free port). Raises OSError when it is taken."""
        app = web.Application(middlewares=[self._guard], client_max_size=MAX_BODY)
        app.add_routes(
            [
                web.get("/health", self._health, allow_head=False),
                web.post("/reload", self._reload),
                web.get("/calls", self._calls, allow_head=False),
                web.get("/agents", self._agents, allow_head=False),
                web.post("/agents/{agent}/logout", self._logout),
                web.post("/agents/{agent}/login", self._login),
                web.post("/agents/{agent}/pause", self._pause),
                web.post("/agents/{agent}/available", self._available),
                web.post("/calls/{call}/hangup", self._hangup),
                *(web.post(f"/calls/{{call}}/{name}", self._ask_of_talk) for name in TALK_REQUESTS),
                web.post("/calls/{call}/dtmf", self._press),
                web.post("/calls/{call}/transfer", self._transfer),
                web.post("/calls/{call}/consult", self._transfer),
                web.post("/click2dial", self._click2dial),
                web.post("/breaker/release", self._release),
                web.post("/news", self._news),
                web.post("/messages/queued", self._messages_queued),
                web.post("/demo-call", self._demo_call),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=3.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, port).start()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    # ------------------------------------------------------------ every request
    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        try:
            if request.path != "/health" and not self._is_ours(request):
                raise ControlRefusal(401, "unauthorized", "The bearer token is missing or wrong.")
            async with asyncio.timeout(self._handler_seconds):
                return await handler(request)
        except ControlRefusal as refusal:
            return _error(refusal.status, refusal.code, str(refusal), refusal.problems)
        except web.HTTPException as error:
            return _error(error.status, _code(error.reason), f"{error.reason}.")
        except TimeoutError:
            return _error(503, "timeout", "The engine did not answer in time; nobody knows whether it was done.")
        except Exception:
            log.exception("control_request_failed", path=request.path)
            return _error(500, "internal", "The engine made a mistake; its log has it.")

    def _is_ours(self, request: web.Request) -> bool:
        given = request.headers.getall("Authorization", [])
        sent = given[0].encode("utf-8", "surrogateescape") if len(given) == 1 else b""
        return hmac.compare_digest(sent, self._expected)

    # ------------------------------------------------------------ the routes
    async def _health(self, _: web.Request) -> web.Response:
        health = await self._engine.health()
        well = bool(health.get("switch", {}).get("connected")) and bool(health.get("database", {}).get("ok"))
        return _json(health, 200 if well else 503)

    async def _reload(self, _: web.Request) -> web.Response:
        return _json(await self._engine.reload())

    async def _calls(self, _: web.Request) -> web.Response:
        return _json(await self._engine.calls())

    async def _agents(self, _: web.Request) -> web.Response:
        return _json(await self._engine.agents())

    async def _logout(self, request: web.Request) -> web.Response:
        agent = _agent(request)
        body = await _read(request, _Logout)
        await self._engine.logout(agent, body.cause, body.session)
        return web.Response(status=204)

    async def _login(self, request: web.Request) -> web.Response:
        agent = _agent(request)
        body = await _read(request, _Login)
        return _json(await self._engine.login(agent, body.address, body.device))

    async def _pause(self, request: web.Request) -> web.Response:
        agent = _agent(request)
        body = await _read(request, _Pause)
        return _json(await self._engine.pause(agent, body.reason))

    async def _available(self, request: web.Request) -> web.Response:
        agent = _agent(request)
        await _read(request, _Nothing)
        return _json(await self._engine.available(agent))

    async def _hangup(self, request: web.Request) -> web.Response:
        body = await _read(request, _By)
        await self._engine.hangup(request.match_info["call"], body.agent)
        return _json({}, 202)

    async def _ask_of_talk(self, request: web.Request) -> web.Response:
        body = await _read(request, _By)
        name = request.path.rpartition("/")[2]
        await self._engine.ask_of_talk(request.match_info["call"], body.agent, name)
        return _json({}, 202)

    async def _press(self, request: web.Request) -> web.Response:
        body = await _read(request, _Press)
        await self._engine.press(request.match_info["call"], body.agent, body.digits)
        return _json({}, 202)

    async def _transfer(self, request: web.Request) -> web.Response:
        body = await _read(request, _Transfer)
        blind = request.path.endswith("/transfer")
        await self._engine.transfer(request.match_info["call"], body.agent, body.to, blind=blind)
        return _json({}, 202)

    async def _click2dial(self, request: web.Request) -> web.Response:
        body = await _read(request, _Click2Dial)
        return _json(await self._engine.click2dial(body.agent, body.number, body.call_center), 202)

    async def _release(self, request: web.Request) -> web.Response:
        body = await _read(request, _Release)
        await self._engine.release_breaker(body.agent, body.by)
        return web.Response(status=204)

    async def _news(self, request: web.Request) -> web.Response:
        body = await _read(request, _News)
        if len(msgspec.json.encode(body.about)) > MAX_ABOUT:
            raise ControlRefusal(400, "malformed", f"`about` is longer than {MAX_ABOUT} bytes.")
        await self._engine.news(body.agents, body.topic, body.about)
        return _json({}, 202)

    async def _messages_queued(self, _: web.Request) -> web.Response:
        await self._engine.messages_queued()
        return _json({}, 202)

    async def _demo_call(self, request: web.Request) -> web.Response:
        body = await _read(request, _DemoCall)
        return _json(await self._engine.demo_call(body.number, body.caller), 202)


def _agent(request: web.Request) -> int:
    """The agent's id in the path. Raises ControlRefusal(404)."""
    agent = request.match_info["agent"]
    if not (agent.isascii() and agent.isdigit() and len(agent) <= 15):
        raise ControlRefusal(404, "no_such_agent", "There is no such agent.")
    return int(agent)


async def _read(request: web.Request, kind: type[_Body]) -> _Body:
    """The body as `kind`; an empty one is an empty object. Raises ControlRefusal(400), HTTPRequestEntityTooLarge."""
    raw = await request.read()
    try:
        return msgspec.json.decode(raw or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ControlRefusal(400, "malformed", f"The body is not as documented: {error}") from None


def _json(content: Any, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(content), status=status, content_type="application/json")


def _error(status: int, code: str, message: str, problems: Sequence[str] = ()) -> web.Response:
    content: dict[str, Any] = {"error": code, "message": message}
    if problems:
        content["problems"] = list(problems)
    return _json(content, status)


def _code(reason: str) -> str:
    return reason.lower().replace(" ", "_")
