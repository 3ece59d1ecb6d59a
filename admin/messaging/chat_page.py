"""The administrators' and supervisors' page of messages: the same chat as on the desk.

Owns: the page. Must not: hold anything of the chat (`chat_views`, `threads`, `writing`).
"""

from typing import Any

from flask import abort, current_app, request, url_for
from flask_admin import BaseView, expose
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from admin.desk.assets import asset
from admin.installation import account
from admin.language import html_lang
from admin.messaging.words import chat_texts
from admin.permissions import may
from models.tables import Contact


class Messages(BaseView):
    label = _l("Mensajes")
    icon = "chat"

    def __init__(self) -> None:
        super().__init__(name="mensajes", endpoint="messages", url="/mensajes")

    def is_accessible(self) -> bool:
        return bool(current_user.is_authenticated)

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Any:
        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]

    @expose("/")
    def index_view(self) -> Any:
        """`contact`: with whom to begin."""
        if not may(current_user.role, "messages"):
            abort(403)
        data = {
            "agent": {"id": current_user.row.id},
            "language": html_lang(),
            "timezone": str(account().timezone),  # as on every other page of the administration
            "texts": chat_texts(),
            "urls": {"messages": url_for("desk_messages.listing"), "csrf": url_for("desk.csrf")},
            "number": _number_of(request.args.get("contact", "")),
        }
        return self.render(
            "messaging/page.html",
            heading=str(self.label),
            data=data,
            desk_asset=asset,
            may=lambda section: may(current_user.role, section),
        )


def _number_of(key: str) -> str:
    if not key.isdecimal() or len(key) > 15:
        return ""
    row = Contact.get_or_none(Contact.id == int(key))
    return str(row.phone_key or "") if row is not None else ""
