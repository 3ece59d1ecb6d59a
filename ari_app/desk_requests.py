"""What the desks ask for, handed to the floor and the calls.

Owns: ``DeskListener`` of the hub. Must not: decide; a wish is only passed on.
"""

from __future__ import annotations

from collections.abc import Callable

from ari_app import desk_messages as wire
from ari_app.clock import now_ms
from ari_app.core.events import AnswerRequested, HangupRequested, PopShown
from ari_app.floor import Floor
from ari_app.outgoing import DialRefused, Outgoing
from ari_app.presence import Attendance
from ari_app.registry import Registry
from ari_app.talk_requests import TalkRequests, To
from models.values.call import AgentState


class DeskRequests:
    def __init__(self, registry: Registry, attendance: Attendance, talk: TalkRequests) -> None:
        self._registry = registry
        self._attendance = attendance
        self._talk = talk
        self.floor: Floor
        self.outgoing: Outgoing
        self.problem: Callable[[int, str], None]

    def on_connected(self, agent: int, session: str, address: str, device: str) -> None:
        self._attendance.note_device(session, device)
        self.floor.connect(agent, session, address)

    def on_disconnected(self, agent: int, session: str, last_socket: bool, code: int) -> None:
        if last_socket:
            self.floor.disconnect(agent)

    def on_ack(self, agent: int, call_id: str, seq: int) -> None:
        self._registry.tell(call_id, PopShown(now_ms(), agent))

    def on_state_wish(self, agent: int, state: str, reason: str | None) -> None:
        self.floor.wish(agent, AgentState(state), reason)

    def on_answer(self, agent: int, call_id: str) -> None:
        self._registry.tell(call_id, AnswerRequested(now_ms(), agent))

    def on_hangup(self, agent: int, call_id: str) -> None:
        self._registry.tell(call_id, HangupRequested(now_ms(), agent))

    def on_talk(self, agent: int, message: wire.OfACall) -> str | None:
        """Why it can't be had now; None: it was handed on."""
        match message:
            case wire.Transfer(call_id, who, call_center, number):
                return self._talk.transfer(call_id, agent, To(who, call_center, number), blind=True)
            case wire.Consult(call_id, who, call_center, number):
                return self._talk.transfer(call_id, agent, To(who, call_center, number), blind=False)
            case wire.Dtmf(call_id, digits):
                return self._talk.dtmf(call_id, agent, digits)
            case _:
                return self._talk.plain(message.call_id, agent, str(message.__struct_config__.tag))

    def on_dial(self, agent: int, number: str, call_center: int | None) -> None:
        """Click2Dial; a refusal goes back to the page, which has the words for its code."""
        try:
            self.outgoing.click(agent, number, call_center)
        except DialRefused as refused:
            self.problem(agent, refused.code)

    def on_done(self, agent: int, call_id: str) -> None:
        """Saved: the wrap-up is over."""
        self.floor.wrapped_up(agent)

    def on_bye(self, agent: int, session: str) -> None:
        self.floor.log_out(agent, "user")
