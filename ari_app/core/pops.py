"""What a call looks like on an agent's screen: the pop, and its changes.

Owns: the shape written down in docs/protocols/desk-websocket.md. Must not: know sockets or sequence numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ari_app.core import talk_view
from ari_app.core.call import Call, Clearing, Ended, Facts, Leg, LegState, Reaching, Talking
from models.values.errors import InvalidValue
from models.values.url import fill

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def pop_of(facts: Facts, leg: Leg) -> dict[str, Any]:
    """The whole pop of a call that is being offered to this leg's agent."""
    route = facts.route
    return {
        "call_id": facts.id,
        "direction": facts.direction,
        "phase": "ringing" if leg.state is LegState.RINGING else "offered",
        "offered_at": facts.offered_at,
        "answered_at": None,
        "ended_at": None,
        "call_center": {"id": route.id, "name": route.name, "color": route.color, "logo_url": route.logo_url}
        if route
        else None,
        "called_number": facts.called_number,
        "calling_number": facts.calling_number,
        "caller_name": facts.caller_name,
        "pop_up_url": pop_up_url(facts, leg),
        "card": facts.card,
        "can_answer": leg.agent is not None and leg.agent.phone_kind.answers_in_desk,
        "answer": leg.answer_wanted,
        "talk": None,
    }


def current_pop(call: Call, leg: Leg) -> dict[str, Any]:
    """The pop as it must be now, for a desk that lost it (after the engine's restart)."""
    pop = pop_of(call.facts, leg)
    match call:
        case Talking():
            pop |= {"phase": "talking", "answered_at": leg.answered_at, "talk": talk_view.view(call, leg.channel)}
        case Reaching():
            pop["phase"] = "calling"
        case Clearing() | Ended():
            pop["phase"] = "ended"
        case _:
            pass
    return pop


def pop_up_url(facts: Facts, leg: Leg) -> str | None:
    """The call center's pop-up URL with this call's values, URL-encoded."""
    if facts.route is None or not facts.route.pop_up_url:
        return None
    values: dict[str, str] = {
        # Of a call of ours the customer is whom we call.
        "caller": (facts.called_number if facts.caller_agent else facts.calling_number) or "",
        "called": facts.called_number,
        "contact_id": str(facts.contact_id or ""),
        "call_id": facts.id,
        "agent": leg.agent.name if leg.agent else "",
    }
    fields: list[Mapping[str, Any]] = (facts.card or {}).get("fields", [])
    values |= {str(field["name"]): str(field["value"]) for field in fields if field["name"] not in values}
    # A contact without a value for some additional field leaves it empty; the template was checked when it was saved.
    missing = dict.fromkeys(_PLACEHOLDER.findall(facts.route.pop_up_url), "")
    try:
        return fill(facts.route.pop_up_url, missing | values)
    except InvalidValue:
        return None
