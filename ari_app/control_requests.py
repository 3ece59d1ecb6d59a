"""What the control API asks for: health, reload, live calls, agents, log-out, hang-up, the demo call.

Owns: ``control.Engine``. Must not: know HTTP.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from peewee import Database

from ari_app import dial_words, outgoing_calls
from ari_app.clock import now_ms
from ari_app.control import Cause, ControlRefusal, Target, Topic
from ari_app.core.call import Talking
from ari_app.core.events import HangupRequested
from ari_app.core.roster import Seat
from ari_app.desk_messages import CloseCode
from ari_app.engine import Engine
from ari_app.loop_watch import LoopWatch
from ari_app.outgoing import DialRefused
from ari_app.screen_pop import ScreenPopHub
from ari_app.talk_requests import TalkRequests, To
from dialplan import names
from models.db import execute
from models.snapshot import SnapshotError
from models.values.call import AgentState, PhoneKind
from models.values.routing import AgentRoute

# Simulated callers of the demonstration: plausible Costa Rican mobile numbers.
DEMO_CALLER = "+50688{:06d}"
WHY_NOT = {
    "not_talking": "The call is not talked on.",
    "not_yours": "This agent does not take part in the call, or somebody else of it began this.",
    "on_hold": "The line is held.",
    "not_on_hold": "The line is not held.",
    "consulting": "A third is being called or consulted: complete or cancel that first.",
    "not_consulting": "No third is being called or consulted.",
    "not_answered": "The third has not answered yet.",
    "conference": "There are three in the call already.",
    "target_is_here": "That agent takes part in the call already.",
    "asked_already": "Another target is being asked for.",
    "never_recorded": "Calls of this call center are not recorded.",
    "always_recorded": "All calls of this call center are recorded; the recording may be paused, not ended.",
    "recorded_already": "The call is being recorded.",
    "not_recorded": "The call is not being recorded.",
    "paused_already": "The recording is paused.",
    "not_paused": "The recording is not paused.",
    "no_such_target": "There is no such agent, call center or number.",
    "target_has_no_phone": "That agent has no phone.",
}
"""The codes of a refusal in words; ``core.requests.Refused`` and ``talk_requests.NoSuchTarget`` have them."""
_LITERAL = re.compile(r"\+?[0-9]+")


class ControlRequests:
    def __init__(self, engine: Engine, hub: ScreenPopHub, talk: TalkRequests, watch: LoopWatch, *, demo: bool) -> None:
        self._engine = engine
        self._hub = hub
        self._talk = talk
        self._watch = watch
        self._demo = demo

    async def health(self) -> Mapping[str, Any]:
        engine = self._engine
        records = engine.records.stats()
        down = engine.port.down
        return {
            "engine": "ok",
            "switch": {
                "connected": engine.connected,
                "version": engine.switch_version,
                "since": engine.connected_since,
                "why": None if down is None else down.message,
            },
            "database": {"ok": engine.records.database_ok, "journal": records["journal"]},
            "calls": len(engine.registry),
            "desks": self._hub.desks(),
            "snapshot": {"generation": engine.snapshot.generation, "at": engine.snapshot_at},
            "version": version("centralita"),
            "loop": self._watch.report(),
            "hub": self._hub.metrics(),
            "records": records,
            "ari": {
                "requests": engine.port.counters.requests,
                "events": engine.port.counters.events,
                "timed_out": engine.port.counters.timed_out,
                "overflows": engine.port.counters.overflows,
                "malformed": engine.port.counters.malformed,
            },
            "resync": dict(engine.findings),
            "reaped": dict(engine.reaper.counts),
            "messages": None if engine.messages is None else engine.messages.health(),
            "recordings": {
                "enough": engine.conversations.disk.enough,
                "free_mb": engine.conversations.disk.free_mb,
                "limit_mb": engine.conversations.disk.limit_mb,
                "waiting": engine.conversations.waiting,
                "moved": engine.conversations.moved,
                "failed": engine.conversations.failed,
            },
            "breaker": [{"agent": trip.agent, "limit": trip.limit, "at": trip.at} for trip in engine.outgoing.trips()],
        }

    async def reload(self) -> Mapping[str, Any]:
        try:
            snapshot = await self._engine.reload()
        except SnapshotError as error:
            raise ControlRefusal(
                409, "invalid_snapshot", "The tables can't be routed by; the old ones stay.", problems=error.problems
            ) from error
        self._hub.recheck()
        return {"generation": snapshot.generation}

    async def calls(self) -> Sequence[Mapping[str, Any]]:
        live = []
        for runner in self._engine.registry:
            call = runner.call
            if call is None:
                continue
            facts = call.facts
            winner = call.winner if isinstance(call, Talking) else None
            live.append(
                {
                    "call_id": facts.id,
                    "phase": type(call).__name__.lower(),
                    "call_center": facts.route.name if facts.route else None,
                    "called_number": facts.called_number,
                    "calling_number": facts.calling_number,
                    "offered_at": facts.offered_at,
                    "agent": next((leg.agent_id for leg in call.legs if leg.ordinal == winner), None),
                }
            )
        return live

    async def agents(self) -> Sequence[Mapping[str, Any]]:
        return [_row(seat) for seat in self._engine.floor.seats]

    async def login(self, agent: int, address: str, device: str) -> Mapping[str, Any]:
        route = self._agent(agent)
        if not route.endpoint or route.phone_kind is not PhoneKind.SIP:
            raise ControlRefusal(409, "no_phone", "The agent has no telephone of their own.")
        if not self._engine.snapshot.ip_rules.allows(address):
            raise ControlRefusal(403, "address_not_allowed", "The telephone's address is not allowed.")
        self._engine.floor.log_in_on_phone(agent, address, device)
        return self._seat(agent)

    async def pause(self, agent: int, reason: str | None) -> Mapping[str, Any]:
        self._agent(agent)
        self._seat(agent)
        self._engine.floor.wish(agent, AgentState.PAUSED, reason)
        return self._seat(agent)

    async def available(self, agent: int) -> Mapping[str, Any]:
        self._agent(agent)
        self._seat(agent)
        self._engine.floor.wish(agent, AgentState.AVAILABLE, None)
        return self._seat(agent)

    def _agent(self, agent: int) -> AgentRoute:
        route = self._engine.snapshot.agents.get(agent)
        if route is None or not route.active:
            raise ControlRefusal(404, "no_such_agent", "There is no such agent.")
        return route

    def _seat(self, agent: int) -> Mapping[str, Any]:
        seat = self._engine.floor.seat(agent)
        if seat is None:
            raise ControlRefusal(409, "not_logged_in", "The agent is not logged in.")
        return _row(seat)

    async def logout(self, agent: int, cause: Cause, session: str | None) -> None:
        if agent not in self._engine.snapshot.agents:
            raise ControlRefusal(404, "no_such_agent", "There is no such agent.")
        seat = self._engine.floor.seat(agent)
        if session is None or (seat is not None and seat.session == session):
            self._engine.floor.log_out(agent, cause)
        self._hub.disconnect(agent, CloseCode.ENDED, session)

    async def hangup(self, call: str, agent: int | None) -> None:
        if not self._engine.registry.tell(call, HangupRequested(now_ms(), agent)):
            raise ControlRefusal(404, "no_such_call", "There is no such live call.")

    async def ask_of_talk(self, call: str, agent: int | None, name: str) -> None:
        self._refuse(self._talk.plain(call, agent, name))

    async def press(self, call: str, agent: int | None, digits: str) -> None:
        self._refuse(self._talk.dtmf(call, agent, digits))

    async def transfer(self, call: str, agent: int | None, to: Target, *, blind: bool) -> None:
        self._refuse(self._talk.transfer(call, agent, To(to.agent, to.call_center, to.number), blind=blind))

    def _refuse(self, code: str | None) -> None:
        if code == "no_such_call":
            raise ControlRefusal(404, code, "There is no such live call.")
        if code is not None:
            raise ControlRefusal(409, code, WHY_NOT.get(code, "The call does not allow it now."))

    async def click2dial(self, agent: int, number: str, call_center: int | None) -> Mapping[str, Any]:
        try:
            return {"call_id": self._engine.outgoing.click(agent, number, call_center)}
        except DialRefused as refused:
            status, message = dial_words.english(refused.code)
            raise ControlRefusal(status, refused.code, message) from None

    async def release_breaker(self, agent: int | None, by: int | None) -> None:
        await self._engine.in_database(outgoing_calls.release, agent, by, now_ms())
        await self.reload()

    async def news(self, agents: Sequence[int] | None, topic: Topic, about: Mapping[str, Any]) -> None:
        self._hub.news(agents, topic, about)

    async def messages_queued(self) -> None:
        if self._engine.messages is not None:
            self._engine.messages.wake()

    async def demo_call(self, number: str | None, caller: str | None) -> Mapping[str, Any]:
        """A simulated caller through the real switch: over the loopback trunk a real INVITE comes in."""
        engine = self._engine
        if not self._demo:
            raise ControlRefusal(404, "demo_off", "The demonstration is switched off (CENTRALITA_DEMO).")
        if not engine.connected:
            raise ControlRefusal(503, "switch_away", "There is no connection to Asterisk.")
        called = number or await self._some_number()
        calling = caller or DEMO_CALLER.format(secrets.randbelow(1_000_000))
        channel = f"demo-{secrets.token_hex(8)}"
        answer = await engine.port.submit(
            "channels.originateWithId",
            channelId=channel,
            endpoint=f"PJSIP/{called}@{names.ENDPOINT_DEMO_TRUNK}",
            context=names.CONTEXT_DEMO_CALLER,
            extension=names.DEMO_CALLER_EXTENSION,
            priority=1,
            callerId=calling,
            timeout=180,
        )
        if not answer.ok:
            raise ControlRefusal(503, "switch_refused", f"The switch did not place the call: {answer.reason}")
        return {"channel": channel, "number": called, "caller": calling}

    async def _some_number(self) -> str:
        """A number of a call center that somebody at a desk would answer, if there is one."""
        snapshot = self._engine.snapshot
        here = {seat.agent for seat in self._engine.floor.seats if seat.connected or seat.phone is not None}
        best = None
        for pattern, center_id in await self._engine.in_database(_numbers):
            center = snapshot.call_centers.get(center_id)
            if center is None or not _LITERAL.fullmatch(pattern):
                continue
            if here.intersection(center.agents):
                return str(pattern)
            best = best or str(pattern)
        if best is None:
            raise ControlRefusal(404, "no_number", "No call center has a number to call.")
        return best


def _row(seat: Seat) -> dict[str, Any]:
    return {
        "id": seat.agent,
        "state": seat.state,
        "reason": seat.reason,
        "since": seat.since,
        "connected": seat.connected,
        "phone": seat.phone is not None,
        "call_id": seat.call,
    }


def _numbers(database: Database) -> list[tuple[str, int]]:
    sql = "SELECT pattern, call_center_id FROM call_center_numbers ORDER BY id"
    return list(execute(database, sql).fetchall())
