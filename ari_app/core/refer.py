"""A transfer that a phone asks for itself (SIP REFER, RFC 3515): the desk's, and the phone is told the truth of it.

Owns: whose REFER is heard, and the one answer that it gets (``TellTransfer``, a NOTIFY). Must not: transfer anybody
(``transfer`` does).

The phone stays in the call until the target has answered: then it is told so, and leaves. If the target does not come
it is told that, and its agent talks on with who held; one who hangs up meanwhile has transferred blind. A REFER with
Replaces (attended, between two calls of the phone) is ``joining``'s.
"""

from __future__ import annotations

from ari_app.core import agents, joining, requests
from ari_app.core.arrangement import Calling
from ari_app.core.call import Call, Talking
from ari_app.core.commands import (
    TRANSFER_ANSWERED,
    TRANSFER_DECLINED,
    TRANSFER_UNAVAILABLE,
    Command,
    FindTarget,
    ReportProblem,
    TellTransfer,
)
from ari_app.core.ending import Step
from ari_app.core.events import PhoneTransfers
from ari_app.core.parties import agent_id_on, parties
from models.values.replacing import replace
from models.values.routing import Outside


def no(call: Call, event: PhoneTransfers) -> Step:
    return call, [TellTransfer(event.channel, TRANSFER_DECLINED)]


def wanted(call: Talking, event: PhoneTransfers) -> Step:
    """Only from an agent's own phone: what a caller's equipment sends is none of our wishes."""
    agent = agent_id_on(call, event.channel) if event.channel in parties(call) else None
    if agent is None:
        return no(call, event)
    why = requests.refusal(call, requests.ConsultRequested(event.at, agent, Outside(event.number, "")))
    if event.other is None if event.attended else not event.number:
        why = requests.Refused.REFER_UNKNOWN
    if why is not None or call.refers is not None:
        told = agents.problem(call.facts, agent, why or requests.Refused.ASKED_ALREADY)
        return call, [TellTransfer(event.channel, TRANSFER_DECLINED), *told]
    asked: Command = FindTarget(agent, call.facts.id, event.number, blind=False)
    if event.other is not None:
        asked = joining.ask(call, event.channel, event.other, agent)
    return replace(call, refers=event.channel), [asked]


def settled(before: Talking, after: Call, commands: list[Command]) -> Step:
    """After each step while a phone waits for its answer: is there one?"""
    phone = before.refers
    if phone is None:
        return after, commands
    agent = agent_id_on(before, phone)
    if not isinstance(after, Talking):
        state = TRANSFER_ANSWERED if after.facts.joined_elsewhere else TRANSFER_DECLINED
        return after, [TellTransfer(phone, state), *commands]
    if phone not in parties(after):
        done = replace(after, refers=None)
        answered = isinstance(before.arrangement, Calling) and not isinstance(after.arrangement, Calling)
        # Told before the order to hang up ends its dialogue; one who has hung up hears nothing more.
        return done, [TellTransfer(phone, TRANSFER_ANSWERED), *commands] if answered else commands
    if any(isinstance(one, ReportProblem) and one.agent == agent for one in commands):
        state = TRANSFER_UNAVAILABLE if isinstance(before.arrangement, Calling) else TRANSFER_DECLINED
        return replace(after, refers=None), [*commands, TellTransfer(phone, state)]
    if isinstance(before.arrangement, Calling) and not isinstance(after.arrangement, Calling):
        return replace(after, refers=None), [*commands, TellTransfer(phone, TRANSFER_DECLINED)]  # cancelled on the desk
    return after, commands
