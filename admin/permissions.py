"""Who may do what. Asked on the server for every view and every action; what is not listed is refused.

Owns: the table of roles. Must not: know requests or rows.
"""

from enum import StrEnum
from typing import Final

from models.values.call import Role


class Act(StrEnum):
    READ = "read"
    CREATE = "create"
    EDIT = "edit"
    DELETE = "delete"
    DOWNLOAD = "download"


ALL: Final = frozenset(Act)
_LOOK: Final = frozenset({Act.READ, Act.DOWNLOAD})

# An administrator may do everything, an agent works at the desk and has none of these pages. A supervisor reads what
# the work is made of, and works with contacts; who may come from where, and the audit log, are the administrator's.
_SUPERVISOR: Final = {
    "home": _LOOK,
    "contacts": frozenset({Act.READ, Act.CREATE, Act.EDIT, Act.DOWNLOAD}),
    "calls": _LOOK,
    "tickets": frozenset({Act.READ, Act.CREATE, Act.EDIT, Act.DOWNLOAD}),
    "voicemails": frozenset({Act.READ, Act.EDIT, Act.DOWNLOAD}),
    "callback_requests": frozenset({Act.READ, Act.EDIT, Act.DOWNLOAD}),
    "messages": frozenset({Act.READ, Act.CREATE, Act.EDIT}),
    "sms_templates": frozenset({Act.READ, Act.CREATE, Act.EDIT, Act.DOWNLOAD}),
    "sms_opt_outs": frozenset({Act.READ, Act.CREATE, Act.EDIT, Act.DOWNLOAD}),
    "logins": _LOOK,
    "agents": _LOOK,
    "agent_groups": _LOOK,
    "call_centers": _LOOK,
    "prompts": _LOOK,
    "companies": _LOOK,
    "attachments": _LOOK,  # but for private documents
    "additional_fields": _LOOK,
    "dispositions": _LOOK,
    "printers": _LOOK,
    "print_jobs": frozenset({Act.READ, Act.EDIT}),  # EDIT: print by hand, retry, cancel
    "forms": _LOOK,
    "form_answers": _LOOK,
}


def may(role: Role | str, section: str, act: Act = Act.READ) -> bool:
    """May a user of `role` do `act` in `section` (a view's endpoint)?"""
    match Role(role):
        case Role.ADMINISTRATOR:
            return True
        case Role.SUPERVISOR:
            return act in _SUPERVISOR.get(section, frozenset())
        case Role.AGENT:
            return False
