"""A transfer that a phone asks for itself (SIP REFER, RFC 3515): the desk's, and the phone is told the truth of it.

Owns: whose REFER is heard, and the one answer that it gets (``TellTransfer``, a NOTIFY). Must not: transfer anybody
(``transfer`` does).

The phone stays in the call until the target has answered: then it is told so, and leaves. If the target does not come
it is told that, and its agent talks on with who held; one who hangs up meanwhile has transferred blind. A REFER with
Replaces (attended, between two calls of the phone) is declined: a code or the desk's button does it in one call.
"""

from __future__ import annotations

from ari_app.core import agents, requests
from ari_app.core.arrangement import Calling
from ari_app.core.call import Call, Talking
from ari_app.core.commands import Command, FindTarget, ReportProblem, TellTransfer
from ari_app.core.ending import Step
from ari_app.core.events import PhoneTransfers
from ari_app.core.parties import agent_id_on, parties
from models.values.replacing import replace
from models.values.routing import Outside

ANSWERED = "channel_answered"
DECLINED = "channel_declined"
"""Nobody was called."""
UNAVAILABLE = "channel_unavailable"
"""The target did not come."""


def no(call: Call, event: PhoneTransfers) -> Step:
    return call, [TellTransfer(event.channel, DECLINED)]


def wanted(call: Talking, event: PhoneTransfers) -> Step:
    """Only from an agent's own phone: what a caller's equipment sends is none of our wishes."""
    agent = agent_id_on(call, event.channel) if event.channel in parties(call) else None
    if agent is None:
        return no(call, event)
    why = requests.refusal(call, requests.ConsultRequested(event.at, agent, Outside(event.number, "")))
    if event.attended or not event.number:
        why = requests.Refused.REFER_ATTENDED
    if why is not None or call.refers is not None:
        told = agents.problem(call.facts, agent, why or requests.Refused.ASKED_ALREADY)
        return call, [TellTransfer(event.channel, DECLINED), *told]
    asked: list[Command] = [FindTarget(agent, call.facts.id, event.number, blind=False)]
    return replace(call, refers=event.channel), asked


def settled(before: Talking, after: Call, commands: list[Command]) -> Step:
    """After each step while a phone waits for its answer: is there one?"""
    phone = before.refers
    if phone is None:
        return after, commands
    agent = agent_id_on(before, phone)
    if not isinstance(after, Talking):
        return after, [TellTransfer(phone, DECLINED), *commands]
    if phone not in parties(after):
        done = replace(after, refers=None)
        answered = isinstance(before.arrangement, Calling) and not isinstance(after.arrangement, Calling)
        # Told before the order to hang up ends its dialogue; one who has hung up hears nothing more.
        return done, [TellTransfer(phone, ANSWERED), *commands] if answered else commands
    if any(isinstance(one, ReportProblem) and one.agent == agent for one in commands):
        state = UNAVAILABLE if isinstance(before.arrangement, Calling) else DECLINED
        return replace(after, refers=None), [*commands, TellTransfer(phone, state)]
    if isinstance(before.arrangement, Calling) and not isinstance(after.arrangement, Calling):
        return replace(after, refers=None), [*commands, TellTransfer(phone, DECLINED)]  # cancelled on the desk
    return after, commands
