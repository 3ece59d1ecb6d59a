"""What desks, the control API and phones ask of a conversation, as the core's requests.

Owns: finding the target in the snapshot, and the answer whether it can be had now. Must not: decide what is allowed
(``core.requests``), or know HTTP or websockets.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ari_app.clock import now_ms
from ari_app.core import requests
from ari_app.core.arrangement import Target
from ari_app.core.events import TalkRequest
from ari_app.registry import Registry
from models.values.destination import is_emergency
from models.values.phone import clean
from models.values.routing import Outside, RoutingSnapshot

PLAIN: dict[str, type[TalkRequest]] = {
    "hold": requests.HoldRequested,
    "unhold": requests.UnholdRequested,
    "mute": requests.MuteRequested,
    "unmute": requests.UnmuteRequested,
    "complete": requests.CompleteRequested,
    "cancel": requests.CancelRequested,
    "swap": requests.SwapRequested,
    "conference": requests.ConferenceRequested,
    "record": requests.RecordRequested,
    "stop_record": requests.StopRecordRequested,
    "pause_record": requests.PauseRecordRequested,
    "resume_record": requests.ResumeRecordRequested,
}
"""Requests that need nothing but the agent."""

_OUTSIDE = re.compile(r"\+?[0-9]{3,20}")


@dataclass(frozen=True, slots=True)
class To:
    """A target as it is named on a wire: exactly one of the three."""

    agent: int | None = None
    call_center: int | None = None
    number: str | None = None


class NoSuchTarget(Exception):
    """``code``: no_such_target, target_has_no_phone."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def find(snapshot: RoutingSnapshot, to: To) -> Target:
    """Raises NoSuchTarget. A number that is an agent's phone or a call center's own is that agent or call center."""
    if [to.agent, to.call_center, to.number].count(None) != 2:
        raise NoSuchTarget("no_such_target")
    if to.agent is not None:
        agent = snapshot.agents.get(to.agent)
        if agent is None or not agent.active:
            raise NoSuchTarget("no_such_target")
        if not agent.endpoint:
            raise NoSuchTarget("target_has_no_phone")
        return agent
    if to.call_center is not None:
        center = snapshot.call_centers.get(to.call_center)
        if center is None:
            raise NoSuchTarget("no_such_target")
        return center
    number = to.number or ""
    if is_emergency(clean(number), snapshot.account.region):
        return Outside(number, "")  # nothing of ours may stand before it
    ours = snapshot.agent_at(number) or snapshot.resolve(number)
    if ours is not None:
        return ours
    if not _OUTSIDE.fullmatch(number):
        raise NoSuchTarget("no_such_target")
    return Outside(number, "")  # the way there is given by the gate (`core.gate`)


def found(snapshot: RoutingSnapshot, number: str) -> Target | str:
    """Who has this number, or the code of why nobody has."""
    try:
        return find(snapshot, To(number=number))
    except NoSuchTarget as error:
        return error.code


class TalkRequests:
    """``ask`` posts a request to its call. It returns the code of why it can't be had now, or None."""

    def __init__(self, registry: Registry, snapshot: Callable[[], RoutingSnapshot]) -> None:
        self._registry = registry
        self._snapshot = snapshot

    def plain(self, call_id: str, agent: int | None, name: str) -> str | None:
        return self._ask(call_id, PLAIN[name](now_ms(), agent))

    def dtmf(self, call_id: str, agent: int | None, digits: str) -> str | None:
        return self._ask(call_id, requests.DtmfRequested(now_ms(), agent, digits))

    def transfer(self, call_id: str, agent: int | None, to: To, *, blind: bool) -> str | None:
        try:
            target = find(self._snapshot(), to)
        except NoSuchTarget as error:
            return error.code
        kind = requests.TransferRequested if blind else requests.ConsultRequested
        return self._ask(call_id, kind(now_ms(), agent, target))

    def _ask(self, call_id: str, request: TalkRequest) -> str | None:
        runner = self._registry.get(call_id)
        if runner is None or runner.call is None:
            return "no_such_call"
        # The call may be another when its mailbox comes to this: then the core refuses, and the screen is told.
        refused = requests.refusal(runner.call, request)
        if refused is None:
            runner.post(request)
        return refused
