"""*Mis últimas llamadas*, and one of them as the desk shows it.

Owns: the queries and their JSON. Must not: write.
"""

from typing import Any, Final

from peewee import JOIN, Database

from admin.desk.drafts import calls_with_drafts
from admin.desk.saving import notes_of
from models.callers import contact_card
from models.tables import (
    Agent,
    AgentCallCenter,
    AgentGroupMember,
    Call,
    CallCenter,
    CallCenterAgent,
    CallCenterGroup,
    CallLeg,
    Company,
    Contact,
    Disposition,
    PauseReason,
    epoch_ms,
    name_key,
)
from models.tables.contacts import DispositionAction
from models.values.call import Direction, Outcome

SHOWN: Final = 15


def my_calls(agent: Agent) -> list[dict[str, Any]]:
    """The agent's last calls, the newest first: those answered, and those that only rang at their phone."""
    answered = Call.select(Call.id, Call.offered_at).where(Call.agent == agent).order_by(Call.offered_at.desc())
    rung = (
        CallLeg.select(CallLeg.call, CallLeg.offered_at, CallLeg.outcome)
        .where(CallLeg.agent == agent)
        .order_by(CallLeg.offered_at.desc())
        .limit(SHOWN * 4)  # a call may have rung several times at the same phone
    )
    outcomes: dict[str, str] = {}
    for leg in rung:
        outcomes.setdefault(leg.call_id, leg.outcome.value)
    drafted = calls_with_drafts(agent)
    ids = [call.id for call in answered.limit(SHOWN)] + list(outcomes)
    query = (
        Call.select(Call, Contact, Disposition, CallCenter)
        .join(Contact, JOIN.LEFT_OUTER)
        .switch(Call)
        .join(Disposition, JOIN.LEFT_OUTER, on=(Call.disposition == Disposition.id))
        .switch(Call)
        .join(CallCenter, JOIN.LEFT_OUTER)
        .order_by(Call.offered_at.desc())
    )
    rows = list(query.where(Call.id.in_(ids)).limit(SHOWN)) if ids else []
    shown = {call.id for call in rows}
    # What is not saved is not forgotten, however long ago it was.
    older = [key for key in drafted if key not in shown][:SHOWN]
    rows += list(query.where(Call.id.in_(older))) if older else []
    return [_row(call, agent, outcomes) | {"draft": call.id in drafted} for call in rows]


def _row(call: Call, agent: Agent, legs: dict[str, str]) -> dict[str, Any]:
    mine = call.agent_id == agent.id
    outcome = call.outcome.value if mine else legs.get(call.id, call.outcome.value)
    return {
        "call_id": call.id,
        "at": epoch_ms(call.offered_at),
        "number": call.called_number if call.direction == Direction.OUTBOUND else call.calling_number,
        "name": (call.contact.name if call.contact else "")
        or ("" if call.direction == Direction.OUTBOUND else call.caller_name),
        "call_center": call.call_center_name,
        "call_center_id": call.call_center_id,
        "color": call.call_center.color if call.call_center else None,
        "outcome": outcome,
        "talk_ms": call.talk_ms if mine else 0,
        "disposition": call.disposition.name if call.disposition else "",
    }


def past_call(database: Database, call: Call) -> dict[str, Any]:
    """A call of before in the form of a pop that has ended, with what is saved of it."""
    card = None if call.contact_id is None else contact_card(database, call.contact_id, call_id=call.id)
    center = call.call_center
    return {
        "pop": {
            "call_id": call.id,
            "phase": "talking" if call.outcome == Outcome.IN_PROGRESS else "ended",
            "offered_at": epoch_ms(call.offered_at),
            "answered_at": None if call.answered_at is None else epoch_ms(call.answered_at),
            "ended_at": None if call.ended_at is None else epoch_ms(call.ended_at),
            "call_center": {
                "id": call.call_center_id,
                "name": call.call_center_name,
                "color": center.color if center else None,
                "logo_url": f"/logos/{center.logo_sha256}" if center and center.logo_sha256 else None,
            },
            "called_number": call.called_number,
            "calling_number": call.calling_number,
            "caller_name": call.caller_name,
            "direction": call.direction.value,
            "made": call.direction != Direction.INBOUND,
            "pop_up_url": None,
            "card": None if card is None else card.as_message(),
            "can_answer": False,
        },
        "notes": notes_of(call),
        "disposition_name": call.disposition.name if call.disposition else "",
        "saved_at": None if call.saved_at is None else epoch_ms(call.saved_at),
    }


def dial_centers(agent: Agent) -> list[tuple[int, str]]:
    """For which call centers the agent may call: their own for calls first, then those they answer."""
    own = [row.call_center_id for row in AgentCallCenter.select().where(AgentCallCenter.agent == agent)]
    member = CallCenterAgent.select(CallCenterAgent.call_center).where(CallCenterAgent.agent == agent)
    groups = AgentGroupMember.select(AgentGroupMember.group).where(AgentGroupMember.agent == agent)
    through = CallCenterGroup.select(CallCenterGroup.call_center).where(CallCenterGroup.group.in_(groups))
    rows = CallCenter.select(CallCenter.id, CallCenter.name).where(
        CallCenter.active & (CallCenter.id.in_(member) | CallCenter.id.in_(through) | CallCenter.id.in_(own))
    )
    return sorted(((row.id, row.name) for row in rows), key=lambda pair: (pair[0] not in own, name_key(pair[1])))


def dispositions() -> list[dict[str, Any]]:
    """Those that may be chosen now, in the administrator's order."""
    rows = Disposition.select().where(Disposition.active).order_by(Disposition.position, Disposition.name)
    return [{"id": row.id, "name": row.name, "calls_back": row.action is DispositionAction.CALL_BACK} for row in rows]


def pause_reasons() -> list[str]:
    rows = PauseReason.select().where(PauseReason.active).order_by(PauseReason.position, PauseReason.name)
    return [row.name for row in rows]


def companies(begins: str, limit: int = 12) -> list[str]:
    """Names of companies that have `begins` in them."""
    rows = Company.select(Company.name).where(Company.name_key.contains(begins)).order_by(Company.name_key)
    return [row.name for row in rows.limit(limit)]
