"""The left navigation: the thirteen sections in groups, as far as the user may see them.

Owns: groups, order and icons. Must not: decide who may (`admin.permissions`).
"""

from dataclasses import dataclass
from typing import Any

from flask import current_app, request
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from admin.permissions import may


@dataclass(frozen=True, slots=True)
class Entry:
    endpoint: str
    label: Any
    icon: str
    current: bool


_GROUPS = (
    ("", ("home",)),
    (_l("Atención"), ("contacts", "calls", "tickets", "messages", "voicemails", "callback_requests", "companies")),
    (
        _l("Operación"),
        ("call_centers", "agents", "agent_groups", "forms", "form_answers", "dispositions", "additional_fields"),
    ),
    (_l("Recursos"), ("attachments", "prompts", "sms_templates", "printers", "print_jobs")),
    (_l("Integraciones"), ("api_tokens", "webhooks", "sms_providers")),
    (_l("Seguridad"), ("ip_rules", "destinations", "blocked_numbers", "sms_opt_outs", "logins", "audit")),
)
HOME = _l("Inicio")


def entries() -> list[tuple[Any, list[Entry]]]:
    """Groups with their entries, empty groups left out."""
    views = {view.endpoint: view for admin in current_app.extensions.get("admin", ()) for view in admin._views}
    here = (request.endpoint or "").split(".", 1)[0]
    shown = []
    for label, names in _GROUPS:
        group = [
            Entry(f"{name}.{views[name]._default_view}", views[name].label, views[name].icon, name == here)
            for name in names
            if name in views and may(current_user.role, name)
        ]
        if group:
            shown.append((label, group))
    return shown
