"""What is saved of a call after it: disposition and comment.

Owns: the columns that a person may change, and their entry in the audit log. Must not: decide who may (`admin.desk`,
`admin.api`), or touch what the engine's writer owns.
"""

from collections.abc import Mapping
from typing import Any, Final

from admin import audit
from models.tables import Agent, Call, now

FIELDS: Final = ("disposition", "comment")


def write(call: Call, changes: Mapping[str, Any], agent: Agent, contact: int | None = None) -> Call:
    """In the transaction that is open. `contact`: of a call that had none."""
    more = {} if contact is None else {"contact": contact}
    before = {name: getattr(call, name) for name in changes}
    Call.update(**changes, **more, saved_at=now(), saved_by=agent.id).where(Call.id == call.id).execute()
    saved: Call = Call.get_by_id(call.id)
    after = {name: getattr(saved, name) for name in changes}
    audit.record("calls", "edit", key=call.id, name=str(call.calling_number), before=before, after=after)
    return saved
